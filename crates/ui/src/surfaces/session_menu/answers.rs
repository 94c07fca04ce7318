//! Answers to the menu's requests.

use bevy::prelude::*;
use bevy_session::library::{SessionCopied, SessionMoved, SessionPurged, SessionUpdated};
use bevy_session::recovery::{CorruptionDetected, RestoreCancelled};
use bevy_session::requests::{CurrentRequest, Request};
use bevy_session::slots::{SlotRenamed, SlotRequest};
use bevy_session::{
    RecoveryFailed, RequestRejected, SessionCatalog, SessionRestored, SessionStarted,
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

pub(super) fn restore_cancelled(_: On<RestoreCancelled>, mut menu: ResMut<SessionMenu>) {
    menu.loading = None;
}

pub(super) fn session_updated(updated: On<SessionUpdated>, mut menu: ResMut<SessionMenu>) {
    menu.unconfirmed.updated(updated.session);
}

pub(super) fn session_moved(moved: On<SessionMoved>, mut menu: ResMut<SessionMenu>) {
    menu.unconfirmed.moved(moved.session);
}

pub(super) fn session_purged(forgotten: On<SessionPurged>, mut menu: ResMut<SessionMenu>) {
    menu.unconfirmed.moved(forgotten.session);
}

/// The copy is what is chosen now.
pub(super) fn session_copied(
    copied: On<SessionCopied>,
    catalog: Res<SessionCatalog>,
    undo_time: Res<UndoTime>,
    mut menu: ResMut<SessionMenu>,
    mut commands: Commands,
) {
    if !menu.unconfirmed.copied(copied.from) || !menu.is_open {
        return;
    }
    end_toast(&mut menu, &mut commands);
    let name = catalog.get(copied.session).map(|entry| entry.session.name.clone());
    let name = shortened(&name.unwrap_or_default(), 48);
    menu.toast = Some(Toast { said: Said::Copied, name, left: undo_time.0, undo: None });
    menu.chosen = Some(EntryId::Session(copied.session));
    menu.wants_focus = Some(Does::Play);
}

pub(super) fn slot_renamed(renamed: On<SlotRenamed>, mut menu: ResMut<SessionMenu>) {
    menu.unconfirmed.renamed(renamed.slot.id);
}

/// Takes back an edit that was shown as done, and shows why it failed.
pub(super) fn request_rejected(rejected: On<RequestRejected>, mut menu: ResMut<SessionMenu>) {
    let was_edit = menu.unconfirmed.take_back(&rejected.request);
    let was_asked_for = menu.loading.as_ref() == Some(&rejected.request);
    let was_deletion = matches!(rejected.request, Request::Slot(SlotRequest::Delete(_)));
    let was_of_played = matches!(
        rejected.request,
        Request::Current(
            CurrentRequest::Pause | CurrentRequest::Resume | CurrentRequest::End { .. }
        )
    );
    if menu.is_open && (was_edit || was_asked_for || was_deletion || was_of_played) {
        menu.fail(Failure::Rejected(rejected.error.clone()));
    }
}

/// Shows that what was being loaded is damaged. No request is rejected then.
pub(super) fn corruption_detected(found: On<CorruptionDetected>, mut menu: ResMut<SessionMenu>) {
    if menu.is_loading(found.session) {
        menu.fail(Failure::Damaged);
    }
}

/// Shows that nothing of what is being loaded can be restored. No request is rejected then.
pub(super) fn recovery_failed(failed: On<RecoveryFailed>, mut menu: ResMut<SessionMenu>) {
    if menu.is_loading(failed.session) {
        menu.fail(Failure::Unrecoverable(failed.error.clone()));
    }
}
