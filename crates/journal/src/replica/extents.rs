//! Reading pieces of files out of the entries that hold them.

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

use super::{Entry, EntryError, Epoch, Extent, Key, Position, Reach, ReadError};
use crate::model::ids::SessionId;

/// Reads pieces of a session's files, one after the other.
///
/// An entry holds what was appended since the one before, often a file's pieces of many checkpoints. The newest entry stays
/// in memory, so that it is read once for all of them: a read is a request that a bucket bills.
pub(super) struct Extents<R> {
    reach: R,
    session: SessionId,
    newest: Option<Payload>,
}

struct Payload {
    at: (Epoch, Position),
    object: Vec<u8>,
    range: Range<usize>,
}

impl<R: Reach> Extents<R> {
    pub fn of(reach: &R, session: SessionId) -> Self {
        Self { reach: reach.clone(), session, newest: None }
    }

    /// Reads a piece.
    pub async fn read(&mut self, extent: Extent) -> Result<&[u8], ReadError> {
        let Extent { epoch, position, start, len, hash } = extent;
        let newest = self.newest.take().filter(|newest| newest.at == (epoch, position));
        let payload = match newest {
            Some(payload) => payload,
            None => self.payload(epoch, position).await?,
        };
        let piece = self.newest.insert(payload).piece(start, len);
        let damaged = ReadError::Entry { epoch, position, source: EntryError::Damaged };
        piece.filter(|piece| xxh3_64(piece) == hash).ok_or(damaged)
    }

    async fn payload(&self, epoch: Epoch, position: Position) -> Result<Payload, ReadError> {
        let key = Key::Entry { session: self.session, epoch, position };
        let object = self.reach.read(key).await?.ok_or(ReadError::Missing { epoch, position })?;
        let wrong = |source| ReadError::Entry { epoch, position, source };
        let (_, range) = Entry::decode(key, &object).map_err(wrong)?;
        Ok(Payload { at: (epoch, position), object, range })
    }
}

impl Payload {
    fn piece(&self, start: u64, len: u64) -> Option<&[u8]> {
        let start = usize::try_from(start).ok()?;
        let end = start.checked_add(usize::try_from(len).ok()?)?;
        self.object.get(self.range.clone())?.get(start..end)
    }
}
