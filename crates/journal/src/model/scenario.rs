//! Scenarios: what a player can begin with, written by a game's designers in files.
//!
//! A file is text, and others may be behind it that it extends. This room knows their texts alone: who calls it
//! opens them.

mod checks;
mod error;
mod files;
#[cfg(test)]
mod tests;
mod text;
mod written;

use std::time::Duration;

use crate::model::session::{Fields, Links, NewSession, Tags};

pub use error::ScenarioError;
pub use files::ScenarioFiles;

/// A preset that a player can begin a session with: a name, a difficulty, settings of the game, and everything else
/// that the session has from its beginning.
///
/// ```
/// use bevy_session_journal::Scenario;
///
/// let text = r#"(
///     name: "Frontier",
///     description: "A cold place, and six people.",
///     difficulty: "hard",
///     level: 3,
///     expected: "2h 30min",
///     settings: {"settlers": 6, "winter": true},
///     tags: ["co-op"],
/// )"#;
/// let scenario = Scenario::of_text("frontier.scenario.ron", text)?;
/// assert_eq!(scenario.key, "frontier");
/// assert_eq!(scenario.settings.get("settlers"), Some(6_u32));
/// let session = scenario.new_session().player("Ann");
/// # Ok::<(), bevy_session_journal::ScenarioError>(())
/// ```
#[derive(Clone, PartialEq, Debug, Default)]
#[non_exhaustive]
pub struct Scenario {
    /// The scenario's key: the name of its file up to the first point. Sessions that begin with it have it as their
    /// type, so they are found and grouped by it.
    pub key: String,
    /// Its version, in the game's own count; 1 if the file gives none.
    pub version: u32,
    /// Its name, as the player sees it.
    pub name: String,
    /// A sentence about it.
    pub description: String,
    /// A picture, as a path from the root of the assets.
    pub picture: Option<String>,
    /// The difficulty, in the game's own words.
    pub difficulty: String,
    /// The difficulty as a number, to compare scenarios by: the higher, the harder.
    pub level: Option<u8>,
    /// The play time that a session of it is expected to take.
    pub expected: Option<Duration>,
    /// Custom fields that a session of it begins with.
    pub fields: Fields,
    /// Settings for the game, by name.
    pub settings: Fields,
    /// Tags that a session of it begins with.
    pub tags: Tags,
    /// The links that a session of it begins with.
    pub links: Links,
    /// The file with the world that a session of it begins with, as a path from the root of the assets.
    pub world: Option<String>,
}

impl Scenario {
    /// The prefix of a setting's name in the fields of a session.
    pub const SETTING: &str = "setting.";
    /// The field of a session with the version of the scenario that it began with.
    pub const VERSION: &str = "scenario.version";

    /// A scenario that extends no other, from its text. `file` is what errors call it.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] names the file, the line and what was expected there.
    pub fn of_text(file: &str, text: &str) -> Result<Self, ScenarioError> {
        Self::read(file, |asked| {
            let is_it = asked == file;
            is_it.then(|| text.into()).ok_or_else(|| std::io::ErrorKind::NotFound.into())
        })
    }

    /// A scenario with all that it extends. `read` gives the bytes of a file, by its path from the root of
    /// the assets.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] names the file, the line and what was expected there.
    pub fn read(
        file: &str,
        mut read: impl FnMut(&str) -> std::io::Result<Vec<u8>>,
    ) -> Result<Self, ScenarioError> {
        let mut files = ScenarioFiles::of(file);
        while let Some(next) = files.missing() {
            let bytes = read(next).map_err(|source| ScenarioError::unreadable(next, source))?;
            files.add(&bytes)?;
        }
        files.finish()
    }

    /// A session that begins with this, to which the game can add what it likes.
    ///
    /// It has name, description, tags, links, fields and expected length of the scenario. Its type is the scenario's
    /// [`key`](Self::key). Each setting is a field, under its name behind [`SETTING`](Self::SETTING), so that the game
    /// finds it again whenever the session is resumed; the scenario's version is the field [`VERSION`](Self::VERSION).
    #[must_use]
    pub fn new_session(&self) -> NewSession {
        let mut session =
            NewSession::named(&self.name).description(&self.description).session_type(&self.key);
        session.expected = self.expected;
        session.tags = self.tags.clone();
        session.links = self.links.clone();
        session.fields = self.session_fields();
        session
    }

    fn session_fields(&self) -> Fields {
        let mut fields = self.fields.clone();
        fields.extend(self.settings.under(Self::SETTING));
        // A number is always written, and there is room: `finish` has looked.
        _ = fields.set(Self::VERSION, &self.version);
        fields
    }
}
