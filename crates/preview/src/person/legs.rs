//! Where two separate legs begin.

use super::landmarks::Landmarks;
use crate::raster::{Mask, runs};

/// Highest row under the shoulders where legs may part, U.
const HIGHEST: f64 = 1.75;
/// Least and greatest width of a leg, U.
const LEG_WIDTH: (f64, f64) = (0.08, 0.42);
/// The legs must be seen for this many rows, U.
const LEAST_ROWS: f64 = 0.06;

/// First row from which two separate legs are seen: the end of a skirt whose colour cannot be told from skin.
///
/// Without legs the highest row where they may part.
pub(super) fn first_row_of_two_legs(silhouette: &Mask, body: &Landmarks) -> f64 {
    let unit = body.shoulder_width;
    let highest = body.row_at(HIGHEST);
    let mut seen_rows = 0;
    for y in (highest.max(0.0) as usize)..silhouette.height() {
        let mut on_left = false;
        let mut on_right = false;
        for run in runs(silhouette.row(y)) {
            let length = (run.end - run.start) as f64;
            let middle = 0.5 * (run.start + run.end) as f64;
            let leg_like = length > LEG_WIDTH.0 * unit && length < LEG_WIDTH.1 * unit;
            if leg_like && (middle - body.center_x).abs() < 0.5 * unit {
                on_left |= (run.end as f64) < body.center_x + 0.12 * unit;
                on_right |= run.start as f64 > body.center_x - 0.12 * unit;
            }
        }
        seen_rows = if on_left && on_right {
            seen_rows + 1
        } else {
            0
        };
        if seen_rows as f64 > LEAST_ROWS * unit {
            return (y as f64 - seen_rows as f64).max(highest);
        }
    }
    highest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::PerSide;
    use crate::raster::Point;

    fn body() -> Landmarks {
        Landmarks {
            chin: 20.0,
            tips: PerSide {
                left: Point::new(50.0, 40.0),
                right: Point::new(150.0, 40.0),
            },
            shoulder_width: 100.0,
            center_x: 100.0,
            neck_x: 100.0,
            head_x: 100.0,
            shoulder_y: 40.0,
        }
    }

    #[test]
    fn finds_where_a_skirt_ends() {
        let person = Mask::from_fn(200, 400, |x, y| match y {
            0..260 => (60..140).contains(&x),
            _ => (70..95).contains(&x) || (105..130).contains(&x),
        });
        let row = first_row_of_two_legs(&person, &body());
        assert!((258.0..=261.0).contains(&row), "{row}");
    }

    #[test]
    fn falls_back_to_the_highest_row_without_legs() {
        let skirt_to_the_floor = Mask::new(200, 400, true);
        assert!((first_row_of_two_legs(&skirt_to_the_floor, &body()) - 215.0).abs() < 1e-9);
    }
}
