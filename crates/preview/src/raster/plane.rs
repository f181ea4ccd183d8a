//! Points, planes of samples and boolean masks.

use std::ops::{Add, Index, IndexMut, Mul, Neg, Sub};

use rayon::prelude::*;

/// From this many samples on, row work is shared between threads.
const PARALLEL_SAMPLES: usize = 1 << 15;
/// Rows that one thread takes at a time.
const ROWS_PER_TASK: usize = 8;

/// A position or a displacement in pixels, x to the right and y down.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Horizontal part.
    pub x: f64,
    /// Vertical part.
    pub y: f64,
}

impl Point {
    /// Makes a point from its two parts.
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// Measures the Euclidean length.
    pub fn length(self) -> f64 {
        self.x.hypot(self.y)
    }

    /// Multiplies two displacements (scalar product).
    pub fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y
    }

    /// Gives the z part of the cross product; positive when `other` lies clockwise of `self` on screen.
    pub fn cross(self, other: Self) -> f64 {
        self.x * other.y - self.y * other.x
    }

    /// Goes from `self` (t = 0) to `other` (t = 1) on a straight line.
    #[must_use]
    pub fn lerp(self, other: Self, t: f64) -> Self {
        self + (other - self) * t
    }

    /// Measures the distance to another point.
    pub fn distance(self, other: Self) -> f64 {
        (self - other).length()
    }
}

impl Add for Point {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y)
    }
}

impl Sub for Point {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }
}

impl Mul<f64> for Point {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self::new(self.x * factor, self.y * factor)
    }
}

impl Neg for Point {
    type Output = Self;
    fn neg(self) -> Self {
        Self::new(-self.x, -self.y)
    }
}

/// A sample that filters and resizers can average: one float or three.
pub trait Sample: Copy + Default + PartialEq + Send + Sync + 'static {
    /// Number of floats in one sample.
    const CHANNELS: usize;

    /// Adds two samples.
    #[must_use]
    fn add(self, other: Self) -> Self;

    /// Multiplies every part by a factor.
    #[must_use]
    fn scale(self, factor: f32) -> Self;

    /// Adds `other` times `factor`.
    #[must_use]
    fn add_scaled(self, other: Self, factor: f32) -> Self {
        self.add(other.scale(factor))
    }

    /// Views samples as one run of floats, channels interleaved.
    fn as_floats(samples: &[Self]) -> &[f32];

    /// Views samples as one run of writable floats, channels interleaved.
    fn as_floats_mut(samples: &mut [Self]) -> &mut [f32];
}

impl Sample for f32 {
    const CHANNELS: usize = 1;

    #[inline]
    fn add(self, other: Self) -> Self {
        self + other
    }

    #[inline]
    fn scale(self, factor: f32) -> Self {
        self * factor
    }

    fn as_floats(samples: &[Self]) -> &[f32] {
        samples
    }

    fn as_floats_mut(samples: &mut [Self]) -> &mut [f32] {
        samples
    }
}

impl Sample for [f32; 3] {
    const CHANNELS: usize = 3;

    #[inline]
    fn add(self, other: Self) -> Self {
        [self[0] + other[0], self[1] + other[1], self[2] + other[2]]
    }

    #[inline]
    fn scale(self, factor: f32) -> Self {
        [self[0] * factor, self[1] * factor, self[2] * factor]
    }

    fn as_floats(samples: &[Self]) -> &[f32] {
        samples.as_flattened()
    }

    fn as_floats_mut(samples: &mut [Self]) -> &mut [f32] {
        samples.as_flattened_mut()
    }
}

/// A rectangle of samples, row by row from the top left.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane<T> {
    width: usize,
    height: usize,
    data: Vec<T>,
}

/// A plane of yes/no samples.
pub type Mask = Plane<bool>;
/// A plane of single floats.
pub type Gray = Plane<f32>;
/// A plane of three floats per sample: R, G, B (0..255) or L, a, b.
pub type Color = Plane<[f32; 3]>;
/// An 8-bit picture in R, G, B order.
pub type Rgb8 = Plane<[u8; 3]>;

impl<T> Plane<T> {
    /// Takes ownership of samples in row order.
    ///
    /// A list shorter than `width * height` is filled up by repeating its last sample, a longer one is cut; an empty list gives
    /// an empty plane.
    pub fn from_vec(width: usize, height: usize, mut data: Vec<T>) -> Self
    where
        T: Clone,
    {
        debug_assert_eq!(data.len(), width * height, "samples do not match the size");
        let Some(last) = data.last().cloned() else {
            return Self {
                width: 0,
                height: 0,
                data,
            };
        };
        data.resize(width * height, last);
        Self {
            width,
            height,
            data,
        }
    }

