//! The gray picture of a pose that the try-on network was trained on.
//!
//! Every limb, joint and finger has a level of its own, so gray tells what colour tells in other drawings of poses. Limbs are slim
//! ellipses, dimmed; joints are dots on top of them; then come hands and face.

use super::shapes::{Pixel, ellipse, fill_circle, fill_convex, thick_line};
use super::skeleton::{HAND_POINTS, Point, Pose};
use crate::preprocess::{Picture, PictureError, Size};

/// Longest side of a drawing, in pixels.
const MAX_SIDE: usize = 1 << 15;
/// Farthest that a point may lie from the corner, in sides of the picture.
pub(super) const FARTHEST: f64 = 16.0;

/// The joints that a limb connects, in drawing order.
const LIMBS: [(usize, usize); 17] = [
    (1, 2),
    (1, 5),
    (2, 3),
    (3, 4),
    (5, 6),
    (6, 7),
    (1, 8),
    (8, 9),
    (9, 10),
    (1, 11),
    (11, 12),
    (12, 13),
    (1, 0),
    (0, 14),
    (14, 16),
    (0, 15),
    (15, 17),
];
/// Half the width of a limb.
const LIMB_RADIUS: i32 = 4;
/// Levels of the limbs before dimming: 18 even steps, cut to integers, of which 17 are used.
const LIMB_LEVELS: (f64, f64, usize) = (20.0, 240.0, 18);
/// Limbs lose some of their level,
const LIMB_DIMMING: f64 = 0.6;
/// and joints are brighter than the first limb they belong to.
const JOINT_GAIN: f64 = 1.3;
const JOINT_RADIUS: i64 = 4;

/// Bones of a hand: from the wrist along each finger.
const FINGER_BONES: usize = 4;
const HAND_LEVELS: (f64, f64, usize) = (160.0, 220.0, HAND_POINTS - 1);
const HAND_DOT_LEVEL: u8 = 240;
const HAND_DOT_RADIUS: i64 = 4;
const FACE_DOT_LEVEL: u8 = 200;
const FACE_DOT_RADIUS: i64 = 3;

/// Why a pose cannot be drawn.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RasterError {
    /// The size is no size of a picture.
    #[error(transparent)]
    Size(#[from] PictureError),
    /// A side is longer than 32,768 pixels.
    #[error("a pose cannot be drawn at {0}: at most {MAX_SIDE} pixels a side")]
    TooLong(Size),
    /// A point is not a number, or far outside.
    #[error(
        "a point of a pose lies at ({x}, {y}); at most {FARTHEST} picture sides from the corner are allowed"
    )]
    Point {
        /// Where it lies, to the right.
        x: f64,
        /// Where it lies, down.
        y: f64,
    },
}

/// Draws a pose in gray, bytes equal to the reference; a pose without points is all black.
///
/// Fails where the size is empty or too large, or a point is not finite or far outside the picture.
pub fn draw(pose: &Pose, size: Size) -> Result<Picture, RasterError> {
    let mut canvas = Picture::filled(size, 1, 0)?;
    if size.width.max(size.height) > MAX_SIDE {
        return Err(RasterError::TooLong(size));
    }
    let body = pixels(&pose.body, size)?;
    draw_limbs(&mut canvas, &body);
    draw_joints(&mut canvas, &body);
    for hand in &pose.hands {
        draw_hand(&mut canvas, &pixels(hand, size)?);
    }
    for pixel in pixels(&pose.face, size)?
        .into_iter()
        .flatten()
        .filter(in_quadrant)
    {
        fill_circle(&mut canvas, pixel, FACE_DOT_RADIUS, FACE_DOT_LEVEL);
    }
    Ok(canvas)
}

/// Points as pixels, cut off towards zero.
fn pixels(points: &[Option<Point>], size: Size) -> Result<Vec<Option<Pixel>>, RasterError> {
    let pixel = |point: Point| {
        // Written so that a value that is not a number fails too.
        let near = point.x.abs() <= FARTHEST && point.y.abs() <= FARTHEST;
        let place = (point.x * size.width as f64, point.y * size.height as f64);
        near.then_some((place.0 as i64, place.1 as i64))
            .ok_or(RasterError::Point {
                x: point.x,
                y: point.y,
            })
    };
    points
        .iter()
        .map(|point| point.map(pixel).transpose())
        .collect()
}

fn draw_limbs(canvas: &mut Picture, body: &[Option<Pixel>]) {
    for (limb, &(from, to)) in LIMBS.iter().enumerate() {
        let (Some(from), Some(to)) = (body[from], body[to]) else {
            continue;
        };
        let middle = ((from.0 + to.0).div_euclid(2), (from.1 + to.1).div_euclid(2));
        let (across, down) = ((from.0 - to.0) as f64, (from.1 - to.1) as f64);
        let length = across.hypot(down) as i32;
        let degrees = down.atan2(across).to_degrees() as i32;
        let outline = ellipse(middle, (length / 2, LIMB_RADIUS), degrees);
        fill_convex(canvas, &outline, step(LIMB_LEVELS, limb));
    }
    for level in canvas.samples_mut() {
        *level = (f64::from(*level) * LIMB_DIMMING) as u8;
    }
}

fn draw_joints(canvas: &mut Picture, body: &[Option<Pixel>]) {
    for (joint, pixel) in body.iter().enumerate() {
        let &Some(pixel) = pixel else { continue };
        let Some(limb) = LIMBS
            .iter()
            .position(|&(from, to)| from == joint || to == joint)
        else {
            continue;
        };
        let level = (f64::from(step(LIMB_LEVELS, limb)) * JOINT_GAIN).min(255.0) as u8;
        fill_circle(canvas, pixel, JOINT_RADIUS, level);
    }
}

fn draw_hand(canvas: &mut Picture, hand: &[Option<Pixel>]) {
    for bone in 0..HAND_POINTS - 1 {
        let from = if bone % FINGER_BONES == 0 { 0 } else { bone };
        let ends = (
            hand[from].filter(in_quadrant),
            hand[bone + 1].filter(in_quadrant),
        );
        if let (Some(from), Some(to)) = ends {
            thick_line(canvas, from, to, step(HAND_LEVELS, bone));
        }
    }
    for &pixel in hand.iter().flatten().filter(|pixel| in_quadrant(pixel)) {
        fill_circle(canvas, pixel, HAND_DOT_RADIUS, HAND_DOT_LEVEL);
    }
}

/// Points of hands and face left of or above the second pixel count as unseen.
fn in_quadrant(pixel: &Pixel) -> bool {
    pixel.0 > 0 && pixel.1 > 0
}

/// Level number `index` of so many even steps from the first to the last value, cut to an integer.
fn step((first, last, count): (f64, f64, usize), index: usize) -> u8 {
    let width = (last - first) / (count - 1) as f64;
    (index as f64 * width + first) as u8
}
