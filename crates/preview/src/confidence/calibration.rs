//! From penalties to a probability: a logistic regression on rated results.
//!
//! The probability that a result is good or usable is `1 / (1 + exp(-(b + sum of w * ln(factor))))` with an offset `b` per category
//! and a weight `w` per reason (Cox 1958). Few results are rated and many reasons are rare, so weights are drawn to what they
//! would be without any rating, a ridge around a prior (Hoerl and Kennard 1970), and never fall below zero: no penalty is a
//! merit. The ratings with their factors are `observations.tsv`, what came of them is `weights.tsv`, both beside this file; the
//! example `calibrate` makes the second from the first.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::LazyLock;

use crate::garment::Category;

/// Weight of a reason that nothing is known about.
const PRIOR_WEIGHT: f64 = 4.0;
/// Offset of a category that nothing is known about: 9 of 10 results without any penalty are fine.
const PRIOR_OFFSET: f64 = 2.2;
/// How strongly weights are drawn to their prior.
const RIDGE: f64 = 0.25;
/// The same for offsets: results on the photos that the engine was made with look better than those on others.
const OFFSET_RIDGE: f64 = 10.0;
/// Factors below this do not count more: one measurement alone shall not decide over everything.
const LEAST_FACTOR: f64 = 0.02;
/// Steps of the descent; it has settled long before.
const STEPS: usize = 6000;
/// Largest weight.
const MOST_WEIGHT: f64 = 12.0;

/// The ratings that the stored weights come from.
const OBSERVATIONS: &str = include_str!("observations.tsv");
/// The stored weights.
const WEIGHTS: &str = include_str!("weights.tsv");

static STORED: LazyLock<Calibration> = LazyLock::new(|| Calibration::parse(WEIGHTS));

/// A rated result.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Name of the person's photo.
    pub person: String,
    /// Name of the product photo.
    pub garment: String,
    /// What the garment was worn as.
    pub category: Category,
    /// `g` good, `u` usable, `b` bad.
    pub rating: char,
    /// Factor per reason, those below 1 only.
    pub factors: BTreeMap<String, f64>,
}

/// Turns factors into a probability.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calibration {
    offsets: BTreeMap<&'static str, f64>,
    weights: BTreeMap<String, f64>,
}

