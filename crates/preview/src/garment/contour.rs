//! Contour: where the cut-out's edge lies along stretches of pale cloth before a pale wall.
//!
//! Pixel by pixel such an edge frays: a pale stripe beside a dark one looks like the wall in comparison. Here the outline as a
//! whole is moved along its normals to where wall turns into cloth, and neighbours must agree (an active contour, Kass, Witkin
//! and Terzopoulos 1988, in the discrete form of Amini, Weymouth and Jain 1990). Where there is no evidence the outline goes on
//! smoothly. Stretches of high contrast keep the edge that was found there, with every fringe and every tip of lace.

use super::cutout::EVERY_SIDE;
use crate::raster::{
    Border, Connectivity, Edge, Gray, Mask, Plane, Point, components, dilate, erode, fill_polygon,
    flood_from_border, gaussian_1d_with, largest_component, median, nearest_true, open,
    outer_contour, percentile, resample, sample_linear, seam,
};

/// Smoothing of the outline before it is moved (work pixels along it).
const BASE_SMOOTH: f64 = 5.0;
/// How far the outline may move outwards and inwards, and in what steps (work pixels).
const OUTWARDS: f32 = 2.0;
const INWARDS: f32 = 9.0;
const STEP: f32 = 0.5;
/// Price of moving by one step from one point of the outline to the next.
const BEND: f32 = 0.8;
/// Pull of a step from wall to cloth, as relative contrast between two points this far before and behind it (work pixels).
const EDGE_PULL: f32 = 5.0;
const EDGE_STEP: f32 = 1.0;
/// Smoothing of the moves (work pixels along the outline).
const MOVE_SMOOTH: f64 = 3.0;
/// Smoothing where no edge can be seen, and the contrasts above which there is none and below which there is all of it (Lab).
const FAINT_SMOOTH: f64 = 7.0;
const FAINT: (f32, f32) = (9.0, 4.0);
/// Depths between which the cloth's contrast is read (work pixels below the outline).
const PLATEAU: (u8, u8) = (4, 8);
/// Fewest readings that make a contrast.
const LEAST_DEPTHS: usize = 3;
/// The contrast of a stretch: this quantile of the points this far along the outline to both sides.
const STRETCH: usize = 10;
const STRETCH_QUANTILE: f32 = 15.0;
/// Share of that contrast at which cloth begins.
const HALF: f32 = 0.5;
/// Ringing of the compression as a share of the strongest contrast nearby.
const RINGING: f32 = 0.10;
/// Contrast from which a stretch keeps the edge that was found pixel by pixel (Lab).
const HIGH_CONTRAST: f32 = 26.0;
/// Contrast over the noise of the wall below which colour tells nothing.
const SURE: f32 = 1.6;
/// A pale stretch spoils the edge this far along the outline to both sides (work pixels).
const REACH_ALONG: usize = 12;
/// Bits of wall attached to the outside are removed by an opening of this radius (work pixels).
const OUTER_OPEN: f64 = 1.5;
/// Changes of fewer pixels are not worth it.
const LEAST_CHANGE: usize = 20;
/// An edge that changes by less than this share of the garment was good enough.
const LEAST_SHARE: f64 = 0.002;
/// Fewest points of an outline that can be smoothed.
const LEAST_POINTS: usize = 64;

/// What is known of the wall around a cut-out, all at work size.
pub(super) struct WallView<'a> {
    /// Lab distance to the wall.
    pub(super) distance: &'a Gray,
    /// Greatest distance nearby.
    pub(super) contrast: &'a Gray,
    /// Distance that the wall's own noise does not reach.
    pub(super) noise: f32,
}

/// A point of the outline with the direction to the garment's inside.
struct Station {
    point: Point,
    inwards: Point,
    /// Contrast of the cloth around here (Lab).
    contrast: f32,
}

/// Redraws the stretches of the outline that have little contrast.
///
/// `mask` is the cut-out, `outer` what it was before ringing and soft shadow were taken off: the edge lies between the two.
pub(super) fn settle(mask: Mask, outer: &Mask, wall: &WallView) -> Mask {
    let band = dilate(&mask, f64::from(INWARDS) - 1.0).and(outer);
    let base = largest_component(&open(&band.or(&mask), OUTER_OPEN));
    let stations = stations(&base, wall);
    if stations.is_empty()
        || stations
            .iter()
            .all(|station| station.contrast >= HIGH_CONTRAST)
    {
        return mask;
    }
    let moves = moves(&stations, wall);
    let outline: Vec<Point> = stations
        .iter()
        .zip(&moves)
        .map(|(station, depth)| station.point + station.inwards * *depth)
        .collect();
    let calm = smoothed(&outline, FAINT_SMOOTH);
    let outline: Vec<Point> = outline
        .iter()
        .zip(&calm)
        .zip(&stations)
        .map(|((exact, calm), station)| {
            let (sure, unsure) = FAINT;
            let faintness = ((sure - station.contrast) / (sure - unsure)).clamp(0.0, 1.0);
            exact.lerp(*calm, f64::from(faintness))
        })
        .collect();
    let (width, height) = mask.size();
    let holes = mask
        .not()
        .and_not(&flood_from_border(&mask.not(), EVERY_SIDE));
    let settled = fill_polygon(width, height, &outline).and_not(&holes);
    merged(mask, &settled, &stations, wall.noise)
}

