//! Signed statements of how a picture was made.
