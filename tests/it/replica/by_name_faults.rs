//! `start_or_continue` where a replica has the session, and the link, the disk or a backup fails.

use std::io::ErrorKind;
use std::thread;

use bevy::time::TimeUpdateStrategy;
use bevy_session::external::{
    ExternalAutosave, ExternalRestoreRequested, ExternalSave, ExternalSaves, ExternalSavesExt,
    Operation,
};
use bevy_session::{RecoveryPolicy, SessionSettings, SessionUpdate};

use super::by_name_races::{ask, both, leave, played_elsewhere};
use super::cut_store::CutStore;
use super::*;

/// Damages every journal so that nothing can be restored from it.
fn damage(disk: &MemoryDisk) {
    let is_journal = |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "journal");
    for journal in disk.paths().into_iter().filter(is_journal) {
        // Behind the header, and in it.
        let length = disk.content(&journal).unwrap().len();
        (700..length).step_by(20).for_each(|offset| disk.corrupt(&journal, offset, 0xff));
        disk.corrupt(&journal, 20, 0xff);
    }
}

#[test]
fn without_the_replica_a_damaged_world_is_not_replaced() {
    let store = MemoryReplica::default();
    let disk = MemoryDisk::default();
    let (mut one, session) = played(&disk, replica(&store, "one"), 7);
    leave(&mut one);
    let disk = killed(one, &disk);
    store.go_away();
    let mut one = machine(&disk, replica(&store, "one"));
    frames(&mut one, 2);
    damage(&disk);
    ask(&mut one);
    seconds(&mut one, 2.0);
    assert_eq!((played_by(&one), rejected(&one)), (None, vec![RequestError::ReplicaUnreachable]));
    // The replica has it whole.
    store.come_back();
    ask(&mut one);
    seconds(&mut one, 2.0);
    assert_eq!((played_by(&one), health(&mut one)), (Some(session), 7));
}

#[test]
fn without_the_replica_local_deaths_start_no_new_world() {
    let store = MemoryReplica::default();
    let disk = MemoryDisk::default();
    let (mut one, session) = played(&disk, replica(&store, "one"), 7);
    set_health(&mut one, 8);
    let mut disk = killed(one, &disk);
    store.go_away();
    let asking = |disk: &MemoryDisk| {
        let mut one = machine(disk, replica(&store, "one"));
        one.world_mut().resource_mut::<SessionSettings>().recovery = RecoveryPolicy::Automatic;
        ask(&mut one);
        seconds(&mut one, 1.0);
        one
    };
    for death in 0..3 {
        let one = asking(&disk);
        assert_eq!(played_by(&one), Some(session), "{death} deaths");
        disk = killed(one, &disk);
    }
    let mut one = asking(&disk);
    assert_eq!(played_by(&one), None);
    assert_eq!(rejected(&one)[0], RequestError::ReplicaUnreachable);
    // It has nothing newer.
    store.come_back();
    seconds(&mut one, 3.0);
    ask(&mut one);
    seconds(&mut one, 3.0);
    assert_ne!(played_by(&one), None, "{:?}", rejected(&one));
    assert_ne!(played_by(&one), Some(session));
}

/// A machine whose link breaks once it has claimed the world, of which it has something older.
fn cut_after_its_claim(store: &MemoryReplica) -> (CutStore, App, SessionId) {
    let disk = MemoryDisk::default();
    let (one, session) = played(&disk, replica(store, "one"), 7);
    let old = killed(one, &disk);
    played_elsewhere(store, session, 50);
    let cut = CutStore::new(store);
    let lease = Duration::from_secs_f32(LEASE);
    let one = machine(&old, Replica::new(cut.clone()).machine("one").lease(lease));
    (cut, one, session)
}

#[test]
fn a_machine_that_could_not_fetch_its_claim_fences_no_other() {
    let store = MemoryReplica::default();
    let (cut, mut one, session) = cut_after_its_claim(&store);
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    both(&mut one, &mut two, 1.0);
    ask(&mut one);
    seconds(&mut one, 1.0);
    assert!(cut.is_cut());
    ask(&mut two);
    both(&mut one, &mut two, LEASE + 2.0);
    assert_eq!((played_by(&one), played_by(&two)), (None, Some(session)));
    cut.mend();
    both(&mut one, &mut two, 12.0);
    assert_eq!((played_by(&one), rejected(&one)), (None, vec![RequestError::SessionInUse]));
    assert_eq!((played_by(&two), health(&mut two)), (Some(session), 50));
    assert!(received::<SessionFenced>(&two).is_empty());
    set_health(&mut two, 60);
    let (saved, replicated) = newest(&two);
    assert_eq!(saved, replicated);
}

#[test]
fn a_machine_playing_offline_after_its_claim_fences_no_other() {
    let store = MemoryReplica::default();
    let (cut, mut one, session) = cut_after_its_claim(&store);
    frames(&mut one, 2);
    // Nobody waits for the replica if the session is named by its id.
    recover(&mut one, session);
    assert!(cut.is_cut());
    assert_eq!((played_by(&one), health(&mut one)), (Some(session), 7));
    set_health(&mut one, 8);
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    ask(&mut two);
    both(&mut one, &mut two, LEASE + 2.0);
    assert_eq!((played_by(&two), health(&mut two)), (Some(session), 50));
    cut.mend();
    both(&mut one, &mut two, 5.0);
    assert!(received::<SessionFenced>(&two).is_empty());
    // It hears of its fork once the other one has left.
    leave(&mut two);
    seconds(&mut one, LEASE);
    assert_eq!(received::<SessionFenced>(&one)[0].reason, FenceReason::Forked);
}

