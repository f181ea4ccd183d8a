//! Fits a garment to a person: where every landmark, edge and sleeve lands.
//!
//! Pure geometry on the two analyses; no picture is touched. Person positions are work pixels of the person photo, garment
//! positions work pixels of the product photo. Lengths in the comments are given in U, the person's shoulder width.

mod legs;
mod mesh;
mod shoulders;
mod sleeves;
mod stance;
mod torso;
mod waistband;

use crate::garment::{Category, GarmentShape, UpperShape};
use crate::person::{PerSide, PersonRegions, Side, arm_path};
use crate::raster::{Mask, Plane, Point, Run, dilate, largest_component, runs};

pub use self::legs::{LegRow, LowerFit, fit_lower};
pub use self::mesh::{Part, PartMesh, UpperMesh};
pub use self::sleeves::SleeveFit;
pub use self::stance::{Stance, Worn};
pub use self::waistband::Waistband;

use self::mesh::{PartPlan, Pose, Wish};
use self::shoulders::ShoulderLine;

/// U per distance from the axis to a garment's shoulder point, garments with sleeves.
const SCALE_SLEEVED: f64 = 0.43;
/// U per half the distance between the armpits, garments without sleeves.
const SCALE_SLEEVELESS: f64 = 0.44;
/// Ghost mannequins show dresses at the width they are worn.
const DRESS_SCALE: f64 = 0.86;
/// A set-in sleeve is sewn at this share of the half armpit width of the garment.
const SHOULDER_SHARE: f64 = 0.90;

/// Joins a point of the garment with the point of the person on which it lands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Position on the garment, garment work pixels.
    pub garment: Point,
    /// Position on the person, person work pixels.
    pub person: Point,
}

/// Landmarks of a garment where they land on the person, person work pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Landing {
    /// Where the sleeve or the strap begins.
    pub shoulder: PerSide<Point>,
    /// Upper ends of the neckline.
    pub neck: PerSide<Point>,
    /// Lower ends of the armholes.
    pub armpit: PerSide<Point>,
}

/// Says how a top or a dress lies on the person.
#[derive(Debug, Clone)]
pub struct UpperFit {
    /// Person work pixels per garment work pixel.
    pub scale: f64,
    /// Where the landmarks land.
    pub landing: Landing,
    /// Row of the hem.
    pub hem: f64,
    /// Worn length divided by natural length.
    pub stretch: f64,
    /// The top ends at the old waistband instead of at its own hem.
    pub tuck: bool,
    /// Points down both sides from below the armpit to the hem corner.
    pub sides: PerSide<Vec<Pair>>,
    /// The garment on the body, triangle by triangle.
    pub mesh: UpperMesh,
    /// Both sleeves are known.
    pub sleeved: bool,
    /// How each sleeve lies on its arm; none without a sleeve or without a visible arm.
    pub sleeves: PerSide<Option<SleeveFit>>,
    /// Where hips and legs are; only for a dress.
    pub stance: Option<Stance>,
    /// A sleeve reaches below the elbow.
    pub long_sleeves: bool,
    /// Share of the arms' width that was seen rather than assumed, the worse side; none without fitted sleeves.
    pub arm_confidence: Option<f64>,
}

/// Lays a top or a dress on the person.
pub fn fit_upper(person: &PersonRegions, garment: &GarmentShape, upper: &UpperShape) -> UpperFit {
    let u = person.shoulder_width;
    let sleeved = upper.is_sleeved();
    let half_width = upper.half_width.max(1.0);
    let dress = garment.category == Category::Dress;
    let natural_scale = if sleeved {
        SCALE_SLEEVED * u / (SHOULDER_SHARE * half_width)
    } else {
        SCALE_SLEEVELESS * u / half_width
    };
    let scale = match &garment.wearer {
        // The ratio of the two bodies.
        Some(wearer) => u / wearer.shoulder_width.max(1.0),
        None => (natural_scale * if dress { DRESS_SCALE } else { 1.0 })
            .clamp(0.3 * u / half_width, 0.6 * u / half_width),
    };

    let line = ShoulderLine::new(person);
    let landing = torso::place_landmarks(person, garment, upper, &line, scale);
    let stance = dress.then(|| Stance::find(person));
    let hem = torso::place_hem(person, garment, upper, &landing, scale);
    let sides = torso::place_sides(
        person,
        garment,
        upper,
        &landing,
        scale,
        &hem,
        stance.as_ref(),
    );
    let mut wishes = torso::wishes(
        person, garment, upper, &line, &landing, scale, &sides, hem.row,
    );
    let mut fit = UpperFit {
        scale,
        landing,
        hem: hem.row,
        stretch: hem.stretch,
        tuck: hem.tuck,
        sides,
        mesh: UpperMesh::default(),
        sleeved,
        sleeves: PerSide::from_fn(|_| None),
        stance,
        long_sleeves: false,
        arm_confidence: None,
    };
    for side in Side::ALL {
        if upper.sleeves[side].is_none() {
            continue;
        }
        let Some(arm) = arm_path(person, side) else {
            continue;
        };
        let Some(sleeve) = sleeves::fit_sleeve(person, upper, &landing, scale, side, &arm) else {
            continue;
        };
        fit.long_sleeves |= sleeve.long;
        fit.arm_confidence = Some(fit.arm_confidence.unwrap_or(1.0).min(arm.confidence));
        wishes.extend(&sleeve.wishes);
        fit.sleeves[side] = Some(sleeve);
    }
    fit.mesh = lay_mesh(person, garment, upper, &fit, &wishes);
    fit
}

