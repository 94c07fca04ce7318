//! The plugin: configuration, and how it hooks into the app.

mod opened;
mod place;
mod reflection;
mod set_up;

use crate::capture::{SavedTypes, StateLog, StatesBeingLeft};
use crate::exit_request;
use crate::external_saves::ExternalOperations;
#[cfg(feature = "window")]
use crate::lifecycle::watch_windows;
use crate::lifecycle::{
    CheckpointTriggers, CurrentProfile, DataPlaceChanged, GameContext, GameHooks, RecoveryOffers,
    RecoveryPolicy, RequestQueue, SessionCatalog, SessionEvents, SessionHints, SessionPaces,
    SessionPlace, SessionSettings, SwitchedOff, ask_gates, capture, handle_requests,
    list_what_is_played, receive, register_chapter_notifications, register_cloud_notifications,
    register_digest_notifications, register_event_notifications, register_external_notifications,
    register_filing_notifications, register_notifications, register_replica_notifications,
    register_restored_in_place, register_slot_notifications, report, restore,
};
use crate::mode::SessionMode;
use crate::replication::Replica;
use crate::switches::SessionSwitches;
use bevy::app::MainScheduleOrder;
use bevy::ecs::schedule::{ScheduleConfigs, ScheduleLabel, SingleThreadedExecutor};
use bevy::ecs::system::ScheduleSystem;
use bevy::prelude::*;
use bevy_session_journal::CloudFolder;
use bevy_session_journal::MemoryDisk;
use bevy_session_journal::internal::disk::process::ProcessGuard;
use bevy_session_journal::internal::disk::{DEVELOPMENT, Disk, Layout, LocalStore};
use bevy_session_journal::replica::{Recorders, RecordingDisk};
use jiff::Timestamp;
use place::{OpenPlace, Place, roots_below};
use reflection::register_types;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tracing::{info, warn};

/// Turns that a driven writer takes to answer at least. It has one at the beginning and one at the end of a frame's work, so
/// what is asked for in a frame isn't answered in it, as it isn't by a thread.
const WRITER_DELAY: u64 = 1;

/// Makes a game's progress crash-proof. See the [crate documentation](crate) for a tour.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
///
/// App::new()
///     .add_plugins(MinimalPlugins)
///     .add_plugins(SessionPlugin::new("Studio", "Hop").in_memory());
/// ```
#[derive(Clone, Debug)]
pub struct SessionPlugin {
    studio: String,
    game: String,
    version: String,
    place: Place,
    /// The directory that stands in for the place.
    fallback: Option<PathBuf>,
    profile: String,
    context: GameContext,
    settings: SessionSettings,
    /// `None` leaves it to the build and the place.
    development: Option<bool>,
    /// `None` leaves it to the environment.
    mode: Option<SessionMode>,
    manual_writer: bool,
    writer_delay: u64,
    /// Whether frames are recorded also of a game that records no inputs.
    has_tape: bool,
    clock_origin: Option<Timestamp>,
    /// Where sessions are kept beside this machine's disk.
    replica: Option<Replica>,
    /// The folder that a file cloud copies between a player's devices.
    cloud: Option<CloudFolder>,
    /// The disk of the files that a player names; `None` if it is that of the sessions.
    outside: Option<Arc<dyn Disk>>,
}

/// The profile of games that know none.
const PROFILE: &str = "default";

/// The plugin's own schedule, run once per frame after [`Last`], where exits by window close are seen.
/// Checkpoints are taken and restores begin here, except for checkpoints of what a state leaves: those
/// are taken in `StateTransition`, before `OnExit`. A restore that had to wait for its level ends right
/// after `StateTransition`, before the game has its frame.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionLast;

/// Runs between the transitions of states and the game's own systems, so that a restore which waits for a state
/// ends before any of them sees that state.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
struct SessionRestore;

