//! Invented skin: continues the skin that is seen, is shaded like a round limb and carries the grain of the photo.

use crate::person::{PersonRegions, Side};
use crate::raster::{
    Bounds, Color, Connectivity, Gray, Mask, Plane, Point, Rgb8, XorShift, close, components,
    dilate, distance_inside, erode, gaussian, gaussian_mask, luma, median_color, median_of,
    percentile, rgb_from_lab,
};

use super::patch::{Frame, Patch, Window, enlarge};

/// Scales at which seen skin is continued, coarse to fine (U).
const SCALES: [f64; 6] = [0.5, 0.25, 0.12, 0.06, 0.03, 0.015];
/// Lab L lost where a limb turns away, and over which width (U).
const ROUND: f32 = 9.0;
const ROUND_WIDTH: f64 = 0.085;
/// Lowest row of a hanging hand (U under the shoulders).
const ARMS_END: f64 = 1.95;
/// Lab L amplitude of the collar-bone hint.
const CLAVICLE: f64 = 2.6;
/// Work pixels around the region that its soft edge can reach.
const EDGE_REACH: usize = 8;
/// Fewest skin pixels (work size, full size) that can be measured.
const FEW: usize = 60;
const FEW_FULL: usize = 400;
/// Side of the tile of grain (full-size pixels), and the largest side of the piece of skin that is measured.
const GRAIN_TILE: usize = 256;
const GRAIN_SAMPLE: usize = 320;

/// Invents skin for a region (work mask); gives colours 0..255 for a window of the full-size picture.
pub(super) fn skin_fill(
    image: &Rgb8,
    person: &PersonRegions,
    region: &Mask,
    frame: &Frame,
    window: Window,
) -> Patch<[f32; 3]> {
    let Some(bounds) = region.bounds() else {
        return Patch::empty();
    };
    let (width, height) = region.size();
    let area = Bounds {
        x0: bounds.x0.saturating_sub(EDGE_REACH),
        y0: bounds.y0.saturating_sub(EDGE_REACH),
        x1: (bounds.x1 + EDGE_REACH).min(width - 1),
        y1: (bounds.y1 + EDGE_REACH).min(height - 1),
    };
    let known = known_skin(person, region);
    let mut lab = continued(person, &known, area);
    let shading = Shading::new(person, region, &known, area);
    lab.fill_rows(|y, row| {
        for (x, color) in row.iter_mut().enumerate() {
            *color = shading.shaded(*color, area.x0 + x, area.y0 + y);
        }
    });
    let mut colors = enlarge(&rgb_from_lab(&lab), (area.x0, area.y0), frame, window);
    let grain = grain(image, person, frame, window);
    colors.change_rows(|y, row| {
        let grain = grain.row(y);
        for (x, color) in row.iter_mut().enumerate() {
            let gain = 1.0 + grain.at(window.x0 + x);
            *color = color.map(|part| part * gain);
        }
    });
    colors
}

/// Lists the pixels whose skin colour is continued: real skin next to the region, its rim left out.
fn known_skin(person: &PersonRegions, region: &Mask) -> Mask {
    let bare = person
        .skin
        .and_not(&person.hair)
        .and_not(&dilate(region, 1.0));
    let first_row = person.chin - 0.06 * person.shoulder_width;
    let inner = erode(&bare, 1.0);
    let known = Plane::from_fn(inner.width(), inner.height(), |x, y| {
        inner[(x, y)] && (y as f64) > first_row
    });
    if known.count() < FEW {
        erode(&person.skin, 1.0)
    } else {
        known
    }
}

/// Finds the Lab colour of well-lit skin: the brighter half of face and arms (the neck lies in the shadow of the chin).
fn skin_tone(person: &PersonRegions) -> [f32; 3] {
    let lit = |x: usize, y: usize| {
        let at = (x, y);
        person.skin[at] && !person.hair[at] && ((y as f64) < person.chin || person.arm[at])
    };
    let mut mask = Plane::from_fn(person.skin.width(), person.skin.height(), lit);
    if mask.count() < 150 {
        mask = person.skin.clone();
    }
    if mask.count() < 80 {
        return person.skin_color;
    }
    let colors = person.lab.select(&mask);
    let mut levels: Vec<f32> = colors.iter().map(|color| color[0]).collect();
    let middle = percentile(&mut levels, 45.0);
    let bright: Vec<[f32; 3]> = colors
        .into_iter()
        .filter(|color| color[0] >= middle)
        .collect();
    median_color(&bright)
}

