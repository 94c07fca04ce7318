//! Worlds of which a level has placed a part go back in place.

// Feature: Entities with a `SaveKey` go back in place like others: nobody hears of what is unchanged.

use std::collections::HashSet;

use bevy::ecs::change_detection::Tick;
use bevy::ecs::entity::EntityHashMap;
use bevy::ecs::lifecycle::{HookContext, Insert, Remove};
use bevy::ecs::world::DeferredWorld;
use bevy::prelude::*;
use bevy_session_journal::SaveId;
use bevy_session_journal::internal::format::ENTITIES;
use serde::{Deserialize, Serialize};

use crate::capture::test_kit::*;
use crate::capture::{CaptureScope, Placed};
use crate::restore::{DroppedTypes, EntitiesReplaced, Leftovers, RestoreReport};
use crate::saved::{BUILD, Saved};
use crate::{ReflectSaved, SaveKey, SaveScope};

const WORLDS: u64 = 200;
const PLACED: usize = 5;

/// Is in an index that its hooks keep.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(on_insert = note, on_discard = forget)]
struct Indexed(u32);

#[derive(Resource, Default, PartialEq, Debug)]
struct Index(EntityHashMap<u32>);

fn note(mut world: DeferredWorld<'_>, context: HookContext) {
    let value = world.get::<Indexed>(context.entity).unwrap().0;
    world.resource_mut::<Index>().0.insert(context.entity, value);
}

fn forget(mut world: DeferredWorld<'_>, context: HookContext) {
    world.resource_mut::<Index>().0.remove(&context.entity);
}

/// A game that does something at random.
struct Life {
    play: Play,
    dice: Dice,
}

impl Life {
    fn begin(seed: u64) -> Self {
        let mut app = game();
        app.register_type::<Indexed>().init_resource::<Index>();
        let mut play = Play::of(app);
        for number in 0..PLACED {
            play.world().spawn((SaveKey::new(format!("thing {number}")), Health(number as u32)));
        }
        for number in 10..16 {
            play.world().spawn(Health(number));
        }
        Self { play, dice: Dice(seed * 0x9e37_79b9) }
    }

    fn saved(&mut self) -> Vec<Entity> {
        let world = self.play.world();
        let mut saved: Vec<Entity> =
            world.query_filtered::<Entity, With<Saved>>().iter(world).collect();
        saved.sort_unstable();
        saved
    }

    fn one(&mut self) -> Entity {
        let saved = self.saved();
        self.dice.pick(&saved).unwrap()
    }

    fn act(&mut self) {
        let (one, other) = (self.one(), self.one());
        let number = self.dice.roll(4) as u32;
        let course = self.dice.roll(20);
        let world = self.play.world();
        let may_hang = !is_above(world, one, other);
        let mut entity = world.entity_mut(one);
        match course {
            0 | 1 => drop(entity.insert(Health(number))),
            2 => entity.get_mut::<Health>().into_iter().for_each(|mut health| health.0 += 1),
            3 => drop(entity.insert(Inventory(vec![number; 2]))),
            4 => drop(entity.insert(Burning(number))),
            5 => drop(entity.insert(Serial(number))),
            6 => drop(entity.remove::<(Inventory, Serial)>()),
            7 => drop(entity.remove::<(Burning, MemberOf)>()),
            8 => drop(entity.remove::<ChildOf>()),
            9 => drop(entity.insert(Target { strength: number, targets: vec![other, one] })),
            10 if one != other => drop(entity.insert(MemberOf(other))),
            11 | 12 if may_hang => drop(entity.insert(ChildOf(other))),
            13 => drop(world.spawn((Health(number), ChildOf(one)))),
            14 => self.kill(one),
            15 => self.play.frame(),
            16 => drop(entity.insert(Indexed(number))),
            17 => drop(entity.remove::<Indexed>()),
            18 => self.load_again(one),
            19 => self.give_key_to(one),
            _ => {}
        }
    }

    /// The index as it should be.
    fn indexed(&mut self) -> Index {
        let world = self.play.world();
        let mut all = world.query::<(Entity, &Indexed)>();
        Index(all.iter(world).map(|(entity, indexed)| (entity, indexed.0)).collect())
    }

    fn placed(&mut self) -> Vec<Entity> {
        let world = self.play.world();
        world.query_filtered::<Entity, With<SaveKey>>().iter(world).collect()
    }

    /// Despawns an entity without a key, unless one with a key hangs from it: only its level would bring that back.
    fn kill(&mut self, victim: Entity) {
        let placed = self.placed();
        let world = self.play.world();
        if !placed.iter().any(|placed| is_above(world, victim, *placed)) {
            self.despawn(victim);
        }
    }

