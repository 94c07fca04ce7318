//! The commands about what is kept: of players, and for how long.

use std::collections::BTreeMap;

use bevy::prelude::*;
use bevy_session::SessionCommands;
use bevy_session::library::CleanupChange;
use bevy_session::prelude::*;
use serde_json::{Value, json};

use super::commands::{Begun, fields, until};
use super::news::News;
use crate::options::Options;

/// Makes a request in the name of the player whose colony it is, if it has one.
pub fn asking(world: &mut World, ask: impl FnOnce(&mut SessionCommands)) {
    let player = world.resource::<Options>().player.clone();
    let mut commands = world.commands();
    let mut commands = match player {
        Some(player) => commands.session().by(player),
        None => commands.session(),
    };
    ask(&mut commands);
}

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
    asking(world, |commands| {
        commands.library().export_player(player, path);
    });
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

/// A player whose session is played here is refused: what would be answered is not all of it.
pub fn erase(world: &mut World, player: &str) -> Result<Begun, String> {
    let played = world.get_resource::<CurrentSession>().and_then(CurrentSession::player);
    if played == Some(player) {
        return Err("a session of this player is played".into());
    }
    asking(world, |commands| {
        commands.library().erase_player(player);
    });
    let player = player.to_owned();
    Ok(until(move |news, _| match news {
        News::PlayerErased { player: erased, receipt } if *erased == player => {
            if let Some(waits) = receipt.remaining.iter().find(|remaining| remaining.waits()) {
                return Some(Err(waits.to_string()));
            }
            let remaining: Vec<String> =
                receipt.remaining.iter().map(ToString::to_string).collect();
            let receipt = json!({
                "files": receipt.files,
                "bytes": receipt.bytes,
                "sessions": receipt.sessions,
                "slots": receipt.slots,
                "remaining": remaining,
            });
            Some(Ok(fields([("receipt", receipt)])))
        }
        _ => None,
    }))
}

/// The newest entries of the audit log, the oldest of them first.
pub fn audit(world: &mut World, newest: &str) -> Result<Begun, String> {
    let newest: usize = newest.parse().map_err(|_| format!("{newest:?} is no number"))?;
    world.commands().session().library().audit(newest);
    Ok(until(|news, _| match news {
        News::AuditRead { entries, total } => {
            let entries = entries.iter().map(|entry| {
                json!({
                    "at": entry.at.to_string(),
                    "who": entry.who,
                    "what": entry.what.to_string(),
                    "session": entry.session.map(|session| session.to_string()),
                })
            });
            Some(Ok(fields([("total", json!(total)), ("entries", entries.collect())])))
        }
        _ => None,
    }))
}
