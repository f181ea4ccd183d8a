//! Picture primitives: planes, colour, filters, masks, contours, warps and cuts.
//!
//! Everything here is generic picture arithmetic without any knowledge of people or garments. Colours are in R, G, B order,
//! coordinates are (x, y) with pixel centres on whole numbers, and every function gives the same result for the same input
//! whatever the number of threads.

#![cfg_attr(
    test,
    expect(clippy::float_cmp, reason = "small whole numbers and copies are exact")
)]

mod color;
mod fill;
mod filter;
mod grabcut;
mod line;
mod mask;
mod math;
mod morph;
mod plane;
mod point;
mod random;
mod region;
mod resize;
mod shape;
mod stats;
mod warp;

pub use color::*;
pub use fill::*;
pub use filter::*;
pub use grabcut::*;
pub use line::*;
pub use mask::*;
pub use morph::*;
pub use plane::*;
pub use point::*;
pub use random::*;
pub use region::*;
pub use resize::*;
pub use shape::*;
pub use stats::*;
pub use warp::*;
