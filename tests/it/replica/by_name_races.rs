//! `start_or_continue` where a replica has the session, and something else happens meanwhile.

// Feature: Two sides of a world that were played apart are joined, and both are kept.
// Page: guide/outliving-a-machine.md#taking-over

use bevy_session::{CheckpointId, EndReason, RecoveryPolicy, SessionSettings, Ticket};

use super::flaky_store::FlakyStore;
use super::*;

pub(super) fn ask(app: &mut App) -> Ticket {
    let mut ticket = None;
    request(app, |commands| {
        ticket = Some(commands.session().start_or_continue(NewSession::named("Arena")));
    });
    ticket.unwrap()
}

/// Closes what is played, and has all of it sent.
pub(super) fn leave(app: &mut App) {
    close(app);
    seconds(app, 1.0);
}

/// Lets time pass on two machines at once.
pub(super) fn both(one: &mut App, two: &mut App, time: f32) {
    for _ in 0..(time * 2.0) as usize {
        seconds(one, 0.5);
        seconds(two, 0.5);
    }
}

/// Another machine resumes the world, plays on and closes it.
pub(super) fn played_elsewhere(store: &MemoryReplica, session: SessionId, health: u32) {
    let mut app = machine(&MemoryDisk::default(), replica(store, "two"));
    ask(&mut app);
    seconds(&mut app, LEASE + 1.0);
    assert_eq!(played_by(&app), Some(session));
    // Until later than what other machines have played, whose clocks begin at the same moment.
    seconds(&mut app, 20.0);
    set_health(&mut app, health);
    leave(&mut app);
}

#[test]
fn a_world_founded_beside_an_idle_machine_is_not_founded_twice() {
    for asks_after in [0.0, 40.0] {
        let store = MemoryReplica::default();
        let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
        seconds(&mut two, 1.0);
        // Nothing of it is sent for a while, so that not even its name is known.
        let slow = replica(&store, "one").send_every(Duration::from_secs(5));
        let (mut one, session) = played(&MemoryDisk::default(), slow, 7);
        both(&mut one, &mut two, asks_after);
        ask(&mut two);
        both(&mut one, &mut two, 20.0);
        assert_eq!((played_by(&one), played_by(&two)), (Some(session), None));
        assert_eq!(rejected(&two), [RequestError::SessionInUse]);
    }
}

#[test]
fn no_single_replica_fault_begins_an_empty_or_older_world() {
    let store = MemoryReplica::default();
    let disk = MemoryDisk::default();
    let (one, session) = played(&disk, replica(&store, "one"), 7);
    let old = killed(one, &disk);
    played_elsewhere(&store, session, 50);
    for (here, name) in [(MemoryDisk::default(), "three"), (old, "one")] {
        goes_on_whatever_fails(&store, &here, name, session);
    }
}

/// Fails each single operation on the replica of a start, which goes on with 50.
pub(super) fn goes_on_whatever_fails(
    store: &MemoryReplica,
    here: &MemoryDisk,
    name: &str,
    session: SessionId,
) {
    for fails in 0.. {
        let flaky = FlakyStore::new(&store.snapshot(), fails);
        // Its own claim, after which it failed, keeps it waiting for no lease.
        let lease = Duration::from_secs(60);
        let flaking = Replica::new(flaky.clone()).machine(name).lease(lease);
        let mut app = machine(&here.snapshot(), flaking);
        ask(&mut app);
        seconds(&mut app, 3.0);
        assert_eq!(played_by(&app), Some(session), "{name}: {fails}");
        assert_eq!(health(&mut app), 50, "{name}: {fails}");
        assert_eq!(rejected(&app), [], "{name}: {fails}");
        if !flaky.has_failed() {
            assert!(fails > 20, "{fails} operations are few");
            break;
        }
    }
}

#[test]
fn a_world_founded_elsewhere_during_play_is_found_afterwards() {
    let store = MemoryReplica::default();
    let mut one = machine(&MemoryDisk::default(), replica(&store, "one"));
    founded(&mut one, "Lobby");
    let (mut two, session) = played(&MemoryDisk::default(), replica(&store, "two"), 7);
    leave(&mut two);
    request(&mut one, |commands| commands.session().close(LeaveCause::Player));
    ask(&mut one);
    seconds(&mut one, 2.0);
    assert_eq!(played_by(&one), Some(session));
}

