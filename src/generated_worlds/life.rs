//! One app, and the worlds that are played in it one after the other.

use std::convert::Infallible;

use bevy::ecs::change_detection::Tick;
use bevy::ecs::entity::{Entity, EntityHashMap};
use bevy_session_journal::SaveId;
use bevy_session_journal::internal::format::{Block, TypeSummary, merge};
use bevy_session_journal::internal::read::recovery::ReadProgress;

use super::churn::Churn;
use super::figures::{Figures, InPlaceFigures};
use super::game::Variant;
use super::portrait::saved_entities;
use super::rows::Table;
use super::{Portrait, Random};
use crate::Saved;
use crate::capture::test_kit::{Journal, Play};
use crate::capture::{Capture, CaptureScope, Encoded, Encoder, Recorder};
use crate::restore::{EntitiesReplaced, RestoreReport, WorldImage};

/// The newest capture's facts beside its rows.
struct Newest {
    entities: u64,
    types: Vec<TypeSummary>,
    next_save_id: SaveId,
}

/// One app, and the worlds that are played in it one after the other.
pub struct Life {
    variant: Variant,
    play: Play,
    churn: Churn,
    /// The newest full capture and the deltas after it.
    chain: Vec<Vec<Block>>,
    /// The last capture, without its blocks.
    newest: Option<Newest>,
    /// Another app with a separate world.
    other: Option<Play>,
    pub figures: Figures,
    pub in_place: InPlaceFigures,
}

impl Life {
    pub fn begin(variant: Variant, random: Random) -> Self {
        Self {
            variant,
            play: Play::of(variant.app()),
            churn: Churn::new(random),
            chain: Vec::new(),
            newest: None,
            other: None,
            figures: Figures::default(),
            in_place: InPlaceFigures::default(),
        }
    }

    /// Plays for a while, with captures in between, and ends with one.
    pub fn go_on(&mut self) {
        self.figures.worlds += 1;
        for _ in 0..1 + self.churn.random.below(5) {
            self.play_on();
            let is_full = self.churn.random.one_in(8);
            self.capture(if is_full { CaptureScope::Full } else { CaptureScope::Delta });
        }
    }

    /// Plays some frames.
    fn play_on(&mut self) {
        for _ in 0..self.churn.random.below(4) {
            for _ in 0..self.churn.random.below(9) {
                self.churn.step(self.play.app.world_mut(), &mut self.figures);
            }
            if self.churn.random.one_in(5) {
                self.churn.change_a_state(self.play.world());
                self.figures.transitions += 1;
            }
            self.end_frame();
        }
    }

    /// Ends a frame. Most frames run no schedules, as those are slow.
    fn end_frame(&mut self) {
        if self.churn.random.one_in(4) {
            self.play.frame();
        } else {
            self.play.recorder.watch_removals(self.play.app.world());
            self.play.world().clear_trackers();
        }
    }

    fn capture(&mut self, scope: CaptureScope) {
        let capture = self.play.record(scope);
        let is_full = capture.scope() == CaptureScope::Full;
        let mut encoded = self.play.encoder.encode(capture);
        assert!(encoded.drift.is_empty(), "rows were lost: {:?}", encoded.drift);
        assert!(encoded.failures.is_empty(), "{:?}", encoded.failures);
        self.figures.captures += 1;
        self.figures.deltas += u64::from(!is_full);
        if is_full {
            self.chain.clear();
        }
        self.chain.push(std::mem::take(&mut encoded.blocks));
        let Encoded { entities, types, next_save_id, .. } = encoded;
        self.newest = Some(Newest { entities, types, next_save_id });
        // As a game does, unless its writer is slow.
        if !self.churn.random.one_in(3) {
            self.play.recorder.recycle(encoded.emptied);
        }
    }

    /// Merges the chain in random batches, and returns the result.
    fn merge_the_chain(&mut self) -> Vec<Block> {
        let mut groups = self.chain.clone();
        while groups.len() > 1 {
            let random = &mut self.churn.random;
            let start = random.below(groups.len() as u64 - 1) as usize;
            let end = start + 2 + random.below((groups.len() - start - 1) as u64) as usize;
            let batch = merged(groups.get(start..end).unwrap(), start > 0);
            groups.splice(start..end, [batch]);
            self.figures.merges += 1;
        }
        groups.pop().unwrap()
    }

