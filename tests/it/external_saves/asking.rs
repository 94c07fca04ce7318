//! When the game is asked to save, and what is kept of its answers.

// Feature: A save system of the game's own is asked to save, and its backups are offered.
// Page: guide/external-saves.md

use bevy_session::external::{ExternalOperationKind, ExternalOperations, ExternalOutcome};

use super::*;

const EVERY_MINUTE: ExternalAutosave = ExternalAutosave::Every(Duration::from_secs(60));

#[test]
fn the_game_is_asked_to_save_every_interval_once_it_has_answered() {
    let provider = Provider::new(ExternalAutosave::Every(Duration::from_secs(10)));
    let mut app = game_of(&MemoryDisk::default(), &provider, RecoveryPolicy::Ask);
    play(&mut app, &provider);
    assert!(asked(&app).is_empty(), "it is too early");
    seconds(&mut app, 10.0);
    until(&mut app, |app| !asked(app).is_empty());
    seconds(&mut app, 15.0);
    assert_eq!(reasons(&app), [ExternalSaveReason::Timer], "it should wait for the answer");
    let first = asked(&app)[0].clone();
    answer(&mut app, &first, "auto-1");
    until(&mut app, |app| asked(app).len() == 2);

    let operations = app.world().resource::<ExternalOperations>();
    let saved = operations.get(first.request).unwrap();
    assert_eq!(saved.kind, ExternalOperationKind::Save(ExternalSaveReason::Timer));
    assert!(saved.took >= Duration::from_secs(15));
    let (slot, details) = (Some("auto-1".to_owned()), "212 units".to_owned());
    assert_eq!(saved.outcome, ExternalOutcome::Done { slot, details });
}

#[test]
fn a_game_that_says_off_is_never_asked() {
    let provider = Provider::new(ExternalAutosave::Off);
    let mut app = game_of(&MemoryDisk::default(), &provider, RecoveryPolicy::Ask);
    play(&mut app, &provider);
    for _ in 0..20 {
        heard_autosave(&mut app, &provider);
    }
    request(&mut app, |commands| commands.session().pause());
    heard_autosave(&mut app, &provider);
    app.world_mut().write_message(AppExit::Success);
    frames(&mut app, 2);
    assert!(!app.world().contains_resource::<CurrentSession>(), "the app should exit");
    assert!(asked(&app).is_empty());
}

#[test]
fn turning_external_autosave_off_stops_the_next_request() {
    let provider = Provider::new(ExternalAutosave::Every(Duration::from_secs(10)));
    let mut app = game_of(&MemoryDisk::default(), &provider, RecoveryPolicy::Ask);
    play(&mut app, &provider);
    seconds(&mut app, 8.0);
    provider.says(ExternalAutosave::Off);
    for _ in 0..5 {
        heard_autosave(&mut app, &provider);
    }
    assert!(asked(&app).is_empty());
    provider.says(ExternalAutosave::Every(Duration::from_secs(10)));
    seconds(&mut app, 2.0);
    until(&mut app, |app| !asked(app).is_empty());
}

#[test]
fn with_autosave_off_the_game_is_not_asked_to_save() {
    let provider = Provider::new(ExternalAutosave::Every(Duration::from_secs(2)));
    let mut app = game_of(&MemoryDisk::default(), &provider, RecoveryPolicy::Ask);
    app.world_mut().resource_mut::<SessionSettings>().autosave = false;
    start(&mut app, "Campaign");
    for _ in 0..5 {
        heard_autosave(&mut app, &provider);
    }
    assert!(asked(&app).is_empty());
}

