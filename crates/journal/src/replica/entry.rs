//! An entry as bytes.
//!
//! ```text
//! offset  bytes
//!      0      8  magic: "bvrepl" 1A and the version: 1, or 2 of what only a mirror writes
//!      8      4  length of the head
//!     12      …  head: MessagePack
//!      …      …  payload: the bytes of the head's appends, one after the other
//!      …      8  XXH3 of everything before
//! ```

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

use super::{ClaimId, Epoch, FileName, Key, Position};
use crate::model::ids::SessionId;

const MAGIC: [u8; 7] = *b"bvrepl\x1a";
const VERSION: u8 = 1;
/// A release that knows nothing of mirrors says that a newer one wrote it.
const VERSION_OF_MIRRORS: u8 = 2;
const HEAD_AT: usize = 12;
const CHECKSUM: usize = 8;
/// Most bytes of the appends of one entry that this build writes. A reader takes any number.
pub const MAX_PAYLOAD: usize = 1 << 20;

/// An entry of a session's log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Distinguishes it from any other, even of the same content.
    pub nonce: u128,
    /// The content.
    pub body: Body,
}

/// The content of an entry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Body {
    /// The changes to the session's files, in the order in which they became durable at its owner's.
    Changes(Vec<Change>),
    /// The owner is alive, and its machine has this name.
    Renewal {
        /// A name for people; who owns a session doesn't depend on it.
        machine: String,
    },
    /// The epoch ends before this entry.
    Seal {
        /// True if the owner itself has ended it and lets the next one begin at once.
        released: bool,
    },
    /// Everything that was still wanted of the epochs before this one has been written once more, and their entries may
    /// be gone. Each declaration says all that has gone so far.
    Declaration {
        /// The first epoch that isn't gone.
        before: Epoch,
    },
    /// The session is removed, for good.
    Tombstone,
    /// The files of this log are those of another one: the entries behind this one write nothing that the other log didn't have
    /// with the entry that is named here.
    Mirrors {
        /// The entry's epoch.
        epoch: Epoch,
        /// The id that the epoch's claim has there.
        claim: ClaimId,
        /// The entry's position.
        position: Position,
        /// The halves of the entry's nonce.
        nonce: (u64, u64),
        /// The first epoch whose end is in `seals`.
        since: Epoch,
        /// XXH3 over the positions of the seals of all epochs from `since` to the entry's: entries that are lost later are
        /// noticed, since their epoch ends earlier then.
        seals: u64,
    },
}

/// A change of a file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Change {
    /// A file is there, with nothing in it.
    Create {
        /// The file.
        name: FileName,
    },
    /// Bytes of the entry's payload come behind what is in a file.
    Append {
        /// The file.
        name: FileName,
        /// Bytes that it had before.
        offset: u64,
        /// Bytes that it gets.
        len: u64,
        /// XXH3 of these.
        hash: u64,
    },
    /// A file is gone.
    Remove {
        /// The file.
        name: FileName,
    },
    /// A file gets another name, and takes that from the one that had it.
    Place {
        /// Its name before.
        from: FileName,
        /// Its name from now on.
        to: FileName,
    },
}

/// The reason that bytes are no entry of the place where they were found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EntryError {
    /// A checksum doesn't fit, or something that must be there isn't.
    #[error("it is damaged")]
    Damaged,
    /// It was written for another place, or another session.
    #[error("it belongs to another place in the log")]
    Elsewhere,
    /// A newer release wrote it.
    #[error("a newer release wrote it")]
    Newer,
}

#[derive(Serialize, Deserialize)]
struct Head {
    session: Uuid,
    epoch: Epoch,
    position: Position,
    nonce: (u64, u64),
    body: Body,
}

