//! Landmarks of trousers, shorts and skirts.

use super::outline::{Outline, gaps_between, row_runs};
use super::types::{LowerLandmarks, LowerShape};
use crate::person::PerSide;
use crate::raster::{Color, Mask, Point, median_color, median_of, runs};

/// The waistband's corners and the lower end are read this far inside (share of the height).
const END_MARGIN: f64 = 0.012;
/// Two parts of a row this wide are two legs (share of the garment's width).
const LEG_WIDTH: f64 = 0.05;
/// Rows without two legs that end the gap.
const GAP_BREAK: usize = 12;
/// The gap must begin above this share of the height.
const LOWEST_CROTCH: f64 = 0.72;
/// Crotch of touching legs, and the point that a skirt gets instead (share of the height).
const DEFAULT_CROTCH: f64 = 0.30;
/// Height over width below which a garment without a gap is a skirt.
const SKIRT_ASPECT: f64 = 1.7;

/// Finds the landmarks; opens the mask where the gap between the legs was missed.
pub(super) fn analyze_lower(mask: &mut Mask, lab: &Color, outline: &Outline) -> LowerShape {
    let top = outline.bounds.y0;
    let waist_row = outline.row_at(END_MARGIN);
    let waist =
        PerSide::from_fn(|side| Point::new(outline.edges[side][waist_row], waist_row as f64));
    let height = outline.height as f64;

    let gap = find_leg_gap(mask, outline);
    let mut is_skirt = false;
    let (crotch, legs_apart) = match gap {
        Some(gap) if gap.y < top as f64 + LOWEST_CROTCH * height => {
            let row = follow_gap_upwards(mask, lab, outline, gap);
            (Point::new(gap.x, row), true)
        }
        _ => {
            is_skirt = height / (outline.width as f64) < SKIRT_ASPECT;
            (
                Point::new(outline.center_x, top as f64 + DEFAULT_CROTCH * height),
                false,
            )
        }
    };

    let hip_row = crotch.y * 0.8 + top as f64 * 0.2;
    let hip = PerSide::from_fn(|side| Point::new(outline.edges[side][hip_row as usize], hip_row));
    LowerShape {
        landmarks: LowerLandmarks { waist, hip, crotch },
        waist_width: waist.right.x - waist.left.x,
        legs_apart,
        waistband: waistband(mask, outline),
        is_skirt,
    }
}

/// Rates how much the upper end looks like a waistband. A neckline dips, straps and sleeves leave gaps, and below sleeves a top
/// is narrower again.
fn waistband(mask: &Mask, outline: &Outline) -> f64 {
    let height = outline.height as f64;
    let band = outline.row_at(BAND_ROW);
    let (left, right) = (outline.edges.left[band], outline.edges.right[band]);
    let reach = BAND_REACH * (right - left);
    let middle = f64::midpoint(left, right);
    let columns = (middle - reach).max(0.0) as usize..=(middle + reach).max(0.0) as usize;
    let tops: Vec<f64> = columns.map(|x| outline.top_at(x as f64)).collect();
    let highest = tops.iter().copied().fold(f64::INFINITY, f64::min);
    let lowest = tops.iter().copied().fold(0.0, f64::max);
    let level = 1.0 - ((lowest - highest) / height / BAND_DIP - 1.0).clamp(0.0, 1.0);
    let filled = mask.row(band).iter().filter(|inside| **inside).count() as f64;
    let closed = ((filled / (right - left + 1.0).max(1.0) - 0.9) / 0.08).clamp(0.0, 1.0);
    let width = |y: usize| outline.edges.right[y] - outline.edges.left[y];
    let (mut widest, mut narrowing) = (0.0_f64, 1.0_f64);
    for y in outline.bounds.y0 + outline.rows(0.01)..outline.row_at(BAND_BODY) {
        widest = widest.max(width(y));
        narrowing = narrowing.min(width(y) / widest.max(1.0));
    }
    let shape = ((narrowing - 0.80) / 0.12).clamp(0.0, 1.0);
    let score = level * closed * shape;
    if score.is_finite() { score } else { 0.0 }
}

/// Row in which the waistband is read, down to where the garment may not become narrower, and how far it may dip in its middle
/// (shares of the height); columns that are looked at (share of the band's width, to each side).
const BAND_ROW: f64 = 0.05;
const BAND_BODY: f64 = 0.6;
const BAND_DIP: f64 = 0.05;
const BAND_REACH: f64 = 0.40;

/// Walks up from the hem through the gap between the legs: its middle and its top row.
fn find_leg_gap(mask: &Mask, outline: &Outline) -> Option<Point> {
    let mut found: Option<Point> = None;
    let leg_width = LEG_WIDTH * (outline.width - 1) as f64;
    let lowest = outline.bounds.y1 - outline.rows(0.02);
    for y in (outline.row_at(0.12) + 1..=lowest).rev() {
        let legs = row_runs(mask, y, leg_width);
        let near = found.map_or(outline.center_x, |gap| gap.x);
        if let Some((first, last)) = nearest_gap(&gaps_between(&legs), near) {
            found = Some(Point::new((first + last) as f64 / 2.0, y as f64));
        } else if found.is_some_and(|gap| gap.y as usize - y > GAP_BREAK) {
            break;
        }
    }
    found
}