    /// What a level has placed is spawned again, with other values, as if it was loaded again.
    fn load_again(&mut self, one: Entity) {
        let placed = self.placed();
        let world = self.play.world();
        let Some(key) = world.get::<SaveKey>(one).cloned() else { return };
        if placed.iter().filter(|placed| is_above(world, one, **placed)).count() == 1 {
            self.despawn(one);
            self.play.world().spawn((key, Health(77), Inventory(vec![7])));
        }
    }

    /// A key changes hands.
    fn give_key_to(&mut self, one: Entity) {
        let placed = self.placed();
        let bearer = self.dice.pick(&placed).unwrap();
        let world = self.play.world();
        if world.get::<SaveKey>(one).is_none()
            && let Some(key) = world.entity_mut(bearer).take::<SaveKey>()
        {
            world.entity_mut(one).insert(key);
        }
    }

    /// Despawns an entity, and whatever refers to it or what hangs from it forgets that.
    fn despawn(&mut self, victim: Entity) {
        let world = self.play.world();
        world.despawn(victim);
        world.flush();
        let dead: Vec<Entity> = {
            let mut targets = world.query::<&Target>();
            let named = targets.iter(world).flat_map(|target| target.targets.clone());
            named.filter(|named| world.get_entity(*named).is_err()).collect()
        };
        for mut target in world.query::<&mut Target>().iter_mut(world) {
            if target.targets.iter().any(|named| dead.contains(named)) {
                target.targets.retain(|named| !dead.contains(named));
            }
        }
    }
}

/// A placed entity and another one, captured, with the tick of that.
fn captured(door: impl Bundle) -> (Play, [Entity; 2], Journal, Tick) {
    let mut play = Play::start();
    let door = play.world().spawn((SaveKey::new("door"), Health(2), door)).id();
    let other = play.world().spawn(Health(1)).id();
    play.full();
    let (then, captured) = (play.journal.clone(), play.recorder.captured_at().unwrap());
    (play, [door, other], then, captured)
}

#[test]
fn components_added_by_an_update_need_a_full_opening_checkpoint() {
    let (mut play, [door, _], mut then, captured) = captured(());
    // As if it had waited for its level since an earlier build.
    let (id, _) = play.encoder.ids().into_iter().find(|(_, it)| *it == door).unwrap();
    then.rows.get_mut(BUILD).unwrap().insert(id, Vec::new());
    play.world().entity_mut(door).insert(Inventory(vec![7]));
    let image = play.image(&then);
    let replaced = play.restore_in_place(image, then.next_save_id, Some(captured));
    assert_eq!(replaced.report.new_components.len(), 1, "{:?}", replaced.report);
    assert_eq!(replaced.as_saved, None);
    assert_eq!(play.world().get::<Inventory>(door), Some(&Inventory(vec![7])));
}

#[test]
fn a_placed_entity_without_its_saved_parent_keeps_the_levels_parent() {
    for hangs in [true, false] {
        let mut play = Play::start();
        let [root, again] = [(); 2].map(|()| play.world().spawn_empty().id());
        let door = play.world().spawn((SaveKey::new("door"), Health(1), ChildOf(root))).id();
        play.full();
        let (then, captured) = (play.journal.clone(), play.recorder.captured_at().unwrap());
        play.world().entity_mut(door).remove::<ChildOf>();
        if hangs {
            play.world().entity_mut(door).insert(ChildOf(again));
        }
        play.world().despawn(root);
        play.frame();
        let image = play.image(&then);
        let replaced = play.restore_in_place(image, then.next_save_id, Some(captured));
        assert!(replaced.changed.is_empty() && replaced.report.written == 0, "{replaced:?}");
        assert_eq!(replaced.as_saved, None, "the world isn't what was saved");
        let parent = play.world().get::<ChildOf>(door).map(ChildOf::parent);
        assert_eq!(parent, hangs.then_some(again));
    }
}

#[test]
fn a_placed_entity_despawned_while_written_is_counted() {
    let (mut play, [door, other], then, captured) = captured(());
    play.world().despawn(other);
    play.world().get_mut::<Health>(door).unwrap().0 = 5;
    play.app.add_observer(|inserted: On<Insert<Health>>, mut commands: Commands| {
        commands.entity(inserted.entity).try_despawn();
    });
    let image = play.image(&then);
    let replaced = play.restore_in_place(image, then.next_save_id, Some(captured));
    let RestoreReport { entities, despawned_again, placed, .. } = replaced.report;
    // What the level has placed waits for the level to place it again.
    assert_eq!((entities, despawned_again, placed.unclaimed_total), (0, 1, 1));
}

