//! The composition of a top or a dress.

use crate::fit::{Stance, UpperFit};
use crate::garment::{GarmentShape, UpperShape};
use crate::person::{PersonRegions, Side};
use crate::raster::{Gray, Mask, Plane, Rgb8, dilate, erode, fill_polygon, lab_pixel};

use super::floating::settle_floating;
use super::grain::Grain;
use super::layers::{Layer, UpperLayers, upper_layers};
use super::leftover::{Leftover, upper_leftover};
use super::legs::{leg_outline, leg_shade};
use super::light::{light_match, shade, shadow_reach, soft_shadow, soft_shadow_of};
use super::limb::{HiddenArms, hidden_arms};
use super::patch::{
    Frame, Patch, SoftMask, Window, enlarge, larger, shrink, soften, soften_in, work_part,
};
use super::plan::{Step, allowed_region, carry_out};
use super::repair::cover_old_clothes;
use super::skin::skin_fill;
use super::{ComposeError, Composition, Measures};

/// A shadow: how dark, how far down it falls and how soft it is (U).
struct Shadow {
    strength: f32,
    down: f64,
    sigma: f64,
}

/// The hem on what is below it.
const HEM_SHADOW: Shadow = Shadow {
    strength: 0.22,
    down: 0.02,
    sigma: 0.03,
};
/// The neckline on the skin: a thin contact shadow.
const NECK_SHADOW: Shadow = Shadow {
    strength: 0.30,
    down: 0.0,
    sigma: 0.014,
};
/// An arm on the cloth behind it.
const ARM_SHADOW: Shadow = Shadow {
    strength: 0.28,
    down: 0.01,
    sigma: 0.025,
};
/// A sleeve on the arm and on the body.
const SLEEVE_SHADOW: Shadow = Shadow {
    strength: 0.25,
    down: 0.015,
    sigma: 0.02,
};
/// Coverage from which on something counts as covered by cloth.
const COVERED: f32 = 0.003;

/// Puts a top or a dress on the person.
pub(super) fn compose_upper(
    image: &Rgb8,
    person: &PersonRegions,
    garment: &GarmentShape,
    upper: &UpperShape,
    fit: &UpperFit,
    frame: &Frame,
) -> Result<Composition, ComposeError> {
    let u = person.shoulder_width;
    let UpperLayers { torso, sleeves } =
        upper_layers(person, garment, upper, fit, &Grain::of(image), frame);
    let torso_coverage = shrink(&torso.alpha, frame);
    let mut sleeve_coverage = Plane::new(frame.work.0, frame.work.1, 0.0);
    for layer in sleeves.iter().filter_map(|(_, layer)| layer.as_ref()) {
        sleeve_coverage = larger(&sleeve_coverage, &shrink(&layer.alpha, frame));
    }
    let coverage = larger(&torso_coverage, &sleeve_coverage);
    let hidden = hidden_arms(person);
    let mut leftover = upper_leftover(
        person,
        garment.category,
        fit,
        &hidden,
        &coverage,
        &sleeve_coverage,
    );
    let floating = settle_floating(person, fit.stance.as_ref(), &coverage, &mut leftover);
    let front = arms_in_front(person, fit, &hidden);
    let front_soft = soften(&front, frame);

    let mut steps = cover_old_clothes(image, person, &leftover, &coverage, frame);
    if let Some(stance) = &fit.stance {
        bare_legs(image, person, stance, &leftover, frame, &mut steps);
    }
    steps.push(Step::Keep);
    let torso_window = torso.alpha.window();
    steps.push(Step::Darken(hem_shadow(
        person,
        fit,
        &torso,
        &torso_coverage,
        &front_soft,
        &person.silhouette.and_not(&leftover.wall),
        frame,
    )));
    steps.push(Step::Darken(neck_shadow(
        person,
        fit,
        &torso,
        &torso_coverage,
        &leftover.skin,
        frame,
    )));

    let light = shade(person, &coverage, &person.old_top);
    let gains = light_match(person, garment);
    let all_layers = sleeves
        .iter()
        .filter_map(|(_, layer)| layer.as_ref())
        .fold(torso_window, |window, layer| {
            window.union(&layer.alpha.window())
        });
    let light = enlarge_part(&light, frame, all_layers);
    let torso_alpha = torso.alpha.clone();
    steps.push(lit(torso, &light, gains));
    let arm_shadow = fall(
        &soft_shadow_of(&front, ARM_SHADOW.down * u, ARM_SHADOW.sigma * u),
        frame,
        torso_window,
    );
    steps.push(Step::Darken(Patch::from_fn(torso_window, |x, y| {
        ARM_SHADOW.strength
            * arm_shadow.row(y).at(x)
            * (1.0 - front_soft.row(y).at(x))
            * torso_alpha.row(y).at(x)
    })));
    steps.push(Step::ShowKept(where_covered(&front_soft, &torso_alpha)));

    let mut covered = torso_alpha.cut(all_layers);
    for (side, layer) in [(Side::Left, sleeves.left), (Side::Right, sleeves.right)] {
        let Some(layer) = layer else { continue };
        let low_row = frame.to_full(fit.landing.armpit[side]).y - 0.05 * u * frame.factor().1;
        steps.push(Step::Darken(sleeve_shadow(
            person,
            &layer,
            &torso_alpha,
            &front_soft,
            low_row,
            frame,
        )));
        covered.change_part(layer.alpha.window(), |y, row, first| {
            let alpha = layer.alpha.row(y);
            for (x, value) in row.iter_mut().enumerate() {
                *value = value.max(alpha.at(first + x));
            }
        });
        steps.push(lit(layer, &light, gains));
    }
    steps.push(Step::ShowOriginal(where_covered(
        &hair_in_front(person, frame),
        &covered,
    )));
    steps.push(Step::ShowOriginal(head_in_front(person, frame)));

    let allowed = allowed_region(&steps, frame);
    let picture = carry_out(steps, image, &allowed, frame);
    let measures = Measures {
        skin_invented: leftover.skin.count() as f64 / (u * u),
        legs_invented: leftover.below_hem.count() as f64 / (u * u),
        lower_invented: leftover.lower.count() as f64 / (u * u),
        old_cloth_visible: visible_old_cloth(
            image,
            &picture,
            person,
            &shrink(&covered, frame),
            &front,
            frame,
        ),
        floating,
    };
    Composition::new(image, picture, allowed, measures)
}

