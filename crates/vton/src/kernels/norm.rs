//! Layer norm without weights (Ba, Kiros and Hinton, 2016), then scale and shift from outside.
//!
//! Sums are f64 in sixteen lanes, in an order that depends on the length alone: memory is the
//! limit here, and a row far from zero keeps its variance.

use rayon::prelude::*;

use super::error::{check_length, product};
use super::kernel::{Element, Kernel, LANES, with_kernel};
use super::pack::ValuesMut;
use super::{KernelError, Path};

/// Rows that one task works on.
const ROWS_PER_TASK: usize = 16;
/// Added to the variance, so that a constant row gives no division by zero.
const EPSILON: f64 = 1e-6;

/// Computes `norm(row) * (1 + scale) + shift` for every row of `tokens`, `shift.len()` values each.
/// The result goes to the first columns of rows of `out` that lie `stride` apart.
///
/// Fails, before anything is written, when a length does not match or the processor lacks the path.
pub fn modulated_norm(
    path: Path,
    tokens: &[f32],
    shift: &[f32],
    scale: &[f32],
    out: ValuesMut<'_>,
    stride: usize,
) -> Result<(), KernelError> {
    let width = shift.len();
    if width == 0 {
        return Err(KernelError::Empty {
            what: "width of the norm",
        });
    }
    check_length("scale of the norm", width, scale.len())?;
    if stride < width {
        return Err(KernelError::Stride {
            stride,
            offset: 0,
            columns: width,
        });
    }
    let rows = tokens.len() / width;
    check_length("tokens of the norm", rows * width, tokens.len())?;
    check_length("output of the norm", product([rows, stride]), out.len())?;
    path.require()?;
    with_kernel!(path, K => match out {
        ValuesMut::F32(out) => run::<K, f32>(tokens, shift, scale, out, stride),
        ValuesMut::Bf16(out) => run::<K, half::bf16>(tokens, shift, scale, out, stride),
    });
    Ok(())
}

fn run<K: Kernel, E: Element>(
    tokens: &[f32],
    shift: &[f32],
    scale: &[f32],
    out: &mut [E],
    stride: usize,
) {
    let width = shift.len();
    out.par_chunks_mut(ROWS_PER_TASK * stride)
        .zip(tokens.par_chunks(ROWS_PER_TASK * width))
        .for_each(|(out, tokens)| {
            let job = || {
                for (out, token) in out.chunks_exact_mut(stride).zip(tokens.chunks_exact(width)) {
                    norm_row(token, shift, scale, &mut out[..width]);
                }
            };
            // SAFETY: the path is available, checked by the caller.
            unsafe { K::vectorised(job) };
        });
}

#[inline(always)]
fn norm_row<E: Element>(token: &[f32], shift: &[f32], scale: &[f32], out: &mut [E]) {
    let count = token.len() as f64;
    let mean = sum_of(token, |value| value) / count;
    let variance = sum_of(token, |value| (value - mean) * (value - mean)) / count;
    let factor = 1.0 / (variance + EPSILON).sqrt();
    for (((out, value), shift), scale) in out.iter_mut().zip(token).zip(shift).zip(scale) {
        let normed = ((f64::from(*value) - mean) * factor) as f32;
        *out = E::from_f32(normed * (1.0 + scale) + shift);
    }
}

#[inline(always)]
fn sum_of(values: &[f32], term: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0_f64; LANES];
    let (pieces, rest) = values.as_chunks::<LANES>();
    for piece in pieces {
        for (sum, value) in sums.iter_mut().zip(piece) {
            *sum += term(f64::from(*value));
        }
    }
    let rest: f64 = rest.iter().map(|value| term(f64::from(*value))).sum();
    sums.into_iter().sum::<f64>() + rest
}
