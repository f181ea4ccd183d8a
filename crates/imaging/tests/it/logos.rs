//! Logo files as shops send them.

use drape_imaging::{ImageError, Logo, LogoError, MAX_LOGO_BYTES};
use png::{BitDepth, ColorType};

use crate::make::{JpegExtras, exif_block, gradient, jpeg, png, webp, with_chunk};

/// A red box with a transparent border of `border` pixels, as RGBA.
fn framed_box(width: u32, height: u32, border: u32) -> Vec<u8> {
    let mut data = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let is_inside =
                (border..width - border).contains(&x) && (border..height - border).contains(&y);
            data.extend_from_slice(if is_inside {
                &[200, 30, 40, 255]
            } else {
                &[0, 255, 0, 0]
            });
        }
    }
    data
}

fn size(logo: &Logo) -> (u32, u32) {
    (logo.width(), logo.height())
}

#[test]
fn png_and_webp_with_alpha_give_the_same_logo() {
    let data = framed_box(60, 40, 6);
    let from_png =
        Logo::from_upload(&png(&data, 60, 40, ColorType::Rgba, BitDepth::Eight)).unwrap();
    let colour = image_webp::ColorType::Rgba8;
    let from_webp = Logo::from_upload(&webp(&data, 60, 40, colour, None, None)).unwrap();
    assert_eq!(
        size(&from_png),
        (48, 28),
        "the transparent border is cut off"
    );
    assert!(from_png == from_webp);
}

#[test]
fn what_is_kept_reads_back_alike() {
    let data = framed_box(60, 40, 6);
    let logo = Logo::from_upload(&png(&data, 60, 40, ColorType::Rgba, BitDepth::Eight)).unwrap();
    let (kept, bytes) = logo.to_png();
    assert!(kept == logo);
    assert!(Logo::from_png(&bytes).unwrap() == logo);
    assert!(Logo::from_png(&bytes[..bytes.len() / 2]).is_err());
    assert!(Logo::from_png(b"nothing").is_err());
}

