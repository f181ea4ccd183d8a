//! Outline, chin and shoulder tips; they give the unit of length U for everything that follows.

use super::{FaceBox, PerSide, PersonError, Side};
use crate::raster::{Edge, Mask, Point, gaussian_1d_with, median_f64, open};

/// Least height of a silhouette, work pixels.
const LEAST_HEIGHT: f64 = 50.0;
/// Least distance of the shoulder tips, work pixels: below it nothing about the clothes can be measured.
const LEAST_SHOULDER_WIDTH: f64 = 24.0;
/// Chin under the face's centre, face sizes.
const CHIN: f64 = 0.56;
/// Rows under the chin in which the shoulder tips are searched, face sizes.
const TIP_ROWS: (f64, f64) = (0.2, 1.25);
/// A tip may lie this much lower for each pixel that it lies further out.
const TIP_SLOPE: f64 = 0.75;
/// Distance of a tip from the face's centre column, face sizes.
const TIP_REACH: (f64, f64) = (0.60, 1.75);
/// The same, for a tip that needs no doubt.
const TIP_TRUSTED: (f64, f64) = (0.58, 1.65);
/// Lowest trusted tip under the chin, face sizes.
const TIP_LOWEST: f64 = 1.23;
/// Most frequent height of the tips under the chin, face sizes.
const TIP_USUAL: f64 = 0.5;
/// Difference in height of the tips that no shoulders have, in relation to their mean reach.
const TIP_TILT: f64 = 0.45;
/// Without a face: a side shorter than this share of the other got caught on hair.
const HALF_SHORT: f64 = 0.62;

/// Extent of the silhouette and its outermost column in each row (-1 for none).
pub(super) struct Outline {
    pub(super) top: f64,
    pub(super) bottom: f64,
    pub(super) edges: PerSide<Vec<f64>>,
}

impl Outline {
    /// Traces the silhouette; fails when it is not tall enough to be a person.
    pub(super) fn trace(silhouette: &Mask) -> Result<Self, PersonError> {
        let bounds = silhouette
            .bounds()
            .ok_or(PersonError::NotFound("nothing differs from the background"))?;
        let filled_rows = (bounds.y0..=bounds.y1)
            .filter(|y| silhouette.any_row(*y))
            .count();
        if (filled_rows as f64) < LEAST_HEIGHT {
            return Err(PersonError::NotFound(
                "what differs from the background is too small",
            ));
        }
        // Opening removes loose hair and fingers that would otherwise pass for the edge.
        let smooth = open(silhouette, 2.0);
        let edge = |column: Option<usize>| column.map_or(-1.0, |x| x as f64);
        let rows = 0..silhouette.height();
        Ok(Self {
            top: bounds.y0 as f64,
            bottom: bounds.y1 as f64,
            edges: PerSide {
                left: rows.clone().map(|y| edge(smooth.first_in_row(y))).collect(),
                right: rows.map(|y| edge(smooth.last_in_row(y))).collect(),
            },
        })
    }
}

/// Chin and shoulders.
pub(super) struct Landmarks {
    pub(super) chin: f64,
    pub(super) tips: PerSide<Point>,
    /// U: horizontal distance of the tips.
    pub(super) shoulder_width: f64,
    /// Middle of the tips.
    pub(super) center_x: f64,
    pub(super) neck_x: f64,
    /// Column of the face, or the middle of the head where no face is known.
    pub(super) head_x: f64,
    /// Mean row of the tips.
    pub(super) shoulder_y: f64,
}

impl Landmarks {
    /// Finds chin and shoulder tips on the outline; fails where there are none.
    pub(super) fn find(outline: &Outline, face: Option<&FaceBox>) -> Result<Self, PersonError> {
        let head = match face {
            Some(face) => Head::from_face(face, outline),
            None => Head::from_outline(outline),
        };
        let found = PerSide {
            left: search_tip(outline, &head, face, Side::Left),
            right: search_tip(outline, &head, face, Side::Right),
        };
        let (Some(left), Some(right)) = (found.left, found.right) else {
            return Err(PersonError::NotFound(
                "no shoulders are seen under the head",
            ));
        };
        let tips = PerSide { left, right };
        let tips = match face {
            Some(face) => correct_by_face(tips, face, head.chin, outline),
            None => mirror_short_side(tips, head.center_x),
        };
        let shoulder_width = tips.right.x - tips.left.x;
        if shoulder_width < LEAST_SHOULDER_WIDTH {
            return Err(PersonError::NotFound("no shoulders of plausible width"));
        }
        let center_x = 0.5 * (tips.left.x + tips.right.x);
        Ok(Self {
            chin: head.chin,
            shoulder_width,
            center_x,
            neck_x: face.map_or(head.center_x, |face| 0.5 * (face.center.x + center_x)),
            head_x: head.center_x,
            shoulder_y: 0.5 * (tips.left.y + tips.right.y),
            tips,
        })
    }

    /// Distance of a column from the middle of the shoulders, U; negative on the left.
    pub(super) fn across(&self, x: usize) -> f64 {
        (x as f64 - self.center_x) / self.shoulder_width
    }

