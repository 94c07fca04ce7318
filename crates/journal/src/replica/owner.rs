//! Appending to an epoch that is one's own.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::claim::owner_of;
use super::compaction::Compaction;
use super::{
    Body, Change, Claim, Created, Entry, Epoch, Files, Key, Log, Position, Reach, ReadError,
    ReplayError, Sentence, StoreFault,
};

/// The owner of a session's newest epoch, as far as it knows.
///
/// Entries that it sends are at first only on their way. [`Self::settle`] returns those that are acknowledged, in
/// order; they are in the replica for good. It keeps entries until then, as many as it was made for.
pub struct Owner<R: Reach> {
    pub(super) reach: R,
    pub(super) claim: Claim,
    pub(super) log: Log,
    pub(super) compaction: Option<Compaction>,
    /// The files as the entries make them that were sent.
    files: Files,
    sent: VecDeque<Sent<R>>,
    next: Position,
    acknowledged: Option<(Position, Arc<[u8]>)>,
    /// The owner itself has sent the seal of its epoch, behind which nothing counts.
    is_sealed: bool,
    window: usize,
}

/// The reason that an owner can't continue.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The store gave no answer. The entry that was sent may be there; asking again finds out.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// Another has sealed this epoch.
    #[error("another machine owns the session by now")]
    Fenced,
    /// An acknowledged entry isn't there any more: the store went back in time.
    #[error("the replica has lost entries that it had acknowledged")]
    WentBack,
    /// The owner itself has ended its epoch, and hasn't claimed another.
    #[error("the epoch was ended by its owner")]
    Ended,
    /// A part of the log that has to be read can't be.
    #[error(transparent)]
    Unreadable(ReadError),
}

impl From<ReplayError> for Trouble {
    fn from(error: ReplayError) -> Self {
        Self::Unreadable(error.into())
    }
}

impl From<ReadError> for Trouble {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(fault) => Self::Store(fault),
            error => Self::Unreadable(error),
        }
    }
}

/// An entry that isn't acknowledged yet.
struct Sent<R: Reach> {
    position: Position,
    entry: Entry,
    bytes: Arc<[u8]>,
    delivery: Delivery<R>,
}

enum Delivery<R: Reach> {
    /// To be asked for, perhaps again.
    Due,
    UnderWay(R::Delivering),
    Done(Outcome),
}

/// The outcome of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It stands at its position.
    Stands,
    /// Something else stands there, and nothing else than a seal can.
    Lost,
}

impl<R: Reach> Owner<R> {
    /// The owner that a claim makes, with the log that was read after it.
    ///
    /// At most `window` entries are on their way at a time.
    pub fn new(reach: R, claim: Claim, log: Log, window: usize) -> Result<Self, ReadError> {
        let files = log.replay()?;
        Ok(Self { files, window: window.max(1), ..Self::of_none(reach, claim, log) })
    }

    /// One that knows of no files, since it is to remove them all.
    pub(super) fn of_none(reach: R, claim: Claim, log: Log) -> Self {
        let (files, sent, next, window) = (Files::default(), VecDeque::new(), Position::FIRST, 1);
        Self {
            reach,
            claim,
            log,
            compaction: None,
            files,
            sent,
            next,
            acknowledged: None,
            is_sealed: false,
            window,
        }
    }

    /// An owner that continues in an epoch that it has had before, which no owner does.
    #[cfg(test)]
    pub(super) fn resume(
        reach: R,
        claim: Claim,
        log: Log,
        window: usize,
    ) -> Result<Self, ReadError> {
        let next = log.lowest_empty(claim.epoch);
        Ok(Self { next, ..Self::new(reach, claim, log, window)? })
    }

    /// The entry that was acknowledged last.
    #[cfg(test)]
    pub(super) fn acknowledged(&self) -> Option<(Position, &[u8])> {
        self.acknowledged.as_ref().map(|(position, bytes)| (*position, &**bytes))
    }

