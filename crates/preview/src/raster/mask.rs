//! Planes of yes and no.

use super::plane::Plane;

/// A plane of yes/no samples.
pub type Mask = Plane<bool>;

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
        self.data().iter().map(|inside| usize::from(*inside)).sum()
    }

    /// Tells whether any pixel is true.
    pub fn any(&self) -> bool {
        self.data().iter().any(|inside| *inside)
    }

    /// Reads a pixel; everything outside the plane is false.
    pub fn is_true(&self, x: isize, y: isize) -> bool {
        self.contains(x, y) && self[(x as usize, y as usize)]
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
        self.data_mut()
            .iter_mut()
            .zip(other.data())
            .for_each(|(a, b)| *a |= b);
    }

    /// Keeps only what is also true in `other`.
    pub fn and_assign(&mut self, other: &Self) {
        self.data_mut()
            .iter_mut()
            .zip(other.data())
            .for_each(|(a, b)| *a &= b);
    }

    /// Removes the true pixels of `other`.
    pub fn subtract_assign(&mut self, other: &Self) {
        self.data_mut()
            .iter_mut()
            .zip(other.data())
            .for_each(|(a, b)| *a &= !b);
    }

    /// Share of true pixels, 0..1; 0 for an empty plane.
    pub fn mean(&self) -> f64 {
        self.count() as f64 / self.data().len().max(1) as f64
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
        (0..self.height()).find(|y| self[(x, *y)])
    }

    /// Last true row of a column.
    pub fn last_in_col(&self, x: usize) -> Option<usize> {
        (0..self.height()).rfind(|y| self[(x, *y)])
    }

    /// Finds the smallest rectangle around the true pixels, nothing for an empty mask.
    pub fn bounds(&self) -> Option<Bounds> {
        let y0 = (0..self.height()).find(|y| self.any_row(*y))?;
        let y1 = (y0..self.height()).rfind(|y| self.any_row(*y))?;
        let x0 = (y0..=y1).filter_map(|y| self.first_in_row(y)).min()?;
        let x1 = (y0..=y1).filter_map(|y| self.last_in_row(y)).max()?;
        Some(Bounds { x0, y0, x1, y1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `#` is true.
    fn mask(rows: &[&str]) -> Mask {
        let data = rows
            .iter()
            .flat_map(|row| row.bytes().map(|letter| letter == b'#'))
            .collect();
        Plane::from_vec(rows[0].len(), rows.len(), data)
    }

    #[test]
    fn set_arithmetic() {
        let (a, b) = (mask(&["##.."]), mask(&["#.#."]));
        assert_eq!(a.and(&b), mask(&["#..."]));
        assert_eq!(a.or(&b), mask(&["###."]));
        assert_eq!(a.and_not(&b), mask(&[".#.."]));
        assert_eq!(a.not(), mask(&["..##"]));
        let changed = |change: fn(&mut Mask, &Mask)| {
            let mut copy = a.clone();
            change(&mut copy, &b);
            copy
        };
        assert_eq!(changed(Mask::or_assign), a.or(&b));
        assert_eq!(changed(Mask::and_assign), a.and(&b));
        assert_eq!(changed(Mask::subtract_assign), a.and_not(&b));
    }

    #[test]
    fn counting() {
        let some = mask(&["#..", "##."]);
        assert_eq!((some.count(), some.any(), some.not().count()), (3, true, 3));
        assert!((some.mean() - 0.5).abs() < 1e-12);
        let empty = Plane::new(0, 0, false);
        assert!(!empty.any() && empty.mean().abs() < 1e-12);
    }

    #[test]
    fn first_and_last_of_rows_and_columns() {
        let some = mask(&["....", ".#.#", ".#.."]);
        assert_eq!(
            (
                some.first_in_row(1),
                some.last_in_row(1),
                some.first_in_row(0)
            ),
            (Some(1), Some(3), None)
        );
        assert_eq!(
            (
                some.first_in_col(1),
                some.last_in_col(1),
                some.last_in_col(0)
            ),
            (Some(1), Some(2), None)
        );
        assert!(some.any_row(2) && !some.any_row(0) && some.any_col(3) && !some.any_col(2));
    }

    #[test]
    fn bounds_are_tight() {
        let found = mask(&["....", ".#..", "...#"]).bounds();
        assert_eq!(
            found,
            Some(Bounds {
                x0: 1,
                y0: 1,
                x1: 3,
                y1: 2
            })
        );
        assert_eq!(
            found.map(|bounds| (bounds.width(), bounds.height())),
            Some((3, 2))
        );
        assert_eq!(mask(&["..", ".."]).bounds(), None);
    }

    #[test]
    fn outside_is_false() {
        let full = Plane::new(2, 2, true);
        assert!(full.is_true(1, 1) && !full.is_true(2, 1) && !full.is_true(0, -1));
    }
}