/// Places points at steps of one pixel on the smoothed outline.
fn stations(base: &Mask, wall: &WallView) -> Vec<Station> {
    let mut contour = outer_contour(base);
    let Some(&first) = contour.first() else {
        return Vec::new();
    };
    contour.push(first);
    let length: f64 = contour
        .windows(2)
        .map(|pair| pair[0].distance(pair[1]))
        .sum();
    let mut points = resample(&contour, length.round() as usize + 1);
    points.pop();
    if points.len() < LEAST_POINTS {
        return Vec::new();
    }
    let points = smoothed(&points, BASE_SMOOTH);
    let count = points.len();
    let inside = |point: Point| base.is_true(point.x.round() as isize, point.y.round() as isize);
    let mut stations: Vec<Station> = (0..count)
        .map(|index| {
            let along = points[(index + 2) % count] - points[(index + count - 2) % count];
            let length = along.length().max(1e-6);
            let normal = Point::new(-along.y / length, along.x / length);
            Station {
                point: points[index],
                inwards: normal,
                contrast: 0.0,
            }
        })
        .collect();
    // The outline runs round the garment in one direction: one vote decides which side is inside.
    let votes = stations
        .iter()
        .filter(|station| inside(station.point + station.inwards * 3.0))
        .count();
    if 2 * votes < count {
        for station in &mut stations {
            station.inwards = station.inwards * -1.0;
        }
    }
    let core = erode(base, f64::from(PLATEAU.0) - 1.5);
    let own: Vec<f32> = stations
        .iter()
        .map(|station| plateau(station, &core, wall))
        .collect();
    for (index, station) in stations.iter_mut().enumerate() {
        let mut around: Vec<f32> = (0..=2 * STRETCH)
            .map(|step| own[(index + count + step - STRETCH.min(count)) % count])
            .collect();
        station.contrast = percentile(&mut around, STRETCH_QUANTILE);
    }
    stations
}

/// Smooths a closed line.
fn smoothed(points: &[Point], sigma: f64) -> Vec<Point> {
    let smooth = |part: fn(&Point) -> f64| {
        let values: Vec<f64> = points.iter().map(part).collect();
        gaussian_1d_with(&values, sigma, Edge::Wrap)
    };
    smooth(|point| point.x)
        .into_iter()
        .zip(smooth(|point| point.y))
        .map(|(x, y)| Point::new(x, y))
        .collect()
}

/// Reads a plane at some depth below the outline.
fn at_depth(plane: &Gray, station: &Station, depth: f32) -> f32 {
    let position = station.point + station.inwards * f64::from(depth);
    sample_linear(
        plane,
        position.x as f32,
        position.y as f32,
        Border::Replicate,
    )
}

/// Reads the contrast of the cloth below a point of the outline: the median over some depth.
///
/// `core` is the cut-out without its rim. At the tip of a collar or a sleeve the normal leaves the cloth again: nothing is known
/// there, and the edge found pixel by pixel counts.
fn plateau(station: &Station, core: &Mask, wall: &WallView) -> f32 {
    let mut values: Vec<f32> = (PLATEAU.0..=PLATEAU.1)
        .map(f32::from)
        .filter(|depth| {
            let position = station.point + station.inwards * f64::from(*depth);
            core.is_true(position.x.round() as isize, position.y.round() as isize)
        })
        .map(|depth| at_depth(wall.distance, station, depth))
        .collect();
    if values.len() < LEAST_DEPTHS {
        return HIGH_CONTRAST;
    }
    median(&mut values)
}

