//! The rate limit of one node: a sliding window of 60 seconds per account and bucket.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use drape_core::{
    ids::{AccountId, AdminKeyId},
    time::Timestamp,
};
use uuid::Uuid;

/// Length of the window in seconds.
pub const WINDOW_S: u32 = 60;
const WINDOW_US: i64 = WINDOW_S as i64 * 1_000_000;
/// Requests this close together share one entry, which bounds the memory of a window whatever its limit.
const GRAIN_US: i64 = 10_000;
/// Number of locks; accounts spread over them.
const SHARDS: usize = 16;

/// What a request counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// Everything but polling.
    Default,
    /// Reading one generation, and the picture URLs.
    Poll,
    /// Requests with an admin key; counted by key.
    Admin,
}

impl Bucket {
    /// Name in the `RateLimit` headers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Poll => "poll",
            Self::Admin => "admin",
        }
    }
}

/// What the limiter says to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// True when the request may go on; only then it was counted.
    pub is_allowed: bool,
    /// Requests that still fit into the window.
    pub remaining: u32,
    /// Seconds, rounded up, until the oldest counted request leaves the window.
    pub reset_s: u32,
}

/// Counts requests. In any 60 seconds never more than the limit pass, whatever the pattern.
///
/// A log of moments rather than counters per second, so that the edge is exact: a place is free again 60 seconds
/// after it was taken (at most 10 ms later when requests come closer than that). Refused requests do not count.
/// An account that was quiet for a window is forgotten.
#[derive(Debug)]
pub struct RateLimiter {
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Debug, Default)]
struct Shard {
    /// By account, or by admin key.
    windows: HashMap<(Uuid, Bucket), Window>,
    swept_at: Timestamp,
}

/// Counted requests, oldest first; never more than `WINDOW_US / GRAIN_US` + 1 entries.
#[derive(Debug, Default)]
struct Window {
    entries: VecDeque<Entry>,
    total: u64,
}

#[derive(Debug)]
struct Entry {
    /// First request of the entry, in microseconds.
    first: i64,
    /// Last request of the entry: the entry leaves the window with it.
    last: i64,
    count: u32,
}

impl Default for RateLimiter {
    fn default() -> Self {
        Self::new()
    }
}

impl RateLimiter {
    /// Makes a limiter that has seen nothing yet.
    pub fn new() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::new(Shard::default())),
        }
    }

    /// Counts a request of an account if `limit` per minute allows it.
    pub fn check(
        &self,
        account: AccountId,
        bucket: Bucket,
        limit: u32,
        now: Timestamp,
    ) -> Decision {
        self.check_holder(*account.as_uuid(), bucket, limit, now)
    }

    /// Counts a request with an admin key if `limit` per minute allows it.
    pub fn check_admin(&self, key: AdminKeyId, limit: u32, now: Timestamp) -> Decision {
        self.check_holder(*key.as_uuid(), Bucket::Admin, limit, now)
    }

    fn check_holder(&self, holder: Uuid, bucket: Bucket, limit: u32, now: Timestamp) -> Decision {
        // The last bytes of a UUIDv7 are random, so they spread holders evenly.
        let place = usize::from(holder.as_bytes()[15]) % SHARDS;
        let mut shard = self.shards[place]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        shard.forget_idle(now);
        shard
            .windows
            .entry((holder, bucket))
            .or_default()
            .check(limit, now.as_micros())
    }

    #[cfg(test)]
    fn windows(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.lock().unwrap().windows.len())
            .sum()
    }
}

impl Shard {
    /// Drops quiet accounts once per window; also when the clock went backwards.
    fn forget_idle(&mut self, now: Timestamp) {
        if (now.as_micros() - self.swept_at.as_micros()).abs() < WINDOW_US {
            return;
        }
        self.swept_at = now;
        let horizon = now.as_micros() - WINDOW_US;
        self.windows.retain(|_, window| {
            window
                .entries
                .back()
                .is_some_and(|last| last.last > horizon)
        });
    }
}

impl Window {
    fn check(&mut self, limit: u32, now: i64) -> Decision {
        self.follow_clock(now);
        self.forget_until(now - WINDOW_US);
        let is_allowed = self.total < u64::from(limit);
        if is_allowed {
            self.count(now);
        }
        let remaining = u64::from(limit).saturating_sub(self.total);
        Decision {
            is_allowed,
            remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
            reset_s: self.seconds_to_reset(now),
        }
    }

    /// Moves the log along when the clock was set back, so that nobody waits for a future that was never real.
    fn follow_clock(&mut self, now: i64) {
        let ahead = self.entries.back().map_or(0, |newest| newest.last - now);
        if ahead > 0 {
            for entry in &mut self.entries {
                entry.first -= ahead;
                entry.last -= ahead;
            }
        }
    }

    fn forget_until(&mut self, horizon: i64) {
        while let Some(oldest) = self.entries.front()
            && oldest.last <= horizon
        {
            self.total -= u64::from(oldest.count);
            self.entries.pop_front();
        }
    }

