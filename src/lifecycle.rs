//! Drives the session inside the app: one exclusive pass over the world per frame, after `Last`.

mod activity;
mod attachments;
mod checkpoints;
mod current_session;
mod exit;
mod frame;
mod known_sessions;
mod known_slots;
mod notifications;
mod reports;
mod request_queue;
mod requests;
mod restoring;
mod runtime;
mod settings;
mod slots;

pub use activity::{SessionActivity, saving_is_in_progress, session_is_restoring};
pub use current_session::{CurrentSession, LastCheckpoint, session_is_active, session_is_paused};
pub use known_sessions::{RecoveryOffers, SessionCatalog, recovery_is_pending};
pub use notifications::{
    AttachmentRead, AttachmentSaved, AutosaveStretched, CheckpointCaptured, CheckpointDrifted,
    CheckpointFailed, CheckpointSaved, CorruptionDetected, RecoveryAvailable, RecoveryDeclined,
    RecoveryFailed, RequestRejected, RestorePrepared, RestoreStarted, SessionClosed, SessionEnded,
    SessionForgotten, SessionPaused, SessionRecovered, SessionRestored, SessionResumed,
    SessionStarted, SessionUpdated, SessionsFound, SlotCopied, SlotDeleted, SlotFailed,
    SlotRenamed, SlotSaved, TypeFailed, TypeNotSaved,
};
pub use requests::{Request, SessionCommands, SessionUpdate};
pub use settings::SessionSettings;

pub(crate) use frame::run_frame;
pub(crate) use notifications::register as register_notifications;
pub(crate) use request_queue::RequestQueue;
pub(crate) use runtime::{Runtime, RuntimeParts};
