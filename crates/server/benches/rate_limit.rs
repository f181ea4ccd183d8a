//! What the checks before a request cost: the rate limit alone, and the whole way through the router.
//!
//! `cargo bench -p drape-server --bench rate_limit`
//!
//! The peer of the limiter is `governor`, a token bucket; ours keeps a log of moments, because a bucket lets up to
//! twice the limit through in one minute.
#![expect(clippy::unwrap_used, reason = "bench")]

use std::{
    num::NonZeroU32,
    sync::atomic::{AtomicI64, AtomicUsize, Ordering},
};

use axum::body::Body;
use divan::{Bencher, black_box};
use drape_core::{ids::AccountId, time::Timestamp};
use drape_server::rate_limit::{Bucket, RateLimiter};
use drape_testkit::{TestServer, server::TestOptions};
use governor::{DefaultKeyedRateLimiter, Quota};
use http::Method;
use tokio::runtime::Runtime;
use uuid::Uuid;

/// Numbers of accounts that ask in turn.
const ACCOUNTS: [usize; 3] = [1, 1_000, 100_000];
/// Limits per minute: the default, and one that nobody reaches.
const LIMITS: [u32; 2] = [100, 1_000_000];

fn main() {
    divan::main();
}

/// Ids as the server makes them: the time in front, random bytes behind.
fn accounts(count: usize) -> Vec<AccountId> {
    let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
    let id = |_| {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        let mut random = [0; 10];
        random[2..].copy_from_slice(&bits.to_be_bytes());
        let uuid = uuid::Builder::from_unix_timestamp_millis(1_772_355_600_000, &random);
        AccountId::from_uuid(uuid.into_uuid())
    };
    (0..count).map(id).collect()
}

/// Our limiter; the clock goes on by 50 microseconds per request, so that windows fill and empty.
#[divan::bench(args = ACCOUNTS, consts = LIMITS)]
fn ours<const LIMIT: u32>(bencher: Bencher, count: usize) {
    let limiter = RateLimiter::new();
    let accounts = accounts(count);
    let turn = AtomicUsize::new(0);
    let now_us = AtomicI64::new(1_772_355_600_000_000);
    bencher.bench(|| {
        let account = accounts[turn.fetch_add(1, Ordering::Relaxed) % count];
        let now = Timestamp::from_micros(now_us.fetch_add(50, Ordering::Relaxed));
        limiter.check(black_box(account), Bucket::Default, LIMIT, now)
    });
}

/// `governor` with the same limits and accounts; it reads its own clock.
#[divan::bench(args = ACCOUNTS, consts = LIMITS)]
fn governor<const LIMIT: u32>(bencher: Bencher, count: usize) {
    let quota = Quota::per_minute(NonZeroU32::new(LIMIT).unwrap());
    let limiter: DefaultKeyedRateLimiter<Uuid> = DefaultKeyedRateLimiter::keyed(quota);
    let accounts = accounts(count);
    let turn = AtomicUsize::new(0);
    bencher.bench(|| {
        let account = accounts[turn.fetch_add(1, Ordering::Relaxed) % count];
        limiter.check_key(black_box(account.as_uuid())).is_ok()
    });
}

/// A server whose account is never, or always, over its limit.
fn server(runtime: &Runtime, rate_limit: u32) -> TestServer {
    runtime.block_on(TestServer::start_with(TestOptions {
        rate_limit,
        ..TestOptions::default()
    }))
}

fn bench_get(bencher: Bencher, rate_limit: u32, path: &str, status: u16) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let server = server(&runtime, rate_limit);
    let request = || {
        server
            .request(Method::GET, path)
            .body(Body::empty())
            .unwrap()
    };
    bencher.with_inputs(request).bench_local_values(|request| {
        let answer = runtime.block_on(server.open(request));
        assert_eq!(answer.status(), status);
        answer
    });
}

/// An open route: router and frame, no key, no rate.
#[divan::bench]
fn route_without_key(bencher: Bencher) {
    bench_get(bencher, 1, "/healthz", 200);
}

/// The whole guard (size, key, rate) and nothing behind it: a route that does not exist.
#[divan::bench]
fn route_with_key_and_rate(bencher: Bencher) {
    bench_get(bencher, u32::MAX, "/nowhere", 404);
}

/// What a request costs that is refused for its rate.
#[divan::bench]
fn refused_for_its_rate(bencher: Bencher) {
    bench_get(bencher, 0, "/nowhere", 429);
}

/// A whole small request: guard, and one read of the balance.
#[divan::bench]
fn read_of_the_balance(bencher: Bencher) {
    bench_get(bencher, u32::MAX, "/tryon/v1/account/credits", 200);
}
