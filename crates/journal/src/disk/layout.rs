//! The places of all files.

use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use super::ProcessId;
use crate::format::{FileKind, SegmentHeader};
use crate::model::ids::{RunId, SessionId, random_u64};
use crate::model::session::{SlotKind, consent_stem};

/// The extension of segments. Any file that has it is read.
const SEGMENT_EXTENSION: &str = "journal";
/// The extension of archives. Any file that has it is read like a segment.
const ARCHIVE_EXTENSION: &str = "archive";
/// The extension of files of events. Any file that has it is read when events are asked for.
const EVENTS_EXTENSION: &str = "events";
/// The extension of slots. Any file that has it is read.
const SLOT_EXTENSION: &str = "save";
/// Letters of a slot's name that are kept in the name of its file.
const SLOT_LETTERS: usize = 32;
/// The suffix of files that are still being written.
const UNFINISHED: &str = ".new";
/// The suffix of small files that wait aside while another takes their place.
pub(super) const ASIDE: &str = ".old";
/// The extension of process records.
const RECORD_EXTENSION: &str = "record";
/// The extension of trials.
const TRIAL_EXTENSION: &str = "trial";
/// The letters of a session's id.
const UUID_LETTERS: usize = 36;
/// The extension of marks.
const MARK_EXTENSION: &str = "mark";
/// The extension of indexes.
const INDEX_EXTENSION: &str = "index";
/// The extension of erasures.
const ERASURE_EXTENSION: &str = "erasure";
/// The extension of the answers of a player about the use of their data.
const CONSENTS: &str = "consents";
pub(super) const CONSENT_EXTENSION: &str = "consent";
/// The name of a profile's audit log.
const AUDIT_LOG: &str = "audit.log";
/// The name of the directory in which processes keep their logs.
const LOGS: &str = "logs";
/// The name of the file with this machine's id.
const HOST: &str = "host";
/// The name of a session's card.
const SESSION_CARD: &str = "session.ron";
/// The name of a session's manifest.
const SESSION_MANIFEST: &str = "session.manifest";
/// The name of the file in a session's directory that names the place of archives that has files of it.
pub(super) const ARCHIVES_MARK: &str = "archives.place";
/// The name of the file by which a place of archives is known.
pub(super) const ARCHIVES_ID: &str = "bevy_session.archives";
/// The name of the lock that a process holds while it gives a place of archives its id.
pub(super) const ARCHIVES_LOCK: &str = "bevy_session.archives.lock";
/// The name of the file beside a session's files at a place of archives that says to which directory they belong.
pub(super) const ARCHIVES_OWNER: &str = "archives.owner";
/// The name of this machine's note of the place of archives that it uses.
pub(super) const ARCHIVES_NOTE: &str = "archives.note";
/// Characters of a profile's name that are kept in the name of its directory.
const PROFILE_CHARACTERS: usize = 40;
/// The prefix of a directory's name in the place of a profile's name, which can't be derived from it.
const BY_DIRECTORY: char = '\0';

/// The two roots of a game's files, and the names below them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// The root of the player's data, which may be synced between machines.
    pub data: PathBuf,
    /// The root of this machine's data: locks, process records, its host id.
    pub state: PathBuf,
    /// The profile whose sessions these are.
    pub profile: String,
}

impl Layout {
    /// The layout of a profile of which only the name of its directory is known.
    #[must_use]
    pub fn by_directory(data: PathBuf, state: PathBuf, directory: &str) -> Self {
        Self { data, state, profile: format!("{BY_DIRECTORY}{directory}") }
    }

    /// The directories that lead to the sessions, from the outermost.
    pub fn directories_to_sessions(&self) -> [PathBuf; 4] {
        let profiles = self.data.join("profiles");
        let profile = profiles.join(directory_name(&self.profile));
        let sessions = profile.join("sessions");
        [self.data.clone(), profiles, profile, sessions]
    }

