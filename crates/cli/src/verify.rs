//! `verify`: reads the files, and says whether they are what was written.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use bevy_session_journal::internal::disk::{StoreError, StoredSession, with_sources};
use bevy_session_journal::internal::format::ReadError;
use bevy_session_journal::internal::read::recovery::validate_events;
use bevy_session_journal::{AttachmentError, CheckpointId, EventValidation, SessionId, Validity};
use serde::Serialize;

use crate::condition::{Condition, describe};
use crate::failure::Failure;
use crate::output::{Output, tone_of};
use crate::place::{Place, Profile, UNKNOWN_WITHOUT_RECORDS};
use crate::progress::Progress;
use crate::session_name::{Chosen, SessionName};
use crate::slots::{Depth, Slot, slots_of};

/// The number of times that a session is read that seems damaged and changes meanwhile.
const LOOKS: usize = 4;

#[derive(Serialize)]
struct Report {
    session: SessionId,
    profile: String,
    condition: Condition,
    files: Vec<File>,
    checkpoints: usize,
    /// The number of them that were read whole; `None` if that wasn't asked for.
    read: Option<usize>,
    damaged: Vec<String>,
    /// The recorded events; `None` if there are none.
    events: Option<Events>,
    /// The newest one of the newest line that isn't known to be damaged.
    newest_intact: Option<String>,
}

#[derive(Serialize)]
struct Events {
    files: u64,
    events: u64,
    damaged_frames: u64,
}

#[derive(Serialize)]
struct File {
    name: String,
    bytes: Option<u64>,
    problems: Vec<String>,
}

/// Verifies a session, or all with their slots.
pub fn verify(
    place: &Place,
    session: Option<&SessionName>,
    read_data: bool,
    output: &mut Output<'_>,
) -> Result<Condition, Failure> {
    if let Some(session) = session {
        let Chosen { profile, session } = session.find(place)?;
        return verify_session(&profile, session, read_data, output);
    }
    let depth = if read_data { Depth::Data } else { Depth::Checksums };
    let (mut worst, mut anything_good, mut lost_slot) = (Condition::Good, false, false);
    let mut lacks_records = false;
    for profile in place.profiles()? {
        lacks_records |= profile.lacks_records();
        for session in profile.sessions()? {
            let condition = verify_session(&profile, session, read_data, output)?;
            anything_good |= condition != Condition::Lost;
            worst = worst.max(condition);
        }
        if profile.directory.only.is_some() {
            continue;
        }
        for slot in slots_of(&profile, depth)? {
            write_slot(&slot, output)?;
            anything_good |= slot.condition != Condition::Lost;
            lost_slot |= slot.condition != Condition::Good;
        }
    }
    let found_nothing = !anything_good && worst == Condition::Good && !lost_slot;
    if found_nothing && !output.is_json() {
        output.line(format_args!("no sessions and no slots in {place}"))?;
    }
    if lacks_records && !output.is_json() {
        output.line(format_args!("{UNKNOWN_WITHOUT_RECORDS}"))?;
    }
    // A slot that is lost is no session that is.
    let of_slots = match (lost_slot, anything_good) {
        (false, _) => Condition::Good,
        (true, true) => Condition::Damaged,
        (true, false) => Condition::Lost,
    };
    Ok(worst.max(of_slots))
}

fn verify_session(
    profile: &Profile,
    session: SessionId,
    read_data: bool,
    output: &mut Output<'_>,
) -> Result<Condition, Failure> {
    let report = match verify_until_stable(profile, session, read_data) {
        // Deleted since it was listed.
        Ok(None) => return Ok(Condition::Good),
        Ok(Some(report)) => report,
        Err(error) => {
            let problems = vec![with_sources(&error)];
            let files = vec![File { name: ".".to_owned(), bytes: None, problems }];
            Report { condition: Condition::Lost, files, ..Report::empty(profile, session) }
        }
    };
    match output.is_json() {
        true => output.object(&report)?,
        false => report.write(output)?,
    }
    Ok(report.condition)
}

/// A game that runs removes files while they are read, which looks like damage. If the files aren't
/// what they were at the beginning, they are read again.
fn verify_until_stable(
    profile: &Profile,
    session: SessionId,
    read_data: bool,
) -> Result<Option<Report>, StoreError> {
    let Some(mut stored) = profile.open(session)? else { return Ok(None) };
    for _ in 1..LOOKS {
        let stamp = stored.stamp();
        let report = Report::of(profile, stored, read_data);
        if report.condition == Condition::Good {
            return Ok(Some(report));
        }
        match profile.open(session)? {
            Some(again) if again.stamp() != stamp => stored = again,
            Some(_) => return Ok(Some(report)),
            None => return Ok(None),
        }
    }
    Ok(Some(Report::of(profile, stored, read_data)))
}

impl Report {
    fn empty(profile: &Profile, session: SessionId) -> Self {
        Self {
            session,
            profile: profile.directory.profile.clone(),
            condition: Condition::Good,
            files: Vec::new(),
            checkpoints: 0,
            read: None,
            damaged: Vec::new(),
            events: None,
            newest_intact: None,
        }
    }

