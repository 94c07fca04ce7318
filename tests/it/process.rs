//! The test binary as a game in a separate process, and what it printed.
//!
//! All that is believed of it is what it said before it died: each line is out before the next
//! thing happens, so what was acknowledged is known exactly.

#![expect(clippy::print_stdout, reason = "a game in another process has no other way to report")]

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy_session::checkpoints::{SavingResumed, SavingStopped};
use bevy_session::prelude::*;
use bevy_session::recovery::CorruptionDetected;
use bevy_session::{CheckpointCaptured, RecoveryFailed};
#[cfg(unix)]
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::common::{Health, Score};

const ROLE: &str = "BEVY_SESSION_TEST_ROLE";
const DIRECTORY: &str = "BEVY_SESSION_TEST_DIRECTORY";
/// The mark that distinguishes the game's lines from those of the test harness.
const MARK: &str = "# ";
const PATIENCE: Duration = Duration::from_secs(300);

/// The task of this process, if it was started by [`Process::start`].
pub fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}

/// The directory that it was given.
pub fn directory() -> PathBuf {
    std::env::var_os(DIRECTORY).expect("only for processes that a test has started").into()
}

pub fn say(line: impl std::fmt::Display) {
    println!("{MARK}{line}");
}

/// A game whose score grows with every frame, so that no two checkpoints are alike.
pub fn game(directory: &Path) -> App {
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins.set(ScheduleRunnerPlugin::run_loop(Duration::from_millis(2))),
        SessionPlugin::new("Tests", "Death")
            .directory(directory)
            .interval(Duration::from_millis(50)),
    ))
    .init_resource::<Score>()
    .add_systems(First, |mut score: ResMut<Score>| score.0 += 1);
    // An exit is complete however busy the machine is, unless a test sets another patience.
    app.world_mut().resource_mut::<SessionSettings>().patience.exit = Duration::from_secs(300);
    app
}

/// The same, saying what it hears.
pub fn talking_game() -> App {
    let mut app = game(&directory());
    app.add_observer(|_: On<SessionsFound>, previous: Option<Res<PreviousRun>>| {
        match previous {
            Some(previous) => say(format_args!("previous {:?}", previous.ended)),
            None => say("previous unknown"),
        }
        say("found");
    })
    .add_observer(|event: On<RecoveryAvailable>| {
        say(format_args!("offer {:?}", event.offer.cause));
        for label in event.offer.checkpoints.iter().filter_map(|it| it.label.as_deref()) {
            say(format_args!("named {label}"));
        }
    })
    .add_observer(|event: On<CheckpointCaptured>, score: Res<Score>| {
        say(format_args!("captured {} {}", event.checkpoint.counter, score.0));
    })
    .add_observer(|event: On<CheckpointSaved>| {
        say(format_args!("saved {}", event.checkpoint.counter));
    })
    .add_observer(|event: On<SessionRestored>, score: Res<Score>| {
        say(format_args!("restored {} {}", event.checkpoint.counter, score.0));
    })
    .add_observer(|event: On<SavingStopped>| say(format_args!("stopped {:?}", event.reason)))
    .add_observer(|event: On<SavingResumed>| say(format_args!("resumed {}", event.session)))
    .add_observer(|event: On<SessionClosed>| say(format_args!("closed {}", event.complete)))
    .add_observer(|event: On<RequestRejected>| say(format_args!("rejected {:?}", event.error)))
    .add_observer(|event: On<CheckpointFailed>| say(format_args!("failed {:?}", event.error)))
    .add_observer(|event: On<RecoveryFailed>| say(format_args!("lost {:?}", event.error)))
    .add_observer(|event: On<CorruptionDetected>| {
        say(format_args!("damaged {:?}", event.files));
    });
    app
}

/// Starts a session with something in it, in the first frame.
pub fn start_session(mut commands: Commands) {
    commands.session().start(NewSession::named("World"));
    commands.spawn(Health(42));
}

/// Run condition: a few checkpoints are safe.
pub fn some_are_safe(session: Option<Res<CurrentSession>>) -> bool {
    session.and_then(|session| session.last_checkpoint()).is_some_and(|last| last.id.counter >= 3)
}