/// Finds how far every point moves inwards (work pixels).
fn moves(stations: &[Station], wall: &WallView) -> Vec<f64> {
    let rows = ((OUTWARDS + INWARDS) / STEP) as usize + 1;
    let count = stations.len();
    // The path is open: it begins and ends on a lap of its own, so that both ends of the loop agree.
    let lap = count.min(4 * STRETCH);
    let mut cost = Plane::new(count + 2 * lap, rows, 0.0);
    for column in 0..count + 2 * lap {
        let station = &stations[(column + count - lap) % count];
        let ringing = RINGING * at_depth(wall.contrast, station, 0.0);
        let level = wall.noise.max(ringing).max(HALF * station.contrast);
        let mut passed = 0.0;
        for row in 0..rows {
            let depth = row as f32 * STEP - OUTWARDS;
            let [before, far, behind] = [-EDGE_STEP, 0.0, EDGE_STEP]
                .map(|step| at_depth(wall.distance, station, depth + step));
            let rise = (behind - before).max(0.0) / (behind + before + level).max(1e-3);
            cost[(column, row)] = passed - EDGE_PULL * rise;
            passed += STEP * ((far - level) / level.max(1e-3)).clamp(-1.0, 1.0);
        }
    }
    let path = seam(&cost, BEND, 2);
    let depths: Vec<f64> = path[lap..lap + count]
        .iter()
        .map(|&row| f64::from(row as f32 * STEP - OUTWARDS))
        .collect();
    gaussian_1d_with(&depths, MOVE_SMOOTH, Edge::Wrap)
}

/// Takes the settled outline near stretches of little contrast and the mask elsewhere, also where texture alone tells cloth
/// from wall.
fn merged(mask: Mask, settled: &Mask, stations: &[Station], noise: f32) -> Mask {
    let (width, height) = mask.size();
    let mut marks = Plane::new(width, height, false);
    let mut pale = Plane::new(width, height, false);
    let count = stations.len();
    for (index, station) in stations.iter().enumerate() {
        let pale_nearby = (0..=2 * REACH_ALONG)
            .map(|step| &stations[(index + count + step - REACH_ALONG.min(count)) % count])
            .any(|nearby| nearby.contrast < HIGH_CONTRAST);
        let (x, y) = (
            station.point.x.round() as isize,
            station.point.y.round() as isize,
        );
        if marks.contains(x, y) {
            marks[(x as usize, y as usize)] = true;
            pale[(x as usize, y as usize)] |= pale_nearby && station.contrast > SURE * noise;
        }
    }
    let near = dilate(&marks, f64::from(INWARDS) + 2.0);
    let nearest = nearest_true(&marks);
    let redrawn = Plane::from_fn(width, height, |x, y| {
        let at = (x, y);
        let redrawn = near[at]
            && pale
                .data()
                .get(nearest[at] as usize)
                .copied()
                .unwrap_or(false);
        redrawn && settled[at] != mask[at]
    });
    if (redrawn.count() as f64) < LEAST_SHARE * mask.count() as f64 {
        return mask;
    }
    let parts = components(&redrawn, Connectivity::Four);
    let merged = mask.zip_map(&parts.labels, |inside, label| {
        let worth_it = label > 0 && parts.regions[label as usize - 1].area >= LEAST_CHANGE;
        inside != worth_it
    });
    largest_component(&open(&merged, 1.0))
}

#[cfg(test)]
mod tests {
    use crate::garment::cutout::cut_out;
    use crate::raster::{Rgb8, gaussian, normal_noise, to_float, to_rgb8};

    const WALL: [u8; 3] = [250, 250, 250];
    const DARK: [u8; 3] = [70, 50, 95];
    /// About nine Lab units from the wall.
    const PALE: [u8; 3] = [244, 226, 214];

    /// Photographs a drawing: a little blur and noise.
    fn photo(color: impl Fn(usize, usize) -> [u8; 3] + Sync) -> Rgb8 {
        let noise = normal_noise(384, 512, 5);
        let blurred = gaussian(&to_float(&Rgb8::from_fn(384, 512, color)), 0.9);
        to_rgb8(&blurred.zip_map(&noise, |color, noise| color.map(|part| part + 0.4 * noise)))
    }

    fn left_edges(image: &Rgb8, rows: std::ops::Range<usize>) -> Vec<usize> {
        let mask = cut_out(image).mask;
        rows.filter_map(|y| mask.first_in_row(y)).collect()
    }

    #[test]
    fn pale_stripes_beside_dark_ones_keep_a_straight_edge() {
        let image = photo(|x, y| match (x, y) {
            (110..270, 90..430) if y / 12 % 2 == 0 => PALE,
            (110..270, 90..430) => DARK,
            _ => WALL,
        });
        let edges = left_edges(&image, 110..410);
        assert_eq!(edges.len(), 300);
        assert!(
            edges.iter().all(|edge| edge.abs_diff(110) <= 1),
            "{edges:?}"
        );
    }

    #[test]
    fn fringes_of_high_contrast_stay() {
        let image = photo(|x, y| match (x, y) {
            (110..270, 90..430) => DARK,
            (98..110, 90..430) if y / 6 % 2 == 0 => DARK,
            _ => WALL,
        });
        let edges = left_edges(&image, 110..410);
        let tips = edges.iter().filter(|edge| **edge <= 100).count();
        let gaps = edges.iter().filter(|edge| **edge >= 108).count();
        assert!(
            tips > 100 && gaps > 100,
            "{tips} rows of tips, {gaps} of gaps"
        );
    }
}
