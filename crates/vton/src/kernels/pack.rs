//! Matrices in the order in which the kernels read them.
//!
//! A panel holds as many columns as a tile has, and for each step of the depth the values of all
//! its columns side by side: `[panel][depth / GROUP][COLUMNS][GROUP]`. What the last panel lacks
//! in columns, and the depth in steps, is zero.

use std::iter;

use half::bf16;
use rayon::prelude::*;

use super::buffer::Aligned;
use super::error::{check_length, product};
use super::kernel::{Element, Kernel, with_kernel};
use super::{KernelError, Path};

/// Numbers in one of the two types that the kernels take.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// In f32.
    F32(&'a [f32]),
    /// In bf16.
    Bf16(&'a [bf16]),
}

/// Numbers to be written, in one of the two types.
#[derive(Debug)]
pub enum ValuesMut<'a> {
    /// In f32.
    F32(&'a mut [f32]),
    /// In bf16.
    Bf16(&'a mut [bf16]),
}

impl<'a> ValuesMut<'a> {
    /// How many numbers there are.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::Bf16(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers from `start` on, `length` of them; the caller has checked that they are there.
    pub(crate) fn part(self, start: usize, length: usize) -> ValuesMut<'a> {
        match self {
            Self::F32(values) => ValuesMut::F32(&mut values[start..start + length]),
            Self::Bf16(values) => ValuesMut::Bf16(&mut values[start..start + length]),
        }
    }
}

impl<'a> Values<'a> {
    /// How many numbers there are.
    pub fn len(self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::Bf16(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The numbers from `start` on, `length` of them; the caller has checked that they are there.
    pub(crate) fn part(self, start: usize, length: usize) -> Values<'a> {
        match self {
            Self::F32(values) => Values::F32(&values[start..start + length]),
            Self::Bf16(values) => Values::Bf16(&values[start..start + length]),
        }
    }

    /// Writes the numbers to `target`, which is as long, in its type.
    #[inline(always)]
    pub(super) fn copy_to<E: Element>(self, target: &mut [E]) {
        if let Some(values) = E::borrow(self) {
            target.copy_from_slice(values);
            return;
        }
        match self {
            Self::F32(values) => convert(values, target),
            Self::Bf16(values) => convert(values, target),
        }
    }
}

#[inline(always)]
fn convert<S: Element, E: Element>(source: &[S], target: &mut [E]) {
    for (to, from) in target.iter_mut().zip(source) {
        *to = E::from_f32(from.to_f32());
    }
}

/// The weights of a linear layer, packed for one path.
pub struct PackedWeights {
    path: Path,
    columns: usize,
    depth: usize,
    panels: TypedPanels,
}

/// Panels of one of the two types.
pub(super) enum TypedPanels {
    F32(Panels<f32>),
    Bf16(Panels<bf16>),
}

impl PackedWeights {
    /// Packs `weights`, `columns` rows of `depth` values each: outputs by inputs, as files of
    /// weights hold them.
    ///
    /// Fails when the length is not `columns * depth`, one of them is zero, or the processor lacks
    /// the path.
    pub fn pack(
        path: Path,
        weights: Values<'_>,
        columns: usize,
        depth: usize,
    ) -> Result<Self, KernelError> {
        check_length("weights", product([columns, depth]), weights.len())?;
        for (what, size) in [
            ("columns of the weights", columns),
            ("depth of the weights", depth),
        ] {
            if size == 0 {
                return Err(KernelError::Empty { what });
            }
        }
        path.require()?;
        let panels = with_kernel!(path, K => {
            <K as Kernel>::Element::own(Panels::from_rows::<K>(weights, columns, depth))
        });
        Ok(Self {
            path,
            columns,
            depth,
            panels,
        })
    }

    /// The path they are packed for.
    pub fn path(&self) -> Path {
        self.path
    }

    /// Outputs of the layer.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Inputs of the layer.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The panels, if they hold this type; they do for the kernel of `path`.
    pub(super) fn panels<E: Packable>(&self) -> Option<&Panels<E>> {
        E::of(&self.panels)
    }
}

/// An element that [`PackedWeights`] can hold.
pub(super) trait Packable: Element {
    /// Gives panels of this type their place.
    fn own(panels: Panels<Self>) -> TypedPanels;
    /// The panels, if they hold this type.
    fn of(panels: &TypedPanels) -> Option<&Panels<Self>>;
}

impl Packable for f32 {
    fn own(panels: Panels<Self>) -> TypedPanels {
        TypedPanels::F32(panels)
    }

    fn of(panels: &TypedPanels) -> Option<&Panels<Self>> {
        match panels {
            TypedPanels::F32(panels) => Some(panels),
            TypedPanels::Bf16(_) => None,
        }
    }
}

impl Packable for bf16 {
    fn own(panels: Panels<Self>) -> TypedPanels {
        TypedPanels::Bf16(panels)
    }

    fn of(panels: &TypedPanels) -> Option<&Panels<Self>> {
        match panels {
            TypedPanels::Bf16(panels) => Some(panels),
            TypedPanels::F32(_) => None,
        }
    }
}

/// A packed matrix.
pub(super) struct Panels<E> {
    data: Aligned<E>,
    /// Steps of a panel, filled up to whole groups.
    depth: usize,
    /// Columns of a panel.
    width: usize,
}

impl<E: Element> Panels<E> {
    /// Packs a matrix that lies column after column: `columns` runs of `depth` values.
    pub(super) fn from_rows<K: Kernel<Element = E>>(
        values: Values<'_>,
        columns: usize,
        depth: usize,
    ) -> Self {
        if let Some(values) = E::borrow(values) {
            return Self::pack::<K, _>(values, columns, depth, |values, shape, first, panel| {
                pack_rows(values, shape, first, panel, |number| number);
            });
        }
        match values {
            Values::F32(values) => Self::pack::<K, _>(values, columns, depth, convert_rows),
            Values::Bf16(values) => Self::pack::<K, _>(values, columns, depth, convert_rows),
        }
    }

    /// Packs a matrix that lies step after step: `depth` runs of `columns` values. The depth is
    /// filled up to a multiple of `K::COLUMNS`.
    pub(super) fn from_columns<K: Kernel<Element = E>>(
        values: Values<'_>,
        columns: usize,
        depth: usize,
    ) -> Self {
        match values {
            Values::F32(values) => Self::pack::<K, _>(values, columns, depth, pack_columns),
            Values::Bf16(values) => Self::pack::<K, _>(values, columns, depth, pack_columns),
        }
    }

    fn pack<K: Kernel<Element = E>, S: Element>(
        values: &[S],
        columns: usize,
        depth: usize,
        fill: impl Fn(&[S], Shape, usize, &mut [E]) + Sync,
    ) -> Self {
        let filled = depth.next_multiple_of(K::COLUMNS);
        let panels = columns.div_ceil(K::COLUMNS);
        let mut data = Aligned::zeros(panels * filled * K::COLUMNS);
        let shape = Shape {
            columns,
            depth,
            width: K::COLUMNS,
        };
        let length = filled * K::COLUMNS;
        data.as_mut_slice()
            .par_chunks_exact_mut(length)
            .enumerate()
            .for_each(|(panel, to)| {
                fill(values, shape, panel * K::COLUMNS, to);
            });
        Self {
            data,
            depth: filled,
            width: K::COLUMNS,
        }
    }

    /// The panel `index`, from step `start` on. The step begins a group.
    pub(super) fn panel(&self, index: usize, start: usize) -> &[E] {
        let length = self.depth * self.width;
        &self.data.as_slice()[index * length + start * self.width..(index + 1) * length]
    }
}

/// The matrix that is packed, and the columns of a panel.
#[derive(Clone, Copy)]
struct Shape {
    columns: usize,
    depth: usize,
    width: usize,
}

/// Does what [`pack_rows`] does for numbers of another type.
fn convert_rows<S: Element, E: Element>(values: &[S], shape: Shape, first: usize, panel: &mut [E]) {
    pack_rows(values, shape, first, panel, |number| {
        E::from_f32(number.to_f32())
    });
}

/// Fills the panel that begins at column `first` from a matrix that lies column after column.
fn pack_rows<S: Element, E: Element>(
    values: &[S],
    shape: Shape,
    first: usize,
    panel: &mut [E],
    convert: impl Fn(S) -> E,
) {
    /// Steps that are moved at a time: enough for the memory to be read in runs, and few enough for
    /// their place in the panel to stay in the first cache.
    const STEPS: usize = 128;
    let here = shape.width.min(shape.columns - first);
    for start in (0..shape.depth).step_by(STEPS) {
        let end = (start + STEPS).min(shape.depth);
        let panel = &mut panel[start * shape.width..];
        for column in 0..here {
            let row = &values[(first + column) * shape.depth..][start..end];
            let groups = row.chunks_exact(E::GROUP);
            let last = groups.remainder();
            let places = panel.chunks_exact_mut(shape.width * E::GROUP);
            for (to, group) in places.zip(groups.chain(iter::once(last))) {
                let to = &mut to[column * E::GROUP..][..group.len()];
                for (to, from) in to.iter_mut().zip(group) {
                    *to = convert(*from);
                }
            }
        }
    }
}

/// Fills the panel that begins at column `first` from a matrix that lies step after step.
fn pack_columns<S: Element, E: Element>(values: &[S], shape: Shape, first: usize, panel: &mut [E]) {
    let here = shape.width.min(shape.columns - first);
    for (step, row) in values
        .chunks_exact(shape.columns)
        .take(shape.depth)
        .enumerate()
    {
        let place = step / E::GROUP * E::GROUP * shape.width + step % E::GROUP;
        let to = panel[place..].iter_mut().step_by(E::GROUP);
        for (to, from) in to.zip(&row[first..first + here]) {
            *to = E::from_f32(from.to_f32());
        }
    }
}
