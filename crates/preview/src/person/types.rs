//! What the person analysis hands on: regions, landmarks and their units.

use std::ops::{Index, IndexMut};

use crate::raster::{Color, Gray, Mask, Point, Rgb8};

/// Names a side of the picture, not of the body: `Left` is where x is small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Smaller x.
    Left,
    /// Larger x.
    Right,
}

impl Side {
    /// Lists both sides, left first.
    pub const ALL: [Self; 2] = [Self::Left, Self::Right];

    /// Gives the direction of x away from the body's middle: -1.0 for left, 1.0 for right.
    pub const fn sign(self) -> f64 {
        match self {
            Self::Left => -1.0,
            Self::Right => 1.0,
        }
    }

    /// Names the opposite side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

/// Holds one value for each side of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerSide<T> {
    /// The value at smaller x.
    pub left: T,
    /// The value at larger x.
    pub right: T,
}

impl<T> PerSide<T> {
    /// Computes both values, left first.
    pub fn from_fn(mut value_of: impl FnMut(Side) -> T) -> Self {
        let left = value_of(Side::Left);
        Self {
            left,
            right: value_of(Side::Right),
        }
    }

    /// Turns both values into something else, left first.
    pub fn map<V>(self, mut change: impl FnMut(T) -> V) -> PerSide<V> {
        let left = change(self.left);
        PerSide {
            left,
            right: change(self.right),
        }
    }

    /// Borrows both values.
    pub const fn as_ref(&self) -> PerSide<&T> {
        PerSide {
            left: &self.left,
            right: &self.right,
        }
    }

    /// Lists the sides with their values, left first.
    pub fn iter(&self) -> impl Iterator<Item = (Side, &T)> {
        [(Side::Left, &self.left), (Side::Right, &self.right)].into_iter()
    }
}

impl<T> Index<Side> for PerSide<T> {
    type Output = T;

    fn index(&self, side: Side) -> &T {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }
}

impl<T> IndexMut<Side> for PerSide<T> {
    fn index_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Left => &mut self.left,
            Side::Right => &mut self.right,
        }
    }
}

/// Places a face: the square from mid forehead to just under the lips.
///
/// [`analyze`](super::analyze) takes it in pixels of the full-size picture and keeps it in work pixels. A detector's own box
/// goes through [`FaceBox::from_detector`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaceBox {
    /// Middle of the square.
    pub center: Point,
    /// Side length of the square, pixels.
    pub size: f64,
}

/// Side of a [`FaceBox`] per side of the box that the frontal face detector of `drape-imaging` reports.
///
/// Measured on seven photos at two detector resolutions: median ratio 1.04 to 1.08 with a spread of 0.06, centres equal
/// within 0.02.
const DETECTOR_BOX_TO_FACE: f64 = 1.06;

impl FaceBox {
    /// Converts the box of the SeetaFace frontal detector (`rustface`), in any pixel unit.
    pub fn from_detector(left: f64, top: f64, width: f64, height: f64) -> Self {
        Self {
            center: Point::new(left + 0.5 * width, top + 0.5 * height),
            size: DETECTOR_BOX_TO_FACE * 0.5 * (width + height),
        }
    }

    /// Measures the same face in pixels that are `factor` times smaller.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self {
            center: self.center * factor,
            size: self.size * factor,
        }
    }
}

/// Says why a picture cannot be used as a person photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PersonError {
    /// No standing person could be told from the background; the text says what was missing.
    #[error("no person found: {0}")]
    NotFound(&'static str),
}

