//! HEIC, through `heic-decoder`, tile by tile.
//!
//! The decoder's own whole-picture call holds every tile and the assembled planes as 32-bit numbers, 12 bytes a pixel and
//! more. Phones write pictures as grids of 512 x 512 tiles, so each tile is decoded, converted to 8-bit RGB and dropped
//! again; a grid picture then needs three bytes a pixel. Chroma is interpolated within each tile, which can differ from
//! the whole picture's interpolation by a fraction of a step in the outermost pixel of a tile.

use heic_decoder::bitreader::strip_emulation_prevention;
use heic_decoder::hevc::nal::{NAL_SPS, parse_nal_header};
use heic_decoder::hevc::params::{Sps, parse_sps};
use heic_decoder::isobmff::{self, CleanAperture, Metadata, ParsedHeif, ResolvedImage, Transform};
use heic_decoder::{ChromaSampling, ColorInfo, DecodedImage, HeifError, decode_one_image};

use super::{StoredPicture, heif_boxes, stored};
use crate::colour::{Colour, multiply};
use crate::{CropBox, Format, ImageError, Limits, Orientation, Picture};

/// Most pixels of one coded picture: the largest that HEVC knows (ITU-T H.265, level 6.2). Larger ones are grids.
const MAX_TILE_PIXELS: u64 = 35_651_584;

/// Reads the size as shown, after the container's cropping and turning.
pub(super) fn probe(bytes: &[u8], limits: &Limits) -> Result<(u32, u32, Orientation), ImageError> {
    let parsed = open(bytes)?;
    let layout = Layout::of(&parsed, limits)?;
    let (shown, orientation) = shown_area(&parsed.transforms, layout.width, layout.height)?;
    let (width, height) = orientation.upright_size(shown.width, shown.height);
    Ok((width, height, Orientation::Upright))
}

/// Decodes the primary picture; its orientation is the container's (`irot`, `imir`), never that of its EXIF block.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<StoredPicture, ImageError> {
    let mut parsed = open(bytes)?;
    let metadata = std::mem::take(&mut parsed.metadata);
    let layout = Layout::of(&parsed, limits)?;
    let (shown, orientation) = shown_area(&parsed.transforms, layout.width, layout.height)?;
    limits.check_size(Format::Heic, shown.width, shown.height)?;

    let alpha = parsed.alpha.take();
    let mut picture = decode_tiles(parsed, &layout, metadata.color_info)?;
    if let Some(alpha) = alpha {
        let alpha_layout = Layout::of(&alpha.image, limits)?;
        if (alpha_layout.width, alpha_layout.height) != (layout.width, layout.height) {
            return Err(corrupt("its transparency has another size"));
        }
        let opacity = decode_tiles(*alpha.image, &alpha_layout, Some(FULL_RANGE))?;
        lay_over_white(&mut picture, &opacity, alpha.premultiplied);
    }
    if shown != picture.bounds() {
        picture = picture.cropped(shown);
    }
    let (width, height) = (picture.width(), picture.height());
    stored(
        Format::Heic,
        width,
        height,
        picture.into_data(),
        orientation,
        colour(&metadata),
    )
}

/// Alpha pictures use the full range of values, whatever they say.
const FULL_RANGE: ColorInfo = ColorInfo {
    color_primaries: 1,
    transfer_characteristics: 13,
    matrix_coefficients: 1,
    full_range: true,
};

fn open(bytes: &[u8]) -> Result<ParsedHeif, ImageError> {
    heif_boxes::check(bytes)?;
    let parsed = isobmff::parse(bytes).map_err(|cause| describe(&cause))?;
    if parsed.reference_image.is_some() {
        return Err(ImageError::Unsupported {
            format: "This kind of HEIC (a frame of a film)",
        });
    }
    Ok(parsed)
}

/// Where the tiles of a picture go; a picture without a grid is one tile.
struct Layout {
    width: u32,
    height: u32,
    columns: u32,
    tile_width: u32,
    tile_height: u32,
}

