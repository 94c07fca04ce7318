//! The page by symptom: each row is brought about by a test, and what the log says of it stands on the page.

// Feature: Hints say, once, what keeps the plugin from doing what the game expects.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use bevy::ecs::reflect::AppTypeRegistry;
use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy_session::external::Operation;
use bevy_session::hints::{HintGiven, SessionHint};
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreLossReason;
use bevy_session::testing::TestGame;
use bevy_session::{MemoryDisk, SessionId, SessionMode, SessionRestored};
use tracing::Level;

use crate::common::*;
use crate::logs::Collected;

const PAGE: &str = include_str!("../../../docs/guide/troubleshooting.md");
const HERE: &str = "tests/it/guide/troubleshooting.rs";
const HINTS: &str = "tests/it/hints.rs";
const DIALOG: &str = "crates/ui/tests/it/ui/recovery_dialog.rs";

/// The symptom of each row of the page's tables, and the test that brings it about.
const REPRODUCED: &[(&str, &str, &str)] = &[
    (
        "`nothing is saved, since no session has been started`",
        HERE,
        "without_a_session_nothing_is_saved",
    ),
    ("`nothing is saved until a session is started`", HERE, "a_start_that_is_refused_is_logged"),
    (
        "`each start of the game begins from nothing`, or BS0807",
        HERE,
        "a_start_that_calls_start_begins_again_from_nothing",
    ),
    ("nothing, in a pause", HERE, "nothing_is_saved_while_a_session_is_paused"),
    ("`no entity has been saved so far`", HERE, "without_saved_entities_the_log_says_so"),
    (
        "`no checkpoint could be taken for 30 seconds of play`",
        HERE,
        "a_gate_that_stays_shut_is_in_the_log",
    ),
    ("an error, `checkpoint not saved`", HERE, "a_full_disk_is_logged_and_tried_again"),
    ("a warning, `no type is saved`", HERE, "without_saved_types_the_log_says_so"),
    ("nothing", HERE, "a_session_in_memory_ends_with_the_process"),
    ("`NoSession`: `no session is being played`", HERE, "a_request_did_nothing"),
    ("`SessionRunning`: `is being played already`", HERE, "a_request_did_nothing"),
    ("`can't take the step Continue`", HERE, "a_request_did_nothing"),
    ("`SessionInUse`: `another process plays this session`", HERE, "a_request_did_nothing"),
    ("`UnknownSession`: `there is no session with this id`", HERE, "a_request_did_nothing"),
    (
        "a warning, `the restore waits for its gate`",
        HERE,
        "a_restore_whose_state_nobody_enters_waits",
    ),
    ("`NothingToUndo`: `there is nothing to undo`", HERE, "a_request_did_nothing"),
    ("`SessionsAreOff`: `sessions are switched off for this start`", HERE, "a_request_did_nothing"),
    (
        "without its sprite, mesh or children",
        HINTS,
        "components_missing_after_a_restore_give_a_hint",
    ),
    ("at the origin", HERE, "an_unsaved_place_comes_back_at_the_origin"),
    ("twice", HERE, "what_a_level_spawns_without_a_key_comes_back_twice"),
    ("without its parent", HINTS, "an_entity_restored_without_its_parent_gives_a_hint"),
    (
        "with a target that is `PLACEHOLDER`",
        HINTS,
        "an_unmapped_entity_gives_a_hint_in_development_and_release",
    ),
    (
        "with a value from before the last save",
        HERE,
        "a_change_that_bypasses_change_detection_is_lost",
    ),
    ("without a whole type", HERE, "a_type_that_this_build_lacks_is_lost_and_logged"),
    (
        "`the game was killed, and a debug build doesn't offer to recover the session`",
        "tests/it/modes.rs",
        "a_stop_in_development_gives_a_hint_if_another_session_is_started",
    ),
    (
        "`the recovery dialog is open and can't be seen`",
        DIALOG,
        "a_dialog_that_cannot_be_seen_gives_a_hint",
    ),
    ("nothing", HERE, "what_asks_nobody_after_a_start"),
];

/// The first column of all tables of the page, from top to bottom.
fn symptoms() -> Vec<&'static str> {
    let mut symptoms = Vec::new();
    let mut lines = PAGE.lines().peekable();
    while let Some(line) = lines.next() {
        let is_head = lines.peek().is_some_and(|below| below.starts_with("| ---"));
        if line.starts_with("| ") && !line.starts_with("| ---") && !is_head {
            symptoms.extend(line.split('|').nth(1).map(str::trim));
        }
    }
    symptoms
}

