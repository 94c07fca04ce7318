//! A small program for the tests: notes, each an entity with a text, and some with a mark.

use std::collections::BTreeMap;
use std::time::Duration;

use bevy_session_journal::{
    CheckpointKind, Codec, Event, Journal, JournalOptions, ManualClock, MemoryDisk, NewSession,
    Row, RowReader, RowWriter, Run, SaveId, Saved, SavedType, Scope,
};
use jiff::Timestamp;

pub const TEXT: SavedType = SavedType::new("notes::Text");
pub const MARK: SavedType = SavedType::new("notes::Mark");

/// Texts that can't be written begin with this.
pub const UNWRITABLE: &str = "unwritable";
/// The codec panics at this text.
pub const PANICS: &str = "panics";

pub type Texts = BTreeMap<SaveId, String>;

/// A capture: the changes, or everything.
#[derive(Clone, Default)]
pub struct Capture {
    pub texts: Texts,
    pub marks: BTreeMap<SaveId, bool>,
    pub gone: Vec<SaveId>,
    pub unmarked: Vec<SaveId>,
}

/// A restored state.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Image {
    pub texts: Texts,
    pub marks: BTreeMap<SaveId, bool>,
}

/// A build of the program, which knows these types.
pub struct Notes(pub Vec<SavedType>);

impl Notes {
    /// The build that knows all types.
    pub fn current() -> Self {
        Self(vec![TEXT, MARK])
    }
}

impl Codec for Notes {
    type Capture = Capture;
    type Image = Image;

    fn types(&self) -> &[SavedType] {
        &self.0
    }

    fn encode(&self, capture: Capture, rows: &mut RowWriter) {
        for (id, text) in &capture.texts {
            assert_ne!(text, PANICS);
            match text.starts_with(UNWRITABLE) {
                true => rows.put(TEXT, *id, &Unwritable),
                false => rows.put(TEXT, *id, text),
            }
        }
        capture.marks.iter().for_each(|(id, mark)| rows.put(MARK, *id, mark));
        capture.gone.iter().for_each(|id| rows.remove_entity(*id));
        capture.unmarked.iter().for_each(|id| rows.remove(MARK, *id));
    }

    fn decode(&self, rows: &mut RowReader<'_>) -> Image {
        let mut image = Image::default();
        while let Some(row) = rows.next_row() {
            read(row, &mut image);
        }
        image
    }
}

fn read(row: Row<'_>, image: &mut Image) {
    if row.is(TEXT) {
        image.texts.insert(row.id(), row.value().unwrap());
    } else if row.is(MARK) {
        image.marks.insert(row.id(), row.value().unwrap());
    }
}

struct Unwritable;

impl serde::Serialize for Unwritable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("as the test wants it"))
    }
}

/// A machine whose disk and clock the test holds.
#[derive(Clone)]
pub struct Machine {
    pub disk: MemoryDisk,
    pub clock: ManualClock,
}

impl Machine {
    pub fn new() -> Self {
        let clock = ManualClock::starting_at(Timestamp::UNIX_EPOCH);
        Self { disk: MemoryDisk::default(), clock }
    }

    /// The machine as it is after this process was killed.
    pub fn after_a_kill(&self) -> Self {
        Self { disk: self.disk.snapshot(), clock: self.clock.clone() }
    }

    pub fn options(&self) -> JournalOptions {
        let options = JournalOptions::new("notes").in_memory(&self.disk).manual_clock(&self.clock);
        options.watch_panics(false).lock_patience(Duration::ZERO)
    }

    pub fn open(&self) -> Journal<Notes> {
        self.options().open(Notes::current()).unwrap()
    }
}

/// Notes with these texts, numbered from the first id.
pub fn texts(texts: &[&str]) -> Texts {
    let mut next = SaveId::FIRST;
    let numbered = texts.iter().map(|text| {
        let id = next;
        next = next.next();
        (id, (*text).to_owned())
    });
    numbered.collect()
}

/// A capture of these texts.
pub fn capture(of: &[&str]) -> Capture {
    Capture { texts: texts(of), ..Capture::default() }
}

/// A session whose first checkpoint, of these texts, is saved.
pub fn start<'j>(journal: &'j mut Journal<Notes>, of: &[&str]) -> Run<'j, Notes> {
    let mut run = journal.start(NewSession::named("Notes"));
    checkpoint(&mut run, Scope::Everything, of);
    saved(&mut run);
    run
}

/// Takes an automatic checkpoint of these texts, which has to contain what is expected.
pub fn checkpoint(run: &mut Run<'_, Notes>, expected: Scope, of: &[&str]) {
    run.checkpoint(CheckpointKind::Auto, |scope| {
        assert_eq!(scope, expected);
        capture(of)
    });
}

/// Lets the writer work, until it has nothing to report any more.
pub fn events(run: &mut Run<'_, Notes>) -> Vec<Event> {
    // The first turn writes, and later ones do what can wait.
    let mut events = Vec::new();
    for _ in 0..20 {
        events.extend(std::iter::from_fn(|| run.poll()));
    }
    events
}

/// Lets the writer work until something is saved.
pub fn saved(run: &mut Run<'_, Notes>) -> Saved {
    let events = events(run);
    let saved = events.iter().find_map(|event| match event {
        Event::Saved(saved) => Some(saved.clone()),
        _ => None,
    });
    saved.unwrap_or_else(|| panic!("nothing was saved: {events:?}"))
}