/// Paints bare legs where the new garment ends above the old one.
pub(super) fn bare_legs(
    image: &Rgb8,
    person: &PersonRegions,
    stance: &Stance,
    leftover: &Leftover,
    frame: &Frame,
    steps: &mut Vec<Step>,
) {
    if !leftover.below_hem.any() {
        return;
    }
    let alpha = leg_outline(stance, &leftover.below_hem, frame);
    let color = skin_fill(
        image,
        person,
        &leftover.below_hem,
        &leftover.covered,
        frame,
        alpha.window(),
    );
    let shade = leg_shade(person, stance, &alpha, frame);
    steps.push(Step::Paint { color, alpha });
    steps.push(Step::Darken(shade));
}

/// Lists what of the arms lies in front of the new garment's torso.
fn arms_in_front(person: &PersonRegions, fit: &UpperFit, hidden: &HiddenArms) -> Mask {
    let u = person.shoulder_width;
    let (width, height) = person.arm.size();
    let mut front = if fit.long_sleeves {
        person.arm.clone()
    } else {
        let below_armpit = fit.landing.armpit.left.y + 0.1 * u;
        let sleeves = person.old_sleeves.and_not(&hidden.sleeves).or(&hidden.arms);
        let arms = Plane::from_fn(width, height, |x, y| {
            person.arm[(x, y)] || (sleeves[(x, y)] && y as f64 > below_armpit)
        });
        arms.and_not(&dilate(&person.hair, 1.0))
    };
    for side in Side::ALL {
        let Some(sleeve) = &fit.sleeves[side] else {
            continue;
        };
        front.subtract_assign(&dilate(&fill_polygon(width, height, &sleeve.outline), 1.0));
        let armpit = fit.landing.armpit[side].y;
        let above = Plane::from_fn(width, height, |x, y| {
            (y as f64) < armpit && side.sign() * (x as f64 - person.center_x) > 0.0
        });
        front.subtract_assign(&above);
    }
    front
}

/// Gives the part of a strength that lies on cloth.
pub(super) fn where_covered(strength: &SoftMask, covered: &SoftMask) -> SoftMask {
    Patch::from_fn(strength.window().intersection(&covered.window()), |x, y| {
        if covered.row(y).at(x) > COVERED {
            strength.row(y).at(x)
        } else {
            0.0
        }
    })
}

