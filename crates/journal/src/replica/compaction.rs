//! Compaction: removing entries that aren't needed any more.
//!
//! An owner that compacts seals its epoch and claims the next, in which it writes once more what the files have in
//! older ones, while it still sends new changes. Then it declares that the older ones are gone. Once that is
//! acknowledged, it deletes their entries, but for the seals.

use xxhash_rust::xxh3::xxh3_64;

use super::extents::Extents;
use super::{
    Body, Change, ClaimError, Claimant, FileName, Key, MAX_PAYLOAD, Owner, Position, Reach,
    Sentence, Trouble,
};

/// The stage of a compaction.
#[derive(Debug)]
pub(super) enum Compaction {
    /// The owner's epoch gets its seal.
    Sealing(Position),
    /// The next epoch is claimed.
    Claiming(Claimant),
    /// The files of older epochs are copied into this one; the file that is being copied, and the name of its
    /// copy.
    Copying(Option<(FileName, FileName)>),
    /// It is said what is gone.
    Declaring(Position),
    /// That is deleted.
    Deleting(Option<Vec<Key>>),
}

/// Objects beyond which a log is worth a compaction, even if all are in use.
const MANY: usize = 1_024;
/// Bytes that may be useless beside as many that aren't.
const SLACK: u64 = 4 << 20;

impl<R: Reach> Owner<R> {
    /// Returns true if most of the store's content is of no use any more.
    pub fn is_compaction_due(&self) -> bool {
        let useful = self.files().bytes();
        self.compaction.is_none()
            && (self.log.len() > MANY || self.log.bytes() > 2 * useful + SLACK)
    }

    /// Returns true if a compaction is under way.
    pub fn is_compacting(&self) -> bool {
        self.compaction.is_some()
    }

    /// Begins to compact.
    pub async fn begin_compaction(&mut self) -> Result<(), Trouble> {
        if self.compaction.is_some() {
            return Ok(());
        }
        if !self.can_send() {
            return Err(Trouble::Ended);
        }
        self.settle_all().await?;
        let position = self.send(Body::Seal { released: false }, &[]);
        self.compaction = Some(Compaction::Sealing(position));
        Ok(())
    }

    /// Does a piece of it: at most one entry is sent, of at most [`MAX_PAYLOAD`] bytes. Returns true if there is more
    /// to do.
    ///
    /// Between two pieces other entries can be sent if [`Self::can_send`]. After a fault, call it again.
    pub async fn compact(&mut self) -> Result<bool, Trouble> {
        let Some(compaction) = self.compaction.take() else { return Ok(false) };
        let (compaction, result) = self.go_on(compaction).await;
        self.compaction = compaction;
        result?;
        Ok(self.compaction.is_some())
    }

    async fn go_on(&mut self, compaction: Compaction) -> (Option<Compaction>, Result<(), Trouble>) {
        match compaction {
            Compaction::Sealing(position) => match self.settle_all().await {
                Err(trouble) => (Some(Compaction::Sealing(position)), Err(trouble)),
                Ok(()) => {
                    let claimant = Claimant::new(self.log.session(), &self.reach);
                    (Some(Compaction::Claiming(claimant)), Ok(()))
                }
            },
            Compaction::Claiming(mut claimant) => {
                let claimed = self.claim_next(&mut claimant).await;
                let next = match claimed {
                    Err(_) => Compaction::Claiming(claimant),
                    Ok(()) => self.after_claim(),
                };
                (Some(next), claimed)
            }
            Compaction::Copying(mut copying) => match self.copy(&mut copying).await {
                Err(trouble) => (Some(Compaction::Copying(copying)), Err(trouble)),
                Ok(true) => (Some(Compaction::Copying(copying)), Ok(())),
                Ok(false) => (Some(self.after_copies()), Ok(())),
            },
            Compaction::Declaring(position) => match self.settle_to(position).await {
                Err(trouble) => (Some(Compaction::Declaring(position)), Err(trouble)),
                Ok(()) if Sentence::D2ReplacedBeforeDeclared.holds() => self.after_declaration(),
                Ok(()) => (Some(Compaction::Copying(None)), Ok(())),
            },
            Compaction::Deleting(mut keys) => match self.delete(&mut keys).await {
                Err(trouble) => (Some(Compaction::Deleting(keys)), Err(trouble)),
                Ok(true) => (Some(Compaction::Deleting(keys)), Ok(())),
                Ok(false) if Sentence::D3DeclaredBeforeDeleted.holds() => (None, Ok(())),
                Ok(false) if self.log.gone_before() == self.epoch() => (None, Ok(())),
                Ok(false) => (Some(self.declare()), Ok(())),
            },
        }
    }

    fn after_claim(&mut self) -> Compaction {
        match Sentence::D2ReplacedBeforeDeclared.holds() {
            true => Compaction::Copying(None),
            false => self.declare(),
        }
    }

    fn after_copies(&mut self) -> Compaction {
        let is_declared = !Sentence::D2ReplacedBeforeDeclared.holds();
        match is_declared || !Sentence::D3DeclaredBeforeDeleted.holds() {
            true => Compaction::Deleting(None),
            false => self.declare(),
        }
    }

    fn after_declaration(&self) -> (Option<Compaction>, Result<(), Trouble>) {
        let is_deleted = !Sentence::D3DeclaredBeforeDeleted.holds();
        ((!is_deleted).then_some(Compaction::Deleting(None)), Ok(()))
    }

