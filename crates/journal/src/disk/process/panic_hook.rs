//! Writes a panic down before anything else happens.

use std::backtrace::Backtrace;
use std::cell::Cell;
use std::panic::{self, PanicHookInfo};
use std::sync::{Mutex, Once, PoisonError, Weak};

use super::guard::Shared;
use crate::disk::PanicInfo;
use crate::model::clock;

/// The processes of all apps in this program. Usually there is one.
static WATCHED: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());
static INSTALL: Once = Once::new();

thread_local! {
    /// True while a panic of this thread is no news.
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Does work whose panic is caught and costs nothing, so that no record has it. It is printed all the same.
pub fn without_report<T>(work: impl FnOnce() -> T) -> T {
    let _before = Before(IS_QUIET.replace(true));
    work()
}

/// Sets the flag back, also where the panic isn't caught.
struct Before(bool);

impl Drop for Before {
    fn drop(&mut self) {
        IS_QUIET.set(self.0);
    }
}

/// From now on, a panic is written into the record of `process`.
pub(super) fn watch(process: Weak<Shared>) {
    {
        let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
        watched.retain(|other| other.strong_count() > 0);
        watched.push(process);
    }
    INSTALL.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            write_down(info);
            previous(info);
        }));
    });
}

fn write_down(info: &PanicHookInfo<'_>) {
    if IS_QUIET.try_with(Cell::get).unwrap_or(false) {
        return;
    }
    // A panic while the list is locked is one of ours, on this thread: waiting would be for ever.
    let Ok(watched) = WATCHED.try_lock() else { return };
    let report = describe(info);
    for process in watched.iter().filter_map(Weak::upgrade) {
        process.panicked(&report);
    }
}

fn describe(info: &PanicHookInfo<'_>) -> PanicInfo {
    PanicInfo {
        message: info.payload_as_str().unwrap_or_default().to_owned(),
        place: info.location().map(ToString::to_string),
        thread: std::thread::current().name().map(str::to_owned),
        backtrace: Some(Backtrace::force_capture().to_string()),
        time: clock::timestamp(),
    }
}
