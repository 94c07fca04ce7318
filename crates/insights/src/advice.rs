//! Suggestions to a player, with their reasons.

use crate::figure::Figure;
use crate::lessons::{Hardness, Lessons, ScenarioReport};
use crate::skill::Tally;
use crate::statistics::{Estimate, rate};
use crate::suggestion::{Suggested, Suggestion, SuggestionKind, SuggestionReason};

/// A scenario that is completed at this rate at least asks too little.
const EASY: f64 = 0.9;

/// The player who asks for suggestions, and where they are.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Situation<'a> {
    /// The player's name; `None` for sessions without a player.
    pub player: Option<&'a str>,
    /// The scenario that is played.
    pub scenario: Option<&'a str>,
    /// The chapters that are open.
    pub chapters: Vec<&'a str>,
    /// Suggestions that the player doesn't want to see now.
    pub not_now: Vec<Suggested>,
    /// The rate of success surely below which hints are suggested for a skill. 0 suggests none.
    pub hint_below: f64,
}

impl Situation<'_> {
    /// Hints are for skills of which surely less than half of the attempts succeed.
    pub const HINT_BELOW: f64 = 0.5;
}

impl Lessons {
    /// The suggestions for this player, in the order: a break, a hint, an easier chapter, a harder scenario, another
    /// scenario. Each has its reason, and nothing is suggested if there are too few samples.
    ///
    /// ```
    /// use bevy_session_insights::{Lessons, Situation};
    ///
    /// let nothing_is_known = Lessons::default();
    /// assert_eq!(nothing_is_known.suggestions_for(&Situation::default()), []);
    /// ```
    #[must_use]
    pub fn suggestions_for(&self, situation: &Situation) -> Vec<Suggestion> {
        let all = self.breaks(situation).chain(self.hints(situation));
        let all = all.chain(self.easier(situation)).chain(self.harder(situation));
        let all = all.chain(self.next_scenario(situation));
        all.filter(|it| !situation.not_now.contains(&it.suggested)).collect()
    }

    fn breaks(&self, situation: &Situation) -> impl Iterator<Item = Suggestion> {
        let theirs = self.skills.iter().filter(|it| it.player.as_deref() == situation.player);
        let tired = theirs.filter_map(|it| match it.tires {
            Figure::Known { value, samples } if value.matters && value.size.high < 0.0 => {
                Some(SuggestionReason::Tires { change: value.size, samples })
            }
            _ => None,
        });
        tired.take(1).map(|why| suggestion(SuggestionKind::Break, "", why))
    }

    fn hints(&self, situation: &Situation) -> impl Iterator<Item = Suggestion> {
        let theirs = self.skills.iter().filter(|it| it.player.as_deref() == situation.player);
        theirs.filter_map(|it| match it.now {
            Figure::Known { value: rate, samples } if rate.high < situation.hint_below => {
                let why = SuggestionReason::SkillIsLow { rate, samples };
                Some(suggestion(SuggestionKind::Hint, &it.skill, why))
            }
            _ => None,
        })
    }

    fn easier(&self, situation: &Situation) -> impl Iterator<Item = Suggestion> {
        let here = self.levels.iter().filter(|it| situation.chapters.contains(&&*it.level));
        here.filter(|it| it.hardness() == Hardness::Harder).filter_map(|it| match it.completion {
            Figure::Known { value: rate, samples } => {
                let why = SuggestionReason::ChapterIsHard { rate, samples };
                Some(suggestion(SuggestionKind::Easier, &it.level, why))
            }
            Figure::Insufficient { .. } => None,
        })
    }

    fn harder(&self, situation: &Situation) -> impl Iterator<Item = Suggestion> {
        let played = self.scenarios.iter().filter(|it| {
            it.player.as_deref() == situation.player && Some(&*it.scenario) == situation.scenario
        });
        played.filter_map(|it| {
            let (rate, samples) = known(it.ended).filter(|(rate, _)| rate.low >= EASY)?;
            let why = SuggestionReason::ScenarioIsEasy { rate, samples };
            Some(suggestion(SuggestionKind::Harder, &it.scenario, why))
        })
    }

    /// The scenario that others complete the surest, of those that the player hasn't begun.
    fn next_scenario(&self, situation: &Situation) -> Option<Suggestion> {
        let is_theirs = |it: &&ScenarioReport| it.player.as_deref() == situation.player;
        let begun: Vec<&str> =
            self.scenarios.iter().filter(is_theirs).map(|it| &*it.scenario).collect();
        let mut others: std::collections::BTreeMap<&str, Tally> = std::collections::BTreeMap::new();
        for it in self.scenarios.iter().filter(|it| !begun.contains(&&*it.scenario)) {
            *others.entry(&it.scenario).or_default() += it.ended;
        }
        let known = others.into_iter().filter_map(|(scenario, ended)| {
            let (rate, samples) = known(ended)?;
            Some((scenario, rate, samples))
        });
        let (scenario, rate, samples) =
            known.max_by(|(_, one, _), (_, other, _)| one.low.total_cmp(&other.low))?;
        let why = SuggestionReason::OthersComplete { rate, samples };
        Some(suggestion(SuggestionKind::Scenario, scenario, why))
    }
}

fn known(ended: Tally) -> Option<(Estimate, usize)> {
    let estimate = rate(ended.succeeded, ended.all)?;
    (ended.all >= Figure::<Estimate>::NEED).then_some((estimate, ended.all))
}

fn suggestion(kind: SuggestionKind, what: &str, why: SuggestionReason) -> Suggestion {
    Suggestion { suggested: Suggested { kind, what: what.to_owned() }, why }
}
