//! Colour spaces: CIE Lab (D65), luma and Y Cr Cb.

use std::sync::LazyLock;

use super::plane::{Color, Gray, Plane, Rgb8};

/// Linear sRGB to XYZ, Y of white being 1.
const RGB_TO_XYZ: [[f32; 3]; 3] = [
    [0.412_453, 0.357_58, 0.180_423],
    [0.212_671, 0.715_16, 0.072_169],
    [0.019_334, 0.119_193, 0.950_227],
];
const XYZ_TO_RGB: [[f32; 3]; 3] = [
    [3.240_479, -1.537_15, -0.498_535],
    [-0.969_256, 1.875_991, 0.041_556],
    [0.055_648, -0.204_043, 1.057_311],
];
/// X and Z of the D65 white point.
const WHITE_X: f32 = 0.950_456;
const WHITE_Z: f32 = 1.088_754;
/// Below this share of white, Lab is linear in light.
const DARK: f32 = 0.008_856;
/// Slope of the linear part.
const DARK_SLOPE: f32 = 7.787;
/// Value of the linear part at black.
const DARK_OFFSET: f32 = 16.0 / 116.0;
/// Pixels that are converted together, so that the arithmetic runs on vectors.
const BLOCK: usize = 8;
/// Intervals of the table that turns sRGB floats into linear light.
const LINEAR_STEPS: usize = 4096;

static LINEAR_OF_BYTE: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|value| exact_linear(value as f64 / 255.0)));
static LINEAR: LazyLock<Vec<f32>> = LazyLock::new(|| {
    (0..=LINEAR_STEPS + 1)
        .map(|i| exact_linear(i as f64 / LINEAR_STEPS as f64))
        .collect()
});

/// Converts an 8-bit picture to CIE Lab: L 0..100, a and b about -110..110.
pub fn lab(image: &Rgb8) -> Color {
    let table = &*LINEAR_OF_BYTE;
    convert(
        image,
        |pixel| pixel.map(|channel| table[usize::from(channel)]),
        lab_from_linear,
    )
}

/// Converts a picture of floats (R, G, B 0..255, values outside are clamped) to CIE Lab.
pub fn lab_from_f32(image: &Color) -> Color {
    let table = &**LINEAR;
    convert(
        image,
        |pixel| pixel.map(|channel| linear(table, channel)),
        lab_from_linear,
    )
}

/// Converts CIE Lab to R, G, B floats, clamped to 0..255.
pub fn rgb_from_lab(image: &Color) -> Color {
    convert(image, |pixel| pixel, rgb_from_lab_block)
}

/// Converts one colour (R, G, B 0..255, clamped) to CIE Lab.
pub fn lab_pixel(rgb: [f32; 3]) -> [f32; 3] {
    let table = &**LINEAR;
    lab_from_linear(rgb.map(|channel| [linear(table, channel)])).map(|[value]| value)
}

/// Converts one CIE Lab colour to R, G, B, clamped to 0..255.
pub fn rgb_pixel_from_lab(lab: [f32; 3]) -> [f32; 3] {
    rgb_from_lab_block(lab.map(|value| [value])).map(|[value]| value)
}

/// Computes Rec. 601 luma, 0..255.
pub fn luma(image: &Rgb8) -> Gray {
    image.map(|[r, g, b]| 0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b))
}

/// Converts one 8-bit colour to Y, Cr, Cb as whole numbers 0..255 (full range, Rec. 601, chroma of the rounded Y).
pub fn ycrcb_pixel(rgb: [u8; 3]) -> [f32; 3] {
    /// Binary digits after the point.
    const SHIFT: i32 = 14;
    const HALF: i32 = 1 << (SHIFT - 1);
    let [r, g, b] = rgb.map(i32::from);
    let y = (r * 4899 + g * 9617 + b * 1868 + HALF) >> SHIFT;
    let cr = ((r - y) * 11682 + HALF) >> SHIFT;
    let cb = ((b - y) * 9241 + HALF) >> SHIFT;
    [y, cr + 128, cb + 128].map(|value| value.clamp(0, 255) as f32)
}

/// Converts an 8-bit picture to floats, 0..255.
pub fn to_float(image: &Rgb8) -> Color {
    image.map(|pixel| pixel.map(f32::from))
}

/// Converts floats to an 8-bit picture, rounded and clamped to 0..255.
pub fn to_rgb8(image: &Color) -> Rgb8 {
    image.map(|pixel| pixel.map(|channel| (channel + 0.5) as u8))
}

/// Measures the distance of two colours with one weight per channel.
pub fn lab_distance(a: [f32; 3], b: [f32; 3], weights: [f32; 3]) -> f32 {
    let part = |i: usize| (a[i] - b[i]) * weights[i];
    (part(0) * part(0) + part(1) * part(1) + part(2) * part(2)).sqrt()
}

