//! Runs the preview engine on a list of pairs, shows the results side by side and measures them.
//!
//! ```sh
//! cargo run --release -p drape-preview --example evaluate -- --pairs FILE --out DIR
//!     [--photos DIR] [--reference DIR] [--labels FILE] [--repeat COUNT]
//! ```
//!
//! FILE has one pair per line: person, garment, category (`top`, `bottom` or `dress`) and, if there is one, a photo of the person
//! really wearing the garment; `#` begins a comment. The photos are `people/NAME.jpg` (also the true ones) and
//! `garments/NAME.jpg` in the folder of FILE, or in `../shared/photos`, unless `--photos` names another. Written are
//!
//! - `PERSON__GARMENT.png`: the result, accepted or not;
//! - `sheet-N.jpg`: person, garment, result and the result of another run (`--reference`), framed green when the confidence passes
//!   the gate and red when not;
//! - `table.txt` to read and `table.tsv` to compute with, one line per pair;
//! - `factors.tsv`: every factor of every confidence;
//! - `summary.txt`: counts and medians per category. With `--labels` (lines `person garment g|u|b`: rated good, usable or bad by
//!   eye) also how often the gate was right, and how often each confidence was.
//!
//! Pairs run side by side. Times make sense only when they do not: `--repeat 5` takes each pair five times, one after another and
//! with nothing cached, and tells the medians. The pictures are the same either way.

mod measures;
mod pairs;
mod report;
mod sheet;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use drape_preview::confidence::SUGGESTED_GATE;
use drape_preview::engine::{prepare_garment, prepare_person, try_on};
use drape_preview::garment::GarmentShape;
use drape_preview::person::{FaceBox, PersonRegions};
use drape_preview::raster::median_f64;
use rayon::prelude::*;

use self::measures::{Measures, Truth};
use self::pairs::{Pair, Photo, Photos, read_pairs, read_ratings, reference_picture};
use self::report::{Done, Outcome, Row, Times};
use self::sheet::{Frame, PAIRS_PER_SHEET, Strip, write_picture, write_sheet};

/// What can go wrong, for the terminal.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Pairs that run side by side before their sheets are written.
const PAIRS_PER_BLOCK: usize = 8 * PAIRS_PER_SHEET;

/// What is to be done.
struct Options {
    pairs: PathBuf,
    photos: PathBuf,
    out: PathBuf,
    reference: Option<PathBuf>,
    labels: Option<PathBuf>,
    repeat: Option<usize>,
}

impl Options {
    fn from_arguments() -> Result<Self, Failure> {
        let mut named = BTreeMap::new();
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            let value = arguments
                .next()
                .ok_or_else(|| format!("{name} needs a value"))?;
            named.insert(name, value);
        }
        let mut take = |name: &str| named.remove(name);
        let missing = |name: &str| format!("{name} is missing");
        let pairs = PathBuf::from(take("--pairs").ok_or_else(|| missing("--pairs"))?);
        let options = Self {
            out: take("--out").ok_or_else(|| missing("--out"))?.into(),
            photos: take("--photos").map_or_else(|| folder_of_photos(&pairs), PathBuf::from),
            reference: take("--reference").map(PathBuf::from),
            labels: take("--labels").map(PathBuf::from),
            repeat: take("--repeat").map(|count| count.parse()).transpose()?,
            pairs,
        };
        match named.keys().next() {
            Some(name) => Err(format!("unknown option {name}").into()),
            None => Ok(options),
        }
    }
}

/// Guesses where the photos of a list are: beside it, or beside the repository.
fn folder_of_photos(list: &Path) -> PathBuf {
    let beside = list.parent().unwrap_or(Path::new("."));
    if beside.join("people").is_dir() {
        beside.to_owned()
    } else {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/photos")
    }
}

/// A person's photo and its analysis.
struct Person {
    photo: Photo,
    face: Option<FaceBox>,
    regions: Result<PersonRegions, String>,
}

/// A product photo and its analysis.
struct Garment {
    photo: Photo,
    shape: Result<GarmentShape, String>,
}

/// Analyses by name, each made once.
#[derive(Default)]
struct Prepared {
    people: BTreeMap<String, Person>,
    garments: BTreeMap<String, Garment>,
    truths: BTreeMap<String, Truth>,
}

