//! Lamplighter without its window panics, and panics again from its report alone. It is built with the feature `game`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

use super::number_from_environment;
use crate::common::root;

/// Bugs, unless `BEVY_SESSION_PANICS` asks for more.
const BUGS: u64 = 4;

/// The program, which is built once.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let beside = std::env::current_exe().expect("this test has a place");
        let directory = beside.parent().and_then(Path::parent).expect("it is in deps");
        let program =
            directory.join("examples").join(format!("game{}", std::env::consts::EXE_SUFFIX));
        assert!(program.exists(), "build it first: cargo build --example game --features game");
        program
    })
}

fn play(data: &Path, arguments: &[&str]) -> (Output, Vec<Value>) {
    let output = Command::new(program())
        .current_dir(root())
        .args(arguments)
        .arg("--data")
        .arg(data)
        .env("RUST_LOG", "warn")
        .env_remove("BEVY_SESSION")
        .output()
        .expect("the game should start");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    (output, lines)
}

fn line(lines: &[Value], event: &str, output: &Output) -> Value {
    let found = lines.iter().find(|line| line["event"] == event).cloned();
    found.unwrap_or_else(|| panic!("no {event}\n{}", String::from_utf8_lossy(&output.stderr)))
}

/// Otherwise a count of steps would panic again as well.
#[test]
fn with_other_inputs_a_lamplighter_bug_panics_at_another_step() {
    let panicking = ["1", "2"].map(|seed| {
        let directory = tempfile::tempdir().unwrap();
        let (output, lines) = play(directory.path(), &["--panic-seed", "1", "--seed", seed]);
        line(&lines, "panicking", &output)
    });
    assert_ne!(panicking[0]["tick"], panicking[1]["tick"], "{panicking:?}");
}

#[test]
fn reports_of_lamplighter_bugs_panic_again_at_the_same_step() {
    let bugs = number_from_environment("BEVY_SESSION_PANICS").unwrap_or(BUGS);
    let (mut again, mut messages, mut failures) = (0, Vec::new(), Vec::new());
    for seed in 1..=bugs {
        let directory = tempfile::tempdir().unwrap();
        let (output, lines) = play(directory.path(), &["--panic-seed", &seed.to_string()]);
        let panicking = line(&lines, "panicking", &output);
        assert_eq!(output.status.code(), Some(101), "seed {seed}");
        let report = directory.path().join("report.tar");
        let path = report.to_str().unwrap();
        let (output, _) = play(directory.path(), &["--last-report", path]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(std::fs::metadata(&report).unwrap().len() < 1 << 20, "it is small");
        let elsewhere = tempfile::tempdir().unwrap();
        let (output, lines) = play(elsewhere.path(), &["--replay-report", path]);
        let panicked = lines.iter().find(|line| line["event"] == "panicked");
        let is_same = panicked.is_some_and(|panicked| {
            (&panicked["tick"], &panicked["message"]) == (&panicking["tick"], &panicking["message"])
        });
        match is_same {
            true => again += 1,
            false => failures.push(format!("{panicking} became {panicked:?}, {output:?}")),
        }
        messages.push(panicking["message"].to_string());
    }
    println!("{again} of {bugs} panicked again in the same step");
    assert!(again * 100 >= bugs * 95, "{failures:#?}");
    messages.sort();
    messages.dedup();
    assert!(messages.len() > 1, "they are different bugs: {messages:?}");
}
