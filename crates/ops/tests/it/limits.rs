//! Limits of a session: alerts that say what happens there.

// Feature: Limits lengthen the interval, thin history, lower the capture budget, refuse or close sessions.
// Page: guide/monitoring.md#limits

use std::path::PathBuf;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::checkpoints::{CaptureOverBudget, CurrentPace, PaceChanged};
use bevy_session::ends::Leaving;
use bevy_session::prelude::*;
use bevy_session::requests::{CurrentRequest, GuardedRequest, Request};
use bevy_session::{LeaveCause, MemoryDisk, RequestError, SessionId};
use bevy_session_ops::{
    Alert, AlertError, AlertMeasure, AlertResponse, AlertsExt, Code, SessionAlertCleared,
    SessionAlertRaised, SessionAlerts, SessionFigures, SessionHealth, SessionOperation,
};

use crate::common::*;
use crate::figures::measured;

const MINUTE: Duration = Duration::from_secs(60);

fn limited(disk: &MemoryDisk, alert: Alert) -> App {
    limited_with(disk, alert, |_| {})
}

fn limited_with(disk: &MemoryDisk, alert: Alert, add: impl FnOnce(&mut App)) -> App {
    measured(disk, |app| {
        add(app);
        app.raise_session_alert(alert).unwrap();
        listen::<SessionAlertRaised>(app);
        listen::<SessionAlertCleared>(app);
        listen::<RequestRejected>(app);
        listen::<PaceChanged>(app);
    })
}

/// The codes that were raised, and how many were cleared.
fn heard(app: &App) -> (Vec<Code>, usize) {
    let raised = received::<SessionAlertRaised>(app).into_iter().map(|raised| raised.code);
    (raised.collect(), received::<SessionAlertCleared>(app).len())
}

fn pace(app: &App) -> (Duration, f32) {
    let pace = app.world().resource::<CurrentPace>();
    (pace.interval, pace.stretched)
}

#[test]
fn many_entities_are_warned_of_and_their_checkpoints_come_less_often() {
    let alert = Alert::entities_above(100).then(AlertResponse::Stretch(4.0));
    let mut app = limited(&MemoryDisk::default(), alert);
    start(&mut app, "Spawner");
    long(&mut app, 3);
    assert_eq!((heard(&app), pace(&app)), ((vec![], 0), (Duration::from_secs(1), 1.0)));
    let entities: Vec<Entity> = app.world_mut().spawn_batch((0..101).map(Health)).collect();
    long(&mut app, 4);
    assert_eq!(heard(&app), (vec![Code::ManyEntities], 0));
    assert_eq!(pace(&app), (Duration::from_secs(4), 4.0));
    let played = app.world().resource::<SessionFigures>().played().unwrap();
    assert_eq!(played.entities, Some(101));
    assert!(app.world().resource::<SessionHealth>().has(Code::ManyEntities));
    entities.into_iter().take(50).for_each(|entity| app.world_mut().entity_mut(entity).despawn());
    long(&mut app, 10);
    assert_eq!(heard(&app), (vec![Code::ManyEntities], 1));
    assert_eq!(pace(&app), (Duration::from_secs(1), 1.0));
    assert_eq!(received::<PaceChanged>(&app).len(), 2);
}

#[test]
fn a_long_session_is_warned_of_until_it_is_left() {
    let mut app = limited(&MemoryDisk::default(), Alert::play_time_above(10 * MINUTE));
    start(&mut app, "Night");
    long(&mut app, 9 * 60);
    assert_eq!(heard(&app).0, []);
    long(&mut app, 2 * 60);
    assert_eq!(heard(&app), (vec![Code::SessionLong], 0));
    close(&mut app);
    long(&mut app, 3);
    assert_eq!(heard(&app).1, 1, "what it was about is gone");
}

#[test]
fn alerts_of_a_session_are_cleared_when_another_is_played() {
    let disk = MemoryDisk::default();
    let alert = Alert::play_time_above(10 * MINUTE).then(AlertResponse::Stretch(4.0));
    let mut app = limited(&disk, alert.over(MINUTE));
    let other = begin(&mut app, NewSession::named("Another"));
    close(&mut app);
    start(&mut app, "Night");
    long(&mut app, 12 * 60);
    assert_eq!(heard(&app), (vec![Code::SessionLong], 0));
    assert_eq!(pace(&app).1, 4.0);
    // Within less than the second between two looks.
    request(&mut app, move |commands| commands.session().continue_session(other));
    frames(&mut app, 6);
    assert_eq!(app.world().resource::<CurrentSession>().id(), other);
    assert_eq!(heard(&app).1, 1);
    assert_eq!(pace(&app).1, 1.0);
}

