//! `start_or_continue` where this machine and a replica have both played on: which side goes on is seen when both are here,
//! whatever happens meanwhile.

use bevy_session::recovery::RestoreCancelled;
use bevy_session::{RecoveryPolicy, SessionSettings};

use super::by_name_races::{
    ask, both, ended_elsewhere, goes_on_whatever_fails, leave, played_apart, played_elsewhere,
};
use super::*;

/// Asks for the world on a machine that dies after each frame of its start, and has it ask again.
fn goes_on_after_each_death(
    store: &MemoryReplica,
    disk: &MemoryDisk,
    expected: (Option<SessionId>, u32),
) {
    let mut one = machine(disk, replica(store, "one"));
    ask(&mut one);
    for frame in 0..15 {
        frames(&mut one, 1);
        let (store, disk) = (store.snapshot(), disk.snapshot());
        let mut again = machine(&disk, replica(&store, "one"));
        ask(&mut again);
        seconds(&mut again, LEASE + 2.0);
        assert_eq!((played_by(&again), health(&mut again)), expected, "frame {frame}");
        assert_eq!(rejected(&again), [], "frame {frame}");
    }
    assert_eq!((played_by(&one), health(&mut one)), expected);
}

#[test]
fn a_death_during_a_join_does_not_bring_the_older_side_back() {
    let store = MemoryReplica::default();
    let (disk, session, _) = played_apart(&store, SaveSlot::manual("Unsent"));
    // With fewer checkpoints, and later.
    played_elsewhere(&store, session, 50);
    goes_on_after_each_death(&store, &disk, (Some(session), 50));
}

#[test]
fn a_death_during_a_join_begins_no_new_world_if_the_side_with_more_checkpoints_was_ended() {
    let store = MemoryReplica::default();
    let (disk, session, _) = played_apart(&store, SaveSlot::manual("Unsent"));
    ended_elsewhere(&store, 10);
    goes_on_after_each_death(&store, &disk, (Some(session), 8));
}

#[derive(Resource)]
struct OpenGate;

#[test]
fn a_cancelled_join_does_not_mislead_other_machines() {
    let store = MemoryReplica::default();
    let (disk, session, _) = played_apart(&store, SaveSlot::manual("Unsent"));
    played_elsewhere(&store, session, 50);
    let mut one = machine_with(plugin(&disk).replica(replica(&store, "one")), |app| {
        app.restore_session_when(|gate: Option<Res<OpenGate>>| gate.is_some());
        listen::<RestoreCancelled>(app);
    });
    ask(&mut one);
    seconds(&mut one, 1.0);
    assert_eq!(received::<SessionClaimed>(&one).len(), 1, "it is joined");
    request(&mut one, |commands| commands.session().cancel_restore());
    seconds(&mut one, 2.0);
    assert_eq!(received::<RestoreCancelled>(&one).len(), 1);
    assert!(received::<SessionReleased>(&one)[0].complete, "both sides are in the replica");

    let mut three = machine(&MemoryDisk::default(), replica(&store.snapshot(), "three"));
    seconds(&mut three, 1.0);
    let listed = three.world().resource::<ReplicaSessions>().get(session).unwrap().clone();
    let entry = listed.entry.unwrap();
    assert!(entry.forked && !entry.has_crashed(), "the side that was closed was played last");
    ask(&mut three);
    seconds(&mut three, 2.0);
    assert_eq!((played_by(&three), health(&mut three)), (Some(session), 50));
    assert_eq!(received::<SessionRestored>(&three)[0].reason, RestoreReason::Continued);
    one.insert_resource(OpenGate);
    ask(&mut one);
    seconds(&mut one, 2.0);
    assert_eq!((played_by(&one), health(&mut one)), (Some(session), 50));
}

#[test]
fn no_single_replica_fault_continues_the_older_side() {
    let store = MemoryReplica::default();
    let (disk, session, _) = played_apart(&store, SaveSlot::manual("Unsent"));
    played_elsewhere(&store, session, 50);
    goes_on_whatever_fails(&store, &disk, "one", session);
}

/// Both machines look, and the second one is faster and plays until 60.
fn is_faster(two: &mut App, one: &mut App, session: SessionId) {
    ask(two);
    ask(one);
    for _ in 0..10 {
        frames(two, 1);
        frames(one, 1);
    }
    assert_eq!((played_by(two), played_by(one)), (Some(session), None));
    set_health(two, 60);
    leave(two);
}

#[test]
fn play_of_another_machine_during_the_wait_is_fetched() {
    let store = MemoryReplica::default();
    let (disk, session, _) = played_apart(&store, SaveSlot::manual("Unsent"));
    played_elsewhere(&store, session, 50);
    let mut one = machine(&disk, replica(&store, "one"));
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    // Until later than what was played before by other clocks.
    both(&mut one, &mut two, 30.0);
    is_faster(&mut two, &mut one, session);
    seconds(&mut one, LEASE);
    assert_eq!((played_by(&one), health(&mut one)), (Some(session), 60));
    assert_eq!(rejected(&one), []);
}

#[test]
fn local_deaths_do_not_step_back_play_of_another_machine_during_the_wait() {
    let store = MemoryReplica::default();
    let disk = MemoryDisk::default();
    let (mut one, session) = played(&disk, replica(&store, "one"), 7);
    set_health(&mut one, 8);
    set_health(&mut one, 9);
    let disk = killed(one, &disk);
    let mut one = machine(&disk, replica(&store, "one"));
    ask(&mut one);
    seconds(&mut one, 1.0);
    assert_eq!(health(&mut one), 9);
    let disk = killed(one, &disk);

    let mut one = machine(&disk, replica(&store, "one"));
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    both(&mut one, &mut two, 30.0);
    // What is proposed after that death is older.
    one.world_mut().resource_mut::<SessionSettings>().recovery = RecoveryPolicy::Automatic;
    is_faster(&mut two, &mut one, session);
    seconds(&mut one, LEASE);
    assert_eq!((played_by(&one), health(&mut one)), (Some(session), 60));
}
