//! How far a result can be trusted: named penalties, each with a readable reason, and the probability that follows from them.
//!
//! Every penalty is a factor from 1 (none) down to 0, measured in one place. How much each counts was fitted to results that
//! were rated by eye, see [`Calibration`]. What is good enough is the caller's decision; [`SUGGESTED_GATE`] is the value that
//! the results were looked at with.

mod advice;
mod calibration;

pub use self::calibration::{
    Calibration, Observation, read_observations, stored_observations, write_observations,
};
use crate::compose::Measures;
use crate::fit::{LowerFit, UpperFit};
use crate::garment::{Category, GarmentShape, UpperShape};
use crate::person::{PersonRegions, Side};
use crate::raster::{erode, median_f64, percentile_f64, polyline_length};

/// Results below this confidence should not be shown.
pub const SUGGESTED_GATE: f64 = 0.6;

/// Factor of what looks like trousers and shall be an upper garment: alone enough to stay below the gate.
const TROUSERS_AS_UPPER: f64 = 0.45;
/// Factor of what looks like an upper garment and shall be a lower one: shorts do, so alone it is just enough for the gate.
const UPPER_AS_LOWER: f64 = 0.5;
/// Factor of a lower garment on somebody in a dress, whose upper half becomes the top.
const OVER_A_DRESS: f64 = 0.7;
/// Reasons that lower the log-odds by more than this are worth telling.
const NOTEWORTHY: f64 = 0.4;
/// Most sentences of advice: a shopper reads no list.
const MOST_ADVICE: usize = 2;

/// Names the picture that a penalty speaks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The person's photo.
    Person,
    /// The product photo.
    Garment,
}

/// One penalty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factor {
    /// Readable reason in English, fit for an error text.
    pub reason: &'static str,
    /// 1 for no penalty, down to 0.
    pub factor: f64,
    /// The picture that should be exchanged to get rid of it.
    pub blame: Blame,
    /// How far it lowers the log-odds of a good result; 0 for no penalty, or one that ratings show to be harmless.
    pub effect: f64,
}

/// Says how far a result can be trusted, and why not further.
#[derive(Debug, Clone, PartialEq)]
pub struct Confidence {
    /// Probability that the result is good or usable, 0 to 1.
    pub value: f64,
    /// All factors, the one of the largest effect first.
    pub factors: Vec<Factor>,
}

impl Confidence {
    fn new(category: Category, mut factors: Vec<Factor>) -> Self {
        let penalties = factors.iter().map(|factor| (factor.reason, factor.factor));
        let value = Calibration::stored().probability(category, penalties);
        factors.sort_by(|a, b| b.effect.total_cmp(&a.effect));
        Self { value, factors }
    }

    /// Lists the reasons worth telling, the worst first.
    pub fn reasons(&self) -> impl Iterator<Item = &Factor> {
        self.factors
            .iter()
            .filter(|factor| factor.effect > NOTEWORTHY)
    }

    /// Joins the reasons for an error text: "arm in front of the body, much skin to invent". Empty without penalties.
    pub fn explanation(&self) -> String {
        self.reasons()
            .map(|factor| factor.reason)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Tells a shopper what photo would work: up to two sentences about the picture that is to blame, the worst first.
    ///
    /// Empty when nothing lowers the confidence.
    pub fn advice(&self) -> Vec<&'static str> {
        let Some(blame) = self.blame() else {
            return Vec::new();
        };
        let mut sentences = Vec::new();
        let penalties = self.factors.iter();
        for factor in penalties.filter(|factor| factor.blame == blame && factor.effect > 0.0) {
            let Some(sentence) = advice::advice_for(factor.reason) else {
                continue;
            };
            let is_worth_it = factor.effect > NOTEWORTHY || sentences.is_empty();
            if is_worth_it && !sentences.contains(&sentence) && sentences.len() < MOST_ADVICE {
                sentences.push(sentence);
            }
        }
        sentences
    }

