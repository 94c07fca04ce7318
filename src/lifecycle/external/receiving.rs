//! Handles the answers of the provider and the game.

use std::time::Duration;

use bevy::prelude::*;
use tracing::warn;

use super::OpenRequest;
use super::asking::autosave_known;
use super::looking::{
    backup_not_validated, backup_validated, backups_listed, end_looking, go_on_looking,
};
use super::notifications::ExternalCallFailed;
use super::operations::finish_operation;
use super::requests::take_external_answers;
use crate::external_saves::{ExternalCall, ExternalCallError, ExternalOutcome, Reply};
use crate::lifecycle::SessionSettings;
use crate::lifecycle::notifications::notify;
use crate::lifecycle::runtime::RuntimeParts;

/// Handles the answers of the provider and the game.
pub(in crate::lifecycle) fn receive_external(parts: &mut RuntimeParts, world: &mut World) {
    if parts.external.is_none() {
        return;
    }
    take_external_answers(parts, world);
    let settings = world.get_resource_or_init::<SessionSettings>();
    let (patience, now) = (settings.patience.external, parts.time.now().elapsed);
    let Some(external) = &mut parts.external else { return };
    match external.asker.reply(now, patience) {
        None => {}
        Some(Reply::Autosave(autosave)) => autosave_known(parts, world, Some(autosave)),
        Some(Reply::Listed(saves)) => backups_listed(parts, world, saves),
        Some(Reply::Validated(save, result)) => backup_validated(parts, world, save, result),
        Some(Reply::Failed(call, error)) => external_call_failed(parts, world, call, error),
    }
    give_up_overdue(parts, world, patience);
    go_on_looking(parts, world, patience);
}

fn external_call_failed(
    parts: &mut RuntimeParts,
    world: &mut World,
    call: ExternalCall,
    error: ExternalCallError,
) {
    warn!(?call, %error, "a call of the game's save system failed");
    notify(world, ExternalCallFailed { call, error: error.clone() });
    match call {
        // Who doesn't know whether the game wants to save doesn't ask it to.
        ExternalCall::Autosave => autosave_known(parts, world, None),
        ExternalCall::List => end_looking(parts),
        ExternalCall::Validate => backup_not_validated(parts, &error),
    }
}

/// Gives up requests to the game that are overdue.
fn give_up_overdue(parts: &mut RuntimeParts, world: &mut World, patience: Duration) {
    let now = parts.time.now().elapsed;
    let is_over = |open: &OpenRequest| now.saturating_sub(open.asked_at) >= patience;
    loop {
        let Some(external) = &parts.external else { return };
        let overdue = external.open.iter().find(|open| is_over(open));
        let Some(request) = overdue.map(|overdue| overdue.request) else { return };
        finish_operation(parts, world, request, ExternalOutcome::TimedOut);
    }
}
