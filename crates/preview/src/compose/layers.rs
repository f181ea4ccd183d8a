//! Layers: the garment's parts, warped to where they lie on the person.

use crate::fit::{LegRow, LowerFit, Pair, PartMesh, UpperFit, trunk_mask};
use crate::garment::{Category, GarmentShape, LowerShape, UpperShape};
use crate::person::{PerSide, PersonRegions, Side};
use crate::raster::{
    Grid, Mask, Plane, Point, Tps, dilate, fill_polygon, gaussian_mask, interp, mesh_map,
    pchip_rows, runs, triangle_map,
};

use super::cloth::{Cloth, SoftOutline, trusted, trusted_upper};
use super::grain::Grain;
use super::patch::{Frame, Patch, SoftMask, Window, below_curve};

/// Smoothness of a skirt's spline.
const SKIRT_LAMBDA: f64 = 3e-4;
/// Full-size pixels between the exact positions of a spline, per full-size pixel in a work pixel.
const SPLINE_STEP: f64 = 4.0;
/// Positions across a leg: 0 is the outer edge, 1 the middle.
const LEG_COLUMNS: [f64; 8] = [-0.06, 0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.05];
/// Rows of a leg's mesh per matched row.
const LEG_DENSITY: usize = 4;

/// A part of the garment in the full-size picture.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// RGB 0..255.
    pub(super) color: Patch<[f32; 3]>,
    /// Coverage.
    pub(super) alpha: SoftMask,
}

/// The layers of a top or a dress.
#[derive(Debug)]
pub(super) struct UpperLayers {
    /// Everything but the sleeves.
    pub(super) torso: Layer,
    /// The sleeves that were fitted.
    pub(super) sleeves: PerSide<Option<Layer>>,
}

/// Full-size pixels of the person's picture per pixel of the product photo.
fn magnification(scale: f64, garment: &GarmentShape, frame: &Frame) -> f64 {
    let photo_factor = garment.image.height() as f64 / garment.mask.height().max(1) as f64;
    scale * frame.factor().1 / photo_factor.max(1e-6)
}

/// Warps a top or a dress onto the person.
pub(super) fn upper_layers(
    person: &PersonRegions,
    garment: &GarmentShape,
    upper: &UpperShape,
    fit: &UpperFit,
    grain: &Grain,
    frame: &Frame,
) -> UpperLayers {
    let front = garment.mask.and_not(&upper.opening);
    let cloth = Cloth::new(
        garment,
        &front,
        &trusted_upper(&front),
        magnification(fit.scale, garment, frame),
        grain,
    );
    let trunk = trunk_mask(&front, upper, fit);
    let mut torso = mesh_layer(&fit.mesh.trunk, &cloth, &SoftOutline::new(&trunk), frame);
    if fit.tuck && garment.category == Category::Top {
        // The waistband itself stays untouched.
        let lift = if person.waist > person.hem {
            0.012 * person.shoulder_width
        } else {
            0.0
        };
        let curve: Vec<f64> = person.waist_curve.iter().map(|row| row + lift).collect();
        let below = below_curve(&curve, frame, torso.alpha.window());
        let first = torso.alpha.window().x0;
        torso.alpha.change_rows(|y, row| {
            let below = below.row(y);
            for (x, value) in row.iter_mut().enumerate() {
                *value *= 1.0 - below.at(first + x);
            }
        });
    }
    let sleeves = PerSide::from_fn(|side| {
        let sleeve = upper.sleeves[side].as_ref()?;
        fit.sleeves[side].as_ref()?;
        let mask = front.and(&dilate(&sleeve.mask, 2.0));
        Some(mesh_layer(
            &fit.mesh.sleeves[side],
            &cloth,
            &SoftOutline::new(&mask),
            frame,
        ))
    });
    UpperLayers { torso, sleeves }
}

/// The part of the picture that a layer may cover.
struct Clip {
    window: Window,
    /// Strength of the clip; everything when none.
    strength: Option<SoftMask>,
}

/// Fills a polygon of full-size positions and softens its edge by `sigma` full-size pixels.
pub(super) fn soft_polygon(points: &[Point], window: Window, sigma: f32) -> SoftMask {
    if window.is_empty() {
        return Patch::empty();
    }
    let origin = Point::new(window.x0 as f64, window.y0 as f64);
    let local: Vec<Point> = points.iter().map(|point| *point - origin).collect();
    Patch::new(
        window,
        gaussian_mask(&fill_polygon(window.width, window.height, &local), sigma),
    )
}

