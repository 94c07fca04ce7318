//! The game as it is now: what the guide's page shows, and the rest of it.

include!("../../../../tests/it/guide/samples/moonshine_after.rs");

#[derive(Resource, Reflect, Clone, Default, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
#[type_path = "village"]
struct Gold(u32);

/// The game.
pub fn plugin(app: &mut App) {
    app.init_resource::<Gold>();
    build(app);
}

fn new_village(world: &mut World) {
    let ann = world.spawn((Villager { name: "Ann".to_owned(), friend: None }, Health(40))).id();
    world.spawn((Villager { name: "Ben".to_owned(), friend: Some(ann) }, Health(30)));
}

/// A day: everybody tires, and earns.
pub fn live(world: &mut World) {
    let mut earned = 0;
    for mut health in world.query::<&mut Health>().iter_mut(world) {
        health.0 = health.0.saturating_sub(1);
        earned += 1;
    }
    world.resource_mut::<Gold>().0 += earned;
}

/// A villager's name, health, and the name of a friend.
pub type Seen = (String, u32, Option<String>);

/// The village's gold, and its villagers by name.
pub fn seen(world: &mut World) -> (u32, Vec<Seen>) {
    let mut query = world.query::<(&Villager, &Health)>();
    let mut villagers = Vec::new();
    for (villager, health) in query.iter(world) {
        let friend = villager.friend.map(|friend| {
            let friend = world.get::<Villager>(friend);
            friend.map_or("somebody gone", |friend| &*friend.name).to_owned()
        });
        villagers.push((villager.name.clone(), health.0, friend));
    }
    villagers.sort();
    (world.resource::<Gold>().0, villagers)
}
