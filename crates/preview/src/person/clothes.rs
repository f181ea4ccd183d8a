//! The clothes worn: top, sleeves, bottom, and where bare legs begin.

use super::hem_curves::HemCurves;
use super::landmarks::{Landmarks, Outline};
use super::measure::{range_within, share_of};
use super::scene::Scene;
use super::skin::spread_distance;
use super::torso::Torso;
use super::waist::Waistline;
use super::{ArmPath, PerSide, Side};
use crate::raster::{
    Color, Gray, Mask, Point, component_overlapping, erode, fill_polygon, kmeans_thinned,
    mad_color, median_color, nearest_lab_distance,
};

/// Share of a covered forearm from which on the sleeve is long.
const LONG_SLEEVE: f64 = 0.65;
/// Longest sleeve along the arm, U, and its reach beyond the outline in arm widths.
const LONGEST_SLEEVE: f64 = 1.5;
const SLEEVE_OVERLAP: f64 = 0.12;
/// Colours of the top that are told apart, and how many samples they are taken from.
const TOP_COLORS: usize = 3;
const MOST_SAMPLES: usize = 1500;
/// Lab distance over which something above the shoulders is no part of the top; under which it is a strap or collar.
const NOT_TOP: f32 = 13.0;
const SURELY_TOP: f32 = 9.0;
/// Cloth hanging beside the torso has the top's colour within this many spreads.
const HANGING_LIMIT: f32 = 3.0;
/// Lowest row of hanging sleeves, U under the shoulders; their reach from the outline, U.
const HANGING_ROWS: f64 = 1.75;
const HANGING_REACH: f64 = 0.30;

/// What the body stages found, as the clothes need it.
pub(super) struct Dressed<'a> {
    pub(super) scene: &'a Scene,
    pub(super) silhouette: &'a Mask,
    pub(super) outline: &'a Outline,
    pub(super) body: &'a Landmarks,
    pub(super) skin: &'a Mask,
    pub(super) hair: &'a Mask,
    pub(super) head: &'a Mask,
    pub(super) waistline: &'a Waistline,
    pub(super) torso: &'a Torso,
    pub(super) arm: &'a Mask,
    pub(super) long_sleeve: &'a PerSide<f64>,
    pub(super) arm_paths: &'a PerSide<Option<ArmPath>>,
}

/// The clothes worn.
pub(super) struct Clothes {
    pub(super) top: Mask,
    pub(super) sleeves: Mask,
    pub(super) bottom: Mask,
    pub(super) curves: HemCurves,
}

impl Clothes {
    /// Divides what is neither skin, hair nor head into top and bottom.
    pub(super) fn find(dressed: &Dressed) -> Self {
        let cloth = dressed.cloth();
        let lab = &dressed.scene.lab;
        let trunk = dressed.top_by_place(&cloth);
        let trunk = dressed.match_colors(&trunk, &cloth);
        let hanging = dressed.hanging_sleeves(&cloth);
        let top = trunk.or(&matching_cloth(
            lab,
            &trunk,
            &hanging,
            dressed.torso,
            dressed.body,
        ));
        let sleeves = dressed.long_sleeves(&cloth);
        let top = top.or(&sleeves);
        let bottom = dressed
            .below_waist(&cloth)
            .and_not(&top)
            .and_not(dressed.arm);
        let curves = HemCurves::trace(dressed, &cloth);
        let (top, bottom) = dressed.divide_at_curves(top, bottom, &cloth, &curves);
        Self {
            top,
            sleeves,
            bottom,
            curves,
        }
    }
}

