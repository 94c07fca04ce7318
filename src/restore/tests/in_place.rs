//! The staying entities that a restore in place changes.

use bevy::ecs::change_detection::{DetectChangesMut, Tick};
use bevy::ecs::entity::{EntityHashSet, MapEntities};
use bevy::ecs::lifecycle::{Insert, Remove};
use bevy::prelude::*;
use serde::{Deserialize, Serialize, Serializer};

use crate::ReflectSaved;
use crate::capture::test_kit::*;
use crate::capture::{CaptureScope, Encoder, Known, SessionAppExt};
use crate::restore::{
    DespawnOnRestore, DroppedTypes, EntitiesReplaced, Leftovers, RespawnedEntity, RestoreManner,
};

/// An entity's home, which never changes.
#[derive(Component, Reflect, MapEntities, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(immutable)]
struct Home(#[entities] Entity);

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[relationship(relationship_target = Herd)]
struct InHerd(Entity);

/// Has no order.
#[derive(Component, Reflect, Debug)]
#[relationship_target(relationship = InHerd)]
struct Herd(EntityHashSet);

#[derive(Resource, Default)]
struct Linked(u32);

#[derive(Component, Reflect, Clone, PartialEq, Debug, Deserialize)]
#[reflect(Component, Saved)]
enum Moody {
    Well,
    Panicking,
}

impl Serialize for Moody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Well => serializer.serialize_unit_variant("Moody", 0, "Well"),
            Self::Panicking => panic!("never"),
        }
    }
}

/// A checkpoint, and the tick up to which all writes are in it.
struct Moment {
    journal: Journal,
    captured: Tick,
}

fn play() -> Play {
    let mut app = game();
    app.register_type::<Home>()
        .register_type::<InHerd>()
        .register_type::<Moody>()
        .init_resource::<Linked>();
    Play::of(app)
}

fn moment(play: &mut Play) -> Moment {
    play.full();
    let captured = play.recorder.captured_at().unwrap();
    Moment { journal: play.journal.clone(), captured }
}

fn go_back(play: &mut Play, to: &Moment) -> EntitiesReplaced {
    let image = play.image(&to.journal);
    play.restore_in_place(image, to.journal.next_save_id, Some(to.captured))
}

#[test]
fn an_immutable_reference_to_an_unsaved_entity_needs_no_respawn() {
    let mut play = play();
    let root = play.world().spawn_empty().id();
    let lives = play.world().spawn((Health(1), Home(root))).id();
    let then = moment(&mut play);
    play.world().get_mut::<Health>(lives).unwrap().0 = 2;
    let replaced = go_back(&mut play, &then);
    assert_eq!(replaced.report.respawned, []);
    assert_eq!(play.world().get::<Health>(lives), Some(&Health(1)));
    assert_eq!(play.world().get::<Home>(lives), Some(&Home(root)));
}

#[test]
fn a_relationship_list_without_an_order_is_not_rewritten() {
    let mut play = play();
    let target = play.world().spawn(Health(1)).id();
    let all: Vec<Entity> = (0..400).map(|number| play.world().spawn(Health(number)).id()).collect();
    // Far from each other, so that a table of hashes has them in another order when it has grown.
    let members: Vec<Entity> = all.into_iter().step_by(37).rev().collect();
    for member in &members {
        play.world().entity_mut(*member).insert(InHerd(target));
    }
    let then = moment(&mut play);
    play.world().get_mut::<Health>(target).unwrap().0 = 2;
    play.app.add_observer(|_: On<Insert<InHerd>>, mut linked: ResMut<Linked>| linked.0 += 1);
    go_back(&mut play, &then);
    assert_eq!(play.world().resource::<Linked>().0, 0);
    // Another table of hashes has another order.
    let many: Vec<Entity> =
        (0..900).map(|_| play.world().spawn((Health(0), InHerd(target))).id()).collect();
    many.into_iter().for_each(|entity| assert!(play.world().despawn(entity)));
    play.frame();
    play.world().resource_mut::<Linked>().0 = 0;
    go_back(&mut play, &then);
    assert!(play.world().resource::<Linked>().0 <= 1, "as far as it takes to see it");
    assert_eq!(play.world().get::<Herd>(target).unwrap().0.len(), members.len());
}

