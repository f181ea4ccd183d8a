//! AVX-512 in f32: six rows by four registers of sixteen.

use std::arch::x86_64::{
    _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
};

use super::super::math::exp_fused;
use super::{Kernel, RowState, Tile, softmax_plain};

/// Marker of the path with AVX-512 in f32.
pub(crate) struct Avx512;

/// Values of a register.
const WIDTH: usize = 16;
/// Registers per row: with six rows 24 sums, 4 weights and 1 factor of the 32 registers.
const REGISTERS: usize = 4;

/// One tile with a fixed number of rows, so that its sums stay in registers.
///
/// # Safety
/// As [`Kernel::tile`], with `tile.rows == M`.
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn tile_of<const M: usize>(tile: Tile<f32>) {
    // SAFETY: the caller promises `depth` values per row of the left operand, `depth * 64` in the
    // panel and 64 sums per row.
    unsafe {
        let mut sums = [[_mm512_setzero_ps(); REGISTERS]; M];
        if tile.accumulate {
            for (row, sums) in sums.iter_mut().enumerate() {
                for (register, sum) in sums.iter_mut().enumerate() {
                    *sum =
                        _mm512_loadu_ps(tile.sums.add(row * tile.sums_stride + register * WIDTH));
                }
            }
        }
        for step in 0..tile.depth {
            let panel = tile.panel.add(step * REGISTERS * WIDTH);
            let mut weights = [_mm512_setzero_ps(); REGISTERS];
            for (register, weight) in weights.iter_mut().enumerate() {
                *weight = _mm512_loadu_ps(panel.add(register * WIDTH));
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                let factor = _mm512_set1_ps(*tile.left.add(row * tile.left_stride + step));
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum = _mm512_fmadd_ps(factor, weight, *sum);
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            for (register, sum) in sums.iter().enumerate() {
                _mm512_storeu_ps(
                    tile.sums.add(row * tile.sums_stride + register * WIDTH),
                    *sum,
                );
            }
        }
    }
}

/// Runs a job with the instructions of this path.
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
fn with_features<R>(job: impl FnOnce() -> R) -> R {
    job()
}

impl Kernel for Avx512 {
    type Element = f32;
    const ROWS: usize = 6;
    const COLUMNS: usize = REGISTERS * WIDTH;
    /// 128 KiB of a panel.
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
