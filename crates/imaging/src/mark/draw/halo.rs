//! A soft shadow or glow around what drowns.

use super::super::blur::blurred;
use super::super::light::mix;
use super::super::logo::Logo;
use super::super::place::grown;
use super::outline::Outline;
use crate::{CropBox, Picture};

/// A halo around light parts, or around dark ones.
struct Halo {
    colour: [u8; 3],
    is_around_light: bool,
    /// Least difference that it has to reach at the outline, in L*; more than is legible, as it fades away from there.
    difference: f32,
}

const SHADOW: Halo = Halo {
    colour: [10, 10, 12],
    is_around_light: true,
    difference: 42.0,
};
/// A dark surround makes a glow look darker than it is.
const GLOW: Halo = Halo {
    colour: [255, 255, 255],
    is_around_light: false,
    difference: 60.0,
};
/// Share of what drowned that may still do so.
const MAX_STILL_DROWNED: f32 = 0.15;
/// How strong a halo may be, tried in this order.
const STRENGTHS: [f32; 8] = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
/// Widest blur of the near part of a halo, as a share of the picture's short side.
const MAX_NEAR_SHARE: f32 = 0.006;
/// The far part's blur against the near one's.
const FAR: f32 = 3.0;

/// Draws the halos that a logo needs, as faint as does; returns the part of the picture that was changed.
pub(super) fn draw_halos(
    picture: &mut Picture,
    logo: &Logo,
    area: CropBox,
    outline: &Outline,
) -> CropBox {
    let (width, height) = (picture.width(), picture.height());
    // As wide as a stroke, so that it follows the letters and fills the narrow gaps between them.
    let widest = (width.min(height) as f32 * MAX_NEAR_SHARE).max(1.2);
    let near = outline.stroke_px.clamp(1.0, widest);
    let halo_area = grown(area, (near * FAR * 2.5).ceil() as u32, width, height);
    for (halo, drowned) in [
        (SHADOW, &outline.drowned_light),
        (GLOW, &outline.drowned_dark),
    ] {
        if drowned.iter().all(|value| *value == 0.0) {
            continue;
        }
        let mask = Mask::around(drowned, area, halo_area, near);
        let strength = least_strength(outline, &halo, &mask);
        mask.draw(picture, logo, halo.colour, strength);
    }
    halo_area
}

/// Finds the least strength at which most of what drowned is seen.
fn least_strength(outline: &Outline, halo: &Halo, mask: &Mask) -> f32 {
    let points = || {
        let points = outline.points.iter();
        points.filter(|point| point.is_light == halo.is_around_light)
    };
    let before: f32 = points().map(|point| point.weight * point.drowned).sum();
    let is_enough = |strength: &f32| {
        let after = points().map(|point| {
            let share = mask.at_logo(point.index) * strength;
            let below = mix(point.below, halo.colour, share);
            let drowned = outline.drowned(point.logo, below, halo.difference);
            point.weight * point.drowned * drowned
        });
        after.sum::<f32>() <= before * MAX_STILL_DROWNED
    };
    let strongest = STRENGTHS[STRENGTHS.len() - 1];
    STRENGTHS.into_iter().find(is_enough).unwrap_or(strongest)
}

/// How much of a halo lies at each pixel of a part of the picture, 0..=1.
struct Mask {
    area: CropBox,
    logo_area: CropBox,
    values: Vec<f32>,
}

impl Mask {
    /// Blurs what drowns twice, near and far, and lays both over each other.
    fn around(drowned: &[f32], logo_area: CropBox, area: CropBox, near: f32) -> Mask {
        let mut shape = vec![0.0; area.width as usize * area.height as usize];
        let rows = drowned.chunks_exact(logo_area.width as usize);
        for (row, values) in rows.enumerate() {
            let y = logo_area.y - area.y + row as u32;
            let start = (y * area.width + logo_area.x - area.x) as usize;
            shape[start..][..values.len()].copy_from_slice(values);
        }
        let size = (area.width as usize, area.height as usize);
        let close = blurred(&shape, size, near);
        let wide = blurred(&shape, size, near * FAR);
        let values = close.iter().zip(&wide).map(|(close, wide)| {
            let full = |value: f32, gain: f32| 1.0 - (-value * gain).exp();
            0.6 * full(*close, 3.5) + 0.4 * full(*wide, 3.0)
        });
        Mask {
            area,
            logo_area,
            values: values.collect(),
        }
    }

    fn at(&self, x: u32, y: u32) -> f32 {
        self.values[(y * self.area.width + x) as usize]
    }

    /// The value at a pixel of the logo, by its index there.
    fn at_logo(&self, index: usize) -> f32 {
        let (x, y) = (
            index as u32 % self.logo_area.width,
            index as u32 / self.logo_area.width,
        );
        self.at(
            x + self.logo_area.x - self.area.x,
            y + self.logo_area.y - self.area.y,
        )
    }

    /// Draws the halo, less below the logo itself: its colours would change where it lets the picture through.
    fn draw(&self, picture: &mut Picture, logo: &Logo, colour: [u8; 3], strength: f32) {
        for y in 0..self.area.height {
            for x in 0..self.area.width {
                let (column, row) = (self.area.x + x, self.area.y + y);
                let inside = (
                    column.wrapping_sub(self.logo_area.x),
                    row.wrapping_sub(self.logo_area.y),
                );
                let hidden = if inside.0 < self.logo_area.width && inside.1 < self.logo_area.height
                {
                    let index = (inside.1 * self.logo_area.width + inside.0) as usize;
                    f32::from(logo.alpha()[index]) / 255.0
                } else {
                    0.0
                };
                let share = self.at(x, y) * strength * (1.0 - hidden);
                let pixel = picture.pixel(column, row);
                picture.set_pixel(column, row, mix(pixel, colour, share));
            }
        }
    }
}
