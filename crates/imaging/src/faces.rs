//! Frontal faces, by the SeetaFace cascade (`rustface`).

use std::borrow::Cow;
use std::sync::OnceLock;

use rustface::{ImageData, Model};

use crate::contain::contain_panic;
use crate::resize::{fit_within, resize_exact};
use crate::{CropBox, Picture};

/// The cascade's weights; see `NOTICE` for where they come from.
static MODEL_BYTES: &[u8] = include_bytes!("../assets/seeta_fd_frontal_v1.0.bin");

/// Long side of the copy that is searched first, in pixels.
const FIRST_SIDE: u32 = 512;
/// Long side of the copy that is searched for smaller faces when the first shows none, in pixels: whole persons.
pub(crate) const FINE_SIDE: u32 = 768;
/// Share of the fine copy's height that is searched, from the top: a small face belongs to a whole person, whose head is
/// not in the lowest part.
const FINE_ROWS: f32 = 0.7;
/// Largest face that is looked for in the fine copy, in its pixels: larger ones are seen in the first copy, with some room to be
/// sure.
const FINE_FACE_SIDE: u32 = WINDOW_SIDE * FINE_SIDE / FIRST_SIDE * 6 / 5;
/// Long side of the copy that is searched for tilted faces, in pixels: those of portraits, which are large.
const TILTED_SIDE: u32 = 320;

/// Width of the cascade's window, in pixels; no smaller face is found.
const WINDOW_SIDE: u32 = 40;
/// Least face side that is asked for, in pixels; the cascade raises it to its window.
const MIN_FACE_SIDE: u32 = 20;
/// Lowest score of a detection that counts; the cascade's own scale, on which clear faces have 10 and more.
const MIN_SCORE: f64 = 2.0;
/// Size of each step of the search pyramid against the one before.
const PYRAMID_FACTOR: f32 = 0.8;
/// Distance of neighbouring search windows, in pixels.
const WINDOW_STEP: u32 = 4;
/// By how much the picture is turned when no face is found upright, in degrees.
const TILT_DEGREES: f32 = 18.0;

/// A face, in pixels of the picture that was searched.
///
/// The box reaches from the brows to below the mouth and may lie partly outside the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Face {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
    /// How sure the detector is; higher is surer, 2 is the least that is reported.
    pub score: f32,
}

impl Face {
    /// Returns the middle of the face, as column and row.
    pub fn center(&self) -> (f32, f32) {
        (self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    /// Expresses the face in pixels of a picture that is larger by these factors.
    pub(crate) fn scaled(self, x: f32, y: f32) -> Face {
        Face {
            x: self.x * x,
            y: self.y * y,
            width: self.width * x,
            height: self.height * y,
            score: self.score,
        }
    }
}

/// Says how hard to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaceSearch {
    /// Upright faces of at least about 1/13 of the picture's long side.
    Upright,
    /// When there is none of those: smaller ones (down to about 1/19) in the upper part, then with the picture turned by
    /// 18 degrees either way.
    Tilted,
}

/// Finds frontal faces.
///
/// Cheap to make; the model is read once per process. One detector can be shared by threads.
#[derive(Debug, Clone, Copy, Default)]
pub struct FaceDetector;

impl FaceDetector {
    /// Makes a detector.
    pub fn new() -> Self {
        FaceDetector
    }

    /// Finds the faces of a picture, best first.
    ///
    /// The search runs on small grey copies. Deterministic. Empty when there is no face, also for pictures that are too
    /// small to hold one.
    pub fn detect(&self, picture: &Picture, search: FaceSearch) -> Vec<Face> {
        let mut faces = find_faces(&shrunk(picture, FINE_SIDE), search);
        let (width, height) = fit_within(picture.width(), picture.height(), FINE_SIDE);
        for face in &mut faces {
            *face = face.scaled(
                picture.width() as f32 / width as f32,
                picture.height() as f32 / height as f32,
            );
        }
        faces
    }
}

/// Finds the faces of a copy whose long side is at most [`FINE_SIDE`] pixels, best first, in the copy's pixels.
pub(crate) fn find_faces(copy: &Picture, search: FaceSearch) -> Vec<Face> {
    let first = shrunk(copy, FIRST_SIDE);
    let upright = scaled_back(GrayPicture::of(&first).faces(), &first, copy);
    if search == FaceSearch::Upright || !upright.is_empty() {
        return upright;
    }
    // The cascade runs on one core, so searches run side by side; which of their faces count does not depend on that.
    let (small, tilted) = rayon::join(
        || small_faces(copy, &first),
        || tilted_faces(&shrunk(copy, TILTED_SIDE), copy),
    );
    if small.is_empty() { tilted } else { small }
}

/// Finds faces that are too small for the first copy, in the upper part of a finer one.
fn small_faces(copy: &Picture, first: &Picture) -> Vec<Face> {
    if copy.width() <= first.width() && copy.height() <= first.height() {
        return Vec::new();
    }
    let upper = CropBox {
        height: (copy.height() as f32 * FINE_ROWS) as u32,
        ..copy.bounds()
    };
    GrayPicture::of(&copy.cropped(upper)).faces_up_to(FINE_FACE_SIDE)
}

/// Finds the faces of the coarse copy turned either way, in pixels of `copy`.
fn tilted_faces(coarse: &Picture, copy: &Picture) -> Vec<Face> {
    let gray = GrayPicture::of(coarse);
    let turned = |degrees: f32| -> Vec<Face> {
        let found = gray.turned(degrees).faces().into_iter();
        found.map(|face| gray.turned_back(face, degrees)).collect()
    };
    let (mut tilted, other) = rayon::join(|| turned(TILT_DEGREES), || turned(-TILT_DEGREES));
    tilted.extend(other);
    sort_best_first(&mut tilted);
    scaled_back(tilted, coarse, copy)
}

fn shrunk(picture: &Picture, max_side: u32) -> Cow<'_, Picture> {
    let (width, height) = fit_within(picture.width(), picture.height(), max_side);
    if (width, height) == (picture.width(), picture.height()) {
        return Cow::Borrowed(picture);
    }
    Cow::Owned(resize_exact(picture, width, height))
}

