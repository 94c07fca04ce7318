//! `archive`, `unarchive`, `delete` and `undelete`: puts sessions away and takes them back, as their game does that is asked to.

use std::process::ExitCode;

use bevy_session_journal::internal::model::clock;
use bevy_session_journal::internal::model::session::ShelfMoved;
use bevy_session_journal::internal::write::Upkeep;
use bevy_session_journal::{Archived, SessionId, ShelfMove, ShelfPlace};
use clap::ValueEnum;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;
use crate::place::Place;
use crate::progress::Progress;
use crate::session_name::{Chosen, Selection};

/// The part of a session that the archive keeps.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, ValueEnum)]
pub enum Keep {
    /// Its newest checkpoint and what lists show, so that it can be played again
    #[default]
    World,
    /// What lists show alone: there is no way back
    Summary,
}

/// Sessions that are to be moved, and where to.
pub struct Move {
    pub place: Place,
    pub sessions: Selection,
    pub how: ShelfMove,
}

/// The result, as JSON has it.
#[derive(Serialize)]
struct Moved {
    session: SessionId,
    /// `open`, `archive` or `trash`.
    from: &'static str,
    to: &'static str,
    /// Bytes of its files before.
    bytes_before: u64,
    /// Bytes of them now.
    bytes: u64,
}

impl Keep {
    /// The move that a game would be asked for.
    pub fn shelf_move(self) -> ShelfMove {
        ShelfMove::Archive(match self {
            Self::World => Archived::WithWorld,
            Self::Summary => Archived::SummaryOnly,
        })
    }
}

/// Moves sessions, one after the other, up to the first that can't be.
pub fn archive(wanted: &Move, output: &mut Output<'_>) -> Result<ExitCode, Failure> {
    let Move { place, sessions, how } = wanted;
    // All are found before anything is changed, after which `last` may be another one.
    let chosen = sessions.find(place)?;
    let progress = Progress::begin("moving sessions", chosen.len() as u64);
    for Chosen { profile, session } in chosen {
        let moved = Upkeep::of(profile.to_change()?).shelve(session, *how, clock::timestamp());
        let moved = moved.map_err(|source| Failure::Unmoved { session, source })?;
        Moved::of(session, &moved).write(output)?;
        progress.step();
    }
    Ok(ExitCode::SUCCESS)
}

impl Moved {
    fn of(session: SessionId, moved: &ShelfMoved) -> Self {
        let ShelfMoved { from, to, bytes, bytes_before } = *moved;
        Self { session, from: word_of(from), to: word_of(to), bytes_before, bytes }
    }

    fn write(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        if output.is_json() {
            return output.object(self);
        }
        let Self { session, from, to, bytes_before, bytes } = self;
        let words = match (*from, *to) {
            ("archive", "archive") => "was in the archive already".to_owned(),
            (_, "archive") => "is in the archive now".to_owned(),
            ("trash", "trash") => "was in the trash already".to_owned(),
            (_, "trash") => "is in the trash now".to_owned(),
            (from, _) => format!("is out of the {from} again"),
        };
        output.line(format_args!("{session} {words}: {bytes_before} bytes before, {bytes} now"))
    }
}

fn word_of(place: ShelfPlace) -> &'static str {
    match place {
        ShelfPlace::Archive { .. } => "archive",
        ShelfPlace::Trash { .. } => "trash",
        _ => "open",
    }
}
