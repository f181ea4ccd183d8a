//! The HTTP API through its front door, with a fake world behind it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod admin;
mod auth;
mod bodies;
mod credits;
mod docs;
mod document;
mod erase;
mod events;
mod fold;
mod forms;
mod frame;
mod heads;
mod health;
mod idempotency;
mod lifetimes;
mod logs;
mod metrics;
mod outfits;
mod pages;
mod pictures;
mod products;
mod provenance;
mod rates;
mod routing;
mod sync;
mod try_ons;
mod uploads;
mod watermarks;
mod webhooks;
mod world;
