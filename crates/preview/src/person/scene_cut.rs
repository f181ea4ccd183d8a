//! The silhouette before any background: several graph cuts that start from different beliefs, and how far they agree.
//!
//! One cut always gives some outline, right or wrong. Cuts from different starts agree where the picture decides and differ where
//! only the start did (the idea of bagging, Breiman 1996, on the cuts of Rother, Kolmogorov and Blake 2004); so their common part
//! becomes the seed of a last cut at full working size, and their disagreement says when not to trust it.

use rayon::prelude::*;

use super::body_prior::BodyPrior;
use super::measure::share_in;
use super::scene::Scene;
use super::{FaceBox, skin};
use crate::raster::{
    Connectivity, CutOptions, Gray, Mask, Plane, Rgb8, Seed, component_overlapping, components,
    erode, gaussian_mask, grab_cut_with, mad_color, median_color, open, resize_area,
    resize_area_rgb8, resize_linear,
};

/// Work pixels per pixel of the first cuts.
const COARSENESS: usize = 3;
/// Rounds of the first cuts and of the last one.
const FIRST_ROUNDS: usize = 3;
const LAST_ROUNDS: usize = 2;
/// Weight of the body's odds in the last cut.
const LAST_WEIGHT: f64 = 0.35;
/// Colours of each side that are told apart.
const COLORS: usize = 8;
/// Price of a border between equal neighbours: low, or the gaps between arms and body would be too dear to cut out.
const SMOOTHNESS: f64 = 12.0;
/// Work pixels that unanimity is shrunk by before it counts as certain.
const CERTAIN_MARGIN: f64 = 2.0;
/// Holes smaller than this are filled, face sizes squared.
const SMALL_HOLE: f64 = 0.03;

/// Share of the pixels of bare limbs among all that the body may cover; what skin's colour proves is measured against it.
const USUAL_SKIN: f64 = 0.3;
/// Rows whose background may be mistaken for an arm, face sizes under the face's centre.
const ARM_ROWS: (f64, f64) = (0.8, 4.5);
/// Where hair is sampled above the forehead, and where it may hang (face sizes).
const CROWN_REACH: f64 = 0.25;
const CROWN_ROWS: (f64, f64) = (-0.66, -0.5);
const HAIR_REACH: f64 = 0.9;
const HEAD_ROWS: (f64, f64) = (-1.0, 1.6);
/// Bounds of the spread of the hair's colour (Lab), and the distance in spreads under which a pixel may be hair.
const LEAST_HAIR_SPREAD: f32 = 4.0;
const MOST_HAIR_SPREAD: f32 = 9.0;
const HAIR_LIMIT: f32 = 3.0;
/// Lowest elbows under the face's centre, face sizes.
pub(super) const ELBOWS_END: f64 = 3.4;
/// Length of outline (face sizes) that may run along the end of the body's reach, where only the prior stopped the cut.
const MOST_CLAMPED: f64 = 1.2;
/// Share of skin-coloured background that is always reckoned with, and the most that the colour of skin proves.
const LEAST_MISTAKEN: f64 = 0.015;
const STRONGEST_PROOF: f64 = 3.0;
/// Proof from which on the colour models learn a pixel as skin.
const SEED_PROOF: f32 = 0.6;

/// A start of a first cut.
struct Start {
    stoutness: f64,
    weight: f64,
    /// Least reach of a colour, face sizes; none for colours that mean the same everywhere.
    reach: Option<f64>,
}

const STARTS: [Start; 5] = [
    Start {
        stoutness: 1.0,
        weight: 1.0,
        reach: Some(0.6),
    },
    Start {
        stoutness: 1.0,
        weight: 0.8,
        reach: None,
    },
    Start {
        stoutness: 0.84,
        weight: 0.6,
        reach: Some(0.8),
    },
    Start {
        stoutness: 1.2,
        weight: 0.6,
        reach: Some(0.8),
    },
    Start {
        stoutness: 1.0,
        weight: 0.3,
        reach: Some(0.4),
    },
];

/// A silhouette found without knowing the background.
pub(super) struct SceneCut {
    pub(super) silhouette: Mask,
    /// How far the first cuts agree: their common part in relation to what any of them took, 0 to 1; less where the outline
    /// ends only because nobody reaches further.
    pub(super) agreement: f64,
}

