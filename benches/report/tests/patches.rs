//! An update of a game changes a type that its saves hold: what each way of saving makes of them. The table of
//! `docs/benchmarks/patches.md` is printed by `cargo test --package bevy_session_benchmarks --test patches -- --nocapture`.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use bevy::app::ScheduleRunnerPlugin;
use bevy::asset::AssetPlugin;
use bevy::ecs::entity::EntityHashMap;
use bevy::prelude::*;
use bevy::world_serialization::DynamicWorldBuilder;
use bevy::world_serialization::serde::WorldDeserializer;
use bevy_session::SessionRestored;
use bevy_session::prelude::*;
use moonshine_save::load::LoadCommand;
use moonshine_save::prelude::{LoadWorld, Save, SaveWorld};
use moonshine_save::save::SaveCommand;
use serde::de::DeserializeSeed;
use serde::{Deserialize, Serialize};

/// What no update changes, on an entity of its own.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[require(Save)]
struct Score(u32);

/// The type as the saves have it. There are several of one path here, so none is registered by itself.
mod before {
    use super::*;

    #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
    #[reflect(Component, Saved, no_auto_register)]
    #[type_path = "game"]
    #[require(Save)]
    pub struct Unit {
        pub name: String,
        pub health: u8,
    }
}

/// Declares the type as an update has it, under the path that it had. Each way gets what it has for such a change: serde's
/// attributes, or those of reflection.
macro_rules! after {
    ($module:ident, $name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty),* $(,)? }) => {
        mod $module {
            use super::*;

            #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
            #[reflect(Component, Saved, no_auto_register)]
            #[type_path = "game"]
            #[require(Save)]
            pub struct $name {
                $($(#[$attribute])* pub $field: $type,)*
            }
        }
    };
}

after!(
    added,
    Unit {
        name: String,
        health: u8,
        #[serde(default)]
        #[reflect(default)]
        armor: u32,
    }
);
after!(removed, Unit { name: String });
after!(
    renamed,
    Unit {
        name: String,
        #[serde(alias = "health")]
        #[reflect(default)]
        hit_points: u8,
    }
);
after!(reordered, Unit { health: u8, name: String });
after!(widened, Unit { name: String, health: u32 });
after!(retyped, Unit { name: String, health: f32 });
after!(moved, Soldier { name: String, health: u8 });

/// A change of the type.
struct Update {
    what: &'static str,
    /// Registers it.
    register: fn(&mut App),
    /// The same for `bevy_session`, with the line that it has for the change.
    with_line: fn(&mut App),
    /// Returns true if the values are there.
    is_kept: fn(&mut World) -> bool,
}

impl Update {
    /// A change for which `bevy_session` needs no line.
    fn without_line<T: bevy::reflect::GetTypeRegistration>(
        what: &'static str,
        is_kept: fn(&mut World) -> bool,
    ) -> Self {
        Self { what, register: register::<T>, with_line: register::<T>, is_kept }
    }
}

fn register<T: bevy::reflect::GetTypeRegistration>(app: &mut App) {
    app.register_type::<T>();
}

fn any<T: Component>(world: &mut World, is_it: impl Fn(&T) -> bool) -> bool {
    world.query::<&T>().iter(world).any(is_it)
}

#[derive(Deserialize)]
struct OldUnit {
    name: String,
    health: u8,
}

fn updates() -> Vec<Update> {
    let mut updates = updates_of_fields();
    updates.extend(updates_of_types());
    updates
}

fn updates_of_fields() -> Vec<Update> {
    vec![
        Update::without_line::<added::Unit>("a field is added, with a default", |world| {
            any(world, |unit: &added::Unit| {
                (&*unit.name, unit.health, unit.armor) == ("Ann", 40, 0)
            })
        }),
        Update::without_line::<removed::Unit>("a field is removed", |world| {
            any(world, |unit: &removed::Unit| unit.name == "Ann")
        }),
        Update::without_line::<renamed::Unit>(
            "a field is renamed, with an alias where there is such a thing",
            |world| any(world, |unit: &renamed::Unit| unit.hit_points == 40),
        ),
        Update::without_line::<reordered::Unit>("fields change their order", |world| {
            any(world, |unit: &reordered::Unit| (&*unit.name, unit.health) == ("Ann", 40))
        }),
    ]
}

fn updates_of_types() -> Vec<Update> {
    vec![
        Update::without_line::<widened::Unit>("a number becomes wider", |world| {
            any(world, |unit: &widened::Unit| unit.health == 40)
        }),
        Update {
            what: "a number becomes another unit (40 becomes 0.4)",
            register: register::<retyped::Unit>,
            with_line: |app| {
                app.register_type::<retyped::Unit>().migrate_saved(
                    bevy_session::types::Migrations::since(0).then(|old: OldUnit| retyped::Unit {
                        name: old.name,
                        health: f32::from(old.health) / 100.0,
                    }),
                );
            },
            is_kept: |world| any(world, |unit: &retyped::Unit| unit.health == 0.4),
        },
        Update {
            what: "the type is renamed",
            register: register::<moved::Soldier>,
            with_line: |app| {
                app.register_type::<moved::Soldier>().rename_saved::<moved::Soldier>("game::Unit");
            },
            is_kept: |world| {
                any(world, |unit: &moved::Soldier| (&*unit.name, unit.health) == ("Ann", 40))
            },
        },
        Update {
            what: "the type is removed",
            register: |_| {},
            with_line: |_| {},
            is_kept: |_| false,
        },
    ]
}

/// What became of a save.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    /// All that the type still has is there.
    Kept,
    /// What changed is missing, all else is there, and the loader says so.
    Reported,
    /// It is there with a wrong value, or missing, and nothing says so.
    Silent,
    /// Nothing is loaded, and the loader says why.
    Refused,
    /// The load panics.
    Panics,
}

