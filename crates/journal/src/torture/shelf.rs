//! Sessions that are archived, deleted, brought back and removed for good, with any event meanwhile.

mod archive;
mod attached;
mod copies;
mod crashes;
mod drafts;
mod edits;
mod faults;
mod many;
mod scenarios;
mod together;
mod trash;

use std::path::PathBuf;

use super::opening::read_checkpoint;
use super::{Action, Play};
use crate::disk::simulated_disk::SimulatedDisk;
use crate::disk::{DirectoryStore, Disk, StoredSession};
use crate::model::ids::SessionId;
use crate::model::session::{RestoreFrom, RestoreReason, ShelfPlace};

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// A session that was played in three runs and closed, and nothing else.
fn closed() -> (Play, SessionId) {
    use Action::{Auto, Close, Full, Manual, Recover, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 71);
    play.pass(1000 * DAY);
    play.kill();
    play.perform(&[Start, Settle, Auto, Full, Manual, Auto, Close]);
    play.perform(&[Recover, Auto, Manual, Full, Close, Recover, Auto, Close]);
    let session = play.game.local.store.sessions().unwrap()[0];
    (play, session)
}

/// A session that was continued in two places that never saw each other.
fn forked() -> (Play, SessionId) {
    let (mut play, session) = closed();
    let mut other = play.on_device(2, &[]);
    play.perform(&[Action::Recover, Action::Auto, Action::Auto, Action::Auto, Action::Close]);
    go_on(&mut other);
    other.perform(&[Action::Auto, Action::Close]);
    bring(&other, &play, session);
    play.kill();
    (play, session)
}

/// Takes the session up at its newest checkpoint.
fn go_on(play: &mut Play) {
    play.restore_from(RestoreFrom::Latest, RestoreReason::Recovered);
}

/// A cloud brings the files of a session that one disk has and the other doesn't.
fn bring(from: &Play, to: &Play, session: SessionId) {
    let directory = to.game.local.store.layout().session(session);
    let there = to.disk.image();
    for (place, content) in from.disk.image().files() {
        let path = place.path();
        if path.starts_with(&directory) && !there.holds(path) {
            to.disk.replace(path, content.bytes()).unwrap();
        }
    }
}

/// A power cut and a start later, as often as it is asked for.
fn again(before: &Play) -> impl Fn() -> Play {
    let image = before.disk.image();
    move || before.after_power_cut(SimulatedDisk::from_image(&image), before.disk.position())
}

/// Flips a bit in what only the newest checkpoint needs. The file that it is in.
fn damage_newest(play: &mut Play, session: SessionId) -> PathBuf {
    let stored = stored(&play.game.local.store, session);
    let index = stored.index();
    let plan = index.plan(index.heads()[0].id).unwrap();
    let group = *plan.groups.last().unwrap();
    let path = stored.path_of(group.segment).unwrap().to_path_buf();
    let at = index.group(group).unwrap().frames[0].offset + 50;
    let mut bytes = play.disk.read(&path, 1 << 24).unwrap();
    bytes[at as usize] ^= 0x10;
    play.disk.replace(&path, &bytes).unwrap();
    play.kill();
    path
}

fn stored(store: &DirectoryStore, session: SessionId) -> StoredSession {
    store.open_session(session).unwrap()
}

fn place(play: &Play, session: SessionId) -> ShelfPlace {
    let stored = stored(&play.game.local.store, session);
    stored.index().heads()[0].metadata.place
}

/// The digests of the newest checkpoint of each line.
fn digests(store: &DirectoryStore, session: SessionId) -> Vec<Option<u64>> {
    let mut stored = stored(store, session);
    let heads: Vec<_> = stored.index().heads().iter().map(|head| head.id).collect();
    heads.into_iter().map(|head| read_checkpoint(&mut stored, head)).collect()
}