    /// Names the picture that lowers the confidence most; none when nothing lowers it.
    pub fn blame(&self) -> Option<Blame> {
        let share = |blame: Blame| -> f64 {
            let own = self.factors.iter().filter(|factor| factor.blame == blame);
            own.map(|factor| factor.effect).sum()
        };
        let (person, garment) = (share(Blame::Person), share(Blame::Garment));
        if person.max(garment) <= 0.0 {
            return None;
        }
        Some(if person >= garment {
            Blame::Person
        } else {
            Blame::Garment
        })
    }
}

/// Rates a top or a dress on a person.
pub fn rate_upper(
    person: &PersonRegions,
    garment: &GarmentShape,
    upper: &UpperShape,
    fit: &UpperFit,
    measures: &Measures,
) -> Confidence {
    let mut list = person_factors(person);
    garment_factors(&mut list, garment);
    upper_factors(&mut list, garment, upper, fit, person);
    let dress = garment.category == Category::Dress;
    if dress {
        list.person(
            "much skin to invent",
            1.0 - 0.7 * ramp(measures.skin_invented, 0.30, 0.9),
        );
        list.person("much of the legs to invent", legs_factor(measures));
        // Nobody shall be shown without trousers because a top was called a dress.
        if let Some(stance) = &fit.stance {
            let missing = (stance.crotch - fit.hem) / person.shoulder_width;
            list.garment(
                "too short for a dress",
                1.0 - 0.9 * ramp(missing, -0.10, 0.05),
            );
        }
    } else {
        list.person("waist not found", waist_factor(person));
        list.person(
            "much skin to invent",
            1.0 - 0.75 * ramp(measures.skin_invented, 0.22, 0.70),
        );
        list.person(
            "much of the trousers to invent",
            1.0 - 0.7 * ramp(measures.lower_invented, 0.10, 0.40),
        );
        list.person(
            "top over a dress",
            if person.one_piece && person.legs_bare {
                0.55
            } else {
                1.0
            },
        );
    }
    if !fit.long_sleeves {
        list.person(
            "old clothes hide the body outline",
            1.0 - 0.2 * ramp(person.edge_confidence, 0.35, 0.05),
        );
    }
    list.person(
        "old garment still visible",
        1.0 - 0.6 * ramp(measures.old_cloth_visible, 0.04, 0.2),
    );
    if let (true, Some(seen)) = (fit.long_sleeves, fit.arm_confidence) {
        list.person("arms not found", 1.0 - 0.35 * ramp(seen, 0.5, 0.15));
    }
    list.person("part of the body would float", floating_factor(measures));
    Confidence::new(garment.category, list.factors)
}

/// Rates trousers, shorts or a skirt on a person.
pub fn rate_lower(
    person: &PersonRegions,
    garment: &GarmentShape,
    fit: &LowerFit,
    measures: &Measures,
) -> Confidence {
    let mut list = person_factors(person);
    garment_factors(&mut list, garment);
    // Over a dress the waistband goes where the waist of the body is.
    let over_a_dress = person.legs_bare && person.one_piece;
    if !over_a_dress {
        list.person("waist not found", waist_factor(person));
    }
    list.person("much of the legs to invent", legs_factor(measures));
    if over_a_dress {
        list.person("lower garment over a dress", OVER_A_DRESS);
    }
    if fit.stance.hides_an_arm() {
        list.person("an arm hangs behind the skirt", 0.4);
    }
    list.person("part of the body would float", floating_factor(measures));
    Confidence::new(Category::Bottom, list.factors)
}

/// Penalises hands and legs that nothing joins to the body.
fn floating_factor(measures: &Measures) -> f64 {
    1.0 - 0.9 * ramp(measures.floating, 0.02, 0.06)
}

/// Factors in the order in which they were found.
#[derive(Debug, Default)]
struct Factors {
    factors: Vec<Factor>,
}

impl Factors {
    fn person(&mut self, reason: &'static str, factor: f64) {
        self.add(reason, factor, Blame::Person);
    }

