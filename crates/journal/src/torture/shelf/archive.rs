//! The archive: the part of a session that stays, and resuming it.

// Feature: An archived session is one file, with its newest world or a summary.
// Page: guide/keeping.md#the-archive

use super::{bring, closed, damage_newest, digests, forked, go_on, place, stored};
use crate::disk::simulated_disk::SimulatedDisk;
use crate::disk::{Disk, Layout};
use crate::format::FEATURE_WITHOUT_WORLD;
use crate::model::ids::SessionId;
use crate::model::ids::Ticket;
use crate::model::session::{
    Archived, Attachment, RequestError, RestoreFrom, RestoreReason, SessionStatus, SessionUpdate,
    ShelfMove, ShelfPlace,
};
use crate::read::recovery::{FoundSession, SessionEntry, THUMBNAIL};
use crate::torture::{Action, Play};
use crate::write::{News, Order};

const WITH_WORLD: ShelfMove = ShelfMove::Archive(Archived::WithWorld);
const SUMMARY_ONLY: ShelfMove = ShelfMove::Archive(Archived::SummaryOnly);

/// The findings about a session of a process that knows nothing of it.
fn found(play: &Play, session: SessionId) -> FoundSession {
    let disk = SimulatedDisk::from_image(&play.disk.image());
    let mut game = crate::torture::Game::boot(&disk, play.now.wall);
    let news = game.order(Order::Detect { ticket: None }, play.now);
    let found = news.into_iter().flat_map(News::into_found);
    found.into_iter().find(|found| found.session == session).expect("it should be listed")
}

fn entry(play: &Play, session: SessionId) -> SessionEntry {
    let found = found(play, session);
    assert_eq!((&found.corruption, &found.failure), (&None, &None));
    found.entry.expect("something should be shown of it")
}

/// The files of a session but its card and its manifest.
fn files(play: &Play, session: SessionId) -> Vec<String> {
    let store = &play.game.local.store;
    let listed = play.disk.list(&store.layout().session(session)).unwrap();
    let names = listed.into_iter().map(|entry| entry.name);
    names.filter(|name| !matches!(name.as_str(), "session.ron" | "session.manifest")).collect()
}

/// Asserts that lists show the same of a session as before, but for its place.
fn assert_shown_alike(before: &SessionEntry, after: &SessionEntry) {
    assert_eq!(after.session.name, before.session.name);
    assert_eq!(after.status, before.status);
    assert_eq!(after.declined, before.declined);
    assert_eq!(after.play_time, before.play_time);
    assert_eq!(after.updated, before.updated);
    assert_eq!(after.left, before.left);
    assert_eq!(after.summary, before.summary);
    assert_eq!(after.fit, before.fit);
    assert!(!after.in_use);
}

/// Lays a picture beside the newest checkpoint.
fn add_picture(play: &Play, session: SessionId) {
    let store = &play.game.local.store;
    let newest = stored(store, session).index().heads()[0].id;
    let picture = Attachment::new(THUMBNAIL.to_owned(), vec![9; 300]);
    store.write_attachment(session, newest, &picture).unwrap();
}

fn picture(play: &Play, session: SessionId) -> Option<Attachment> {
    let of = entry(play, session).thumbnail?;
    play.game.local.store.read_attachment(session, of, THUMBNAIL).ok()
}

#[test]
fn an_archived_session_is_one_file_and_resumes_unchanged() {
    let (mut play, session) = closed();
    add_picture(&play, session);
    let (before, newest) = (entry(&play, session), digests(&play.game.local.store, session));
    let moved = play.shelve(session, WITH_WORLD).unwrap();
    assert_eq!((moved.from, moved.to), (ShelfPlace::Open, place(&play, session)));
    assert!(moved.to.is_archived() && moved.bytes < moved.bytes_before, "{moved:?}");
    let mut files = files(&play, session);
    files.retain(|name| Layout::attachment_of(name).is_none());
    assert_eq!(files.len(), 1, "{files:?}");
    assert_shown_alike(&before, &entry(&play, session));
    assert!(picture(&play, session).is_some());
    let digest = digests(&play.game.local.store, session);
    assert_eq!(digest.len(), newest.len());
    assert_eq!(play.shelve(session, WITH_WORLD).unwrap().to, moved.to, "it is there already");
    play.kill();
    go_on(&mut play);
    assert_eq!(play.refused, None);
    assert!(play.played().is_some());
    play.perform(&[Action::Settle, Action::Auto, Action::Close]);
    assert_eq!(place(&play, session), ShelfPlace::Open);
    assert_eq!(stored(&play.game.local.store, session).index().heads().len(), 1);
}

