//! The writer itself panics.
//!
//! It shouldn't, and the game's own code is caught when it does. But what listens to the log runs
//! on its thread as well.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::recovery::HowItEnded;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::{Way, die};
use crate::process::{say, some_are_safe, start_session};

pub const WAYS: &[Way] = &[
    ("the writer panics, then abort", |app| {
        play_without_writer(app, || std::process::abort());
    }),
    ("the writer panics, then exit", |app| {
        play_without_writer(app, |mut exit: MessageWriter<AppExit>| {
            exit.write(AppExit::Success);
        });
    }),
    ("the writer panics, then close", |mut app| {
        app.add_observer(|_: On<SessionClosed>, mut exit: MessageWriter<AppExit>| {
            exit.write(AppExit::Success);
        });
        play_without_writer(app, |mut commands: Commands, mut asked: Local<bool>| {
            if !std::mem::replace(&mut *asked, true) {
                commands.session().close(LeaveCause::Player);
            }
        });
    }),
    #[cfg(feature = "window")]
    ("the writer panics, then suspend", |mut app| {
        use bevy_window::AppLifecycle;
        // Longer than anybody waits for this process.
        app.world_mut().resource_mut::<SessionSettings>().patience.suspend =
            std::time::Duration::from_secs(60 * 60);
        app.add_message::<AppLifecycle>();
        play_without_writer(
            app,
            |mut frames: Local<u32>,
             mut phases: MessageWriter<AppLifecycle>,
             mut exit: MessageWriter<AppExit>| {
                *frames += 1;
                match *frames {
                    1 => drop(phases.write(AppLifecycle::Suspended)),
                    2 => say("resumed"),
                    _ => drop(exit.write(AppExit::Success)),
                }
            },
        );
    }),
    ("the writer panics at the start", |mut app| {
        trip("detect_sessions");
        app.add_systems(Startup, |mut commands: Commands| {
            commands.session().start_or_continue(NewSession::named("World"));
            commands.session().start(NewSession::named("World"));
        });
        app.add_observer(
            |_: On<RequestRejected>, mut heard: Local<u32>, mut exit: MessageWriter<AppExit>| {
                *heard += 1;
                if *heard == 2 {
                    exit.write(AppExit::Success);
                }
            },
        );
        app.run();
    }),
];

/// Plays until the writer is gone and the game has heard of it, and then goes on with `then`.
fn play_without_writer<M>(mut app: App, then: impl IntoSystem<(), (), M> + Send + Sync + 'static) {
    app.add_systems(Startup, start_session)
        .add_systems(Update, (|| trip("encode_checkpoint")).run_if(some_are_safe))
        .add_observer(|_: On<CheckpointFailed>, mut commands: Commands| {
            commands.init_resource::<WriterIsGone>();
        })
        .add_systems(Update, IntoSystem::into_system(then).run_if(resource_exists::<WriterIsGone>));
    app.run();
}

#[derive(Resource, Default)]
struct WriterIsGone;

/// From now on, entering this span on the writer's thread panics.
fn trip(span: &'static str) {
    static SET: AtomicBool = AtomicBool::new(false);
    if !SET.swap(true, Ordering::Relaxed) {
        tracing::subscriber::set_global_default(Trap { span, spans: AtomicU64::new(0) }).unwrap();
        say("trap set");
    }
}

/// A log that can't be written.
struct Trap {
    span: &'static str,
    spans: AtomicU64,
}

impl Subscriber for Trap {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.name() == self.span
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        let thread = std::thread::current();
        assert_ne!(thread.name(), Some("session writer"), "the log is full");
        Id::from_u64(1 + self.spans.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn a_dead_writer_is_reported_and_acknowledged_checkpoints_survive() {
    let dead = die("the writer panics, then abort");
    assert!(dead.said("failed WriterGone"), "{:?}", dead.lines);
    let next = dead.start_again();
    assert!(matches!(next.previous, HowItEnded::Crashed(_)), "{next:?}");
    assert_eq!(next.offered, [next.previous]);
}

#[test]
fn an_exit_without_a_writer_is_no_crash() {
    for way in ["the writer panics, then exit", "the writer panics, then close"] {
        let dead = die(way);
        assert!(dead.status.success(), "{way}: {:?}", dead.lines);
        assert!(dead.said("failed WriterGone"), "{way}: {:?}", dead.lines);
        assert!(dead.said("closed false"), "{way}: {:?}", dead.lines);
        dead.start_again().assert_exited();
    }
}

#[cfg(feature = "window")]
#[test]
fn a_suspend_does_not_wait_for_a_dead_writer() {
    let dead = die("the writer panics, then suspend");
    assert!(dead.status.success(), "{:?}", dead.lines);
    assert!(dead.said("failed WriterGone") && dead.said("resumed"), "{:?}", dead.lines);
    dead.start_again().assert_exited();
}

#[test]
fn without_a_writer_starting_a_session_is_rejected() {
    let dead = die("the writer panics at the start");
    assert!(dead.status.success(), "{:?}", dead.lines);
    let rejected = dead.lines.iter().filter(|line| line.starts_with("rejected")).count();
    assert_eq!(rejected, 2, "{:?}", dead.lines);
    let next = dead.start_again();
    next.assert_exited();
    assert_eq!(next.checkpoint, None);
}
