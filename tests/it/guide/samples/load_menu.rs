use bevy::prelude::*;
use bevy_session::prelude::*;

fn list(catalog: Res<SessionCatalog>) {
    for entry in catalog.sessions().iter().filter(|entry| entry.can_go_on() || entry.declined) {
        info!("{}: {:?} played", entry.session.name, entry.play_time);
    }
}

fn resume(In(chosen): In<SessionId>, mut commands: Commands) {
    commands.session().continue_session(chosen);
}

fn load_menu(app: &mut App) {
    app.add_systems(Update, list.run_if(resource_changed::<SessionCatalog>));
    app.world_mut().register_system(resume); // the entries' button runs it
}