/// Continues the seen skin into an area (normalised convolution, coarse to fine, exact at the rim of what is seen).
fn continued(person: &PersonRegions, known: &Mask, area: Bounds) -> Color {
    let mut result = Plane::new(area.width(), area.height(), skin_tone(person));
    for scale in SCALES {
        let sigma = scale * person.shoulder_width;
        let coarse = scale > 0.1;
        let (gain, most) = if coarse { (2.0, 0.7) } else { (5.0, 1.0) };
        let Some((sum, weight)) = blurred_part(person, known, area, sigma) else {
            continue;
        };
        result.fill_rows(|y, row| {
            for ((color, sum), weight) in row.iter_mut().zip(sum.row(y)).zip(weight.row(y)) {
                let share = (weight * gain).clamp(0.0, most);
                for (part, sum) in color.iter_mut().zip(sum) {
                    *part = *part * (1.0 - share) + sum / weight.max(1e-3) * share;
                }
            }
        });
    }
    result
}

/// Blurs known colours and their weight; gives the area's part of both, none when nothing known is near.
fn blurred_part(
    person: &PersonRegions,
    known: &Mask,
    area: Bounds,
    sigma: f64,
) -> Option<(Color, Gray)> {
    let reach = (3.0 * sigma).ceil() as usize + 1;
    let (width, height) = known.size();
    let (x0, y0) = (area.x0.saturating_sub(reach), area.y0.saturating_sub(reach));
    let (x1, y1) = (
        (area.x1 + reach).min(width - 1),
        (area.y1 + reach).min(height - 1),
    );
    let near = known.crop(x0, y0, x1 + 1 - x0, y1 + 1 - y0);
    if !near.any() {
        return None;
    }
    let weight = near.map(f32::from);
    let colors = Plane::from_fn(near.width(), near.height(), |x, y| {
        if near[(x, y)] {
            person.lab[(x0 + x, y0 + y)]
        } else {
            [0.0; 3]
        }
    });
    let part = |x: usize, y: usize| (area.x0 - x0 + x, area.y0 - y0 + y);
    let sum = gaussian(&colors, sigma as f32);
    let weight = gaussian(&weight, sigma as f32);
    Some((
        Plane::from_fn(area.width(), area.height(), |x, y| sum[part(x, y)]),
        Plane::from_fn(area.width(), area.height(), |x, y| weight[part(x, y)]),
    ))
}

/// Shades invented skin.
struct Shading<'a> {
    person: &'a PersonRegions,
    area: Bounds,
    /// 0 at the rim of a limb, 1 inside.
    inside: Gray,
    /// 0 next to real skin, whose own shading rules there; 1 far from it.
    far: Gray,
    collar_bones: [CollarBone; 2],
}

impl<'a> Shading<'a> {
    fn new(person: &'a PersonRegions, region: &Mask, known: &Mask, area: Bounds) -> Self {
        let u = person.shoulder_width;
        let limb = close(&region.or(&person.skin), 2.0).and(&person.silhouette);
        let is_arm = |x: usize, y: usize| {
            let down = (y as f64 - person.shoulder_y) / u;
            (x as f64 - person.center_x).abs() > 0.36 * u && (0.05..ARMS_END).contains(&down)
        };
        // Neck and chest end at the silhouette, arms at both of their edges.
        let arms = Plane::from_fn(limb.width(), limb.height(), |x, y| {
            limb[(x, y)] && (is_arm(x, y) || (y as f64) < person.shoulder_y)
        });
        let (to_wall, to_edge) = (distance_inside(&person.silhouette), distance_inside(&arms));
        let width = (ROUND_WIDTH * u) as f32;
        let depth = Plane::from_fn(area.width(), area.height(), |x, y| {
            let at = (area.x0 + x, area.y0 + y);
            let distance = if limb[at] && is_arm(at.0, at.1) {
                to_wall[at].min(to_edge[at])
            } else {
                to_wall[at]
            };
            (distance / width).clamp(0.0, 1.0)
        });
        let near = gaussian_mask(known, (0.03 * u) as f32);
        Self {
            person,
            area,
            inside: gaussian(&depth, (0.01 * u) as f32),
            far: Plane::from_fn(area.width(), area.height(), |x, y| {
                (1.0 - near[(area.x0 + x, area.y0 + y)] * 2.0).clamp(0.0, 1.0)
            }),
            collar_bones: Side::ALL.map(|side| CollarBone::new(person, side)),
        }
    }

