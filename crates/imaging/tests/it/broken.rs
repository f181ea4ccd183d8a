//! Files that are cut off, scrambled or made to take memory.

use drape_imaging::{Format, ImageError, Limits, Picture, decode, normalize_upload, probe};
use jpeg_encoder::{ColorType as JpegColor, SamplingFactor};
use png::{BitDepth, ColorType};

use crate::make::{
    JpegExtras, Numbers, decoded, exif_block, gradient, jpeg, png, png_chunk, png_with, rgb_jpeg,
    small_limits, webp, with_chunk, zlib_zeros,
};
use crate::make_heif::{Heif, turned};

/// Writes a PNG from rows that already have their filter bytes, with every header field chosen.
pub(crate) fn png_of_raw(
    width: u32,
    height: u32,
    colour: u8,
    depth: u8,
    interlaced: bool,
    raw: &[u8],
) -> Vec<u8> {
    png_of_stream(width, height, colour, depth, interlaced, &zlib_stored(raw))
}

fn png_of_stream(
    width: u32,
    height: u32,
    colour: u8,
    depth: u8,
    interlaced: bool,
    stream: &[u8],
) -> Vec<u8> {
    let sizes = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let header = [
        sizes.as_slice(),
        &[depth, colour, 0, 0, u8::from(interlaced)],
    ]
    .concat();
    [
        b"\x89PNG\r\n\x1a\n".as_slice(),
        &png_chunk(b"IHDR", &header),
        &png_chunk(b"IDAT", stream),
        &png_chunk(b"IEND", &[]),
    ]
    .concat()
}

/// Wraps bytes into a zlib stream of stored blocks.
fn zlib_stored(raw: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let blocks = raw.chunks(65_535);
    let count = blocks.len();
    for (index, block) in blocks.enumerate() {
        stream.push(u8::from(index + 1 == count));
        stream.extend_from_slice(&(block.len() as u16).to_le_bytes());
        stream.extend_from_slice(&(!(block.len() as u16)).to_le_bytes());
        stream.extend_from_slice(block);
    }
    let (low, high) = raw.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    stream.extend_from_slice(&(high << 16 | low).to_be_bytes());
    stream
}

/// One sound file of each kind that decoders treat differently.
fn sound_files() -> Vec<(&'static str, Vec<u8>)> {
    let picture = gradient(61, 47);
    let data = picture.data();
    let gray: Vec<u8> = data.chunks(3).map(|pixel| pixel[0]).collect();
    let rgba: Vec<u8> = data
        .chunks(3)
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2], pixel[0]])
        .collect();
    let deep: Vec<u8> = data.iter().flat_map(|value| [*value, 7]).collect();
    let icc = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let progressive = JpegExtras {
        progressive: true,
        exif_orientation: Some(6),
        ..JpegExtras::default()
    };
    let restarts = JpegExtras {
        restart_interval: 3,
        icc: Some(&icc),
        ..JpegExtras::default()
    };
    let indexed = png_with(&gray, 61, 47, ColorType::Indexed, BitDepth::Eight, |info| {
        info.palette = Some(
            (0..=255)
                .flat_map(|value| [value, 255 - value, 9])
                .collect::<Vec<u8>>()
                .into(),
        );
        info.exif_metadata = Some(exif_block(3).into());
        info.icc_profile = Some(icc.clone().into());
    });
    vec![
        ("JPEG", rgb_jpeg(&picture, &JpegExtras::default())),
        ("progressive JPEG", rgb_jpeg(&picture, &progressive)),
        ("JPEG with restarts", rgb_jpeg(&picture, &restarts)),
        (
            "grey JPEG",
            jpeg(&gray, 61, 47, JpegColor::Luma, &JpegExtras::default()),
        ),
        (
            "YCCK JPEG",
            jpeg(&rgba, 61, 47, JpegColor::CmykAsYcck, &JpegExtras::default()),
        ),
        ("PNG", png(data, 61, 47, ColorType::Rgb, BitDepth::Eight)),
        (
            "deep PNG",
            png(&deep, 61, 47, ColorType::Rgb, BitDepth::Sixteen),
        ),
        (
            "PNG with alpha",
            png(&rgba, 61, 47, ColorType::Rgba, BitDepth::Eight),
        ),
        ("indexed PNG", indexed),
        (
            "lossless WebP",
            webp(
                data,
                61,
                47,
                image_webp::ColorType::Rgb8,
                Some(exif_block(8)),
                Some(icc.clone()),
            ),
        ),
        (
            "lossless WebP with alpha",
            webp(&rgba, 61, 47, image_webp::ColorType::Rgba8, None, None),
        ),
        (
            "lossy WebP",
            include_bytes!("../fixtures/lossy.webp").to_vec(),
        ),
        (
            "lossy WebP with alpha",
            include_bytes!("../fixtures/lossy_alpha.webp").to_vec(),
        ),
        (
            "animated WebP",
            include_bytes!("../fixtures/animated.webp").to_vec(),
        ),
        ("HEIC", include_bytes!("../fixtures/odd.heic").to_vec()),
        (
            "HEIC with alpha",
            include_bytes!("../fixtures/alpha.heic").to_vec(),
        ),
        ("HEIC grid", Heif::four_colours(vec![turned(1)]).write()),
    ]
}

