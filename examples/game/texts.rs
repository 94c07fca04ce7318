//! What the game says, from `assets/lamplighter/en.ron`.

use std::path::PathBuf;

use bevy::prelude::*;
use bevy_session::shelf::Scenario;
use serde::Deserialize;

/// Every sentence, so that they can be translated in one place.
#[derive(Resource, Clone, Debug, Deserialize)]
pub struct Texts {
    pub title: String,
    pub tagline: String,
    pub continue_game: String,
    pub new_game: String,
    pub choose: String,
    pub back: String,
    pub minutes: String,
    pub load: String,
    pub quit: String,
    pub paused: String,
    pub resume: String,
    pub save: String,
    pub leave: String,
    pub level_complete: String,
    pub all_complete: String,
    pub next_level: String,
    pub to_the_end: String,
    pub lamps: String,
    pub tail: String,
    pub oil: String,
    pub points: String,
    pub unsaved: String,
    pub keys: String,
    pub crash_keys: String,
    pub disk_is_full: String,
    pub disk_is_back: String,
    pub slot_saved: String,
    pub report_written: String,
    pub begin_again: String,
    pub not_possible: String,
}

/// Where levels and texts lie.
pub fn assets() -> PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/assets").into()
}

impl Texts {
    /// Reads them, or says in a sentence what is in the way.
    pub fn read() -> Result<Self, String> {
        let path = assets().join("lamplighter/en.ron");
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{} can't be read: {error}.", path.display()))?;
        ron::from_str(&text).map_err(|error| format!("{}: {error}.", path.display()))
    }

    /// How hard a scenario is, and how long it takes.
    pub fn facts_of(&self, scenario: &Scenario) -> String {
        let minutes = scenario.expected.map(|expected| (expected.as_secs() / 60).to_string());
        let length = minutes.map(|minutes| self.minutes.replace("{minutes}", &minutes));
        let difficulty = Some(scenario.difficulty.clone()).filter(|words| !words.is_empty());
        [difficulty, length].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}
