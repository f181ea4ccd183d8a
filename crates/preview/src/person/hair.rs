//! Hair of the head: the colour of the crown, and what hangs together with it.

use super::landmarks::Landmarks;
use super::scene::Scene;
use super::skin::{Skin, spread_distance};
use crate::raster::{
    Connectivity, Mask, close, connected_to, gaussian, mad_color, median_color, open,
};

/// Least area of hair seen above the face, face sizes squared.
const LEAST_CROWN: f64 = 0.03;
/// Least and greatest spread of the hair's colour in (L, a, b).
const LEAST_SPREAD: [f32; 3] = [5.0, 2.5, 2.5];
const GREATEST_SPREAD: [f32; 3] = [11.0, 6.0, 7.0];
/// Distance in spreads under which a pixel may be hair.
const LIMIT: f32 = 3.0;
/// Skin distance under which a pixel is skin rather than hair.
const SURE_SKIN: f32 = 1.0;
/// Longest hair under the shoulders, U, and its reach beside the face, face sizes.
const LONGEST: f64 = 0.95;
const WIDEST: f64 = 1.25;

/// Finds the hair inside the silhouette; empty without a face or without hair above it.
pub(super) fn find(scene: &Scene, silhouette: &Mask, body: &Landmarks, skin: &Skin) -> Mask {
    let (width, height) = silhouette.size();
    let none = Mask::new(width, height, false);
    let Some(face) = scene.face else {
        return none;
    };
    let crown = Mask::from_fn(width, height, |x, y| {
        let across = (x as f64 - face.center.x) / face.size;
        let down = (y as f64 - face.center.y) / face.size;
        let near_head = (across / 0.62).powi(2) + ((down + 0.25) / 0.75).powi(2) < 1.0;
        near_head && down < -0.38 && silhouette[(x, y)] && !skin.mask[(x, y)]
    });
    if crown.count() as f64 <= LEAST_CROWN * face.size * face.size {
        return none;
    }
    let samples = scene.lab.select(&crown);
    let color = median_color(&samples);
    let deviation = mad_color(&samples);
    let spread: [f32; 3] = std::array::from_fn(|channel| {
        deviation[channel].clamp(LEAST_SPREAD[channel], GREATEST_SPREAD[channel])
    });
    let distance = gaussian(
        &scene.lab.map(|pixel| spread_distance(pixel, color, spread)),
        1.0,
    );
    let possible = Mask::from_fn(width, height, |x, y| {
        let at = (x, y);
        let near_head =
            body.down(y) < LONGEST && (x as f64 - face.center.x).abs() < WIDEST * face.size;
        near_head && silhouette[at] && distance[at] < LIMIT && skin.distance[at] >= SURE_SKIN
    });
    // What does not hang together with the hair above the face is something else of that colour.
    let grown = connected_to(&open(&possible, 1.0), &crown, Connectivity::Four);
    close(&grown, 2.0).and(silhouette)
}
