//! The page's server as a process: killed, started again, started twice, and where it can't play its world.

use std::fs;
use std::path::Path;

use crate::newer_files::of_a_newer_version;
use crate::process::{Process, Story, directory, role};

#[expect(dead_code, reason = "`main` names a directory of the system")]
mod page {
    include!("samples/servers.rs");

    use bevy_session::SessionRestored;

    use crate::process::say;

    /// The server, saying what it hears.
    pub fn run(data: &Path) -> AppExit {
        let mut app = server(data);
        app.add_observer(|_: On<SessionStarted>| say("started"))
            .add_observer(|_: On<CheckpointSaved>| say("saved"))
            .add_observer(|_: On<SessionRestored>, names: Query<&Name>| {
                let names: Vec<_> = names.iter().map(Name::as_str).collect();
                say(format_args!("restored {names:?}"));
            })
            .add_observer(|it: On<RequestRejected>| say(format_args!("rejected {:?}", it.error)))
            .add_observer(|it: On<RecoveryFailed>| say(format_args!("lost {:?}", it.error)));
        app.run()
    }
}

#[test]
#[ignore = "the server, run by the other tests of this module"]
fn child() {
    if role().is_none() {
        return;
    }
    // As a `main` does that returns it.
    if let bevy::app::AppExit::Error(code) = page::run(&directory()) {
        std::process::exit(code.get().into());
    }
}

fn start(data: &Path) -> Process {
    Process::start("guide::servers::child", "server", data)
}

/// A world that was played and killed.
fn killed(data: &Path) {
    let mut first = start(data);
    first.wait_for(&["saved"]);
    let story = first.kill();
    assert_eq!(story.of_word("started"), 1, "{story:?}");
}

impl Story {
    fn of_word(&self, word: &str) -> usize {
        self.lines.iter().filter(|line| line.starts_with(word)).count()
    }
}

#[test]
fn the_server_of_the_page_goes_on_after_a_kill() {
    let data = tempfile::tempdir().unwrap();
    killed(data.path());
    for _ in 0..2 {
        let mut next = start(data.path());
        let restored = next.wait_for(&["restored", "started", "lost"]);
        assert_eq!(restored, r#"restored ["the old oak"]"#);
        next.kill();
    }
}

#[test]
fn a_second_server_of_the_page_is_refused_and_exits_with_3() {
    let data = tempfile::tempdir().unwrap();
    let mut first = start(data.path());
    first.wait_for(&["saved"]);
    let second = start(data.path()).finish();
    assert_eq!(second.of_word("rejected SessionInUse"), 1, "{second:?}");
    assert_eq!(second.status.code(), Some(3), "{second:?}");
}

#[test]
fn a_server_of_the_page_that_cannot_read_its_world_exits_with_3() {
    let data = tempfile::tempdir().unwrap();
    killed(data.path());
    for journal in journals(data.path()) {
        let newer = of_a_newer_version(fs::read(&journal).unwrap());
        fs::write(journal.with_extension("newer.journal"), newer).unwrap();
    }
    let next = start(data.path()).finish();
    assert_eq!(next.of_word("lost") + next.of_word("rejected"), 1, "{next:?}");
    assert_eq!(next.of_word("started"), 0, "{next:?}");
    assert_eq!(next.status.code(), Some(3), "{next:?}");
}

fn journals(directory: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let (directories, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let here = files.into_iter().filter(|path| path.extension().is_some_and(|it| it == "journal"));
    here.chain(directories.iter().flat_map(|it| journals(it))).collect()
}
