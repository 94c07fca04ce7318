//! The spans of files that a subscriber sees.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Metadata, Subscriber};

use super::*;
use crate::disk::{CreatedSegment, DirectoryStore, Layout, MemoryDisk, Operation};
use crate::format::sample::{commit, header, session, values};

/// Spans with their fields, and those of the event at their end.
#[derive(Clone)]
struct Spans {
    level: Level,
    next: Arc<AtomicU64>,
    seen: Arc<Mutex<BTreeMap<u64, Fields>>>,
}

#[derive(Clone, Default, Debug)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl Spans {
    fn of_level(level: Level) -> Self {
        Self { level, next: Arc::default(), seen: Arc::default() }
    }

    fn all(&self) -> Vec<Fields> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.values().cloned().collect()
    }

    fn with(&self, id: u64, record: impl FnOnce(&mut Fields)) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        record(seen.entry(id).or_default());
    }
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        assert_eq!(attributes.metadata().name(), "disk");
        let id = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        self.with(id, |fields| attributes.record(fields));
        Id::from_u64(id)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        self.with(id.into_u64(), |fields| values.record(fields));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let span = event.parent().expect("each ends a span").into_u64();
        self.with(span, |fields| event.record(fields));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn traced(disk: &MemoryDisk) -> Arc<dyn Disk> {
    let roots = [("data", "home/data".into()), ("state", "home/data/state".into())];
    Arc::new(TracedDisk::new(Arc::new(disk.clone()), roots))
}

fn layout() -> Layout {
    let (data, state) = ("home/data".into(), "home/data/state".into());
    Layout { data, state, profile: "default".to_owned() }
}

/// Does the store's work for the first checkpoint of a run.
fn write_checkpoint(disk: &MemoryDisk) {
    let store = DirectoryStore::new(traced(disk), layout());
    let CreatedSegment { path, mut file, mut encoder, unsynced_directories } =
        store.create_segment(&header(1, 0)).unwrap();
    let block = values("a", &[(2, b"1")]);
    encoder.encode_group([block], &commit(1, None), &mut |bytes| file.append(bytes)).unwrap();
    file.sync().unwrap();
    store.sync_directories(&unsynced_directories).unwrap();
    assert!(store.is_still_there(&*file, &path).unwrap());
}

#[test]
fn a_checkpoint_is_created_appended_synced_and_its_directories_are_synced() {
    let (disk, spans) = (MemoryDisk::default(), Spans::of_level(Level::TRACE));
    with_default(spans.clone(), || write_checkpoint(&disk));
    let name = Layout::segment_name(header(1, 0).run, 0);
    let directory = format!("profiles/default/sessions/{}", session());
    let segment = format!("{directory}/{name}");
    let all = spans.all();
    for Fields(fields) in &all {
        assert!(fields.contains_key("elapsed"), "{fields:?}");
        assert_ne!(fields.contains_key("error"), fields["message"] == "done", "{fields:?}");
    }
    let of = |path: &str| -> Vec<&str> {
        let spans = all.iter().map(|Fields(fields)| fields);
        let of_path = spans.filter(|fields| Path::new(&fields["path"]) == Path::new(path));
        of_path
            .inspect(|fields| assert_eq!(fields["place"], "data"))
            .map(|fields| &*fields["operation"])
            .collect()
    };
    let operations = of(&segment);
    let [first, appends @ .., sync, still_there] = &*operations else { panic!("{operations:?}") };
    assert_eq!((*first, *sync, *still_there), ("create", "sync", "is_at"));
    assert!(!appends.is_empty() && appends.iter().all(|it| *it == "append"), "{appends:?}");
    assert_eq!(of(&directory).last(), Some(&"sync_dir"));

    let bytes = all.iter().filter_map(|Fields(fields)| fields.get("bytes")?.parse::<u64>().ok());
    let path = layout().data.join(segment);
    assert_eq!(bytes.sum::<u64>(), disk.content(&path).unwrap().len() as u64);
}

#[test]
fn a_failed_operation_has_its_error_and_the_innermost_place() {
    let (disk, spans) = (MemoryDisk::default(), Spans::of_level(Level::TRACE));
    disk.put(Path::new("home/data/state/host"), b"1234");
    with_default(spans.clone(), || {
        let traced = traced(&disk);
        assert_eq!(traced.read(Path::new("home/data/state/host"), 9).unwrap(), b"1234");
        disk.fail_next(Operation::Remove, io::ErrorKind::PermissionDenied);
        assert!(traced.remove(Path::new("home/report")).is_err());
    });
    let all = spans.all();
    let [Fields(read), Fields(removed)] = &*all else { panic!("{all:?}") };
    assert_eq!([&*read["place"], &read["path"], &read["bytes"]], ["state", "host", "4"]);
    assert_eq!([&*removed["path"], &removed["message"]], ["home/report", "failed"]);
    assert_eq!(removed["error"], io::Error::from(io::ErrorKind::PermissionDenied).to_string());
    assert!(!removed.contains_key("place") && !removed.contains_key("bytes"));
}

#[test]
fn nothing_is_traced_at_debug_level() {
    let (disk, spans) = (MemoryDisk::default(), Spans::of_level(Level::DEBUG));
    with_default(spans.clone(), || write_checkpoint(&disk));
    assert!(spans.all().is_empty());
}
