//! Trousers, shorts and skirts: matched rows of outer edge and middle, from the waist down.
//!
//! The garment keeps its own widths: a leg is as wide as in the product photo, measured by the waist, and never narrower than
//! the leg in it. Where that comes near to the edge of what is worn, the edge is taken, with all its folds.

use crate::garment::{GarmentShape, LowerShape};
use crate::person::{PerSide, PersonRegions, Side};
use crate::raster::{Point, interp, polyfit1};

use super::{Pair, Stance, Waistband, index_of, runs_at};

/// Rows between waist and crotch, as shares of that distance.
const HIP_ROWS: [f64; 9] = [0.0, 0.05, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.0];
/// Rows between crotch and lower end, as shares of that distance.
const LEG_ROWS: [f64; 12] = [0.04, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.96, 1.0];
/// Distance of the cloth from the body at each side (U).
const EASE: f64 = 0.012;
/// Natural edges this near to the edge of the old garment follow that (U).
const SNAP: f64 = 0.05;
/// The hips of a garment stand off the body by at most this (U).
const HIP_EASE: f64 = 0.06;
/// The waist is drawn up by at most this to cover the old waistband (U), and so many work pixels beyond its edge.
const MOST_RISE: f64 = 0.18;
const COVERED: f64 = 1.0;
/// Share of a half that is counted as its middle.
const MIDDLE_SHARE: f64 = 0.35;
/// Share of a leg from which on shoes hide the old trousers' edge.
const SHOES_FROM: f64 = 0.84;
/// Height over width of garments that are surely short, and of those that surely reach the ankles.
const SHORT_ASPECT: f64 = 1.45;
const LONG_ASPECT: f64 = 1.75;
/// Width of the waist (U) that the garment's natural width is measured by.
const WAIST_WIDTH: f64 = 0.74;
/// Width of a short garment's waist (U) that its length is measured by.
const SHORT_WAIST_WIDTH: f64 = 0.86;
/// A leg lying flat is wider than one that is worn.
const LEG_FULLNESS: f64 = 0.92;
/// A skirt lying flat is wider than one that is worn.
const SKIRT_FULLNESS: f64 = 0.95;
/// The width at the hem is read this far above it (share of the height).
const HEM_MARGIN: f64 = 0.03;
/// Length of long trousers where the feet are not seen (U).
const LONG_LENGTH: (f64, f64) = (2.15, 2.9);

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
    /// Where hips and legs are.
    pub stance: Stance,
    /// Where the garment begins to be seen.
    pub waistband: Waistband,
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
    let stance = Stance::find(person);
    let crotch = stance.crotch;
    let natural = garment_length * SHORT_WAIST_WIDTH * u / waist_width;
    let ankle = lowest_hem(person, &stance, waist, natural);
    let bottom = if lower.is_skirt {
        (waist + natural).min(ankle)
    } else {
        let aspect = garment_length / (bounds.width() as f64).max(1.0);
        let long = ((aspect - SHORT_ASPECT) / (LONG_ASPECT - SHORT_ASPECT)).clamp(0.0, 1.0);
        let short = (waist + natural).min(ankle);
        short + (ankle - short) * long
    }
    .max(crotch + 0.12 * u);

    let waistband = Waistband::find(person);
    let tilt = waist_tilt(person);
    let mut rows = Rows {
        person,
        garment,
        lower,
        tilt,
        rise: Rise::default(),
        scale: WAIST_WIDTH * u / waist_width,
        shoes: stance.crotch + (ankle - stance.crotch) * SHOES_FROM,
        stance: &stance,
        height,
        thigh: PerSide::default(),
        halves: PerSide::from_fn(|_| Vec::new()),
    };
    let garment_crotch = lower.landmarks.crotch;
    rows.thigh = rows.thighs(
        garment_crotch.y + (garment_bottom - garment_crotch.y) * LEG_ROWS[1],
        crotch + (bottom - crotch) * LEG_ROWS[1],
    );
    rows.rise = rows.rise_over(&waistband.edge, garment_top + 1.0, waist);
    for t in HIP_ROWS {
        rows.add_hip(
            t,
            garment_top + 1.0 + (garment_crotch.y - garment_top) * t,
            waist + (crotch - waist) * t,
        );
    }
    for t in LEG_ROWS {
        rows.add_leg(
            garment_crotch.y + (garment_bottom - garment_crotch.y) * t,
            crotch + (bottom - crotch) * t,
        );
    }
    LowerFit {
        scale: rows.scale,
        halves: rows.halves,
        has_legs: !lower.is_skirt,
        crotch,
        waist,
        bottom,
        whole_person: stance.whole_person,
        stance,
        waistband,
    }
}

