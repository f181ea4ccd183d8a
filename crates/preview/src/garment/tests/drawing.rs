//! Garments drawn as polygons with corners at known places.

use crate::raster::{Mask, Plane, Point, Rgb8, XorShift, fill_polygon, resize_mask_area};

/// Size of all drawn pictures; work pixels are two thirds of theirs.
pub(super) const WIDTH: usize = 576;
pub(super) const HEIGHT: usize = 768;
/// Work pixels per picture pixel.
pub(super) const SCALE: f64 = 512.0 / HEIGHT as f64;
/// Edge length of the grid on which outlines are drawn before they are averaged.
const OVERSAMPLING: usize = 3;

/// A picture in the making: a wall on which polygons are painted.
pub(super) struct Drawing {
    picture: Plane<[f32; 3]>,
    noise: XorShift,
}

impl Drawing {
    pub(super) fn on_wall(wall: [u8; 3]) -> Self {
        Self {
            picture: Plane::new(WIDTH, HEIGHT, wall.map(f32::from)),
            noise: XorShift::new(7),
        }
    }

    /// Paints a polygon given by its right half from top to bottom, mirrored at the middle of the picture.
    pub(super) fn symmetric(self, right_half: &[(f64, f64)], color: [u8; 3], grain: f32) -> Self {
        let left = right_half.iter().rev().map(|&(x, y)| (WIDTH as f64 - x, y));
        let outline: Vec<(f64, f64)> = right_half.iter().copied().chain(left).collect();
        self.polygon(&outline, color, grain)
    }

    /// Paints a polygon with cloth of a colour and a grain (standard deviation in grey levels).
    pub(super) fn polygon(mut self, outline: &[(f64, f64)], color: [u8; 3], grain: f32) -> Self {
        let fine = OVERSAMPLING as f64;
        let points: Vec<Point> = outline
            .iter()
            .map(|&(x, y)| Point::new(x * fine, y * fine))
            .collect();
        let mask: Mask = fill_polygon(WIDTH * OVERSAMPLING, HEIGHT * OVERSAMPLING, &points);
        let cover = resize_mask_area(&mask, WIDTH, HEIGHT);
        for (pixel, &share) in self.picture.data_mut().iter_mut().zip(cover.data()) {
            if share > 0.0 {
                let shift = grain * self.noise.normal();
                for (value, &target) in pixel.iter_mut().zip(&color) {
                    *value += share * (f32::from(target) + shift - *value);
                }
            }
        }
        self
    }

    pub(super) fn finish(self) -> Rgb8 {
        self.picture
            .map(|color| color.map(|value| value.round().clamp(0.0, 255.0) as u8))
    }
}

/// Mirrors a point at the middle of the picture.
pub(super) fn mirrored((x, y): (f64, f64)) -> (f64, f64) {
    (WIDTH as f64 - x, y)
}

/// Turns a picture position into work pixels.
pub(super) fn in_work_pixels((x, y): (f64, f64)) -> Point {
    Point::new((x + 0.5) * SCALE - 0.5, (y + 0.5) * SCALE - 0.5)
}

/// Gives the share of the union that two masks have in common.
pub(super) fn overlap(one: &Mask, other: &Mask) -> f64 {
    one.and(other).count() as f64 / one.or(other).count().max(1) as f64
}
