//! Planes of samples.

use std::ops::{Index, IndexMut};

use rayon::prelude::*;

use super::mask::Mask;

/// From this many samples on, row work is shared between threads.
const PARALLEL_SAMPLES: usize = 1 << 15;
/// Rows that one thread takes at a time.
const ROWS_PER_TASK: usize = 8;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_lie_in_row_order() {
        let plane = Plane::from_fn(3, 2, |x, y| 10 * y + x);
        assert_eq!(plane.data(), [0, 1, 2, 10, 11, 12]);
        assert_eq!(
            (plane[(2, 1)], plane.row(1), plane.column(1)),
            (12, &[10, 11, 12][..], vec![1, 11])
        );
        assert_eq!((plane.size(), plane.clone().into_vec().len()), ((3, 2), 6));
    }

    #[test]
    fn large_planes_are_filled_like_small_ones() {
        let large = Plane::from_fn(300, 301, |x, y| x * 1000 + y);
        assert!((0..301).all(|y| (0..300).all(|x| large[(x, y)] == x * 1000 + y)));
        let doubled = large.map(|value| value * 2);
        assert_eq!(large.zip_map(&doubled, |a, b| b - a), large);
    }

    #[test]
    fn reading_outside() {
        let plane = Plane::from_vec(2, 2, vec![1, 2, 3, 4]);
        assert_eq!((plane.get_clamped(-5, 9), plane.get_clamped(7, -1)), (3, 2));
        assert_eq!(
            (plane.get(1, 1), plane.get(2, 0), plane.get(0, -1)),
            (Some(4), None, None)
        );
        assert!(plane.contains(0, 1) && !plane.contains(0, 2));
    }

    #[test]
    fn a_crop_keeps_what_lies_inside() {
        let plane = Plane::from_fn(4, 3, |x, y| 10 * y + x);
        assert_eq!(
            plane.crop(2, 1, 9, 9),
            Plane::from_vec(2, 2, vec![12, 13, 22, 23])
        );
        assert!(plane.crop(9, 9, 2, 2).data().is_empty());
    }

    #[test]
    fn selection_lists_samples_under_the_mask() {
        let plane = Plane::from_vec(3, 1, vec!['a', 'b', 'c']);
        assert_eq!(
            plane.select(&Plane::from_vec(3, 1, vec![true, false, true])),
            ['a', 'c']
        );
    }

    #[test]
    fn empty_planes_are_allowed() {
        let empty = Gray::new(0, 7, 0.0);
        assert!(empty.map(|value| value + 1.0).data().is_empty());
        assert!(Plane::from_fn(5, 0, |x, _| x).data().is_empty());
        assert_eq!(Gray::from_vec(0, 0, Vec::new()).size(), (0, 0));
    }

    #[test]
    fn samples_can_be_seen_as_floats() {
        let mut colors = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        <[f32; 3]>::as_floats_mut(&mut colors)[4] = 50.0;
        assert_eq!(
            <[f32; 3]>::as_floats(&colors),
            [1.0, 2.0, 3.0, 4.0, 50.0, 6.0]
        );
        assert_eq!(
            [1.0, 2.0, 3.0].add_scaled([1.0, 0.0, -1.0], 2.0),
            [3.0, 2.0, 1.0]
        );
        assert_eq!(2.0_f32.add_scaled(3.0, 0.5), 3.5);
    }
}
