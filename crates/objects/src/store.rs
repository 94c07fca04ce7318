//! The store: an object of a session is an object of the bucket.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{
    CatalogueLine, Created, Key, Listing, Pace, ReplicaStore, StoreFault,
};
use futures_util::TryStreamExt;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::signer::{Method, Signer};
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use tracing::warn;

use crate::address::{LONGEST, ShareAddress, ShareError};
use crate::bucket::Bucket;
use crate::check::{CheckError, check, is_kept};
use crate::credentials::Keys;
use crate::error::BucketError;
use crate::failure::{ObjectFailure, is_absence};
use crate::keys::{checks, directory, key_of, path_of, session_of, sessions, share};
use crate::patience::Patience;
use crate::shares::{Addresses, Share, Shares};

/// More bytes than any entry has.
pub(crate) const MOST: u64 = 64 << 20;

/// The time that documents of what is shared may take beside a renewal.
const HASTE: Duration = Duration::from_secs(1);

/// A store in object storage.
///
/// Each call is one request, except for those that find out the meaning of an unclear answer, and for listings of more
/// than 1,000 objects. The first call checks the bucket, and so does [`Self::check`].
pub struct ObjectReplica {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    name: String,
    is_checked: AtomicBool,
    /// Set once a creation was answered with a version, in a bucket that keeps none.
    stamps_versions: AtomicBool,
    patience: Patience,
    addresses: Addresses,
    shares: Shares,
    /// Set while what was shared can't be brought up to date.
    shares_lag: AtomicBool,
}

/// The reason that a call came to nothing.
#[derive(Debug, thiserror::Error)]
enum Halt {
    #[error("the bucket can't be used")]
    Check(#[from] CheckError),
    #[error(transparent)]
    Failure(#[from] ObjectFailure),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Failure(ObjectFailure::of(&error))
    }
}

impl fmt::Debug for ObjectReplica {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ObjectReplica").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ObjectReplica {
    /// The store in a bucket of S3, or of a server like it: `s3://BUCKET/PREFIX?endpoint=https://HOST:PORT&region=REGION`.
    /// Prefix, endpoint and region may be left out.
    ///
    /// Keys are those of the variables `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, or else those
    /// that the cloud gives to its machines. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the URL or the variables can't be used.
    pub fn s3(url: &str) -> Result<Self, BucketError> {
        Self::of(Bucket::of(url, None)?)
    }

    /// The store of [`Self::s3`], with keys that the game has from elsewhere.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the URL or the variables can't be used.
    pub fn s3_with_keys(url: &str, keys: Keys) -> Result<Self, BucketError> {
        Self::of(Bucket::of(url, Some(keys))?)
    }

    fn of(Bucket { store, prefix, name }: Bucket) -> Result<Self, BucketError> {
        let store = Arc::new(store);
        let signer: Arc<dyn Signer> = Arc::<AmazonS3>::clone(&store);
        Ok(Self { addresses: Some(signer), ..Self::new(store, prefix, name)? })
    }

