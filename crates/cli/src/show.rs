//! `show`: all that is known of one session.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use bevy_session_journal::internal::disk::StoredSession;
use bevy_session_journal::internal::format::{CheckpointInfo, Head, SessionIndex};
use bevy_session_journal::{CheckpointKind, ProcessDeath, SessionMetadata, Validity};
use jiff::Timestamp;
use serde::Serialize;

use crate::condition::{Condition, describe};
use crate::deaths::{self, RecordedDeath};
use crate::failure::Failure;
use crate::list::Entry;
use crate::open_session::OpenSession;
use crate::output::{Output, milliseconds, moment, play_time, status_word};
use crate::place::{Left, Profile};
use crate::slots::{Depth, Slot, slots_of_session};
use crate::timeline::{Chapter, ShownTimeline};

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    entry: Entry,
    metadata: Option<SessionMetadata>,
    /// The summary of the newest checkpoint, which the game shows before it is restored.
    summary: Option<Summary>,
    heads: Vec<ShownHead>,
    checkpoints: Vec<Checkpoint>,
    timeline: ShownTimeline,
    /// The files that are damaged, or can't be used for another reason.
    problems: Vec<FileProblem>,
    events: Events,
    /// The deaths that are written down in the session's log, the newest first.
    recorded_deaths: Vec<RecordedDeath>,
    slots: Vec<Slot>,
}

#[derive(Serialize)]
struct Summary {
    /// The custom fields as JSON, if they are no more than a list shows.
    fields: BTreeMap<String, serde_json::Value>,
    /// The states that the game was in.
    states: BTreeMap<String, String>,
    /// The chapters that were open, the outermost first.
    chapters: Vec<Chapter>,
}

#[derive(Serialize)]
struct ShownHead {
    id: String,
    status: String,
    left: Left,
    cause: Option<String>,
    words: Option<String>,
    panic: Option<String>,
    /// The deaths that no recovery has written into the log yet, the oldest first.
    deaths: Vec<ProcessDeath>,
    /// The last lines that the process logged, if it is gone.
    logged: Vec<String>,
    /// The files in which the process keeps its log, the oldest first, as long as its record is there.
    log_files: Vec<PathBuf>,
    declined: bool,
    time: Timestamp,
    play_time_ms: u64,
    game_version: String,
}

#[derive(Serialize)]
struct Checkpoint {
    id: String,
    parent: Option<String>,
    kind: CheckpointKind,
    label: Option<String>,
    time: Timestamp,
    play_time_ms: u64,
    entities: u64,
    bytes: u64,
    validity: &'static str,
    on_line: bool,
    /// True if an error of the game was survived before it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    after_failure: bool,
    types: Vec<TypeOfRows>,
    carried: Vec<TypeOfRows>,
}

#[derive(PartialEq, Eq, Serialize)]
struct TypeOfRows {
    path: String,
    version: u32,
    rows: u64,
}

/// The files in which events are recorded.
#[derive(Serialize)]
struct Events {
    files: usize,
    bytes: u64,
}

#[derive(Serialize)]
struct FileProblem {
    file: String,
    problem: String,
}

/// Shows a session.
pub fn show(session: &OpenSession, output: &mut Output<'_>) -> Result<Condition, Failure> {
    let OpenSession { profile, stored } = session;
    let entry = Entry::of_stored(profile, stored);
    let shown = Shown::of(profile, stored, entry)?;
    let condition = shown.condition();
    match output.is_json() {
        true => output.object(&shown)?,
        false => shown.write(output)?,
    }
    Ok(condition)
}

