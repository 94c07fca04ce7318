//! The history that stays on disk while a session is played on and on.

use bevy::prelude::*;
use bevy_session::checkpoints::WorldCollapsed;
use bevy_session::library::{SessionCopied, StorageSettings};
use bevy_session::prelude::*;
use bevy_session::recovery::{RecoveryDeclined, RecoveryOption};
use bevy_session::{
    CheckpointCaptured, MemoryDisk, RecoveryOffer, SessionId, SessionStatus, SessionUpdate,
};

use crate::common::*;

fn journals(disk: &MemoryDisk) -> Vec<std::path::PathBuf> {
    let is_journal = |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "journal");
    disk.paths().into_iter().filter(is_journal).collect()
}

/// A game in which a counter changes in every frame.
fn counting_game(disk: &MemoryDisk) -> App {
    counting_game_with(plugin(disk))
}

fn counting_game_with(plugin: SessionPlugin) -> App {
    game_with(plugin, |app| {
        app.add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
        listen::<SessionRestored>(app);
        listen::<CheckpointSaved>(app);
        listen::<CheckpointCaptured>(app);
        listen::<CheckpointFailed>(app);
        listen::<RecoveryAvailable>(app);
        listen::<RecoveryDeclined>(app);
        listen::<SessionCopied>(app);
    })
}

fn recovered_score(disk: &MemoryDisk, id: SessionId) -> u32 {
    let mut app = game_with(plugin(disk), listen::<SessionRestored>);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    app.world().resource::<Score>().0
}

#[test]
fn a_kill_at_any_time_of_merging_and_pruning_is_recovered() {
    let disk = MemoryDisk::default();
    let mut app = counting_game(&disk);
    app.world_mut().spawn_batch((0..50).map(Health));
    start(&mut app, "Long");
    let id = app.world().resource::<CurrentSession>().id();
    let mut most = 0;
    for minute in 0..40 {
        long(&mut app, 60);
        most = most.max(journals(&disk).len());
        if minute % 5 == 0 {
            let last = *received::<CheckpointCaptured>(&app)
                .last()
                .map(|captured| &captured.checkpoint)
                .unwrap();
            let saved = received::<CheckpointSaved>(&app).pop().unwrap();
            assert_eq!(saved.checkpoint, last);
            recovered_score(&disk.snapshot(), id);
        }
    }
    assert!((2..=12).contains(&most), "a bounded number of segments should be kept: {most}");
    assert!(received::<CheckpointFailed>(&app).is_empty());
    let available = {
        let tomorrow = plugin(&disk.snapshot()).clock_from("2026-01-02T00:00:00Z".parse().unwrap());
        let mut app = game_with(tomorrow, listen::<RecoveryAvailable>);
        frames(&mut app, 2);
        received::<RecoveryAvailable>(&app).remove(0).offer
    };
    let oldest = available.checkpoints.last().unwrap();
    assert!(oldest.age.as_secs() >= 600, "history should reach back: {:?}", oldest.age);
}

#[test]
fn pausing_again_and_again_does_not_fill_the_disk() {
    let disk = MemoryDisk::default();
    let mut app = counting_game(&disk);
    start(&mut app, "Paused");
    for _ in 0..40 {
        request(&mut app, |commands| commands.session().pause());
        frames(&mut app, 3);
        request(&mut app, |commands| commands.session().resume());
        frames(&mut app, 3);
    }
    assert!(journals(&disk).len() <= 8, "{}", journals(&disk).len());
}

#[test]
fn named_checkpoints_are_kept_through_many_automatic_ones() {
    let disk = MemoryDisk::default();
    let mut app = counting_game(&disk);
    start(&mut app, "Named");
    let id = app.world().resource::<CurrentSession>().id();
    request(&mut app, |commands| commands.session().checkpoint("before the boss"));
    frames(&mut app, 3);
    let boss = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    long(&mut app, 1800);
    let mut app = counting_game(&disk.snapshot());
    frames(&mut app, 2);
    let offer = received::<RecoveryAvailable>(&app).remove(0).offer;
    let listed = offer.checkpoints.iter().find(|listed| listed.id == boss).unwrap();
    assert_eq!(listed.label.as_deref(), Some("before the boss"));
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Checkpoint(boss)));
    frames(&mut app, 3);
    assert_eq!(received::<SessionRestored>(&app)[0].checkpoint, boss);
}

