//! `--cloud-folder`: a player's two devices, whose folders are copied before a start and after an end, as Steam does.

// Feature: A player goes on with a session on another device, by way of a folder that Steam's cloud copies.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::game::{Game, Story};

/// Two devices, and what the cloud has.
struct Cloud {
    root: tempfile::TempDir,
}

impl Cloud {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    fn folder(&self, device: &str) -> PathBuf {
        self.root.path().join(format!("{device} cloud"))
    }

    /// Plays for a moment, and quits as a player does.
    fn play(&self, device: &str) -> Story {
        let folder = self.folder(device);
        let arguments =
            ["--cloud-folder", folder.to_str().unwrap(), "--entities", "200", "--seconds", "0.5"];
        let data = self.root.path().join(device);
        let story = Game::start(&data, &[&arguments[..], &["--checkpoint-ms", "100"]].concat());
        let story = story.finish();
        assert_eq!(story.exit_code(), Some(0), "{story}");
        story
    }

    /// Makes the folder of one device what it is on the other.
    fn copy(&self, from: &str, to: &str) {
        let _ = fs::remove_dir_all(self.folder(to));
        copy(&self.folder(from), &self.folder(to));
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &place),
            false => drop(fs::copy(entry.path(), place).unwrap()),
        }
    }
}

fn first<'a>(story: &'a Story, event: &str) -> &'a Value {
    let of_event = |line: &&Value| line["event"] == event;
    story.events.iter().find(of_event).unwrap_or_else(|| panic!("{event}: {story}"))
}

fn last_hash(story: &Story) -> Value {
    let mut captured = story.events.iter().filter(|line| line["event"] == "captured");
    captured.next_back().unwrap()["hash"].clone()
}

#[test]
fn a_colony_continues_on_each_device_in_turn() {
    let cloud = Cloud::new();
    let mut story = cloud.play("desk");
    let session = first(&story, "session_started")["session"].clone();
    for (from, to) in [("desk", "deck"), ("deck", "desk"), ("desk", "deck")] {
        cloud.copy(from, to);
        let before = last_hash(&story);
        story = cloud.play(to);
        let continued = first(&story, "session_continued");
        assert_eq!(continued["session"], session, "{story}");
        assert_eq!(continued["hash"], before, "{story}");
        assert_eq!(story.count("forked") + story.count("error"), 0, "{story}");
    }
}

#[test]
fn a_colony_played_on_both_devices_is_a_fork_and_both_are_kept() {
    let cloud = Cloud::new();
    let common = cloud.play("desk");
    cloud.copy("desk", "deck");
    let there = cloud.play("deck");
    // Without a connection.
    let here = cloud.play("desk");
    // The cloud asks which is to stay; the player takes the deck's.
    cloud.copy("deck", "desk");
    let story = cloud.play("desk");
    let forked = first(&story, "forked");
    assert_eq!(forked["session"], first(&common, "session_started")["session"]);
    for field in ["common_play_s", "here_s", "there_s"] {
        assert!(forked[field].as_f64().unwrap() > 0.2, "{field}: {story}");
    }
    let recovered = first(&story, "session_recovered");
    let sides = [last_hash(&here), last_hash(&there)];
    assert!(sides.contains(&recovered["hash"]), "{story}");
    // Whichever it goes on with, the other side is still there at the next start.
    assert_eq!(cloud.play("desk").count("forked"), 1);
}

#[test]
fn a_damaged_cloud_file_stops_nothing() {
    let cloud = Cloud::new();
    cloud.play("desk");
    let folder = cloud.folder("desk").join("default");
    let whole = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let bytes = fs::read(&whole).unwrap();
    fs::write(folder.join("half.session"), &bytes[..bytes.len() / 2]).unwrap();
    fs::write(folder.join("notes.txt"), "mine").unwrap();
    fs::rename(&whole, folder.join("desk's conflicted copy.session")).unwrap();
    cloud.copy("desk", "deck");
    let story = cloud.play("deck");
    assert_eq!(story.count("session_continued"), 1, "{story}");
    assert_eq!(story.count("error"), 1, "{story}");
    assert!(first(&story, "error")["message"].as_str().unwrap().contains("isn't whole"), "{story}");
    assert!(folder.join("half.session").exists());
}
