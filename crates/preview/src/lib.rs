//! Weight-free CPU try-on engine: person and garment analysis, warp, composition.

pub mod raster;
