//! Whose sessions and slots are: a player is compared exactly, never by parts of a name.
//!
//! A session is the player's if its newest checkpoint says so; of one that was continued in two places, each line is
//! asked. A slot is the player's if it says so, or if it names no player and was made of a session of theirs.

use std::collections::HashSet;
use std::io;

use crate::disk::{DirectoryStore, SlotFile, StoredSession, UnreadSlot};
use crate::format::Head;
use crate::model::ids::SessionId;

/// Sessions that are opened in one slice, to see whose they are.
pub(super) const OPENED_AT_ONCE: usize = if cfg!(test) { 1 } else { 16 };

/// The findings about all sessions.
#[derive(Default)]
pub(super) struct Owned {
    /// Sessions of which every line is the player's.
    pub(super) whole: Vec<SessionId>,
    /// Sessions that were continued in two places, of which a line is the player's and another isn't.
    pub(super) forked: Vec<SessionId>,
    /// Sessions that are another player's, or nobody's, and were this player's before.
    pub(super) former: Vec<SessionId>,
    /// Sessions that were this player's and were deleted, of which files are left.
    pub(super) forgotten: Vec<SessionId>,
    /// Sessions whose files are at a place of archives that can't be reached, so that nobody can say whose they are.
    pub(super) away: Vec<SessionId>,
    /// Files that can't be read, in words for people.
    pub(super) unreadable: Vec<String>,
}

impl Owned {
    /// Takes a session of the player in.
    pub(super) fn look_at(
        &mut self,
        session: SessionId,
        store: &DirectoryStore,
        (player, game): (&str, &str),
    ) {
        let stored = match store.open_session(session) {
            Ok(stored) => stored,
            Err(error) if error.io_kind() == Some(io::ErrorKind::NotFound) => return,
            Err(error) if error.io_kind() == Some(io::ErrorKind::NotConnected) => {
                return self.away.push(session);
            }
            Err(_) => return self.unreadable.push(unreadable_session(session)),
        };
        let heads = stored.index().heads();
        // A file that can't be read may hold anything: a newer checkpoint, or another line.
        let is_own = lines_of(heads, player).next().is_some();
        let is_damaged = is_own && !stored.index().problems().is_empty();
        if is_damaged || stored.index().unreadable_file().is_some() {
            self.unreadable.push(format!("session {session}: a file of it"));
        }
        if stored.index().is_forgotten() {
            self.forgotten.extend(names_before(&stored, player).then_some(session));
            return;
        }
        let is_other = |head: &Head| head.metadata.context.is_of_another_game(game);
        if heads.first().is_none_or(is_other) {
            return;
        }
        match lines_of(heads, player).count() {
            0 if names_before(&stored, player) => self.former.push(session),
            0 => {}
            lines if lines == heads.len() => self.whole.push(session),
            _ => self.forked.push(session),
        }
    }

    /// The sessions of which any line is the player's, and the files that can't be read.
    pub(super) fn with_lines(self) -> (Vec<SessionId>, Vec<String>) {
        let Self { mut whole, forked, away, mut unreadable, .. } = self;
        unreadable.extend(away.into_iter().map(unreadable_session));
        whole.extend(forked);
        whole.sort_unstable();
        (whole, unreadable)
    }
}

/// The lines of a session that say that they are this player's.
pub(super) fn lines_of<'a>(heads: &'a [Head], player: &'a str) -> impl Iterator<Item = &'a Head> {
    heads.iter().filter(move |head| head.metadata.player.as_deref() == Some(player))
}

/// Returns true if an older part of a session says that it is this player's.
fn names_before(stored: &StoredSession, player: &str) -> bool {
    stored.index().players().any(|name| name == player)
}

/// The slots of a player, and those that name no player and were made of a session of theirs. Those that can't be read
/// are `unreadable`.
pub(super) fn own_slots(
    slots: Vec<Result<SlotFile, UnreadSlot>>,
    (player, sessions): (&str, &[SessionId]),
    game: &str,
    unreadable: &mut Vec<String>,
) -> Vec<SlotFile> {
    let sessions: HashSet<SessionId> = sessions.iter().copied().collect();
    let mut own = Vec::new();
    for slot in slots {
        match slot {
            Ok(slot) => {
                let metadata = &slot.header.metadata;
                let is_own = match metadata.player.as_deref() {
                    Some(of) => of == player,
                    None => sessions.contains(&slot.header.session),
                };
                if is_own && !metadata.context.is_of_another_game(game) {
                    own.push(slot);
                }
            }
            Err(unread) => {
                let name = unread.path.file_name().unwrap_or_default().to_string_lossy();
                unreadable.push(format!("slot file {name}, whoever's it is"));
            }
        }
    }
    own
}

fn unreadable_session(session: SessionId) -> String {
    format!("session {session}, whoever's it is")
}
