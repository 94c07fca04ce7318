//! Mistakes that games make, each planted in a separate game.

// Feature: `TestGame` kills and restarts a game in a test, and names what didn't come back.

use bevy::ecs::lifecycle::HookContext;
use bevy::ecs::world::DeferredWorld;
use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::testing::{Difference, DifferenceKind, RoundTrip, assert_restores, differences};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::common::{Health, game_with, plugin};

fn game(add: impl FnOnce(&mut App)) -> App {
    game_with(plugin(&bevy_session::MemoryDisk::default()), add)
}

/// The only difference of a game.
fn only(app: &mut App) -> Difference {
    let found = differences(app);
    let [difference] = &found[..] else { panic!("one difference, not {found:#?}") };
    difference.clone()
}

fn value(before: &str, after: &str) -> DifferenceKind {
    DifferenceKind::Value { before: before.to_owned(), after: after.to_owned() }
}

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Forgetful {
    current: u32,
    #[serde(skip)]
    max: u32,
}

#[test]
fn a_field_that_serde_skips_is_named_with_both_values_and_its_entity() {
    let mut app = game(|_| {});
    let entity = app.world_mut().spawn((Forgetful { current: 5, max: 9 }, Name::new("Ada"))).id();
    let difference = only(&mut app);
    assert_eq!(difference.entity, Some(entity));
    assert_eq!(difference.entity_name.as_deref(), Some("Ada"));
    assert!(difference.type_path.as_ref().unwrap().ends_with("::Forgetful"));
    assert_eq!(difference.field, ".max");
    assert_eq!(difference.kind, value("9", "0"));
    let text = difference.to_string();
    assert!(text.contains("`Ada`") && text.contains("`max`: 9 came back as 0"), "{text}");
}

#[test]
#[should_panic(expected = "field `max`: 9 came back as 0")]
fn the_assertion_panics_with_the_differences() {
    let mut app = game(|_| {});
    app.world_mut().spawn(Forgetful { current: 5, max: 9 });
    assert_restores(&mut app);
}

#[test]
fn a_skipped_field_with_its_default_is_no_difference() {
    let mut app = game(|_| {});
    app.world_mut().spawn(Forgetful { current: 5, max: 0 });
    assert_eq!(differences(&mut app), []);
}

#[test]
fn a_skipped_field_ignored_by_reflection_is_no_difference() {
    #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
    #[reflect(Component, Saved)]
    struct Cached {
        value: u32,
        #[serde(skip)]
        #[reflect(ignore)]
        doubled: u32,
    }
    let mut app = game(|_| {});
    let cached = app.world_mut().spawn(Cached { value: 1, doubled: 2 }).id();
    assert_eq!(differences(&mut app), []);
    assert_eq!(app.world().get::<Cached>(cached).unwrap().doubled, 2);
}

/// Written with two decimals.
#[derive(Reflect, Clone, Copy)]
struct Money(f64);

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64((self.0 * 100.0).round() / 100.0)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self)
    }
}

#[test]
fn a_serialize_that_loses_precision_is_found() {
    #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
    #[reflect(Component, Saved)]
    struct Purse {
        coins: Vec<Money>,
    }
    let mut app = game(|_| {});
    app.world_mut().spawn(Purse { coins: vec![Money(1.25), Money(0.125)] });
    let difference = only(&mut app);
    assert_eq!(difference.field, ".coins[1].0");
    assert_eq!(difference.kind, value("0.125", "0.13"));
}

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Follows {
    leader: Option<Entity>,
}

#[test]
fn an_unmapped_entity_is_a_difference_of_its_own_kind() {
    let mut app = game(|_| {});
    let leader = app.world_mut().spawn(Health(1)).id();
    app.world_mut().spawn(Follows { leader: Some(leader) });
    let difference = only(&mut app);
    assert_eq!(
        (&*difference.field, &difference.kind),
        (".leader", &DifferenceKind::UnmappedEntity)
    );
    assert!(difference.to_string().contains("#[entities]"), "{difference}");
}