    fn of(profile: &Profile, mut stored: StoredSession, read_data: bool) -> Self {
        let mut files = Files::of(&stored);
        let mut ids: Vec<CheckpointId> = stored.index().commits().map(|(id, _)| id).collect();
        let steps = if read_data { ids.len() as u64 } else { 0 };
        let progress = Progress::begin("reading checkpoints", steps);
        for error in stored.check_frames() {
            files.note(&error);
        }
        files.add_attachments(&stored, profile);
        let events = files.add_events(&stored, profile);
        ids.sort_by_key(|id| (id.counter, id.run));
        let mut read = 0;
        for id in ids.iter().filter(|_| read_data) {
            progress.step();
            match stored.verified_plan(*id) {
                Ok(Some(_)) => read += 1,
                Ok(None) => {}
                Err(error) => files.note(&error),
            }
        }
        let (index, judged) = (stored.index(), profile.judge(&stored));
        let is_damaged = |id: &&CheckpointId| index.validity(**id) == Some(Validity::Damaged);
        let damaged = ids.iter().filter(is_damaged).map(ToString::to_string);
        let intact = index.heads().iter().find_map(|head| index.newest_intact(head.id));
        let condition = match judged {
            Condition::Good if files.has_errors => Condition::Damaged,
            condition => condition,
        };
        Self {
            condition,
            files: files.into_list(),
            checkpoints: ids.len(),
            read: read_data.then_some(read),
            damaged: damaged.collect(),
            events,
            newest_intact: intact.map(|plan| plan.checkpoint.to_string()),
            ..Self::empty(profile, stored.id())
        }
    }

    fn write(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        let word = self.condition.word();
        let (files, checkpoints) = (self.files.len(), self.checkpoints);
        let read = self.read.map(|read| format!(", {read} read whole")).unwrap_or_default();
        let events = self.events.as_ref();
        let events = events.map(|it| format!(", {} events", it.events)).unwrap_or_default();
        let tone = tone_of(self.condition);
        output.toned(
            tone,
            format_args!(
                "{} {word}: {files} files, {checkpoints} checkpoints{read}{events}",
                self.session
            ),
        )?;
        for file in &self.files {
            for problem in &file.problems {
                output.line(format_args!("    {}: {problem}", file.name))?;
            }
        }
        if !self.damaged.is_empty() {
            output.line(format_args!("    damaged checkpoints: {}", self.damaged.join(", ")))?;
        }
        if self.condition == Condition::Damaged
            && let Some(intact) = &self.newest_intact
        {
            output.line(format_args!("    the newest intact one is {intact}"))?;
        }
        Ok(())
    }
}

/// The problems of each file, by name.
struct Files {
    by_name: BTreeMap<String, (Option<u64>, Vec<String>)>,
    has_errors: bool,
}

impl Files {
    fn of(stored: &StoredSession) -> Self {
        let segments = stored.index().segments().iter();
        let mut by_name: BTreeMap<String, (Option<u64>, Vec<String>)> = segments
            .map(|summary| (summary.name.clone(), (Some(summary.scan.length), Vec::new())))
            .collect();
        for problem in stored.index().problems() {
            by_name.entry(name_of(&problem.path)).or_default().1.push(describe(&problem.kind));
        }
        Self { by_name, has_errors: false }
    }

    /// An attachment that is damaged costs no checkpoint.
    fn add_attachments(&mut self, stored: &StoredSession, profile: &Profile) {
        for (path, checked) in stored.check_attachments(profile.disk()) {
            let problem = checked.err().map(|error| match error {
                AttachmentError::Damaged { .. } => "the attachment is damaged".to_owned(),
                other => other.to_string(),
            });
            self.has_errors |= problem.is_some();
            self.by_name.insert(name_of(&path), (None, problem.into_iter().collect()));
        }
    }

    /// Events that are damaged cost no checkpoint.
    fn add_events(&mut self, stored: &StoredSession, profile: &Profile) -> Option<Events> {
        if profile.is_file() {
            return None;
        }
        // What can't be listed now was deleted meanwhile.
        let found = validate_events(profile.disk(), stored).ok()?;
        self.has_errors |= !found.is_whole();
        for problem in &found.problems {
            let file = self.by_name.entry(name_of(&problem.path)).or_default();
            file.1.push(describe(&problem.kind));
        }
        if found.damaged_frames > 0 {
            let problem = format!("{} frames are damaged", found.damaged_frames);
            self.by_name.entry("events".to_owned()).or_default().1.push(problem);
        }
        if let Some(through) = found.lost_through {
            let problem = format!("the last events are missing, up to number {through}");
            self.by_name.entry("events".to_owned()).or_default().1.push(problem);
        }
        let EventValidation { files, events, damaged_frames, .. } = found;
        let has_any = files > 0 || !found.problems.is_empty() || found.lost_through.is_some();
        has_any.then_some(Events { files, events, damaged_frames })
    }

    fn note(&mut self, error: &ReadError) {
        self.has_errors = true;
        let (name, problem) = place_of(error);
        self.by_name.entry(name).or_default().1.push(problem);
    }

    fn into_list(self) -> Vec<File> {
        let files = self.by_name.into_iter();
        files.map(|(name, (bytes, problems))| File { name, bytes, problems }).collect()
    }
}

/// In which file an error was met, and what it says beside that.
fn place_of(error: &ReadError) -> (String, String) {
    let (ReadError::Damaged { path, offset, .. }
    | ReadError::Unreadable { path, offset, .. }
    | ReadError::UnknownFrame { path, offset, .. }) = error
    else {
        return (String::new(), with_sources(error));
    };
    let cause = error.source().map_or_else(|| error.to_string(), with_sources);
    (name_of(path), format!("frame at byte {offset}: {cause}"))
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn write_slot(slot: &Slot, output: &mut Output<'_>) -> Result<(), Failure> {
    if output.is_json() {
        return output.object(&serde_json::json!({ "slot": slot }));
    }
    let name = name_of(&slot.file);
    let tone = tone_of(slot.condition);
    output.toned(
        tone,
        format_args!("{name} {}: slot, {} bytes", slot.condition.word(), slot.bytes),
    )?;
    for problem in &slot.problems {
        output.line(format_args!("    {problem}"))?;
    }
    Ok(())
}
