//! A smooth colour surface fitted to the border of a picture: the wall as it would look without what stands before it.

use crate::raster::{Color, Plane, lab_distance, median_color, median_of, solve};

/// Passes of the robust fit, and Tukey's cut-off in robust standard deviations.
const FIT_PASSES: usize = 8;
const TUKEY_CUT: f64 = 4.5;
/// Added to every measured scatter (Lab), so that thresholds never become zero.
pub(crate) const SIGMA_FLOOR: f64 = 0.3;
/// From a median absolute deviation to the standard deviation of a normal distribution.
const MAD_TO_SIGMA: f64 = 1.4826;
/// Weight under which a sample counts as an outlier.
const OUTLIER_WEIGHT: f64 = 0.05;

/// Which strips of the border show the wall.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BorderStrips {
    /// Width of the left and right strips, as a share of the picture's width.
    pub(crate) side_width: f64,
    /// Use the left and right strips from the top down to this share of the height.
    pub(crate) side_height: f64,
    /// Height of the top (and bottom) strip, as a share of the picture's height.
    pub(crate) end_height: f64,
    /// Use the bottom strip too.
    pub(crate) bottom: bool,
}

/// A quadratic colour surface over the picture.
#[derive(Debug, Clone)]
pub(crate) struct BorderFit {
    /// The fitted Lab colour at every pixel.
    pub(crate) surface: Color,
    /// Robust spread of the border around the surface (Lab), at least [`SIGMA_FLOOR`].
    pub(crate) sigma: f64,
}

/// Fits the wall's colour as a quadratic polynomial of the position, ignoring whatever else touches the border.
///
/// Iteratively reweighted least squares with Tukey's biweight.
pub(crate) fn fit_border(lab: &Color, strips: BorderStrips) -> BorderFit {
    let (width, height) = lab.size();
    let samples = border_samples(lab, strips);
    let mut weights = first_weights(&samples);
    let mut surface = [[0.0; 3]; TERMS];
    let mut sigma = SIGMA_FLOOR;
    for _ in 0..FIT_PASSES {
        surface = weighted_fit(&samples, &weights);
        let residuals: Vec<f64> = samples
            .iter()
            .map(|sample| sample.residual(&surface))
            .collect();
        let kept = residuals
            .iter()
            .zip(&weights)
            .filter(|(_, weight)| **weight > OUTLIER_WEIGHT);
        let scatter = median_of(kept.map(|(residual, _)| *residual as f32));
        if scatter.is_nan() {
            break;
        }
        sigma = MAD_TO_SIGMA * f64::from(scatter) + SIGMA_FLOOR;
        for (weight, residual) in weights.iter_mut().zip(&residuals) {
            let share = residual / (TUKEY_CUT * sigma);
            *weight = if share < 1.0 {
                (1.0 - share * share).powi(2)
            } else {
                0.0
            };
        }
    }
    BorderFit {
        surface: Plane::from_fn(width, height, |x, y| {
            evaluate(&basis(x, y, width, height), &surface).map(|value| value as f32)
        }),
        sigma,
    }
}

/// Number of terms of a quadratic polynomial in x and y.
const TERMS: usize = 6;

struct Sample {
    basis: [f64; TERMS],
    color: [f32; 3],
}

impl Sample {
    fn residual(&self, surface: &[[f64; 3]; TERMS]) -> f64 {
        let fitted = evaluate(&self.basis, surface);
        let squares = self
            .color
            .iter()
            .zip(fitted)
            .map(|(value, fit)| (f64::from(*value) - fit).powi(2));
        squares.sum::<f64>().sqrt()
    }
}

fn basis(x: usize, y: usize, width: usize, height: usize) -> [f64; TERMS] {
    let u = x as f64 / width as f64 * 2.0 - 1.0;
    let v = y as f64 / height as f64 * 2.0 - 1.0;
    [1.0, u, v, u * u, u * v, v * v]
}

fn evaluate(basis: &[f64; TERMS], surface: &[[f64; 3]; TERMS]) -> [f64; 3] {
    let mut color = [0.0; 3];
    for (term, coefficients) in basis.iter().zip(surface) {
        for (value, coefficient) in color.iter_mut().zip(coefficients) {
            *value += term * coefficient;
        }
    }
    color
}

