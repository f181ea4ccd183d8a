//! The buffers of the fast backend: numbers in the type that its path multiplies.

use std::ops::Range;

use half::bf16;

use crate::kernels::{Output, Sink, Values, ValuesMut};

/// Numbers in f32 or bf16.
#[derive(Debug, Clone)]
pub(super) enum Numbers {
    F32(Vec<f32>),
    Bf16(Vec<bf16>),
}

impl Numbers {
    pub(super) fn zeros(narrow: bool, count: usize) -> Self {
        if narrow {
            Self::Bf16(vec![bf16::ZERO; count])
        } else {
            Self::F32(vec![0.0; count])
        }
    }

    pub(super) fn values(&self) -> Values<'_> {
        match self {
            Self::F32(numbers) => Values::F32(numbers),
            Self::Bf16(numbers) => Values::Bf16(numbers),
        }
    }

    pub(super) fn values_mut(&mut self) -> ValuesMut<'_> {
        match self {
            Self::F32(numbers) => ValuesMut::F32(numbers),
            Self::Bf16(numbers) => ValuesMut::Bf16(numbers),
        }
    }

    pub(super) fn to_f32(&self) -> Vec<f32> {
        match self {
            Self::F32(numbers) => numbers.clone(),
            Self::Bf16(numbers) => numbers.iter().map(|number| number.to_f32()).collect(),
        }
    }
}

/// Input rows of linear layers.
#[derive(Debug, Clone)]
pub struct Rows {
    pub(super) numbers: Numbers,
    pub(super) width: usize,
}

impl Rows {
    /// The numbers of some rows.
    pub(super) fn section(&self, rows: Range<usize>) -> Values<'_> {
        let (start, length) = (rows.start * self.width, rows.len() * self.width);
        self.numbers.values().part(start, length)
    }

    /// The numbers of some rows, to be written.
    pub(super) fn section_mut(&mut self, rows: Range<usize>) -> ValuesMut<'_> {
        let (start, length) = (rows.start * self.width, rows.len() * self.width);
        self.numbers.values_mut().part(start, length)
    }

    /// Some rows as the output of a kernel, from a column on.
    pub(super) fn output(&mut self, rows: Range<usize>, first_column: usize) -> Output<'_> {
        let stride = self.width;
        let sink = match self.section_mut(rows) {
            ValuesMut::F32(numbers) => Sink::F32(numbers),
            ValuesMut::Bf16(numbers) => Sink::Bf16(numbers),
        };
        Output {
            sink,
            stride,
            offset: first_column,
        }
    }
}

/// Queries, keys and values, each [heads, tokens, head size].
#[derive(Debug, Clone)]
pub struct Heads {
    pub(super) parts: [Numbers; 3],
    pub(super) tokens: usize,
    pub(super) count: usize,
    pub(super) head_size: usize,
}
