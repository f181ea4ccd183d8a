//! Robust statistics and clustering.

use super::random::XorShift;

/// Factor that turns the median absolute deviation of a normal distribution into its standard deviation.
const MAD_TO_SIGMA: f32 = 1.4826;

/// Seed of the clusters among thinned colours.
const THINNED_SEED: u64 = 1;

/// Finds the median; the mean of the middle two for an even count, NaN for no values. Reorders the slice.
pub fn median(values: &mut [f32]) -> f32 {
    percentile(values, 50.0)
}

/// Finds the median of an iterator's values; NaN for no values.
pub fn median_of(values: impl IntoIterator<Item = f32>) -> f32 {
    median(&mut values.into_iter().collect::<Vec<_>>())
}

/// Finds the median; NaN for no values. Reorders the slice.
pub fn median_f64(values: &mut [f64]) -> f64 {
    percentile_f64(values, 50.0)
}

/// Finds the `q`-th percentile (0..100) with linear interpolation between ranks; NaN for no values. Reorders the slice.
pub fn percentile(values: &mut [f32], q: f32) -> f32 {
    let Some(last) = values.len().checked_sub(1) else {
        return f32::NAN;
    };
    let rank = f64::from(q).clamp(0.0, 100.0) / 100.0 * last as f64;
    let below = rank.floor() as usize;
    let (_, &mut low, above) = values.select_nth_unstable_by(below, f32::total_cmp);
    let high = above.iter().copied().min_by(f32::total_cmp).unwrap_or(low);
    (f64::from(low) + (f64::from(high) - f64::from(low)) * (rank - below as f64)) as f32
}

/// Finds the `q`-th percentile (0..100) with linear interpolation between ranks; NaN for no values. Reorders the slice.
pub fn percentile_f64(values: &mut [f64], q: f64) -> f64 {
    let Some(last) = values.len().checked_sub(1) else {
        return f64::NAN;
    };
    let rank = q.clamp(0.0, 100.0) / 100.0 * last as f64;
    let below = rank.floor() as usize;
    let (_, &mut low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    low + (high - low) * (rank - below as f64)
}

/// Finds the median of every channel; NaN for no values.
pub fn median_color(values: &[[f32; 3]]) -> [f32; 3] {
    percentile_color(values, 50.0)
}

/// Finds the `q`-th percentile (0..100) of every channel; NaN for no values.
pub fn percentile_color(values: &[[f32; 3]], q: f32) -> [f32; 3] {
    std::array::from_fn(|channel| {
        let mut column: Vec<f32> = values.iter().map(|value| value[channel]).collect();
        percentile(&mut column, q)
    })
}

/// Estimates a standard deviation robustly: 1.4826 times the median distance from the median; NaN for no values.
pub fn mad(values: &[f32]) -> f32 {
    let center = median_of(values.iter().copied());
    MAD_TO_SIGMA * median_of(values.iter().map(|value| (value - center).abs()))
}

/// Estimates the standard deviation of every channel robustly, as [`mad`] does.
pub fn mad_color(values: &[[f32; 3]]) -> [f32; 3] {
    std::array::from_fn(|channel| {
        mad(&values
            .iter()
            .map(|value| value[channel])
            .collect::<Vec<_>>())
    })
}

/// Groups colours into `k` clusters (k-means++ start, Lloyd rounds); gives the centres.
///
/// The result depends on `seed` and the input alone. Fewer colours than `k` give fewer centres.
pub fn kmeans(values: &[[f32; 3]], k: usize, iterations: usize, seed: u64) -> Vec<[f32; 3]> {
    kmeans_labels(values, k, iterations, seed).0
}

/// Like [`kmeans`], but looks at every `step`-th colour alone (a step of 0 counts as 1), and always draws the same way.
pub fn kmeans_thinned(
    values: &[[f32; 3]],
    step: usize,
    k: usize,
    iterations: usize,
) -> Vec<[f32; 3]> {
    let samples: Vec<[f32; 3]> = values.iter().copied().step_by(step.max(1)).collect();
    kmeans(&samples, k, iterations, THINNED_SEED)
}

/// Like [`kmeans`], and also gives the number of the centre of every colour.
pub fn kmeans_labels(
    values: &[[f32; 3]],
    k: usize,
    iterations: usize,
    seed: u64,
) -> (Vec<[f32; 3]>, Vec<usize>) {
    let mut centers = spread_centers(values, k, seed);
    let mut labels = vec![0; values.len()];
    for _ in 0..iterations.max(1) {
        let mut sums = vec![[0.0_f64; 3]; centers.len()];
        let mut counts = vec![0_usize; centers.len()];
        let mut changed = false;
        for (value, label) in values.iter().zip(&mut labels) {
            let nearest = nearest_center(*value, &centers).0;
            changed |= nearest != *label;
            *label = nearest;
            counts[nearest] += 1;
            for (sum, part) in sums[nearest].iter_mut().zip(value) {
                *sum += f64::from(*part);
            }
        }
        for ((center, sum), count) in centers.iter_mut().zip(&sums).zip(&counts) {
            if *count > 0 {
                *center = sum.map(|part| (part / *count as f64) as f32);
            }
        }
        if !changed {
            break;
        }
    }
    for (value, label) in values.iter().zip(&mut labels) {
        *label = nearest_center(*value, &centers).0;
    }
    (centers, labels)
}

/// Index of the nearest centre and the squared distance to it.
fn nearest_center(value: [f32; 3], centers: &[[f32; 3]]) -> (usize, f32) {
    let mut best = (0, f32::INFINITY);
    for (i, center) in centers.iter().enumerate() {
        let distance = squared_distance(value, *center);
        if distance < best.1 {
            best = (i, distance);
        }
    }
    best
}

fn squared_distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    let part = |i: usize| (a[i] - b[i]) * (a[i] - b[i]);
    part(0) + part(1) + part(2)
}

