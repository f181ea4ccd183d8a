//! The part of a product photo that shows the garment.
//!
//! Studio photos show the whole model, so that the garment may cover a tenth of the picture. Everything after this step works on
//! a close-up of the usual work height.

use crate::garment::WORK_HEIGHT;
use crate::person::PersonRegions;
use crate::raster::{
    Border, Gray, Mask, Plane, Point, Rgb8, gaussian_mask, resize_area_rgb8, resize_cubic,
    sample_linear, to_float, to_rgb8,
};

/// Free space around the garment (share of its longer side).
const MARGIN: f64 = 0.08;
/// The close-up of an upper garment begins at least this far above the shoulder tips (U).
const ABOVE_SHOULDERS: f64 = 0.12;
/// Least height in full-size pixels of a garment whose cloth can be shown larger.
const LEAST_HEIGHT: usize = 72;
/// Blur of a person mask before it is enlarged (person work pixels).
const MASK_BLUR: f32 = 0.7;

/// A part of a product photo and how it relates to the person analysis of the whole.
pub(super) struct CloseUp {
    /// The part in its full size, at least as tall as `work`.
    pub(super) image: Rgb8,
    /// The part scaled to the usual work height.
    pub(super) work: Rgb8,
    /// Work pixels of the close-up per work pixel of the person.
    pub(super) factor: f64,
    /// Rows of the photo that became one row of `work`; small values make coarse cloth.
    pub(super) detail: f64,
    /// Person work position of the close-up's upper left corner.
    corner: Point,
}

impl CloseUp {
    /// Cuts the box around a mask of the person's size out of the photo; none when it is too small.
    pub(super) fn new(image: &Rgb8, person: &PersonRegions, garment: &Mask) -> Option<Self> {
        let mut bounds = garment.bounds()?;
        // Straps that are still to be found end at the shoulders.
        let shoulders = person
            .shoulder_tips
            .left
            .y
            .min(person.shoulder_tips.right.y);
        let highest = shoulders - ABOVE_SHOULDERS * person.shoulder_width;
        bounds.y0 = bounds.y0.min(highest.max(0.0) as usize);
        let margin = MARGIN * bounds.width().max(bounds.height()) as f64;
        let full = |position: f64| position / person.scale;
        let range = |first: usize, last: usize, size: usize| {
            let from = full(first as f64 - margin).max(0.0) as usize;
            let to = (full(last as f64 + 1.0 + margin).ceil().max(0.0) as usize).min(size);
            from.min(to)..to
        };
        let columns = range(bounds.x0, bounds.x1, image.width());
        let rows = range(bounds.y0, bounds.y1, image.height());
        if rows.len() < LEAST_HEIGHT || columns.len() < LEAST_HEIGHT / 2 {
            return None;
        }
        let part = image.crop(columns.start, rows.start, columns.len(), rows.len());
        let detail = rows.len() as f64 / WORK_HEIGHT as f64;
        let width = ((columns.len() as f64 / detail).round() as usize).max(1);
        let (image, work) = if detail < 1.0 {
            let enlarged = to_rgb8(&resize_cubic(&to_float(&part), width, WORK_HEIGHT));
            (enlarged.clone(), enlarged)
        } else {
            let work = resize_area_rgb8(&part, width, WORK_HEIGHT);
            (part, work)
        };
        Some(Self {
            image,
            work,
            factor: 1.0 / (person.scale * detail),
            detail,
            corner: Point::new(columns.start as f64, rows.start as f64) * person.scale,
        })
    }

    /// Turns a person work position into one of the close-up.
    pub(super) fn locate(&self, point: Point) -> Point {
        let half = Point::new(0.5, 0.5);
        (point + half - self.corner) * self.factor - half
    }

    /// Turns a work position of the close-up into one of the person.
    pub(super) fn to_person(&self, point: Point) -> Point {
        let half = Point::new(0.5, 0.5);
        (point + half) * (1.0 / self.factor) + self.corner - half
    }

    /// Shows a plane of the person analysis at the close-up's work size.
    pub(super) fn gray(&self, plane: &Gray) -> Gray {
        let (width, height) = self.work.size();
        Plane::from_fn(width, height, |x, y| {
            let at = self.to_person(Point::new(x as f64, y as f64));
            sample_linear(plane, at.x as f32, at.y as f32, Border::Replicate)
        })
    }

    /// Shows a mask of the person analysis at the close-up's work size, with smooth edges.
    pub(super) fn mask(&self, mask: &Mask) -> Mask {
        self.gray(&gaussian_mask(mask, MASK_BLUR))
            .map(|value| value > 0.5)
    }
}
