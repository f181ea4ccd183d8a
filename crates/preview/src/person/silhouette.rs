//! The person's silhouette: seeds from the wall's colour and the face, a graph cut, gaps carved out and holes filled.

use super::FaceBox;
use super::background::Background;
use super::scene::Scene;
use crate::raster::{
    Color, Connectivity, Gray, Mask, Plane, Seed, Sides, component_overlapping, components, dilate,
    erode, flood_from_border, gaussian, gaussian_mask, grab_cut, largest_component, open,
    percentile, sobel_x, sobel_y,
};

/// Passes of the graph cut.
const CUT_PASSES: usize = 4;
/// Gradient of L above which a pixel is an edge that the flood does not cross.
const FLOOD_GRADIENT: f32 = 3.0;
/// The same in front of the body, where a shirt may have nearly the wall's colour.
const FLOOD_GRADIENT_BODY: f32 = 1.2;
/// Share of the wall's tolerance used in front of the body.
const BODY_TOLERANCE: f32 = 0.55;
/// Spread of the wall over which nothing is certain foreground by its colour alone.
const CERTAIN_SIGMA: f64 = 2.5;
/// Spread of the wall under which the flood may hold back the torso's seed.
const PLAIN_SIGMA: f64 = 2.0;
/// Nobody's arm reaches further than this from the face, face sizes.
const ARM_REACH: f64 = 3.0;
/// Smallest patch of wall cut out of the silhouette, face sizes squared.
const GAP_AREA: f64 = 0.02;
/// Holes with fewer pixels are filled whatever their colour.
const TINY_HOLE: usize = 25;
/// A hole of this many pixels at the bottom edge is the gap between the legs.
const LEG_GAP: usize = 40;

/// Finds the silhouette. It may be empty; it is one connected piece otherwise.
pub(super) fn find(scene: &Scene, background: &Background) -> Mask {
    let gradient = lightness_gradient(&scene.smooth_lab);
    let seeds = place_seeds(scene, background, &gradient);
    let cut = cut_out(scene, background, &seeds);
    let trunk = scene.face.map(|face| trunk_column(&cut, &face));
    let mut silhouette = main_piece(&open(&cut, 1.5), trunk.as_ref());
    if let Some(face) = scene.face {
        silhouette.subtract_assign(&beside_head(&face, background));
        silhouette = carve_gaps(&silhouette, background, &gradient, &face);
    }
    let filled = fill_holes(&silhouette, background);
    main_piece(
        &gaussian_mask(&filled, 1.3).map(|value| value > 0.5),
        trunk.as_ref(),
    )
}

/// Magnitude of the gradient of the slightly blurred L, grey levels per pixel.
fn lightness_gradient(lab: &Color) -> Gray {
    let lightness = gaussian(&lab.map(|color| color[0]), 0.8);
    sobel_x(&lightness).zip_map(&sobel_y(&lightness), |across, down| {
        (across * across + down * down).sqrt() / 4.0
    })
}

/// Pixels that hang together with the border and have the wall's colour.
fn flood_wall(scene: &Scene, background: &Background, gradient: &Gray) -> Mask {
    let near = background.near();
    let wall_like = Mask::from_fn(scene.width(), scene.height(), |x, y| {
        let before_body = scene.face.is_some_and(|face| {
            let (across, down) = in_face_sizes(&face, x, y);
            across.abs() < 1.05 && down > 0.9 && down < 3.2
        });
        let (tolerance, steepest) = if before_body {
            (BODY_TOLERANCE * near, FLOOD_GRADIENT_BODY)
        } else {
            (near, FLOOD_GRADIENT)
        };
        background.distance[(x, y)] < tolerance && gradient[(x, y)] < steepest
    });
    let sides = Sides {
        left: true,
        top: true,
        right: true,
        bottom: false,
    };
    flood_from_border(&wall_like, sides)
}

/// Position relative to the face's centre, in face sizes.
fn in_face_sizes(face: &FaceBox, x: usize, y: usize) -> (f64, f64) {
    (
        (x as f64 - face.center.x) / face.size,
        (y as f64 - face.center.y) / face.size,
    )
}

