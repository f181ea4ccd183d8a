//! The arithmetic of the network: a small set of fused operations on buffers that each backend lays out as it likes.
//!
//! Three kinds of buffer belong to a backend. [`Backend::Matrix`] is a packed weight matrix. [`Backend::Rows`] holds activations that are the
//! input of a linear layer (f32, or bf16 where the machine multiplies that faster). [`Backend::Heads`] holds queries, keys and values.
//! The residual stream, the norms' and softmax's statistics, biases, gates and scales are f32 slices everywhere.
//!
//! One index means one token: an operation that is told to work on the rows `a..b` reads and writes the rows `a..b` of every buffer, and the
//! f32 slices that it gets hold exactly these rows. Buffers have to fit; an implementation may panic on an index when they do not.
//! Results must not depend on the number of threads.

pub mod cpu;
pub mod scalar;

use std::ops::Range;

use crate::model::rotary::Rotary;
use crate::weights::tensor::MatrixView;

/// A linear layer: `y = matrix * x + bias`.
#[derive(Debug, Clone)]
pub struct Linear<M> {
    /// Packed matrix [outputs, inputs].
    pub matrix: M,
    /// One number per output.
    pub bias: Vec<f32>,
}

/// What happens to queries and keys between projection and attention.
#[derive(Debug, Clone, Copy)]
pub struct HeadRules<'a> {
    /// Scale of the queries' RMS norm, one number per place in a head.
    pub query_scale: &'a [f32],
    /// Scale of the keys' RMS norm.
    pub key_scale: &'a [f32],
    /// Rotation of each token; token `i` turns like entry `i mod len`.
    pub rotary: &'a Rotary,
}

/// The fused operations that a pass through the network consists of.
pub trait Backend: Send + Sync {
    /// Weight matrix in the backend's layout.
    type Matrix: Send + Sync;
    /// Input rows of linear layers.
    type Rows: Send + Sync;
    /// Queries, keys and values by head.
    type Heads: Send + Sync;

    /// Name for logs and reports.
    fn name(&self) -> &'static str;

    /// Packs a matrix once, when the model is loaded.
    fn pack(&self, source: MatrixView<'_>) -> Self::Matrix;

    /// Makes `count` rows of `width` numbers, all zero.
    fn new_rows(&self, count: usize, width: usize) -> Self::Rows;

    /// Makes room for the queries, keys and values of `tokens` tokens.
    fn new_heads(&self, tokens: usize, heads: usize, head_size: usize) -> Self::Heads;

    /// Cuts a picture into square patches, one per row, in the order (channel, y, x).
    ///
    /// `planes` are the channels, each row-major and `width` pixels wide. Patches go row by row.
    fn patchify(&self, planes: &[&[f32]], width: usize, patch: usize, out: &mut Self::Rows);

    /// Layer norm without weights, then `n * (1 + scale) + shift`. `tokens` holds the rows as f32.
    fn modulated_norm(
        &self,
        tokens: &[f32],
        shift: &[f32],
        scale: &[f32],
        rows: Range<usize>,
        out: &mut Self::Rows,
    );

    /// Linear layer to f32. It reads the first columns of each row, as many as the matrix has; so do the next three.
    fn linear(
        &self,
        input: &Self::Rows,
        rows: Range<usize>,
        layer: &Linear<Self::Matrix>,
        out: &mut [f32],
    );

    /// Linear layer and GELU (tanh form), written to the columns of `out` from `first_column` on.
    fn linear_gelu(
        &self,
        input: &Self::Rows,
        rows: Range<usize>,
        layer: &Linear<Self::Matrix>,
        out: &mut Self::Rows,
        first_column: usize,
    );

    /// Linear layer, added to the residual stream: `residual += gate * y`.
    fn linear_gated_add(
        &self,
        input: &Self::Rows,
        rows: Range<usize>,
        layer: &Linear<Self::Matrix>,
        gate: &[f32],
        residual: &mut [f32],
    );

    /// Linear layer to queries, keys and values (in this order, each by head), RMS norm of queries and keys, rotation.
    fn linear_heads(
        &self,
        input: &Self::Rows,
        rows: Range<usize>,
        layer: &Linear<Self::Matrix>,
        rules: HeadRules<'_>,
        out: &mut Self::Heads,
    );

    /// Softmax attention of the tokens `queries` on the tokens `0..keys`, written to the first columns of `out`, head beside head.
    fn attention(
        &self,
        heads: &Self::Heads,
        keys: usize,
        queries: Range<usize>,
        out: &mut Self::Rows,
    );

    /// Writes f32 numbers into rows; `values` holds all columns of these rows.
    fn write_rows(&self, values: &[f32], rows: Range<usize>, out: &mut Self::Rows);

    /// Reads all rows as f32 numbers.
    fn read_rows(&self, rows: &Self::Rows) -> Vec<f32>;

    /// Writes queries, keys and values, each [heads, tokens, head size], for callers that have them from elsewhere.
    fn write_heads(&self, values: [&[f32]; 3], out: &mut Self::Heads);

    /// Reads queries, keys and values, each [heads, tokens, head size].
    fn read_heads(&self, heads: &Self::Heads) -> [Vec<f32>; 3];
}
