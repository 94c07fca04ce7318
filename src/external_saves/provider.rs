//! What a game's own save system answers.

use std::time::Duration;

use bevy::prelude::*;

use super::ExternalSave;

/// A save system of the game's own, such as one built on `moonshine-save`, for
/// [`external_saves`](crate::external::ExternalSavesExt::external_saves).
///
/// The methods are called on a thread of the plugin's own, one at a time and never within a frame: they
/// may read files. One that panics or fails costs its answer and is reported with
/// [`ExternalCallFailed`](crate::external::ExternalCallFailed). After
/// [`Patience::external`](crate::checkpoints::Patience::external) an answer isn't
/// waited for any more, and nothing else is asked until that call has returned.
///
/// What is saved and loaded is not its matter, since that needs the world: the game is asked for it with
/// [`ExternalSaveRequested`](crate::external::ExternalSaveRequested) and
/// [`ExternalRestoreRequested`](crate::external::ExternalRestoreRequested).
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::external::{ExternalAutosave, ExternalSave, ExternalSaves};
/// use std::time::Duration;
///
/// struct ArmySaves;
///
/// impl ExternalSaves for ArmySaves {
///     fn list(&self) -> Result<Vec<ExternalSave>> {
///         let time = "2026-03-01T12:00:00Z".parse()?;
///         Ok(vec![ExternalSave::auto("autosave-1", time).player("Ann")])
///     }
///
///     fn validate(&self, save: &ExternalSave) -> Result {
///         if save.slot.is_empty() { Err("the file has no header".into()) } else { Ok(()) }
///     }
///
///     fn autosave(&self) -> ExternalAutosave {
///         ExternalAutosave::Every(Duration::from_secs(300))
///     }
/// }
/// ```
pub trait ExternalSaves: Send + Sync + 'static {
    /// All backups that there are, of all players, in any order. Called when sessions were found that
    /// crashed.
    ///
    /// # Errors
    ///
    /// Whatever keeps them from being listed. None are offered then.
    fn list(&self) -> Result<Vec<ExternalSave>>;

    /// Looks whether a backup can be loaded. Called for the newest of them before they are offered.
    ///
    /// # Errors
    ///
    /// What is the matter with it. The backup isn't offered, and
    /// [`ExternalSaveDamaged`](crate::external::ExternalSaveDamaged) says so.
    fn validate(&self, save: &ExternalSave) -> Result;

    /// Whether the game wants to be asked to save by itself, and how often. Called about once a second
    /// while a session is played, and once more before the game is asked, unless the moment doesn't
    /// wait.
    fn autosave(&self) -> ExternalAutosave;
}

/// Whether a game's own saves are made without the player's asking.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ExternalAutosave {
    /// The game is never asked to save.
    #[default]
    Off,
    /// The game is asked after so much play since it was asked last, which is at least a second; and where
    /// a gate closes, a state asks for it, the session is paused or left.
    Every(Duration),
}

/// A call of [`ExternalSaves`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ExternalCall {
    /// [`ExternalSaves::list`].
    List,
    /// [`ExternalSaves::validate`].
    Validate,
    /// [`ExternalSaves::autosave`].
    Autosave,
}

/// Why a call of [`ExternalSaves`] has no answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExternalCallError {
    /// It returned an error.
    #[error("{0}")]
    Failed(String),
    /// It panicked.
    #[error("it panicked: {0}")]
    Panicked(String),
    /// It hasn't returned in time. Nothing else is asked until it does.
    #[error("it hasn't returned after {0:?}")]
    Silent(Duration),
}
