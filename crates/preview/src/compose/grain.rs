//! Grain and sharpness of a photo, and how a garment takes on those of the person's photo.
//!
//! Noise: the smallest responses of a filter that no plane or ramp excites (Immerkaer 1996). Sharpness: how much an edge's
//! slope loses when the picture is blurred once more tells how blurred it is already (Zhuo and Sim 2011).

use crate::raster::{Gray, Plane, Rgb8, gaussian, normal_noise, percentile};

/// Edge length of the blocks in which noise is measured, and their distance (pixels).
const BLOCK: usize = 14;
const BLOCK_STEP: usize = 40;
/// The calmest blocks show the noise: this quantile of all.
const CALM: f32 = 15.0;
/// Blocks beyond these mean levels may be clipped.
const UNCLIPPED: std::ops::Range<f32> = 15.0..240.0;
/// Response of the filter to noise of unit strength.
const FILTER_GAIN: f32 = 6.0;
/// Rows between the rows in which edges are measured.
const ROW_STEP: usize = 4;
/// Least slope of an edge that counts (levels per pixel).
const EDGE_SLOPE: f32 = 9.0;
/// Fewest edges that tell anything, and the quantile that stands for those square to the row and in focus.
const LEAST_EDGES: usize = 40;
const SHARP: f32 = 25.0;
/// Kernel of the blur that is added for the measurement: a Gaussian of one pixel.
const BLUR: [f32; 4] = [0.3991, 0.2420, 0.0540, 0.0044];
/// Blur of the interpolation when a garment is warped (pixels), and the noise that it leaves.
const WARP_BLUR: f32 = 0.3;
const WARP_NOISE: f32 = 0.7;
/// A difference in sharpness up to this is not seen; more than that is never added (pixels).
const UNSEEN_BLUR: f32 = 0.35;
const MOST_BLUR: f32 = 0.9;
/// Noise up to this is not seen; more than that is never added (levels).
const UNSEEN_NOISE: f32 = 0.5;
const MOST_NOISE: f32 = 5.0;
/// Size of the noise that is laid on like tiles, and how far it hangs together (pixels).
const TILE: usize = 192;
const CORRELATION: f32 = 0.55;

/// How noisy and how sharp a photo is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Grain {
    /// Standard deviation of its noise (levels of 255).
    noise: f32,
    /// Blur of its edges (pixels); none without edges.
    blur: Option<f32>,
}

impl Grain {
    /// Measures a picture.
    pub(super) fn of(picture: &Rgb8) -> Self {
        Self {
            noise: noise(picture),
            blur: blur(picture),
        }
    }

    /// Gives the blur that brings a garment, shown at `magnification`, to the sharpness of this photo (pixels of this photo).
    pub(super) fn missing_blur(&self, garment: &Self, magnification: f32) -> f32 {
        let (Some(wanted), Some(own)) = (self.blur, garment.blur) else {
            return 0.0;
        };
        let square = |value: f32| value * value;
        let shown = square(own * magnification) + square(WARP_BLUR);
        (square(wanted) - shown - square(UNSEEN_BLUR))
            .max(0.0)
            .sqrt()
            .min(MOST_BLUR)
    }

    /// Gives the noise that a garment lacks (levels of 255).
    pub(super) fn missing_noise(&self, garment: &Self) -> f32 {
        let own = garment.noise * WARP_NOISE;
        let missing = (self.noise * self.noise - own * own).max(0.0).sqrt();
        // Continuous: nothing below what can be seen, all of it from twice that on.
        let visible = ((missing - UNSEEN_NOISE) / UNSEEN_NOISE).clamp(0.0, 1.0);
        (visible * missing).min(MOST_NOISE)
    }
}

#[inline]
fn luma([red, green, blue]: [u8; 3]) -> f32 {
    0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue)
}

