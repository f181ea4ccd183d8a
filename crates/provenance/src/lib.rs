//! Signed statements of how a picture was made: C2PA manifests and XMP, in JPEG files.
//!
//! - [`identity`]: the key and the certificate that sign, given or self-made.
//! - [`Signer`]: writes the XMP packet and the signed manifest into a JPEG file.
//! - [`verify`]: reads a file's manifest and says whether it is right.
//!
//! A crate of its own, so that the large dependency tree behind C2PA stays in one place and could be replaced there.
//! Nothing in it opens a connection: no remote manifests, no revocation lists, no time-stamp service.

mod hex;
pub mod identity;
mod jpeg;
mod manifest;
mod settings;
pub mod signer;
pub mod verify;
mod xmp;

pub use identity::{CertificateInfo, Identity, IdentityError};
pub use signer::{SignError, Signer};
pub use verify::{ActionReport, Report, SignerReport, Verdict, VerifyError, verify};