/// Bytes of a session's files.
fn bytes_of(disk: &MemoryDisk, session: SessionId) -> usize {
    let name = session.to_string();
    let of_it = |path: &PathBuf| path.iter().any(|part| part == &*name);
    let files = disk.paths().into_iter().filter(of_it);
    files.filter_map(|path| disk.content(&path)).map(|content| content.len()).sum()
}

/// Changes what there is, and takes so many checkpoints of it, each of some 52 KB. The most bytes that the session took.
fn fill(app: &mut App, disk: &MemoryDisk, checkpoints: u32) -> usize {
    let session = app.world().resource::<CurrentSession>().id();
    let chest = app.world_mut().spawn_empty().id();
    let each = (0..checkpoints).map(|number| {
        let noise = |seed: u32| seed.wrapping_mul(2_654_435_761) ^ number;
        app.world_mut().entity_mut(chest).insert(Inventory((0..8000).map(noise).collect()));
        request(app, |commands| commands.session().checkpoint(format!("number {number}")));
        long(app, 12);
        bytes_of(disk, session)
    });
    each.max().unwrap_or_default()
}

#[test]
fn a_large_session_loses_history_and_nothing_else() {
    let disk = MemoryDisk::default();
    let alert = Alert::session_bytes_above(400_000).clears_below(1_u64);
    let mut app = limited(&disk, alert.then(AlertResponse::ThinHistory(200_000)));
    start(&mut app, "Large");
    let session = app.world().resource::<CurrentSession>().id();
    let most = fill(&mut app, &disk, 60);
    long(&mut app, 3);
    assert_eq!(heard(&app).0, [Code::SessionOversized]);
    let bytes = app.world().resource::<SessionFigures>().played().unwrap().bytes.unwrap();
    assert!(most > 400_000, "{most}");
    // Of 60 checkpoints. Two generations stay at any limit, for one may be damaged; each is a snapshot, what is
    // merged meanwhile, and some checkpoints of which each replaces everything.
    assert!(bytes < 600_000 && most < 600_000, "{bytes} of {most}");
    let last = app.world().resource::<CurrentSession>().last_checkpoint().unwrap().id;
    let crashed = disk.snapshot();
    close(&mut app);
    long(&mut app, 3);
    assert_eq!(heard(&app).1, 1, "what it was about is gone");
    let mut app = measured(&crashed, listen::<SessionRestored>);
    request(&mut app, move |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 5);
    assert!(received::<SessionRestored>(&app)[0].checkpoint.counter >= last.counter);
}

#[test]
fn a_lowered_quota_applies_at_once() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    start(&mut app, "Large");
    let session = app.world().resource::<CurrentSession>().id();
    let before = fill(&mut app, &disk, 30);
    app.world_mut().resource_mut::<SessionSettings>().storage.max_session_bytes = 100_000;
    // Nothing changes, so that no further file begins; what the newest checkpoint is made of stays.
    long(&mut app, 60);
    let after = bytes_of(&disk, session);
    assert!(after + 100_000 < before, "{before}, and then {after}");
}

#[test]
fn a_full_machine_refuses_new_sessions_and_continues_old_ones() {
    let disk = MemoryDisk::default();
    let mut app = measured(&disk, |_| {});
    let earlier = begin(&mut app, NewSession::named("Earlier"));
    close(&mut app);
    drop(app);
    // A process takes more than a byte.
    let alert = Alert::memory_above(1).then(AlertResponse::RefuseSessions);
    let mut app = limited(&disk, alert);
    long(&mut app, 12);
    assert_eq!(heard(&app).0, [Code::MemoryHigh]);
    let refused = |app: &App| received::<RequestRejected>(app).pop().map(|it| it.error);
    request(&mut app, |commands| commands.session().start(NewSession::named("Another")));
    frames(&mut app, 3);
    let Some(RequestError::LimitReached { limit }) = refused(&app) else {
        panic!("{:?}", refused(&app));
    };
    assert!(limit.contains("bytes of memory, more than 1"), "{limit}");
    request(&mut app, |commands| {
        commands.session().start_or_continue(NewSession::named("Another"));
    });
    frames(&mut app, 3);
    assert_eq!(received::<RequestRejected>(&app).len(), 2);
    assert!(app.world().get_resource::<CurrentSession>().is_none());
    request(&mut app, move |commands| commands.session().continue_session(earlier));
    frames(&mut app, 5);
    assert_eq!(app.world().resource::<CurrentSession>().id(), earlier, "it can be continued");
    close(&mut app);
    let more = Alert::memory_above(1 << 50).then(AlertResponse::RefuseSessions);
    app.world_mut().resource_mut::<SessionAlerts>().raise(more).unwrap();
    long(&mut app, 2);
    assert_eq!(heard(&app), (vec![Code::MemoryHigh], 1));
    start(&mut app, "Another");
}

