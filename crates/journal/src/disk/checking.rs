//! Checks a session's files without unpacking them.

use super::StoredSession;
use crate::format::{GroupRef, ReadError};

impl StoredSession {
    /// Checks the checksums of all frames, and notes damage in the index. Opening checked those of headers, commits and
    /// records only. The content of the frames isn't checked, see [`Self::verified_plan`].
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
