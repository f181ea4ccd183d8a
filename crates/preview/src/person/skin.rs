//! Bare skin: a colour measured in the face (or a generic one at the neck), and every pixel's distance from it.

use super::FaceBox;
use super::landmarks::Landmarks;
use super::legs::first_row_of_two_legs;
use super::measure::share_in;
use super::scene::Scene;
use crate::raster::{
    Connectivity, Gray, Mask, close, components, gaussian, interp, kmeans_thinned, lab_distance,
    median_color, nearest_lab_distance, open, percentile, ycrcb_pixel,
};

/// Distance under which a pixel is skin, when the colour was measured in a face.
pub(super) const LIMIT_WITH_FACE: f32 = 1.6;
/// The same when the colour was only guessed.
const LIMIT_WITHOUT_FACE: f32 = 1.35;
/// Distance of what is certainly no skin.
const FAR: f32 = 9.0;
/// Least number of samples from which a skin colour can be told.
const LEAST_SAMPLES: usize = 40;
/// Least number of samples near the median that may move it.
const LEAST_TYPICAL: usize = 20;
/// Smallest patch of skin that counts, U squared.
const LEAST_PATCH: f64 = 0.004;
/// Spread of skin in (L, a, b) used to keep eyes, brows and lips out of the median.
const SAMPLE_SPREAD: [f32; 3] = [14.0, 5.0, 5.0];
/// Range of L that skin spans below and above its median: shadows reach further than highlights.
const DARKER_SPREAD: f32 = 26.0;
const LIGHTER_SPREAD: f32 = 18.0;
/// Percentiles that tell the shaded and the lit side of a face apart.
const SHADED_QUANTILE: f32 = 15.0;
const LIT_QUANTILE: f32 = 85.0;
/// In evenly lit faces the sides lie at most this far below and above the median's L.
const EVEN_SHADE: f32 = 14.0;
const EVEN_LIGHT: f32 = 10.0;
/// The richest colours of such faces (the same percentile as the lit side) exceed the median's chroma by at most this.
const EVEN_CHROMA: f32 = 5.0;
/// Spread of the hue, radians.
const HUE_SPREAD: f32 = 0.30;
/// Share of a chest of the colour of skin from which on the clothes have that colour.
const CLOTH_SHARE: f64 = 0.6;
/// Colours of the chest that are told apart, and most samples they are learned from.
const CHEST_COLORS: usize = 3;
const MOST_SAMPLES: usize = 900;
/// A colour of the chest is cloth from this distance from the skin's on, however near to the limit of skin that is.
const CLOTH_FROM: f32 = 1.0;
/// Below this distance a pixel is skin, whatever the clothes are like.
const SURE: f32 = 0.8;
/// A pixel on the trunk is cloth when it is this much nearer to a colour of the cloth than to that of the skin; weights of (L, a, b): light and
/// shade change both alike.
const MUCH_NEARER: f32 = 0.6;
const CLOTH_WEIGHTS: [f32; 3] = [0.3, 1.0, 1.0];
/// Colour assumed where none can be measured.
const USUAL_COLOR: [f32; 3] = [70.0, 14.0, 18.0];

/// Half width of a body (U) at distances below the shoulders (U), somewhat wide.
const BODY_ROWS: [f64; 6] = [-0.1, 0.05, 0.4, 0.9, 1.4, 2.6];
const BODY_HALF_WIDTHS: [f64; 6] = [0.30, 0.43, 0.40, 0.36, 0.43, 0.46];

/// Skin and its colour.
pub(super) struct Skin {
    pub(super) mask: Mask,
    pub(super) color: [f32; 3],
    pub(super) distance: Gray,
    pub(super) found: bool,
    /// Share of the chest that looks like skin.
    pub(super) cloth_share: f64,
}

