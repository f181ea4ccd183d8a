//! Where the person stands, told from the background alone.
//!
//! Used when no face is found (cut off above the mouth, turned away) and to tell how far a body leans from its head.
//! Studio and wall backgrounds change slowly from the left border to the right, so each row's two ends predict what
//! would be between them; what differs is foreground. Where that fails (a scene), strong edges stand in for it.

use crate::Picture;
use crate::resize::{fit_within, resize_exact};

/// Long side of the copy that is looked at, in pixels.
const WORK_SIDE: u32 = 128;
/// Width of the borders that are taken for background, in pixels.
const BORDER: usize = 3;
/// Share of the picture that a figure takes, at least and at most.
const FIGURE_SHARE: std::ops::RangeInclusive<f32> = 0.02..=0.75;
/// Least colour difference that counts as foreground; JPEG noise stays below.
const MIN_DIFFERENCE: f32 = 14.0;
/// Free space above the figure's top, as a share of the picture's height.
const HEADROOM_SHARE: f32 = 0.04;

/// The outline's place, in pixels of the picture it was taken from.
pub(super) struct Silhouette {
    center_x: Option<f32>,
    top: Option<f32>,
}

impl Silhouette {
    /// Looks for the one figure of a picture.
    pub(super) fn of(picture: &Picture) -> Silhouette {
        let (width, height) = fit_within(picture.width(), picture.height(), WORK_SIDE);
        let work = resize_exact(picture, width, height);
        let (scale_x, scale_y) = (
            picture.width() as f32 / width as f32,
            picture.height() as f32 / height as f32,
        );
        let (columns, rows) = (width as usize, height as usize);
        if columns <= 4 * BORDER || rows <= 4 * BORDER {
            return Silhouette {
                center_x: None,
                top: None,
            };
        }
        let by_colour = foreground_weights(&work);
        let from_colour =
            by_colour.map(|weights| (median_column(&weights, columns), top_row(&weights, columns)));
        match from_colour {
            Some((x, y)) => Silhouette {
                center_x: x.map(|x| x * scale_x),
                top: y.map(|y| (y - HEADROOM_SHARE * rows as f32) * scale_y),
            },
            None => Silhouette {
                // Edges tell the side but hardly the place: half the way from the middle is believed.
                center_x: median_column(&edge_weights(&work), columns)
                    .map(|x| x.midpoint(columns as f32 / 2.0) * scale_x),
                top: None,
            },
        }
    }

    /// Returns the figure's middle column.
    pub(super) fn center_x(&self) -> Option<f32> {
        self.center_x
    }

    /// Returns the row at which a crop around the figure should begin; `None` when its top is not known.
    pub(super) fn top(&self) -> Option<f32> {
        self.top
    }
}

/// Marks each pixel as foreground (1) or not (0); `None` when background and figure cannot be told apart.
fn foreground_weights(work: &Picture) -> Option<Vec<f32>> {
    let (columns, rows) = (work.width() as usize, work.height() as usize);
    let (left, right) = (
        border_colours(work, 0),
        border_colours(work, columns - BORDER),
    );
    let top = mean_colour(
        (0..BORDER)
            .flat_map(|y| (0..columns).map(move |x| (x, y)))
            .map(|(x, y)| work.pixel(x as u32, y as u32)),
    );

    let difference = |y: usize, x: usize| {
        let share = x as f32 / (columns - 1) as f32;
        let between: [f32; 3] =
            std::array::from_fn(|c| left[y][c] * (1.0 - share) + right[y][c] * share);
        let colour = work.pixel(x as u32, y as u32).map(f32::from);
        distance(colour, between)
            .min(distance(colour, left[y]))
            .min(distance(colour, right[y]))
            .min(distance(colour, top))
    };
    let differences: Vec<f32> = (0..rows)
        .flat_map(|y| (0..columns).map(move |x| (y, x)))
        .map(|(y, x)| difference(y, x))
        .collect();

    // How uneven the background is by itself: the differences along the very borders.
    let mut unevenness: Vec<f32> = (0..rows)
        .flat_map(|y| {
            (0..BORDER)
                .chain(columns - BORDER..columns)
                .map(move |x| (y, x))
        })
        .map(|(y, x)| {
            let side = if x < BORDER { &left } else { &right };
            distance(work.pixel(x as u32, y as u32).map(f32::from), side[y])
        })
        .collect();
    unevenness.sort_by(f32::total_cmp);
    let typical = unevenness[unevenness.len() * 8 / 10];
    let threshold = MIN_DIFFERENCE + 2.5 * typical;

    let weights: Vec<f32> = differences
        .iter()
        .map(|value| if *value > threshold { 1.0 } else { 0.0 })
        .collect();
    let share = weights.iter().sum::<f32>() / weights.len() as f32;
    (FIGURE_SHARE.contains(&share) && typical < 40.0).then_some(weights)
}

