//! Contours, polygons and polylines.

use super::plane::{Mask, Plane, Point};
use super::region::{Connectivity, components};

/// A place where a contour falls back behind its convex hull.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Defect {
    /// Index of the contour point where the hull leaves the contour.
    pub start: usize,
    /// Index of the contour point where the hull meets the contour again.
    pub end: usize,
    /// Index of the contour point between them that is farthest from the hull.
    pub farthest: usize,
    /// Distance of the farthest point from the hull edge in pixels.
    pub depth: f64,
}

/// Traces the outer boundary pixels of the 8-connected region whose boundary encloses the largest area.
///
/// Starts at the leftmost pixel of the region's top row and goes down the left side first (counter-clockwise on screen). Every
/// boundary pixel of a one-pixel-wide part appears once per pass. An empty mask gives no points.
pub fn outer_contour(mask: &Mask) -> Vec<Point> {
    let found = components(mask, Connectivity::Eight);
    let mut best = (Vec::new(), -1.0);
    for region in &found.regions {
        let limit = ((region.width() - 1) * (region.height() - 1)) as f64;
        if limit <= best.1 {
            continue;
        }
        let Some(start_x) = found
            .labels
            .row(region.y0)
            .iter()
            .position(|label| *label == region.label)
        else {
            continue;
        };
        let contour = trace(
            &found.labels,
            region.label,
            start_x as isize,
            region.y0 as isize,
        );
        let area = contour_area(&contour);
        if area > best.1 {
            best = (contour, area);
        }
    }
    best.0
}

/// Follows the boundary of one region from its topmost, leftmost pixel (Moore neighbourhood).
fn trace(labels: &Plane<u32>, label: u32, start_x: isize, start_y: isize) -> Vec<Point> {
    // Counter-clockwise on screen, from the right neighbour on: right, up right, up, up left, left, down left, down, down right.
    const STEPS: [(isize, isize); 8] = [
        (1, 0),
        (1, -1),
        (0, -1),
        (-1, -1),
        (-1, 0),
        (-1, 1),
        (0, 1),
        (1, 1),
    ];
    let inside = |x: isize, y: isize| labels.get(x, y) == Some(label);
    let mut contour = vec![Point::new(start_x as f64, start_y as f64)];
    // The pixel to the left of the start is outside: the boundary comes from the last inside neighbour clockwise of it.
    let Some(last) = (0..8)
        .map(|i| (12 - i) % 8)
        .skip(1)
        .find(|d| inside(start_x + STEPS[*d].0, start_y + STEPS[*d].1))
    else {
        return contour;
    };
    let final_pixel = (start_x + STEPS[last].0, start_y + STEPS[last].1);
    let (mut x, mut y, mut from) = (start_x, start_y, last);
    loop {
        let Some(direction) = (1..=8)
            .map(|i| (from + i) % 8)
            .find(|d| inside(x + STEPS[*d].0, y + STEPS[*d].1))
        else {
            return contour;
        };
        let next = (x + STEPS[direction].0, y + STEPS[direction].1);
        if next == (start_x, start_y) && (x, y) == final_pixel {
            return contour;
        }
        (x, y) = next;
        contour.push(Point::new(x as f64, y as f64));
        from = (direction + 4) % 8;
    }
}

/// Measures the area inside a closed polygon in square pixels (always positive).
pub fn contour_area(points: &[Point]) -> f64 {
    let Some(mut previous) = points.last().copied() else {
        return 0.0;
    };
    let mut doubled = 0.0;
    for point in points {
        doubled += previous.cross(*point);
        previous = *point;
    }
    doubled.abs() / 2.0
}

/// Measures the length of a polyline in pixels, with the way back to the start when `closed`.
pub fn arc_length(points: &[Point], closed: bool) -> f64 {
    let back = match (points.first(), points.last()) {
        (Some(first), Some(last)) if closed => first.distance(*last),
        _ => 0.0,
    };
    polyline_length(points) + back
}

/// Measures the length of an open polyline in pixels.
pub fn polyline_length(points: &[Point]) -> f64 {
    points
        .windows(2)
        .map(|pair| pair[0].distance(pair[1]))
        .sum()
}

/// Finds the indices of the convex hull's corners, in the order of the contour.
pub fn convex_hull(points: &[Point]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| {
        points[a]
            .x
            .total_cmp(&points[b].x)
            .then(points[a].y.total_cmp(&points[b].y))
            .then(a.cmp(&b))
    });
    order.dedup_by(|a, b| points[*a] == points[*b]);
    if order.len() < 3 {
        order.sort_unstable();
        return order;
    }
    let mut hull = half_hull(points, order.iter().copied());
    hull.pop();
    hull.extend(half_hull(points, order.iter().rev().copied()));
    hull.pop();
    hull.sort_unstable();
    hull
}

