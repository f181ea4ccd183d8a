//! A top and a bottom in one go, and what is no outfit.

use drape_core::engine::{Category, Engine, EngineErrorKind, EngineInput, GarmentPicture};
use drape_engines::{MockEngine, PreviewEngine, PreviewOptions};
use drape_imaging::{Limits, Picture, decode};
use drape_preview::synthetic::GarmentKind;
use drape_testkit::conformance::engines::{file, garment, plain_jpeg};

use crate::drawn::{drawn_garment, input, outfit};

/// A garment of which the caller says what it is.
fn told(kind: GarmentKind) -> GarmentPicture {
    let category = match kind {
        GarmentKind::Tee | GarmentKind::LongSleeved | GarmentKind::Tank => Category::Top,
        GarmentKind::Trousers | GarmentKind::Shorts | GarmentKind::Skirt => Category::Bottom,
        GarmentKind::Dress => Category::Dress,
    };
    GarmentPicture {
        category: Some(category),
        ..drawn_garment(kind)
    }
}

fn of(kinds: &[GarmentKind]) -> EngineInput {
    outfit(kinds.iter().map(|kind| vec![told(*kind)]).collect())
}

fn open_gate() -> PreviewEngine {
    PreviewEngine::new(PreviewOptions {
        gate: 0.0,
        ..PreviewOptions::default()
    })
}

/// Share of the rows between two shares of the height whose pixels differ clearly, at least ten in a row.
fn changed_rows(before: &Picture, after: &Picture, rows: std::ops::Range<f64>) -> f64 {
    let height = f64::from(before.height());
    let rows = (rows.start * height) as u32..(rows.end * height) as u32;
    let count = rows.len() as f64;
    let differs = |y: &u32| {
        let pairs = before.row(*y).iter().zip(after.row(*y));
        pairs.filter(|(a, b)| a.abs_diff(**b) > 40).count() >= 10
    };
    rows.filter(differs).count() as f64 / count
}

#[tokio::test]
async fn top_and_bottom_are_put_on_in_one_go_in_either_order() {
    let engine = PreviewEngine::default();
    let request = of(&[GarmentKind::Tee, GarmentKind::Trousers]);
    let output = engine.generate(request.clone()).await.unwrap();
    let turned = of(&[GarmentKind::Trousers, GarmentKind::Tee]);
    let turned = engine.generate(turned).await.unwrap();
    assert_eq!(output.jpeg, turned.jpeg, "the order does not matter");
    let pixels = |file: &[u8]| decode(file, &Limits::default()).unwrap();
    let (before, after) = (pixels(&request.person.bytes), pixels(&output.jpeg));
    for part in [0.3..0.42, 0.6..0.9] {
        let changed = changed_rows(&before, &after, part.clone());
        assert!(changed > 0.9, "{part:?}: {changed}");
    }
    let head = changed_rows(&before, &after, 0.0..0.15);
    assert!(head < 0.01, "the head stays: {head}");
}

#[tokio::test]
async fn the_confidence_is_the_worse_one_and_notes_name_the_product() {
    let engine = open_gate();
    let both = engine
        .generate(of(&[GarmentKind::Tee, GarmentKind::Skirt]))
        .await
        .unwrap();
    let bottom = input(vec![told(GarmentKind::Skirt)]);
    let bottom = engine.generate(bottom).await.unwrap();
    assert!(both.confidence.unwrap() <= bottom.confidence.unwrap());
    for note in &bottom.notes {
        assert!(
            both.notes.contains(&format!("bottom: {note}")),
            "{:?}",
            both.notes
        );
    }
    assert!(
        both.notes
            .iter()
            .all(|note| note.starts_with("top: ") || note.starts_with("bottom: ")),
        "{:?}",
        both.notes
    );
}

#[tokio::test]
async fn what_is_no_top_with_a_bottom_is_refused() {
    let engine = open_gate();
    for kinds in [
        [GarmentKind::Tee, GarmentKind::Tank].as_slice(),
        &[GarmentKind::Trousers, GarmentKind::Skirt],
        &[GarmentKind::Dress, GarmentKind::Trousers],
        &[GarmentKind::Tee, GarmentKind::Dress],
        &[GarmentKind::Tee, GarmentKind::Trousers, GarmentKind::Tank],
        &[],
    ] {
        let error = engine.generate(of(kinds)).await.unwrap_err();
        assert_eq!(
            error.kind,
            EngineErrorKind::CategoryUnsupported,
            "{kinds:?}: {error}"
        );
        assert!(error.message.contains("a top and a bottom"), "{error}");
        assert!(!error.retryable);
    }
}