impl SceneCut {
    /// Cuts the person with this face out of the scene.
    pub(super) fn find(scene: &Scene, face: &FaceBox) -> Self {
        let (width, height) = scene.image.size();
        let small = resize_area_rgb8(
            &scene.image,
            (width / COARSENESS).max(1),
            (height / COARSENESS).max(1),
        );
        let small_face = face.scaled(1.0 / COARSENESS as f64);
        let skin = skin_odds(scene, face).zip_map(&hair_odds(scene, face), f32::max);
        let small_skin = resize_area(&skin, small.width(), small.height());
        let cuts: Vec<Mask> = STARTS
            .par_iter()
            .map(|start| first_cut(&small, &small_face, &small_skin, start))
            .collect();
        let silhouette = last_cut(scene, face, &skin, &share_of_votes(&cuts));
        let clamped = clamped_outline(&silhouette, face);
        Self {
            agreement: agreement(&cuts) * (1.0 - clamped / MOST_CLAMPED).max(0.0),
            silhouette,
        }
    }
}

/// How much more likely a pixel is bare skin of this person than background of its colour (logarithm, never negative).
fn skin_odds(scene: &Scene, face: &FaceBox) -> Gray {
    let (width, height) = scene.image.size();
    let Some(distance) = skin::distance_from_face(scene, face) else {
        return Gray::new(width, height, 0.0);
    };
    let prior = BodyPrior::usual(*face);
    let far_away = background_rows(width, height, face, ARM_ROWS, |x, y| {
        prior.is_out_of_reach(x, y)
    });
    proof_of(&distance, skin::LIMIT_WITH_FACE, &far_away)
}

/// The same for the colour of the hair above the forehead, near the head.
fn hair_odds(scene: &Scene, face: &FaceBox) -> Gray {
    let (width, height) = scene.image.size();
    let place = |x: usize, y: usize| {
        let across = (x as f64 - face.center.x).abs() / face.size;
        (across, (y as f64 - face.center.y) / face.size)
    };
    let crown = Mask::from_fn(width, height, |x, y| {
        let (across, down) = place(x, y);
        across < CROWN_REACH && (CROWN_ROWS.0..CROWN_ROWS.1).contains(&down)
    });
    let samples = scene.lab.select(&crown);
    if samples.is_empty() {
        return Gray::new(width, height, 0.0);
    }
    let color = median_color(&samples);
    let spread =
        mad_color(&samples).map(|spread| spread.clamp(LEAST_HAIR_SPREAD, MOST_HAIR_SPREAD));
    let distance = scene
        .smooth_lab
        .map(|pixel| skin::spread_distance(pixel, color, spread));
    let beside_head = background_rows(width, height, face, HEAD_ROWS, |x, y| {
        place(x, y).0 > HAIR_REACH
    });
    let proof = proof_of(&distance, HAIR_LIMIT, &beside_head);
    Plane::from_fn(width, height, |x, y| {
        let (across, down) = place(x, y);
        let may_be_hair = across < HAIR_REACH && (HEAD_ROWS.0..HEAD_ROWS.1).contains(&down);
        if may_be_hair { proof[(x, y)] } else { 0.0 }
    })
}

/// Pixels of some rows (face sizes under the face's centre) that surely show background.
fn background_rows(
    width: usize,
    height: usize,
    face: &FaceBox,
    rows: (f64, f64),
    is_background: impl Fn(usize, usize) -> bool + Sync,
) -> Mask {
    Mask::from_fn(width, height, |x, y| {
        let down = (y as f64 - face.center.y) / face.size;
        (rows.0..rows.1).contains(&down) && is_background(x, y)
    })
}

/// What a small distance from a colour of the person proves, given how much of the background is as near to it.
fn proof_of(distance: &Gray, limit: f32, background: &Mask) -> Gray {
    let mistaken = share_in(&distance.map(|value| value < limit), background);
    let proof = (USUAL_SKIN / (mistaken + LEAST_MISTAKEN))
        .ln()
        .clamp(0.0, STRONGEST_PROOF) as f32;
    distance.map(|value| proof * (2.0 * (1.0 - value / limit)).clamp(0.0, 1.0))
}

fn first_cut(image: &Rgb8, face: &FaceBox, skin: &Gray, start: &Start) -> Mask {
    let (width, height) = image.size();
    let prior = BodyPrior {
        face: *face,
        stoutness: start.stoutness,
        weight: start.weight,
    };
    let odds = prior
        .log_odds(width, height)
        .zip_map(skin, |body, skin| body + skin);
    let seeds = prior.seeds(width, height).zip_map(skin, |seed, skin| {
        let open = matches!(seed, Seed::ProbableBackground | Seed::Unknown);
        if open && skin > SEED_PROOF {
            Seed::ProbableForeground
        } else {
            seed
        }
    });
    let options = CutOptions {
        iterations: FIRST_ROUNDS,
        components: COLORS,
        place_spread: start.reach.map(|reach| (reach * face.size) as f32),
        smoothness: SMOOTHNESS,
        prior: Some(&odds),
    };
    let cut = grab_cut_with(image, &seeds, &options);
    trunk_piece(&open(&cut, 1.0), face)
}

