//! The program and machine that play a session.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::SessionNetwork;
use crate::model::ids::limits;

/// The program and machine that a session was started with, or last resumed with.
///
/// It stands at the beginning of each file, so its texts are short: 512 bytes at most. Longer ones are cut.
/// Every field is empty or zero where the platform or the game doesn't say.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
pub struct SessionContext {
    /// Studio and name of the game, as `Studio/Hop`: no other game resumes the session. Empty if an older release wrote
    /// it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub game: String,
    /// The game's version, from `SessionPlugin::version`.
    #[serde(default)]
    pub game_version: String,
    /// An id of the game's build, which distinguishes builds of one version.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub build_id: String,
    /// The version of Bevy that the game was built with.
    #[serde(default)]
    pub bevy_version: String,
    /// Name and version of the operating system.
    #[serde(default)]
    pub os: String,
    /// Model of the processor.
    #[serde(default)]
    pub cpu: String,
    /// The name of the graphics adapter; empty if it isn't known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub graphics: String,
    /// Memory of the machine in bytes.
    #[serde(default)]
    pub memory_bytes: u64,
    /// The player's locale, such as `en-GB`.
    #[serde(default)]
    pub locale: String,
    /// The mods that were loaded, in their order. A session's files have room for 16 KiB of names: where
    /// there were more, the first that fit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mods: Vec<String>,
    /// A hash of the names of all mods, if [`mods`](Self::mods) are only the first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_mods_hash: Option<u64>,
    /// The network that it is played over, as the game says; `None` if the game doesn't say, and of older releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<SessionNetwork>,
    /// A hash of the game's settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings_hash: Option<u64>,
    /// Arguments that the process was started with, as far as the game allows them to be written down; the
    /// first of them that 4 KiB have room for.
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
    /// The mods that were loaded.
    Mods,
    /// The game's settings, by their hash.
    Settings,
}

impl SessionContext {
    /// Returns true if it is known to be of another game than this one. An empty name matches every game.
    #[must_use]
    pub fn is_of_another_game(&self, game: &str) -> bool {
        !game.is_empty() && !self.game.is_empty() && self.game != game
    }

    /// The parts that differ from those before. A part that wasn't known before is no difference, except for mods, of
    /// which there may have been none.
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
            (ContextPart::Mods, was_known && self.mods_differ(before)),
            (
                ContextPart::Settings,
                before.settings_hash.is_some() && self.settings_hash != before.settings_hash,
            ),
        ];
        parts.into_iter().filter(|(_, differs)| *differs).map(|(part, _)| part).collect()
    }

    /// Takes over the game's part, as far as there is room for it: [`mods`](Self::mods),
    /// [`arguments`](Self::arguments), the build and the graphics adapter. The texts may be of any length.
    #[doc(hidden)]
    #[must_use]
    pub fn of_game(build_id: &str, graphics: &str, mods: &[String], arguments: &[String]) -> Self {
        let kept = first_within(mods, limits::MODS_BYTES);
        Self {
            build_id: cut(build_id, limits::CONTEXT_TEXT_BYTES).to_owned(),
            graphics: cut(graphics, limits::CONTEXT_TEXT_BYTES).to_owned(),
            all_mods_hash: (kept.len() < mods.len()).then(|| hash_of(mods)),
            mods: kept.to_vec(),
            arguments: first_within(arguments, limits::ARGUMENTS_BYTES).to_vec(),
            ..Self::default()
        }
    }

    /// Cuts its texts to the length that each may have, and its lists to what is given.
    pub(crate) fn cut_to(&mut self, mods_bytes: usize, arguments_bytes: usize) {
        let kept = first_within(&self.mods, mods_bytes).len();
        if kept < self.mods.len() {
            self.all_mods_hash.get_or_insert_with(|| hash_of(&self.mods));
            self.mods.truncate(kept);
        }
        let kept = first_within(&self.arguments, arguments_bytes).len();
        self.arguments.truncate(kept);
        for text in [
            &mut self.game_version,
            &mut self.build_id,
            &mut self.bevy_version,
            &mut self.os,
            &mut self.cpu,
            &mut self.graphics,
            &mut self.locale,
        ] {
            cut_in_place(text, limits::CONTEXT_TEXT_BYTES);
        }
        if let Some(network) = &mut self.network {
            cut_in_place(&mut network.region, limits::CONTEXT_TEXT_BYTES);
        }
    }

    fn mods_differ(&self, before: &Self) -> bool {
        let hash = |context: &Self| context.all_mods_hash.unwrap_or_else(|| hash_of(&context.mods));
        hash(self) != hash(before)
    }
}

/// The beginning of a text, of at most `bytes` bytes.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    text.split_at(text.floor_char_boundary(bytes)).0
}

/// Cuts a text to at most `bytes` bytes.
pub(crate) fn cut_in_place(text: &mut String, bytes: usize) {
    text.truncate(text.floor_char_boundary(bytes));
}

/// The first of some names, as many as fit into `bytes` bytes.
fn first_within(names: &[String], bytes: usize) -> &[String] {
    /// The most bytes that MessagePack puts before a text.
    const BEFORE_EACH: usize = 5;

    let fits = |taken: &mut usize, name: &String| {
        *taken += BEFORE_EACH + name.len();
        Some(*taken <= bytes)
    };
    let count = names.iter().scan(0, fits).take_while(|fits| *fits).count();
    names.get(..count).unwrap_or_default()
}

/// XXH3 of the names, each behind its length.
fn hash_of(names: &[String]) -> u64 {
    let mut hasher = Xxh3::new();
    for name in names {
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
    }
    hasher.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_that_was_unknown_before_is_not_a_difference() {
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

    fn with_mods(mods: &[String]) -> SessionContext {
        SessionContext::of_game("a1b2", "", mods, &[])
    }

    #[test]
    fn long_mod_lists_are_stored_small_and_still_compared() {
        let mods: Vec<String> = (0..65_536).map(|n| format!("{n:01024}")).collect();
        let many = with_mods(&mods);
        let bytes = rmp_serde::to_vec_named(&many).unwrap().len();
        assert!(bytes <= limits::MODS_BYTES + limits::CONTEXT_TEXT_BYTES, "{bytes} bytes");
        assert!(!many.mods.is_empty() && mods.starts_with(&many.mods));
        assert_eq!(many.differences(&with_mods(&mods)), []);

        let mut last_is_another = mods.clone();
        last_is_another[65_535].push('x');
        for other in [&last_is_another[..], &mods[..65_535], &many.mods] {
            assert_eq!(many.differences(&with_mods(other)), [ContextPart::Mods]);
            assert_eq!(with_mods(other).differences(&many), [ContextPart::Mods]);
        }

        let mut shorter = many.clone();
        shorter.cut_to(2_000, 0);
        assert!(shorter.mods.len() < many.mods.len());
        assert_eq!(shorter.differences(&many), [], "it is known to be the same though cut again");
        let few = with_mods(&mods[..3]);
        let mut cut_later = few.clone();
        cut_later.cut_to(0, 0);
        assert_eq!((cut_later.mods.len(), cut_later.differences(&few)), (0, vec![]));
    }
}
