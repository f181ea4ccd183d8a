//! Trousers, shorts and skirts: matched rows of outer edge and middle, from the waist down.

use crate::garment::{GarmentShape, LowerShape};
use crate::person::{PerSide, PersonRegions, Side};
use crate::raster::{Mask, Point, gaussian_1d, interp, median_filter, open, polyfit1, runs};

use super::{Pair, index_of, runs_at};

/// Rows over which the outer edges of the legs are made robust (U).
const LEG_MEDIAN: f64 = 0.45;
/// Rows between waist and crotch, as shares of that distance.
const HIP_ROWS: [f64; 9] = [0.0, 0.05, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.0];
/// Rows between crotch and lower end, as shares of that distance.
const LEG_ROWS: [f64; 12] = [0.04, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.96, 1.0];
/// Distance of the cloth from the body at each side (U).
const EASE: f64 = 0.012;
/// Share of a leg from which on the rows copy the edges above: shoes would make bells.
const SHOES_FROM: f64 = 0.84;
/// Garments at least this many times taller than wide are long trousers.
const LONG_ASPECT: f64 = 1.75;
/// Width of the waist (U) that the garment's natural width is measured by.
const WAIST_WIDTH: f64 = 0.74;
/// Width of a short garment's waist (U) that its length is measured by.
const SHORT_WAIST_WIDTH: f64 = 0.86;

/// Matches one row of one half of a lower garment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LegRow {
    /// The outer edge.
    pub outer: Pair,
    /// The middle of the garment, below the crotch the inner edge of the leg; none for the lower rows of a skirt.
    pub inner: Option<Pair>,
}

/// Says how trousers, shorts or a skirt lie on the person.
#[derive(Debug, Clone)]
pub struct LowerFit {
    /// Person work pixels per garment work pixel across the waist.
    pub scale: f64,
    /// Rows of both halves from the waist down.
    pub halves: PerSide<Vec<LegRow>>,
    /// Two legs; a skirt otherwise.
    pub has_legs: bool,
    /// Row of the person's crotch.
    pub crotch: f64,
    /// Row of the waist's upper edge.
    pub waist: f64,
    /// Row where the garment ends.
    pub bottom: f64,
    /// The picture shows the person down to the feet.
    pub whole_person: bool,
}

/// Lays trousers, shorts or a skirt on the person.
pub fn fit_lower(person: &PersonRegions, garment: &GarmentShape, lower: &LowerShape) -> LowerFit {
    let u = person.shoulder_width;
    let height = person.silhouette.height() as f64;
    let bounds = garment.bounds;
    let (garment_top, garment_bottom) = (bounds.y0 as f64, bounds.y1 as f64);
    let garment_length = garment_bottom - garment_top;
    let waist_width = lower.waist_width.max(1.0);
    let waist = person.waist
        - if person.waist <= person.hem {
            0.07 * u
        } else {
            0.03 * u
        };
    let whole_person = person.bottom < height - 3.0;
    let body = open(&person.silhouette.and_not(&person.arm), 2.0);

    let gaps = leg_gaps(person, &body);
    let crotch = match gaps.iter().flatten().next() {
        Some(first) if first.row < person.waist + 1.15 * u => {
            (first.row - 0.02 * u).clamp(person.waist + 0.48 * u, person.waist + 0.80 * u)
        }
        _ => person.waist + 0.66 * u,
    };
    let long = garment_length / bounds.width() as f64 > LONG_ASPECT;
    let above_the_feet = person.bottom - 0.055 * (person.bottom - person.top);
    let ankle = if !whole_person {
        (height + 0.1 * u).max(person.waist + 2.15 * u)
    } else if person.legs_bare {
        above_the_feet
    } else {
        above_the_feet.min(person.bottom - 0.14 * u)
    };
    let bottom = if lower.is_skirt || !long {
        (waist + garment_length * SHORT_WAIST_WIDTH * u / waist_width).min(ankle)
    } else {
        ankle
    };

    let scale = WAIST_WIDTH * u / waist_width;
    let edges = outer_edges(person, &body, waist);
    let mut rows = Rows {
        person,
        garment,
        lower,
        gaps: &gaps,
        edges: &edges,
        tilt: waist_tilt(person),
        scale,
        last_edges: None,
        last_middle: person.center_x,
        halves: PerSide::from_fn(|_| Vec::new()),
    };
    let garment_crotch = lower.landmarks.crotch;
    for t in HIP_ROWS {
        rows.add_hip(
            t,
            garment_top + 1.0 + (garment_crotch.y - garment_top) * t,
            waist + (crotch - waist) * t,
        );
    }
    for t in LEG_ROWS {
        let y = crotch + (bottom - crotch) * t;
        let above_the_shoes = crotch + (bottom - crotch) * SHOES_FROM;
        let look_at = if whole_person && !person.legs_bare {
            y.min(above_the_shoes)
        } else {
            y
        };
        rows.add_leg(
            garment_crotch.y + (garment_bottom - garment_crotch.y) * t,
            y,
            look_at,
        );
    }
    LowerFit {
        scale,
        halves: rows.halves,
        has_legs: !lower.is_skirt,
        crotch,
        waist,
        bottom,
        whole_person,
    }
}

