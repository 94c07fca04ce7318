//! The reasons for which a session isn't mirrored for now, and which may pass.

use std::mem::replace;
use std::time::Duration;

use super::{Halt, Side, Unmirrored};

/// The looks in a row that find a gap in a replica's log before it is said to have one.
const LOOKS_AT_GAP: u32 = 8;

/// What looks have found since all of the session was mirrored.
#[derive(Default)]
pub(super) struct Doubts {
    /// It isn't mirrored, and that was said.
    is_refused: bool,
    /// The last look found the replica unreadable or behind.
    is_unsure: bool,
    /// Every look has found a gap in the replica's log since then, and so many have.
    gap: Option<(Duration, u32)>,
}

impl Doubts {
    pub fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// It isn't mirrored. Returns true if that is to be said.
    pub fn refuse(&mut self) -> bool {
        !replace(&mut self.is_refused, true)
    }

    /// The next refusal is said again.
    pub fn forget_refusal(&mut self) {
        self.is_refused = false;
    }

    /// The replica's log has no gap.
    pub fn forget_gap(&mut self) {
        self.gap = None;
    }

    /// Decides if the end of a look stands, or may pass by the next look. A replica that goes back in time while it is read
    /// can't be read, and one that was emptied is behind until its machine has brought it up to date, unless that machine is
    /// leaving it.
    pub fn weigh(&mut self, halt: Halt, now: Duration, lease: Duration, is_leaving: bool) -> Halt {
        match halt {
            Halt::Again | Halt::Unsettled if self.is_gap_old(now, lease) => {
                Halt::Refused(Unmirrored::Gap)
            }
            Halt::Refused(Unmirrored::Unreadable(Side::Replica, _)) if !self.is_unsure => {
                self.is_unsure = true;
                Halt::Reread
            }
            Halt::Refused(Unmirrored::MirrorIsAhead) if !self.is_unsure && !is_leaving => {
                self.is_unsure = true;
                Halt::Later
            }
            halt => halt,
        }
    }

    /// Returns true if the replica's log has had a gap for longer than one lease, in many looks: a replica that was compacted
    /// during each of two looks has none.
    fn is_gap_old(&mut self, now: Duration, lease: Duration) -> bool {
        let (since, looks) = self.gap.unwrap_or((now, 0));
        let is_old = now.saturating_sub(since) > lease && looks >= LOOKS_AT_GAP;
        self.gap = (!is_old).then_some((since, looks + 1));
        is_old
    }
}
