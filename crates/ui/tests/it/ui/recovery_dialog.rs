//! The recovery dialog: what it says, and what comes of its buttons.

// Feature: A recovery dialog opens after a crash, for mouse, keys and gamepad.
// Page: guide/ready-made-ui.md

use std::path::PathBuf;

use bevy::prelude::*;
use bevy::text::FontSource;
use bevy_session::checkpoints::StandingAlert;
use bevy_session::external::Operation;
use bevy_session::hints::{HintGiven, SessionHint};
use bevy_session::prelude::*;
use bevy_session::recovery::{CorruptionDetected, RecoveryDeclined};
use bevy_session::reports::ReportWritten;
use bevy_session::{MemoryDisk, PreviousRun, SessionStatus};
use bevy_session_ui::{
    OpenRecoveryDialog, RecoveryDialog, RecoveryDialogPlugin, SessionTheme, SessionUiPlugins,
    StringsFile,
};

use super::kit::*;
use super::layout::{WINDOWS, assert_seen};
use crate::common::*;

fn is_open(app: &App) -> bool {
    app.world().resource::<RecoveryDialog>().is_open()
}

#[test]
fn a_crash_opens_the_dialog_with_the_best_choice_and_enter_takes_it() {
    let mut app = ui_game(&killed("Campaign", 3));
    assert!(is_open(&app));
    assert!(
        is_shown(&mut app, "The game closed unexpectedly 59 minutes ago."),
        "{:?}",
        texts(&mut app)
    );
    assert!(is_shown(&mut app, "of play could not be saved"));
    assert!(is_shown(&mut app, "Campaign"));
    assert!(is_shown(&mut app, "Place 3"));
    assert_eq!(focused(&mut app), ["Recover"]);
    key(&mut app, KeyCode::Enter);
    frames(&mut app, 4);
    assert_eq!(
        received::<SessionRecovered>(&app).len(),
        1,
        "{:?}",
        received::<RequestRejected>(&app)
    );
    assert!(!is_open(&app));
    assert_eq!(health(&mut app), [3]);
    seconds(&mut app, 2.0);
    assert_eq!(texts(&mut app), Vec::<String>::new(), "nothing should be left on the screen");
}

#[test]
fn an_older_checkpoint_is_chosen_with_the_arrow_keys() {
    let mut app = ui_game(&killed("Campaign", 4));
    // The buttons are below the list.
    for _ in 0..9 {
        key(&mut app, KeyCode::ArrowUp);
    }
    let rows = |app: &mut App| focused(app).join(" ");
    assert!(rows(&mut app).contains("Place 4"), "{}", rows(&mut app));
    key(&mut app, KeyCode::ArrowDown);
    key(&mut app, KeyCode::ArrowDown);
    assert!(rows(&mut app).contains("Place 2"), "{}", rows(&mut app));
    key(&mut app, KeyCode::Space);
    assert!(rows(&mut app).contains("Place 2"), "the focus should stay: {}", rows(&mut app));
    key(&mut app, KeyCode::Enter);
    assert_eq!(focused(&mut app), ["Recover"], "who chooses it twice wants to go on");
    key(&mut app, KeyCode::Enter);
    frames(&mut app, 4);
    assert_eq!(health(&mut app), [2]);
}

#[test]
fn a_gamepad_does_all_that_keys_do() {
    let mut app = ui_game(&killed("Campaign", 4));
    assert_eq!(focused(&mut app), ["Recover"]);
    gamepad(&mut app, GamepadButton::DPadLeft);
    assert_eq!(focused(&mut app), ["Start fresh"]);
    gamepad(&mut app, GamepadButton::DPadLeft);
    assert_eq!(focused(&mut app), ["Details"]);
    gamepad(&mut app, GamepadButton::South);
    frames(&mut app, 2);
    assert!(is_shown(&mut app, "What happened"));
    gamepad(&mut app, GamepadButton::East);
    frames(&mut app, 2);
    assert_eq!(focused(&mut app), ["Details"], "going back should lead where one came from");
    gamepad(&mut app, GamepadButton::DPadRight);
    gamepad(&mut app, GamepadButton::DPadRight);
    gamepad(&mut app, GamepadButton::South);
    frames(&mut app, 4);
    assert_eq!(received::<SessionRecovered>(&app).len(), 1);
}

