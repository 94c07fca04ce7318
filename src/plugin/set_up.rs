//! Assembles the plugin, once the app is complete.

use super::{SessionLast, SessionPlugin, SessionRestore, SessionSystems, Tape, run_on_one_thread};
use crate::capture::{BeforeExit, LateCalls, Placed, SavedTypes, watch_saved_states};
use crate::consent::Consent;
use crate::content::{Link, Worker, WorldContent};
use crate::doctor::look_while_playing;
use crate::engine;
use crate::failures::FailureWatch;
use crate::following::{FollowedSession, FollowerPlace, SessionFollower, follow};
use crate::lifecycle::{
    CapturedMoments, CheckpointCaptured, CleanupPolicy, DeclaredDigests, ExitWatch, External,
    Filings, Forks, FrameTime, GameHooks, HintWatch, LevelIsFollowed, LossesLogged, MirrorPort,
    PreviousRun, ReplicaPort, ReplicaSessions, Runtime, RuntimeParts, SessionSettings, StartUp,
    WriterPort, finish_restore, hint_at_dangling, hold_states_back, line_of, log_losses_once,
    look_before_exit, menu_was_entered, session_is_restoring, take_provider, tell_of_place,
};
use crate::mode::SessionMode;
use crate::monitoring::{KeptLog, KeptLogFiles};
use crate::recording::{Declared, EventRecorder, FixedTicks, count_ticks, note_frame};
use crate::replication::Replica;
use bevy::app::MainScheduleOrder;
use bevy::ecs::change_detection::CheckChangeTicks;
use bevy::ecs::schedule::ScheduleLabel;
use bevy::prelude::*;
use bevy::state::state::{StateTransition, StateTransitionSystems};
use bevy::time::TimeSystems;
use bevy_session_journal::internal::disk::process::{
    DeadProcess, ProcessGuard, ProcessOptions, last_to_die,
};
use bevy_session_journal::internal::disk::{ConsentFiles, LocalStore};
use bevy_session_journal::internal::model::clock::Clock;
use bevy_session_journal::internal::write::Versions;
use bevy_session_journal::replica::{Keeper, KeeperLink, MirrorKeeper, MirrorLink, Recorders};
use bevy_session_journal::{Code, LastRun};
use std::sync::Arc;
use std::time::Duration;
use tracing::{error, info, warn};

/// The time after the start during which a held lock may be one of a process that is being killed.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);

impl SessionPlugin {
    pub(super) fn set_up(&self, app: &mut App, mode: SessionMode) {
        let types = Arc::new(SavedTypes::collect(app.world_mut()).of_version(&self.version));
        let provider = take_provider(app.world_mut());
        say_what_is_saved(&types, provider.is_some());
        app.world_mut().get_resource_or_init::<Placed>().set_types(Arc::clone(&types));
        let mut hooks = app.world_mut().remove_resource::<GameHooks>().unwrap_or_default();
        follow_transitions(app, &mut hooks);
        app.init_resource::<LateCalls>();
        let events = take_recorder(app, self.tape == Tape::Recorded);
        let recorders = Recorders::default();
        let (local, place, place_changed) = self.open_place(&recorders);
        let local = Arc::new(local);
        load_consent(app, &local);
        note_archives(app, &local);
        app.insert_resource(place);
        app.insert_resource(FollowerPlace {
            game: self.game_id(),
            layout: local.store.layout().clone(),
            is_driven: self.manual_writer,
        });
        if let Some(changed) = place_changed {
            app.add_systems(SessionLast, tell_of_place(changed).before(SessionSystems::Run));
        }
        let clock = match self.clock_origin {
            Some(origin) => Clock::Manual { origin },
            None => Clock::system(),
        };
        let time = FrameTime::new(clock);
        let options = ProcessOptions { panics: !self.manual_writer };
        let (process, dead) = ProcessGuard::begin(&local, &self.version, options, time.now().wall);
        self.watch_exit_requests(app, &process);
        app.add_systems(PreStartup, FailureWatch::begin);
        keep_log(app, &process);
        note_previous_run(app, &local, &dead, self.is_development());
        let replica = self.replica_port(app, &local, recorders, &types, clock);
        let worker = self.worker(app.world_mut(), local, &types, process.clone(), dead);
        let progress = worker.progress();
        let Some(link) = self.link(worker, clock) else { return };
        let mut writer = WriterPort::new(link, progress).measured_for(app.world());
        writer.begin(app.world(), time.now());
        app.insert_resource(Runtime::new(RuntimeParts {
            hints: HintWatch::new(types.problems(), self.is_development()),
            types,
            time,
            writer,
            has_lost_replica: self.replica.is_some() && replica.is_none(),
            replica,
            exit: ExitWatch::new(process),
            playing: None,
            captured: CapturedMoments::default(),
            forks: Forks::default(),
            transition: None,
            has_failed: false,
            start_up: StartUp::new(mode, self.is_development()),
            hooks,
            claims: Vec::new(),
            events,
            external: provider.and_then(External::new),
            filings: Filings::default(),
        }));
        watch_while_playing(app);
    }

