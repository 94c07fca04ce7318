use bevy::prelude::*;
use bevy_session::prelude::*;

/// The backup that the server is started with, by a flag of its own. In place of a `Startup` system that calls
/// `start_or_continue`.
#[derive(Resource)]
struct GoBackTo(String);

fn begin(
    _: On<SessionsFound>,
    backup: Option<Res<GoBackTo>>,
    catalog: Res<SessionCatalog>,
    mut exit: MessageWriter<AppExit>,
    mut commands: Commands,
) {
    let Some(GoBackTo(name)) = backup.as_deref() else {
        commands.session().start_or_continue(NewSession::named("World"));
        return;
    };
    match catalog.slots().iter().find(|slot| slot.name == *name) {
        Some(slot) => drop(commands.session().slots().load(slot.id)),
        None => {
            error!("there is no backup {name}");
            exit.write(AppExit::from_code(3));
        }
    }
    commands.remove_resource::<GoBackTo>();
}
