//! A session that is deleted here while another device plays it on.

use super::opening::key;
use super::properties::is_journal;
use super::{Action, Opened, Play, Script};
use crate::disk::simulated_disk::{FileSystem, Image, Node, Replay, SimulatedDisk};
use crate::model::ids::{CheckpointId, SessionId};

/// A session that was played, and then on another device, which this one doesn't know yet.
struct Elsewhere {
    play: Play,
    session: SessionId,
    newest: CheckpointId,
}

/// Plays a session, and continues it on another device.
fn played(here: &[Action]) -> (Play, Elsewhere) {
    use Action::{Auto, Close, Manual, Recover, Settle, Start};
    let actions = vec![Start, Auto, Manual, Settle, Close];
    let origin = Play::of(&Script { name: "origin".to_owned(), seed: 23, actions });
    let play = origin.on_device(1, &[Recover, Auto, Auto, Settle, Close]);
    let session =
        *Opened::from_image(&origin.disk.image()).sessions.keys().next().expect("it was played");
    let newest = play.history.newest_acknowledged().expect("one was saved");
    (origin.on_device(2, here), Elsewhere { play, session, newest })
}

/// The disk with the files of the other device, as a cloud brings them.
fn with_files_of(image: &Image, elsewhere: &Elsewhere) -> Image {
    let mut mixed = image.clone();
    let directories = elsewhere.play.disk.image();
    for (place, node) in directories.nodes().filter(|(_, node)| matches!(node, Node::Directory)) {
        mixed.put(place.clone(), node.clone());
    }
    let files = directories.files().filter(|(place, _)| is_journal(place.path()));
    let of_its_run = |name: &str| name.starts_with(&format!("{:016x}", elsewhere.newest.run.0));
    for (place, content) in files {
        let name = place.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        if of_its_run(&name) {
            mixed.put(place.clone(), Node::File(content.clone()));
        }
    }
    mixed
}

fn is_there(image: &Image, elsewhere: &Elsewhere) -> bool {
    let opened = Opened::from_image(image);
    let found = opened.sessions.get(&elsewhere.session);
    found.is_some_and(|found| !found.forgotten && found.restores(key(elsewhere.newest)))
}

/// Stops a deletion after each of its steps, and lets the next start sweep once the other device's files are there.
/// Returns the number of times that the rest was known to be deleted before they came.
fn delete_and_sweep(here: &[Action]) -> usize {
    let (mut play, elsewhere) = played(here);
    let from = play.disk.position();
    play.perform(&[Action::Forget]);
    let trace = play.disk.trace();
    let mut replay = Replay::new(&trace, FileSystem::Posix);
    let mut halfway = 0;
    for position in from..=trace.steps.len() {
        replay.advance_to(position);
        let left = replay.kept();
        let known = Opened::from_image(&left);
        halfway += usize::from(
            known.sessions.get(&elsewhere.session).is_some_and(|found| found.forgotten),
        );
        let mixed = with_files_of(&left, &elsewhere);
        assert!(is_there(&mixed, &elsewhere), "after {position} steps");
        let mut next = play.after_power_cut(SimulatedDisk::from_image(&mixed), position);
        next.perform(&[Action::List, Action::Start, Action::Settle]);
        assert!(is_there(&next.disk.image(), &elsewhere), "swept after {position} steps");
    }
    halfway
}

#[test]
fn a_later_run_of_another_device_survives_an_interrupted_deletion() {
    assert!(delete_and_sweep(&[]) > 2);
}

#[test]
fn a_concurrent_run_of_another_device_survives_an_interrupted_deletion() {
    use Action::{Auto, Close, Full, Recover, Settle};
    let here = [Recover, Auto, Auto, Full, Auto, Auto, Auto, Auto, Settle, Close];
    assert!(delete_and_sweep(&here) > 2);
}
