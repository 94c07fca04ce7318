//! The requests about slots as methods of `Commands`.

use std::path::PathBuf;

use bevy_session_journal::{SaveSlot, SlotId, Ticket};

use super::{SessionCommands, SlotRequest};

/// Requests about save slots, from [`SessionCommands::slots`].
#[derive(Debug)]
pub struct SlotCommands<'w, 's>(pub(super) SessionCommands<'w, 's>);

impl SlotCommands<'_, '_> {
    /// Saves into a slot: takes a checkpoint of this frame, or, where a gate is closed, as soon as it
    /// opens, and makes a copy of it that is complete in itself. [`SlotSaved`](crate::SlotSaved)
    /// follows when that is durable, or [`SlotFailed`](crate::slots::SlotFailed).
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

    /// Saves into the player's one quick slot, which is replaced. [`SlotSaved`](crate::SlotSaved)
    /// follows.
    pub fn quick_save(&mut self) -> Ticket {
        self.save(SaveSlot::quick())
    }

    /// Goes on from a slot, in the session that it was saved in. If another one is being played, that
    /// is closed first, as by [`continue_session`](crate::SessionCommands::continue_session). What the slot's session came to after it was saved
    /// stays reachable as after a rewind.
    ///
    /// Of a slot that is damaged, unknown or another player's nothing changes, and
    /// [`RequestRejected`](crate::RequestRejected) says so.
    pub fn load(&mut self, slot: SlotId) -> Ticket {
        self.0.request(SlotRequest::Load(slot))
    }

    /// Loads the quick slot of who plays; in a menu, the newest quick slot there is.
    pub fn quick_load(&mut self) -> Ticket {
        self.0.request(SlotRequest::QuickLoad)
    }

    /// Gives a slot another name. [`SlotRenamed`](crate::slots::SlotRenamed) follows. A quick or exit slot
    /// becomes a manual one by it.
    pub fn rename(&mut self, slot: SlotId, name: impl Into<String>) -> Ticket {
        self.0.request(SlotRequest::Rename { slot, name: name.into() })
    }

    /// Copies a slot to another name, as a manual one. [`SlotCopied`](crate::slots::SlotCopied) follows.
    pub fn copy(&mut self, slot: SlotId, name: impl Into<String>) -> Ticket {
        self.0.request(SlotRequest::Copy { slot, name: name.into() })
    }

    /// Deletes a slot with all copies that a cloud may have made of its file.
    /// [`SlotDeleted`](crate::slots::SlotDeleted) follows.
    pub fn delete(&mut self, slot: SlotId) -> Ticket {
        self.0.request(SlotRequest::Delete(slot))
    }

    /// Protects a slot: it is neither overwritten nor deleted until it is [unprotected](Self::unprotect), also by
    /// another process or after a start. Renaming it keeps that; a copy isn't protected.
    /// [`RequestDone`](crate::RequestDone) follows when it is durable.
    ///
    /// What would replace or delete it fails with [`SlotError::Protected`](crate::slots::SlotError::Protected), and
    /// [`SlotEntry::protected`](crate::slots::SlotEntry::protected) says so in lists.
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

    /// Lets a protected slot be overwritten and deleted again. [`RequestDone`](crate::RequestDone) follows when that
    /// is durable.
    pub fn unprotect(&mut self, slot: SlotId) -> Ticket {
        self.0.request(SlotRequest::Protect { slot, protected: false })
    }

    /// Makes a slot of a file that [`export`](crate::library::LibraryCommands::export) or [`report`](crate::library::LibraryCommands::report) wrote, or of the file
    /// of another slot, of this game on whatever machine. All of it is read and checked first.
    /// [`SlotImported`](crate::slots::SlotImported) follows, and [`load`](Self::load) goes on from it, in the
    /// session that it came from.
    ///
    /// It is a manual slot with the name that it had there, and a number behind that if the player has
    /// one of that name. What can't be imported is rejected with
    /// [`SlotError::Report`](crate::slots::SlotError::Report), and with
    /// [`SlotError::AlreadyThere`](crate::slots::SlotError::AlreadyThere) if it was imported before.
    pub fn import(&mut self, path: impl Into<PathBuf>) -> Ticket {
        self.0.request(SlotRequest::Import(path.into()))
    }
}