    /// Computes every sample from its position (x, y); large planes are computed row by row on all threads.
    pub fn from_fn(width: usize, height: usize, sample: impl Fn(usize, usize) -> T + Sync) -> Self
    where
        T: Clone + Default + Send,
    {
        let mut plane = Self {
            width,
            height,
            data: vec![T::default(); width * height],
        };
        plane.fill_rows(|y, row| {
            for (x, value) in row.iter_mut().enumerate() {
                *value = sample(x, y);
            }
        });
        plane
    }

    /// Lets `fill` write every row, on all threads when the plane is large.
    ///
    /// The closure gets the row number and the row; it must not depend on the order of rows.
    pub fn fill_rows(&mut self, fill: impl Fn(usize, &mut [T]) + Sync)
    where
        T: Send,
    {
        if self.width == 0 {
            return;
        }
        let width = self.width;
        self.fill_bands(ROWS_PER_TASK, |first_row, band| {
            for (row, y) in band.chunks_exact_mut(width).zip(first_row..) {
                fill(y, row);
            }
        });
    }

    /// Lets `fill` write bands of up to `rows` whole rows, on all threads when the plane is large.
    ///
    /// The closure gets the number of the band's first row and the band's samples; it must not depend on the order of bands.
    pub(super) fn fill_bands(&mut self, rows: usize, fill: impl Fn(usize, &mut [T]) + Sync)
    where
        T: Send,
    {
        let band = self.width * rows;
        if band == 0 {
            return;
        }
        if self.data.len() < PARALLEL_SAMPLES {
            self.data
                .chunks_mut(band)
                .enumerate()
                .for_each(|(i, part)| fill(i * rows, part));
            return;
        }
        self.data
            .par_chunks_mut(band)
            .enumerate()
            .for_each(|(i, part)| fill(i * rows, part));
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns and rows.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// All samples in row order.
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// All samples in row order, writable.
    pub fn data_mut(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// Gives the samples back as a vector in row order.
    pub fn into_vec(self) -> Vec<T> {
        self.data
    }

    /// One row from left to right.
    pub fn row(&self, y: usize) -> &[T] {
        &self.data[y * self.width..(y + 1) * self.width]
    }

    /// One row from left to right, writable.
    pub fn row_mut(&mut self, y: usize) -> &mut [T] {
        &mut self.data[y * self.width..(y + 1) * self.width]
    }

    /// Tells whether a position lies inside the plane.
    pub fn contains(&self, x: isize, y: isize) -> bool {
        x >= 0 && y >= 0 && (x as usize) < self.width && (y as usize) < self.height
    }
}

impl<T: Copy> Plane<T> {
    /// Makes a plane with the same sample everywhere.
    pub fn new(width: usize, height: usize, fill: T) -> Self {
        Self {
            width,
            height,
            data: vec![fill; width * height],
        }
    }

    /// Reads a sample; positions outside give the nearest sample of the border. The plane must not be empty.
    pub fn get_clamped(&self, x: isize, y: isize) -> T {
        let column = x.clamp(0, self.width as isize - 1) as usize;
        let row = y.clamp(0, self.height as isize - 1) as usize;
        self.data[row * self.width + column]
    }

    /// Reads a sample, nothing when the position lies outside.
    pub fn get(&self, x: isize, y: isize) -> Option<T> {
        self.contains(x, y)
            .then(|| self.data[y as usize * self.width + x as usize])
    }

    /// Computes a plane of the same size from every sample.
    pub fn map<U: Copy + Default + Send>(&self, convert: impl Fn(T) -> U + Sync) -> Plane<U>
    where
        T: Sync,
    {
        let mut out = Plane::new(self.width, self.height, U::default());
        out.fill_rows(|y, row| {
            for (value, &sample) in row.iter_mut().zip(self.row(y)) {
                *value = convert(sample);
            }
        });
        out
    }

    /// Computes a plane from two planes, sample by sample; where the sizes differ, the common part.
    pub fn zip_map<U: Copy + Sync, V: Copy + Default + Send>(
        &self,
        other: &Plane<U>,
        combine: impl Fn(T, U) -> V + Sync,
    ) -> Plane<V>
    where
        T: Sync,
    {
        debug_assert_eq!(self.size(), other.size(), "planes of different size");
        let mut out = Plane::new(
            self.width.min(other.width),
            self.height.min(other.height),
            V::default(),
        );
        out.fill_rows(|y, row| {
            for ((value, &a), &b) in row.iter_mut().zip(self.row(y)).zip(other.row(y)) {
                *value = combine(a, b);
            }
        });
        out
    }

    /// Copies one column from top to bottom.
    pub fn column(&self, x: usize) -> Vec<T> {
        self.data
            .iter()
            .skip(x)
            .step_by(self.width.max(1))
            .copied()
            .collect()
    }

    /// Copies a rectangle; the part that lies outside is left out.
    #[must_use]
    pub fn crop(&self, x: usize, y: usize, width: usize, height: usize) -> Self {
        let (x0, y0) = (x.min(self.width), y.min(self.height));
        let (x1, y1) = ((x0 + width).min(self.width), (y0 + height).min(self.height));
        let data = (y0..y1)
            .flat_map(|row| self.row(row)[x0..x1].iter().copied())
            .collect();
        Self {
            width: x1 - x0,
            height: y1 - y0,
            data,
        }
    }

    /// Lists the samples under the true pixels of a mask, in row order.
    pub fn select(&self, mask: &Mask) -> Vec<T> {
        self.data
            .iter()
            .zip(&mask.data)
            .filter(|(_, inside)| **inside)
            .map(|(v, _)| *v)
            .collect()
    }
}

impl<T> Index<(usize, usize)> for Plane<T> {
    type Output = T;

    #[inline]
    fn index(&self, (x, y): (usize, usize)) -> &T {
        debug_assert!(x < self.width, "column outside the plane");
        &self.data[y * self.width + x]
    }
}

impl<T> IndexMut<(usize, usize)> for Plane<T> {
    #[inline]
    fn index_mut(&mut self, (x, y): (usize, usize)) -> &mut T {
        debug_assert!(x < self.width, "column outside the plane");
        &mut self.data[y * self.width + x]
    }
}

/// The smallest rectangle around something, all four sides inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// First column.
    pub x0: usize,
    /// First row.
    pub y0: usize,
    /// Last column.
    pub x1: usize,
    /// Last row.
    pub y1: usize,
}

impl Bounds {
    /// Number of columns.
    pub fn width(&self) -> usize {
        self.x1 - self.x0 + 1
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.y1 - self.y0 + 1
    }
}

impl Plane<bool> {
    /// Counts the true pixels.
    pub fn count(&self) -> usize {
        self.data.iter().map(|inside| usize::from(*inside)).sum()
    }

