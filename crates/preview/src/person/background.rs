//! The wall behind the person: a smooth colour surface fitted to the picture's border, and each pixel's distance from it.

use crate::{
    border::{BorderStrips, fit_border},
    raster::{Color, Gray, Plane, lab_distance, lab_distance_plane, median_color},
};

/// Weights of (L, a, b) in the distance from the wall: shadows change L more than the chroma.
const WALL_WEIGHTS: [f32; 3] = [0.8, 1.3, 1.3];
/// Width of the border strip as a share of the picture's width.
const BORDER_SHARE: f64 = 0.05;
/// Height of the top strip in relation to `BORDER_SHARE`, as a share of the picture's height.
const TOP_STRIP: f64 = 0.6;
/// Spread of the border over which it is no plain wall.
const PLAINEST: f64 = 3.0;
/// Spread of the border over which nobody can be told from the background by its colour.
const BUSIEST: f64 = 8.0;
/// Left and right border of a row agree when their medians are this close (Lab).
const ROW_AGREEMENT: f32 = 14.0;
/// Width of the strips of the row model, as a share of the picture's width.
const ROW_STRIP: f64 = 0.04;

/// What is known of the wall.
#[derive(Debug, Clone)]
pub(crate) struct Background {
    /// Lab colour of the wall at every pixel.
    pub(crate) surface: Color,
    /// Robust spread of the border around the smooth surface (Lab).
    pub(crate) sigma: f64,
    /// Weighted Lab distance of every pixel from the wall.
    pub(crate) distance: Gray,
}

impl Background {
    /// Measures the wall of a person photo from its noise-reduced Lab colours.
    ///
    /// Where the left and right borders agree row by row (wall above floor), the nearer of the two models counts.
    pub(crate) fn measure(smooth_lab: &Color) -> Self {
        let strips = BorderStrips {
            side_width: BORDER_SHARE,
            side_height: 0.75,
            end_height: BORDER_SHARE * TOP_STRIP,
            bottom: false,
        };
        let (fit, rows) = rayon::join(
            || fit_border(smooth_lab, strips),
            || RowModel::measure(smooth_lab),
        );
        let (width, height) = smooth_lab.size();
        let surface = Plane::from_fn(width, height, |x, y| {
            let color = smooth_lab[(x, y)];
            let wall = fit.surface[(x, y)];
            let distance_to = |model: [f32; 3]| lab_distance(color, model, WALL_WEIGHTS);
            let row_wall = rows
                .at(x, y)
                .filter(|row_wall| distance_to(*row_wall) < distance_to(wall));
            row_wall.unwrap_or(wall)
        });
        let distance = lab_distance_plane(smooth_lab, &surface, WALL_WEIGHTS);
        Self {
            distance,
            sigma: fit.sigma,
            surface,
        }
    }

    /// Takes a scene seen around the person for the background.
    pub(crate) fn from_plate(smooth_lab: &Color, plate: Color, wall: &Self) -> Self {
        Self {
            distance: lab_distance_plane(smooth_lab, &plate, WALL_WEIGHTS),
            surface: plate,
            ..*wall
        }
    }

    /// Tells whether the border shows a scene rather than a wall.
    pub(crate) fn is_scene(&self) -> bool {
        self.sigma > PLAINEST
    }

    /// Tells whether not even most of the border is a wall.
    pub(crate) fn is_busy(&self) -> bool {
        self.sigma > BUSIEST
    }

    /// Distance under which a pixel is wall.
    pub(crate) fn near(&self) -> f32 {
        (2.5 * self.sigma + 1.5) as f32
    }

    /// Distance over which a pixel is not wall.
    pub(crate) fn far(&self) -> f32 {
        (5.0 * self.sigma + 8.0) as f32
    }
}

/// Wall colours that change from row to row: a line between the colours of the left and right border.
struct RowModel {
    width: usize,
    ends: Vec<Option<([f32; 3], [f32; 3])>>,
}

impl RowModel {
    fn measure(lab: &Color) -> Self {
        let (width, height) = lab.size();
        let strip = ((width as f64 * ROW_STRIP) as usize).max(3).min(width);
        let left = median_of_five(&strip_medians(lab, 0, strip));
        let right = median_of_five(&strip_medians(lab, width - strip, width));
        let ends = (0..height).map(|y| {
            let agree = lab_distance(left[y], right[y], [1.0; 3]) < ROW_AGREEMENT;
            agree.then_some((left[y], right[y]))
        });
        Self {
            width,
            ends: ends.collect(),
        }
    }

    fn at(&self, x: usize, y: usize) -> Option<[f32; 3]> {
        let (left, right) = self.ends[y]?;
        let share = x as f32 / (self.width.max(2) - 1) as f32;
        Some(std::array::from_fn(|channel| {
            left[channel] * (1.0 - share) + right[channel] * share
        }))
    }
}

fn strip_medians(lab: &Color, from: usize, to: usize) -> Vec<[f32; 3]> {
    let rows = 0..lab.height();
    rows.map(|y| median_color(&lab.row(y)[from..to])).collect()
}

/// Replaces each row's colour by the median over five rows, channel by channel; the ends repeat.
fn median_of_five(colors: &[[f32; 3]]) -> Vec<[f32; 3]> {
    let last = colors.len() as isize - 1;
    let window = |y: usize| (-2..=2).map(move |step| (y as isize + step).clamp(0, last) as usize);
    (0..colors.len())
        .map(|y| median_color(&window(y).map(|near| colors[near]).collect::<Vec<_>>()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(x: usize, y: usize) -> [f32; 3] {
        let (u, v) = (x as f32 / 100.0, y as f32 / 120.0);
        [80.0 - 6.0 * u + 4.0 * v * v, 1.0 + u, -2.0 + 3.0 * u * v]
    }

    #[test]
    fn takes_the_floor_for_background_where_both_sides_agree() {
        let floor = [40.0, 8.0, 20.0];
        let picture = Color::from_fn(100, 120, |x, y| {
            if (45..55).contains(&x) && y > 20 {
                [10.0, 0.0, 0.0]
            } else if y >= 95 {
                floor
            } else {
                wall(x, y)
            }
        });
        let background = Background::measure(&picture);
        assert!(
            background.distance[(20, 110)] < 1.0
                && background.distance[(80, 97)] < background.near()
        );
        assert!(background.distance[(20, 50)] < 1.0);
        assert!(
            background.distance[(50, 60)] > background.far()
                && background.distance[(50, 110)] > background.far()
        );
    }
}