#[test]
fn an_unmapped_entity_is_found_in_sets_and_resources() {
    #[derive(Component, Reflect, Clone, Default, Serialize, Deserialize)]
    #[reflect(Component, Saved)]
    struct Known(std::collections::HashSet<Entity>);
    #[derive(Resource, Reflect, Clone, Serialize, Deserialize)]
    #[reflect(Resource, Saved)]
    struct Leader(Entity);
    let mut app = game(|_| {});
    let others = app.world_mut().spawn_batch([Health(1), Health(2)]).collect();
    app.world_mut().spawn(Known(others));
    let leader = app.world_mut().spawn(Health(3)).id();
    app.insert_resource(Leader(leader));
    let found = differences(&mut app);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found.iter().all(|found| found.kind == DifferenceKind::UnmappedEntity), "{found:#?}");
    assert!(found.iter().any(|found| found.entity.is_none()), "the resource has no entity");
}

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Target(#[entities] Entity);

#[test]
fn a_reference_to_an_unsaved_entity_is_found_with_its_name() {
    let mut app = game(|_| {});
    let camera = app.world_mut().spawn(Name::new("Camera")).id();
    app.world_mut().spawn(Target(camera));
    let difference = only(&mut app);
    let DifferenceKind::LostReference { target, target_name } = &difference.kind else {
        panic!("{difference:?}")
    };
    assert_eq!((*target, &*difference.field), (Some(camera), ".0"));
    assert!(target_name.contains("Camera"), "{target_name}");
}

#[test]
fn a_parent_that_is_not_saved_is_found() {
    let mut app = game(|_| {});
    let level = app.world_mut().spawn_empty().id();
    app.world_mut().spawn((Health(1), ChildOf(level)));
    let difference = only(&mut app);
    assert!(difference.type_path.as_ref().unwrap().ends_with("ChildOf"));
    assert!(
        matches!(difference.kind, DifferenceKind::LostReference { target: Some(target), .. }
            if target == level),
        "{difference:?}"
    );
}

#[test]
fn a_reference_to_an_unsaved_entity_is_found_without_reflection() {
    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    struct Secret(#[entities] Entity);
    let mut app = game(|app| {
        app.save_component::<Secret>();
    });
    let camera = app.world_mut().spawn_empty().id();
    app.world_mut().spawn((Health(1), Secret(camera)));
    let difference = only(&mut app);
    assert!(matches!(difference.kind, DifferenceKind::LostReference { .. }), "{difference:?}");
}

#[test]
fn a_value_that_is_read_differently_than_written_is_found_without_reflection() {
    #[derive(Component, TypePath, Clone)]
    struct Shifted {
        by: u32,
    }
    impl Serialize for Shifted {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([("by", self.by)])
        }
    }
    impl<'de> Deserialize<'de> for Shifted {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let fields = std::collections::BTreeMap::<String, u32>::deserialize(deserializer)?;
            Ok(Self { by: fields["by"] + 1 })
        }
    }
    let mut app = game(|app| {
        app.save_component::<Shifted>();
    });
    app.world_mut().spawn((Health(1), Shifted { by: 3 }));
    let difference = only(&mut app);
    assert_eq!((&*difference.field, difference.kind), (".by", value("3", "4")));
}

#[test]
fn values_that_cannot_be_written_or_read_are_found() {
    #[derive(Component, Reflect, Clone)]
    #[reflect(Component, Saved)]
    struct Stubborn {
        on_writing: bool,
    }
    impl Serialize for Stubborn {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            if self.on_writing {
                return Err(serde::ser::Error::custom("no room for me"));
            }
            serializer.serialize_bool(false)
        }
    }
    impl<'de> Deserialize<'de> for Stubborn {
        fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Err(serde::de::Error::custom("no way back"))
        }
    }
    let mut app = game(|_| {});
    app.world_mut().spawn(Stubborn { on_writing: true });
    app.world_mut().spawn(Stubborn { on_writing: false });
    let found = differences(&mut app);
    let says = |wanted: &str| {
        found.iter().any(|found| found.entity.is_some() && found.to_string().contains(wanted))
    };
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(says("no room for me") && says("no way back"), "{found:#?}");
}

