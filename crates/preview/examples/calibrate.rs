//! Fits the confidence to results that somebody rated by eye.
//!
//! ```sh
//! cargo run --release -p drape-preview --example calibrate [-- --factors FILE --labels FILE]
//! ```
//!
//! With both options the ratings of the crate are made anew: FILE of `--factors` is the `factors.tsv` of the example `evaluate`, that
//! of `--labels` has lines `person garment g|u|b` (good, usable, bad). Then the weights are fitted to the ratings and written
//! beside them, and two tables tell how far the confidence can be trusted on people and garments that the fit did not see:
//! every person's (every garment's) results are predicted from those of all others.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;

use drape_preview::confidence::{
    Calibration, Observation, read_observations, stored_observations, write_observations,
};

/// Results from this confidence on count as accepted in the tables.
const GATE: f64 = drape_preview::confidence::SUGGESTED_GATE;

fn main() -> Result<(), Box<dyn Error>> {
    let mut named: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments
            .next()
            .ok_or_else(|| format!("{name} needs a value"))?;
        named.insert(name, value.into());
    }
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/confidence"));
    let observations = match (named.remove("--factors"), named.remove("--labels")) {
        (Some(factors), Some(labels)) => {
            let rated = join(
                &std::fs::read_to_string(factors)?,
                &std::fs::read_to_string(labels)?,
            )?;
            std::fs::write(folder.join("observations.tsv"), write_observations(&rated))?;
            rated
        }
        (None, None) => stored_observations(),
        _ => return Err("--factors and --labels belong together".into()),
    };
    if let Some(name) = named.keys().next() {
        return Err(format!("unknown option {name}").into());
    }
    let fitted = Calibration::fit(&observations);
    std::fs::write(folder.join("weights.tsv"), fitted.to_text())?;
    print!("{}", fitted.to_text());
    println!("\nfitted to all {} ratings:", observations.len());
    report(&observations, |one| probability(&fitted, one));
    for (what, name_of) in [
        ("person", (|one| &one.person) as fn(&Observation) -> &String),
        ("garment", |one| &one.garment),
    ] {
        let names: BTreeSet<&String> = observations.iter().map(name_of).collect();
        let mut fits = BTreeMap::new();
        for name in names {
            let others: Vec<Observation> = observations
                .iter()
                .filter(|one| name_of(one) != name)
                .cloned()
                .collect();
            fits.insert(name.clone(), Calibration::fit(&others));
        }
        println!("\nevery {what} predicted from the others:");
        report(&observations, |one| probability(&fits[name_of(one)], one));
    }
    Ok(())
}

fn probability(calibration: &Calibration, one: &Observation) -> f64 {
    let factors = one
        .factors
        .iter()
        .map(|(reason, factor)| (reason.as_str(), *factor));
    calibration.probability(one.category, factors)
}

/// Joins factors and ratings by the names of the photos.
fn join(factors: &str, labels: &str) -> Result<Vec<Observation>, Box<dyn Error>> {
    let mut ratings = BTreeMap::new();
    for line in labels.lines() {
        let cells: Vec<&str> = line
            .split('#')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        match cells[..] {
            [] => {}
            [person, garment, rating] => {
                ratings.insert((person.to_owned(), garment.to_owned()), rating.to_owned());
            }
            _ => return Err(format!("not a rating: {line}").into()),
        }
    }
    let mut lines = factors.lines();
    let reasons: Vec<&str> = lines
        .next()
        .unwrap_or_default()
        .split('\t')
        .skip(4)
        .collect();
    let mut text = String::new();
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let [person, garment, category, _, values @ ..] = &cells[..] else {
            continue;
        };
        let Some(rating) = ratings.get(&((*person).to_owned(), (*garment).to_owned())) else {
            continue;
        };
        text.push_str(&[person, garment, category, rating.as_str()].join("\t"));
        for (reason, value) in reasons.iter().zip(values) {
            if value.parse::<f64>()? < 1.0 {
                write!(text, "\t{reason}={value}")?;
            }
        }
        text.push('\n');
    }
    Ok(read_observations(&text))
}

/// Prints how often results of each confidence are fine, and what the gate lets through.
fn report(observations: &[Observation], probability_of: impl Fn(&Observation) -> f64) {
    let rated: Vec<(f64, bool)> = observations
        .iter()
        .map(|one| (probability_of(one), one.rating != 'b'))
        .collect();
    println!("  confidence   results   mean   fine");
    for tenth in 0..10 {
        let (low, high) = (f64::from(tenth) / 10.0, f64::from(tenth + 1) / 10.0);
        let inside: Vec<&(f64, bool)> = rated
            .iter()
            .filter(|(value, _)| *value >= low && (*value < high || tenth == 9))
            .collect();
        if inside.is_empty() {
            continue;
        }
        let count = inside.len() as f64;
        let mean = inside.iter().map(|(value, _)| value).sum::<f64>() / count;
        let fine = inside.iter().filter(|(_, fine)| *fine).count() as f64 / count;
        println!(
            "  {low:.1} to {high:.1} {:9} {mean:6.2} {fine:6.2}",
            inside.len()
        );
    }
    let accepted: Vec<&(f64, bool)> = rated.iter().filter(|(value, _)| *value >= GATE).collect();
    let fine = accepted.iter().filter(|(_, fine)| *fine).count();
    let all_fine = rated.iter().filter(|(_, fine)| *fine).count();
    println!(
        "  gate {GATE}: {} of {} accepted, {fine} of these fine; {all_fine} fine in all",
        accepted.len(),
        rated.len()
    );
}
