//! The inventory: every kind of file that is kept, the personal data that it may hold, and when it is removed.
//!
//! A test compares it with the files that are written, by name and place: a kind that is missing here fails it.

use std::path::Path;

use super::Layout;
use super::layout::{ARCHIVES_ID, ARCHIVES_MARK, ARCHIVES_NOTE, ARCHIVES_OWNER};

/// A kind of file that is kept.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// Its name, in a few words.
    pub what: &'static str,
    /// Its place, as `docs/FORMAT.md` writes paths.
    pub place: &'static str,
    /// The personal data that it may hold; empty if it holds none.
    pub personal: &'static str,
    /// The time at which it is removed.
    pub goes: &'static str,
    is_it: fn(&str) -> bool,
}

impl Kept {
    /// Every kind.
    pub const ALL: [Self; 24] = [
        Self {
            what: "journal of a session",
            place: "data/profiles/*/sessions/*/*.journal, *.archive",
            personal: "name, player, tags, fields, everything that the game saves",
            goes: "with its session; older ones as the history is thinned",
            is_it: |name| Layout::is_segment_name(name) || Layout::is_unfinished_archive(name),
        },
        Self {
            what: "recorded events",
            place: "data/profiles/*/sessions/*/*.events",
            personal: "everything that the game records, such as inputs and deeds of players",
            goes: "with its session or when that is archived; the oldest beyond 64 MiB",
            is_it: Layout::is_events_name,
        },
        Self {
            what: "attachment",
            place: "data/profiles/*/sessions/*/*.attachment",
            personal: "pictures of the game, everything that the game attaches",
            goes: "with its checkpoint or session; older versions of one as new ones come",
            is_it: |name| name.ends_with(".attachment"),
        },
        Self {
            what: "card of a session",
            place: "data/profiles/*/sessions/*/session.ron",
            personal: "name and player of the session",
            goes: "with its session",
            is_it: Layout::is_card_name,
        },
        Self {
            what: "manifest of a session",
            place: "data/profiles/*/sessions/*/session.manifest",
            personal: "",
            goes: "with its session",
            is_it: Layout::is_manifest_name,
        },
        Self {
            what: "place of a session's archive",
            place: "data/profiles/*/sessions/*/archives.place",
            personal: "",
            goes: "with its session",
            is_it: |name| name == ARCHIVES_MARK,
        },
        Self {
            what: "slot",
            place: "data/profiles/*/slots/*.save",
            personal: "name, player, fields, pictures, everything that the game saves; letters of its name in that of the file",
            goes: "when the player deletes it",
            is_it: |name| Layout::is_slot_name(name) || Layout::is_unfinished_slot(name),
        },
        Self {
            what: "erasure of a player",
            place: "data/profiles/*/erasures/*.erasure",
            personal: "ids of sessions and slots that were the player's; neither the name nor what was in them",
            goes: "the oldest beyond a thousand",
            is_it: Layout::is_erasure_name,
        },
        Self {
            what: "consent of a player",
            place: "data/profiles/*/consents/*.consent",
            personal: "name of the player, with what the player agreed to, when, and to which text",
            goes: "when the player is erased",
            is_it: Layout::is_consent_name,
        },
        Self {
            what: "audit log",
            place: "data/profiles/*/audit.log",
            personal: "names of players who asked for something, with times and ids of sessions",
            goes: "entries beyond a thousand, the oldest first; a name when its player is erased",
            is_it: Layout::is_audit_log_name,
        },
        Self {
            what: "lock",
            place: "state/*.lock; at a place of archives bevy_session.archives.lock",
            personal: "name of the profile in that of the file (slots-*.lock, audit-*.lock)",
            goes: "with its session or process",
            is_it: |name| name.ends_with(".lock"),
        },
        Self {
            what: "trial of a restore",
            place: "state/*.trial",
            personal: "",
            goes: "when the trial ends",
            is_it: |name| name.ends_with(".trial"),
        },
        Self {
            what: "mark of a replicated session",
            place: "state/replica-*.mark",
            personal: "name of the machine in that of the file",
            goes: "when the session is removed from the replica since its player was erased",
            is_it: |name| name.starts_with("replica-") && name.ends_with(".mark"),
        },
        Self {
            what: "record of a process",
            place: "state/process-*.record",
            personal: "texts of panics and failures",
            goes: "once its crash is answered: recovered, declined, deleted or given up",
            is_it: Layout::is_process_record_name,
        },
        Self {
            what: "last lines of a process",
            place: "state/process-*.log",
            personal: "everything that the game logs",
            goes: "with its record",
            is_it: |name| name.starts_with("process-") && name.ends_with(".log"),
        },
        Self {
            what: "log",
            place: "state/logs/*.jsonl",
            personal: "everything that the game logs",
            goes: "the oldest, when a new file is begun",
            is_it: |name| name.ends_with(".jsonl"),
        },
        Self {
            what: "index of sessions",
            place: "state/catalog-*.index",
            personal: "what lists show of sessions; name of the profile in that of the file",
            goes: "never; it is replaced",
            is_it: |name| name.starts_with("catalog-") && name.ends_with(".index"),
        },
        Self {
            what: "digests of sessions",
            place: "state/digests-*.index",
            personal: "what the game makes of sessions; name of the profile in that of the file",
            goes: "never; it is replaced",
            is_it: |name| name.starts_with("digests-") && name.ends_with(".index"),
        },
        Self {
            what: "id of the machine",
            place: "state/host",
            personal: "a lasting identifier of the machine, which journals, slots and replicas have too",
            goes: "never",
            is_it: |name| name == "host",
        },
        Self {
            what: "file for a player's other devices",
            place: "the folder of a file cloud: */*.session",
            personal: "name, player, tags, fields, everything that the game saves",
            goes: "when the session is deleted here or its player erased, at the next start; those of other devices stay",
            is_it: |name| name.ends_with(".session"),
        },
        Self {
            what: "id of the device in a file cloud",
            place: "state/cloud-device",
            personal: "a lasting identifier of the device, which names of files in the folder have too",
            goes: "never",
            is_it: |name| name == "cloud-device",
        },
        Self {
            what: "note of a deleted session",
            place: "state/cloud-forgotten-*",
            personal: "",
            goes: "never: files in a file cloud would bring the session back",
            is_it: |name| name.starts_with("cloud-forgotten-"),
        },
        Self {
            what: "place of archives",
            place: "state/archives.note; at that place bevy_session.archives and, beside files of sessions, archives.owner",
            personal: "the path of the session's directory",
            goes: "archives.owner with its session, the others never",
            is_it: |name| matches!(name, ARCHIVES_NOTE | ARCHIVES_ID | ARCHIVES_OWNER),
        },
        Self {
            what: "reserve",
            place: "state/reserve",
            personal: "",
            goes: "when the disk is full at an exit, or its setting changes",
            is_it: |name| name == "reserve",
        },
    ];

    /// The kind of a file, by its path; `None` if this library keeps no such file. A file that is being written, or that
    /// made way for one, is of the kind that it becomes.
    #[must_use]
    pub fn of(path: &Path) -> Option<&'static Self> {
        let name = path.file_name()?.to_str()?;
        let place = Layout::place_of_unfinished(name).or_else(|| Layout::place_of_aside(name));
        let name = place.unwrap_or(name);
        Self::ALL.iter().find(|kept| (kept.is_it)(name))
    }
}