impl Skin {
    /// Finds the bare skin inside the silhouette.
    pub(super) fn find(scene: &Scene, silhouette: &Mask, top: f64, body: &Landmarks) -> Self {
        let samples = sample_region(scene, silhouette, top, body);
        if samples.count() <= LEAST_SAMPLES {
            let (width, height) = silhouette.size();
            return Self {
                mask: Mask::new(width, height, false),
                color: USUAL_COLOR,
                distance: Gray::new(width, height, FAR),
                found: false,
                cloth_share: 0.0,
            };
        }
        let tone = Tone::measure(&scene.lab.select(&samples));
        let cloth = cloth_colors(scene, &tone, &chest(silhouette, body));
        let trunk = trunk(scene.image.size(), body);
        let distance = scene.lab.zip_map(&trunk, |pixel, on_trunk| {
            let distance = tone.distance(pixel);
            if on_trunk && distance > SURE && is_rather_cloth(pixel, &cloth, &tone) {
                FAR
            } else {
                distance
            }
        });
        let distance = gaussian(&distance, 1.2);
        let limit = if scene.face.is_some() {
            LIMIT_WITH_FACE
        } else {
            LIMIT_WITHOUT_FACE
        };
        let patches = patches_of_skin(&distance, limit, silhouette, body);
        let cloth_share = share_in(&patches, &chest(silhouette, body));
        let mask = if cloth_share > CLOTH_SHARE {
            remove_cloth(&patches, silhouette, body)
        } else {
            patches
        };
        Self {
            mask,
            color: tone.color,
            distance,
            found: true,
            cloth_share,
        }
    }
}

/// Finds the colours of the cloth on the chest. In warm light white cloth comes near to pale skin, and only the comparison of the
/// two tells them apart.
fn cloth_colors(scene: &Scene, tone: &Tone, chest: &Mask) -> Vec<[f32; 3]> {
    let colors = scene.lab.select(chest);
    if colors.len() <= LEAST_SAMPLES {
        return Vec::new();
    }
    let step = colors.len().div_ceil(MOST_SAMPLES);
    let mut found = kmeans_thinned(&colors, step, CHEST_COLORS, 10);
    found.retain(|color| tone.distance(*color) > CLOTH_FROM);
    found
}

fn is_rather_cloth(pixel: [f32; 3], cloth: &[[f32; 3]], tone: &Tone) -> bool {
    let nearer = MUCH_NEARER * lab_distance(pixel, tone.color, CLOTH_WEIGHTS);
    nearest_lab_distance(pixel, cloth, CLOTH_WEIGHTS) < nearer
}

/// Distance of every pixel from the colour of the skin in the face, in units of its spread: below about 1.6 it may be skin.
///
/// Needs no silhouette; none when the face shows too little.
pub(super) fn distance_from_face(scene: &Scene, face: &FaceBox) -> Option<Gray> {
    let (width, height) = scene.image.size();
    let samples = scene.lab.select(&middle_of_face(face, width, height));
    (samples.len() > LEAST_SAMPLES).then(|| {
        let tone = Tone::measure(&samples);
        gaussian(&scene.lab.map(|pixel| tone.distance(pixel)), 1.2)
    })
}

fn middle_of_face(face: &FaceBox, width: usize, height: usize) -> Mask {
    let cheeks = face.center.y + 0.08 * face.size;
    Mask::from_fn(width, height, |x, y| {
        let across = (x as f64 - face.center.x) / (0.28 * face.size);
        let down = (y as f64 - cheeks) / (0.30 * face.size);
        across * across + down * down < 1.0
    })
}

/// Tells whether a pixel may be human skin of any tone.
fn could_be_skin(pixel: [u8; 3], lab: [f32; 3]) -> bool {
    let [luma, red, blue] = ycrcb_pixel(pixel);
    let [_, a, b] = lab;
    red > 134.0
        && red < 180.0
        && blue > 80.0
        && blue < 130.0
        && luma > 30.0
        && red - blue > 8.0
        && a > 3.0
        && b > 4.0
        && b > 0.45 * a
}

