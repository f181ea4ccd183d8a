//! The two kinds of transformer block (Esser et al. 2024; the single block after Dehghani et al. 2023, attention beside the MLP).

use std::ops::Range;

use super::condition::{DoubleModulation, Modulation};
use super::rotary::Rotary;
use crate::backend::{Backend, HeadRules, Linear};
use crate::config::Config;
use crate::weights::{Weights, WeightsError};

/// Buffers that a block needs beside the residual stream.
pub struct Scratch<B: Backend> {
    /// Rows of `hidden` numbers: the normed tokens, later the double blocks' attention.
    pub(super) normed: B::Rows,
    /// Rows of `hidden + mlp` numbers: attention beside the inner layer of the MLP.
    wide: B::Rows,
    heads: B::Heads,
}

impl<B: Backend> Scratch<B> {
    /// Makes buffers for the joint sequence.
    pub fn new(backend: &B, config: &Config) -> Self {
        let tokens = config.joint_tokens();
        Self {
            normed: backend.new_rows(tokens, config.hidden),
            wide: backend.new_rows(tokens, config.hidden + config.mlp()),
            heads: backend.new_heads(tokens, config.heads, config.head_size()),
        }
    }
}

/// Packs a linear layer `name.weight` and `name.bias`.
pub(super) fn linear<B: Backend>(
    backend: &B,
    weights: &Weights,
    name: &str,
    outputs: usize,
    inputs: usize,
) -> Result<Linear<B::Matrix>, WeightsError> {
    let matrix = backend.pack(weights.matrix(&format!("{name}.weight"), outputs, inputs)?);
    Ok(Linear {
        matrix,
        bias: weights.vector(&format!("{name}.bias"), outputs)?,
    })
}

/// Scales of the norms of queries and keys.
struct HeadNorms {
    query: Vec<f32>,
    key: Vec<f32>,
}

impl HeadNorms {
    fn load(weights: &Weights, name: &str, config: &Config) -> Result<Self, WeightsError> {
        Ok(Self {
            query: weights.vector(&format!("{name}.query_norm.scale"), config.head_size())?,
            key: weights.vector(&format!("{name}.key_norm.scale"), config.head_size())?,
        })
    }

    fn rules<'a>(&'a self, rotary: &'a Rotary) -> HeadRules<'a> {
        HeadRules {
            query_scale: &self.query,
            key_scale: &self.key,
            rotary,
        }
    }
}

/// A block on one sequence: attention and MLP side by side, then one linear layer for both.
pub struct SingleBlock<M> {
    hidden: usize,
    qkv: Linear<M>,
    norms: HeadNorms,
    mlp: Linear<M>,
    output: Linear<M>,
}

impl<M> SingleBlock<M> {
    /// Packs the tensors `name.*`; the first layer is stored as one matrix and cut into its two uses.
    pub fn load<B: Backend<Matrix = M>>(
        backend: &B,
        weights: &Weights,
        name: &str,
        config: &Config,
    ) -> Result<Self, WeightsError> {
        let (hidden, mlp) = (config.hidden, config.mlp());
        let inputs = weights.matrix(&format!("{name}.linear1.weight"), 3 * hidden + mlp, hidden)?;
        let bias = weights.vector(&format!("{name}.linear1.bias"), 3 * hidden + mlp)?;
        let part = |rows: Range<usize>| Linear {
            matrix: backend.pack(inputs.select_rows(rows.clone())),
            bias: bias[rows].to_vec(),
        };
        Ok(Self {
            hidden,
            qkv: part(0..3 * hidden),
            norms: HeadNorms::load(weights, &format!("{name}.norm"), config)?,
            mlp: part(3 * hidden..3 * hidden + mlp),
            output: linear(
                backend,
                weights,
                &format!("{name}.linear2"),
                hidden,
                hidden + mlp,
            )?,
        })
    }

