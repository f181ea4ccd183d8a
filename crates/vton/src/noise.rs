//! The noise that a sampling starts from: normally distributed numbers that depend on the seed alone.
//!
//! A seed gives the numbers of `PyTorch`'s `manual_seed` and `randn` on a CPU, bit by bit, so that a picture can be compared with one of
//! the reference. These are the numbers of the vector code that `PyTorch` runs on x86-64 with AVX2. Here they are the same on every machine:
//! nothing but IEEE additions, products, square roots and fused multiply-adds is used, and no function of the platform's library.

mod mathematics;
mod twister;

use mathematics::{logarithm, sine_and_cosine};
use twister::Twister;

/// Numbers are made in blocks of this size: the first half are radii, the second one angles.
const BLOCK: usize = 16;
const HALF_BLOCK: usize = BLOCK / 2;

/// Fewest numbers that can be asked for: one block.
pub const MIN_NUMBERS: usize = BLOCK;

/// A uniform number has this many random bits,
const UNIFORM_BITS: u32 = 24;
/// and is that many units of this size.
const UNIT: f32 = 1.0 / (1 << UNIFORM_BITS) as f32;

/// Too few numbers were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("noise comes in at least {MIN_NUMBERS} numbers, {count} are asked for")]
pub struct TooFewNumbers {
    /// Numbers that were asked for.
    pub count: usize,
}

/// Gives `count` numbers with mean 0 and variance 1 (Box and Muller 1958).
///
/// Like the reference it takes the low 32 bits of the seed; two seeds that agree in them give the same noise. Fails for less than
/// [`MIN_NUMBERS`], where the reference goes another way.
pub fn normal(seed: u64, count: usize) -> Result<Vec<f32>, TooFewNumbers> {
    if count < MIN_NUMBERS {
        return Err(TooFewNumbers { count });
    }
    let mut twister = Twister::new(seed as u32);
    let mut numbers: Vec<f32> = (0..count).map(|_| uniform(&mut twister)).collect();
    let (blocks, rest) = numbers.as_chunks_mut();
    for block in blocks {
        transform(block);
    }
    // The last block ends with the last number, draws anew and overwrites what the one before it left there.
    if !rest.is_empty()
        && let Some(block) = numbers.last_chunk_mut()
    {
        block.fill_with(|| uniform(&mut twister));
        transform(block);
    }
    Ok(numbers)
}

/// The next number of 0..1.
fn uniform(twister: &mut Twister) -> f32 {
    (twister.next() & ((1 << UNIFORM_BITS) - 1)) as f32 * UNIT
}

/// Turns uniform numbers into normal ones.
fn transform(block: &mut [f32; BLOCK]) {
    for at in 0..HALF_BLOCK {
        // 1 - u is never 0.
        let radius = (-2.0 * logarithm(1.0 - block[at])).sqrt();
        let (sine, cosine) = sine_and_cosine(std::f32::consts::TAU * block[at + HALF_BLOCK]);
        block[at] = radius * cosine;
        block[at + HALF_BLOCK] = radius * sine;
    }
}
