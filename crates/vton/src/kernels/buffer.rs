//! Memory that begins at a cache line.

use std::marker::PhantomData;

use super::kernel::Element;

/// One cache line, which is also one AVX-512 register.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; LINE_BYTES]);

const LINE_BYTES: usize = 64;

/// A vector of numbers that begins at a cache line, zero at first.
///
/// A load of 64 bytes that crosses two lines costs two loads; an ordinary vector makes every
/// load of a panel such a one.
pub(super) struct Aligned<T> {
    lines: Vec<Line>,
    length: usize,
    element: PhantomData<T>,
}

impl<T: Element> Aligned<T> {
    /// `length` zeros.
    pub(super) fn zeros(length: usize) -> Self {
        let lines = (length * size_of::<T>()).div_ceil(LINE_BYTES);
        Self {
            lines: vec![Line([0; LINE_BYTES]); lines],
            length,
            element: PhantomData,
        }
    }

    /// The numbers.
    pub(super) fn as_slice(&self) -> &[T] {
        // SAFETY: the lines hold at least `length` elements, are aligned for them, and an element
        // is a plain number, for which every bit pattern is valid.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.length) }
    }

    /// The numbers, to be written.
    pub(super) fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: as in `as_slice`, and `self` is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.length) }
    }
}

/// A pointer that several threads write through, each to places of its own.
pub(super) struct Shared<T>(*mut T);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Shared<T> {}

// SAFETY: a bare pointer; who dereferences it promises that no two threads touch the same place.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// A pointer to the first value of `target`, to be used while that borrow lives.
    pub(super) fn new(target: &mut [T]) -> Self {
        Self(target.as_mut_ptr())
    }

    /// The values from `start` on.
    ///
    /// # Safety
    /// The range lies inside the slice given to [`Shared::new`], which is still borrowed, and no
    /// other thread reads or writes it meanwhile.
    pub(super) unsafe fn range<'a>(self, start: usize, length: usize) -> &'a mut [T] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(start), length) }
    }
}
