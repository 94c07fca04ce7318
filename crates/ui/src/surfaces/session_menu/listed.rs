//! A session or a slot, put into words.

use std::time::Duration;

use bevy_session::attachments::AttachmentOf;
use bevy_session::internal::between;
use bevy_session::library::{SessionEntry, ShelfPlace, Validity};
use bevy_session::slots::{SlotEntry, UnreadableSlot};
use bevy_session::{SessionMetadata, SessionStatus};
use jiff::Timestamp;

use super::state::{EntryId, Tab};
use super::unconfirmed::Unconfirmed;
use super::view::{Facts, MenuRow};
use crate::surfaces::SessionStrings;
use crate::surfaces::describe::{fill, names_of, shortened};
use crate::surfaces::shapes::Shape;

const DAY: u64 = 24 * 60 * 60;
/// As many tags as a row has room for.
const TAGS: usize = 3;

/// A session or slot before it is put into words.
#[derive(Clone, Copy, Debug)]
pub(super) enum Listed<'a> {
    Session(&'a SessionEntry),
    Slot(&'a SlotEntry),
    Unreadable(&'a UnreadableSlot),
}

impl<'a> Listed<'a> {
    /// Finds an entry of the list in the catalog.
    pub fn of(entry: EntryId, facts: Facts<'a>) -> Option<Self> {
        let catalog = facts.catalog;
        match entry {
            EntryId::Session(session) => catalog.get(session).map(Self::Session),
            EntryId::Slot(id) => {
                let slot = catalog.slots().iter().find(|slot| slot.id == id).map(Self::Slot);
                let mut files = catalog.unreadable_slots().iter();
                slot.or_else(|| files.find(|file| file.id == id).map(Self::Unreadable))
            }
        }
    }

    pub fn id(self) -> EntryId {
        match self {
            Self::Session(entry) => EntryId::Session(entry.session.id),
            Self::Slot(slot) => EntryId::Slot(slot.id),
            Self::Unreadable(file) => EntryId::Slot(file.id),
        }
    }

    /// The session's metadata: of the session that it is, or that it was saved in.
    pub fn session(self) -> Option<&'a SessionMetadata> {
        match self {
            Self::Session(entry) => Some(&entry.session),
            Self::Slot(slot) => Some(&slot.session),
            Self::Unreadable(_) => None,
        }
    }

    /// The name that the player gave it; empty if none.
    pub fn own_name(self, unconfirmed: &Unconfirmed) -> String {
        match self {
            Self::Session(entry) => unconfirmed.session(entry).name.clone(),
            Self::Slot(slot) => match unconfirmed.name_of_slot(slot.id).unwrap_or(&slot.name) {
                name if name.trim().is_empty() => slot.session.name.clone(),
                name => name.to_owned(),
            },
            Self::Unreadable(file) => {
                file.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
            }
        }
    }

    /// Its name in the list.
    pub fn name(self, words: &SessionStrings, unconfirmed: &Unconfirmed) -> String {
        let name = self.own_name(unconfirmed);
        let name = if name.trim().is_empty() { words.entry_session.clone() } else { name };
        shortened(&name, 48)
    }

    /// The label of the button that plays it, or takes it out of the trash; `None` if that can't be done.
    pub fn play(self, tab: Tab, words: &SessionStrings) -> Option<String> {
        let played = match self {
            Self::Session(_) if tab == Tab::Trash => &words.restore_it,
            Self::Session(entry) if entry.in_use || entry.status.has_ended() => return None,
            Self::Session(entry) if entry.session.draft => &words.begin_it,
            Self::Session(entry) if entry.without_world || entry.newest.is_none() => return None,
            Self::Session(entry) if entry.has_crashed() => &words.recover,
            Self::Session(_) => &words.continue_it,
            Self::Slot(slot) if slot.validity == Validity::Damaged => return None,
            Self::Slot(_) => &words.load_it,
            Self::Unreadable(_) => return None,
        };
        Some(played.clone())
    }

    pub fn time(self) -> Option<Timestamp> {
        match self {
            Self::Session(entry) => Some(entry.updated),
            Self::Slot(slot) => Some(slot.time),
            Self::Unreadable(_) => None,
        }
    }

    pub fn play_time(self) -> Duration {
        match self {
            Self::Session(entry) => entry.play_time,
            Self::Slot(slot) => slot.play_time,
            Self::Unreadable(_) => Duration::ZERO,
        }
    }

    /// The row of it.
    pub fn row(
        self,
        facts: Facts,
        unconfirmed: &Unconfirmed,
        (is_chosen, copy): (bool, usize),
    ) -> MenuRow {
        let words = facts.words;
        let is_file = matches!(self, Self::Unreadable(_));
        let mut row = MenuRow {
            entry: self.id(),
            copy,
            title: self.name(words, unconfirmed),
            detail: String::new(),
            played: if is_file { String::new() } else { words.played(self.play_time()) },
            picture: None,
            mark: None,
            is_chosen,
            shape: Shape::Frame,
            is_favourite: false,
            tags: Vec::new(),
            progress: None,
        };
        let kind = match self {
            Self::Session(entry) => row.of_session(entry, &unconfirmed.session(entry), facts),
            Self::Slot(slot) => row.of_slot(slot, words),
            Self::Unreadable(file) => row.of_file(file, words),
        };
        let mut parts = [self.said(), self.player(), kind, self.when(facts)];
        // Of what was put away it matters most since when, and until when.
        if !self.place().is_open() {
            parts.rotate_right(1);
        }
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        row.detail = parts.join(", ");
        row
    }

    /// The game's description of it: the player's next objective, its open chapters, or why it was left.
    fn said(self) -> Option<String> {
        let said = match self {
            Self::Session(entry) => entry
                .summary
                .objective()
                .or_else(|| names_of(&entry.summary.chapters))
                .or_else(|| entry.left.as_ref().map(|left| left.words.clone())),
            Self::Slot(slot) => {
                slot.summary.objective().or_else(|| names_of(&slot.summary.chapters))
            }
            Self::Unreadable(_) => None,
        };
        said.filter(|said| !said.trim().is_empty()).map(|said| shortened(&said, 60))
    }

    /// Facts about it that its row doesn't show.
    pub fn about(self, words: &SessionStrings) -> Vec<String> {
        let (session, version) = match self {
            Self::Session(entry) => (&entry.session, &entry.session.context.game_version),
            Self::Slot(slot) => (&slot.session, &slot.game_version),
            Self::Unreadable(_) => return Vec::new(),
        };
        let version = (!version.is_empty())
            .then(|| format!("{} {}", words.game_version, shortened(version, 24)));
        let description = Some(shortened(&session.description, 100));
        let lines = description.into_iter().chain(version);
        lines.filter(|line| !line.trim().is_empty()).collect()
    }

    fn player(self) -> Option<String> {
        self.session()?.player.as_ref().map(|player| shortened(player, 24))
    }

    fn place(self) -> ShelfPlace {
        match self {
            Self::Session(entry) => entry.session.place,
            _ => ShelfPlace::Open,
        }
    }

    /// The time since it was played or put away, and the time that it still stays in the trash.
    fn when(self, facts: Facts) -> Option<String> {
        let words = facts.words;
        let ago = |moment| words.ago(Some(moment), facts.now);
        Some(match self.place() {
            ShelfPlace::Trash { since } => {
                let deleted = fill(&words.deleted_ago, &[("ago", &ago(since))]);
                match facts.trash {
                    Some(stays) => {
                        let lain = between(since, facts.now);
                        let left = words.left_in_trash(stays.saturating_sub(lain));
                        format!("{deleted}, {left}")
                    }
                    None => deleted,
                }
            }
            ShelfPlace::Archive { since } => fill(&words.archived_ago, &[("ago", &ago(since))]),
            _ => ago(self.time()?),
        })
    }
}

impl MenuRow {
    /// Fills in what is a session's, and says what it is if nothing is wrong with it.
    fn of_session(
        &mut self,
        entry: &SessionEntry,
        session: &SessionMetadata,
        facts: Facts,
    ) -> Option<String> {
        let words = facts.words;
        let is_played = Some(session.id) == facts.playing;
        let (shape, kind, mark) = match entry.status {
            _ if is_played && facts.is_paused => (Shape::Ring, Some(&words.entry_paused), None),
            _ if is_played => (Shape::Ring, Some(&words.entry_in_use), None),
            _ if entry.in_use => (Shape::Ring, None, Some(&words.entry_elsewhere)),
            _ if entry.session.draft => (Shape::Square, Some(&words.entry_draft), None),
            SessionStatus::Completed => (Shape::Check, Some(&words.entry_completed), None),
            SessionStatus::Failed => (Shape::Cross, Some(&words.entry_failed), None),
            SessionStatus::Abandoned => (Shape::Bar, Some(&words.entry_abandoned), None),
            _ if entry.has_crashed() => (Shape::Diamond, None, Some(&words.entry_crashed)),
            _ => (Shape::Disc, Some(&words.entry_session), None),
        };
        let fit = words.version_fit(entry.fit).map(str::to_owned);
        let is_summary = entry.without_world && !entry.session.draft;
        let summary_only = is_summary.then(|| words.entry_summary_only.clone());
        self.mark = mark.cloned().or(summary_only).or(fit);
        self.shape = shape;
        self.picture = entry
            .thumbnail
            .map(|checkpoint| AttachmentOf::Checkpoint { session: session.id, checkpoint });
        self.is_favourite = session.pinned;
        self.tags = session.tags.iter().take(TAGS).map(|tag| shortened(tag, 16)).collect();
        self.progress = entry.summary.progress();
        let is_usual = shape == Shape::Disc;
        kind.filter(|_| !(is_usual && self.mark.is_some())).cloned()
    }

    fn of_slot(&mut self, slot: &SlotEntry, words: &SessionStrings) -> Option<String> {
        if slot.validity == Validity::Damaged {
            self.mark = Some(words.damaged.clone());
            self.shape = Shape::Cross;
        } else if slot.protected {
            self.mark = Some(words.entry_protected.clone());
        }
        self.picture = slot.thumbnail.then_some(AttachmentOf::Slot(slot.id));
        self.progress = slot.summary.progress();
        Some(words.slot_kind(slot.kind).to_owned())
    }

    fn of_file(&mut self, file: &UnreadableSlot, words: &SessionStrings) -> Option<String> {
        self.mark = Some(words.entry_unreadable.clone());
        self.shape = Shape::Cross;
        Some(words.why_slot_failed(&file.error).to_owned())
    }
}

impl SessionStrings {
    /// The time for which something can still be taken out of the trash.
    fn left_in_trash(&self, left: Duration) -> String {
        match left.as_secs().div_ceil(DAY) {
            0 => self.trash_soon.clone(),
            days => self.trash_days.of(days),
        }
    }
}
