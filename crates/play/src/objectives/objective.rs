//! An objective: something that a player is to do.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::ReflectSaved;
use serde::{Deserialize, Serialize};

use super::departures::note_that_some_went;
use super::key::ObjectiveKey;
use super::progress::ObjectiveProgress;

/// The field of a session that lists its own objectives, for scenarios: a list of [`Objective`]s, read when the session
/// starts.
///
/// ```
/// use bevy_session::scenarios::Scenario;
/// use bevy_session_play::{OBJECTIVES, Objective};
///
/// let text = r#"(
///     name: "Frontier",
///     fields: {"objectives": [
///         (key: "town", title: "Found a town"),
///         (key: "town/well", count: 3, expected: 600),
///     ]},
/// )"#;
/// let scenario = Scenario::of_text("frontier.scenario.ron", text)?;
/// let objectives: Vec<Objective> = scenario.fields.get(OBJECTIVES).unwrap();
/// assert_eq!(objectives[1], Objective::new("town/well").count(3).expected_secs(600.0));
/// # Ok::<(), bevy_session::scenarios::ScenarioError>(())
/// ```
pub const OBJECTIVES: &str = "objectives";

/// A component: something that a player is to do, on its own entity. It is saved with everything else.
///
/// Those that every session has are registered with
/// [`add_objective`](crate::ObjectivesExt::add_objective), others may be spawned at any time. What became of one
/// is its [`ObjectiveProgress`]; all together are [`Objectives`](crate::Objectives).
///
/// ```
/// use std::time::Duration;
///
/// use bevy::prelude::*;
/// use bevy_session_play::Objective;
///
/// fn a_rumour(mut commands: Commands) {
///     commands.spawn(
///         Objective::new("forest/witch")
///             .title("Find the witch")
///             .needs("red_key")
///             .expected(Duration::from_secs(600))
///             .optional(),
///     );
/// }
/// # bevy::ecs::system::assert_is_system(a_rumour);
/// ```
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[component(on_remove = note_that_some_went)]
#[require(ObjectiveProgress)]
#[type_path = "bevy_session_play"]
pub struct Objective {
    key: ObjectiveKey,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    order: i32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    needs: Vec<ObjectiveKey>,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    count: u32,
    #[serde(default = "one_whole", skip_serializing_if = "is_one_whole")]
    weight: f32,
    /// In seconds, as people write it in a scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expected: Option<f64>,
    #[serde(default, skip_serializing_if = "is_default")]
    optional: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    hidden: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    renamed_from: Vec<ObjectiveKey>,
}

impl Objective {
    /// An objective with this key; see [`ObjectiveKey`] for what is one.
    #[must_use]
    pub fn new(key: impl Into<ObjectiveKey>) -> Self {
        Self {
            key: key.into(),
            title: None,
            order: 0,
            needs: Vec::new(),
            count: 1,
            weight: 1.0,
            expected: None,
            optional: false,
            hidden: false,
            renamed_from: Vec::new(),
        }
    }

    /// The title that a player reads, or the key of a text in the game's own tables. The key's last segment by default.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Its place among those of the same group: lower comes first, and what is equal goes by key. 0 by default.
    #[must_use]
    pub fn order(mut self, order: i32) -> Self {
        self.order = order;
        self
    }

    /// Locks it until the objective with this key is completed. Called more than once, until all are. What a group
    /// needs, all in it need.
    #[must_use]
    pub fn needs(mut self, key: impl Into<ObjectiveKey>) -> Self {
        self.needs.push(key.into());
        self
    }

    /// The number of times that it is to be done, as in "3 wells". 1 by default, and at least.
    #[must_use]
    pub fn count(mut self, count: u32) -> Self {
        self.count = count.max(1);
        self
    }

    /// Its weight in the progress of its group, beside the others there. 1 by default; what is no number, or below 0,
    /// is 0.
    #[must_use]
    pub fn weight(mut self, weight: f32) -> Self {
        self.weight = sane_weight(weight);
        self
    }

    /// The play time that it is expected to take. Of a group, all of it; by default the sum of what is in it.
    #[must_use]
    pub fn expected(self, expected: Duration) -> Self {
        self.expected_secs(expected.as_secs_f64())
    }

    /// The same in seconds, as files have it.
    #[must_use]
    pub fn expected_secs(mut self, seconds: f64) -> Self {
        self.expected = Some(seconds);
        self
    }

    /// Makes it optional: its group can be completed without it. It counts for nothing in progress, and its failure is
    /// not its group's.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Keeps it out of lists until it is available or done.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Adds a key by which older builds knew it: its progress there is kept. Called once for each key that it had.
    #[must_use]
    pub fn renamed_from(mut self, key: impl Into<ObjectiveKey>) -> Self {
        self.renamed_from.push(key.into());
        self
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> &ObjectiveKey {
        &self.key
    }

    /// The title that a player reads.
    #[must_use]
    pub fn shown_title(&self) -> &str {
        self.title.as_deref().unwrap_or_else(|| self.key.name())
    }

    /// Its place among those of the same group.
    #[must_use]
    pub fn place(&self) -> i32 {
        self.order
    }

    /// The keys of those that must be completed before.
    #[must_use]
    pub fn needed(&self) -> &[ObjectiveKey] {
        &self.needs
    }

    /// The number of times that it is to be done; 1 at least.
    #[must_use]
    pub fn times(&self) -> u32 {
        self.count.max(1)
    }

    /// Its weight in its group; 0 or more.
    #[must_use]
    pub fn its_weight(&self) -> f32 {
        sane_weight(self.weight)
    }

    /// The play time that it is expected to take; `None` if that wasn't set or isn't a duration.
    #[must_use]
    pub fn expected_time(&self) -> Option<Duration> {
        self.expected.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    }

    /// Returns true if its group can do without it.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        self.optional
    }

    /// Returns true if it is kept out of lists until it is available or done.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// The keys that it had in older builds.
    #[must_use]
    pub fn former_keys(&self) -> &[ObjectiveKey] {
        &self.renamed_from
    }
}

/// Weights are added up, so one that is no number would spoil all of them.
fn sane_weight(weight: f32) -> f32 {
    if weight.is_finite() { weight.max(0.0) } else { 0.0 }
}

fn one() -> u32 {
    1
}

fn is_one(count: &u32) -> bool {
    *count == 1
}

fn one_whole() -> f32 {
    1.0
}

#[expect(clippy::float_cmp, reason = "what isn't exactly the default is written")]
fn is_one_whole(weight: &f32) -> bool {
    *weight == 1.0
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_values_of_an_objective_file_are_corrected() {
        let text = r#"(key: "well", count: 0, weight: -3.0, expected: Some(-1.0))"#;
        let objective: Objective = ron::from_str(text).unwrap();
        assert_eq!((objective.times(), objective.its_weight()), (1, 0.0));
        assert_eq!(objective.expected_time(), None);
        assert_eq!(Objective::new("well").weight(f32::NAN).its_weight(), 0.0);
        assert_eq!(objective.shown_title(), "well");
    }
}
