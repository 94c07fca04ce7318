use bevy::prelude::*;
use bevy_session::prelude::*;

fn try_again(mut commands: Commands, session: Option<Res<CurrentSession>>) {
    let current = session.as_ref().and_then(|session| session.chapters().current());
    if let Some(chapter) = current {
        commands.session().rewind(RewindTo::Chapter(chapter.id));
    }
}
