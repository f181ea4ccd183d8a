//! What can be measured on a result without looking at it.
//!
//! None of these numbers is used by the engine: they are taken from its input and its output alone, so that a change of
//! the engine cannot flatter itself.

use drape_preview::engine::{TryOn, prepare_person};
use drape_preview::garment::{Category, Cut, GarmentShape};
use drape_preview::person::{FaceBox, PersonRegions};
use drape_preview::raster::{
    Color, Gray, Mask, Plane, Rgb8, dilate, erode, gaussian, kmeans, lab, luma, resize_area_rgb8,
    resize_nearest,
};

/// Fewest pixels that are worth a measure.
const LEAST_PIXELS: usize = 50;
/// Colours that stand for a garment.
const PALETTE: usize = 16;
/// Pixels from which they are found.
const PALETTE_SAMPLES: usize = 4096;
/// A pixel that moved less than this still shows what the photo showed, Lab.
const UNCHANGED: f32 = 3.0;
/// A colour further than this from all colours of the new garment belongs to something else, Lab.
const FOREIGN: f32 = 15.0;

/// Measures of one result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Measures {
    /// Share of the picture's pixels that changed, 0 to 1.
    pub(crate) changed_area: f64,
    /// Distance of the colours of the result, where the garment must be worn, from those of the garment, Lab; none without
    /// enough pixels.
    pub(crate) color_distance: Option<f64>,
    /// Share of the old garment that is still there and is not of the new one's colours, 0 to 1; none without an old garment.
    pub(crate) leftover: Option<f64>,
    /// Comparison with a true photo, if one is given and can be analysed.
    pub(crate) truth: Option<TruthMeasures>,
}

/// How near a result is to a photo of the same person really wearing the garment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TruthMeasures {
    /// Common area of the garment in both pictures over the joint area, as the person analysis sees it; none when it sees no
    /// person in the result.
    pub(crate) mask_iou: Option<f64>,
    /// Mean structural similarity where the old or the true garment is, -1 to 1.
    pub(crate) ssim: f64,
}

impl Measures {
    /// Measures a result.
    pub(crate) fn take(
        photo: &Rgb8,
        person: &PersonRegions,
        garment: &GarmentShape,
        result: &TryOn,
        truth: Option<&Truth>,
    ) -> Self {
        let (width, height) = person.image.size();
        let before = lab(&resize_area_rgb8(photo, width, height));
        let after = lab(&resize_area_rgb8(&result.image, width, height));
        let palette = palette(&garment.lab.select(&garment_zone(garment)));
        let worn = after.select(&body_zone(person, garment.category));
        let old = old_garment(person, garment.category);
        Self {
            changed_area: result.changed_area,
            color_distance: color_distance(&palette, &worn),
            leftover: leftover(&old, &before, &after, &palette),
            truth: truth.map(|truth| truth.compare(person, garment.category, &result.image)),
        }
    }
}

/// Gives the pixels of the product photo that must reappear on the body: no rims, no inside of the neck, no sleeves.
fn garment_zone(garment: &GarmentShape) -> Mask {
    let cloth = match &garment.cut {
        Cut::Upper(upper) => upper.body.and_not(&dilate(&upper.opening, 3.0)),
        Cut::Lower(_) => garment.mask.clone(),
    };
    erode(&cloth, 4.0)
}

/// Gives the pixels of the person where the garment must be to be seen, whatever its cut: chest, hips or both, without arms
/// and hair.
fn body_zone(person: &PersonRegions, category: Category) -> Mask {
    let u = person.shoulder_width;
    let chest = person.shoulder_y + 0.35 * u;
    let (first, last) = match category {
        Category::Top => (chest, person.waist - 0.08 * u),
        Category::Bottom => (person.waist + 0.15 * u, person.waist + 0.5 * u),
        Category::Dress => (chest, person.waist + 0.4 * u),
    };
    let (width, height) = person.silhouette.size();
    let middle = Mask::from_fn(width, height, |x, y| {
        let (left, right) = (person.torso_left[y], person.torso_right[y]);
        let margin = 0.15 * (right - left);
        (left + margin..=right - margin).contains(&(x as f64))
    });
    let in_front = dilate(&person.arm.or(&person.hair), 0.03 * u);
    between_rows(
        &middle.and(&person.silhouette).and_not(&in_front),
        first,
        last,
    )
}

