//! What a game or player may change while it runs.

use std::num::NonZeroU32;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::AttachmentQuota;
use bevy_session_journal::internal::read::recovery::PROBATION;

use super::{CaptureBudget, RecoveryPolicy};

/// What becomes of a restore that would lose something.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Hash, Debug, Default))]
pub enum RestoreLosses {
    /// It goes on. What is lost is listed in the report, and kept in the session.
    #[default]
    Accept,
    /// It is refused with [`RequestError::WouldLose`](crate::RequestError::WouldLose), and the world
    /// stays as it is.
    Refuse,
}

/// How often checkpoints are taken, and what they may cost. Change it at any time.
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
    /// Time between automatic checkpoints, in real time; it stands still while the session is
    /// paused. Defaults to 5 seconds.
    pub interval: Duration,
    /// Whether checkpoints are taken that the game doesn't ask for by name: after the interval, at a
    /// pause, where a state or a gate asks for one, and when the system suspends the game. The first of
    /// a run and the last one are taken in any case, unless a gate of
    /// [`checkpoint_session_while`](crate::SessionHooksExt::checkpoint_session_while) is closed. Defaults to `true`.
    pub autosave: bool,
    /// Whether crashed sessions are offered, recovered without asking, or let be. Defaults to
    /// [`RecoveryPolicy::Ask`].
    pub recovery: RecoveryPolicy,
    /// How long ago a crash may be for the player to be asked about it. [`RecoveryPolicy::Automatic`]
    /// asks no one and recovers older ones too. What is older stays in
    /// [`SessionCatalog`](crate::SessionCatalog) and in load menus, where it can be recovered, and is
    /// in [`RecoveryOffers::older`](crate::RecoveryOffers::older). The clock that counts is the
    /// machine's: a crash that seems to lie in the future is asked about. `None` asks about each.
    /// Defaults to 24 hours.
    pub recovery_age: Option<Duration>,
    /// Play time after which a restore has proven itself: a game that dies before that, and again, climbs
    /// the crash-loop ladder, see [`RecoveryOffer::proposed`](crate::RecoveryOffer::proposed). Defaults to
    /// 60 seconds.
    pub probation: Duration,
    /// Mean bytes per second that automatic checkpoints may write. Where they would write more,
    /// the interval is stretched, and [`AutosaveStretched`](crate::checkpoints::AutosaveStretched) says so.
    /// Defaults to 1 MiB.
    pub max_bytes_per_second: u64,
    /// Time between a checkpoint and the next one that a state asks for; more such moments within it
    /// make one checkpoint. Those that the game asks for by name, and those of what is being left,
    /// don't wait. Defaults to 1 second.
    pub minimum_gap: Duration,
    /// Whether a checkpoint is taken when a window of the game loses the focus. Needs the feature
    /// `window`. With the same feature, one is taken when the system suspends the game, as on a phone,
    /// if [`autosave`](Self::autosave) is on and no gate is closed. Defaults to `false`.
    pub checkpoint_on_focus_loss: bool,
    /// What a capture may take of a frame; where it takes more,
    /// [`CaptureOverBudget`](crate::checkpoints::CaptureOverBudget) names the types that cost most. `None` if
    /// it is of no interest. Defaults to a tenth of a frame at 60 Hz.
    pub capture_budget: Option<CaptureBudget>,
    /// What becomes of a restore that would lose something: values of types that this build doesn't
    /// know, or that it can't read any more. Defaults to [`RestoreLosses::Accept`].
    pub losses: RestoreLosses,
    /// For development: every so many checkpoints, what was written is read back from the disk and
    /// held against the world, value by value. What differs was changed without a trace, and
    /// [`CheckpointDrifted`](crate::checkpoints::CheckpointDrifted) names it. What can't be found: the order in
    /// lists of values that refer to entities, and types that could not be written or read. A value
    /// that is written differently each time is named although it didn't change. Defaults to
    /// `None`: never.
    ///
    /// It costs a full copy of everything that is saved, in the same frame as the checkpoint, and
    /// on the writer's thread the time to encode that copy and to read and merge the session's
    /// newest checkpoint; both are in memory meanwhile. Checkpoints that copy everything anyway
    /// are not tested, and neither are those that a slow disk merges into the next one.
    pub self_test: Option<NonZeroU32>,
    /// Whether a slot of kind [`SlotKind::Exit`](crate::slots::SlotKind::Exit) is left behind when a session
    /// is closed, by a request or by the exit of the game; one for each session, which is replaced each
    /// time. Behind a closed gate of [`checkpoint_session_while`](crate::SessionHooksExt::checkpoint_session_while) it
    /// is made of the newest checkpoint, and there is none if this run has taken none. Defaults to
    /// `false`, since a session that was closed can be continued anyway.
    pub exit_slot: bool,
    /// For how long after it was written the index of sessions is shown at the start, before the files of
    /// each session were looked at: a list of thousands is there at once, and may show a session that was
    /// played or deleted since by another program. Right after it the files are looked at, and what is
    /// different is put right, sizes too, which leave out slots until then;
    /// [`SessionCatalog::is_verified`](crate::SessionCatalog::is_verified) and
    /// [`SessionsFound`](crate::SessionsFound) say when. Whatever this is, nothing is restored, offered or
    /// deleted by what the index says. Read when the game starts. Defaults to zero: never.
    pub trust_index: Duration,
    /// Logs orders to the writer at the level `info`, with its time, whatever `RUST_LOG` says of
    /// details. Defaults to `false`.
    pub verbose: bool,
    /// How much of the disk sessions may take, and how long what was deleted stays.
    pub storage: StorageSettings,
    /// How long the plugin waits for what may take long.
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

