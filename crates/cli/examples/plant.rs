//! Plants sessions to measure the tool with: `plant DIRECTORY SESSIONS ENTITIES`.
//!
//! One session, called `large`, has two checkpoints of so many entities, of which every tenth moves in between.

use std::error::Error;
use std::path::PathBuf;

use bevy_session_journal::{
    CheckpointKind, Codec, JournalOptions, NewSession, RowReader, RowWriter, SaveId, SavedType,
};
use serde::Serialize;

const POSITION: SavedType = SavedType::new("plant::Position");
const HEALTH: SavedType = SavedType::new("plant::Health");

#[derive(Serialize)]
struct Position {
    x: f32,
    y: f32,
}

#[derive(Serialize)]
struct Health {
    current: u32,
    max: u32,
}

/// A meadow with so many entities, after so many steps.
struct Meadow;

impl Codec for Meadow {
    type Capture = (u64, u64);
    type Image = ();

    fn types(&self) -> &[SavedType] {
        &[POSITION, HEALTH]
    }

    fn encode(&self, (entities, steps): (u64, u64), rows: &mut RowWriter) {
        for number in 0..entities {
            let id = SaveId(SaveId::FIRST.0 + number);
            let x = if number % 10 == 0 { steps as f32 } else { 0.0 };
            rows.put(POSITION, id, &Position { x, y: number as f32 });
            rows.put(HEALTH, id, &Health { current: 80, max: 100 });
        }
    }

    fn decode(&self, _: &mut RowReader<'_>) {}
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [directory, sessions, entities] = &words[..] else {
        return Err("it needs DIRECTORY SESSIONS ENTITIES".into());
    };
    let (sessions, entities): (u64, u64) = (sessions.parse()?, entities.parse()?);
    let options = JournalOptions::new(PathBuf::from(directory)).watch_panics(false);
    let mut journal = options.open(Meadow)?;
    for number in 0..sessions {
        let mut run = journal.start(NewSession::named(format!("Evening {number}")));
        run.checkpoint(CheckpointKind::Auto, |_| (10, number));
        run.close(|_| (10, number + 1))?;
    }
    let mut run = journal.start(NewSession::named("large"));
    run.checkpoint(CheckpointKind::Manual, |_| (entities, 0));
    run.close(|_| (entities, 1))?;
    Ok(())
}
