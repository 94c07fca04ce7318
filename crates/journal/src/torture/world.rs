//! A world made of bytes, and captures of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use xxhash_rust::xxh3::Xxh3;

use super::Random;
use super::content::Capture;
use crate::format::{Block, Commit, ENTITIES, Rows, TypeSummary, Values};
use crate::model::ids::{ChapterId, SaveId};
use crate::model::session::{ChapterOutcome, Chapters, ChaptersWritten, Fields, NewChapter};
use crate::read::recovery::ABOUT_SESSION;

/// The types that entities may have, beside the one that says that they exist.
const COMPONENTS: [&str; 3] = ["game::Health", "game::Inventory", "game::Name"];
/// A type that belongs to no entity.
const RESOURCE: &str = "game::Score";
/// A value that is packed, and with others fills more than a sector.
const LONG_VALUE: u64 = 1500;

/// The name of the field that the game keeps with the session.
const FIELD: &str = "score";

/// The values of all types, by type and id.
#[derive(Clone, PartialEq, Debug)]
pub struct World {
    rows: BTreeMap<(&'static str, u64), Vec<u8>>,
    /// The fields that the game keeps with the session, for its listings.
    pub fields: Fields,
    /// Its chapters.
    pub chapters: Chapters,
    next_id: u64,
}

impl World {
    /// A world with a few entities in it.
    pub fn new(random: &mut Random) -> Self {
        let mut world = Self::empty();
        world.rows.insert((RESOURCE, 0), vec![0]);
        for _ in 0..3 {
            world.spawn(random);
        }
        world
    }

    fn empty() -> Self {
        let (fields, chapters) = Default::default();
        Self { rows: BTreeMap::new(), fields, chapters, next_id: SaveId::FIRST.0 }
    }

    /// Lets something happen. Something always does.
    pub fn change(&mut self, random: &mut Random) {
        let score = random.number();
        self.rows.insert((RESOURCE, 0), score.to_le_bytes().to_vec());
        if score.is_multiple_of(3) {
            self.fields.set(FIELD, &score).expect("a number can be written");
        }
        self.change_chapters(score);
        for _ in 0..1 + random.below(3) {
            match random.below(6) {
                0 => self.spawn(random),
                1 => self.despawn(random),
                2 => self.remove_component(random),
                _ => self.write_component(random),
            }
        }
    }

    /// A second goes by in the chapter that is open; now and then one begins or ends.
    fn change_chapters(&mut self, score: u64) {
        self.chapters.let_time_pass(Duration::from_secs(1));
        let (now, play_time) = (Timestamp::UNIX_EPOCH, Duration::ZERO);
        match score % 8 {
            0 => {
                let chapter = NewChapter::named(format!("Chapter {score}"));
                // There may be as many as there can be.
                let _ = self.chapters.begin(ChapterId(score), chapter, now, play_time);
            }
            1 => drop(self.chapters.end_current(ChapterOutcome::Completed, now, play_time)),
            _ => {}
        }
    }

    /// The chapters as a checkpoint writes them, if `before` was captured last.
    pub fn chapters_since(&self, before: Option<&Self>) -> ChaptersWritten {
        let counted = self.chapters.counted();
        let has_only_counted = before.is_some_and(|before| {
            let mut then = before.chapters.clone();
            counted.into_iter().for_each(|counted| then.take_up(counted));
            then == self.chapters
        });
        ChaptersWritten { all: (!has_only_counted).then(|| self.chapters.clone()), counted }
    }

    /// Everything, as a snapshot.
    pub fn full(&self) -> Vec<Block> {
        self.since(&Self::empty())
    }

    /// The changes since `before`, as a delta.
    pub fn since(&self, before: &Self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let gone: BTreeSet<u64> = before.entities().filter(|id| !self.exists(*id)).collect();
        for path in [ENTITIES].into_iter().chain(COMPONENTS).chain([RESOURCE]) {
            let lost = before.rows_of(path).map(|(id, _)| id).filter(|id| {
                let with_its_entity = path != ENTITIES && gone.contains(id);
                !self.rows.contains_key(&(path, *id)) && !with_its_entity
            });
            let lost: Vec<SaveId> = lost.map(SaveId).collect();
            if !lost.is_empty() {
                blocks.push(Block::removed(Arc::from(path), lost));
            }
            let mut values = Values::default();
            for (id, value) in self.rows_of(path) {
                if before.rows.get(&(path, id)) != Some(value) {
                    values.push(SaveId(id), value);
                }
            }
            if !values.is_empty() {
                blocks.push(Block::values(Arc::from(path), 0, values));
            }
        }
        blocks
    }

    /// The number of rows of every type.
    pub fn types(&self) -> Vec<TypeSummary> {
        let paths = [ENTITIES].into_iter().chain(COMPONENTS).chain([RESOURCE]);
        let rows = |path| self.rows_of(path).count() as u64;
        paths
            .map(|path| TypeSummary { path: path.to_owned(), version: 0, rows: rows(path) })
            .collect()
    }

    /// Blocks of this world, as they are handed to the writer.
    pub fn captured(&self, blocks: Vec<Block>) -> Capture {
        let (entities, types, next_id) = (self.entity_count(), self.types(), self.next_id());
        Capture { blocks, entities, types, next_id, gate: None }
    }

