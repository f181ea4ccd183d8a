//! Plain Rust in f32: the oracle of the other paths.

use super::{Kernel, RowState, Tile, softmax_plain};

/// Marker of the scalar path.
pub(crate) struct Scalar;

impl Kernel for Scalar {
    type Element = f32;
    const ROWS: usize = 4;
    const COLUMNS: usize = 16;
    const DEPTH: usize = 512;

    unsafe fn tile(tile: Tile<f32>) {
        for row in 0..tile.rows {
            // SAFETY: the caller promises `depth` values per row, `depth * COLUMNS` in the panel
            // and `COLUMNS` sums per row.
            let (left, panel, sums) = unsafe {
                (
                    std::slice::from_raw_parts(tile.left.add(row * tile.left_stride), tile.depth),
                    std::slice::from_raw_parts(tile.panel, tile.depth * Self::COLUMNS),
                    std::slice::from_raw_parts_mut(
                        tile.sums.add(row * tile.sums_stride),
                        Self::COLUMNS,
                    ),
                )
            };
            if !tile.accumulate {
                sums.fill(0.0);
            }
            for (&factor, weights) in left.iter().zip(panel.chunks_exact(Self::COLUMNS)) {
                for (sum, &weight) in sums.iter_mut().zip(weights) {
                    *sum += factor * weight;
                }
            }
        }
    }

    unsafe fn vectorised<R>(job: impl FnOnce() -> R) -> R {
        job()
    }

    fn exp(x: f32) -> f32 {
        x.exp()
    }

    unsafe fn softmax(
        scores: &[f32],
        weights: &mut [f32],
        scale: f32,
        state: &mut RowState,
    ) -> f32 {
        softmax_plain::<Self>(scores, weights, scale, state)
    }
}