#[test]
fn a_respawned_placed_entity_has_the_save_id_of_its_key() {
    let (mut play, [door, other], then, captured) = captured(Armor(1));
    play.world().despawn(door);
    let again = play.world().spawn((SaveKey::new("door"), Health(2), Armor(1))).id();
    // Nothing differs but who it is, and the encoder doesn't know it yet.
    play.world().entity_mut(other).insert(Health(3));
    let image = play.image(&then);
    let replaced = play.restore_in_place(image, then.next_save_id, Some(captured));
    assert_eq!((replaced.report.written, replaced.report.spawned), (1, 0), "{:?}", replaced.report);
    assert!(replaced.seeds.iter().any(|(entity, _)| *entity == again));
    assert_eq!(play.journal.rows, then.rows);
    assert_eq!(play.opened.as_ref().map(|it| &it.rows), Some(&then.rows));
}

/// A room with a thing to which another entity refers, captured.
fn room() -> (Play, [Entity; 3]) {
    let mut play = Play::start();
    play.note_placed();
    let [root, thing] = enter(&mut play);
    let aims = play.world().spawn((Health(2), Target { strength: 1, targets: vec![thing] })).id();
    play.follow_placed();
    play.full();
    (play, [root, thing, aims])
}

fn enter(play: &mut Play) -> [Entity; 2] {
    let root = play.world().spawn((SaveKey::new("room"), SaveScope::new("room"))).id();
    let thing = play.world().spawn((SaveKey::new("room/thing"), Health(1), ChildOf(root))).id();
    [root, thing]
}

fn targets(play: &Play, aims: Entity) -> &[Entity] {
    &play.app.world().get::<Target>(aims).unwrap().targets
}

#[test]
fn entities_spawned_by_the_removal_of_a_placed_one_are_removed() {
    let mut play = Play::start();
    play.note_placed();
    let door = (SaveKey::new("door"), Health(1), Serial(1));
    let taken = play.world().spawn(door.clone()).id();
    // Another one stays, and loses what it hasn't in the checkpoint.
    let stays = play.world().spawn((SaveKey::new("window"), Health(1))).id();
    play.follow_placed();
    play.world().despawn(taken);
    play.full();
    play.world().entity_mut(stays).insert(Serial(2));
    play.app.add_observer(|_: On<Remove<Serial>>, mut commands: Commands| {
        commands.spawn((Name::new("loot"), Saved));
    });
    play.load = Some(Box::new(move |world| {
        world.spawn(door);
    }));
    let replaced = play.restore(&play.journal.clone());
    assert_eq!((replaced.report.placed.gone_again, replaced.report.extra), (1, Vec::new()));
}

/// Restores what is captured, in this manner.
fn again(play: &mut Play, in_place: bool) -> EntitiesReplaced {
    let then = play.journal.clone();
    match in_place {
        true => play.restore_in_place(play.image(&then), then.next_save_id, None),
        false => play.restore(&then),
    }
}

#[test]
fn a_reference_to_a_waiting_placed_entity_outlives_restores() {
    for in_place in [true, false] {
        let (mut play, [root, ..]) = room();
        let named = play.journal.of::<Target>();
        play.world().despawn(root);
        play.follow_placed();
        play.full();
        for _ in 0..3 {
            let replaced = again(&mut play, in_place);
            assert_eq!((replaced.report.written, replaced.report.dangling_total), (0, 0));
            assert_eq!(play.journal.of::<Target>(), named, "in place: {in_place}");
            let aims = play.single::<Target>();
            let [nobody] = *targets(&play, aims) else { panic!("it refers to one") };
            assert!(play.app.world().get_entity(nobody).is_err());
        }
        let [_, thing] = enter(&mut play);
        play.follow_placed();
        play.full();
        assert_eq!(play.journal.of::<Target>(), named, "in place: {in_place}");
        again(&mut play, in_place);
        let aims = play.single::<Target>();
        assert_eq!(targets(&play, aims), [thing], "in place: {in_place}");
    }
}

#[test]
fn placed_entities_that_wait_and_refer_to_each_other_outlive_a_restart() {
    let mut play = Play::start();
    play.note_placed();
    let enter_cellar = |play: &mut Play| {
        let root = play.world().spawn((SaveKey::new("cellar"), SaveScope::new("cellar"))).id();
        let thing = (SaveKey::new("cellar/thing"), Health(2), ChildOf(root));
        [root, play.world().spawn(thing).id()]
    };
    let ([room, here], [cellar, there]) = (enter(&mut play), enter_cellar(&mut play));
    for (thing, other) in [(here, there), (there, here)] {
        let aims = Target { strength: 1, targets: vec![other] };
        play.world().entity_mut(thing).insert(aims);
    }
    play.follow_placed();
    play.full();
    let named = play.journal.of::<Target>();
    leave(&mut play, room);
    leave(&mut play, cellar);
    play.full();
    again(&mut play, false);
    assert_eq!(play.journal.of::<Target>(), named);
    // One comes without the other.
    let [_, here] = enter(&mut play);
    play.follow_placed();
    play.full();
    assert_eq!(play.journal.of::<Target>(), named, "what came names what waits");
    let [_, there] = enter_cellar(&mut play);
    play.follow_placed();
    play.full();
    assert_eq!(play.journal.of::<Target>(), named);
    again(&mut play, true);
    assert_eq!((targets(&play, here), targets(&play, there)), (&[there][..], &[here][..]));
}

