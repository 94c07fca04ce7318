//! A player's attempts at a skill, in order.

use std::collections::BTreeSet;
use std::time::Duration;

use bevy_session_journal::SessionId;
use jiff::Timestamp;

use super::outcomes::Outcomes;
use super::{CurvePoint, SkillReport, more_often};
use crate::figure::Figure;
use crate::skill::{Attempt, Sitting, Skill, SkillRecord, Tally};
use crate::statistics::rate;

/// Points that a curve has at most.
const POINTS: usize = 12;
/// Attempts of a point at least.
const OF_A_POINT: usize = 20;
/// Attempts before and after a break that are held against each other.
const AROUND_A_BREAK: usize = 10;
/// Attempts from the beginning in which players are compared, and the newest that say how it goes now.
const FIRST: usize = 100;
const NEWEST: usize = 20;

/// The sum of a sitting, so that an unchanged one isn't gone through again.
#[derive(Clone, Debug)]
struct SittingSum {
    began: Timestamp,
    ended: Timestamp,
    /// The session that it belongs to, and its number among that session's sittings.
    session: SessionId,
    place: usize,
    outcomes: Outcomes,
    quality: f64,
}

/// A player's attempts at a skill, in the order of the clock; those of one moment in that of their sessions.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Vec<SittingSum>);

impl Attempts {
    /// Removes those of some sessions, and adds those of others.
    pub(crate) fn replace<'a>(
        &mut self,
        gone: &BTreeSet<SessionId>,
        new: impl IntoIterator<Item = (SessionId, &'a SkillRecord)>,
    ) {
        let Self(sittings) = self;
        if !gone.is_empty() {
            sittings.retain(|sitting| !gone.contains(&sitting.session));
        }
        for (session, record) in new {
            let of_session = record.sittings.iter().enumerate();
            sittings.extend(of_session.map(|(place, it)| SittingSum::of(session, place, it)));
        }
        // Nearly all are in order, which takes hardly longer than to see that they are.
        sittings.sort_by_key(|it| (it.began, it.session, it.place));
    }

    /// The first attempts, in which players are compared.
    pub(crate) fn first(&self) -> Tally {
        let mut first = Tally::default();
        for sitting in &self.0 {
            first += sitting.outcomes.tally(0, FIRST - first.all);
            if first.all == FIRST {
                break;
            }
        }
        first
    }

    /// The report on them, compared with nobody. `look` has the attempts of a session's sitting.
    pub(crate) fn report<'a>(
        &self,
        player: Option<&str>,
        skill: &Skill,
        look: impl Fn(SessionId, usize) -> Option<&'a Sitting>,
    ) -> SkillReport {
        let line = Line::of(&self.0);
        let all = line.outcomes.len();
        let tally = |from, through| line.outcomes.tally(from, through);
        let attempts = tally(0, all);
        let newest = tally(all.saturating_sub(NEWEST), all);
        let half = all / 2;
        let (before, after) = line.around_breaks(skill.break_length());
        let (earlier, later) = line.halves_of_sittings();
        let (fresh, tired) = line.newest_sitting();
        let (needed, of_last) = skill.mastery();
        SkillReport {
            player: player.map(str::to_owned),
            skill: skill.name().to_owned(),
            attempts,
            rate: Figure::rate(attempts.succeeded, attempts.all),
            now: Figure::rate(newest.succeeded, newest.all),
            curve: line.curve(look),
            better: more_often(tally(all - half, all), tally(0, half)),
            mastered_after: line.outcomes.first_with(needed, of_last),
            within_sittings: more_often(later, earlier),
            over_breaks: more_often(after, before),
            beside_others: more_often(self.first(), Tally::default()),
            tires: more_often(tired, fresh),
        }
    }
}

impl SittingSum {
    fn of(session: SessionId, place: usize, sitting: &Sitting) -> Self {
        Self {
            began: sitting.began,
            ended: sitting.ended,
            session,
            place,
            outcomes: sitting.attempts.iter().copied().collect(),
            quality: quality(&sitting.attempts),
        }
    }
}

