//! Pillow's LANCZOS: a windowed sinc of three lobes, stretched when the picture shrinks (Duchon 1979), in fixed point.
//!
//! Weights are computed in f64 and rounded to 22 fractional bits. One direction is resized after the other, with 8 bits in between; a
//! direction whose size stays is left out.

use rayon::prelude::*;

use super::{Picture, PictureError, Size};

/// Lobes of the window at either side.
const LOBES: f64 = 3.0;
/// Fractional bits of a weight: 32, less 8 for the sample and 2 for overshoot.
const WEIGHT_BITS: u32 = 22;
/// Half a level, so that the shift rounds.
const HALF: i32 = 1 << (WEIGHT_BITS - 1);

/// The source samples that one target sample is made of.
struct Taps {
    first: usize,
    weights: Vec<i32>,
}

/// Resizes to `to`, up or down, bytes equal to the `resize(to, LANCZOS)` of Pillow 13.
///
/// Fails where `to` is empty or too large.
pub fn resize_lanczos(source: &Picture, to: Size) -> Result<Picture, PictureError> {
    let from = source.size();
    if to == from {
        return Ok(source.clone());
    }
    if to.height == from.height {
        return resize_rows(source, to.width);
    }
    if to.width == from.width {
        return resize_columns(source, to.height);
    }
    if columns_first(from, to) {
        return resize_rows(&resize_columns(source, to.height)?, to.width);
    }
    resize_columns(&resize_rows(source, to.width)?, to.height)
}

/// Whether the height is resized before the width: where it loses more than twice as many pixels. The order shows in the last bit,
/// because of the rounding in between.
fn columns_first(from: Size, to: Size) -> bool {
    let lost_rows = from.height.saturating_sub(to.height);
    let lost_columns = from.width.saturating_sub(to.width);
    lost_rows > lost_columns.saturating_mul(2)
}

fn resize_rows(source: &Picture, width: usize) -> Result<Picture, PictureError> {
    let channels = source.channels();
    let mut target = Picture::filled(Size::new(width, source.height()), channels, 0)?;
    let taps = taps(source.width(), width);
    target
        .par_rows_mut()
        .enumerate()
        .for_each(|(y, target_row)| {
            let row = source.row(y);
            for (pixel, taps) in target_row.chunks_exact_mut(channels).zip(&taps) {
                for (channel, sample) in pixel.iter_mut().enumerate() {
                    let samples = row[taps.first * channels + channel..]
                        .iter()
                        .step_by(channels);
                    let sum = samples
                        .zip(&taps.weights)
                        .fold(HALF, |sum, (&level, weight)| {
                            sum + i32::from(level) * weight
                        });
                    *sample = round(sum);
                }
            }
        });
    Ok(target)
}

fn resize_columns(source: &Picture, height: usize) -> Result<Picture, PictureError> {
    let mut target = Picture::filled(Size::new(source.width(), height), source.channels(), 0)?;
    let taps = taps(source.height(), height);
    let stride = target.stride();
    target
        .par_rows_mut()
        .zip(&taps)
        .for_each(|(target_row, taps)| {
            let mut sums = vec![HALF; stride];
            for (offset, weight) in taps.weights.iter().enumerate() {
                for (sum, &level) in sums.iter_mut().zip(source.row(taps.first + offset)) {
                    *sum += i32::from(level) * weight;
                }
            }
            for (sample, &sum) in target_row.iter_mut().zip(&sums) {
                *sample = round(sum);
            }
        });
    Ok(target)
}

fn round(sum: i32) -> u8 {
    (sum >> WEIGHT_BITS).clamp(0, 255) as u8
}

/// The taps of every target sample along one side.
fn taps(source: usize, target: usize) -> Vec<Taps> {
    let scale = source as f64 / target as f64;
    let stretch = scale.max(1.0);
    let reach = LOBES * stretch;
    (0..target)
        .map(|index| {
            let center = (index as f64 + 0.5) * scale;
            // The casts cut off below zero too, as they shall.
            let first = (center - reach + 0.5) as usize;
            let end = ((center + reach + 0.5) as usize).min(source);
            let shrink = 1.0 / stretch;
            let weights: Vec<f64> = (first..end)
                .map(|tap| window((tap as f64 - center + 0.5) * shrink))
                .collect();
            let sum: f64 = weights.iter().sum();
            let weights = weights
                .iter()
                .map(|weight| fixed(if sum == 0.0 { *weight } else { weight / sum }))
                .collect();
            Taps { first, weights }
        })
        .collect()
}

/// Rounds to fixed point, halves away from zero.
fn fixed(weight: f64) -> i32 {
    let scaled = weight * f64::from(1 << WEIGHT_BITS);
    (scaled + 0.5_f64.copysign(scaled)) as i32
}

fn window(x: f64) -> f64 {
    if (-LOBES..LOBES).contains(&x) {
        sinc(x) * sinc(x / LOBES)
    } else {
        0.0
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let angle = x * std::f64::consts::PI;
    angle.sin() / angle
}
