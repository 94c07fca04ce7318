//! Demonstrates the journal in a plain program, without an engine: a pond of fish that survives
//! `kill -9`.
//!
//! ```console
//! $ cargo run -p bevy_session_journal --example plain -- --seconds 60 --data pond
//! ```
//!
//! Kill it, and start it again: it says how the last run ended, and goes on from what was saved last.
//! `pond.rs` is the state and how it becomes rows, `journal.rs` opens the journal and finds out what is
//! there, and this file plays.

mod journal;
mod pond;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bevy_session_journal::journal::Lineage;
use bevy_session_journal::recovery::Prepared;
use bevy_session_journal::session::GameClock;
use bevy_session_journal::writer::{CheckpointOrder, Leave, News, Order, Report, TakeUp};
use bevy_session_journal::{
    CheckpointKind, Fields, Leaving, NewSession, RunId, SessionId, SessionStatus,
};

use journal::{Journal, Outcome, choose, say};
use pond::{Pond, Ponds};

const STEP: Duration = Duration::from_millis(2);
const STEPS_PER_CHECKPOINT: u64 = 10;

fn main() -> Outcome<()> {
    let (data, limit) = arguments()?;
    let mut journal = Journal::open(&data)?;
    let found = journal.detect()?;
    let restored = match choose(&found)? {
        Some((session, reason)) => Some(journal.prepare(session, reason)?),
        None => None,
    };
    let mut play = Play::take_up(journal, restored)?;
    let end = Instant::now() + limit;
    while Instant::now() < end {
        play.step()?;
    }
    play.leave()
}

/// A session that is played: from here on, captures are its checkpoints.
struct Play {
    journal: Journal,
    pond: Pond,
    session: SessionId,
    /// The number of the last capture, which the next delta is the difference to.
    counter: u64,
    needs_full: bool,
    /// Play time before this run, and when the run began.
    played_before: Duration,
    began: Instant,
    /// The hashes of what was captured and isn't durable yet.
    hashes: HashMap<u64, u64>,
}

impl Play {
    /// Takes up what was restored, or a new session.
    fn take_up(mut journal: Journal, restored: Option<Prepared<Pond>>) -> Outcome<Self> {
        let (mut pond, mut counter, mut played_before) = (Pond::new(), 0, Duration::ZERO);
        let mut take_up = TakeUp {
            metadata: NewSession::named("Pond").begin(SessionId::random(), journal.now().wall),
            run: RunId::random(),
            lineage: Lineage::default(),
            start: (),
            unknown_frames: Vec::new(),
        };
        if let Some(restored) = restored {
            // Ids and numbers count on from the highest that the session ever used, and the lineage
            // says what this run goes on from.
            pond = restored.image;
            pond.next_id = restored.next_save_id;
            (counter, played_before) = (restored.newest_counter, restored.play_time);
            take_up.metadata = restored.metadata;
            take_up.lineage = restored.lineage;
            take_up.unknown_frames = restored.unknown_frames;
            say(&format!("restored {} {:016x}", restored.checkpoint, pond.hash()))?;
        }
        let session = take_up.metadata.id;
        journal.order(Order::TakeUp(Box::new(take_up)));
        let (began, hashes) = (Instant::now(), HashMap::new());
        let mut play = Self {
            journal,
            pond,
            session,
            counter,
            needs_full: true,
            played_before,
            began,
            hashes,
        };
        play.checkpoint(CheckpointKind::Opening)?;
        Ok(play)
    }

    /// One frame of the program.
    fn step(&mut self) -> Outcome<()> {
        let next_step = Instant::now() + STEP;
        self.pond.step();
        // A process that completes no frames for long and is killed then was hanging.
        self.journal.process.frame_completed(self.journal.now().wall);
        // Where the writer is behind, what changes meanwhile is in the next checkpoint.
        let is_due = self.pond.steps.is_multiple_of(STEPS_PER_CHECKPOINT);
        if is_due && self.journal.link.captures_in_flight() == 0 {
            self.checkpoint(CheckpointKind::Auto)?;
        }
        while let Some(report) = self.journal.report(next_step)? {
            self.hear(&report)?;
        }
        Ok(())
    }

    /// Hands a capture over. It is safe when the writer says so, and not before.
    fn checkpoint(&mut self, kind: CheckpointKind) -> Outcome<()> {
        let is_full = std::mem::take(&mut self.needs_full);
        let base = (!is_full).then_some(self.counter);
        self.counter += 1;
        let hash = self.pond.hash();
        say(&format!("captured {} {hash:016x}", self.counter))?;
        self.hashes.insert(self.counter, hash);
        let order = CheckpointOrder {
            counter: self.counter,
            base,
            kind,
            label: None,
            time: self.journal.now().wall,
            play_time: self.play_time(),
            fields: is_full.then(Fields::default),
            state_changes: is_full.then(Vec::new),
            summary: None,
            clock: GameClock::default(),
            capture: self.pond.capture(is_full),
            self_test: None,
            handed_over: Instant::now(),
        };
        self.journal.order(Order::Checkpoint(order));
        Ok(())
    }

    fn hear(&mut self, report: &Report<Ponds>) -> Outcome<()> {
        let Report::News(news) = report else { return Ok(()) };
        match news {
            News::Saved(saved) => {
                let hash = self.hashes.remove(&saved.id.counter).unwrap_or_default();
                // Captures that piled up were merged into this one, and aren't reported.
                self.hashes.retain(|number, _| *number > saved.id.counter);
                say(&format!("saved {} {hash:016x}", saved.id))
            }
            // The writer tries again by itself, if there is a time to say.
            News::Failed { error, retry_in, .. } => {
                say(&format!("failed {error}, again in {retry_in:?}"))
            }
            News::NeedFull => {
                self.needs_full = true;
                Ok(())
            }
            News::SavingStopped(reason) => Err(format!("nothing is saved: {reason:?}").into()),
            _ => Ok(()),
        }
    }

    /// Ends the run in good order: the next one continues, and recovers nothing.
    fn leave(mut self) -> Outcome<()> {
        self.journal.process.exit_seen();
        self.checkpoint(CheckpointKind::Exit)?;
        let (time, play_time) = (self.journal.now().wall, self.play_time());
        let leave = Leave {
            status: SessionStatus::Closed,
            reason: None,
            leaving: Leaving::default(),
            time,
            play_time,
        };
        self.journal.order(Order::Leave(leave));
        loop {
            let report = self.journal.answer()?;
            self.hear(&report)?;
            if let Report::News(News::Left { complete, .. }) = report {
                return say(&format!("left {} complete={complete}", self.session));
            }
        }
    }

    fn play_time(&self) -> Duration {
        self.played_before + self.began.elapsed()
    }
}

fn arguments() -> Outcome<(PathBuf, Duration)> {
    let (mut data, mut seconds) = (PathBuf::from("pond"), 10);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        match &*name {
            "--data" => data = value.into(),
            "--seconds" => seconds = value.parse()?,
            _ => return Err(format!("unknown argument {name}").into()),
        }
    }
    Ok((data, Duration::from_secs(seconds)))
}
