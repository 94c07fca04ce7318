//! The session that is played is written while the writer does what it was asked about others.

use super::game::Beginning;
use super::play::taking_up::wanted;
use super::{Action, Play};
use crate::disk::simulated_disk::{Fault, FaultKind, SimulatedDisk};
use crate::format::CheckpointKind;
use crate::model::ids::{CheckpointId, RunId, SessionId, SlotId, Ticket};
use crate::model::session::{
    NewSession, RestoreFrom, RestoreReason, SaveSlot, SessionStatus, SessionUpdate,
};
use crate::read::recovery::Prepared;
use crate::torture::content::Bytes;
use crate::write::{EventStart, News, Order, Report, SlotOrder};

/// Sessions that aren't played, each of which is listed, and renamed.
const OTHERS: u64 = 40;

/// A session is played beside many others. All of them are listed and renamed, none of which has begun.
struct Busy {
    play: Play,
    /// One that was played and left.
    left: SessionId,
    said: Vec<String>,
    prepared: Vec<Prepared<u64>>,
}

impl Busy {
    fn new() -> Self {
        use Action::{Auto, Close, Full, Settle, Start};
        let mut play = Play::new(SimulatedDisk::default(), 29);
        let new = NewSession::named("Other");
        let others: Vec<SessionId> =
            (0..OTHERS).map(|_| play.draft(&new).unwrap().session.id).collect();
        play.perform(&[Start, Settle, Auto, Full, Close]);
        let left = play.sessions().next().unwrap();
        play.perform(&[Start, Settle, Auto, Settle]);
        let mut busy = Self { play, left, said: Vec::new(), prepared: Vec::new() };
        busy.send(Order::Detect { ticket: None });
        for session in others {
            let update = Box::new(SessionUpdate::default().name("Renamed"));
            busy.send(Order::Edit { session, update, ticket: Ticket::new() });
        }
        busy
    }

    fn played(&self) -> SessionId {
        self.play.played().unwrap()
    }

    fn send(&mut self, order: Order<Bytes>) {
        self.play.game.send(order, self.play.now);
    }

    fn prepare(&mut self, session: SessionId, reason: RestoreReason) {
        let wanted = wanted(session, RestoreFrom::Latest, reason);
        self.send(Order::Prepare { wanted, ticket: Ticket::new() });
    }

    /// Captures and sends, without a look at what is reported.
    fn capture(&mut self) -> u64 {
        let now = self.play.now;
        let playing = self.play.game.playing.as_mut().unwrap();
        let (commit, order) = playing.capture(CheckpointKind::Auto, None, now);
        self.send(Order::Checkpoint(Box::new(order)));
        commit.counter
    }

    fn rename(&mut self, session: SessionId) {
        let update = Box::new(SessionUpdate::default().name("Renamed at last"));
        self.send(Order::Edit { session, update, ticket: Ticket::new() });
    }

    /// Saves a checkpoint of the run that is played into a slot.
    fn save_slot(&mut self, counter: u64) {
        let (slot, session) = (SaveSlot::manual("Exit"), self.played());
        let run = self.play.game.playing.as_ref().unwrap().run;
        let checkpoint = CheckpointId { run, counter };
        let order = SlotOrder::Save { slot, session, checkpoint };
        self.send(Order::Slot { order, ticket: Some(Ticket::new()) });
    }

    fn turn(&mut self) {
        let reports = self.play.game.turn_and_report(self.play.now);
        self.hear(reports);
    }

    fn hear(&mut self, reports: Vec<Report<Bytes>>) {
        for report in reports {
            match report {
                Report::Prepared { prepared, .. } => {
                    self.said.push("prepared".to_owned());
                    self.prepared.push(*prepared);
                }
                Report::News(News::Saved(saved)) => self.said.push(format!("saved {}", saved.id)),
                Report::News(News::Detected { .. }) => self.said.push("detected".to_owned()),
                Report::News(News::Edited { .. }) => self.said.push("renamed".to_owned()),
                Report::News(News::TakenUp { .. }) => self.said.push("taken up".to_owned()),
                Report::News(News::Left { .. }) => self.said.push("left".to_owned()),
                Report::News(News::Slot { .. }) => self.said.push("slot".to_owned()),
                Report::News(News::Failed { .. }) => self.said.push("failed".to_owned()),
                Report::News(News::Measured(_)) => self.said.push("measured".to_owned()),
                Report::News(News::ProfileChanged { .. }) => self.said.push("profile".to_owned()),
                Report::News(News::NotPrepared { .. }) => {
                    self.said.push("not prepared".to_owned());
                }
                _ => {}
            }
        }
    }

