//! PNG, row by row, so that no second full-size buffer is needed.

use std::io::{Cursor, ErrorKind};

use png::{
    BitDepth, ColorType, Decoder, DecodingError, InterlaceInfo, Limits as PngLimits, Reader,
    Transformations,
};

use super::{StoredPicture, StoredWithAlpha, blend, over_white, split_alpha, stored};
use crate::colour::Colour;
use crate::{Format, ImageError, Limits, Orientation};

/// Most memory for metadata, in bytes: compressed profiles and long chunks stop here.
const MAX_METADATA_BYTES: usize = 8 * 1_024 * 1_024;
/// Largest EXIF block that is looked at, in bytes.
const MAX_EXIF_BYTES: usize = 1_024 * 1_024;

/// Reads stored size and orientation.
pub(super) fn probe(bytes: &[u8]) -> Result<(u32, u32, Orientation), ImageError> {
    let mut decoder = new_decoder(bytes);
    let header = decoder.read_header_info().map_err(describe)?;
    let (width, height) = header.size();
    Ok((width, height, orientation(bytes)))
}

/// Decodes the pixels as they are stored, laid over white.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<StoredPicture, ImageError> {
    let rows = read_rows::<3>(bytes, limits, convert_row)?;
    stored(
        Format::Png,
        rows.width,
        rows.height,
        rows.data,
        orientation(bytes),
        rows.colour,
    )
}

/// Decodes the pixels as they are stored, with their alpha.
pub(super) fn decode_with_alpha(
    bytes: &[u8],
    limits: &Limits,
) -> Result<StoredWithAlpha, ImageError> {
    let rows = read_rows::<4>(bytes, limits, convert_row_with_alpha)?;
    let (colours, alpha) = split_alpha(&rows.data);
    Ok(StoredWithAlpha {
        colours: stored(
            Format::Png,
            rows.width,
            rows.height,
            colours,
            orientation(bytes),
            rows.colour,
        )?,
        alpha,
        is_animated: rows.is_animated,
    })
}

/// Decoded rows of some layout.
struct Rows {
    width: u32,
    height: u32,
    data: Vec<u8>,
    colour: Colour,
    is_animated: bool,
}

/// Decodes all rows; `convert` turns one from the file's layout into `CHANNELS` bytes a pixel.
fn read_rows<const CHANNELS: usize>(
    bytes: &[u8],
    limits: &Limits,
    convert: impl Fn(ColorType, &[u8], &mut [u8]),
) -> Result<Rows, ImageError> {
    let mut decoder = new_decoder(bytes);
    let (width, height) = decoder.read_header_info().map_err(describe)?.size();
    limits.check_size(Format::Png, width, height)?;
    let mut reader = decoder.read_info().map_err(describe)?;

    let info = reader.info();
    // The first frame of an animation has to fill the canvas; the decoder would otherwise give shorter rows.
    if info
        .frame_control
        .is_some_and(|frame| (frame.width, frame.height) != (width, height))
    {
        return Err(ImageError::corrupt(
            Format::Png,
            "the first frame is smaller than the picture",
        ));
    }
    let is_gray = matches!(
        info.color_type,
        ColorType::Grayscale | ColorType::GrayscaleAlpha
    );
    let is_animated = info.animation_control.is_some();
    let icc = info.icc_profile.as_deref();
    let colour = if is_gray {
        Colour::of_gray(icc)
    } else {
        Colour::of_rgb(icc)
    };
    let (layout, depth) = reader.output_color_type();
    if depth != BitDepth::Eight || layout == ColorType::Indexed {
        return Err(ImageError::corrupt(
            Format::Png,
            "the samples cannot be made 8 bits deep",
        ));
    }

    let stride = width as usize * CHANNELS;
    let line_bytes = reader
        .output_line_size(width)
        .ok_or_else(|| ImageError::corrupt(Format::Png, "row size"))?;
    let mut data = vec![0; stride * height as usize];
    if reader.info().interlaced {
        let full = read_interlaced(&mut reader, line_bytes, width, height)?;
        for (line, row) in full
            .chunks_exact(line_bytes)
            .zip(data.chunks_exact_mut(stride))
        {
            convert(layout, line, row);
        }
    } else {
        let mut line = vec![0; line_bytes];
        for row in data.chunks_exact_mut(stride) {
            reader.read_row(&mut line).map_err(describe)?;
            convert(layout, &line, row);
        }
    }
    Ok(Rows {
        width,
        height,
        data,
        colour,
        is_animated,
    })
}

