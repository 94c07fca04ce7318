//! Handles requests after a panic that the game caught.

use bevy::prelude::*;
use bevy_session_journal::{RequestError, StopReason};
use tracing::error;

use crate::lifecycle::CurrentSession;
use crate::lifecycle::activity::{SessionActivity, set_activity};
use crate::lifecycle::notifications::{SavingStopped, notify};
use crate::lifecycle::requests::{RequestQueue, reject_all, reject_asked};

/// Reports once that nothing is saved any more, and answers requests from now on.
///
/// One of the game's observers or hooks panicked in the middle of the plugin's work, and the
/// plugin's state was lost with it: it may have been half of a checkpoint or of a restore, and
/// continuing from there could save a world that never was over one that was.
pub(in crate::lifecycle) fn report_that_saving_stopped(world: &mut World, reported: &mut bool) {
    if !std::mem::replace(reported, true) {
        let reason = StopReason::Panicked;
        let session = world.remove_resource::<CurrentSession>().map(|current| current.id());
        error!(
            ?session,
            "a panic interrupted the plugin: nothing is saved until the game is restarted"
        );
        set_activity(world, |activity| *activity = SessionActivity::default());
        notify(world, SavingStopped { session, reason });
    }
    for asked in world.get_resource_or_init::<RequestQueue>().take_all() {
        reject_asked(world, asked, RequestError::SavingStopped);
    }
    reject_all(world, None, &RequestError::SavingStopped);
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use bevy::ecs::message::Messages;

    use super::*;
    use crate::lifecycle::receive;
    use crate::{NewSession, RequestRejected, SessionCommandsExt, SessionPlugin, SessionStarted};

    #[derive(Resource, Default)]
    struct Heard {
        stopped: u32,
        rejected: Vec<RequestError>,
    }

    #[test]
    fn a_game_that_catches_a_panic_of_its_observer_learns_that_saving_stopped() {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, SessionPlugin::new("Tests", "Stopped").in_memory()))
            .init_resource::<Heard>()
            .add_observer(|_: On<SessionStarted>| panic!("the observer's own"))
            .add_observer(|stopped: On<SavingStopped>, mut heard: ResMut<Heard>| {
                assert_eq!(stopped.reason, StopReason::Panicked);
                heard.stopped += 1;
            })
            .add_observer(|rejected: On<RequestRejected>, mut heard: ResMut<Heard>| {
                heard.rejected.push(rejected.error.clone());
            });
        app.finish();
        app.cleanup();
        app.world_mut().commands().session().start(NewSession::named("Interrupted"));
        app.world_mut().flush();
        // The writer answers a turn after it was asked.
        let two_frames = AssertUnwindSafe(|| (app.update(), app.update()));
        assert!(catch_unwind(two_frames).is_err());

        // Bevy drops the schedules through which a panic came. A game that has others goes on.
        let world = app.world_mut();
        for _ in 0..3 {
            world.commands().session().checkpoint("in vain");
            world.flush();
            world.run_system_cached(receive).unwrap();
        }
        let heard = world.resource::<Heard>();
        assert_eq!(heard.stopped, 1);
        // The start that was interrupted, and what was asked for since.
        assert_eq!(heard.rejected, vec![RequestError::SavingStopped; 4]);
        assert!(!world.contains_resource::<CurrentSession>());
        assert_eq!(world.resource::<Messages<SavingStopped>>().len(), 1);
    }
}