/// The plugin's systems in [`SessionLast`], to order a game's own systems against. They run in the
/// order in which they stand here.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session::{SessionLast, SessionSystems};
///
/// #[derive(Resource, Default, Clone, Reflect, serde::Serialize, serde::Deserialize)]
/// #[reflect(Resource, Saved)]
/// struct Weather(f32);
///
/// fn look_at_the_sky(mut weather: ResMut<Weather>) {
///     weather.0 += 0.1;
/// }
///
/// App::new()
///     .add_plugins((MinimalPlugins, SessionPlugin::new("Studio", "Hop").in_memory()))
///     .init_resource::<Weather>()
///     // What it finds is part of each checkpoint of this frame.
///     .add_systems(SessionLast, look_at_the_sky.before(SessionSystems::Run));
/// ```
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub enum SessionSystems {
    /// All of them. What a system does before this set is in each checkpoint of the frame, and one
    /// after it sees what came of that. Levels are best spawned before it.
    Run,
    /// What the writer has done since the last frame comes in, as notifications.
    Receive,
    /// Entities that a level placed again get their values.
    Restore,
    /// The game's conditions are asked: whether a checkpoint may be taken, whether the session stands
    /// still.
    Gates,
    /// Requests are handled, in the order in which they were made. One that is made by a system
    /// before this set is handled in the same frame.
    Requests,
    /// Checkpoints are taken that are due, and the last one where the app exits. Those that are asked
    /// for are taken with their requests.
    Capture,
    /// Hints are given, and [`SessionActivity`](crate::SessionActivity) is brought up to date.
    Report,
}

impl SessionPlugin {
    /// For this studio and game, which name the directory where sessions are kept: on Linux
    /// `~/.local/share/<studio>/<game>` in small letters and without spaces, with state in
    /// `~/.local/state/<studio>/<game>`, on Windows `%LOCALAPPDATA%\<studio>\<game>\data`, on macOS
    /// `~/Library/Application Support/<studio>.<game>`.
    #[must_use]
    pub fn new(studio: impl Into<String>, game: impl Into<String>) -> Self {
        Self {
            studio: studio.into(),
            game: game.into(),
            version: String::new(),
            place: Place::Platform,
            fallback: None,
            profile: PROFILE.to_owned(),
            context: GameContext::default(),
            settings: SessionSettings::default(),
            development: None,
            mode: None,
            manual_writer: false,
            writer_delay: WRITER_DELAY,
            has_tape: false,
            clock_origin: None,
            replica: None,
            cloud: None,
            outside: None,
        }
    }

    /// The game's version, usually `env!("CARGO_PKG_VERSION")`. Empty by default.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// What the game says of itself and its machine: its build, its mods, and so on. It is the resource
    /// [`GameContext`] from then on, and may still change there until a session is started or taken up.
    #[must_use]
    pub fn context(mut self, context: GameContext) -> Self {
        self.context = context;
        self
    }