/// Sends a signal.
#[cfg(unix)]
pub fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// A running game.
pub struct Process {
    child: Child,
    lines: Receiver<String>,
    heard: Vec<String>,
    /// The number of lines of `heard` that were waited for.
    attended: usize,
}

/// All that a process said, and how it ended.
#[derive(Debug)]
pub struct Story {
    pub lines: Vec<String>,
    pub status: ExitStatus,
}

impl Process {
    /// Runs this very binary with the test `test`, which is to play `role`.
    pub fn start(test: &str, role: &str, directory: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--ignored", "--nocapture"])
            .env(ROLE, role)
            .env(DIRECTORY, directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // The harness begins a line and doesn't end it.
                let Some((_, line)) = line.split_once(MARK) else { continue };
                if sender.send(line.to_owned()).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, heard: Vec::new(), attended: 0 }
    }

    /// Waits for the next line that begins with one of these words.
    pub fn wait_for(&mut self, words: &[&str]) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            while let Some(line) = self.heard.get(self.attended) {
                self.attended += 1;
                if words.iter().any(|word| line.starts_with(word)) {
                    return line.clone();
                }
            }
            let wait = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(wait) {
                Ok(line) => self.heard.push(line),
                Err(error) => panic!("none of {words:?} came ({error}): {:?}", self.heard),
            }
        }
    }

    /// Asks it to exit, as a system does that shuts down.
    #[cfg(unix)]
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends it a signal.
    #[cfg(unix)]
    pub fn signal(&self, signal: Signal) {
        send(&self.child, signal);
    }

    /// Stops all its threads. Once this returns, none of them does anything.
    #[cfg(unix)]
    pub fn stop(&self) {
        send(&self.child, Signal::STOP);
        let changed = waitpid(Some(Pid::from_child(&self.child)), WaitOptions::UNTRACED);
        let is_stopped = changed.unwrap().is_some_and(|(_, status)| status.stopped());
        assert!(is_stopped, "it should be stopped and not dead");
    }

    /// Lets it go on after a stop.
    #[cfg(unix)]
    pub fn go_on(&self) {
        send(&self.child, Signal::CONT);
    }

    /// Kills it with SIGKILL, if it still runs.
    pub fn kill(mut self) -> Story {
        self.child.kill().unwrap();
        self.story()
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Story {
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            if Instant::now() > deadline {
                panic!("it doesn't end: {:?}", self.kill());
            }
            thread::sleep(Duration::from_millis(2));
        }
        self.story()
    }

    fn story(&mut self) -> Story {
        let status = self.child.wait().unwrap();
        self.heard.extend(self.lines.iter());
        Story { lines: std::mem::take(&mut self.heard), status }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Story {
    /// The lines that begin with `word`, without it.
    pub fn of<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a str> {
        self.lines.iter().filter_map(move |line| line.strip_prefix(word)?.strip_prefix(' '))
    }
}

/// The captured and acknowledged checkpoints on the line that is played, over all its processes.
#[derive(Default, Debug)]
pub struct Memory {
    /// The score at each checkpoint. A number that was lost before it was acknowledged is given
    /// again, and then the later one counts.
    captured: HashMap<u64, u32>,
    /// The newest checkpoint that was captured.
    pub newest: u64,
    /// The newest checkpoint that was acknowledged.
    pub acknowledged: u64,
}

impl Memory {
    /// Learns from all that a process said, and checks what it was put back to.
    pub fn listen(&mut self, story: &Story) {
        for line in &story.lines {
            let words: Vec<&str> = line.split(' ').collect();
            let number = |place: usize| words[place].parse::<u64>().unwrap();
            match words[0] {
                "captured" => {
                    self.newest = number(1);
                    self.captured.insert(number(1), number(2) as u32);
                }
                "saved" => self.acknowledged = self.acknowledged.max(number(1)),
                "restored" => self.check(number(1), number(2) as u32),
                "damaged" | "lost" => panic!("nothing damaged them: {story:?}"),
                _ => {}
            }
        }
    }

    /// Checks that nothing acknowledged is lost, and that what came back is what was there.
    pub fn check(&self, checkpoint: u64, score: u32) {
        assert!(checkpoint >= self.acknowledged, "{checkpoint} came back: {self:?}");
        assert_eq!(self.captured.get(&checkpoint), Some(&score), "{checkpoint}: {self:?}");
    }
}
