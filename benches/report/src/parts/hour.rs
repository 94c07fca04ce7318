//! The bytes that an hour of play writes at the default settings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bevy_session::MemoryDisk;
use bevy_session::prelude::*;
use bevy_session_benchmarks::Outcome;
use bevy_session_benchmarks::game::{Game, in_memory};
use bevy_session_benchmarks::statistics::bytes;
use bevy_session_benchmarks::worlds::{Shape, populate};
use jiff::Timestamp;

use super::ENTITIES;
use crate::report::{Report, Section, Table};

const SECONDS: usize = 3_600;

pub fn measure(report: &mut Report) -> Outcome {
    let mut table = Table::new([
        "game",
        "checkpoints",
        "in checkpoints",
        "written in all",
        "on disk after it",
        "per second",
    ]);
    for (what, entities) in
        [("2,000 entities × 5 components", 2_000), ("100,000 entities × 5 components", ENTITIES)]
    {
        let hour = play_an_hour(entities)?;
        table.row([
            what,
            &hour.checkpoints.to_string(),
            &bytes(hour.in_checkpoints),
            &bytes(hour.written),
            &bytes(hour.on_disk),
            &bytes(hour.written / SECONDS as u64),
        ]);
    }
    let intro = "An hour on a clock that only frames move, a checkpoint every 5 seconds, and between \
                 two of them all components of 1 % of the entities change. *Written in all* has the \
                 merged snapshots of new segments in it, but not the process record, some hundred \
                 bytes that are written again each second. *On disk* is what retention left of the \
                 hour's history.";
    report
        .sections
        .push(Section { tables: vec![table], ..Section::new(20, "An hour of play", intro) });
    Ok(())
}

struct Hour {
    checkpoints: usize,
    in_checkpoints: u64,
    written: u64,
    on_disk: u64,
}

fn play_an_hour(entities: usize) -> Outcome<Hour> {
    let disk = MemoryDisk::default();
    let mut game = Game::new(in_memory(&disk).clock_from(Timestamp::UNIX_EPOCH))
        .with_clock(Duration::from_secs(1))
        .run();
    game.entities = populate(game.app.world_mut(), Shape::mixed(entities));
    game.ask(|commands| commands.session().start(NewSession::named("Bench")));
    let (mut growth, mut written) = (Growth::default(), 0);
    for second in 0..SECONDS {
        if second % 5 == 0 {
            game.play(entities / 100);
        }
        game.app.update();
        written += growth.since_last(&disk).map(|piece| piece.bytes.len() as u64).sum::<u64>();
    }
    let saved = &game.heard().saved;
    if saved.len() < SECONDS / 6 {
        return Err(format!("only {} checkpoints in an hour", saved.len()).into());
    }
    Ok(Hour {
        checkpoints: saved.len(),
        in_checkpoints: saved.iter().map(|saved| saved.bytes).sum(),
        written,
        on_disk: growth.on_disk(),
    })
}

/// Follows what is appended to a session's files.
#[derive(Default)]
pub struct Growth {
    lengths: BTreeMap<PathBuf, usize>,
}

/// Bytes that were appended to a file.
pub struct Piece {
    pub path: PathBuf,
    pub offset: usize,
    pub bytes: Vec<u8>,
}

impl Growth {
    /// The pieces that were appended since the last call.
    pub fn since_last(&mut self, disk: &MemoryDisk) -> impl Iterator<Item = Piece> + use<> {
        let mut pieces = Vec::new();
        let mut lengths = BTreeMap::new();
        for path in disk.paths() {
            if !path.starts_with(Path::new("sessions").join("data")) {
                continue;
            }
            let content = disk.content(&path).unwrap_or_default();
            let offset = self.lengths.get(&path).copied().unwrap_or_default();
            lengths.insert(path.clone(), content.len());
            if let Some(bytes) = content.get(offset..).filter(|bytes| !bytes.is_empty()) {
                pieces.push(Piece { path, offset, bytes: bytes.to_vec() });
            }
        }
        self.lengths = lengths;
        pieces.into_iter()
    }

    /// The files that there are.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.lengths.keys().map(PathBuf::as_path)
    }

    /// The bytes of all files.
    pub fn on_disk(&self) -> u64 {
        self.lengths.values().map(|length| *length as u64).sum()
    }
}
