use bevy::prelude::*;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

use crate::importer::{ImportError, OldSave, import, put_aside};

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[type_path = "village"]
struct Villager {
    name: String,
    #[entities]
    friend: Option<Entity>,
}

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[type_path = "village"]
struct Health(u32); // was `Hp`

fn build(app: &mut App) {
    let renamed = vec![("village::Hp", "village::Health")];
    app.insert_resource(OldSave { path: "village.ron".into(), renamed })
        .add_observer(begin)
        .add_observer(put_aside)
        .add_systems(Startup, play);
}

fn play(mut commands: Commands) {
    commands.session().start_or_continue(NewSession::named("Village"));
}

fn begin(_: On<SessionStarted>, old: Res<OldSave>, mut commands: Commands) {
    let old = old.clone();
    commands.queue(move |world: &mut World| {
        match import(world, &old) {
            Ok(()) => return,
            Err(ImportError::Missing { .. }) => {}
            Err(error) => error!("{error}"), // tell the player
        }
        new_village(world);
    });
}
