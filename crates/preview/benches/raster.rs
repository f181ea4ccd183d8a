//! Times of the picture primitives on work-size (384x512) and full-size (768x1024) planes.
//!
//! Run with `cargo bench -p drape-preview --bench raster`.

use divan::{Bencher, black_box};
use drape_preview::raster::{
    Border, Mask, Plane, Point, Rgb8, Seed, Tps, XorShift, bilateral, dilate, distance_inside,
    erode, gaussian, gaussian_mask, grab_cut, inpaint, lab, largest_component, nearest_true,
    normal_noise, open, remap_linear, resize_area_rgb8, resize_cubic, rgb_from_lab, to_float,
};

const WORK: (usize, usize) = (384, 512);
const FULL: (usize, usize) = (768, 1024);

fn main() {
    divan::main();
}

/// Soft blobs with some noise.
fn picture((width, height): (usize, usize)) -> Rgb8 {
    let noise = normal_noise(width, height, 1);
    let wave = |value: usize, length: usize| (value as f32 / length as f32 * 9.0).sin();
    Plane::from_fn(width, height, |x, y| {
        let base = 128.0 + 70.0 * wave(x, width) * wave(y, height) + 6.0 * noise[(x, y)];
        [base as u8, (base * 0.8) as u8, 255 - base as u8]
    })
}

/// A figure-like area with a ragged outline.
fn figure((width, height): (usize, usize)) -> Mask {
    Plane::from_fn(width, height, |x, y| {
        let half = width as f64 * (0.22 + 0.05 * (y as f64 / height as f64 * 14.0).sin());
        (x as f64 - width as f64 / 2.0).abs() < half && y > height / 12
    })
}

#[divan::bench(args = [WORK, FULL])]
fn lab_of_bytes(bencher: Bencher, size: (usize, usize)) {
    let image = picture(size);
    bencher.bench(|| lab(black_box(&image)));
}

#[divan::bench(args = [WORK, FULL])]
fn rgb_of_lab(bencher: Bencher, size: (usize, usize)) {
    let colors = lab(&picture(size));
    bencher.bench(|| rgb_from_lab(black_box(&colors)));
}

#[divan::bench(args = [1.2, 4.0, 8.0, 24.0])]
fn gaussian_color_full(bencher: Bencher, sigma: f32) {
    let plane = to_float(&picture(FULL));
    bencher.bench(|| gaussian(black_box(&plane), sigma));
}

#[divan::bench(args = [1.2, 4.0, 8.0, 24.0])]
fn gaussian_mask_work(bencher: Bencher, sigma: f32) {
    let mask = figure(WORK);
    bencher.bench(|| gaussian_mask(black_box(&mask), sigma));
}

#[divan::bench]
fn bilateral_work(bencher: Bencher) {
    let colors = lab(&picture(WORK));
    bencher.bench(|| bilateral(black_box(&colors), 5, 8.0, 3.0));
}

#[divan::bench(args = [1.5, 5.0, 25.0])]
fn open_work(bencher: Bencher, radius: f64) {
    let mask = figure(WORK);
    bencher.bench(|| open(black_box(&mask), radius));
}

#[divan::bench(args = [WORK, FULL])]
fn distance(bencher: Bencher, size: (usize, usize)) {
    let mask = figure(size);
    bencher.bench(|| distance_inside(black_box(&mask)));
}

#[divan::bench(args = [WORK, FULL])]
fn nearest(bencher: Bencher, size: (usize, usize)) {
    let mask = figure(size);
    bencher.bench(|| nearest_true(black_box(&mask)));
}

#[divan::bench]
fn largest_component_work(bencher: Bencher) {
    let mask = figure(WORK);
    bencher.bench(|| largest_component(black_box(&mask)));
}

#[divan::bench]
fn cubic_to_full(bencher: Bencher) {
    let colors = lab(&picture(WORK));
    bencher.bench(|| resize_cubic(black_box(&colors), FULL.0, FULL.1));
}

#[divan::bench]
fn area_to_work(bencher: Bencher) {
    let image = picture(FULL);
    bencher.bench(|| resize_area_rgb8(black_box(&image), WORK.0, WORK.1));
}

#[divan::bench]
fn remap_color_full(bencher: Bencher) {
    let plane = to_float(&picture(FULL));
    let map = Plane::from_fn(FULL.0, FULL.1, |x, y| {
        [x as f32 * 0.97 + 4.3, y as f32 * 1.02 - 3.1]
    });
    bencher.bench(|| remap_linear(black_box(&plane), &map, Border::Replicate));
}

#[divan::bench]
fn spline_grid_full(bencher: Bencher) {
    let mut random = XorShift::new(5);
    let points: Vec<Point> = (0..40)
        .map(|_| {
            Point::new(
                f64::from(random.uniform()) * 768.0,
                f64::from(random.uniform()) * 1024.0,
            )
        })
        .collect();
    let moved: Vec<Point> = points.iter().map(|point| *point * 1.1).collect();
    let spline = Tps::new(&points, &moved, 2e-4);
    bencher.bench(|| black_box(&spline).grid(FULL.0, FULL.1, 8));
}

#[divan::bench]
fn grab_cut_work(bencher: Bencher) {
    let (image, mask) = (picture(WORK), figure(WORK));
    let (inner, outer) = (erode(&mask, 8.0), dilate(&mask, 8.0));
    let trimap = Plane::from_fn(WORK.0, WORK.1, |x, y| {
        match (inner[(x, y)], outer[(x, y)]) {
            (true, _) => Seed::Foreground,
            (_, false) => Seed::Background,
            _ if mask[(x, y)] => Seed::ProbableForeground,
            _ => Seed::ProbableBackground,
        }
    });
    bencher.bench(|| grab_cut(black_box(&image), &trimap, 4));
}

#[divan::bench]
fn inpaint_work(bencher: Bencher) {
    let image = to_float(&picture(WORK));
    let rim = dilate(&figure(WORK), 4.0).and_not(&erode(&figure(WORK), 4.0));
    bencher.bench(|| inpaint(black_box(&image), &rim, 4.0));
}
