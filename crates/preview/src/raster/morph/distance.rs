//! Exact Euclidean distance transform in linear time (Felzenszwalb and Huttenlocher 2012; Meijster 2000).

use super::super::mask::Mask;
use super::super::plane::{Gray, Plane};

/// Rows that one piece of work handles.
const BAND_ROWS: usize = 8;

/// Measures for every true pixel the Euclidean distance to the nearest false pixel, 0 for false pixels.
///
/// Nothing outside the plane counts as false; without any false pixel every distance is the diagonal of the plane.
pub fn distance_inside(mask: &Mask) -> Gray {
    let (width, height) = mask.size();
    let nearest_rows = nearest_in_column(mask, false);
    let mut out = Plane::new(width, height, 0.0);
    out.fill_bands(BAND_ROWS, |first_row, band| {
        let mut envelope = Envelope::new(width);
        for (row, y) in band.chunks_exact_mut(width).zip(first_row..) {
            if !mask.any_row(y) {
                continue;
            }
            if !envelope.build(nearest_rows.row(y), y) {
                row.fill((width as f32).hypot(height as f32));
                continue;
            }
            envelope.read(|x, _, squared| row[x] = (squared as f32).sqrt());
        }
    });
    out
}

/// Finds for every pixel the linear index (`y * width + x`) of the nearest true pixel; `u32::MAX` when there is none.
///
/// Of equally near pixels the leftmost counts, and of these the upper one.
pub fn nearest_true(mask: &Mask) -> Plane<u32> {
    let (width, height) = mask.size();
    let nearest_rows = nearest_in_column(mask, true);
    let mut out = Plane::new(width, height, u32::MAX);
    out.fill_bands(BAND_ROWS, |first_row, band| {
        let mut envelope = Envelope::new(width);
        for (row, y) in band.chunks_exact_mut(width).zip(first_row..) {
            let rows = nearest_rows.row(y);
            if envelope.build(rows, y) {
                envelope.read(|x, column, _| {
                    row[x] = rows[column] as u32 * width as u32 + column as u32;
                });
            }
        }
    });
    out
}

/// Row of the nearest pixel with the given value in the same column (the upper one of two), -1 when there is none.
fn nearest_in_column(mask: &Mask, wanted: bool) -> Plane<i32> {
    let (width, height) = mask.size();
    let mut nearest = Plane::new(width, height, -1);
    let mut last = vec![-1; width];
    for y in 0..height {
        for ((row, last), &value) in nearest
            .row_mut(y)
            .iter_mut()
            .zip(&mut last)
            .zip(mask.row(y))
        {
            *last = if value == wanted { y as i32 } else { *last };
            *row = *last;
        }
    }
    last.fill(-1);
    for y in (0..height).rev() {
        let here = y as i32;
        for ((row, last), &value) in nearest
            .row_mut(y)
            .iter_mut()
            .zip(&mut last)
            .zip(mask.row(y))
        {
            *last = if value == wanted { here } else { *last };
            let below_is_nearer = *last >= 0 && (*row < 0 || *last - here < here - *row);
            *row = if below_is_nearer { *last } else { *row };
        }
    }
    nearest
}

/// The lower envelope of one parabola per column: which column is nearest, for every position of a row.
struct Envelope {
    width: usize,
    /// Squared distance within the column.
    heights: Vec<i32>,
    /// Columns whose parabolas take part, with the first position where each is lowest.
    parts: Vec<(i32, i32)>,
}

impl Envelope {
    fn new(width: usize) -> Self {
        Self {
            width,
            heights: vec![0; width],
            parts: Vec::with_capacity(width),
        }
    }

    /// Builds the envelope of row `y` from the nearest row of every column; false when no column has one.
    fn build(&mut self, nearest_rows: &[i32], y: usize) -> bool {
        self.parts.clear();
        for (column, &row) in nearest_rows.iter().enumerate() {
            if row < 0 {
                continue;
            }
            let height = (row - y as i32).pow(2);
            self.heights[column] = height;
            let column = column as i32;
            let mut start = 0;
            while let Some(&(last, last_start)) = self.parts.last() {
                let gap = column - last;
                // Twice the product of gap and crossing point; neighbours need no division.
                let numerator =
                    (column * column - last * last) + height - self.heights[last as usize];
                let crossing = if gap == 1 {
                    numerator >> 1
                } else {
                    numerator.div_euclid(2 * gap)
                };
                // At the crossing itself both are equal and the left one stays.
                start = crossing + 1;
                if start > last_start {
                    break;
                }
                self.parts.pop();
                start = 0;
            }
            if start < self.width as i32 {
                self.parts.push((column, start));
            }
        }
        !self.parts.is_empty()
    }

