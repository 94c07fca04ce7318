//! A checkpoint of an older build is changed as a whole before it is restored.

// Feature: Old values are migrated, type by type or as a whole checkpoint.

use bevy::ecs::hierarchy::ChildOf;
use bevy::prelude::*;
use bevy_session_journal::SaveId;
use bevy_session_journal::internal::format::ENTITIES;
use serde::{Deserialize, Serialize};

use crate::capture::test_kit::*;
use crate::capture::{CheckpointEditError, SessionAppExt, TypeProblemReason};
use crate::restore::RestoreLossReason;
use crate::saved::CHILD_OF;

const BODY: &str = "old::Body";
const ITEM: &str = "old::Item";
const PURSE: &str = "old::Purse";

/// It became [`Health`] and [`Armor`].
#[derive(Serialize, Deserialize)]
struct Body {
    health: u32,
    armor: u32,
}

/// An entity below the one that has it, which became an entry of an [`Inventory`].
#[derive(Serialize, Deserialize)]
struct Item {
    kind: u32,
}

/// Saved by a build that had bodies, items and a purse.
struct OldSave {
    journal: Journal,
    entities: Vec<SaveId>,
}

impl OldSave {
    fn of(entities: usize) -> Self {
        let mut play = Play::start();
        for _ in 0..entities {
            play.world().spawn(Inventory(vec![1]));
        }
        play.full();
        let entities = play.journal.of::<Inventory>().into_keys().collect();
        Self { journal: play.journal, entities }
    }

    fn set<V: Serialize>(&mut self, type_path: &str, place: usize, value: &V) {
        let id = self.entities[place];
        self.journal.set(type_path, id, value);
        if !self.journal.types.iter().any(|known| known == type_path) {
            self.journal.types.push(type_path.to_owned());
        }
    }
}

fn split_body(app: &mut App) {
    app.migrate_checkpoint(BODY, 0, |body: Body, checkpoint| {
        let entity = checkpoint.entity().ok_or("no entity")?;
        checkpoint.insert(entity, &Health(body.health))?;
        // Half done, and undone if it fails.
        if body.armor == 13 {
            return Err("unlucky".into());
        }
        assert_ne!(body.armor, 666, "hell");
        checkpoint.insert(entity, &Armor(body.armor))?;
        Ok(())
    });
}

fn gather_items(app: &mut App) {
    app.migrate_checkpoint(ITEM, 0, |item: Item, checkpoint| {
        let entity = checkpoint.entity().ok_or("no entity")?;
        let owner = checkpoint.get::<ChildOf>(entity)?.ok_or("it lies around")?.parent();
        let mut inventory = checkpoint.get::<Inventory>(owner)?.unwrap_or_default();
        inventory.0.push(item.kind);
        checkpoint.insert(owner, &inventory)?;
        checkpoint.despawn(entity);
        Ok(())
    });
}

fn play_with(set_up: impl FnOnce(&mut App)) -> Play {
    let mut app = game();
    set_up(&mut app);
    Play::of(app)
}

#[test]
fn one_component_becomes_two() {
    let mut old = OldSave::of(3);
    old.set(BODY, 0, &Body { health: 5, armor: 6 });
    old.set(BODY, 2, &Body { health: 7, armor: 8 });
    let mut play = play_with(split_body);
    let report = play.restore(&old.journal).report;
    assert_eq!((report.losses, report.entities), (vec![], 3));
    assert_eq!(play.journal.values::<Health>(), [Health(5), Health(7)]);
    assert_eq!(play.journal.values::<Armor>(), [Armor(6), Armor(8)]);
    assert!(!play.journal.rows.contains_key(BODY), "it is done once");
    let ids: Vec<SaveId> = play.journal.of::<Health>().into_keys().collect();
    assert_eq!(ids, [old.entities[0], old.entities[2]]);
}

#[test]
fn an_entity_becomes_a_field_of_another() {
    let mut old = OldSave::of(4);
    let owner = old.entities[0].0;
    for (place, kind) in [(1, 20), (2, 30)] {
        old.set(ITEM, place, &Item { kind });
        old.set(CHILD_OF, place, &owner);
    }
    let mut play = play_with(gather_items);
    let report = play.restore(&old.journal).report;
    assert_eq!((report.losses, report.entities, report.dangling_total), (vec![], 2, 0));
    let inventories = play.journal.values::<Inventory>();
    assert_eq!(inventories, [Inventory(vec![1, 20, 30]), Inventory(vec![1])]);
}

