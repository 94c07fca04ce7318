//! The story so far, for whoever comes back after three weeks.

mod texts;

use std::time::Duration;

use bevy_session::digests::Digested;
use jiff::Timestamp;

pub use texts::{CountedText, StoryTexts};

use super::deed::{Deed, DeedKind};
use super::session::SessionInsights;

/// Deeds that the text tells of, if it isn't asked for others.
const TOLD: usize = 6;

/// What was done last in a session, by whom and when, and what is next.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session_play::{SessionsInsights, StoryTexts, story_so_far};
///
/// fn recap(insights: Res<SessionsInsights>, current: Res<CurrentSession>) -> Option<String> {
///     let story = story_so_far(insights.sessions.get(current.id())?);
///     Some(story.text(&StoryTexts::english(), jiff::Timestamp::now()))
/// }
/// # bevy::ecs::system::assert_is_system(recap);
/// ```
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct StorySoFar {
    /// What the player calls the session.
    pub session: String,
    /// Whose it is.
    pub player: Option<String>,
    /// When it was written last; `None` if no checkpoint of it can be read.
    pub last_played: Option<Timestamp>,
    /// How long it has been played.
    pub play: Duration,
    /// What was done last, the newest last; at most 32.
    pub deeds: Vec<Deed>,
    /// What the player is about to do, if the game says so.
    pub next: Option<String>,
    /// How far it is, from 0 to 1, if the game says so.
    pub progress: Option<f32>,
}

/// The story of a session, from what is known of it.
#[must_use]
pub fn story_so_far(session: &Digested<SessionInsights>) -> StorySoFar {
    let insights = &session.value;
    StorySoFar {
        session: insights.name.clone(),
        player: insights.player.clone(),
        last_played: insights.updated,
        play: insights.play,
        deeds: insights.recent.clone(),
        next: insights.next.clone(),
        progress: insights.progress,
    }
}

impl StorySoFar {
    /// Calls objectives by their titles, where this knows one for the key.
    ///
    /// ```
    /// # use bevy_session_play::{Objectives, StorySoFar};
    /// fn with_titles(story: StorySoFar, objectives: &Objectives) -> StorySoFar {
    ///     story.titled(|key| Some(objectives.get(key)?.title().to_owned()))
    /// }
    /// ```
    #[must_use]
    pub fn titled(mut self, title: impl Fn(&str) -> Option<String>) -> Self {
        for deed in &mut self.deeds {
            if let DeedKind::ObjectiveCompleted(key) | DeedKind::ObjectiveFailed(key) =
                &mut deed.what
                && let Some(title) = title(key)
            {
                *key = title;
            }
        }
        self
    }

    /// The story in a few sentences, a line each: who played last and when, the last six deeds, and what is next.
    /// Characters that would do something to a terminal are left out.
    #[must_use]
    pub fn text(&self, texts: &StoryTexts, now: Timestamp) -> String {
        let mut lines = vec![texts.opening(self, now)];
        let surplus = self.deeds.len().saturating_sub(TOLD);
        lines.extend(self.deeds.iter().skip(surplus).map(|deed| texts.deed(&deed.what)));
        lines.extend(self.next.iter().map(|next| texts.next.replace("{next}", next)));
        let lines: Vec<String> = lines.iter().map(|line| printable(line)).collect();
        lines.join("\n")
    }
}

fn printable(line: &str) -> String {
    line.chars().filter(|letter| !letter.is_control()).collect()
}