impl Calibration {
    /// Gives the calibration that belongs to this version of the engine.
    pub fn stored() -> &'static Self {
        &STORED
    }

    /// Gives the probability that a result is good or usable, 0 to 1.
    pub fn probability<'a>(
        &self,
        category: Category,
        factors: impl IntoIterator<Item = (&'a str, f64)>,
    ) -> f64 {
        let penalty: f64 = factors
            .into_iter()
            .map(|(reason, factor)| self.effect(reason, factor))
            .sum();
        logistic(self.offset(category) - penalty)
    }

    /// Gives how far a penalty lowers the log-odds, at least 0.
    pub fn effect(&self, reason: &str, factor: f64) -> f64 {
        -self.weight(reason) * log_factor(factor)
    }

    /// Gives the weight of a reason.
    pub fn weight(&self, reason: &str) -> f64 {
        self.weights.get(reason).copied().unwrap_or(PRIOR_WEIGHT)
    }

    /// Gives the offset of a category.
    pub fn offset(&self, category: Category) -> f64 {
        self.offsets
            .get(name_of(category))
            .copied()
            .unwrap_or(PRIOR_OFFSET)
    }

    /// Fits offsets and weights to ratings: gradient descent on a convex sum, the same result for the same ratings.
    pub fn fit(observations: &[Observation]) -> Self {
        let reasons: Vec<&String> = observations
            .iter()
            .flat_map(|observation| observation.factors.keys())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let rows: Vec<(usize, f64, Vec<f64>)> = observations
            .iter()
            .map(|observation| {
                let penalties = reasons.iter().map(|reason| {
                    observation
                        .factors
                        .get(*reason)
                        .map_or(0.0, |f| log_factor(*f))
                });
                let is_fine = if observation.rating == 'b' { 0.0 } else { 1.0 };
                (index_of(observation.category), is_fine, penalties.collect())
            })
            .collect();
        let mut offsets = [PRIOR_OFFSET; CATEGORIES.len()];
        let mut weights = vec![PRIOR_WEIGHT; reasons.len()];
        // Steps as long as the curvature of each coordinate allows.
        let curvature = |column: usize| -> f64 {
            let own: f64 = rows.iter().map(|(_, _, x)| x[column] * x[column]).sum();
            own * 0.25
        };
        let coordinates = (reasons.len() + 1) as f64;
        let weight_steps: Vec<f64> = (0..reasons.len())
            .map(|column| 1.0 / (RIDGE + coordinates.min(6.0) * curvature(column)))
            .collect();
        let offset_step = 1.0 / (OFFSET_RIDGE + 0.25 * coordinates.min(6.0) * rows.len() as f64);
        for _ in 0..STEPS {
            let mut offset_slopes = offsets.map(|offset| OFFSET_RIDGE * (offset - PRIOR_OFFSET));
            let mut weight_slopes: Vec<f64> = weights
                .iter()
                .map(|weight| RIDGE * (weight - PRIOR_WEIGHT))
                .collect();
            for (category, is_fine, penalties) in &rows {
                let sum: f64 = penalties.iter().zip(&weights).map(|(x, w)| x * w).sum();
                let error = logistic(offsets[*category] + sum) - is_fine;
                offset_slopes[*category] += error;
                for (slope, penalty) in weight_slopes.iter_mut().zip(penalties) {
                    *slope += error * penalty;
                }
            }
            for (offset, slope) in offsets.iter_mut().zip(offset_slopes) {
                *offset -= offset_step * slope;
            }
            for ((weight, slope), step) in weights.iter_mut().zip(weight_slopes).zip(&weight_steps)
            {
                *weight = (*weight - step * slope).clamp(0.0, MOST_WEIGHT);
            }
        }
        let rounded = |value: f64| (value * 1e3).round() / 1e3;
        Self {
            offsets: CATEGORIES
                .iter()
                .zip(offsets)
                .map(|((_, name), offset)| (*name, rounded(offset)))
                .collect(),
            weights: reasons
                .into_iter()
                .cloned()
                .zip(weights.into_iter().map(rounded))
                .collect(),
        }
    }

    /// Reads what [`Calibration::to_text`] wrote; lines that cannot be read are left out.
    pub fn parse(text: &str) -> Self {
        let mut read = Self::default();
        for line in text.lines() {
            let mut cells = line.split('\t');
            let (Some(kind), Some(name), Some(value)) = (cells.next(), cells.next(), cells.next())
            else {
                continue;
            };
            let Ok(value) = value.parse::<f64>() else {
                continue;
            };
            match kind {
                "offset" => {
                    if let Some((_, name)) = CATEGORIES.iter().find(|(_, known)| *known == name) {
                        read.offsets.insert(name, value);
                    }
                }
                "weight" => {
                    read.weights.insert(name.to_owned(), value);
                }
                _ => {}
            }
        }
        read
    }

    /// Writes a line per offset and weight: kind, name, value.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.offsets {
            let _ = writeln!(text, "offset\t{name}\t{value}");
        }
        for (name, value) in &self.weights {
            let _ = writeln!(text, "weight\t{name}\t{value}");
        }
        text
    }
}

/// Gives the ratings that the stored weights come from.
pub fn stored_observations() -> Vec<Observation> {
    read_observations(OBSERVATIONS)
}

/// Reads observations, one per line: person, garment, category, rating, then `reason=factor` as often as needed, all parted by
/// tabs. Lines that cannot be read are left out.
pub fn read_observations(text: &str) -> Vec<Observation> {
    text.lines().filter_map(read_observation).collect()
}

fn read_observation(line: &str) -> Option<Observation> {
    let mut cells = line.split('\t');
    let (person, garment, category, rating) =
        (cells.next()?, cells.next()?, cells.next()?, cells.next()?);
    let (category, _) = CATEGORIES.iter().find(|(_, name)| *name == category)?;
    let factors = cells
        .filter_map(|cell| {
            let (reason, factor) = cell.rsplit_once('=')?;
            Some((reason.to_owned(), factor.parse().ok()?))
        })
        .collect();
    Some(Observation {
        person: person.to_owned(),
        garment: garment.to_owned(),
        category: *category,
        rating: rating
            .chars()
            .next()
            .filter(|rating| "gub".contains(*rating))?,
        factors,
    })
}