    /// Time between automatic checkpoints. 5 seconds by default. See
    /// [`SessionSettings::interval`].
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.settings.interval = interval;
        self
    }

    /// The settings to begin with, instead of the defaults.
    #[must_use]
    pub fn settings(mut self, settings: SessionSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Keeps everything below this directory, instead of where the platform keeps data: journals
    /// in `data`, what belongs to this machine only in `state`.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.place = Place::Directory(directory.into());
        self
    }

    /// Where everything is kept if it can't be where it is wanted: the platform's place, or
    /// [`directory`](Self::directory). None by default: then nothing is saved there until it can be.
    ///
    /// At each start a small file is written where sessions are wanted, synced and removed again, which
    /// also makes the directory. Where that fails (no permission, a file system that is read-only or full, a
    /// drive that isn't there), this process writes below the fallback: journals in `data`, what belongs to
    /// this machine in `state`. [`DataPlaceChanged`](crate::checkpoints::DataPlaceChanged) says so in the first frame, and
    /// [`SessionPlace`](crate::library::SessionPlace) at any time. Sessions and slots of both places are found, as
    /// far as they can be read, and go on; as soon as a start can write the wanted place again, it is used.
    /// If neither can be written, it is as without a fallback.
    ///
    /// Name a directory that is always the same, and on another disk than the wanted one where there is
    /// such.
    ///
    /// ```
    /// use bevy_session::prelude::*;
    ///
    /// # let downloads = std::path::Path::new("downloads");
    /// let plugin = SessionPlugin::new("Studio", "Hop").fallback_directory(downloads.join("Hop saves"));
    /// ```
    #[must_use]
    pub fn fallback_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.fallback = Some(directory.into());
        self
    }

    /// Whose sessions these are, to begin with: a name of any letters. `default` by default. See
    /// [`use_profile`](crate::library::LibraryCommands::use_profile).
    #[must_use]
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.profile = profile.into();
        self
    }

    /// What becomes of sessions that crashed: whether the player is asked. See
    /// [`SessionSettings::recovery`].
    #[must_use]
    pub fn recovery(mut self, policy: RecoveryPolicy) -> Self {
        self.settings.recovery = policy;
        self
    }

    /// Whether this is a developer's start and not a player's.
    ///
    /// By default it is in builds with debug assertions, unless the game names its own place with
    /// [`directory`](Self::directory) or is in a test mode. In development
    ///
    /// - sessions are kept apart from a player's, in the directory `development` of both roots;
    /// - a game that never starts a session gets a hint, a [`SessionHint`](crate::hints::SessionHint), even while
    ///   nothing shows that it is played;
    /// - the player isn't asked about a session whose process was stopped from outside without a panic, as
    ///   an IDE does: [`RecoveryAvailable`](crate::RecoveryAvailable) isn't sent and
    ///   [`RecoveryOffers`] is without it, until
    ///   [`find`](crate::library::LibraryCommands::find) asks for it. It is in
    ///   [`SessionCatalog`] and can be recovered.
    #[must_use]
    pub fn development(mut self, is_development: bool) -> Self {
        self.development = Some(is_development);
        self
    }

    /// How this start goes about the sessions of earlier ones. By default the environment variable
    /// `BEVY_SESSION` says so, which isn't looked at where the game names a mode itself; see
    /// [`SessionMode`].
    #[must_use]
    pub fn mode(mut self, mode: SessionMode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Opens a [report](crate::library::LibraryCommands::report), or a session that was
    /// [exported](crate::library::LibraryCommands::export): the game goes on from the checkpoint in it. This is
    /// what `BEVY_SESSION=open:report.tar` does.
    ///
    /// Sessions are kept in memory for this start, and what is saved is gone with the app. The
    /// player's own are neither read nor locked nor written. As soon as the app runs, the checkpoint
    /// is loaded as a slot is, before whatever the game asks for.
    /// [`SessionRestored`](crate::SessionRestored) follows. A game that starts a session by itself
    /// should look whether one is played. Reports and exports are written to the disk, as ever.
    ///
    /// A file that can't be opened (not there, no report, cut off, damaged, of another game, of a newer
    /// release) is logged as an error with the cause, and
    /// [`ReportNotOpened`](crate::reports::ReportNotOpened) says so. The game is in its title then, with no sessions.
    ///
    /// ```
    /// use bevy_session::prelude::*;
    ///
    /// let plugin = SessionPlugin::new("Studio", "Hop").open("report.tar");
    /// ```
    #[must_use]
    pub fn open(self, report: impl Into<PathBuf>) -> Self {
        self.mode(SessionMode::Open(report.into()))
    }

    /// Test mode: nothing touches the disk, no thread is started (except for the provider of
    /// [`external_saves`](crate::external::ExternalSavesExt::external_saves), if there is one), and neither
    /// panics nor signals are watched. What one app saved is gone with it; see [`disk`](Self::disk) to
    /// keep it.
    #[must_use]
    pub fn in_memory(self) -> Self {
        self.disk(MemoryDisk::default())
    }

    /// Test mode on a disk that several apps share, so that a second one finds what the first one
    /// left.
    ///
    /// ```
    /// use bevy_session::prelude::*;
    /// use bevy_session::MemoryDisk;
    ///
    /// let disk = MemoryDisk::default();
    /// let first = SessionPlugin::new("Studio", "Hop").disk(disk.clone());
    /// // What kill -9 would leave at this moment:
    /// let after_the_crash = SessionPlugin::new("Studio", "Hop").disk(disk.snapshot());
    /// ```
    #[must_use]
    pub fn disk(mut self, disk: MemoryDisk) -> Self {
        self.place = Place::Disk(Arc::new(disk));
        self.manual_writer()
    }

    /// Test mode: the writer is driven once per update instead of by a thread, so that
    /// [`CheckpointSaved`](crate::CheckpointSaved) comes in a known frame, and neither panics nor
    /// signals are watched. As from a thread, an answer comes in the frame after its order at the earliest.
    #[must_use]
    pub fn manual_writer(mut self) -> Self {
        self.manual_writer = true;
        self
    }

    /// Test mode: so many turns pass at least before an answer comes, instead of one. There are two in a frame.
    #[doc(hidden)]
    #[must_use]
    pub fn writer_delay(mut self, turns: u64) -> Self {
        self.writer_delay = turns;
        self.manual_writer()
    }

    /// Test mode: dates are counted from `origin` by the app's `Time<Real>` instead of being read
    /// from the machine's clock, so that a test with
    /// [`TimeUpdateStrategy::ManualDuration`](bevy::time::TimeUpdateStrategy) is in full control.
    #[must_use]
    pub fn clock_from(mut self, origin: Timestamp) -> Self {
        self.clock_origin = Some(origin);
        self.manual_writer()
    }

    /// Records frames also of a game that records no inputs.
    pub(crate) fn with_tape(mut self) -> Self {
        self.has_tape = true;
        self
    }

    /// Keeps sessions on other machines as well, so that they outlive this one.
    ///
    /// A session is played on this machine's disk as ever. What is durable there is sent to the replica, on a thread of its
    /// own, and [`CheckpointReplicated`](crate::replica::CheckpointReplicated) says what can be had from it. Before a session is played, this
    /// machine claims it there, and waits while another owns it; what is newer there is fetched first. A
    /// session that the replica alone has is taken up by
    /// [`recover`](crate::SessionCommands::recover) or [`continue_session`](crate::SessionCommands::continue_session) like one of
    /// this machine; [`ReplicaSessions`](crate::replica::ReplicaSessions) lists them. Where the replica gives no answer, play goes on
    /// without it.
    ///
    /// ```
    /// use bevy_session::prelude::*;
    /// use bevy_session::replica::{DirectoryReplica, Replica};
    ///
    /// # let drive = tempfile::tempdir().unwrap();
    /// # let drive = drive.path();
    /// let store = DirectoryReplica::open(&drive.join("arena"))?;
    /// let plugin = SessionPlugin::new("Studio", "Arena").replica(Replica::new(store).machine("arena-3"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn replica(mut self, replica: Replica) -> Self {
        self.replica = Some(replica);
        self
    }

    /// Puts sessions into a folder that a file cloud copies between a player's devices, such as Steam's, and goes on with
    /// what other devices have put there. None by default.
    ///
    /// When a session is left cleanly, and when it is paused, its newest checkpoint is put there as one file, whole and
    /// durable, by the writer's thread. Before the sessions of this device are looked at, those of the folder are: one
    /// that another device has gone on with is there as it left it ([`CloudTaken`](crate::cloud::CloudTaken)); one that has gone
    /// on here as well is a fork ([`CloudForked`](crate::cloud::CloudForked)), and both sides are offered. Slots, attachments and
    /// older checkpoints stay on the device that made them.
    ///
    /// Keep sessions themselves out of that folder: a cloud copies files while they grow.
    ///
    /// ```
    /// use bevy_session::cloud::CloudFolder;
    /// use bevy_session::prelude::*;
    ///
    /// let folder = CloudFolder::new("saves/cloud").most_bytes(200_000_000);
    /// let plugin = SessionPlugin::new("Studio", "Arena").cloud_folder(folder);
    /// ```
    #[must_use]
    pub fn cloud_folder(mut self, folder: impl Into<CloudFolder>) -> Self {
        self.cloud = Some(folder.into());
        self
    }

    /// Where files are kept, once it is known what can be written. What becomes durable is noted for the replica.
    fn open_place(
        &self,
        recorders: &Recorders,
    ) -> (LocalStore, SessionPlace, Option<DataPlaceChanged>) {
        let wanted = self.layout(self.place.roots(&self.studio, &self.game));
        let fallback =
            self.fallback.as_deref().map(|directory| self.layout(roots_below(directory)));
        let OpenPlace { disk, place, changed } = self.place.open(&wanted, fallback.as_ref());
        let disk: Arc<dyn Disk> = match self.replica {
            Some(_) => Arc::new(RecordingDisk::new(disk, recorders.clone())),
            None => disk,
        };
        let local = LocalStore::new(disk, wanted);
        let local = match &self.outside {
            Some(outside) => local.with_outside(Arc::clone(outside)),
            None => local,
        };
        (local, place, changed)
    }

    /// What tells this game's slots from those of others.
    fn game_id(&self) -> String {
        format!("{}/{}", self.studio, self.game)
    }

    fn layout(&self, (mut data, mut state): (PathBuf, PathBuf)) -> Layout {
        if self.is_development() {
            data.push(DEVELOPMENT);
            state.push(DEVELOPMENT);
        }
        Layout { data, state, profile: self.profile.clone() }
    }

    fn is_development(&self) -> bool {
        let is_at_platforms_place = matches!(self.place, Place::Platform) && !self.manual_writer;
        self.development.unwrap_or(cfg!(debug_assertions) && is_at_platforms_place)
    }

    fn start_mode(&self) -> SessionMode {
        match &self.mode {
            Some(mode) => mode.clone(),
            None if self.manual_writer => SessionMode::Ordinary,
            None => SessionMode::of_environment(),
        }
    }

    /// A signal, or a closed console, is an exit in good order, and no crash.
    fn watch_exit_requests(&self, app: &App, process: &ProcessGuard) {
        if self.manual_writer {
            return;
        }
        #[cfg(any(unix, windows))]
        let bevy_handles_interrupt = app.is_plugin_added::<bevy::app::TerminalCtrlCHandlerPlugin>();
        #[cfg(not(any(unix, windows)))]
        let bevy_handles_interrupt = true;
        if let Err(error) = exit_request::watch(&process.asked_to_exit(), !bevy_handles_interrupt) {
            warn!(%error, "signals can't be watched: asked to exit, the game will look killed");
        }
    }
}

