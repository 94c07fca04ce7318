//! `fork show`: where a session parted that was played on in two places, and what was played on each side.

use bevy_session_journal::internal::format::Head;
use bevy_session_journal::internal::read::recovery::{Fork, ForkedLine};
use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;

use crate::arguments::OfSession;
use crate::failure::Failure;
use crate::open_session::OpenSession;
use crate::output::{Output, milliseconds, moment, play_time};

/// The commands about forks.
#[derive(Subcommand, Debug)]
pub enum Forks {
    /// Show where a session parted, and what was played on each side since
    ///
    /// A session is forked if two machines have played on from the same checkpoint without each other. Both lines are kept, and
    /// `rewind` leads from one to the other.
    Show(OfSession),
}

/// A fork, as JSON has it.
#[derive(Serialize)]
struct Shown {
    session: String,
    /// The newest checkpoint that all lines have in common; `None` if none is kept.
    common: Option<Common>,
    /// The lines, the one that was played last first; empty if there is only one.
    lines: Vec<Line>,
}

#[derive(Serialize)]
struct Common {
    id: String,
    time: Timestamp,
    play_time_ms: u64,
}

#[derive(Serialize)]
struct Line {
    newest: String,
    time: Timestamp,
    /// Since the session parted.
    played_ms: u64,
    /// True if it was played on this machine.
    here: bool,
    /// True if the player declined it.
    declined: bool,
}

/// Shows the fork of a session.
pub fn show(session: &OpenSession, output: &mut Output<'_>) -> Result<(), Failure> {
    let shown = Shown::of(session);
    match output.is_json() {
        true => output.object(&shown),
        false => shown.write(output),
    }
}

impl Shown {
    fn of(session: &OpenSession) -> Self {
        let OpenSession { profile, stored } = session;
        let index = stored.index();
        let is_elsewhere =
            |host: u64| profile.local.as_ref().is_none_or(|local| local.is_elsewhere(host));
        let fork = index.played_last().or(index.heads().first());
        let fork = fork.and_then(|head| Fork::at(index, head, &is_elsewhere));
        let mut lines = Vec::new();
        let mut common = None;
        if let Some(fork) = fork {
            let sides = std::iter::once(&fork.own).chain(&fork.others);
            let head_of = |side: &ForkedLine| index.heads().iter().find(|it| it.id == side.newest);
            lines.extend(sides.filter_map(|side| Some(Line::of(side, head_of(side)?))));
            common = fork.common.and_then(|id| {
                let commit = index.commit(id)?;
                let play_time_ms = milliseconds(commit.play_time);
                Some(Common { id: id.to_string(), time: commit.time, play_time_ms })
            });
        }
        Self { session: stored.id().to_string(), common, lines }
    }

    fn write(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        if self.lines.is_empty() {
            return output.line(format_args!("It has one line: there is no fork."));
        }
        match &self.common {
            None => output.line(format_args!("parted       before any checkpoint that is kept"))?,
            Some(common) => {
                let (id, time) = (&common.id, moment(common.time));
                let played = played(common.play_time_ms);
                output
                    .line(format_args!("parted       at {id}, {time}, after {played} of play"))?;
            }
        }
        for line in &self.lines {
            let place = if line.here { "here" } else { "elsewhere" };
            let (newest, time, played) = (&line.newest, moment(line.time), played(line.played_ms));
            let declined = if line.declined { ", declined" } else { "" };
            output.line(format_args!(
                "{place:<12} {newest}, {time}, {played} of play since{declined}"
            ))?;
        }
        Ok(())
    }
}

impl Line {
    fn of(side: &ForkedLine, head: &Head) -> Self {
        let (newest, played_ms) = (side.newest.to_string(), milliseconds(side.played));
        let (here, declined) = (side.is_from_here, head.declined);
        Self { newest, time: head.time, played_ms, here, declined }
    }
}

fn played(milliseconds: u64) -> String {
    play_time(std::time::Duration::from_millis(milliseconds))
}
