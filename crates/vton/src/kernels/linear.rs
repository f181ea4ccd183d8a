//! Linear layers: `x * w + bias`, and what comes after it, in one pass.
//!
//! The rows of `x` are cut into blocks, each worked on by one thread, panel after panel of the
//! weights. The sums of a block and panel stay in the first cache until bias, activation and
//! gate are done, so the result goes to memory once. The sums over the depth are taken in the
//! same order whatever the number of threads.

use half::bf16;
use rayon::prelude::*;

use super::KernelError;
use super::bf16::narrow_plain;
use super::buffer::{Aligned, Shared};
use super::error::{check_length, product};
use super::heads::{HeadOutput, SharedHeads};
use super::kernel::{Element, Kernel, Tile, with_kernel};
use super::math::gelu;
use super::pack::{Packable, PackedWeights, Values};

/// What is applied to `x * w + bias`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    None,
    /// GELU by the tanh formula.
    Gelu,
}

/// Where a result goes and in which type.
#[derive(Debug)]
pub enum Sink<'a> {
    /// Overwrites f32.
    F32(&'a mut [f32]),
    /// Overwrites bf16, rounded to the nearest.
    Bf16(&'a mut [bf16]),
    /// Adds `gate * result` to an f32 residual.
    GatedAdd {
        /// What is added to.
        residual: &'a mut [f32],
        /// One factor per column of the result.
        gate: &'a [f32],
    },
}

/// A result written to columns `offset..` of rows that lie `stride` apart.
#[derive(Debug)]
pub struct Output<'a> {
    /// Where to, in which type; `rows * stride` values.
    pub sink: Sink<'a>,
    /// Values from one row to the next.
    pub stride: usize,
    /// First column.
    pub offset: usize,
}

impl<'a> Output<'a> {
    /// Rows that hold the result and nothing else.
    pub fn whole(sink: Sink<'a>, columns: usize) -> Self {
        Self {
            sink,
            stride: columns,
            offset: 0,
        }
    }

    /// Checks the length and the columns, and makes it fit to be shared by threads.
    pub(super) fn share(
        &mut self,
        rows: usize,
        columns: usize,
    ) -> Result<SharedOutput<'_>, KernelError> {
        let Self {
            sink,
            stride,
            offset,
        } = self;
        if offset.saturating_add(columns) > *stride {
            return Err(KernelError::Stride {
                stride: *stride,
                offset: *offset,
                columns,
            });
        }
        let length = match sink {
            Sink::F32(values) => values.len(),
            Sink::Bf16(values) => values.len(),
            Sink::GatedAdd { residual, gate } => {
                check_length("gate", columns, gate.len())?;
                residual.len()
            }
        };
        check_length("output", product([rows, *stride]), length)?;
        let place = match sink {
            Sink::F32(values) => Place::F32(Shared::new(values)),
            Sink::Bf16(values) => Place::Bf16(Shared::new(values)),
            Sink::GatedAdd { residual, gate } => Place::GatedAdd(Shared::new(residual), gate),
        };
        Ok(SharedOutput {
            place,
            stride: *stride,
            offset: *offset,
        })
    }
}

/// An [`Output`] that several threads write to.
#[derive(Clone, Copy)]
pub(super) struct SharedOutput<'a> {
    place: Place<'a>,
    stride: usize,
    offset: usize,
}

#[derive(Clone, Copy)]
enum Place<'a> {
    F32(Shared<f32>),
    Bf16(Shared<bf16>),
    GatedAdd(Shared<f32>, &'a [f32]),
}

impl SharedOutput<'_> {
    /// Writes `values` to a row of the output, from a column of the result on.
    ///
    /// # Safety
    /// Row and columns lie inside the shape checked by [`Output::share`], and no other thread
    /// touches them.
    #[inline(always)]
    pub(super) unsafe fn write(self, row: usize, column: usize, values: &[f32]) {
        let start = row * self.stride + self.offset + column;
        // SAFETY: the caller's promise.
        unsafe {
            match self.place {
                Place::F32(target) => target.range(start, values.len()).copy_from_slice(values),
                Place::Bf16(target) => narrow_plain(values, target.range(start, values.len())),
                Place::GatedAdd(residual, gate) => {
                    let residual = residual.range(start, values.len());
                    let gate = &gate[column..column + values.len()];
                    for ((sum, &value), &gate) in residual.iter_mut().zip(values).zip(gate) {
                        *sum += gate * value;
                    }
                }
            }
        }
    }
}

/// Computes `activation(x * w + bias)` for `rows` rows of `x`, on the path of the weights.
///
/// `x` is `[rows, depth]`, in either type: it is rounded or widened to what the path multiplies.
/// Sums, bias, activation and gate are f32. Any number of rows, columns and depth.
///
/// Fails, before anything is written, when a length does not match the shape.
pub fn linear(
    rows: usize,
    x: Values<'_>,
    weights: &PackedWeights,
    bias: Option<&[f32]>,
    activation: Activation,
    output: Output<'_>,
) -> Result<(), KernelError> {
    linear_strided(rows, x, weights.depth(), weights, bias, activation, output)
}

