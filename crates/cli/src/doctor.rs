//! `doctor`: what is wrong or worth knowing, each with a code that the runbook explains.

mod second_place;
mod session_findings;
mod state_findings;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use bevy_session_journal::{Code, SessionId, Weight};
use serde::Serialize;

use crate::condition::Condition;
use crate::failure::Failure;
use crate::output::Output;
use crate::place::{Place, Profile, UNKNOWN_WITHOUT_RECORDS};
use crate::progress::Progress;
use crate::slots::{Depth, slots_of};
use crate::terminal::Tone;
use state_findings::Processes;

/// The greatest age of a record of a process that is alive.
const SILENCE: Duration = Duration::from_secs(30);
/// Less room than this is little.
const LITTLE_ROOM: u64 = 256 << 20;

/// A finding.
pub struct Finding {
    pub code: Code,
    pub session: Option<SessionId>,
    /// The file or directory.
    pub place: PathBuf,
    pub what: String,
}

/// The same, as JSON has it.
#[derive(Serialize)]
struct Shown<'a> {
    code: &'static str,
    weight: &'static str,
    session: Option<SessionId>,
    place: &'a Path,
    what: &'a str,
    advice: &'static str,
    page: &'a str,
}

/// The first line in JSON: where it looks. It has no code, by which scripts tell it from findings.
#[derive(Serialize)]
struct LooksIn {
    code: Option<&'static str>,
    looks_in: String,
    second_place: Option<String>,
}

/// Looks at everything, and says where, and what was found.
pub fn doctor(
    place: &Place,
    second: Option<&Place>,
    output: &mut Output<'_>,
) -> Result<ExitCode, Failure> {
    let mut states: BTreeSet<PathBuf> = BTreeSet::new();
    let profiles = place.profiles()?;
    let beside = second.map(|second| second_place::of(&profiles, second)).transpose()?;
    let mut findings = beside.unwrap_or_default();
    say_where(place, second, output)?;
    for profile in &profiles {
        let sessions = profile.sessions()?;
        let progress = Progress::begin("looking at sessions", sessions.len() as u64);
        for session in sessions {
            progress.step();
            findings.extend(session_findings::of(profile, session));
        }
        if !profile.is_file() {
            findings.extend(of_slots(profile)?);
            findings.extend(of_disk(profile));
        }
        states.extend(profile.directory.state.clone());
        findings.extend(profile.lacks_records().then(|| Finding {
            code: Code::RecordsMissing,
            session: None,
            place: profile.directory.sessions.clone(),
            what: UNKNOWN_WITHOUT_RECORDS.to_owned(),
        }));
    }
    for state in states {
        findings.extend(Processes::of(state)?.findings(&profiles));
    }
    findings.sort_by_key(|finding| finding.code);
    findings.dedup_by(|one, other| (one.code, &one.place) == (other.code, &other.place));
    let mut is_problem = false;
    for finding in &findings {
        is_problem |= finding.write(output)?;
    }
    if findings.is_empty() && !output.is_json() {
        output.line(format_args!("nothing is wrong"))?;
    }
    Ok(ExitCode::from(u8::from(is_problem)))
}

/// Says first of all where it looks: sessions that a player misses may be somewhere else.
fn say_where(
    place: &Place,
    second: Option<&Place>,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    if output.is_json() {
        let second_place = second.map(Place::to_string);
        return output.object(&LooksIn { code: None, looks_in: place.to_string(), second_place });
    }
    match second {
        Some(second) => output.line(format_args!("looking in {place} and {second}")),
        None => output.line(format_args!("looking in {place}")),
    }
}

impl Finding {
    /// Writes it, and says whether something is wrong.
    fn write(&self, output: &mut Output<'_>) -> Result<bool, Failure> {
        let Self { session, place, what, .. } = self;
        let (code, advice, page) = (self.code.text(), self.code.advice(), self.code.page());
        let is_problem = self.code.is_problem();
        let weight = match self.code.weight() {
            Weight::Problem => "problem",
            Weight::Note => "note",
        };
        if output.is_json() {
            let page = &page;
            output.object(&Shown { code, weight, session: *session, place, what, advice, page })?;
            return Ok(is_problem);
        }
        let tone = if is_problem { Tone::Warning } else { Tone::Plain };
        output.toned(tone, format_args!("{code} {}: {what}", place.display()))?;
        output.line(format_args!("       {advice} ({page})"))?;
        Ok(is_problem)
    }
}

fn of_slots(profile: &Profile) -> Result<Vec<Finding>, Failure> {
    let slots = slots_of(profile, Depth::Checksums)?.into_iter();
    let bad = slots.filter(|slot| slot.condition != Condition::Good);
    Ok(bad
        .map(|slot| Finding {
            code: Code::SlotDamaged,
            session: slot.session,
            what: slot.problems.join("; "),
            place: slot.file,
        })
        .collect())
}

/// The finding of a nearly full disk, if it is one; `None` also if the room can't be known.
fn of_disk(profile: &Profile) -> Option<Finding> {
    let directory = &profile.directory.sessions;
    of_room(profile.disk().room(directory).ok()?.free, directory)
}

fn of_room(free: u64, directory: &Path) -> Option<Finding> {
    (free < LITTLE_ROOM).then(|| Finding {
        code: Code::DiskFull,
        session: None,
        place: directory.to_owned(),
        what: format!("{} MB are left on the disk", free >> 20),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_free_space_is_a_finding() {
        let directory = Path::new("sessions");
        let found = of_room(LITTLE_ROOM - 1, directory).map(|found| (found.code, found.what));
        assert_eq!(found, Some((Code::DiskFull, "255 MB are left on the disk".to_owned())));
        assert!(of_room(LITTLE_ROOM, directory).is_none());
    }
}
