//! The codes of findings. Each has a section of the same name in `docs/RUNBOOK.md`, which a test holds.
//!
//! One numbering for all: 01 sessions, 02 slots, 03 sizes, 04 processes, 05 disks. 06 and 07 are what a running game finds
//! by itself, and its alerts: `bevy_session_ops` has those (`HealthCode`), and some of these as well.

use serde::Serialize;

/// What can be found, by its code. A code never gets another meaning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Code {
    SessionDamaged,
    SessionLost,
    SessionNewer,
    FileUnreadable,
    SessionForked,
    CrashUndecided,
    DeletionUnfinished,
    EventsDamaged,
    AttachmentDamaged,
    RestoreUnproven,
    DiesAgain,
    SlotDamaged,
    SessionLarge,
    RecordDamaged,
    ProcessHangs,
    LocksLeft,
    FilesLeft,
    RecordsMissing,
    DiskFull,
    InSecondPlace,
}

/// How much a finding matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Something is wrong.
    Problem,
    /// Something is to be known, and nothing is wrong.
    Note,
}

/// What is known of a code.
pub struct About {
    pub code: Code,
    pub text: &'static str,
    pub weight: Weight,
    /// What to do, as a line of the tool without its place and session.
    pub advice: &'static str,
}

/// All codes.
pub const CODES: [About; 20] = {
    use Weight::{Note, Problem};
    const fn about(code: Code, text: &'static str, weight: Weight, advice: &'static str) -> About {
        About { code, text, weight, advice }
    }
    [
        about(
            Code::SessionDamaged,
            "BS0101",
            Problem,
            "repair --to a new directory, and let the game play that",
        ),
        about(
            Code::SessionLost,
            "BS0102",
            Problem,
            "look for another copy: a slot, a cloud's history, a backup",
        ),
        about(Code::SessionNewer, "BS0103", Note, "update the game, or this tool"),
        about(
            Code::FileUnreadable,
            "BS0104",
            Problem,
            "look at the rights of the files and at the disk",
        ),
        about(
            Code::SessionForked,
            "BS0105",
            Note,
            "compare the two lines with view, and let the player choose in the game",
        ),
        about(
            Code::CrashUndecided,
            "BS0106",
            Note,
            "start the game: it offers what can be had back",
        ),
        about(Code::DeletionUnfinished, "BS0107", Note, "start the game: it goes on with deleting"),
        about(
            Code::EventsDamaged,
            "BS0108",
            Problem,
            "nothing: no checkpoint depends on events; log shows those that are left",
        ),
        about(
            Code::AttachmentDamaged,
            "BS0109",
            Problem,
            "nothing: a picture is missing, and no checkpoint depends on it",
        ),
        about(
            Code::RestoreUnproven,
            "BS0110",
            Note,
            "nothing: the game watches the restore, and offers an older checkpoint if it dies",
        ),
        about(
            Code::DiesAgain,
            "BS0111",
            Problem,
            "read what the game said last with log, and look with diff at what the checkpoints have in common",
        ),
        about(
            Code::SlotDamaged,
            "BS0201",
            Problem,
            "save again under that name, or take what session and other slots have",
        ),
        about(
            Code::SessionLarge,
            "BS0301",
            Note,
            "see with stats what makes it large, and with prune what rules would let go",
        ),
        about(
            Code::RecordDamaged,
            "BS0401",
            Note,
            "start the game: how its last process ended isn't known, and nothing else is missing",
        ),
        about(
            Code::ProcessHangs,
            "BS0402",
            Problem,
            "look with health, and restart the game if it stays so: checkpoints are safe",
        ),
        about(
            Code::LocksLeft,
            "BS0403",
            Note,
            "start the game: it clears locks of dead processes away once its first checkpoint is safe",
        ),
        about(
            Code::FilesLeft,
            "BS0404",
            Note,
            "start the game: it removes what a process left that stopped while it wrote",
        ),
        about(
            Code::RecordsMissing,
            "BS0405",
            Note,
            "look at the game's state directory as well: on Linux it lies apart from the data",
        ),
        about(Code::DiskFull, "BS0501", Problem, "make room: with too little, saving stops"),
        about(
            Code::InSecondPlace,
            "BS0502",
            Note,
            "start the game: it reads both places and goes on with the newer; copy nothing by hand",
        ),
    ]
};

impl Code {
    /// What is known of it.
    pub fn about(self) -> Option<&'static About> {
        CODES.iter().find(|about| about.code == self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_code_is_there_once_and_has_a_section_of_the_runbook() {
        let runbook = include_str!("../../../../docs/RUNBOOK.md");
        let texts: BTreeSet<&str> = CODES.iter().map(|about| about.text).collect();
        let codes: BTreeSet<Code> = CODES.iter().map(|about| about.code).collect();
        assert_eq!((texts.len(), codes.len()), (CODES.len(), CODES.len()));
        for about in &CODES {
            let heading = format!("\n## {} ", about.text);
            assert_eq!(runbook.matches(&heading).count(), 1, "{}", about.text);
            assert_eq!(about.code.about().map(|it| it.text), Some(about.text));
        }
        let is_of_tool =
            |line: &&str| line.starts_with("## BS0") && line.as_bytes().get(6) < Some(&b'6');
        let sections = runbook.lines().filter(is_of_tool).count();
        assert_eq!(sections, CODES.len(), "no section is about nothing");
    }
}
