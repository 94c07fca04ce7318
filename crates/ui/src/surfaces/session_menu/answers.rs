//! Answers to the menu's requests.

use bevy::prelude::*;
use bevy_session::library::SessionCopied;
use bevy_session::recovery::{CorruptionDetected, RestoreCancelled};
use bevy_session::{
    RecoveryFailed, RequestDone, RequestRejected, SessionCatalog, SessionRestored, SessionStarted,
};

use super::act::{close, end_toast};
use super::state::{Does, EntryId, Failure, Said, SessionMenu, Toast, UndoTime};
use crate::surfaces::describe::shortened;

pub(super) fn session_restored(
    _: On<SessionRestored>,
    mut menu: ResMut<SessionMenu>,
    mut commands: Commands,
) {
    close(&mut menu, &mut commands);
}

/// A game may also start one of its own accord, below a menu in which the player does something else.
pub(super) fn session_started(
    _: On<SessionStarted>,
    mut menu: ResMut<SessionMenu>,
    mut commands: Commands,
) {
    if menu.loading.is_some() {
        close(&mut menu, &mut commands);
    }
}

pub(super) fn restore_cancelled(cancelled: On<RestoreCancelled>, mut menu: ResMut<SessionMenu>) {
    menu.stop_loading(cancelled.ticket);
}

pub(super) fn request_done(done: On<RequestDone>, mut menu: ResMut<SessionMenu>) {
    menu.unconfirmed.answered(done.ticket);
}

/// The copy is what is chosen now.
pub(super) fn session_copied(
    copied: On<SessionCopied>,
    catalog: Res<SessionCatalog>,
    undo_time: Res<UndoTime>,
    mut menu: ResMut<SessionMenu>,
    mut commands: Commands,
) {
    if !menu.unconfirmed.copies(copied.from) || !menu.is_open {
        return;
    }
    end_toast(&mut menu, &mut commands);
    let name = catalog.get(copied.session).map(|entry| entry.session.name.clone());
    let name = shortened(&name.unwrap_or_default(), 48);
    menu.toast = Some(Toast { said: Said::Copied, name, left: undo_time.0, undo: None });
    menu.chosen = Some(EntryId::Session(copied.session));
    menu.wants_focus = Some(Does::Play);
}

/// Takes back an edit that was shown as done, and shows why it failed. What others asked for is their concern.
pub(super) fn request_rejected(rejected: On<RequestRejected>, mut menu: ResMut<SessionMenu>) {
    let Some(ticket) = rejected.ticket else { return };
    let was_asked_for = menu.unconfirmed.answered(ticket);
    let was_loading = menu.stop_loading(ticket);
    if menu.is_open && (was_asked_for || was_loading) {
        menu.fail(Failure::Rejected(rejected.error.clone()));
    }
}

/// Shows that what was being loaded is damaged. No request is rejected then.
pub(super) fn corruption_detected(found: On<CorruptionDetected>, mut menu: ResMut<SessionMenu>) {
    if menu.is_loading(found.session) {
        menu.loading = None;
        menu.fail(Failure::Damaged);
    }
}

/// Shows that nothing of what is being loaded can be restored. No request is rejected then.
pub(super) fn recovery_failed(failed: On<RecoveryFailed>, mut menu: ResMut<SessionMenu>) {
    if menu.is_loading(failed.session) {
        menu.loading = None;
        menu.fail(Failure::Unrecoverable(failed.error.clone()));
    }
}