#[test]
fn a_slow_disk_gets_fewer_checkpoints_and_the_strictest_response_counts() {
    let entities = Alert::entities_above(0);
    let both = entities.then(AlertResponse::Stretch(3.0)).then(AlertResponse::ThinHistory(1 << 20));
    let mut app = limited(&MemoryDisk::default(), both);
    let slow = Alert::p95_above(SessionOperation::Checkpoint, Duration::from_millis(250));
    let slow = slow.over(MINUTE).then(AlertResponse::Stretch(2.0));
    app.world_mut().resource_mut::<SessionAlerts>().raise(slow).unwrap();
    app.world_mut().spawn(Health(1));
    start(&mut app, "Slow");
    let mut figures = app.world_mut().resource_mut::<SessionFigures>();
    (0..900).for_each(|_| figures.note(SessionOperation::Checkpoint, Some(Duration::from_secs(1))));
    long(&mut app, 4);
    let mut raised = heard(&app).0;
    raised.sort_unstable();
    assert_eq!(raised, [Code::SlowOperation, Code::ManyEntities]);
    assert_eq!(pace(&app), (Duration::from_secs(3), 3.0));
    app.world_mut().resource_mut::<SessionAlerts>().remove(AlertMeasure::Entities);
    long(&mut app, 2);
    assert_eq!(pace(&app), (Duration::from_secs(2), 2.0));
}

#[test]
fn many_entities_lower_the_capture_budget_and_notify() {
    // Shorter than any capture.
    let least = Duration::from_nanos(1);
    let alert = Alert::entities_above(100).then(AlertResponse::LimitCaptures(least));
    let mut app = limited(&MemoryDisk::default(), alert);
    listen::<CaptureOverBudget>(&mut app);
    app.world_mut().resource_mut::<SessionSettings>().capture_budget = None;
    frames(&mut app, 1);
    let budget = |app: &App| {
        let budget = app.world().resource::<CurrentPace>().capture_budget;
        budget.map(|budget| budget.time())
    };
    start(&mut app, "Spawner");
    long(&mut app, 3);
    assert_eq!((budget(&app), received::<CaptureOverBudget>(&app).len()), (None, 0));
    let entities: Vec<Entity> = app.world_mut().spawn_batch((0..101).map(Health)).collect();
    long(&mut app, 8);
    assert_eq!(budget(&app), Some(least));
    let over = received::<CaptureOverBudget>(&app);
    assert!(over.len() >= 2, "{over:?}");
    assert!(over.iter().all(|over| over.budget == least), "{over:?}");
    let told = received::<PaceChanged>(&app).pop().unwrap();
    assert_eq!(told.capture_budget.map(|budget| budget.time()), Some(least));
    entities.into_iter().for_each(|entity| app.world_mut().entity_mut(entity).despawn());
    long(&mut app, 10);
    assert_eq!(budget(&app), None);
    assert_eq!(received::<PaceChanged>(&app).len(), 2, "and that it is over");
}

#[test]
fn a_limit_on_captures_never_raises_their_budget() {
    let alert = Alert::entities_above(0).then(AlertResponse::LimitCaptures(MINUTE));
    let mut app = limited(&MemoryDisk::default(), alert);
    app.world_mut().spawn(Health(1));
    start(&mut app, "Strict");
    long(&mut app, 4);
    assert_eq!(heard(&app).0, [Code::ManyEntities]);
    let settings = app.world().resource::<SessionSettings>().capture_budget;
    assert_eq!(app.world().resource::<CurrentPace>().capture_budget, settings);
}

#[test]
fn a_session_that_is_played_too_long_is_closed_and_says_why() {
    let disk = MemoryDisk::default();
    let alert = Alert::play_time_above(10 * MINUTE).then(AlertResponse::CloseSession);
    let mut app = limited(&disk, alert);
    listen::<SessionClosed>(&mut app);
    start(&mut app, "Night");
    let session = app.world().resource::<CurrentSession>().id();
    long(&mut app, 9 * 60);
    assert!(received::<SessionClosed>(&app).is_empty());
    long(&mut app, 2 * 60);
    assert!(app.world().get_resource::<CurrentSession>().is_none());
    let [closed] = &*received::<SessionClosed>(&app) else { panic!("it is closed once") };
    assert!(closed.session == session && closed.complete);
    assert_eq!(closed.leaving.cause, LeaveCause::Limit);
    let what = received::<SessionAlertRaised>(&app).remove(0).what;
    assert_eq!(closed.leaving.words, what);
    assert_eq!(heard(&app), (vec![Code::SessionLong], 1), "what it was about is gone");
    let left = entry(&app, session).left.unwrap();
    assert_eq!((left.cause, left.words), (LeaveCause::Limit, what));
    // It can be continued, and has still been played for too long.
    request(&mut app, move |commands| commands.session().continue_session(session));
    long(&mut app, 12);
    assert_eq!(received::<SessionClosed>(&app).len(), 2);
    assert!(received::<RequestRejected>(&app).is_empty());
}

