//! What a pose network has to be able to do, whoever runs it.

use std::fmt;

/// Numbers in rows, the last axis without gaps.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Length of each axis; their product is the number of values.
    pub shape: Vec<usize>,
    /// All values.
    pub values: Vec<f32>,
}

/// Shape that a network declares for an input or an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape(
    /// Length of each axis; `None` where the network takes any.
    pub Vec<Option<usize>>,
);

impl Shape {
    /// A shape with every length given.
    pub fn fixed(lengths: &[usize]) -> Self {
        Self(lengths.iter().copied().map(Some).collect())
    }

    /// Whether a tensor can have both shapes.
    pub fn agrees(&self, other: &Self) -> bool {
        let axis = |(a, b): (&Option<usize>, &Option<usize>)| a.is_none() || b.is_none() || a == b;
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(axis)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (at, length) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            match length {
                Some(length) => write!(f, "{comma}{length}")?,
                None => write!(f, "{comma}any")?,
            }
        }
        f.write_str("]")
    }
}

/// What a network says about its inputs and outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Shape of each input; `None` where the network does not say it.
    pub inputs: Vec<Option<Shape>>,
    /// Shape of each output, in order; `None` where the network does not say it.
    pub outputs: Vec<Option<Shape>>,
}

/// Why a network gave no output.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the network cannot be run: {0}")]
pub struct RunError(
    /// What the program that runs it says.
    pub String,
);

/// A network with one f32 input.
pub trait Network: Send + Sync {
    /// Inputs and outputs.
    fn signature(&self) -> Signature;

    /// Computes all outputs, in the order of the signature.
    fn run(&self, input: Tensor) -> Result<Vec<Tensor>, RunError>;
}
