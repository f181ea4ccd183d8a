//! AVX512-BF16: operands in bf16, two products per lane and instruction, sums in f32.

use std::arch::x86_64::{
    __m512, __m512bh, __m512i, _mm512_add_ps, _mm512_cvtne2ps_pbh, _mm512_dpbf16_ps,
    _mm512_fmadd_ps, _mm512_fmsub_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_max_ps,
    _mm512_reduce_add_ps, _mm512_reduce_max_ps, _mm512_roundscale_ps, _mm512_scalef_ps,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_storeu_ps,
    _mm512_storeu_si512, _mm512_sub_ps,
};
use std::f32::consts::LOG2_E;

use half::bf16;

use super::super::math::exp_fused;
use super::{Element, Kernel, RowState, Tile};

/// Marker of the path with AVX512-BF16.
pub(crate) struct Avx512Bf16;

/// Sums of a register.
const WIDTH: usize = 16;
/// Registers per row: with six rows 24 sums, 4 weights and 1 factor of the 32 registers.
const REGISTERS: usize = 4;

/// Sixteen pairs of bf16, as the product instruction takes them.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn as_pairs(bits: __m512i) -> __m512bh {
    // SAFETY: both are 512 plain bits.
    unsafe { std::mem::transmute::<__m512i, __m512bh>(bits) }
}

/// One tile with a fixed number of rows, so that its sums stay in registers.
///
/// # Safety
/// As [`Kernel::tile`], with `tile.rows == M`.
#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn tile_of<const M: usize>(tile: Tile<bf16>) {
    // SAFETY: the caller promises `depth` values per row of the left operand, `depth * 64` in the
    // panel and 64 sums per row; `depth` is even, so pairs end where the rows do.
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
        for step in 0..tile.depth / bf16::GROUP {
            let panel = tile.panel.add(step * REGISTERS * WIDTH * bf16::GROUP);
            let mut weights = [as_pairs(_mm512_setzero_si512()); REGISTERS];
            for (register, weight) in weights.iter_mut().enumerate() {
                let pairs = panel.add(register * WIDTH * bf16::GROUP);
                *weight = as_pairs(_mm512_loadu_si512(pairs.cast()));
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                let pair = tile.left.add(row * tile.left_stride + step * bf16::GROUP);
                let factors = as_pairs(_mm512_set1_epi32(pair.cast::<i32>().read_unaligned()));
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum = _mm512_dpbf16_ps(*sum, factors, weight);
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

/// 2^x for sixteen x of at most about 100, to 3e-6: far below the rounding of a bf16.
///
/// Arguments below -126 give 2^-126; NaN stays NaN.
#[inline]
#[target_feature(enable = "avx512f")]
fn exp2(x: __m512) -> __m512 {
    const LOWEST: f32 = -126.0;
    /// Fourth power first; least greatest relative error over -0.5 to 0.5.
    const POLYNOMIAL: [f32; 5] = [
        9.570_102e-3,
        5.591_786_2e-2,
        0.240_247_45,
        0.693_121_8,
        0.999_999_3,
    ];
    // With a NaN the instruction gives its second operand.
    let x = _mm512_max_ps(_mm512_set1_ps(LOWEST), x);
    let whole = _mm512_roundscale_ps::<0>(x);
    let rest = _mm512_sub_ps(x, whole);
    let mut sum = _mm512_set1_ps(POLYNOMIAL[0]);
    for term in &POLYNOMIAL[1..] {
        sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(*term));
    }
    _mm512_scalef_ps(sum, whole)
}

/// The body of [`Kernel::softmax`].
#[target_feature(enable = "avx512f,avx512bf16")]
fn softmax(scores: &[f32], weights: &mut [bf16], scale: f32, state: &mut RowState) -> f32 {
    const PAIR: usize = 2 * WIDTH;
    let pieces = scores.as_chunks::<PAIR>().0;
    let mut highest = [_mm512_set1_ps(f32::NEG_INFINITY); 2];
    for piece in pieces {
        // SAFETY: a piece holds two registers.
        let (low, high) = unsafe { load_pair(piece) };
        highest = [
            _mm512_max_ps(highest[0], low),
            _mm512_max_ps(highest[1], high),
        ];
    }
    let highest = _mm512_reduce_max_ps(_mm512_max_ps(highest[0], highest[1]));
    let factor = state.raise(highest * scale);

    // e^(scale s - h) = 2^(scale log2(e) s - log2(e) h)
    let slope = _mm512_set1_ps(scale * LOG2_E);
    let base = _mm512_set1_ps(state.highest * LOG2_E);
    let mut totals = [_mm512_setzero_ps(); 2];
    for (piece, to) in pieces.iter().zip(weights.as_chunks_mut::<PAIR>().0) {
        // SAFETY: a piece holds two registers.
        let (low, high) = unsafe { load_pair(piece) };
        let low = exp2(_mm512_fmsub_ps(low, slope, base));
        let high = exp2(_mm512_fmsub_ps(high, slope, base));
        totals = [
            _mm512_add_ps(totals[0], low),
            _mm512_add_ps(totals[1], high),
        ];
        // SAFETY: 32 bf16 are 512 plain bits, and `to` has room for them.
        unsafe {
            let rounded: __m512i = std::mem::transmute(_mm512_cvtne2ps_pbh(high, low));
            _mm512_storeu_si512(to.as_mut_ptr().cast(), rounded);
        }
    }
    let total = _mm512_reduce_add_ps(_mm512_add_ps(totals[0], totals[1]));
    state.total = state.total * factor + total;
    factor
}

/// Two registers of scores.
///
/// # Safety
/// None beyond the instructions being there: the array is as long as what is read.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn load_pair(piece: &[f32; 2 * WIDTH]) -> (__m512, __m512) {
    // SAFETY: 32 values are there.
    unsafe {
        (
            _mm512_loadu_ps(piece.as_ptr()),
            _mm512_loadu_ps(piece.as_ptr().add(WIDTH)),
        )
    }
}

/// Runs a job with the instructions of this path.
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
fn with_features<R>(job: impl FnOnce() -> R) -> R {
    job()
}

impl Kernel for Avx512Bf16 {
    type Element = bf16;
    const ROWS: usize = 6;
    const COLUMNS: usize = REGISTERS * WIDTH;
    /// 160 KiB of a panel.
    const DEPTH: usize = 1280;

    unsafe fn tile(tile: Tile<bf16>) {
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
        weights: &mut [bf16],
        scale: f32,
        state: &mut RowState,
    ) -> f32 {
        // SAFETY: the caller promises that the instructions are there.
        unsafe { softmax(scores, weights, scale, state) }
    }
}
