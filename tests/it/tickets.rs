//! Each request has a ticket, and one last word.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::attachments::AttachmentOf;
use bevy_session::chapters::{ChapterId, ChapterOutcome, NewChapter};
use bevy_session::ends::Leaving;
use bevy_session::events::EventQuery;
use bevy_session::external::Operation;
use bevy_session::library::{Archived, Retention, SessionQuery, ShelfMove};
use bevy_session::prelude::*;
use bevy_session::recovery::{CorruptionDetected, RestoreCancelled};
use bevy_session::reports::Report;
use bevy_session::requests::CurrentRequest;
use bevy_session::slots::{SlotEntry, SlotFailed, SlotId};
use bevy_session::{
    CheckpointId, LeaveCause, MemoryDisk, RecoveryFailed, RequestDone, RequestError,
    SessionCommands, SessionId, SessionUpdate, Ticket,
};

use crate::common::{
    Dice, Health, frames, game, game_with, listen, plugin, received, request, start,
};

/// All that was said last of each request.
#[derive(Resource, Default)]
struct LastWords(BTreeMap<Ticket, Vec<&'static str>>);

impl LastWords {
    fn hear(&mut self, ticket: impl Into<Option<Ticket>>, word: &'static str) {
        if let Some(ticket) = ticket.into() {
            self.0.entry(ticket).or_default().push(word);
        }
    }
}

fn hear_last_words(app: &mut App) {
    app.init_resource::<LastWords>()
        .add_observer(|it: On<RequestDone>, mut words: ResMut<LastWords>| {
            words.hear(it.ticket, "done");
        })
        .add_observer(|it: On<RequestRejected>, mut words: ResMut<LastWords>| {
            words.hear(it.ticket, "rejected");
        })
        .add_observer(|it: On<CheckpointFailed>, mut words: ResMut<LastWords>| {
            words.hear(it.ticket.filter(|_| it.retry_in.is_none()), "checkpoint failed");
        })
        .add_observer(|it: On<SlotFailed>, mut words: ResMut<LastWords>| {
            words.hear(it.ticket, "slot failed");
        })
        .add_observer(|it: On<RestoreCancelled>, mut words: ResMut<LastWords>| {
            words.hear(it.ticket, "cancelled");
        })
        .add_observer(|it: On<RecoveryFailed>, mut words: ResMut<LastWords>| {
            words.hear(it.ticket, "recovery failed");
        })
        .add_observer(|it: On<CorruptionDetected>, mut words: ResMut<LastWords>| {
            words.hear(it.ticket, "damaged");
        });
}

/// The ids that requests name.
struct Named {
    number: u64,
    session: SessionId,
    slot: SlotId,
    newest: RewindTo,
}

type Ask = fn(&mut SessionCommands, &Named) -> Ticket;

fn new(named: &Named) -> NewSession {
    NewSession::named(format!("Session {}", named.number % 5))
}

/// Each kind of request.
const ASKS: &[(&str, Ask)] = &[
    ("start", |commands, named| commands.start(new(named))),
    ("start another", |commands, named| {
        commands.start(NewSession { replaces_current: true, ..new(named) })
    }),
    ("start or continue", |commands, named| commands.start_or_continue(new(named))),
    ("pause", |commands, _| commands.pause()),
    ("resume", |commands, _| commands.resume()),
    ("rename", |commands, named| {
        commands.update(SessionUpdate::default().name(format!("Name {}", named.number)))
    }),
    ("checkpoint", |commands, _| commands.checkpoint("moment")),
    ("another checkpoint", |commands, _| commands.checkpoint("moment")),
    ("close", |commands, _| commands.close(Leaving::by(LeaveCause::Player))),
    ("end", |commands, _| commands.end(EndReason::Completed, LeaveCause::Player)),
    ("continue", |commands, named| commands.continue_session(named.session)),
    ("recover", |commands, named| commands.recover(named.session, RestoreFrom::Latest)),
    ("rewind", |commands, named| commands.rewind(named.newest)),
    ("undo rewind", |commands, _| commands.rewind(RewindTo::BeforeRewind)),
    ("undo load", |commands, _| commands.rewind(RewindTo::BeforeLoad)),
    ("branch off", |commands, named| match named.newest {
        RewindTo::Checkpoint(checkpoint) => commands.library().branch_off(checkpoint, new(named)),
        _ => commands.rewind(RewindTo::BeforeLoad),
    }),
    ("take option", |commands, named| commands.external().take_option(named.session, "flee")),
    ("decline", |commands, named| commands.decline(named.session)),
    ("find", |commands, _| commands.library().find()),
    ("export player", |commands, named| {
        commands.library().export_player("Nobody", format!("nobody-{}.tar", named.number))
    }),
    ("erase player", |commands, _| commands.library().erase_player("Nobody")),
    ("audit", |commands, _| commands.library().audit(3)),
    ("clean up", |commands, _| commands.library().clean_up()),
    ("cancel", |commands, _| commands.cancel_restore()),
    ("forget key", |commands, _| commands.placed().forget("door")),
    ("forget keys", |commands, _| commands.placed().forget_all("door")),
    ("use profile", |commands, named| {
        commands.library().use_profile(if named.number.is_multiple_of(7) {
            "Ben"
        } else {
            "default"
        })
    }),
    ("read events", |commands, named| commands.events().read(EventQuery::of(named.session))),
    ("validate events", |commands, named| commands.events().validate(named.session)),
    ("purge", |commands, named| commands.library().purge(named.session)),
    ("update", |commands, named| {
        commands.library().update(named.session, SessionUpdate::default().tag("seen"))
    }),
    ("save", |commands, named| {
        commands.slots().save(SaveSlot::manual(format!("Slot {}", named.number % 3)))
    }),
    ("quick save", |commands, _| commands.slots().quick_save()),
    ("another quick save", |commands, _| commands.slots().quick_save()),
    ("quick load", |commands, _| commands.slots().quick_load()),
    ("load", |commands, named| commands.slots().load(named.slot)),
    ("rename slot", |commands, named| {
        commands.slots().rename(named.slot, format!("Slot {}", named.number % 3))
    }),
    ("copy slot", |commands, named| commands.slots().copy(named.slot, "Copy")),
    ("delete slot", |commands, named| commands.slots().delete(named.slot)),
    ("attach", |commands, named| match named.newest {
        RewindTo::Checkpoint(checkpoint) => {
            commands.attachments().attach(checkpoint, "map", vec![1, 2, 3])
        }
        _ => commands.resume(),
    }),
    ("attach to session", |commands, _| {
        commands.attachments().attach_to_session("map", vec![1, 2, 3])
    }),
    ("detach", |commands, _| commands.attachments().detach("map")),
    ("read attachment", |commands, named| {
        let of = AttachmentOf::Session { session: named.session, version: None };
        commands.attachments().read(of, "map")
    }),
    ("begin chapter", |commands, _| {
        let (id, chapter) = (ChapterId::random(), Box::new(NewChapter::named("Cellar")));
        commands.request(CurrentRequest::BeginChapter { id, chapter })
    }),
    ("end chapter", |commands, _| commands.chapters().end_current(ChapterOutcome::Completed)),
    ("report", |commands, named| {
        commands.library().report(Report::now(), format!("sessions/{}.tar", named.number % 50))
    }),
    ("export", |commands, named| {
        commands.library().export(named.session, format!("sessions/{}.export", named.number % 10))
    }),
    ("import", |commands, named| {
        commands.slots().import(format!("sessions/{}.export", named.number % 10))
    }),
    ("protect", |commands, named| commands.slots().protect(named.slot)),
    ("unprotect", |commands, named| commands.slots().unprotect(named.slot)),
    ("delete", |commands, named| commands.library().delete(named.session)),
    ("undelete", |commands, named| commands.library().undelete(named.session)),
    ("archive", |commands, named| commands.library().archive(named.session, Archived::WithWorld)),
    ("unarchive", |commands, named| commands.library().unarchive(named.session)),
    ("copy", |commands, named| commands.library().copy(named.session, "Copy")),
    ("edit all", |commands, named| {
        let query = SessionQuery::default().search(&format!("{}", named.number % 5));
        commands.library().edit_all(query, ShelfMove::Delete)
    }),
    ("draft", |commands, named| commands.library().draft(new(named))),
];

/// One of those that are there, or none.
fn named(app: &App, dice: &mut Dice, number: u64) -> Named {
    let catalog = app.world().resource::<SessionCatalog>();
    let sessions = catalog.sessions();
    let mut one_of = |count: usize| dice.roll(count as u64 + 1) as usize;
    let session = sessions.get(one_of(sessions.len())).map(|entry| entry.session.id);
    let slot = catalog.slots().get(one_of(catalog.slots().len())).map(|slot: &SlotEntry| slot.id);
    let current = app.world().get_resource::<CurrentSession>();
    let newest = current.and_then(CurrentSession::last_checkpoint).map(|it| it.id);
    Named {
        number,
        session: session.unwrap_or_else(SessionId::random),
        slot: slot.unwrap_or_else(SlotId::random),
        newest: newest.map_or(RewindTo::Ago(Duration::ZERO), RewindTo::Checkpoint),
    }
}

/// Which of them got no last word, or more than one.
fn without_one(app: &App, asked: &BTreeMap<Ticket, &str>) -> Vec<String> {
    let words = &app.world().resource::<LastWords>().0;
    let said = asked.iter().map(|(ticket, what)| (what, words.get(ticket).cloned()));
    let wrong = said.filter(|(_, words)| words.as_ref().is_none_or(|words| words.len() != 1));
    wrong.map(|(what, words)| format!("{what}: {words:?}")).collect()
}

// Feature: Each request has a ticket and gets one last answer; a rejection has its reason.
// Page: guide/glossary.md
#[test]
fn each_request_gets_exactly_one_final_answer() {
    let mut outcomes: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    // Only what is paused can be resumed, which dice alone seldom meet.
    let resume = ASKS.iter().find(|(what, _)| *what == "resume").unwrap();
    for seed in 0..12 {
        let mut dice = Dice(seed);
        let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
            hear_last_words(app);
            app.insert_resource(IsOpen(true))
                .checkpoint_session_while(|is_open: Res<IsOpen>| is_open.0)
                .restore_session_when(|is_open: Res<IsOpen>| is_open.0);
        });
        app.insert_resource(match seed % 2 {
            0 => RestoreManner::InPlace,
            _ => RestoreManner::Respawn,
        });
        app.world_mut().spawn(Health(1));
        let mut asked = BTreeMap::new();
        let mut last = "";
        for number in 0..300 {
            let any = &ASKS[dice.roll(ASKS.len() as u64) as usize];
            let (what, make) = *if last == "pause" { resume } else { any };
            last = what;
            let named = named(&app, &mut dice, number);
            asked.insert(ask(&mut app, |commands| make(commands, &named)), what);
            app.world_mut().resource_mut::<IsOpen>().0 = dice.roll(5) > 0;
            frames(&mut app, dice.roll(3) as usize);
        }
        app.world_mut().resource_mut::<IsOpen>().0 = true;
        frames(&mut app, 300);
        assert_eq!(without_one(&app, &asked), [""; 0], "seed {seed}");
        for (ticket, words) in &app.world().resource::<LastWords>().0 {
            if let Some(what) = asked.get(ticket) {
                *outcomes.entry((*what, words[0])).or_default() += 1;
            }
        }
    }
    // Otherwise most of this says nothing.
    let rejected_only = ["take option", "decline", "export player", "erase player"];
    let done = |what: &str| outcomes.contains_key(&(what, "done"));
    let never: Vec<&str> = ASKS.iter().map(|(what, _)| *what).filter(|what| !done(what)).collect();
    assert!(never.iter().all(|what| rejected_only.contains(what)), "{never:?}: {outcomes:?}");
}

