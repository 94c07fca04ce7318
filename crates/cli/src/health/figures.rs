//! Figures by which one release can be compared with another: of its runs alone, by what sessions say.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use bevy_session_journal::internal::disk::{StoredSession, slots_in};
use bevy_session_journal::internal::format::{CheckpointInfo, Record, Validity};
use bevy_session_journal::{CheckpointId, RestoreReason, RunId};
use jiff::Timestamp;

use crate::failure::Failure;
use crate::place::{Left, Place, Profile};

/// A figure, which is worse the larger it is.
struct Figure {
    name: &'static str,
    /// By how much it has to be larger before that means anything.
    floor: f64,
    /// `None` where there is nothing to take it from.
    value: fn(&Samples) -> Option<f64>,
    /// True where it goes by too little play, or too few samples, to mean anything.
    is_too_few: fn(&Samples) -> bool,
}

const FIGURES: [Figure; 7] = [
    Figure {
        name: "after_failure_share",
        floor: 0.01,
        value: |of| share(of.after_failure, of.checkpoints),
        is_too_few: |of| of.checkpoints < LEAST_SAMPLES,
    },
    Figure {
        name: "checkpoint_bytes_median",
        floor: 1024.0,
        value: |of| percentile(&of.bytes, 50),
        is_too_few: |_| false,
    },
    Figure {
        name: "checkpoint_bytes_p95",
        floor: 4096.0,
        value: |of| percentile(&of.bytes, 95),
        is_too_few: |_| false,
    },
    Figure {
        name: "checkpoint_gap_ms_median",
        floor: 1000.0,
        value: |of| percentile(&of.gaps, 50),
        is_too_few: |_| false,
    },
    Figure {
        name: "damaged_share",
        floor: 0.001,
        value: |of| share(of.damaged, of.checkpoints),
        is_too_few: |of| of.checkpoints < LEAST_SAMPLES,
    },
    Figure {
        name: "deaths_per_hour",
        floor: 0.1,
        value: |of| Some(count(of.deaths) * HOUR / milliseconds(of.played.max(SHORTEST_PLAY))),
        is_too_few: |of| of.played < LEAST_PLAY && of.deaths < LEAST_DEATHS,
    },
    Figure {
        name: "passed_over_share",
        floor: 0.05,
        value: |of| share(of.passed_over, of.recovered),
        is_too_few: |of| of.recovered < LEAST_SAMPLES,
    },
];
/// Play of a release below which the rate of its deaths means nothing, unless there are [`LEAST_DEATHS`].
const LEAST_PLAY: Duration = Duration::from_secs(60 * 60);
/// So many deaths are no accident, however short the play was.
const LEAST_DEATHS: usize = 3;
/// Samples below which a share means nothing.
const LEAST_SAMPLES: usize = 5;
/// The play that a release counts as having at the least: one that dies after the first checkpoint of each run has none.
const SHORTEST_PLAY: Duration = Duration::from_secs(60);
/// Milliseconds of an hour.
const HOUR: f64 = 3_600_000.0;

/// The figures of the release that began a run last.
pub struct Figures {
    /// Studio and name of the game, if any session says so.
    pub game: Option<String>,
    pub game_version: String,
    pub of: BTreeMap<String, f64>,
    /// Those among them that go by too little play, or too few samples, to mean anything.
    pub too_few: BTreeSet<&'static str>,
}

/// A run, by the headers of its files.
struct Run {
    version: String,
    begun: Timestamp,
    /// The newest checkpoint of the line that it left, if it recovered that.
    recovered: Option<CheckpointId>,
    /// The checkpoint that it set out from.
    from: Option<CheckpointId>,
    has_ended: bool,
}

/// A session whose files are known.
struct Session {
    stored: StoredSession,
    runs: BTreeMap<RunId, Run>,
    /// The runs of heads that a crash left.
    crashed: Vec<RunId>,
}