impl Entry {
    /// The bytes of an entry with its payload, for the place that `session`, `epoch` and `position` are.
    pub fn encode(
        &self,
        (session, epoch, position): (SessionId, Epoch, Position),
        payload: &[u8],
    ) -> Arc<[u8]> {
        let nonce = ((self.nonce >> 64) as u64, self.nonce as u64);
        let body = self.body.clone();
        let head = Head { session: session.uuid(), epoch, position, nonce, body };
        // Numbers, texts and lists of them can always be written down.
        let head = rmp_serde::to_vec(&head).unwrap_or_default();
        let mut bytes = Vec::with_capacity(HEAD_AT + head.len() + payload.len() + CHECKSUM);
        bytes.extend_from_slice(&MAGIC);
        bytes.push(match self.body {
            Body::Mirrors { .. } => VERSION_OF_MIRRORS,
            _ => VERSION,
        });
        bytes.extend_from_slice(&(head.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&head);
        bytes.extend_from_slice(payload);
        bytes.extend_from_slice(&xxh3_64(&bytes).to_le_bytes());
        bytes.into()
    }

    /// Reads an entry that was found under a key. The range is that of its payload.
    pub fn decode(key: Key, bytes: &[u8]) -> Result<(Self, Range<usize>), EntryError> {
        let (head, payload) = Head::decode(bytes)?;
        let (session, epoch, position) = (head.session.into(), head.epoch, head.position);
        if key != (Key::Entry { session, epoch, position }) {
            return Err(EntryError::Elsewhere);
        }
        let nonce = u128::from(head.nonce.0) << 64 | u128::from(head.nonce.1);
        Ok((Self { nonce, body: head.body }, payload))
    }

    /// The content of an entry that was found anywhere.
    #[cfg(test)]
    pub(super) fn peek(bytes: &[u8]) -> Option<Body> {
        Head::decode(bytes).ok().map(|(head, _)| head.body)
    }
}

impl Head {
    fn decode(bytes: &[u8]) -> Result<(Self, Range<usize>), EntryError> {
        if bytes.starts_with(&MAGIC)
            && bytes.get(MAGIC.len()).is_some_and(|it| *it > VERSION_OF_MIRRORS)
        {
            return Err(EntryError::Newer);
        }
        let (checked, checksum) =
            bytes.split_last_chunk::<CHECKSUM>().ok_or(EntryError::Damaged)?;
        let is_whole = checked.starts_with(&MAGIC) && xxh3_64(checked).to_le_bytes() == *checksum;
        let len =
            checked.get(HEAD_AT - 4..HEAD_AT).filter(|_| is_whole).ok_or(EntryError::Damaged)?;
        let len = u32::from_le_bytes(len.try_into().map_err(|_| EntryError::Damaged)?) as usize;
        let payload_at = HEAD_AT.saturating_add(len);
        let head = checked.get(HEAD_AT..payload_at).ok_or(EntryError::Damaged)?;
        let head: Self = rmp_serde::from_slice(head).map_err(|_| EntryError::Damaged)?;
        let payload = payload_at..checked.len();
        if head.body.payload_len() != Some(payload.len() as u64) {
            return Err(EntryError::Damaged);
        }
        Ok((head, payload))
    }
}

impl Change {
    /// The file that isn't there any more, or is another one.
    pub(super) fn replaced(&self) -> Option<&FileName> {
        match self {
            Self::Remove { name } | Self::Place { to: name, .. } => Some(name),
            Self::Create { .. } | Self::Append { .. } => None,
        }
    }

    /// The files that it is about.
    pub(super) fn names(&self) -> impl Iterator<Item = &FileName> {
        let (name, other) = match self {
            Self::Create { name } | Self::Append { name, .. } | Self::Remove { name } => {
                (name, None)
            }
            Self::Place { from, to } => (from, Some(to)),
        };
        std::iter::once(name).chain(other)
    }
}

impl Body {
    /// Bytes of its appends; `None` if that is no number.
    pub(super) fn payload_len(&self) -> Option<u64> {
        let Self::Changes(changes) = self else { return Some(0) };
        changes.iter().try_fold(0_u64, |sum, change| match change {
            Change::Append { len, .. } => sum.checked_add(*len),
            Change::Create { .. } | Change::Remove { .. } | Change::Place { .. } => Some(sum),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (SessionId, Epoch, Position) {
        (SessionId::random(), Epoch(3), Position(7))
    }

    fn key((session, epoch, position): (SessionId, Epoch, Position)) -> Key {
        Key::Entry { session, epoch, position }
    }

    fn append() -> Entry {
        let name = FileName::in_session("a.journal").unwrap();
        let hash = xxh3_64(b"hello");
        let changes = vec![
            Change::Create { name: name.clone() },
            Change::Append { name, offset: 0, len: 5, hash },
        ];
        Entry { nonce: 1 << 100 | 9, body: Body::Changes(changes) }
    }

    #[test]
    fn an_entry_survives_its_bytes() {
        let place = place();
        let bytes = append().encode(place, b"hello");
        let (entry, payload) = Entry::decode(key(place), &bytes).unwrap();
        assert_eq!(entry, append());
        assert_eq!(&bytes[payload], b"hello");
    }

    #[test]
    fn damaged_cut_moved_and_newer_entries_are_refused() {
        let place = place();
        let bytes = append().encode(place, b"hello");
        for at in 0..bytes.len() {
            let mut damaged = bytes.to_vec();
            damaged[at] ^= 0x10;
            assert!(Entry::decode(key(place), &damaged).is_err(), "byte {at}");
            assert_eq!(Entry::decode(key(place), &bytes[..at]), Err(EntryError::Damaged), "{at}");
        }
        let other = (place.0, place.1, place.2.next());
        assert_eq!(Entry::decode(key(other), &bytes), Err(EntryError::Elsewhere));
        let short = append().encode(place, b"hell");
        assert_eq!(Entry::decode(key(place), &short), Err(EntryError::Damaged));
        let mut newer = bytes.to_vec();
        newer[MAGIC.len()] = VERSION_OF_MIRRORS + 1;
        assert_eq!(Entry::decode(key(place), &newer), Err(EntryError::Newer));
    }
}
