//! Weights of the source samples that make up each target sample of an axis.

use super::super::plane::Sample;

/// Length of a source sample that does not count.
const SLIVER: f64 = 1e-6;

/// For every target sample the first source sample and the same number of weights.
pub(super) struct Taps {
    firsts: Vec<usize>,
    /// Weights of all target samples one after another.
    weights: Vec<f32>,
    count: usize,
}

impl Taps {
    /// Weights for averaging the covered length; linear when the axis grows.
    pub(super) fn area(source: usize, target: usize) -> Self {
        if target >= source {
            return Self::linear(source, target);
        }
        let scale = source as f64 / target as f64;
        let covered = |i: usize| {
            (
                i as f64 * scale,
                ((i + 1) as f64 * scale).min(source as f64),
            )
        };
        // First and one past the last source sample; a sliver that comes from rounding is no sample.
        let reach = |i: usize| {
            let (start, end) = covered(i);
            ((start + SLIVER) as usize, (end - SLIVER).ceil() as usize)
        };
        let count = (0..target)
            .map(|i| reach(i).1 - reach(i).0)
            .max()
            .unwrap_or(1);
        let mut taps = Self::with_count(target, count);
        for i in 0..target {
            let (start, end) = covered(i);
            // Near the end the window moves left, so that it never reaches beyond the source.
            let first = reach(i).0.min(source - count);
            let part = |j: usize| (end.min((j + 1) as f64) - start.max(j as f64)).max(0.0);
            taps.firsts.push(first);
            taps.weights
                .extend((first..first + count).map(|j| (part(j) / (end - start)) as f32));
        }
        taps
    }

    /// Weights of the two nearest samples.
    pub(super) fn linear(source: usize, target: usize) -> Self {
        Self::interpolating(source, target, |t| [1.0 - t, t])
    }

    /// Weights of the four nearest samples by cubic convolution with a = -0.75.
    pub(super) fn cubic(source: usize, target: usize) -> Self {
        const A: f32 = -0.75;
        let near = |d: f32| ((A + 2.0) * d - (A + 3.0)) * d * d + 1.0;
        let far = |d: f32| ((A * d - 5.0 * A) * d + 8.0 * A) * d - 4.0 * A;
        Self::interpolating(source, target, |t| {
            [far(t + 1.0), near(t), near(1.0 - t), far(2.0 - t)]
        })
    }

    /// First source sample and weights of one target sample.
    pub(super) fn at(&self, target: usize) -> (usize, &[f32]) {
        (
            self.firsts[target],
            &self.weights[target * self.count..(target + 1) * self.count],
        )
    }

    /// Computes a whole line of target samples.
    pub(super) fn apply<S: Sample>(&self, source: &[S], target: &mut [S]) {
        match self.count {
            1 => self.apply_fixed::<S, 1>(source, target),
            2 => self.apply_fixed::<S, 2>(source, target),
            3 => self.apply_fixed::<S, 3>(source, target),
            4 => self.apply_fixed::<S, 4>(source, target),
            count => {
                let weights = self.weights.chunks_exact(count);
                for ((value, &first), weights) in target.iter_mut().zip(&self.firsts).zip(weights) {
                    *value = weighted(&source[first..first + count], weights);
                }
            }
        }
    }

    /// The same for a number of weights known to the compiler.
    fn apply_fixed<S: Sample, const N: usize>(&self, source: &[S], target: &mut [S]) {
        let (weights, _) = self.weights.as_chunks::<N>();
        for ((value, &first), weights) in target.iter_mut().zip(&self.firsts).zip(weights) {
            if let Some(samples) = source.get(first..).and_then(|tail| tail.first_chunk::<N>()) {
                *value = weighted(samples, weights);
            }
        }
    }

    fn with_count(target: usize, count: usize) -> Self {
        let weights = Vec::with_capacity(target * count);
        Self {
            firsts: Vec::with_capacity(target),
            weights,
            count,
        }
    }

    /// Taps of an interpolating kernel; weights of positions beyond the ends go to the end samples.
    fn interpolating<const N: usize>(
        source: usize,
        target: usize,
        kernel: impl Fn(f32) -> [f32; N],
    ) -> Self {
        let scale = source as f64 / target as f64;
        let before = (N / 2 - 1) as isize;
        let mut taps = Self::with_count(target, N.min(source));
        for i in 0..target {
            let position = (i as f64 + 0.5) * scale - 0.5;
            let left = position.floor();
            let start = left as isize - before;
            let first = start.clamp(0, (source - taps.count) as isize);
            let mut weights = [0.0; N];
            for (j, weight) in (start..).zip(kernel((position - left) as f32)) {
                weights[(j.clamp(0, source as isize - 1) - first) as usize] += weight;
            }
            taps.firsts.push(first as usize);
            taps.weights.extend(&weights[..taps.count]);
        }
        taps
    }
}

#[inline]
fn weighted<S: Sample>(samples: &[S], weights: &[f32]) -> S {
    let pairs = samples.iter().zip(weights);
    pairs.fold(S::default(), |sum, (sample, weight)| {
        sum.add_scaled(*sample, *weight)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_of_every_sample_sum_to_one() {
        for make in [Taps::area, Taps::linear, Taps::cubic] {
            for (source, target) in [
                (1, 5),
                (2, 7),
                (3, 2),
                (10, 10),
                (10, 5),
                (10, 7),
                (97, 13),
                (7, 100),
            ] {
                let taps = make(source, target);
                for i in 0..target {
                    let (first, weights) = taps.at(i);
                    assert!(
                        first + weights.len() <= source,
                        "{source} to {target} at {i}"
                    );
                    assert!(
                        (weights.iter().sum::<f32>() - 1.0).abs() < 1e-5,
                        "{source} to {target} at {i}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_whole_factor_needs_no_spare_weight() {
        assert_eq!(Taps::area(12, 6).count, 2);
        assert_eq!(Taps::area(12, 4).at(1), (3, &[1.0 / 3.0; 3][..]));
    }
}