/// A machine plays on without its replica until it is killed. Its disk, and the newest checkpoint, which nobody else has.
pub(super) fn played_apart(
    store: &MemoryReplica,
    slot: SaveSlot,
) -> (MemoryDisk, SessionId, CheckpointId) {
    let disk = MemoryDisk::default();
    let (mut one, session) = played(&disk, replica(store, "one"), 7);
    set_health(&mut one, 7);
    store.go_away();
    request(&mut one, |commands| commands.session().slots().save(slot));
    for health in [1, 2, 3, 4, 8] {
        set_health(&mut one, health);
    }
    let unsent = received::<CheckpointSaved>(&one).last().unwrap().checkpoint;
    let disk = killed(one, &disk);
    store.come_back();
    (disk, session, unsent)
}

#[test]
fn a_fork_is_joined_and_keeps_both_sides() {
    let store = MemoryReplica::default();
    let (disk, session, unsent) = played_apart(&store, SaveSlot::manual("Unsent"));
    // With fewer checkpoints, and later.
    played_elsewhere(&store, session, 50);

    let mut one = machine(&disk, replica(&store, "one"));
    ask(&mut one);
    seconds(&mut one, 2.0);
    assert_eq!((played_by(&one), health(&mut one)), (Some(session), 50));
    assert!(received::<SessionForked>(&one).is_empty());
    checkpoint(&mut one);
    let (saved, replicated) = newest(&one);
    assert_eq!(saved, replicated);
    let slots = one.world().resource::<SessionCatalog>().slots();
    assert_eq!(slots.iter().map(|slot| &*slot.name).collect::<Vec<_>>(), ["Unsent"]);
    leave(&mut one);
    drop(one);

    // What was never sent can be had by all.
    let mut three = machine(&MemoryDisk::default(), replica(&store, "three"));
    ask(&mut three);
    seconds(&mut three, 2.0);
    assert_eq!((played_by(&three), health(&mut three)), (Some(session), 50));
    request(&mut three, |commands| {
        commands.session().recover(session, RestoreFrom::Checkpoint(unsent));
    });
    seconds(&mut three, 1.0);
    assert_eq!(health(&mut three), 8);
}

#[test]
fn a_fork_with_one_file_changed_on_both_sides_is_not_joined() {
    let store = MemoryReplica::default();
    let (disk, session, _) = played_apart(&store, SaveSlot::quick());
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    ask(&mut two);
    seconds(&mut two, LEASE + 1.0);
    request(&mut two, |commands| commands.session().slots().save(SaveSlot::quick()));
    set_health(&mut two, 50);
    leave(&mut two);
    drop(two);

    let mut one = machine(&disk, replica(&store, "one"));
    ask(&mut one);
    seconds(&mut one, 2.0);
    assert_eq!((played_by(&one), rejected(&one)), (None, vec![RequestError::SessionForked]));
    // Either side can be had: this one by the session's id, the other one on a machine that has none of it.
    request(&mut one, |commands| commands.session().recover(session, RestoreFrom::Latest));
    seconds(&mut one, 1.0);
    assert_eq!(health(&mut one), 8);
    assert_ne!(played_by(&one).unwrap(), session);
    let mut three = machine(&MemoryDisk::default(), replica(&store, "three"));
    request(&mut three, |commands| commands.session().continue_session(session));
    seconds(&mut three, 1.0);
    assert_eq!(health(&mut three), 50);
}

#[test]
fn the_local_side_of_a_fork_continues_if_the_other_has_ended() {
    // With fewer checkpoints than this side, and with more.
    for checkpoints in [0, 10] {
        let store = MemoryReplica::default();
        let (disk, session, _) = played_apart(&store, SaveSlot::manual("Unsent"));
        ended_elsewhere(&store, checkpoints);
        let mut one = machine(&disk, replica(&store, "one"));
        ask(&mut one);
        seconds(&mut one, 2.0);
        assert_eq!((played_by(&one), health(&mut one)), (Some(session), 8), "{checkpoints}");
    }
}

