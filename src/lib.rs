#![doc = include_str!("lib.md")]
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod capture;
mod content;
pub mod doctor;
mod engine;
mod exit_request;
mod external_saves;
mod failures;
pub mod figures;
#[cfg(test)]
mod generated_worlds;
mod lifecycle;
mod mode;
mod plugin;
#[cfg(feature = "log")]
mod recent_log;
mod recording;
mod restore;
mod saved;
mod schema;
#[cfg(feature = "log")]
mod session_log;
pub mod shelf;
mod switches;
pub mod testing;
#[cfg(feature = "thumbnail")]
pub mod thumbnail;
#[cfg(feature = "ui")]
pub mod ui;
mod values;

// The rooms that know no engine, under the paths that they had here.
#[cfg(test)]
use bevy_session_journal::deep;
use bevy_session_journal::{
    clock, digest, finding, ids, journal, process, recovery, report, scenario, session, store,
    writer,
};

pub use bevy_session_journal::{
    Archived, Attachment, AttachmentError, AttachmentOf, AttachmentQuota, AttachmentVersion,
    Chapter, ChapterEnd, ChapterError, ChapterFigures, ChapterId, ChapterOutcome, ChapterSummary,
    Chapters, CheckpointError, CheckpointId, CheckpointKind, CheckpointSummary, ContextPart,
    DigestFigures, DigestOrder, Digested, DigestedSessions, DiskRefusal, EndReason, EventGap,
    EventMoment, EventPage, EventPrivacy, EventQuery, EventSource, EventTrigger, EventType,
    EventValidation, EventValueError, ExternalError, FailureCause, Field, FieldError, Fields, Fork,
    ForkedLine, GroupBy, GroupKey, HistoryLosses, HowItEnded, IllegalMove, IndexFigures,
    InnerChapters, Keep, LeaveCause, Leaving, Left, LeftAs, LetGo, LifecycleEvent, Link,
    LinkTarget, Links, MemoryDisk, Move, NewChapter, NewSession, OfferedCheckpoint, OfferedOption,
    OpenChapter, Operation, Outcome, PanicInfo, ProcessDeath, Proposal, ProvenTime, RecordedEvent,
    RecoveryError, RecoveryOffer, Report, ReportError, RequestError, RestoreFrom, RestoreReason,
    Retention, RetentionPreview, RetentionReason, RunId, SaveId, SaveSlot, SessionChanges,
    SessionContext, SessionDigester, SessionEdit, SessionEntry, SessionFacts, SessionFeature,
    SessionGroup, SessionGroups, SessionId, SessionMetadata, SessionPage, SessionPriority,
    SessionQuery, SessionStatus, SessionTally, SessionUpdate, SessionWatch, ShelfMove, ShelfPlace,
    SlotEntry, SlotError, SlotId, SlotKind, SortBy, StandingAlert, StartingWorld, StateChange,
    StopReason, SurvivedFailure, Tags, Ticket, Timeline, TimelineCheckpoint, TimelineLine,
    UnreadableSlot, UnsavedPlay, Validity, VersionFit, WorldOf, WouldGo, WrittenBy, limits,
};
pub use capture::{
    CheckpointEdit, CheckpointEditError, DriftedType, InChapter, Migrations, ReflectSaved, SaveKey,
    SaveScope, Saveable, SaveableState, SessionAppExt, TypeProblem, TypeProblemReason, Unsaved,
};
pub use external_saves::{
    ExternalAnswer, ExternalAutosave, ExternalCall, ExternalCallError, ExternalDone,
    ExternalOperation, ExternalOperationKind, ExternalOperations, ExternalOutcome,
    ExternalRequestId, ExternalSave, ExternalSaveKind, ExternalSaveReason, ExternalSaves,
    OfferedBackup,
};
pub use lifecycle::{
    AttachmentCommands, AttachmentRead, AttachmentRequest, AttachmentSaved, AutosaveDelayed,
    AutosaveStretched, CaptureBudget, CaptureCost, CaptureOverBudget, ChapterBegun,
    ChapterCommands, ChapterEnded, CheckpointCaptured, CheckpointDrifted, CheckpointFailed,
    CheckpointSaved, Condition, ContextChanged, CorruptionDetected, CurrentPace, CurrentProfile,
    CurrentRequest, CurrentSession, DataPlaceChanged, DuplicateSaveKey, EndStep, EventCommands,
    EventLoss, EventsDropped, EventsRead, EventsReplayed, EventsValidated, ExternalCallFailed,
    ExternalCommands, ExternalOperationFinished, ExternalRequest, ExternalRestoreRequested,
    ExternalSaveDamaged, ExternalSaveRequested, ExternalSavesExt, GameContext, GuardedRequest,
    HintGiven, LastCheckpoint, LibraryCommands, PaceChanged, PlacedCommands, PlacedRestored,
    PreviousRun, ProfileChanged, RecoveryAvailable, RecoveryDeclined, RecoveryFailed,
    RecoveryOffers, RecoveryOption, RecoveryPolicy, ReportNotOpened, ReportWritten, Request,
    RequestDone, RequestRejected, RestoreCancelled, RestoreLosses, RestorePhase, RestorePrepared,
    RestoreStalled, RestoreStarted, RewindTo, SavingResumed, SavingStopped, ScenarioSaved,
    SessionActivity, SessionAttachmentRemoved, SessionAttachmentSaved, SessionCatalog,
    SessionClosed, SessionCommands, SessionCommandsExt, SessionCopied, SessionDigests,
    SessionDigestsExt, SessionDrafted, SessionEnded, SessionEnding, SessionEvents, SessionExported,
    SessionHint, SessionHints, SessionHooksExt, SessionMoved, SessionPace, SessionPaces,
    SessionPaused, SessionPlace, SessionPurged, SessionRecovered, SessionRequest, SessionRestored,
    SessionResumed, SessionSettings, SessionStarted, SessionSummary, SessionUpdated,
    SessionsDigested, SessionsEdited, SessionsFound, SlotCommands, SlotCopied, SlotDeleted,
    SlotFailed, SlotImported, SlotRenamed, SlotRequest, SlotSaved, TypeBytes, TypeFailed,
    TypeNotSaved, WorldCollapsed, recovery_is_pending, saving_is_in_progress, session_is_active,
    session_is_paused, session_is_restoring,
};
pub use mode::SessionMode;
pub use plugin::{SessionLast, SessionPlugin, SessionSystems};
#[cfg(feature = "log")]
pub use recent_log::recent_log;
pub use recording::{RecordInputs, Recordable, RecordedAs, RecordedTrigger, RecordingExt};
pub use restore::{
    DanglingReference, DespawnOnRestore, ExtraEntities, NewComponents, RestoreLoss,
    RestoreLossReason, RestoreReport,
};
pub use saved::Saved;
#[cfg(feature = "log")]
pub use session_log::{SessionLog, session_log};
pub use switches::SessionSwitches;