#[test]
fn each_row_of_the_page_has_a_test_that_brings_it_about() {
    let reproduced: Vec<&str> = REPRODUCED.iter().map(|(symptom, ..)| *symptom).collect();
    assert_eq!(symptoms(), reproduced);
    let missing: BTreeSet<_> = REPRODUCED
        .iter()
        .filter(|(_, file, test)| {
            let source = fs::read_to_string(root().join(file)).unwrap();
            !source.contains(&format!("#[test]\nfn {test}()"))
        })
        .map(|(_, file, test)| format!("{file}::{test}"))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Asserts that something was said at this level, and that the page quotes it.
fn assert_logged(log: &Collected, level: Level, words: &str) {
    let messages = log.messages(level);
    assert!(messages.iter().any(|it| it.contains(words)), "{words:?} isn't in {messages:#?}");
    assert_on_page(words);
}

fn assert_silent(log: &Collected) {
    let mut said = [log.messages(Level::WARN), log.messages(Level::ERROR)].concat();
    // It is about how busy the machine is.
    said.retain(|message| !message.contains("took longer than its budget"));
    assert!(said.is_empty(), "{said:#?}");
}

fn assert_on_page(words: &str) {
    assert!(PAGE.contains(&format!("`{words}`")), "{words:?} should be on the page");
}

fn logged<T>(play: impl FnOnce() -> T) -> (Collected, T) {
    let log = Collected::default();
    let played = log.while_doing(play);
    (log, played)
}

fn listening(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    game_with(plugin(disk), |app| {
        listen::<HintGiven>(app);
        listen::<RequestRejected>(app);
        listen::<SessionRestored>(app);
        add(app);
    })
}

fn healths(app: &mut App) -> Vec<u32> {
    let world = app.world_mut();
    world.query::<&Health>().iter(world).map(|health| health.0).collect()
}

fn start_or_continue(app: &mut App) {
    request(app, |commands| {
        commands.session().start_or_continue(NewSession::named("World"));
    });
    frames(app, 6);
}

fn score(app: &App) -> u32 {
    app.world().resource::<Score>().0
}

// Nothing is saved.

#[test]
fn without_a_session_nothing_is_saved() {
    let disk = MemoryDisk::default();
    let (log, _) = logged(|| {
        let mut app = listening(&disk, |_| {});
        app.world_mut().spawn(Health(1));
        seconds(&mut app, 35.0);
    });
    assert_logged(&log, Level::WARN, "nothing is saved, since no session has been started");
    let mut next = listening(&disk.snapshot(), |_| {});
    frames(&mut next, 3);
    assert!(next.world().resource::<SessionCatalog>().sessions().is_empty());
}

#[test]
fn a_start_that_is_refused_is_logged() {
    let disk = MemoryDisk::default();
    let mut first = listening(&disk, |_| {});
    start_or_continue(&mut first);
    let (log, second) = logged(|| {
        let mut second = listening(&disk, |_| {});
        start_or_continue(&mut second);
        seconds(&mut second, 3.0);
        second
    });
    assert_logged(&log, Level::WARN, "nothing is saved until a session is started");
    assert!(!second.world().contains_resource::<CurrentSession>());
}

#[test]
fn a_start_that_calls_start_begins_again_from_nothing() {
    let begin_anew = |mut commands: Commands| {
        commands.session().start(NewSession::named("World"));
    };
    let go_on = |mut commands: Commands| {
        commands.session().start_or_continue(NewSession::named("World"));
    };
    for (is_cured, kept) in [(false, 0), (true, 7)] {
        let game = |disk: &MemoryDisk| {
            let mut app = listening(disk, |app| match is_cured {
                false => _ = app.add_systems(Startup, begin_anew),
                true => _ = app.add_systems(Startup, go_on),
            });
            frames(&mut app, 6);
            app
        };
        let disk = MemoryDisk::default();
        let mut app = game(&disk);
        app.insert_resource(Score(7));
        seconds(&mut app, 6.0);
        let (log, app) = logged(|| game(&disk.snapshot()));
        match is_cured {
            false => assert_logged(&log, Level::WARN, "each start of the game begins from nothing"),
            true => assert_silent(&log),
        }
        assert_eq!(score(&app), kept);
    }
}

#[test]
fn nothing_is_saved_while_a_session_is_paused() {
    for (is_cured, kept) in [(false, 1), (true, 7)] {
        let disk = MemoryDisk::default();
        let (log, _) = logged(|| {
            let mut app = listening(&disk, |_| {});
            app.world_mut().spawn(Health(1));
            app.insert_resource(Score(1));
            start_or_continue(&mut app);
            request(&mut app, |commands| commands.session().pause());
            frames(&mut app, 3);
            if is_cured {
                request(&mut app, |commands| commands.session().resume());
            }
            app.insert_resource(Score(7));
            seconds(&mut app, 35.0);
        });
        assert_silent(&log);
        let mut next = listening(&disk.snapshot(), |_| {});
        start_or_continue(&mut next);
        assert_eq!(score(&next), kept);
    }
}

#[test]
fn without_saved_entities_the_log_says_so() {
    let (log, _) = logged(|| {
        let mut app = listening(&MemoryDisk::default(), |_| {});
        app.world_mut().spawn(Name::new("an entity without the marker"));
        start(&mut app, "Empty");
        seconds(&mut app, 35.0);
    });
    assert_logged(&log, Level::WARN, "no entity has been saved so far");
}

#[test]
fn a_gate_that_stays_shut_is_in_the_log() {
    let (log, _) = logged(|| {
        let mut app = listening(&MemoryDisk::default(), |app| {
            app.checkpoint_session_while(in_state(Phase::Playing));
        });
        app.world_mut().spawn(Health(1));
        request(&mut app, |commands| commands.session().start(NewSession::named("Shut")));
        seconds(&mut app, 35.0);
    });
    assert_logged(&log, Level::WARN, "no checkpoint could be taken for 30 seconds of play");
}

#[test]
fn a_full_disk_is_logged_and_tried_again() {
    let disk = MemoryDisk::default();
    let mut app = listening(&disk, listen::<CheckpointFailed>);
    start(&mut app, "Full");
    disk.fail_always(Operation::Append, std::io::ErrorKind::StorageFull);
    let (log, _) = logged(|| {
        app.insert_resource(Score(7));
        seconds(&mut app, 12.0);
    });
    assert_logged(&log, Level::ERROR, "checkpoint not saved");
    let failed = received::<CheckpointFailed>(&app);
    assert!(failed.iter().any(|failed| failed.retry_in.is_some()), "{failed:?}");
    // The player has made room.
    disk.heal();
    seconds(&mut app, 60.0);
    let mut next = listening(&disk.snapshot(), |_| {});
    request(&mut next, |commands| {
        commands.session().start_or_continue(NewSession::named("Full"));
    });
    frames(&mut next, 6);
    assert_eq!(score(&next), 7);
}

#[test]
fn without_saved_types_the_log_says_so() {
    let (log, _) = logged(|| {
        let mut app = App::new();
        // Types of other tests register themselves.
        app.insert_resource(AppTypeRegistry::default());
        app.add_plugins((MinimalPlugins, StatesPlugin, plugin(&MemoryDisk::default())));
        app.finish();
        app.cleanup();
        app.update();
    });
    assert_logged(&log, Level::WARN, "no type is saved");
}

#[test]
fn a_session_in_memory_ends_with_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let game = || {
        let plugin = SessionPlugin::new("Tests", "Memory").directory(directory.path()).in_memory();
        game_with(plugin, |_| {})
    };
    let (log, _) = logged(|| {
        let mut app = game();
        start_or_continue(&mut app);
        app.insert_resource(Score(7));
        seconds(&mut app, 6.0);
    });
    assert_silent(&log);
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
    let mut next = game();
    start_or_continue(&mut next);
    assert_eq!(score(&next), 0);
}

