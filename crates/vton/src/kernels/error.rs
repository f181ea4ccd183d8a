//! What can be wrong with the arguments of a kernel.

use super::PathError;

/// Why a kernel refused its arguments. Nothing has been written then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KernelError {
    /// A slice has not the length that the shape asks for.
    #[error("{what}: {actual} values where {expected} were expected")]
    Length {
        /// Which slice.
        what: &'static str,
        /// The number of values that the shape asks for.
        expected: usize,
        /// The number of values in the slice.
        actual: usize,
    },
    /// The columns of the result lie outside a row of the output.
    #[error("output rows of {stride} values cannot hold {columns} columns from column {offset} on")]
    Stride {
        /// From one row of the output to the next.
        stride: usize,
        /// First column that the result is written to.
        offset: usize,
        /// Columns of the result.
        columns: usize,
    },
    /// A dimension that must not be zero is.
    #[error("{what} must not be zero")]
    Empty {
        /// Which dimension.
        what: &'static str,
    },
    /// The instruction set is not there.
    #[error(transparent)]
    Path(#[from] PathError),
}

/// Checks that a slice has the length that the shape asks for.
pub(super) fn check_length(
    what: &'static str,
    expected: usize,
    actual: usize,
) -> Result<(), KernelError> {
    if expected == actual {
        return Ok(());
    }
    Err(KernelError::Length {
        what,
        expected,
        actual,
    })
}

/// The values of a shape. One too great to count fits no slice, so it may as well be the greatest.
pub(super) fn product<const N: usize>(sizes: [usize; N]) -> usize {
    sizes.into_iter().fold(1, usize::saturating_mul)
}
