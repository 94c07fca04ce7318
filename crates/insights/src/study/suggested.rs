//! The outcomes of suggestions.

use std::collections::BTreeMap;

use crate::figure::Figure;
use crate::lessons::SuggestionReport;
use crate::session::SessionInsights;
use crate::skill::Tally;
use crate::skills::more_often;
use crate::suggestion::{SuggestionKind, SuggestionStep};

#[derive(Default)]
struct Counted {
    shown: usize,
    taken: usize,
    not_now: usize,
    before: Tally,
    after: Tally,
}

/// The outcomes of suggestions in these sessions, by their kind.
pub(super) fn suggestions<'a>(
    sessions: impl Iterator<Item = &'a SessionInsights>,
) -> Vec<SuggestionReport> {
    let mut kinds: BTreeMap<SuggestionKind, Counted> = BTreeMap::new();
    for session in sessions {
        for made in &session.said.suggestions {
            let counted = kinds.entry(made.suggested.kind).or_default();
            match made.step {
                SuggestionStep::Shown => counted.shown += 1,
                SuggestionStep::NotNow => counted.not_now += 1,
                SuggestionStep::Taken => {
                    counted.taken += 1;
                    counted.before += made.before;
                    counted.after += session.tally_of(&made.suggested).without(made.before);
                }
            }
        }
    }
    let reports = kinds.into_iter().map(|(kind, counted)| SuggestionReport {
        kind,
        shown: counted.shown,
        taken: Figure::rate(counted.taken, counted.shown.max(counted.taken)),
        not_now: counted.not_now,
        helped: more_often(counted.after, counted.before),
    });
    reports.collect()
}
