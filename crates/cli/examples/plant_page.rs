//! Plants a session to look at a page of: `plant_page DIRECTORY ENTITIES [PICTURE]...`.
//!
//! A town of so many people, who have names, places, health and bags. It is played on, gone back in and played on
//! again, with named checkpoints. Pictures lie beside checkpoints, one after the other. Some texts are hostile.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bevy_session_journal::internal::disk::{Layout, LocalStore, RealDisk};
use bevy_session_journal::{
    Attachment, CheckpointId, CheckpointKind, Codec, JournalOptions, NewSession, RestoreFrom,
    RowReader, RowWriter, Run, SaveId, SavedType, SessionId,
};
use serde::Serialize;

const NAME: SavedType = SavedType::new("bevy_ecs::name::Name");
const PLACE: SavedType = SavedType::new("town::world::Place");
const HEALTH: SavedType = SavedType::new("town::Health");
const BAG: SavedType = SavedType::new("town::Bag");
const WEATHER: SavedType = SavedType::new("town::Weather");

const HOSTILE: [&str; 4] = [
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "\u{202e}drawkcab\u{1b}[2J",
    "<!-- & &amp; ]]> '\"`",
];

#[derive(Serialize)]
struct Place {
    translation: [f32; 3],
    rotation: [f32; 4],
}

#[derive(Serialize)]
struct Health {
    current: u32,
    max: u32,
}

#[derive(Serialize)]
struct Item {
    kind: &'static str,
    count: u32,
}

#[derive(Serialize)]
struct Weather<'a> {
    rain: f32,
    wind: [f32; 2],
    forecast: &'a str,
    seed: u64,
}

/// A town with so many people, after so many steps.
struct Town;

/// A number that looks like chance.
fn chance(seed: u64) -> f32 {
    let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (seed >> 7);
    (mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f32 / 16_777_216.0
}

impl Codec for Town {
    type Capture = (u64, u64);
    type Image = ();

    fn types(&self) -> &[SavedType] {
        &[NAME, PLACE, HEALTH, BAG, WEATHER]
    }

    fn encode(&self, (people, steps): (u64, u64), rows: &mut RowWriter) {
        let forecast = if steps % 2 == 0 { "rain, later" } else { HOSTILE[0] };
        let rain = chance(steps) * 3.0;
        let weather = Weather { rain, wind: [0.5, steps as f32], forecast, seed: u64::MAX - steps };
        rows.put(WEATHER, SaveId::WORLD, &weather);
        // Each step somebody comes and somebody goes.
        for number in steps..people + steps {
            let id = SaveId(SaveId::FIRST.0 + number);
            let moved = if number % 20 == steps % 20 { steps } else { 0 };
            let at = |axis: u64| chance(number * 31 + axis + 7 * moved) * 200.0 - 100.0;
            let turn = chance(number) * 3.0;
            let rotation = [0.0, turn.sin(), 0.0, turn.cos()];
            let place = Place { translation: [at(1), 0.0, at(2)], rotation };
            rows.put(PLACE, id, &place);
            let name = match HOSTILE.get(number as usize % 50) {
                Some(hostile) => (*hostile).to_owned(),
                None => {
                    format!("{} {number}", ["Ada", "Ben", "Cleo", "Dmitri"][number as usize % 4])
                }
            };
            rows.put(NAME, id, &name);
            let current = if moved > 0 { 35 } else { 80 };
            rows.put(HEALTH, id, &Health { current, max: 100 });
            if number % 5 == 0 {
                let bag = [Item { kind: "lamp", count: 1 }, Item { kind: "rope", count: 3 }];
                rows.put(BAG, id, &bag);
            }
        }
    }

    fn decode(&self, _: &mut RowReader<'_>) {}
}

/// Takes a checkpoint, and says which it is.
fn take(
    run: &mut Run<'_, Town>,
    label: Option<&str>,
    at: (u64, u64),
) -> Result<CheckpointId, Box<dyn Error>> {
    match label {
        Some(label) => run.named_checkpoint(label, |_| at)?,
        None => run.checkpoint(CheckpointKind::Auto, |_| at),
    };
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        match run.wait(patience) {
            Some(bevy_session_journal::Event::Saved(saved)) => return Ok(saved.id),
            Some(_) => {}
            None => return Err("it should be saved within a minute".into()),
        }
    }
}

fn play(directory: &Path, people: u64) -> Result<(SessionId, Vec<CheckpointId>), Box<dyn Error>> {
    let options = JournalOptions::new(directory).watch_panics(false);
    let mut journal = options.open(Town)?;
    let named = NewSession::named("The town <b>below</b> the hill").player("Ann & Ben");
    let mut run = journal.start(named);
    let session = run.session();
    let mut taken = Vec::new();
    for step in 0..6 {
        let label = match step {
            2 => Some("Before the flood"),
            4 => Some(HOSTILE[1]),
            _ => None,
        };
        taken.push(take(&mut run, label, (people, step))?);
    }
    drop(run);
    let restored = journal.restore(session, RestoreFrom::Checkpoint(taken[2]))?;
    let ((), mut run) = restored.go_on();
    for step in 6..10 {
        let label = (step == 7).then_some("The other way");
        taken.push(take(&mut run, label, (people, step))?);
    }
    run.close(|_| (people, 10))?;
    Ok((session, taken))
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [directory, people, pictures @ ..] = &words[..] else {
        return Err("it needs DIRECTORY ENTITIES [PICTURE]...".into());
    };
    let directory = PathBuf::from(directory);
    let (session, taken) = play(&directory, people.parse()?)?;
    let (data, state) = (directory.join("data"), directory.join("state"));
    let layout = Layout { data, state, profile: "default".to_owned() };
    let local = LocalStore::new(Arc::new(RealDisk), layout);
    for (checkpoint, picture) in taken.iter().rev().zip(pictures.iter().cycle()) {
        let picture = Attachment::new("thumbnail".to_owned(), fs::read(picture)?);
        local.store.write_attachment(session, *checkpoint, &picture)?;
    }
    writeln!(std::io::stdout(), "{session}")?;
    Ok(())
}
