//! Resizing and remapping. Pixel centres lie at half-pixel positions of the common rectangle.

mod remap;
mod taps;

pub use remap::{Border, remap_linear, sample_linear};

use super::mask::Mask;
use super::plane::{Gray, Plane, Rgb8, Sample};
use taps::Taps;

/// Rows that one piece of work handles.
const BAND_ROWS: usize = 16;

/// Resizes by averaging the covered area; axes that grow are interpolated linearly instead.
pub fn resize_area<S: Sample>(plane: &Plane<S>, width: usize, height: usize) -> Plane<S> {
    resample(plane, width, height, Taps::area, add_floats)
}

/// Resizes with linear interpolation of the two nearest samples per axis.
pub fn resize_linear<S: Sample>(plane: &Plane<S>, width: usize, height: usize) -> Plane<S> {
    resample(plane, width, height, Taps::linear, add_floats)
}

/// Resizes with cubic convolution (Keys 1981, a = -0.75) of the four nearest samples per axis; may overshoot.
pub fn resize_cubic<S: Sample>(plane: &Plane<S>, width: usize, height: usize) -> Plane<S> {
    resample(plane, width, height, Taps::cubic, add_floats)
}

/// Resizes an 8-bit picture by averaging the covered area, rounded to the nearest value.
pub fn resize_area_rgb8(image: &Rgb8, width: usize, height: usize) -> Rgb8 {
    let add = |sums: &mut [f32], row: &[[u8; 3]], weight: f32| {
        for (sum, value) in sums.iter_mut().zip(row.as_flattened()) {
            *sum += f32::from(*value) * weight;
        }
    };
    super::to_rgb8(&resample(image, width, height, Taps::area, add))
}

/// Resizes a mask by averaging the covered area; gives the covered share, 0..1.
pub fn resize_mask_area(mask: &Mask, width: usize, height: usize) -> Gray {
    let add = |sums: &mut [f32], row: &[bool], weight: f32| {
        for (sum, inside) in sums.iter_mut().zip(row) {
            *sum += f32::from(u8::from(*inside)) * weight;
        }
    };
    resample(mask, width, height, Taps::area, add)
}

/// Resizes by picking one source sample per target sample.
///
/// An empty source gives default samples.
pub fn resize_nearest<T>(plane: &Plane<T>, width: usize, height: usize) -> Plane<T>
where
    T: Copy + Default + Send + Sync,
{
    let (source_width, source_height) = plane.size();
    let mut out = Plane::new(width, height, T::default());
    if plane.data().is_empty() {
        return out;
    }
    let columns: Vec<usize> = (0..width).map(|x| x * source_width / width).collect();
    out.fill_rows(|y, row| {
        let source = plane.row(y * source_height / height);
        for (value, &column) in row.iter_mut().zip(&columns) {
            *value = source[column];
        }
    });
    out
}

/// Adds a row of samples times a weight.
fn add_floats<S: Sample>(sums: &mut [f32], row: &[S], weight: f32) {
    for (sum, value) in sums.iter_mut().zip(S::as_floats(row)) {
        *sum += value * weight;
    }
}

