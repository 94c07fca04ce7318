use bevy::ecs::entity::MapEntities;
use bevy::prelude::*;
use bevy_session::events::RecordingExt;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Chest {
    item: String,
}

#[derive(Resource, Reflect, Clone, Default, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
struct Bag(Vec<String>);

#[derive(Message, MapEntities, TypePath, Clone, Serialize, Deserialize)]
struct Opened {
    #[entities]
    chest: Entity,
    item: String,
}

fn chests(app: &mut App) {
    app.init_resource::<Bag>().add_message::<Opened>().add_systems(Update, open);
    app.record_messages::<Opened>().map_entities().replay_after_restore();
}

/// Everything that the message changes happens here, since this is what happens again.
fn open(mut opened: MessageReader<Opened>, mut bag: ResMut<Bag>, mut commands: Commands) {
    for Opened { chest, item } in opened.read() {
        bag.0.push(item.clone());
        commands.entity(*chest).despawn();
    }
}
