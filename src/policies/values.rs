//! Values of policy files, checked while they are read, so that an error has its place.

use std::fmt;
use std::time::Duration;

use jiff::{Span, SpanRelativeTo};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// A length of time in a policy file: `"250ms"`, `"1h 30min"`, `"7days"`. A day has 24 hours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PolicyTime(pub Duration);

/// A number of bytes in a policy file: `1048576`, or `"256MiB"`. Units are `B`, `KiB`, `MiB`, `GiB` and `TiB`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PolicyBytes(pub u64);

/// A length of time above zero.
#[derive(Clone, Copy)]
pub(super) struct SomeTime(pub Duration);

/// A length of time above zero, or `"never"`.
#[derive(Clone, Copy)]
pub(super) struct TimeOrNever(pub Option<Duration>);

/// A number of bytes above zero.
#[derive(Clone, Copy)]
pub(super) struct SomeBytes(pub u64);

/// A share above 0 and up to 1.
#[derive(Clone, Copy)]
pub(super) struct SomeShare(pub f32);

impl<'de> Deserialize<'de> for PolicyTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        time(&String::deserialize(deserializer)?).map(Self).map_err(Error::custom)
    }
}

impl<'de> Deserialize<'de> for SomeTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        some_time(&String::deserialize(deserializer)?).map(Self).map_err(Error::custom)
    }
}

impl<'de> Deserialize<'de> for TimeOrNever {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "never" {
            return Ok(Self(None));
        }
        let time =
            some_time(&text).map_err(|fault| Error::custom(format!("{fault}, or \"never\"")));
        time.map(|time| Self(Some(time)))
    }
}

impl<'de> Deserialize<'de> for SomeBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match PolicyBytes::deserialize(deserializer)? {
            PolicyBytes(0) => Err(Error::custom("expected more than 0 bytes")),
            PolicyBytes(bytes) => Ok(Self(bytes)),
        }
    }
}

impl<'de> Deserialize<'de> for SomeShare {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let share = f32::deserialize(deserializer)?;
        if share > 0.0 && share <= 1.0 {
            return Ok(Self(share));
        }
        Err(Error::custom(format!("expected a share above 0 and up to 1, found {share}")))
    }
}

fn time(text: &str) -> Result<Duration, String> {
    let parsed =
        text.parse::<Span>().and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
    let time = parsed.ok().and_then(|time| Duration::try_from(time).ok());
    time.ok_or_else(|| format!("expected a length of time such as \"90s\", found {text:?}"))
}

fn some_time(text: &str) -> Result<Duration, String> {
    let is_some = |time: &Duration| !time.is_zero();
    let fault = || format!("expected a length of time above zero, found {text:?}");
    Some(time(text)?).filter(is_some).ok_or_else(fault)
}

impl<'de> Deserialize<'de> for PolicyBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BytesVisitor)
    }
}

struct BytesVisitor;

impl Visitor<'_> for BytesVisitor {
    type Value = PolicyBytes;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number of bytes such as 1048576 or \"256MiB\"")
    }

    fn visit_u64<E: Error>(self, bytes: u64) -> Result<PolicyBytes, E> {
        Ok(PolicyBytes(bytes))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<PolicyBytes, E> {
        let unexpected = || E::invalid_value(serde::de::Unexpected::Str(text), &self);
        bytes(text).map(PolicyBytes).ok_or_else(unexpected)
    }
}

fn bytes(text: &str) -> Option<u64> {
    let after_number = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(after_number)?;
    let doublings = match unit.trim_start() {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        "TiB" => 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << doublings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_parsed_and_malformed_ones_are_refused() {
        let read = [("250ms", 250), ("1h 30min", 5_400_000), ("7days", 604_800_000), ("0s", 0)];
        for (text, milliseconds) in read {
            assert_eq!(time(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "5", "-5s", "5 parsecs", "2 months", "99999999999999999999s"] {
            assert!(time(text).is_err(), "{text}");
        }
        assert!(some_time("0s").is_err());
    }

    #[test]
    fn sizes_with_units_are_parsed_and_malformed_ones_are_refused() {
        let read = [("0", 0), ("7B", 7), ("256MiB", 256 << 20), ("6 GiB", 6 << 30)];
        for (text, count) in read {
            assert_eq!(bytes(text), Some(count), "{text}");
        }
        for text in ["", "MiB", "-1", "1.5GiB", "1GB", "1 mib", "16777216TiB", "1MiB "] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
