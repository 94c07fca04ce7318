//! Failures of the game's own code with which it goes on.

// Feature: Checkpoints after a system that failed, and was survived, say so.
// Page: guide/recovery.md#a-system-that-fails

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use bevy::diagnostic::FrameCount;
use bevy::ecs::error::{BevyError, ErrorContext, ErrorHandler, FallbackErrorHandler, Severity};
use bevy::prelude::*;
use bevy_session::checkpoints::SavingStopped;
use bevy_session::doctor::{Doctor, Finding};
use bevy_session::hints::{SessionHint, SessionHints};
use bevy_session::prelude::*;
use bevy_session::{CheckpointCaptured, MemoryDisk, PreviousRun};

use crate::common::{Health, frames, game_with, listen, plugin, received, request, start};

/// The frames in which [`strike`] fails.
#[derive(Resource, Default)]
struct Blows(u32);

fn strike(mut blows: ResMut<Blows>) -> Result {
    if blows.0 == 0 {
        return Ok(());
    }
    blows.0 -= 1;
    Err("the sword broke".into())
}

fn game(disk: &MemoryDisk, handler: fn(BevyError, ErrorContext)) -> App {
    game_with(plugin(disk), |app| {
        app.set_error_handler(handler).init_resource::<Blows>().add_systems(Update, strike);
    })
}

fn checkpoint(app: &mut App, label: &'static str) {
    app.world_mut().spawn(Health(1));
    request(app, |commands| commands.session().checkpoint(label));
    frames(app, 3);
}

#[test]
fn a_failure_that_the_game_survived_is_known_to_the_next_start() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, |_, _| {});
    start(&mut app, "Duel");
    checkpoint(&mut app, "before");
    app.world_mut().resource_mut::<Blows>().0 = 1;
    let fails_in = u64::from(app.world().resource::<FrameCount>().0);
    checkpoint(&mut app, "broken");
    checkpoint(&mut app, "after");
    let findings = Doctor::default().examine(&mut app).findings;
    let named = |finding: &Finding| {
        matches!(finding, Finding::Hint(SessionHint::WentOnAfterFailure { error, .. })
            if error.contains("the sword broke"))
    };
    assert!(findings.iter().any(named), "{findings:?}");
    let hints = app.world().resource::<SessionHints>();
    let hint = hints.iter().find(|hint| hint.to_string().contains("the sword broke")).unwrap();
    let SessionHint::WentOnAfterFailure { frame, .. } = *hint else { panic!("{hint:?}") };
    assert_eq!(frame, fails_in);
    let said = hint.to_string();
    assert!(
        said.starts_with("system ") && said.contains(&format!(" in frame {frame}: ")),
        "{said}"
    );

    let mut app = game(&disk.snapshot(), |_, _| {});
    frames(&mut app, 2);
    let failure = app.world().resource::<PreviousRun>().failure.clone().unwrap();
    assert_eq!((failure.count, failure.panicked), (1, false));
    assert!(failure.error.contains("the sword broke") && failure.frame == frame, "{failure:?}");
    let offer = app.world().resource::<RecoveryOffers>().offers()[0].clone();
    let said: Vec<_> =
        offer.checkpoints.iter().map(|it| (it.label.as_deref(), it.after_failure)).collect();
    for (label, after_failure) in [("before", false), ("broken", true), ("after", false)] {
        assert!(said.contains(&(Some(label), after_failure)), "{said:?}");
    }
}

/// Elsewhere it is the end of the run, which the plugin doesn't survive either.
#[test]
fn a_panic_that_the_game_survived_is_known_with_its_message() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, |_, _| {});
    app.init_resource::<Stumbles>().add_systems(Update, stumble);
    start(&mut app, "Duel");
    checkpoint(&mut app, "before");
    app.world_mut().resource_mut::<Stumbles>().0 = true;
    let fails_in = u64::from(app.world().resource::<FrameCount>().0);
    let went_on = catch_unwind(AssertUnwindSafe(|| frames(&mut app, 3))).is_ok();
    assert_eq!(went_on, PANICS_ARE_HANDED_OVER);
    if !went_on {
        return;
    }
    checkpoint(&mut app, "after");
    drop(app);
    let mut app = game(&disk.snapshot(), |_, _| {});
    frames(&mut app, 2);
    let failure = app.world().resource::<PreviousRun>().failure.clone().unwrap();
    assert_eq!((failure.count, failure.panicked, failure.frame), (1, true, fails_in));
    assert!(failure.error.contains("over the root"), "{failure:?}");
}

#[derive(Resource, Default)]
struct Stumbles(bool);

fn stumble(mut stumbles: ResMut<Stumbles>) {
    assert!(!std::mem::take(&mut stumbles.0), "over the root");
}