impl Layout {
    /// Reads the sizes from the grid and from every tile's own header, and holds them against the limits.
    fn of(parsed: &ParsedHeif, limits: &Limits) -> Result<Layout, ImageError> {
        let mut tile_size = None;
        let mut pixels = 0_u64;
        for tile in &parsed.images {
            let header = sequence_header(tile)?;
            pixels += u64::from(header.pic_width_in_luma_samples)
                * u64::from(header.pic_height_in_luma_samples);
            let visible = visible_area(&header)?;
            if *tile_size.get_or_insert((visible.width, visible.height))
                != (visible.width, visible.height)
            {
                return Err(corrupt("its tiles differ in size"));
            }
        }
        let (tile_width, tile_height) = tile_size.ok_or_else(|| corrupt("it holds no picture"))?;
        let (width, height, columns) = match &parsed.grid {
            Some(grid) => (grid.output_width, grid.output_height, grid.columns),
            None => (tile_width, tile_height, 1),
        };
        limits.check_size(Format::Heic, width, height)?;
        let tile_pixels = u64::from(tile_width) * u64::from(tile_height);
        // The outermost tiles reach past the picture, so all together may have somewhat more pixels than it.
        if tile_pixels > MAX_TILE_PIXELS || pixels > limits.max_pixels.saturating_mul(2) {
            return Err(ImageError::TooManyPixels {
                width: tile_width,
                height: tile_height,
                max_pixels: limits.max_pixels.min(MAX_TILE_PIXELS),
            });
        }
        Ok(Layout {
            width,
            height,
            columns,
            tile_width,
            tile_height,
        })
    }
}

/// Decodes all tiles into one picture, each tile's memory freed before the next.
fn decode_tiles(
    parsed: ParsedHeif,
    layout: &Layout,
    colour: Option<ColorInfo>,
) -> Result<Picture, ImageError> {
    let mut canvas = Picture::blank(layout.width, layout.height);
    let single = parsed.grid.is_none();
    for (index, tile) in parsed.images.into_iter().enumerate() {
        let index = index as u32;
        let pixels = decode_tile(&tile, colour)?;
        if single && (pixels.width(), pixels.height()) == (layout.width, layout.height) {
            return Ok(pixels);
        }
        let left = (index % layout.columns).saturating_mul(layout.tile_width);
        let top = (index / layout.columns).saturating_mul(layout.tile_height);
        paste(&mut canvas, &pixels, left, top);
    }
    Ok(canvas)
}

/// Copies a tile onto the canvas; what reaches past the canvas is left out.
fn paste(canvas: &mut Picture, tile: &Picture, left: u32, top: u32) {
    let columns = tile.width().min(canvas.width().saturating_sub(left)) as usize;
    let rows = tile.height().min(canvas.height().saturating_sub(top));
    if columns == 0 {
        return;
    }
    for y in 0..rows {
        let target = &mut canvas.row_mut(top + y)[left as usize * 3..][..columns * 3];
        target.copy_from_slice(&tile.row(y)[..columns * 3]);
    }
}

/// Decodes one coded picture to 8-bit RGB, cut to its visible part.
fn decode_tile(tile: &ResolvedImage, colour: Option<ColorInfo>) -> Result<Picture, ImageError> {
    let (header, planes) = decode_one_image(tile).map_err(|cause| describe(&cause))?;
    let visible = visible_area(&header)?;
    let (cb_width, cb_height) = (planes.cb.width, planes.cb.height);
    let decoded = DecodedImage {
        alpha: None,
        width: planes.y.width,
        height: planes.y.height,
        bit_depth_luma: header.bit_depth_luma,
        bit_depth_chroma: header.bit_depth_chroma,
        chroma_format_idc: header.chroma_format_idc,
        color_info: colour.or(header.color_info),
        chroma_sampling: chroma_sampling(&header),
        y: planes.y.into_samples(),
        cb: planes.cb.into_samples(),
        cr: planes.cr.into_samples(),
        cb_width,
        cb_height,
        metadata: Metadata::default(),
    };
    let rgb = decoded.to_rgb8().map_err(|cause| describe(&cause))?;
    let picture = Picture::new(rgb.width as u32, rgb.height as u32, rgb.data)
        .ok_or_else(|| corrupt("header and pixels disagree"))?;
    if visible == picture.bounds() {
        return Ok(picture);
    }
    Ok(picture.cropped(visible))
}

