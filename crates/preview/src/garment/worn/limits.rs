//! What is refused, and what lowers the confidence in a garment that somebody wears.

use crate::garment::types::{Category, GarmentError, Warning};
use crate::person::{PersonRegions, Side};

use super::close_up::CloseUp;

/// Nobody was found although skin is seen.
pub(super) const NOBODY_FOUND: &str =
    "the model cannot be told from the background; a photo before a plain wall is needed";
pub(super) const TOO_SMALL: &str = "the garment is too small in it; a closer photo is needed";
pub(super) const DRESS_AS_TOP: &str =
    "no waist is seen; for a top a photo is needed that shows where it ends";
pub(super) const TOP_AS_DRESS: &str =
    "no dress is seen on the model; a photo of the whole dress is needed";
pub(super) const LOWER: &str =
    "trousers and skirts are needed on a plain background without a model";
const TURNED: &str = "the model is turned or leans; a photo from the front is needed";
const COVERED: &str =
    "hair, hands or a bag cover too much of the garment; a photo with free view is needed";
const SKIN_LIKE: &str = "the garment has the colour of the skin; a photo without a model is needed";

/// Beyond these nothing can be cut out: shorter half shoulder over longer one, slope of the shoulder line (U).
const MOST_TURNED: f64 = 0.45;
const MOST_TILTED: f64 = 0.34;
/// Largest share of the garment that may be covered.
const MOST_COVERED: f64 = 0.16;
/// Share of the chest with the colour of skin from which on cloth and skin cannot be told apart.
const MOST_SKIN_LIKE: f64 = 0.7;

/// Refuses wearers from whom no garment can be cut out.
pub(super) fn check_pose(person: &PersonRegions) -> Result<(), GarmentError> {
    if half_ratio(person) < MOST_TURNED || tilt(person) > MOST_TILTED {
        return Err(GarmentError::Worn(TURNED));
    }
    if !person.skin_found || person.skin_cloth_share > MOST_SKIN_LIKE {
        return Err(GarmentError::Worn(SKIN_LIKE));
    }
    Ok(())
}

/// Refuses a garment of which too much is hidden; `covered` is the hidden share of its area.
pub(super) fn check_covered(covered: f64) -> Result<(), GarmentError> {
    if covered > MOST_COVERED {
        return Err(GarmentError::Worn(COVERED));
    }
    Ok(())
}

/// Lists what lowers the confidence, each with its own factor.
pub(super) fn warnings(
    person: &PersonRegions,
    close_up: &CloseUp,
    category: Category,
    covered: f64,
) -> Vec<Warning> {
    let mut list = Vec::new();
    let mut add = |reason, factor: f64| list.push(Warning { reason, factor });
    add("worn by a model in the product photo", 0.9);
    add(
        "the model of the product photo is tilted",
        1.0 - 0.5 * ramp(tilt(person), 0.10, 0.30),
    );
    add(
        "the model of the product photo is turned",
        1.0 - 0.5 * ramp(half_ratio(person), 0.75, 0.5),
    );
    add(
        "hair or hands cover the garment in the product photo",
        1.0 - 0.6 * ramp(covered, 0.02, 0.14),
    );
    add(
        "the product photo shows the garment too small",
        1.0 - 0.4 * ramp(close_up.detail, 0.5, 0.2),
    );
    add(
        "the garment has the colour of the model's skin",
        1.0 - 0.6 * ramp(person.skin_cloth_share, 0.15, 0.6),
    );
    if category == Category::Top {
        add(
            "the end of the top is not seen in the product photo",
            1.0 - 0.5 * ramp(person.waist_score, 18.0, 7.0),
        );
    }
    list
}

/// Shorter half of the shoulders over the longer one, seen from the neck; 1 for a frontal body.
fn half_ratio(person: &PersonRegions) -> f64 {
    let half = |side: Side| (person.shoulder_tips[side].x - person.neck_x).abs();
    let (left, right) = (half(Side::Left), half(Side::Right));
    left.min(right) / left.max(right).max(1.0)
}

/// Difference in height of the shoulder tips (U).
fn tilt(person: &PersonRegions) -> f64 {
    (person.shoulder_tips.left.y - person.shoulder_tips.right.y).abs() / person.shoulder_width
}

/// Goes from 0 at `low` to 1 at `high`, which may be the smaller one.
fn ramp(value: f64, low: f64, high: f64) -> f64 {
    ((value - low) / (high - low)).clamp(0.0, 1.0)
}
