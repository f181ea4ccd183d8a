//! AVX-512 in f32: six rows by four registers of sixteen.

use std::arch::x86_64::{
    _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
};

use super::vector::vector_kernel;
use super::{Element, Kernel, RowState, Tile, softmax_plain};

vector_kernel! {
    /// Marker of the path with AVX-512 in f32.
    Avx512 of f32, with "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl",
    // With six rows 24 sums, 4 weights and 1 factor of the 32 registers.
    registers: 4, of 16,
    // 128 KiB of a panel.
    depth: 512,
    zero: _mm512_setzero_ps(), load: _mm512_loadu_ps, store: _mm512_storeu_ps,
    factor: |place| _mm512_set1_ps(*place),
    weights: |place| _mm512_loadu_ps(place),
    product: |sum, factor, weights| _mm512_fmadd_ps(factor, weights, sum),
    softmax: softmax_plain::<Self>,
}
