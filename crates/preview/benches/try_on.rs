//! Times of the stages of a try-on at 768 x 1024 and at 1536 x 2048, on drawn pictures.
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

/// What a case needs, drawn once: both pictures are `768 * SCALE` pixels wide.
struct Pictures<const SCALE: usize> {
    person: PersonPicture,
    garment: Rgb8,
    category: Category,
}

impl<const SCALE: usize> Pictures<SCALE> {
    fn draw(kind: &str) -> Self {
        let (kind, category) = match kind {
            "top" => (GarmentKind::Tee, Category::Top),
            "bottom" => (GarmentKind::Trousers, Category::Bottom),
            _ => (GarmentKind::Dress, Category::Dress),
        };
        let (width, height) = (768 * SCALE, 1024 * SCALE);
        let person = SyntheticPerson {
            width,
            height,
            ..SyntheticPerson::default()
        };
        let garment = SyntheticGarment {
            width,
            height,
            kind,
            ..SyntheticGarment::default()
        };
        Self {
            person: person.draw(),
            garment: garment.draw().image,
            category,
        }
    }

    fn regions(&self) -> PersonRegions {
        prepare_person(&self.person.image, Some(self.person.face)).unwrap()
    }

    fn shape(&self) -> GarmentShape {
        prepare_garment(&self.garment, Some(self.category), None).unwrap()
    }
}

#[divan::bench(consts = [1, 2])]
fn prepare_a_person<const SCALE: usize>(bencher: divan::Bencher) {
    let pictures = Pictures::<SCALE>::draw("top");
    bencher.bench(|| pictures.regions());
}

#[divan::bench(args = KINDS, consts = [1, 2])]
fn prepare_a_garment<const SCALE: usize>(bencher: divan::Bencher, kind: &str) {
    let pictures = Pictures::<SCALE>::draw(kind);
    bencher.bench(|| pictures.shape());
}

/// Both pictures are prepared: what a repeated try-on costs.
#[divan::bench(args = KINDS, consts = [1, 2])]
fn compose<const SCALE: usize>(bencher: divan::Bencher, kind: &str) {
    let pictures = Pictures::<SCALE>::draw(kind);
    let (regions, shape) = (pictures.regions(), pictures.shape());
    bencher.bench(|| try_on(&pictures.person.image, &regions, &shape).unwrap());
}

#[divan::bench(args = KINDS, consts = [1, 2])]
fn whole_try_on<const SCALE: usize>(bencher: divan::Bencher, kind: &str) {
    let pictures = Pictures::<SCALE>::draw(kind);
    bencher.bench(|| {
        try_on(
            &pictures.person.image,
            &pictures.regions(),
            &pictures.shape(),
        )
        .unwrap()
    });
}
