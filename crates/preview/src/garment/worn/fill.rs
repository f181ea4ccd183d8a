//! What hair, hands and arms hide of the garment.
//!
//! The cloth is continued from the rim of the hidden parts inwards (Telea 2004), which is right for small ones only: large ones
//! are refused.

use crate::person::Side;
use crate::raster::{Mask, Rgb8, close, dilate, inpaint, open, resize_linear, to_float, to_rgb8};

use super::Body;
use super::close_up::CloseUp;
use super::cut::CutOut;

/// Bays of the outline up to twice this wide are closed where hair or a hand fills them (U).
const BAY: f64 = 0.10;
/// Arms hide the garment only this far inside the body's edges (U): beside them they hang.
const INSIDE: f64 = 0.035;
/// Thinner hidden parts are misplaced edges (U).
const LEAST_RADIUS: f64 = 0.012;
/// The edge of what hides the cloth casts its colour this far (work pixels).
const RIM: f64 = 3.0;
/// Neighbourhood from which hidden cloth is continued (work pixels).
const REACH: f64 = 6.0;

/// The garment with its hidden parts continued.
pub(super) struct Filled {
    pub(super) image: Rgb8,
    pub(super) work: Rgb8,
    pub(super) mask: Mask,
    /// Share of the garment that was hidden.
    pub(super) covered: f64,
}

/// Continues the cloth where something covers it.
pub(super) fn fill(close_up: &CloseUp, body: &Body, cut: &CutOut) -> Filled {
    let hidden = hidden_part(body, cut);
    if !hidden.any() {
        return Filled {
            image: close_up.image.clone(),
            work: close_up.work.clone(),
            mask: cut.mask.clone(),
            covered: 0.0,
        };
    }
    let mask = cut.mask.or(&hidden);
    let painted = dilate(&hidden, RIM).and(&mask);
    let known = to_float(&close_up.work);
    // What is no garment must not lend its colour.
    let continued = inpaint(
        &known,
        &painted.or(&dilate(&mask, REACH).and_not(&mask)),
        REACH,
    );
    let work = to_rgb8(&continued);
    let work = close_up
        .work
        .zip_map(&work, |before, after| [before, after])
        .zip_map(
            &painted,
            |[before, after], paint| if paint { after } else { before },
        );
    let (width, height) = close_up.image.size();
    let enlarged = to_rgb8(&resize_linear(&continued, width, height));
    let mut image = close_up.image.clone();
    let (across, down) = (
        work.width() as f64 / width as f64,
        work.height() as f64 / height as f64,
    );
    image.fill_rows(|y, row| {
        let line = painted.row(((y as f64 * down) as usize).min(painted.height() - 1));
        for (x, value) in row.iter_mut().enumerate() {
            *value = if line[((x as f64 * across) as usize).min(line.len() - 1)] {
                enlarged[(x, y)]
            } else {
                close_up.image[(x, y)]
            };
        }
    });
    Filled {
        covered: hidden.count() as f64 / mask.count().max(1) as f64,
        image,
        work,
        mask,
    }
}

/// Marks hair, arms and hands that lie where the garment goes on behind them.
fn hidden_part(body: &Body, cut: &CutOut) -> Mask {
    let u = body.unit();
    let (width, height) = cut.mask.size();
    let edges: Vec<(f64, f64)> = (0..height)
        .map(|y| {
            (
                body.torso_edge(Side::Left, y as f64) + INSIDE * u,
                body.torso_edge(Side::Right, y as f64) - INSIDE * u,
            )
        })
        .collect();
    let closed = close(&cut.mask, BAY * u);
    let hidden = Mask::from_fn(width, height, |x, y| {
        if cut.mask[(x, y)] || !closed[(x, y)] {
            return false;
        }
        let inside = (edges[y].0..edges[y].1).contains(&(x as f64));
        cut.hair[(x, y)] || (cut.arm[(x, y)] && inside)
    });
    open(&hidden, (LEAST_RADIUS * u).max(1.0))
}
