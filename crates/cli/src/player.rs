//! `player list`, `player export` and `player erase`: what is kept of a player.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bevy_session_journal::internal::disk::slots_in;
use bevy_session_journal::internal::model::clock;
use bevy_session_journal::internal::write::Upkeep;
use bevy_session_journal::{ErasureReceipt, Remaining, RequestError};
use clap::{Subcommand, ValueHint};
use serde::Serialize;

use crate::arguments::OfPlace;
use crate::failure::Failure;
use crate::output::{Output, harmless};
use crate::place::{Place, Profile, to_read};
use crate::table::Table;
use crate::target::NewFile;

/// A verb about players.
#[derive(Subcommand, Debug)]
pub enum Player {
    /// List the players whose sessions or slots are kept
    List {
        #[command(flatten)]
        place: OfPlace,
    },
    /// Write everything that is kept of a player into a file: a tar archive of JSON and pictures
    Export {
        #[command(flatten)]
        place: OfPlace,
        /// The player, exactly as the game names them
        #[arg(long, value_name = "PLAYER")]
        name: String,
        /// The file, which isn't there yet
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        to: PathBuf,
    },
    /// Show what would be removed of a player and what would remain, or remove it
    Erase {
        #[command(flatten)]
        place: OfPlace,
        /// The player, exactly as the game names them
        #[arg(long, value_name = "PLAYER")]
        name: String,
        /// Only show what would be removed, as without --apply
        #[arg(long, conflicts_with = "apply")]
        dry_run: bool,
        /// Remove it for good: this can't be undone
        #[arg(long)]
        apply: bool,
    },
}

/// A player, as JSON has it.
#[derive(Serialize)]
struct Counted<'a> {
    profile: &'a str,
    name: &'a str,
    sessions: usize,
    slots: usize,
}

/// The number of sessions and slots that can't be read, as JSON has it.
#[derive(Serialize)]
struct Unread<'a> {
    profile: &'a str,
    unread: usize,
}

/// What is kept of a player.
#[derive(Clone, Copy, Default)]
struct Count {
    sessions: usize,
    slots: usize,
}

/// An export, as JSON has it.
#[derive(Serialize)]
struct Exported<'a> {
    profile: &'a str,
    name: &'a str,
    bytes: u64,
}

/// An erasure, as JSON has it.
#[derive(Serialize)]
struct Erased<'a> {
    profile: &'a str,
    name: &'a str,
    /// False if it is only said what would go.
    applied: bool,
    sessions: usize,
    slots: usize,
    files: u64,
    bytes: u64,
    remaining: Vec<String>,
}

/// Lists players, exports one, or erases one.
pub fn player(wanted: Player, output: &mut Output<'_>) -> Result<(), Failure> {
    match wanted {
        Player::List { place } => list(&place.resolve()?, output),
        Player::Export { place, name, to } => export(&place.resolve()?, &name, &to, output),
        Player::Erase { place, name, apply, dry_run: _ } => {
            erase(&place.resolve()?, &name, apply, output)
        }
    }
}

fn list(place: &Place, output: &mut Output<'_>) -> Result<(), Failure> {
    let mut table = Table::new(["PLAYER", "SESSIONS", "SLOTS", "PROFILE"]).numbers(&[1, 2]);
    for profile in place.profiles()? {
        let title = profile.directory.title();
        let Players { known, unread } = players_of(&profile)?;
        if unread > 0 {
            match output.is_json() {
                true => output.object(&Unread { profile: &title, unread })?,
                false => output
                    .line(format_args!("left out: {unread} of {title} that could not be read"))?,
            }
        }
        for (name, &Count { sessions, slots }) in &known {
            match output.is_json() {
                true => output.object(&Counted { profile: &title, name, sessions, slots })?,
                false => {
                    let counts = [sessions, slots].map(|count| count.to_string());
                    let [sessions, slots] = counts;
                    table.add(vec![harmless(name), sessions, slots, title.clone()]);
                }
            }
        }
    }
    if output.is_json() { Ok(()) } else { output.table(&table) }
}

/// The players of a profile.
#[derive(Default)]
struct Players {
    known: BTreeMap<String, Count>,
    /// The number of sessions and slots that can't be read, and say of nobody that they are theirs.
    unread: usize,
}

