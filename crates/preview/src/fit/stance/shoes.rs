//! The row where trousers end on the shoes.

use crate::person::PersonRegions;
use crate::raster::{lab_distance, mad};

use super::SHOE_ROWS;

/// Lab distance between trousers and shoes from which on their border is believed.
const SHOE_CONTRAST: f32 = 9.0;

/// Finds the row where a leg of trousers ends on the shoe: the best split of its row colours into two groups (Otsu, 1979).
pub(super) fn shoe_row(person: &PersonRegions, axis: &[f64], u: f64) -> Option<f64> {
    let first = (person.bottom - 0.95 * u).max(0.0) as usize;
    let last = ((person.bottom - SHOE_ROWS.1 * u).max(0.0) as usize).min(axis.len());
    let color_of = |y: usize| -> Option<[f32; 3]> {
        let (low, high) = (axis[y] - 0.10 * u, axis[y] + 0.10 * u);
        let columns = (low.max(0.0) as usize)..(high.max(0.0) as usize).min(person.lab.width());
        let colors: Vec<[f32; 3]> = columns
            .filter(|&x| person.silhouette[(x, y)])
            .map(|x| person.lab[(x, y)])
            .collect();
        (colors.len() >= 3).then(|| mean_color(&colors))
    };
    let rows: Vec<(usize, [f32; 3])> = (first..last)
        .filter_map(|y| Some((y, color_of(y)?)))
        .collect();
    let colors: Vec<[f32; 3]> = rows.iter().map(|row| row.1).collect();
    let mut best: Option<(f64, f64)> = None;
    for index in 4..rows.len().saturating_sub(3) {
        if (rows[index].0 as f64) < person.bottom - SHOE_ROWS.0 * u {
            continue;
        }
        let (above, below) = (mean_color(&colors[..index]), mean_color(&colors[index..]));
        let distance = lab_distance(above, below, [1.0; 3]);
        let share = index as f64 / rows.len() as f64;
        let score = share * (1.0 - share) * f64::from(distance * distance);
        if distance > SHOE_CONTRAST && best.is_none_or(|(most, _)| score > most) {
            best = Some((score, rows[index].0 as f64));
        }
    }
    // Cloth whose own rows differ as much says nothing.
    let levels: Vec<f32> = colors.iter().take(colors.len() / 2).map(|c| c[0]).collect();
    best.filter(|_| !levels.is_empty() && mad(&levels) < 2.0 * SHOE_CONTRAST)
        .map(|(_, row)| row)
}

fn mean_color(colors: &[[f32; 3]]) -> [f32; 3] {
    let mut sum = [0.0_f32; 3];
    for color in colors {
        for (sum, part) in sum.iter_mut().zip(color) {
            *sum += part;
        }
    }
    sum.map(|part| part / colors.len().max(1) as f32)
}
