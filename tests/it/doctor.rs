//! The doctor finds each mistake that is planted, and none in a game that is well made.

// Feature: The doctor names what looks like progress and isn't saved.
// Page: guide/development.md#what-did-i-forget

use bevy::ecs::entity::MapEntities;
use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::checkpoints::TypeProblemReason;
use bevy_session::doctor::{Diagnosis, Doctor, Finding};
use bevy_session::external::Operation;
use bevy_session::hints::SessionHints;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

use crate::common::{Health, Inventory, Phase, Score, frames, game_with, plugin, start};

#[derive(Component, Reflect, Clone, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Target(#[entities] Entity);

fn game(add: impl FnOnce(&mut App)) -> App {
    game_with(plugin(&MemoryDisk::default()), |app| {
        app.checkpoint_session_while(in_state(Phase::Playing));
        add(app);
    })
}

/// A doctor who knows what the test game means.
fn doctor() -> Doctor {
    Doctor::default().ignore::<Presentation>()
}

/// Things that a game draws and plays, and that need no saving.
#[derive(Resource, Reflect)]
struct Presentation;

fn only(app: &mut App) -> Finding {
    let diagnosis = doctor().examine(app);
    let [finding] = &diagnosis.findings[..] else { panic!("one finding, not:\n{diagnosis}") };
    finding.clone()
}

fn assert_healthy(app: &mut App) {
    let diagnosis = doctor().examine(app);
    assert!(diagnosis.is_healthy(), "{diagnosis}");
}

#[test]
fn saved_entities_whose_transform_is_not_saved_are_found() {
    let mut app = game(|_| {});
    let world = app.world_mut();
    let ship = world.spawn((Health(1), Transform::from_xyz(3.0, 0.0, 0.0))).id();
    let buoy = world.spawn((Health(2), Transform::from_xyz(0.0, 4.0, 0.0))).id();
    // Nothing is lost of these: one stands nowhere, its level places another, and one isn't saved.
    world.spawn((Health(3), Transform::IDENTITY));
    world.spawn((Health(4), Transform::from_xyz(5.0, 0.0, 0.0), SaveKey::new("door")));
    world.spawn(Transform::from_xyz(6.0, 0.0, 0.0));
    let diagnosis = doctor().examine(&mut app);
    let [Finding::PlaceNotSaved { on }] = &diagnosis.findings[..] else { panic!("{diagnosis}") };
    assert!(on.count == 2 && [ship, buoy].contains(&on.first), "{on}");
    assert!(diagnosis.to_string().contains("save_component::<Transform>()"), "{diagnosis}");
    assert!(diagnosis.to_string().contains("the places of saved entities"), "{diagnosis}");
    assert!(doctor().ignore::<Transform>().examine(&mut app).is_healthy());

    let mut app = game(|app| {
        app.save_component::<Transform>();
    });
    app.world_mut().spawn((Health(1), Transform::from_xyz(3.0, 0.0, 0.0)));
    assert_healthy(&mut app);
}

#[test]
fn a_keyed_entity_that_has_moved_since_its_level_placed_it_is_found() {
    let mut app = game(|_| {});
    let at = |x: f32, key: &str| (Health(1), Transform::from_xyz(x, 0.0, 0.0), SaveKey::new(key));
    app.world_mut().spawn(at(5.0, "door"));
    let hero = app.world_mut().spawn(at(1.0, "hero")).id();
    assert_healthy(&mut app);
    app.update();
    app.world_mut().get_mut::<Transform>(hero).unwrap().translation.x += 1.0;
    let Finding::PlaceNotSaved { on } = only(&mut app) else { panic!("another finding") };
    assert_eq!((on.count, on.first), (1, hero));
}

