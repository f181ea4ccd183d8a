//! AVX2 and FMA in f32: six rows by two registers of eight.

use std::arch::x86_64::{
    _mm256_broadcast_ss, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_setzero_ps, _mm256_storeu_ps,
};

use super::vector::vector_kernel;
use super::{Element, Kernel, RowState, Tile, softmax_plain};

vector_kernel! {
    /// Marker of the path with AVX2 and FMA.
    Avx2 of f32, with "avx2,fma",
    // With six rows 12 sums, 2 weights and 1 factor of the 16 registers.
    registers: 2, of 8,
    // 32 KiB of a panel.
    depth: 512,
    zero: _mm256_setzero_ps(), load: _mm256_loadu_ps, store: _mm256_storeu_ps,
    factor: |place| _mm256_broadcast_ss(&*place),
    weights: |place| _mm256_loadu_ps(place),
    product: |sum, factor, weights| _mm256_fmadd_ps(factor, weights, sum),
    softmax: softmax_plain::<Self>,
}
