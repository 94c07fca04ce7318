//! Watches a process with strace: on the disk of this machine, everything that is reported as safe was
//! synced before, file first, then its name.
//!
//! The test runs its own program again as a child that takes a checkpoint, writes a record, lays an
//! attachment beside the checkpoint, makes a slot and gathers an archive. After each report the child
//! writes a line, which strace sees between the calls. Without strace the test says so and does nothing.

#![cfg(target_os = "linux")]

#[path = "syncs/child.rs"]
mod child;
#[path = "syncs/trace.rs"]
mod trace;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use trace::{Call, Files, calls};

const DIRECTORY: &str = "BEVY_SESSION_SYNCS_DIRECTORY";

/// Not a test: what is watched.
#[test]
#[ignore = "the process that is watched"]
fn child_process() {
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        child::play(Path::new(&directory));
    }
}

// Feature: `CheckpointSaved` follows the syncs of the file and of new directories.
// Page: RELIABILITY.md#what-a-sync-does
#[test]
fn each_report_comes_after_the_syncs_that_it_promises() {
    let directory = tempfile::tempdir().unwrap();
    // Of the paths that strace prints, none leads through a link.
    let directory = directory.path().canonicalize().unwrap();
    let Some(log) = watch(&directory) else { return };
    let (data, log) = (directory.join("above/data"), std::fs::read_to_string(log).unwrap());
    let mut files = Files::default();
    let mut reported = Vec::new();
    let mut since_report = Vec::new();
    for call in calls(&log) {
        files.follow(&call).unwrap_or_else(|wrong| panic!("{wrong}\n{log}"));
        match call {
            Call::Report(what) => {
                let unsynced = files.unsynced(&directory);
                assert!(unsynced.is_empty(), "{what} is reported before {unsynced:?}\n{log}");
                let done = done_since(&since_report, &data);
                assert!(done.contains(&expected_of(&what)), "{what} came of {done:?}\n{log}");
                reported.push(what);
                since_report.clear();
            }
            call => since_report.push(call),
        }
    }
    assert_eq!(reported, ["checkpoint", "record", "attachment", "slot", "archive"], "{log}");
}

/// An operation on a file of some kind.
type Done = (&'static str, &'static str);

/// The operation that has to be done before something is reported.
fn expected_of(report: &str) -> Done {
    match report {
        "attachment" => ("renamed", "attachment"),
        "slot" => ("renamed", "save"),
        "archive" => ("renamed", "archive"),
        _ => ("synced", "journal"),
    }
}

fn done_since(calls: &[Call], data: &Path) -> Vec<Done> {
    let kind = |path: &PathBuf| {
        let kinds = ["journal", "archive", "save", "attachment"];
        let extension = path.extension().filter(|_| path.starts_with(data))?;
        kinds.into_iter().find(|kind| extension == *kind)
    };
    let done = calls.iter().filter_map(|call| match call {
        Call::Sync(path) => Some(("synced", kind(path)?)),
        Call::Rename { to, .. } => Some(("renamed", kind(to)?)),
        _ => None,
    });
    done.collect()
}

/// Runs the child below strace, and says where the calls are written down; `None` without strace.
#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests should know that this one didn't run"
)]
fn watch(directory: &Path) -> Option<PathBuf> {
    let log = directory.join("strace.log");
    let program = std::env::current_exe().unwrap();
    let watched = Command::new("strace")
        .args(["-f", "-y", "-s", "200", "-e", trace::WATCHED, "-o"])
        .arg(&log)
        .arg(program)
        .args(["--exact", "child_process", "--ignored", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdin(Stdio::null())
        .output();
    let Ok(watched) = watched else {
        eprintln!("skipped: there is no strace, which is in Debian's package of that name");
        return None;
    };
    let said = String::from_utf8_lossy(&watched.stderr).into_owned();
    if said.contains("PTRACE_TRACEME") || said.contains("ptrace(") {
        eprintln!("skipped: strace may not watch a process here: {said}");
        return None;
    }
    assert!(watched.status.success(), "{}\n{said}", String::from_utf8_lossy(&watched.stdout));
    Some(log)
}
