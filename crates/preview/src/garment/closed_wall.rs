//! The wall as what a disc can reach: garments of nearly the wall's colour have gaps in their outline, but only narrow ones.
//!
//! A pixel is a *barrier* when its colour or its slope stands out from the noise of the wall. A flood of single pixels leaks
//! through every gap of the barrier; a flood of discs (a reconstruction of the wall's morphological opening, Serra 1982) does
//! not. Two passes: the first compares with a surface fitted to the picture's border and only needs to be roughly right, the
//! second with the blurred wall that the first one found, which follows vignettes and soft shadows and allows tighter levels.

use super::contour::WallView;
use super::cutout::{COLOR_WEIGHTS, EVERY_SIDE};
use crate::raster::{
    Color, Connectivity, Gray, Mask, Plane, box_blur, components, dilate, erode, flood_from_border,
    gaussian, gaussian_mask, lab_distance, percentile, sobel_x_color, sobel_y_color,
};

/// Radius of the disc that must fit between the barriers, work pixels: first and second pass.
const DISC: [f64; 2] = [4.0, 3.0];
/// Levels above the upper quantile of the wall's own noise: (factor, constant) for colour and for slope.
const COLOR_LEVEL: [(f32, f32); 2] = [(2.5, 1.5), (1.6, 0.45)];
const SLOPE_LEVEL: [(f32, f32); 2] = [(2.0, 0.15), (1.8, 0.10)];
/// Quantile of the noise.
const NOISE_QUANTILE: f32 = 90.0;
/// Width of the strip along the border on which the noise of the first pass is measured, work pixels.
const NOISE_STRIP: usize = 6;
/// Wall pixels this far from every barrier show the noise of the second pass, work pixels.
const NOISE_DISTANCE: f64 = 5.0;
/// Blur of the wall's colour in the second pass, work pixels.
const WALL_BLUR: f32 = 18.0;
/// Share of wall in that blur above which it is trusted.
const WALL_SHARE: f32 = 0.02;
/// Edge length of the blocks of JPEG, pixels of the photo.
const BLOCK: f64 = 8.0;
/// Share of the local contrast at which the garment begins.
const HALF: f32 = 0.4;
/// A narrow pocket is wall when colour and activity exceed the wall's own noise by no more than this.
const POCKET_LEVEL: (f32, f32) = (0.15, 0.03);

/// What the first pass knows: the wall's colour everywhere, and how noisy it is.
pub(super) struct Wall {
    /// Lab distance to the blurred wall.
    pub(super) distance: Gray,
    slope: Gray,
    /// Greatest distance nearby.
    contrast: Gray,
    /// Mean slope nearby.
    activity: Gray,
    /// Upper quantiles of the wall's own distance, slope and activity.
    noise: Noise,
    /// Reach of the compression's ringing around edges, work pixels.
    ringing: f64,
}

/// A garment cut out of its wall.
pub(super) struct Cut {
    /// The garment up to half of its contrast.
    pub(super) mask: Mask,
    /// The garment with ringing and soft shadow around it.
    pub(super) outer: Mask,
    /// Distance to the wall above which a colour stands out.
    pub(super) level: f32,
}

/// Upper quantiles of what the wall alone shows.
#[derive(Clone, Copy)]
struct Noise {
    distance: f32,
    slope: f32,
    activity: f32,
}

impl Wall {
    /// Looks at the wall; `surface` is the first guess of its colour, `scale` the work pixels per pixel of the photo.
    pub(super) fn look(lab: &Color, surface: &Color, scale: f64) -> Self {
        let smooth = gaussian(lab, 0.6);
        let slope = color_slope(&smooth);
        let strip = border_strip(lab.width(), lab.height());
        let far = distance_to(&smooth, surface);
        let noise = [upper(&far, &strip), upper(&slope, &strip)];
        let first = disc_flood(&barrier(&far, &slope, noise, 0, 1.0).0, DISC[0]);

        let distance = distance_to(&smooth, &blurred_wall(lab, &first, surface));
        let inner = erode(&first, NOISE_DISTANCE);
        let sample = if inner.any() { inner } else { strip };
        let ringing = BLOCK * scale.min(1.0) + 3.0;
        let activity = box_blur(&slope, 3, 3);
        Self {
            contrast: local_maximum(&distance, ringing.round() as usize),
            noise: Noise {
                distance: upper(&distance, &sample),
                slope: upper(&slope, &sample),
                activity: upper(&activity, &sample),
            },
            distance,
            slope,
            activity,
            ringing,
        }
    }