#[test]
fn what_stands_in_for_those_that_wait_has_an_index_each_which_is_used_again() {
    let mut play = Play::start();
    play.note_placed();
    let root = play.world().spawn((SaveKey::new("room"), SaveScope::new("room"))).id();
    for number in 0..100 {
        let key = SaveKey::new(format!("room/{number}"));
        play.world().spawn((key, Health(1), ChildOf(root)));
    }
    play.follow_placed();
    leave(&mut play, root);
    play.full();
    // Maps of entities hash the index: with one for all, each restore would take the square of their number.
    let mut indices = |in_place| {
        let absent = again(&mut play, in_place).absent;
        let indices = absent.into_iter().map(|(entity, _)| entity.index_u32());
        indices.collect::<HashSet<u32>>()
    };
    let first = indices(false);
    assert_eq!(first.len(), 100);
    for in_place in [true, false, true] {
        assert_eq!(indices(in_place), first);
    }
}

#[test]
fn a_follower_writes_no_reference_to_a_waiting_placed_entity_again() {
    let (mut play, [root, ..]) = room();
    leave(&mut play, root);
    play.full();
    let then = play.journal.clone();
    let mut replaced = again(&mut play, false);
    for _ in 0..3 {
        let mut image = play.image(&then);
        let by_id = |(entity, id): &(Entity, SaveId)| (*id, *entity);
        image.note_living(replaced.seeds.iter().map(by_id));
        image.note_left(replaced.absent.iter().map(by_id));
        let (leftovers, dropped) = (Leftovers::none(), DroppedTypes::default());
        replaced = image.write_in_place(play.world(), &leftovers, &dropped, None);
        assert_eq!(replaced.report.written, 0);
    }
}

#[test]
fn references_to_a_placed_entity_that_dies_of_a_restore_are_kept() {
    for (in_place, dies_as_it_is_written) in [(true, true), (false, true), (true, false)] {
        let mut play = Play::start();
        play.note_placed();
        let door = play.world().spawn((SaveKey::new("door"), Health(3))).id();
        if dies_as_it_is_written {
            play.world().entity_mut(door).insert(Serial(1));
        }
        play.world().spawn((Health(1), Target { strength: 1, targets: vec![door] }));
        play.follow_placed();
        play.full();
        let named = play.journal.of::<Target>();
        if dies_as_it_is_written {
            play.world().entity_mut(door).remove::<Serial>();
            play.app.add_observer(|it: On<Insert<Serial>>, mut commands: Commands| {
                commands.entity(it.entity).try_despawn();
            });
        } else {
            play.world().entity_mut(door).insert(Serial(1));
            play.app.add_observer(|it: On<Remove<Serial>>, mut commands: Commands| {
                commands.entity(it.entity).try_despawn();
            });
        }
        again(&mut play, in_place);
        assert_eq!(play.journal.of::<Target>(), named, "{in_place} {dies_as_it_is_written}");
    }
}

#[test]
fn a_reference_to_a_left_placed_entity_is_captured_unchanged() {
    let (mut play, [root, ..]) = room();
    let named = play.journal.of::<Target>();
    play.world().despawn(root);
    play.follow_placed();
    for scope in [CaptureScope::Delta, CaptureScope::Full, CaptureScope::Full] {
        play.checkpoint(scope);
        assert_eq!(play.journal.of::<Target>(), named, "{scope:?}");
    }
}

#[test]
fn a_reference_to_a_left_placed_entity_resolves_when_it_returns() {
    let (mut play, [root, _, aims]) = room();
    play.world().despawn(root);
    play.follow_placed();
    let [_, thing] = enter(&mut play);
    assert_eq!(play.follow_placed().len(), 1);
    assert_eq!(targets(&play, aims), [thing]);
    play.full();
    let (then, captured) = (play.journal.clone(), play.recorder.captured_at().unwrap());
    let replaced = play.restore_in_place(play.image(&then), then.next_save_id, Some(captured));
    assert_eq!(replaced.report.written, 0);
    assert_eq!(targets(&play, aims), [thing]);
    play.restore(&then);
    let aims = play.single::<Target>();
    assert_eq!(targets(&play, aims), [thing]);
}

