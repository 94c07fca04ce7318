//! A server that goes back to one of its backups.

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;

use crate::common::{Score, frames, game_with, plugin, request, seconds};

mod page {
    include!("samples/backup.rs");

    pub fn server(app: &mut App, backup: Option<&str>) {
        backups(app);
        if let Some(backup) = backup {
            app.insert_resource(GoBackTo(backup.to_owned()));
        }
    }
}

fn server(disk: &MemoryDisk, backup: Option<&str>) -> App {
    let mut app = game_with(plugin(&disk.snapshot()), |app| page::server(app, backup));
    frames(&mut app, 6);
    app
}

/// A world that was saved on each of these days.
fn played(disk: &MemoryDisk, days: u32) -> App {
    let mut app = game_with(plugin(disk), |app| page::server(app, None));
    frames(&mut app, 6);
    for day in 1..=days {
        app.insert_resource(Score(day));
        request(&mut app, |commands| {
            commands.session().slots().save(SaveSlot::manual(format!("day {day}")))
        });
        frames(&mut app, 3);
    }
    app
}

fn score(app: &App) -> u32 {
    app.world().resource::<Score>().0
}

#[test]
fn a_server_goes_back_to_a_backup() {
    let disk = MemoryDisk::default();
    let _dies = played(&disk, 3);
    assert_eq!(score(&server(&disk, None)), 3, "the last one");

    let mut back = server(&disk, Some("day 2"));
    assert_eq!(score(&back), 2);
    assert_eq!(back.world().resource::<CurrentSession>().name(), "World");
    seconds(&mut back, 31.0);
    assert_eq!(back.should_exit(), None, "the flag is for one start only");
}

#[test]
fn a_server_without_its_backup_exits() {
    let disk = MemoryDisk::default();
    let _dies = played(&disk, 3);
    let mut lost = game_with(plugin(&disk.snapshot()), |app| page::server(app, Some("day 9")));
    let exit = (0..6).find_map(|_| {
        frames(&mut lost, 1);
        lost.should_exit()
    });
    assert_eq!(exit, Some(AppExit::from_code(3)));
    assert!(!lost.world().contains_resource::<CurrentSession>());
}

#[test]
fn the_next_start_goes_on_from_the_backup() {
    let disk = MemoryDisk::default();
    drop(played(&disk, 2));
    let mut app = game_with(plugin(&disk), |app| page::server(app, Some("day 1")));
    frames(&mut app, 6);
    assert_eq!(score(&app), 1);
    app.insert_resource(Score(7));
    request(&mut app, |commands| commands.session().checkpoint("later"));
    frames(&mut app, 3);
    assert_eq!(score(&server(&disk, None)), 7);
}

#[test]
fn a_server_that_cannot_list_its_backups_exits() {
    let policies = std::path::Path::new("nowhere").join("policies.ron");
    let unreadable = plugin(&MemoryDisk::default()).policies(policies);
    let mut lost = game_with(unreadable, |app| page::server(app, Some("day 1")));
    seconds(&mut lost, 29.0);
    assert_eq!(lost.should_exit(), None);
    seconds(&mut lost, 2.0);
    assert_eq!(lost.should_exit(), Some(AppExit::from_code(3)));
}
