//! The garment as a source of colours and of soft outlines.

use crate::garment::GarmentShape;
use crate::raster::{
    Border, Bounds, Gray, Mask, Plane, Rgb8, distance_inside, erode, gaussian, gaussian_mask,
    nearest_true, resize_area_rgb8, sample_linear,
};

use super::grain::{Grain, Speckles, soften_slightly};
use super::patch::cubic_weights;

/// Work pixels of the garment's rim that may carry studio light: never used as colour source.
const SAFE_RIM: f64 = 3.0;
/// Work pixels around the cloth that the soft outline can show.
const SHOWN_AROUND: usize = 8;
/// Depths between which the lens mixes cloth and wall (work pixels, 1 on the outermost pixels).
const CLEAN_DEPTH: (f32, f32) = (0.5, 2.2);
/// Cloth and wall nearer to each other than this (8-bit RGB) leave no halo.
const ALIKE: f32 = 14.0;
/// Blur of the colours beyond the rim (work pixels): nearest colours make streaks where the warp stretches them.
const BLEED_SOFT: f32 = 1.6;
/// Blur of the outline (work pixels).
const OUTLINE_SOFT: f32 = 1.7;
/// Where the softened outline is cut, and how sharply.
const OUTLINE_LEVEL: f32 = 0.60;
const OUTLINE_SLOPE: f32 = 4.0;
/// Below this magnification the product photo is shrunk first ...
const SHRINK_BELOW: f64 = 0.7;
/// ... to this multiple of the size at which it is shown.
const SHRINK_RESERVE: f64 = 1.2;

/// Colours of a garment at every position of its photo: inside the outline its own, beyond it those of the nearest cloth, so
/// that the studio's wall never shows.
#[derive(Debug)]
pub(super) struct Cloth {
    colors: Rgb8,
    /// Pixels of `colors` per garment work pixel.
    factor: (f32, f32),
    /// Grain of the person's photo that the product photo lacks.
    speckles: Option<Speckles>,
}

impl Cloth {
    /// Prepares the colours.
    ///
    /// `cloth` are the work pixels of cloth that may be shown, `sources` those that lend their colours to the others;
    /// `magnification` is the number of pixels in the person's full-size picture per pixel of the product photo;
    /// `grain` is that of the person's photo.
    pub(super) fn new(
        garment: &GarmentShape,
        cloth: &Mask,
        sources: &Mask,
        magnification: f64,
        grain: &Grain,
    ) -> Self {
        let (width, height) = garment.image.size();
        let shrunk;
        let photo = if magnification < SHRINK_BELOW {
            let size = |length: usize| {
                ((length as f64 * magnification * SHRINK_RESERVE).round() as usize).max(1)
            };
            shrunk = resize_area_rgb8(&garment.image, size(width), size(height));
            &shrunk
        } else {
            &garment.image
        };
        let ratio = |length: usize, work: usize| length as f32 / work.max(1) as f32;
        let factor = (
            ratio(photo.width(), garment.work.width()),
            ratio(photo.height(), garment.work.height()),
        );
        let mut colors = Plane::new(photo.width(), photo.height(), [0; 3]);
        if let Some(bounds) = cloth.bounds() {
            let area = grown(bounds, SHOWN_AROUND, cloth.size());
            let rim = Rim::new(&garment.work, cloth, sources, area);
            let (first, last) = (
                (area.y0 as f32 * factor.1) as usize,
                ((area.y1 + 1) as f32 * factor.1).ceil() as usize,
            );
            let columns = (area.x0 as f32 * factor.0) as usize
                ..(((area.x1 + 1) as f32 * factor.0).ceil() as usize).min(photo.width());
            colors.fill_rows(|y, row| {
                if !(first..last).contains(&y) {
                    return;
                }
                let work_y = (y as f32 + 0.5) / factor.1 - 0.5 - area.y0 as f32;
                let photo = &photo.row(y)[columns.clone()];
                for (x, (value, seen)) in row[columns.clone()].iter_mut().zip(photo).enumerate() {
                    let work_x =
                        ((columns.start + x) as f32 + 0.5) / factor.0 - 0.5 - area.x0 as f32;
                    *value = rim.cleaned(*seen, work_x, work_y);
                }
            });
        }
        let shown_at = if magnification < SHRINK_BELOW {
            1.0 / SHRINK_RESERVE as f32
        } else {
            magnification as f32
        };
        let own = Grain::of(photo);
        let blur = grain.missing_blur(&own, shown_at);
        if blur > 0.0 {
            soften_slightly(&mut colors, blur / shown_at);
        }
        Self {
            colors,
            factor,
            speckles: Speckles::new(grain.missing_noise(&own)),
        }
    }

    /// Gives the grain to add at a pixel of the person's picture (levels of 255).
    #[inline]
    pub(super) fn speckle(&self, x: usize, y: usize) -> f32 {
        self.speckles
            .as_ref()
            .map_or(0.0, |speckles| speckles.at(x, y))
    }

