//! The game's texts, from `assets/lamplighter/en.ron` or `de.ron`.

use std::collections::HashMap;
use std::path::PathBuf;

use bevy::prelude::*;
use bevy::window::PrimaryWindow;
use bevy_session::scenarios::{Scenario, SuggestionReason};
use bevy_session_play::Crew;
use bevy_session_ui::{SessionTheme, StringsFile};
use serde::Deserialize;

use crate::crew::Seat;
use crate::options::Options;

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
    pub suggested: String,
    /// Why a scenario is suggested.
    pub comes_after: String,
    pub liked: String,
    pub recent: String,
    pub usual_length: String,
    pub at_this_hour: String,
    pub never_tried: String,
    /// The directory of the scenarios that are written in this language.
    pub scenarios: String,
    /// The file with the words of the ready-made UI.
    pub strings: String,
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
    /// Objectives of each night, and what is said when one is completed.
    pub swarm: String,
    pub unharmed: String,
    pub achieved: String,
    /// The insights page.
    pub insights: String,
    pub looking: String,
    pub play_by_day: String,
    pub completed_by: String,
    pub games: String,
    pub bites: String,
    pub crash_free: String,
    pub too_few: String,
    /// The page of what games teach.
    pub lessons: String,
    pub learns: String,
    pub no_attempts: String,
    pub difference: String,
    pub changes: String,
    pub suggested_next: String,
    pub nothing_suggested: String,
    /// The names of objectives and levels in plots, by the last part of their keys.
    pub names: HashMap<String, String>,
    pub unsaved: String,
    /// Keys for one player alone, for two on one keyboard, and for everybody.
    pub keys_of_one: String,
    pub keys_of_two: String,
    pub keys: String,
    pub crash_keys: String,
    pub disk_is_full: String,
    pub disk_is_back: String,
    pub slot_saved: String,
    /// While the night runs backwards.
    pub going_back: String,
    pub report_written: String,
    pub begin_again: String,
    pub not_possible: String,
    /// Who comes and goes, who hosts, and what that means.
    pub has_come: String,
    pub has_left: String,
    pub hosts_now: String,
    pub only_host: String,
    pub host_asks: String,
    pub guest_asks: String,
    pub hand_over: String,
    /// Notes that are pinned to places.
    pub pin_title: String,
    pub pin_proposed: String,
    pub pin_write: String,
    pub pin_remove: String,
    pub mentioned: String,
    /// The label of the key, where that is a word.
    pub right_shift: String,
}

/// The directory of levels and texts.
pub fn assets() -> PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/assets").into()
}

impl Texts {
    /// Reads them, or says in a sentence what is in the way.
    pub fn read(language: &str) -> Result<Self, String> {
        let path = assets().join("lamplighter").join(language).with_extension("ron");
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{} can't be read: {error}.", path.display()))?;
        ron::from_str(&text).map_err(|error| format!("{}: {error}.", path.display()))
    }

    /// The difficulty and length of a scenario.
    pub fn facts_of(&self, scenario: &Scenario) -> String {
        let minutes = scenario.expected.map(|expected| (expected.as_secs() / 60).to_string());
        let length = minutes.map(|minutes| self.minutes.replace("{minutes}", &minutes));
        let difficulty = Some(scenario.difficulty.clone()).filter(|words| !words.is_empty());
        [difficulty, length].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// A short name, for a plot.
    pub fn name_of<'a>(&'a self, key: &'a str) -> &'a str {
        self.names.get(key).map_or(key, String::as_str)
    }

    /// Why something isn't done that takes a right: the one table of rights lets only the host do it.
    pub fn only_host(&self, crew: &Crew) -> String {
        self.only_host.replace("{name}", crew.host().map_or("", |host| host.name()))
    }

    /// The key that pins and removes notes.
    pub fn pin_key(&self, seat: Seat) -> &str {
        match seat {
            Seat::Left => "Q",
            Seat::Right => &self.right_shift,
        }
    }

    /// Why a scenario is suggested, in a sentence.
    pub fn why(&self, reason: &SuggestionReason) -> String {
        match reason {
            SuggestionReason::NextAfter { completed } => {
                self.comes_after.replace("{name}", completed)
            }
            SuggestionReason::Liked { .. } => self.liked.clone(),
            SuggestionReason::Recent { .. } => self.recent.clone(),
            SuggestionReason::UsualLength { .. } => self.usual_length.clone(),
            SuggestionReason::AtThisHour => self.at_this_hour.clone(),
            SuggestionReason::NeverTried => self.never_tried.clone(),
            other => other.to_string(),
        }
    }
}

pub fn plugin(app: &mut App) {
    app.add_systems(Startup, (load_words, draw_every_letter)).add_systems(PreUpdate, fit_window);
}

fn load_words(texts: Res<Texts>, assets: Res<AssetServer>, mut commands: Commands) {
    commands.insert_resource(StringsFile(assets.load(&texts.strings)));
}

/// Bevy's own font knows ASCII only.
fn draw_every_letter(
    options: Res<Options>,
    theme: Res<SessionTheme>,
    mut fonts: ResMut<Assets<Font>>,
) -> Result {
    if options.language != "en"
        && let FontSource::Handle(handle) = &theme.font
        && let Some(font) = fonts.get(handle).cloned()
    {
        fonts.insert(AssetId::default(), font)?;
    }
    Ok(())
}

/// Screens are made for a window of 1280 × 720, and stay readable in a smaller one.
fn fit_window(window: Single<&Window, With<PrimaryWindow>>, mut scale: ResMut<UiScale>) {
    let share = (window.size() / Vec2::new(1280.0, 720.0)).min_element();
    let fitting = share.clamp(0.75, 4.0);
    if scale.0.to_bits() != fitting.to_bits() {
        scale.0 = fitting;
    }
}
