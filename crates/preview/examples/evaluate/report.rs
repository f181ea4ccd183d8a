//! Tables and the summary.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use drape_preview::confidence::{Confidence, SUGGESTED_GATE};
use drape_preview::garment::Category;
use drape_preview::raster::median_f64;

use crate::measures::Measures;
use crate::pairs::{Pair, Rating, Ratings};

/// Reasons that the summary lists.
const REASONS_TOLD: usize = 8;
/// Steps into which the confidence is divided for the reliability table.
const STEPS: usize = 10;

/// Milliseconds of the stages of one pair.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct Times {
    /// Search for faces on both photos.
    pub(crate) face: f64,
    /// Analysis of the person.
    pub(crate) person: f64,
    /// Analysis of the garment.
    pub(crate) garment: f64,
    /// Fit of the landmarks.
    pub(crate) fit: f64,
    /// Composition.
    pub(crate) compose: f64,
    /// Rating.
    pub(crate) rate: f64,
    /// Everything with nothing cached, both photos analysed at once, as the server does.
    pub(crate) whole: f64,
}

impl Times {
    /// What a pair costs with both analyses cached.
    fn cached(&self) -> f64 {
        self.fit + self.compose + self.rate
    }
}

/// What came of a pair.
#[derive(Debug)]
pub(crate) struct Row {
    /// The pair.
    pub(crate) pair: Pair,
    /// A face was found on the person's photo.
    pub(crate) face_found: bool,
    /// Result or reason.
    pub(crate) outcome: Outcome,
    /// Medians, when they were taken.
    pub(crate) times: Option<Times>,
}

/// Result or reason.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A picture came out.
    Done(Box<Done>),
    /// No picture came out, for this reason.
    Failed(String),
}

/// What is known of a picture that came out.
#[derive(Debug)]
pub(crate) struct Done {
    /// How far it can be trusted.
    pub(crate) confidence: Confidence,
    /// What was measured on it.
    pub(crate) measures: Measures,
}

impl Row {
    fn done(&self) -> Option<&Done> {
        match &self.outcome {
            Outcome::Done(done) => Some(done),
            Outcome::Failed(_) => None,
        }
    }

    fn measures(&self) -> Option<&Measures> {
        self.done().map(|done| &done.measures)
    }

    fn confidence(&self) -> Option<f64> {
        self.done().map(|done| done.confidence.value)
    }

    fn is_accepted(&self) -> bool {
        self.confidence()
            .is_some_and(|value| value >= SUGGESTED_GATE)
    }

    fn verdict(&self) -> &'static str {
        match &self.outcome {
            Outcome::Failed(_) => "error",
            Outcome::Done(_) if self.is_accepted() => "accepted",
            Outcome::Done(_) => "refused",
        }
    }

    fn explanation(&self) -> String {
        match &self.outcome {
            Outcome::Done(done) => done.confidence.explanation(),
            Outcome::Failed(error) => error.clone(),
        }
    }
}

fn name_of(category: Category) -> &'static str {
    match category {
        Category::Top => "top",
        Category::Bottom => "bottom",
        Category::Dress => "dress",
    }
}

/// Describes a pair in one line for the eye.
pub(crate) fn line(row: &Row) -> String {
    let pair = &row.pair;
    let mut line = format!(
        "{:<12} {:<12} {:<6} {:<8}",
        pair.person,
        pair.garment,
        name_of(pair.category),
        row.verdict()
    );
    if let Some(done) = row.done() {
        let part = |value: Option<f64>| value.map_or("   -".to_owned(), |v| format!("{v:4.1}"));
        let measures = &done.measures;
        let _ = write!(
            line,
            " {:.2}  changed {:4.1} %  colour {}  left over {} %",
            done.confidence.value,
            100.0 * measures.changed_area,
            part(measures.color_distance),
            part(measures.leftover.map(|share| 100.0 * share)),
        );
        if let Some(truth) = measures.truth {
            let iou = truth
                .mask_iou
                .map_or("-".to_owned(), |iou| format!("{iou:.2}"));
            let _ = write!(line, "  IoU {iou}  SSIM {:.3}", truth.ssim);
        }
    }
    if let Some(times) = &row.times {
        let _ = write!(
            line,
            "  cached {:4.0} ms  whole {:4.0} ms",
            times.cached(),
            times.whole
        );
    }
    format!("{line}  {}", row.explanation())
}

