//! When somebody is to be warned, as a value.

use std::time::Duration;

use bevy_session::monitoring::SessionOperation;

use super::level::AlertLevel;
use super::measure::{AlertMeasure, Side};
use super::response::AlertResponse;
use super::window::Window;

/// The window of alerts that name none.
const USUAL_WINDOW: Duration = Duration::from_secs(300);
/// The longest window.
const LONGEST_WINDOW: Duration = Duration::from_secs(900);
/// The time within which deaths are counted, of alerts that name none.
const USUAL_TIME_OF_DEATHS: Duration = Duration::from_secs(600);
/// The longest time within which deaths are known.
const LONGEST_TIME_OF_DEATHS: Duration = Duration::from_secs(24 * 60 * 60);
/// Samples below which a share or a percentile says nothing, for alerts that don't say otherwise.
const USUAL_SAMPLES: u64 = 5;

/// When somebody is to be warned, and when it is over.
///
/// It is raised when its level is passed, and cleared when what it goes by has come back to another level, so
/// that it doesn't flicker in between. Shares and percentiles are those of a window of the last minutes, of
/// [five](Window::FiveMinutes) unless [`over`](Self::over) says otherwise; all else is as it is now, and with
/// `over` must have been so for that long. An alert on a share or a percentile needs five samples, unless
/// [`at_least`](Self::at_least) says otherwise.
///
/// Whether that makes sense is asked when it is [raised](super::AlertsExt::raise_session_alert).
#[derive(Clone, PartialEq, Debug)]
pub struct Alert {
    measure: AlertMeasure,
    level: AlertLevel,
    clears: Option<(Side, AlertLevel)>,
    over: Option<Duration>,
    at_least: Option<u64>,
    responses: Vec<AlertResponse>,
}

/// Why an alert is none.
#[derive(Clone, Copy, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AlertError {
    /// A level is not a number, or endless.
    #[error("a level is not a number")]
    NotANumber,
    /// A share isn't between 0 and 1.
    #[error("a share must be between 0 and 1, and {0} isn't")]
    NotAShare(f64),
    /// The level can never be passed, or always is: more than all, less than nothing, no time at all.
    #[error("the level can never be passed, or always is")]
    Senseless,
    /// The level at which it clears is of another kind than the one at which it is raised.
    #[error("its two levels are of different kinds")]
    OtherKind,
    /// It would clear on the side on which it is raised.
    #[error("it would be raised and clear at once")]
    WrongSide,
    /// The window is empty, or longer than 15 minutes, or than a day for deaths.
    #[error("a window may last up to 15 minutes, for deaths a day; {0:?} doesn't fit")]
    Window(Duration),
    /// It wants no samples at all.
    #[error("it needs at least one sample")]
    NoSamples,
    /// A response has no effect: a stretch that is no number above 1, or an endless one, or a history of no bytes.
    #[error("the response {0:?} has no effect, or no limit")]
    Response(AlertResponse),
    /// A session would be closed because it can't be saved, and what isn't saved would be lost.
    #[error(
        "closing the session when checkpoints fail or the disk is full would lose what isn't saved"
    )]
    LosesPlay,
}

impl Alert {
    /// When a larger share of checkpoints than this fails, from 0 to 1.
    #[must_use]
    pub fn errors_above(share: f64) -> Self {
        Self::errors_of_above(SessionOperation::Checkpoint, share)
    }

    /// When a larger share of an operation's tries than this fails, from 0 to 1.
    #[must_use]
    pub fn errors_of_above(operation: SessionOperation, share: f64) -> Self {
        alert(AlertMeasure::Errors(operation), share)
    }

    /// When the 95th percentile of an operation's durations is longer than this.
    #[must_use]
    pub fn p95_above(operation: SessionOperation, time: Duration) -> Self {
        alert(AlertMeasure::P95(operation), time)
    }

    /// When the index knows a smaller share of the sessions than this, from 0 to 1.
    #[must_use]
    pub fn index_hits_below(share: f64) -> Self {
        alert(AlertMeasure::IndexHits, share)
    }

