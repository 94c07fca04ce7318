//! A moment that was captured, and the ways back to it.

use std::collections::BTreeSet;
use std::convert::Infallible;

use bevy::ecs::change_detection::Tick;
use bevy::ecs::entity::{Entity, EntityHashMap};
use bevy_session_journal::SaveId;
use bevy_session_journal::internal::format::Block;
use bevy_session_journal::internal::read::recovery::ReadProgress;

use super::Random;
use super::game::Variant;
use super::hooks;
use super::levels::{Left, Level};
use super::portrait::{Dangling, Portrait, plain_values_of, saved_entities};
use super::rows::Table;
use crate::capture::test_kit::{Journal, Play};
use crate::restore::{EntitiesReplaced, RestoreReport, WorldImage};
use crate::{SaveKey, Saved};

/// The world that a restore must produce.
pub struct Expected {
    pub portrait: Portrait,
    pub dangling: u64,
    pub snapshot: Vec<Block>,
    pub types: Vec<String>,
    pub captured_at: Tick,
    pub variant: Variant,
    pub level: Level,
    /// The values of what waits for its room, and of all that a level has placed.
    pub left: Left,
}

/// The outcome of a restore.
#[derive(Default)]
pub struct Back {
    pub report: RestoreReport,
    /// True if the run that followed opened with a delta.
    pub has_opened: bool,
    /// Placed entities that came late and got what was kept for them.
    pub came_back: u64,
    pub is_late: bool,
}

impl Expected {
    /// Unsaved entities that are still there are referred to as before. A restore that spawns
    /// everything leaves a placeholder instead.
    pub fn must_come_back_in_place(
        &self,
        next: SaveId,
        play: &mut Play,
        random: &mut Random,
    ) -> Back {
        let late = self.let_the_game_load(play, random);
        let replaced = play.restore_in_place(self.image(next, play), next, Some(self.captured_at));
        let has_opened = play.opened.is_some();
        let came_back = self.must_be_back_in_place(&replaced, &late, play, random);
        // Once more, by comparing everything.
        let again = play.restore_in_place(self.image(next, play), next, None);
        self.must_be_back_in_place(&again, &BTreeSet::new(), play, random);
        let report = &again.report;
        let lead_elsewhere = self
            .portrait
            .placed()
            .any(|(key, id)| late.contains(&key) && self.portrait.is_referred_to(id));
        if !lead_elsewhere {
            assert_eq!((report.spawned, report.despawned), (0, 0), "{report:?}");
        }
        if self.variant != Variant::Meddling && !lead_elsewhere {
            assert_eq!(report.written, 0, "what doesn't differ isn't written: {:?}", again.changed);
        }
        Back { report: replaced.report, has_opened, came_back, is_late: !late.is_empty() }
    }

    /// Despawns everything and spawns it again.
    pub fn must_come_back(&self, next: SaveId, play: &mut Play, random: &mut Random) -> Back {
        let late = self.let_the_game_load(play, random);
        let replaced = play.restore_image(self.image(next, play), next);
        self.must_be_told(&replaced.report, &late);
        if late.is_empty() {
            assert_eq!(replaced.report.dangling_total, self.dangling, "{:?}", replaced.report);
        }
        let came_back = self.load_the_late(play, &late, random);
        let ids = who_came_back(&replaced, &late, play);
        let dangling = self.must_look_the_same(&ids, play, "the world that came back");
        let others = dangling.unsaved - dangling.placed_links;
        assert_eq!(others, 0, "what refers to no one should be a placeholder");
        let [before, after] = [Table::of(&self.snapshot), Table(play.journal.rows.clone())];
        let [before, after] = [before, after].map(|table| self.comparable(table));
        after.must_be(&before, "what was restored and what it was restored from");
        Back { report: replaced.report, has_opened: false, came_back, is_late: !late.is_empty() }
    }

    /// Has the game load the level of this moment while the restore waits, but for those who are
    /// returned: they come later.
    fn let_the_game_load(&self, play: &mut Play, random: &mut Random) -> BTreeSet<SaveKey> {
        let late = self.who_comes_late(random);
        let (level, late_ones) = (self.level.clone(), late.clone());
        let mut dice = Random::new(random.number());
        play.load = Some(Box::new(move |world| level.load(world, &late_ones, &mut dice)));
        late
    }

    /// Links to one that isn't there are left out, so only those come late to whom nobody is linked.
    /// Lists of others may name them: their places are kept. So may plain values, which lead to them
    /// once all of them are restored together.
    fn who_comes_late(&self, random: &mut Random) -> BTreeSet<SaveKey> {
        // Where spawning has consequences, those of the level's own aren't the restore's.
        if self.variant == Variant::Meddling || !random.one_in(3) {
            return BTreeSet::new();
        }
        let free = self.portrait.placed().filter(|(_, id)| !self.portrait.is_linked_to(*id));
        free.map(|(key, _)| key).filter(|_| random.one_in(2)).collect()
    }

