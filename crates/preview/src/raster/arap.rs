//! As-rigid-as-possible deformation of a triangle mesh in the plane.
//!
//! Every triangle wants to be a turned (and a little scaled) copy of its rest shape while some points are pulled to where they
//! belong. Energy and the alternation of a local and a global step: Igarashi, Moscovich, Hughes 2005; Sorkine, Alexa 2007; Liu
//! et al. 2008 (the local step per triangle). The global step is one sparse linear system, factorised once.

use super::Point;

/// Keeps corners that nothing pulls at where they began; too weak to be felt by any other.
const ANCHOR: f64 = 1e-5;
/// Smallest pivot; a smaller one means that a corner belongs to no triangle.
const LEAST_PIVOT: f64 = 1e-12;

/// One triangle of a mesh with the shape that it wants to have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Triangle {
    /// Indices of the corners.
    pub corners: [usize; 3],
    /// Its shape at rest; only differences count.
    pub rest: [Point; 3],
}

/// Pulls a point of the mesh to a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pin {
    /// Corners of the triangle that holds the point.
    pub corners: [usize; 3],
    /// Barycentric position in it; the sum is 1.
    pub weights: [f64; 3],
    /// Where the point belongs.
    pub target: Point,
    /// How strongly it is pulled; 1 is about as strong as one edge of the mesh.
    pub strength: f64,
}

/// Bounds within which a triangle may shrink and grow against its rest shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// At most 1.
    pub least: f64,
    /// At least 1.
    pub most: f64,
}

/// Moves the corners of a mesh so that pins are met while the triangles keep their shape; `start` is a first guess.
///
/// Corners must be numbered so that neighbours have near numbers: the work grows with the square of the largest difference
/// within a triangle. Returns `start` when the system cannot be solved.
pub fn deform(
    start: &[Point],
    triangles: &[Triangle],
    pins: &[Pin],
    stretch: Stretch,
    rounds: usize,
) -> Vec<Point> {
    let edges: Vec<[Edge; 3]> = triangles.iter().map(edges_of).collect();
    let mut system = Banded::new(start.len(), triangles);
    for corner in 0..start.len() {
        system.add(corner, corner, ANCHOR);
    }
    for edge in edges.iter().flatten() {
        system.add(edge.from, edge.from, edge.weight);
        system.add(edge.to, edge.to, edge.weight);
        system.add(edge.from, edge.to, -edge.weight);
    }
    for pin in pins {
        for (i, &a) in pin.corners.iter().enumerate() {
            for (j, &b) in pin.corners.iter().enumerate().take(i + 1) {
                let product = pin.strength * pin.weights[i] * pin.weights[j];
                // A corner named twice would be counted once per order.
                system.add(
                    a,
                    b,
                    if i != j && a == b {
                        2.0 * product
                    } else {
                        product
                    },
                );
            }
        }
    }
    if !system.factorize() {
        return start.to_vec();
    }
    let mut pulls: Vec<Point> = start.iter().map(|point| *point * ANCHOR).collect();
    for pin in pins {
        for (corner, weight) in pin.corners.iter().zip(pin.weights) {
            pulls[*corner] = pulls[*corner] + pin.target * (pin.strength * weight);
        }
    }
    let mut points = start.to_vec();
    for _ in 0..rounds {
        let mut right = pulls.clone();
        for edges in &edges {
            let (cosine, sine) = best_turn(edges, &points, stretch);
            for edge in edges {
                let wanted = Point::new(
                    cosine * edge.rest.x - sine * edge.rest.y,
                    sine * edge.rest.x + cosine * edge.rest.y,
                ) * edge.weight;
                right[edge.to] = right[edge.to] + wanted;
                right[edge.from] = right[edge.from] - wanted;
            }
        }
        system.solve(&mut right);
        points = right;
    }
    let all_finite = points
        .iter()
        .all(|point| point.x.is_finite() && point.y.is_finite());
    if all_finite { points } else { start.to_vec() }
}

/// An edge of one triangle.
struct Edge {
    from: usize,
    to: usize,
    /// The edge at rest, from `from` to `to`.
    rest: Point,
    /// Half the cotangent of the angle opposite of the edge, the weight that makes the energy independent of the meshing.
    weight: f64,
}