impl Plugin for SessionPlugin {
    fn build(&self, app: &mut App) {
        register_notifications(app);
        register_slot_notifications(app);
        register_restored_in_place(app);
        register_chapter_notifications(app);
        register_filing_notifications(app);
        register_external_notifications(app);
        register_event_notifications(app);
        register_digest_notifications(app);
        register_replica_notifications(app);
        register_cloud_notifications(app);
        register_types(app);
        app.insert_resource(self.settings.clone())
            .insert_resource(self.context.clone())
            .init_resource::<RequestQueue>()
            .init_resource::<SessionCatalog>()
            .init_resource::<RecoveryOffers>()
            .init_resource::<SessionHints>()
            .init_resource::<ExternalOperations>()
            .init_resource::<SessionEvents>()
            .insert_resource(CurrentProfile::new(&self.profile))
            .init_resource::<SessionPaces>()
            .init_resource::<SessionSwitches>()
            .init_resource::<GameHooks>()
            .init_resource::<CheckpointTriggers>()
            .init_resource::<StatesBeingLeft>()
            .init_resource::<StateLog>()
            .init_schedule(SessionLast)
            .edit_schedule(SessionLast, run_on_one_thread)
            .add_systems(SessionLast, steps_of_a_frame())
            .add_observer(list_what_is_played);
        app.world_mut().resource_mut::<MainScheduleOrder>().insert_after(Last, SessionLast);
        #[cfg(feature = "window")]
        watch_windows(app);
        // Types that register themselves are known already, and nothing is spawned yet.
        SavedTypes::collect(app.world_mut());
    }

