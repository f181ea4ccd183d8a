//! `OpenCV`'s `INTER_LANCZOS4`: a windowed sinc of four lobes, eight taps in either direction, in fixed point.
//!
//! The window is not stretched when the picture shrinks. Weights are f32, made to sum up to one, then rounded to 11 fractional bits
//! each; the sums are integers with 22. The edge pixel stands for everything beyond it.

use rayon::prelude::*;

use super::grid::positions;
use super::{Picture, PictureError, Size};

const TAPS: usize = 8;
/// Taps before the pixel left of the position.
const TAPS_BEFORE: isize = 3;
/// A tap nearer than this is taken alone: the formula would divide by zero there. A fraction can come out as a whole one, where a
/// position just below a pixel is rounded.
const ON_A_PIXEL: f32 = 1e-6;
/// One, as a weight: 11 fractional bits.
const WEIGHT_ONE: f32 = 2048.0;
/// Fractional bits after both directions.
const SUM_BITS: u32 = 22;

/// The source samples that one target sample is made of.
struct Taps {
    sources: [usize; TAPS],
    weights: [i32; TAPS],
}

/// Resizes to `to`, bytes equal to `OpenCV`'s `INTER_LANCZOS4`.
///
/// Fails where `to` is empty or too large.
pub fn resize_lanczos4(source: &Picture, to: Size) -> Result<Picture, PictureError> {
    let channels = source.channels();
    let mut target = Picture::filled(to, channels, 0)?;
    if to == source.size() {
        return Ok(source.clone());
    }
    let across = taps(source.width(), to.width);
    let down = taps(source.height(), to.height);
    let stride = target.stride();

    let mut wide = vec![0_i32; source.height() * stride];
    wide.par_chunks_mut(stride)
        .enumerate()
        .for_each(|(y, wide_row)| {
            let row = source.row(y);
            for (pixel, taps) in wide_row.chunks_exact_mut(channels).zip(&across) {
                for (channel, sum) in pixel.iter_mut().enumerate() {
                    for (from, weight) in taps.sources.iter().zip(taps.weights) {
                        *sum += i32::from(row[from * channels + channel]) * weight;
                    }
                }
            }
        });

    target
        .par_rows_mut()
        .zip(&down)
        .for_each(|(target_row, taps)| {
            let rows = taps.sources.map(|y| &wide[y * stride..(y + 1) * stride]);
            for (x, sample) in target_row.iter_mut().enumerate() {
                // 64 bits: on a hard checkerboard the overshoot of both directions goes past 32.
                let mut sum = 1_i64 << (SUM_BITS - 1);
                for (row, weight) in rows.iter().zip(taps.weights) {
                    sum += i64::from(row[x]) * i64::from(weight);
                }
                *sample = (sum >> SUM_BITS).clamp(0, 255) as u8;
            }
        });
    Ok(target)
}

fn taps(source: usize, target: usize) -> Vec<Taps> {
    positions(source, target)
        .map(|(left, fraction)| {
            let weights =
                weights(fraction).map(|weight| (weight * WEIGHT_ONE).round_ties_even() as i32);
            let first = left - TAPS_BEFORE;
            let sources = std::array::from_fn(|tap| {
                (first + tap as isize).clamp(0, source as isize - 1) as usize
            });
            Taps { sources, weights }
        })
        .collect()
}

/// Weights of the taps -3..=4 for a position `fraction` after tap 0.
///
/// With u = pi/4 * distance the window is sin(4u) sin(u) / (4 u^2). Up to a factor that the norming takes away, and because sin(4u)
/// only changes its sign from tap to tap, sin(u) / u^2 with that sign is enough; sin(u) follows from the first by adding eighths.
fn weights(fraction: f32) -> [f32; TAPS] {
    const EIGHTH: f64 = std::f64::consts::FRAC_1_SQRT_2;
    /// Sine and cosine parts of each tap: a turn by an eighth each, with the alternating sign.
    const TURNS: [(f64, f64); TAPS] = [
        (1.0, 0.0),
        (-EIGHTH, -EIGHTH),
        (0.0, 1.0),
        (EIGHTH, -EIGHTH),
        (-1.0, 0.0),
        (EIGHTH, EIGHTH),
        (0.0, -1.0),
        (-EIGHTH, EIGHTH),
    ];
    let distance = |tap: usize| fraction + TAPS_BEFORE as f32 - tap as f32;
    let on_a_pixel = if fraction < f32::EPSILON {
        Some(TAPS_BEFORE as usize)
    } else {
        (0..TAPS).find(|&tap| distance(tap).abs() < ON_A_PIXEL)
    };
    let mut weights = [0.0; TAPS];
    if let Some(tap) = on_a_pixel {
        weights[tap] = 1.0;
        return weights;
    }
    let quarter = |distance: f32| -f64::from(distance) * std::f64::consts::PI * 0.25;
    let (sine, cosine) = quarter(distance(0)).sin_cos();
    let mut sum = 0.0_f32;
    for (tap, (weight, turn)) in weights.iter_mut().zip(TURNS).enumerate() {
        let angle = quarter(distance(tap));
        *weight = ((turn.0 * sine + turn.1 * cosine) / (angle * angle)) as f32;
        sum += *weight;
    }
    let scale = 1.0 / sum;
    weights.map(|weight| weight * scale)
}
