//! Which pixels of the wearer are the garment, as coarse as the person analysis sees them.

use crate::garment::types::{Category, GarmentError};
use crate::person::PersonRegions;
use crate::raster::{Connectivity, Mask, components, largest_component, open};

use super::limits;

/// Pieces of a garment that hair or an arm cuts off have at least this share of its largest piece.
const LEAST_PIECE: f64 = 0.03;
/// Threads and halos thinner than this are no cloth (U).
const THINNEST: f64 = 0.015;
/// The skirt of a dress ends at most this far below the row in which bare legs begin (U).
const SKIRT_DIP: f64 = 0.12;
/// Shoes and shaded legs below a skirt are narrower than this (U).
const LEG_RADIUS: f64 = 0.09;

/// The garment and its surroundings in person work pixels.
pub(super) struct Region {
    /// The garment as far as it is seen.
    pub(super) garment: Mask,
}

/// Finds the garment of a category among the clothes worn.
pub(super) fn find(person: &PersonRegions, category: Category) -> Result<Region, GarmentError> {
    let cloth = match category {
        Category::Top if person.one_piece && person.legs_bare => {
            return Err(GarmentError::Worn(limits::DRESS_AS_TOP));
        }
        Category::Top => person.old_top.clone(),
        Category::Dress => dress(person)?,
        Category::Bottom => return Err(GarmentError::Worn(limits::LOWER)),
    };
    let cloth = cloth.and(&person.silhouette).and_not(&person.hair);
    let solid = open(&cloth, THINNEST * person.shoulder_width);
    let pieces = components(&solid, Connectivity::Eight);
    let largest = pieces.largest().map_or(0, |piece| piece.area) as f64;
    let garment = pieces.select(|piece| piece.area as f64 >= LEAST_PIECE * largest);
    if !garment.any() {
        return Err(GarmentError::Worn(limits::NOBODY_FOUND));
    }
    Ok(Region { garment })
}

/// Joins bodice and skirt; everything below the skirt's end is left out.
fn dress(person: &PersonRegions) -> Result<Mask, GarmentError> {
    if !person.one_piece && !person.legs_bare {
        return Err(GarmentError::Worn(limits::TOP_AS_DRESS));
    }
    let u = person.shoulder_width;
    let last = person.low_hem + SKIRT_DIP * u;
    let whole = person.old_top.or(&person.old_bottom);
    let (width, height) = whole.size();
    let above_legs = Mask::from_fn(width, height, |x, y| whole[(x, y)] && (y as f64) < last);
    let skirt = largest_component(&open(&above_legs, LEG_RADIUS * u));
    let skirt_from = person.waist + 0.3 * u;
    Ok(Mask::from_fn(width, height, |x, y| {
        above_legs[(x, y)] && ((y as f64) < skirt_from || skirt[(x, y)])
    }))
}
