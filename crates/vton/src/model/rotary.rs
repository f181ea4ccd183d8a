//! Rotary position embedding (Su et al. 2021) on the two axes of the patch grid.
//!
//! A head is cut into three parts. The first belongs to an axis that is always 0 here, so it never turns; the others turn with row and
//! column. Angles are computed in f64, as the reference does.

use crate::config::Config;

/// Cosines and sines for each token and each pair of numbers of a head.
#[derive(Debug, Clone)]
pub struct Rotary {
    cos: Vec<f32>,
    sin: Vec<f32>,
    pairs: usize,
}

impl Rotary {
    /// Makes the table for the grid of patches of one picture, row by row.
    pub fn of_grid(config: &Config) -> Self {
        let columns = config.grid_columns();
        let positions: Vec<(usize, usize)> = (0..config.grid_rows())
            .flat_map(|row| (0..columns).map(move |column| (row, column)))
            .collect();
        Self::of_positions(&positions, config.rotary_axes, config.rotary_base)
    }

    /// Makes the table for any (row, column) positions.
    pub fn of_positions(positions: &[(usize, usize)], axes: [usize; 3], base: f64) -> Self {
        let pairs = axes.iter().sum::<usize>() / 2;
        let mut table = Self {
            cos: Vec::new(),
            sin: Vec::new(),
            pairs,
        };
        for &(row, column) in positions {
            for (position, size) in [0, row, column].into_iter().zip(axes) {
                for pair in 0..size / 2 {
                    let frequency = 1.0 / base.powf((2 * pair) as f64 / size as f64);
                    let angle = position as f64 * frequency;
                    table.cos.push(angle.cos() as f32);
                    table.sin.push(angle.sin() as f32);
                }
            }
        }
        table
    }

    /// Number of tokens in the table.
    pub fn tokens(&self) -> usize {
        self.cos.len() / self.pairs
    }

    /// Number of pairs in a head.
    pub fn pairs(&self) -> usize {
        self.pairs
    }

    /// Gives cosines and sines of a token; the table repeats, because person and garment have the same grid.
    pub fn angles(&self, token: usize) -> (&[f32], &[f32]) {
        let start = (token % self.tokens()) * self.pairs;
        (
            &self.cos[start..start + self.pairs],
            &self.sin[start..start + self.pairs],
        )
    }
}
