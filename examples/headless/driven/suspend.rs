//! `die suspend`: what a phone does with a game.

use bevy::prelude::*;
use bevy_session::{CheckpointCaptured, CheckpointId, CurrentSession, SessionLast, SessionSystems};
use bevy_window::AppLifecycle;

use super::commands::kill;
use crate::report::{Line, Reporter};

/// The colony is suspended in the next frame, which is its last.
#[derive(Resource)]
pub struct Suspending;

/// The newest checkpoint that this run has captured.
#[derive(Resource, Default)]
struct NewestCaptured(Option<CheckpointId>);

pub fn plugin(app: &mut App) {
    app.add_message::<AppLifecycle>()
        .init_resource::<NewestCaptured>()
        .add_observer(|captured: On<CheckpointCaptured>, mut newest: ResMut<NewestCaptured>| {
            newest.0 = Some(captured.checkpoint);
        })
        .add_systems(First, announce.run_if(resource_exists::<Suspending>))
        .add_systems(
            SessionLast,
            end.after(SessionSystems::Run).run_if(on_message::<AppLifecycle>),
        );
}

/// As winit does: by the time that it sends its message, `WillSuspend` has become `Suspended`, and that frame is
/// the last one.
fn announce(mut phases: MessageWriter<AppLifecycle>) {
    phases.write(AppLifecycle::Suspended);
}

/// The plugin had its time. What it has on disk by now is what there will be.
fn end(session: Res<CurrentSession>, newest: Res<NewestCaptured>, reporter: Res<Reporter>) {
    let is_newest = |last: CheckpointId| newest.0.is_none_or(|newest| newest == last);
    if let Some(last) = session.last_checkpoint().filter(|last| is_newest(last.id)) {
        reporter.say(&Line::Suspended { checkpoint: last.id.counter });
    }
    kill();
}