/// Measures the weighted distance of a colour from the nearest of some; infinite where there are none.
pub fn nearest_lab_distance(color: [f32; 3], others: &[[f32; 3]], weights: [f32; 3]) -> f32 {
    let distances = others
        .iter()
        .map(|other| lab_distance(color, *other, weights));
    distances.fold(f32::INFINITY, f32::min)
}

/// Makes a plane of weighted distances between two colour planes of the same size.
pub fn lab_distance_plane(a: &Color, b: &Color, weights: [f32; 3]) -> Gray {
    a.zip_map(b, |p, q| lab_distance(p, q, weights))
}

/// Converts a plane block by block; `prepare` reads one pixel, `finish` converts blocks of separate channels.
fn convert<T: Copy + Sync>(
    image: &Plane<T>,
    prepare: impl Fn(T) -> [f32; 3] + Sync,
    finish: impl Fn([[f32; BLOCK]; 3]) -> [[f32; BLOCK]; 3] + Sync,
) -> Color {
    let mut out = Plane::new(image.width(), image.height(), [0.0; 3]);
    out.fill_rows(|y, row| {
        for (target, source) in row.chunks_mut(BLOCK).zip(image.row(y).chunks(BLOCK)) {
            let mut channels = [[0.0; BLOCK]; 3];
            for (i, &pixel) in source.iter().enumerate() {
                let [a, b, c] = prepare(pixel);
                (channels[0][i], channels[1][i], channels[2][i]) = (a, b, c);
            }
            let [a, b, c] = finish(channels);
            for (i, pixel) in target.iter_mut().enumerate() {
                *pixel = [a[i], b[i], c[i]];
            }
        }
    });
    out
}

/// sRGB value 0..1 to linear light (IEC 61966-2-1).
fn exact_linear(value: f64) -> f32 {
    let linear = if value <= 0.040_45 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    };
    linear as f32
}

/// sRGB value 0..255 (clamped, black when not a number) to linear light, read from the table; error below 1e-6.
fn linear(table: &[f32], value: f32) -> f32 {
    let position = (value * (LINEAR_STEPS as f32 / 255.0))
        .max(0.0)
        .min(LINEAR_STEPS as f32);
    let left = position as usize;
    let share = position - left as f32;
    table
        .get(left..left + 2)
        .map_or(0.0, |pair| pair[0] + (pair[1] - pair[0]) * share)
}

/// Linear light 0..1 to an sRGB value 0..1.
#[inline]
fn gamma(value: f32) -> f32 {
    // x^(1 / 2.4) = c^(5 / 4) for the cube root c.
    let root = cube_root(value.max(1e-6));
    let curved = 1.055 * root * root.sqrt().sqrt() - 0.055;
    if value <= 0.003_130_8 {
        value * 12.92
    } else {
        curved
    }
}

#[inline]
fn lab_from_linear<const N: usize>(rgb: [[f32; N]; 3]) -> [[f32; N]; 3] {
    let mut lab = [[0.0; N]; 3];
    for i in 0..N {
        let light = |row: [f32; 3]| row[0] * rgb[0][i] + row[1] * rgb[1][i] + row[2] * rgb[2][i];
        let x = lab_curve(light(RGB_TO_XYZ[0]) * (1.0 / WHITE_X));
        let y = lab_curve(light(RGB_TO_XYZ[1]));
        let z = lab_curve(light(RGB_TO_XYZ[2]) * (1.0 / WHITE_Z));
        lab[0][i] = 116.0 * y - 16.0;
        lab[1][i] = 500.0 * (x - y);
        lab[2][i] = 200.0 * (y - z);
    }
    lab
}

#[inline]
fn rgb_from_lab_block<const N: usize>(lab: [[f32; N]; 3]) -> [[f32; N]; 3] {
    let mut rgb = [[0.0; N]; 3];
    for i in 0..N {
        let middle = (lab[0][i] + 16.0) * (1.0 / 116.0);
        let x = inverse_lab_curve(middle + lab[1][i] * (1.0 / 500.0)) * WHITE_X;
        let y = inverse_lab_curve(middle);
        let z = inverse_lab_curve(middle - lab[2][i] * (1.0 / 200.0)) * WHITE_Z;
        for (channel, row) in rgb.iter_mut().zip(XYZ_TO_RGB) {
            let light = row[0] * x + row[1] * y + row[2] * z;
            channel[i] = gamma(light.clamp(0.0, 1.0)) * 255.0;
        }
    }
    rgb
}

#[inline]
fn lab_curve(share: f32) -> f32 {
    let root = cube_root(share.max(1e-6));
    if share > DARK {
        root
    } else {
        DARK_SLOPE * share + DARK_OFFSET
    }
}

