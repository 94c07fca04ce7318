//! What is said of each player by themselves, kept until one of their sessions changes.

use std::collections::{BTreeMap, BTreeSet};

use bevy_session_journal::DigestedSessions;

use super::columns::ChoiceColumn;
use super::together::slope;
use crate::effect::Effect;
use crate::figure::Figure;
use crate::lessons::{FigureTrend, LevelReport, ScenarioReport, SuggestionReport, TrendStep};
use crate::measure::Measure;
use crate::questions::Questions;
use crate::session::{ChapterInsights, SessionInsights};
use crate::skill::Tally;
use crate::skills::{Attempts, SkillReport, more_often};
use crate::statistics::{rate_difference, rates_differ};
use crate::suggestion::{SuggestionKind, SuggestionStep};

/// Sessions of which a player's trend is made, the newest.
const NEWEST: usize = 200;

type Player = Option<String>;

/// What is kept of each player.
#[derive(Debug, Default)]
pub(super) struct Players(BTreeMap<Player, PlayerStudy>);

#[derive(Debug, Default)]
struct PlayerStudy {
    /// With nobody to be compared with.
    skills: BTreeMap<String, SkillReport>,
    /// The first attempts at each skill.
    first: BTreeMap<String, Tally>,
    trends: Vec<FigureTrend>,
    scenarios: BTreeMap<String, (usize, Tally)>,
    levels: BTreeMap<String, (ChapterInsights, usize)>,
}

impl Players {
    pub(super) fn of(sessions: &DigestedSessions<SessionInsights>, questions: &Questions) -> Self {
        let mut players = Self::default();
        let all = sessions.iter().map(|it| it.value.about.player.clone()).collect();
        players.look_again(sessions, questions, &all);
        players
    }

    /// Looks at the sessions of these players.
    pub(super) fn look_again(
        &mut self,
        sessions: &DigestedSessions<SessionInsights>,
        questions: &Questions,
        players: &BTreeSet<Player>,
    ) {
        let mut theirs: BTreeMap<&Player, Vec<&SessionInsights>> = BTreeMap::new();
        for value in sessions.iter().map(|it| &it.value).filter(|it| !it.is_withheld) {
            if players.contains(&value.about.player) {
                theirs.entry(&value.about.player).or_default().push(value);
            }
        }
        self.0.retain(|player, _| !players.contains(player));
        for (player, sessions) in theirs {
            self.0.insert(player.clone(), PlayerStudy::of(player, &sessions, questions));
        }
    }

    /// Each player's skills, beside those of the others.
    pub(super) fn skills(&self) -> Vec<SkillReport> {
        let mut reports = Vec::new();
        for (player, study) in &self.0 {
            for (name, report) in &study.skills {
                let others = self.0.iter().filter(|(other, _)| *other != player);
                let mut tried = Tally::default();
                for (_, other) in others {
                    tried += other.first.get(name).copied().unwrap_or_default();
                }
                let first = study.first.get(name).copied().unwrap_or_default();
                let beside_others = more_often(first, tried);
                reports.push(SkillReport { beside_others, ..report.clone() });
            }
        }
        reports
    }

    pub(super) fn trends(&self) -> impl Iterator<Item = FigureTrend> {
        self.0.values().flat_map(|study| study.trends.iter().cloned())
    }

    pub(super) fn scenarios(&self) -> Vec<ScenarioReport> {
        let all = self.0.iter().flat_map(|(player, study)| {
            study.scenarios.iter().map(move |(scenario, (sessions, ended))| ScenarioReport {
                player: player.clone(),
                scenario: scenario.clone(),
                sessions: *sessions,
                ended: *ended,
            })
        });
        all.collect()
    }

    /// The chapters of all players together.
    pub(super) fn levels(
        &self,
        left: &ChoiceColumn,
        sessions: &DigestedSessions<SessionInsights>,
    ) -> Vec<LevelReport> {
        let mut levels: BTreeMap<&String, (ChapterInsights, usize)> = BTreeMap::new();
        for (name, (chapter, reached)) in self.0.values().flat_map(|study| &study.levels) {
            let (total, reached_by_all) = levels.entry(name).or_default();
            add(total, chapter);
            *reached_by_all += reached;
        }
        let mut left_in: BTreeMap<&String, usize> = BTreeMap::new();
        let left = sessions.iter().zip(left.rows_of("left")).filter(|(_, is_left)| *is_left);
        for chapter in left.filter_map(|(digested, _)| digested.value.last_chapter.as_ref()) {
            *left_in.entry(chapter).or_default() += 1;
        }
        let mut all = Tally::default();
        levels.values().for_each(|(chapter, _)| all += tries(chapter));
        let reports = levels.into_iter().map(|(name, (chapter, reached))| {
            let tries = tries(&chapter);
            let others =
                Tally { succeeded: all.succeeded - tries.succeeded, all: all.all - tries.all };
            LevelReport {
                level: name.clone(),
                tries,
                completion: Figure::rate(tries.succeeded, tries.all),
                beside_others: Figure::of_two(tries.all, others.all, || {
                    let size = rate_difference(tries.pair(), others.pair())?;
                    Some(Effect::new(size, rates_differ(tries.pair(), others.pair()), 0.0))
                }),
                deaths: u64::from(chapter.deaths),
                play: chapter.play,
                left_here: Figure::rate(left_in.get(name).copied().unwrap_or_default(), reached),
            }
        });
        reports.collect()
    }
}

