//! The whole way of an uploaded picture, in one function.

use crate::crop::{portrait_from_copy, portrait_output_size};
use crate::decode::{StoredPicture, contain, decode_stored, sniffed};
use crate::faces::FINE_SIDE;
use crate::resize::{fit_within, resize_area, resize_exact};
use crate::{
    CropBox, Face, Format, ImageError, Limits, Orientation, Picture, Subsampling, encode_jpeg,
};

/// JPEG quality of stored uploads. Their colour is kept whole: halved a second time it fringes the edges that engines look for.
const UPLOAD_QUALITY: u8 = 90;

/// A picture as it is stored: upright sRGB JPEG without metadata, within the size limit.
#[derive(Clone, PartialEq)]
pub struct Normalized {
    /// The JPEG file, quality 90, colour at half resolution.
    pub jpeg: Vec<u8>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The face that the crop was laid around, in pixels of this picture; `None` without a crop or without a face.
    pub face: Option<Face>,
    /// The kind of file that came in.
    pub source_format: Format,
    /// Upright width of what came in, in pixels.
    pub source_width: u32,
    /// Upright height of what came in, in pixels.
    pub source_height: u32,
}

impl std::fmt::Debug for Normalized {
    /// Prints sizes only: a person's picture belongs in no log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Normalized({} x {}, {} bytes)",
            self.width,
            self.height,
            self.jpeg.len()
        )
    }
}

/// Prepares a person picture: decode, turn upright, crop to 4:5 around the person if asked, shrink, convert, encode.
///
/// A crop comes out at exactly 4k x 5k pixels; one that is too large is shrunk to the largest such size within
/// `limits.max_output_side` (2,048 gives 1636 x 2045). Pixels are resampled once, straight from the decoded picture.
/// Deterministic. Errors: those of [`crate::decode()`].
pub fn normalize_upload(
    bytes: &[u8],
    crop: bool,
    limits: &Limits,
) -> Result<Normalized, ImageError> {
    let stored = decode_stored(bytes, limits)?;
    let source_format = sniffed(bytes)?;
    contain(source_format, move || {
        Ok(finish(stored, source_format, crop, limits))
    })
}

/// Prepares a product picture: as [`normalize_upload`] without a crop.
pub fn normalize_picture(bytes: &[u8], limits: &Limits) -> Result<Normalized, ImageError> {
    normalize_upload(bytes, false, limits)
}

fn finish(stored: StoredPicture, source_format: Format, crop: bool, limits: &Limits) -> Normalized {
    let StoredPicture {
        pixels,
        orientation,
        colour,
    } = stored;
    let (source_width, source_height) = orientation.upright_size(pixels.width(), pixels.height());

    let (area, face, (width, height)) = if crop {
        let copy = upright_copy(&pixels, orientation, FINE_SIDE);
        let portrait = portrait_from_copy(source_width, source_height, &copy);
        (
            portrait.area,
            portrait.face,
            portrait_output_size(portrait.area, limits.max_output_side),
        )
    } else {
        let area = CropBox {
            x: 0,
            y: 0,
            width: source_width,
            height: source_height,
        };
        (
            area,
            None,
            fit_within(source_width, source_height, limits.max_output_side),
        )
    };

    // Cut and shrink as stored, then turn and convert the little that is left.
    let stored_area = orientation.box_to_stored(area, pixels.width(), pixels.height());
    let (stored_width, stored_height) = orientation.upright_size(width, height);
    let result = if stored_area == pixels.bounds()
        && (stored_width, stored_height) == (pixels.width(), pixels.height())
    {
        pixels
    } else {
        // The full-size pixels end here, before turning and encoding take memory.
        let shrunk = resize_area(&pixels, stored_area, stored_width, stored_height);
        drop(pixels);
        shrunk
    };
    let mut result = orientation.apply(result);
    colour.convert_to_srgb(&mut result);

    Normalized {
        jpeg: encode_jpeg(&result, UPLOAD_QUALITY, Subsampling::S444),
        width,
        height,
        face: face.map(|face| moved_into(face, area, width, height)),
        source_format,
        source_width,
        source_height,
    }
}

/// Expresses a face of the whole picture in pixels of the shrunk crop.
fn moved_into(face: Face, area: CropBox, width: u32, height: u32) -> Face {
    let (scale_x, scale_y) = (
        width as f32 / area.width as f32,
        height as f32 / area.height as f32,
    );
    Face {
        x: (face.x - area.x as f32) * scale_x,
        y: (face.y - area.y as f32) * scale_y,
        width: face.width * scale_x,
        height: face.height * scale_y,
        score: face.score,
    }
}

/// Makes a small upright copy to look for the person in, touching only a fraction of the pixels.
///
/// Each pixel of an in-between picture is the mean of four that are spread over its square; that picture, less than
/// twice as large as wanted, is then resampled properly.
fn upright_copy(pixels: &Picture, orientation: Orientation, max_side: u32) -> Picture {
    let step = pixels.width().max(pixels.height()) / max_side.max(1);
    let (width, height) = fit_within(pixels.width(), pixels.height(), max_side);
    if step < 2 {
        return orientation.apply(resize_exact(pixels, width, height));
    }
    let (columns, rows) = (
        pixels.width().div_ceil(step),
        pixels.height().div_ceil(step),
    );
    let mut thinned = Picture::blank(columns, rows);
    let (near, far) = (step / 4, step * 3 / 4);
    let last_row = pixels.height() - 1;
    let last_column = pixels.width() as usize - 1;
    for y in 0..rows {
        let upper = pixels
            .row((y * step + near).min(last_row))
            .as_chunks::<3>()
            .0;
        let lower = pixels
            .row((y * step + far).min(last_row))
            .as_chunks::<3>()
            .0;
        for (x, target) in thinned
            .row_mut(y)
            .as_chunks_mut::<3>()
            .0
            .iter_mut()
            .enumerate()
        {
            let left = (x * step as usize + near as usize).min(last_column);
            let right = (x * step as usize + far as usize).min(last_column);
            for (channel, value) in target.iter_mut().enumerate() {
                let sum = u32::from(upper[left][channel])
                    + u32::from(upper[right][channel])
                    + u32::from(lower[left][channel])
                    + u32::from(lower[right][channel]);
                *value = ((sum + 2) / 4) as u8;
            }
        }
    }
    orientation.apply(resize_exact(&thinned, width, height))
}
