//! What a game asks for, by topic.

mod chapter_commands;
mod commands;
mod open_requests;
mod queue;
mod report_commands;
mod shelf_commands;

use std::path::PathBuf;

use bevy::prelude::World;

use super::external::ExternalRequest;
use super::slots::quick_slot;
use super::{RewindTo, SessionCatalog};
use crate::capture::SaveKey;
use crate::digest::DigestOrder;
use crate::finding::SessionQuery;
use crate::journal::{ChapterId, CheckpointId, CheckpointKind, SessionId, SlotId};
use crate::recovery::{EventQuery, RetentionPreview, SlotEntry};
use crate::scenario::Scenario;
use crate::session::{
    Attachment, AttachmentOf, ChapterOutcome, EndReason, Leaving, NewChapter, NewSession, Report,
    ReportSubject, RestoreFrom, SaveSlot, SessionEdit, SessionUpdate, ShelfMove, StartingWorld,
    WorldOf,
};

pub use commands::{SessionCommands, SessionCommandsExt};

pub(super) use open_requests::{
    ask, close, finish, finish_if_asked, join, reject, reject_all, reject_part,
};
use queue::AboutOthers;
pub(crate) use queue::RequestQueue;
pub(super) use queue::{check_text, reject_asked};

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
        match self {
            Self::Session(request) => match request {
                SessionRequest::Start(_) => "start",
                SessionRequest::StartIn { .. } => "start_in",
                SessionRequest::StartOrContinue(_) => "start_or_continue",
                SessionRequest::Continue(_) => "continue_session",
                SessionRequest::Recover(..) => "recover",
                SessionRequest::CancelRestore => "cancel_restore",
                SessionRequest::Decline(_) => "decline",
                SessionRequest::Forget(_) => "forget",
                SessionRequest::Find => "find_sessions",
                SessionRequest::TakeOption { .. } => "take_option",
                SessionRequest::Update(..) => "update_session",
                SessionRequest::Draft(_) => "draft",
                SessionRequest::Copy { .. } => "copy",
                SessionRequest::Shelve(_, how) => how.name(),
                SessionRequest::EditAll(..) => "edit_all",
                SessionRequest::Tidy(_) => "tidy",
            },
            Self::Current(request) => match request {
                CurrentRequest::Pause => "pause",
                CurrentRequest::Resume => "resume",
                CurrentRequest::Update(_) => "update",
                CurrentRequest::Checkpoint { .. } => "checkpoint",
                CurrentRequest::Close(_) => "close",
                CurrentRequest::End { .. } => "end",
                CurrentRequest::ForgetKey(_) => "forget_key",
                CurrentRequest::ForgetKeys(_) => "forget_keys",
                CurrentRequest::Rewind(_) => "rewind",
                CurrentRequest::UndoRewind => "undo_rewind",
                CurrentRequest::UndoLoad => "undo_load",
                CurrentRequest::BeginChapter { .. } => "begin_chapter",
                CurrentRequest::EndChapter { .. } => "end_chapter",
                CurrentRequest::EndCurrentChapter(_) => "end_current_chapter",
                CurrentRequest::BranchOff { .. } => "branch_off",
            },
            Self::Slot(request) => match request {
                SlotRequest::Save(_) => "save",
                SlotRequest::Load(_) => "load",
                SlotRequest::QuickLoad => "quick_load",
                SlotRequest::Copy { .. } => "copy_slot",
                SlotRequest::Rename { .. } => "rename_slot",
                SlotRequest::Delete(_) => "delete_slot",
                SlotRequest::Import(_) => "import",
            },
            Self::Attachment(AttachmentRequest::Attach { .. }) => "attach",
            Self::Attachment(AttachmentRequest::AttachToSession(_)) => "attach_to_session",
            Self::Attachment(AttachmentRequest::Detach { .. }) => "detach",
            Self::Attachment(AttachmentRequest::Read { .. }) => "read_attachment",
            Self::External(ExternalRequest::Answer { .. }) => "external_answer",
            Self::External(ExternalRequest::Recover { .. }) => "recover_external",
            Self::ReadEvents(_) => "read_events",
            Self::ValidateEvents(_) => "validate_events",
            Self::Digest(DigestOrder::Refresh { .. }) => "digest_sessions",
            Self::Digest(DigestOrder::Forget { .. }) => "forget_digests",
            Self::UseProfile(_) => "use_profile",
            Self::Report { .. } => "report",
            Self::SaveAsScenario { .. } => "save_as_scenario",
            Self::Export { .. } => "export",
        }
    }

    /// Whether all of it is done once it is handled, and nothing is waited for.
    fn is_done_at_once(&self) -> bool {
        match self {
            Self::Session(request) => {
                matches!(request, SessionRequest::CancelRestore | SessionRequest::TakeOption { .. })
            }
            Self::Current(request) => !matches!(
                request,
                CurrentRequest::Checkpoint { .. }
                    | CurrentRequest::Close(_)
                    | CurrentRequest::End { .. }
                    | CurrentRequest::Rewind(_)
                    | CurrentRequest::UndoRewind
                    | CurrentRequest::UndoLoad
                    | CurrentRequest::BranchOff { .. }
            ),
            Self::External(request) => matches!(request, ExternalRequest::Answer { .. }),
            Self::Slot(_)
            | Self::Attachment(_)
            | Self::ReadEvents(_)
            | Self::ValidateEvents(_)
            | Self::Digest(_)
            | Self::UseProfile(_)
            | Self::Report { .. }
            | Self::SaveAsScenario { .. }
            | Self::Export { .. } => false,
        }
    }

    /// Whether it asks something of the session that is being played.
    fn is_about_current(&self) -> bool {
        matches!(
            self,
            Self::Current(_)
                | Self::Slot(SlotRequest::Save(_))
                | Self::Attachment(
                    AttachmentRequest::Attach { .. }
                        | AttachmentRequest::AttachToSession(_)
                        | AttachmentRequest::Detach { .. }
                )
                | Self::Report { report: Report { subject: ReportSubject::Now, .. }, .. }
        )
    }

    /// Whether it starts a session, whatever there is.
    fn starts_session(&self) -> bool {
        matches!(self, Self::Session(SessionRequest::Start(_) | SessionRequest::StartIn { .. }))
    }

    /// Whether it is refused while a restore is under way, since it means the moment at which it is made.
    pub(super) fn is_refused_during_restore(&self) -> bool {
        let goes_back = |request: &CurrentRequest| {
            matches!(
                request,
                CurrentRequest::Rewind(_)
                    | CurrentRequest::UndoRewind
                    | CurrentRequest::UndoLoad
                    | CurrentRequest::BranchOff { .. }
            )
        };
        match self {
            Self::UseProfile(_) => true,
            Self::Current(request) => goes_back(request),
            _ => false,
        }
    }

    /// Whether the session that is played stays, and as it is: then it can be handled beside what will take its place.
    fn leaves_all_as_it_is(&self) -> bool {
        !self.may_change_session() && !self.is_refused_during_restore()
    }

    /// The sessions that aren't played which it is about.
    fn about_others(&self, world: &World) -> AboutOthers {
        let slot_of = |slot: Option<&SlotEntry>| {
            slot.map_or(AboutOthers::None, |slot| AboutOthers::One(slot.session.id))
        };
        let catalog = || world.get_resource::<SessionCatalog>();
        match self {
            Self::Session(request) => match request {
                SessionRequest::Continue(session)
                | SessionRequest::Recover(session, _)
                | SessionRequest::Decline(session)
                | SessionRequest::Forget(session)
                | SessionRequest::TakeOption { session, .. }
                | SessionRequest::Update(session, _)
                | SessionRequest::Copy { session, .. }
                | SessionRequest::Shelve(session, _) => AboutOthers::One(*session),
                SessionRequest::StartOrContinue(_)
                | SessionRequest::EditAll(..)
                | SessionRequest::Tidy(_) => AboutOthers::Any,
                SessionRequest::Start(_)
                | SessionRequest::StartIn { .. }
                | SessionRequest::CancelRestore
                | SessionRequest::Find
                | SessionRequest::Draft(_) => AboutOthers::None,
            },
            Self::Slot(SlotRequest::Load(slot)) => {
                slot_of(catalog().and_then(|catalog| catalog.slot(*slot)))
            }
            Self::Slot(SlotRequest::QuickLoad) => slot_of(quick_slot(world)),
            Self::External(ExternalRequest::Recover { session, .. })
            | Self::Export { session, .. } => AboutOthers::One(*session),
            Self::UseProfile(_) => AboutOthers::Any,
            _ => AboutOthers::None,
        }
    }

    /// Whether another session may be played once it is done.
    fn may_change_session(&self) -> bool {
        match self {
            Self::Session(request) => !matches!(
                request,
                SessionRequest::Decline(_)
                    | SessionRequest::Forget(_)
                    | SessionRequest::Find
                    | SessionRequest::CancelRestore
                    | SessionRequest::Update(..)
                    | SessionRequest::Draft(_)
                    | SessionRequest::Copy { .. }
                    | SessionRequest::Shelve(..)
                    | SessionRequest::EditAll(..)
                    | SessionRequest::Tidy(_)
            ),
            Self::Current(request) => {
                matches!(
                    request,
                    CurrentRequest::Close(_)
                        | CurrentRequest::End { .. }
                        | CurrentRequest::BranchOff { .. }
                )
            }
            Self::Slot(request) => matches!(request, SlotRequest::Load(_) | SlotRequest::QuickLoad),
            Self::UseProfile(_) | Self::External(ExternalRequest::Recover { .. }) => true,
            Self::Attachment(_)
            | Self::ReadEvents(_)
            | Self::ValidateEvents(_)
            | Self::Digest(_)
            | Self::External(ExternalRequest::Answer { .. })
            | Self::Report { .. }
            | Self::SaveAsScenario { .. }
            | Self::Export { .. } => false,
        }
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
