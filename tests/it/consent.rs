//! Consent by purpose: off until given, on until withdrawn, kept with the player, and honoured from that frame on.

use std::io::{ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy_session::consent::{Consent, Purpose};
use bevy_session::events::{EventQuery, EventsRead, RecordedEvent, RecordingExt};
use bevy_session::external::Operation;
use bevy_session::library::{PlayerErased, PlayerExported};
use bevy_session::prelude::*;
use bevy_session::reports::{Report, ReportWritten};
use bevy_session::{MemoryDisk, RequestError, SessionId};
use serde::{Deserialize, Serialize};

use crate::common::*;

#[derive(Message, Reflect, Clone, Serialize, Deserialize)]
struct Jumped(u32);

fn recording(plugin: SessionPlugin) -> App {
    let mut app = game_with(plugin, |app| {
        app.add_message::<Jumped>().record_messages::<Jumped>();
        listen::<EventsRead>(app);
        listen::<PlayerErased>(app);
        listen::<PlayerExported>(app);
        listen::<ReportWritten>(app);
        listen::<RequestRejected>(app);
    });
    frames(&mut app, 2);
    app
}

fn consent(app: &mut App) -> Mut<'_, Consent> {
    app.world_mut().resource_mut::<Consent>()
}

fn is_given(app: &App, purpose: Purpose) -> bool {
    app.world().resource::<Consent>().is_given(purpose)
}

fn jump(app: &mut App, count: u32) {
    app.world_mut().write_message(Jumped(count));
    frames(app, 2);
}

fn recorded(app: &mut App, session: SessionId) -> Vec<RecordedEvent> {
    let query = EventQuery { newest_first: false, ..EventQuery::of(session) };
    request(app, |commands| commands.session().events().read(query));
    frames(app, 4);
    received::<EventsRead>(app).pop().unwrap().result.unwrap().events
}

fn jumps(app: &mut App, session: SessionId) -> Vec<u32> {
    let events = recorded(app, session).into_iter();
    let jumps = events.filter(|event| event.event_type.path.ends_with("Jumped"));
    jumps.map(|event| event.decode::<Jumped>().unwrap().0).collect()
}

fn files(disk: &MemoryDisk, extension: &str) -> Vec<PathBuf> {
    let is_one = |path: &PathBuf| path.extension().is_some_and(|it| it == extension);
    disk.paths().into_iter().filter(is_one).collect()
}

/// The bytes of all recorded events.
fn event_bytes(disk: &MemoryDisk) -> usize {
    files(disk, "events").iter().map(|path| disk.content(path).unwrap().len()).sum()
}

fn rejected(app: &App) -> Option<RequestError> {
    received::<RequestRejected>(app).pop().map(|rejected| rejected.error)
}

// Feature: From the frame in which a player withdraws, nothing is recorded or sent to a replica.
// Page: guide/players-data.md#consent
#[test]
fn nothing_is_recorded_from_the_frame_of_the_withdrawal_on() {
    let disk = MemoryDisk::default();
    let mut app = recording(plugin(&disk));
    let session = begin(&mut app, NewSession::named("Hop"));
    jump(&mut app, 1);
    seconds(&mut app, 2.0);
    // In this very frame.
    app.world_mut().write_message(Jumped(2));
    consent(&mut app).withdraw(Purpose::Recording);
    seconds(&mut app, 2.0);
    let before = event_bytes(&disk);
    assert!(before > 0);
    jump(&mut app, 3);
    request(&mut app, |commands| commands.session().pause());
    seconds(&mut app, 2.0);
    request(&mut app, |commands| commands.session().resume());
    request(&mut app, |commands| commands.session().checkpoint("Now"));
    seconds(&mut app, 2.0);
    assert_eq!(event_bytes(&disk), before, "not even that the session was paused");
    assert_eq!(jumps(&mut app, session), [1], "what was recorded before stays");

    consent(&mut app).give(Purpose::Recording);
    seconds(&mut app, 3.0);
    jump(&mut app, 4);
    seconds(&mut app, 1.0);
    assert_eq!(jumps(&mut app, session), [1, 4]);
}

