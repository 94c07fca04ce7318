//! The rules by which requests are handled: a row for each. A request without a row doesn't compile.

use bevy::prelude::*;
use bevy_session_journal::internal::model::session::ReportSubject;
use bevy_session_journal::{DigestOrder, Report, RestoreFrom, SessionId, SlotId};

use super::{
    AttachmentRequest, CurrentRequest, ExternalRequest, Request, SessionRequest, SlotRequest,
};
use crate::lifecycle::SessionCatalog;
use crate::lifecycle::catalog::slots::quick_slot;

/// The rules by which a request is handled.
pub(in crate::lifecycle) struct Rules {
    /// The request's name in logs.
    pub name: &'static str,
    /// The session that it is about.
    pub about: About,
    /// The state that has to be reached first.
    pub needs: Needs,
    /// True if it is done once it is handled, without waiting for anything.
    pub is_done_at_once: bool,
    /// True if another session may be played once it is done.
    pub leads_elsewhere: bool,
    /// True if it starts a new session, whatever sessions exist.
    pub starts_session: bool,
    /// True if it is about the moment at which it is made, so that it is rejected during a restore.
    pub means_this_moment: bool,
}

/// The session that a request is about.
pub(in crate::lifecycle) enum About {
    None,
    /// The session that is played when the request is made.
    Played,
    One(SessionId),
    Slot(SlotId),
    QuickSlot,
    /// It depends on the list of all sessions.
    Any,
}

impl About {
    /// The id of the session or slot that it names.
    pub(super) fn name(&self) -> Option<String> {
        match self {
            Self::One(session) => Some(session.to_string()),
            Self::Slot(slot) => Some(slot.to_string()),
            Self::None | Self::Played | Self::QuickSlot | Self::Any => None,
        }
    }
}

/// A state to wait for before a request is handled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::lifecycle) enum Needs {
    Nothing,
    /// All sessions were looked at.
    Sessions,
    /// All slots were looked at, and earlier requests about slots are done.
    Slots,
    /// Earlier requests about slots are done.
    SlotAnswers,
}

/// The sessions that aren't played which a request is about.
pub(in crate::lifecycle) enum AboutOthers {
    None,
    One(SessionId),
    /// It depends on the list of all sessions.
    Any,
}

impl Rules {
    /// A request that is answered later, and leaves the session that is played as it is.
    const fn new(name: &'static str, about: About) -> Self {
        Self {
            name,
            about,
            needs: Needs::Nothing,
            is_done_at_once: false,
            leads_elsewhere: false,
            starts_session: false,
            means_this_moment: false,
        }
    }

    fn done_at_once(self) -> Self {
        Self { is_done_at_once: true, ..self }
    }

    fn leading_elsewhere(self) -> Self {
        Self { leads_elsewhere: true, ..self }
    }

    fn starting_session(self) -> Self {
        Self { starts_session: true, ..self.leading_elsewhere() }
    }

    fn meaning_this_moment(self) -> Self {
        Self { means_this_moment: true, ..self }
    }

    fn after(self, needs: Needs) -> Self {
        Self { needs, ..self }
    }

    /// Returns true if the played session stays, unchanged: then it can be handled while another
    /// session is being read.
    pub(in crate::lifecycle) fn leaves_all_as_it_is(&self) -> bool {
        !self.leads_elsewhere && !self.means_this_moment
    }

    /// The sessions that aren't played which it is about.
    pub(in crate::lifecycle) fn about_others(&self, world: &World) -> AboutOthers {
        let slot = match self.about {
            About::None | About::Played => return AboutOthers::None,
            About::One(session) => return AboutOthers::One(session),
            About::Any => return AboutOthers::Any,
            About::QuickSlot => quick_slot(world),
            About::Slot(slot) => {
                world.get_resource::<SessionCatalog>().and_then(|catalog| catalog.slot(slot))
            }
        };
        slot.map_or(AboutOthers::None, |slot| AboutOthers::One(slot.session.id))
    }
}

impl Request {
    /// Returns true if another world is played once it is done.
    pub(in crate::lifecycle) fn leads_on(&self) -> bool {
        let only_leaves =
            matches!(self, Self::Current(CurrentRequest::Close(_) | CurrentRequest::End { .. }));
        self.rules().leads_elsewhere && !only_leaves
    }

    /// Returns true if it writes a slot, maybe over one that is there.
    pub(in crate::lifecycle) fn writes_slot(&self) -> bool {
        matches!(self, Self::Slot(_) | Self::Attachment(_))
    }

    /// Returns true if it is about what is kept in such a way that the audit log has an entry for it.
    pub(in crate::lifecycle) fn is_audited(&self) -> bool {
        use SessionRequest::{EditAll, ErasePlayer, ExportPlayer, Prune, Purge, Shelve};
        match self {
            Self::Report { .. } | Self::SaveAsScenario { .. } | Self::Export { .. } => true,
            Self::Session(request) => matches!(
                request,
                EditAll(..)
                    | ErasePlayer { .. }
                    | ExportPlayer { .. }
                    | Prune(_)
                    | Purge(_)
                    | Shelve(..)
            ),
            _ => false,
        }
    }

