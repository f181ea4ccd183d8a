//! try_on
