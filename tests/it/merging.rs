//! Leaving while the writer merges, at every moment of it.

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::recovery::{CorruptionDetected, HowItEnded};
use bevy_session::{MemoryDisk, SessionsFound};

use crate::common::*;

/// Frames after the checkpoint with which merging begins. By then it is long over.
const MOMENTS: usize = 16;

fn journals(disk: &MemoryDisk) -> usize {
    let is_journal =
        |path: &&std::path::PathBuf| path.extension().is_some_and(|it| it == "journal");
    disk.paths().iter().filter(is_journal).count()
}

/// A game of so many types that merging takes a while, on the point of merging.
fn game_about_to_merge(disk: &MemoryDisk) -> App {
    let mut app = listening_game(disk);
    app.world_mut().spawn((Health(1), Inventory(vec![1, 2]), Name::new("Ada")));
    start(&mut app, "Merged");
    for checkpoint in 2..=8 {
        app.world_mut().resource_mut::<Score>().0 = checkpoint;
        request(&mut app, |commands| commands.session().checkpoint("on and on"));
        assert_eq!(journals(disk), 1, "nothing should be merged before checkpoint {checkpoint}");
        frames(&mut app, 1);
    }
    app
}

fn listening_game(disk: &MemoryDisk) -> App {
    game_with(plugin(disk), |app| {
        listen::<RecoveryAvailable>(app);
        listen::<CorruptionDetected>(app);
        listen::<SessionsFound>(app);
        listen::<SessionRestored>(app);
        listen::<SessionClosed>(app);
    })
}

#[test]
fn an_exit_at_any_time_of_a_merge_is_clean_and_loses_nothing() {
    let mut abandoned = 0;
    let mut completed = 0;
    for moment in 0..MOMENTS {
        let disk = MemoryDisk::default();
        let mut app = game_about_to_merge(&disk);
        frames(&mut app, moment);
        let before = journals(&disk);
        app.world_mut().resource_mut::<Score>().0 = 99;
        app.world_mut().write_message(AppExit::Success);
        app.update();
        drop(app);
        match (before, journals(&disk)) {
            // The exit's snapshot is in a separate segment.
            (2, 2) => abandoned += 1,
            _ => completed += 1,
        }

        let mut app = listening_game(&disk);
        frames(&mut app, 3);
        assert_eq!(received::<SessionsFound>(&app).len(), 1);
        assert!(received::<RecoveryAvailable>(&app).is_empty(), "after {moment} frames");
        assert!(received::<CorruptionDetected>(&app).is_empty(), "after {moment} frames");
        assert_eq!(app.world().resource::<PreviousRun>().ended, HowItEnded::Exited);
        let closed =
            app.world().resource::<SessionCatalog>().newest_to_continue().unwrap().session.id;
        request(&mut app, |commands| commands.session().continue_session(closed));
        frames(&mut app, 3);
        assert_eq!(
            received::<SessionRestored>(&app)[0].checkpoint.counter,
            9,
            "after {moment} frames"
        );
        assert_eq!(app.world().resource::<Score>().0, 99);
    }
    assert!(abandoned > 0 && completed > 0, "{abandoned} merges were abandoned, {completed} not");
}
