//! Sharing: documents that are created, brought up to date, and ended.

use std::error::Error as StdError;
use std::time::{Duration, Instant};

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::StoreFault;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::signer::{Method, Signer};
use object_store::{Error, GetOptions, GetRange, ObjectMeta, ObjectStoreExt};
use tracing::warn;

use crate::address::{LONGEST, ShareAddress, ShareError};
use crate::document::Head;
use crate::failure::{ObjectFailure, is_absence};
use crate::keys::{share, shares};
use crate::renewal::{AT_ONCE, Desk, State};
use crate::shares::{End, Share};
use crate::store::{Halt, ObjectReplica};

/// The time that documents may take beside a renewal, which mustn't wait for them: to be looked for, and as long to be written.
const HASTE: Duration = Duration::from_secs(1);
/// The time that they may take once a session was left. They have no other chance, and an exit waits for them.
const AT_THE_END: Duration = Duration::from_secs(2);
/// More bytes than the first line of a document has.
const HEAD: u64 = 256;

impl ObjectReplica {
    /// Shares a session: who has the address reads it for so long, seven days at most, and nothing else. A spectator opens
    /// it by [`SharedSession::open`](crate::SharedSession::open), and needs no keys.
    ///
    /// What a spectator finds is a document with addresses of what the session has. This store writes it anew while it is the
    /// replica of the process that plays the session, beside each renewal of its lease, and once the session is left; so the game
    /// keeps the store in an [`Arc`](std::sync::Arc), and gives the plugin another. A process that takes the session over goes on with
    /// it. What another process than the session's shares stays as it is until somebody claims the session.
    ///
    /// It waits for the server, for ten seconds at most, so a game calls it on a thread that draws no frames.
    ///
    /// # Errors
    ///
    /// [`ShareError`] if it would last for too long or too short, the session was withdrawn, or the bucket can't be used.
    pub fn share(&self, session: SessionId, lasts: Duration) -> Result<ShareAddress, ShareError> {
        let signer = self.signer.as_ref().ok_or(ShareError::NoAddresses)?;
        if lasts < Duration::from_secs(1) || lasts > LONGEST {
            return Err(ShareError::Length);
        }
        if self.shares.is_forgotten(session) {
            return Err(ShareError::Withdrawn);
        }
        let document = share(&self.prefix, session, &SessionId::random().to_string());
        let share = Share::new(session, document.clone(), End::after(lasts), None);
        let shared = self.patience.wait(async {
            self.pass_check().await?;
            let listing = self.list_of(session).await?;
            let address = signer.signed_url(Method::GET, &document, lasts).await?;
            let every = self.shares.every(session, Instant::now()).unwrap_or_default();
            let state = State::of(session, &listing, every);
            if let Err(error) = self.desk(&**signer).create(&share, &state).await {
                // It may be there all the same.
                drop(self.delete_at(&document).await);
                return Err(error.into());
            }
            Ok(address)
        });
        let address = shared.map_err(|halt| match halt {
            Halt::Check(error) => ShareError::Check(error),
            Halt::Failure(failure) => failure.into(),
        })?;
        if self.shares.add(share) {
            return ShareAddress::of(address).map_err(|_| ObjectFailure::Unclear.into());
        }
        drop(self.patience.wait(self.delete_at(&document)));
        Err(ShareError::Withdrawn)
    }

    /// Ends what was shared at an address, by any process that has the keys: nothing that comes later can be read there. An address
    /// can't be taken back, so who has kept the document reads what it named: for 15 minutes, or until the end that was set if nobody
    /// plays the session. Returns false if there was nothing any more.
    ///
    /// # Errors
    ///
    /// [`ObjectFailure`]; then it may still be shared. [`ObjectFailure::Elsewhere`] if the address is of another bucket.
    pub fn unshare(&self, address: &ShareAddress) -> Result<bool, ObjectFailure> {
        let document = share(&self.prefix, address.session(), &address.name);
        self.patience.wait(async {
            let _turn = self.shares.turn_to_end().await;
            if !self.is_here(address, &document).await? {
                return Err(ObjectFailure::Elsewhere);
            }
            self.shares.remove(address.session(), &document);
            let found = self.store.head(&document).await;
            self.delete_document(&document).await?;
            Ok(!matches!(found, Err(Error::NotFound { .. })))
        })
    }

    /// Ends all that was shared of a session, as [`Self::unshare`] does. Returns the number of addresses.
    ///
    /// # Errors
    ///
    /// [`ObjectFailure`]; then some may still be shared.
    pub fn unshare_all(&self, session: SessionId) -> Result<u64, ObjectFailure> {
        self.patience.wait(async {
            let _turn = self.shares.turn_to_end().await;
            self.shares.remove_all(session);
            self.delete_documents(session).await
        })
    }

    /// Ends what was shared of a session that is withdrawn or removed, and shares nothing of it until it is played with its player's
    /// consent.
    pub(crate) fn forget_shares(&self, session: SessionId) -> Result<(), StoreFault> {
        if self.signer.is_none() {
            return Ok(());
        }
        // Whatever becomes of it, and again once nobody writes.
        self.shares.forget(session);
        self.ask(session, async {
            let _turn = self.shares.turn_to_end().await;
            self.shares.forget(session);
            Ok(self.delete_documents(session).await.map(drop)?)
        })
    }

