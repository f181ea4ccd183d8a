//! The garment as a mesh that is laid on the body as one piece: the trunk and both sleeves, joined along the armholes.
//!
//! A grid over the product photo is cut where a sleeve lies beside the trunk and left whole along the armhole seam. It is then
//! deformed as rigidly as possible, so that cloth bends at the shoulder and the elbow but neither smears nor tears.

use crate::garment::UpperShape;
use crate::person::{PerSide, Side};
use crate::raster::{Mask, Pin, Point, Stretch, Triangle, deform, dilate};

/// Cells across the distance between the armpits.
const CELLS_ACROSS: f64 = 18.0;
/// Smallest side of a cell (garment work pixels).
const LEAST_CELL: f64 = 4.0;
/// Largest number of cells along one side of the picture.
const MOST_CELLS: f64 = 90.0;
/// Cloth may shrink and grow by this much.
const STRETCH: Stretch = Stretch {
    least: 0.88,
    most: 1.12,
};
/// Rounds of the deformation; it hardly moves afterwards.
const ROUNDS: usize = 14;
/// Corners this many cells from the seam between shoulder and armpit belong to sleeve and trunk alike.
const SEAM_REACH: f64 = 1.1;

/// A part of the garment that is drawn as one layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Everything but the sleeves.
    Trunk,
    /// The sleeve of one side of the picture.
    Sleeve(Side),
}

/// Triangles of one part, on the garment and on the person.
#[derive(Debug, Clone, Default)]
pub struct PartMesh {
    /// Corners, garment work pixels; what comes later lies in front.
    pub garment: Vec<[Point; 3]>,
    /// The same corners, person work pixels.
    pub person: Vec<[Point; 3]>,
}

/// A garment laid on the body.
#[derive(Debug, Clone, Default)]
pub struct UpperMesh {
    /// Everything but the fitted sleeves.
    pub trunk: PartMesh,
    /// The fitted sleeves; empty otherwise.
    pub sleeves: PerSide<PartMesh>,
}

/// A wish for a point of a part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    /// The part that holds the point.
    pub(super) part: Part,
    /// Position on the garment, garment work pixels.
    pub(super) garment: Point,
    /// Position on the person, person work pixels.
    pub(super) person: Point,
    /// How much it counts; 1 is about as much as one edge of the mesh.
    pub(super) strength: f64,
}

/// How a part lies at first: a turn about a point, with its own size along and across.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pose {
    /// Position on the garment, garment work pixels.
    pub(super) garment: Point,
    /// The same position on the person, person work pixels.
    pub(super) person: Point,
    /// Angle, radians, clockwise on screen.
    pub(super) turn: f64,
}

/// How a part wants to look.
pub(super) struct PartPlan<'a> {
    pub(super) part: Part,
    /// Its pixels.
    pub(super) mask: &'a Mask,
    /// Unit vector along the part on the garment: down a trunk, towards the cuff of a sleeve.
    pub(super) axis: Point,
    /// Person work pixels per garment work pixel across and along the axis.
    pub(super) size: (f64, f64),
    /// Poses from the top downwards; the nearest on the garment counts.
    pub(super) poses: Vec<Pose>,
}

/// The grid over the product photo.
struct Lattice {
    cell: f64,
    columns: usize,
    rows: usize,
}

impl Lattice {
    fn new(mask: &Mask, armpit_width: f64) -> Self {
        let longest = mask.width().max(mask.height()) as f64;
        let cell = (armpit_width / CELLS_ACROSS)
            .max(LEAST_CELL)
            .max(longest / MOST_CELLS);
        Self {
            cell,
            columns: (mask.width() as f64 / cell).ceil() as usize + 2,
            rows: (mask.height() as f64 / cell).ceil() as usize + 2,
        }
    }

    /// Gives the garment position of a corner.
    fn at(&self, column: usize, row: usize) -> Point {
        Point::new(
            (column as f64 - 0.5) * self.cell,
            (row as f64 - 0.5) * self.cell,
        )
    }

    /// Gives the cell that holds a garment position.
    fn cell_of(&self, point: Point) -> (usize, usize) {
        let index = |value: f64, count: usize| {
            ((value / self.cell + 0.5).max(0.0) as usize).min(count.saturating_sub(2))
        };
        (index(point.x, self.columns), index(point.y, self.rows))
    }

    /// Lists the cells that a mask touches.
    fn touched(&self, mask: &Mask) -> Vec<bool> {
        let mut cells = vec![false; self.columns * self.rows];
        for y in 0..mask.height() {
            for (x, _) in mask.row(y).iter().enumerate().filter(|(_, set)| **set) {
                let (column, row) = self.cell_of(Point::new(x as f64, y as f64));
                cells[row * self.columns + column] = true;
            }
        }
        cells
    }
}