/// Does what [`linear`] does for rows of `x` that lie `stride` apart: `x` is `[rows, stride]`, and
/// the layer reads the first columns of it.
///
/// Fails, before anything is written, when a length does not match the shape.
pub fn linear_strided(
    rows: usize,
    x: Values<'_>,
    stride: usize,
    weights: &PackedWeights,
    bias: Option<&[f32]>,
    activation: Activation,
    mut output: Output<'_>,
) -> Result<(), KernelError> {
    check_input(rows, x, stride, weights, bias)?;
    let layer = Layer {
        rows,
        x,
        stride,
        weights,
        bias,
        activation,
        target: Target::Rows(output.share(rows, weights.columns())?),
        unit: 1,
    };
    with_kernel!(weights.path(), K => layer.run::<K>());
    Ok(())
}

/// Computes queries, keys and values (in this order, each head beside head), norms and turns the
/// first two, and writes all three by head. `x` is `[rows, stride]`.
///
/// Fails, before anything is written, when a length does not match the shape.
pub fn linear_heads(
    rows: usize,
    x: Values<'_>,
    stride: usize,
    weights: &PackedWeights,
    bias: Option<&[f32]>,
    mut output: HeadOutput<'_>,
) -> Result<(), KernelError> {
    check_input(rows, x, stride, weights, bias)?;
    let unit = output.head_dim;
    let layer = Layer {
        rows,
        x,
        stride,
        weights,
        bias,
        activation: Activation::None,
        target: Target::Heads(output.share(rows, weights.columns())?),
        unit,
    };
    with_kernel!(weights.path(), K => layer.run::<K>());
    Ok(())
}

fn check_input(
    rows: usize,
    x: Values<'_>,
    stride: usize,
    weights: &PackedWeights,
    bias: Option<&[f32]>,
) -> Result<(), KernelError> {
    check_length(
        "input of the linear layer",
        product([rows, stride]),
        x.len(),
    )?;
    if stride < weights.depth() {
        return Err(KernelError::Stride {
            stride,
            offset: 0,
            columns: weights.depth(),
        });
    }
    if let Some(bias) = bias {
        check_length("bias", weights.columns(), bias.len())?;
    }
    Ok(())
}

/// Where the checked result goes.
enum Target<'a> {
    Rows(SharedOutput<'a>),
    Heads(SharedHeads<'a>),
}

/// The checked arguments of [`linear`].
struct Layer<'a> {
    rows: usize,
    x: Values<'a>,
    /// Values from one row of `x` to the next.
    stride: usize,
    weights: &'a PackedWeights,
    bias: Option<&'a [f32]>,
    activation: Activation,
    target: Target<'a>,
    /// Columns that have to be finished together.
    unit: usize,
}

/// Rows of `x` that one thread takes at a time: with 1,280 values each in bf16 240 KiB, which
/// stay in the second cache while the panels pass by.
const BLOCK_ROWS: usize = 96;
/// Tasks per thread, so that none waits long for the last.
const TASKS_PER_THREAD: usize = 4;

