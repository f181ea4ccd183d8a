//! JPEG, through `zune-jpeg` directly: its strict mode and its raw four-channel output are not reachable otherwise.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use super::{StoredPicture, pack_in_place, stored};
use crate::colour::{Cmyk, Colour};
use crate::{Format, ImageError, Limits, Orientation};

/// Width from which the data of a row of blocks is always longer than what the decoder reads ahead, in pixels.
const MIN_WIDTH_WITHOUT_MARKER: u32 = 256;

/// Most header segments; the longest real headers (large profiles and extended XMP) have a few hundred.
const MAX_SEGMENTS: usize = 1_000;

/// Marker behind which the compressed data begins.
const START_OF_SCAN: u8 = 0xDA;

type Decoder<'a> = JpegDecoder<ZCursor<&'a [u8]>>;

/// Most scans of a progressive picture; real encoders write about ten, and each one costs a walk over all blocks.
const MAX_SCANS: usize = 64;

/// Reads stored size and orientation.
pub(super) fn probe(bytes: &[u8]) -> Result<(u32, u32, Orientation), ImageError> {
    let decoder = read_header(bytes)?;
    let (width, height) = size(&decoder)?;
    Ok((width, height, orientation(&decoder)))
}

/// Decodes the pixels as they are stored.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<StoredPicture, ImageError> {
    let end = end_of_picture(bytes);
    let mut decoder = read_header(&bytes[..end.unwrap_or(bytes.len())])?;
    let (width, height) = size(&decoder)?;
    limits.check_size(Format::Jpeg, width, height)?;
    if end.is_none() {
        return Err(ImageError::Truncated {
            format: Format::Jpeg,
        });
    }
    // The decoder goes on with grey when it meets the end marker too early, but fails when it meets the end of the bytes.
    // So the marker is kept from it where it can do without.
    if width < MIN_WIDTH_WITHOUT_MARKER || is_progressive(&decoder) {
        decoder = read_header(bytes)?;
    }
    let orientation = orientation(&decoder);
    let icc = decoder.icc_profile();
    let kind = decoder.input_colorspace().unwrap_or(ColorSpace::YCbCr);
    let wanted = match kind {
        ColorSpace::CMYK | ColorSpace::YCCK => kind,
        _ => ColorSpace::RGB,
    };

    let mut data = vec![0; width as usize * height as usize * wanted.num_components()];
    decode_strictly(&mut decoder, wanted, &mut data)?;

    let (data, colour) = match kind {
        ColorSpace::CMYK | ColorSpace::YCCK => {
            let inks = Cmyk::new(icc.as_deref());
            (
                four_channels_to_rgb(data, width as usize, kind == ColorSpace::YCCK, &inks),
                Colour::Srgb,
            )
        }
        ColorSpace::Luma => (data, Colour::of_gray(icc.as_deref())),
        _ => (data, Colour::of_rgb(icc.as_deref())),
    };
    stored(Format::Jpeg, width, height, data, orientation, colour)
}

/// Decodes into `data`, giving up at any fault.
///
/// Headers are read leniently (stray bytes between them are common), the picture data strictly: a fault in it would leave
/// grey blocks.
fn decode_strictly(
    decoder: &mut Decoder<'_>,
    wanted: ColorSpace,
    data: &mut [u8],
) -> Result<(), ImageError> {
    let options = decoder
        .options()
        .set_strict_mode(true)
        .jpeg_set_out_colorspace(wanted);
    decoder.set_options(options);
    decoder.decode_into(data).map_err(|cause| describe(&cause))
}

fn read_header(bytes: &[u8]) -> Result<Decoder<'_>, ImageError> {
    // The decoder goes over all pieces of extended XMP again at every segment, so a file made of them would take minutes.
    if segments_before_scan(bytes) > MAX_SEGMENTS {
        return Err(ImageError::corrupt(
            Format::Jpeg,
            "it has too many header segments",
        ));
    }
    // Size limits are ours, so the decoder's own are opened as far as the format goes.
    let options = DecoderOptions::default()
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_max_scans(MAX_SCANS)
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        .set_strict_mode(false);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|cause| describe(&cause))?;
    Ok(decoder)
}

fn size(decoder: &Decoder<'_>) -> Result<(u32, u32), ImageError> {
    let (width, height) = decoder
        .dimensions()
        .ok_or_else(|| ImageError::corrupt(Format::Jpeg, "no size"))?;
    Ok((width as u32, height as u32))
}

fn orientation(decoder: &Decoder<'_>) -> Orientation {
    decoder.exif().map_or(Orientation::Upright, |block| {
        Orientation::from_exif_block(block)
    })
}

fn is_progressive(decoder: &Decoder<'_>) -> bool {
    decoder
        .info()
        .is_some_and(|info| !info.sof.is_sequential_dct())
}

/// Finds the end-of-image marker behind the first scan; `None` when the file was cut off before it.
///
/// Compressed data cannot hold its two bytes, thumbnails inside metadata lie before the scan, and what follows it (further
/// pictures of the same shot) is not looked at.
fn end_of_picture(bytes: &[u8]) -> Option<usize> {
    let scan = first_scan(bytes)?;
    let length = memchr::memmem::find(scan, &[0xFF, 0xD9])?;
    Some(bytes.len() - scan.len() + length)
}

