//! `die suspend`: what a phone does with a game.

use bevy::prelude::*;
use bevy_session::{CurrentSession, SessionActivity, SessionLast, SessionSystems};
use bevy_window::AppLifecycle;

use super::commands::kill;
use crate::report::{Line, Reporter};

/// The colony is suspended in the next frame, which is its last.
#[derive(Resource)]
pub struct Suspending;

pub fn plugin(app: &mut App) {
    app.add_message::<AppLifecycle>()
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
fn end(session: Res<CurrentSession>, activity: Res<SessionActivity>, reporter: Res<Reporter>) {
    if let Some(last) = session.last_checkpoint().filter(|_| !activity.is_saving()) {
        reporter.say(&Line::Suspended { checkpoint: last.id.counter });
    }
    kill();
}
