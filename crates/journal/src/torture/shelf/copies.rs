//! Sessions of which a second one is made: it is whole, or there is none, and the first one is as it was.

use std::sync::Arc;
use std::time::Duration;

use super::crashes::after_power_cuts;
use super::faults::after_each_fault;
use super::{again, closed, damage_newest, forked, go_on, stored};
use crate::disk::simulated_disk::SimulatedDisk;
use crate::disk::{DirectoryStore, Disk, LocalStore};
use crate::format::Block;
use crate::model::ids::SessionId;
use crate::model::ids::Ticket;
use crate::model::session::{
    Archived, Attachment, NewSession, RequestError, RestoreFrom, RestoreReason, SessionStatus,
    SessionUpdate, ShelfMove, ShelfPlace,
};
use crate::read::recovery::{
    FIELDS, FoundSession, SessionEntry, SessionFinder, THUMBNAIL, Timeline, detect,
};
use crate::torture::content::Bytes;
use crate::torture::opening::layout;
use crate::torture::{Action, Game, Play};
use crate::write::{News, Order};

/// The content of the newest checkpoint of a session's one line, if it can be read.
fn world(store: &DirectoryStore, session: SessionId) -> Option<Vec<Block>> {
    let stored = stored(store, session);
    let [head] = stored.index().heads() else { panic!("{:?}", stored.index().heads()) };
    let plan = stored.index().plan(head.id)?;
    stored.blocks(&plan).ok()?.collect::<Result<_, _>>().ok()
}

/// The findings of a process that knows nothing of before.
fn found(play: &Play) -> Vec<FoundSession> {
    let disk = SimulatedDisk::from_image(&play.disk.image());
    let mut game = Game::boot(&disk, play.now.wall);
    game.order(Order::Detect { ticket: None }, play.now)
        .into_iter()
        .flat_map(News::into_found)
        .collect()
}

fn entry(play: &Play, session: SessionId) -> SessionEntry {
    let found = found(play).into_iter().find(|found| found.session == session).unwrap();
    assert_eq!((&found.corruption, &found.failure), (&None, &None));
    found.entry.unwrap()
}

/// The bytes of all of a session's files.
fn files(local: &LocalStore, disk: &dyn Disk, session: SessionId) -> Vec<Vec<u8>> {
    let directory = local.store.layout().session(session);
    let listed = disk.list(&directory).unwrap_or_default();
    listed.iter().map(|file| disk.read(&directory.join(&file.name), 1 << 24).unwrap()).collect()
}

#[test]
fn a_copy_is_as_reported_and_leaves_the_original_unchanged() {
    let (mut play, session) = closed();
    let newest = stored(&play.game.local.store, session).index().heads()[0].id;
    let picture = Attachment::new(THUMBNAIL.to_owned(), vec![9; 300]);
    play.game.local.store.write_attachment(session, newest, &picture).unwrap();
    let update = SessionUpdate::default().field("stars", &5).unwrap().pin(true);
    play.game
        .order(Order::Edit { session, update: Box::new(update), ticket: Ticket::new() }, play.now);
    let (before, shown) = (files(&play.game.local, &play.disk, session), entry(&play, session));

    let copied = play.copy(session, "Copy").unwrap();
    let copy = copied.session.id;
    assert_ne!(copy, session);
    assert_eq!(copied, entry(&play, copy), "it is listed as it was reported");
    assert_eq!(files(&play.game.local, &play.disk, session), before);
    assert_eq!((&*copied.session.name, copied.session.pinned), ("Copy", false));
    assert_eq!((copied.play_time, &copied.summary), (shown.play_time, &shown.summary));
    assert_eq!(copied.summary.fields.get::<u32>("stars"), Some(5));
    assert_eq!((copied.status, copied.has_crashed()), (SessionStatus::Closed, false));
    let pictured = copied.thumbnail.expect("it should have its picture");
    assert!(play.game.local.store.read_attachment(copy, pictured, THUMBNAIL).is_ok());
    let mut worlds = [session, copy].map(|it| world(&play.game.local.store, it).unwrap());
    for world in &mut worlds {
        // The first one was given fields since its checkpoint was taken.
        world.retain(|block| &*block.type_path != FIELDS);
    }
    assert_eq!(worlds[0], worlds[1]);
    let newest = stored(&play.game.local.store, copy).index().heads()[0].id;
    let commit = stored(&play.game.local.store, copy).index().commit(newest).cloned().unwrap();
    assert_eq!(commit.events_through, 0, "what happened stays where it happened");
    let stored = stored(&play.game.local.store, copy);
    let timeline = Timeline::of(&stored);
    let header = &stored.index().segments()[0].header;
    assert_eq!((timeline.lines.len(), timeline.checkpoints[0].parent), (1, None));
    assert!(header.ancestors.is_empty() && header.supersedes.is_empty());
}

