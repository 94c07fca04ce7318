//! Two devices with a cloud's folder, and the two sides of a session that went on apart.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy_session::prelude::{NewSession, RecoveryOffers, SessionCommandsExt, SessionRestored};
use bevy_session::{MemoryDisk, SessionId};

use super::stage::*;
use crate::common::*;

#[expect(
    unused_imports,
    reason = "the plugin of the tests stands in for the one that the page imports"
)]
mod page {
    use crate::guide::stage::SessionPlugin;

    include!("samples/cloud_folder.rs");

    pub fn device(app: &mut App) {
        game(app);
    }
}

mod side {
    include!("samples/other_side.rs");

    pub fn take(app: &mut App) {
        app.world_mut().run_system_cached(take_the_other_side).unwrap();
    }
}

fn device(disk: &MemoryDisk) -> App {
    let mut app = app_on(disk, page::device);
    frames(&mut app, 3);
    app
}

fn quit(app: &mut App) {
    close(app);
    frames(app, 12);
}

/// The folder of the page, which lies below the directory in which the game was started.
fn folder(disk: &MemoryDisk) -> PathBuf {
    let paths = disk.paths();
    let mut above = paths.iter().flat_map(|path| path.ancestors());
    above.find(|path| path.ends_with("saves/cloud")).expect("it has a file").to_owned()
}

fn copy(from: &MemoryDisk, to: &MemoryDisk) {
    let folder = folder(from);
    to.remove_all(&folder);
    to.take_from(from, &folder);
}

/// Goes on with the session for so long.
fn gone_on(disk: &MemoryDisk, session: SessionId, time: f32) {
    let mut app = device(disk);
    request(&mut app, |commands| commands.session().continue_session(session));
    frames(&mut app, 4);
    seconds(&mut app, time);
    quit(&mut app);
}

/// A device of a player who went on here and on another device.
fn forked() -> MemoryDisk {
    let (desk, deck) = (MemoryDisk::default(), MemoryDisk::default());
    let mut app = device(&desk);
    app.world_mut().spawn(Health(7));
    let session = begin(&mut app, NewSession::named("Arena"));
    seconds(&mut app, 2.0);
    quit(&mut app);
    copy(&desk, &deck);
    gone_on(&desk, session, 3.0);
    gone_on(&deck, session, 5.0);
    copy(&deck, &desk);
    desk
}

#[test]
fn the_page_says_that_a_session_went_on_here_and_there() {
    let desk = forked();
    let said = said(|| drop(device(&desk)));
    // 3 seconds here, and 5 there.
    let is_it = |it: &String| it.starts_with("3.") && it.contains("s were played here, 5.");
    assert!(said.iter().any(is_it), "{said:#?}");
}

#[test]
fn the_sample_takes_the_second_side_of_a_fork() {
    let mut app = device(&forked());
    let offers = app.world().resource::<RecoveryOffers>().offers();
    let sides: Vec<_> = offers.iter().map(|offer| offer.newest).collect();
    assert_eq!(sides.len(), 2);
    side::take(&mut app);
    frames(&mut app, 4);
    assert_eq!(received::<SessionRestored>(&app)[0].checkpoint, sides[1]);
}

#[test]
fn a_file_that_cannot_be_written_is_in_the_log_of_the_page() {
    let disk = MemoryDisk::default();
    let mut app = device(&disk);
    begin(&mut app, NewSession::named("Arena"));
    let folder = Path::new("saves/cloud");
    disk.refuse_writes(folder, ErrorKind::PermissionDenied);
    assert_said(&said(|| quit(&mut app)), "not in the cloud");
}