fn nearest_gap(gaps: &[(usize, usize)], x: f64) -> Option<(usize, usize)> {
    let distance = |gap: &(usize, usize)| ((gap.0 + gap.1) as f64 / 2.0 - x).abs();
    gaps.iter()
        .copied()
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

/// Rows below the crotch from which the gap is followed.
const FOLLOW_FROM: usize = 16;
/// The gap is followed upwards by at most this share of the height.
const FOLLOW_SHARE: f64 = 0.16;
/// A gap may lie this far from the followed column (share of the width).
const FOLLOW_REACH: f64 = 0.1;
/// Offsets in pixels of the cloth samples beside the gap.
const CLOTH_NEAR: usize = 4;
const CLOTH_FAR: usize = 10;
/// A pixel is wall when its chroma is this many times nearer to the wall than to the cloth, which must itself be this far.
const WALL_RATIO: f32 = 0.6;
const CLOTH_CONTRAST: f32 = 4.0;

/// Opens the shaded upper end of the gap between the legs; returns the new crotch row.
///
/// The gap is narrow and shaded there, and the flood stops. It is followed upwards while it has the chroma of the wall rather
/// than of the cloth on both sides.
fn follow_gap_upwards(mask: &mut Mask, lab: &Color, outline: &Outline, gap: Point) -> f64 {
    let wall = wall_chroma(mask, lab);
    let (width, height) = mask.size();
    let mut crotch = gap.y as usize;
    let mut middle = gap.x;
    let mut open: Option<(usize, usize)> = None;

    let span = (FOLLOW_SHARE * (outline.height - 1) as f64) as usize;
    let last = crotch.saturating_sub(span).max(2);
    let reach = FOLLOW_REACH * (outline.width - 1) as f64;
    for y in (last + 1..=(crotch + FOLLOW_FROM).min(height - 1)).rev() {
        let legs = row_runs(mask, y, 3.0);
        let near: Vec<(usize, usize)> = legs
            .windows(2)
            .filter(|pair| ((pair[0].end + pair[1].start) as f64 / 2.0 - middle).abs() < reach)
            .map(|pair| (pair[0].end + 1, pair[1].start - 1))
            .collect();
        open = nearest_gap(&near, middle).or(open);
        let Some((first, end)) = open else { continue };

        let from = first.saturating_sub(2).max(CLOTH_FAR);
        let to = (end + 3).min(width.saturating_sub(CLOTH_FAR));
        let cloth = cloth_beside(lab, y, first, end);
        let looks_like_wall: Vec<bool> = (from..to.max(from))
            .map(|x| {
                let color = lab[(x, y)];
                let from_wall = (color[1] - wall[0]).abs() + (color[2] - wall[1]).abs();
                let from_cloth = (color[1] - cloth[1]).abs()
                    + (color[2] - cloth[2]).abs()
                    + 0.25 * (color[0] - cloth[0]).abs();
                from_wall < WALL_RATIO * from_cloth && from_cloth > CLOTH_CONTRAST
            })
            .collect();
        let mut longest: Option<(usize, usize)> = None;
        for run in runs(&looks_like_wall) {
            if longest.is_none_or(|(start, end)| run.length() > end - start) {
                longest = Some((run.start, run.end));
            }
        }
        let Some((start, end)) = longest else {
            if y < crotch {
                break;
            }
            continue;
        };
        let (start, end) = (from + start, from + end);
        open = Some((start, end));
        middle = (start + end) as f64 / 2.0;
        for x in start..=end {
            mask[(x, y)] = false;
        }
        crotch = crotch.min(y);
    }
    crotch as f64
}

/// Gives the median a and b of everything outside the garment.
fn wall_chroma(mask: &Mask, lab: &Color) -> [f32; 2] {
    let channel = |index: usize| {
        let outside = mask
            .data()
            .iter()
            .zip(lab.data())
            .filter(|(inside, _)| !**inside);
        median_of(outside.map(|(_, color)| color[index]))
    };
    [channel(1), channel(2)]
}

/// Gives the median colour of short stretches of cloth on both sides of a gap.
fn cloth_beside(lab: &Color, y: usize, first: usize, last: usize) -> [f32; 3] {
    let width = lab.width();
    let left = first.saturating_sub(CLOTH_FAR)..first.saturating_sub(CLOTH_NEAR);
    let right = (last + CLOTH_NEAR + 1).min(width)..(last + CLOTH_FAR + 1).min(width);
    let colors: Vec<[f32; 3]> = left.chain(right).map(|x| lab[(x, y)]).collect();
    if colors.is_empty() {
        return lab[(first.min(width - 1), y)];
    }
    median_color(&colors)
}
