//! A world is captured and encoded, and the journal has the same data as the world.

mod archetypes;
mod at_once;
mod churn;
mod failures;
mod quiet_columns;
mod shapes;
mod types;

use bevy::ecs::entity_disabling::Disabled;
use bevy::prelude::*;
use bevy::state::state_scoped::DespawnOnExit;

use super::CaptureScope;
use super::test_kit::*;
use crate::saved::{CHILD_ORDER, DISABLED, Saved};

/// The chain of deltas in the journal equals a full capture taken now.
fn assert_journal_is_the_world(play: &mut Play) {
    let mut by_deltas = play.journal.clone();
    play.full();
    let mut by_full = play.journal.clone();
    // The dead have no id that would last.
    by_deltas.forget_outside_targets();
    by_full.forget_outside_targets();
    for (path, rows) in &by_full.rows {
        assert_eq!(by_deltas.rows.get(path), Some(rows), "rows of {path}");
    }
    assert_eq!(by_deltas.rows, by_full.rows);
}

#[test]
fn an_unchanged_world_gives_an_empty_delta() {
    let mut play = Play::start();
    play.world().spawn((Health(1), Name::new("a"), children![(Saved, Name::new("b"))]));
    play.full();
    play.frame();
    assert!(play.record(CaptureScope::Delta).is_empty());
}

#[test]
fn the_first_capture_is_full() {
    let mut play = Play::start();
    play.world().spawn(Health(1));
    let capture = play.record(CaptureScope::Delta);
    assert_eq!(capture.scope(), CaptureScope::Full);
    assert_eq!(capture.entities(), 1);
    assert!(!capture.is_empty());
}

#[test]
fn a_capture_triggers_no_change_detection() {
    #[derive(Resource, Default)]
    struct Noticed(u32);
    let mut play = Play::start();
    play.world().init_resource::<Noticed>();
    let entity = play.world().spawn((Health(1), Serial(2), Burning(3))).id();
    play.world().insert_resource(Score(1));
    play.full();
    let world = play.world();
    world.add_observer(|_: On<Insert<Health>>, mut noticed: ResMut<Noticed>| noticed.0 += 1);
    world.add_observer(|_: On<Remove<Score>>, mut noticed: ResMut<Noticed>| noticed.0 += 1);
    world.add_observer(|_: On<Add<Saved>>, mut noticed: ResMut<Noticed>| noticed.0 += 1);
    let ticks = world.entity(entity).get_change_ticks::<Health>().unwrap().changed;
    let score = world.get_resource_change_ticks::<Score>().unwrap().changed;
    play.full();
    play.delta();
    let world = play.world();
    assert_eq!(world.resource::<Noticed>().0, 0);
    assert_eq!(world.entity(entity).get_change_ticks::<Health>().unwrap().changed, ticks);
    assert_eq!(world.get_resource_change_ticks::<Score>().unwrap().changed, score);
}

#[test]
fn only_what_changed_is_sent() {
    let mut play = Play::start();
    let entities: Vec<Entity> = (0..500)
        .map(|number| play.world().spawn((Health(number), Inventory(vec![number]))).id())
        .collect();
    play.full();
    for entity in [entities[3], entities[64], entities[499]] {
        play.world().get_mut::<Health>(entity).unwrap().0 += 1000;
    }
    let encoded = play.delta();
    let rows: usize = encoded.blocks.iter().map(|block| block.ids().len()).sum();
    assert_eq!(rows, 3);
    assert_journal_is_the_world(&mut play);
}

#[test]
fn an_id_that_is_used_again_is_another_entity() {
    let mut play = Play::start();
    let old = play.world().spawn(Health(1)).id();
    play.full();
    let before = play.journal.of::<Health>();
    play.world().despawn(old);
    let mut new = play.world().spawn(Health(2)).id();
    while new.index() != old.index() {
        play.world().despawn(new);
        new = play.world().spawn(Health(2)).id();
    }
    let encoded = play.delta();
    assert!(encoded.drift.is_empty());
    assert_eq!(play.journal.values::<Health>(), [Health(2)]);
    assert_ne!(play.journal.of::<Health>().keys().next(), before.keys().next());
}

#[test]
fn a_component_removed_and_added_again_is_captured() {
    let mut play = Play::start();
    let entity = play.world().spawn((Health(1), Burning(1))).id();
    play.full();
    play.world().entity_mut(entity).remove::<(Armor, Burning)>();
    play.frame();
    play.world().entity_mut(entity).insert((Armor(8), Burning(2)));
    play.frame();
    play.delta();
    assert_eq!(play.journal.values::<Armor>(), [Armor(8)]);
    assert_eq!(play.journal.values::<Burning>(), [Burning(2)]);
    assert_journal_is_the_world(&mut play);
}

