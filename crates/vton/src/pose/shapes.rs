//! Filled shapes as `OpenCV` draws them, pixel for pixel: what counts is that a raster has the pixels the network was trained on.
//!
//! Lines follow Bresenham (1965). A convex outline is drawn with lines and then filled row by row between its two sides, whose places
//! are kept with 16 fractional bits.

use crate::preprocess::Picture;

/// A pixel: column and row. It may lie outside the picture.
pub(super) type Pixel = (i64, i64);

/// Fractional bits of a place.
const FRACTION: u32 = 16;
const ONE: i64 = 1 << FRACTION;
const HALF: i64 = ONE / 2;

/// How far beyond the picture a thick line is followed, in pixels.
const LINE_MARGIN: i64 = 2;

/// A place with 16 fractional bits: column and row.
type Place = (i64, i64);

/// Outline of an ellipse that is turned by `degrees`, one corner per degree.
pub(super) fn ellipse(center: Pixel, radii: (i32, i32), degrees: i32) -> Vec<Pixel> {
    let (cos, sin) = (cosine(degrees), sine(degrees));
    let mut corners: Vec<Pixel> = (0..=360)
        .map(|angle| {
            let x = f64::from(radii.0) * cosine(angle);
            let y = f64::from(radii.1) * sine(angle);
            let column = center.0 as f64 + x * cos - y * sin;
            let row = center.1 as f64 + x * sin + y * cos;
            (
                column.round_ties_even() as i64,
                row.round_ties_even() as i64,
            )
        })
        .collect();
    corners.dedup();
    if corners.len() == 1 {
        corners.push(corners[0]);
    }
    corners
}

/// Sine of whole degrees as the reference's table has it: seven decimals, in f32.
fn sine(degrees: i32) -> f64 {
    const DECIMALS: f64 = 1e7;
    let exact = f64::from(degrees.rem_euclid(360)).to_radians().sin();
    f64::from(((exact * DECIMALS).round() / DECIMALS) as f32)
}

fn cosine(degrees: i32) -> f64 {
    sine(degrees + 90)
}

/// Fills a convex outline whose corners are pixels.
pub(super) fn fill_convex(canvas: &mut Picture, corners: &[Pixel], level: u8) {
    let Some(&last) = corners.last() else { return };
    let mut from = last;
    for &to in corners {
        draw_line(canvas, from, to, level);
        from = to;
    }
    let places: Vec<Place> = corners
        .iter()
        .map(|corner| (corner.0 << FRACTION, corner.1 << FRACTION))
        .collect();
    fill_between_sides(canvas, &places, level);
}

/// A line of two pixels' width with round ends.
///
/// Ends outside are first moved to whole pixels just beyond the picture, which turns the line a little, as in the reference.
pub(super) fn thick_line(canvas: &mut Picture, from: Pixel, to: Pixel, level: u8) {
    let size = (
        canvas.width() as i64 + 2 * LINE_MARGIN,
        canvas.height() as i64 + 2 * LINE_MARGIN,
    );
    let inward = |pixel: Pixel| (pixel.0 + LINE_MARGIN, pixel.1 + LINE_MARGIN);
    let outward = |pixel: Pixel| (pixel.0 - LINE_MARGIN, pixel.1 - LINE_MARGIN);
    let Some((from, to)) = clip(size, inward(from), inward(to)) else {
        return;
    };
    let (from, to) = (outward(from), outward(to));
    let (across, down) = ((from.0 - to.0) as f64, (to.1 - from.1) as f64);
    let length_squared = across * across + down * down;
    let (start, end) = (
        (from.0 << FRACTION, from.1 << FRACTION),
        (to.0 << FRACTION, to.1 << FRACTION),
    );
    if length_squared > 0.0 {
        let scale = ONE as f64 / length_squared.sqrt();
        let aside = (
            (down * scale).round_ties_even() as i64,
            (across * scale).round_ties_even() as i64,
        );
        let corners = [
            (start.0 + aside.0, start.1 + aside.1),
            (start.0 - aside.0, start.1 - aside.1),
            (end.0 - aside.0, end.1 - aside.1),
            (end.0 + aside.0, end.1 + aside.1),
        ];
        for (corner, &place) in corners.iter().enumerate() {
            draw_fine_line(canvas, corners[(corner + 3) % 4], place, level);
        }
        fill_between_sides(canvas, &corners, level);
    }
    for pixel in [from, to] {
        fill_circle(canvas, pixel, 1, level);
    }
}

