//! From the colours that a file was made in to sRGB.

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};
use std::sync::Arc;

use crate::Picture;

/// Converts one row of pixels; source and target have as many pixels as each other.
type Transform = Arc<dyn moxcms::TransformExecutor<u8> + Send + Sync>;

/// The largest ICC profile that is looked at, in bytes; real ones for RGB have a few hundred to a few hundred thousand.
const MAX_PROFILE_BYTES: usize = 4 * 1_024 * 1_024;

/// Says what the RGB bytes of a decoded picture mean.
///
/// Made while decoding, applied to whichever size of the picture is kept: resampling before the conversion differs from
/// resampling after it by less than a step of 1/255 for the profiles that phones and cameras use (their tone curves are
/// close to sRGB's), and costs a fraction.
pub(crate) enum Colour {
    /// Already sRGB, or unknown and taken for it.
    Srgb,
    /// RGB of a profile.
    Rgb(Transform),
    /// Grey values, stored three times per pixel; the table gives the sRGB value of each.
    Gray(Box<[u8; 256]>),
}

impl Colour {
    /// Reads the profile of an RGB picture; a broken or foreign profile counts as sRGB.
    pub(crate) fn of_rgb(icc: Option<&[u8]>) -> Colour {
        icc.and_then(parse)
            .map_or(Colour::Srgb, |profile| Colour::of_rgb_profile(&profile))
    }

    /// Uses a profile that is already in hand.
    pub(crate) fn of_rgb_profile(profile: &ColorProfile) -> Colour {
        if profile.color_space != DataColorSpace::Rgb {
            return Colour::Srgb;
        }
        let Some(transform) = to_srgb(profile, Layout::Rgb) else {
            return Colour::Srgb;
        };
        if changes_nothing(&transform) {
            return Colour::Srgb;
        }
        Colour::Rgb(transform)
    }

    /// Reads the profile of a grey picture; a broken or foreign profile counts as sRGB's own curve.
    pub(crate) fn of_gray(icc: Option<&[u8]>) -> Colour {
        let profile = icc
            .and_then(parse)
            .filter(|profile| profile.color_space == DataColorSpace::Gray);
        let Some(transform) = profile.and_then(|profile| to_srgb(&profile, Layout::Gray)) else {
            return Colour::Srgb;
        };
        let greys: [u8; 256] = std::array::from_fn(|value| value as u8);
        let mut colours = [0; 256 * 3];
        if transform.transform(&greys, &mut colours).is_err() {
            return Colour::Srgb;
        }
        Colour::Gray(Box::new(std::array::from_fn(|value| colours[value * 3])))
    }

    /// Converts a picture in place.
    pub(crate) fn convert_to_srgb(&self, picture: &mut Picture) {
        match self {
            Colour::Srgb => {}
            Colour::Gray(table) => {
                for value in picture.data_mut() {
                    *value = table[usize::from(*value)];
                }
            }
            Colour::Rgb(transform) => {
                let stride = picture.width() as usize * 3;
                let mut source = vec![0; stride];
                for row in picture.data_mut().chunks_exact_mut(stride) {
                    source.copy_from_slice(row);
                    // Only lengths can be at fault, and they are equal here.
                    let _ = transform.transform(&source, row);
                }
            }
        }
    }
}

/// Turns rows of CMYK into sRGB.
pub(crate) struct Cmyk {
    profile: Option<Transform>,
}

impl Cmyk {
    /// Reads the printing profile; without a usable one the inks are taken as ideal filters.
    pub(crate) fn new(icc: Option<&[u8]>) -> Self {
        let profile = icc
            .and_then(parse)
            .filter(|profile| profile.color_space == DataColorSpace::Cmyk)
            .and_then(|profile| to_srgb(&profile, Layout::Rgba));
        Cmyk { profile }
    }

    /// Converts a row of inks (0 none, 255 full, four bytes a pixel) into `rgb` (three bytes a pixel).
    pub(crate) fn convert_row(&self, inks: &[u8], rgb: &mut [u8]) {
        if let Some(transform) = &self.profile
            && transform.transform(inks, rgb).is_ok()
        {
            return;
        }
        for (ink, pixel) in inks
            .as_chunks::<4>()
            .0
            .iter()
            .zip(rgb.as_chunks_mut::<3>().0)
        {
            let light = |value: u8| multiply(255 - value, 255 - ink[3]);
            *pixel = [light(ink[0]), light(ink[1]), light(ink[2])];
        }
    }
}

