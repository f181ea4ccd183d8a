//! The cut-out of one person for the pose network, and the way back.

use rayon::prelude::*;

use super::PixelBox;
use crate::preprocess::{Picture, PictureError, Size};

/// Size of the pose network's input.
pub const POSE_INPUT: Size = Size::new(288, 384);
/// The cut-out is larger than the box by this factor.
const MARGIN: f64 = 1.25;
/// Mean and spread of the levels the pose network was trained on. They are applied to blue, green, red in this order, although they
/// were measured for red, green, blue: the reference does so.
const MEANS: [f64; 3] = [123.675, 116.28, 103.53];
const SPREADS: [f64; 3] = [58.395, 57.12, 57.375];

/// Fractional bits of a column or row before the position is cut,
const PLACE_BITS: u32 = 10;
/// and after: positions lie on a grid of 1/32 pixel.
const GRID_BITS: u32 = 5;
const GRID: i64 = 1 << GRID_BITS;

/// A rectangle of the picture with the proportions of the network's input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crop {
    /// Middle, in pixels of the picture: column, row.
    pub center: (f64, f64),
    /// Width and height in pixels of the picture.
    pub extent: (f64, f64),
    /// Size that it is resized to.
    pub input: Size,
}

impl Crop {
    /// The rectangle around a person's box, with a margin, widened or heightened to the proportions of `input`.
    pub fn around(person: &PixelBox, input: Size) -> Self {
        let center = (
            (person.left + person.right) * 0.5,
            (person.top + person.bottom) * 0.5,
        );
        let (width, height) = (
            (person.right - person.left) * MARGIN,
            (person.bottom - person.top) * MARGIN,
        );
        let aspect = input.width as f64 / input.height as f64;
        let extent = if width > height * aspect {
            (width, width / aspect)
        } else {
            (height * aspect, height)
        };
        Self {
            center,
            extent,
            input,
        }
    }

    /// Scale and shift of columns, then of rows, from the input to the picture.
    ///
    /// The reference fits the mapping from the picture to the input to three points in f32 (the middle, one above it, one to the left of
    /// that) and inverts it; the rounding of the points shows in the result.
    fn mapping(&self) -> [(f64, f64); 2] {
        let half_input = self.input.width as f64 * 0.5;
        let middle = (self.center.0 as f32, self.center.1 as f32);
        let above = (self.center.1 - self.extent.0 * 0.5) as f32;
        let left = middle.0 - (middle.1 - above);
        let scale = (
            half_input / f64::from(middle.0 - left),
            half_input / f64::from(middle.1 - above),
        );
        let shift = (
            half_input - scale.0 * f64::from(middle.0),
            self.input.height as f64 * 0.5 - scale.1 * f64::from(middle.1),
        );
        let inverse = 1.0 / (scale.0 * scale.1);
        let back = (scale.1 * inverse, scale.0 * inverse);
        [(back.0, -back.0 * shift.0), (back.1, -back.1 * shift.1)]
    }

    /// Cuts the rectangle out, bilinearly and black beyond the picture, bytes equal to `OpenCV` 4's `warpAffine`; only where a place
    /// falls on a rounding tie, a row or column may come from 1/32 pixel beside.
    ///
    /// Fails where the input is empty or too large.
    pub fn cut(&self, picture: &Picture) -> Result<Picture, PictureError> {
        let channels = picture.channels();
        let mut target = Picture::filled(self.input, channels, 0)?;
        let [columns, rows] = self.mapping();
        let columns = column_places(columns, self.input.width);
        let rows = row_places(rows, self.input.height);
        let stride = self.input.width * channels;
        target
            .samples_mut()
            .par_chunks_mut(stride)
            .zip(&rows)
            .for_each(|(target_row, &row)| {
                for (pixel, &column) in target_row.chunks_exact_mut(channels).zip(&columns) {
                    for (channel, sample) in pixel.iter_mut().enumerate() {
                        *sample = bilinear(picture, column, row, channel);
                    }
                }
            });
        Ok(target)
    }

    /// The network's input `[channel, y, x]` from a cut-out in blue, green, red.
    ///
    /// Fails where the picture does not have three channels.
    pub fn normalise(cut_out: &Picture) -> Result<Vec<f32>, PictureError> {
        let channels = cut_out.channels();
        if channels != MEANS.len() {
            return Err(PictureError::WrongChannels {
                what: "the pose network",
                expected: MEANS.len(),
                found: channels,
            });
        }
        Ok(cut_out.planes(|channel, level| {
            ((f64::from(level) - MEANS[channel]) / SPREADS[channel]) as f32
        }))
    }

    /// A place in the input as a place in the picture, both in pixels.
    pub fn back(&self, (column, row): (f64, f64)) -> (f64, f64) {
        let axis = |place: f64, input: usize, extent: f64, center: f64| {
            place / input as f64 * extent + center - extent / 2.0
        };
        (
            axis(column, self.input.width, self.extent.0, self.center.0),
            axis(row, self.input.height, self.extent.1, self.center.1),
        )
    }
}

/// Places of the target's columns in the source, in 1/32 pixel; scaled and shifted places are rounded apart.
fn column_places((scale, shift): (f64, f64), count: usize) -> Vec<i64> {
    (0..count)
        .map(|column| on_grid(fixed(shift) + fixed(scale * column as f64)))
        .collect()
}

/// Places of the target's rows in the source, in 1/32 pixel; rounded once.
fn row_places((scale, shift): (f64, f64), count: usize) -> Vec<i64> {
    (0..count)
        .map(|row| on_grid(fixed(scale * row as f64 + shift)))
        .collect()
}

/// A place with ten fractional bits. The cast saturates: a place far outside stays outside.
fn fixed(place: f64) -> i64 {
    i64::from((place * f64::from(1 << PLACE_BITS)).round_ties_even() as i32)
}

/// Rounds ten fractional bits to five.
fn on_grid(place: i64) -> i64 {
    let half = 1 << (PLACE_BITS - GRID_BITS - 1);
    (place + half) >> (PLACE_BITS - GRID_BITS)
}

fn bilinear(picture: &Picture, column: i64, row: i64, channel: usize) -> u8 {
    let (x, y) = (column >> GRID_BITS, row >> GRID_BITS);
    let (right, lower) = (column & (GRID - 1), row & (GRID - 1));
    let level = |x: i64, y: i64| {
        let inside =
            (0..picture.width() as i64).contains(&x) && (0..picture.height() as i64).contains(&y);
        if inside {
            i64::from(picture.row(y as usize)[x as usize * picture.channels() + channel])
        } else {
            0
        }
    };
    let upper_sum = level(x, y) * (GRID - right) + level(x + 1, y) * right;
    let lower_sum = level(x, y + 1) * (GRID - right) + level(x + 1, y + 1) * right;
    let sum = upper_sum * (GRID - lower) + lower_sum * lower;
    ((sum + GRID * GRID / 2) >> (2 * GRID_BITS)) as u8
}

#[cfg(test)]
mod tests {
    use super::{column_places, row_places};

    #[test]
    fn columns_are_rounded_in_two_parts_and_rows_in_one() {
        let mapping = (0.512 / 1024.0, 14.512 / 1024.0);
        assert_eq!(column_places(mapping, 2), [0, 1]);
        assert_eq!(row_places(mapping, 2), [0, 0]);
    }
}
