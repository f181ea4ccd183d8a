//! Product photos in which somebody wears the garment.
//!
//! The person analysis tells cloth from skin, hair, limbs and wall. From it the garment is cut out as if it lay flat: a close-up
//! of the photo, the mask of the garment alone, and landmarks where a body has its own. One file per step:
//! [`detect`] (is somebody there), [`region`] (which pixels of the wearer are the garment), [`close_up`] (the part of the photo
//! that shows it), [`cut`] (its exact edge), [`straps`], [`fill`] (what hair and hands hide), [`upper`], [`armhole`] and
//! [`sleeves`] (landmarks), [`limits`] (what is refused, what lowers the confidence).

mod armhole;
mod close_up;
mod cut;
mod detect;
mod fill;
mod limits;
mod region;
mod sleeves;
mod straps;
#[cfg(test)]
mod tests;
mod upper;

use crate::person::{self, FaceBox, PersonRegions};
use crate::raster::{Point, Rgb8};

use self::close_up::CloseUp;
use super::outline::Outline;
use super::types::{Category, Cut, GarmentError, GarmentShape, Wearer};

pub(super) use self::detect::is_worn;

/// Finds the garment that somebody wears in a product photo.
///
/// `category` is the caller's word; none takes what the wearer's waist tells. `face` is in full-size pixels.
pub(super) fn analyze(
    image: &Rgb8,
    category: Option<Category>,
    face: Option<FaceBox>,
) -> Result<GarmentShape, GarmentError> {
    let person =
        person::analyze(image, face).map_err(|_| GarmentError::Worn(limits::NOBODY_FOUND))?;
    let category = category.unwrap_or(if person.one_piece {
        Category::Dress
    } else {
        Category::Top
    });
    limits::check_pose(&person)?;
    let region = region::find(&person, category)?;
    let close_up = CloseUp::new(image, &person, &region.garment)
        .ok_or(GarmentError::Worn(limits::TOO_SMALL))?;
    let cut = cut::refine(&close_up, &person, &region);
    let body = Body {
        person: &person,
        close_up: &close_up,
    };
    let filled = fill::fill(&close_up, &body, &cut);
    limits::check_covered(filled.covered)?;

    let outline = Outline::new(&filled.mask)?;
    let shape = upper::analyze(&filled.mask, &cut.skin, &outline, &body)?;
    let warnings = limits::warnings(&person, &close_up, category, filled.covered);
    Ok(GarmentShape {
        scale: filled.work.height() as f64 / filled.image.height() as f64,
        lab: crate::raster::lab(&filled.work),
        image: filled.image,
        work: filled.work,
        background_sigma: person.background_sigma,
        bounds: outline.bounds,
        center_x: shape.axis_x,
        left_edge: outline.edges.left,
        right_edge: outline.edges.right,
        guess: category,
        category,
        wearer: Some(Wearer {
            shoulder_width: body.unit(),
            warnings,
        }),
        cut: Cut::Upper(Box::new(shape)),
        mask: filled.mask,
    })
}

/// The wearer's body in work pixels of the close-up.
struct Body<'a> {
    person: &'a PersonRegions,
    close_up: &'a CloseUp,
}

impl Body<'_> {
    /// U: the distance of the shoulder tips.
    fn unit(&self) -> f64 {
        self.person.shoulder_width * self.close_up.factor
    }

    /// Takes a position of the person analysis.
    fn place(&self, point: Point) -> Point {
        self.close_up.locate(point)
    }

    /// Reads the torso's edge in a row of the close-up.
    fn torso_edge(&self, side: person::Side, row: f64) -> f64 {
        let edges = match side {
            person::Side::Left => &self.person.torso_left,
            person::Side::Right => &self.person.torso_right,
        };
        let at = self.close_up.to_person(Point::new(0.0, row)).y;
        let index = (at.round().max(0.0) as usize).min(edges.len().saturating_sub(1));
        let x = edges.get(index).copied().unwrap_or(self.person.center_x);
        self.place(Point::new(x, at)).x
    }
}