#[test]
fn the_focus_is_kept_while_texts_are_updated() {
    let mut app = ui_game(&killed("Campaign", 2));
    key(&mut app, KeyCode::ArrowLeft);
    key(&mut app, KeyCode::ArrowLeft);
    assert_eq!(focused(&mut app), ["Details"]);
    assert!(is_shown(&mut app, "59 minutes ago"));
    long(&mut app, 90);
    assert!(is_shown(&mut app, "an hour ago"), "{:?}", texts(&mut app));
    assert_eq!(focused(&mut app), ["Details"]);
}

#[test]
fn tab_goes_round_and_never_leaves_the_dialog() {
    let mut app = ui_game(&killed("Campaign", 1));
    let first = focused(&mut app);
    let mut seen = vec![first.clone()];
    for _ in 0..20 {
        key(&mut app, KeyCode::Tab);
        let now = focused(&mut app);
        assert!(!now.is_empty(), "the focus should be on a button");
        if now == first {
            break;
        }
        seen.push(now);
    }
    assert!(
        seen.iter().any(|on| *on == ["Details"]) && seen.iter().any(|on| *on == ["Start fresh"])
    );
    assert_eq!(focused(&mut app), first, "it should come round: {seen:?}");
}

#[test]
fn starting_fresh_keeps_the_data_and_asks_no_more() {
    let mut app = ui_game(&killed("Campaign", 2));
    press(&mut app, "Start fresh");
    frames(&mut app, 4);
    assert_eq!(received::<RecoveryDeclined>(&app).len(), 1);
    assert!(!is_open(&app));
    let catalog = app.world().resource::<SessionCatalog>();
    assert_eq!(catalog.sessions().len(), 1);
    assert!(catalog.sessions()[0].declined);
}

#[test]
fn escape_puts_the_question_off() {
    let mut app = ui_game(&killed("Campaign", 2));
    key(&mut app, KeyCode::Escape);
    frames(&mut app, 2);
    assert!(!is_open(&app));
    assert_eq!(app.world().resource::<RecoveryOffers>().offers().len(), 1, "the offer stays");
    app.world_mut().trigger(OpenRecoveryDialog);
    frames(&mut app, 2);
    assert!(is_open(&app));
    assert_eq!(focused(&mut app), ["Recover"]);
}

#[test]
fn the_dialog_waits_for_the_menu_of_the_game() {
    let disk = killed("Campaign", 2);
    let mut app = ui_game_with(&disk, |app| {
        app.offer_recovery_in(Phase::Playing);
    });
    assert!(!is_open(&app));
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    frames(&mut app, 3);
    assert!(is_open(&app));
}

#[test]
fn the_dialog_closes_if_the_game_starts_a_session() {
    let mut app = ui_game(&killed("Campaign", 2));
    assert!(is_open(&app));
    start(&mut app, "Another");
    assert!(!is_open(&app));
}

#[test]
fn each_of_several_crashed_sessions_can_be_chosen() {
    let disk = killed_beside(&killed("First", 1), "Second", 2);
    let mut app = ui_game(&disk);
    assert!(is_shown(&mut app, "Second (1 of 2)"), "{:?}", texts(&mut app));
    press(&mut app, ">");
    assert!(is_shown(&mut app, "First (2 of 2)"));
    press(&mut app, ">");
    assert!(is_shown(&mut app, "Second (1 of 2)"), "it should go round");
    press(&mut app, "<");
    press(&mut app, "Start fresh");
    frames(&mut app, 3);
    assert!(is_open(&app), "the other one waits for an answer");
    assert!(is_shown(&mut app, "Second") && !is_shown(&mut app, "of 2"));
    press(&mut app, "Recover");
    frames(&mut app, 3);
    assert_eq!(app.world().resource::<CurrentSession>().name(), "Second");
}