// A request did nothing.

#[test]
fn a_request_did_nothing() {
    let refused = |app: &mut App, ask: &dyn Fn(&mut Commands)| {
        request(app, |commands| ask(commands));
        frames(app, 4);
        let rejected = received::<RequestRejected>(app);
        let error = &rejected.last().unwrap_or_else(|| panic!("it is refused")).error;
        format!("{error:?}: {error}")
    };
    let disk = MemoryDisk::default();
    let mut app = listening(&disk, |_| {});
    app.world_mut().spawn(Health(1));
    let none = refused(&mut app, &|commands| {
        commands.session().checkpoint("early");
    });
    start(&mut app, "Campaign");
    let played = app.world().resource::<CurrentSession>().id();
    let already = refused(&mut app, &|commands| {
        commands.session().start(NewSession::named("Another"));
    });
    let nothing = refused(&mut app, &|commands| {
        commands.session().rewind(RewindTo::BeforeRewind);
    });
    let mut second = listening(&disk, |_| {});
    frames(&mut second, 3);
    let in_use = refused(&mut second, &|commands| {
        commands.session().continue_session(played);
    });
    let unknown = refused(&mut second, &|commands| {
        commands.session().continue_session(SessionId::random());
    });
    request(&mut app, |commands| commands.session().end(EndReason::Completed, LeaveCause::Player));
    frames(&mut app, 3);
    let ended = refused(&mut app, &|commands| {
        commands.session().continue_session(played);
    });
    let mut off = game_with(plugin(&disk).mode(SessionMode::Off), listen::<RequestRejected>);
    let off = refused(&mut off, &|commands| {
        commands.session().start(NewSession::named("Off"));
    });
    let rows = REPRODUCED.iter().filter(|(_, _, test)| *test == "a_request_did_nothing");
    let rows: Vec<&str> = rows.map(|(symptom, ..)| *symptom).collect();
    let said = [none, already, ended, in_use, unknown, nothing, off];
    assert_eq!(rows.len(), said.len());
    for (row, said) in rows.iter().zip(&said) {
        // The error's name, and its text.
        let is_said = row.trim_matches('`').split("`: `").all(|part| said.contains(part));
        assert!(is_said, "{row:?} should be in {said:?}");
    }
}

