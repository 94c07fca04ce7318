//! Lifecycle events, as a game's sink gets them.

// Feature: A sink of the game's choice gets lifecycle events; one that blocks or panics costs no frame.
// Page: guide/log-files.md#lifecycle-events

#[cfg(feature = "log")]
use std::io::Write;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
#[cfg(feature = "log")]
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreReason;
use bevy_session::replica::{MemoryReplica, Replica, SessionFenced, SessionReleased};
#[cfg(feature = "log")]
use bevy_session_ops::JsonLines;
use bevy_session_ops::{
    LifecycleChange, LifecycleDeliveries, LifecycleEvent, LifecycleSink, LifecycleSinkError,
    LifecycleSinkFailed, LifecycleSinkPlugin,
};

use crate::common::*;

/// Longer than any machine takes.
const PATIENCE: Duration = Duration::from_secs(300);

/// A sink that sends on what it gets.
struct Told(Sender<LifecycleEvent>);

impl LifecycleSink for Told {
    fn deliver(&mut self, event: &LifecycleEvent) -> Result<(), LifecycleSinkError> {
        self.0.send(event.clone()).unwrap();
        Ok(())
    }
}

/// A sink that takes an event and then waits until it may go on.
struct Slow {
    told: Told,
    may_go_on: Receiver<()>,
}

impl LifecycleSink for Slow {
    fn deliver(&mut self, event: &LifecycleEvent) -> Result<(), LifecycleSinkError> {
        self.told.deliver(event)?;
        // Once nobody holds it back, it is as quick as any.
        let _ = self.may_go_on.recv();
        Ok(())
    }
}

/// A game with a sink, whose exits wait for it.
fn game_of(disk: &MemoryDisk, sink: impl LifecycleSink) -> App {
    let sink = LifecycleSinkPlugin::new(sink).capacity(2).exit_waits(PATIENCE);
    game_with(plugin(disk), |app| {
        app.add_plugins(sink);
        listen::<LifecycleSinkFailed>(app);
    })
}

/// A game whose sink takes everything that happens.
fn told(disk: &MemoryDisk) -> (App, Receiver<LifecycleEvent>) {
    let (sender, events) = channel();
    let sink = LifecycleSinkPlugin::new(Told(sender)).exit_waits(PATIENCE);
    let app = game_with(plugin(disk), |app| {
        app.add_plugins(sink);
    });
    (app, events)
}

fn exit(app: &mut App) {
    app.world_mut().write_message(AppExit::Success);
    app.update();
}

/// Pauses the session, or resumes it: one event.
fn toggle(app: &mut App, pauses: bool) {
    request(app, |commands| {
        let _ = match pauses {
            true => commands.session().pause(),
            false => commands.session().resume(),
        };
    });
    frames(app, 3);
}

fn deliveries(app: &App) -> (u64, u64, u64) {
    let deliveries = app.world().resource::<LifecycleDeliveries>();
    (deliveries.delivered(), deliveries.failed(), deliveries.dropped())
}

/// Runs frames until this is so: what another thread does is known in one of them.
fn frames_until(app: &mut App, is_so: impl Fn(&App) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so(app) {
        assert!(Instant::now() < deadline, "it takes too long");
        app.update();
    }
}

#[test]
fn a_sink_gets_the_lifecycle_in_order_before_the_exit() {
    let (mut app, events) = told(&MemoryDisk::default());
    let session = begin(&mut app, NewSession::named("Evening").player("Ann"));
    toggle(&mut app, true);
    toggle(&mut app, false);
    close(&mut app);
    request(&mut app, |commands| commands.session().continue_session(session));
    frames(&mut app, 5);
    request(&mut app, |commands| commands.session().end(EndReason::Completed, LeaveCause::Player));
    frames(&mut app, 5);
    let other = begin(&mut app, NewSession::named("Night"));
    exit(&mut app);

    let events: Vec<LifecycleEvent> = events.try_iter().collect();
    let of_first: Vec<&LifecycleEvent> =
        events.iter().filter(|event| event.session == Some(session)).collect();
    for event in &of_first {
        let names = (event.name.as_deref(), event.player.as_deref());
        assert_eq!(names, (Some("Evening"), Some("Ann")), "{event:?}");
        assert!(event.time >= "2026-01-01T00:00:00Z".parse().unwrap(), "{event:?}");
        assert!(event.time < "2026-01-02T00:00:00Z".parse().unwrap(), "{event:?}");
    }
    let changes: Vec<&LifecycleChange> = of_first.iter().map(|event| &event.change).collect();
    assert!(
        matches!(
            changes[..],
            [
                LifecycleChange::Started,
                LifecycleChange::Paused,
                LifecycleChange::Resumed,
                LifecycleChange::Closed { cause: LeaveCause::Player, complete: true, .. },
                LifecycleChange::Restored { reason: RestoreReason::Continued, .. },
                LifecycleChange::Ended { reason: EndReason::Completed, complete: true, .. },
            ]
        ),
        "{changes:?}"
    );
    let of_other: Vec<&LifecycleEvent> =
        events.iter().filter(|event| event.session == Some(other)).collect();
    assert!(
        matches!(
            of_other.iter().map(|event| &event.change).collect::<Vec<_>>()[..],
            [LifecycleChange::Started, LifecycleChange::Closed { complete: true, .. }]
        ),
        "{of_other:?}"
    );
    assert_eq!(of_other[0].player, None);
    assert_eq!(deliveries(&app), (events.len() as u64, 0, 0));
}