    /// Turns until something is reported.
    fn turn_until(&mut self, what: &str) -> usize {
        for turn in 1..4000 {
            self.turn();
            if self.said.iter().any(|said| said == what) {
                return turn;
            }
        }
        panic!("not {what}, but {:?}", self.said);
    }

    fn count(&self, what: &str) -> usize {
        self.said.iter().filter(|said| *said == what).count()
    }

    /// The name of a checkpoint of the run that is played.
    fn saved(&self, counter: u64) -> String {
        let run = self.play.game.playing.as_ref().unwrap().run;
        format!("saved {}", CheckpointId { run, counter })
    }
}

#[test]
fn checkpoints_are_saved_before_the_work_that_a_read_waits_for() {
    let mut busy = Busy::new();
    let before = busy.capture();
    busy.prepare(busy.left, RestoreReason::Continued);
    busy.turn();
    assert_eq!(busy.said, [busy.saved(before)], "what was captured before is written first");
    let mut turns = 0;
    while busy.count("prepared") == 0 {
        let counter = busy.capture();
        let saved = busy.saved(counter);
        busy.turn();
        assert!(busy.said.contains(&saved), "after {turns} turns: {:?}", busy.said);
        turns += 1;
    }
    assert!(turns > OTHERS, "{turns}");
    // It is read after all that was asked for before.
    let asked = (busy.count("detected"), busy.count("renamed"));
    assert_eq!(asked, (1, OTHERS as usize), "{:?}", busy.said);
    assert_eq!(busy.said.last().unwrap(), "prepared");
}

/// While it is read, nothing of what is played is captured.
#[test]
fn a_rewind_goes_before_the_work_for_other_sessions() {
    for looks_first in [false, true] {
        let mut busy = Busy::new();
        if looks_first {
            busy.turn();
        }
        let newest = busy.capture();
        let saved = busy.saved(newest);
        busy.turn();
        busy.prepare(busy.played(), RestoreReason::Rewound);
        busy.turn();
        assert_eq!(busy.said, [saved, "prepared".to_owned()]);
        assert_eq!(busy.prepared[0].checkpoint.counter, newest);
        // The look at all sessions begins again, and what was asked about others is done.
        busy.turn_until("detected");
        for _ in 0..4 * OTHERS {
            busy.turn();
        }
        assert_eq!(busy.count("renamed"), OTHERS as usize);
    }
}

#[test]
fn a_slot_load_of_the_played_session_goes_before_the_work_for_others() {
    let mut busy = Busy::new();
    let newest = busy.capture();
    let saved = busy.saved(newest);
    busy.turn();
    let from = RestoreFrom::Slot(SlotId(7));
    let wanted = wanted(busy.played(), from, RestoreReason::Loaded);
    busy.send(Order::Prepare { wanted, ticket: Ticket::new() });
    busy.turn();
    assert_eq!(busy.said, [saved, "not prepared".to_owned()], "there is no such slot");
}

#[test]
fn a_listing_finishes_despite_repeated_rewinds() {
    let mut busy = Busy::new();
    for _ in 0..10 {
        busy.turn();
        busy.prepare(busy.played(), RestoreReason::Rewound);
    }
    assert_eq!((busy.count("detected"), busy.count("prepared")), (1, 9), "{:?}", busy.said);
}

#[test]
fn an_order_on_a_session_waits_for_the_earlier_order_on_it() {
    let mut busy = Busy::new();
    busy.prepare(busy.left, RestoreReason::Continued);
    busy.rename(busy.left);
    busy.turn_until("prepared");
    assert_eq!(busy.count("renamed"), OTHERS as usize);
    busy.send(Order::Release(busy.left));
    for _ in 0..50 {
        busy.turn();
    }
    assert_eq!(busy.count("renamed"), OTHERS as usize + 1, "it was released: {:?}", busy.said);
}

#[test]
fn a_released_session_is_not_read_and_delays_nothing() {
    let mut busy = Busy::new();
    busy.prepare(busy.left, RestoreReason::Continued);
    busy.turn();
    busy.send(Order::Release(busy.left));
    // With the first slice of the listing.
    busy.send(Order::Measure);
    busy.turn();
    assert_eq!(busy.said, ["measured"]);
    for _ in 0..4 * OTHERS {
        busy.turn();
    }
    assert_eq!((busy.count("renamed"), busy.count("prepared")), (OTHERS as usize, 0));
}

