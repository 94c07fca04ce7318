//! Files that the game's formats left behind, and the tool as somebody runs it on them.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::SystemTime;

use bevy_session_journal::internal::disk::process::{ProcessGuard, ProcessOptions};
use bevy_session_journal::internal::disk::{Layout, LocalStore, RealDisk};
use bevy_session_journal::{
    CheckpointKind, Codec, JournalOptions, NewSession, RowReader, RowWriter, SaveId, SavedType,
    Scope,
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tempfile::TempDir;

pub type Done = Result<(), Box<dyn Error>>;

/// Closed, in three files of two runs.
pub const RELICS: &str = "01a1fb8e-1228-771f-80f6-b4d72b06dc5d";
/// Left by a crash.
pub const EVENINGS: &str = "01a1fb8e-1398-70ca-8c22-3d38d5e4b60a";
/// Deleted by a process that died meanwhile.
pub const FORGOTTEN: &str = "01a1fb8e-4883-76b7-8fdd-0cf19803009e";
/// The run that crashed.
pub const EVENINGS_RUN: u64 = 0x61dd_5a61_d860_9980;

/// A separate directory of a game, as format 1.0 wrote it.
pub struct Game {
    pub root: TempDir,
}

impl Game {
    pub fn new() -> io::Result<Self> {
        Self::of_format("1.0")
    }

    pub fn of_format(version: &str) -> io::Result<Self> {
        // Asked for now: what clones build into may hold the test of another clone.
        let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
        let golden = Path::new(&package).join("../../tests/golden");
        let golden = golden.join(version).join("files");
        let root = tempfile::tempdir()?;
        copy(&golden, root.path())?;
        Ok(Self { root })
    }

    pub fn directory(&self) -> PathBuf {
        self.root.path().join("sessions")
    }

    pub fn profile(&self) -> PathBuf {
        self.directory().join("data/profiles/default")
    }

    pub fn session(&self, session: &str) -> PathBuf {
        self.profile().join("sessions").join(session)
    }

    /// Runs the tool; `DIR` stands for the directory, and `SLOT:name` for a slot's file.
    pub fn run(&self, line: &str) -> io::Result<Ran> {
        self.run_words(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// The same with words that may have blanks in them.
    pub fn run_words(&self, words: &[&str]) -> io::Result<Ran> {
        run(words.iter().map(|word| match (*word, word.strip_prefix("SLOT:")) {
            ("DIR", _) => self.directory().into_os_string(),
            (_, Some(name)) => self.profile().join("slots").join(name).into_os_string(),
            (word, None) => word.into(),
        }))
    }

    /// Every file and directory with its content and the time when it was changed.
    pub fn snapshot(&self) -> io::Result<Snapshot> {
        let mut found = BTreeMap::new();
        look(self.root.path(), &mut found)?;
        Ok(found)
    }

    pub fn local(&self) -> LocalStore {
        let (data, state) = (self.directory().join("data"), self.directory().join("state"));
        LocalStore::new(Arc::new(RealDisk), Layout { data, state, profile: "default".to_owned() })
    }
}

/// A process of the game begins, as of now.
pub fn begin_process(local: &LocalStore, now: Timestamp) -> ProcessGuard {
    ProcessGuard::begin(local, "1.2.3", ProcessOptions { panics: false }, now).0
}

/// The same, and its panics are noted.
pub fn begin_watched_process(local: &LocalStore, now: Timestamp) -> ProcessGuard {
    ProcessGuard::begin(local, "1.2.3", ProcessOptions { panics: true }, now).0
}

pub type Snapshot = BTreeMap<PathBuf, (SystemTime, Option<Vec<u8>>)>;

fn look(path: &Path, found: &mut Snapshot) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    let content = match metadata.file_type() {
        kind if kind.is_symlink() => {
            Some(fs::read_link(path)?.into_os_string().into_encoded_bytes())
        }
        kind if kind.is_dir() => None,
        _ => Some(fs::read(path)?),
    };
    found.insert(path.to_owned(), (metadata.modified()?, content));
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            look(&entry?.path(), found)?;
        }
    }
    Ok(())
}

pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&place)?;
            copy(&entry.path(), &place)?;
        } else {
            fs::write(&place, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

pub struct Ran {
    pub code: Option<i32>,
    pub text: String,
    pub error: String,
}

pub fn run(arguments: impl IntoIterator<Item = OsString>) -> io::Result<Ran> {
    ran(tool().args(arguments))
}

/// The tool, in a time zone and with a terminal that are the same everywhere.
pub fn tool() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bevy-session"));
    command.env("TZ", "UTC").env_remove("COLUMNS").env_remove("NO_COLOR");
    command
}

pub fn ran(command: &mut Command) -> io::Result<Ran> {
    let ran = command.output()?;
    let Output { status, stdout, stderr } = ran;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Ran { code: status.code(), text: text(stdout), error: text(stderr) })
}

impl Ran {
    /// The JSON objects, one for each line.
    pub fn objects(&self) -> Result<Vec<Value>, serde_json::Error> {
        self.text.lines().map(serde_json::from_str).collect()
    }

    /// The only JSON object.
    pub fn object(&self) -> Result<Value, Box<dyn Error>> {
        let mut objects = self.objects()?;
        let only = objects.pop().filter(|_| objects.is_empty());
        only.ok_or_else(|| format!("there should be one object: {}", self.text).into())
    }
}

/// Changes one byte.
pub fn damage(path: &Path, at: usize) -> io::Result<()> {
    let mut bytes = fs::read(path)?;
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 0x40;
    }
    fs::write(path, bytes)
}

pub fn journals(session: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(session)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|it| it == "journal" || it == "archive"));
    paths.sort();
    Ok(paths)
}

/// One row, with any value.
pub struct AnyValue<T>(pub PhantomData<T>);

const ODD: SavedType = SavedType::new("odd::Odd");

impl<T: Serialize + Send + 'static> Codec for AnyValue<T> {
    type Capture = T;
    type Image = ();

    fn types(&self) -> &[SavedType] {
        &[ODD]
    }

    fn encode(&self, value: T, rows: &mut RowWriter) {
        rows.put(ODD, SaveId::WORLD, &value);
    }

    fn decode(&self, _: &mut RowReader<'_>) {}
}

/// A session with this value, and what its player called it.
pub fn session_with<T>(directory: &Path, name: &str, value: impl Fn(Scope) -> T) -> Done
where
    T: Serialize + Send + 'static,
{
    let options = JournalOptions::new(directory).watch_panics(false);
    let mut journal = options.open(AnyValue(PhantomData))?;
    let mut run = journal.start(NewSession::named(name));
    run.checkpoint(CheckpointKind::Manual, &value);
    run.close(&value)?;
    Ok(())
}