/// Enlarges the part of a work plane that a window needs.
pub(super) fn enlarge_part(plane: &Gray, frame: &Frame, window: Window) -> SoftMask {
    let (part, origin) = work_part(frame, window, 3, |x, y, width, height| {
        plane.crop(x, y, width, height)
    });
    enlarge(&part, origin, frame, window)
}

/// Brings a shadow at work size to a full-size window.
pub(super) fn fall(shadow: &Gray, frame: &Frame, window: Window) -> SoftMask {
    let mut soft = enlarge_part(shadow, frame, window);
    soft.change_rows(|_, row| {
        for value in row {
            *value = value.clamp(0.0, 1.0);
        }
    });
    soft
}

/// Gives the window that a layer's shadow can reach.
fn reached(layer: &Layer, shadow: &Shadow, u: f64, frame: &Frame) -> Window {
    let reach = shadow_reach(shadow.down * u, shadow.sigma * u) as f64 * frame.factor().1.max(1.0);
    layer
        .alpha
        .window()
        .grown(reach.ceil() as usize, frame.full)
}

/// Gives the contact shadow of the hem on what is below.
fn hem_shadow(
    person: &PersonRegions,
    fit: &UpperFit,
    torso: &Layer,
    coverage: &Gray,
    front: &SoftMask,
    body: &Mask,
    frame: &Frame,
) -> SoftMask {
    let u = person.shoulder_width;
    let first_row = ((fit.hem - 0.12 * u) * frame.factor().1).max(0.0) as usize;
    let window = reached(torso, &HEM_SHADOW, u, frame);
    let window = Window::between(
        (window.x0, window.y0.max(first_row)),
        (window.x1(), window.y1()),
        frame.full,
    );
    let shadow = fall(
        &soft_shadow(coverage, HEM_SHADOW.down * u, HEM_SHADOW.sigma * u),
        frame,
        window,
    );
    let body = soften_in(body, frame, window);
    Patch::from_fn(window, |x, y| {
        let open = (1.0 - torso.alpha.row(y).at(x)) * (1.0 - front.row(y).at(x));
        HEM_SHADOW.strength * shadow.row(y).at(x) * open * body.row(y).at(x)
    })
}

/// Gives the contact shadow of the neckline on real and invented skin.
fn neck_shadow(
    person: &PersonRegions,
    fit: &UpperFit,
    torso: &Layer,
    coverage: &Gray,
    invented: &Mask,
    frame: &Frame,
) -> SoftMask {
    let u = person.shoulder_width;
    let armpit = fit.landing.armpit.left.y;
    let window = reached(torso, &NECK_SHADOW, u, frame);
    let last_row = frame.to_full(fit.landing.armpit.left).y.max(0.0) as usize + 8;
    let window = Window::between(
        (window.x0, window.y0),
        (window.x1(), window.y1().min(last_row)),
        frame.full,
    );
    let skin = Plane::from_fn(frame.work.0, frame.work.1, |x, y| {
        let at = (x, y);
        (invented[at] || person.skin[at]) && !person.arm[at] && (y as f64) < armpit
    });
    let skin = soften_in(&skin, frame, window);
    let shadow = fall(
        &soft_shadow(coverage, 0.0, NECK_SHADOW.sigma * u),
        frame,
        window,
    );
    Patch::from_fn(window, |x, y| {
        let open = 1.0 - torso.alpha.row(y).at(x);
        NECK_SHADOW.strength * shadow.row(y).at(x) * open * skin.row(y).at(x)
    })
}

/// Gives the shadow of a sleeve on the arm, and below the armpit on the body.
fn sleeve_shadow(
    person: &PersonRegions,
    sleeve: &Layer,
    torso: &SoftMask,
    front: &SoftMask,
    low_row: f64,
    frame: &Frame,
) -> SoftMask {
    let u = person.shoulder_width;
    let window = reached(sleeve, &SLEEVE_SHADOW, u, frame);
    let coverage = shrink(&sleeve.alpha, frame);
    let shadow = fall(
        &soft_shadow(&coverage, SLEEVE_SHADOW.down * u, SLEEVE_SHADOW.sigma * u),
        frame,
        window,
    );
    Patch::from_fn(window, |x, y| {
        let on_body = if y as f64 > low_row {
            0.7 * torso.row(y).at(x)
        } else {
            0.0
        };
        let open = 1.0 - sleeve.alpha.row(y).at(x);
        SLEEVE_SHADOW.strength * shadow.row(y).at(x) * open * front.row(y).at(x).max(on_body)
    })
}

