//! A composition as a list of steps: first the region that they may change is fixed, then they are carried out inside it.

use crate::raster::{Mask, Plane, Rgb8};

use super::patch::{Frame, Patch, SoftMask, Window};
use super::repair;

/// Strength from which on paint is visible.
const VISIBLE_PAINT: f32 = 0.003;
/// Strength from which on a shadow changes a grey level (1 of 255).
const VISIBLE_SHADOW: f32 = 0.004;
/// Strength from which on the original wins completely.
const FULLY_ORIGINAL: f32 = 0.999;

/// One step of a composition.
#[derive(Debug)]
pub(super) enum Step {
    /// Mixes colours in.
    Paint {
        /// RGB 0..255.
        color: Patch<[f32; 3]>,
        /// Strength.
        alpha: SoftMask,
    },
    /// Takes away a share of the luminance.
    Darken(SoftMask),
    /// Keeps the present state for [`Step::ShowKept`].
    Keep,
    /// Mixes the kept state back in.
    ShowKept(SoftMask),
    /// Mixes the person's photo back in.
    ShowOriginal(SoftMask),
    /// Continues the surroundings into a work mask.
    Inpaint {
        /// What is to be filled.
        region: Mask,
        /// Strength.
        alpha: SoftMask,
    },
}

impl Step {
    /// Gives the strength with which the step brings new colours in, and from where on that is visible.
    fn change(&self) -> Option<(&SoftMask, f32)> {
        match self {
            Self::Paint { alpha, .. } | Self::Inpaint { alpha, .. } => Some((alpha, VISIBLE_PAINT)),
            Self::Darken(strength) => Some((strength, VISIBLE_SHADOW)),
            Self::Keep | Self::ShowKept(_) | Self::ShowOriginal(_) => None,
        }
    }
}

/// Fixes the region that the steps may change: everything where one of them is visible, without what the last step restores.
pub(super) fn allowed_region(steps: &[Step], frame: &Frame) -> Mask {
    let changes: Vec<(&SoftMask, f32)> = steps.iter().filter_map(Step::change).collect();
    let restored = match steps.last() {
        Some(Step::ShowOriginal(alpha)) => Some(alpha),
        _ => None,
    };
    let mut allowed = Plane::new(frame.full.0, frame.full.1, false);
    allowed.fill_rows(|y, row| {
        for (change, visible) in &changes {
            let window = change.window();
            if y < window.y0 || y >= window.y1() {
                continue;
            }
            let strengths = change.row(y);
            for (x, allowed) in row.iter_mut().enumerate().take(window.x1()).skip(window.x0) {
                *allowed |= strengths.at(x) > *visible;
            }
        }
        if let Some(alpha) = restored {
            let strengths = alpha.row(y);
            let window = alpha.window();
            for (x, allowed) in row.iter_mut().enumerate().take(window.x1()).skip(window.x0) {
                *allowed &= strengths.at(x) < FULLY_ORIGINAL;
            }
        }
    });
    allowed
}

/// Carries the steps out; gives the picture, equal to `image` outside `allowed`.
pub(super) fn carry_out(steps: Vec<Step>, image: &Rgb8, allowed: &Mask, frame: &Frame) -> Rgb8 {
    let Some(bounds) = allowed.bounds() else {
        return image.clone();
    };
    let surroundings = (repair::SURROUNDINGS as f64 + 2.0) * frame.factor().1.max(1.0);
    let window = Window::between(
        (bounds.x0, bounds.y0),
        (bounds.x1 + 1, bounds.y1 + 1),
        frame.full,
    )
    .grown(surroundings.ceil() as usize, frame.full);
    let mut canvas = Patch::of_picture(image, window);
    let mut kept = None;
    for step in steps {
        match step {
            Step::Paint { color, alpha } => mix_in(&mut canvas, &color, &alpha),
            Step::Darken(strength) => darken(&mut canvas, &strength),
            Step::Keep => kept = Some(canvas.clone()),
            Step::ShowKept(alpha) => {
                if let Some(kept) = &kept {
                    mix_in(&mut canvas, kept, &alpha);
                }
            }
            Step::ShowOriginal(alpha) => {
                let original = Patch::of_picture(image, alpha.window().intersection(&window));
                mix_in(&mut canvas, &original, &alpha);
            }
            Step::Inpaint { region, alpha } => {
                let color = repair::inpainted(&canvas, &region, frame, alpha.window());
                mix_in(&mut canvas, &color, &alpha);
            }
        }
    }
    let mut out = image.clone();
    out.fill_rows(|y, row| {
        let painted = canvas.row(y);
        for (x, (value, &allowed)) in row.iter_mut().zip(allowed.row(y)).enumerate() {
            if allowed {
                *value = painted
                    .at(x)
                    .map(|part| (part + 0.5).clamp(0.0, 255.0) as u8);
            }
        }
    });
    out
}

/// Mixes colours into the canvas where both are known.
fn mix_in(canvas: &mut Patch<[f32; 3]>, color: &Patch<[f32; 3]>, alpha: &SoftMask) {
    let window = alpha.window().intersection(&color.window());
    canvas.change_part(window, |y, row, first| {
        let (color, alpha) = (color.row(y), alpha.row(y));
        for (x, value) in row.iter_mut().enumerate() {
            let strength = alpha.at(first + x);
            if strength > 0.0 {
                for (part, new) in value.iter_mut().zip(color.at(first + x)) {
                    *part += (new - *part) * strength;
                }
            }
        }
    });
}

/// Takes a share of the luminance away.
fn darken(canvas: &mut Patch<[f32; 3]>, strength: &SoftMask) {
    canvas.change_part(strength.window(), |y, row, first| {
        let strength = strength.row(y);
        for (x, value) in row.iter_mut().enumerate() {
            let left = 1.0 - strength.at(first + x);
            *value = value.map(|part| part * left);
        }
    });
}

#[cfg(test)]
mod tests;
