//! The requests about slots as methods of `Commands`.

use std::path::PathBuf;

use bevy_session_journal::{SaveSlot, SlotId, Ticket};

use super::{SessionCommands, SlotRequest};

/// Requests about save slots, from [`SessionCommands::slots`].
#[derive(Debug)]
pub struct SlotCommands<'w, 's>(pub(super) SessionCommands<'w, 's>);

impl SlotCommands<'_, '_> {
    /// Saves to a slot: takes a checkpoint of this frame or, if a gate is closed, as soon as it
    /// opens, and makes a copy of it that is complete in itself. If the session is left before, the slot is made of the
    /// checkpoint that was taken when the gate closed, if one was. [`SlotSaved`](crate::SlotSaved) follows when that is
    /// durable, or [`SlotFailed`](crate::slots::SlotFailed).
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    ///
    /// fn save(mut commands: Commands) {
    ///     commands.session().slots().save(SaveSlot::manual("Before the boss"));
    ///     // The player was asked, and wants the old one replaced:
    ///     commands.session().slots().save(SaveSlot::manual("Autumn").overwrite());
    /// }
    /// # bevy::ecs::system::assert_is_system(save);
    /// ```
    pub fn save(&mut self, slot: SaveSlot) -> Ticket {
        self.0.request(SlotRequest::Save(slot))
    }

    /// Saves to the player's single quick slot, replacing it. [`SlotSaved`](crate::SlotSaved)
    /// follows.
    pub fn quick_save(&mut self) -> Ticket {
        self.save(SaveSlot::quick())
    }

    /// Loads a slot and continues its session from there. If another session is being played, it is
    /// closed first, as by [`continue_session`](crate::SessionCommands::continue_session). The
    /// session's play since the slot was saved stays reachable as after a rewind.
    ///
    /// If the slot is damaged, unknown or another player's, nothing changes, and
    /// [`RequestRejected`](crate::RequestRejected) is sent.
    pub fn load(&mut self, slot: SlotId) -> Ticket {
        self.0.request(SlotRequest::Load(slot))
    }

    /// Loads the current player's quick slot; in a menu, the newest quick slot there is.
    pub fn quick_load(&mut self) -> Ticket {
        self.0.request(SlotRequest::QuickLoad)
    }

    /// Renames a slot. [`SlotRenamed`](crate::slots::SlotRenamed) follows. A quick or exit slot
    /// becomes a manual one.
    pub fn rename(&mut self, slot: SlotId, name: impl Into<String>) -> Ticket {
        self.0.request(SlotRequest::Rename { slot, name: name.into() })
    }

    /// Copies a slot under another name, as a manual one. [`SlotCopied`](crate::slots::SlotCopied)
    /// follows.
    pub fn copy(&mut self, slot: SlotId, name: impl Into<String>) -> Ticket {
        self.0.request(SlotRequest::Copy { slot, name: name.into() })
    }

    /// Deletes a slot with all copies that a cloud may have made of its file.
    /// [`SlotDeleted`](crate::slots::SlotDeleted) follows.
    pub fn delete(&mut self, slot: SlotId) -> Ticket {
        self.0.request(SlotRequest::Delete(slot))
    }

    /// Protects a slot: it is neither overwritten nor deleted until it is
    /// [unprotected](Self::unprotect), even by another process or after a restart. A renamed slot
    /// stays protected; a copy isn't. [`RequestDone`](crate::RequestDone) follows when it is
    /// durable.
    ///
    /// Requests that would replace or delete it fail with
    /// [`SlotError::Protected`](crate::slots::SlotError::Protected); lists show it with
    /// [`SlotEntry::protected`](crate::slots::SlotEntry::protected).
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    ///
    /// fn keep_the_first_save(saved: On<SlotSaved>, mut commands: Commands) {
    ///     if saved.slot.name == "Chapter 1" {
    ///         commands.session().slots().protect(saved.slot.id);
    ///     }
    /// }
    /// # App::new().add_observer(keep_the_first_save);
    /// ```
    pub fn protect(&mut self, slot: SlotId) -> Ticket {
        self.0.request(SlotRequest::Protect { slot, protected: true })
    }

    /// Allows a protected slot to be overwritten and deleted again.
    /// [`RequestDone`](crate::RequestDone) follows when that is durable.
    pub fn unprotect(&mut self, slot: SlotId) -> Ticket {
        self.0.request(SlotRequest::Protect { slot, protected: false })
    }

    /// Imports a slot from a file that [`export`](crate::library::LibraryCommands::export) or
    /// [`report`](crate::library::LibraryCommands::report) wrote, or from the file of another slot,
    /// of this game on any machine. The whole file is read and checked first.
    /// [`SlotImported`](crate::slots::SlotImported) follows, and [`load`](Self::load) continues
    /// from it, in the session that it came from.
    ///
    /// It becomes a manual slot with its original name, followed by a number if the player has one
    /// of that name. A file that can't be imported is rejected with
    /// [`SlotError::Report`](crate::slots::SlotError::Report), and one that was imported before
    /// with [`SlotError::AlreadyThere`](crate::slots::SlotError::AlreadyThere).
    pub fn import(&mut self, path: impl Into<PathBuf>) -> Ticket {
        self.0.request(SlotRequest::Import(path.into()))
    }
}
