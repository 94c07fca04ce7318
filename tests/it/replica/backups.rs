//! A second store beside the replica's own.

use bevy_session::replica::{ReplicaLagging, ReplicaTier};

use super::*;

/// A machine of a replica with a backup that gets something every two seconds.
fn with_backup(disk: &MemoryDisk, stores: [&MemoryReplica; 2], name: &str) -> App {
    let [main, backup] = stores;
    let replica = replica(main, name).backup(backup.clone()).backup_every(Duration::from_secs(2));
    machine_with(plugin(disk).replica(replica), listen::<ReplicaLagging>)
}

/// The newest checkpoint that each tier has.
fn newest_of(app: &App, tier: ReplicaTier) -> Option<u64> {
    let replicated = received::<CheckpointReplicated>(app).into_iter();
    replicated.filter(|it| it.tier == tier).map(|it| it.checkpoint.counter).next_back()
}

/// A machine with nothing but a store, which recovers a session from there.
fn recovered_from(store: &MemoryReplica, session: SessionId) -> App {
    let mut app = machine(&MemoryDisk::default(), replica(store, "fresh"));
    seconds(&mut app, 310.0);
    recover(&mut app, session);
    assert_eq!(played_by(&app), Some(session), "{:?}", rejected(&app));
    app
}

#[test]
fn a_backup_has_the_session_for_a_day_without_the_replica() {
    let [main, backup] = [MemoryReplica::default(), MemoryReplica::default()];
    let disk = MemoryDisk::default();
    let mut app = with_backup(&disk, [&main, &backup], "one");
    app.world_mut().spawn(Health(3));
    let session = founded(&mut app, "Arena");
    set_health(&mut app, 4);
    seconds(&mut app, 5.0);
    let newest = newest_of(&app, ReplicaTier::Main);
    assert!(newest.is_some() && newest_of(&app, ReplicaTier::Backup) == newest);
    // The machine and the replica are lost at once.
    drop(killed(app, &disk));
    let mut there = recovered_from(&backup, session);
    assert_eq!(health(&mut there), 4);
}

#[test]
fn who_takes_a_session_over_goes_on_with_its_backup() {
    let [main, backup] = [MemoryReplica::default(), MemoryReplica::default()];
    let disk = MemoryDisk::default();
    let mut one = with_backup(&disk, [&main, &backup], "one");
    one.world_mut().spawn(Health(3));
    let session = founded(&mut one, "Arena");
    seconds(&mut one, 5.0);
    // What comes after that is pruned here before the backup gets anything again.
    set_health(&mut one, 4);
    drop(killed(one, &disk));
    let mut two = with_backup(&MemoryDisk::default(), [&main, &backup], "two");
    seconds(&mut two, 10.0);
    recover(&mut two, session);
    assert_eq!(health(&mut two), 4);
    for number in 5..40 {
        set_health(&mut two, number);
    }
    // The dead machine keeps the session in the backup for five minutes.
    assert_eq!(newest_of(&two, ReplicaTier::Backup), None);
    seconds(&mut two, 310.0);
    assert!(newest_of(&two, ReplicaTier::Backup) == newest_of(&two, ReplicaTier::Main));
    assert!(received::<ReplicaLost>(&two).is_empty());
    drop(two);
    let mut there = recovered_from(&backup, session);
    assert_eq!(health(&mut there), 39);
    assert!(received::<RecoveryAvailable>(&there).iter().all(|it| it.offer.fork.is_none()));
}

#[test]
fn what_a_replica_has_lost_stays_in_its_backup() {
    let [main, backup] = [MemoryReplica::default(), MemoryReplica::default()];
    let disk = MemoryDisk::default();
    let mut one = with_backup(&disk, [&main, &backup], "one");
    one.world_mut().spawn(Health(3));
    let session = founded(&mut one, "Arena");
    seconds(&mut one, 5.0);
    let yesterday = main.snapshot();
    // The next process writes into files of its own.
    let disk = killed(one, &disk);
    let mut one = with_backup(&disk, [&main, &backup], "one");
    seconds(&mut one, 1.0);
    recover(&mut one, session);
    set_health(&mut one, 77);
    seconds(&mut one, 5.0);
    assert_eq!(newest_of(&one, ReplicaTier::Backup), newest_of(&one, ReplicaTier::Main));
    drop(killed(one, &disk));
    // The database is restored from yesterday's state, and somebody plays on from there.
    let mut two = with_backup(&MemoryDisk::default(), [&yesterday, &backup], "two");
    seconds(&mut two, 10.0);
    recover(&mut two, session);
    assert_eq!(health(&mut two), 3);
    set_health(&mut two, 5);
    seconds(&mut two, 310.0);
    assert_eq!(newest_of(&two, ReplicaTier::Backup), newest_of(&two, ReplicaTier::Main));
    drop(two);
    let both = [(false, 5), (true, 77)].map(|(takes_other, expected)| {
        let mut there = machine(&MemoryDisk::default(), replica(&backup.snapshot(), "fresh"));
        seconds(&mut there, 310.0);
        let offer = received::<RecoveryAvailable>(&there).remove(0).offer;
        let fork = offer.fork.expect("both lines are there");
        let newest = if takes_other { fork.others[0].newest } else { fork.own.newest };
        request(&mut there, move |commands| {
            commands.session().recover(session, RestoreFrom::Checkpoint(newest));
        });
        seconds(&mut there, 1.0);
        (health(&mut there), expected)
    });
    assert!(both.iter().all(|(found, expected)| found == expected), "{both:?}");
}

#[test]
fn a_backup_that_is_away_costs_the_replica_nothing() {
    let [main, backup] = [MemoryReplica::default(), MemoryReplica::default()];
    let mut app = with_backup(&MemoryDisk::default(), [&main, &backup], "one");
    app.world_mut().spawn(Health(3));
    founded(&mut app, "Arena");
    seconds(&mut app, 5.0);
    let before = newest_of(&app, ReplicaTier::Backup);
    backup.go_away();
    for number in 4..8 {
        set_health(&mut app, number);
    }
    seconds(&mut app, 60.0);
    let tiers = |app: &App| -> Vec<ReplicaTier> {
        received::<ReplicaLost>(app).into_iter().map(|it| it.tier).collect()
    };
    assert_eq!(tiers(&app), [ReplicaTier::Backup]);
    let lagging = received::<ReplicaLagging>(&app);
    assert_eq!(lagging.iter().map(|it| it.tier).collect::<Vec<_>>(), [ReplicaTier::Backup]);
    assert_eq!(app.world().resource::<ReplicaSessions>().is_reachable(), Some(true));
    assert_eq!(newest_of(&app, ReplicaTier::Backup), before);
    backup.come_back();
    seconds(&mut app, 5.0);
    let back: Vec<_> = received::<ReplicaBack>(&app).into_iter().map(|it| it.tier).collect();
    assert_eq!(back, [ReplicaTier::Backup]);
    assert_eq!(newest_of(&app, ReplicaTier::Backup), newest_of(&app, ReplicaTier::Main));
}
