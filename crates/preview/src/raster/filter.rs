//! Linear filters and the bilateral filter; borders are mirrored without repeating the outermost sample.

mod bilateral;
mod gaussian;

pub use bilateral::bilateral;
pub use gaussian::{gaussian, gaussian_mask};

use super::plane::{Color, Gray, Plane, Sample};

/// Rows that one piece of work handles, so that buffers are shared between rows.
const BAND_ROWS: usize = 16;

/// Averages a window of `width` x `height` pixels around every pixel (odd sizes; even ones grow by one).
pub fn box_blur<S: Sample>(plane: &Plane<S>, width: usize, height: usize) -> Plane<S> {
    let (columns, rows) = plane.size();
    let (radius_x, radius_y) = (width / 2, height / 2);
    let weight = 1.0 / ((2 * radius_x + 1) * (2 * radius_y + 1)) as f32;
    let mut out = Plane::new(columns, rows, S::default());
    out.fill_bands(BAND_ROWS, |first_row, band| {
        let mut line = vec![S::default(); columns + 2 * radius_x];
        for (i, row) in band.chunks_exact_mut(columns).enumerate() {
            let y = (first_row + i) as isize;
            let middle = S::as_floats_mut(&mut line[radius_x..radius_x + columns]);
            middle.fill(0.0);
            for dy in -(radius_y as isize)..=radius_y as isize {
                let source = S::as_floats(plane.row(mirror(y + dy, rows)));
                middle
                    .iter_mut()
                    .zip(source)
                    .for_each(|(sum, value)| *sum += value);
            }
            mirror_ends(&mut line, radius_x);
            let (sums, row) = (S::as_floats(&line), S::as_floats_mut(row));
            row.copy_from_slice(&sums[..row.len()]);
            for offset in 1..=2 * radius_x {
                let shifted = &sums[offset * S::CHANNELS..];
                row.iter_mut()
                    .zip(shifted)
                    .for_each(|(sum, value)| *sum += value);
            }
            for sum in row {
                *sum *= weight;
            }
        }
    });
    out
}

/// Differentiates along x with the 3x3 Sobel kernel, unscaled (a slope of 1 per pixel gives 8).
pub fn sobel_x(plane: &Gray) -> Gray {
    sobel(plane, [1.0, 2.0, 1.0], [-1.0, 0.0, 1.0])
}

/// Differentiates along y with the 3x3 Sobel kernel, unscaled (a slope of 1 per pixel gives 8).
pub fn sobel_y(plane: &Gray) -> Gray {
    sobel(plane, [-1.0, 0.0, 1.0], [1.0, 2.0, 1.0])
}

/// Differentiates every channel along x with the 3x3 Sobel kernel, unscaled.
pub fn sobel_x_color(plane: &Color) -> Color {
    sobel(plane, [1.0, 2.0, 1.0], [-1.0, 0.0, 1.0])
}

/// Differentiates every channel along y with the 3x3 Sobel kernel, unscaled.
pub fn sobel_y_color(plane: &Color) -> Color {
    sobel(plane, [-1.0, 0.0, 1.0], [1.0, 2.0, 1.0])
}

/// Moves the picture down by `rows` (up when negative); the rows that come in repeat the border.
pub fn shift_down<T: Copy + Default + Send + Sync>(plane: &Plane<T>, rows: isize) -> Plane<T> {
    let (width, height) = plane.size();
    let mut out = Plane::new(width, height, T::default());
    out.fill_rows(|y, row| {
        let source = (y as isize - rows).clamp(0, height as isize - 1) as usize;
        row.copy_from_slice(plane.row(source));
    });
    out
}

