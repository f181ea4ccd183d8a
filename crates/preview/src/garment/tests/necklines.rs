//! Necklines between strong edges that are none: prints, tapes and bands at the back of the neck.

use super::drawing::{Drawing, in_work_pixels};
use super::*;

/// Half of a sleeveless dress; its upper edge between the neck points is the back.
const DRESS: &[(f64, f64)] = &[
    (288.0, BACK),
    (330.0, 96.0),
    (NECK_X, NECK_Y),
    (390.0, 98.0),
    (385.0, 180.0),
    (400.0, 240.0),
    (380.0, 340.0),
    (430.0, 720.0),
];
const NECK_X: f64 = 365.0;
const NECK_Y: f64 = 84.0;
/// Row of the middle of the back.
const BACK: f64 = 99.0;

const CLOTH: [u8; 3] = [205, 200, 190];
const INK: [u8; 3] = [45, 45, 50];
const PALE_INK: [u8; 3] = [250, 250, 245];

/// Gives half an arc that leaves the neck points and hangs `depth` below them, from the middle outwards as far as `reach`
/// (1 is the neck point).
fn arc(depth: f64, reach: (f64, f64)) -> Vec<(f64, f64)> {
    (0..=12)
        .map(|step| reach.0 + (reach.1 - reach.0) * f64::from(step) / 12.0)
        .map(|share| {
            let below = depth * (1.0 - share * share).max(0.0).sqrt();
            (288.0 + (NECK_X - 288.0) * share, NECK_Y + below)
        })
        .collect()
}

/// Gives what lies between two such arcs.
fn between(upper: f64, lower: f64, reach: (f64, f64)) -> Vec<(f64, f64)> {
    let mut outline = arc(upper, reach);
    outline.extend(arc(lower, reach).into_iter().rev());
    outline
}

/// Gives what lies between the back of the neck and an arc.
fn below_back(depth: f64) -> Vec<(f64, f64)> {
    let back = [(NECK_X, NECK_Y), (330.0, 96.0), (288.0, BACK)];
    arc(depth, (0.0, 1.0)).into_iter().chain(back).collect()
}

/// Depth of the neckline that was found, in picture pixels below the neck points.
fn found_depth(image: &Rgb8) -> f64 {
    let shape = analyzed(image, Some(Category::Dress));
    let upper = shape.upper().unwrap();
    assert_pair(upper.landmarks.neck, (NECK_X, NECK_Y), 6.0, "neck");
    let arc = upper.neck_arc.as_ref().unwrap();
    let scale = in_work_pixels((0.0, 1.0)).y - in_work_pixels((0.0, 0.0)).y;
    (arc[arc.len() / 2].y - in_work_pixels((0.0, NECK_Y)).y) / scale
}

#[test]
fn a_print_on_the_chest_is_no_neckline() {
    // A neck closed to the throat, and below it a print whose edges follow the arc of a usual neckline: dark above light in
    // the middle, light above dark on both sides.
    let (closed, usual) = (36.0, 80.0);
    let (middle, side) = ((0.0, 0.55), (0.55, 0.95));
    let mut drawing = Drawing::on_wall(WHITE)
        .symmetric(DRESS, CLOTH, 1.5)
        .symmetric(&below_back(closed), [80, 76, 72], 1.5)
        .symmetric(&between(58.0, usual, middle), INK, 1.5)
        .symmetric(&between(usual, 100.0, middle), PALE_INK, 1.5);
    for (upper, lower, ink) in [(58.0, usual, PALE_INK), (usual, 115.0, INK)] {
        let right = between(upper, lower, side);
        let left: Vec<(f64, f64)> = right.iter().copied().map(mirrored).collect();
        drawing = drawing.polygon(&right, ink, 1.5).polygon(&left, ink, 1.5);
    }
    let image = drawing.finish();
    let depth = found_depth(&image);
    assert!((depth - closed).abs() < 6.0, "{depth}");
}

#[test]
fn a_dark_band_at_the_back_of_the_neck_is_no_neckline() {
    // Below the band the inner back shows, and ends at a faint edge: the rim of the front.
    let (band, front) = (38.0, 72.0);
    let image = Drawing::on_wall(WHITE)
        .symmetric(DRESS, [225, 223, 220], 0.8)
        .symmetric(&below_back(front), [176, 174, 172], 0.8)
        .symmetric(&below_back(band), INK, 0.8)
        .finish();
    let depth = found_depth(&image);
    assert!((depth - front).abs() < 6.0, "{depth}");
}
