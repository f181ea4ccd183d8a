//! `drape try-on`

use std::{io::IsTerminal as _, path::Path, time::Duration};

use anyhow::Context as _;
use drape_core::{
    Code, Error,
    engine::{
        Category, Engine, EngineInput, EngineOutput, Engines, GarmentPicture, Item, Listener, Made,
        PictureFile,
    },
    generation::JobProgress,
    ports::{Clock as _, Drawn, Ids as _, Pictures as _, ProvenanceFacts},
    time::Timestamp,
    watermark::{Watermark, WatermarkStyle},
};
use drape_imaging::{ImageError, Limits, Normalized, content_hash, normalize_picture};
use drape_server::{
    app::engines,
    config::{Config, parse_offset},
    provenance::{signer_without_a_trace, to_core},
    system::{SystemClock, SystemIds},
};
use serde_json::json;

use super::{account::watermark, block_on, print_json};
use crate::{
    args::{CategoryArg, Common, TryOnArgs},
    settings::load_settings,
};

pub(crate) fn run(common: &Common, options: &TryOnArgs) -> anyhow::Result<()> {
    let (config, _) = load_settings(common, &[])?;
    drape_server::telemetry::init(&super::quiet(&config))?;
    check_output(&options.output)?;
    let engines = engines(&config)?;
    check_engine(&engines, &options.engine)?;
    check_garments(options, &engines)?;
    let progress = Progress {
        is_shown: std::io::stderr().is_terminal() && !options.json,
    };

    progress.step("reading the pictures");
    let person = read_picture(&config, &options.person)?;
    let mut garments = Vec::with_capacity(options.garment.len());
    for path in &options.garment {
        garments.push(file_of(read_picture(&config, path)?));
    }

    progress.step(if garments.len() == 1 {
        "putting the garment on"
    } else {
        "putting the garments on"
    });
    let person = file_of(person);
    let hashes = (
        person.sha256,
        garments.iter().map(|file| file.sha256).collect(),
    );
    let made = generate(&config, &engines, options, person, garments, progress)?;
    let (engine, mut output) = (made.engine, made.output);
    let drawn = mark(options, &mut output)?;

    progress.step("signing the picture");
    let is_signed = sign(&config, engine, hashes, drawn, &mut output)?;

    std::fs::write(&options.output, &output.jpeg)
        .with_context(|| format!("{} cannot be written", options.output.display()))?;
    progress.done();
    report(options, engine.name(), &output, is_signed);
    Ok(())
}

/// Refuses more garments than the engine puts on, and categories without a garment.
fn check_garments(options: &TryOnArgs, engines: &Engines) -> anyhow::Result<()> {
    let (garments, categories) = (options.garment.len(), options.category.len());
    let name = &options.engine;
    let max_items = engines.max_items(name);
    let (field, message) = if garments > max_items {
        let message = format!("the engine {name} puts on at most {max_items} garment(s) at once");
        ("--garment", message)
    } else if categories > garments {
        let message = format!("{categories} categories for {garments} garment(s)");
        ("--category", message)
    } else {
        return Ok(());
    };
    Err(Error::invalid_field(field, message).into())
}

/// Refuses names that do not end like a JPEG file.
pub(super) fn check_output(path: &Path) -> anyhow::Result<()> {
    let extension = path
        .extension()
        .map(|extension| extension.to_string_lossy().to_lowercase());
    if matches!(extension.as_deref(), Some("jpg" | "jpeg")) {
        return Ok(());
    }
    Err(Error::invalid_field(
        "--output",
        "expected a file name that ends with .jpg or .jpeg",
    )
    .into())
}

/// Reads a picture as an upload without a crop is read.
pub(super) fn read_picture(config: &Config, path: &Path) -> anyhow::Result<Normalized> {
    let bytes =
        std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let limits = Limits {
        max_bytes: usize::MAX,
        max_pixels: config.limits.max_pixels,
        max_output_side: config.limits.max_long_side_px,
        ..Limits::default()
    };
    normalize_picture(&bytes, &limits).map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, error: &ImageError) -> anyhow::Error {
    Error::new(Code::InvalidImage, format!("{}: {error}", path.display())).into()
}

fn check_engine(engines: &Engines, name: &str) -> Result<(), Error> {
    if engines.is_offered(name) {
        return Ok(());
    }
    let message = format!("expected one of {}", engines.names().join(", "));
    Err(Error::invalid_field("--engine", message))
}

