//! `OpenCV`'s `INTER_AREA` for making smaller: each target pixel is the mean of the source area that it covers.
//!
//! Whole ratios add integers: 2:1 in both directions rounds halves up, others multiply by 1/area in f32 and round halves to even.
//! All other ratios weigh the partly covered pixels at the edges, in f32, first along the row, then down.

use rayon::prelude::*;

use super::grid::ratio;
use super::{Picture, PictureError, Size};

/// A pixel that is covered by less than this is left out.
const SLIVER: f64 = 1e-3;

/// The share of one source sample in one target sample.
struct Share {
    source: usize,
    weight: f32,
}

/// Makes a picture smaller, bytes equal to `OpenCV` 4's `INTER_AREA`.
///
/// Fails where `to` is empty, or larger than the picture in either direction.
pub fn resize_area(source: &Picture, to: Size) -> Result<Picture, PictureError> {
    if to.width > source.width() || to.height > source.height() {
        return Err(PictureError::AreaCannotGrow {
            from: source.size(),
            to,
        });
    }
    let mut target = Picture::filled(to, source.channels(), 0)?;
    if to == source.size() {
        return Ok(source.clone());
    }
    let whole =
        source.width().is_multiple_of(to.width) && source.height().is_multiple_of(to.height);
    if whole {
        let block = Size::new(source.width() / to.width, source.height() / to.height);
        average_blocks(source, &mut target, block);
    } else {
        average_shares(source, &mut target);
    }
    Ok(target)
}

fn average_blocks(source: &Picture, target: &mut Picture, block: Size) {
    let (channels, stride) = (target.channels(), target.stride());
    let by_two = block == Size::new(2, 2);
    let part = 1.0 / (block.width * block.height) as f32;
    target
        .par_rows_mut()
        .enumerate()
        .for_each(|(y, target_row)| {
            let mut sums = vec![0_u64; stride];
            for row in y * block.height..(y + 1) * block.height {
                let blocks = source.row(row).chunks_exact(block.width * channels);
                for (sums, pixels) in sums.chunks_exact_mut(channels).zip(blocks) {
                    for pixel in pixels.chunks_exact(channels) {
                        for (sum, &level) in sums.iter_mut().zip(pixel) {
                            *sum += u64::from(level);
                        }
                    }
                }
            }
            for (sample, &sum) in target_row.iter_mut().zip(&sums) {
                *sample = if by_two {
                    ((sum + 2) >> 2) as u8
                } else {
                    (sum as f32 * part).round_ties_even() as u8
                };
            }
        });
}

fn average_shares(source: &Picture, target: &mut Picture) {
    let (channels, stride) = (target.channels(), target.stride());
    let across = shares(source.width(), target.width());
    let down = shares(source.height(), target.height());
    target
        .par_rows_mut()
        .zip(&down)
        .for_each(|(target_row, down)| {
            let mut sums = vec![0.0_f32; stride];
            let mut row_sums = vec![0.0_f32; stride];
            for vertical in down {
                let row = source.row(vertical.source);
                for (sums, shares) in row_sums.chunks_exact_mut(channels).zip(&across) {
                    sums.fill(0.0);
                    for share in shares {
                        let pixel = &row[share.source * channels..][..channels];
                        for (sum, &level) in sums.iter_mut().zip(pixel) {
                            *sum += f32::from(level) * share.weight;
                        }
                    }
                }
                for (sum, &part) in sums.iter_mut().zip(&row_sums) {
                    *sum += part * vertical.weight;
                }
            }
            for (sample, &sum) in target_row.iter_mut().zip(&sums) {
                *sample = sum.round_ties_even().clamp(0.0, 255.0) as u8;
            }
        });
}

/// The shares of every target sample along one side. The weights are divided in f64 and then rounded.
fn shares(source: usize, target: usize) -> Vec<Vec<Share>> {
    let scale = ratio(source, target);
    (0..target)
        .map(|index| {
            let begin = index as f64 * scale;
            let end = begin + scale;
            let covered = scale.min(source as f64 - begin);
            let last_whole = (end.floor() as usize).min(source - 1);
            let first_whole = (begin.ceil() as usize).min(last_whole);
            let mut shares = Vec::with_capacity(last_whole - first_whole + 2);
            let before = first_whole as f64 - begin;
            if before > SLIVER && first_whole > 0 {
                shares.push(Share {
                    source: first_whole - 1,
                    weight: (before / covered) as f32,
                });
            }
            let weight = (1.0 / covered) as f32;
            shares.extend((first_whole..last_whole).map(|source| Share { source, weight }));
            let after = end - last_whole as f64;
            if after > SLIVER {
                shares.push(Share {
                    source: last_whole,
                    weight: (after.min(1.0).min(covered) / covered) as f32,
                });
            }
            shares
        })
        .collect()
}
