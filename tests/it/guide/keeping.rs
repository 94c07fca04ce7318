//! Into the trash and the archive and back, and rules by which sessions go.

use bevy_session::MemoryDisk;
use bevy_session::library::ShelfPlace;
use bevy_session::prelude::*;

use super::stage::*;
use crate::common::*;

fn is_in_trash(place: ShelfPlace) -> bool {
    matches!(place, ShelfPlace::Trash { .. })
}

fn is_archived(place: ShelfPlace) -> bool {
    matches!(place, ShelfPlace::Archive { .. })
}

/// Plays a session and loses it.
fn lose(app: &mut bevy::prelude::App, name: &str) -> SessionId {
    let session = begin(app, NewSession::named(name));
    request(app, |commands| commands.session().end(EndReason::Failed, LeaveCause::Player));
    frames(app, 4);
    session
}

mod buttons {
    include!("samples/keeping_buttons.rs");

    use super::{is_archived, is_in_trash};
    use crate::common::*;
    use crate::guide::stage::*;
    use bevy_session::MemoryDisk;
    use bevy_session::library::{SessionMoved, ShelfPlace};

    #[test]
    fn the_buttons_of_the_page_move_a_session_and_bring_it_back() {
        let mut app = game_on(&MemoryDisk::default(), listen::<SessionMoved>);
        let session = begin(&mut app, NewSession::named("Moved"));
        close(&mut app);
        request(&mut app, |commands| buttons(session, commands));
        frames(&mut app, 20);
        let moved: Vec<_> = received::<SessionMoved>(&app).iter().map(|it| it.to).collect();
        assert_eq!(moved.len(), 4, "{moved:?}, {:?}", rejected(&app));
        assert!(is_in_trash(moved[0]) && is_archived(moved[2]), "{moved:?}");
        assert_eq!((moved[1], moved[3]), (ShelfPlace::Open, ShelfPlace::Open));
    }
}

mod rules {
    include!("samples/retention.rs");

    use super::{is_in_trash, lose};
    use crate::common::*;
    use crate::guide::stage::*;
    use bevy_session::MemoryDisk;

    #[test]
    fn the_rules_of_the_page_let_a_sixth_failure_go_after_a_week() {
        let disk = MemoryDisk::default();
        let mut app = game_on(&disk, |_| {});
        let first = lose(&mut app, "Failure 1");
        // It is kept for longer.
        begin(&mut app, NewSession::named("Won"));
        request(&mut app, |commands| {
            commands.session().end(EndReason::Completed, LeaveCause::Player);
        });
        frames(&mut app, 4);
        for number in 2..=6 {
            long(&mut app, 60);
            lose(&mut app, &format!("Failure {number}"));
        }
        // Time counts as passed once a run has seen it.
        let disk = disk.snapshot();
        lose(&mut game_on_day(10, &disk, |_| {}), "Failure 7");
        let mut app = game_on_day(11, &disk.snapshot(), plugin);
        frames(&mut app, 3);
        begin(&mut app, NewSession::named("Today"));
        let said = said(|| {
            close(&mut app);
            frames(&mut app, 6);
        });
        assert_said(&said, "1 would go");
        assert_said(&said, "1 went");
        assert!(is_in_trash(entry(&app, first).session.place));
    }
}

mod cleanup {
    include!("samples/cleanup_rules.rs");

    use super::{is_archived, is_in_trash, lose};
    use crate::common::*;
    use crate::guide::stage::*;
    use bevy_session::MemoryDisk;
    use bevy_session::library::CleanupFinished;

    fn game_of_the_page(number: u32, disk: &MemoryDisk) -> App {
        game_on_day(number, disk, |app| {
            game(app);
            listen::<CleanupFinished>(app);
        })
    }

    #[test]
    fn the_rules_of_the_page_trash_what_was_closed_a_year_ago_and_archive_what_has_ended() {
        let disk = MemoryDisk::default();
        let mut app = game_of_the_page(0, &disk);
        let lost = lose(&mut app, "Lost");
        assert!(is_archived(entry(&app, lost).session.place));
        assert!(!entry(&app, lost).without_world);
        let closed = begin(&mut app, NewSession::named("Closed"));
        close(&mut app);
        // Time counts as passed once a run has seen it.
        let disk = disk.snapshot();
        let mut app = game_of_the_page(370, &disk);
        begin(&mut app, NewSession::named("Yesterday"));
        close(&mut app);
        let mut app = game_of_the_page(371, &disk.snapshot());
        begin(&mut app, NewSession::named("Today"));
        frames(&mut app, 20);
        assert!(is_in_trash(entry(&app, closed).session.place));
        assert!(is_archived(entry(&app, lost).session.place));
        assert!(!entry(&app, lost).without_world);
        let before = received::<CleanupFinished>(&app).len();
        app.world_mut().run_system_cached(clean_up_now).unwrap();
        frames(&mut app, 30);
        assert_eq!(received::<CleanupFinished>(&app).len(), before + 1);
    }
}

#[expect(
    unused_imports,
    reason = "the plugin of the tests stands in for the one that the page imports"
)]
mod hourly {
    include!("samples/cleanup_hourly.rs");

    use super::*;
    use crate::guide::stage::SessionPlugin;

    #[test]
    fn the_cleanup_of_the_page_comes_every_ten_minutes() {
        let mut app = app_on(&MemoryDisk::default(), game);
        begin(&mut app, NewSession::named("Today"));
        let cleanups = |said: &[String]| said.iter().filter(|it| it.contains("archived")).count();
        let said = said(|| long(&mut app, 1_830));
        assert!((3..=4).contains(&cleanups(&said)), "{said:?}");
    }

    #[test]
    fn a_crash_without_an_answer_for_three_months_ends() {
        let disk = MemoryDisk::default();
        let mut dies = app_on(&disk, game);
        let crashed = begin(&mut dies, NewSession::named("Crashed"));
        // Time counts as passed once a run has seen it.
        let disk = disk.snapshot();
        let mut app = app_on_day(100, &disk, game);
        begin(&mut app, NewSession::named("Yesterday"));
        close(&mut app);
        let mut app = app_on_day(101, &disk.snapshot(), game);
        begin(&mut app, NewSession::named("Today"));
        long(&mut app, 610);
        assert!(entry(&app, crashed).ended().is_some());
    }
}