/// Background colour of each row at a border, smoothed over neighbouring rows.
fn border_colours(work: &Picture, first_column: usize) -> Vec<[f32; 3]> {
    const REACH: usize = 4;
    let rows = work.height() as usize;
    (0..rows)
        .map(|y| {
            let near = y.saturating_sub(REACH)..(y + REACH + 1).min(rows);
            let points =
                near.flat_map(|row| (first_column..first_column + BORDER).map(move |x| (x, row)));
            mean_colour(points.map(|(x, row)| work.pixel(x as u32, row as u32)))
        })
        .collect()
}

fn mean_colour(pixels: impl Iterator<Item = [u8; 3]>) -> [f32; 3] {
    let mut sum = [0.0_f32; 3];
    let mut count = 0.0_f32;
    for pixel in pixels {
        for (total, value) in sum.iter_mut().zip(pixel) {
            *total += f32::from(value);
        }
        count += 1.0;
    }
    sum.map(|total| total / count.max(1.0))
}

fn distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    a.iter()
        .zip(b)
        .map(|(x, y)| (x - y).powi(2))
        .sum::<f32>()
        .sqrt()
}

/// Strength of brightness edges at each pixel; weak ones count as none.
fn edge_weights(work: &Picture) -> Vec<f32> {
    let (columns, rows) = (work.width() as usize, work.height() as usize);
    let brightness = |x: usize, y: usize| {
        work.pixel(x as u32, y as u32)
            .iter()
            .map(|value| f32::from(*value))
            .sum::<f32>()
            / 3.0
    };
    let mut weights = vec![0.0; columns * rows];
    for y in 1..rows - 1 {
        for x in 1..columns - 1 {
            let across = brightness(x + 1, y) - brightness(x - 1, y);
            let along = brightness(x, y + 1) - brightness(x, y - 1);
            let strength = across.hypot(along);
            weights[y * columns + x] = if strength > 24.0 { strength } else { 0.0 };
        }
    }
    weights
}

/// The column that halves the weight; `None` when there is none.
fn median_column(weights: &[f32], columns: usize) -> Option<f32> {
    let mut per_column = vec![0.0_f32; columns];
    for row in weights.chunks_exact(columns) {
        for (sum, weight) in per_column.iter_mut().zip(row) {
            *sum += weight;
        }
    }
    let total: f32 = per_column.iter().sum();
    if total <= 0.0 {
        return None;
    }
    let mut passed = 0.0;
    for (x, weight) in per_column.iter().enumerate() {
        if passed + weight >= total / 2.0 {
            return Some(x as f32 + (total / 2.0 - passed) / weight);
        }
        passed += weight;
    }
    None
}

/// The first row that holds a noticeable piece of the figure.
fn top_row(weights: &[f32], columns: usize) -> Option<f32> {
    let enough = columns as f32 * 0.04;
    weights
        .chunks_exact(columns)
        .position(|row| row.iter().sum::<f32>() >= enough)
        .map(|y| y as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_figure(
        background: impl Fn(u32, u32) -> [u8; 3],
        left: u32,
        right: u32,
        top: u32,
    ) -> Picture {
        let mut picture = Picture::filled(300, 200, [0; 3]);
        for y in 0..200 {
            for x in 0..300 {
                let inside = (left..right).contains(&x) && y >= top;
                picture.set_pixel(
                    x,
                    y,
                    if inside {
                        [150, 60, 50]
                    } else {
                        background(x, y)
                    },
                );
            }
        }
        picture
    }

    #[test]
    fn a_figure_before_a_wall_is_found() {
        let shaded = |x: u32, y: u32| [(180 + x / 8) as u8, (190 + y / 16) as u8, 200];
        let found = Silhouette::of(&with_figure(shaded, 200, 260, 60));
        assert!(
            (found.center_x.unwrap_or(0.0) - 230.0).abs() < 6.0,
            "{:?}",
            found.center_x
        );
        assert!(
            (found.top.unwrap_or(0.0) - 52.0).abs() < 6.0,
            "{:?}",
            found.top
        );
    }

    #[test]
    fn an_empty_wall_has_no_figure() {
        let found = Silhouette::of(&Picture::filled(300, 200, [180, 190, 200]));
        assert_eq!((found.center_x, found.top), (None, None));
        let tiny = Silhouette::of(&Picture::filled(4, 5, [1, 2, 3]));
        assert_eq!((tiny.center_x, tiny.top), (None, None));
    }

    #[test]
    fn in_a_scene_edges_pull_to_their_side() {
        let noise = |x: u32, y: u32| [((x * 7919 + y * 104_729) % 251) as u8; 3];
        let busy_left = |x: u32, y: u32| if x < 120 { noise(x, y) } else { [128; 3] };
        let found = Silhouette::of(&with_figure(busy_left, 0, 0, 0));
        assert!(
            found.center_x.is_some_and(|x| x < 140.0),
            "{:?}",
            found.center_x
        );
    }
}
