//! Weights that no file holds: numbers made from the tensor's name and a seed whenever they are read.

use half::bf16;

use super::layout::TensorSpec;
use super::stream::Stream;

/// How the numbers of a tensor are made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipe {
    stream: Stream,
    /// Largest absolute value, before `middle` is added.
    size: f32,
    middle: f32,
}

impl Recipe {
    /// Chooses numbers with which the activations of a deep network neither vanish nor grow.
    ///
    /// Matrices and biases lie within the root of 1 / inputs, where linear layers usually begin their training; scales of norms lie around 1.
    pub(super) fn of(tensor: &TensorSpec, seed: u64) -> Self {
        const SCALES_AROUND_ONE: f32 = 0.1;
        let stream = Stream::named(&tensor.name).varied(seed);
        if tensor.name.ends_with("_norm.scale") {
            return Self {
                stream,
                size: SCALES_AROUND_ONE,
                middle: 1.0,
            };
        }
        let inputs: usize = match tensor.shape.as_slice() {
            [_, inputs @ ..] if !inputs.is_empty() => inputs.iter().product(),
            shape => shape.iter().product(),
        };
        Self {
            stream,
            size: (inputs as f32).sqrt().recip(),
            middle: 0.0,
        }
    }

    /// Gives a number of the tensor, counted row by row.
    pub(super) fn number(self, index: u64) -> bf16 {
        bf16::from_f32(self.stream.value(index) * self.size + self.middle)
    }
}