    /// Cuts the garment out; `tolerance` multiplies what counts as noise.
    pub(super) fn cut(&self, tolerance: f32) -> Cut {
        let noise = [self.noise.distance, self.noise.slope];
        let (barrier, level) = barrier(&self.distance, &self.slope, noise, 1, tolerance);
        let wall = disc_flood(&barrier, DISC[1]);
        let wall = self.with_pockets(&wall, &barrier);
        let outer = wall.not();
        let wall = self.up_to_half_contrast(&wall);
        Cut {
            mask: smooth_where_faint(&wall.not(), &self.contrast),
            outer,
            level,
        }
    }

    /// Shows the wall to whoever looks for the exact edge; `level` is that of the cut.
    pub(super) fn view(&self, level: f32) -> WallView<'_> {
        WallView {
            distance: &self.distance,
            contrast: &self.contrast,
            noise: level,
        }
    }

    /// Lets the wall grow through ringing and soft shadow up to where half of the garment's contrast is reached.
    fn up_to_half_contrast(&self, wall: &Mask) -> Mask {
        let faint = self
            .distance
            .zip_map(&self.contrast, |far, most| far < HALF * most);
        let band = dilate(wall, self.ringing).and(&faint).or(wall);
        let centers = erode(&band, 1.0);
        let grown = flood_from_border(&centers, EVERY_SIDE);
        dilate(&grown, 1.0).and(&band).or(wall)
    }
}

/// Contrast below which the outline's small steps are those of the compression (Lab), and the blur that removes them.
const FAINT: f32 = 12.0;
const STEP_BLUR: f32 = 3.0;

/// Smooths the outline where it has little contrast.
fn smooth_where_faint(mask: &Mask, contrast: &Gray) -> Mask {
    let soft = gaussian_mask(mask, STEP_BLUR);
    Plane::from_fn(mask.width(), mask.height(), |x, y| {
        if contrast[(x, y)] < FAINT {
            soft[(x, y)] > 0.5
        } else {
            mask[(x, y)]
        }
    })
}

/// Takes the maximum over a square window reaching `reach` pixels to every side.
fn local_maximum(plane: &Gray, reach: usize) -> Gray {
    let (width, height) = plane.size();
    let rows = Plane::from_fn(width, height, |x, y| {
        let window = &plane.row(y)[x.saturating_sub(reach)..(x + reach + 1).min(width)];
        window.iter().copied().fold(0.0, f32::max)
    });
    Plane::from_fn(width, height, |x, y| {
        (y.saturating_sub(reach)..(y + reach + 1).min(height))
            .map(|row| rows[(x, row)])
            .fold(0.0, f32::max)
    })
}

/// Measures the colour gradient per pixel (Lab units).
fn color_slope(smooth: &Color) -> Gray {
    let square = |color: [f32; 3]| color.iter().map(|value| value * value).sum::<f32>();
    sobel_x_color(smooth).zip_map(&sobel_y_color(smooth), |across, down| {
        (square(across) + square(down)).sqrt() / 8.0
    })
}

fn distance_to(lab: &Color, surface: &Color) -> Gray {
    lab.zip_map(surface, |color, wall| {
        lab_distance(color, wall, COLOR_WEIGHTS)
    })
}

fn border_strip(width: usize, height: usize) -> Mask {
    Plane::from_fn(width, height, |x, y| {
        x < NOISE_STRIP || y < NOISE_STRIP || x + NOISE_STRIP >= width || y + NOISE_STRIP >= height
    })
}

/// Measures the upper quantile of the values under a mask, 0 where there are none.
fn upper(plane: &Gray, sample: &Mask) -> f32 {
    let mut values = plane.select(sample);
    if values.is_empty() {
        return 0.0;
    }
    percentile(&mut values, NOISE_QUANTILE)
}

