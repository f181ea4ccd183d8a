//! What the blocks take from the time and the category.
//!
//! Time and category become one vector, and each block derives shifts, scales and gates from it (Peebles and Xie 2023, adaptive layer norm).
//! The matrices for that are a quarter of all weights, but they depend on nothing else; so they are read straight from the file, once for
//! all steps of a sampling, and never packed.

use rayon::prelude::*;

use crate::backend::scalar::math::{dot, silu};
use crate::config::{CATEGORIES, Config, TIME_EMBEDDING};
use crate::weights::{Weights, WeightsError};

/// Kind of garment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// Shirts, sweaters, jackets.
    Tops,
    /// Trousers, skirts.
    Bottoms,
    /// Dresses, overalls.
    OnePieces,
}

impl Category {
    /// Row of the category's embedding; row 0 belongs to the null category.
    const fn row(self) -> usize {
        match self {
            Self::Tops => 1,
            Self::Bottoms => 2,
            Self::OnePieces => 3,
        }
    }
}

/// A time and a category.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    /// From 0 (noise) to 1 (picture). It has to stay f32: rounding it to bf16 moves the velocity by a fifth.
    pub time: f32,
    /// Kind of garment; none in the null branch.
    pub category: Option<Category>,
}

/// Shift, scale and gate of one half of a block, each with `hidden` numbers.
#[derive(Debug, Clone, Copy)]
pub struct Modulation<'a> {
    /// Added after the norm.
    pub shift: &'a [f32],
    /// Factor after the norm, less one.
    pub scale: &'a [f32],
    /// Factor of what the block adds to the residual stream.
    pub gate: &'a [f32],
}

impl<'a> Modulation<'a> {
    /// Cuts three times `hidden` numbers into shift, scale and gate.
    pub fn of(values: &'a [f32]) -> Self {
        let hidden = values.len() / 3;
        Self {
            shift: &values[..hidden],
            scale: &values[hidden..2 * hidden],
            gate: &values[2 * hidden..],
        }
    }
}

/// Modulations of a double block: attention and MLP, for person and garment.
#[derive(Debug, Clone, Copy)]
pub struct DoubleModulation<'a> {
    /// Of the person's attention and MLP.
    pub person: [Modulation<'a>; 2],
    /// Of the garment's attention and MLP.
    pub garment: [Modulation<'a>; 2],
}

fn attention_and_mlp(values: &[f32]) -> [Modulation<'_>; 2] {
    let (attention, mlp) = values.split_at(values.len() / 2);
    [Modulation::of(attention), Modulation::of(mlp)]
}

/// All that the blocks take from one condition.
#[derive(Debug, Clone, Default)]
pub struct Modulations {
    /// The embedded time.
    pub time_embedding: Vec<f32>,
    /// The embedded time plus the category's embedding.
    pub vector: Vec<f32>,
    mixers: Vec<Vec<f32>>,
    double_person: Vec<Vec<f32>>,
    double_garment: Vec<Vec<f32>>,
    single: Vec<Vec<f32>>,
    final_layer: Vec<f32>,
}

impl Modulations {
    /// Modulation of a patch mixer.
    pub fn mixer(&self, index: usize) -> Modulation<'_> {
        Modulation::of(&self.mixers[index])
    }

    /// Modulations of a double block.
    pub fn double(&self, index: usize) -> DoubleModulation<'_> {
        DoubleModulation {
            person: attention_and_mlp(&self.double_person[index]),
            garment: attention_and_mlp(&self.double_garment[index]),
        }
    }

    /// Modulation of a single block.
    pub fn single(&self, index: usize) -> Modulation<'_> {
        Modulation::of(&self.single[index])
    }

    /// Shift and scale of the last layer.
    pub fn final_layer(&self) -> (&[f32], &[f32]) {
        self.final_layer.split_at(self.final_layer.len() / 2)
    }
}

/// Embeds a time: cosines, then sines of 1000 t at falling frequencies (Vaswani et al. 2017).
pub fn embed_time(time: f32) -> [f32; TIME_EMBEDDING] {
    const HALF: usize = TIME_EMBEDDING / 2;
    const TIME_FACTOR: f32 = 1000.0;
    const LONGEST_PERIOD: f64 = 10_000.0;
    let mut embedding = [0.0; TIME_EMBEDDING];
    for i in 0..HALF {
        // The exponent is rounded to f32 as in the reference; the exponential itself is rounded only once.
        let exponent = -(LONGEST_PERIOD.ln() as f32) * i as f32 / HALF as f32;
        let angle = TIME_FACTOR * time * f64::from(exponent).exp() as f32;
        embedding[i] = f64::from(angle).cos() as f32;
        embedding[HALF + i] = f64::from(angle).sin() as f32;
    }
    embedding
}