    fn worker(
        &self,
        world: &mut World,
        local: Arc<LocalStore>,
        types: &Arc<SavedTypes>,
        process: ProcessGuard,
        dead: Vec<DeadProcess>,
    ) -> Worker {
        // A test that drives the writer itself doesn't wait for anybody.
        let patience = if self.manual_writer { Duration::ZERO } else { LOCK_PATIENCE };
        let content = WorldContent(Arc::clone(types));
        let versions = Versions::new(&self.version, engine::VERSION);
        let settings = world.get_resource::<SessionSettings>();
        let trust = settings.map_or(Duration::ZERO, |settings| settings.trust_index);
        let keepers = DeclaredDigests::take(world);
        let worker = Worker::new(local, content, process, dead, versions, patience);
        // A game that changes its working directory goes on with the same folder.
        let cloud = self.beside.cloud.clone();
        let cloud = cloud.map(|folder| folder.at(|path| self.place.absolute(path)));
        let worker = worker.of_game(self.game_id()).with_cloud(cloud);
        worker.trusting_index(trust).keeping_digests(keepers)
    }

    /// The link to the replica, if there is one.
    fn replica_port(
        &self,
        app: &mut App,
        local: &Arc<LocalStore>,
        recorders: Recorders,
        types: &Arc<SavedTypes>,
        clock: Clock,
    ) -> Option<Box<ReplicaPort>> {
        let settings = self.replica.clone()?;
        app.init_resource::<ReplicaSessions>();
        let patience = if self.manual_writer { Duration::ZERO } else { LOCK_PATIENCE };
        let types = Arc::new(WorldContent(Arc::clone(types)));
        let options = settings.keeper(patience);
        let keeper = Keeper::new(options, Arc::clone(local), recorders, types, self.game_id());
        let link = match self.manual_writer {
            true => KeeperLink::inline(keeper),
            false => match KeeperLink::thread(keeper, clock) {
                Ok(link) => link,
                Err(error) => {
                    error!(%error, "the replica's thread can't be started: nothing is replicated");
                    return None;
                }
            },
        };
        let mirror = self.mirror_port(&settings, clock);
        let profile = &local.store.layout().profile;
        Some(Box::new(ReplicaPort::new((link, mirror), settings, profile)))
    }

    /// The link to the replica's mirror, if it has one.
    fn mirror_port(&self, replica: &Replica, clock: Clock) -> Option<MirrorPort> {
        let keeper = MirrorKeeper::new(replica.mirror_options()?);
        let link = match self.manual_writer {
            true => MirrorLink::inline(keeper),
            false => match MirrorLink::thread(keeper, clock) {
                Ok(link) => link,
                Err(error) => {
                    error!(%error, "the mirror's thread can't be started: nothing is mirrored");
                    return None;
                }
            },
        };
        Some(MirrorPort::new(link))
    }

    fn link(&self, worker: Worker, clock: Clock) -> Option<Link> {
        if self.manual_writer {
            return Some(Link::inline(worker, self.writer_delay));
        }
        match Link::thread(worker, clock) {
            Ok(link) => Some(link),
            Err(error) => {
                error!(%error, "the writer's thread can't be started: nothing is saved");
                None
            }
        }
    }
}

/// Observers and systems that run while a session is played.
fn watch_while_playing(app: &mut App) {
    app.add_observer(clamp_ticks)
        .add_systems(
            SessionLast,
            look_while_playing.run_if(on_message::<CheckpointCaptured>).after(SessionSystems::Run),
        )
        .init_resource::<LossesLogged>()
        .add_observer(log_losses_once)
        .add_observer(hint_at_dangling);
}

/// The recorder of the types that the game has declared.
fn take_recorder(app: &mut App, has_tape: bool) -> EventRecorder {
    let declared = app.world_mut().remove_resource::<Declared>().unwrap_or_default();
    let events = EventRecorder::new(declared, has_tape);
    if events.has_types() || has_tape {
        app.init_resource::<FixedTicks>().add_systems(FixedFirst, count_ticks);
    }
    if let Some(frames) = events.frames() {
        app.insert_resource(frames.clone()).add_systems(First, note_frame.after(TimeSystems));
    }
    events
}

