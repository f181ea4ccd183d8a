//! Contact sheets: person, garment and result side by side.

use std::path::Path;

use drape_preview::raster::{Plane, Rgb8, resize_area_rgb8};

use crate::Failure;

/// Rows of a tile.
const TILE_HEIGHT: usize = 420;
/// Columns of a tile.
const TILE_WIDTH: usize = 320;
/// Width of a tile's frame.
const FRAME: usize = 3;
/// Pairs on one sheet.
pub(crate) const PAIRS_PER_SHEET: usize = 6;

const WHITE: [u8; 3] = [255; 3];

/// Colour around a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame {
    /// White.
    Plain,
    /// Green: the result is accepted.
    Accepted,
    /// Red: the result is refused.
    Refused,
}

impl Frame {
    fn color(self) -> [u8; 3] {
        match self {
            Self::Plain => WHITE,
            Self::Accepted => [0, 160, 0],
            Self::Refused => [220, 0, 0],
        }
    }
}

/// The tiles of one pair, side by side.
pub(crate) struct Strip {
    picture: Rgb8,
}

impl Strip {
    /// Puts pictures into tiles, as large as they fit; a missing one leaves its tile white.
    pub(crate) fn new(tiles: &[(Option<&Rgb8>, Frame)]) -> Self {
        let mut picture = Plane::new(tiles.len() * TILE_WIDTH, TILE_HEIGHT, WHITE);
        for (column, (tile, frame)) in tiles.iter().enumerate() {
            if let Some(tile) = tile {
                paste(&mut picture, tile, column * TILE_WIDTH, frame.color());
            }
        }
        Self { picture }
    }
}

fn paste(strip: &mut Rgb8, tile: &Rgb8, x0: usize, frame: [u8; 3]) {
    for y in 0..TILE_HEIGHT {
        strip.row_mut(y)[x0..x0 + TILE_WIDTH].fill(frame);
    }
    let (width, height) = (TILE_WIDTH - 2 * FRAME, TILE_HEIGHT - 2 * FRAME);
    let scale = (width as f64 / tile.width() as f64).min(height as f64 / tile.height() as f64);
    let fitted = |length: usize| ((length as f64 * scale) as usize).max(1);
    let small = resize_area_rgb8(tile, fitted(tile.width()), fitted(tile.height()));
    let columns = x0 + FRAME..x0 + FRAME + small.width();
    for y in 0..small.height() {
        strip.row_mut(FRAME + y)[columns.clone()].copy_from_slice(small.row(y));
    }
}

/// Writes strips one below the other.
pub(crate) fn write_sheet(path: &Path, strips: &[Strip]) -> Result<(), Failure> {
    let Some(first) = strips.first() else {
        return Ok(());
    };
    let pixels = strips
        .iter()
        .flat_map(|strip| strip.picture.data())
        .copied()
        .collect();
    let sheet = Rgb8::from_vec(first.picture.width(), strips.len() * TILE_HEIGHT, pixels);
    write_picture(path, &sheet)
}

/// Writes a picture; the name's ending decides the kind of file.
pub(crate) fn write_picture(path: &Path, picture: &Rgb8) -> Result<(), Failure> {
    let samples = picture.data().as_flattened();
    let (width, height) = (picture.width() as u32, picture.height() as u32);
    image::save_buffer(path, samples, width, height, image::ColorType::Rgb8)?;
    Ok(())
}