    fn garment(&mut self, reason: &'static str, factor: f64) {
        self.add(reason, factor, Blame::Garment);
    }

    fn add(&mut self, reason: &'static str, factor: f64, blame: Blame) {
        // A measurement that failed counts as the worst case.
        let factor = if factor.is_finite() {
            factor.clamp(0.0, 1.0)
        } else {
            0.0
        };
        debug_assert!(
            advice::advice_for(reason).is_some(),
            "no advice for: {reason}"
        );
        self.factors.push(Factor {
            reason,
            factor,
            blame,
            effect: Calibration::stored().effect(reason, factor),
        });
    }
}

/// Goes from 0 at `low` to 1 at `high`, which may be the smaller one.
fn ramp(value: f64, low: f64, high: f64) -> f64 {
    ((value - low) / (high - low)).clamp(0.0, 1.0)
}

fn person_factors(person: &PersonRegions) -> Factors {
    let mut list = Factors::default();
    let u = person.shoulder_width;
    let (left, right) = (person.shoulder_tips.left, person.shoulder_tips.right);
    if person.scene {
        list.person(
            "the background is too busy: stand before a plain wall",
            1.0 - 0.9 * ramp(person.outline_agreement, 0.95, 0.85),
        );
        list.person(
            "the arms cannot be told from the background: stand before a plain wall",
            1.0 - 0.8 * ramp(chest_width(person), 1.95, 1.75),
        );
    } else {
        list.person(
            "busy background",
            1.0 - 0.85 * ramp(person.background_sigma, 2.2, 6.0),
        );
    }
    list.person(
        "the person is cut off at the side of the picture",
        1.0 - 0.8 * ramp(cut_off_share(person), 0.06, 0.30),
    );
    list.person(
        "no face seen",
        if person.face.is_some() { 1.0 } else { 0.92 },
    );
    let shoulders = if let Some(ratio) = person.face_ratio {
        1.0 - 0.75 * ramp(ratio, 2.6, 3.1).max(ramp(ratio, 1.6, 1.3))
    } else {
        let ratio = (person.bottom - person.top) / u;
        1.0 - 0.7 * ramp(ratio, 5.2, 7.0).max(ramp(ratio, 2.6, 1.8))
    };
    list.person("implausible shoulder width", shoulders);
    list.person(
        "shoulders tilted",
        1.0 - 0.6 * ramp((left.y - right.y).abs() / u, 0.14, 0.32),
    );
    let halves = [
        (left.x - person.neck_x).abs(),
        (right.x - person.neck_x).abs(),
    ];
    let shorter = halves[0].min(halves[1]) / halves[0].max(halves[1]).max(1.0);
    list.person("body turned", 1.0 - 0.5 * ramp(shorter, 0.72, 0.50));
    if let Some(face) = person.face {
        let off = (face.center.x - person.center_x).abs() / u;
        list.person(
            "head not over the shoulders",
            1.0 - 0.5 * ramp(off, 0.16, 0.34),
        );
    }
    list.person("no skin found", if person.skin_found { 1.0 } else { 0.4 });
    list.person(
        "clothes of skin colour",
        1.0 - 0.45 * ramp(person.skin_cloth_share, 0.3, 0.8),
    );
    list.person(
        "person and wall look alike",
        1.0 - 0.5 * ramp(weak_rim(person), 0.15, 0.45),
    );
    list.person(
        "arm in front of the body",
        1.0 - 0.6 * ramp(arm_in_front(person), 0.01, 0.06),
    );
    let (asymmetry, span) = pose(person);
    list.person("asymmetric pose", 1.0 - 0.5 * ramp(asymmetry, 0.18, 0.5));
    list.person("arms far out", 1.0 - 0.6 * ramp(span, 1.75, 2.3));
    list
}

