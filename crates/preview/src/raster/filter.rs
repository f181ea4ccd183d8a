//! Linear filters and the bilateral filter; borders are mirrored without repeating the outermost sample.

use super::plane::{Color, Gray, Mask, Plane, Sample, for_each_row};

/// Smallest sigma that `gaussian` uses, in pixels.
const MIN_SIGMA: f32 = 0.3;

/// Blurs with a Gaussian of the given sigma in pixels (at least 0.3).
pub fn gaussian<S: Sample>(plane: &Plane<S>, sigma: f32) -> Plane<S> {
    let kernel = gaussian_kernel(sigma.max(MIN_SIGMA));
    convolve_rows(&convolve_columns(plane, &kernel), &kernel)
}

/// Blurs a mask (true = 1, false = 0) with a Gaussian of the given sigma in pixels (at least 0.3).
pub fn gaussian_mask(mask: &Mask, sigma: f32) -> Gray {
    gaussian(&mask.map(f32::from), sigma)
}

/// Averages a window of `width` x `height` pixels around every pixel (odd sizes; even ones grow by one).
pub fn box_blur<S: Sample>(plane: &Plane<S>, width: usize, height: usize) -> Plane<S> {
    let horizontal = vec![1.0 / (width | 1) as f32; width | 1];
    let vertical = vec![1.0 / (height | 1) as f32; height | 1];
    convolve_rows(&convolve_columns(plane, &vertical), &horizontal)
}

/// Smooths colours but not edges: averages neighbours within `diameter` / 2 pixels, weighted by distance and by colour.
///
/// `sigma_color` is in units of the samples (sum of absolute differences over the channels), `sigma_space` in pixels.
pub fn bilateral(plane: &Color, diameter: usize, sigma_color: f32, sigma_space: f32) -> Color {
    let radius = (diameter / 2) as isize;
    let color_factor = -0.5 / (sigma_color * sigma_color);
    let space_factor = -0.5 / (sigma_space * sigma_space);
    let mut window = Vec::new();
    for dy in -radius..=radius {
        for dx in -radius..=radius {
            let squared = (dx * dx + dy * dy) as f32;
            if squared.sqrt() <= radius as f32 {
                window.push((dx, dy, (squared * space_factor).exp()));
            }
        }
    }
    let (width, height) = plane.size();
    Plane::from_fn(width, height, |x, y| {
        let center = plane[(x, y)];
        let (mut sum, mut total) = ([0.0; 3], 0.0);
        for &(dx, dy, space_weight) in &window {
            let column = mirror(x as isize + dx, width);
            let value = plane[(column, mirror(y as isize + dy, height))];
            let difference = (value[0] - center[0]).abs()
                + (value[1] - center[1]).abs()
                + (value[2] - center[2]).abs();
            let weight = space_weight * (difference * difference * color_factor).exp();
            sum = sum.add_scaled(value, weight);
            total += weight;
        }
        sum.scale(1.0 / total)
    })
}

/// Differentiates along x with the 3x3 Sobel kernel, unscaled (a slope of 1 per pixel gives 8).
pub fn sobel_x(plane: &Gray) -> Gray {
    convolve_rows(
        &convolve_columns(plane, &[1.0, 2.0, 1.0]),
        &[-1.0, 0.0, 1.0],
    )
}

/// Differentiates along y with the 3x3 Sobel kernel, unscaled (a slope of 1 per pixel gives 8).
pub fn sobel_y(plane: &Gray) -> Gray {
    convolve_rows(
        &convolve_columns(plane, &[-1.0, 0.0, 1.0]),
        &[1.0, 2.0, 1.0],
    )
}

/// Differentiates every channel along x with the 3x3 Sobel kernel, unscaled.
pub fn sobel_x_color(plane: &Color) -> Color {
    convolve_rows(
        &convolve_columns(plane, &[1.0, 2.0, 1.0]),
        &[-1.0, 0.0, 1.0],
    )
}

/// Differentiates every channel along y with the 3x3 Sobel kernel, unscaled.
pub fn sobel_y_color(plane: &Color) -> Color {
    convolve_rows(
        &convolve_columns(plane, &[-1.0, 0.0, 1.0]),
        &[1.0, 2.0, 1.0],
    )
}

/// Moves the picture down by `rows` (up when negative); the rows that come in repeat the border.
pub fn shift_down<S: Sample>(plane: &Plane<S>, rows: isize) -> Plane<S> {
    let (width, height) = plane.size();
    let mut out = Plane::new(width, height, S::default());
    out.fill_rows(|y, row| {
        let source = (y as isize - rows).clamp(0, height as isize - 1) as usize;
        row.copy_from_slice(plane.row(source));
    });
    out
}

/// Sampled Gaussian that sums to 1, cut off at four sigmas.
fn gaussian_kernel(sigma: f32) -> Vec<f32> {
    let radius = (((sigma * 8.0 + 1.0).round() as isize) | 1) / 2;
    let factor = -0.5 / (f64::from(sigma) * f64::from(sigma));
    let weights: Vec<f64> = (-radius..=radius)
        .map(|i| ((i * i) as f64 * factor).exp())
        .collect();
    let total: f64 = weights.iter().sum();
    weights
        .iter()
        .map(|weight| (weight / total) as f32)
        .collect()
}

/// Index mirrored at both ends without repeating the end: -1 becomes 1, `length` becomes `length` - 2.
fn mirror(index: isize, length: usize) -> usize {
    if length < 2 {
        return 0;
    }
    let period = 2 * (length as isize - 1);
    let wrapped = index.rem_euclid(period);
    wrapped.min(period - wrapped) as usize
}

fn convolve_columns<S: Sample>(plane: &Plane<S>, kernel: &[f32]) -> Plane<S> {
    let (width, height) = plane.size();
    let radius = (kernel.len() / 2) as isize;
    let mut out = Plane::new(width, height, S::default());
    if width == 0 {
        return out;
    }
    for_each_row(out.data_mut(), width, |y, row| {
        let row = S::as_floats_mut(row);
        for (i, &weight) in kernel.iter().enumerate() {
            let source = mirror(y as isize + i as isize - radius, height);
            for (value, sample) in row.iter_mut().zip(S::as_floats(plane.row(source))) {
                *value += sample * weight;
            }
        }
    });
    out
}

fn convolve_rows<S: Sample>(plane: &Plane<S>, kernel: &[f32]) -> Plane<S> {
    let (width, height) = plane.size();
    let radius = kernel.len() / 2;
    let mut out = Plane::new(width, height, S::default());
    if width == 0 {
        return out;
    }
    for_each_row(out.data_mut(), width, |y, row| {
        let source = plane.row(y);
        let padded: Vec<S> = (0..width + 2 * radius)
            .map(|i| source[mirror(i as isize - radius as isize, width)])
            .collect();
        let padded = S::as_floats(&padded);
        let row = S::as_floats_mut(row);
        for (i, &weight) in kernel.iter().enumerate() {
            let shifted = &padded[i * S::CHANNELS..];
            for (value, sample) in row.iter_mut().zip(shifted) {
                *value += sample * weight;
            }
        }
    });
    out
}
