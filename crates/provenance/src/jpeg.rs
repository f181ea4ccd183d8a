//! JPEG files as rows of segments: metadata out, one XMP packet in, the picture itself untouched.
//!
//! Source: ITU-T T.81, annex B (markers and segments); ISO 16684-3 (XMP in APP1).

/// Begins the APP1 segment that holds an XMP packet.
const XMP_HEADER: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// Most bytes of a segment behind its two length bytes.
const MAX_PAYLOAD: usize = 0xffff - 2;

/// The file is no JPEG, or its header is broken; says what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotAJpeg(pub(crate) &'static str);

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const APP0: u8 = 0xe0;
const APP2: u8 = 0xe2;
const APP14: u8 = 0xee;
const APP15: u8 = 0xef;
const COM: u8 = 0xfe;

/// Copies a JPEG file with one XMP packet and no other metadata.
///
/// What a decoder needs stays as it is: JFIF header, colour profile, Adobe's colour transform, tables, frame and scans.
pub(crate) fn with_only_xmp(jpeg: &[u8], packet: &str) -> Result<Vec<u8>, NotAJpeg> {
    if packet.len() > MAX_PAYLOAD - XMP_HEADER.len() {
        return Err(NotAJpeg("the XMP packet is too long for a segment"));
    }
    let mut rest = jpeg
        .strip_prefix(&[0xff, SOI])
        .ok_or(NotAJpeg("it does not begin as a JPEG file"))?;
    let mut out = Vec::with_capacity(jpeg.len() + packet.len() + XMP_HEADER.len() + 4);
    out.extend([0xff, SOI]);
    let mut xmp_is_written = false;
    let mut has_frame = false;
    loop {
        let (marker, segment, after) = next_segment(rest)?;
        // The JFIF header must stay first; everything else may come after the packet.
        if !xmp_is_written && marker != APP0 {
            push_xmp(&mut out, packet);
            xmp_is_written = true;
        }
        has_frame |= is_frame(marker);
        if marker == SOS {
            if !has_frame {
                return Err(NotAJpeg("it has no frame header"));
            }
            if !ends(rest) {
                return Err(NotAJpeg("its end is missing"));
            }
            out.extend_from_slice(rest);
            return Ok(out);
        }
        if is_needed(marker, segment) {
            out.extend_from_slice(segment);
        }
        rest = after;
    }
}

/// The next marker, its whole segment (marker, length, payload) and what follows.
fn next_segment(rest: &[u8]) -> Result<(u8, &[u8], &[u8]), NotAJpeg> {
    const SHORT: NotAJpeg = NotAJpeg("its header is cut off");
    if rest.first() != Some(&0xff) {
        return Err(NotAJpeg("its header is broken"));
    }
    // Any number of fill bytes may stand before a marker.
    let start = rest
        .iter()
        .position(|byte| *byte != 0xff)
        .ok_or(SHORT)?
        .saturating_sub(1);
    let rest = &rest[start..];
    let marker = rest[1];
    if matches!(marker, 0x00 | 0x01 | 0xd0..=EOI) {
        return Err(NotAJpeg("its header is broken"));
    }
    let length = rest.get(2..4).ok_or(SHORT)?;
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    if length < 2 {
        return Err(NotAJpeg("its header is broken"));
    }
    let (segment, after) = rest.split_at_checked(2 + length).ok_or(SHORT)?;
    Ok((marker, segment, after))
}

/// Start-of-frame markers: C0 to CF, but for the tables and the reserved one among them.
fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
}

/// Says whether a decoder needs the segment; metadata is what it does not need.
fn is_needed(marker: u8, segment: &[u8]) -> bool {
    let payload = &segment[4..];
    match marker {
        APP0 => payload.starts_with(b"JFIF\0"),
        APP2 => payload.starts_with(b"ICC_PROFILE\0"),
        APP14 => payload.starts_with(b"Adobe"),
        APP0..=APP15 | COM => false,
        _ => true,
    }
}

/// Says whether an end-of-image marker follows somewhere.
fn ends(scans: &[u8]) -> bool {
    scans.windows(2).rev().any(|pair| pair == [0xff, EOI])
}

fn push_xmp(out: &mut Vec<u8>, packet: &str) {
    // Fits: the caller has checked it.
    let length = (2 + XMP_HEADER.len() + packet.len()) as u16;
    out.extend([0xff, 0xe1]);
    out.extend(length.to_be_bytes());
    out.extend_from_slice(XMP_HEADER);
    out.extend_from_slice(packet.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0xff, marker];
        bytes.extend((payload.len() as u16 + 2).to_be_bytes());
        bytes.extend_from_slice(payload);
        bytes
    }

    fn file(segments: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![0xff, SOI];
        bytes.extend(segments.concat());
        bytes.extend(segment(0xc0, b"frame"));
        bytes.extend(segment(SOS, b"scan"));
        bytes.extend(b"data\xff\x00data\xff\xd9");
        bytes
    }

    #[test]
    fn what_a_decoder_needs_stays_and_metadata_goes() {
        let jfif = segment(APP0, b"JFIF\0rest");
        let profile = segment(APP2, b"ICC_PROFILE\0\x01\x01profile");
        let adobe = segment(APP14, b"Adobe");
        let table = segment(0xdb, b"table");
        let bare = file(&[jfif.clone(), profile.clone(), adobe.clone(), table.clone()]);
        let told = file(&[
            jfif,
            segment(0xe1, b"Exif\0\0where and when"),
            segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0who"),
            profile,
            segment(APP2, b"MPF\0more pictures"),
            segment(0xeb, b"JP\0manifest"),
            segment(0xed, b"Photoshop 3.0\0"),
            segment(COM, b"words"),
            vec![0xff, 0xff],
            adobe,
            table,
        ]);
        let from_bare = with_only_xmp(&bare, "<packet/>").unwrap();
        assert_eq!(with_only_xmp(&told, "<packet/>").unwrap(), from_bare);
        let packet = segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<packet/>");
        assert_eq!(from_bare.len(), bare.len() + packet.len());
        let behind_jfif = 2 + 4 + "JFIF\0rest".len();
        assert_eq!(from_bare[behind_jfif..behind_jfif + packet.len()], packet);
        let mut without = from_bare.clone();
        without.drain(behind_jfif..behind_jfif + packet.len());
        assert_eq!(without, bare);
    }

    #[test]
    fn a_second_packet_replaces_the_first() {
        let once = with_only_xmp(&file(&[]), "<a/>").unwrap();
        let twice = with_only_xmp(&once, "<b/>").unwrap();
        assert_eq!(twice, with_only_xmp(&file(&[]), "<b/>").unwrap());
    }

    #[test]
    fn what_is_no_jpeg_is_refused() {
        let good = file(&[]);
        let no_frame = [&[0xff, SOI][..], &segment(SOS, b""), b"\xff\xd9"].concat();
        for bytes in [
            b"".to_vec(),
            b"text".to_vec(),
            b"\x89PNG\r\n\x1a\n".to_vec(),
            vec![0xff, SOI],
            vec![0xff; 64],
            vec![0xff, SOI, 0xff, EOI],
            vec![0xff, SOI, 0xff, 0xe0, 0, 1],
            vec![0xff, SOI, 0xff, 0xe0, 0xff, 0xff, 0],
            good[..good.len() - 1].to_vec(),
            no_frame,
        ] {
            assert!(with_only_xmp(&bytes, "").is_err(), "{bytes:x?}");
        }
        let long = "x".repeat(MAX_PAYLOAD);
        assert!(with_only_xmp(&good, &long).is_err());
    }
}
