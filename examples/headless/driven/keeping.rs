//! The commands about what is kept: of players, and for how long.

use std::collections::BTreeMap;

use bevy::prelude::*;
use bevy_session::library::CleanupChange;
use bevy_session::prelude::*;
use serde_json::{Value, json};

use super::commands::{Begun, fields, until};
use super::news::News;

/// The players whose sessions are listed, each with the number of them.
pub fn players(world: &mut World, _: &str) -> Result<Begun, String> {
    let players: Vec<Value> = counted(world)
        .into_iter()
        .map(|(name, sessions)| json!({ "name": name, "sessions": sessions }))
        .collect();
    Ok(Begun::Done(fields([("players", json!(players))])))
}

fn counted(world: &World) -> BTreeMap<String, usize> {
    let mut players = BTreeMap::new();
    for entry in world.resource::<SessionCatalog>().sessions() {
        if let Some(player) = &entry.session.player {
            *players.entry(player.clone()).or_default() += 1;
        }
    }
    players
}

/// A name may have spaces, and so may a path after a name that is known. A longer name than that isn't known, and isn't
/// taken for it.
pub fn export_player(world: &mut World, what: &str) -> Result<Begun, String> {
    let players = counted(world);
    let known = |name: &&String| what.strip_prefix(&***name).is_some_and(|it| it.starts_with(' '));
    let known = players.keys().filter(known).max_by_key(|name| name.len());
    let split = match known {
        Some(name) => what.get(name.len() + 1..).map(|path| (name.as_str(), path)),
        None => what.rsplit_once(' '),
    };
    // Of "Ann Lee ann.tar" with only Ann known, nothing shall be exported as "Lee ann.tar".
    let is_path = |path: &str| !path.contains(' ') || path.starts_with(['/', '.']);
    let split = split.filter(|(_, path)| is_path(path));
    let (player, path) = split.ok_or("it takes a path after the player's name")?;
    world.commands().session().library().export_player(player, path);
    Ok(until(|news, _| match news {
        News::PlayerExported { bytes } => Some(Ok(fields([("bytes", json!(bytes))]))),
        _ => None,
    }))
}

/// Cleans up by the rules of the game, which the colony has none of, and removes leftovers.
pub fn cleanup(world: &mut World, _: &str) -> Result<Begun, String> {
    let ticket = world.commands().session().library().clean_up();
    Ok(until(move |news, _| match news {
        News::CleanedUp(Some(of), done) if *of == ticket => Some(Ok(fields([
            ("archived", json!(done.count(CleanupChange::Archived))),
            ("trashed", json!(done.count(CleanupChange::Trashed))),
            ("removed", json!(done.count(CleanupChange::Removed))),
            ("failed", json!(done.count(CleanupChange::GivenUp))),
        ]))),
        _ => None,
    }))
}
