//! The plugin's operations, by name.

/// The plugin's operations that are counted and timed. The list is complete, so that a `match`
/// covers all of them: a further operation needs a new minor version.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SessionOperation {
    /// Copying changes out of the world: time of the main thread.
    Capture,
    /// Making a checkpoint durable: from the hand-over to the end of the sync. A failed attempt is
    /// an error.
    Checkpoint,
    /// Restoring a checkpoint into the world: from the request to the last entity, loading screens
    /// included.
    Restore,
    /// Starting a session, or taking one up: from the request until it is played and its first
    /// checkpoint was captured. So the game's loading counts as long as it keeps checkpoints from
    /// being taken, and so does waiting for other requests; going back within a session is no
    /// start. A request to start, continue or recover a session that is rejected is an error, and
    /// so is one of which [`RecoveryFailed`](crate::RecoveryFailed) says that nothing can be
    /// restored.
    Start,
    /// Reading the list of all sessions: from the order to the answer, as with all that follow.
    Listing,
    /// Saving, copying, renaming, importing or deleting a slot.
    Slot,
    /// Moving a session into the archive or the trash, or back.
    Archive,
    /// Editing many sessions, as [`prune`](crate::library::LibraryCommands::prune) does.
    Retention,
    /// Reading a page of events.
    EventPage,
    /// Writing a report or an export.
    Report,
    /// Reading an attachment.
    Attachment,
    /// Handling a request: time of the main thread. A request that is rejected, then or later, is
    /// an error.
    Request,
}

impl SessionOperation {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Capture,
        Self::Checkpoint,
        Self::Restore,
        Self::Start,
        Self::Listing,
        Self::Slot,
        Self::Archive,
        Self::Retention,
        Self::EventPage,
        Self::Report,
        Self::Attachment,
        Self::Request,
    ];

    /// Its name in logs, alerts and metrics: one word in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Checkpoint => "checkpoint",
            Self::Restore => "restore",
            Self::Start => "start",
            Self::Listing => "listing",
            Self::Slot => "slot",
            Self::Archive => "archive",
            Self::Retention => "retention",
            Self::EventPage => "event_page",
            Self::Report => "report",
            Self::Attachment => "attachment",
            Self::Request => "request",
        }
    }
}
