//! Pictures as pure functions.
//!
//! Everything that is done to picture files before and after a try-on: tell the kind of a file by its content, hold its
//! header against limits, decode it upright into sRGB, find faces, crop to the person, resize, encode, hash. Nothing
//! here reads files, waits, logs or knows other parts of the program; every function is deterministic.
//!
//! The usual way in is [`normalize_upload`], which does all of it for a person picture, or [`decode()`] for a
//! [`Picture`] to work on.

mod colour;
mod contain;
mod crop;
mod decode;
mod encode;
mod error;
mod faces;
mod format;
mod hash;
mod limits;
mod mark;
mod orientation;
mod picture;
mod preserve;
mod resize;
mod upload;

pub use crop::{CropBox, Portrait, crop_to_portrait, find_portrait};
pub use decode::{Probe, decode, probe};
pub use encode::{Subsampling, encode_jpeg};
pub use error::ImageError;
pub use faces::{Face, FaceDetector, FaceSearch};
pub use format::{Format, OtherFormat, sniff};
pub use hash::content_hash;
pub use limits::Limits;
pub use mark::{
    Anchor, DrawnLogo, Logo, LogoError, LogoStyle, MAX_LOGO_BYTES, MAX_LOGO_SIDE, MIN_LOGO_SIDE,
    Marked, Place, draw_label, draw_logo, logo_size, mark_picture, place_logo,
};
pub use orientation::Orientation;
pub use picture::{MAX_PICTURE_SIDE, Picture};
pub use preserve::{KeptPart, Mask, PreserveError, Preserved, preserve};
pub use resize::{fit_within, resize_area, resize_exact, resize_within};
pub use upload::{Normalized, normalize_picture, normalize_upload};
