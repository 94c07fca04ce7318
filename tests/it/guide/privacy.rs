//! A player's data: exported, consented to, erased.

use bevy_session::MemoryDisk;
use bevy_session::consent::{Consent, Purpose};
use bevy_session::prelude::*;

use super::stage::{assert_said, game_on, said};
use crate::common::{frames, game_with, plugin};

mod exported {
    include!("samples/player_exported.rs");

    use crate::common::*;

    pub fn play(app: &mut App) {
        app.world_mut().run_system_cached(begin).unwrap();
        app.add_observer(exported);
        seconds(app, 1.0);
        close(app);
    }

    pub fn ask(app: &mut App) {
        request(app, export);
    }
}

mod erased {
    include!("samples/player_erased.rs");

    use crate::common::request;

    pub fn ask(app: &mut App) {
        app.add_observer(erased);
        request(app, erase);
    }
}

mod consent {
    include!("samples/consent.rs");

    pub fn tick(app: &mut App) -> bool {
        app.world_mut().run_system_cached(ticked).unwrap();
        app.world().resource::<Consent>().is_given(Purpose::Insights)
    }
}

#[test]
fn a_player_of_the_page_is_exported_and_then_erased() {
    let mut app = game_on(&MemoryDisk::default(), |_| {});
    exported::play(&mut app);
    assert_said(
        &said(|| {
            exported::ask(&mut app);
            frames(&mut app, 40);
        }),
        "steam-42.tar",
    );
    assert_eq!(app.world().resource::<SessionCatalog>().sessions().len(), 1);
    let said = said(|| {
        erased::ask(&mut app);
        frames(&mut app, 40);
    });
    assert_said(&said, "bytes are gone");
    assert_said(&said, "aren't looked into");
    assert!(app.world().resource::<SessionCatalog>().sessions().is_empty());
}

#[test]
fn a_purpose_that_was_ticked_is_given() {
    let plugin = plugin(&MemoryDisk::default()).ask_consent([Purpose::Insights]);
    let mut app = game_with(plugin, |_| {});
    frames(&mut app, 2);
    assert!(!app.world().resource::<Consent>().is_given(Purpose::Insights));
    assert!(consent::tick(&mut app));
}
