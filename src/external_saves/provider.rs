//! The interface of a game's own save system.

use std::time::Duration;

use bevy::prelude::*;

use super::ExternalSave;

/// A game's own save system, such as one built on `moonshine-save`, for
/// [`external_saves`](crate::external::ExternalSavesExt::external_saves).
///
/// The methods are called on a separate thread, one at a time and never within a frame: they may
/// read files. If one panics or fails, its answer is lost, which is reported with
/// [`ExternalCallFailed`](crate::external::ExternalCallFailed). After
/// [`Patience::external`](crate::checkpoints::Patience::external) an answer isn't waited for any
/// more, and no other method is called until that call has returned.
///
/// This trait doesn't save or load, since that needs the world: the game is asked to with
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
    /// Lists all backups of all players, in any order. Called when crashed sessions were found.
    ///
    /// # Errors
    ///
    /// The reason why they can't be listed. None are offered then.
    fn list(&self) -> Result<Vec<ExternalSave>>;

    /// Checks that a backup can be loaded. Called for the newest ones before they are offered.
    ///
    /// # Errors
    ///
    /// The damage. The backup isn't offered, and
    /// [`ExternalSaveDamaged`](crate::external::ExternalSaveDamaged) is sent.
    fn validate(&self, save: &ExternalSave) -> Result;

    /// Returns whether and how often the game wants to be asked to save automatically. Called about once
    /// a second while a session is played, and once more before the game is asked, unless the
    /// moment doesn't wait.
    fn autosave(&self) -> ExternalAutosave;
}

/// The schedule of automatic requests to save.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ExternalAutosave {
    /// The game is never asked to save.
    #[default]
    Off,
    /// The game is asked after this much play time since the last request, at least a second; also
    /// when a gate closes, a state asks for it, or the session is paused or left.
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

/// The reason why a call of [`ExternalSaves`] has no answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExternalCallError {
    /// It returned an error.
    #[error("{0}")]
    Failed(String),
    /// It panicked.
    #[error("it panicked: {0}")]
    Panicked(String),
    /// It hasn't returned in time. No other call is made until it does.
    #[error("it didn't return within {0:?}")]
    Silent(Duration),
}
