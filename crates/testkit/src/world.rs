//! A clock that stands still, ids in a row, and shorthands for what tests store.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use drape_core::{
    ports::{Clock, Ids},
    time::Timestamp,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// 2026-03-01T09:00:00Z in microseconds.
const START_US: i64 = 1_772_355_600_000_000;

/// A clock that stands still until it is told to go on.
#[derive(Debug)]
pub struct FakeClock {
    now_us: AtomicI64,
}

impl FakeClock {
    /// Makes a clock that shows 2026-03-01T09:00:00Z.
    pub fn new() -> Self {
        Self {
            now_us: AtomicI64::new(START_US),
        }
    }

    /// Lets time pass.
    pub fn advance(&self, duration: Duration) {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        self.now_us.fetch_add(micros, Ordering::SeqCst);
    }

    /// Lets days pass.
    pub fn advance_days(&self, days: u32) {
        self.advance(Duration::from_hours(u64::from(days) * 24));
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now_us.load(Ordering::SeqCst))
    }
}

/// `UUIDv7`s in a row, and secrets that are hashes of a counter.
#[derive(Debug)]
pub struct SeqIds {
    time: IdTime,
    next: AtomicU64,
}

/// Where the time in the ids comes from.
#[derive(Debug)]
enum IdTime {
    /// All ids carry this moment.
    Fixed(Timestamp),
    /// Each id carries the moment of its making.
    Clock(Arc<FakeClock>),
}

impl SeqIds {
    /// Begins a row whose ids carry the moment of [`FakeClock::new`].
    pub fn new() -> Self {
        Self::at(Timestamp::from_micros(START_US))
    }

    /// Begins a row whose ids carry this moment.
    pub fn at(moment: Timestamp) -> Self {
        Self {
            time: IdTime::Fixed(moment),
            next: AtomicU64::new(1),
        }
    }

    /// Begins a row whose ids carry the time of a clock, as real ones do.
    pub fn following(clock: Arc<FakeClock>) -> Self {
        Self {
            time: IdTime::Clock(clock),
            next: AtomicU64::new(1),
        }
    }

    fn next(&self) -> u64 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }
}

impl Default for SeqIds {
    fn default() -> Self {
        Self::new()
    }
}

impl Ids for SeqIds {
    fn uuid(&self) -> Uuid {
        let mut counter = [0; 10];
        counter[2..].copy_from_slice(&self.next().to_be_bytes());
        let moment = match &self.time {
            IdTime::Fixed(moment) => *moment,
            IdTime::Clock(clock) => clock.now(),
        };
        let millis = u64::try_from(moment.as_micros() / 1_000).unwrap_or(0);
        // The version and variant bits overwrite the first bytes only; the counter lies behind them.
        uuid::Builder::from_unix_timestamp_millis(millis, &counter).into_uuid()
    }

    fn secret(&self) -> [u8; 32] {
        Sha256::digest(self.next().to_be_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_7_and_ascend() {
        let ids = SeqIds::new();
        let row: Vec<Uuid> = (0..1_000).map(|_| ids.uuid()).collect();
        assert!(row.is_sorted());
        assert!(row.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(row.iter().all(|id| id.get_version_num() == 7));
    }

    #[test]
    fn ids_follow_their_clock() {
        let clock = Arc::new(FakeClock::new());
        let ids = SeqIds::following(clock.clone());
        let first = ids.uuid();
        clock.advance(Duration::from_secs(1));
        let second = ids.uuid();
        let seconds = |id: Uuid| id.get_timestamp().unwrap().to_unix().0;
        assert_eq!(seconds(second), seconds(first) + 1);
    }

    #[test]
    fn the_clock_moves_only_when_told() {
        let clock = FakeClock::new();
        let start = clock.now();
        assert_eq!(clock.now(), start);
        clock.advance_days(2);
        assert_eq!(clock.now(), start.plus_days(2));
        assert_eq!(start.to_string(), "2026-03-01T09:00:00.000Z");
    }
}
