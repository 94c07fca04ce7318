//! `--replica`: a process that is killed, and whose files are removed with it, is followed by another machine.

use std::fs;
use std::path::{Path, PathBuf};

#[cfg(unix)]
use rustix::process::Signal;
use serde_json::Value;

use super::game::{Game, Story};

const LEASE: &str = "1000";

/// Machines that have a replica in common.
struct Machines {
    root: tempfile::TempDir,
    replica: String,
}

impl Machines {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let replica = format!("dir:{}", root.path().join("replica").display());
        Self { root, replica }
    }

    fn data(&self, machine: &str) -> PathBuf {
        self.root.path().join(machine)
    }

    fn start(&self, machine: &str, more: &[&str]) -> Game {
        let arguments = [
            &["--replica", &*self.replica, "--machine", machine, "--lease-ms", LEASE][..],
            &["--entities", "300", "--checkpoint-ms", "100"],
            more,
        ];
        Game::driven(&self.data(machine), &arguments.concat())
    }

    fn replica(&self) -> PathBuf {
        self.root.path().join("replica")
    }
}

fn of<'a>(story: &'a Story, event: &'a str) -> impl Iterator<Item = &'a Value> {
    story.events.iter().filter(move |line| line["event"] == event)
}

fn number(line: &Value, field: &str) -> u64 {
    line[field].as_u64().unwrap()
}

/// The hash of a checkpoint, as its machine said when it was captured.
fn hash(story: &Story, checkpoint: u64) -> Option<String> {
    let captured = of(story, "captured").filter(|line| number(line, "checkpoint") == checkpoint);
    Some(captured.last()?["hash"].as_str()?.to_owned())
}

// Feature: What is durable here is replicated, and another machine takes over.
// Page: guide/outliving-a-machine.md
#[test]
fn a_colony_whose_machine_is_lost_continues_on_another() {
    let machines = Machines::new();
    let mut game = machines.start("m0", &[]);
    let mut epoch = 0;
    for round in 0..3 {
        for _ in 0..3 {
            game.wait_for("replicated");
        }
        let story = game.kill();
        fs::remove_dir_all(machines.data(&format!("m{round}"))).unwrap();
        let claimed = of(&story, "claimed").last().unwrap();
        assert!(number(claimed, "epoch") > epoch, "{story}");
        epoch = number(claimed, "epoch");
        let replicated = of(&story, "replicated").map(|line| number(line, "checkpoint")).max();

        game = machines.start(&format!("m{}", round + 1), &[]);
        game.wait_for("session_recovered");
        let back = game.last_line();
        assert_eq!(back["session"], claimed["session"]);
        let checkpoint = number(&back, "checkpoint");
        assert!(
            Some(checkpoint) >= replicated,
            "{checkpoint} is older than {replicated:?}\n{story}"
        );
        assert_eq!(back["hash"].as_str().map(str::to_owned), hash(&story, checkpoint), "{story}");
    }
}

#[test]
#[cfg(unix)]
fn an_owner_that_was_paused_is_fenced() {
    let machines = Machines::new();
    let mut one = machines.start("one", &[]);
    one.wait_for("replicated");
    one.signal(Signal::STOP);
    let mut two = machines.start("two", &[]);
    two.wait_for("session_recovered");
    two.wait_for("replicated");
    one.signal(Signal::CONT);
    let story = one.finish();
    assert_eq!(story.exit_code(), Some(3), "{story}");
    assert_eq!(story.count("fenced"), 1, "{story}");
    let fenced = story.events.iter().position(|line| line["event"] == "fenced").unwrap();
    let after = &story.events[fenced..];
    assert!(after.iter().all(|line| line["event"] != "replicated"), "{story}");
    // Its disk has what nobody else has: it is a fork, and the other plays on.
    let mut again = machines.start("one", &[]);
    again.wait_for("forked");
    again.wait_for("session_continued");
    again.wait_for("replicated");
    let sessions = again.ask("replica-sessions")["sessions"].clone();
    let mut owners: Vec<&str> =
        sessions.as_array().unwrap().iter().filter_map(|it| it["owner"].as_str()).collect();
    owners.sort_unstable();
    assert_eq!(owners, ["one", "two"], "{sessions}");
    assert_eq!(two.kill().count("fenced"), 0);
}

// Feature: A drain and SIGTERM hand a session over.
// Page: guide/outliving-a-machine.md#taking-over
#[test]
#[cfg(unix)]
fn a_drain_and_a_signal_hand_the_colony_over() {
    let machines = Machines::new();
    let mut one = machines.start("one", &["--lease-ms", "600000"]);
    one.wait_for("replicated");
    assert_eq!(one.ask("drain")["ok"], true);
    let story = one.finish();
    assert_eq!(story.exit_code(), Some(0), "{story}");
    let last = of(&story, "captured").map(|line| number(line, "checkpoint")).max().unwrap();
    let replicated = of(&story, "replicated").map(|line| number(line, "checkpoint")).max();
    assert_eq!(replicated, Some(last), "nothing is lost\n{story}");

    // Nobody waits for the lease.
    let mut two = machines.start("two", &["--lease-ms", "600000"]);
    two.wait_for("session_continued");
    let back = two.last_line();
    assert_eq!(
        (number(&back, "checkpoint"), back["hash"].as_str().map(str::to_owned)),
        (last, hash(&story, last))
    );
    two.wait_for("replicated");
    two.signal(Signal::TERM);
    let story = two.finish();
    assert_eq!(story.exit_code(), Some(0), "{story}");
    let last = of(&story, "captured").map(|line| number(line, "checkpoint")).max().unwrap();

    let mut three = machines.start("three", &["--lease-ms", "600000"]);
    three.wait_for("session_continued");
    let back = three.last_line();
    assert_eq!(
        (number(&back, "checkpoint"), back["hash"].as_str().map(str::to_owned)),
        (last, hash(&story, last))
    );
}

#[test]
fn a_replica_that_was_lost_is_caught_up_when_it_is_back() {
    let machines = Machines::new();
    let mut game = machines.start("one", &[]);
    game.wait_for("replicated");
    let away = machines.root.path().join("away");
    fs::rename(machines.replica(), &away).unwrap();
    game.wait_for("replica_lost");
    let saved = number(&game.ask("checkpoint Alone"), "checkpoint");
    fs::rename(&away, machines.replica()).unwrap();
    game.wait_for("replica_back");
    loop {
        game.wait_for("replicated");
        if number(&game.last_line(), "checkpoint") >= saved {
            break;
        }
    }
    let story = game.kill();
    assert_eq!(story.count("fenced"), 0, "{story}");
}

#[test]
fn a_replica_that_cannot_be_opened_is_refused_with_a_message() {
    let directory = tempfile::tempdir().unwrap();
    for (url, sentence) in
        [("ftp://nowhere", "--replica is "), ("dir:/dev/null/x", "can't be opened: ")]
    {
        let story = Game::start(directory.path(), &["--seconds", "1", "--replica", url]).finish();
        assert_eq!(story.exit_code(), Some(1), "{story}");
        assert!(story.complaints().contains(sentence), "{story}");
    }
    assert_eq!(fs::read_dir(directory.path() as &Path).unwrap().count(), 0, "nothing was begun");
}