    /// When more locks than this were left behind by processes that are gone.
    #[must_use]
    pub fn stale_locks_above(locks: u64) -> Self {
        alert(AlertMeasure::StaleLocks, locks)
    }

    /// When fewer bytes than this are left where sessions are.
    #[must_use]
    pub fn disk_left_below(bytes: u64) -> Self {
        alert(AlertMeasure::DiskLeft, bytes)
    }

    /// When something was captured longer ago than this, and isn't durable yet. Where nothing changes nothing
    /// is captured, so a game that stands still raises none.
    #[must_use]
    pub fn checkpoint_age_above(time: Duration) -> Self {
        alert(AlertMeasure::CheckpointAge, time)
    }

    /// When a larger share than this of the sessions that were left within 24 hours was left by a crash, from 0
    /// to 1. The hours are those before the newest of them.
    #[must_use]
    pub fn crashes_above(share: f64) -> Self {
        alert(AlertMeasure::Crashes, share)
    }

    /// When the process takes more bytes of memory than this. Asked about every ten seconds.
    #[must_use]
    pub fn memory_above(bytes: u64) -> Self {
        alert(AlertMeasure::Memory, bytes)
    }

    /// When the session that is played takes more bytes on disk than this: its journal, attachments and recorded events, not its
    /// slots. Asked about every ten seconds.
    #[must_use]
    pub fn session_bytes_above(bytes: u64) -> Self {
        alert(AlertMeasure::SessionBytes, bytes)
    }

    /// When a session is played that was played for longer than this, pauses excluded.
    #[must_use]
    pub fn play_time_above(time: Duration) -> Self {
        alert(AlertMeasure::PlayTime, time)
    }

    /// When a session is played that had more saved entities than this at its newest checkpoint.
    #[must_use]
    pub fn entities_above(entities: u64) -> Self {
        alert(AlertMeasure::Entities, entities)
    }

    /// When more processes of this game on this machine than this died lately, while they played the session that is
    /// played now, or before they played one. [`over`](Self::over) is the time within which they are counted: ten minutes
    /// by default, a day at most. In development there are none.
    ///
    /// ```
    /// use std::time::Duration;
    /// use bevy_session_ops::Alert;
    ///
    /// // The fifth death within an hour.
    /// let crash_loop = Alert::deaths_above(4).over(Duration::from_secs(3600));
    /// # let _ = crash_loop;
    /// ```
    #[must_use]
    pub fn deaths_above(count: u64) -> Self {
        alert(AlertMeasure::Deaths, count)
    }

    /// When the replica has lacked something durable for longer than this. It is sent what is new at its own
    /// [pace](bevy_session::replica::Replica::send_every), so a shorter time than that warns of nothing.
    #[must_use]
    pub fn replica_lag_above(time: Duration) -> Self {
        alert(AlertMeasure::ReplicaLag, time)
    }

    /// Adds a response, beside the warning, for as long as it is raised. May be called more than once.
    ///
    /// ```
    /// use std::time::Duration;
    /// use bevy_session_ops::{Alert, AlertResponse, SessionOperation};
    ///
    /// // A slow disk gets fewer checkpoints, and a full machine no further session.
    /// let slow_disk = Alert::p95_above(SessionOperation::Checkpoint, Duration::from_millis(250))
    ///     .then(AlertResponse::Stretch(4.0));
    /// let memory = Alert::memory_above(3 << 30).then(AlertResponse::RefuseSessions);
    /// # let _ = (slow_disk, memory);
    /// ```
    #[must_use]
    pub fn then(mut self, response: AlertResponse) -> Self {
        self.responses.push(response);
        self
    }