/// Warps a part of the garment with a thin-plate spline.
fn spline_layer(
    pairs: &[Pair],
    lambda: f64,
    cloth: &Cloth,
    outline: &SoftOutline,
    frame: &Frame,
    clip: &dyn Fn() -> Clip,
) -> Layer {
    let person: Vec<Point> = pairs.iter().map(|pair| pair.person).collect();
    let garment: Vec<Point> = pairs.iter().map(|pair| pair.garment).collect();
    let spline = Tps::new(&person, &garment, lambda);
    let Clip { window, strength } = clip();
    let step = (SPLINE_STEP * frame.factor().1).round().max(2.0);
    let knots = Plane::from_fn(
        (window.width as f64 / step) as usize + 2,
        (window.height as f64 / step) as usize + 2,
        |column, row| {
            let full = Point::new(
                window.x0 as f64 + column as f64 * step,
                window.y0 as f64 + row as f64 * step,
            );
            let mapped = spline.at(frame.to_work(full));
            [mapped.x as f32, mapped.y as f32]
        },
    );
    let step = step as f32;
    warp(window, cloth, |x, y| {
        let limit = strength
            .as_ref()
            .map_or(1.0, |strength| strength.row(y).at(x));
        if limit <= 0.0 {
            return (0.0, [0.0; 2]);
        }
        let (column, row) = ((x - window.x0) as f32 / step, (y - window.y0) as f32 / step);
        let (left, above) = (column as usize, row as usize);
        let (u, v) = (column - left as f32, row - above as f32);
        let mix = |part: usize| {
            let upper = knots[(left, above)][part] * (1.0 - u) + knots[(left + 1, above)][part] * u;
            let lower =
                knots[(left, above + 1)][part] * (1.0 - u) + knots[(left + 1, above + 1)][part] * u;
            upper * (1.0 - v) + lower * v
        };
        let position = [mix(0), mix(1)];
        (outline.strength(position[0], position[1]) * limit, position)
    })
}

/// Warps one part of a top or a dress triangle by triangle.
fn mesh_layer(mesh: &PartMesh, cloth: &Cloth, outline: &SoftOutline, frame: &Frame) -> Layer {
    let points: Vec<[Point; 3]> = mesh
        .person
        .iter()
        .map(|triangle| triangle.map(|point| frame.to_full(point)))
        .collect();
    let window = frame.window_around(points.as_flattened(), 2.0);
    let origin = Point::new(window.x0 as f64, window.y0 as f64);
    let local: Vec<[Point; 3]> = points
        .iter()
        .map(|triangle| triangle.map(|point| point - origin))
        .collect();
    let map = triangle_map(&local, &mesh.garment, window.width, window.height);
    warp(window, cloth, |x, y| {
        let position = map[(x - window.x0, y - window.y0)];
        (outline.strength(position[0], position[1]), position)
    })
}

/// Maps the full-size pixels under a grid on the person to garment work positions; the map begins at the window's corner.
fn strip_map(person: &Grid, garment: &Grid, frame: &Frame) -> (Plane<[f32; 2]>, Window) {
    let points: Vec<Point> = person
        .points
        .iter()
        .map(|point| frame.to_full(*point))
        .collect();
    let window = frame.window_around(&points, 4.0);
    let origin = Point::new(window.x0 as f64, window.y0 as f64);
    let local = Grid {
        points: points.iter().map(|point| *point - origin).collect(),
        ..*person
    };
    (
        mesh_map(&local, garment, window.width, window.height).0,
        window,
    )
}

/// Fills a layer; `place` gives strength and garment work position of every pixel.
fn warp(
    window: Window,
    cloth: &Cloth,
    place: impl Fn(usize, usize) -> (f32, [f32; 2]) + Sync,
) -> Layer {
    let mapped = Patch::from_fn(window, |x, y| {
        let (alpha, [garment_x, garment_y]) = place(x, y);
        if alpha <= 0.0 {
            return [0.0; 4];
        }
        let speckle = cloth.speckle(x, y);
        let [red, green, blue] = cloth.color(garment_x, garment_y).map(|part| part + speckle);
        [red, green, blue, alpha]
    });
    split(&mapped)
}

/// Parts colour and strength.
fn split(mapped: &Patch<[f32; 4]>) -> Layer {
    let window = mapped.window();
    Layer {
        color: Patch::from_fn(window, |x, y| {
            let [red, green, blue, _] = mapped.row(y).at(x);
            [red, green, blue]
        }),
        alpha: Patch::from_fn(window, |x, y| mapped.row(y).at(x)[3]),
    }
}

