//! What is asked in the place of the list: a new name, or whether something is really meant.

use bevy_session::limits;

use super::grouped::Grouping;
use super::state::{Does, EntryId};
use crate::surfaces::SessionStrings;
use crate::surfaces::describe::{fill, shortened};
use crate::surfaces::field::FieldView;

/// Letters that a field for a name takes: more than a name may have, so that it can be said.
const MOST_LETTERS: usize = 2 * limits::STRING_BYTES;

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Form {
    Rename {
        entry: EntryId,
        /// What it was called.
        before: String,
        /// What was typed.
        name: String,
    },
    /// Whether something is meant that can't be taken back as a whole.
    Sure { entry: EntryId, name: String, what: Sure },
    /// What the list is to be grouped by.
    Groups { now: Grouping },
}

/// What a form asks about.
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
    /// What is wrong with what was typed.
    pub error: Option<String>,
}

impl Form {
    /// What is wrong with the new name.
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