#[test]
fn files_that_are_cut_off_are_refused() {
    for (name, bytes) in sound_files() {
        let whole = decoded(&bytes);
        let step = (bytes.len() / 400).max(1);
        for end in (0..bytes.len()).step_by(step) {
            match decode(&bytes[..end], &small_limits()) {
                Err(_) => {}
                // A PNG has all its pixels before its last chunk ends.
                Ok(picture) => {
                    assert_eq!(picture, whole, "{name} cut at {end}");
                    assert!(
                        name.contains("PNG") && end + 24 > bytes.len(),
                        "{name} cut at {end} of {}",
                        bytes.len()
                    );
                }
            }
        }
    }
}

#[test]
fn a_cut_in_the_pixels_is_told_as_such() {
    for (name, bytes) in sound_files() {
        let outcome = decode(&bytes[..bytes.len() * 9 / 10], &small_limits());
        assert!(
            matches!(outcome, Err(ImageError::Truncated { .. })),
            "{name}: {outcome:?}"
        );
    }
}

#[test]
fn a_jpeg_that_ends_early_with_an_end_marker_is_refused() {
    let picture = gradient(400, 300);
    for sampling in [SamplingFactor::R_4_4_4, SamplingFactor::R_4_2_0] {
        for restart_interval in [0, 7] {
            let extras = JpegExtras {
                sampling: Some(sampling),
                restart_interval,
                ..JpegExtras::default()
            };
            let bytes = rgb_jpeg(&picture, &extras);
            decoded(&bytes);
            for share in [4, 6, 8, 9] {
                let cut = [&bytes[..bytes.len() * share / 10], &[0xFF, 0xD9]].concat();
                let outcome = decode(&cut, &small_limits());
                assert!(
                    outcome.is_err(),
                    "{sampling:?} restarts {restart_interval} at {share}/10"
                );
            }
        }
    }
}

#[test]
fn what_follows_a_jpeg_does_not_matter() {
    let bytes = rgb_jpeg(&gradient(400, 300), &JpegExtras::default());
    let another = rgb_jpeg(&gradient(80, 80), &JpegExtras::default());
    for rest in [&another[..], &[0; 500], &[0xFF, 0xD9]] {
        assert_eq!(decoded(&[&bytes[..], rest].concat()), decoded(&bytes));
    }
}

#[test]
fn a_jpeg_of_countless_header_segments_is_refused() {
    let sound = rgb_jpeg(&gradient(40, 40), &JpegExtras::default());
    // A piece of extended XMP: a name, 32 characters of identity, total length, place.
    let name = b"http://ns.adobe.com/xmp/extension/\0";
    let body = [
        name.as_slice(),
        &[b'A'; 32],
        &[0x40, 0, 0, 0],
        &[0, 0, 0, 0, b'x'],
    ]
    .concat();
    let piece = [
        &[0xFF, 0xE1],
        (body.len() as u16 + 2).to_be_bytes().as_slice(),
        &body,
    ]
    .concat();
    let with_pieces = |count: usize| [&sound[..2], &piece.repeat(count), &sound[2..]].concat();
    assert_eq!(decoded(&with_pieces(500)), decoded(&sound));
    for outcome in [
        decode(&with_pieces(100_000), &small_limits()).map(|_| ()),
        probe(&with_pieces(100_000), &small_limits()).map(|_| ()),
    ] {
        assert!(
            matches!(
                outcome,
                Err(ImageError::Corrupt {
                    format: Format::Jpeg,
                    ..
                })
            ),
            "{outcome:?}"
        );
    }
}

