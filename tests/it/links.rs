//! Links of sessions.

// Feature: A session links to other sessions and to addresses.
// Page: guide/scenarios.md#links

use bevy::prelude::*;
use bevy_session::library::LinkTarget;
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, RequestError, SessionUpdate};

use crate::common::*;

#[test]
fn links_can_be_changed_at_any_time_and_survive_a_rewind() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    let first = begin(&mut app, NewSession::named("Campaign"));
    close(&mut app);
    let second = begin(&mut app, NewSession::named("Practice").link("practice of", first));
    request(&mut app, |commands| {
        commands.session().update(SessionUpdate::default().link("guide", "a page"));
        commands.session().slots().quick_save();
    });
    frames(&mut app, 3);
    request(&mut app, |commands| {
        commands.session().update(SessionUpdate::default().unlink("guide", "a page"));
    });
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().slots().quick_load());
    frames(&mut app, 5);
    close(&mut app);
    request(&mut app, move |commands| {
        let update = SessionUpdate::default().link("practised in", second);
        commands.session().library().update(first, update);
    });
    frames(&mut app, 3);
    drop(app);
    let mut app = game(&disk);
    frames(&mut app, 3);
    let targets = |session| {
        let links = entry(&app, session).session.links;
        links.iter().map(|link| link.to.clone()).collect::<Vec<_>>()
    };
    assert_eq!(targets(second), [LinkTarget::Session(first)], "what was taken away stays away");
    assert_eq!(targets(first), [LinkTarget::Session(second)]);
}

#[test]
fn a_session_with_more_links_than_there_is_room_for_is_not_started() {
    let mut app = game(&MemoryDisk::default());
    listen::<RequestRejected>(&mut app);
    let many = (0..17)
        .fold(NewSession::named("Linked"), |new, number| new.link("see", number.to_string()));
    request(&mut app, |commands| commands.session().start(many));
    frames(&mut app, 3);
    let rejected = received::<RequestRejected>(&app);
    let too_many = RequestError::TooManyLinks { links: 17, limit: 16 };
    assert_eq!(rejected.iter().map(|it| &it.error).collect::<Vec<_>>(), [&too_many]);
    assert!(app.world().get_resource::<CurrentSession>().is_none());
}