impl Shown {
    fn of(profile: &Profile, stored: &StoredSession, entry: Entry) -> Result<Self, Failure> {
        let index: &SessionIndex = stored.index();
        let slots = slots_of_session(profile, stored.id(), Depth::Checksums)?;
        let problems = index.problems().iter().map(|problem| FileProblem {
            file: problem.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            problem: describe(&problem.kind),
        });
        Ok(Self {
            entry,
            metadata: index.heads().first().map(|head| head.metadata.clone()),
            summary: index.heads().first().map(|head| Summary::of(index, head)),
            heads: index.heads().iter().map(|head| ShownHead::of(profile, head)).collect(),
            checkpoints: index.checkpoints().into_iter().map(Checkpoint::of).collect(),
            timeline: ShownTimeline::of(stored),
            problems: problems.collect(),
            recorded_deaths: deaths::recorded(profile, stored),
            events: Events { files: stored.event_files().0, bytes: stored.event_files().1 },
            slots,
        })
    }

    /// A slot that is lost is no session that is.
    fn condition(&self) -> Condition {
        let of_slots = match self.slots.iter().all(|slot| slot.condition == Condition::Good) {
            true => Condition::Good,
            false => Condition::Damaged,
        };
        self.entry.condition.max(of_slots)
    }

    fn write(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        self.write_metadata(output)?;
        for head in &self.heads {
            let declined = if head.declined { ", declined" } else { "" };
            let (status, left, time) = (&head.status, head.left.word(), moment(head.time));
            let version = &head.game_version;
            output.line(format_args!(
                "head         {} {status}, {left}{declined}, {time}, game version {version}",
                head.id
            ))?;
            for text in head.cause.iter().chain(&head.words) {
                output.line(format_args!("             {text}"))?;
            }
            for death in &head.deaths {
                output.line(format_args!("died         {}", deaths::in_words(death)))?;
                deaths::write_backtrace(death, output)?;
            }
            for line in &head.logged {
                output.line(format_args!("logged       {line}"))?;
            }
            for file in &head.log_files {
                output.line(format_args!("log file     {}", file.display()))?;
            }
        }
        for death in &self.recorded_deaths {
            death.write(output)?;
        }
        self.write_slots(output)?;
        self.write_events(output)?;
        for problem in &self.problems {
            output.line(format_args!("file         {}: {}", problem.file, problem.problem))?;
        }
        self.write_checkpoints(output)
    }

    fn write_slots(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        for slot in &self.slots {
            let name = slot.name.as_deref().unwrap_or_default();
            let checkpoint = slot.checkpoint.as_deref().unwrap_or_default();
            let kind = slot.kind.map(|kind| format!("{kind:?}")).unwrap_or_default();
            let condition = match slot.condition {
                Condition::Good => String::new(),
                condition => format!(", {}", condition.word()),
            };
            output.line(format_args!("slot         {kind} {name:?} of {checkpoint}{condition}"))?;
            for problem in &slot.problems {
                output.line(format_args!("             {problem}"))?;
            }
        }
        Ok(())
    }

    fn write_events(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        let Events { files, bytes } = &self.events;
        if *files > 0 {
            output.line(format_args!("events       {files} files, {bytes} bytes"))?;
        }
        Ok(())
    }

    fn write_metadata(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        output.line(format_args!("status       {}", self.entry.standing()))?;
        output.line(format_args!("files        {}", self.entry.condition.word()))?;
        let Some(metadata) = &self.metadata else { return Ok(()) };
        let player = metadata.player.as_deref().unwrap_or_default();
        let context = &metadata.context;
        let first_played = metadata.first_played().map(moment).unwrap_or_default();
        let planned = metadata.planned.or(Some(metadata.started).filter(|_| metadata.draft));
        let (end, ended) = self.entry.end().unwrap_or_default();
        let fields = [
            ("session", metadata.id.to_string()),
            ("name", metadata.name.clone()),
            ("player", player.to_owned()),
            ("description", metadata.description.clone()),
            ("type", metadata.session_type.clone()),
            ("planned", planned.map(moment).unwrap_or_default()),
            ("started", first_played),
            (end, ended),
            ("with", context.game_version.clone()),
            ("on", context.os.clone()),
            ("network", context.network.as_ref().map(ToString::to_string).unwrap_or_default()),
        ];
        for (name, text) in fields.iter().filter(|(_, text)| !text.is_empty()) {
            output.line(format_args!("{name:<12} {text}"))?;
        }
        let Some(Summary { fields, states, chapters }) = &self.summary else { return Ok(()) };
        for (name, state) in states {
            output.line(format_args!("state        {name}: {state}"))?;
        }
        for Chapter { kind, name, .. } in chapters {
            let kind = if kind.is_empty() { "chapter" } else { kind };
            output.line(format_args!("chapter      {kind}: {name}"))?;
        }
        for (name, value) in fields {
            output.line(format_args!("field        {name}: {value}"))?;
        }
        Ok(())
    }

