//! All that the menu shows, as a plain value.

use std::time::Duration;

use bevy_session::attachments::AttachmentOf;
use bevy_session::recovery::RestorePhase;
use bevy_session::{SessionActivity, SessionCatalog, SessionId};
use jiff::Timestamp;

use super::beginning::Scenarios;
use super::form::FormView;
use super::grouped::{Line, last_first, shown_from};
use super::listed::Listed;
use super::state::{Does, EntryId, Failure, Said, SessionMenu, Sort, Tab, Undo};
use crate::surfaces::SessionStrings;
use crate::surfaces::describe::{fill, restored_share, restoring, shortened};
use crate::surfaces::field::FieldView;
use crate::surfaces::shapes::Shape;

/// Letters of a search that count.
const MOST_LETTERS: usize = 1000;

/// All that the menu shows.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct MenuView {
    pub title: String,
    pub tabs: Vec<(Does, String, bool)>,
    pub search: Option<FieldView>,
    pub sort_by: String,
    pub sorts: Vec<(Does, String, bool)>,
    /// Tags to choose from.
    pub chips: Vec<Chip>,
    /// The label of the list's grouping.
    pub groups: String,
    pub body: Body,
    /// The actions on the chosen entry.
    pub actions: Vec<(Does, String)>,
    /// Facts about it that its row doesn't show.
    pub about: Vec<String>,
    pub picture: Option<AttachmentOf>,
    /// The label of the button for a new session, in a tiny window: beside the tabs, since there is no room below.
    pub new: Option<String>,
    /// True if, in a tiny window, the actions are shown in the place of the list.
    pub shows_more: bool,
    pub status: Option<Status>,
    /// The buttons below: action, label, and true for the one that is meant to be pressed.
    pub buttons: Vec<(Does, String, bool)>,
}

/// The part in the middle.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Body {
    List {
        /// The lines that are shown.
        lines: Vec<MenuLine>,
        first: usize,
        /// The number of lines, shown or not.
        total: usize,
    },
    /// There is nothing to list.
    Nothing {
        text: String,
        /// The button that helps.
        button: Option<(Does, String)>,
    },
    /// Something is being loaded, from 0 to 1.
    Progress {
        share: f32,
        text: String,
    },
    Form(FormView),
}

impl Default for Body {
    fn default() -> Self {
        Self::Nothing { text: String::new(), button: None }
    }
}

/// The last thing that was done, or could not be done.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Status {
    pub text: String,
    pub is_failure: bool,
    /// The button that undoes it.
    pub undo: Option<String>,
}

/// A tag to choose, and how many sessions have it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Chip {
    pub tag: String,
    pub label: String,
    pub count: String,
    pub is_chosen: bool,
}

/// A line of the list.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum MenuLine {
    /// Above a group, with the number of its rows.
    Heading(String, String),
    Row(MenuRow),
}

/// A session or slot.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct MenuRow {
    pub entry: EntryId,
    /// The number of rows above that list the same entry.
    pub copy: usize,
    pub title: String,
    pub detail: String,
    pub played: String,
    pub picture: Option<AttachmentOf>,
    pub mark: Option<String>,
    pub is_chosen: bool,
    pub shape: Shape,
    pub is_favourite: bool,
    pub tags: Vec<String>,
    pub progress: Option<f32>,
}

/// The inputs of the view, beside the menu itself.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    pub catalog: &'a SessionCatalog,
    /// The session that is being played.
    pub playing: Option<SessionId>,
    /// True if it is paused.
    pub is_paused: bool,
    pub scenarios: Scenarios<'a>,
    /// True if the menu starts new sessions as well.
    pub starts_sessions: bool,
    pub words: &'a SessionStrings,
    pub now: Timestamp,
    pub activity: SessionActivity,
    /// Rows that there is room for.
    pub rows: usize,
    /// True if actions have no room beside the list.
    pub is_tiny: bool,
    /// The room for tags beside each other, in pixels of the design.
    pub room_for_chips: f32,
    /// True if there is a timeline to go back in.
    pub has_timeline: bool,
    /// The time for which sessions stay in the trash.
    pub trash: Option<Duration>,
}