#[test]
fn opaque_logos_of_every_layout_are_taken_whole() {
    let gray: Vec<u8> = (0..32 * 16).map(|index| (index % 256) as u8).collect();
    let gray_alpha: Vec<u8> = gray.iter().flat_map(|value| [*value, 255]).collect();
    let rgb: Vec<u8> = gray.iter().flat_map(|value| [*value; 3]).collect();
    let files = [
        png(&gray, 32, 16, ColorType::Grayscale, BitDepth::Eight),
        png(
            &gray_alpha,
            32,
            16,
            ColorType::GrayscaleAlpha,
            BitDepth::Eight,
        ),
        png(&rgb, 32, 16, ColorType::Rgb, BitDepth::Eight),
        webp(&rgb, 32, 16, image_webp::ColorType::Rgb8, None, None),
    ];
    let logos: Vec<Logo> = files
        .iter()
        .map(|file| Logo::from_upload(file).unwrap())
        .collect();
    assert!(logos.iter().all(|logo| size(logo) == (32, 16)));
    assert!(logos.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_turned_logo_is_put_upright_with_its_alpha() {
    // The left half is transparent; turned clockwise it is the upper half.
    let data: Vec<u8> = (0..20 * 40)
        .flat_map(|index| {
            if index % 20 < 10 {
                [0, 0, 0, 0]
            } else {
                [9, 9, 9, 255]
            }
        })
        .collect();
    let file = png(&data, 20, 40, ColorType::Rgba, BitDepth::Eight);
    let turned = with_chunk(&file, b"eXIf", &exif_block(6));
    assert_eq!(size(&Logo::from_upload(&file).unwrap()), (10, 40));
    assert_eq!(size(&Logo::from_upload(&turned).unwrap()), (40, 10));
}

#[test]
fn large_logos_are_kept_smaller() {
    let data = [10, 20, 30, 255].repeat(4_096 * 512);
    let file = png(&data, 4_096, 512, ColorType::Rgba, BitDepth::Eight);
    assert_eq!(size(&Logo::from_upload(&file).unwrap()), (2_048, 256));
}

#[test]
fn noise_does_not_fill_the_database() {
    let mut numbers = crate::make::Numbers::new(7);
    let alpha: Vec<u8> = (0..2_048 * 2_048)
        .map(|_| numbers.below(256) as u8)
        .collect();
    let logo = Logo::of_shape(2_048, 2_048, [1, 2, 3], alpha).unwrap();
    let (kept, bytes) = logo.to_png();
    assert!(bytes.len() <= 4 * 1_024 * 1_024, "{}", bytes.len());
    assert!(Logo::from_png(&bytes).unwrap() == kept);
}

#[test]
fn what_cannot_be_a_logo_is_refused_in_words() {
    let photo = gradient(64, 64);
    let photo = jpeg(
        photo.data(),
        64,
        64,
        jpeg_encoder::ColorType::Rgb,
        &JpegExtras::default(),
    );
    let refused = |bytes: &[u8]| Logo::from_upload(bytes).unwrap_err();
    for (bytes, words) in [
        (photo.as_slice(), "A JPEG file cannot be a logo"),
        (b"GIF89a......", "A GIF file cannot be a logo"),
        (b"<svg xmlns='a'/>", "An SVG drawing cannot be a logo"),
        (b"hello", "This file cannot be a logo"),
        (b"", "This file cannot be a logo"),
    ] {
        let error = refused(bytes).to_string();
        assert!(error.starts_with(words), "{error}");
    }
    assert_eq!(
        refused(include_bytes!("../fixtures/animated.webp")),
        LogoError::Animated
    );
    let clear = png(
        &[255, 0, 0, 0].repeat(400),
        20,
        20,
        ColorType::Rgba,
        BitDepth::Eight,
    );
    assert_eq!(refused(&clear), LogoError::Invisible);
    let speck = framed_box(40, 40, 17);
    let speck = png(&speck, 40, 40, ColorType::Rgba, BitDepth::Eight);
    assert_eq!(
        refused(&speck),
        LogoError::TooSmall {
            width: 6,
            height: 6
        }
    );
    let small = png(&[1; 7 * 20 * 4], 7, 20, ColorType::Rgba, BitDepth::Eight);
    assert!(matches!(
        refused(&small),
        LogoError::Image(ImageError::TooSmall { .. })
    ));
    let long = png(
        &vec![1; 4_097 * 8 * 4],
        4_097,
        8,
        ColorType::Rgba,
        BitDepth::Eight,
    );
    assert!(matches!(
        refused(&long),
        LogoError::Image(ImageError::SideTooLong { .. } | ImageError::TooManyPixels { .. })
    ));
    let mut heavy = small;
    heavy.resize(MAX_LOGO_BYTES + 1, 0);
    assert!(matches!(
        refused(&heavy),
        LogoError::Image(ImageError::TooManyBytes { .. })
    ));
}

/// Files that are cut or changed anywhere give an error or a logo, never a panic.
#[test]
fn damaged_files_do_no_harm() {
    let data = framed_box(40, 40, 4);
    let files = [
        png(&data, 40, 40, ColorType::Rgba, BitDepth::Eight),
        webp(&data, 40, 40, image_webp::ColorType::Rgba8, None, None),
    ];
    let mut numbers = crate::make::Numbers::new(3);
    for file in files {
        for length in 0..file.len() {
            let cut = Logo::from_upload(&file[..length]);
            // The last bytes are checksums and an end mark, behind the last pixel.
            assert!(
                cut.is_err() || length + 32 > file.len(),
                "{length} of {}",
                file.len()
            );
        }
        for _ in 0..500 {
            let mut changed = file.clone();
            let at = numbers.below(changed.len());
            changed[at] ^= 1 << numbers.below(8);
            if let Ok(logo) = Logo::from_upload(&changed) {
                assert!(logo.width() >= 8 && logo.height() >= 8);
            }
        }
    }
}