// Feature: History is thinned to a quota, and the newest good checkpoint stays.
// Page: guide/settings.md
#[test]
fn a_quota_thins_history_and_never_the_newest() {
    let disk = MemoryDisk::default();
    let settings = SessionSettings {
        storage: StorageSettings { max_session_bytes: 1, ..StorageSettings::default() },
        ..SessionSettings::default()
    };
    let mut app = game_with(plugin(&disk).settings(settings), |app| {
        app.add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
        listen::<CheckpointSaved>(app);
    });
    start(&mut app, "Small");
    let id = app.world().resource::<CurrentSession>().id();
    long(&mut app, 900);
    assert!(journals(&disk).len() <= 3, "{:?}", journals(&disk));
    let score = app.world().resource::<Score>().0;
    assert!(score - recovered_score(&disk.snapshot(), id) <= 60, "the newest should be there");
}

#[test]
fn a_forgotten_session_leaves_nothing() {
    let disk = MemoryDisk::default();
    let mut app = counting_game(&disk);
    start(&mut app, "Forgotten");
    let id = app.world().resource::<CurrentSession>().id();
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().library().purge(id));
    frames(&mut app, 3);
    assert!(journals(&disk).is_empty());
    assert!(app.world().resource::<SessionCatalog>().get(id).is_none());
}

/// A session that died on two sides, of which the one that was played longer has less checkpoints.
fn unequal_fork() -> (MemoryDisk, SessionId) {
    let disk = MemoryDisk::default();
    let mut app = counting_game(&disk);
    start(&mut app, "Forked");
    let id = app.world().resource::<CurrentSession>().id();
    let (left, right) = (disk.snapshot(), disk.snapshot());
    for (side, rounds, frames_played) in [(&left, 20, 2), (&right, 1, 200)] {
        let mut app = counting_game(side);
        frames(&mut app, 3);
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        for _ in 0..rounds {
            frames(&mut app, frames_played);
            request(&mut app, |commands| commands.session().checkpoint("by hand"));
            frames(&mut app, 2);
        }
    }
    left.take_from(&right, std::path::Path::new("sessions/data"));
    (left, id)
}

#[test]
fn accepting_a_fork_restores_the_side_that_was_shown() {
    let (disk, _) = unequal_fork();
    let mut app = counting_game(&disk);
    frames(&mut app, 3);
    let offers = app.world().resource::<RecoveryOffers>().offers().to_vec();
    assert_eq!(offers.len(), 2);
    assert!(
        offers[0].newest.counter < offers[1].newest.counter,
        "the one with less checkpoints is shown"
    );
    assert!(accept(&mut app));
    frames(&mut app, 4);
    let restored = received::<SessionRestored>(&app).pop().unwrap();
    assert_eq!(restored.checkpoint, offers[0].newest);
}

/// A session that went on in two copies of its folder, which a cloud puts into one, and the scores of both. Both are left in
/// good order, or die.
fn forked(closes: bool) -> (MemoryDisk, SessionId, [u32; 2]) {
    let disk = MemoryDisk::default();
    let mut app = counting_game(&disk);
    start(&mut app, "Forked");
    let id = app.world().resource::<CurrentSession>().id();
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    let (left, right) = (disk.snapshot(), disk.snapshot());
    let scores = [(&left, 100), (&right, 200)].map(|(side, frames_played)| {
        let mut app = counting_game(side);
        request(&mut app, |commands| commands.session().continue_session(id));
        frames(&mut app, frames_played);
        request(&mut app, |commands| match closes {
            true => commands.session().close(LeaveCause::Player),
            false => commands.session().checkpoint("last"),
        });
        frames(&mut app, 3);
        let (score, died) = (app.world().resource::<Score>().0, side.snapshot());
        drop(app);
        if !closes {
            side.take_from(&died, std::path::Path::new("sessions"));
        }
        score
    });
    left.take_from(&right, std::path::Path::new("sessions/data"));
    (left, id, scores)
}

fn offers(app: &App) -> Vec<RecoveryOffer> {
    app.world().resource::<RecoveryOffers>().offers().to_vec()
}