fn players_of(profile: &Profile) -> Result<Players, Failure> {
    let mut players = Players::default();
    for session in profile.sessions()? {
        let stored = match profile.open(session) {
            Ok(Some(stored)) => stored,
            Ok(None) => continue,
            Err(_) => {
                players.unread += 1;
                continue;
            }
        };
        players.unread += usize::from(stored.index().unreadable_file().is_some());
        let heads = stored.index().heads().iter();
        let of_session: BTreeSet<&str> =
            heads.filter_map(|head| head.metadata.player.as_deref()).collect();
        for player in of_session {
            players.known.entry(player.to_owned()).or_default().sessions += 1;
        }
    }
    for slot in slots_in(profile.disk(), &profile.directory.slots)? {
        match slot {
            Ok(slot) => {
                let Some(player) = slot.header.metadata.player.clone() else { continue };
                players.known.entry(player).or_default().slots += 1;
            }
            Err(_) => players.unread += 1,
        }
    }
    Ok(players)
}

fn export(place: &Place, name: &str, to: &Path, output: &mut Output<'_>) -> Result<(), Failure> {
    // What is there already is the caller's mistake, and is found before anything is read.
    NewFile::at(to)?;
    let profile = profile_of(place, name)?;
    let exported = Upkeep::of(to_read(&profile)?).export_player(name, to, clock::timestamp());
    let bytes = exported.map_err(|source| Failure::Player { source })?;
    if output.is_json() {
        let title = profile.directory.title();
        return output.object(&Exported { profile: &title, name, bytes });
    }
    output.line(format_args!("wrote {bytes} bytes to {}", to.display()))
}

fn erase(place: &Place, name: &str, applied: bool, output: &mut Output<'_>) -> Result<(), Failure> {
    let profile = profile_of(place, name)?;
    let done = match applied {
        true => Upkeep::of(profile.to_change()?).erase_player(name),
        false => Upkeep::of(to_read(&profile)?).preview_erasure(name),
    };
    let receipt = done.map_err(|source| Failure::NotErased { source })?;
    say_erased(&profile, (name, applied), &receipt, output)?;
    let waits = receipt.remaining.iter().find(|remaining| remaining.waits());
    match waits.filter(|_| applied) {
        Some(remaining) => Err(Failure::NotAllErased { remaining: remaining.to_string() }),
        None => Ok(()),
    }
}

fn say_erased(
    profile: &Profile,
    (name, applied): (&str, bool),
    receipt: &ErasureReceipt,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let remaining: Vec<String> = receipt.remaining.iter().map(Remaining::to_string).collect();
    let ErasureReceipt { sessions, slots, files, bytes, .. } = *receipt;
    if output.is_json() {
        let title = &*profile.directory.title();
        let counts =
            Erased { profile: title, name, applied, sessions, slots, files, bytes, remaining };
        return output.object(&counts);
    }
    let change = if applied { "removed" } else { "to be removed" };
    output.line(format_args!(
        "{change}: {}, {} ({} of {bytes} bytes)",
        counted(sessions as u64, "session"),
        counted(slots as u64, "slot"),
        counted(files, "file"),
    ))?;
    for remaining in &remaining {
        output.line(format_args!("remains: {}", harmless(remaining)))?;
    }
    Ok(())
}

fn counted(number: u64, of: &str) -> String {
    format!("{number} {of}{}", if number == 1 { "" } else { "s" })
}

/// The profile in which a player's sessions and slots are, or whatever else is kept of them.
fn profile_of(place: &Place, name: &str) -> Result<Profile, Failure> {
    let (mut found, mut others, mut unread) = (Vec::new(), Vec::new(), 0);
    for profile in place.profiles()? {
        let Players { known, unread: of_profile } = players_of(&profile)?;
        unread += of_profile;
        if known.contains_key(name) { found.push(profile) } else { others.push(profile) }
    }
    if found.is_empty() {
        for profile in others {
            match keeps_something_else_of(&profile, name) {
                Ok(true) => found.push(profile),
                Ok(false) => {}
                Err(_) => unread += 1,
            }
        }
    }
    match found.pop() {
        Some(profile) if found.is_empty() => Ok(profile),
        Some(_) => {
            Err(Failure::usage("several profiles have this player: name the directory of one"))
        }
        None if unread > 0 => Err(Failure::usage(format!(
            "no session or slot of this player was found, but {unread} could not be read"
        ))),
        None => Err(Failure::usage("nothing of this player is kept")),
    }
}

/// Returns true if something is kept of a player who has neither a session nor a slot: answers about consent, an archive on a
/// drive that is away, or the name in the audit log.
fn keeps_something_else_of(profile: &Profile, name: &str) -> Result<bool, Failure> {
    match Upkeep::of(to_read(profile)?).preview_erasure(name) {
        Ok(_) => Ok(true),
        Err(RequestError::UnknownPlayer) => Ok(false),
        Err(source) => Err(Failure::Player { source }),
    }
}