    /// The directory of the profiles.
    pub fn profiles(&self) -> PathBuf {
        let [_, profiles, ..] = self.directories_to_sessions();
        profiles
    }

    /// The directory of a profile's sessions, by the name of the profile's directory.
    pub fn sessions_in(&self, directory: &str) -> PathBuf {
        self.profiles().join(directory).join("sessions")
    }

    /// The directory of the sessions.
    pub fn sessions(&self) -> PathBuf {
        let [.., sessions] = self.directories_to_sessions();
        sessions
    }

    /// The directory of the slots.
    pub fn slots(&self) -> PathBuf {
        let [.., profile, _] = self.directories_to_sessions();
        profile.join("slots")
    }

    /// The directories that lead to the slots, from the outermost.
    pub fn directories_to_slots(&self) -> [PathBuf; 4] {
        let [data, profiles, profile, _] = self.directories_to_sessions();
        [data, profiles, profile, self.slots()]
    }

    /// The directory of the erasures: which sessions and slots of players were removed.
    pub fn erasures(&self) -> PathBuf {
        let [.., profile, _] = self.directories_to_sessions();
        profile.join("erasures")
    }

    /// The file of an erasure.
    pub fn erasure(&self, number: u64) -> PathBuf {
        self.erasures().join(format!("{number:016x}.{ERASURE_EXTENSION}"))
    }

    /// Returns true if a file has the name of an erasure.
    pub fn is_erasure_name(name: &str) -> bool {
        has_extension(name, ERASURE_EXTENSION)
    }

    /// The directory of the players' answers about the use of their data.
    pub fn consents(&self) -> PathBuf {
        let [.., profile, _] = self.directories_to_sessions();
        profile.join(CONSENTS)
    }

    /// The same of the profile in which a session has this directory.
    pub fn consents_beside(session: &Path) -> PathBuf {
        session.ancestors().nth(2).unwrap_or(session).join(CONSENTS)
    }

    /// The file of a player's answers. The name is a hash of the player's, since that may be any text.
    pub fn consent(&self, player: Option<&str>) -> PathBuf {
        let stem = consent_stem(player);
        self.consents().join(format!("{stem}.{CONSENT_EXTENSION}"))
    }

    /// The file in which a player's answers that can't be understood are kept, once there are new ones.
    pub fn consent_aside(&self, player: Option<&str>, number: u64) -> PathBuf {
        let stem = consent_stem(player);
        self.consents().join(format!("{stem}-{number:016x}.{CONSENT_EXTENSION}"))
    }

    /// Returns true if a file may have the answers of a player, copies that a cloud made included.
    pub fn is_consent_name(name: &str) -> bool {
        has_extension(name, CONSENT_EXTENSION)
    }

    /// The audit log of the profile.
    pub fn audit_log(&self) -> PathBuf {
        let [.., profile, _] = self.directories_to_sessions();
        profile.join(AUDIT_LOG)
    }

    /// Returns true if a file is the audit log of a profile.
    pub fn is_audit_log_name(name: &str) -> bool {
        name == AUDIT_LOG
    }

    /// The file that a process locks while it writes the audit log.
    pub fn audit_lock(&self) -> PathBuf {
        self.state.join(format!("audit-{}.lock", directory_name(&self.profile)))
    }

    /// Returns true if a file in the state directory is the index of the profile's sessions, or one of digests. If the
    /// name of another profile begins like this one's, it may be of that one's digests.
    pub fn is_index_name(&self, name: &str) -> bool {
        let place = Self::place_of_unfinished(name).or_else(|| Self::place_of_aside(name));
        let name = place.unwrap_or(name);
        let profile = directory_name(&self.profile);
        has_extension(name, INDEX_EXTENSION)
            && (name == format!("catalog-{profile}.{INDEX_EXTENSION}")
                || name.starts_with(&format!("digests-{profile}-")))
    }

