//! Colour spaces: CIE Lab (D65), luma and Y Cr Cb.

use super::plane::{Color, Gray, Plane, Rgb8};

// Linear sRGB to XYZ, rows divided by the D65 white point where Lab needs it.
const WHITE_X: f32 = 0.950_456;
const WHITE_Z: f32 = 1.088_754;
const RGB_TO_XYZ: [[f32; 3]; 3] = [
    [0.412_453, 0.357_580, 0.180_423],
    [0.212_671, 0.715_160, 0.072_169],
    [0.019_334, 0.119_193, 0.950_227],
];
const XYZ_TO_RGB: [[f32; 3]; 3] = [
    [3.240_479, -1.537_15, -0.498_535],
    [-0.969_256, 1.875_991, 0.041_556],
    [0.055_648, -0.204_043, 1.057_311],
];

/// Converts an 8-bit picture to CIE Lab: L 0..100, a and b about -110..110.
pub fn lab(image: &Rgb8) -> Color {
    let table: [f32; 256] = std::array::from_fn(|value| linear(value as f32 / 255.0));
    image.map(|pixel| lab_from_linear(pixel.map(|channel| table[usize::from(channel)])))
}

/// Converts a picture of floats (R, G, B 0..255, values outside are clamped) to CIE Lab.
pub fn lab_from_f32(image: &Color) -> Color {
    image.map(lab_pixel)
}

/// Converts CIE Lab to R, G, B floats, clamped to 0..255.
pub fn rgb_from_lab(image: &Color) -> Color {
    image.map(rgb_pixel_from_lab)
}

/// Converts one colour (R, G, B 0..255, clamped) to CIE Lab.
pub fn lab_pixel(rgb: [f32; 3]) -> [f32; 3] {
    lab_from_linear(rgb.map(|channel| linear((channel / 255.0).clamp(0.0, 1.0))))
}

/// Converts one CIE Lab colour to R, G, B, clamped to 0..255.
pub fn rgb_pixel_from_lab(lab: [f32; 3]) -> [f32; 3] {
    let [l, a, b] = lab;
    let (y, fy) = if l <= 8.0 {
        let y = l / 903.3;
        (y, 7.787 * y + 16.0 / 116.0)
    } else {
        let fy = (l + 16.0) / 116.0;
        (fy * fy * fy, fy)
    };
    let x = inverse_lab_curve(fy + a / 500.0) * WHITE_X;
    let z = inverse_lab_curve(fy - b / 200.0) * WHITE_Z;
    XYZ_TO_RGB.map(|row| {
        let channel = row[0] * x + row[1] * y + row[2] * z;
        gamma(channel.clamp(0.0, 1.0)) * 255.0
    })
}

/// Computes Rec. 601 luma, 0..255.
pub fn luma(image: &Rgb8) -> Gray {
    image.map(|[r, g, b]| 0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b))
}

/// Converts one 8-bit colour to Y, Cr, Cb as whole numbers 0..255 (full range, Rec. 601).
pub fn ycrcb_pixel(rgb: [u8; 3]) -> [f32; 3] {
    let [r, g, b] = rgb.map(f32::from);
    let y = 0.299 * r + 0.587 * g + 0.114 * b;
    let cr = (r - y) * 0.713 + 128.0;
    let cb = (b - y) * 0.564 + 128.0;
    [y, cr, cb].map(|value| value.round().clamp(0.0, 255.0))
}

/// Converts an 8-bit picture to floats, 0..255.
pub fn to_float(image: &Rgb8) -> Color {
    image.map(|pixel| pixel.map(f32::from))
}

/// Converts floats to an 8-bit picture, rounded and clamped to 0..255.
pub fn to_rgb8(image: &Color) -> Rgb8 {
    image.map(|pixel| pixel.map(|channel| (channel + 0.5).clamp(0.0, 255.0) as u8))
}

/// Measures the distance of two colours with one weight per channel.
pub fn lab_distance(a: [f32; 3], b: [f32; 3], weights: [f32; 3]) -> f32 {
    let part = |i: usize| (a[i] - b[i]) * weights[i];
    (part(0) * part(0) + part(1) * part(1) + part(2) * part(2)).sqrt()
}

/// Makes a plane of weighted distances between two colour planes of the same size.
pub fn lab_distance_plane(a: &Color, b: &Color, weights: [f32; 3]) -> Plane<f32> {
    a.zip_map(b, |p, q| lab_distance(p, q, weights))
}

/// sRGB value 0..1 to linear light.
fn linear(value: f32) -> f32 {
    if value <= 0.04045 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

/// Linear light 0..1 to an sRGB value.
fn gamma(value: f32) -> f32 {
    if value <= 0.003_130_8 {
        value * 12.92
    } else {
        1.055 * value.powf(1.0 / 2.4) - 0.055
    }
}

fn lab_from_linear(rgb: [f32; 3]) -> [f32; 3] {
    let xyz = RGB_TO_XYZ.map(|row| row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2]);
    let [fx, fy, fz] = [xyz[0] / WHITE_X, xyz[1], xyz[2] / WHITE_Z].map(lab_curve);
    let l = if xyz[1] > 0.008_856 {
        116.0 * fy - 16.0
    } else {
        903.3 * xyz[1]
    };
    [l, 500.0 * (fx - fy), 200.0 * (fy - fz)]
}

fn lab_curve(value: f32) -> f32 {
    if value > 0.008_856 {
        value.cbrt()
    } else {
        7.787 * value + 16.0 / 116.0
    }
}

fn inverse_lab_curve(value: f32) -> f32 {
    const LIMIT: f32 = 7.787 * 0.008_856 + 16.0 / 116.0;
    if value > LIMIT {
        value * value * value
    } else {
        (value - 16.0 / 116.0) / 7.787
    }
}