    /// Distance of a row under the shoulders, U.
    pub(super) fn down(&self, y: usize) -> f64 {
        (y as f64 - self.shoulder_y) / self.shoulder_width
    }

    /// Row at a distance under the shoulders, U.
    pub(super) fn row_at(&self, down: f64) -> f64 {
        self.shoulder_y + down * self.shoulder_width
    }

    /// Row of the straight line through both shoulder tips at a column.
    pub(super) fn shoulder_line(&self, x: usize) -> f64 {
        let PerSide { left, right } = self.tips;
        left.y + (right.y - left.y) * (x as f64 - left.x) / self.shoulder_width
    }
}

/// Where the head ends and where to search the shoulders.
struct Head {
    chin: f64,
    center_x: f64,
    rows: std::ops::Range<usize>,
}

impl Head {
    fn from_face(face: &FaceBox, outline: &Outline) -> Self {
        let chin = face.center.y + CHIN * face.size;
        let height = outline.edges.left.len();
        Self {
            chin,
            center_x: face.center.x,
            rows: search_rows(
                chin + TIP_ROWS.0 * face.size,
                chin + TIP_ROWS.1 * face.size,
                height,
            ),
        }
    }

    /// Takes the narrowest row near the top for the neck.
    fn from_outline(outline: &Outline) -> Self {
        let height = outline.edges.left.len();
        let tall = outline.bottom - outline.top;
        let top = outline.top as usize;
        let edges = outline.edges.left.iter().zip(&outline.edges.right);
        let widths: Vec<f64> = edges
            .clone()
            .skip(top)
            .take((0.22 * tall) as usize)
            .map(|(l, r)| r - l)
            .collect();
        let smooth = gaussian_1d_with(&widths, 2.0, Edge::Mirror);
        // Where the picture cuts the head the neck may begin at once; otherwise the crown is narrow too and is skipped.
        let skipped = if top <= 3 { 0 } else { (0.06 * tall) as usize };
        let neck = if skipped == 0 || widths.len() > skipped + 3 {
            narrowest(&smooth, skipped)
        } else {
            0
        };
        let chin = (top + neck) as f64 - 2.0;
        let mut middles: Vec<f64> = edges
            .skip(top)
            .take((0.2 * tall) as usize)
            .map(|(l, r)| 0.5 * (l + r))
            .collect();
        let cut_at_bottom = outline.bottom >= height as f64 - 3.0;
        let reach = if cut_at_bottom { 0.33 } else { 0.2 };
        Self {
            chin,
            center_x: median_f64(&mut middles),
            rows: search_rows(chin, chin + reach * tall, height),
        }
    }
}

fn narrowest(widths: &[f64], from: usize) -> usize {
    let tail = widths.iter().enumerate().skip(from);
    tail.min_by(|a, b| a.1.total_cmp(b.1))
        .map_or(0, |(row, _)| row)
}

/// At least five rows, as far as the picture has them.
fn search_rows(from: f64, to: f64, height: usize) -> std::ops::Range<usize> {
    let first = from as isize;
    let last = (to.min(height as f64 - 1.0) as isize).max(first + 5);
    let clamp = |row: isize| row.clamp(0, height as isize) as usize;
    clamp(first)..clamp(last)
}

/// Finds the row whose edge lies far out and high up.
fn search_tip(outline: &Outline, head: &Head, face: Option<&FaceBox>, side: Side) -> Option<Point> {
    let edge = &outline.edges[side];
    let score = |y: usize| {
        let reach = (edge[y] - head.center_x).abs();
        let plausible = face
            .is_none_or(|face| reach > TIP_REACH.0 * face.size && reach < TIP_REACH.1 * face.size);
        let penalty = if plausible && edge[y] >= 0.0 {
            0.0
        } else {
            1000.0
        };
        reach - TIP_SLOPE * y as f64 - penalty
    };
    // The first of equal rows wins.
    let best = head
        .rows
        .clone()
        .rev()
        .max_by(|a, b| score(*a).total_cmp(&score(*b)))?;
    (edge[best] >= 0.0).then(|| Point::new(edge[best], best as f64))
}

