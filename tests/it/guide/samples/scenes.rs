use bevy::prelude::*;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Component, Reflect, Clone, Default, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Goblin {
    health: u32,
}

#[derive(Component, Reflect, Clone, Default, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Purse(u32);

#[derive(Component, Clone, Default)]
struct Torch; // and a mesh, a light

#[derive(EntityEvent)]
struct Hit(Entity);

/// A new goblin: what is saved of it, and nothing else.
fn goblin() -> impl Scene {
    bsn! {
        #Goblin
        Goblin { health: 30 }
        Children [ Purse(12) ]
    }
}

/// The rest, of new goblins and of those that come back.
fn equip(goblin: On<Add<Goblin>>, mut commands: Commands) {
    commands.spawn_scene(bsn! { Torch }).insert(ChildOf(goblin.entity));
    commands.entity(goblin.entity).observe(|hit: On<Hit>, mut goblins: Query<&mut Goblin>| {
        if let Ok(mut goblin) = goblins.get_mut(hit.0) {
            goblin.health -= 10;
        }
    });
}
