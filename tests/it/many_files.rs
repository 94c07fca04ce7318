//! A session of many files in a process that may open few.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::RecoveryFailed;
use bevy_session::prelude::*;

use crate::common::*;
use crate::process::{directory, role, say};

/// Runs that were really played, each with a checkpoint that is kept.
const RUNS: u32 = 10;
/// Files of each: clouds make copies, and every one of them is read.
const COPIES: usize = 40;
/// Files that a process may have open.
const LIMIT: &str = "128";
/// Files that are open at a time, everything that isn't ours included.
const MOST_OPEN: usize = 64;

#[test]
fn a_session_of_many_files_is_restored_with_few_file_handles() {
    let directory = tempfile::tempdir().unwrap();
    let files = write_down(directory.path());
    assert!(files >= 150, "{files} files are too few to run out of handles");
    let binary = std::env::current_exe().unwrap();
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -n {LIMIT}; exec \"$0\" \"$@\"")])
        .arg(binary)
        .args(["--exact", "many_files::child", "--ignored", "--nocapture"])
        .env("BEVY_SESSION_TEST_ROLE", "reader")
        .env("BEVY_SESSION_TEST_DIRECTORY", directory.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let number = |word: &str| -> usize {
        let rest = said.split_once(&format!("# {word} ")).expect(&said).1;
        rest.split_whitespace().next().and_then(|number| number.parse().ok()).expect(&said)
    };
    assert_eq!(number("restored"), RUNS as usize, "{said}");
    assert!(said.contains("# saved"), "{said}");
    assert!(number("open") <= MOST_OPEN, "{said}");
}

/// Plays a session in some runs, each with a named checkpoint, and puts its files and copies of them
/// where a process finds them. How many files that is.
fn write_down(root: &Path) -> usize {
    let disk = MemoryDisk::default();
    let mut health = 0;
    for run in 0..RUNS {
        let mut app = game_with(plugin(&disk), |_| {});
        request(&mut app, |commands| {
            commands.session().start_or_continue(NewSession::named("Many"));
        });
        frames(&mut app, 6);
        let world = app.world_mut();
        let entity = world.query_filtered::<Entity, With<Health>>().single(world);
        let entity = entity.unwrap_or_else(|_| world.spawn_empty().id());
        health = run + 1;
        world.entity_mut(entity).insert(Health(health));
        request(&mut app, |commands| commands.session().checkpoint(format!("run {run}")));
        frames(&mut app, 2);
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        frames(&mut app, 2);
    }
    assert_eq!(health, RUNS);
    let mut files = 0;
    for on_disk in disk.paths() {
        let path = root.join(on_disk.strip_prefix("sessions").unwrap());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let content = disk.content(&on_disk).unwrap();
        std::fs::write(&path, &content).unwrap();
        let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        if ["journal", "archive"].contains(&&*extension) {
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            for copy in 1..COPIES {
                let copied = path.with_file_name(format!("{stem} ({copy}).{extension}"));
                std::fs::write(copied, &content).unwrap();
            }
            files += COPIES;
        }
    }
    files
}

#[test]
#[ignore = "the process that may open few files, run by the other test"]
fn child() {
    if role().is_none() {
        return;
    }
    let (most, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let watch = thread::spawn({
        let (most, done) = (Arc::clone(&most), Arc::clone(&done));
        move || {
            while !done.load(Ordering::Relaxed) {
                let open = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
                most.fetch_max(open, Ordering::Relaxed);
                thread::yield_now();
            }
        }
    });
    let plugin = SessionPlugin::new("Tests", "Game").version("1.2.3").directory(directory());
    let mut app = game_with(plugin, |app| {
        listen::<SessionRestored>(app);
        listen::<CheckpointSaved>(app);
        listen::<RecoveryFailed>(app);
    });
    request(&mut app, |commands| commands.session().start_or_continue(NewSession::named("Many")));
    for _ in 0..20_000 {
        app.update();
        if !received::<CheckpointSaved>(&app).is_empty() {
            break;
        }
        thread::yield_now();
    }
    let world = app.world_mut();
    for health in world.query::<&Health>().iter(world) {
        say(format_args!("restored {}", health.0));
    }
    if let Some(saved) = received::<CheckpointSaved>(&app).first() {
        say(format_args!("saved {}", saved.checkpoint.counter));
    }
    for failed in received::<RecoveryFailed>(&app) {
        say(format_args!("failed {:?}", failed.error));
    }
    done.store(true, Ordering::Relaxed);
    watch.join().unwrap();
    say(format_args!("open {}", most.load(Ordering::Relaxed)));
}