/// The gap between the legs in one row: last column of the left leg plus one, first column of the right one minus one.
#[derive(Debug, Clone, Copy)]
struct LegGap {
    row: f64,
    left: f64,
    right: f64,
}

/// Finds the gap between the legs per row.
fn leg_gaps(person: &PersonRegions, body: &Mask) -> Vec<Option<LegGap>> {
    let (u, center) = (person.shoulder_width, person.center_x);
    let first_row = (person.waist + 0.35 * u).max(0.0) as usize;
    let gap_in = |y: usize| -> Option<LegGap> {
        if y < first_row {
            return None;
        }
        let legs: Vec<(f64, f64)> = runs(body.row(y))
            .into_iter()
            .map(|run| (run.start as f64, run.end as f64))
            .filter(|(a, b)| b - a > 0.08 * u && *b > center - 0.7 * u && *a < center + 0.7 * u)
            .collect();
        let gaps = legs.windows(2).map(|pair| LegGap {
            row: y as f64,
            left: pair[0].1 + 1.0,
            right: pair[1].0 - 1.0,
        });
        let off_center = |gap: &LegGap| (f64::midpoint(gap.left, gap.right) - center).abs();
        gaps.min_by(|a, b| off_center(a).total_cmp(&off_center(b)))
            .filter(|gap| off_center(gap) < 0.35 * u)
    };
    (0..body.height()).map(gap_in).collect()
}

/// Finds the outer edges of hips and legs per row, none where the body is not seen. A hand that was not recognised as arm
/// must not make the trousers bulge.
fn outer_edges(person: &PersonRegions, body: &Mask, waist: f64) -> Vec<Option<(f64, f64)>> {
    let (u, center) = (person.shoulder_width, person.center_x);
    let first_row = waist.max(0.0) as usize;
    let edges_in = |y: usize| -> Option<(f64, f64)> {
        if y < first_row {
            return None;
        }
        let parts: Vec<(f64, f64)> = runs(body.row(y))
            .into_iter()
            .map(|run| (run.start as f64, run.end as f64))
            .filter(|(a, b)| b - a > 0.05 * u && *b > center - 0.75 * u && *a < center + 0.75 * u)
            .collect();
        let (left, right) = (parts.first()?.0, parts.last()?.1);
        let t = (y as f64 - person.waist) / u;
        if t >= 0.9 {
            return Some((left, right));
        }
        let half = interp(
            t,
            &[0.0, 0.35, 0.6, 1.2, 2.2],
            &[0.36, 0.46, 0.46, 0.44, 0.42],
        ) * u;
        Some((
            left.clamp(center - 1.45 * half, center - 0.55 * half),
            right.clamp(center + 0.55 * half, center + 1.45 * half),
        ))
    };
    let mut edges: Vec<Option<(f64, f64)>> = (0..body.height()).map(edges_in).collect();
    let seen: Vec<(f64, f64)> = edges.iter().copied().flatten().collect();
    if seen.len() <= 8 {
        return edges;
    }
    let robust = |side: Side, raw: Vec<f64>| -> Vec<f64> {
        let median = median_filter(&raw, (LEG_MEDIAN * u) as usize | 1);
        let limited: Vec<f64> = raw
            .iter()
            .zip(&median)
            .map(|(raw, median)| {
                side.sign() * (side.sign() * raw).min(side.sign() * median + 0.02 * u)
            })
            .collect();
        gaussian_1d(&limited, 0.03 * u)
    };
    let left = robust(Side::Left, seen.iter().map(|edge| edge.0).collect());
    let right = robust(Side::Right, seen.iter().map(|edge| edge.1).collect());
    for (edge, smooth) in edges.iter_mut().flatten().zip(left.into_iter().zip(right)) {
        *edge = smooth;
    }
    edges
}

