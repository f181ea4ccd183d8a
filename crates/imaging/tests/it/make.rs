//! Picture files, written byte by byte where encoders cannot.

use drape_imaging::{Limits, Picture, decode};
use jpeg_encoder::{ColorType as JpegColor, Encoder as JpegEncoder, SamplingFactor};

/// Limits that accept small pictures.
pub(crate) fn small_limits() -> Limits {
    Limits {
        min_side: 1,
        ..Limits::default()
    }
}

/// Decodes or fails the test.
pub(crate) fn decoded(bytes: &[u8]) -> Picture {
    decode(bytes, &small_limits()).unwrap()
}

/// Colours that differ in every corner and change smoothly, so that JPEG keeps them.
pub(crate) fn gradient(width: u32, height: u32) -> Picture {
    let mut picture = Picture::filled(width, height, [0; 3]);
    for y in 0..height {
        for x in 0..width {
            let share = |value: u32, of: u32| (value * 200 / of.max(2) + 20) as u8;
            picture.set_pixel(
                x,
                y,
                [
                    share(x, width),
                    share(y, height),
                    230 - share(x + y, width + height),
                ],
            );
        }
    }
    picture
}

/// Mean difference of all values of two pictures of one size.
pub(crate) fn difference(a: &Picture, b: &Picture) -> f64 {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    let sum: u64 = a
        .data()
        .iter()
        .zip(b.data())
        .map(|(x, y)| u64::from(x.abs_diff(*y)))
        .sum();
    sum as f64 / a.data().len() as f64
}

/// What goes into a JPEG besides pixels.
#[derive(Default)]
pub(crate) struct JpegExtras<'a> {
    pub(crate) exif_orientation: Option<u16>,
    pub(crate) icc: Option<&'a [u8]>,
    pub(crate) progressive: bool,
    pub(crate) sampling: Option<SamplingFactor>,
    pub(crate) restart_interval: u16,
}

/// Writes a JPEG of any colour type.
pub(crate) fn jpeg(
    data: &[u8],
    width: u16,
    height: u16,
    colour: JpegColor,
    extras: &JpegExtras<'_>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new(&mut bytes, 95);
    encoder.set_progressive(extras.progressive);
    encoder.set_restart_interval(extras.restart_interval);
    if let Some(sampling) = extras.sampling {
        encoder.set_sampling_factor(sampling);
    }
    if let Some(orientation) = extras.exif_orientation {
        let block = [b"Exif\0\0".as_slice(), &exif_block(orientation)].concat();
        encoder.add_app_segment(1, block).unwrap();
    }
    if let Some(icc) = extras.icc {
        encoder.add_icc_profile(icc).unwrap();
    }
    encoder.encode(data, width, height, colour).unwrap();
    bytes
}

/// Writes an RGB JPEG.
pub(crate) fn rgb_jpeg(picture: &Picture, extras: &JpegExtras<'_>) -> Vec<u8> {
    jpeg(
        picture.data(),
        picture.width() as u16,
        picture.height() as u16,
        JpegColor::Rgb,
        extras,
    )
}

/// An EXIF block that holds nothing but an orientation, big-endian.
pub(crate) fn exif_block(orientation: u16) -> Vec<u8> {
    let mut block = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
    block.extend_from_slice(&orientation.to_be_bytes());
    block.extend_from_slice(&[0; 6]);
    block
}

/// Writes a PNG; `data` is packed as the colour type and depth ask.
pub(crate) fn png(
    data: &[u8],
    width: u32,
    height: u32,
    colour: png::ColorType,
    depth: png::BitDepth,
) -> Vec<u8> {
    png_with(data, width, height, colour, depth, |_| {})
}

/// Writes a PNG with more header fields.
pub(crate) fn png_with(
    data: &[u8],
    width: u32,
    height: u32,
    colour: png::ColorType,
    depth: png::BitDepth,
    more: impl FnOnce(&mut png::Info<'_>),
) -> Vec<u8> {
    let mut info = png::Info::with_size(width, height);
    info.color_type = colour;
    info.bit_depth = depth;
    more(&mut info);
    let mut bytes = Vec::new();
    let mut writer = png::Encoder::with_info(&mut bytes, info)
        .unwrap()
        .write_header()
        .unwrap();
    writer.write_image_data(data).unwrap();
    writer.finish().unwrap();
    bytes
}

/// One PNG chunk with its checksum.
pub(crate) fn png_chunk(name: &[u8], body: &[u8]) -> Vec<u8> {
    let named = [name, body].concat();
    [
        &(body.len() as u32).to_be_bytes(),
        named.as_slice(),
        &crc32(&named).to_be_bytes(),
    ]
    .concat()
}

/// Puts a chunk behind the header chunk of a PNG.
pub(crate) fn with_chunk(png: &[u8], name: &[u8], body: &[u8]) -> Vec<u8> {
    // Signature of 8 bytes, then the header chunk of 12 + 13.
    [&png[..33], &png_chunk(name, body), &png[33..]].concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0xEDB8_8320
            } else {
                crc >> 1
            }
        })
    })
}

/// Wraps bytes into a zlib stream that stores `repeats` times 65,535 zeros and no more than a few bytes for each.
///
/// Made of fixed-code deflate blocks: a zero and 254 copies of 258 zeros each.
pub(crate) fn zlib_zeros(repeats: usize) -> Vec<u8> {
    let mut bits = BitWriter::default();
    for _ in 0..repeats {
        bits.push(0b010, 3);
        bits.push_code(0x30, 8);
        for _ in 0..254 {
            // Length 258 is symbol 285; distance 1 is symbol 0.
            bits.push_code(0b1100_0101, 8);
            bits.push_code(0, 5);
        }
        bits.push_code(0, 7);
    }
    bits.push(0b011, 3);
    bits.push_code(0, 7);
    let mut stream = vec![0x78, 0x01];
    stream.extend(bits.finish());
    // The checksum of only zeros: length modulo 65,521 in the upper half, one in the lower.
    let length = repeats as u64 * (1 + 254 * 258);
    let checksum = ((length % 65_521) as u32) << 16 | 1;
    stream.extend_from_slice(&checksum.to_be_bytes());
    stream
}

#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    current: u32,
    count: u32,
}

impl BitWriter {
    /// Appends bits, lowest first.
    fn push(&mut self, value: u32, count: u32) {
        self.current |= value << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.current as u8);
            self.current >>= 8;
            self.count -= 8;
        }
    }

    /// Appends a Huffman code, highest bit first.
    fn push_code(&mut self, code: u32, count: u32) {
        for bit in (0..count).rev() {
            self.push(code >> bit & 1, 1);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.bytes.push(self.current as u8);
        }
        self.bytes
    }
}

/// Writes a lossless WebP of three or four bytes a pixel.
pub(crate) fn webp(
    data: &[u8],
    width: u32,
    height: u32,
    colour: image_webp::ColorType,
    exif: Option<Vec<u8>>,
    icc: Option<Vec<u8>>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = image_webp::WebPEncoder::new(&mut bytes);
    if let Some(exif) = exif {
        encoder.set_exif_metadata(exif);
    }
    if let Some(icc) = icc {
        encoder.set_icc_profile(icc);
    }
    encoder.encode(data, width, height, colour).unwrap();
    bytes
}

/// A sequence of numbers that is the same in every run (xorshift).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}
