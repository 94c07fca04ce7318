//! Forms in the place of the list: a new session, a new name, a grouping, or a confirmation.

use bevy_session::limits;

use super::beginning::{Beginning, Choice};
use super::grouped::Grouping;
use super::listed::Listed;
use super::state::{Does, EntryId};
use super::unconfirmed::Unconfirmed;
use super::view::Facts;
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
    /// The choices for a new session.
    New(Beginning),
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
    /// The scenario of a new session, if there are any.
    pub scenario: Option<ScenarioView>,
    /// A remark on what else comes of it.
    pub note: Option<String>,
    /// True if what it asks about can't be done yet.
    pub waits: bool,
}

/// The choice of a scenario.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct ScenarioView {
    pub name: String,
    /// Its difficulty and description.
    pub about: Vec<String>,
    /// The buttons that choose another one, each with its label.
    pub steps: Vec<(Does, String)>,
    /// The reason why it can't be used.
    pub error: Option<String>,
}

impl Form {
    /// The name that is typed in it, if it asks for one.
    pub fn name(&mut self) -> Option<&mut String> {
        match self {
            Self::Rename { name, .. } | Self::New(Beginning { name, .. }) => Some(name),
            Self::Sure { .. } | Self::Groups { .. } => None,
        }
    }

    /// The reason why the name can't be used. A new session needs none.
    fn error(&self, words: &SessionStrings) -> Option<String> {
        match self {
            Self::Rename { name, .. } if name.trim().is_empty() => Some(words.name_empty.clone()),
            Self::Rename { name, .. } | Self::New(Beginning { name, .. }) => too_long(name, words),
            Self::Sure { .. } | Self::Groups { .. } => None,
        }
    }

    /// Returns true if what it asks about can't be done with what was typed and chosen.
    pub fn is_wrong(&self, facts: Facts) -> bool {
        let is_gone = match self {
            Self::New(new) => matches!(new.choice(&facts.scenarios.all()), Choice::Gone),
            _ => false,
        };
        is_gone || self.error(facts.words).is_some()
    }

    pub fn view(&self, facts: Facts, unconfirmed: &Unconfirmed) -> FormView {
        let words = facts.words;
        match self {
            Self::New(new) => FormView {
                error: self.error(words),
                waits: self.is_wrong(facts),
                ..view_of_new(new, facts, unconfirmed)
            },
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
            Self::New(_) => &words.start_it,
            Self::Rename { .. } => &words.rename,
            Self::Sure { what: Sure::Archive, .. } => &words.archive_it,
            Self::Sure { what: Sure::End, .. } => &words.end_it,
            Self::Sure { what: Sure::Forget, .. } => &words.delete_for_good,
        };
        vec![back, (Does::Confirm, confirm.clone(), true)]
    }
}

fn too_long(name: &str, words: &SessionStrings) -> Option<String> {
    let (bytes, limit) = (name.trim().len(), limits::STRING_BYTES);
    let (n, limit_text) = (bytes.to_string(), limit.to_string());
    (bytes > limit).then(|| fill(&words.name_too_long, &[("n", &n), ("limit", &limit_text)]))
}

/// The form for a new session, without what is wrong with the name.
fn view_of_new(new: &Beginning, facts: Facts, unconfirmed: &Unconfirmed) -> FormView {
    let words = facts.words;
    let all = facts.scenarios.all();
    let choice = new.choice(&all);
    let scenario = match choice {
        Choice::Nothing => None,
        Choice::One(..) | Choice::Gone => Some(view_of_scenario(choice, all.len(), words)),
    };
    // An empty name becomes that of the scenario.
    let hint = match choice {
        Choice::One(_, scenario) => shortened(&scenario.name, 48),
        Choice::Nothing | Choice::Gone => words.name_hint.clone(),
    };
    let played = facts.playing.and_then(|played| Listed::of(EntryId::Session(played), facts));
    let note =
        |played: Listed| fill(&words.new_closes, &[("name", &played.name(words, unconfirmed))]);
    FormView {
        text: words.new_what.clone(),
        field: Some(FieldView {
            text: new.name.clone(),
            hint,
            starts_selected: false,
            most_letters: MOST_LETTERS,
        }),
        scenario,
        note: played.map(note),
        ..FormView::default()
    }
}

fn view_of_scenario(choice: Choice, count: usize, words: &SessionStrings) -> ScenarioView {
    let mut view = ScenarioView::default();
    let is_gone = match choice {
        Choice::One(place, scenario) => {
            let (n, total) = ((place + 1).to_string(), count.to_string());
            let name = shortened(&scenario.name, 32);
            let name = fill(&words.one_of, &[("name", &name), ("n", &n), ("total", &total)]);
            view.name = fill(&words.new_scenario, &[("name", &name)]);
            let difficulty = shortened(&scenario.difficulty, 32);
            let difficulty = (!difficulty.trim().is_empty())
                .then(|| fill(&words.new_difficulty, &[("difficulty", &difficulty)]));
            let description = Some(shortened(&scenario.description, 160));
            let about = difficulty.into_iter().chain(description);
            view.about = about.filter(|line| !line.trim().is_empty()).collect();
            false
        }
        Choice::Nothing | Choice::Gone => {
            view.error = Some(words.scenario_gone.clone());
            true
        }
    };
    if count > 1 || (is_gone && count > 0) {
        let step = |forward: bool, label: &String| (Does::Scenario(forward), label.clone());
        view.steps = vec![step(false, &words.previous), step(true, &words.next)];
    }
    view
}
