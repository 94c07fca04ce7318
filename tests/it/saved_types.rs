//! Things that can be saved: kinds of components, references, hierarchy, resources.

use bevy::ecs::entity_disabling::Disabled;
use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::checkpoints::{TypeFailed, TypeNotSaved, TypeProblemReason};
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreReport;
use serde::{Deserialize, Serialize};

use crate::common::*;

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(storage = "SparseSet")]
struct Burning(u32);

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(immutable)]
struct Serial(u32);

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Flag;

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved, where T: Clone + Serialize + serde::de::DeserializeOwned)]
struct Stat<T: Reflect> {
    value: T,
}

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Target {
    #[entities]
    who: Entity,
    #[entities]
    others: Vec<Entity>,
}

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[relationship(relationship_target = Crew)]
struct MemberOf(#[entities] Entity);

#[derive(Component, Reflect, Default)]
#[relationship_target(relationship = MemberOf)]
struct Crew(Vec<Entity>);

#[derive(Component, Reflect, Clone, PartialEq, Debug, Default)]
#[reflect(Component, Default)]
struct WithoutSerde {
    hue: f32,
    names: Vec<String>,
}

/// Plays `build`'s world into a session, kills it, and hands out the app that recovered it.
fn recovered(
    build: impl Fn(&mut App) + Copy,
    spawn: impl FnOnce(&mut World),
) -> (App, RestoreReport) {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), build);
    spawn(app.world_mut());
    start(&mut app, "Types");
    let id = app.world().resource::<CurrentSession>().id();
    let mut app = game_with(plugin(&disk.snapshot()), |app| {
        build(app);
        listen::<SessionRestored>(app);
    });
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    let report = received::<SessionRestored>(&app).remove(0).report;
    (app, report)
}

// Feature: Components, resources and states are saved by a mark on the type or by one call.
// Page: guide/what-is-saved.md
#[test]
fn components_of_every_kind_are_restored() {
    let build = |app: &mut App| {
        app.register_type::<Stat<f32>>().register_type::<Stat<String>>();
    };
    let (mut app, report) = recovered(build, |world| {
        world.spawn((
            Burning(7),
            Serial(8),
            Flag,
            Stat { value: 0.25_f32 },
            Stat { value: "strength".to_owned() },
        ));
    });
    assert_eq!((report.entities, report.losses.len()), (1, 0));
    let world = app.world_mut();
    type Everything<'a> = (&'a Burning, &'a Serial, &'a Flag, &'a Stat<f32>, &'a Stat<String>);
    let mut query = world.query::<Everything>();
    let (burning, serial, _, number, text) = query.single(world).unwrap();
    assert_eq!((burning.0, serial.0), (7, 8));
    assert_eq!((number.value, text.value.as_str()), (0.25, "strength"));
}

// Feature: Types without serde are saved by reflection, or as another value and rebuilt.
// Page: guide/what-is-saved.md
#[test]
fn types_without_serde_are_saved_through_reflection() {
    let build = |app: &mut App| {
        app.register_type::<WithoutSerde>().save_reflected::<WithoutSerde>();
    };
    let value = WithoutSerde { hue: 0.5, names: vec!["a".into(), "b".into()] };
    let (mut app, _) = recovered(build, |world| {
        world.spawn((Saved, value.clone()));
    });
    let world = app.world_mut();
    assert_eq!(world.query::<&WithoutSerde>().single(world).unwrap(), &value);
}

#[test]
fn transforms_hierarchies_and_sibling_order_are_restored() {
    let build = |app: &mut App| {
        app.save_component::<Transform>();
    };
    let (mut app, _) = recovered(build, |world| {
        let parent = world.spawn((Health(0), Transform::from_xyz(1.0, 2.0, 3.0))).id();
        let children: Vec<Entity> =
            (1..=4).map(|health| world.spawn((Health(health), ChildOf(parent))).id()).collect();
        world.entity_mut(parent).insert_children(0, &[children[3], children[1]]);
        world.entity_mut(children[2]).insert(Disabled);
    });
    let world = app.world_mut();
    let mut parents = world.query::<(&Health, &Transform, &Children)>();
    let (_, transform, children) = parents.single(world).unwrap();
    assert_eq!(transform.translation, Vec3::new(1.0, 2.0, 3.0));
    let children: Vec<Entity> = children.iter().collect();
    let order: Vec<u32> =
        children.iter().map(|child| world.get::<Health>(*child).unwrap().0).collect();
    assert_eq!(order, [4, 2, 1, 3]);
    assert!(world.get::<Disabled>(children[3]).is_some());
}

// Feature: References follow their targets; parents and relationships come back in their order.
// Page: guide/what-is-saved.md
#[test]
fn references_follow_their_targets_and_lost_ones_are_named() {
    let (mut app, report) = recovered(
        |_| {},
        |world| {
            let saved = world.spawn(Health(1)).id();
            let unsaved = world.spawn(Name::new("camera")).id();
            world.spawn(Target { who: saved, others: vec![saved, unsaved] });
            world.spawn((Health(2), MemberOf(saved)));
            world.spawn((Health(3), MemberOf(unsaved)));
        },
    );
    let world = app.world_mut();
    let mut healths = world.query::<(Entity, &Health)>();
    let one = healths.iter(world).find(|(_, health)| health.0 == 1).unwrap().0;
    let target = world.query::<&Target>().single(world).unwrap();
    assert_eq!((target.who, &target.others[..]), (one, &[one, Entity::PLACEHOLDER][..]));
    assert_eq!(world.get::<Crew>(one).unwrap().0.len(), 1, "one member should be back");
    let members = world.query::<&MemberOf>().iter(world).count();
    assert_eq!(members, 1, "the relationship without a target should be left out");

    assert_eq!(report.dangling_total, 2);
    let plain = report.dangling.iter().find(|reference| !reference.is_relationship).unwrap();
    assert!(plain.type_path.ends_with("Target"));
    assert!(plain.field.as_deref().unwrap().contains("others"), "{:?}", plain.field);
    let relationship = report.dangling.iter().find(|reference| reference.is_relationship).unwrap();
    assert!(relationship.type_path.ends_with("MemberOf"));
}

