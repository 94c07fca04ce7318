//! A session in the replica that a newer build of the game has played.

use bevy_session::library::VersionFit;
use bevy_session::recovery::RecoveryError;

use super::*;
use crate::newer_files::of_a_newer_version;

/// Puts a file beside a session's journals as a newer version of this crate would write it.
fn put_a_newer_format(disk: &MemoryDisk, session: SessionId) {
    let is_journal = |path: &std::path::PathBuf| {
        path.to_string_lossy().contains(&session.to_string())
            && path.extension().is_some_and(|it| it == "journal")
    };
    let journal = disk.paths().into_iter().find(is_journal).unwrap();
    let newer = of_a_newer_version(disk.content(&journal).unwrap());
    disk.put(&journal.with_file_name("0123456789abcdef-000000.journal"), &newer);
}

/// A fleet is updated one machine after the other.
#[test]
fn an_older_build_neither_plays_nor_founds_a_world_of_a_newer_build() {
    let store = MemoryReplica::default();
    let disk = MemoryDisk::default();
    let (one, session) = played(&disk, replica(&store, "one"), 7);
    let disk = killed(one, &disk);
    put_a_newer_format(&disk, session);
    // It sends what it has, though it can't play it.
    let mut one = machine(&disk, replica(&store, "one"));
    recover(&mut one, session);
    seconds(&mut one, 1.0);
    assert_eq!(played_by(&one), None);
    drop(one);

    let here = MemoryDisk::default();
    let plugin = plugin(&here).replica(replica(&store, "two"));
    let mut two = machine_with(plugin, listen::<RecoveryFailed>);
    seconds(&mut two, 1.0);
    let listed = two.world().resource::<ReplicaSessions>().get(session).unwrap().clone();
    assert_eq!(listed.owner, ReplicaOwner::Nobody, "it was released");
    assert_eq!(listed.entry.map(|entry| entry.fit), Some(VersionFit::Newer));
    request(&mut two, |commands| commands.session().start_or_continue(NewSession::named("Arena")));
    seconds(&mut two, LEASE * 3.0);
    assert_eq!(played_by(&two), None);
    let error = received::<RecoveryFailed>(&two).pop().map(|failed| failed.error);
    let is_newer = matches!(&error, Some(RecoveryError::NewerFormat(_)));
    assert!(is_newer, "{error:?}, {:?}", rejected(&two));
    assert_eq!(store.sessions().unwrap(), [session], "no second world has begun");
    let listed = two.world().resource::<ReplicaSessions>().get(session).unwrap().clone();
    assert_eq!(listed.owner, ReplicaOwner::Nobody, "a newer machine can play it at once");
}
