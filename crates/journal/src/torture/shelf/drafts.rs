//! Sessions that are planned: they are listed, changed and begun, or nothing is left of them.

use super::crashes::after_power_cuts;
use super::faults::after_each_fault;
use super::{place, stored};
use crate::disk::LocalStore;
use crate::disk::simulated_disk::SimulatedDisk;
use crate::model::ids::SessionId;
use crate::model::ids::Ticket;
use crate::model::session::{
    Archived, NewSession, RequestError, RestoreFrom, RestoreReason, SessionUpdate, ShelfMove,
    ShelfPlace,
};
use crate::read::finding::SessionQuery;
use crate::read::recovery::{SessionEntry, Timeline};
use crate::torture::{Action, Game, Play};
use crate::write::{News, Order};

fn plan() -> NewSession {
    let new = NewSession::named("Friday").player("Ann").tag("co-op");
    new.field("map", &"harbour").unwrap()
}

fn play() -> Play {
    let mut play = Play::new(SimulatedDisk::default(), 16);
    play.pass(1_000);
    play
}

/// The entries of a process that knows nothing of before.
fn listed(play: &Play) -> Vec<SessionEntry> {
    let disk = SimulatedDisk::from_image(&play.disk.image());
    let mut game = Game::boot(&disk, play.now.wall);
    let found =
        game.order(Order::Detect { ticket: None }, play.now).into_iter().flat_map(News::into_found);
    let found = found.inspect(|found| {
        assert_eq!((&found.corruption, &found.failure, found.offers.len()), (&None, &None, 0));
    });
    found.filter_map(|found| found.entry).collect()
}

fn checkpoints(local: &LocalStore, session: SessionId) -> usize {
    stored(&local.store, session).index().checkpoints().len()
}

#[test]
fn a_draft_is_listed_as_it_was_reported_and_begins_with_what_it_says() {
    let mut play = play();
    let drafted = play.draft(&plan()).unwrap();
    let session = drafted.session.id;
    let entries = listed(&play);
    assert_eq!(entries, std::slice::from_ref(&drafted));
    let [entry] = &*entries else { panic!() };
    assert!(entry.session.draft && entry.can_go_on() && !entry.has_crashed());
    assert_eq!(entry.summary.fields.get("map"), Some("harbour".to_owned()));
    let found = |query: SessionQuery| query.of(&entries).entries.len();
    assert_eq!(found(SessionQuery::default().drafts(true)), 1);
    assert_eq!(found(SessionQuery::default().drafts(false)), 0);

    let fields = play.begin_draft(session).unwrap();
    assert_eq!(fields.get("map"), Some("harbour".to_owned()));
    play.perform(&[Action::Settle, Action::Auto, Action::Auto, Action::Settle]);
    let begun = stored(&play.game.local.store, session);
    let [head] = begun.index().heads() else { panic!("{:?}", begun.index().heads()) };
    assert!(!head.metadata.draft);
    let played = begun.index().checkpoints();
    assert!(played.iter().all(|info| info.id.run == head.id.run), "{played:?}");
    let timeline = Timeline::of(&begun);
    assert_eq!((timeline.lines.len(), timeline.checkpoints[0].parent), (1, None));
    play.perform(&[Action::Close]);
    let [entry] = &*listed(&play) else { panic!() };
    assert!(!entry.session.draft && !entry.without_world);
    assert_eq!(entry.session.tags, drafted.session.tags);
}

#[test]
fn a_session_that_was_a_draft_crashes_and_goes_back_like_any_other() {
    let mut play = play();
    let session = play.draft(&plan()).unwrap().session.id;
    play.begin_draft(session).unwrap();
    play.perform(&[Action::Settle, Action::Auto, Action::Settle]);
    play.kill();
    let disk = SimulatedDisk::from_image(&play.disk.image());
    let mut game = Game::boot(&disk, play.now.wall);
    let found =
        game.order(Order::Detect { ticket: None }, play.now).into_iter().flat_map(News::into_found);
    let offers: Vec<_> = found.flat_map(|found| found.offers).collect();
    let [offer] = &*offers else { panic!("{offers:?}") };
    assert_eq!(offer.checkpoints.len(), checkpoints(&play.game.local, session));
    // Further back than all that was played is the oldest that was.
    let longest_ago = RestoreFrom::PlayTime(std::time::Duration::ZERO);
    play.take_up(session, longest_ago, RestoreReason::Recovered);
    assert_eq!(play.played(), Some(session));
    play.perform(&[Action::Auto, Action::Merge, Action::Full, Action::Auto, Action::Close]);
    play.perform(&[Action::Recover, Action::Auto, Action::Full, Action::Full, Action::Close]);
    assert_eq!(stored(&play.game.local.store, session).index().heads().len(), 1);
}

