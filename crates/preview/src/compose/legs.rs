//! Bare legs where the old garment was longer: the round shading of a limb over the colours of invented skin.

use crate::fit::Stance;
use crate::person::{PersonRegions, Side};
use crate::raster::{Mask, Point, dilate};

use super::layers::soft_polygon;
use super::patch::{Frame, Patch, SoftMask, soften_in};

/// Softness of a leg's outline (full-size pixels).
const EDGE_BLUR: f32 = 1.0;

/// Share of the luminance that a leg loses at its outer and at its inner rim.
const RIM_SHADE: (f32, f32) = (0.20, 0.30);
/// How fast the shade falls off towards the middle of the leg.
const ROUNDNESS: f32 = 2.6;
/// Share lost right under the crotch, where the legs shade each other, and over which height (U).
const CROTCH_SHADE: f32 = 0.12;
const CROTCH_HEIGHT: f64 = 0.35;
/// Depth of the hollow under the knee cap, its row as a share of the way from crotch to shoes, its height (U).
const KNEE_SHADE: f32 = 0.05;
const KNEE_AT: f64 = 0.46;
const KNEE_HEIGHT: f64 = 0.07;

/// Gives the strength of invented legs: their smooth outline within the old garment below the new hem (work mask).
pub(super) fn leg_outline(stance: &Stance, region: &Mask, frame: &Frame) -> SoftMask {
    let Some(bounds) = region.bounds() else {
        return SoftMask::empty();
    };
    let window = frame.window(bounds, 4.0);
    let rows = bounds.y0.saturating_sub(3)..=bounds.y1 + 3;
    let outlines = Side::ALL.map(|side| {
        let edge = |y: usize, outwards: f64| {
            let (axis, half) = stance.leg(side, y as f64);
            frame.to_full(Point::new(axis + outwards * half, y as f64))
        };
        let down = rows.clone().map(|y| edge(y, -1.0));
        let up = rows.clone().rev().map(|y| edge(y, 1.0));
        soft_polygon(&down.chain(up).collect::<Vec<_>>(), window, EDGE_BLUR)
    });
    let within = soften_in(&dilate(region, 1.0), frame, window);
    Patch::from_fn(window, |x, y| {
        let [left, right] = &outlines;
        left.row(y).at(x).max(right.row(y).at(x)) * within.row(y).at(x)
    })
}

/// Gives the share of luminance that invented legs lose where they are painted with `strength`.
pub(super) fn leg_shade(
    person: &PersonRegions,
    stance: &Stance,
    strength: &SoftMask,
    frame: &Frame,
) -> SoftMask {
    let window = strength.window();
    Patch::from_fn(window, |x, y| {
        let strength = strength.row(y).at(x);
        if strength <= 0.0 {
            return 0.0;
        }
        let at = frame.to_work(Point::new(x as f64, y as f64));
        strength * shade_at(person, stance, at.x, at.y)
    })
}

/// Shades one position on the nearer leg.
fn shade_at(person: &PersonRegions, stance: &Stance, x: f64, y: f64) -> f32 {
    let u = person.shoulder_width;
    let off = |side: Side| {
        let (axis, half) = stance.leg(side, y);
        side.sign() * (x - axis) / half.max(1.0)
    };
    let side = if off(Side::Left).abs() < off(Side::Right).abs() {
        Side::Left
    } else {
        Side::Right
    };
    let across = (off(side) as f32).clamp(-1.0, 1.0);
    let rim = if across > 0.0 {
        RIM_SHADE.0
    } else {
        RIM_SHADE.1
    };
    let round = rim * across.abs().powf(ROUNDNESS);
    let under = ((y - stance.crotch) / (CROTCH_HEIGHT * u)).clamp(0.0, 1.0) as f32;
    let knee_row = stance.crotch + KNEE_AT * (stance.shoes[side] - stance.crotch);
    let step = (y - knee_row) / (KNEE_HEIGHT * u);
    let knee = KNEE_SHADE * (-0.5 * step * step).exp() as f32 * (1.0 - across * across);
    round + CROTCH_SHADE * (1.0 - under) * (1.0 - 0.5 * across) + knee
}