/// Convolves with a separable 3x3 kernel given as its column and its row.
fn sobel<S: Sample>(plane: &Plane<S>, vertical: [f32; 3], horizontal: [f32; 3]) -> Plane<S> {
    let (width, height) = plane.size();
    let mut out = Plane::new(width, height, S::default());
    out.fill_bands(BAND_ROWS, |first_row, band| {
        let mut line = vec![S::default(); width + 2];
        for (i, row) in band.chunks_exact_mut(width).enumerate() {
            let y = (first_row + i) as isize;
            let [above, center, below] =
                [-1, 0, 1].map(|dy| S::as_floats(plane.row(mirror(y + dy, height))));
            let middle = S::as_floats_mut(&mut line[1..=width]);
            for (((value, a), b), c) in middle.iter_mut().zip(above).zip(center).zip(below) {
                *value = vertical[0] * a + vertical[1] * b + vertical[2] * c;
            }
            mirror_ends(&mut line, 1);
            let floats = S::as_floats(&line);
            let (center, after) = (&floats[S::CHANNELS..], &floats[2 * S::CHANNELS..]);
            let row = S::as_floats_mut(row);
            for (((value, a), b), c) in row.iter_mut().zip(floats).zip(center).zip(after) {
                *value = horizontal[0] * a + horizontal[1] * b + horizontal[2] * c;
            }
        }
    });
    out
}

/// Index mirrored at both ends without repeating the end: -1 becomes 1, `length` becomes `length` - 2.
fn mirror(index: isize, length: usize) -> usize {
    if index >= 0 && (index as usize) < length {
        return index as usize;
    }
    if length < 2 {
        return 0;
    }
    let period = 2 * (length as isize - 1);
    let wrapped = index.rem_euclid(period);
    wrapped.min(period - wrapped) as usize
}

/// Fills `radius` samples at both ends of a line with the mirrored inner samples.
fn mirror_ends<S: Copy>(line: &mut [S], radius: usize) {
    let length = line.len() - 2 * radius;
    for i in 1..=radius {
        line[radius - i] = line[radius + mirror(-(i as isize), length)];
        line[radius + length + i - 1] = line[radius + mirror((length + i - 1) as isize, length)];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: usize, height: usize, dx: f32, dy: f32) -> Gray {
        Plane::from_fn(width, height, |x, y| x as f32 * dx + y as f32 * dy)
    }

    #[test]
    fn mirror_does_not_repeat_the_end() {
        let indices: Vec<usize> = (-3..7).map(|i| mirror(i, 4)).collect();
        assert_eq!(indices, [3, 2, 1, 0, 1, 2, 3, 2, 1, 0]);
        assert_eq!(mirror(-5, 1), 0);
    }

    #[test]
    fn box_blur_averages_the_window() {
        let plane = Plane::from_vec(3, 3, vec![0.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.0]);
        // At a border the mirrored window sees the bright pixel twice per mirrored axis.
        let expected = [4.0, 2.0, 4.0, 2.0, 1.0, 2.0, 4.0, 2.0, 4.0];
        assert_eq!(box_blur(&plane, 3, 3).data(), expected);
    }

    #[test]
    fn box_blur_keeps_a_ramp_inside() {
        let blurred = box_blur(&ramp(20, 16, 2.0, -1.0), 5, 3);
        assert!((blurred[(10, 8)] - 12.0).abs() < 1e-5);
    }

    #[test]
    fn sobel_measures_the_slope_times_eight() {
        let plane = ramp(6, 5, 2.0, 3.0);
        let (along_x, along_y) = (sobel_x(&plane), sobel_y(&plane));
        assert_eq!((along_x[(3, 2)], along_y[(3, 2)]), (16.0, 24.0));
        // Mirrored borders see no slope across the border.
        assert_eq!((along_x[(0, 2)], along_y[(3, 4)]), (0.0, 0.0));
    }

    #[test]
    fn sobel_of_colour_works_per_channel() {
        let plane = Plane::from_fn(6, 5, |x, y| [x as f32, y as f32, 7.0]);
        assert_eq!(sobel_x_color(&plane)[(2, 2)], [8.0, 0.0, 0.0]);
        assert_eq!(sobel_y_color(&plane)[(2, 2)], [0.0, 8.0, 0.0]);
    }

    #[test]
    fn shift_down_repeats_the_border_row() {
        let plane = Plane::from_vec(1, 4, vec![1.0, 2.0, 3.0, 4.0]);
        assert_eq!(shift_down(&plane, 2).data(), [1.0, 1.0, 1.0, 2.0]);
        assert_eq!(shift_down(&plane, -1).data(), [2.0, 3.0, 4.0, 4.0]);
    }
}
