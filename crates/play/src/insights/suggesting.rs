//! Suggestions that the player doesn't want to hear of now.

use bevy::prelude::*;
use bevy_session::CurrentSession;
use bevy_session_insights::{Situation, Suggested, Suggestion};

use super::learning::SessionsLessons;

/// The suggestions that were declined while the session is played.
#[derive(Resource, Default)]
pub(super) struct NotNow {
    declined: Vec<Suggested>,
}

impl NotNow {
    pub(super) fn add(&mut self, suggested: Suggested) {
        if !self.declined.contains(&suggested) {
            self.declined.push(suggested);
        }
    }
}

/// The suggestions for the player of the session that is played, by what [`SessionsLessons`] knows, without those that
/// they declined in this process. Empty if no session is played.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session_play::{StoryTexts, suggestions};
///
/// fn show(world: &World) -> Vec<String> {
///     let texts = StoryTexts::english();
///     suggestions(world).iter().map(|it| texts.suggestion(it, |_| None)).collect()
/// }
/// # assert!(show(&World::new()).is_empty());
/// ```
#[must_use]
pub fn suggestions(world: &World) -> Vec<Suggestion> {
    let (Some(current), Some(lessons)) =
        (world.get_resource::<CurrentSession>(), world.get_resource::<SessionsLessons>())
    else {
        return Vec::new();
    };
    let declined = world.get_resource::<NotNow>().map(|it| it.declined.clone());
    let open = current.chapters().open();
    let situation = Situation {
        player: current.player(),
        scenario: Some(current.session_type()),
        chapters: open.iter().map(|chapter| chapter.name.as_str()).collect(),
        not_now: declined.unwrap_or_default(),
        hint_below: Situation::HINT_BELOW,
    };
    lessons.lessons.suggestions_for(&situation)
}