/// Gives the row that long trousers reach: the ankles, above the shoes.
fn lowest_hem(person: &PersonRegions, stance: &Stance, waist: f64, natural: f64) -> f64 {
    let u = person.shoulder_width;
    if !stance.whole_person {
        let height = person.silhouette.height() as f64;
        let length = natural.clamp(LONG_LENGTH.0 * u, LONG_LENGTH.1 * u);
        return (height + 0.1 * u).max(waist + length);
    }
    let above_the_feet = person.bottom - 0.055 * (person.bottom - person.top);
    if person.legs_bare {
        above_the_feet
    } else {
        above_the_feet.min(person.bottom - 0.14 * u)
    }
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

impl GarmentRow {
    fn outer(&self, side: Side) -> f64 {
        match side {
            Side::Left => self.left,
            Side::Right => self.right,
        }
    }
}

/// How far the cloth is drawn up at the waist to cover the old waistband (work pixels, at least 0).
#[derive(Debug, Clone, Copy, Default)]
struct Rise {
    middle: f64,
    outer: PerSide<f64>,
}

/// Matches rows from the top down.
struct Rows<'a> {
    person: &'a PersonRegions,
    garment: &'a GarmentShape,
    lower: &'a LowerShape,
    stance: &'a Stance,
    tilt: (f64, f64),
    rise: Rise,
    /// Person work pixels per garment work pixel.
    scale: f64,
    /// Row from which on shoes hide the edges of what is worn.
    shoes: f64,
    height: f64,
    /// How far the cloth reaches from the middle of the hips right below the crotch.
    thigh: PerSide<f64>,
    halves: PerSide<Vec<LegRow>>,
}

