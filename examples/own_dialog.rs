//! Demonstrates a recovery dialog of one's own, in a terminal. The game runs while the player thinks.
//!
//! `cargo run --example own_dialog` counts seconds. Kill it with `kill -9`, run it again, and answer.

#![expect(clippy::print_stdout, reason = "it talks to people")]

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy::time::common_conditions::on_real_timer;
use bevy_session::prelude::*;

#[derive(Resource, TypePath, Clone, Default, serde::Serialize, serde::Deserialize)]
struct Seconds(u32);

/// Lines that the player types, read on a thread of its own.
#[derive(Resource)]
struct Answers(Mutex<Receiver<String>>);

fn main() -> AppExit {
    let second = Duration::from_secs(1);
    App::new()
        .add_plugins(MinimalPlugins.set(ScheduleRunnerPlugin::run_loop(second / 60)))
        .add_plugins(SessionPlugin::new("bevy_session", "Own Dialog").development(false))
        .insert_resource(Answers(Mutex::new(read_lines())))
        .init_resource::<Seconds>()
        .save_resource::<Seconds>()
        .add_observer(start)
        .add_observer(|_: On<SessionRecovered>, at: Res<Seconds>| println!("Back at {}.", at.0))
        .add_systems(Update, show_dialog.run_if(on_message::<RecoveryAvailable>))
        .add_systems(Update, answer.run_if(recovery_is_pending.and_then(not(session_is_active))))
        .add_systems(Update, count.run_if(session_is_active.and_then(on_real_timer(second))))
        .run()
}

fn read_lines() -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        let typed = std::io::stdin().lines().map_while(Result::ok);
        typed.map(|line| sender.send(line)).all(|sent| sent.is_ok())
    });
    lines
}

fn show_dialog(offers: Res<RecoveryOffers>) {
    let Some(offer) = offers.offers().first() else { return };
    println!("\"{}\" ended badly: {:?}.", offer.session.name, offer.cause);
    println!("{:?} of play are lost. Choose with r, or r and a number:", offer.unsaved.time);
    for (number, checkpoint) in offer.checkpoints.iter().enumerate() {
        println!("  {number}: {:?} played, {:?}", checkpoint.play_time, checkpoint.kind);
    }
    println!("Anything else starts a new session.");
}

/// Answers the offer that is shown. Others stay in `RecoveryOffers`.
fn answer(answers: Res<Answers>, offers: Res<RecoveryOffers>, mut commands: Commands) {
    let Some(offer) = offers.offers().first() else { return };
    let Some(typed) = answers.0.lock().ok().and_then(|lines| lines.try_recv().ok()) else { return };
    let number = typed.strip_prefix('r').map(|number| number.trim().parse::<usize>().ok());
    let chosen = number.flatten().and_then(|number| offer.checkpoints.get(number));
    let chosen = chosen.map(|chosen| offer.restore_at(chosen.id));
    match chosen.or_else(|| offer.restore_from()) {
        Some(from) if number.is_some() => commands.session().recover(offer.session.id, from),
        _ => {
            commands.session().decline(offer);
            commands.session().start(NewSession::named("Counting"))
        }
    };
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