#[test]
fn a_copy_and_the_original_are_played_independently() {
    let (mut play, session) = closed();
    let copy = play.copy(session, "Copy").unwrap().session.id;
    for session in [copy, session, copy] {
        play.take_up(session, RestoreFrom::Latest, RestoreReason::Recovered);
        assert_eq!((play.refused.take(), play.played()), (None, Some(session)));
        play.perform(&[Action::Auto, Action::Full, Action::Settle, Action::Close]);
        assert_eq!(stored(&play.game.local.store, session).index().heads().len(), 1);
    }
}

#[test]
fn a_crashed_session_is_copied_as_closed_and_still_offered() {
    let (mut play, session) = closed();
    go_on(&mut play);
    play.perform(&[Action::Auto, Action::Settle]);
    assert_eq!(play.copy(session, "Copy").map(drop), Err(RequestError::SessionInUse));
    play.kill();
    let copied = play.copy(session, "Copy").unwrap();
    assert_eq!((copied.status, copied.has_crashed()), (SessionStatus::Closed, false));
    let offers: Vec<_> = found(&play).into_iter().flat_map(|found| found.offers).collect();
    assert_eq!(offers.iter().map(|offer| offer.session.id).collect::<Vec<_>>(), [session]);
}

#[test]
fn an_ended_session_is_copied_as_ended() {
    let (mut play, session) = closed();
    go_on(&mut play);
    play.perform(&[Action::Auto, Action::End]);
    let copied = play.copy(session, "Copy").unwrap();
    assert_eq!(copied.status, SessionStatus::Completed);
    assert_eq!(copied.left, entry(&play, session).left);
}

#[test]
fn a_draft_is_copied_as_a_draft_with_all_its_fields() {
    let (mut play, _) = closed();
    let text = "x".repeat(20_000);
    let plan = NewSession::named("Friday").player("Ann").tag("co-op");
    let plan = plan.field("map", &"harbour").unwrap().field("text", &text).unwrap();
    let session = play.draft(&plan).unwrap().session.id;
    let copied = play.copy(session, "Saturday").unwrap();
    assert!(copied.session.draft && copied.without_world);
    assert_eq!(copied.session.player.as_deref(), Some("Ann"));
    assert_eq!(copied, entry(&play, copied.session.id));
    let fields = play.begin_draft(copied.session.id).unwrap();
    assert_eq!(fields.get("text"), Some(text));
    play.perform(&[Action::Settle, Action::Close]);
    assert!(entry(&play, session).session.draft);
}

#[test]
fn a_copy_of_a_trashed_or_archived_session_is_open() {
    for how in [ShelfMove::Delete, ShelfMove::Archive(Archived::WithWorld)] {
        let (mut play, session) = closed();
        play.shelve(session, how).unwrap();
        let copied = play.copy(session, "Copy").unwrap();
        assert_eq!(copied.session.place, ShelfPlace::Open);
        assert!(!entry(&play, session).session.place.is_open());
    }
}

#[test]
fn a_summary_a_fork_and_an_unknown_session_are_not_copied() {
    let (mut play, session) = closed();
    play.shelve(session, ShelfMove::Archive(Archived::SummaryOnly)).unwrap();
    let refused = play.copy(session, "Copy").map(drop);
    assert_eq!(refused, Err(RequestError::ArchivedWithoutWorld));
    let refused = play.copy(SessionId::random(), "Copy").map(drop);
    assert_eq!(refused, Err(RequestError::UnknownSession));
    assert_eq!(play.game.local.store.sessions().unwrap(), [session]);
    let (mut play, session) = forked();
    assert_eq!(play.copy(session, "Copy").map(drop), Err(RequestError::Forked));
    assert_eq!(play.game.local.store.sessions().unwrap(), [session]);
}

#[test]
fn of_a_damaged_session_the_newest_intact_checkpoint_is_copied() {
    let (mut play, session) = closed();
    damage_newest(&mut play, session);
    let copied = play.copy(session, "Copy").unwrap();
    assert!(world(&play.game.local.store, session).is_none(), "it should be damaged");
    assert!(world(&play.game.local.store, copied.session.id).is_some());
    assert_eq!(copied, entry(&play, copied.session.id));
}

#[test]
fn a_power_cut_leaves_a_whole_copy_or_none() {
    let (mut play, session) = closed();
    let from = play.disk.position();
    let before = world(&play.game.local.store, session);
    let copy = play.copy(session, "Copy").unwrap().session.id;
    let copied = world(&play.game.local.store, copy);
    assert!(copied.is_some());
    let reported = play.disk.position();
    let (mut whole, mut none) = (0, 0);
    after_power_cuts(&play, from, |position, local| {
        assert_eq!(world(&local.store, session), before);
        let heads = local.store.open_session(copy).map(|stored| stored.index().heads().to_vec());
        if heads.is_ok_and(|heads| !heads.is_empty()) {
            whole += 1;
            assert_eq!(world(&local.store, copy), copied);
        } else {
            none += 1;
            assert!(position < reported, "after {position} of {reported} steps");
        }
    });
    assert!(whole > 5 && none > 5, "{whole} and {none}");
}

