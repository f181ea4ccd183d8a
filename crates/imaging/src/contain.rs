//! The border to code of others that may panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs code of others and turns a panic in it into `None`.
///
/// Decoders and the face cascade are given whatever a stranger uploads. A bug in one of them must cost that upload and
/// nothing else: not the worker thread, not the jobs that share it. `AssertUnwindSafe` holds because everything that the
/// closure writes to is its own and is dropped with it.
pub(crate) fn contain_panic<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_none() {
        let out_of_range = std::hint::black_box(3);
        assert_eq!(contain_panic(|| [1, 2, 3][out_of_range]), None);
        assert_eq!(contain_panic(|| 5), Some(5));
    }
}
