//! Resolves the words of a command line.

use std::ffi::OsString;
use std::process::ExitCode;

use bevy_session_journal::ShelfMove;

use super::{
    Archive, Delete, Diff, Doctor, Export, Game, Health, List, OfCheckpoint, OfPlace, OfSession,
    Rewind, Sessions, SomeSessions, Unarchive, Undelete, Verify,
};
use crate::archive::Move;
use crate::checkpoint_name::CheckpointName;
use crate::condition::Condition;
use crate::diff::Compared;
use crate::export::{Exported, Source};
use crate::failure::Failure;
use crate::health;
use crate::list;
use crate::open_session::OpenSession;
use crate::output::Output;
use crate::place::Place;
use crate::rewind;
use crate::rows::RowsOf;
use crate::session_name::{Selection, SessionName};
use crate::verify;

impl OfPlace {
    /// The place.
    pub fn resolve(self) -> Result<Place, Failure> {
        let mut words = Words::of(self, []);
        let place = words.place()?;
        words.end()?;
        Ok(place)
    }
}

impl List {
    /// Lists what is wanted.
    pub fn list(self, output: &mut Output<'_>) -> Result<Condition, Failure> {
        let place = self.place.resolve()?;
        match self.slots {
            true => list::list_slots(&place, output),
            false => list::list(&place, &self.filters, output),
        }
    }
}

impl Verify {
    /// Checks what is wanted.
    pub fn verify(self, output: &mut Output<'_>) -> Result<Condition, Failure> {
        let (place, session) = self.session.resolve()?;
        verify::verify(&place, session.as_ref(), self.read_data, output)
    }
}

impl Health {
    /// Looks at processes, or at figures.
    pub fn look(self, output: &mut Output<'_>) -> Result<ExitCode, Failure> {
        health::health(&self.place.resolve()?, &self.bounds, &self.baselines, output)
    }
}

impl Doctor {
    /// The place, and the second one.
    pub fn resolve(self) -> Result<(Place, Option<Place>), Failure> {
        Ok((self.place.resolve()?, self.second_place.map(Place::of_path)))
    }
}

impl OfSession {
    /// The session that was named, opened.
    pub fn open(self) -> Result<OpenSession, Failure> {
        let (place, session) = self.named()?;
        OpenSession::open(&place, &session)
    }

    /// The place, and the session, one of which has to be named.
    pub fn named(self) -> Result<(Place, SessionName), Failure> {
        let (place, session) = self.resolve()?;
        Ok((place, session.ok_or_else(no_session)?))
    }

    /// The place, and the session that was named; the only one of a file.
    pub fn resolve(self) -> Result<(Place, Option<SessionName>), Failure> {
        let mut words = Words::of(self.place, [self.session]);
        let place = words.place()?;
        let session = words.session(&place);
        words.end()?;
        Ok((place, session))
    }
}

impl Archive {
    /// The move into the archive.
    pub fn resolve(self) -> Result<Move, Failure> {
        self.sessions.moved(self.keep.shelf_move())
    }
}

impl Delete {
    /// The move into the trash.
    pub fn resolve(self) -> Result<Move, Failure> {
        self.sessions.moved(ShelfMove::Delete)
    }
}

impl Undelete {
    /// The move out of the trash.
    pub fn resolve(self) -> Result<Move, Failure> {
        self.sessions.moved(ShelfMove::Undelete)
    }
}

impl Unarchive {
    /// The move out of the archive.
    pub fn resolve(self) -> Result<Move, Failure> {
        self.sessions.moved(ShelfMove::Unarchive)
    }
}

impl Sessions {
    fn moved(self, how: ShelfMove) -> Result<Move, Failure> {
        let (place, sessions) = self.resolve()?;
        refuse_file(&place)?;
        let sessions = Selection::Named(sessions);
        Ok(Move { place, sessions, how })
    }

    /// The place, and the sessions that were named: one at least; the only one of a file.
    fn resolve(self) -> Result<(Place, Vec<SessionName>), Failure> {
        let (place, sessions) = self.resolve_any()?;
        if sessions.is_empty() { Err(no_session()) } else { Ok((place, sessions)) }
    }

    fn resolve_any(self) -> Result<(Place, Vec<SessionName>), Failure> {
        let mut words = Words::of(self.place, self.sessions.into_iter().map(Some));
        let place = words.place()?;
        let sessions = match place.is_file() {
            true => words.session(&place).into_iter().collect(),
            false => std::iter::from_fn(|| words.session(&place)).collect(),
        };
        words.end()?;
        Ok((place, sessions))
    }
}

impl SomeSessions {
    /// The place, and the sessions.
    pub fn resolve(self) -> Result<(Place, Selection), Failure> {
        let all = self.all;
        match self.or_all()? {
            (_, Selection::All) if !all => Err(no_session()),
            resolved => Ok(resolved),
        }
    }

    /// The same; naming none means all.
    pub fn or_all(self) -> Result<(Place, Selection), Failure> {
        let (place, named) = self.sessions.resolve_any()?;
        match (self.all, named.is_empty()) {
            (_, true) => Ok((place, Selection::All)),
            (false, false) => Ok((place, Selection::Named(named))),
            (true, false) if place.is_file() => Ok((place, Selection::Named(named))),
            (true, false) => Err(all_and_one()),
        }
    }
}

