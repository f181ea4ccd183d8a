//! Bilateral filter (Tomasi and Manduchi 1998).

use super::super::math::exp2;
use super::super::plane::{Color, Plane};
use super::{BAND_ROWS, mirror, mirror_ends};

/// Smooths colours but not edges: averages neighbours within `diameter` / 2 pixels, weighted by distance and by colour.
///
/// `sigma_color` is in units of the samples (the difference of two colours is the sum of the absolute differences of their
/// channels), `sigma_space` in pixels.
pub fn bilateral(plane: &Color, diameter: usize, sigma_color: f32, sigma_space: f32) -> Color {
    let (width, height) = plane.size();
    let window = Window::new(diameter / 2, sigma_color, sigma_space);
    let radius = window.radius;
    let mut out = Plane::new(width, height, [0.0; 3]);
    out.fill_bands(BAND_ROWS, |first_row, band| {
        let rows = band.len() / width;
        let padded: Vec<[Vec<f32>; 3]> = (0..rows + 2 * radius)
            .map(|i| {
                let y = mirror((first_row + i) as isize - radius as isize, height);
                split_channels(plane.row(y), radius)
            })
            .collect();
        let mut sums: [Vec<f32>; 4] = std::array::from_fn(|_| vec![0.0; width]);
        for (i, row) in band.chunks_exact_mut(width).enumerate() {
            window.filter_row(&padded[i..=i + 2 * radius], &mut sums);
            let [total, parts @ ..] = &sums;
            for (x, value) in row.iter_mut().enumerate() {
                let weight = 1.0 / total[x];
                *value = [
                    parts[0][x] * weight,
                    parts[1][x] * weight,
                    parts[2][x] * weight,
                ];
            }
        }
    });
    out
}

/// The neighbours of a pixel with their weights.
struct Window {
    radius: usize,
    /// Column and row inside the padded window, weight of the distance.
    taps: Vec<(usize, usize, f32)>,
    /// Exponent (base 2) per squared colour difference.
    exponent: f32,
}

impl Window {
    fn new(radius: usize, sigma_color: f32, sigma_space: f32) -> Self {
        let space_factor = -0.5 / (sigma_space * sigma_space);
        let mut taps = Vec::new();
        for j in 0..=2 * radius {
            for i in 0..=2 * radius {
                let (dx, dy) = (i.abs_diff(radius), j.abs_diff(radius));
                let squared = dx * dx + dy * dy;
                if squared <= radius * radius {
                    taps.push((i, j, (squared as f32 * space_factor).exp()));
                }
            }
        }
        let exponent = -0.5 * std::f32::consts::LOG2_E / (sigma_color * sigma_color);
        Self {
            radius,
            taps,
            exponent,
        }
    }

    /// Sums weights and weighted channels for one row; `rows` are the padded rows around it.
    fn filter_row(&self, rows: &[[Vec<f32>; 3]], sums: &mut [Vec<f32>; 4]) {
        let [total, red, green, blue] = sums;
        let width = total.len();
        for sum in [&mut *total, red, green, blue] {
            sum.fill(0.0);
        }
        let center = rows[self.radius]
            .each_ref()
            .map(|line| &line[self.radius..][..width]);
        for &(i, j, space_weight) in &self.taps {
            let near = rows[j].each_ref().map(|line| &line[i..][..width]);
            let (total, red, green, blue) = (
                &mut total[..width],
                &mut red[..width],
                &mut green[..width],
                &mut blue[..width],
            );
            for x in 0..width {
                let difference = (near[0][x] - center[0][x]).abs()
                    + (near[1][x] - center[1][x]).abs()
                    + (near[2][x] - center[2][x]).abs();
                let weight = space_weight * exp2(difference * difference * self.exponent);
                total[x] += weight;
                red[x] += near[0][x] * weight;
                green[x] += near[1][x] * weight;
                blue[x] += near[2][x] * weight;
            }
        }
    }
}

/// Separates the channels of a row and mirrors `radius` samples at both ends.
fn split_channels(row: &[[f32; 3]], radius: usize) -> [Vec<f32>; 3] {
    std::array::from_fn(|channel| {
        let mut line = vec![0.0; row.len() + 2 * radius];
        for (value, sample) in line[radius..].iter_mut().zip(row) {
            *value = sample[channel];
        }
        mirror_ends(&mut line, radius);
        line
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_goes_and_edges_stay() {
        let noisy = Plane::from_fn(40, 20, |x, y| {
            let noise = if (x + y) % 2 == 0 { 0.5 } else { -0.5 };
            [if x < 20 { 20.0 } else { 80.0 } + noise, 0.0, 0.0]
        });
        let smooth = bilateral(&noisy, 5, 8.0, 3.0);
        assert!((smooth[(10, 10)][0] - 20.0).abs() < 0.25);
        // Right at the edge: both sides keep their level.
        assert!(
            (smooth[(19, 10)][0] - 20.0).abs() < 0.2 && (smooth[(20, 10)][0] - 80.0).abs() < 0.2
        );
    }

    #[test]
    fn the_window_is_round() {
        // Two pixels away along an axis belongs to the window of diameter 5, two along both axes does not.
        let mut plane = Plane::new(9, 9, [0.0; 3]);
        plane[(4, 4)] = [1.0; 3];
        let smooth = bilateral(&plane, 5, 1000.0, 1000.0);
        assert!((smooth[(6, 4)][0] - 1.0 / 13.0).abs() < 1e-4);
        assert!(smooth[(6, 6)][0].abs() < 1e-9);
    }
}
