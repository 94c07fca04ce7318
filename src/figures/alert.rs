//! When somebody is to be warned, as a value.

use std::fmt;
use std::time::Duration;

use super::codes::HealthCode;
use super::window::{Window, to_float};
use crate::lifecycle::SessionOperation;

/// The window of alerts that name none.
const USUAL_WINDOW: Duration = Duration::from_secs(300);
/// The longest window.
const LONGEST_WINDOW: Duration = Duration::from_secs(900);
/// Samples below which a share or a percentile says nothing, for alerts that don't say otherwise.
const USUAL_SAMPLES: u64 = 5;

/// What an alert goes by. There is one alert for each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum AlertMeasure {
    /// Which share of an operation's tries failed in the window.
    Errors(SessionOperation),
    /// The 95th percentile of an operation's durations in the window.
    P95(SessionOperation),
    /// Which share of the sessions was known from the index, since the process began.
    IndexHits,
    /// Locks of processes that are gone.
    StaleLocks,
    /// Bytes left on the disk.
    DiskLeft,
    /// For how long something was captured that isn't durable.
    CheckpointAge,
    /// Which share of the sessions of the last 24 hours was left by a crash.
    Crashes,
}

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

/// When somebody is to be warned, and when it is over.
///
/// It is raised when its level is passed, and cleared when what it goes by has come back to another level, so
/// that it doesn't flicker in between. Shares and percentiles are those of a window of the last minutes, of
/// [five](Window::FiveMinutes) unless [`over`](Self::over) says otherwise; all else is as it is now, and with
/// `over` must have been so for that long. An alert on a share or a percentile needs five samples, unless
/// [`at_least`](Self::at_least) says otherwise.
///
/// Whether that makes sense is asked when it is [raised](super::AlertsExt::raise).
#[derive(Clone, PartialEq, Debug)]
pub struct Alert {
    measure: AlertMeasure,
    level: AlertLevel,
    clears: Option<(Side, AlertLevel)>,
    over: Option<Duration>,
    at_least: Option<u64>,
}

/// On which side of a level something is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    Above,
    Below,
}

/// Why an alert is none.
#[derive(Clone, Copy, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AlertError {
    /// A level is not a number, or endless.
    #[error("a level is not a number")]
    NotANumber,
    /// A share isn't between 0 and 1.
    #[error("a share is between 0 and 1, and {0} isn't")]
    NotAShare(f64),
    /// The level can never be passed, or always is: more than all, less than nothing, no time at all.
    #[error("the level can never be passed, or always is")]
    Senseless,
    /// The level at which it clears is of another kind than the one at which it is raised.
    #[error("it is raised by one kind of level, and cleared by another")]
    OtherKind,
    /// It would clear on the side on which it is raised.
    #[error("it would be raised and clear at once")]
    WrongSide,
    /// The window is empty, or longer than 15 minutes.
    #[error("a window is up to 15 minutes long, and {0:?} isn't")]
    Window(Duration),
    /// It wants no samples at all.
    #[error("it wants no samples")]
    NoSamples,
}

impl Alert {
    fn of(measure: AlertMeasure, level: impl Into<AlertLevel>) -> Self {
        Self { measure, level: level.into(), clears: None, over: None, at_least: None }
    }

    /// When a larger share of checkpoints than this fails, from 0 to 1.
    #[must_use]
    pub fn errors_above(share: f64) -> Self {
        Self::errors_of_above(SessionOperation::Checkpoint, share)
    }

    /// When a larger share of an operation's tries than this fails, from 0 to 1.
    #[must_use]
    pub fn errors_of_above(operation: SessionOperation, share: f64) -> Self {
        Self::of(AlertMeasure::Errors(operation), share)
    }

    /// When the 95th percentile of an operation's durations is longer than this.
    #[must_use]
    pub fn p95_above(operation: SessionOperation, time: Duration) -> Self {
        Self::of(AlertMeasure::P95(operation), time)
    }

