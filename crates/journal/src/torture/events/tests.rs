//! Recorded events are there again, where and when they should be.

use std::path::Path;
use std::time::Duration;

use crate::disk::simulated_disk::{Content, Node, Place, SimulatedDisk};
use crate::format::CheckpointKind;
use crate::model::ids::{RunId, SessionId, Ticket};
use crate::model::session::{RestoreFrom, RestoreReason};
use crate::read::recovery::{EventPage, EventQuery, EventValidation, Wanted};
use crate::torture::events::id_of;
use crate::torture::game::{Beginning, metadata};
use crate::torture::{Action, Play, Random, World};
use crate::write::{EventStart, News, Order};

/// The events that would be handed out again if the session were recovered now.
fn after(play: &mut Play, reason: RestoreReason) -> Vec<u64> {
    let session = play.sessions().next().expect("there is a session");
    let probation = Duration::from_secs(60);
    let wanted = Wanted {
        session,
        from: RestoreFrom::Latest,
        reason,
        tail: None,
        played: None,
        by_name: false,
        is_return: false,
        probation,
    };
    let (prepared, _) = play.game.prepare(wanted, play.now);
    let prepared = prepared.expect("it should be prepared");
    play.game.order(Order::Release(session), play.now);
    prepared.events.after.iter().map(|event| event.sequence).collect()
}