// Feature: The words of the log lead to their cure on a page by symptom.
// Page: guide/troubleshooting.md
#[test]
fn a_restore_whose_state_nobody_enters_waits() {
    let game = |disk: &MemoryDisk| {
        listening(disk, |app| {
            app.init_state::<Game>()
                .restore_session_through(Game::Loading)
                .restore_session_in(Game::Playing);
        })
    };
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    app.world_mut().spawn(Health(1));
    start_or_continue(&mut app);
    let mut app = game(&disk.snapshot());
    let (log, _) = logged(|| {
        start_or_continue(&mut app);
        seconds(&mut app, 12.0);
    });
    assert_logged(&log, Level::WARN, "the restore waits for its gate");
    assert!(healths(&mut app).is_empty());
    app.world_mut().resource_mut::<NextState<Game>>().set(Game::Playing);
    frames(&mut app, 3);
    assert_eq!(healths(&mut app), [1]);
}

// It came back wrong.

#[derive(Component, Reflect, Clone, serde::Serialize, serde::Deserialize)]
#[reflect(Component, Saved)]
#[require(Transform)]
struct Crate;

#[test]
fn an_unsaved_place_comes_back_at_the_origin() {
    let place = Vec3::new(3.0, 4.0, 5.0);
    for (is_cured, came_back) in [(false, Vec3::ZERO), (true, place)] {
        let game = |disk: &MemoryDisk| {
            listening(disk, |app| {
                if is_cured {
                    app.save_component::<Transform>();
                }
            })
        };
        let disk = MemoryDisk::default();
        let mut app = game(&disk);
        app.world_mut().spawn((Crate, Transform::from_translation(place)));
        start_or_continue(&mut app);
        let mut app = game(&disk.snapshot());
        start_or_continue(&mut app);
        let world = app.world_mut();
        let place = world.query_filtered::<&Transform, With<Crate>>().single(world).unwrap();
        assert_eq!(place.translation, came_back);
    }
}

/// A level that is there some frames after the game entered its state, as where it is loaded from files.
fn spawn_boss_once_loaded(key: Option<&'static str>) -> impl FnMut(Commands, Local<u32>) {
    move |mut commands, mut waited| {
        *waited += 1;
        if *waited == 10 {
            let mut boss = commands.spawn(Health(5));
            key.map(|key| boss.insert(SaveKey::new(key)));
        }
    }
}

#[test]
fn what_a_level_spawns_without_a_key_comes_back_twice() {
    for (key, came_back) in [(None, &[5, 5][..]), (Some("boss"), &[5])] {
        let game = |disk: &MemoryDisk| {
            listening(disk, |app| {
                let level = spawn_boss_once_loaded(key).run_if(in_state(Phase::Playing));
                app.add_systems(Update, level);
            })
        };
        let disk = MemoryDisk::default();
        let mut app = game(&disk);
        app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
        frames(&mut app, 12);
        assert_eq!(healths(&mut app), [5]);
        start_or_continue(&mut app);
        let mut app = game(&disk.snapshot());
        start_or_continue(&mut app);
        frames(&mut app, 12);
        assert_eq!(healths(&mut app), came_back);
    }
}

#[test]
fn a_change_that_bypasses_change_detection_is_lost() {
    for (is_cured, kept) in [(false, 1), (true, 7)] {
        let disk = MemoryDisk::default();
        let mut app = listening(&disk, |_| {});
        app.insert_resource(Score(1));
        start_or_continue(&mut app);
        let mut score = app.world_mut().resource_mut::<Score>();
        match is_cured {
            false => score.bypass_change_detection().0 = 7,
            true => score.0 = 7,
        }
        seconds(&mut app, 12.0);
        let mut app = listening(&disk.snapshot(), |_| {});
        start_or_continue(&mut app);
        assert_eq!(self::score(&app), kept);
    }
}