    /// The name of a slot's file: letters for people, and a hash that distinguishes names that a file system may take
    /// for the same. `number` counts the names that files had already which are none of this slot's.
    pub fn slot_name(what: &SlotName<'_>, number: u32) -> String {
        let (letters, hash) = (slug(what.letters()), what.hash());
        match number {
            0 => format!("{letters}-{hash:016x}.{SLOT_EXTENSION}"),
            _ => format!("{letters}-{hash:016x}-{}.{SLOT_EXTENSION}", number + 1),
        }
    }

    /// Returns true if a file may be a slot.
    pub fn is_slot_name(name: &str) -> bool {
        has_extension(name, SLOT_EXTENSION)
    }

    /// The path at which a slot or an archive is written before it takes its place.
    pub fn unfinished(place: &Path) -> PathBuf {
        let mut name = place.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{:016x}{UNFINISHED}", random_u64()));
        place.with_file_name(name)
    }

    /// Returns true if a file is a slot that was being written.
    pub fn is_unfinished_slot(name: &str) -> bool {
        Self::place_of_unfinished(name).is_some_and(Self::is_slot_name)
    }

    /// Returns true if a file is an archive, or one of gathered events, that was being written.
    pub fn is_unfinished_archive(name: &str) -> bool {
        let is_gathered = |name| Self::is_archive_name(name) || Self::is_events_name(name);
        Self::place_of_unfinished(name).is_some_and(is_gathered)
    }

    /// The file that a process locks while it changes slots.
    pub fn slots_lock(&self) -> PathBuf {
        self.state.join(format!("slots-{}.lock", directory_name(&self.profile)))
    }

    /// The file of what was found of all sessions of the profile, so that they aren't read again.
    pub fn catalog_index(&self) -> PathBuf {
        self.state.join(format!("catalog-{}.{INDEX_EXTENSION}", directory_name(&self.profile)))
    }

    /// The file of what a program keeps of each session of the profile under a name.
    pub fn digests(&self, name: &str) -> PathBuf {
        let (profile, hash) = (directory_name(&self.profile), xxh3_64(name.as_bytes()));
        let name = slug(name);
        self.state.join(format!("digests-{profile}-{name}-{hash:016x}.{INDEX_EXTENSION}"))
    }

    /// The session that a file in the state directory says something about, if it is one of a trial, or
    /// one that waits aside.
    pub fn session_on_trial(name: &str) -> Option<SessionId> {
        let name = name.strip_suffix(ASIDE).unwrap_or(name);
        name.strip_suffix(TRIAL_EXTENSION)?.strip_suffix('.')?.parse().ok()
    }

    /// The directory of a session.
    pub fn session(&self, session: SessionId) -> PathBuf {
        self.sessions().join(session.to_string())
    }

    /// The file of a segment, an archive or a file of events.
    pub fn segment(&self, header: &SegmentHeader) -> PathBuf {
        self.session(header.session).join(Self::name_of(header))
    }

    /// The name of a file of this header: of a segment, an archive or a file of events.
    pub fn name_of(header: &SegmentHeader) -> String {
        let SegmentHeader { run, segment, kind, .. } = header;
        match kind {
            FileKind::Events(_) => Self::events_name(*run, *segment),
            FileKind::Archive => format!("{run}.{ARCHIVE_EXTENSION}"),
            FileKind::Segment | FileKind::Slot(_) => Self::segment_name(*run, *segment),
        }
    }

    /// The name of a segment's file: sorted by name, the segments of a run are in order.
    pub fn segment_name(run: RunId, segment: u32) -> String {
        format!("{run}-{segment:06}.{SEGMENT_EXTENSION}")
    }

    /// The name of a file of events that its run begins with this number.
    pub fn events_name(run: RunId, number: u32) -> String {
        format!("{run}-{number:06}.{EVENTS_EXTENSION}")
    }

    /// Returns true if a file may be a segment or an archive. Names are hints only: clouds make copies such as
    /// `… (conflicted copy).journal`, and those are read like any other.
    pub fn is_segment_name(name: &str) -> bool {
        has_extension(name, SEGMENT_EXTENSION) || Self::is_archive_name(name)
    }