#[test]
fn a_well_made_game_has_no_findings() {
    /// Comes with what requires it.
    #[derive(Component, Reflect, Default)]
    #[reflect(Component)]
    struct Walks;
    #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
    #[reflect(Component, Saved)]
    #[require(Walks)]
    struct Hero;
    #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
    #[reflect(Component, Saved)]
    #[relationship(relationship_target = Crew)]
    struct MemberOf(Entity);
    #[derive(Component, Reflect)]
    #[reflect(Component)]
    #[relationship_target(relationship = MemberOf)]
    struct Crew(Vec<Entity>);
    #[derive(Component)]
    struct Collider(f32);
    #[derive(TypePath, Serialize, Deserialize)]
    struct Radius(f32);
    #[derive(Resource, Reflect, MapEntities, Clone, Serialize, Deserialize)]
    #[reflect(Resource, Saved)]
    struct Captain(#[entities] Entity);
    #[derive(Component, Reflect)]
    #[reflect(Component)]
    struct HealthBar;
    let mut app = game(|app| {
        app.insert_resource(Presentation)
            .save_component_as(|collider: &Collider| Radius(collider.0), |r, _| Collider(r.0));
    });
    let world = app.world_mut();
    let level = world.spawn(SaveKey::new("level")).id();
    let ship = world.spawn((Health(1), Collider(1.0), ChildOf(level))).id();
    let hero = world.spawn((Hero, MemberOf(ship), Target(level), Transform::default())).id();
    world.insert_resource(Captain(hero));
    let dead = world.spawn_empty().id();
    world.despawn(dead);
    world.spawn((Target(dead), DespawnOnExit(Phase::Playing)));
    world.spawn((Target(Entity::PLACEHOLDER), ChildOf(ship)));
    // It holds others together.
    let group = world.spawn(Saved).id();
    world.spawn((Health(2), ChildOf(group)));
    // It is saved whether it is there.
    world.spawn((Saved, SaveKey::new("coin")));
    // What isn't saved is of no concern.
    world.spawn((HealthBar, ChildOf(ship)));
    world.spawn((Health(3), HealthBar, Unsaved));
    assert_healthy(&mut app);
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    start(&mut app, "Healthy");
    assert_healthy(&mut app);
}

/// True if the engine can keep the newest change tick of a column.
const HAS_SUMMARY_TICKS: bool = true;

/// Saves a checkpoint of a world in which the score has changed.
fn checkpoint(app: &mut App) {
    app.world_mut().resource_mut::<Score>().0 += 1;
    app.world_mut().commands().session().checkpoint("Played");
    frames(app, 2);
}

#[test]
fn a_large_type_that_never_changes_is_advised_a_summary_tick() {
    #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
    #[reflect(Component, Saved)]
    struct Deed(u32);
    #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
    #[reflect(Component, Saved)]
    #[component(summary_tick)]
    struct Plot(u32);
    let mut app = game(|app| {
        app.add_plugins(doctor().after_frames(1));
    });
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    let health = Health(1);
    // What the engine's own types cost is for the engine.
    let land = app.world_mut().spawn(SaveKey::new("land")).id();
    let plots = (0..10_000).map(move |id| (Deed(id), Plot(id), health, ChildOf(land)));
    let owned = app.world_mut().spawn_batch(plots);
    let first = owned.take(1).next().unwrap();
    // Of this there is little.
    app.world_mut().spawn(Inventory(vec![1]));
    start(&mut app, "Land");
    let advice = |app: &App| {
        let diagnosis = app.world().get_resource::<Diagnosis>().into_iter();
        let findings = diagnosis.flat_map(|diagnosis| &diagnosis.findings);
        let types = findings.map(|finding| match finding {
            Finding::RarelyChanges { type_path, values: 10_000 } => type_path.clone(),
            finding => panic!("{finding}"),
        });
        types.collect::<Vec<_>>()
    };
    for number in 0..60 {
        assert!(number > 50 || advice(&app).is_empty());
        app.world_mut().get_mut::<Health>(first).unwrap().0 += 1;
        checkpoint(&mut app);
    }
    let found = advice(&app);
    if HAS_SUMMARY_TICKS {
        assert!(matches!(&found[..], [deed] if deed.ends_with("::Deed")), "{found:?}");
        assert!(only(&mut app).to_string().contains("#[component(summary_tick)]"));
        assert!(doctor().ignore::<Deed>().examine(&mut app).is_healthy());
    } else {
        assert!(found.is_empty(), "{found:?}");
    }
    for _ in 0..70 {
        checkpoint(&mut app);
    }
    // Nothing is said twice.
    assert_eq!(advice(&app).len(), if HAS_SUMMARY_TICKS { 2 } else { 0 });
}

#[derive(Component, Reflect)]
#[reflect(Component)]
struct Mana(u32);

#[test]
fn an_unsaved_component_of_a_saved_entity_is_found() {
    let mut app = game(|_| {});
    let ada = app.world_mut().spawn((Health(1), Mana(2), Name::new("Ada"))).id();
    app.world_mut().spawn((Health(1), Mana(2)));
    app.world_mut().spawn(Mana(2));
    let finding = only(&mut app);
    let text = finding.to_string();
    let Finding::ComponentNotSaved { type_path, on } = finding else { panic!("{finding:?}") };
    assert!(type_path.ends_with("Mana") && on.count == 2, "{on:?}");
    if on.first == ada {
        assert!(text.contains("`Ada`") && text.contains("and 1 more"), "{text}");
    }
    let diagnosis = doctor().ignore::<Mana>().examine(&mut app);
    assert!(diagnosis.is_healthy(), "{diagnosis}");
}

#[test]
fn an_unsaved_required_component_with_a_value_is_found() {
    #[derive(Component, Reflect, Default)]
    #[reflect(Component)]
    struct Speed(f32);
    #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
    #[reflect(Component, Saved)]
    #[require(Speed)]
    struct Runner;
    let mut app = game(|_| {});
    app.world_mut().spawn(Runner);
    assert!(matches!(only(&mut app), Finding::ComponentNotSaved { type_path, .. }
        if type_path.ends_with("Speed")));
}

#[test]
fn an_unsaved_resource_is_found() {
    #[derive(Resource, Reflect, Default)]
    #[reflect(Resource)]
    struct Quests(u32);
    let mut app = game(|app| {
        app.init_resource::<Quests>();
    });
    app.world_mut().spawn(Health(1));
    assert!(matches!(only(&mut app), Finding::ResourceNotSaved { type_path }
        if type_path.ends_with("Quests")));
    assert!(doctor().ignore::<Quests>().examine(&mut app).is_healthy());
}

#[test]
fn a_reference_to_an_unsaved_entity_is_found() {
    let mut app = game(|_| {});
    let camera = app.world_mut().spawn(Name::new("Camera")).id();
    let holder = app.world_mut().spawn(Target(camera)).id();
    let finding = only(&mut app);
    let text = finding.to_string();
    let Finding::ReferenceToUnsaved { field, on, target, target_name, .. } = finding else {
        panic!("{finding:?}")
    };
    assert_eq!((&*field, on.unwrap().first, target), (".0", holder, camera));
    assert_eq!(target_name.as_deref(), Some("Camera"));
    assert!(text.contains("SaveKey"), "{text}");
    app.world_mut().entity_mut(camera).insert(SaveKey::new("camera"));
    assert_healthy(&mut app);
}

#[test]
fn an_unsaved_parent_is_found() {
    let mut app = game(|_| {});
    let level = app.world_mut().spawn_empty().id();
    for number in 0..3 {
        app.world_mut().spawn((Health(number), ChildOf(level)));
    }
    let finding = only(&mut app);
    let Finding::ReferenceToUnsaved { type_path, on, .. } = finding else { panic!("{finding:?}") };
    assert!(type_path.ends_with("ChildOf") && on.unwrap().count == 3);
}

#[test]
fn unmapped_entities_in_components_and_resources_are_found() {
    #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
    #[reflect(Component, Saved)]
    struct Followers {
        of: Vec<Entity>,
    }
    #[derive(Resource, Reflect, Clone, Serialize, Deserialize)]
    #[reflect(Resource, Saved)]
    struct Leader {
        who: Entity,
    }
    let mut app = game(|_| {});
    let others: Vec<Entity> = app.world_mut().spawn_batch([Health(1), Health(2)]).collect();
    app.insert_resource(Leader { who: others[0] });
    app.world_mut().spawn(Followers { of: others });
    let diagnosis = doctor().examine(&mut app);
    let found: Vec<(&str, bool)> = diagnosis
        .findings
        .iter()
        .map(|finding| match finding {
            Finding::EntityNotMapped { field, on, .. } => (&**field, on.is_some()),
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(found, [(".of[0]", true), (".who", false)], "{diagnosis}");
}

#[test]
fn an_entity_without_saved_components_is_found() {
    let mut app = game(|_| {});
    let empty = app.world_mut().spawn((Saved, Mana(1))).id();
    let diagnosis = doctor().ignore::<Mana>().examine(&mut app);
    let [Finding::NothingSaved { on }] = &diagnosis.findings[..] else { panic!("{diagnosis}") };
    assert_eq!((on.first, on.count), (empty, 1));
}

#[test]
fn states_without_any_gate_are_found() {
    let without_gate = |hooks: fn(&mut App)| {
        let mut app = game_with(plugin(&MemoryDisk::default()), hooks);
        app.world_mut().spawn(Health(1));
        app
    };
    let mut app = without_gate(|_| {});
    assert!(matches!(only(&mut app), Finding::StatesNeverGated { states }
        if states.len() == 1 && states[0].ends_with("Phase")));
    assert!(doctor().ignore::<Phase>().examine(&mut app).is_healthy());
    // Without a session in the menu, nothing is saved there.
    assert_healthy(&mut without_gate(|app| {
        app.close_session_on_enter(Phase::Menu);
    }));
}

#[test]
fn two_entities_with_one_key_are_a_finding() {
    let mut app = game(|_| {});
    app.world_mut().spawn((Health(1), SaveKey::new("door")));
    app.world_mut().spawn((Health(2), SaveKey::new("door")));
    app.world_mut().spawn(SaveKey::new("other"));
    assert!(matches!(only(&mut app), Finding::DuplicateKey { key, entities }
        if key == SaveKey::new("door") && entities.len() == 2));
}

/// Saved by `save_component`, which marks no entity.
#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
struct Fuel(u32);

#[test]
fn a_keyed_entity_with_unsaved_components_is_found() {
    let mut app = game(|app| {
        app.save_component::<Transform>().save_component::<Fuel>();
    });
    let world = app.world_mut();
    let at = Transform::from_xyz(1.0, 0.0, 0.0);
    // The root of a level, one that is saved, and one to which others refer.
    world.spawn((
        at,
        SaveKey::new("cellar"),
        children![(Health(1), Fuel(1), SaveKey::new("lamp"))],
    ));
    world.spawn((at, SaveKey::new("sun"), Name::new("Sun")));
    assert_healthy(&mut app);
    let boat = app.world_mut().spawn((Fuel(2), at, SaveKey::new("boat"))).id();
    let finding = only(&mut app);
    let Finding::KeyedNotSaved { type_path, on } = &finding else { panic!("{finding:?}") };
    assert_eq!((on.count, on.first, on.first_name.as_deref()), (1, boat, Some("boat")));
    assert!(type_path.ends_with("::Fuel"), "{type_path}");
    assert!(finding.to_string().contains("no marker `Saved`: "), "{finding}");
    assert!(doctor().ignore::<Fuel>().examine(&mut app).is_healthy());
    app.world_mut().entity_mut(boat).insert(Saved);
    assert_healthy(&mut app);
}

#[test]
fn an_observer_of_one_saved_entity_is_found() {
    let mut app = game(|_| {});
    let watched = app.world_mut().spawn(Health(1)).observe(|_: On<Despawn<Health>>| {}).id();
    app.world_mut().spawn((Health(2), SaveKey::new("door"))).observe(|_: On<Despawn<Health>>| {});
    app.world_mut().spawn(Phantom).observe(|_: On<Despawn<Phantom>>| {});
    let finding = only(&mut app);
    assert!(
        matches!(&finding, Finding::EntityObserver { on }
        if (on.count, on.first) == (1, watched)),
        "{finding:?}"
    );
    assert!(finding.to_string().contains("`On<Add<…>>`"), "{finding}");
    let doctor = doctor().ignore::<bevy::ecs::observer::ObservedBy>();
    assert!(doctor.examine(&mut app).is_healthy());
}

/// Never saved.
#[derive(Component)]
struct Phantom;

#[test]
fn a_type_that_cannot_be_saved_is_found() {
    #[derive(
        States, TypePath, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize,
    )]
    enum Never {
        #[default]
        Added,
    }
    let mut app = game(|app| {
        app.save_state::<Never>();
    });
    app.world_mut().spawn(Health(1));
    assert!(matches!(only(&mut app), Finding::TypeNotSaved { type_path, reason }
        if type_path.ends_with("Never") && reason == TypeProblemReason::StateNotAdded));
}

#[test]
fn only_the_games_own_crates_are_looked_at() {
    let mut app = game(|_| {});
    app.world_mut().spawn((Health(1), Mana(2)));
    assert!(Doctor::default().own_crate("another").examine(&mut app).is_healthy());
    assert_eq!(Doctor::default().own_crate("it").examine(&mut app).findings.len(), 1);
}

#[test]
fn the_plugin_looks_once_some_frames_after_a_session_began() {
    let mut app = game(|app| {
        app.add_plugins(doctor().after_frames(10));
    });
    app.world_mut().spawn((Health(1), Mana(2)));
    frames(&mut app, 30);
    assert!(!app.world().contains_resource::<Diagnosis>(), "no session is played");
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    start(&mut app, "Examined");
    frames(&mut app, 5);
    assert!(!app.world().contains_resource::<Diagnosis>());
    frames(&mut app, 10);
    let diagnosis = app.world().resource::<Diagnosis>().clone();
    assert_eq!(diagnosis.findings.len(), 1, "{diagnosis}");
    assert!(diagnosis.to_string().contains("Mana"), "{diagnosis}");
    app.world_mut().remove_resource::<Diagnosis>();
    frames(&mut app, 30);
    assert!(!app.world().contains_resource::<Diagnosis>(), "it should look once");
}

#[test]
fn in_development_the_doctor_comes_by_itself() {
    let is_examined = |is_development: bool, add: fn(&mut App)| {
        let plugin = plugin(&MemoryDisk::default()).development(is_development);
        let mut app = game_with(plugin, add);
        app.world_mut().spawn((Health(1), Mana(2)));
        start(&mut app, "Examined");
        frames(&mut app, 130);
        app.world().contains_resource::<Diagnosis>()
    };
    assert!(is_examined(true, |_| {}));
    assert!(!is_examined(false, |_| {}), "players have none");
    let own = |app: &mut App| _ = app.add_plugins(doctor().after_frames(10_000));
    assert!(!is_examined(true, own), "the game's own doctor looks when it is to");
}

#[test]
fn power_cuts_that_are_not_covered_are_found() {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), |app| {
        app.checkpoint_session_while(in_state(Phase::Playing));
    });
    app.world_mut().spawn(Health(1));
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    disk.fail_always(Operation::SyncDirectory, std::io::ErrorKind::Unsupported);
    assert_healthy(&mut app);
    start(&mut app, "On FUSE");
    let finding = only(&mut app);
    assert_eq!(finding, Finding::PowerCutsNotCovered);
    assert!(!finding.to_string().contains('\n'), "{finding}");
}

