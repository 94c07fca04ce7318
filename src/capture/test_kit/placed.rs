//! The plugin's part of a frame in which a level is loaded or left.

use bevy::ecs::change_detection::DetectChangesMut;
use bevy::platform::collections::{HashMap, HashSet};
use bevy::prelude::*;

use super::Play;
use crate::capture::{ClaimedRows, Placed, Settled};
use crate::restore::{EntitiesReplaced, WorldImage};
use crate::{SaveKey, Saved};

impl Play {
    /// Notes from now on what becomes of placed entities, as while a session is played.
    pub(crate) fn note_placed(&mut self) {
        self.notes_placed = true;
        let types = self.types.clone();
        let mut placed = self.world().resource_mut::<Placed>();
        placed.set_types(types);
        placed.begin(HashSet::default(), HashSet::default());
    }

    /// Begins to restore: what becomes of placed entities now isn't noted.
    pub(super) fn stop_noting_placed(&mut self) {
        if self.notes_placed {
            self.world().resource_mut::<Placed>().stop_recording();
        }
    }

    pub(super) fn begin_to_note_placed(&mut self, replaced: &EntitiesReplaced) {
        if self.notes_placed {
            let gone = replaced.gone.iter().map(|(_, key)| key.clone()).collect();
            let waiting = replaced.carried.waiting().cloned().collect();
            self.world().resource_mut::<Placed>().begin(gone, waiting);
        }
    }

    /// Handles what a level has placed, and what has left with one, as the plugin does at the end
    /// of each frame. Returns the entities that got the values which were kept for them.
    pub(crate) fn follow_placed(&mut self) -> HashMap<SaveKey, Entity> {
        let parked = self.world().resource_mut::<Placed>().take_parking();
        for parking in parked {
            let failures = self.encoder.park(parking);
            assert!(failures.is_empty(), "{failures:?}");
        }
        let arrivals = Placed::welcome(self.world(), |_, _| false);
        self.world().resource_mut::<Placed>().end_of_frame();
        assert_eq!(arrivals.duplicates, [], "each key should be placed once");
        for entity in arrivals.gone {
            // It may have gone with its parent.
            _ = self.world().try_despawn(entity);
        }
        self.world().flush();
        match arrivals.claims.is_empty() {
            true => HashMap::default(),
            false => self.give_back(&arrivals.claims),
        }
    }

    fn give_back(&mut self, claims: &[(SaveKey, Entity)]) -> HashMap<SaveKey, Entity> {
        let ClaimedRows { blocks, known, orders } = self.encoder.claim(claims);
        let image = WorldImage::of_own_blocks(&self.types, blocks);
        let world = self.app.world_mut();
        let there = claims.iter().filter(|(_, entity)| world.get_entity(*entity).is_ok());
        let living: HashMap<SaveKey, Entity> = there.cloned().collect();
        if living.is_empty() {
            return living;
        }
        world.resource_mut::<Placed>().stop_recording();
        let mut replaced = image.write_onto(world, known, &orders);
        replaced.carried.keep_waiting(|key| living.contains_key(key));
        assert_eq!(replaced.carried.waiting().count(), 0, "each should get what was kept for it");
        world.resource_mut::<Placed>().go_on_recording();
        for entity in living.values() {
            world.get_mut::<Saved>(*entity).unwrap().set_added();
        }
        self.encoder.settle(Settled {
            written: living.values().copied().collect(),
            refused: Vec::new(),
            carried: replaced.carried,
        });
        living
    }
}