#[test]
fn scrambled_files_never_stop_the_program() {
    let limits = Limits {
        max_pixels: 1_000_000,
        ..small_limits()
    };
    let mut numbers = Numbers::new(2_026);
    for (name, bytes) in sound_files() {
        for round in 0..1_200 {
            let mut broken = bytes.clone();
            for _ in 0..=numbers.below(4) {
                // Every other change hits the first bytes, where the headers are.
                let reach = if numbers.below(2) == 0 {
                    bytes.len().min(600)
                } else {
                    bytes.len()
                };
                let at = numbers.below(reach);
                match numbers.below(5) {
                    0 => broken[at] = [0, 0xFF, 0x7F, 0x80][numbers.below(4)],
                    1 => broken[at] ^= 1 << numbers.below(8),
                    2 => broken[at] = numbers.below(256) as u8,
                    3 => {
                        let end = (at + numbers.below(40)).min(bytes.len());
                        let piece = bytes[at..end].to_vec();
                        let to = numbers.below(broken.len());
                        broken.splice(to..to, piece);
                    }
                    _ => broken
                        .truncate(broken.len().max(2) - numbers.below(20).min(broken.len() / 2)),
                }
                broken.resize(broken.len().max(bytes.len()), 0);
            }
            // Whatever comes out, it comes back; and what is decoded has the size that was announced.
            if let Ok(picture) = decode(&broken, &limits) {
                let found = probe(&broken, &limits).unwrap();
                let size = found.orientation.upright_size(found.width, found.height);
                assert_eq!(
                    (picture.width(), picture.height()),
                    size,
                    "{name}, round {round}"
                );
            }
        }
    }
}

#[test]
fn headers_that_announce_too_much_are_refused() {
    let limits = Limits::default();
    let too_many = ImageError::TooManyPixels {
        width: 60_000,
        height: 60_000,
        max_pixels: 50_000_000,
    };
    let bomb = png_of_raw(60_000, 60_000, 2, 8, false, &[0; 100]);
    assert_eq!(decode(&bomb, &limits), Err(too_many.clone()));
    assert_eq!(probe(&bomb, &limits), Err(too_many.clone()));
    assert_eq!(
        normalize_upload(&bomb, true, &limits),
        Err(too_many.clone())
    );

    let mut bomb = rgb_jpeg(&gradient(40, 40), &JpegExtras::default());
    let frame = bomb
        .windows(2)
        .position(|pair| pair == [0xFF, 0xC0])
        .unwrap();
    bomb[frame + 5..frame + 9].copy_from_slice(&[0xEA, 0x60, 0xEA, 0x60]);
    assert_eq!(decode(&bomb, &limits), Err(too_many));

    // The container announces a small canvas, the frame inside it the largest there is.
    let mut bomb = include_bytes!("../fixtures/animated.webp").to_vec();
    let frame = bomb
        .windows(3)
        .position(|code| code == [0x9D, 0x01, 0x2A])
        .unwrap();
    bomb[frame + 3..frame + 7].copy_from_slice(&[0xFF, 0x3F, 0xFF, 0x3F]);
    let expected = ImageError::Corrupt {
        format: Format::WebP,
        detail: "a frame is larger than the picture".to_owned(),
    };
    assert_eq!(decode(&bomb, &small_limits()), Err(expected));
}

#[test]
fn compressed_metadata_is_not_blown_up() {
    let picture = gradient(40, 40);
    let sound = png(picture.data(), 40, 40, ColorType::Rgb, BitDepth::Eight);
    // About 330 MB of zeros in 330 KB.
    let zeros = zlib_zeros(5_000);
    let profile = [b"bomb\0\0".as_slice(), &zeros].concat();
    let text = [b"Comment\0\0".as_slice(), &zeros].concat();
    let long_text = [b"Comment\0\x01\0\0\0".as_slice(), &zeros].concat();
    for (name, body) in [(b"iCCP", profile), (b"zTXt", text), (b"iTXt", long_text)] {
        assert_eq!(
            decoded(&with_chunk(&sound, name, &body)),
            picture,
            "{name:?}"
        );
    }
}

#[test]
fn pixels_behind_the_last_row_are_left_alone() {
    // 32 x 32 black pixels, then 2.6 MB more and bytes that are no deflate stream: whoever unpacked it all would fail.
    for interlaced in [false, true] {
        let zeros = zlib_zeros(40);
        let stream = [&zeros[..zeros.len() - 40], &[0xFF; 2_000]].concat();
        let picture = decoded(&png_of_stream(32, 32, 0, 8, interlaced, &stream));
        assert_eq!(picture, Picture::filled(32, 32, [0; 3]));
        let with_fault_in_the_rows = [&stream[..2], &[0xFF; 2_000]].concat();
        let bytes = png_of_stream(32, 32, 0, 8, interlaced, &with_fault_in_the_rows);
        assert!(decode(&bytes, &small_limits()).is_err());
    }
}
