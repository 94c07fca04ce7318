//! The state that the plugin keeps from frame to frame.

pub(super) mod asked_checkpoints;
pub(super) mod captured_moments;
pub(super) mod deferred;
pub(super) mod exit_watch;
pub(super) mod filings;
pub(super) mod forks;
pub(super) mod frame_time;
pub(super) mod gate;
pub(super) mod last_look;
pub(super) mod line;
pub(super) mod measured;
pub(super) mod mirror_port;
pub(super) mod pace;
pub(super) mod replica_port;
pub(super) mod search;
pub(super) mod suspension;
pub(super) mod transition;
mod withholding;
pub(super) mod writer_port;

use std::sync::Arc;

use bevy::ecs::change_detection::{CheckChangeTicks, Tick};
use bevy::platform::cell::SyncCell;
use bevy::prelude::*;
use bevy_session_journal::{
    CheckpointId, RequestError, RestoreFrom, RestoreReason, RunId, SessionContext, SessionId,
};
use jiff::Timestamp;

use super::CurrentSession;
use super::external::External;
use super::hints::HintWatch;
use super::hooks::game_hooks::GameHooks;
use super::recording::line::{EventLine, HandingOut};
use super::start_up::StartUp;
use super::summary::RunFigures;
use crate::capture::{Recorder, SaveKey, SavedTypes};
use crate::content::Order;
use crate::recording::EventRecorder;
use captured_moments::CapturedMoments;
use deferred::Deferred;
use exit_watch::ExitWatch;
use filings::Filings;
use forks::Forks;
use frame_time::FrameTime;
use gate::Gate;
use line::Line;
use pace::Pace;
use replica_port::ReplicaPort;
use transition::{Preparing, Transition};
use writer_port::WriterPort;

/// Everything that the plugin remembers from frame to frame.
///
/// It is taken out of the world while it works, see [`with`](Runtime::with).
#[derive(Resource)]
pub(crate) struct Runtime(SyncCell<Option<Box<RuntimeParts>>>);

/// The contents of [`Runtime`], a part for each concern.
pub(crate) struct RuntimeParts {
    pub types: Arc<SavedTypes>,
    pub time: FrameTime,
    pub writer: WriterPort,
    /// The link to the replica, if the game named one.
    pub replica: Option<Box<ReplicaPort>>,
    /// True if the game named a replica, and nothing leads there any more.
    pub has_lost_replica: bool,
    pub exit: ExitWatch,
    /// The run that is being written.
    pub playing: Option<Playing>,
    /// The moments at which checkpoints of this world were captured.
    pub captured: CapturedMoments,
    /// Moments to which the game may return.
    pub forks: Forks,
    /// The transition that the writer was asked for; it must answer before the next request is
    /// handled.
    pub transition: Option<Transition>,
    /// True if code of the game failed since the last checkpoint, and the game continued.
    pub has_failed: bool,
    /// The sessions of earlier starts, and the plugin's automatic work on them.
    pub start_up: StartUp,
    /// The hooks by which the game ties sessions to its states.
    pub hooks: GameHooks,
    /// Placed entities that are back and wait for their values.
    pub claims: Vec<(SaveKey, Entity)>,
    /// State kept to know when a hint is due.
    pub hints: HintWatch,
    /// Records events beside the checkpoints.
    pub events: EventRecorder,
    /// The game's own save system, if it named one.
    pub external: Option<Box<External>>,
    /// Operations on sessions that aren't played, one per session.
    pub filings: Filings,
}

/// The run that is being written.
pub(crate) struct Playing {
    pub session: SessionId,
    /// The moment at which the run began, if its session has that.
    pub origin: Option<SavedMoment>,
    pub line: Line,
    pub pace: Pace,
    pub gate: Gate,
    /// True if the world isn't the run's: from the cancelling of a restore that had already left
    /// its states, until the world that was left is restored.
    pub has_left_world: bool,
    /// Requests that came while the gate was shut.
    pub deferred: Deferred,
    /// The newest checkpoint before which code of the game had failed.
    pub after_failure: Option<u64>,
    /// A checkpoint that a state of the game has requested.
    pub triggered: Option<String>,
    /// Saved entities at the last capture.
    pub entities: u64,
    /// True if a change without a trace was found in this run.
    pub has_drifted: bool,
    /// True if captures aren't written any more.
    pub is_stopped: bool,
    /// True if a state of the game pauses the session.
    pub paused_by_state: bool,
    /// The environment in which the session was played before it was resumed, until the two are
    /// compared.
    pub context_before: Option<SessionContext>,
    /// Counts for the summary at its end.
    pub figures: RunFigures,
    /// True once a capture that took too much of a frame was logged.
    pub over_budget_logged: bool,
    /// Its position in the session's events.
    pub events: EventLine,
    /// Copies changes. It belongs to the run, since nothing is recorded without one.
    pub recorder: Recorder,
}

