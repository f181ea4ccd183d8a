//! FASHN VTON 1.5, a try-on network that works on pixels, on the CPU and without Python.

pub mod config;
pub mod weights;
