//! bf16 in bulk: the upper half of an f32, rounded to the nearest, ties to even.
//!
//! All paths give the same bits as the scalar code, subnormal numbers, infinities and NaNs
//! included (the conversion instructions of AVX512-BF16 flush subnormals, so they are not used
//! here). A NaN stays a NaN: its quiet bit is set, for its payload may lie in the half that goes.

use half::bf16;

use super::error::check_length;
use super::kernel::{Kernel, with_kernel};
use super::{KernelError, Path};

/// Rounds every number of `source` to bf16. Both slices have the same length.
///
/// Fails when the lengths differ or the processor lacks the path.
pub fn narrow(path: Path, source: &[f32], target: &mut [bf16]) -> Result<(), KernelError> {
    check_length("bf16 target", source.len(), target.len())?;
    path.require()?;
    with_kernel!(path, K => {
        // SAFETY: the path is available, checked above.
        unsafe { K::vectorised(|| narrow_plain(source, target)) }
    });
    Ok(())
}

/// Widens every number of `source` to f32, which is exact. Both slices have the same length.
///
/// Fails when the lengths differ or the processor lacks the path.
pub fn widen(path: Path, source: &[bf16], target: &mut [f32]) -> Result<(), KernelError> {
    check_length("f32 target", source.len(), target.len())?;
    path.require()?;
    with_kernel!(path, K => {
        // SAFETY: the path is available, checked above.
        unsafe { K::vectorised(|| widen_plain(source, target)) }
    });
    Ok(())
}

/// Rounds one number to bf16, without a branch, so that a loop of it becomes vector code.
#[inline(always)]
pub(super) fn round(number: f32) -> bf16 {
    const QUIET: u32 = 0x0040;
    const JUST_BELOW_HALF: u32 = 0x7fff;
    let bits = number.to_bits();
    let rounded = bits.wrapping_add(JUST_BELOW_HALF + ((bits >> 16) & 1)) >> 16;
    let quiet = (bits >> 16) | QUIET;
    bf16::from_bits(if number.is_nan() { quiet } else { rounded } as u16)
}

/// The body of [`narrow`], compiled once for every path.
#[inline(always)]
pub(super) fn narrow_plain(source: &[f32], target: &mut [bf16]) {
    for (to, &from) in target.iter_mut().zip(source) {
        *to = round(from);
    }
}

/// The body of [`widen`], compiled once for every path.
#[inline(always)]
pub(super) fn widen_plain(source: &[bf16], target: &mut [f32]) {
    for (to, &from) in target.iter_mut().zip(source) {
        *to = f32::from_bits(u32::from(from.to_bits()) << 16);
    }
}