/// Measures the noise in the calmest blocks.
fn noise(picture: &Rgb8) -> f32 {
    let (width, height) = picture.size();
    let mut blocks = Vec::new();
    let mut levels = [[0.0_f32; BLOCK]; BLOCK];
    for y0 in (0..height.saturating_sub(BLOCK)).step_by(BLOCK_STEP) {
        for x0 in (0..width.saturating_sub(BLOCK)).step_by(BLOCK_STEP) {
            let mut sum = 0.0;
            for (dy, row) in levels.iter_mut().enumerate() {
                let source = &picture.row(y0 + dy)[x0..x0 + BLOCK];
                for (level, pixel) in row.iter_mut().zip(source) {
                    *level = luma(*pixel);
                    sum += *level;
                }
            }
            if UNCLIPPED.contains(&(sum / (BLOCK * BLOCK) as f32)) {
                blocks.push(block_noise(&levels));
            }
        }
    }
    if blocks.is_empty() {
        return 0.0;
    }
    percentile(&mut blocks, CALM)
}

/// Measures the noise in one block.
fn block_noise(levels: &[[f32; BLOCK]; BLOCK]) -> f32 {
    let second = |row: &[f32; BLOCK], x: usize| row[x - 1] - 2.0 * row[x] + row[x + 1];
    let mut sum = 0.0;
    for rows in levels.windows(3) {
        for x in 1..BLOCK - 1 {
            let response = second(&rows[0], x) - 2.0 * second(&rows[1], x) + second(&rows[2], x);
            sum += response * response;
        }
    }
    let count = (BLOCK - 2) * (BLOCK - 2);
    (sum / count as f32).sqrt() / FILTER_GAIN
}

/// Measures the blur of the steepest edges along some rows.
fn blur(picture: &Rgb8) -> Option<f32> {
    let reach = BLUR.len();
    let mut found = Vec::new();
    for y in (0..picture.height()).step_by(ROW_STEP) {
        let levels: Vec<f32> = picture.row(y).iter().map(|pixel| luma(*pixel)).collect();
        let slope = |x: usize| 0.5 * (levels[x + 1] - levels[x - 1]);
        for x in reach + 1..levels.len().saturating_sub(reach + 1) {
            let here = slope(x).abs();
            if here < EDGE_SLOPE || here < slope(x - 1).abs() || here < slope(x + 1).abs() {
                continue;
            }
            let mut blurred = BLUR[0] * slope(x);
            for (step, weight) in BLUR.iter().enumerate().skip(1) {
                blurred += weight * (slope(x - step) + slope(x + step));
            }
            // Two edges side by side can even steepen under a blur.
            let ratio = (here / blurred.abs().max(1e-3)).max(1.05);
            found.push(1.0 / (ratio * ratio - 1.0).sqrt());
        }
    }
    (found.len() >= LEAST_EDGES).then(|| percentile(&mut found, SHARP))
}

/// Blurs a picture slightly (pixels), in place of a Gaussian a few passes of three neighbours.
pub(super) fn soften_slightly(picture: &mut Rgb8, sigma: f32) {
    // Three neighbours with weights a, 1 - 2a, a have the variance 2a, which must stay below one half.
    const MOST_VARIANCE: f32 = 0.45;
    let variance = sigma * sigma;
    let passes = (variance / MOST_VARIANCE).ceil().max(1.0);
    let side = variance / passes / 2.0;
    for _ in 0..passes as usize {
        let mix = |before: [u8; 3], here: [u8; 3], after: [u8; 3]| {
            let mut mixed = [0; 3];
            for part in 0..3 {
                let around = f32::from(before[part]) + f32::from(after[part]);
                let value = (1.0 - 2.0 * side) * f32::from(here[part]) + side * around;
                mixed[part] = (value + 0.5) as u8;
            }
            mixed
        };
        let (width, height) = picture.size();
        let across = Plane::from_fn(width, height, |x, y| {
            let row = picture.row(y);
            mix(
                row[x.saturating_sub(1)],
                row[x],
                row[(x + 1).min(width - 1)],
            )
        });
        *picture = Plane::from_fn(width, height, |x, y| {
            mix(
                across[(x, y.saturating_sub(1))],
                across[(x, y)],
                across[(x, (y + 1).min(height - 1))],
            )
        });
    }
}

/// Noise to lay on, the same on every run.
#[derive(Debug)]
pub(super) struct Speckles {
    tile: Gray,
}