impl Prepared {
    /// Makes what these pairs need and is not there yet, and forgets what they do not need.
    fn advance(&mut self, photos: &Photos, pairs: &[Pair]) -> Result<(), Failure> {
        advance(&mut self.people, pairs, |pair| {
            let make = |pair: &Pair| {
                let photo = photos.person(&pair.person)?;
                let face = photo.persons_face();
                let regions = prepare_person(&photo.image, face).map_err(|error| error.to_string());
                Ok(Person {
                    photo,
                    face,
                    regions,
                })
            };
            Some((pair.person.clone(), make))
        })?;
        advance(&mut self.garments, pairs, |pair| {
            let make = |pair: &Pair| {
                let photo = photos.garment(&pair.garment)?;
                let face = photo.wearers_face();
                let shape = prepare_garment(&photo.image, Some(pair.category), face)
                    .map_err(|error| error.to_string());
                Ok(Garment { photo, shape })
            };
            Some((garment_key(pair), make))
        })?;
        advance(&mut self.truths, pairs, |pair| {
            let name = pair.truth.clone()?;
            let make = |pair: &Pair| {
                let photo = photos.person(pair.truth.as_deref().unwrap_or_default())?;
                let face = photo.persons_face();
                Ok(Truth::new(photo.image, face))
            };
            Some((name, make))
        })
    }
}

/// The analysis of a product photo depends on the category.
fn garment_key(pair: &Pair) -> String {
    format!("{} {:?}", pair.garment, pair.category)
}

/// Brings one map of analyses up to date: `plan` names what a pair needs and how it is made.
fn advance<T, Make>(
    known: &mut BTreeMap<String, T>,
    pairs: &[Pair],
    plan: impl Fn(&Pair) -> Option<(String, Make)>,
) -> Result<(), Failure>
where
    T: Send,
    Make: Fn(&Pair) -> Result<T, Failure> + Send,
{
    let needed: BTreeMap<String, (Make, &Pair)> = pairs
        .iter()
        .filter_map(|pair| plan(pair).map(|(name, make)| (name, (make, pair))))
        .collect();
    let names: BTreeSet<&String> = needed.keys().collect();
    known.retain(|name, _| names.contains(name));
    let missing: Vec<(String, (Make, &Pair))> = needed
        .into_iter()
        .filter(|(name, _)| !known.contains_key(name))
        .collect();
    let made: Vec<(String, T)> = missing
        .into_par_iter()
        .map(|(name, (make, pair))| Ok((name, make(pair)?)))
        .collect::<Result<_, Failure>>()?;
    known.extend(made);
    Ok(())
}

/// Runs one pair, writes its picture and makes its part of the sheet.
fn run_pair(options: &Options, prepared: &Prepared, pair: &Pair) -> Result<(Row, Strip), Failure> {
    let person = &prepared.people[&pair.person];
    let garment = &prepared.garments[&garment_key(pair)];
    let truth = pair.truth.as_ref().map(|name| &prepared.truths[name]);
    let result = match (&person.regions, &garment.shape) {
        (Ok(regions), Ok(shape)) => try_on(&person.photo.image, regions, shape)
            .map(|result| {
                let photo = &person.photo.image;
                let measures = Measures::take(photo, regions, shape, &result, truth);
                (result, measures)
            })
            .map_err(|error| error.to_string()),
        (Err(error), _) | (_, Err(error)) => Err(error.clone()),
    };
    let mut tiles = vec![
        (Some(&person.photo.image), Frame::Plain),
        (Some(&garment.photo.image), Frame::Plain),
    ];
    match &result {
        Ok((result, _)) => {
            let accepted = result.confidence.value >= SUGGESTED_GATE;
            let frame = if accepted {
                Frame::Accepted
            } else {
                Frame::Refused
            };
            tiles.push((Some(&result.image), frame));
            let path = options.out.join(format!("{}.png", pair.name()));
            write_picture(&path, &result.image)?;
        }
        Err(_) => tiles.push((None, Frame::Plain)),
    }
    let folder = options.reference.as_ref();
    let reference = folder.map(|folder| reference_picture(folder, &pair.name()));
    if let Some(reference) = &reference {
        tiles.push((reference.as_ref(), Frame::Plain));
    }
    let strip = Strip::new(&tiles);
    let times = options.repeat.map(|count| {
        let runs: Vec<Times> = (0..count.max(1))
            .map(|_| time_pair(pair, &person.photo, &garment.photo))
            .collect();
        median_times(&runs)
    });
    let outcome = match result {
        Ok((result, measures)) => Outcome::Done(Box::new(Done {
            confidence: result.confidence,
            measures,
        })),
        Err(error) => Outcome::Failed(error),
    };
    let row = Row {
        pair: pair.clone(),
        face_found: person.face.is_some(),
        outcome,
        times,
    };
    Ok((row, strip))
}