/// Applies a linear layer of the file to many vectors; each row of the matrix is read once.
pub fn linear(
    weights: &Weights,
    name: &str,
    outputs: usize,
    inputs: &[Vec<f32>],
) -> Result<Vec<Vec<f32>>, WeightsError> {
    let Some(columns) = inputs.first().map(Vec::len) else {
        return Ok(Vec::new());
    };
    let matrix = weights.matrix(&format!("{name}.weight"), outputs, columns)?;
    let bias = weights.vector(&format!("{name}.bias"), outputs)?;
    let mut by_output = vec![0.0; outputs * inputs.len()];
    let rows = by_output.par_chunks_mut(inputs.len()).enumerate();
    rows.for_each_init(
        || vec![0.0; columns],
        |row, (output, out)| {
            matrix.read_row(output, row);
            for (out, input) in out.iter_mut().zip(inputs) {
                *out = dot(row, input) + bias[output];
            }
        },
    );
    Ok((0..inputs.len())
        .map(|input| {
            by_output
                .iter()
                .skip(input)
                .step_by(inputs.len())
                .copied()
                .collect()
        })
        .collect())
}

fn silu_all(vectors: &[Vec<f32>]) -> Vec<Vec<f32>> {
    vectors
        .iter()
        .map(|vector| vector.iter().map(|x| silu(*x)).collect())
        .collect()
}

/// Embeds times: sinusoids, linear layer, `SiLU`, linear layer.
pub fn embed_times(
    config: &Config,
    weights: &Weights,
    times: &[f32],
) -> Result<Vec<Vec<f32>>, WeightsError> {
    let waves: Vec<Vec<f32>> = times
        .iter()
        .map(|time| embed_time(*time).to_vec())
        .collect();
    let inner = linear(weights, "t_embedder.mlp.in_layer", config.hidden, &waves)?;
    linear(
        weights,
        "t_embedder.mlp.out_layer",
        config.hidden,
        &silu_all(&inner),
    )
}

/// Computes the modulations of many conditions, in their order.
pub(super) fn modulations(
    config: &Config,
    weights: &Weights,
    conditions: &[Condition],
) -> Result<Vec<Modulations>, WeightsError> {
    if conditions.is_empty() {
        return Ok(Vec::new());
    }
    let hidden = config.hidden;
    let times: Vec<f32> = conditions.iter().map(|condition| condition.time).collect();
    let categories = weights.matrix("y_embedder.weight", CATEGORIES + 1, hidden)?;
    let mut all: Vec<Modulations> = Vec::with_capacity(conditions.len());
    for (time_embedding, condition) in embed_times(config, weights, &times)?
        .into_iter()
        .zip(conditions)
    {
        let mut vector = vec![0.0; hidden];
        categories.read_row(condition.category.map_or(0, Category::row), &mut vector);
        for (value, time) in vector.iter_mut().zip(&time_embedding) {
            *value += time;
        }
        all.push(Modulations {
            time_embedding,
            vector,
            ..Modulations::default()
        });
    }
    let inputs = silu_all(&all.iter().map(|one| one.vector.clone()).collect::<Vec<_>>());

    let mut fill = |name: String,
                    parts: usize,
                    put: fn(&mut Modulations, Vec<f32>)|
     -> Result<(), WeightsError> {
        let values = linear(weights, &name, parts * hidden, &inputs)?;
        weights.release();
        for (modulations, values) in all.iter_mut().zip(values) {
            put(modulations, values);
        }
        Ok(())
    };
    for i in 0..config.patch_mixers {
        fill(
            format!("x_patch_mixer.{i}.modulation.lin"),
            3,
            |m, values| m.mixers.push(values),
        )?;
    }
    for i in 0..config.double_blocks {
        fill(format!("double_blocks.{i}.img_mod.lin"), 6, |m, values| {
            m.double_person.push(values);
        })?;
        fill(format!("double_blocks.{i}.txt_mod.lin"), 6, |m, values| {
            m.double_garment.push(values);
        })?;
    }
    for i in 0..config.single_blocks {
        fill(
            format!("single_blocks.{i}.modulation.lin"),
            3,
            |m, values| m.single.push(values),
        )?;
    }
    fill(
        "final_layer.adaLN_modulation.1".to_owned(),
        2,
        |m, values| m.final_layer = values,
    )?;
    Ok(all)
}