/// Puts a layer into the light of the photo.
pub(super) fn lit(layer: Layer, light: &SoftMask, gains: [f32; 3]) -> Step {
    let Layer { mut color, alpha } = layer;
    let first = color.window().x0;
    color.change_rows(|y, row| {
        let light = light.row(y);
        for (x, value) in row.iter_mut().enumerate() {
            let luminance = light.at(first + x);
            for (part, gain) in value.iter_mut().zip(gains) {
                *part = (*part * luminance * gain).clamp(0.0, 255.0);
            }
        }
    });
    Step::Paint { color, alpha }
}

/// Hair that may hang over the new garment.
fn hair_in_front(person: &PersonRegions, frame: &Frame) -> SoftMask {
    let first_row = person.chin - 0.3 * person.shoulder_width;
    let hair = &person.hair;
    let low = Plane::from_fn(hair.width(), hair.height(), |x, y| {
        hair[(x, y)] && y as f64 > first_row
    });
    soften(&low, frame)
}

/// Face and head, which always win.
fn head_in_front(person: &PersonRegions, frame: &Frame) -> SoftMask {
    let last_row = person.chin - 0.02 * person.shoulder_width;
    let head = &person.head;
    let above = Plane::from_fn(head.width(), head.height(), |x, y| {
        head[(x, y)] && (y as f64) < last_row
    });
    soften(&above, frame)
}

/// Measures how much of the old top is still to be seen, as a share of its area.
fn visible_old_cloth(
    image: &Rgb8,
    picture: &Rgb8,
    person: &PersonRegions,
    coverage: &Gray,
    front: &Mask,
    frame: &Frame,
) -> f64 {
    let (width, height) = person.old_top.size();
    let u = person.shoulder_width;
    let above_hem = Plane::from_fn(width, height, |x, y| {
        let hem = person.hem_curve.get(x).copied().unwrap_or(person.hem);
        person.old_top[(x, y)] && (y as f64) < hem - 0.03 * u
    });
    let suspects = erode(&above_hem, 2.0);
    let (factor_x, factor_y) = frame.factor();
    let is_unchanged = |x: usize, y: usize| {
        let at = (x, y);
        let suspect = suspects[at]
            && coverage[at] < 0.5
            && !front[at]
            && !person.hair[at]
            && !person.old_bottom[at];
        suspect && looks_the_same(image, picture, person, at, (factor_x, factor_y))
    };
    let unchanged = Plane::from_fn(width, height, is_unchanged).count();
    unchanged as f64 / person.old_top.count().max(1) as f64
}

/// Compares the full-size pixels of one work pixel before and after.
fn looks_the_same(
    image: &Rgb8,
    picture: &Rgb8,
    person: &PersonRegions,
    (work_x, work_y): (usize, usize),
    (factor_x, factor_y): (f64, f64),
) -> bool {
    let range = |work: usize, factor: f64, limit: usize| {
        let start = ((work as f64 * factor) as usize).min(limit - 1);
        start..(((work + 1) as f64 * factor).ceil() as usize).clamp(start + 1, limit)
    };
    let (mut same, mut count, mut sum) = (0_u32, 0_u32, [0.0_f32; 3]);
    for y in range(work_y, factor_y, image.height()) {
        for x in range(work_x, factor_x, image.width()) {
            let (before, after) = (image[(x, y)], picture[(x, y)]);
            same += u32::from(before.iter().zip(after).all(|(a, b)| a.abs_diff(b) < 5));
            count += 1;
            for (sum, part) in sum.iter_mut().zip(after) {
                *sum += f32::from(part);
            }
        }
    }
    let mean = lab_pixel(sum.map(|part| part / count as f32));
    let old = person.lab[(work_x, work_y)];
    let difference: f32 = mean.iter().zip(old).map(|(a, b)| (a - b).abs()).sum();
    f64::from(same) > 0.9 * f64::from(count) && difference < 6.0
}