/// What most games use: `use bevy_session::prelude::*;`.
pub mod prelude {
    pub use crate::{
        ChapterOutcome, CheckpointFailed, CheckpointSaved, CurrentSession, EndReason, InChapter,
        LeaveCause, NewChapter, NewSession, PreviousRun, RecoveryAvailable, RecoveryOffers,
        RecoveryPolicy, ReflectSaved, RequestRejected, RestoreFrom, RewindTo, SaveKey, SaveScope,
        SaveSlot, Saved, SessionAppExt, SessionCatalog, SessionClosed, SessionCommandsExt,
        SessionHooksExt, SessionPlugin, SessionRecovered, SessionRestored, SessionSettings,
        SessionStarted, SessionUpdate, SessionsFound, SlotSaved, Ticket, Unsaved,
        session_is_active, session_is_paused, session_is_restoring,
    };
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;

#[cfg(doctest)]
#[doc = include_str!("../docs/RECIPES.md")]
struct RecipesDoctests;

#[cfg(doctest)]
#[doc = include_str!("../docs/VERSIONS.md")]
struct VersionsDoctests;

/// The pages of the guide, whose examples are tests.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../docs/guide/chapters.md")]
    struct Chapters;

    #[doc = include_str!("../docs/guide/costs.md")]
    struct Costs;

    #[doc = include_str!("../docs/guide/ends-and-lists.md")]
    struct EndsAndLists;

    #[doc = include_str!("../docs/guide/external-saves.md")]
    struct ExternalSaves;

    #[doc = include_str!("../docs/guide/finding.md")]
    struct Finding;

    #[doc = include_str!("../docs/guide/getting-started.md")]
    struct GettingStarted;

    #[doc = include_str!("../docs/guide/keeping.md")]
    struct Keeping;

    #[doc = include_str!("../docs/guide/levels-and-keys.md")]
    struct LevelsAndKeys;

    #[doc = include_str!("../docs/guide/monitoring.md")]
    struct Monitoring;

    #[doc = include_str!("../docs/guide/platforms.md")]
    struct Platforms;

    #[doc = include_str!("../docs/guide/profiles-and-modes.md")]
    struct ProfilesAndModes;

    #[doc = include_str!("../docs/guide/ready-made-ui.md")]
    struct ReadyMadeUi;

    #[doc = include_str!("../docs/guide/recorded-events.md")]
    struct RecordedEvents;

    #[doc = include_str!("../docs/guide/recovery.md")]
    struct Recovery;

    #[doc = include_str!("../docs/guide/reports.md")]
    struct Reports;

    #[doc = include_str!("../docs/guide/rewind.md")]
    struct Rewind;

    #[doc = include_str!("../docs/guide/scenarios.md")]
    struct Scenarios;

    #[doc = include_str!("../docs/guide/settings.md")]
    struct Settings;

    #[doc = include_str!("../docs/guide/slots.md")]
    struct Slots;

    #[doc = include_str!("../docs/guide/states-and-gates.md")]
    struct StatesAndGates;

    #[doc = include_str!("../docs/guide/testing-your-game.md")]
    struct TestingYourGame;

    #[doc = include_str!("../docs/guide/versions.md")]
    struct Versions;

    #[doc = include_str!("../docs/guide/what-is-saved.md")]
    struct WhatIsSaved;
}