    /// When the index knows a smaller share of the sessions than this, from 0 to 1.
    #[must_use]
    pub fn index_hits_below(share: f64) -> Self {
        Self::of(AlertMeasure::IndexHits, share)
    }

    /// When more locks than this were left behind by processes that are gone.
    #[must_use]
    pub fn stale_locks_above(locks: u64) -> Self {
        Self::of(AlertMeasure::StaleLocks, locks)
    }

    /// When fewer bytes than this are left where sessions are.
    #[must_use]
    pub fn disk_left_below(bytes: u64) -> Self {
        Self::of(AlertMeasure::DiskLeft, bytes)
    }

    /// When something was captured longer ago than this, and isn't durable yet. Where nothing changes nothing
    /// is captured, so a game that stands still raises none.
    #[must_use]
    pub fn checkpoint_age_above(time: Duration) -> Self {
        Self::of(AlertMeasure::CheckpointAge, time)
    }

    /// When a larger share than this of the sessions that were left within 24 hours was left by a crash, from 0
    /// to 1. The hours are those before the newest of them.
    #[must_use]
    pub fn crashes_above(share: f64) -> Self {
        Self::of(AlertMeasure::Crashes, share)
    }

    /// Those that most operators want: 1 % of checkpoints fail, a checkpoint takes 100 ms, the index knows less
    /// than 70 %, 5 locks were left behind, 512 MB of room, a minute without anything durable, and every tenth
    /// session crashes.
    #[must_use]
    pub fn usual() -> [Self; 7] {
        [
            Self::errors_above(0.01),
            Self::p95_above(SessionOperation::Checkpoint, Duration::from_millis(100)),
            Self::index_hits_below(0.7),
            Self::stale_locks_above(5),
            Self::disk_left_below(512 << 20),
            Self::checkpoint_age_above(Duration::from_secs(60)),
            Self::crashes_above(0.1),
        ]
    }

    /// For shares and percentiles, the window: the smallest [`Window`] that is at least this long, up to 15
    /// minutes. For all else, how long it must have been so; not at all by default.
    #[must_use]
    pub fn over(mut self, time: Duration) -> Self {
        self.over = Some(time);
        self
    }

    /// Clears where what it goes by is this or less; four fifths of the level by default.
    #[must_use]
    pub fn clears_below(mut self, level: impl Into<AlertLevel>) -> Self {
        self.clears = Some((Side::Below, level.into()));
        self
    }

    /// Clears where what it goes by is this or more; five fourths of the level by default, and all at most.
    #[must_use]
    pub fn clears_above(mut self, level: impl Into<AlertLevel>) -> Self {
        self.clears = Some((Side::Above, level.into()));
        self
    }

    /// Below so many samples nothing is raised, and what is raised stays. 5 by default, for shares and
    /// percentiles.
    #[must_use]
    pub fn at_least(mut self, samples: u64) -> Self {
        self.at_least = Some(samples);
        self
    }

    /// What it goes by.
    #[must_use]
    pub fn measure(&self) -> AlertMeasure {
        self.measure
    }

    /// The rule that it stands for, if it makes sense.
    pub(super) fn check(&self) -> Result<Rule, AlertError> {
        let raised_on = self.measure.raised_on();
        let level = self.level.checked()?;
        let is_share = matches!(self.level, AlertLevel::Share(_));
        let is_passed_sometimes = match raised_on {
            Side::Above => !is_share || level < 1.0,
            Side::Below => level > 0.0,
        };
        let is_no_time = matches!(self.level, AlertLevel::Time(time) if time.is_zero());
        if !is_passed_sometimes || is_no_time {
            return Err(AlertError::Senseless);
        }
        let clears = match self.clears {
            None => usual_clearing(level, raised_on, is_share),
            Some((side, clears)) => {
                if std::mem::discriminant(&clears) != std::mem::discriminant(&self.level) {
                    return Err(AlertError::OtherKind);
                }
                let clears = clears.checked()?;
                let is_beyond = match raised_on {
                    Side::Above => clears > level,
                    Side::Below => clears < level,
                };
                if side == raised_on || is_beyond {
                    return Err(AlertError::WrongSide);
                }
                clears
            }
        };
        let (window, lasts) = self.window()?;
        let usual = if self.measure.is_sampled() { USUAL_SAMPLES } else { 1 };
        let at_least = self.at_least.unwrap_or(usual);
        if at_least == 0 {
            return Err(AlertError::NoSamples);
        }
        Ok(Rule { level, clears, window, lasts, at_least })
    }

