//! The story so far, for a player who continues: the latest events, and the next objective.

use bevy::prelude::*;
use bevy_session::digests::SessionsDigested;
use bevy_session::prelude::*;
use bevy_session_play::{
    InsightsCommandsExt, Objectives, SessionsInsights, StoryTexts, story_so_far,
};

use crate::hud::Note;
use crate::options::Options;

/// The recap, shown when the player continues a game, and may have forgotten where it was.
#[derive(Resource, Default)]
pub struct Recap {
    pub wanted: bool,
}

pub fn plugin(app: &mut App) {
    app.init_resource::<Recap>().add_observer(ask).add_observer(tell);
}

fn ask(_: On<SessionRestored>, recap: Res<Recap>, mut commands: Commands) {
    if recap.wanted {
        commands.insights().refresh();
    }
}

fn tell(
    _: On<SessionsDigested>,
    insights: Res<SessionsInsights>,
    objectives: Res<Objectives>,
    session: Option<Res<CurrentSession>>,
    (options, windows, scale): (Res<Options>, Query<&Window>, Res<UiScale>),
    mut recap: ResMut<Recap>,
    mut note: ResMut<Note>,
) {
    let Some(known) = session.and_then(|session| insights.sessions.get(session.id())) else {
        return;
    };
    if std::mem::take(&mut recap.wanted) {
        let title = |key: &str| Some(objectives.get(key)?.title().to_owned());
        let mut story = story_so_far(known).titled(title);
        // A low window has room for the newest alone.
        if windows.iter().any(|window| window.height() < 560.0 * scale.0) {
            let surplus = story.deeds.len().saturating_sub(2);
            story.deeds.drain(..surplus);
        }
        let mut text =
            story.text(&StoryTexts::of_language(&options.language), jiff::Timestamp::now());
        if options.language == "en" {
            // Bevy's own font knows ASCII only.
            text = text.replace(['“', '”'], "\"");
        }
        note.say_for(10.0, &text);
    }
}
