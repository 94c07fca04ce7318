//! What is recorded, read again and summed up; inputs, and a report with them.

use std::path::Path;

use bevy_session::MemoryDisk;

use super::stage::*;
use crate::common::*;

fn start_session(app: &mut bevy::prelude::App) {
    start(app, "Recorded");
}

mod messages {
    include!("samples/what_is_recorded.rs");

    use super::*;

    #[test]
    fn the_message_and_the_event_of_the_page_are_recorded() {
        let mut app = game_on(&MemoryDisk::default(), what_is_recorded);
        start_session(&mut app);
        app.world_mut().write_message(Looted { item: "sword".to_owned(), gold: 3 });
        app.world_mut().trigger(BossDefeated { name: "Dragon".to_owned() });
        frames(&mut app, 3);
        let recorded = recorded(&mut app);
        for name in ["::Looted", "::BossDefeated"] {
            let count = recorded.iter().filter(|it| it.path.ends_with(name)).count();
            assert_eq!(count, 1, "{recorded:?}");
        }
    }
}

mod digested {
    use bevy_session::digests::SessionsDigested;
    use bevy_session::events::RecordingExt;

    include!("samples/richest.rs");

    use super::*;

    #[derive(Message, TypePath, Clone, serde::Serialize, serde::Deserialize)]
    #[type_path = "hop"]
    #[type_name = "Looted"]
    struct Found {
        gold: u64,
    }

    #[test]
    fn the_richest_session_of_the_page_has_the_gold_of_its_events() {
        let mut app = game_on(&MemoryDisk::default(), |app| {
            app.add_message::<Found>().record_messages::<Found>();
            digests(app);
            listen::<SessionsDigested>(app);
        });
        for gold in [[1, 2], [30, 4]] {
            start_session(&mut app);
            for gold in gold {
                app.world_mut().write_message(Found { gold });
                frames(&mut app, 1);
            }
            close(&mut app);
        }
        request(&mut app, |commands| commands.session().library().digest::<Gold>());
        until(&mut app, |app| !received::<SessionsDigested>(app).is_empty());
        assert_said(&said(|| frames(&mut app, 1)), "the richest session has Some(34) gold");
    }
}

mod inputs {
    use bevy_session::events::EventSource;

    use super::*;

    #[expect(
        unused_mut,
        unused_variables,
        reason = "the page leaves out what reads keys and drives"
    )]
    mod page {
        include!("samples/steering.rs");

        pub fn game(app: &mut App) {
            what_is_recorded(app);
        }

        pub fn steer() -> impl Message {
            Steer { left: true }
        }
    }

    #[test]
    fn the_steering_of_the_page_is_recorded() {
        let mut app = game_on(&MemoryDisk::default(), page::game);
        start_session(&mut app);
        app.world_mut().write_message(page::steer());
        frames(&mut app, 3);
        let recorded = recorded(&mut app);
        let steered = recorded.iter().find(|it| it.path.ends_with("::Steer"));
        assert_eq!(steered.map(|it| it.source), Some(EventSource::Input), "{recorded:?}");
    }
}

mod reported {
    use bevy_session::reports::ReportWritten;

    include!("samples/something_is_wrong.rs");

    use super::*;

    #[test]
    fn a_key_writes_the_report_of_the_page() {
        let disk = MemoryDisk::default();
        let mut app = game_on(&disk, |app| {
            plugin(app);
            listen::<ReportWritten>(app);
        });
        start_session(&mut app);
        press(&mut app, KeyCode::F8);
        frames(&mut app, 10);
        assert_eq!(received::<ReportWritten>(&app).len(), 1, "{:?}", rejected(&app));
        let report = disk.content(Path::new("report.tar")).unwrap();
        let note = b"The door ate my dog.";
        assert!(report.windows(note.len()).any(|it| it == note));
    }
}

#[expect(clippy::print_stdout, reason = "the page prints the panic")]
mod replayed {
    use bevy_session::reports::{Report, ReportWritten};

    include!("samples/played_report.rs");

    use crate::common::{frames, listen, received, request};
    use crate::guide::stage::{is_in_a_directory, run_in};

    /// Writes a report of a session that is played.
    fn write_report(directory: &std::path::Path) {
        let mut dies = build(SessionPlugin::new("Tests", "Reported").directory(directory));
        listen::<ReportWritten>(&mut dies);
        dies.finish();
        dies.cleanup();
        frames(&mut dies, 3);
        request(&mut dies, |commands| commands.session().start(NewSession::named("Reported")));
        crate::common::until(&mut dies, |app| {
            let session = app.world().get_resource::<CurrentSession>();
            session.is_some_and(|session| session.last_checkpoint().is_some())
        });
        request(&mut dies, |commands| {
            let report = Report::now();
            commands.session().library().report(report, directory.join("crash-report.tar"));
        });
        crate::common::until(&mut dies, |app| !received::<ReportWritten>(app).is_empty());
    }

    #[test]
    #[ignore = "run by the other test of this module"]
    fn child() {
        if is_in_a_directory() {
            main().unwrap();
        }
    }

    #[test]
    fn the_program_of_the_page_plays_a_report_to_its_end() {
        let directory = tempfile::tempdir().unwrap();
        write_report(directory.path());
        run_in(directory.path(), "guide::recorded::replayed::child");
    }
}
