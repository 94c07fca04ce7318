use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::library::{SessionQuery, SessionWatch};

#[derive(Resource)]
struct LoadList(SessionWatch);

fn plugin(app: &mut App) {
    app.add_systems(Startup, open).add_systems(Update, update);
}

fn open(mut commands: Commands) {
    commands.insert_resource(LoadList(SessionWatch::new(SessionQuery::default())));
}

fn update(catalog: Res<SessionCatalog>, mut list: ResMut<LoadList>) {
    let changes = catalog.follow(&mut list.0);
    if changes.is_empty() {
        return;
    }
    for entry in catalog.page_of(&list.0, 0..20) {
        info!("{}", entry.session.name);
    }
}