impl Speckles {
    /// Makes noise of some strength (levels of 255); none when there is nothing to lay on.
    pub(super) fn new(strength: f32) -> Option<Self> {
        if strength <= 0.0 {
            return None;
        }
        let soft = gaussian(&normal_noise(TILE, TILE, 0x6772_6169), CORRELATION);
        let square: f32 = soft.data().iter().map(|value| value * value).sum();
        let scale = strength / (square / soft.data().len() as f32).sqrt().max(1e-6);
        Some(Self {
            tile: soft.map(|value| value * scale),
        })
    }

    /// Reads the noise at a pixel.
    #[inline]
    pub(super) fn at(&self, x: usize, y: usize) -> f32 {
        // Every row of tiles is shifted, so that no grid shows.
        let shift = y / TILE * 71;
        self.tile[((x + shift) % TILE, y % TILE)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::{to_float, to_rgb8};

    /// Discs of several greys, blurred, with noise on top.
    fn picture(sigma: f32, strength: f32) -> Rgb8 {
        let drawing = Rgb8::from_fn(360, 360, |x, y| {
            let (dx, dy) = (x as f32 % 90.0 - 45.0, y as f32 % 90.0 - 45.0);
            if dx.hypot(dy) < 30.0 {
                [60, 70, 80]
            } else {
                [190, 180, 170]
            }
        });
        let noise = normal_noise(360, 360, 9);
        let blurred = gaussian(&to_float(&drawing), sigma);
        to_rgb8(&blurred.zip_map(&noise, |color, noise| {
            color.map(|part| part + strength * noise)
        }))
    }

    #[test]
    fn noise_and_blur_are_measured() {
        for (sigma, strength) in [(0.8, 1.0), (1.2, 3.0)] {
            let grain = Grain::of(&picture(sigma, strength));
            assert!((grain.noise - strength).abs() < 0.2 * strength, "{grain:?}");
            // Slopes are read over two pixels, and the discs' edges are rarely square to the rows.
            let more = grain.blur.unwrap() - sigma;
            assert!((-0.1..0.4).contains(&more), "{grain:?}");
        }
    }

    #[test]
    fn a_clean_garment_takes_on_the_noise_of_the_photo() {
        let (person, garment) = (picture(0.8, 2.5), picture(0.8, 0.0));
        let missing = Grain::of(&person).missing_noise(&Grain::of(&garment));
        let speckles = Speckles::new(missing).unwrap();
        let dressed = Rgb8::from_fn(360, 360, |x, y| {
            garment[(x, y)].map(|part| (f32::from(part) + speckles.at(x, y) + 0.5) as u8)
        });
        let mean = |picture: &Rgb8| {
            let sum: f64 = picture.data().iter().map(|pixel| f64::from(pixel[0])).sum();
            sum / picture.data().len() as f64
        };
        assert!((mean(&dressed) - mean(&garment)).abs() < 0.1);
        let spread = speckles
            .tile
            .data()
            .iter()
            .map(|value| value * value)
            .sum::<f32>()
            / speckles.tile.data().len() as f32;
        assert!((spread.sqrt() - 2.5).abs() < 0.4, "{}", spread.sqrt());
    }

    #[test]
    fn a_crisp_garment_takes_on_the_softness_of_the_photo() {
        let (person, mut garment) = (picture(1.2, 0.0), picture(0.5, 0.0));
        let blur = Grain::of(&person).missing_blur(&Grain::of(&garment), 1.0);
        assert!((0.5..=MOST_BLUR).contains(&blur), "{blur}");
        let before = Grain::of(&garment).blur.unwrap();
        soften_slightly(&mut garment, blur);
        let after = Grain::of(&garment).blur.unwrap();
        assert!(after > before + 0.2 && after < 1.3, "{before} {after}");
    }

    #[test]
    fn equal_photos_need_nothing() {
        let grain = Grain::of(&picture(0.7, 0.6));
        assert!(grain.missing_noise(&grain) < 1e-6);
        assert!(grain.missing_blur(&grain, 1.0) < 1e-6);
        let blank = Grain::of(&Plane::new(3, 2, [0; 3]));
        assert!(blank.noise < 1e-6 && blank.blur.is_none());
        assert!(Speckles::new(0.0).is_none());
    }
}