/// Where to measure the skin's colour: the middle of the face, or skin-like pixels at the neck.
fn sample_region(scene: &Scene, silhouette: &Mask, top: f64, body: &Landmarks) -> Mask {
    let (width, height) = silhouette.size();
    if let Some(face) = scene.face {
        return middle_of_face(&face, width, height).and(silhouette);
    }
    let possible = Mask::from_fn(width, height, |x, y| {
        silhouette[(x, y)] && could_be_skin(scene.image[(x, y)], scene.lab[(x, y)])
    });
    let neck = Mask::from_fn(width, height, |x, y| {
        let near_neck = (x as f64 - body.head_x).abs() < 0.22 * body.shoulder_width;
        possible[(x, y)] && near_neck && body.down(y) < 0.12 && y as f64 >= top
    });
    if neck.count() >= 60 {
        return neck;
    }
    Mask::from_fn(width, height, |x, y| possible[(x, y)] && body.down(y) < 0.5)
}

/// The colour of a person's skin, with the range that one-sided light gives it in the face.
///
/// The range is empty when the face is lit evenly. When half of it lies in the shade the median is a matter of chance, and the
/// range covers both halves.
struct Tone {
    /// Robust median, its hue and its chroma.
    color: [f32; 3],
    hue: f32,
    chroma: f32,
    /// Least and greatest L, on both sides of that of `color`.
    shaded: f32,
    lit: f32,
    /// Greatest chroma: light washes colours out, shade makes them rich.
    rich: f32,
}

impl Tone {
    fn measure(samples: &[[f32; 3]]) -> Self {
        let mut color = median_color(samples);
        for _ in 0..3 {
            let near = near_colors(samples, color, SAMPLE_SPREAD);
            if near.len() > LEAST_TYPICAL {
                color = median_color(&near);
            }
        }
        let [_, a, b] = SAMPLE_SPREAD;
        let range = near_colors(samples, color, [f32::INFINITY, a, b]);
        let mut lightness: Vec<f32> = range.iter().map(|sample| sample[0]).collect();
        let mut chroma: Vec<f32> = range.iter().map(|sample| chroma_of(*sample)).collect();
        // Without samples the percentiles are no numbers, which `min` and `max` ignore.
        Self {
            hue: hue_of(color),
            chroma: chroma_of(color),
            shaded: (percentile(&mut lightness, SHADED_QUANTILE) + EVEN_SHADE).min(color[0]),
            lit: (percentile(&mut lightness, LIT_QUANTILE) - EVEN_LIGHT).max(color[0]),
            rich: (percentile(&mut chroma, LIT_QUANTILE) - EVEN_CHROMA).max(chroma_of(color)),
            color,
        }
    }

    /// Distance in lightness, hue and chroma; shade may also take chroma away, so less of it is expected far from the median's L.
    fn distance(&self, pixel: [f32; 3]) -> f32 {
        let [lightness, _, _] = pixel;
        let lightness_part = (lightness - self.lit).max(0.0) / LIGHTER_SPREAD
            + (self.shaded - lightness).max(0.0) / DARKER_SPREAD;
        let hue_part = (hue_of(pixel) - self.hue) / HUE_SPREAD;
        let usual_chroma = self.chroma;
        let faded =
            usual_chroma * (1.0 - 0.006 * (lightness - self.color[0]).abs()).clamp(0.6, 1.0);
        let chroma = chroma_of(pixel);
        let chroma_part = ((chroma - self.rich).max(0.0) + (faded - chroma).max(0.0))
            / (0.33 * usual_chroma + 3.0);
        (lightness_part * lightness_part + hue_part * hue_part + chroma_part * chroma_part).sqrt()
    }
}

fn near_colors(samples: &[[f32; 3]], color: [f32; 3], spread: [f32; 3]) -> Vec<[f32; 3]> {
    samples
        .iter()
        .copied()
        .filter(|sample| spread_distance(*sample, color, spread) < 2.0)
        .collect()
}

fn hue_of(color: [f32; 3]) -> f32 {
    color[2].atan2(color[1])
}

fn chroma_of(color: [f32; 3]) -> f32 {
    color[1].hypot(color[2])
}

/// Distance of two colours, each channel in units of its spread.
pub(super) fn spread_distance(color: [f32; 3], center: [f32; 3], spread: [f32; 3]) -> f32 {
    let squares =
        (0..3).map(|channel| ((color[channel] - center[channel]) / spread[channel]).powi(2));
    squares.sum::<f32>().sqrt()
}

