//! How well a logo's outline stands out from what lies below it.

use super::super::light::{lab, mix};
use super::super::logo::Logo;
use crate::{CropBox, Picture};

/// Least difference between a logo and what lies below at which an outline is seen at a glance, in L*.
const LEGIBLE_DIFFERENCE: f32 = 32.0;
/// Width of the step from seen to drowned, in L*.
const SOFT_STEP: f32 = 10.0;
/// How much a difference in colour counts against one in lightness: fine lines are told apart by lightness.
const COLOUR_WEIGHT: f32 = 0.55;
/// Share of the outline that may drown: less than a letter of a name.
const MAX_DROWNED: f32 = 0.04;
/// Inner contrast, against that of the outline, from which a logo is legible by itself.
const BADGE_CONTRAST: f32 = 0.35;
/// Alpha from which a pixel belongs to the outline's inner side.
const SOLID_ALPHA: f32 = 0.35;
/// Lightness from which a part of a logo is a light one.
const LIGHT: f32 = 50.0;

/// What is known of a logo's outline on the picture below it.
pub(super) struct Outline {
    /// Its pixels.
    pub(super) points: Vec<OutlinePoint>,
    /// How much of each pixel of the logo drowns, 0..=1, by alpha, for its light parts.
    pub(super) drowned_light: Vec<f32>,
    /// The same for its dark parts.
    pub(super) drowned_dark: Vec<f32>,
    /// Typical thickness of the logo's strokes in pixels.
    pub(super) stroke_px: f32,
    opacity: f32,
    inner_contrast: f32,
}

/// A pixel on the inner side of the outline.
pub(super) struct OutlinePoint {
    /// Index in the logo.
    pub(super) index: usize,
    /// How much of the outline it stands for.
    pub(super) weight: f32,
    /// Colour of the logo.
    pub(super) logo: [u8; 3],
    /// Colour of the picture.
    pub(super) below: [u8; 3],
    /// How much of it drowns, 0..=1.
    pub(super) drowned: f32,
    /// Whether the logo is light there.
    pub(super) is_light: bool,
}

impl Outline {
    /// Compares a logo, in its final size, with the picture below.
    pub(super) fn of(logo: &Logo, picture: &Picture, area: CropBox, opacity: f32) -> Outline {
        let shape = Shape::of(logo);
        let pixels = logo.alpha().len();
        let mut outline = Outline {
            points: Vec::new(),
            drowned_light: vec![0.0; pixels],
            drowned_dark: vec![0.0; pixels],
            stroke_px: 0.0,
            opacity,
            inner_contrast: 0.0,
        };
        let (mut outer, mut inner, mut ink) = (0.0, 0.0, 0.0);
        for y in 0..area.height {
            for x in 0..area.width {
                let index = (y * area.width + x) as usize;
                let alpha = shape.alpha[index];
                let (edge, contrast) = shape.gradients(i64::from(x), i64::from(y));
                ink += alpha;
                outer += edge;
                inner += contrast;
                if logo.alpha()[index] == 0 {
                    continue;
                }
                let colour = logo.colours().pixel(x, y);
                let below = picture.pixel(area.x + x, area.y + y);
                let drowned = outline.drowned(colour, below, LEGIBLE_DIFFERENCE);
                let is_light = shape.light[index] >= LIGHT;
                if is_light {
                    outline.drowned_light[index] = alpha * drowned;
                } else {
                    outline.drowned_dark[index] = alpha * drowned;
                }
                if alpha >= SOLID_ALPHA && edge > 0.05 {
                    outline.points.push(OutlinePoint {
                        index,
                        weight: edge,
                        logo: colour,
                        below,
                        drowned,
                        is_light,
                    });
                }
            }
        }
        outline.inner_contrast = inner / f32::max(outer, 1.0);
        // A stroke has an outline on both of its sides.
        outline.stroke_px = 2.0 * ink / f32::max(outer, 1.0);
        outline
    }

    /// Says whether the logo can be read as it is.
    pub(super) fn is_legible(&self) -> bool {
        if self.inner_contrast >= BADGE_CONTRAST {
            return true;
        }
        let all: f32 = self.points.iter().map(|point| point.weight).sum();
        let drowned: f32 = self
            .points
            .iter()
            .map(|point| point.weight * point.drowned)
            .sum();
        drowned <= all * MAX_DROWNED
    }

    /// How much of a colour, drawn onto another, drowns in it when `least` is the difference that is asked for.
    pub(super) fn drowned(&self, logo: [u8; 3], below: [u8; 3], least: f32) -> f32 {
        let drawn = lab(mix(below, logo, self.opacity));
        let below = lab(below);
        let lightness = drawn[0] - below[0];
        let colour = (drawn[1] - below[1]).hypot(drawn[2] - below[2]) * COLOUR_WEIGHT;
        let difference = lightness.hypot(colour);
        ((least - difference) / SOFT_STEP + 0.5).clamp(0.0, 1.0)
    }
}

/// Alpha and lightness of a logo, transparent beyond its edges.
struct Shape {
    width: i64,
    height: i64,
    alpha: Vec<f32>,
    light: Vec<f32>,
}

impl Shape {
    fn of(logo: &Logo) -> Shape {
        let colours = logo.colours().data().as_chunks::<3>().0;
        let alpha = logo.alpha().iter();
        Shape {
            width: i64::from(logo.width()),
            height: i64::from(logo.height()),
            alpha: alpha.map(|value| f32::from(*value) / 255.0).collect(),
            light: colours.iter().map(|colour| lab(*colour)[0]).collect(),
        }
    }

    fn at(&self, x: i64, y: i64) -> Option<usize> {
        let is_inside = (0..self.width).contains(&x) && (0..self.height).contains(&y);
        is_inside.then_some((y * self.width + x) as usize)
    }

    /// Steepness of the shape (0..=1) and of the lightness inside of it (0..=1, full contrast being 1) at a pixel.
    fn gradients(&self, x: i64, y: i64) -> (f32, f32) {
        let mut edge = 0.0;
        let mut contrast = 0.0;
        let across = (self.at(x - 1, y), self.at(x + 1, y));
        let down = (self.at(x, y - 1), self.at(x, y + 1));
        for (before, after) in [across, down] {
            let alpha = |index: Option<usize>| index.map_or(0.0, |index| self.alpha[index]);
            edge += (alpha(after) - alpha(before)).abs() / 2.0;
            let (Some(before), Some(after)) = (before, after) else {
                continue;
            };
            if self.alpha[before] > 0.5 && self.alpha[after] > 0.5 {
                contrast += (self.light[after] - self.light[before]).abs() / 200.0;
            }
        }
        (edge, contrast)
    }
}
