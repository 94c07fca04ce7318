//! Changes to what a session says about itself.

use serde::Serialize;

use super::{FieldError, Fields, RequestError, SessionMetadata, SessionPriority};
use crate::ids::limits;

/// Changes to what a session says about itself. What isn't set stays as it is.
///
/// ```
/// use bevy_session_journal::SessionUpdate;
///
/// let update = SessionUpdate::default()
///     .name("Chapter 2")
///     .field("current_mission", &"the bridge")?
///     .field("deaths", &3)?;
/// # Ok::<(), bevy_session_journal::FieldError>(())
/// ```
#[derive(Clone, PartialEq, Debug, Default)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
pub struct SessionUpdate {
    name: Option<String>,
    player: Option<String>,
    description: Option<String>,
    session_type: Option<String>,
    priority: Option<SessionPriority>,
    autosave: Option<bool>,
    recovery: Option<bool>,
    fields: Fields,
}

impl SessionUpdate {
    /// A new name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// A new name of the player.
    #[must_use]
    pub fn player(mut self, player: impl Into<String>) -> Self {
        self.player = Some(player.into());
        self
    }

    /// A new description.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// A new sort of session.
    #[must_use]
    pub fn session_type(mut self, session_type: impl Into<String>) -> Self {
        self.session_type = Some(session_type.into());
        self
    }

    /// A new priority.
    #[must_use]
    pub fn priority(mut self, priority: SessionPriority) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Whether automatic checkpoints are taken from now on.
    #[must_use]
    pub fn autosave(mut self, autosave: bool) -> Self {
        self.autosave = Some(autosave);
        self
    }

    /// Whether the session is offered after a crash.
    #[must_use]
    pub fn recovery(mut self, recovery: bool) -> Self {
        self.recovery = Some(recovery);
        self
    }

    /// Sets a custom field.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the value can't be written.
    pub fn field<T: Serialize + ?Sized>(
        mut self,
        name: &str,
        value: &T,
    ) -> Result<Self, FieldError> {
        self.fields.set(name, value)?;
        Ok(self)
    }

    /// Whether all of it is small enough to be kept with these fields.
    ///
    /// # Errors
    ///
    /// [`RequestError::TextTooLong`] names what is too much.
    #[doc(hidden)]
    pub fn check(&self, fields: &Fields) -> Result<(), RequestError> {
        let texts = [&self.name, &self.player, &self.description, &self.session_type];
        let longest = texts.into_iter().flatten().map(String::len).max().unwrap_or_default();
        let together = fields.bytes() + self.fields.bytes();
        let limits = [(longest, limits::STRING_BYTES), (together, limits::FRAME_BYTES)];
        match limits.into_iter().find(|(bytes, limit)| bytes > limit) {
            Some((bytes, limit)) => Err(RequestError::TextTooLong { bytes, limit }),
            None => Ok(()),
        }
    }

    /// Makes the changes; whether any changed the metadata, and whether any changed the fields.
    #[doc(hidden)]
    pub fn apply(self, metadata: &mut SessionMetadata, fields: &mut Fields) -> (bool, bool) {
        let before = metadata.clone();
        let put = |place: &mut String, text: Option<String>| {
            text.into_iter().for_each(|text| *place = text);
        };
        put(&mut metadata.name, self.name);
        put(&mut metadata.description, self.description);
        put(&mut metadata.session_type, self.session_type);
        metadata.player = self.player.or(metadata.player.take());
        metadata.priority = self.priority.unwrap_or(metadata.priority);
        metadata.autosave = self.autosave.unwrap_or(metadata.autosave);
        metadata.recovery = self.recovery.unwrap_or(metadata.recovery);
        let fields_change = !self.fields.is_empty();
        fields.extend(self.fields);
        (*metadata != before, fields_change)
    }
}
