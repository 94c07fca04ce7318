//! Everything that the plugin remembers from frame to frame.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::ecs::change_detection::CheckChangeTicks;
use bevy::platform::cell::SyncCell;
use bevy::prelude::*;

use super::Request;
use super::hints::HintWatch;
use super::hooks::GameHooks;
use super::restoring::Restoring;
use super::slots::Loaded;
use super::start_up::StartUp;
#[cfg(feature = "ui")]
use super::{RecoveryPolicy, SessionSettings};
use crate::capture::{Recorder, SaveKey, SavedTypes, TypeProblem};
use crate::clock::{Clock, Moment};
use crate::content::{Link, Order};
use crate::journal::{CheckpointKind, RunId, SessionId};
use crate::process::ProcessGuard;
use crate::recovery::ReadProgress;
use crate::recovery::RecoveryOffer;
use crate::session::RestoreFrom;
use crate::session::RestoreReason;
use crate::session::{EndReason, Fields, NewSession, SaveSlot, SessionMetadata};
use crate::writer::Quota;

/// Everything that the plugin remembers from frame to frame.
///
/// It is taken out of the world while it works, see [`run_frame`](super::run_frame).
#[derive(Resource)]
pub(crate) struct Runtime(SyncCell<Option<Box<RuntimeParts>>>);

/// What is inside [`Runtime`].
pub(crate) struct RuntimeParts {
    pub link: Link,
    pub types: Arc<SavedTypes>,
    pub process: Option<ProcessGuard>,
    pub clock: Clock,
    /// The frame's moment.
    pub now: Moment,
    /// The run that is being written.
    pub playing: Option<Playing>,
    /// What the writer was asked for and must answer before the next request is handled.
    pub transition: Option<Transition>,
    /// Whether the sessions on this machine were looked at.
    pub detected: bool,
    /// Whether the app's exit was seen and dealt with.
    pub exited: bool,
    /// The quota that the writer knows.
    pub quota: Option<Quota>,
    /// Whether the writer's death was reported.
    pub mourned: bool,
    /// Types that can't be saved and weren't reported yet.
    pub problems: Vec<TypeProblem>,
    /// What the game has tied to its states.
    pub hooks: GameHooks,
    /// Whether a state of the game lets the session stand still.
    pub paused_by_state: bool,
    /// Offers that wait for the game's menu.
    pub withheld: Vec<RecoveryOffer>,
    /// What is done by itself about the sessions of earlier starts.
    pub start_up: StartUp,
    /// Placed entities that are back and wait for their values.
    pub claims: Vec<(SaveKey, Entity)>,
    /// A slot that was read, to go on from once the session before is left.
    pub loaded: Option<Box<Loaded>>,
    /// How much has been read of the checkpoint that is being read.
    pub progress: ReadProgress,
    /// What is remembered to know when a hint is due.
    pub hints: HintWatch,
}

/// The run that is being written.
pub(crate) struct Playing {
    pub session: SessionId,
    pub run: RunId,
    /// The number of the last checkpoint that was captured, on the line that is played.
    pub counter: u64,
    /// What `counter` was when the run began; until it moves, the opening capture is due.
    pub opened_with: u64,
    /// The checkpoint that the next delta is the difference to; `None` if the next capture must be
    /// full.
    pub base: Option<u64>,
    /// Real time since the last capture, pauses excluded.
    pub since_capture: Duration,
    /// The interval that the write-rate cap asks for, if it is longer than the settings'.
    pub stretched_interval: Option<Duration>,
    /// The newest checkpoint that is durable.
    pub saved: u64,
    /// Whether a capture that was taken was lost, so that one is due whatever the settings say.
    pub make_up: bool,
    /// How long after the last capture that is; longer each time that one is lost again.
    pub make_up_after: Duration,
    /// When the last capture was taken.
    pub captured_at: Duration,
    /// Saved entities at the last capture.
    pub entities: u64,
    /// Whether checkpoints could be taken of the world when it was last looked at.
    pub gate_was_open: bool,
    /// Checkpoints that were asked for while none could be taken.
    pub deferred: Vec<(String, CheckpointKind)>,
    /// Slots that were asked for meanwhile.
    pub deferred_slots: Vec<SaveSlot>,
    /// A checkpoint that a state of the game asks for.
    pub triggered: Option<String>,
    /// Whether it was told that a checkpoint is due and waits for the writer.
    pub is_delayed: bool,
    /// Whether a change was found in this run that left no trace.
    pub has_drifted: bool,
    /// Whether what is captured isn't written any more.
    pub is_stopped: bool,
    /// Whether the log was told of a capture that took too much of a frame.
    pub was_over_budget: bool,
    /// Copies what changed. Belongs to the run: without one there is nothing to watch.
    pub recorder: Recorder,
}

/// A capture that was lost is made up for after this, then twice as long, up to
/// [`MAKE_UP_LONGEST`].
pub(super) const MAKE_UP_FIRST: Duration = Duration::from_secs(1);
pub(super) const MAKE_UP_LONGEST: Duration = Duration::from_secs(60);