#[test]
fn a_resource_that_was_removed_stays_removed() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    app.world_mut().resource_mut::<Score>().0 = 5;
    start(&mut app, "Resource");
    let id = app.world().resource::<CurrentSession>().id();
    app.world_mut().remove_resource::<Score>();
    seconds(&mut app, 6.0);
    let removed = disk.snapshot();
    app.world_mut().insert_resource(Score(9));
    seconds(&mut app, 6.0);
    let put_back = disk.snapshot();
    for (disk, score) in [(removed, None), (put_back, Some(9))] {
        let mut app = game(&disk);
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        frames(&mut app, 3);
        assert_eq!(app.world().get_resource::<Score>().map(|score| score.0), score);
    }
}

#[test]
fn every_delta_since_the_start_is_restored() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    let keep = app.world_mut().spawn((Health(1), Inventory(vec![1]))).id();
    let die = app.world_mut().spawn(Health(2)).id();
    start(&mut app, "Deltas");
    let id = app.world().resource::<CurrentSession>().id();
    seconds(&mut app, 6.0);
    app.world_mut().despawn(die);
    app.world_mut().entity_mut(keep).remove::<Inventory>();
    seconds(&mut app, 6.0);
    let reborn = app.world_mut().spawn(Health(3)).id();
    app.world_mut().entity_mut(keep).insert(Inventory(vec![7, 7]));
    seconds(&mut app, 6.0);
    // Marked late, and unmarked.
    let late = app.world_mut().spawn(Name::new("late")).id();
    seconds(&mut app, 6.0);
    app.world_mut().entity_mut(late).insert(Saved);
    app.world_mut().entity_mut(reborn).remove::<Saved>();
    seconds(&mut app, 6.0);

    let mut app = game(&disk.snapshot());
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    let world = app.world_mut();
    let (health, inventory) = world.query::<(&Health, &Inventory)>().single(world).unwrap();
    assert_eq!((health.0, &inventory.0[..]), (1, &[7, 7][..]));
    assert_eq!(world.query::<&Health>().iter(world).count(), 1);
    assert_eq!(
        world.query_filtered::<&Name, With<Saved>>().single(world).unwrap().as_str(),
        "late"
    );
}

#[derive(Component, Reflect, Clone, Debug)]
#[reflect(Component, Saved)]
struct Grenade(bool);

impl Serialize for Grenade {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(!self.0, "pin pulled");
        serializer.serialize_bool(self.0)
    }
}

impl<'de> Deserialize<'de> for Grenade {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bool::deserialize(deserializer).map(Self)
    }
}

#[test]
fn a_panic_while_writing_a_type_loses_that_type_and_is_reported() {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), |app| {
        listen::<TypeFailed>(app);
        listen::<CheckpointSaved>(app);
    });
    let entity = app.world_mut().spawn((Health(4), Grenade(false))).id();
    start(&mut app, "Panic");
    let id = app.world().resource::<CurrentSession>().id();
    app.world_mut().entity_mut(entity).insert((Grenade(true), Health(5)));
    seconds(&mut app, 6.0);
    let failed = received::<TypeFailed>(&app);
    assert!(failed[0].type_path.ends_with("Grenade"));
    assert!(failed[0].message.contains("pin pulled"), "{}", failed[0].message);
    assert!(received::<CheckpointSaved>(&app).len() >= 2, "the rest should be saved");
    let mut recovered = game(&disk.snapshot());
    request(&mut recovered, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut recovered, 3);
    let world = recovered.world_mut();
    assert_eq!(world.query::<&Health>().single(world).unwrap().0, 5);

    app.world_mut().entity_mut(entity).insert(Grenade(false));
    seconds(&mut app, 12.0);
    let mut recovered = game(&disk.snapshot());
    request(&mut recovered, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut recovered, 3);
    let world = recovered.world_mut();
    assert!(!world.query::<&Grenade>().single(world).unwrap().0, "it should be saved again");
}

#[test]
fn a_type_that_cannot_be_saved_is_reported_once() {
    #[derive(
        States, Reflect, Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize,
    )]
    struct NeverAdded;
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        app.save_state::<NeverAdded>();
        listen::<TypeNotSaved>(app);
    });
    frames(&mut app, 4);
    let refused = received::<TypeNotSaved>(&app);
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].reason, TypeProblemReason::StateNotAdded);
}

#[test]
fn the_order_of_plugin_and_registrations_does_not_matter() {
    let disk = MemoryDisk::default();
    let mut app = App::new();
    app.save_component::<Name>().save_state::<Phase>();
    app.world_mut().spawn((Health(1), Name::new("early")));
    app.add_plugins((
        MinimalPlugins.build().disable::<bevy::app::ScheduleRunnerPlugin>(),
        plugin(&disk),
        bevy::state::app::StatesPlugin,
    ))
    .init_state::<Phase>();
    app.finish();
    app.cleanup();
    app.update();
    start(&mut app, "Order");
    let id = app.world().resource::<CurrentSession>().id();
    let mut app = game(&disk.snapshot());
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    let world = app.world_mut();
    let (health, name) = world.query::<(&Health, &Name)>().single(world).unwrap();
    assert_eq!((health.0, name.as_str()), (1, "early"));
}