#[test]
fn a_removed_component_is_gone() {
    let mut play = Play::start();
    let entity = play.world().spawn((Health(1), Burning(1))).id();
    play.full();
    play.world().entity_mut(entity).remove::<(Armor, Burning)>();
    play.frame();
    play.frame();
    play.frame();
    play.delta();
    assert_eq!(play.journal.values::<Armor>(), []);
    assert_eq!(play.journal.values::<Burning>(), []);
    assert_eq!(play.journal.entities(), 1);
}

#[test]
fn an_entity_that_is_marked_late_is_sent_whole() {
    let mut play = Play::start();
    let entity = play.world().spawn((Name::new("late"), Transform::default())).id();
    play.full();
    assert_eq!(play.journal.entities(), 0);
    play.world().entity_mut(entity).insert(Saved);
    play.delta();
    assert_eq!(play.journal.values::<Name>(), [Name::new("late")]);
    assert_journal_is_the_world(&mut play);
}

#[test]
fn an_entity_keeps_its_id_when_its_marker_comes_back() {
    let mut play = Play::start();
    let entity = play.world().spawn((Health(1), Burning(1))).id();
    play.full();
    let before = play.journal.clone();
    play.world().entity_mut(entity).remove::<Saved>();
    play.frame();
    play.delta();
    assert_eq!(play.journal.entities(), 0);
    play.world().entity_mut(entity).insert(Saved);
    play.delta();
    assert_eq!(play.journal.rows, before.rows);
    // And within one delta, with a component lost on the way.
    play.world().entity_mut(entity).remove::<(Saved, Burning)>();
    play.frame();
    play.world().entity_mut(entity).insert(Saved);
    play.delta();
    assert_eq!(play.journal.of::<Health>(), before.of::<Health>());
    assert_eq!(play.journal.values::<Burning>(), []);
    assert_journal_is_the_world(&mut play);
}

#[test]
fn a_resource_comes_and_goes() {
    let mut play = Play::start();
    play.full();
    assert_eq!(play.journal.values::<Score>(), []);
    play.world().insert_resource(Score(1));
    play.delta();
    assert_eq!(play.journal.values::<Score>(), [Score(1)]);
    play.world().remove_resource::<Score>();
    play.delta();
    assert_eq!(play.journal.values::<Score>(), []);
    play.world().insert_resource(Score(2));
    play.world().remove_resource::<Score>();
    play.world().insert_resource(Score(3));
    play.delta();
    assert_eq!(play.journal.values::<Score>(), [Score(3)]);
    assert_eq!(play.journal.entities(), 0, "a resource's entity is none of them");
}

#[test]
fn every_kind_of_component_is_saved() {
    let mut play = Play::start();
    let dyed = Look::Dyed { colour: "red".into() };
    play.world().spawn((Player, Stat(1.5_f32), Serial(2), Burning(3), Inventory(vec![4, 5]), dyed));
    play.full();
    let entity = play.single::<Player>();
    assert_eq!(play.journal.of::<Player>().len(), 1);
    assert_eq!(play.journal.values::<Stat<f32>>(), [Stat(1.5)]);
    assert_eq!(play.journal.values::<Serial>(), [Serial(2)]);
    assert_eq!(play.journal.values::<Burning>(), [Burning(3)]);
    assert_eq!(play.journal.of::<Look>().len(), 1);
    play.world().entity_mut(entity).insert((Serial(20), Stat(2.5_f32), Burning(30)));
    play.world().entity_mut(entity).remove::<(Player, Look)>();
    play.delta();
    assert_eq!(play.journal.values::<Serial>(), [Serial(20)]);
    assert_eq!(play.journal.values::<Stat<f32>>(), [Stat(2.5)]);
    assert_eq!(play.journal.values::<Burning>(), [Burning(30)]);
    assert_journal_is_the_world(&mut play);
}

#[test]
fn disabled_entities_are_saved_whatever_disables_them() {
    #[derive(Component)]
    struct Asleep;
    #[derive(Component)]
    #[component(storage = "SparseSet")]
    struct Frozen;
    let mut app = game();
    app.world_mut().register_disabling_component::<Asleep>();
    app.world_mut().register_disabling_component::<Frozen>();
    let mut play = Play::of(app);
    let entity = play.world().spawn((Health(1), Disabled)).id();
    play.world().spawn((Health(2), Asleep));
    play.world().spawn((Health(3), Frozen));
    play.full();
    assert_eq!(play.journal.of::<Health>().len(), 3);
    assert_eq!(play.journal.rows[DISABLED].len(), 1);
    play.world().entity_mut(entity).remove::<Disabled>();
    play.delta();
    assert!(!play.journal.rows.contains_key(DISABLED));
    assert_journal_is_the_world(&mut play);
}

