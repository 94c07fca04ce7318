//! The members of the crew of a session.

use std::time::Duration;

use bevy::prelude::*;
use bevy::reflect::{ReflectDeserialize, ReflectSerialize};
use bevy_session::ReflectSaved;
use serde::{Deserialize, Serialize};

use super::change::{CrewChange, CrewStep};
use super::player::PlayerId;
use super::refusal::CrewRefusal;
use super::rights::{Right, Rights};
use super::role::Role;

/// The players of the session, one of whom is the host. It is saved with the session, and changes only when
/// somebody in it does, so a HUD can go by `resource_changed::<Crew>`.
///
/// The first who joins is the host, until [`hand_over`](crate::CrewCommands::hand_over): a crew that isn't empty has
/// one host, never none and never two, and the host can't be removed. The crew goes with the session and not with its
/// world: it stays as it is when the session goes back, so that a rewind throws no player out and gives none a role that
/// they had before.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session_play::Crew;
///
/// /// "Ann (host), here, 12 minutes"
/// fn draw(crew: Res<Crew>, session: Option<Res<CurrentSession>>) {
///     let Some(session) = session else { return };
///     for member in crew.iter() {
///         let minutes = member.played(session.play_time()).as_secs() / 60;
///         let here = if member.is_here() { "here" } else { "away" };
///         println!("{} ({}), {here}, {minutes} minutes", member.name(), member.role());
///     }
/// }
/// # bevy::ecs::system::assert_is_system(draw);
/// ```
#[derive(Resource, Reflect, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[reflect(opaque)]
#[reflect(Resource, Saved, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Member>", into = "Vec<Member>")]
#[type_path = "bevy_session_play"]
pub struct Crew {
    /// The first one is the host: so there can be no other number of them than one.
    members: Vec<Member>,
}

/// A member, as it is saved.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Member {
    player: PlayerId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Their role when they don't host.
    #[serde(default)]
    role: Role,
    /// Their play time up to when they last joined.
    #[serde(default)]
    played: Duration,
    /// Since when they are here, in play time of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    here_since: Option<Duration>,
}

/// A member of the [`Crew`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CrewMember<'a> {
    member: &'a Member,
    is_host: bool,
}

impl<'a> CrewMember<'a> {
    /// The player.
    #[must_use]
    pub fn player(&self) -> &'a PlayerId {
        &self.member.player
    }

    /// The name that others read: the one set with [`rename`](crate::CrewCommands::rename), or else the id. Two members
    /// may have the same.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.member.name.as_deref().unwrap_or(&self.member.player)
    }

    /// Their role: [`Role::HOST`] for the host, and for the others the role that they were given.
    #[must_use]
    pub fn role(&self) -> Role {
        if self.is_host { Role::HOST } else { self.member.role.clone() }
    }

    /// Returns true if they are the host.
    #[must_use]
    pub fn is_host(&self) -> bool {
        self.is_host
    }

    /// Returns true if they play at the moment.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.member.here_since.is_some()
    }

    /// The time that they have played in this session, up to the moment `now` of its play time: pauses don't count, and
    /// what a rewind has left does.
    #[must_use]
    pub fn played(&self, now: Duration) -> Duration {
        self.member.played_until(now)
    }
}

impl Crew {
    /// Members that a crew may have: 1,000.
    pub const MOST: usize = 1_000;

    /// The host; `None` while the crew is empty.
    #[must_use]
    pub fn host(&self) -> Option<CrewMember<'_>> {
        self.iter().next()
    }

    /// Returns a member; `None` if the player isn't in the crew.
    #[must_use]
    pub fn get(&self, player: impl Into<PlayerId>) -> Option<CrewMember<'_>> {
        let player = player.into();
        self.iter().find(|it| *it.player() == player)
    }

    /// All members: the host, and then the others, who hosted last first and otherwise in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = CrewMember<'_>> {
        let view = |(place, member)| CrewMember { member, is_host: place == 0 };
        self.members.iter().enumerate().map(view)
    }

    /// The members who play at the moment.
    pub fn here(&self) -> impl Iterator<Item = CrewMember<'_>> {
        self.iter().filter(CrewMember::is_here)
    }

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Returns true if there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Checks that a player has a right, by their role or as an administrator: to show or hide a button. What is asked
    /// [`by`](bevy_session::SessionCommands::by) a player is checked in any case. While the crew is empty, everybody
    /// has every right.
    ///
    /// # Errors
    ///
    /// [`CrewRefusal::NotInCrew`] or [`CrewRefusal::MissingRight`].
    pub fn may(
        &self,
        player: impl Into<PlayerId>,
        right: Right,
        rights: &Rights,
    ) -> Result<(), CrewRefusal> {
        let player = player.into();
        if rights.is_admin(&player) {
            return Ok(());
        }
        self.may_by_role(&player, right, rights)
    }

    pub(crate) fn may_by_role(
        &self,
        player: &PlayerId,
        right: Right,
        rights: &Rights,
    ) -> Result<(), CrewRefusal> {
        if self.is_empty() {
            return Ok(());
        }
        let member = self.get(player);
        let member = member.ok_or_else(|| CrewRefusal::NotInCrew { player: player.clone() })?;
        let role = member.role();
        match rights.has(&role, right) {
            true => Ok(()),
            false => Err(CrewRefusal::MissingRight { player: player.clone(), role, right }),
        }
    }

    /// Applies a change; returns true if it had an effect.
    pub(crate) fn follow(&mut self, change: &CrewChange) -> bool {
        let player = &change.player;
        let place = self.members.iter().position(|member| member.player == *player);
        match (&change.step, place) {
            (CrewStep::Invited, None) => self.members.push(Member::new(player.clone())),
            (CrewStep::Joined, place) => return self.join(player, place, change.at),
            (CrewStep::Removed, Some(1..)) => self.members.retain(|it| it.player != *player),
            (CrewStep::HandedOver, Some(place @ 1..)) => {
                let to_front = self.members.get_mut(..=place);
                to_front.unwrap_or_default().rotate_right(1);
            }
            (step, Some(place)) => {
                let member = self.members.get_mut(place);
                return member.is_some_and(|member| member.follow(step, change.at));
            }
            _ => return false,
        }
        true
    }

    fn join(&mut self, player: &PlayerId, place: Option<usize>, at: Duration) -> bool {
        if place.is_none() {
            self.members.push(Member::new(player.clone()));
        }
        let newest = self.members.len().saturating_sub(1);
        let member = self.members.get_mut(place.unwrap_or(newest));
        let away = member.filter(|member| member.here_since.is_none());
        away.map(|member| member.here_since = Some(at)).is_some()
    }

    /// All have left at this moment: the process in which they were here is gone.
    pub(crate) fn leave_all(&mut self, at: Duration) {
        self.members.iter_mut().for_each(|member| member.leave(at));
    }

    /// The session went from one moment of its play time to another, and those who are here stay.
    pub(crate) fn move_in_time(&mut self, from: Duration, to: Duration) {
        for member in self.members.iter_mut().filter(|member| member.here_since.is_some()) {
            member.leave(from);
            member.here_since = Some(to);
        }
    }
}

