//! The codes of what can be wrong in a running game.

use std::fmt;

/// The codes of what can be wrong in a running game. `docs/RUNBOOK.md` has a section for each.
///
/// They are of one numbering with those of `bevy-session doctor`: 01 sessions, 02 slots, 03 sizes, 04 processes,
/// 05 disks, 06 what a running game finds by itself, 07 alerts. What both can find has one code. A code never
/// gets another meaning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum HealthCode {
    /// BS0101: a session is damaged, and has checkpoints that can be restored.
    SessionDamaged,
    /// BS0102: nothing of a session can be restored.
    SessionLost,
    /// BS0501: less than 256 MB are left.
    DiskFull,
    /// BS0601: the writer is gone.
    WriterGone,
    /// BS0602: nothing is saved any more.
    SavingStopped,
    /// BS0603: what was captured isn't durable for too long.
    NothingDurable,
    /// BS0604: a session that was asked for is played by another process.
    SessionHeld,
    /// BS0605: the index of sessions was of no use.
    IndexMade,
    /// BS0606: features are switched off.
    SwitchedOff,
    /// BS0701: too many operations fail.
    Errors,
    /// BS0702: an operation takes too long.
    Slow,
    /// BS0703: the index knows too few sessions.
    IndexMisses,
    /// BS0704: too many locks were left behind.
    StaleLocks,
    /// BS0705: the disk has less room than the operator wants.
    DiskLow,
    /// BS0706: what was captured isn't durable for longer than the operator wants.
    CheckpointOld,
    /// BS0707: too many sessions are left by crashes.
    Crashes,
    /// BS0708: the process takes too much memory.
    MemoryHigh,
    /// BS0709: the session that is played takes too much of the disk.
    SessionLarge,
    /// BS0710: the session that is played was played for too long.
    SessionLong,
    /// BS0711: the session that is played has too many saved entities.
    ManyEntities,
}

impl HealthCode {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::SessionDamaged,
        Self::SessionLost,
        Self::DiskFull,
        Self::WriterGone,
        Self::SavingStopped,
        Self::NothingDurable,
        Self::SessionHeld,
        Self::IndexMade,
        Self::SwitchedOff,
        Self::Errors,
        Self::Slow,
        Self::IndexMisses,
        Self::StaleLocks,
        Self::DiskLow,
        Self::CheckpointOld,
        Self::Crashes,
        Self::MemoryHigh,
        Self::SessionLarge,
        Self::SessionLong,
        Self::ManyEntities,
    ];

    /// The code, as `BS0601`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::SessionDamaged => "BS0101",
            Self::SessionLost => "BS0102",
            Self::DiskFull => "BS0501",
            Self::WriterGone => "BS0601",
            Self::SavingStopped => "BS0602",
            Self::NothingDurable => "BS0603",
            Self::SessionHeld => "BS0604",
            Self::IndexMade => "BS0605",
            Self::SwitchedOff => "BS0606",
            Self::Errors => "BS0701",
            Self::Slow => "BS0702",
            Self::IndexMisses => "BS0703",
            Self::StaleLocks => "BS0704",
            Self::DiskLow => "BS0705",
            Self::CheckpointOld => "BS0706",
            Self::Crashes => "BS0707",
            Self::MemoryHigh => "BS0708",
            Self::SessionLarge => "BS0709",
            Self::SessionLong => "BS0710",
            Self::ManyEntities => "BS0711",
        }
    }

    /// What its section of `docs/RUNBOOK.md` is called, behind the code.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::SessionDamaged => "A session is damaged",
            Self::SessionLost => "Nothing of a session is left",
            Self::DiskFull => "The disk is nearly full",
            Self::WriterGone => "The writer is gone",
            Self::SavingStopped => "Saving has stopped",
            Self::NothingDurable => "Nothing becomes durable",
            Self::SessionHeld => "A session is played elsewhere",
            Self::IndexMade => "The index was made again",
            Self::SwitchedOff => "Features are switched off",
            Self::Errors => "Too much fails",
            Self::Slow => "An operation is slow",
            Self::IndexMisses => "The index knows too little",
            Self::StaleLocks => "Locks were left behind",
            Self::DiskLow => "There is little room on the disk",
            Self::CheckpointOld => "The newest durable checkpoint is old",
            Self::Crashes => "Many sessions crash",
            Self::MemoryHigh => "The process takes much memory",
            Self::SessionLarge => "A session takes much of the disk",
            Self::SessionLong => "A session was played for long",
            Self::ManyEntities => "A session has many entities",
        }
    }

    /// What to do first, in one sentence.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::SessionDamaged => "repair it to a new directory, and let the game play that",
            Self::SessionLost => "look for another copy: a slot, a cloud's history, a backup",
            Self::DiskFull | Self::DiskLow => "make room: with too little, saving stops",
            Self::WriterGone => "restart the game: what was acknowledged is on disk",
            Self::SavingStopped => "read why in the log, and restart the game if it stays so",
            Self::NothingDurable | Self::CheckpointOld => {
                "look at the disk: is it full, slow or gone"
            }
            Self::SessionHeld => "end the other process, or let it play on",
            Self::IndexMade => {
                "nothing, unless it happens at each start: then look at the state directory"
            }
            Self::SwitchedOff => "switch them on again once the reason is gone",
            Self::Errors => "read the errors in the log, and look at the disk",
            Self::Slow => "look at what else uses the disk, and at what makes the session large",
            Self::IndexMisses => {
                "look whether something else writes into the directory of sessions"
            }
            Self::StaleLocks => "look why starts die before their first checkpoint is durable",
            Self::Crashes => {
                "read what the sessions logged last, and look for what they have in common"
            }
            Self::MemoryHigh => {
                "look at what the game has loaded, and restart it at a quiet moment"
            }
            Self::SessionLarge => "look which types make it large, and keep less of its history",
            Self::SessionLong => "let the player end it, or raise the level",
            Self::ManyEntities => "look for what the game spawns and never despawns",
        }
    }

    /// Whether something is wrong. Otherwise it is only to be known.
    #[must_use]
    pub const fn is_problem(self) -> bool {
        !matches!(self, Self::SessionHeld | Self::IndexMade | Self::SwitchedOff)
    }
}

impl fmt::Display for HealthCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}
