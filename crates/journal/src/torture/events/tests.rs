//! What is recorded is there again, where and when it should be.

use std::time::Duration;

use crate::ids::SessionId;
use crate::journal::CheckpointKind;
use crate::recovery::{EventPage, EventQuery, EventValidation, Wanted};
use crate::session::{RestoreFrom, RestoreReason};
use crate::store::simulated_disk::{Content, Node, SimulatedDisk};
use crate::torture::events::id_of;
use crate::torture::{Action, Play};
use crate::writer::{News, Order};

/// What would be handed out again if the session were recovered now.
fn after(play: &mut Play, reason: RestoreReason) -> Vec<u64> {
    let session = play.sessions().next().expect("there is a session");
    let probation = Duration::from_secs(60);
    let wanted =
        Wanted { session, from: RestoreFrom::Latest, reason, tail: None, played: None, probation };
    let (prepared, _) = play.game.prepare(wanted, play.now);
    let prepared = prepared.expect("it should be prepared");
    play.game.order(Order::Release(session), play.now);
    prepared.events_after.iter().map(|event| event.sequence).collect()
}

fn read(play: &mut Play, query: EventQuery) -> EventPage {
    let now = play.now;
    let mut news = play.game.order(Order::ReadEvents(Box::new(query)), now);
    for _ in 0..1000 {
        for news in news {
            if let News::EventsRead { result, .. } = news {
                return result.expect("the events should be read");
            }
        }
        news = play.game.turn(now);
    }
    panic!("the page isn't read");
}

fn validate(play: &mut Play) -> EventValidation {
    let (session, now) = (session(play), play.now);
    let mut news = play.game.order(Order::ValidateEvents(session), now);
    for _ in 0..1000 {
        for news in news {
            if let News::EventsValidated { result, .. } = news {
                return result.expect("the events should be looked at");
            }
        }
        news = play.game.turn(now);
    }
    panic!("the events aren't looked at");
}

fn session(play: &Play) -> SessionId {
    play.sessions().next().expect("there is a session")
}

fn numbers(page: &EventPage) -> Vec<u64> {
    page.events.iter().map(|event| event.sequence).collect()
}

/// A game that has played for a while: its newest checkpoint is followed by an event.
fn played() -> Play {
    use Action::{Auto, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 5);
    play.perform(&[Start, Auto, Auto, Auto, Auto, Auto, Auto, Settle]);
    play
}

#[test]
fn what_happened_after_the_newest_checkpoint_comes_back_until_a_checkpoint_holds_it() {
    use Action::{Auto, Kill, Recover, Settle};
    let mut play = played();
    let newest = play.game.playing.as_ref().unwrap().next_event - 1;
    play.kill();
    assert_eq!(after(&mut play, RestoreReason::Recovered), [newest]);
    // It crashes before its first checkpoint with it, twice.
    for _ in 0..2 {
        play.perform(&[Recover, Settle, Kill]);
        assert_eq!(after(&mut play, RestoreReason::Recovered)[0], newest);
    }
    play.perform(&[Recover, Auto, Auto, Settle, Kill]);
    assert!(!after(&mut play, RestoreReason::Recovered).contains(&newest));
}

#[test]
fn nothing_is_handed_out_again_after_a_rewind_or_a_session_that_was_left() {
    use Action::{Close, Kill, Settle};
    let mut play = played();
    play.kill();
    assert!(after(&mut play, RestoreReason::Rewound).is_empty());
    let mut play = played();
    play.perform(&[Close, Settle, Kill]);
    assert!(after(&mut play, RestoreReason::Continued).is_empty());
}

