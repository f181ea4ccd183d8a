//! The plain backend: every operation as its formula says, in f32. The others are tested against it.
//!
//! Rows are shared out among threads, but each number is computed by one thread in one fixed order.

pub mod math;

use std::ops::Range;

use rayon::prelude::*;

use super::{Backend, HeadRules, Linear};
use crate::model::patches;
use crate::weights::tensor::MatrixView;
use math::{dot, gelu, layer_norm, rms_norm};

/// Rows that a task multiplies with a matrix at a time, so that each row of the matrix is fetched once for all of them.
const ROWS_PER_TASK: usize = 16;

/// The plain backend.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scalar;

/// A matrix as f32 numbers, row-major.
#[derive(Debug, Clone)]
pub struct Matrix {
    values: Vec<f32>,
    columns: usize,
}

/// Rows as f32 numbers.
#[derive(Debug, Clone)]
pub struct Rows {
    values: Vec<f32>,
    width: usize,
}

impl Rows {
    fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.width..(index + 1) * self.width]
    }

    fn section_mut(&mut self, rows: &Range<usize>) -> &mut [f32] {
        &mut self.values[rows.start * self.width..rows.end * self.width]
    }
}

/// Queries, keys and values, each [heads, tokens, head size].
#[derive(Debug, Clone)]
pub struct Heads {
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    tokens: usize,
    count: usize,
    head_size: usize,
}

impl Heads {
    fn place(&self, head: usize, token: usize) -> Range<usize> {
        let start = (head * self.tokens + token) * self.head_size;
        start..start + self.head_size
    }
}

/// Multiplies rows with a matrix and adds the bias; the result is [rows, outputs].
fn product(input: &Rows, rows: &Range<usize>, layer: &Linear<Matrix>) -> Vec<f32> {
    let outputs = layer.bias.len();
    let columns = layer.matrix.columns;
    let mut result = vec![0.0; rows.len() * outputs];
    result
        .par_chunks_mut(ROWS_PER_TASK * outputs)
        .enumerate()
        .for_each(|(task, block)| {
            let first = rows.start + task * ROWS_PER_TASK;
            for (output, weights) in layer.matrix.values.chunks_exact(columns).enumerate() {
                for (row, out) in block.chunks_exact_mut(outputs).enumerate() {
                    out[output] =
                        dot(&input.row(first + row)[..columns], weights) + layer.bias[output];
                }
            }
        });
    result
}

/// Turns the pairs (2i, 2i+1) of a head by the angles of one token.
fn rotate(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    for ((pair, c), s) in head.chunks_exact_mut(2).zip(cos).zip(sin) {
        let (a, b) = (pair[0], pair[1]);
        pair[0] = c * a - s * b;
        pair[1] = s * a + c * b;
    }
}

impl Backend for Scalar {
    type Matrix = Matrix;
    type Rows = Rows;
    type Heads = Heads;