#[test]
fn a_limit_asks_again_where_the_game_refuses_to_close() {
    #[derive(Resource, Default)]
    struct IsInFight(bool);

    let disk = MemoryDisk::default();
    let alert = Alert::play_time_above(MINUTE).then(AlertResponse::CloseSession);
    let mut app = limited_with(&disk, alert, |app| {
        listen::<SessionClosed>(app);
        app.insert_resource(IsInFight(true));
        app.guard_session_requests(|In(asked): In<GuardedRequest>, fight: Res<IsInFight>| {
            let closes = matches!(asked.request, Request::Current(CurrentRequest::Close(_)));
            if closes && fight.0 { Err("no closing in a fight".to_owned()) } else { Ok(()) }
        });
    });
    start(&mut app, "Boss");
    long(&mut app, 90);
    assert!(received::<SessionClosed>(&app).is_empty());
    let refused = received::<RequestRejected>(&app).len();
    assert!((2..10).contains(&refused), "it is asked again at times: {refused}");
    app.world_mut().resource_mut::<IsInFight>().0 = false;
    long(&mut app, 20);
    assert_eq!(received::<SessionClosed>(&app).len(), 1);
}

#[test]
fn a_limit_closes_the_session_that_it_is_about_and_no_other() {
    let disk = MemoryDisk::default();
    let mut app = limited(&disk, Alert::play_time_above(MINUTE).then(AlertResponse::CloseSession));
    listen::<SessionClosed>(&mut app);
    app.add_observer(|_: On<SessionAlertRaised>, mut commands: Commands| {
        commands.session().close(Leaving::default());
        commands.session().start(NewSession::named("Next"));
    });
    start(&mut app, "Long");
    long(&mut app, 70);
    let played = app.world().resource::<CurrentSession>();
    assert_eq!(played.metadata().name, "Next");
    let causes: Vec<LeaveCause> =
        received::<SessionClosed>(&app).into_iter().map(|closed| closed.leaving.cause).collect();
    assert!(!causes.contains(&LeaveCause::Limit), "{causes:?}");
}

#[test]
fn a_disk_alert_cannot_close_a_session() {
    let alerts = [
        Alert::errors_above(0.5),
        Alert::checkpoint_age_above(MINUTE),
        Alert::disk_left_below(1 << 30),
    ];
    for alert in alerts {
        let mut app = App::new();
        let refused = app.raise_session_alert(alert.then(AlertResponse::CloseSession)).err();
        assert_eq!(refused, Some(AlertError::LosesPlay));
    }
}

#[test]
fn a_limit_of_the_process_closes_what_is_played_when_it_is_raised() {
    // A process takes more than a byte.
    let alert = Alert::memory_above(1).then(AlertResponse::CloseSession);
    let mut app = limited(&MemoryDisk::default(), alert.clone());
    listen::<SessionClosed>(&mut app);
    long(&mut app, 12);
    assert_eq!(heard(&app).0, [Code::MemoryHigh], "nothing is played");
    start(&mut app, "Later");
    long(&mut app, 30);
    assert!(received::<SessionClosed>(&app).is_empty(), "it was raised before");
    let mut alerts = app.world_mut().resource_mut::<SessionAlerts>();
    alerts.remove(AlertMeasure::Memory);
    alerts.raise(alert).unwrap();
    long(&mut app, 15);
    assert_eq!(received::<SessionClosed>(&app).len(), 1);
}

#[test]
fn responses_without_effect_are_refused() {
    for times in [1.0, 0.5, -2.0, f32::INFINITY, f32::NAN] {
        let alert = Alert::entities_above(5).then(AlertResponse::Stretch(times));
        let refused = App::new().raise_session_alert(alert).err().unwrap();
        assert!(matches!(refused, AlertError::Response(_)), "{times}: {refused}");
    }
    let no_time = AlertResponse::LimitCaptures(Duration::ZERO);
    assert!(App::new().raise_session_alert(Alert::entities_above(5).then(no_time)).is_err());
    let nothing = Alert::entities_above(5).then(AlertResponse::ThinHistory(0));
    let refused = App::new().raise_session_alert(nothing).err().unwrap();
    assert_eq!(refused.to_string(), "the response ThinHistory(0) has no effect, or no limit");
}
