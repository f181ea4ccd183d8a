//! The Mersenne Twister MT19937 (Matsumoto and Nishimura 1998).

const WORDS: usize = 624;
/// Distance to the word that a word is mixed with.
const DISTANCE: usize = 397;
const HIGH_BIT: u32 = 1 << 31;
/// Coefficients of the recurrence's matrix.
const MATRIX: u32 = 0x9908_b0df;
/// Multiplier that spreads a seed over the words (Knuth).
const SPREAD: u32 = 1_812_433_253;

/// A stream of random 32-bit words.
pub(super) struct Twister {
    words: [u32; WORDS],
    used: usize,
}

impl Twister {
    pub(super) fn new(seed: u32) -> Self {
        let mut words = [seed; WORDS];
        for at in 1..WORDS {
            let before = words[at - 1];
            words[at] = (before ^ (before >> 30))
                .wrapping_mul(SPREAD)
                .wrapping_add(at as u32);
        }
        Self { words, used: WORDS }
    }

    pub(super) fn next(&mut self) -> u32 {
        if self.used == WORDS {
            self.renew();
        }
        let mut word = self.words[self.used];
        self.used += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn renew(&mut self) {
        for at in 0..WORDS {
            let joined = (self.words[at] & HIGH_BIT) | (self.words[(at + 1) % WORDS] & !HIGH_BIT);
            let twisted = if joined & 1 == 1 { MATRIX } else { 0 };
            self.words[at] = self.words[(at + DISTANCE) % WORDS] ^ (joined >> 1) ^ twisted;
        }
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::Twister;

    /// The C++ standard asks for this value of its `mt19937`, which is the same generator.
    #[test]
    fn the_ten_thousandth_word_is_that_of_the_standard() {
        let mut twister = Twister::new(5489);
        let last = (0..10_000).map(|_| twister.next()).last();
        assert_eq!(last, Some(4_123_659_995));
    }
}