fn read(play: &mut Play, query: EventQuery) -> EventPage {
    let now = play.now;
    let mut news =
        play.game.order(Order::ReadEvents { query: Box::new(query), ticket: Ticket::new() }, now);
    for _ in 0..100_000 {
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
    let mut news = play.game.order(Order::ValidateEvents { session, ticket: Ticket::new() }, now);
    for _ in 0..100_000 {
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
fn events_after_the_newest_checkpoint_are_replayed_until_one_holds_them() {
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
fn no_events_are_handed_out_after_a_rewind_or_a_close() {
    use Action::{Close, Kill, Settle};
    let mut play = played();
    play.kill();
    assert!(after(&mut play, RestoreReason::Rewound).is_empty());
    let mut play = played();
    play.perform(&[Close, Settle, Kill]);
    assert!(after(&mut play, RestoreReason::Continued).is_empty());
}

#[test]
fn pages_of_events_continue_at_their_cursor_from_either_end() {
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
fn reads_of_events_wait_for_the_first_checkpoint() {
    let mut play = Play::new(SimulatedDisk::default(), 5);
    let (session, now) = (SessionId::random(), play.now);
    let beginning = Beginning {
        events: EventStart { records: true, ..EventStart::default() },
        ..Beginning::new(
            RunId(7),
            metadata(session, "Play", now.wall),
            World::new(&mut Random::new(7)),
        )
    };
    play.game.take_up(beginning, now);
    let (recorded, _) = play.game.record(1000, now);
    let query = Box::new(EventQuery::of(session));
    let mut news = play.game.order(Order::ReadEvents { query, ticket: Ticket::new() }, now);
    news.extend(play.game.order(Order::ValidateEvents { session, ticket: Ticket::new() }, now));
    for _ in 0..3 {
        news.extend(play.game.turn(now));
    }
    let is_answer =
        |news: &News| matches!(news, News::EventsRead { .. } | News::EventsValidated { .. });
    assert!(!news.iter().any(is_answer), "{news:?}");

    let mut news = play.game.checkpoint(CheckpointKind::Opening, None, now).1;
    while !play.game.is_idle() {
        news.extend(play.game.turn(now));
    }
    let answers = news.into_iter().filter(is_answer).map(|answer| match answer {
        News::EventsRead { result, .. } => numbers(&result.expect("the events should be read")),
        News::EventsValidated { result, .. } => vec![result.expect("they should be read").events],
        other => panic!("{other:?}"),
    });
    assert_eq!(answers.collect::<Vec<_>>(), [[recorded], [1]]);
}

#[test]
fn a_page_has_no_events_recorded_after_its_request() {
    let mut play = played();
    let (session, now) = (session(&play), play.now);
    let newest = play.game.playing.as_ref().unwrap().next_event - 1;
    let query = EventQuery { counts_all: true, ..EventQuery::of(session) };
    let order = Order::ReadEvents { query: Box::new(query), ticket: Ticket::new() };
    let mut news = play.game.order(order, now);
    news.extend(play.game.record(1000, now).1);
    while !play.game.is_idle() {
        news.extend(play.game.turn(now));
    }
    let page = news.into_iter().find_map(|news| match news {
        News::EventsRead { result, .. } => Some(result.expect("the events should be read")),
        _ => None,
    });
    let page = page.expect("the page should be read");
    assert_eq!((page.total, page.events[0].sequence), (Some(newest), newest));
}

#[test]
fn a_query_selects_events_by_type_number_chapter_and_play_time() {
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
fn after_a_rewind_later_events_belong_to_the_branch_that_was_left() {
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
fn event_files_rotate_and_the_oldest_are_removed_first() {
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
fn a_damaged_event_file_loses_its_events_and_no_checkpoint() {
    let mut play = played();
    let whole = validate(&mut play);
    play.kill();
    let disk = play.disk.image();
    let events = |place: &Path| place.extension().is_some_and(|it| it == "events");
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

/// The numbers on the newest line, the oldest first.
fn line(play: &mut Play) -> Vec<u64> {
    let query =
        EventQuery { newest_first: false, limit: usize::MAX, ..EventQuery::of(session(play)) };
    numbers(&read(play, query))
}

/// Plays runs that end one way or the other. After each, what happened before it must still be there.
fn play_runs(play: &mut Play, runs: usize) {
    use Action::{Auto, Close, Kill, Manual, Merge, Recover, Settle};
    let mut before = line(play);
    play.perform(&[Close]);
    for run in 0..runs {
        // Named checkpoints are gathered as well.
        play.perform(&[Recover, Manual, Settle, Merge, Auto, Settle]);
        let after = line(play);
        assert!(after.starts_with(&before), "run {run}: {before:?} was there, and is {after:?}");
        before = after;
        let ends = [Close, Kill];
        play.perform(&ends[run % 2..=run % 2]);
    }
    play.perform(&[Recover, Auto, Settle, Merge, Auto, Settle]);
    let after = line(play);
    assert!(after.starts_with(&before), "{before:?} was there, and is {after:?}");
}

#[test]
fn events_of_many_runs_are_kept_in_a_few_files() {
    let mut play = played();
    play_runs(&mut play, 40);
    let found = validate(&mut play);
    assert!(found.is_whole() && found.files <= 12, "{found:?}");
    let line = line(&mut play);
    assert!(line.len() > 80 && found.events >= line.len() as u64, "{} of {found:?}", line.len());
}

#[test]
fn one_run_gathers_events_and_named_checkpoints() {
    use Action::{Auto, Close, Manual, Merge, Recover, Settle};
    let mut play = played();
    play.perform(&[Close]);
    for _ in 0..20 {
        play.perform(&[Recover, Manual, Auto, Close]);
    }
    play.perform(&[Recover, Auto, Settle, Merge, Auto, Settle]);
    let found = validate(&mut play);
    assert!(found.is_whole() && found.files <= 6, "{found:?}");
}

#[test]
fn events_of_more_runs_than_one_file_holds_are_all_on_the_line() {
    let mut play = played();
    // Each costs more than the one before.
    play_runs(&mut play, 224);
    let found = validate(&mut play);
    assert!(found.is_whole() && found.files <= 16, "{found:?}");
}

#[test]
fn events_that_a_branch_needs_are_kept_for_it() {
    use Action::{Auto, Rewind, Settle};
    let mut play = played();
    play.perform(&[Auto, Settle]);
    let on_branch = line(&mut play);
    let stored = play.game.local.store.open_session(session(&play)).unwrap();
    let left = stored.index().newest_head().unwrap().id;
    play.perform(&[Rewind, Auto, Auto, Settle]);
    play_runs(&mut play, 12);
    let query = EventQuery {
        checkpoint: Some(left),
        newest_first: false,
        limit: usize::MAX,
        ..EventQuery::of(session(&play))
    };
    let kept = numbers(&read(&mut play, query));
    assert!(
        on_branch.starts_with(&kept) && kept.len() + 1 >= on_branch.len(),
        "{kept:?} of {on_branch:?}"
    );
}

#[test]
fn a_returned_event_file_is_removed_unless_its_gathered_copy_is_damaged() {
    use Action::{Auto, Close, Merge, Recover, Settle};
    let is_of_events = |path: &Path| path.extension().is_some_and(|it| it == "events");
    let mut play = played();
    play.perform(&[Close, Recover, Auto, Settle, Close]);
    let before = play.disk.image();
    let files: Vec<_> = before.files().filter(|(place, _)| is_of_events(place.path())).collect();
    play.perform(&[Recover, Auto, Settle, Close, Recover, Auto, Settle, Merge, Close]);
    let after = play.disk.image();
    let is_gone = |place: &Place| !after.files().any(|(other, _)| other.path() == place.path());
    assert!(files.len() > 1 && files.iter().all(|(place, _)| is_gone(place)), "{files:?}");
    let is_gathered = |place: &Place, content: &Content| {
        let is_new = !files.iter().any(|(other, _)| other.path() == place.path());
        is_of_events(place.path())
            && is_new
            && content.bytes().windows(8).any(|it| it == b"gathered")
    };
    for is_damaged in [false, true] {
        let mut disk = after.clone();
        for (place, content) in &files {
            disk.put((*place).clone(), Node::File(Content::from(content.bytes().to_vec())));
        }
        let gathered: Vec<_> =
            after.files().filter(|(place, content)| is_gathered(place, content)).collect();
        assert_eq!(gathered.len(), 1);
        for (place, content) in gathered.into_iter().filter(|_| is_damaged) {
            let mut bytes = content.bytes().to_vec();
            *bytes.last_mut().unwrap() ^= 0x10;
            disk.put(place.clone(), Node::File(Content::from(bytes)));
        }
        let mut next = play.after_power_cut(SimulatedDisk::from_image(&disk), usize::MAX);
        let mut line_before = line(&mut next);
        // It came after the last checkpoint of a session that was closed.
        line_before.pop();
        next.perform(&[Recover, Auto, Settle, Merge, Auto, Settle]);
        let left = next.disk.image();
        let stays = |place: &Place| left.files().any(|(other, _)| other.path() == place.path());
        for (place, _) in &files {
            assert_eq!(stays(place), is_damaged, "{}", place.path().display());
        }
        let after = line(&mut next);
        assert!(after.starts_with(&line_before), "{line_before:?} was there, and is {after:?}");
    }
}
