//! Settings that a game or player may change while the game runs.

use std::num::NonZeroU32;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::AttachmentQuota;
use bevy_session_journal::internal::read::recovery::PROBATION;

use super::{CaptureBudget, RecoveryPolicy};

/// The policy for a restore that would lose something.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Hash, Debug, Default))]
pub enum RestoreLosses {
    /// It continues. The losses are listed in the report, and the lost values are kept in the
    /// session.
    #[default]
    Accept,
    /// It is rejected with [`RequestError::WouldLose`](crate::RequestError::WouldLose), and the
    /// world stays as it is.
    Refuse,
}

/// Settings for checkpoints, recovery and storage. Change them at any time.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use std::time::Duration;
///
/// fn apply_option_menu(mut settings: ResMut<SessionSettings>) {
///     settings.interval = Duration::from_secs(1);
/// }
/// # bevy::ecs::system::assert_is_system(apply_option_menu);
/// ```
#[derive(Resource, Clone, PartialEq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Resource, Clone, PartialEq, Debug, Default))]
pub struct SessionSettings {
    /// Time between automatic checkpoints, in real time; it doesn't count while the session is
    /// paused. Defaults to 5 seconds.
    pub interval: Duration,
    /// True to take checkpoints that no request asks for: after the interval, at a pause, when a
    /// state or a gate asks for one, and when the system suspends the game. The first one of a run
    /// and the last one are taken in any case, unless a gate of
    /// [`checkpoint_session_while`](crate::SessionHooksExt::checkpoint_session_while) is closed.
    /// Defaults to `true`.
    pub autosave: bool,
    /// The policy for crashed sessions: offered, recovered without asking, or ignored. Defaults to
    /// [`RecoveryPolicy::Ask`].
    pub recovery: RecoveryPolicy,
    /// The age up to which the player is asked about a crash. Sessions that crashed longer ago stay
    /// in [`SessionCatalog`](crate::SessionCatalog) and in load menus, where they can be recovered,
    /// and are in [`RecoveryOffers::older`](crate::RecoveryOffers::older).
    /// [`RecoveryPolicy::Automatic`] asks no one and recovers older ones too. The age is by the
    /// machine's clock; the player is also asked about a crash that seems to be in the future.
    /// `None` asks about each. Defaults to 24 hours.
    pub recovery_age: Option<Duration>,
    /// Play time after which a restore counts as successful. If the game dies before that,
    /// repeatedly, older checkpoints are proposed, see
    /// [`RecoveryOffer::proposed`](crate::RecoveryOffer::proposed). Defaults to 60 seconds.
    pub probation: Duration,
    /// Mean bytes per second that automatic checkpoints may write. If they would write more, the
    /// interval is lengthened, and [`AutosaveStretched`](crate::checkpoints::AutosaveStretched) is
    /// sent. Defaults to 1 MiB.
    pub max_bytes_per_second: u64,
    /// The shortest time between a checkpoint and the next one that a state asks for; several such
    /// moments within it make one checkpoint. Requested checkpoints, and those of a state that is
    /// being left, don't wait. Defaults to 1 second.
    pub minimum_gap: Duration,
    /// True to take a checkpoint when a window of the game loses the focus. Needs the feature
    /// `window`. With the same feature, one is taken when the system suspends the game, as on a
    /// phone, if [`autosave`](Self::autosave) is on and no gate is closed. Defaults to `false`.
    pub checkpoint_on_focus_loss: bool,
    /// The share of a frame that a capture may take. If one takes more,
    /// [`CaptureOverBudget`](crate::checkpoints::CaptureOverBudget) names the types that cost most.
    /// `None` never reports it. Defaults to a tenth of a frame at 60 Hz.
    pub capture_budget: Option<CaptureBudget>,
    /// The policy for a restore that would lose something: values of types that this build doesn't
    /// know, or that it can't read any more. Defaults to [`RestoreLosses::Accept`].
    pub losses: RestoreLosses,
    /// For development: at every checkpoint of this number, what was written is read back from the
    /// disk and compared with the world, value by value. If something differs, it was changed
    /// without a trace, and [`CheckpointDrifted`](crate::checkpoints::CheckpointDrifted) names it.
    /// The test can't find a wrong order in lists of values that refer to entities, nor types that
    /// could not be written or read. A value that is written differently each time is named
    /// although it didn't change. Defaults to `None`: never.
    ///
    /// It costs a full copy of everything that is saved, in the same frame as the checkpoint, and
    /// on the writer's thread the time to encode that copy and to read and merge the session's
    /// newest checkpoint; both are in memory meanwhile. Checkpoints that copy everything anyway
    /// are not tested, and neither are those that a slow disk merges into the next one.
    pub self_test: Option<NonZeroU32>,
    /// True to save a slot of kind [`SlotKind::Exit`](crate::slots::SlotKind::Exit) when a session
    /// is closed, by a request or by the exit of the game: one for each session, replaced each
    /// time. If a gate of
    /// [`checkpoint_session_while`](crate::SessionHooksExt::checkpoint_session_while) is closed, it
    /// is a copy of the newest checkpoint, and there is none if this run has taken none. Defaults
    /// to `false`, since a session that was closed can be continued anyway.
    pub exit_slot: bool,
    /// The age up to which the index of sessions is shown at the start, before the files of each
    /// session were read. A list of thousands is there at once, but may show a session that another
    /// program has played or deleted since. The files are read right after, and differences are
    /// corrected, including sizes, which leave out slots until then; see
    /// [`SessionCatalog::is_verified`](crate::SessionCatalog::is_verified) and
    /// [`SessionsFound`](crate::SessionsFound). With any value, nothing is restored, offered or
    /// deleted because of the index. Read when the game starts. Defaults to zero: never.
    pub trust_index: Duration,
    /// True to log each order to the writer at level `info`, with its time, whatever `RUST_LOG` is.
    /// Defaults to `false`.
    pub verbose: bool,
    /// The disk space that sessions may take, and the time until deleted ones are removed.
    pub storage: StorageSettings,
    /// The time that the plugin waits for slow operations.
    pub patience: Patience,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(5),
            autosave: true,
            recovery: RecoveryPolicy::Ask,
            recovery_age: Some(Duration::from_secs(24 * 60 * 60)),
            probation: PROBATION,
            max_bytes_per_second: 1 << 20,
            minimum_gap: Duration::from_secs(1),
            checkpoint_on_focus_loss: false,
            capture_budget: Some(CaptureBudget::default()),
            losses: RestoreLosses::default(),
            self_test: None,
            exit_slot: false,
            trust_index: Duration::ZERO,
            verbose: false,
            storage: StorageSettings::default(),
            patience: Patience::default(),
        }
    }
}

