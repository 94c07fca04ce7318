//! Levels of what alerts go by.

use std::fmt;
use std::time::Duration;

use super::alert::AlertError;
use super::window::to_float;

/// A level of what an alert goes by.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub enum AlertLevel {
    /// A share, from 0 to 1.
    Share(f64),
    /// A time.
    Time(Duration),
    /// A number, or bytes.
    Number(u64),
}

impl AlertLevel {
    /// In the unit of its kind, if it is a number of that kind.
    pub(super) fn checked(self) -> Result<f64, AlertError> {
        let number = self.to_float();
        match self {
            Self::Share(share) if !share.is_finite() => Err(AlertError::NotANumber),
            Self::Share(share) if !(0.0..=1.0).contains(&share) => {
                Err(AlertError::NotAShare(share))
            }
            _ => Ok(number),
        }
    }

    pub(super) fn to_float(self) -> f64 {
        match self {
            Self::Share(share) => share,
            Self::Time(time) => time.as_secs_f64(),
            Self::Number(number) => to_float(number),
        }
    }
}

impl fmt::Display for AlertLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(share) => write!(formatter, "{:.1} %", share * 100.0),
            Self::Time(time) => write!(formatter, "{time:.1?}"),
            Self::Number(number) => write!(formatter, "{number}"),
        }
    }
}

impl From<f64> for AlertLevel {
    fn from(share: f64) -> Self {
        Self::Share(share)
    }
}

impl From<Duration> for AlertLevel {
    fn from(time: Duration) -> Self {
        Self::Time(time)
    }
}

impl From<u64> for AlertLevel {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}
