//! A scenario as the text of a file.

use std::collections::BTreeMap;

use ron::ser::PrettyConfig;
use serde::ser::{Error, SerializeStruct};
use serde::{Serialize, Serializer};

use super::{Scenario, ScenarioError};
use crate::model::session::{Fields, LinkTarget, Links, SessionMetadata, Tags};

impl Scenario {
    /// A scenario that is like a session: with its name, description, tags, expected length, links with texts, and
    /// fields, of which those that were settings are settings again. Pass the fields of
    /// `CurrentSession::fields`, or of [`SessionEntry::summary`](crate::SessionEntry::summary).
    ///
    /// ```
    /// use bevy_session_journal::{NewSession, Scenario, SessionId};
    ///
    /// let new = NewSession::named("Ruins").field("setting.winter", &true)?;
    /// let session = new.begin(SessionId::random(), jiff::Timestamp::now());
    /// let scenario = Scenario::like(&session, &new.fields);
    /// assert_eq!(scenario.settings.get("winter"), Some(true));
    /// # Ok::<(), bevy_session_journal::FieldError>(())
    /// ```
    #[must_use]
    pub fn like(session: &SessionMetadata, fields: &Fields) -> Self {
        let mut own = fields.clone();
        own.remove(Self::VERSION);
        let settings = own.take_under(Self::SETTING);
        let mut links = Links::default();
        for link in session.links.iter() {
            if let LinkTarget::Text(text) = &link.to {
                links.insert(&link.relation, text.as_str());
            }
        }
        Self {
            version: 1,
            name: session.name.clone(),
            description: session.description.clone(),
            expected: session.expected,
            tags: session.tags.clone(),
            links,
            fields: own,
            settings,
            ..Self::default()
        }
    }

    /// The text of a file for this scenario. Its [`key`](Self::key) is the name of the file, and isn't in it.
    ///
    /// ```
    /// use bevy_session_journal::Scenario;
    ///
    /// let text = r#"(name: "Frontier", expected: "2h 30min", settings: {"settlers": 6})"#;
    /// let scenario = Scenario::of_text("frontier.scenario.ron", text)?;
    /// let again = Scenario::of_text("frontier.scenario.ron", &scenario.to_text()?)?;
    /// assert_eq!(again, scenario);
    /// # Ok::<(), bevy_session_journal::ScenarioError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ScenarioError::Unwritable`] if a value of a field or setting can't be written as text.
    pub fn to_text(&self) -> Result<String, ScenarioError> {
        let from_root = |path: &Option<String>| path.as_ref().map(|path| format!("/{path}"));
        self.written(from_root(&self.world))
    }

    /// The same with a world in a file of this name beside it.
    #[doc(hidden)]
    pub fn to_text_with_world(&self, world: &str) -> Result<String, ScenarioError> {
        self.written(Some(world.to_owned()))
    }

    fn written(&self, world: Option<String>) -> Result<String, ScenarioError> {
        let pretty = PrettyConfig::default().escape_strings(false);
        let text = ron::ser::to_string_pretty(&AsWritten { scenario: self, world }, pretty);
        let text = text.map_err(|error| ScenarioError::Unwritable { message: error.to_string() });
        Ok(text? + "\n")
    }
}

/// A scenario with the fields that are set, and without the others.
struct AsWritten<'a> {
    scenario: &'a Scenario,
    world: Option<String>,
}

impl Serialize for AsWritten<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let scenario = self.scenario;
        let mut file = serializer.serialize_struct("Scenario", 12)?;
        file.serialize_field("name", &scenario.name)?;
        if !scenario.description.is_empty() {
            file.serialize_field("description", &scenario.description)?;
        }
        if let Some(picture) = &scenario.picture {
            file.serialize_field("picture", &format!("/{picture}"))?;
        }
        if !scenario.difficulty.is_empty() {
            file.serialize_field("difficulty", &scenario.difficulty)?;
        }
        if let Some(level) = &scenario.level {
            file.serialize_field("level", level)?;
        }
        if let Some(expected) = scenario.expected {
            let expected = jiff::SignedDuration::try_from(expected).map_err(S::Error::custom)?;
            file.serialize_field("expected", &format!("{expected:#}"))?;
        }
        if !scenario.settings.is_empty() {
            file.serialize_field("settings", &values::<S>(&scenario.settings)?)?;
        }
        if !scenario.fields.is_empty() {
            file.serialize_field("fields", &values::<S>(&scenario.fields)?)?;
        }
        if scenario.tags != Tags::default() {
            file.serialize_field("tags", &scenario.tags.iter().collect::<Vec<_>>())?;
        }
        let links = texts(&scenario.links);
        if !links.is_empty() {
            file.serialize_field("links", &links)?;
        }
        if let Some(world) = &self.world {
            file.serialize_field("world", world)?;
        }
        file.serialize_field("version", &scenario.version)?;
        file.end()
    }
}

/// Values of the game's own, as text has them.
fn values<S: Serializer>(fields: &Fields) -> Result<BTreeMap<&str, ron::Value>, S::Error> {
    let value = |name| {
        let value = fields.get::<ron::Value>(name);
        let error = || S::Error::custom(format!("the value of {name:?} has no form as text"));
        value.map(|value| (name, value)).ok_or_else(error)
    };
    fields.names().map(value).collect()
}

/// Links with texts, of which a file has one for each relation.
fn texts(links: &Links) -> BTreeMap<&str, &str> {
    let mut texts = BTreeMap::new();
    for link in links.iter() {
        if let LinkTarget::Text(text) = &link.to {
            texts.entry(&*link.relation).or_insert(text.as_str());
        }
    }
    texts
}
