//! Demonstrates the journal in a plain program, without an engine: a pond of fish that survives
//! `kill -9`.
//!
//! ```console
//! $ cargo run -p bevy_session_journal --example plain -- --seconds 60 --data pond
//! ```
//!
//! Kill it, and start it again: it prints how the last run ended, and continues from the last checkpoint. `pond.rs` has
//! the state and its codec, and this file plays.

mod pond;

use std::collections::HashMap;
use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bevy_session_journal::{
    CheckpointKind, Event, FoundSession, JournalOptions, NewSession, RestoreFrom, Run, SessionId,
};

use pond::{Pond, Ponds};

/// The result of the program: it has nothing better to do about an error than to end.
type Outcome<T> = Result<T, Box<dyn Error>>;

const STEP: Duration = Duration::from_millis(2);
const STEPS_PER_CHECKPOINT: u64 = 10;

fn main() -> Outcome<()> {
    let (data, limit) = arguments()?;
    let options = JournalOptions::new(data).program_version(env!("CARGO_PKG_VERSION"));
    let mut journal = options.open(Ponds)?;
    let found = journal.detect()?;
    if let Some(last) = journal.last_run() {
        say(&format!("last-run {:?}", last.ended))?;
    }
    let (pond, run) = match newest(&found)? {
        Some((session, from)) => {
            let restored = journal.restore(session, from)?;
            say(&format!("restored {} {:016x}", restored.checkpoint(), restored.image().hash()))?;
            let next_id = restored.next_id();
            let (pond, run) = restored.go_on();
            (pond.going_on_with(next_id), run)
        }
        None => (Pond::new(), journal.start(NewSession::named("Pond"))),
    };
    let mut play = Play { pond, run, hashes: HashMap::new() };
    let end = Instant::now() + limit;
    play.checkpoint()?;
    while Instant::now() < end {
        play.step()?;
    }
    play.leave()
}

/// Prints the sessions that were found, and chooses the newest one that can be continued.
///
/// It continues from the newest checkpoint, since a pond doesn't die of its state. A program that might takes what
/// [`FoundSession::restore_from`] proposes, which leads out of a crash loop.
fn newest(found: &[FoundSession]) -> Outcome<Option<(SessionId, RestoreFrom)>> {
    for found in found {
        if let Some(failure) = &found.failure {
            say(&format!("found unreadable {}: {failure}", found.session))?;
        }
        if let Some(entry) = found.entry.as_ref().filter(|entry| entry.can_go_on()) {
            let how = if entry.has_crashed() { "crashed" } else { "closed" };
            say(&format!("found {how} {}", found.session))?;
            return Ok(Some((found.session, RestoreFrom::Latest)));
        }
    }
    Ok(None)
}

/// A session that is played.
struct Play<'j> {
    pond: Pond,
    run: Run<'j, Ponds>,
    /// The hashes of what was captured and isn't durable yet.
    hashes: HashMap<u64, u64>,
}

impl Play<'_> {
    /// One frame of the program.
    fn step(&mut self) -> Outcome<()> {
        let next_step = Instant::now() + STEP;
        self.pond.step();
        // If the writer is behind, the changes meanwhile are in the next checkpoint.
        if self.pond.steps.is_multiple_of(STEPS_PER_CHECKPOINT) && !self.run.is_behind() {
            self.checkpoint()?;
        }
        while let Some(event) = self.run.wait(next_step) {
            self.follow(event)?;
        }
        Ok(())
    }

    /// Hands a capture over. It is safe when the writer says so, and not before.
    fn checkpoint(&mut self) -> Outcome<()> {
        let checkpoint =
            self.run.checkpoint(CheckpointKind::Auto, |scope| self.pond.capture(scope));
        let hash = self.pond.hash();
        say(&format!("captured {} {hash:016x}", checkpoint.counter))?;
        self.hashes.insert(checkpoint.counter, hash);
        Ok(())
    }

    fn follow(&mut self, event: Event) -> Outcome<()> {
        match event {
            Event::Saved(saved) => {
                let hash = self.hashes.remove(&saved.id.counter).unwrap_or_default();
                // Captures that piled up were merged into this one, and aren't reported.
                self.hashes.retain(|number, _| *number > saved.id.counter);
                say(&format!("saved {} {hash:016x}", saved.id))
            }
            // The writer tries again by itself, if there is a time to say.
            Event::Failed { error, retry_in, .. } => {
                say(&format!("failed {error}, again in {retry_in:?}"))
            }
            Event::Stopped(reason) => Err(reason.into()),
            _ => Ok(()),
        }
    }

    /// Ends the run in good order: the next one continues, and recovers nothing.
    fn leave(mut self) -> Outcome<()> {
        let session = self.run.session();
        let saved = self.run.close(|scope| self.pond.capture(scope))?;
        let hash = self.pond.hash();
        say(&format!("captured {} {hash:016x}", saved.id.counter))?;
        say(&format!("saved {} {hash:016x}", saved.id))?;
        say(&format!("left {session}"))
    }
}

/// Prints a line. The reader may be gone, and then there is no reason to continue.
fn say(line: &str) -> Outcome<()> {
    Ok(writeln!(io::stdout().lock(), "{line}")?)
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
