//! Columns with change ticks of their own, which a capture passes over where nothing was written.

// Feature: Columns with a summary tick are skipped if nothing was written.
// Page: guide/costs.md#types-that-rarely-change

use bevy::ecs::change_detection::DetectChangesMut;

use super::*;
use crate::engine::OnRemove;

/// Rows in the blocks of a capture of changes.
fn changed_rows(play: &mut Play) -> usize {
    play.delta().blocks.iter().map(|block| block.ids().len()).sum()
}

/// Entities in two tables, with a column of each kind.
fn two_tables(play: &mut Play) -> (Vec<Entity>, Vec<Entity>) {
    let health = |number| (Health(number), Inventory(vec![number]));
    let some = (0..200).map(|number| play.world().spawn(health(number)).id()).collect();
    let others = (0..200).map(|number| play.world().spawn((health(number), Serial(1))).id());
    (some, others.collect())
}

#[test]
fn each_write_to_a_row_is_captured_once() {
    let mut play = Play::start();
    let (some, others) = two_tables(&mut play);
    play.full();
    assert_eq!(changed_rows(&mut play), 0);
    for entity in [some[7], others[199], some[7], others[0]] {
        play.world().get_mut::<Inventory>(entity).unwrap().0.push(1);
        assert_eq!(changed_rows(&mut play), 1);
        assert_eq!(changed_rows(&mut play), 0);
    }
    assert_journal_is_the_world(&mut play);
}

#[test]
fn a_written_row_that_moves_into_an_unchanged_table_is_captured() {
    let mut play = Play::start();
    let (some, _) = two_tables(&mut play);
    play.full();
    play.world().get_mut::<Inventory>(some[3]).unwrap().0.push(1);
    play.world().entity_mut(some[3]).insert(Serial(1));
    play.world().entity_mut(some[4]).insert(Serial(1));
    play.world().get_mut::<Inventory>(some[4]).unwrap().0.push(1);
    // Two lists and two serials.
    assert_eq!(changed_rows(&mut play), 4);
    play.world().entity_mut(some[3]).remove::<Serial>();
    changed_rows(&mut play);
    assert_journal_is_the_world(&mut play);
}

#[test]
fn writes_of_an_observer_during_an_archetype_move_are_captured() {
    let mut play = Play::start();
    let (_, others) = two_tables(&mut play);
    // Each observer has a later tick than the one before, and all of them later ones than the move. So the engine
    // takes what they write for older than the column that it is moved to.
    for number in 0..3 {
        play.world().add_observer(
            move |serial: OnRemove<Serial>, mut inventories: Query<&mut Inventory>| {
                inventories.get_mut(serial.entity).unwrap().0.push(number);
            },
        );
    }
    // One that is alone in its table, which is empty afterwards.
    let alone = play.world().spawn((Health(1), Inventory(vec![]), Serial(2), Name::new("alone")));
    let alone = alone.id();
    play.full();
    for entity in [others[3], alone] {
        assert_eq!(changed_rows(&mut play), 0);
        play.world().entity_mut(entity).remove::<Serial>();
        // Its list, and that the serial has gone.
        assert_eq!(changed_rows(&mut play), 2);
    }
    assert_journal_is_the_world(&mut play);
}

#[test]
fn an_entity_marked_in_an_unchanged_table_is_captured_whole() {
    let mut play = Play::start();
    let (some, _) = two_tables(&mut play);
    play.world().entity_mut(some[5]).remove::<Saved>();
    play.full();
    assert_eq!(changed_rows(&mut play), 0);
    play.world().entity_mut(some[5]).insert(Saved);
    changed_rows(&mut play);
    assert_journal_is_the_world(&mut play);
}

/// Shows that columns are passed over at all, too.
#[test]
fn writes_by_component_id_are_captured_by_the_next_thorough_capture() {
    let mut play = Play::start();
    let (some, _) = two_tables(&mut play);
    play.full();
    let id = play.world().component_id::<Inventory>().unwrap();
    let write = |play: &mut Play| {
        play.world().get_mut_by_id(some[9], id).unwrap().set_changed();
        changed_rows(play)
    };
    if HAS_SUMMARY_TICKS {
        assert_eq!(write(&mut play), 0);
        play.look_thoroughly();
        assert_eq!(changed_rows(&mut play), 1);
        // One of sixty does so by itself.
        let rows: usize = (0..60).map(|_| write(&mut play)).sum();
        assert_eq!(rows, 1);
    } else {
        assert_eq!(write(&mut play), 1);
    }
    assert_journal_is_the_world(&mut play);
}

#[test]
fn writes_that_bypass_change_detection_are_captured_with_the_next_change() {
    let mut play = Play::start();
    let (some, _) = two_tables(&mut play);
    play.full();
    let mut inventory = play.world().get_mut::<Inventory>(some[9]).unwrap();
    inventory.bypass_change_detection().0.push(1);
    assert_eq!(changed_rows(&mut play), 0);
    play.world().get_mut::<Inventory>(some[9]).unwrap().set_changed();
    assert_eq!(changed_rows(&mut play), 1);
    assert_journal_is_the_world(&mut play);
}
