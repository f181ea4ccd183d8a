//! Numbers made from a name: for weights without a file, for tests and for benchmarks.
//!
//! The generator is `SplitMix64` (Steele, Lea and Flood 2014) with the number's index as its counter, so that any part of a stream can be
//! made on its own; the name becomes a seed by FNV-1a (Fowler, Noll and Vo).

/// An endless stream of evenly distributed numbers, the same on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    seed: u64,
}

impl Stream {
    /// The distance between the states of two neighbours: 2^64 over the golden ratio.
    const STRIDE: u64 = 0x9e37_79b9_7f4a_7c15;
    /// Bits of a number.
    const BITS: u32 = 24;

    /// The stream of a name.
    pub fn named(name: &str) -> Self {
        const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const FNV_PRIME: u64 = 0x0100_0000_01b3;
        Self {
            seed: name.bytes().fold(FNV_OFFSET, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME)
            }),
        }
    }

    /// Another stream of the same name; 0 changes nothing.
    #[must_use]
    pub fn varied(self, variant: u64) -> Self {
        Self {
            seed: self.seed ^ variant.wrapping_mul(Self::STRIDE),
        }
    }

    /// Gives the state that the stream begins with.
    pub fn seed(self) -> u64 {
        self.seed
    }

    /// Gives a number as a whole one below 2^24.
    pub fn bits(self, index: u64) -> u32 {
        let mut z = self
            .seed
            .wrapping_add((index + 1).wrapping_mul(Self::STRIDE));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> (u64::BITS - Self::BITS)) as u32
    }

    /// Gives a number from -1 to (not quite) 1.
    pub fn value(self, index: u64) -> f32 {
        const HALF_RANGE: i32 = 1 << Stream::BITS;
        (2 * self.bits(index) as i32 - HALF_RANGE) as f32 / HALF_RANGE as f32
    }

    /// Gives the first `count` numbers, from minus to plus `size`.
    pub fn values(self, count: usize, size: f32) -> Vec<f32> {
        (0..count as u64)
            .map(|index| self.value(index) * size)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_variants_give_streams_of_their_own() {
        let one = Stream::named("one");
        assert_eq!(one.varied(0), one);
        for other in [Stream::named("two"), one.varied(1), one.varied(2)] {
            let same = (0..1000).filter(|&i| one.bits(i) == other.bits(i)).count();
            assert!(same < 3, "{same} of 1000 numbers are the same");
        }
    }

    #[test]
    fn numbers_are_even_and_lie_inside_their_range() {
        let values = Stream::named("even").values(100_000, 2.0);
        assert!(values.iter().all(|value| (-2.0..2.0).contains(value)));
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let square = values.iter().map(|x| x * x).sum::<f32>() / values.len() as f32;
        // Of an even distribution from -2 to 2: 0 and 4/3.
        assert!(mean.abs() < 0.02 && (square - 4.0 / 3.0).abs() < 0.02);
    }
}
