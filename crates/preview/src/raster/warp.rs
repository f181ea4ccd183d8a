//! Backward maps: thin-plate splines and triangle meshes.

use super::fill::solve;
use super::mask::{Bounds, Mask};
use super::plane::Plane;
use super::point::Point;

/// Map position that lies outside every picture.
pub const OUTSIDE: [f32; 2] = [-1e4, -1e4];

/// A smooth map of the plane through pairs of points (thin-plate spline, Bookstein 1989), regularised.
#[derive(Clone, Debug)]
pub struct Tps {
    center: Point,
    scale: f64,
    knots: Vec<Point>,
    /// One weight per knot, then constant, x and y part.
    weights: Vec<Point>,
}

impl Tps {
    /// Fits the map that takes `dst` to `src` (a backward map); `lambda` trades exactness for smoothness.
    ///
    /// Positions are normalised to -1..1 before fitting, so that `lambda` does not depend on the picture size. Without points
    /// the map is the identity.
    pub fn new(dst: &[Point], src: &[Point], lambda: f64) -> Self {
        let count = dst.len().min(src.len());
        let (dst, src) = (&dst[..count], &src[..count]);
        let sum = dst.iter().fold(Point::default(), |sum, point| sum + *point);
        let center = sum * (1.0 / count.max(1) as f64);
        let scale = dst
            .iter()
            .map(|point| (*point - center).x.abs().max((*point - center).y.abs()))
            .fold(1e-6, f64::max);
        let knots: Vec<Point> = dst
            .iter()
            .map(|point| (*point - center) * (1.0 / scale))
            .collect();
        let n = count + 3;
        let mut matrix = vec![0.0; n * n];
        let mut right = vec![0.0; n * 2];
        for (i, knot) in knots.iter().enumerate() {
            for (j, other) in knots.iter().enumerate() {
                matrix[i * n + j] = radial(*knot, *other) + if i == j { lambda } else { 0.0 };
            }
            for (j, part) in [1.0, knot.x, knot.y].into_iter().enumerate() {
                matrix[i * n + count + j] = part;
                matrix[(count + j) * n + i] = part;
            }
            right[i * 2] = src[i].x;
            right[i * 2 + 1] = src[i].y;
        }
        solve(&mut matrix, n, &mut right, 2);
        let weights = right
            .chunks_exact(2)
            .map(|pair| Point::new(pair[0], pair[1]))
            .collect();
        let mut spline = Self {
            center,
            scale,
            knots,
            weights,
        };
        if count == 0 {
            spline.weights = vec![
                Point::default(),
                Point::new(1e-6, 0.0),
                Point::new(0.0, 1e-6),
            ];
        }
        spline
    }

    /// Maps one position.
    pub fn at(&self, position: Point) -> Point {
        let normal = (position - self.center) * (1.0 / self.scale);
        let count = self.knots.len();
        let mut mapped = self.weights[count]
            + self.weights[count + 1] * normal.x
            + self.weights[count + 2] * normal.y;
        for (knot, weight) in self.knots.iter().zip(&self.weights) {
            mapped = mapped + *weight * radial(normal, *knot);
        }
        mapped
    }

    /// Maps every pixel of a plane: exact on a grid of `step` pixels, bilinear between.
    pub fn grid(&self, width: usize, height: usize, step: usize) -> Plane<[f32; 2]> {
        let all = Bounds {
            x0: 0,
            y0: 0,
            x1: width.saturating_sub(1),
            y1: height.saturating_sub(1),
        };
        self.grid_in(width, height, step, all)
    }