#[test]
fn the_details_name_the_files_and_a_report_is_saved() {
    let disk = killed("Campaign", 2);
    let mut app = game_with(plugin_later(&disk), |app| {
        add_ui(app);
        let dialog = RecoveryDialogPlugin::default().reports_in("sessions");
        app.add_plugins(SessionUiPlugins.set(dialog));
        resize(app, 1280, 720, 1.0);
        listen::<ReportWritten>(app);
    });
    frames(&mut app, 4);
    press(&mut app, "Details");
    assert!(is_shown(&mut app, "profiles"), "the place should be named: {:?}", texts(&mut app));
    press(&mut app, "Save a report");
    frames(&mut app, 4);
    let written = received::<ReportWritten>(&app);
    assert_eq!(written.len(), 1);
    assert!(disk.content(&written[0].path).is_some());
    for (width, height, scale) in WINDOWS {
        resize(&mut app, width, height, scale);
        frames(&mut app, 3);
        assert_seen(&mut app, "Saved: sessions/crash-report-");
    }
    assert!(button(&mut app, "Save a report").is_none(), "one report is enough");
}

#[test]
fn the_details_name_the_standing_alerts() {
    let mut app = ui_game(&killed("Campaign", 2));
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut previous = app.world_mut().resource_mut::<PreviousRun>();
    previous.alerts = vec![StandingAlert::new("BS0705", "90 MB are left on the disk", true, now)];
    press(&mut app, "Details");
    assert!(is_shown(&mut app, "Warning before that"), "{:?}", texts(&mut app));
    assert!(is_shown(&mut app, "BS0705: 90 MB are left on the disk"), "{:?}", texts(&mut app));
}

#[test]
fn the_dialog_says_that_a_report_could_not_be_saved() {
    let disk = killed("Campaign", 2);
    let mut app = game_with(plugin_later(&disk), |app| {
        add_ui(app);
        let dialog = RecoveryDialogPlugin::default().reports_in("nowhere/at/all");
        app.add_plugins(SessionUiPlugins.set(dialog));
        resize(app, 1280, 720, 1.0);
    });
    frames(&mut app, 4);
    press(&mut app, "Details");
    press(&mut app, "Save a report");
    frames(&mut app, 4);
    assert!(is_shown(&mut app, "The report could not be saved"), "{:?}", texts(&mut app));
    assert!(button(&mut app, "Save a report").is_some(), "it can be tried again");
}

#[test]
fn a_damaged_choice_is_reported_and_the_next_best_is_chosen() {
    let killed = killed("Campaign", 3);
    let is_journal = |path: &&PathBuf| path.extension().is_some_and(|end| end == "journal");
    let journal = killed.paths().iter().find(is_journal).cloned().unwrap();
    let length = killed.content(&journal).unwrap().len();
    let is_missed = |offset: &usize| {
        let disk = killed.snapshot();
        let mut app = game_with(plugin_later(&disk), listen::<CorruptionDetected>);
        frames(&mut app, 2);
        disk.corrupt(&journal, *offset, 0x40);
        let session = app.world().resource::<SessionCatalog>().sessions()[0].session.id;
        request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
        frames(&mut app, 3);
        !received::<CorruptionDetected>(&app).is_empty()
    };
    let offset = (length / 2..length).rev().find(is_missed).expect("a byte should matter");
    let disk = killed.snapshot();
    let mut app = ui_game(&disk);
    disk.corrupt(&journal, offset, 0x40);
    press(&mut app, "Recover");
    frames(&mut app, 5);
    assert!(is_shown(&mut app, "This save could not be loaded"), "{:?}", texts(&mut app));
    assert!(is_shown(&mut app, "The next best save is chosen now"));
    assert_eq!(focused(&mut app), ["Recover"]);
    press(&mut app, "Recover");
    frames(&mut app, 5);
    assert_eq!(health(&mut app), [2]);
}