#[test]
fn a_session_can_be_unarchived_archived_again_and_deleted() {
    let (mut play, session) = closed();
    play.shelve(session, WITH_WORLD).unwrap();
    let digest = digests(&play.game.local.store, session);
    assert_eq!(play.shelve(session, ShelfMove::Unarchive).unwrap().to, ShelfPlace::Open);
    assert_eq!(play.shelve(session, ShelfMove::Unarchive), Err(RequestError::NotArchived));
    play.shelve(session, WITH_WORLD).unwrap();
    assert!(play.shelve(session, ShelfMove::Delete).unwrap().from.is_archived());
    assert_eq!(play.shelve(session, ShelfMove::Undelete).unwrap().to, ShelfPlace::Open);
    assert_eq!(digests(&play.game.local.store, session).len(), digest.len());
}

#[test]
fn a_session_archived_as_a_summary_cannot_be_restored() {
    let (mut play, session) = closed();
    add_picture(&play, session);
    let before = entry(&play, session);
    let moved = play.shelve(session, SUMMARY_ONLY).unwrap();
    assert!(moved.bytes < moved.bytes_before);
    let after = entry(&play, session);
    assert_shown_alike(&before, &after);
    assert!(after.without_world && !after.can_go_on());
    assert!(picture(&play, session).is_some());
    let file = stored(&play.game.local.store, session);
    let header = &file.index().segments()[0].header;
    assert_eq!(header.optional_features, FEATURE_WITHOUT_WORLD, "older builds leave it alone");
    for from in [RestoreFrom::Latest, RestoreFrom::Checkpoint(after.newest.unwrap())] {
        play.restore_from(from, RestoreReason::Recovered);
        assert_eq!(play.refused.take(), Some(RequestError::ArchivedWithoutWorld));
    }
    assert_eq!(play.played(), None);
    let refused = Err(RequestError::ArchivedWithoutWorld);
    assert_eq!(play.shelve(session, ShelfMove::Unarchive), refused);
    assert_eq!(play.shelve(session, WITH_WORLD), refused);
    assert_eq!(play.shelve(session, SUMMARY_ONLY).unwrap().to, moved.to);
    // From the trash it goes back where it was.
    play.shelve(session, ShelfMove::Delete).unwrap();
    assert!(play.shelve(session, ShelfMove::Undelete).unwrap().to.is_archived());
}

#[test]
fn an_archived_session_can_be_reduced_to_its_summary() {
    let (mut play, session) = closed();
    let before = entry(&play, session);
    let archived = play.shelve(session, WITH_WORLD).unwrap();
    play.pass(1000);
    let moved = play.shelve(session, SUMMARY_ONLY).unwrap();
    assert_eq!((moved.from, moved.to), (archived.to, archived.to));
    assert!(moved.bytes < archived.bytes);
    assert_shown_alike(&before, &entry(&play, session));
}

#[test]
fn metadata_of_an_archived_session_can_be_edited() {
    for how in [WITH_WORLD, SUMMARY_ONLY] {
        let (mut play, session) = closed();
        play.shelve(session, how).unwrap();
        let update = SessionUpdate::default().name("Put away").field("stars", &3).unwrap();
        let news = play.game.order(
            Order::Edit { session, update: Box::new(update), ticket: Ticket::new() },
            play.now,
        );
        assert!(news.iter().any(|news| matches!(news, News::Edited { result: Ok(()), .. })));
        let entry = entry(&play, session);
        assert_eq!(entry.session.name, "Put away");
        assert_eq!(entry.summary.fields.get::<u32>("stars"), Some(3));
        assert!(entry.session.place.is_archived());
    }
}

#[test]
fn fields_edited_before_archiving_are_in_the_archive() {
    let (mut play, session) = closed();
    let update = SessionUpdate::default().field("stars", &5).unwrap();
    play.game
        .order(Order::Edit { session, update: Box::new(update), ticket: Ticket::new() }, play.now);
    let before = entry(&play, session);
    play.shelve(session, WITH_WORLD).unwrap();
    assert_shown_alike(&before, &entry(&play, session));
    let mut stored = stored(&play.game.local.store, session);
    let head = stored.index().heads()[0].id;
    let fields = crate::read::recovery::fields_of(&mut stored, head).unwrap();
    assert_eq!(fields.get::<u32>("stars"), Some(5), "they are in the checkpoint itself");
}

#[test]
fn a_copy_of_an_archived_session_is_a_fork_only_if_it_was_played() {
    let (mut play, session) = closed();
    let image = play.disk.image();
    let other = play.after_power_cut(SimulatedDisk::from_image(&image), play.disk.position());
    play.shelve(session, WITH_WORLD).unwrap();
    bring(&other, &play, session);
    assert_eq!(stored(&play.game.local.store, session).index().heads().len(), 1);
    assert!(place(&play, session).is_archived());
    let mut other = play.after_power_cut(SimulatedDisk::from_image(&image), play.disk.position());
    other.be_device(2);
    go_on(&mut other);
    other.perform(&[Action::Auto, Action::Close]);
    bring(&other, &play, session);
    assert_eq!(stored(&play.game.local.store, session).index().heads().len(), 2);
    assert_eq!(place(&play, session), ShelfPlace::Open);
}

