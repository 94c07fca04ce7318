//! What is kept of players: exported, erased, and the audit log of who did that.

use std::path::PathBuf;

use bevy::prelude::*;
use bevy_session_journal::internal::model::session::ErasedConsent;
use bevy_session_journal::{AuditEntry, ErasureReceipt, RequestError, Ticket};

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

/// The answers of an erased player were removed.
pub(in crate::lifecycle) fn consent_erased(
    world: &mut World,
    profile: &str,
    erased: &ErasedConsent,
) {
    let current = world.get_resource::<CurrentProfile>().map(CurrentProfile::name);
    if current == Some(profile)
        && let Some(mut consent) = world.get_resource_mut::<Consent>()
    {
        consent.forget(erased);
    }
}

/// A player was erased, or not. Each session and slot that is gone was reported before.
pub(in crate::lifecycle) fn erased(
    world: &mut World,
    player: String,
    result: Result<Box<ErasureReceipt>, RequestError>,
    ticket: Ticket,
) {
    match result {
        Ok(receipt) => {
            if !receipt.is_complete_here()
                && let Some(mut consent) = world.get_resource_mut::<Consent>()
            {
                consent.expect_erasure(&player);
            }
            notify(world, PlayerErased { player, receipt: *receipt });
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
