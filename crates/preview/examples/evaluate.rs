//! Runs the preview engine on a list of pairs and shows the results side by side.
//!
//! `cargo run --release -p drape-preview --example evaluate -- --pairs FILE --photos DIR --out DIR [--reference DIR]`
//!
//! FILE has one pair per line: person, garment, category (`top`, `bottom` or `dress`); `#` begins a comment. The photos are
//! `DIR/people/NAME.jpg` and `DIR/garments/NAME.jpg`. For every pair the result is written as `PERSON__GARMENT.png`; a line of
//! `table.txt` tells confidence, reasons, times and the changed share of the picture. `sheet-N.jpg` shows person, garment, result
//! and, when given, the reference result `PERSON__GARMENT.{png,jpg}`, framed green when the confidence passes the gate and red when not.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use drape_imaging::{FaceDetector, FaceSearch, Picture};
use drape_preview::confidence::SUGGESTED_GATE;
use drape_preview::engine::{TryOn, prepare_garment, prepare_person, try_on};
use drape_preview::garment::Category;
use drape_preview::person::FaceBox;
use drape_preview::raster::{Plane, Rgb8, resize_area_rgb8};

type Failure = Box<dyn Error>;

/// Rows of a tile of the contact sheet.
const TILE_HEIGHT: usize = 420;
/// Columns of a tile of the contact sheet.
const TILE_WIDTH: usize = 320;
/// Pairs on one sheet.
const PAIRS_PER_SHEET: usize = 6;

/// What is to be done.
struct Options {
    pairs: PathBuf,
    photos: PathBuf,
    out: PathBuf,
    reference: Option<PathBuf>,
    repeat: usize,
}

impl Options {
    fn from_arguments() -> Result<Self, Failure> {
        let mut named = std::collections::HashMap::new();
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            let value = arguments
                .next()
                .ok_or_else(|| format!("{name} needs a value"))?;
            named.insert(name, value);
        }
        let mut take = |name: &str| named.remove(name);
        let mut path = |name: &str| {
            take(name)
                .map(PathBuf::from)
                .ok_or_else(|| format!("{name} is missing"))
        };
        let options = Self {
            pairs: path("--pairs")?,
            photos: path("--photos")?,
            out: path("--out")?,
            reference: path("--reference").ok(),
            repeat: take("--repeat").map_or(Ok(1), |count| count.parse())?,
        };
        match named.keys().next() {
            Some(name) => Err(format!("unknown option {name}").into()),
            None => Ok(options),
        }
    }
}

/// One line of the list.
struct Pair {
    person: String,
    garment: String,
    category: Category,
}

fn read_pairs(path: &Path) -> Result<Vec<Pair>, Failure> {
    let text = std::fs::read_to_string(path)?;
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    let parse = |line: &str| -> Result<Pair, Failure> {
        let [person, garment, category] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            return Err(format!("not a pair: {line}").into());
        };
        let category = match category {
            "top" => Category::Top,
            "bottom" => Category::Bottom,
            "dress" => Category::Dress,
            other => return Err(format!("unknown category {other}").into()),
        };
        Ok(Pair {
            person: person.to_owned(),
            garment: garment.to_owned(),
            category,
        })
    };
    lines.filter(|line| !line.is_empty()).map(parse).collect()
}

fn read_picture(path: &Path) -> Result<Rgb8, Failure> {
    let picture = image::open(path)
        .map_err(|error| format!("{}: {error}", path.display()))?
        .to_rgb8();
    let size = (picture.width() as usize, picture.height() as usize);
    let samples = picture
        .into_raw()
        .chunks_exact(3)
        .map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect();
    Ok(Plane::from_vec(size.0, size.1, samples))
}

fn write_picture(path: &Path, picture: &Rgb8) -> Result<(), Failure> {
    let samples = picture.data().as_flattened().to_vec();
    let buffer =
        image::RgbImage::from_raw(picture.width() as u32, picture.height() as u32, samples);
    buffer.ok_or("picture too large")?.save(path)?;
    Ok(())
}

fn largest_face(picture: &Rgb8) -> Option<FaceBox> {
    let samples = picture.data().as_flattened().to_vec();
    let picture = Picture::new(picture.width() as u32, picture.height() as u32, samples)?;
    let faces = FaceDetector::new().detect(&picture, FaceSearch::Tilted);
    let face = faces
        .into_iter()
        .max_by(|a, b| (a.width * a.height).total_cmp(&(b.width * b.height)))?;
    Some(FaceBox::from_detector(
        face.x.into(),
        face.y.into(),
        face.width.into(),
        face.height.into(),
    ))
}

