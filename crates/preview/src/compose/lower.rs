//! The composition of trousers, shorts or a skirt.

use crate::fit::{LowerFit, Waistband};
use crate::garment::{GarmentShape, LowerShape};
use crate::person::PersonRegions;
use crate::raster::{Mask, Plane, Rgb8};

use super::floating::settle_floating;
use super::grain::Grain;
use super::layers::lower_layer;
use super::leftover::lower_leftover;
use super::light::{light_match, shade, shadow_reach, soft_shadow};
use super::patch::{Frame, Patch, SoftMask, Window, below_curve, shrink, soften, soften_in};
use super::plan::{Step, allowed_region, carry_out};
use super::repair::cover_old_clothes;
use super::upper::{bare_legs, enlarge_part, fall, lit, where_covered};
use super::{ComposeError, Composition, Measures};

/// Shadow of the garment's lower end on the legs: strength, way down and softness (U).
const END_SHADOW: (f32, f64, f64) = (0.30, 0.02, 0.025);
/// Shadow of the top's hem and of the arms on the garment.
const TOP_SHADOW: (f32, f64, f64) = (0.35, 0.02, 0.03);

/// Puts trousers, shorts or a skirt on the person.
pub(super) fn compose_lower(
    image: &Rgb8,
    person: &PersonRegions,
    garment: &GarmentShape,
    lower: &LowerShape,
    fit: &LowerFit,
    frame: &Frame,
) -> Result<Composition, ComposeError> {
    let u = person.shoulder_width;
    let mut layer = lower_layer(person, garment, lower, fit, &Grain::of(image), frame);
    let Waistband { edge, old_bottom } = &fit.waistband;
    let below = below_curve(edge, frame, layer.alpha.window());
    let first = layer.alpha.window().x0;
    // Behind the top nothing is to be seen, and nothing may stick out beside it.
    layer.alpha.change_rows(|y, row| {
        let below = below.row(y);
        for (x, value) in row.iter_mut().enumerate() {
            *value *= below.at(first + x);
        }
    });
    let window = layer.alpha.window();
    let coverage = shrink(&layer.alpha, frame);
    let mut leftover = lower_leftover(person, fit, old_bottom, edge, &coverage);
    let floating = settle_floating(person, Some(&fit.stance), &coverage, &mut leftover);

    let mut steps = cover_old_clothes(image, person, &leftover, &coverage, frame);
    bare_legs(image, person, &fit.stance, &leftover, frame, &mut steps);
    steps.push(Step::Keep);
    steps.push(Step::Darken(end_shadow(
        person,
        fit,
        &layer.alpha,
        &coverage,
        frame,
    )));
    let light = enlarge_part(&shade(person, &coverage, &person.old_bottom), frame, window);
    let alpha = layer.alpha.clone();
    steps.push(lit(layer, &light, light_match(person, garment)));

    let front = top_in_front(person, edge, frame, window);
    let (strength, down, sigma) = TOP_SHADOW;
    let shadow = fall(
        &soft_shadow(&shrink(&front, frame), down * u, sigma * u),
        frame,
        window,
    );
    steps.push(Step::Darken(Patch::from_fn(window, |x, y| {
        strength * shadow.row(y).at(x) * (1.0 - front.row(y).at(x)) * alpha.row(y).at(x)
    })));
    steps.push(Step::ShowKept(where_covered(&front, &alpha)));

    let allowed = allowed_region(&steps, frame);
    let picture = carry_out(steps, image, &allowed, frame);
    let measures = Measures {
        skin_invented: 0.0,
        legs_invented: leftover.below_hem.count() as f64 / (u * u),
        lower_invented: 0.0,
        old_cloth_visible: 0.0,
        floating,
    };
    Composition::new(image, picture, allowed, measures)
}

/// Gives the shadow of the garment's lower end on the person.
fn end_shadow(
    person: &PersonRegions,
    fit: &LowerFit,
    alpha: &SoftMask,
    coverage: &crate::raster::Gray,
    frame: &Frame,
) -> SoftMask {
    let u = person.shoulder_width;
    let (strength, down, sigma) = END_SHADOW;
    let factor = frame.factor().1;
    let first_row = (fit.bottom * factor - 1.0).max(0.0) as usize;
    let reach = shadow_reach(down * u, sigma * u) as f64 * factor.max(1.0);
    let window = alpha.window().grown(reach.ceil() as usize, frame.full);
    let window = Window::between(
        (window.x0, window.y0.max(first_row)),
        (window.x1(), window.y1()),
        frame.full,
    );
    if window.is_empty() {
        return Patch::empty();
    }
    let body = soften_in(&person.silhouette, frame, window);
    let shadow = fall(&soft_shadow(coverage, down * u, sigma * u), frame, window);
    Patch::from_fn(window, |x, y| {
        strength * shadow.row(y).at(x) * (1.0 - alpha.row(y).at(x)) * body.row(y).at(x)
    })
}

/// Gives what lies in front of the garment: the top down to its hem (`edge`, a row per column), and the arms.
fn top_in_front(person: &PersonRegions, edge: &[f64], frame: &Frame, window: Window) -> SoftMask {
    let u = person.shoulder_width;
    let (width, height) = person.silhouette.size();
    let inside = |x: usize, y: usize| {
        let column = x as f64;
        let left = person.torso_left.get(y).copied().unwrap_or(0.0);
        let right = person.torso_right.get(y).copied().unwrap_or(width as f64);
        column > left - 0.04 * u && column < right + 0.04 * u && !person.arm[(x, y)]
    };
    let beside: Mask = Plane::from_fn(width, height, |x, y| {
        person.arm[(x, y)] || (person.old_top[(x, y)] && !inside(x, y))
    });
    let within: Mask = Plane::from_fn(width, height, |x, y| {
        let end = edge.get(x).copied().unwrap_or(person.waist) + 3.0;
        person.silhouette[(x, y)] && (y as f64) < end && inside(x, y)
    });
    let (beside, within) = (soften(&beside, frame), soften_in(&within, frame, window));
    let below = below_curve(edge, frame, window);
    Patch::from_fn(window, |x, y| {
        let top = within.row(y).at(x) * (1.0 - below.row(y).at(x));
        beside.row(y).at(x).max(top)
    })
}
