//! The times at which the velocity is asked for.
//!
//! Rectified flow (Liu, Gong and Liu 2022) with the shifted times of Esser et al. (2024). A negative shift puts more of them near the noise.
//! Every operation is rounded to f32 in the reference's order, so the times agree with it to the bit.

/// Shift of the times; 0 would space them evenly.
const SHIFT: f64 = -1.5;

/// Gives `steps + 1` times from 0 (noise) to 1 (picture); no times for no steps.
pub fn times(steps: usize) -> Vec<f32> {
    if steps == 0 {
        return Vec::new();
    }
    (0..=steps)
        .rev()
        .map(|i| shifted(evenly(i, steps)))
        .collect()
}

/// Length of a step: the difference is taken in f64 and then rounded.
pub fn step_length(from: f32, to: f32) -> f32 {
    (f64::from(to) - f64::from(from)) as f32
}

/// Number `i` of the `steps + 1` even times from 1 down to 0; both halves are counted from their own end, each with one rounding.
fn evenly(i: usize, steps: usize) -> f32 {
    let stride = -1.0 / steps as f32;
    if i < steps.div_ceil(2) {
        stride.mul_add(i as f32, 1.0)
    } else {
        -stride * (steps - i) as f32
    }
}

/// Shifts a time: `e^s / (e^s + 1/t - 1)`. At 0 the fraction is infinite and the result exactly 0.
fn shifted(time: f32) -> f32 {
    let strength = SHIFT.exp() as f32;
    (strength + (time.recip() - 1.0)).recip() * strength
}
