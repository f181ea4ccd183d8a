//! Colour profiles of every format.

use drape_imaging::Picture;
use jpeg_encoder::ColorType as JpegColor;
use moxcms::ColorProfile;
use png::{BitDepth, ColorType};

use crate::make::{JpegExtras, decoded, jpeg, png_with, rgb_jpeg, webp};

/// A Display P3 colour and the sRGB colour that looks the same, computed from both spaces' primaries.
const P3: [u8; 3] = [200, 100, 100];
const SAME_IN_SRGB: [u8; 3] = [215, 93, 97];

fn assert_converted(what: &str, picture: &Picture) {
    let pixel = picture.pixel(20, 20);
    let close = pixel
        .iter()
        .zip(SAME_IN_SRGB)
        .all(|(a, b)| a.abs_diff(b) <= 4);
    assert!(close, "{what}: {pixel:?}");
}

#[test]
fn display_p3_is_converted_in_every_format() {
    let icc = ColorProfile::new_display_p3().encode().unwrap();
    let picture = Picture::filled(40, 40, P3);
    let extras = JpegExtras {
        icc: Some(&icc),
        ..JpegExtras::default()
    };
    assert_converted("JPEG", &decoded(&rgb_jpeg(&picture, &extras)));
    let png = png_with(
        picture.data(),
        40,
        40,
        ColorType::Rgb,
        BitDepth::Eight,
        |info| info.icc_profile = Some(icc.clone().into()),
    );
    assert_converted("PNG", &decoded(&png));
    let webp = webp(
        picture.data(),
        40,
        40,
        image_webp::ColorType::Rgb8,
        None,
        Some(icc.clone()),
    );
    assert_converted("WebP", &decoded(&webp));
}

#[test]
fn adobe_rgb_becomes_more_saturated() {
    let icc = ColorProfile::new_adobe_rgb().encode().unwrap();
    let extras = JpegExtras {
        icc: Some(&icc),
        ..JpegExtras::default()
    };
    let [red, green, blue] = decoded(&rgb_jpeg(
        &Picture::filled(40, 40, [100, 180, 100]),
        &extras,
    ))
    .pixel(20, 20);
    // Green of the wider space lies outside sRGB's red: red falls.
    assert!(
        red < 60 && green.abs_diff(181) < 6 && blue.abs_diff(98) < 8,
        "{red} {green} {blue}"
    );
}

#[test]
fn broken_profiles_are_ignored() {
    let icc = ColorProfile::new_display_p3().encode().unwrap();
    let mut scrambled = icc.clone();
    for byte in &mut scrambled[128..] {
        *byte ^= 0x5A;
    }
    let picture = Picture::filled(40, 40, P3);
    for broken in [&icc[..100], &scrambled, b"nonsense"] {
        let extras = JpegExtras {
            icc: Some(broken),
            ..JpegExtras::default()
        };
        let pixel = decoded(&rgb_jpeg(&picture, &extras)).pixel(20, 20);
        assert!(
            pixel.iter().zip(P3).all(|(a, b)| a.abs_diff(b) <= 3),
            "{pixel:?}"
        );
    }
}

#[test]
fn grey_profiles_are_used_for_grey_files() {
    let icc = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let extras = JpegExtras {
        icc: Some(&icc),
        ..JpegExtras::default()
    };
    let pixel = decoded(&jpeg(&[55; 40 * 40], 40, 40, JpegColor::Luma, &extras)).pixel(20, 20);
    assert!(
        pixel.iter().all(|value| value.abs_diff(128) <= 3),
        "{pixel:?}"
    );
    let png = png_with(
        &[55; 40 * 40],
        40,
        40,
        ColorType::Grayscale,
        BitDepth::Eight,
        |info| {
            info.icc_profile = Some(icc.clone().into());
        },
    );
    let pixel = decoded(&png).pixel(20, 20);
    assert!(
        pixel.iter().all(|value| value.abs_diff(128) <= 3),
        "{pixel:?}"
    );
    // An RGB profile on a grey file, and the reverse, say nothing.
    let rgb_icc = ColorProfile::new_display_p3().encode().unwrap();
    let extras = JpegExtras {
        icc: Some(&rgb_icc),
        ..JpegExtras::default()
    };
    assert!(
        decoded(&jpeg(&[55; 40 * 40], 40, 40, JpegColor::Luma, &extras)).pixel(20, 20)[0]
            .abs_diff(55)
            <= 2
    );
}
