//! Every kind of file that is accepted, by its pixels.

use drape_imaging::{Format, ImageError, Limits, OtherFormat, Picture, decode, probe, sniff};
use jpeg_encoder::{ColorType as JpegColor, SamplingFactor};
use png::{BitDepth, ColorType};

use crate::make::{
    JpegExtras, decoded, difference, gradient, jpeg, png, png_with, rgb_jpeg, small_limits, webp,
};

#[test]
fn jpegs_of_every_sampling_read_alike() {
    let picture = gradient(83, 61);
    let samplings = [
        SamplingFactor::R_4_4_4,
        SamplingFactor::R_4_2_2,
        SamplingFactor::R_4_4_0,
        SamplingFactor::R_4_2_0,
        SamplingFactor::R_4_1_1,
    ];
    for sampling in samplings {
        for progressive in [false, true] {
            for restart_interval in [0, 2] {
                let extras = JpegExtras {
                    progressive,
                    restart_interval,
                    sampling: Some(sampling),
                    ..JpegExtras::default()
                };
                let off = difference(&decoded(&rgb_jpeg(&picture, &extras)), &picture);
                assert!(
                    off < 3.0,
                    "{sampling:?} progressive {progressive} restarts {restart_interval}: {off}"
                );
            }
        }
    }
}

#[test]
fn tiny_and_flat_jpegs_are_read() {
    // Flat pictures have a few bits per block, so decoders read ahead past the end of the data.
    for side in [1, 7, 8, 9, 16, 17, 32, 200, 256, 257, 520] {
        for colour in [[255; 3], [0; 3], [128; 3], [200, 30, 60]] {
            let picture = Picture::filled(side, side, colour);
            for progressive in [false, true] {
                let extras = JpegExtras {
                    progressive,
                    ..JpegExtras::default()
                };
                let off = difference(&decoded(&rgb_jpeg(&picture, &extras)), &picture);
                assert!(off < 3.0, "{side} {colour:?} {progressive}: {off}");
            }
        }
    }
}

#[test]
fn grey_jpegs_are_read() {
    let values: Vec<u8> = (0..40 * 30).map(|i| (i % 40 * 6) as u8).collect();
    for progressive in [false, true] {
        let extras = JpegExtras {
            progressive,
            ..JpegExtras::default()
        };
        let picture = decoded(&jpeg(&values, 40, 30, JpegColor::Luma, &extras));
        let [red, green, blue] = picture.pixel(20, 15);
        assert!(
            red == green && green == blue && red.abs_diff(120) < 6,
            "{red} {green} {blue}"
        );
    }
}

#[test]
fn ink_jpegs_are_read_with_and_without_luma_coding() {
    // Cyan, magenta, yellow, key: no ink is white, full key is black.
    let inks = [
        [0, 0, 0, 0],
        [255, 0, 0, 0],
        [0, 255, 0, 0],
        [0, 0, 255, 0],
        [0, 0, 0, 255],
        [0, 0, 0, 128],
    ];
    let shown = [
        [255, 255, 255],
        [0, 255, 255],
        [255, 0, 255],
        [255, 255, 0],
        [0, 0, 0],
        [127, 127, 127],
    ];
    for colour in [JpegColor::Cmyk, JpegColor::CmykAsYcck] {
        for (ink, expected) in inks.iter().zip(shown) {
            let bytes = jpeg(&ink.repeat(48 * 40), 48, 40, colour, &JpegExtras::default());
            let pixel = decoded(&bytes).pixel(24, 20);
            let close = pixel.iter().zip(expected).all(|(a, b)| a.abs_diff(b) < 8);
            assert!(close, "{colour:?} {ink:?} became {pixel:?}");
        }
    }
}

