//! The next start of the game, which recovers what is offered, or else continues.

use std::sync::mpsc::channel;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::recovery::HowItEnded;

use super::Dead;
use crate::common::{Health, Score};
use crate::process::game;

/// The state that the next start found.
#[derive(Debug)]
pub struct NextStart {
    pub previous: HowItEnded,
    /// The causes of what was offered.
    pub offered: Vec<HowItEnded>,
    /// The checkpoint that the player is back at; `None` if there was nothing to go back to.
    pub checkpoint: Option<u64>,
}

#[derive(Resource, Default)]
struct Offered(Vec<HowItEnded>);

impl Dead {
    /// Starts the game again, and checks that all that was acknowledged comes back as it was.
    pub fn start_again(&self) -> NextStart {
        let mut app = game(self.directory.path());
        let (sender, receiver) = channel();
        let on_restored = sender.clone();
        let (on_closed, closed) = channel();
        app.init_resource::<Offered>()
            .add_observer(move |event: On<SessionClosed>| {
                let _ = on_closed.send(event.complete);
            })
            .add_observer(|event: On<RecoveryAvailable>, mut offered: ResMut<Offered>| {
                offered.0.push(event.offer.cause.clone());
            })
            .add_observer(
                move |_: On<SessionsFound>,
                      mut commands: Commands,
                      offers: Res<RecoveryOffers>,
                      catalog: Res<SessionCatalog>,
                      previous: Option<Res<PreviousRun>>,
                      mut exit: MessageWriter<AppExit>| {
                    if let Some(offer) = offers.offers().first() {
                        commands.session().recover(offer.session.id, RestoreFrom::Latest);
                    } else if let Some(closed) = catalog.newest_to_continue() {
                        commands.session().continue_session(closed.session.id);
                    } else {
                        let _ =
                            sender.send((previous.map(|it| it.ended.clone()), Vec::new(), None));
                        exit.write(AppExit::Success);
                    }
                },
            )
            .add_observer(
                move |event: On<SessionRestored>,
                      previous: Option<Res<PreviousRun>>,
                      offered: Res<Offered>,
                      score: Res<Score>,
                      health: Single<&Health>,
                      mut exit: MessageWriter<AppExit>| {
                    assert_eq!(health.0, 42);
                    let restored = Some((event.checkpoint.counter, score.0));
                    let previous = previous.map(|it| it.ended.clone());
                    let _ = on_restored.send((previous, offered.0.clone(), restored));
                    exit.write(AppExit::Success);
                },
            );
        app.run();
        let (previous, offered, restored) = receiver.recv().expect("it should get so far");
        match restored {
            Some((checkpoint, score)) => {
                self.memory.check(checkpoint, score);
                assert_eq!(closed.try_recv(), Ok(true), "it should leave in good order");
            }
            None => assert_eq!(self.memory.acknowledged, 0, "something was acknowledged"),
        }
        let checkpoint = restored.map(|(checkpoint, _)| checkpoint);
        let previous = previous.expect("the last run should be known");
        NextStart { previous, offered, checkpoint }
    }
}

impl NextStart {
    /// Asserts that the player notices nothing but where the game goes on.
    pub fn assert_exited(&self) {
        assert_eq!(self.previous, HowItEnded::Exited, "{self:?}");
        assert_eq!(self.offered, [], "an exit is no crash");
    }

    /// Asserts that it was a crash with this message, and hands out the panic.
    pub fn assert_crashed(&self, message: &str) -> &bevy_session::recovery::PanicInfo {
        let HowItEnded::Crashed(panic) = &self.previous else { panic!("{self:?}") };
        assert_eq!(panic.message, message);
        panic
    }
}
