//! The same pictures give the same bytes: on every run and with any number of threads.
#![expect(clippy::unwrap_used, reason = "tests")]

use drape_preview::engine::{TryOn, prepare_garment, prepare_person, try_on};
use drape_preview::garment::Category;
use drape_preview::synthetic::{
    Framing, GarmentKind, Outfit, SleeveLength, SyntheticGarment, SyntheticPerson,
};
use rayon::prelude::*;

/// A person and a garment.
type Case = (SyntheticPerson, SyntheticGarment, Category);

/// Pairs that together go through every branch of the composition.
fn cases() -> Vec<Case> {
    let kinds = [
        (GarmentKind::Tee, Category::Top),
        (GarmentKind::LongSleeved, Category::Top),
        (GarmentKind::Tank, Category::Top),
        (GarmentKind::Trousers, Category::Bottom),
        (GarmentKind::Skirt, Category::Bottom),
        (GarmentKind::Dress, Category::Dress),
    ];
    let outfits = [
        (
            Outfit::TopAndTrousers,
            SleeveLength::Short,
            Framing::FullBody,
        ),
        (
            Outfit::CroppedTopAndTrousers,
            SleeveLength::Long,
            Framing::HalfBody,
        ),
        (Outfit::Dress, SleeveLength::None, Framing::FullBody),
    ];
    let outfits = outfits.into_iter().cycle();
    kinds
        .into_iter()
        .zip(outfits)
        .map(|((kind, category), (outfit, sleeves, framing))| {
            let person = SyntheticPerson {
                width: 420,
                height: 560,
                outfit,
                sleeves,
                framing,
                ..SyntheticPerson::default()
            };
            let garment = SyntheticGarment {
                width: 420,
                height: 560,
                kind,
                print: Some([200, 60, 40]),
                ..SyntheticGarment::default()
            };
            (person, garment, category)
        })
        .collect()
}

fn run((person, garment, category): &Case) -> TryOn {
    let (person, garment) = (person.draw(), garment.draw());
    let regions = prepare_person(&person.image, Some(person.face)).unwrap();
    let shape = prepare_garment(&garment.image, Some(*category), None).unwrap();
    try_on(&person.image, &regions, &shape).unwrap()
}

fn assert_same(one: &TryOn, other: &TryOn, what: &str, case: &Case) {
    let name = format!("{what}: {:?} on {:?}", case.1.kind, case.0.outfit);
    assert!(one.image == other.image, "pixels, {name}");
    assert!(one.allowed == other.allowed, "region, {name}");
    assert_eq!(one.confidence, other.confidence, "{name}");
}

#[test]
fn results_do_not_depend_on_threads_or_runs() {
    let cases = cases();
    let pool = |threads: usize| {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
        builder.build().unwrap()
    };
    let (one, three, eight) = (pool(1), pool(3), pool(8));
    for case in &cases {
        let alone = one.install(|| run(case));
        assert_same(&alone, &three.install(|| run(case)), "three threads", case);
        assert_same(&alone, &eight.install(|| run(case)), "eight threads", case);
        assert_same(&alone, &one.install(|| run(case)), "a second run", case);
    }
    // Many jobs at once share the threads, and tasks of one are taken up within another.
    let together: Vec<TryOn> = eight.install(|| cases.par_iter().map(run).collect());
    for (case, result) in cases.iter().zip(&together) {
        assert_same(&one.install(|| run(case)), result, "side by side", case);
    }
}
