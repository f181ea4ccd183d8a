//! Thin straps over bare shoulders.
//!
//! The person analysis smooths them away as part of the skin. Here every pixel above the garment is asked whether it is nearer
//! to the cloth's colours than to the skin around it; what hangs together with the garment and reaches the shoulder is a strap.

use crate::person::{PersonRegions, Side};
use crate::raster::{
    Color, Connectivity, Mask, Plane, Point, box_blur, close, components, dilate, gaussian_mask,
    lab, lab_distance, nearest_lab_distance,
};

use super::close_up::CloseUp;
use super::cut::main_colors;

/// Straps lie within these distances from the middle (U) ...
const ACROSS: (f64, f64) = (0.08, 0.50);
/// ... and end within these above the shoulder tips (U): some behind the shoulder, some beside the neck.
const HIGHEST: f64 = 0.24;
/// A strap reaches at least this near to the height of the shoulder tips (U).
const REACHES: f64 = 0.05;
/// Size of the neighbourhood that tells the skin's colour (U).
const AROUND: f64 = 0.16;
/// Share of the neighbourhood that must be skin.
const LEAST_AROUND: f32 = 0.06;
/// A strap is this many times nearer to the cloth than to the skin around, which itself is at least this far (Lab).
const RATIO: f32 = 0.7;
const CONTRAST: f32 = 10.0;
/// Widest strap, seen as its area over its length (U): wider pieces are no straps that the analysis could have missed.
const WIDEST: f64 = 0.10;

/// Finds straps that begin at the garment's upper edge.
pub(super) fn find(close_up: &CloseUp, person: &PersonRegions, mask: &Mask) -> Mask {
    let u = person.shoulder_width * close_up.factor;
    let colors = lab(&close_up.work);
    let cloth = main_colors(&colors.select(mask));
    let empty = Mask::new(mask.width(), mask.height(), false);
    if cloth.is_empty() {
        return empty;
    }
    let side_of = |side: Side| close_up.locate(person.shoulder_tips[side]);
    let (left, right) = (side_of(Side::Left), side_of(Side::Right));
    let center_x = close_up.locate(Point::new(person.center_x, 0.0)).x;
    let slope = (right.y - left.y) / (right.x - left.x).max(1.0);
    let shoulder_row = |x: f64| left.y + slope * (x - left.x);

    // Straps lie on skin, and the analysis took them for it.
    let skin = close_up.mask(&person.skin);
    let bare = skin.and_not(&dilate(mask, 4.0));
    let around = mean_around(&colors, &bare, ((AROUND * u) as usize | 1).max(3));
    let lowest = mask.bounds().map_or(0, |bounds| bounds.y1) as f64;
    let candidates = Mask::from_fn(mask.width(), mask.height(), |x, y| {
        let (column, row) = (x as f64, y as f64);
        let across = (column - center_x).abs() / u;
        let placed = across > ACROSS.0
            && across < ACROSS.1
            && row > shoulder_row(column) - HIGHEST * u
            && row < lowest
            && row < shoulder_row(column) + 0.6 * u;
        if !placed || !skin[(x, y)] || mask[(x, y)] {
            return false;
        }
        let Some(bare_skin) = around[(x, y)] else {
            return false;
        };
        let pixel = colors[(x, y)];
        let from_skin = lab_distance(pixel, bare_skin, [1.0; 3]);
        let from_cloth = nearest_lab_distance(pixel, &cloth, [1.0; 3]);
        from_skin > CONTRAST && from_cloth < RATIO * from_skin
    });
    let touching = dilate(mask, 3.0);
    let pieces = components(&close(&candidates, 1.5), Connectivity::Eight);
    let at_garment = pieces.shared_with(&touching);
    let straps = pieces.select(|piece| {
        let top_row = shoulder_row(piece.centroid.x) + REACHES * u;
        let length = piece.height().max(1) as f64;
        at_garment[piece.label as usize - 1] > 0
            && (piece.y0 as f64) < top_row
            && piece.area as f64 / length < WIDEST * u
    });
    gaussian_mask(&straps, 1.0).map(|value| value > 0.4)
}

/// Averages the colours of a region around every pixel; none where the region is far.
fn mean_around(colors: &Color, region: &Mask, size: usize) -> Plane<Option<[f32; 3]>> {
    let weight = box_blur(&region.map(f32::from), size, size);
    let kept = colors.zip_map(
        region,
        |color, inside| if inside { color } else { [0.0; 3] },
    );
    box_blur(&kept, size, size).zip_map(&weight, |sum, weight| {
        (weight > LEAST_AROUND).then(|| sum.map(|part| part / weight))
    })
}