fn between_rows(mask: &Mask, first: f64, last: f64) -> Mask {
    Mask::from_fn(mask.width(), mask.height(), |x, y| {
        mask[(x, y)] && (first..=last).contains(&(y as f64))
    })
}

/// Gives what the person wears where the new garment goes, work pixels.
fn old_garment(person: &PersonRegions, category: Category) -> Mask {
    let upper = person.old_top.or(&person.old_sleeves);
    match category {
        Category::Top => upper,
        Category::Bottom => person.old_bottom.clone(),
        Category::Dress => upper.or(&person.old_bottom),
    }
}

/// Gives the mean distance of the colours seen on the body from the nearest colour of the garment.
///
/// Only this direction is asked for: a print that lies elsewhere on the body, or a panel that is tucked in, is no wrong colour.
fn color_distance(palette: &[[f32; 3]], worn: &[[f32; 3]]) -> Option<f64> {
    if palette.is_empty() || worn.len() < LEAST_PIXELS {
        return None;
    }
    let apart = worn.iter().map(|color| f64::from(nearest(palette, *color)));
    Some(apart.sum::<f64>() / worn.len() as f64)
}

/// Gives a few colours that stand for many; none for too few pixels.
fn palette(colors: &[[f32; 3]]) -> Vec<[f32; 3]> {
    if colors.len() < LEAST_PIXELS {
        return Vec::new();
    }
    let step = colors.len().div_ceil(PALETTE_SAMPLES);
    let samples: Vec<[f32; 3]> = colors.iter().copied().step_by(step).collect();
    kmeans(&samples, PALETTE, 10, 1)
}

fn nearest(palette: &[[f32; 3]], color: [f32; 3]) -> f32 {
    let apart = palette.iter().map(|known| distance(*known, color));
    apart.fold(f32::INFINITY, f32::min)
}

/// Measures how much of the old garment is neither changed nor of a colour that the new one has, too.
fn leftover(old: &Mask, before: &Color, after: &Color, palette: &[[f32; 3]]) -> Option<f64> {
    let inside = erode(old, 1.5);
    let area = inside.count();
    if area < LEAST_PIXELS || palette.is_empty() {
        return None;
    }
    let seen = inside
        .data()
        .iter()
        .zip(before.data().iter().zip(after.data()))
        .filter(|(inside, _)| **inside)
        .filter(|(_, (before, after))| {
            distance(**before, **after) < UNCHANGED && nearest(palette, **before) > FOREIGN
        })
        .count();
    Some(seen as f64 / area as f64)
}

fn distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    let square = |channel: usize| (a[channel] - b[channel]).powi(2);
    (square(0) + square(1) + square(2)).sqrt()
}

/// A photo of the same person really wearing the garment.
pub(crate) struct Truth {
    image: Rgb8,
    regions: Option<PersonRegions>,
}

impl Truth {
    /// Prepares a true photo.
    pub(crate) fn new(image: Rgb8, face: Option<FaceBox>) -> Self {
        Self {
            regions: prepare_person(&image, face).ok(),
            image,
        }
    }

    /// Compares a result with the photo, which is brought to the result's size.
    fn compare(&self, person: &PersonRegions, category: Category, result: &Rgb8) -> TruthMeasures {
        let (width, height) = result.size();
        let truth = resize_area_rgb8(&self.image, width, height);
        let full = |mask: &Mask| resize_nearest(mask, width, height);
        let mut region = full(&old_garment(person, category));
        let worn = self
            .regions
            .as_ref()
            .map(|regions| full(&old_garment(regions, category)));
        if let Some(worn) = &worn {
            region.or_assign(worn);
        }
        let face = person.face.map(|face| face.scaled(1.0 / person.scale));
        let in_result = prepare_person(result, face).ok();
        let mask_iou = worn
            .zip(in_result)
            .map(|(worn, regions)| overlap(&worn, &full(&old_garment(&regions, category))));
        TruthMeasures {
            mask_iou,
            ssim: ssim(&luma(&truth), &luma(result), &region),
        }
    }
}

