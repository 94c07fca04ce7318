//! Policies for crashed sessions: ask, automatic, never; and the way out of a crash loop.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::external::Operation;
use bevy_session::prelude::*;
use bevy_session::recovery::{Proposal, RestoreCancelled, RestorePrepared, RestoreStarted};
use bevy_session::{
    CheckpointId, CheckpointSaved, MemoryDisk, SessionActivity, SessionId, SessionsFound,
};
use bevy_session_journal::internal::disk::{Layout, LocalStore};

use crate::common::*;

/// A game in which everything that these tests ask about is listened to.
fn game_of(disk: &MemoryDisk, policy: RecoveryPolicy, add: impl FnOnce(&mut App)) -> App {
    game_with(plugin(disk).recovery(policy), |app| {
        listen::<SessionsFound>(app);
        listen::<RecoveryAvailable>(app);
        listen::<SessionStarted>(app);
        listen::<SessionRestored>(app);
        listen::<RequestRejected>(app);
        listen::<CheckpointSaved>(app);
        add(app);
    })
}

fn asking(disk: &MemoryDisk) -> App {
    let mut app = game_of(disk, RecoveryPolicy::Ask, |_| {});
    frames(&mut app, 2);
    app
}

fn automatic(disk: &MemoryDisk) -> App {
    let mut app = game_of(disk, RecoveryPolicy::Automatic, |_| {});
    frames(&mut app, 3);
    app
}

/// Plays a session with three named checkpoints, ten seconds and ten points of health apart, and
/// hands out what `kill -9` leaves of it.
fn killed(name: &str, disk: &MemoryDisk) -> (MemoryDisk, SessionId, Vec<CheckpointId>) {
    let mut app = game_of(disk, RecoveryPolicy::Ask, |_| {});
    let entity = app.world_mut().spawn(Health(0)).id();
    start(&mut app, name);
    app.world_mut().resource_mut::<SessionSettings>().autosave = false;
    let mut saved = Vec::new();
    for health in [10, 20, 30] {
        seconds(&mut app, 10.0);
        app.world_mut().entity_mut(entity).insert(Health(health));
        request(&mut app, |commands| commands.session().checkpoint("by hand"));
        frames(&mut app, 3);
        saved.push(received::<CheckpointSaved>(&app).pop().unwrap().checkpoint);
    }
    let session = app.world().resource::<CurrentSession>().id();
    (disk.snapshot(), session, saved)
}

fn health(app: &mut App) -> u32 {
    let world = app.world_mut();
    world.query::<&Health>().single(world).unwrap().0
}

/// The proposal for a session, and its deaths in a row.
fn proposed(app: &App, session: SessionId) -> (Proposal, u32) {
    let offers = app.world().resource::<RecoveryOffers>();
    let offer = offers.of(session).next().expect("the session should be offered");
    (offer.proposed, offer.deaths_in_a_row)
}

/// Recovers a session, plays it for so many seconds, and hands out what `kill -9` leaves.
fn recover_and_die(disk: &MemoryDisk, session: SessionId, seconds_of_play: usize) -> MemoryDisk {
    let mut app = asking(disk);
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 3);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    long(&mut app, seconds_of_play);
    disk.snapshot()
}

fn trial(session: SessionId) -> PathBuf {
    format!("sessions/state/{session}.trial").into()
}

