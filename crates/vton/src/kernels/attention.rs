//! Softmax attention without the matrix of scores: "flash attention" (Dao and others, 2022) on the
//! online softmax of Milakov and Gimelshein (2018).
//!
//! A thread takes a block of queries of one head and walks over blocks of keys: scores, weights
//! and the sum of weighted values of the block are all in the cache. When a later block has a
//! higher score, the sums so far shrink by the difference. Scores, weights and sums are f32; on
//! the bf16 path the weights, which lie between 0 and 1, are rounded for the second product.

use rayon::prelude::*;

use super::buffer::Aligned;
use super::error::{check_length, product};
use super::kernel::{Element, Kernel, LANES, RowState, with_kernel};
use super::linear::{Block, Output, SharedOutput};
use super::pack::{Panels, Values};
use super::{KernelError, Path};

/// The sizes of an attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttentionShape {
    /// Independent attentions.
    pub heads: usize,
    /// Rows of `q` per head, and of the result.
    pub queries: usize,
    /// Rows of `k` and `v` per head.
    pub keys: usize,
    /// Values per row and head.
    pub head_dim: usize,
}

/// Computes `softmax(q * k^T / sqrt(head_dim)) * v` for every head.
///
/// `q` is `[heads, queries, head_dim]`, `k` and `v` are `[heads, keys, head_dim]`, in either type.
/// Row `t` of the output holds the results of query `t`, head after head: `heads * head_dim`
/// columns.
///
/// Fails, before anything is written, when a length does not match the shape, there is no key, or
/// the processor lacks the path.
pub fn attention(
    path: Path,
    shape: AttentionShape,
    q: Values<'_>,
    k: Values<'_>,
    v: Values<'_>,
    output: Output<'_>,
) -> Result<(), KernelError> {
    let q = HeadRows {
        values: q,
        tokens: shape.queries,
        first: 0,
    };
    let [k, v] = [k, v].map(|values| HeadRows {
        values,
        tokens: shape.keys,
        first: 0,
    });
    attention_of_some(path, shape, q, k, v, output)
}

/// Some rows of a buffer `[heads, tokens, head_dim]`: of each head the rows from `first` on.
#[derive(Clone, Copy, Debug)]
pub struct HeadRows<'a> {
    /// The whole buffer.
    pub values: Values<'a>,
    /// Rows per head in the buffer.
    pub tokens: usize,
    /// First row that is used; the shape of the attention says how many.
    pub first: usize,
}

impl<'a> HeadRows<'a> {
    fn check(
        &self,
        what: &'static str,
        shape: AttentionShape,
        rows: usize,
    ) -> Result<(), KernelError> {
        let expected = product([shape.heads, self.tokens, shape.head_dim]);
        check_length(what, expected, self.values.len())?;
        let end = self.first.saturating_add(rows);
        check_length(what, end.max(self.tokens), self.tokens)
    }

    /// Rows of a head, `count` of them after the first `skipped`.
    fn part(&self, head: usize, skipped: usize, count: usize, head_dim: usize) -> Values<'a> {
        let start = (head * self.tokens + self.first + skipped) * head_dim;
        self.values.part(start, count * head_dim)
    }
}

/// Does what [`attention`] does for rows inside of greater buffers.
///
/// Fails, before anything is written, when a buffer lacks rows, there is no key, or the processor
/// lacks the path.
pub fn attention_of_some(
    path: Path,
    shape: AttentionShape,
    q: HeadRows<'_>,
    k: HeadRows<'_>,
    v: HeadRows<'_>,
    mut output: Output<'_>,
) -> Result<(), KernelError> {
    let AttentionShape {
        heads,
        queries,
        keys,
        head_dim,
    } = shape;
    q.check("queries", shape, queries)?;
    k.check("keys", shape, keys)?;
    v.check("values", shape, keys)?;
    for (what, size) in [("number of keys", keys), ("size of a head", head_dim)] {
        if size == 0 {
            return Err(KernelError::Empty { what });
        }
    }
    path.require()?;
    let output = output.share(queries, product([heads, head_dim]))?;
    with_kernel!(path, K => run::<K>(shape, q, k, v, output));
    Ok(())
}

/// Queries that one thread takes at a time: their scores and weights stay in the second cache.
const QUERY_BLOCK: usize = 192;
/// Keys per step of the online softmax, a multiple of every kernel's columns.
const KEY_BLOCK: usize = 384;

/// Keys and values of one head, packed.
struct Head<E> {
    keys: Panels<E>,
    values: Panels<E>,
}

