//! The crate from outside: picture files made here, decoded and prepared.
#![expect(clippy::unwrap_used, reason = "tests")]

mod broken;
mod colours;
mod formats;
mod heic;
mod logos;
mod make;
mod make_heif;
mod marks;
mod orientations;
mod portraits;
mod uploads;
