//! A database in place of our own log: the same checkpoints through redb.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, SessionId};
use bevy_session_benchmarks::Outcome;
use bevy_session_benchmarks::game::{Game, in_memory, on_files, plain_app};
use bevy_session_benchmarks::statistics::{bytes, median, milliseconds, timed};
use bevy_session_benchmarks::worlds::{Shape, changing, play, populate};

use super::hour::Growth;
use super::writer::files_below;
use super::{ENTITIES, directory};
use crate::peers::redb::{Rival, Value, values_of};
use crate::report::{Report, Section, Table};

const CHECKPOINTS: usize = 60;
const CHANGED: usize = ENTITIES / 100;
/// Frames within which a merge is done.
const FRAMES_BETWEEN: usize = 40;

/// The figures of a way of storing.
#[derive(Default)]
struct Stored {
    times: Vec<Duration>,
    /// Bytes of the first, full checkpoint, and of all.
    first: u64,
    written: u64,
    on_disk: u64,
    recovery: Option<Duration>,
}

pub fn measure(report: &mut Report) -> Outcome {
    let files = directory()?;
    let [ours, plain, pieces, values] = store_in_turns(files.path())?;
    let mut table = Table::new([
        "what is stored how",
        "time for a checkpoint",
        "first checkpoint",
        "written for each further one",
        "on disk at the end",
        "recovery",
    ]);
    for (what, result) in [
        ("bevy_session, all of its writer's work", ours),
        ("its bytes, appended to a plain file and synced", plain),
        ("its bytes, as values in redb, a commit each", pieces),
        ("MessagePack, an upsert in redb for each value, a commit each", values),
    ] {
        let recovery = result.recovery.map_or_else(String::new, milliseconds);
        table.row([
            what,
            &milliseconds(median(&result.times)),
            &bytes(result.first),
            &bytes((result.written - result.first) / CHECKPOINTS as u64),
            &bytes(result.on_disk),
            &recovery,
        ]);
    }
    let intro = format!(
        "100,000 entities × 5 components, a first checkpoint and {CHECKPOINTS} with 1 % changed, on \
         the real disk, durable each. *Written* has the merged snapshots of our log in it, and all \
         pages that redb writes. *On disk* is with the history that our retention keeps, also where \
         redb stores our bytes; the upserts keep one state and no history. *Recovery* is from the \
         files of a killed process: ours to a running world with the game's set-up and the offer, \
         redb's to bytes or decoded values, without a world."
    );
    report.sections.push(Section {
        tables: vec![table],
        ..Section::new(22, "A database instead of a log", intro)
    });
    Ok(())
}

fn store_in_turns(files: &Path) -> Outcome<[Stored; 4]> {
    let [mut ours, mut plain, mut pieces, mut values] = <[Stored; 4]>::default();
    let mut log = Log::new(files)?;
    let mut blocks = Blocks::new(files)?;
    let mut upserts = Upserts::new(files)?;
    for round in 0..=CHECKPOINTS {
        ours.times.extend(log.checkpoint(round)?);
        plain.times.push(blocks.append()?);
        pieces.times.push(blocks.commit()?);
        values.times.push(upserts.checkpoint(round)?);
        if round == 0 {
            // The first one is of another sort.
            for result in [&mut plain, &mut pieces, &mut values] {
                result.times.clear();
            }
            ours.first = blocks.appended;
            plain.first = blocks.appended;
            pieces.first = blocks.database.written();
            values.first = upserts.database.written();
        }
    }
    ours.written = blocks.appended;
    plain.written = blocks.appended;
    pieces.written = blocks.database.written();
    values.written = upserts.database.written();
    ours.on_disk = blocks.growth.on_disk();
    plain.on_disk = ours.on_disk;
    pieces.on_disk = files.join("blocks").metadata()?.len();
    values.on_disk = files.join("values").metadata()?.len();
    ours.recovery = Some(log.recover(files)?);
    pieces.recovery = Some(recover(files, "blocks", Rival::read_pieces, 1)?);
    values.recovery = Some(recover(files, "values", Rival::read_values, ENTITIES * 5)?);
    Ok([ours, plain, pieces, values])
}

/// Reads what a killed process left.
fn recover(
    files: &Path,
    name: &str,
    read: fn(&Rival) -> Outcome<usize>,
    at_least: usize,
) -> Outcome<Duration> {
    let copy = files.join("left");
    std::fs::copy(files.join(name), &copy)?;
    let (found, time) = timed(|| read(&Rival::open(&copy)?));
    let found = found?;
    if found < at_least { Err(format!("{found} came back").into()) } else { Ok(time) }
}

/// The plugin on the real disk.
struct Log {
    game: Game,
    session: SessionId,
    files: std::path::PathBuf,
}

