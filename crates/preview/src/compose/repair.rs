//! Colours that are made from the half-finished picture: continued surroundings.

use crate::raster::{Bounds, Color, Mask, Plane, dilate, inpaint};

use super::patch::{Frame, Patch, Window, enlarge, shrink_part};

/// Work pixels of surroundings that are looked at.
pub(super) const SURROUNDINGS: usize = 12;
/// Radius of the inpainting, work pixels.
const INPAINT_RADIUS: f64 = 4.0;
/// Work pixels that a region grows by before it is filled, so that its old rim does not bleed in.
const RIM: f64 = 2.0;

/// Fills a region (work mask) from its surroundings on the canvas; gives colours for a full-size window.
pub(super) fn inpainted(
    canvas: &Patch<[f32; 3]>,
    region: &Mask,
    frame: &Frame,
    window: Window,
) -> Patch<[f32; 3]> {
    let Some(area) = area_around(region, SURROUNDINGS) else {
        return Patch::empty();
    };
    let hole = dilate(&crop(region, area), RIM);
    let colors = shrink_part(canvas, frame, area);
    let filled: Color = inpaint(&colors, &hole, INPAINT_RADIUS);
    enlarge(&filled, (area.x0, area.y0), frame, window)
}

/// Gives the box around a mask with a margin.
fn area_around(mask: &Mask, margin: usize) -> Option<Bounds> {
    let bounds = mask.bounds()?;
    Some(Bounds {
        x0: bounds.x0.saturating_sub(margin),
        y0: bounds.y0.saturating_sub(margin),
        x1: (bounds.x1 + margin).min(mask.width() - 1),
        y1: (bounds.y1 + margin).min(mask.height() - 1),
    })
}

fn crop(mask: &Mask, area: Bounds) -> Plane<bool> {
    mask.crop(area.x0, area.y0, area.width(), area.height())
}