#[test]
fn pending_events_are_recorded_when_the_player_withdraws() {
    let disk = MemoryDisk::default();
    let mut app = recording(plugin(&disk).writer_delay(4));
    request(&mut app, |commands| commands.session().start(NewSession::named("Hop")));
    seconds(&mut app, 2.0);
    let session = app.world().resource::<CurrentSession>().id();
    for count in 0..50 {
        app.world_mut().write_message(Jumped(count));
    }
    app.update();
    consent(&mut app).withdraw(Purpose::Recording);
    app.world_mut().write_message(Jumped(50));
    seconds(&mut app, 3.0);
    request(&mut app, |commands| commands.session().events().read(EventQuery::of(session)));
    seconds(&mut app, 2.0);
    let read = received::<EventsRead>(&app).pop().unwrap().result.unwrap().events;
    let jumps = read.iter().filter(|event| event.event_type.path.ends_with("Jumped"));
    assert_eq!(jumps.count(), 50);
}

fn ask_for_report(app: &mut App, report: Report, path: &str) {
    request(app, |commands| commands.session().library().report(report, path));
    frames(app, 8);
}

#[test]
fn a_withdrawal_rejects_new_reports_and_completes_begun_ones() {
    let disk = MemoryDisk::default();
    let mut app = recording(plugin(&disk));
    begin(&mut app, NewSession::named("Hop"));
    consent(&mut app).withdraw(Purpose::Reports);
    ask_for_report(&mut app, Report::now(), "no.tar");
    let error = rejected(&app).expect("it should be rejected");
    assert_eq!(error, RequestError::ConsentNotGiven { purpose: Purpose::Reports });
    assert_eq!(error.to_string(), "the player hasn't agreed to reports");
    assert_eq!(disk.content(Path::new("no.tar")), None);

    consent(&mut app).give(Purpose::Reports);
    request(&mut app, |commands| {
        commands.session().library().report(Report::now(), "yes.tar");
    });
    app.update();
    consent(&mut app).withdraw(Purpose::Reports);
    frames(&mut app, 8);
    assert_eq!(received::<ReportWritten>(&app).len(), 1);
    let bytes = disk.content(Path::new("yes.tar")).expect("it was begun before");
    let mut archive = tar::Archive::new(&*bytes);
    let names: Vec<String> = archive
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect();
    assert!(names.iter().any(|name| name == "checkpoint.slot"), "{names:?}");
}

#[test]
fn a_crash_of_a_player_who_has_withdrawn_is_in_no_report() {
    let disk = MemoryDisk::default();
    let mut app = recording(plugin(&disk));
    begin(&mut app, NewSession::named("Garden").player("Ann"));
    seconds(&mut app, 1.0);
    assert_eq!(app.world().resource::<Consent>().player(), Some("Ann"));
    consent(&mut app).withdraw(Purpose::Reports);
    seconds(&mut app, 1.0);
    let killed = disk.snapshot();
    drop(app);
    let mut app = recording(plugin(&killed));
    // Whoever sits there now.
    consent(&mut app).set_player(Some("Ben"));
    ask_for_report(&mut app, Report::of_last_run(), "crash.tar");
    assert_eq!(rejected(&app), Some(RequestError::ConsentNotGiven { purpose: Purpose::Reports }));
    consent(&mut app).set_player(Some("Ann"));
    consent(&mut app).give(Purpose::Reports);
    ask_for_report(&mut app, Report::of_last_run(), "crash.tar");
    assert!(killed.content(Path::new("crash.tar")).is_some());
}