/// The samples of a release.
#[derive(Default)]
struct Samples {
    checkpoints: usize,
    after_failure: usize,
    damaged: usize,
    bytes: Vec<f64>,
    gaps: Vec<f64>,
    played: Duration,
    deaths: usize,
    recovered: usize,
    passed_over: usize,
}

/// The least difference of a figure that means anything; `None` if nobody knows it.
pub fn floor(figure: &str) -> Option<f64> {
    FIGURES.iter().find(|known| known.name == figure).map(|known| known.floor)
}

impl Figures {
    /// Reads those of all profiles of a place.
    pub fn of(place: &Place) -> Result<Self, Failure> {
        let profiles = place.profiles()?;
        let mut sessions = Vec::new();
        for profile in &profiles {
            for session in profile.sessions()? {
                sessions.extend(profile.open(session)?.map(|it| Session::of(profile, it)));
            }
        }
        let runs = sessions.iter().flat_map(|session| session.runs.values());
        let newest = runs.max_by_key(|run| run.begun);
        let nothing = || Failure::NothingReadable { place: place.to_string() };
        let version = newest.ok_or_else(nothing)?.version.clone();
        let mut samples = Samples::default();
        for session in &sessions {
            samples.add_session(session, &version);
        }
        let game = game_of(&sessions).or_else(|| game_of_slots(&profiles));
        let too_few = samples.too_few();
        Ok(Self { game, game_version: version, of: samples.figures(), too_few })
    }
}

/// The game, by the session that was begun last and says so.
fn game_of(sessions: &[Session]) -> Option<String> {
    let heads = sessions.iter().filter_map(|session| session.stored.index().newest_head());
    let named = heads.filter(|head| !head.metadata.context.game.is_empty());
    let newest = named.max_by_key(|head| head.metadata.started);
    newest.map(|head| head.metadata.context.game.clone())
}

/// The game, by the first slot that can be read: sessions of an older release don't name it.
fn game_of_slots(profiles: &[Profile]) -> Option<String> {
    let slots = |profile: &Profile| slots_in(profile.disk(), &profile.directory.slots).ok();
    let mut slots = profiles.iter().filter_map(slots).flatten().flatten();
    slots.find_map(|file| Some(file.slot.game.clone()).filter(|game| !game.is_empty()))
}

impl Session {
    fn of(profile: &Profile, stored: StoredSession) -> Self {
        let mut runs: BTreeMap<RunId, Run> = BTreeMap::new();
        for segment in stored.index().segments() {
            let header = &segment.header;
            if !header.is_segment() {
                continue;
            }
            let begun = header.begun.as_ref();
            let recovered = begun.filter(|begun| begun.reason == RestoreReason::Recovered);
            let run = runs.entry(header.run).or_insert_with(|| Run {
                version: header.game_version.clone(),
                begun: header.created,
                recovered: recovered.and_then(|begun| begun.left),
                from: header.ancestors.first().copied(),
                has_ended: false,
            });
            run.begun = run.begun.min(header.created);
            let mut records = segment.scan.records.iter();
            run.has_ended |= records.any(|(_, record)| matches!(record, Record::End { .. }));
        }
        let heads = stored.index().heads().iter();
        let crashed = heads.filter(|head| profile.left(head) == Left::Crashed);
        let crashed = crashed.map(|head| head.id.run).collect();
        Self { stored, runs, crashed }
    }
}

