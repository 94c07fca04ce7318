//! The entries that were read of a session's log, and those of them that count.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{
    Body, Change, Entry, EntryError, Epoch, FileName, FileState, Files, Key, Listing, Position,
    Reach, ReplayError, Sentence, StoreFault,
};
use crate::model::ids::SessionId;

/// The number of times that a listing is asked for if it names an entry that isn't there.
const LOOKS: usize = 16;

/// An entry as it was read, or why there is none at a position that holds something.
type Found = Result<Arc<Entry>, EntryError>;

/// A session's log, as far as it was read: all entries of the epochs that aren't gone, without their payloads.
///
/// Entries never change, so each is read once, however often [`Self::refresh`] looks for new ones.
#[derive(Clone, Debug)]
pub struct Log {
    session: SessionId,
    listing: Listing,
    entries: BTreeMap<(Epoch, Position), Found>,
    /// Entries that were read and aren't taken in yet.
    ahead: BTreeMap<(Epoch, Position), Found>,
    /// The newest declaration: epochs before this one are sealed, and what they held may be gone.
    gone_before: Epoch,
    tombstone: Option<Epoch>,
}

/// The error of reading a log, or the bytes of a file.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store gave no answer.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The object at a position is no entry.
    #[error("entry {epoch}.{position} can't be read")]
    Entry {
        /// The entry's epoch.
        epoch: Epoch,
        /// Its position.
        position: Position,
        /// The error of its content.
        source: EntryError,
    },
    /// An entry doesn't fit those before.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// An entry that holds a part of a file isn't there any more.
    #[error("entry {epoch}.{position} is missing")]
    Missing {
        /// The entry's epoch.
        epoch: Epoch,
        /// Its position.
        position: Position,
    },
}

