//! Waiting for other programs that have a file.
//!
//! On Windows a virus scanner, an indexer or a cloud's client that has a file open keeps others from
//! opening, replacing or removing it, mostly for some milliseconds. A file that somebody removed while
//! another has it open denies access until that one closes it, and keeps its directory from being removed. All
//! of this passes, so it is waited for.

use std::fmt::Debug;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::{debug, warn};

/// Milliseconds between the tries of one operation: a quarter of a second in all.
const WAITS: [u64; 8] = [1, 2, 4, 8, 16, 32, 64, 128];
/// For how long nothing is waited for after something was in vain. What denies access may be a right
/// that the player lacks, for each file of many, and the writer has checkpoints to make durable.
const EXHAUSTION: Duration = Duration::from_secs(2);

/// How much waiting there is left, for all files.
#[derive(Debug)]
pub(super) struct Patience {
    /// When something was waited for in vain, for each hindrance.
    exhausted: Mutex<Vec<(Hindrance, Instant)>>,
}

/// What an error of the operating system says about other programs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Hindrance {
    /// Another program has the file.
    InUse,
    /// Access is denied: because another program has the file, because it is being removed, or because
    /// this program has no right to it. The error is the same.
    Denied,
    /// A directory has files in it, and each may be one that was removed while another program has it open.
    NotEmpty,
}

/// Time, so that a test needs none.
pub(super) trait Pace {
    fn now(&self) -> Instant;
    fn wait(&self, time: Duration);
}

impl Patience {
    pub(super) const fn new() -> Self {
        Self { exhausted: Mutex::new(Vec::new()) }
    }

    /// Tries again for as long as other programs hinder the operation, and for no longer than the sum
    /// of [`WAITS`]. A file that stays in use fails with [`io::ErrorKind::ResourceBusy`].
    pub(super) fn attempt<T>(
        &self,
        file: &(impl Debug + ?Sized),
        pace: &impl Pace,
        hindrance: impl Fn(&io::Error) -> Option<Hindrance>,
        mut operation: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        let mut waits = WAITS.iter().copied().map(Duration::from_millis);
        let mut waited = Duration::ZERO;
        loop {
            let error = match operation() {
                Ok(done) => {
                    if waited > Duration::ZERO {
                        debug!(?file, ?waited, "another program had the file");
                    }
                    return Ok(done);
                }
                Err(error) => error,
            };
            let Some(kind) = hindrance(&error) else { return Err(error) };
            let may_wait = waited > Duration::ZERO || !self.is_exhausted(kind, pace);
            match waits.next().filter(|_| may_wait) {
                Some(wait) => {
                    pace.wait(wait);
                    waited += wait;
                }
                None => return Err(self.give_up(file, waited, kind, error, pace)),
            }
        }
    }

    fn give_up(
        &self,
        file: &(impl Debug + ?Sized),
        waited: Duration,
        hindrance: Hindrance,
        error: io::Error,
        pace: &impl Pace,
    ) -> io::Error {
        if waited > Duration::ZERO {
            warn!(?file, ?waited, %error, "the file stays in use by another program, or access to it is denied");
            let mut exhausted = self.exhausted();
            exhausted.retain(|(kind, _)| *kind != hindrance);
            exhausted.push((hindrance, pace.now()));
        }
        match hindrance {
            // The standard library has no name for it.
            Hindrance::InUse => io::Error::new(io::ErrorKind::ResourceBusy, error),
            Hindrance::Denied | Hindrance::NotEmpty => error,
        }
    }

    /// Whether this was waited for in vain not long ago.
    fn is_exhausted(&self, hindrance: Hindrance, pace: &impl Pace) -> bool {
        let now = pace.now();
        self.exhausted().iter().any(|(kind, then)| {
            *kind == hindrance && now.saturating_duration_since(*then) < EXHAUSTION
        })
    }

    fn exhausted(&self) -> std::sync::MutexGuard<'_, Vec<(Hindrance, Instant)>> {
        self.exhausted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Time that passes only where it is waited for.
    struct Passing {
        began: Instant,
        passed: Cell<Duration>,
    }

    impl Passing {
        fn new() -> Self {
            Self { began: Instant::now(), passed: Cell::default() }
        }
    }

    impl Pace for Passing {
        fn now(&self) -> Instant {
            self.began + self.passed.get()
        }

        fn wait(&self, time: Duration) {
            self.passed.set(self.passed.get() + time);
        }
    }

    fn hindrance(error: &io::Error) -> Option<Hindrance> {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Some(Hindrance::Denied),
            io::ErrorKind::Other => Some(Hindrance::InUse),
            io::ErrorKind::DirectoryNotEmpty => Some(Hindrance::NotEmpty),
            _ => None,
        }
    }

    type Outcome = (Result<u32, io::ErrorKind>, Duration);

    /// What becomes of an operation that fails so many times, and how long that takes.
    fn attempt(patience: &Patience, pace: &Passing, times: u32, kind: io::ErrorKind) -> Outcome {
        let mut tries = 0;
        let operation = || {
            tries += 1;
            if tries > times { Ok(tries) } else { Err(kind.into()) }
        };
        let before = pace.passed.get();
        let result = patience.attempt("a file", pace, hindrance, operation);
        (result.map_err(|error| error.kind()), pace.passed.get() - before)
    }

    #[test]
    fn passing_hindrances_are_retried() {
        let (patience, pace) = (Patience::new(), Passing::new());
        let hindrances = [
            io::ErrorKind::PermissionDenied,
            io::ErrorKind::Other,
            io::ErrorKind::DirectoryNotEmpty,
        ];
        for kind in hindrances {
            assert_eq!(attempt(&patience, &pace, 0, kind), (Ok(1), Duration::ZERO));
            assert_eq!(attempt(&patience, &pace, 3, kind), (Ok(4), Duration::from_millis(7)));
            assert_eq!(attempt(&patience, &pace, 8, kind), (Ok(9), Duration::from_millis(255)));
        }
    }

    #[test]
    fn other_errors_are_returned_at_once() {
        let outcome = attempt(&Patience::new(), &Passing::new(), 1, io::ErrorKind::NotFound);
        assert_eq!(outcome, (Err(io::ErrorKind::NotFound), Duration::ZERO));
    }

    #[test]
    fn waiting_is_bounded_per_operation_and_in_total() {
        let (patience, pace) = (Patience::new(), Passing::new());
        let busy = Err(io::ErrorKind::ResourceBusy);
        let denied = Err(io::ErrorKind::PermissionDenied);
        let first = attempt(&patience, &pace, u32::MAX, io::ErrorKind::PermissionDenied);
        assert_eq!(first, (denied, Duration::from_millis(255)));
        for _ in 0..1_000 {
            let next = attempt(&patience, &pace, u32::MAX, io::ErrorKind::PermissionDenied);
            assert_eq!(next, (denied, Duration::ZERO), "a thousand files cost nothing more");
        }
        let busy_one = attempt(&patience, &pace, u32::MAX, io::ErrorKind::Other);
        assert_eq!(
            busy_one,
            (busy, Duration::from_millis(255)),
            "a missing right costs others nothing"
        );
        let full = attempt(&patience, &pace, u32::MAX, io::ErrorKind::DirectoryNotEmpty);
        let not_empty = Err(io::ErrorKind::DirectoryNotEmpty);
        assert_eq!(full, (not_empty, Duration::from_millis(255)), "and is called as it is");
        pace.wait(EXHAUSTION);
        let later = attempt(&patience, &pace, u32::MAX, io::ErrorKind::PermissionDenied);
        assert_eq!(later, (denied, Duration::from_millis(255)), "and then it is waited again");
    }
}
