//! Findings about what processes left behind: locks, and files that were being written. Everything goes by names and by
//! what records say, since asking for a lock could keep the game from it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bevy_session_journal::internal::disk::process::{deaths_up_to, recent_deaths};
use bevy_session_journal::internal::disk::{
    Disk, Layout, ProcessRecord, StoreError, read_all, with_sources,
};
use bevy_session_journal::internal::model::clock::{self, between};
use bevy_session_journal::{Code, EarlierDeath, SessionId};

use super::{Finding, SILENCE};
use crate::alive::is_running;
use crate::output::{moment, some_of};
use crate::place::{Profile, read_only};

/// So many deaths within [`SHORTLY`] are a loop.
const LOOP: usize = 3;
/// See [`LOOP`].
const SHORTLY: Duration = Duration::from_secs(600);

/// The processes of a game, by what they wrote into its state directory.
pub struct Processes {
    state: PathBuf,
    records: Vec<ProcessRecord>,
    findings: Vec<Finding>,
}

impl Processes {
    /// Reads their records.
    pub fn of(state: PathBuf) -> Result<Self, StoreError> {
        let (mut records, mut findings) = (Vec::new(), Vec::new());
        for found in read_all(&*read_only(), &state)? {
            match found.record {
                Err(error) => {
                    findings.push(finding(Code::RecordDamaged, found.path, with_sources(&error)));
                }
                Ok(record) => {
                    findings.extend(hanging(&record, found.path));
                    records.push(record);
                }
            }
        }
        Ok(Self { state, records, findings })
    }

    /// Findings about them, the sessions of `profiles` and the files of these.
    pub fn findings(mut self, profiles: &[Profile]) -> Vec<Finding> {
        let mut findings = std::mem::take(&mut self.findings);
        findings.extend(profiles.iter().flat_map(|profile| self.trials(profile)));
        // A developer stops games all the time.
        let is_development = |it: &Profile| {
            it.directory.is_development() && it.directory.state.as_ref() == Some(&self.state)
        };
        if !profiles.iter().any(is_development) {
            findings.extend(self.deaths());
        }
        // While one lives, what lies around may be its own.
        if !self.records.iter().any(lives) {
            findings.extend(self.locks());
            let places = profiles.iter().flat_map(places_of).chain([self.state.clone()]);
            findings.extend(left_in(&*read_only(), places.collect()));
        }
        findings
    }

    /// Restores that haven't proven themselves.
    fn trials(&self, profile: &Profile) -> Vec<Finding> {
        let sessions = profile.sessions().unwrap_or_default().into_iter();
        sessions.filter_map(|session| self.trial(profile, session)).collect()
    }

    fn trial(&self, profile: &Profile, session: SessionId) -> Option<Finding> {
        let trial = profile.trial(session)?;
        let now = clock::timestamp();
        let is_played =
            self.records.iter().any(|it| it.process == trial.process && is_running(it, now));
        let checkpoint = trial.checkpoint;
        // The first death after a clean end isn't one of the ladder's tries.
        let deaths = trial.processes().count().max(trial.tries as usize);
        let (code, mut what) = match (is_played, deaths) {
            (true, _) => {
                let what = format!("checkpoint {checkpoint} was restored a short while ago");
                (Code::RestoreUnproven, what)
            }
            (false, ..=1) => {
                let what = format!("the game died soon after checkpoint {checkpoint} was restored");
                (Code::RestoreUnproven, what)
            }
            (false, deaths) => (
                Code::DiesAgain,
                format!(
                    "the game died {deaths} times in a row soon after a restore, the last time of checkpoint {checkpoint}"
                ),
            ),
        };
        if trial.set_aside {
            what.push_str("; a new session was started in its place");
        }
        let place = profile.directory_of(session);
        Some(Finding { code, session: Some(session), place, what })
    }

