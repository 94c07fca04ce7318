//! The life of a run: its begin, its checkpoints and its end.

use std::sync::Arc;
use std::time::Duration;

use tracing::{debug_span, error, warn};

use super::{Said, Worker, collect_news};
use crate::disk::with_sources;
use crate::format::{Block, Commit, EncodeError, GroupPacker, Interleave, PackedGroup};
use crate::model::clock::Moment;
use crate::model::ids::{CheckpointId, SessionId};
use crate::model::session::{CheckpointError, FailureCause};
use crate::write::about_session::about_session;
use crate::write::erasing::ErasingAgain;
use crate::write::hold::Hold;
use crate::write::jobs::{Holds, Queue, Urgency};
use crate::write::pending::PendingCheckpoint;
use crate::write::pruning_others::PruningOthers;
use crate::write::run_journal::{RunIdentity, RunJournal};
use crate::write::run_upkeep::RunUpkeep;
use crate::write::self_test::SelfTest;
use crate::write::shelf_sweeping::ShelfSweeping;
use crate::write::sweeping::Sweeping;
use crate::write::{CheckpointOrder, Content, Leave, News, Report, TakeUp};

/// A type that fails again and again doesn't make every capture a full one.
const FULL_AGAIN_AFTER: Duration = Duration::from_secs(60);

impl<C: Content> Worker<C> {
    pub(super) fn take_up(&mut self, mut take_up: TakeUp<C::Start>, now: Moment) {
        let session = take_up.metadata.id;
        self.digests.note_changed(session);
        collect_news(&mut self.reports, |news| self.jobs.begin_run(take_up.run, news));
        let game = std::mem::take(&mut take_up.metadata.context);
        take_up.metadata.context = self.context(game);
        let context = Box::new(take_up.metadata.context.clone());
        self.trials.play(session, take_up.run);
        let hold = self.hold_for_run(session, now);
        let content = self.content.begin(take_up.start);
        let records_events = take_up.events.records;
        // From here on other devices may have what is here.
        take_up.lineage.is_shared |= self.cloud.has_folder();
        let identity = RunIdentity {
            metadata: take_up.metadata,
            run: take_up.run,
            lineage: take_up.lineage,
            begun: take_up.begun,
            game_version: self.versions.game().to_owned(),
            schema: self.content.schema(),
            unknown_frames: take_up.unknown_frames,
            records_events,
        };
        let (local, process) = (Arc::clone(&self.local), self.process.clone());
        let mut journal = RunJournal::new(local, process, identity, hold, self.quota, now);
        collect_news(&mut self.reports, |news| journal.begin_events(take_up.events, news));
        self.jobs.add(RunUpkeep::of(&journal));
        self.playing = Some((journal, content));
        self.self_test = None;
        self.done.settled = false;
        self.report([News::TakenUp { session, context }]);
    }

    /// The right to write a session that was prepared, or is being played. A new one has no lock yet.
    fn hold_for_run(&mut self, session: SessionId, now: Moment) -> Hold {
        match self.playing.take_if(|(journal, _)| journal.session() == session) {
            Some((journal, _)) => {
                collect_news(&mut self.reports, |news| journal.into_hold(now, news))
            }
            None => self.prepared.remove(&session).flatten().into(),
        }
    }

