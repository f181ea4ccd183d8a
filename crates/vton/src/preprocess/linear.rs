//! `OpenCV` 4's `INTER_LINEAR` for 8-bit pictures: bilinear, in fixed point.
//!
//! Weights have 11 fractional bits. A row sum loses 4 bits, each product with a vertical weight 16 more, and the last 2 are rounded.
//! Halving in both directions averages 2x2 blocks instead.

use rayon::prelude::*;

use super::grid::positions;
use super::{Picture, PictureError, Size, resize_area};

/// One, as a weight: 11 fractional bits.
const WEIGHT_ONE: f32 = 2048.0;
const ROW_SHIFT: u32 = 4;
const PRODUCT_SHIFT: u32 = 16;
const LAST_SHIFT: u32 = 2;

/// The two source samples that one target sample lies between.
struct Pair {
    sources: [usize; 2],
    weights: [i32; 2],
}

/// Resizes to `to`, bytes equal to `OpenCV` 4's `INTER_LINEAR`.
///
/// Fails where `to` is empty or too large.
pub fn resize_linear(source: &Picture, to: Size) -> Result<Picture, PictureError> {
    let channels = source.channels();
    let mut target = Picture::filled(to, channels, 0)?;
    if to == source.size() {
        return Ok(source.clone());
    }
    if to.width * 2 == source.width() && to.height * 2 == source.height() {
        return resize_area(source, to);
    }
    let across = pairs(source.width(), to.width, true);
    let down = pairs(source.height(), to.height, false);
    target
        .par_rows_mut()
        .zip(&down)
        .for_each(|(target_row, down)| {
            let [upper, lower] = down.sources.map(|y| source.row(y));
            for (pixel, across) in target_row.chunks_exact_mut(channels).zip(&across) {
                for (channel, sample) in pixel.iter_mut().enumerate() {
                    let sum = |row: &[u8]| -> i32 {
                        let [left, right] = across
                            .sources
                            .map(|x| i32::from(row[x * channels + channel]));
                        left * across.weights[0] + right * across.weights[1]
                    };
                    let part = |row, weight| ((sum(row) >> ROW_SHIFT) * weight) >> PRODUCT_SHIFT;
                    let rounded = part(upper, down.weights[0])
                        + part(lower, down.weights[1])
                        + (1 << (LAST_SHIFT - 1));
                    *sample = (rounded >> LAST_SHIFT).clamp(0, 255) as u8;
                }
            }
        });
    Ok(target)
}

/// Which samples along one side. Beyond the edge the edge sample counts; along rows it does so with its whole weight at once, which
/// may round differently.
fn pairs(source: usize, target: usize, whole_at_edges: bool) -> Vec<Pair> {
    let last = source as isize - 1;
    positions(source, target)
        .map(|(left, fraction)| {
            let beyond = left < 0 || left >= last;
            let fraction = if whole_at_edges && beyond {
                0.0
            } else {
                fraction
            };
            let sources = [left, left + 1].map(|tap| tap.clamp(0, last) as usize);
            let weights = [1.0 - fraction, fraction]
                .map(|weight| (weight * WEIGHT_ONE).round_ties_even() as i32);
            Pair { sources, weights }
        })
        .collect()
}