impl Log {
    /// A log of which nothing was read yet.
    #[must_use]
    pub fn new(session: SessionId) -> Self {
        Self {
            session,
            listing: Listing::default(),
            entries: BTreeMap::new(),
            ahead: BTreeMap::new(),
            gone_before: Epoch::FIRST,
            tombstone: None,
        }
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Reads what is new. After a fault it says what it said, and what was read by then isn't read again.
    pub async fn refresh(&mut self, reach: &impl Reach) -> Result<(), StoreFault> {
        self.look_until_whole(reach, |_| {}).await
    }

    /// The same of a store that may go back while it is read: what one look has read is no part of the next one, since other
    /// entries may be at the same places by then.
    pub(super) async fn refresh_in_one_look(
        &mut self,
        reach: &impl Reach,
    ) -> Result<(), StoreFault> {
        self.look_until_whole(reach, |log| log.ahead.clear()).await
    }

    async fn look_until_whole(
        &mut self,
        reach: &impl Reach,
        before_each: impl Fn(&mut Self),
    ) -> Result<(), StoreFault> {
        for _ in 0..LOOKS {
            before_each(self);
            if let Some(fresh) = self.look(reach).await? {
                *self = fresh;
                return Ok(());
            }
        }
        Err(StoreFault::new(self.session, "what it lists isn't there"))
    }

    /// Reads so many of the entries that a refresh would read, the newest first. Returns true once a refresh has none left to
    /// read, but for those that are added meanwhile.
    pub(super) async fn read_ahead(
        &mut self,
        reach: &impl Reach,
        most: usize,
    ) -> Result<bool, StoreFault> {
        let Listing { entries, .. } = reach.list(self.session).await?;
        let newest_first = entries.iter().rev().flat_map(|(epoch, positions)| {
            positions.iter().rev().map(|position| (*epoch, *position))
        });
        let is_read = |place: &(Epoch, Position)| {
            self.entries.contains_key(place) || self.ahead.contains_key(place)
        };
        let unread: Vec<_> =
            newest_first.filter(|place| !is_read(place) && !self.is_gone(place.0)).collect();
        for (epoch, position) in unread.iter().take(most).copied() {
            // One that was deleted meanwhile is in no later listing.
            if let Some(entry) = read_entry(reach, self.session, epoch, position).await? {
                self.ahead.insert((epoch, position), entry);
            }
        }
        Ok(unread.len() <= most)
    }

    /// The log as it is now; `None` if something was deleted between the listing and its reading. That was declared
    /// gone before, and the declaration may be newer than the listing.
    ///
    /// The newest epoch is read first: the newest declaration says which of the others needn't be.
    async fn look(&mut self, reach: &impl Reach) -> Result<Option<Self>, StoreFault> {
        let Listing { claims, entries } = reach.list(self.session).await?;
        self.ahead.retain(|(epoch, position), _| {
            entries.get(epoch).is_some_and(|positions| positions.contains(position))
        });
        let mut fresh = Self::new(self.session);
        fresh.listing.claims = claims;
        for (epoch, positions) in entries.into_iter().rev() {
            if !fresh.is_gone(epoch) {
                for position in &positions {
                    let place = (epoch, *position);
                    let known = self.entries.get(&place).or_else(|| self.ahead.get(&place));
                    let entry = match known {
                        Some(entry) => entry.clone(),
                        None => {
                            let read = read_entry(reach, self.session, epoch, *position).await?;
                            let Some(entry) = read else { return Ok(None) };
                            self.ahead.insert(place, entry.clone());
                            entry
                        }
                    };
                    fresh.entries.insert(place, entry);
                }
                fresh.note_declarations(epoch);
            }
            fresh.listing.entries.insert(epoch, positions);
        }
        Ok(Some(fresh))
    }

    fn note_declarations(&mut self, epoch: Epoch) {
        let counted = self.counted(epoch);
        let declared = counted.iter().filter_map(|(_, entry)| match entry.as_ref().ok()?.body {
            Body::Declaration { before } => Some((before, false)),
            Body::Tombstone => Some((epoch, true)),
            Body::Changes(_) | Body::Renewal { .. } | Body::Seal { .. } | Body::Mirrors { .. } => {
                None
            }
        });
        let declared: Vec<(Epoch, bool)> = declared.collect();
        for (before, is_tombstone) in declared {
            // None says more than its owner has sealed.
            self.gone_before = self.gone_before.max(before.min(epoch));
            if is_tombstone {
                self.tombstone = Some(epoch);
            }
        }
    }

    /// Adds what the owner itself has appended.
    pub(super) fn note(&mut self, epoch: Epoch, position: Position, entry: Entry) {
        let is_declaration = matches!(entry.body, Body::Declaration { .. } | Body::Tombstone);
        self.listing.entries.entry(epoch).or_default().insert(position);
        self.entries.insert((epoch, position), Ok(Arc::new(entry)));
        if is_declaration {
            self.note_declarations(epoch);
        }
    }

    /// Leaves out what was deleted.
    pub(super) fn forget(&mut self, key: Key) {
        if let Key::Entry { epoch, position, .. } = key {
            self.listing.entries.entry(epoch).or_default().remove(&position);
            self.entries.remove(&(epoch, position));
        }
    }

    /// The first epoch of which nothing was declared gone.
    pub(super) fn gone_before(&self) -> Epoch {
        self.gone_before
    }

    /// Bytes that the entries which were read have of files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.entries.values().flatten().map(|entry| entry.body.payload_len().unwrap_or(0)).sum()
    }

    /// The highest epoch of which anything is there; zero if there is none.
    #[must_use]
    pub fn highest(&self) -> Epoch {
        self.listing.highest()
    }

    /// The highest position of an epoch that holds something; zero if there is none.
    #[must_use]
    pub fn highest_position(&self, epoch: Epoch) -> Position {
        self.positions(epoch).last().copied().unwrap_or_default()
    }

    /// The epoch in which the session was removed.
    #[must_use]
    pub fn tombstone(&self) -> Option<Epoch> {
        self.tombstone
    }