    /// Brings the documents of a session up to date, beside a renewal of its lease.
    pub(crate) fn renew_shares(&self, session: SessionId) {
        let every = self.shares.note_renewal(session, Instant::now());
        let taken_on = self.patience.wait_for(HASTE, self.take_shares_on(session));
        let written = self.patience.wait_for(HASTE, self.write_documents(session, every));
        self.note_written(session, taken_on.and(written));
    }

    /// Brings them up to date for the last time, after its owner has left it.
    pub(crate) fn leave_shares(&self, session: SessionId) {
        let written = self.write_documents(session, Duration::ZERO);
        let written = self.patience.wait_for(AT_THE_END, written);
        self.note_written(session, written);
        self.shares.note_left(session);
    }

    fn note_written(&self, session: SessionId, done: Result<(), Halt>) {
        // Of what nobody is known to have shared, nobody waits.
        let lags = done.is_err() && !self.shares.of(session).is_empty();
        if self.shares.note_lag(session, lags)
            && let Err(error) = done
        {
            let error: &dyn StdError = &error;
            warn!(error, %session, "spectators of a shared session wait for what is new");
        }
    }

    /// Writes the documents of a session, with the time until the next renewal; zero where there will be none.
    async fn write_documents(&self, session: SessionId, every: Duration) -> Result<(), Halt> {
        let Some(signer) = &self.signer else { return Ok(()) };
        let Some(_turn) = self.shares.turn_to_write(every.is_zero()).await else { return Ok(()) };
        let all = self.shares.of(session);
        if all.is_empty() {
            return Ok(());
        }
        let state = State::of(session, &self.list_of(session).await?, every);
        Ok(self.desk(&**signer).renew(&self.shares, &all, &state).await?)
    }

    /// Goes on with what an earlier owner of the session has shared. Each document is looked at once.
    async fn take_shares_on(&self, session: SessionId) -> Result<(), Halt> {
        if self.signer.is_none() || self.shares.is_listed(session) {
            return Ok(());
        }
        let Some(_turn) = self.shares.turn_to_write(false).await else { return Ok(()) };
        let listed = self.store.list(Some(&shares(&self.prefix, session)));
        let listed: Vec<ObjectMeta> = listed.try_collect().await?;
        let is_new = |it: &ObjectMeta| it.size > 0 && !self.shares.is_known(session, &it.location);
        let new = listed.into_iter().filter(is_new).map(|it| self.take_on(session, it.location));
        let looked: Vec<Result<(), Error>> =
            stream::iter(new).buffer_unordered(AT_ONCE).collect().await;
        looked.into_iter().collect::<Result<(), Error>>()?;
        self.shares.note_listed(session);
        Ok(())
    }

    /// Goes on with a document, unless it has ended or can't be understood. One whose time is long over is deleted.
    async fn take_on(&self, session: SessionId, document: Path) -> Result<(), Error> {
        if let Some((head, tag)) = self.head_of(session, &document).await? {
            if let Some(end) = End::of_document(head.until, LONGEST) {
                self.shares.add(Share::new(session, document.clone(), end, tag));
            } else if End::is_long_over(head.until) {
                // What stays harms nobody.
                drop(self.store.delete(&document).await);
            }
        }
        self.shares.note_seen(session, document);
        Ok(())
    }

    /// The head of a session's document that is there, and its tag.
    async fn head_of(
        &self,
        session: SessionId,
        document: &Path,
    ) -> Result<Option<(Head, Option<String>)>, Error> {
        let range = Some(GetRange::Bounded(0..HEAD));
        let options = GetOptions { range, ..GetOptions::default() };
        let found = match self.store.get_opts(document, options).await {
            Ok(found) => found,
            Err(error) if is_absence(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let tag = found.meta.e_tag.clone();
        let bytes = found.bytes().await?;
        let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let head = std::str::from_utf8(first).ok().and_then(Head::of);
        Ok(head.filter(|head| head.session == session).map(|head| (head, tag)))
    }

    /// Returns true if an address is that of a document in this bucket.
    async fn is_here(
        &self,
        address: &ShareAddress,
        document: &Path,
    ) -> Result<bool, ObjectFailure> {
        let Some(signer) = &self.signer else { return Ok(false) };
        let here = signer.signed_url(Method::GET, document, Duration::from_secs(1)).await?;
        Ok(here.origin() == address.url.origin() && here.path() == address.url.path())
    }

    async fn delete_documents(&self, session: SessionId) -> Result<u64, ObjectFailure> {
        let listed = self.store.list(Some(&shares(&self.prefix, session)));
        let listed: Vec<_> = listed.try_collect().await?;
        for document in &listed {
            self.delete_document(&document.location).await?;
        }
        Ok(listed.len() as u64)
    }

    async fn delete_document(&self, document: &Path) -> Result<(), ObjectFailure> {
        match self.store.delete(document).await {
            Err(error) if !is_absence(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn desk<'a>(&'a self, signer: &'a dyn Signer) -> Desk<'a> {
        let Self { store, prefix, conditions, .. } = self;
        Desk { store: &**store, signer, prefix, conditions }
    }
}