    /// The alerts that most operators want: 1 % of checkpoints fail, a checkpoint takes 100 ms, the index knows less
    /// than 70 %, 5 locks were left behind, 512 MB of room, a minute without anything durable, every tenth session
    /// crashes, and the third death within ten minutes.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        vec![
            Self::errors_above(0.01),
            Self::p95_above(SessionOperation::Checkpoint, Duration::from_millis(100)),
            Self::index_hits_below(0.7),
            Self::stale_locks_above(5),
            Self::disk_left_below(512 << 20),
            Self::checkpoint_age_above(Duration::from_secs(60)),
            Self::crashes_above(0.1),
            Self::deaths_above(2),
        ]
    }

    /// For shares and percentiles, the window: the smallest [`Window`] that is at least this long, up to 15
    /// minutes. For deaths, the time within which they are counted: ten minutes by default, a day at most. For all
    /// else, how long it must have been so; not at all by default.
    #[must_use]
    pub fn over(mut self, time: Duration) -> Self {
        self.over = Some(time);
        self
    }

    /// Clears when its figure is this or less; four fifths of the level by default.
    #[must_use]
    pub fn clears_below(mut self, level: impl Into<AlertLevel>) -> Self {
        self.clears = Some((Side::Below, level.into()));
        self
    }

    /// Clears when its figure is this or more; five fourths of the level by default, and all at most.
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

    /// The responses for as long as it is raised.
    #[must_use]
    pub fn responses(&self) -> &[AlertResponse] {
        &self.responses
    }

    /// The figure that it watches.
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
        let Span { window, lasts, deaths_within } = span_of(self.measure, self.over)?;
        let usual = if self.measure.is_sampled() { USUAL_SAMPLES } else { 1 };
        let at_least = self.at_least.unwrap_or(usual);
        if at_least == 0 {
            return Err(AlertError::NoSamples);
        }
        if let Some(senseless) = self.responses.iter().find(|response| !response.makes_sense()) {
            return Err(AlertError::Response(*senseless));
        }
        // The last checkpoint of a session that is closed then couldn't be written.
        if self.measure.is_of_disk() && self.responses.contains(&AlertResponse::CloseSession) {
            return Err(AlertError::LosesPlay);
        }
        Ok(Rule { level, clears, window, lasts, deaths_within, at_least })
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
    /// Of deaths alone.
    pub deaths_within: Duration,
    pub at_least: u64,
}

/// Over which time a figure is looked at, by its kind.
#[derive(Clone, Copy)]
struct Span {
    window: Window,
    lasts: Duration,
    deaths_within: Duration,
}

/// An alert on a figure with a level of its kind.
fn alert(measure: AlertMeasure, level: impl Into<AlertLevel>) -> Alert {
    let (level, responses) = (level.into(), Vec::new());
    Alert { measure, level, clears: None, over: None, at_least: None, responses }
}

/// The window of what has one, and how long all else must have been so.
fn span_of(measure: AlertMeasure, over: Option<Duration>) -> Result<Span, AlertError> {
    let mut span = Span {
        window: Window::FiveMinutes,
        lasts: Duration::ZERO,
        deaths_within: over.unwrap_or(USUAL_TIME_OF_DEATHS),
    };
    if measure == AlertMeasure::Deaths {
        let is_span =
            (Duration::from_nanos(1)..=LONGEST_TIME_OF_DEATHS).contains(&span.deaths_within);
        return is_span.then_some(span).ok_or(AlertError::Window(span.deaths_within));
    }
    if !measure.has_window() {
        span.lasts = over.unwrap_or_default();
        return Ok(span);
    }
    let over = over.unwrap_or(USUAL_WINDOW);
    if over.is_zero() || over > LONGEST_WINDOW {
        return Err(AlertError::Window(over));
    }
    span.window = match over.as_secs_f64() {
        seconds if seconds <= 60.0 => Window::OneMinute,
        seconds if seconds <= 300.0 => Window::FiveMinutes,
        _ => Window::FifteenMinutes,
    };
    Ok(span)
}

fn usual_clearing(level: f64, raised_on: Side, is_share: bool) -> f64 {
    match raised_on {
        Side::Above => level * 0.8,
        Side::Below if is_share => (level * 1.25).min(1.0),
        Side::Below => level * 1.25,
    }
}
