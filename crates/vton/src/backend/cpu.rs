//! The fast backend: every operation on the kernels of this processor's instruction set.
//!
//! Weights and the inputs of products are bf16 where the processor multiplies these, and f32
//! elsewhere. The residual stream, sums, norms, softmax and everything after a product are f32.

mod buffers;

use std::ops::Range;

use half::bf16;
use rayon::prelude::*;

use super::{Backend, HeadRules, Linear};
use crate::kernels::{
    Activation, AttentionShape, HeadOutput, HeadRows, KernelError, Output, PackedWeights, Path,
    PathError, Sink, Values, ValuesMut, attention_of_some, linear_heads, linear_strided,
    modulated_norm,
};
use crate::model::patches;
use crate::weights::tensor::{FloatKind, MatrixView};
use buffers::Numbers;
pub use buffers::{Heads, Rows};

/// The fast backend on one path of the kernels.
#[derive(Debug, Clone, Copy)]
pub struct Cpu {
    path: Path,
}

impl Cpu {
    /// The backend on the path that the environment names, or the fastest one of this processor.
    ///
    /// Fails when the environment names an unknown path, or one that this processor lacks.
    pub fn from_environment() -> Result<Self, PathError> {
        Ok(Self {
            path: Path::from_environment()?,
        })
    }

    /// The backend on a certain path. Fails when this processor lacks it.
    pub fn on(path: Path) -> Result<Self, PathError> {
        Ok(Self {
            path: path.require()?,
        })
    }

    /// The path that computes.
    pub fn path(self) -> Path {
        self.path
    }

    fn numbers(self, count: usize) -> Numbers {
        Numbers::zeros(self.path.uses_bf16(), count)
    }

    /// Writes f32 numbers in the type of the target.
    fn write(self, values: &[f32], target: ValuesMut<'_>) {
        match target {
            ValuesMut::F32(target) => target.copy_from_slice(values),
            ValuesMut::Bf16(target) => {
                fitting(crate::kernels::bf16::narrow(self.path, values, target));
            }
        }
    }

    fn multiply(
        input: &Rows,
        rows: Range<usize>,
        layer: &Linear<PackedWeights>,
        activation: Activation,
        output: Output<'_>,
    ) {
        fitting(linear_strided(
            rows.len(),
            input.section(rows),
            input.width,
            &layer.matrix,
            Some(&layer.bias),
            activation,
            output,
        ));
    }
}