#[test]
fn a_page_is_read_from_either_end_and_goes_on_at_its_cursor() {
    let mut play = played();
    let session = session(&play);
    let newest = play.game.playing.as_ref().unwrap().next_event - 1;
    let all: Vec<u64> = (1..=newest).collect();
    for newest_first in [false, true] {
        for limit in 1..=newest as usize + 1 {
            let (mut read_so_far, mut after) = (Vec::new(), None);
            loop {
                let query = EventQuery { newest_first, limit, after, ..EventQuery::of(session) };
                let page = read(&mut play, query);
                assert!(page.events.len() <= limit);
                read_so_far.extend(numbers(&page));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            if newest_first {
                read_so_far.reverse();
            }
            assert_eq!(read_so_far, all, "{limit} at once, newest first: {newest_first}");
        }
    }
}

#[test]
fn a_query_asks_for_types_numbers_and_play_time_and_counts_all() {
    let mut play = played();
    let session = session(&play);
    let all = read(&mut play, EventQuery { newest_first: false, ..EventQuery::of(session) }).events;
    let types = vec!["game::Looted".to_owned()];
    let query = EventQuery { types, limit: 1, counts_all: true, ..EventQuery::of(session) };
    let page = read(&mut play, query);
    let looted: Vec<_> = all.iter().filter(|event| id_of(event).is_multiple_of(3)).collect();
    assert!(looted.len() > 1 && looted.len() < all.len());
    assert_eq!(page.total, Some(looted.len() as u64));
    assert_eq!(page.events[0], **looted.last().unwrap());

    let sequences = Some(2..=4);
    let page = read(&mut play, EventQuery { sequences, ..EventQuery::of(session) });
    assert_eq!(numbers(&page), [4, 3, 2]);
    let play_time = Some(all[2].moment.play_time..=all[3].moment.play_time);
    let page = read(&mut play, EventQuery { play_time, ..EventQuery::of(session) });
    assert!(numbers(&page).contains(&all[2].sequence) && page.events.len() < all.len());
    let page = read(&mut play, EventQuery { chapter: Some(1), ..EventQuery::of(session) });
    assert!(page.events.is_empty());
}

#[test]
fn a_line_goes_on_from_what_a_checkpoint_holds_and_leaves_the_rest_to_its_branch() {
    use Action::{Auto, Rewind, Settle};
    let mut play = played();
    let session = session(&play);
    let run = |play: &Play| play.game.playing.as_ref().unwrap().run;
    let (left, before) = (run(&play), play.game.playing.as_ref().unwrap().next_event);
    play.perform(&[Rewind, Auto, Auto, Settle]);
    assert_ne!(run(&play), left);
    let query = EventQuery { newest_first: false, limit: 1000, ..EventQuery::of(session) };
    let line = numbers(&read(&mut play, query));
    assert!(line.windows(2).all(|two| two[0] < two[1]), "{line:?}");
    assert!(!line.contains(&(before - 1)), "the branch that was left has it: {line:?}");
    assert!(line.iter().any(|sequence| *sequence >= before), "{line:?}");
    assert!(validate(&mut play).is_whole());
}

#[test]
fn files_follow_each_other_and_go_whole_the_oldest_first() {
    use Action::{Auto, Full, Settle};
    let mut play = played();
    for _ in 0..60 {
        play.checkpoint_after_events(CheckpointKind::Auto, 20);
    }
    play.settle();
    let before = validate(&mut play);
    assert!(before.is_whole() && before.gaps.is_empty(), "{before:?}");
    assert!(before.files > 4, "{before:?}");
    let quota = before.bytes / 2;
    play.keep_events(quota);
    play.perform(&[Full, Settle, Auto, Settle]);
    let left = validate(&mut play);
    assert!(left.bytes <= quota && left.events < before.events, "{left:?} of {before:?}");
    let session = session(&play);
    let newest = play.game.playing.as_ref().unwrap().next_event - 1;
    let page = read(&mut play, EventQuery { limit: 1, ..EventQuery::of(session) });
    assert_eq!(numbers(&page), [newest], "the newest should stay");

    play.keep_events(0);
    play.perform(&[Full, Settle, Auto, Settle]);
    let page = read(&mut play, EventQuery { limit: 1, ..EventQuery::of(session) });
    let newest = play.game.playing.as_ref().unwrap().next_event - 1;
    assert_eq!(numbers(&page), [newest], "what no checkpoint holds never goes");
}

#[test]
fn damage_costs_what_it_covers_and_no_checkpoint() {
    let mut play = played();
    let whole = validate(&mut play);
    play.kill();
    let disk = play.disk.image();
    let events = |place: &std::path::Path| place.extension().is_some_and(|it| it == "events");
    let files: Vec<_> = disk.files().filter(|(place, _)| events(place.path())).collect();
    assert_eq!(files.len() as u64, whole.files);
    let (place, content) = files[0];
    for at in (0..content.bytes().len()).step_by(7) {
        let mut bytes = content.bytes().to_vec();
        bytes[at] ^= 0x10;
        let mut damaged = disk.clone();
        damaged.put(place.clone(), Node::File(Content::from(bytes)));
        let found = crate::torture::Opened::from_image(&damaged);
        let session = found.sessions.values().next().unwrap();
        assert!(!session.damage_is_told && session.failure.is_none(), "byte {at}");
        let mut next = play.after_power_cut(SimulatedDisk::from_image(&damaged), usize::MAX);
        let found = validate(&mut next);
        let lost = whole.events - found.events;
        assert!(lost <= 1 || found.files == 0, "byte {at}: {found:?}");
    }
}
