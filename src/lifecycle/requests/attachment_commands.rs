//! The requests about attachments as methods of `Commands`.

use bevy_session_journal::{Attachment, AttachmentOf, CheckpointId, Ticket};

use super::{AttachmentRequest, SessionCommands};

/// Requests about attachments of checkpoints, slots and sessions, from [`SessionCommands::attachments`].
#[derive(Debug)]
pub struct AttachmentCommands<'w, 's>(pub(super) SessionCommands<'w, 's>);

impl AttachmentCommands<'_, '_> {
    /// Attaches bytes of the game to a checkpoint of the session that is being played, such as a
    /// thumbnail or a list of mods. They are copied into the slots that are made of it, and removed
    /// with it. The checkpoint may have been captured a few frames ago, and slots may have been
    /// made of it already. [`AttachmentSaved`](crate::attachments::AttachmentSaved) follows.
    ///
    /// The name has 1 to 40 of the characters `a` to `z`, `0` to `9`, `_` and `-`; lists show
    /// `thumbnail`. At most 1 MiB. An attachment of the same name is replaced. An automatic
    /// checkpoint that was merged into the next one, since the disk is slow, can't have
    /// attachments.
    pub fn attach(
        &mut self,
        checkpoint: CheckpointId,
        name: impl Into<String>,
        bytes: Vec<u8>,
    ) -> Ticket {
        let attachment = Attachment::new(name.into(), bytes);
        self.0.request(AttachmentRequest::Attach { checkpoint, attachment })
    }

    /// Attaches bytes of the game to the session that is being played, such as a map that players
    /// draw or the picture on a pin. They belong to the session and not to its world: a rewind
    /// doesn't change them. Copies and the archive include them; slots, reports and sessions that
    /// branch off don't. [`SessionAttachmentSaved`](crate::attachments::SessionAttachmentSaved)
    /// follows once they are durable, and
    /// [`CurrentSession::attachments`](crate::CurrentSession::attachments) lists them.
    ///
    /// The name has 1 to 40 of the characters `a` to `z`, `0` to `9`, `_` and `-`. At most 1 MiB.
    /// Attaching under the same name adds a version;
    /// [`StorageSettings::attachments`](crate::library::StorageSettings::attachments) limits the
    /// number of versions and the bytes of all together.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use bevy_session::attachments::AttachmentOf;
    ///
    /// fn save_map(session: Res<CurrentSession>, mut commands: Commands) {
    ///     commands.session().attachments().attach_to_session("map", vec![1, 2, 3]);
    ///     // What was drawn before the last time:
    ///     let before = session.attachments("map").rev().nth(1).map(|before| before.version);
    ///     let of = AttachmentOf::Session { session: session.id(), version: before };
    ///     commands.session().attachments().read(of, "map");
    /// }
    /// # bevy::ecs::system::assert_is_system(save_map);
    /// ```
    pub fn attach_to_session(&mut self, name: impl Into<String>, bytes: Vec<u8>) -> Ticket {
        self.0.request(AttachmentRequest::AttachToSession(Attachment::new(name.into(), bytes)))
    }

    /// Removes all versions of an attachment of the session that is being played.
    /// [`SessionAttachmentRemoved`](crate::attachments::SessionAttachmentRemoved) follows.
    pub fn detach(&mut self, name: impl Into<String>) -> Ticket {
        self.0.request(AttachmentRequest::Detach { name: name.into() })
    }

    /// Reads an attachment. [`AttachmentRead`](crate::attachments::AttachmentRead) follows.
    pub fn read(&mut self, of: AttachmentOf, name: impl Into<String>) -> Ticket {
        self.0.request(AttachmentRequest::Read { of, name: name.into() })
    }
}
