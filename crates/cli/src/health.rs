//! `health`: whether a game lives and saves, for a probe that opens no port, and whether a release made it worse.

mod baseline;
mod figures;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bevy_session_journal::internal::disk::{ProcessRecord, read_all};
use bevy_session_journal::internal::model::clock::{self, between};
use bevy_session_journal::{CheckpointId, EarlierDeath, SessionId, StandingAlert};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::alive::is_running;
use crate::failure::Failure;
use crate::output::{Output, milliseconds, moment};
use crate::place::{Place, read_only};
use crate::terminal::Tone;

pub use baseline::Baselines;

/// The exit code if a game is in a bad state.
const UNHEALTHY: u8 = 1;
/// No process of the game lives.
const NOBODY: u8 = 2;

/// The bounds within which a game counts as healthy.
#[derive(Args, Debug)]
pub struct Bounds {
    /// How long ago a process may have written its record and completed a frame, as `30s` or `2m`
    #[arg(long, value_name = "AGE", default_value = "30s", value_parser = age)]
    max_age: Duration,
    /// How long ago the newest checkpoint of a session that is played may have become durable, or its play may have
    /// begun without any; any age by default
    #[arg(long, value_name = "AGE", value_parser = age)]
    max_checkpoint_age: Option<Duration>,
    /// Ignore alerts: they don't make a process unhealthy. For a probe that restarts unhealthy processes
    #[arg(long)]
    ignore_alerts: bool,
    /// A process that plays no session is unhealthy, unless it was asked to exit
    #[arg(long)]
    playing: bool,
    /// The most processes that may have died before one within `--deaths-within` with a session that it plays, or before
    /// they played one; any number by default
    ///
    /// Not for a probe that restarts: each restart may be one more.
    #[arg(long, value_name = "NUMBER")]
    max_deaths: Option<usize>,
    /// The age up to which a death counts as one of those, as `10m`, up to a day
    #[arg(long, value_name = "AGE", default_value = "10m", value_parser = age)]
    deaths_within: Duration,
}

/// A process that lives.
#[derive(Serialize)]
struct Health {
    pid: u32,
    game_version: String,
    started: Timestamp,
    healthy: bool,
    /// The problems of it, in words.
    problems: Vec<String>,
    /// Since it wrote its record.
    record_age_ms: u64,
    /// Since it completed a frame; `None` before its first one.
    frame_age_ms: Option<u64>,
    /// Since it was asked to exit; `None` if it wasn't.
    exiting_for_ms: Option<u64>,
    /// The last panic that it saw, and lived on.
    panic: Option<String>,
    /// The alerts that are raised.
    alerts: Vec<Alert>,
    /// The processes that died before it, as long ago as the bounds say: with the session of most of these that it plays,
    /// or before they played one.
    recent_deaths: usize,
    /// Empty if no session is played.
    sessions: Vec<Played>,
}

/// An alert that stands.
#[derive(Serialize)]
struct Alert {
    code: String,
    what: String,
    /// True if something is wrong, false if it is only to be known.
    problem: bool,
    since: Timestamp,
}

/// A session that a process plays.
#[derive(Serialize)]
struct Played {
    session: SessionId,
    /// The newest checkpoint that is safe.
    checkpoint: Option<String>,
    /// Since that was reported.
    checkpoint_age_ms: Option<u64>,
}

/// Looks at the processes of a game, or at its figures if a baseline is named.
pub fn health(
    place: &Place,
    bounds: &Bounds,
    baselines: &Baselines,
    output: &mut Output<'_>,
) -> Result<ExitCode, Failure> {
    if let Some(code) = baselines.answer(place, output)? {
        return Ok(code);
    }
    let now = clock::timestamp();
    let mut code = NOBODY;
    for record in living(place)? {
        let health = Health::of(&record, bounds, now);
        code = match (code, health.healthy) {
            (UNHEALTHY, _) | (_, false) => UNHEALTHY,
            (_, true) => 0,
        };
        health.write(output)?;
    }
    if code == NOBODY && !output.is_json() {
        output.toned(Tone::Bad, format_args!("no process of the game is running"))?;
    }
    Ok(ExitCode::from(code))
}

/// The records of processes that live, the one that started last first.
fn living(place: &Place) -> Result<Vec<ProcessRecord>, Failure> {
    let states = place.profiles()?.into_iter().filter_map(|profile| profile.directory.state);
    // All profiles of a game have one.
    let states: BTreeSet<PathBuf> = states.collect();
    if states.is_empty() {
        return Err(Failure::NoRecords { place: place.to_string() });
    }
    let (mut living, now) = (Vec::new(), clock::timestamp());
    for state in states {
        let records = read_all(&*read_only(), &state)?.into_iter();
        let records = records.filter_map(|found| found.record.ok());
        living.extend(records.filter(|record| record.ended.is_none() && is_running(record, now)));
    }
    living.sort_by_key(|record| std::cmp::Reverse(record.started));
    Ok(living)
}

