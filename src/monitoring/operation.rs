//! What the plugin does, by name.

/// What the plugin does, and what is counted and timed of it. All of it is listed here, so that whoever counts misses none:
/// another one is another minor version.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SessionOperation {
    /// Copying what changed out of the world: time of the main thread.
    Capture,
    /// Making a checkpoint durable: from the hand-over to the end of the sync. A failed try is an error.
    Checkpoint,
    /// Putting a checkpoint back into the world: from the request to the last entity, loading screens
    /// included.
    Restore,
    /// Looking at all sessions: from the order to the answer, as with all that follow.
    Listing,
    /// Saving, copying, renaming, importing or deleting a slot.
    Slot,
    /// Moving a session into the archive or the trash, or back.
    Archive,
    /// Doing one thing with many sessions, as [`prune`](crate::library::LibraryCommands::prune) does.
    Retention,
    /// Reading a page of what happened.
    EventPage,
    /// Writing a report or an export.
    Report,
    /// Reading an attachment.
    Attachment,
    /// Handling a request: time of the main thread. One that is rejected, then or later, is an error.
    Request,
}

impl SessionOperation {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Capture,
        Self::Checkpoint,
        Self::Restore,
        Self::Listing,
        Self::Slot,
        Self::Archive,
        Self::Retention,
        Self::EventPage,
        Self::Report,
        Self::Attachment,
        Self::Request,
    ];

    /// What it is called in logs, alerts and metrics: one word in small letters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Checkpoint => "checkpoint",
            Self::Restore => "restore",
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
