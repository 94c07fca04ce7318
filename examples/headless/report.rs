//! Says what happens: to programs one JSON object per line, to people in plain sentences.

use std::fmt;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::time::{Duration, Instant};

use bevy::diagnostic::FrameCount;
use bevy::prelude::*;
use bevy_session::checkpoints::{CheckpointError, TypeFailed};
use bevy_session::prelude::*;
use bevy_session::recovery::{CorruptionDetected, HowItEnded, RestoreReason};
use bevy_session::{CheckpointCaptured, SessionEnded};
use serde::Serialize;

use crate::colony::{Colony, Daytime};
use crate::digest::Digest;
use crate::options::Options;

/// Everything that is said with `--json`.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Line {
    SessionStarted {
        session: String,
    },
    SessionContinued(Restored),
    SessionRecovered(Restored),
    Captured(Captured),
    CheckpointSaved {
        checkpoint: u64,
        label: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        ticket: Option<String>,
        bytes: u64,
        write_ms: f64,
    },
    /// This checkpoint is what a phone that suspends the colony finds on disk.
    Suspended {
        checkpoint: u64,
    },
    RecoveryAvailable {
        session: String,
        cause: &'static str,
        newest: u64,
        checkpoints: usize,
    },
    CorruptionDetected {
        session: String,
        lost: Option<u64>,
        newest_intact: Option<u64>,
    },
    SessionClosed {
        session: String,
    },
    SessionEnded {
        session: String,
    },
    /// This checkpoint, and what is kept before it, can be had from the replica.
    Replicated {
        checkpoint: u64,
    },
    Claimed {
        session: String,
        epoch: u64,
    },
    Fenced {
        session: String,
        epoch: u64,
    },
    Forked {
        session: String,
        common_play_s: Option<f64>,
        here_s: Option<f64>,
        there_s: Option<f64>,
    },
    ReplicaLost {
        error: String,
    },
    ReplicaBack {},
    /// The answer to a command of `--stdin`.
    Command {
        command: String,
        ok: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        #[serde(flatten)]
        fields: serde_json::Map<String, serde_json::Value>,
    },
    /// The bug of `--panic-seed` shows.
    Panicking {
        tick: u64,
        message: String,
    },
    /// A replay came to the panic that the report is about.
    Panicked {
        tick: u64,
        message: String,
    },
    /// A replay came to a checkpoint.
    Replayed {
        checkpoint: u64,
        hash: String,
        expected: String,
    },
    ReplayDone {
        diverged: bool,
        ticks: u64,
        events: u64,
        seconds: f64,
    },
    Error {
        kind: &'static str,
        message: String,
    },
}

#[derive(Serialize)]
pub struct Restored {
    session: String,
    checkpoint: u64,
    hash: String,
    recover_ms: f64,
}

#[derive(Serialize)]
pub struct Captured {
    checkpoint: u64,
    frame: u32,
    kind: &'static str,
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<String>,
    changed: usize,
    hash: String,
    capture_us: f64,
}

