//! One process plays while another looks at everything, and plays and prunes another session.

use std::path::Path;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::library::StorageSettings;
use bevy_session::prelude::*;
use bevy_session::recovery::CorruptionDetected;
use bevy_session::{RecoveryFailed, RequestError};

use super::{KEEPSAKE, fight};
use crate::process::{Memory, game};
use crate::waiting::wait_until;

#[derive(Resource, Default)]
struct Looked {
    times: u32,
    newest: u64,
    refused: u32,
}

#[test]
fn a_process_listing_beside_a_writer_sees_no_false_state() {
    let directory = tempfile::tempdir().unwrap();
    let mut memory = Memory::default();
    let writer = fight(&["begin"], directory.path(), &mut memory);

    let mut menu = beside(directory.path());
    menu.init_resource::<Looked>().add_observer(look).add_observer(refused);
    let mut player = beside(directory.path());
    player.world_mut().insert_resource(SessionSettings {
        interval: Duration::from_millis(10),
        // Everything is over the quota, so all that may go goes, of all sessions.
        storage: StorageSettings {
            max_session_bytes: 1,
            max_total_bytes: 1,
            ..StorageSettings::default()
        },
        ..SessionSettings::default()
    });
    // Once the one has merged a few times, there is something to take away.
    let sessions = directory.path().join("data/profiles/default/sessions");
    wait_until(|| {
        menu.update();
        journals(&sessions) >= 4
    });
    player.world_mut().commands().session().start(NewSession::named("Beside"));
    wait_until(|| {
        menu.update();
        player.update();
        let own = player.world().get_resource::<CurrentSession>();
        let own = own.and_then(CurrentSession::last_checkpoint).map_or(0, |own| own.id.counter);
        let looked = menu.world().resource::<Looked>();
        own > 20 && looked.newest > 100 && looked.times > 20
    });
    let looked = menu.world().resource::<Looked>();
    assert!(looked.refused > looked.times, "what is played is left alone");
    drop((menu, player));

    let story = writer.kill();
    memory.listen(&story);
    assert!(story.of("failed").next().is_none(), "{story:?}");
    let story = fight(&["recover"], directory.path(), &mut memory).kill();
    memory.listen(&story);
    assert_eq!(story.of("named").collect::<Vec<_>>(), [KEEPSAKE], "it isn't theirs to prune");
}

/// The files of all sessions.
fn journals(sessions: &Path) -> usize {
    let directories = sessions.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let files = directories.flat_map(|directory| directory.read_dir().unwrap());
    let names = files.filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    names.filter(|name| name.ends_with(".journal")).count()
}

/// A game that hears of no trouble, since there is none.
fn beside(directory: &Path) -> App {
    let mut app = game(directory);
    app.add_observer(|event: On<RecoveryAvailable>| panic!("it is being played: {event:?}"))
        .add_observer(|event: On<CorruptionDetected>| panic!("it is whole: {event:?}"))
        .add_observer(|event: On<RecoveryFailed>| panic!("it is whole: {event:?}"))
        .add_observer(|event: On<CheckpointFailed>| panic!("nothing is in its way: {event:?}"));
    app.finish();
    app.cleanup();
    app
}

/// Looks at all sessions, tries everything with the other one's, and looks again.
fn look(
    _: On<SessionsFound>,
    catalog: Res<SessionCatalog>,
    mut looked: ResMut<Looked>,
    mut commands: Commands,
) {
    let entry = catalog.sessions().iter().find(|entry| entry.session.name == "World");
    let entry = entry.expect("the other session should be there");
    assert!(entry.in_use, "the other one plays it");
    let newest = entry.newest.expect("something of it is safe").counter;
    assert!(newest >= looked.newest, "{newest} after {}", looked.newest);
    looked.newest = newest;
    looked.times += 1;
    let other = entry.session.id;
    commands.session().recover(other, RestoreFrom::Latest);
    commands.session().continue_session(other);
    commands.session().decline(other);
    commands.session().library().purge(other);
    commands.session().library().find();
}

fn refused(rejected: On<RequestRejected>, mut looked: ResMut<Looked>) {
    let expected =
        matches!(rejected.error, RequestError::SessionInUse | RequestError::SessionRunning { .. });
    assert!(expected, "{rejected:?}");
    looked.refused += 1;
}