#[test]
fn unreadable_saves_are_reported_and_not_deleted() {
    let disk = killed("Campaign", 3);
    let mut app = ui_game(&disk);
    disk.fail_always(Operation::Read, std::io::ErrorKind::Other);
    press(&mut app, "Recover");
    frames(&mut app, 5);
    let said = "The saves of \"Campaign\" could not be read: the disk reports an error.";
    assert!(is_shown(&mut app, said), "{:?}", texts(&mut app));
    press(&mut app, "OK");
    assert!(!is_open(&app));
    disk.heal();
    request(&mut app, |commands| commands.session().library().find());
    frames(&mut app, 4);
    assert!(is_open(&app), "it is there again");
    press(&mut app, "Recover");
    frames(&mut app, 4);
    assert_eq!(health(&mut app), [3]);
}

/// Damages everything behind the header of every journal.
pub fn damage_all(disk: &MemoryDisk) {
    for journal in disk.paths() {
        if journal.extension().is_some_and(|end| end == "journal") {
            for offset in (700..disk.content(&journal).unwrap().len()).step_by(20) {
                disk.corrupt(&journal, offset, 0xff);
            }
            disk.corrupt(&journal, 20, 0xff);
        }
    }
}

#[test]
fn total_damage_is_reported_in_the_state_that_the_game_allows() {
    let disk = killed("Campaign", 3);
    damage_all(&disk);
    let mut app = ui_game_with(&disk, |app| {
        app.offer_recovery_in(Phase::Playing);
    });
    assert!(!is_open(&app), "not over the splash screen");
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    frames(&mut app, 3);
    assert!(is_shown(&mut app, "could not be read"), "{:?}", texts(&mut app));
    press(&mut app, "OK");
    frames(&mut app, 3);
    assert!(!is_open(&app), "once is enough");
}

#[test]
fn a_slot_can_be_recovered_if_all_checkpoints_are_damaged() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    app.world_mut().spawn(Health(7));
    start(&mut app, "Campaign");
    request(&mut app, |commands| {
        commands.session().slots().save(SaveSlot::manual("Before the boss"))
    });
    seconds(&mut app, 3.0);
    let disk = disk.snapshot();
    damage_all(&disk);
    let mut app = ui_game(&disk);
    press(&mut app, "Before the boss");
    press(&mut app, "Recover");
    frames(&mut app, 5);
    assert_eq!(
        health(&mut app),
        [7],
        "{:?} {:?}",
        texts(&mut app),
        received::<RequestRejected>(&app)
    );
}

#[test]
fn without_a_font_the_dialog_still_works() {
    let no_such_file = |server: &AssetServer| server.load::<Font>("no/such/font.ttf").into();
    let no_such_family = |_: &AssetServer| "No Such Family".into();
    let fonts: [fn(&AssetServer) -> FontSource; 2] = [no_such_file, no_such_family];
    for font in fonts {
        let mut app = ui_game(&killed("Campaign", 2));
        let font = font(app.world().resource::<AssetServer>());
        app.world_mut().resource_mut::<SessionTheme>().font = font;
        seconds(&mut app, 1.0);
        assert_eq!(focused(&mut app), ["Recover"]);
        key(&mut app, KeyCode::Enter);
        frames(&mut app, 4);
        assert_eq!(health(&mut app), [2]);
    }
}

// Feature: All of it fits windows of any size, and languages are files.
#[test]
fn another_language_is_loaded_from_a_file() {
    let mut app = ui_game(&killed("Campaign", 2));
    let file = app.world().resource::<AssetServer>().load("strings/de.ron");
    app.insert_resource(StringsFile(file));
    for _ in 0..10_000 {
        app.update();
        if is_shown(&mut app, "Willkommen") {
            break;
        }
        std::thread::yield_now();
    }
    assert!(is_shown(&mut app, "Das Spiel wurde vor"), "{:?}", texts(&mut app));
    press(&mut app, "Wiederherstellen");
    frames(&mut app, 4);
    assert_eq!(health(&mut app), [2]);
}