/// What the writer was asked for.
pub(crate) enum Transition {
    /// To start a session.
    Opening {
        metadata: Box<SessionMetadata>,
        fields: Fields,
        run: RunId,
        /// The request that this answers.
        request: Request,
    },
    /// To read a checkpoint.
    Preparing(Preparing),
    /// Nothing: the game has to lead to where the checkpoint belongs.
    Restoring(Box<Restoring>),
    /// To hand out what was kept for placed entities.
    Claiming,
    /// To end the run.
    Leaving { end: Option<EndReason> },
    /// To set a session aside or delete it, as this request asks.
    Filing(Request),
    /// To go on with the sessions of another profile, as this request asks.
    ChangingProfile(Request),
}

/// A checkpoint that is being read.
#[derive(Clone)]
pub(crate) struct Preparing {
    pub session: SessionId,
    pub from: RestoreFrom,
    pub reason: RestoreReason,
    pub asked_at: Instant,
    /// The session to start if nothing can be restored, for who asked to start or continue.
    pub otherwise: Option<NewSession>,
    /// How often, for them, what is offered instead of a damaged checkpoint is tried.
    pub tries_left: u32,
}

impl Runtime {
    pub(crate) fn new(parts: RuntimeParts) -> Self {
        Self(SyncCell::new(Some(Box::new(parts))))
    }

    /// Takes the parts out, to work with them beside the world.
    pub(super) fn take(&mut self) -> Option<Box<RuntimeParts>> {
        self.0.get().take()
    }

    /// Puts the parts back.
    pub(super) fn put_back(&mut self, parts: Box<RuntimeParts>) {
        *self.0.get() = Some(parts);
    }

    /// The parts, to look at; `None` while the plugin is at work.
    pub(crate) fn parts(&mut self) -> Option<&RuntimeParts> {
        self.0.get().as_deref()
    }

    /// Looks at the parts beside the world; `None` while the plugin is at work.
    pub(crate) fn look<T>(
        world: &mut World,
        look: impl FnOnce(&World, &RuntimeParts) -> T,
    ) -> Option<T> {
        let parts = world.get_resource_mut::<Self>()?.take()?;
        let seen = look(world, &parts);
        if let Some(mut runtime) = world.get_resource_mut::<Self>() {
            runtime.put_back(parts);
        }
        Some(seen)
    }

    /// Keeps stored change ticks comparable. Bevy asks for it every few hundred million ticks.
    pub(crate) fn clamp_ticks(&mut self, check: CheckChangeTicks) {
        if let Some(playing) = self.0.get().as_mut().and_then(|parts| parts.playing.as_mut()) {
            playing.recorder.clamp_ticks(check);
        }
    }
}

#[cfg(feature = "ui")]
impl Runtime {
    /// Whether the game lets its player be asked about crashed sessions now.
    pub(crate) fn may_ask(world: &mut World) -> bool {
        let policy = world.get_resource_or_init::<SessionSettings>().recovery;
        let Some(mut runtime) = world.get_resource_mut::<Self>() else { return false };
        let Some(mut parts) = runtime.0.get().take() else { return false };
        let is_in_menu = parts.is_in_menu(world);
        if let Some(mut runtime) = world.get_resource_mut::<Self>() {
            *runtime.0.get() = Some(parts);
        }
        policy == RecoveryPolicy::Ask && is_in_menu
    }

    /// The frame's moment by the clock that people read.
    pub(crate) fn wall_clock(&mut self) -> Option<jiff::Timestamp> {
        Some(self.0.get().as_ref()?.now.wall)
    }
}

impl Playing {
    /// A run that begins after checkpoint `counter`.
    pub(super) fn new(session: SessionId, run: RunId, counter: u64, recorder: Recorder) -> Self {
        Self {
            session,
            run,
            counter,
            opened_with: counter,
            base: None,
            since_capture: Duration::ZERO,
            stretched_interval: None,
            saved: counter,
            make_up: false,
            make_up_after: MAKE_UP_FIRST,
            captured_at: Duration::ZERO,
            entities: 0,
            gate_was_open: true,
            deferred: Vec::new(),
            deferred_slots: Vec::new(),
            triggered: None,
            is_delayed: false,
            has_drifted: false,
            is_stopped: false,
            was_over_budget: false,
            recorder,
        }
    }

    /// Whether checkpoints or slots wait for the gate.
    pub fn has_deferred(&self) -> bool {
        !self.deferred.is_empty() || !self.deferred_slots.is_empty()
    }

    /// Whether something that was captured isn't durable yet.
    pub(super) fn is_saving(&self) -> bool {
        self.base.is_some_and(|captured| captured > self.saved)
    }
}

impl RuntimeParts {
    /// A recorder for a new run, which looks at removals from now on.
    pub(super) fn recorder(&self, world: &mut World) -> Recorder {
        let mut recorder = Recorder::new(world, &self.types);
        recorder.restart(world);
        recorder
    }

    /// Sends an order to the writer.
    pub(super) fn order(&mut self, order: Order) {
        self.link.send(order, self.now);
    }

    /// Reads the clocks.
    pub(super) fn tick(&mut self, world: &World) {
        let app_time = world.get_resource::<Time<Real>>().map(Time::elapsed).unwrap_or_default();
        self.now = self.clock.moment(app_time);
    }
}

impl Drop for RuntimeParts {
    /// An app that is dropped without a word of [`AppExit`] has exited all the same, unless a panic
    /// is what drops it.
    fn drop(&mut self) {
        if self.exited || std::thread::panicking() {
            return;
        }
        self.write_exit_down();
    }
}