/// Warps trousers, shorts or a skirt onto the person.
pub(super) fn lower_layer(
    person: &PersonRegions,
    garment: &GarmentShape,
    lower: &LowerShape,
    fit: &LowerFit,
    grain: &Grain,
    frame: &Frame,
) -> Layer {
    let crotch = lower.landmarks.crotch;
    // Shade and stitches at the crotch are no colour to show, and even less one to spread.
    let without_seam = |mask: &Mask, aside: f64, above: f64, below: f64| {
        let seam = |x: usize, y: usize| {
            fit.has_legs
                && (x as f64 - crotch.x).abs() < aside
                && (-above..below).contains(&(y as f64 - crotch.y))
        };
        let kept = Plane::from_fn(mask.width(), mask.height(), |x, y| {
            mask[(x, y)] && !seam(x, y)
        });
        if kept.any() { kept } else { mask.clone() }
    };
    let shown = without_seam(&garment.mask, 2.5, 3.0, 20.0);
    let sources = without_seam(&trusted(&garment.mask, 4.0), 4.0, 5.0, 24.0);
    let cloth = Cloth::new(
        garment,
        &shown,
        &sources,
        magnification(fit.scale, garment, frame),
        grain,
    );
    if !fit.has_legs {
        return skirt_layer(person, garment, fit, &cloth, frame);
    }
    let middle = middle_line(garment, crotch, fit);
    let filled = without_gap(garment, crotch);
    let leg = |side: Side| -> Option<Layer> {
        let (on_person, on_garment) = leg_grids(&fit.halves[side])?;
        let (map, window) = strip_map(&on_person, &on_garment, frame);
        let half = Plane::from_fn(filled.width(), filled.height(), |x, y| {
            filled[(x, y)] && side.sign() * (x as f64 - middle[y]) >= -2.5
        });
        let outline = SoftOutline::new(&half);
        let target = soft_polygon(&leg_target(&on_person, frame), window, 1.0);
        Some(warp(window, &cloth, |x, y| {
            let position = map[(x - window.x0, y - window.y0)];
            let limit = target.row(y).at(x);
            (outline.strength(position[0], position[1]) * limit, position)
        }))
    };
    match (leg(Side::Left), leg(Side::Right)) {
        (Some(left), Some(right)) => merged(&left, &right),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => Layer {
            color: Patch::empty(),
            alpha: Patch::empty(),
        },
    }
}

/// Outlines a leg in the full-size picture: a little outside of the cloth, exactly on the inner edge.
fn leg_target(grid: &Grid, frame: &Frame) -> Vec<Point> {
    let inner = LEG_COLUMNS.len() - 2;
    let down = (0..grid.rows).map(|row| grid.at(row, 0));
    let up = (0..grid.rows).rev().map(|row| grid.at(row, inner));
    down.chain(up).map(|point| frame.to_full(point)).collect()
}

/// Warps a skirt as one piece.
fn skirt_layer(
    person: &PersonRegions,
    garment: &GarmentShape,
    fit: &LowerFit,
    cloth: &Cloth,
    frame: &Frame,
) -> Layer {
    let rows = || fit.halves.left.iter().chain(&fit.halves.right);
    let pairs: Vec<Pair> = rows()
        .flat_map(|row| [Some(row.outer), row.inner])
        .flatten()
        .collect();
    let points: Vec<Point> = pairs
        .iter()
        .map(|pair| frame.to_full(pair.person))
        .collect();
    let reach = 0.12 * person.shoulder_width * frame.factor().1;
    spline_layer(
        &pairs,
        SKIRT_LAMBDA,
        cloth,
        &SoftOutline::new(&garment.mask),
        frame,
        &|| Clip {
            window: frame.window_around(&points, reach),
            strength: None,
        },
    )
}

/// Gives the centre line of trousers per row: waist centre, crotch, middle of the gap.
fn middle_line(garment: &GarmentShape, crotch: Point, fit: &LowerFit) -> Vec<f64> {
    let mask = &garment.mask;
    // Above the crotch both halves share the middle that they were matched by.
    let (rows, columns): (Vec<f64>, Vec<f64>) = fit
        .halves
        .left
        .iter()
        .filter_map(|row| row.inner)
        .map(|pair| (pair.garment.y, pair.garment.x))
        .take_while(|(y, _)| *y <= crotch.y + 0.5)
        .unzip();
    let gap_middle = |y: usize| -> f64 {
        if (y as f64) < crotch.y.floor() && rows.len() > 1 {
            return interp(y as f64, &rows, &columns);
        }
        if (y as f64) < crotch.y.floor() || y >= garment.bounds.y1 {
            return crotch.x;
        }
        let parts: Vec<_> = runs(mask.row(y))
            .into_iter()
            .filter(|run| run.length() > 3)
            .collect();
        let gaps = parts
            .windows(2)
            .map(|pair| f64::midpoint(pair[0].end as f64, pair[1].start as f64));
        let off_center = |middle: &f64| (middle - crotch.x).abs();
        gaps.min_by(|a, b| off_center(a).total_cmp(&off_center(b)))
            .unwrap_or(crotch.x)
    };
    (0..mask.height()).map(gap_middle).collect()
}

