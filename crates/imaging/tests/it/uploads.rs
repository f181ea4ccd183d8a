//! The upload pipeline as a whole.

use drape_imaging::{ImageError, Limits, Picture, normalize_picture, normalize_upload};

use crate::make::{JpegExtras, decoded, gradient, png, rgb_jpeg};

fn upload(width: u32, height: u32, crop: bool) -> drape_imaging::Normalized {
    let bytes = rgb_jpeg(&gradient(width, height), &JpegExtras::default());
    normalize_upload(&bytes, crop, &Limits::default()).unwrap()
}

#[test]
fn crops_are_four_by_five_to_the_pixel() {
    for (width, height, expected) in [
        (640, 480, (384, 480)),
        (480, 640, (480, 600)),
        (501, 333, (264, 330)),
        (400, 500, (400, 500)),
        (3_000, 2_600, (1_636, 2_045)),
        (33, 700, (32, 40)),
        (700, 32, (24, 30)),
    ] {
        let result = upload(width, height, true);
        assert_eq!(
            (result.width, result.height),
            expected,
            "{width} x {height}"
        );
        let picture = decoded(&result.jpeg);
        assert_eq!((picture.width(), picture.height()), expected);
        assert_eq!(result.width * 5, result.height * 4);
        assert_eq!((result.source_width, result.source_height), (width, height));
    }
}

#[test]
fn without_a_crop_proportions_stay() {
    let result = upload(3_000, 1_500, false);
    assert_eq!((result.width, result.height), (2_048, 1_024));
    assert_eq!(result.face, None);
    let small = upload(300, 150, false);
    assert_eq!((small.width, small.height), (300, 150));
    let bytes = rgb_jpeg(&gradient(300, 150), &JpegExtras::default());
    assert_eq!(normalize_picture(&bytes, &Limits::default()), Ok(small));
}

#[test]
fn results_carry_no_metadata_and_repeat() {
    let extras = JpegExtras {
        exif_orientation: Some(3),
        ..JpegExtras::default()
    };
    let bytes = rgb_jpeg(&gradient(320, 240), &extras);
    assert!(bytes.windows(4).any(|word| word == b"Exif"));
    let result = normalize_upload(&bytes, true, &Limits::default()).unwrap();
    assert!(!result.jpeg.windows(4).any(|word| word == b"Exif"));
    assert_eq!(
        normalize_upload(&bytes, true, &Limits::default()),
        Ok(result)
    );
}

#[test]
fn limits_are_held() {
    let bytes = rgb_jpeg(&gradient(100, 100), &JpegExtras::default());
    let outcome = |limits: Limits| normalize_upload(&bytes, true, &limits).map(|_| ());
    let limits = Limits::default();
    assert_eq!(outcome(limits), Ok(()));
    assert!(matches!(
        outcome(Limits {
            max_bytes: 50,
            ..limits
        }),
        Err(ImageError::TooManyBytes { max_bytes: 50, .. })
    ));
    assert!(matches!(
        outcome(Limits {
            max_pixels: 9_999,
            ..limits
        }),
        Err(ImageError::TooManyPixels { .. })
    ));
    assert!(matches!(
        outcome(Limits {
            max_side: 99,
            ..limits
        }),
        Err(ImageError::SideTooLong { .. })
    ));
    assert!(matches!(
        outcome(Limits {
            min_side: 101,
            ..limits
        }),
        Err(ImageError::TooSmall { .. })
    ));
}

#[test]
fn tiny_pictures_are_refused_and_handled_where_allowed() {
    let tiny = png(
        Picture::filled(3, 3, [5, 6, 7]).data(),
        3,
        3,
        png::ColorType::Rgb,
        png::BitDepth::Eight,
    );
    let refused = normalize_upload(&tiny, true, &Limits::default()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "The picture is 3 x 3 pixels; each side needs at least 32"
    );
    let limits = crate::make::small_limits();
    for side in 1..12 {
        for other in [1, 5, 40] {
            let picture = Picture::filled(side, other, [5, 6, 7]);
            let bytes = png(
                picture.data(),
                side,
                other,
                png::ColorType::Rgb,
                png::BitDepth::Eight,
            );
            let result = normalize_upload(&bytes, true, &limits).unwrap();
            assert!(result.width >= 1 && result.height >= 1);
        }
    }
}

#[test]
fn debug_output_names_sizes_only() {
    let printed = format!("{:?}", upload(64, 80, true));
    assert!(printed.starts_with("Normalized(64 x 80, "), "{printed}");
    assert!(printed.len() < 60);
}