// Feature: Players agree by purpose: insights, recording, reports, replicas; asked again with a new text.
// Page: guide/players-data.md#consent
#[test]
fn asked_consent_is_off_until_given_and_asked_again_for_a_new_version() {
    let disk = MemoryDisk::default();
    let asking = |version| {
        let asked = [Purpose::Recording, Purpose::Reports];
        recording(plugin(&disk).ask_consent(asked).consent_version(version))
    };
    let mut app = asking(1);
    assert!(!is_given(&app, Purpose::Recording) && is_given(&app, Purpose::Replica));
    let session = begin(&mut app, NewSession::named("Hop"));
    jump(&mut app, 1);
    consent(&mut app).give(Purpose::Recording);
    seconds(&mut app, 3.0);
    jump(&mut app, 2);
    seconds(&mut app, 1.0);
    assert_eq!(jumps(&mut app, session), [2]);
    let unanswered: Vec<Purpose> = app.world().resource::<Consent>().unanswered().collect();
    assert_eq!(unanswered, [Purpose::Reports]);
    ask_for_report(&mut app, Report::now(), "no.tar");
    assert_eq!(rejected(&app), Some(RequestError::ConsentNotGiven { purpose: Purpose::Reports }));
    consent(&mut app).withdraw(Purpose::Replica);
    close(&mut app);
    drop(app);

    let app = asking(1);
    assert!(is_given(&app, Purpose::Recording) && !is_given(&app, Purpose::Replica));
    let at = app.world().resource::<Consent>().answer(Purpose::Recording).unwrap().at;
    assert!(at.is_some(), "it is known when");
    drop(app);
    let mut app = asking(2);
    assert!(!is_given(&app, Purpose::Recording), "another text is another question");
    assert!(!is_given(&app, Purpose::Replica), "no stays no");
    assert_eq!(app.world().resource::<Consent>().unanswered().count(), 2);
    consent(&mut app).give(Purpose::Recording);
    frames(&mut app, 2);
    drop(app);
    assert!(is_given(&asking(2), Purpose::Recording));
}

#[test]
fn each_players_answer_applies_from_the_first_frame() {
    let disk = MemoryDisk::default();
    let mut app = recording(plugin(&disk));
    begin(&mut app, NewSession::named("Ann's").player("Ann"));
    frames(&mut app, 2);
    consent(&mut app).withdraw(Purpose::Recording);
    close(&mut app);
    let bens = begin(&mut app, NewSession::named("Ben's").player("Ben"));
    jump(&mut app, 1);
    assert_eq!(jumps(&mut app, bens), [1]);
    close(&mut app);
    let anns = begin(&mut app, NewSession::named("Ann's second").player("Ann"));
    jump(&mut app, 2);
    assert_eq!(jumps(&mut app, anns), Vec::<u32>::new());
    close(&mut app);
    drop(app);

    let mut app = recording(plugin(&disk));
    let anns = begin(&mut app, NewSession::named("Ann's third").player("Ann"));
    jump(&mut app, 3);
    assert_eq!(recorded(&mut app, anns).len(), 0, "not a word");
    close(&mut app);
    let bens = begin(&mut app, NewSession::named("Ben's second").player("Ben"));
    jump(&mut app, 4);
    assert_eq!(jumps(&mut app, bens), [4]);
    assert!(app.world().resource::<Consent>().answered_by(Purpose::Recording).eq([Some("Ann")]));
}

#[test]
fn consent_belongs_to_a_profile() {
    let disk = MemoryDisk::default();
    let mut app = recording(plugin(&disk));
    consent(&mut app).withdraw(Purpose::Insights);
    // The last word in this profile, in the same frame.
    request(&mut app, |commands| commands.session().library().use_profile("other"));
    frames(&mut app, 6);
    assert!(is_given(&app, Purpose::Insights));
    consent(&mut app).withdraw(Purpose::Reports);
    frames(&mut app, 2);
    request(&mut app, |commands| commands.session().library().use_profile("default"));
    frames(&mut app, 6);
    assert!(!is_given(&app, Purpose::Insights) && is_given(&app, Purpose::Reports));
    assert_eq!(files(&disk, "consent").len(), 2);
}

#[test]
fn an_answer_that_the_disk_refuses_applies_and_is_written_later() {
    let disk = MemoryDisk::default();
    let mut app = recording(plugin(&disk));
    disk.fail_always(Operation::Replace, ErrorKind::StorageFull);
    consent(&mut app).withdraw(Purpose::Insights);
    seconds(&mut app, 3.0);
    assert!(!is_given(&app, Purpose::Insights), "it counts at once");
    assert_eq!(files(&disk, "consent").len(), 0);
    disk.heal();
    seconds(&mut app, 3.0);
    assert_eq!(files(&disk, "consent").len(), 1);
    drop(app);
    assert!(!is_given(&recording(plugin(&disk)), Purpose::Insights));
}