    pub(super) fn checkpoint(&mut self, order: CheckpointOrder<C::Capture>, now: Moment) {
        let Some((journal, content)) = &mut self.playing else { return };
        let _span = debug_span!(
            "encode_checkpoint",
            session.id = %journal.session(),
            checkpoint = order.counter
        )
        .entered();
        let (fields, state_changes) = (order.fields.as_ref(), order.state_changes.as_ref());
        let chapters = order.chapters.as_deref();
        let (about, failure) = match about_session(fields, state_changes, chapters, &order.clock) {
            Ok(blocks) => (blocks, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let packing = journal.pending.pack(order.counter);
        let encode =
            |rows: &mut dyn FnMut(Block)| self.content.encode(content, order.capture, rows);
        let (encoded, group) = packed(about, packing, encode);
        self.reports.push(Report::WorkedOff { emptied: encoded.emptied });
        self.reports.extend(encoded.reports.into_iter().map(Report::Content));
        if let Some(capture) = order.self_test.filter(|_| !encoded.has_drifted) {
            let (session, id) = (journal.session(), journal.id(order.counter));
            let everything = self.content.encode_beside(content, capture);
            self.self_test = Some(SelfTest::new(session, id, everything, &encoded.incomplete));
        }
        let lacks_values = encoded.needs_full || !encoded.incomplete.is_empty();
        if lacks_values && self.said.may_ask_for_full(now) {
            self.reports.push(Report::News(News::NeedFull));
        }
        if let Some(error) = failure {
            let checkpoint = journal.id(order.counter);
            return self.give_up_checkpoint(checkpoint, FailureCause::new(error));
        }
        let commit = Commit {
            counter: order.counter,
            base: order.base,
            kind: order.kind,
            label: order.label,
            time: order.time,
            play_time: order.play_time,
            entities: encoded.entities,
            types: encoded.types.into_iter().collect(),
            carried: encoded.carried.into_iter().collect(),
            incomplete: encoded.incomplete,
            next_save_id: encoded.next_save_id,
            summary: order.summary.map(Box::new),
            events_through: order.events_through,
            origin: None,
            without_world: false,
            after_failure: order.after_failure,
            tape: order.tape,
        };
        let mut news = Vec::new();
        self.cloud.note_captured(journal.id(commit.counter));
        if group.is_err() {
            // A full one doesn't build on it, and takes its place if it still waits.
            self.reports.push(Report::News(News::NeedFull));
        }
        let handed_over = order.handed_over;
        let checkpoint = PendingCheckpoint { group, commit, handed_over, stays: false };
        journal.checkpoint(checkpoint, &mut news);
        self.take_in(news);
    }

    /// Gives a checkpoint up, since facts about the session beside its entities can't be encoded.
    pub(crate) fn give_up_checkpoint(&mut self, checkpoint: CheckpointId, cause: FailureCause) {
        error!(error = %cause, "the session's metadata can't be encoded, so the checkpoint isn't saved");
        self.self_test = None;
        let error = CheckpointError::Encoding(cause);
        let failed = News::Failed { checkpoint, error, retry_in: None };
        // The encoder has moved on, so a difference to this checkpoint would be of no use.
        self.take_in(vec![failed, News::NeedFull]);
    }

    pub(super) fn write_journal(&mut self, now: Moment) {
        let Some((journal, _)) = &mut self.playing else { return };
        let mut news = Vec::new();
        journal.turn(now, &mut news);
        if !self.local.store.covers_power_cuts()
            && !std::mem::replace(&mut self.said.power_cuts, true)
        {
            news.push(News::PowerCutsNotCovered);
        }
        let tested = self.self_test.take_if(|test| journal.has_saved(test.counter()));
        if journal.has_begun() && !std::mem::replace(&mut self.done.settled, true) {
            // Only now is what was left behind before needed no longer.
            self.finder.settle(journal.session());
            if !std::mem::replace(&mut self.done.swept, true) {
                let forgotten = self.finder.take_forgotten();
                let (store, host) = (&self.local.store, self.local.host.id);
                self.jobs.add(ErasingAgain::new(&self.local));
                self.jobs.add(Sweeping::new(store, host, forgotten));
                self.jobs.add(ShelfSweeping::new(&self.finder));
            }
            let game = self.finder.slots().game();
            self.jobs.add(PruningOthers::new(journal, self.quota, game));
        }
        self.take_in(news);
        if let Some(test) = tested {
            self.test(test);
        }
    }

    /// Holds a durable checkpoint against what was captured at its moment.
    fn test(&mut self, test: SelfTest) {
        match test.run(&self.local.store, &self.content) {
            Ok(report) => self.reports.extend(report.map(Report::Content)),
            Err(failure) => {
                warn!(error = %with_sources(&failure), "a checkpoint can't be read back for its self-test");
                if failure.is_damage() {
                    self.report([News::NeedFull]);
                }
            }
        }
    }

    pub(super) fn leave(&mut self, leave: Leave, now: Moment) {
        // An exit waits for no test.
        self.self_test = None;
        // The listing of the session isn't true any more.
        self.jobs.cancel(Holds::Sessions, &mut self.finder);
        if let Some((journal, _)) = &mut self.playing {
            journal.leave(leave, now);
        }
    }

    /// Notes that the run is over. It is reported only after the slots that are on their way.
    pub(super) fn note_if_left(&mut self, now: Moment) {
        let Some((journal, _)) = &mut self.playing else { return };
        let Some(left) = journal.has_left(now) else { return };
        collect_news(&mut self.reports, |news| journal.give_up_events(news));
        let (session, types) = (journal.session(), journal.type_bytes());
        collect_news(&mut self.reports, |news| self.jobs.give_up_waiting(news));
        let played = left.complete.then(|| (session, journal.run()));
        if let Some(job) = played.and_then(|played| self.cloud.keep_ended(played)) {
            // An exit isn't to wait for what a pause would have put there.
            self.jobs.drop_queued(Queue::CloudFiles, session, &mut self.finder);
            self.jobs.add(job);
        }
        if self.jobs.has(&Urgency::SAVING) {
            return;
        }
        self.playing = None;
        self.trials.left(session);
        if left.complete {
            self.process.release(session);
        } else {
            self.process.left_without_end(session);
            self.finder.note_left(session);
        }
        let (complete, bytes) = (left.complete, self.local.store.session_bytes(session).ok());
        self.report([News::Left { session, complete, bytes, types }]);
    }
}

impl Said {
    /// Returns true if a full capture wasn't asked for lately. Now it is.
    fn may_ask_for_full(&mut self, now: Moment) -> bool {
        let is_due = |asked| now.elapsed.saturating_sub(asked) >= FULL_AGAIN_AFTER;
        let may_ask = self.asked_for_full.is_none_or(is_due);
        if may_ask {
            self.asked_for_full = Some(now.elapsed);
        }
        may_ask
    }
}

/// Encodes a capture, and packs its rows with those that are known before.
fn packed<E>(
    known: Vec<Block>,
    mut packing: GroupPacker<'_>,
    encode: impl FnOnce(&mut dyn FnMut(Block)) -> E,
) -> (E, Result<PackedGroup, Arc<EncodeError>>) {
    let mut pack = |block| packing.push(&block);
    let mut rows = Interleave::new(known, &mut pack);
    let encoded = encode(&mut |block| rows.push(block));
    rows.finish();
    (encoded, packing.finish().map_err(Arc::new))
}
