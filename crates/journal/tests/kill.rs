//! Kills the example `plain` with SIGKILL, again and again, and starts it again: what was reported as
//! saved is there, as it was.
//!
//! The example prints a line with a hash for each capture and each acknowledged checkpoint, and, at
//! its next start, the hash of what it restored.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, SystemTime};

use tempfile::tempdir;

const PATIENCE: Duration = Duration::from_secs(300);

#[test]
fn acknowledged_checkpoints_survive_each_kill() {
    let directory = tempdir().unwrap();
    let mut known = Known::default();
    // More checkpoints than a segment has, so that the last kills meet merges and rotations too.
    for acknowledged in [3, 12, 30] {
        let mut game = Game::start(directory.path(), 600);
        if known.acknowledged > 0 {
            assert_eq!(
                game.wait_for("last-run"),
                ["Abnormal", "{", "machine_restarted:", "false", "}"]
            );
            game.wait_for("restored");
        }
        for _ in 0..acknowledged {
            game.wait_for("saved");
        }
        known.learn(&game.kill());
    }
    let heard = Game::start(directory.path(), 0).finish();
    known.learn(&heard);
    assert_eq!(known.restored, 3, "each start should restore");
    let end = heard.last().unwrap();
    assert!(end.starts_with("left "), "{heard:#?}");

    let heard = Game::start(directory.path(), 0).finish();
    assert_eq!(heard[0], "last-run Exited", "an end in good order is no crash");
    known.learn(&heard);
    assert_eq!(known.restored, 4, "what was closed should be continued");
}

/// The output of the processes so far.
#[derive(Default)]
struct Known {
    /// The hash of each capture, by its number. Numbers only grow, from process to process.
    captured: HashMap<u64, String>,
    /// The newest checkpoint that was acknowledged.
    acknowledged: u64,
    restored: usize,
}

impl Known {
    /// Takes in what a process said, in order, and holds it against what those before it said.
    fn learn(&mut self, heard: &[String]) {
        for line in heard {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["captured", number, hash] => {
                    let number = number.parse().unwrap();
                    assert!(number > self.acknowledged, "{number} is used twice");
                    self.captured.insert(number, hash.to_owned());
                }
                ["saved", id, hash] => {
                    self.acknowledged = number_of(id);
                    assert_eq!(self.captured[&self.acknowledged], hash, "{heard:#?}");
                }
                ["restored", id, hash] => {
                    self.restored += 1;
                    // The newest may have become durable without living to be acknowledged.
                    let number = number_of(id);
                    assert!(number >= self.acknowledged, "{} is lost: {line}", self.acknowledged);
                    assert_eq!(self.captured[&number], hash, "it should be as it was: {line}");
                }
                _ => {}
            }
        }
    }
}

/// The number in a checkpoint's id, `number@run`.
fn number_of(id: &str) -> u64 {
    id.split('@').next().unwrap().parse().unwrap()
}

/// The example as a process.
struct Game {
    child: Child,
    lines: Receiver<String>,
    heard: Vec<String>,
}

impl Game {
    fn start(data: &Path, seconds: u64) -> Self {
        let mut child = Command::new(program())
            .args(["--seconds", &seconds.to_string(), "--data"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example should start");
        let (sender, lines) = channel();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            let mut line = String::new();
            // The kill may cut the last line.
            while stdout.read_line(&mut line).is_ok_and(|_| line.ends_with('\n')) {
                let whole = std::mem::take(&mut line);
                if sender.send(whole.trim_end().to_owned()).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, heard: Vec::new() }
    }

    /// Waits for the next line that begins with this word, and hands out its other words.
    fn wait_for(&mut self, first: &str) -> Vec<String> {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no {first} came: {:#?}", self.heard));
            let mut words = line.split(' ').map(str::to_owned);
            let is_it = words.next().is_some_and(|word| word == first);
            let others = words.collect();
            self.heard.push(line);
            if is_it {
                return others;
            }
        }
    }

    /// Kills it with SIGKILL, or what comes closest. Returns its output until then.
    fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.heard.extend(self.lines.iter());
        std::mem::take(&mut self.heard)
    }

    /// Waits for its end, which is the end of its output. Returns the output.
    fn finish(mut self) -> Vec<String> {
        let end = loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.heard.push(line),
                Err(end) => break end,
            }
        };
        assert_eq!(end, RecvTimeoutError::Disconnected, "it doesn't end: {:#?}", self.heard);
        assert!(self.child.wait().unwrap().success(), "{:#?}", self.heard);
        std::mem::take(&mut self.heard)
    }
}

impl Drop for Game {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The example's program, which cargo built beside this test, or which is built now: cargo doesn't
/// where this test alone is asked for.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let program = profile.join("examples").join(format!("plain{}", std::env::consts::EXE_SUFFIX));
    let built = program.metadata().and_then(|found| found.modified());
    if !built.is_ok_and(|built| built >= newest_source()) {
        build(profile);
    }
    program
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
    ["src", "examples", "Cargo.toml"].iter().map(|path| newest(&root.join(path))).max().unwrap()
}

/// The package. Asked for now: what clones build into may hold the test of another clone.
fn root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs this test").into()
}

fn build(profile: &Path) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["build", "--example", "plain"]);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let mut target = profile.parent().unwrap();
    // Builds for a platform by name are in a directory of that name.
    let platform = target.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if platform.starts_with(&format!("{}-", std::env::consts::ARCH)) {
        cargo.args(["--target", platform]);
        target = target.parent().unwrap();
    }
    let built = cargo.arg("--target-dir").arg(target).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
}
