//! Sizes, resizers, padding and levels: equal bytes.

use drape_vton::preprocess::{
    CANVAS, Fill, Kernel, MAX_PIXELS, Padding, Picture, PictureError, Size, fit, fit_size,
    normalise, resize_area, resize_lanczos, resize_lanczos4, resize_linear, resize_nearest_exact,
    shrink_to_box, shrunk_size, to_levels, unpad,
};
use sha2::{Digest, Sha256};

use drape_vton::weights::stream::Stream;

use crate::golden::{Tensors, json};

/// The box that the tests of fitting use: 36 wide, 54 high.
const SMALL: Size = Size::new(36, 54);

pub(crate) fn picture(tensors: &Tensors, name: &str) -> Picture {
    let shape = tensors.shape(name);
    let channels = shape.get(2).copied().unwrap_or(1);
    Picture::new(Size::new(shape[1], shape[0]), channels, tensors.u8(name)).expect(name)
}

#[track_caller]
pub(crate) fn assert_equal(found: &Picture, expected: &Picture, name: &str) {
    assert_eq!(found.size(), expected.size(), "{name}");
    let wrong = found
        .samples()
        .iter()
        .zip(expected.samples())
        .filter(|(a, b)| a != b)
        .count();
    let first = found
        .samples()
        .iter()
        .zip(expected.samples())
        .position(|(a, b)| a != b);
    assert_eq!(
        wrong,
        0,
        "{name}: {wrong} of {} samples differ, first {first:?}",
        expected.samples().len()
    );
}

pub(crate) fn names(tensors: &Tensors, group: &str) -> Vec<String> {
    let mut names: Vec<String> = tensors
        .file()
        .names()
        .into_iter()
        .filter_map(|name| {
            name.strip_suffix(".out")
                .filter(|name| name.starts_with(group))
                .map(str::to_owned)
        })
        .collect();
    names.sort();
    assert!(!names.is_empty(), "{group}");
    names
}

fn padding_of(case: &serde_json::Value) -> Padding {
    let sides: Vec<usize> =
        serde_json::from_value(case["padding_left_top_right_bottom"].clone()).expect("four sides");
    Padding {
        left: sides[0],
        top: sides[1],
        right: sides[2],
        bottom: sides[3],
    }
}

#[test]
fn sizes_follow_the_table() {
    let Some(tensors) = Tensors::read("pixels.safetensors") else {
        return;
    };
    let table = tensors.i32("sizes");
    assert_eq!(table.len(), 318 * 11);
    for row in table.chunks_exact(11) {
        let row: Vec<usize> = row
            .iter()
            .map(|value| usize::try_from(*value).expect("no negative size"))
            .collect();
        let shrunk = shrunk_size(Size::new(row[0], row[1]), 864).expect("a size");
        assert_eq!(shrunk, Size::new(row[2], row[3]), "{row:?}");
        let fitted = fit_size(shrunk, CANVAS).expect("a size");
        assert_eq!(fitted.size, Size::new(row[4], row[5]), "{row:?}");
        let padding = Padding {
            left: row[6],
            top: row[7],
            right: row[8],
            bottom: row[9],
        };
        assert_eq!(fitted.padding, padding, "{row:?}");
        let kernel = [Kernel::Keep, Kernel::Area, Kernel::Lanczos4][row[10]];
        assert_eq!(fitted.kernel, kernel, "{row:?}");
    }
}

#[test]
fn lanczos_equals_pillow() {
    let Some(tensors) = Tensors::read("pixels.safetensors") else {
        return;
    };
    let Some(details) = json("pixels.json") else {
        return;
    };
    for name in names(&tensors, "pre.") {
        let target = details["cases"][&name]["target"]
            .as_u64()
            .expect("a target") as usize;
        let found = shrink_to_box(&picture(&tensors, &format!("{name}.in")), target).expect(&name);
        assert_equal(&found, &picture(&tensors, &format!("{name}.out")), &name);
    }
    for name in names(&tensors, "lanczos.") {
        let expected = picture(&tensors, &format!("{name}.out"));
        let found = resize_lanczos(&picture(&tensors, &format!("{name}.in")), expected.size())
            .expect(&name);
        assert_equal(&found, &expected, &name);
    }
}

#[test]
fn fitted_photos_equal_opencv() {
    let Some(tensors) = Tensors::read("pixels.safetensors") else {
        return;
    };
    let Some(details) = json("pixels.json") else {
        return;
    };
    for name in names(&tensors, "pad.") {
        let (found, padding) = fit(
            &picture(&tensors, &format!("{name}.in")),
            SMALL,
            Fill::Photo,
        )
        .expect(&name);
        assert_equal(&found, &picture(&tensors, &format!("{name}.out")), &name);
        let case = &details["cases"][&name];
        assert_eq!(padding, padding_of(case), "{name}");

        let bare = unpad(&found, padding).expect(&name);
        let unpadded: [usize; 2] =
            serde_json::from_value(case["unpadded"].clone()).expect("two sides");
        assert_eq!([bare.height(), bare.width()], unpadded, "{name}");
        let (again, _) = fit(&bare, SMALL, Fill::Photo).expect(&name);
        assert_equal(&again, &found, &name);
    }
}

