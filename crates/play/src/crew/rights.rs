//! What members of the crew may ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bevy::prelude::*;
use bevy_session::attachments::AttachmentRequest;
use bevy_session::external::ExternalRequest;
use bevy_session::requests::{CurrentRequest, Request, SessionRequest};
use bevy_session::slots::SlotRequest;
use serde::{Deserialize, Serialize};

use super::player::PlayerId;
use super::role::Role;

/// A kind of request that a role may have the right to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Right {
    /// To pause the session and to let it go on.
    Pause,
    /// To take checkpoints, to save into slots, to begin and end chapters, to attach something.
    Save,
    /// To go back, and to start or take up another session: to load, rewind, recover, continue, branch off.
    Load,
    /// To close the session or to end it.
    End,
    /// To change what sessions say of themselves: name, description, fields.
    Rename,
    /// To write reports, scenarios and exported sessions.
    Export,
    /// To delete, archive, copy, forget and tidy away what lies on this machine, and whatever else there may be.
    Manage,
    /// To invite others, to let them join and leave, and to remove them.
    Invite,
    /// To say who has which role.
    GiveRoles,
    /// To hand over to another host.
    HandOver,
    /// To write notes and set bookmarks.
    Annotate,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Pause,
        Self::Save,
        Self::Load,
        Self::End,
        Self::Rename,
        Self::Export,
        Self::Manage,
        Self::Invite,
        Self::GiveRoles,
        Self::HandOver,
        Self::Annotate,
    ];

    /// The right that it takes to make a request of the session; `None` for what anybody may ask: what only looks at
    /// something.
    #[must_use]
    pub fn for_request(request: &Request) -> Option<Self> {
        match request {
            Request::Session(request) => match request {
                SessionRequest::Find | SessionRequest::CancelRestore => None,
                SessionRequest::Start(_)
                | SessionRequest::StartIn { .. }
                | SessionRequest::StartOrContinue(_)
                | SessionRequest::Continue(_)
                | SessionRequest::Recover(..)
                | SessionRequest::TakeOption { .. } => Some(Self::Load),
                SessionRequest::Update(..) => Some(Self::Rename),
                SessionRequest::ExportPlayer { .. } => Some(Self::Export),
                _ => Some(Self::Manage),
            },
            Request::Current(request) => Some(match request {
                CurrentRequest::Pause | CurrentRequest::Resume => Self::Pause,
                CurrentRequest::Update(_) => Self::Rename,
                CurrentRequest::Checkpoint { .. }
                | CurrentRequest::BeginChapter { .. }
                | CurrentRequest::EndChapter { .. }
                | CurrentRequest::EndCurrentChapter(_) => Self::Save,
                CurrentRequest::Close(_) | CurrentRequest::End { .. } => Self::End,
                CurrentRequest::Rewind(_) | CurrentRequest::BranchOff { .. } => Self::Load,
                _ => Self::Manage,
            }),
            Request::Slot(request) => Some(match request {
                SlotRequest::Save(_) | SlotRequest::Copy { .. } => Self::Save,
                SlotRequest::Load(_) | SlotRequest::QuickLoad => Self::Load,
                _ => Self::Manage,
            }),
            Request::Attachment(AttachmentRequest::Read { .. })
            | Request::External(ExternalRequest::Answer { .. })
            | Request::ReadEvents(_)
            | Request::ValidateEvents(_) => None,
            Request::Attachment(_) => Some(Self::Save),
            Request::External(_) => Some(Self::Load),
            Request::Report { .. } | Request::SaveAsScenario { .. } | Request::Export { .. } => {
                Some(Self::Export)
            }
            _ => Some(Self::Manage),
        }
    }
}

impl fmt::Display for Right {
    /// What it is the right to: "go back or load".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pause => "pause",
            Self::Save => "save",
            Self::Load => "go back or load",
            Self::End => "end the session",
            Self::Rename => "rename the session",
            Self::Export => "export",
            Self::Manage => "manage sessions",
            Self::Invite => "invite",
            Self::GiveRoles => "give roles",
            Self::HandOver => "hand over",
            Self::Annotate => "write notes",
        })
    }
}

