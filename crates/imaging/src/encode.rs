//! From a picture to a JPEG file.

use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};

use crate::Picture;

/// Says how finely colour is stored next to brightness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subsampling {
    /// A colour for each pixel: for results, where prints and thin coloured edges matter.
    S444,
    /// A colour for each 2 x 2 pixels: for uploads, as phones themselves store them.
    S420,
}

/// Writes a baseline JPEG (JFIF, no other metadata).
///
/// `quality` is 1..=100 (others are brought into that range). The same picture gives the same bytes every time.
pub fn encode_jpeg(picture: &Picture, quality: u8, subsampling: Subsampling) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(picture.data().len() / 6);
    let mut encoder = Encoder::new(&mut bytes, quality.clamp(1, 100));
    encoder.set_sampling_factor(match subsampling {
        Subsampling::S444 => SamplingFactor::R_4_4_4,
        Subsampling::S420 => SamplingFactor::R_4_2_0,
    });
    // The encoder's own default takes one pixel of four, which shifts and roughens colours.
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    #[expect(
        clippy::expect_used,
        reason = "writing to memory cannot fail, and a Picture's sides and length always fit"
    )]
    encoder
        .encode(
            picture.data(),
            picture.width() as u16,
            picture.height() as u16,
            ColorType::Rgb,
        )
        .expect("a picture fits a JPEG");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, decode};

    fn gradient() -> Picture {
        let data = (0..60 * 48)
            .flat_map(|i| [(i % 60 * 4) as u8, (i / 60 * 5) as u8, 90])
            .collect();
        Picture::new(60, 48, data).unwrap()
    }

    #[test]
    fn what_is_written_reads_back_alike() {
        for subsampling in [Subsampling::S444, Subsampling::S420] {
            let bytes = encode_jpeg(&gradient(), 92, subsampling);
            let back = decode(&bytes, &Limits::default()).unwrap();
            assert_eq!((back.width(), back.height()), (60, 48));
            let worst = gradient()
                .data()
                .iter()
                .zip(back.data())
                .map(|(a, b)| a.abs_diff(*b))
                .max();
            assert!(worst.unwrap() < 16, "{worst:?}");
        }
    }

    #[test]
    fn bytes_repeat_and_hold_no_metadata() {
        let first = encode_jpeg(&gradient(), 90, Subsampling::S420);
        assert_eq!(first, encode_jpeg(&gradient(), 90, Subsampling::S420));
        assert_ne!(first, encode_jpeg(&gradient(), 90, Subsampling::S444));
        // Application segments other than JFIF's APP0, and comments.
        let segments = first
            .windows(2)
            .take(600)
            .filter(|pair| pair[0] == 0xFF && matches!(pair[1], 0xE1..=0xEF | 0xFE));
        assert_eq!(segments.count(), 0);
        assert_eq!(
            encode_jpeg(&gradient(), 0, Subsampling::S420),
            encode_jpeg(&gradient(), 1, Subsampling::S420)
        );
    }
}
