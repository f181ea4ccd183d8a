//! A canvas for smooth shaded shapes.

use crate::raster::{
    Color, Mask, Plane, Point, Rgb8, XorShift, distance_inside, fill_polygon, resize_mask_area,
    to_rgb8,
};

/// Shapes are drawn this many times larger and scaled down.
const SUPERSAMPLING: usize = 3;
/// Points per segment of a smooth curve.
const CURVE_STEPS: usize = 8;

/// How a shape is painted.
#[derive(Clone, Copy)]
pub(super) struct Paint {
    /// RGB, 0 to 255.
    pub(super) color: [u8; 3],
    /// Share of the brightness lost at the rim.
    pub(super) roundness: f32,
    /// Distance from the rim over which it is lost, pixels.
    pub(super) rim: f32,
}

/// A picture in the making; remembers which layer is on top at every pixel.
pub(super) struct Canvas {
    color: Color,
    layers: Plane<u8>,
}

impl Canvas {
    /// Paints a wall that is a little darker towards the lower right.
    pub(super) fn wall(width: usize, height: usize, wall: [u8; 3]) -> Self {
        let color = Color::from_fn(width, height, |x, y| {
            let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
            wall.map(|channel| f32::from(channel) * (1.0 - 0.025 * u - 0.035 * v))
        });
        Self {
            color,
            layers: Plane::new(width, height, 0),
        }
    }

    /// Paints a closed outline over everything; `layer` marks its pixels.
    pub(super) fn fill(&mut self, outline: &[Point], paint: Paint, layer: u8) {
        let (width, height) = self.color.size();
        let factor = SUPERSAMPLING as f64;
        let enlarged: Vec<Point> = outline
            .iter()
            .map(|point| (*point + Point::new(0.5, 0.5)) * factor)
            .collect();
        let large = fill_polygon(width * SUPERSAMPLING, height * SUPERSAMPLING, &enlarged);
        let cover = resize_mask_area(&large, width, height);
        let solid = cover.map(|share| share > 0.5);
        let depth = distance_inside(&solid);
        for (index, share) in cover.data().iter().enumerate() {
            if *share <= 0.0 {
                continue;
            }
            let shallow = 1.0 - (depth.data()[index] / paint.rim.max(1.0)).min(1.0);
            let light = 1.0 - paint.roundness * shallow * shallow;
            let pixel = &mut self.color.data_mut()[index];
            for (value, target) in pixel.iter_mut().zip(paint.color) {
                *value += (f32::from(target) * light - *value) * share;
            }
            if solid.data()[index] {
                self.layers.data_mut()[index] = layer;
            }
        }
    }

    /// Pixels where the layer on top is one of these.
    pub(super) fn on_top(&self, layers: &[u8]) -> Mask {
        self.layers.map(|layer| layers.contains(&layer))
    }

    /// Adds grain of a standard deviation in grey levels and rounds to 8 bits.
    pub(super) fn finish(mut self, grain: f32) -> Rgb8 {
        let mut noise = XorShift::new(7);
        for pixel in self.color.data_mut() {
            let step = grain * noise.normal();
            for value in pixel.iter_mut() {
                *value += step;
            }
        }
        to_rgb8(&self.color)
    }
}

/// Draws a closed smooth curve through points (Catmull-Rom).
pub(super) fn smooth(points: &[Point]) -> Vec<Point> {
    let count = points.len();
    let at = |index: usize| points[index % count];
    let mut curve = Vec::with_capacity(count * CURVE_STEPS);
    for index in 0..count {
        let [p0, p1, p2, p3] = [
            at(index + count - 1),
            at(index),
            at(index + 1),
            at(index + 2),
        ];
        for step in 0..CURVE_STEPS {
            let t = step as f64 / CURVE_STEPS as f64;
            let linear = (p2 - p0) * t;
            let square = (p0 * 2.0 - p1 * 5.0 + p2 * 4.0 - p3) * (t * t);
            let cube = (p1 * 3.0 - p0 - p2 * 3.0 + p3) * (t * t * t);
            curve.push((p1 * 2.0 + linear + square + cube) * 0.5);
        }
    }
    curve
}

/// Outline of an ellipse.
pub(super) fn ellipse(center: Point, radius_x: f64, radius_y: f64) -> Vec<Point> {
    let angles = (0..48).map(|step| f64::from(step) / 48.0 * std::f64::consts::TAU);
    angles
        .map(|angle| center + Point::new(radius_x * angle.cos(), radius_y * angle.sin()))
        .collect()
}

/// Mirrors points at the line x = 0.
pub(super) fn mirrored(points: &[Point]) -> Vec<Point> {
    points
        .iter()
        .map(|point| Point::new(-point.x, point.y))
        .collect()
}

/// Turns pairs of numbers into points.
pub(super) fn points(pairs: &[(f64, f64)]) -> Vec<Point> {
    pairs.iter().map(|(x, y)| Point::new(*x, *y)).collect()
}

/// Turns the right half of a shape (from its top to its bottom) into the outline of the symmetric whole.
pub(super) fn symmetric(right_half: &[(f64, f64)]) -> Vec<Point> {
    let right = points(right_half);
    let left = mirrored(&right);
    right.into_iter().chain(left.into_iter().rev()).collect()
}
