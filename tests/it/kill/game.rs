//! The example as a process, and what it said.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

#[cfg(unix)]
use rustix::process::Signal;
use serde_json::Value;

use crate::common::root;
#[cfg(unix)]
use crate::process::send;

/// The longest time for anything that depends on how busy the machine is. What hangs takes longer.
const PATIENCE: Duration = Duration::from_secs(300);

/// A running example.
pub struct Game {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    heard: Vec<String>,
    /// The number of lines of `heard` that were waited for.
    attended: usize,
    asked_to_exit: bool,
    complaints: Option<JoinHandle<String>>,
}

/// All that a process said.
pub struct Story {
    pub events: Vec<Value>,
    /// True if it got a signal to exit.
    pub asked_to_exit: bool,
    lines: Vec<String>,
    complaints: String,
    status: ExitStatus,
}

impl Game {
    pub fn start(directory: &Path, arguments: &[&str]) -> Self {
        Self::launch(directory, arguments, Stdio::null())
    }

    /// A game that takes commands.
    pub fn driven(directory: &Path, arguments: &[&str]) -> Self {
        Self::launch(directory, &[&["--stdin"], arguments].concat(), Stdio::piped())
    }

    fn launch(directory: &Path, arguments: &[&str], stdin: Stdio) -> Self {
        let mut child = Command::new(headless())
            .arg("--json")
            .arg("--data")
            .arg(directory)
            .args(arguments)
            .env("RUST_LOG", "bevy_session=debug")
            .env("NO_COLOR", "1")
            .env_remove("BEVY_SESSION")
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the example should start");
        let (sender, lines) = channel();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            let mut line = String::new();
            // The kill may cut the last line.
            while stdout.read_line(&mut line).is_ok_and(|_| line.ends_with('\n')) {
                if sender.send(std::mem::take(&mut line)).is_err() {
                    return;
                }
            }
        });
        let mut stderr = child.stderr.take().unwrap();
        let complaints = thread::spawn(move || {
            let mut bytes = Vec::new();
            stderr.read_to_end(&mut bytes).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Self {
            stdin: child.stdin.take(),
            child,
            lines,
            heard: Vec::new(),
            attended: 0,
            asked_to_exit: false,
            complaints: Some(complaints),
        }
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let stdin = self.stdin.as_mut().expect("it should be a driven game");
        stdin.write_all(bytes.as_ref()).expect("it should still run");
        stdin.flush().unwrap();
    }

    /// Ends what it reads.
    pub fn send_end(&mut self) {
        self.stdin = None;
    }

    /// Closes the other end of what it writes, which it meets with one of its next lines.
    pub fn stop_listening(&mut self) {
        self.lines = channel().1;
    }

    /// Sends a command and waits for its answer, which is expected to be next.
    pub fn ask(&mut self, command: &str) -> Value {
        self.send(format!("{command}\n"));
        self.answer()
    }

    /// Waits for the next answer.
    pub fn answer(&mut self) -> Value {
        self.wait_for("command");
        serde_json::from_str(&self.heard[self.attended - 1]).unwrap()
    }

    /// The line that was waited for last.
    pub fn last_line(&self) -> Value {
        serde_json::from_str(&self.heard[self.attended - 1]).unwrap()
    }

    /// Waits for the next line with this event.
    pub fn wait_for(&mut self, event: &str) {
        let wanted = format!("\"event\":\"{event}\"");
        let deadline = Instant::now() + PATIENCE;
        loop {
            while self.attended < self.heard.len() {
                self.attended += 1;
                if self.heard[self.attended - 1].contains(&wanted) {
                    return;
                }
            }
            let wait = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(wait) {
                Ok(line) => self.heard.push(line),
                Err(error) => {
                    let _ = self.child.kill();
                    panic!("no {event} came ({error})\n{}", self.story());
                }
            }
        }
    }

    /// The lines of an event so far.
    pub fn said(&self, event: &str) -> Vec<Value> {
        let wanted = format!("\"event\":\"{event}\"");
        let lines = self.heard.iter().filter(|line| line.contains(&wanted));
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Sends a signal.
    #[cfg(unix)]
    pub fn signal(&mut self, signal: Signal) {
        send(&self.child, signal);
        self.asked_to_exit = true;
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
                panic!("it doesn't end\n{}", self.kill());
            }
            thread::sleep(Duration::from_millis(2));
        }
        self.story()
    }

    fn story(&mut self) -> Story {
        let status = self.child.wait().unwrap();
        let complaints = self.complaints.take().map(|thread| thread.join().unwrap());
        self.heard.extend(self.lines.iter());
        let lines = std::mem::take(&mut self.heard);
        let event = |line: &String| match serde_json::from_str(line) {
            Ok(event) => event,
            Err(error) => panic!("each line should be JSON: {line:?}: {error}"),
        };
        let events = lines.iter().map(event).collect();
        let complaints = complaints.unwrap_or_default();
        Story { events, asked_to_exit: self.asked_to_exit, lines, complaints, status }
    }
}

impl Drop for Game {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Story {
    pub fn exit_code(&self) -> Option<i32> {
        self.status.code()
    }

    pub fn count(&self, event: &str) -> usize {
        self.events.iter().filter(|line| line["event"] == event).count()
    }

    /// The kinds of the errors that were reported.
    pub fn errors(&self) -> Vec<&str> {
        let errors = self.events.iter().filter(|line| line["event"] == "error");
        errors.map(|line| line["kind"].as_str().unwrap()).collect()
    }

    /// The lines that were written for people.
    pub fn complaints(&self) -> &str {
        &self.complaints
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "--- {} ---", self.status)?;
        self.lines.iter().try_for_each(|line| f.write_str(line))?;
        writeln!(f, "--- stderr ---\n{}", self.complaints)
    }
}

/// The example's program, which cargo built beside this test, or which is built now.
fn headless() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        let name = format!("headless{}", std::env::consts::EXE_SUFFIX);
        let program = profile.join("examples").join(name);
        let built = program.metadata().and_then(|found| found.modified());
        if !built.is_ok_and(|built| built >= newest_source()) {
            build(profile);
        }
        program
    })
}

fn newest_source() -> SystemTime {
    fn newest(path: &Path) -> SystemTime {
        let found = path.metadata().unwrap();
        if !found.is_dir() {
            return found.modified().unwrap();
        }
        let entries = path.read_dir().unwrap().map(|entry| newest(&entry.unwrap().path()));
        entries.max().unwrap_or(SystemTime::UNIX_EPOCH)
    }
    let root = root();
    ["src", "crates/play/src", "examples", "Cargo.toml"]
        .iter()
        .map(|path| newest(&root.join(path)))
        .max()
        .unwrap()
}

fn build(profile: &Path) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["build", "--example", "headless"]);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let mut target = profile.parent().unwrap();
    // What is built for a platform by name lies in a directory of that name.
    let platform = target.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if platform.starts_with(&format!("{}-", std::env::consts::ARCH)) {
        cargo.args(["--target", platform]);
        target = target.parent().unwrap();
    }
    let built = cargo.arg("--target-dir").arg(target).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
}