/// First centres of k-means++ (Arthur and Vassilvitskii 2007): far colours are drawn more often.
fn spread_centers(values: &[[f32; 3]], k: usize, seed: u64) -> Vec<[f32; 3]> {
    let mut random = XorShift::new(seed);
    let mut centers: Vec<[f32; 3]> = Vec::with_capacity(k);
    if values.is_empty() || k == 0 {
        return centers;
    }
    centers.push(values[random.next_u32() as usize % values.len()]);
    let mut distances: Vec<f32> = values
        .iter()
        .map(|value| squared_distance(*value, centers[0]))
        .collect();
    while centers.len() < k {
        let total: f64 = distances.iter().map(|distance| f64::from(*distance)).sum();
        if total <= 0.0 {
            break;
        }
        let mut left = f64::from(random.uniform()) * total;
        let mut chosen = 0;
        for (i, distance) in distances
            .iter()
            .enumerate()
            .filter(|(_, distance)| **distance > 0.0)
        {
            chosen = i;
            left -= f64::from(*distance);
            if left < 0.0 {
                break;
            }
        }
        let center = values[chosen];
        centers.push(center);
        for (value, distance) in values.iter().zip(&mut distances) {
            *distance = distance.min(squared_distance(*value, center));
        }
    }
    centers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_interpolate_between_ranks() {
        let values = [7.0, 1.0, 3.0, 5.0];
        let at = |q| percentile(&mut values.to_vec(), q);
        assert_eq!([at(0.0), at(50.0), at(100.0)], [1.0, 4.0, 7.0]);
        assert!((at(25.0) - 2.5).abs() < 1e-6 && (at(90.0) - 6.4).abs() < 1e-6);
        assert!((percentile_f64(&mut [2.0, 1.0], 75.0) - 1.75).abs() < 1e-12);
        assert!((median(&mut [9.0, 1.0, 4.0]) - 4.0).abs() < 1e-6);
        assert!((median_f64(&mut [4.0, 1.0]) - 2.5).abs() < 1e-12);
    }

    #[test]
    fn no_values_give_nan() {
        assert!(median(&mut []).is_nan() && median_of([]).is_nan() && mad(&[]).is_nan());
        assert!(percentile_f64(&mut [], 10.0).is_nan() && median_color(&[])[2].is_nan());
    }

    #[test]
    fn colour_statistics_work_per_channel() {
        let values = [[1.0, 10.0, 0.0], [2.0, 30.0, 0.0], [9.0, 20.0, 5.0]];
        assert_eq!(median_color(&values), [2.0, 20.0, 0.0]);
        assert_eq!(percentile_color(&values, 100.0), [9.0, 30.0, 5.0]);
        assert_eq!(mad_color(&values), [1.4826, 14.826, 0.0]);
    }

    #[test]
    fn mad_ignores_outliers() {
        assert!((mad(&[1.0, 2.0, 3.0, 4.0, 5000.0]) - 1.4826).abs() < 1e-5);
    }

    #[test]
    fn kmeans_finds_separate_groups() {
        let mut random = XorShift::new(3);
        let homes = [[0.0, 0.0, 0.0], [50.0, 0.0, 10.0], [0.0, 80.0, -20.0]];
        let values: Vec<[f32; 3]> = (0..600)
            .map(|i| homes[i % 3].map(|part| part + random.normal()))
            .collect();
        let (mut centers, labels) = kmeans_labels(&values, 3, 15, 1);
        assert!(
            labels
                .iter()
                .enumerate()
                .all(|(i, label)| *label == labels[i % 3])
        );
        centers.sort_by(|a, b| (a[0] + 2.0 * a[1]).total_cmp(&(b[0] + 2.0 * b[1])));
        for (center, home) in centers.iter().zip(homes) {
            assert!(squared_distance(*center, home) < 0.2, "{center:?}");
        }
    }

    #[test]
    fn kmeans_depends_on_the_seed_alone() {
        let mut random = XorShift::new(8);
        let values: Vec<[f32; 3]> = (0..300).map(|_| [0; 3].map(|_| random.uniform())).collect();
        assert_eq!(kmeans(&values, 5, 10, 4), kmeans(&values, 5, 10, 4));
        assert_ne!(kmeans(&values, 5, 1, 4), kmeans(&values, 5, 1, 5));
    }

    #[test]
    fn thinned_colours_are_every_nth_one() {
        let mut random = XorShift::new(5);
        let values: Vec<[f32; 3]> = (0..300).map(|_| [0; 3].map(|_| random.uniform())).collect();
        let third: Vec<[f32; 3]> = (0..100).map(|i| values[3 * i]).collect();
        assert_eq!(
            kmeans_thinned(&values, 3, 4, 10),
            kmeans(&third, 4, 10, THINNED_SEED)
        );
        let all = kmeans(&values, 4, 10, THINNED_SEED);
        assert_eq!(kmeans_thinned(&values, 0, 4, 10), all);
        assert_eq!(kmeans_thinned(&values, 1, 4, 10), all);
        assert!(kmeans_thinned(&[], 3, 4, 10).is_empty());
    }

    #[test]
    fn kmeans_gives_no_more_centres_than_colours() {
        assert!(kmeans(&[], 3, 5, 0).is_empty());
        assert_eq!(kmeans(&[[1.0, 2.0, 3.0]; 10], 3, 5, 0), [[1.0, 2.0, 3.0]]);
    }
}
