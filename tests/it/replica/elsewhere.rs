//! Offers of what the replica has and this machine hasn't.

// Feature: A crashed session that only the replica has, or has newer, is offered on another machine.
// Page: guide/outliving-a-machine.md#offered-elsewhere

use bevy_session::recovery::Elsewhere;
use bevy_session::{RecoveryOffer, SessionMode};

use super::*;

/// The offers that the player is asked about.
fn offers(app: &App) -> Vec<RecoveryOffer> {
    app.world().resource::<RecoveryOffers>().offers().to_vec()
}

/// What the player was asked about, in order.
fn asked(app: &App) -> Vec<Option<Elsewhere>> {
    received::<RecoveryAvailable>(app).iter().map(|it| it.offer.elsewhere).collect()
}

fn recover_newest(app: &mut App) {
    let offer = offers(app).remove(0);
    let from = RestoreFrom::Checkpoint(offer.newest);
    request(app, |commands| commands.session().recover(offer.session.id, from));
    seconds(app, 1.0);
}

#[test]
fn a_crash_on_a_machine_that_is_gone_is_offered_on_another() {
    let store = MemoryReplica::default();
    let (mut one, session) = played(&MemoryDisk::default(), replica(&store, "one"), 7);
    set_health(&mut one, 8);
    drop(one);
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    seconds(&mut two, 1.0);
    assert_eq!(asked(&two), [], "its owner may still be there");

    seconds(&mut two, LEASE);
    assert_eq!(asked(&two), [Some(Elsewhere::All)]);
    let offer = offers(&two).remove(0);
    assert_eq!((offer.session.id, &*offer.session.name), (session, "Arena"));
    assert_eq!((offer.cause, offer.died_at), (HowItEnded::Elsewhere, None));
    assert!(offer.checkpoints.iter().any(|it| it.label.as_deref() == Some("Now")));
    seconds(&mut two, LEASE * 2.0);
    assert_eq!(asked(&two).len(), 1, "the player is asked once");

    recover_newest(&mut two);
    assert_eq!(received::<SessionRestored>(&two).remove(0).reason, RestoreReason::Recovered);
    assert_eq!(health(&mut two), 8);
    assert!(offers(&two).is_empty());
}

#[test]
fn a_declined_remote_crash_is_offered_again_at_the_next_start() {
    let store = MemoryReplica::default();
    let (one, session) = played(&MemoryDisk::default(), replica(&store, "one"), 7);
    drop(one);
    let disk = MemoryDisk::default();
    let mut two = machine(&disk, replica(&store, "two"));
    seconds(&mut two, LEASE + 1.0);
    request(&mut two, |commands| commands.session().decline(session));
    seconds(&mut two, LEASE * 2.0);
    assert_eq!(received::<RecoveryDeclined>(&two).remove(0).session, session);
    assert!(offers(&two).is_empty() && received::<RequestRejected>(&two).is_empty());
    assert_eq!(asked(&two).len(), 1);
    assert_eq!(store.list(session).unwrap().highest().0, 1, "nobody has claimed it");

    let mut two = machine(&killed(two, &disk), replica(&store, "two"));
    seconds(&mut two, LEASE + 1.0);
    assert_eq!(asked(&two), [Some(Elsewhere::All)]);
    recover_newest(&mut two);
    assert_eq!(health(&mut two), 7);
}

#[test]
fn newer_play_of_another_machine_replaces_the_local_offer() {
    let store = MemoryReplica::default();
    let disk = MemoryDisk::default();
    let (one, session) = played(&disk, replica(&store, "one"), 7);
    let disk = killed(one, &disk);
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    recover(&mut two, session);
    seconds(&mut two, LEASE + 1.0);
    set_health(&mut two, 100);
    drop(two);

    let mut one = machine(&disk, replica(&store, "one"));
    seconds(&mut one, 1.0);
    assert_eq!(asked(&one), [None], "what is here is offered at once");
    seconds(&mut one, LEASE);
    assert_eq!(asked(&one), [None, Some(Elsewhere::Newer)]);
    assert_eq!(offers(&one).len(), 1);
    recover_newest(&mut one);
    assert_eq!(health(&mut one), 100);
    assert!(received::<SessionForked>(&one).is_empty());
}