// Feature: One side of a fork is declined by its offer; what is left of it is continued and copied.
// Page: guide/recovery.md#a-fork
#[test]
fn one_side_of_a_fork_is_declined_and_the_other_is_what_is_left() {
    for (closes, declined) in [(true, 0), (true, 1), (false, 0), (false, 1)] {
        let (disk, id, _) = forked(closes);
        let mut app = counting_game(&disk);
        frames(&mut app, 2);
        let sides = offers(&app);
        let (gone, kept) = (sides[declined].clone(), sides[1 - declined].clone());
        let line = gone.fork.as_ref().unwrap().own.newest;
        let newest = kept.fork.as_ref().unwrap().own.newest;
        request(&mut app, |commands| commands.session().decline(&gone));
        frames(&mut app, 3);
        assert_eq!(received::<RecoveryDeclined>(&app).pop().unwrap().line, Some(line));
        // The one that was left in good order is nothing to ask about, now and at the next start.
        let check = |app: &App| {
            let left: Vec<_> = offers(app).iter().map(|it| (it.newest, it.forked)).collect();
            let expected = (!closes).then_some((kept.newest, false));
            assert_eq!(left, expected.into_iter().collect::<Vec<_>>());
            let entry = app.world().resource::<SessionCatalog>().get(id).cloned().unwrap();
            assert_eq!((entry.newest, entry.declined), (Some(newest), false));
            assert_eq!(entry.play_time, kept.play_time);
        };
        check(&app);
        let disk = disk.snapshot();
        let mut app = counting_game(&disk);
        frames(&mut app, 2);
        check(&app);
        // A name is that of the side that is left.
        request(&mut app, |commands| {
            commands.session().library().update(id, SessionUpdate::default().name("Left"))
        });
        frames(&mut app, 3);
        let mut app = counting_game(&disk.snapshot());
        frames(&mut app, 2);
        check(&app);
        let catalog = app.world().resource::<SessionCatalog>();
        assert_eq!(catalog.get(id).unwrap().session.name, "Left");
        request(&mut app, |commands| commands.session().continue_session(id));
        frames(&mut app, 3);
        // One that died soon after a restore goes on at an older moment.
        let restored = received::<SessionRestored>(&app).pop().unwrap().checkpoint;
        let proposed = match kept.restore_from() {
            Some(RestoreFrom::Checkpoint(it) | RestoreFrom::OnSide { checkpoint: it, .. }) => it,
            other => panic!("{other:?}"),
        };
        assert_eq!(restored, proposed);
    }
}

#[test]
fn going_back_to_before_a_fork_goes_on_on_the_side_that_is_left() {
    for declined in [0, 1] {
        let (disk, id, _) = forked(true);
        let mut app = counting_game(&disk);
        frames(&mut app, 2);
        let gone = offers(&app).remove(declined);
        let common = gone.fork.as_ref().unwrap().common.unwrap();
        request(&mut app, |commands| commands.session().decline(&gone));
        frames(&mut app, 3);
        request(&mut app, |commands| {
            commands.session().recover(id, RestoreFrom::Checkpoint(common))
        });
        frames(&mut app, 5);
        assert_eq!(received::<SessionRestored>(&app).pop().unwrap().checkpoint, common);
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        frames(&mut app, 5);
        let mut app = counting_game(&disk.snapshot());
        frames(&mut app, 2);
        assert!(offers(&app).is_empty());
    }
}

#[test]
fn a_session_with_one_side_left_is_copied_and_its_fork_declined_by_its_id() {
    let (disk, id, _) = forked(true);
    let mut app = counting_game(&disk.snapshot());
    frames(&mut app, 2);
    request(&mut app, |commands| commands.session().library().copy(id, "Copy"));
    frames(&mut app, 5);
    assert!(received::<SessionCopied>(&app).is_empty(), "which of both?");
    let gone = offers(&app).remove(0);
    request(&mut app, |commands| commands.session().decline(&gone));
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().library().copy(id, "Copy"));
    frames(&mut app, 5);
    assert_eq!(received::<SessionCopied>(&app).len(), 1);
    let mut app = counting_game(&disk);
    frames(&mut app, 2);
    request(&mut app, |commands| commands.session().decline(id));
    frames(&mut app, 3);
    assert!(offers(&app).is_empty());
    assert!(app.world().resource::<SessionCatalog>().get(id).unwrap().declined);
    let mut app = counting_game(&disk.snapshot());
    frames(&mut app, 2);
    assert!(offers(&app).is_empty());
}

