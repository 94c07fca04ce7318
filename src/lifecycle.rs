//! Drives the session inside the app: one exclusive pass over the world per frame, after `Last`.

mod activity;
mod attachments;
pub(super) mod automatic;
pub(super) mod capture_budget;
pub(super) mod catalog;
mod chapters;
mod checkpoints;
mod clouds;
mod consent;
mod current_session;
mod deferring;
mod driver;
mod external;
mod game_context;
mod gates;
mod guards;
mod hints;
mod hooks;
mod library;
mod losses;
mod mirrors;
mod notifications;
mod paces;
mod placed;
mod playing;
pub(super) mod policy;
mod recording;
mod replicas;
mod reporting;
mod requests;
mod runtime;
mod session_place;
mod settings;
mod slots;
mod start_up;
mod states;
mod summary;
mod transitions;
#[cfg(feature = "window")]
mod window;

pub use activity::{RestorePhase, SessionActivity, saving_is_in_progress, session_is_restoring};
pub use automatic::{may_ask_about_crashes, start_is_decided};
pub use capture_budget::{CaptureBudget, CaptureCost};
pub use catalog::{RecoveryOffers, SessionCatalog, recovery_is_pending};
pub use current_session::{
    CurrentSession, LastCheckpoint, play_time_text, session_is_active, session_is_paused,
};
pub(crate) use driver::frame::{
    ask_gates, capture, finish_restore, handle_requests, look_before_exit, receive, report, restore,
};
pub(crate) use external::{External, register_external_notifications, take_provider};
pub use external::{
    ExternalCallFailed, ExternalOperationFinished, ExternalRestoreRequested, ExternalSaveDamaged,
    ExternalSaveRequested, ExternalSavesExt,
};
pub use game_context::GameContext;
pub use guards::GuardedRequest;
pub(crate) use hints::{HintWatch, IgnoredTypes, hint_at_dangling};
pub(crate) use hints::{LevelIsFollowed, line_of};
pub use hints::{SessionHint, SessionHints, give_hint};
pub(crate) use hooks::game_hooks::{CheckpointTriggers, GameHooks};
pub use hooks::recovery_options::RecoveryOption;
pub use hooks::{Condition, EndStep, SessionHooksExt};
pub(crate) use library::cleanup::CleanupPolicy;
pub(crate) use library::digests::{DeclaredDigests, register as register_digest_notifications};
pub use library::digests::{SessionDigests, SessionDigestsExt, SessionsDigested};
pub(crate) use library::watching::list_what_is_played;
pub(crate) use losses::{LossesLogged, log_losses_once};
pub use notifications::notify;
pub use notifications::{
    AttachmentRead, AttachmentSaved, AuditRead, AutosaveDelayed, AutosaveStretched,
    CaptureOverBudget, ChapterBegun, ChapterEnded, CheckpointCaptured, CheckpointDrifted,
    CheckpointFailed, CheckpointSaved, CleanupFinished, ContextChanged, CorruptionDetected,
    DataPlaceChanged, DuplicateSaveKey, HintGiven, PaceChanged, PlacedRestored, PlayerErased,
    PlayerExported, ProfileChanged, RecoveryAvailable, RecoveryDeclined, RecoveryFailed,
    ReportNotOpened, ReportWritten, RequestDone, RequestRejected, RestoreCancelled,
    RestorePrepared, RestoreStalled, RestoreStarted, RestoredInPlace, SavingResumed, SavingStopped,
    ScenarioSaved, SessionAttachmentRemoved, SessionAttachmentSaved, SessionClosed, SessionCopied,
    SessionDrafted, SessionEnded, SessionExported, SessionMoved, SessionPaused, SessionPurged,
    SessionRecovered, SessionRestored, SessionResumed, SessionStarted, SessionUpdated,
    SessionsEdited, SessionsFound, SlotCopied, SlotDeleted, SlotFailed, SlotImported, SlotRenamed,
    SlotSaved, TypeFailed, TypeNotSaved, WorldCollapsed,
};
pub use notifications::{
    CheckpointReplicated, FenceReason, MirrorRefusal, MirrorRefused, ReplicaBack, ReplicaErased,
    ReplicaLagging, ReplicaListed, ReplicaLost, SessionClaimed, SessionFenced, SessionForked,
    SessionReleased,
};
pub use notifications::{CloudForked, CloudKept, CloudNotKept, CloudNotTaken, CloudTaken};
pub(crate) use notifications::{
    notify_entities, register as register_notifications, register_chapter_notifications,
    register_cloud_notifications, register_filing_notifications, register_replica_notifications,
    register_restored_in_place, register_slot_notifications,
};
pub use paces::{CurrentPace, SessionPace, SessionPaces};
pub use policy::RecoveryPolicy;
pub(crate) use recording::register_event_notifications;
pub use recording::{
    EventLoss, EventsDropped, EventsRead, EventsReplayed, EventsValidated, SessionEvents,
};
pub use replicas::ReplicaSessions;
pub(crate) use reporting::tell_of_unopened;
pub use requests::{
    AttachmentCommands, AttachmentRequest, ChapterCommands, CurrentRequest, EventCommands,
    ExternalCommands, ExternalRequest, LibraryCommands, PlacedCommands, Request, RewindTo,
    SessionCommands, SessionCommandsExt, SessionRequest, SlotCommands, SlotRequest, WorldFork,
    WorldForksExt, ask_to_close,
};
pub(crate) use requests::{RequestQueue, SwitchedOff, menu_was_entered};
pub(crate) use runtime::captured_moments::CapturedMoments;
pub(crate) use runtime::exit_watch::ExitWatch;
pub(crate) use runtime::filings::Filings;
pub(crate) use runtime::forks::Forks;
pub(crate) use runtime::frame_time::FrameTime;
pub use runtime::last_look::LastLook;
pub(crate) use runtime::mirror_port::MirrorPort;
pub(crate) use runtime::replica_port::ReplicaPort;
pub(crate) use runtime::writer_port::WriterPort;
pub(crate) use runtime::{Runtime, RuntimeParts};
pub use session_place::SessionPlace;
pub(crate) use session_place::tell_of_place;
pub use settings::{Patience, RestoreLosses, SessionSettings, StorageSettings};
pub(crate) use start_up::StartUp;
pub use start_up::previous_run::PreviousRun;
pub(crate) use states::hold_states_back;
pub use summary::{SessionSummary, TypeBytes};
pub use transitions::ending::SessionEnding;
pub use transitions::profiles::CurrentProfile;
#[cfg(feature = "window")]
pub(crate) use window::watch_windows;
