//! A standing person, seen from the front.

use super::paint::{Canvas, Paint, ellipse, mirrored, points, smooth, symmetric};
use super::shapes::{
    ARM, CROPPED_HEM, LEG, LONG_SLEEVE, SHOE, SHORT_SLEEVE, SHOULDER_OF_TOP, STRAPS_OF_TOP, Shape,
    TROUSERS, TRUNK, WAIST,
};
use crate::person::{FaceBox, PerSide, Side};
use crate::raster::{Mask, Point, Rgb8};

/// How long the sleeves are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SleeveLength {
    /// Bare arms.
    None,
    /// To above the elbow.
    Short,
    /// To the wrist.
    Long,
}

/// What is worn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outfit {
    /// A top and long trousers that meet at the waist.
    TopAndTrousers,
    /// A cropped top and long trousers with bare skin between them.
    CroppedTopAndTrousers,
    /// A dress that ends above the knees; its colour is that of the top.
    Dress,
}

/// How much of the person the picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// From above the head to below the feet.
    FullBody,
    /// From above the head to the thighs.
    HalfBody,
}

/// Settings of a drawn person; change what matters and keep the default of the rest.
#[derive(Debug, Clone)]
pub struct SyntheticPerson {
    /// Width of the picture, pixels.
    pub width: usize,
    /// Height of the picture, pixels.
    pub height: usize,
    /// RGB of the wall.
    pub wall: [u8; 3],
    /// RGB of the skin.
    pub skin: [u8; 3],
    /// RGB of the hair.
    pub hair: [u8; 3],
    /// RGB of the top or dress.
    pub top: [u8; 3],
    /// RGB of the trousers.
    pub bottom: [u8; 3],
    /// Sleeves of the top or dress.
    pub sleeves: SleeveLength,
    /// What is worn.
    pub outfit: Outfit,
    /// How much is seen.
    pub framing: Framing,
    /// Standard deviation of the grain, grey levels.
    pub grain: f32,
}

impl Default for SyntheticPerson {
    fn default() -> Self {
        Self {
            width: 576,
            height: 768,
            wall: [226, 224, 220],
            skin: [222, 174, 148],
            hair: [58, 40, 30],
            top: [176, 46, 52],
            bottom: [46, 62, 104],
            sleeves: SleeveLength::Short,
            outfit: Outfit::TopAndTrousers,
            framing: Framing::FullBody,
            grain: 1.2,
        }
    }
}

/// A drawn person with what is known about the picture; positions are full-size pixels.
#[derive(Debug, Clone)]
pub struct PersonPicture {
    /// The picture.
    pub image: Rgb8,
    /// The face.
    pub face: FaceBox,
    /// Everything that belongs to the person.
    pub silhouette: Mask,
    /// Bare skin.
    pub skin: Mask,
    /// The top or the dress.
    pub top: Mask,
    /// The trousers; empty for a dress.
    pub bottom: Mask,
    /// Points of the shoulders on the outline.
    pub shoulder_tips: PerSide<Point>,
    /// Row where the top or the skin under it ends.
    pub hem: f64,
    /// Row where the trousers begin; the natural waist for a dress.
    pub waist: f64,
}

const SHOES: u8 = 1;
const SKIN: u8 = 2;
const BOTTOM: u8 = 3;
const TOP: u8 = 4;
const HAIR: u8 = 5;
const FACE: u8 = 6;

/// First and last row of the whole figure.
const CROWN: f64 = -0.95;
const SOLES: f64 = 3.34;
/// Last row seen of a figure cut at the thighs.
const THIGHS: f64 = 2.0;

