//! The summary of a checkpoint, for lists.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Chapters, Fields, OpenChapter, StateChange};

/// Bytes of a field, its name included, that a summary has room for.
const FIELD_BYTES: usize = 1 << 10;
/// Bytes of all fields together that a summary has room for.
const FIELDS_BYTES: usize = 16 << 10;
/// Letters of a state's value.
const STATE_LETTERS: usize = 80;
/// States that a summary has room for.
const STATES: usize = 32;
/// Changes of states: the newest ones.
const CHANGES: usize = 5;

/// The summary of a checkpoint: everything that lists show of it before anything is restored.
///
/// A checkpoint of an earlier version of this crate has an empty one.
///
/// ```
/// use bevy_session_journal::{CheckpointSummary, SessionEntry};
///
/// /// "Mission 3, hard"
/// fn line_of_the_load_menu(entry: &SessionEntry) -> String {
///     let CheckpointSummary { fields, states, .. } = &entry.summary;
///     let mission: u32 = fields.get("mission").unwrap_or_default();
///     let difficulty = states.get("Difficulty").map_or("normal", String::as_str);
///     format!("Mission {mission}, {difficulty}")
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct CheckpointSummary {
    /// The custom fields, as far as each takes 1 KiB at most and all together 16 KiB: in the order of
    /// their names, those that fit. A restore brings back all of them.
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    pub fields: Fields,
    /// True if a field is missing because it is too large.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fields_left_out: bool,
    /// The saved states that the game was in, by the names of their types without modules, as `Debug`
    /// writes them; at most 32 of them, and 80 letters of each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub states: BTreeMap<String, String>,
    /// The newest changes of saved states until then, the newest last; at most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub state_changes: Vec<StateChange>,
    /// The chapters that were open, the outermost first; at most 8.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chapters: Vec<OpenChapter>,
}

impl CheckpointSummary {
    /// The name of the field with the player's progress: a number from 0 to 1.
    pub const PROGRESS: &'static str = "bevy_session.progress";
    /// The name of the field with the player's objective: a text.
    pub const OBJECTIVE: &'static str = "bevy_session.objective";

    /// As much of this as there is room for.
    #[doc(hidden)]
    #[must_use]
    pub fn of(fields: &Fields, states: &BTreeMap<String, String>, changes: &[StateChange]) -> Self {
        let states = states.iter().take(STATES);
        let newest = changes.len().saturating_sub(CHANGES);
        let summary = Self {
            states: states.map(|(name, value)| (name.clone(), shortened(value))).collect(),
            state_changes: changes.get(newest..).unwrap_or_default().iter().map(short).collect(),
            ..Self::default()
        };
        summary.with_fields(fields)
    }

    /// One for which there was no room.
    pub(crate) fn left_out() -> Self {
        Self { fields_left_out: true, ..Self::default() }
    }

    /// Bytes of memory that it takes, about.
    pub(crate) fn held_bytes(&self) -> usize {
        /// An entry in a map or a list, and its allocation.
        const ENTRY_BYTES: usize = 64;
        let states = self.states.iter().map(|(name, value)| name.len() + value.len());
        let changes = self.state_changes.iter().map(|change| {
            let texts = [&change.from, &change.to].into_iter().flatten();
            change.state.len() + texts.map(String::len).sum::<usize>()
        });
        let chapters = self.chapters.iter().map(|it| it.name.len() + it.kind.len());
        let texts = states.chain(changes).chain(chapters).map(|bytes| bytes + 2 * ENTRY_BYTES);
        let fields = self.fields.names().count() * ENTRY_BYTES + self.fields.bytes();
        fields + texts.sum::<usize>()
    }

    /// The same with the chapters that are open.
    #[doc(hidden)]
    #[must_use]
    pub fn with_chapters(self, chapters: &Chapters) -> Self {
        Self { chapters: chapters.listed(), ..self }
    }

    /// The same with these custom fields, as far as there is room for them.
    #[doc(hidden)]
    #[must_use]
    pub fn with_fields(self, fields: &Fields) -> Self {
        let kept = fields.within(FIELD_BYTES, FIELDS_BYTES);
        let fields_left_out = kept.names().count() < fields.names().count();
        Self { fields: kept, fields_left_out, ..self }
    }

    /// The player's progress, from 0 to 1; `None` if the game didn't say.
    #[must_use]
    pub fn progress(&self) -> Option<f32> {
        self.fields.get::<f32>(Self::PROGRESS).map(|progress| progress.clamp(0.0, 1.0))
    }

    /// The player's current objective; `None` if the game didn't say.
    #[must_use]
    pub fn objective(&self) -> Option<String> {
        self.fields.get(Self::OBJECTIVE)
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(STATE_LETTERS).collect()
}

fn short(change: &StateChange) -> StateChange {
    let (from, to) = (change.from.as_deref().map(shortened), change.to.as_deref().map(shortened));
    StateChange { state: shortened(&change.state), from, to, play_time: change.play_time }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_cut_to_its_limits_and_keeps_small_fields() {
        let mut fields = Fields::default();
        fields.set("a", &"x".repeat(60 << 10)).unwrap();
        fields.set("mission", &3_u32).unwrap();
        let states = (0..100).map(|n| (format!("State{n}"), "y".repeat(500))).collect();
        let change = StateChange::new("Level".into(), None, Some("z".repeat(500)));
        let summary = CheckpointSummary::of(&fields, &states, &vec![change; 100]);
        assert_eq!(summary.fields.get("mission"), Some(3_u32));
        assert!(summary.fields_left_out && summary.fields.get::<String>("a").is_none());
        assert_eq!((summary.states.len(), summary.state_changes.len()), (STATES, CHANGES));
        let bytes = rmp_serde::to_vec_named(&summary).unwrap();
        assert!(bytes.len() < 32 << 10, "{}", bytes.len());
    }

    #[test]
    fn many_small_fields_fill_the_room_that_there_is() {
        let mut fields = Fields::default();
        (0..100).for_each(|n| fields.set(&format!("{n:03}"), &"x".repeat(500)).unwrap());
        let summary = CheckpointSummary::of(&fields, &BTreeMap::new(), &[]);
        assert!(summary.fields_left_out && summary.fields.bytes() > FIELDS_BYTES - FIELD_BYTES);
        assert!(summary.fields.bytes() <= FIELDS_BYTES);
    }
}