    fn finish(&self, app: &mut App) {
        if !self.manual_writer {
            app.world_mut().get_resource_or_init::<SessionSwitches>().read_environment();
        }
        match self.start_mode() {
            SessionMode::Off => {
                info!("sessions are switched off for this start");
                app.insert_resource(SwitchedOff);
            }
            SessionMode::Memory => self.clone().in_memory().set_up(app, SessionMode::Memory),
            SessionMode::Open(path) => self.set_up_opened(app, path),
            mode => self.set_up(app, mode),
        }
    }
}

/// What the plugin does in a frame, one step after the other.
fn steps_of_a_frame() -> ScheduleConfigs<ScheduleSystem> {
    (
        receive.in_set(SessionSystems::Receive),
        restore.in_set(SessionSystems::Restore),
        ask_gates.in_set(SessionSystems::Gates),
        handle_requests.in_set(SessionSystems::Requests),
        capture.in_set(SessionSystems::Capture),
        report.in_set(SessionSystems::Report),
    )
        .chain()
        .in_set(SessionSystems::Run)
}

/// Waking other threads for a schedule with little to do in most frames costs more than all of its
/// systems. The schedules that those of state transitions run keep their executors.
fn run_on_one_thread(schedule: &mut Schedule) {
    schedule.set_executor(SingleThreadedExecutor::new());
}
