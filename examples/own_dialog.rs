//! Demonstrates a recovery dialog of one's own: all it takes are the notifications.
//!
//! `cargo run --example own_dialog` counts seconds. Kill it with `kill -9`, run it again, and answer.

#![expect(clippy::print_stdout, reason = "it talks to people")]

use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy::time::common_conditions::on_real_timer;
use bevy_session::prelude::*;

#[derive(Resource, TypePath, Clone, Default, serde::Serialize, serde::Deserialize)]
struct Seconds(u32);

fn main() -> AppExit {
    let second = Duration::from_secs(1);
    App::new()
        .add_plugins(MinimalPlugins.set(ScheduleRunnerPlugin::run_loop(second / 60)))
        .add_plugins(SessionPlugin::new("bevy_session", "Own Dialog").development(false))
        .init_resource::<Seconds>()
        .save_resource::<Seconds>()
        .add_observer(ask)
        .add_observer(start)
        .add_observer(|_: On<SessionRecovered>, at: Res<Seconds>| println!("Back at {}.", at.0))
        .add_systems(Update, count.run_if(session_is_active.and_then(on_real_timer(second))))
        .run()
}

fn ask(crash: On<RecoveryAvailable>, mut commands: Commands) {
    let offer = &crash.offer;
    println!("\"{}\" ended badly: {:?}.", offer.session.name, offer.cause);
    println!("{:?} of play are lost. Choose with r, or r and a number:", offer.unsaved.time);
    for (number, checkpoint) in offer.checkpoints.iter().enumerate() {
        println!("  {number}: {:?} played, {:?}", checkpoint.play_time, checkpoint.kind);
    }
    let mut answer = String::new();
    let is_yes = std::io::stdin().read_line(&mut answer).is_ok() && answer.starts_with('r');
    let number = answer.get(1..).and_then(|rest| rest.trim().parse().ok());
    let chosen = number.and_then(|number: usize| offer.checkpoints.get(number));
    let chosen = chosen.map(|chosen| RestoreFrom::Checkpoint(chosen.id));
    if is_yes && let Some(from) = chosen.or_else(|| offer.proposed.restore_from()) {
        commands.session().recover(offer.session.id, from);
        return;
    }
    commands.session().decline(offer.session.id);
    commands.session().start(NewSession::named("Counting"));
}

fn start(found: On<SessionsFound>, mut commands: Commands) {
    if found.offers == 0 {
        commands.session().start(NewSession::named("Counting"));
    }
}

fn count(mut seconds: ResMut<Seconds>) {
    seconds.0 += 1;
    println!("{}", seconds.0);
}
