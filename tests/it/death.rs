//! Real processes that end in different ways, and what the next start says of them.
//!
//! Each file here is one way to die, with its tests; a way plays the game to its end.

#[cfg(windows)]
mod asked;
mod exits;
mod hanging;
mod next_start;
mod panics;
mod restoring;
#[cfg(unix)]
mod signals;
mod stubborn;
mod sudden;
#[cfg(target_os = "linux")]
mod watchdog;
mod writer;

use std::process::ExitStatus;

use bevy::prelude::*;
use tempfile::TempDir;

use crate::process::{Memory, Process, role, talking_game};

/// Plays a game to its end.
type Way = (&'static str, fn(App));

#[test]
#[ignore = "the process that dies, run by the other tests of this module"]
fn child() {
    let Some(role) = role() else { return };
    let ways = [exits::WAYS, hanging::WAYS, panics::WAYS, restoring::WAYS, sudden::WAYS];
    #[cfg(unix)]
    let more = [signals::WAYS, writer::WAYS];
    #[cfg(windows)]
    let more = [asked::WAYS, writer::WAYS];
    #[cfg(not(any(unix, windows)))]
    let more = [writer::WAYS];
    #[cfg(target_os = "linux")]
    let watched = [watchdog::WAYS];
    #[cfg(not(target_os = "linux"))]
    let watched: [&[Way]; 0] = [];
    let mut ways = ways.iter().chain(&more).chain(&watched).copied().flatten();
    let (_, play) = ways.find(|(name, _)| *name == role).expect("there should be such a way");
    play(talking_game());
}

/// A process that is dead, and what is known of it.
struct Dead {
    directory: TempDir,
    memory: Memory,
    status: ExitStatus,
    lines: Vec<String>,
}

/// Lets a process die in this way.
fn die(way: &str) -> Dead {
    let dead = Dead {
        directory: tempfile::tempdir().unwrap(),
        memory: Memory::default(),
        status: ExitStatus::default(),
        lines: Vec::new(),
    };
    dead.then(way)
}

impl Dead {
    /// Lets another process die after this one.
    fn then(mut self, way: &str) -> Self {
        let story = Process::start("death::child", way, self.directory.path()).finish();
        self.memory.listen(&story);
        Self { status: story.status, lines: story.lines, ..self }
    }

    /// True if it printed this line.
    fn said(&self, line: &str) -> bool {
        self.lines.iter().any(|said| said == line)
    }
}
