//! An update of the game, and the way back from it.

use bevy_session::library::StorageSettings;
use bevy_session::library::VersionFit;

use super::*;

#[test]
fn a_kill_at_any_time_of_a_migrating_restore_loses_no_value() {
    let (disk, id) = played_by_the_first_build();
    let shares_in = |disk: &MemoryDisk| {
        let (mut app, report) = taken_up(disk, id, v2::types);
        assert_eq!(report.losses, []);
        values::<v2::Health>(&mut app).iter().map(|it| it.share).collect::<Vec<f32>>()
    };
    let before = journals(&disk);
    let mut app = build(&disk, v2::types);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    for frame in 0..4 {
        assert_eq!(shares_in(&disk.snapshot()), SHARES, "killed after {frame} frames");
        app.update();
    }
    // And while its first checkpoint, in the new form, was being written.
    let written = disk.snapshot();
    let new = journals(&written).into_iter().find(|path| !before.contains(path)).unwrap();
    let length = written.content(&new).unwrap().len();
    for cut in (0..length).step_by(37) {
        let torn = written.snapshot();
        torn.truncate(&new, cut);
        assert_eq!(shares_in(&torn), SHARES, "cut at {cut} of {length}");
    }
}

// Feature: Old sessions get components that an update requires; the old build can be used again.
#[test]
fn the_build_before_can_be_gone_back_to_after_an_update() {
    // Once with another version of one type, and once with nothing but another version of the game.
    for (version, types) in [("1.2.3", v1::types as Types), ("1.3.0", v0::types)] {
        let (disk, id) = played_by_the_first_build();
        let mut app = build(&disk, v0::types);
        frames(&mut app, 1);
        let last_of_the_first = received::<RecoveryAvailable>(&app).remove(0).offer.newest;
        drop(app);

        let settings = SessionSettings {
            storage: StorageSettings { max_session_bytes: 1, ..StorageSettings::default() },
            ..SessionSettings::default()
        };
        let mut app = game_with(plugin(&disk).version(version).settings(settings), |app| {
            types(app);
            app.add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
        });
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        long(&mut app, 50 * 60);
        let while_it_is_young = disk.snapshot();
        long(&mut app, 15 * 60);
        let later = disk.snapshot();

        let mut app = build(&while_it_is_young, v0::types);
        frames(&mut app, 2);
        let offer = received::<RecoveryAvailable>(&app).remove(0).offer;
        let listed = offer.checkpoints.iter().find(|listed| listed.id == last_of_the_first);
        assert_eq!(listed.expect("the base should be offered").fit, VersionFit::Exact);
        request(&mut app, |commands| {
            commands.session().recover(id, RestoreFrom::Checkpoint(last_of_the_first));
        });
        frames(&mut app, 3);
        let restored = received::<SessionRestored>(&app).remove(0);
        assert_eq!((restored.checkpoint, &*restored.report.losses), (last_of_the_first, &[][..]));
        assert_eq!(values::<v0::Health>(&mut app).len(), 3);

        // Where there is no room, it goes in the end.
        let mut app = build(&later, v0::types);
        frames(&mut app, 2);
        let offer = received::<RecoveryAvailable>(&app).remove(0).offer;
        assert!(offer.checkpoints.iter().all(|listed| listed.id != last_of_the_first));
    }
}

#[test]
fn the_last_checkpoint_of_the_build_before_is_offered_among_many() {
    let disk = MemoryDisk::default();
    let mut app = build(&disk, v0::types);
    app.world_mut().spawn((Health(1), v0::Health(1.0)));
    start(&mut app, "Updated");
    let id = app.world().resource::<CurrentSession>().id();
    let base = app.world().resource::<CurrentSession>().last_checkpoint().unwrap().id;
    let disk = disk.snapshot();
    let (mut app, _) = taken_up(&disk, id, |app| {
        v1::types(app);
        app.add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
    });
    seconds(&mut app, 45.0);
    let mut app = build(&disk.snapshot(), v0::types);
    frames(&mut app, 2);
    let offer = received::<RecoveryAvailable>(&app).remove(0).offer;
    assert_eq!(offer.fit, VersionFit::Newer);
    let listed = offer.checkpoints.len();
    assert_eq!(
        listed, 7,
        "the newest five, the proposed one, and the one that can be gone back to"
    );
    let last = offer.checkpoints.last().unwrap();
    assert_eq!((last.id, last.fit), (base, VersionFit::Exact));
}

#[test]
fn an_unchanged_build_keeps_no_extra_checkpoints() {
    let (disk, id) = played_by_the_first_build();
    let settings = SessionSettings {
        storage: StorageSettings { max_session_bytes: 1, ..StorageSettings::default() },
        ..SessionSettings::default()
    };
    let mut app = game_with(plugin(&disk).settings(settings), |app| {
        v0::types(app);
        app.add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
    });
    let before = journals(&disk);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    long(&mut app, 50 * 60);
    let left: Vec<_> = journals(&disk).into_iter().filter(|path| before.contains(path)).collect();
    assert_eq!(left, [] as [std::path::PathBuf; 0]);
}