/// True if checkpoints may be taken, and restores go on.
#[derive(Resource)]
struct IsOpen(bool);

#[test]
fn requests_pending_at_an_exit_are_answered() {
    let mut app = game(&MemoryDisk::default());
    hear_last_words(&mut app);
    start(&mut app, "Left");
    frames(&mut app, 3);
    let mut asked = BTreeMap::new();
    let mut dice = Dice(1);
    for (number, (what, make)) in ASKS.iter().enumerate() {
        let named = named(&app, &mut dice, number as u64);
        asked.insert(ask(&mut app, |commands| make(commands, &named)), *what);
    }
    app.world_mut().write_message(AppExit::Success);
    frames(&mut app, 1);
    assert_eq!(without_one(&app, &asked), [""; 0]);
}

#[test]
fn equal_requests_are_distinguished_by_their_tickets() {
    let mut app = game(&MemoryDisk::default());
    listen::<RequestRejected>(&mut app);
    frames(&mut app, 3);
    let unknown = SlotId::random();
    let mut commands = app.world_mut().commands();
    let anns = commands.session().by("Ann").slots().rename(unknown, "Alike");
    let bens = commands.session().by("Ben").slots().rename(unknown, "Alike");
    app.world_mut().flush();
    frames(&mut app, 10);
    let rejected = received::<RequestRejected>(&app).into_iter();
    let rejected: Vec<_> = rejected.map(|it| (it.ticket.unwrap(), it.by.unwrap())).collect();
    assert_eq!(rejected, [(anns, "Ann".to_owned()), (bens, "Ben".to_owned())]);
}

