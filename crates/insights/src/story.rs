//! The story so far, for a player who comes back after three weeks.

mod learnt;
mod texts;

use std::time::Duration;

use bevy_session_journal::Digested;
use jiff::Timestamp;

pub use learnt::Learnt;
pub use texts::{CountedText, StoryTexts};

use crate::deed::{Deed, DeedKind};
use crate::session::SessionInsights;

/// Deeds that the text tells of, if it isn't asked for others.
const TOLD: usize = 6;

/// The latest events of a session, by whom and when, and the next objective.
///
/// ```
/// use bevy_session_insights::{SessionInsights, StoryTexts, story_so_far};
/// use bevy_session_journal::{DigestedSessions, SessionId};
///
/// fn recap(sessions: &DigestedSessions<SessionInsights>, current: SessionId) -> Option<String> {
///     let story = story_so_far(sessions.get(current)?);
///     Some(story.text(&StoryTexts::english(), jiff::Timestamp::now()))
/// }
/// # let _ = recap;
/// ```
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct StorySoFar {
    /// The player's name for the session.
    pub session: String,
    /// The player whom it belongs to; `None` if none is named.
    pub player: Option<String>,
    /// When it was written last; `None` if no checkpoint of it can be read.
    pub last_played: Option<Timestamp>,
    /// Its play time.
    pub play: Duration,
    /// The latest events, the newest last; at most 32.
    pub deeds: Vec<Deed>,
    /// The lessons of the session: the player's notes, and then changes of skills.
    pub learnt: Vec<Learnt>,
    /// The player's next objective, if the game says so.
    pub next: Option<String>,
    /// Its progress, from 0 to 1, if the game says so.
    pub progress: Option<f32>,
}

/// The story of a session, from what is known of it.
#[must_use]
pub fn story_so_far(session: &Digested<SessionInsights>) -> StorySoFar {
    let insights = &session.value;
    StorySoFar {
        session: insights.about.name.clone(),
        player: insights.about.player.clone(),
        last_played: insights.about.updated,
        play: insights.times.play,
        deeds: insights.recent.clone(),
        learnt: learnt::learnt(insights),
        next: insights.about.next.clone(),
        progress: insights.about.progress,
    }
}

impl StorySoFar {
    /// Calls objectives by their titles, if this knows one for the key.
    ///
    /// ```
    /// # use std::collections::HashMap;
    /// # use bevy_session_insights::StorySoFar;
    /// fn with_titles(story: StorySoFar, titles: &HashMap<String, String>) -> StorySoFar {
    ///     story.titled(|key| titles.get(key).cloned())
    /// }
    /// # let _ = with_titles;
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

    /// The story in a few sentences, a line each: who played last and when, the last six deeds, what was
    /// learnt, and what is next.
    /// Characters that would do something to a terminal are left out.
    #[must_use]
    pub fn text(&self, texts: &StoryTexts, now: Timestamp) -> String {
        let mut lines = vec![texts.opening(self, now)];
        let surplus = self.deeds.len().saturating_sub(TOLD);
        lines.extend(self.deeds.iter().skip(surplus).map(|deed| texts.deed(&deed.what)));
        lines.extend(self.learnt.iter().map(|learnt| texts.learnt(learnt)));
        lines.extend(self.next.iter().map(|next| texts.next.replace("{next}", next)));
        let lines: Vec<String> = lines.iter().map(|line| printable(line)).collect();
        lines.join("\n")
    }
}

fn printable(line: &str) -> String {
    line.chars().filter(|letter| !letter.is_control()).collect()
}
