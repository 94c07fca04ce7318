//! Values whose own code panics while they are copied, in the game's frame.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::assert_journal_is_the_world;
use crate::capture::test_kit::*;
use crate::capture::{CaptureScope, EncodeFailureReason, Encoded, Parking, SaveKey, SessionAppExt};
use crate::saved::Saved;

/// Can't be cloned while it is hot.
#[derive(Default)]
struct Heat(Arc<AtomicBool>);

impl Heat {
    fn set(&self, is_hot: bool) {
        self.0.store(is_hot, Ordering::Relaxed);
    }

    fn handle(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    fn touch(&self) {
        assert!(!self.0.load(Ordering::Relaxed), "too hot");
    }
}

impl Clone for Heat {
    fn clone(&self) -> Self {
        self.touch();
        self.handle()
    }
}

#[derive(Component, TypePath, Clone, Serialize, Deserialize)]
struct Iron(u32, #[serde(skip)] Heat);

#[derive(Component, TypePath, Clone, Serialize, Deserialize)]
#[component(storage = "SparseSet")]
struct Ember(u32, #[serde(skip)] Heat);

#[derive(Resource, TypePath, Serialize, Deserialize)]
struct Furnace(u32, #[serde(skip)] Heat);

impl Clone for Furnace {
    fn clone(&self) -> Self {
        self.1.touch();
        Self(self.0, self.1.handle())
    }
}

#[derive(
    States, TypePath, Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize,
)]
enum Bellows {
    #[default]
    Still,
    Moving,
}

fn smithy() -> (Play, Heat) {
    let heat = Heat::default();
    let touched = heat.handle();
    let mut app = game();
    app.init_state::<Bellows>()
        .save_component::<Iron>()
        .save_component::<Ember>()
        .save_resource::<Furnace>()
        .save_state_as(move |bellows: Bellows| {
            touched.touch();
            bellows
        })
        .insert_resource(Furnace(1, heat.handle()));
    (Play::of(app), heat)
}

fn spawn(play: &mut Play, number: u32, heat: &Heat) -> Entity {
    let hot = (Iron(number, heat.handle()), Ember(number, heat.handle()));
    play.world().spawn((Saved, Health(number), hot)).id()
}

/// The types that failed, each of which has the panic's message.
fn failed(encoded: &Encoded) -> BTreeSet<&str> {
    let failures = encoded.failures.iter().map(|failure| {
        assert_eq!(failure.reason, EncodeFailureReason::NotCopied("too hot".into()));
        assert_eq!(failure.entity, None);
        &*failure.type_path
    });
    failures.collect()
}

fn hot_types() -> BTreeSet<&'static str> {
    let hot = [Iron::type_path(), Ember::type_path(), Furnace::type_path(), Bellows::type_path()];
    hot.into()
}

fn incomplete(encoded: &Encoded) -> BTreeSet<&str> {
    encoded.incomplete.iter().map(|path| &**path).collect()
}

fn irons(play: &Play) -> Vec<u32> {
    play.journal.values::<Iron>().into_iter().map(|iron| iron.0).collect()
}

fn embers(play: &Play) -> Vec<u32> {
    play.journal.values::<Ember>().into_iter().map(|ember| ember.0).collect()
}

fn furnaces(play: &Play) -> Vec<u32> {
    play.journal.values::<Furnace>().into_iter().map(|furnace| furnace.0).collect()
}

#[test]
fn what_a_delta_could_not_copy_is_in_the_next_one_without_being_written_again() {
    let (mut play, heat) = smithy();
    let entities = [1, 2, 3].map(|number| spawn(&mut play, number, &heat));
    play.full();
    let world = play.world();
    world.get_mut::<Iron>(entities[0]).unwrap().0 = 10;
    world.get_mut::<Ember>(entities[1]).unwrap().0 = 20;
    world.get_mut::<Health>(entities[1]).unwrap().0 = 200;
    world.resource_mut::<Furnace>().0 = 2;
    world.resource_mut::<NextState<Bellows>>().set(Bellows::Moving);
    world.despawn(entities[2]);
    spawn(&mut play, 4, &heat);
    play.frame();
    heat.set(true);
    // Whoever copies it, and how often it fails.
    for _ in 0..3 {
        let encoded = play.delta();
        assert_eq!(failed(&encoded), hot_types());
        assert_eq!(incomplete(&encoded), hot_types());
        assert!(encoded.drift.is_empty(), "{:?}", encoded.drift);
        // What was saved before stays, and others aren't held up.
        assert_eq!((irons(&play), embers(&play)), (vec![1, 2], vec![1, 2]));
        assert_eq!(furnaces(&play), [1]);
        assert_eq!(play.journal.of::<Bellows>().len(), 1);
        assert_eq!(play.journal.values::<Health>(), [1, 200, 4].map(Health));
        assert_eq!(play.recorder.captured_at(), None, "not all that was written is in it");
        play.frame();
    }
    heat.set(false);
    let encoded = play.delta();
    assert_eq!((failed(&encoded), incomplete(&encoded)), (BTreeSet::new(), BTreeSet::new()));
    assert!(encoded.drift.is_empty(), "{:?}", encoded.drift);
    assert_eq!((irons(&play), embers(&play)), (vec![10, 2, 4], vec![1, 20, 4]));
    assert_eq!(furnaces(&play), [2]);
    assert!(play.recorder.captured_at().is_some());
    assert!(play.record(CaptureScope::Delta).is_empty(), "and then no more");
    assert_journal_is_the_world(&mut play);
}

#[test]
fn what_a_full_capture_could_not_copy_is_in_the_next_delta() {
    let (mut play, heat) = smithy();
    for number in [1, 2] {
        spawn(&mut play, number, &heat);
    }
    play.full();
    heat.set(true);
    let encoded = play.full();
    assert_eq!(failed(&encoded), hot_types());
    assert_eq!((irons(&play), embers(&play), furnaces(&play)), (vec![], vec![], vec![]));
    assert!(play.journal.of::<Bellows>().is_empty());
    assert_eq!(play.journal.values::<Health>(), [1, 2].map(Health));
    // Nothing changed, but there is something to report.
    let still_hot = play.record(CaptureScope::Delta);
    assert!(!still_hot.is_empty());
    assert_eq!(failed(&play.encoder.encode(still_hot)), hot_types());
    heat.set(false);
    assert_eq!(incomplete(&play.delta()), BTreeSet::new());
    assert_eq!((irons(&play), embers(&play)), (vec![1, 2], vec![1, 2]));
    assert_eq!(furnaces(&play), [1]);
    assert_eq!(play.journal.of::<Bellows>().len(), 1);
    assert_journal_is_the_world(&mut play);
}

#[test]
fn a_resource_that_is_removed_while_it_is_owed_is_gone() {
    let (mut play, heat) = smithy();
    play.full();
    play.world().resource_mut::<Furnace>().0 = 2;
    heat.set(true);
    assert!(failed(&play.delta()).contains(Furnace::type_path()));
    play.world().remove_resource::<Furnace>();
    heat.set(false);
    assert_eq!(incomplete(&play.delta()), BTreeSet::new());
    assert!(furnaces(&play).is_empty());
    assert_journal_is_the_world(&mut play);
}

#[test]
fn what_is_captured_only_to_compare_settles_no_debt() {
    let (mut play, heat) = smithy();
    let entity = spawn(&mut play, 1, &heat);
    play.full();
    play.world().get_mut::<Iron>(entity).unwrap().0 = 10;
    heat.set(true);
    play.delta();
    heat.set(false);
    // It isn't written.
    let world = play.app.world_mut();
    let everything = play.recorder.look(world, CaptureScope::Full);
    assert_eq!(everything.scope(), CaptureScope::Full);
    play.delta();
    assert_eq!(irons(&play), [10]);
}

#[test]
fn buffers_are_used_again_after_a_copy_failed_in_the_middle() {
    let (mut play, heat) = smithy();
    let cold = Heat::default();
    let entities: Vec<Entity> = (0..20).map(|number| spawn(&mut play, number, &cold)).collect();
    // Only one of them can't be cloned, in the middle of the table.
    play.world().get_mut::<Iron>(entities[10]).unwrap().1 = heat.handle();
    play.world().get_mut::<Ember>(entities[10]).unwrap().1 = heat.handle();
    let full = play.full();
    play.recorder.recycle(full.emptied);
    for round in 0..8 {
        for entity in &entities {
            play.world().get_mut::<Iron>(*entity).unwrap().0 += 1;
            play.world().get_mut::<Ember>(*entity).unwrap().0 += 1;
        }
        heat.set(round % 2 == 0);
        let encoded = play.delta();
        assert_eq!(encoded.failures.is_empty(), round % 2 == 1);
        play.recorder.recycle(encoded.emptied);
    }
    let expected: Vec<u32> = (8..28).collect();
    assert_eq!((irons(&play), embers(&play)), (expected.clone(), expected));
    assert_journal_is_the_world(&mut play);
}

/// A level that is left is copied in the game's own command.
#[test]
fn placed_entities_that_leave_are_kept_without_the_values_that_panic() {
    let (mut play, heat) = smithy();
    let entity = spawn(&mut play, 1, &heat);
    play.full();
    heat.set(true);
    let columns = play.types.copy(play.app.world(), &[entity]);
    let entities = vec![(entity, SaveKey::new("anvil"))];
    let failures = play.encoder.park(Parking { entities, columns });
    let failed: BTreeSet<&str> = failures.iter().map(|failure| &*failure.type_path).collect();
    assert_eq!(failed, [Iron::type_path(), Ember::type_path()].into());
}