    /// Returns true if a file has the name of an archive.
    pub fn is_archive_name(name: &str) -> bool {
        has_extension(name, ARCHIVE_EXTENSION)
    }

    /// Returns true if a file may be one of events, copies that a cloud made included.
    pub fn is_events_name(name: &str) -> bool {
        has_extension(name, EVENTS_EXTENSION)
    }

    /// The card of a session, for people.
    pub fn session_card(&self, session: SessionId) -> PathBuf {
        self.session(session).join(SESSION_CARD)
    }

    /// Returns true if a file is the card of a session.
    pub fn is_card_name(name: &str) -> bool {
        name == SESSION_CARD
    }

    /// The file that says how far the others in a session's directory go.
    pub fn manifest_in(session: &Path) -> PathBuf {
        session.join(SESSION_MANIFEST)
    }

    /// Returns true if a file is the manifest of a session.
    pub fn is_manifest_name(name: &str) -> bool {
        name == SESSION_MANIFEST
    }

    /// The file that a process locks while it plays a session.
    ///
    /// It is outside of the session's directory, so that it isn't synced to other machines and doesn't get in the way
    /// of reading, which on Windows it would.
    pub fn lock(&self, session: SessionId) -> PathBuf {
        self.state.join(format!("{session}.lock"))
    }

    /// The file of a session's trial: of a restore that has not proven itself yet.
    ///
    /// It is outside of the session's directory, since it means nothing on another machine.
    pub fn trial(&self, session: SessionId) -> PathBuf {
        self.state.join(format!("{session}.{TRIAL_EXTENSION}"))
    }

    /// The file of a session's mark: of what this machine, by the name that it has in a replica, and the replica had in
    /// common.
    pub fn mark(&self, machine: &str, session: SessionId) -> PathBuf {
        let machine = directory_name(machine);
        self.state.join(format!("replica-{machine}-{session}.{MARK_EXTENSION}"))
    }

    /// The session of a mark, by whatever name of this machine; `None` if a file is none.
    pub fn session_of_mark(name: &str) -> Option<SessionId> {
        let name =
            name.strip_prefix("replica-")?.strip_suffix(MARK_EXTENSION)?.strip_suffix('.')?;
        // An id is the only part of a fixed length.
        let id = name.len().checked_sub(UUID_LETTERS)?;
        name.get(id..)?.parse().ok()
    }

    /// The session of a trial's file in the state directory; `None` if it is no trial.
    pub fn session_of_trial(name: &str) -> Option<SessionId> {
        name.strip_suffix(TRIAL_EXTENSION)?.strip_suffix('.')?.parse().ok()
    }

    /// The record of a process.
    pub fn process_record(&self, process: ProcessId) -> PathBuf {
        self.state.join(format!("process-{process}.{RECORD_EXTENSION}"))
    }

    /// The file that a process holds locked while it lives, beside its record.
    pub fn process_lock(record: &Path) -> PathBuf {
        record.with_extension("lock")
    }

    /// The file of what a process logged last, beside its record.
    pub fn process_log(record: &Path) -> PathBuf {
        record.with_extension("log")
    }

    /// The directory of the processes' logs, below this state directory.
    pub fn logs_in(state: &Path) -> PathBuf {
        state.join(LOGS)
    }

    /// Returns true if a file in the state directory may be the record of a process.
    pub fn is_process_record_name(name: &str) -> bool {
        name.starts_with("process-") && has_extension(name, RECORD_EXTENSION)
    }

    /// Returns true if a file in the state directory may be the lock of a process.
    pub fn is_process_lock_name(name: &str) -> bool {
        name.starts_with("process-") && has_extension(name, "lock")
    }

    /// The file that keeps room free for an exit on a full disk.
    pub fn reserve(&self) -> PathBuf {
        self.state.join("reserve")
    }

