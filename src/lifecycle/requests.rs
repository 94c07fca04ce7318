//! Requests, by topic.

mod accepting;
mod attachment_commands;
mod chapter_commands;
mod commands;
mod event_commands;
mod external_commands;
mod external_request;
mod library_commands;
pub(super) mod open_requests;
mod placed_commands;
pub(super) mod queue;
mod rewind_to;
mod rules;
mod slot_commands;
mod switched_off;
mod world_fork;
mod world_forks;

use std::path::PathBuf;

use bevy::prelude::*;
use bevy_session_journal::{
    Attachment, AttachmentOf, ChapterId, ChapterOutcome, CheckpointId, CheckpointKind, DigestOrder,
    EndReason, EventQuery, Leaving, NewChapter, NewSession, OfferedSession, Report, RestoreFrom,
    RetentionPreview, SaveSlot, Scenario, SessionEdit, SessionId, SessionQuery, SessionUpdate,
    ShelfMove, SlotId, StartingWorld, WorldOf,
};

use crate::capture::SaveKey;

pub use attachment_commands::AttachmentCommands;
pub use chapter_commands::ChapterCommands;
pub use commands::{SessionCommands, SessionCommandsExt};
pub use event_commands::EventCommands;
pub use external_commands::ExternalCommands;
pub use external_request::ExternalRequest;
pub use library_commands::LibraryCommands;
pub(super) use open_requests::{
    ask, close, finish, finish_if_asked, join, made_at, manner_of, reject, reject_all, reject_part,
};
pub use placed_commands::PlacedCommands;
pub(super) use queue::MenuEntered;
pub use queue::ask_to_close;
pub(crate) use queue::{RequestQueue, menu_was_entered};
pub(super) use queue::{check_text, reject_asked};
pub use rewind_to::RewindTo;
pub(super) use rules::{About, AboutOthers, Needs, Rules};
pub use slot_commands::SlotCommands;
pub(crate) use switched_off::SwitchedOff;
pub use world_fork::WorldFork;
pub use world_forks::WorldForksExt;

/// A request of the game.
///
/// Games make requests with the methods of [`SessionCommands`]; this type comes back in
/// [`RequestRejected`](crate::RequestRejected).
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Request {
    /// A request to start or resume a session, or about one in the library.
    Session(SessionRequest),
    /// A request about the session that is being played.
    ///
    /// It applies to the session that is played when the request is made. If another one is played
    /// by the time that it is handled, it is rejected with
    /// [`OtherSession`](crate::RequestError::OtherSession).
    Current(CurrentRequest),
    /// A request about slots. A save applies to the session that is being played, as above.
    Slot(SlotRequest),
    /// A request about attachments. An attachment applies to the session that is being played, as
    /// above.
    Attachment(AttachmentRequest),
    /// A request about the game's own saves.
    External(ExternalRequest),
    /// [`EventCommands::read`].
    ReadEvents(Box<EventQuery>),
    /// [`EventCommands::validate`].
    ValidateEvents(SessionId),
    /// [`LibraryCommands::digest`] and [`LibraryCommands::remove_digests`].
    Digest(DigestOrder),
    /// [`LibraryCommands::use_profile`].
    UseProfile(String),
    /// [`LibraryCommands::report`]. A report of this moment applies to the session that is being
    /// played, as above.
    Report {
        /// The subject of the report.
        report: Report,
        /// The file.
        path: PathBuf,
    },
    /// [`LibraryCommands::save_as_scenario`].
    SaveAsScenario {
        /// The checkpoint, slot or moment whose world is saved.
        of: WorldOf,
        /// The scenario.
        scenario: Box<Scenario>,
        /// Its file.
        path: PathBuf,
    },
    /// [`LibraryCommands::export`].
    Export {
        /// The session.
        session: SessionId,
        /// The file.
        path: PathBuf,
    },
}

/// A request to start or resume a session, or about one in the library.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum SessionRequest {
    /// [`SessionCommands::start`].
    Start(NewSession),
    /// [`LibraryCommands::start_in`].
    StartIn {
        /// The session.
        session: Box<NewSession>,
        /// The world that it begins with.
        world: StartingWorld,
    },
    /// [`SessionCommands::start_or_continue`].
    StartOrContinue(NewSession),
    /// [`SessionCommands::continue_session`].
    Continue(SessionId),
    /// [`SessionCommands::recover`].
    Recover(SessionId, RestoreFrom),
    /// [`SessionCommands::cancel_restore`].
    CancelRestore,
    /// [`SessionCommands::decline`].
    Decline(OfferedSession),
    /// [`LibraryCommands::purge`].
    Purge(SessionId),
    /// [`LibraryCommands::find`].
    Find,
    /// [`ExternalCommands::take_option`].
    TakeOption {
        /// The session that crashed, or its side.
        offered: OfferedSession,
        /// The option's id.
        option: String,
    },
    /// [`LibraryCommands::update`].
    Update(SessionId, Box<SessionUpdate>),
    /// [`LibraryCommands::draft`].
    Draft(Box<NewSession>),
    /// [`LibraryCommands::delete`], [`LibraryCommands::undelete`], [`LibraryCommands::archive`] and
    /// [`LibraryCommands::unarchive`].
    Shelve(SessionId, ShelfMove),
    /// [`LibraryCommands::copy`].
    Copy {
        /// The session that is copied.
        session: SessionId,
        /// The copy's name.
        name: String,
    },
    /// [`LibraryCommands::edit_all`].
    EditAll(Box<SessionQuery>, SessionEdit),
    /// [`LibraryCommands::prune`].
    Prune(Box<RetentionPreview>),
    /// [`LibraryCommands::clean_up`].
    CleanUp,
    /// [`LibraryCommands::erase_player`].
    ErasePlayer {
        /// The player.
        player: String,
    },
    /// [`LibraryCommands::audit`].
    ReadAudit {
        /// The number of entries.
        limit: usize,
    },
    /// [`LibraryCommands::export_player`].
    ExportPlayer {
        /// The player.
        player: String,
        /// The file.
        path: PathBuf,
    },
}