impl Samples {
    fn add_session(&mut self, session: &Session, version: &str) {
        let is_of_release =
            |run: &RunId| session.runs.get(run).is_some_and(|run| run.version == version);
        let died = |run: &RunId| {
            is_of_release(run) && session.runs.get(run).is_some_and(|run| !run.has_ended)
        };
        let of_release = session.runs.values().filter(|run| run.version == version);
        let left_of = |run: &Run| run.recovered.filter(|left| died(&left.run));
        for run in session.runs.values() {
            self.deaths += usize::from(left_of(run).is_some());
        }
        self.deaths += session.crashed.iter().filter(|run| died(run)).count();
        for run in of_release.filter(|run| run.recovered.is_some()) {
            self.recovered += 1;
            self.passed_over += usize::from(run.from != run.recovered);
        }
        let index = session.stored.index();
        let all = index.checkpoints();
        let whole = all.iter().filter(|info| !index.is_without_world(info.id));
        self.add_checkpoints(whole.filter(|info| is_of_release(&info.id.run)).collect());
    }

    fn add_checkpoints(&mut self, checkpoints: Vec<&CheckpointInfo>) {
        let moments = checkpoints.iter().map(|info| (info.id, info.play_time));
        let moments: HashMap<CheckpointId, Duration> = moments.collect();
        let mut played: HashMap<RunId, (Duration, Duration)> = HashMap::new();
        for info in checkpoints {
            self.checkpoints += 1;
            self.after_failure += usize::from(info.after_failure);
            self.damaged += usize::from(info.validity == Validity::Damaged);
            self.bytes.push(to_float(info.bytes));
            let before = info.parent.filter(|parent| parent.run == info.id.run);
            let before = before.and_then(|parent| moments.get(&parent));
            let gap = before.map(|before| info.play_time.saturating_sub(*before));
            self.gaps.extend(gap.map(milliseconds));
            let (first, last) =
                played.entry(info.id.run).or_insert((info.play_time, info.play_time));
            (*first, *last) = ((*first).min(info.play_time), (*last).max(info.play_time));
        }
        self.played += played.values().map(|(first, last)| *last - *first).sum::<Duration>();
    }

    fn too_few(&self) -> BTreeSet<&'static str> {
        let too_few = FIGURES.iter().filter(|figure| (figure.is_too_few)(self));
        too_few.map(|figure| figure.name).collect()
    }

    fn figures(&self) -> BTreeMap<String, f64> {
        let known = |figure: &Figure| Some((figure.name.to_owned(), (figure.value)(self)?));
        FIGURES.iter().filter_map(known).collect()
    }
}

fn share(some: usize, all: usize) -> Option<f64> {
    (all > 0).then(|| count(some) / count(all))
}

/// The smallest sample that is no smaller than this share of all; `None` if there is none.
fn percentile(samples: &[f64], percent: usize) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn count(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn to_float(bytes: u64) -> f64 {
    bytes as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_samples() {
        let samples = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(percentile(&samples, 50), Some(2.0));
        assert_eq!(percentile(&samples, 95), Some(4.0));
        assert_eq!(percentile(&samples[..1], 50), Some(4.0));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn each_compared_figure_has_a_floor() {
        let samples = Samples {
            checkpoints: 2,
            bytes: vec![1.0],
            gaps: vec![1.0],
            played: Duration::from_secs(1),
            recovered: 1,
            ..Samples::default()
        };
        let figures = samples.figures();
        assert_eq!(figures.len(), FIGURES.len());
        assert_eq!(
            floor("start_ms_median"),
            None,
            "records say how long a process ran, not how it started"
        );
        assert!(figures.keys().all(|figure| floor(figure).is_some()), "{figures:?}");
    }

    #[test]
    fn the_rate_of_deaths_needs_enough_deaths_or_play() {
        let died = |deaths, seconds| {
            let played = Duration::from_secs(seconds);
            let samples = Samples { deaths, played, ..Samples::default() };
            let is_too_few = samples.too_few().contains("deaths_per_hour");
            (samples.figures().get("deaths_per_hour").copied(), is_too_few)
        };
        assert_eq!(died(3, 0), (Some(180.0), false));
        assert_eq!(died(1, 180), (Some(20.0), true));
        assert_eq!(died(0, 180), (Some(0.0), true));
        assert_eq!(died(1, 7_200), (Some(0.5), false));
    }
}