    /// Reads the colour at a garment work position (bilinear).
    #[inline]
    pub(super) fn color(&self, x: f32, y: f32) -> [f32; 3] {
        mix_at(
            &self.colors,
            (x + 0.5) * self.factor.0 - 0.5,
            (y + 0.5) * self.factor.1 - 0.5,
        )
    }
}

/// Grows a box by a margin inside a picture.
fn grown(bounds: Bounds, margin: usize, (width, height): (usize, usize)) -> Bounds {
    Bounds {
        x0: bounds.x0.saturating_sub(margin),
        y0: bounds.y0.saturating_sub(margin),
        x1: (bounds.x1 + margin).min(width - 1),
        y1: (bounds.y1 + margin).min(height - 1),
    }
}

/// What the cloth's rim needs to lose the wall that the lens mixed into it (blur-fusion foreground estimation, Forte 2021, with
/// nearest colours in place of the blurred ones).
struct Rim {
    /// Distance to the cloth's edge, work pixels: 0 outside, 1 on the outermost pixels.
    depth: Gray,
    /// The cloth's colour as its inside lends it to the rim.
    cloth: Rgb8,
    /// The colour of what is around the cloth.
    around: Rgb8,
}

impl Rim {
    /// Prepares a part of the garment's work picture.
    fn new(work: &Rgb8, cloth: &Mask, sources: &Mask, area: Bounds) -> Self {
        let part = |mask: &Mask| mask.crop(area.x0, area.y0, area.width(), area.height());
        let work = work.crop(area.x0, area.y0, area.width(), area.height());
        let cloth = part(cloth);
        let lend = || bleed(&work, &part(sources));
        let around = || {
            let outside = cloth.not();
            let far = erode(&outside, SAFE_RIM);
            bleed(&work, if far.any() { &far } else { &outside })
        };
        let (lent, (around, depth)) =
            rayon::join(lend, || rayon::join(around, || distance_inside(&cloth)));
        Self {
            depth,
            cloth: lent,
            around,
        }
    }

    /// Takes the wall's share out of a colour of the photo at a work position in the part.
    fn cleaned(&self, color: [u8; 3], x: f32, y: f32) -> [u8; 3] {
        let nearest = self
            .depth
            .get_clamped((x + 0.5) as isize, (y + 0.5) as isize);
        if nearest > CLEAN_DEPTH.1 + 1.0 {
            return color;
        }
        let inner = mix_at(&self.cloth, x, y);
        let depth = sample_linear(&self.depth, x, y, Border::Replicate);
        let by_place = ((depth - CLEAN_DEPTH.0) / (CLEAN_DEPTH.1 - CLEAN_DEPTH.0)).clamp(0.0, 1.0);
        if by_place <= 0.0 {
            return inner.map(|part| (part + 0.5) as u8);
        }
        let seen = color.map(f32::from);
        let outer = mix_at(&self.around, x, y);
        let share = by_place.max(share_of(seen, inner, outer));
        let mut clean = [0; 3];
        for (part, clean) in clean.iter_mut().enumerate() {
            let expected = share * inner[part] + (1.0 - share) * outer[part];
            let value = inner[part] + share * (seen[part] - expected);
            *clean = (value + 0.5).clamp(0.0, 255.0) as u8;
        }
        clean
    }
}

/// Measures how far a colour lies on the way from the wall's to the cloth's, 0 to 1; 1 where both are alike.
fn share_of(seen: [f32; 3], cloth: [f32; 3], wall: [f32; 3]) -> f32 {
    let (mut along, mut length) = (0.0, 0.0);
    for ((seen, cloth), wall) in seen.into_iter().zip(cloth).zip(wall) {
        along += (seen - wall) * (cloth - wall);
        length += (cloth - wall) * (cloth - wall);
    }
    if length < ALIKE * ALIKE {
        return 1.0;
    }
    (along / length).clamp(0.0, 1.0)
}

/// Lists the garment pixels deeper than `rim`, or all of them when nothing else is left.
pub(super) fn trusted(mask: &Mask, rim: f64) -> Mask {
    let inner = erode(mask, rim);
    if inner.any() { inner } else { mask.clone() }
}

/// Lists the pixels of a top or a dress that lend their colours to the rim.
pub(super) fn trusted_upper(front: &Mask) -> Mask {
    trusted(front, SAFE_RIM)
}

/// Extends colours beyond a mask (nearest) and blurs the extension.
fn bleed(work: &Rgb8, sources: &Mask) -> Rgb8 {
    let nearest = nearest_true(sources);
    let pixels = work.data();
    let extended = nearest.map(|index| {
        pixels
            .get(index as usize)
            .copied()
            .unwrap_or([128; 3])
            .map(f32::from)
    });
    gaussian(&extended, BLEED_SOFT).map(|color| color.map(|part| (part + 0.5) as u8))
}

