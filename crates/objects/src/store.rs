//! The store: an object of a session is an object of the bucket.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{
    CatalogueLine, Created, Epoch, Key, Listing, Pace, ReplicaStore, StoreFault,
};
use futures_util::TryStreamExt;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::signer::Signer;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions};

use crate::bucket::Bucket;
use crate::check::{CheckError, check, is_kept};
use crate::credentials::Keys;
use crate::error::BucketError;
use crate::failure::{ObjectFailure, is_absence};
use crate::keys::{checks, directory, key_of, path_of, session_of, sessions};
use crate::patience::Patience;
use crate::renewal::Conditions;
use crate::shares::Shares;

/// More bytes than any entry has.
pub(crate) const MOST: u64 = 64 << 20;

/// A store in object storage.
///
/// Each call is one request, except for those that find out the meaning of an unclear answer, and for listings of more
/// than 1,000 objects. The first call checks the bucket, and so does [`Self::check`].
pub struct ObjectReplica {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) prefix: Path,
    name: String,
    is_checked: AtomicBool,
    /// Set once a creation was answered with a version, in a bucket that keeps none.
    stamps_versions: AtomicBool,
    pub(crate) patience: Patience,
    /// Signs addresses, where the object storage has such.
    pub(crate) signer: Option<Arc<dyn Signer>>,
    pub(crate) shares: Shares,
    pub(crate) conditions: Conditions,
}

/// The reason that a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Halt {
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
        Ok(Self { signer: Some(signer), ..Self::new(store, prefix, name)? })
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
            signer: None,
            shares: Shares::default(),
            conditions: Conditions::default(),
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

    async fn checked(&self) -> Result<(), CheckError> {
        // A name that nobody else has.
        let name = SessionId::random().to_string();
        check(&*self.store, &checks(&self.prefix), &name).await?;
        self.is_checked.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Checks the bucket, unless it has passed.
    pub(crate) async fn pass_check(&self) -> Result<(), CheckError> {
        if self.is_checked.load(Ordering::Relaxed) { Ok(()) } else { self.checked().await }
    }

    /// Asks the bucket, once it has passed the check.
    pub(crate) fn ask<T>(
        &self,
        about: impl ToString,
        question: impl Future<Output = Result<T, Halt>>,
    ) -> Result<T, StoreFault> {
        let answer = self.patience.wait(async {
            self.pass_check().await?;
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

    pub(crate) async fn list_of(&self, session: SessionId) -> Result<Listing, Halt> {
        let mut listing = Listing::default();
        let mut objects = self.store.list(Some(&directory(&self.prefix, session)));
        while let Some(object) = objects.try_next().await? {
            let key = key_of(&self.prefix, session, &object.location);
            key.into_iter().for_each(|key| listing.add(key));
        }
        Ok(listing)
    }

    pub(crate) async fn delete_at(&self, path: &Path) -> Result<(), Halt> {
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
        match line.machine {
            Some(_) => self.renew_shares(line.session),
            None => self.leave_shares(line.session),
        }
    }

    /// Ends what was shared of the session.
    fn forget(&self, session: SessionId, _: Epoch) -> Result<(), StoreFault> {
        self.forget_shares(session)
    }

    /// A lease of 90 seconds, and a batch each 30 seconds: a request costs money here.
    fn pace(&self) -> Pace {
        Pace { lease: Duration::from_secs(90), interval: Duration::from_secs(30) }
    }
}