#[test]
fn progress_is_shown_until_the_game_has_loaded_its_level() {
    #[derive(Resource, Default)]
    struct LevelIsThere(bool);
    let mut app = ui_game_with(&killed("Campaign", 2), |app| {
        app.init_resource::<LevelIsThere>()
            .restore_session_when(|level: Res<LevelIsThere>| level.0);
    });
    press(&mut app, "Recover");
    frames(&mut app, 3);
    assert!(is_shown(&mut app, "Loading the world"), "{:?}", texts(&mut app));
    assert!(button(&mut app, "Recover").is_none());
    seconds(&mut app, 12.0);
    assert!(is_shown(&mut app, "This takes longer than usual"), "{:?}", texts(&mut app));
    app.world_mut().resource_mut::<LevelIsThere>().0 = true;
    frames(&mut app, 3);
    assert!(!is_open(&app));
    assert_eq!(received::<SessionRecovered>(&app).len(), 1);
}

#[test]
fn only_visible_rows_of_hundreds_of_checkpoints_are_built() {
    let mut app = ui_game(&killed("Campaign", 500));
    let count = |app: &mut App| {
        let world = app.world_mut();
        world.query::<&Node>().iter(world).count()
    };
    let listed = app.world().resource::<RecoveryOffers>().offers()[0].checkpoints.len();
    assert!(listed >= 500, "{listed}");
    assert!(count(&mut app) < 150, "{}", count(&mut app));
    for _ in 0..9 {
        key(&mut app, KeyCode::ArrowUp);
    }
    assert!(focused(&mut app).contains(&"Place 500".to_owned()), "{:?}", focused(&mut app));
    for _ in 0..20 {
        key(&mut app, KeyCode::ArrowDown);
    }
    assert!(focused(&mut app).contains(&"Place 480".to_owned()), "{:?}", focused(&mut app));
    for _ in 0..110 {
        key(&mut app, KeyCode::PageDown);
    }
    assert!(focused(&mut app).contains(&"Place 1".to_owned()), "{:?}", focused(&mut app));
    assert!(count(&mut app) < 150);
}

#[test]
fn without_a_crash_no_dialog_is_shown() {
    let mut app = ui_game(&MemoryDisk::default());
    assert!(!is_open(&app));
    start(&mut app, "Campaign");
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    seconds(&mut app, 2.0);
    let session = &app.world().resource::<SessionCatalog>().sessions()[0];
    assert_eq!(session.status, SessionStatus::Closed);
    assert!(texts(&mut app).is_empty());
}

#[test]
fn virtual_time_is_paused_while_the_dialog_is_open() {
    let disk = killed("Campaign", 2);
    let is_paused = |app: &App| app.world().resource::<Time<Virtual>>().is_paused();
    let mut app = ui_game(&disk);
    assert!(app.world().resource::<RecoveryDialog>().is_open() && is_paused(&app));
    press(&mut app, "Recover");
    frames(&mut app, 3);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    assert!(!is_paused(&app));

    // A game that is paused by itself stays so.
    let disk = killed("Campaign", 2);
    let mut app = ui_game_with(&disk, |app| {
        app.add_systems(Startup, |mut time: ResMut<Time<Virtual>>| time.pause());
    });
    press(&mut app, "Recover");
    frames(&mut app, 3);
    assert!(is_paused(&app));
}

#[test]
fn a_game_may_let_time_pass_behind_the_dialog() {
    let disk = killed("Campaign", 2);
    let mut app = game_with(plugin_later(&disk), |app| {
        add_ui(app);
        app.add_plugins(SessionUiPlugins.set(RecoveryDialogPlugin::default().let_time_pass()));
    });
    frames(&mut app, 4);
    assert!(app.world().resource::<RecoveryDialog>().is_open());
    assert!(!app.world().resource::<Time<Virtual>>().is_paused());
}

