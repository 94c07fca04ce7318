//! The plugin: configuration, and its systems in the app.

mod opened;
mod place;
mod reflection;
mod set_up;

use crate::capture::{SavedTypes, StateLog, StatesBeingLeft};
use crate::consent::{Consent, Purpose};
use crate::doctor::Doctor;
use crate::exit_request;
use crate::external_saves::ExternalOperations;
use crate::following::register_follower_notifications;
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
use crate::policies::{self, PoliciesRejected, tell_of_rejected};
use crate::recording::Replaying;
use crate::replication::Replica;
use crate::switches::SessionSwitches;
use bevy::app::MainScheduleOrder;
use bevy::ecs::schedule::{ScheduleConfigs, ScheduleLabel, SingleThreadedExecutor};
use bevy::ecs::system::ScheduleSystem;
use bevy::prelude::*;
use bevy_session_journal::internal::disk::process::ProcessGuard;
use bevy_session_journal::internal::disk::{
    Archives, ArchivesDisk, DEVELOPMENT, Disk, Layout, LocalStore,
};
use bevy_session_journal::replica::{Recorders, RecordingDisk};
use bevy_session_journal::{CloudFolder, MemoryDisk, RequestError};
use jiff::Timestamp;
use place::{OpenPlace, Place, roots_below};
use reflection::register_types;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tracing::{error, info, warn};

/// The least number of turns that a driven writer takes to answer. It has one at the beginning and
/// one at the end of a frame's work, so an order isn't answered in its own frame, as it isn't by a
/// thread.
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
    beside: Beside,
    players: Players,
    context: GameContext,
    settings: SessionSettings,
    /// `None` decides it by the build and the place.
    development: Option<bool>,
    resumes_in_development: bool,
    /// `None` reads it from the environment.
    mode: Option<SessionMode>,
    manual_writer: bool,
    writer_delay: u64,
    tape: Tape,
    /// The operator's file of settings and rules.
    policies: Option<PathBuf>,
    clock_origin: Option<Timestamp>,
    /// The replica of sessions beside this machine's disk.
    replica: Option<Replica>,
    /// The disk of the files that a player names; `None` if it is that of the sessions.
    outside: Option<Arc<dyn Disk>>,
}

/// Directories beside the usual one.
#[derive(Clone, Debug, Default)]
struct Beside {
    /// The one that replaces the usual one if that can't be written.
    fallback: Option<PathBuf>,
    /// The one for the files of archived sessions.
    archives: Option<PathBuf>,
    /// The folder that a file cloud copies between a player's devices.
    cloud: Option<CloudFolder>,
}

/// The profile, and what its players are asked.
#[derive(Clone, Debug)]
struct Players {
    profile: String,
    /// The purposes that are off until a player agrees.
    asked: Vec<Purpose>,
    /// The version of the text to which a player agrees.
    text: u32,
}

/// The use of a tape of frames, for tests.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Tape {
    /// Frames are recorded if the game records inputs.
    #[default]
    AsNeeded,
    /// Frames are recorded in any case.
    Recorded,
    /// The app plays a recording.
    Played,
}

/// The profile of games without profiles.
const PROFILE: &str = "default";

/// The plugin's own schedule. It runs once per frame after [`Last`], when a window's closing has
/// become an exit. Checkpoints are taken and restores begin here, except for checkpoints of a state
/// that is left: they are taken in `StateTransition`, before `OnExit`. A restore that had to wait
/// for its level ends right after `StateTransition`, before the game's systems run.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionLast;

/// Runs between state transitions and the game's own systems, so that a restore which waits for a
/// state ends before any of them sees that state.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
struct SessionRestore;

/// The plugin's system sets in [`SessionLast`], to order a game's own systems against. They run in
/// this order.
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
    /// All of them. Changes made before this set are in each checkpoint of the frame, and a system
    /// after it sees the results. Spawn levels before it.
    Run,
    /// Receives the writer's reports since the last frame, and sends notifications.
    Receive,
    /// Gives values to entities that a level placed again.
    Restore,
    /// Evaluates the game's conditions: if a checkpoint may be taken, and if the session is paused.
    Gates,
    /// Handles requests, in the order in which they were made. A request made before this set is
    /// handled in the same frame.
    Requests,
    /// Takes checkpoints that are due, and the last one if the app exits. Requested checkpoints are
    /// taken with their requests.
    Capture,
    /// Gives hints, and updates [`SessionActivity`](crate::SessionActivity).
    Report,
}

