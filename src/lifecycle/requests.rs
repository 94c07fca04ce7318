//! What a game asks for, by topic.

mod chapter_commands;
mod commands;
mod external_request;
pub(super) mod open_requests;
pub(super) mod queue;
mod report_commands;
mod rewind_to;
mod rules;
mod shelf_commands;

use std::path::PathBuf;

use bevy::prelude::*;

use crate::capture::SaveKey;
use crate::digest::DigestOrder;
use crate::finding::SessionQuery;
use crate::journal::{ChapterId, CheckpointId, CheckpointKind, SessionId, SlotId};
use crate::recovery::{EventQuery, RetentionPreview};
use crate::scenario::Scenario;
use crate::session::{
    Attachment, AttachmentOf, ChapterOutcome, EndReason, Leaving, NewChapter, NewSession, Report,
    RestoreFrom, SaveSlot, SessionEdit, SessionUpdate, ShelfMove, StartingWorld, WorldOf,
};

pub use commands::{SessionCommands, SessionCommandsExt};
pub use external_request::ExternalRequest;
pub(super) use open_requests::{
    ask, close, finish, finish_if_asked, join, reject, reject_all, reject_part,
};
pub(crate) use queue::RequestQueue;
pub(super) use queue::{check_text, reject_asked};
pub use rewind_to::RewindTo;
pub(super) use rules::{About, AboutOthers, Needs, Rules};

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
    /// [`SessionCommands::read_events`].
    ReadEvents(Box<EventQuery>),
    /// [`SessionCommands::validate_events`].
    ValidateEvents(SessionId),
    /// [`SessionCommands::digest_sessions`] and [`SessionCommands::forget_digests`].
    Digest(DigestOrder),
    /// [`SessionCommands::use_profile`].
    UseProfile(String),
    /// [`SessionCommands::report`]. One of this moment is about the session that is being played, as
    /// above.
    Report {
        /// What is reported.
        report: Report,
        /// The file.
        path: PathBuf,
    },
    /// [`SessionCommands::save_as_scenario`].
    SaveAsScenario {
        /// What the world is taken of.
        of: WorldOf,
        /// The scenario.
        scenario: Box<Scenario>,
        /// Its file.
        path: PathBuf,
    },
    /// [`SessionCommands::export`].
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
    /// [`SessionCommands::start_in`].
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
    /// [`SessionCommands::forget`].
    Forget(SessionId),
    /// [`SessionCommands::find_sessions`].
    Find,
    /// [`SessionCommands::take_option`].
    TakeOption {
        /// The session that crashed.
        session: SessionId,
        /// The option's id.
        option: String,
    },
    /// [`SessionCommands::update_session`].
    Update(SessionId, Box<SessionUpdate>),
    /// [`SessionCommands::draft`].
    Draft(Box<NewSession>),
    /// [`SessionCommands::delete`], [`SessionCommands::undelete`], [`SessionCommands::archive`] and
    /// [`SessionCommands::unarchive`].
    Shelve(SessionId, ShelfMove),
    /// [`SessionCommands::copy`].
    Copy {
        /// The session that is copied.
        session: SessionId,
        /// What the copy is called.
        name: String,
    },
    /// [`SessionCommands::edit_all`].
    EditAll(Box<SessionQuery>, SessionEdit),
    /// [`SessionCommands::tidy`].
    Tidy(Box<RetentionPreview>),
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
    /// [`SessionCommands::close`] and [`SessionCommands::close_because`].
    Close(Leaving),
    /// [`SessionCommands::end`] and [`SessionCommands::end_because`].
    End {
        /// Why.
        reason: EndReason,
        /// What brings it about, and what the game says about it.
        leaving: Leaving,
    },
    /// [`SessionCommands::forget_key`].
    ForgetKey(SaveKey),
    /// [`SessionCommands::forget_keys`], with what the keys begin with.
    ForgetKeys(String),
    /// [`SessionCommands::rewind`].
    Rewind(RewindTo),
    /// [`SessionCommands::undo_rewind`].
    UndoRewind,
    /// [`SessionCommands::undo_load`].
    UndoLoad,
    /// [`SessionCommands::branch_off`].
    BranchOff {
        /// The checkpoint to go on from.
        checkpoint: CheckpointId,
        /// The session that comes of it.
        session: Box<NewSession>,
    },
    /// [`SessionCommands::begin_chapter`].
    BeginChapter {
        /// The id that it will have.
        id: ChapterId,
        /// The chapter.
        chapter: Box<NewChapter>,
    },
    /// [`SessionCommands::end_chapter`].
    EndChapter {
        /// The chapter.
        chapter: ChapterId,
        /// How it ends.
        outcome: ChapterOutcome,
    },
    /// [`SessionCommands::end_current_chapter`].
    EndCurrentChapter(ChapterOutcome),
}

/// A request that is about slots.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum SlotRequest {
    /// [`SessionCommands::save`] and [`SessionCommands::quick_save`].
    Save(SaveSlot),
    /// [`SessionCommands::load`].
    Load(SlotId),
    /// [`SessionCommands::quick_load`].
    QuickLoad,
    /// [`SessionCommands::copy_slot`].
    Copy {
        /// The slot.
        slot: SlotId,
        /// What the copy is to be called.
        name: String,
    },
    /// [`SessionCommands::rename_slot`].
    Rename {
        /// The slot.
        slot: SlotId,
        /// What it is to be called.
        name: String,
    },
    /// [`SessionCommands::delete_slot`].
    Delete(SlotId),
    /// [`SessionCommands::import`].
    Import(PathBuf),
}

/// A request that is about attachments.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum AttachmentRequest {
    /// [`SessionCommands::attach`].
    Attach {
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// What is to be laid beside it.
        attachment: Attachment,
    },
    /// [`SessionCommands::attach_to_session`].
    AttachToSession(Attachment),
    /// [`SessionCommands::detach`].
    Detach {
        /// What it is called.
        name: String,
    },
    /// [`SessionCommands::read_attachment`].
    Read {
        /// Where it is.
        of: AttachmentOf,
        /// What it is called.
        name: String,
    },
}

impl Request {
    /// What it is called in logs: the name of the method of [`SessionCommands`] that makes it, as `pause` or `load`.
    ///
    /// ```
    /// use bevy_session::{CurrentRequest, Request};
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
