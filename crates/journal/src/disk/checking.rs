//! Checks what lies in a session's files without unpacking it.

use super::StoredSession;
use crate::format::{GroupRef, ReadError};

impl StoredSession {
    /// Holds the checksums of all frames against what lies there now, and notes in the index what is
    /// damaged. Opening looked at those of headers, commits and records only. What is in the frames
    /// isn't looked at, see [`Self::verified_plan`].
    ///
    /// The first error of each group, and that of each other frame.
    pub fn check_frames(&mut self) -> Vec<ReadError> {
        let mut errors = Vec::new();
        let mut damaged = Vec::new();
        for (place, (segment, summary)) in
            self.segments().iter().zip(self.index().segments()).enumerate()
        {
            for (group, entry) in summary.scan.groups.iter().enumerate() {
                let checked = entry.frames.iter().try_for_each(|frame| segment.check(frame));
                if let Err(error) = checked {
                    if error.is_damage() {
                        damaged.push(GroupRef { segment: place, group });
                    }
                    errors.push(error);
                }
            }
            let others = summary.scan.attachments.iter().chain(&summary.scan.carried);
            errors.extend(others.filter_map(|frame| segment.check(frame).err()));
        }
        for group in damaged {
            self.mark_damaged(group);
        }
        errors
    }
}