/// Keeps the log, for reports and in files, if the game has a layer for that.
fn keep_log(app: &App, process: &ProcessGuard) {
    if let Some(log) = app.world().get_resource::<KeptLog>() {
        process.keep_log(log.0.clone());
    }
    if let Some(log) = app.world().get_resource::<KeptLogFiles>() {
        process.keep_log_files(log.0.clone());
    }
}

/// Watches the game's transitions, if it has states, and lets restores end right after them.
fn follow_transitions(app: &mut App, hooks: &mut GameHooks) {
    restore_before_the_game_has_its_frame(app);
    // Created by Bevy, which leaves it as it is where it is there already.
    if !app.world().resource::<Schedules>().contains(StateTransition) {
        return;
    }
    app.configure_sets(
        StateTransition,
        (BeforeExit::Note, BeforeExit::Look, BeforeExit::EndRound)
            .chain()
            .after(StateTransitionSystems::DependentTransitions)
            .before(StateTransitionSystems::ExitSchedules),
    )
    .edit_schedule(StateTransition, run_on_one_thread)
    .add_systems(
        StateTransition,
        (
            hold_states_back
                .run_if(session_is_restoring)
                .before(StateTransitionSystems::DependentTransitions),
            look_before_exit.in_set(BeforeExit::Look),
        ),
    );
    watch_saved_states(app);
    hooks.watch_transitions(app);
}

/// Runs [`SessionRestore`] between state transitions and all other systems of the game in a frame.
fn restore_before_the_game_has_its_frame(app: &mut App) {
    app.init_schedule(SessionRestore)
        .edit_schedule(SessionRestore, run_on_one_thread)
        .add_systems(
            SessionRestore,
            finish_restore.run_if(
                session_is_restoring
                    .or_else(resource_exists::<LevelIsFollowed>)
                    .or_else(menu_was_entered),
            ),
        )
        .add_systems(
            SessionRestore,
            follow.run_if(
                resource_exists::<SessionFollower>.or_else(resource_exists::<FollowedSession>),
            ),
        );
    let labels = &mut app.world_mut().resource_mut::<MainScheduleOrder>().labels;
    let after = |schedule| labels.iter().position(|label| *label == schedule);
    let before = after(StateTransition.intern()).or_else(|| after(PreUpdate.intern()));
    let place = before.map_or(0, |before| before + 1);
    labels.insert(place, SessionRestore.intern());
}

fn clamp_ticks(check: On<CheckChangeTicks>, mut runtime: ResMut<Runtime>) {
    runtime.clamp_ticks(*check);
}

fn say_what_is_saved(types: &SavedTypes, has_own_saves: bool) {
    let components = types.component_count();
    let (resources, states) = (types.resource_count(), types.state_count());
    for problem in types.problems() {
        error!("{}", line_of(Code::TypeNotSaved, problem));
    }
    if !types.has_any() && has_own_saves {
        info!(
            "no type is saved: the game's own save system keeps the player's progress, and the plugin \
             has its sessions, notices crashes, and offers the game's backups"
        );
    } else if !types.has_any() {
        warn!(
            page = "docs/guide/what-is-saved.md",
            "no type is saved: mark types with `#[reflect(Saved)]` or call `save_component`, \
             `save_resource` or `save_state`"
        );
    } else {
        info!(components, resources, states, "types that belong to the player's progress");
    }
}

/// Reads the players' consent before the first frame, so that nothing is done that a player has withdrawn.
fn load_consent(app: &mut App, local: &LocalStore) {
    let mut consent = app.world_mut().get_resource_or_init::<Consent>();
    consent.add_kept(ConsentFiles::of(&local.store).read_for_use());
}

/// Has the first cleanup come soon if there is a place to which archives are moved.
fn note_archives(app: &mut App, local: &LocalStore) {
    let mut cleanups = app.world_mut().get_resource_or_init::<CleanupPolicy>();
    cleanups.moves_archives = local.archives.is_some();
}

/// Notes the end of the process before this one.
fn note_previous_run(
    app: &mut App,
    local: &LocalStore,
    dead: &[DeadProcess],
    is_development: bool,
) {
    if let Some(previous) = last_to_die(dead) {
        let last = LastRun::from_record(previous, &local.boot);
        app.insert_resource(PreviousRun::of(last, is_development));
    }
}