    /// Processes that died shortly after each other with one session, or without any, within the last day.
    fn deaths(&self) -> Option<Finding> {
        let known = |record: &ProcessRecord| match lives(record) {
            true => record.deaths.clone(),
            false => deaths_up_to(record).collect(),
        };
        let deaths = recent_deaths(self.records.iter().flat_map(known), clock::timestamp());
        let mut by_session: BTreeMap<Option<SessionId>, Vec<EarlierDeath>> = BTreeMap::new();
        deaths.into_iter().for_each(|it| by_session.entry(it.session).or_default().push(it));
        // Of each death, how many there were in the time before it.
        let counted = by_session.values().flat_map(|deaths| {
            deaths.iter().enumerate().map(|(position, last)| {
                let before = deaths.iter().take(position + 1);
                (before.filter(|it| between(it.at, last.at) <= SHORTLY).count(), last)
            })
        });
        let loops = counted.filter(|(count, _)| *count >= LOOP);
        let (count, last) = loops.max_by_key(|(_, last)| last.at)?;
        let (minutes, at) = (SHORTLY.as_secs() / 60, moment(last.at));
        let what =
            format!("{count} processes died within {minutes} minutes, the last of them {at}");
        let session = last.session;
        Some(Finding { session, ..finding(Code::DiesOften, &self.state, what) })
    }

    /// Locks that no process holds. Each removes its own unless it dies.
    fn locks(&self) -> Option<Finding> {
        let entries = read_only().list(&self.state).ok()?.into_iter();
        let is_lock = |name: &str| {
            let session = name.strip_suffix(".lock").map(str::parse::<SessionId>);
            Layout::is_process_lock_name(name) || session.is_some_and(|session| session.is_ok())
        };
        let locks = entries.map(|entry| entry.name).filter(|name| is_lock(name));
        let locks: BTreeSet<String> = locks.collect();
        let what = format!("{} locks of processes that are gone", locks.len());
        (!locks.is_empty()).then(|| finding(Code::LocksLeft, self.state.clone(), what))
    }
}

fn lives(record: &ProcessRecord) -> bool {
    record.ended.is_none() && is_running(record, clock::timestamp())
}

fn hanging(record: &ProcessRecord, path: PathBuf) -> Option<Finding> {
    let (pid, now) = (record.pid, clock::timestamp());
    let silent_for = between(record.heartbeat, now).as_secs();
    let last_frame = record.last_frame.unwrap_or(record.started);
    let without_frame_for = between(last_frame, now).as_secs();
    // A game in the background may draw a frame a minute.
    let patience = SILENCE + Duration::from_millis(record.frame_gap).saturating_mul(4);
    let what = if silent_for > SILENCE.as_secs() {
        format!("process {pid} has been silent for {silent_for} s")
    } else if without_frame_for > patience.as_secs() {
        format!("process {pid} has drawn no frame for {without_frame_for} s")
    } else {
        return None;
    };
    let is_leaving = record.ended.is_some() || record.exiting.is_some();
    let session = record.runs.first().map(|held| held.session);
    let finding = Finding { code: Code::ProcessHangs, session, place: path, what };
    (!is_leaving && is_running(record, now)).then_some(finding)
}

/// The directories in which a process may have left a file that it was writing. Among them are the roots, in which a
/// start tries whether it can write or has to use the game's second place.
fn places_of(profile: &Profile) -> Vec<PathBuf> {
    let sessions = profile.sessions().unwrap_or_default().into_iter();
    let sessions = sessions.map(|session| profile.directory_of(session));
    let roots = profile.directory.data.clone().into_iter();
    roots.chain([profile.directory.slots.clone()]).chain(sessions).collect()
}

/// Files in these directories that were being written, or made way for one that was.
fn left_in(disk: &dyn Disk, places: BTreeSet<PathBuf>) -> Option<Finding> {
    let mut left: Vec<String> = Vec::new();
    let mut first: Option<PathBuf> = None;
    for place in places {
        let entries = disk.list(&place).unwrap_or_default().into_iter();
        for entry in entries.filter(|entry| entry.is_file && is_left(&entry.name)) {
            first.get_or_insert_with(|| place.clone());
            left.push(entry.name);
        }
    }
    let what = format!("{} files that were being written: {}", left.len(), some_of(left));
    first.map(|place| finding(Code::FilesLeft, place, what))
}

fn is_left(name: &str) -> bool {
    Layout::place_of_unfinished(name).or_else(|| Layout::place_of_aside(name)).is_some()
}

fn finding(code: Code, place: impl AsRef<Path>, what: String) -> Finding {
    Finding { code, session: None, place: place.as_ref().to_owned(), what }
}