/// Where the chroma samples lie between the luma samples (ITU-T H.265, figure E.1).
fn chroma_sampling(header: &Sps) -> ChromaSampling {
    let (sub_x, sub_y) = match header.chroma_format_idc {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    };
    let (origin_x, origin_y) = if header.chroma_format_idc == 1 {
        match header.chroma_location {
            Some(1) => (0.5, 0.5),
            Some(2) => (0.0, 0.0),
            Some(3) => (0.5, 0.0),
            Some(4) => (0.0, 1.0),
            Some(5) => (0.5, 1.0),
            _ => (0.0, 0.5),
        }
    } else {
        (0.0, 0.0)
    };
    ChromaSampling {
        sub_x,
        sub_y,
        origin_x,
        origin_y,
    }
}

fn sequence_header(tile: &ResolvedImage) -> Result<Sps, ImageError> {
    for unit in tile.hevc_config.nalus_of_type(NAL_SPS) {
        let (head, payload) = parse_nal_header(unit).map_err(|cause| describe(&cause))?;
        if head.nal_unit_type == NAL_SPS && head.nuh_layer_id == 0 {
            return parse_sps(&strip_emulation_prevention(payload))
                .map_err(|cause| describe(&cause));
        }
    }
    Err(corrupt("a tile has no header"))
}

/// The part of a coded picture that is meant to be seen (ITU-T H.265, conformance window).
fn visible_area(header: &Sps) -> Result<CropBox, ImageError> {
    let [left, right, top, bottom] = header.conformance_window;
    let shorter = |full: u32, a: u32, b: u32| {
        full.checked_sub(a)
            .and_then(|rest| rest.checked_sub(b))
            .filter(|side| *side > 0)
    };
    let width = shorter(header.pic_width_in_luma_samples, left, right);
    let height = shorter(header.pic_height_in_luma_samples, top, bottom);
    match (width, height) {
        (Some(width), Some(height)) => Ok(CropBox {
            x: left,
            y: top,
            width,
            height,
        }),
        _ => Err(corrupt("its visible part is empty")),
    }
}

/// Folds the container's transforms, in their order, into one cut of the decoded picture and one turn after it.
fn shown_area(
    transforms: &[Transform],
    width: u32,
    height: u32,
) -> Result<(CropBox, Orientation), ImageError> {
    let mut orientation = Orientation::Upright;
    let mut shown = CropBox {
        x: 0,
        y: 0,
        width,
        height,
    };
    for transform in transforms {
        match transform {
            Transform::CleanAperture(aperture) => {
                // The aperture is measured on the picture as turned so far; the box is kept on the decoded one.
                let (turned_width, turned_height) =
                    orientation.upright_size(shown.width, shown.height);
                let inner = aperture_area(aperture, turned_width, turned_height)?;
                let inner = orientation.box_to_stored(inner, shown.width, shown.height);
                shown = CropBox {
                    x: shown.x + inner.x,
                    y: shown.y + inner.y,
                    ..inner
                };
            }
            Transform::Rotate90Ccw(turns) => {
                for _ in 0..turns % 4 {
                    orientation = orientation.then(Orientation::Rotate270);
                }
            }
            Transform::MirrorVertical => {
                orientation = orientation.then(Orientation::MirrorVertical);
            }
            Transform::MirrorHorizontal => {
                orientation = orientation.then(Orientation::MirrorHorizontal);
            }
        }
    }
    Ok((shown, orientation))
}

/// Computes the clean aperture (ISO/IEC 14496-12, 12.1.4): a size, and an offset of its centre from the picture's.
fn aperture_area(aperture: &CleanAperture, width: u32, height: u32) -> Result<CropBox, ImageError> {
    let (x, width) = aperture_axis(width, aperture.width, aperture.horizontal_offset)?;
    let (y, height) = aperture_axis(height, aperture.height, aperture.vertical_offset)?;
    Ok(CropBox {
        x,
        y,
        width,
        height,
    })
}

