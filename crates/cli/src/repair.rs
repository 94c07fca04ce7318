//! `repair`: copies what can be read of a session, as a session that has no damage.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bevy_session_journal::internal::disk::{
    Fate, RealDisk, RepairedFile, RepairedKind, SessionRepair, StoredSession,
};
use bevy_session_journal::{CheckpointId, SessionId};
use serde::Serialize;

use crate::condition::describe;
use crate::failure::Failure;
use crate::open_session::OpenSession;
use crate::output::Output;
use crate::place::Profile;
use crate::progress::Progress;
use crate::target::EmptyDirectory;
use crate::terminal::Tone;

/// The name of a profile whose name isn't known.
const DEFAULT_PROFILE: &str = "default";

/// The number of times that a session is read that seems damaged and changes meanwhile.
const LOOKS: usize = 4;

/// The result, as JSON has it.
#[derive(Serialize)]
struct Report {
    session: SessionId,
    /// The directory that a game can be given; `None` if nothing good was left and nothing was written.
    written_to: Option<PathBuf>,
    /// The newest checkpoint that can be restored.
    newest: Option<String>,
    /// The number that this has in the copy, if that is another one.
    newest_is_called: Option<String>,
    kept: Vec<String>,
    lost: Vec<String>,
    files: Vec<File>,
}

#[derive(Serialize)]
struct File {
    name: String,
    /// `journal`, `archive`, `events`, `attachment` or `slot`.
    kind: &'static str,
    bytes: u64,
    /// `whole`, `in_part`, `lost` or `left_out`.
    kept: &'static str,
    problems: Vec<String>,
    /// The checkpoints in it that can't be restored.
    lost: Vec<String>,
}

/// Writes a copy of a session into a directory, and says what of it was kept and what was lost.
pub fn repair(
    session: OpenSession,
    to: &Path,
    output: &mut Output<'_>,
) -> Result<ExitCode, Failure> {
    let OpenSession { profile, stored } = session;
    if profile.is_file() {
        return Err(Failure::usage("a single file can't be repaired; name its directory"));
    }
    let target = EmptyDirectory::at(to, &profile.directory.sessions)?;
    let slots = &profile.directory.slots;
    let reading = Progress::begin("reading the session", 0);
    let repair = what_can_be_kept(&profile, stored, slots)?;
    drop(reading);
    let is_good = repair.summary().newest.is_some();
    if is_good {
        let name = match profile.directory.data {
            Some(_) => &*profile.directory.profile,
            None => DEFAULT_PROFILE,
        };
        let id = repair.summary().session.to_string();
        let _writing = Progress::begin("writing the copy", 0);
        target.fill("data", |data| {
            let profile = data.join("profiles").join(name);
            let (session, slots) = (profile.join("sessions").join(&id), profile.join("slots"));
            Ok(repair.write(&RealDisk, &session, &slots)?)
        })?;
    }
    let report = Report::of(&repair, is_good.then(|| to.to_owned()));
    match output.is_json() {
        true => output.object(&report)?,
        false => report.write(output)?,
    }
    Ok(match (is_good, repair.is_loss()) {
        (true, false) => ExitCode::SUCCESS,
        (true, true) => ExitCode::from(1),
        (false, _) => ExitCode::from(2),
    })
}

/// Finds out what can be kept. A game that runs removes files while they are read, which looks like damage: if
/// the files aren't what they were at the beginning, they are read again.
fn what_can_be_kept(
    profile: &Profile,
    mut stored: StoredSession,
    slots: &Path,
) -> Result<SessionRepair, Failure> {
    let session = stored.id();
    for _ in 1..LOOKS {
        let stamp = stored.stamp();
        let repair = SessionRepair::of(profile.disk(), stored, Some(slots))?;
        if !repair.is_loss() {
            return Ok(repair);
        }
        match profile.open(session)? {
            Some(again) if again.stamp() != stamp => stored = again,
            _ => return Ok(repair),
        }
    }
    Ok(SessionRepair::of(profile.disk(), stored, Some(slots))?)
}

impl Report {
    fn of(repair: &SessionRepair, written_to: Option<PathBuf>) -> Self {
        let summary = repair.summary();
        Self {
            session: summary.session,
            written_to,
            newest: summary.newest.map(|id| id.to_string()),
            newest_is_called: summary.newest_is_called.map(|id| id.to_string()),
            kept: names(&summary.kept),
            lost: names(&summary.lost),
            files: repair.files().map(File::of).collect(),
        }
    }

    fn write(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        for file in &self.files {
            file.write(output)?;
        }
        for lost in &self.lost {
            output.toned(Tone::Bad, format_args!("checkpoint {lost} is lost"))?;
        }
        let (kept, all) = (self.kept.len(), self.kept.len() + self.lost.len());
        output.line(format_args!("{kept} of {all} checkpoints are kept"))?;
        match (&self.newest, &self.newest_is_called) {
            (None, _) => {
                let nothing = "no checkpoint is left that can be restored, so nothing was written";
                return output.toned(Tone::Bad, format_args!("{nothing}"));
            }
            (Some(newest), None) => output.line(format_args!("the newest is {newest}"))?,
            (Some(newest), Some(called)) => {
                let why = "since a rewind left what came after it";
                output.line(format_args!("the newest is {newest}, in the copy {called}, {why}"))?;
            }
        }
        let to = self.written_to.as_deref().unwrap_or(Path::new(""));
        output.line(format_args!("written to {}", to.display()))
    }
}

impl File {
    fn of(file: &RepairedFile) -> Self {
        let RepairedFile { name, kind, bytes, fate, problems, error, lost } = file;
        let problems = problems.iter().map(describe).chain(error.clone());
        let (kind, kept) = (word_of_kind(*kind), word_of_fate(*fate));
        let (name, problems) = (name.clone(), problems.collect());
        Self { name, kind, bytes: *bytes, kept, problems, lost: names(lost) }
    }

    fn write(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        let (tone, words) = match self.kept {
            "whole" => (Tone::Plain, "kept"),
            "in_part" => (Tone::Warning, "kept in part"),
            "lost" => (Tone::Bad, "lost"),
            _ => (Tone::Plain, "left out"),
        };
        let problems = match self.problems.is_empty() {
            true => String::new(),
            false => format!(": {}", self.problems.join("; ")),
        };
        output.toned(tone, format_args!("{} {words}{problems}", self.name))
    }
}

fn word_of_kind(kind: RepairedKind) -> &'static str {
    match kind {
        RepairedKind::Journal => "journal",
        RepairedKind::Archive => "archive",
        RepairedKind::Events => "events",
        RepairedKind::Attachment => "attachment",
        RepairedKind::Slot => "slot",
    }
}

fn word_of_fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Whole => "whole",
        Fate::InPart => "in_part",
        Fate::Lost => "lost",
        Fate::LeftOut => "left_out",
    }
}

fn names(checkpoints: &[CheckpointId]) -> Vec<String> {
    checkpoints.iter().map(ToString::to_string).collect()
}