#[test]
fn a_forked_crashed_or_played_session_is_not_archived() {
    let (mut play, session) = forked();
    assert_eq!(play.shelve(session, WITH_WORLD), Err(RequestError::Forked));
    let (mut play, session) = closed();
    go_on(&mut play);
    play.perform(&[Action::Auto, Action::Settle]);
    assert_eq!(play.shelve(session, WITH_WORLD), Err(RequestError::SessionInUse));
    play.kill();
    assert_eq!(play.shelve(session, WITH_WORLD), Err(RequestError::CrashUndecided));
    let before = files(&play, session);
    assert_eq!(play.shelve(SessionId::random(), WITH_WORLD), Err(RequestError::UnknownSession));
    assert_eq!(files(&play, session), before);
    play.decline(session).unwrap();
    let before = entry(&play, session);
    play.shelve(session, WITH_WORLD).unwrap();
    let after = entry(&play, session);
    assert_shown_alike(&before, &after);
    assert!(after.declined && found(&play, session).offers.is_empty());
}

#[test]
fn an_ended_session_stays_ended_in_the_archive() {
    let (mut play, session) = closed();
    go_on(&mut play);
    play.perform(&[Action::Auto, Action::End]);
    let before = entry(&play, session);
    assert_eq!(before.status, SessionStatus::Completed);
    for how in [WITH_WORLD, SUMMARY_ONLY] {
        play.shelve(session, how).unwrap();
        assert_shown_alike(&before, &entry(&play, session));
    }
}

#[test]
fn of_a_damaged_session_the_newest_intact_checkpoint_is_archived() {
    let (mut play, session) = closed();
    let path = damage_newest(&mut play, session);
    play.shelve(session, WITH_WORLD).unwrap();
    let after = stored(&play.game.local.store, session);
    assert_eq!(after.index().heads().len(), 1);
    assert!(place(&play, session).is_archived());
    assert!(digests(&play.game.local.store, session)[0].is_some(), "it can be restored");
    assert!(play.disk.image().holds(&path), "what may be repaired is no rubbish");
}

#[test]
fn a_full_disk_does_not_thin_archived_sessions() {
    for how in [WITH_WORLD, SUMMARY_ONLY] {
        let (mut play, session) = closed();
        play.shelve(session, how).unwrap();
        let update = SessionUpdate::default().name("Put away");
        play.game.order(
            Order::Edit { session, update: Box::new(update), ticket: Ticket::new() },
            play.now,
        );
        let before = files(&play, session);
        play.perform(&[Action::Start, Action::Auto, Action::CrowdOthers, Action::Full]);
        play.perform(&[Action::Full, Action::Settle, Action::Merge, Action::Close]);
        assert_eq!(files(&play, session), before);
        assert_eq!(entry(&play, session).session.name, "Put away");
    }
}

#[test]
fn a_save_waits_for_at_most_one_step_of_an_archiving() {
    let (mut play, session) = closed();
    play.perform(&[Action::Start, Action::Settle]);
    play.game.order(Order::Shelve { session, how: WITH_WORLD, ticket: Ticket::new() }, play.now);
    let mut steps = 0;
    while !place(&play, session).is_archived() {
        play.perform(&[Action::Auto]);
        assert!(play.history.newest_is_acknowledged());
        steps += 1;
        assert!(steps < 1000);
    }
    assert!(steps > 4, "it was put away in {steps} steps");
}

#[test]
fn a_session_can_be_resumed_at_any_step_of_its_archiving() {
    let mut taken_up = 0;
    for steps in 0..12 {
        let (mut play, session) = closed();
        // While another is played, a turn is one step.
        play.perform(&[Action::Start, Action::Settle]);
        play.game
            .order(Order::Shelve { session, how: WITH_WORLD, ticket: Ticket::new() }, play.now);
        (0..steps).for_each(|_| play.turn());
        // Once it is in the archive, its checkpoint has a number that the play doesn't know.
        play.perform_if_known(&[]);
        play.take_up(session, RestoreFrom::Latest, RestoreReason::Recovered);
        assert_eq!(play.refused, None, "after {steps} steps");
        taken_up += usize::from(play.played() == Some(session));
        play.perform(&[Action::Settle, Action::Auto, Action::Close]);
        play.settle();
        assert_eq!(stored(&play.game.local.store, session).index().heads().len(), 1);
        assert!(files(&play, session).iter().all(|name| !name.ends_with(".new")));
    }
    assert!(taken_up > 2, "{taken_up}");
}