#[test]
fn no_disk_fault_during_a_fetch_continues_the_older_local_world() {
    let store = MemoryReplica::default();
    let disk = MemoryDisk::default();
    let (one, session) = played(&disk, replica(&store, "one"), 7);
    let old = killed(one, &disk);
    played_elsewhere(&store, session, 50);
    let mut refused = 0;
    for files in 0..10 {
        let (disk, store) = (old.snapshot(), store.snapshot());
        let mut one = machine(&disk, replica(&store, "one"));
        frames(&mut one, 3);
        disk.fail_after(Operation::Create, files, ErrorKind::StorageFull);
        ask(&mut one);
        seconds(&mut one, 2.0);
        if played_by(&one).is_none() {
            refused += 1;
            assert_eq!(rejected(&one), [RequestError::ReplicaUnreachable], "{files} files");
            disk.heal();
            ask(&mut one);
            // The claim was never released.
            seconds(&mut one, LEASE + 2.0);
        }
        assert_eq!((played_by(&one), health(&mut one)), (Some(session), 50), "{files} files");
    }
    assert!(refused > 0);
}

#[test]
fn a_world_that_got_its_name_while_it_is_played_is_not_founded_twice() {
    let store = MemoryReplica::default();
    let mut one = machine(&MemoryDisk::default(), replica(&store, "one"));
    one.world_mut().spawn(Health(7));
    let session = founded(&mut one, "Lobby");
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    both(&mut one, &mut two, 1.0);
    request(&mut one, |commands| commands.session().update(SessionUpdate::default().name("Arena")));
    checkpoint(&mut one);
    both(&mut one, &mut two, 1.0);
    ask(&mut two);
    both(&mut one, &mut two, 20.0);
    assert_eq!((played_by(&one), played_by(&two)), (Some(session), None));
    assert_eq!(rejected(&two), [RequestError::SessionInUse]);
}

#[test]
fn a_world_of_which_nothing_is_sent_for_long_is_not_founded_twice() {
    for has_own in [false, true] {
        let store = MemoryReplica::default();
        let disk = MemoryDisk::default();
        let mut own = None;
        if has_own {
            let (mut two, session) = played(&disk, replica(&store, "two"), 50);
            leave(&mut two);
            own = Some(session);
        }
        let mut two = machine(&disk.snapshot(), replica(&store, "two"));
        // As during an upload that takes minutes.
        let slow = replica(&store, "one").send_every(Duration::from_mins(5));
        let (mut one, session) = played(&MemoryDisk::default(), slow, 7);
        ask(&mut two);
        both(&mut one, &mut two, 20.0);
        assert_eq!((played_by(&one), played_by(&two)), (Some(session), own));
        // What this machine has itself isn't what is being sent.
        let refused = if has_own { vec![] } else { vec![RequestError::SessionInUse] };
        assert_eq!(rejected(&two), refused);
    }
}

/// A game with one backup, which is newer than what is played in these tests.
struct OneBackup;

impl ExternalSaves for OneBackup {
    fn list(&self) -> Result<Vec<ExternalSave>> {
        Ok(vec![ExternalSave::auto("auto-1", "2026-01-01T00:30:00Z".parse()?)])
    }

    fn validate(&self, _: &ExternalSave) -> Result {
        Ok(())
    }

    fn autosave(&self) -> ExternalAutosave {
        ExternalAutosave::Off
    }
}

/// Runs frames until the game is asked to load its backup. The provider answers on a thread of its own.
fn until_backup_is_wanted(app: &mut App) -> ExternalRestoreRequested {
    app.insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_micros(10)));
    for _ in 0..20_000 {
        if let Some(asked) = received::<ExternalRestoreRequested>(app).pop() {
            app.insert_resource(TimeUpdateStrategy::ManualDuration(FRAME));
            return asked;
        }
        thread::yield_now();
        app.update();
    }
    panic!("the backup should be loaded");
}

#[test]
fn the_replica_is_looked_at_again_after_a_backup_could_not_be_loaded() {
    let store = MemoryReplica::default();
    let disk = MemoryDisk::default();
    let (one, _) = played(&disk, replica(&store, "one"), 7);
    let disk = killed(one, &disk);
    let an_hour_later = plugin(&disk)
        .clock_from("2026-01-01T01:00:00Z".parse().unwrap())
        .replica(replica(&store, "one"));
    let mut one = machine_with(an_hour_later, |app| {
        app.external_saves(OneBackup);
        listen::<ExternalRestoreRequested>(app);
    });
    ask(&mut one);
    let asked = until_backup_is_wanted(&mut one);
    // Meanwhile another world of the name is founded elsewhere, and played for longer.
    let (mut two, newer) = played(&MemoryDisk::default(), replica(&store, "two"), 50);
    seconds(&mut two, 10.0);
    set_health(&mut two, 60);
    leave(&mut two);
    asked.answer.failed("no such file");
    seconds(&mut one, 3.0);
    assert_eq!((played_by(&one), health(&mut one)), (Some(newer), 60));
}
