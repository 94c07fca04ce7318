//! The requests by which sessions are put away, deleted and brought back.

use super::{SessionCommands, SessionRequest};
use crate::finding::SessionQuery;
use crate::ids::Ticket;
use crate::journal::SessionId;
use crate::recovery::RetentionPreview;
use crate::session::{Archived, SessionEdit, ShelfMove};

impl SessionCommands<'_, '_> {
    /// Puts a session that isn't being played into the trash. It stays listed, with its
    /// [`place`](crate::SessionMetadata::place), and isn't offered after a crash; whatever takes it up brings it
    /// back. [`SessionMoved`](crate::SessionMoved) follows when that is durable.
    ///
    /// What has lain in the trash for longer than [`SessionSettings::trash`](crate::SessionSettings::trash) is
    /// removed after a session was started or taken up. To remove one at once and for good, use
    /// [`forget`](Self::forget).
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    ///
    /// fn delete_the_oldest(catalog: Res<SessionCatalog>, mut commands: Commands) {
    ///     if let Some(oldest) = catalog.sessions().last() {
    ///         commands.session().delete(oldest.session.id);
    ///     }
    /// }
    /// # bevy::ecs::system::assert_is_system(delete_the_oldest);
    /// ```
    pub fn delete(&mut self, session: SessionId) -> Ticket {
        self.request(SessionRequest::Shelve(session, ShelfMove::Delete))
    }

    /// Takes a session out of the trash again. [`SessionMoved`](crate::SessionMoved) follows when that is
    /// durable. One that isn't there is rejected with [`NotInTrash`](crate::RequestError::NotInTrash).
    ///
    /// If it was left by a crash, that is offered again when the sessions are looked at next.
    pub fn undelete(&mut self, session: SessionId) -> Ticket {
        self.request(SessionRequest::Shelve(session, ShelfMove::Undelete))
    }

    /// Puts a session away that isn't being played: all its files become one, with its newest checkpoint or
    /// its summary alone. Earlier checkpoints, those that have a name included, and recorded events are
    /// gone after that; slots stay. [`SessionMoved`](crate::SessionMoved) follows when it is durable.
    ///
    /// Whatever takes the session up brings it back. One that was left by a crash that waits for an answer is
    /// rejected with [`CrashUndecided`](crate::RequestError::CrashUndecided), and one that went on in two
    /// places with [`Forked`](crate::RequestError::Forked).
    pub fn archive(&mut self, session: SessionId, what: Archived) -> Ticket {
        self.request(SessionRequest::Shelve(session, ShelfMove::Archive(what)))
    }

    /// Takes a session out of the archive again. [`SessionMoved`](crate::SessionMoved) follows when that is
    /// durable. One that isn't there is rejected with [`NotArchived`](crate::RequestError::NotArchived), and
    /// one of which the summary alone was kept with
    /// [`ArchivedWithoutWorld`](crate::RequestError::ArchivedWithoutWorld).
    pub fn unarchive(&mut self, session: SessionId) -> Ticket {
        self.request(SessionRequest::Shelve(session, ShelfMove::Unarchive))
    }

    /// Makes a session of its own out of one that isn't being played, with this name: the same world, progress and
    /// play time, to try something else in. [`SessionCopied`](crate::SessionCopied) follows when it is durable.
    ///
    /// The copy begins where the other one stands: at its newest checkpoint, or the newest that can be read. It has
    /// its fields, chapters and tags, and ends as it ended; a session that crashed is copied as one that was closed.
    /// Earlier checkpoints, slots and recorded events stay with the other one, and the copy isn't
    /// [pinned](crate::SessionMetadata::pinned). To go on in a copy of what is being played, use
    /// [`branch_off`](Self::branch_off).
    ///
    /// Of a session in the archive without its world nothing can be copied:
    /// [`ArchivedWithoutWorld`](crate::RequestError::ArchivedWithoutWorld). One that went on in two places is rejected
    /// with [`Forked`](crate::RequestError::Forked).
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::SessionCopied;
    /// use bevy_session::prelude::*;
    ///
    /// fn try_something(catalog: Res<SessionCatalog>, mut commands: Commands) {
    ///     if let Some(entry) = catalog.sessions().first() {
    ///         let name = format!("{} (copy)", entry.session.name);
    ///         commands.session().copy(entry.session.id, name);
    ///     }
    /// }
    ///
    /// fn play_the_copy(copied: On<SessionCopied>, mut commands: Commands) {
    ///     commands.session().continue_session(copied.session);
    /// }
    /// # bevy::ecs::system::assert_is_system(try_something);
    /// # App::new().add_observer(play_the_copy);
    /// ```
    pub fn copy(&mut self, session: SessionId, name: impl Into<String>) -> Ticket {
        self.request(SessionRequest::Copy { session, name: name.into() })
    }

    /// Does one thing with each session that a query finds, on all its pages: renames, tags, archives or deletes
    /// them. The query is asked when the request is handled.
    ///
    /// It goes on beside everything else, a session at a time. Each is reported as if it had been asked for alone,
    /// and [`SessionsEdited`](crate::SessionsEdited) follows when all are done. What can't be done with one of
    /// them doesn't keep it from the others.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use bevy_session::{SessionQuery, SessionsEdited, ShelfMove};
    ///
    /// fn delete_all_of_ann(mut commands: Commands) {
    ///     commands.session().edit_all(SessionQuery::default().player("Ann"), ShelfMove::Delete);
    /// }
    ///
    /// fn say_so(edited: On<SessionsEdited>) {
    ///     info!("{} deleted, {} could not be", edited.edited, edited.refused.len());
    /// }
    /// # bevy::ecs::system::assert_is_system(delete_all_of_ann);
    /// # App::new().add_observer(say_so);
    /// ```
    pub fn edit_all(&mut self, query: SessionQuery, edit: impl Into<SessionEdit>) -> Ticket {
        self.request(SessionRequest::EditAll(Box::new(query), edit.into()))
    }

    /// Lets exactly the sessions go that a preview names, which is made with
    /// [`SessionCatalog::preview`](crate::SessionCatalog::preview): into the trash, or the archive. One that has
    /// gone on, was pinned or moved since then is passed over.
    ///
    /// It goes on beside everything else, as with [`edit_all`](Self::edit_all). If the game dies meanwhile, each
    /// session has gone or has not, and the next preview names the others again.
    pub fn tidy(&mut self, preview: RetentionPreview) -> Ticket {
        self.request(SessionRequest::Tidy(Box::new(preview)))
    }
}