/// Multiplies two shares of 255, rounded.
pub(crate) fn multiply(a: u8, b: u8) -> u8 {
    let product = u32::from(a) * u32::from(b) + 128;
    ((product + (product >> 8)) >> 8) as u8
}

fn parse(icc: &[u8]) -> Option<ColorProfile> {
    if icc.len() > MAX_PROFILE_BYTES {
        return None;
    }
    ColorProfile::new_from_slice(icc).ok()
}

fn to_srgb(profile: &ColorProfile, layout: Layout) -> Option<Transform> {
    let srgb = ColorProfile::new_srgb();
    profile
        .create_transform_8bit(layout, &srgb, Layout::Rgb, TransformOptions::default())
        .ok()
}

/// Tells whether a transform moves no colour by more than one step: most files carry a copy of sRGB itself.
fn changes_nothing(transform: &Transform) -> bool {
    const STEPS: [u8; 7] = [0, 20, 64, 118, 170, 222, 255];
    let mut colours = Vec::with_capacity(STEPS.len().pow(3) * 3);
    for red in STEPS {
        for green in STEPS {
            for blue in STEPS {
                colours.extend_from_slice(&[red, green, blue]);
            }
        }
    }
    let mut converted = vec![0; colours.len()];
    transform.transform(&colours, &mut converted).is_ok()
        && colours
            .iter()
            .zip(&converted)
            .all(|(before, after)| before.abs_diff(*after) <= 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn srgb_and_broken_profiles_change_nothing() {
        let srgb = ColorProfile::new_srgb().encode().unwrap();
        assert!(matches!(Colour::of_rgb(Some(&srgb)), Colour::Srgb));
        assert!(matches!(
            Colour::of_rgb(Some(b"not a profile")),
            Colour::Srgb
        ));
        assert!(matches!(Colour::of_rgb(Some(&srgb[..200])), Colour::Srgb));
        assert!(matches!(Colour::of_rgb(None), Colour::Srgb));
        let gray = ColorProfile::new_gray_with_gamma(2.2).encode().unwrap();
        assert!(matches!(Colour::of_rgb(Some(&gray)), Colour::Srgb));
    }

    #[test]
    fn display_p3_becomes_more_saturated_numbers() {
        let p3 = ColorProfile::new_display_p3().encode().unwrap();
        let colour = Colour::of_rgb(Some(&p3));
        let mut picture = Picture::filled(5, 3, [200, 100, 100]);
        colour.convert_to_srgb(&mut picture);
        let [red, green, blue] = picture.pixel(4, 2);
        // Computed from the matrices of both spaces: 214.9, 92.6, 96.6.
        assert!(
            red.abs_diff(215) <= 2 && green.abs_diff(93) <= 2 && blue.abs_diff(97) <= 2,
            "{red} {green} {blue}"
        );
        let mut grey = Picture::filled(1, 1, [128; 3]);
        colour.convert_to_srgb(&mut grey);
        assert!(
            grey.pixel(0, 0)
                .iter()
                .all(|value| value.abs_diff(128) <= 1)
        );
    }

    #[test]
    fn grey_profiles_bend_the_curve() {
        let linear = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
        let colour = Colour::of_gray(Some(&linear));
        let mut picture = Picture::filled(1, 1, [55; 3]);
        colour.convert_to_srgb(&mut picture);
        // A linear 55/255 is 0.2157, which sRGB writes as 0.502.
        assert!(
            picture
                .pixel(0, 0)
                .iter()
                .all(|value| value.abs_diff(128) <= 2),
            "{:?}",
            picture.pixel(0, 0)
        );
    }

    #[test]
    fn inks_without_a_profile_filter_light() {
        let mut rgb = [9; 9];
        Cmyk::new(None).convert_row(&[0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255], &mut rgb);
        assert_eq!(rgb, [255, 255, 255, 0, 255, 255, 0, 0, 0]);
    }
}
