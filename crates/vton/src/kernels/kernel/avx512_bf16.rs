//! AVX512-BF16: operands in bf16, two products per lane and instruction, sums in f32.

use std::arch::x86_64::{
    __m512, __m512bh, __m512i, _mm512_add_ps, _mm512_cvtne2ps_pbh, _mm512_dpbf16_ps,
    _mm512_fmadd_ps, _mm512_fmsub_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_max_ps,
    _mm512_reduce_add_ps, _mm512_reduce_max_ps, _mm512_roundscale_ps, _mm512_scalef_ps,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps, _mm512_storeu_si512,
    _mm512_sub_ps,
};
use std::f32::consts::LOG2_E;

use half::bf16;

use super::vector::vector_kernel;
use super::{Element, Kernel, RowState, Tile};

/// Sums of a register.
const SUMS_PER_REGISTER: usize = 16;

vector_kernel! {
    /// Marker of the path with AVX512-BF16.
    Avx512Bf16 of bf16, with "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16",
    // With six rows 24 sums, 4 weights and 1 factor of the 32 registers.
    registers: 4, of SUMS_PER_REGISTER,
    // 160 KiB of a panel.
    depth: 1280,
    zero: _mm512_setzero_ps(), load: _mm512_loadu_ps, store: _mm512_storeu_ps,
    factor: |pair| as_pairs(_mm512_set1_epi32(pair.cast::<i32>().read_unaligned())),
    weights: |pairs| as_pairs(_mm512_loadu_si512(pairs.cast())),
    product: |sum, factors, weights| _mm512_dpbf16_ps(sum, factors, weights),
    softmax: softmax,
}

/// Sixteen pairs of bf16, as the product instruction takes them.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn as_pairs(bits: __m512i) -> __m512bh {
    // SAFETY: both are 512 plain bits.
    unsafe { std::mem::transmute::<__m512i, __m512bh>(bits) }
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
    const PAIR: usize = 2 * SUMS_PER_REGISTER;
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
unsafe fn load_pair(piece: &[f32; 2 * SUMS_PER_REGISTER]) -> (__m512, __m512) {
    // SAFETY: 32 values are there.
    unsafe {
        (
            _mm512_loadu_ps(piece.as_ptr()),
            _mm512_loadu_ps(piece.as_ptr().add(SUMS_PER_REGISTER)),
        )
    }
}