// Feature: Answers are kept by profile and player, and exported and erased with the player.
// Page: guide/players-data.md#consent
#[test]
fn an_erasure_removes_only_the_players_own_answers() {
    let disk = MemoryDisk::default();
    let mut app = recording(plugin(&disk));
    for player in ["Ann", "Ben"] {
        consent(&mut app).set_player(Some(player));
        consent(&mut app).withdraw(Purpose::Insights);
        frames(&mut app, 2);
    }
    assert_eq!(files(&disk, "consent").len(), 2);
    request(&mut app, |commands| commands.session().library().export_player("Ann", "ann.tar"));
    frames(&mut app, 40);
    assert_eq!(received::<PlayerExported>(&app).len(), 1, "that is all of Ann there is");
    let bytes = disk.content(Path::new("ann.tar")).unwrap();
    let mut archive = tar::Archive::new(&*bytes);
    let mut entries = archive.entries().unwrap().map(Result::unwrap);
    let is_consent = |path: &Path| path == Path::new("consent.json");
    let mut entry = entries.find(|entry| is_consent(&entry.path().unwrap())).unwrap();
    let mut text = String::new();
    entry.read_to_string(&mut text).unwrap();
    let answers: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answers["insights"]["is_given"], false);
    assert!(answers["insights"]["at"].is_string(), "{answers}");

    request(&mut app, |commands| commands.session().library().erase_player("Ann"));
    frames(&mut app, 60);
    let receipt = received::<PlayerErased>(&app).pop().expect("it should be answered").receipt;
    assert!(receipt.is_complete() && receipt.files >= 1, "{receipt:?}");
    assert_eq!(files(&disk, "consent").len(), 1);
    consent(&mut app).set_player(Some("Ann"));
    assert!(is_given(&app, Purpose::Insights));
    consent(&mut app).set_player(Some("Ben"));
    assert!(!is_given(&app, Purpose::Insights));
    request(&mut app, |commands| commands.session().library().erase_player("Ann"));
    frames(&mut app, 60);
    assert_eq!(rejected(&app), Some(RequestError::UnknownPlayer));
    drop(app);
    let app = recording(plugin(&disk));
    assert!(app.world().resource::<Consent>().answered_by(Purpose::Insights).eq([Some("Ben")]));
}

#[test]
fn an_erased_players_refusal_applies_while_their_session_is_played() {
    let disk = MemoryDisk::default();
    let mut app = recording(plugin(&disk));
    let session = begin(&mut app, NewSession::named("Hop").player("Ann"));
    frames(&mut app, 2);
    consent(&mut app).withdraw(Purpose::Recording);
    seconds(&mut app, 2.0);
    request(&mut app, |commands| commands.session().library().erase_player("Ann"));
    frames(&mut app, 60);
    assert!(!received::<PlayerErased>(&app).pop().unwrap().receipt.is_complete());
    jump(&mut app, 1);
    assert_eq!(jumps(&mut app, session), Vec::<u32>::new());
    close(&mut app);
    request(&mut app, |commands| commands.session().library().clean_up());
    frames(&mut app, 60);
    assert_eq!(files(&disk, "consent").len(), 0);
}

#[test]
fn an_erasure_keeps_the_players_answers_in_other_profiles() {
    let disk = MemoryDisk::default();
    let mut app = recording(plugin(&disk));
    let answer = |app: &mut App| {
        consent(app).set_player(Some("Ann"));
        consent(app).withdraw(Purpose::Recording);
        frames(app, 2);
    };
    answer(&mut app);
    request(&mut app, |commands| commands.session().library().use_profile("other"));
    frames(&mut app, 6);
    answer(&mut app);
    request(&mut app, |commands| commands.session().library().erase_player("Ann"));
    frames(&mut app, 60);
    assert_eq!(received::<PlayerErased>(&app).len(), 1);
    assert!(is_given(&app, Purpose::Recording));
    request(&mut app, |commands| commands.session().library().use_profile("default"));
    frames(&mut app, 6);
    consent(&mut app).set_player(Some("Ann"));
    assert!(!is_given(&app, Purpose::Recording));
}

