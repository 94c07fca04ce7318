//! A search for backups.

use std::collections::VecDeque;
use std::time::Duration;

use crate::external_saves::ExternalSave;

/// A search for backups.
pub(in crate::lifecycle) struct Looking {
    pub since: Duration,
    pub step: Step,
}

pub(in crate::lifecycle) enum Step {
    /// They are still to be listed.
    List,
    /// They are being listed.
    Listing,
    /// The next one of these is to be examined, newest first.
    Validate(VecDeque<ExternalSave>),
    /// The first one of these is being examined.
    Validating(VecDeque<ExternalSave>),
}