impl SessionPlugin {
    /// A plugin for this studio and game, which name the directory of sessions: on Linux
    /// `~/.local/share/<studio>/<game>` in lower case and without spaces, with state in
    /// `~/.local/state/<studio>/<game>`, on Windows `%LOCALAPPDATA%\<studio>\<game>\data`, on macOS
    /// `~/Library/Application Support/<studio>.<game>`.
    #[must_use]
    pub fn new(studio: impl Into<String>, game: impl Into<String>) -> Self {
        Self {
            studio: studio.into(),
            game: game.into(),
            version: String::new(),
            place: Place::Platform,
            beside: Beside::default(),
            players: Players { profile: PROFILE.to_owned(), asked: Vec::new(), text: 0 },
            context: GameContext::default(),
            settings: SessionSettings::default(),
            development: None,
            resumes_in_development: false,
            mode: None,
            manual_writer: false,
            writer_delay: WRITER_DELAY,
            tape: Tape::default(),
            policies: None,
            clock_origin: None,
            replica: None,
            outside: None,
        }
    }

    /// The game's version, usually `env!("CARGO_PKG_VERSION")`. Empty by default.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Facts about the game and its machine: its build, its mods, and so on. The plugin inserts
    /// them as the resource [`GameContext`], where they may still be changed until a session is
    /// started or resumed.
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

    /// The initial settings, instead of the defaults.
    #[must_use]
    pub fn settings(mut self, settings: SessionSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Reads settings, rules and alerts from this file, when the app is finished; what it has replaces what the code
    /// has set. For operators, who set limits without a build of the game. See [`policies`](crate::monitoring::policies).
    ///
    /// If it can't be read, or has anything wrong in it, sessions are off for this start: each request is rejected with
    /// [`RequestError::PoliciesUnreadable`], and [`PoliciesRejected`] has the file, the line and the column.
    ///
    /// ```
    /// use bevy_session::prelude::*;
    ///
    /// let plugin = SessionPlugin::new("Studio", "Hop").policies("/etc/hop/policies.ron");
    /// ```
    #[must_use]
    pub fn policies(mut self, file: impl Into<PathBuf>) -> Self {
        self.policies = Some(file.into());
        self
    }

    /// Keeps everything below this directory, instead of the platform's: sessions in `data`, files
    /// that belong to this machine only in `state`.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.place = Place::Directory(directory.into());
        self
    }

