//! Notifications that systemd gets of a server: that it is ready, lives and stops.

// Feature: systemd learns that a server is ready, lives and stops, and ends one that hangs.
// Page: guide/servers.md#notice-that-it-hangs

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;
use bevy_session_ops::SystemdPlugin;
use tempfile::TempDir;

use crate::common::*;

/// The time that systemd allows in these tests.
const WATCHDOG: Duration = Duration::from_secs(2);

#[derive(States, Clone, PartialEq, Eq, Hash, Debug, Default)]
enum Stage {
    #[default]
    Loading,
    Menu,
}

/// A socket that listens as systemd does.
struct Systemd {
    datagrams: UnixDatagram,
    path: PathBuf,
    _directory: TempDir,
}

impl Systemd {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let datagrams = UnixDatagram::bind(&path).unwrap();
        datagrams.set_nonblocking(true).unwrap();
        Self { datagrams, path, _directory: directory }
    }

    fn plugin(&self) -> SystemdPlugin {
        SystemdPlugin::at(&self.path, Some(WATCHDOG))
    }

    /// The notifications since this was asked last.
    fn heard(&self) -> Vec<String> {
        heard(&self.datagrams)
    }
}

fn heard(datagrams: &UnixDatagram) -> Vec<String> {
    let mut heard = Vec::new();
    let mut datagram = [0; 256];
    loop {
        match datagrams.recv(&mut datagram) {
            Ok(bytes) => heard.push(String::from_utf8(datagram[..bytes].to_vec()).unwrap()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return heard,
            Err(error) => panic!("{error}"),
        }
    }
}

fn count(heard: &[String], text: &str) -> usize {
    heard.iter().filter(|it| *it == text).count()
}

/// A server that systemd watches.
fn server(disk: &MemoryDisk, systemd: &Systemd) -> App {
    let plugin = plugin(disk).recovery(RecoveryPolicy::Automatic);
    game_with(plugin, |app| {
        app.add_plugins(systemd.plugin());
    })
}

/// Runs frames, and collects all that was said meanwhile.
fn play(app: &mut App, systemd: &Systemd, count: usize) -> Vec<String> {
    let mut said = systemd.heard();
    for _ in 0..count {
        app.update();
        said.extend(systemd.heard());
    }
    said
}

#[test]
fn a_server_that_stops_its_frames_stops_its_signs_of_life() {
    let systemd = Systemd::start();
    let mut app = server(&MemoryDisk::default(), &systemd);
    play(&mut app, &systemd, 10);
    // 60 frames of a tenth of a second: one sign in each seventh. More on a machine that was busy meanwhile.
    let said = play(&mut app, &systemd, 60);
    assert!(count(&said, "WATCHDOG=1") >= 8, "{said:?}");
    assert_eq!(systemd.heard(), [""; 0], "there was no frame");
    slow_frames(&mut app, 1, WATCHDOG);
    assert_eq!(systemd.heard(), ["WATCHDOG=1"], "it goes on with the next frame");
}

#[test]
fn a_server_whose_policies_cannot_be_read_is_never_ready() {
    let systemd = Systemd::start();
    let directory = tempfile::tempdir().unwrap();
    let torn = directory.path().join("policies.ron");
    std::fs::write(&torn, "(settings: (inter").unwrap();
    let plugin = plugin(&MemoryDisk::default()).policies(torn);
    let mut app = game_with(plugin, |app| {
        app.add_plugins(systemd.plugin());
    });
    let said = play(&mut app, &systemd, 60);
    assert_eq!(count(&said, "READY=1"), 0, "{said:?}");
    assert!(count(&said, "WATCHDOG=1") > 0, "it lives");
}

#[test]
fn a_server_that_recovers_in_its_menu_is_ready_after_that() {
    let disk = MemoryDisk::default();
    let systemd = Systemd::start();
    let mut app = server(&disk, &systemd);
    start(&mut app, "World");
    play(&mut app, &systemd, 30);
    let left = disk.snapshot();
    drop(app);

    let systemd = Systemd::start();
    let plugin = plugin(&left).recovery(RecoveryPolicy::Automatic);
    let mut app = game_with(plugin, |app| {
        app.init_state::<Stage>().offer_recovery_in(Stage::Menu).add_plugins(systemd.plugin());
    });
    let said = play(&mut app, &systemd, 60);
    assert_eq!(count(&said, "READY=1"), 0, "its world isn't back: {said:?}");
    app.world_mut().resource_mut::<NextState<Stage>>().set(Stage::Menu);
    let said = play(&mut app, &systemd, 60);
    assert_eq!(count(&said, "READY=1"), 1, "{said:?}");
    assert!(app.world().contains_resource::<CurrentSession>());
}

#[test]
fn a_server_without_a_watchdog_gives_no_signs_of_life() {
    let systemd = Systemd::start();
    let silent = SystemdPlugin::at(&systemd.path, None);
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        app.add_plugins(silent);
    });
    let said = play(&mut app, &systemd, 60);
    assert_eq!(said, ["READY=1"]);
}

