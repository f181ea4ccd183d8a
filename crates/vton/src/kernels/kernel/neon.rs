//! NEON in f32: six rows by four registers of four.

use std::arch::aarch64::{vdupq_n_f32, vfmaq_f32, vld1q_dup_f32, vld1q_f32, vst1q_f32};

use super::vector::vector_kernel;
use super::{Element, Kernel, RowState, Tile, softmax_plain};

vector_kernel! {
    /// Marker of the path with NEON.
    Neon of f32, with "neon",
    // With six rows 24 sums, 4 weights and 1 factor of the 32 registers.
    registers: 4, of 4,
    // 32 KiB of a panel.
    depth: 512,
    zero: vdupq_n_f32(0.0), load: vld1q_f32, store: vst1q_f32,
    factor: |place| vld1q_dup_f32(place),
    weights: |place| vld1q_f32(place),
    product: |sum, factor, weights| vfmaq_f32(sum, factor, weights),
    softmax: softmax_plain::<Self>,
}