    /// The directory to use if the usual one can't be written: the platform's, or
    /// [`directory`](Self::directory). None by default: then nothing is saved until the usual one
    /// can be written.
    ///
    /// At each start a small file is written to the usual directory, synced and removed again,
    /// which also creates the directory. If that fails (no permission, a file system that is
    /// read-only or full, a missing drive), this process writes below the fallback: sessions in
    /// `data`, files that belong to this machine in `state`.
    /// [`DataPlaceChanged`](crate::checkpoints::DataPlaceChanged) is sent in the first frame, and
    /// [`SessionPlace`](crate::library::SessionPlace) has it at any time. Sessions and slots in
    /// both places are found, as far as they can be read, and can be continued; as soon as a start
    /// can write the usual directory again, it is used. If neither can be written, it is as without
    /// a fallback.
    ///
    /// Use a directory that is always the same and, if possible, on another disk than the usual
    /// one.
    ///
    /// ```
    /// use bevy_session::prelude::*;
    ///
    /// # let downloads = std::path::Path::new("downloads");
    /// let plugin = SessionPlugin::new("Studio", "Hop").fallback_directory(downloads.join("Hop saves"));
    /// ```
    #[must_use]
    pub fn fallback_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.beside.fallback = Some(directory.into());
        self
    }

    /// Keeps archived sessions in a directory of their own, usually on another drive. None by default: they stay where they
    /// were played.
    ///
    /// Each cleanup moves the files of archived sessions there, and
    /// [`CleanupFinished`](crate::library::CleanupFinished) says which ones. Lists, searches, restores and deletions go on as
    /// before. While the drive isn't there, its sessions are not listed, and nothing of them is lost. Once it was used, the
    /// place is known by a file, so an empty mount point isn't taken for it.
    ///
    /// Use a directory of this game and machine alone, on a drive of this machine: while it hangs, so does what reads archived
    /// sessions, and saves wait behind that. Where a game keeps everything [on a disk of its own](Self::on_disk), the
    /// directory is on that disk too.
    ///
    /// ```
    /// use bevy_session::prelude::*;
    ///
    /// let plugin = SessionPlugin::new("Studio", "Arena").archives_directory("/mnt/archive/arena");
    /// ```
    #[must_use]
    pub fn archives_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.beside.archives = Some(directory.into());
        self
    }

    /// Keeps everything on a disk of the game's own, below this directory there: sessions in `data`, and in `state` files that
    /// belong to this machine only. A console's save storage, an encrypted container or a quota may be such a disk; the contract
    /// of [`Disk`](crate::library::disk::Disk) says what one has to do.
    ///
    /// Reports and exports, whose place a player names, are written to the real disk all the same, and the tool `bevy-session`,
    /// [`SessionFollower`](crate::replica::SessionFollower) and [`Replay`](crate::replay::Replay) look at that alone. A
    /// [second directory](Self::fallback_directory) is one on this disk.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use bevy_session::MemoryDisk;
    /// use bevy_session::prelude::*;
    ///
    /// # let console = MemoryDisk::default();
    /// let plugin = SessionPlugin::new("Studio", "Hop").on_disk(Arc::new(console), "saves");
    /// ```
    #[must_use]
    pub fn on_disk(mut self, disk: Arc<dyn Disk>, directory: impl Into<PathBuf>) -> Self {
        self.place = Place::Own { disk, directory: directory.into() };
        self
    }

    /// The initial profile, whose sessions are used: any text. `default` by default. See
    /// [`use_profile`](crate::library::LibraryCommands::use_profile).
    #[must_use]
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.players.profile = profile.into();
        self
    }

    /// The policy for crashed sessions, such as asking the player. See
    /// [`SessionSettings::recovery`].
    #[must_use]
    pub fn recovery(mut self, policy: RecoveryPolicy) -> Self {
        self.settings.recovery = policy;
        self
    }

    /// The purposes that are off until the player gives [`Consent`]. None by default: each is on
    /// until the player withdraws it.
    ///
    /// ```
    /// use bevy_session::consent::Purpose;
    /// use bevy_session::prelude::*;
    ///
    /// let plugin = SessionPlugin::new("Studio", "Hop")
    ///     .ask_consent([Purpose::Insights, Purpose::Reports])
    ///     .consent_version(2);
    /// ```
    #[must_use]
    pub fn ask_consent(mut self, purposes: impl IntoIterator<Item = Purpose>) -> Self {
        self.players.asked = purposes.into_iter().collect();
        self
    }

    /// The version of the text to which players agree. 0 by default. With another one, purposes
    /// that are [asked for](Self::ask_consent) are off until they are given again; what was
    /// withdrawn stays so.
    #[must_use]
    pub fn consent_version(mut self, version: u32) -> Self {
        self.players.text = version;
        self
    }

    /// Sets whether this is a developer's start, not a player's.
    ///
    /// By default it is in builds with debug assertions, unless the game sets its directory with
    /// [`directory`](Self::directory) or is in a test mode. In development
    ///
    /// - sessions are kept apart from a player's, in the directory `development` of both roots;
    /// - the [doctor](crate::doctor) examines the game, in builds with debug assertions;
    /// - a game that never starts a session gets a hint, a
    ///   [`SessionHint`](crate::hints::SessionHint), even if nothing shows that it is played;
    /// - the player isn't asked about a session whose process was stopped from outside without a
    ///   panic, as an IDE does: [`RecoveryAvailable`](crate::RecoveryAvailable) isn't sent and
    ///   [`RecoveryOffers`] doesn't have it, until [`find`](crate::library::LibraryCommands::find)
    ///   is requested. It is in [`SessionCatalog`] and can be recovered.
    #[must_use]
    pub fn development(mut self, is_development: bool) -> Self {
        self.development = Some(is_development);
        self
    }

    /// Lets each start in [development](Self::development) go on where the last one was, so that a rebuild costs no play. Off by
    /// default; a player's build isn't changed by it.
    ///
    /// The newest session that can go on is resumed or recovered before the game's menu could ask, however it was left: closed,
    /// stopped by an IDE, killed, crashed. It is what `BEVY_SESSION=continue` does for one start, and any other value of that
    /// variable, or a [`mode`](Self::mode), comes first. Where there is no session, the game begins as ever. What saved types of
    /// the new build can't use is logged at `warn`, and is in [`RestorePrepared`](crate::recovery::RestorePrepared).
    ///
    /// ```
    /// use bevy_session::prelude::*;
    ///
    /// let plugin = SessionPlugin::new("Studio", "Hop").resume_in_development(true);
    /// ```
    #[must_use]
    pub fn resume_in_development(mut self, resumes: bool) -> Self {
        self.resumes_in_development = resumes;
        self
    }

    /// The treatment of earlier sessions at this start. By default it is read from the environment
    /// variable `BEVY_SESSION`, which isn't read if the game sets a mode itself; see
    /// [`SessionMode`].
    #[must_use]
    pub fn mode(mut self, mode: SessionMode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Opens a [report](crate::library::LibraryCommands::report), or a session that was
    /// [exported](crate::library::LibraryCommands::export): the game continues from the checkpoint
    /// in it. This is what `BEVY_SESSION=open:report.tar` does.
    ///
    /// Sessions are kept in memory for this start, and are gone with the app. The player's own are
    /// neither read nor locked nor written. As soon as the app runs, the checkpoint is loaded as a
    /// slot is, before any request of the game. [`SessionRestored`](crate::SessionRestored)
    /// follows. A game that starts a session automatically should check that none is played.
    /// Reports and exports are written to the disk, as usual.
    ///
    /// If a file can't be opened (missing, no report, truncated, damaged, of another game, of a
    /// newer release), this is logged as an error with the cause, and
    /// [`ReportNotOpened`](crate::reports::ReportNotOpened) is sent. The game starts at its title
    /// screen then, with no sessions.
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
    /// [`external_saves`](crate::external::ExternalSavesExt::external_saves), if there is one), and
    /// neither panics nor signals are watched. The app's saves are gone with it; see
    /// [`disk`](Self::disk) to keep them.
    #[must_use]
    pub fn in_memory(self) -> Self {
        self.disk(MemoryDisk::default())
    }

    /// Test mode on a disk that several apps share, so that a second one finds the sessions of the
    /// first.
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
    /// [`CheckpointSaved`](crate::CheckpointSaved) is sent in a known frame, and neither panics nor
    /// signals are watched. As with a thread, an answer comes in the frame after its order at the
    /// earliest.
    #[must_use]
    pub fn manual_writer(mut self) -> Self {
        self.manual_writer = true;
        self
    }

    /// Test mode: the least number of turns before an answer comes, instead of one. There are two
    /// in a frame.
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

    /// Records frames even if the game records no inputs.
    pub(crate) fn with_tape(mut self) -> Self {
        self.tape = Tape::Recorded;
        self
    }

    /// Plays a recording instead of being played.
    pub(crate) fn replaying(mut self) -> Self {
        self.tape = Tape::Played;
        self
    }

    /// Replicates sessions to other machines, so that they survive the loss of this one.
    ///
    /// A session is played on this machine's disk as usual. What is durable there is sent to the
    /// replica, on a separate thread, and
    /// [`CheckpointReplicated`](crate::replica::CheckpointReplicated) names the newest checkpoint that
    /// has arrived. Before a session is played, this machine claims it in the replica, and waits
    /// while another owns it; newer data is fetched from there first. A session that only the
    /// replica has is resumed by [`recover`](crate::SessionCommands::recover) or
    /// [`continue_session`](crate::SessionCommands::continue_session) like one of this machine;
    /// [`ReplicaSessions`](crate::replica::ReplicaSessions) lists them. If the replica doesn't
    /// answer, play continues without it.
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
    /// those that other devices have put there. None by default.
    ///
    /// When a session is left cleanly, and when it is paused, its newest checkpoint is put there as one file, whole and
    /// durable, by the writer's thread. Before the sessions of this device are looked at, the files of the folder are: one
    /// that another device has gone on with is brought here ([`CloudTaken`](crate::cloud::CloudTaken)); one that has gone
    /// on here as well is a fork ([`CloudForked`](crate::cloud::CloudForked)), and both sides are offered. Slots,
    /// attachments and older checkpoints stay on the device that made them.
    ///
    /// The folder is for these files alone. Keep the sessions' own directory out of the cloud: it copies files while they
    /// grow.
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
        self.beside.cloud = Some(folder.into());
        self
    }

    /// Opens the directory of sessions, once it is known what can be written, and logs it. The
    /// replica's recorders note what becomes durable.
    fn open_place(
        &self,
        recorders: &Recorders,
    ) -> (LocalStore, SessionPlace, Option<DataPlaceChanged>) {
        let wanted = self.layout(self.place.roots(&self.studio, &self.game));
        let fallback =
            self.beside.fallback.as_deref().map(|directory| self.layout(roots_below(directory)));
        let OpenPlace { disk, place, changed } = self.place.open(&wanted, fallback.as_ref());
        place.log();
        let root = self.beside.archives.as_deref().map(|root| self.place.absolute(root));
        let archives = root.clone().map(|root| Archives { disk: Arc::clone(&disk), root });
        let disk: Arc<dyn Disk> = Arc::new(ArchivesDisk::new(disk).with_place(root));
        let disk: Arc<dyn Disk> = match self.replica {
            Some(_) => Arc::new(RecordingDisk::new(disk, recorders.clone())),
            None => disk,
        };
        let local = LocalStore::new(disk, wanted).with_archives(archives);
        let local = match self.outside.clone().or_else(|| self.place.apart()) {
            Some(outside) => local.with_outside(outside),
            None => local,
        };
        (local, place, changed)
    }

    /// The id that distinguishes this game's slots from those of others.
    fn game_id(&self) -> String {
        format!("{}/{}", self.studio, self.game)
    }

    fn layout(&self, (mut data, mut state): (PathBuf, PathBuf)) -> Layout {
        if self.is_development() {
            data.push(DEVELOPMENT);
            state.push(DEVELOPMENT);
        }
        Layout { data, state, profile: self.players.profile.clone() }
    }

    fn is_development(&self) -> bool {
        let is_at_platforms_place = matches!(self.place, Place::Platform) && !self.manual_writer;
        self.development.unwrap_or(cfg!(debug_assertions) && is_at_platforms_place)
    }

    fn start_mode(&self) -> SessionMode {
        let asked = match &self.mode {
            Some(mode) => mode.clone(),
            None if self.manual_writer => SessionMode::Ordinary,
            None => SessionMode::of_environment(),
        };
        match asked {
            SessionMode::Ordinary if self.resumes_in_development && self.is_development() => {
                SessionMode::Continue
            }
            asked => asked,
        }
    }

    /// Puts the policy file into effect, if there is one. If it has an error, switches sessions off and returns false.
    fn follow_policies(&self, app: &mut App) -> bool {
        let Some(file) = &self.policies else { return true };
        let followed = policies::follow(app.world_mut(), &*self.place.outside(), file);
        let Err(error) = followed else { return true };
        error!(%error, "sessions are off for this start, as the policies can't be read");
        let text = error.to_string();
        app.insert_resource(SwitchedOff(RequestError::PoliciesUnreadable { error: text }));
        let tell = tell_of_rejected(error);
        app.add_systems(SessionLast, tell.before(SessionSystems::Run));
        false
    }

    /// Watches signals and closed consoles, which are clean exits, not crashes.
    fn watch_exit_requests(&self, app: &App, process: &ProcessGuard) {
        if self.manual_writer {
            return;
        }
        #[cfg(any(unix, windows))]
        let bevy_handles_interrupt = app.is_plugin_added::<bevy::app::TerminalCtrlCHandlerPlugin>();
        #[cfg(not(any(unix, windows)))]
        let bevy_handles_interrupt = true;
        if let Err(error) = exit_request::watch(&process.asked_to_exit(), !bevy_handles_interrupt) {
            warn!(%error, "signals can't be handled: an exit by a signal will look like a crash");
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
        register_follower_notifications(app);
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
            .insert_resource(CurrentProfile::new(&self.players.profile))
            .init_resource::<SessionPaces>()
            .init_resource::<SessionSwitches>()
            .insert_resource(Consent::new(&self.players.asked, self.players.text))
            .init_resource::<GameHooks>()
            .init_resource::<CheckpointTriggers>()
            .init_resource::<StatesBeingLeft>()
            .init_resource::<StateLog>()
            .init_schedule(SessionLast)
            .edit_schedule(SessionLast, run_on_one_thread)
            .add_systems(SessionLast, steps_of_a_frame())
            .add_observer(list_what_is_played);
        app.add_message::<PoliciesRejected>();
        if self.tape == Tape::Played {
            app.init_resource::<Replaying>();
        }
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
        if self.is_development() {
            Doctor::add_unless_there(app);
        }
        match self.start_mode() {
            SessionMode::Off => {
                info!("sessions are switched off for this start");
                app.insert_resource(SwitchedOff(RequestError::SessionsAreOff));
            }
            _ if !self.follow_policies(app) => {}
            SessionMode::Memory => {
                let alone = Self { replica: None, ..self.clone() };
                alone.in_memory().set_up(app, SessionMode::Memory);
            }
            SessionMode::Open(path) => self.set_up_opened(app, path),
            mode => self.set_up(app, mode),
        }
    }
}

/// The steps of a frame, one after the other.
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

/// Runs a schedule on one thread: waking other threads for a schedule with little to do in most
/// frames costs more than all of its systems. The schedules of state transitions keep their
/// executors.
fn run_on_one_thread(schedule: &mut Schedule) {
    schedule.set_executor(SingleThreadedExecutor::new());
}
