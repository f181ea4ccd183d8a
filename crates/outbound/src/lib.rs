//! The only place that connects to an address which somebody else chose.
//!
//! A shop or an API client may name any URL as a picture. [`GuardedFetch`] gets such a picture without letting the
//! caller reach into the network that the server stands in: every address is judged at the moment of connecting
//! (so a name that changes its mind between a check and its use gains nothing), again at every redirect, and
//! for literal addresses, which never pass a resolver, before the request.
//!
//! - [`address`]: which addresses belong to the public internet.
//! - [`options`]: what an operator can open or close.
//! - [`target`]: what may stand in a URL.
//! - [`resolver`]: names to addresses, judged.
//! - [`fetch`]: the fetch itself, with its limits.
//! - [`post`]: posts of webhooks, behind the same guard.
//! - [`hub`]: downloads of model files from the hub that the operator chose; not behind the guard.

pub mod address;
pub mod fetch;
pub mod hub;
pub mod options;
pub mod post;
pub mod resolver;
pub mod target;
mod tls;

pub use fetch::{GuardedFetch, SetupError};
pub use options::OutboundOptions;
pub use resolver::Lookup;
