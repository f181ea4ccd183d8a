//! Mixtures of normal distributions over colours and, when wanted, places.

use std::f32::consts::LOG2_E;

use rayon::prelude::*;

use super::super::math::exp2;
use super::super::stats::kmeans_labels;

/// Most normal distributions in a mixture.
const MOST_COMPONENTS: usize = 10;
/// Colours that take part in the first grouping at most.
const MAX_START: usize = 4_000;
/// Rounds and seed of the first grouping.
const START_ROUNDS: usize = 10;
const START_SEED: u64 = 1;
/// Determinant up to which a covariance counts as flat, and what its diagonal then gains.
const FLAT: f64 = 0.01;
/// Samples that are summed together; the sums are then added in their order.
const CHUNK: usize = 4096;

/// A colour (R, G, B 0..255) at a place (pixels) that stands for `weight` pixels.
#[derive(Clone, Copy)]
pub(super) struct Sample {
    pub(super) color: [f32; 3],
    pub(super) place: [f32; 2],
    pub(super) weight: f32,
}

/// One normal distribution.
#[derive(Clone, Copy)]
struct Component {
    mean: [f32; 3],
    /// Inverse covariance: xx, yy, zz and twice xy, xz, yz, all times -1/2.
    form: [f32; 6],
    /// Middle of the component's place, and its inverse variances times -1/2; 0 where places do not count.
    place: [f32; 2],
    place_form: [f32; 2],
    /// Logarithm of the peak without and with the share of the component.
    log_peak: f32,
    log_share_peak: f32,
}

/// A mixture of normal distributions; densities leave out the common constant factor.
///
/// With places a component knows where its colour is seen: the same brown may be a door on the left and hair in the middle.
pub(super) struct Mixture {
    components: Vec<Component>,
    kind: MixtureKind,
}

/// What a mixture looks like.
#[derive(Clone, Copy)]
pub(super) struct MixtureKind {
    /// Normal distributions, at most [`MOST_COMPONENTS`].
    pub(super) components: usize,
    /// Least deviation of a place in pixels; none when places do not count.
    pub(super) place_spread: Option<f32>,
}

impl Mixture {
    /// Groups the samples into clusters and learns one component from each.
    pub(super) fn start(samples: &[Sample], kind: MixtureKind) -> Self {
        let count = kind.components.clamp(1, MOST_COMPONENTS);
        let step = samples.len().div_ceil(MAX_START).max(1);
        let thinned: Vec<Sample> = samples.iter().step_by(step).copied().collect();
        let colors: Vec<[f32; 3]> = thinned.iter().map(|sample| sample.color).collect();
        let labels = kmeans_labels(&colors, count, START_ROUNDS, START_SEED).1;
        let mut moments = [Moments::default(); MOST_COMPONENTS];
        for (sample, label) in thinned.iter().zip(labels) {
            moments[label].add(sample);
        }
        Self::from_moments(&moments, kind)
    }

    /// Learns every component anew from the samples that are most likely to be its own.
    pub(super) fn learn(&self, samples: &[Sample]) -> Self {
        let parts: Vec<_> = samples
            .par_chunks(CHUNK)
            .map(|chunk| {
                let mut moments = [Moments::default(); MOST_COMPONENTS];
                for sample in chunk {
                    moments[self.nearest(sample.color, sample.place)].add(sample);
                }
                moments
            })
            .collect();
        let mut moments = [Moments::default(); MOST_COMPONENTS];
        for part in &parts {
            moments
                .iter_mut()
                .zip(part)
                .for_each(|(sum, part)| sum.join(part));
        }
        Self::from_moments(&moments, self.kind)
    }

    /// Logarithm of the density of a colour at a place.
    pub(super) fn log_density(&self, color: [f32; 3], place: [f32; 2]) -> f32 {
        let mut logs = [f32::MIN; MOST_COMPONENTS];
        for (log, component) in logs.iter_mut().zip(&self.components) {
            *log = component.log_share_peak + component.exponent(color, place);
        }
        let logs = &logs[..self.components.len()];
        let highest = logs.iter().copied().fold(f32::MIN, f32::max);
        let sum: f32 = logs.iter().map(|log| exp2((log - highest) * LOG2_E)).sum();
        highest + sum.ln()
    }

    /// Component with the highest density at a colour, whatever its share.
    fn nearest(&self, color: [f32; 3], place: [f32; 2]) -> usize {
        let mut best = (0, f32::NEG_INFINITY);
        for (i, component) in self.components.iter().enumerate() {
            let log = component.log_peak + component.exponent(color, place);
            if log > best.1 {
                best = (i, log);
            }
        }
        best.0
    }

