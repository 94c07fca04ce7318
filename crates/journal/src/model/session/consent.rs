//! The purposes for which a player's data is used, and the player's answers to them.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// A purpose for which a player's data is used beyond playing: the player may agree to one and not to another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum Purpose {
    /// `insights`: figures, marks and hints of how the player plays.
    Insights,
    /// `recording`: recorded events and inputs, and tapes.
    Recording,
    /// `reports`: reports in which a player sends a developer what happened.
    Reports,
    /// `replica`: the copy of sessions in a second place.
    Replica,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Insights, Self::Recording, Self::Reports, Self::Replica];

    /// Its name, as files have it: one word in small letters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Insights => "insights",
            Self::Recording => "recording",
            Self::Reports => "reports",
            Self::Replica => "replica",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A player's answer to one purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ConsentAnswer {
    /// True if the player agrees, and false if the player has withdrawn the consent, or never gave it.
    pub is_given: bool,
    /// The version of the text that the player was shown.
    pub version: u32,
    /// The time of the answer; `None` until it is handed to the writer.
    pub at: Option<Timestamp>,
}

/// The answers of one player.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct PlayerConsent {
    /// The player; `None` is the person of a profile in which no player is named.
    pub player: Option<String>,
    /// The answers by the names of their purposes. Those of a newer release are carried along.
    pub answers: BTreeMap<String, ConsentAnswer>,
}

impl PlayerConsent {
    /// The time of the newest answer.
    #[must_use]
    pub fn answered_at(&self) -> Option<Timestamp> {
        self.answers.values().filter_map(|answer| answer.at).max()
    }

    /// Returns true if the player agrees to a purpose: one that is asked, with the text of this version, is off without an
    /// answer to that.
    #[must_use]
    pub fn agrees(&self, purpose: Purpose, asked: Option<u32>) -> bool {
        match self.answers.get(purpose.name()) {
            Some(answer) => {
                answer.is_given && asked.is_none_or(|version| answer.version == version)
            }
            None => asked.is_none(),
        }
    }

    /// Forgets the answers up to a time, and keeps those that nobody has handed to the writer yet.
    pub fn forget_until(&mut self, until: Timestamp) {
        self.answers.retain(|_, answer| answer.at.is_none_or(|at| at > until));
    }

    /// Takes in the answers of another file of the same player: of two to one purpose the newer one counts, and of two
    /// at one time a refusal.
    pub fn merge(&mut self, other: Self) {
        for (purpose, answer) in other.answers {
            let is_newer = self.answers.get(&purpose).is_none_or(|known| {
                known.at < answer.at || (known.at == answer.at && !answer.is_given)
            });
            if is_newer {
                self.answers.insert(purpose, answer);
            }
        }
    }
}

/// The answers of a player that an erasure removes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ErasedConsent {
    /// The beginning of the names of their files, which is a hash of the player's name.
    pub stem: String,
    /// The time of the erasure, or of the newest of them, if a clock was ahead. Later ones are of a player who has come
    /// back.
    pub until: Timestamp,
}

impl ErasedConsent {
    /// Returns true if it is of this player.
    #[must_use]
    pub fn is_of(&self, player: Option<&str>) -> bool {
        consent_stem(player) == self.stem
    }
}

/// The answers of the players of a profile, as far as they can be read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct KeptConsents {
    /// The answers that can be read.
    pub players: Vec<PlayerConsent>,
    /// False if a player has answered what can't be read now.
    pub is_complete: bool,
}

impl KeptConsents {
    /// Returns true if all players agree who have answered and, if it is asked in this version of the text, there is one, and
    /// nobody's answer is unknown.
    #[must_use]
    pub fn all_agree(&self, purpose: Purpose, asked: Option<u32>) -> bool {
        let is_known = self.is_complete && !self.players.is_empty();
        (asked.is_none() || is_known) && self.players.iter().all(|it| it.agrees(purpose, asked))
    }
}

/// The letters of [`consent_stem`].
pub const CONSENT_STEM_LETTERS: usize = 16;

/// The beginning of the names of a player's files of answers: a hash of the player's name, since that may be any text.
#[must_use]
pub fn consent_stem(player: Option<&str>) -> String {
    let mut key = vec![u8::from(player.is_some())];
    key.extend_from_slice(player.unwrap_or_default().as_bytes());
    format!("{:016x}", xxh3_64(&key))
}
