//! Actions on the chosen entry.

use bevy_session::library::{Archived, ShelfMove};
use bevy_session::requests::{CurrentRequest, Request, SessionRequest};
use bevy_session::slots::SlotRequest;
use bevy_session::{EndReason, LeaveCause, SessionId, SessionUpdate};

use super::act::{Acting, end_toast};
use super::form::{Form, Sure};
use super::listed::Listed;
use super::state::{Does, EntryId, Said, SessionMenu, Tab, Toast, Undo};
use crate::surfaces::describe::fill;

/// The chosen entry, and the one next to it.
struct Chosen {
    entry: EntryId,
    /// Its name in the list.
    name: String,
    /// The name that the player gave it; empty if none.
    own_name: String,
    /// The request that continues, recovers or loads it.
    play: Option<Request>,
    /// The entry to choose once it is gone.
    next: Option<EntryId>,
}

impl Acting<'_, '_> {
    pub fn act_on_chosen(&mut self, menu: &mut SessionMenu, does: &Does) {
        let Some(chosen) = self.chosen(menu) else { return };
        let entry = chosen.entry;
        menu.failure = None;
        menu.chosen = Some(entry);
        match (does, entry) {
            (Does::Play, EntryId::Session(session)) if menu.tab == Tab::Trash => {
                self.shelve(menu, session, ShelfMove::Undelete, &chosen);
            }
            (Does::Play, _) => {
                if let Some(request) = chosen.play {
                    menu.load(request, &mut self.commands);
                }
            }
            (Does::Favourite(pinned), EntryId::Session(session)) => {
                self.update(menu, session, SessionUpdate::default().pin(*pinned));
                menu.wants_focus = Some(Does::Favourite(!*pinned));
            }
            (Does::Rename, _) => {
                let before = chosen.own_name;
                menu.form = Some(Form::Rename { entry, name: before.clone(), before });
                menu.wants_focus = Some(Does::NewName);
            }
            (Does::Duplicate, EntryId::Session(session)) => {
                let own_name = Some(&chosen.own_name).filter(|name| !name.trim().is_empty());
                let name = own_name.unwrap_or(&chosen.name);
                let name = fill(&self.known.look.words.copy_name, &[("name", name)]);
                let request = SessionRequest::Copy { session, name };
                menu.ask(request, &mut self.commands);
                menu.shows_more = false;
            }
            (Does::Archive, _) => ask_whether(menu, chosen, Sure::Archive),
            (Does::Pause, EntryId::Session(session)) => self.pause_or_resume(menu, session),
            (Does::End, _) => ask_whether(menu, chosen, Sure::End),
            (Does::Forget, _) => ask_whether(menu, chosen, Sure::Forget),
            (Does::BringBack, EntryId::Session(session)) => {
                self.shelve(menu, session, ShelfMove::Unarchive, &chosen);
            }
            (Does::Delete, EntryId::Session(session)) => {
                self.shelve(menu, session, ShelfMove::Delete, &chosen);
                self.let_undo(menu, Undo::TakeOutOfTrash(session));
            }
            (Does::Delete, EntryId::Slot(slot)) => {
                self.say(menu, Said::SlotGoes, &chosen.name);
                self.let_undo(menu, Undo::KeepSlot(slot));
                menu.chosen = chosen.next;
            }
            _ => {}
        }
    }

    fn chosen(&self, menu: &SessionMenu) -> Option<Chosen> {
        let facts = self.known.facts();
        let entries = menu.entries(facts.catalog);
        let chosen = menu.chosen_of(&entries, facts)?;
        let entry = chosen.id();
        let at = entries.iter().position(|other| *other == entry)?;
        let after = entries.iter().skip(at).find(|other| **other != entry);
        let before = entries.iter().take(at).rev().find(|other| **other != entry);
        let next = after.or(before);
        Some(Chosen {
            entry,
            name: chosen.name(facts.words, &menu.unconfirmed),
            own_name: chosen.own_name(&menu.unconfirmed),
            play: play_request(chosen),
            next: next.copied(),
        })
    }

    fn update(&mut self, menu: &mut SessionMenu, session: SessionId, update: SessionUpdate) {
        let request = SessionRequest::Update(session, Box::new(update));
        menu.ask(request, &mut self.commands);
    }

    /// Moves the chosen entry to another place, shows a toast, and chooses the next.
    fn shelve(
        &mut self,
        menu: &mut SessionMenu,
        session: SessionId,
        how: ShelfMove,
        chosen: &Chosen,
    ) {
        menu.ask(SessionRequest::Shelve(session, how), &mut self.commands);
        let said = match how {
            ShelfMove::Delete => Said::Deleted,
            ShelfMove::Archive(_) => Said::Archived,
            _ => Said::IsBack,
        };
        self.say(menu, said, &chosen.name);
        menu.chosen = chosen.next;
        menu.shows_more = false;
    }