fn add(total: &mut ChapterInsights, chapter: &ChapterInsights) {
    total.begun += chapter.begun;
    total.completed += chapter.completed;
    total.failed += chapter.failed;
    total.abandoned += chapter.abandoned;
    total.play += chapter.play;
    total.deaths += chapter.deaths;
}

/// Tries that have ended.
fn tries(chapter: &ChapterInsights) -> Tally {
    let all = chapter.completed + chapter.failed + chapter.abandoned;
    Tally { succeeded: chapter.completed as usize, all: all as usize }
}

impl PlayerStudy {
    fn of(player: &Player, sessions: &[&SessionInsights], questions: &Questions) -> Self {
        let mut study = Self::default();
        let names: BTreeSet<&String> = sessions.iter().flat_map(|it| it.skills.keys()).collect();
        for name in names {
            let records = sessions.iter().filter_map(|it| it.skills.get(name));
            let attempts = Attempts::new(records.flat_map(|record| &record.sittings));
            let skill = questions.skill(name);
            let report = attempts.report(player.as_deref(), &skill, Tally::default());
            study.skills.insert(name.clone(), report);
            study.first.insert(name.clone(), attempts.first());
        }
        for session in sessions {
            study.take(session);
        }
        study.trends = trends(player, sessions, questions);
        study
    }

    fn take(&mut self, session: &SessionInsights) {
        if !session.about.scenario.is_empty() {
            let known = self.scenarios.entry(session.about.scenario.clone()).or_default();
            known.0 += 1;
            if let Some(succeeded) = session.is_success() {
                known.1 += Tally { succeeded: usize::from(succeeded), all: 1 };
            }
        }
        for (name, chapter) in &session.chapters {
            let (total, reached) = self.levels.entry(name.clone()).or_default();
            add(total, chapter);
            *reached += usize::from(chapter.begun > 0);
        }
    }
}

/// Where a player's skills, figures and scores are going, from session to session.
fn trends(
    player: &Player,
    sessions: &[&SessionInsights],
    questions: &Questions,
) -> Vec<FigureTrend> {
    let newest = sessions.get(sessions.len().saturating_sub(NEWEST)..).unwrap_or_default();
    let measures: BTreeSet<Measure> = newest.iter().flat_map(|it| Measure::found_in(it)).collect();
    let went = measures.into_iter().filter(|measure| !measure.is_behaviour());
    went.map(|measure| {
        let weights = questions.weights_of(&measure);
        let values = newest.iter().filter_map(|session| measure.of(session, &weights));
        let points: Vec<(f64, f64)> = (0_u32..).map(f64::from).zip(values).collect();
        FigureTrend {
            slope: slope(Figure::<Effect>::NEED, &points),
            figure: measure,
            player: player.clone(),
            step: TrendStep::Session,
            points,
        }
    })
    .collect()
}

/// What became of suggestions, by their kind.
pub(super) fn suggestions<'a>(
    sessions: impl Iterator<Item = &'a SessionInsights>,
) -> Vec<SuggestionReport> {
    #[derive(Default)]
    struct Counted {
        shown: usize,
        taken: usize,
        not_now: usize,
        before: Tally,
        after: Tally,
    }
    let mut kinds: BTreeMap<SuggestionKind, Counted> = BTreeMap::new();
    for session in sessions {
        for made in &session.said.suggestions {
            let counted = kinds.entry(made.suggested.kind).or_default();
            match made.step {
                SuggestionStep::Shown => counted.shown += 1,
                SuggestionStep::NotNow => counted.not_now += 1,
                SuggestionStep::Taken => {
                    counted.taken += 1;
                    let all = session.tally_of(&made.suggested);
                    counted.before += made.before;
                    counted.after += Tally {
                        succeeded: all.succeeded.saturating_sub(made.before.succeeded),
                        all: all.all.saturating_sub(made.before.all),
                    };
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