// Feature: Both sides of a fork are offered, with the moment at which they parted.
// Page: guide/recovery.md#a-fork
#[test]
fn a_fork_is_offered_twice_and_neither_side_is_lost() {
    let (left, id, scores) = forked(true);
    let mut app = counting_game(&left);
    frames(&mut app, 2);
    let offers: Vec<_> =
        received::<RecoveryAvailable>(&app).into_iter().map(|available| available.offer).collect();
    assert_eq!(offers.len(), 2, "both heads should be offered");
    assert!(offers.iter().all(|offer| offer.forked));
    let forks: Vec<_> = offers.iter().map(|offer| offer.fork.clone().unwrap()).collect();
    let (one, other) = (&forks[0], &forks[1]);
    assert!(one.common.is_some() && one.common == other.common && one.parted == other.parted);
    assert_eq!((one.own, &*one.others), (other.others[0], &[other.own][..]));
    let played = [one.own, other.own].map(|line| (line.played.as_secs_f32() * 10.0).round() as u64);
    assert_eq!(played.iter().max().unwrap() - played.iter().min().unwrap(), 100, "{played:?}");
    assert!(one.own.is_from_here && other.own.is_from_here);
    let mut found = Vec::new();
    for offer in &offers {
        let mut app = counting_game(&left.snapshot());
        request(&mut app, |commands| {
            commands.session().recover(id, RestoreFrom::Checkpoint(offer.newest));
        });
        frames(&mut app, 2);
        found.push(app.world().resource::<Score>().0);
    }
    found.sort_unstable();
    // The game plays on for a frame or two around the close and the restore.
    for (found, score) in found.iter().zip(&scores) {
        assert!(found.abs_diff(*score) <= 4, "{found} should be near {score}");
    }
}

#[test]
fn a_run_whose_successors_were_pruned_is_no_fork() {
    let mut disk = MemoryDisk::default();
    let mut app = counting_game(&disk);
    start(&mut app, "Often");
    let id = app.world().resource::<CurrentSession>().id();
    let mut last = 0;
    disk = disk.snapshot();
    for life in 0..12 {
        let mut app = counting_game(&disk);
        frames(&mut app, 2);
        let offers = received::<RecoveryAvailable>(&app);
        assert_eq!(offers.len(), 1, "life {life} should have one past");
        assert!(offers[0].offer.newest.counter > last);
        last = offers[0].offer.newest.counter;
        let runs: std::collections::HashSet<_> =
            offers[0].offer.checkpoints.iter().map(|listed| listed.id.run).collect();
        assert!(life < 2 || runs.len() > 1, "the lives before should be offered as well");
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        long(&mut app, 60);
        disk = disk.snapshot();
    }
}

#[test]
fn name_and_status_survive_the_pruning_of_their_segment() {
    let disk = MemoryDisk::default();
    let mut app = counting_game(&disk);
    start(&mut app, "Old name");
    let id = app.world().resource::<CurrentSession>().id();
    request(&mut app, |commands| {
        commands.session().update(SessionUpdate::default().name("New name"))
    });
    request(&mut app, |commands| commands.session().pause());
    frames(&mut app, 3);
    // Many generations later, all of them in the pause.
    for number in 0..60 {
        app.world_mut().resource_mut::<Score>().0 = number;
        request(&mut app, |commands| commands.session().checkpoint(""));
        frames(&mut app, 2);
    }
    long(&mut app, 400);
    let mut app = counting_game(&disk.snapshot());
    frames(&mut app, 2);
    let entry = app.world().resource::<SessionCatalog>().get(id).unwrap().clone();
    assert_eq!(entry.session.name, "New name");
    assert_eq!(entry.status, SessionStatus::Paused);
}

#[test]
fn after_hours_of_play_there_is_something_of_every_age() {
    let disk = MemoryDisk::default();
    let mut app = counting_game(&disk);
    start(&mut app, "Hours");
    slow_frames(&mut app, 3 * 720, std::time::Duration::from_secs(5));
    let mut app = counting_game(&disk.snapshot());
    frames(&mut app, 2);
    let offer = received::<RecoveryAvailable>(&app).remove(0).offer;
    let ages: Vec<u64> = offer
        .checkpoints
        .iter()
        .map(|listed| (offer.play_time - listed.play_time).as_secs() / 60)
        .collect();
    for (youngest, oldest) in [(0, 0), (5, 20), (45, 100), (175, 180)] {
        assert!(
            ages.iter().any(|age| (youngest..=oldest).contains(age)),
            "one should be {youngest} to {oldest} minutes old: {ages:?}"
        );
    }
    assert!(journals(&disk).len() <= 14, "{}", journals(&disk).len());
}

#[test]
fn a_deleted_data_directory_is_saved_again_without_autosave() {
    let disk = MemoryDisk::default();
    let mut app = counting_game(&disk);
    start(&mut app, "Manual");
    let id = app.world().resource::<CurrentSession>().id();
    app.world_mut().resource_mut::<SessionSettings>().autosave = false;
    disk.remove_all(std::path::Path::new("sessions/data"));
    request(&mut app, |commands| commands.session().checkpoint("lost"));
    seconds(&mut app, 3.0);
    assert_eq!(received::<CheckpointFailed>(&app).len(), 1);
    assert!(recovered_score(&disk.snapshot(), id) > 0);
}

