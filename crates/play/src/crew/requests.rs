//! Requests of the game to its crew.

use std::fmt;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::{CurrentSession, SessionId};

use super::player::PlayerId;
use super::refusal::CrewRefusal;
use super::role::Role;

/// A request to the crew.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CrewRequest {
    /// [`CrewCommands::invite`].
    Invite,
    /// [`CrewCommands::join`].
    Join,
    /// [`CrewCommands::leave`].
    Leave,
    /// [`CrewCommands::remove`].
    Remove,
    /// [`CrewCommands::rename`].
    Rename {
        /// The name.
        name: String,
    },
    /// [`CrewCommands::set_role`].
    SetRole {
        /// The role.
        role: Role,
    },
    /// [`CrewCommands::hand_over`].
    HandOver,
}

impl CrewRequest {
    /// Its name in logs, and in the log of events.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Remove => "remove",
            Self::Rename { .. } => "rename",
            Self::SetRole { .. } => "set_role",
            Self::HandOver => "hand_over",
        }
    }
}

/// A request to the crew can't be done, and nothing has changed.
#[derive(Event, Message, Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct CrewRejected {
    /// The player whom it is about.
    pub player: PlayerId,
    /// The player who asked for it; `None` if the game itself did.
    pub by: Option<PlayerId>,
    /// The request that was refused.
    pub request: CrewRequest,
    /// Why it can't be done.
    pub reason: CrewRefusal,
}

/// Makes requests of the crew; [`CrewCommandsExt::crew`] has it.
///
/// They are done in their order, in the same frame if they are made before [`CrewSystems`](crate::CrewSystems), and are
/// recorded with that frame. While a session is restored they wait. What can't be done is answered with
/// [`CrewRejected`], and changes nothing.
///
/// What the game itself asks for isn't a question of rights: say [`by`](Self::by) if it is a player who asks.
pub struct CrewCommands<'a, 'w, 's> {
    commands: &'a mut Commands<'w, 's>,
    by: Option<PlayerId>,
}

/// Adds [`crew`](Self::crew) to [`Commands`].
pub trait CrewCommandsExt<'w, 's> {
    /// Requests of the crew.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session_play::CrewCommandsExt;
    ///
    /// fn play(mut commands: Commands) {
    ///     commands.crew().join("steam:7");
    ///     commands.crew().rename("steam:7", "Ben");
    ///     commands.crew().by("steam:7").hand_over("steam:42");
    /// }
    /// # bevy::ecs::system::assert_is_system(play);
    /// ```
    fn crew(&mut self) -> CrewCommands<'_, 'w, 's>;
}

impl<'w, 's> CrewCommandsExt<'w, 's> for Commands<'w, 's> {
    fn crew(&mut self) -> CrewCommands<'_, 'w, 's> {
        CrewCommands { commands: self, by: None }
    }
}

impl fmt::Debug for CrewCommands<'_, '_, '_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CrewCommands").field("by", &self.by).finish_non_exhaustive()
    }
}

impl CrewCommands<'_, '_, '_> {
    /// Makes the requests that follow for this player, whose rights are looked at.
    #[must_use]
    pub fn by(mut self, player: impl Into<PlayerId>) -> Self {
        self.by = Some(player.into());
        self
    }

    /// Makes a player a member, here or not: with [`Role::PLAYER`], and as the host if there is no other member. A
    /// player who was invited may join by themselves.
    pub fn invite(&mut self, player: impl Into<PlayerId>) {
        self.request(player, CrewRequest::Invite);
    }

    /// A player plays from now on, and is a member if they weren't. Nothing happens if they are here already, so a game
    /// may say so whenever a session begins or comes back. No member is here when a session is resumed.
    pub fn join(&mut self, player: impl Into<PlayerId>) {
        self.request(player, CrewRequest::Join);
    }

    /// A player plays no longer. They stay a member, and the host if they are it.
    pub fn leave(&mut self, player: impl Into<PlayerId>) {
        self.request(player, CrewRequest::Leave);
    }

    /// Takes a player out of the crew. What is [`PlayedBy`](crate::PlayedBy) them stays theirs, should they come again.
    pub fn remove(&mut self, player: impl Into<PlayerId>) {
        self.request(player, CrewRequest::Remove);
    }

    /// Sets the name by which others know a member. It is kept in Unicode's composed form.
    pub fn rename(&mut self, player: impl Into<PlayerId>, name: impl Into<String>) {
        self.request(player, CrewRequest::Rename { name: name.into() });
    }

    /// Gives a member a role. The host has it from the moment at which another one hosts; [`Role::HOST`] itself is
    /// refused.
    pub fn set_role(&mut self, player: impl Into<PlayerId>, role: impl Into<Role>) {
        self.request(player, CrewRequest::SetRole { role: role.into() });
    }

    /// Makes a member the host, here or not. The previous host has the role that they had before, and everybody keeps
    /// their characters. Nothing happens if they are the host already.
    pub fn hand_over(&mut self, to: impl Into<PlayerId>) {
        self.request(to, CrewRequest::HandOver);
    }

    /// Makes any of these requests.
    pub fn request(&mut self, player: impl Into<PlayerId>, request: CrewRequest) {
        let (player, by) = (player.into(), self.by.clone());
        self.commands.queue(move |world: &mut World| {
            let session = world.get_resource::<CurrentSession>().map(CurrentSession::id);
            let asked = Asked { session, player, by, request };
            world.get_resource_or_init::<CrewRequests>().0.push(asked);
        });
    }
}

/// The requests that aren't answered yet.
#[derive(Resource, Default)]
pub(crate) struct CrewRequests(pub Vec<Asked>);

/// A request, and the session that was played when it was made.
pub(crate) struct Asked {
    pub session: Option<SessionId>,
    pub player: PlayerId,
    pub by: Option<PlayerId>,
    pub request: CrewRequest,
}

/// The play time of the session in which something was asked for, if it is played.
pub(crate) fn play_time_in(
    world: &World,
    asked_in: Option<SessionId>,
) -> Result<Duration, CrewRefusal> {
    let session = world.get_resource::<CurrentSession>();
    let session = session.filter(|_| asked_in.is_some()).ok_or(CrewRefusal::NoSession)?;
    if asked_in != Some(session.id()) {
        return Err(CrewRefusal::OtherSession);
    }
    Ok(session.play_time())
}