    /// Tells whether any pixel is true.
    pub fn any(&self) -> bool {
        self.data.iter().any(|inside| *inside)
    }

    /// Reads a pixel; everything outside the plane is false.
    pub fn is_true(&self, x: isize, y: isize) -> bool {
        self.contains(x, y) && self.data[y as usize * self.width + x as usize]
    }

    /// Keeps what is true in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.zip_map(other, |a, b| a & b)
    }

    /// Joins what is true in either.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        self.zip_map(other, |a, b| a | b)
    }

    /// Keeps what is true here and false in `other`.
    #[must_use]
    pub fn and_not(&self, other: &Self) -> Self {
        self.zip_map(other, |a, b| a && !b)
    }

    /// Turns true into false and back.
    #[must_use]
    pub fn not(&self) -> Self {
        self.map(|inside| !inside)
    }

    /// Adds the true pixels of `other`.
    pub fn or_assign(&mut self, other: &Self) {
        self.data
            .iter_mut()
            .zip(&other.data)
            .for_each(|(a, b)| *a |= b);
    }

    /// Keeps only what is also true in `other`.
    pub fn and_assign(&mut self, other: &Self) {
        self.data
            .iter_mut()
            .zip(&other.data)
            .for_each(|(a, b)| *a &= b);
    }

    /// Removes the true pixels of `other`.
    pub fn subtract_assign(&mut self, other: &Self) {
        self.data
            .iter_mut()
            .zip(&other.data)
            .for_each(|(a, b)| *a &= !b);
    }

    /// Share of true pixels, 0..1; 0 for an empty plane.
    pub fn mean(&self) -> f64 {
        self.count() as f64 / self.data.len().max(1) as f64
    }

    /// Tells whether a row has a true pixel.
    pub fn any_row(&self, y: usize) -> bool {
        self.row(y).contains(&true)
    }

    /// Tells whether a column has a true pixel.
    pub fn any_col(&self, x: usize) -> bool {
        self.first_in_col(x).is_some()
    }

    /// First true column of a row.
    pub fn first_in_row(&self, y: usize) -> Option<usize> {
        self.row(y).iter().position(|inside| *inside)
    }

    /// Last true column of a row.
    pub fn last_in_row(&self, y: usize) -> Option<usize> {
        self.row(y).iter().rposition(|inside| *inside)
    }

    /// First true row of a column.
    pub fn first_in_col(&self, x: usize) -> Option<usize> {
        (0..self.height).find(|y| self[(x, *y)])
    }

    /// Last true row of a column.
    pub fn last_in_col(&self, x: usize) -> Option<usize> {
        (0..self.height).rfind(|y| self[(x, *y)])
    }

    /// Finds the smallest rectangle around the true pixels, nothing for an empty mask.
    pub fn bounds(&self) -> Option<Bounds> {
        let y0 = (0..self.height).find(|y| self.any_row(*y))?;
        let y1 = (y0..self.height).rfind(|y| self.any_row(*y))?;
        let x0 = (y0..=y1).filter_map(|y| self.first_in_row(y)).min()?;
        let x1 = (y0..=y1).filter_map(|y| self.last_in_row(y)).max()?;
        Some(Bounds { x0, y0, x1, y1 })
    }
}
