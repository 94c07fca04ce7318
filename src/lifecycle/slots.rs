//! Saving to slots and loading them, on the main thread.

pub(super) mod saving;

use bevy::prelude::*;
use bevy_session_journal::internal::write::{SlotDone, SlotOrder};
use bevy_session_journal::{AttachmentError, SlotError, Ticket};
use tracing::{error, info};

use super::SessionCatalog;
use super::attachments::attached;
use super::notifications::{SlotCopied, SlotDeleted, SlotImported, SlotRenamed, SlotSaved, notify};
use super::requests::{finish_if_asked, reject};
use saving::slot_failed;

/// Handles the result of an operation on slots.
pub(super) fn slot_done(
    world: &mut World,
    order: SlotOrder,
    result: Result<SlotDone, SlotError>,
    ticket: Option<Ticket>,
) {
    let done = match result {
        Ok(done) => done,
        Err(error) => return report_failure(world, order, error, ticket),
    };
    let mut catalog = world.get_resource_or_init::<SessionCatalog>();
    match (order, done) {
        (SlotOrder::Delete { slot }, _) => {
            catalog.remove_slots(&[slot]);
            info!(%slot, "slot deleted");
            notify(world, SlotDeleted { slot, ticket });
        }
        (SlotOrder::Attach { session, checkpoint, attachment }, _) => {
            attached(world, session, checkpoint, attachment.name);
        }
        (_, SlotDone::Deleted | SlotDone::Attached) => {}
        (order, SlotDone::Written { entry, replaced }) => {
            catalog.remove_slots(replaced.as_slice());
            let slot = *entry;
            catalog.put_slot(slot.clone());
            info!(name = slot.name, slot = %slot.id, "slot written");
            match order {
                SlotOrder::Copy { slot: from, .. } => {
                    notify(world, SlotCopied { from, slot, ticket });
                }
                SlotOrder::Rename { .. } => notify(world, SlotRenamed { slot, ticket }),
                SlotOrder::Import { path } => notify(world, SlotImported { path, slot, ticket }),
                SlotOrder::Save { .. } => notify(world, SlotSaved { slot, ticket }),
                _ => {}
            }
        }
    }
    finish_if_asked(world, ticket);
}

fn report_failure(world: &mut World, order: SlotOrder, error: SlotError, ticket: Option<Ticket>) {
    error!(?order, %error, "a request about a slot failed");
    let error = match order {
        SlotOrder::Save { slot, session, checkpoint } => {
            let checkpoint = Some(checkpoint).filter(|_| error != SlotError::CheckpointNotSaved);
            return slot_failed(world, (session, slot, checkpoint), error, ticket);
        }
        SlotOrder::Attach { .. } => AttachmentError::from(error).into(),
        _ => error.into(),
    };
    // Without a ticket the slot is there as it was, and no one asked.
    if let Some(ticket) = ticket {
        reject(world, ticket, error);
    }
}
