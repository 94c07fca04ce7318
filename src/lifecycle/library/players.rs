//! What is kept of a player: written into a file, or erased; and who did what with what is kept.

use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy_session_journal::{AuditEntry, ErasureReceipt, RequestError, Ticket};
use tracing::info;

use crate::content::Order;
use crate::lifecycle::CurrentSession;
use crate::lifecycle::notifications::{AuditRead, PlayerErased, PlayerExported, notify};
use crate::lifecycle::requests::{check_text, finish, finish_if_asked, reject};
use crate::lifecycle::runtime::RuntimeParts;

/// Has a player erased, unless what is played is theirs.
pub(in crate::lifecycle) fn erase(
    parts: &mut RuntimeParts,
    world: &World,
    ticket: Ticket,
    player: &str,
) -> Result<(), RequestError> {
    check_text(player)?;
    let current = world.get_resource::<CurrentSession>();
    if let Some(current) = current.filter(|current| current.player() == Some(player)) {
        return Err(RequestError::SessionRunning { current: current.id() });
    }
    parts.order(Order::ErasePlayer { player: player.to_owned(), ticket });
    Ok(())
}

/// A player was erased, or not.
pub(in crate::lifecycle) fn erased(
    parts: &mut RuntimeParts,
    world: &mut World,
    result: Result<ErasureReceipt, RequestError>,
    ticket: Option<Ticket>,
) {
    match (result, ticket) {
        (Ok(receipt), ticket) => {
            let ErasureReceipt { files, bytes, pending, .. } = &receipt;
            info!(files, bytes, pending = pending.len(), "a player was erased");
            // Sessions of others say something else of themselves, and slots are gone.
            parts.order(Order::Refresh);
            notify(world, PlayerErased { receipt, ticket });
            finish_if_asked(world, ticket);
        }
        (Err(error), Some(ticket)) => reject(world, ticket, error),
        // The next cleanup tries again.
        (Err(_), None) => {}
    }
}

/// Has all that is kept of a player written into a file.
pub(in crate::lifecycle) fn export(
    parts: &mut RuntimeParts,
    ticket: Ticket,
    player: &str,
    path: &Path,
) -> Result<(), RequestError> {
    check_text(player)?;
    let (player, path) = (player.to_owned(), path.to_owned());
    parts.order(Order::ExportPlayer { player, path, ticket });
    Ok(())
}

/// All that is kept of a player was written into a file, or not.
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

/// The audit log was read, or not.
pub(in crate::lifecycle) fn audited(
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
