//! The log: a span for each request, with the session, and each order where the settings want it.

// Feature: Requests, checkpoints, restores and disk operations have spans.
// Page: guide/metrics.md#spans

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, OnceLock};

use bevy::prelude::*;
use bevy_session::doctor::Doctor;
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, SessionUpdate};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

use crate::common::*;

/// A span or an event: its level, its name or message, and its fields.
#[derive(Clone, Debug)]
struct Logged {
    level: Level,
    name: String,
    fields: BTreeMap<&'static str, String>,
}

/// What was logged.
#[derive(Clone, Default)]
pub struct Collected(Arc<Mutex<Vec<Logged>>>);

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

impl Subscriber for Collected {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // The plugin, and the code of the guide's pages.
        let is_listened_to =
            ["bevy_session", "it::guide"].iter().any(|it| metadata.target().starts_with(it));
        is_listened_to && *metadata.level() <= Level::DEBUG
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        span.record(&mut fields);
        let (level, name) = (*span.metadata().level(), span.metadata().name().to_owned());
        let mut collected = self.0.lock().unwrap();
        collected.push(Logged { level, name, fields: fields.0 });
        Id::from_u64(collected.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        let mut collected = self.0.lock().unwrap();
        collected[span.into_u64() as usize - 1].fields.extend(fields.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let name = fields.0.remove("message").unwrap_or_default();
        let level = *event.metadata().level();
        self.0.lock().unwrap().push(Logged { level, name, fields: fields.0 });
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Collected {
    /// Collects what is logged while this is done.
    ///
    /// As long as there is only one subscriber, `tracing` asks the thread that comes by a place first
    /// whether anybody listens there, and goes by that for all threads: other tests don't listen. So there
    /// are always two more.
    pub fn while_doing<T>(&self, work: impl FnOnce() -> T) -> T {
        static OTHERS: OnceLock<[Dispatch; 2]> = OnceLock::new();
        OTHERS.get_or_init(|| [Dispatch::new(Self::default()), Dispatch::new(Self::default())]);
        tracing::subscriber::with_default(self.clone(), work)
    }

    /// The messages of this level.
    pub fn messages(&self, level: Level) -> Vec<String> {
        let collected = self.0.lock().unwrap();
        let of_level = collected.iter().filter(|logged| logged.level == level);
        of_level.map(|logged| logged.name.clone()).collect()
    }

    fn take(&self, name: &str) -> Vec<Logged> {
        self.all(|logged| logged.name == name)
    }

    fn all(&self, is_wanted: impl Fn(&Logged) -> bool) -> Vec<Logged> {
        let collected = self.0.lock().unwrap();
        collected.iter().filter(|logged| is_wanted(logged)).cloned().collect()
    }
}

/// Plays a session in which all sorts of requests are made, and hands out its id.
fn play(verbose: bool) -> String {
    let mut app = game(&MemoryDisk::default());
    app.world_mut().resource_mut::<SessionSettings>().verbose = verbose;
    app.world_mut().spawn(Health(1));
    frames(&mut app, 2);
    start(&mut app, "Logged");
    let id = app.world().resource::<CurrentSession>().id();
    request(&mut app, |commands| {
        let mut session = commands.session();
        session.checkpoint("here");
        session.pause();
        session.resume();
        session.update(SessionUpdate::default().name("Renamed"));
        session.slots().save(SaveSlot::quick());
        session.recover(id, RestoreFrom::Latest);
        session.close(LeaveCause::Player);
        session.decline(id);
        session.library().purge(id);
    });
    seconds(&mut app, 1.0);
    id.to_string()
}

#[test]
fn each_request_checkpoint_and_restore_has_a_span_with_its_session() {
    let log = Collected::default();
    let id = log.while_doing(|| play(false));
    let requests = log.take("session_request");
    let asked: Vec<(&str, Option<&String>)> = requests
        .iter()
        .map(|span| (&*span.fields["request"], span.fields.get("session.id")))
        .collect();
    let of = Some(&id);
    let expected = [
        ("start", None),
        ("checkpoint", of),
        ("pause", of),
        ("resume", of),
        ("update", of),
        ("save", of),
        ("recover", of),
        ("close", of),
        ("decline", None),
        ("purge", None),
    ];
    assert_eq!(asked, expected);
    assert!(requests.iter().all(|span| span.level == Level::INFO));

    let checkpoints = log.take("checkpoint");
    assert!(checkpoints.len() >= 4, "{checkpoints:?}");
    for span in &checkpoints {
        assert_eq!((&span.fields["session.id"], span.level), (&id, Level::DEBUG), "{span:?}");
        assert!(span.fields.contains_key("kind"), "{span:?}");
    }
    let encoded = log.take("encode_checkpoint");
    assert!(encoded.iter().all(|span| span.fields["session.id"] == id), "{encoded:?}");
    let restores = log.take("restore");
    assert_eq!(restores.len(), 1);
    assert_eq!((&restores[0].fields["session.id"], &*restores[0].fields["entities"]), (&id, "1"));
    assert!(log.take("order").is_empty(), "orders are logged only where the settings want it");
}

#[test]
fn logging_of_orders_has_every_order_with_its_time() {
    let log = Collected::default();
    log.while_doing(|| play(true));
    let orders = log.take("order");
    assert!(orders.iter().all(|order| order.level == Level::INFO));
    assert!(orders.iter().all(|order| order.fields.contains_key("at")));
    let names: Vec<&str> = orders.iter().map(|order| &*order.fields["order"]).collect();
    for name in ["take up", "checkpoint", "write", "slot", "prepare", "leave", "forget"] {
        assert!(names.contains(&name), "{name} is missing in {names:?}");
    }
}

#[test]
fn a_request_that_is_rejected_in_every_frame_is_logged_once() {
    let log = Collected::default();
    log.while_doing(|| {
        let mut app = game_with(plugin(&MemoryDisk::default()), listen::<RequestRejected>);
        start(&mut app, "Played");
        for _ in 0..50 {
            request(&mut app, |commands| {
                commands.session().start(NewSession::named("Another"));
            });
            frames(&mut app, 1);
        }
        request(&mut app, |commands| commands.session().rewind(RewindTo::BeforeRewind));
        frames(&mut app, 5);
        assert_eq!(received::<RequestRejected>(&app).len(), 51);
    });
    let rejected = log.take("request rejected");
    let logged: Vec<&str> = rejected.iter().map(|logged| &*logged.fields["request"]).collect();
    assert_eq!(logged, ["start", "rewind"]);
    assert!(rejected[0].fields["error"].contains("replacing_current"), "{rejected:?}");
    let page = include_str!("../../docs/guide/troubleshooting.md");
    assert!(page.contains("\n## My request did nothing\n"), "the section that is named");
    let section = "docs/guide/troubleshooting.md#my-request-did-nothing";
    assert_eq!(rejected[0].fields["page"], section);
    assert_eq!(log.take("request rejected once more").len(), 49);
}

#[test]
fn the_doctor_says_if_it_has_seen_a_restored_world() {
    let mut disk = MemoryDisk::default();
    for is_restored in [false, true] {
        let log = Collected::default();
        log.while_doing(|| {
            let mut app = game_with(plugin(&disk), |app| _ = app.add_plugins(Doctor::default()));
            app.world_mut().spawn(Health(1));
            request(&mut app, |commands| {
                commands.session().start_or_continue(NewSession::named("Looked at"));
            });
            frames(&mut app, 400);
        });
        let closing: Vec<Logged> = log.all(|logged| logged.name.starts_with("the doctor has "));
        assert_eq!(closing.len(), 1, "{closing:?}");
        assert_eq!(closing[0].fields["sessions"], "memory");
        let said = log.take(
            "the doctor has seen a restored world, from which what the game forgot to save is gone: start with \
             BEVY_SESSION=fresh to have it look at a new one",
        );
        assert_eq!(said.len(), usize::from(is_restored));
        disk = disk.snapshot();
    }
}

#[test]
fn a_hint_in_the_log_names_its_section() {
    let log = Collected::default();
    log.while_doing(|| {
        let mut app = game_with(plugin(&MemoryDisk::default()), |_| {});
        app.save_component::<Transform>();
        frames(&mut app, 2);
    });
    let said = log.all(|logged| logged.name.starts_with("BS0806: `save_component"));
    assert_eq!(said.len(), 1, "{said:?}");
    let section = "(docs/guide/hints.md#bs0806-a-call-came-too-late)";
    assert!(said[0].name.ends_with(section), "{said:?}");
}

#[test]
fn the_place_of_the_sessions_is_logged_once_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let log = Collected::default();
    log.while_doing(|| {
        let on_disk = plugin(&MemoryDisk::default()).directory(directory.path());
        frames(&mut game_with(on_disk, |_| {}), 5);
    });
    let said = log.take("sessions are kept in this directory");
    assert_eq!((said.len(), said[0].level), (1, Level::INFO));
    assert_eq!(said[0].fields["place"], directory.path().join("data").display().to_string());

    let log = Collected::default();
    log.while_doing(|| drop(game(&MemoryDisk::default())));
    assert_eq!(log.take("sessions are in memory: none is on disk").len(), 1);
    assert!(log.take("sessions are kept in this directory").is_empty());
}