impl SyntheticPerson {
    /// Draws the picture.
    pub fn draw(&self) -> PersonPicture {
        let frame = Frame::new(self);
        let mut canvas = Canvas::wall(self.width, self.height, self.wall);
        let skin = frame.round(self.skin, 0.16, 0.09);
        let both = |canvas: &mut Canvas, shape: &[Point], paint: Paint, layer: u8| {
            canvas.fill(&frame.place(shape), paint, layer);
            canvas.fill(&frame.place(&mirrored(shape)), paint, layer);
        };
        both(&mut canvas, &smooth(&points(LEG)), skin, SKIN);
        both(
            &mut canvas,
            &smooth(&points(SHOE)),
            frame.round([40, 36, 34], 0.2, 0.04),
            SHOES,
        );
        both(&mut canvas, &smooth(&points(ARM)), skin, SKIN);
        let head = Point::new(0.0, -0.56);
        let hair = frame.round(self.hair, 0.25, 0.08);
        canvas.fill(
            &frame.place(&ellipse(head + Point::new(0.0, -0.05), 0.235, 0.33)),
            hair,
            HAIR,
        );
        canvas.fill(
            &frame.place(&symmetric(TRUNK)),
            frame.round(self.skin, 0.06, 0.10),
            SKIN,
        );
        self.dress(&mut canvas, &frame);
        self.draw_head(&mut canvas, &frame, head);
        let silhouette = canvas.on_top(&[SHOES, SKIN, BOTTOM, TOP, HAIR, FACE]);
        let hem = if self.outfit == Outfit::CroppedTopAndTrousers {
            CROPPED_HEM
        } else {
            WAIST
        };
        PersonPicture {
            face: FaceBox {
                center: frame.at(Point::new(0.0, -0.518)),
                size: 0.46 * frame.unit,
            },
            skin: canvas.on_top(&[SKIN, FACE]),
            top: canvas.on_top(&[TOP]),
            bottom: canvas.on_top(&[BOTTOM]),
            shoulder_tips: PerSide::from_fn(|side| self.shoulder_tip(&silhouette, &frame, side)),
            hem: frame.at(Point::new(0.0, hem)).y,
            waist: frame.at(Point::new(0.0, WAIST)).y,
            silhouette,
            image: canvas.finish(self.grain),
        }
    }

    fn dress(&self, canvas: &mut Canvas, frame: &Frame) {
        if self.outfit != Outfit::Dress {
            let cloth = frame.round(self.bottom, 0.22, 0.10);
            canvas.fill(&frame.place(&symmetric(TROUSERS)), cloth, BOTTOM);
        }
        let lower: Shape = match self.outfit {
            Outfit::TopAndTrousers => &[(0.36, 0.95), (0.368, WAIST)],
            Outfit::CroppedTopAndTrousers => &[(0.365, CROPPED_HEM)],
            Outfit::Dress => &[(0.352, 0.95), (0.42, 1.30), (0.47, 1.65), (0.50, 1.95)],
        };
        let upper = if self.sleeves == SleeveLength::None {
            STRAPS_OF_TOP
        } else {
            SHOULDER_OF_TOP
        };
        let cloth = frame.round(self.top, 0.16, 0.10);
        canvas.fill(
            &frame.place(&symmetric(&[upper, lower].concat())),
            cloth,
            TOP,
        );
        let sleeve = match self.sleeves {
            SleeveLength::None => return,
            SleeveLength::Short => points(SHORT_SLEEVE),
            SleeveLength::Long => points(LONG_SLEEVE),
        };
        canvas.fill(&frame.place(&sleeve), cloth, TOP);
        canvas.fill(&frame.place(&mirrored(&sleeve)), cloth, TOP);
    }

