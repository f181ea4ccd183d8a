//! What every [`Engine`] must do, whatever is behind it.

#![expect(clippy::panic, reason = "a broken rule ends the test")]

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use drape_core::engine::{
    Engine, EngineError, EngineErrorKind, EngineInput, EngineOutput, GarmentPicture, Item,
    PictureFile,
};
use drape_imaging::{Limits, Picture, Subsampling, content_hash, decode, encode_jpeg};

/// Far more time than any engine in a test needs.
const PATIENCE: Duration = Duration::from_mins(5);

/// Calls that run at once.
const CALLS_AT_ONCE: usize = 4;

/// Runs the whole suite.
///
/// `good` is an input that the engine makes a picture from. Panics on the first rule that is broken.
pub async fn run_all(engine: Arc<dyn Engine>, good: EngineInput) {
    says_what_it_is(engine.as_ref()).await;
    makes_a_jpeg_of_the_person_pictures_size(engine.as_ref(), &good).await;
    keeps_to_the_time_limit(engine.as_ref(), &good).await;
    refuses_persons_that_are_no_pictures(engine.as_ref(), &good).await;
    survives_odd_persons(engine.as_ref(), &good).await;
    survives_odd_garments(engine.as_ref(), &good).await;
    survives_odd_preparations(engine.as_ref(), &good).await;
    answers_whatever_the_number_of_items(engine.as_ref(), &good).await;
    works_for_several_at_once(&engine, &good).await;
    survives_being_dropped(engine.as_ref(), &good).await;
}

/// Wraps bytes as a file, with their hash.
pub fn file(bytes: impl Into<Bytes>) -> PictureFile {
    let bytes = bytes.into();
    let sha256 = content_hash(&bytes);
    PictureFile { bytes, sha256 }
}

/// Wraps bytes as a product picture of which nothing is known.
pub fn garment(bytes: impl Into<Bytes>) -> GarmentPicture {
    GarmentPicture {
        file: file(bytes),
        category: None,
        is_worn: None,
    }
}

/// A JPEG file of one colour.
pub fn plain_jpeg(width: u32, height: u32) -> Vec<u8> {
    let picture = Picture::filled(width, height, [170, 160, 150]);
    encode_jpeg(&picture, 90, Subsampling::S444)
}

/// Files that no decoder can read, with a name each.
fn broken_files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("empty", Vec::new()),
        ("text", b"this is no picture".to_vec()),
        ("magic only", vec![0xff, 0xd8, 0xff]),
        ("header only", plain_jpeg(64, 64)[..20].to_vec()),
        ("PNG magic", b"\x89PNG\r\n\x1a\n".to_vec()),
        ("zeros", vec![0; 4_096]),
        ("ones", vec![0xff; 4_096]),
    ]
}

/// Sizes at which arithmetic tends to break.
const ODD_SIZES: [(u32, u32); 6] = [(1, 1), (2, 3), (1, 900), (900, 1), (31, 700), (640, 48)];

async fn says_what_it_is(engine: &dyn Engine) {
    let name = engine.name();
    assert!(
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')),
        "the name {name:?} does not fit settings and URLs"
    );
    assert!(!engine.capabilities().categories.is_empty(), "no category");
    let check = engine.check().await;
    assert!(check.is_ok(), "{check:?}");
}

async fn makes_a_jpeg_of_the_person_pictures_size(engine: &dyn Engine, good: &EngineInput) {
    for round in ["first", "repeated"] {
        let output = bounded(engine, good.clone()).await;
        let output = output.unwrap_or_else(|error| panic!("{round} call: {error}"));
        assert_fits(&output, good);
    }
}

async fn keeps_to_the_time_limit(engine: &dyn Engine, good: &EngineInput) {
    for time_limit in [Duration::ZERO, Duration::from_millis(1)] {
        let input = EngineInput {
            time_limit,
            ..good.clone()
        };
        match bounded(engine, input).await {
            Ok(output) => assert_fits(&output, good),
            Err(error) => assert_eq!(error.kind, EngineErrorKind::Timeout, "{error}"),
        }
    }
}

async fn refuses_persons_that_are_no_pictures(engine: &dyn Engine, good: &EngineInput) {
    for (name, bytes) in broken_files() {
        let input = EngineInput {
            person: file(bytes),
            ..good.clone()
        };
        match bounded(engine, input).await {
            Ok(output) => panic!("a picture was made of {name}: {output:?}"),
            Err(error) => assert_well_said(&error, name),
        }
    }
}

async fn survives_odd_persons(engine: &dyn Engine, good: &EngineInput) {
    for (width, height) in ODD_SIZES {
        let input = EngineInput {
            person: file(plain_jpeg(width, height)),
            ..good.clone()
        };
        match bounded(engine, input.clone()).await {
            Ok(output) => assert_fits(&output, &input),
            Err(error) => assert_well_said(&error, &format!("a person of {width} x {height}")),
        }
    }
}

