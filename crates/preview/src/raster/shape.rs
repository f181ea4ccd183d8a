//! Contours, polygons and polylines.

use super::mask::Mask;
use super::plane::Plane;
use super::point::Point;
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

/// Fills a closed polygon (even-odd rule): pixels whose centre is inside, and the pixels along the outline.
///
/// Corners may lie outside the plane; fewer than three corners give the pixels of a line or a point.
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
    if !(delta.x.is_finite() && delta.y.is_finite()) {
        return;
    }
    let (width, height) = (mask.width() as f64, mask.height() as f64);
    let steps = delta.x.abs().max(delta.y.abs()).ceil().max(1.0);
    // Only the part near the plane: far corners must not cost time.
    let (low, high) = clip(
        from.x,
        delta.x,
        width,
        clip(from.y, delta.y, height, (0.0, 1.0)),
    );
    for i in (low * steps).floor() as usize..=(high * steps).ceil() as usize {
        let point = from.lerp(to, i as f64 / steps);
        let (x, y) = (point.x.round(), point.y.round());
        if x >= 0.0 && y >= 0.0 && x < width && y < height {
            mask[(x as usize, y as usize)] = true;
        }
    }
}

/// Narrows the part of a line whose coordinate `start + t * delta` lies within a pixel of `0..length`.
fn clip(start: f64, delta: f64, length: f64, (low, high): (f64, f64)) -> (f64, f64) {
    if delta.abs() < 1e-9 {
        return (low, high);
    }
    let (a, b) = ((-1.0 - start) / delta, (length + 1.0 - start) / delta);
    (a.min(b).clamp(low, high), a.max(b).clamp(low, high))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// `#` is true.
    fn mask(rows: &[&str]) -> Mask {
        let data = rows
            .iter()
            .flat_map(|row| row.bytes().map(|letter| letter == b'#'))
            .collect();
        Plane::from_vec(rows[0].len(), rows.len(), data)
    }

    fn points(list: &[(f64, f64)]) -> Vec<Point> {
        list.iter().map(|(x, y)| Point::new(*x, *y)).collect()
    }

    #[test]
    fn contour_of_a_rectangle_goes_down_first() {
        let contour = outer_contour(&mask(&[".....", ".###.", ".###.", "....."]));
        let expected = [
            (1.0, 1.0),
            (1.0, 2.0),
            (2.0, 2.0),
            (3.0, 2.0),
            (3.0, 1.0),
            (2.0, 1.0),
        ];
        assert_eq!(contour, points(&expected));
        assert!((contour_area(&contour) - 2.0).abs() < 1e-9);
        assert!((arc_length(&contour, true) - 6.0).abs() < 1e-9);
        assert!((arc_length(&contour, false) - 5.0).abs() < 1e-9);
    }

    #[test]
    fn thin_parts_are_passed_on_both_sides() {
        let contour = outer_contour(&mask(&["#...", ".##.", "...."]));
        assert_eq!(
            contour,
            points(&[(0.0, 0.0), (1.0, 1.0), (2.0, 1.0), (1.0, 1.0)])
        );
        assert_eq!(outer_contour(&mask(&["..", ".#"])), points(&[(1.0, 1.0)]));
        assert!(outer_contour(&mask(&["...", "..."])).is_empty());
    }

    #[test]
    fn holes_do_not_count_and_the_larger_region_wins() {
        let rows = mask(&["####..##", "#..#..##", "#..#....", "####...."]);
        let contour = outer_contour(&rows);
        assert_eq!(contour.len(), 12);
        assert!((contour_area(&contour) - 9.0).abs() < 1e-9);
    }

    #[test]
    fn hull_and_defects_of_a_notched_square() {
        // A square with a notch of depth 3 in its upper side.
        let square = points(&[
            (0.0, 0.0),
            (0.0, 10.0),
            (10.0, 10.0),
            (10.0, 0.0),
            (6.0, 0.0),
            (5.0, 3.0),
            (4.0, 0.0),
        ]);
        assert_eq!(convex_hull(&square), [0, 1, 2, 3]);
        let defects = convexity_defects(&square);
        assert_eq!(defects.len(), 1);
        assert_eq!(
            (defects[0].start, defects[0].end, defects[0].farthest),
            (3, 0, 5)
        );
        assert!((defects[0].depth - 3.0).abs() < 1e-9);
    }

    #[test]
    fn shapes_without_area_have_no_defects() {
        assert!(convexity_defects(&points(&[(0.0, 0.0), (2.0, 2.0), (1.0, 1.0)])).is_empty());
        assert!(convexity_defects(&[]).is_empty());
        assert_eq!(convex_hull(&points(&[(1.0, 1.0), (1.0, 1.0)])).len(), 1);
    }

    #[test]
    fn a_filled_rectangle_includes_its_outline() {
        let filled = fill_polygon(
            6,
            5,
            &points(&[(1.0, 1.0), (4.0, 1.0), (4.0, 3.0), (1.0, 3.0)]),
        );
        assert_eq!(
            filled,
            mask(&["......", ".####.", ".####.", ".####.", "......"])
        );
    }

    #[test]
    fn crossing_outlines_leave_a_hole() {
        let outer = [
            (0.0, 0.0),
            (10.0, 0.0),
            (10.0, 10.0),
            (0.0, 10.0),
            (0.0, 0.0),
        ];
        let inner = [(3.0, 3.0), (7.0, 3.0), (7.0, 7.0), (3.0, 7.0), (3.0, 3.0)];
        let both: Vec<_> = outer.into_iter().chain(inner).collect();
        let filled = fill_polygon(11, 11, &points(&both));
        assert!(filled[(1, 5)] && filled[(9, 5)] && !filled[(5, 5)]);
    }

    #[test]
    fn polygons_are_cut_at_the_plane() {
        let filled = fill_polygon(
            4,
            3,
            &points(&[(-1e7, -1e7), (1e7, -1e7), (1e7, 1e7), (-1e7, 1e7)]),
        );
        assert!(filled.data().iter().all(|inside| *inside));
        assert!(!fill_polygon(4, 3, &points(&[(9.0, 9.0), (12.0, 9.0), (9.0, 12.0)])).any());
        assert!(!fill_polygon(4, 3, &[]).any());
        assert_eq!(fill_polygon(4, 3, &points(&[(1.0, 1.0)])).count(), 1);
        assert!(!fill_polygon(4, 3, &points(&[(f64::NAN, 1.0), (1.0, f64::INFINITY)])).any());
    }

    #[test]
    fn resample_spaces_points_evenly() {
        let corner = points(&[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0)]);
        let expected = points(&[(0.0, 0.0), (2.0, 0.0), (4.0, 0.0), (4.0, 2.0), (4.0, 4.0)]);
        assert_eq!(resample(&corner, 5), expected);
        assert!((polyline_length(&corner) - 8.0).abs() < 1e-9);
        assert_eq!(resample(&corner[..1], 3), vec![corner[0]; 3]);
        assert!(resample(&[], 3).is_empty());
        // Points that lie on each other do no harm.
        let doubled = points(&[(0.0, 0.0), (0.0, 0.0), (2.0, 0.0), (2.0, 0.0)]);
        assert_eq!(
            resample(&doubled, 3),
            points(&[(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)])
        );
    }
}