/// Writes all pairs with all measures, fields divided by tabulators; what was not measured is empty.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = "person\tgarment\tcategory\tverdict\tconfidence\tblame\tface_found\tchanged_area\tcolor_distance\tleftover\tmask_iou\tssim\t\
                    face_ms\tperson_ms\tgarment_ms\tfit_ms\tcompose_ms\trate_ms\twhole_ms\treasons\n"
        .to_owned();
    for row in rows {
        let number =
            |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.5}"));
        let measures = row.measures();
        let truth = measures.and_then(|measures| measures.truth);
        let time = |part: fn(&Times) -> f64| number(row.times.as_ref().map(part));
        let blame = row.done().and_then(|done| done.confidence.blame());
        let fields = [
            row.pair.person.clone(),
            row.pair.garment.clone(),
            name_of(row.pair.category).to_owned(),
            row.verdict().to_owned(),
            number(row.confidence()),
            blame.map_or(String::new(), |blame| format!("{blame:?}").to_lowercase()),
            row.face_found.to_string(),
            number(measures.map(|measures| measures.changed_area)),
            number(measures.and_then(|measures| measures.color_distance)),
            number(measures.and_then(|measures| measures.leftover)),
            number(truth.and_then(|truth| truth.mask_iou)),
            number(truth.map(|truth| truth.ssim)),
            time(|times| times.face),
            time(|times| times.person),
            time(|times| times.garment),
            time(|times| times.fit),
            time(|times| times.compose),
            time(|times| times.rate),
            time(|times| times.whole),
            row.explanation(),
        ];
        text += &fields.join("\t");
        text.push('\n');
    }
    text
}

/// Writes every factor of every confidence, a column per reason; a reason that does not concern a pair is 1.
///
/// A factor that stands in a confidence more than once is written as the product. Pairs without a picture are left out.
pub(crate) fn factors(rows: &[Row]) -> String {
    let products: Vec<(&Row, BTreeMap<&str, f64>)> = rows
        .iter()
        .filter_map(|row| {
            let mut product = BTreeMap::new();
            for factor in &row.done()?.confidence.factors {
                *product.entry(factor.reason).or_insert(1.0) *= factor.factor;
            }
            Some((row, product))
        })
        .collect();
    let reasons: BTreeSet<&str> = products
        .iter()
        .flat_map(|(_, p)| p.keys().copied())
        .collect();
    let mut text = "person\tgarment\tcategory\tconfidence".to_owned();
    for reason in &reasons {
        let _ = write!(text, "\t{reason}");
    }
    text.push('\n');
    for (row, product) in &products {
        let Pair {
            person, garment, ..
        } = &row.pair;
        let (category, value) = (
            name_of(row.pair.category),
            row.confidence().unwrap_or_default(),
        );
        let _ = write!(text, "{person}\t{garment}\t{category}\t{value:.5}");
        for reason in &reasons {
            let _ = write!(text, "\t{:.5}", product.get(reason).copied().unwrap_or(1.0));
        }
        text.push('\n');
    }
    text
}

/// Counts and medians per category and over all.
pub(crate) fn summary(rows: &[Row]) -> String {
    let mut text = String::new();
    for group in groups(rows) {
        text += &group_summary(&group);
    }
    text
}

/// A part of the rows under a name.
struct Group<'a> {
    name: &'static str,
    rows: Vec<&'a Row>,
}

/// Divides rows into the categories that occur; all together come last.
fn groups(rows: &[Row]) -> Vec<Group<'_>> {
    let part = |category: Category| Group {
        name: name_of(category),
        rows: rows
            .iter()
            .filter(|row| row.pair.category == category)
            .collect(),
    };
    let mut groups: Vec<Group> = [Category::Top, Category::Bottom, Category::Dress]
        .into_iter()
        .map(part)
        .filter(|group| !group.rows.is_empty())
        .collect();
    groups.push(Group {
        name: "all",
        rows: rows.iter().collect(),
    });
    groups
}

