//! Keeping of the original what a made picture did not have to change.
//!
//! An engine that paints a whole new picture also repaints faces, hands and rooms, a little differently and often smaller. Here the
//! new picture is compared with the original: where the two show the same thing at the same place, the original's pixels are put
//! back. Nothing is put back into a picture that is shifted against the original: the seams would show, and two half faces are worse
//! than a repainted one.

mod align;
mod edited;
mod plane;

use thiserror::Error;

use self::{
    align::{Alignment, align, block_side},
    edited::edited,
    plane::Plane,
};
use crate::{Picture, resize_exact};

/// Radius of the blur before pictures are compared, in pixels per 1,000 of the longer side.
const COMPARE_RADIUS: f32 = 2.0;
/// How much wider than the difference the change is taken, in the same unit,
const MARGIN: f32 = 6.0;
/// and over what distance it fades, in the same unit.
const FADE: f32 = 4.0;
/// Over what distance tones are brought into line, in the same unit.
const TONE_RADIUS: f32 = 24.0;
/// Largest median shift of an aligned picture, in pixels of the made one.
const MAX_SHIFT: f32 = 0.8;
/// Least share of the blocks that show the same thing whose place is the same.
const LEAST_STILL: f32 = 0.7;
/// Fewest blocks that must show the same thing.
const LEAST_SAME: usize = 4;
/// Least correlation of a part whose original is to be kept.
const LEAST_AGREEMENT: f32 = 0.6;

/// A part of the person that shall stay as it is, if it still is where it was.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptPart {
    /// What it is, for messages: `face`, `hand`.
    pub name: &'static str,
    /// Its outline, in units of width and height, (0, 0) being the upper left corner; at least three points.
    pub outline: Vec<[f32; 2]>,
}

/// Where the pixels come from: 0 the original, 255 the made picture, between them a mixture.
#[derive(Clone, PartialEq, Eq)]
pub struct Mask {
    /// Width in pixels, that of the made picture.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// One byte per pixel, rows from top to bottom.
    pub levels: Vec<u8>,
}

/// A made picture with the original put back where nothing had to change.
pub struct Preserved {
    /// The picture, as large as the original.
    pub picture: Picture,
    /// Where its pixels come from.
    pub mask: Mask,
    /// Share of the picture that is new, 0 to 1.
    pub edited_share: f32,
    /// Names of the parts that could not be kept, because they look different in the made picture.
    pub given_up: Vec<&'static str>,
}

/// Why nothing can be put back.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PreserveError {
    /// The made picture is shifted against the original.
    #[error("the made picture is shifted by {x:.1} x {y:.1} pixels")]
    Shifted {
        /// To the right, in pixels of the made picture.
        x: f32,
        /// Down.
        y: f32,
    },
    /// Too little of the made picture shows what the original shows.
    #[error("only {same} of {textured} parts of the made picture show what the original shows")]
    Unrelated {
        /// Parts that do.
        same: usize,
        /// Parts with anything to compare.
        textured: usize,
    },
}

