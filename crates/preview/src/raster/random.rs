//! A small deterministic random generator.

use std::sync::LazyLock;

use super::plane::{Gray, Plane};

/// Intervals of the table that shapes uniform numbers into normal ones.
const NORMAL_STEPS: usize = 4096;

/// Values of the normal distribution at equal steps of probability.
///
/// The two ends would be infinite; they lie where the outermost step keeps the standard deviation at 1.
static NORMAL: LazyLock<Vec<f32>> = LazyLock::new(|| {
    let mut table: Vec<f64> = (1..NORMAL_STEPS)
        .map(|i| normal_quantile(i as f64 / NORMAL_STEPS as f64))
        .collect();
    let outermost = normal_quantile(0.2 / NORMAL_STEPS as f64);
    table.insert(0, outermost);
    table.push(-outermost);
    table.into_iter().map(|value| value as f32).collect()
});

/// A random generator (xorshift64*, Vigna 2016) with the same sequence for the same seed everywhere.
#[derive(Clone, Debug)]
pub struct XorShift(u64);

impl XorShift {
    /// Starts a sequence; every seed is allowed.
    pub fn new(seed: u64) -> Self {
        // The state must not be zero; mixing keeps neighbouring seeds apart.
        let mut state = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        state ^= state >> 31;
        Self(state.max(1))
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

    /// Gives the next value of a normal distribution with mean 0 and standard deviation 1, never beyond 3.9.
    pub fn normal(&mut self) -> f32 {
        let bits = self.next_u32();
        let (step, share) = (
            (bits >> 20) as usize,
            (bits & 0xF_FFFF) as f32 / 1_048_576.0,
        );
        let (low, high) = (NORMAL[step], NORMAL[step + 1]);
        low + (high - low) * share
    }
}

/// Fills a plane with independent values of a normal distribution (mean 0, standard deviation 1).
pub fn normal_noise(width: usize, height: usize, seed: u64) -> Gray {
    let mut noise = Plane::new(width, height, 0.0);
    // One sequence per row: the result does not depend on how rows are shared between threads.
    noise.fill_rows(|y, row| {
        let mut random = XorShift::new(seed.wrapping_mul(0x1_0000_0001).wrapping_add(y as u64));
        for value in row {
            *value = random.normal();
        }
    });
    noise
}

/// Value below which a normal variable stays with probability `p` (0..1), by bisection of its distribution function.
fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-9.0, 9.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if normal_distribution(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// Probability that a normal variable stays below `x`, by its power series (Marsaglia 2004).
fn normal_distribution(x: f64) -> f64 {
    let (mut sum, mut term, mut odd) = (x, x, 1.0);
    while term.abs() > 1e-17 * sum.abs().max(1e-300) {
        odd += 2.0;
        term *= x * x / odd;
        sum += term;
    }
    0.5 + sum * (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_depends_on_the_seed_alone() {
        let draw = |seed| {
            let mut random = XorShift::new(seed);
            [0; 4].map(|_| random.next_u32())
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn quantiles_of_the_normal_distribution() {
        for (p, expected) in [
            (0.5, 0.0),
            (0.841_344_746, 1.0),
            (0.022_750_132, -2.0),
            (0.998_650_102, 3.0),
        ] {
            assert!((normal_quantile(p) - expected).abs() < 1e-6, "{p}");
        }
    }

    #[test]
    fn uniform_values_fill_the_range_evenly() {
        let mut random = XorShift::new(1);
        let mut bins = [0; 10];
        for _ in 0..20_000 {
            let value = random.uniform();
            assert!((0.0..1.0).contains(&value));
            bins[(value * 10.0) as usize] += 1;
        }
        assert!(
            bins.iter().all(|count| (1800..2200).contains(count)),
            "{bins:?}"
        );
    }

    #[test]
    fn noise_has_the_moments_of_a_normal_distribution() {
        let noise = normal_noise(300, 200, 0);
        let moment = |power: i32| {
            noise
                .data()
                .iter()
                .map(|value| f64::from(*value).powi(power))
                .sum::<f64>()
                / 60_000.0
        };
        assert!(moment(1).abs() < 0.02);
        assert!((moment(2) - 1.0).abs() < 0.03, "variance {}", moment(2));
        assert!(
            (moment(4) - 3.0).abs() < 0.15,
            "fourth moment {}",
            moment(4)
        );
        // Rows differ from each other.
        assert_ne!(noise.row(0), noise.row(1));
        assert_eq!(noise, normal_noise(300, 200, 0));
    }
}
