//! Names of checkpoints on the command line.

use std::fmt;
use std::str::FromStr;

use bevy_session_journal::CheckpointId;
use bevy_session_journal::internal::format::SessionIndex;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::failure::Failure;
use crate::steps_back::steps_back;

/// A checkpoint of a session, as somebody calls it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CheckpointName {
    /// The newest on the newest line, or the one so many before it there.
    Last(usize),
    /// Its number, on the newest line or else wherever only one has it.
    Number(u64),
    /// Its number and its run, or as much of the run's beginning as no other has.
    OfRun(u64, String),
    /// The newest on the newest line that was there at this moment.
    At(Moment),
}

/// A moment by the user's local clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// The last time before the newest checkpoint that a clock showed this.
    Time(Time),
    /// A moment of a certain day.
    DateTime(DateTime),
}

impl FromStr for CheckpointName {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let said = || {
            let moment = |text: &str| text.parse().map(Moment::Time).ok();
            match text.split_once('@') {
                None => steps_back(text)
                    .map(Self::Last)
                    .or_else(|| Some(Self::Number(text.parse().ok()?))),
                // A date alone would be its midnight, which nobody means.
                Some(("", day)) if day.contains('-') => {
                    let has_time = day.contains(['T', 't', ' ']);
                    let at = day.parse().ok().filter(|_| has_time)?;
                    Some(Self::At(Moment::DateTime(at)))
                }
                Some(("", time)) => moment(time).map(Self::At),
                Some((number, run)) => Some(Self::OfRun(number.parse().ok()?, run.to_lowercase())),
            }
        };
        said().ok_or_else(|| {
            let forms = "NUMBER, NUMBER@RUN, last, last~2, @12:30 or @2026-01-31T12:30";
            Failure::usage(format!("{text} isn't a checkpoint: use {forms}"))
        })
    }
}

impl fmt::Display for CheckpointName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Last(0) => write!(formatter, "last"),
            Self::Last(steps) => write!(formatter, "last~{steps}"),
            Self::Number(number) => write!(formatter, "{number}"),
            Self::OfRun(number, run) => write!(formatter, "{number}@{run}"),
            Self::At(Moment::Time(time)) => write!(formatter, "@{time}"),
            Self::At(Moment::DateTime(moment)) => write!(formatter, "@{moment}"),
        }
    }
}

impl CheckpointName {
    /// The one checkpoint of a session that is called so. Times are those of `zone`.
    pub fn find(&self, index: &SessionIndex, zone: &TimeZone) -> Result<CheckpointId, Failure> {
        let line = index.newest_head().map(|head| index.line(head.id)).unwrap_or_default();
        let found = match self {
            Self::Last(steps) => line.get(*steps).copied().into_iter().collect(),
            Self::Number(number) => numbered(index, &line, *number),
            Self::OfRun(number, run) => of_run(index, *number, run),
            Self::At(moment) => at(index, &line, *moment, zone).into_iter().collect(),
        };
        match found[..] {
            [only] => Ok(only),
            [] => Err(Failure::UnknownCheckpoint {
                checkpoint: self.to_string(),
                there: there(index, &line, zone),
            }),
            _ => Err(Failure::AmbiguousCheckpoint {
                checkpoint: self.to_string(),
                these: found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            }),
        }
    }
}

fn numbered(index: &SessionIndex, line: &[CheckpointId], number: u64) -> Vec<CheckpointId> {
    match line.iter().find(|id| id.counter == number) {
        Some(on_line) => vec![*on_line],
        None => of_run(index, number, ""),
    }
}

fn of_run(index: &SessionIndex, number: u64, run: &str) -> Vec<CheckpointId> {
    let ids = index.commits().map(|(id, _)| id);
    ids.filter(|id| id.counter == number && id.run.to_string().starts_with(run)).collect()
}

/// The newest checkpoint of a line that was there at a moment.
fn at(
    index: &SessionIndex,
    line: &[CheckpointId],
    moment: Moment,
    zone: &TimeZone,
) -> Option<CheckpointId> {
    let time_of = |id: &CheckpointId| Some(index.commit(*id)?.time);
    let newest = line.iter().find_map(time_of)?;
    let wanted = match moment {
        Moment::DateTime(moment) => zone.to_timestamp(moment).ok()?,
        Moment::Time(time) => last_time(time, newest, zone)?,
    };
    line.iter().find(|id| time_of(id).is_some_and(|time| time <= wanted)).copied()
}

/// The last time up to a moment that a clock showed this.
fn last_time(time: Time, newest: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let day = zone.to_datetime(newest).date();
    let same_day = zone.to_timestamp(day.to_datetime(time)).ok()?;
    match same_day <= newest {
        true => Some(same_day),
        false => {
            let day_before = day.checked_sub(Span::new().days(1)).ok()?;
            zone.to_timestamp(day_before.to_datetime(time)).ok()
        }
    }
}

/// The checkpoints that exist, in words.
fn there(index: &SessionIndex, line: &[CheckpointId], zone: &TimeZone) -> String {
    let (Some(newest), Some(oldest)) = (line.first(), line.last()) else {
        return "there are none".to_owned();
    };
    let moment = |id: &CheckpointId| {
        let time = index.commit(*id).map(|commit| zone.to_datetime(commit.time));
        time.map(|time| format!(" of {time:.0}")).unwrap_or_default()
    };
    format!(
        "the newest line has {} from {}{} to {}{}",
        line.len(),
        oldest.counter,
        moment(oldest),
        newest.counter,
        moment(newest)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_as_they_are_written() {
        for text in [
            "last",
            "last~3",
            "7",
            "7@e5a92f783b06a338",
            "7@e5",
            "@12:30:00",
            "@2026-01-31T12:30:00",
        ] {
            assert_eq!(text.parse::<CheckpointName>().unwrap().to_string(), text);
        }
        assert_eq!("@12:30".parse::<CheckpointName>().unwrap().to_string(), "@12:30:00");
        for text in [
            "",
            "x",
            "-1",
            "7.5",
            "@",
            "@25:00",
            "@2026-01-31",
            "@2026-13-01T00:00",
            "x@y",
            "last~",
        ] {
            assert!(text.parse::<CheckpointName>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_of_day_means_the_last_one_before_the_newest_checkpoint() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let newest = at("2026-01-02T01:00:00Z");
        let last =
            |time: &str, zone: &TimeZone| last_time(time.parse().unwrap(), newest, zone).unwrap();
        assert_eq!(last("00:30", &TimeZone::UTC), at("2026-01-02T00:30:00Z"));
        assert_eq!(last("01:00", &TimeZone::UTC), newest);
        assert_eq!(last("23:30", &TimeZone::UTC), at("2026-01-01T23:30:00Z"));
        let east = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(last("03:00", &east), newest);
    }
}
