//! The statements about a session that isn't played, over and over.

use super::crashes::after_power_cuts;
use super::faults::after_each_fault;
use super::{again, closed, digests, forked, stored};
use crate::disk::{Disk, Layout};
use crate::format::Head;
use crate::model::ids::SessionId;
use crate::model::ids::Ticket;
use crate::model::session::{RequestError, SessionUpdate};
use crate::torture::{Action, Play};
use crate::write::{News, Order};

/// Another name, and another field.
fn edit(play: &mut Play, session: SessionId, number: u64) -> Result<(), RequestError> {
    let update = SessionUpdate::default().name(format!("Name {number}"));
    let update = Box::new(update.field("number", &number).unwrap());
    play.pass(1);
    let news = play.game.order(Order::Edit { session, update, ticket: Ticket::new() }, play.now);
    let edited = news.into_iter().find_map(|news| match news {
        News::Edited { result, .. } => Some(result),
        _ => None,
    });
    edited.expect("it should be answered")
}

/// The last statement: the name, and the field.
fn said(head: &Head) -> (String, Option<u64>) {
    let fields = head.fields.as_ref();
    (head.metadata.name.clone(), fields.and_then(|fields| fields.get("number")))
}

fn journals(play: &Play, session: SessionId) -> usize {
    let directory = play.game.local.store.layout().session(session);
    let image = play.disk.image();
    let paths = image.files().map(|(place, _)| place.path().to_path_buf());
    let names = paths.filter(|path| path.starts_with(&directory));
    names
        .filter(|path| Layout::is_segment_name(&path.file_name().unwrap().to_string_lossy()))
        .count()
}

#[test]
fn repeated_edits_leave_few_files() {
    for (mut play, session) in [closed(), forked()] {
        let before = journals(&play, session);
        let read = digests(&play.game.local.store, session);
        for number in 0..50 {
            edit(&mut play, session, number).unwrap();
            assert!(journals(&play, session) <= before + 4, "after {number}");
        }
        play.kill();
        let found = stored(&play.game.local.store, session);
        assert_eq!(said(&found.index().heads()[0]), ("Name 49".to_owned(), Some(49)));
        assert_eq!(digests(&play.game.local.store, session), read);
    }
}

/// A checkpoint that is captured meanwhile is behind the edit in the writer's orders.
#[test]
fn an_edit_during_play_waits_for_a_listing_and_delays_no_checkpoint() {
    let (mut play, session) = closed();
    (0..8)
        .for_each(|_| play.perform(&[Action::Start, Action::Full, Action::Settle, Action::Close]));
    play.perform(&[Action::Start, Action::Full, Action::Settle]);
    play.game.order(Order::Detect { ticket: None }, play.now);
    play.game.turn(play.now);
    let begun = play.disk.operations().len();
    let update = Box::new(SessionUpdate::default().name("Another"));
    let order = Order::Edit { session, update, ticket: Ticket::new() };
    let mut news = play.game.order(order, play.now);
    assert_eq!(play.disk.operations().len(), begun, "it waits");
    let mut turns = 0;
    let is_edited = |news: &News| matches!(news, News::Edited { result: Ok(()), .. });
    while !news.iter().any(is_edited) {
        news.extend(play.game.turn(play.now));
        turns += 1;
    }
    let listed = news.iter().position(|news| matches!(news, News::Detected { .. }));
    assert!(turns > 3 && listed < news.iter().position(is_edited), "{turns} turns");
}

/// Both files hold, the older one where the newer one is damaged.
#[test]
fn the_edit_before_a_lost_one_applies() {
    let (mut play, session) = closed();
    for number in 0..5 {
        edit(&mut play, session, number).unwrap();
    }
    let found = stored(&play.game.local.store, session);
    let is_newest = |number: &usize| {
        let newest = found.index().segments().iter().map(|segment| segment.header.created).max();
        Some(found.index().segments()[*number].header.created) == newest
    };
    for number in (0..found.segments().len()).filter(is_newest) {
        play.disk.remove(found.path_of(number).unwrap()).unwrap();
    }
    let found = stored(&play.game.local.store, session);
    assert_eq!(said(&found.index().heads()[0]), ("Name 3".to_owned(), Some(3)));
}

#[test]
fn a_power_cut_leaves_the_old_or_the_new_edit() {
    for (mut play, session) in [closed(), forked()] {
        for number in 0..3 {
            edit(&mut play, session, number).unwrap();
        }
        let mut cuts = 0;
        for number in 3..7 {
            let from = play.disk.position();
            edit(&mut play, session, number).unwrap();
            let reported = play.disk.position();
            after_power_cuts(&play, from, |position, local| {
                cuts += 1;
                let found = stored(&local.store, session);
                let (name, field) = said(&found.index().heads()[0]);
                let is_before = |what: bool| position < reported && what;
                let (now, before) = (format!("Name {number}"), format!("Name {}", number - 1));
                assert!(name == now || is_before(name == before), "{name} after {position}");
                let before = field == Some(number - 1);
                assert!(field == Some(number) || is_before(before), "{field:?} after {position}");
            });
        }
        assert!(cuts > 50, "{cuts}");
    }
}

#[test]
fn a_fault_during_an_edit_loses_no_earlier_edit() {
    let (mut before, session) = closed();
    for number in 0..3 {
        edit(&mut before, session, number).unwrap();
    }
    let act = |play: &mut Play| edit(play, session, 3);
    let faults = after_each_fault(&[false, true], again(&before), act, |play, result, fault| {
        let (name, field) = said(&stored(&play.game.local.store, session).index().heads()[0]);
        let (is_new, is_old) = (name == "Name 3", name == "Name 2");
        assert!(is_new || is_old && result.is_err(), "{fault}: {result:?}, {name}");
        assert!(field == Some(3) || field == Some(2) && result.is_err(), "{fault}: {field:?}");
        edit(play, session, 4).unwrap();
    });
    assert!(faults > 20, "{faults}");
}
