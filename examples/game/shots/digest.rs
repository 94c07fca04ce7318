//! A number for all that is saved, which shows whether the game that came back is the one that was
//! captured. A game has no need of this.

use std::fmt::Debug;
use std::fs::{OpenOptions, read_to_string};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_session::CheckpointCaptured;
use bevy_session::prelude::*;
use bevy_session_play::PlayedBy;
use xxhash_rust::xxh3::xxh3_64;

use crate::model::{CurrentLevel, Dice, Firefly, Game, Lamp, Lantern, Player, Score, Shade};
use crate::options::Options;

/// The comparison of a restored checkpoint with its capture.
#[derive(Resource, Default, PartialEq, Debug)]
pub enum Comparison {
    #[default]
    NothingYet,
    Same,
    Different,
    /// No checkpoint of this name was ever captured.
    Unknown,
}

pub fn plugin(app: &mut App) {
    app.init_resource::<Comparison>().add_observer(note).add_observer(compare);
}

/// Reads everything that is saved.
#[derive(SystemParam)]
struct Digest<'w, 's> {
    players: Query<'w, 's, (&'static Player, &'static Transform, &'static PlayedBy)>,
    lanterns: Query<'w, 's, (&'static Lantern, &'static ChildOf)>,
    fireflies: Query<'w, 's, (&'static Firefly, &'static Transform)>,
    lamps: Query<'w, 's, (&'static Lamp, &'static SaveKey, &'static Transform)>,
    shades: Query<'w, 's, (&'static Shade, &'static SaveKey, &'static Transform)>,
    places: Query<'w, 's, &'static Transform>,
    level: Res<'w, CurrentLevel>,
    score: Res<'w, Score>,
    dice: Res<'w, Dice>,
    state: Res<'w, State<Game>>,
}

impl Digest<'_, '_> {
    /// The digest, the same for the same game, for any `Entity` and in any order of entities.
    fn hash(&self) -> u64 {
        let world = hash(&(&*self.level, &*self.score, &*self.dice, self.state.get()));
        let players = self.players.iter().map(|(Player { tail, pouring }, at, of)| {
            let tail: Vec<_> = tail.iter().map(|firefly| self.place(*firefly)).collect();
            hash(&(tail, pouring, at, of))
        });
        let lanterns =
            self.lanterns.iter().map(|(lantern, of)| hash(&(lantern, self.place(of.parent()))));
        let shades = self.shades.iter().map(|(Shade { prey, home, rests }, key, at)| {
            hash(&(prey.map(|prey| self.place(prey)), home, rests, key, at))
        });
        players
            .chain(lanterns)
            .chain(shades)
            .chain(self.fireflies.iter().map(|firefly| hash(&firefly)))
            .chain(self.lamps.iter().map(|lamp| hash(&lamp)))
            .fold(world, u64::wrapping_add)
    }

    /// Who is meant, by where they are.
    fn place(&self, entity: Entity) -> Option<Vec3> {
        self.places.get(entity).ok().map(|at| at.translation)
    }
}

/// Debug output has every field, and enough digits to distinguish any two numbers.
fn hash(value: &impl Debug) -> u64 {
    xxh3_64(format!("{value:?}").as_bytes())
}

fn notes(options: &Options) -> PathBuf {
    options.data.join("captured.txt")
}

fn note(captured: On<CheckpointCaptured>, digest: Digest, options: Res<Options>) -> Result {
    let mut file = OpenOptions::new().create(true).append(true).open(notes(&options))?;
    writeln!(file, "{} {:016x}", captured.checkpoint, digest.hash())?;
    Ok(())
}

fn compare(
    restored: On<SessionRestored>,
    digest: Digest,
    options: Res<Options>,
    mut comparison: ResMut<Comparison>,
) -> Result {
    let checkpoint = format!("{} ", restored.checkpoint);
    // On another machine nothing was captured so far.
    let notes = match read_to_string(notes(&options)) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        notes => notes?,
    };
    let captured = notes.lines().rev().find_map(|line| line.strip_prefix(&checkpoint));
    let hash = format!("{:016x}", digest.hash());
    *comparison = match captured {
        None => Comparison::Unknown,
        Some(captured) if captured == hash => Comparison::Same,
        Some(_) => Comparison::Different,
    };
    info!("checkpoint {} came back as {hash}: {:?}", restored.checkpoint, *comparison);
    Ok(())
}
