//! The session that is played is written while the writer does what it was asked about others.

use super::game::Beginning;
use super::play::taking_up::wanted;
use super::{Action, Play};
use crate::disk::simulated_disk::SimulatedDisk;
use crate::format::CheckpointKind;
use crate::model::ids::{RunId, SessionId, Ticket};
use crate::model::session::{NewSession, RestoreFrom, RestoreReason, SessionStatus, SessionUpdate};
use crate::read::recovery::Prepared;
use crate::torture::content::Bytes;
use crate::write::{EventStart, News, Order, Report};

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

    fn turn(&mut self) {
        for report in self.play.game.turn_and_report(self.play.now) {
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
        format!("saved {}", crate::model::ids::CheckpointId { run, counter })
    }
}

#[test]
fn a_checkpoint_waits_for_nothing_that_is_done_before_another_session_is_read() {
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

#[test]
fn a_rewind_reads_what_was_captured_while_it_waited() {
    let mut busy = Busy::new();
    busy.prepare(busy.played(), RestoreReason::Rewound);
    busy.turn();
    let newest = busy.capture();
    busy.turn();
    assert_eq!(busy.said, [busy.saved(newest)]);
    busy.turn_until("prepared");
    assert_eq!(busy.prepared[0].checkpoint.counter, newest);
}

#[test]
fn what_was_asked_after_an_order_that_waits_is_done_after_it() {
    let mut busy = Busy::new();
    busy.prepare(busy.left, RestoreReason::Continued);
    let (session, ticket) = (busy.left, Ticket::new());
    busy.send(Order::Release(session));
    let update = Box::new(SessionUpdate::default().name("Renamed at last"));
    busy.send(Order::Edit { session, update, ticket });
    busy.turn_until("prepared");
    assert_eq!(busy.count("renamed"), OTHERS as usize);
    for _ in 0..50 {
        busy.turn();
    }
    assert_eq!(busy.count("renamed"), OTHERS as usize + 1, "it was released: {:?}", busy.said);
}

#[test]
fn the_next_run_of_a_session_waits_for_no_listing() {
    let mut busy = Busy::new();
    // The look at all sessions has begun.
    busy.turn();
    let session = busy.played();
    let playing = busy.play.game.playing.as_ref().unwrap();
    let (world, newest_counter) = (playing.world.clone(), playing.newest().counter);
    let events = EventStart { records: true, ..EventStart::default() };
    let metadata = super::game::metadata(session, "Play", busy.play.now.wall);
    let beginning = Beginning {
        run: RunId(977),
        metadata,
        lineage: crate::format::Lineage::default(),
        begun: None,
        newest_counter,
        world,
        unknown_frames: Vec::new(),
        events,
        next_event: 1,
        events_through: 0,
    };
    busy.play.game.take_up(beginning, busy.play.now);
    let first = busy.capture();
    busy.turn();
    assert_eq!(busy.said, [busy.saved(first)]);
    busy.turn_until("detected");
}

#[test]
fn an_exit_waits_for_no_session_that_was_to_be_read() {
    let mut busy = Busy::new();
    busy.prepare(busy.left, RestoreReason::Continued);
    busy.turn();
    let last = busy.capture();
    let news = busy.play.game.leave(SessionStatus::Closed, busy.play.now);
    assert!(news.is_empty(), "{news:?}");
    let saved = busy.saved(last);
    let turns = busy.turn_until("left");
    assert_eq!(busy.said, [saved, "left".to_owned()], "after {turns} turns");
    busy.turn();
    assert_eq!(busy.count("prepared"), 1, "then nothing is kept waiting");
}

#[test]
fn a_writer_that_ends_carries_out_what_waits() {
    let mut busy = Busy::new();
    busy.prepare(busy.left, RestoreReason::Continued);
    let session = busy.left;
    busy.send(Order::Release(session));
    busy.turn();
    let last = busy.capture();
    busy.play.game.end(busy.play.now);
    busy.turn();
    let saved = busy.saved(last);
    assert_eq!(busy.said[0], saved, "what was captured comes first: {:?}", busy.said);
    assert_eq!(busy.count("renamed"), OTHERS as usize);
}
