//! The inventory: every kind of file that is kept, which personal data it may hold, and what erasing a player does to it.
//!
//! A test holds it against what is written: a kind that is missing here fails it.

use std::path::Path;

use super::{Layout, log_files};

/// A kind of file that is kept.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// What it is called, in a few words.
    pub what: &'static str,
    /// Where it lies, as `docs/FORMAT.md` writes paths.
    pub place: &'static str,
    /// The personal data that it may hold; empty if it holds none.
    pub personal: &'static str,
    /// What erasing a player does to it.
    pub erased: &'static str,
    is_it: fn(&str) -> bool,
}

impl Kept {
    /// Every kind.
    pub const ALL: [Self; 17] = [
        Self {
            what: "journal of a session",
            place: "data/profiles/*/sessions/*/*.journal, *.archive",
            personal: "name, player, tags, fields, whatever the game saves",
            erased: "removed; of another player's session, the newest checkpoint is left without the name",
            is_it: |name| Layout::is_segment_name(name) || Layout::is_unfinished_archive(name),
        },
        Self {
            what: "recorded events",
            place: "data/profiles/*/sessions/*/*.events",
            personal: "whatever the game records, inputs, deeds of players",
            erased: "removed, also of another player's session in which the player is named",
            is_it: Layout::is_events_name,
        },
        Self {
            what: "attachment",
            place: "data/profiles/*/sessions/*/*.attachment",
            personal: "pictures of the game, whatever the game attaches",
            erased: "removed",
            is_it: |name| name.ends_with(".attachment"),
        },
        Self {
            what: "card of a session",
            place: "data/profiles/*/sessions/*/session.ron",
            personal: "name and player of the session",
            erased: "removed",
            is_it: Layout::is_card_name,
        },
        Self {
            what: "manifest of a session",
            place: "data/profiles/*/sessions/*/session.manifest",
            personal: "",
            erased: "removed with its session",
            is_it: Layout::is_manifest_name,
        },
        Self {
            what: "slot",
            place: "data/profiles/*/slots/*.save",
            personal: "name, player, fields, picture, whatever the game saves",
            erased: "removed",
            is_it: |name| Layout::is_slot_name(name) || Layout::is_unfinished_slot(name),
        },
        Self {
            what: "lock",
            place: "state/*.lock",
            personal: "",
            erased: "removed with its session",
            is_it: |name| name.ends_with(".lock"),
        },
        Self {
            what: "trial of a restore",
            place: "state/*.trial",
            personal: "",
            erased: "removed with its session",
            is_it: |name| name.ends_with(".trial"),
        },
        Self {
            what: "record of a process",
            place: "state/process-*.record",
            personal: "texts of panics and failures",
            erased: "written again without the name",
            is_it: Layout::is_process_record_name,
        },
        Self {
            what: "last lines of a process",
            place: "state/process-*.log",
            personal: "whatever the game logs",
            erased: "lines with the name are removed",
            is_it: |name| name.starts_with("process-") && name.ends_with(".log"),
        },
        Self {
            what: "log",
            place: "state/logs/*.jsonl",
            personal: "whatever the game logs",
            erased: "lines with the name are removed",
            is_it: |name| name.ends_with(log_files::EXTENSION),
        },
        Self {
            what: "index of sessions",
            place: "state/catalog-*.index",
            personal: "what lists show of sessions",
            erased: "removed, and made again",
            is_it: |name| name.starts_with("catalog-") && name.ends_with(".index"),
        },
        Self {
            what: "digests of sessions",
            place: "state/digests-*.index",
            personal: "what the game makes of sessions",
            erased: "removed, and made again",
            is_it: |name| name.starts_with("digests-") && name.ends_with(".index"),
        },
        Self {
            what: "audit log",
            place: "state/audit-*.audit",
            personal: "ids of players who asked for something",
            erased: "written again with nobody in the place of the player",
            is_it: |name| name.ends_with(".audit"),
        },
        Self {
            what: "erasure under way",
            place: "state/erase-*.erasure",
            personal: "the player who is being erased",
            erased: "removed last",
            is_it: |name| name.ends_with(".erasure"),
        },
        Self {
            what: "id of the machine",
            place: "state/host",
            personal: "",
            erased: "stays",
            is_it: |name| name == "host",
        },
        Self {
            what: "reserve",
            place: "state/reserve",
            personal: "",
            erased: "stays",
            is_it: |name| name == "reserve",
        },
    ];

    /// The kind of a file, by its path; `None` of one that isn't kept by this library. What is being written, or waits
    /// aside, is of the kind that it becomes.
    #[must_use]
    pub fn of(path: &Path) -> Option<&'static Self> {
        let name = path.file_name()?.to_str()?;
        let place = Layout::place_of_unfinished(name).or_else(|| Layout::place_of_aside(name));
        let name = place.unwrap_or(name);
        Self::ALL.iter().find(|kept| (kept.is_it)(name))
    }
}
