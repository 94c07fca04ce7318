use bevy::prelude::*;
use moonshine_save::prelude::*;

#[derive(Component, Reflect)]
#[reflect(Component)]
#[type_path = "village"]
#[require(Save)]
struct Villager {
    name: String,
    #[entities]
    friend: Option<Entity>,
}

#[derive(Component, Reflect)]
#[reflect(Component)]
#[type_path = "village"]
struct Hp(u32);

fn build(app: &mut App) {
    app.add_observer(save_on_default_event)
        .add_observer(load_on_default_event)
        .add_systems(Startup, begin)
        .add_systems(Last, save.run_if(on_message::<AppExit>));
}

fn begin(file: Res<SaveFile>, mut commands: Commands) {
    if file.0.exists() {
        commands.trigger_load(LoadWorld::default_from_file(&file.0));
    } else {
        commands.queue(new_village);
    }
}

fn save(file: Res<SaveFile>, mut commands: Commands) {
    let save = SaveWorld::default_into_file(&file.0);
    commands.trigger_save(save.include_resource::<Gold>());
}