    fn count(&mut self, now: i64) {
        self.total += 1;
        if let Some(newest) = self.entries.back_mut()
            && now - newest.first < GRAIN_US
            && newest.count < u32::MAX
        {
            newest.last = now;
            newest.count += 1;
            return;
        }
        self.entries.push_back(Entry {
            first: now,
            last: now,
            count: 1,
        });
    }

    fn seconds_to_reset(&self, now: i64) -> u32 {
        let free_at = self
            .entries
            .front()
            .map_or(now + WINDOW_US, |oldest| oldest.last + WINDOW_US);
        let wait_us = (free_at - now).clamp(1, WINDOW_US);
        u32::try_from((wait_us + 999_999) / 1_000_000).unwrap_or(WINDOW_S)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: i64 = 1_000_000;

    fn account(number: u128) -> AccountId {
        AccountId::from_uuid(Uuid::from_u128(number))
    }

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    fn passes(limiter: &RateLimiter, limit: u32, micros: i64) -> bool {
        limiter
            .check(account(1), Bucket::Default, limit, at(micros))
            .is_allowed
    }

    #[test]
    fn the_edge_of_the_window_is_exact() {
        let limiter = RateLimiter::new();
        let start = 1_000 * SECOND;
        for _ in 0..3 {
            assert!(passes(&limiter, 3, start));
        }
        assert!(!passes(&limiter, 3, start));
        assert!(!passes(&limiter, 3, start + 60 * SECOND - 1));
        assert!(passes(&limiter, 3, start + 60 * SECOND));
    }

    #[test]
    fn it_says_what_is_left_and_when_more_comes() {
        let limiter = RateLimiter::new();
        let check = |micros| limiter.check(account(1), Bucket::Default, 2, at(micros));
        let first = check(0);
        assert_eq!(
            (first.is_allowed, first.remaining, first.reset_s),
            (true, 1, 60)
        );
        let second = check(20 * SECOND);
        assert_eq!(
            (second.is_allowed, second.remaining, second.reset_s),
            (true, 0, 40)
        );
        let third = check(20 * SECOND + 1);
        assert_eq!(
            (third.is_allowed, third.remaining, third.reset_s),
            (false, 0, 40)
        );
        let late = check(60 * SECOND - 1);
        assert_eq!(
            (late.is_allowed, late.remaining, late.reset_s),
            (false, 0, 1)
        );
        assert!(check(60 * SECOND).is_allowed);
    }

    #[test]
    fn accounts_and_buckets_are_apart() {
        let limiter = RateLimiter::new();
        let check = |who, bucket| limiter.check(account(who), bucket, 1, at(0)).is_allowed;
        assert!(check(1, Bucket::Default));
        assert!(!check(1, Bucket::Default));
        assert!(check(1, Bucket::Poll));
        assert!(check(2, Bucket::Default));
    }

    #[test]
    fn a_changed_limit_counts_at_once_and_zero_refuses_all() {
        let limiter = RateLimiter::new();
        assert!(passes(&limiter, 1, 0));
        assert!(!passes(&limiter, 1, 0));
        assert!(passes(&limiter, 2, 0));
        assert!(!passes(&limiter, 0, 0));
        assert!(!passes(&RateLimiter::new(), 0, 0));
    }

    #[test]
    fn a_clock_set_back_does_not_lock_out() {
        let limiter = RateLimiter::new();
        let start = 10_000 * SECOND;
        assert!(passes(&limiter, 1, start));
        assert!(!passes(&limiter, 1, start - 3_600 * SECOND));
        assert!(passes(&limiter, 1, start - 3_540 * SECOND));
    }

    #[test]
    fn quiet_accounts_are_forgotten_and_busy_ones_stay_small() {
        let limiter = RateLimiter::new();
        for number in 0..1_000 {
            limiter.check(account(number), Bucket::Default, 100, at(0));
        }
        assert_eq!(limiter.windows(), 1_000);
        for shard in 0..16 {
            limiter.check(account(shard), Bucket::Poll, 100, at(61 * SECOND));
        }
        assert_eq!(limiter.windows(), 16);

        let mut window = Window::default();
        for step in 0..2_000_000 {
            window.check(u32::MAX, step * 50);
        }
        assert!(window.entries.len() <= 6_001, "{}", window.entries.len());
    }

    proptest! {
        #[test]
        fn never_more_than_the_limit_in_any_window(
            limit in 1_u32..8,
            gaps in proptest::collection::vec(prop_oneof![0_i64..5_000, 0_i64..SECOND, 0_i64..70 * SECOND], 1..200),
        ) {
            let limiter = RateLimiter::new();
            let mut now = 0;
            let mut passed: Vec<i64> = Vec::new();
            for gap in gaps {
                now += gap;
                let in_window = passed.iter().filter(|moment| **moment > now - WINDOW_US).count();
                let decision = limiter.check(account(1), Bucket::Default, limit, at(now));
                if decision.is_allowed {
                    prop_assert!(in_window < limit as usize);
                    passed.push(now);
                } else {
                    // Refused only when full, give or take the grain.
                    let nearly = passed.iter().filter(|moment| **moment > now - WINDOW_US - GRAIN_US).count();
                    prop_assert!(nearly >= limit as usize);
                    prop_assert!((1..=60).contains(&decision.reset_s));
                }
            }
        }
    }
}
