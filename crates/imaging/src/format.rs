//! What kind of file it is, by its first bytes.

use std::fmt;

/// Names a kind of picture file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG (JFIF, EXIF or bare).
    Jpeg,
    /// PNG, also animated.
    Png,
    /// WebP, lossy, lossless or animated.
    WebP,
    /// HEIF with HEVC pictures, as phones write it.
    Heic,
    /// A picture or document that is recognised but not accepted.
    Other(OtherFormat),
}

/// Names a kind of file that is recognised only to be refused by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OtherFormat {
    /// GIF 87a or 89a.
    Gif,
    /// TIFF, also raw photos of many cameras.
    Tiff,
    /// Windows bitmap.
    Bmp,
    /// AVIF.
    Avif,
    /// JPEG XL.
    JpegXl,
    /// JPEG 2000.
    Jpeg2000,
    /// Windows icon.
    Ico,
    /// Photoshop document.
    Psd,
    /// SVG drawing.
    Svg,
}

impl Format {
    /// Returns the name for a person.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Jpeg => "JPEG",
            Format::Png => "PNG",
            Format::WebP => "WebP",
            Format::Heic => "HEIC",
            Format::Other(other) => other.name(),
        }
    }

    /// Returns the media type, such as `image/jpeg`.
    pub const fn media_type(self) -> &'static str {
        match self {
            Format::Jpeg => "image/jpeg",
            Format::Png => "image/png",
            Format::WebP => "image/webp",
            Format::Heic => "image/heic",
            Format::Other(_) => "application/octet-stream",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl OtherFormat {
    /// Returns the name for a person.
    pub const fn name(self) -> &'static str {
        match self {
            OtherFormat::Gif => "GIF",
            OtherFormat::Tiff => "TIFF",
            OtherFormat::Bmp => "BMP",
            OtherFormat::Avif => "AVIF",
            OtherFormat::JpegXl => "JPEG XL",
            OtherFormat::Jpeg2000 => "JPEG 2000",
            OtherFormat::Ico => "ICO",
            OtherFormat::Psd => "Photoshop",
            OtherFormat::Svg => "SVG",
        }
    }
}

/// How far into the file the start of an SVG drawing is looked for (comments and a byte order mark may precede it).
const SVG_SEARCH_BYTES: usize = 1_024;

/// Tells the kind of a file from its content; `None` when it is no known kind of picture.
///
/// Only the first bytes are looked at, so `Some` does not mean that the rest is sound.
pub fn sniff(bytes: &[u8]) -> Option<Format> {
    if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        return Some(Format::Jpeg);
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some(Format::Png);
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some(Format::WebP);
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return sniff_iso_media(bytes);
    }
    sniff_other(bytes).map(Format::Other)
}

/// Tells HEIC from AVIF and from films by the brands in the `ftyp` box (ISO/IEC 14496-12, 4.3).
fn sniff_iso_media(bytes: &[u8]) -> Option<Format> {
    let declared = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let end = declared.clamp(16, 512).min(bytes.len());
    let major = bytes.get(8..12)?;
    // The minor version sits between the major and the compatible brands.
    let compatible = bytes.get(16..end).unwrap_or_default().chunks_exact(4);
    let brands: Vec<&[u8]> = std::iter::once(major).chain(compatible).collect();
    let has = |wanted: &[&[u8; 4]]| {
        brands
            .iter()
            .any(|brand| wanted.iter().any(|name| *brand == name.as_slice()))
    };

    if matches!(major, b"avif" | b"avis") {
        return Some(Format::Other(OtherFormat::Avif));
    }
    if has(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"]) {
        return Some(Format::Heic);
    }
    if has(&[b"avif", b"avis"]) {
        return Some(Format::Other(OtherFormat::Avif));
    }
    // A bare HEIF brand does not tell the codec; the decoder will.
    if has(&[b"mif1", b"msf1", b"mif2"]) {
        return Some(Format::Heic);
    }
    None
}

