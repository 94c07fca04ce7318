//! Scenarios: starting conditions for players, as files of the game's designers.

#[cfg(feature = "scenarios")]
mod asset;
#[cfg(feature = "scenarios")]
mod loader;

pub use bevy_session_journal::{
    Scenario, ScenarioError, ScenarioFiles, Suggestion, SuggestionReason, suggest,
};

#[cfg(feature = "scenarios")]
pub use asset::{ScenarioAsset, ScenarioPlugin};