#[test]
fn a_reference_to_a_despawned_unsaved_entity_becomes_a_placeholder() {
    let mut play = play();
    let stranger = play.world().spawn_empty().id();
    let target = Target { strength: 1, targets: vec![stranger] };
    let aims = play.world().spawn((Health(1), target)).id();
    let then = moment(&mut play);
    play.world().despawn(stranger);
    play.frame();
    let replaced = go_back(&mut play, &then);
    assert_eq!(replaced.report.dangling_total, 1);
    let targets = &play.world().get::<Target>(aims).unwrap().targets;
    assert_eq!(*targets, [Entity::PLACEHOLDER]);
}

#[test]
fn a_reference_to_an_entity_despawned_before_the_checkpoint_stays_empty() {
    let mut play = play();
    let [died, other] = [2, 3].map(|health| play.world().spawn(Health(health)).id());
    let target = Target { strength: 1, targets: vec![other, died] };
    let aims = play.world().spawn((Health(1), target)).id();
    let lives = play.world().spawn((Health(1), Home(died))).id();
    play.full();
    play.world().despawn(died);
    play.frame();
    play.checkpoint(CaptureScope::Delta);
    let captured = play.recorder.captured_at().unwrap();
    let then = Moment { journal: play.journal.clone(), captured };
    play.world().get_mut::<Health>(aims).unwrap().0 = 5;
    let replaced = go_back(&mut play, &then);
    assert_eq!(replaced.report.dangling_total, 2, "{:?}", replaced.report);
    assert_eq!(replaced.report.written, 1);
    let [RespawnedEntity { was, is: lives_again }] = *replaced.report.respawned else {
        panic!("{:?}", replaced.report.respawned);
    };
    assert_eq!(was, lives);
    assert_eq!(play.world().get::<Target>(aims).unwrap().targets, [other, Entity::PLACEHOLDER]);
    assert_eq!(play.world().get::<Home>(lives_again), Some(&Home(Entity::PLACEHOLDER)));

    let image = play.image(&then.journal);
    let again = play.restore_in_place(image, then.journal.next_save_id, None).report;
    assert_eq!((again.written, again.dangling_total), (0, 2), "{again:?}");
    assert_eq!(again.respawned, [], "it is as it was restored");
}

#[test]
fn a_saved_entity_with_despawn_on_restore_is_reported_as_respawned() {
    let mut play = play();
    let [stays, goes] = [1, 2].map(|number| play.world().spawn(Health(number)).id());
    let then = moment(&mut play);
    play.world().entity_mut(goes).insert(DespawnOnRestore);
    let replaced = go_back(&mut play, &then);
    let respawned = &replaced.report.respawned;
    assert_eq!((respawned.len(), respawned[0].was), (1, goes));
    assert_eq!(play.world().get::<Health>(respawned[0].is), Some(&Health(2)));
    assert!(play.world().get_entity(stays).is_ok());
}

#[test]
fn a_value_whose_encoding_panics_counts_as_different() {
    let mut play = play();
    let entity = play.world().spawn((Health(1), Moody::Well)).id();
    let then = moment(&mut play);
    play.world().entity_mut(entity).insert(Moody::Panicking);
    let replaced = go_back(&mut play, &then);
    assert_eq!(replaced.report.written, 1);
    assert_eq!(play.world().get::<Moody>(entity), Some(&Moody::Well));
}

#[test]
fn a_resource_that_an_observer_inserts_again_is_part_of_the_next_run() {
    let mut play = play();
    play.app.add_observer(|_: On<Remove<Score>>, mut commands: Commands| {
        commands.insert_resource(Score(7));
    });
    play.world().spawn(Health(1));
    let then = moment(&mut play);
    assert!(then.journal.of::<Score>().is_empty());
    play.world().insert_resource(Score(1));
    assert_eq!(go_back(&mut play, &then).as_saved, None);
    assert_eq!(play.world().resource::<Score>().0, 7);
    assert_eq!(play.journal.of::<Score>().len(), 1);
}

