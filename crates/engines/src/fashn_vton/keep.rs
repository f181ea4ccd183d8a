//! Which parts of a person stay as they are.

use drape_imaging::KeptPart;
use drape_vton::pose::{Point, Pose};

/// Points of the face's outline: the jaw from ear to ear, then the brows from left to right back again.
const FACE_OUTLINE: [usize; 27] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 26, 25, 24, 23, 22, 21, 20, 19, 18,
    17,
];
/// Fewest points of a hand by which its place is known.
const LEAST_HAND_POINTS: usize = 12;

/// The face and the hands, as far as the pose shows them.
pub(super) fn kept_parts(pose: &Pose) -> Vec<KeptPart> {
    let mut parts = Vec::new();
    let face: Option<Vec<[f32; 2]>> = FACE_OUTLINE
        .iter()
        .map(|at| pose.face[*at].map(corner))
        .collect();
    if let Some(outline) = face {
        parts.push(KeptPart {
            name: "face",
            outline,
        });
    }
    for hand in &pose.hands {
        let points: Vec<[f32; 2]> = hand.iter().flatten().copied().map(corner).collect();
        if points.len() >= LEAST_HAND_POINTS {
            parts.push(KeptPart {
                name: "hand",
                outline: convex_hull(points),
            });
        }
    }
    parts
}

fn corner(point: Point) -> [f32; 2] {
    [point.x as f32, point.y as f32]
}

/// The convex hull of some points (Andrew 1979).
fn convex_hull(mut points: Vec<[f32; 2]>) -> Vec<[f32; 2]> {
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    points.dedup();
    if points.len() < 3 {
        return points;
    }
    let mut hull: Vec<[f32; 2]> = Vec::with_capacity(2 * points.len());
    let backwards = points.iter().rev().skip(1);
    let turn = points.len();
    let mut least = 2;
    for (at, point) in points.iter().chain(backwards).enumerate() {
        if at == turn {
            least = hull.len() + 1;
        }
        while hull.len() >= least && turns_right(hull[hull.len() - 2], hull[hull.len() - 1], *point)
        {
            hull.pop();
        }
        hull.push(*point);
    }
    hull.pop();
    hull
}

fn turns_right(a: [f32; 2], b: [f32; 2], c: [f32; 2]) -> bool {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) <= 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hull_has_the_corners_and_nothing_else() {
        let mut points = vec![[0.0, 0.0], [4.0, 0.0], [4.0, 3.0], [0.0, 3.0]];
        points.extend([[1.0, 1.0], [2.0, 2.0], [2.0, 0.0], [3.9, 1.0]]);
        let mut hull = convex_hull(points);
        hull.sort_by(|a, b| a.partial_cmp(b).unwrap());
        assert_eq!(hull, [[0.0, 0.0], [0.0, 3.0], [4.0, 0.0], [4.0, 3.0]]);
        assert_eq!(convex_hull(vec![[1.0, 1.0]; 5]).len(), 1);
    }

    #[test]
    fn only_what_is_seen_is_kept() {
        assert_eq!(kept_parts(&Pose::unseen()), []);
        let mut pose = Pose::unseen();
        for (at, point) in pose.face.iter_mut().enumerate() {
            let angle = at as f64;
            *point = Some(Point {
                x: 0.5 + 0.1 * angle.cos(),
                y: 0.2 + 0.1 * angle.sin(),
            });
        }
        for (at, point) in pose.hands[1].iter_mut().enumerate() {
            *point = Some(Point {
                x: 0.3 + 0.01 * (at % 5) as f64,
                y: 0.6 + 0.01 * (at / 5) as f64,
            });
        }
        let names: Vec<_> = kept_parts(&pose).iter().map(|part| part.name).collect();
        assert_eq!(names, ["face", "hand"]);
        pose.face[8] = None;
        pose.hands[1][..12].fill(None);
        assert_eq!(kept_parts(&pose), []);
    }
}