/// Fills the gap between the legs: the rails decide where the legs part, the gap of the flat-lay must not become a hole.
fn without_gap(garment: &GarmentShape, crotch: Point) -> Mask {
    let mask = &garment.mask;
    let (first, last) = (crotch.y - 8.0, garment.bounds.y1 as f64 - 2.0);
    Plane::from_fn(mask.width(), mask.height(), |x, y| {
        let (column, row) = (x as f64, y as f64);
        let between = garment
            .left_edge
            .get(y)
            .is_some_and(|&edge| edge >= 0.0 && column > edge + 2.0)
            && garment
                .right_edge
                .get(y)
                .is_some_and(|&edge| column < edge - 2.0);
        mask[(x, y)] || (between && row > first && row < last)
    })
}

/// Makes the dense grids of one leg; none without at least two complete rows.
fn leg_grids(rows: &[LegRow]) -> Option<(Grid, Grid)> {
    let complete: Vec<(Pair, Pair)> = rows
        .iter()
        .filter_map(|row| Some((row.outer, row.inner?)))
        .collect();
    if complete.len() < 2 {
        return None;
    }
    let mut person: Vec<Vec<Point>> = complete
        .iter()
        .map(|(a, b)| vec![a.person, b.person])
        .collect();
    let garment: Vec<Vec<Point>> = complete
        .iter()
        .map(|(a, b)| vec![a.garment, b.garment])
        .collect();
    let raw: Vec<Vec<f64>> = person
        .iter()
        .map(|row| row.iter().map(|point| point.x).collect())
        .collect();
    for row in 1..person.len() - 1 {
        for column in 0..2 {
            person[row][column].x =
                0.25 * raw[row - 1][column] + 0.5 * raw[row][column] + 0.25 * raw[row + 1][column];
        }
    }
    Some((dense_grid(&person), dense_grid(&garment)))
}

/// Interpolates between the rows and across them, and adds a row beyond both ends so that soft edges survive.
fn dense_grid(rows: &[Vec<Point>]) -> Grid {
    let knots: Vec<f64> = (0..rows.len()).map(|row| row as f64).collect();
    let count = LEG_DENSITY * rows.len();
    let last = (rows.len() - 1) as f64;
    let at: Vec<f64> = (0..count)
        .map(|step| last * step as f64 / (count - 1) as f64)
        .collect();
    let mut grid: Vec<Vec<Point>> = pchip_rows(&knots, rows, &at)
        .into_iter()
        .map(|row| {
            LEG_COLUMNS
                .iter()
                .map(|&across| row[0].lerp(row[1], across))
                .collect()
        })
        .collect();
    let beyond = |edge: &[Point], next: &[Point]| {
        edge.iter().zip(next).map(|(&a, &b)| a * 2.0 - b).collect()
    };
    let above: Vec<Point> = beyond(&grid[0], &grid[1]);
    let below: Vec<Point> = beyond(&grid[count - 1], &grid[count - 2]);
    grid.insert(0, above);
    grid.push(below);
    Grid::from_rows(&grid)
}

/// Joins two layers, the second one in front; at their seam both add up.
fn merged(back: &Layer, front: &Layer) -> Layer {
    let window = back.alpha.window().union(&front.alpha.window());
    let mapped = Patch::from_fn(window, |x, y| {
        let (alpha_back, alpha_front) = (back.alpha.row(y).at(x), front.alpha.row(y).at(x));
        let (behind, before) = (back.color.row(y).at(x), front.color.row(y).at(x));
        // The colour of the back layer is only known where that layer is.
        let share = if alpha_back > 0.0 { alpha_front } else { 1.0 };
        let mix = |part: usize| behind[part] * (1.0 - share) + before[part] * share;
        // Two half covered pixels of one seam cover it whole.
        let alpha = (alpha_back + alpha_front).min(1.0);
        [mix(0), mix(1), mix(2), alpha]
    });
    split(&mapped)
}
