use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::ends::SessionEnding;

fn plugin(app: &mut App) {
    app.on_session_end(say_where_we_are).add_observer(sum_up);
}

fn say_where_we_are(mut ending: ResMut<SessionEnding>) {
    ending.say("The party rests in Brindle");
}

fn sum_up(closed: On<SessionClosed>) {
    let summary = &closed.summary;
    info!("{:?} played, {} checkpoints", summary.played, summary.checkpoints);
}