/// One half of the hull (monotone chain, Andrew 1979).
fn half_hull(points: &[Point], order: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut hull: Vec<usize> = Vec::new();
    for index in order {
        while let [.., a, b] = hull[..] {
            if (points[b] - points[a]).cross(points[index] - points[b]) > 0.0 {
                break;
            }
            hull.pop();
        }
        hull.push(index);
    }
    hull
}

/// Finds the places where a closed contour falls back behind its convex hull, in the order of the contour.
pub fn convexity_defects(points: &[Point]) -> Vec<Defect> {
    let hull = convex_hull(points);
    if hull.len() < 3 {
        return Vec::new();
    }
    let count = points.len();
    let mut defects = Vec::new();
    for (i, &start) in hull.iter().enumerate() {
        let end = hull[(i + 1) % hull.len()];
        let edge = points[end] - points[start];
        let length = edge.length();
        if length <= 0.0 {
            continue;
        }
        let mut worst: Option<(usize, f64)> = None;
        let between = (end + count - start) % count;
        for index in (1..between).map(|step| (start + step) % count) {
            let depth = edge.cross(points[index] - points[start]).abs() / length;
            if depth > worst.map_or(0.0, |(_, deepest)| deepest) {
                worst = Some((index, depth));
            }
        }
        defects.extend(worst.map(|(farthest, depth)| Defect {
            start,
            end,
            farthest,
            depth,
        }));
    }
    defects
}

/// Fills a closed polygon (even-odd rule): pixels whose centre is inside or whose square the outline crosses.
pub fn fill_polygon(width: usize, height: usize, points: &[Point]) -> Mask {
    let mut mask = Plane::new(width, height, false);
    let Some(&last) = points.last() else {
        return mask;
    };
    let mut previous = last;
    let mut crossings: Vec<Vec<f64>> = vec![Vec::new(); height];
    for &point in points {
        let (upper, lower) = if previous.y <= point.y {
            (previous, point)
        } else {
            (point, previous)
        };
        let first = upper.y.ceil().max(0.0) as usize;
        let end = lower.y.ceil().clamp(0.0, height as f64) as usize;
        for (y, row) in crossings.iter_mut().enumerate().take(end).skip(first) {
            let t = (y as f64 - upper.y) / (lower.y - upper.y);
            row.push(upper.x + (lower.x - upper.x) * t);
        }
        draw_line(&mut mask, previous, point);
        previous = point;
    }
    for (y, row) in crossings.iter_mut().enumerate() {
        row.sort_by(f64::total_cmp);
        for pair in row.chunks_exact(2) {
            let first = pair[0].ceil().max(0.0) as usize;
            let end = (pair[1].floor() + 1.0).clamp(0.0, width as f64) as usize;
            if first < end {
                mask.row_mut(y)[first..end].fill(true);
            }
        }
    }
    mask
}

/// Sets the pixels nearest to a straight line, one per step of its longer direction.
fn draw_line(mask: &mut Mask, from: Point, to: Point) {
    let delta = to - from;
    let steps = delta.x.abs().max(delta.y.abs()).ceil().max(1.0);
    let (width, height) = mask.size();
    for i in 0..=steps as usize {
        let point = from.lerp(to, i as f64 / steps);
        let (x, y) = (point.x.round(), point.y.round());
        if x >= 0.0 && y >= 0.0 && x < width as f64 && y < height as f64 {
            mask[(x as usize, y as usize)] = true;
        }
    }
}

/// Places `n` points on an open polyline at equal distances along it, both ends included.
pub fn resample(points: &[Point], n: usize) -> Vec<Point> {
    let Some(&first) = points.first() else {
        return Vec::new();
    };
    let mut along = vec![0.0];
    for pair in points.windows(2) {
        along.push(along[along.len() - 1] + pair[0].distance(pair[1]));
    }
    let total = along[along.len() - 1];
    let mut segment = 0;
    (0..n)
        .map(|i| {
            let target = total * i as f64 / n.saturating_sub(1).max(1) as f64;
            while segment + 2 < points.len() && along[segment + 1] < target {
                segment += 1;
            }
            let Some(&next) = points.get(segment + 1) else {
                return first;
            };
            let length = along[segment + 1] - along[segment];
            let t = if length > 0.0 {
                ((target - along[segment]) / length).min(1.0)
            } else {
                0.0
            };
            points[segment].lerp(next, t)
        })
        .collect()
}
