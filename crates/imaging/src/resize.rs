//! Smaller and larger pictures.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::{CropBox, Picture};

/// Resamples to exactly `width` x `height` pixels (each brought into 1..=[`crate::MAX_PICTURE_SIDE`]).
///
/// Lanczos with three lobes, in the picture's own (gamma) values. Deterministic.
pub fn resize_exact(picture: &Picture, width: u32, height: u32) -> Picture {
    resize_area(picture, picture.bounds(), width, height)
}

/// Shrinks so that no side is longer than `max_side` pixels, keeping the proportions; never enlarges.
pub fn resize_within(picture: Picture, max_side: u32) -> Picture {
    let (width, height) = fit_within(picture.width(), picture.height(), max_side);
    if (width, height) == (picture.width(), picture.height()) {
        return picture;
    }
    resize_exact(&picture, width, height)
}

/// Resamples a part of a picture to exactly `width` x `height` pixels, without copying the part first.
///
/// The area is cut to the picture.
pub fn resize_area(picture: &Picture, area: CropBox, width: u32, height: u32) -> Picture {
    let area = area.clamped_to(picture.width(), picture.height());
    let mut target = Picture::blank(width, height);
    if (area.width, area.height) == (target.width(), target.height()) {
        return picture.cropped(area);
    }
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .crop(
            f64::from(area.x),
            f64::from(area.y),
            f64::from(area.width),
            f64::from(area.height),
        );
    resample(picture, &mut target, &options);
    target
}

/// Returns the size that fits into `max_side` with the same proportions; the same size when it fits already.
pub fn fit_within(width: u32, height: u32, max_side: u32) -> (u32, u32) {
    let longest = width.max(height);
    let max_side = max_side.max(1);
    if longest <= max_side {
        return (width, height);
    }
    let scaled = |side: u32| {
        let rounded = (u64::from(side) * u64::from(max_side) * 2 + u64::from(longest))
            / (u64::from(longest) * 2);
        (rounded as u32).max(1)
    };
    (scaled(width), scaled(height))
}

#[expect(
    clippy::expect_used,
    reason = "a Picture's length fits its sides, and the area was cut to the picture"
)]
fn resample(source: &Picture, target: &mut Picture, options: &ResizeOptions) {
    let (width, height) = (target.width(), target.height());
    let from = ImageRef::new(
        source.width(),
        source.height(),
        source.data(),
        PixelType::U8x3,
    )
    .expect("length fits");
    let mut to = Image::from_slice_u8(width, height, target.data_mut(), PixelType::U8x3)
        .expect("length fits");
    Resizer::new()
        .resize(&from, &mut to, options)
        .expect("the area lies inside");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red grows with x, green with y, so that colours tell positions.
    fn map(width: u32, height: u32) -> Picture {
        let data = (0..height)
            .flat_map(|y| {
                (0..width)
                    .flat_map(move |x| [(x * 255 / width) as u8, (y * 255 / height) as u8, 128])
            })
            .collect();
        Picture::new(width, height, data).unwrap()
    }

    #[test]
    fn sizes_fit_and_keep_proportions() {
        assert_eq!(fit_within(4_000, 3_000, 2_048), (2_048, 1_536));
        assert_eq!(fit_within(100, 50, 2_048), (100, 50));
        assert_eq!(fit_within(30_000, 40, 100), (100, 1));
        assert_eq!(fit_within(7, 7, 0), (1, 1));
        let small = resize_within(map(400, 300), 100);
        assert_eq!((small.width(), small.height()), (100, 75));
        let same = map(40, 30);
        assert_eq!(resize_within(same.clone(), 100), same);
    }

    #[test]
    fn an_area_is_resampled_in_place() {
        let picture = map(256, 256);
        let area = CropBox {
            x: 128,
            y: 64,
            width: 128,
            height: 64,
        };
        let part = resize_area(&picture, area, 64, 32);
        let expected = resize_exact(&picture.cropped(area), 64, 32);
        // Apart from the borders, where the neighbours outside the area are not used in either case.
        let worst = part
            .data()
            .iter()
            .zip(expected.data())
            .map(|(a, b)| a.abs_diff(*b))
            .max();
        assert!(worst.unwrap() <= 1, "{worst:?}");
        assert_eq!(resize_area(&picture, area, 128, 64), picture.cropped(area));
    }
}
