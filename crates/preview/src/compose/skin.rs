//! Invented skin: continues the skin that is seen, is lit like a round body and carries the fine structure of the person's own skin.

use crate::person::{PersonRegions, Side};
use crate::raster::{
    Bounds, Color, Gray, Mask, Plane, Point, Rgb8, close, dilate, erode, gaussian_mask,
    median_color, median_of, percentile, rgb_from_lab, solve,
};

use super::continuation::continued;
use super::patch::{Frame, Patch, Window, enlarge};
use super::texture::Texture;

/// Length after which the lightness and the colour of seen skin have faded into the person's usual tone (U).
const FADE_LIGHTNESS: f64 = 0.20;
const FADE_COLOR: f64 = 0.6;
/// Seen skin may differ from the usual tone by this much where it is continued (Lab): more is hair or jewellery.
const MOST_DIFFERENCE: [f32; 3] = [26.0, 12.0, 14.0];
/// Chroma by which skin may differ from the person's usual tone (Lab).
const MOST_CHROMA: f32 = 24.0;
/// Lab L amplitude of the collar bones, and of the hollow between the sides of the chest.
const CLAVICLE: f64 = 3.6;
const HOLLOW: f64 = 1.6;
/// Surroundings of the region that are continued (U).
const SURROUNDINGS: f64 = 0.3;
/// Lowest row of a hanging hand (U under the shoulders).
const ARMS_END: f64 = 1.95;
/// Work pixels around the region that its soft edge can reach.
const EDGE_REACH: usize = 8;
/// Fewest skin pixels (work size) that can be measured.
const FEW: usize = 60;
/// Blur that inflates an arm, and neck and chest (U): about two thirds of half the width of an arm.
const ARM_SOFTNESS: f64 = 0.055;
const BODY_SOFTNESS: f64 = 0.06;
/// Width of the transition between chest and arm (U).
const ARM_TRANSITION: f64 = 0.06;
/// Neck and chest turn away less than an arm.
const BODY_SHARE: f32 = 0.6;

/// Invents skin for a region (work mask); gives colours 0..255 for a window of the full-size picture.
///
/// `covered` are work pixels of limbs that the new garment hides: they tell where a limb does not end.
pub(super) fn skin_fill(
    image: &Rgb8,
    person: &PersonRegions,
    region: &Mask,
    covered: &Mask,
    frame: &Frame,
    window: Window,
) -> Patch<[f32; 3]> {
    let Some(bounds) = region.bounds() else {
        return Patch::empty();
    };
    let (width, height) = region.size();
    let margin = EDGE_REACH.max((SURROUNDINGS * person.shoulder_width) as usize);
    let area = Bounds {
        x0: bounds.x0.saturating_sub(margin),
        y0: bounds.y0.saturating_sub(margin),
        x1: (bounds.x1 + margin).min(width - 1),
        y1: (bounds.y1 + margin).min(height - 1),
    };
    let part = |mask: &Mask| mask.crop(area.x0, area.y0, area.width(), area.height());
    let known = known_skin(person, region);
    let form = Form::new(person, region, covered, area);
    let light = Light::measured(person, &form, &known);
    let tone = skin_tone(person);
    let relief = Relief::new(person);
    let base = Plane::from_fn(area.width(), area.height(), |x, y| {
        let turned = form.turned[(x, y)];
        // The chest's relief ends where the arm begins, without a step.
        let chest = 1.0 - form.arm_share[(x, y)];
        let bones = if chest > 0.0 {
            chest * relief.height((area.x0 + x) as f64, (area.y0 + y) as f64)
        } else {
            0.0
        };
        let gain = 1.0 + light.change(turned);
        // In the shade skin is redder than its lightness tells.
        [
            tone[0] * gain + bones,
            tone[1] * gain.powf(0.4),
            tone[2] * gain.powf(0.6),
        ]
    });
    let known = part(&known);
    let difference = Plane::from_fn(area.width(), area.height(), |x, y| {
        let seen = person.lab[(area.x0 + x, area.y0 + y)];
        let mut difference = [0.0; 3];
        for (index, value) in difference.iter_mut().enumerate() {
            let most = MOST_DIFFERENCE[index];
            *value = (seen[index] - base[(x, y)][index]).clamp(-most, most);
        }
        difference
    });
    let fade = |length: f64| (length * person.shoulder_width) as f32;
    let fades = [FADE_LIGHTNESS, FADE_COLOR, FADE_COLOR].map(fade);
    let lab = base.zip_map(&continued(&difference, &known, fades), |base, more| {
        [base[0] + more[0], base[1] + more[1], base[2] + more[2]]
    });
    let mut colors = enlarge(&rgb_from_lab(&lab), (area.x0, area.y0), frame, window);
    if let Some(texture) = skin_texture(image, person, frame) {
        colors.change_rows(|y, row| {
            for (x, color) in row.iter_mut().enumerate() {
                for (part, more) in color.iter_mut().zip(texture.at(window.x0 + x, y)) {
                    *part *= 1.0 + more;
                }
            }
        });
    }
    colors
}