    fn declare(&mut self) -> Compaction {
        Compaction::Declaring(self.send(Body::Declaration { before: self.epoch() }, &[]))
    }

    async fn claim_next(&mut self, claimant: &mut Claimant) -> Result<(), Trouble> {
        let sealed = self.epoch();
        let claim = match claimant.claim(&self.reach, &mut self.log).await {
            Ok(claim) => claim,
            Err(ClaimError::Store(fault)) => return Err(Trouble::Store(fault)),
            Err(ClaimError::Outrun | ClaimError::Removed) => return Err(Trouble::Fenced),
        };
        if self.log.is_changed_between(sealed, claim.epoch) {
            return Err(Trouble::Fenced);
        }
        self.move_to(claim);
        Ok(())
    }

    /// Settles until an entry is acknowledged.
    async fn settle_to(&mut self, position: Position) -> Result<(), Trouble> {
        while self.acknowledged_to() < position {
            if self.settle().await?.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Copies a piece of a file of an older epoch, under another name. With the last piece that takes the file's place.
    async fn copy(&mut self, copying: &mut Option<(FileName, FileName)>) -> Result<bool, Trouble> {
        let epoch = self.epoch();
        let is_old = |name: &FileName, files: &super::Files| {
            files.get(name).is_some_and(|file| file.born < epoch)
        };
        let current = copying.take().filter(|(name, _)| is_old(name, self.files()));
        let Some((name, copy)) = current.or_else(|| self.next_copy()) else { return Ok(false) };
        let copied = self.files().get(&copy).map(|file| file.bytes);
        let piece = match self.piece(&name, copied.unwrap_or(0)).await {
            Ok(piece) => piece,
            Err(trouble) => {
                *copying = Some((name, copy));
                return Err(trouble);
            }
        };
        let mut changes = Vec::new();
        let offset = copied.unwrap_or(0);
        if copied.is_none() {
            changes.push(Change::Create { name: copy.clone() });
        }
        let len = piece.len() as u64;
        if len > 0 {
            changes.push(Change::Append { name: copy.clone(), offset, len, hash: xxh3_64(&piece) });
        }
        let is_whole = self.files().get(&name).is_some_and(|file| file.bytes == offset + len);
        if is_whole {
            changes.push(Change::Place { from: copy.clone(), to: name.clone() });
        } else {
            *copying = Some((name, copy));
        }
        self.send_changes(changes, &piece)?;
        Ok(true)
    }

    /// A file that was created in an older epoch, and the name of its copy.
    fn next_copy(&self) -> Option<(FileName, FileName)> {
        let mut files = self.files().all().iter();
        let (name, _) = files.find(|(_, file)| file.born < self.epoch())?;
        let suffix = format!(".{:016x}.new", self.reach.random() as u64);
        Some((name.clone(), name.with(&suffix)))
    }

    /// Bytes of a file from an offset on, which is where one of its pieces begins.
    async fn piece(&mut self, name: &FileName, offset: u64) -> Result<Vec<u8>, Trouble> {
        // The newest pieces may still be on their way.
        let is_new =
            self.files().get(name).and_then(|file| file.extents.last()).is_some_and(|extent| {
                extent.epoch == self.epoch() && extent.position > self.acknowledged_to()
            });
        if is_new {
            self.settle_all().await?;
        }
        let Some(file) = self.files().get(name) else { return Ok(Vec::new()) };
        let mut extents = Extents::of(&self.reach, self.log.session());
        let mut piece = Vec::new();
        let mut at = 0;
        for extent in &file.extents {
            if at >= offset {
                let next = usize::try_from(extent.len).unwrap_or(usize::MAX);
                if !piece.is_empty() && piece.len().saturating_add(next) > MAX_PAYLOAD {
                    break;
                }
                piece.extend_from_slice(extents.read(*extent).await?);
            }
            at += extent.len;
        }
        Ok(piece)
    }

    /// Deletes one object of an older epoch.
    async fn delete(&mut self, keys: &mut Option<Vec<Key>>) -> Result<bool, Trouble> {
        if keys.is_none() {
            let before = self.epoch();
            self.log.refresh(&self.reach).await?;
            let mut deletable = self.log.deletable(&self.reach, before).await?;
            if !Sentence::D1SealedBeforeDeletion.holds() {
                deletable.extend(self.useless_of_own());
            }
            *keys = Some(deletable);
        }
        let Some(key) = keys.as_ref().and_then(|keys| keys.last().copied()) else {
            return Ok(false);
        };
        self.reach.delete(key).await?;
        self.log.forget(key);
        keys.as_mut().and_then(Vec::pop);
        Ok(true)
    }

    /// Entries of the own epoch that no file needs any more.
    fn useless_of_own(&self) -> Vec<Key> {
        let (session, epoch) = (self.log.session(), self.epoch());
        let files = self.files().all().values();
        let needed: Vec<Position> = files
            .flat_map(|file| &file.extents)
            .filter(|extent| extent.epoch == epoch)
            .map(|extent| extent.position)
            .collect();
        Position::FIRST
            .up_to(self.acknowledged_to())
            .filter(|position| !needed.contains(position))
            .map(|position| Key::Entry { session, epoch, position })
            .collect()
    }
}
