//! The apps of this program, for systems that ask a whole program to exit.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// The apps, as far as they live.
static APPS: Mutex<Vec<App>> = Mutex::new(Vec::new());

pub(super) struct App {
    asked: Weak<AtomicBool>,
    /// True if Ctrl-C is meant for it.
    #[cfg_attr(
        not(any(windows, test)),
        expect(dead_code, reason = "Ctrl-C is a signal here, and reaches the app as one")
    )]
    pub(super) interrupt: bool,
}

impl App {
    fn ask(&self) -> Option<Asked> {
        let was_asked = self.asked.upgrade()?.swap(true, Ordering::Relaxed);
        Some(if was_asked { Asked::Again } else { Asked::ForTheFirstTime })
    }
}

/// The outcome of asking the apps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Asked {
    /// There is none.
    Nobody,
    /// All of them had been asked before.
    Again,
    /// One hadn't been asked before.
    ForTheFirstTime,
}

/// From now on, `asked` is set when this app is asked to exit.
pub(super) fn add(asked: &Arc<AtomicBool>, interrupt: bool) {
    let mut apps = apps();
    apps.retain(|app| app.asked.strong_count() > 0);
    apps.push(App { asked: Arc::downgrade(asked), interrupt });
}

/// Sets the flags of the apps that are meant.
pub(super) fn ask(is_meant: impl Fn(&App) -> bool) -> Asked {
    let apps = apps();
    let asked = apps.iter().filter(|app| is_meant(app)).filter_map(App::ask);
    asked.max().unwrap_or(Asked::Nobody)
}

fn apps() -> MutexGuard<'static, Vec<App>> {
    APPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// On Windows the test of what asks there does the same, by the same apps.
#[cfg(all(test, not(windows)))]
mod tests {
    use super::*;

    // Feature: On macOS, Quit and a log-off are exits with a last checkpoint; type-checked, never run on a Mac.
    // Page: guide/platforms.md#macos
    #[test]
    fn a_second_exit_request_to_an_app_is_recognized() {
        let [one, other] = [(), ()].map(|()| Arc::new(AtomicBool::new(false)));
        let all = || ask(|_| true);
        assert_eq!(all(), Asked::Nobody);

        add(&one, true);
        add(&other, false);
        assert_eq!(ask(|app| app.interrupt), Asked::ForTheFirstTime);
        assert_eq!([&one, &other].map(|it| it.load(Ordering::Relaxed)), [true, false]);
        assert_eq!(ask(|app| app.interrupt), Asked::Again);
        assert_eq!(all(), Asked::ForTheFirstTime, "the other one is still to be asked");
        assert_eq!(all(), Asked::Again);

        // The game has taken no notice of its exit, and plays on.
        one.store(false, Ordering::Relaxed);
        assert_eq!(all(), Asked::ForTheFirstTime);
        drop((one, other));
        assert_eq!(all(), Asked::Nobody);
    }
}
