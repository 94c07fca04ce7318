//! Forms in the place of the list: a new name, a grouping, or a confirmation.

use bevy_session::limits;

use super::grouped::Grouping;
use super::state::{Does, EntryId};
use crate::surfaces::SessionStrings;
use crate::surfaces::describe::{fill, shortened};
use crate::surfaces::field::FieldView;

/// Letters that a field for a name takes: more than a name may have, so that it can be said.
const MOST_LETTERS: usize = 2 * limits::STRING_BYTES;

/// A question to the player.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Form {
    Rename {
        entry: EntryId,
        /// The name before.
        before: String,
        /// The text that was typed.
        name: String,
    },
    /// A confirmation of something that can't be undone as a whole.
    Sure { entry: EntryId, name: String, what: Sure },
    /// The choice of a grouping for the list.
    Groups { now: Grouping },
}

/// An action that a form asks to confirm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sure {
    Archive,
    End,
    Forget,
}

/// All that a form shows.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct FormView {
    pub text: String,
    pub field: Option<FieldView>,
    /// Answers, each with its label and whether it is the one that holds now.
    pub choices: Vec<(Does, String, bool)>,
    /// The reason why the typed text can't be used.
    pub error: Option<String>,
}

impl Form {
    /// The reason why the new name can't be used.
    pub fn error(&self, words: &SessionStrings) -> Option<String> {
        let Self::Rename { name, .. } = self else { return None };
        let (bytes, limit) = (name.trim().len(), limits::STRING_BYTES);
        if bytes == 0 {
            return Some(words.name_empty.clone());
        }
        let (n, limit_text) = (bytes.to_string(), limit.to_string());
        (bytes > limit).then(|| fill(&words.name_too_long, &[("n", &n), ("limit", &limit_text)]))
    }

    pub fn view(&self, words: &SessionStrings) -> FormView {
        match self {
            Self::Rename { before, name, .. } => FormView {
                text: fill(&words.rename_what, &[("name", &shortened(before, 48))]),
                field: Some(FieldView {
                    text: name.clone(),
                    hint: words.name_hint.clone(),
                    starts_selected: name == before,
                    most_letters: MOST_LETTERS,
                }),
                error: self.error(words),
                ..FormView::default()
            },
            Self::Sure { name, what, .. } => {
                let text = match what {
                    Sure::Archive => &words.sure_archive,
                    Sure::End => &words.sure_end,
                    Sure::Forget => &words.sure_forget,
                };
                FormView { text: fill(text, &[("name", name)]), ..FormView::default() }
            }
            Self::Groups { now } => {
                let choice =
                    |by: Grouping| (Does::Group(by), by.name(words).to_owned(), by == *now);
                let choices = Grouping::ALL.map(choice).to_vec();
                let text = words.group_by_what.clone();
                FormView { text, choices, ..FormView::default() }
            }
        }
    }

    /// Its buttons: the way back, and what it asks about.
    pub fn buttons(&self, words: &SessionStrings) -> Vec<(Does, String, bool)> {
        let back = (Does::Back, words.back.clone(), false);
        let confirm = match self {
            Self::Groups { .. } => return vec![back],
            Self::Rename { .. } => &words.rename,
            Self::Sure { what: Sure::Archive, .. } => &words.archive_it,
            Self::Sure { what: Sure::End, .. } => &words.end_it,
            Self::Sure { what: Sure::Forget, .. } => &words.delete_for_good,
        };
        vec![back, (Does::Confirm, confirm.clone(), true)]
    }
}