    /// The claim.
    pub fn claim(&self) -> Claim {
        self.claim
    }

    /// The log as it was read, with what was acknowledged since.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The files as they are in the replica once everything that was sent is acknowledged.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Returns true if everything that was sent is acknowledged.
    pub fn is_settled(&self) -> bool {
        self.sent.is_empty()
    }

    /// Returns true if another entry can be sent before one has to be settled.
    pub fn has_room(&self) -> bool {
        self.sent.len() < self.window
    }

    /// Returns true if entries can be sent: not behind the seal by which the owner has ended its epoch.
    pub fn can_send(&self) -> bool {
        !self.is_sealed
    }

    /// Sends changes of files, with the bytes of all appends one after the other. It is the position that they get.
    ///
    /// Nothing is sent if the changes don't fit the files, or not [`Self::can_send`].
    pub fn send_changes(
        &mut self,
        changes: Vec<Change>,
        payload: &[u8],
    ) -> Result<Position, Trouble> {
        if self.is_sealed {
            return Err(Trouble::Ended);
        }
        self.files.try_apply(self.claim.epoch, self.next, &changes)?;
        Ok(self.send(Body::Changes(changes), payload))
    }

    /// Sends a renewal with the name of the owner's machine, if it [`can`](Self::can_send).
    pub fn renew(&mut self, machine: &str) {
        if self.can_send() && Sentence::L1RenewalsAreEntries.holds() {
            self.send(Body::Renewal { machine: machine.to_owned() }, &[]);
        }
    }

    pub(super) fn send(&mut self, body: Body, payload: &[u8]) -> Position {
        let position = self.next;
        self.is_sealed |= matches!(body, Body::Seal { .. });
        let entry = Entry { nonce: self.reach.random(), body };
        let bytes = entry.encode((self.log.session(), self.claim.epoch, position), payload);
        self.sent.push_back(Sent { position, entry, bytes, delivery: Delivery::Due });
        self.next = position.next();
        position
    }

    /// Waits until the oldest entry that isn't acknowledged is; `None` if there is none.
    ///
    /// After a fault, it can be called again.
    pub async fn settle(&mut self) -> Result<Option<Position>, Trouble> {
        if self.sent.is_empty() {
            return Ok(None);
        }
        poll_fn(|context| self.poll_deliveries(context)).await?;
        let settled = match Sentence::E1AcknowledgedInOrder.holds() {
            true => self.sent.pop_front(),
            false => {
                let done =
                    self.sent.iter().position(|sent| matches!(sent.delivery, Delivery::Done(_)));
                done.and_then(|at| self.sent.remove(at))
            }
        };
        let Some(Sent { position, entry, bytes, delivery }) = settled else { return Ok(None) };
        if matches!(delivery, Delivery::Done(Outcome::Lost)) {
            return Err(Trouble::Fenced);
        }
        self.log.note(self.claim.epoch, position, entry);
        self.acknowledged = Some((position, bytes));
        Ok(Some(position))
    }

    /// The same for everything that was sent.
    pub async fn settle_all(&mut self) -> Result<(), Trouble> {
        while self.settle().await?.is_some() {}
        Ok(())
    }