/// The line for people.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SessionStarted { .. } => write!(f, "A new colony is founded."),
            Self::SessionContinued(Restored { checkpoint, recover_ms, .. }) => {
                write!(f, "The colony goes on at checkpoint {checkpoint}, in {recover_ms} ms.")
            }
            Self::SessionRecovered(Restored { checkpoint, recover_ms, .. }) => {
                write!(f, "The colony is back at checkpoint {checkpoint}, in {recover_ms} ms.")
            }
            Self::Captured(Captured { checkpoint, capture_us, .. }) => {
                write!(f, "Checkpoint {checkpoint} took {capture_us} µs of the frame.")
            }
            Self::CheckpointSaved { checkpoint, bytes, write_ms, .. } => {
                write!(f, "Checkpoint {checkpoint} is safe: {bytes} bytes in {write_ms} ms.")
            }
            Self::Suspended { checkpoint } => {
                write!(f, "The colony is put aside, and checkpoint {checkpoint} is safe.")
            }
            Self::RecoveryAvailable { cause, newest, .. } => {
                write!(f, "The last game was cut short ({cause}); checkpoint {newest} is there.")
            }
            Self::CorruptionDetected { newest_intact: Some(newest), .. } => {
                write!(f, "Files are damaged. Checkpoint {newest} is the newest that is whole.")
            }
            Self::CorruptionDetected { .. } => write!(f, "Files of a session are damaged."),
            Self::Panicking { message, .. } => write!(f, "The colony panics: {message}."),
            Self::Panicked { tick, message } => {
                write!(f, "At step {tick} the colony panics again: {message}.")
            }
            Self::Replayed { checkpoint, hash, expected } if hash == expected => {
                write!(f, "Checkpoint {checkpoint} is the same again.")
            }
            Self::Replayed { checkpoint, .. } => {
                write!(f, "At checkpoint {checkpoint} the colony is another one.")
            }
            Self::ReplayDone { ticks, seconds, .. } => {
                write!(f, "{ticks} steps were played again, in {seconds} s.")
            }
            Self::SessionClosed { .. } => write!(f, "The colony is saved; come back any time."),
            Self::SessionEnded { .. } => write!(f, "The colony's story has ended."),
            Self::Replicated { checkpoint } => {
                write!(f, "Checkpoint {checkpoint} is safe whatever becomes of this machine.")
            }
            Self::Claimed { epoch, .. } => {
                write!(f, "The colony is this machine's (epoch {epoch}).")
            }
            Self::Fenced { .. } => write!(f, "Another machine plays the colony."),
            Self::Forked { .. } => {
                write!(f, "The colony went on here and elsewhere; both are kept.")
            }
            Self::ReplicaLost { error } => write!(f, "The replica can't be reached: {error}."),
            Self::ReplicaBack {} => write!(f, "The replica can be reached again."),
            Self::Command { command, error: Some(error), .. } => write!(f, "{command}: {error}."),
            Self::Command { command, fields, .. } if fields.is_empty() => {
                write!(f, "{command}: done.")
            }
            Self::Command { command, fields, .. } => {
                write!(f, "{command}: {}", serde_json::Value::from(fields.clone()))
            }
            Self::Error { message, .. } => write!(f, "{message}"),
        }
    }
}

/// Says each thing at once, since the next moment may be the last.
#[derive(Resource)]
pub struct Reporter {
    json: bool,
    terminal: bool,
}

impl Reporter {
    pub fn new(json: bool) -> Self {
        Self { json, terminal: stdout().is_terminal() }
    }

    pub fn say(&self, line: &Line) {
        // If no one listens any more, the colony goes on all the same.
        let _ = match line {
            line if self.json => serde_json::to_string(line)
                .map_err(Into::into)
                .and_then(|text| stdout().write_all(format!("{text}\n").as_bytes())),
            // The status line says it.
            Line::Captured(_) | Line::CheckpointSaved { .. } | Line::Replicated { .. } => Ok(()),
            Line::Error { .. } => writeln!(stderr(), "{}{line}", self.clear()),
            line => writeln!(stdout(), "{}{line}", self.clear()),
        };
        let _ = stdout().flush();
    }

    pub fn error(&self, kind: &'static str, message: impl Into<String>) {
        self.say(&Line::Error { kind, message: message.into() });
    }

    /// Takes the status line off the terminal.
    fn clear(&self) -> &'static str {
        if self.terminal { "\r\x1b[K" } else { "" }
    }
}

pub fn plugin(app: &mut App) {
    let json = app.world().resource::<Options>().json;
    app.insert_resource(Reporter::new(json))
        .add_observer(session_started)
        .add_observer(session_restored)
        .add_observer(checkpoint_captured)
        .add_observer(checkpoint_saved)
        .add_observer(recovery_available)
        .add_observer(corruption_detected)
        .add_observer(session_closed)
        .add_observer(session_ended)
        .add_observer(checkpoint_failed)
        .add_observer(type_failed)
        .add_systems(Last, show_status.run_if(session_is_active));
}

fn session_started(started: On<SessionStarted>, reporter: Res<Reporter>) {
    reporter.say(&Line::SessionStarted { session: started.session.to_string() });
}

fn session_restored(restored: On<SessionRestored>, reporter: Res<Reporter>, digest: Digest) {
    let line = Restored {
        session: restored.session.to_string(),
        checkpoint: restored.checkpoint.counter,
        hash: digest.text(),
        recover_ms: milliseconds(restored.elapsed),
    };
    reporter.say(&match restored.reason {
        RestoreReason::Recovered => Line::SessionRecovered(line),
        _ => Line::SessionContinued(line),
    });
}