/// Takes the fine structure from arms and neck, or from the face too when little else is seen.
fn skin_texture(image: &Rgb8, person: &PersonRegions, frame: &Frame) -> Option<Texture> {
    let bare = person.skin.and_not(&person.hair);
    let below_chin = Plane::from_fn(bare.width(), bare.height(), |x, y| {
        bare[(x, y)] && y as f64 > person.chin
    });
    [below_chin, bare]
        .iter()
        .find_map(|surface| Texture::of(image, surface, person.shoulder_width, frame))
}

/// Lists skin without what only resembles it: hair, and red cloth or wood, which has the hue of skin but a stronger colour.
pub(super) fn bare_skin(person: &PersonRegions) -> Mask {
    let tone = skin_tone(person);
    let alike = person
        .lab
        .map(|lab| (lab[1] - tone[1]).hypot(lab[2] - tone[2]) < MOST_CHROMA);
    person.skin.and(&alike).and_not(&person.hair)
}

/// Lists the pixels whose skin colour is continued: real skin next to the region, its rim left out.
fn known_skin(person: &PersonRegions, region: &Mask) -> Mask {
    let bare = bare_skin(person).and_not(&dilate(region, 1.0));
    let first_row = person.chin - 0.06 * person.shoulder_width;
    let inner = erode(&bare, 1.0);
    let known = Plane::from_fn(inner.width(), inner.height(), |x, y| {
        inner[(x, y)] && (y as f64) > first_row
    });
    if known.count() < FEW {
        erode(&person.skin, 1.0).and_not(region)
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

/// How a surface turns away from the viewer: 0 facing, 1 at the rim, and the direction it turns to (right, down).
type Turned = [f32; 3];

/// The round form of the body: its outline, blurred, is steep where the surface turns away (an inflated outline).
struct Form {
    area: Bounds,
    turned: Color,
    arm: Mask,
    /// How much of an arm and how little of the chest a pixel is, 0 to 1.
    arm_share: Gray,
}

impl Form {
    fn new(person: &PersonRegions, region: &Mask, covered: &Mask, area: Bounds) -> Self {
        let u = person.shoulder_width;
        let limb = close(&region.or(&person.skin).or(covered), 2.0).and(&person.silhouette);
        let is_arm = |x: usize, y: usize| {
            let down = (y as f64 - person.shoulder_y) / u;
            let beside = (x as f64 - person.center_x).abs() > 0.36 * u;
            person.arm[(x, y)] || (beside && (0.05..ARMS_END).contains(&down))
        };
        // Neck and chest end at the silhouette, arms at both of their edges.
        let arms = Plane::from_fn(limb.width(), limb.height(), |x, y| {
            limb[(x, y)] && (is_arm(x, y) || (y as f64) < person.shoulder_y)
        });
        let arm = Plane::from_fn(area.width(), area.height(), |x, y| {
            let at = (area.x0 + x, area.y0 + y);
            limb[at] && is_arm(at.0, at.1)
        });
        let (of_arms, of_body) = (
            turning(&arms, ARM_SOFTNESS * u, area),
            turning(&person.silhouette, BODY_SOFTNESS * u, area),
        );
        let arm_share = gaussian_mask(&arm, (ARM_TRANSITION * u) as f32);
        let turned = Plane::from_fn(area.width(), area.height(), |x, y| {
            let at = (x, y);
            let share = arm_share[at];
            let mut mixed = of_arms[at];
            for (part, body) in mixed.iter_mut().zip(of_body[at]) {
                *part = *part * share + body * BODY_SHARE * (1.0 - share);
            }
            mixed
        });
        Self {
            area,
            turned,
            arm,
            arm_share,
        }
    }
}

/// Inflates an outline: the slope of the blurred mask, 1 at a straight rim and 0 in the middle.
fn turning(mask: &Mask, sigma: f64, area: Bounds) -> Color {
    let reach = (3.0 * sigma).ceil() as usize + 1;
    let (x0, y0) = (area.x0.saturating_sub(reach), area.y0.saturating_sub(reach));
    let (x1, y1) = (
        (area.x1 + reach).min(mask.width() - 1),
        (area.y1 + reach).min(mask.height() - 1),
    );
    let blurred = gaussian_mask(&mask.crop(x0, y0, x1 + 1 - x0, y1 + 1 - y0), sigma as f32);
    let scale = 0.5 * (sigma * std::f64::consts::TAU.sqrt()) as f32;
    Plane::from_fn(area.width(), area.height(), |x, y| {
        let (column, row) = ((area.x0 + x - x0) as isize, (area.y0 + y - y0) as isize);
        let read = |dx: isize, dy: isize| blurred.get_clamped(column + dx, row + dy);
        let across = (read(-1, 0) - read(1, 0)) * scale;
        let down = (read(0, -1) - read(0, 1)) * scale;
        let steep = across.hypot(down);
        let limit = 1.0 / steep.max(1.0);
        [steep * limit, across * limit, down * limit]
    })
}

/// How lightness changes with the form, relative: a round body in light from the front, the side and above.
///
/// Measured on the person's own bare arms (direction of light from outlines: Johnson and Farid 2005).
#[derive(Debug, Clone, Copy, PartialEq)]
struct Light {
    /// Loss at a rim that faces sideways.
    front: f32,
    /// Gain towards the right and towards the bottom.
    right: f32,
    down: f32,
}

impl Light {
    /// What most photos show.
    const USUAL: Self = Self {
        front: 0.30,
        right: 0.0,
        down: -0.04,
    };
    /// Number of work pixels that the usual light counts for.
    const PRIOR: f64 = 250.0;

    /// Gives the relative change of lightness.
    fn change(&self, [amount, right, down]: Turned) -> f32 {
        self.right * right + self.down * down - self.front * falling(amount)
    }

    /// Fits the light to seen arms by ridge regression around the usual light.
    fn measured(person: &PersonRegions, form: &Form, known: &Mask) -> Self {
        let mut samples: Vec<(Turned, f32)> = Vec::new();
        for (y, row) in (0..form.arm.height()).map(|y| (y, form.arm.row(y))) {
            for (x, _) in row.iter().enumerate().filter(|(_, arm)| **arm) {
                let at = (form.area.x0 + x, form.area.y0 + y);
                if known[at] && person.arm[at] {
                    samples.push((form.turned[(x, y)], person.lab[at][0]));
                }
            }
        }
        if samples.len() < FEW {
            return Self::USUAL;
        }
        let facing = median_of(samples.iter().map(|sample| sample.1)).max(5.0);
        // Unknowns: level, and the differences of front, right and down from the usual light.
        let mut normal = [0.0_f64; 16];
        let mut sums = [0.0_f64; 4];
        for (turned, lightness) in &samples {
            let terms = [1.0, -falling(turned[0]), turned[1], turned[2]].map(f64::from);
            let rest = f64::from((lightness / facing - 1.0).clamp(-0.5, 0.5))
                - f64::from(Self::USUAL.change(*turned));
            for (row, term) in terms.iter().enumerate() {
                sums[row] += term * rest;
                for (column, other) in terms.iter().enumerate() {
                    normal[4 * row + column] += term * other;
                }
            }
        }
        for diagonal in 0..4 {
            normal[5 * diagonal] += if diagonal == 0 {
                1e-3
            } else {
                0.1 * Self::PRIOR
            };
        }
        if !solve(&mut normal, 4, &mut sums, 1) {
            return Self::USUAL;
        }
        let [_, front, right, down] = sums.map(|part| part as f32);
        Self {
            front: (Self::USUAL.front + front).clamp(0.20, 0.45),
            right: (Self::USUAL.right + right).clamp(-0.16, 0.16),
            down: (Self::USUAL.down + down).clamp(-0.12, 0.08),
        }
    }
}

/// Share of frontal light that is lost on a cylinder at a distance from its middle line (0..1).
fn falling(amount: f32) -> f32 {
    1.0 - (1.0 - amount * amount).max(0.0).sqrt()
}

/// The relief of the upper chest, as a change of Lab L.
struct Relief<'a> {
    person: &'a PersonRegions,
    collar_bones: [CollarBone; 2],
}

impl<'a> Relief<'a> {
    fn new(person: &'a PersonRegions) -> Self {
        Self {
            person,
            collar_bones: Side::ALL.map(|side| CollarBone::new(person, side)),
        }
    }

    /// Two soft ridges from the pit of the throat to the shoulders, light above and shaded below, and a hollow in the middle;
    /// zero far from the chest.
    fn height(&self, x: f64, y: f64) -> f32 {
        let u = self.person.shoulder_width;
        let pit = throat_pit(self.person);
        let ridges: f64 = self
            .collar_bones
            .iter()
            .map(|bone| bone.height(x, y, u))
            .sum();
        let throat = bell((x - pit.x) / (0.035 * u)) * bell((y - pit.y - 0.01 * u) / (0.03 * u));
        let below = ((y - pit.y) / u - 0.08).clamp(0.0, 0.12) / 0.12;
        let middle = bell((x - pit.x) / (0.04 * u)) * below;
        // The chest is round: its sides turn away.
        let barrel = ((x - pit.x) / (0.45 * u)).powi(2).min(1.0);
        (CLAVICLE * (ridges - 0.9 * throat) - HOLLOW * middle - 3.0 * barrel) as f32
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
