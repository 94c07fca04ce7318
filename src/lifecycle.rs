//! Drives the session inside the app: one exclusive pass over the world per frame, after `Last`.

mod activity;
mod asked_checkpoints;
mod attachments;
mod beginning_worlds;
mod branching;
mod capture_budget;
mod chapters;
mod checkpoints;
mod current_session;
mod deferred;
mod digests;
mod drafts;
mod editing_many;
mod ending;
mod exit;
mod external;
mod filing;
mod found;
mod frame;
mod frame_time;
mod game_context;
mod gates;
mod guards;
mod hints;
mod hooks;
mod known_sessions;
mod known_slots;
mod last_look;
mod leaving;
mod line;
mod losses;
mod measured;
mod notifications;
mod pace;
mod paces;
mod placed;
#[cfg(feature = "log")]
mod played_now;
mod playing;
mod policy;
mod previous_run;
mod profiles;
mod recording;
mod recovery_options;
mod reporting;
mod reports;
mod requests;
mod restoring;
mod restraints;
mod rewinding;
mod runtime;
mod session_place;
mod settings;
mod slots;
mod start_up;
mod starting;
mod stopped;
mod summary;
mod suspension;
mod switched_off;
mod take_up;
mod watching;
#[cfg(feature = "window")]
mod window;
mod writer_port;

pub use activity::{RestorePhase, SessionActivity, saving_is_in_progress, session_is_restoring};
pub use capture_budget::{CaptureBudget, CaptureCost};
#[cfg(feature = "ui")]
pub(crate) use current_session::clock_text;
pub use current_session::{CurrentSession, LastCheckpoint, session_is_active, session_is_paused};
pub use digests::{SessionDigests, SessionDigestsExt, SessionsDigested};
pub use ending::{EndStep, SessionEnding};
pub use external::{
    ExternalCallFailed, ExternalOperationFinished, ExternalRequest, ExternalRestoreRequested,
    ExternalSaveDamaged, ExternalSaveRequested, ExternalSavesExt,
};
pub use game_context::GameContext;
pub use guards::GuardedRequest;
pub use hints::{SessionHint, SessionHints};
pub use hooks::{Condition, SessionHooksExt};
pub use known_sessions::{RecoveryOffers, SessionCatalog, recovery_is_pending};
pub use measured::{SessionOperation, WriterLoad};
pub use notifications::{
    AttachmentRead, AttachmentSaved, AutosaveDelayed, AutosaveStretched, CaptureOverBudget,
    ChapterBegun, ChapterEnded, CheckpointCaptured, CheckpointDrifted, CheckpointFailed,
    CheckpointSaved, ContextChanged, CorruptionDetected, DataPlaceChanged, DuplicateSaveKey,
    HintGiven, PaceChanged, PlacedRestored, ProfileChanged, RecoveryAvailable, RecoveryDeclined,
    RecoveryFailed, ReportNotOpened, ReportWritten, RequestDone, RequestRejected, RestoreCancelled,
    RestorePrepared, RestoreStalled, RestoreStarted, SavingResumed, SavingStopped, ScenarioSaved,
    SessionAttachmentRemoved, SessionAttachmentSaved, SessionClosed, SessionCopied, SessionDrafted,
    SessionEnded, SessionExported, SessionForgotten, SessionMoved, SessionPaused, SessionRecovered,
    SessionRestored, SessionResumed, SessionStarted, SessionUpdated, SessionsEdited, SessionsFound,
    SlotCopied, SlotDeleted, SlotFailed, SlotImported, SlotRenamed, SlotSaved, TypeFailed,
    TypeNotSaved, WorldCollapsed,
};
pub use paces::{CurrentPace, SessionPace, SessionPaces};
pub use policy::RecoveryPolicy;
pub use previous_run::PreviousRun;
pub use profiles::CurrentProfile;
pub use recording::{
    EventLoss, EventsDropped, EventsRead, EventsReplayed, EventsValidated, SessionEvents,
};
pub use recovery_options::RecoveryOption;
pub use requests::{
    AttachmentRequest, CurrentRequest, Request, SessionCommands, SessionCommandsExt,
    SessionRequest, SlotRequest,
};
pub use rewinding::RewindTo;
pub use session_place::SessionPlace;
pub use settings::{RestoreLosses, SessionSettings};
pub use summary::{SessionSummary, TypeBytes};

pub(crate) use digests::{
    DeclaredDigests, DigestsShown, register as register_digest_notifications,
};
pub(crate) use exit::ExitWatch;
pub(crate) use external::{External, register_external_notifications, take_provider};
pub(crate) use filing::Filings;
pub(crate) use frame::{
    ask_gates, capture, finish_restore, handle_requests, receive, report, restore,
};
pub(crate) use frame_time::FrameTime;
pub(crate) use gates::look_before_exit;
pub(crate) use hints::{HintWatch, IgnoredTypes, give_hint, hint_at_dangling};
pub(crate) use hooks::{CheckpointTriggers, GameHooks};
pub(crate) use last_look::LastLook;
pub(crate) use losses::{LossesLogged, log_losses_once};
pub(crate) use measured::Measured;
pub(crate) use notifications::{
    notify, register as register_notifications, register_chapter_notifications,
    register_filing_notifications, register_slot_notifications,
};
#[cfg(feature = "log")]
pub(crate) use played_now::{Played, PlayedNow};
pub(crate) use recording::register_event_notifications;
pub(crate) use reporting::tell_of_unopened;
pub(crate) use requests::RequestQueue;
pub(crate) use restraints::Restraints;
pub(crate) use runtime::{Runtime, RuntimeParts};
pub(crate) use session_place::tell_of_place;
pub(crate) use start_up::StartUp;
pub(crate) use switched_off::SwitchedOff;
pub(crate) use watching::{WatchedSessions, list_what_is_played};
#[cfg(feature = "window")]
pub(crate) use window::watch_windows;
pub(crate) use writer_port::WriterPort;
