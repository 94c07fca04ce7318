//! What is kept of players: exported, erased, and the audit log of who did that.

use std::path::PathBuf;

use bevy::prelude::*;
use bevy_session_journal::internal::write::Erased;
use bevy_session_journal::{AuditEntry, RequestError, Ticket};

use crate::consent::Consent;
use crate::lifecycle::notifications::{AuditRead, PlayerErased, PlayerExported, notify};
use crate::lifecycle::requests::{finish, reject};
use crate::lifecycle::transitions::profiles::CurrentProfile;

/// Everything that is kept of a player was written into a file, or not.
pub(in crate::lifecycle) fn exported(
    world: &mut World,
    path: PathBuf,
    result: Result<u64, RequestError>,
    ticket: Ticket,
) {
    match result {
        Ok(bytes) => {
            notify(world, PlayerExported { path, bytes });
            finish(world, ticket);
        }
        Err(error) => reject(world, ticket, error),
    }
}

/// A player was erased, or not. Each session and slot that is gone was reported before.
pub(in crate::lifecycle) fn erased(
    world: &mut World,
    player: String,
    result: Result<Box<Erased>, RequestError>,
    ticket: Ticket,
) {
    match result {
        Ok(erased) => {
            let Erased { profile, answers_until, receipt } = *erased;
            let current = world.get_resource::<CurrentProfile>().map(CurrentProfile::name);
            let until = answers_until.filter(|_| current == Some(&*profile));
            if let (Some(until), Some(mut consent)) = (until, world.get_resource_mut::<Consent>()) {
                consent.forget(&player, until);
            }
            notify(world, PlayerErased { player, receipt });
            finish(world, ticket);
        }
        Err(error) => reject(world, ticket, error),
    }
}

/// The newest entries of the audit log were read, or not.
pub(in crate::lifecycle) fn audit_read(
    world: &mut World,
    result: Result<(Vec<AuditEntry>, usize), RequestError>,
    ticket: Ticket,
) {
    match result {
        Ok((entries, total)) => {
            notify(world, AuditRead { entries, total, ticket });
            finish(world, ticket);
        }
        Err(error) => reject(world, ticket, error),
    }
}
