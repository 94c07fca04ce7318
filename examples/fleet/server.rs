//! A server as a process, and what it has said.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// A server.
pub struct Server {
    pub machine: String,
    child: Child,
    lines: Receiver<Line>,
    heard: Vec<Line>,
    attended: usize,
}

/// A server that was killed.
pub struct Dead {
    pub machine: String,
    pub died: Instant,
    heard: Vec<Line>,
}

/// A line of JSON without anything nested, and when it was heard.
#[derive(Clone, Debug)]
pub struct Line {
    text: String,
    pub heard: Instant,
}

impl Server {
    /// Starts one.
    pub fn start(program: &Path, machine: String, arguments: &[&str]) -> Result<Self, String> {
        let mut child = Command::new(program)
            .args(arguments)
            .env_remove("BEVY_SESSION")
            // It ends with who holds the other end.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} can't be started: {error}.", program.display()))?;
        let stdout = child.stdout.take().ok_or("It has no output.")?;
        let (sender, lines) = channel();
        thread::spawn(move || {
            for text in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(Line { text, heard: Instant::now() }).is_err() {
                    return;
                }
            }
        });
        Ok(Self { machine, child, lines, heard: Vec::new(), attended: 0 })
    }

    /// Waits for the next line with one of these events.
    pub fn wait_for(&mut self, events: &[&str], patience: Duration) -> Result<Line, String> {
        let deadline = Instant::now() + patience;
        loop {
            while let Some(line) = self.heard.get(self.attended).cloned() {
                self.attended += 1;
                if line.text("event").is_some_and(|event| events.contains(&event)) {
                    return Ok(line);
                }
            }
            let rest = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(rest) {
                Ok(line) => self.heard.push(line),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("{} says nothing of {events:?}.", self.machine));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(format!("{} has ended.", self.machine));
                }
            }
        }
    }

    /// Kills it with SIGKILL.
    pub fn kill(mut self) -> Dead {
        // One that has ended by itself is dead as well.
        let _ = self.child.kill();
        let died = Instant::now();
        let _ = self.child.wait();
        self.heard.extend(self.lines.iter());
        let (machine, heard) = (std::mem::take(&mut self.machine), std::mem::take(&mut self.heard));
        Dead { machine, died, heard }
    }

    /// The session that it plays.
    pub fn session(&self) -> Option<&str> {
        self.heard.iter().rev().filter(|line| line.is("claimed")).find_map(|it| it.text("session"))
    }

    /// The epoch in which it owns that.
    pub fn epoch(&self) -> u64 {
        newest(&self.heard, "claimed", "epoch")
    }

    /// The newest checkpoint that is replicated.
    pub fn replicated(&self) -> u64 {
        newest(&self.heard, "replicated", "checkpoint")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Dead {
    /// The newest checkpoint that it has said is replicated.
    pub fn replicated(&self) -> u64 {
        newest(&self.heard, "replicated", "checkpoint")
    }

    /// When it took a checkpoint.
    pub fn captured(&self, checkpoint: u64) -> Option<&Line> {
        let mut captured = self.heard.iter().rev().filter(|line| line.is("captured"));
        captured.find(|line| line.number("checkpoint") == Some(checkpoint))
    }
}

impl Line {
    fn is(&self, event: &str) -> bool {
        self.text("event") == Some(event)
    }

    /// A field that is a string.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.after(field)?.strip_prefix('"')?.split('"').next()
    }

    /// A field that is a number.
    pub fn number(&self, field: &str) -> Option<u64> {
        let rest = self.after(field)?;
        rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
    }

    fn after(&self, field: &str) -> Option<&str> {
        Some(self.text.split_once(&format!("\"{field}\":"))?.1)
    }
}

fn newest(heard: &[Line], event: &str, field: &str) -> u64 {
    let of_event = heard.iter().filter(|line| line.is(event));
    of_event.filter_map(|line| line.number(field)).max().unwrap_or(0)
}
