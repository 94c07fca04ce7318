//! Sessions that are archived or pruned automatically: at their end, or because no rule keeps them.

use bevy::prelude::*;
use bevy_session_journal::{Archived, Retention};

use crate::lifecycle::{
    CleanupPolicy, CurrentSession, SessionCatalog, SessionCommandsExt, SessionEnded,
};
use crate::plugin::{SessionLast, SessionSystems};

/// The part of a session that is archived when it ends.
#[derive(Resource, Clone, Copy)]
struct ArchivedAtEnd(Archived);

pub(super) fn archive_at_end(app: &mut App, what: Archived) {
    if !app.world().contains_resource::<ArchivedAtEnd>() {
        app.add_observer(archive);
    }
    // A cleanup archives those that ended in a process that died before it could do that.
    app.world_mut().get_resource_or_init::<CleanupPolicy>().archive_ended = Some(what);
    app.insert_resource(ArchivedAtEnd(what));
}

fn archive(
    ended: On<SessionEnded>,
    what: Res<ArchivedAtEnd>,
    mut policy: ResMut<CleanupPolicy>,
    mut commands: Commands,
) {
    // Without its last checkpoint on disk, the archive would hold an older one.
    if ended.complete {
        commands.session().library().archive(ended.session, what.0);
    } else {
        policy.incomplete.insert(ended.session);
    }
}

/// True until the rules were followed: those of [`CleanupPolicy`], which an operator's file may have replaced.
#[derive(Resource)]
struct AfterStart;

pub(super) fn prune_after_start(app: &mut App, retention: Retention) {
    if !app.world().contains_resource::<AfterStart>() {
        let is_due = resource_exists::<AfterStart>
            .and_then(resource_exists::<CurrentSession>)
            .and_then(sessions_are_known);
        app.add_systems(SessionLast, prune.before(SessionSystems::Requests).run_if(is_due));
    }
    app.world_mut().get_resource_or_init::<CleanupPolicy>().retention = Some(retention);
    app.insert_resource(AfterStart);
}

fn sessions_are_known(catalog: Res<SessionCatalog>) -> bool {
    catalog.is_verified()
}

fn prune(policy: Res<CleanupPolicy>, catalog: Res<SessionCatalog>, mut commands: Commands) {
    let preview = policy.retention.as_ref().map(|rules| catalog.preview(rules));
    if let Some(preview) = preview.filter(|preview| !preview.sessions.is_empty()) {
        commands.session().library().prune(preview);
    }
    commands.remove_resource::<AfterStart>();
}