#[inline]
fn inverse_lab_curve(value: f32) -> f32 {
    const LIMIT: f32 = DARK_SLOPE * DARK + DARK_OFFSET;
    if value > LIMIT {
        value * value * value
    } else {
        (value - DARK_OFFSET) * (1.0 / DARK_SLOPE)
    }
}

/// Cube root of a positive normal number by two Halley steps; exact to the last digits. Free of branches and calls.
#[inline]
fn cube_root(value: f32) -> f32 {
    // A third of the exponent, with the constant that makes the first guess good to 4 %.
    let mut root = f32::from_bits(value.to_bits() / 3 + 709_921_077);
    for _ in 0..2 {
        let cube = root * root * root;
        root *= (cube + 2.0 * value) / (2.0 * cube + value);
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(actual: [f32; 3], expected: [f32; 3], tolerance: f32) -> bool {
        actual
            .iter()
            .zip(expected)
            .all(|(a, b)| (a - b).abs() <= tolerance)
    }

    #[test]
    fn lab_of_known_colours() {
        // Published values for sRGB primaries under D65.
        for (rgb, expected) in [
            ([0, 0, 0], [0.0, 0.0, 0.0]),
            ([255, 255, 255], [100.0, 0.0, 0.0]),
            ([255, 0, 0], [53.24, 80.09, 67.20]),
            ([0, 255, 0], [87.73, -86.18, 83.18]),
            ([0, 0, 255], [32.30, 79.19, -107.86]),
            ([119, 119, 119], [50.03, 0.0, 0.0]),
        ] {
            let converted = lab(&Plane::new(1, 1, rgb))[(0, 0)];
            assert!(
                close(converted, expected, 0.03),
                "{rgb:?} gave {converted:?}"
            );
            assert!(
                close(lab_pixel(rgb.map(f32::from)), converted, 0.002),
                "{rgb:?}"
            );
        }
    }

    #[test]
    fn there_and_back_again() {
        let image = Plane::from_fn(37, 9, |x, y| [x as u8 * 6, y as u8 * 28, (x * y) as u8]);
        let back = rgb_from_lab(&lab(&image));
        for (a, b) in back.data().iter().zip(image.data()) {
            assert!(
                close(*a, b.map(f32::from), 0.01),
                "{b:?} came back as {a:?}"
            );
        }
        assert_eq!(to_rgb8(&back), image);
    }

    #[test]
    fn colours_outside_are_clamped() {
        assert_eq!(
            lab_pixel([-20.0, 300.0, f32::NAN]),
            lab_pixel([0.0, 255.0, 0.0])
        );
        assert!(close(
            rgb_pixel_from_lab([150.0, 0.0, 0.0]),
            [255.0; 3],
            0.01
        ));
        assert_eq!(
            to_rgb8(&Plane::new(1, 1, [-3.0, 254.6, 999.0]))[(0, 0)],
            [0, 255, 255]
        );
    }

    #[test]
    fn cube_root_is_exact() {
        for i in 1..3000_u16 {
            let value = f32::from(i) / 1000.0;
            assert!(
                (cube_root(value) - value.cbrt()).abs() < 3e-7 * value.cbrt(),
                "{value}"
            );
        }
    }

    #[test]
    fn luma_and_chroma_of_known_colours() {
        assert!((luma(&Plane::new(1, 1, [255, 0, 0]))[(0, 0)] - 76.245).abs() < 1e-3);
        assert_eq!(ycrcb_pixel([128, 128, 128]), [128.0, 128.0, 128.0]);
        assert_eq!(ycrcb_pixel([255, 0, 0]), [76.0, 255.0, 85.0]);
        assert_eq!(ycrcb_pixel([0, 0, 255]), [29.0, 107.0, 255.0]);
    }

    #[test]
    fn the_nearest_colour_counts() {
        let others = [[9.0, 0.0, 0.0], [0.0, 4.0, 0.0]];
        assert_eq!(nearest_lab_distance([0.0; 3], &others, [1.0; 3]), 4.0);
        assert_eq!(
            nearest_lab_distance([0.0; 3], &others, [0.2, 1.0, 1.0]),
            lab_distance([0.0; 3], others[0], [0.2, 1.0, 1.0])
        );
        assert_eq!(nearest_lab_distance([0.0; 3], &[], [1.0; 3]), f32::INFINITY);
    }

    #[test]
    fn distance_weighs_the_channels() {
        assert!((lab_distance([1.0, 2.0, 3.0], [4.0, 2.0, 7.0], [1.0; 3]) - 5.0).abs() < 1e-6);
        let planes = (
            Plane::new(2, 1, [10.0, 0.0, 0.0]),
            Plane::new(2, 1, [0.0; 3]),
        );
        assert_eq!(
            lab_distance_plane(&planes.0, &planes.1, [0.5, 1.0, 1.0]).data(),
            [5.0, 5.0]
        );
    }
}