    /// Like [`Tps::grid`], but fills only a box; everything else is [`OUTSIDE`].
    pub fn grid_in(
        &self,
        width: usize,
        height: usize,
        step: usize,
        inside: Bounds,
    ) -> Plane<[f32; 2]> {
        let mut out = Plane::new(width, height, OUTSIDE);
        if width == 0 || height == 0 || inside.x0 >= width || inside.y0 >= height {
            return out;
        }
        let step = step.max(1);
        let (x1, y1) = (inside.x1.min(width - 1), inside.y1.min(height - 1));
        let (first_column, first_row) = (inside.x0 / step, inside.y0 / step);
        let (columns, rows) = (x1 / step + 2 - first_column, y1 / step + 2 - first_row);
        let knots = Plane::from_fn(columns, rows, |i, j| {
            let mapped = self.at(Point::new(
                ((first_column + i) * step) as f64,
                ((first_row + j) * step) as f64,
            ));
            [mapped.x as f32, mapped.y as f32]
        });
        let lerp =
            |a: [f32; 2], b: [f32; 2], t: f32| [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
        out.fill_rows(|y, row| {
            if y < inside.y0 || y > y1 {
                return;
            }
            let (j, v) = (y / step - first_row, (y % step) as f32 / step as f32);
            let (above, below) = (knots.row(j), knots.row(j + 1));
            for (x, value) in row.iter_mut().enumerate().take(x1 + 1).skip(inside.x0) {
                let (i, u) = (x / step - first_column, (x % step) as f32 / step as f32);
                *value = lerp(
                    lerp(above[i], above[i + 1], u),
                    lerp(below[i], below[i + 1], u),
                    v,
                );
            }
        });
        out
    }
}

/// Radial part of the spline: r^2 ln r^2.
fn radial(a: Point, b: Point) -> f64 {
    let squared = (a - b).dot(a - b);
    if squared > 1e-12 {
        squared * (squared + 1e-12).ln()
    } else {
        0.0
    }
}

/// A rectangular mesh of points, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Number of rows.
    pub rows: usize,
    /// Number of points in a row.
    pub cols: usize,
    /// The points, row by row.
    pub points: Vec<Point>,
}

impl Grid {
    /// Makes a mesh from rows of equal length; longer rows are cut to the shortest.
    pub fn from_rows(rows: &[Vec<Point>]) -> Self {
        let cols = rows.iter().map(Vec::len).min().unwrap_or(0);
        let points = rows
            .iter()
            .flat_map(|row| row[..cols].iter().copied())
            .collect();
        Self {
            rows: rows.len(),
            cols,
            points,
        }
    }

    /// Reads one point.
    pub fn at(&self, row: usize, col: usize) -> Point {
        self.points[row * self.cols + col]
    }

    /// Copies one column of points from the first row to the last.
    pub fn column(&self, col: usize) -> Vec<Point> {
        (0..self.rows).map(|row| self.at(row, col)).collect()
    }

    /// Multiplies every position by a factor.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        Self {
            points: self.points.iter().map(|point| *point * factor).collect(),
            ..*self
        }
    }
}

/// Maps the pixels under the mesh `dst` back to `src`, two triangles per cell; gives the map and the covered pixels.
///
/// Pixels that no triangle covers are [`OUTSIDE`]; where triangles overlap, the last one counts. Meshes of different size give
/// an empty map.
pub fn mesh_map(dst: &Grid, src: &Grid, width: usize, height: usize) -> (Plane<[f32; 2]>, Mask) {
    let mut map = Plane::new(width, height, OUTSIDE);
    let mut covered = Plane::new(width, height, false);
    if (dst.rows, dst.cols) != (src.rows, src.cols) || width == 0 || height == 0 {
        return (map, covered);
    }
    for i in 1..dst.rows {
        for j in 1..dst.cols {
            let corners = [(i - 1, j - 1), (i - 1, j), (i, j), (i, j - 1)];
            for triangle in [[0, 1, 2], [0, 2, 3]] {
                let target = triangle.map(|k| dst.at(corners[k].0, corners[k].1));
                let source = triangle.map(|k| src.at(corners[k].0, corners[k].1));
                fill_triangle(&mut map, &mut covered, target, source);
            }
        }
    }
    (map, covered)
}

/// Maps the pixels under triangles back to other triangles; pixels under none are [`OUTSIDE`], where some overlap the last counts.
pub fn triangle_map(
    dst: &[[Point; 3]],
    src: &[[Point; 3]],
    width: usize,
    height: usize,
) -> Plane<[f32; 2]> {
    let mut map = Plane::new(width, height, OUTSIDE);
    let mut covered = Plane::new(width, height, false);
    for (target, source) in dst.iter().zip(src) {
        fill_triangle(&mut map, &mut covered, *target, *source);
    }
    map
}