// Feature: A game that dies soon after each restore is proposed older checkpoints.
// Page: guide/recovery.md#a-game-that-dies-again-and-again
#[test]
fn each_death_soon_after_a_restore_steps_down_the_ladder() {
    let (mut disk, session, saved) = killed("Looping", &MemoryDisk::default());
    let steps =
        [(Proposal::Newest, 30), (Proposal::Older(saved[1]), 20), (Proposal::Older(saved[0]), 10)];
    for (deaths, (expected, expected_health)) in (0..).zip(steps) {
        let mut app = asking(&disk);
        assert_eq!(proposed(&app, session), (expected, deaths));
        let offers = app.world().resource::<RecoveryOffers>();
        let offer = offers.of(session).next().unwrap().clone();
        if let Proposal::Older(checkpoint) = offer.proposed {
            assert!(offer.checkpoints.iter().any(|listed| listed.id == checkpoint));
        }
        request(&mut app, |commands| {
            commands.session().recover(session, offer.proposed.restore_from().unwrap());
        });
        frames(&mut app, 3);
        assert_eq!(health(&mut app), expected_health);
        long(&mut app, 20);
        disk = disk.snapshot();
    }
    let mut app = asking(&disk);
    assert_eq!(proposed(&app, session), (Proposal::SafeStart, 3));
    assert_eq!(Proposal::SafeStart.restore_from(), None);
    let newest = app.world().resource::<RecoveryOffers>().offers()[0].newest;
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 3);
    let restored = received::<SessionRestored>(&app).pop().unwrap();
    assert_eq!(restored.checkpoint, newest, "`Latest` should stay the newest checkpoint");
}

// Feature: One call answers an offer with what it proposes.
// Page: guide/recovery.md
#[test]
fn an_accepted_offer_follows_the_ladder_to_its_end() {
    let (mut disk, session, _) = killed("Looping", &MemoryDisk::default());
    for expected_health in [30, 20, 10] {
        let mut app = asking(&disk);
        assert!(accept(&mut app));
        frames(&mut app, 3);
        assert_eq!(health(&mut app), expected_health);
        long(&mut app, 20);
        disk = disk.snapshot();
    }
    let mut app = asking(&disk);
    assert!(accept(&mut app), "a new session is proposed, so the offer is declined");
    frames(&mut app, 3);
    assert!(received::<SessionRestored>(&app).is_empty());
    assert!(received::<SessionStarted>(&app).is_empty(), "that is for the game's menu");
    assert!(!accept(&mut app), "nothing is offered any more");
    let mut later = asking(&disk.snapshot());
    assert!(later.world().resource::<SessionCatalog>().get(session).is_some());
    assert!(!accept(&mut later));
}

#[test]
fn a_session_without_older_checkpoints_gets_its_tries_before_a_safe_start() {
    let disk = MemoryDisk::default();
    let mut app = asking(&disk);
    start(&mut app, "Young");
    let session = app.world().resource::<CurrentSession>().id();
    let mut disk = disk.snapshot();
    for deaths in 0..3 {
        // Killed in the loading screen, before anything of the session was put back.
        let mut app = game_with(plugin(&disk), |app| {
            app.restore_session_when(|| false);
        });
        frames(&mut app, 3);
        assert_eq!(proposed(&app, session), (Proposal::Newest, deaths));
        request(&mut app, |commands| {
            commands.session().recover(session, RestoreFrom::Latest);
        });
        frames(&mut app, 3);
        assert!(app.world().resource::<SessionActivity>().restore().is_some());
        disk = disk.snapshot();
    }
    assert_eq!(proposed(&asking(&disk), session), (Proposal::SafeStart, 3));
}

/// Follows the proposal, as the guide's first page does.
fn take_what_is_proposed(crash: On<RecoveryAvailable>, mut commands: Commands) {
    let session = crash.offer.session.id;
    match crash.offer.proposed.restore_from() {
        Some(from) => {
            commands.session().recover(session, from);
        }
        None => {
            commands.session().decline(session);
            commands.run_system_cached(|mut commands: Commands| {
                commands.session().start(NewSession::named("Afresh"));
            });
        }
    }
}

#[test]
fn taking_every_proposal_leads_down_the_ladder_to_a_safe_start() {
    let disk = MemoryDisk::default();
    let mut app = asking(&disk);
    start(&mut app, "Deadly");
    let played = played_by_turns(disk.snapshot(), 6, |disk| {
        game_of(disk, RecoveryPolicy::Ask, |app| {
            app.add_observer(take_what_is_proposed);
        })
    });
    assert_eq!(played, ["Deadly", "Deadly", "Deadly", "Afresh", "Afresh", "Afresh"]);
}

