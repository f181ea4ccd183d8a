//! Matrices among the weights, and the types of number they are made of.

use std::ops::Range;

use half::{bf16, f16};
use safetensors::Dtype;

use super::random::Recipe;

/// A type of number that weights can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloatKind {
    /// The upper half of an f32: 8 bits of exponent, 7 of fraction.
    Bf16,
    /// IEEE half precision: 5 bits of exponent, 10 of fraction.
    F16,
    /// IEEE single precision.
    F32,
}

impl FloatKind {
    /// Gives the kind for a type of the file format, or nothing when weights cannot have it.
    pub(super) fn of(dtype: Dtype) -> Option<Self> {
        match dtype {
            Dtype::BF16 => Some(Self::Bf16),
            Dtype::F16 => Some(Self::F16),
            Dtype::F32 => Some(Self::F32),
            _ => None,
        }
    }

    /// Bytes of one number.
    pub const fn size(self) -> usize {
        match self {
            Self::Bf16 | Self::F16 => 2,
            Self::F32 => 4,
        }
    }
}

/// Numbers of a tensor, row-major.
#[derive(Debug, Clone, Copy)]
pub(super) enum Numbers<'a> {
    /// Little-endian, at any address.
    Stored { bytes: &'a [u8], kind: FloatKind },
    /// Made when they are read, from number `first` of the recipe on.
    Made { recipe: Recipe, first: u64 },
}

/// A matrix among the weights, row-major.
#[derive(Debug, Clone, Copy)]
pub struct MatrixView<'a> {
    pub(super) numbers: Numbers<'a>,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl<'a> MatrixView<'a> {
    /// Shows `bytes` as a matrix, or gives nothing when they are not `rows * columns` numbers.
    pub fn new(bytes: &'a [u8], kind: FloatKind, rows: usize, columns: usize) -> Option<Self> {
        let needed = rows.checked_mul(columns)?.checked_mul(kind.size())?;
        (bytes.len() == needed).then_some(Self {
            numbers: Numbers::Stored { bytes, kind },
            rows,
            columns,
        })
    }

    /// Type of the numbers.
    pub fn kind(&self) -> FloatKind {
        match self.numbers {
            Numbers::Stored { kind, .. } => kind,
            Numbers::Made { .. } => FloatKind::Bf16,
        }
    }

    /// Number of rows: outputs of the layer.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns: inputs of the layer.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Shows some of the rows; a range beyond the last row is cut to it.
    #[must_use]
    pub fn select_rows(&self, rows: Range<usize>) -> Self {
        let rows = rows.start.min(self.rows)..rows.end.min(self.rows);
        let numbers = match self.numbers {
            Numbers::Stored { bytes, kind } => {
                let pitch = self.columns * kind.size();
                let bytes = &bytes[rows.start * pitch..rows.end * pitch];
                Numbers::Stored { bytes, kind }
            }
            Numbers::Made { recipe, first } => Numbers::Made {
                recipe,
                first: first + (rows.start * self.columns) as u64,
            },
        };
        Self {
            numbers,
            rows: rows.len(),
            columns: self.columns,
        }
    }

    /// Shows all numbers without copying them, if they are stored as bf16 in the way this machine holds them in memory.
    pub fn as_bf16(&self) -> Option<&'a [bf16]> {
        let Numbers::Stored {
            bytes,
            kind: FloatKind::Bf16,
        } = self.numbers
        else {
            return None;
        };
        if cfg!(target_endian = "big") {
            return None;
        }
        #[expect(unsafe_code, reason = "a map of two gigabytes is not copied")]
        // SAFETY: a bf16 is two plain bytes, for which every bit pattern is valid; the function itself sees to the alignment.
        let (before, numbers, after) = unsafe { bytes.align_to::<bf16>() };
        (before.is_empty() && after.is_empty()).then_some(numbers)
    }

    /// Writes one row as f32 numbers; `out` takes `columns` of them.
    pub fn read_row(&self, row: usize, out: &mut [f32]) {
        self.read(row, out, |number| number, bf16::to_f32, f16::to_f32);
    }

    /// Writes one row as bf16 numbers, rounded where they are stored with more bits; `out` takes `columns` of them.
    pub fn read_row_bf16(&self, row: usize, out: &mut [bf16]) {
        let from_f16 = |number: f16| bf16::from_f32(number.to_f32());
        self.read(row, out, bf16::from_f32, |number| number, from_f16);
    }

    fn read<T>(
        &self,
        row: usize,
        out: &mut [T],
        from_f32: impl Fn(f32) -> T,
        from_bf16: impl Fn(bf16) -> T,
        from_f16: impl Fn(f16) -> T,
    ) {
        let (bytes, kind) = match self.numbers {
            Numbers::Stored { bytes, kind } => (bytes, kind),
            Numbers::Made { recipe, first } => {
                let first = first + (row * self.columns) as u64;
                for (index, value) in (first..).zip(out) {
                    *value = from_bf16(recipe.number(index));
                }
                return;
            }
        };
        let pitch = self.columns * kind.size();
        let bytes = &bytes[row * pitch..(row + 1) * pitch];
        match kind {
            FloatKind::Bf16 => {
                for (value, b) in out.iter_mut().zip(bytes.as_chunks().0) {
                    *value = from_bf16(bf16::from_le_bytes(*b));
                }
            }
            FloatKind::F16 => {
                for (value, b) in out.iter_mut().zip(bytes.as_chunks().0) {
                    *value = from_f16(f16::from_le_bytes(*b));
                }
            }
            FloatKind::F32 => {
                for (value, b) in out.iter_mut().zip(bytes.as_chunks().0) {
                    *value = from_f32(f32::from_le_bytes(*b));
                }
            }
        }
    }
}
