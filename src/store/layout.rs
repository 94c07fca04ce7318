//! Which file lies where.

use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use super::ProcessId;
use crate::journal::{RunId, SegmentHeader, SessionId};

/// The extension of segments. Any file that has it is read, whatever else it is called.
const SEGMENT_EXTENSION: &str = "journal";
/// The extension of process records.
const RECORD_EXTENSION: &str = "record";
/// Characters of a profile's name that are kept in the name of its directory.
const PROFILE_CHARACTERS: usize = 40;

/// The two roots of a game's files, and the names below them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// What belongs to the player, and may be synced between machines.
    pub data: PathBuf,
    /// What belongs to this machine only: locks, process records, its host id.
    pub state: PathBuf,
    /// Whose sessions these are.
    pub profile: String,
}

impl Layout {
    /// The directories that lead to the sessions, from the outermost.
    pub fn directories_to_sessions(&self) -> [PathBuf; 4] {
        let profiles = self.data.join("profiles");
        let profile = profiles.join(directory_name(&self.profile));
        let sessions = profile.join("sessions");
        [self.data.clone(), profiles, profile, sessions]
    }

    /// Where the profiles are.
    pub fn profiles(&self) -> PathBuf {
        let [_, profiles, ..] = self.directories_to_sessions();
        profiles
    }

    /// Where the sessions of a profile are, by the name of its directory.
    pub fn sessions_in(&self, directory: &str) -> PathBuf {
        self.profiles().join(directory).join("sessions")
    }

    /// Where the sessions are.
    pub fn sessions(&self) -> PathBuf {
        let [.., sessions] = self.directories_to_sessions();
        sessions
    }

    /// The directory of a session.
    pub fn session(&self, session: SessionId) -> PathBuf {
        self.sessions().join(session.to_string())
    }

    /// The file of a segment.
    pub fn segment(&self, header: &SegmentHeader) -> PathBuf {
        self.session(header.session).join(Self::segment_name(header.run, header.segment))
    }

    /// What a segment's file is called: sorted by name, the segments of a run are in order.
    pub fn segment_name(run: RunId, segment: u32) -> String {
        format!("{run}-{segment:06}.{SEGMENT_EXTENSION}")
    }

    /// Whether a file may be a segment. Names are hints only: clouds make copies such as
    /// `… (conflicted copy).journal`, and those are read like any other.
    pub fn is_segment_name(name: &str) -> bool {
        has_extension(name, SEGMENT_EXTENSION)
    }

    /// The card of a session, for people.
    pub fn session_card(&self, session: SessionId) -> PathBuf {
        self.session(session).join("session.ron")
    }

    /// The file that whoever plays a session holds locked.
    ///
    /// It lies outside of the session's directory, so that it isn't synced to other machines and
    /// doesn't get in the way of reading, which on Windows it would.
    pub fn lock(&self, session: SessionId) -> PathBuf {
        self.state.join(format!("{session}.lock"))
    }

    /// What is known of a session's restore that has not proven itself yet.
    ///
    /// It lies outside of the session's directory, since on another machine it says nothing.
    pub fn trial(&self, session: SessionId) -> PathBuf {
        self.state.join(format!("{session}.trial"))
    }

    /// The record of a process.
    pub fn process_record(&self, process: ProcessId) -> PathBuf {
        self.state.join(format!("process-{process}.{RECORD_EXTENSION}"))
    }

    /// The file that a process holds locked while it lives, beside its record.
    pub fn process_lock(record: &Path) -> PathBuf {
        record.with_extension("lock")
    }

    /// Whether a file in the state directory may be the record of a process.
    pub fn is_process_record_name(name: &str) -> bool {
        name.starts_with("process-") && has_extension(name, RECORD_EXTENSION)
    }

    /// The id of this machine.
    pub fn host_id(&self) -> PathBuf {
        self.state.join("host")
    }
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == extension)
}

/// A directory name for any profile: the profile itself if that can be one on every system, else
/// what can be kept of it and a hash of the whole.
fn directory_name(profile: &str) -> String {
    let is_kept = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let slug: String = profile.chars().filter(is_kept).take(PROFILE_CHARACTERS).collect();
    // Capitals would make two profiles one on systems that don't tell them apart.
    let is_unchanged = slug == profile && slug == slug.to_ascii_lowercase();
    if is_unchanged && !slug.is_empty() && !is_device_name(&slug) {
        return slug;
    }
    format!("{slug}-{:016x}", xxh3_64(profile.as_bytes()))
}

/// Names that Windows keeps for devices.
fn is_device_name(name: &str) -> bool {
    let is_numbered = |prefix| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| rest.len() == 1 && rest.chars().all(|c| c.is_ascii_digit()))
    };
    matches!(name, "con" | "prn" | "aux" | "nul") || is_numbered("com") || is_numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn copies_that_a_cloud_made_are_segments() {
        assert!(Layout::is_segment_name("00ff-000001.journal"));
        assert!(Layout::is_segment_name("00ff-000001 (conflicted copy).journal"));
        assert!(!Layout::is_segment_name("00ff-000001.journal.part"));
        assert!(!Layout::is_segment_name("session.ron"));
    }
}