    fn shaded(&self, color: [f32; 3], x: usize, y: usize) -> [f32; 3] {
        let local = (x - self.area.x0, y - self.area.y0);
        let (far, rim) = (self.far[local], 1.0 - self.inside[local].clamp(0.0, 1.0));
        let bones = self.collar_bones(x as f64, y as f64);
        [
            color[0] + (bones - ROUND * rim.powf(1.6)) * far,
            color[1] + 1.2 * rim * far,
            color[2] + 1.6 * rim * far,
        ]
    }

    /// Two soft ridges from the pit of the throat to the shoulders, light above and shaded below; zero far from the chest.
    fn collar_bones(&self, x: f64, y: f64) -> f32 {
        let u = self.person.shoulder_width;
        let pit = throat_pit(self.person);
        let ridges: f64 = self
            .collar_bones
            .iter()
            .map(|bone| bone.height(x, y, u))
            .sum();
        let hollow = bell((x - pit.x) / (0.035 * u)) * bell((y - pit.y - 0.01 * u) / (0.03 * u));
        (CLAVICLE * (ridges - 0.9 * hollow)) as f32
    }
}

/// One collar bone: a line from the throat towards the shoulder.
#[derive(Debug, Clone, Copy)]
struct CollarBone {
    start: Point,
    /// Unit vector along the bone and the one downwards across it.
    along: Point,
    across: Point,
    length: f64,
}

impl CollarBone {
    fn new(person: &PersonRegions, side: Side) -> Self {
        let start = throat_pit(person);
        let tip = person.shoulder_tips[side];
        let end = Point::new(
            person.neck_x + 0.66 * (tip.x - person.neck_x),
            0.5 * (start.y + tip.y) - 0.045 * person.shoulder_width,
        );
        let length = (end - start).length().max(1.0);
        let along = (end - start) * (1.0 / length);
        let normal = Point::new(-along.y, along.x);
        Self {
            start,
            along,
            across: if along.x > 0.0 { normal } else { -normal },
            length,
        }
    }

    fn height(&self, x: f64, y: f64, u: f64) -> f64 {
        let offset = Point::new(x, y) - self.start;
        let share = offset.dot(self.along) / self.length;
        let strength = ((share + 0.02).min(1.05 - share) * 5.0).clamp(0.0, 1.0);
        if strength <= 0.0 {
            return 0.0;
        }
        let across = offset.dot(self.across) / u;
        strength * (bell((across + 0.012) / 0.016) - 1.2 * bell((across - 0.024) / 0.022))
    }
}

/// Gives the pit of the throat between the collar bones.
fn throat_pit(person: &PersonRegions) -> Point {
    Point::new(
        person.neck_x,
        person.shoulder_y - 0.02 * person.shoulder_width,
    )
}

/// Bell curve of height 1 and standard deviation 1.
fn bell(value: f64) -> f64 {
    (-0.5 * value * value).exp()
}

/// A band of grain: differences between two blurs (full-size pixels), and its largest relative strength.
struct Band {
    fine: f64,
    coarse: f64,
    most: f32,
}

/// Makes relative luminance noise in two bands, as strong as on the person's own skin.
///
/// The noise is a tile with a fixed seed that goes on seamlessly in all directions, so that the grain of a pixel depends on its
/// position alone.
fn grain(image: &Rgb8, person: &PersonRegions, frame: &Frame, window: Window) -> Patch<f32> {
    let Some((photo, on_skin)) = measured_skin(image, person, frame) else {
        return Patch::empty();
    };
    let coarse = 0.03 * person.shoulder_width * frame.factor().1;
    let bands = [
        Band {
            fine: 0.0,
            coarse: 1.2,
            most: 0.012,
        },
        Band {
            fine: 1.2,
            coarse: coarse.clamp(1.3, GRAIN_TILE as f64 / 8.0),
            most: 0.007,
        },
    ];
    let margin = GRAIN_TILE / 2;
    let white = white_noise(margin);
    let mut tile = Plane::new(GRAIN_TILE, GRAIN_TILE, 0.0_f32);
    for band in bands {
        let strength = relative_strength(&photo, &on_skin, &band).min(band.most);
        let noise = band_of(&white, &band).crop(margin, margin, GRAIN_TILE, GRAIN_TILE);
        let deviation = standard_deviation(&noise).max(1e-6);
        tile = tile.zip_map(&noise, |sum, noise| sum + noise * strength / deviation);
    }
    Patch::from_rows(window, |y, row| {
        let noise = tile.row(y % GRAIN_TILE);
        for (x, value) in row.iter_mut().enumerate() {
            *value = noise[(window.x0 + x) % GRAIN_TILE];
        }
    })
}