#[test]
fn fitted_drawings_equal_opencv() {
    let Some(tensors) = Tensors::read("pixels.safetensors") else {
        return;
    };
    let Some(details) = json("pixels.json") else {
        return;
    };
    for name in names(&tensors, "near.") {
        let (found, padding) = fit(
            &picture(&tensors, &format!("{name}.in")),
            SMALL,
            Fill::Drawing,
        )
        .expect(&name);
        assert_equal(&found, &picture(&tensors, &format!("{name}.out")), &name);
        assert_eq!(padding, padding_of(&details["cases"][&name]), "{name}");
    }
}

/// The made-up picture of a case of real size.
fn real_picture(input: &serde_json::Value) -> Picture {
    let side = |name: &str| input[name].as_u64().expect(name) as usize;
    let size = Size::new(side("w"), side("h"));
    let made = made_picture(
        input["stream"].as_str().expect("a name"),
        size,
        side("c").max(1),
    );
    assert_eq!(
        hex_sha256(made.samples()),
        input["sha256"].as_str().expect("a hash")
    );
    made
}

/// A picture of noise, ramps and checks that other programs can make too; the golden README says how.
pub(crate) fn made_picture(stream: &str, size: Size, channels: usize) -> Picture {
    let stream = Stream::named(stream);
    let (width, height, channels) = (size.width as u64, size.height as u64, channels as u64);
    let mut samples = Vec::new();
    for y in 0..height {
        for x in 0..width {
            for channel in 0..channels {
                let noise = u64::from(stream.bits((y * width + x) * channels + channel)) >> 16;
                let across = x * 255 / (width - 1).max(1);
                let down = y * 128 / (height - 1).max(1);
                let ramp = (across + down * (channel + 1) + 40 * channel) % 256;
                let checks = if (x + y) % 11 < 5 { 255 } else { 0 };
                samples.push([noise, ramp, checks][((x / 5 + y / 7) % 3) as usize] as u8);
            }
        }
    }
    Picture::new(size, channels as usize, samples).expect("a picture")
}

pub(crate) fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[test]
fn pictures_of_real_size_have_the_same_hash() {
    let Some(details) = json("pixels.json") else {
        return;
    };
    let mut seen = 0;
    for (name, case) in details["cases"].as_object().expect("cases") {
        if !name.starts_with("real.") {
            continue;
        }
        let source = real_picture(&case["input"]);
        let found = match name.as_str() {
            "real.pre" => shrink_to_box(&source, 864).expect(name),
            "real.nearest" => fit(&source, CANVAS, Fill::Drawing).expect(name).0,
            _ => fit(&source, CANVAS, Fill::Photo).expect(name).0,
        };
        assert_eq!(
            hex_sha256(found.samples()),
            case["sha256"].as_str().expect("a hash"),
            "{name}"
        );
        seen += 1;
    }
    assert_eq!(seen, 5);
}

#[test]
fn levels_go_to_values_and_back() {
    let Some(tensors) = Tensors::read("pixels.safetensors") else {
        return;
    };
    let ramp = Picture::new(Size::new(256, 1), 1, (0..=255).collect()).expect("a ramp");
    let values = normalise(&ramp);
    assert_eq!(values, tensors.f32("norm.out"));

    let (values, levels) = (tensors.f32("tou8.x"), tensors.u8("tou8.y"));
    let found = to_levels(&values, Size::new(values.len(), 1), 1).expect("a picture");
    assert_eq!(found.samples(), levels);
}

#[test]
fn planes_and_pixels_are_told_apart() {
    let picture =
        Picture::new(Size::new(2, 1), 3, vec![0, 51, 102, 153, 204, 255]).expect("a picture");
    let values = normalise(&picture);
    assert_eq!(values[..2], [-1.0, 153.0_f32 / 127.5 - 1.0]);
    let nudged: Vec<f32> = values.iter().map(|value| value + 1e-6).collect();
    assert_eq!(to_levels(&nudged, picture.size(), 3), Ok(picture));
}

#[test]
fn black_is_minus_one_and_no_number_is_black() {
    let black = Picture::filled(Size::new(3, 2), 1, 0).expect("a picture");
    assert_eq!(normalise(&black), [-1.0; 6]);
    let beyond = [-3.0, -1.0, 0.0, 1.0, 0.999, f32::NAN];
    assert_eq!(
        to_levels(&beyond, Size::new(6, 1), 1)
            .expect("a picture")
            .samples(),
        [0, 0, 127, 255, 254, 0]
    );
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    assert_eq!(
        to_levels(&odd, Size::new(3, 1), 1)
            .expect("a picture")
            .samples(),
        [0, 255, 0]
    );
}

