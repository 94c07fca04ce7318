//! A game that keeps its own saves.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bevy_session::MemoryDisk;
use bevy_session::external::ExternalOperationFinished;
use bevy_session::prelude::SessionCommandsExt;

use super::stage::{app_on, app_on_day, day, is_in_a_directory, run_in};
use crate::common::*;

#[expect(unused_variables, reason = "the page leaves out how an army is saved")]
mod asked {
    include!("samples/army_saved.rs");

    pub fn add(app: &mut App) {
        app.add_observer(save);
    }
}

mod page {
    use crate::guide::stage::SessionPlugin;

    include!("samples/army.rs");

    pub fn add(app: &mut App) {
        plugin(app);
        super::asked::add(app);
        crate::common::listen::<super::ExternalOperationFinished>(app);
    }

    pub fn soldiers(app: &App) -> u32 {
        app.world().resource::<Army>().soldiers
    }

    pub fn is_played(app: &App) -> bool {
        app.world().contains_resource::<CurrentSession>()
    }
}

/// Writes a save of the game's own so many minutes after the first day began.
fn write(slot: &str, text: &str, minutes: u64) {
    let path = Path::new("saves").join(slot);
    fs::write(&path, text).unwrap();
    let time = day(0) + Duration::from_secs(60 * minutes);
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(time.into()).unwrap();
}

#[test]
#[ignore = "run by the other test of this module"]
fn child() {
    if !is_in_a_directory() {
        return;
    }
    fs::create_dir("saves").unwrap();
    let disk = MemoryDisk::default();
    write("autosave", "12 (end)", 0);
    let mut app = app_on(&disk, page::add);
    until(&mut app, |app| page::is_played(app));
    assert_eq!(page::soldiers(&app), 12);
    request(&mut app, |commands| commands.session().pause());
    until(&mut app, |app| !received::<ExternalOperationFinished>(app).is_empty());
    let operation = &received::<ExternalOperationFinished>(&app)[0].operation;
    assert!(operation.is_done(), "{operation:?}");
    request(&mut app, |commands| commands.session().resume());
    // Once more after five minutes.
    long(&mut app, 310);
    until(&mut app, |app| received::<ExternalOperationFinished>(app).len() > 1);

    // The newest backup that is whole is loaded after a crash, over what `begin` has loaded.
    write("newer", "30 (end)", 10);
    write("newest", "40", 20);
    let mut app = app_on_day(1, &disk.snapshot(), page::add);
    assert_eq!(page::soldiers(&app), 12);
    until(&mut app, |app| page::is_played(app));
    assert_eq!(page::soldiers(&app), 30);
}

#[test]
fn the_army_of_the_page_is_saved_and_comes_back_from_its_newest_whole_backup() {
    let directory = tempfile::tempdir().unwrap();
    run_in(directory.path(), "guide::own_saves::child");
}