#[test]
fn orders_after_a_change_of_profile_are_carried_out_in_the_new_one() {
    let mut busy = Busy::new();
    busy.play.game.leave(SessionStatus::Closed, busy.play.now);
    busy.prepare(busy.left, RestoreReason::Continued);
    let order = SlotOrder::Rename { slot: SlotId(7), name: "Cave".to_owned() };
    busy.send(Order::Slot { order, ticket: Some(Ticket::new()) });
    let profile = "other".to_owned();
    busy.send(Order::UseProfile { profile, ticket: Ticket::new() });
    busy.rename(busy.left);
    busy.turn_until("profile");
    let place = busy.said.iter().position(|said| said == "profile").unwrap();
    let before = busy.said[..place].iter().filter(|said| *said == "renamed").count();
    assert_eq!(before, OTHERS as usize, "{:?}", busy.said);
    assert!(busy.said[..place].contains(&"slot".to_owned()), "{:?}", busy.said);
}

#[test]
fn the_next_run_of_a_session_does_not_wait_for_a_listing() {
    let mut busy = Busy::new();
    // The look at all sessions has begun.
    busy.turn();
    let session = busy.played();
    let playing = busy.play.game.playing.as_ref().unwrap();
    let (world, newest_counter) = (playing.world.clone(), playing.newest().counter);
    let events = EventStart { records: true, ..EventStart::default() };
    let metadata = super::game::metadata(session, "Play", busy.play.now.wall);
    let beginning =
        Beginning { newest_counter, events, ..Beginning::new(RunId(977), metadata, world) };
    busy.play.game.take_up(beginning, busy.play.now);
    let first = busy.capture();
    busy.turn();
    assert_eq!(busy.said, [busy.saved(first)]);
    busy.turn_until("detected");
}

#[test]
fn an_exit_does_not_wait_for_a_session_to_be_read() {
    for is_released in [false, true] {
        let mut busy = Busy::new();
        busy.prepare(busy.left, RestoreReason::Continued);
        busy.rename(busy.left);
        busy.turn();
        if is_released {
            busy.send(Order::Release(busy.left));
        }
        let last = busy.capture();
        busy.save_slot(last);
        let news = busy.play.game.leave(SessionStatus::Closed, busy.play.now);
        assert!(news.is_empty(), "{news:?}");
        let saved = busy.saved(last);
        let turns = busy.turn_until("left");
        assert_eq!(busy.said, [saved, "slot".into(), "left".into()], "after {turns} turns");
        busy.turn();
        let prepared = usize::from(!is_released);
        assert_eq!(busy.count("prepared"), prepared, "then nothing is kept waiting");
    }
}

#[test]
fn a_pending_load_of_a_slot_goes_before_the_next_save_of_it() {
    let mut busy = Busy::new();
    let from = RestoreFrom::Slot(SlotId(7));
    let wanted = wanted(busy.left, from, RestoreReason::Continued);
    busy.send(Order::Prepare { wanted, ticket: Ticket::new() });
    let newest = busy.capture();
    busy.save_slot(newest);
    busy.turn_until("slot");
    let place = |what: &str| busy.said.iter().position(|said| said == what);
    assert!(place("not prepared").is_some_and(|it| Some(it) < place("slot")), "{:?}", busy.said);
}

#[test]
fn an_ending_writer_saves_captures_first_and_reads_no_session() {
    let mut busy = Busy::new();
    busy.prepare(busy.left, RestoreReason::Continued);
    busy.rename(busy.left);
    busy.turn();
    let last = busy.capture();
    // It fails once, so that it is to be tried again later.
    busy.play.disk.fail(Fault { at: 0, kind: FaultKind::ShortWrite, for_ever: false });
    busy.turn();
    assert_eq!(busy.said, ["failed"]);
    let reports = busy.play.game.end(busy.play.now);
    busy.hear(reports);
    let saved = busy.saved(last);
    assert_eq!(busy.said[1], saved, "what was captured comes first: {:?}", busy.said);
    assert_eq!(busy.count("renamed"), OTHERS as usize + 1);
    assert_eq!(busy.count("prepared"), 0, "{:?}", busy.said);
}