impl Export {
    /// The source of the export, and its options.
    pub fn resolve(self) -> Result<(Source, Exported), Failure> {
        let Self { place, words, all, wanted } = self;
        let mut words = Words::of(place, words.into_iter().map(Some));
        let place = words.place()?;
        if place.is_file() {
            let checkpoint = words.checkpoint()?.unwrap_or(CheckpointName::Last(0));
            words.end()?;
            return Ok((Source::One(place, SessionName::Only, checkpoint), wanted));
        }
        let named: Vec<OsString> = std::iter::from_fn(|| words.next()).collect();
        let name = |word: &OsString| SessionName::of(&word.to_string_lossy());
        let source = match (all, &named[..]) {
            (true, []) => Source::Several(place, Selection::All),
            (true, _) => return Err(all_and_one()),
            (false, []) => return Err(no_session()),
            (false, [one]) => Source::One(place, name(one), CheckpointName::Last(0)),
            (false, [one, other]) => match other.to_string_lossy().parse() {
                Ok(checkpoint) => Source::One(place, name(one), checkpoint),
                Err(_) => Source::Several(place, Selection::Named(vec![name(one), name(other)])),
            },
            (false, many) => {
                Source::Several(place, Selection::Named(many.iter().map(name).collect()))
            }
        };
        Ok((source, wanted))
    }
}

impl OfCheckpoint {
    /// The session, opened, and the name of its checkpoint.
    pub fn resolve(self) -> Result<(OpenSession, CheckpointName), Failure> {
        let OfSession { place, session } = self.session;
        let mut words = Words::of(place, [session, self.checkpoint]);
        let place = words.place()?;
        let session = words.session(&place).ok_or_else(no_session)?;
        let checkpoint = words.checkpoint()?.unwrap_or(CheckpointName::Last(0));
        words.end()?;
        Ok((OpenSession::open(&place, &session)?, checkpoint))
    }
}

impl Rewind {
    /// Takes the session back to its checkpoint.
    pub fn rewind(self, output: &mut Output<'_>) -> Result<ExitCode, Failure> {
        let OfSession { place, session } = self.session;
        let mut words = Words::of(place, [session, self.checkpoint]);
        let place = words.place()?;
        refuse_file(&place)?;
        let session = words.session(&place).ok_or_else(no_session)?;
        let checkpoint = words.checkpoint()?.ok_or_else(no_checkpoint)?;
        words.end()?;
        rewind::rewind(OpenSession::open(&place, &session)?, &checkpoint, output)
    }
}

impl Diff {
    /// The rows of both checkpoints.
    pub fn resolve(self) -> Result<(RowsOf, RowsOf, Compared), Failure> {
        let OfSession { place, session } = self.session;
        let mut words = Words::of(place, [session, self.before, self.after]);
        let place = words.place()?;
        let session = words.session(&place).ok_or_else(no_session)?;
        let before = words.checkpoint()?.ok_or_else(no_checkpoint)?;
        let after = words.checkpoint()?.unwrap_or(CheckpointName::Last(0));
        words.end()?;
        let mut session = OpenSession::open(&place, &session)?;
        let before = session.checkpoint(&before)?;
        let before = session.rows(before)?;
        let mut session = match self.with {
            Some(place) => session.in_place(&Place::of_path(place.into()))?,
            None => session,
        };
        let after = session.checkpoint(&after)?;
        Ok((before, session.rows(after)?, self.compared))
    }
}

/// A session has to be named, and isn't.
fn no_session() -> Failure {
    Failure::usage("a session is missing; `last` is the one that was played last")
}

/// A checkpoint has to be named, and isn't.
fn no_checkpoint() -> Failure {
    Failure::usage("a checkpoint is missing")
}

/// Refuses to change what isn't in the directory of its game.
fn refuse_file(place: &Place) -> Result<(), Failure> {
    match place.is_file() {
        true => Err(Failure::usage("a file can't be changed; name the directory of its game")),
        false => Ok(()),
    }
}

/// All sessions are wanted, and one of them.
fn all_and_one() -> Failure {
    Failure::usage("--all can't be used with the name of a session")
}

/// The words of a command line that follow its verb. `--game` stands for the first of them, so the others
/// move up.
struct Words {
    game: Option<Game>,
    words: std::vec::IntoIter<OsString>,
}

impl Words {
    fn of(first: OfPlace, others: impl IntoIterator<Item = Option<OsString>>) -> Self {
        let words: Vec<OsString> = [first.place].into_iter().chain(others).flatten().collect();
        Self { game: first.game, words: words.into_iter() }
    }

    fn next(&mut self) -> Option<OsString> {
        self.words.next()
    }

    fn place(&mut self) -> Result<Place, Failure> {
        if let Some(Game { studio, game }) = self.game.take() {
            return Place::of_game(&studio, &game);
        }
        let word = self.next().ok_or_else(|| Failure::usage("a place is missing"))?;
        Ok(Place::of_path(word.into()))
    }

    /// A file holds one session, so none is named.
    fn session(&mut self, place: &Place) -> Option<SessionName> {
        match place.is_file() {
            true => Some(SessionName::Only),
            false => self.next().map(|word| SessionName::of(&word.to_string_lossy())),
        }
    }

    fn checkpoint(&mut self) -> Result<Option<CheckpointName>, Failure> {
        self.next().map(|word| word.to_string_lossy().parse()).transpose()
    }

    fn end(mut self) -> Result<(), Failure> {
        self.next().map_or(Ok(()), |word| {
            let word = word.to_string_lossy();
            Err(Failure::usage(format!("unexpected argument {word}")))
        })
    }
}
