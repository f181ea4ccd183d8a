//! Positions and displacements.

use std::ops::{Add, Mul, Neg, Sub};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic() {
        let (a, b) = (Point::new(3.0, 4.0), Point::new(1.0, -2.0));
        assert_eq!((a + b, a - b), (Point::new(4.0, 2.0), Point::new(2.0, 6.0)));
        assert_eq!(
            (a * 2.0, -a),
            (Point::new(6.0, 8.0), Point::new(-3.0, -4.0))
        );
        assert!((a.length() - 5.0).abs() < 1e-12 && (a.distance(b) - 40_f64.sqrt()).abs() < 1e-12);
        assert!((a.dot(b) + 5.0).abs() < 1e-12 && (a.cross(b) + 10.0).abs() < 1e-12);
        assert_eq!((a.lerp(b, 0.0), a.lerp(b, 0.5)), (a, Point::new(2.0, 1.0)));
    }

    #[test]
    fn cross_is_positive_clockwise_on_screen() {
        assert!(Point::new(1.0, 0.0).cross(Point::new(0.0, 1.0)) > 0.0);
    }
}