impl Layer<'_> {
    fn run<K: Kernel<Element: Packable>>(&self) {
        let Some(packed) = self.weights.panels::<K::Element>() else {
            return;
        };
        let panels = self.weights.columns().div_ceil(K::COLUMNS);
        let blocks = self.rows.div_ceil(BLOCK_ROWS);
        if blocks == 0 {
            return;
        }
        // Few rows: the columns are shared out as well.
        let parts = (TASKS_PER_THREAD * rayon::current_num_threads()).div_ceil(blocks);
        // Panels that end where a unit ends are finished together.
        let group = least_common_multiple(self.unit, K::COLUMNS) / K::COLUMNS;
        let panels_per_part = panels.div_ceil(parts.min(panels)).next_multiple_of(group);
        let parts = panels.div_ceil(panels_per_part);
        let depth = self.weights.depth().next_multiple_of(K::Element::GROUP);
        let direct = K::Element::borrow(self.x).filter(|_| depth == self.weights.depth());

        (0..blocks * parts).into_par_iter().for_each_init(
            || {
                let staged = if direct.is_some() {
                    0
                } else {
                    BLOCK_ROWS * depth
                };
                (
                    Aligned::zeros(staged),
                    Aligned::zeros(BLOCK_ROWS * group * K::COLUMNS),
                )
            },
            |(staged, sums), task| {
                let first = task / parts * BLOCK_ROWS;
                let rows = BLOCK_ROWS.min(self.rows - first);
                let (x, stride) = if let Some(x) = direct {
                    let section = first * self.stride..(first + rows) * self.stride;
                    (&x[section], self.stride)
                } else {
                    self.stage::<K>(first, rows, staged.as_mut_slice());
                    (staged.as_slice(), depth)
                };
                let start = task % parts * panels_per_part;
                let end = (start + panels_per_part).min(panels);
                let sums = sums.as_mut_slice();
                for panel in (start..end).step_by(group) {
                    for (place, panel) in (panel..(panel + group).min(end)).enumerate() {
                        let sums = &mut sums[place * K::COLUMNS..];
                        for begin in (0..depth).step_by(K::DEPTH) {
                            let steps = K::DEPTH.min(depth - begin);
                            let block = Block {
                                x,
                                stride,
                                rows,
                                begin,
                                steps,
                            };
                            let weights = packed.panel(panel, begin);
                            block.multiply_into::<K>(weights, sums, group * K::COLUMNS, begin > 0);
                        }
                    }
                    self.finish::<K>(first, rows, panel * K::COLUMNS, sums, group * K::COLUMNS);
                }
            },
        );
    }

    /// Copies a block of rows in the type that the path multiplies, each filled up with zeros to
    /// whole groups.
    fn stage<K: Kernel>(&self, first: usize, rows: usize, staged: &mut [K::Element]) {
        let depth = self.weights.depth();
        let filled = depth.next_multiple_of(K::Element::GROUP);
        for (row, to) in staged.chunks_exact_mut(filled).take(rows).enumerate() {
            let from = self.x.part((first + row) * self.stride, depth);
            // SAFETY: weights of a path exist only where it is available.
            unsafe { K::vectorised(|| from.copy_to(&mut to[..depth])) };
        }
    }

    /// Bias, activation and writing for one block and `width` columns.
    fn finish<K: Kernel>(
        &self,
        first: usize,
        rows: usize,
        column: usize,
        sums: &mut [f32],
        width: usize,
    ) {
        let here = width.min(self.weights.columns() - column);
        let bias = self.bias.map(|bias| &bias[column..column + here]);
        for (row, values) in sums.chunks_exact_mut(width).take(rows).enumerate() {
            let values = &mut values[..here];
            // Small jobs: what is not inlined is not compiled for the instruction set.
            let add_bias = || {
                if let Some(bias) = bias {
                    for (value, bias) in values.iter_mut().zip(bias) {
                        *value += bias;
                    }
                }
            };
            // SAFETY: weights of a path exist only where it is available.
            unsafe { K::vectorised(add_bias) };
            if self.activation == Activation::Gelu {
                // SAFETY: as above.
                unsafe { K::vectorised(|| gelu::<K>(values)) };
            }
            let row = first + row;
            match &self.target {
                // SAFETY: as above; row and columns are inside the shape, and belong to this task
                // alone.
                Target::Rows(output) => unsafe {
                    K::vectorised(|| output.write(row, column, values));
                },
                // SAFETY: as above.
                Target::Heads(heads) => unsafe {
                    K::vectorised(|| heads.write(row, column, values));
                },
            }
        }
    }
}

fn least_common_multiple(a: usize, b: usize) -> usize {
    let (mut divisor, mut rest) = (a, b);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    a / divisor * b
}

/// Rows of a left operand, and the steps of the depth that are taken of them.
#[derive(Clone, Copy)]
pub(super) struct Block<'a, E> {
    /// The rows.
    pub(super) x: &'a [E],
    /// Values from one row to the next.
    pub(super) stride: usize,
    /// How many rows are worked on.
    pub(super) rows: usize,
    /// First step; counted from the beginning of a row.
    pub(super) begin: usize,
    /// How many steps, whole groups.
    pub(super) steps: usize,
}

impl<E: Element> Block<'_, E> {
    /// Multiplies the block by a panel into rows of sums that lie `stride` apart.
    pub(super) fn multiply_into<K: Kernel<Element = E>>(
        self,
        panel: &[E],
        sums: &mut [f32],
        stride: usize,
        accumulate: bool,
    ) {
        // What the tiles touch; nothing in the loop is checked any more.
        let x = &self.x[..(self.rows - 1) * self.stride + self.begin + self.steps];
        let panel = &panel[..self.steps * K::COLUMNS];
        let sums = &mut sums[..(self.rows - 1) * stride + K::COLUMNS];
        for row in (0..self.rows).step_by(K::ROWS) {
            let tile = Tile {
                rows: K::ROWS.min(self.rows - row),
                depth: self.steps,
                left: x[row * self.stride + self.begin..].as_ptr(),
                left_stride: self.stride,
                panel: panel.as_ptr(),
                sums: sums[row * stride..].as_mut_ptr(),
                sums_stride: stride,
                accumulate,
            };
            // SAFETY: the three slices above hold all that the tile touches, and a kernel is only
            // chosen where its path is available.
            unsafe { K::tile(tile) };
        }
    }
}