#[test]
fn an_ignored_exit_does_not_hide_a_later_crash() {
    let disk = MemoryDisk::default();
    let mut app = counting_game(&disk);
    start(&mut app, "First");
    app.world_mut().write_message(AppExit::Success);
    frames(&mut app, 5);
    start(&mut app, "Second");
    seconds(&mut app, 2.0);
    let killed = disk.snapshot();
    app.world_mut().write_message(AppExit::Success);
    app.update();
    assert!(app.world().get_resource::<CurrentSession>().is_none(), "it should be closed again");
    let mut app = counting_game(&killed);
    frames(&mut app, 2);
    let available = received::<RecoveryAvailable>(&app);
    assert_eq!(available.len(), 1, "the second session was left by a crash");
    assert_eq!(available[0].offer.session.name, "Second");
}

#[test]
fn the_checkpoint_before_a_collapse_of_the_world_can_be_restored() {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), listen::<WorldCollapsed>);
    for health in 0..50 {
        app.world_mut().spawn(Health(health));
    }
    start(&mut app, "Cleared");
    let world = app.world_mut();
    let doomed: Vec<Entity> =
        world.query_filtered::<Entity, With<Health>>().iter(world).skip(3).collect();
    for entity in doomed {
        world.despawn(entity);
    }
    // Long enough for history to be thinned and segments to go.
    for minute in 0..90 {
        app.world_mut().resource_mut::<Score>().0 = minute;
        long(&mut app, 60);
    }
    let collapsed = received::<WorldCollapsed>(&app);
    assert_eq!(collapsed.len(), 1);
    assert_eq!((collapsed[0].before, collapsed[0].after), (50, 3));
    let mut app = game(&disk.snapshot());
    frames(&mut app, 2);
    let offer = app.world().resource::<RecoveryOffers>().offers()[0].clone();
    let whole = offer.checkpoints.iter().find(|checkpoint| checkpoint.entities == 50);
    let whole = whole.expect("the world before should be offered").id;
    request(&mut app, |commands| {
        commands.session().recover(offer.session.id, RestoreFrom::Checkpoint(whole));
    });
    frames(&mut app, 3);
    let world = app.world_mut();
    assert_eq!(world.query::<&Health>().iter(world).count(), 50);
}

#[test]
fn automatic_recovery_of_a_fork_restores_the_side_that_was_played_last() {
    let (disk, _) = unequal_fork();
    let shown = {
        let mut app = counting_game(&disk.snapshot());
        frames(&mut app, 3);
        offers(&app).remove(0)
    };
    let mut app = counting_game_with(plugin(&disk).recovery(RecoveryPolicy::Automatic));
    frames(&mut app, 6);
    assert_eq!(received::<SessionRestored>(&app).pop().unwrap().checkpoint, shown.newest);
}

#[test]
fn going_back_to_before_a_fork_leaves_the_side_that_was_not_chosen() {
    for chosen in [0, 1] {
        let (disk, id) = unequal_fork();
        let mut app = counting_game(&disk);
        frames(&mut app, 3);
        let sides = offers(&app);
        let common = sides[chosen].fork.as_ref().unwrap().common.unwrap();
        let from = sides[chosen].restore_at(common);
        request(&mut app, |commands| commands.session().recover(id, from));
        frames(&mut app, 5);
        assert_eq!(received::<SessionRestored>(&app).pop().unwrap().checkpoint, common);
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        frames(&mut app, 5);
        let mut app = counting_game(&disk.snapshot());
        frames(&mut app, 3);
        let left: Vec<_> = offers(&app).iter().map(|offer| offer.newest).collect();
        assert!(left.contains(&sides[1 - chosen].newest), "{chosen}: {left:?}");
        assert!(!left.contains(&sides[chosen].newest), "{chosen}: {left:?}");
    }
}

#[test]
fn a_recovery_option_gets_the_offer_of_the_side_for_which_it_was_taken() {
    for chosen in [0, 1] {
        let (disk, _) = unequal_fork();
        let mut app = game_with(plugin(&disk), |app| {
            listen::<SessionRestored>(app);
            let option = RecoveryOption::new("newest", "Go on");
            app.recovery_option(option, |In(offer): In<RecoveryOffer>, mut commands: Commands| {
                commands.session().recover(offer.session.id, offer.restore_at(offer.newest));
            });
        });
        frames(&mut app, 3);
        let sides = offers(&app);
        request(&mut app, |commands| {
            commands.session().external().take_option(&sides[chosen], "newest");
        });
        frames(&mut app, 5);
        let restored = received::<SessionRestored>(&app).pop().unwrap().checkpoint;
        assert_eq!(restored, sides[chosen].newest, "{chosen}");
    }
}
