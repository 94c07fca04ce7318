//! Failures of the game's own code that its error handler lets it survive.
//!
//! Bevy calls one function for errors and, since 0.20, for panics: the game's, or its default,
//! which ends the game. A function of this module wraps it and calls it, so that the game decides.
//! If the game's handler returns, the game has survived the failure.
//!
//! A handler has no state, so each app has one of a few functions and the memory that goes with it.

use std::cell::Cell;
use std::ptr::fn_addr_eq;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bevy::ecs::error::{BevyError, ErrorContext, ErrorHandler, FallbackErrorHandler, Severity};
use bevy::ecs::resource::Resource;
use bevy::ecs::world::World;

use crate::engine;

/// The places whose numbers have these digits, in base 4.
macro_rules! places {
    ($($number:expr),*; $digit:tt $($digits:tt)*) => {
        places!($(4 * $number, 4 * $number + 1, 4 * $number + 2, 4 * $number + 3),*; $($digits)*)
    };
    ($($number:expr),*;) => { [$(place::<{ $number }>()),*] };
}

/// The most apps that are watched at once. A program has one; tests have one for each that runs in
/// parallel.
static PLACES: [Place; 256] = places!(0; * * * *);

/// The state of one app, and the function that uses it.
struct Place {
    handle: ErrorHandler,
    watched: Mutex<Option<Watched>>,
}

/// An app whose failures are noted.
struct Watched {
    /// The current handler, and those that were current before the game, or another plugin, set a
    /// newer one. Each may be called by the one before it, which found this module's function in
    /// its place.
    handlers: Vec<ErrorHandler>,
    failed: Failures,
}

/// The failures of a frame that the game survived.
#[derive(Default)]
pub(crate) struct Failures {
    /// The number of failures.
    pub count: u64,
    /// The last one.
    pub newest: Option<Failure>,
}

/// A failure of the game's own code.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// The code, as `system hop::strike`.
    pub of: String,
    pub error: String,
    pub panicked: bool,
}

/// Notes the failures of an app until it is dropped; `None` if no place was left for the app.
#[derive(Resource)]
pub(crate) struct FailureWatch(Option<&'static Place>);

impl FailureWatch {
    /// Begins to watch, in the first frame: before that, the game may still choose its handler.
    pub(crate) fn begin(world: &mut World) {
        if world.contains_resource::<Self>() {
            return;
        }
        let handler = world.fallback_error_handler();
        let place = PLACES.iter().find(|place| place.is_taken_for(handler));
        if let Some(place) = place {
            world.insert_resource(FallbackErrorHandler(place.handle));
        }
        world.insert_resource(Self(place));
    }

    /// The failures since the last call.
    pub(crate) fn take(world: &mut World) -> Failures {
        let Some(place) = world.get_resource::<Self>().and_then(|watch| watch.0) else {
            return Failures::default();
        };
        let handler = world.fallback_error_handler();
        let is_another = !fn_addr_eq(handler, place.handle);
        let mut failed = Failures::default();
        if let Some(watched) = &mut *place.lock() {
            failed = std::mem::take(&mut watched.failed);
            if is_another {
                watched.handlers.retain(|known| !fn_addr_eq(*known, handler));
                watched.handlers.insert(0, handler);
            }
        }
        // Its observers may fail as well, and are noted then.
        if is_another {
            world.insert_resource(FallbackErrorHandler(place.handle));
        }
        failed
    }
}

impl Drop for FailureWatch {
    fn drop(&mut self) {
        if let Some(place) = self.0 {
            *place.lock() = None;
        }
    }
}

impl Place {
    /// Takes the place for an app with this handler, unless another app has it.
    fn is_taken_for(&self, handler: ErrorHandler) -> bool {
        let mut watched = self.lock();
        let is_free = watched.is_none();
        if is_free {
            *watched = Some(Watched { handlers: vec![handler], failed: Failures::default() });
        }
        is_free
    }

    fn lock(&self) -> MutexGuard<'_, Option<Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn place<const NUMBER: usize>() -> Place {
    Place { handle: handle::<NUMBER>, watched: Mutex::new(None) }
}

thread_local! {
    /// The place whose handlers this thread is calling, and how deep.
    static ASKED: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// A call of a game's handler. If that calls the handler that was there before it, the call comes
/// back to [`handle`].
struct Asking {
    outside: (usize, usize),
    /// Handlers of the same game that are already on the call stack.
    depth: usize,
}

impl Asking {
    fn of(place: usize) -> Self {
        let outside = ASKED.get();
        let depth = if outside.0 == place { outside.1 } else { 0 };
        ASKED.set((place, depth + 1));
        Self { outside, depth }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        ASKED.set(self.outside);
    }
}

fn handle<const NUMBER: usize>(error: BevyError, context: ErrorContext) {
    handle_at(NUMBER, error, context);
}

/// A separate function, since the one above exists once per place.
#[inline(never)]
fn handle_at(number: usize, error: BevyError, context: ErrorContext) {
    let watched = || PLACES.get(number).map(Place::lock);
    let asking = Asking::of(number);
    let handler = watched().and_then(|it| it.as_ref()?.handlers.get(asking.depth).copied());
    let handler = handler.unwrap_or(FallbackErrorHandler::default().0);
    if asking.depth > 0 || error.severity() < Severity::Error {
        return handler(error, context);
    }
    let of = format!("{} {}", context.kind(), context.name());
    let (error, panicked, words) = engine::described(error);
    handler(error, context);
    // Where the handler ends the game by a panic of its own, this is never reached.
    if let Some(mut watched) = watched()
        && let Some(watched) = &mut *watched
    {
        watched.failed.count += 1;
        watched.failed.newest = Some(Failure { of, error: words, panicked });
    }
}