/// Gives the width of chest and upper arms together (face sizes); large without a face, when nothing is known of it.
fn chest_width(person: &PersonRegions) -> f64 {
    let Some(face) = person.face else {
        return f64::INFINITY;
    };
    let row = |down: f64| (face.center.y + down * face.size).max(0.0) as usize;
    let widths = person.left_edge.iter().zip(&person.right_edge);
    let mut widths: Vec<f64> = widths
        .take(row(2.4))
        .skip(row(1.4))
        .map(|(left, right)| (right - left) / face.size)
        .collect();
    if widths.is_empty() {
        return f64::INFINITY;
    }
    median_f64(&mut widths)
}

/// Gives the larger share of the left or right border that the person covers.
fn cut_off_share(person: &PersonRegions) -> f64 {
    let (width, height) = person.silhouette.size();
    let rows = (0.97 * height as f64) as usize;
    let share = |x: usize| {
        let covered = (0..rows).filter(|&y| person.silhouette[(x, y)]).count();
        covered as f64 / rows.max(1) as f64
    };
    share(1.min(width - 1)).max(share(width.saturating_sub(2)))
}

/// Gives the share of the upper body's rim that hardly differs from the wall.
fn weak_rim(person: &PersonRegions) -> f64 {
    let rim = erode(&person.silhouette, 1.0).and_not(&erode(&person.silhouette, 4.0));
    let (first, last) = (
        person.shoulder_y,
        person.shoulder_y + 1.6 * person.shoulder_width,
    );
    let (mut count, mut weak) = (0_usize, 0_usize);
    for y in (0..rim.height()).filter(|&y| y as f64 > first && (y as f64) < last) {
        for (_, &distance) in rim
            .row(y)
            .iter()
            .zip(person.wall_distance.row(y))
            .filter(|(rim, _)| **rim)
        {
            count += 1;
            weak += usize::from(distance < 4.0);
        }
    }
    if count == 0 {
        1.0
    } else {
        weak as f64 / count as f64
    }
}

/// Gives the area of arm or hand that lies on the middle of the body (squared shoulder widths).
fn arm_in_front(person: &PersonRegions) -> f64 {
    let u = person.shoulder_width;
    let (first, last) = (person.shoulder_y + 0.3 * u, person.waist + 0.1 * u);
    let rows = (0..person.arm.height()).filter(|&y| y as f64 > first && (y as f64) < last);
    let middle = |x: &usize| (*x as f64 - person.center_x).abs() < 0.28 * u;
    let in_row = |y: usize| {
        (0..person.arm.width())
            .filter(middle)
            .filter(|&x| person.arm[(x, y)] && person.torso[(x, y)])
            .count()
    };
    rows.map(in_row).sum::<usize>() as f64 / (u * u)
}

/// Gives how differently both arms are held, and how far they reach (shoulder widths).
fn pose(person: &PersonRegions) -> (f64, f64) {
    let u = person.shoulder_width;
    let height = person.silhouette.height() as f64;
    let first = (person.shoulder_y + 0.1 * u).max(0.0) as usize;
    let last = (height - 1.0).min(person.shoulder_y + u).max(0.0) as usize;
    let edges = person.left_edge.iter().zip(&person.right_edge);
    let (mut difference, mut span): (Vec<f64>, Vec<f64>) = edges
        .take(last)
        .skip(first)
        .map(|(left, right)| (person.center_x - left, right - person.center_x))
        .map(|(left, right)| ((left - right).abs() / u, (left + right) / u))
        .unzip();
    if difference.is_empty() {
        return (1.0, 9.0);
    }
    (median_f64(&mut difference), percentile_f64(&mut span, 90.0))
}

/// Rates how much of bare legs had to be made up.
fn legs_factor(measures: &Measures) -> f64 {
    1.0 - 0.6 * ramp(measures.legs_invented, 0.35, 1.1)
}

fn waist_factor(person: &PersonRegions) -> f64 {
    let rise = (person.waist - person.shoulder_y) / person.shoulder_width;
    (1.0 - 0.5 * ramp(person.waist_score, 20.0, 7.0)) * (1.0 - 0.6 * ramp(rise, 0.72, 0.60))
}