/// The disk space that sessions may take, and the time until deleted ones are removed:
/// [`SessionSettings::storage`].
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug, Default))]
pub struct StorageSettings {
    /// Bytes that one session's history may take on disk. The last good checkpoint is kept even if
    /// it alone takes more. Defaults to 256 MiB.
    pub max_session_bytes: u64,
    /// Bytes that the journals and attachments of all sessions of one profile may take together on
    /// disk; checked once in a run. Slots aren't counted. If they take more, sessions that aren't
    /// played lose history: those of low [`SessionPriority`](crate::library::SessionPriority) first, then of
    /// normal, then of high, and within one priority the least recently played first. Named
    /// checkpoints are removed after that, in the same order. Each session's last good checkpoint
    /// is kept in any case. Defaults to 1 GiB.
    pub max_total_bytes: u64,
    /// The number of checkpoints of one session that are kept because the game or its player asked
    /// for them: by name, by a slot or as a quick save. Beyond that, and if
    /// [`max_session_bytes`](Self::max_session_bytes) leaves no room, the oldest of them are
    /// removed, after all automatic ones. Slots aren't counted. Defaults to 1,000.
    pub max_named_checkpoints: usize,
    /// The number of branches of one session that are kept: the play that it left by a rewind, a
    /// load or a recovery from an older checkpoint. The oldest are removed first, but for the one with
    /// the most play of all: a game that dies at each start leaves a short branch each time. All of
    /// them are removed if [`max_session_bytes`](Self::max_session_bytes) leaves no room. Defaults to 10.
    pub max_branches: usize,
    /// The limits on attachments of one session itself, see
    /// [`attach_to_session`](crate::attachments::AttachmentCommands::attach_to_session): bytes of
    /// all together, and versions of each. Defaults to 16 MiB and 3.
    pub attachments: AttachmentQuota,
    /// The least time that a session stays in the trash, see
    /// [`delete`](crate::library::LibraryCommands::delete), until it is removed for good: by a run
    /// that plays a session, or a [cleanup](Self::cleanup). Since the machine's clock may be wrong, an earlier
    /// run's files must show too that this much time has passed. `None` keeps deleted sessions for
    /// ever. Defaults to 30 days.
    pub trash: Option<Duration>,
    /// The time between two cleanups, see
    /// [`clean_up`](crate::library::LibraryCommands::clean_up). If the game set rules, the first one
    /// comes as soon as something is played. `None` leaves cleanups to the game. Defaults to an
    /// hour.
    pub cleanup: Option<Duration>,
    /// The time that a crash waits for an answer until a [cleanup](Self::cleanup) ends its session
    /// as [`Failed`](crate::EndReason::Failed). The cause is
    /// [`TimedOut`](crate::LeaveCause::TimedOut), or
    /// [`RecoveryFailed`](crate::LeaveCause::RecoveryFailed) if the game died on everything that was
    /// restored of it. Its files stay. As with [`trash`](Self::trash), an earlier run's files must
    /// show too that this much time has passed. Defaults to `None`: for ever.
    pub unanswered_crashes: Option<Duration>,
    /// Bytes that are kept free on the disk, by a file beside the game's state. When the disk is
    /// full, the file is deleted, so that the checkpoint of an exit still has room, and is made
    /// again once there is room. There is no such file if the state is on another file system than
    /// the sessions, or if less than 16 times as much is free. 0 switches it off. Defaults to 4
    /// MiB.
    pub reserve_bytes: u64,
    /// True to write down who exports, erases, deletes, archives and reports what is kept, in a file
    /// of the profile with the newest thousand entries, see
    /// [`audit`](crate::library::LibraryCommands::audit). Each entry is durable before its request is
    /// answered. Defaults to false.
    pub audit: bool,
}

