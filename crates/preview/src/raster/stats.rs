//! Robust statistics, clustering and a small deterministic random generator.

/// Factor that turns the median absolute deviation of a normal distribution into its standard deviation.
const MAD_TO_SIGMA: f32 = 1.4826;

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

/// A small random generator (xorshift64*, Vigna 2016) with the same sequence for the same seed everywhere.
#[derive(Clone, Debug)]
pub struct XorShift(u64);

impl XorShift {
    /// Starts a sequence; every seed is allowed.
    pub fn new(seed: u64) -> Self {
        // The state must not be zero; mixing keeps neighbouring seeds apart.
        let mut state = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        state ^= state >> 31;
        Self(if state == 0 {
            0x9E37_79B9_7F4A_7C15
        } else {
            state
        })
    }

    /// Gives the next 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) as u32
    }

    /// Gives the next value of a uniform distribution, 0 included and 1 excluded.
    pub fn uniform(&mut self) -> f32 {
        (self.next_u32() >> 8) as f32 / (1 << 24) as f32
    }

    /// Gives the next value of a normal distribution with mean 0 and standard deviation 1.
    pub fn normal(&mut self) -> f32 {
        // Sum of uniform parts: exact in every floating-point environment, unlike logarithms and cosines.
        let total: f32 = (0..12).map(|_| self.uniform()).sum();
        total - 6.0
    }
}

/// Groups colours into `k` clusters (k-means++ start, Lloyd rounds); gives the centres.
///
/// The result depends on `seed` and the input alone. Fewer colours than `k` give fewer centres.
pub fn kmeans(values: &[[f32; 3]], k: usize, iterations: usize, seed: u64) -> Vec<[f32; 3]> {
    kmeans_labels(values, k, iterations, seed).0
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
