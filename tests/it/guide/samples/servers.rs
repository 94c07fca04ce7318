use std::{path::Path, time::Duration};

use bevy::app::ScheduleRunnerPlugin;
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy_session::RequestError;
use bevy_session::prelude::*;

fn main() -> AppExit {
    server(Path::new("/var/lib/hop")).run()
}

fn server(data: &Path) -> App {
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins.set(ScheduleRunnerPlugin::run_loop(Duration::from_secs(1) / 60)),
        LogPlugin::default(),
        SessionPlugin::new("Studio", "Hop").directory(data),
    ));
    app.save_component::<Name>()
        .add_systems(Startup, begin)
        .add_observer(new_world)
        .add_observer(refused)
        .add_observer(unreadable);
    app
}

fn begin(mut commands: Commands) {
    commands.session().start_or_continue(NewSession::named("World"));
}

fn new_world(_: On<SessionStarted>, mut commands: Commands) {
    commands.spawn((Saved, Name::new("the old oak")));
}

fn refused(rejected: On<RequestRejected>, mut commands: Commands) {
    if rejected.error != RequestError::Exiting {
        commands.run_system_cached(give_up);
    }
}

fn unreadable(failed: On<RecoveryFailed>, mut commands: Commands) {
    if failed.ticket.is_some() {
        commands.run_system_cached(give_up);
    }
}

fn give_up(session: Option<Res<CurrentSession>>, mut exit: MessageWriter<AppExit>) {
    if session.is_none() {
        exit.write(AppExit::from_code(3));
    }
}
