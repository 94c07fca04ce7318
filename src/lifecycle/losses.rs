//! Logs what a restore loses.

use std::collections::HashSet;

use bevy::prelude::*;
use tracing::warn;

use super::notifications::RestorePrepared;

/// The types that were logged as lost by a restore.
#[derive(Resource, Default)]
pub(crate) struct LossesLogged(HashSet<String>);

/// Logs the values of a checkpoint that a restore can't use, once for each type.
pub(crate) fn log_losses_once(prepared: On<RestorePrepared>, mut logged: ResMut<LossesLogged>) {
    for loss in &prepared.losses {
        if logged.0.insert(loss.type_path.clone()) {
            let type_path = &loss.type_path;
            let page = "docs/guide/versions.md";
            warn!(type_path, reason = ?loss.reason, page, "values of a type aren't restored");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::restore::{RestoreLoss, RestoreLossReason};
    use bevy_session_journal::{CheckpointId, RunId, SessionId};

    #[test]
    fn each_type_is_logged_once() {
        let mut app = App::new();
        app.init_resource::<LossesLogged>().add_observer(log_losses_once);
        let loss = |type_path: &str| RestoreLoss {
            type_path: type_path.to_owned(),
            rows: 1,
            reason: RestoreLossReason::UnknownType,
        };
        for types in [&["a", "b"][..], &["b", "c"], &["a", "b", "c"]] {
            app.world_mut().trigger(RestorePrepared {
                session: SessionId::random(),
                checkpoint: CheckpointId { run: RunId(1), counter: 1 },
                losses: types.iter().map(|path| loss(path)).collect(),
            });
        }
        assert_eq!(app.world().resource::<LossesLogged>().0.len(), 3);
    }
}
