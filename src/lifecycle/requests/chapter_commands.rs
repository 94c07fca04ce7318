//! The requests about chapters as methods of `Commands`.

use bevy_session_journal::{ChapterId, ChapterOutcome, NewChapter, Ticket};

use super::{CurrentRequest, SessionCommands};

/// Requests about the chapters of the session that is being played, from [`SessionCommands::chapters`].
#[derive(Debug)]
pub struct ChapterCommands<'w, 's>(pub(super) SessionCommands<'w, 's>);

impl ChapterCommands<'_, '_> {
    /// Begins a chapter of the session that is being played, and returns the id that it will have.
    /// If another chapter is open, it becomes a part of that.
    ///
    /// [`ChapterBegun`](crate::chapters::ChapterBegun) follows, and a checkpoint of kind
    /// [`Manual`](crate::CheckpointKind::Manual) with its name: at once or, if a gate is closed, as
    /// soon as it opens. This checkpoint is kept as long as the chapter is open, so that it can be
    /// tried again.
    ///
    /// The request is rejected with
    /// [`ChapterError::TooDeep`](crate::chapters::ChapterError::TooDeep) if 8 nested chapters are
    /// open, with [`RequestError::TextTooLong`](crate::RequestError::TextTooLong) if name or kind
    /// are longer than 4 KiB or the fields larger than 64 KiB together, and with
    /// [`RequestError::NoSession`](crate::RequestError::NoSession). During a restore it waits.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use bevy_session::chapters::NewChapter;
    ///
    /// fn begin(mut commands: Commands) -> Result {
    ///     let mission = NewChapter::named("Mission 3").kind("mission").field("difficulty", "hard")?;
    ///     commands.session().chapters().begin(mission);
    ///     Ok(())
    /// }
    /// # App::new().add_systems(Update, begin);
    /// ```
    pub fn begin(&mut self, chapter: NewChapter) -> ChapterId {
        let id = ChapterId::random();
        self.0.request(CurrentRequest::BeginChapter { id, chapter: Box::new(chapter) });
        id
    }

    /// Ends a chapter. Open chapters within it end before it, as its
    /// [`inner`](crate::chapters::NewChapter::inner) says. Entities that are
    /// [`InChapter`](crate::chapters::InChapter) are despawned.
    ///
    /// [`ChapterEnded`](crate::chapters::ChapterEnded) follows for each, from the innermost to this
    /// one, and then a checkpoint, if
    /// [`SessionSettings::autosave`](crate::SessionSettings::autosave) is on and no gate is closed.
    /// The request is rejected with a [`ChapterError`](crate::chapters::ChapterError) if the
    /// chapter isn't open, or may not end yet.
    pub fn end(&mut self, chapter: ChapterId, outcome: ChapterOutcome) -> Ticket {
        self.0.request(CurrentRequest::EndChapter { chapter, outcome })
    }

    /// Ends the innermost open chapter, as [`end`](Self::end) does.
    pub fn end_current(&mut self, outcome: ChapterOutcome) -> Ticket {
        self.0.request(CurrentRequest::EndCurrentChapter(outcome))
    }
}
