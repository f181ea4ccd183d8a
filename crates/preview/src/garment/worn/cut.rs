//! The garment's exact edge at the size of the close-up.
//!
//! The person analysis is right within a few of its pixels. In this band colour models of cloth and surroundings find the edge
//! (`GrabCut`: Rother, Kolmogorov, Blake 2004).

use crate::person::PersonRegions;
use crate::raster::{
    Connectivity, Mask, Plane, Seed, box_blur, components, dilate, erode, gaussian_mask, grab_cut,
    kmeans_thinned, nearest_lab_distance, open,
};

use super::close_up::CloseUp;
use super::region::Region;
use super::straps;

/// Half width of the uncertain band (person work pixels), inwards and outwards.
const BAND_INSIDE: f64 = 2.5;
const BAND_OUTSIDE: f64 = 2.0;
/// Rounds of colour model and cut.
const ROUNDS: usize = 2;
/// Skin this deep inside its own region is no cloth (person work pixels).
const SKIN_DEPTH: f64 = 1.5;
/// Smoothing of the edge (work pixels of the close-up).
const EDGE_BLUR: f32 = 1.8;
/// Pieces and holes below these shares of the garment are noise.
const LEAST_PIECE: f64 = 0.004;
const LEAST_HOLE: f64 = 0.003;

/// The garment as it is seen in the close-up.
pub(super) struct CutOut {
    /// Cloth in view.
    pub(super) mask: Mask,
    /// Skin next to it.
    pub(super) skin: Mask,
    /// Hair, and arms with hands: they may hide cloth.
    pub(super) hair: Mask,
    pub(super) arm: Mask,
}

/// Finds the edge within the band.
pub(super) fn refine(close_up: &CloseUp, person: &PersonRegions, region: &Region) -> CutOut {
    let rough = close_up.mask(&region.garment);
    let inside = erode(&rough, BAND_INSIDE * close_up.factor);
    let reach = dilate(&rough, BAND_OUTSIDE * close_up.factor);
    let skin = close_up.mask(&person.skin);
    let occluder = close_up.mask(&person.hair.or(&person.arm).or(&person.skin));
    let sure_skin = erode(&occluder, SKIN_DEPTH * close_up.factor);
    let (width, height) = rough.size();
    let foreign = foreign_colors(close_up, person, &region.garment);
    let trimap = Plane::from_fn(width, height, |x, y| {
        let at = (x, y);
        if inside[at] && foreign[at] {
            Seed::ProbableBackground
        } else if inside[at] {
            Seed::Foreground
        } else if sure_skin[at] || !reach[at] {
            Seed::Background
        } else if rough[at] {
            Seed::ProbableForeground
        } else {
            Seed::ProbableBackground
        }
    });
    let cut = grab_cut(&close_up.work, &trimap, ROUNDS);
    let smooth = gaussian_mask(&cut, EDGE_BLUR).map(|value| value > 0.5);
    let mask = without_specks(&smooth, &foreign);
    let straps = straps::find(close_up, person, &mask);
    CutOut {
        mask: mask.or(&straps),
        skin: skin.and_not(&straps),
        hair: close_up.mask(&person.hair),
        arm: close_up.mask(&person.arm),
    }
}

/// Samples from which main colours are found, at least and about at most.
const LEAST_SAMPLES: usize = 40;
const MOST_SAMPLES: usize = 1500;
/// Colours of cloth and of what is next to it that are told apart.
const COLORS: usize = 4;
/// Cloth whose colours are sure lies this deep inside (U).
const CORE_DEPTH: f64 = 0.08;
/// A pixel is foreign when it is this many times nearer to the wall or the other garment than to the cloth.
const FOREIGN_RATIO: f32 = 0.5;
/// Skin in the shade of an arm has its colour times these.
const SKIN_SHADES: [f32; 3] = [0.8, 0.6, 0.4];
/// Foreign patches are larger than threads and prints (U).
const FOREIGN_RADIUS: f64 = 0.02;

/// Marks patches with the colour of the wall, of shaded skin or of the lower garment where the coarse region holds them for cloth.
fn foreign_colors(close_up: &CloseUp, person: &PersonRegions, garment: &Mask) -> Mask {
    let u = person.shoulder_width;
    let core = erode(garment, CORE_DEPTH * u);
    let smooth = box_blur(&person.lab, 3, 3);
    let main = |region: &Mask| main_colors(&smooth.select(region));
    let cloth = main(&core);
    let mut other = main(&erode(&person.old_bottom.and_not(garment), 2.0));
    other.extend(SKIN_SHADES.map(|shade| person.skin_color.map(|part| part * shade)));
    let nothing = Mask::new(garment.width(), garment.height(), false);
    if cloth.is_empty() {
        return close_up.mask(&nothing);
    }
    let distance =
        |pixel: [f32; 3], colors: &[[f32; 3]]| nearest_lab_distance(pixel, colors, [1.0; 3]);
    let foreign = Mask::from_fn(garment.width(), garment.height(), |x, y| {
        let at = (x, y);
        if !garment[at] || core[at] {
            return false;
        }
        let pixel = smooth[at];
        let from_other = distance(pixel, &other).min(distance(pixel, &[person.background[at]]));
        from_other < FOREIGN_RATIO * distance(pixel, &cloth)
    });
    close_up.mask(&open(&foreign, FOREIGN_RADIUS * u))
}

/// Finds the main colours among some; none when there are too few.
pub(super) fn main_colors(colors: &[[f32; 3]]) -> Vec<[f32; 3]> {
    if colors.len() < LEAST_SAMPLES {
        return Vec::new();
    }
    kmeans_thinned(colors, colors.len() / MOST_SAMPLES, COLORS, 12)
}

/// Drops small pieces and closes small holes but those through which something else is seen.
fn without_specks(mask: &Mask, foreign: &Mask) -> Mask {
    let area = mask.count() as f64;
    let kept = components(mask, Connectivity::Eight)
        .select(|piece| piece.area as f64 >= LEAST_PIECE * area);
    let holes = components(&kept.not(), Connectivity::Four)
        .select(|hole| (hole.area as f64) < LEAST_HOLE * area);
    kept.or(&holes.and_not(foreign))
}
