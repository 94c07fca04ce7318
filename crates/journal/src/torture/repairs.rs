//! Sessions that were damaged anywhere, and what repair makes of them.

use std::path::Path;
use std::sync::Arc;

use super::damage::Specimen;
use super::opening::layout;
use super::properties::is_journal;
use super::{Action, Play, Script, rounds, tell};
use crate::disk::simulated_disk::{Content, Image, Node, Place, SimulatedDisk};
use crate::disk::{Disk, MemoryDisk, RepairedSession, SessionRepair, StoredSession};
use crate::format::{Block, FileProblemKind, SessionIndex};
use crate::model::ids::{CheckpointId, SessionId};

/// The checkpoint that the index finds in a damaged session: the newest of the line that is meant, or of the next.
fn newest_of(stored: &mut StoredSession) -> Option<CheckpointId> {
    let heads = |index: &SessionIndex| -> Vec<CheckpointId> {
        index.newest_head().into_iter().chain(index.heads()).map(|head| head.id).collect()
    };
    let heads = heads(stored.index());
    heads.into_iter().find_map(|head| Some(stored.newest_verified(head).unwrap()?.checkpoint))
}

fn blocks_of(stored: &StoredSession, checkpoint: CheckpointId) -> Vec<Block> {
    let plan = stored.index().plan(checkpoint).expect("there should be a way to it");
    stored.blocks(&plan).unwrap().map(Result::unwrap).collect()
}

fn restorable(stored: &mut StoredSession) -> Vec<CheckpointId> {
    let ids: Vec<CheckpointId> = stored.index().commits().map(|(id, _)| id).collect();
    ids.into_iter().filter(|id| stored.verified_plan(*id).unwrap().is_some()).collect()
}

/// Repairs a damaged session, and compares the copy with the original. Returns the part that was kept.
fn check(what: &str, image: &Image, session: SessionId) -> RepairedSession {
    let disk: Arc<dyn Disk> = Arc::new(SimulatedDisk::from_image(image));
    let directory = layout().session(session);
    let open = || StoredSession::open(&*disk, directory.clone(), session).unwrap();
    let mut original = open();
    let newest = newest_of(&mut original);
    let mut kept = restorable(&mut original);
    let problems = original.index().problems();
    let is_damaged = problems.iter().any(|it| it.kind.is_damage());

    let repair = SessionRepair::of(&*disk, open(), None).unwrap();
    assert_eq!(repair.summary().newest, newest, "{what}: the newest");
    assert!(repair.is_loss() || !is_damaged, "{what}: a loss should be reported");
    let (copy_disk, place) = (MemoryDisk::default(), Path::new("copy/session"));
    repair.write(&copy_disk, place, Path::new("copy/slots")).unwrap();

    let mut copy = StoredSession::open(&copy_disk, place.to_owned(), session).unwrap();
    let is_torn = |kind: &FileProblemKind| *kind == FileProblemKind::Torn;
    assert!(
        copy.index().problems().iter().all(|it| is_torn(&it.kind)),
        "{what}: {:?}",
        copy.problems()
    );
    let called = repair.summary().newest_is_called;
    let newest_in_copy = newest_of(&mut copy);
    assert_eq!(newest_in_copy, called.or(newest), "{what}: the newest of the copy");
    if let (Some(newest), Some(in_copy)) = (newest, newest_in_copy) {
        assert_eq!(blocks_of(&copy, in_copy), blocks_of(&original, newest), "{what}: its world");
    }
    let mut copied = restorable(&mut copy);
    copied.retain(|id| Some(*id) != called);
    let order = |id: &CheckpointId| (id.counter, id.run);
    kept.sort_by_key(order);
    copied.sort_by_key(order);
    assert_eq!(copied, kept, "{what}: all that can be restored");
    let all = copy.index().commits().count();
    assert_eq!(all, kept.len() + usize::from(called.is_some()), "{what}: and nothing else");
    repair.summary().clone()
}