fn place_seeds(scene: &Scene, background: &Background, gradient: &Gray) -> Plane<Seed> {
    let flood = flood_wall(scene, background, gradient);
    let (near, far) = (background.near(), background.far());
    let difference = scene
        .smooth_lab
        .zip_map(&background.surface, |color, wall| {
            let chroma = ((color[1] - wall[1]).powi(2) + (color[2] - wall[2]).powi(2)).sqrt();
            (color[0] - wall[0], chroma)
        });
    // Darker than the wall with its chroma is a shadow; a wall has no highlights, so brighter is not wall.
    let shadow = difference.map(|(lightness, chroma)| {
        lightness < 0.0 && lightness > -28.0 && chroma < 3.0 - 0.10 * lightness
    });
    let highlight_from = (2.0 * background.sigma + 2.5) as f32;
    let bright = difference.zip_map(&flood, |(lightness, _), flooded| {
        lightness > highlight_from && !flooded
    });
    let distant = background.distance.map(|distance| distance > far);

    let certain_person = (background.sigma < CERTAIN_SIGMA)
        .then(|| erode(&distant.and_not(&shadow).or(&bright), 2.0));
    let certain_wall = erode(&flood, 2.0);
    let seed_at = |x: usize, y: usize| {
        let at = (x, y);
        if certain_wall[at] {
            Seed::Background
        } else if certain_person.as_ref().is_some_and(|certain| certain[at]) {
            Seed::Foreground
        } else if distant[at]
            || bright[at]
            || (!flood[at] && !shadow[at] && background.distance[at] > near)
        {
            Seed::ProbableForeground
        } else {
            Seed::ProbableBackground
        }
    };
    let mut seeds = Plane::new(scene.width(), scene.height(), Seed::ProbableBackground);
    seeds.fill_rows(|y, row| {
        for (x, seed) in row.iter_mut().enumerate() {
            *seed = seed_at(x, y);
        }
    });
    match scene.face {
        Some(face) => seed_around_face(&mut seeds, &face, &flood, background),
        None => seed_core(&mut seeds, background),
    }
    seeds
}

/// Adds what the face tells: head and torso are the person, the space far to the side and beside the head is not.
fn seed_around_face(
    seeds: &mut Plane<Seed>,
    face: &FaceBox,
    flood: &Mask,
    background: &Background,
) {
    let (near, far) = (background.near(), background.far());
    let plain = background.sigma < PLAIN_SIGMA;
    let (width, height) = seeds.size();
    for y in 0..height {
        for x in 0..width {
            let (across, down) = in_face_sizes(face, x, y);
            let (across_abs, distance, flooded) =
                (across.abs(), background.distance[(x, y)], flood[(x, y)]);
            let wall_at_neck = flooded && distance < 0.4 * near && down < 1.3;
            let wall_at_torso = flooded && plain && distance < 0.5 * near;
            let head = (across / 0.33).powi(2) + (down / 0.42).powi(2) < 1.0;
            let spine = across_abs < 0.25 && down > 1.15 && down < 2.6 && !wall_at_neck;
            let chest = across_abs < 0.7 && down > 1.2 && down < 2.8 && !wall_at_torso;
            let beside_head = across_abs > 0.9 && down < 0.2 && distance < far;
            if beside_head {
                seeds[(x, y)] = Seed::Background;
            } else if head || spine || chest {
                seeds[(x, y)] = Seed::Foreground;
            } else if across_abs > ARM_REACH {
                seeds[(x, y)] = Seed::Background;
            }
        }
    }
}

fn seed_core(seeds: &mut Plane<Seed>, background: &Background) {
    let limit = 2.0 * background.far();
    let core = erode(&background.distance.map(|distance| distance > limit), 3.0);
    for (seed, is_core) in seeds.data_mut().iter_mut().zip(core.data()) {
        if *is_core {
            *seed = Seed::Foreground;
        }
    }
}

