//! What is left to do after a panic that somebody caught.

use bevy::prelude::*;
use tracing::error;

use super::CurrentSession;
use super::activity::{SessionActivity, set_activity};
use super::notifications::{RequestRejected, SavingStopped, notify};
use super::request_queue::RequestQueue;
use crate::session::{RequestError, StopReason};

/// Says once that nothing is saved any more, and answers requests from now on.
///
/// One of the game's observers or hooks panicked in the middle of our work, and what we remember
/// went with it: it may have been half of a checkpoint or of a restore, and going on from there
/// could put a world that never was above one that was.
pub(super) fn tell_that_saving_stopped(world: &mut World, told: &mut bool) {
    if !std::mem::replace(told, true) {
        let reason = StopReason::Panicked;
        let session = world.remove_resource::<CurrentSession>().map(|current| current.id());
        error!(?session, "a panic was caught that came through the plugin: nothing is saved now");
        set_activity(world, |activity| *activity = SessionActivity::default());
        notify(world, SavingStopped { session, reason });
    }
    while let Some(request) = world.get_resource_or_init::<RequestQueue>().0.pop_front() {
        notify(world, RequestRejected { request, error: RequestError::SavingStopped });
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use bevy::ecs::message::Messages;

    use super::*;
    use crate::lifecycle::run_frame;
    use crate::{NewSession, SessionCommandsExt, SessionPlugin, SessionStarted};

    #[derive(Resource, Default)]
    struct Told {
        stopped: u32,
        rejected: Vec<RequestError>,
    }

    #[test]
    fn a_game_that_catches_a_panic_of_its_observer_is_told_that_saving_stopped() {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, SessionPlugin::new("Tests", "Stopped").in_memory()))
            .init_resource::<Told>()
            .add_observer(|_: On<SessionStarted>| panic!("the observer's own"))
            .add_observer(|stopped: On<SavingStopped>, mut told: ResMut<Told>| {
                assert_eq!(stopped.reason, StopReason::Panicked);
                told.stopped += 1;
            })
            .add_observer(|rejected: On<RequestRejected>, mut told: ResMut<Told>| {
                told.rejected.push(rejected.error.clone());
            });
        app.finish();
        app.cleanup();
        app.world_mut().commands().session().start(NewSession::named("Interrupted"));
        app.world_mut().flush();
        assert!(catch_unwind(AssertUnwindSafe(|| app.update())).is_err());

        // Bevy drops the schedules through which a panic came. A game that has others goes on.
        let world = app.world_mut();
        for _ in 0..3 {
            world.commands().session().checkpoint("in vain");
            world.flush();
            world.run_system_cached(run_frame).unwrap();
        }
        let told = world.resource::<Told>();
        assert_eq!(told.stopped, 1);
        assert_eq!(told.rejected, vec![RequestError::SavingStopped; 3]);
        assert!(!world.contains_resource::<CurrentSession>());
        assert_eq!(world.resource::<Messages<SavingStopped>>().len(), 1);
    }
}
