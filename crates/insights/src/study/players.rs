//! Figures of each player by themselves, kept until one of their sessions changes.

use std::collections::{BTreeMap, BTreeSet};

use bevy_session_journal::{DigestedSessions, SessionId};

use super::columns::Column;
use super::together::slope;
use crate::effect::Effect;
use crate::figure::Figure;
use crate::lessons::{FigureTrend, ScenarioReport, TrendStep};
use crate::measure::Outcome;
use crate::questions::Questions;
use crate::session::SessionInsights;
use crate::skill::Tally;
use crate::skills::{Attempts, SkillReport, more_often};

/// Sessions of which a player's trend is made, the newest.
const NEWEST: usize = 200;

type Player = Option<String>;

/// The figures of all players.
#[derive(Debug, Default)]
pub(super) struct Players(BTreeMap<Player, PlayerStudy>);

#[derive(Debug, Default)]
struct PlayerStudy {
    sessions: BTreeSet<SessionId>,
    skills: BTreeMap<String, SkillStudy>,
    scenarios: BTreeMap<String, (usize, Tally)>,
    trends: Vec<FigureTrend>,
    /// True if a session of theirs has changed.
    is_stale: bool,
}

/// The figures of a player's skill.
#[derive(Debug, Default)]
struct SkillStudy {
    /// Sessions with a record of it.
    sessions: BTreeSet<SessionId>,
    attempts: Attempts,
    /// Sessions whose attempts have changed, as they were and as they are.
    gone: BTreeSet<SessionId>,
    new: BTreeSet<SessionId>,
    /// With nobody to be compared with.
    report: Option<SkillReport>,
    /// The first attempts.
    first: Tally,
}

impl Players {
    /// Adds a session.
    pub(super) fn put_in(&mut self, session: SessionId, value: &SessionInsights) {
        let player = self.0.entry(value.about.player.clone()).or_default();
        player.is_stale = true;
        player.sessions.insert(session);
        for name in value.skills.keys() {
            let skill = player.skills.entry(name.clone()).or_default();
            skill.sessions.insert(session);
            skill.new.insert(session);
        }
        if !value.about.scenario.is_empty() {
            let (sessions, ended) =
                player.scenarios.entry(value.about.scenario.clone()).or_default();
            *sessions += 1;
            *ended += ended_of(value);
        }
    }

    /// Removes a session, with the value with which it was added.
    pub(super) fn take_out(&mut self, session: SessionId, value: &SessionInsights) {
        let Some(player) = self.0.get_mut(&value.about.player) else { return };
        player.is_stale = true;
        player.sessions.remove(&session);
        for name in value.skills.keys() {
            if let Some(skill) = player.skills.get_mut(name) {
                skill.sessions.remove(&session);
                if !skill.new.remove(&session) {
                    skill.gone.insert(session);
                }
            }
        }
        if let Some((sessions, ended)) = player.scenarios.get_mut(&value.about.scenario) {
            *sessions -= 1;
            *ended = ended.without(ended_of(value));
            if *sessions == 0 {
                player.scenarios.remove(&value.about.scenario);
            }
        }
    }

    /// Brings up to date what is said of players with changed sessions. `row_of` has the place of a session in the columns.
    pub(super) fn look_again(
        &mut self,
        sessions: &DigestedSessions<SessionInsights>,
        questions: &Questions,
        columns: &[Column],
        row_of: impl Fn(SessionId) -> Option<usize>,
    ) {
        self.0.retain(|_, study| !study.sessions.is_empty());
        for (player, study) in self.0.iter_mut().filter(|(_, study)| study.is_stale) {
            study.is_stale = false;
            study.skills.retain(|_, skill| !skill.sessions.is_empty());
            for (name, skill) in &mut study.skills {
                skill.look_again(player.as_deref(), name, sessions, questions);
            }
            let newest = study.sessions.iter().rev().take(NEWEST);
            let mut rows: Vec<usize> = newest.filter_map(|session| row_of(*session)).collect();
            rows.reverse();
            let known = std::mem::take(&mut study.trends);
            study.trends = trends(player, &rows, columns, &known);
        }
    }

    /// Each player's skills, beside those of the others.
    pub(super) fn skills(&self) -> Vec<SkillReport> {
        let mut tried: BTreeMap<&String, Tally> = BTreeMap::new();
        for (name, skill) in self.0.values().flat_map(|study| &study.skills) {
            *tried.entry(name).or_default() += skill.first;
        }
        let all = self.0.values().flat_map(|study| &study.skills);
        let reports = all.filter_map(|(name, skill)| {
            let others = tried.get(name).copied().unwrap_or_default().without(skill.first);
            let beside_others = more_often(skill.first, others);
            Some(SkillReport { beside_others, ..skill.report.clone()? })
        });
        reports.collect()
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
}

/// A tally of one if it has ended, and of none otherwise.
fn ended_of(session: &SessionInsights) -> Tally {
    session
        .is_success()
        .map_or(Tally::default(), |succeeded| Tally { succeeded: usize::from(succeeded), all: 1 })
}

impl SkillStudy {
    fn look_again(
        &mut self,
        player: Option<&str>,
        name: &str,
        sessions: &DigestedSessions<SessionInsights>,
        questions: &Questions,
    ) {
        if self.report.is_some() && self.gone.is_empty() && self.new.is_empty() {
            return;
        }
        let (gone, new) = (std::mem::take(&mut self.gone), std::mem::take(&mut self.new));
        let record = |session: SessionId| sessions.get(session)?.value.skills.get(name);
        let new = new.iter().filter_map(|session| Some((*session, record(*session)?)));
        self.attempts.replace(&gone, new);
        let look = |session, place: usize| record(session)?.sittings.get(place);
        self.report = Some(self.attempts.report(player, &questions.skill(name), look));
        self.first = self.attempts.first();
    }
}

/// Where a player's skills, figures and scores are going, from session to session. What has the points that it had before
/// goes where it went.
fn trends(
    player: &Player,
    newest: &[usize],
    columns: &[Column],
    known: &[FigureTrend],
) -> Vec<FigureTrend> {
    let went = columns.iter().filter_map(|column| match &column.outcome {
        Outcome::Amount(measure) if measure.is_said() => Some((measure, column.values())),
        _ => None,
    });
    let trends = went.filter_map(|(measure, values)| {
        let values = newest.iter().filter_map(|row| values.get(*row).copied());
        let values = values.filter(|value| !value.is_nan());
        let points: Vec<(f64, f64)> = (0_u32..).map(f64::from).zip(values).collect();
        let before = known.iter().find(|it| it.figure == *measure && it.points == points);
        let slope = match before {
            Some(before) => before.slope,
            None => slope(Figure::<Effect>::NEED, &points),
        };
        (!points.is_empty()).then(|| FigureTrend {
            figure: measure.clone(),
            player: player.clone(),
            step: TrendStep::Session,
            slope,
            points,
        })
    });
    trends.collect()
}