#[test]
fn the_unnamed_players_refusal_applies_after_a_named_players_session() {
    let disk = MemoryDisk::default();
    let mut app = recording(plugin(&disk));
    consent(&mut app).withdraw(Purpose::Recording);
    let named = begin(&mut app, NewSession::named("Garden").player("Ann"));
    seconds(&mut app, 2.0);
    jump(&mut app, 1);
    assert_eq!(jumps(&mut app, named), [1]);
    close(&mut app);
    frames(&mut app, 2);
    assert_eq!(app.world().resource::<Consent>().player(), None);
    let unnamed = begin(&mut app, NewSession::named("Hop"));
    seconds(&mut app, 2.0);
    jump(&mut app, 2);
    assert_eq!(jumps(&mut app, unnamed), Vec::<u32>::new());
}

#[test]
fn a_panic_right_after_a_start_records_nothing_of_a_player_who_refuses() {
    for refuses in [true, false] {
        let disk = MemoryDisk::default();
        let mut app = recording(plugin(&disk));
        if refuses {
            consent(&mut app).withdraw(Purpose::Recording);
        }
        frames(&mut app, 2);
        request(&mut app, |commands| commands.session().start(NewSession::named("Hop")));
        while app.world().get_resource::<CurrentSession>().is_none() {
            app.update();
        }
        let died = catch_unwind(AssertUnwindSafe(move || {
            app.add_systems(Update, |mut jumped: MessageWriter<Jumped>| {
                jumped.write(Jumped(1));
                panic!("a test");
            });
            app.update();
        }));
        assert!(died.is_err());
        assert_eq!(event_bytes(&disk) > 0, !refuses, "refuses: {refuses}");
    }
}

#[test]
fn an_answer_in_the_frame_of_an_exit_is_kept() {
    let disk = MemoryDisk::default();
    let mut app = recording(plugin(&disk));
    begin(&mut app, NewSession::named("Hop"));
    consent(&mut app).withdraw(Purpose::Replica);
    app.world_mut().write_message(AppExit::Success);
    app.update();
    drop(app);
    assert!(!is_given(&recording(plugin(&disk)), Purpose::Replica));
}

#[test]
fn a_report_on_the_last_run_waits_until_its_player_is_known() {
    let disk = MemoryDisk::default();
    let mut app = recording(plugin(&disk));
    begin(&mut app, NewSession::named("Garden").player("Ann"));
    seconds(&mut app, 1.0);
    consent(&mut app).withdraw(Purpose::Reports);
    seconds(&mut app, 1.0);
    let killed = disk.snapshot();
    drop(app);
    let mut app = game_with(plugin(&killed), listen::<RequestRejected>);
    // Before any session was looked at.
    request(&mut app, |commands| {
        commands.session().library().report(Report::of_last_run(), "crash.tar");
    });
    frames(&mut app, 10);
    assert_eq!(rejected(&app), Some(RequestError::ConsentNotGiven { purpose: Purpose::Reports }));
}

#[test]
fn a_torn_consent_file_gives_no_consent_and_is_kept() {
    let disk = MemoryDisk::default();
    let asking = || recording(plugin(&disk).ask_consent([Purpose::Insights]));
    let mut app = asking();
    consent(&mut app).give(Purpose::Insights);
    frames(&mut app, 2);
    drop(app);
    let path = files(&disk, "consent").remove(0);
    let whole = disk.content(&path).unwrap();
    let torn = &whole[..whole.len() - 5];
    disk.put(&path, torn);
    let mut app = asking();
    assert!(!is_given(&app, Purpose::Insights) && is_given(&app, Purpose::Replica));
    assert_eq!(disk.content(&path).as_deref(), Some(torn));
    consent(&mut app).give(Purpose::Insights);
    frames(&mut app, 2);
    let all = files(&disk, "consent");
    assert_eq!(all.len(), 2);
    assert!(all.iter().any(|path| disk.content(path).as_deref() == Some(torn)), "it is aside");
    drop(app);
    assert!(is_given(&asking(), Purpose::Insights));
}
