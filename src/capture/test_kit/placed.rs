//! The plugin's part of a frame in which a level is loaded or left.

use bevy::ecs::change_detection::DetectChangesMut;
use bevy::platform::collections::{HashMap, HashSet};
use bevy::prelude::*;

use super::{Leader, Play, Target};
use crate::capture::{ClaimedRows, Placed, Settled};
use crate::restore::{EntitiesReplaced, WorldImage};
use crate::saved::{CameBack, unfiltered};
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
        self.park();
        let arrivals = Placed::welcome(self.world(), |_, _| false);
        self.world().resource_mut::<Placed>().end_of_frame();
        assert_eq!(arrivals.duplicates, [], "each key should be placed once");
        for entity in arrivals.gone {
            // It may have gone with its parent.
            _ = self.world().try_despawn(entity);
        }
        self.world().flush();
        self.encoder.note_arrived(&arrivals.anchors);
        match arrivals.claims.is_empty() {
            true => HashMap::default(),
            false => self.give_back(&arrivals.claims),
        }
    }

    /// References to who has left lead to who has come back.
    fn nothing_may_refer_to(&mut self, left: &CameBack) {
        let world = self.app.world_mut();
        let leader = world.get_resource::<Leader>();
        assert!(leader.is_none_or(|leader| !left.contains_key(&leader.0)));
        let mut holders = unfiltered(world, QueryState::<&Target, With<Saved>>::new);
        for target in holders.iter(world) {
            assert!(!target.targets.iter().any(|it| left.contains_key(it)), "{target:?}");
        }
    }

    fn park(&mut self) {
        let parked = self.world().resource_mut::<Placed>().take_parking();
        for parking in parked {
            let failures = self.encoder.park(parking);
            assert!(failures.is_empty(), "{failures:?}");
        }
    }

    fn give_back(&mut self, claims: &[(SaveKey, Entity)]) -> HashMap<SaveKey, Entity> {
        let ClaimedRows { blocks, known, orders, mut came_back } = self.encoder.claim(claims);
        let image = WorldImage::of_own_blocks(&self.types, blocks);
        if let Some(happens) = self.while_claiming.take() {
            happens(self.world());
            self.park();
        }
        let world = self.app.world_mut();
        let there = claims.iter().filter(|(_, entity)| world.get_entity(*entity).is_ok());
        let living: HashMap<SaveKey, Entity> = there.cloned().collect();
        if living.is_empty() {
            return living;
        }
        world.resource_mut::<Placed>().stop_recording();
        let mut replaced = image.write_onto(world, known, &orders);
        replaced.carried.keep_waiting(|key| living.contains_key(key));
        let mut placed = world.resource_mut::<Placed>();
        placed.wait_again(replaced.carried.waiting().cloned());
        placed.go_on_recording();
        let is_there = |(_, entity): &(&SaveKey, &Entity)| world.get_entity(**entity).is_ok();
        let (written, died): (Vec<_>, Vec<_>) = living.iter().partition(is_there);
        assert_eq!(replaced.carried.waiting().count(), died.len(), "each living one gets its own");
        let [written, died] = [written, died]
            .map(|some| some.into_iter().map(|(_, entity)| *entity).collect::<Vec<_>>());
        for entity in &written {
            world.get_mut::<Saved>(*entity).unwrap().set_added();
        }
        came_back.retain(|_, entity| written.contains(entity));
        self.types.lead_to_who_came_back(self.app.world_mut(), &came_back);
        self.nothing_may_refer_to(&came_back);
        let (refused, carried) = (Vec::new(), replaced.carried);
        self.encoder.settle(Settled { written, refused, died, carried });
        living
    }
}
