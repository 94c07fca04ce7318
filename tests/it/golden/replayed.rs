//! Golden sessions in a replay, and golden slots in the kit for saves of earlier releases.

// Feature: Files of each version of the format are read and replayed; newer ones are left alone.

use std::path::Path;

use bevy::state::app::StatesPlugin;
use bevy_session::replay::{Replay, ReplayError, ReplayManner, ReplayStep};
use bevy_session::testing::assert_saves_load;

use super::*;

fn build(session: SessionPlugin, knows_relics: bool) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, StatesPlugin, session))
        .init_state::<Phase>()
        .init_resource::<Score>()
        .save_state::<Phase>()
        .save_component::<Name>()
        .register_type::<MemberOf>();
    if knows_relics {
        app.register_type::<Relic>().save_component::<Relic>();
    }
    app.world_mut().spawn((Name::new("Door"), Health(1), SaveKey::new("door")));
    app.world_mut().spawn((Name::new("Coin"), Health(1), SaveKey::new("coin")));
    app
}

fn directories(parent: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(parent) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
}

#[test]
fn sessions_of_each_version_are_replayed_by_their_keyframes() {
    for version in ["1.0", "1.1", "1.2", "1.3"] {
        let profile = golden(version).join("files/sessions/data/profiles/default");
        let (mut sessions, mut keyframes) = (0, 0);
        for directory in directories(&profile.join("sessions")) {
            let replay = match Replay::open(&directory) {
                // A draft, or one of which the archive kept no world.
                Err(ReplayError::NoCheckpoint { .. }) if version == "1.3" => continue,
                replay => replay.unwrap(),
            };
            let count = replay.keyframes().len();
            let mut playback =
                replay.play(|plugin| build(plugin, true), ReplayManner::Keyframes).unwrap();
            for _ in 1..count {
                let step = playback.step().unwrap();
                assert!(matches!(step, ReplayStep::Keyframe(_)), "{version}: {step:?}");
            }
            assert!(matches!(playback.step().unwrap(), ReplayStep::End));
            let world = playback.world();
            assert!(world.query::<&Health>().iter(world).next().is_some(), "{directory:?}");
            (sessions, keyframes) = (sessions + 1, keyframes + count);
        }
        assert!(sessions >= 5 && keyframes > sessions, "{version}: {sessions}, {keyframes}");
    }
}

#[test]
fn slots_of_each_version_load_and_lose_what_is_written_down() {
    for version in ["1.0", "1.1", "1.2", "1.3"] {
        let directory = tempfile::tempdir().unwrap();
        let slots = golden(version).join("files/sessions/data/profiles/default/slots");
        for slot in std::fs::read_dir(slots).unwrap() {
            let slot = slot.unwrap();
            if slot.path().extension().is_some_and(|it| it == "save") {
                std::fs::copy(slot.path(), directory.path().join(slot.file_name())).unwrap();
            }
        }
        assert_saves_load(directory.path(), |plugin| build(plugin, true));
    }
}

#[test]
fn archives_of_each_version_are_shown_by_themselves() {
    for version in ["1.0", "1.1", "1.2", "1.3"] {
        let sessions = golden(version).join("files/sessions/data/profiles/default/sessions");
        let files =
            directories(&sessions).into_iter().flat_map(|it| std::fs::read_dir(it).unwrap());
        let files = files.map(|entry| entry.unwrap().path());
        let mut shown = 0;
        for path in files.filter(|path| path.extension().is_some_and(|it| it == "archive")) {
            let replay = match Replay::open(&path) {
                // It has no world.
                Err(ReplayError::NoCheckpoint { .. }) if version == "1.3" => continue,
                replay => replay.unwrap(),
            };
            let mut playback =
                replay.play(|plugin| build(plugin, true), ReplayManner::Keyframes).unwrap();
            let world = playback.world();
            assert!(world.query::<&Health>().iter(world).next().is_some(), "{path:?}");
            shown += 1;
        }
        assert!(shown >= 1, "{version}");
    }
}