#[test]
fn repeated_failures_propose_a_checkpoint_older_than_all_failed_ones() {
    let (mut disk, session, saved) = killed("Stubborn", &MemoryDisk::default());
    for _ in 0..2 {
        let mut app = asking(&disk);
        request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
        seconds(&mut app, 5.0);
        // Something newer, which may hold the same poison.
        request(&mut app, |commands| commands.session().checkpoint("further on"));
        frames(&mut app, 3);
        disk = disk.snapshot();
    }
    let app = asking(&disk);
    assert_eq!(proposed(&app, session), (Proposal::Older(saved[1]), 2));
}

#[test]
fn a_minute_of_play_resets_the_count_of_deaths() {
    let (disk, session, saved) = killed("Proven", &MemoryDisk::default());
    let died_early = recover_and_die(&disk, session, 58);
    assert_eq!(proposed(&asking(&died_early), session), (Proposal::Older(saved[1]), 1));
    let died_late = recover_and_die(&died_early, session, 62);
    assert_eq!(proposed(&asking(&died_late), session), (Proposal::Newest, 0));
    assert!(died_late.content(&trial(session)).is_none());
}

#[test]
fn a_clean_end_resets_the_count_of_deaths() {
    let (disk, session, _) = killed("Clean", &MemoryDisk::default());
    let disk = recover_and_die(&disk, session, 5);
    for close in [true, false] {
        let disk = disk.snapshot();
        let mut app = asking(&disk);
        request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
        frames(&mut app, 3);
        if close {
            request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        } else {
            app.world_mut().write_message(AppExit::Success);
        }
        frames(&mut app, 3);
        drop(app);
        let mut app = asking(&disk);
        assert!(app.world().resource::<RecoveryOffers>().is_empty());
        request(&mut app, |commands| commands.session().continue_session(session));
        frames(&mut app, 3);
        let app = asking(&disk.snapshot());
        // A first death after a clean end is no sign that the world is to blame.
        assert_eq!(proposed(&app, session), (Proposal::Newest, 0));
        let again = recover_and_die(&disk.snapshot(), session, 5);
        assert_eq!(proposed(&asking(&again), session).1, 1, "only what came after it counts");
    }
}

#[test]
fn a_rewind_remembers_the_deaths_before_it_and_adds_none() {
    let (disk, session, _) = killed("Rewound", &MemoryDisk::default());
    let mut app = asking(&disk);
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    drop(app);
    let mut app = asking(&disk);
    request(&mut app, |commands| commands.session().continue_session(session));
    frames(&mut app, 3);
    // The first death after a clean end.
    let disk = disk.snapshot();
    let mut app = asking(&disk);
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 3);
    let layout = Layout::by_directory("sessions/data".into(), "sessions/state".into(), "default");
    let store = LocalStore::new(Arc::new(disk.clone()), layout).store;
    let before = store.trial(session).unwrap().expect("a restore on trial");
    assert_eq!((before.tries, before.earlier.len()), (1, 1));
    request(&mut app, |commands| commands.session().rewind(RewindTo::Ago(Duration::ZERO)));
    frames(&mut app, 3);
    assert_eq!(received::<SessionRestored>(&app).len(), 2);
    let after = store.trial(session).unwrap().expect("what is on trial stays so");
    assert_eq!((after.tries, after.earlier), (before.tries, before.earlier));
}

#[test]
fn an_exit_that_could_not_be_written_is_not_a_death() {
    let (disk, session, _) = killed("Dropped", &MemoryDisk::default());
    let mut app = asking(&disk);
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 3);
    drop(app);
    let mut app = asking(&disk);
    request(&mut app, |commands| commands.session().continue_session(session));
    frames(&mut app, 3);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    assert_eq!(proposed(&asking(&disk.snapshot()), session), (Proposal::Newest, 0));
}

