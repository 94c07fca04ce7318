//! Rows that this build can't use, and rows that no writer has written.

use bevy::prelude::*;
use bevy_session_journal::SaveId;
use bevy_session_journal::internal::read::recovery::ReadProgress;
use serde::{Deserialize, Deserializer, Serialize};

use super::played;
use crate::ReflectSaved;
use crate::capture::test_kit::*;
use crate::restore::{RestoreLossReason, WorldImage};
use crate::saved::{CHILD_OF, CHILD_ORDER};

#[test]
fn circles_in_a_hostile_hierarchy_are_cut() {
    let mut play = Play::start();
    for number in 0..4 {
        play.world().spawn(Health(number));
    }
    play.full();
    let mut hostile = play.journal.clone();
    let ids: Vec<SaveId> = hostile.of::<Health>().into_keys().collect();
    for (child, parent) in [(0, 1), (1, 2), (2, 0), (3, 3)] {
        hostile.set(CHILD_OF, ids[child], &ids[parent]);
        hostile.set(CHILD_ORDER, ids[child], &[ids[parent], ids[parent], SaveId(1 << 40)]);
    }
    hostile.types.push(CHILD_OF.to_owned());
    let mut fresh = Play::start();
    let report = fresh.restore(&hostile).report;
    assert_eq!(report.entities, 4);
    assert_eq!(report.dangling_total, 2, "one link of each circle should go: {report:?}");
}

#[test]
fn mutated_rows_are_restored_without_a_panic() {
    let saved = played().journal;
    let mut dice = Dice(0x5eed);
    for _ in 0..60 {
        let mut hostile = saved.clone();
        for rows in hostile.rows.values_mut() {
            for value in rows.values_mut() {
                if dice.roll(3) == 0 {
                    let place = dice.roll(value.len());
                    value[place] = dice.roll(256) as u8;
                    value.truncate(1 + dice.roll(value.len() * 2));
                }
            }
            if dice.roll(5) == 0 {
                rows.pop_first();
            }
            if dice.roll(5) == 0 {
                rows.insert(SaveId(dice.roll(1 << 20) as u64), vec![0xc0]);
            }
        }
        let mut fresh = Play::start();
        let report = fresh.restore(&hostile).report;
        assert!(report.entities <= hostile.entities() as u64);
    }
}

#[test]
fn unknown_values_are_carried_until_their_entity_is_despawned() {
    let mut play = played();
    let id = play.journal.of::<Player>().into_keys().next().unwrap();
    let other = *play.journal.of::<Armor>().keys().next().unwrap();
    play.journal.set("old::Mana", id, &5_u8);
    play.journal.set("old::Mana", other, &6_u8);
    play.journal.set("old::Weather", SaveId::WORLD, &"rain");
    play.journal.set(Armor::type_path(), other, &"no number");
    let saved = play.journal.clone();
    let mut fresh = Play::start();
    let report = fresh.restore(&saved).report;
    assert_eq!(report.losses.len(), 3);
    assert!(report.losses.iter().any(|loss| loss.reason == RestoreLossReason::UnknownType));
    let undecodable =
        report.losses.iter().find(|loss| loss.type_path == Armor::type_path()).unwrap();
    assert!(
        matches!(&undecodable.reason, RestoreLossReason::Undecodable { ids, .. } if *ids == [other]),
        "{undecodable:?}"
    );
    // The required default stands in, and that is a value of the game's own.
    let mut expected = saved.clone();
    expected.set(Armor::type_path(), other, &Armor(7));
    assert_eq!(fresh.journal.rows, expected.rows);
    // A full capture carries them on; the despawned entity's goes.
    let player = fresh.single::<Player>();
    fresh.world().despawn(player);
    fresh.delta();
    fresh.full();
    let mana: Vec<SaveId> = fresh.journal.rows["old::Mana"].keys().copied().collect();
    assert_eq!(mana, [other]);
    assert!(fresh.journal.rows.contains_key("old::Weather"));
}

#[test]
fn a_new_value_replaces_a_carried_one() {
    let mut play = played();
    let ids: Vec<SaveId> = play.journal.of::<Inventory>().into_keys().collect();
    play.journal.set(Inventory::type_path(), ids[0], &"no list");
    let saved = play.journal.clone();
    let mut fresh = Play::start();
    fresh.restore(&saved);
    assert_eq!(fresh.journal.rows, saved.rows, "carried, unread");
    let entity = fresh.single::<Look>();
    fresh.world().entity_mut(entity).insert(Inventory(vec![8]));
    fresh.delta();
    assert_eq!(fresh.journal.values::<Inventory>(), [Inventory(vec![8])]);
    fresh.full();
    assert_eq!(fresh.journal.values::<Inventory>(), [Inventory(vec![8])]);
}

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize)]
#[reflect(Component, Saved)]
struct Touchy;

impl<'de> Deserialize<'de> for Touchy {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("don't touch me")
    }
}

#[test]
fn a_type_whose_decoding_panics_is_a_loss() {
    let mut app = game();
    app.register_type::<Touchy>();
    let mut play = Play::of(app);
    play.world().spawn((Touchy, Health(1)));
    play.full();
    let saved = play.journal.clone();
    let report = play.restore(&saved).report;
    assert_eq!(report.losses.len(), 1);
    assert_eq!(play.journal.rows, saved.rows, "carried");
}

#[test]
fn a_read_error_is_returned_by_the_decoding() {
    let play = played();
    let broken = [Err("disk"), Ok(play.journal.blocks().remove(0))];
    let result =
        WorldImage::decode(&play.types, &play.journal.commit(), broken, &ReadProgress::default());
    assert_eq!(result.err(), Some("disk"));
}
