//! The load menu of somebody who has played a hundred times.

use bevy::input_focus::{FocusCause, InputFocus};
use bevy::prelude::*;
use bevy::text::EditableText;
use bevy_session::prelude::*;
use bevy_session_play::{SessionsInsights, SessionsLessons};
use bevy_session_ui::{CloseSessionMenu, OpenSessionMenu, SessionMenu, StringsFile};

use super::stage::Step::{self, Do, Frames, Press, Shot, Type, Until};
use super::story::has_focus;
use crate::model::Game;

pub fn look_at_the_shelf() -> Vec<Step> {
    let mut steps = vec![
        Until("a hundred sessions", |world| {
            world.resource::<SessionCatalog>().sessions().len() >= 100
        }),
        Do(|world| world.trigger(OpenSessionMenu::default())),
        Until("the load menu", |world| world.resource::<SessionMenu>().is_open()),
        Until("one of its buttons chosen", has_focus),
        Frames(60),
        Shot("shelf"),
        Do(go_to_the_search_field),
        Type("nig"),
        Frames(60),
        Shot("shelf-search"),
        Type("xyz"),
        Frames(20),
        Shot("shelf-nothing"),
        Press(&[KeyCode::Escape]),
        Frames(10),
    ];
    steps.extend(sort_it_out());
    for (tab, shot) in [
        ("Favourites", "shelf-favourites"),
        ("Archive", "shelf-archive"),
        ("Trash", "shelf-trash"),
        ("Games", "shelf-again"),
    ] {
        steps.extend([Step::Click(tab), Frames(60), Shot(shot)]);
    }
    steps.extend([
        // Only in a small window.
        Step::Click("More"),
        Step::Click("Rename"),
        Frames(30),
        Shot("shelf-rename"),
        Press(&[KeyCode::Escape]),
        Frames(10),
        Step::Click("Delete"),
        Frames(60),
        Shot("shelf-toast"),
        Do(|world| {
            let german = world.resource::<AssetServer>().load("strings/de.ron");
            world.insert_resource(StringsFile(german));
        }),
        Frames(60),
        Shot("shelf-german"),
        Do(|world| world.trigger(CloseSessionMenu)),
        Do(|world| world.resource_mut::<NextState<Game>>().set(Game::Insights)),
        Until("what all games say together", |world| {
            !world.resource::<SessionsInsights>().sessions.is_empty()
        }),
        Frames(60),
        Shot("insights"),
        Do(|world| world.resource_mut::<NextState<Game>>().set(Game::Lessons)),
        Until("what they teach", |world| {
            let lessons = world.get_resource::<SessionsLessons>();
            lessons.is_some_and(|lessons| lessons.sessions > 0)
        }),
        Frames(90),
        Shot("lessons"),
    ]);
    steps
}

/// Groups, and tags to choose from. In a small window both are behind "More".
fn sort_it_out() -> Vec<Step> {
    vec![
        Step::Click("More"),
        Step::Click("Group by: None"),
        Frames(20),
        Shot("shelf-group-by"),
        Step::Click("Player"),
        Step::Click("Back"),
        Frames(60),
        Shot("shelf-groups"),
        Step::Click("More"),
        Step::Click("Group by: Player"),
        Step::Click("Week"),
        Step::Click("co-op"),
        Frames(20),
        Shot("shelf-more"),
        Step::Click("Back"),
        Frames(60),
        Shot("shelf-tags"),
        Press(&[KeyCode::Escape]),
        Step::Click("More"),
        Step::Click("Group by: Week"),
        Step::Click("None"),
        Step::Click("Back"),
        Frames(10),
    ]
}

fn go_to_the_search_field(world: &mut World) {
    let mut fields = world.query_filtered::<Entity, With<EditableText>>();
    let field = fields.iter(world).next();
    if let Some(field) = field {
        world.resource_mut::<InputFocus>().set(field, FocusCause::Navigated);
    }
}
