//! A database in place of a log of our own.

use std::fs::OpenOptions;
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bevy::prelude::*;
use bevy_session_benchmarks::Outcome;
use bevy_session_benchmarks::worlds::{Health, Inventory, Position, Title, Velocity};
use redb::backends::FileBackend;
use redb::{
    BackendError, Database, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition,
};
use serde::de::DeserializeOwned;

/// Pieces of our own files, by file and place.
const PIECES: TableDefinition<&str, &[u8]> = TableDefinition::new("pieces");
/// Values as MessagePack, by entity and column.
const VALUES: TableDefinition<u64, &[u8]> = TableDefinition::new("values");

/// A database that counts the bytes which it writes.
pub struct Rival {
    database: Database,
    written: Arc<AtomicU64>,
}

/// A value to be written.
pub type Value = (u64, Vec<u8>);

impl Rival {
    /// Opens it, and repairs it if it wasn't closed.
    pub fn open(path: &Path) -> Outcome<Self> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let written = Arc::new(AtomicU64::new(0));
        let backend = Counting { file: FileBackend::new(file)?, written: Arc::clone(&written) };
        Ok(Self { database: Database::builder().create_with_backend(backend)?, written })
    }

    /// Bytes that were written until now.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Puts pieces of files in and takes out those of files that are gone, durably.
    pub fn put_pieces(&self, pieces: &[(String, Vec<u8>)], gone: &[String]) -> Outcome {
        let transaction = self.database.begin_write()?;
        let mut table = transaction.open_table(PIECES)?;
        for (key, bytes) in pieces {
            table.insert(key.as_str(), bytes.as_slice())?;
        }
        for key in gone {
            table.remove(key.as_str())?;
        }
        drop(table);
        transaction.commit()?;
        Ok(())
    }

    /// Reads all pieces, and says how many bytes they have.
    pub fn read_pieces(&self) -> Outcome<usize> {
        let table = self.database.begin_read()?.open_table(PIECES)?;
        let pieces = table.iter()?.map(|piece| Ok(piece?.1.value().to_vec().len()));
        pieces.sum()
    }

    /// Inserts or replaces values, durably.
    pub fn put_values(&self, values: &[Value]) -> Outcome {
        let transaction = self.database.begin_write()?;
        let mut table = transaction.open_table(VALUES)?;
        for (key, bytes) in values {
            table.insert(key, bytes.as_slice())?;
        }
        drop(table);
        transaction.commit()?;
        Ok(())
    }

    /// Reads and decodes all values, and says how many there are.
    pub fn read_values(&self) -> Outcome<usize> {
        let mut columns = Columns::default();
        let table = self.database.begin_read()?.open_table(VALUES)?;
        for value in table.iter()? {
            let (key, bytes) = value?;
            columns.take(key.value(), bytes.value())?;
        }
        Ok(std::hint::black_box(columns).count())
    }
}

/// The values of an entity, encoded.
pub fn values_of(rank: usize, entity: EntityRef) -> Outcome<Vec<Value>> {
    let key = (rank as u64) << 3;
    let mut values = Vec::new();
    if let Some(it) = entity.get::<Position>() {
        values.push((key, rmp_serde::to_vec_named(it)?));
    }
    if let Some(it) = entity.get::<Velocity>() {
        values.push((key | 1, rmp_serde::to_vec_named(it)?));
    }
    if let Some(it) = entity.get::<Health>() {
        values.push((key | 2, rmp_serde::to_vec_named(it)?));
    }
    if let Some(it) = entity.get::<Inventory>() {
        values.push((key | 3, rmp_serde::to_vec_named(it)?));
    }
    if let Some(it) = entity.get::<Title>() {
        values.push((key | 4, rmp_serde::to_vec_named(it)?));
    }
    Ok(values)
}

/// Values that were read, ready to be put into a world.
#[derive(Default)]
struct Columns {
    positions: Vec<(u64, Position)>,
    velocities: Vec<(u64, Velocity)>,
    healths: Vec<(u64, Health)>,
    inventories: Vec<(u64, Inventory)>,
    titles: Vec<(u64, Title)>,
}

impl Columns {
    fn take(&mut self, key: u64, bytes: &[u8]) -> Outcome {
        fn decoded<T: DeserializeOwned>(key: u64, bytes: &[u8]) -> Outcome<(u64, T)> {
            Ok((key >> 3, rmp_serde::from_slice(bytes)?))
        }
        match key & 7 {
            0 => self.positions.push(decoded(key, bytes)?),
            1 => self.velocities.push(decoded(key, bytes)?),
            2 => self.healths.push(decoded(key, bytes)?),
            3 => self.inventories.push(decoded(key, bytes)?),
            _ => self.titles.push(decoded(key, bytes)?),
        }
        Ok(())
    }

    fn count(&self) -> usize {
        self.positions.len()
            + self.velocities.len()
            + self.healths.len()
            + self.inventories.len()
            + self.titles.len()
    }
}

/// The database's own file, and what was written to it.
#[derive(Debug)]
struct Counting {
    file: FileBackend,
    written: Arc<AtomicU64>,
}

impl StorageBackend for Counting {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.written.fetch_add(data.len() as u64, Ordering::Relaxed);
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }
}