    fn say(&mut self, menu: &mut SessionMenu, said: Said, name: &str) {
        end_toast(menu, &mut self.commands);
        let name = name.to_owned();
        menu.toast = Some(Toast { said, name, left: self.undo_time.0, undo: None });
    }

    fn let_undo(&self, menu: &mut SessionMenu, undo: Undo) {
        if let Some(toast) = &mut menu.toast {
            toast.undo = Some(undo);
            menu.wants_focus = Some(Does::Undo);
        }
    }

    pub fn undo(&mut self, menu: &mut SessionMenu) {
        let Some(undo) = menu.toast.take().and_then(|toast| toast.undo) else { return };
        let entry = match undo {
            Undo::KeepSlot(slot) => EntryId::Slot(slot),
            Undo::TakeOutOfTrash(session) => {
                let request = SessionRequest::Shelve(session, ShelfMove::Undelete);
                menu.ask(request, &mut self.commands);
                EntryId::Session(session)
            }
        };
        menu.chosen = Some(entry);
        menu.wants_focus = Some(Does::Choose(entry, 0));
    }

    /// Does what the form asks about, unless something is wrong with it.
    pub fn confirm(&mut self, menu: &mut SessionMenu) {
        // What was confirmed is on its way.
        if menu.loading.is_some() {
            return;
        }
        let Some(form) = menu.form.take() else { return };
        if form.is_wrong(self.known.facts()) {
            menu.form = Some(form);
            menu.wants_focus = Some(Does::NewName);
            return;
        }
        menu.wants_focus = Some(Does::Play);
        match form {
            Form::Rename { entry, before, name } => {
                let name = name.trim();
                if name != before {
                    self.rename(menu, entry, name);
                }
            }
            Form::Sure { entry, what, .. } => self.go_through_with(menu, entry, what),
            Form::New(new) => self.start(menu, new),
            Form::Groups { .. } => {}
        }
    }

    /// Pauses the session that is played, or resumes it.
    fn pause_or_resume(&mut self, menu: &mut SessionMenu, session: SessionId) {
        let facts = self.known.facts();
        let request = if facts.is_paused { CurrentRequest::Resume } else { CurrentRequest::Pause };
        if facts.playing == Some(session) {
            menu.ask(request, &mut self.commands);
        }
    }

    fn rename(&mut self, menu: &mut SessionMenu, entry: EntryId, name: &str) {
        match entry {
            EntryId::Session(session) => {
                self.update(menu, session, SessionUpdate::default().name(name));
            }
            EntryId::Slot(slot) => {
                let request = SlotRequest::Rename { slot, name: name.to_owned() };
                menu.ask(request, &mut self.commands);
            }
        }
    }

    /// Does what was asked about, if that is still there.
    fn go_through_with(&mut self, menu: &mut SessionMenu, entry: EntryId, what: Sure) {
        menu.chosen = Some(entry);
        let Some(chosen) = self.chosen(menu).filter(|chosen| chosen.entry == entry) else { return };
        let EntryId::Session(session) = entry else { return };
        match what {
            Sure::End => {
                let is_played = self.known.facts().playing == Some(session);
                if is_played {
                    let (reason, leaving) = (EndReason::Abandoned, LeaveCause::Player.into());
                    menu.ask(CurrentRequest::End { reason, leaving }, &mut self.commands);
                }
            }
            Sure::Archive => {
                let how = ShelfMove::Archive(Archived::WithWorld);
                self.shelve(menu, session, how, &chosen);
            }
            Sure::Forget => {
                menu.ask(SessionRequest::Purge(session), &mut self.commands);
                menu.chosen = chosen.next;
            }
        }
    }
}

fn ask_whether(menu: &mut SessionMenu, chosen: Chosen, what: Sure) {
    menu.form = Some(Form::Sure { entry: chosen.entry, name: chosen.name, what });
    menu.wants_focus = Some(Does::Confirm);
}

pub(super) fn leave_form(menu: &mut SessionMenu) {
    let form = menu.form.take();
    if matches!(form, Some(Form::New(_))) {
        menu.failure = None;
    }
    menu.wants_focus = Some(match form {
        Some(Form::Groups { .. }) => Does::ChooseGroups,
        Some(Form::New(_)) => Does::New,
        _ => Does::Play,
    });
}

/// The request that continues, recovers or loads something; `None` if it can't be read.
fn play_request(chosen: Listed) -> Option<Request> {
    match chosen {
        Listed::Session(entry) => Some(SessionRequest::Continue(entry.session.id).into()),
        Listed::Slot(slot) => Some(SlotRequest::Load(slot.id).into()),
        Listed::Unreadable(_) => None,
    }
}