impl Log {
    fn new(files: &Path) -> Outcome<Self> {
        let files = files.join("log");
        let game = Game::started(on_files(&files), Shape::mixed(ENTITIES));
        let session = game.session().ok_or("no session was started")?;
        Ok(Self { game, session, files })
    }

    fn checkpoint(&mut self, round: usize) -> Outcome<Option<Duration>> {
        if round == 0 {
            return Ok(None);
        }
        self.game.play(CHANGED);
        let saved = self.game.checkpoint().saved.ok_or("a checkpoint was not saved")?;
        Ok(Some(saved.write_time))
    }

    /// Recovers what a killed process would have left here, from the set-up of the game to a
    /// running world.
    fn recover(&self, files: &Path) -> Outcome<Duration> {
        let copy = files.join("left-log");
        for file in files_below(&self.files.join("data")) {
            let place = copy.join(file.strip_prefix(&self.files)?);
            std::fs::create_dir_all(place.parent().unwrap_or(&copy))?;
            std::fs::copy(&file, &place)?;
        }
        let mut next = Game::new(on_files(&copy));
        let begun = Instant::now();
        next = next.run();
        next.spin_until(|heard| heard.offers > 0)?;
        let session = self.session;
        next.ask(|commands| commands.session().recover(session, RestoreFrom::Latest));
        next.spin_until(|heard| !heard.restores.is_empty())?;
        Ok(begun.elapsed())
    }
}

/// Our bytes, stored by others.
struct Blocks {
    disk: MemoryDisk,
    game: Game,
    growth: Growth,
    pieces: Vec<(String, Vec<u8>)>,
    /// The keys of all pieces in the database.
    kept: Vec<String>,
    plain: File,
    appended: u64,
    database: Rival,
}

impl Blocks {
    fn new(files: &Path) -> Outcome<Self> {
        let disk = MemoryDisk::default();
        Ok(Self {
            game: Game::started(in_memory(&disk), Shape::mixed(ENTITIES)),
            disk,
            growth: Growth::default(),
            pieces: Vec::new(),
            kept: Vec::new(),
            plain: File::create(files.join("plain"))?,
            appended: 0,
            database: Rival::open(&files.join("blocks"))?,
        })
    }

    /// Takes a checkpoint, but for the first, which was taken, and appends its bytes to a file.
    fn append(&mut self) -> Outcome<Duration> {
        if self.appended > 0 {
            self.game.play(CHANGED);
            self.game.checkpoint();
        }
        (0..FRAMES_BETWEEN).for_each(|_| self.game.app.update());
        let pieces = self.growth.since_last(&self.disk);
        self.pieces = pieces
            .map(|piece| (format!("{}@{:012}", piece.path.display(), piece.offset), piece.bytes))
            .collect();
        let bytes = self.pieces.iter().flat_map(|(_, bytes)| bytes.iter().copied());
        let bytes: Vec<u8> = bytes.collect();
        self.appended += bytes.len() as u64;
        let (done, time) =
            timed(|| self.plain.write_all(&bytes).and_then(|()| self.plain.sync_all()));
        done?;
        Ok(time)
    }

    /// Puts the same bytes into the database.
    fn commit(&mut self) -> Outcome<Duration> {
        let files: Vec<String> =
            self.growth.files().map(|file| format!("{}@", file.display())).collect();
        let is_kept = |key: &String| files.iter().any(|file| key.starts_with(file));
        self.kept.extend(self.pieces.iter().map(|(key, _)| key.clone()));
        let (kept, gone): (Vec<_>, Vec<_>) = self.kept.drain(..).partition(is_kept);
        self.kept = kept;
        let (done, time) = timed(|| self.database.put_pieces(&self.pieces, &gone));
        done?;
        Ok(time)
    }
}

/// Values in a database.
struct Upserts {
    app: App,
    entities: Vec<Entity>,
    database: Rival,
}

impl Upserts {
    fn new(files: &Path) -> Outcome<Self> {
        let mut app = plain_app();
        let entities = populate(app.world_mut(), Shape::mixed(ENTITIES));
        Ok(Self { app, entities, database: Rival::open(&files.join("values"))? })
    }

    fn checkpoint(&mut self, round: usize) -> Outcome<Duration> {
        play(self.app.world_mut(), &self.entities, CHANGED, round);
        let world = self.app.world();
        let changed = if round == 0 { ENTITIES } else { CHANGED };
        let changed: Vec<Entity> = changing(&self.entities, changed, round).collect();
        let (done, time) = timed(|| {
            let encoded = changed
                .iter()
                .map(|entity| values_of(entity.index_u32() as usize, world.entity(*entity)));
            let values: Vec<Value> = encoded.collect::<Outcome<Vec<_>>>()?.concat();
            self.database.put_values(&values)
        });
        done?;
        Ok(time)
    }
}
