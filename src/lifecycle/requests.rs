//! What a game asks for, by topic.

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
mod world_fork;
mod world_forks;

use std::path::PathBuf;

use bevy::prelude::*;
use bevy_session_journal::{
    Attachment, AttachmentOf, ChapterId, ChapterOutcome, CheckpointId, CheckpointKind, DigestOrder,
    EndReason, EventQuery, Leaving, NewChapter, NewSession, Report, RestoreFrom, RetentionPreview,
    SaveSlot, Scenario, SessionEdit, SessionId, SessionQuery, SessionUpdate, ShelfMove, SlotId,
    StartingWorld, WorldOf,
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
    ask, close, finish, finish_if_asked, join, manner_of, reject, reject_all, reject_part,
};
pub use placed_commands::PlacedCommands;
pub(crate) use queue::RequestQueue;
pub(super) use queue::{check_text, reject_asked};
pub use rewind_to::RewindTo;
pub(super) use rules::{About, AboutOthers, Needs, Rules};
pub use slot_commands::SlotCommands;
pub use world_fork::WorldFork;
pub use world_forks::WorldForksExt;

/// One request of the game, as it was made.
///
/// Games make requests with the methods of [`SessionCommands`]; they meet this type again in
/// [`RequestRejected`](crate::RequestRejected).
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Request {
    /// To begin or take up a session, or to file one away.
    Session(SessionRequest),
    /// Something of the session that is being played.
    ///
    /// It is about the session that is played when it is made. If another has taken its place by the
    /// time that it is handled, it is rejected with
    /// [`OtherSession`](crate::RequestError::OtherSession).
    Current(CurrentRequest),
    /// Something of slots. A save is about the session that is being played, as above.
    Slot(SlotRequest),
    /// Something of attachments. An attachment is for the session that is being played, as above.
    Attachment(AttachmentRequest),
    /// Something of the game's own saves.
    External(ExternalRequest),
    /// [`EventCommands::read`].
    ReadEvents(Box<EventQuery>),
    /// [`EventCommands::validate`].
    ValidateEvents(SessionId),
    /// [`LibraryCommands::read_audit`], with how many entries are wanted.
    ReadAudit(usize),
    /// [`LibraryCommands::digest`] and [`LibraryCommands::remove_digests`].
    Digest(DigestOrder),
    /// [`LibraryCommands::use_profile`].
    UseProfile(String),
    /// [`LibraryCommands::report`]. One of this moment is about the session that is being played, as
    /// above.
    Report {
        /// What is reported.
        report: Report,
        /// The file.
        path: PathBuf,
    },
    /// [`LibraryCommands::save_as_scenario`].
    SaveAsScenario {
        /// What the world is taken of.
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

/// A request to begin or take up a session, or to file one away.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum SessionRequest {
    /// [`SessionCommands::start`].
    Start(NewSession),
    /// [`LibraryCommands::start_in`].
    StartIn {
        /// The session.
        session: Box<NewSession>,
        /// What its world is.
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
    Decline(SessionId),
    /// [`LibraryCommands::purge`].
    Purge(SessionId),
    /// [`LibraryCommands::find`].
    Find,
    /// [`ExternalCommands::take_option`].
    TakeOption {
        /// The session that crashed.
        session: SessionId,
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
        /// What the copy is called.
        name: String,
    },
    /// [`LibraryCommands::edit_all`].
    EditAll(Box<SessionQuery>, SessionEdit),
    /// [`LibraryCommands::prune`].
    Prune(Box<RetentionPreview>),
    /// [`LibraryCommands::clean_up`].
    CleanUp,
    /// [`LibraryCommands::erase_player`].
    ErasePlayer(String),
    /// [`LibraryCommands::export_player`].
    ExportPlayer {
        /// The player.
        player: String,
        /// The file.
        path: PathBuf,
    },
}

/// A request that is about the session that is being played.
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
        /// What the game calls the moment.
        label: String,
        /// Why it is taken.
        kind: CheckpointKind,
    },
    /// [`SessionCommands::close`].
    Close(Leaving),
    /// [`SessionCommands::end`].
    End {
        /// Why.
        reason: EndReason,
        /// What brings it about, and what the game says about it.
        leaving: Leaving,
    },
    /// [`PlacedCommands::forget`].
    ForgetKey(SaveKey),
    /// [`PlacedCommands::forget_all`], with what the keys begin with.
    ForgetKeys(String),
    /// [`WorldForksExt::fork_world`].
    Fork,
    /// [`SessionCommands::rewind`].
    Rewind(RewindTo),
    /// [`LibraryCommands::branch_off`].
    BranchOff {
        /// The checkpoint to go on from.
        checkpoint: CheckpointId,
        /// The session that comes of it.
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
        /// How it ends.
        outcome: ChapterOutcome,
    },
    /// [`ChapterCommands::end_current`].
    EndCurrentChapter(ChapterOutcome),
}

/// A request that is about slots.
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
        /// What the copy is to be called.
        name: String,
    },
    /// [`SlotCommands::rename`].
    Rename {
        /// The slot.
        slot: SlotId,
        /// What it is to be called.
        name: String,
    },
    /// [`SlotCommands::delete`].
    Delete(SlotId),
    /// [`SlotCommands::protect`] and [`SlotCommands::unprotect`].
    Protect {
        /// The slot.
        slot: SlotId,
        /// Whether it is protected from then on.
        protected: bool,
    },
    /// [`SlotCommands::import`].
    Import(PathBuf),
}

/// A request that is about attachments.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum AttachmentRequest {
    /// [`AttachmentCommands::attach`].
    Attach {
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// What is to be laid beside it.
        attachment: Attachment,
    },
    /// [`AttachmentCommands::attach_to_session`].
    AttachToSession(Attachment),
    /// [`AttachmentCommands::detach`].
    Detach {
        /// What it is called.
        name: String,
    },
    /// [`AttachmentCommands::read`].
    Read {
        /// Where it is.
        of: AttachmentOf,
        /// What it is called.
        name: String,
    },
}

impl Request {
    /// What it is called in logs, as `pause` or `slots().rename`.
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
