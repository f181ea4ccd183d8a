//! Light: how the new cloth is shaded, and how studio colours meet the light of the person's photo.

use crate::garment::GarmentShape;
use crate::person::PersonRegions;
use crate::raster::{
    Gray, Mask, Plane, distance_inside, erode, gaussian, gaussian_mask, mad, median, median_color,
    median_of, percentile, rgb_pixel_from_lab,
};

/// Share of its luminance that cloth loses at the outline, where it turns away from the light.
const EDGE_SHADE: f32 = 0.12;
/// Width of that fall-off (U).
const EDGE_WIDTH: f64 = 0.11;
/// Share of the old garment's folds that the new one takes over.
const FOLD_SHARE: f32 = 0.75;
/// Share of the wall's tint that the light is assumed to have.
const WALL_TINT: f32 = 0.35;
/// Number of colours that percentiles are taken from, about.
const MANY: usize = 20_000;
/// Darkest gain for cloth that is brighter than anything in the person's photo.
const GAIN_MIN: f32 = 0.85;

/// Gives a luminance factor for the new cloth at work size: a fall-off at the outline of all layers together, times the folds
/// of the old garment when that one was plain.
///
/// A fall-off per layer would draw dark seams where a sleeve meets the torso. `coverage` is that of all layers.
pub(super) fn shade(person: &PersonRegions, coverage: &Gray, old_cloth: &Mask) -> Gray {
    let u = person.shoulder_width;
    let covered = coverage.map(|strength| strength > 0.5);
    let width = (EDGE_WIDTH * u) as f32;
    let outline = distance_inside(&covered).map(|distance| {
        let near = 1.0 - (distance / width).clamp(0.0, 1.0);
        1.0 - EDGE_SHADE * near * near
    });
    let hidden = old_cloth.and(&covered);
    if hidden.count() as f64 <= 0.08 * u * u || !is_plain(person, &hidden) {
        return outline;
    }
    let folds = folds(person, &hidden, old_cloth);
    outline.zip_map(&folds, |edge, fold| edge * fold)
}

/// Reads the folds of the old garment: the ratio of its fine to its coarse luminance.
fn folds(person: &PersonRegions, hidden: &Mask, old_cloth: &Mask) -> Gray {
    let u = person.shoulder_width;
    let inner = erode(old_cloth, 2.0);
    let weight = inner.map(f32::from);
    let luminance = person
        .lab
        .zip_map(&inner, |lab, inside| if inside { lab[0] } else { 0.0 });
    let average = |sigma: f64, floor: f32| {
        let sum = gaussian(&luminance, sigma as f32);
        sum.zip_map(&gaussian(&weight, sigma as f32), |sum, weight| {
            sum / weight.max(floor)
        })
    };
    let ratio = average(1.2, 0.05).zip_map(&average(0.16 * u, 0.02), |fine, coarse| {
        ((fine + 8.0) / (coarse + 8.0)).clamp(0.80, 1.15)
    });
    // In the dark, folds cannot be told from noise.
    let level = median_of(person.lab.select(hidden).into_iter().map(|lab| lab[0]));
    let trust = ((level - 12.0) / 35.0).clamp(0.0, 1.0) * FOLD_SHARE;
    let inside = gaussian(&weight, (0.05 * u) as f32);
    ratio.zip_map(&inside, |ratio, inside| {
        1.0 + (ratio - 1.0) * (inside * 1.5 - 0.5).clamp(0.0, 1.0) * trust
    })
}

/// Tells whether cloth has no print, logo or strong texture: only then its shading can be told from its pattern.
fn is_plain(person: &PersonRegions, cloth: &Mask) -> bool {
    let colors = person.lab.select(cloth);
    let mut spread = [0.0; 3];
    let mut span = [0.0; 3];
    let mut level = 0.0;
    for part in 0..3 {
        let mut values: Vec<f32> = colors.iter().map(|color| color[part]).collect();
        spread[part] = mad(&values);
        span[part] = percentile(&mut values, 96.0) - percentile(&mut values, 4.0);
        if part == 0 {
            level = median(&mut values);
        }
    }
    let smooth = spread[1] + spread[2] < 7.0
        && spread[0] < 11.0
        && level > 12.0
        && span[0] < 38.0
        && span[1] < 22.0
        && span[2] < 26.0;
    if !smooth {
        return false;
    }
    let luminance = person.lab.map(|lab| lab[0]);
    let fine = luminance.zip_map(&gaussian(&luminance, 2.0), |value, mean| {
        (value - mean).abs()
    });
    let texture = fine.select(&erode(cloth, 3.0));
    !texture.is_empty() && texture.iter().sum::<f32>() / (texture.len() as f32) < 1.6
}

