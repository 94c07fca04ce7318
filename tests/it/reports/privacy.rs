//! The player's data that a report has, and those that it doesn't have.

// Feature: Reports mask paths, names and addresses, and leave private events out.

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::events::RecordingExt;
use bevy_session::reports::{Report, ReportWritten};
use serde::{Deserialize, Serialize};

use super::*;

#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
struct Said {
    line: String,
}

#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
struct Typed {
    line: String,
}

#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
struct Whispered {
    line: String,
}

fn talking_game(disk: &MemoryDisk) -> App {
    let mut app = game_with(plugin(disk), |app| {
        app.add_message::<Said>().add_message::<Typed>().add_message::<Whispered>();
        app.record_messages::<Said>();
        app.record_messages::<Typed>().personal();
        app.record_messages::<Whispered>().private();
        listen::<ReportWritten>(app);
    });
    start(&mut app, "Secret plan");
    app
}

// Feature: `.personal()` events are shared without values, and `.private()` ones not at all.
// Page: guide/recorded-events.md
#[test]
fn private_events_are_absent_and_personal_ones_have_no_value() {
    let disk = MemoryDisk::default();
    let mut app = talking_game(&disk);
    app.world_mut().write_message(Said { line: "saved to /home/ann/x".to_owned() });
    app.world_mut().write_message(Typed { line: "my street".to_owned() });
    app.world_mut().write_message(Whispered { line: "my love".to_owned() });
    frames(&mut app, 2);
    write(&mut app, Report::now().note("ask ann@example.com, /home/ann/y"));
    let files = files_of(&disk);
    let events = String::from_utf8(files["events.ron"].clone()).unwrap();
    assert!(events.contains("Said") && events.contains("saved to ~/x"), "{events}");
    assert!(events.contains("Typed") && events.contains("value:Personal"), "{events}");
    assert!(!events.contains("Whispered"), "{events}");
    let report = text(&files);
    assert!(report.contains("ask <e-mail>, ~/y"), "{report}");
    // Not in the checkpoint either, whose bytes are as they are.
    for (name, content) in &files {
        for secret in ["my street", "my love", "/home/ann"] {
            let is_there = content.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!is_there || name == "checkpoint.slot", "{secret} is in {name}");
        }
    }
    assert!(!report.contains("Secret plan"), "what the session is called is the player's business");
}

#[test]
fn a_report_has_the_newest_events_without_counting_private_ones() {
    let disk = MemoryDisk::default();
    let mut app = talking_game(&disk);
    for number in 0..700 {
        app.world_mut().write_message(Said { line: format!("<{number}>") });
        for _ in 0..2 {
            app.world_mut().write_message(Whispered { line: String::new() });
        }
        if number % 100 == 0 {
            frames(&mut app, 1);
        }
    }
    frames(&mut app, 2);
    write(&mut app, Report::now().events(500));
    frames(&mut app, 20);
    let events = String::from_utf8(files_of(&disk)["events.ron"].clone()).unwrap();
    assert_eq!(events.matches("sequence:").count(), 500);
    let (older, newest) = (events.find("<650>").unwrap(), events.find("<699>").unwrap());
    assert!(older < newest, "the newest comes last");
    assert!(!events.contains("<100>"));
    assert!(text(&files_of(&disk)).contains("left_out: None"));
}

#[test]
fn a_report_can_leave_out_events() {
    let disk = MemoryDisk::default();
    let mut app = talking_game(&disk);
    app.world_mut().write_message(Said { line: "anything".to_owned() });
    frames(&mut app, 2);
    write(&mut app, Report::now().events(0));
    assert!(!files_of(&disk).contains_key("events.ron"));
}
