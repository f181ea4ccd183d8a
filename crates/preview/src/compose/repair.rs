//! Repairs: what the old clothes hid is painted anew, from the photo or from the half-finished picture.

use crate::person::PersonRegions;
use crate::raster::{Bounds, Color, Gray, Mask, Plane, Rgb8, dilate, inpaint, rgb_from_lab};

use super::continuation::continued;
use super::leftover::Leftover;
use super::patch::{Frame, Patch, Window, enlarge, shrink_part, smoothed, soften};
use super::plan::Step;
use super::skin::{bare_skin, skin_fill};
use super::texture::Texture;

/// Work pixels of surroundings that are looked at.
pub(super) const SURROUNDINGS: usize = 12;
/// Radius of the inpainting, work pixels.
const INPAINT_RADIUS: f64 = 4.0;
/// Work pixels that a region grows by before it is filled, so that its old rim does not bleed in.
const RIM: f64 = 2.0;

/// Work pixels by which a repair goes on under the one that is painted over it, so that nothing old shines through their edge.
const UNDERLAP: f64 = 3.0;
/// Invented skin goes on over seen skin by this much (U): the contour of the old cloth lies there.
const OVERLAP: f64 = 0.02;
/// Blur that takes the steps out of the outline of skin (work pixels).
const SMOOTH: f32 = 2.0;
/// Work pixels between the person and the wall that is measured: nearer lies the soft rim of the silhouette.
const WALL_RIM: f64 = 3.0;
/// Surroundings of a piece of wall that are looked at (U).
const WALL_SURROUNDINGS: f64 = 0.2;

/// Replaces what the new garment leaves visible of the old clothes: wall, then the lower garment, then skin.
pub(super) fn cover_old_clothes(
    image: &Rgb8,
    person: &PersonRegions,
    leftover: &Leftover,
    coverage: &Gray,
    frame: &Frame,
) -> Vec<Step> {
    let Leftover {
        wall, skin, lower, ..
    } = leftover;
    // Wall and skin do not depend on each other.
    let (of_wall, of_skin) = rayon::join(
        || {
            wall.any().then(|| {
                let region = wall.or(&dilate(wall, UNDERLAP).and(&skin.or(lower)));
                let alpha = soften(&region, frame);
                let color = wall_fill(image, person, &region, frame, alpha.window());
                Step::Paint { color, alpha }
            })
        },
        || {
            skin.any()
                .then(|| invented_skin(image, person, leftover, coverage, frame))
        },
    );
    let mut steps = Vec::new();
    steps.extend(of_wall);
    if lower.any() {
        // What else is repaired nearby, and the rim of the old cloth, lend no colour.
        let near = dilate(lower, SURROUNDINGS as f64);
        let old = dilate(&person.old_top, UNDERLAP).or(skin).or(wall);
        let alpha = soften(&lower.or(&dilate(lower, UNDERLAP).and(skin)), frame);
        steps.push(Step::Inpaint {
            region: lower.or(&near.and(&old)),
            alpha,
        });
    }
    steps.extend(of_skin);
    steps
}

/// Paints skin where the old top hid it.
fn invented_skin(
    image: &Rgb8,
    person: &PersonRegions,
    leftover: &Leftover,
    coverage: &Gray,
    frame: &Frame,
) -> Step {
    let skin = &leftover.skin;
    let reach = (OVERLAP * person.shoulder_width).max(2.5);
    let wide = dilate(skin, reach);
    let narrow = dilate(skin, UNDERLAP);
    let bare = bare_skin(person);
    let region = Plane::from_fn(skin.width(), skin.height(), |x, y| {
        let at = (x, y);
        skin[at] || (wide[at] && bare[at]) || (narrow[at] && coverage[at] > 0.5)
    });
    let alpha = smoothed(&region, frame, SMOOTH);
    let color = skin_fill(
        image,
        person,
        &region,
        &leftover.covered,
        frame,
        alpha.window(),
    );
    Step::Paint { color, alpha }
}

/// Gives the wall behind the person: the smooth model of it, corrected so that it meets the wall that is seen.
fn wall_fill(
    image: &Rgb8,
    person: &PersonRegions,
    region: &Mask,
    frame: &Frame,
    window: Window,
) -> Patch<[f32; 3]> {
    let margin = SURROUNDINGS.max((WALL_SURROUNDINGS * person.shoulder_width) as usize);
    let Some(area) = area_around(region, margin) else {
        return Patch::empty();
    };
    let open = dilate(&person.silhouette, WALL_RIM).not();
    let known = crop(&open.and_not(region), area);
    let difference = Plane::from_fn(area.width(), area.height(), |x, y| {
        let at = (area.x0 + x, area.y0 + y);
        let (seen, model) = (person.lab[at], person.background[at]);
        [seen[0] - model[0], seen[1] - model[1], seen[2] - model[2]]
    });
    let more = continued(&difference, &known, [f32::INFINITY; 3]);
    let lab = Plane::from_fn(area.width(), area.height(), |x, y| {
        let model = person.background[(area.x0 + x, area.y0 + y)];
        let more = more[(x, y)];
        [model[0] + more[0], model[1] + more[1], model[2] + more[2]]
    });
    let mut colors = enlarge(&rgb_from_lab(&lab), (area.x0, area.y0), frame, window);
    if let Some(texture) = Texture::of(image, &open, person.shoulder_width, frame) {
        colors.change_rows(|y, row| {
            for (x, color) in row.iter_mut().enumerate() {
                for (part, more) in color.iter_mut().zip(texture.at(window.x0 + x, y)) {
                    *part *= 1.0 + more;
                }
            }
        });
    }
    colors
}

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