/// Fills a circle by the midpoint rule.
pub(super) fn fill_circle(canvas: &mut Picture, center: Pixel, radius: i64, level: u8) {
    let (mut error, mut wide, mut narrow) = (0, radius, 0);
    let (mut plus, mut minus) = (1, 2 * radius - 1);
    while wide >= narrow {
        for (down, reach) in [(narrow, wide), (wide, narrow)] {
            for row in [center.1 - down, center.1 + down] {
                fill_row(canvas, row, center.0 - reach, center.0 + reach, level);
            }
        }
        narrow += 1;
        error += plus;
        plus += 2;
        if error > 0 {
            error -= minus;
            wide -= 1;
            minus -= 2;
        }
    }
}

/// One of the two sides of a convex outline, from the top down.
struct Side {
    /// Corner that the current edge leads to.
    corner: usize,
    /// How the next corner is found: one on, or one back.
    advance: usize,
    /// Row in which the current edge ends.
    until: i64,
    /// Column in the current row.
    x: i64,
    /// Columns per row.
    slope: i64,
}

fn fill_between_sides(canvas: &mut Picture, corners: &[Place], level: u8) {
    let count = corners.len();
    let row_of = |corner: usize| (corners[corner].1 + HALF) >> FRACTION;
    let Some(top) = (0..count).min_by_key(|&corner| corners[corner].1) else {
        return;
    };
    let Some(bottom) = (0..count).map(row_of).max() else {
        return;
    };
    if count < 3 {
        return;
    }
    let start = row_of(top);
    let side = |advance| Side {
        corner: top,
        advance,
        until: start,
        x: -ONE,
        slope: 0,
    };
    let mut sides = [side(1), side(count - 1)];
    let mut edges_left = count;
    for row in start..=bottom.min(canvas.height() as i64 - 1) {
        for side in &mut sides {
            if row < side.until {
                continue;
            }
            let mut from = side.corner;
            loop {
                if edges_left == 0 {
                    return;
                }
                edges_left -= 1;
                let to = (from + side.advance) % count;
                let end = row_of(to);
                if end > row {
                    let rows = end - row;
                    side.slope = ((corners[to].0 - corners[from].0) * 2 + rows) / (2 * rows);
                    (side.until, side.x, side.corner) = (end, corners[from].0, to);
                    break;
                }
                from = to;
            }
        }
        let (left, right) = (sides[0].x.min(sides[1].x), sides[0].x.max(sides[1].x));
        fill_row(
            canvas,
            row,
            (left + HALF) >> FRACTION,
            (right + HALF) >> FRACTION,
            level,
        );
        for side in &mut sides {
            side.x += side.slope;
        }
    }
}

/// A line of single pixels between two pixels (Bresenham), from left to right.
fn draw_line(canvas: &mut Picture, from: Pixel, to: Pixel, level: u8) {
    let size = (canvas.width() as i64, canvas.height() as i64);
    let Some((mut from, mut to)) = clip(size, from, to) else {
        return;
    };
    if to.0 < from.0 {
        (from, to) = (to, from);
    }
    let (across, down) = (to.0 - from.0, (to.1 - from.1).abs());
    let downwards = (to.1 - from.1).signum();
    let (long, short) = (across.max(down), across.min(down));
    let (long_step, short_step) = if down > across {
        ((0, downwards), (1, 0))
    } else {
        ((1, 0), (0, downwards))
    };
    let mut error = long - 2 * short;
    let (mut x, mut y) = from;
    for _ in 0..=long {
        fill_row(canvas, y, x, x, level);
        if error < 0 {
            error += 2 * long;
            (x, y) = (x + short_step.0, y + short_step.1);
        }
        error -= 2 * short;
        (x, y) = (x + long_step.0, y + long_step.1);
    }
}

/// A line of single pixels between two places with fractional bits.
fn draw_fine_line(canvas: &mut Picture, from: Place, to: Place, level: u8) {
    let size = (
        (canvas.width() as i64) << FRACTION,
        (canvas.height() as i64) << FRACTION,
    );
    let Some((mut from, mut to)) = clip(size, from, to) else {
        return;
    };
    let (across, down) = (to.0 - from.0, to.1 - from.1);
    let flat = across.abs() > down.abs();
    let backwards = if flat { across < 0 } else { down < 0 };
    if backwards {
        (from, to) = (to, from);
    }
    let (across, down) = (to.0 - from.0, to.1 - from.1);
    dot(
        canvas,
        ((to.0 + HALF) >> FRACTION, (to.1 + HALF) >> FRACTION),
        level,
    );
    let (mut x, mut y) = (from.0 + HALF, from.1 + HALF);
    if flat {
        let slope = (down << FRACTION) / (across | 1);
        for column in 0..=across >> FRACTION {
            dot(canvas, ((x >> FRACTION) + column, y >> FRACTION), level);
            y += slope;
        }
    } else {
        let slope = (across << FRACTION) / (down | 1);
        for row in 0..=down >> FRACTION {
            dot(canvas, (x >> FRACTION, (y >> FRACTION) + row), level);
            x += slope;
        }
    }
}