impl Dressed<'_> {
    pub(super) fn size(&self) -> (usize, usize) {
        self.silhouette.size()
    }

    fn unit(&self) -> f64 {
        self.body.shoulder_width
    }

    /// Everything on the person that may be cloth.
    fn cloth(&self) -> Mask {
        self.silhouette
            .and_not(self.skin)
            .and_not(self.head)
            .and_not(self.hair)
    }

    fn mask(&self, belongs: impl Fn(usize, usize) -> bool + Sync) -> Mask {
        let (width, height) = self.size();
        Mask::from_fn(width, height, belongs)
    }

    /// Height above the line through the shoulder tips, U; negative below it.
    fn above_shoulders(&self, x: usize, y: usize) -> f64 {
        (self.body.shoulder_line(x) - y as f64) / self.unit()
    }

    /// Cloth between chin and hem; high above the shoulders only next to the neck.
    fn top_by_place(&self, cloth: &Mask) -> Mask {
        self.mask(|x, y| {
            let row = y as f64;
            let at_neck = (x as f64 - self.body.neck_x).abs() < 0.20 * self.unit();
            let placed = self.above_shoulders(x, y) <= 0.20 || at_neck;
            cloth[(x, y)] && row < self.waistline.hem + 1.0 && row > self.body.chin && placed
        })
    }

    /// What sits higher than the shoulders must have the colour of the top: else it is hair, jewellery or shade.
    fn match_colors(&self, top: &Mask, cloth: &Mask) -> Mask {
        let middle = self.mask(|x, y| {
            top[(x, y)] && self.body.down(y) > 0.2 && self.body.across(x).abs() < 0.35
        });
        if middle.count() <= 60 {
            return top.clone();
        }
        let lab = &self.scene.lab;
        let distance = distance_from_colors(
            lab,
            &main_colors(&lab.select(&middle), TOP_COLORS),
            [1.0; 3],
        );
        let matching = self.mask(|x, y| {
            let above = self.above_shoulders(x, y);
            let kept = top[(x, y)] && !(above > 0.06 && distance[(x, y)] > NOT_TOP);
            let strap = cloth[(x, y)] && above > 0.20 && above < 0.32 && y as f64 > self.body.chin;
            kept || (strap && distance[(x, y)] < SURELY_TOP)
        });
        let kept_before_growth = top.and(&matching);
        let core = erode(&kept_before_growth, 3.0);
        if core.any() {
            component_overlapping(&matching, &core)
        } else {
            kept_before_growth
        }
    }

    /// Cloth beside the torso under the hem: sleeves, where the arm is covered there.
    fn hanging_sleeves(&self, cloth: &Mask) -> Mask {
        self.mask(|x, y| {
            if !cloth[(x, y)] || (y as f64) < self.waistline.hem || self.torso.mask[(x, y)] {
                return false;
            }
            let across = self.body.across(x);
            let allowed = Side::ALL.into_iter().all(|side| {
                let on_side = side.sign() * across > 0.0;
                let inward = side.sign() * (self.outline.edges[side][y] - x as f64);
                !on_side
                    || (self.long_sleeve[side] >= LONG_SLEEVE
                        && inward <= HANGING_REACH * self.unit())
            });
            allowed && self.body.down(y) < HANGING_ROWS
        })
    }

    /// The covered arms along their paths.
    fn long_sleeves(&self, cloth: &Mask) -> Mask {
        let (width, height) = self.size();
        let mut sleeves = Mask::new(width, height, false);
        for side in Side::ALL {
            let Some(path) = self.arm_paths[side]
                .as_ref()
                .filter(|_| self.long_sleeve[side] > LONG_SLEEVE)
            else {
                continue;
            };
            let count = path
                .distance
                .partition_point(|distance| *distance < LONGEST_SLEEVE * self.unit());
            let beyond =
                |(outer, inner): (&Point, &Point)| *outer + (*outer - *inner) * SLEEVE_OVERLAP;
            let ring = path.outer[..count]
                .iter()
                .zip(&path.inner[..count])
                .map(beyond);
            let ring: Vec<Point> = ring
                .chain(path.inner[..count].iter().rev().copied())
                .collect();
            let along_arm = fill_polygon(width, height, &ring);
            let from = self.body.tips[side].y;
            sleeves.or_assign(
                &self.mask(|x, y| along_arm[(x, y)] && cloth[(x, y)] && y as f64 > from),
            );
        }
        sleeves
    }

    fn below_waist(&self, cloth: &Mask) -> Mask {
        self.mask(|x, y| cloth[(x, y)] && y as f64 >= self.waistline.waist)
    }

    /// Inside the torso the two curves decide what is top and what is bottom.
    fn divide_at_curves(
        &self,
        top: Mask,
        bottom: Mask,
        cloth: &Mask,
        curves: &HemCurves,
    ) -> (Mask, Mask) {
        if self.waistline.one_piece {
            return (top, bottom);
        }
        let reach =
            (HemCurves::BAND + 0.04) * self.unit() + self.waistline.waist - self.waistline.hem;
        let zone = self.mask(|x, y| {
            self.torso.mask[(x, y)]
                && cloth[(x, y)]
                && (y as f64 - self.waistline.waist).abs() < reach
        });
        let above_hem = self.mask(|x, y| zone[(x, y)] && (y as f64) < curves.hem[x]);
        let below_waist = self.mask(|x, y| zone[(x, y)] && y as f64 >= curves.waist[x]);
        (
            top.and_not(&zone).or(&above_hem),
            bottom.and_not(&zone).or(&below_waist),
        )
    }

    /// First row of bare legs under the lower garment.
    pub(super) fn low_hem(&self, bottom: f64) -> f64 {
        let (width, height) = self.size();
        let unit = self.unit();
        let columns = |reach: f64| {
            range_within(
                self.body.center_x - reach * unit,
                self.body.center_x + reach * unit,
                width,
            )
        };
        let cloth = self.cloth();
        let middle = columns(0.35);
        let first_below_shoulders = (self.body.shoulder_y.max(0.0) as usize + 1).min(height);
        let dressed =
            (first_below_shoulders..height).any(|y| share_of(&cloth.row(y)[middle.clone()]) > 0.30);
        if !dressed {
            return bottom;
        }
        let around = columns(0.45);
        let is_bare = |y: &usize| {
            let skin = count(&self.skin.row(*y)[around.clone()]);
            let person = count(&self.silhouette.row(*y)[around.clone()]);
            skin as f64 / person.max(1) as f64 > 0.55
        };
        let from = self.waistline.waist.max(self.body.row_at(0.9));
        range_within(from, bottom, height)
            .find(is_bare)
            .map_or(bottom, |y| y as f64)
    }
}

