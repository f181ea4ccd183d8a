//! Where a made picture differs from the original.

use super::plane::Plane;

/// A difference of this many levels is certainly a change,
const SURE: f32 = 26.0;
/// and what hangs together with one and differs by this many belongs to it.
const LIKELY: f32 = 12.0;
/// Changes smaller than this share of the picture are noise.
const LEAST_SHARE: f32 = 0.0008;
/// Unchanged islands inside a change that are smaller than this share belong to it.
const ISLAND_SHARE: f32 = 0.01;

/// Marks what was changed: `true` per pixel, a little wider than what differs.
pub(super) fn edited(difference: &Plane, margin: usize) -> Vec<bool> {
    let (width, height) = (difference.width, difference.height);
    let pixels = (width * height) as f32;
    let likely: Vec<bool> = difference
        .values
        .iter()
        .map(|value| *value > LIKELY)
        .collect();
    let mut marked = vec![false; likely.len()];
    for part in connected(&likely, width) {
        let is_sure = part.iter().any(|at| difference.values[*at] > SURE);
        if is_sure && part.len() as f32 >= LEAST_SHARE * pixels {
            for at in part {
                marked[at] = true;
            }
        }
    }
    let mut marked = widened(&marked, width, height, margin);
    let unmarked: Vec<bool> = marked.iter().map(|marked| !marked).collect();
    for island in connected(&unmarked, width) {
        if (island.len() as f32) < ISLAND_SHARE * pixels {
            for at in island {
                marked[at] = true;
            }
        }
    }
    marked
}

/// The parts of what is set that hang together by edges, each as a list of pixels.
fn connected(set: &[bool], width: usize) -> Vec<Vec<usize>> {
    let mut is_seen = vec![false; set.len()];
    let mut parts = Vec::new();
    for start in 0..set.len() {
        if !set[start] || is_seen[start] {
            continue;
        }
        is_seen[start] = true;
        let mut part = vec![start];
        let mut next = 0;
        while let Some(&at) = part.get(next) {
            next += 1;
            let x = at % width;
            let neighbours = [
                (x > 0).then(|| at - 1),
                (x + 1 < width).then(|| at + 1),
                at.checked_sub(width),
                Some(at + width).filter(|below| *below < set.len()),
            ];
            for neighbour in neighbours.into_iter().flatten() {
                if set[neighbour] && !is_seen[neighbour] {
                    is_seen[neighbour] = true;
                    part.push(neighbour);
                }
            }
        }
        parts.push(part);
    }
    parts
}

/// What is set, and everything within `margin` pixels (a square) of it.
fn widened(set: &[bool], width: usize, height: usize, margin: usize) -> Vec<bool> {
    let as_number = |set: &bool| if *set { 1.0 } else { 0.0 };
    let plane = Plane {
        width,
        height,
        values: set.iter().map(as_number).collect(),
    };
    let touched = plane.box_blurred(margin);
    touched.values.iter().map(|value| *value > 1e-6).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A difference of 40 levels in a frame of pixels, with an unchanged middle.
    fn frame() -> Plane {
        let mut plane = Plane::filled(100, 100, 0.0);
        for y in 30..60 {
            for x in 30..60 {
                let is_middle = (42..48).contains(&x) && (42..48).contains(&y);
                plane.values[y * 100 + x] = if is_middle { 0.0 } else { 40.0 };
            }
        }
        plane
    }

    #[test]
    fn a_change_is_marked_with_a_margin_and_without_holes() {
        let marked = edited(&frame(), 2);
        let at = |x: usize, y: usize| marked[y * 100 + x];
        assert!(at(28, 28) && at(61, 61) && at(45, 45));
        assert!(!at(27, 40) && !at(40, 62) && !at(0, 0));
    }

    #[test]
    fn specks_and_faint_differences_are_no_change() {
        let mut plane = Plane::filled(100, 100, 11.0);
        plane.values[5_050] = 200.0;
        plane.values[5_051] = 200.0;
        assert!(edited(&plane, 2).iter().all(|marked| !marked));
    }
}