#[test]
fn pngs_of_every_layout_are_read() {
    let rgb = [10, 20, 30, 200, 210, 220];
    assert_eq!(
        decoded(&png(&rgb, 2, 1, ColorType::Rgb, BitDepth::Eight)).data(),
        rgb
    );
    let rgba = [10, 20, 30, 255, 0, 0, 0, 0];
    assert_eq!(
        decoded(&png(&rgba, 2, 1, ColorType::Rgba, BitDepth::Eight)).data(),
        [10, 20, 30, 255, 255, 255]
    );
    let gray = [0, 99];
    assert_eq!(
        decoded(&png(&gray, 2, 1, ColorType::Grayscale, BitDepth::Eight)).data(),
        [0, 0, 0, 99, 99, 99]
    );
    let gray_alpha = [0, 255, 0, 102];
    assert_eq!(
        decoded(&png(
            &gray_alpha,
            2,
            1,
            ColorType::GrayscaleAlpha,
            BitDepth::Eight
        ))
        .data(),
        [0, 0, 0, 153, 153, 153]
    );
    let deep = [0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC];
    assert_eq!(
        decoded(&png(&deep, 1, 1, ColorType::Rgb, BitDepth::Sixteen)).data(),
        [0x12, 0x56, 0x9A]
    );
    let deep_alpha = [0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0, 0];
    assert_eq!(
        decoded(&png(&deep_alpha, 1, 1, ColorType::Rgba, BitDepth::Sixteen)).data(),
        [255; 3]
    );
}

#[test]
fn shallow_and_indexed_pngs_are_read() {
    for (depth, byte, expected) in [
        (BitDepth::One, 0b0100_0000, [0, 255]),
        (BitDepth::Two, 0b0110_0000, [85, 170]),
        (BitDepth::Four, 0x3C, [51, 204]),
    ] {
        let picture = decoded(&png(&[byte], 2, 1, ColorType::Grayscale, depth));
        assert_eq!(
            [picture.pixel(0, 0)[0], picture.pixel(1, 0)[0]],
            expected,
            "{depth:?}"
        );
    }
    for (depth, byte) in [
        (BitDepth::One, 0b0100_0000),
        (BitDepth::Two, 0b0001_0000),
        (BitDepth::Four, 0x01),
    ] {
        let bytes = png_with(&[byte], 2, 1, ColorType::Indexed, depth, |info| {
            info.palette = Some(vec![1, 2, 3, 101, 102, 103].into());
        });
        assert_eq!(
            decoded(&bytes).data(),
            [1, 2, 3, 101, 102, 103],
            "{depth:?}"
        );
    }
    let see_through = png_with(&[0, 1], 2, 1, ColorType::Indexed, BitDepth::Eight, |info| {
        info.palette = Some(vec![1, 2, 3, 101, 102, 103].into());
        info.trns = Some(vec![255, 0].into());
    });
    assert_eq!(decoded(&see_through).data(), [1, 2, 3, 255, 255, 255]);
    let colour_key = png_with(
        &[1, 2, 3, 4, 5, 6],
        2,
        1,
        ColorType::Rgb,
        BitDepth::Eight,
        |info| {
            info.trns = Some(vec![0, 4, 0, 5, 0, 6].into());
        },
    );
    assert_eq!(decoded(&colour_key).data(), [1, 2, 3, 255, 255, 255]);
}

#[test]
fn interlaced_pngs_are_read() {
    // An encoder writes no interlaced files, so the passes are laid out here: each pass is a small picture of its own.
    for (width, height) in [(1, 1), (3, 2), (5, 9), (8, 8), (13, 11)] {
        let picture = gradient(width, height);
        let mut raw = Vec::new();
        let passes = [
            (0, 8, 0, 8),
            (4, 8, 0, 8),
            (0, 4, 4, 8),
            (2, 4, 0, 4),
            (0, 2, 2, 4),
            (1, 2, 0, 2),
            (0, 1, 1, 2),
        ];
        for (x0, step_x, y0, step_y) in passes {
            for y in (y0..height).step_by(step_y) {
                let row: Vec<u8> = (x0..width)
                    .step_by(step_x)
                    .flat_map(|x| picture.pixel(x, y))
                    .collect();
                if !row.is_empty() {
                    raw.push(0);
                    raw.extend(row);
                }
            }
        }
        let bytes = crate::broken::png_of_raw(width, height, 2, 8, true, &raw);
        assert_eq!(decoded(&bytes), picture, "{width} x {height}");
    }
}