#[test]
fn the_next_start_sends_the_crash_and_the_recovery() {
    let disk = MemoryDisk::default();
    let (mut app, _events) = told(&disk);
    let session = begin(&mut app, NewSession::named("Evening"));
    let left = disk.snapshot();
    drop(app);

    let (mut app, events) = told(&left);
    frames(&mut app, 2);
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 5);
    exit(&mut app);
    let events: Vec<LifecycleEvent> = events.try_iter().collect();
    let LifecycleChange::Crashed { how, .. } = &events[0].change else { panic!("{events:?}") };
    assert_eq!((&**how, events[0].session), ("killed", Some(session)));
    assert_eq!(events[0].name.as_deref(), Some("Evening"));
    let is_recovery = |change: &LifecycleChange| {
        matches!(change, LifecycleChange::Restored { reason: RestoreReason::Recovered, .. })
    };
    assert!(is_recovery(&events[1].change), "{events:?}");
    let crashes =
        events.iter().filter(|event| matches!(event.change, LifecycleChange::Crashed { .. }));
    assert_eq!(crashes.count(), 1);
}

#[test]
fn a_blocking_sink_delays_no_frame_and_gets_the_count_of_dropped_events() {
    let ((sender, events), (go_on, may_go_on)) = (channel(), channel());
    let mut app = game_of(&MemoryDisk::default(), Slow { told: Told(sender), may_go_on });
    begin(&mut app, NewSession::named("Evening"));
    let first = events.recv_timeout(PATIENCE).unwrap();
    assert_eq!(first.change, LifecycleChange::Started);
    // It is in there. Two events have room, and three have none.
    for number in 0..5 {
        toggle(&mut app, number % 2 == 0);
    }
    assert_eq!(deliveries(&app), (0, 0, 3));
    go_on.send(()).unwrap();
    let second = events.recv_timeout(PATIENCE).unwrap();
    assert_eq!(second.change, LifecycleChange::Paused);
    // One has room again, behind what was dropped.
    toggle(&mut app, false);
    drop(go_on);
    frames_until(&mut app, |app| deliveries(app).0 == 5);
    exit(&mut app);
    let rest: Vec<LifecycleChange> = events.try_iter().map(|event| event.change).collect();
    assert!(
        matches!(
            rest[..],
            [
                LifecycleChange::Resumed,
                LifecycleChange::Dropped { count: 3 },
                LifecycleChange::Resumed,
                LifecycleChange::Closed { .. },
            ]
        ),
        "{rest:?}"
    );
    assert_eq!(deliveries(&app), (6, 0, 3));
}

#[test]
fn an_exit_waits_a_bounded_time_for_a_blocking_sink() {
    let ((sender, events), (go_on, may_go_on)) = (channel(), channel());
    let sink = Slow { told: Told(sender), may_go_on };
    let sink = LifecycleSinkPlugin::new(sink).exit_waits(Duration::from_millis(1));
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        app.add_plugins(sink);
    });
    begin(&mut app, NewSession::named("Evening"));
    events.recv_timeout(PATIENCE).unwrap();
    exit(&mut app);
    assert_eq!(deliveries(&app).0, 0, "it has taken nothing, and the exit is over");
    drop(app);
    // The sink's thread ends, with what was left, once it may.
    drop(go_on);
    let last = events.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(last.change, LifecycleChange::Closed { .. }), "{last:?}");
    let end = events.recv_timeout(PATIENCE);
    assert_eq!(end, Err(RecvTimeoutError::Disconnected), "the sink should be gone");
}

struct Panics;

impl LifecycleSink for Panics {
    fn deliver(&mut self, event: &LifecycleEvent) -> Result<(), LifecycleSinkError> {
        // Other tests of this process needn't hear of it, as they would by the panic hook.
        resume_unwind(Box::new(format!("the sink's own, at {:?}", event.change)));
    }
}

#[test]
fn a_sink_that_panics_is_reported_once_and_not_called_again() {
    let mut app = game_of(&MemoryDisk::default(), Panics);
    begin(&mut app, NewSession::named("Evening"));
    frames_until(&mut app, |app| !received::<LifecycleSinkFailed>(app).is_empty());
    toggle(&mut app, true);
    toggle(&mut app, false);
    exit(&mut app);
    app.update();
    let failures = received::<LifecycleSinkFailed>(&app);
    assert_eq!(failures.len(), 1);
    // Had it been called again, this would be another message.
    assert_eq!(failures[0].message, "the sink's own, at Started");
    assert_eq!(deliveries(&app), (0, 0, 4), "started, paused, resumed and closed");
    assert!(app.world().resource::<LifecycleDeliveries>().is_over());
}