    fn draw_head(&self, canvas: &mut Canvas, frame: &Frame, head: Point) {
        let darker = |share: f32| self.skin.map(|channel| (f32::from(channel) * share) as u8);
        let flat = |color: [u8; 3]| frame.round(color, 0.0, 0.01);
        let mut spot = |x: f64, y: f64, rx: f64, ry: f64, color: [u8; 3]| {
            canvas.fill(
                &frame.place(&ellipse(head + Point::new(x, y), rx, ry)),
                flat(color),
                FACE,
            );
        };
        spot(0.0, 0.28, 0.125, 0.10, darker(0.82));
        spot(-0.205, 0.02, 0.03, 0.06, darker(0.9));
        spot(0.205, 0.02, 0.03, 0.06, darker(0.9));
        canvas.fill(
            &frame.place(&ellipse(head, 0.198, 0.295)),
            frame.round(self.skin, 0.16, 0.09),
            FACE,
        );
        let mut spot = |x: f64, y: f64, rx: f64, ry: f64, color: [u8; 3]| {
            canvas.fill(
                &frame.place(&ellipse(head + Point::new(x, y), rx, ry)),
                flat(color),
                FACE,
            );
        };
        for side in Side::ALL {
            let out = side.sign();
            spot(out * 0.083, -0.03, 0.052, 0.026, darker(0.80));
            spot(out * 0.083, -0.022, 0.038, 0.017, [240, 238, 234]);
            spot(out * 0.083, -0.022, 0.017, 0.017, [40, 30, 26]);
            spot(out * 0.085, -0.077, 0.055, 0.011, self.hair);
            spot(out * 0.022, 0.088, 0.013, 0.008, darker(0.62));
        }
        spot(0.0, 0.072, 0.030, 0.020, darker(0.93));
        spot(0.0, 0.160, 0.072, 0.022, [176, 92, 88]);
        spot(0.0, 0.160, 0.066, 0.004, [110, 50, 48]);
        let fringe: Vec<Point> = symmetric(&[
            (0.0, -0.36),
            (0.15, -0.31),
            (0.225, -0.13),
            (0.198, -0.02),
            (0.17, -0.14),
            (0.0, -0.195),
        ])
        .iter()
        .map(|point| head + *point)
        .collect();
        canvas.fill(
            &frame.place(&fringe),
            frame.round(self.hair, 0.1, 0.05),
            HAIR,
        );
    }

    /// The outline's point furthest out and up, as tailors would measure it.
    fn shoulder_tip(&self, silhouette: &Mask, frame: &Frame, side: Side) -> Point {
        let rows = (frame.at(Point::new(0.0, -0.15)).y.max(0.0) as usize)
            ..(frame.at(Point::new(0.0, 0.30)).y as usize).min(self.height);
        let on_row = |y: usize| {
            let edge = match side {
                Side::Left => silhouette.first_in_row(y),
                Side::Right => silhouette.last_in_row(y),
            };
            edge.map(|x| Point::new(x as f64, y as f64))
        };
        let out = |point: &Point| side.sign() * point.x - 0.75 * point.y;
        rows.filter_map(on_row)
            .max_by(|a, b| out(a).total_cmp(&out(b)))
            .unwrap_or_else(|| frame.at(Point::new(side.sign() * 0.47, 0.0)))
    }
}

/// Where the figure stands in the picture.
struct Frame {
    unit: f64,
    origin: Point,
}

impl Frame {
    fn new(person: &SyntheticPerson) -> Self {
        let margin = 0.04 * person.height as f64;
        let (last, tall) = match person.framing {
            Framing::FullBody => (SOLES, person.height as f64 - 2.0 * margin),
            Framing::HalfBody => (THIGHS, person.height as f64 - margin),
        };
        let unit = tall / (last - CROWN);
        Self {
            unit,
            origin: Point::new(0.5 * person.width as f64, margin - CROWN * unit),
        }
    }

    fn at(&self, point: Point) -> Point {
        self.origin + point * self.unit
    }

    fn place(&self, shape: &[Point]) -> Vec<Point> {
        shape.iter().map(|point| self.at(*point)).collect()
    }

    fn round(&self, color: [u8; 3], roundness: f32, rim: f64) -> Paint {
        Paint {
            color,
            roundness,
            rim: (rim * self.unit) as f32,
        }
    }
}
