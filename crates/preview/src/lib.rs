//! Weight-free CPU try-on engine: person and garment analysis, warp, composition.

pub mod garment;
pub mod person;
pub mod raster;