#[test]
fn bad_pictures_are_refused() {
    let empty = PictureError::Empty {
        width: 0,
        height: 4,
    };
    assert_eq!(
        Picture::new(Size::new(0, 4), 3, Vec::new()),
        Err(empty.clone())
    );
    assert_eq!(
        Picture::filled(Size::new(4, 4), 0, 0),
        Err(PictureError::Channels(0))
    );
    assert_eq!(
        Picture::filled(Size::new(4, 4), 5, 0),
        Err(PictureError::Channels(5))
    );
    let short = Picture::new(Size::new(4, 4), 3, vec![0; 47]);
    assert_eq!(
        short,
        Err(PictureError::Length {
            expected: 48,
            found: 47
        })
    );
    for (width, height) in [
        (MAX_PIXELS + 1, 1),
        (usize::MAX, usize::MAX),
        (1 << 15, 1 << 14),
    ] {
        let found = Picture::filled(Size::new(width, height), 1, 0);
        assert_eq!(found, Err(PictureError::TooLarge { width, height }));
    }
}

#[test]
fn bad_sizes_are_refused_by_every_resizer() {
    type Resizer = fn(&Picture, Size) -> Result<Picture, PictureError>;
    let source = Picture::filled(Size::new(5, 4), 3, 9).expect("a picture");
    let resizers: [Resizer; 5] = [
        resize_linear,
        resize_lanczos,
        resize_area,
        resize_lanczos4,
        resize_nearest_exact,
    ];
    for resize in resizers {
        for to in [Size::new(0, 4), Size::new(5, 0), Size::new(0, 0)] {
            assert!(
                matches!(resize(&source, to), Err(PictureError::Empty { .. })),
                "{to}"
            );
        }
        for huge in [
            Size::new(usize::MAX, 3),
            Size::new(3, usize::MAX),
            Size::new(1 << 63, 1 << 62),
        ] {
            assert!(resize(&source, huge).is_err(), "{huge}");
        }
        let one = resize(&source, Size::new(1, 1)).expect("one pixel");
        assert_eq!(one.samples(), [9, 9, 9]);
    }
    let grown = resize_area(&source, Size::new(5, 5));
    assert_eq!(
        grown,
        Err(PictureError::AreaCannotGrow {
            from: source.size(),
            to: Size::new(5, 5)
        })
    );
}

#[test]
fn slivers_and_empty_boxes_are_refused() {
    let sliver = Picture::filled(Size::new(2000, 1), 3, 0).expect("a picture");
    assert!(matches!(
        shrink_to_box(&sliver, 864),
        Err(PictureError::Empty { .. })
    ));
    assert!(matches!(
        fit(&sliver, CANVAS, Fill::Photo),
        Err(PictureError::Empty { .. })
    ));
    let small = Picture::filled(Size::new(3, 3), 3, 0).expect("a picture");
    assert!(matches!(
        shrink_to_box(&small, 0),
        Err(PictureError::Empty { .. })
    ));
    assert!(matches!(
        fit(&small, Size::new(0, 9), Fill::Drawing),
        Err(PictureError::Empty { .. })
    ));
    assert!(shrunk_size(Size::new(0, 3), 864).is_err());
}

#[test]
fn padding_that_takes_everything_is_refused() {
    let source = Picture::filled(Size::new(4, 4), 1, 0).expect("a picture");
    for (left, right) in [(2, 2), (5, 0), (0, usize::MAX), (usize::MAX, 1)] {
        let padding = Padding {
            left,
            right,
            ..Padding::default()
        };
        assert_eq!(
            unpad(&source, padding),
            Err(PictureError::Padding(source.size()))
        );
    }
}

#[test]
fn a_hard_checkerboard_does_not_overflow() {
    let samples: Vec<u8> = (0..64)
        .map(|at| if (at / 8 + at % 8) % 2 == 0 { 255 } else { 0 })
        .collect();
    let source = Picture::new(Size::new(8, 8), 1, samples.clone()).expect("a picture");
    let grown = resize_lanczos4(&source, Size::new(24, 24)).expect("a picture");
    // At three times the size every middle pixel lies on a source pixel.
    let middles: Vec<u8> = (0..64)
        .map(|at| grown.samples()[(at / 8 * 3 + 1) * 24 + at % 8 * 3 + 1])
        .collect();
    assert_eq!(middles, samples);
}

#[test]
fn a_position_just_below_a_pixel_takes_that_pixel() {
    // The middle one of 49 rows lies a rounding error before the only source row.
    let source = Picture::new(Size::new(2, 1), 1, vec![200, 10]).expect("a picture");
    let grown = resize_lanczos4(&source, Size::new(2, 49)).expect("a picture");
    assert!(grown.samples().chunks_exact(2).all(|row| row == [200, 10]));
}