/// A moment of a session that can be had back.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct SavedMoment {
    pub checkpoint: CheckpointId,
    /// Where it is: the checkpoint itself may be pruned where a slot has a copy.
    pub from: RestoreFrom,
}

/// The course of gameplay: if it belongs to the session or not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Course {
    /// It belongs to the session that is played: checkpoints are taken of it, and events recorded.
    Captured,
    /// The session may be about to go back to an earlier moment, which is being read. If it does,
    /// nothing of this belongs to it; if it can't, all of it does.
    Undecided,
    /// It belongs to no session: to a menu, to a world that is being restored, or to one that was
    /// left.
    Outside,
}

impl Runtime {
    pub(crate) fn new(parts: RuntimeParts) -> Self {
        Self(SyncCell::new(Some(Box::new(parts))))
    }

    /// Takes the parts out of the world, to work with them beside it; `None` while the plugin is
    /// working, and after a panic that went through it.
    ///
    /// So observers of notifications get the whole world. If one of them panics, the parts are
    /// dropped while unwinding, which flushes the captures.
    pub(crate) fn with<T>(
        world: &mut World,
        work: impl FnOnce(&mut RuntimeParts, &mut World) -> T,
    ) -> Option<T> {
        let mut parts = world.get_resource_mut::<Self>()?.0.get().take()?;
        let done = work(&mut parts, world);
        if let Some(mut runtime) = world.get_resource_mut::<Self>() {
            *runtime.0.get() = Some(parts);
        }
        Some(done)
    }

    /// The parts, for reading; `None` while the plugin is working.
    pub(crate) fn parts(&mut self) -> Option<&RuntimeParts> {
        self.0.get().as_deref()
    }

    /// The frame's time by the wall clock; `None` while the plugin is working.
    pub(crate) fn wall_clock(&mut self) -> Option<Timestamp> {
        Some(self.0.get().as_ref()?.time.now().wall)
    }

    /// Keeps stored change ticks comparable. Bevy requests it every few hundred million ticks.
    pub(crate) fn clamp_ticks(&mut self, check: CheckChangeTicks) {
        let Some(parts) = self.0.get().as_mut() else { return };
        parts.captured.clamp_ticks(check);
        if let Some(playing) = &mut parts.playing {
            playing.recorder.clamp_ticks(check);
        }
    }
}

impl Playing {
    /// A run that begins after checkpoint `counter`; 0 for a new session.
    pub(super) fn new(
        session: SessionId,
        run: RunId,
        counter: u64,
        figures: RunFigures,
        recorder: Recorder,
    ) -> Self {
        Self {
            session,
            origin: None,
            line: Line::after(run, counter),
            pace: Pace::new(),
            gate: Gate::Open,
            has_left_world: false,
            deferred: Deferred::default(),
            after_failure: None,
            triggered: None,
            entities: 0,
            has_drifted: false,
            is_stopped: false,
            paused_by_state: false,
            context_before: None,
            figures,
            over_budget_logged: false,
            events: EventLine::default(),
            recorder,
        }
    }

    /// The newest moment of the session that can be had back: what the run captured last, or where it began.
    pub(super) fn newest(&self) -> SavedMoment {
        let checkpoint = self.line.newest();
        let captured = SavedMoment { checkpoint, from: RestoreFrom::Checkpoint(checkpoint) };
        self.origin.filter(|_| self.line.is_untouched()).unwrap_or(captured)
    }
}

impl RuntimeParts {
    /// A recorder for a new run, which looks at removals from now on, and where the writer knows
    /// the world as it was at a tick, at what was written since.
    pub(super) fn recorder(&self, world: &mut World, known: Option<Tick>) -> Recorder {
        let mut recorder = Recorder::new(world, &self.types);
        recorder.begin_again(world, known);
        recorder
    }

    /// Sends an order to the writer, or holds it until the replica is ready for its session.
    pub(super) fn order(&mut self, order: Order) {
        let (played, now) = (self.session(), self.time.now());
        let passed = match &mut self.replica {
            Some(replica) => replica.pass(order, played, now),
            None => Some(order),
        };
        if let Some(order) = passed {
            self.send(order);
        }
    }

    /// Sends an order to the writer at once.
    pub(super) fn send(&mut self, order: Order) {
        self.writer.log(&order, self.session(), self.time.now());
        if let Some(stopwatch) = &mut self.writer.stopwatch {
            stopwatch.note_order(&order);
        }
        self.writer.link.send(order, self.time.now());
    }

    /// Passes on the recorded values of the frame in which the game panics, so that it can be
    /// replayed.
    fn hand_over_last_frame(&mut self) {
        let is_captured = self.is_captured();
        let Some(playing) = self.playing.as_mut().filter(|_| is_captured) else { return };
        // Right after a hand-out the game has had its frame, in which it may have died of what it was handed.
        let is_open =
            matches!(playing.events.hand_out, HandingOut::Nothing | HandingOut::Done { .. });
        if !is_open || playing.events.is_interrupted {
            return;
        }
        let recorded = self.events.take_last(playing.events.newest + 1);
        for batch in recorded.batches {
            self.order(Order::Events(batch));
        }
    }

