use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::library::{Left, SessionQuery, SortBy};

fn load_screen(catalog: Res<SessionCatalog>) {
    let query = SessionQuery::default()
        .search("river")
        .in_field("difficulty")
        .player("Ann")
        .left_by([Left::Cleanly, Left::Crash])
        .sort(SortBy::PlayTime)
        .page(0..20);
    let found = catalog.query(&query);
    for entry in &found.entries {
        info!("{}, {:?}, one of {}", entry.session.name, entry.play_time, found.total);
    }
}