/// Gives the factors for R, G and B that bring studio cloth into the light of the person's photo: never brighter than the
/// brightest things there, and slightly tinted like a near-neutral wall.
pub(super) fn light_match(person: &PersonRegions, garment: &GarmentShape) -> [f32; 3] {
    let bright = |colors: &[[f32; 3]]| {
        let mut values: Vec<f32> = thinned(colors).map(|lab| lab[0]).collect();
        percentile(&mut values, 98.0)
    };
    let reference = (bright(person.lab.data()) + 1.0).max(86.0);
    let top = bright(&garment.lab.select(&garment.mask));
    let gain = if top > reference {
        (reference / top).powf(1.3).max(GAIN_MIN)
    } else {
        1.0
    };

    let wall = person.background.select(&person.silhouette.not());
    let wall = median_color(&thinned(&wall).collect::<Vec<_>>());
    // Also false for the missing values of a picture without wall.
    let near_neutral = wall[0] >= 40.0 && wall[1].hypot(wall[2]) <= 12.0;
    let (a, b) = if near_neutral {
        (WALL_TINT * wall[1], WALL_TINT * wall[2])
    } else {
        (0.0, 0.0)
    };
    let (tinted, neutral) = (
        rgb_pixel_from_lab([75.0, a, b]),
        rgb_pixel_from_lab([75.0, 0.0, 0.0]),
    );
    let mut factors = [1.0; 3];
    for (factor, (tinted, neutral)) in factors.iter_mut().zip(tinted.into_iter().zip(neutral)) {
        *factor = gain * tinted / neutral.max(1.0);
    }
    factors
}

/// Picks at most [`MANY`] colours at equal steps: enough for a percentile.
fn thinned(colors: &[[f32; 3]]) -> impl Iterator<Item = [f32; 3]> {
    colors.iter().copied().step_by((colors.len() / MANY).max(1))
}

/// Blurs what casts a shadow and moves it down; both lengths in work pixels.
///
/// The result is a strength at work size; it reaches at most [`shadow_reach`] work pixels beyond the caster.
pub(super) fn soft_shadow(caster: &Gray, down: f64, sigma: f64) -> Gray {
    let reach = shadow_reach(down, sigma);
    let Some(bounds) = caster.map(|strength| strength > 0.0).bounds() else {
        return caster.clone();
    };
    let (x0, y0) = (
        bounds.x0.saturating_sub(reach),
        bounds.y0.saturating_sub(reach),
    );
    let part = caster.crop(
        x0,
        y0,
        bounds.x1 + 1 + reach - x0,
        bounds.y1 + 1 + reach - y0,
    );
    let blurred = gaussian(&part, sigma as f32);
    let rows = down as usize;
    Plane::from_fn(caster.width(), caster.height(), |x, y| {
        let inside = x >= x0
            && y >= y0 + rows
            && x - x0 < blurred.width()
            && y - y0 - rows < blurred.height();
        if inside {
            blurred[(x - x0, y - y0 - rows)]
        } else {
            0.0
        }
    })
}

/// Gives how many work pixels a shadow can reach beyond what casts it.
pub(super) fn shadow_reach(down: f64, sigma: f64) -> usize {
    (down + 3.0 * sigma).ceil().max(1.0) as usize + 1
}

/// Blurs a mask as a caster of shadow.
pub(super) fn soft_shadow_of(mask: &Mask, down: f64, sigma: f64) -> Gray {
    soft_shadow(&gaussian_mask(mask, 1.1), down, sigma)
}