fn border_samples(lab: &Color, strips: BorderStrips) -> Vec<Sample> {
    let (width, height) = lab.size();
    let side = ((width as f64 * strips.side_width) as usize).max(2);
    let end = ((height as f64 * strips.end_height) as usize).max(2);
    let side_end = (height as f64 * strips.side_height) as usize;
    let mut samples = Vec::new();
    for y in 0..height {
        let whole_row = y < end || (strips.bottom && y + end >= height);
        for x in 0..width {
            let at_side = y < side_end && (x < side || x + side >= width);
            if whole_row || at_side {
                samples.push(Sample {
                    basis: basis(x, y, width, height),
                    color: lab[(x, y)],
                });
            }
        }
    }
    samples
}

/// Starts from the samples near the border's median colour.
fn first_weights(samples: &[Sample]) -> Vec<f64> {
    let middle = median_color(
        &samples
            .iter()
            .map(|sample| sample.color)
            .collect::<Vec<_>>(),
    );
    let distances: Vec<f32> = samples
        .iter()
        .map(|sample| lab_distance(sample.color, middle, [1.0; 3]))
        .collect();
    let limit = (2.5 * median_of(distances.iter().copied())).max(8.0);
    distances
        .iter()
        .map(|distance| if *distance < limit { 1.0 } else { 0.0 })
        .collect()
}

fn weighted_fit(samples: &[Sample], weights: &[f64]) -> [[f64; 3]; TERMS] {
    let mut normal = [0.0; TERMS * TERMS];
    let mut right = [0.0; TERMS * 3];
    for (sample, weight) in samples.iter().zip(weights) {
        if *weight == 0.0 {
            continue;
        }
        for row in 0..TERMS {
            let scaled = weight * sample.basis[row];
            for column in 0..TERMS {
                normal[row * TERMS + column] += scaled * sample.basis[column];
            }
            for channel in 0..3 {
                right[row * 3 + channel] += scaled * f64::from(sample.color[channel]);
            }
        }
    }
    // A breath of ridge keeps the system solvable when few samples are left.
    for term in 0..TERMS {
        normal[term * TERMS + term] += 1e-3;
    }
    solve(&mut normal, TERMS, &mut right, 3);
    std::array::from_fn(|term| std::array::from_fn(|channel| right[term * 3 + channel]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRIPS: BorderStrips = BorderStrips {
        side_width: 0.05,
        side_height: 0.75,
        end_height: 0.03,
        bottom: false,
    };
    /// Spread over which nobody can be told from the background.
    const BUSIEST: f64 = 8.0;

    fn wall(x: usize, y: usize) -> [f32; 3] {
        let (u, v) = (x as f32 / 100.0, y as f32 / 120.0);
        [80.0 - 6.0 * u + 4.0 * v * v, 1.0 + u, -2.0 + 3.0 * u * v]
    }

    #[test]
    fn fits_a_curved_wall_although_something_touches_the_border() {
        let picture = Color::from_fn(100, 120, |x, y| {
            if (40..55).contains(&y) || x > 90 && y > 70 {
                [20.0, 30.0, 10.0]
            } else {
                wall(x, y)
            }
        });
        let fit = fit_border(&picture, STRIPS);
        assert!(fit.sigma < 0.5, "sigma {}", fit.sigma);
        for (x, y) in [(0, 0), (50, 10), (99, 60), (50, 60), (30, 89)] {
            let off = lab_distance(fit.surface[(x, y)], wall(x, y), [1.0; 3]);
            assert!(off < 0.5, "({x}, {y}) is off by {off}");
        }
    }

    #[test]
    fn measures_the_spread_of_a_busy_border() {
        let busy = Color::from_fn(100, 120, |x, y| {
            [
                ((x * 37 + y * 91) % 100) as f32,
                ((x * 53) % 40) as f32,
                0.0,
            ]
        });
        assert!(fit_border(&busy, STRIPS).sigma > BUSIEST);
    }
}