/// Fits a line to the waist: slope, and offset from the straight waist row at column 0.
fn waist_tilt(person: &PersonRegions) -> (f64, f64) {
    let row = index_of(person.waist, person.torso_left.len());
    let width = person.waist_curve.len();
    let edge = |edges: &[f64]| index_of(edges.get(row).copied().unwrap_or(0.0), width);
    let (first, last) = (edge(&person.torso_left), edge(&person.torso_right));
    if last < first + 8 {
        return (0.0, 0.0);
    }
    let columns: Vec<f64> = (first..=last).map(|x| x as f64).collect();
    let (slope, offset) = polyfit1(&columns, &person.waist_curve[first..=last]);
    (slope, offset - person.waist)
}

/// Edges and gap of the garment in one row, garment work pixels.
struct GarmentRow {
    left: f64,
    right: f64,
    gap: Option<(f64, f64)>,
}

/// Matches rows from the top down; what a row lacks is taken from the row above.
struct Rows<'a> {
    person: &'a PersonRegions,
    garment: &'a GarmentShape,
    lower: &'a LowerShape,
    gaps: &'a [Option<LegGap>],
    edges: &'a [Option<(f64, f64)>],
    tilt: (f64, f64),
    scale: f64,
    last_edges: Option<(f64, f64)>,
    last_middle: f64,
    halves: PerSide<Vec<LegRow>>,
}