#[test]
fn a_request_on_many_sessions_is_answered_separately_from_its_parts() {
    let mut app = game(&MemoryDisk::default());
    hear_last_words(&mut app);
    listen::<RequestRejected>(&mut app);
    start(&mut app, "Played");
    frames(&mut app, 3);
    let all = ShelfMove::Archive(Archived::WithWorld);
    let ticket =
        ask(&mut app, |commands| commands.library().edit_all(SessionQuery::default(), all));
    frames(&mut app, 10);
    let parts = received::<RequestRejected>(&app);
    assert_eq!(parts.iter().map(|it| it.ticket).collect::<Vec<_>>(), [None]);
    assert!(matches!(parts[0].error, RequestError::SessionRunning { .. }));
    assert_eq!(app.world().resource::<LastWords>().0[&ticket], ["done"]);
}

#[test]
fn a_pruning_request_is_answered() {
    let mut app = game(&MemoryDisk::default());
    hear_last_words(&mut app);
    start(&mut app, "Old");
    frames(&mut app, 5);
    let preview = app.world().resource::<SessionCatalog>().preview(&Retention::default());
    let ticket = ask(&mut app, |commands| commands.library().prune(preview));
    frames(&mut app, 10);
    assert_eq!(app.world().resource::<LastWords>().0[&ticket], ["done"]);
}