    /// Drives what is under way; ready once the oldest is done.
    fn poll_deliveries(&mut self, context: &mut Context<'_>) -> Poll<Result<(), StoreFault>> {
        let (session, epoch) = (self.log.session(), self.claim.epoch);
        for sent in self.sent.iter_mut().take(self.window) {
            if matches!(sent.delivery, Delivery::Due) {
                let key = Key::Entry { session, epoch, position: sent.position };
                sent.delivery =
                    Delivery::UnderWay(self.reach.deliver(key, Arc::clone(&sent.bytes)));
            }
            let Delivery::UnderWay(asked) = &mut sent.delivery else { continue };
            match Pin::new(asked).poll(context) {
                Poll::Pending => {}
                Poll::Ready(Ok(outcome)) => sent.delivery = Delivery::Done(outcome),
                Poll::Ready(Err(fault)) => {
                    sent.delivery = Delivery::Due;
                    return Poll::Ready(Err(fault));
                }
            }
        }
        let mut done = self.sent.iter().map(|sent| matches!(sent.delivery, Delivery::Done(_)));
        let is_ready = match Sentence::E1AcknowledgedInOrder.holds() {
            true => done.next().unwrap_or(true),
            false => done.any(|is| is),
        };
        if is_ready { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// Ends the epoch, so that another can claim the session at once. Everything that was sent is acknowledged before.
    ///
    /// After a fault, call it again: nothing else can be sent any more.
    pub async fn release(&mut self) -> Result<(), Trouble> {
        if Sentence::S3ReleaseIsLast.holds() {
            self.settle_all().await?;
        }
        if !self.is_sealed {
            self.send(Body::Seal { released: true }, &[]);
        }
        if Sentence::S3ReleaseIsLast.holds() {
            return self.settle_all().await;
        }
        // The seal is there, even if entries before it were lost.
        self.sent.drain(..self.sent.len().saturating_sub(1));
        self.settle_all().await
    }

    /// Looks whether everything that this owner had acknowledged in its epoch is still there.
    ///
    /// It is asked with each renewal, since a store that was restored from a backup says nothing by itself.
    pub async fn look_back(&self) -> Result<(), Trouble> {
        let Some((last, bytes)) = &self.acknowledged else { return Ok(()) };
        if !Sentence::B1GoingBackIsNoticed.holds() {
            return Ok(());
        }
        let (session, epoch) = (self.log.session(), self.claim.epoch);
        let listing = self.reach.list(session).await?;
        let there = listing.entries.get(&epoch);
        let is_there = |position| there.is_some_and(|there| there.contains(&position));
        let key = Key::Entry { session, epoch, position: *last };
        let is_whole = Position::FIRST.up_to(last.next()).all(is_there)
            && owner_of(&self.reach, session, epoch).await? == Some(self.claim.id)
            && self.reach.read(key).await?.is_some_and(|found| *found == **bytes);
        if is_whole {
            return Ok(());
        }
        // Another may have sealed this epoch by now, and deleted its entries.
        match self.reach.list(session).await?.highest() > epoch {
            true => Err(Trouble::Fenced),
            false => Err(Trouble::WentBack),
        }
    }

    /// Takes the next epoch as its own, after this one was sealed.
    pub(super) fn move_to(&mut self, claim: Claim) {
        self.claim = claim;
        self.is_sealed = false;
        self.next = Position::FIRST;
        self.acknowledged = None;
    }

    pub(super) fn next(&self) -> Position {
        self.next
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.claim.epoch
    }

    /// The last position of this epoch that is acknowledged; zero if none is.
    pub fn acknowledged_to(&self) -> Position {
        self.acknowledged.as_ref().map(|(position, _)| *position).unwrap_or_default()
    }
}

impl<R: Reach> fmt::Debug for Owner<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { claim, next, .. } = self;
        formatter
            .debug_struct("Owner")
            .field("claim", claim)
            .field("next", next)
            .finish_non_exhaustive()
    }
}

/// Creates an entry, and finds out whether it is this one that stands there: a reply may have been lost.
pub(super) async fn deliver(
    reach: impl Reach,
    key: Key,
    bytes: Arc<[u8]>,
) -> Result<Outcome, StoreFault> {
    if reach.create(key, Arc::clone(&bytes)).await? == Created::New {
        return Ok(Outcome::Stands);
    }
    if !Sentence::E2LostReplyOrLostRace.holds() {
        return Ok(Outcome::Stands);
    }
    let found = reach.read(key).await?;
    Ok(if found.is_some_and(|found| *found == *bytes) { Outcome::Stands } else { Outcome::Lost })
}
