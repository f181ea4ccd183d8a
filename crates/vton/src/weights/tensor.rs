//! Numbers as they lie in a weights file.

use std::ops::Range;

use half::{bf16, f16};
use safetensors::Dtype;

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

/// A matrix inside a weights file: row-major, little-endian, at any address.
#[derive(Debug, Clone, Copy)]
pub struct MatrixView<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) kind: FloatKind,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl<'a> MatrixView<'a> {
    /// Shows `bytes` as a matrix, or gives nothing when they are not `rows * columns` numbers.
    pub fn new(bytes: &'a [u8], kind: FloatKind, rows: usize, columns: usize) -> Option<Self> {
        let needed = rows.checked_mul(columns)?.checked_mul(kind.size())?;
        (bytes.len() == needed).then_some(Self {
            bytes,
            kind,
            rows,
            columns,
        })
    }

    /// The numbers as they lie in the file, little-endian and at any address.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Type of the numbers.
    pub fn kind(&self) -> FloatKind {
        self.kind
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
        let pitch = self.columns * self.kind.size();
        let bytes = &self.bytes[rows.start * pitch..rows.end * pitch];
        Self {
            bytes,
            kind: self.kind,
            rows: rows.len(),
            columns: self.columns,
        }
    }

    /// Writes one row as f32 numbers; `out` takes `columns` of them.
    pub fn read_row(&self, row: usize, out: &mut [f32]) {
        let pitch = self.columns * self.kind.size();
        let bytes = &self.bytes[row * pitch..(row + 1) * pitch];
        match self.kind {
            FloatKind::Bf16 => {
                for (value, b) in out.iter_mut().zip(bytes.chunks_exact(2)) {
                    *value = bf16::from_le_bytes([b[0], b[1]]).to_f32();
                }
            }
            FloatKind::F16 => {
                for (value, b) in out.iter_mut().zip(bytes.chunks_exact(2)) {
                    *value = f16::from_le_bytes([b[0], b[1]]).to_f32();
                }
            }
            FloatKind::F32 => {
                for (value, b) in out.iter_mut().zip(bytes.chunks_exact(4)) {
                    *value = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
                }
            }
        }
    }
}