/// A request about the session that is being played.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum CurrentRequest {
    /// [`SessionCommands::pause`].
    Pause,
    /// [`SessionCommands::resume`].
    Resume,
    /// [`SessionCommands::update`].
    Update(SessionUpdate),
    /// [`SessionCommands::checkpoint`].
    Checkpoint {
        /// The game's name for the moment.
        label: String,
        /// The kind of checkpoint.
        kind: CheckpointKind,
    },
    /// [`SessionCommands::close`].
    Close(Leaving),
    /// [`SessionCommands::end`].
    End {
        /// The reason.
        reason: EndReason,
        /// The cause, and the game's own reason.
        leaving: Leaving,
    },
    /// [`PlacedCommands::forget`].
    ForgetKey(SaveKey),
    /// [`PlacedCommands::forget_all`], with the prefix of the keys.
    ForgetKeys(String),
    /// [`WorldForksExt::fork_world`].
    Fork,
    /// [`SessionCommands::rewind`].
    Rewind(RewindTo),
    /// [`LibraryCommands::branch_off`].
    BranchOff {
        /// The checkpoint to continue from.
        checkpoint: CheckpointId,
        /// The new session.
        session: Box<NewSession>,
    },
    /// [`ChapterCommands::begin`].
    BeginChapter {
        /// The id that it will have.
        id: ChapterId,
        /// The chapter.
        chapter: Box<NewChapter>,
    },
    /// [`ChapterCommands::end`].
    EndChapter {
        /// The chapter.
        chapter: ChapterId,
        /// Success, failure, or another outcome.
        outcome: ChapterOutcome,
    },
    /// [`ChapterCommands::end_current`].
    EndCurrentChapter(ChapterOutcome),
}

/// A request about slots.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum SlotRequest {
    /// [`SlotCommands::save`] and [`SlotCommands::quick_save`].
    Save(SaveSlot),
    /// [`SlotCommands::load`].
    Load(SlotId),
    /// [`SlotCommands::quick_load`].
    QuickLoad,
    /// [`SlotCommands::copy`].
    Copy {
        /// The slot.
        slot: SlotId,
        /// The copy's name.
        name: String,
    },
    /// [`SlotCommands::rename`].
    Rename {
        /// The slot.
        slot: SlotId,
        /// The new name.
        name: String,
    },
    /// [`SlotCommands::delete`].
    Delete(SlotId),
    /// [`SlotCommands::protect`] and [`SlotCommands::unprotect`].
    Protect {
        /// The slot.
        slot: SlotId,
        /// True to protect it, false to unprotect it.
        protected: bool,
    },
    /// [`SlotCommands::import`].
    Import(PathBuf),
}

/// A request about attachments.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum AttachmentRequest {
    /// [`AttachmentCommands::attach`].
    Attach {
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// The attachment.
        attachment: Attachment,
    },
    /// [`AttachmentCommands::attach_to_session`].
    AttachToSession(Attachment),
    /// [`AttachmentCommands::detach`].
    Detach {
        /// The attachment's name.
        name: String,
    },
    /// [`AttachmentCommands::read`].
    Read {
        /// The session or checkpoint that it is attached to.
        of: AttachmentOf,
        /// The attachment's name.
        name: String,
    },
}

impl Request {
    /// Its name in logs, as `pause` or `slots().rename`.
    ///
    /// ```
    /// use bevy_session::requests::{CurrentRequest, Request};
    ///
    /// assert_eq!(Request::from(CurrentRequest::Pause).name(), "pause");
    /// ```
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.rules().name
    }
}

impl From<SessionRequest> for Request {
    fn from(request: SessionRequest) -> Self {
        Self::Session(request)
    }
}

impl From<CurrentRequest> for Request {
    fn from(request: CurrentRequest) -> Self {
        Self::Current(request)
    }
}

impl From<SlotRequest> for Request {
    fn from(request: SlotRequest) -> Self {
        Self::Slot(request)
    }
}

impl From<AttachmentRequest> for Request {
    fn from(request: AttachmentRequest) -> Self {
        Self::Attachment(request)
    }
}

impl From<ExternalRequest> for Request {
    fn from(request: ExternalRequest) -> Self {
        Self::External(request)
    }
}