    pub fn entity_count(&self) -> u64 {
        self.entities().count() as u64
    }

    pub fn next_id(&self) -> SaveId {
        SaveId(self.next_id)
    }

    /// No id is given away again that another branch of the session has used.
    pub fn skip_ids_to(&mut self, next: SaveId) {
        self.next_id = self.next_id.max(next.0);
    }

    /// A number that worlds have in common if they are the same.
    pub fn digest(&self) -> u64 {
        let mut digest = Digest::default();
        for ((path, id), value) in &self.rows {
            digest.add_row(path, *id, value);
        }
        digest.finish()
    }

    fn spawn(&mut self, random: &mut Random) {
        let id = SaveId(self.next_id);
        self.next_id = id.next().0;
        self.rows.insert((ENTITIES, id.0), Vec::new());
        for path in COMPONENTS {
            if random.below(3) > 0 {
                self.rows.insert((path, id.0), value(path, random));
            }
        }
    }

    fn despawn(&mut self, random: &mut Random) {
        // The last one stays, for something to happen to.
        if self.entities().count() < 2 {
            return;
        }
        let Some(gone) = self.any_entity(random) else { return };
        self.rows.retain(|(path, id), _| *id != gone || *path == RESOURCE);
    }

    fn remove_component(&mut self, random: &mut Random) {
        let Some(id) = self.any_entity(random) else { return };
        let path = COMPONENTS[random.below(COMPONENTS.len() as u64) as usize];
        self.rows.remove(&(path, id));
    }

    fn write_component(&mut self, random: &mut Random) {
        let Some(id) = self.any_entity(random) else { return };
        let path = COMPONENTS[random.below(COMPONENTS.len() as u64) as usize];
        self.rows.insert((path, id), value(path, random));
    }

    fn any_entity(&self, random: &mut Random) -> Option<u64> {
        let entities: Vec<u64> = self.entities().collect();
        random.pick(&entities).copied()
    }

    fn entities(&self) -> impl Iterator<Item = u64> {
        self.rows_of(ENTITIES).map(|(id, _)| id)
    }

    fn exists(&self, id: u64) -> bool {
        self.rows.contains_key(&(ENTITIES, id))
    }

    fn rows_of(&self, path: &'static str) -> impl Iterator<Item = (u64, &Vec<u8>)> {
        self.rows.range((path, 0)..=(path, u64::MAX)).map(|((_, id), value)| (*id, value))
    }
}

fn value(path: &str, random: &mut Random) -> Vec<u8> {
    let length = match path {
        "game::Health" => 4,
        "game::Name" => 3 + random.below(12),
        _ if random.one_in(8) => LONG_VALUE,
        _ => random.below(40),
    };
    // Bytes of few kinds, so that long ones get smaller by packing.
    (0..length).map(|_| b'a' + random.below(8) as u8).collect()
}

/// The digest of what was read back.
///
/// # Errors
///
/// The first error of `blocks`.
pub fn digest_of<E>(blocks: impl IntoIterator<Item = Result<Block, E>>) -> Result<u64, E> {
    let mut rows: BTreeMap<(Arc<str>, u64), Vec<u8>> = BTreeMap::new();
    for block in blocks {
        let block = block?;
        let is_of_the_session = ABOUT_SESSION.contains(&&*block.type_path);
        let Rows::Values(values) = &block.rows else { continue };
        if is_of_the_session {
            continue;
        }
        for (id, value) in values.iter() {
            rows.insert((Arc::clone(&block.type_path), id.0), value.to_vec());
        }
    }
    let mut digest = Digest::default();
    rows.iter().for_each(|((path, id), value)| digest.add_row(path, *id, value));
    Ok(digest.finish())
}

/// A digest of the world and of its checkpoint's label.
pub fn with_commit(world: u64, commit: &Commit) -> u64 {
    let mut hasher = Xxh3::new();
    hasher.update(&world.to_le_bytes());
    hasher.update(&commit.counter.to_le_bytes());
    hasher.update(&commit.entities.to_le_bytes());
    hasher.update(&commit.play_time.as_millis().to_le_bytes());
    hasher.update(commit.label.as_deref().unwrap_or_default().as_bytes());
    hasher.update(format!("{:?}{:?}", commit.kind, commit.types).as_bytes());
    hasher.digest()
}

/// A digest of a checkpoint and of what the game noted about the session at its moment.
pub fn with_notes(checkpoint: u64, fields: &Fields, chapters: &Chapters) -> u64 {
    let mut hasher = Xxh3::new();
    hasher.update(&checkpoint.to_le_bytes());
    hasher.update(format!("{fields:?} {chapters:?}").as_bytes());
    hasher.digest()
}

#[derive(Default)]
struct Digest(Xxh3);

impl Digest {
    fn add_row(&mut self, path: &str, id: u64, value: &[u8]) {
        self.0.update(path.as_bytes());
        self.0.update(&id.to_le_bytes());
        self.0.update(&(value.len() as u64).to_le_bytes());
        self.0.update(value);
    }

    fn finish(&self) -> u64 {
        self.0.digest()
    }
}