impl SessionMenu {
    /// The chosen entry: at first, one among those in view that can be played.
    pub(super) fn chosen_of<'a>(
        &self,
        entries: &[EntryId],
        facts: Facts<'a>,
    ) -> Option<Listed<'a>> {
        let chosen = self.chosen.filter(|chosen| entries.contains(chosen));
        let first_page = entries.iter().take(facts.rows);
        let mut listed = first_page.filter_map(|entry| Listed::of(*entry, facts));
        match chosen {
            Some(chosen) => Listed::of(chosen, facts),
            None => {
                let can_be_played = |entry: &Listed| entry.play(self.tab, facts.words).is_some();
                let first = listed.find(can_be_played);
                first.or_else(|| Listed::of(*entries.first()?, facts))
            }
        }
    }

    /// All that is shown now; `None` if the menu is closed.
    pub(super) fn view(&self, facts: Facts) -> Option<MenuView> {
        if !self.is_open {
            return None;
        }
        let words = facts.words;
        let mut view = MenuView { title: words.menu_title.clone(), ..MenuView::default() };
        view.status = self.status(words);
        // There is nothing to see of a start: the form stays meanwhile.
        if self.loading.is_some() && !self.is_starting() {
            let phase = facts.activity.restore();
            let text = restoring(facts.activity, words).clone();
            view.body = Body::Progress { share: restored_share(facts.activity), text };
            if matches!(phase, None | Some(RestorePhase::Reading)) {
                view.buttons.push((Does::Cancel, words.cancel.clone(), false));
            }
            return Some(view);
        }
        if let Some(form) = &self.form {
            let mut shown = form.view(facts, &self.unconfirmed);
            shown.waits |= self.is_starting();
            view.body = Body::Form(shown);
            view.buttons = form.buttons(words);
            return Some(view);
        }
        self.head(&mut view, words);
        view.chips = self.chips(facts.room_for_chips);
        let lines = self.lines(facts.catalog);
        let entries: Vec<EntryId> = lines.iter().filter_map(Line::entry).collect();
        let chosen = self.chosen_of(&entries, facts);
        view.body = match entries.is_empty() {
            true => self.nothing(facts),
            false => self.list(&lines, chosen, facts),
        };
        self.side(&mut view, chosen, facts);
        Some(view)
    }

    fn head(&self, view: &mut MenuView, words: &SessionStrings) {
        let tabs = [
            (Tab::Open, &words.tab_games),
            (Tab::Favourites, &words.tab_favourites),
            (Tab::Archive, &words.tab_archive),
            (Tab::Trash, &words.tab_trash),
        ];
        let tabs = tabs.map(|(tab, label)| (Does::Show(tab), label.clone(), tab == self.tab));
        view.tabs = tabs.to_vec();
        view.search = Some(FieldView {
            text: self.search.clone(),
            hint: words.search.clone(),
            starts_selected: false,
            most_letters: MOST_LETTERS,
        });
        view.sort_by = words.sort_by.clone();
        let sorts = [
            (Sort::Newest, &words.sort_newest),
            (Sort::Name, &words.sort_name),
            (Sort::PlayTime, &words.sort_play_time),
        ];
        let sorts = sorts.map(|(sort, label)| (Does::Sort(sort), label.clone(), sort == self.sort));
        view.sorts = sorts.to_vec();
        view.groups = fill(&words.group_by, &[("what", self.grouping.name(words))]);
    }

    /// The tags that are chosen, and as many of the others as there is room for.
    fn chips(&self, room: f32) -> Vec<Chip> {
        let count_of = |tag: &String| {
            let found = self.found.tags.iter().find(|(other, _)| other == tag);
            found.map_or(0, |(_, count)| *count)
        };
        let chosen = self.tags.iter().map(|tag| (tag, count_of(tag), true));
        let others = self.found.tags.iter().filter(|(tag, _)| !self.tags.contains(tag));
        let others = others.map(|(tag, count)| (tag, *count, false));
        let mut left = room;
        let chip = |(tag, count, is_chosen): (&String, usize, bool)| {
            let (label, count) = (shortened(tag, 16), count.to_string());
            left -= width_of_chip(&label, &count);
            (left >= 0.0).then(|| Chip { tag: tag.clone(), label, count, is_chosen })
        };
        chosen.chain(others).map_while(chip).collect()
    }

    fn list(&self, lines: &[Line], chosen: Option<Listed>, facts: Facts) -> Body {
        let total = lines.len();
        let first = self.first_line.min(last_first(lines, facts.rows));
        let chosen = chosen.map(Listed::id);
        let line = |(place, line): (usize, &Line)| match line {
            Line::Heading(group) => {
                let below = lines.iter().skip(place + 1);
                let count = below.take_while(|line| line.entry().is_some()).count();
                let heading = group.heading(facts.words, facts.now);
                Some(MenuLine::Heading(heading, count.to_string()))
            }
            Line::Row { entry, copy } => {
                let is_chosen = chosen == Some(*entry);
                let listed = Listed::of(*entry, facts)?;
                Some(MenuLine::Row(listed.row(facts, &self.unconfirmed, (is_chosen, *copy))))
            }
        };
        let shown = lines.iter().enumerate().skip(first);
        let shown = shown.take(shown_from(lines, first, facts.rows));
        Body::List { lines: shown.filter_map(line).collect(), first, total }
    }

    /// Why there is nothing to list.
    fn nothing(&self, facts: Facts) -> Body {
        let words = facts.words;
        let is_searched = !self.search.trim().is_empty();
        let is_tagged = !self.tags.is_empty();
        let text = match self.tab {
            _ if !facts.catalog.is_verified() && facts.catalog.sessions().is_empty() => {
                &words.menu_looking
            }
            _ if is_searched => &words.menu_nothing_found,
            _ if is_tagged => &words.menu_nothing_tagged,
            Tab::Open => &words.menu_empty,
            Tab::Favourites => &words.menu_no_favourites,
            Tab::Archive => &words.menu_no_archive,
            Tab::Trash => &words.menu_no_trash,
        };
        let tags = shortened(&self.tags.join(", "), 48);
        let search = shortened(self.search.trim(), 48);
        let text = fill(text, &[("search", &search), ("tags", &tags)]);
        let clear = || (Does::ClearSearch, words.clear_search.clone());
        let new = || (Does::New, words.new_it.clone());
        let offers_new = facts.starts_sessions && self.tab == Tab::Open;
        let button = match self.is_narrowed() {
            true => Some(clear()),
            false => offers_new.then(new),
        };
        Body::Nothing { text, button }
    }

    /// Fills in the parts beside and below the list.
    fn side(&self, view: &mut MenuView, chosen: Option<Listed>, facts: Facts) {
        let words = facts.words;
        if let Some(chosen) = chosen {
            view.actions = self.actions(chosen, facts);
            view.about = chosen.about(words);
            let row = chosen.row(facts, &self.unconfirmed, (true, 0));
            view.picture = row.picture;
        }
        let is_offered = matches!(&view.body, Body::Nothing { button: Some((Does::New, _)), .. });
        let new = (facts.starts_sessions && !is_offered).then(|| words.new_it.clone());
        if facts.is_tiny {
            view.new = new;
            view.shows_more = self.shows_more;
            let label = if self.shows_more { &words.back } else { &words.more };
            view.buttons.push((Does::More, label.clone(), false));
        } else {
            view.buttons.extend(new.map(|label| (Does::New, label, false)));
        }
        if facts.has_timeline {
            view.buttons.push((Does::Timeline, words.timeline_title.clone(), false));
        }
        view.buttons.push((Does::Close, words.close.clone(), false));
        if let Some(play) = chosen.and_then(|chosen| chosen.play(self.tab, words)) {
            view.buttons.push((Does::Play, play, true));
        }
    }

    /// The actions on the chosen entry, beside playing it.
    fn actions(&self, chosen: Listed, facts: Facts) -> Vec<(Does, String)> {
        let words = facts.words;
        let rename = (Does::Rename, words.rename.clone());
        let delete = (Does::Delete, words.delete.clone());
        let duplicate = (Does::Duplicate, words.duplicate.clone());
        let entry = match chosen {
            Listed::Slot(_) => return vec![rename, delete],
            Listed::Unreadable(_) => return vec![delete],
            Listed::Session(entry) => entry,
        };
        let is_favourite = self.unconfirmed.session(entry).pinned;
        let label = if is_favourite { &words.no_favourite } else { &words.favourite };
        let favourite = (Does::Favourite(!is_favourite), label.clone());
        let is_played = Some(entry.session.id) == facts.playing;
        match self.tab {
            Tab::Trash => vec![(Does::Forget, words.delete_for_good.clone())],
            Tab::Archive => {
                vec![(Does::BringBack, words.bring_back.clone()), favourite, rename, delete]
            }
            _ if is_played => {
                let label = if facts.is_paused { &words.resume_it } else { &words.pause_it };
                let end = (Does::End, words.end_it.clone());
                vec![favourite, rename, (Does::Pause, label.clone()), end]
            }
            _ if entry.in_use => vec![favourite, rename],
            _ if entry.session.draft => vec![favourite, rename, duplicate, delete],
            _ => {
                let archive = (Does::Archive, words.archive_it.clone());
                vec![favourite, rename, duplicate, archive, delete]
            }
        }
    }

    /// The last thing that was done, or could not be done.
    fn status(&self, words: &SessionStrings) -> Option<Status> {
        if let Some(failure) = &self.failure {
            let reason = match failure {
                Failure::Rejected(error) => words.why_request_failed(error),
                Failure::Unrecoverable(error) => words.why_unrecoverable(error),
                Failure::Damaged => &words.reason_damaged,
            };
            let text = fill(&words.menu_failed, &[("reason", reason)]);
            return Some(Status { text, is_failure: true, undo: None });
        }
        let toast = self.toast.as_ref()?;
        let text = match toast.said {
            Said::SlotGoes => &words.deleted,
            Said::Deleted => &words.said_deleted,
            Said::Archived => &words.said_archived,
            Said::IsBack => &words.said_back,
            Said::Copied => &words.said_copied,
        };
        let seconds = toast.left.as_secs_f32().ceil().to_string();
        let undo = |_: Undo| fill(&words.undo, &[("n", &seconds)]);
        Some(Status {
            text: fill(text, &[("name", &toast.name)]),
            is_failure: false,
            undo: toast.undo.map(undo),
        })
    }
}

/// About how wide a tag is, in pixels of the design, with the gap beside it.
fn width_of_chip(label: &str, count: &str) -> f32 {
    let letter = |letter: char| match letter {
        'i' | 'j' | 'l' | 'f' | 't' | 'r' | 'I' | ' ' | '.' | ',' | '-' | '\'' => 5.5,
        'm' | 'w' | 'M' | 'W' | '@' => 13.0,
        letter if letter.is_ascii_uppercase() => 10.0,
        letter if letter.is_ascii() => 8.5,
        _ => 14.0,
    };
    label.chars().chain(count.chars()).map(letter).sum::<f32>() + 44.0
}
