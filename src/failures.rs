//! Failures of the game's own code with which it goes on, as its error handler decides.
//!
//! Bevy asks one function about errors, and since 0.20 about panics: the game's, or its own, which ends the game. A
//! function of this module is put in front of it and asks it, so that the game has its way. What the game's handler
//! returns from is a failure with which the game goes on.
//!
//! A handler has no state of its own, so each app has one of a few functions and the place that goes with it.

use std::ptr::fn_addr_eq;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bevy::ecs::error::{BevyError, ErrorContext, ErrorHandler, FallbackErrorHandler, Severity};
use bevy::ecs::resource::Resource;
use bevy::ecs::world::World;

use crate::engine;

/// As many apps are watched at once. A program has one; tests have several.
static PLACES: [Place; 16] = [
    place::<0>(),
    place::<1>(),
    place::<2>(),
    place::<3>(),
    place::<4>(),
    place::<5>(),
    place::<6>(),
    place::<7>(),
    place::<8>(),
    place::<9>(),
    place::<10>(),
    place::<11>(),
    place::<12>(),
    place::<13>(),
    place::<14>(),
    place::<15>(),
];

/// A place for an app, and the function that knows it.
struct Place {
    handle: ErrorHandler,
    watched: Mutex<Option<Watched>>,
}

/// An app whose failures are noted.
struct Watched {
    /// The handler that decides.
    handler: ErrorHandler,
    failed: Failures,
}

/// The failures of a frame with which the game went on.
#[derive(Default)]
pub(crate) struct Failures {
    /// How many there were.
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

/// Notes the failures of an app for as long as it is there.
#[derive(Resource)]
pub(crate) struct FailureWatch(&'static Place);

impl FailureWatch {
    /// Begins to watch. Nothing is noted of an app for which no place is left.
    pub(crate) fn begin(world: &mut World) {
        let handler = world.fallback_error_handler();
        if let Some(place) = PLACES.iter().find(|place| place.is_taken_for(handler)) {
            world.insert_resource(FallbackErrorHandler(place.handle));
            world.insert_resource(Self(place));
        }
    }

    /// The failures since the last call.
    pub(crate) fn take(world: &mut World) -> Failures {
        let Some(place) = world.get_resource::<Self>().map(|watch| watch.0) else {
            return Failures::default();
        };
        let handler = world.fallback_error_handler();
        let mut watched = place.lock();
        let Some(watched) = &mut *watched else { return Failures::default() };
        if !fn_addr_eq(handler, place.handle) {
            // The game has set another one since.
            watched.handler = handler;
            world.insert_resource(FallbackErrorHandler(place.handle));
        }
        std::mem::take(&mut watched.failed)
    }
}

impl Drop for FailureWatch {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}

impl Place {
    /// Takes the place for an app with this handler, unless another app has it.
    fn is_taken_for(&self, handler: ErrorHandler) -> bool {
        let mut watched = self.lock();
        let is_free = watched.is_none();
        if is_free {
            *watched = Some(Watched { handler, failed: Failures::default() });
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

fn handle<const NUMBER: usize>(error: BevyError, context: ErrorContext) {
    let watched = || PLACES.get(NUMBER).map(Place::lock);
    let handler = watched().and_then(|watched| Some(watched.as_ref()?.handler));
    let handler = handler.unwrap_or(FallbackErrorHandler::default().0);
    if error.severity() < Severity::Error {
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