#[test]
fn a_copy_cut_off_by_a_power_cut_is_not_listed_as_damaged() {
    let (mut play, session) = closed();
    let from = play.disk.position();
    play.copy(session, "Copy").unwrap();
    let mut listed = 0;
    after_power_cuts(&play, from, |position, local| {
        listed += 1;
        let disk = Arc::clone(local.store.disk());
        let local = Arc::new(LocalStore::new(disk, layout()));
        let mut finder = SessionFinder::new(local, Vec::new(), Duration::ZERO);
        let found = detect(&mut finder, &Bytes, play.now.wall);
        for found in found {
            let damage = (&found.corruption, &found.failure, found.offers.len());
            assert_eq!(damage, (&None, &None, 0), "after {position} steps");
        }
    });
    assert!(listed > 30, "{listed}");
}

#[test]
fn a_fault_leaves_nothing_of_a_copy_that_was_refused() {
    let (before, session) = closed();
    let expected = world(&before.game.local.store, session);
    let copy = |play: &mut Play| play.copy(session, "Copy");
    let faults = after_each_fault(&[false], again(&before), copy, |play, result, fault| {
        let entries = found(play).into_iter().filter_map(|found| found.entry).count();
        assert_eq!(entries, 1 + usize::from(result.is_ok()), "{fault}");
        assert_eq!(world(&play.game.local.store, session), expected);
        let copy = play.copy(session, "Copy").unwrap().session.id;
        assert!(world(&play.game.local.store, copy).is_some());
    });
    assert!(faults > 30, "{faults}");
}

#[test]
fn a_copy_is_restarted_if_the_session_changes_meanwhile() {
    let (mut play, session) = closed();
    play.perform(&[Action::Start, Action::Settle]);
    let played = play.played().unwrap();
    play.game
        .order(Order::Copy { session, name: "Copy".to_owned(), ticket: Ticket::new() }, play.now);
    // Beside play it is begun in one turn, and continues in the next.
    play.game.turn(play.now);
    play.game.turn(play.now);
    let sessions = play.game.local.store.sessions().unwrap();
    let copies = |sessions: &[SessionId]| {
        let others = sessions.iter().filter(|it| ![session, played].contains(it));
        others.copied().collect::<Vec<_>>()
    };
    let [begun] = *copies(&sessions) else { panic!("it should be under way: {sessions:?}") };
    let update = Box::new(SessionUpdate::default().field("stars", &9).unwrap());
    let mut news =
        play.game.order(Order::Edit { session, update, ticket: Ticket::new() }, play.now);
    news.extend(play.game.turn(play.now));
    assert!(news.iter().any(|news| matches!(news, News::Edited { result: Ok(()), .. })));
    assert!(!play.game.local.store.sessions().unwrap().contains(&begun));
    for _ in 0..20 {
        play.game.turn(play.now);
    }
    play.perform(&[Action::Close]);
    let [copy] = *copies(&play.game.local.store.sessions().unwrap()) else { panic!() };
    assert_eq!(entry(&play, copy).summary.fields.get("stars"), Some(9));
}

/// Requests of a menu about other sessions while one is played: a piece of them in each turn, and nothing before the
/// end of a run.
#[test]
fn orders_on_other_sessions_yield_to_play_and_to_its_end() {
    let (mut play, session) = closed();
    play.perform(&[Action::Start, Action::Settle]);
    let ask = |play: &mut Play| {
        for stars in 0..3 {
            let update = Box::new(SessionUpdate::default().field("stars", &stars).unwrap());
            let edit = Order::Edit { session, update, ticket: Ticket::new() };
            assert!(play.game.order(edit, play.now).is_empty(), "its turn is to come");
        }
    };
    let edits = |news: &[News]| {
        news.iter().filter(|news| matches!(news, News::Edited { result: Ok(()), .. })).count()
    };
    ask(&mut play);
    for _ in 0..3 {
        let news = play.game.turn(play.now);
        assert_eq!(edits(&news), 1, "{news:?}");
    }

    ask(&mut play);
    let mut news = play.game.leave(SessionStatus::Closed, play.now);
    while !news.iter().any(|news| matches!(news, News::Left { complete: true, .. })) {
        assert_eq!(edits(&news), 0, "{news:?}");
        news = play.game.turn(play.now);
    }
    assert_eq!(edits(&news), 0, "{news:?}");
    assert_eq!(edits(&play.game.turn(play.now)), 3);
}
