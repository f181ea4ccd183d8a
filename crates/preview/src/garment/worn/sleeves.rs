//! Sleeves on the wearer's arms: from the shoulder along the arm to where its skin begins.

use crate::garment::outline::{both_ways, nearest};
use crate::garment::types::Sleeve;
use crate::person::{PerSide, Side, arm_path};
use crate::raster::{
    Mask, Point, dilate, fill_polygon, gaussian_1d, interp, largest_component, outer_contour,
    resample,
};

use super::Body;
use super::armhole::Armhole;

/// A sleeve covers the arm at least this far below the shoulder tip (U).
const LEAST_SLEEVE: f64 = 0.17;
/// The arm's cover is followed from here on, across gaps up to this length (U).
const COVER_FROM: f64 = 0.10;
const COVER_GAP: f64 = 0.04;
/// Points to which the outline of a sleeve is resampled, and its smoothing (pixels).
const SAMPLES: usize = 60;
const CONTOUR_SIGMA: f64 = 2.5;
/// Shortest contour that can be a sleeve (pixels), and farthest that it may be from the armpit (U).
const SHORTEST_CONTOUR: usize = 16;
const OFF_CONTOUR: f64 = 0.15;
/// Skin this near to the outline of a sleeve ends it (U).
const SKIN_NEAR: f64 = 0.035;
/// Neither end of a sleeve's outline belongs to the cuff (share of the samples).
const CUFF_WITHIN: (f64, f64) = (0.2, 0.97);
/// Samples without skin that may lie inside a cuff.
const CUFF_BREAK: usize = 5;

/// The wearer's arm from the shoulder tip downwards, work pixels of the close-up; one entry per row of the person.
pub(super) struct Arm {
    middle: Vec<Point>,
    inner: Vec<Point>,
    /// Length along the outer edge (U).
    distance: Vec<f64>,
}

/// Follows both arms.
pub(super) fn arms(body: &Body) -> PerSide<Option<Arm>> {
    PerSide::from_fn(|side| {
        let path = arm_path(body.person, side)?;
        let middle = path.outer.iter().zip(&path.inner);
        Some(Arm {
            middle: middle
                .map(|(outer, inner)| body.place(outer.lerp(*inner, 0.5)))
                .collect(),
            inner: path.inner.iter().map(|point| body.place(*point)).collect(),
            distance: path
                .distance
                .iter()
                .map(|length| length / body.person.shoulder_width)
                .collect(),
        })
    })
}

impl Arm {
    /// Measures how far down the arm the cloth reaches without a gap (U).
    pub(super) fn cover(&self, mask: &Mask) -> f64 {
        let mut last = 0.0;
        for (point, &distance) in self.middle.iter().zip(&self.distance) {
            if distance < COVER_FROM {
                continue;
            }
            if mask.is_true(point.x.round() as isize, point.y.round() as isize) {
                last = distance;
            } else if distance > f64::max(last, COVER_FROM) + COVER_GAP {
                break;
            }
        }
        last
    }

    /// Reads the column of the arm's middle in a row; none below the hand.
    pub(super) fn middle_at(&self, row: f64) -> Option<f64> {
        column_at(&self.middle, row)
    }

    /// Reads the column of the arm's inner edge in a row.
    pub(super) fn inner_at(&self, row: f64) -> Option<f64> {
        column_at(&self.inner, row)
    }
}

/// Reads the column of a polyline in a row; the rows of an arm need not rise.
fn column_at(points: &[Point], row: f64) -> Option<f64> {
    let (first, last) = (points.first()?, points.last()?);
    if row < first.y || row > last.y {
        return None;
    }
    let mut rising: Vec<Point> = Vec::with_capacity(points.len());
    for &point in points {
        if rising.last().is_none_or(|last| point.y > last.y) {
            rising.push(point);
        }
    }
    let (ys, xs): (Vec<f64>, Vec<f64>) = rising.iter().map(|point| (point.y, point.x)).unzip();
    Some(interp(row, &ys, &xs))
}

/// Tells whether a garment that reaches this far down the arms (U) has sleeves.
pub(super) fn is_sleeved(reach: &PerSide<f64>) -> bool {
    f64::midpoint(reach.left, reach.right) > LEAST_SLEEVE
}