    /// Has the game load what comes late, and the plugin write what is kept for it. Returns the
    /// number of entities that got it.
    fn load_the_late(&self, play: &mut Play, late: &BTreeSet<SaveKey>, random: &mut Random) -> u64 {
        self.level.load_late(play.world(), late, random);
        let came_back = follow(play, &self.left);
        assert_eq!(came_back, late.len() as u64, "each gets what was kept for it");
        if !late.is_empty() {
            let encoded = play.full();
            assert!(encoded.failures.is_empty(), "{:?}", encoded.failures);
        }
        came_back
    }

    fn must_be_told(&self, report: &RestoreReport, late: &BTreeSet<SaveKey>) {
        assert!(report.losses.is_empty() && report.extra.is_empty(), "{report:?}");
        assert_eq!((report.despawned_again, report.clearing.left), (0, 0), "{report:?}");
        let waiting = (late.len() + self.level.waiting.len()) as u64;
        assert_eq!(report.placed.unclaimed_total, waiting, "{:?}, {:?}", report.placed, self.level);
        assert_eq!(
            (&*report.placed.mismatched, &*report.placed.duplicate_keys),
            (&[][..], &[][..])
        );
        if self.variant != Variant::Meddling {
            assert!(report.overwritten.is_empty(), "{report:?}");
        }
    }

    fn must_be_back_in_place(
        &self,
        replaced: &EntitiesReplaced,
        late: &BTreeSet<SaveKey>,
        play: &mut Play,
        random: &mut Random,
    ) -> u64 {
        let report = &replaced.report;
        self.must_be_told(report, late);
        let came_back = self.load_the_late(play, late, random);
        let ids = who_came_back(replaced, late, play);
        let dangling = self.must_look_the_same(&ids, play, "the world that came back in place");
        assert_eq!(dangling.dead, 0, "what refers to the dead should be a placeholder");
        if late.is_empty() {
            // Unsaved entities that are still there are referred to, and aren't missed.
            let all = report.dangling_total..=report.dangling_total + dangling.unsaved;
            assert!(all.contains(&self.dangling), "{} values: {all:?}, {report:?}", self.dangling);
        }
        let before = Table::of(&self.snapshot);
        let after = Table(play.journal.rows.clone());
        // By the difference to what it was restored from, or else by a full capture again.
        let opened = Table(play.opened.as_ref().unwrap_or(&play.journal).rows.clone());
        let [before, after, opened] = [before, after, opened].map(|table| self.comparable(table));
        after.must_be(&before, "what was restored in place and what it was restored from");
        opened.must_be(&after, "what a run opens with and a full capture");
        came_back
    }

    fn must_look_the_same(&self, ids: &EntityHashMap<SaveId>, play: &Play, what: &str) -> Dangling {
        let world = play.app.world();
        let (portrait, dangling) = Portrait::of(world, ids, &play.encoder);
        portrait.must_be(&self.portrait, what);
        hooks::must_fit(world);
        dangling
    }

    fn comparable(&self, mut table: Table) -> Table {
        table.forget_who_is_not_saved(&self.level.waiting);
        table.leave_out_what_no_restore_has();
        table
    }

    fn image(&self, next_save_id: SaveId, play: &Play) -> WorldImage {
        let journal = Journal { types: self.types.clone(), next_save_id, ..Journal::default() };
        let blocks = self.snapshot.iter().cloned().map(Ok::<_, Infallible>);
        let Ok(image) =
            WorldImage::decode(&play.types, &journal.commit(), blocks, &ReadProgress::default());
        image
    }
}

/// The id of each saved entity, as the restore says it, unless some came later.
fn who_came_back(
    replaced: &EntitiesReplaced,
    late: &BTreeSet<SaveKey>,
    play: &Play,
) -> EntityHashMap<SaveId> {
    if !late.is_empty() {
        return ids_of(play);
    }
    let is_saved = |entity: &Entity| play.app.world().get::<Saved>(*entity).is_some();
    let seeds = replaced.seeds.iter().copied();
    seeds.filter(|(entity, _)| is_saved(entity)).collect()
}

/// Does the plugin's part of a frame. Returns the number of placed entities that came back, each
/// with the values with which it was `left`.
pub fn follow(play: &mut Play, left: &Left) -> u64 {
    let came_back = play.follow_placed();
    for (key, entity) in &came_back {
        let values = plain_values_of(play.app.world().entity(*entity));
        assert_eq!(Some(&values), left.get(key), "{key} is as it was left");
    }
    came_back.len() as u64
}

/// The id of each saved entity.
pub fn ids_of(play: &Play) -> EntityHashMap<SaveId> {
    let ids = saved_entities(play.app.world())
        .map(|entity| (entity.id(), play.encoder.id_of(entity.id()).expect("it was captured")));
    ids.collect()
}