    /// The store below a prefix of any other object storage, which has to have `PutMode::Create`. Errors and `Debug` call
    /// it `name`.
    ///
    /// The object storage has to be durable once it answers: `LocalFileSystem` is only `with_fsync(true)`.
    ///
    /// # Errors
    ///
    /// [`BucketError::Thread`] if the system gives no thread.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        prefix: Path,
        name: impl Into<String>,
    ) -> Result<Self, BucketError> {
        let patience = Patience::new().map_err(BucketError::Thread)?;
        let (is_checked, stamps_versions) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self {
            store,
            prefix,
            name: name.into(),
            is_checked,
            stamps_versions,
            patience,
            addresses: None,
            shares: Shares::default(),
            shares_lag: AtomicBool::new(false),
        })
    }

    /// Checks that the bucket does what a replica needs: it creates an object only if there is none, keeps no versions, and
    /// the keys give the right to list, create, read and delete. The check takes 13 requests and ten seconds at most,
    /// and leaves nothing behind.
    ///
    /// Nothing is asked of a bucket before that, so a game needn't call it. A game that does can say at its start what a
    /// person has to change. A bucket [that gave no answer](CheckError::is_refusal) may do so later.
    ///
    /// # Errors
    ///
    /// [`CheckError`] names what is missing.
    pub fn check(&self) -> Result<(), CheckError> {
        self.patience.wait(self.checked())
    }

    /// Shares a session: who has the address reads it for so long, seven days at most, and nothing else. A spectator opens
    /// it by [`SharedSession::open`](crate::SharedSession::open), and needs no keys.
    ///
    /// What a spectator finds is a document with addresses of what the session has. This store writes it anew while it is the
    /// replica of the process that plays the session, beside each renewal of its lease, and once the session is left; so the game
    /// keeps the store in an [`Arc`], and gives the plugin another. Whoever takes the session over shares it anew.
    ///
    /// It waits for the server, for ten seconds at most, so a game calls it on a thread that draws no frames.
    ///
    /// # Errors
    ///
    /// [`ShareError`] if it would last for too long, or the bucket can't be used.
    pub fn share(&self, session: SessionId, lasts: Duration) -> Result<ShareAddress, ShareError> {
        let signer = self.addresses.as_ref().ok_or(ShareError::NoAddresses)?;
        if lasts < Duration::from_secs(1) || lasts > LONGEST {
            return Err(ShareError::Length);
        }
        let document = share(&self.prefix, session, &SessionId::random().to_string());
        let ends = Instant::now() + lasts;
        let share = Share { session, document, ends };
        let shared = self.patience.wait(async {
            if !self.is_checked.load(Ordering::Relaxed) {
                self.checked().await?;
            }
            let listing = self.list_of(session).await?;
            share.write(&*self.store, &**signer, &self.prefix, &listing).await?;
            let address = signer.signed_url(Method::GET, &share.document, lasts).await?;
            ShareAddress::of(address).map_err(|_| Halt::Failure(ObjectFailure::Unclear))
        });
        match shared {
            Ok(address) => {
                self.shares.add(share);
                Ok(address)
            }
            Err(Halt::Check(error)) => Err(ShareError::Check(error)),
            Err(Halt::Failure(failure)) => Err(failure.into()),
        }
    }

    /// Ends what was shared at an address: nothing that comes later can be read there. An address can't be taken back, so what
    /// the session had by then can be read until the end that was set by whoever has kept the document.
    ///
    /// # Errors
    ///
    /// [`ObjectFailure`]; then it may still be shared.
    pub fn unshare(&self, address: &ShareAddress) -> Result<(), ObjectFailure> {
        let document = share(&self.prefix, address.session(), &address.name);
        self.shares.remove(&document);
        let deleted = self.patience.wait(self.delete_at(&document));
        deleted.map_err(|halt| match halt {
            Halt::Failure(failure) => failure,
            Halt::Check(_) => ObjectFailure::Unclear,
        })
    }

    /// Brings the documents of a session that is shared up to date.
    async fn write_documents(&self, session: SessionId, shares: &[Share]) -> Result<(), Halt> {
        let Some(signer) = &self.addresses else { return Ok(()) };
        let listing = self.list_of(session).await?;
        for share in shares {
            share.write(&*self.store, &**signer, &self.prefix, &listing).await?;
        }
        Ok(())
    }

    async fn checked(&self) -> Result<(), CheckError> {
        // A name that nobody else has.
        let name = SessionId::random().to_string();
        check(&*self.store, &checks(&self.prefix), &name).await?;
        self.is_checked.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Asks the bucket, once it has passed the check.
    fn ask<T>(
        &self,
        about: impl ToString,
        question: impl Future<Output = Result<T, Halt>>,
    ) -> Result<T, StoreFault> {
        let answer = self.patience.wait(async {
            if !self.is_checked.load(Ordering::Relaxed) {
                self.checked().await?;
            }
            question.await
        });
        answer.map_err(|halt| match halt {
            Halt::Check(CheckError::NoAnswer(failure)) | Halt::Failure(failure) => {
                StoreFault::new(about, failure)
            }
            Halt::Check(error) => StoreFault::new(about, error),
        })
    }

    /// Creates an object if there is none.
    async fn create_at(&self, path: &Path, bytes: Vec<u8>) -> Result<Created, Halt> {
        match self.store.put_opts(path, bytes.into(), PutOptions::from(PutMode::Create)).await {
            // Either somebody has turned versioning on, or the server stamps objects all the same, as Cloudflare's does.
            Ok(put) if put.version.is_some() && !self.stamps_versions.load(Ordering::Relaxed) => {
                self.see(path).await?;
                self.stamps_versions.store(true, Ordering::Relaxed);
                Ok(Created::New)
            }
            Ok(_) => Ok(Created::New),
            // S3 also refuses one of two that create at once, before either is there.
            Err(Error::AlreadyExists { .. }) => {
                self.see(path).await?;
                Ok(Created::Existed)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Makes sure that an object stands in a bucket without versions.
    async fn see(&self, path: &Path) -> Result<(), Halt> {
        match self.store.head(path).await {
            Ok(meta) if is_kept(&meta) => Err(ObjectFailure::KeepsVersions.into()),
            Ok(_) => Ok(()),
            Err(Error::NotFound { .. }) => Err(ObjectFailure::Contradiction.into()),
            Err(error) => Err(error.into()),
        }
    }

    async fn read_at(&self, path: &Path) -> Result<Option<Vec<u8>>, Halt> {
        let object = match self.store.get(path).await {
            Ok(object) => object,
            Err(error) if is_absence(&error) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let bytes = object.meta.size;
        if bytes > MOST {
            return Err(ObjectFailure::TooLarge { bytes }.into());
        }
        let read = object.bytes().await?.to_vec();
        let got = read.len() as u64;
        // What came in part would pass for an object that says something else.
        if got == bytes { Ok(Some(read)) } else { Err(ObjectFailure::Cut { bytes, got }.into()) }
    }

    async fn list_of(&self, session: SessionId) -> Result<Listing, Halt> {
        let mut listing = Listing::default();
        let mut objects = self.store.list(Some(&directory(&self.prefix, session)));
        while let Some(object) = objects.try_next().await? {
            let key = key_of(&self.prefix, session, &object.location);
            key.into_iter().for_each(|key| listing.add(key));
        }
        Ok(listing)
    }

    async fn delete_at(&self, path: &Path) -> Result<(), Halt> {
        match self.store.delete(path).await {
            Err(error) if !is_absence(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn all_sessions(&self) -> Result<Vec<SessionId>, Halt> {
        let all = self.store.list_with_delimiter(Some(&sessions(&self.prefix))).await?;
        let folders = all.common_prefixes.iter();
        let mut sessions: Vec<SessionId> =
            folders.filter_map(|folder| session_of(&self.prefix, folder)).collect();
        sessions.sort_unstable();
        Ok(sessions)
    }
}

impl ReplicaStore for ObjectReplica {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        self.ask(key, self.create_at(&path_of(&self.prefix, key), bytes.to_vec()))
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        self.ask(key, self.read_at(&path_of(&self.prefix, key)))
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.ask(session, self.list_of(session))
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        self.ask(key, self.delete_at(&path_of(&self.prefix, key)))
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        self.ask("sessions", self.all_sessions())
    }

    /// Keeps no list, and brings what was shared of the session up to date.
    fn describe(&self, line: &CatalogueLine) {
        let shares = self.shares.of(line.session);
        if shares.is_empty() {
            return;
        }
        let written = self.patience.wait_for(HASTE, self.write_documents(line.session, &shares));
        let has_failed = written.is_err();
        if let Err(error) = written
            && !self.shares_lag.load(Ordering::Relaxed)
        {
            let (error, session): (&dyn StdError, _) = (&error, line.session);
            warn!(error, %session, "spectators of a shared session wait for what is new");
        }
        self.shares_lag.store(has_failed, Ordering::Relaxed);
    }

    /// A lease of 90 seconds, and a batch each 30 seconds: a request costs money here.
    fn pace(&self) -> Pace {
        Pace { lease: Duration::from_secs(90), interval: Duration::from_secs(30) }
    }
}