fn edges_of(triangle: &Triangle) -> [Edge; 3] {
    [0, 1, 2].map(|opposite| {
        let (a, b) = ((opposite + 1) % 3, (opposite + 2) % 3);
        let (to_a, to_b) = (
            triangle.rest[a] - triangle.rest[opposite],
            triangle.rest[b] - triangle.rest[opposite],
        );
        let area = to_a.cross(to_b).abs().max(1e-9);
        Edge {
            from: triangle.corners[a],
            to: triangle.corners[b],
            rest: triangle.rest[b] - triangle.rest[a],
            // Obtuse angles would give negative weights, with which the system may have no solution.
            weight: (0.5 * to_a.dot(to_b) / area).clamp(1e-3, 10.0),
        }
    })
}

/// Gives cosine and sine, times the scale, of the turn that brings a triangle's rest shape nearest to its present one.
fn best_turn(edges: &[Edge; 3], points: &[Point], stretch: Stretch) -> (f64, f64) {
    let (mut along, mut across, mut size) = (0.0, 0.0, 0.0);
    for edge in edges {
        let now = points[edge.to] - points[edge.from];
        along += edge.weight * edge.rest.dot(now);
        across += edge.weight * edge.rest.cross(now);
        size += edge.weight * edge.rest.dot(edge.rest);
    }
    let length = along.hypot(across);
    if length < 1e-12 || size < 1e-12 {
        return (1.0, 0.0);
    }
    let scale = (length / size).clamp(stretch.least, stretch.most);
    (scale * along / length, scale * across / length)
}

/// A symmetric positive definite matrix with all entries near the diagonal, and its Cholesky factor.
struct Banded {
    count: usize,
    /// Entries left of the diagonal in each row.
    reach: usize,
    /// Row by row, the diagonal last.
    entries: Vec<f64>,
}

impl Banded {
    fn new(count: usize, triangles: &[Triangle]) -> Self {
        let reach = triangles
            .iter()
            .map(|triangle| {
                let corners = triangle.corners;
                let low = corners.iter().min().copied().unwrap_or(0);
                corners.iter().max().copied().unwrap_or(0) - low
            })
            .max()
            .unwrap_or(0);
        Self {
            count,
            reach,
            entries: vec![0.0; count * (reach + 1)],
        }
    }

    /// Adds to the entries at (a, b) and (b, a); outside the band nothing happens.
    fn add(&mut self, a: usize, b: usize, value: f64) {
        let (row, column) = (a.max(b), a.min(b));
        if row < self.count && row - column <= self.reach {
            self.entries[row * (self.reach + 1) + self.reach - (row - column)] += value;
        }
    }

    /// Replaces the matrix by its lower Cholesky factor; false when it is not positive definite.
    fn factorize(&mut self) -> bool {
        let (reach, width) = (self.reach, self.reach + 1);
        for row in 0..self.count {
            let first = row.saturating_sub(reach);
            for column in first..=row {
                let begin = first.max(column.saturating_sub(reach));
                let own = row * width + reach - (row - begin);
                let other = column * width + reach - (column - begin);
                let known = column - begin;
                let product: f64 = self.entries[own..own + known]
                    .iter()
                    .zip(&self.entries[other..other + known])
                    .map(|(a, b)| a * b)
                    .sum();
                let rest = self.entries[row * width + reach - (row - column)] - product;
                let value = if row == column {
                    // Not a number is no pivot either.
                    if rest.is_nan() || rest <= LEAST_PIVOT {
                        return false;
                    }
                    rest.sqrt()
                } else {
                    rest / self.entries[column * width + reach]
                };
                self.entries[row * width + reach - (row - column)] = value;
            }
        }
        true
    }