#[test]
fn a_death_during_a_restore_counts() {
    #[derive(Resource, Default)]
    struct Image(Option<MemoryDisk>);
    let (disk, session, saved) = killed("Torn", &MemoryDisk::default());
    let shared = disk.clone();
    let mut app = game_of(&disk, RecoveryPolicy::Ask, |app| {
        app.init_resource::<Image>().add_observer(
            move |_: On<RestoreStarted>, mut image: ResMut<Image>| {
                image.0 = Some(shared.snapshot());
            },
        );
    });
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 3);
    let image = app.world_mut().resource_mut::<Image>().0.take().unwrap();
    assert_eq!(proposed(&asking(&image), session), (Proposal::Older(saved[1]), 1));
}

#[test]
fn a_cancelled_restore_is_not_a_try() {
    let (disk, session, _) = killed("Cancelled", &MemoryDisk::default());
    let disk = recover_and_die(&disk, session, 5);
    let before = disk.content(&trial(session));
    let mut app = game_of(&disk, RecoveryPolicy::Ask, |app| {
        listen::<RestoreCancelled>(app);
        app.add_observer(|_: On<RestorePrepared>, mut commands: Commands| {
            commands.session().cancel_restore();
        });
    });
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 3);
    assert_eq!(received::<RestoreCancelled>(&app).len(), 1);
    assert_eq!(disk.content(&trial(session)), before);
    assert_eq!(proposed(&asking(&disk.snapshot()), session).1, 1);
}

#[test]
fn a_missing_or_damaged_count_of_deaths_is_zero() {
    let (disk, session, _) = killed("Damaged", &MemoryDisk::default());
    let disk = recover_and_die(&disk, session, 5);
    assert_eq!(proposed(&asking(&disk), session).1, 1);
    let damaged = disk.snapshot();
    damaged.corrupt(&trial(session), 30, 1);
    assert_eq!(proposed(&asking(&damaged), session), (Proposal::Newest, 0));
    let missing = disk.snapshot();
    missing.remove_all(&trial(session));
    assert_eq!(proposed(&asking(&missing), session), (Proposal::Newest, 0));
}

#[test]
fn an_unreadable_count_of_deaths_counts_as_one() {
    let (disk, session, saved) = killed("Unreadable", &MemoryDisk::default());
    let disk = recover_and_die(&disk, session, 5);
    let mut offered = 0;
    for reads in 0..60 {
        let disk = disk.snapshot();
        disk.fail_after(Operation::Read, reads, std::io::ErrorKind::Other);
        let app = asking(&disk);
        disk.heal();
        let Some(offer) = app.world().resource::<RecoveryOffers>().of(session).next() else {
            continue;
        };
        offered += 1;
        assert_ne!(offer.proposed, Proposal::Newest, "after {reads} reads");
        assert!(offer.deaths_in_a_row >= 1, "after {reads} reads");
    }
    assert!(offered > 1, "{offered}");
    // All can be read again, and nothing was forgotten.
    assert_eq!(proposed(&asking(&disk), session), (Proposal::Older(saved[1]), 1));
}

#[test]
fn sessions_dont_disturb_each_others_ladders() {
    let (disk, one, _) = killed("One", &MemoryDisk::default());
    let (disk, two, _) = killed("Two", &disk);
    let disk = recover_and_die(&disk, one, 5);
    let app = asking(&disk);
    assert_eq!((proposed(&app, one).1, proposed(&app, two).1), (1, 0));
    let disk = recover_and_die(&disk, two, 5);
    let app = asking(&disk);
    assert_eq!((proposed(&app, one).1, proposed(&app, two).1), (1, 1));
}

#[test]
fn a_process_that_still_plays_has_not_died() {
    let (disk, session, _) = killed("Playing", &MemoryDisk::default());
    let mut first = asking(&disk);
    request(&mut first, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut first, 3);
    let second = asking(&disk);
    assert!(second.world().resource::<RecoveryOffers>().is_empty());
    assert!(second.world().resource::<SessionCatalog>().get(session).unwrap().in_use);
}