fn count(row: &[bool]) -> usize {
    row.iter().filter(|inside| **inside).count()
}

/// Adds nothing unless enough of the top's sleeves is seen to know their colour.
fn matching_cloth(
    lab: &Color,
    top: &Mask,
    hanging: &Mask,
    torso: &Torso,
    body: &Landmarks,
) -> Mask {
    let beside = lab.select(&top.and_not(&torso.mask));
    let enough = beside.len() as f64 > 0.05 * body.shoulder_width * body.shoulder_width;
    if !enough || top.count() <= 50 {
        return hanging.map(|_| false);
    }
    let color = median_color(&beside);
    let spread = mad_color(&beside).map(|spread| spread + 4.0);
    hanging.zip_map(lab, |hangs, pixel| {
        hangs && spread_distance(pixel, color, spread) < HANGING_LIMIT
    })
}

/// Main colours of a region, from at most some 1500 to 3000 evenly taken samples.
pub(super) fn main_colors(colors: &[[f32; 3]], count: usize) -> Vec<[f32; 3]> {
    kmeans_thinned(colors, colors.len() / MOST_SAMPLES, count, 15)
}

/// Weighted Lab distance of every pixel from the nearest of some colours.
pub(super) fn distance_from_colors(lab: &Color, colors: &[[f32; 3]], weights: [f32; 3]) -> Gray {
    lab.map(|pixel| nearest_lab_distance(pixel, colors, weights))
}
