//! Time as the contract speaks it: UTC, stored in microseconds, printed in milliseconds.

use std::{fmt, time::Duration};

/// Microseconds in a day.
pub const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// A moment in UTC, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Wraps microseconds since 1970.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970.
    pub fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    pub fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The moment `days` later.
    #[must_use]
    pub fn plus_days(self, days: u32) -> Self {
        Self(self.0.saturating_add(i64::from(days) * DAY_US))
    }

    /// The moment a while later.
    #[must_use]
    pub fn plus(self, while_: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(while_.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// The moment a while earlier.
    #[must_use]
    pub fn minus(self, while_: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(while_.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// Milliseconds from `earlier` to this moment, zero when `earlier` is later.
    pub fn millis_since(self, earlier: Self) -> u64 {
        u64::try_from((self.0 - earlier.0) / 1_000).unwrap_or(0)
    }
}

impl Timestamp {
    /// Reads a moment such as `2026-03-01T09:00:00Z` (ISO 8601 with an offset), or a day such as `2026-03-01`, which
    /// is its first moment in UTC; none when it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(moment) = text.parse::<jiff::Timestamp>() {
            return Some(Self(moment.as_microsecond()));
        }
        Some(Self(parse_day(text)?.saturating_mul(DAY_US)))
    }

    /// Days since 1970-01-01, UTC.
    pub fn day(self) -> i64 {
        self.0.div_euclid(DAY_US)
    }
}

/// Reads a day such as `2026-03-01` as days since 1970-01-01; none when there is no such day.
pub fn parse_day(text: &str) -> Option<i64> {
    let is_plain = text.len() == 10
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date: jiff::civil::Date = text.parse().ok().filter(|_| is_plain)?;
    let moment = jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0));
    Some(moment.ok()?.as_microsecond().div_euclid(DAY_US))
}

/// Prints days since 1970-01-01 as a date such as `2026-03-01`.
pub fn day_name(day: i64) -> String {
    let text = Timestamp(day.saturating_mul(DAY_US)).to_string();
    text.split('T').next().unwrap_or_default().to_owned()
}

impl fmt::Display for Timestamp {
    /// ISO 8601 with milliseconds and `Z`, such as `2026-03-01T09:00:00.000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = jiff::Timestamp::from_microsecond(self.0.div_euclid(1_000) * 1_000)
            .map_err(|_| fmt::Error)?;
        write!(f, "{moment:.3}")
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_milliseconds_and_z() {
        assert_eq!(
            Timestamp::from_micros(1_772_355_600_000_000).to_string(),
            "2026-03-01T09:00:00.000Z"
        );
        assert_eq!(
            Timestamp::from_micros(1_772_355_600_123_999).to_string(),
            "2026-03-01T09:00:00.123Z"
        );
        assert_eq!(Timestamp::default().to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn reads_moments_and_days() {
        let parse = |text: &str| Timestamp::parse(text).map(|moment| moment.to_string());
        let nine = Some("2026-03-01T09:00:00.000Z".to_owned());
        for text in [
            "2026-03-01T09:00:00Z",
            "2026-03-01T09:00:00.000Z",
            "2026-03-01T10:00:00+01:00",
        ] {
            assert_eq!(parse(text), nine, "{text}");
        }
        assert_eq!(
            parse("2026-03-01").as_deref(),
            Some("2026-03-01T00:00:00.000Z")
        );
        for bad in [
            "",
            "today",
            "2026-02-30",
            "2026-3-1",
            "20260301",
            "2026-03-01T09:00:00",
            "1772355600",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn days_have_names_in_both_directions() {
        for name in ["1970-01-01", "1969-12-31", "2024-02-29", "9999-12-30"] {
            assert_eq!(day_name(parse_day(name).unwrap()), name);
        }
        assert_eq!(parse_day("1970-01-02"), Some(1));
        assert_eq!(Timestamp::from_micros(-1).day(), -1);
    }

    #[test]
    fn counts_days_and_milliseconds() {
        let start = Timestamp::from_micros(0);
        assert_eq!(start.plus_days(7).as_seconds(), 7 * 86_400);
        assert_eq!(
            start.plus(Duration::from_millis(1_500)).millis_since(start),
            1_500
        );
        assert_eq!(start.millis_since(start.plus_days(1)), 0);
    }
}