fn aperture_axis(
    full: u32,
    extent: (u32, u32),
    offset: (i32, u32),
) -> Result<(u32, u32), ImageError> {
    if extent.0 == 0 || extent.1 == 0 || offset.1 == 0 {
        return Err(corrupt("its clean aperture is empty"));
    }
    // Fractions of pixels are rounded: half a pixel of border is no reason to refuse a photo.
    let size = (f64::from(extent.0) / f64::from(extent.1)).round();
    let start = (f64::from(full) - size) / 2.0 + f64::from(offset.0) / f64::from(offset.1);
    let start = start.round();
    if size < 1.0 || start < 0.0 || start + size > f64::from(full) {
        return Err(corrupt("its clean aperture lies outside"));
    }
    Ok((start as u32, size as u32))
}

fn lay_over_white(picture: &mut Picture, opacity: &Picture, premultiplied: bool) {
    for (colour, [alpha, ..]) in picture
        .data_mut()
        .as_chunks_mut::<3>()
        .0
        .iter_mut()
        .zip(opacity.data().as_chunks::<3>().0)
    {
        for value in colour {
            let weighted = if premultiplied {
                *value
            } else {
                multiply(*value, *alpha)
            };
            *value = weighted.saturating_add(255 - alpha);
        }
    }
}

/// Takes the ICC profile, or else the primaries that the container names.
fn colour(metadata: &Metadata) -> Colour {
    /// ISO/IEC 23091-2, table 2: Display P3 primaries.
    const DISPLAY_P3: u16 = 12;
    if metadata.icc_profile.is_some() {
        return Colour::of_rgb(metadata.icc_profile.as_deref());
    }
    match metadata.color_info {
        Some(info) if info.color_primaries == DISPLAY_P3 => {
            Colour::of_rgb_profile(&moxcms::ColorProfile::new_display_p3())
        }
        _ => Colour::Srgb,
    }
}

fn corrupt(detail: &str) -> ImageError {
    ImageError::corrupt(Format::Heic, detail)
}

fn describe(cause: &HeifError) -> ImageError {
    match cause {
        HeifError::Truncated { .. } => ImageError::Truncated {
            format: Format::Heic,
        },
        HeifError::Unsupported(_) => ImageError::Unsupported {
            format: "This kind of HEIC",
        },
        other => ImageError::corrupt(Format::Heic, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aperture(width: u32, height: u32, x: i32, y: i32) -> Transform {
        Transform::CleanAperture(CleanAperture {
            width: (width, 1),
            height: (height, 1),
            horizontal_offset: (x, 1),
            vertical_offset: (y, 1),
        })
    }

    #[test]
    fn transforms_are_applied_in_their_order() {
        let area = |x, y, width, height| CropBox {
            x,
            y,
            width,
            height,
        };
        // Cut first, then turn: the cut is measured on the decoded picture.
        let cut_then_turned = shown_area(
            &[aperture(40, 20, 0, 5), Transform::Rotate90Ccw(1)],
            100,
            50,
        );
        assert_eq!(
            cut_then_turned,
            Ok((area(30, 20, 40, 20), Orientation::Rotate270))
        );
        // Turn first: the same numbers are measured on the turned picture, 50 x 100.
        let turned_then_cut = shown_area(
            &[Transform::Rotate90Ccw(1), aperture(40, 20, 0, 5)],
            100,
            50,
        );
        assert_eq!(
            turned_then_cut,
            Ok((area(35, 5, 20, 40), Orientation::Rotate270))
        );
        let mirrored = shown_area(
            &[Transform::Rotate90Ccw(2), Transform::MirrorHorizontal],
            8,
            6,
        );
        assert_eq!(
            mirrored,
            Ok((area(0, 0, 8, 6), Orientation::MirrorVertical))
        );
    }

    #[test]
    fn apertures_outside_the_picture_are_refused() {
        assert!(shown_area(&[aperture(101, 20, 0, 0)], 100, 50).is_err());
        assert!(shown_area(&[aperture(40, 20, 31, 0)], 100, 50).is_err());
        assert!(shown_area(&[aperture(0, 20, 0, 0)], 100, 50).is_err());
    }
}