impl Fate {
    fn of(update: &Update, world: &mut World, is_reported: bool) -> Self {
        let is_beside = any(world, |score: &Score| score.0 == 7);
        match ((update.is_kept)(world), is_beside, is_reported) {
            (true, true, false) => Self::Kept,
            (false, true, true) => Self::Reported,
            (false, true, false) => Self::Silent,
            (is_kept, is_beside, is_reported) => {
                panic!("{}: {is_kept} {is_beside} {is_reported}", update.what)
            }
        }
    }
}

/// A way of saving.
struct Way {
    name: &'static str,
    save: fn(&Path),
    load: fn(&Path, &Update) -> Fate,
}

const WAYS: [Way; 4] = [
    Way { name: "`bevy_session`", save: save_session, load: load_session },
    Way { name: "with its line", save: save_session, load: load_session_with_line },
    Way { name: "`moonshine-save` 0.8", save: save_moonshine, load: load_moonshine },
    Way { name: "`DynamicWorld`", save: save_dynamic, load: load_dynamic },
];

fn file(directory: &Path) -> PathBuf {
    directory.join("save.ron")
}

fn app() -> App {
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(),
        AssetPlugin::default(),
    ))
    .register_type::<Score>();
    app
}

fn with_values() -> App {
    let mut app = app();
    app.register_type::<before::Unit>();
    app.world_mut().spawn(before::Unit { name: "Ann".to_owned(), health: 40 });
    app.world_mut().spawn(Score(7));
    app
}

fn updated(update: &Update) -> App {
    let mut app = app();
    (update.register)(&mut app);
    app
}

fn with_session(mut app: App, directory: &Path) -> App {
    app.add_plugins(SessionPlugin::new("Tests", "Patches").directory(directory).manual_writer())
        .init_resource::<Losses>()
        .add_observer(|restored: On<SessionRestored>, mut losses: ResMut<Losses>| {
            losses.0 = restored.report.losses.len();
        });
    app.finish();
    app.cleanup();
    app.update();
    app.world_mut().commands().session().start_or_continue(NewSession::named("Hop"));
    for _ in 0..20 {
        app.update();
    }
    assert!(app.world().contains_resource::<CurrentSession>());
    app
}

#[derive(Resource, Default)]
struct Losses(usize);

fn save_session(directory: &Path) {
    let mut app = with_session(with_values(), directory);
    app.world_mut().write_message(AppExit::Success);
    app.update();
}

fn load_session(directory: &Path, update: &Update) -> Fate {
    let mut app = with_session(updated(update), directory);
    let losses = app.world().resource::<Losses>().0;
    Fate::of(update, app.world_mut(), losses > 0)
}

fn load_session_with_line(directory: &Path, update: &Update) -> Fate {
    load_session(directory, &Update { register: update.with_line, ..*update })
}

fn save_moonshine(directory: &Path) {
    let mut app = with_values();
    SaveCommand(SaveWorld::default_into_file(file(directory))).apply(app.world_mut()).unwrap();
}

fn load_moonshine(directory: &Path, update: &Update) -> Fate {
    let mut app = updated(update);
    let load = LoadCommand(LoadWorld::default_from_file(file(directory)));
    match catch_unwind(AssertUnwindSafe(|| load.apply(app.world_mut()))) {
        Ok(Ok(())) => Fate::of(update, app.world_mut(), false),
        Ok(Err(_)) => Fate::Refused,
        Err(_) => Fate::Panics,
    }
}

fn save_dynamic(directory: &Path) {
    let mut app = with_values();
    let world = app.world_mut();
    let entities: Vec<Entity> = world.query_filtered::<Entity, With<Save>>().iter(world).collect();
    let registry = world.resource::<AppTypeRegistry>().read();
    let described = DynamicWorldBuilder::from_world(world, &registry)
        .deny_component::<Save>()
        .extract_entities(entities.into_iter())
        .build();
    fs::write(file(directory), described.serialize(&registry).unwrap()).unwrap();
}

fn load_dynamic(directory: &Path, update: &Update) -> Fate {
    let mut app = updated(update);
    let text = fs::read_to_string(file(directory)).unwrap();
    let mut assets = app.world().resource::<AssetServer>().clone();
    let registry = app.world().resource::<AppTypeRegistry>().clone();
    let load = || {
        let registry = registry.read();
        let reader = WorldDeserializer { type_registry: &registry, load_from_path: &mut assets };
        let described = reader.deserialize(&mut ron::Deserializer::from_str(&text).ok()?).ok()?;
        described.write_to_world(app.world_mut(), &mut EntityHashMap::default()).ok()
    };
    match catch_unwind(AssertUnwindSafe(load)) {
        Ok(Some(())) => Fate::of(update, app.world_mut(), false),
        Ok(None) => Fate::Refused,
        Err(_) => Fate::Panics,
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the table is committed")]
fn the_table_of_updates_is_current() {
    let mut table = String::from("| |");
    for way in &WAYS {
        table += &format!(" {} |", way.name);
    }
    table += "\n| --- | --- | --- | --- | --- |\n";
    for update in updates() {
        table += &format!("| {} |", update.what);
        for way in &WAYS {
            let directory = tempfile::tempdir().unwrap();
            (way.save)(directory.path());
            let fate = (way.load)(directory.path(), &update);
            table += &format!(" {} |", format!("{fate:?}").to_lowercase());
        }
        table += "\n";
    }
    println!("{table}");
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/benchmarks/patches.md");
    let text = fs::read_to_string(page).unwrap();
    assert!(text.contains(&table), "docs/benchmarks/patches.md has another table:\n{table}");
}