// Feature: A policy asks the player, recovers without asking, or ignores crashes.
// Page: guide/recovery.md#whether-the-player-is-asked
#[test]
fn a_server_recovers_by_itself_without_asking() {
    let (disk, _, _) = killed("Older", &MemoryDisk::default());
    let (disk, newest, _) = killed("Newer", &disk);
    let mut app = automatic(&disk);
    assert_eq!(app.world().resource::<CurrentSession>().id(), newest);
    assert_eq!(health(&mut app), 30);
    assert!(received::<RecoveryAvailable>(&app).is_empty());
    assert_eq!(app.world().resource::<RecoveryOffers>().offers().len(), 1);
    // The other one isn't resumed as soon as this one is left.
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    seconds(&mut app, 2.0);
    assert!(app.world().get_resource::<CurrentSession>().is_none());
}

// Feature: A server that dies again and again takes older checkpoints, then starts over.
// Page: guide/servers.md
#[test]
fn a_server_that_dies_repeatedly_steps_back_and_then_starts_over() {
    let (mut disk, session, _) = killed("World", &MemoryDisk::default());
    for expected in [30, 20, 10] {
        let mut app = automatic(&disk);
        assert_eq!(app.world().resource::<CurrentSession>().id(), session);
        assert_eq!(health(&mut app), expected);
        long(&mut app, 20);
        disk = disk.snapshot();
    }
    let mut app = automatic(&disk);
    let current = app.world().resource::<CurrentSession>();
    assert_ne!(current.id(), session);
    assert_eq!(current.name(), "World");
    let fresh = current.id();
    let catalog = app.world().resource::<SessionCatalog>();
    assert!(catalog.get(session).unwrap().can_go_on(), "the old one should be kept and listed");
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    drop(app);
    // It doesn't fall back into the loop once the new one is over.
    let app = automatic(&disk);
    assert!(app.world().get_resource::<CurrentSession>().is_none());
    assert!(app.world().resource::<SessionCatalog>().get(fresh).is_some());
    // The player may still want it.
    let mut app = automatic(&disk.snapshot());
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 3);
    assert_eq!(app.world().resource::<CurrentSession>().id(), session);
}

#[test]
fn start_or_continue_follows_the_ladder_where_it_does_not_ask() {
    let (mut disk, session, _) = killed("World", &MemoryDisk::default());
    let server = |disk: &MemoryDisk, policy| {
        let mut app = game_of(disk, policy, |app| {
            app.add_systems(Startup, |mut commands: Commands| {
                commands.session().start_or_continue(NewSession::named("World"));
            });
        });
        frames(&mut app, 3);
        app
    };
    for expected in [30, 20, 10] {
        let mut app = server(&disk, RecoveryPolicy::Automatic);
        assert_eq!(health(&mut app), expected);
        assert!(received::<RequestRejected>(&app).is_empty());
        disk = disk.snapshot();
    }
    let app = server(&disk, RecoveryPolicy::Automatic);
    assert_ne!(app.world().resource::<CurrentSession>().id(), session);
}

// Feature: A game that panics at each recovery goes back without a question too; a killed one goes on where it was.
#[test]
fn repeated_kills_resume_at_the_newest_checkpoint() {
    let (mut disk, session, _) = killed("World", &MemoryDisk::default());
    for deaths in 0..5 {
        let mut app = game_of(&disk, RecoveryPolicy::Ask, |app| {
            app.add_systems(Startup, |mut commands: Commands| {
                commands.session().start_or_continue(NewSession::named("World"));
            });
        });
        frames(&mut app, 3);
        assert_eq!(app.world().resource::<CurrentSession>().id(), session, "{deaths} deaths");
        assert_eq!(health(&mut app), 30, "{deaths} deaths");
        disk = disk.snapshot();
    }
}