#[test]
fn an_entity_despawned_by_a_restored_resource_is_respawned() {
    let mut play = play();
    let [leads, follows] = [1, 2].map(|number| play.world().spawn(Health(number)).id());
    play.world().insert_resource(Leader(leads));
    let then = moment(&mut play);
    play.world().insert_resource(Leader(follows));
    play.app.add_observer(move |_: On<Insert<Leader>>, mut commands: Commands| {
        commands.entity(follows).try_despawn();
    });
    let replaced = go_back(&mut play, &then);
    assert_eq!(replaced.report.respawned.len(), 1, "{:?}", replaced.report);
    assert_eq!(play.journal.of::<Health>().len(), 2);
    assert_eq!(play.world().resource::<Leader>().0, leads);
}

#[test]
fn values_that_captures_skipped_are_compared() {
    let mut play = play();
    let entity = play.world().spawn((Health(1), Inventory(vec![1]))).id();
    play.full();
    // As what is written by the id of its type: only the next capture that looks at each value sees it.
    let mut inventory = play.world().get_mut::<Inventory>(entity).unwrap();
    inventory.bypass_change_detection().0.push(2);
    let id = play.world().component_id::<Inventory>().unwrap();
    play.world().get_mut_by_id(entity, id).unwrap().set_changed();
    play.checkpoint(CaptureScope::Delta);
    let captured = play.recorder.captured_at().unwrap();
    let then = Moment { journal: play.journal.clone(), captured };
    go_back(&mut play, &then);
    assert_eq!(play.journal.of::<Inventory>(), then.journal.of::<Inventory>());
    // Where nothing is passed over, the capture has seen it.
    let captured = if HAS_SUMMARY_TICKS { vec![1] } else { vec![1, 2] };
    assert_eq!(play.world().get::<Inventory>(entity), Some(&Inventory(captured)));
}

#[test]
fn the_first_delta_of_a_run_has_all_changes_since_the_restore() {
    let mut play = play();
    let [stays, goes] = [1, 2].map(|number| play.world().spawn(Health(number)).id());
    play.world().spawn((Health(3), Inventory(vec![1]), ChildOf(stays)));
    play.world().insert_resource(Score(7));
    let then = moment(&mut play);
    play.world().get_mut::<Health>(stays).unwrap().0 = 20;
    let mut image = play.image(&then.journal);
    image.note_living(play.encoder.ids());
    let (none, nothing) = (Leftovers::none(), DroppedTypes::default());
    let known = Known { since: then.captured, recorder: &mut play.recorder };
    let mut replaced = image.write_in_place(play.app.world_mut(), &none, &nothing, Some(known));
    let as_saved = replaced.as_saved.expect("everything came back");
    let image = replaced.remains.take().unwrap();
    play.encoder = Encoder::new(play.types.clone(), then.journal.next_save_id);
    play.encoder.seed(replaced.seeds);
    play.encoder.open_with(image.into_written());
    play.recorder.go_on_from(play.app.world(), as_saved);

    // As observers of the restore do.
    play.world().get_mut::<Health>(stays).unwrap().0 = 50;
    play.world().despawn(goes);
    play.world().spawn((Health(9), ChildOf(stays)));
    play.world().remove_resource::<Score>();
    play.frame();
    let capture = play.record(CaptureScope::Delta);
    assert_eq!(capture.scope(), CaptureScope::Delta);
    let encoded = play.encoder.encode(capture);
    assert!(encoded.drift.is_empty(), "{:?}", encoded.drift);
    play.journal.fold(&encoded, true);
    let opened = play.journal.clone();
    assert!(opened.of::<Score>().is_empty(), "what went is no part of it");
    play.full();
    assert_eq!(opened.rows, play.journal.rows);
}

