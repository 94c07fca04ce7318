//! The table of `tests/mutations.sh` fits the code of today, and the documents say how long it is.

#![expect(clippy::print_stdout, reason = "who reads the log should know what was skipped")]

use std::fs;
use std::process::Command;

use crate::common::root;

/// Nothing is built: the script makes each substitution and looks for the tests, which takes seconds.
#[test]
fn each_mutant_still_changes_the_code() {
    let root = root();
    for tool in ["bash", "perl"] {
        if Command::new(tool).arg("--version").output().is_err() {
            println!("Skipped: it needs {tool}.");
            return;
        }
    }
    let script = root.join("tests/mutations.sh");
    let output = Command::new("bash").arg(script).arg("--check").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let count = said.lines().last().and_then(|line| line.strip_suffix(" mutants, 0 of them stale"));
    assert!(output.status.success() && count.is_some(), "{said}");

    let reliability = fs::read_to_string(root.join("docs/RELIABILITY.md")).unwrap();
    let sentence = format!("breaks the code in {} small ways", count.unwrap_or_default());
    assert!(reliability.contains(&sentence), "docs/RELIABILITY.md should say: {sentence}");
}
