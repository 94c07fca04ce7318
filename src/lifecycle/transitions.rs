//! The ways from one session to another, or to an earlier moment of the same one. All of them go by one protocol: what
//! is wanted is read first, while the game goes on; then what is played is left; then the other one is put back.

pub(super) mod backups;
pub(super) mod beginning_worlds;
pub(super) mod branching;
pub(super) mod drafts;
pub(super) mod ending;
pub(super) mod forking;
pub(super) mod leaving;
pub(super) mod loading;
pub(super) mod profiles;
pub(super) mod restoring;
pub(super) mod rewinding;
pub(super) mod starting;
pub(super) mod take_up;