    /// Returns true if the session was removed, and more than claims and seals is left or has come back.
    #[must_use]
    pub fn has_leftovers(&self) -> bool {
        self.tombstone.is_some_and(|tombstone| {
            self.listing.entries.range(..tombstone).any(|(_, positions)| positions.len() > 1)
        })
    }

    /// The number of its entries in the store.
    #[must_use]
    pub fn len(&self) -> usize {
        self.listing.entries.values().map(BTreeSet::len).sum()
    }

    /// Returns true if it has no entry in the store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The end of an epoch: the position of its seal, and true if its owner released it.
    #[must_use]
    pub fn seal(&self, epoch: Epoch) -> Option<(Position, bool)> {
        let (position, entry) = self.standing(epoch).last().copied()?;
        match entry.as_ref().ok()?.body {
            Body::Seal { released } => Some((position, released)),
            _ => None,
        }
    }

    /// The name that the machine that owns the session gave itself; `None` if no machine does, or it has written none
    /// yet.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        let epoch = self.highest();
        if self.seal(epoch).is_some_and(|(_, released)| released) {
            return None;
        }
        let names = self.standing(epoch).into_iter().rev();
        names.filter_map(|(_, entry)| entry.as_ref().ok()).find_map(|entry| match &entry.body {
            Body::Renewal { machine } => Some(machine.as_str()),
            _ => None,
        })
    }

    /// The number that distinguishes the seal of an epoch.
    pub(super) fn seal_nonce(&self, epoch: Epoch) -> Option<u128> {
        let (position, _) = self.seal(epoch)?;
        Some(self.entries.get(&(epoch, position))?.as_ref().ok()?.nonce)
    }

    /// The epochs before `end` that have no seal, in order.
    pub(super) fn unsealed_before(&self, end: Epoch) -> Vec<Epoch> {
        let sees_all = Sentence::D5DeclaredGoneIsNoGap.holds()
            && Sentence::D4DeclarationsAreCumulative.holds();
        let first = if sees_all { self.gone_before } else { Epoch::FIRST };
        let unsealed =
            first.up_to(end).filter(|epoch| !self.is_gone(*epoch) && self.seal(*epoch).is_none());
        // Unclaimed epochs as well: a machine that is about to claim one finds the seal.
        let is_meant =
            |epoch: &Epoch| Sentence::C3HighestEpoch.holds() || self.listing.claims.contains(epoch);
        unsealed.filter(is_meant).collect()
    }

    /// The position at which an epoch is to be sealed.
    pub(super) fn lowest_empty(&self, epoch: Epoch) -> Position {
        if !Sentence::S1LowestEmptyPosition.holds() {
            return self.highest_position(epoch).next();
        }
        let positions = self.positions(epoch);
        let mut lowest = Position::FIRST;
        while positions.contains(&lowest) {
            lowest = lowest.next();
        }
        lowest
    }

    /// The files that the log makes.
    pub fn replay(&self) -> Result<Files, ReadError> {
        let mut files = Files::default();
        for epoch in self.gone_before.up_to(self.highest().next()) {
            for (position, entry) in self.counted(epoch) {
                let entry = entry.as_ref().map_err(|error| ReadError::Entry {
                    epoch,
                    position,
                    source: *error,
                })?;
                match &entry.body {
                    Body::Changes(changes) => files.apply(epoch, position, changes)?,
                    Body::Declaration { before } => files.forget_before(*before),
                    Body::Tombstone => files = Files::default(),
                    Body::Renewal { .. } | Body::Seal { .. } | Body::Mirrors { .. } => {}
                }
            }
        }
        Ok(files)
    }

    /// The last entry of all that count, but for seals. What the log makes doesn't go beyond it.
    #[must_use]
    pub fn end(&self) -> Option<(Epoch, Position, &Entry)> {
        let epochs = self.entries.keys().map(|(epoch, _)| *epoch).collect::<BTreeSet<_>>();
        epochs.into_iter().rev().find_map(|epoch| {
            let (position, entry) = self.counted(epoch).last().copied()?;
            Some((epoch, position, entry.as_ref().ok()?.as_ref()))
        })
    }

    /// Returns true if no epoch before its end can get another entry. Else what was read of several may never have been
    /// there together.
    pub(super) fn is_settled(&self) -> bool {
        self.end().is_none_or(|(epoch, ..)| self.unsealed_before(epoch).is_empty())
    }

    /// The entries of an epoch that count, but for damaged ones and the seal.
    pub(super) fn counted_entries(&self, epoch: Epoch) -> impl Iterator<Item = (Position, &Entry)> {
        let counted = self.counted(epoch).into_iter();
        counted.filter_map(|(position, entry)| Some((position, entry.as_ref().ok()?.as_ref())))
    }

    /// The position of the first seal that an epoch of which something was declared gone still has.
    pub(super) async fn seal_of_gone(
        &self,
        reach: &impl Reach,
        epoch: Epoch,
    ) -> Result<Option<Position>, StoreFault> {
        for position in self.positions(epoch) {
            let found = read_entry(reach, self.session, epoch, *position).await?;
            if found.is_some_and(|entry| is_seal(&entry)) {
                return Ok(Some(*position));
            }
        }
        Ok(None)
    }

    /// Returns true if an entry that was read is still there, as itself. A log that goes back in time, and on from there, has
    /// another one at its place, and [`Self::refresh`] wouldn't notice.
    pub(super) async fn stands(
        &self,
        reach: &impl Reach,
        (epoch, position, nonce): (Epoch, Position, u128),
    ) -> Result<bool, StoreFault> {
        let found = read_entry(reach, self.session, epoch, position).await?;
        Ok(found.is_some_and(|entry| entry.is_ok_and(|entry| entry.nonce == nonce)))
    }

    /// Returns true if a session was removed. Of its log the first entry of the newest epoch is read, as a rule: the tombstone is
    /// the one entry of its epoch, and who has sent anything in a later one would have read it before.
    pub(super) async fn is_removed(
        reach: &impl Reach,
        session: SessionId,
    ) -> Result<bool, StoreFault> {
        let listing = reach.list(session).await?;
        for (epoch, positions) in listing.entries.iter().rev() {
            if !positions.contains(&Position::FIRST) {
                continue;
            }
            let found = read_entry(reach, session, *epoch, Position::FIRST).await?;
            match found.map(|entry| entry.map(|entry| entry.body.clone())) {
                Some(Ok(Body::Tombstone)) => return Ok(true),
                // An epoch in which nothing was sent.
                Some(Ok(Body::Seal { .. })) | None => {}
                Some(_) => return Ok(false),
            }
        }
        Ok(false)
    }

    /// The files that there were once under each name and aren't any more, as far as the log still says.
    pub(super) fn past(&self) -> Result<BTreeMap<FileName, Vec<FileState>>, ReadError> {
        let (mut past, mut files) = (BTreeMap::<_, Vec<FileState>>::new(), Files::default());
        for epoch in self.gone_before.up_to(self.highest().next()) {
            for (position, entry) in self.counted(epoch) {
                let Some(Body::Changes(changes)) = entry.as_ref().ok().map(|entry| &entry.body)
                else {
                    continue;
                };
                for name in changes.iter().filter_map(Change::replaced) {
                    let before = files.get(name).cloned();
                    past.entry(name.clone()).or_default().extend(before);
                }
                files.apply(epoch, position, changes)?;
            }
        }
        Ok(past)
    }

    /// Returns true if files were changed in an epoch between two others, or may have been: of deleted epochs that
    /// isn't known.
    #[must_use]
    pub fn is_changed_between(&self, after: Epoch, before: Epoch) -> bool {
        let is_change =
            |entry: &Found| entry.as_ref().map_or(true, |it| matches!(it.body, Body::Changes(_)));
        let mut between = after.next().up_to(before);
        self.gone_before > after.next()
            || between.any(|epoch| self.counted(epoch).iter().any(|(_, it)| is_change(it)))
    }

    /// The keys of the epochs before `before` that can be deleted: everything but claims and seals.
    pub(super) async fn deletable(
        &self,
        reach: &impl Reach,
        before: Epoch,
    ) -> Result<Vec<Key>, StoreFault> {
        let mut deletable = Vec::new();
        for place in self.maybe_deletable(before) {
            deletable.extend(self.deletable_at(reach, place).await?);
        }
        Ok(deletable)
    }

    /// The places of the epochs before `before` that have something beside a seal.
    pub(super) fn maybe_deletable(&self, before: Epoch) -> Vec<(Epoch, Position)> {
        let older = self.listing.entries.range(..before);
        // One that is left alone is the seal.
        let is_alone =
            |positions: &BTreeSet<Position>| positions.len() == 1 && Sentence::D6SealsStay.holds();
        let older = older.filter(|(_, positions)| !is_alone(positions));
        older.flat_map(|(epoch, all)| all.iter().map(|position| (*epoch, *position))).collect()
    }

    /// The key of what stands at a place, if it can be deleted.
    pub(super) async fn deletable_at(
        &self,
        reach: &impl Reach,
        (epoch, position): (Epoch, Position),
    ) -> Result<Option<Key>, StoreFault> {
        let entry = match self.entries.get(&(epoch, position)) {
            Some(entry) => Some(entry.clone()),
            None => read_entry(reach, self.session, epoch, position).await?,
        };
        let stays = |entry: &Found| is_seal(entry) && Sentence::D6SealsStay.holds();
        let key = Key::Entry { session: self.session, epoch, position };
        Ok(entry.filter(|entry| !stays(entry)).map(|_| key))
    }

    /// The entries of an epoch that count, in order: those before its seal, or before its first gap.
    fn counted(&self, epoch: Epoch) -> Vec<(Position, &Found)> {
        let mut standing = self.standing(epoch);
        standing.pop_if(|(_, entry)| is_seal(entry));
        if !Sentence::S2VoidBehindSeal.holds() {
            let all =
                self.entries.range((epoch, Position::FIRST)..(epoch.next(), Position::default()));
            let all = all.filter(|(_, entry)| !is_seal(entry));
            return all.map(|((_, position), entry)| (*position, entry)).collect();
        }
        standing
    }

    /// The same with the seal.
    fn standing(&self, epoch: Epoch) -> Vec<(Position, &Found)> {
        let mut standing = Vec::new();
        let mut expected = Position::FIRST;
        let may_miss = self.is_gone(epoch) || !Sentence::S1LowestEmptyPosition.holds();
        for ((_, position), entry) in
            self.entries.range((epoch, Position::FIRST)..(epoch.next(), Position::default()))
        {
            if *position != expected && !may_miss {
                break;
            }
            standing.push((*position, entry));
            if is_seal(entry) {
                break;
            }
            expected = position.next();
        }
        standing
    }

    fn is_gone(&self, epoch: Epoch) -> bool {
        let from = match Sentence::D4DeclarationsAreCumulative.holds() {
            true => Epoch::FIRST,
            false => Epoch(self.gone_before.0.saturating_sub(1)),
        };
        from <= epoch && epoch < self.gone_before && Sentence::D5DeclaredGoneIsNoGap.holds()
    }

    fn positions(&self, epoch: Epoch) -> &BTreeSet<Position> {
        static NONE: BTreeSet<Position> = BTreeSet::new();
        self.listing.entries.get(&epoch).unwrap_or(&NONE)
    }
}

fn is_seal(entry: &Found) -> bool {
    entry.as_ref().is_ok_and(|entry| matches!(entry.body, Body::Seal { .. }))
}

async fn read_entry(
    reach: &impl Reach,
    session: SessionId,
    epoch: Epoch,
    position: Position,
) -> Result<Option<Found>, StoreFault> {
    let key = Key::Entry { session, epoch, position };
    let bytes = reach.read(key).await?;
    Ok(bytes.map(|bytes| Entry::decode(key, &bytes).map(|(entry, _)| Arc::new(entry))))
}