fn checkpoint_captured(
    captured: On<CheckpointCaptured>,
    reporter: Res<Reporter>,
    frame: Res<FrameCount>,
    digest: Digest,
) {
    reporter.say(&Line::Captured(Captured {
        checkpoint: captured.checkpoint.counter,
        frame: frame.0,
        kind: if captured.full { "full" } else { "delta" },
        label: captured.label.clone(),
        ticket: captured.ticket.map(|ticket| ticket.to_string()),
        changed: captured.rows,
        hash: digest.text(),
        capture_us: microseconds(captured.capture_time),
    }));
}

fn checkpoint_saved(saved: On<CheckpointSaved>, reporter: Res<Reporter>) {
    reporter.say(&Line::CheckpointSaved {
        checkpoint: saved.checkpoint.counter,
        label: saved.label.clone(),
        ticket: saved.ticket.map(|ticket| ticket.to_string()),
        bytes: saved.bytes,
        write_ms: milliseconds(saved.write_time),
    });
}

fn recovery_available(available: On<RecoveryAvailable>, reporter: Res<Reporter>) {
    let offer = &available.offer;
    reporter.say(&Line::RecoveryAvailable {
        session: offer.session.id.to_string(),
        cause: match offer.cause {
            HowItEnded::Exited => "exited",
            HowItEnded::Crashed(_) => "crashed",
            HowItEnded::NotResponding => "not_responding",
            HowItEnded::Elsewhere => "elsewhere",
            _ => "abnormal",
        },
        newest: offer.newest.counter,
        checkpoints: offer.checkpoints.len(),
    });
}

fn corruption_detected(corruption: On<CorruptionDetected>, reporter: Res<Reporter>) {
    reporter.say(&Line::CorruptionDetected {
        session: corruption.session.to_string(),
        lost: corruption.lost.map(|checkpoint| checkpoint.counter),
        newest_intact: corruption.newest_intact.map(|checkpoint| checkpoint.counter),
    });
}

fn session_closed(
    closed: On<SessionClosed>,
    reporter: Res<Reporter>,
    mut exit: MessageWriter<AppExit>,
) {
    if closed.complete {
        reporter.say(&Line::SessionClosed { session: closed.session.to_string() });
    } else {
        reporter.error("not_closed", "The end isn't saved. What was safe before still is.");
        exit.write(AppExit::error());
    }
}

fn session_ended(ended: On<SessionEnded>, reporter: Res<Reporter>) {
    reporter.say(&Line::SessionEnded { session: ended.session.to_string() });
}

fn checkpoint_failed(failed: On<CheckpointFailed>, reporter: Res<Reporter>) {
    let why = match &failed.error {
        CheckpointError::Disk(cause) | CheckpointError::TooLarge(cause) => &cause.to_string(),
        CheckpointError::StoreVanished => "its directory is gone",
        CheckpointError::LockLost => "another process plays it",
        // A delay, and not a loss: what changed is in the next one.
        CheckpointError::WriterBehind => return,
        _ => "there is no writer any more",
    };
    let checkpoint = failed.checkpoint.counter;
    reporter.error("checkpoint_failed", format!("Checkpoint {checkpoint} isn't saved: {why}."));
}

fn type_failed(failed: On<TypeFailed>, reporter: Res<Reporter>) {
    let (path, message) = (&failed.type_path, &failed.message);
    reporter.error("type_failed", format!("{path} isn't saved: {message}"));
}

/// One line that is written over again and again.
fn show_status(
    reporter: Res<Reporter>,
    session: Res<CurrentSession>,
    colony: Res<Colony>,
    daytime: Res<State<Daytime>>,
    entities: Query<(), With<Saved>>,
    mut shown: Local<Option<Instant>>,
) {
    let pause = Duration::from_millis(if reporter.terminal { 250 } else { 5_000 });
    if reporter.json || shown.is_some_and(|shown| shown.elapsed() < pause) {
        return;
    }
    *shown = Some(Instant::now());
    let safe = session.last_checkpoint().map_or(0, |checkpoint| checkpoint.id.counter);
    let status = format!(
        "{:?} · step {} · {} entities · played {} · checkpoint {safe} is safe, {:.1} s are not",
        daytime.get(),
        colony.tick,
        entities.iter().len(),
        session.play_time_text(),
        session.at_risk().as_secs_f32(),
    );
    let end = if reporter.terminal { "" } else { "\n" };
    let _ = write!(stdout(), "{}{status}{end}", reporter.clear());
    let _ = stdout().flush();
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

fn microseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e7).round() / 1e1
}