fn garment_factors(list: &mut Factors, garment: &GarmentShape) {
    let area = garment.mask.mean();
    list.garment(
        "garment background not plain",
        1.0 - 0.7 * ramp(garment.background_sigma, 2.5, 6.0),
    );
    list.garment(
        "garment outline not found",
        1.0 - 0.8 * ramp(area, 0.10, 0.04).max(ramp(area, 0.72, 0.9)),
    );
    list.garment(
        "garment not symmetric (folded or badly cut out)",
        1.0 - 0.8 * ramp(mirror_overlap(garment), 0.86, 0.66),
    );
    for warning in garment.wearer.iter().flat_map(|wearer| &wearer.warnings) {
        list.garment(warning.reason, warning.factor);
    }
    let looks_lower = garment.guess == Category::Bottom;
    let is_lower = garment.category == Category::Bottom;
    if looks_lower != is_lower {
        let factor = match garment.lower() {
            None => TROUSERS_AS_UPPER,
            Some(lower) => UPPER_AS_LOWER + (1.0 - UPPER_AS_LOWER) * lower.waistband,
        };
        list.garment("garment does not look like its category", factor);
    }
}

fn upper_factors(
    list: &mut Factors,
    garment: &GarmentShape,
    upper: &UpperShape,
    fit: &UpperFit,
    person: &PersonRegions,
) {
    let u = person.shoulder_width;
    for warning in &upper.warnings {
        list.garment(warning.reason, warning.factor);
    }
    if !upper.is_sleeved() {
        let bare = f64::midpoint(person.bare_arm.left, person.bare_arm.right);
        let covered = ramp(1.0 - bare, 0.3, 0.7);
        // Upper arms under sleeves are made up as if they hung.
        let (asymmetry, span) = pose(person);
        let held_out = ramp(asymmetry, 0.18, 0.5).max(ramp(span, 1.75, 2.3));
        list.person(
            "arms held out in old sleeves",
            1.0 - 0.6 * covered * held_out,
        );
        if garment.wearer.is_some() {
            list.person(
                "old sleeves hide the shoulders that the garment leaves bare",
                1.0 - 0.5 * covered,
            );
        }
    }
    if upper.sleeves.left.is_some() != upper.sleeves.right.is_some() {
        list.garment("one sleeve", 0.6);
    }
    list.garment(
        "length stretched",
        1.0 - 0.5 * ramp(fit.stretch.max(0.05).ln().abs(), 0.35, 0.9),
    );
    let shoulders = upper.shoulder_width / upper.armpit_width.max(1.0);
    list.garment(
        "garment shoulders not found",
        1.0 - 0.6 * ramp(shoulders, 0.45, 0.25).max(ramp(shoulders, 1.1, 1.4)),
    );
    if garment.category == Category::Top {
        let cuffs = Side::ALL
            .iter()
            .filter_map(|&side| upper.sleeves[side].as_ref());
        let widest = cuffs
            .map(|sleeve| polyline_length(&sleeve.cuff) * fit.scale / u)
            .fold(0.0, f64::max);
        list.garment("bell sleeves", 1.0 - 0.5 * ramp(widest, 0.62, 0.9));
    }
}

/// Gives the overlap of the garment with its mirror image: common area over joint area.
fn mirror_overlap(garment: &GarmentShape) -> f64 {
    // Arms of a wearer are never held alike.
    let mask = match garment.upper() {
        Some(upper) if garment.wearer.is_some() => &upper.body,
        _ => &garment.mask,
    };
    let twice_axis = (2.0 * garment.center_x).round() as isize;
    let (mut common, mut joint) = (0_usize, 0_usize);
    for y in 0..mask.height() {
        for (x, &here) in mask.row(y).iter().enumerate() {
            let mirrored = mask.is_true(twice_axis - x as isize, y as isize);
            common += usize::from(here && mirrored);
            joint += usize::from(here || mirrored);
        }
    }
    common as f64 / joint.max(1) as f64
}

#[cfg(test)]
mod tests;