impl Health {
    fn of(record: &ProcessRecord, bounds: &Bounds, now: Timestamp) -> Self {
        let record_age = between(record.heartbeat, now);
        let frame_age = record.last_frame.map(|frame| between(frame, now));
        let mut problems = Vec::new();
        if record_age > bounds.max_age {
            problems.push(format!("its record is {} old", seconds(record_age)));
        }
        // A game in the background may draw a frame a minute.
        let frame_bound = bounds.max_age + Duration::from_millis(record.frame_gap);
        if let Some(age) = frame_age.filter(|age| *age > frame_bound) {
            problems.push(format!("its last frame is {} old", seconds(age)));
        }
        let exiting = record.exiting.map(|asked| between(asked, now));
        if let Some(age) = exiting.filter(|age| *age > bounds.max_age) {
            problems.push(format!("it was asked to exit {} ago", seconds(age)));
        }
        let alerts: Vec<Alert> = record.alerts.iter().map(Alert::of).collect();
        let wrong = alerts.iter().filter(|alert| alert.problem && !bounds.ignore_alerts);
        problems.extend(wrong.map(|Alert { code, what, .. }| format!("{code}: {what}")));
        let recent_deaths = recent_deaths(record, bounds, now);
        if bounds.max_deaths.is_some_and(|most| recent_deaths > most) {
            let within = seconds(bounds.deaths_within);
            problems.push(format!("{recent_deaths} processes died before it within {within}"));
        }
        let (sessions, late) = Self::played(record, bounds, now);
        problems.extend(late);
        // One that exits has left its session, and has the time for that.
        if bounds.playing && sessions.is_empty() && record.exiting.is_none() {
            problems.push("no session is played".to_owned());
        }
        Self {
            pid: record.pid,
            game_version: record.app_version.clone(),
            started: record.started,
            healthy: problems.is_empty(),
            problems,
            record_age_ms: milliseconds(record_age),
            frame_age_ms: frame_age.map(milliseconds),
            exiting_for_ms: exiting.map(milliseconds),
            panic: record.panic.as_ref().map(|panic| panic.message.clone()),
            alerts,
            recent_deaths,
            sessions,
        }
    }

    /// The sessions that a process plays, and the problems of those whose newest checkpoint is too old.
    fn played(
        record: &ProcessRecord,
        bounds: &Bounds,
        now: Timestamp,
    ) -> (Vec<Played>, Vec<String>) {
        let (mut sessions, mut problems) = (Vec::new(), Vec::new());
        for run in record.runs.iter().filter(|run| !run.left) {
            let counter = run.last_acknowledged;
            let age = run.acknowledged_at.map(|time| between(time, now));
            let unsaved = age.or(run.held_since.map(|time| between(time, now)));
            if let Some((unsaved, _)) =
                unsaved.zip(bounds.max_checkpoint_age).filter(|(unsaved, most)| unsaved > most)
            {
                let (session, unsaved) = (run.session, seconds(unsaved));
                problems.push(match age {
                    Some(_) => format!("the newest checkpoint of {session} is {unsaved} old"),
                    None => format!("{session} has no checkpoint after {unsaved}"),
                });
            }
            sessions.push(Played {
                session: run.session,
                checkpoint: counter
                    .map(|counter| CheckpointId { run: run.run, counter }.to_string()),
                checkpoint_age_ms: age.map(milliseconds),
            });
        }
        (sessions, problems)
    }

    fn write(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        if output.is_json() {
            return output.object(self);
        }
        let process = match &*self.game_version {
            "" => format!("process {}", self.pid),
            version => format!("process {} of version {version}", self.pid),
        };
        if self.healthy {
            output.line(format_args!("{process} is healthy"))?;
        }
        for problem in &self.problems {
            output.toned(Tone::Bad, format_args!("{process}: {problem}"))?;
        }
        if let Some(panic) = &self.panic {
            output.toned(Tone::Warning, format_args!("    it saw a panic: {panic}"))?;
        }
        for Alert { code, what, since, .. } in &self.alerts {
            let since = moment(*since);
            output.toned(Tone::Warning, format_args!("    alert {code}: {what}, since {since}"))?;
        }
        if let Some(age) = self.exiting_for_ms {
            let age = seconds(Duration::from_millis(age));
            output.line(format_args!("    it was asked to exit {age} ago"))?;
        }
        if self.recent_deaths > 0 {
            let count = self.recent_deaths;
            output.toned(Tone::Warning, format_args!("    died shortly before it: {count}"))?;
        }
        if self.sessions.is_empty() {
            output.toned(Tone::Warning, format_args!("    no session is played"))?;
        }
        for Played { session, checkpoint, checkpoint_age_ms } in &self.sessions {
            let checkpoint = checkpoint.as_deref().unwrap_or("none");
            let age = checkpoint_age_ms.map(|age| seconds(Duration::from_millis(age)));
            let age = age.map(|age| format!(", {age} old")).unwrap_or_default();
            output.line(format_args!("    plays {session}, checkpoint {checkpoint}{age}"))?;
        }
        Ok(())
    }
}

impl Alert {
    fn of(alert: &StandingAlert) -> Self {
        let StandingAlert { code, what, is_problem, since, .. } = alert;
        let (code, what) = (code.clone(), what.clone());
        Self { code, what, problem: *is_problem, since: *since }
    }
}

/// The deaths of one session that a process plays, or of none: the largest such number. Servers that die in one moment, each
/// with a session of its own, are no loop.
fn recent_deaths(record: &ProcessRecord, bounds: &Bounds, now: Timestamp) -> usize {
    let played = record.runs.iter().filter(|run| !run.left).map(|run| run.session);
    EarlierDeath::most_alike(&record.deaths, played, bounds.deaths_within, now)
}

fn seconds(age: Duration) -> String {
    format!("{} s", age.as_secs())
}

/// Reads an age, as `30s`, `2m` or `1h 30m`.
fn age(text: &str) -> Result<Duration, String> {
    let age: SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    Duration::try_from(age).map_err(|_| "an age isn't below zero".to_owned())
}