fn quality(attempts: &[Attempt]) -> f64 {
    attempts.iter().map(|attempt| f64::from(attempt.quality())).sum()
}

/// All sittings one after the other.
struct Line<'a> {
    sittings: &'a [SittingSum],
    /// The number of attempts before each.
    starts: Vec<usize>,
    outcomes: Outcomes,
}

impl<'a> Line<'a> {
    fn of(sittings: &'a [SittingSum]) -> Self {
        let mut line = Self {
            sittings,
            starts: Vec::with_capacity(sittings.len()),
            outcomes: Outcomes::default(),
        };
        for sitting in sittings {
            line.starts.push(line.outcomes.len());
            line.outcomes.append(&sitting.outcomes);
        }
        line
    }

    /// Each sitting with the places of its first attempt and of the one after its last.
    fn sittings(&self) -> impl DoubleEndedIterator<Item = (usize, usize, &'a SittingSum)> {
        let sittings = self.sittings.iter().zip(&self.starts);
        sittings.map(|(sitting, start)| (*start, start + sitting.outcomes.len(), sitting))
    }

    /// Parts of as many attempts each.
    fn curve<'s>(&self, look: impl Fn(SessionId, usize) -> Option<&'s Sitting>) -> Vec<CurvePoint> {
        let all = self.outcomes.len();
        let points = (all / OF_A_POINT).clamp(1, POINTS);
        let point = |point: usize| {
            let (from, through) = (all * point / points, all * (point + 1) / points);
            let attempts = self.outcomes.tally(from, through);
            let rate = rate(attempts.succeeded, attempts.all);
            let rate = rate.filter(|_| attempts.all >= OF_A_POINT)?;
            #[expect(clippy::cast_precision_loss, reason = "nobody tries 2^52 times")]
            let quality = self.quality(from, through, &look) / attempts.all as f64;
            Some(CurvePoint { after: from, attempts, rate, quality })
        };
        (0..points).filter_map(point).collect()
    }

    /// The sum of the qualities from one place up to another. Only where a sitting is cut, its attempts are looked at.
    fn quality<'s>(
        &self,
        from: usize,
        through: usize,
        look: impl Fn(SessionId, usize) -> Option<&'s Sitting>,
    ) -> f64 {
        let first = self.starts.partition_point(|start| *start <= from).saturating_sub(1);
        let parts = self.sittings().skip(first).take_while(|(start, ..)| *start < through);
        let parts = parts.map(|(start, end, sitting)| {
            if from <= start && end <= through {
                return sitting.quality;
            }
            let cut = from.saturating_sub(start)..through.min(end) - start;
            let attempts = look(sitting.session, sitting.place).map(|it| &it.attempts);
            quality(attempts.and_then(|attempts| attempts.get(cut)).unwrap_or_default())
        });
        parts.sum()
    }

    fn halves_of_sittings(&self) -> (Tally, Tally) {
        let (mut earlier, mut later) = (Tally::default(), Tally::default());
        for (start, end, _) in self.sittings() {
            let half = (end - start) / 2;
            earlier += self.outcomes.tally(start, start + half);
            later += self.outcomes.tally(end - half, end);
        }
        (earlier, later)
    }

    /// The last attempts before breaks, and as many after them.
    fn around_breaks(&self, length: Duration) -> (Tally, Tally) {
        let (mut before, mut after) = (Tally::default(), Tally::default());
        for ((start, middle, left), (_, end, back)) in self.sittings().zip(self.sittings().skip(1))
        {
            let paused = Duration::try_from(back.began.duration_since(left.ended));
            if paused.is_ok_and(|paused| paused >= length) {
                let count = (middle - start).min(end - middle).min(AROUND_A_BREAK);
                before += self.outcomes.tally(middle - count, middle);
                after += self.outcomes.tally(middle, middle + count);
            }
        }
        (before, after)
    }

    /// The first third of the newest sitting, and the last.
    fn newest_sitting(&self) -> (Tally, Tally) {
        let Some((start, end, _)) = self.sittings().next_back() else { return Default::default() };
        let third = (end - start) / 3;
        (self.outcomes.tally(start, start + third), self.outcomes.tally(end - third, end))
    }
}
