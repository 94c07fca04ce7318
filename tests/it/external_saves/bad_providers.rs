//! Save systems that fail, hang, lie or panic, and have too much.

use std::sync::mpsc::channel;

use bevy_session::RequestError;
use bevy_session::external::{ExternalCall, ExternalCallError, ExternalError};

use super::*;

fn failures(app: &App) -> Vec<(ExternalCall, ExternalCallError)> {
    let failed = received::<ExternalCallFailed>(app);
    failed.into_iter().map(|failed| (failed.call, failed.error)).collect()
}

/// The game goes on as if it had no save system.
fn plays_on(app: &mut App) {
    until(app, |app| !received::<RecoveryAvailable>(app).is_empty());
    let session = offered(app);
    request(app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    until(app, |app| !received::<SessionRecovered>(app).is_empty());
    seconds(app, 6.0);
    assert!(app.world().resource::<CurrentSession>().last_checkpoint().is_some());
}

#[test]
fn a_failed_list_of_backups_does_not_stop_the_offer() {
    let provider = Provider::new(ExternalAutosave::Off);
    provider.lists(|| Err("the directory is gone".into()));
    let mut app = game_of(&killed(false, None), &provider, RecoveryPolicy::Ask);
    until(&mut app, |app| !failures(app).is_empty());
    let error = ExternalCallError::Failed("the directory is gone".to_owned());
    assert_eq!(failures(&app), [(ExternalCall::List, error)]);
    plays_on(&mut app);
}

#[test]
fn a_panicking_provider_is_reported_and_play_continues() {
    let provider = Provider::new(ExternalAutosave::Every(Duration::from_secs(1)));
    provider.lists(|| Ok(vec![backup("auto-1", 1), backup("auto-2", 2)]));
    provider.finds(|save| match save.slot.as_str() {
        "auto-2" => panic!("in validate"),
        _ => Ok(()),
    });
    let mut app = game_of(&killed(false, None), &provider, RecoveryPolicy::Ask);
    until(&mut app, |app| slots(app) == ["auto-1"]);
    let error = ExternalCallError::Panicked("in validate".to_owned());
    assert_eq!(failures(&app), [(ExternalCall::Validate, error)]);

    let panicking = Panicking;
    let mut app = game_with(plugin(&killed(false, None)), |app| {
        listen_to_all(app);
        app.external_saves(panicking);
    });
    until(&mut app, |app| !failures(app).is_empty());
    assert_eq!(failures(&app)[0].0, ExternalCall::List);
    plays_on(&mut app);
    until(&mut app, |app| failures(app).iter().any(|(call, _)| *call == ExternalCall::Autosave));
    assert!(asked(&app).is_empty(), "who doesn't say on isn't asked");
}

struct Panicking;

impl ExternalSaves for Panicking {
    fn list(&self) -> Result<Vec<ExternalSave>> {
        panic!("in list")
    }
    fn validate(&self, _: &ExternalSave) -> Result {
        panic!("in validate")
    }
    fn autosave(&self) -> ExternalAutosave {
        panic!("in autosave")
    }
}

#[test]
fn a_hanging_provider_does_not_hold_up_the_offer() {
    let (release, hangs) = channel::<()>();
    let hangs = Mutex::new(hangs);
    let provider = Provider::new(ExternalAutosave::Off);
    provider.lists(move || {
        let _ = hangs.lock().unwrap().recv();
        Ok(vec![backup("too late", 1)])
    });
    let mut app = game_of(&killed(false, None), &provider, RecoveryPolicy::Ask);
    frames(&mut app, 5);
    assert!(received::<RecoveryAvailable>(&app).is_empty(), "backups are waited for");
    seconds(&mut app, 2.0);
    assert_eq!(received::<RecoveryAvailable>(&app).len(), 1, "and not for long");
    seconds(&mut app, 30.0);
    let silent = ExternalCallError::Silent(Duration::from_secs(30));
    assert_eq!(failures(&app), [(ExternalCall::List, silent)]);
    plays_on(&mut app);
    drop(release);
    seconds(&mut app, 2.0);
    assert!(slots(&app).is_empty());
}

#[test]
fn damage_that_validation_finds_is_reported_and_not_offered() {
    let provider = Provider::new(ExternalAutosave::Off);
    provider.lists(|| Ok(vec![backup("a", 1), backup("b", 2), backup("c", 3).valid(false)]));
    provider.finds(|save| if save.slot == "b" { Err("cut short".into()) } else { Ok(()) });
    let mut app = game_of(&killed(false, None), &provider, RecoveryPolicy::Ask);
    until(&mut app, |app| !received::<RecoveryAvailable>(app).is_empty());
    assert_eq!(slots(&app), ["a"]);
    let damaged: Vec<(String, String)> = received::<ExternalSaveDamaged>(&app)
        .into_iter()
        .map(|damaged| (damaged.save.slot, damaged.reason))
        .collect();
    let expected = [("c", "it is listed as damaged"), ("b", "cut short")];
    assert_eq!(damaged, expected.map(|(slot, reason)| (slot.to_owned(), reason.to_owned())));
}

#[test]
fn a_backup_that_is_claimed_to_be_valid_and_cannot_be_loaded_leaves_the_offer() {
    let provider = Provider::with(&[backup("auto-1", 5)]);
    let mut app = game_of(&killed(false, None), &provider, RecoveryPolicy::Ask);
    app.insert_resource(Loads::Badly);
    until(&mut app, |app| !received::<RecoveryAvailable>(app).is_empty());
    let session = offered(&app);
    request(&mut app, |commands| commands.session().external().recover(session, "auto-1"));
    frames(&mut app, 3);
    assert!(!finished(&app)[0].is_done());
    let offers = app.world().resource::<RecoveryOffers>();
    assert_eq!(offers.backups()[0].failure.as_deref(), Some("no such file"));
    assert_eq!(offers.offers().len(), 1);
    request(&mut app, |commands| commands.session().external().recover(session, "auto-1"));
    frames(&mut app, 2);
    let rejected = received::<RequestRejected>(&app).pop().unwrap();
    assert_eq!(rejected.error, RequestError::External(ExternalError::NotLoadable));
    plays_on(&mut app);
}

#[test]
fn the_newest_ten_of_ten_thousand_backups_are_validated() {
    let provider = Provider::new(ExternalAutosave::Off);
    provider.lists(|| Ok((0..10_000).map(|n| backup(&format!("auto-{n}"), n)).collect()));
    let mut app = game_of(&killed(false, None), &provider, RecoveryPolicy::Ask);
    until(&mut app, |app| !received::<RecoveryAvailable>(app).is_empty());
    let newest: Vec<String> = (9_990..10_000).rev().map(|n| format!("auto-{n}")).collect();
    assert_eq!(slots(&app), newest);
    assert_eq!(provider.validated.load(Ordering::SeqCst), 10);
}

#[test]
fn at_most_64_of_ten_thousand_damaged_backups_are_validated() {
    let provider = Provider::new(ExternalAutosave::Off);
    provider.lists(|| Ok((0..10_000).map(|n| backup(&format!("auto-{n}"), n)).collect()));
    provider.finds(|_| Err("damaged".into()));
    let mut app = game_of(&killed(false, None), &provider, RecoveryPolicy::Ask);
    until(&mut app, |app| !received::<RecoveryAvailable>(app).is_empty());
    assert!(slots(&app).is_empty());
    assert_eq!(provider.validated.load(Ordering::SeqCst), 64);
}

#[test]
fn a_backup_may_be_called_as_a_slot_and_as_another_backup() {
    let disk = MemoryDisk::default();
    let provider = Provider::new(ExternalAutosave::Off);
    let mut app = game_of(&disk, &provider, RecoveryPolicy::Ask);
    start(&mut app, "Campaign");
    request(&mut app, |commands| {
        commands.session().slots().save(SaveSlot::manual("Before the boss"))
    });
    frames(&mut app, 5);
    let twins = [backup("Before the boss", 1), backup("Before the boss", 3)];
    let provider = Provider::with(&twins);
    let mut app = game_of(&disk.snapshot(), &provider, RecoveryPolicy::Ask);
    until(&mut app, |app| slots(app).len() == 1);
    let offers = app.world().resource::<RecoveryOffers>();
    assert_eq!(offers.backups()[0].save, twins[1], "the newer of the two");
    assert_eq!(offers.offers()[0].slots.len(), 1);
    let session = offered(&app);
    request(&mut app, |commands| {
        commands.session().external().recover(session, "Before the boss");
    });
    frames(&mut app, 5);
    assert_eq!(received::<ExternalRestoreRequested>(&app).len(), 1);
    assert_eq!(received::<SessionRecovered>(&app).len(), 1);
}