/// Another machine resumes the world, takes so many checkpoints of it, and ends it.
pub(super) fn ended_elsewhere(store: &MemoryReplica, checkpoints: u32) {
    let mut two = machine(&MemoryDisk::default(), replica(store, "two"));
    ask(&mut two);
    seconds(&mut two, LEASE + 1.0);
    for checkpoint in 0..checkpoints {
        set_health(&mut two, 100 + checkpoint);
    }
    request(&mut two, |commands| commands.session().end(EndReason::Completed, LeaveCause::Player));
    seconds(&mut two, 1.0);
}

#[test]
fn a_short_outage_of_the_replica_starts_no_second_world() {
    let store = MemoryReplica::default();
    let disk = MemoryDisk::default();
    let (one, session) = played(&disk, replica(&store, "one"), 7);
    let disk = killed(one, &disk);
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    ask(&mut two);
    seconds(&mut two, LEASE + 1.0);
    assert_eq!(played_by(&two), Some(session));
    let mut one = machine(&disk, replica(&store, "one"));
    ask(&mut one);
    both(&mut one, &mut two, 1.0);
    store.go_away();
    both(&mut one, &mut two, 2.0);
    store.come_back();
    both(&mut one, &mut two, 20.0);
    assert_eq!((played_by(&one), rejected(&one)), (None, vec![RequestError::SessionInUse]));
    assert_eq!(played_by(&two), Some(session));
}

#[test]
fn local_deaths_do_not_step_back_later_play_elsewhere() {
    for deaths in 1..4 {
        let store = MemoryReplica::default();
        let mut disk = MemoryDisk::default();
        let (mut one, session) = played(&disk, replica(&store, "one"), 7);
        set_health(&mut one, 8);
        set_health(&mut one, 9);
        disk = killed(one, &disk);
        for _ in 1..deaths {
            let mut one = machine(&disk, replica(&store, "one"));
            one.world_mut().resource_mut::<SessionSettings>().recovery = RecoveryPolicy::Automatic;
            ask(&mut one);
            seconds(&mut one, 1.0);
            assert_eq!(played_by(&one), Some(session));
            disk = killed(one, &disk);
        }
        played_elsewhere(&store, session, 50);
        let mut one = machine(&disk, replica(&store, "one"));
        one.world_mut().resource_mut::<SessionSettings>().recovery = RecoveryPolicy::Automatic;
        ask(&mut one);
        seconds(&mut one, 2.0);
        assert_eq!((played_by(&one), health(&mut one)), (Some(session), 50), "{deaths} deaths");
    }
}

#[test]
fn a_session_closed_here_continues_as_it_crashed_or_ended_elsewhere() {
    for ends in [false, true] {
        let store = MemoryReplica::default();
        let disk = MemoryDisk::default();
        let (mut one, session) = played(&disk, replica(&store, "one"), 7);
        leave(&mut one);
        let disk = killed(one, &disk);
        let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
        ask(&mut two);
        seconds(&mut two, 1.0);
        set_health(&mut two, 50);
        if ends {
            request(&mut two, |commands| {
                commands.session().end(EndReason::Completed, LeaveCause::Player)
            });
            seconds(&mut two, 1.0);
        }
        drop(two);
        let mut one = machine(&disk, replica(&store, "one"));
        ask(&mut one);
        seconds(&mut one, LEASE + 1.0);
        assert_eq!(rejected(&one), []);
        match ends {
            true => assert_ne!(played_by(&one).unwrap(), session),
            false => {
                assert_eq!((played_by(&one), health(&mut one)), (Some(session), 50));
                let reason = received::<SessionRestored>(&one).remove(0).reason;
                assert_eq!(reason, RestoreReason::Recovered);
            }
        }
    }
}

