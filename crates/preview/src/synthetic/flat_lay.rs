//! A garment lying flat before a plain wall.

use super::paint::{Canvas, Paint, ellipse, mirrored, points, smooth, symmetric};
use super::shapes::{
    BACK_OF_NECK, DRESS_FLAT, LONG_SLEEVE_FLAT, SHORT_SLEEVE_FLAT, SHORTS_FLAT, SKIRT_FLAT, Shape,
    TANK_FLAT, TOP_FLAT, TROUSERS_FLAT,
};
use crate::raster::{Mask, Point, Rgb8};

/// Kinds of garments that can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GarmentKind {
    /// A top with short sleeves.
    Tee,
    /// A top with sleeves to the wrist.
    LongSleeved,
    /// A top with wide straps.
    Tank,
    /// A sleeveless dress.
    Dress,
    /// Long trousers.
    Trousers,
    /// Trousers that end above the knees.
    Shorts,
    /// A knee-long skirt.
    Skirt,
}

/// Settings of a drawn garment; change what matters and keep the default of the rest.
#[derive(Debug, Clone)]
pub struct SyntheticGarment {
    /// Width of the picture, pixels.
    pub width: usize,
    /// Height of the picture, pixels.
    pub height: usize,
    /// What is drawn.
    pub kind: GarmentKind,
    /// RGB of the wall.
    pub wall: [u8; 3],
    /// RGB of the cloth.
    pub color: [u8; 3],
    /// RGB of a disc printed on the chest, if any.
    pub print: Option<[u8; 3]>,
    /// Standard deviation of the grain, grey levels.
    pub grain: f32,
}

impl Default for SyntheticGarment {
    fn default() -> Self {
        Self {
            width: 576,
            height: 768,
            kind: GarmentKind::Tee,
            wall: [244, 244, 243],
            color: [36, 112, 150],
            print: None,
            grain: 0.8,
        }
    }
}

/// A drawn garment with what is known about the picture.
#[derive(Debug, Clone)]
pub struct GarmentPicture {
    /// The picture.
    pub image: Rgb8,
    /// The garment, the inside of its neck or waist included.
    pub mask: Mask,
}

const INSIDE: u8 = 1;
const CLOTH: u8 = 2;

impl SyntheticGarment {
    /// Draws the picture.
    pub fn draw(&self) -> GarmentPicture {
        let (body, sleeve): (Shape, Option<Shape>) = match self.kind {
            GarmentKind::Tee => (TOP_FLAT, Some(SHORT_SLEEVE_FLAT)),
            GarmentKind::LongSleeved => (TOP_FLAT, Some(LONG_SLEEVE_FLAT)),
            GarmentKind::Tank => (TANK_FLAT, None),
            GarmentKind::Dress => (DRESS_FLAT, None),
            GarmentKind::Trousers => (TROUSERS_FLAT, None),
            GarmentKind::Shorts => (SHORTS_FLAT, None),
            GarmentKind::Skirt => (SKIRT_FLAT, None),
        };
        let place = self.placement(body, sleeve);
        let paint = |light: f32, roundness: f32| Paint {
            color: self.color.map(|channel| (f32::from(channel) * light) as u8),
            roundness,
            rim: 0.05 * self.height as f32,
        };
        let mut canvas = Canvas::wall(self.width, self.height, self.wall);
        let lower = matches!(
            self.kind,
            GarmentKind::Trousers | GarmentKind::Shorts | GarmentKind::Skirt
        );
        if !lower {
            canvas.fill(&place(&symmetric(BACK_OF_NECK)), paint(0.72, 0.0), INSIDE);
        }
        if let Some(sleeve) = sleeve {
            canvas.fill(&place(&points(sleeve)), paint(0.97, 0.10), CLOTH);
            canvas.fill(&place(&mirrored(&points(sleeve))), paint(0.97, 0.10), CLOTH);
        }
        canvas.fill(&place(&symmetric(body)), paint(1.0, 0.10), CLOTH);
        if let Some(color) = self.print {
            let print = Paint {
                color,
                roundness: 0.0,
                rim: 1.0,
            };
            canvas.fill(
                &place(&smooth(&ellipse(Point::new(0.0, 0.62), 0.17, 0.17))),
                print,
                CLOTH,
            );
        }
        GarmentPicture {
            mask: canvas.on_top(&[INSIDE, CLOTH]),
            image: canvas.finish(self.grain),
        }
    }

    /// Centres the garment and makes it as large as a margin of 6 % allows.
    fn placement(
        &self,
        body: Shape,
        sleeve: Option<Shape>,
    ) -> impl Fn(&[Point]) -> Vec<Point> + use<> {
        let all = || body.iter().chain(sleeve.unwrap_or(&[]));
        let reach = all().map(|(x, _)| *x).fold(0.0, f64::max);
        let lowest = all().map(|(_, y)| *y).fold(0.0, f64::max);
        let highest = all().map(|(_, y)| *y).fold(0.0, f64::min);
        let (width, height) = (self.width as f64, self.height as f64);
        let unit = (0.88 * width / (2.0 * reach)).min(0.88 * height / (lowest - highest));
        let origin = Point::new(0.5 * width, 0.5 * (height - (lowest + highest) * unit));
        move |shape: &[Point]| shape.iter().map(|point| origin + *point * unit).collect()
    }
}