/// How much of the disk sessions may take, and how long what was deleted stays: [`SessionSettings::storage`].
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug, Default))]
pub struct StorageSettings {
    /// Bytes that one session's history may take on disk. Never met at the price of the last good
    /// checkpoint. Defaults to 256 MiB.
    pub max_session_bytes: u64,
    /// Bytes that the journals and attachments of all sessions of one profile may take together on
    /// disk; looked at once in a run. Slots aren't counted. Where they take more, those that aren't
    /// played lose history: of low [`SessionPriority`](crate::SessionPriority) first, then of normal,
    /// then of high, and of one priority the least recently played first. Named checkpoints go after
    /// that, in the same order. Never met at the price of a session's last good checkpoint. Defaults to
    /// 1 GiB.
    pub max_total_bytes: u64,
    /// Checkpoints that are kept of one session because the game or its player asked for them: by name,
    /// by a slot or as a quick save. Beyond that, and where
    /// [`max_session_bytes`](Self::max_session_bytes) leaves no room, the oldest of them go; automatic
    /// ones have gone long before. Slots aren't counted. Defaults to 1,000.
    pub max_named_checkpoints: usize,
    /// Branches that are kept of one session: what it had come to when it went back, by a rewind, a load or
    /// a recovery from an older checkpoint. The oldest go first, and all of them where
    /// [`max_session_bytes`](Self::max_session_bytes) leaves no room. Defaults to 10.
    pub max_branches: usize,
    /// What may be attached to one session itself, by
    /// [`attach_to_session`](crate::attachments::AttachmentCommands::attach_to_session): bytes of all together, and versions of each.
    /// Defaults to 16 MiB and 3.
    pub attachments: AttachmentQuota,
    /// How long a session lies in the trash, see [`delete`](crate::library::LibraryCommands::delete), until it is removed
    /// for good; at least, since only a run looks that has taken a session up. The machine's clock isn't
    /// trusted alone: so much time must have passed by what an earlier run has written. `None` keeps what is
    /// there for ever. Defaults to 30 days.
    pub trash: Option<Duration>,
    /// Time between two cleanups, in which the game's rules are followed, the trash is emptied, and what processes left
    /// behind is removed: [`clean_up`](crate::library::LibraryCommands::clean_up). The first one comes once something is
    /// played, if there are rules. `None` leaves cleanups to the game. Defaults to an hour.
    pub cleanup: Option<Duration>,
    /// How long a crash may wait for an answer until its session ends as [`Failed`](crate::EndReason::Failed), with the
    /// cause [`TimedOut`](crate::LeaveCause::TimedOut), or [`RecoveryFailed`](crate::LeaveCause::RecoveryFailed) where
    /// nothing that was restored of it could be played. Its files stay. The machine's clock isn't trusted alone, as
    /// for [`trash`](Self::trash). Defaults to `None`: for ever.
    pub unanswered_crashes: Option<Duration>,
    /// How long entries of the audit log are kept; see [`players`](crate::players). Defaults to 365 days.
    pub audit: Duration,
    /// Bytes that are kept free on the disk, in a file beside the game's state, so that the checkpoint of
    /// an exit still has room when the disk is full: then the file is given up. It is made again once
    /// there is room. There is none where the state lies on another file system than the sessions, and
    /// none where less than 16 times as much is free. 0 switches it off. Defaults to 4 MiB.
    pub reserve_bytes: u64,
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
            audit: Duration::from_secs(365 * 24 * 60 * 60),
            reserve_bytes: 4 << 20,
        }
    }
}

/// How long the plugin waits for what may take long: [`SessionSettings::patience`].
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug, Default))]
pub struct Patience {
    /// How long an exit waits for the last checkpoint to be on disk. Defaults to 3 seconds. Windows
    /// ends a program 5 seconds after its console was closed, or the player logged off.
    pub exit: Duration,
    /// How long the frame in which the system suspends the game waits until what was captured is on disk:
    /// a phone stops the process after that frame, and often ends it later without a word. Defaults to
    /// 1 second; phones end a game that takes about 5 seconds.
    pub suspend: Duration,
    /// How long a restore waits for its gate until [`RestoreStalled`](crate::recovery::RestoreStalled) says
    /// so. It goes on waiting. Defaults to 10 seconds.
    pub restore: Duration,
    /// How long the game's own save system may take to answer: its [`ExternalSaves`](crate::external::ExternalSaves)
    /// each call, and the game a request to save or to load. What comes later is ignored, or rejected. An
    /// exit waits for it no longer than [`exit`](Self::exit). Defaults to 30 seconds.
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