    /// Records the exit before anything else: whatever happens from now on is no crash.
    pub(super) fn write_exit_down(&mut self) {
        self.exit.note_exit();
        self.order(Order::Beat);
        self.exit.write_exit_down();
    }

    /// The session that is being played.
    pub(super) fn session(&self) -> Option<SessionId> {
        self.playing.as_ref().map(|playing| playing.session)
    }

    /// Returns true if checkpoints may be taken of the present world.
    pub(super) fn may_capture(&self) -> bool {
        self.playing.as_ref().is_some_and(|playing| playing.gate.is_open())
    }

    /// Follows the conditions of the game's gate. A gate that is shut while the session is being left stays shut: what comes
    /// behind it is another game.
    pub(super) fn turn_gate(&mut self, is_open: bool) {
        let is_leaving = self.is_leaving();
        if let Some(playing) = &mut self.playing {
            playing.gate.turn(is_open && (!is_leaving || playing.gate.is_open()));
        }
    }

    /// Returns true if the session is being left, and the world isn't its any more.
    pub(super) fn has_left_world_behind(&self) -> bool {
        match self.transition {
            Some(Transition::Leaving(_)) => true,
            Some(Transition::Ending(_)) => !self.may_capture(),
            _ => false,
        }
    }

    pub(super) fn require_no_session(&self) -> Result<(), RequestError> {
        match self.session() {
            Some(current) => Err(RequestError::SessionRunning { current }),
            None => Ok(()),
        }
    }

    pub(super) fn require_session(&self) -> Result<(), RequestError> {
        self.session().map(|_| ()).ok_or(RequestError::NoSession)
    }

    /// The session that is being played, as the game sees it.
    pub(super) fn played_session<'w>(
        &self,
        world: &'w mut World,
    ) -> Result<Mut<'w, CurrentSession>, RequestError> {
        self.require_session()?;
        world.get_resource_mut::<CurrentSession>().ok_or(RequestError::NoSession)
    }

    /// The newest checkpoint that was captured.
    pub(super) fn newest_captured(&self) -> Option<CheckpointId> {
        Some(self.playing.as_ref()?.line.newest())
    }

    /// Returns true if the world that is played came out of a checkpoint.
    pub(crate) fn plays_restored_world(&self) -> bool {
        self.playing.as_ref().is_some_and(|playing| playing.line.was_restored())
    }

    pub(super) fn need_full(&mut self) {
        if let Some(playing) = &mut self.playing {
            playing.line.need_full();
        }
    }

    /// The present course of gameplay.
    ///
    /// The writer may be busy with whatever else: a session that is played is recorded and captured all the same.
    pub(super) fn course(&self) -> Course {
        match &self.transition {
            _ if self.playing.is_none() => Course::Outside,
            Some(Transition::Preparing(preparing)) if self.goes_back_to(preparing) => {
                Course::Undecided
            }
            // Another session takes the place of this one only once it was read, and while the game does what it has
            // to do at the session's end, the last checkpoint is still to come.
            None | Some(Transition::Preparing(_) | Transition::Ending(_)) => self.course_of_world(),
            Some(
                Transition::Opening { .. }
                | Transition::Restoring(_)
                | Transition::Leaving(_)
                | Transition::ChangingProfile
                | Transition::LoadingBackup(_),
            ) => Course::Outside,
        }
    }

    fn course_of_world(&self) -> Course {
        let has_left_world = self.playing.as_ref().is_some_and(|playing| playing.has_left_world);
        if has_left_world { Course::Outside } else { Course::Captured }
    }

    /// Returns true if an earlier moment of the played session is being read.
    fn goes_back_to(&self, preparing: &Preparing) -> bool {
        let is_own = self.session() == Some(preparing.session);
        is_own && preparing.reason != RestoreReason::BranchedOff
    }

    /// Returns true if checkpoints are taken of what is played.
    pub(super) fn is_captured(&self) -> bool {
        self.course() == Course::Captured
    }

    /// Returns true if a restore waits for its gate or is changing the world.
    pub(super) fn is_restoring(&self) -> bool {
        matches!(self.transition, Some(Transition::Restoring(_)))
    }

    /// Returns true if the session is being left.
    pub(super) fn is_leaving(&self) -> bool {
        matches!(self.transition, Some(Transition::Ending(_) | Transition::Leaving(_)))
    }
}

impl Drop for RuntimeParts {
    /// An app that is dropped without [`AppExit`] has exited all the same, unless a panic is
    /// dropping it.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.hand_over_last_frame();
        } else if !self.exit.was_seen() {
            self.write_exit_down();
        }
    }
}
