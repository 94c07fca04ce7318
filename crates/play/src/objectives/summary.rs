//! The progress of all objectives, in the fields of the session: what its entry, its slots and offers show.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::CurrentSession;
use bevy_session::checkpoints::CheckpointSummary;
use bevy_session::library::FieldError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::problem::{ObjectiveProblem, found};
use super::tree::Objectives;

/// The progress of a session's objectives, for lists: beside what [`CheckpointSummary::progress`] and
/// [`CheckpointSummary::objective`] say, which are set as well.
///
/// It is a field of the session, so it is in its entry, in slots and in offers, and goes back with a checkpoint. It
/// is written when something changes, and needs the play time of the moment for the rest.
///
/// ```
/// use bevy_session::library::SessionEntry;
/// use bevy_session_play::ObjectivesSummary;
///
/// /// "3 of 7, 25 of 40 minutes"
/// fn line_of_the_load_menu(entry: &SessionEntry) -> Option<String> {
///     let summary = ObjectivesSummary::of(&entry.summary)?;
///     let minutes = |time: std::time::Duration| time.as_secs() / 60;
///     let (played, expected) = (minutes(summary.played(entry.play_time)), minutes(summary.expected));
///     Some(format!("{} of {}, {played} of {expected} minutes", summary.completed, summary.total))
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObjectivesSummary {
    /// Objectives that count, groups excluded.
    pub total: u32,
    /// The number of them that are completed.
    pub completed: u32,
    /// The play time that all of them are expected to take, as far as that was said.
    pub expected: Duration,
    /// Since when there has been something to do, in play time of the session.
    pub since: Option<Duration>,
    /// When the last one was closed, if all are.
    pub until: Option<Duration>,
}

impl ObjectivesSummary {
    /// The name of the session's field that has it.
    pub const FIELD: &str = "bevy_session.objectives";

    /// Reads the objectives' summary of a checkpoint; `None` if it has none.
    #[must_use]
    pub fn of(summary: &CheckpointSummary) -> Option<Self> {
        summary.fields.get(Self::FIELD)
    }

    /// The time that the objectives have been played: until all were closed, or until `now`, which is the play time of
    /// the session or of the checkpoint.
    #[must_use]
    pub fn played(&self, now: Duration) -> Duration {
        self.until.unwrap_or(now).saturating_sub(self.since.unwrap_or(Duration::MAX))
    }

    /// The expected time by the played: 2 is twice as fast as expected. `None` if one of them is missing.
    #[must_use]
    pub fn efficiency(&self, now: Duration) -> Option<f32> {
        let played = self.played(now);
        let is_known = !played.is_zero() && !self.expected.is_zero();
        is_known.then(|| self.expected.div_duration_f32(played))
    }
}

/// Writes the progress of the objectives into the session's fields, if it has changed.
pub(crate) fn publish(world: &mut World) {
    let objectives = world.get_resource_or_init::<Objectives>();
    if objectives.is_empty() {
        // A game without objectives may say so itself.
        return;
    }
    let (progress, summary) = (objectives.progress(), objectives.summary());
    let current = objectives.current().map(|it| it.title().to_owned());
    let Some(mut session) = world.get_resource_mut::<CurrentSession>() else { return };
    let written = put(&mut session, CheckpointSummary::PROGRESS, &progress)
        .and_then(|()| put(&mut session, ObjectivesSummary::FIELD, &summary))
        .and_then(|()| match &current {
            Some(title) => put(&mut session, CheckpointSummary::OBJECTIVE, title),
            None => {
                if session.fields().contains(CheckpointSummary::OBJECTIVE) {
                    session.remove(CheckpointSummary::OBJECTIVE);
                }
                Ok(())
            }
        });
    if written.is_err() {
        found(world, ObjectiveProblem::FieldsFull);
    }
}

/// Sets a field unless it says so already, for fields that change are part of the next checkpoint.
fn put<T>(session: &mut Mut<CurrentSession>, name: &str, value: &T) -> Result<(), FieldError>
where
    T: Serialize + DeserializeOwned + PartialEq,
{
    match session.get::<T>(name) {
        Some(written) if written == *value => Ok(()),
        _ => session.set(name, value),
    }
}