/// Puts the original back where the made picture shows the same, and in `parts` as far as they are where they were.
///
/// Both pictures show the same place; the made one may be smaller, down to the size of a thumbnail, and is enlarged. Its tones are
/// brought into line with the original around the change. Deterministic.
pub fn preserve(
    original: &Picture,
    made: &Picture,
    parts: &[KeptPart],
) -> Result<Preserved, PreserveError> {
    let small = resize_exact(original, made.width(), made.height());
    let per_mille = made.width().max(made.height()) as f32 / 1_000.0;
    let pixels_of = |length: f32| (length * per_mille).round().max(1.0) as usize;
    let (before, after) = (channels(&small), channels(made));
    let lights = (luminance(&before), luminance(&after));
    let alignment = align(&lights.0, &lights.1);
    check(&alignment)?;

    let radius = pixels_of(COMPARE_RADIUS);
    let differences: Vec<Plane> = (0..3)
        .map(|channel| {
            let blurred = before[channel].box_blurred(radius);
            blurred.zip(&after[channel].box_blurred(radius), |a, b| a - b)
        })
        .collect();
    let offsets: Vec<f32> = differences
        .iter()
        .map(|difference| median_in(difference, &alignment.same))
        .collect();
    let mut difference = Plane::filled(small.width() as usize, small.height() as usize, 0.0);
    for (plane, offset) in differences.iter().zip(&offsets) {
        difference = difference.zip(plane, |worst, value| worst.max((value - offset).abs()));
    }
    let mut is_new = edited(&difference, pixels_of(MARGIN));
    let given_up = keep_parts(parts, &lights.0, &lights.1, &mut is_new);

    let share = is_new.iter().filter(|is_new| **is_new).count() as f32 / is_new.len() as f32;
    let alpha = Plane {
        values: is_new
            .iter()
            .map(|is_new| f32::from(u8::from(*is_new)))
            .collect(),
        ..difference
    }
    .box_blurred(pixels_of(FADE))
    .box_blurred(pixels_of(FADE));
    let tones = tones(&before, &after, &alpha, &offsets, pixels_of(TONE_RADIUS));
    Ok(Preserved {
        picture: mix(original, made, &alpha, &tones),
        mask: Mask {
            width: made.width(),
            height: made.height(),
            levels: alpha
                .values
                .iter()
                .map(|value| level(value * 255.0))
                .collect(),
        },
        edited_share: share,
        given_up,
    })
}

fn check(alignment: &Alignment) -> Result<(), PreserveError> {
    if alignment.same.len() < LEAST_SAME {
        return Err(PreserveError::Unrelated {
            same: alignment.same.len(),
            textured: alignment.textured,
        });
    }
    let (x, y) = alignment.shift;
    if x.hypot(y) > MAX_SHIFT || alignment.still_share < LEAST_STILL {
        return Err(PreserveError::Shifted { x, y });
    }
    Ok(())
}

/// Takes the parts that are where they were out of the change; returns the names of the others.
fn keep_parts(
    parts: &[KeptPart],
    before: &Plane,
    after: &Plane,
    is_new: &mut [bool],
) -> Vec<&'static str> {
    let mut given_up = Vec::new();
    for part in parts {
        let inside = inside(&part.outline, before.width, before.height);
        if inside.is_empty() {
            continue;
        }
        if agreement(before, after, &inside) < LEAST_AGREEMENT {
            given_up.push(part.name);
            continue;
        }
        for at in inside {
            is_new[at] = false;
        }
    }
    given_up
}

/// Correlation of two planes at some pixels; 1 where there is nothing to compare in either.
fn agreement(before: &Plane, after: &Plane, inside: &[usize]) -> f32 {
    let count = inside.len() as f32;
    let mean = |plane: &Plane| inside.iter().map(|at| plane.values[*at]).sum::<f32>() / count;
    let (mean_before, mean_after) = (mean(before), mean(after));
    let (mut product, mut spread_before, mut spread_after) = (0.0_f32, 0.0_f32, 0.0_f32);
    for at in inside {
        let (a, b) = (
            before.values[*at] - mean_before,
            after.values[*at] - mean_after,
        );
        product += a * b;
        spread_before += a * a;
        spread_after += b * b;
    }
    if spread_before / count < 1.0 && spread_after / count < 1.0 {
        return 1.0;
    }
    product / (spread_before * spread_after).sqrt().max(f32::EPSILON)
}