/// Replaces a tip that the face says cannot be right, or that slid down an arm or up the hair.
fn correct_by_face(
    tips: PerSide<Point>,
    face: &FaceBox,
    chin: f64,
    outline: &Outline,
) -> PerSide<Point> {
    let size = face.size;
    let reach = PerSide::from_fn(|side| side.sign() * (tips[side].x - face.center.x));
    let trusted = |side: Side| {
        reach[side] > TIP_TRUSTED.0 * size
            && reach[side] < TIP_TRUSTED.1 * size
            && tips[side].y < chin + TIP_LOWEST * size
    };
    let mut corrected = tips;
    let (left_trusted, right_trusted) = (trusted(Side::Left), trusted(Side::Right));
    if left_trusted != right_trusted {
        let good = if left_trusted {
            Side::Left
        } else {
            Side::Right
        };
        let bad = good.other();
        corrected[bad] = Point::new(face.center.x + bad.sign() * reach[good], tips[good].y);
        return corrected;
    }
    if (tips.left.y - tips.right.y).abs() <= TIP_TILT * 0.5 * (reach.left + reach.right) {
        return corrected;
    }
    // One of them slid: keep the one nearer to the usual height and look for the other beside it.
    let oddness = |side: Side| (tips[side].y - chin - TIP_USUAL * size).abs();
    let good = if oddness(Side::Left) < oddness(Side::Right) {
        Side::Left
    } else {
        Side::Right
    };
    let bad = good.other();
    let edge = &outline.edges[bad];
    let row = ((tips[good].y + 0.12 * size).min(edge.len() as f64 - 1.0)) as usize;
    let seen = bad.sign() * (edge[row] - face.center.x);
    let missing = edge[row] < 0.0 || (bad == Side::Right && seen < 0.0);
    let out = if missing {
        1.05 * reach[good]
    } else {
        let (least, most) = (0.75 * reach[good], 1.15 * reach[good]);
        seen.max(least.min(most)).min(most.max(least))
    };
    corrected[bad] = Point::new(face.center.x + bad.sign() * out, row as f64);
    corrected
}

fn mirror_short_side(tips: PerSide<Point>, head_x: f64) -> PerSide<Point> {
    let reach = PerSide::from_fn(|side| side.sign() * (tips[side].x - head_x));
    let (short, long) = if reach.left < reach.right {
        (Side::Left, Side::Right)
    } else {
        (Side::Right, Side::Left)
    };
    let mut corrected = tips;
    if reach[short] < HALF_SHORT * reach[long] {
        corrected[short] = Point::new(head_x + short.sign() * reach[long], tips[long].y);
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACE: FaceBox = FaceBox {
        center: Point { x: 100.0, y: 50.0 },
        size: 40.0,
    };

    fn outline(left: f64, right: f64) -> Outline {
        Outline {
            top: 10.0,
            bottom: 299.0,
            edges: PerSide {
                left: vec![left; 300],
                right: vec![right; 300],
            },
        }
    }

    #[test]
    fn keeps_two_good_tips() {
        let tips = PerSide {
            left: Point::new(60.0, 90.0),
            right: Point::new(142.0, 94.0),
        };
        assert_eq!(
            correct_by_face(tips, &FACE, 72.0, &outline(60.0, 142.0)),
            tips
        );
    }

    #[test]
    fn mirrors_the_good_tip_over_a_bad_one() {
        let tips = PerSide {
            left: Point::new(60.0, 90.0),
            right: Point::new(190.0, 90.0),
        };
        let corrected = correct_by_face(tips, &FACE, 72.0, &outline(60.0, 190.0));
        assert_eq!(corrected.left, tips.left);
        assert_eq!(corrected.right, Point::new(140.0, 90.0));
    }

    #[test]
    fn replaces_a_tip_that_slid_down_an_arm() {
        let tips = PerSide {
            left: Point::new(60.0, 92.0),
            right: Point::new(145.0, 116.0),
        };
        let corrected = correct_by_face(tips, &FACE, 72.0, &outline(60.0, 138.0));
        assert_eq!(corrected.left, tips.left);
        assert_eq!(corrected.right, Point::new(138.0, 96.0));
        // Where the outline has nothing to offer the reach of the good side decides.
        let corrected = correct_by_face(tips, &FACE, 72.0, &outline(60.0, -1.0));
        assert_eq!(corrected.right, Point::new(142.0, 96.0));
    }

    #[test]
    fn mirrors_a_side_caught_on_hair_without_a_face() {
        let tips = PerSide {
            left: Point::new(80.0, 70.0),
            right: Point::new(150.0, 92.0),
        };
        let mirrored = mirror_short_side(tips, 100.0);
        assert_eq!(mirrored.left, Point::new(50.0, 92.0));
        assert_eq!(mirrored.right, tips.right);
    }

    #[test]
    fn refuses_a_face_at_the_bottom_of_the_picture() {
        let low = FaceBox {
            center: Point::new(100.0, 295.0),
            size: 40.0,
        };
        assert!(Landmarks::find(&outline(60.0, 140.0), Some(&low)).is_err());
    }

    #[test]
    fn refuses_shoulders_without_width() {
        assert!(Landmarks::find(&outline(98.0, 108.0), None).is_err());
    }

    #[test]
    fn traces_the_edges_row_by_row() {
        let body = Mask::from_fn(80, 200, |x, y| {
            (20..=50).contains(&x) && (30..150).contains(&y)
        });
        let outline = Outline::trace(&body).unwrap();
        assert_eq!((outline.top as usize, outline.bottom as usize), (30, 149));
        assert_eq!(
            (
                outline.edges.left[100] as i32,
                outline.edges.right[100] as i32
            ),
            (20, 50)
        );
        assert_eq!(
            (
                outline.edges.left[10] as i32,
                outline.edges.right[10] as i32
            ),
            (-1, -1)
        );
        assert!(Outline::trace(&Mask::new(80, 200, false)).is_err());
    }
}