    /// Calls `visit` with position, nearest column and squared distance for every position.
    fn read(&self, mut visit: impl FnMut(usize, usize, i32)) {
        for (i, &(column, start)) in self.parts.iter().enumerate() {
            let end = self
                .parts
                .get(i + 1)
                .map_or(self.width as i32, |next| next.1);
            let height = self.heights[column as usize];
            for x in start..end {
                visit(x as usize, column as usize, (x - column).pow(2) + height);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::random::XorShift;
    use super::*;

    fn random_mask(width: usize, height: usize, share: f32, seed: u64) -> Mask {
        let mut random = XorShift::new(seed);
        Plane::from_vec(
            width,
            height,
            (0..width * height)
                .map(|_| random.uniform() < share)
                .collect(),
        )
    }

    /// Squared distance and linear index of the nearest true pixel, by trying all of them column by column.
    fn slow_nearest(mask: &Mask, x: usize, y: usize) -> Option<(usize, u32)> {
        (0..mask.width())
            .flat_map(|column| (0..mask.height()).map(move |row| (column, row)))
            .filter(|&position| mask[position])
            .map(|(column, row)| {
                let squared = column.abs_diff(x).pow(2) + row.abs_diff(y).pow(2);
                (squared, (row * mask.width() + column) as u32)
            })
            .min_by_key(|found| found.0)
    }

    #[test]
    fn nearest_is_what_trying_all_finds() {
        for (width, height, share) in [(1, 1, 1.0), (23, 17, 0.02), (31, 12, 0.3), (12, 40, 0.004)]
        {
            let mask = random_mask(width, height, share, 7 + width as u64);
            let nearest = nearest_true(&mask);
            for y in 0..height {
                for x in 0..width {
                    let expected = slow_nearest(&mask, x, y);
                    let index = nearest[(x, y)];
                    assert_eq!(index == u32::MAX, expected.is_none());
                    if let Some((squared, _)) = expected {
                        let (column, row) = (index as usize % width, index as usize / width);
                        assert!(mask[(column, row)]);
                        assert_eq!(column.abs_diff(x).pow(2) + row.abs_diff(y).pow(2), squared);
                    }
                }
            }
        }
    }

    #[test]
    fn ties_go_to_the_left_then_up() {
        let mut mask = Plane::new(5, 5, false);
        for position in [(2, 0), (0, 2), (4, 2), (2, 4)] {
            mask[position] = true;
        }
        assert_eq!(nearest_true(&mask)[(2, 2)], 10);
        mask[(0, 2)] = false;
        assert_eq!(nearest_true(&mask)[(2, 2)], 2);
    }

    #[test]
    fn distance_of_a_single_hole() {
        let mut mask = Plane::new(9, 7, true);
        mask[(3, 2)] = false;
        let distance = distance_inside(&mask);
        assert!(distance[(3, 2)].abs() < 1e-9);
        assert!((distance[(6, 6)] - 5.0).abs() < 1e-6);
        assert!((distance[(8, 2)] - 5.0).abs() < 1e-6);
    }

    #[test]
    fn distance_without_any_false_pixel_is_the_diagonal() {
        let distance = distance_inside(&Plane::new(4, 3, true));
        assert!(
            distance
                .data()
                .iter()
                .all(|value| (value - 5.0).abs() < 1e-6)
        );
        assert!(
            distance_inside(&Plane::new(4, 3, false))
                .data()
                .iter()
                .all(|value| *value == 0.0)
        );
        assert!(
            nearest_true(&Plane::new(4, 3, false))
                .data()
                .iter()
                .all(|index| *index == u32::MAX)
        );
    }
}