/// Lays the parts on the body; `upper` names the seams along which they hang together.
pub(super) fn lay(
    mask: &Mask,
    upper: &UpperShape,
    plans: &[PartPlan],
    wishes: &[Wish],
) -> UpperMesh {
    let lattice = Lattice::new(mask, upper.armpit_width);
    // A cell more all around keeps the soft edge of the outline alive.
    let cells: Vec<Vec<bool>> = plans
        .iter()
        .map(|plan| lattice.touched(&dilate(plan.mask, 4.0)))
        .collect();
    let corners = number_corners(&lattice, upper, plans, &cells);
    let mut start = vec![Point::default(); corners.count];
    let mut triangles = Vec::new();
    let mut of_part = vec![Vec::new(); plans.len()];
    let mut sources = vec![Point::default(); corners.count];
    for (index, plan) in plans.iter().enumerate() {
        for row in 0..lattice.rows - 1 {
            for column in 0..lattice.columns - 1 {
                if !cells[index][row * lattice.columns + column] {
                    continue;
                }
                let places = [
                    (column, row),
                    (column + 1, row),
                    (column + 1, row + 1),
                    (column, row + 1),
                ];
                let numbers = places.map(|(x, y)| corners.number(&lattice, index, x, y));
                let spots = places.map(|(x, y)| lattice.at(x, y));
                for (number, spot) in numbers.into_iter().zip(spots) {
                    start[number] = plan.place(spot);
                    sources[number] = spot;
                }
                // The diagonals alternate, so that no direction is preferred.
                let halves = if (row + column).is_multiple_of(2) {
                    [[0, 1, 2], [0, 2, 3]]
                } else {
                    [[0, 1, 3], [1, 2, 3]]
                };
                for half in halves {
                    of_part[index].push(triangles.len());
                    triangles.push(Triangle {
                        corners: half.map(|k| numbers[k]),
                        rest: half.map(|k| plan.sized(spots[k])),
                    });
                }
            }
        }
    }
    let pins: Vec<Pin> = wishes
        .iter()
        .filter_map(|wish| {
            let index = plans.iter().position(|plan| plan.part == wish.part)?;
            pin_at(wish, &of_part[index], &triangles, &sources)
        })
        .collect();
    let laid = deform(&start, &triangles, &pins, STRETCH, ROUNDS);
    let mut mesh = UpperMesh::default();
    for (plan, members) in plans.iter().zip(&of_part) {
        let mut order: Vec<(bool, f64, usize)> = members
            .iter()
            .map(|&member| {
                let corners = triangles[member].corners;
                let from = corners.map(|corner| sources[corner]);
                let to = corners.map(|corner| laid[corner]);
                let is_front = doubled_area(from) * doubled_area(to) > 0.0;
                (is_front, depth(plan.part, upper, from), member)
            })
            .collect();
        order.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
        let corners = |points: &[Point], member: usize| {
            triangles[member].corners.map(|corner| points[corner])
        };
        let part = PartMesh {
            garment: order
                .iter()
                .map(|(_, _, member)| corners(&sources, *member))
                .collect(),
            person: order
                .iter()
                .map(|(_, _, member)| corners(&laid, *member))
                .collect(),
        };
        match plan.part {
            Part::Trunk => mesh.trunk = part,
            Part::Sleeve(side) => mesh.sleeves[side] = part,
        }
    }
    mesh
}

impl PartPlan<'_> {
    /// Brings a displacement on the garment to its size on the person, not turned yet.
    fn sized(&self, away: Point) -> Point {
        let across = Point::new(self.axis.y, -self.axis.x);
        across * (away.dot(across) * self.size.0) + self.axis * (away.dot(self.axis) * self.size.1)
    }

    /// Places a garment position as the nearest pose says.
    fn place(&self, spot: Point) -> Point {
        let nearest = self.poses.iter().min_by(|a, b| {
            a.garment
                .distance(spot)
                .total_cmp(&b.garment.distance(spot))
        });
        let Some(pose) = nearest else {
            return self.sized(spot);
        };
        let away = self.sized(spot - pose.garment);
        let (sine, cosine) = pose.turn.sin_cos();
        pose.person
            + Point::new(
                cosine * away.x - sine * away.y,
                sine * away.x + cosine * away.y,
            )
    }
}