fn run<K: Kernel>(
    shape: AttentionShape,
    q: HeadRows<'_>,
    k: HeadRows<'_>,
    v: HeadRows<'_>,
    output: SharedOutput<'_>,
) {
    let AttentionShape {
        heads,
        queries,
        keys,
        head_dim,
    } = shape;
    let packed: Vec<Head<K::Element>> = (0..heads)
        .into_par_iter()
        .map(|head| Head {
            keys: Panels::from_rows::<K>(k.part(head, 0, keys, head_dim), keys, head_dim),
            values: Panels::from_columns::<K>(v.part(head, 0, keys, head_dim), head_dim, keys),
        })
        .collect();
    let blocks = queries.div_ceil(QUERY_BLOCK);
    (0..heads * blocks).into_par_iter().for_each_init(
        || Scratch::<K>::new(head_dim),
        |scratch, task| {
            let (head, first) = (task / blocks, task % blocks * QUERY_BLOCK);
            let rows = QUERY_BLOCK.min(queries - first);
            for row in 0..rows {
                let to = &mut scratch.queries.as_mut_slice()[row * scratch.depth..][..head_dim];
                q.part(head, first + row, 1, head_dim).copy_to(to);
            }
            scratch.attend(&packed[head], rows, keys, head_dim);
            for row in 0..rows {
                let values = scratch.result(row, head_dim);
                // SAFETY: the row and the columns of the head belong to this task alone, and lie
                // inside the shape that the output was checked for.
                unsafe { output.write(first + row, head * head_dim, values) };
            }
        },
    );
}

/// What a thread needs for one block of queries.
struct Scratch<K: Kernel> {
    /// `[QUERY_BLOCK][depth]`, filled up with zeros.
    queries: Aligned<K::Element>,
    /// Size of a head in whole groups.
    depth: usize,
    /// `[QUERY_BLOCK][KEY_BLOCK]`.
    scores: Aligned<f32>,
    /// `[QUERY_BLOCK][KEY_BLOCK]`.
    weights: Aligned<K::Element>,
    /// `[QUERY_BLOCK][width]`.
    sums: Aligned<f32>,
    /// Size of a head in whole panels.
    width: usize,
    states: [RowState; QUERY_BLOCK],
}

impl<K: Kernel> Scratch<K> {
    fn new(head_dim: usize) -> Self {
        let depth = head_dim.next_multiple_of(K::Element::GROUP);
        let width = head_dim.next_multiple_of(K::COLUMNS);
        Self {
            queries: Aligned::zeros(QUERY_BLOCK * depth),
            depth,
            scores: Aligned::zeros(QUERY_BLOCK * KEY_BLOCK),
            weights: Aligned::zeros(QUERY_BLOCK * KEY_BLOCK),
            sums: Aligned::zeros(QUERY_BLOCK * width),
            width,
            states: [RowState::START; QUERY_BLOCK],
        }
    }

    /// Walks over all keys with the first `rows` queries.
    fn attend(&mut self, head: &Head<K::Element>, rows: usize, keys: usize, head_dim: usize) {
        let scale = 1.0 / (head_dim as f32).sqrt();
        self.states.fill(RowState::START);
        for first in (0..keys).step_by(KEY_BLOCK) {
            let here = KEY_BLOCK.min(keys - first);
            // The keys that fill the last panel up weigh nothing.
            let filled = here.next_multiple_of(K::COLUMNS);
            let depth = self.depth;
            let queries = self.queries.as_slice();
            let block = Block {
                x: queries,
                stride: depth,
                rows,
                begin: 0,
                steps: depth,
            };
            for panel in 0..filled / K::COLUMNS {
                let keys = head.keys.panel(first / K::COLUMNS + panel, 0);
                let scores = &mut self.scores.as_mut_slice()[panel * K::COLUMNS..];
                block.multiply_into::<K>(keys, scores, KEY_BLOCK, false);
            }
            for row in 0..rows {
                let scores = &mut self.scores.as_mut_slice()[row * KEY_BLOCK..][..filled];
                scores[here..].fill(f32::NEG_INFINITY);
                let weights = &mut self.weights.as_mut_slice()[row * KEY_BLOCK..][..filled];
                // SAFETY: the path is available, and both lengths are whole panels.
                let factor = unsafe { K::softmax(scores, weights, scale, &mut self.states[row]) };
                if factor < 1.0 {
                    let sums = &mut self.sums.as_mut_slice()[row * self.width..][..self.width];
                    shrink::<K>(sums, factor);
                }
            }
            let weights = self.weights.as_slice();
            let block = Block {
                x: weights,
                stride: KEY_BLOCK,
                rows,
                begin: 0,
                steps: filled,
            };
            for panel in 0..self.width / K::COLUMNS {
                let values = head.values.panel(panel, first);
                let sums = &mut self.sums.as_mut_slice()[panel * K::COLUMNS..];
                block.multiply_into::<K>(values, sums, self.width, first > 0);
            }
        }
    }

    /// The weighted mean of the values for one query.
    fn result(&mut self, row: usize, head_dim: usize) -> &[f32] {
        let sums = &mut self.sums.as_mut_slice()[row * self.width..][..head_dim];
        shrink::<K>(sums, 1.0 / self.states[row].total);
        sums
    }
}

/// Multiplies a row by a factor.
fn shrink<K: Kernel>(sums: &mut [f32], factor: f32) {
    let job = || {
        for sum in sums {
            *sum *= factor;
        }
    };
    // SAFETY: a kernel is only chosen where its path is available.
    unsafe { K::vectorised(job) };
}

const _: () = assert!(KEY_BLOCK.is_multiple_of(4 * LANES));
