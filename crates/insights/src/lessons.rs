//! The lessons of many sessions, as data.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::effect::Effect;
use crate::figure::Figure;
use crate::measure::{Choice, Measure, Outcome};
use crate::skill::Tally;
use crate::skills::SkillReport;
use crate::statistics::Estimate;
use crate::suggestion::SuggestionKind;

/// The lessons of many sessions: each claim with its number of samples and its interval, and none if there are too few.
///
/// All claims are corrected for being made together: of a hundred pages about games in which nothing matters, five at
/// most say that something does.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Lessons {
    /// The number of sessions that they come from.
    pub sessions: usize,
    /// Sessions that were played without consent. Nothing is made of them.
    pub withheld: usize,
    /// Sessions that are known in part only.
    pub incomplete: usize,
    /// Each player's skills.
    pub skills: Vec<SkillReport>,
    /// The difficulty and outcomes of each chapter.
    pub levels: Vec<LevelReport>,
    /// Outcomes of sessions, by what was chosen in them.
    pub works: Vec<Comparison>,
    /// Differences of sessions by the way they were played: by thirds of figures, and by events that came up.
    pub groups: Vec<Comparison>,
    /// Sessions that were left for good.
    pub leaving: Leaving,
    /// The trends of figures.
    pub trends: Vec<FigureTrend>,
    /// The figures that go together.
    pub correlations: Vec<FigurePair>,
    /// The results of each player in each scenario.
    pub scenarios: Vec<ScenarioReport>,
    /// The outcomes of suggestions.
    pub suggestions: Vec<SuggestionReport>,
}

/// The outcomes of a chapter.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct LevelReport {
    /// Its name.
    pub level: String,
    /// Tries that have ended, and how many of them completed it.
    pub tries: Tally,
    /// The rate at which tries complete it.
    pub completion: Figure<Estimate>,
    /// The difference of its rate of completion from that of all others together: below 0 it is harder.
    pub beside_others: Figure<Effect>,
    /// Deaths in it.
    pub deaths: u64,
    /// Time played in it.
    pub play: Duration,
    /// The share of the sessions that began it that were left for good in it.
    pub left_here: Figure<Estimate>,
}

/// The difficulty of a level, compared with others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Hardness {
    /// Harder than the others.
    Harder,
    /// Easier than the others.
    Easier,
    /// No difference is seen.
    LikeOthers,
    /// There are too few tries.
    TooFew {
        /// The number of tries, of it and of others, as far as they count.
        have: usize,
        /// The number that it takes.
        need: usize,
    },
}

impl LevelReport {
    /// Returns its difficulty, compared with the others.
    #[must_use]
    pub fn hardness(&self) -> Hardness {
        match &self.beside_others {
            Figure::Known { value, .. } if value.matters && value.size.value < 0.0 => {
                Hardness::Harder
            }
            Figure::Known { value, .. } if value.matters => Hardness::Easier,
            Figure::Known { .. } => Hardness::LikeOthers,
            Figure::Insufficient { have, need } => Hardness::TooFew { have: *have, need: *need },
        }
    }
}

/// Sessions of one sort beside all others, in one respect.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// The choice that divides the sessions.
    pub choice: Choice,
    /// The value of the choice in the sessions of the sort.
    pub chosen: String,
    /// In which respect.
    pub outcome: Outcome,
    /// The sessions of the sort.
    pub with: Side,
    /// All others of which both is known.
    pub without: Side,
    /// The difference of the rates or medians: above 0 it is higher in sessions of the sort.
    pub difference: Figure<Effect>,
}

/// One side of a comparison.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct Side {
    /// The number of sessions.
    pub samples: usize,
    /// Their rate or median. `None` of none.
    pub value: Option<f64>,
}

/// Sessions that were left for good: neither ended nor touched for as long as the questions say.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct Leaving {
    /// The share of them among all.
    pub rate: Figure<Estimate>,
    /// In which chapter they were left; an empty name is outside of any.
    pub places: BTreeMap<String, usize>,
    /// Differences of these sessions from all others.
    pub apart: Vec<Comparison>,
}