fn scaled_back(faces: Vec<Face>, from: &Picture, to: &Picture) -> Vec<Face> {
    let (x, y) = (
        to.width() as f32 / from.width() as f32,
        to.height() as f32 / from.height() as f32,
    );
    faces.into_iter().map(|face| face.scaled(x, y)).collect()
}

/// A small grey picture to look for faces in.
struct GrayPicture {
    width: u32,
    height: u32,
    values: Vec<u8>,
}

impl GrayPicture {
    /// Takes the brightness (ITU-R BT.601) of a picture, at its size.
    fn of(picture: &Picture) -> Self {
        let values = picture
            .data()
            .as_chunks::<3>()
            .0
            .iter()
            .map(|[red, green, blue]| {
                ((u32::from(*red) * 77 + u32::from(*green) * 150 + u32::from(*blue) * 29 + 128)
                    >> 8) as u8
            })
            .collect();
        GrayPicture {
            width: picture.width(),
            height: picture.height(),
            values,
        }
    }

    /// Finds upright faces, best first, in this picture's own pixels.
    fn faces(&self) -> Vec<Face> {
        self.faces_up_to(self.width.max(self.height))
    }

    /// Finds upright faces of at most this side (roughly), best first, in this picture's own pixels.
    fn faces_up_to(&self, most_side: u32) -> Vec<Face> {
        if self.width.min(self.height) < WINDOW_SIDE {
            return Vec::new();
        }
        let found = contain_panic(|| {
            let mut detector = rustface::create_detector_with_model(model().clone());
            detector.set_min_face_size(MIN_FACE_SIDE);
            detector.set_max_face_size(most_side);
            detector.set_score_thresh(MIN_SCORE);
            detector.set_pyramid_scale_factor(PYRAMID_FACTOR);
            detector.set_slide_window_step(WINDOW_STEP, WINDOW_STEP);
            detector.detect(&ImageData::new(&self.values, self.width, self.height))
        });
        let mut faces: Vec<Face> = found
            .unwrap_or_default()
            .iter()
            .map(|face| Face {
                x: face.bbox().x() as f32,
                y: face.bbox().y() as f32,
                width: face.bbox().width() as f32,
                height: face.bbox().height() as f32,
                score: face.score() as f32,
            })
            .collect();
        sort_best_first(&mut faces);
        faces
    }

    /// Turns the picture about its middle, clockwise for positive angles; corners are filled with the nearest pixel.
    fn turned(&self, degrees: f32) -> GrayPicture {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (middle_x, middle_y) = self.middle();
        let mut values = Vec::with_capacity(self.values.len());
        for y in 0..self.height {
            for x in 0..self.width {
                let (dx, dy) = (x as f32 - middle_x, y as f32 - middle_y);
                values.push(self.interpolated(
                    middle_x + cos * dx + sin * dy,
                    middle_y - sin * dx + cos * dy,
                ));
            }
        }
        GrayPicture {
            width: self.width,
            height: self.height,
            values,
        }
    }

    /// Moves a face that was found after [`GrayPicture::turned`] to where it is in this picture.
    fn turned_back(&self, face: Face, degrees: f32) -> Face {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (middle_x, middle_y) = self.middle();
        let (x, y) = face.center();
        let (dx, dy) = (x - middle_x, y - middle_y);
        Face {
            x: middle_x + cos * dx + sin * dy - face.width / 2.0,
            y: middle_y - sin * dx + cos * dy - face.height / 2.0,
            ..face
        }
    }

    fn middle(&self) -> (f32, f32) {
        (
            (self.width - 1) as f32 / 2.0,
            (self.height - 1) as f32 / 2.0,
        )
    }

    fn interpolated(&self, x: f32, y: f32) -> u8 {
        let x = x.clamp(0.0, (self.width - 1) as f32);
        let y = y.clamp(0.0, (self.height - 1) as f32);
        let (left, top) = (x as usize, y as usize);
        let (right, bottom) = (
            (left + 1).min(self.width as usize - 1),
            (top + 1).min(self.height as usize - 1),
        );
        let at =
            |column: usize, row: usize| f32::from(self.values[row * self.width as usize + column]);
        let (fx, fy) = (x - left as f32, y - top as f32);
        let upper = at(left, top) * (1.0 - fx) + at(right, top) * fx;
        let lower = at(left, bottom) * (1.0 - fx) + at(right, bottom) * fx;
        (upper * (1.0 - fy) + lower * fy).round() as u8
    }
}

fn sort_best_first(faces: &mut [Face]) {
    faces.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then(a.x.total_cmp(&b.x))
            .then(a.y.total_cmp(&b.y))
    });
}

#[expect(
    clippy::expect_used,
    reason = "the model is part of the program; a test reads it"
)]
fn model() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| rustface::read_model(MODEL_BYTES).expect("the embedded model is sound"))
}