/// Numbers of the mesh's corners: row by row, so that neighbours have near numbers.
struct Corners {
    /// Per part and lattice corner; `usize::MAX` for none.
    numbers: Vec<Vec<usize>>,
    count: usize,
}

impl Corners {
    fn number(&self, lattice: &Lattice, part: usize, column: usize, row: usize) -> usize {
        self.numbers[part][row * lattice.columns + column]
    }
}

fn number_corners(
    lattice: &Lattice,
    upper: &UpperShape,
    plans: &[PartPlan],
    cells: &[Vec<bool>],
) -> Corners {
    let total = lattice.columns * lattice.rows;
    let is_used = |part: usize, column: usize, row: usize| {
        let cell = |x: usize, y: usize| {
            x < lattice.columns && y < lattice.rows && cells[part][y * lattice.columns + x]
        };
        cell(column, row)
            || (column > 0 && cell(column - 1, row))
            || (row > 0 && cell(column, row - 1))
            || (column > 0 && row > 0 && cell(column - 1, row - 1))
    };
    let mut numbers = vec![vec![usize::MAX; total]; plans.len()];
    let mut count = 0;
    for row in 0..lattice.rows {
        for column in 0..lattice.columns {
            let spot = lattice.at(column, row);
            let index = row * lattice.columns + column;
            for (part, plan) in plans.iter().enumerate() {
                if !is_used(part, column, row) {
                    continue;
                }
                let trunk = (part > 0).then(|| numbers[0][index]);
                let joined = match (plan.part, trunk) {
                    (Part::Sleeve(side), Some(trunk)) if trunk != usize::MAX => {
                        on_seam(upper, side, spot, SEAM_REACH * lattice.cell).then_some(trunk)
                    }
                    _ => None,
                };
                numbers[part][index] = joined.unwrap_or_else(|| {
                    count += 1;
                    count - 1
                });
            }
        }
    }
    Corners { numbers, count }
}

/// Tells what lies in front where a part overlaps itself: cloth under a lowered arm folds inwards, so that what is further
/// from the armpit hides it.
fn depth(part: Part, upper: &UpperShape, [a, b, c]: [Point; 3]) -> f64 {
    match part {
        Part::Trunk => 0.0,
        Part::Sleeve(side) => {
            let middle = (a + b + c) * (1.0 / 3.0);
            middle.distance(upper.landmarks.armpit[side])
        }
    }
}

/// Gives twice the area of a triangle; the sign tells the sense of rotation.
fn doubled_area([a, b, c]: [Point; 3]) -> f64 {
    (b - a).cross(c - a)
}

/// Tells whether a garment position lies on the seam between shoulder point and armpit.
fn on_seam(upper: &UpperShape, side: Side, spot: Point, reach: f64) -> bool {
    let (shoulder, armpit) = (upper.landmarks.shoulder[side], upper.landmarks.armpit[side]);
    let seam = armpit - shoulder;
    let along = (spot - shoulder).dot(seam) / seam.dot(seam).max(1e-6);
    // The seam goes on beyond the shoulder point, where only the outline's margin is, but not below the armpit.
    along < 1.0 && (spot - shoulder.lerp(armpit, along)).length() < reach
}

/// Finds the triangle that holds a wish's point; the nearest one when it lies outside of all.
fn pin_at(
    wish: &Wish,
    members: &[usize],
    triangles: &[Triangle],
    sources: &[Point],
) -> Option<Pin> {
    if !(wish.garment.x.is_finite() && wish.garment.y.is_finite()) {
        return None;
    }
    let mut best: Option<(f64, Pin)> = None;
    for &member in members {
        let corners = triangles[member].corners;
        let [a, b, c] = corners.map(|corner| sources[corner]);
        let area = (b - a).cross(c - a);
        if area.abs() < 1e-9 {
            continue;
        }
        let offset = wish.garment - a;
        let (v, w) = (offset.cross(c - a) / area, (b - a).cross(offset) / area);
        let raw = [1.0 - v - w, v, w];
        let outside = raw.iter().map(|weight| (-weight).max(0.0)).sum::<f64>();
        if best.as_ref().is_some_and(|(least, _)| *least <= outside) {
            continue;
        }
        let kept = raw.map(|weight| weight.max(0.0));
        let sum: f64 = kept.iter().sum();
        best = Some((
            outside,
            Pin {
                corners,
                weights: kept.map(|weight| weight / sum),
                target: wish.person,
                strength: wish.strength,
            },
        ));
    }
    // Two cells away from the cloth a point says nothing about it.
    best.filter(|(outside, _)| *outside < 2.5)
        .map(|(_, pin)| pin)
}