    fn from_moments(moments: &[Moments], kind: MixtureKind) -> Self {
        let total: f64 = moments.iter().map(|moments| moments.weight).sum();
        let components = moments
            .iter()
            .filter(|moments| moments.weight > 0.0)
            .map(|moments| moments.component(total, kind.place_spread))
            .collect();
        Self { components, kind }
    }
}

impl Component {
    /// Minus half the squared distance from the mean in units of the covariance.
    #[inline]
    fn exponent(&self, color: [f32; 3], place: [f32; 2]) -> f32 {
        let [x, y, z] = [0, 1, 2].map(|i| color[i] - self.mean[i]);
        let [xx, yy, zz, xy, xz, yz] = self.form;
        let [across, down] =
            [0, 1].map(|i| (place[i] - self.place[i]).powi(2) * self.place_form[i]);
        x * (xx * x + xy * y + xz * z) + y * (yy * y + yz * z) + zz * z * z + across + down
    }
}

/// Weighted sums of colours and of their products.
#[derive(Clone, Copy, Default)]
struct Moments {
    weight: f64,
    sum: [f64; 3],
    /// xx, yy, zz, xy, xz, yz.
    products: [f64; 6],
    place: [f64; 2],
    place_squares: [f64; 2],
}

impl Moments {
    fn add(&mut self, sample: &Sample) {
        let weight = f64::from(sample.weight);
        let [x, y, z] = sample.color.map(f64::from);
        self.weight += weight;
        for (sum, value) in self.sum.iter_mut().zip([x, y, z]) {
            *sum += weight * value;
        }
        for (sum, value) in self
            .products
            .iter_mut()
            .zip([x * x, y * y, z * z, x * y, x * z, y * z])
        {
            *sum += weight * value;
        }
        for axis in 0..2 {
            let value = f64::from(sample.place[axis]);
            self.place[axis] += weight * value;
            self.place_squares[axis] += weight * value * value;
        }
    }

    fn join(&mut self, other: &Self) {
        self.weight += other.weight;
        self.sum
            .iter_mut()
            .zip(other.sum)
            .for_each(|(sum, part)| *sum += part);
        self.products
            .iter_mut()
            .zip(other.products)
            .for_each(|(sum, part)| *sum += part);
        for axis in 0..2 {
            self.place[axis] += other.place[axis];
            self.place_squares[axis] += other.place_squares[axis];
        }
    }

    fn component(&self, total: f64, place_spread: Option<f32>) -> Component {
        let mean = self.sum.map(|sum| sum / self.weight);
        let [x, y, z] = mean;
        let squares = [x * x, y * y, z * z, x * y, x * z, y * z];
        let mut covariance =
            [0, 1, 2, 3, 4, 5].map(|i| self.products[i] / self.weight - squares[i]);
        if determinant(covariance) <= FLAT {
            covariance[..3]
                .iter_mut()
                .for_each(|variance| *variance += FLAT);
        }
        let determinant = determinant(covariance).max(f64::MIN_POSITIVE);
        let [xx, yy, zz, xy, xz, yz] = covariance;
        let inverse = [
            yy * zz - yz * yz,
            xx * zz - xz * xz,
            xx * yy - xy * xy,
            2.0 * (xz * yz - xy * zz),
            2.0 * (xy * yz - xz * yy),
            2.0 * (xy * xz - yz * xx),
        ];
        let place = self.place.map(|sum| sum / self.weight);
        let variances = place_spread.map(|least| {
            [0, 1].map(|axis| {
                let variance = self.place_squares[axis] / self.weight - place[axis].powi(2);
                variance.max(f64::from(least * least).max(f64::MIN_POSITIVE))
            })
        });
        let place_peak = variances.map_or(0.0, |[across, down]| (across * down).ln());
        let log_peak = -0.5 * (determinant.ln() + place_peak);
        Component {
            mean: mean.map(|part| part as f32),
            form: inverse.map(|part| (-0.5 * part / determinant) as f32),
            place: place.map(|part| part as f32),
            place_form: variances.map_or([0.0; 2], |variances| {
                variances.map(|variance| (-0.5 / variance) as f32)
            }),
            log_peak: log_peak as f32,
            log_share_peak: (log_peak + (self.weight / total).ln()) as f32,
        }
    }
}

/// Determinant of a symmetric matrix given as xx, yy, zz, xy, xz, yz.
fn determinant([xx, yy, zz, xy, xz, yz]: [f64; 6]) -> f64 {
    xx * (yy * zz - yz * yz) - xy * (xy * zz - yz * xz) + xz * (xy * yz - yy * xz)
}

#[cfg(test)]
mod tests {
    use super::super::super::random::XorShift;
    use super::*;

    const COLORS_ONLY: MixtureKind = MixtureKind {
        components: 5,
        place_spread: None,
    };

