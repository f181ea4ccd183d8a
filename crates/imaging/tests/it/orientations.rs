//! EXIF orientations of every format.

use drape_imaging::{Orientation, Picture, normalize_upload, probe};
use png::{BitDepth, ColorType};

use crate::make::{
    JpegExtras, decoded, difference, exif_block, gradient, png, png_chunk, png_with, rgb_jpeg,
    small_limits, webp,
};

/// The picture as it has to be stored so that the orientation turns it into `upright`.
fn stored_for(orientation: Orientation, upright: &Picture) -> Picture {
    let inverse = match orientation {
        Orientation::Rotate90 => Orientation::Rotate270,
        Orientation::Rotate270 => Orientation::Rotate90,
        other => other,
    };
    inverse.apply(upright.clone())
}

/// The same upright picture, stored in all three formats with an orientation.
fn files(upright: &Picture, value: u16) -> [(&'static str, Vec<u8>); 3] {
    let stored = stored_for(Orientation::from_exif_value(value.into()), upright);
    let (width, height) = (stored.width(), stored.height());
    let extras = JpegExtras {
        exif_orientation: Some(value),
        ..JpegExtras::default()
    };
    let png = png_with(
        stored.data(),
        width,
        height,
        ColorType::Rgb,
        BitDepth::Eight,
        |info| {
            info.exif_metadata = Some(exif_block(value).into());
        },
    );
    let webp = webp(
        stored.data(),
        width,
        height,
        image_webp::ColorType::Rgb8,
        Some(exif_block(value)),
        None,
    );
    [
        ("JPEG", rgb_jpeg(&stored, &extras)),
        ("PNG", png),
        ("WebP", webp),
    ]
}

#[test]
fn all_values_come_out_upright_in_every_format() {
    let upright = gradient(72, 50);
    for value in 1..=8 {
        for (format, bytes) in files(&upright, value) {
            let off = difference(&decoded(&bytes), &upright);
            assert!(off < 3.0, "{format} {value}: {off}");
            let found = probe(&bytes, &small_limits()).unwrap();
            assert_eq!(
                found.orientation,
                Orientation::from_exif_value(value.into())
            );
            assert_eq!(
                found.orientation.upright_size(found.width, found.height),
                (72, 50)
            );
        }
    }
}

#[test]
fn uploads_come_out_upright_with_and_without_a_crop() {
    // Larger than the output, so that the result is shrunk as stored and turned afterwards.
    let upright = gradient(400, 300);
    let limits = drape_imaging::Limits {
        max_output_side: 150,
        ..small_limits()
    };
    for crop in [false, true] {
        let expected = decoded(
            &normalize_upload(&files(&upright, 1)[1].1, crop, &limits)
                .unwrap()
                .jpeg,
        );
        for value in 2..=8 {
            for (format, bytes) in files(&upright, value) {
                let result = normalize_upload(&bytes, crop, &limits).unwrap();
                assert_eq!((result.source_width, result.source_height), (400, 300));
                assert_eq!(
                    (result.width, result.height),
                    if crop { (120, 150) } else { (150, 113) }
                );
                let off = difference(&decoded(&result.jpeg), &expected);
                assert!(off < 3.0, "{format} {value} crop {crop}: {off}");
            }
        }
    }
}

#[test]
fn orientation_is_found_behind_the_pixels_of_a_png() {
    let upright = gradient(40, 60);
    let stored = stored_for(Orientation::Rotate90, &upright);
    let plain = png(stored.data(), 60, 40, ColorType::Rgb, BitDepth::Eight);
    let end = plain.len() - 12;
    let bytes = [
        &plain[..end],
        &png_chunk(b"eXIf", &exif_block(6)),
        &plain[end..],
    ]
    .concat();
    assert_eq!(decoded(&bytes), upright);
}

#[test]
fn broken_exif_leaves_the_picture_as_stored() {
    let picture = gradient(40, 60);
    for length in [0, 3, 9, 15] {
        let block = exif_block(6)[..length].to_vec();
        let bytes = webp(
            picture.data(),
            40,
            60,
            image_webp::ColorType::Rgb8,
            Some(block),
            None,
        );
        assert_eq!(decoded(&bytes), picture, "{length}");
    }
}