/// Who may ask for what, in one table: what each role has the right to, and who is an administrator.
///
/// By default the host has every right, a player may pause, save and write notes, and a spectator nothing. A role of the
/// game's own has the rights of a player, with what is granted to it and without what is revoked from it; whatever is said
/// of it puts it into the table, and only roles in the table can be given. The table is the game's and isn't saved: set it with
/// [`crew_rights`](crate::CrewExt::crew_rights), and change it at any time as a resource.
///
/// An administrator may ask for everything and need be no member of the crew: it is no role in the session, but said by
/// the program that runs it, as a dedicated server does. What they could not have done otherwise is
/// [recorded](crate::CrewDeed) as such.
///
/// ```
/// use bevy_session_play::{Right, Rights, Role};
///
/// const MEDIC: Role = Role::new("medic");
/// let rights = Rights::default()
///     .grant(Role::SPECTATOR, [Right::Annotate])
///     .revoke(Role::PLAYER, [Right::Pause])
///     .grant(MEDIC, [Right::Load])
///     .admin("steam:42");
/// assert!(rights.has(&Role::SPECTATOR, Right::Annotate));
/// assert!(!rights.has(&Role::PLAYER, Right::Pause));
/// // What a player may, and more.
/// assert!(rights.has(&MEDIC, Right::Save) && rights.has(&MEDIC, Right::Load));
/// assert!(!rights.has(&MEDIC, Right::Pause));
/// ```
#[derive(Resource, Clone, PartialEq, Eq, Debug)]
pub struct Rights {
    said: BTreeMap<Role, Said>,
    admins: BTreeSet<PlayerId>,
}

/// What is said of a role, beside what it has anyway.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Said {
    granted: BTreeSet<Right>,
    revoked: BTreeSet<Right>,
}

impl Default for Rights {
    fn default() -> Self {
        let known = [Role::HOST, Role::PLAYER, Role::SPECTATOR];
        let said = known.map(|role| (role, Said::default()));
        Self { said: said.into(), admins: BTreeSet::new() }
    }
}

impl Rights {
    /// Gives a role more rights; without any, it is put into the table with those of a player.
    #[must_use]
    pub fn grant(mut self, role: impl Into<Role>, rights: impl IntoIterator<Item = Right>) -> Self {
        let said = self.said.entry(role.into()).or_default();
        for right in rights {
            said.revoked.remove(&right);
            said.granted.insert(right);
        }
        self
    }

    /// Takes rights from a role. What is taken from players is taken from roles of the game's own as well.
    #[must_use]
    pub fn revoke(
        mut self,
        role: impl Into<Role>,
        rights: impl IntoIterator<Item = Right>,
    ) -> Self {
        let said = self.said.entry(role.into()).or_default();
        for right in rights {
            said.granted.remove(&right);
            said.revoked.insert(right);
        }
        self
    }

    /// Makes a player an administrator.
    #[must_use]
    pub fn admin(mut self, player: impl Into<PlayerId>) -> Self {
        self.admins.insert(player.into());
        self
    }

    /// Whether a role has a right. One that isn't in the table, as of another build, has those of a player.
    #[must_use]
    pub fn has(&self, role: &Role, right: Right) -> bool {
        let said = self.said.get(role);
        if said.is_some_and(|said| said.revoked.contains(&right)) {
            return false;
        }
        said.is_some_and(|said| said.granted.contains(&right)) || self.has_anyway(role, right)
    }

    /// Whether a role is in the table, and can be given.
    #[must_use]
    pub fn knows(&self, role: &Role) -> bool {
        self.said.contains_key(role)
    }

    /// Whether a player is an administrator.
    #[must_use]
    pub fn is_admin(&self, player: impl Into<PlayerId>) -> bool {
        self.admins.contains(&player.into())
    }

    fn has_anyway(&self, role: &Role, right: Right) -> bool {
        match role {
            role if *role == Role::HOST => true,
            role if *role == Role::SPECTATOR => false,
            role if *role == Role::PLAYER => {
                matches!(right, Right::Pause | Right::Save | Right::Annotate)
            }
            _ => self.has(&Role::PLAYER, right),
        }
    }
}
