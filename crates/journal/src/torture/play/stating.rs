//! The statements beside checkpoints: a session's metadata, and the end of the last process.

use jiff::Timestamp;

use super::super::{Fact, game, reports};
use super::Play;
use crate::format::Record;
use crate::model::ids::Ticket;
use crate::model::session::{Report, SessionContext, SessionStatus};
use crate::read::report::{ReportOf, ReportOrder};
use crate::write::Order;

impl Play {
    pub(super) fn status(&mut self, status: SessionStatus) {
        let time = self.now.wall;
        let Some(playing) = &self.game.playing else { return };
        let (session, play_time) = (playing.session, playing.play_time);
        self.note(session, Fact::Standing { status });
        self.order(Order::Write(Record::Status { status, time, play_time }));
        self.has_stated = true;
    }

    pub(super) fn rename(&mut self) {
        let name = format!("Play {}", self.random.below(1000));
        let Some(playing) = &mut self.game.playing else { return };
        playing.name.clone_from(&name);
        let session = playing.session;
        let renamed = game::metadata(session, &name, Timestamp::UNIX_EPOCH);
        self.note(session, Fact::Naming { name });
        self.order(Order::Write(Record::Metadata(Box::new(renamed))));
        self.has_stated = true;
        self.turn();
    }

    /// Has it written down how the last process ended.
    pub(super) fn report(&mut self) {
        let Some(previous) = self.game.previous.clone() else { return };
        let path = reports::path(self.number());
        let order = ReportOrder {
            path,
            session: previous.session,
            of: ReportOf::LastRun(Box::new(previous)),
            checkpoint: None,
            report: Report::of_last_run().note("in the made-up game").picture(),
            asked: None,
            context: SessionContext::default(),
        };
        self.order(Order::Describe { order: Box::new(order), ticket: Ticket::new() });
    }
}