fn sniff_other(bytes: &[u8]) -> Option<OtherFormat> {
    const MAGIC: [(&[u8], OtherFormat); 10] = [
        (b"GIF87a", OtherFormat::Gif),
        (b"GIF89a", OtherFormat::Gif),
        (b"II*\0", OtherFormat::Tiff),
        (b"MM\0*", OtherFormat::Tiff),
        (b"\xFF\x0A", OtherFormat::JpegXl),
        (b"\0\0\0\x0CJXL \r\n\x87\n", OtherFormat::JpegXl),
        (b"\0\0\0\x0CjP  \r\n\x87\n", OtherFormat::Jpeg2000),
        (b"\xFF\x4F\xFF\x51", OtherFormat::Jpeg2000),
        (b"\0\0\x01\0", OtherFormat::Ico),
        (b"8BPS", OtherFormat::Psd),
    ];
    if let Some((_, format)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(*format);
    }
    // "BM" alone is too common a word; the header length that follows is not.
    let bitmap_header = bytes.get(14..18).map(|field| {
        field == [40, 0, 0, 0]
            || field == [12, 0, 0, 0]
            || field == [124, 0, 0, 0]
            || field == [108, 0, 0, 0]
    });
    if bytes.starts_with(b"BM") && bitmap_header == Some(true) {
        return Some(OtherFormat::Bmp);
    }
    let start = bytes.get(..SVG_SEARCH_BYTES).unwrap_or(bytes);
    if is_text(start) && start.windows(4).any(|word| word == b"<svg") {
        return Some(OtherFormat::Svg);
    }
    None
}

fn is_text(bytes: &[u8]) -> bool {
    let without_mark = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    without_mark.trim_ascii_start().starts_with(b"<")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ftyp(major: &[u8], compatible: &[&[u8; 4]]) -> Vec<u8> {
        let mut bytes = ((16 + compatible.len() * 4) as u32).to_be_bytes().to_vec();
        bytes.extend_from_slice(b"ftyp");
        bytes.extend_from_slice(major);
        bytes.extend_from_slice(&[0; 4]);
        for brand in compatible {
            bytes.extend_from_slice(*brand);
        }
        bytes.extend_from_slice(b"\0\0\0\x08free");
        bytes
    }

    #[test]
    fn accepted_kinds_are_told_by_content() {
        assert_eq!(sniff(&[0xFF, 0xD8, 0xFF, 0xE0]), Some(Format::Jpeg));
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n...."), Some(Format::Png));
        assert_eq!(sniff(b"RIFF\0\0\0\0WEBPVP8 "), Some(Format::WebP));
        assert_eq!(
            sniff(&ftyp(b"heic", &[b"mif1", b"heic"])),
            Some(Format::Heic)
        );
        assert_eq!(
            sniff(&ftyp(b"mif1", &[b"heic", b"mif1"])),
            Some(Format::Heic)
        );
        assert_eq!(sniff(&ftyp(b"mif1", &[])), Some(Format::Heic));
    }

    #[test]
    fn other_pictures_are_named() {
        let bitmap = [b"BM".as_slice(), &[0; 12], &[40, 0, 0, 0]].concat();
        let cases: [(&[u8], OtherFormat); 6] = [
            (b"GIF89a......", OtherFormat::Gif),
            (b"II*\0........", OtherFormat::Tiff),
            (&bitmap, OtherFormat::Bmp),
            (
                b"<?xml version='1.0'?>\n<!-- x -->\n<svg xmlns='a'/>",
                OtherFormat::Svg,
            ),
            (b"\xEF\xBB\xBF <svg/>", OtherFormat::Svg),
            (b"8BPS\0\x01", OtherFormat::Psd),
        ];
        for (bytes, expected) in cases {
            assert_eq!(sniff(bytes), Some(Format::Other(expected)));
        }
        assert_eq!(
            sniff(&ftyp(b"avif", &[b"mif1", b"miaf"])),
            Some(Format::Other(OtherFormat::Avif))
        );
        assert_eq!(
            sniff(&ftyp(b"mif1", &[b"avif"])),
            Some(Format::Other(OtherFormat::Avif))
        );
    }

    #[test]
    fn everything_else_is_no_picture() {
        let cases: [&[u8]; 8] = [
            b"",
            b"\xFF\xD8",
            b"hello, world",
            b"BM is a car",
            b"<html><body>no</body></html>",
            b"RIFF\0\0\0\0WAVEfmt ",
            b"PK\x03\x04",
            b"\0\0\0\x18ftyp",
        ];
        for bytes in cases {
            assert_eq!(sniff(bytes), None, "{bytes:?}");
        }
        assert_eq!(sniff(&ftyp(b"isom", &[b"mp42"])), None);
    }
}
