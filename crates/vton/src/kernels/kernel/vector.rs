//! What all vector paths share: the loop of a tile, and the way to run code with a path's instructions.

/// Most rows of a tile on every vector path. With the registers per row that a path names, sums, weights and one factor fill its registers.
pub(super) const TILE_ROWS: usize = 6;

/// Makes the kernel of an instruction set from the few instructions in which the sets differ.
///
/// `factor` and `weights` read one group of the left operand and one register of the panel at a place; `product` adds their product to a sum.
/// A macro and not a generic, because an instruction is only inlined into a function that names its set.
macro_rules! vector_kernel {
    (
        $(#[$about:meta])*
        $name:ident of $element:ty, with $features:literal,
        registers: $registers:expr, of $width:expr,
        depth: $depth:expr,
        zero: $zero:expr, load: $load:ident, store: $store:ident,
        factor: |$factor_place:ident| $factor:expr,
        weights: |$weights_place:ident| $weights:expr,
        product: |$sum:ident, $left:ident, $right:ident| $product:expr,
        softmax: $softmax:expr $(,)?
    ) => {
        $(#[$about])*
        pub(crate) struct $name;

        /// One tile with a fixed number of rows, so that its sums stay in registers.
        ///
        /// # Safety
        /// As [`Kernel::tile`], with `tile.rows == ROWS`.
        #[target_feature(enable = $features)]
        unsafe fn tile_of<const ROWS: usize>(tile: Tile<$element>) {
            const REGISTERS: usize = $registers;
            const WIDTH: usize = $width;
            const GROUP: usize = <$element as Element>::GROUP;
            // SAFETY: the caller promises `depth` values per row of the left operand, `depth` times the columns in the panel and the columns per
            // row of the sums; `depth` is a multiple of the group, so groups end where the rows do.
            unsafe {
                let mut sums = [[$zero; REGISTERS]; ROWS];
                if tile.accumulate {
                    for (row, sums) in sums.iter_mut().enumerate() {
                        for (register, sum) in sums.iter_mut().enumerate() {
                            *sum = $load(tile.sums.add(row * tile.sums_stride + register * WIDTH));
                        }
                    }
                }
                for step in 0..tile.depth / GROUP {
                    let panel = tile.panel.add(step * REGISTERS * WIDTH * GROUP);
                    let read = |$weights_place: *const $element| $weights;
                    let mut weights = [read(panel); REGISTERS];
                    for (register, weight) in weights.iter_mut().enumerate() {
                        *weight = read(panel.add(register * WIDTH * GROUP));
                    }
                    for (row, sums) in sums.iter_mut().enumerate() {
                        let $factor_place = tile.left.add(row * tile.left_stride + step * GROUP);
                        let $left = $factor;
                        for (sum, $right) in sums.iter_mut().zip(weights) {
                            let $sum = *sum;
                            *sum = $product;
                        }
                    }
                }
                for (row, sums) in sums.iter().enumerate() {
                    for (register, sum) in sums.iter().enumerate() {
                        $store(tile.sums.add(row * tile.sums_stride + register * WIDTH), *sum);
                    }
                }
            }
        }

        /// Runs a job with the instructions of this path.
        #[target_feature(enable = $features)]
        fn with_features<R>(job: impl FnOnce() -> R) -> R {
            job()
        }

        impl Kernel for $name {
            type Element = $element;
            const ROWS: usize = $crate::kernels::kernel::vector::TILE_ROWS;
            const COLUMNS: usize = $registers * $width;
            const DEPTH: usize = $depth;

            unsafe fn tile(tile: Tile<$element>) {
                // SAFETY: the caller's promise, and the number of rows fits.
                unsafe {
                    match tile.rows {
                        1 => tile_of::<1>(tile),
                        2 => tile_of::<2>(tile),
                        3 => tile_of::<3>(tile),
                        4 => tile_of::<4>(tile),
                        5 => tile_of::<5>(tile),
                        _ => tile_of::<{ $crate::kernels::kernel::vector::TILE_ROWS }>(tile),
                    }
                }
            }

            #[inline]
            unsafe fn vectorised<R>(job: impl FnOnce() -> R) -> R {
                // SAFETY: the caller promises that the instructions are there.
                unsafe { with_features(job) }
            }

            #[inline(always)]
            fn exp(x: f32) -> f32 {
                $crate::kernels::math::exp_fused(x)
            }

            unsafe fn softmax(
                scores: &[f32],
                weights: &mut [$element],
                scale: f32,
                state: &mut RowState,
            ) -> f32 {
                // SAFETY: the caller promises that the instructions are there.
                unsafe { with_features(|| $softmax(scores, weights, scale, state)) }
            }
        }
    };
}
pub(super) use vector_kernel;