#[test]
fn a_component_without_reflection_is_counted_or_named() {
    /// Reflection doesn't know it.
    #[derive(Component)]
    struct Secret {
        _content: u32,
    }
    let mut app = game(|_| {});
    let holder = app.world_mut().spawn((Health(1), Secret { _content: 2 })).id();
    let finding = only(&mut app);
    // Bevy knows names with its feature `debug` only.
    let on = match &finding {
        Finding::UnknownComponents { types: 1, on } | Finding::ComponentNotSaved { on, .. } => on,
        other => panic!("{other}"),
    };
    assert_eq!((on.first, on.count), (holder, 1));
    assert!(
        finding.to_string().contains("register_type") || finding.to_string().contains("Secret")
    );
    assert!(doctor().ignore::<Secret>().examine(&mut app).is_healthy());
}

#[test]
fn a_hint_given_before_is_found_once_by_the_doctor() {
    #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
    #[reflect(Component, Saved)]
    struct Holds {
        whom: Vec<Entity>,
    }
    let mut app = game(|_| {});
    let whom = app.world_mut().spawn(Health(1)).id();
    app.world_mut().spawn(Holds { whom: vec![whom] });
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    start(&mut app, "Once");
    assert_eq!(app.world().resource::<SessionHints>().iter().count(), 1);
    assert!(
        matches!(only(&mut app), Finding::EntityNotMapped { field, .. } if field == ".whom[0]")
    );
}

#[test]
fn examining_changes_nothing_of_the_game() {
    let mut app = game(|_| {});
    let mut coin = app.world_mut().spawn((Health(1), SaveKey::new("coin")));
    coin.insert(Name::new("Coin"));
    let coin = coin.id();
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    start(&mut app, "Examined");
    let changed =
        |app: &App| app.world().entity(coin).get_change_ticks::<Health>().unwrap().changed;
    let before = changed(&app);
    assert_healthy(&mut app);
    assert_eq!(changed(&app), before);
}
