//! From a photo to the tensors of the network, and from the tensor of the result back to a picture.
//!
//! The network was trained on pictures that went through Pillow's and `OpenCV`'s resizers. Every resizer here follows the fixed-point
//! arithmetic of the one it stands for, so that the bytes are equal and not only alike.
//!
//! 1. [`shrink_to_box`]: Pillow's LANCZOS, so that the longer side fits.
//! 2. [`fit`]: onto the canvas, by area, `LANCZOS4` or (pose rasters) nearest, with black at the edges.
//! 3. [`normalise`]: levels 0..=255 to -1..=1.
//! 4. [`to_levels`] and [`unpad`]: the way back.

mod area;
mod fit;
mod grid;
mod lanczos;
mod lanczos4;
mod levels;
mod linear;
mod nearest;
mod picture;
mod sizes;

pub use area::resize_area;
pub use fit::{Fill, fit, shrink_to_box, unpad};
pub use lanczos::resize_lanczos;
pub use lanczos4::resize_lanczos4;
pub use levels::{normalise, to_levels};
pub use linear::resize_linear;
pub use nearest::resize_nearest_exact;
pub use picture::{MAX_PIXELS, Picture, PictureError};
pub use sizes::{CANVAS, Fitted, Kernel, Padding, Size, fit_size, shrunk_size};