/// Resizes rows first downwards, then along each row; `add` adds one source row times a weight to a line of floats.
///
/// An empty source gives zeros.
fn resample<T: Copy + Sync, S: Sample>(
    plane: &Plane<T>,
    width: usize,
    height: usize,
    taps: impl Fn(usize, usize) -> Taps,
    add: impl Fn(&mut [f32], &[T], f32) + Sync,
) -> Plane<S> {
    let mut out = Plane::new(width, height, S::default());
    if plane.data().is_empty() || width == 0 || height == 0 {
        return out;
    }
    let (columns, rows) = (taps(plane.width(), width), taps(plane.height(), height));
    out.fill_bands(BAND_ROWS, |first_row, band| {
        let mut line = vec![S::default(); plane.width()];
        for (y, row) in (first_row..).zip(band.chunks_exact_mut(width)) {
            let sums = S::as_floats_mut(&mut line);
            sums.fill(0.0);
            let (first, weights) = rows.at(y);
            for (source, &weight) in (first..).zip(weights).filter(|(_, weight)| **weight != 0.0) {
                add(sums, plane.row(source), weight);
            }
            columns.apply(&line, row);
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: usize, height: usize) -> Gray {
        Plane::from_fn(width, height, |x, y| 3.0 * x as f32 - 2.0 * y as f32)
    }

    #[test]
    fn area_averages_whole_and_partial_pixels() {
        let row = Plane::from_vec(4, 1, vec![1.0, 3.0, 5.0, 11.0]);
        assert_eq!(resize_area(&row, 2, 1).data(), [2.0, 8.0]);
        let thirds = Plane::from_vec(3, 1, vec![3.0, 6.0, 9.0]);
        // Each target covers one and a half source pixels.
        let halves = resize_area(&thirds, 2, 1);
        assert!((halves[(0, 0)] - 4.0).abs() < 1e-5 && (halves[(1, 0)] - 8.0).abs() < 1e-5);
    }

    #[test]
    fn area_keeps_the_mean() {
        let plane = ramp(97, 61);
        let mean = |plane: &Gray| plane.data().iter().sum::<f32>() / plane.data().len() as f32;
        for (width, height) in [(48, 30), (31, 60), (7, 5), (1, 1)] {
            assert!((mean(&resize_area(&plane, width, height)) - mean(&plane)).abs() < 0.01);
        }
    }

    #[test]
    fn a_ramp_stays_a_ramp_inside() {
        let plane = ramp(20, 16);
        for (width, height) in [(40, 32), (55, 47)] {
            // Position of a target pixel in the source.
            let place =
                |i: usize, from: usize, to: usize| (i as f32 + 0.5) * from as f32 / to as f32 - 0.5;
            for resized in [
                resize_linear(&plane, width, height),
                resize_cubic(&plane, width, height),
            ] {
                for y in height / 4..height / 2 {
                    for x in width / 4..width / 2 {
                        let expected = 3.0 * place(x, 20, width) - 2.0 * place(y, 16, height);
                        // The cubic kernel with a = -0.75 bends a ramp by up to 3/64 per axis and unit of slope.
                        assert!((resized[(x, y)] - expected).abs() < 0.24, "{x} {y}");
                    }
                }
            }
            let linear = resize_linear(&plane, width, height);
            let expected = 3.0 * place(width / 2, 20, width) - 2.0 * place(height / 2, 16, height);
            assert!((linear[(width / 2, height / 2)] - expected).abs() < 1e-4);
        }
    }

    #[test]
    fn cubic_weights_by_hand() {
        // Half-way between two samples: -3/32, 19/32, 19/32, -3/32.
        let row = Plane::from_vec(4, 1, vec![0.0, 32.0, 0.0, 0.0]);
        let resized = resize_cubic(&row, 2, 1);
        assert!(
            (resized[(0, 0)] - 19.0).abs() < 1e-4,
            "{:?}",
            resized.data()
        );
        // The other target sample lies beyond the bright one.
        assert!((resized[(1, 0)] + 3.0).abs() < 1e-4, "{:?}", resized.data());
    }

    #[test]
    fn the_same_size_changes_nothing() {
        let plane = ramp(9, 8);
        assert_eq!(resize_area(&plane, 9, 8), plane);
        assert_eq!(resize_linear(&plane, 9, 8), plane);
        assert_eq!(resize_cubic(&plane, 9, 8), plane);
        assert_eq!(resize_nearest(&plane, 9, 8), plane);
    }

    #[test]
    fn nearest_picks_samples() {
        let row = Plane::from_vec(4, 1, vec!['a', 'b', 'c', 'd']);
        assert_eq!(resize_nearest(&row, 2, 1).data(), ['a', 'c']);
        assert_eq!(
            resize_nearest(&row, 8, 2).row(1),
            ['a', 'a', 'b', 'b', 'c', 'c', 'd', 'd']
        );
    }

    #[test]
    fn bytes_and_masks_are_averaged_too() {
        let image = Plane::from_vec(2, 1, vec![[10, 0, 255], [11, 1, 255]]);
        assert_eq!(resize_area_rgb8(&image, 1, 1).data(), [[11, 1, 255]]);
        let mask = Plane::from_vec(4, 1, vec![true, false, true, true]);
        assert_eq!(resize_mask_area(&mask, 2, 1).data(), [0.5, 1.0]);
    }

    #[test]
    fn empty_planes_give_zeros() {
        assert_eq!(resize_area(&Gray::new(0, 0, 0.0), 2, 1).data(), [0.0, 0.0]);
        assert_eq!(resize_nearest(&Gray::new(0, 0, 0.0), 1, 1).data(), [0.0]);
        assert!(resize_cubic(&ramp(4, 4), 0, 3).data().is_empty());
    }
}