fn group_summary(group: &Group<'_>) -> String {
    let rows = &group.rows;
    let count = |verdict: &str| rows.iter().filter(|row| row.verdict() == verdict).count();
    let (accepted, refused) = (count("accepted"), count("refused"));
    let mut text = format!(
        "{}: {} pairs, {accepted} accepted ({:.0} %), {refused} refused, {} without a picture\n",
        group.name,
        rows.len(),
        percent(accepted, rows.len()),
        count("error"),
    );
    let mut medians = Vec::new();
    let mut median = |name: &str, unit: &str, scale: f64, part: &dyn Fn(&Row) -> Option<f64>| {
        let mut values: Vec<f64> = rows.iter().filter_map(|row| part(row)).collect();
        if !values.is_empty() {
            medians.push(format!(
                "{name} {:.2}{unit}",
                scale * median_f64(&mut values)
            ));
        }
    };
    median("confidence", "", 1.0, &Row::confidence);
    median("changed", " %", 100.0, &|row| {
        Some(row.measures()?.changed_area)
    });
    median("colour", "", 1.0, &|row| row.measures()?.color_distance);
    median("left over", " %", 100.0, &|row| row.measures()?.leftover);
    median("IoU", "", 1.0, &|row| row.measures()?.truth?.mask_iou);
    median("SSIM", "", 1.0, &|row| Some(row.measures()?.truth?.ssim));
    median("face", " ms", 1.0, &|row| Some(row.times?.face));
    median("person", " ms", 1.0, &|row| Some(row.times?.person));
    median("garment", " ms", 1.0, &|row| Some(row.times?.garment));
    // A pair without a picture was never composed.
    median("cached", " ms", 1.0, &|row| {
        row.done().and(row.times).map(|times| times.cached())
    });
    median("whole", " ms", 1.0, &|row| {
        row.done().and(row.times).map(|times| times.whole)
    });
    if !medians.is_empty() {
        let _ = writeln!(text, "  medians: {}", medians.join(", "));
    }
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.is_accepted()) {
        match &row.outcome {
            Outcome::Failed(error) => *reasons.entry(error.clone()).or_default() += 1,
            Outcome::Done(done) => {
                for factor in done.confidence.reasons() {
                    *reasons.entry(factor.reason.to_owned()).or_default() += 1;
                }
            }
        }
    }
    let mut reasons: Vec<(String, usize)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    if !reasons.is_empty() {
        let told = reasons.iter().take(REASONS_TOLD);
        let told: Vec<String> = told
            .map(|(reason, count)| format!("{count} x {reason}"))
            .collect();
        let _ = writeln!(text, "  not accepted for: {}", told.join("; "));
    }
    text
}

/// Compares the confidence with ratings by eye.
pub(crate) fn reliability(rows: &[Row], ratings: &Ratings) -> String {
    let rated: Vec<(&Row, Rating)> = rows
        .iter()
        .filter_map(|row| {
            let key = (row.pair.person.clone(), row.pair.garment.clone());
            Some((row, *ratings.get(&key)?))
        })
        .collect();
    let mut text = format!("rated by eye: {} of {} pairs\n", rated.len(), rows.len());
    for group in groups(rows) {
        let rated = rated
            .iter()
            .filter(|(row, _)| group.name == "all" || name_of(row.pair.category) == group.name);
        let rated: Vec<(&Row, Rating)> = rated.copied().collect();
        if !rated.is_empty() {
            text += &gate(group.name, &rated);
        }
    }
    text += "  confidence   pairs  mean  good or usable\n";
    let with_value: Vec<(f64, bool)> = rated
        .iter()
        .filter_map(|(row, rating)| Some((row.confidence()?, *rating != Rating::Bad)))
        .collect();
    for step in 0..STEPS {
        let inside = |value: f64| ((value * STEPS as f64) as usize).min(STEPS - 1) == step;
        let members: Vec<(f64, bool)> = with_value
            .iter()
            .copied()
            .filter(|(v, _)| inside(*v))
            .collect();
        let Some(mean) = mean(members.iter().map(|(value, _)| *value)) else {
            continue;
        };
        let right = members.iter().filter(|(_, right)| *right).count();
        let (low, high) = (step as f64 / STEPS as f64, (step + 1) as f64 / STEPS as f64);
        let share = percent(right, members.len());
        let _ = writeln!(
            text,
            "  {low:.1} to {high:.1}  {:6}  {mean:.2}  {share:.0} %",
            members.len()
        );
    }
    let squares = with_value
        .iter()
        .map(|(value, right)| (value - f64::from(u8::from(*right))).powi(2));
    if let Some(brier) = mean(squares) {
        let _ = writeln!(
            text,
            "  Brier score {brier:.3} (0 is best; 0.25 is what a constant 0.5 gets)"
        );
    }
    text
}

/// Says how often the gate was right.
fn gate(name: &str, rated: &[(&Row, Rating)]) -> String {
    let count = |rating: Rating, accepted: bool| {
        let same = |(row, own): &&(&Row, Rating)| *own == rating && row.is_accepted() == accepted;
        rated.iter().filter(same).count()
    };
    let [good, usable, bad] =
        [Rating::Good, Rating::Usable, Rating::Bad].map(|rating| count(rating, true));
    let lost = count(Rating::Good, false) + count(Rating::Usable, false);
    let accepted = good + usable + bad;
    format!(
        "  {name}: accepted {accepted} of {} ({:.0} %): {good} good, {usable} usable, {bad} bad; precision {:.0} %; \
         {lost} good or usable ones refused\n",
        rated.len(),
        percent(accepted, rated.len()),
        percent(good + usable, accepted),
    )
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0_usize, 0.0), |(count, sum), value| {
        (count + 1, sum + value)
    });
    (count > 0).then(|| sum / count as f64)
}

