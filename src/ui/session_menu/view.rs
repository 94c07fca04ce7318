//! All that the menu shows, as a plain value.

use std::cmp::Reverse;
use std::time::Duration;

use jiff::Timestamp;

use super::state::{Does, EntryId, Failure, SessionMenu, Sort};
use crate::journal::{SessionId, Validity};
use crate::lifecycle::{RestorePhase, SessionActivity, SessionCatalog};
use crate::recovery::{SessionEntry, SlotEntry, UnreadableSlot};
use crate::session::{AttachmentOf, SessionMetadata};
use crate::ui::SessionStrings;
use crate::ui::describe::{fill, names_of, restored_share, restoring, shortened};

/// All that the menu shows.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct MenuView {
    pub title: String,
    pub alert: Option<String>,
    /// Instead of a list: there is nothing in it.
    pub empty: Option<String>,
    pub sort_by: String,
    pub sorts: Vec<(Sort, String, bool)>,
    /// The rows that are shown.
    pub rows: Vec<MenuRow>,
    pub first: usize,
    /// How many rows there are.
    pub total: usize,
    /// What is about to be deleted, and the button that keeps it.
    pub doomed: Option<(String, String)>,
    /// What is being loaded, from 0 to 1.
    pub progress: Option<(f32, String)>,
    /// What the buttons below do, and whether it is the one that is meant to be pressed.
    pub buttons: Vec<(Does, String, bool)>,
}

/// A session or slot.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct MenuRow {
    pub entry: EntryId,
    pub title: String,
    pub detail: String,
    pub played: String,
    pub picture: Option<AttachmentOf>,
    pub mark: Option<String>,
    pub is_chosen: bool,
}

/// A session or slot before it is put into words.
#[derive(Clone, Copy, Debug)]
pub(super) enum Listed<'a> {
    Session(&'a SessionEntry),
    Slot(&'a SlotEntry),
    Unreadable(&'a UnreadableSlot),
}

/// What the view is made from, beside the menu itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub catalog: &'a SessionCatalog,
    /// The session that is being played.
    pub playing: Option<SessionId>,
    pub words: &'a SessionStrings,
    pub now: Timestamp,
    pub activity: SessionActivity,
    /// Rows that there is room for.
    pub rows: usize,
    /// Whether there is a timeline to go back in.
    pub has_timeline: bool,
}

impl Listed<'_> {
    pub fn id(self) -> EntryId {
        match self {
            Self::Session(entry) => EntryId::Session(entry.session.id),
            Self::Slot(slot) => EntryId::Slot(slot.id),
            Self::Unreadable(file) => EntryId::Slot(file.id),
        }
    }

    /// What it is called.
    pub fn name(self, words: &SessionStrings) -> String {
        let name = match self {
            Self::Session(entry) => entry.session.name.clone(),
            Self::Slot(slot) if slot.name.trim().is_empty() => slot.session.name.clone(),
            Self::Slot(slot) => slot.name.clone(),
            Self::Unreadable(file) => {
                file.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
            }
        };
        let name = if name.trim().is_empty() { words.entry_session.clone() } else { name };
        shortened(&name, 48)
    }

    /// What a press plays it with; `None` if it can't be played.
    pub fn play(self, words: &SessionStrings) -> Option<String> {
        match self {
            Self::Session(entry) if entry.in_use => None,
            Self::Session(entry) if entry.has_crashed() => Some(words.recover.clone()),
            Self::Session(_) => Some(words.continue_it.clone()),
            Self::Slot(slot) if slot.validity == Validity::Damaged => None,
            Self::Slot(_) => Some(words.load_it.clone()),
            Self::Unreadable(_) => None,
        }
    }

    fn time(self) -> Option<Timestamp> {
        match self {
            Self::Session(entry) => Some(entry.updated),
            Self::Slot(slot) => Some(slot.time),
            Self::Unreadable(_) => None,
        }
    }

    /// What the game says of it: what the player is about to do, in which chapters it stands, or why it was
    /// left.
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
        said.filter(|said| !said.trim().is_empty())
    }

    fn play_time(self) -> Duration {
        match self {
            Self::Session(entry) => entry.play_time,
            Self::Slot(slot) => slot.play_time,
            Self::Unreadable(_) => Duration::ZERO,
        }
    }

    fn can_be_deleted(self) -> bool {
        !matches!(self, Self::Session(entry) if entry.in_use)
    }

    fn row(self, facts: Facts, is_chosen: bool) -> MenuRow {
        let words = facts.words;
        let player = |session: &SessionMetadata| {
            let player = session.player.as_ref().map(|player| shortened(player, 24));
            player.map_or(String::new(), |player| format!("{player}, "))
        };
        let ago = self.time().map(|time| words.ago(Some(time), facts.now)).unwrap_or_default();
        let (detail, mark, picture) = match self {
            Self::Session(entry) => {
                let mark = match (entry.in_use, entry.has_crashed()) {
                    (true, _) => Some(words.entry_in_use.clone()),
                    (_, true) => Some(words.entry_crashed.clone()),
                    _ => words.version_fit(entry.fit).map(str::to_owned),
                };
                let session = entry.session.id;
                let picture = entry
                    .thumbnail
                    .map(|checkpoint| AttachmentOf::Checkpoint { session, checkpoint });
                let kind = if mark.is_some() { String::new() } else { words.entry_session.clone() };
                (format!("{}{kind}", player(&entry.session)), mark, picture)
            }
            Self::Slot(slot) => {
                let is_damaged = slot.validity == Validity::Damaged;
                let mark = is_damaged.then(|| words.damaged.clone());
                let picture = slot.thumbnail.then_some(AttachmentOf::Slot(slot.id));
                let kind = words.slot_kind(slot.kind);
                (format!("{}{kind}", player(&slot.session)), mark, picture)
            }
            Self::Unreadable(file) => {
                let why = words.why_slot_failed(&file.error).to_owned();
                (why, Some(words.entry_unreadable.clone()), None)
            }
        };
        let detail = match self.said() {
            Some(said) => format!("{}, {detail}", shortened(&said, 60)),
            None => detail,
        };
        let detail = detail.trim_end_matches(", ");
        let detail = match (detail.is_empty(), ago.is_empty()) {
            (false, false) => format!("{detail}, {ago}"),
            _ => format!("{detail}{ago}"),
        };
        let is_file = matches!(self, Self::Unreadable(_));
        MenuRow {
            entry: self.id(),
            title: self.name(words),
            detail,
            played: if is_file { String::new() } else { words.played(self.play_time()) },
            picture,
            mark,
            is_chosen,
        }
    }
}

