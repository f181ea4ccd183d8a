//! Memory that begins at a cache line.

use std::marker::PhantomData;

use super::kernel::Element;

/// A cache line, which is also one AVX-512 register.
const LINE_BYTES: usize = 64;

/// A vector of numbers that begins at a cache line, zero at first.
///
/// A load of 64 bytes that crosses two lines costs two loads; an ordinary vector makes every
/// load of a panel such a one.
pub(super) struct Aligned<T> {
    /// A line more than the numbers need, so that one begins early enough. Plain bytes and not
    /// aligned ones, because these the system hands out zeroed, and touches no page of them.
    bytes: Vec<u8>,
    /// The byte where the first line begins.
    start: usize,
    length: usize,
    element: PhantomData<T>,
}

impl<T: Element> Aligned<T> {
    /// `length` zeros.
    pub(super) fn zeros(length: usize) -> Self {
        let bytes = vec![0_u8; length * size_of::<T>() + LINE_BYTES];
        let start = bytes.as_ptr().addr().wrapping_neg() % LINE_BYTES;
        Self {
            bytes,
            start,
            length,
            element: PhantomData,
        }
    }

    /// The numbers.
    pub(super) fn as_slice(&self) -> &[T] {
        let first = self.bytes[self.start..].as_ptr();
        // SAFETY: from `start` on there is room for `length` elements. It begins a line, so it is
        // aligned for them; the vector is never moved to other memory. An element is a plain
        // number, for which every bit pattern is valid.
        unsafe { std::slice::from_raw_parts(first.cast(), self.length) }
    }

    /// The numbers, to be written.
    pub(super) fn as_mut_slice(&mut self) -> &mut [T] {
        let first = self.bytes[self.start..].as_mut_ptr();
        // SAFETY: as in `as_slice`, and `self` is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(first.cast(), self.length) }
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
