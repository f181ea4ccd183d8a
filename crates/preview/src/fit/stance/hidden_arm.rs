//! Arms that hang partly behind the skirt that is worn.

use crate::person::{PersonRegions, Side};
use crate::raster::{Run, median_f64, runs};

use super::Worn;

/// Lowest row of a hand (U under the shoulders), width of an arm seen in half (share of its width above), and rows of it that
/// count (U).
const HANDS_END: f64 = 2.0;
const HALF_ARM: f64 = 0.55;
const HIDDEN_ROWS: f64 = 0.2;
/// Most rows over which cloth may hide an arm altogether, between forearm and fingers (U).
const UNSEEN_ROWS: f64 = 0.7;

/// Finds how far a skirt must reach to one side so that no half arm is left of one that hangs partly behind the old skirt.
pub(super) fn hidden_arm(person: &PersonRegions, worn: Worn, hip_x: f64, side: Side) -> Vec<f64> {
    let (u, sign) = (person.shoulder_width, side.sign());
    let (width, height) = person.silhouette.size();
    let mut needed = vec![0.0_f64; height];
    if worn != Worn::Skirt || person.skin_cloth_share > 0.3 {
        return needed;
    }
    // The arm in a row: the widest skin beside the body, from its inner edge outwards.
    let arm_in = |y: usize| -> Option<(f64, f64)> {
        let inner = |run: &Run| {
            if sign < 0.0 {
                run.end as f64
            } else {
                run.start as f64
            }
        };
        runs(person.skin.row(y))
            .into_iter()
            .filter(|run| sign * (inner(run) - hip_x) > 0.2 * u)
            .max_by_key(Run::length)
            .map(|run| (inner(&run), run.length() as f64))
    };
    let waist = (person.waist.max(0.0) as usize).min(height);
    let above = waist.saturating_sub((0.3 * u) as usize)..waist;
    let mut widths: Vec<f64> = above.filter_map(arm_in).map(|arm| arm.1).collect();
    if widths.is_empty() {
        return needed;
    }
    let half_an_arm = HALF_ARM * median_f64(&mut widths);
    let last = (person.shoulder_y + HANDS_END * u).min(person.low_hem - 0.1 * u);
    let mut hidden_rows = 0;
    let end = (last.max(0.0) as usize).min(height);
    let is_cloth = |x: f64, y: usize| {
        let inside = x >= 0.0 && (x as usize) < width;
        inside && person.silhouette[(x as usize, y)] && !person.skin[(x as usize, y)]
    };
    let mut hide = |y: usize, inner: f64| {
        if is_cloth(inner - sign * 0.03 * u, y) {
            needed[y] = sign * (inner - hip_x) + 0.01 * u;
            hidden_rows += 1;
        }
    };
    let mut above: Option<(usize, f64)> = None;
    for y in waist..end {
        let Some((inner, length)) = arm_in(y) else {
            continue;
        };
        if length < half_an_arm {
            hide(y, inner);
        }
        // Between forearm and fingers the arm may not be seen at all.
        if let Some((row, edge)) = above
            && (y - row) as f64 <= UNSEEN_ROWS * u
        {
            for unseen in row + 1..y {
                let share = (unseen - row) as f64 / (y - row) as f64;
                hide(unseen, edge + (inner - edge) * share);
            }
        }
        above = Some((y, inner));
    }
    if (hidden_rows as f64) < HIDDEN_ROWS * u {
        return vec![0.0; height];
    }
    // Cloth neither widens nor narrows in steps.
    for y in 1..height {
        needed[y] = needed[y].max(needed[y - 1] - 0.25);
    }
    for y in (1..height).rev() {
        needed[y - 1] = needed[y - 1].max(needed[y] - 0.6);
    }
    needed
}