/// Takes the time of a pair from the decoded photos to the result, nothing cached.
fn time_pair(pair: &Pair, person: &Photo, garment: &Photo) -> Times {
    let mut clock = Instant::now();
    let mut lap = || {
        let duration = clock.elapsed();
        clock = Instant::now();
        milliseconds(duration)
    };
    let faces = (person.persons_face(), garment.wearers_face());
    let mut times = Times {
        face: lap(),
        ..Times::default()
    };
    let regions = prepare_person(&person.image, faces.0);
    times.person = lap();
    let shape = prepare_garment(&garment.image, Some(pair.category), faces.1);
    times.garment = lap();
    if let (Ok(regions), Ok(shape)) = (regions, shape)
        && let Ok(result) = try_on(&person.image, &regions, &shape)
    {
        times.fit = milliseconds(result.timings.fit);
        times.compose = milliseconds(result.timings.compose);
        times.rate = milliseconds(result.timings.rate);
    }
    let start = Instant::now();
    let (regions, shape) = rayon::join(
        || prepare_person(&person.image, person.persons_face()),
        || prepare_garment(&garment.image, Some(pair.category), garment.wearers_face()),
    );
    if let (Ok(regions), Ok(shape)) = (regions, shape) {
        // Only its time is wanted.
        let _ = try_on(&person.image, &regions, &shape);
    }
    times.whole = milliseconds(start.elapsed());
    times
}

fn median_times(runs: &[Times]) -> Times {
    let median = |part: fn(&Times) -> f64| {
        let mut values: Vec<f64> = runs.iter().map(part).collect();
        median_f64(&mut values)
    };
    Times {
        face: median(|times| times.face),
        person: median(|times| times.person),
        garment: median(|times| times.garment),
        fit: median(|times| times.fit),
        compose: median(|times| times.compose),
        rate: median(|times| times.rate),
        whole: median(|times| times.whole),
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn main() -> Result<(), Failure> {
    let options = Options::from_arguments()?;
    let explain = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| format!("{path}: {error}")
    };
    let read = |path: &Path| std::fs::read_to_string(path).map_err(explain(path));
    let pairs = read_pairs(&read(&options.pairs)?)?;
    let ratings = match &options.labels {
        Some(path) => Some(read_ratings(&read(path)?)?),
        None => None,
    };
    let photos = Photos::new(options.photos.clone());
    photos.check(&pairs)?;
    std::fs::create_dir_all(&options.out).map_err(explain(&options.out))?;

    let mut prepared = Prepared::default();
    let mut rows = Vec::new();
    let mut sheets = 0;
    for block in pairs.chunks(PAIRS_PER_BLOCK) {
        prepared.advance(&photos, block)?;
        let run = |pair: &Pair| run_pair(&options, &prepared, pair);
        let done: Vec<(Row, Strip)> = if options.repeat.is_some() {
            block.iter().map(run).collect::<Result<_, Failure>>()?
        } else {
            block.par_iter().map(run).collect::<Result<_, Failure>>()?
        };
        let (new_rows, strips): (Vec<Row>, Vec<Strip>) = done.into_iter().unzip();
        for strips in strips.chunks(PAIRS_PER_SHEET) {
            sheets += 1;
            write_sheet(&options.out.join(format!("sheet-{sheets}.jpg")), strips)?;
        }
        for row in &new_rows {
            println!("{}", report::line(row));
        }
        rows.extend(new_rows);
    }
    let mut summary = report::summary(&rows);
    if let Some(ratings) = &ratings {
        summary += &report::reliability(&rows, ratings);
    }
    print!("{summary}");
    let write = |name: &str, text: String| std::fs::write(options.out.join(name), text);
    let lines: Vec<String> = rows.iter().map(report::line).collect();
    write("table.txt", lines.join("\n") + "\n")?;
    write("table.tsv", report::table(&rows))?;
    write("factors.tsv", report::factors(&rows))?;
    write("summary.txt", summary)?;
    Ok(())
}