#[test]
fn animations_give_their_first_frame() {
    let picture = gradient(40, 36);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 40, 36);
    encoder.set_color(ColorType::Rgb);
    encoder.set_animated(2, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(picture.data()).unwrap();
    writer
        .write_image_data(Picture::filled(40, 36, [1, 2, 3]).data())
        .unwrap();
    writer.finish().unwrap();
    assert_eq!(decoded(&bytes), picture);

    let first = decoded(include_bytes!("../fixtures/animated.webp"));
    assert_drawing(&first);
}

#[test]
fn webps_are_read() {
    let picture = gradient(50, 34);
    let lossless = webp(
        picture.data(),
        50,
        34,
        image_webp::ColorType::Rgb8,
        None,
        None,
    );
    assert_eq!(decoded(&lossless), picture);
    let rgba = [[10, 20, 30, 255], [10, 20, 30, 0]].concat();
    let with_alpha = webp(&rgba, 2, 1, image_webp::ColorType::Rgba8, None, None);
    assert_eq!(decoded(&with_alpha).data(), [10, 20, 30, 255, 255, 255]);

    assert_drawing(&decoded(include_bytes!("../fixtures/lossy.webp")));
    let half = decoded(include_bytes!("../fixtures/lossy_alpha.webp"));
    assert!(near(half.pixel(5, 40), [200, 30, 30]));
    assert!(near(half.pixel(50, 5), [255; 3]), "{:?}", half.pixel(50, 5));
}

/// Holds a picture against the drawing of the fixtures: a blue bar on top, a red one at the left, grey elsewhere.
pub(crate) fn assert_drawing(picture: &Picture) {
    assert_eq!((picture.width(), picture.height()), (65, 49));
    assert!(
        near(picture.pixel(40, 5), [30, 30, 200]),
        "top: {:?}",
        picture.pixel(40, 5)
    );
    assert!(
        near(picture.pixel(8, 35), [200, 30, 30]),
        "left: {:?}",
        picture.pixel(8, 35)
    );
    assert!(
        near(picture.pixel(50, 40), [230; 3]),
        "rest: {:?}",
        picture.pixel(50, 40)
    );
}

pub(crate) fn near(pixel: [u8; 3], expected: [u8; 3]) -> bool {
    pixel.iter().zip(expected).all(|(a, b)| a.abs_diff(b) < 12)
}

#[test]
fn probing_tells_size_and_kind_without_pixels() {
    let picture = gradient(70, 40);
    let files = [
        (Format::Jpeg, rgb_jpeg(&picture, &JpegExtras::default())),
        (
            Format::Png,
            png(picture.data(), 70, 40, ColorType::Rgb, BitDepth::Eight),
        ),
        (
            Format::WebP,
            webp(
                picture.data(),
                70,
                40,
                image_webp::ColorType::Rgb8,
                None,
                None,
            ),
        ),
    ];
    for (format, bytes) in files {
        let found = probe(&bytes, &Limits::default()).unwrap();
        assert_eq!((found.format, found.width, found.height), (format, 70, 40));
        assert_eq!(sniff(&bytes), Some(format));
        let strict = Limits {
            max_pixels: 2_799,
            ..Limits::default()
        };
        for outcome in [
            probe(&bytes, &strict).map(|_| ()),
            decode(&bytes, &strict).map(|_| ()),
        ] {
            assert_eq!(
                outcome,
                Err(ImageError::TooManyPixels {
                    width: 70,
                    height: 40,
                    max_pixels: 2_799
                })
            );
        }
    }
}

#[test]
fn other_files_are_refused_by_name_or_as_no_picture() {
    let limits = small_limits();
    assert_eq!(
        sniff(b"GIF89a\x01\0\x01\0"),
        Some(Format::Other(OtherFormat::Gif))
    );
    assert_eq!(
        decode(b"GIF89a\x01\0\x01\0", &limits),
        Err(ImageError::Unsupported { format: "GIF" })
    );
    assert_eq!(decode(b"hello", &limits), Err(ImageError::NotAnImage));
    assert_eq!(decode(b"", &limits), Err(ImageError::NotAnImage));
    // A document is no picture.
    assert_eq!(
        decode(b"%PDF-1.4 ...", &limits),
        Err(ImageError::NotAnImage)
    );
}