/// Splits the garment into trunk and fitted sleeves and lays them on the body as one piece.
fn lay_mesh(
    person: &PersonRegions,
    garment: &GarmentShape,
    upper: &UpperShape,
    fit: &UpperFit,
    wishes: &[Wish],
) -> UpperMesh {
    let marks = &upper.landmarks;
    let front = garment.mask.and_not(&upper.opening);
    let trunk = trunk_mask(&front, upper, fit);
    let middle = |points: &PerSide<Point>| points.left.lerp(points.right, 0.5);
    let from = middle(&marks.shoulder);
    let to = middle(&fit.landing.shoulder);
    let length = (middle(&marks.hem).y - from.y).max(1.0);
    let width = |pairs: &PerSide<Vec<Pair>>, pick: fn(&Pair) -> Point| {
        let middle = pairs.left.len() / 2;
        match (pairs.left.get(middle), pairs.right.get(middle)) {
            (Some(left), Some(right)) => (pick(right).x - pick(left).x).max(1.0),
            _ => 1.0,
        }
    };
    let across = width(&fit.sides, |pair| pair.person) / width(&fit.sides, |pair| pair.garment);
    let size = (
        across.clamp(0.5 * fit.scale, 1.5 * fit.scale),
        ((fit.hem - to.y) / length).clamp(0.5 * fit.scale, 1.6 * fit.scale),
    );
    let tilt = fit.landing.shoulder.right - fit.landing.shoulder.left;
    let mut plans = vec![PartPlan {
        part: Part::Trunk,
        mask: &trunk,
        axis: Point::new(0.0, 1.0),
        size,
        poses: vec![
            Pose {
                garment: from,
                person: to,
                turn: tilt.y.atan2(tilt.x.max(1.0)),
            },
            Pose {
                garment: middle(&marks.hem),
                person: Point::new(person.center_x, fit.hem),
                turn: 0.0,
            },
        ],
    }];
    let masks = PerSide::from_fn(|side| {
        let sleeve = upper.sleeves[side].as_ref()?;
        fit.sleeves[side].as_ref()?;
        Some(front.and(&dilate(&sleeve.mask, 2.0)))
    });
    for side in Side::ALL {
        if let (Some(mask), Some(sleeve)) = (&masks[side], &fit.sleeves[side]) {
            plans.push(PartPlan {
                part: Part::Sleeve(side),
                mask,
                axis: sleeve.axis,
                size: sleeve.size,
                poses: sleeve.poses.clone(),
            });
        }
    }
    mesh::lay(&front, upper, &plans, wishes)
}

/// Gives everything but the fitted sleeves, with a margin under them so that the seam never opens.
pub(crate) fn trunk_mask(front: &Mask, upper: &UpperShape, fit: &UpperFit) -> Mask {
    let mut sleeves = Plane::new(front.width(), front.height(), false);
    for side in Side::ALL {
        if let (Some(_), Some(sleeve)) = (&fit.sleeves[side], &upper.sleeves[side]) {
            sleeves.or_assign(&sleeve.mask);
        }
    }
    // What a sleeve's mask left of the sleeve's rim is no trunk.
    let trunk = largest_component(&front.and_not(&sleeves));
    front.and(&dilate(&trunk, 3.0))
}

/// Turns a position into an index below `len`: truncated and clamped, 0 for a value that is not a number.
fn index_of(position: f64, len: usize) -> usize {
    (position.max(0.0) as usize).min(len.saturating_sub(1))
}

/// Lists the runs of a mask's row; the row is clamped to the picture.
fn runs_at(mask: &Mask, row: f64) -> Vec<Run> {
    if mask.height() == 0 {
        Vec::new()
    } else {
        runs(mask.row(index_of(row, mask.height())))
    }
}

/// Gives the ends of what lies around column `x` in a row of a mask, tolerant by 8 pixels.
fn row_edges(mask: &Mask, row: f64, x: f64) -> Option<(f64, f64)> {
    let near = runs_at(mask, row)
        .into_iter()
        .filter(|run| run.start as f64 - 8.0 <= x && x <= run.end as f64 + 8.0);
    near.map(|run| (run.start as f64, run.end as f64))
        .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// Gives the first row of a mask in the column at `x`.
fn top_row(mask: &Mask, x: f64) -> Option<f64> {
    mask.first_in_col(index_of(x, mask.width()))
        .map(|row| row as f64)
}

#[cfg(test)]
mod tests;
