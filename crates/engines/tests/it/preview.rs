//! The preview engine: what it takes, what it refuses, what it remembers.

use drape_core::engine::{Category, Engine, EngineErrorKind, EngineInput, GarmentPicture};
use drape_engines::{PreviewEngine, PreviewOptions};
use drape_imaging::{Limits, decode};
use drape_preview::synthetic::GarmentKind;
use drape_testkit::conformance::engines::{file, garment, plain_jpeg};

use crate::drawn::{drawn_garment, input};

fn with_gate(gate: f64) -> PreviewEngine {
    PreviewEngine::new(PreviewOptions {
        gate,
        ..PreviewOptions::default()
    })
}

#[tokio::test]
async fn each_category_changes_the_picture_and_tells_its_confidence() {
    for kind in [
        GarmentKind::Tee,
        GarmentKind::LongSleeved,
        GarmentKind::Trousers,
        GarmentKind::Dress,
    ] {
        let input = input(vec![drawn_garment(kind)]);
        let before = decode(&input.person.bytes, &Limits::default()).unwrap();
        let output = with_gate(0.0).generate(input).await.unwrap();
        let after = decode(&output.jpeg, &Limits::default()).unwrap();
        let changed = before.data().iter().zip(after.data());
        let changed = changed.filter(|(a, b)| a.abs_diff(**b) > 40).count();
        assert!(changed > 30_000, "{kind:?}: {changed}");
        let confidence = output.confidence.unwrap();
        assert!((0.0..=1.0).contains(&confidence), "{kind:?}: {confidence}");
    }
}

#[tokio::test]
async fn a_repeat_and_another_engine_give_the_same_bytes() {
    let engine = PreviewEngine::default();
    let input = input(vec![drawn_garment(GarmentKind::Tee)]);
    let first = engine.generate(input.clone()).await.unwrap();
    let repeated = engine.generate(input.clone()).await.unwrap();
    let elsewhere = PreviewEngine::default().generate(input).await.unwrap();
    assert_eq!(first.jpeg, repeated.jpeg);
    assert_eq!(first.jpeg, elsewhere.jpeg);
    assert_eq!(first.notes, repeated.notes);
}

#[tokio::test]
async fn a_forgotten_person_is_read_anew() {
    let engine = PreviewEngine::default();
    let input = input(vec![drawn_garment(GarmentKind::Tee)]);
    // The same hash with other bytes: only a person who is remembered can still be dressed.
    let mut unreadable = input.clone();
    unreadable.person.bytes = b"gone".as_slice().into();
    let first = engine.generate(input.clone()).await.unwrap();
    let remembered = engine.generate(unreadable.clone()).await.unwrap();
    assert_eq!(remembered.jpeg, first.jpeg);
    engine.forget_person(input.person.sha256).await;
    engine.generate(unreadable.clone()).await.unwrap_err();
    // The same photo again works, and is not remembered so soon.
    let again = engine.generate(input.clone()).await.unwrap();
    assert_eq!(again.jpeg, first.jpeg);
    engine.generate(unreadable).await.unwrap_err();
}

#[tokio::test]
async fn what_was_prepared_is_not_read_again() {
    let engine = PreviewEngine::default();
    let input = input(vec![drawn_garment(GarmentKind::Tee)]);
    engine
        .prepare_garment(input.items[0].pictures[0].clone(), None, None)
        .await;
    // The same hash with other bytes: only a garment that is already prepared can still be put on.
    let mut unreadable = input.clone();
    unreadable.items[0].pictures[0].file.bytes = b"gone".as_slice().into();
    let output = engine.generate(unreadable.clone()).await.unwrap();
    let expected = PreviewEngine::default().generate(input).await.unwrap();
    assert_eq!(output.jpeg, expected.jpeg);
    unreadable.person.bytes = b"gone".as_slice().into();
    assert_eq!(
        engine.generate(unreadable).await.unwrap().jpeg,
        expected.jpeg
    );
}

#[tokio::test]
async fn a_word_of_the_caller_is_part_of_what_is_remembered() {
    let engine = with_gate(0.0);
    let as_category = |category| {
        let mut input = input(vec![drawn_garment(GarmentKind::Tee)]);
        input.items[0].pictures[0].category = Some(category);
        input
    };
    let top = engine.generate(as_category(Category::Top)).await.unwrap();
    let bottom = engine
        .generate(as_category(Category::Bottom))
        .await
        .unwrap();
    assert_ne!(top.jpeg, bottom.jpeg);
}

#[tokio::test]
async fn below_the_gate_nothing_is_delivered_and_the_reason_is_told() {
    let good = input(vec![drawn_garment(GarmentKind::Tee)]);
    let error = with_gate(1.01).generate(good).await.unwrap_err();
    assert!(
        matches!(
            error.kind,
            EngineErrorKind::NoPerson | EngineErrorKind::GarmentUnusable
        ),
        "{error}"
    );
    assert!(error.message.contains("not sure enough"), "{error}");
    assert!(error.message.contains("of 1.01:"), "{error}");
    assert!(!error.retryable);
}

#[tokio::test]
async fn an_empty_wall_is_no_person_and_no_garment() {
    let engine = PreviewEngine::default();
    let wall = EngineInput {
        person: file(plain_jpeg(576, 768)),
        ..input(vec![drawn_garment(GarmentKind::Tee)])
    };
    let error = engine.generate(wall).await.unwrap_err();
    assert_eq!(error.kind, EngineErrorKind::NoPerson, "{error}");
    assert!(error.message.contains("studio-like"), "{error}");

    let error = engine
        .generate(input(vec![garment(plain_jpeg(576, 768))]))
        .await
        .unwrap_err();
    assert_eq!(error.kind, EngineErrorKind::GarmentUnusable, "{error}");
    assert!(error.message.contains("plain background"), "{error}");
}

#[tokio::test]
async fn titles_of_unsupported_products_are_refused_before_any_work() {
    let engine = PreviewEngine::default();
    let mut shoes = EngineInput {
        person: file(b"never looked at".to_vec()),
        ..input(vec![drawn_garment(GarmentKind::Tee)])
    };
    shoes.items[0].title = Some("Running shoes".to_owned());
    let error = engine.generate(shoes).await.unwrap_err();
    assert_eq!(error.kind, EngineErrorKind::CategoryUnsupported, "{error}");
}

#[tokio::test]
async fn the_first_usable_picture_of_three_is_taken() {
    let engine = PreviewEngine::default();
    let tee = drawn_garment(GarmentKind::Tee);
    let worn = GarmentPicture {
        is_worn: Some(true),
        ..tee.clone()
    };
    let unusable = garment(plain_jpeg(400, 400));
    let alone = engine.generate(input(vec![tee.clone()])).await.unwrap();

    let third = input(vec![worn.clone(), unusable.clone(), tee.clone()]);
    assert_eq!(engine.generate(third).await.unwrap().jpeg, alone.jpeg);

    let fourth = input(vec![worn, unusable.clone(), unusable, tee]);
    let error = engine.generate(fourth).await.unwrap_err();
    assert_eq!(error.kind, EngineErrorKind::GarmentUnusable);
    assert!(
        error.message.contains("wearing") && error.message.contains("classifications.photo"),
        "the first refusal: {error}"
    );
}
