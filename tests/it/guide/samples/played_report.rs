use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::replay::{Replay, ReplayError, ReplayManner, ReplayStep};

// The game's app, but for the window and for what starts or continues sessions.
fn build(session: SessionPlugin) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, session));
    app
}

fn main() -> Result<(), ReplayError> {
    let mut playback = Replay::open("crash-report.tar")?.play(build, ReplayManner::Exact)?;
    loop {
        match playback.step()? {
            ReplayStep::Panicked { message } => {
                println!("it panics again at frame {:?}: {message}", playback.frame());
                break;
            }
            ReplayStep::End => break,
            _ => {}
        }
    }
    Ok(())
}