async fn survives_odd_garments(engine: &dyn Engine, good: &EngineInput) {
    let mut garments: Vec<(String, Vec<GarmentPicture>)> = vec![("none".to_owned(), Vec::new())];
    for (name, bytes) in broken_files() {
        garments.push((name.to_owned(), vec![garment(bytes)]));
    }
    for (width, height) in ODD_SIZES {
        let picture = garment(plain_jpeg(width, height));
        garments.push((format!("{width} x {height}"), vec![picture]));
    }
    garments.push(("many".to_owned(), vec![garment(plain_jpeg(48, 48)); 20]));
    for (name, garment) in garments {
        let input = EngineInput {
            items: vec![Item {
                pictures: garment,
                ..good.items[0].clone()
            }],
            ..good.clone()
        };
        match bounded(engine, input).await {
            Ok(output) => assert_fits(&output, good),
            Err(error) => assert_well_said(&error, &format!("garment: {name}")),
        }
    }
}

/// More products than it puts on, or none, are refused with words, or ignored by an engine that ignores them all.
async fn answers_whatever_the_number_of_items(engine: &dyn Engine, good: &EngineInput) {
    assert!(engine.capabilities().max_items > 0);
    for count in [0, 2, 3, 4] {
        let input = EngineInput {
            items: vec![good.items[0].clone(); count],
            ..good.clone()
        };
        match bounded(engine, input).await {
            Ok(output) => assert_fits(&output, good),
            Err(error) => assert_well_said(&error, &format!("{count} items")),
        }
    }
}

async fn survives_odd_preparations(engine: &dyn Engine, good: &EngineInput) {
    let mut garments: Vec<GarmentPicture> = good.items[0].pictures.clone();
    garments.extend(broken_files().into_iter().map(|(_, bytes)| garment(bytes)));
    for garment in garments {
        engine
            .prepare_garment(garment, good.items[0].title.clone(), None)
            .await;
    }
    let output = bounded(engine, good.clone()).await;
    assert_fits(&output.unwrap_or_else(|error| panic!("{error}")), good);
}

async fn works_for_several_at_once(engine: &Arc<dyn Engine>, good: &EngineInput) {
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..CALLS_AT_ONCE {
        let (engine, input) = (Arc::clone(engine), good.clone());
        calls.spawn(async move { bounded(engine.as_ref(), input).await });
    }
    while let Some(output) = calls.join_next().await {
        let output = output.unwrap_or_else(|error| panic!("{error}"));
        assert_fits(&output.unwrap_or_else(|error| panic!("{error}")), good);
    }
}

async fn survives_being_dropped(engine: &dyn Engine, good: &EngineInput) {
    for _ in 0..CALLS_AT_ONCE {
        let mut call = engine.generate(good.clone());
        let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(result) = polled {
            assert_fits(&result.unwrap_or_else(|error| panic!("{error}")), good);
        }
    }
    let output = bounded(engine, good.clone()).await;
    assert_fits(&output.unwrap_or_else(|error| panic!("{error}")), good);
}

async fn bounded(engine: &dyn Engine, input: EngineInput) -> Result<EngineOutput, EngineError> {
    let answer = tokio::time::timeout(PATIENCE, engine.generate(input)).await;
    answer.unwrap_or_else(|_| panic!("{} hangs", engine.name()))
}

/// The output is a whole JPEG file of the person picture's size, and says so.
fn assert_fits(output: &EngineOutput, input: &EngineInput) {
    let limits = Limits {
        max_bytes: usize::MAX,
        min_side: 1,
        ..Limits::default()
    };
    assert!(output.jpeg.starts_with(&[0xff, 0xd8, 0xff]), "no JPEG file");
    let size_of = |bytes: &[u8]| match decode(bytes, &limits) {
        Ok(picture) => (picture.width(), picture.height()),
        Err(error) => panic!("{error}"),
    };
    let size = size_of(&output.jpeg);
    assert_eq!(size, size_of(&input.person.bytes), "size of the picture");
    assert_eq!(size, (output.width, output.height), "size as told");
    if let Some(confidence) = output.confidence {
        assert!((0.0..=1.0).contains(&confidence), "confidence {confidence}");
    }
}

/// The failure has words for the caller and does not invite to try the same again.
fn assert_well_said(error: &EngineError, case: &str) {
    assert!(error.message.len() > 10, "{case}: {error}");
    assert!(error.message.ends_with('.'), "{case}: {error}");
    assert!(!error.message.contains(".."), "{case}: {error}");
    assert!(!error.retryable, "{case}: {error}");
    assert!(!error.charged, "{case}: {error}");
    assert_ne!(error.kind, EngineErrorKind::Timeout, "{case}: {error}");
}