    /// The window of what has one, and how long all else must have been so.
    fn window(&self) -> Result<(Window, Duration), AlertError> {
        if !self.measure.has_window() {
            return Ok((Window::FiveMinutes, self.over.unwrap_or_default()));
        }
        let over = self.over.unwrap_or(USUAL_WINDOW);
        if over.is_zero() || over > LONGEST_WINDOW {
            return Err(AlertError::Window(over));
        }
        let window = match over.as_secs_f64() {
            seconds if seconds <= 60.0 => Window::OneMinute,
            seconds if seconds <= 300.0 => Window::FiveMinutes,
            _ => Window::FifteenMinutes,
        };
        Ok((window, Duration::ZERO))
    }

    pub(super) fn level(&self) -> AlertLevel {
        self.level
    }
}

/// An alert that makes sense, in the unit of what it goes by.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Rule {
    pub level: f64,
    pub clears: f64,
    pub window: Window,
    pub lasts: Duration,
    pub at_least: u64,
}

fn usual_clearing(level: f64, raised_on: Side, is_share: bool) -> f64 {
    match raised_on {
        Side::Above => level * 0.8,
        Side::Below if is_share => (level * 1.25).min(1.0),
        Side::Below => level * 1.25,
    }
}

impl AlertMeasure {
    pub(super) fn raised_on(self) -> Side {
        match self {
            Self::IndexHits | Self::DiskLeft => Side::Below,
            _ => Side::Above,
        }
    }

    fn has_window(self) -> bool {
        matches!(self, Self::Errors(_) | Self::P95(_))
    }

    fn is_sampled(self) -> bool {
        self.has_window() || matches!(self, Self::IndexHits | Self::Crashes)
    }

    /// The code of its alert.
    #[must_use]
    pub fn code(self) -> HealthCode {
        match self {
            Self::Errors(_) => HealthCode::Errors,
            Self::P95(_) => HealthCode::Slow,
            Self::IndexHits => HealthCode::IndexMisses,
            Self::StaleLocks => HealthCode::StaleLocks,
            Self::DiskLeft => HealthCode::DiskLow,
            Self::CheckpointAge => HealthCode::CheckpointOld,
            Self::Crashes => HealthCode::Crashes,
        }
    }

    /// Says in a sentence what it is, and what it may be.
    pub(super) fn sentence(self, value: AlertLevel, level: AlertLevel) -> String {
        match self {
            Self::Errors(operation) => {
                format!("{value} of {} operations fail, more than {level}", operation.name())
            }
            Self::P95(operation) => {
                let name = operation.name();
                format!("95 of 100 {name} operations take up to {value}, more than {level}")
            }
            Self::IndexHits => {
                format!("the index knows {value} of the sessions, less than {level}")
            }
            Self::StaleLocks => {
                format!("{value} locks were left by processes that are gone, more than {level}")
            }
            Self::DiskLeft => format!("{value} bytes are left on the disk, less than {level}"),
            Self::CheckpointAge => {
                format!("what was captured {value} ago isn't durable, longer than {level}")
            }
            Self::Crashes => {
                format!("{value} of the sessions of the last day crashed, more than {level}")
            }
        }
    }
}

impl AlertLevel {
    /// In the unit of its kind, if it is a number of that kind.
    fn checked(self) -> Result<f64, AlertError> {
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