/// The piece that face and trunk belong to.
fn trunk_piece(mask: &Mask, face: &FaceBox) -> Mask {
    let (width, height) = mask.size();
    let trunk = Mask::from_fn(width, height, |x, y| {
        let across = (x as f64 - face.center.x).abs() / face.size;
        let down = (y as f64 - face.center.y) / face.size;
        across < 0.2 && (0.0..2.5).contains(&down)
    });
    component_overlapping(mask, &trunk)
}

/// Share of the cuts that took each pixel.
fn share_of_votes(cuts: &[Mask]) -> Gray {
    let Some(first) = cuts.first() else {
        return Gray::new(0, 0, 0.0);
    };
    Plane::from_fn(first.width(), first.height(), |x, y| {
        cuts.iter().filter(|cut| cut[(x, y)]).count() as f32 / cuts.len() as f32
    })
}

fn agreement(cuts: &[Mask]) -> f64 {
    let votes = share_of_votes(cuts);
    let all = votes.data().iter().filter(|vote| **vote > 0.999).count();
    let any = votes.data().iter().filter(|vote| **vote > 0.001).count();
    all as f64 / any.max(1) as f64
}

/// Length of the outline that runs along the end of the body's reach or the picture's sides, face sizes.
fn clamped_outline(silhouette: &Mask, face: &FaceBox) -> f64 {
    let prior = BodyPrior::usual(*face);
    let margin = CERTAIN_MARGIN as usize;
    let width = silhouette.width();
    let clamped_rows = (0..silhouette.height())
        .filter(|&y| silhouette.any_row(y))
        .filter(|&y| {
            let ends = [silhouette.first_in_row(y), silhouette.last_in_row(y)];
            let [first, last] = ends.map(|end| end.unwrap_or(width / 2));
            // Higher up an elbow may leave the picture; below only a floor does.
            let below_elbows = (y as f64 - face.center.y) / face.size > ELBOWS_END;
            let stopped = |x: Option<usize>| {
                x.filter(|x| *x < width)
                    .map_or(below_elbows, |x| prior.is_out_of_reach(x, y))
            };
            stopped(first.checked_sub(1 + margin)) || stopped(Some(last + 1 + margin))
        })
        .count();
    clamped_rows as f64 / face.size
}

/// Cuts once more at working size inside the band where the first cuts differ.
fn last_cut(scene: &Scene, face: &FaceBox, skin: &Gray, votes: &Gray) -> Mask {
    let (width, height) = scene.image.size();
    let votes = resize_linear(votes, width, height);
    let inner = erode(&votes.map(|vote| vote > 0.95), CERTAIN_MARGIN);
    let outer = erode(&votes.map(|vote| vote < 0.05), CERTAIN_MARGIN);
    let seeds = Plane::from_fn(width, height, |x, y| {
        let at = (x, y);
        if inner[at] {
            Seed::Foreground
        } else if outer[at] {
            Seed::Background
        } else if votes[at] > 0.5 {
            Seed::ProbableForeground
        } else {
            Seed::ProbableBackground
        }
    });
    let prior = BodyPrior {
        face: *face,
        stoutness: 1.0,
        weight: LAST_WEIGHT,
    };
    let odds = prior
        .log_odds(width, height)
        .zip_map(skin, |body, skin| body + skin);
    let options = CutOptions {
        iterations: LAST_ROUNDS,
        components: COLORS,
        place_spread: Some((0.5 * face.size) as f32),
        smoothness: SMOOTHNESS,
        prior: Some(&odds),
    };
    let cut = grab_cut_with(&scene.image, &seeds, &options);
    let piece = trunk_piece(&open(&cut, 1.5), face);
    let filled = fill_small_holes(&piece, SMALL_HOLE * face.size * face.size);
    trunk_piece(&gaussian_mask(&filled, 1.3).map(|value| value > 0.5), face)
}

fn fill_small_holes(mask: &Mask, most: f64) -> Mask {
    let (width, height) = mask.size();
    let outside = components(&mask.not(), Connectivity::Four);
    let holes = outside.select(|region| {
        let open =
            region.x0 == 0 || region.y0 == 0 || region.x1 + 1 == width || region.y1 + 1 == height;
        !open && (region.area as f64) < most
    });
    mask.or(&holes)
}
