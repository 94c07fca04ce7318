//! Hundreds of edits of saved types: whatever an update does to them, nothing is lost silently.
//!
//! Two components have a random form, and are read as serde's derive would read such structs. A
//! world is saved, one edit is made, and the world is restored by the new build, with the means to
//! keep the values or without. Then
//!
//! - without them, everything that is lost was named by the lock before the update was released;
//! - with them, the lock has no complaint, the restore has no losses, and every value is in its
//!   place.
//!
//! `BEVY_SESSION_EDITS_SEED=<seed>` plays only one, `BEVY_SESSION_TORTURE=<rounds>` that many times
//! as many.

// Feature: `assert_saved_types` fails on a change that loses something, with the line to write.

mod dynamic;
mod edit;

use std::collections::BTreeMap;
use std::path::Path;

use bevy::prelude::*;
use bevy_session_journal::internal::deep::{rounds, tell};
use bevy_session_journal::{MemoryDisk, SaveId};

use self::dynamic::{Form, Slot, set_forms};
use self::edit::{Edit, Keeping};
use super::super::{check, forms_of};
use crate::Saved;
use crate::capture::SessionAppExt;
use crate::capture::test_kit::{Dice, Play};

/// The number of edits in an ordinary test run.
const EDITS: u64 = 300;
const LOCK: &str = "saved_types.lock";

/// Prints the edit if the test fails.
struct Played(u64, Edit);

impl Drop for Played {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tell(&format!("play it alone with BEVY_SESSION_EDITS_SEED={}: {:?}", self.0, self.1));
        }
    }
}

#[test]
fn no_generated_edit_loses_values_without_a_warning() {
    let only = std::env::var("BEVY_SESSION_EDITS_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = only.map_or(0..EDITS * rounds().unwrap_or(1), |seed: u64| seed..seed + 1);
    let (mut warned, mut kept) = (0, 0);
    for seed in seeds {
        let mut dice = Dice((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let old = [Form::draw(&mut dice), Form::draw(&mut dice)];
        let edit = Edit::draw(&mut dice, &old);
        let _played = Played(seed, edit.clone());
        let disk = MemoryDisk::default();
        let saved = save(&mut dice, &old, &disk);

        let without = restore(&saved, &old, &edit, Keeping::Nothing, &disk);
        let lost = edit.lost_of(&saved.values, &without.values, Keeping::Nothing);
        assert!(lost.is_empty() || !without.said.is_empty(), "nobody warned of {lost:?}");
        for (type_path, _) in &without.losses {
            assert!(without.said.contains(type_path), "{type_path} isn't in {}", without.said);
        }
        if let Some(named) = edit.what_the_lock_names() {
            assert!(without.said.contains(&named), "{named} isn't in {}", without.said);
            warned += 1;
        } else {
            assert_eq!(without.said, "");
        }

        let with = restore(&saved, &old, &edit, Keeping::Everything, &disk);
        assert_eq!(with.losses, []);
        assert_eq!(with.said, "");
        let lost = edit.lost_of(&saved.values, &with.values, Keeping::Everything);
        assert_eq!(lost, BTreeMap::new(), "{:?}", with.values);
        kept += saved.values.len();
    }
    if only.is_none() {
        assert!(warned > 100 && kept > 1_000, "{warned} warnings, {kept} values");
    }
}

/// Values by entity, component and field.
type Values = BTreeMap<(SaveId, usize, &'static str), String>;

struct SavedWorld {
    journal: crate::capture::test_kit::Journal,
    values: Values,
}

struct RestoredWorld {
    values: Values,
    losses: Vec<(String, u64)>,
    /// The lock's message about the update.
    said: String,
}

fn app() -> App {
    let mut app = App::new();
    // Without the types of all other tests.
    app.insert_resource(AppTypeRegistry::default())
        .add_plugins(MinimalPlugins.build().disable::<bevy::app::ScheduleRunnerPlugin>())
        .save_component::<Slot<0>>()
        .save_component::<Slot<1>>();
    app
}

/// Saves a world of the old build, and its lock.
fn save(dice: &mut Dice, old: &[Form; 2], disk: &MemoryDisk) -> SavedWorld {
    set_forms(old, old);
    let mut app = app();
    check(disk, Path::new(LOCK), true, &forms_of(app.world_mut()).unwrap()).unwrap();
    let mut play = Play::of(app);
    let mut above = None;
    for _ in 0..2 + dice.roll(4) {
        let entity = play.world().spawn((Saved, Slot::<0>::draw(dice, &old[0]))).id();
        if dice.roll(3) > 0 {
            play.world().entity_mut(entity).insert(Slot::<1>::draw(dice, &old[1]));
        }
        if let Some(above) = above {
            play.world().entity_mut(entity).insert(ChildOf(above));
        }
        above = Some(entity);
    }
    play.full();
    SavedWorld { values: values(&play), journal: play.journal }
}

fn restore(
    saved: &SavedWorld,
    old: &[Form; 2],
    edit: &Edit,
    keeping: Keeping,
    disk: &MemoryDisk,
) -> RestoredWorld {
    set_forms(old, &edit.forms(old, keeping));
    let mut app = app();
    edit.keep(&mut app, keeping);
    let build = forms_of(app.world_mut()).unwrap();
    let said = check(&disk.snapshot(), Path::new(LOCK), true, &build);
    let said = said.err().map(|error| error.to_string()).unwrap_or_default();
    let mut play = Play::of(app);
    let losses = play.restore(&saved.journal).report.losses;
    let losses = losses.into_iter().map(|loss| (loss.type_path, loss.rows)).collect();
    RestoredWorld { values: values(&play), losses, said }
}

fn values(play: &Play) -> Values {
    let mut values = Values::new();
    let mut add = |slot: usize, rows: BTreeMap<SaveId, Vec<u8>>| {
        for (id, bytes) in rows {
            // What is carried along isn't in the world.
            let Ok(fields) = dynamic::fields_of(&bytes) else { continue };
            values.extend(fields.into_iter().map(|(name, value)| ((id, slot, name), value)));
        }
    };
    let living = |id: &SaveId, slot: usize| {
        let entity = play.encoder.ids().find(|(known, _)| known == id).map(|(_, entity)| entity);
        let entity = entity.and_then(|entity| play.app.world().get_entity(entity).ok());
        entity.is_some_and(|it| {
            if slot == 0 { it.contains::<Slot<0>>() } else { it.contains::<Slot<1>>() }
        })
    };
    for (slot, rows) in
        [play.journal.of::<Slot<0>>(), play.journal.of::<Slot<1>>()].into_iter().enumerate()
    {
        add(slot, rows.into_iter().filter(|(id, _)| living(id, slot)).collect());
    }
    values
}
