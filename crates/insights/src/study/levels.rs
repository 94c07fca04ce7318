//! The outcomes of chapters, of all players together.

use std::collections::BTreeMap;
use std::time::Duration;

use super::words::Words;
use crate::effect::Effect;
use crate::figure::Figure;
use crate::lessons::LevelReport;
use crate::session::{ChapterInsights, SessionInsights};
use crate::skill::Tally;
use crate::statistics::{rate_difference, rates_differ};

/// Sums over all sessions, out of which one can be taken again: all of them are whole numbers.
#[derive(Debug, Default)]
pub(super) struct Levels(BTreeMap<String, LevelSum>);

#[derive(Debug, Default)]
struct LevelSum {
    /// Sessions that say anything of it.
    sessions: usize,
    tries: Tally,
    reached: usize,
    deaths: u64,
    play_nanoseconds: u128,
}

impl LevelSum {
    fn of(chapter: &ChapterInsights) -> Self {
        let [completed, failed, abandoned] =
            [chapter.completed, chapter.failed, chapter.abandoned].map(|count| count as usize);
        Self {
            sessions: 1,
            tries: Tally { succeeded: completed, all: completed + failed + abandoned },
            reached: usize::from(chapter.begun > 0),
            deaths: u64::from(chapter.deaths),
            play_nanoseconds: chapter.play.as_nanos(),
        }
    }

    fn play(&self) -> Duration {
        u64::try_from(self.play_nanoseconds).map_or(Duration::MAX, Duration::from_nanos)
    }
}

impl Levels {
    pub(super) fn put_in(&mut self, session: &SessionInsights) {
        for (name, chapter) in &session.chapters {
            let sum = match self.0.get_mut(name) {
                Some(sum) => sum,
                None => self.0.entry(name.clone()).or_default(),
            };
            let of = LevelSum::of(chapter);
            sum.sessions += of.sessions;
            sum.tries += of.tries;
            sum.reached += of.reached;
            sum.deaths += of.deaths;
            sum.play_nanoseconds += of.play_nanoseconds;
        }
    }

    pub(super) fn take_out(&mut self, session: &SessionInsights) {
        for (name, chapter) in &session.chapters {
            let Some(sum) = self.0.get_mut(name) else { continue };
            let of = LevelSum::of(chapter);
            sum.sessions -= of.sessions;
            sum.tries = sum.tries.without(of.tries);
            sum.reached -= of.reached;
            sum.deaths -= of.deaths;
            sum.play_nanoseconds -= of.play_nanoseconds;
            if sum.sessions == 0 {
                self.0.remove(name);
            }
        }
    }

    /// The reports on them. Sessions that were `left` for good were in these chapters last.
    pub(super) fn reports(&self, left: &[bool], last_chapters: &Words<String>) -> Vec<LevelReport> {
        let mut left_in = vec![0_usize; last_chapters.len()];
        for (place, _) in last_chapters.rows().zip(left).filter(|(_, is_left)| **is_left) {
            if let Some(count) = place.and_then(|place| left_in.get_mut(place)) {
                *count += 1;
            }
        }
        let left_in: BTreeMap<&String, usize> = last_chapters
            .in_order()
            .filter_map(|(name, place)| Some((name, *left_in.get(place)?)))
            .collect();
        let mut all = Tally::default();
        self.0.values().for_each(|sum| all += sum.tries);
        let reports = self.0.iter().map(|(name, sum)| {
            let (tries, others) = (sum.tries, all.without(sum.tries));
            LevelReport {
                level: name.clone(),
                tries,
                completion: Figure::rate(tries.succeeded, tries.all),
                beside_others: Figure::of_two(tries.all, others.all, || {
                    let size = rate_difference(tries.pair(), others.pair())?;
                    Some(Effect::new(size, rates_differ(tries.pair(), others.pair()), 0.0))
                }),
                deaths: sum.deaths,
                play: sum.play(),
                left_here: Figure::rate(
                    left_in.get(name).copied().unwrap_or_default(),
                    sum.reached,
                ),
            }
        });
        reports.collect()
    }
}