impl Rows<'_> {
    /// Matches a row between waist and crotch; the waistband follows the tilt of the hips, less and less downwards.
    fn add_hip(&mut self, t: f64, garment_y: f64, y: f64) {
        let row = self.garment_row(garment_y);
        let seen = self.body_edges(y, y);
        let (left, right) = self.cloth_edges(seen, &row);
        let u = self.person.shoulder_width;
        let dip = |x: f64| (self.tilt.0 * x + self.tilt.1).clamp(-0.10 * u, 0.10 * u) * (1.0 - t);
        let crotch_x = self.lower.landmarks.crotch.x;
        let garment_middle = if t > 0.3 {
            crotch_x
        } else {
            f64::midpoint(row.left, row.right) * (1.0 - t) + crotch_x * t
        };
        let middle = f64::midpoint(seen.0, seen.1);
        let inner = Pair {
            garment: Point::new(garment_middle, garment_y),
            person: Point::new(middle, y + dip(middle)),
        };
        let outer = |garment_x: f64, x: f64| Pair {
            garment: Point::new(garment_x, garment_y),
            person: Point::new(x, y + dip(x)),
        };
        let (outer_left, outer_right) = (outer(row.left, left), outer(row.right, right));
        self.halves.left.push(LegRow {
            outer: outer_left,
            inner: Some(inner),
        });
        self.halves.right.push(LegRow {
            outer: outer_right,
            inner: Some(inner),
        });
        self.last_middle = middle;
    }

    /// Matches a row below the crotch; the person's edges are read in the row `look_at`.
    fn add_leg(&mut self, garment_y: f64, y: f64, look_at: f64) {
        let row = self.garment_row(garment_y);
        let seen = self.body_edges(y, look_at);
        let (left, right) = self.cloth_edges(seen, &row);
        let pair = |garment_x: f64, x: f64| Pair {
            garment: Point::new(garment_x, garment_y),
            person: Point::new(x, y),
        };
        let (mut inner_left, mut inner_right) = (None, None);
        if !self.lower.is_skirt {
            let crotch_x = self.lower.landmarks.crotch.x;
            let garment_gap = row.gap.unwrap_or((crotch_x - 0.5, crotch_x + 0.5));
            let gap = self
                .gap_near(look_at)
                .unwrap_or((self.last_middle - 0.5, self.last_middle + 0.5));
            self.last_middle = f64::midpoint(gap.0, gap.1);
            let ease = EASE * self.person.shoulder_width;
            inner_left = Some(pair(garment_gap.0, (gap.0 + ease).min(self.last_middle)));
            inner_right = Some(pair(garment_gap.1, (gap.1 - ease).max(self.last_middle)));
        }
        self.halves.left.push(LegRow {
            outer: pair(row.left, left),
            inner: inner_left,
        });
        self.halves.right.push(LegRow {
            outer: pair(row.right, right),
            inner: inner_right,
        });
    }

    /// Reads the garment's edges and the gap nearest to its crotch.
    fn garment_row(&self, y: f64) -> GarmentRow {
        let bounds = self.garment.bounds;
        let row = y.min(bounds.y1 as f64 - 2.0).max(bounds.y0 as f64 + 2.0);
        let parts: Vec<_> = runs_at(&self.garment.mask, row)
            .into_iter()
            .filter(|run| run.length() > 3)
            .collect();
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
            return GarmentRow {
                left: bounds.x0 as f64,
                right: bounds.x1 as f64,
                gap: None,
            };
        };
        let crotch_x = self.lower.landmarks.crotch.x;
        let off_center = |gap: &(f64, f64)| (f64::midpoint(gap.0, gap.1) - crotch_x).abs();
        let gap = parts
            .windows(2)
            .map(|pair| (pair[0].end as f64, pair[1].start as f64))
            .min_by(|a, b| off_center(a).total_cmp(&off_center(b)));
        GarmentRow {
            left: first.start as f64,
            right: last.end as f64,
            gap,
        }
    }

    /// Reads the person's edges in the row `look_at`; below the picture the last ones go on.
    fn body_edges(&mut self, y: f64, look_at: f64) -> (f64, f64) {
        let (u, center) = (self.person.shoulder_width, self.person.center_x);
        let seen = self
            .edges
            .get(index_of(look_at, self.edges.len()))
            .copied()
            .flatten();
        let inside = y <= self.edges.len() as f64 - 1.0;
        let edges = seen
            .filter(|_| inside)
            .or(self.last_edges)
            .unwrap_or((center - 0.44 * u, center + 0.44 * u));
        self.last_edges = Some(edges);
        edges
    }

    /// Lets the cloth stand off the body, further where the garment is naturally wider.
    fn cloth_edges(&self, body: (f64, f64), row: &GarmentRow) -> (f64, f64) {
        let u = self.person.shoulder_width;
        let (left, right) = (body.0 - EASE * u, body.1 + EASE * u);
        let surplus =
            ((row.right - row.left) * self.scale - (right - left)).clamp(0.0, 0.22 * u) * 0.5;
        (left - surplus, right + surplus)
    }

    /// Finds the gap between the legs in a row, or the nearest one within 0.12 U.
    fn gap_near(&self, row: f64) -> Option<(f64, f64)> {
        let exact = self.gaps.get(row.max(0.0) as usize).copied().flatten();
        let distance = |gap: &LegGap| (gap.row - row).abs();
        let near = || {
            let all = self.gaps.iter().copied().flatten();
            all.filter(|gap| distance(gap) < 0.12 * self.person.shoulder_width)
                .min_by(|a, b| distance(a).total_cmp(&distance(b)))
        };
        exact.or_else(near).map(|gap| (gap.left, gap.right))
    }
}
