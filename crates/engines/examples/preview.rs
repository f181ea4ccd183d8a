//! Times the preview engine on one pair of photos and writes the result.
//!
//! `cargo run --release -p drape-engines --example preview -- PERSON GARMENT [top|bottom|dress] [OUT.jpg] [ROUNDS]`
//!
//! Cold: nothing is remembered, every round decodes, looks for faces, analyses, composes and encodes. Warm: person and
//! garment are remembered, a round composes and encodes. New person: the garment alone is remembered.

use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use drape_core::engine::{Category, Engine, EngineInput, GarmentPicture, Item, PictureFile};
use drape_engines::{PreviewEngine, PreviewOptions};
use drape_imaging::{Limits, content_hash, normalize_picture};

/// Rounds unless told otherwise.
const ROUNDS: usize = 9;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |index: usize| arguments.get(index).map(String::as_str);
    let (person, garment) = argument(0)
        .zip(argument(1))
        .context("usage: preview PERSON GARMENT [top|bottom|dress] [OUT.jpg] [ROUNDS]")?;
    let rounds = match argument(4) {
        Some(rounds) => rounds.parse::<usize>()?.max(1),
        None => ROUNDS,
    };
    let input = EngineInput::new(
        file(person)?,
        vec![Item {
            pictures: vec![GarmentPicture {
                file: file(garment)?,
                category: argument(2).and_then(Category::from_wire),
                is_worn: None,
            }],
            ..Item::default()
        }],
        Duration::from_mins(2),
    );

    let cold = median_ms(rounds, async || {
        PreviewEngine::new(options()).generate(input.clone()).await
    })
    .await;
    let new_person = {
        let mut times = Vec::new();
        for _ in 0..rounds {
            let engine = PreviewEngine::new(options());
            let product = input.items[0].pictures[0].clone();
            engine.prepare_garment(product, None, None).await;
            let start = Instant::now();
            let _ = engine.generate(input.clone()).await;
            times.push(start.elapsed());
        }
        median(times)
    };
    let engine = PreviewEngine::new(options());
    let output = engine
        .generate(input.clone())
        .await
        .map_err(|error| anyhow!("{error}"))?;
    let warm = median_ms(rounds, async || engine.generate(input.clone()).await).await;
    println!(
        "{} x {}, confidence {:.2} ({}); median of {rounds}: cold {cold:.0} ms, new person {new_person:.0} ms, warm {warm:.0} ms",
        output.width,
        output.height,
        output.confidence.unwrap_or_default(),
        output.notes.join(", "),
    );
    if let Some(path) = argument(3) {
        std::fs::write(path, &output.jpeg)?;
    }
    Ok(())
}

/// Delivers everything, so that refused pairs can be timed and looked at too.
fn options() -> PreviewOptions {
    PreviewOptions {
        gate: 0.0,
        ..PreviewOptions::default()
    }
}

/// Reads a photo as the server stores it: upright, sRGB, at most 2,048 pixels a side.
fn file(path: &str) -> anyhow::Result<PictureFile> {
    let bytes = std::fs::read(path).with_context(|| path.to_owned())?;
    let normalized = normalize_picture(&bytes, &Limits::default())?;
    Ok(PictureFile {
        sha256: content_hash(&normalized.jpeg),
        bytes: normalized.jpeg.into(),
    })
}

async fn median_ms<T, E>(rounds: usize, mut work: impl AsyncFnMut() -> Result<T, E>) -> f64 {
    let mut times = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        let _ = work().await;
        times.push(start.elapsed());
    }
    median(times)
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}