/// The data of these journals can't be read any more; which checkpoints there are still can.
fn damage_data(disk: &MemoryDisk, is_meant: impl Fn(&Path) -> bool) {
    let is_journal = |path: &PathBuf| path.extension().is_some_and(|it| it == "journal");
    for path in disk.paths().into_iter().filter(|path| is_journal(path) && is_meant(path)) {
        let content = disk.content(&path).unwrap();
        let begins_data = |place: &usize| content[*place..].starts_with(b"bvF\x1e\x01");
        let places = (0..content.len()).filter(begins_data);
        places.for_each(|place| disk.corrupt(&path, place + 48, 0xff));
    }
}

/// A game that hears last words, with two checkpoints in a run each; the older one.
fn game_with_two_runs(disk: &MemoryDisk) -> (App, CheckpointId) {
    let mut app = game(disk);
    hear_last_words(&mut app);
    app.world_mut().spawn(Health(1));
    start(&mut app, "Two runs");
    frames(&mut app, 3);
    let current = app.world().resource::<CurrentSession>();
    let older = current.last_checkpoint().unwrap().id;
    ask(&mut app, |commands| commands.rewind(RewindTo::Ago(Duration::ZERO)));
    frames(&mut app, 6);
    app.world_mut().spawn(Health(2));
    ask(&mut app, |commands| commands.checkpoint("newer"));
    frames(&mut app, 6);
    assert_ne!(app.world().resource::<CurrentSession>().last_checkpoint().unwrap().id, older);
    (app, older)
}

