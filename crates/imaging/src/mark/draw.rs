//! Laying a logo onto a picture, legibly.
//!
//! A logo is laid over the picture as it is where it can be read. Where its outline would drown in what lies below, that
//! is moved away from the logo's lightness first: a soft shadow around light parts, a soft glow around dark ones, only
//! there and as faint as does. A logo with strong contrasts inside of it (a badge) needs neither.

mod halo;
mod outline;

use super::light::mix;
use super::logo::Logo;
use crate::{CropBox, Picture};
use halo::draw_halos;
use outline::Outline;

/// Where a logo was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrawnLogo {
    /// The logo itself.
    pub area: CropBox,
    /// All that was changed: the logo and its halo, if it needed one.
    pub touched: CropBox,
}

/// Draws a logo into a box of the picture, at most as large as the logo.
///
/// `opacity` is 0..=1. The box is cut to the picture. Deterministic.
pub fn draw_logo(picture: &mut Picture, logo: &Logo, area: CropBox, opacity: f32) -> DrawnLogo {
    let area = area.clamped_to(picture.width(), picture.height());
    let opacity = opacity.clamp(0.0, 1.0);
    let logo = logo.resized(area.width, area.height);
    let outline = Outline::of(&logo, picture, area, opacity);
    let touched = if outline.is_legible() {
        area
    } else {
        draw_halos(picture, &logo, area, &outline)
    };
    lay_over(picture, &logo, area, opacity);
    DrawnLogo { area, touched }
}

fn lay_over(picture: &mut Picture, logo: &Logo, area: CropBox, opacity: f32) {
    let stride = area.width as usize;
    for (row, alphas) in logo.alpha().chunks_exact(stride).enumerate() {
        let colours = logo.colours().row(row as u32).as_chunks::<3>().0;
        let pixels = picture.row_mut(area.y + row as u32).as_chunks_mut::<3>().0;
        let pixels = &mut pixels[area.x as usize..][..stride];
        for ((pixel, colour), alpha) in pixels.iter_mut().zip(colours).zip(alphas) {
            if *alpha > 0 {
                *pixel = mix(*pixel, *colour, f32::from(*alpha) / 255.0 * opacity);
            }
        }
    }
}