    /// Runs the block on `tokens` [count, hidden]. Tokens before `first_query` are only looked at, and keep their values.
    pub fn run<B: Backend<Matrix = M>>(
        &self,
        backend: &B,
        modulation: Modulation<'_>,
        rotary: &Rotary,
        first_query: usize,
        tokens: &mut [f32],
        scratch: &mut Scratch<B>,
    ) {
        let count = tokens.len() / self.hidden;
        let active = first_query..count;
        let Scratch {
            normed,
            wide,
            heads,
        } = scratch;
        backend.modulated_norm(tokens, modulation.shift, modulation.scale, 0..count, normed);
        backend.linear_heads(normed, 0..count, &self.qkv, self.norms.rules(rotary), heads);
        backend.attention(heads, count, active.clone(), wide);
        backend.linear_gelu(normed, active.clone(), &self.mlp, wide, self.hidden);
        let residual = &mut tokens[first_query * self.hidden..];
        backend.linear_gated_add(wide, active, &self.output, modulation.gate, residual);
    }
}

/// One of the two streams of a double block.
struct Stream<M> {
    qkv: Linear<M>,
    norms: HeadNorms,
    projection: Linear<M>,
    mlp_in: Linear<M>,
    mlp_out: Linear<M>,
}

impl<M> Stream<M> {
    fn load<B: Backend<Matrix = M>>(
        backend: &B,
        weights: &Weights,
        name: &str,
        config: &Config,
    ) -> Result<Self, WeightsError> {
        let (hidden, mlp) = (config.hidden, config.mlp());
        let layer = |part: &str, outputs: usize, inputs: usize| {
            linear(backend, weights, &format!("{name}_{part}"), outputs, inputs)
        };
        Ok(Self {
            qkv: layer("attn.qkv", 3 * hidden, hidden)?,
            norms: HeadNorms::load(weights, &format!("{name}_attn.norm"), config)?,
            projection: layer("attn.proj", hidden, hidden)?,
            mlp_in: layer("mlp.0", mlp, hidden)?,
            mlp_out: layer("mlp.2", hidden, mlp)?,
        })
    }
}

/// A block with weights of its own for garment and person, which meet in the attention.
pub struct DoubleBlock<M> {
    hidden: usize,
    person: Stream<M>,
    garment: Stream<M>,
}

impl<M> DoubleBlock<M> {
    /// Packs the tensors `name.*`.
    pub fn load<B: Backend<Matrix = M>>(
        backend: &B,
        weights: &Weights,
        name: &str,
        config: &Config,
    ) -> Result<Self, WeightsError> {
        Ok(Self {
            hidden: config.hidden,
            person: Stream::load(backend, weights, &format!("{name}.img"), config)?,
            garment: Stream::load(backend, weights, &format!("{name}.txt"), config)?,
        })
    }

    /// Runs the block on the joint sequence: first the garment's tokens, then as many of the person.
    pub fn run<B: Backend<Matrix = M>>(
        &self,
        backend: &B,
        modulation: DoubleModulation<'_>,
        rotary: &Rotary,
        joint: &mut [f32],
        scratch: &mut Scratch<B>,
    ) {
        let count = joint.len() / self.hidden;
        let (garment, person) = joint.split_at_mut(joint.len() / 2);
        let mut streams = [
            (&self.garment, modulation.garment, 0..count / 2, garment),
            (&self.person, modulation.person, count / 2..count, person),
        ];
        let Scratch {
            normed,
            wide,
            heads,
        } = scratch;
        for (stream, [attention, _], rows, tokens) in &streams {
            backend.modulated_norm(
                tokens,
                attention.shift,
                attention.scale,
                rows.clone(),
                normed,
            );
            backend.linear_heads(
                normed,
                rows.clone(),
                &stream.qkv,
                stream.norms.rules(rotary),
                heads,
            );
        }
        backend.attention(heads, count, 0..count, normed);
        for (stream, [attention, mlp], rows, tokens) in &mut streams {
            backend.linear_gated_add(
                normed,
                rows.clone(),
                &stream.projection,
                attention.gate,
                tokens,
            );
            backend.modulated_norm(tokens, mlp.shift, mlp.scale, rows.clone(), normed);
            backend.linear_gelu(normed, rows.clone(), &stream.mlp_in, wide, 0);
            backend.linear_gated_add(wide, rows.clone(), &stream.mlp_out, mlp.gate, tokens);
        }
    }
}
