//! What an instruction set has to bring: a tile of a matrix product, and a row of the softmax.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512_bf16;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod vector;

use half::bf16;

#[cfg(target_arch = "x86_64")]
pub(super) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(super) use avx512::Avx512;
#[cfg(target_arch = "x86_64")]
pub(super) use avx512_bf16::Avx512Bf16;
#[cfg(target_arch = "aarch64")]
pub(super) use neon::Neon;
pub(super) use scalar::Scalar;

use super::{Values, bf16 as narrowing};

/// A number that can be an operand: f32 or bf16.
pub(super) trait Element: Copy + Default + Send + Sync + 'static {
    /// How many neighbours along the depth lie side by side in a panel.
    const GROUP: usize;

    /// Rounds to the nearest.
    fn from_f32(number: f32) -> Self;
    /// Exact.
    fn to_f32(self) -> f32;
    /// The values as they are, if they have this type already.
    fn borrow(values: Values<'_>) -> Option<&[Self]>;
}

impl Element for f32 {
    const GROUP: usize = 1;

    #[inline(always)]
    fn from_f32(number: f32) -> Self {
        number
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        self
    }

    fn borrow(values: Values<'_>) -> Option<&[Self]> {
        match values {
            Values::F32(values) => Some(values),
            Values::Bf16(_) => None,
        }
    }
}

impl Element for bf16 {
    const GROUP: usize = 2;

    #[inline(always)]
    fn from_f32(number: f32) -> Self {
        narrowing::round(number)
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        f32::from_bits(u32::from(self.to_bits()) << 16)
    }

    fn borrow(values: Values<'_>) -> Option<&[Self]> {
        match values {
            Values::Bf16(values) => Some(values),
            Values::F32(_) => None,
        }
    }
}

/// The operands of one tile: `rows x COLUMNS` sums over `depth` products.
#[derive(Clone, Copy)]
pub(super) struct Tile<E> {
    /// Rows of the tile, 1 to [`Kernel::ROWS`].
    pub(super) rows: usize,
    /// Products per sum, a multiple of [`Element::GROUP`].
    pub(super) depth: usize,
    /// First value of the left operand, row-major.
    pub(super) left: *const E,
    /// From one row of the left operand to the next.
    pub(super) left_stride: usize,
    /// First value of the panel: `[depth / GROUP][COLUMNS][GROUP]`.
    pub(super) panel: *const E,
    /// First sum.
    pub(super) sums: *mut f32,
    /// From one row of the sums to the next.
    pub(super) sums_stride: usize,
    /// Whether the products are added to what the sums hold.
    pub(super) accumulate: bool,
}

/// The running state of one row of the softmax (Milakov and Gimelshein, 2018).
#[derive(Clone, Copy)]
pub(super) struct RowState {
    /// The greatest scaled score so far.
    pub(super) highest: f32,
    /// The sum of `exp(score - highest)` so far.
    pub(super) total: f32,
}

impl RowState {
    /// Before the first score.
    pub(super) const START: Self = Self {
        highest: f32::NEG_INFINITY,
        total: 0.0,
    };

    /// Takes a new highest score in and gives the factor that the former sums shrink by.
    #[inline(always)]
    pub(super) fn raise(&mut self, highest: f32) -> f32 {
        let highest = self.highest.max(highest);
        let factor = (self.highest - highest).exp();
        self.highest = highest;
        factor
    }
}

/// The number of lanes that reductions are kept in, on every path.
pub(super) const LANES: usize = 16;

/// An instruction set.
pub(super) trait Kernel {
    /// Type of both operands of a product.
    type Element: Element;
    /// Most rows of a tile.
    const ROWS: usize;
    /// Columns of a tile and of a panel, a multiple of [`LANES`].
    const COLUMNS: usize;
    /// Products per sum after which the next rows come, so that a slice of a panel stays in the
    /// cache; a multiple of [`Element::GROUP`].
    const DEPTH: usize;

    /// Computes one tile.
    ///
    /// # Safety
    /// The path is available, and every pointer is valid for the rows, depth and strides told.
    unsafe fn tile(tile: Tile<Self::Element>);

    /// Runs `job`, compiled for this instruction set if it is inlined.
    ///
    /// # Safety
    /// The path is available.
    unsafe fn vectorised<R>(job: impl FnOnce() -> R) -> R;

    /// e^x as the path computes it. To be called from within [`Kernel::vectorised`].
    fn exp(x: f32) -> f32;

    /// `exp(scale * score - highest)` of a piece of one row, where the highest score is taken
    /// over all pieces so far. Gives the factor that the sums of former pieces shrink by.
    ///
    /// Both slices have the same length, a multiple of `COLUMNS`.
    ///
    /// # Safety
    /// The path is available.
    unsafe fn softmax(
        scores: &[f32],
        weights: &mut [Self::Element],
        scale: f32,
        state: &mut RowState,
    ) -> f32;
}

/// The body of [`Kernel::softmax`] for the paths in f32.
#[inline(always)]
pub(super) fn softmax_plain<K: Kernel<Element = f32>>(
    scores: &[f32],
    weights: &mut [f32],
    scale: f32,
    state: &mut RowState,
) -> f32 {
    let mut highest = [f32::NEG_INFINITY; LANES];
    for piece in scores.as_chunks::<LANES>().0 {
        for (lane, &score) in highest.iter_mut().zip(piece) {
            *lane = if score > *lane { score } else { *lane };
        }
    }
    let factor = state.raise(highest.into_iter().fold(f32::NEG_INFINITY, f32::max) * scale);
    let mut totals = [0.0_f32; LANES];
    let pieces = scores.as_chunks::<LANES>().0;
    for (to, from) in weights.as_chunks_mut::<LANES>().0.iter_mut().zip(pieces) {
        for ((weight, total), &score) in to.iter_mut().zip(&mut totals).zip(from) {
            *weight = K::exp(score * scale - state.highest);
            *total += *weight;
        }
    }
    state.total = state.total * factor + totals.into_iter().sum::<f32>();
    factor
}

/// Runs an expression with `K` standing for the kernel of a path.
///
/// The caller has checked that the path is available.
macro_rules! with_kernel {
    ($path:expr, $kernel:ident => $body:expr) => {
        match $path {
            #[cfg(target_arch = "x86_64")]
            $crate::kernels::Path::Avx2 => {
                type $kernel = $crate::kernels::kernel::Avx2;
                $body
            }
            #[cfg(target_arch = "x86_64")]
            $crate::kernels::Path::Avx512 => {
                type $kernel = $crate::kernels::kernel::Avx512;
                $body
            }
            #[cfg(target_arch = "x86_64")]
            $crate::kernels::Path::Avx512Bf16 => {
                type $kernel = $crate::kernels::kernel::Avx512Bf16;
                $body
            }
            #[cfg(target_arch = "aarch64")]
            $crate::kernels::Path::Neon => {
                type $kernel = $crate::kernels::kernel::Neon;
                $body
            }
            // Elsewhere only the scalar path is ever available.
            _ => {
                type $kernel = $crate::kernels::kernel::Scalar;
                $body
            }
        }
    };
}
pub(super) use with_kernel;