impl Member {
    fn new(player: PlayerId) -> Self {
        Self { player, name: None, role: Role::PLAYER, played: Duration::ZERO, here_since: None }
    }

    fn follow(&mut self, step: &CrewStep, at: Duration) -> bool {
        match step {
            CrewStep::Left if self.here_since.is_some() => self.leave(at),
            CrewStep::Renamed { name } if self.name.as_ref() != Some(name) => {
                self.name = Some(name.clone());
            }
            CrewStep::GivenRole { role } if self.role != *role => self.role = role.clone(),
            _ => return false,
        }
        true
    }

    fn leave(&mut self, at: Duration) {
        self.played = self.played_until(at);
        self.here_since = None;
    }

    fn played_until(&self, now: Duration) -> Duration {
        let since = self.here_since.unwrap_or(Duration::MAX);
        self.played.saturating_add(now.saturating_sub(since))
    }
}

/// Reads a saved crew, and leaves out what can't be.
impl From<Vec<Member>> for Crew {
    fn from(saved: Vec<Member>) -> Self {
        let mut members: Vec<Member> = Vec::with_capacity(saved.len());
        for mut member in saved.into_iter().filter(|member| member.player.check().is_ok()) {
            if !member.role.can_be_given() {
                member.role = Role::PLAYER;
            }
            let is_known = members.iter().any(|known| known.player == member.player);
            if !is_known && members.len() < Self::MOST {
                members.push(member);
            }
        }
        Self { members }
    }
}

impl From<Crew> for Vec<Member> {
    fn from(crew: Crew) -> Self {
        crew.members
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_crew_in_a_file_is_corrected() {
        let text = r#"[
            (player: "", role: "player"),
            (player: "Zo\u{eb}", role: "host"),
            (player: "ben", role: "spectator", here_since: Some((secs: 1, nanos: 0))),
            (player: "Zoe\u{308}", role: "player"),
        ]"#;
        let crew: Crew = ron::from_str(text).unwrap();
        let roles: Vec<(&str, Role)> = crew.iter().map(|it| (it.name(), it.role())).collect();
        assert_eq!(roles, [("Zoë", Role::HOST), ("ben", Role::SPECTATOR)]);
        assert_eq!(crew.members[0].role, Role::PLAYER, "what they are when another one hosts");
        let again: Crew = ron::from_str(&ron::to_string(&crew).unwrap()).unwrap();
        assert_eq!(again, crew);
    }

    #[test]
    fn time_is_counted_while_a_member_is_present_and_survives_a_rewind() {
        let seconds = Duration::from_secs;
        let mut crew = Crew::default();
        let change =
            |step, at| CrewChange { player: "ann".into(), by: None, at: seconds(at), step };
        assert!(crew.follow(&change(CrewStep::Joined, 10)));
        assert!(!crew.follow(&change(CrewStep::Joined, 12)), "they are here");
        let played = |crew: &Crew, now| crew.get("ann").unwrap().played(seconds(now)).as_secs();
        assert_eq!(played(&crew, 30), 20);
        crew.move_in_time(seconds(30), seconds(5));
        assert_eq!((played(&crew, 5), played(&crew, 9)), (20, 24));
        assert!(crew.follow(&change(CrewStep::Left, 9)));
        assert_eq!(played(&crew, 100), 24);
        assert!(!crew.follow(&change(CrewStep::Left, 10)));
    }
}