/// Runs the graph cut; without seeds of both kinds the distance from the wall decides alone.
fn cut_out(scene: &Scene, background: &Background, seeds: &Plane<Seed>) -> Mask {
    let person_seeds = seeds
        .data()
        .iter()
        .filter(|seed| matches!(seed, Seed::Foreground | Seed::ProbableForeground))
        .count();
    if person_seeds == 0 || person_seeds == seeds.data().len() {
        let far = background.far();
        return background.distance.map(|distance| distance > far);
    }
    grab_cut(&scene.image, seeds, CUT_PASSES)
}

/// The column from the face down to the belly, which surely belongs to the person.
fn trunk_column(like: &Mask, face: &FaceBox) -> Mask {
    let (width, height) = like.size();
    let left = (face.center.x - 0.2 * face.size).max(0.0) as usize;
    let right = (face.center.x + 0.2 * face.size) as usize;
    let top = face.center.y.max(0.0) as usize;
    let bottom = (face.center.y + 2.5 * face.size).min(height as f64) as usize;
    Mask::from_fn(width, height, |x, y| {
        x >= left && x <= right && y >= top && y < bottom
    })
}

fn main_piece(mask: &Mask, trunk: Option<&Mask>) -> Mask {
    match trunk {
        Some(trunk) => component_overlapping(mask, trunk),
        None => largest_component(mask),
    }
}

/// Space beside and above the head that is not clearly different from the wall.
fn beside_head(face: &FaceBox, background: &Background) -> Mask {
    let limit = 2.0 * background.far();
    let (width, height) = background.distance.size();
    Mask::from_fn(width, height, |x, y| {
        let (across, down) = in_face_sizes(face, x, y);
        across.abs() > 0.95 && down < 0.1 && background.distance[(x, y)] < limit
    })
}

/// Cuts out wall seen between arm and body that the graph cut swallowed, unless the clothes look like the wall themselves.
fn carve_gaps(silhouette: &Mask, background: &Background, gradient: &Gray, face: &FaceBox) -> Mask {
    let (width, height) = silhouette.size();
    let (near, far) = (background.near(), background.far());
    let chest = Mask::from_fn(width, height, |x, y| {
        let (across, down) = in_face_sizes(face, x, y);
        silhouette[(x, y)] && across.abs() < 0.45 && down > 1.3 && down < 2.4
    });
    let mut chest_distances = background.distance.select(&chest);
    if chest_distances.len() < 50 || percentile(&mut chest_distances, 20.0) < 1.2 * far {
        return silhouette.clone();
    }
    let wall = Mask::from_fn(width, height, |x, y| {
        let (_, down) = in_face_sizes(face, x, y);
        silhouette[(x, y)]
            && background.distance[(x, y)] < near
            && gradient[(x, y)] < FLOOD_GRADIENT
            && down > 1.2
    });
    let least_area = GAP_AREA * face.size * face.size;
    let patches = components(&open(&wall, 1.5), Connectivity::Four);
    let gaps = patches.select(|patch| patch.area as f64 > least_area);
    let rim = dilate(&gaps, 1.0);
    silhouette.and_not(&rim.zip_map(&background.distance, |in_gap, distance| {
        in_gap && distance < far
    }))
}

/// Fills what is enclosed, unless it really is wall or open to the border.
fn fill_holes(silhouette: &Mask, background: &Background) -> Mask {
    let (width, height) = silhouette.size();
    let least_distance = 1.2 * background.near();
    let outside = components(&silhouette.not(), Connectivity::Four);
    let mut distances: Vec<Vec<f32>> = vec![Vec::new(); outside.regions.len()];
    for (label, distance) in outside.labels.data().iter().zip(background.distance.data()) {
        if *label > 0 {
            distances[*label as usize - 1].push(*distance);
        }
    }
    let holes = outside.select(|region| {
        let at_bottom = region.y1 + 1 == height;
        let in_corner =
            (region.x0 as f64) < width as f64 * 0.2 || (region.x1 + 1) as f64 > width as f64 * 0.8;
        let open_below = at_bottom && (in_corner || region.area > LEG_GAP);
        if region.x0 == 0 || region.y0 == 0 || region.x1 + 1 == width || open_below {
            return false;
        }
        let members = &mut distances[region.label as usize - 1].clone();
        region.area < TINY_HOLE || percentile(members, 50.0) > least_distance
    });
    silhouette.or(&holes)
}