/// Writes into the picture how it was made, as the server does; false when that is switched off.
///
/// Without a data folder the certificate is made for this picture alone and not kept.
fn sign(
    config: &Config,
    engine: &dyn Engine,
    (person_sha256, garments_sha256): ([u8; 32], Vec<[u8; 32]>),
    drawn: Vec<Drawn>,
    output: &mut EngineOutput,
) -> anyhow::Result<bool> {
    let Some(signer) = signer_without_a_trace(config)? else {
        return Ok(false);
    };
    let capabilities = engine.capabilities();
    let clock = SystemClock::with_offset(parse_offset(&config.clock.offset).unwrap_or(0));
    let product_sha256 = if capabilities.uses_garment {
        garments_sha256
    } else {
        Vec::new()
    };
    let facts = ProvenanceFacts {
        instance: SystemIds::new(clock).uuid(),
        // Not the name of the file: it may name the person.
        title: "try-on.jpg".to_owned(),
        engine: engine.name().to_owned(),
        engine_version: capabilities.version,
        source: capabilities.source,
        made_at: clock.now(),
        person_sha256,
        product_sha256,
        drawn,
    };
    let signed = signer.sign(&output.jpeg, &facts).map_err(to_core)?;
    output.jpeg = signed.into();
    Ok(true)
}

fn generate<'a>(
    config: &Config,
    engines: &'a Engines,
    options: &TryOnArgs,
    person: PictureFile,
    garments: Vec<PictureFile>,
    progress: Progress,
) -> anyhow::Result<Made<'a>> {
    let told = options.category.iter().copied().map(category_of).map(Some);
    let items = garments
        .into_iter()
        .zip(told.chain(std::iter::repeat(None)))
        .map(|(file, category)| Item {
            pictures: vec![GarmentPicture {
                file,
                category,
                is_worn: None,
            }],
            ..Item::default()
        });
    let time_limit = Duration::from_secs(u64::from(config.worker.engine_time_limit_s));
    let input = EngineInput {
        seed: options.seed,
        ..EngineInput::new(person, items.collect(), time_limit)
    };
    let tell = Listener::new(move |news: JobProgress| progress.work(&news));
    block_on(async {
        engines
            .generate(&options.engine, input, &tell)
            .await
            .map_err(|error| Error::new(error.kind.code(), error.message.clone()).into())
    })
}

/// Draws logo and label, as far as they are asked for; returns what was drawn.
fn mark(options: &TryOnArgs, output: &mut EngineOutput) -> anyhow::Result<Vec<Drawn>> {
    let logo = options.watermark.as_deref().map(watermark::read);
    let logo = logo.transpose()?;
    let drawn = Drawn::list(logo.is_some(), options.ai_label);
    if drawn.is_empty() {
        return Ok(drawn);
    }
    let marked = block_on(async {
        let pictures = watermark::pictures();
        let watermark = match logo {
            None => None,
            Some(bytes) => Some(Watermark {
                logo: pictures.normalize_logo(bytes).await?,
                style: WatermarkStyle::default(),
                // Never stored.
                updated_at: Timestamp::from_micros(0),
            }),
        };
        let jpeg = output.jpeg.clone();
        Ok(pictures
            .mark_result(jpeg, watermark, options.ai_label)
            .await?)
    })?;
    output.jpeg = marked.jpeg;
    Ok(drawn)
}

fn file_of(picture: Normalized) -> PictureFile {
    PictureFile {
        sha256: content_hash(&picture.jpeg),
        bytes: picture.jpeg.into(),
    }
}

fn category_of(category: CategoryArg) -> Category {
    match category {
        CategoryArg::Top => Category::Top,
        CategoryArg::Bottom => Category::Bottom,
        CategoryArg::Dress => Category::Dress,
    }
}

fn report(options: &TryOnArgs, engine: &str, output: &EngineOutput, is_signed: bool) {
    if options.json {
        print_json(&json!({
            "output": options.output, "engine": engine, "width": output.width, "height": output.height,
            "confidence": output.confidence, "reasons": output.notes, "signed": is_signed,
        }));
        return;
    }
    println!(
        "{} ({} x {} pixels)",
        options.output.display(),
        output.width,
        output.height
    );
    if let Some(confidence) = output.confidence {
        println!("confidence {confidence:.2}");
    }
    for note in &output.notes {
        println!("  lowered by: {note}");
    }
}

/// Steps on a terminal, nothing elsewhere.
#[derive(Clone, Copy)]
struct Progress {
    is_shown: bool,
}

impl Progress {
    fn step(self, what: &str) {
        if self.is_shown {
            eprint!("\r\x1b[K{what} ...");
        }
    }

    fn work(self, news: &JobProgress) {
        let Some(steps) = news.steps else {
            return;
        };
        let step = format!("{}: step {} of {}", news.engine, steps.done, steps.total);
        self.step(&step);
    }

    fn done(self) {
        if self.is_shown {
            eprint!("\r\x1b[K");
        }
    }
}