#[test]
fn a_field_becomes_entities_with_ids_of_their_own() {
    let mut old = OldSave::of(1);
    let mut resource_of = old.journal.clone();
    resource_of.set(PURSE, SaveId::WORLD, &vec![3_u32, 4]);
    resource_of.types.push(PURSE.to_owned());
    old.journal = resource_of;
    let mut play = play_with(|app| {
        app.migrate_checkpoint(PURSE, 0, |coins: Vec<u32>, checkpoint| {
            assert_eq!(checkpoint.entity(), None);
            let owner = checkpoint.entities_with::<Inventory>()[0];
            for coin in coins {
                let entity = checkpoint.spawn();
                assert!(checkpoint.contains(entity));
                checkpoint.insert(entity, &Health(coin))?;
                checkpoint.insert(entity, &ChildOf(owner))?;
            }
            checkpoint.insert_resource(&Score(2))?;
            Ok(())
        });
    });
    let report = play.restore(&old.journal).report;
    assert_eq!((report.losses, report.entities, report.dangling_total), (vec![], 3, 0));
    assert_eq!(play.journal.values::<Health>(), [Health(3), Health(4)]);
    assert_eq!(play.journal.rows[CHILD_OF].len(), 2);
    assert_eq!(play.journal.values::<Score>(), [Score(2)]);
    assert!(!play.journal.rows.contains_key(PURSE));
    let ids: Vec<&SaveId> = play.journal.rows[ENTITIES].keys().collect();
    assert_eq!((ids.len(), ids[0]), (3, &old.entities[0]));
    assert!(*ids[2] < play.journal.next_save_id, "no later entity gets the id of one of them");
    play.frame();
    assert_eq!(play.delta().blocks, [], "nothing should have to settle");
}

#[test]
fn a_failing_migration_step_changes_nothing_and_carries_its_values() {
    let mut old = OldSave::of(4);
    for (place, armor) in [(0, 13), (1, 666), (2, 1)] {
        old.set(BODY, place, &Body { health: 5, armor });
    }
    old.set(BODY, 3, &"no body");
    let mut play = play_with(split_body);
    let losses = play.restore(&old.journal).report.losses;
    assert_eq!(losses.len(), 1, "{losses:?}");
    assert_eq!((&*losses[0].type_path, losses[0].rows), (BODY, 3));
    let RestoreLossReason::Undecodable { error, ids } = &losses[0].reason else { panic!() };
    assert!(error.contains("unlucky"), "{error}");
    assert_eq!(ids[..], [old.entities[0], old.entities[1], old.entities[3]]);
    assert_eq!(play.journal.values::<Health>(), [Health(5)], "the first half isn't there either");
    let carried: Vec<SaveId> = play.journal.rows[BODY].keys().copied().collect();
    assert_eq!(carried[..], ids[..]);
    // A build whose step is right finds them.
    let saved = play.journal.clone();
    let mut fixed = play_with(|app| {
        app.migrate_checkpoint(BODY, 0, |_: serde::de::IgnoredAny, checkpoint| {
            let entity = checkpoint.entity().ok_or("no entity")?;
            checkpoint.insert(entity, &Health(1))?;
            Ok(())
        });
    });
    assert_eq!(fixed.restore(&saved).report.losses, []);
    assert_eq!(fixed.journal.values::<Health>().len(), 4);
}

#[test]
fn without_a_step_the_values_are_reported_and_carried() {
    let mut old = OldSave::of(1);
    old.set(BODY, 0, &Body { health: 5, armor: 6 });
    let mut play = Play::start();
    let losses = play.restore(&old.journal).report.losses;
    assert_eq!(losses[0].reason, RestoreLossReason::UnknownType);
    assert!(play.journal.rows.contains_key(BODY));
}

#[test]
fn a_migration_cannot_write_onto_an_unknown_entity() {
    let mut old = OldSave::of(1);
    old.set(BODY, 0, &Body { health: 5, armor: 6 });
    let mut play = play_with(|app| {
        app.migrate_checkpoint(BODY, 0, |_: Body, checkpoint| {
            let nobody = Entity::from_bits(1 << 20);
            let refused = checkpoint.insert(nobody, &Health(1));
            assert_eq!(refused, Err(CheckpointEditError::NoEntity { entity: nobody }));
            assert_eq!(checkpoint.get::<Health>(nobody), Ok(None));
            assert_eq!(checkpoint.resource::<Score>(), Ok(None));
            checkpoint.remove::<Health>(nobody);
            let spawned = checkpoint.spawn();
            checkpoint.despawn(spawned);
            assert!(!checkpoint.contains(spawned));
            Ok(())
        });
    });
    let report = play.restore(&old.journal).report;
    assert_eq!((report.losses, report.entities), (vec![], 1));
}

#[test]
fn contradictory_migration_steps_are_problems() {
    let play = play_with(|app| {
        split_body(app);
        split_body(app);
        app.migrate_checkpoint("old::Score", 0, |_: u32, _| Ok(()))
            .rename_saved::<Score>("old::Score");
    });
    let problems = play.types.problems().iter();
    let problems: Vec<_> = problems.map(|it| (&*it.type_path, it.reason)).collect();
    let expected = [
        (BODY, TypeProblemReason::MigratedTwice),
        ("old::Score", TypeProblemReason::MigratedFromToday),
    ];
    assert_eq!(problems, expected);
}
