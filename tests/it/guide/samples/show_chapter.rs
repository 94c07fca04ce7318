use bevy::prelude::*;
use bevy_session::prelude::*;

fn show_chapter(session: Option<Res<CurrentSession>>) {
    let Some(session) = session else { return };
    let chapters = session.chapters();
    let Some(chapter) = chapters.current() else { return };
    let total = chapters.total(chapter.id).unwrap_or_default();
    let difficulty: Option<String> = session.inherited("difficulty");
    info!("{}, {difficulty:?}: {:?} played", chapter.name, total.play_time);
    info!("attempt {}", total.restores + 1);
}
