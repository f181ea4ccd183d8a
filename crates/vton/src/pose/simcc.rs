//! The pose network's output: each joint's column and row as two rows of scores, after `SimCC` (Li and others 2022), as in `RTMPose`.

use super::{Crop, DecodeError, Joint};

/// Joints that the pose network finds: body, feet, face, hands.
pub const NETWORK_JOINTS: usize = 133;
/// Score columns per pixel of the input.
pub(super) const SPLIT: usize = 2;
/// Place of a joint that is not found, in score columns.
const NOT_FOUND: f64 = -1.0;

/// Reads the scores of columns `[133, 2 * width]` and of rows `[133, 2 * height]`: the joints in pixels of the picture.
///
/// A joint's score is the smaller one of its two maxima. Where that is not above zero, the joint counts as not found and lies half a
/// pixel outside the cut-out. Fails where the number of scores does not belong to the input of `crop`.
pub fn decode_simcc(columns: &[f32], rows: &[f32], crop: &Crop) -> Result<Vec<Joint>, DecodeError> {
    let (width, height) = (
        crop.input.width.saturating_mul(SPLIT),
        crop.input.height.saturating_mul(SPLIT),
    );
    check("the scores of columns", columns, width)?;
    check("the scores of rows", rows, height)?;
    if width == 0 || height == 0 {
        return Err(DecodeError::Length {
            what: "an empty input",
            expected: 1,
            found: 0,
        });
    }
    let joints = columns.chunks_exact(width).zip(rows.chunks_exact(height));
    Ok(joints
        .map(|(columns, rows)| joint(peak(columns), peak(rows), crop))
        .collect())
}

fn check(what: &'static str, scores: &[f32], length: usize) -> Result<(), DecodeError> {
    let expected = length.saturating_mul(NETWORK_JOINTS);
    if scores.len() == expected {
        return Ok(());
    }
    Err(DecodeError::Length {
        what,
        expected,
        found: scores.len(),
    })
}

fn joint(column: (usize, f32), row: (usize, f32), crop: &Crop) -> Joint {
    let score = if column.1 > row.1 { row.1 } else { column.1 };
    let place = if score > 0.0 {
        (column.0 as f64, row.0 as f64)
    } else {
        (NOT_FOUND, NOT_FOUND)
    };
    let (x, y) = crop.back((place.0 / SPLIT as f64, place.1 / SPLIT as f64));
    Joint {
        x,
        y,
        score: f64::from(score),
    }
}

/// The first of the largest scores.
fn peak(scores: &[f32]) -> (usize, f32) {
    let mut best = (0, f32::NEG_INFINITY);
    for (at, &score) in scores.iter().enumerate() {
        if score > best.1 {
            best = (at, score);
        }
    }
    best
}