/// Reads an 8-bit picture at one position with bilinear interpolation; the border goes on outside.
#[inline]
fn mix_at(picture: &Rgb8, x: f32, y: f32) -> [f32; 3] {
    let (width, height) = picture.size();
    if width == 0 || height == 0 {
        return [0.0; 3];
    }
    let x = x.clamp(0.0, (width - 1) as f32);
    let y = y.clamp(0.0, (height - 1) as f32);
    let (left, above) = (x as usize, y as usize);
    let (u, v) = (x - left as f32, y - above as f32);
    let (right, below) = ((left + 1).min(width - 1), (above + 1).min(height - 1));
    let (upper, lower) = (picture.row(above), picture.row(below));
    let weights = [(1.0 - u) * (1.0 - v), u * (1.0 - v), (1.0 - u) * v, u * v];
    let corners = [upper[left], upper[right], lower[left], lower[right]];
    let mut mixed = [0.0; 3];
    for (corner, weight) in corners.into_iter().zip(weights) {
        for (part, value) in mixed.iter_mut().zip(corner) {
            *part += f32::from(value) * weight;
        }
    }
    mixed
}

/// The outline of some part of a garment, softened at work size and sharpened again where it is read.
#[derive(Debug)]
pub(super) struct SoftOutline {
    blurred: Gray,
}

impl SoftOutline {
    /// Softens a mask.
    pub(super) fn new(mask: &Mask) -> Self {
        Self {
            blurred: gaussian_mask(mask, OUTLINE_SOFT),
        }
    }

    /// Reads the strength 0..1 at a garment work position, 0 outside the photo.
    #[inline]
    pub(super) fn strength(&self, x: f32, y: f32) -> f32 {
        let (width, height) = self.blurred.size();
        if !(x >= -0.5 && y >= -0.5 && x <= width as f32 - 0.5 && y <= height as f32 - 0.5) {
            return 0.0;
        }
        let (column, line) = (x.floor(), y.floor());
        let (left, above) = (column as isize, line as isize);
        let nearby = |dx: isize, dy: isize| self.blurred.get_clamped(left + dx, above + dy);
        let corners = [nearby(0, 0), nearby(1, 0), nearby(0, 1), nearby(1, 1)];
        // Far from the edge all four neighbours agree on 0 or 1, with room for the overshoot of the cubic.
        if corners.iter().all(|&value| value > OUTLINE_LEVEL + 0.2) {
            return 1.0;
        }
        if corners.iter().all(|&value| value < OUTLINE_LEVEL - 0.2) {
            return 0.0;
        }
        let (across, down) = (cubic_weights(x - column), cubic_weights(y - line));
        let mut value = 0.0;
        for (dy, weight_y) in (-1..=2).zip(down) {
            for (dx, weight_x) in (-1..=2).zip(across) {
                value += nearby(dx, dy) * weight_x * weight_y;
            }
        }
        ((value - OUTLINE_LEVEL) * OUTLINE_SLOPE + 0.5).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::{to_float, to_rgb8};

    #[test]
    fn no_halo_of_a_white_wall_stays_on_dark_cloth() {
        let mask = Plane::from_fn(120, 100, |x, y| {
            (x as f32 - 60.0).hypot(y as f32 - 50.0) < 35.0
        });
        let drawing = mask.map(|inside| if inside { [30; 3] } else { [250; 3] });
        let photo = to_rgb8(&gaussian(&to_float(&drawing), 0.9));
        let area = mask.bounds().map(|bounds| grown(bounds, 8, mask.size()));
        let area = area.unwrap();
        let rim = Rim::new(&photo, &mask, &trusted(&mask, SAFE_RIM), area);
        let (mut dirty, mut clean) = (0, 0);
        for y in area.y0..=area.y1 {
            for x in area.x0..=area.x1 {
                let seen = photo[(x, y)];
                let color = rim.cleaned(seen, (x - area.x0) as f32, (y - area.y0) as f32);
                dirty = dirty.max(if mask[(x, y)] { seen[0] } else { 0 });
                clean = clean.max(color[0]);
            }
        }
        assert!(dirty > 90, "the photo has a halo: {dirty}");
        assert!(clean <= 36, "{clean}");
    }

    #[test]
    fn cloth_like_the_wall_and_the_inside_keep_their_colours() {
        let mask = Plane::from_fn(60, 60, |x, y| {
            (10..50).contains(&x) && (10..50).contains(&y)
        });
        let photo = Plane::from_fn(60, 60, |x, y| {
            if mask[(x, y)] {
                [240 + (x % 2) as u8, 238, 236]
            } else {
                [245; 3]
            }
        });
        let area = Bounds {
            x0: 0,
            y0: 0,
            x1: 59,
            y1: 59,
        };
        let rim = Rim::new(&photo, &mask, &trusted(&mask, SAFE_RIM), area);
        for (x, y) in [(12, 30), (20, 20), (47, 33)] {
            let (seen, color) = (
                photo[(x, y)],
                rim.cleaned(photo[(x, y)], x as f32, y as f32),
            );
            let apart = seen.iter().zip(color).map(|(a, b)| a.abs_diff(b)).max();
            assert!(apart <= Some(1), "{seen:?} became {color:?}");
        }
        assert_eq!(rim.cleaned([9, 8, 7], 30.0, 30.0), [9, 8, 7]);
    }
}