/// Gives all bytes from the first scan on.
fn first_scan(bytes: &[u8]) -> Option<&[u8]> {
    let scan = Segments::new(bytes).find(|segment| segment.marker == START_OF_SCAN)?;
    Some(scan.rest)
}

fn segments_before_scan(bytes: &[u8]) -> usize {
    Segments::new(bytes)
        .take_while(|segment| segment.marker != START_OF_SCAN)
        .take(MAX_SEGMENTS + 1)
        .count()
}

/// A marker and all bytes behind it.
struct Segment<'a> {
    marker: u8,
    rest: &'a [u8],
}

/// Walks the header segments (ITU-T T.81, annex B); means nothing behind the first scan.
struct Segments<'a> {
    rest: &'a [u8],
}

impl<'a> Segments<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        // The first marker, which every file starts with, stands alone.
        Segments {
            rest: bytes.get(2..).unwrap_or_default(),
        }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        // Any fill or stray bytes before a marker are passed over, as decoders do.
        let marker_at = self
            .rest
            .windows(2)
            .position(|pair| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xFF))?;
        let marker = self.rest[marker_at + 1];
        let rest = &self.rest[marker_at + 2..];
        let stands_alone = matches!(marker, 0x01 | 0xD0..=0xD9);
        let length = match rest {
            _ if stands_alone => 0,
            [high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])),
            _ => 0,
        };
        self.rest = rest.get(length..).unwrap_or_default();
        Some(Segment { marker, rest })
    }
}

/// Turns inverted CMYK, or YCCK made of it, into RGB.
///
/// Adobe's programs store inks inverted (255 = none) and every other one followed, so this is assumed with and without
/// Adobe's marker. YCCK is the inverted inks' own conversion (ITU-T T.872, 6.5.3).
fn four_channels_to_rgb(data: Vec<u8>, width: usize, is_ycck: bool, inks: &Cmyk) -> Vec<u8> {
    let to_inks = |[first, second, third, black]: [u8; 4]| {
        let [cyan, magenta, yellow] = if is_ycck {
            ycc_to_rgb(first, second, third)
        } else {
            [255 - first, 255 - second, 255 - third]
        };
        [cyan, magenta, yellow, 255 - black]
    };
    let mut data = data;
    let mut rgb_row = vec![0; width * 3];
    for row in data.chunks_exact_mut(width * 4) {
        for pixel in row.as_chunks_mut::<4>().0 {
            *pixel = to_inks(*pixel);
        }
        inks.convert_row(row, &mut rgb_row);
        for (pixel, colour) in row
            .as_chunks_mut::<4>()
            .0
            .iter_mut()
            .zip(rgb_row.as_chunks::<3>().0)
        {
            pixel[..3].copy_from_slice(colour);
        }
    }
    pack_in_place(data, |[red, green, blue, _]| [red, green, blue])
}

/// Converts full-range `YCbCr` (JFIF 1.02) to RGB.
fn ycc_to_rgb(luma: u8, blue_difference: u8, red_difference: u8) -> [u8; 3] {
    let luma = f32::from(luma);
    let blue_difference = f32::from(blue_difference) - 128.0;
    let red_difference = f32::from(red_difference) - 128.0;
    let round = |value: f32| value.round().clamp(0.0, 255.0) as u8;
    [
        round(luma + 1.402 * red_difference),
        round(luma - 0.344_136 * blue_difference - 0.714_136 * red_difference),
        round(luma + 1.772 * blue_difference),
    ]
}

fn describe(cause: &DecodeErrors) -> ImageError {
    match cause {
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_) => ImageError::Truncated {
            format: Format::Jpeg,
        },
        DecodeErrors::Unsupported(_) => ImageError::Unsupported {
            format: "This kind of JPEG (lossless or arithmetic coding)",
        },
        other => ImageError::corrupt(Format::Jpeg, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_marker_is_looked_for_behind_the_scan_only() {
        let thumbnail = [0xFF, 0xE1, 0, 6, 0xFF, 0xD9, 1, 2];
        let start = [
            [0xFF, 0xD8].as_slice(),
            &thumbnail,
            &[0xFF, 0xDA, 0, 2, 9, 9, 0xFF, 0, 9],
        ]
        .concat();
        let length = start.len();
        assert_eq!(end_of_picture(&start), None);
        assert_eq!(
            end_of_picture(&[start.as_slice(), &[0xFF, 0xD9]].concat()),
            Some(length)
        );
        assert_eq!(
            end_of_picture(&[start.as_slice(), &[0xFF, 0xD9, 0, 0xFF, 0xD9]].concat()),
            Some(length)
        );
        assert_eq!(end_of_picture(&[0xFF, 0xD8]), None);
        assert_eq!(end_of_picture(&[0xFF, 0xD8, 0xFF, 0xE0, 0xFF, 0xFF]), None);
    }
}
