//! A server that hangs under a watchdog, which ends it as systemd does.

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session::recovery::HowItEnded;
use bevy_session_ops::SystemdPlugin;
use rustix::process::Signal;

use super::{Dead, Way};
use crate::process::{Memory, Process, directory, say, some_are_safe, start_session};
use crate::waiting::{records, wait_until};

/// A process that draws no frame for five seconds isn't responding.
const LONG_ENOUGH: Duration = Duration::from_secs(6);
/// The time that the watchdog allows. A thread that gave signs of life would give one while the server hangs.
const WATCHDOG: Duration = Duration::from_secs(10);

pub const WAYS: &[Way] = &[("watchdog", |mut app| {
    app.add_plugins(SystemdPlugin::at(directory().join("notify"), Some(WATCHDOG)))
        .add_systems(Startup, start_session)
        .add_systems(Update, hang.run_if(some_are_safe));
    app.run();
})];

/// Draws no frame any more, until somebody ends it.
fn hang(time: Res<Time<Real>>) {
    say("hangs");
    let since = Instant::now();
    while since.elapsed() < LONG_ENOUGH + time.delta() * 5 {
        let before = records(&directory());
        wait_until(|| records(&directory()) != before);
    }
    say("has hung for long");
    wait_until(|| false);
}

fn heard(systemd: &UnixDatagram) -> Vec<String> {
    let mut heard = Vec::new();
    let mut datagram = [0; 256];
    loop {
        match systemd.recv(&mut datagram) {
            Ok(bytes) => heard.push(String::from_utf8_lossy(&datagram[..bytes]).into_owned()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return heard,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_watchdog_ends_a_server_that_hangs_and_the_next_start_knows_it() {
    let directory = tempfile::tempdir().unwrap();
    let systemd = UnixDatagram::bind(directory.path().join("notify")).unwrap();
    systemd.set_nonblocking(true).unwrap();
    let mut process = Process::start("death::child", "watchdog", directory.path());
    process.wait_for(&["hangs"]);
    let said = heard(&systemd);
    assert!(said.iter().any(|it| it == "READY=1"), "{said:?}");
    assert!(said.iter().any(|it| it == "WATCHDOG=1"), "{said:?}");
    process.wait_for(&["has hung for long"]);
    assert_eq!(heard(&systemd), [""; 0], "it hangs");
    process.signal(Signal::ABORT);
    let story = process.finish();
    assert_eq!(story.status.signal(), Some(Signal::ABORT.as_raw()));
    let mut memory = Memory::default();
    memory.listen(&story);
    let dead = Dead { directory, memory, status: story.status, lines: story.lines };
    let next = dead.start_again();
    assert_eq!(next.previous, HowItEnded::NotResponding);
    assert_eq!(next.offered, [next.previous]);
}