#[test]
fn fields_of_a_draft_are_kept_at_any_size() {
    let mut play = play();
    let text = "x".repeat(20_000);
    let session = play.draft(&plan().field("text", &text).unwrap()).unwrap().session.id;
    let [entry] = &*listed(&play) else { panic!() };
    assert!(entry.summary.fields_left_out);
    let update = SessionUpdate::default().name("Saturday").field("map", &"cellar").unwrap();
    let update = Box::new(update);
    play.game.order(Order::Edit { session, update, ticket: Ticket::new() }, play.now);
    let fields = play.begin_draft(session).unwrap();
    assert_eq!(fields.get("map"), Some("cellar".to_owned()));
    assert_eq!(fields.get("text"), Some(text));
    play.perform(&[Action::Settle, Action::Close]);
    let [entry] = &*listed(&play) else { panic!() };
    assert_eq!((&*entry.session.name, entry.session.draft), ("Saturday", false));
}

#[test]
fn a_draft_can_be_deleted_and_undeleted_but_not_archived_or_restored() {
    let mut play = play();
    let session = play.draft(&plan()).unwrap().session.id;
    assert!(play.shelve(session, ShelfMove::Delete).unwrap().to.is_in_trash());
    assert!(!listed(&play)[0].can_go_on());
    assert_eq!(play.shelve(session, ShelfMove::Undelete).unwrap().to, ShelfPlace::Open);
    for what in [Archived::WithWorld, Archived::SummaryOnly] {
        assert_eq!(play.shelve(session, ShelfMove::Archive(what)), Err(RequestError::NotBegun));
    }
    let newest = listed(&play)[0].newest.unwrap();
    for from in [RestoreFrom::Latest, RestoreFrom::Checkpoint(newest)] {
        play.take_up(session, from, RestoreReason::Recovered);
        assert_eq!((play.refused.take(), play.played()), (Some(RequestError::NotBegun), None));
    }
    play.begin_draft(session).unwrap();
    assert_eq!(place(&play, session), ShelfPlace::Open);
}

#[test]
fn a_power_cut_leaves_a_whole_draft_or_none() {
    let mut play = play();
    let from = play.disk.position();
    let session = play.draft(&plan()).unwrap().session.id;
    let reported = play.disk.position();
    let (mut whole, mut none) = (0, 0);
    after_power_cuts(&play, from, |position, local| {
        let found = local.store.open_session(session).ok();
        match found.as_ref().map(|found| found.index().heads()) {
            Some([head]) => {
                whole += 1;
                assert!(head.metadata.draft && head.metadata.name == "Friday");
            }
            Some([]) | None => {
                none += 1;
                assert!(position < reported, "after {position} of {reported} steps");
            }
            Some(heads) => panic!("{heads:?}"),
        }
    });
    assert!(whole > 5 && none > 5, "{whole} and {none}");
}

#[test]
fn a_power_cut_at_the_begin_leaves_the_draft_or_what_was_played() {
    let mut play = play();
    let session = play.draft(&plan()).unwrap().session.id;
    let from = play.disk.position();
    play.begin_draft(session).unwrap();
    play.perform(&[Action::Settle]);
    let reported = play.disk.position();
    let (mut drafts, mut played) = (0, 0);
    after_power_cuts(&play, from, |position, local| {
        let found = stored(&local.store, session);
        let [head] = found.index().heads() else { panic!("{:?}", found.index().heads()) };
        match found.index().is_without_world(head.id) {
            true => {
                drafts += 1;
                assert!(head.metadata.draft);
                assert!(position < reported, "after {position} of {reported} steps");
            }
            false => {
                played += 1;
                assert!(!head.metadata.draft && found.index().plan(head.id).is_some());
            }
        }
    });
    assert!(drafts > 5 && played > 5, "{drafts} and {played}");
}

#[test]
fn a_fault_leaves_nothing_of_a_draft_that_was_refused() {
    let draft = |play: &mut Play| play.draft(&plan());
    let faults = after_each_fault(&[false], play, draft, |play, result, fault| {
        let entries = listed(play);
        assert_eq!(entries.len(), usize::from(result.is_ok()), "{fault}");
        play.draft(&plan()).unwrap();
        assert_eq!(listed(play).len(), entries.len() + 1);
    });
    assert!(faults > 10, "{faults}");
}
