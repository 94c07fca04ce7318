//! One app, and the worlds that are played in it one after the other.

use std::convert::Infallible;

use bevy::ecs::entity::Entity;
use bevy_session_journal::SaveId;
use bevy_session_journal::internal::format::{Block, TypeSummary, merge};

use super::churn::Churn;
use super::expected::{Back, Expected, follow, ids_of};
use super::figures::{Figures, InPlaceFigures};
use super::game::Variant;
use super::hooks::{self, Kept};
use super::levels::{Level, values_of_placed};
use super::portrait::saved_entities;
use super::rows::Table;
use super::{Portrait, Random};
use crate::capture::test_kit::Play;
use crate::capture::{Capture, CaptureScope, Encoded, EncodedFacts, Encoder, Placed, Recorder};

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
    figures: Figures,
    in_place: InPlaceFigures,
}

impl Life {
    pub fn begin(variant: Variant, random: Random) -> Self {
        Self {
            variant,
            play: play_of(variant),
            churn: Churn::new(random),
            chain: Vec::new(),
            newest: None,
            other: None,
            figures: Figures::default(),
            in_place: InPlaceFigures::default(),
        }
    }

    /// The figures, once all is played.
    pub fn end(mut self) -> (Figures, InPlaceFigures) {
        let hooks = self.play.app.world().resource::<Kept>().ran;
        (self.figures.hooks, self.in_place.hooks) = (hooks, hooks);
        (self.figures, self.in_place)
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
        self.follow();
    }

    /// Does the plugin's part of a frame.
    fn follow(&mut self) {
        let came_back = follow(&mut self.play, &self.churn.left);
        self.figures.came_back += came_back;
        self.in_place.came_back += came_back;
    }

    fn capture(&mut self, scope: CaptureScope) {
        self.follow();
        let capture = self.play.record(scope);
        let is_full = capture.scope() == CaptureScope::Full;
        let Encoded { blocks, facts: encoded } = self.play.encoder.encode(capture);
        assert!(encoded.drift.is_empty(), "rows were lost: {:?}", encoded.drift);
        assert!(encoded.failures.is_empty(), "{:?}", encoded.failures);
        self.figures.captures += 1;
        self.figures.deltas += u64::from(!is_full);
        if is_full {
            self.chain.clear();
        }
        self.chain.push(blocks);
        let EncodedFacts { entities, types, next_save_id, .. } = encoded;
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
        hooks::must_fit(self.play.app.world());
        let mut by_chain = Table::of(&self.merge_the_chain());
        let (ids, left) = (ids_of(&self.play), Level::of(self.play.app.world()).waiting);
        let newest = self.newest.as_ref().unwrap();
        let (entities, types) = (newest.entities, newest.types.clone());
        assert_eq!(entities, (ids.len() + left.len()) as u64);
        for summary in types {
            let rows = by_chain.0.get(&summary.path).map_or(0, |rows| rows.len() as u64);
            assert_eq!(rows, summary.rows, "rows of {}", summary.path);
        }
        let mut encoder = Encoder::new(self.play.types.clone(), newest.next_save_id);
        encoder.seed(ids);
        encoder.take_over(&self.play.encoder);
        let capture = self.capture_everything();
        let mut by_full = Table::of(&encoder.encode(capture).blocks);
        by_chain.forget_who_is_not_saved(&left);
        by_full.forget_who_is_not_saved(&left);
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

    /// Goes back in place to a captured moment, and to the end that was left.
    pub fn rewind_in_place(&mut self) {
        let back = self.expect_this_moment();
        self.go_on();
        let end = self.expect_this_moment();
        self.play_on();
        self.come_back_in_place(&back);
        if self.churn.random.one_in(2) {
            self.go_on();
        }
        self.come_back_in_place(&end);
    }

    fn come_back_in_place(&mut self, to: &Expected) {
        let next = self.next_save_id();
        let back = to.must_come_back_in_place(next, &mut self.play, &mut self.churn.random);
        self.count_in_place(to, &back);
        self.churn.left.clone_from(&to.left);
        self.go_on_with_the_restored();
    }

    fn count_in_place(&mut self, to: &Expected, back: &Back) {
        let report = &back.report;
        self.in_place.restores += 1;
        self.in_place.opened += u64::from(back.has_opened);
        self.in_place.written += report.written;
        self.in_place.spawned += report.spawned;
        self.in_place.despawned += report.despawned;
        self.in_place.respawned += report.respawned.len() as u64;
        self.in_place.keys += to.level.living.len() as u64;
        self.in_place.losses += to.level.gone.len() as u64;
        self.in_place.left += to.level.waiting.len() as u64;
        self.in_place.came_back += back.came_back;
        self.in_place.late += u64::from(back.is_late);
    }

    fn expect_this_moment(&mut self) -> Expected {
        let world = self.play.app.world();
        let (portrait, dangling) = Portrait::of(world, &ids_of(&self.play), &self.play.encoder);
        let mut left = self.churn.left.clone();
        left.extend(values_of_placed(world));
        let level = Level::of(world);
        let snapshot = self.merge_the_chain();
        let types = self.newest.as_ref().unwrap().types.iter();
        Expected {
            portrait,
            dangling: dangling.unsaved,
            snapshot,
            types: types.map(|summary| summary.path.clone()).collect(),
            captured_at: self.play.recorder.captured_at().unwrap(),
            variant: self.variant,
            level,
            left,
        }
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
            self.other = Some(play_of(self.variant));
            self.figures.fresh_apps += 1;
        } else {
            self.figures.played_apps += 1;
        }
        let next = self.next_save_id();
        let random = &mut self.churn.random;
        let there = expected.must_come_back(next, self.other.as_mut().unwrap(), random);
        self.play_on();
        let here = expected.must_come_back(next, &mut self.play, &mut self.churn.random);
        self.churn.left.clone_from(&expected.left);
        self.figures.played_apps += 1;
        self.figures.came_back += there.came_back + here.came_back;
        self.figures.late += u64::from(there.is_late) + u64::from(here.is_late);
        self.adopt_the_restored();
    }

    fn count(&mut self, expected: &Expected) {
        self.figures.entities += expected.portrait.entities.len() as u64;
        self.figures.values += expected.portrait.values() as u64;
        self.figures.disabled += expected.portrait.count("disabled");
        self.figures.dangling += expected.dangling;
        self.figures.keys += expected.level.living.len() as u64;
        self.figures.losses += expected.level.gone.len() as u64;
        self.figures.left += expected.level.waiting.len() as u64;
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
            // Its levels begin again as well.
            self.play.world().resource_mut::<Placed>().release_all("");
        } else {
            self.churn.alive.extend(saved);
        }
        self.churn.bury_the_dead(self.play.app.world());
        self.capture(CaptureScope::Full);
    }
}

fn play_of(variant: Variant) -> Play {
    let mut play = Play::of(variant.app());
    play.note_placed();
    play
}

fn merged(groups: &[Vec<Block>], keep_removals: bool) -> Vec<Block> {
    let sources =
        groups.iter().map(|group| group.clone().into_iter().map(Ok::<Block, Infallible>)).collect();
    let Ok(blocks) = merge(sources, keep_removals).collect();
    blocks
}
