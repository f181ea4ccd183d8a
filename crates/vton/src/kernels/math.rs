//! The exponential and what is built on it, as plain Rust that becomes vector code.

#![cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64")),
    expect(dead_code, reason = "the scalar path has its own")
)]

use std::f32::consts::LOG2_E;

use super::kernel::Kernel;

/// Below this the exponential is no more a normal f32; smaller arguments are taken as this.
const EXP_LOWEST: f32 = -87.0;
/// Above this it nears infinity; greater arguments are taken as this.
const EXP_HIGHEST: f32 = 88.0;
/// ln 2 in two parts, the first exact in few bits (Cody and Waite, 1980).
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;
/// 1.5 * 2^23: adding it leaves the nearest whole number in the low bits of an f32.
const ROUNDER: f32 = 12_582_912.0;
/// The Taylor series of e^x from the sixth power down; off by 1.2e-7 at most where |x| < ln(2)/2.
const TAYLOR: [f32; 7] = [
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
    1.0,
];

/// e^x to about 2e-7, without a branch; for paths that have a fused multiply-add.
///
/// Arguments below [`EXP_LOWEST`] give `exp(EXP_LOWEST)` (1.6e-38), never zero; NaN stays NaN.
#[inline(always)]
pub(super) fn exp_fused(x: f32) -> f32 {
    let x = if x < EXP_LOWEST { EXP_LOWEST } else { x };
    let x = if x > EXP_HIGHEST { EXP_HIGHEST } else { x };
    let shifted = x.mul_add(LOG2_E, ROUNDER);
    let whole = shifted - ROUNDER;
    let rest = whole.mul_add(-LN2_LOW, whole.mul_add(-LN2_HIGH, x));
    let mut series = TAYLOR[0];
    for term in &TAYLOR[1..] {
        series = series.mul_add(rest, *term);
    }
    let power_of_two = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    series * power_of_two
}

/// GELU by the tanh formula (Hendrycks and Gimpel, 2016), in place.
///
/// `0.5 x (1 + tanh u)` equals `x / (1 + e^(-2u))`, which needs one exponential and loses no
/// digits for negative `x`.
#[inline(always)]
pub(super) fn gelu<K: Kernel>(values: &mut [f32]) {
    const SQRT_2_OVER_PI: f32 = 0.797_884_6;
    const CUBIC: f32 = 0.044_715;
    for value in values {
        let x = *value;
        let minus_2u = -2.0 * SQRT_2_OVER_PI * x * (CUBIC * x * x + 1.0);
        *value = x / (1.0 + K::exp(minus_2u));
    }
}
