//! Background of a product photo: a smooth colour surface fitted to the picture's border.

use crate::raster::{Color, Plane, lab_distance, median_color, median_of, solve};

/// Width of the strips at the sides (share of the width) and of those above and below (share of the height).
const SIDE_STRIP: f64 = 0.03;
const END_STRIP: f64 = 0.018;
/// Passes of the robust fit, and Tukey's cut-off in robust standard deviations.
const FIT_PASSES: usize = 8;
const TUKEY_CUT: f64 = 4.5;
/// Added to every measured scatter (Lab), so that thresholds never become zero.
const SIGMA_FLOOR: f64 = 0.3;
/// From a median absolute deviation to the standard deviation of a normal distribution.
const MAD_TO_SIGMA: f64 = 1.4826;
/// Weight under which a sample counts as an outlier.
const OUTLIER_WEIGHT: f64 = 0.05;
/// Scatter (Lab) below which the wall was made flat by retouching.
const FLAT_SCATTER: f64 = 0.12;
/// Terms of a quadratic polynomial in x and y.
const TERMS: usize = 6;

/// The wall as it would look without the garment.
#[derive(Clone, Debug)]
pub(super) struct Backdrop {
    /// Lab colour at every pixel.
    pub(super) surface: Color,
    /// Robust scatter of the border around the surface (Lab), at least `SIGMA_FLOOR`.
    pub(super) sigma: f64,
}

type Coefficients = [[f64; 3]; TERMS];

struct Sample {
    basis: [f64; TERMS],
    color: [f32; 3],
}

impl Backdrop {
    /// Fits a quadratic surface to the border, ignoring whatever else touches it.
    ///
    /// Iteratively reweighted least squares with Tukey's biweight.
    pub(super) fn fit(lab: &Color) -> Self {
        let (width, height) = lab.size();
        let samples = border_samples(lab);
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
        let surface = Plane::from_fn(width, height, |x, y| {
            evaluate(&basis(x, y, width, height), &surface).map(|value| value as f32)
        });
        Self { surface, sigma }
    }

    /// Tells whether the wall was made flat by retouching.
    pub(super) fn is_exactly_flat(&self) -> bool {
        self.sigma - SIGMA_FLOOR < FLAT_SCATTER
    }
}

impl Sample {
    fn residual(&self, surface: &Coefficients) -> f64 {
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

fn evaluate(basis: &[f64; TERMS], surface: &Coefficients) -> [f64; 3] {
    let mut color = [0.0; 3];
    for (term, coefficients) in basis.iter().zip(surface) {
        for (value, coefficient) in color.iter_mut().zip(coefficients) {
            *value += term * coefficient;
        }
    }
    color
}

fn border_samples(lab: &Color) -> Vec<Sample> {
    let (width, height) = lab.size();
    let side = ((width as f64 * SIDE_STRIP) as usize).max(2);
    let end = ((height as f64 * END_STRIP) as usize).max(2);
    let mut samples = Vec::new();
    for y in 0..height {
        let whole_row = y < end || y + end >= height;
        for x in 0..width {
            if whole_row || x < side || x + side >= width {
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
        .map(|&distance| if distance < limit { 1.0 } else { 0.0 })
        .collect()
}

fn weighted_fit(samples: &[Sample], weights: &[f64]) -> Coefficients {
    let mut normal = [0.0; TERMS * TERMS];
    let mut right = [0.0; TERMS * 3];
    for (sample, &weight) in samples.iter().zip(weights) {
        if weight == 0.0 {
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
