//! Drawn pictures of people and garments with known landmarks, for tests, demos and self-checks.
//!
//! The pictures are simple but have what the analysis relies on: round shading, a face, hair, a wall with a soft gradient,
//! grain, and anti-aliased outlines. They depend on their settings alone.

mod figure;
mod flat_lay;
mod paint;
#[rustfmt::skip]
mod shapes;

pub use self::figure::{Framing, Outfit, PersonPicture, SleeveLength, SyntheticPerson};
pub use self::flat_lay::{GarmentKind, GarmentPicture, SyntheticGarment};