#[test]
fn reordered_siblings_are_a_change() {
    let mut play = Play::start();
    let parent = play.world().spawn(Health(0)).id();
    let children: Vec<Entity> =
        (1..4).map(|number| play.world().spawn((Health(number), ChildOf(parent))).id()).collect();
    play.world().spawn((Name::new("camera"), ChildOf(parent)));
    play.full();
    let before = play.journal.rows[CHILD_ORDER].clone();
    play.world().entity_mut(parent).insert_children(0, &[children[2]]);
    play.delta();
    assert_ne!(play.journal.rows[CHILD_ORDER], before);
    assert_journal_is_the_world(&mut play);
}

#[test]
fn the_order_of_siblings_follows_their_markers() {
    let mut play = Play::start();
    let parent = play.world().spawn(Health(0)).id();
    let child = play.world().spawn((Name::new("child"), ChildOf(parent))).id();
    play.full();
    play.world().entity_mut(child).insert(Saved);
    play.delta();
    assert_journal_is_the_world(&mut play);
    play.world().entity_mut(child).remove::<Saved>();
    play.frame();
    play.delta();
    assert_journal_is_the_world(&mut play);
    play.world().despawn(child);
    play.frame();
    play.delta();
    assert!(!play.journal.rows.contains_key(CHILD_ORDER));
    assert_journal_is_the_world(&mut play);
}

#[test]
fn a_reference_to_an_unsaved_entity_is_valid_once_it_is_saved() {
    let mut play = Play::start();
    let goblin = play.world().spawn(Name::new("goblin")).id();
    play.world().spawn(Target { strength: 1, targets: vec![goblin] });
    play.full();
    let target = play.journal.values::<Target>().remove(0).targets[0];
    play.world().entity_mut(goblin).insert(Saved);
    play.delta();
    let goblin = play.journal.of::<Name>().into_keys().next().unwrap();
    assert_eq!(target.to_bits(), goblin.0);
    assert_journal_is_the_world(&mut play);
}

#[test]
fn states_are_saved_with_what_is_pending() {
    let mut play = Play::start();
    play.full();
    let before = play.journal.of::<Game>();
    play.world().resource_mut::<NextState<Game>>().set(Game::Playing);
    play.delta();
    assert_ne!(play.journal.of::<Game>(), before, "a pending transition is part of the state");
    play.frame();
    play.frame();
    play.delta();
    assert_journal_is_the_world(&mut play);
    assert!(play.record(CaptureScope::Delta).is_empty());
}

#[test]
fn scopes_of_saved_states_are_saved() {
    let mut play = Play::start();
    play.world().spawn((Health(1), DespawnOnExit(Game::Playing)));
    play.full();
    let path = play.journal.rows.keys().find(|path| path.contains("DespawnOnExit"));
    assert!(path.is_some(), "{:?}", play.journal.rows.keys());
}

#[test]
fn a_restart_forgets_removals_and_needs_a_full_capture() {
    let mut play = Play::start();
    let entity = play.world().spawn(Health(1)).id();
    play.full();
    play.world().despawn(entity);
    play.recorder.restart(play.app.world());
    let capture = play.record(CaptureScope::Delta);
    assert_eq!(capture.scope(), CaptureScope::Full);
    assert_eq!(capture.rows(), play.types.state_count());
}

#[test]
fn recycled_buffers_leave_no_old_values() {
    let mut play = Play::start();
    let entities: Vec<Entity> = (0..10)
        .map(|number| play.world().spawn((Health(number), Inventory(vec![number; 9]))).id())
        .collect();
    let full = play.full().facts.emptied;
    play.recorder.recycle(full);
    for round in 0..20 {
        for entity in entities.iter().take(10 - round % 10) {
            play.world().get_mut::<Inventory>(*entity).unwrap().0.push(1);
        }
        let encoded = play.delta();
        assert!(encoded.drift.is_empty());
        play.recorder.recycle(encoded.facts.emptied);
    }
    assert_journal_is_the_world(&mut play);
}

#[test]
fn large_columns_are_cut_into_blocks() {
    let mut play = Play::start();
    for number in 0..200 {
        play.world().spawn(Inventory(vec![u32::MAX; 2000 + number]));
    }
    let encoded = play.full();
    let blocks = encoded.blocks.iter().filter(|block| *block.type_path == *Inventory::type_path());
    assert!(blocks.count() > 4);
    assert_eq!(play.journal.values::<Inventory>().len(), 200);
}