/// Reads all passes of an interlaced picture into one buffer of `line_bytes` a row.
///
/// Stops after the last pass, so that bytes behind it are never inflated, however many there are.
fn read_interlaced(
    reader: &mut Reader<Cursor<&[u8]>>,
    line_bytes: usize,
    width: u32,
    height: u32,
) -> Result<Vec<u8>, ImageError> {
    let bits_per_pixel = (line_bytes / width as usize * 8) as u8;
    let mut full = vec![0; line_bytes * height as usize];
    for _ in 0..interlaced_lines(width, height) {
        let Some(row) = reader.next_interlaced_row().map_err(describe)? else {
            return Err(ImageError::Truncated {
                format: Format::Png,
            });
        };
        if let InterlaceInfo::Adam7(position) = row.interlace() {
            png::expand_interlaced_row(&mut full, line_bytes, row.data(), position, bits_per_pixel);
        }
    }
    Ok(full)
}

/// Counts the rows of all passes (PNG 8.2); passes without columns have none.
fn interlaced_lines(width: u32, height: u32) -> u32 {
    /// First column, distance of columns, first row, distance of rows.
    const PASSES: [[u32; 4]; 7] = [
        [0, 8, 0, 8],
        [4, 8, 0, 8],
        [0, 4, 4, 8],
        [2, 4, 0, 4],
        [0, 2, 2, 4],
        [1, 2, 0, 2],
        [0, 1, 1, 2],
    ];
    let count = |size: u32, first: u32, step: u32| size.saturating_sub(first).div_ceil(step);
    PASSES
        .iter()
        .filter(|[first_column, column_step, ..]| count(width, *first_column, *column_step) > 0)
        .map(|[_, _, first_row, row_step]| count(height, *first_row, *row_step))
        .sum()
}

fn new_decoder(bytes: &[u8]) -> Decoder<Cursor<&[u8]>> {
    let limits = PngLimits {
        bytes: MAX_METADATA_BYTES,
    };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_ignore_text_chunk(true);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder
}

/// Converts a decoded row of any layout to RGB.
fn convert_row(layout: ColorType, line: &[u8], rgb: &mut [u8]) {
    match layout {
        ColorType::Rgb | ColorType::Indexed => rgb.copy_from_slice(&line[..rgb.len()]),
        ColorType::Rgba => over_white(line, rgb),
        ColorType::Grayscale => {
            for (pixel, gray) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(line) {
                *pixel = [*gray; 3];
            }
        }
        ColorType::GrayscaleAlpha => {
            for (pixel, [gray, alpha]) in rgb
                .as_chunks_mut::<3>()
                .0
                .iter_mut()
                .zip(line.as_chunks::<2>().0)
            {
                *pixel = [blend(*gray, *alpha); 3];
            }
        }
    }
}

/// Converts a decoded row of any layout to RGBA.
fn convert_row_with_alpha(layout: ColorType, line: &[u8], rgba: &mut [u8]) {
    let pixels = rgba.as_chunks_mut::<4>().0.iter_mut();
    match layout {
        ColorType::Rgba => rgba.copy_from_slice(line),
        ColorType::Rgb | ColorType::Indexed => {
            for (pixel, [red, green, blue]) in pixels.zip(line.as_chunks::<3>().0) {
                *pixel = [*red, *green, *blue, 255];
            }
        }
        ColorType::Grayscale => {
            for (pixel, gray) in pixels.zip(line) {
                *pixel = [*gray, *gray, *gray, 255];
            }
        }
        ColorType::GrayscaleAlpha => {
            for (pixel, [gray, alpha]) in pixels.zip(line.as_chunks::<2>().0) {
                *pixel = [*gray, *gray, *gray, *alpha];
            }
        }
    }
}

/// Finds the EXIF chunk, wherever it stands, and reads the orientation from it.
fn orientation(bytes: &[u8]) -> Orientation {
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let Some((head, body)) = rest.split_first_chunk::<8>() {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        if &head[4..] == b"eXIf" {
            let block = body.get(..length.min(MAX_EXIF_BYTES)).unwrap_or_default();
            return Orientation::from_exif_block(block);
        }
        // A checksum of four bytes follows the chunk.
        rest = body.get(length.saturating_add(4)..).unwrap_or_default();
    }
    Orientation::Upright
}

fn describe(cause: DecodingError) -> ImageError {
    match cause {
        DecodingError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            ImageError::Truncated {
                format: Format::Png,
            }
        }
        DecodingError::LimitsExceeded => {
            ImageError::corrupt(Format::Png, "its metadata is too large")
        }
        other => ImageError::corrupt(Format::Png, other),
    }
}
