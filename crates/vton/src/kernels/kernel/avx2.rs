//! AVX2 and FMA in f32: six rows by two registers of eight.

use std::arch::x86_64::{
    _mm256_broadcast_ss, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_setzero_ps, _mm256_storeu_ps,
};

use super::super::math::exp_fused;
use super::{Kernel, RowState, Tile, softmax_plain};

/// Marker of the path with AVX2 and FMA.
pub(crate) struct Avx2;

/// Values of a register.
const WIDTH: usize = 8;
/// Registers per row: with six rows 12 sums, 2 weights and 1 factor of the 16 registers.
const REGISTERS: usize = 2;

/// One tile with a fixed number of rows, so that its sums stay in registers.
///
/// # Safety
/// As [`Kernel::tile`], with `tile.rows == M`.
#[target_feature(enable = "avx2,fma")]
unsafe fn tile_of<const M: usize>(tile: Tile<f32>) {
    // SAFETY: the caller promises `depth` values per row of the left operand, `depth * 16` in the
    // panel and 16 sums per row.
    unsafe {
        let mut sums = [[_mm256_setzero_ps(); REGISTERS]; M];
        if tile.accumulate {
            for (row, sums) in sums.iter_mut().enumerate() {
                for (register, sum) in sums.iter_mut().enumerate() {
                    *sum =
                        _mm256_loadu_ps(tile.sums.add(row * tile.sums_stride + register * WIDTH));
                }
            }
        }
        for step in 0..tile.depth {
            let panel = tile.panel.add(step * REGISTERS * WIDTH);
            let mut weights = [_mm256_setzero_ps(); REGISTERS];
            for (register, weight) in weights.iter_mut().enumerate() {
                *weight = _mm256_loadu_ps(panel.add(register * WIDTH));
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                let factor = _mm256_broadcast_ss(&*tile.left.add(row * tile.left_stride + step));
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum = _mm256_fmadd_ps(factor, weight, *sum);
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            for (register, sum) in sums.iter().enumerate() {
                _mm256_storeu_ps(
                    tile.sums.add(row * tile.sums_stride + register * WIDTH),
                    *sum,
                );
            }
        }
    }
}

/// Runs a job with the instructions of this path.
#[target_feature(enable = "avx2,fma")]
fn with_features<R>(job: impl FnOnce() -> R) -> R {
    job()
}

impl Kernel for Avx2 {
    type Element = f32;
    const ROWS: usize = 6;
    const COLUMNS: usize = REGISTERS * WIDTH;
    /// 32 KiB of a panel.
    const DEPTH: usize = 512;

    unsafe fn tile(tile: Tile<f32>) {
        // SAFETY: the caller's promise, and the number of rows fits.
        unsafe {
            match tile.rows {
                1 => tile_of::<1>(tile),
                2 => tile_of::<2>(tile),
                3 => tile_of::<3>(tile),
                4 => tile_of::<4>(tile),
                5 => tile_of::<5>(tile),
                _ => tile_of::<6>(tile),
            }
        }
    }

    #[inline]
    unsafe fn vectorised<R>(job: impl FnOnce() -> R) -> R {
        // SAFETY: the caller promises that the instructions are there.
        unsafe { with_features(job) }
    }

    #[inline(always)]
    fn exp(x: f32) -> f32 {
        exp_fused(x)
    }

    unsafe fn softmax(
        scores: &[f32],
        weights: &mut [f32],
        scale: f32,
        state: &mut RowState,
    ) -> f32 {
        // SAFETY: the caller promises that the instructions are there.
        unsafe { with_features(|| softmax_plain::<Self>(scores, weights, scale, state)) }
    }
}