#[test]
fn a_closed_session_that_kills_the_game_steps_down_the_ladder() {
    #[derive(Resource, Default)]
    struct Image(Option<MemoryDisk>);
    let (disk, session, _) = killed("World", &MemoryDisk::default());
    let mut app = asking(&disk);
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    drop(app);

    /// The restored checkpoint, and the disk of a process that died before anything of the new run was durable, so that
    /// the journal still says closed.
    fn restored(disk: &MemoryDisk, session: SessionId) -> (CheckpointId, MemoryDisk) {
        let shared = disk.clone();
        let mut app = game_of(disk, RecoveryPolicy::Automatic, |app| {
            app.init_resource::<Image>().add_observer(
                move |_: On<SessionRestored>, mut image: ResMut<Image>| {
                    image.0 = Some(shared.snapshot());
                },
            );
        });
        let world = NewSession::named("World");
        request(&mut app, |commands| commands.session().start_or_continue(world));
        frames(&mut app, 3);
        assert_eq!(app.world().resource::<CurrentSession>().id(), session);
        let image = app.world_mut().resource_mut::<Image>().0.take().unwrap();
        (received::<SessionRestored>(&app)[0].checkpoint, image)
    }
    let (first, image) = restored(&disk, session);
    let (again, image) = restored(&image, session);
    assert_eq!(again, first, "one death alone costs nothing");
    let (older, _) = restored(&image, session);
    assert!(older.counter < first.counter);
}

#[test]
fn a_start_by_the_game_goes_before_an_automatic_recovery() {
    let (disk, session, _) = killed("Crashed", &MemoryDisk::default());
    let mut app = game_of(&disk, RecoveryPolicy::Automatic, |app| {
        app.add_observer(|_: On<SessionsFound>, mut commands: Commands| {
            commands.session().start(NewSession::named("Another"));
        });
    });
    seconds(&mut app, 2.0);
    assert_eq!(app.world().resource::<CurrentSession>().name(), "Another");
    assert!(received::<RequestRejected>(&app).is_empty());
    assert_eq!(app.world().resource::<RecoveryOffers>().offers()[0].session.id, session);
}

#[test]
fn an_automatic_recovery_waits_for_the_state_of_the_offer() {
    let (disk, session, _) = killed("Waiting", &MemoryDisk::default());
    let mut app = game_of(&disk, RecoveryPolicy::Automatic, |app| {
        app.offer_recovery_in(Phase::Playing);
    });
    seconds(&mut app, 2.0);
    assert!(app.world().get_resource::<CurrentSession>().is_none());
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    frames(&mut app, 3);
    assert_eq!(app.world().resource::<CurrentSession>().id(), session);
}

#[test]
fn a_damaged_checkpoint_doesnt_stop_a_server() {
    let (disk, session, _) = killed("Scratched", &MemoryDisk::default());
    let mut app = game_of(&disk, RecoveryPolicy::Automatic, |app| {
        app.offer_recovery_in(Phase::Playing);
    });
    frames(&mut app, 2);
    let newest = app.world().resource::<RecoveryOffers>().offers()[0].newest;
    // Between the offer and the restore, all but the first segment.
    let is_journal = |path: &PathBuf| path.extension().is_some_and(|found| found == "journal");
    for journal in disk.paths().into_iter().filter(is_journal).skip(1) {
        for offset in (700..disk.content(&journal).unwrap().len()).step_by(20) {
            disk.corrupt(&journal, offset, 0xff);
        }
    }
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    seconds(&mut app, 2.0);
    assert_eq!(app.world().resource::<CurrentSession>().id(), session);
    assert!(received::<SessionRestored>(&app)[0].checkpoint.counter < newest.counter);
}

#[test]
fn the_session_that_was_played_last_is_offered_first() {
    let (disk, one, _) = killed("One", &MemoryDisk::default());
    let (disk, two, _) = killed("Two", &disk);
    let first = |disk: &MemoryDisk| {
        asking(disk).world().resource::<RecoveryOffers>().offers()[0].session.id
    };
    // Both began at the same time by the tests' clock, and this one goes on for longer.
    let disk = recover_and_die(&disk, one, 100);
    assert_eq!(first(&disk), one);
    let disk = recover_and_die(&disk, two, 200);
    assert_eq!(first(&disk), two);
}