fn fill_triangle(
    map: &mut Plane<[f32; 2]>,
    covered: &mut Mask,
    target: [Point; 3],
    source: [Point; 3],
) {
    /// Barycentric slack, so that neighbouring triangles leave no gap.
    const SLACK: f64 = -1e-3;
    let (width, height) = map.size();
    let (ab, ac) = (target[1] - target[0], target[2] - target[0]);
    let area = ab.cross(ac);
    if area.abs() < 1e-6 {
        return;
    }
    let range = |part: fn(&Point) -> f64, length: usize| {
        let low = target
            .iter()
            .map(part)
            .fold(f64::INFINITY, f64::min)
            .floor()
            .max(0.0);
        let high = target
            .iter()
            .map(part)
            .fold(f64::NEG_INFINITY, f64::max)
            .ceil();
        low as usize..(high + 1.0).clamp(0.0, length as f64) as usize
    };
    for y in range(|point| point.y, height) {
        for x in range(|point| point.x, width) {
            let offset = Point::new(x as f64, y as f64) - target[0];
            let (b, c) = (offset.cross(ac) / area, ab.cross(offset) / area);
            let a = 1.0 - b - c;
            if a >= SLACK && b >= SLACK && c >= SLACK {
                let position = source[0] * a + source[1] * b + source[2] * c;
                map[(x, y)] = [position.x as f32, position.y as f32];
                covered[(x, y)] = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scattered() -> Vec<Point> {
        [
            (10.0, 12.0),
            (90.0, 20.0),
            (50.0, 55.0),
            (15.0, 95.0),
            (85.0, 90.0),
            (40.0, 20.0),
        ]
        .map(|(x, y)| Point::new(x, y))
        .to_vec()
    }

    #[test]
    fn a_spline_meets_its_points() {
        let dst = scattered();
        let src: Vec<Point> = dst
            .iter()
            .enumerate()
            .map(|(i, p)| Point::new(p.x + i as f64, p.y - (i * i) as f64))
            .collect();
        let spline = Tps::new(&dst, &src, 0.0);
        for (from, to) in dst.iter().zip(&src) {
            assert!(spline.at(*from).distance(*to) < 1e-6);
        }
        // With much smoothing only the straight part is left, and the points are missed.
        let stiff = Tps::new(&dst, &src, 1e3);
        assert!(
            dst.iter()
                .zip(&src)
                .any(|(from, to)| stiff.at(*from).distance(*to) > 1.0)
        );
    }

    #[test]
    fn a_straight_map_stays_straight() {
        let straight =
            |p: Point| Point::new(3.0 + 0.5 * p.x - 0.1 * p.y, -2.0 + 0.2 * p.x + 2.0 * p.y);
        let dst = scattered();
        let src: Vec<Point> = dst.iter().map(|p| straight(*p)).collect();
        for lambda in [0.0, 1e-3, 10.0] {
            let spline = Tps::new(&dst, &src, lambda);
            let far = Point::new(-40.0, 300.0);
            assert!(
                spline.at(far).distance(straight(far)) < 1e-6,
                "lambda {lambda}"
            );
        }
    }

    #[test]
    fn without_points_the_map_is_the_identity() {
        let spline = Tps::new(&[], &[], 1e-3);
        assert!(
            spline
                .at(Point::new(7.0, -3.0))
                .distance(Point::new(7.0, -3.0))
                < 1e-9
        );
    }

    #[test]
    fn one_or_two_points_give_a_finite_map() {
        for count in 1..3 {
            let dst = &scattered()[..count];
            let src: Vec<Point> = dst.iter().map(|p| *p + Point::new(5.0, 1.0)).collect();
            let spline = Tps::new(dst, &src, 1e-3);
            let mapped = spline.at(dst[0]);
            assert!(
                mapped.distance(src[0]) < 1e-6,
                "{count} points gave {mapped:?}"
            );
        }
    }

    #[test]
    fn the_grid_is_exact_at_its_knots() {
        let dst = scattered();
        let src: Vec<Point> = dst.iter().rev().copied().collect();
        let spline = Tps::new(&dst, &src, 1e-3);
        let grid = spline.grid(100, 90, 8);
        for (x, y) in [(0, 0), (8, 16), (96, 88), (40, 0)] {
            let exact = spline.at(Point::new(x as f64, y as f64));
            assert!((f64::from(grid[(x, y)][0]) - exact.x).abs() < 1e-3);
            assert!((f64::from(grid[(x, y)][1]) - exact.y).abs() < 1e-3);
        }
        let middle = [0, 1].map(|i| 0.5 * (grid[(40, 16)][i] + grid[(48, 16)][i]));
        assert!(
            (grid[(44, 16)][0] - middle[0]).abs() < 1e-3
                && (grid[(44, 16)][1] - middle[1]).abs() < 1e-3
        );
    }

    #[test]
    fn a_boxed_grid_equals_the_whole_one_inside() {
        let dst = scattered();
        let src: Vec<Point> = dst.iter().rev().copied().collect();
        let spline = Tps::new(&dst, &src, 1e-3);
        let inside = Bounds {
            x0: 13,
            y0: 7,
            x1: 50,
            y1: 200,
        };
        let (whole, part) = (spline.grid(100, 90, 8), spline.grid_in(100, 90, 8, inside));
        for y in 0..90 {
            for x in 0..100 {
                let expected = if (13..=50).contains(&x) && y >= 7 {
                    whole[(x, y)]
                } else {
                    OUTSIDE
                };
                assert_eq!(part[(x, y)], expected, "{x} {y}");
            }
        }
        let nowhere = Bounds {
            x0: 100,
            y0: 0,
            x1: 120,
            y1: 5,
        };
        assert!(
            spline
                .grid_in(100, 90, 8, nowhere)
                .data()
                .iter()
                .all(|position| *position == OUTSIDE)
        );
    }

    fn square_grid(rows: usize, cols: usize, step: f64) -> Grid {
        let row = |i: usize| {
            (0..cols)
                .map(|j| Point::new(j as f64 * step, i as f64 * step))
                .collect()
        };
        Grid::from_rows(&(0..rows).map(row).collect::<Vec<_>>())
    }

    #[test]
    fn a_mesh_maps_its_cells_and_nothing_else() {
        let dst = square_grid(3, 4, 5.0);
        let (map, covered) = mesh_map(&dst, &dst.scaled(2.0), 20, 15);
        for y in 0..15 {
            for x in 0..20 {
                let inside = x <= 15 && y <= 10;
                assert_eq!(covered[(x, y)], inside, "{x} {y}");
                let expected = if inside {
                    [2.0 * x as f32, 2.0 * y as f32]
                } else {
                    OUTSIDE
                };
                let [mx, my] = map[(x, y)];
                assert!(
                    (mx - expected[0]).abs() < 1e-3 && (my - expected[1]).abs() < 1e-3,
                    "{x} {y}"
                );
            }
        }
    }

    #[test]
    fn meshes_that_do_not_fit_give_nothing() {
        let (_, covered) = mesh_map(&square_grid(2, 2, 5.0), &square_grid(3, 2, 5.0), 10, 10);
        assert!(!covered.any());
        // All points on one line: no triangle has an area.
        let flat = Grid {
            rows: 2,
            cols: 2,
            points: vec![Point::new(1.0, 1.0); 4],
        };
        assert!(!mesh_map(&flat, &flat, 10, 10).1.any());
        // Entirely outside.
        let mut away = square_grid(2, 2, 5.0);
        away.points
            .iter_mut()
            .for_each(|point| *point = *point - Point::new(50.0, 50.0));
        assert!(!mesh_map(&away, &away, 10, 10).1.any());
    }

    #[test]
    fn grids_give_columns_and_cut_uneven_rows() {
        let grid = square_grid(3, 2, 1.0);
        assert_eq!(
            grid.column(1),
            [(1.0, 0.0), (1.0, 1.0), (1.0, 2.0)].map(|(x, y)| Point::new(x, y))
        );
        let uneven = Grid::from_rows(&[vec![Point::default(); 3], vec![Point::default(); 2]]);
        assert_eq!((uneven.rows, uneven.cols, uneven.points.len()), (2, 2, 4));
    }
}