/// Writes observations as [`read_observations`] reads them.
pub fn write_observations(observations: &[Observation]) -> String {
    let mut text = String::new();
    for observation in observations {
        let _ = write!(
            text,
            "{}\t{}\t{}\t{}",
            observation.person,
            observation.garment,
            name_of(observation.category),
            observation.rating
        );
        for (reason, factor) in &observation.factors {
            let _ = write!(text, "\t{reason}={factor}");
        }
        text.push('\n');
    }
    text
}

/// Categories with their names in files.
const CATEGORIES: [(Category, &str); 3] = [
    (Category::Top, "top"),
    (Category::Bottom, "bottom"),
    (Category::Dress, "dress"),
];

fn index_of(category: Category) -> usize {
    CATEGORIES
        .iter()
        .position(|(known, _)| *known == category)
        .unwrap_or(0)
}

fn name_of(category: Category) -> &'static str {
    CATEGORIES[index_of(category)].1
}

/// Gives the logarithm of a factor, 0 or below.
fn log_factor(factor: f64) -> f64 {
    factor.clamp(LEAST_FACTOR, 1.0).ln()
}

fn logistic(value: f64) -> f64 {
    1.0 / (1.0 + (-value).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observation(rating: char, factors: &[(&str, f64)]) -> Observation {
        Observation {
            person: "ann".to_owned(),
            garment: "tee".to_owned(),
            category: Category::Top,
            rating,
            factors: factors
                .iter()
                .map(|(reason, factor)| ((*reason).to_owned(), *factor))
                .collect(),
        }
    }

    #[test]
    fn a_reason_that_goes_with_bad_results_weighs_more_than_one_that_does_not() {
        let mut rated = Vec::new();
        for _ in 0..20 {
            rated.push(observation('g', &[("harmless", 0.5)]));
            rated.push(observation('b', &[("telling", 0.7)]));
            rated.push(observation('u', &[]));
        }
        let fitted = Calibration::fit(&rated);
        assert!(fitted.weight("telling") > PRIOR_WEIGHT + 1.0);
        assert!(fitted.weight("harmless") < 1.0);
        assert!(fitted.weight("never seen").to_bits() == PRIOR_WEIGHT.to_bits());
        let of = |factors: &[(&'static str, f64)]| {
            fitted.probability(Category::Top, factors.iter().copied())
        };
        assert!(of(&[("harmless", 0.5)]) > 0.8 && of(&[("telling", 0.7)]) < 0.25);
        assert!(of(&[]) > 0.85);
    }

    #[test]
    fn without_ratings_the_priors_stay() {
        let fitted = Calibration::fit(&[]);
        assert!((fitted.offset(Category::Dress) - PRIOR_OFFSET).abs() < 1e-9);
        let sure = fitted.probability(Category::Dress, []);
        assert!((sure - 0.9).abs() < 0.005, "{sure}");
        // A factor of a half is enough for a refusal.
        let half = fitted.probability(Category::Top, [("body turned", 0.5)]);
        assert!((0.3..0.5).contains(&half), "{half}");
    }

    #[test]
    fn files_come_back_as_they_were_written() {
        let rated = vec![
            observation('b', &[("one sleeve", 0.6), ("body turned", 0.125)]),
            observation('g', &[]),
        ];
        assert_eq!(read_observations(&write_observations(&rated)), rated);
        let fitted = Calibration::fit(&rated);
        assert_eq!(Calibration::parse(&fitted.to_text()), fitted);
        assert!(read_observations("ann\ttee\that\tg\nann\ttee\ttop\tx\n\n").is_empty());
        assert_eq!(
            Calibration::parse("weight\tx\nnothing\n"),
            Calibration::default()
        );
    }

    #[test]
    fn the_stored_weights_are_those_of_the_stored_ratings() {
        let fitted = Calibration::fit(&stored_observations());
        let stored = Calibration::stored();
        assert_eq!(
            fitted.weights.keys().collect::<Vec<_>>(),
            stored.weights.keys().collect::<Vec<_>>()
        );
        for (reason, weight) in &fitted.weights {
            assert!((stored.weight(reason) - weight).abs() < 0.01, "{reason}");
        }
        for (category, _) in CATEGORIES {
            assert!((stored.offset(category) - fitted.offset(category)).abs() < 0.01);
        }
    }
}