/// Milliseconds of the stages of one pair.
#[derive(Default, Clone, Copy)]
struct Times {
    face: f64,
    person: f64,
    garment: f64,
    try_on: f64,
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// What came of a pair.
struct Outcome {
    person: Rgb8,
    garment: Rgb8,
    result: Result<TryOn, String>,
    times: Times,
}

fn run_pair(options: &Options, pair: &Pair) -> Result<Outcome, Failure> {
    let person_photo = read_picture(
        &options
            .photos
            .join("people")
            .join(format!("{}.jpg", pair.person)),
    )?;
    let garment_photo = read_picture(
        &options
            .photos
            .join("garments")
            .join(format!("{}.jpg", pair.garment)),
    )?;
    let mut all_times = Vec::new();
    let mut result = Err(String::new());
    for _ in 0..options.repeat.max(1) {
        let mut times = Times::default();
        let start = Instant::now();
        let faces = (largest_face(&person_photo), largest_face(&garment_photo));
        times.face = milliseconds(start.elapsed());
        let start = Instant::now();
        let person = prepare_person(&person_photo, faces.0);
        times.person = milliseconds(start.elapsed());
        let start = Instant::now();
        let garment = prepare_garment(&garment_photo, Some(pair.category), faces.1);
        times.garment = milliseconds(start.elapsed());
        let start = Instant::now();
        result = match (person, garment) {
            (Ok(person), Ok(garment)) => {
                try_on(&person_photo, &person, &garment).map_err(|error| error.to_string())
            }
            (Err(error), _) => Err(error.to_string()),
            (_, Err(error)) => Err(error.to_string()),
        };
        times.try_on = milliseconds(start.elapsed());
        all_times.push(times);
    }
    let pick = |part: fn(&Times) -> f64| median(all_times.iter().map(part).collect());
    let times = Times {
        face: pick(|times| times.face),
        person: pick(|times| times.person),
        garment: pick(|times| times.garment),
        try_on: pick(|times| times.try_on),
    };
    Ok(Outcome {
        person: person_photo,
        garment: garment_photo,
        result,
        times,
    })
}

/// Pastes a picture into a tile of a sheet, as large as it fits.
fn paste(sheet: &mut Rgb8, picture: &Rgb8, column: usize, row: usize, frame: [u8; 3]) {
    let (x0, y0) = (column * TILE_WIDTH, row * TILE_HEIGHT);
    for y in 0..TILE_HEIGHT {
        sheet.row_mut(y0 + y)[x0..x0 + TILE_WIDTH].fill(frame);
    }
    let (width, height) = (TILE_WIDTH - 6, TILE_HEIGHT - 6);
    let scale =
        (width as f64 / picture.width() as f64).min(height as f64 / picture.height() as f64);
    let fitted = |length: usize| ((length as f64 * scale) as usize).max(1);
    let small = resize_area_rgb8(picture, fitted(picture.width()), fitted(picture.height()));
    for y in 0..small.height() {
        sheet.row_mut(y0 + 3 + y)[x0 + 3..x0 + 3 + small.width()].copy_from_slice(small.row(y));
    }
}

fn reference_picture(options: &Options, name: &str) -> Option<Rgb8> {
    let folder = options.reference.as_ref()?;
    ["png", "jpg"]
        .iter()
        .find_map(|ending| read_picture(&folder.join(format!("{name}.{ending}"))).ok())
}

fn describe(pair: &Pair, outcome: &Outcome) -> String {
    let Times {
        face,
        person,
        garment,
        try_on,
    } = outcome.times;
    let times = format!(
        "face {face:5.0}  person {person:5.0}  garment {garment:5.0}  try-on {try_on:5.0} ms"
    );
    let name = format!(
        "{:<10} {:<10} {:?}",
        pair.person, pair.garment, pair.category
    );
    match &outcome.result {
        Ok(result) => {
            let passed = if result.confidence.value >= SUGGESTED_GATE {
                "accepted"
            } else {
                "refused "
            };
            let changed = 100.0 * result.changed_area;
            let (value, why) = (result.confidence.value, result.confidence.explanation());
            format!("{name:<30} {passed} {value:.2}  {times}  changed {changed:4.1} %  {why}")
        }
        Err(error) => format!("{name:<30} error         {times}  {error}"),
    }
}

fn main() -> Result<(), Failure> {
    let options = Options::from_arguments()?;
    std::fs::create_dir_all(&options.out)?;
    let pairs = read_pairs(&options.pairs)?;
    let columns = if options.reference.is_some() { 4 } else { 3 };
    let mut table = String::new();
    let mut all_times = Vec::new();
    let mut accepted = 0;
    for (sheet_number, chunk) in pairs.chunks(PAIRS_PER_SHEET).enumerate() {
        let mut sheet = Plane::new(columns * TILE_WIDTH, chunk.len() * TILE_HEIGHT, [255; 3]);
        for (row, pair) in chunk.iter().enumerate() {
            let outcome = run_pair(&options, pair)?;
            let name = format!("{}__{}", pair.person, pair.garment);
            let line = describe(pair, &outcome);
            println!("{line}");
            writeln!(table, "{line}")?;
            all_times.push(outcome.times);
            let white = [255; 3];
            paste(&mut sheet, &outcome.person, 0, row, white);
            paste(&mut sheet, &outcome.garment, 1, row, white);
            if let Ok(result) = &outcome.result {
                let passed = result.confidence.value >= SUGGESTED_GATE;
                accepted += usize::from(passed);
                paste(
                    &mut sheet,
                    &result.image,
                    2,
                    row,
                    if passed { [0, 160, 0] } else { [220, 0, 0] },
                );
                write_picture(&options.out.join(format!("{name}.png")), &result.image)?;
            }
            if let Some(reference) = reference_picture(&options, &name) {
                paste(&mut sheet, &reference, 3, row, white);
            }
        }
        write_picture(
            &options.out.join(format!("sheet-{}.jpg", sheet_number + 1)),
            &sheet,
        )?;
    }
    let middle = |part: fn(&Times) -> f64| median(all_times.iter().map(part).collect());
    let summary = format!(
        "{} pairs, {accepted} accepted; median ms: face {:.0}, person {:.0}, garment {:.0}, try-on {:.0}, whole {:.0}",
        pairs.len(),
        middle(|times| times.face),
        middle(|times| times.person),
        middle(|times| times.garment),
        middle(|times| times.try_on),
        middle(|times| times.person + times.garment + times.try_on),
    );
    println!("{summary}");
    writeln!(table, "{summary}")?;
    std::fs::write(options.out.join("table.txt"), table)?;
    Ok(())
}
