//! Drawn people and garments as engine inputs.

use std::time::Duration;

use drape_core::engine::{EngineInput, GarmentPicture, Item};
use drape_imaging::{Picture, Subsampling, encode_jpeg};
use drape_preview::{
    raster::Rgb8,
    synthetic::{GarmentKind, SyntheticGarment, SyntheticPerson},
};
use drape_testkit::conformance::engines::{file, garment};

/// A drawn picture as a JPEG file.
pub(crate) fn jpeg(image: &Rgb8) -> Vec<u8> {
    let pixels = image.data().as_flattened().to_vec();
    let picture = Picture::new(image.width() as u32, image.height() as u32, pixels).unwrap();
    encode_jpeg(&picture, 95, Subsampling::S444)
}

/// A garment of which nothing is known but its picture.
pub(crate) fn drawn_garment(kind: GarmentKind) -> GarmentPicture {
    let drawn = SyntheticGarment {
        kind,
        ..SyntheticGarment::default()
    };
    garment(jpeg(&drawn.draw().image))
}

/// A person in a top and trousers who tries a garment on.
pub(crate) fn input(garment: Vec<GarmentPicture>) -> EngineInput {
    outfit(vec![garment])
}

/// The same person, who tries several products on, each with these pictures.
pub(crate) fn outfit(garments: Vec<Vec<GarmentPicture>>) -> EngineInput {
    let item = |pictures| Item {
        pictures,
        ..Item::default()
    };
    EngineInput::new(
        file(jpeg(&SyntheticPerson::default().draw().image)),
        garments.into_iter().map(item).collect(),
        Duration::from_mins(5),
    )
}