#[test]
fn an_error_handler_set_later_decides() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, |_, _| panic!("the first handler is asked"));
    app.insert_resource(FallbackErrorHandler(|_, _| {}));
    frames(&mut app, 1);
    start(&mut app, "Duel");
    app.world_mut().resource_mut::<Blows>().0 = 1;
    frames(&mut app, 2);
    assert!(is_hinted(&app));
}

#[test]
fn a_warning_is_not_a_failure() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, |_, _| {});
    app.add_systems(Update, || -> Result { Err(BevyError::new(Severity::Warning, "a draught")) });
    start(&mut app, "Duel");
    frames(&mut app, 3);
    assert_eq!(app.world().resource::<SessionHints>().iter().count(), 0);
}

/// True if the engine hands panics of systems to a game's handler.
pub const PANICS_ARE_HANDED_OVER: bool = true;

/// True if a hint says that the game went on after a failure.
fn is_hinted(app: &App) -> bool {
    let hints = app.world().resource::<SessionHints>();
    hints.iter().any(|hint| matches!(hint, SessionHint::WentOnAfterFailure { .. }))
}

/// A library's handler that passes on to the one that it has found, as libraries do that count errors.
#[test]
fn a_handler_that_forwards_to_its_predecessor_is_called_once() {
    static FOUND: OnceLock<ErrorHandler> = OnceLock::new();
    static COUNTED: AtomicU32 = AtomicU32::new(0);
    static DECIDED: AtomicU32 = AtomicU32::new(0);
    let mut app = game(&MemoryDisk::default(), |_, _| {
        DECIDED.fetch_add(1, Ordering::Relaxed);
    });
    start(&mut app, "Duel");
    let _ = FOUND.set(app.world().fallback_error_handler());
    let counts: ErrorHandler = |error, context| {
        COUNTED.fetch_add(1, Ordering::Relaxed);
        FOUND.get().unwrap()(error, context);
    };
    // As a library does that sets its own whenever a level begins.
    for _ in 0..2 {
        app.insert_resource(FallbackErrorHandler(counts));
        frames(&mut app, 1);
    }
    app.world_mut().resource_mut::<Blows>().0 = 2;
    frames(&mut app, 3);
    assert_eq!([&COUNTED, &DECIDED].map(|it| it.load(Ordering::Relaxed)), [2, 2]);
    assert!(is_hinted(&app));
}

#[test]
fn a_handler_that_is_set_after_all_plugins_are_complete_decides() {
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        app.init_resource::<Blows>().add_systems(Update, strike).add_plugins(SetsItsHandlerLate);
    });
    start(&mut app, "Duel");
    app.world_mut().resource_mut::<Blows>().0 = 1;
    frames(&mut app, 2);
    assert!(is_hinted(&app));
}

struct SetsItsHandlerLate;

impl Plugin for SetsItsHandlerLate {
    fn build(&self, _: &mut App) {}

    fn cleanup(&self, app: &mut App) {
        app.set_error_handler(|_, _| {});
    }
}

#[test]
fn checkpoints_after_a_failure_are_marked() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, |_, _| {});
    // In the frame in which the session begins.
    app.world_mut().resource_mut::<Blows>().0 = 1;
    start(&mut app, "Duel");
    let opening = app.world().resource::<CurrentSession>().last_checkpoint().unwrap().id;
    checkpoint(&mut app, "safe");
    let mut app = game(&disk.snapshot(), |_, _| {});
    frames(&mut app, 2);
    let offer = app.world().resource::<RecoveryOffers>().offers()[0].clone();
    let said = |id| offer.checkpoints.iter().find(|it| it.id == id).map(|it| it.after_failure);
    assert_eq!(said(opening), Some(true), "{:?}", offer.checkpoints);
}

/// A panic that came through the plugin, in a game that goes on.
#[test]
fn a_swallowed_panic_of_the_plugin_stops_saving_and_is_reported() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, |_, _| {});
    listen::<SavingStopped>(&mut app);
    start(&mut app, "Duel");
    checkpoint(&mut app, "safe");
    app.add_observer(|_: On<CheckpointCaptured>| panic!("an observer in the plugin's own step"));
    app.world_mut().spawn(Health(2));
    request(&mut app, |commands| commands.session().checkpoint("interrupted"));
    // Otherwise it comes out of the frame, and what it came through doesn't run again.
    let went_on = catch_unwind(AssertUnwindSafe(|| frames(&mut app, 4))).is_ok();
    assert_eq!(went_on, PANICS_ARE_HANDED_OVER);
    if went_on {
        assert_eq!(received::<SavingStopped>(&app).len(), 1);
    }
    let mut app = game(&disk.snapshot(), |_, _| {});
    frames(&mut app, 2);
    let offer = app.world().resource::<RecoveryOffers>().offers()[0].clone();
    assert!(offer.checkpoints.iter().any(|it| it.label.as_deref() == Some("safe")));
    // The plugin hasn't survived it, so it is no such failure: where panics are watched, it is the end of that run.
    assert_eq!(app.world().resource::<PreviousRun>().failure, None);
}