/// Draws a tile of white noise, `margin` more on every side as the neighbouring tiles have it.
fn white_noise(margin: usize) -> Gray {
    let mut random = XorShift::new(1);
    let tile: Vec<f32> = (0..GRAIN_TILE * GRAIN_TILE)
        .map(|_| random.normal())
        .collect();
    let side = GRAIN_TILE + 2 * margin;
    let wrapped = |position: usize| (position + GRAIN_TILE - margin) % GRAIN_TILE;
    Plane::from_fn(side, side, |x, y| {
        tile[wrapped(y) * GRAIN_TILE + wrapped(x)]
    })
}

/// Cuts out luminance around the largest patch of the person's skin and marks the skin in it (full size, at most
/// [`GRAIN_SAMPLE`] pixels wide and tall); none with too little skin.
fn measured_skin(image: &Rgb8, person: &PersonRegions, frame: &Frame) -> Option<(Gray, Mask)> {
    let inner = erode(&person.skin, 4.0);
    let patches = components(&inner, Connectivity::Four);
    let largest = patches.largest()?;
    let whole = frame.window(largest.bounds(), 2.0);
    let middle = frame.to_full(largest.centroid);
    let start = |middle: f64, low: usize, high: usize| {
        (middle as usize)
            .saturating_sub(GRAIN_SAMPLE / 2)
            .clamp(low, high.saturating_sub(GRAIN_SAMPLE).max(low))
    };
    let x0 = start(middle.x, whole.x0, whole.x1());
    let y0 = start(middle.y, whole.y0, whole.y1());
    let (width, height) = (
        (whole.x1() - x0).min(GRAIN_SAMPLE),
        (whole.y1() - y0).min(GRAIN_SAMPLE),
    );
    let photo = luma(&image.crop(x0, y0, width, height));
    let (factor_x, factor_y) = frame.factor();
    let on_skin = Plane::from_fn(photo.width(), photo.height(), |x, y| {
        let work = |position: usize, factor: f64| (position as f64 / factor) as isize;
        inner.is_true(work(x0 + x, factor_x), work(y0 + y, factor_y))
    });
    (on_skin.count() >= FEW_FULL).then_some((photo, on_skin))
}

/// Measures how strong a band is on the skin, relative to its luminance.
fn relative_strength(photo: &Gray, on_skin: &Mask, band: &Band) -> f32 {
    let coarse = gaussian(photo, band.coarse as f32);
    let fine = if band.fine > 0.0 {
        gaussian(photo, band.fine as f32)
    } else {
        photo.clone()
    };
    let relative = fine
        .zip_map(&coarse, |fine, coarse| (fine - coarse) / coarse.max(8.0))
        .select(on_skin);
    let middle = median_of(relative.iter().copied());
    1.4826 * median_of(relative.iter().map(|value| (value - middle).abs()))
}

/// Gives the band of a plane.
fn band_of(plane: &Gray, band: &Band) -> Gray {
    let coarse = gaussian(plane, band.coarse as f32);
    let fine = if band.fine > 0.0 {
        gaussian(plane, band.fine as f32)
    } else {
        plane.clone()
    };
    fine.zip_map(&coarse, |fine, coarse| fine - coarse)
}

/// Measures the standard deviation of all samples.
fn standard_deviation(plane: &Gray) -> f32 {
    let count = plane.data().len().max(1) as f64;
    let mean = plane
        .data()
        .iter()
        .map(|&value| f64::from(value))
        .sum::<f64>()
        / count;
    let squares: f64 = plane
        .data()
        .iter()
        .map(|&value| (f64::from(value) - mean).powi(2))
        .sum();
    (squares / count).sqrt() as f32
}
