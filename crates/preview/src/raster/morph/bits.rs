//! Masks with 64 pixels in a word, for morphology.

use super::super::mask::Mask;
use super::super::plane::Plane;

/// Pixels in a word.
const WORD: usize = 64;

/// A mask whose rows are runs of words; the first pixel is the lowest bit. Bits beyond the width are zero.
pub(super) struct Bits {
    width: usize,
    height: usize,
    words_per_row: usize,
    words: Vec<u64>,
}

impl Bits {
    pub(super) fn pack(mask: &Mask) -> Self {
        let (width, height) = mask.size();
        let words_per_row = width.div_ceil(WORD);
        let mut words = Vec::with_capacity(words_per_row * height);
        for y in 0..height {
            words.extend(mask.row(y).chunks(WORD).map(|pixels| {
                pixels
                    .iter()
                    .rev()
                    .fold(0, |word, &inside| word << 1 | u64::from(inside))
            }));
        }
        Self {
            width,
            height,
            words_per_row,
            words,
        }
    }

    pub(super) fn unpack(&self) -> Mask {
        let mut mask = Plane::new(self.width, self.height, false);
        for (y, words) in self
            .words
            .chunks_exact(self.words_per_row.max(1))
            .enumerate()
        {
            for (pixels, word) in mask.row_mut(y).chunks_mut(WORD).zip(words) {
                for (i, inside) in pixels.iter_mut().enumerate() {
                    *inside = word >> i & 1 == 1;
                }
            }
        }
        mask
    }

    pub(super) fn invert(mut self) -> Self {
        self.words.iter_mut().for_each(|word| *word = !*word);
        self.clear_beyond_width();
        self
    }

    /// Grows by an element with the given half widths, from its middle row outwards (never rising).
    pub(super) fn dilate(self, half_widths: &[usize]) -> Self {
        let count = self.words_per_row;
        let mut out = vec![0_u64; self.words.len()];
        let mut spread = vec![0; count];
        let mut scratch = vec![0; count];
        for (y, words) in self.words.chunks_exact(count.max(1)).enumerate() {
            if words.iter().all(|word| *word == 0) {
                continue;
            }
            spread.copy_from_slice(words);
            let mut reached = 0;
            // From the narrowest row of the element to the widest: the run only has to grow by the difference.
            for (dy, &half_width) in half_widths.iter().enumerate().rev() {
                while reached < half_width {
                    // A run of length n can double: shifting by up to n leaves no gap.
                    let step = (half_width - reached).min(2 * reached + 1).min(WORD - 1);
                    widen(&mut spread, &mut scratch, step);
                    reached += step;
                }
                let mut join = |row: usize| {
                    let target = &mut out[row * count..(row + 1) * count];
                    target
                        .iter_mut()
                        .zip(&spread)
                        .for_each(|(word, bits)| *word |= bits);
                };
                if let Some(above) = y.checked_sub(dy) {
                    join(above);
                }
                if y + dy < self.height {
                    join(y + dy);
                }
            }
        }
        let mut grown = Self { words: out, ..self };
        grown.clear_beyond_width();
        grown
    }

    fn clear_beyond_width(&mut self) {
        let used = self.width % WORD;
        if used == 0 {
            return;
        }
        let keep = (1 << used) - 1;
        for last in self
            .words
            .iter_mut()
            .skip(self.words_per_row - 1)
            .step_by(self.words_per_row)
        {
            *last &= keep;
        }
    }
}

/// Joins a row with itself shifted by `step` (1..=63) pixels to both sides.
fn widen(row: &mut [u64], before: &mut [u64], step: usize) {
    before.copy_from_slice(row);
    for (i, word) in row.iter_mut().enumerate() {
        let (left, here) = (if i > 0 { before[i - 1] } else { 0 }, before[i]);
        let right = before.get(i + 1).copied().unwrap_or(0);
        *word |= here << step | left >> (WORD - step) | here >> step | right << (WORD - step);
    }
}
