//! Weight-free CPU try-on engine: person and garment analysis, warp, composition.

mod border;
pub mod category;
pub mod compose;
pub mod confidence;
pub mod engine;
pub mod fit;
pub mod garment;
pub mod person;
pub mod raster;
pub mod synthetic;