#[test]
fn a_newer_remote_offer_survives_a_new_local_listing() {
    let store = MemoryReplica::default();
    let disk = MemoryDisk::default();
    let (one, session) = played(&disk, replica(&store, "one"), 7);
    let disk = killed(one, &disk);
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    recover(&mut two, session);
    seconds(&mut two, LEASE + 1.0);
    set_health(&mut two, 100);
    drop(two);
    let mut one = machine(&disk, replica(&store, "one"));
    seconds(&mut one, LEASE + 1.0);
    for _ in 0..2 {
        request(&mut one, |commands| commands.session().library().find());
        seconds(&mut one, 1.0);
        assert_eq!(
            offers(&one).iter().map(|it| it.elsewhere).collect::<Vec<_>>(),
            [Some(Elsewhere::Newer)]
        );
    }
    assert_eq!(asked(&one), [None, Some(Elsewhere::Newer)]);
}

#[test]
fn a_session_deleted_here_is_not_offered_from_the_replica() {
    let store = MemoryReplica::default();
    let disk = MemoryDisk::default();
    let (one, session) = played(&disk, replica(&store, "one"), 7);
    let disk = killed(one, &disk);
    let mut one = machine(&disk, replica(&store, "one"));
    seconds(&mut one, LEASE + 1.0);
    assert_eq!(asked(&one), [None]);
    request(&mut one, |commands| commands.session().library().purge(session));
    seconds(&mut one, LEASE + 1.0);
    assert!(received::<RequestRejected>(&one).is_empty());
    let mut one = machine(&killed(one, &disk), replica(&store, "one"));
    seconds(&mut one, LEASE * 2.0);
    let listed = one.world().resource::<ReplicaSessions>().get(session).unwrap();
    assert!(listed.here.is_none() && listed.offer.is_some());
    assert!(asked(&one).is_empty() && offers(&one).is_empty());
}

#[test]
fn fresh_and_memory_mode_offer_no_remote_sessions() {
    let store = MemoryReplica::default();
    let (one, _) = played(&MemoryDisk::default(), replica(&store, "one"), 7);
    drop(one);
    for mode in [SessionMode::Fresh, SessionMode::Memory] {
        let plugin = plugin(&MemoryDisk::default()).replica(replica(&store, "two")).mode(mode);
        let mut two = game_with(plugin, listen::<RecoveryAvailable>);
        seconds(&mut two, LEASE * 2.0);
        assert!(asked(&two).is_empty() && offers(&two).is_empty());
    }
}

#[test]
fn an_offer_is_marked_as_a_fork_if_another_machine_played_too() {
    let store = MemoryReplica::default();
    let disk = MemoryDisk::default();
    let (one, session) = played(&disk, replica(&store, "one"), 7);
    let disk = killed(one, &disk);
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    recover(&mut two, session);
    seconds(&mut two, LEASE + 1.0);
    set_health(&mut two, 100);
    // The first one is played without the replica, and dies again.
    store.go_away();
    let mut one = machine(&disk, replica(&store, "one"));
    frames(&mut one, 2);
    recover(&mut one, session);
    set_health(&mut one, 8);
    let disk = killed(one, &disk);
    store.come_back();
    drop(two);

    let mut one = machine(&disk, replica(&store, "one"));
    seconds(&mut one, LEASE + 1.0);
    assert_eq!(asked(&one), [None]);
    assert_eq!(offers(&one).remove(0).elsewhere, Some(Elsewhere::Fork));
    recover_newest(&mut one);
    assert_eq!(health(&mut one), 8);
    assert_eq!(received::<SessionForked>(&one).remove(0).session, session);
    assert_ne!(one.world().resource::<CurrentSession>().id(), session);
}

#[test]
fn a_remote_offer_is_withdrawn_when_another_machine_takes_it() {
    let store = MemoryReplica::default();
    let (one, session) = played(&MemoryDisk::default(), replica(&store, "one"), 7);
    drop(one);
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    let mut three = machine(&MemoryDisk::default(), replica(&store, "three"));
    for app in [&mut two, &mut three] {
        seconds(app, LEASE + 1.0);
        assert_eq!(asked(app), [Some(Elsewhere::All)]);
    }
    recover_newest(&mut three);
    seconds(&mut two, 1.0);
    assert!(offers(&two).is_empty());
    let listed = two.world().resource::<ReplicaSessions>().get(session).unwrap();
    assert_eq!((&listed.owner, &listed.offer), (&ReplicaOwner::Another("three".to_owned()), &None));
}