#[test]
fn a_dialog_that_cannot_be_seen_gives_a_hint() {
    let disk = killed("Campaign", 2);
    let mut app = ui_game_with(&disk, |app| {
        listen::<HintGiven>(app);
        let world = app.world_mut();
        let camera = world.query_filtered::<Entity, With<Camera>>().single(world).unwrap();
        world.despawn(camera);
    });
    seconds(&mut app, 1.0);
    assert!(received::<HintGiven>(&app).is_empty());
    seconds(&mut app, 5.0);
    let given = received::<HintGiven>(&app);
    assert!(given.len() == 1 && given[0].hint == SessionHint::DialogWithoutCamera, "{given:?}");
}

/// A session that went on here and on another machine, and whose files a cloud put into one directory.
fn forked() -> MemoryDisk {
    let disk = MemoryDisk::default();
    let data = std::path::Path::new("sessions/data");
    let mut app = game(&disk);
    app.world_mut().spawn(Health(1));
    start(&mut app, "Forked");
    let id = app.world().resource::<CurrentSession>().id();
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    let (here, elsewhere) = (disk.snapshot(), MemoryDisk::default());
    elsewhere.take_from(&here, data);
    for (disk, played) in [(&here, 90), (&elsewhere, 200)] {
        let mut app = game(disk);
        request(&mut app, |commands| commands.session().continue_session(id));
        long(&mut app, played);
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        frames(&mut app, 3);
    }
    here.take_from(&elsewhere, data);
    here
}

#[test]
fn the_dialog_describes_both_sides_of_a_fork() {
    let mut app = ui_game(&forked());
    assert!(is_open(&app));
    // Both sides were left in good order.
    assert!(is_shown(&mut app, "This game was played in more than one place."));
    assert!(is_shown(&mut app, "Nothing was lost."));
    let sentence = |app: &mut App| {
        let texts = texts(app);
        let said = texts.iter().find(|text| text.starts_with("The same until "));
        let said = said.unwrap_or_else(|| panic!("no word of the fork in {texts:?}"));
        said.split_once("; then ").unwrap().1.to_owned()
    };
    let mut said = [sentence(&mut app), String::new()];
    press(&mut app, ">");
    said[1] = sentence(&mut app);
    said.sort();
    let expected = [
        "1 minute here (shown now), 3 minutes on another device. Both are kept.",
        "1 minute here, 3 minutes on another device (shown now). Both are kept.",
    ];
    assert_eq!(said, expected);
    for (width, height, scale) in WINDOWS {
        resize(&mut app, width, height, scale);
        frames(&mut app, 3);
        super::layout::assert_tidy(&mut app, &format!("fork in {width} x {height} at {scale}"));
        assert_seen(&mut app, "The same until");
    }
    press(&mut app, "Details");
    assert!(!is_shown(&mut app, "The same until"), "the details are of something else");
}

#[test]
fn a_side_that_is_set_aside_leaves_the_other_one() {
    let mut app = ui_game(&forked());
    press(&mut app, ">");
    press(&mut app, "Set this one aside");
    frames(&mut app, 3);
    assert!(received::<RecoveryDeclined>(&app)[0].line.is_some());
    // It was left in good order, so nothing is asked any more.
    assert!(!is_open(&app));
    assert!(app.world().resource::<RecoveryOffers>().is_empty());
}

#[test]
fn a_decline_that_is_refused_is_shown_with_its_reason_and_can_be_tried_again() {
    for (disk, decline) in
        [(killed("Campaign", 2), "Start fresh"), (forked(), "Set this one aside")]
    {
        let mut app = ui_game(&disk);
        for operation in [Operation::Append, Operation::Sync, Operation::Replace] {
            disk.fail_always(operation, std::io::ErrorKind::StorageFull);
        }
        press(&mut app, decline);
        frames(&mut app, 4);
        assert!(is_open(&app), "{decline}: {:?}", received::<RecoveryDeclined>(&app));
        assert!(is_shown(&mut app, "the disk is full"), "{decline}: {:?}", texts(&mut app));
        disk.heal();
        press(&mut app, decline);
        frames(&mut app, 4);
        assert!(!is_open(&app), "{decline}: {:?}", texts(&mut app));
        assert_eq!(received::<RecoveryDeclined>(&app).len(), 1, "{decline}");
    }
}