    /// The chain equals a capture that is taken without the chain.
    pub fn hold_the_journal_against_the_world(&mut self) {
        let mut by_chain = Table::of(&self.merge_the_chain());
        let ids = self.ids();
        let newest = self.newest.as_ref().unwrap();
        let (entities, types) = (newest.entities, newest.types.clone());
        assert_eq!(entities, ids.len() as u64);
        for summary in types {
            let rows = by_chain.0.get(&summary.path).map_or(0, |rows| rows.len() as u64);
            assert_eq!(rows, summary.rows, "rows of {}", summary.path);
        }
        let mut encoder = Encoder::new(self.play.types.clone(), newest.next_save_id);
        encoder.seed(ids);
        let capture = self.capture_everything();
        let mut by_full = Table::of(&encoder.encode(capture).blocks);
        by_chain.forget_who_is_not_saved();
        by_full.forget_who_is_not_saved();
        by_chain.must_be(&by_full, "the chain of captures and a full one");
    }

    /// A full capture that is independent of the chain, sometimes by another recorder.
    fn capture_everything(&mut self) -> Box<Capture> {
        if self.churn.random.one_in(4) {
            let types = self.play.types.clone();
            self.play.recorder = Recorder::new(self.play.world(), &types);
        }
        self.play.record(CaptureScope::Full)
    }

    /// The id of each saved entity.
    fn ids(&mut self) -> EntityHashMap<SaveId> {
        let encoder = &self.play.encoder;
        let ids = saved_entities(self.play.app.world())
            .map(|entity| (entity.id(), encoder.id_of(entity.id()).expect("it was captured")));
        ids.collect()
    }

    /// Goes back in place to a captured moment, and to the end that was left.
    pub fn rewind_in_place(&mut self) {
        let back = self.expect_this_moment();
        self.go_on();
        let end = self.expect_this_moment();
        self.play_on();
        let back = back.must_come_back_in_place(self.next_save_id(), &mut self.play);
        self.count_in_place(&back);
        self.go_on_with_the_restored();
        if self.churn.random.one_in(2) {
            self.go_on();
        }
        let end = end.must_come_back_in_place(self.next_save_id(), &mut self.play);
        self.count_in_place(&end);
        self.go_on_with_the_restored();
    }

    fn count_in_place(&mut self, (report, has_opened): &(RestoreReport, bool)) {
        self.in_place.restores += 1;
        self.in_place.opened += u64::from(*has_opened);
        self.in_place.written += report.written;
        self.in_place.spawned += report.spawned;
        self.in_place.despawned += report.despawned;
        self.in_place.respawned += report.respawned.len() as u64;
    }

    fn expect_this_moment(&mut self) -> Expected {
        let ids = self.ids();
        let (portrait, dangling) = Portrait::of(self.play.app.world(), &ids);
        let snapshot = self.merge_the_chain();
        let types = self.newest.as_ref().unwrap().types.iter();
        let types = types.map(|summary| summary.path.clone()).collect();
        let captured_at = self.play.recorder.captured_at().unwrap();
        let dangling = dangling.unsaved;
        Expected { portrait, dangling, snapshot, types, captured_at, variant: self.variant }
    }

    fn next_save_id(&self) -> SaveId {
        self.newest.as_ref().unwrap().next_save_id
    }

    fn go_on_with_the_restored(&mut self) {
        self.churn.alive.extend(saved_entities(self.play.app.world()).map(|entity| entity.id()));
        self.churn.bury_the_dead(self.play.app.world());
        self.capture(CaptureScope::Full);
    }

    /// Restores the world into another app and, after that has played, into this one.
    pub fn restore(&mut self) {
        let expected = self.expect_this_moment();
        self.count(&expected);

        // A fresh app is costly, so most worlds are restored into one that another world is in.
        if self.other.is_none() || self.churn.random.one_in(24) {
            self.other = Some(Play::of(self.variant.app()));
            self.figures.fresh_apps += 1;
        } else {
            self.figures.played_apps += 1;
        }
        let next = self.next_save_id();
        expected.must_come_back(next, self.other.as_mut().unwrap());
        self.play_on();
        expected.must_come_back(next, &mut self.play);
        self.figures.played_apps += 1;
        self.adopt_the_restored();
    }

    fn count(&mut self, expected: &Expected) {
        self.figures.entities += expected.portrait.entities.len() as u64;
        self.figures.values += expected.portrait.values() as u64;
        self.figures.disabled += expected.portrait.count("disabled");
        self.figures.dangling += expected.dangling;
    }

    /// Continues from the restored world: the next world begins with it, or empty.
    fn adopt_the_restored(&mut self) {
        let saved: Vec<Entity> =
            saved_entities(self.play.app.world()).map(|entity| entity.id()).collect();
        if self.churn.random.one_in(4) {
            for entity in saved {
                // A parent takes its children along.
                if let Ok(entity) = self.play.world().get_entity_mut(entity) {
                    entity.despawn();
                }
            }
        } else {
            self.churn.alive.extend(saved);
        }
        self.churn.bury_the_dead(self.play.app.world());
        self.capture(CaptureScope::Full);
    }
}