    /// The name that a file will have once it is written; `None` if it isn't one that is being written.
    pub fn place_of_unfinished(name: &str) -> Option<&str> {
        let (place, number) = name.strip_suffix(UNFINISHED)?.rsplit_once('.')?;
        let is_number = number.len() == 16 && number.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_number.then_some(place)
    }

    /// The small file whose old version waits aside under this name; `None` if it isn't such a name.
    pub fn place_of_aside(name: &str) -> Option<&str> {
        let place = name.strip_suffix(ASIDE)?;
        let is_small_file = matches!(place, HOST | SESSION_CARD | SESSION_MANIFEST | AUDIT_LOG)
            || matches!(place, ARCHIVES_MARK | ARCHIVES_ID | ARCHIVES_NOTE | ARCHIVES_OWNER)
            || Self::is_process_record_name(place)
            || has_extension(place, TRIAL_EXTENSION)
            || has_extension(place, INDEX_EXTENSION)
            || has_extension(place, ERASURE_EXTENSION)
            || has_extension(place, CONSENT_EXTENSION)
            || Self::is_attachment(place);
        is_small_file.then_some(place)
    }

    /// The id of this machine.
    pub fn host_id(&self) -> PathBuf {
        self.state.join(HOST)
    }
}

/// The name of a slot, with the player or session whose slot it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SlotName<'a> {
    /// Its kind: a quick slot has nothing to do with one that a player gave the same name.
    pub kind: SlotKind,
    /// The player, if there is one.
    pub player: Option<&'a str>,
    /// Its name.
    pub name: &'a str,
    /// Its session.
    pub session: SessionId,
}

impl SlotName<'_> {
    /// Returns true if both are one slot. Those of a player are distinguished by their names, even across sessions;
    /// only of exits each session has its own.
    pub fn is_same_as(&self, other: &SlotName<'_>) -> bool {
        self.key() == other.key()
    }

    /// The bytes to hash, which no two slots have in common.
    fn key(&self) -> Vec<u8> {
        let player = self.player.unwrap_or_default();
        let mut key = vec![u8::from(self.player.is_some())];
        key.extend_from_slice(&(player.len() as u64).to_le_bytes());
        key.extend_from_slice(player.as_bytes());
        match self.kind {
            SlotKind::Manual => {
                key.push(1);
                key.extend_from_slice(self.name.as_bytes());
            }
            SlotKind::Quick => key.push(2),
            SlotKind::Exit => {
                key.push(3);
                key.extend_from_slice(self.session.uuid().as_bytes());
            }
        }
        key
    }

    fn hash(&self) -> u64 {
        xxh3_64(&self.key())
    }

    fn letters(&self) -> &str {
        match self.kind {
            SlotKind::Manual => self.name,
            SlotKind::Quick => "quick",
            SlotKind::Exit => "exit",
        }
    }
}

/// The part of a name that may be in the name of a file on every system.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() == SLOT_LETTERS {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "slot".to_owned() } else { slug.to_owned() }
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == extension)
}

/// A directory name for any profile: the profile itself if that can be one on every system, else
/// what can be kept of it and a hash of the whole.
fn directory_name(profile: &str) -> String {
    let is_kept = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let by_directory = profile.strip_prefix(BY_DIRECTORY);
    // No name leads out of the directory of profiles.
    if let Some(directory) =
        by_directory.filter(|it| !it.is_empty() && it.chars().all(|c| is_kept(&c)))
    {
        return directory.to_owned();
    }
    let slug: String = profile.chars().filter(is_kept).take(PROFILE_CHARACTERS).collect();
    // Capitals would make two profiles one on systems that ignore case.
    let is_unchanged = slug == profile && slug == slug.to_ascii_lowercase();
    if is_unchanged && !slug.is_empty() && !is_device_name(&slug) {
        return slug;
    }
    format!("{slug}-{:016x}", xxh3_64(profile.as_bytes()))
}

