//! The program and machine that play a session.

use serde::{Deserialize, Serialize};

/// The program and machine that a session was started with, or last taken up with.
///
/// Every field is empty or zero where the platform or the game doesn't say.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
pub struct SessionContext {
    /// Studio and name of the game, as `Studio/Hop`: a session is taken up by no other. Empty where a release
    /// wrote it that didn't say so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub game: String,
    /// The game's version, from `SessionPlugin::version`.
    #[serde(default)]
    pub game_version: String,
    /// What tells the game's build from others of the same version.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub build_id: String,
    /// Bevy's version.
    #[serde(default)]
    pub bevy_version: String,
    /// Name and version of the operating system.
    #[serde(default)]
    pub os: String,
    /// Model of the processor.
    #[serde(default)]
    pub cpu: String,
    /// The graphics adapter.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub graphics: String,
    /// Memory of the machine in bytes.
    #[serde(default)]
    pub memory_bytes: u64,
    /// The player's locale, such as `en-GB`.
    #[serde(default)]
    pub locale: String,
    /// The mods that were loaded, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mods: Vec<String>,
    /// A hash of the game's settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings_hash: Option<u64>,
    /// Arguments that the process was started with, as far as the game allows them to be written down.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
}

/// A part of a [`SessionContext`] that can be why a session behaves differently.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum ContextPart {
    /// The game's version.
    GameVersion,
    /// The game's build.
    Build,
    /// Bevy's version.
    BevyVersion,
    /// The operating system.
    Os,
    /// The processor.
    Cpu,
    /// The graphics adapter.
    Graphics,
    /// The mods.
    Mods,
    /// The game's settings.
    Settings,
}

impl SessionContext {
    /// Whether it is known to be of another game than this one. An empty name is any game's.
    #[must_use]
    pub fn is_of_another_game(&self, game: &str) -> bool {
        !game.is_empty() && !self.game.is_empty() && self.game != game
    }

    /// In which parts this differs from what was before. What wasn't known before is no difference, except
    /// for mods, of which there may have been none.
    #[must_use]
    pub fn differences(&self, before: &Self) -> Vec<ContextPart> {
        let differ = |now: &str, before: &str| !before.is_empty() && now != before;
        let was_known = *before != Self::default();
        let parts = [
            (ContextPart::GameVersion, differ(&self.game_version, &before.game_version)),
            (ContextPart::Build, differ(&self.build_id, &before.build_id)),
            (ContextPart::BevyVersion, differ(&self.bevy_version, &before.bevy_version)),
            (ContextPart::Os, differ(&self.os, &before.os)),
            (ContextPart::Cpu, differ(&self.cpu, &before.cpu)),
            (ContextPart::Graphics, differ(&self.graphics, &before.graphics)),
            (ContextPart::Mods, was_known && self.mods != before.mods),
            (
                ContextPart::Settings,
                before.settings_hash.is_some() && self.settings_hash != before.settings_hash,
            ),
        ];
        parts.into_iter().filter(|(_, differs)| *differs).map(|(part, _)| part).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_known_before_is_no_difference() {
        let known = SessionContext {
            game_version: "1.0".to_owned(),
            graphics: "A".to_owned(),
            settings_hash: Some(1),
            mods: vec!["fish".to_owned()],
            ..SessionContext::default()
        };
        assert_eq!(known.differences(&SessionContext::default()), []);
        assert_eq!(known.differences(&known), []);
        let later = SessionContext {
            graphics: "B".to_owned(),
            settings_hash: Some(2),
            mods: Vec::new(),
            memory_bytes: 7,
            ..known.clone()
        };
        use ContextPart::{Graphics, Mods, Settings};
        assert_eq!(later.differences(&known), [Graphics, Mods, Settings]);
    }
}
