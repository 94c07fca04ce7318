//! An open file.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::{FileId, SimulatedDisk, State, What};
use crate::disk::{AppendFile, Operation};
use crate::format::ReadAt;

/// An open file, which outlives its name.
#[derive(Debug)]
pub struct SimulatedFile {
    disk: SimulatedDisk,
    file: FileId,
}

impl SimulatedFile {
    pub fn new(disk: SimulatedDisk, file: FileId) -> Self {
        Self { disk, file }
    }
}

impl AppendFile for SimulatedFile {
    fn is_at(&self, path: &Path) -> io::Result<bool> {
        let state = self.disk.begin(Operation::Exists)?;
        Ok(state.tree.file(path).is_ok_and(|there| there.0 == self.file.0))
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.state();
        let room = state.room_for(bytes.len());
        let permitted = state.begin(Operation::Append);
        if permitted.is_ok() && room < bytes.len() {
            return state.append(self.file, bytes.get(..room).unwrap_or_default(), Err(full()));
        }
        let appended = match (&permitted, &state.fault) {
            (Ok(()), _) => bytes.len(),
            (Err(_), Some(fault)) => fault.kind.part_of(bytes.len()),
            (Err(_), None) => 0,
        };
        state.append(self.file, bytes.get(..appended).unwrap_or_default(), permitted)
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.state();
        let permitted = state.begin(Operation::Sync);
        state.note(What::Sync { file: self.file, succeeded: permitted.is_ok() });
        permitted
    }
}

impl State {
    /// Notes an append of which these bytes got into the file.
    fn append(&mut self, file: FileId, bytes: &[u8], outcome: io::Result<()>) -> io::Result<()> {
        if let Some(content) = self.files.get_mut(file.0) {
            Arc::make_mut(content).extend_from_slice(bytes);
        }
        self.note(What::Append { file, bytes: Arc::from(bytes), succeeded: outcome.is_ok() });
        outcome
    }
}

fn full() -> io::Error {
    io::ErrorKind::StorageFull.into()
}

impl ReadAt for SimulatedFile {
    fn len(&self) -> io::Result<u64> {
        let state = self.disk.begin(Operation::Read)?;
        Ok(state.bytes(self.file)?.len() as u64)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let state = self.disk.begin(Operation::Read)?;
        state.bytes(self.file)?.read_exact_at(offset, buffer)
    }
}
