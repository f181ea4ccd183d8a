//! Background of a product photo: a smooth colour surface fitted to the picture's border.

use crate::{
    border::{BorderFit, BorderStrips, fit_border},
    raster::Color,
};

/// Width of the strips at the sides (share of the width) and of those above and below (share of the height).
const SIDE_STRIP: f64 = 0.03;
const END_STRIP: f64 = 0.018;
/// The wall as it would look without the garment.
#[derive(Clone, Debug)]
pub(super) struct Backdrop {
    /// Lab colour at every pixel.
    pub(super) surface: Color,
    /// Robust scatter of the border around the surface (Lab), at least `SIGMA_FLOOR`.
    pub(super) sigma: f64,
}

impl Backdrop {
    /// Fits a quadratic surface to the border, ignoring whatever else touches it.
    pub(super) fn fit(lab: &Color) -> Self {
        let strips = BorderStrips {
            side_width: SIDE_STRIP,
            side_height: 1.0,
            end_height: END_STRIP,
            bottom: true,
        };
        let BorderFit { surface, sigma } = fit_border(lab, strips);
        Self { surface, sigma }
    }
}