/// Takes the result of a kernel whose buffers have to fit, as [`Backend`] says.
#[expect(clippy::panic, reason = "the trait asks for buffers that fit")]
#[track_caller]
fn fitting<T>(result: Result<T, KernelError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

impl Backend for Cpu {
    type Matrix = PackedWeights;
    type Rows = Rows;
    type Heads = Heads;

    fn name(&self) -> &'static str {
        self.path.name()
    }

    fn pack(&self, source: MatrixView<'_>) -> PackedWeights {
        let (rows, columns) = (source.rows(), source.columns());
        let pack = |values: Values<'_>| PackedWeights::pack(self.path, values, rows, columns);
        if let Some(numbers) = source.as_bf16() {
            return fitting(pack(Values::Bf16(numbers)));
        }
        if source.kind() == FloatKind::Bf16 {
            let mut numbers = vec![bf16::ZERO; rows * columns];
            numbers
                .par_chunks_exact_mut(columns)
                .enumerate()
                .for_each(|(index, row)| source.read_row_bf16(index, row));
            return fitting(pack(Values::Bf16(&numbers)));
        }
        let mut numbers = vec![0.0; rows * columns];
        numbers
            .par_chunks_exact_mut(columns)
            .enumerate()
            .for_each(|(index, row)| source.read_row(index, row));
        fitting(pack(Values::F32(&numbers)))
    }

    fn new_rows(&self, count: usize, width: usize) -> Rows {
        Rows {
            numbers: self.numbers(count * width),
            width,
        }
    }

    fn new_heads(&self, tokens: usize, heads: usize, head_size: usize) -> Heads {
        Heads {
            parts: [0; 3].map(|_| self.numbers(tokens * heads * head_size)),
            tokens,
            count: heads,
            head_size,
        }
    }

    fn patchify(&self, planes: &[&[f32]], width: usize, patch: usize, out: &mut Rows) {
        let row_width = out.width;
        match &mut out.numbers {
            Numbers::F32(rows) => patches::patchify(planes, width, patch, rows, row_width, |x| x),
            Numbers::Bf16(rows) => {
                patches::patchify(planes, width, patch, rows, row_width, bf16::from_f32);
            }
        }
    }

    fn modulated_norm(
        &self,
        tokens: &[f32],
        shift: &[f32],
        scale: &[f32],
        rows: Range<usize>,
        out: &mut Rows,
    ) {
        let stride = out.width;
        let out = out.section_mut(rows);
        fitting(modulated_norm(self.path, tokens, shift, scale, out, stride));
    }

    fn linear(
        &self,
        input: &Rows,
        rows: Range<usize>,
        layer: &Linear<PackedWeights>,
        out: &mut [f32],
    ) {
        let output = Output::whole(Sink::F32(out), layer.bias.len());
        Self::multiply(input, rows, layer, Activation::None, output);
    }

    fn linear_gelu(
        &self,
        input: &Rows,
        rows: Range<usize>,
        layer: &Linear<PackedWeights>,
        out: &mut Rows,
        first_column: usize,
    ) {
        let output = out.output(rows.clone(), first_column);
        Self::multiply(input, rows, layer, Activation::Gelu, output);
    }

    fn linear_gated_add(
        &self,
        input: &Rows,
        rows: Range<usize>,
        layer: &Linear<PackedWeights>,
        gate: &[f32],
        residual: &mut [f32],
    ) {
        let output = Output::whole(Sink::GatedAdd { residual, gate }, layer.bias.len());
        Self::multiply(input, rows, layer, Activation::None, output);
    }

    fn linear_heads(
        &self,
        input: &Rows,
        rows: Range<usize>,
        layer: &Linear<PackedWeights>,
        rules: HeadRules<'_>,
        out: &mut Heads,
    ) {
        let output = HeadOutput {
            tokens: out.tokens,
            first_token: rows.start,
            head_dim: out.head_size,
            parts: out.parts.each_mut().map(Numbers::values_mut),
            scales: [rules.query_scale, rules.key_scale],
            rotary: rules.rotary,
        };
        fitting(linear_heads(
            rows.len(),
            input.section(rows),
            input.width,
            &layer.matrix,
            Some(&layer.bias),
            output,
        ));
    }

    fn attention(&self, heads: &Heads, keys: usize, queries: Range<usize>, out: &mut Rows) {
        let shape = AttentionShape {
            heads: heads.count,
            queries: queries.len(),
            keys,
            head_dim: heads.head_size,
        };
        let part = |index: usize, first: usize| HeadRows {
            values: heads.parts[index].values(),
            tokens: heads.tokens,
            first,
        };
        let (q, k, v) = (part(0, queries.start), part(1, 0), part(2, 0));
        let output = out.output(queries, 0);
        fitting(attention_of_some(self.path, shape, q, k, v, output));
    }

    fn write_rows(&self, values: &[f32], rows: Range<usize>, out: &mut Rows) {
        self.write(values, out.section_mut(rows));
    }

    fn read_rows(&self, rows: &Rows) -> Vec<f32> {
        rows.numbers.to_f32()
    }

    fn write_heads(&self, values: [&[f32]; 3], out: &mut Heads) {
        for (values, part) in values.into_iter().zip(&mut out.parts) {
            self.write(values, part.values_mut());
        }
    }

    fn read_heads(&self, heads: &Heads) -> [Vec<f32>; 3] {
        heads.parts.each_ref().map(Numbers::to_f32)
    }
}
