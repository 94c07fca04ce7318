//! `player list`, `player export` and `player erase`: what is kept of a player.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use bevy_session_journal::internal::model::clock;
use bevy_session_journal::internal::write::Upkeep;
use clap::{Subcommand, ValueHint};
use serde::Serialize;

use crate::arguments::OfPlace;
use crate::failure::Failure;
use crate::output::{Output, harmless};
use crate::place::{Place, Profile};
use crate::table::Table;

/// What is done with what is kept of players.
#[derive(Subcommand, Debug)]
pub enum Player {
    /// List the players of whom sessions are kept
    List {
        #[command(flatten)]
        place: OfPlace,
    },
    /// Write all that is kept of a player into a file: a tar archive of JSON and pictures
    Export {
        #[command(flatten)]
        place: OfPlace,
        /// The player, as the game calls them
        #[arg(long, value_name = "PLAYER")]
        name: String,
        /// The file, which isn't there yet
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        to: PathBuf,
    },
    /// Erase a player from sessions, slots, logs and the audit log: there is no way back
    ///
    /// Exit codes: 0 nothing is left, 1 something has to wait, as a session that is played.
    Erase {
        #[command(flatten)]
        place: OfPlace,
        /// The player, as the game calls them
        #[arg(long, value_name = "PLAYER")]
        name: String,
    },
}

/// A player, as JSON has it.
#[derive(Serialize)]
struct Counted<'a> {
    profile: &'a str,
    name: &'a str,
    sessions: usize,
}

/// What erasing came to, as JSON has it.
#[derive(Serialize)]
struct Receipt<'a> {
    profile: &'a str,
    files: u64,
    bytes: u64,
    sessions: usize,
    slots: usize,
    /// Sessions of others that were written again.
    reduced: Vec<String>,
    /// Sessions that have to wait.
    pending: Vec<String>,
}

/// Does what is asked for.
pub fn player(wanted: Player, output: &mut Output<'_>) -> Result<ExitCode, Failure> {
    match wanted {
        Player::List { place } => list(&place.resolve()?, output),
        Player::Export { place, name, to } => export(&place.resolve()?, &name, &to, output),
        Player::Erase { place, name } => erase(&place.resolve()?, &name, output),
    }
}

fn list(place: &Place, output: &mut Output<'_>) -> Result<ExitCode, Failure> {
    let mut table = Table::new(["PLAYER", "SESSIONS", "PROFILE"]).numbers(&[1]);
    for profile in place.profiles()? {
        let title = profile.directory.title();
        for (name, sessions) in &players_of(&profile)? {
            match output.is_json() {
                true => output.object(&Counted { profile: &title, name, sessions: *sessions })?,
                false => table.add(vec![harmless(name), sessions.to_string(), title.clone()]),
            }
        }
    }
    if !output.is_json() {
        output.table(&table)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn players_of(profile: &Profile) -> Result<BTreeMap<String, usize>, Failure> {
    let mut players = BTreeMap::new();
    for session in profile.sessions()? {
        // What can't be read says of nobody that it is theirs.
        let Ok(Some(stored)) = profile.open(session) else { continue };
        let head = stored.index().heads().first();
        if let Some(player) = head.and_then(|head| head.metadata.player.clone()) {
            *players.entry(player).or_default() += 1;
        }
    }
    Ok(players)
}

fn export(
    place: &Place,
    name: &str,
    to: &std::path::Path,
    output: &mut Output<'_>,
) -> Result<ExitCode, Failure> {
    let profile = the_profile_of(place, name)?;
    let mut upkeep = Upkeep::of(profile.to_change()?);
    let bytes = upkeep
        .export_player(name, to, clock::timestamp())
        .map_err(|source| Failure::Player { source })?;
    output.line(format_args!("{bytes} bytes are in {}", to.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// The profile in which sessions of a player are.
fn the_profile_of(place: &Place, name: &str) -> Result<Profile, Failure> {
    let mut found = Vec::new();
    for profile in place.profiles()? {
        if players_of(&profile)?.contains_key(name) {
            found.push(profile);
        }
    }
    match found.pop() {
        Some(profile) if found.is_empty() => Ok(profile),
        Some(_) => {
            Err(Failure::usage("the player is in more than one profile: name a directory of one"))
        }
        None => Err(Failure::usage("nothing is kept of this player")),
    }
}

fn erase(place: &Place, name: &str, output: &mut Output<'_>) -> Result<ExitCode, Failure> {
    let mut is_complete = true;
    for profile in place.profiles()? {
        let mut upkeep = Upkeep::of(profile.to_change()?);
        let receipt = upkeep
            .erase_player(name, clock::timestamp())
            .map_err(|source| Failure::Player { source })?;
        is_complete &= receipt.is_complete();
        let title = profile.directory.title();
        let receipt = Receipt {
            profile: &title,
            files: receipt.files,
            bytes: receipt.bytes,
            sessions: receipt.sessions,
            slots: receipt.slots,
            reduced: receipt.reduced.iter().map(ToString::to_string).collect(),
            pending: receipt.pending.iter().map(ToString::to_string).collect(),
        };
        if output.is_json() {
            output.object(&receipt)?;
            continue;
        }
        let Receipt { files, bytes, sessions, slots, reduced, pending, .. } = receipt;
        output.line(format_args!(
            "{title}: {files} files are gone or changed, {bytes} bytes are free, among them {sessions} sessions and {slots} slots"
        ))?;
        for session in reduced {
            output.line(format_args!(
                "{session} is another player's: its newest checkpoint is left, without the name"
            ))?;
        }
        for session in pending {
            output.line(format_args!(
                "{session} can't be changed now: the game's next cleanup tries again"
            ))?;
        }
    }
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
