//! Requests to exit on Windows: by the console, and by the end of the player's session.

#![expect(unsafe_code, reason = "the standard library has no call for it")]

use std::ptr::{null, null_mut};

use bevy::prelude::*;
use windows_sys::Win32::System::Console::{
    AllocConsole, CTRL_C_EVENT, FreeConsole, GenerateConsoleCtrlEvent, SetConsoleCtrlHandler,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    FindWindowExW, GetWindowThreadProcessId, SendMessageW, WM_ENDSESSION,
};
use windows_sys::core::w;

use super::{Way, die};
use crate::process::{say, some_are_safe, start_session};

pub const WAYS: &[Way] = &[
    ("Ctrl-C", |app| in_time(app, press_ctrl_c)),
    ("log-off", |app| {
        in_time(app, || {
            std::thread::spawn(log_off);
        });
    }),
];

/// Once: a second one would end it at once.
fn in_time(mut app: App, ask: fn()) {
    app.add_systems(Startup, start_session)
        .add_systems(Update, ask.run_if(some_are_safe.and_then(run_once)));
    app.run();
}

/// In a separate console, so that no other process hears it.
fn press_ctrl_c() {
    // SAFETY: no memory is passed.
    let pressed = unsafe {
        FreeConsole();
        // The parent of the test may have made its children deaf to Ctrl-C.
        AllocConsole() != 0
            && SetConsoleCtrlHandler(None, 0) != 0
            && GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0) != 0
    };
    if !pressed {
        say(format_args!("no console: {}", std::io::Error::last_os_error()));
    }
}

/// Says to the window of this process what the system says to all windows. It is made on a thread of
/// its own, and the first one under Wine takes a while.
fn log_off() {
    let name = w!("bevy_session: end of session");
    let mut window = null_mut();
    loop {
        // SAFETY: the name is a constant, and the windows are Windows' own.
        unsafe {
            window = FindWindowExW(null_mut(), window, name, null());
            if window.is_null() {
                std::thread::sleep(std::time::Duration::from_millis(5));
                continue;
            }
            let mut process = 0;
            GetWindowThreadProcessId(window, &raw mut process);
            if process == std::process::id() {
                SendMessageW(window, WM_ENDSESSION, 1, 0);
                break say("returned");
            }
        }
    }
}

fn assert_exited(way: &str) {
    let dead = die(way);
    assert!(dead.status.success(), "{way}: {} {:?}", dead.status, dead.lines);
    assert!(dead.said("closed true"), "{way}: {:?}", dead.lines);
    assert!(!dead.said("returned"), "Windows would have ended it: {:?}", dead.lines);
    dead.start_again().assert_exited();
}

#[test]
fn ctrl_c_is_an_exit() {
    assert_exited("Ctrl-C");
}

#[test]
fn a_log_off_is_an_exit() {
    assert_exited("log-off");
}
