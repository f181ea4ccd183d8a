//! What the garment analysis hands on: shape, landmarks, reasons for a refusal.

use crate::person::PerSide;
use crate::raster::{Bounds, Color, Mask, Point, Rgb8};

/// The three ways in which the engine can put a garment on a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Category {
    /// Covers the upper body: tees, shirts, pullovers, jackets.
    Top,
    /// Covers hips and legs: trousers, shorts, skirts.
    Bottom,
    /// Covers upper body and legs in one piece.
    Dress,
}

/// Why a product photo cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GarmentError {
    /// One side of the picture is too small to show a garment.
    #[error("the product photo is too small")]
    TooSmall,
    /// One side is many times longer than the other.
    #[error("the product photo is far too narrow for a garment")]
    OddShape,
    /// Nothing stands out from the background.
    #[error(
        "no garment was found in the product photo; it needs one garment on a plain background of another colour"
    )]
    NothingFound,
    /// The cut-out covers nearly the whole picture.
    #[error(
        "the garment cannot be told from the background of the product photo; a plain background is needed"
    )]
    FillsPicture,
    /// A piece was found, but it has no usable outline (a stripe, a scatter of spots).
    #[error("what the product photo shows does not have the outline of a garment")]
    NotAGarment,
    /// Somebody wears the garment.
    #[error(
        "the product photo shows a person wearing the garment; a flat-lay or ghost-mannequin photo is needed"
    )]
    Worn,
}

/// Something about the cut that the landmarks cannot express.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Warning {
    /// Readable reason, fit for an error text.
    pub reason: &'static str,
    /// Factor in 0..1 by which it lowers the confidence.
    pub factor: f64,
}

/// One sleeve as a quadrilateral with curved sides.
///
/// The three polylines together run from the shoulder point along the outer edge, across the
/// cuff and back up to the armpit.
#[derive(Clone, Debug)]
pub struct Sleeve {
    /// Pixels of the sleeve; empty when only its outline is known.
    pub mask: Mask,
    /// Outer edge from the shoulder point to the outer corner of the cuff.
    pub outer: Vec<Point>,
    /// Edge of the cuff, outer corner to inner corner.
    pub cuff: Vec<Point>,
    /// Inner edge from the inner corner of the cuff up to the armpit.
    pub inner: Vec<Point>,
}

/// Landmarks of a top or a dress, work pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UpperLandmarks {
    /// Where the sleeve or the strap begins on the upper outline.
    pub shoulder: PerSide<Point>,
    /// Upper end of the neckline.
    pub neck: PerSide<Point>,
    /// Lower end of the armhole.
    pub armpit: PerSide<Point>,
    /// Lower corner.
    pub hem: PerSide<Point>,
}

/// What is known of a top or a dress beyond its outline.
#[derive(Clone, Debug)]
pub struct UpperShape {
    /// Landmarks on the outline.
    pub landmarks: UpperLandmarks,
    /// Both sleeves, one (rare; lowers the confidence) or none.
    pub sleeves: PerSide<Option<Sleeve>>,
    /// The garment without its sleeves.
    pub body: Mask,
    /// Inner back and label above the front neckline: to be cut away, subset of the garment.
    pub opening: Mask,
    /// The front neckline from the left to the right neck point, none where the outline is it.
    pub neck_arc: Option<Vec<Point>>,
    /// Column of the axis between the armpits.
    pub axis_x: f64,
    /// Half the distance between the armpits.
    pub half_width: f64,
    /// Distance between the armpits as used; differs from twice `half_width` when one sleeve is a mirror image.
    pub armpit_width: f64,
    /// Distance between the shoulder points, at least 4.
    pub shoulder_width: f64,
    /// Width of the trunk in its lower middle.
    pub torso_width: f64,
    /// Bulges that looked like sleeves were read as armholes in a second pass.
    pub read_as_sleeveless: bool,
    /// What the landmarks cannot express.
    pub warnings: Vec<Warning>,
}

/// Landmarks of trousers, shorts or a skirt, work pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LowerLandmarks {
    /// Upper corners.
    pub waist: PerSide<Point>,
    /// Outline at four fifths of the way down to the crotch.
    pub hip: PerSide<Point>,
    /// Where the legs part (for a skirt: a point at 0.3 of its height).
    pub crotch: Point,
}

/// What is known of trousers, shorts or a skirt beyond the outline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LowerShape {
    /// Landmarks on the outline.
    pub landmarks: LowerLandmarks,
    /// Distance between the upper corners.
    pub waist_width: f64,
    /// Two legs with a visible gap between them.
    pub legs_apart: bool,
    /// How much the upper end looks like a waistband, 0 to 1: level, closed and never wider than what is below.
    pub waistband: f64,
    /// No gap, and too wide for its height to be a pair of touching legs.
    pub is_skirt: bool,
}

/// The part of the analysis that depends on the category.
#[derive(Clone, Debug)]
pub enum Cut {
    /// A top or a dress.
    Upper(Box<UpperShape>),
    /// Trousers, shorts or a skirt.
    Lower(LowerShape),
}

/// Everything that is known of a garment; masks and points are in work pixels.
#[derive(Clone, Debug)]
pub struct GarmentShape {
    /// The photo in its full size.
    pub image: Rgb8,
    /// Work pixels per pixel of `image`.
    pub scale: f64,
    /// The photo scaled to [`super::WORK_HEIGHT`].
    pub work: Rgb8,
    /// `work` in CIE Lab.
    pub lab: Color,
    /// The garment.
    pub mask: Mask,
    /// Scatter of the background about its fitted surface, Lab units (0.3 at best).
    pub background_sigma: f64,
    /// Box around `mask`, all ends inclusive.
    pub bounds: Bounds,
    /// Median over the rows of the middle between left and right edge.
    pub center_x: f64,
    /// First garment column per row, -1 where there is none.
    pub left_edge: Vec<f64>,
    /// Last garment column per row, -1 where there is none.
    pub right_edge: Vec<f64>,
    /// What the outline looks like.
    pub guess: Category,
    /// What it was analysed as: the caller's word, else the guess.
    pub category: Category,
    /// Landmarks and parts.
    pub cut: Cut,
}

impl GarmentShape {
    /// Gives landmarks and parts of a top or a dress, none for a lower garment.
    pub fn upper(&self) -> Option<&UpperShape> {
        match &self.cut {
            Cut::Upper(upper) => Some(upper),
            Cut::Lower(_) => None,
        }
    }

    /// Gives landmarks and parts of trousers or a skirt, none for an upper garment.
    pub fn lower(&self) -> Option<&LowerShape> {
        match &self.cut {
            Cut::Upper(_) => None,
            Cut::Lower(lower) => Some(lower),
        }
    }
}

impl UpperShape {
    /// Tells whether both sleeves are known.
    pub fn is_sleeved(&self) -> bool {
        self.sleeves.left.is_some() && self.sleeves.right.is_some()
    }
}