/// Damages each journal of a session at every third byte, and checks what is made of it.
fn with_any_byte_damaged(
    what: &str,
    image: &Image,
    session: SessionId,
    mut look: impl FnMut(RepairedSession),
) {
    let journals = image.files().filter(|(place, _)| is_journal(place.path()));
    let journals: Vec<(Place, Vec<u8>)> =
        journals.map(|(place, content)| (place.clone(), content.bytes().to_vec())).collect();
    for (place, content) in journals {
        for offset in (0..content.len()).step_by(3) {
            let mut bytes = content.clone();
            bytes[offset] ^= 0x20;
            let mut image = image.clone();
            image.put(place.clone(), Node::File(Content::from(bytes)));
            let what = format!("{what}, byte {offset} of {}", place.path().display());
            look(check(&what, &image, session));
        }
    }
}

fn only_session(image: &Image) -> SessionId {
    let opened = super::Opened::from_image(image);
    *opened.sessions.keys().next().expect("there should be a session")
}

#[test]
fn a_repaired_copy_has_every_restorable_checkpoint() {
    let specimen = Specimen::new();
    let before = specimen.image.clone();
    let (mut damaged, step) = (0, if rounds().is_some() { 1 } else { 5 });
    check("nothing", &specimen.image, specimen.session);
    for (place, content) in specimen.journals() {
        for offset in (0..content.bytes().len()).step_by(step) {
            let mut bytes = content.bytes().to_vec();
            bytes[offset] ^= 1 << (offset % 8);
            let what = format!("byte {offset} of {}", place.path().display());
            check(&what, &specimen.with(&place, bytes), specimen.session);
            damaged += 1;
        }
        for length in (0..content.bytes().len()).step_by(2 * step) {
            let what = format!("{} cut to {length} bytes", place.path().display());
            let image = specimen.with(&place, content.bytes()[..length].to_vec());
            check(&what, &image, specimen.session);
            damaged += 1;
        }
    }
    tell(&format!("repaired sessions: {damaged}"));
    assert!(damaged > 1_000, "{damaged}");
    assert_eq!(before.digest(), specimen.image.digest());
}

/// A session that went back to an older checkpoint, and of which any byte is damaged.
#[test]
fn a_repair_undoes_a_rewind_only_if_its_run_is_lost() {
    use Action::{Auto, Kill, Manual, RecoverOlder, Settle, Start};
    let actions = vec![Start, Auto, Manual, Auto, Settle, Kill, RecoverOlder, Auto, Settle, Kill];
    let (mut went_back, mut never_did) = (0, 0);
    for seed in 0..6 {
        let script = Script { name: "rewound".to_owned(), seed, actions: actions.clone() };
        let image = Play::of(&script).disk.image();
        let session = only_session(&image);
        let whole = check("nothing", &image, session).newest.expect("there should be one");
        with_any_byte_damaged(&format!("seed {seed}"), &image, session, |repaired| {
            let newest = repaired.newest.expect("one file is whole");
            if repaired.kept.iter().any(|id| id.run == whole.run) {
                went_back += 1;
                assert_eq!(newest.run, whole.run, "seed {seed}: of {:?}", repaired.kept);
            } else {
                never_did += 1;
                assert_eq!(Some(&newest), repaired.kept.first(), "seed {seed}");
            }
            assert_eq!(repaired.newest_is_called, None, "seed {seed}");
        });
    }
    assert!(went_back > 0 && never_did > 0, "{went_back} and {never_did}");
}

/// A session that was continued in two places, of which the one that is meant is damaged.
#[test]
fn a_repair_keeps_the_chosen_side_of_a_fork() {
    use Action::{Auto, Kill, Recover, Settle, Start, Turn};
    let actions = vec![Start, Auto, Auto, Settle, Kill];
    let origin = Play::of(&Script { name: "origin".to_owned(), seed: 21, actions });
    let here = origin.on_device(1, &[Recover, Auto, Auto, Auto, Turn, Settle, Kill]);
    let there = origin.on_device(2, &[Recover, Auto, Settle, Kill]);
    let mut mixed = here.disk.image();
    for (place, content) in there.disk.image().files() {
        if is_journal(place.path()) {
            mixed.put(place.clone(), Node::File(content.clone()));
        }
    }
    let mut bridged = 0;
    with_any_byte_damaged("a fork", &mixed, only_session(&mixed), |repaired| {
        bridged += usize::from(repaired.newest_is_called.is_some());
    });
    assert!(bridged > 0, "the end of the longer line should have been lost at least once");
}