/// Cuts a line to the rectangle from (0, 0) to `size`, exclusive (Cohen and Sutherland); `None` where nothing is left.
fn clip(size: (i64, i64), mut from: Place, mut to: Place) -> Option<(Place, Place)> {
    let (right, bottom) = (size.0 - 1, size.1 - 1);
    let beside = |place: Place| i64::from(place.0 > right) - i64::from(place.0 < 0);
    let above = |place: Place| i64::from(place.1 > bottom) - i64::from(place.1 < 0);
    // Both ends beyond the same edge.
    let apart = |from: i64, to: i64| from != 0 && from == to;
    if apart(beside(from), beside(to)) || apart(above(from), above(to)) {
        return None;
    }
    if above(from) != 0 {
        let edge = if above(from) < 0 { 0 } else { bottom };
        from = (
            from.0 + share(edge - from.1, to.0 - from.0, to.1 - from.1),
            edge,
        );
    }
    if above(to) != 0 {
        let edge = if above(to) < 0 { 0 } else { bottom };
        to = (
            to.0 + share(edge - to.1, to.0 - from.0, to.1 - from.1),
            edge,
        );
    }
    if apart(beside(from), beside(to)) {
        return None;
    }
    if beside(from) != 0 {
        let edge = if beside(from) < 0 { 0 } else { right };
        from = (
            edge,
            from.1 + share(edge - from.0, to.1 - from.1, to.0 - from.0),
        );
    }
    if beside(to) != 0 {
        let edge = if beside(to) < 0 { 0 } else { right };
        to = (
            edge,
            to.1 + share(edge - to.0, to.1 - from.1, to.0 - from.0),
        );
    }
    Some((from, to))
}

/// `part * of / whole`, cut off towards zero; 0 for a whole of 0.
fn share(part: i64, of: i64, whole: i64) -> i64 {
    (i128::from(part) * i128::from(of))
        .checked_div(i128::from(whole))
        .unwrap_or(0) as i64
}

fn dot(canvas: &mut Picture, (x, y): Pixel, level: u8) {
    fill_row(canvas, y, x, x, level);
}

/// Fills a row from one column to another, both included, as far as they are in the picture.
fn fill_row(canvas: &mut Picture, row: i64, from: i64, to: i64, level: u8) {
    let (width, height) = (canvas.width() as i64, canvas.height() as i64);
    let (from, to) = (from.max(0), to.min(width - 1));
    if !(0..height).contains(&row) || from > to {
        return;
    }
    let start = row * width;
    canvas.samples_mut()[(start + from) as usize..=(start + to) as usize].fill(level);
}

#[cfg(test)]
mod tests {
    use super::{fill_convex, thick_line};
    use crate::preprocess::{Picture, Size};

    fn line(from: (i64, i64), to: (i64, i64)) -> Picture {
        let mut canvas = Picture::filled(Size::new(100, 100), 1, 0).expect("a canvas");
        thick_line(&mut canvas, from, to, 255);
        canvas
    }

    #[test]
    fn a_line_is_followed_two_pixels_beyond_the_edge() {
        assert_eq!(line((20, 30), (103, 60)), line((20, 30), (101, 60)));
        assert_eq!(line((20, 30), (150, 60)), line((20, 30), (101, 49)));
        assert_ne!(line((20, 30), (101, 60)), line((20, 30), (100, 60)));
    }

    #[test]
    fn a_line_outside_leaves_nothing() {
        let empty = Picture::filled(Size::new(100, 100), 1, 0).expect("a canvas");
        assert_eq!(line((-9, -9), (-9, 200)), empty);
        assert_eq!(line((i64::from(i32::MAX), 3), (1 << 40, -4)), empty);
    }

    #[test]
    fn a_line_without_length_is_a_dot() {
        let dot = line((50, 50), (50, 50));
        assert_eq!(dot.samples().iter().filter(|&&level| level > 0).count(), 5);
    }

    #[test]
    fn an_outline_without_corners_is_nothing() {
        let mut canvas = Picture::filled(Size::new(3, 3), 1, 0).expect("a canvas");
        fill_convex(&mut canvas, &[], 9);
        assert!(canvas.samples().iter().all(|&level| level == 0));
    }
}