/// Gives the common area over the joint area; 0 when both are empty.
fn overlap(a: &Mask, b: &Mask) -> f64 {
    a.and(b).count() as f64 / a.or(b).count().max(1) as f64
}

/// Compares the structure of two pictures within a region (SSIM, Wang et al. 2004, Gaussian window of 1.5 pixels).
fn ssim(a: &Gray, b: &Gray, region: &Mask) -> f64 {
    const WINDOW: f32 = 1.5;
    const C1: f32 = (0.01 * 255.0) * (0.01 * 255.0);
    const C2: f32 = (0.03 * 255.0) * (0.03 * 255.0);
    let blur = |plane: &Gray| gaussian(plane, WINDOW);
    let product = |a: &Gray, b: &Gray| blur(&a.zip_map(b, |a, b| a * b));
    let means = (blur(a), blur(b));
    let squares = (product(a, a), product(b, b), product(a, b));
    let score = Plane::from_fn(a.width(), a.height(), |x, y| {
        let at = (x, y);
        let (mean_a, mean_b) = (means.0[at], means.1[at]);
        let variance = squares.0[at] - mean_a * mean_a + squares.1[at] - mean_b * mean_b;
        let covariance = squares.2[at] - mean_a * mean_b;
        (2.0 * mean_a * mean_b + C1) * (2.0 * covariance + C2)
            / ((mean_a * mean_a + mean_b * mean_b + C1) * (variance + C2))
    });
    let scores = score.select(region);
    scores.iter().map(|score| f64::from(*score)).sum::<f64>() / scores.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_of_the_garment_are_no_distance_wherever_they_are() {
        let panels = [vec![[40.0, 50.0, 20.0]; 300], vec![[90.0, 0.0, 0.0]; 100]].concat();
        let known = palette(&panels);
        assert_eq!(color_distance(&known, &panels[..200]), Some(0.0));
        let darker = vec![[33.0, 50.0, 20.0]; 200];
        let apart = color_distance(&known, &darker).unwrap_or_default();
        assert!((apart - 7.0).abs() < 1e-3, "{apart}");
        assert_eq!(color_distance(&known, &darker[..10]), None);
        assert_eq!(color_distance(&palette(&panels[..10]), &darker), None);
    }

    #[test]
    fn only_unchanged_foreign_pixels_are_left_over() {
        let old = Mask::new(20, 20, true);
        let before = Color::new(20, 20, [30.0, 40.0, 10.0]);
        let half = Color::from_fn(20, 20, |_, y| {
            if y < 10 {
                before[(0, 0)]
            } else {
                [80.0, 0.0, 0.0]
            }
        });
        let white = vec![[95.0, 0.0, 0.0]; 100];
        let share = leftover(&old, &before, &half, &white).unwrap_or_default();
        assert!((0.45..0.55).contains(&share), "{share}");
        // A garment of the old one's colour leaves nothing that could be told.
        assert_eq!(
            leftover(&old, &before, &half, &vec![[30.0, 40.0, 10.0]; 100]),
            Some(0.0)
        );
        assert_eq!(
            leftover(&Mask::new(20, 20, false), &before, &half, &white),
            None
        );
    }

    #[test]
    fn structure_is_one_for_the_same_picture_and_less_for_another() {
        let a = Gray::from_fn(40, 40, |x, y| ((x * 7 + y * 13) % 50) as f32 * 4.0);
        let b = Gray::from_fn(40, 40, |x, y| ((x * 13 + y * 3) % 50) as f32 * 4.0);
        let all = Mask::new(40, 40, true);
        assert!((ssim(&a, &a, &all) - 1.0).abs() < 1e-5);
        assert!(ssim(&a, &b, &all) < 0.5);
        assert!(ssim(&a, &b, &Mask::new(40, 40, false)).abs() < 1e-9);
    }

    #[test]
    fn overlap_is_common_over_joint_area() {
        let left = Mask::from_fn(10, 10, |x, _| x < 6);
        let right = Mask::from_fn(10, 10, |x, _| x >= 4);
        assert!((overlap(&left, &right) - 0.2).abs() < 1e-9);
        let none = Mask::new(10, 10, false);
        assert!(overlap(&none, &none).abs() < 1e-9);
    }
}