#[test]
fn a_waiting_placed_entity_keeps_its_reference_to_an_anchor() {
    for in_place in [true, false] {
        let (mut play, [root, thing, _]) = room();
        let camp = play.world().spawn(SaveKey::new("camp")).id();
        let target = Target { strength: 1, targets: vec![camp] };
        play.world().entity_mut(thing).insert(target);
        play.full();
        play.world().despawn(root);
        play.follow_placed();
        play.full();
        let then = play.journal.clone();
        for _ in 0..2 {
            match in_place {
                true => _ = play.restore_in_place(play.image(&then), then.next_save_id, None),
                false => _ = play.restore(&then),
            }
        }
        let [_, thing] = enter(&mut play);
        play.follow_placed();
        assert_eq!(targets(&play, thing), [camp], "in place: {in_place}");
    }
}

/// Restores a checkpoint of a door with health only, for which the level has more.
fn restored_to_health_only(play: &mut Play, in_place: bool, more: impl Bundle) -> EntitiesReplaced {
    let door = play.world().spawn((SaveKey::new("door"), Health(1))).id();
    play.world().entity_mut(door).remove::<Armor>();
    play.full();
    let then = play.journal.clone();
    play.world().entity_mut(door).insert(more);
    let replaced = match in_place {
        true => play.restore_in_place(play.image(&then), then.next_save_id, None),
        false => play.restore(&then),
    };
    assert_eq!(play.journal.rows, then.rows, "in place: {in_place}");
    replaced
}

#[test]
fn entities_and_components_that_component_removals_add_are_removed() {
    for in_place in [true, false] {
        let mut play = Play::start();
        play.app.add_observer(|_: On<Remove<Serial>>, mut commands: Commands| {
            commands.spawn((Name::new("loot"), Saved));
        });
        play.app.add_observer(|removed: On<Remove<Look>>, mut commands: Commands| {
            commands.entity(removed.entity).insert(Burning(1));
        });
        let more = (Serial(1), Look::Plain);
        let report = restored_to_health_only(&mut play, in_place, more).report;
        assert_eq!((report.extra, report.not_as_saved), (Vec::new(), Vec::<String>::new()));
    }
}

/// Leaves the room, in the frame after which the plugin hears of it.
fn leave(play: &mut Play, root: Entity) {
    play.world().despawn(root);
    play.follow_placed();
}

#[test]
fn a_placed_entity_gone_for_good_is_not_kept_when_its_room_is_left() {
    for was_seen in [true, false] {
        let (mut play, [root, thing, _]) = room();
        play.world().despawn(thing);
        if was_seen {
            play.full();
        }
        // The room has it once more, and is left before it goes again.
        play.world().spawn((SaveKey::new("room/thing"), Health(9), ChildOf(root)));
        leave(&mut play, root);
        play.full();
        assert_eq!(play.app.world().resource::<Placed>().waiting().count(), 0);
        let report = play.restore(&play.journal.clone()).report;
        assert_eq!(report.placed.unclaimed_total, 0, "it was seen to go: {was_seen}");
    }
}

#[test]
fn a_placed_entity_despawned_before_its_claim_is_gone_for_good() {
    let (mut play, [root, ..]) = room();
    leave(&mut play, root);
    let [_, thing] = enter(&mut play);
    play.world().despawn(thing);
    play.follow_placed();
    play.checkpoint(CaptureScope::Delta);
    assert_eq!(play.app.world().resource::<Placed>().waiting().count(), 0);
    let report = play.restore(&play.journal.clone()).report;
    assert_eq!(report.placed.unclaimed_total, 0);
    let again = play.world().spawn((SaveKey::new("room/thing"), Health(9))).id();
    play.follow_placed();
    assert!(play.app.world().get_entity(again).is_err(), "it goes again");
}

#[test]
fn values_of_a_released_key_are_kept_when_its_room_is_left() {
    let (mut play, [root, thing, _]) = room();
    play.world().despawn(thing);
    play.full();
    let key = SaveKey::new("room/thing");
    play.world().resource_mut::<Placed>().release(key.clone());
    play.world().spawn((key, Health(9), ChildOf(root)));
    play.follow_placed();
    leave(&mut play, root);
    play.checkpoint(CaptureScope::Delta);
    let [_, thing] = enter(&mut play);
    assert_eq!(play.follow_placed().len(), 1);
    assert_eq!(play.app.world().get::<Health>(thing), Some(&Health(9)));
}

/// The one outside of the room that refers to something.
fn outsider(play: &mut Play) -> Entity {
    let mut all = play.world().query_filtered::<Entity, (With<Target>, Without<SaveKey>)>();
    all.single(play.app.world()).expect("one")
}

/// A room whose thing refers to its root, as one outside of it does.
fn room_with_root_named() -> (Play, [Entity; 2]) {
    let (mut play, [root, thing, aims]) = room();
    for entity in [thing, aims] {
        play.world().entity_mut(entity).insert(Target { strength: 1, targets: vec![root] });
    }
    play.full();
    (play, [root, aims])
}

