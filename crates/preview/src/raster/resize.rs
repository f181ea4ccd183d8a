//! Resizing and remapping. Pixel centres lie at half-pixel positions of the common rectangle.

use super::plane::{Gray, Mask, Plane, Rgb8, Sample};

/// Contributions of source samples to one target sample.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

/// Resizes by averaging the covered area; meant for shrinking (enlarging falls back to linear).
pub fn resize_area<S: Sample>(plane: &Plane<S>, width: usize, height: usize) -> Plane<S> {
    apply(
        plane,
        &area_taps(plane.width(), width),
        &area_taps(plane.height(), height),
    )
}

/// Resizes with linear interpolation of the two nearest samples per axis.
pub fn resize_linear<S: Sample>(plane: &Plane<S>, width: usize, height: usize) -> Plane<S> {
    apply(
        plane,
        &linear_taps(plane.width(), width),
        &linear_taps(plane.height(), height),
    )
}

/// Resizes with cubic convolution (Keys, a = -0.75) of the four nearest samples per axis; may overshoot.
pub fn resize_cubic<S: Sample>(plane: &Plane<S>, width: usize, height: usize) -> Plane<S> {
    apply(
        plane,
        &cubic_taps(plane.width(), width),
        &cubic_taps(plane.height(), height),
    )
}

/// Resizes by picking one source sample per target sample.
pub fn resize_nearest<T: Copy + Default + Send + Sync>(
    plane: &Plane<T>,
    width: usize,
    height: usize,
) -> Plane<T> {
    let (source_width, source_height) = plane.size();
    if source_width == 0 || source_height == 0 {
        return Plane::new(width, height, T::default());
    }
    let columns: Vec<usize> = (0..width).map(|x| x * source_width / width).collect();
    let mut out = Plane::new(width, height, T::default());
    out.fill_rows(|y, row| {
        let source = plane.row(y * source_height / height);
        for (value, &column) in row.iter_mut().zip(&columns) {
            *value = source[column];
        }
    });
    out
}

/// Resizes an 8-bit picture by averaging the covered area, rounded to the nearest value.
pub fn resize_area_rgb8(image: &Rgb8, width: usize, height: usize) -> Rgb8 {
    super::to_rgb8(&resize_area(&super::to_float(image), width, height))
}

/// Resizes a mask by averaging the covered area; gives the covered share, 0..1.
pub fn resize_mask_area(mask: &Mask, width: usize, height: usize) -> Gray {
    resize_area(&mask.map(f32::from), width, height)
}

/// What lies beyond the borders of a plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Border<S> {
    /// The same sample everywhere.
    Constant(S),
    /// The nearest sample of the border.
    Replicate,
}

/// Reads the plane at the positions (x, y) in `map` with bilinear interpolation; gives a plane of the map's size.
pub fn remap_linear<S: Sample>(
    plane: &Plane<S>,
    map: &Plane<[f32; 2]>,
    border: Border<S>,
) -> Plane<S> {
    map.map(|[x, y]| sample_linear(plane, x, y, border))
}

/// Reads the plane at one position with bilinear interpolation.
pub fn sample_linear<S: Sample>(plane: &Plane<S>, x: f32, y: f32, border: Border<S>) -> S {
    let (left, top) = (x.floor(), y.floor());
    let (u, v) = (x - left, y - top);
    let read = |dx: isize, dy: isize| {
        let (column, row) = (left as isize + dx, top as isize + dy);
        match border {
            Border::Replicate => plane.get_clamped(column, row),
            Border::Constant(value) => plane.get(column, row).unwrap_or(value),
        }
    };
    let upper = read(0, 0).scale(1.0 - u).add_scaled(read(1, 0), u);
    let lower = read(0, 1).scale(1.0 - u).add_scaled(read(1, 1), u);
    upper.scale(1.0 - v).add_scaled(lower, v)
}

fn area_taps(source: usize, target: usize) -> Vec<Taps> {
    if target >= source {
        return linear_taps(source, target);
    }
    let scale = source as f64 / target as f64;
    (0..target)
        .map(|i| {
            let (start, end) = (
                i as f64 * scale,
                ((i + 1) as f64 * scale).min(source as f64),
            );
            let first = start.floor() as usize;
            let last = (end.ceil() as usize).min(source);
            let weights = (first..last)
                .map(|j| ((end.min((j + 1) as f64) - start.max(j as f64)) / (end - start)) as f32)
                .collect();
            Taps { first, weights }
        })
        .collect()
}

fn linear_taps(source: usize, target: usize) -> Vec<Taps> {
    taps(source, target, 0, |t| vec![1.0 - t, t])
}

fn cubic_taps(source: usize, target: usize) -> Vec<Taps> {
    taps(source, target, 1, |t| {
        const A: f32 = -0.75;
        let near = |d: f32| ((A + 2.0) * d - (A + 3.0)) * d * d + 1.0;
        let far = |d: f32| ((A * d - 5.0 * A) * d + 8.0 * A) * d - 4.0 * A;
        vec![far(t + 1.0), near(t), near(1.0 - t), far(2.0 - t)]
    })
}

/// Taps of an interpolating kernel; weights of positions beyond the ends go to the end samples.
fn taps(
    source: usize,
    target: usize,
    before: isize,
    kernel: impl Fn(f32) -> Vec<f32>,
) -> Vec<Taps> {
    let scale = source as f64 / target as f64;
    (0..target)
        .map(|i| {
            let position = (i as f64 + 0.5) * scale - 0.5;
            let left = position.floor();
            let raw = kernel((position - left) as f32);
            let start = left as isize - before;
            let clamp = |j: isize| j.clamp(0, source as isize - 1) as usize;
            let first = clamp(start);
            let last = clamp(start + raw.len() as isize - 1);
            let mut weights = vec![0.0; last - first + 1];
            for (j, weight) in (start..).zip(raw) {
                weights[clamp(j) - first] += weight;
            }
            Taps { first, weights }
        })
        .collect()
}

fn apply<S: Sample>(plane: &Plane<S>, columns: &[Taps], rows: &[Taps]) -> Plane<S> {
    let source_width = plane.width();
    let mut out = Plane::new(columns.len(), rows.len(), S::default());
    if source_width == 0 || plane.height() == 0 {
        return out;
    }
    out.fill_rows(|y, row| {
        let mut line = vec![S::default(); source_width];
        let taps = &rows[y];
        for (source, &weight) in (taps.first..).zip(&taps.weights) {
            let floats = S::as_floats(plane.row(source));
            for (value, sample) in S::as_floats_mut(&mut line).iter_mut().zip(floats) {
                *value += sample * weight;
            }
        }
        for (value, taps) in row.iter_mut().zip(columns) {
            let covered = &line[taps.first..taps.first + taps.weights.len()];
            *value = covered
                .iter()
                .zip(&taps.weights)
                .fold(S::default(), |sum, (sample, weight)| {
                    sum.add_scaled(*sample, *weight)
                });
        }
    });
    out
}