    fn name(&self) -> &'static str {
        "scalar"
    }

    fn pack(&self, source: MatrixView<'_>) -> Matrix {
        let columns = source.columns();
        let mut values = vec![0.0; source.rows() * columns];
        values
            .par_chunks_exact_mut(columns)
            .enumerate()
            .for_each(|(index, row)| source.read_row(index, row));
        Matrix { values, columns }
    }

    fn new_rows(&self, count: usize, width: usize) -> Rows {
        Rows {
            values: vec![0.0; count * width],
            width,
        }
    }

    fn new_heads(&self, tokens: usize, heads: usize, head_size: usize) -> Heads {
        let empty = vec![0.0; tokens * heads * head_size];
        Heads {
            queries: empty.clone(),
            keys: empty.clone(),
            values: empty,
            tokens,
            count: heads,
            head_size,
        }
    }

    fn patchify(&self, planes: &[&[f32]], width: usize, patch: usize, out: &mut Rows) {
        patches::patchify(planes, width, patch, &mut out.values, out.width, |x| x);
    }

    fn modulated_norm(
        &self,
        tokens: &[f32],
        shift: &[f32],
        scale: &[f32],
        rows: Range<usize>,
        out: &mut Rows,
    ) {
        let width = shift.len();
        let out_width = out.width;
        out.section_mut(&rows)
            .par_chunks_mut(out_width)
            .zip(tokens.par_chunks(width))
            .for_each(|(out, token)| {
                layer_norm(token, &mut out[..width]);
                for ((value, shift), scale) in out.iter_mut().zip(shift).zip(scale) {
                    *value = *value * (1.0 + scale) + shift;
                }
            });
    }

    fn linear(&self, input: &Rows, rows: Range<usize>, layer: &Linear<Matrix>, out: &mut [f32]) {
        out.copy_from_slice(&product(input, &rows, layer));
    }

    fn linear_gelu(
        &self,
        input: &Rows,
        rows: Range<usize>,
        layer: &Linear<Matrix>,
        out: &mut Rows,
        first_column: usize,
    ) {
        let outputs = layer.bias.len();
        let projected = product(input, &rows, layer);
        let out_width = out.width;
        out.section_mut(&rows)
            .par_chunks_mut(out_width)
            .zip(projected.par_chunks(outputs))
            .for_each(|(out, projected)| {
                for (value, x) in out[first_column..].iter_mut().zip(projected) {
                    *value = gelu(*x);
                }
            });
    }

    fn linear_gated_add(
        &self,
        input: &Rows,
        rows: Range<usize>,
        layer: &Linear<Matrix>,
        gate: &[f32],
        residual: &mut [f32],
    ) {
        let outputs = layer.bias.len();
        let projected = product(input, &rows, layer);
        residual
            .par_chunks_mut(outputs)
            .zip(projected.par_chunks(outputs))
            .for_each(|(residual, projected)| {
                for ((value, x), gate) in residual.iter_mut().zip(projected).zip(gate) {
                    *value += gate * x;
                }
            });
    }

    fn linear_heads(
        &self,
        input: &Rows,
        rows: Range<usize>,
        layer: &Linear<Matrix>,
        rules: HeadRules<'_>,
        out: &mut Heads,
    ) {
        let outputs = layer.bias.len();
        let hidden = outputs / 3;
        let mut projected = product(input, &rows, layer);
        projected
            .par_chunks_mut(outputs)
            .zip(rows.clone())
            .for_each(|(row, token)| {
                let (cos, sin) = rules.rotary.angles(token);
                let (queries, rest) = row.split_at_mut(hidden);
                for head in queries.chunks_exact_mut(out.head_size) {
                    rms_norm(head, rules.query_scale);
                    rotate(head, cos, sin);
                }
                for head in rest[..hidden].chunks_exact_mut(out.head_size) {
                    rms_norm(head, rules.key_scale);
                    rotate(head, cos, sin);
                }
            });
        for (row, token) in projected.chunks_exact(outputs).zip(rows) {
            for head in 0..out.count {
                let target = out.place(head, token);
                let source = head * out.head_size..(head + 1) * out.head_size;
                out.queries[target.clone()].copy_from_slice(&row[..hidden][source.clone()]);
                out.keys[target.clone()].copy_from_slice(&row[hidden..2 * hidden][source.clone()]);
                out.values[target].copy_from_slice(&row[2 * hidden..][source]);
            }
        }
    }

    fn attention(&self, heads: &Heads, keys: usize, queries: Range<usize>, out: &mut Rows) {
        let scale = 1.0 / (heads.head_size as f32).sqrt();
        let out_width = out.width;
        let rows = out.section_mut(&queries).par_chunks_mut(out_width);
        rows.zip(queries)
            .for_each_init(Vec::new, |scores: &mut Vec<f32>, (out, token)| {
                for (head, out) in out
                    .chunks_exact_mut(heads.head_size)
                    .take(heads.count)
                    .enumerate()
                {
                    let query = &heads.queries[heads.place(head, token)];
                    scores.clear();
                    scores.extend(
                        (0..keys)
                            .map(|key| dot(query, &heads.keys[heads.place(head, key)]) * scale),
                    );
                    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                    out.fill(0.0);
                    let mut sum = 0.0;
                    for (key, score) in scores.iter().enumerate() {
                        let weight = (score - largest).exp();
                        sum += weight;
                        for (out, value) in
                            out.iter_mut().zip(&heads.values[heads.place(head, key)])
                        {
                            *out += weight * value;
                        }
                    }
                    for value in out {
                        *value /= sum;
                    }
                }
            });
    }

    fn write_rows(&self, values: &[f32], rows: Range<usize>, out: &mut Rows) {
        out.section_mut(&rows).copy_from_slice(values);
    }

    fn read_rows(&self, rows: &Rows) -> Vec<f32> {
        rows.values.clone()
    }

    fn write_heads(&self, values: [&[f32]; 3], out: &mut Heads) {
        let [queries, keys, values] = values;
        out.queries.copy_from_slice(queries);
        out.keys.copy_from_slice(keys);
        out.values.copy_from_slice(values);
    }

    fn read_heads(&self, heads: &Heads) -> [Vec<f32>; 3] {
        [
            heads.queries.clone(),
            heads.keys.clone(),
            heads.values.clone(),
        ]
    }
}