    /// Solves for both coordinates in place; the matrix must have been factorised.
    fn solve(&self, right: &mut [Point]) {
        let (reach, width) = (self.reach, self.reach + 1);
        for row in 0..self.count {
            let first = row.saturating_sub(reach);
            let entries = &self.entries[row * width + reach - (row - first)..=row * width + reach];
            let mut sum = right[row];
            for (value, known) in entries.iter().zip(&right[first..row]) {
                sum = sum - *known * *value;
            }
            right[row] = sum * (1.0 / self.entries[row * width + reach]);
        }
        for row in (0..self.count).rev() {
            let solved = right[row] * (1.0 / self.entries[row * width + reach]);
            right[row] = solved;
            let first = row.saturating_sub(reach);
            let entries = &self.entries[row * width + reach - (row - first)..row * width + reach];
            for (known, value) in right[first..row].iter_mut().zip(entries) {
                *known = *known - solved * *value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STIFF: Stretch = Stretch {
        least: 1.0,
        most: 1.0,
    };

    /// A sheet of squares of side 10, `columns` x `rows` corners, two triangles each.
    fn sheet(columns: usize, rows: usize) -> (Vec<Point>, Vec<Triangle>) {
        let points: Vec<Point> = (0..rows * columns)
            .map(|i| Point::new((i % columns) as f64 * 10.0, (i / columns) as f64 * 10.0))
            .collect();
        let mut triangles = Vec::new();
        for y in 1..rows {
            for x in 1..columns {
                let at = |dx: usize, dy: usize| (y - dy) * columns + x - dx;
                for corners in [
                    [at(1, 1), at(0, 1), at(0, 0)],
                    [at(1, 1), at(0, 0), at(1, 0)],
                ] {
                    triangles.push(Triangle {
                        corners,
                        rest: corners.map(|corner| points[corner]),
                    });
                }
            }
        }
        (points, triangles)
    }

    fn pin(corner: usize, target: Point, strength: f64) -> Pin {
        Pin {
            corners: [corner; 3],
            weights: [1.0, 0.0, 0.0],
            target,
            strength,
        }
    }

    #[test]
    fn a_turned_sheet_stays_a_sheet() {
        let (points, triangles) = sheet(7, 9);
        let turned = |point: Point| Point::new(40.0 - point.y, 5.0 + point.x);
        let pins: Vec<Pin> = [0, 6, 60]
            .into_iter()
            .map(|corner| pin(corner, turned(points[corner]), 50.0))
            .collect();
        let out = deform(&points, &triangles, &pins, STIFF, 60);
        for (from, to) in points.iter().zip(&out) {
            assert!(to.distance(turned(*from)) < 0.05, "{from:?} went to {to:?}");
        }
    }

    #[test]
    fn a_bent_strip_keeps_its_width_and_does_not_fold() {
        // A strip of 5 x 31 corners whose lower end is swung out to the side, like a sleeve.
        let (points, triangles) = sheet(5, 31);
        let mut pins: Vec<Pin> = (0..5)
            .map(|corner| pin(corner, points[corner], 20.0))
            .collect();
        let angle = 1.1_f64;
        for (corner, point) in points.iter().enumerate().skip(150) {
            let from = *point - Point::new(20.0, 150.0);
            let end = Point::new(
                20.0 + 150.0 * angle.sin(),
                150.0 + 150.0 * (angle.cos() - 1.0),
            );
            let turned = Point::new(
                angle.cos() * from.x + angle.sin() * from.y,
                -angle.sin() * from.x + angle.cos() * from.y,
            );
            pins.push(pin(corner, end + turned, 20.0));
        }
        let out = deform(&points, &triangles, &pins, STIFF, 40);
        for triangle in &triangles {
            let [a, b, c] = triangle.corners.map(|corner| out[corner]);
            assert!(
                (b - a).cross(c - a) > 10.0,
                "a triangle folds: {a:?} {b:?} {c:?}"
            );
        }
        let width = (out[77] - out[75]).length() + (out[79] - out[77]).length();
        assert!((width - 40.0).abs() < 4.0, "the middle is {width} wide");
    }

    #[test]
    fn a_stretchy_sheet_follows_its_pins_further_than_a_stiff_one() {
        let (points, triangles) = sheet(4, 12);
        let pins: Vec<Pin> = [0, 3, 44, 47]
            .into_iter()
            .map(|corner| pin(corner, points[corner] * 1.3, 1.0))
            .collect();
        let reach = |stretch| {
            let out = deform(&points, &triangles, &pins, stretch, 30);
            out[47].distance(out[0])
        };
        let stretchy = Stretch {
            least: 0.7,
            most: 1.3,
        };
        assert!(reach(stretchy) > reach(STIFF) + 5.0);
    }

    #[test]
    fn a_mesh_without_pins_or_without_triangles_stays() {
        let (points, triangles) = sheet(3, 3);
        let out = deform(&points, &triangles, &[], STIFF, 5);
        assert!(points.iter().zip(&out).all(|(a, b)| a.distance(*b) < 1e-6));
        assert_eq!(deform(&points, &[], &[], STIFF, 5).len(), points.len());
        assert!(deform(&[], &[], &[], STIFF, 5).is_empty());
    }

    #[test]
    fn positions_that_are_no_numbers_give_the_start_back() {
        let (points, triangles) = sheet(3, 3);
        let pins = [pin(0, Point::new(f64::NAN, 0.0), 1.0)];
        assert_eq!(deform(&points, &triangles, &pins, STIFF, 5), points);
    }
}
