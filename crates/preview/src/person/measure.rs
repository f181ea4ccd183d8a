//! Small measurements shared by the stages.

use std::ops::Range;

use crate::raster::Mask;

/// Share of the true pixels of `region` that are true in `mask` too; 0 for an empty region.
pub(super) fn share_in(mask: &Mask, region: &Mask) -> f64 {
    mask.and(region).count() as f64 / region.count().max(1) as f64
}

/// Share of true entries; 0 for none.
pub(super) fn share_of(entries: &[bool]) -> f64 {
    entries.iter().filter(|entry| **entry).count() as f64 / entries.len().max(1) as f64
}

/// Makes a length the window of a median filter: whole and odd, at least 1.
pub(super) fn odd_window(length: f64) -> usize {
    (length.max(0.0) as usize) | 1
}

/// Turns positions into a range of whole rows or columns inside `0..count`.
pub(super) fn range_within(from: f64, to: f64, count: usize) -> Range<usize> {
    let first = (from.max(0.0) as usize).min(count);
    let end = (to.max(0.0) as usize).min(count);
    first..end.max(first)
}
