//! All sessions of a player: finding and sorting, editing, copying, archiving, deleting and keeping them.
//!
//! [`SessionCatalog`](crate::SessionCatalog) lists them. Requests go through
//! [`library()`](crate::SessionCommands::library), which returns [`LibraryCommands`].

pub mod disk;

pub use bevy_session_journal::{
    Archived, AuditDeed, AuditEntry, CleanedSession, CleanupChange, CleanupOutcome, CleanupReason,
    ContextPart, ErasureReceipt, Field, FieldError, Fork, ForkedLine, GroupBy, GroupKey,
    IllegalMove, IndexFigures, Keep, Left, LeftAs, LetGo, Link, LinkTarget, Links, ListedSessions,
    ListedSessionsIter, Move, NetworkKind, Remaining, Retention, RetentionPreview, RetentionReason,
    SessionChanges, SessionContext, SessionEdit, SessionEntry, SessionFeature, SessionGroup,
    SessionGroups, SessionNetwork, SessionPage, SessionPriority, SessionQuery, SessionTally,
    SessionWatch, ShelfMove, ShelfPlace, SortBy, StartingWorld, Tags, Timeline, TimelineCheckpoint,
    TimelineLine, Validity, VersionFit, WouldGo, WrittenBy,
};

pub use crate::lifecycle::{
    AuditRead, CleanupFinished, ContextChanged, CurrentProfile, LibraryCommands, PlayerErased,
    PlayerExported, ProfileChanged, ScenarioSaved, SessionCopied, SessionDrafted, SessionExported,
    SessionMoved, SessionPlace, SessionPurged, SessionUpdated, SessionsEdited, StorageSettings,
};
