//! Morphology with elliptic elements, and exact Euclidean distances.

use super::plane::{Gray, Mask, Plane};

/// Grows the true area by an ellipse of radius `max(1, round(r))` pixels; outside the plane counts as false.
pub fn dilate(mask: &Mask, r: f64) -> Mask {
    let spans = ellipse(r);
    let radius = (spans.len() / 2) as isize;
    let (width, height) = mask.size();
    let mut out = Plane::new(width, height, false);
    for y in 0..height {
        for x in 0..width {
            if !mask[(x, y)] {
                continue;
            }
            for (i, &span) in spans.iter().enumerate() {
                let row = y as isize + i as isize - radius;
                if row < 0 || row >= height as isize {
                    continue;
                }
                let first = x.saturating_sub(span);
                let last = (x + span).min(width - 1);
                out.row_mut(row as usize)[first..=last].fill(true);
            }
        }
    }
    out
}

/// Shrinks the true area by an ellipse of radius `max(1, round(r))` pixels; outside the plane counts as true.
pub fn erode(mask: &Mask, r: f64) -> Mask {
    dilate(&mask.not(), r).not()
}

/// Removes what an ellipse of radius `max(1, round(r))` pixels does not fit into.
pub fn open(mask: &Mask, r: f64) -> Mask {
    dilate(&erode(mask, r), r)
}

/// Fills what an ellipse of radius `max(1, round(r))` pixels does not fit into from outside.
pub fn close(mask: &Mask, r: f64) -> Mask {
    erode(&dilate(mask, r), r)
}

/// Measures for every true pixel the Euclidean distance to the nearest false pixel, 0 for false pixels.
///
/// Nothing outside the plane counts as false; without any false pixel every distance is the diagonal of the plane.
pub fn distance_inside(mask: &Mask) -> Gray {
    let (width, height) = mask.size();
    let diagonal = (width as f32).hypot(height as f32);
    let nearest = nearest_true(&mask.not());
    Plane::from_fn(width, height, |x, y| {
        let index = nearest[(x, y)] as usize;
        if index >= width * height {
            return diagonal;
        }
        let (dx, dy) = ((index % width).abs_diff(x), (index / width).abs_diff(y));
        ((dx * dx + dy * dy) as f32).sqrt()
    })
}

/// Finds for every pixel the linear index (`y * width + x`) of the nearest true pixel; `u32::MAX` when there is none.
pub fn nearest_true(mask: &Mask) -> Plane<u32> {
    let (width, height) = mask.size();
    let mut nearest_row = Plane::new(width, height, u32::MAX);
    for x in 0..width {
        let mut last = None;
        for y in 0..height {
            last = if mask[(x, y)] { Some(y) } else { last };
            nearest_row[(x, y)] = last.map_or(u32::MAX, |row| row as u32);
        }
        last = None;
        for y in (0..height).rev() {
            last = if mask[(x, y)] { Some(y) } else { last };
            let above = nearest_row[(x, y)];
            if let Some(row) = last
                && (above == u32::MAX || row - y < y - above as usize)
            {
                nearest_row[(x, y)] = row as u32;
            }
        }
    }
    Plane::from_fn(width, height, |x, y| {
        let mut best = (usize::MAX, u32::MAX);
        for column in 0..width {
            let row = nearest_row[(column, y)];
            if row == u32::MAX {
                continue;
            }
            let (dx, dy) = (column.abs_diff(x), (row as usize).abs_diff(y));
            let distance = dx * dx + dy * dy;
            if distance < best.0 {
                best = (distance, row * width as u32 + column as u32);
            }
        }
        best.1
    })
}

/// Half widths of the rows of an elliptic element, from the top row to the bottom row.
fn ellipse(r: f64) -> Vec<usize> {
    let radius = r.round_ties_even().max(1.0);
    let count = radius as i32;
    (-count..=count)
        .map(|dy| {
            let dy = f64::from(dy);
            (radius * ((radius * radius - dy * dy) / (radius * radius)).sqrt()).round_ties_even()
                as usize
        })
        .collect()
}
