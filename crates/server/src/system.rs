//! The system's clock, ids and randomness behind their ports.

use std::{
    sync::Mutex,
    time::{SystemTime, UNIX_EPOCH},
};

use drape_core::{
    ports::{Clock, Ids},
    time::Timestamp,
};
use uuid::{ContextV7, Uuid};

/// The system clock, shifted by a fixed amount for staging tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock {
    offset_us: i64,
}

impl SystemClock {
    /// Makes a clock that runs `offset_us` microseconds ahead of the system's.
    pub fn with_offset(offset_us: i64) -> Self {
        Self { offset_us }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock port")]
    fn now(&self) -> Timestamp {
        let since_1970 = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let micros = i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(micros.saturating_add(self.offset_us))
    }
}

/// `UUIDv7`s on the given clock, in strictly rising order within the process.
#[derive(Debug)]
pub struct SystemIds {
    clock: SystemClock,
    context: Mutex<ContextV7>,
}

impl SystemIds {
    /// Makes a source of ids; it shares the shifted clock, so that the age of a file can be read from its name.
    pub fn new(clock: SystemClock) -> Self {
        Self {
            clock,
            context: Mutex::new(ContextV7::new()),
        }
    }
}

impl Ids for SystemIds {
    fn uuid(&self) -> Uuid {
        let now = self.clock.now().as_micros().max(0);
        let seconds = u64::try_from(now / 1_000_000).unwrap_or(0);
        let nanos = u32::try_from(now % 1_000_000).unwrap_or(0) * 1_000;
        let context = self
            .context
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        Uuid::new_v7(uuid::Timestamp::from_unix(&*context, seconds, nanos))
    }

    fn secret(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        #[expect(
            clippy::expect_used,
            reason = "without randomness no secret can be made: stopping is the only safe answer"
        )]
        getrandom::fill(&mut bytes).expect("the system's source of randomness works");
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_and_carry_the_shifted_time() {
        let clock = SystemClock::with_offset(16 * drape_core::time::DAY_US);
        let ids = SystemIds::new(clock);
        let made: Vec<Uuid> = (0..5_000).map(|_| ids.uuid()).collect();
        assert!(made.is_sorted());
        assert!(made.windows(2).all(|pair| pair[0] != pair[1]));
        let stamp = made[0].get_timestamp().unwrap().to_unix().0;
        assert!(stamp.abs_diff(u64::try_from(clock.now().as_seconds()).unwrap()) < 60);
    }

    #[test]
    fn secrets_differ() {
        let ids = SystemIds::new(SystemClock::default());
        assert_ne!(ids.secret(), ids.secret());
    }
}