#[tokio::test]
async fn a_failure_names_the_product_that_it_is_about() {
    let good = drawn_garment(GarmentKind::Tee);
    let wall = garment(plain_jpeg(500, 600));
    let error = open_gate()
        .generate(outfit(vec![vec![good.clone()], vec![wall]]))
        .await
        .unwrap_err();
    assert_eq!(error.kind, EngineErrorKind::GarmentUnusable);
    assert!(error.message.starts_with("Product 2: "), "{error}");

    let strict = PreviewEngine::new(PreviewOptions {
        gate: 1.01,
        ..PreviewOptions::default()
    });
    let error = strict
        .generate(of(&[GarmentKind::Tee, GarmentKind::Trousers]))
        .await
        .unwrap_err();
    assert!(error.message.starts_with("Product 2 (bottom): "), "{error}");
    assert!(error.message.contains("not sure enough"), "{error}");

    let mut shoes = of(&[GarmentKind::Tee, GarmentKind::Trousers]);
    shoes.items[0].title = Some("Running shoes".to_owned());
    shoes.items[0].pictures[0].category = None;
    shoes.person = file(b"never looked at".to_vec());
    let error = open_gate().generate(shoes).await.unwrap_err();
    assert_eq!(error.kind, EngineErrorKind::CategoryUnsupported);
    assert!(error.message.starts_with("Product 1: "), "{error}");
}

#[tokio::test]
async fn each_product_may_have_several_pictures() {
    let engine = PreviewEngine::default();
    let (tee, trousers) = (
        drawn_garment(GarmentKind::Tee),
        drawn_garment(GarmentKind::Trousers),
    );
    let wall = garment(plain_jpeg(500, 600));
    let plain = outfit(vec![vec![tee.clone()], vec![trousers.clone()]]);
    let odd = outfit(vec![vec![wall.clone(), tee], vec![wall, trousers]]);
    let (plain, odd) = (
        engine.generate(plain).await.unwrap(),
        engine.generate(odd).await.unwrap(),
    );
    assert_eq!(plain.jpeg, odd.jpeg);
}

#[tokio::test]
async fn a_person_who_is_forgotten_is_forgotten_with_the_outfit() {
    let engine = PreviewEngine::default();
    let request = of(&[GarmentKind::Tee, GarmentKind::Trousers]);
    engine.generate(request.clone()).await.unwrap();
    engine.forget_person(request.person.sha256).await;
    let mut unreadable = request;
    unreadable.person.bytes = b"gone".as_slice().into();
    engine.generate(unreadable).await.unwrap_err();
}

#[tokio::test]
async fn the_mock_engine_takes_outfits_of_three() {
    let input = of(&[GarmentKind::Tee, GarmentKind::Trousers, GarmentKind::Skirt]);
    let output = MockEngine.generate(input.clone()).await.unwrap();
    assert_eq!(output.jpeg, input.person.bytes);
    assert_eq!(MockEngine.capabilities().max_items, 3);
    assert_eq!(PreviewEngine::default().capabilities().max_items, 2);
}

#[test]
fn words_about_a_product_tell_its_category() {
    let engine = PreviewEngine::default();
    let category = |title| engine.category_of_words(Some(title), None);
    assert_eq!(category("Slim jeans"), Some(Category::Bottom));
    assert_eq!(category("Linen shirt"), Some(Category::Top));
    assert_eq!(category("Winter coat"), Some(Category::Outerwear));
    assert_eq!(category("Aurora 2"), None);
    assert_eq!(MockEngine.category_of_words(Some("Slim jeans"), None), None);
}

#[tokio::test]
async fn nobody_loses_their_trousers_to_a_top_that_is_called_a_dress() {
    let tank = GarmentPicture {
        category: Some(Category::Dress),
        ..drawn_garment(GarmentKind::Tank)
    };
    let result = PreviewEngine::default()
        .generate(outfit(vec![vec![tank]]))
        .await;
    let error = result.unwrap_err();
    assert_eq!(error.kind, EngineErrorKind::GarmentUnusable, "{error}");
    assert!(error.message.contains("too short for a dress"), "{error}");
}