/// Returns true if this, in small letters, is a name that Windows keeps for a device.
pub fn is_device_name(name: &str) -> bool {
    let is_number = |text: &str| {
        let mut letters = text.chars();
        let number = letters.next().filter(|_| letters.next().is_none());
        number.is_some_and(|it| it.is_ascii_digit() || matches!(it, '¹' | '²' | '³'))
    };
    let is_numbered = |prefix| name.strip_prefix(prefix).is_some_and(is_number);
    matches!(name, "con" | "prn" | "aux" | "nul") || is_numbered("com") || is_numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_found_by_the_name_of_its_directory() {
        for profile in ["default", "Ann", "Ärger", "a/b", &"x".repeat(300)] {
            let layout =
                Layout { data: "data".into(), state: "state".into(), profile: profile.to_owned() };
            let directory = directory_name(profile);
            let found = Layout::by_directory("data".into(), "state".into(), &directory);
            assert_eq!(found.sessions(), layout.sessions(), "{profile}");
            assert_eq!(found.slots_lock(), layout.slots_lock(), "{profile}");
        }
        for directory in ["", "..", "a/b", ".hidden", "/etc"] {
            let layout = Layout::by_directory("data".into(), "state".into(), directory);
            let name = directory_name(&layout.profile);
            assert!(!name.contains(['.', '/', '\0']) && !name.is_empty(), "{directory}: {name}");
        }
    }

    #[test]
    fn a_profile_never_leaves_its_place() {
        for profile in ["../..", "", "a/b", "con", "com1", "Ärger", "UPPER", &"x".repeat(300)] {
            let name = directory_name(profile);
            let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            assert!(name.chars().all(is_safe) && name.len() <= 60, "{profile} became {name}");
            assert_ne!(name, profile);
        }
        assert_eq!(directory_name("default"), "default");
        assert_ne!(directory_name("a/b"), directory_name("a\\b"));
    }

    fn manual<'a>(player: Option<&'a str>, name: &'a str) -> SlotName<'a> {
        let session = crate::format::sample::session();
        SlotName { kind: SlotKind::Manual, player, name, session }
    }

    #[test]
    fn a_slot_never_leaves_its_place_and_no_two_share_a_file() {
        let long = "x".repeat(300);
        let names = [
            "CON",
            "con",
            "nul",
            "../../etc/passwd",
            "a/b",
            "a\\b",
            "..",
            ".",
            "Boss",
            "boss",
            "BOSS",
            "\u{e9}",
            "e\u{301}",
            "\u{1f409}",
            "boss.",
            "boss ",
            "a:b",
            &long,
        ];
        let mut files: Vec<String> = Vec::new();
        for player in [None, Some(""), Some("Ann"), Some("ann")] {
            files.extend(names.iter().map(|name| Layout::slot_name(&manual(player, name), 0)));
        }
        for file in &files {
            let is_safe = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            let stem = file.strip_suffix(".save").unwrap();
            assert!(stem.chars().all(is_safe) && file.len() <= 60, "{file}");
            assert!(Layout::is_slot_name(file) && !is_device_name(stem));
        }
        files.sort();
        files.dedup();
        assert_eq!(files.len(), 4 * names.len(), "each should have a file of its own");
    }

    #[test]
    fn an_unfinished_slot_file_is_not_a_slot() {
        let place = Path::new("slots").join(Layout::slot_name(&manual(None, "Boss"), 0));
        let unfinished = Layout::unfinished(&place);
        let name = unfinished.file_name().unwrap().to_str().unwrap();
        assert!(Layout::is_unfinished_slot(name) && !Layout::is_slot_name(name), "{name}");
        assert!(!Layout::is_unfinished_slot("boss.save") && !Layout::is_unfinished_slot("x.new"));
    }

    #[test]
    fn copies_that_a_cloud_made_are_segments() {
        assert!(Layout::is_segment_name("00ff-000001.journal"));
        assert!(Layout::is_segment_name("00ff-000001 (conflicted copy).journal"));
        assert!(!Layout::is_segment_name("00ff-000001.journal.part"));
        assert!(!Layout::is_segment_name("session.ron"));
    }
}