fn percent(part: usize, all: usize) -> f64 {
    100.0 * part as f64 / all.max(1) as f64
}

#[cfg(test)]
mod tests {
    use drape_preview::confidence::{Blame, Factor};

    use super::*;

    fn row(person: &str, category: Category, value: f64) -> Row {
        let factor = Factor {
            reason: "shoulders tilted",
            factor: value,
            blame: Blame::Person,
            effect: -4.0 * value.ln(),
        };
        Row {
            pair: Pair {
                person: person.to_owned(),
                garment: "tee".to_owned(),
                category,
                truth: None,
            },
            face_found: true,
            outcome: Outcome::Done(Box::new(Done {
                confidence: Confidence {
                    value,
                    factors: vec![factor],
                },
                measures: Measures {
                    changed_area: 0.2,
                    color_distance: Some(3.0),
                    leftover: None,
                    truth: None,
                },
            })),
            times: None,
        }
    }

    fn failed(person: &str) -> Row {
        Row {
            outcome: Outcome::Failed("no person found".to_owned()),
            ..row(person, Category::Top, 0.0)
        }
    }

    fn rate(ratings: &[(&str, Rating)]) -> Ratings {
        let entry =
            |(person, rating): &(&str, Rating)| (((*person).to_owned(), "tee".to_owned()), *rating);
        ratings.iter().map(entry).collect()
    }

    #[test]
    fn tables_have_as_many_fields_in_every_line() {
        let rows = [row("ann", Category::Top, 0.8), failed("bob")];
        for (text, lines) in [(table(&rows), 3), (factors(&rows), 2)] {
            let fields: Vec<usize> = text.lines().map(|line| line.split('\t').count()).collect();
            assert_eq!(fields.len(), lines, "{text}");
            assert!(fields.iter().all(|count| *count == fields[0]), "{text}");
        }
        assert!(factors(&rows).contains("shoulders tilted\nann\ttee\ttop\t0.80000\t0.80000"));
    }

    #[test]
    fn a_line_begins_with_pair_and_verdict() {
        let words = |row: &Row| -> Vec<String> {
            line(row)
                .split_whitespace()
                .take(5)
                .map(str::to_owned)
                .collect()
        };
        assert_eq!(
            words(&row("ann", Category::Dress, 0.8)),
            ["ann", "tee", "dress", "accepted", "0.80"]
        );
        assert_eq!(words(&row("ann", Category::Dress, 0.4))[3], "refused");
        assert_eq!(words(&failed("bob"))[3..], ["error", "no"]);
    }

    #[test]
    fn the_summary_counts_per_category() {
        let rows = [
            row("ann", Category::Top, 0.8),
            row("bob", Category::Bottom, 0.3),
            failed("eve"),
        ];
        let text = summary(&rows);
        assert!(
            text.contains("top: 2 pairs, 1 accepted (50 %), 0 refused, 1 without a picture"),
            "{text}"
        );
        assert!(
            text.contains("bottom: 1 pairs, 0 accepted (0 %), 1 refused"),
            "{text}"
        );
        assert!(
            text.contains("all: 3 pairs, 1 accepted") && !text.contains("dress"),
            "{text}"
        );
        assert!(text.contains("1 x shoulders tilted"), "{text}");
    }

    #[test]
    fn the_gate_is_measured_against_ratings() {
        let rows = [
            row("ann", Category::Top, 0.9),
            row("bob", Category::Top, 0.85),
            row("eve", Category::Top, 0.2),
            row("unrated", Category::Top, 0.9),
        ];
        let ratings = rate(&[
            ("ann", Rating::Good),
            ("bob", Rating::Bad),
            ("eve", Rating::Usable),
        ]);
        let text = reliability(&rows, &ratings);
        assert!(text.contains("rated by eye: 3 of 4"), "{text}");
        assert!(
            text.contains("all: accepted 2 of 3 (67 %): 1 good, 0 usable, 1 bad; precision 50 %; 1 good or usable ones refused"),
            "{text}"
        );
        assert!(text.contains("0.2 to 0.3       1  0.20  100 %"), "{text}");
    }
}
