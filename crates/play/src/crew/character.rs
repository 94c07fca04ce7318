//! Characters, and the players whom they belong to.

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_session::ReflectSaved;
use serde::{Deserialize, Serialize};

use super::player::PlayerId;

/// A component: the player whom an entity belongs to, as a character, a base or a pet. It is saved, and names the
/// player by their id, never by what they are at the moment, so that it stays theirs when another player hosts, and
/// while they are away.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session_play::{Characters, PlayedBy};
///
/// fn spawn(mut commands: Commands, characters: Characters) {
///     if characters.of("steam:7").next().is_none() {
///         commands.spawn((Name::new("Ranger"), PlayedBy::new("steam:7")));
///     }
/// }
/// # bevy::ecs::system::assert_is_system(spawn);
/// ```
#[derive(Component, Reflect, Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved, Clone, PartialEq, Hash, Debug, Serialize, Deserialize)]
#[type_path = "bevy_session_play"]
pub struct PlayedBy(pub PlayerId);

impl PlayedBy {
    /// An entity of this player.
    #[must_use]
    pub fn new(player: impl Into<PlayerId>) -> Self {
        Self(player.into())
    }
}

/// A system parameter that finds the characters of a player, and the player of a character.
#[derive(SystemParam, Debug)]
pub struct Characters<'w, 's> {
    all: Query<'w, 's, (Entity, &'static PlayedBy)>,
}

impl Characters<'_, '_> {
    /// All that is this player's, in no order that matters.
    pub fn of(&self, player: impl Into<PlayerId>) -> impl Iterator<Item = Entity> {
        let player = player.into();
        self.all.iter().filter(move |(_, it)| it.0 == player).map(|(entity, _)| entity)
    }

    /// The player whom an entity belongs to; `None` if it is no player's.
    #[must_use]
    pub fn owner(&self, entity: Entity) -> Option<&PlayerId> {
        self.all.get(entity).ok().map(|(_, it)| &it.0)
    }
}
