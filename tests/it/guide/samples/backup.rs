use bevy::prelude::*;
use bevy_session::prelude::*;

/// The backup that the server is started with, by a flag for one start only.
#[derive(Resource)]
struct GoBackTo(String);

/// In place of `add_systems(Startup, begin)`.
fn backups(app: &mut App) {
    let goes_on = begin.run_if(not(resource_exists::<GoBackTo>));
    app.add_systems(Startup, goes_on).add_systems(Update, give_up_if_nothing_is_found).add_observer(go_back);
}

fn begin(mut commands: Commands) {
    commands.session().start_or_continue(NewSession::named("World"));
}

fn go_back(
    _: On<SessionsFound>,
    backup: Option<Res<GoBackTo>>,
    catalog: Res<SessionCatalog>,
    mut exit: MessageWriter<AppExit>,
    mut commands: Commands,
) {
    let Some(GoBackTo(name)) = backup.as_deref() else { return };
    match catalog.slots().iter().find(|slot| slot.name == *name) {
        Some(slot) => drop(commands.session().slots().load(slot.id)),
        None => {
            error!("there is no backup {name}");
            exit.write(AppExit::from_code(3));
        }
    }
    commands.remove_resource::<GoBackTo>();
}

/// Where sessions can't be listed, `SessionsFound` isn't sent.
fn give_up_if_nothing_is_found(
    backup: Option<Res<GoBackTo>>,
    time: Res<Time<Real>>,
    mut exit: MessageWriter<AppExit>,
) {
    if backup.is_some() && time.elapsed_secs() > 30.0 {
        error!("the backups can't be listed");
        exit.write(AppExit::from_code(3));
    }
}
