//! WebP, through `image-webp`.
//!
//! The decoder takes memory for whatever size a frame's own header announces before it compares that with the canvas,
//! and fills up files that end early. Both are checked here first, on the container.

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use super::{StoredPicture, StoredWithAlpha, blend, pack_in_place, split_alpha, stored};
use crate::colour::Colour;
use crate::{Format, ImageError, Limits, Orientation};

/// Most memory for metadata chunks, in bytes.
const MAX_METADATA_BYTES: usize = 4 * 1_024 * 1_024;

/// Reads stored size and orientation.
pub(super) fn probe(bytes: &[u8]) -> Result<(u32, u32, Orientation), ImageError> {
    let mut decoder = open(bytes)?;
    let (width, height) = decoder.dimensions();
    Ok((width, height, orientation(&mut decoder)))
}

/// Decodes the first frame as it is stored.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<StoredPicture, ImageError> {
    let mut decoder = open(bytes)?;
    let (width, height, mut data) = read_pixels(&mut decoder, bytes, limits)?;
    let orientation = orientation(&mut decoder);
    let colour = Colour::of_rgb(decoder.icc_profile().ok().flatten().as_deref());
    if decoder.has_alpha() {
        data = pack_in_place(data, |[red, green, blue, alpha]| {
            [blend(red, alpha), blend(green, alpha), blend(blue, alpha)]
        });
    }
    stored(Format::WebP, width, height, data, orientation, colour)
}

/// Decodes the first frame as it is stored, with its alpha.
pub(super) fn decode_with_alpha(
    bytes: &[u8],
    limits: &Limits,
) -> Result<StoredWithAlpha, ImageError> {
    let mut decoder = open(bytes)?;
    let has_alpha = decoder.has_alpha();
    let is_animated = decoder.is_animated();
    let (width, height, data) = read_pixels(&mut decoder, bytes, limits)?;
    let orientation = orientation(&mut decoder);
    let colour = Colour::of_rgb(decoder.icc_profile().ok().flatten().as_deref());
    let (colours, alpha) = if has_alpha {
        split_alpha(&data)
    } else {
        let alpha = vec![255; data.len() / 3];
        (data, alpha)
    };
    Ok(StoredWithAlpha {
        colours: stored(Format::WebP, width, height, colours, orientation, colour)?,
        alpha,
        is_animated,
    })
}

/// Checks the size and decodes the first frame; four bytes a pixel with alpha, three without.
fn read_pixels(
    decoder: &mut WebPDecoder<Cursor<&[u8]>>,
    bytes: &[u8],
    limits: &Limits,
) -> Result<(u32, u32, Vec<u8>), ImageError> {
    let (width, height) = decoder.dimensions();
    limits.check_size(Format::WebP, width, height)?;
    check_container(bytes, width, height)?;
    let size = decoder
        .output_buffer_size()
        .ok_or_else(|| ImageError::corrupt(Format::WebP, "size"))?;
    let mut data = vec![0; size];
    decoder.read_image(&mut data).map_err(describe)?;
    Ok((width, height, data))
}

fn open(bytes: &[u8]) -> Result<WebPDecoder<Cursor<&[u8]>>, ImageError> {
    if container_end(bytes) > bytes.len() {
        return Err(ImageError::Truncated {
            format: Format::WebP,
        });
    }
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(describe)?;
    decoder.set_memory_limit(MAX_METADATA_BYTES);
    Ok(decoder)
}

/// Where the container says that it ends.
fn container_end(bytes: &[u8]) -> usize {
    bytes.get(4..8).map_or(usize::MAX, |field| {
        let declared = u32::from_le_bytes([field[0], field[1], field[2], field[3]]);
        (declared as usize).saturating_add(8)
    })
}

fn orientation(decoder: &mut WebPDecoder<Cursor<&[u8]>>) -> Orientation {
    let block = decoder.exif_metadata().ok().flatten();
    block.map_or(Orientation::Upright, |block| {
        Orientation::from_exif_block(&block)
    })
}

/// Checks that every chunk is there in full and that no frame is larger than the canvas.
fn check_container(bytes: &[u8], width: u32, height: u32) -> Result<(), ImageError> {
    for chunk in Chunks::new(bytes.get(12..container_end(bytes)).unwrap_or_default()) {
        let Some(body) = chunk.body else {
            return Err(ImageError::Truncated {
                format: Format::WebP,
            });
        };
        match &chunk.name {
            b"ANMF" => {
                // A frame's own header has 16 bytes; its picture chunks follow.
                for inner in Chunks::new(body.get(16..).unwrap_or_default()) {
                    check_frame(&inner, width, height)?;
                }
            }
            _ => check_frame(&chunk, width, height)?,
        }
    }
    Ok(())
}

fn check_frame(chunk: &Chunk<'_>, width: u32, height: u32) -> Result<(), ImageError> {
    let Some(body) = chunk.body else {
        return Err(ImageError::Truncated {
            format: Format::WebP,
        });
    };
    let size = match &chunk.name {
        // RFC 6386, 9.1: three bytes of frame tag, three of start code, then two 14-bit sides.
        b"VP8 " => body.get(6..10).map(|field| {
            let side = |low: u8, high: u8| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
            (side(field[0], field[1]), side(field[2], field[3]))
        }),
        // RFC 9649, 3.4: a signature byte, then two 14-bit sides less one.
        b"VP8L" => body.get(1..5).map(|field| {
            let bits = u32::from_le_bytes([field[0], field[1], field[2], field[3]]);
            ((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1)
        }),
        _ => return Ok(()),
    };
    match size {
        None => Err(ImageError::Truncated {
            format: Format::WebP,
        }),
        Some((frame_width, frame_height)) if frame_width > width || frame_height > height => Err(
            ImageError::corrupt(Format::WebP, "a frame is larger than the picture"),
        ),
        Some(_) => Ok(()),
    }
}

/// One chunk of a RIFF container; no body when the file ends before it does.
struct Chunk<'a> {
    name: [u8; 4],
    body: Option<&'a [u8]>,
}

/// Walks the chunks of a RIFF container.
struct Chunks<'a> {
    rest: &'a [u8],
}

impl<'a> Chunks<'a> {
    fn new(rest: &'a [u8]) -> Self {
        Chunks { rest }
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let (head, rest) = self.rest.split_first_chunk::<8>()?;
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        // Bodies are padded to even lengths.
        self.rest = rest
            .get(length.saturating_add(length % 2)..)
            .unwrap_or_default();
        Some(Chunk {
            name: [head[0], head[1], head[2], head[3]],
            body: rest.get(..length),
        })
    }
}

fn describe(cause: DecodingError) -> ImageError {
    match cause {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            ImageError::Truncated {
                format: Format::WebP,
            }
        }
        other => ImageError::corrupt(Format::WebP, other),
    }
}