fn ask(app: &mut App, ask: impl FnOnce(&mut SessionCommands) -> Ticket) -> Ticket {
    let world = app.world_mut();
    let ticket = ask(&mut world.commands().session());
    world.flush();
    ticket
}

fn last_words(app: &App, ticket: Ticket) -> Vec<&'static str> {
    app.world().resource::<LastWords>().0.get(&ticket).cloned().unwrap_or_default()
}

#[test]
fn a_session_that_is_damaged_through_and_through_is_answered_once() {
    let disk = MemoryDisk::default();
    let (mut app, _) = game_with_two_runs(&disk);
    let session = app.world().resource::<CurrentSession>().id();
    ask(&mut app, |commands| commands.close(LeaveCause::Player));
    frames(&mut app, 10);
    damage_data(&disk, |_| true);
    let ticket = ask(&mut app, |commands| commands.continue_session(session));
    frames(&mut app, 20);
    assert_eq!(last_words(&app, ticket), ["recovery failed"]);
}

#[test]
fn a_damaged_checkpoint_that_no_other_needs_is_answered() {
    let disk = MemoryDisk::default();
    let (mut app, older) = game_with_two_runs(&disk);
    let run = format!("{:016x}", older.run.0);
    damage_data(&disk, |path| path.to_string_lossy().contains(&run));
    let ticket = ask(&mut app, |commands| commands.rewind(RewindTo::Checkpoint(older)));
    frames(&mut app, 20);
    assert_eq!(last_words(&app, ticket).len(), 1, "{:?}", last_words(&app, ticket));
    assert!(app.world().contains_resource::<CurrentSession>());
}

#[test]
fn a_checkpoint_that_the_disk_refuses_is_given_up_with_its_run() {
    let disk = MemoryDisk::default();
    let (mut app, older) = game_with_two_runs(&disk);
    disk.fail_always(Operation::Append, std::io::ErrorKind::StorageFull);
    app.world_mut().spawn(Health(3));
    let refused = ask(&mut app, |commands| commands.checkpoint("refused"));
    frames(&mut app, 3);
    assert_eq!(last_words(&app, refused), [""; 0], "it is tried again");
    let back = ask(&mut app, |commands| commands.rewind(RewindTo::Checkpoint(older)));
    frames(&mut app, 10);
    disk.heal();
    frames(&mut app, 100);
    assert_eq!(last_words(&app, refused), ["checkpoint failed"]);
    assert_eq!(last_words(&app, back), ["done"]);
}

#[test]
fn requests_of_a_game_that_ignores_an_exit_are_answered() {
    let mut app = game(&MemoryDisk::default());
    hear_last_words(&mut app);
    start(&mut app, "Played on");
    frames(&mut app, 3);
    app.world_mut().write_message(AppExit::Success);
    let mut asked = BTreeMap::new();
    for _ in 0..5 {
        asked.insert(ask(&mut app, |commands| commands.start(NewSession::named("Next"))), "start");
        frames(&mut app, 1);
    }
    frames(&mut app, 10);
    assert_eq!(without_one(&app, &asked), [""; 0]);
    let again = ask(&mut app, |commands| commands.library().find());
    frames(&mut app, 10);
    assert_eq!(last_words(&app, again), ["done"]);
}

#[test]
fn a_chapter_checkpoint_behind_a_closed_gate_is_rejected_at_the_close() {
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        listen::<RequestRejected>(app);
        app.insert_resource(IsOpen(true))
            .checkpoint_session_while(|is_open: Res<IsOpen>| is_open.0);
    });
    start(&mut app, "Shut in");
    frames(&mut app, 3);
    app.world_mut().resource_mut::<IsOpen>().0 = false;
    frames(&mut app, 2);
    request(&mut app, |commands| commands.session().chapters().begin(NewChapter::named("Cellar")));
    frames(&mut app, 2);
    ask(&mut app, |commands| commands.close(LeaveCause::Player));
    frames(&mut app, 6);
    let rejected = received::<RequestRejected>(&app).into_iter().map(|it| (it.ticket, it.error));
    assert_eq!(rejected.collect::<Vec<_>>(), [(None, RequestError::GateStayedShut)]);
}