/// Describes the person of a photo: silhouette, landmarks, skin, hair and the clothes worn.
///
/// Everything is measured on a copy of the picture that is [`WORK_HEIGHT`](super::WORK_HEIGHT) rows tall ("work pixels");
/// a full-size position is the work position divided by [`scale`](Self::scale). Positions of rows and columns are `f64` work
/// pixels even where they are whole. All planes have the size of [`image`](Self::image). Body lengths are best expressed in
/// [`shoulder_width`](Self::shoulder_width), called U in the comments.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent findings")]
pub struct PersonRegions {
    /// Width and height of the full-size picture.
    pub size: (usize, usize),
    /// Work pixels per full-size pixel.
    pub scale: f64,
    /// The picture at work size, RGB.
    pub image: Rgb8,
    /// CIE Lab of `image`.
    pub lab: Color,
    /// Lab colour that the wall would have behind the person, at every pixel.
    pub background: Color,
    /// Robust spread of the wall around its smooth model, Lab units; above about 2.2 the background is not plain.
    pub background_sigma: f64,
    /// Weighted Lab distance of every pixel from `background`.
    pub wall_distance: Gray,
    /// The background is no plain wall; `background` is then the scene itself, continued behind the person.
    pub scene: bool,
    /// How far independent cuts of the silhouette agree, 0 to 1; 1 before a plain wall.
    pub outline_agreement: f64,
    /// The face in work pixels, when one was given.
    pub face: Option<FaceBox>,
    /// Everything that belongs to the person, hair and clothes included.
    pub silhouette: Mask,
    /// U: horizontal distance of the shoulder tips. At least 1.
    pub shoulder_width: f64,
    /// Column half-way between the shoulder tips.
    pub center_x: f64,
    /// Column of the neck: between the face and `center_x`, or the middle of the head without a face.
    pub neck_x: f64,
    /// Mean row of the shoulder tips.
    pub shoulder_y: f64,
    /// Row of the chin.
    pub chin: f64,
    /// First row of the silhouette.
    pub top: f64,
    /// Last row of the silhouette.
    pub bottom: f64,
    /// Outermost column of the silhouette on the left for each row; -1 where the row is empty.
    pub left_edge: Vec<f64>,
    /// Outermost column of the silhouette on the right for each row; -1 where the row is empty.
    pub right_edge: Vec<f64>,
    /// Points of the shoulders on the silhouette.
    pub shoulder_tips: PerSide<Point>,
    /// Shoulder width divided by face size: 1.9 to 2.4 in good cases. None without a face.
    pub face_ratio: Option<f64>,
    /// Bare skin: face, neck, arms, midriff, legs.
    pub skin: Mask,
    /// Lab colour typical of the skin.
    pub skin_color: [f32; 3],
    /// Distance of every pixel from the skin colour; below about 1.6 it may be skin.
    pub skin_distance: Gray,
    /// Whether enough skin was seen to measure its colour.
    pub skin_found: bool,
    /// Share of the chest that looks like skin, 0 to 1; high for clothes of the colour of skin.
    pub skin_cloth_share: f64,
    /// Hair of the head, as far as it hangs together.
    pub hair: Mask,
    /// Row where the lower garment begins.
    pub waist: f64,
    /// Row where the upper garment ends: `waist`, or above it when there is a bare midriff.
    pub hem: f64,
    /// Strength of the edge at the waist; below 9 there is none, above 20 it is clear, 30 for a bare midriff.
    pub waist_score: f64,
    /// No edge at the waist: a dress, a jumpsuit, or top and bottom of one colour.
    pub one_piece: bool,
    /// A new top may end at the old waistband.
    pub tuck_possible: bool,
    /// Left edge of the torso without arms for each row (a mean body where it cannot be seen).
    pub torso_left: Vec<f64>,
    /// Right edge of the torso without arms for each row.
    pub torso_right: Vec<f64>,
    /// Share of the torso's rows, from below the shoulders to the hips, whose edges were really seen.
    pub edge_confidence: f64,
    /// Everything between `torso_left` and `torso_right`, beyond the person's ends too.
    pub torso: Mask,
    /// The silhouette down to the chin.
    pub head: Mask,
    /// Bare arms and hands.
    pub arm: Mask,
    /// Share of the upper arm's area that is bare, 0 to 1.
    pub bare_arm: PerSide<f64>,
    /// Outer edge of the arm for each row: `left_edge` and `right_edge`, but running inside wide short sleeves; -1 for none.
    pub arm_edge: PerSide<Vec<f64>>,
    /// Share of the forearm's outer side that is covered, 0 to 1; above 0.65 the sleeve is long.
    pub long_sleeve: PerSide<f64>,
    /// The upper garment worn, sleeves included.
    pub old_top: Mask,
    /// Long sleeves of the upper garment worn.
    pub old_sleeves: Mask,
    /// The lower garment worn (the skirt of a dress too).
    pub old_bottom: Mask,
    /// Row where the upper garment ends, for each column.
    pub hem_curve: Vec<f64>,
    /// Row where the lower garment begins, for each column.
    pub waist_curve: Vec<f64>,
    /// First row of bare legs, or `bottom` when none are seen.
    pub low_hem: f64,
    /// Bare legs are seen below a skirt, a dress or shorts.
    pub legs_bare: bool,
}

/// Follows an arm from the shoulder tip downwards; all lists have one entry per row of the outer edge.
#[derive(Debug, Clone)]
pub struct ArmPath {
    /// Points of the outer edge, in order of falling height, one per work row.
    pub outer: Vec<Point>,
    /// Matching points of the inner edge.
    pub inner: Vec<Point>,
    /// Unit vectors from the outer edge into the arm.
    pub inward: Vec<Point>,
    /// Length of the outer edge from the tip to each point, work pixels.
    pub distance: Vec<f64>,
    /// Width of the arm at each point, work pixels.
    pub width: Vec<f64>,
    /// Share of points whose width was seen rather than assumed, 0 to 1.
    pub confidence: f64,
}