fn patches_of_skin(distance: &Gray, limit: f32, silhouette: &Mask, body: &Landmarks) -> Mask {
    let near = distance.map(|value| value < limit).and(silhouette);
    let smooth = open(&close(&near, 1.0), 1.5);
    let least_area = LEAST_PATCH * body.shoulder_width * body.shoulder_width;
    components(&smooth, Connectivity::Eight).select(|patch| patch.area as f64 > least_area)
}

/// The middle of chest and belly, which clothes cover.
fn chest(silhouette: &Mask, body: &Landmarks) -> Mask {
    let (width, height) = silhouette.size();
    Mask::from_fn(width, height, |x, y| {
        let down = body.down(y);
        silhouette[(x, y)] && body.across(x).abs() < 0.24 && down > 0.45 && down < 0.85
    })
}

/// Where the body is from the shoulders down, somewhat wide.
fn trunk((width, height): (usize, usize), body: &Landmarks) -> Mask {
    let half_widths: Vec<f64> = (0..height)
        .map(|y| interp(body.down(y), &BODY_ROWS, &BODY_HALF_WIDTHS))
        .collect();
    Mask::from_fn(width, height, |x, y| {
        body.across(x).abs() < half_widths[y] && body.down(y) > -0.02
    })
}

/// Drops "skin" in front of the body down to where two legs are seen: it is cloth.
fn remove_cloth(patches: &Mask, silhouette: &Mask, body: &Landmarks) -> Mask {
    let legs_from = first_row_of_two_legs(silhouette, body);
    let mut cloth = trunk(patches.size(), body);
    let last = (legs_from.max(0.0).ceil() as usize).min(cloth.height());
    for y in last..cloth.height() {
        cloth.row_mut(y).fill(false);
    }
    patches.and_not(&cloth)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIT: [f32; 3] = [80.0, 9.5, 12.0];
    const SHADED: [f32; 3] = [50.0, 14.0, 19.0];

    fn face(lit_share: usize) -> Vec<[f32; 3]> {
        (0..1000)
            .map(|index| if index % 100 < lit_share { LIT } else { SHADED })
            .collect()
    }

    #[test]
    fn a_half_lit_face_covers_its_lit_and_its_shaded_side() {
        for lit_share in [40, 60] {
            let tone = Tone::measure(&face(lit_share));
            assert!(
                tone.distance(LIT) < 1.0,
                "{lit_share} {}",
                tone.distance(LIT)
            );
            assert!(
                tone.distance(SHADED) < 1.0,
                "{lit_share} {}",
                tone.distance(SHADED)
            );
            // Grey, blue and black are no skin in any light.
            for other in [[65.0, 0.0, 0.0], [40.0, 5.0, -30.0], [8.0, 1.0, 1.0]] {
                assert!(tone.distance(other) > LIMIT_WITH_FACE, "{other:?}");
            }
        }
    }

    #[test]
    fn white_cloth_in_warm_light_is_no_skin_and_lit_skin_is_no_cloth() {
        let tone = Tone::measure(&[[65.0, 13.0, 17.0]; 200]);
        let cloth = [[80.0, 3.0, 8.0]];
        for fold in [[80.0, 3.0, 8.0], [72.0, 4.0, 9.0], [86.0, 2.0, 6.0]] {
            assert!(is_rather_cloth(fold, &cloth, &tone), "{fold:?}");
        }
        for lit in [[85.0, 8.0, 12.0], [65.0, 13.0, 17.0], [40.0, 10.0, 13.0]] {
            assert!(!is_rather_cloth(lit, &cloth, &tone), "{lit:?}");
        }
    }

    #[test]
    fn an_evenly_lit_face_is_described_by_its_median() {
        let samples: Vec<[f32; 3]> = (0..100)
            .map(|step| [66.0 + 0.1 * step as f32, 12.0, 16.0])
            .collect();
        let tone = Tone::measure(&samples);
        assert!((tone.color[0] - 71.0).abs() < 0.2);
        assert!(tone.lit <= tone.color[0] && tone.shaded >= tone.color[0]);
        assert!(tone.distance(tone.color) < 1e-3);
        assert!(tone.distance([95.0, 12.0, 16.0]) > tone.distance([60.0, 12.0, 16.0]));
    }
}