impl Default for StorageSettings {
    fn default() -> Self {
        Self {
            max_session_bytes: 256 << 20,
            max_total_bytes: 1 << 30,
            max_named_checkpoints: 1000,
            max_branches: 10,
            attachments: AttachmentQuota::default(),
            trash: Some(Duration::from_secs(30 * 24 * 60 * 60)),
            cleanup: Some(Duration::from_secs(60 * 60)),
            unanswered_crashes: None,
            reserve_bytes: 4 << 20,
            audit: false,
        }
    }
}

/// The time that the plugin waits for slow operations: [`SessionSettings::patience`].
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug, Default))]
pub struct Patience {
    /// The time that an exit waits for the last checkpoint to be on disk. Defaults to 3 seconds.
    /// Windows ends a program 5 seconds after its console was closed, or the player logged off.
    pub exit: Duration,
    /// The time that the frame in which the system suspends the game waits for captures to be on
    /// disk: a phone stops the process after that frame, and often ends it later without notice.
    /// Defaults to 1 second; phones end a game that takes about 5 seconds.
    pub suspend: Duration,
    /// The time that a restore waits for its gate until
    /// [`RestoreStalled`](crate::recovery::RestoreStalled) is sent. It keeps waiting after that.
    /// Defaults to 10 seconds.
    pub restore: Duration,
    /// The time that the game's own save system has to answer: its
    /// [`ExternalSaves`](crate::external::ExternalSaves) each call, and the game a request to save
    /// or to load. Later answers are ignored, or rejected. An exit waits for it no longer than
    /// [`exit`](Self::exit). Defaults to 30 seconds.
    pub external: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            exit: Duration::from_secs(3),
            suspend: Duration::from_secs(1),
            restore: Duration::from_secs(10),
            external: Duration::from_secs(30),
        }
    }
}
