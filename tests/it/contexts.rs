//! The program and machine that a session was played with, and their differences when it is resumed.

// Feature: A resume with another build, machine or list of mods is reported.
// Page: guide/ends-and-lists.md#another-build-another-machine
// Feature: A session's context has the network that the game names, without an address.
// Page: guide/reports.md

use bevy::prelude::*;
use bevy_session::hints::{HintGiven, SessionHint};
use bevy_session::library::{ContextChanged, ContextPart, SessionNetwork};
use bevy_session::prelude::*;
use bevy_session::{GameContext, MemoryDisk};

use crate::common::*;

fn game_on(disk: &MemoryDisk, version: &str, graphics: &str, mods: &[&str]) -> App {
    let context = GameContext {
        build_id: "a1b2".to_owned(),
        graphics: graphics.to_owned(),
        mods: mods.iter().map(|name| (*name).to_owned()).collect(),
        settings_hash: Some(7),
        ..default()
    };
    let mut app = game_with(plugin(disk).version(version).context(context), |app| {
        listen::<ContextChanged>(app);
        listen::<HintGiven>(app);
        listen::<CheckpointFailed>(app);
        listen::<SessionRestored>(app);
    });
    frames(&mut app, 2);
    app
}

#[test]
fn a_resume_with_another_machine_build_or_mod_is_reported() {
    let disk = MemoryDisk::default();
    let mut app = game_on(&disk, "1.0", "Llvmpipe", &["fish"]);
    start(&mut app, "Moved");
    let session = app.world().resource::<CurrentSession>();
    let (id, context) = (session.id(), session.context().clone());
    assert_eq!((&*context.build_id, &*context.graphics), ("a1b2", "Llvmpipe"));
    assert!(!context.os.is_empty() && context.bevy_version == "0.20", "{context:?}");
    for (graphics, mods, expected) in [
        ("Llvmpipe", &["fish"][..], &[][..]),
        ("Radeon", &["fish", "ships"], &[ContextPart::Graphics, ContextPart::Mods]),
        ("Llvmpipe", &[], &[ContextPart::Mods]),
    ] {
        let disk = disk.snapshot();
        let mut app = game_on(&disk, "1.0", graphics, mods);
        let listed = app.world().resource::<SessionCatalog>().get(id).unwrap().clone();
        assert_eq!(listed.session.context.build_id, "a1b2", "lists have it as well");
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        frames(&mut app, 4);
        assert_eq!(received::<SessionRestored>(&app).len(), 1);
        let changed = received::<ContextChanged>(&app).pop();
        let parts = changed.as_ref().map(|changed| &*changed.parts).unwrap_or_default();
        assert_eq!(parts, expected);
        let current = app.world().resource::<CurrentSession>().context();
        assert_eq!(current.graphics, graphics, "it is what the session is played with now");
        if let Some(changed) = changed {
            assert_eq!(
                (&changed.before.graphics, &changed.now.graphics),
                (&context.graphics, &current.graphics)
            );
        }
    }
    let mut app = game_on(&disk.snapshot(), "1.1", "Llvmpipe", &["fish"]);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 4);
    assert_eq!(received::<ContextChanged>(&app)[0].parts, [ContextPart::GameVersion]);
}

#[test]
fn a_session_says_over_which_network_it_is_played() {
    let disk = MemoryDisk::default();
    let game_over = |disk: &MemoryDisk, network: Option<SessionNetwork>| {
        let context = GameContext { network, ..default() };
        let mut app = game_with(plugin(disk).context(context), |app| {
            listen::<ContextChanged>(app);
            listen::<HintGiven>(app);
        });
        frames(&mut app, 2);
        app
    };
    let online = SessionNetwork::online("eu-west");
    let mut app = game_over(&disk, Some(online.clone()));
    start(&mut app, "Raid");
    let id = app.world().resource::<CurrentSession>().id();

    let mut app = game_over(&disk.snapshot(), Some(SessionNetwork::offline()));
    assert_eq!(entry(&app, id).session.context.network, Some(online), "lists have it");
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 4);
    let current = app.world().resource::<CurrentSession>().context();
    assert_eq!(
        current.network,
        Some(SessionNetwork::offline()),
        "it is what it is played over now"
    );
    assert!(received::<ContextChanged>(&app).is_empty(), "nothing is amiss offline");

    let long = "x".repeat(600);
    let mut app = game_over(&MemoryDisk::default(), Some(SessionNetwork::online(&long)));
    let hints = received::<HintGiven>(&app);
    let [HintGiven { hint: SessionHint::ContextTooLong { fields }, .. }] = &hints[..] else {
        panic!("{hints:?}");
    };
    assert_eq!(fields, &["network"]);
    start(&mut app, "Far away");
    let current = app.world().resource::<CurrentSession>().context();
    assert_eq!(current.network, Some(SessionNetwork::online(&long[..512])));
}

/// Each segment begins with what the game says of itself, and a segment that can't begin is a session that isn't saved.
#[test]
fn a_game_with_65536_mods_is_recovered_and_a_changed_mod_reported() {
    let mods: Vec<String> = (0..65_536).map(|number| format!("{number:01024}")).collect();
    let mut mods: Vec<&str> = mods.iter().map(String::as_str).collect();
    let disk = MemoryDisk::default();
    let mut app = game_on(&disk, "1.0", "Llvmpipe", &mods);
    let hints = received::<HintGiven>(&app);
    let [HintGiven { hint: SessionHint::ContextTooLong { fields }, .. }] = &hints[..] else {
        panic!("{hints:?}");
    };
    assert_eq!(fields, &["mods"]);
    start(&mut app, "Modded");
    let id = app.world().resource::<CurrentSession>().id();
    assert!(received::<CheckpointFailed>(&app).is_empty());

    let disk = disk.snapshot();
    for (removed, expected) in [(None, &[][..]), (Some(65_535), &[ContextPart::Mods])] {
        if let Some(place) = removed {
            mods.remove(place);
        }
        let mut app = game_on(&disk.snapshot(), "1.0", "Llvmpipe", &mods);
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        frames(&mut app, 4);
        assert_eq!(received::<SessionRestored>(&app).len(), 1);
        let changed = received::<ContextChanged>(&app).pop();
        assert_eq!(changed.map(|changed| changed.parts).unwrap_or_default(), expected);
    }
}