impl SessionMenu {
    /// Everything that is listed, in its order.
    pub(super) fn listed<'a>(&self, facts: Facts<'a>) -> Vec<Listed<'a>> {
        let catalog = facts.catalog;
        let can_be_played = |entry: &&SessionEntry| {
            let goes_on = !entry.status.has_ended() && entry.newest.is_some();
            goes_on && Some(entry.session.id) != facts.playing
        };
        let sessions = catalog.sessions().iter().filter(can_be_played).map(Listed::Session);
        let slots = catalog.slots().iter().map(Listed::Slot);
        let files = catalog.unreadable_slots().iter().map(Listed::Unreadable);
        let doomed = self.doomed.as_ref().map(|doomed| doomed.entry);
        let all = sessions.chain(slots).chain(files);
        let mut listed: Vec<Listed> = all.filter(|entry| Some(entry.id()) != doomed).collect();
        match self.sort {
            Sort::Newest => listed.sort_by_key(|entry| Reverse(entry.time())),
            Sort::Name => listed.sort_by_cached_key(|entry| entry.name(facts.words).to_lowercase()),
            Sort::PlayTime => listed.sort_by_key(|entry| Reverse(entry.play_time())),
        }
        listed
    }

    /// All that is shown now; `None` if the menu is closed.
    pub(super) fn view(&self, facts: Facts) -> Option<MenuView> {
        if !self.is_open {
            return None;
        }
        let words = facts.words;
        let mut view = MenuView { title: words.menu_title.clone(), ..MenuView::default() };
        view.doomed = self.doomed.as_ref().map(|doomed| {
            let seconds = doomed.left.as_secs_f32().ceil().to_string();
            let text = fill(&words.deleted, &[("name", &doomed.name)]);
            (text, fill(&words.undo, &[("n", &seconds)]))
        });
        if self.loading.is_some() {
            let phase = facts.activity.restore();
            let text = restoring(facts.activity, words).clone();
            view.progress = Some((restored_share(facts.activity), text));
            if matches!(phase, None | Some(RestorePhase::Reading)) {
                view.buttons.push((Does::Cancel, words.cancel.clone(), false));
            }
            return Some(view);
        }
        view.alert = self.failure.as_ref().map(|failure| {
            let reason = match failure {
                Failure::Rejected(error) => words.why_request_failed(error),
                Failure::Unrecoverable(error) => words.why_unrecoverable(error),
                Failure::Damaged => &words.reason_damaged,
            };
            fill(&words.menu_failed, &[("reason", reason)])
        });
        let listed = self.listed(facts);
        let chosen = listed.iter().find(|entry| Some(entry.id()) == self.chosen);
        let chosen = chosen.or(listed.first()).copied();
        view.total = listed.len();
        view.first = self.first_row.min(view.total.saturating_sub(facts.rows));
        let shown = listed.iter().skip(view.first).take(facts.rows);
        let is_chosen = |entry: &Listed| chosen.is_some_and(|chosen| chosen.id() == entry.id());
        view.rows = shown.map(|entry| entry.row(facts, is_chosen(entry))).collect();
        if listed.is_empty() {
            view.empty = Some(words.menu_empty.clone());
        } else {
            view.sort_by = words.sort_by.clone();
            let sorts = [
                (Sort::Newest, &words.sort_newest),
                (Sort::Name, &words.sort_name),
                (Sort::PlayTime, &words.sort_play_time),
            ];
            let sorts = sorts.map(|(sort, label)| (sort, label.clone(), sort == self.sort));
            view.sorts = sorts.to_vec();
        }
        if chosen.is_some_and(Listed::can_be_deleted) {
            view.buttons.push((Does::Delete, words.delete.clone(), false));
        }
        if facts.has_timeline {
            view.buttons.push((Does::Timeline, words.timeline_title.clone(), false));
        }
        view.buttons.push((Does::Close, words.close.clone(), false));
        if let Some(play) = chosen.and_then(|chosen| chosen.play(words)) {
            view.buttons.push((Does::Play, play, true));
        }
        Some(view)
    }
}