#[test]
fn one_of_two_concurrent_machines_plays_and_the_other_is_refused() {
    let store = MemoryReplica::default();
    let (mut first, session) = played(&MemoryDisk::default(), replica(&store, "first"), 7);
    leave(&mut first);
    drop(first);
    let mut one = machine(&MemoryDisk::default(), replica(&store, "one"));
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    both(&mut one, &mut two, 1.0);
    ask(&mut one);
    ask(&mut two);
    // Both have looked before either claims.
    for _ in 0..10 {
        frames(&mut one, 1);
        frames(&mut two, 1);
    }
    both(&mut one, &mut two, 20.0);
    let played = [played_by(&one), played_by(&two)];
    assert_eq!(played.iter().flatten().collect::<Vec<_>>(), [&session]);
    assert_eq!([rejected(&one), rejected(&two)].concat(), [RequestError::SessionInUse]);
    assert!(received::<SessionFenced>(&one).is_empty());
    assert!(received::<SessionFenced>(&two).is_empty());
}

#[test]
fn a_wait_for_another_machine_can_be_cancelled() {
    let store = MemoryReplica::default();
    let (mut one, _) = played(&MemoryDisk::default(), replica(&store, "one"), 7);
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    both(&mut one, &mut two, 1.0);
    ask(&mut two);
    both(&mut one, &mut two, 1.0);
    request(&mut two, |commands| commands.session().cancel_restore());
    both(&mut one, &mut two, 1.0);
    assert_eq!(rejected(&two), [RequestError::Cancelled]);
    // It cancels nothing that is asked for after it.
    request(&mut two, |commands| commands.session().cancel_restore());
    ask(&mut two);
    both(&mut one, &mut two, 20.0);
    let again = [RequestError::NothingToCancel, RequestError::SessionInUse];
    assert_eq!(rejected(&two)[1..], again);
    founded(&mut two, "Another");
    assert!(played_by(&two).is_some());
}

#[test]
fn a_request_made_on_its_rejection_waits_again() {
    let store = MemoryReplica::default();
    let (mut one, _) = played(&MemoryDisk::default(), replica(&store, "one"), 7);
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    two.add_observer(|_: On<RequestRejected>, mut commands: Commands| {
        commands.session().start_or_continue(NewSession::named("Arena"));
    });
    ask(&mut two);
    both(&mut one, &mut two, 30.0);
    let refusals = rejected(&two).len();
    assert!((2..=4).contains(&refusals), "{refusals} in 30 seconds, with a wait of 8");
    assert_eq!(played_by(&two), None);
}

#[test]
fn no_automatic_recovery_happens_while_a_named_world_is_awaited() {
    let store = MemoryReplica::default();
    let (mut one, session) = played(&MemoryDisk::default(), replica(&store, "one"), 7);
    set_health(&mut one, 50);
    leave(&mut one);
    drop(one);
    let disk = MemoryDisk::default();
    let mut two = game_with(plugin(&disk), |_| ());
    two.world_mut().spawn(Health(1));
    founded(&mut two, "Other");
    checkpoint(&mut two);
    let disk = killed(two, &disk);
    store.go_away();
    let mut two = machine(&disk, replica(&store, "two"));
    two.world_mut().resource_mut::<SessionSettings>().recovery = RecoveryPolicy::Automatic;
    ask(&mut two);
    seconds(&mut two, 2.0);
    assert_eq!(played_by(&two), None);
    store.come_back();
    seconds(&mut two, 2.0);
    assert_eq!((played_by(&two), health(&mut two)), (Some(session), 50));
}

#[test]
fn a_declined_world_is_not_continued_by_name() {
    let store = MemoryReplica::default();
    let (one, session) = played(&MemoryDisk::default(), replica(&store, "one"), 7);
    drop(one);
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    seconds(&mut two, LEASE + 1.0);
    assert_eq!(received::<RecoveryAvailable>(&two).len(), 1);
    request(&mut two, |commands| commands.session().decline(session));
    ask(&mut two);
    seconds(&mut two, 2.0);
    assert_ne!(played_by(&two).unwrap(), session);
}

#[test]
fn sessions_of_another_profile_are_not_local_in_the_replica_list() {
    let store = MemoryReplica::default();
    let (mut one, session) = played(&MemoryDisk::default(), replica(&store, "one"), 7);
    leave(&mut one);
    seconds(&mut one, 2.0);
    request(&mut one, |commands| commands.session().library().use_profile("Second"));
    seconds(&mut one, 1.0);
    let listed = one.world().resource::<ReplicaSessions>().get(session).unwrap();
    assert_eq!(listed.here, None, "it is another profile's");
}