    fn cloud(center: [f32; 3], spread: [f32; 3], count: usize, seed: u64) -> Vec<Sample> {
        let mut random = XorShift::new(seed);
        (0..count)
            .map(|_| {
                let color = [0, 1, 2].map(|i| center[i] + spread[i] * random.normal());
                Sample {
                    color,
                    place: [0.0; 2],
                    weight: 1.0,
                }
            })
            .collect()
    }

    /// Everything in one component.
    fn single(samples: &[Sample]) -> Mixture {
        let mut moments = [Moments::default(); MOST_COMPONENTS];
        for sample in samples {
            moments[0].add(sample);
        }
        Mixture::from_moments(&moments, COLORS_ONLY)
    }

    #[test]
    fn one_cloud_gives_its_own_density() {
        let samples = cloud([100.0, 50.0, 20.0], [4.0, 8.0, 2.0], 4000, 1);
        let mixture = single(&samples);
        assert_eq!(mixture.components.len(), 1);
        // Peak of a normal distribution without the constant: one over the product of the deviations.
        let peak = -(4.0_f32 * 8.0 * 2.0).ln();
        assert!((mixture.log_density([100.0, 50.0, 20.0], [0.0; 2]) - peak).abs() < 0.1);
        assert!((mixture.log_density([104.0, 50.0, 20.0], [0.0; 2]) - (peak - 0.5)).abs() < 0.1);
        assert!((mixture.log_density([100.0, 66.0, 24.0], [0.0; 2]) - (peak - 4.0)).abs() < 0.4);
    }

    #[test]
    fn correlated_channels_are_learned() {
        let mut random = XorShift::new(6);
        let samples: Vec<Sample> = (0..4000)
            .map(|_| {
                let (a, b) = (random.normal(), random.normal());
                Sample {
                    color: [10.0 * a, 10.0 * a + b, 5.0 * random.normal()],
                    place: [0.0; 2],
                    weight: 1.0,
                }
            })
            .collect();
        let mixture = single(&samples);
        let along = mixture.log_density([10.0, 10.0, 0.0], [0.0; 2]);
        let across = mixture.log_density([10.0, -10.0, 0.0], [0.0; 2]);
        assert!(along - across > 100.0, "{along} {across}");
    }

    #[test]
    fn two_clouds_are_told_apart() {
        let mut samples = cloud([30.0; 3], [3.0; 3], 900, 2);
        samples.extend(cloud([200.0; 3], [3.0; 3], 100, 3));
        let first = Mixture::start(&samples, COLORS_ONLY);
        let second = first.learn(&samples);
        for mixture in [&first, &second] {
            let (many, few) = (
                mixture.log_density([30.0; 3], [0.0; 2]),
                mixture.log_density([200.0; 3], [0.0; 2]),
            );
            assert!(many > few && few > mixture.log_density([115.0; 3], [0.0; 2]) + 20.0);
        }
    }

    #[test]
    fn weights_count_like_repeated_samples() {
        let once = cloud([80.0; 3], [5.0; 3], 50, 4);
        let mut doubled = once.clone();
        doubled.extend(once.iter().copied());
        let heavy: Vec<Sample> = once
            .iter()
            .map(|sample| Sample {
                weight: 2.0,
                ..*sample
            })
            .collect();
        let density = |samples: &[Sample]| single(samples).log_density([81.0; 3], [0.0; 2]);
        assert!((density(&doubled) - density(&heavy)).abs() < 1e-4);
    }

    #[test]
    fn a_single_colour_is_no_trouble() {
        let mixture = Mixture::start(
            &[Sample {
                color: [255.0; 3],
                place: [0.0; 2],
                weight: 1.0,
            }; 9],
            COLORS_ONLY,
        );
        let (own, other) = (
            mixture.log_density([255.0; 3], [0.0; 2]),
            mixture.log_density([0.0; 3], [0.0; 2]),
        );
        assert!(own.is_finite() && other.is_finite() && own > other);
    }

    #[test]
    fn a_place_tells_equal_colours_apart() {
        let at = |x: f32, seed| {
            cloud([90.0; 3], [4.0; 3], 300, seed)
                .into_iter()
                .enumerate()
                .map(move |(step, sample)| Sample {
                    place: [x, step as f32],
                    ..sample
                })
        };
        let kind = MixtureKind {
            components: 2,
            place_spread: Some(10.0),
        };
        let left: Vec<Sample> = at(20.0, 7).collect();
        let right: Vec<Sample> = at(200.0, 8).collect();
        let [left, right] =
            [left, right].map(|samples| Mixture::start(&samples, kind).learn(&samples));
        let gain = |place| left.log_density([90.0; 3], place) - right.log_density([90.0; 3], place);
        assert!(gain([25.0, 150.0]) > 5.0 && gain([195.0, 150.0]) < -5.0);
    }
}
