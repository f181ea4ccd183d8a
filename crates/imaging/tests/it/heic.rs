//! HEIC: grids, turns, cuts, transparency, profiles and broken containers.

use drape_imaging::{
    Format, ImageError, Limits, Orientation, Picture, decode, normalize_upload, probe, sniff,
};

use crate::formats::{assert_drawing, near};
use crate::make::{decoded, exif_block, small_limits};
use crate::make_heif::{Heif, cut, iso_box, mirrored, profile, red, turned};

const RED: [u8; 3] = [200, 40, 40];
const GREEN: [u8; 3] = [40, 160, 60];
const BLUE: [u8; 3] = [40, 60, 200];
const YELLOW: [u8; 3] = [220, 200, 40];

/// Tells the colours of the four corners: top left, top right, bottom left, bottom right.
fn corners(picture: &Picture) -> [[u8; 3]; 4] {
    let (right, bottom) = (picture.width() - 4, picture.height() - 4);
    [(3, 3), (right, 3), (3, bottom), (right, bottom)].map(|(x, y)| {
        let pixel = picture.pixel(x, y);
        [RED, GREEN, BLUE, YELLOW]
            .into_iter()
            .find(|colour| near(pixel, *colour))
            .unwrap_or(pixel)
    })
}

#[test]
fn an_encoders_own_file_is_read() {
    let bytes = include_bytes!("../fixtures/odd.heic");
    assert_eq!(sniff(bytes), Some(Format::Heic));
    let found = probe(bytes, &small_limits()).unwrap();
    assert_eq!(
        (found.width, found.height, found.orientation),
        (65, 49, Orientation::Upright)
    );
    assert_drawing(&decoded(bytes));
}

#[test]
fn transparency_is_laid_over_white() {
    let picture = decoded(include_bytes!("../fixtures/alpha.heic"));
    assert_eq!((picture.width(), picture.height()), (64, 48));
    assert!(
        near(picture.pixel(5, 40), [200, 30, 30]),
        "{:?}",
        picture.pixel(5, 40)
    );
    assert!(
        near(picture.pixel(55, 5), [255; 3]),
        "{:?}",
        picture.pixel(55, 5)
    );
}

#[test]
fn grids_are_put_together_and_cut() {
    let picture = decoded(&Heif::four_colours(vec![]).write());
    assert_eq!((picture.width(), picture.height()), (120, 100));
    assert_eq!(corners(&picture), [RED, GREEN, BLUE, YELLOW]);
    assert!(near(picture.pixel(62, 62), RED) && near(picture.pixel(65, 65), YELLOW));
}

#[test]
fn turns_and_mirrors_are_applied_once_and_in_order() {
    let cases = [
        (vec![turned(1)], (100, 120), [GREEN, YELLOW, RED, BLUE]),
        (vec![turned(2)], (120, 100), [YELLOW, BLUE, GREEN, RED]),
        (vec![turned(3)], (100, 120), [BLUE, RED, YELLOW, GREEN]),
        (vec![mirrored(0)], (120, 100), [BLUE, YELLOW, RED, GREEN]),
        (vec![mirrored(1)], (120, 100), [GREEN, RED, YELLOW, BLUE]),
        (
            vec![turned(1), mirrored(1)],
            (100, 120),
            [YELLOW, GREEN, BLUE, RED],
        ),
        (
            vec![mirrored(1), turned(1)],
            (100, 120),
            [RED, BLUE, GREEN, YELLOW],
        ),
    ];
    for (properties, size, expected) in cases {
        for exif in [None, Some(exif_block(6))] {
            // Phones write the orientation into EXIF as well; it must not be applied again.
            let file = Heif {
                exif,
                ..Heif::four_colours(properties.clone())
            };
            let bytes = file.write();
            let picture = decoded(&bytes);
            assert_eq!((picture.width(), picture.height()), size);
            assert_eq!(corners(&picture), expected, "{properties:?}");
            let found = probe(&bytes, &small_limits()).unwrap();
            assert_eq!((found.width, found.height), size);
            let upload = normalize_upload(&bytes, false, &Limits::default()).unwrap();
            assert_eq!(corners(&decoded(&upload.jpeg)), expected, "{properties:?}");
        }
    }
}

#[test]
fn cuts_follow_the_turns_around_them() {
    // The lower right 40 x 30 pixels, cut first and turned then.
    let picture = decoded(&Heif::four_colours(vec![cut(40, 30, 40, 35), turned(1)]).write());
    assert_eq!((picture.width(), picture.height()), (30, 40));
    assert_eq!(corners(&picture), [YELLOW; 4]);
    let turned_first = decoded(&Heif::four_colours(vec![turned(1), cut(30, 40, 35, 40)]).write());
    assert_eq!(corners(&turned_first), [BLUE; 4]);
    assert!(
        decode(
            &Heif::four_colours(vec![cut(500, 40, 0, 0)]).write(),
            &small_limits()
        )
        .is_err()
    );
}

#[test]
fn profiles_are_converted() {
    let icc = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let plain = decoded(&Heif::four_colours(vec![]).write()).pixel(20, 20);
    let converted = decoded(&Heif::four_colours(vec![profile(&icc)]).write()).pixel(20, 20);
    assert!(converted[0] > plain[0] + 8, "{plain:?} {converted:?}");
}

#[test]
fn a_picture_without_a_grid_is_read() {
    let file = Heif {
        tiles: vec![red()],
        columns: 1,
        rows: 1,
        width: 64,
        height: 64,
        properties: vec![turned(1)],
        exif: None,
    };
    let picture = decoded(&file.write());
    assert_eq!((picture.width(), picture.height()), (64, 64));
    assert_eq!(corners(&picture), [RED; 4]);
}

#[test]
fn limits_are_held_before_pixels_are_decoded() {
    let bytes = Heif::four_colours(vec![]).write();
    let limits = Limits {
        max_pixels: 11_999,
        ..small_limits()
    };
    let expected = ImageError::TooManyPixels {
        width: 120,
        height: 100,
        max_pixels: 11_999,
    };
    assert_eq!(decode(&bytes, &limits), Err(expected.clone()));
    assert_eq!(probe(&bytes, &limits), Err(expected));
    let huge = Heif {
        width: 60_000,
        height: 60_000,
        ..Heif::four_colours(vec![])
    };
    assert!(decode(&huge.write(), &Limits::default()).is_err());
}

#[test]
fn broken_containers_are_refused() {
    let bytes = Heif::four_colours(vec![]).write();
    for end in (0..bytes.len()).rev().step_by(3) {
        assert!(
            decode(&bytes[..end], &small_limits()).is_err(),
            "cut at {end} of {}",
            bytes.len()
        );
    }
    let nameless = [
        iso_box(b"ftyp", b"heic\0\0\0\0mif1heic"),
        iso_box(b"mdat", &[0; 100]),
    ]
    .concat();
    assert!(matches!(
        decode(&nameless, &small_limits()),
        Err(ImageError::Corrupt {
            format: Format::Heic,
            ..
        })
    ));
}