    /// The rules by which it is handled.
    pub(in crate::lifecycle) fn rules(&self) -> Rules {
        match self {
            Self::Session(request) => of_session(request),
            Self::Current(request) => of_current(request),
            Self::Slot(request) => of_slot(request),
            Self::Attachment(request) => of_attachment(request),
            Self::External(ExternalRequest::Answer { .. }) => {
                Rules::new("external_answer", About::None).done_at_once()
            }
            Self::External(ExternalRequest::Recover { session, .. }) => {
                Rules::new("recover_external", About::One(*session)).leading_elsewhere()
            }
            Self::ReadEvents(_) => Rules::new("read_events", About::None),
            Self::ValidateEvents(_) => Rules::new("validate_events", About::None),
            Self::Digest(DigestOrder::Refresh { .. }) => Rules::new("digest_sessions", About::None),
            Self::Digest(DigestOrder::Remove { .. }) => Rules::new("remove_digests", About::None),
            // Slots that wait for another process's lock would be the other profile's.
            Self::UseProfile(_) => Rules::new("use_profile", About::Any)
                .leading_elsewhere()
                .meaning_this_moment()
                .after(Needs::SlotAnswers),
            Self::Report { report: Report { subject, .. }, .. } => {
                match subject {
                    ReportSubject::Now => Rules::new("report", About::Played),
                    // It depends on whose session it is.
                    ReportSubject::LastRun => {
                        Rules::new("report", About::None).after(Needs::Sessions)
                    }
                }
            }
            Self::SaveAsScenario { .. } => Rules::new("save_as_scenario", About::None),
            Self::Export { session, .. } => Rules::new("export", About::One(*session)),
        }
    }
}

fn of_session(request: &SessionRequest) -> Rules {
    use SessionRequest as R;
    let one = |name, session: &SessionId| Rules::new(name, About::One(*session));
    match request {
        R::Start(_) => Rules::new("start", About::None).starting_session(),
        R::StartIn { .. } => Rules::new("start_in", About::None).starting_session(),
        R::StartOrContinue(_) => {
            Rules::new("start_or_continue", About::Any).leading_elsewhere().after(Needs::Sessions)
        }
        R::Continue(session) => {
            one("continue_session", session).leading_elsewhere().after(Needs::Sessions)
        }
        R::Recover(session, RestoreFrom::Slot(_)) => {
            one("recover", session).leading_elsewhere().after(Needs::Slots)
        }
        R::Recover(session, _) => one("recover", session).leading_elsewhere(),
        R::CancelRestore => Rules::new("cancel_restore", About::None).done_at_once(),
        R::Decline(decline) => one("decline", &decline.session),
        R::Purge(session) => one("purge", session),
        R::Find => Rules::new("find_sessions", About::None),
        R::TakeOption { offered, .. } => {
            one("take_option", &offered.session).leading_elsewhere().done_at_once()
        }
        R::Update(session, _) => one("update_session", session),
        R::Draft(_) => Rules::new("draft", About::None),
        R::Copy { session, .. } => one("copy", session),
        R::Shelve(session, how) => one(how.name(), session),
        R::EditAll(..) => Rules::new("edit_all", About::Any).after(Needs::Sessions),
        R::Prune(_) => Rules::new("prune", About::Any),
        R::ErasePlayer { .. } => Rules::new("erase_player", About::Any),
        R::ReadAudit { .. } => Rules::new("audit", About::None),
        R::ExportPlayer { .. } => Rules::new("export_player", About::None),
        R::CleanUp => Rules::new("clean_up", About::None),
    }
}

fn of_current(request: &CurrentRequest) -> Rules {
    use CurrentRequest as R;
    let played = |name| Rules::new(name, About::Played);
    match request {
        R::Pause => played("pause").done_at_once(),
        R::Resume => played("resume").done_at_once(),
        R::Update(_) => played("update").done_at_once(),
        R::Checkpoint { .. } => played("checkpoint"),
        R::Close(_) => played("close").leading_elsewhere(),
        // A hero who dies as an earlier moment is being read lives in that one.
        R::End { .. } => played("end").leading_elsewhere().meaning_this_moment(),
        R::ForgetKey(_) => played("forget_key").done_at_once(),
        R::ForgetKeys(_) => played("forget_keys").done_at_once(),
        R::Fork => played("fork_world").meaning_this_moment(),
        R::Rewind(_) => played("rewind").meaning_this_moment(),
        R::BranchOff { .. } => played("branch_off").leading_elsewhere().meaning_this_moment(),
        R::BeginChapter { .. } => played("begin_chapter").done_at_once(),
        R::EndChapter { .. } => played("end_chapter").done_at_once(),
        R::EndCurrentChapter(_) => played("end_current_chapter").done_at_once(),
    }
}

fn of_slot(request: &SlotRequest) -> Rules {
    use SlotRequest as R;
    match request {
        R::Save(_) => Rules::new("save", About::Played),
        R::Load(slot) => {
            Rules::new("load", About::Slot(*slot)).leading_elsewhere().after(Needs::Slots)
        }
        R::QuickLoad => {
            Rules::new("quick_load", About::QuickSlot).leading_elsewhere().after(Needs::Slots)
        }
        R::Copy { .. } => Rules::new("copy_slot", About::None),
        R::Rename { .. } => Rules::new("rename_slot", About::None),
        R::Delete(_) => Rules::new("delete_slot", About::None),
        R::Protect { protected: true, .. } => Rules::new("protect_slot", About::None),
        R::Protect { protected: false, .. } => Rules::new("unprotect_slot", About::None),
        R::Import(_) => Rules::new("import", About::None),
    }
}

fn of_attachment(request: &AttachmentRequest) -> Rules {
    use AttachmentRequest as R;
    match request {
        R::Attach { .. } => Rules::new("attach", About::Played),
        R::AttachToSession(_) => Rules::new("attach_to_session", About::Played),
        R::Detach { .. } => Rules::new("detach", About::Played),
        R::Read { .. } => Rules::new("read_attachment", About::None),
    }
}