impl Default for Leaving {
    fn default() -> Self {
        Self { rate: Figure::rate(0, 0), places: BTreeMap::new(), apart: Vec::new() }
    }
}

/// The trend of a figure.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct FigureTrend {
    /// The figure.
    pub figure: Measure,
    /// The player of the sessions; `None` for all players'.
    pub player: Option<String>,
    /// The unit of a step.
    pub step: TrendStep,
    /// The growth with each step.
    pub slope: Figure<Effect>,
    /// The figure at each step, for plots.
    pub points: Vec<(f64, f64)>,
}

/// The unit of a step of a trend.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TrendStep {
    /// From one week to the next, of the medians of weeks with three sessions or more.
    Week,
    /// From one session to the next, of the newest 200.
    Session,
}

/// The correlation of two figures across sessions.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct FigurePair {
    /// One of them.
    pub one: Measure,
    /// The other.
    pub other: Measure,
    /// Spearman's correlation, from -1 to 1.
    pub rho: Figure<Effect>,
}

/// The results of a player in a scenario.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct ScenarioReport {
    /// The player; `None` of sessions without one.
    pub player: Option<String>,
    /// The scenario's key, or the game's own word.
    pub scenario: String,
    /// Sessions that have begun.
    pub sessions: usize,
    /// Sessions that have ended, and how many of them were completed.
    pub ended: Tally,
}

/// The outcomes of suggestions of one kind.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct SuggestionReport {
    /// The kind.
    pub kind: SuggestionKind,
    /// The number of times that one was shown.
    pub shown: usize,
    /// The share that was taken.
    pub taken: Figure<Estimate>,
    /// The number of times that the player declined one.
    pub not_now: usize,
    /// The difference of the rates of success of attempts after one was taken and before, in the same session.
    pub helped: Figure<Effect>,
}

impl Lessons {
    /// All claims that are made of sessions.
    pub(crate) fn effects(&mut self) -> Vec<&mut Effect> {
        let skills = self.skills.iter_mut().flat_map(|it| {
            [
                &mut it.better,
                &mut it.within_sittings,
                &mut it.over_breaks,
                &mut it.beside_others,
                &mut it.tires,
            ]
        });
        let levels = self.levels.iter_mut().map(|it| &mut it.beside_others);
        let compared = self.works.iter_mut().chain(&mut self.groups).chain(&mut self.leaving.apart);
        let compared = compared.map(|it| &mut it.difference);
        let trends = self.trends.iter_mut().map(|it| &mut it.slope);
        let pairs = self.correlations.iter_mut().map(|it| &mut it.rho);
        let helped = self.suggestions.iter_mut().map(|it| &mut it.helped);
        let all = skills.chain(levels).chain(compared).chain(trends).chain(pairs).chain(helped);
        all.filter_map(|figure| match figure {
            Figure::Known { value, .. } => Some(value),
            Figure::Insufficient { .. } => None,
        })
        .collect()
    }

    /// A player's report on a skill; `None` if nothing was tried.
    #[must_use]
    pub fn skill(&self, player: Option<&str>, skill: &str) -> Option<&SkillReport> {
        self.skills.iter().find(|it| it.player.as_deref() == player && it.skill == skill)
    }

    /// The comparisons of choices that are significant, the surest first.
    #[must_use]
    pub fn what_matters(&self) -> Vec<&Comparison> {
        let matters = |it: &&Comparison| it.difference.known().is_some_and(|effect| effect.matters);
        let mut found: Vec<&Comparison> = self.works.iter().filter(matters).collect();
        let chance = |it: &Comparison| it.difference.known().map_or(1.0, |effect| effect.chance);
        found.sort_by(|one, other| chance(one).total_cmp(&chance(other)));
        found
    }
}
