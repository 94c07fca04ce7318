//! A search, groups, and a list that follows.

use bevy_session::MemoryDisk;
use bevy_session::prelude::*;

use super::stage::game_on;
use crate::common::{begin, close};

/// A disk with a session of Ann's and one of Ben's, which were closed.
fn played() -> MemoryDisk {
    let disk = MemoryDisk::default();
    let mut app = game_on(&disk, |_| {});
    for (name, player) in [("The crossing", "Ann"), ("The river", "Ben")] {
        let new = NewSession::named(name).player(player).field("difficulty", "a wild river");
        begin(&mut app, new.unwrap());
        close(&mut app);
    }
    disk.snapshot()
}

mod search {
    include!("samples/search.rs");

    use super::played;
    use crate::common::*;
    use crate::guide::stage::*;

    #[test]
    fn the_search_of_the_page_finds_by_a_field_and_a_player() {
        let mut app = game_on(&played(), |_| {});
        frames(&mut app, 3);
        let said = said(|| app.world_mut().run_system_cached(load_screen).unwrap());
        assert_eq!(said.len(), 1, "{said:?}");
        assert_said(&said, "The crossing");
        assert_said(&said, "one of 1");
    }

    #[test]
    fn the_search_of_the_page_has_first_what_was_played_longest() {
        let mut app = game_on(&bevy_session::MemoryDisk::default(), |_| {});
        for (name, time) in [("A brook", 1.0), ("The creek", 5.0)] {
            let new = NewSession::named(name).player("Ann").field("difficulty", "a wild river");
            begin(&mut app, new.unwrap());
            seconds(&mut app, time);
            close(&mut app);
        }
        let said = said(|| app.world_mut().run_system_cached(load_screen).unwrap());
        assert!(said[0].starts_with("The creek") && said[1].starts_with("A brook"), "{said:?}");
    }
}

mod weeks {
    include!("samples/weeks.rs");

    use super::played;
    use crate::common::*;
    use crate::guide::stage::*;

    #[test]
    fn the_groups_of_the_page_are_weeks() {
        let disk = played();
        let said = said(|| {
            let mut app = game_on(&disk, plugin);
            frames(&mut app, 3);
        });
        // 2026-01-01 is a Thursday.
        assert_said(&said, "Week { begins: 2025-12-29T00:00:00Z }: 2, last The river");
    }
}

mod list {
    include!("samples/load_list.rs");

    use bevy_session::SessionUpdate;

    use super::played;
    use crate::common::*;
    use crate::guide::stage::*;

    #[test]
    fn the_list_of_the_page_follows_what_is_begun() {
        let mut app = game_on(&played(), plugin);
        frames(&mut app, 3);
        assert!(said(|| frames(&mut app, 2)).is_empty(), "nothing has changed");
        let begun = said(|| _ = begin(&mut app, NewSession::named("The bridge")));
        assert_said(&begun, "The bridge");
        assert_said(&begun, "The crossing");
        let renamed = said(|| {
            request(&mut app, |commands| {
                commands.session().update(SessionUpdate::default().name("The pass"));
                commands.session().checkpoint("Renamed");
            });
            frames(&mut app, 6);
        });
        assert_said(&renamed, "The pass");
    }
}
