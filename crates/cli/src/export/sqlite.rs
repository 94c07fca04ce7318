//! A database with a table for each kind of row, written in one transaction. Values are JSON.

use std::collections::HashMap;
use std::path::Path;

use bevy_session_journal::SessionId;
use rusqlite::{Connection, Statement, Transaction, params};

use super::{About, Sheets, WorldRow, Written};
use crate::events::ShownEvent;
use crate::failure::Failure;

/// Nothing needs to survive before the file is whole, and then it is synced as a whole.
const SETTINGS: &str = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;";
const TABLES: &str = "
CREATE TABLE sessions (number INTEGER PRIMARY KEY, session TEXT NOT NULL UNIQUE);
CREATE TABLE about (session TEXT NOT NULL, key TEXT NOT NULL, value TEXT, PRIMARY KEY (session, key)) WITHOUT ROWID;
CREATE TABLE types (id INTEGER PRIMARY KEY, path TEXT NOT NULL, version INTEGER NOT NULL);
CREATE TABLE entity_values (
    session INTEGER NOT NULL REFERENCES sessions, entity, type INTEGER NOT NULL REFERENCES types, value TEXT, error TEXT
);
CREATE VIEW entities AS
    SELECT sessions.session, entity, path AS type, version, value, error
    FROM entity_values
        JOIN types ON types.id = entity_values.type
        JOIN sessions ON sessions.number = entity_values.session;
CREATE TABLE resources (
    session TEXT NOT NULL, type TEXT NOT NULL, version INTEGER NOT NULL, value TEXT, error TEXT
);
CREATE TABLE events (
    session TEXT NOT NULL, sequence INTEGER NOT NULL, time TEXT NOT NULL, play_time_ms INTEGER NOT NULL,
    type TEXT NOT NULL, version INTEGER NOT NULL, source TEXT NOT NULL, privacy TEXT NOT NULL,
    frame INTEGER NOT NULL, tick INTEGER NOT NULL, chapter, value TEXT, error TEXT,
    PRIMARY KEY (session, sequence)
);";
const INDEXES: &str = "CREATE INDEX values_of_entity ON entity_values (session, entity);";

/// Tables that are being filled.
struct Tables<'a> {
    transaction: &'a Transaction<'a>,
    entities: Statement<'a>,
    resources: Statement<'a>,
    events: Statement<'a>,
    first: Option<SessionId>,
    /// The numbers of sessions; that of the first is 0.
    sessions: HashMap<SessionId, i64>,
    types: HashMap<(String, u32), i64>,
    /// The type of the row before, and its number.
    type_before: Option<(String, u32, i64)>,
    /// The value that is being written.
    text: Vec<u8>,
}

/// Writes a database with what `fill` writes.
pub fn write(
    path: &Path,
    fill: impl FnOnce(&mut dyn Sheets) -> Result<Written, Failure>,
) -> Result<Written, Failure> {
    let mut database = Connection::open(path)?;
    database.execute_batch(SETTINGS)?;
    let transaction = database.transaction()?;
    transaction.execute_batch(TABLES)?;
    let mut tables = Tables {
        transaction: &transaction,
        entities: transaction.prepare("INSERT INTO entity_values VALUES (?, ?, ?, ?, ?)")?,
        resources: transaction.prepare("INSERT INTO resources VALUES (?, ?, ?, ?, ?)")?,
        events: transaction
            .prepare("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?,
        first: None,
        sessions: HashMap::new(),
        types: HashMap::new(),
        type_before: None,
        text: Vec::new(),
    };
    let written = fill(&mut tables)?;
    drop(tables);
    transaction.commit()?;
    database.close().map_err(|(_, error)| error)?;
    Ok(written)
}

/// A number as `SQLite` has it: what is larger than its numbers is a text of digits.
fn number(number: u64) -> rusqlite::types::Value {
    i64::try_from(number).map_or_else(|_| number.to_string().into(), Into::into)
}

impl Tables<'_> {
    /// The session of a row: the only one, if it doesn't say.
    fn session_of(&self, session: Option<SessionId>) -> String {
        session.or(self.first).map(|session| session.to_string()).unwrap_or_default()
    }

    /// The number of that session.
    fn number_of(&self, session: Option<SessionId>) -> i64 {
        let number = session.and_then(|session| self.sessions.get(&session));
        number.copied().unwrap_or_default()
    }

    /// The number of a type. Rows come type by type, of each session.
    fn type_of(&mut self, row: &WorldRow<'_>) -> Result<i64, Failure> {
        if let Some((path, version, id)) = &self.type_before
            && (&**path, *version) == (row.type_path, row.version)
        {
            return Ok(*id);
        }
        let name = (row.type_path.to_owned(), row.version);
        let id = match self.types.get(&name) {
            Some(id) => *id,
            None => {
                let insert = "INSERT INTO types (path, version) VALUES (?, ?)";
                self.transaction.execute(insert, params![row.type_path, row.version])?;
                let id = self.transaction.last_insert_rowid();
                self.types.insert(name.clone(), id);
                id
            }
        };
        self.type_before = Some((name.0, name.1, id));
        Ok(id)
    }

    /// A value as JSON.
    fn write_text(&mut self, row: &WorldRow<'_>) -> Result<(), Failure> {
        self.text.clear();
        Ok(serde_json::to_writer(&mut self.text, row.value)?)
    }
}

impl Sheets for Tables<'_> {
    fn about(&mut self, about: &About) -> Result<(), Failure> {
        let number = i64::try_from(self.sessions.len()).unwrap_or_default();
        self.sessions.insert(about.session, number);
        self.first.get_or_insert(about.session);
        let session = about.session.to_string();
        let insert = "INSERT INTO sessions VALUES (?, ?)";
        self.transaction.execute(insert, params![number, session])?;
        for (key, value) in about.fields() {
            let insert = "INSERT INTO about VALUES (?, ?, ?)";
            self.transaction.execute(insert, params![session, key, value])?;
        }
        Ok(())
    }

    fn entity_row(&mut self, row: &WorldRow<'_>) -> Result<(), Failure> {
        let type_id = self.type_of(row)?;
        self.write_text(row)?;
        let text = std::str::from_utf8(&self.text).unwrap_or_default();
        let (entity, session) = (row.entity.map(number), self.number_of(row.session));
        self.entities.execute(params![session, entity, type_id, text, row.error])?;
        Ok(())
    }

    fn resource(&mut self, row: &WorldRow<'_>) -> Result<(), Failure> {
        self.write_text(row)?;
        let text = std::str::from_utf8(&self.text).unwrap_or_default();
        let session = self.session_of(row.session);
        self.resources.execute(params![session, row.type_path, row.version, text, row.error])?;
        Ok(())
    }

    fn event(&mut self, event: &ShownEvent) -> Result<(), Failure> {
        let value = event.value.as_ref().map(serde_json::to_string).transpose()?;
        let session = self.session_of(event.session);
        self.events.execute(params![
            session,
            number(event.sequence),
            event.time.to_string(),
            number(event.play_time_ms),
            event.type_path,
            event.version,
            event.source,
            event.privacy,
            number(event.frame),
            number(event.tick),
            event.chapter.map(number),
            value,
            event.error,
        ])?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Failure> {
        Ok(self.transaction.execute_batch(INDEXES)?)
    }
}
