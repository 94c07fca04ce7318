//! The session that is being played, for UI and game code to read.

use std::sync::Arc;
use std::time::Duration;

use bevy::prelude::*;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use bevy_session_journal::{
    AttachmentVersion, Chapters, CheckpointId, CheckpointKind, CheckpointSummary, FieldError,
    Fields, SessionContext, SessionId, SessionMetadata, SessionPriority, SessionStatus,
    StateChange, Tags, Timeline,
};

/// The most changes of states that a session remembers.
const STATE_CHANGES: usize = 100;

/// The session that is being played or paused. Take it as `Option<Res<CurrentSession>>`: it is
/// inserted before [`SessionStarted`](crate::SessionStarted), or after
/// [`RestoreStarted`](crate::recovery::RestoreStarted) and before the game's states change, and removed before
/// [`SessionClosed`](crate::SessionClosed) or [`SessionEnded`](crate::SessionEnded) is sent, after
/// a cancelled restore, and after
/// [`StopReason::Panicked`](crate::checkpoints::StopReason::Panicked).
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
///
/// fn reach_mission(session: Option<ResMut<CurrentSession>>) -> Result {
///     if let Some(mut session) = session {
///         session.set("current_mission", &"the bridge")?;
///     }
///     Ok(())
/// }
/// # App::new().add_systems(Update, reach_mission);
/// ```
#[derive(Resource, Clone, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Resource, Clone, Debug))]
pub struct CurrentSession {
    pub(crate) metadata: SessionMetadata,
    pub(crate) status: SessionStatus,
    pub(crate) play_time: Duration,
    #[cfg_attr(feature = "reflect", reflect(ignore))]
    pub(crate) updated: Timestamp,
    pub(crate) last_checkpoint: Option<LastCheckpoint>,
    pub(crate) fields: Fields,
    /// True if a field changed since the last capture.
    pub(crate) fields_changed: bool,
    pub(crate) state_changes: Vec<StateChange>,
    pub(crate) chapters: Chapters,
    /// True if a chapter began or ended since the last capture.
    pub(crate) chapters_changed: bool,
    /// The newest checkpoint's summary, for lists.
    pub(crate) summary: CheckpointSummary,
    #[cfg_attr(feature = "reflect", reflect(ignore))]
    pub(crate) timeline: Arc<Timeline>,
}

/// The newest durable checkpoint of the session that is being played.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
pub struct LastCheckpoint {
    /// The checkpoint.
    pub id: CheckpointId,
    /// The kind of checkpoint.
    pub kind: CheckpointKind,
    /// The play time of its moment.
    pub play_time: Duration,
}

impl CurrentSession {
    pub(crate) fn new(metadata: SessionMetadata, fields: Fields) -> Self {
        Self {
            updated: metadata.started,
            metadata,
            status: SessionStatus::Active,
            play_time: Duration::ZERO,
            last_checkpoint: None,
            fields,
            fields_changed: false,
            state_changes: Vec::new(),
            chapters: Chapters::default(),
            chapters_changed: false,
            summary: CheckpointSummary::default(),
            timeline: Arc::default(),
        }
    }

    /// Notes changes of the game's states. The oldest are dropped.
    pub(super) fn note_states(&mut self, changes: Vec<StateChange>) {
        let play_time = self.play_time;
        let changes = changes.into_iter().map(|mut change| {
            change.play_time = play_time;
            change
        });
        self.state_changes.extend(changes);
        let surplus = self.state_changes.len().saturating_sub(STATE_CHANGES);
        self.state_changes.drain(..surplus);
        self.fields_changed = true;
    }

    /// The session's id.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.metadata.id
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The player's name, if the game gave one.
    #[must_use]
    pub fn player(&self) -> Option<&str> {
        self.metadata.player.as_deref()
    }