#[test]
fn references_to_a_scope_root_resolve_when_it_returns() {
    for scope in [None, Some(CaptureScope::Delta), Some(CaptureScope::Full)] {
        let (mut play, [root, aims]) = room_with_root_named();
        let named = play.journal.of::<Target>();
        leave(&mut play, root);
        if let Some(scope) = scope {
            play.checkpoint(scope);
            assert_eq!(play.journal.of::<Target>(), named, "{scope:?}");
        }
        let [root, thing] = enter(&mut play);
        play.follow_placed();
        assert_eq!(targets(&play, thing), [root]);
        for scope in [CaptureScope::Delta, CaptureScope::Full, CaptureScope::Full] {
            play.checkpoint(scope);
            assert_eq!(play.journal.of::<Target>(), named, "{scope:?}");
        }
        let (then, captured) =
            (play.journal.clone(), play.recorder.captured_at().expect("captured"));
        play.restore_in_place(play.image(&then), then.next_save_id, Some(captured));
        assert_eq!(targets(&play, aims), [root], "in place");
        play.restore(&then);
        let aims = outsider(&mut play);
        assert_eq!(targets(&play, aims), [root], "respawned");
    }
}

#[test]
fn waiting_entities_refer_to_a_root_absent_at_the_restore() {
    for in_place in [true, false] {
        let (mut play, [root, _]) = room_with_root_named();
        leave(&mut play, root);
        play.full();
        let then = play.journal.clone();
        match in_place {
            true => _ = play.restore_in_place(play.image(&then), then.next_save_id, None),
            false => _ = play.restore(&then),
        }
        let [root, thing] = enter(&mut play);
        play.follow_placed();
        assert_eq!(targets(&play, thing), [root], "in place: {in_place}");
    }
}

#[test]
fn a_root_with_an_id_before_it_is_followed_keeps_that_id() {
    let (mut play, [root, aims]) = room_with_root_named();
    leave(&mut play, root);
    play.checkpoint(CaptureScope::Delta);
    let [root, _] = enter(&mut play);
    // As a recorded event does.
    play.encoder.name_entities(|names| names.get_mapped(root));
    play.world().get_mut::<Target>(aims).expect("it has one").targets = vec![root];
    play.follow_placed();
    play.checkpoint(CaptureScope::Delta);
    let then = play.journal.clone();
    play.restore(&then);
    let aims = outsider(&mut play);
    assert_eq!(targets(&play, aims), [root]);
}

#[test]
fn a_root_whose_key_changes_is_found_by_its_current_key() {
    for key in ["a later key", "an earlier key"] {
        let (mut play, [root, aims]) = room_with_root_named();
        for key in [key, "room"] {
            play.world().entity_mut(root).insert(SaveKey::new(key));
            play.follow_placed();
            play.checkpoint(CaptureScope::Delta);
            let then = play.journal.clone();
            play.restore_in_place(play.image(&then), then.next_save_id, None);
            assert_eq!(targets(&play, aims), [root], "{key}");
        }
        play.restore(&play.journal.clone());
        let aims = outsider(&mut play);
        assert_eq!(targets(&play, aims), [root], "{key}");
    }
}

#[test]
fn a_root_that_came_and_went_between_captures_keeps_its_references() {
    let (mut play, [root, _]) = room_with_root_named();
    leave(&mut play, root);
    for _ in 0..2 {
        let [root, thing] = enter(&mut play);
        play.follow_placed();
        assert_eq!(targets(&play, thing), [root]);
        leave(&mut play, root);
    }
    play.checkpoint(CaptureScope::Delta);
    let [root, thing] = enter(&mut play);
    play.follow_placed();
    assert_eq!(targets(&play, thing), [root]);
}

#[test]
fn roots_that_change_keys_in_one_frame_are_distinguished() {
    for renames_first in [true, false] {
        let (mut play, [root, aims]) = room_with_root_named();
        let rename =
            |play: &mut Play| _ = play.world().entity_mut(root).insert(SaveKey::new("old"));
        if renames_first {
            rename(&mut play);
        }
        let other = play.world().spawn(SaveKey::new("room")).id();
        if !renames_first {
            rename(&mut play);
        }
        play.world().spawn((Health(7), Target { strength: 7, targets: vec![other] }));
        play.follow_placed();
        play.full();
        play.restore(&play.journal.clone());
        let mut all = play.world().query::<&Target>();
        let all: Vec<Target> = all.iter(play.app.world()).cloned().collect();
        let named = |strength| {
            let found = all.iter().find(|it| it.strength == strength);
            found.map(|it| it.targets.clone())
        };
        assert_eq!((named(7), named(1)), (Some(vec![other]), Some(vec![root])), "{aims}");
    }
}

