#![doc = include_str!("lib.md")]
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod capture;
pub mod consent;
mod content;
pub mod doctor;
mod engine;
mod exit_request;
mod external_saves;
mod failures;
mod following;
#[cfg(test)]
mod generated_worlds;
pub mod internal;
mod lifecycle;
mod mode;
pub mod monitoring;
mod plugin;
mod policies;
pub mod presentation;
mod recording;
pub mod replay;
mod replication;
mod restore;
pub mod rules;
mod saved;
pub mod scenarios;
mod schema;
mod switches;
pub mod testing;
mod topics;
mod values;

pub use bevy_session_journal::{
    CheckpointId, CheckpointKind, EndReason, Fields, LeaveCause, MemoryDisk, NewSession,
    RecoveryOffer, RequestError, RestoreFrom, SaveSlot, SessionId, SessionMetadata, SessionStatus,
    SessionUpdate, Ticket, limits,
};

pub use capture::{ReflectSaved, SaveKey, SaveScope, SessionAppExt, Unsaved};
pub use lifecycle::{
    CheckpointCaptured, CheckpointFailed, CheckpointSaved, Condition, CurrentSession, GameContext,
    PreviousRun, RecoveryAvailable, RecoveryFailed, RecoveryOffers, RecoveryPolicy, RequestDone,
    RequestRejected, RewindTo, SessionActivity, SessionCatalog, SessionClosed, SessionCommands,
    SessionCommandsExt, SessionEnded, SessionHooksExt, SessionPaused, SessionRecovered,
    SessionRestored, SessionResumed, SessionSettings, SessionStarted, SessionsFound, SlotSaved,
    recovery_is_pending, saving_is_in_progress, session_is_active, session_is_paused,
    session_is_restoring,
};
pub use mode::SessionMode;
pub use plugin::{SessionLast, SessionPlugin, SessionSystems};
pub use restore::RestoreManner;
pub use saved::Saved;
pub use switches::SessionSwitches;
pub use topics::{
    attachments, chapters, checkpoints, cloud, digests, ends, events, external, hints, library,
    placed, recovery, replica, reports, requests, slots, types,
};

/// The items that most games use: `use bevy_session::prelude::*;`.
pub mod prelude {
    pub use crate::{
        CheckpointFailed, CheckpointSaved, CurrentSession, EndReason, LeaveCause, NewSession,
        PreviousRun, RecoveryAvailable, RecoveryFailed, RecoveryOffers, RecoveryPolicy,
        ReflectSaved, RequestRejected, RestoreFrom, RestoreManner, RewindTo, SaveKey, SaveScope,
        SaveSlot, Saved, SessionAppExt, SessionCatalog, SessionClosed, SessionCommandsExt,
        SessionEnded, SessionHooksExt, SessionId, SessionPlugin, SessionRecovered, SessionRestored,
        SessionSettings, SessionStarted, SessionsFound, SlotSaved, Ticket, Unsaved,
        recovery_is_pending, session_is_active, session_is_paused, session_is_restoring,
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

    #[doc = include_str!("../docs/guide/development.md")]
    struct Development;

    #[doc = include_str!("../docs/guide/cheat-sheet.md")]
    struct CheatSheet;

    #[doc = include_str!("../docs/guide/coming-from.md")]
    struct ComingFrom;

    #[doc = include_str!("../docs/guide/glossary.md")]
    struct Glossary;

    #[doc = include_str!("../docs/guide/servers.md")]
    struct Servers;

    #[doc = include_str!("../docs/guide/troubleshooting.md")]
    struct Troubleshooting;

    #[doc = include_str!("../docs/guide/finding.md")]
    struct Finding;

    #[doc = include_str!("../docs/guide/getting-started.md")]
    struct GettingStarted;

    #[doc = include_str!("../docs/guide/hints.md")]
    struct Hints;

    #[doc = include_str!("../docs/guide/cleanup.md")]
    struct Cleanup;

    #[doc = include_str!("../docs/guide/keeping.md")]
    struct Keeping;

    #[doc = include_str!("../docs/guide/buckets.md")]
    struct Buckets;

    #[doc = include_str!("../docs/guide/outliving-a-machine.md")]
    struct OutlivingAMachine;

    #[doc = include_str!("../docs/guide/following.md")]
    struct Following;

    #[doc = include_str!("../docs/guide/players-data.md")]
    struct PlayersData;

    #[doc = include_str!("../docs/guide/platforms.md")]
    struct Platforms;

    #[doc = include_str!("../docs/guide/recorded-events.md")]
    struct RecordedEvents;

    #[doc = include_str!("../docs/guide/recovery.md")]
    struct Recovery;

    #[doc = include_str!("../docs/guide/replay.md")]
    struct Replay;

    #[doc = include_str!("../docs/guide/reports.md")]
    struct Reports;

    #[doc = include_str!("../docs/guide/rewind.md")]
    struct Rewind;

    #[doc = include_str!("../docs/guide/rewind-in-place.md")]
    struct RewindInPlace;

    #[cfg(feature = "scenarios")]
    #[doc = include_str!("../docs/guide/scenarios.md")]
    struct Scenarios;

    #[doc = include_str!("../docs/guide/cloud-saves.md")]
    struct CloudSaves;

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