#[test]
fn states_gates_pauses_and_exits_request_an_external_save() {
    let provider = Provider::new(EVERY_MINUTE);
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        listen_to_all(app);
        app.external_saves(provider.clone())
            .add_observer(|asked: On<ExternalSaveRequested>| {
                asked.answer.done(ExternalDone::in_slot("auto"));
            })
            .checkpoint_session_while(in_state(Phase::Playing))
            .checkpoint_session_on_enter(Phase::Playing);
    });
    let enter = |app: &mut App, phase| {
        app.world_mut().resource_mut::<NextState<Phase>>().set(phase);
        frames(app, 3);
    };
    enter(&mut app, Phase::Playing);
    play(&mut app, &provider);
    enter(&mut app, Phase::Menu);
    let asked_for = |app: &App| -> Vec<(ExternalSaveReason, Option<String>)> {
        asked(app).into_iter().map(|asked| (asked.reason, asked.label)).collect()
    };
    assert_eq!(asked_for(&app), [(ExternalSaveReason::Leaving, None)], "the gate closes");
    seconds(&mut app, 2.0);
    enter(&mut app, Phase::Playing);
    until(&mut app, |app| asked(app).len() == 2);
    let entered = (ExternalSaveReason::State, Some("enter Playing".to_owned()));
    assert_eq!(asked_for(&app)[1], entered);
    request(&mut app, |commands| commands.session().pause());
    until(&mut app, |app| asked(app).len() == 3);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    let last = [ExternalSaveReason::Pause, ExternalSaveReason::Exit];
    assert_eq!(reasons(&app)[2..], last);
    assert!(finished(&app).iter().all(ExternalOperation::is_done));
}

#[test]
fn an_exit_waits_for_a_task_that_may_still_answer() {
    let provider = Provider::new(EVERY_MINUTE);
    let mut app = game_of(&MemoryDisk::default(), &provider, RecoveryPolicy::Ask);
    // However busy the machine is.
    app.world_mut().resource_mut::<SessionSettings>().patience.exit = Duration::from_secs(3600);
    app.add_observer(|asked: On<ExternalSaveRequested>| {
        let answer = asked.answer.clone();
        thread::spawn(move || {
            for _ in 0..1000 {
                thread::yield_now();
            }
            answer.done(ExternalDone::in_slot("exit"));
        });
    });
    play(&mut app, &provider);
    app.world_mut().write_message(AppExit::Success);
    app.update();
    let operations = app.world().resource::<ExternalOperations>();
    let last = operations.iter().next_back().expect("the exit should have waited");
    assert_eq!(last.kind, ExternalOperationKind::Save(ExternalSaveReason::Exit));
    assert!(last.is_done(), "{last:?}");
}

#[test]
fn an_exit_does_not_wait_for_an_answer_that_nobody_holds() {
    let provider = Provider::new(EVERY_MINUTE);
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        app.external_saves(provider.clone());
    });
    app.world_mut().resource_mut::<SessionSettings>().patience.exit = Duration::from_secs(3600);
    play(&mut app, &provider);
    app.world_mut().write_message(AppExit::Success);
    app.update();
    let operations = app.world().resource::<ExternalOperations>();
    let last = operations.iter().next_back().unwrap();
    assert_eq!(last.outcome, ExternalOutcome::TimedOut);
}

#[test]
fn acknowledged_external_saves_are_known_after_a_crash() {
    let disk = MemoryDisk::default();
    let provider = Provider::new(ExternalAutosave::Every(Duration::from_secs(10)));
    let mut app = bare_game(&disk, &provider, RecoveryPolicy::Ask);
    play(&mut app, &provider);
    seconds(&mut app, 10.0);
    until(&mut app, |app| !asked(app).is_empty());
    let first = asked(&app)[0].clone();
    answer(&mut app, &first, "auto-1");
    seconds(&mut app, 6.0);

    let after = Provider::with(&[backup("auto-1", 11), backup("auto-2", 12)]);
    let mut app = bare_game(&disk.snapshot(), &after, RecoveryPolicy::Ask);
    until(&mut app, |app| slots(app).len() == 2);
    let offers = app.world().resource::<RecoveryOffers>();
    let known: Vec<(&str, bool)> = offers
        .backups()
        .iter()
        .map(|backup| (backup.save.slot.as_str(), backup.is_acknowledged))
        .collect();
    assert_eq!(known, [("auto-2", false), ("auto-1", true)]);
    let session = offered(&app);
    request(&mut app, |commands| commands.session().external().recover(session, "auto-1"));
    frames(&mut app, 5);
    let operations = app.world().resource::<ExternalOperations>();
    let saved = operations.get(first.request).expect("the session has kept it");
    assert!(saved.is_done());
    let loaded = ExternalOperationKind::Restore("auto-1".to_owned());
    assert!(operations.iter().any(|operation| operation.kind == loaded));
}