/// Marks what stands out from the noise of distance and slope; gives the colour level, too.
fn barrier(far: &Gray, slope: &Gray, noise: [f32; 2], pass: usize, tolerance: f32) -> (Mask, f32) {
    let level =
        |noise: f32, (factor, constant): (f32, f32)| tolerance * (factor * noise + constant);
    let color_level = level(noise[0], COLOR_LEVEL[pass]);
    let slope_level = level(noise[1], SLOPE_LEVEL[pass]);
    let barrier = far.zip_map(slope, |far, slope| far > color_level || slope > slope_level);
    (barrier, color_level)
}

/// Reaches from the border what a disc of the radius can without touching the barrier.
fn disc_flood(barrier: &Mask, radius: f64) -> Mask {
    let free = barrier.not();
    let centers = flood_from_border(&erode(&free, radius), EVERY_SIDE);
    dilate(&centers, radius).and(&free)
}

/// Blurs the wall over the garment (normalised convolution); `surface` counts where no wall is near.
fn blurred_wall(lab: &Color, wall: &Mask, surface: &Color) -> Color {
    let weighted = lab.zip_map(
        wall,
        |color, is_wall| if is_wall { color } else { [0.0; 3] },
    );
    let share = gaussian(&wall.map(f32::from), WALL_BLUR);
    let sum = gaussian(&weighted, WALL_BLUR);
    Plane::from_fn(lab.width(), lab.height(), |x, y| {
        let weight = share[(x, y)];
        if weight < WALL_SHARE {
            return surface[(x, y)];
        }
        sum[(x, y)].map(|value| value / weight)
    })
}

/// Ringing in a pocket between strongly coloured cloth: colour and slope stay below these, the cloth's contrast lies above (Lab).
const RINGING_COLOR: f32 = 3.2;
const RINGING_SLOPE: f32 = 2.4;
const POCKET_CONTRAST: f32 = 18.0;
/// Share of such a pocket's rim that must be strongly coloured, and how far from the pocket that is looked at (work pixels).
const STRONG_RIM: f64 = 0.47;
const RIM_STEP: isize = 5;

/// A pocket between wall and cloth that the disc could not enter.
#[derive(Clone, Copy, Default)]
struct Pocket {
    area: usize,
    like_wall: usize,
    rim: usize,
    strong_rim: usize,
}

impl Pocket {
    fn is_wall(self) -> bool {
        2 * self.like_wall > self.area
            || self.strong_rim as f64 > STRONG_RIM * self.rim.max(1) as f64
    }
}

impl Wall {
    /// Adds pockets too narrow for the disc (between sleeve and body): they look exactly like the wall, or the cloth around
    /// them is so different that ringing of the compression explains the rest.
    fn with_pockets(&self, wall: &Mask, barrier: &Mask) -> Mask {
        let calm = self.distance.zip_map(&self.slope, |far, slope| {
            far < RINGING_COLOR && slope < RINGING_SLOPE
        });
        let ringing = calm.zip_map(&self.contrast, |calm, most| calm && most > POCKET_CONTRAST);
        let passable = barrier.not().or(&ringing).or(wall);
        let reached = flood_from_border(&passable, EVERY_SIDE);
        let parts = components(&reached.and_not(&dilate(wall, 1.0)), Connectivity::Four);
        let far_level = self.noise.distance + POCKET_LEVEL.0;
        let activity_level = self.noise.activity + POCKET_LEVEL.1;
        let mut pockets = vec![Pocket::default(); parts.regions.len()];
        let around = [(RIM_STEP, 0), (-RIM_STEP, 0), (0, RIM_STEP), (0, -RIM_STEP)];
        for y in 0..wall.height() {
            for x in 0..wall.width() {
                let label = parts.labels[(x, y)];
                if label == 0 {
                    continue;
                }
                let pocket = &mut pockets[label as usize - 1];
                pocket.area += 1;
                pocket.like_wall += usize::from(
                    self.distance[(x, y)] < far_level && self.activity[(x, y)] < activity_level,
                );
                for (dx, dy) in around {
                    let (x, y) = (x as isize + dx, y as isize + dy);
                    if !passable.get(x, y).unwrap_or(true) {
                        pocket.rim += 1;
                        pocket.strong_rim +=
                            usize::from(self.distance.get_clamped(x, y) > 0.5 * POCKET_CONTRAST);
                    }
                }
            }
        }
        let found = parts
            .labels
            .map(|label| label > 0 && pockets[label as usize - 1].is_wall());
        wall.or(&dilate(&found, 1.0).and(&passable))
    }
}