/// Cuts one sleeve off; none when its outline cannot be followed.
pub(super) fn cut(
    mask: &Mask,
    skin: &Mask,
    body: &Body,
    armhole: &Armhole,
    side: Side,
) -> Option<Sleeve> {
    let path = around_sleeve(mask, armhole, body.unit(), side)?;
    let points = resample(&smooth(&path), SAMPLES);
    let (outer, inner) = cuff(&points, skin, body.unit()).unwrap_or_else(|| farthest(&points));
    Some(Sleeve {
        mask: fill_polygon(mask.width(), mask.height(), &points).and(mask),
        outer: points[..=outer].to_vec(),
        cuff: points[outer..=inner].to_vec(),
        inner: points[inner..].to_vec(),
    })
}

/// Walks along the outline from the shoulder around the sleeve to the armpit.
fn around_sleeve(mask: &Mask, armhole: &Armhole, u: f64, side: Side) -> Option<Vec<Point>> {
    let contour = outer_contour(&largest_component(&slit(mask, &armhole.border)));
    if contour.len() < SHORTEST_CONTOUR {
        return None;
    }
    let (from, _) = nearest(&contour, armhole.shoulder);
    let (to, off) = nearest(&contour, armhole.armpit);
    if off > OFF_CONTOUR * u {
        return None;
    }
    let outwards = |path: &Vec<Point>| {
        side.sign() * path.iter().map(|point| point.x).sum::<f64>() / path.len().max(1) as f64
    };
    let [forward, backward] = both_ways(&contour, from, to);
    let path = if outwards(&forward) > outwards(&backward) {
        forward
    } else {
        backward
    };
    (path.len() >= SHORTEST_CONTOUR).then_some(path)
}

/// Opens the mask along the border between body and sleeve.
fn slit(mask: &Mask, border: &[Point]) -> Mask {
    let mut carved = mask.clone();
    let mut before = border.first().map_or(0, |point| point.x.round() as isize);
    for point in border {
        let (column, row) = (point.x.round() as isize, point.y.round() as isize);
        for x in column.min(before) - 1..=column.max(before) + 1 {
            if carved.contains(x, row) {
                carved[(x as usize, row as usize)] = false;
            }
        }
        before = column;
    }
    carved
}

/// Finds first and last sample of the cuff: there the outline meets the skin of the arm.
fn cuff(points: &[Point], skin: &Mask, u: f64) -> Option<(usize, usize)> {
    let near_skin = dilate(skin, (SKIN_NEAR * u).max(2.0));
    let last = points.len() - 1;
    let within = (CUFF_WITHIN.0 * last as f64) as usize..=(CUFF_WITHIN.1 * last as f64) as usize;
    let at_skin: Vec<usize> = within
        .filter(|&index| {
            let point = points[index];
            near_skin.is_true(point.x.round() as isize, point.y.round() as isize)
        })
        .collect();
    let longest = at_skin
        .chunk_by(|a, b| b - a <= CUFF_BREAK)
        .max_by_key(|group| group.len())?;
    let (first, end) = (*longest.first()?, *longest.last()?);
    (end >= first + 2).then_some((first, end))
}

/// Takes the samples around the point farthest from the armhole where no skin ends the sleeve.
fn farthest(points: &[Point]) -> (usize, usize) {
    let last = points.len() - 1;
    let root = points[0].lerp(points[last], 0.5);
    let tip = (0..=last)
        .max_by(|&a, &b| {
            points[a]
                .distance(root)
                .total_cmp(&points[b].distance(root))
        })
        .unwrap_or(last / 2)
        .clamp(4, last - 6);
    (tip - 2, tip + 4)
}

/// Smooths a polyline but for its two ends.
fn smooth(path: &[Point]) -> Vec<Point> {
    let coordinate = |read: fn(&Point) -> f64| {
        gaussian_1d(&path.iter().map(read).collect::<Vec<_>>(), CONTOUR_SIGMA)
    };
    let mut points: Vec<Point> = coordinate(|point| point.x)
        .into_iter()
        .zip(coordinate(|point| point.y))
        .map(|(x, y)| Point::new(x, y))
        .collect();
    let last = path.len() - 1;
    points[0] = path[0];
    points[last] = path[last];
    points
}
