//! Three drawn pictures for a first try: a person, a T-shirt and trousers. Nobody is in them.

use drape_imaging::{Picture, Subsampling, encode_jpeg};
use drape_preview::{
    raster::Rgb8,
    synthetic::{Framing, GarmentKind, SleeveLength, SyntheticGarment, SyntheticPerson},
};

/// JPEG quality of the demo pictures.
const QUALITY: u8 = 92;

/// A standing person before a plain wall, 720 x 900 pixels.
pub fn person_jpeg() -> Vec<u8> {
    encode(
        &SyntheticPerson {
            width: 720,
            height: 900,
            framing: Framing::HalfBody,
            sleeves: SleeveLength::None,
            top: [112, 118, 126],
            ..SyntheticPerson::default()
        }
        .draw()
        .image,
    )
}

/// A T-shirt lying flat, 600 x 800 pixels.
pub fn garment_jpeg() -> Vec<u8> {
    let shirt = SyntheticGarment {
        width: 600,
        height: 800,
        print: Some([240, 196, 70]),
        ..SyntheticGarment::default()
    };
    encode(&shirt.draw().image)
}

/// Trousers lying flat, 600 x 800 pixels.
pub fn trousers_jpeg() -> Vec<u8> {
    let trousers = SyntheticGarment {
        width: 600,
        height: 800,
        kind: GarmentKind::Trousers,
        color: [92, 104, 76],
        ..SyntheticGarment::default()
    };
    encode(&trousers.draw().image)
}

fn encode(image: &Rgb8) -> Vec<u8> {
    let pixels = image.data().iter().flatten().copied().collect();
    let (width, height) = (image.width() as u32, image.height() as u32);
    let picture = Picture::new(width, height, pixels)
        .unwrap_or_else(|| Picture::filled(width, height, [255; 3]));
    encode_jpeg(&picture, QUALITY, Subsampling::S444)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_pictures_of_their_size() {
        let size = |bytes: &[u8]| {
            drape_imaging::probe(bytes, &drape_imaging::Limits::default())
                .map(|probe| (probe.width, probe.height))
                .unwrap()
        };
        assert_eq!(size(&person_jpeg()), (720, 900));
        assert_eq!(size(&garment_jpeg()), (600, 800));
        assert_eq!(size(&trousers_jpeg()), (600, 800));
    }
}