/// A sink that doesn't take every other event.
struct Moody(Told, bool);

impl LifecycleSink for Moody {
    fn deliver(&mut self, event: &LifecycleEvent) -> Result<(), LifecycleSinkError> {
        self.1 = !self.1;
        if self.1 { Err("not now".into()) } else { self.0.deliver(event) }
    }
}

#[test]
fn an_event_that_a_sink_refuses_is_counted_and_the_next_one_is_sent() {
    let (sender, events) = channel();
    let sink = LifecycleSinkPlugin::new(Moody(Told(sender), false)).exit_waits(PATIENCE);
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        app.add_plugins(sink);
    });
    begin(&mut app, NewSession::named("Evening"));
    toggle(&mut app, true);
    toggle(&mut app, false);
    exit(&mut app);
    let taken: Vec<LifecycleChange> = events.try_iter().map(|event| event.change).collect();
    assert!(
        matches!(taken[..], [LifecycleChange::Paused, LifecycleChange::Closed { .. }]),
        "{taken:?}"
    );
    assert_eq!(deliveries(&app), (2, 2, 0));
}

#[test]
fn a_claim_and_a_hand_over_are_sent_to_the_sink() {
    let (sender, events) = channel();
    let replica = Replica::new(MemoryReplica::default()).machine("one");
    let plugin = plugin(&MemoryDisk::default()).replica(replica);
    let sink = LifecycleSinkPlugin::new(Told(sender)).exit_waits(PATIENCE);
    let mut app = game_with(plugin, |app| {
        app.add_plugins(sink);
        listen::<SessionReleased>(app);
    });
    request(&mut app, |commands| commands.session().start(NewSession::named("Arena")));
    frames_until(&mut app, |app| app.world().contains_resource::<CurrentSession>());
    long(&mut app, 10);
    close(&mut app);
    frames_until(&mut app, |app| !received::<SessionReleased>(app).is_empty());
    exit(&mut app);
    let changes: Vec<LifecycleChange> = events.try_iter().map(|event| event.change).collect();
    let place = |is_it: fn(&LifecycleChange) -> bool| changes.iter().position(is_it);
    let claimed = place(|it| matches!(it, LifecycleChange::Claimed { epoch: 1.. }));
    let closed = place(|it| matches!(it, LifecycleChange::Closed { .. }));
    let released = place(|it| matches!(it, LifecycleChange::HandedOver { complete: true }));
    assert!(claimed.is_some() && claimed < closed && closed < released, "{changes:?}");
}

#[test]
fn a_take_over_by_another_machine_is_sent_to_the_sink() {
    let store = MemoryReplica::default();
    let replica =
        |machine: &str| Replica::new(store.clone()).machine(machine).lease(Duration::from_secs(3));
    let (sender, events) = channel();
    let sink = LifecycleSinkPlugin::new(Told(sender)).exit_waits(PATIENCE);
    let mut one = game_with(plugin(&MemoryDisk::default()).replica(replica("one")), |app| {
        app.add_plugins(sink);
        listen::<SessionFenced>(app);
    });
    let play = |app: &mut App| {
        request(app, |commands| {
            commands.session().start_or_continue(NewSession::named("Arena"));
        });
        frames_until(app, |app| app.world().contains_resource::<CurrentSession>());
        long(app, 2);
        app.world().resource::<CurrentSession>().id()
    };
    let session = play(&mut one);
    // It sleeps for longer than its lease.
    let mut two = game_with(plugin(&MemoryDisk::default()).replica(replica("two")), |_| {});
    assert_eq!(play(&mut two), session);

    frames_until(&mut one, |app| !received::<SessionFenced>(app).is_empty());
    exit(&mut one);
    let taken = events.try_iter().find_map(|event| match event.change {
        LifecycleChange::TakenOver { epoch, reason } => Some((event.session, epoch, reason)),
        _ => None,
    });
    assert_eq!(taken, Some((Some(session), 1, "owned".to_owned())));
}

/// A writer that is looked at later.
#[cfg(feature = "log")]
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

#[cfg(feature = "log")]
impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(feature = "log")]
#[test]
fn json_lines_have_each_event_flat_and_can_be_read_again() {
    let page = Page::default();
    let sink = LifecycleSinkPlugin::new(JsonLines::new(page.clone())).exit_waits(PATIENCE);
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        app.add_plugins(sink);
    });
    let session = begin(&mut app, NewSession::named("Evening\n\"late\"").player("Ann"));
    exit(&mut app);
    let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    let events: Vec<LifecycleEvent> =
        text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(text.starts_with('\n'), "an earlier process may have left half a line: {text}");
    assert_eq!(events.len(), 2, "{text}");
    assert_eq!(events[0].name.as_deref(), Some("Evening\n\"late\""));
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["event"], &last["player"], &last["complete"]),
        (&"closed".into(), &"Ann".into(), &true.into())
    );
    assert_eq!(last["session"], session.to_string());
}