#[test]
fn a_state_that_is_not_written_whole_is_found() {
    #[derive(
        States, Reflect, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize,
    )]
    enum Stage {
        #[default]
        Menu,
        Level {
            #[serde(skip)]
            number: u32,
        },
    }
    let mut app = game(|app| {
        app.insert_state(Stage::Level { number: 7 }).save_state::<Stage>();
    });
    let difference = only(&mut app);
    assert!(difference.type_path.as_ref().unwrap().ends_with("Stage"), "{difference:?}");
    assert!(difference.to_string().contains("number: 7"), "{difference}");
    app.insert_resource(State::new(Stage::Menu));
    assert_eq!(differences(&mut app), []);
}

#[test]
fn two_entities_with_one_key_are_found() {
    let mut app = game(|_| {});
    app.world_mut().spawn((Health(1), SaveKey::new("door")));
    app.world_mut().spawn((Health(2), SaveKey::new("door")));
    let difference = only(&mut app);
    assert_eq!(difference.kind, DifferenceKind::DuplicateKey { key: SaveKey::new("door") });
}

#[test]
fn a_hook_that_needs_the_game_is_reported_and_hides_nothing_else() {
    #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
    #[reflect(Component, Saved)]
    #[component(on_add = add_to_engine)]
    struct Body;
    #[derive(Resource, Default)]
    struct Engine(u32);
    fn add_to_engine(mut world: DeferredWorld, _: HookContext) {
        world.resource_mut::<Engine>().0 += 1;
    }
    let mut app = game(|app| {
        app.init_resource::<Engine>();
    });
    app.world_mut().spawn(Body);
    let difference = only(&mut app);
    assert!(matches!(difference.kind, DifferenceKind::Panicked { .. }), "{difference:?}");
    assert!(difference.type_path.as_ref().is_some_and(|path| path.ends_with("Body")));
    assert_eq!(app.world().resource::<Engine>().0, 1);
    let engine = |world: &mut World| {
        world.init_resource::<Engine>();
    };
    RoundTrip::new().with(engine).assert_restores(&mut app);

    // It hides nothing of other types, not even on its own entity.
    app.world_mut().spawn((Body, Forgetful { current: 1, max: 2 }));
    let found = differences(&mut app);
    let [body, skipped] = &found[..] else { panic!("{found:?}") };
    assert!(matches!(body.kind, DifferenceKind::Panicked { .. }), "{body}");
    assert!(skipped.field == ".max", "{skipped}");
}

#[test]
fn a_rebuild_that_needs_a_resource_is_reported_and_can_be_given_it() {
    #[derive(Component)]
    struct Collider(f32);
    #[derive(TypePath, Serialize, Deserialize)]
    struct Radius(f32);
    #[derive(Resource, Clone)]
    struct Scale(f32);
    let mut app = game(|app| {
        app.insert_resource(Scale(2.0)).save_component_as(
            |collider: &Collider| Radius(collider.0),
            |radius, world| Collider(radius.0 * world.resource::<Scale>().0 / 2.0),
        );
    });
    app.world_mut().spawn((Health(1), Collider(3.0)));
    let difference = only(&mut app);
    assert!(
        matches!(difference.kind, DifferenceKind::NotRebuilt { values: 1, .. }),
        "{difference}"
    );
    RoundTrip::new().with_resource::<Scale>().assert_restores(&mut app);
}

#[test]
fn a_parent_with_only_an_unsaved_child_is_no_difference() {
    let mut app = game(|_| {});
    let parent = app.world_mut().spawn(Health(1)).id();
    app.world_mut().spawn(ChildOf(parent));
    assert_restores(&mut app);
}
