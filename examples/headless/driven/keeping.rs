//! The commands about what is kept: of players, for how long, and who did what with it.

use std::collections::BTreeMap;

use bevy::prelude::*;
use bevy_session::SessionCommands;
use bevy_session::library::CleanedTo;
use bevy_session::prelude::*;
use serde_json::{Value, json};

use super::commands::{Begun, fields, until};
use super::news::News;
use crate::options::Options;

/// Asks in the name of the player, if there is one.
pub fn as_player<T>(world: &mut World, ask: impl FnOnce(&mut SessionCommands) -> T) -> T {
    let player = world.resource::<Options>().player.clone();
    let mut commands = world.commands();
    match player {
        Some(player) => ask(&mut commands.session().by(player)),
        None => ask(&mut commands.session()),
    }
}

/// The players of whom something is kept, each with how many sessions.
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

pub fn erase(world: &mut World, player: &str) -> Result<Begun, String> {
    as_player(world, |session| session.library().erase_player(player));
    Ok(until(|news, _| match news {
        News::Erased(receipt) => {
            let receipt = json!({ "files": receipt.files, "bytes": receipt.bytes });
            Some(Ok(fields([("receipt", receipt)])))
        }
        _ => None,
    }))
}

/// Both a name and a path may have spaces: a name that is known is one, else the last word is the path.
pub fn export_player(world: &mut World, what: &str) -> Result<Begun, String> {
    let players = counted(world);
    let known = |name: &&String| what.strip_prefix(&***name).is_some_and(|it| it.starts_with(' '));
    let known = players.keys().filter(known).max_by_key(|name| name.len());
    let split = match known {
        Some(name) => what.get(name.len() + 1..).map(|path| (name.as_str(), path)),
        None => what.rsplit_once(' '),
    };
    let (player, path) = split.ok_or("it takes a path after the player's name")?;
    as_player(world, |session| session.library().export_player(player, path));
    Ok(until(|news, _| match news {
        News::PlayerExported { bytes } => Some(Ok(fields([("bytes", json!(bytes))]))),
        _ => None,
    }))
}

pub fn cleanup(world: &mut World, _: &str) -> Result<Begun, String> {
    let ticket = as_player(world, |session| session.library().clean_up());
    Ok(until(move |news, _| match news {
        News::CleanedUp(Some(of), done) if *of == ticket => Some(Ok(fields([
            ("archived", json!(done.count(CleanedTo::Archived))),
            ("trashed", json!(done.count(CleanedTo::Trashed))),
            ("removed", json!(done.count(CleanedTo::Removed))),
            ("failed", json!(done.count(CleanedTo::Failed))),
        ]))),
        _ => None,
    }))
}

/// The newest entries of the audit log, the oldest of them first.
pub fn audit(world: &mut World, count: &str) -> Result<Begun, String> {
    let limit = count.parse().map_err(|_| format!("{count:?} is no number"))?;
    as_player(world, |session| session.library().read_audit(limit));
    Ok(until(|news, _| match news {
        News::Audited(entries, total) => {
            let entries: Vec<Value> = entries
                .iter()
                .map(|entry| {
                    json!({
                        "at": entry.at.to_string(),
                        "who": entry.who.to_string(),
                        "what": entry.what.name(),
                        "session": entry.session.map(|session| session.to_string()),
                    })
                })
                .collect();
            Some(Ok(fields([("total", json!(total)), ("entries", json!(entries))])))
        }
        _ => None,
    }))
}