/// Pixels inside a polygon (even-odd rule), for pictures of this size.
fn inside(outline: &[[f32; 2]], width: usize, height: usize) -> Vec<usize> {
    let points: Vec<(f32, f32)> = outline
        .iter()
        .map(|[x, y]| (x * width as f32, y * height as f32))
        .collect();
    let mut pixels = Vec::new();
    if points.len() < 3 || points.iter().any(|(x, y)| !x.is_finite() || !y.is_finite()) {
        return pixels;
    }
    for y in 0..height {
        let middle = y as f32 + 0.5;
        let mut crossings: Vec<f32> = (0..points.len())
            .filter_map(|at| {
                let (from, to) = (points[at], points[(at + 1) % points.len()]);
                let crosses = (from.1 <= middle) != (to.1 <= middle);
                crosses.then(|| from.0 + (to.0 - from.0) * (middle - from.1) / (to.1 - from.1))
            })
            .collect();
        crossings.sort_by(f32::total_cmp);
        for span in crossings.chunks_exact(2) {
            let first = (span[0] - 0.5).ceil().clamp(0.0, width as f32) as usize;
            let last = (span[1] - 0.5).ceil().clamp(0.0, width as f32) as usize;
            pixels.extend((first..last).map(|x| y * width + x));
        }
    }
    pixels
}

/// What has to be added to the made picture so that its tones go over into the original's: the local difference near what is kept, the
/// difference of the whole picture far inside the change.
fn tones(
    before: &[Plane; 3],
    after: &[Plane; 3],
    alpha: &Plane,
    offsets: &[f32],
    radius: usize,
) -> Vec<Plane> {
    let smooth = |plane: &Plane| plane.box_blurred(radius).box_blurred(radius);
    let weight = Plane {
        values: alpha.values.iter().map(|alpha| 1.0 - alpha).collect(),
        ..*alpha
    };
    let total = smooth(&weight);
    (0..3)
        .map(|channel| {
            let offset = offsets[channel];
            let weighted = before[channel]
                .zip(&after[channel], |a, b| a - b - offset)
                .zip(&weight, |difference, weight| difference * weight);
            smooth(&weighted).zip(&total, |sum, weight| {
                let local = sum / weight.max(1e-3);
                offset + local * (2.0 * weight).min(1.0)
            })
        })
        .collect()
}

fn mix(original: &Picture, made: &Picture, alpha: &Plane, tones: &[Plane]) -> Picture {
    let (width, height) = (original.width(), original.height());
    let large = resize_exact(made, width, height);
    let mut out = original.clone();
    let scale_x = alpha.width as f32 / width as f32;
    let scale_y = alpha.height as f32 / height as f32;
    for y in 0..height {
        let from_y = (y as f32 + 0.5) * scale_y - 0.5;
        let new_row = large.row(y);
        for (x, pixel) in out.row_mut(y).chunks_exact_mut(3).enumerate() {
            let from_x = (x as f32 + 0.5) * scale_x - 0.5;
            let alpha = alpha.between(from_x, from_y);
            if alpha <= 0.0 {
                continue;
            }
            for (channel, value) in pixel.iter_mut().enumerate() {
                let new =
                    f32::from(new_row[3 * x + channel]) + tones[channel].between(from_x, from_y);
                let old = f32::from(*value);
                *value = level(old + (new.clamp(0.0, 255.0) - old) * alpha);
            }
        }
    }
    out
}

fn level(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

/// The middle value in some blocks; 0 without any.
fn median_in(plane: &Plane, blocks: &[(usize, usize)]) -> f32 {
    let side = block_side();
    let mut values: Vec<f32> = blocks
        .iter()
        .flat_map(|(left, top)| {
            (*top..top + side).flat_map(move |y| &plane.values[y * plane.width + left..][..side])
        })
        .copied()
        .collect();
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

fn channels(picture: &Picture) -> [Plane; 3] {
    [0, 1, 2].map(|channel| Plane {
        width: picture.width() as usize,
        height: picture.height() as usize,
        values: picture
            .data()
            .iter()
            .skip(channel)
            .step_by(3)
            .map(|level| f32::from(*level))
            .collect(),
    })
}

/// Luma of ITU-R BT.601.
fn luminance([red, green, blue]: &[Plane; 3]) -> Plane {
    red.zip(green, |red, green| 0.299 * red + 0.587 * green)
        .zip(blue, |sum, blue| sum + 0.114 * blue)
}

#[cfg(test)]
mod tests;