/// The world that a restore must produce.
struct Expected {
    portrait: Portrait,
    dangling: u64,
    snapshot: Vec<Block>,
    types: Vec<String>,
    captured_at: Tick,
    variant: Variant,
}

impl Expected {
    fn image(&self, next_save_id: SaveId, play: &Play) -> WorldImage {
        let journal = Journal { types: self.types.clone(), next_save_id, ..Journal::default() };
        let blocks = self.snapshot.iter().cloned().map(Ok::<_, Infallible>);
        let Ok(image) =
            WorldImage::decode(&play.types, &journal.commit(), blocks, &ReadProgress::default());
        image
    }

    /// Unsaved entities that are still there are referred to as before. A restore that spawns
    /// everything leaves a placeholder instead.
    fn must_come_back_in_place(&self, next: SaveId, play: &mut Play) -> (RestoreReport, bool) {
        let since = Some(self.captured_at);
        let replaced = play.restore_in_place(self.image(next, play), next, since);
        self.must_be_back(&replaced, play);
        let has_opened = play.opened.is_some();
        // Once more, by comparing everything.
        let again = play.restore_in_place(self.image(next, play), next, None);
        self.must_be_back(&again, play);
        let report = &again.report;
        assert_eq!((report.spawned, report.despawned), (0, 0), "{report:?}");
        if self.variant != Variant::Meddling {
            assert_eq!(report.written, 0, "what doesn't differ isn't written: {:?}", again.changed);
        }
        (replaced.report, has_opened)
    }

    fn must_be_back(&self, replaced: &EntitiesReplaced, play: &Play) {
        let report = &replaced.report;
        assert!(report.losses.is_empty() && report.extra.is_empty(), "{report:?}");
        assert_eq!((report.despawned_again, report.clearing.left), (0, 0));
        if self.variant != Variant::Meddling {
            assert!(report.overwritten.is_empty(), "{report:?}");
        }
        let world = play.app.world();
        let is_saved = |entity: &Entity| world.get::<Saved>(*entity).is_some();
        let seeds = replaced.seeds.iter().copied();
        let ids = seeds.filter(|(entity, _)| is_saved(entity)).collect();
        let (portrait, dangling) = Portrait::of(world, &ids);
        assert_eq!(portrait, self.portrait, "the world that came back in place");
        assert_eq!(dangling.dead, 0, "what refers to the dead should be a placeholder");
        // Unsaved entities that are still there are referred to, and aren't missed.
        let all = report.dangling_total..=report.dangling_total + dangling.unsaved;
        assert!(all.contains(&self.dangling), "{} values: {all:?}, {report:?}", self.dangling);
        let mut before = Table::of(&self.snapshot);
        let mut after = Table(play.journal.rows.clone());
        // By the difference to what it was restored from, or else by a full capture again.
        let mut opened = Table(play.opened.as_ref().unwrap_or(&play.journal).rows.clone());
        for table in [&mut before, &mut after, &mut opened] {
            table.forget_who_is_not_saved();
            table.leave_out_what_no_restore_has();
        }
        after.must_be(&before, "what was restored in place and what it was restored from");
        opened.must_be(&after, "what a run opens with and a full capture");
    }

    fn must_come_back(&self, next: SaveId, play: &mut Play) {
        let replaced = play.restore_image(self.image(next, play), next);

        let report = &replaced.report;
        assert!(report.losses.is_empty() && report.extra.is_empty(), "{report:?}");
        assert_eq!((report.despawned_again, report.clearing.left), (0, 0));
        assert_eq!(report.dangling_total, self.dangling, "{report:?}");
        if self.variant != Variant::Meddling {
            assert!(report.overwritten.is_empty(), "{report:?}");
        }
        let ids: EntityHashMap<SaveId> = replaced.seeds.iter().copied().collect();
        let (portrait, dangling) = Portrait::of(play.app.world(), &ids);
        assert_eq!(portrait, self.portrait, "the world that came back");
        assert_eq!(dangling.unsaved, 0, "what refers to no one should be a placeholder");

        let mut before = Table::of(&self.snapshot);
        before.forget_who_is_not_saved();
        before.leave_out_what_no_restore_has();
        let after = Table(play.journal.rows.clone());
        after.must_be(&before, "what was restored and what it was restored from");
    }
}

fn merged(groups: &[Vec<Block>], keep_removals: bool) -> Vec<Block> {
    let sources =
        groups.iter().map(|group| group.clone().into_iter().map(Ok::<Block, Infallible>)).collect();
    let Ok(blocks) = merge(sources, keep_removals).collect();
    blocks
}