#[test]
fn a_root_with_two_ids_is_found_by_both() {
    let (mut play, [root, _]) = room_with_root_named();
    leave(&mut play, root);
    play.checkpoint(CaptureScope::Delta);
    let [root, thing] = enter(&mut play);
    play.encoder.name_entities(|names| names.get_mapped(root));
    play.follow_placed();
    play.world().get_mut::<Target>(thing).expect("it has one").targets = vec![root];
    play.checkpoint(CaptureScope::Delta);
    leave(&mut play, root);
    let [root, thing] = enter(&mut play);
    play.follow_placed();
    assert_eq!(targets(&play, thing), [root]);
}

#[test]
fn references_to_an_absent_root_are_cleared_once_by_rewinds() {
    let (mut play, [root, aims]) = room_with_root_named();
    leave(&mut play, root);
    play.full();
    let then = play.journal.clone();
    for written in [1, 0] {
        let replaced = play.restore_in_place(play.image(&then), then.next_save_id, None);
        assert_eq!(replaced.report.written, written);
        assert_eq!(targets(&play, aims), [Entity::PLACEHOLDER]);
    }
}

/// A room with two things that refer to each other.
fn room_of_two() -> (Play, [Entity; 3]) {
    let (mut play, [root, thing, _]) = room();
    let other = play.world().spawn((SaveKey::new("room/other"), Armor(1), ChildOf(root))).id();
    play.world().entity_mut(thing).insert(Target { strength: 1, targets: vec![other] });
    play.world().entity_mut(other).insert(Target { strength: 1, targets: vec![thing] });
    play.follow_placed();
    play.full();
    (play, [root, thing, other])
}

#[test]
fn references_to_a_placed_entity_that_leaves_before_its_claim_are_kept() {
    let (mut play, [root, ..]) = room_of_two();
    let named = play.journal.of::<Target>();
    leave(&mut play, root);
    enter(&mut play);
    let annex = play.world().spawn((SaveKey::new("annex"), SaveScope::new("annex"))).id();
    play.world().spawn((SaveKey::new("room/other"), Armor(1), ChildOf(annex)));
    play.while_claiming = Some(Box::new(move |world| _ = world.despawn(annex)));
    assert_eq!(play.follow_placed().len(), 1);
    for scope in [CaptureScope::Delta, CaptureScope::Full] {
        play.checkpoint(scope);
        assert_eq!(play.journal.of::<Target>(), named, "{scope:?}");
    }
}

#[test]
fn references_to_a_placed_entity_that_dies_of_its_claim_are_kept() {
    let (mut play, [root, thing, aims]) = room();
    play.world().entity_mut(thing).insert(Serial(1));
    play.full();
    let named = play.journal.of::<Target>();
    leave(&mut play, root);
    play.app.add_observer(|added: On<Insert<Serial>>, mut commands: Commands| {
        commands.entity(added.entity).try_despawn();
    });
    let [_, thing] = enter(&mut play);
    play.world().get_mut::<Target>(aims).expect("it has one").targets = vec![thing];
    play.while_claiming = Some(Box::new(|_| ()));
    play.follow_placed();
    assert!(play.app.world().get_entity(thing).is_err());
    for scope in [CaptureScope::Delta, CaptureScope::Full] {
        play.checkpoint(scope);
        assert_eq!(play.journal.of::<Target>(), named, "{scope:?}");
    }
}

#[test]
fn mutual_references_survive_a_return_one_by_one() {
    let (mut play, [root, ..]) = room_of_two();
    let key = SaveKey::new("room/other");
    let named = play.journal.of::<Target>();
    leave(&mut play, root);
    // Of bytes alone, captures don't know whom they name.
    (0..3).for_each(|_| _ = play.full());
    let [root, _] = enter(&mut play);
    play.follow_placed();
    play.checkpoint(CaptureScope::Delta);
    assert_eq!(play.journal.of::<Target>(), named, "one is back");
    play.world().spawn((key, Armor(1), ChildOf(root)));
    play.follow_placed();
    for scope in [CaptureScope::Delta, CaptureScope::Full] {
        play.checkpoint(scope);
        assert_eq!(play.journal.of::<Target>(), named, "{scope:?}");
    }
}

#[test]
fn references_to_a_placed_entity_left_again_before_its_values_are_kept() {
    let (mut play, [root, ..]) = room();
    leave(&mut play, root);
    let [root, thing] = enter(&mut play);
    let claims = [(SaveKey::new("room/thing"), thing)];
    Placed::welcome(play.world(), |_, _| false);
    play.encoder.claim(&claims);
    let aims = play.single::<Target>();
    play.world().entity_mut(aims).insert(Target { strength: 2, targets: vec![thing] });
    play.checkpoint(CaptureScope::Delta);
    let named = play.journal.of::<Target>();
    leave(&mut play, root);
    for scope in [CaptureScope::Delta, CaptureScope::Full] {
        play.checkpoint(scope);
        assert_eq!(play.journal.of::<Target>(), named, "{scope:?}");
    }
}

