//! The person's shoulder line: a straight model per side, moved onto the contour where it is visible.

use crate::person::{PerSide, PersonRegions, Side};
use crate::raster::{Point, median_filter};

use super::index_of;

/// A set-in sleeve is sewn at this share of the half shoulder width.
const SEAM: f64 = 0.86;
/// Cloth lies this far above the shoulder contour (U).
const RIDGE_LIFT: f64 = 0.010;
/// Furthest that a point is moved up and down to reach the contour (U).
const SETTLE: (f64, f64) = (-0.04, 0.05);

/// Knows where cloth rests on the shoulders.
pub(super) struct ShoulderLine<'a> {
    person: &'a PersonRegions,
    /// Row of the shoulder contour per column; none where hair or the neck hides it.
    ridge: Vec<Option<f64>>,
    /// Where a set-in sleeve would be sewn.
    seam: PerSide<Point>,
}

impl<'a> ShoulderLine<'a> {
    /// Reads the contour of the shoulders from the silhouette.
    pub(super) fn new(person: &'a PersonRegions) -> Self {
        let ridge = shoulder_ridge(person);
        let u = person.shoulder_width;
        let seam = PerSide::from_fn(|side| {
            let tip = person.shoulder_tips[side];
            let x = person.center_x + side.sign() * SEAM * (tip.x - person.center_x).abs();
            let seen = ridge.get(index_of(x, ridge.len())).copied().flatten();
            let y = seen
                .unwrap_or(tip.y - 0.1 * u)
                .clamp(tip.y - 0.16 * u, tip.y - 0.01 * u);
            Point::new(x, y)
        });
        Self {
            person,
            ridge,
            seam,
        }
    }

    /// Gives the point of the shoulder line at `share` of the way from the neck's axis (0) to the seam (1).
    pub(super) fn point(&self, side: Side, share: f64) -> Point {
        let (person, seam) = (self.person, self.seam[side]);
        let rest = 1.0 - share;
        let toward_neck = (person.neck_x - person.center_x) * rest.max(0.0);
        let neck_rise = if share < 0.6 { 0.03 } else { 0.0 };
        Point::new(
            person.center_x + (seam.x - person.center_x) * share + toward_neck,
            seam.y - (0.155 + neck_rise) * person.shoulder_width * rest,
        )
    }

    /// Gives how far below `point` cloth on the contour lies, as far as the contour is visible and near.
    pub(super) fn step_to_contour(&self, point: Point) -> Option<f64> {
        self.offset(point).map(|offset| self.limited(offset))
    }

    /// Moves a left and a right point onto the contour; a side that hair hides moves as the other one does.
    pub(super) fn settle(&self, points: PerSide<Point>) -> PerSide<Point> {
        let offsets = points.map(|point| self.offset(point));
        PerSide::from_fn(|side| {
            let step = offsets[side]
                .or(offsets[side.other()])
                .map_or(0.0, |offset| self.limited(offset));
            Point::new(points[side].x, points[side].y + step)
        })
    }

    fn offset(&self, point: Point) -> Option<f64> {
        let row = self
            .ridge
            .get(index_of(point.x, self.ridge.len()))
            .copied()
            .flatten()?;
        Some(row - RIDGE_LIFT * self.person.shoulder_width - point.y)
    }

    fn limited(&self, offset: f64) -> f64 {
        let u = self.person.shoulder_width;
        offset.clamp(SETTLE.0 * u, SETTLE.1 * u)
    }
}

/// Gives the row of the shoulder contour per column; none where hair or the neck hides it.
fn shoulder_ridge(person: &PersonRegions) -> Vec<Option<f64>> {
    let (width, height) = person.silhouette.size();
    let u = person.shoulder_width;
    let first_row = index_of(person.chin, height);
    let visible_row = |x: usize| -> Option<f64> {
        let row = (first_row..height).find(|&y| person.silhouette[(x, y)])?;
        let hair_near = [row as isize + 2, row as isize - 2]
            .into_iter()
            .any(|y| person.hair[(x, y.clamp(0, height as isize - 1) as usize)]);
        let column = x as f64;
        let on_shoulder = row > first_row + 1
            && (row as f64) < person.shoulder_y + 0.25 * u
            && (column - person.center_x).abs() < 0.56 * u
            && (column - person.neck_x).abs() > 0.12 * u;
        (on_shoulder && !hair_near).then_some(row as f64)
    };
    let mut ridge: Vec<Option<f64>> = (0..width).map(visible_row).collect();
    let seen: Vec<f64> = ridge.iter().copied().flatten().collect();
    if seen.len() > 8 {
        let smooth = median_filter(&seen, ((0.04 * u) as usize | 1).max(3));
        for (row, value) in ridge.iter_mut().flatten().zip(smooth) {
            *row = value;
        }
    }
    ridge
}
