//! Changing to another session, or to an earlier moment of the same one. All changes take the same
//! steps: the checkpoint is read first, while the game continues; then the played session is left;
//! then the checkpoint is restored.

pub(super) mod backups;
pub(super) mod beginning_worlds;
pub(super) mod branching;
pub(super) mod drafts;
pub(super) mod ending;
pub(super) mod forking;
pub(super) mod leaving;
pub(super) mod loading;
pub(super) mod menus;
pub(super) mod profiles;
pub(super) mod restoring;
pub(super) mod rewinding;
pub(super) mod starting;
pub(super) mod take_up;
pub(super) mod whereabouts;