#[test]
fn a_type_that_this_build_lacks_is_lost_and_logged() {
    let disk = MemoryDisk::default();
    let mut app = listening(&disk, |app| {
        app.save_component::<Transform>();
    });
    app.world_mut().spawn((Health(1), Transform::IDENTITY));
    start_or_continue(&mut app);
    let (log, app) = logged(|| {
        let mut app = listening(&disk.snapshot(), |_| {});
        start_or_continue(&mut app);
        app
    });
    assert_logged(&log, Level::WARN, "values of a type aren't restored");
    let report = &received::<SessionRestored>(&app)[0].report;
    let [loss] = &report.losses[..] else { panic!("{report:?}") };
    assert!(loss.type_path.ends_with("Transform"), "{loss:?}");
    assert_eq!(loss.reason, RestoreLossReason::UnknownType);
}

/// The page has the words of hints that tests of other files bring about.
#[test]
fn the_texts_of_hints_are_on_the_troubleshooting_page() {
    let text = |text: &str| text.to_owned();
    let saved = vec![text("hop::Lamp")];
    let hints = [
        (
            "nothing has put it back",
            SessionHint::NotPutBack { saved, components: vec![text("Sprite")] },
        ),
        (
            "are there twice",
            SessionHint::SpawnedTwice { saved: vec![text("hop::Lamp")], entities: 3 },
        ),
        (
            "came back without their ChildOf",
            SessionHint::LinkNotRestored { type_path: text("bevy::ChildOf"), entities: 2 },
        ),
        (
            "holds an entity that isn't mapped",
            SessionHint::EntityNotMapped { type_path: text("hop::Aim"), field: text(".at") },
        ),
        (
            "the game was killed, and a debug build doesn't offer to recover the session",
            SessionHint::StoppedInDevelopment,
        ),
        ("the recovery dialog is open and can't be seen", SessionHint::DialogWithoutCamera),
    ];
    for (words, hint) in hints {
        assert_on_page(words);
        assert!(hint.to_string().contains(words), "{words:?} should be in {hint}");
    }
}

// Nobody was asked after the crash.

#[test]
fn what_asks_nobody_after_a_start() {
    let (log, _) = logged(|| {
        let offers = |game: &mut TestGame| {
            game.seconds(1.0);
            game.app().world().resource::<RecoveryOffers>().offers().len()
        };
        let played = |build: fn(SessionPlugin) -> App| {
            let mut game = TestGame::new(build);
            game.start(NewSession::named("World")).unwrap();
            game.checkpoint("here").unwrap();
            game
        };
        let asks = |plugin: SessionPlugin| game_with(plugin, |_| {});
        assert_eq!(offers(played(asks).crash_and_restart()), 1);
        let exited = &mut played(asks);
        assert_eq!(offers(exited.exit_and_restart()), 0);
        assert!(exited.app().world().resource::<SessionCatalog>().newest_to_continue().is_some());
        let never =
            |plugin: SessionPlugin| game_with(plugin.recovery(RecoveryPolicy::Never), |_| {});
        assert_eq!(offers(played(never).crash_and_restart()), 0);
        let recovers = |plugin: SessionPlugin| {
            game_with(plugin, |app| {
                app.add_systems(
                    Update,
                    (|mut commands: Commands| {
                        commands.session().start_or_continue(NewSession::named("World"));
                    })
                    .run_if(on_message::<RecoveryAvailable>),
                );
            })
        };
        assert_eq!(offers(played(recovers).crash_and_restart()), 0);
        let old = &mut played(asks);
        old.advance_clock(Duration::from_secs(25 * 60 * 60));
        assert_eq!(offers(old.crash_and_restart()), 0);
        assert!(!old.app().world().resource::<RecoveryOffers>().older().is_empty());
    });
    assert_silent(&log);
}

mod requests {
    include!("samples/rejected.rs");

    use crate::guide::stage::{assert_said, game_on, said};

    #[test]
    fn the_observer_of_the_page_logs_a_request_that_did_nothing() {
        let said = said(|| {
            let mut app = game_on(&bevy_session::MemoryDisk::default(), requests);
            crate::common::request(&mut app, |commands| commands.session().pause());
            crate::common::frames(&mut app, 3);
        });
        assert_said(&said, "Current(Pause): no session is being played");
    }
}
