//! The log of objectives, crew and notes: a span for each request, with the session, and what came of it.

// Feature: Requests of crew, notes and objectives have spans and lines in the log.
// Page: guide/metrics.md#spans

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::testing::TestGame;
use bevy_session_play::*;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

/// A span or an event: its level, its name or message, and its fields.
#[derive(Clone, Debug)]
struct Logged {
    level: Level,
    name: String,
    fields: BTreeMap<&'static str, String>,
}

#[derive(Clone, Default)]
struct Collected(Arc<Mutex<Vec<Logged>>>);

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl Collected {
    fn add(&self, metadata: &Metadata<'_>, name: Option<String>, fields: Fields) -> Id {
        let name = name.unwrap_or_else(|| metadata.name().to_owned());
        let mut collected = self.0.lock().unwrap();
        collected.push(Logged { level: *metadata.level(), name, fields: fields.0 });
        Id::from_u64(collected.len() as u64)
    }

    /// Collects what is logged while this is done. There are always two more subscribers, or `tracing` would ask
    /// whichever thread comes by a place first if anybody listens there.
    fn while_doing<T>(&self, work: impl FnOnce() -> T) -> T {
        static OTHERS: OnceLock<[Dispatch; 2]> = OnceLock::new();
        OTHERS.get_or_init(|| [Dispatch::new(Self::default()), Dispatch::new(Self::default())]);
        tracing::subscriber::with_default(self.clone(), work)
    }

    fn take(&self, name: &str) -> Vec<Logged> {
        let collected = self.0.lock().unwrap();
        collected.iter().filter(|logged| logged.name == name).cloned().collect()
    }

    /// The events with this message: their level, and these of their fields.
    fn said(&self, message: &str, fields: &[&str]) -> Vec<(Level, String)> {
        let of = |logged: &Logged| {
            let fields: Vec<&str> = fields
                .iter()
                .filter_map(|field| logged.fields.get(field).map(String::as_str))
                .collect();
            (logged.level, fields.join(" "))
        };
        self.take(message).iter().map(of).collect()
    }
}

impl Subscriber for Collected {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("bevy_session_play") && *metadata.level() <= Level::DEBUG
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        span.record(&mut fields);
        self.add(span.metadata(), None, fields)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let message = fields.0.remove("message").unwrap_or_default();
        self.add(event.metadata(), Some(message), fields);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn build(session: SessionPlugin) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins.build().disable::<bevy::app::ScheduleRunnerPlugin>(), session))
        .add_plugins(NotesPlugin)
        .add_objectives([Objective::new("well").count(2), Objective::new("wall").needs("well")]);
    app
}

/// Plays a session in which all sorts of requests are made, and hands out its id.
fn play() -> String {
    let mut game = TestGame::new(build);
    let id = game.start(NewSession::named("Frontier")).unwrap();
    game.frames(2);
    game.request(|commands| {
        let mut crew = commands.crew();
        crew.join("ann");
        crew.hand_over("ben");
        let mut notes = commands.notes().by("ann");
        notes.write(NewNote::new("The witch lies"));
        notes.write(NewNote::new(""));
        let mut objectives = commands.objectives();
        objectives.complete("wall");
        objectives.advance("well", 2);
    });
    game.frames(1);
    id.to_string()
}

#[test]
fn each_request_of_a_crew_its_notes_and_objectives_has_a_span_with_its_session() {
    let log = Collected::default();
    let id = log.while_doing(play);
    let spans = log.take("session_request");
    let mut asked: Vec<&str> = spans.iter().map(|span| &*span.fields["request"]).collect();
    // Between objectives and the others there is no order in a frame.
    asked.sort_unstable();
    let expected = [
        "crew_hand_over",
        "crew_join",
        "note_write",
        "note_write",
        "objective_advance",
        "objective_complete",
    ];
    assert_eq!(asked, expected);
    for span in &spans {
        assert_eq!((span.level, &span.fields["session.id"]), (Level::INFO, &id), "{span:?}");
    }
}

#[test]
fn changes_are_logged_and_refusals_are_warnings() {
    let log = Collected::default();
    log.while_doing(play);
    let done = [
        log.said("crew changed", &["player", "step"]),
        log.said("note changed", &["by", "step"]),
        log.said("objective advanced", &["key", "done", "count"]),
        log.said("objective changed", &["key", "step"]),
    ];
    let expected = [
        (Level::DEBUG, "ann joined"),
        (Level::DEBUG, "ann written"),
        (Level::DEBUG, "well 2 2"),
        (Level::INFO, "well completed"),
    ];
    let expected = expected.map(|(level, text)| vec![(level, text.to_owned())]);
    assert_eq!(done, expected);
    let available = log.said("objective available", &["key"]);
    assert!(available.contains(&(Level::DEBUG, "wall".to_owned())), "{available:?}");

    let mut refused = log.said("request rejected", &["request", "key", "player", "by"]);
    refused.sort_unstable();
    let expected = ["complete wall", "hand_over ben", "write ann"];
    assert_eq!(refused, expected.map(|it| (Level::WARN, it.to_owned())));
    for logged in log.take("request rejected") {
        assert!(!logged.fields["error"].is_empty(), "{logged:?}");
        let page = logged.fields["page"].strip_suffix("#what-can-go-wrong").unwrap();
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(page);
        let page = fs::read_to_string(page).unwrap();
        let (_, section) = page.split_once("## What can go wrong").unwrap();
        assert!(section.contains("Rejected`.*"), "{logged:?}");
    }
    let texts = log.0.lock().unwrap();
    let names_text = |logged: &Logged| logged.fields.values().any(|it| it.contains("witch"));
    assert!(!texts.iter().any(names_text), "the log has no texts of notes");
}
