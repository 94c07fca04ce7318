//! Actions of the player on a new session.

use super::act::Acting;
use super::beginning::Beginning;
use super::form::Form;
use super::state::{Does, SessionMenu};

/// Asks what a new session is to be.
pub(super) fn ask_for_new(menu: &mut SessionMenu) {
    menu.failure = None;
    menu.form = Some(Form::New(Beginning::default()));
    menu.wants_focus = Some(Does::NewName);
}

impl Acting<'_, '_> {
    pub fn step_scenario(&self, menu: &mut SessionMenu, forward: bool) {
        menu.failure = None;
        if let Some(Form::New(new)) = &mut menu.form {
            new.step(&self.known.facts().scenarios.all(), forward);
        }
    }

    /// Starts a session. Its form stays until that is done, for the player to correct it if it is refused.
    pub fn start(&mut self, menu: &mut SessionMenu, new: Beginning) {
        let request = new.request(&self.known.facts().scenarios.all());
        menu.form = Some(Form::New(new));
        menu.failure = None;
        if let Some(request) = request {
            menu.load(request, &mut self.commands);
        }
    }
}