#[test]
fn a_run_that_does_not_know_the_world_opens_with_a_full_capture() {
    let mut play = play();
    let stranger = play.world().spawn_empty().id();
    play.world().spawn((Health(1), Target { strength: 1, targets: vec![stranger] }));
    let then = moment(&mut play);
    assert!(go_back(&mut play, &then).as_saved.is_some());
    let image = play.image(&then.journal);
    let next = then.journal.next_save_id;
    let unknown = play.restore_in_place(image, next, None);
    assert_eq!(unknown.as_saved, None, "of an earlier process, or after a change without a trace");
    play.world().despawn(stranger);
    play.frame();
    // The writer hears of a death with the next capture.
    let replaced = go_back(&mut play, &then);
    assert_eq!((replaced.report.dangling_total, replaced.as_saved), (1, None));
    let replaced = go_back(&mut play, &then);
    assert_eq!(replaced.report.dangling_total, 1);
    assert!(replaced.as_saved.is_some(), "any restore makes a placeholder of it");
}

#[test]
fn an_observers_change_to_a_value_with_a_dead_reference_is_undone() {
    let mut play = play();
    let died = play.world().spawn(Health(2)).id();
    let target = Target { strength: 1, targets: vec![died] };
    let aims = play.world().spawn((Health(1), target)).id();
    play.full();
    play.world().despawn(died);
    play.frame();
    let then = moment(&mut play);
    go_back(&mut play, &then);
    play.app.add_observer(|inserted: On<Insert<Health>>, mut targets: Query<&mut Target>| {
        targets.get_mut(inserted.entity).unwrap().strength += 1;
    });
    play.world().entity_mut(aims).insert(Health(5));
    play.world().get_mut::<Target>(aims).unwrap().strength = 1;
    play.frame();
    let replaced = go_back(&mut play, &then);
    assert_eq!(play.world().get::<Health>(aims), Some(&Health(1)));
    assert_eq!(play.world().get::<Target>(aims).unwrap().strength, 1);
    assert_eq!(replaced.report.overwritten.len(), 1, "{:?}", replaced.report);
}

#[test]
fn a_run_after_a_lost_relationship_opens_with_a_full_capture() {
    let mut play = play();
    let shepherd = play.world().spawn_empty().id();
    play.world().spawn((Health(1), InHerd(shepherd)));
    let then = moment(&mut play);
    play.world().despawn(shepherd);
    play.frame();
    // The writer hears of a death with the next capture.
    for written in [1, 0] {
        let replaced = go_back(&mut play, &then);
        assert_eq!((replaced.report.dangling_total, replaced.report.written), (1, written));
        assert_eq!(replaced.as_saved, None, "the checkpoint has a row that the world hasn't");
    }
}

#[test]
fn a_migrated_checkpoint_is_restored_by_respawning() {
    const BODY: &str = "old::Body";
    let mut app = game();
    app.migrate_checkpoint(BODY, 0, |health: u32, checkpoint| {
        let entity = checkpoint.entity().ok_or("no entity")?;
        checkpoint.insert(entity, &Health(health))?;
        Ok(())
    });
    let mut play = Play::of(app);
    let stays = play.world().spawn(Inventory(vec![1])).id();
    let mut then = moment(&mut play);
    let id = *then.journal.of::<Inventory>().keys().next().unwrap();
    let mut as_captured = play.image(&then.journal);
    as_captured.note_living(play.encoder.ids());
    assert_eq!(as_captured.manner(RestoreManner::InPlace), RestoreManner::InPlace);

    then.journal.set(BODY, id, &7_u32);
    then.journal.types.push(BODY.to_owned());
    let mut migrated = play.image(&then.journal);
    migrated.note_living(play.encoder.ids());
    assert_eq!(migrated.manner(RestoreManner::InPlace), RestoreManner::Respawn);
    let next = then.journal.next_save_id;
    play.restore_image(migrated, next);
    assert!(play.world().get_entity(stays).is_err(), "the world isn't what was captured");
    assert_eq!(play.journal.values::<Health>(), [Health(7)]);
}
