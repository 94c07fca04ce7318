//! Exit requests on Windows: from the console, and from the end of the player's session.
//!
//! Windows ends a process as soon as the handler returns, or after 5 seconds. So the handler sets a
//! flag, and then waits for the process to end by itself: the app sees the flag in its next frame,
//! and takes its last checkpoint.
//!
//! A program that has windows, as most games do, isn't asked through a console when the player logs
//! off or shuts down. Its windows are, and Bevy's don't pass that on: hence a window that is never
//! shown.
//!
//! There is no safe wrapper of these calls, in the standard library or in a crate that leaves this
//! much time.

#![expect(unsafe_code, reason = "calls of the system; each is passed values that it only reads")]

use std::io;
use std::ptr::{null, null_mut};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};
use std::thread;
use std::time::Duration;

use tracing::debug;
use windows_sys::Win32::Foundation::{HWND, LPARAM, LRESULT, WPARAM};
use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_CLOSE_EVENT, CTRL_SHUTDOWN_EVENT, SetConsoleCtrlHandler,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DefWindowProcW, DispatchMessageW, GetMessageW, MSG, RegisterClassW,
    WM_ENDSESSION, WM_QUERYENDSESSION, WNDCLASSW,
};
use windows_sys::core::{BOOL, PCWSTR, w};

use super::apps::{self, Asked, ask};

/// Less than the 5 seconds after which Windows calls a program hung.
const TIME_TO_EXIT: Duration = Duration::from_millis(4_500);
/// The name of the window that receives the end of the player's session.
const WINDOW: PCWSTR = w!("bevy_session: end of session");

static HANDLERS: Once = Once::new();

/// From now on, `asked` is set when the process is asked to exit: by Ctrl-C or Ctrl-Break, by closing
/// its console, by a log-off or a shutdown. A second Ctrl-C ends it at once.
///
/// If Bevy handles Ctrl-C itself, `also_interrupt` is `false`, and it is left to Bevy.
pub(crate) fn watch(asked: &Arc<AtomicBool>, also_interrupt: bool) -> io::Result<()> {
    apps::add(asked, also_interrupt);
    let mut installed = Ok(());
    HANDLERS.call_once(|| installed = install());
    installed
}

fn install() -> io::Result<()> {
    // SAFETY: the function stays for as long as the program.
    if unsafe { SetConsoleCtrlHandler(Some(on_console_event), BOOL::from(true)) } == 0 {
        return Err(io::Error::last_os_error());
    }
    thread::Builder::new().name("end of session".into()).spawn(hear_of_end_of_session).map(drop)
}

/// Called by Windows on a separate thread.
extern "system" fn on_console_event(event: u32) -> BOOL {
    match event {
        // Whoever was there before is asked next, and at last Windows ends the process.
        CTRL_C_EVENT | CTRL_BREAK_EVENT => {
            BOOL::from(ask(|app| app.interrupt) == Asked::ForTheFirstTime)
        }
        CTRL_CLOSE_EVENT | CTRL_SHUTDOWN_EVENT => {
            leave_time_to_exit();
            BOOL::from(false)
        }
        _ => BOOL::from(false),
    }
}

fn hear_of_end_of_session() {
    let class =
        WNDCLASSW { lpfnWndProc: Some(on_message), lpszClassName: WINDOW, ..WNDCLASSW::default() };
    let (nowhere, no_parent) = (0, null_mut());
    // SAFETY: the class and its name live during the call, and the rest may be absent.
    let window = unsafe {
        RegisterClassW(&raw const class);
        CreateWindowExW(
            0,
            WINDOW,
            WINDOW,
            0,
            nowhere,
            nowhere,
            0,
            0,
            no_parent,
            null_mut(),
            null_mut(),
            null(),
        )
    };
    if window.is_null() {
        let error = io::Error::last_os_error();
        debug!(%error, "no window can be made here: a log-off will look like a crash");
        return;
    }
    let mut message = MSG::default();
    // SAFETY: the message lives here, and is passed on as it came.
    unsafe {
        while GetMessageW(&raw mut message, null_mut(), 0, 0) > 0 {
            DispatchMessageW(&raw const message);
        }
    }
}

extern "system" fn on_message(window: HWND, message: u32, w: WPARAM, l: LPARAM) -> LRESULT {
    match message {
        // Whether the player's session may end. Other programs may still refuse.
        WM_QUERYENDSESSION => 1,
        WM_ENDSESSION => {
            if w != 0 {
                leave_time_to_exit();
            }
            0
        }
        // SAFETY: what Windows passed is passed back.
        _ => unsafe { DefWindowProcW(window, message, w, l) },
    }
}

/// Waits for the process to end. It rarely returns, since the process ends before.
fn leave_time_to_exit() {
    if ask(|_| true) != Asked::Nobody {
        thread::sleep(TIME_TO_EXIT);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;

    /// In one test, since a program has one console.
    #[test]
    fn each_app_gets_the_exit_requests_meant_for_it() {
        let (own, bevys) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        watch(&own, true).unwrap();
        watch(&bevys, false).unwrap();
        let asked = || (own.load(Ordering::Relaxed), bevys.load(Ordering::Relaxed));

        assert_eq!(on_console_event(CTRL_C_EVENT), 1, "the first one is heard");
        assert_eq!(asked(), (true, false), "Bevy hears Ctrl-C itself");
        assert_eq!(on_console_event(CTRL_C_EVENT), 0, "the second one ends the process");
        assert_eq!(on_message(null_mut(), WM_QUERYENDSESSION, 0, 0), 1);
        assert_eq!(on_message(null_mut(), WM_ENDSESSION, 0, 0), 0, "another window refused");
        assert_eq!(asked(), (true, false));

        let end = thread::spawn(|| on_message(null_mut(), WM_ENDSESSION, 1, 0));
        while asked() != (true, true) {
            thread::yield_now();
        }
        assert!(!end.is_finished(), "returning would end the process");

        drop((own, bevys));
        assert_eq!(on_console_event(CTRL_CLOSE_EVENT), 0, "nothing is left to wait for");
    }
}
