//! Ends without a word.

use bevy::prelude::*;
use bevy_session::recovery::HowItEnded;

use super::{Way, die};
use crate::process::{some_are_safe, start_session};

/// A separate way: if one runs under Wine, it hangs in it.
const STACK_OVERFLOW: &str = "stack overflow";

pub const WAYS: &[Way] = &[
    ("abort", |app| suddenly(app, || std::process::abort())),
    ("process exit", |app| suddenly(app, || std::process::exit(3))),
    (STACK_OVERFLOW, |app| {
        suddenly(app, || {
            dig(0);
        });
    }),
    #[cfg(unix)]
    ("SEGV", |app| suddenly(app, || send_to_itself("SEGV"))),
    #[cfg(unix)]
    ("KILL", |app| suddenly(app, || send_to_itself("KILL"))),
];

fn suddenly(mut app: App, end: fn()) {
    app.add_systems(Startup, start_session).add_systems(Update, end.run_if(some_are_safe));
    app.run();
}

/// Recurses until the stack ends.
#[expect(unconditional_recursion, reason = "that is what it is for")]
fn dig(depth: u64) -> u64 {
    std::hint::black_box([depth; 64]);
    dig(depth + 1) + 1
}

#[cfg(unix)]
pub fn send_to_itself(signal: &str) {
    let process = std::process::id().to_string();
    std::process::Command::new("kill").args([format!("-{signal}"), process]).status().unwrap();
}

#[test]
fn an_abort_and_an_exit_that_bypasses_the_app_are_abnormal() {
    for (way, _) in WAYS.iter().filter(|(way, _)| *way != STACK_OVERFLOW) {
        assert_abnormal(way);
    }
}

#[test]
fn a_stack_overflow_is_abnormal() {
    assert_abnormal(STACK_OVERFLOW);
}

fn assert_abnormal(way: &str) {
    let dead = die(way);
    assert!(!dead.status.success());
    let next = dead.start_again();
    assert_eq!(next.previous, HowItEnded::Abnormal { machine_restarted: false }, "{way}");
    assert_eq!(next.offered, [next.previous]);
}
