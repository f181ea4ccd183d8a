//! Times of the stages of a try-on at 768 x 1024, on drawn pictures.
//!
//! `cargo bench -p drape-preview --bench try_on`
#![expect(clippy::unwrap_used, reason = "bench")]

use drape_preview::engine::{prepare_garment, prepare_person, try_on};
use drape_preview::garment::{Category, GarmentShape};
use drape_preview::person::PersonRegions;
use drape_preview::raster::Rgb8;
use drape_preview::synthetic::{GarmentKind, PersonPicture, SyntheticGarment, SyntheticPerson};

const KINDS: [&str; 3] = ["top", "bottom", "dress"];

fn main() {
    divan::main();
}

fn person() -> PersonPicture {
    SyntheticPerson {
        width: 768,
        height: 1024,
        ..SyntheticPerson::default()
    }
    .draw()
}

fn garment(kind: &str) -> (Rgb8, Category) {
    let (kind, category) = match kind {
        "top" => (GarmentKind::Tee, Category::Top),
        "bottom" => (GarmentKind::Trousers, Category::Bottom),
        _ => (GarmentKind::Dress, Category::Dress),
    };
    let garment = SyntheticGarment {
        width: 768,
        height: 1024,
        kind,
        ..SyntheticGarment::default()
    };
    (garment.draw().image, category)
}

fn regions(person: &PersonPicture) -> PersonRegions {
    prepare_person(&person.image, Some(person.face)).unwrap()
}

fn shape(image: &Rgb8, category: Category) -> GarmentShape {
    prepare_garment(image, Some(category), None).unwrap()
}

#[divan::bench]
fn prepare_a_person(bencher: divan::Bencher) {
    let person = person();
    bencher.bench(|| regions(&person));
}

#[divan::bench(args = KINDS)]
fn prepare_a_garment(bencher: divan::Bencher, kind: &str) {
    let (image, category) = garment(kind);
    bencher.bench(|| shape(&image, category));
}

/// Both pictures are prepared: what a repeated try-on costs.
#[divan::bench(args = KINDS)]
fn compose(bencher: divan::Bencher, kind: &str) {
    let person = person();
    let (image, category) = garment(kind);
    let (regions, shape) = (regions(&person), shape(&image, category));
    bencher.bench(|| try_on(&person.image, &regions, &shape).unwrap());
}

#[divan::bench(args = KINDS)]
fn whole_try_on(bencher: divan::Bencher, kind: &str) {
    let person = person();
    let (image, category) = garment(kind);
    bencher.bench(|| try_on(&person.image, &regions(&person), &shape(&image, category)).unwrap());
}