    /// The types are named if they aren't the same as in the line above.
    fn write_checkpoints(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        let mut above: &[TypeOfRows] = &[];
        for checkpoint in &self.checkpoints {
            output.line(format_args!("{}", checkpoint.line()))?;
            if checkpoint.types != above {
                let rows =
                    |it: &TypeOfRows| format!("{} {} (version {})", it.path, it.rows, it.version);
                let there = checkpoint.types.iter().filter(|it| it.rows > 0);
                let types: Vec<String> = there.map(rows).collect();
                output.line(format_args!("    {}", types.join(", ")))?;
            }
            above = &checkpoint.types;
        }
        Ok(())
    }
}

impl Summary {
    fn of(index: &SessionIndex, head: &Head) -> Self {
        let summary = head.summary_at(head.id, index.summary(head.id));
        let value = |name: &str| summary.fields.get(name).map(|value| (name.to_owned(), value));
        let fields = summary.fields.names().filter_map(value).collect();
        Self {
            fields,
            states: summary.states,
            chapters: summary.chapters.iter().map(Chapter::from).collect(),
        }
    }
}

impl ShownHead {
    fn of(profile: &Profile, head: &Head) -> Self {
        Self {
            id: head.id.to_string(),
            status: status_word(head.status),
            left: profile.left(head),
            cause: profile.cause(head),
            logged: profile.last_logged(head),
            log_files: profile.log_files(head),
            words: head.end.as_ref().map(|end| end.leaving.words.clone()),
            panic: profile.panic(head).map(|panic| panic.message),
            deaths: profile.deaths(head),
            declined: head.declined,
            time: head.time,
            play_time_ms: milliseconds(head.play_time),
            game_version: head.game_version.clone(),
        }
    }
}

impl Checkpoint {
    fn of(info: CheckpointInfo) -> Self {
        let rows = |types: &bevy_session_journal::internal::format::TypeList| {
            let types = types.iter();
            types
                .map(|it| TypeOfRows {
                    path: it.path.to_owned(),
                    version: it.version,
                    rows: it.rows,
                })
                .collect()
        };
        Self {
            id: info.id.to_string(),
            parent: info.parent.map(|id| id.to_string()),
            kind: info.kind,
            time: info.time,
            play_time_ms: milliseconds(info.play_time),
            entities: info.entities,
            bytes: info.bytes,
            validity: match info.validity {
                Validity::Verified => "verified",
                Validity::Unread => "unread",
                Validity::Damaged => "damaged",
            },
            on_line: info.is_on_line,
            after_failure: info.after_failure,
            types: rows(&info.types),
            carried: rows(&info.carried),
            label: info.label,
        }
    }

    fn line(&self) -> String {
        let label = self.label.as_ref().map(|label| format!(" {label:?}")).unwrap_or_default();
        let validity = if self.validity == "damaged" { ", damaged" } else { "" };
        let line = if self.on_line { "" } else { ", rewound" };
        let failure = if self.after_failure { ", after a failure" } else { "" };
        let played = play_time(Duration::from_millis(self.play_time_ms));
        format!(
            "checkpoint   {} {:?}{label}, {}, {played}, {} entities, {} bytes{validity}{line}{failure}",
            self.id,
            self.kind,
            moment(self.time),
            self.entities,
            self.bytes,
        )
    }
}