#[test]
fn a_claimed_entity_that_is_unmarked_leaves_no_row() {
    let (mut play, [root, ..]) = room();
    leave(&mut play, root);
    play.checkpoint(CaptureScope::Delta);
    assert_eq!(play.journal.rows[ENTITIES].len(), 2);
    let [_, thing] = enter(&mut play);
    assert_eq!(play.follow_placed().len(), 1);
    play.world().entity_mut(thing).remove::<Saved>();
    play.checkpoint(CaptureScope::Delta);
    assert_eq!(play.journal.rows[ENTITIES].len(), 1);
}

#[test]
fn a_saved_link_to_a_missing_entity_removes_the_current_link() {
    for in_place in [true, false] {
        let mut play = Play::start();
        play.note_placed();
        let [leader, nobody] =
            [play.world().spawn(Health(1)).id(), play.world().spawn_empty().id()];
        let door = play.world().spawn((SaveKey::new("door"), Health(2), MemberOf(nobody))).id();
        play.follow_placed();
        play.full();
        let then = play.journal.clone();
        play.world().despawn(nobody);
        play.world().entity_mut(door).insert(MemberOf(leader));
        match in_place {
            true => _ = play.restore_in_place(play.image(&then), then.next_save_id, None),
            false => _ = play.restore(&then),
        }
        assert_eq!(play.app.world().get::<MemberOf>(door), None, "in place: {in_place}");
    }
}

#[test]
fn a_placed_entity_that_dies_of_a_restore_keeps_its_saved_values() {
    for in_place in [true, false] {
        let mut play = Play::start();
        play.note_placed();
        play.app.add_observer(|removed: On<Remove<Serial>>, mut commands: Commands| {
            commands.entity(removed.entity).try_despawn();
        });
        let door = play.world().spawn((SaveKey::new("door"), Health(3))).id();
        play.follow_placed();
        play.full();
        let then = play.journal.clone();
        play.world().entity_mut(door).insert(Serial(1));
        let report = match in_place {
            true => play.restore_in_place(play.image(&then), then.next_save_id, None).report,
            false => play.restore(&then).report,
        };
        assert_eq!((report.placed.unclaimed_total, report.not_spawned), (1, 0), "{in_place}");
        let door = play.world().spawn((SaveKey::new("door"), Health(9))).id();
        assert_eq!(play.follow_placed().len(), 1);
        assert_eq!(play.app.world().get::<Health>(door), Some(&Health(3)), "{in_place}");
    }
}

#[test]
fn generated_worlds_with_placed_entities_are_restored_in_place() {
    let mut opened_with_difference = 0;
    let mut stayed = 0;
    for seed in 1..=WORLDS {
        let mut life = Life::begin(seed);
        let mut moments: Vec<(Journal, Tick)> = Vec::new();
        life.play.full();
        let mut next = life.play.journal.next_save_id;
        for round in 0..6 {
            for _ in 0..life.dice.roll(20) {
                life.act();
            }
            life.play.frame();
            life.play.checkpoint(CaptureScope::Delta);
            next = next.max(life.play.journal.next_save_id);
            moments.push((life.play.journal.clone(), life.play.recorder.captured_at().unwrap()));
            for _ in 0..life.dice.roll(20) {
                life.act();
            }
            let (then, captured) = moments[life.dice.roll(moments.len())].clone();
            let placed = life.placed();
            let image = life.play.image(&then);
            // Without the tick as for a checkpoint of an earlier process: all is compared.
            let known = (life.dice.roll(5) > 0).then_some(captured);
            let replaced = life.play.restore_in_place(image, next, known);
            let place = format!("world {seed}, round {round}: {:?}", replaced.report);
            assert_eq!(life.play.journal.rows, then.rows, "{place}");
            assert!(replaced.report.extra.is_empty(), "{place}");
            let indexed = life.indexed();
            assert_eq!(life.play.world().resource::<Index>(), &indexed, "{place}");
            for entity in placed {
                assert!(life.play.world().get_entity(entity).is_ok(), "{place}");
                stayed += 1;
            }
            if let Some(opened) = &life.play.opened {
                assert_eq!(opened.rows, then.rows, "{place}");
                opened_with_difference += 1;
            }
            next = next.max(life.play.journal.next_save_id);
        }
    }
    assert_eq!(stayed, WORLDS as usize * 6 * PLACED);
    assert!(opened_with_difference > WORLDS, "{opened_with_difference}");
}
