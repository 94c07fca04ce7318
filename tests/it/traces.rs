//! The files that a game writes, as a subscriber sees them.

// Feature: Requests, checkpoints, restores and disk operations have spans.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bevy_session::prelude::*;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Metadata, Subscriber};

use crate::common::*;

/// The spans of files, with their fields, in the order in which they began.
#[derive(Clone, Default)]
struct Operations {
    next: Arc<AtomicU64>,
    seen: Arc<Mutex<BTreeMap<u64, Fields>>>,
}

#[derive(Clone, Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl Subscriber for Operations {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "bevy_session_journal::disk::traced_disk"
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let id = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        attributes.record(self.seen.lock().unwrap().entry(id).or_default());
        Id::from_u64(id)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        values.record(self.seen.lock().unwrap().entry(id.into_u64()).or_default());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let id = event.parent().expect("each ends a span").into_u64();
        event.record(self.seen.lock().unwrap().entry(id).or_default());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn the_files_of_a_checkpoint_are_seen_as_they_are_written() {
    let directory = tempfile::tempdir().unwrap();
    let plugin = SessionPlugin::new("Tests", "Traces").directory(directory.path()).manual_writer();
    let operations = Operations::default();
    let session = with_default(operations.clone(), || {
        let mut app = game_with(plugin, |_| {});
        start(&mut app, "Traced");
        app.world().resource::<CurrentSession>().id()
    });
    let own = format!("profiles/default/sessions/{session}");
    let seen = operations.seen.lock().unwrap();
    // A directory fails to be made before those that lead to it.
    let done =
        seen.values().map(|Fields(fields)| fields).filter(|fields| fields["message"] == "done");
    let mut of_session = done.filter(|fields| {
        Path::new(&fields["path"]).starts_with(&own)
            && fields.get("place").is_some_and(|it| it == "data")
    });
    // In this order; other operations may come in between.
    for operation in ["create_dir", "create", "append", "sync", "sync_dir"] {
        let found = of_session.find(|fields| fields["operation"] == operation);
        let fields = found.unwrap_or_else(|| panic!("{operation} should be seen"));
        assert!(fields.contains_key("elapsed"), "{fields:?}");
        assert_eq!(fields.contains_key("bytes"), operation == "append", "{fields:?}");
    }
    let home = directory.path().to_str().unwrap();
    let below = seen.values().filter(|fields| fields.0["path"].starts_with(home));
    // Only of the directory itself, which leads to both roots.
    assert!(below.into_iter().all(|fields| fields.0["path"] == home));
}
