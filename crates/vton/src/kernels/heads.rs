//! What follows the projection to queries, keys and values: RMS norm, rotation, order by head.
//!
//! The norm is that of Zhang and Sennrich (2019), the rotation that of Su and others (2021). Both
//! need the whole head of a token, which is still in the cache then.

use half::bf16;

use super::KernelError;
use super::bf16::narrow_plain;
use super::buffer::Shared;
use super::error::{check_length, product};
use super::kernel::LANES;
use super::pack::ValuesMut;
use crate::model::rotary::Rotary;

/// Where queries, keys and values go, and what happens to them before.
#[derive(Debug)]
pub struct HeadOutput<'a> {
    /// Queries, keys and values, each `[heads, tokens, head_dim]`.
    pub parts: [ValuesMut<'a>; 3],
    /// Tokens that each part has room for.
    pub tokens: usize,
    /// The token that the first row belongs to.
    pub first_token: usize,
    /// Values per token and head.
    pub head_dim: usize,
    /// Scales of the norms of queries and keys, one per place in a head.
    pub scales: [&'a [f32]; 2],
    /// Rotation of each token.
    pub rotary: &'a Rotary,
}

impl HeadOutput<'_> {
    /// Checks all lengths, and makes it fit to be shared by threads.
    pub(super) fn share(
        &mut self,
        rows: usize,
        columns: usize,
    ) -> Result<SharedHeads<'_>, KernelError> {
        let Self {
            parts,
            tokens,
            first_token,
            head_dim,
            scales,
            rotary,
        } = self;
        if *head_dim == 0 {
            return Err(KernelError::Empty {
                what: "size of a head",
            });
        }
        let hidden = columns / 3;
        check_length(
            "columns of queries, keys and values",
            3 * hidden.next_multiple_of(*head_dim),
            columns,
        )?;
        for part in parts.iter() {
            check_length("heads", product([*tokens, hidden]), part.len())?;
        }
        let end = first_token.saturating_add(rows);
        check_length("tokens of the heads", end.max(*tokens), *tokens)?;
        for scale in scales.iter() {
            check_length("scale of a norm", *head_dim, scale.len())?;
        }
        check_length("pairs of the rotation", *head_dim, 2 * rotary.pairs())?;
        Ok(SharedHeads {
            parts: parts.each_mut().map(|part| match part {
                ValuesMut::F32(values) => Part::F32(Shared::new(values)),
                ValuesMut::Bf16(values) => Part::Bf16(Shared::new(values)),
            }),
            tokens: *tokens,
            first_token: *first_token,
            head_dim: *head_dim,
            hidden,
            scales: *scales,
            rotary,
        })
    }
}

#[derive(Clone, Copy)]
enum Part {
    F32(Shared<f32>),
    Bf16(Shared<bf16>),
}

/// A [`HeadOutput`] that several threads write to.
pub(super) struct SharedHeads<'a> {
    parts: [Part; 3],
    tokens: usize,
    first_token: usize,
    head_dim: usize,
    hidden: usize,
    scales: [&'a [f32]; 2],
    rotary: &'a Rotary,
}

impl SharedHeads<'_> {
    /// Norms, turns and writes whole heads of a row, beginning at a column of the projection.
    ///
    /// # Safety
    /// Row and columns lie inside the shape checked by [`HeadOutput::share`], and no other thread
    /// touches them.
    #[inline(always)]
    pub(super) unsafe fn write(&self, row: usize, column: usize, values: &mut [f32]) {
        let token = self.first_token + row;
        let (cos, sin) = self.rotary.angles(token);
        for (index, head) in values.chunks_exact_mut(self.head_dim).enumerate() {
            let column = column + index * self.head_dim;
            let (part, head_index) = (column / self.hidden, column % self.hidden / self.head_dim);
            if let Some(scale) = self.scales.get(part) {
                rms_norm(head, scale);
                rotate(head, cos, sin);
            }
            let start = (head_index * self.tokens + token) * self.head_dim;
            // SAFETY: the caller's promise.
            unsafe {
                match self.parts[part] {
                    Part::F32(target) => target.range(start, self.head_dim).copy_from_slice(head),
                    Part::Bf16(target) => narrow_plain(head, target.range(start, self.head_dim)),
                }
            }
        }
    }
}

/// Root-mean-square norm with a scale, in place.
#[inline(always)]
fn rms_norm(head: &mut [f32], scale: &[f32]) {
    const EPSILON: f32 = 1e-6;
    let mut squares = [0.0_f32; LANES];
    let (pieces, rest) = head.as_chunks::<LANES>();
    for piece in pieces {
        for (sum, value) in squares.iter_mut().zip(piece) {
            *sum += value * value;
        }
    }
    let sum = squares.iter().sum::<f32>() + rest.iter().map(|value| value * value).sum::<f32>();
    let factor = 1.0 / (sum / head.len() as f32 + EPSILON).sqrt();
    for (value, scale) in head.iter_mut().zip(scale) {
        *value = *value * factor * scale;
    }
}

/// Turns the pairs (2i, 2i+1) by the angles of one token.
#[inline(always)]
fn rotate(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    for ((pair, c), s) in head.as_chunks_mut::<2>().0.iter_mut().zip(cos).zip(sin) {
        let [a, b] = *pair;
        *pair = [c * a - s * b, s * a + c * b];
    }
}