impl Rows<'_> {
    /// Matches a row between waist and crotch; the waistband follows the tilt of the hips, less and less downwards.
    fn add_hip(&mut self, t: f64, garment_y: f64, y: f64) {
        let row = self.garment_row(garment_y);
        let dip = |x: f64, rise: f64| (self.dip(x) - rise) * (1.0 - t);
        let crotch_x = self.lower.landmarks.crotch.x;
        let garment_middle = if t > 0.3 {
            crotch_x
        } else {
            f64::midpoint(row.left, row.right) * (1.0 - t) + crotch_x * t
        };
        let outer = PerSide::from_fn(|side| self.hip_edge(side, t, y, &row));
        let middle = f64::midpoint(outer.left, outer.right) * (1.0 - t) + self.stance.hip_x * t;
        let pair = |garment_x: f64, x: f64, rise: f64| Pair {
            garment: Point::new(garment_x, garment_y),
            person: Point::new(x, y + dip(x, rise)),
        };
        let rows = PerSide::from_fn(|side| LegRow {
            outer: pair(row.outer(side), outer[side], self.rise.outer[side]),
            inner: Some(pair(garment_middle, middle, self.rise.middle)),
        });
        for side in Side::ALL {
            self.halves[side].push(rows[side]);
        }
    }

    /// Gives how far the tilt of the hips lowers the waist in a column.
    fn dip(&self, x: f64) -> f64 {
        let most = 0.10 * self.person.shoulder_width;
        (self.tilt.0 * x + self.tilt.1).clamp(-most, most)
    }

    /// Draws the waist up to the old waistband: `edge` is its row per column, the garment begins at the row `waist`.
    ///
    /// The waist stays a line from the middle to each side; it covers the old one wherever [`MOST_RISE`] allows.
    fn rise_over(&self, edge: &[f64], garment_y: f64, waist: f64) -> Rise {
        let most = MOST_RISE * self.person.shoulder_width;
        let row = self.garment_row(garment_y);
        let outer = PerSide::from_fn(|side| self.hip_edge(side, 0.0, waist, &row));
        let middle = f64::midpoint(outer.left, outer.right);
        let missing = |x: f64| {
            let edge = edge.get(x.max(0.0) as usize).copied().unwrap_or(waist);
            waist + self.dip(x) - edge + COVERED
        };
        // Columns of one half with their distance from the middle, 0 to 1.
        let columns = |side: Side| {
            let (from, to) = (middle, outer[side]);
            let count = (to - from).abs().max(1.0) as usize;
            (0..=count).map(move |step| {
                let across = step as f64 / count as f64;
                (across, missing(from + (to - from) * across))
            })
        };
        let near_middle = Side::ALL.into_iter().flat_map(columns);
        let middle = near_middle
            .filter(|(across, _)| *across < MIDDLE_SHARE)
            .map(|(_, missing)| missing)
            .fold(0.0, f64::max)
            .min(most);
        let outer = PerSide::from_fn(|side| {
            columns(side)
                .filter(|(across, _)| *across >= MIDDLE_SHARE)
                .map(|(across, missing)| (missing - middle * (1.0 - across)) / across)
                .fold(0.0, f64::max)
                .min(most)
        });
        Rise { middle, outer }
    }

    /// Lets the cloth lie on the waist and stand off the hips where the garment is naturally wider.
    fn hip_edge(&self, side: Side, t: f64, y: f64, row: &GarmentRow) -> f64 {
        let u = self.person.shoulder_width;
        let sign = side.sign();
        let body = sign * (self.stance.body_edge(side, y) - self.stance.hip_x);
        let worn = self.worn_edge(side, y).map_or(body, |edge| edge.max(body));
        let natural = (row.right - row.left) * 0.5 * self.scale;
        let free = natural.clamp(body, body + HIP_EASE * u * t);
        let edge = snap(free, worn, SNAP * u).max(body) + EASE * u;
        // The hips run into the thighs without a step.
        let thigh = interp(t, &[0.4, 1.0], &[0.0, 1.0]);
        let edge = edge * (1.0 - thigh) + self.thigh[side] * thigh;
        self.stance.hip_x + sign * edge
    }

    /// Matches a row below the crotch.
    fn add_leg(&mut self, garment_y: f64, y: f64) {
        let row = self.garment_row(garment_y);
        let pair = |garment_x: f64, x: f64| Pair {
            garment: Point::new(garment_x, garment_y),
            person: Point::new(x, y),
        };
        if self.lower.is_skirt {
            for side in Side::ALL {
                let edge = self.skirt_edge(side, y, &row);
                self.halves[side].push(LegRow {
                    outer: pair(row.outer(side), edge),
                    inner: None,
                });
            }
            return;
        }
        for side in Side::ALL {
            let garment_inner = self.garment_inner(side, &row);
            let (outer, inner) = self.leg_edges(side, y, &row);
            self.halves[side].push(LegRow {
                outer: pair(row.outer(side), outer),
                inner: Some(pair(garment_inner, inner)),
            });
        }
    }

    /// Gives the garment's inner edge of a leg; the middle where the legs touch.
    fn garment_inner(&self, side: Side, row: &GarmentRow) -> f64 {
        let crotch_x = self.lower.landmarks.crotch.x;
        let gap = row.gap.unwrap_or((crotch_x - 0.5, crotch_x + 0.5));
        match side {
            Side::Left => gap.0,
            Side::Right => gap.1,
        }
    }

    /// Gives how far the cloth reaches from the middle of the hips in a row below the crotch.
    fn thighs(&self, garment_y: f64, y: f64) -> PerSide<f64> {
        let row = self.garment_row(garment_y);
        PerSide::from_fn(|side| {
            let edge = if self.lower.is_skirt {
                self.skirt_edge(side, y, &row)
            } else {
                self.leg_edges(side, y, &row).0
            };
            side.sign() * (edge - self.stance.hip_x)
        })
    }

    /// Gives outer and inner edge of a leg of cloth; legs too wide for the stance meet in the middle and stand out.
    fn leg_edges(&self, side: Side, y: f64, row: &GarmentRow) -> (f64, f64) {
        let u = self.person.shoulder_width;
        let width =
            (row.outer(side) - self.garment_inner(side, row)).abs() * self.scale * LEG_FULLNESS;
        let axes = PerSide::from_fn(|side| self.stance.leg(side, y).0);
        let middle = f64::midpoint(axes.left, axes.right);
        let sign = side.sign();
        let (axis, bare) = self.stance.leg(side, y);
        let half = (0.5 * width).max(bare + EASE * u);
        let axis = sign * (axis - self.stance.hip_x);
        let mut outer = axis + half;
        let mut inner = axis - half;
        if let (Some(worn), Some(gap)) = (self.worn_edge(side, y), self.worn_gap(side, y)) {
            outer = snap(outer, worn, SNAP * u).max(axis + bare);
            inner = -snap(-inner, -gap, SNAP * u).max(bare - axis);
        }
        let crossing = (sign * (middle - self.stance.hip_x) - inner).max(0.0);
        // Just below the crotch both legs are still one piece.
        let apart = ((y - self.stance.crotch) / (0.10 * u)).clamp(0.0, 1.0);
        outer += (0.6 * crossing).min(0.12 * u) * apart;
        let ease = EASE * u;
        (
            self.stance.hip_x + sign * (outer + ease),
            self.stance.hip_x
                + sign * (inner + crossing - ease * f64::from(u8::from(crossing <= 0.0))),
        )
    }

    /// Lets a skirt hang in its natural width, but never inside of the legs.
    fn skirt_edge(&self, side: Side, y: f64, row: &GarmentRow) -> f64 {
        let u = self.person.shoulder_width;
        let sign = side.sign();
        let body = sign * (self.stance.body_edge(side, y) - self.stance.hip_x);
        let natural = (row.right - row.left) * 0.5 * self.scale * SKIRT_FULLNESS;
        self.stance.hip_x + sign * natural.max(body + EASE * u)
    }

    /// Reads how far the worn garment reaches from the middle of the hips; none at the shoes and under a skirt.
    fn worn_edge(&self, side: Side, y: f64) -> Option<f64> {
        let hidden = self.stance.whole_person && !self.person.legs_bare && y > self.shoes;
        if hidden || y < 0.0 || y >= self.height || self.is_below_the_hem(y) {
            return None;
        }
        let edge = self.stance.seen[side].get(y as usize).copied().flatten()?;
        Some(side.sign() * (edge - self.stance.hip_x))
    }

    /// Reads how far from the middle the worn trousers' leg begins.
    fn worn_gap(&self, side: Side, y: f64) -> Option<f64> {
        let (left, right) = self
            .stance
            .gap
            .get(y.max(0.0) as usize)
            .copied()
            .flatten()?;
        Some(match side {
            Side::Left => self.stance.hip_x - left,
            Side::Right => right - self.stance.hip_x,
        })
    }

    /// Tells whether a row shows bare legs or a skirt, whose edges are none of trousers.
    fn is_below_the_hem(&self, y: f64) -> bool {
        self.stance.worn == super::Worn::Skirt
            || (self.person.legs_bare
                && y > self.person.low_hem - 0.03 * self.person.shoulder_width)
    }

    /// Reads the garment's edges and the gap nearest to its crotch.
    fn garment_row(&self, y: f64) -> GarmentRow {
        let bounds = self.garment.bounds;
        // The corners of a hem are rounded: its width is read above them.
        let end = HEM_MARGIN * (bounds.y1 as f64 - bounds.y0 as f64) + 2.0;
        let row = y.min(bounds.y1 as f64 - end).max(bounds.y0 as f64 + 2.0);
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
}

/// Pulls a value to a mark within `reach`, and not at all from twice as far.
fn snap(value: f64, mark: f64, reach: f64) -> f64 {
    let distance = value - mark;
    let weight = interp(distance.abs(), &[reach, 2.0 * reach], &[0.0, 1.0]);
    mark + distance * weight
}