#[test]
fn a_server_is_ready_once_and_only_after_its_world_is_back() {
    let disk = MemoryDisk::default();
    let systemd = Systemd::start();
    let mut app = server(&disk, &systemd);
    start(&mut app, "World");
    let said = play(&mut app, &systemd, 30);
    assert_eq!(count(&said, "READY=1"), 1, "{said:?}");
    let left = disk.snapshot();
    drop(app);

    let systemd = Systemd::start();
    let mut app = server(&left, &systemd);
    let mut readiness = Vec::new();
    for _ in 0..60 {
        let is_ready = count(&systemd.heard(), "READY=1") == 1;
        let is_played = app.world().contains_resource::<CurrentSession>();
        readiness.extend(is_ready.then_some(is_played));
        app.update();
    }
    assert_eq!(readiness, [true], "it is ready once, and plays by then");
}

#[test]
fn an_exit_says_that_the_server_stops_before_the_last_checkpoint() {
    let systemd = Systemd::start();
    let mut app = server(&MemoryDisk::default(), &systemd);
    start(&mut app, "World");
    let said = play(&mut app, &systemd, 5);
    assert_eq!(count(&said, "STOPPING=1"), 0);
    let (sender, receiver) = channel();
    let datagrams = systemd.datagrams.try_clone().unwrap();
    app.add_observer(move |_: On<SessionClosed>| sender.send(heard(&datagrams)).unwrap());
    app.world_mut().write_message(AppExit::Success);
    app.update();
    let before_closing = receiver.try_recv().expect("the session should be closed");
    assert_eq!(count(&before_closing, "STOPPING=1"), 1, "{before_closing:?}");
    assert_eq!(count(&systemd.heard(), "STOPPING=1"), 0, "it is said once");
}

#[test]
fn a_systemd_that_reads_nothing_stops_no_frame() {
    let systemd = Systemd::start();
    let mut app = server(&MemoryDisk::default(), &systemd);
    // More than a socket has room for on any system.
    slow_frames(&mut app, 2_000, WATCHDOG);
    let unread = systemd.heard();
    assert!(unread.len() < 2_000, "it should have been full");
    slow_frames(&mut app, 1, WATCHDOG);
    assert_eq!(count(&systemd.heard(), "WATCHDOG=1"), 1, "it is heard again");
}

#[test]
fn a_socket_that_is_gone_stops_no_frame() {
    let systemd = Systemd::start();
    let plugins = [
        systemd.path.with_file_name("nobody").into_os_string(),
        "x".repeat(4096).into(),
        "".into(),
        "@nobody-listens-to-this-name".into(),
    ];
    for socket in plugins {
        let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
            app.add_plugins(SystemdPlugin::at(socket, Some(WATCHDOG)));
        });
        start(&mut app, "World");
    }
    assert_eq!(systemd.heard(), [""; 0]);
}
