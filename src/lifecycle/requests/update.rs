//! Changes to what a session says about itself.

use serde::Serialize;

use crate::session::{FieldError, Fields, SessionPriority};

/// Changes to the session that is being played. What isn't set stays as it is.
///
/// ```
/// use bevy_session::SessionUpdate;
///
/// let update = SessionUpdate::default()
///     .name("Chapter 2")
///     .field("current_mission", &"the bridge")?
///     .field("deaths", &3)?;
/// # Ok::<(), bevy_session::FieldError>(())
/// ```
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SessionUpdate {
    pub(crate) name: Option<String>,
    pub(crate) player: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) session_type: Option<String>,
    pub(crate) priority: Option<SessionPriority>,
    pub(crate) autosave: Option<bool>,
    pub(crate) recovery: Option<bool>,
    pub(crate) fields: Fields,
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
}