    /// A description; may be empty.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.metadata.description
    }

    /// The kind of session, in the game's own words; may be empty.
    #[must_use]
    pub fn session_type(&self) -> &str {
        &self.metadata.session_type
    }

    /// The tags by which it can be found.
    #[must_use]
    pub fn tags(&self) -> &Tags {
        &self.metadata.tags
    }

    /// Returns true if the player has pinned the session: no rule removes it.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.metadata.pinned
    }

    /// The time that it is expected to be played, if the game set one.
    #[must_use]
    pub fn expected(&self) -> Option<Duration> {
        self.metadata.expected
    }

    /// The session's importance.
    #[must_use]
    pub fn priority(&self) -> SessionPriority {
        self.metadata.priority
    }

    /// Returns true if automatic checkpoints are taken, as far as
    /// [`SessionSettings`](crate::SessionSettings) allows them.
    #[must_use]
    pub fn autosave(&self) -> bool {
        self.metadata.autosave
    }

    /// Returns true if the session is offered after a crash, as far as
    /// [`SessionSettings`](crate::SessionSettings) allows it.
    #[must_use]
    pub fn recovery(&self) -> bool {
        self.metadata.recovery
    }

    /// [`SessionStatus::Active`] or [`SessionStatus::Paused`]; while its end is being written, the
    /// status that it will have.
    #[must_use]
    pub fn status(&self) -> SessionStatus {
        self.status
    }

    /// The time at which the session was first started.
    #[must_use]
    pub fn started(&self) -> Timestamp {
        self.metadata.started
    }

    /// The time at which it was last started, resumed, paused or changed by
    /// [`update`](crate::SessionCommands::update).
    #[must_use]
    pub fn updated(&self) -> Timestamp {
        self.updated
    }

    /// Time played in all runs together, pauses excluded.
    #[must_use]
    pub fn play_time(&self) -> Duration {
        self.play_time
    }

    /// The play time as text: `1:02:03`, or `2:03` under an hour.
    #[must_use]
    pub fn play_time_text(&self) -> String {
        play_time_text(self.play_time)
    }

    /// The newest checkpoint that is durable.
    #[must_use]
    pub fn last_checkpoint(&self) -> Option<LastCheckpoint> {
        self.last_checkpoint
    }

    /// The session's checkpoints and branches that are kept, as a tree. It is read on the writer's
    /// thread when a run begins and when retention has removed something, and updated with each
    /// checkpoint that becomes durable. Empty until the first one is.
    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// All versions of the attachment of this name to the session itself, oldest first. They are
    /// read with the [`timeline`](Self::timeline), which lists the attachments of all names, and
    /// updated with each [`SessionAttachmentSaved`](crate::attachments::SessionAttachmentSaved).
    pub fn attachments<'a>(
        &'a self,
        name: &'a str,
    ) -> impl DoubleEndedIterator<Item = &'a AttachmentVersion> {
        self.timeline.attachments.iter().filter(move |listed| listed.name == name)
    }

    /// The play time that a crash right now would lose.
    #[must_use]
    pub fn at_risk(&self) -> Duration {
        let safe = self.last_checkpoint.map_or(Duration::ZERO, |last| last.play_time);
        self.play_time.saturating_sub(safe)
    }

    /// The program and machine that play it now.
    #[must_use]
    pub fn context(&self) -> &SessionContext {
        &self.metadata.context
    }

    /// All its metadata.
    #[must_use]
    pub fn metadata(&self) -> &SessionMetadata {
        &self.metadata
    }

    /// The custom fields.
    #[must_use]
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The value of a custom field; `None` if it isn't set or is of another type.
    #[must_use]
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.fields.get(name)
    }

    /// Sets a custom field. It is saved with the next checkpoint.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the value can't be written; the field keeps its former value then.
    pub fn set<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), FieldError> {
        self.fields.set(name, value)?;
        self.fields_changed = true;
        Ok(())
    }

    /// The session's transitions of the game's saved states: the newest 100, as of now.
    #[must_use]
    pub fn state_changes(&self) -> &[StateChange] {
        &self.state_changes
    }

    /// The session's chapters.
    #[must_use]
    pub fn chapters(&self) -> &Chapters {
        &self.chapters
    }

    /// The value of a custom field as the innermost open chapter has it: its own, else that of the
    /// nearest enclosing chapter that has the field, else the session's. `None` if none has it, or
    /// if it is of another type there.
    #[must_use]
    pub fn inherited<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.chapters.fields_with(name).unwrap_or(&self.fields).get(name)
    }

    /// Removes a custom field. Returns true if it was set.
    pub fn remove(&mut self, name: &str) -> bool {
        let removed = self.fields.remove(name);
        self.fields_changed |= removed;
        removed
    }
}

/// Play time as text: `1:02:03`, or `2:03` under an hour.
#[must_use]
pub fn play_time_text(play_time: Duration) -> String {
    let seconds = play_time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// Run condition: a session is being played and not paused.
#[must_use]
pub fn session_is_active(session: Option<Res<CurrentSession>>) -> bool {
    session.is_some_and(|session| session.status == SessionStatus::Active)
}

/// Run condition: the session is paused.
#[must_use]
pub fn session_is_paused(session: Option<Res<CurrentSession>>) -> bool {
    session.is_some_and(|session| session.status == SessionStatus::Paused)
}
