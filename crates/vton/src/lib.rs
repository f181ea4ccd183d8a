//! FASHN VTON 1.5, a try-on network that works on pixels, on the CPU and without Python.

pub mod backend;
pub mod config;
pub mod model;
pub mod weights;
