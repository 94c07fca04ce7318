//! The store: an object of a session is an object of the bucket.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Created, Key, Listing, Pace, ReplicaStore, StoreFault};
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions};

use crate::bucket::{Bucket, BucketError, Keys};
use crate::check::{CheckError, check};
use crate::failure::ObjectFailure;
use crate::keys::{checks, directory, key_of, path_of, sessions};
use crate::patience::Patience;

/// More bytes than any entry has.
const MOST: u64 = 64 << 20;

/// A store in object storage.
///
/// Each call is one request, but for those that find out what an unclear answer means, and listings of more than 1,000
/// objects. The first call checks the bucket, and so does [`Self::check`].
pub struct ObjectReplica {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    name: String,
    is_checked: Mutex<bool>,
    patience: Patience,
}

/// Why a call came to nothing.
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

impl From<Halt> for CheckError {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Check(error) => error,
            Halt::Failure(failure) => Self::from(failure),
        }
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
    /// Keys are those of the variables `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; where there
    /// are none, those that the cloud gives to its machines. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the URL or the variables can't be used.
    pub fn s3(url: &str) -> Result<Self, BucketError> {
        Self::in_bucket(Bucket::of(url, None)?)
    }

    /// The same with keys that the game has.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if the URL can't be used.
    pub fn s3_with_keys(url: &str, keys: Keys) -> Result<Self, BucketError> {
        Self::in_bucket(Bucket::of(url, Some(keys))?)
    }

    fn in_bucket(Bucket { store, prefix, name }: Bucket) -> Result<Self, BucketError> {
        Self::new(Arc::new(store), prefix, name)
    }

    /// The store below a prefix of any other object storage, which has to have `PutMode::Create`. `name` is what errors and
    /// `Debug` call it.
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
        let is_checked = Mutex::new(false);
        Ok(Self { store, prefix, name: name.into(), is_checked, patience })
    }

    /// Whether the bucket does what a replica needs: it creates an object only if there is none, keeps no versions, and the
    /// keys give the right to list, create, read and delete. It takes six requests, waits for them for ten seconds at
    /// most, and leaves nothing behind.
    ///
    /// Nothing is asked of a bucket before that, so a game needn't call it. One that does can say at its start what a
    /// person has to change. A bucket [that gave no answer](CheckError::is_refusal) may do so later.
    ///
    /// # Errors
    ///
    /// [`CheckError`] says what is missing.
    pub fn check(&self) -> Result<(), CheckError> {
        self.patience.wait(self.checked()).map(|()| *self.lock() = true)
    }

    async fn checked(&self) -> Result<(), CheckError> {
        // One that nobody else has.
        check(&*self.store, &checks(&self.prefix), &SessionId::random().to_string()).await
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, bool> {
        self.is_checked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the bucket, once it is known to be good for it.
    fn ask<T>(
        &self,
        about: impl ToString,
        ask: impl AsyncFnOnce(&dyn ObjectStore) -> Result<T, Halt>,
    ) -> Result<T, StoreFault> {
        let is_checked = *self.lock();
        let answer = self.patience.wait(async {
            if !is_checked {
                self.checked().await?;
                *self.lock() = true;
            }
            ask(&*self.store).await
        });
        answer.map_err(|halt| match halt {
            Halt::Check(CheckError::NoAnswer(failure)) => StoreFault::new(about, failure),
            Halt::Check(error) => StoreFault::new(about, error),
            Halt::Failure(failure) => StoreFault::new(about, failure),
        })
    }
}

impl ReplicaStore for ObjectReplica {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        let (path, bytes) = (path_of(&self.prefix, key), bytes.to_vec());
        self.ask(key, async |store| create(store, &path, bytes).await)
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        let path = path_of(&self.prefix, key);
        self.ask(key, async |store| read(store, &path).await)
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        let directory = directory(&self.prefix, session);
        self.ask(session, async |store| {
            let mut listing = Listing::default();
            let mut objects = store.list(Some(&directory));
            while let Some(object) = objects.try_next().await? {
                let name = object.location.filename();
                let key = name.and_then(|name| key_of(session, name));
                key.into_iter().for_each(|key| listing.add(key));
            }
            Ok(listing)
        })
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        let path = path_of(&self.prefix, key);
        self.ask(key, async |store| match store.delete(&path).await {
            Err(error) => absent(error),
            Ok(()) => Ok(()),
        })
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        let all = sessions(&self.prefix);
        self.ask("sessions", async |store| {
            let directories = store.list_with_delimiter(Some(&all)).await?.common_prefixes;
            let names = directories.iter().filter_map(|path| path.filename());
            let mut sessions: Vec<SessionId> = names.filter_map(|name| name.parse().ok()).collect();
            sessions.sort_unstable();
            Ok(sessions)
        })
    }

    /// A request costs money here, and a listing at each renewal as much as an entry.
    fn pace(&self) -> Pace {
        Pace { lease: Duration::from_secs(90), interval: Duration::from_secs(30) }
    }
}

/// Creates an object if there is none.
async fn create(store: &dyn ObjectStore, path: &Path, bytes: Vec<u8>) -> Result<Created, Halt> {
    match store.put_opts(path, bytes.into(), PutOptions::from(PutMode::Create)).await {
        // Somebody has turned versioning on.
        Ok(put) if put.version.is_some() => Err(ObjectFailure::KeepsVersions.into()),
        Ok(_) => Ok(Created::New),
        // S3 also refuses one of two that create at once before either is there.
        Err(Error::AlreadyExists { .. }) => match store.head(path).await {
            Ok(_) => Ok(Created::Existed),
            Err(Error::NotFound { .. }) => Err(ObjectFailure::Contradiction.into()),
            Err(error) => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

async fn read(store: &dyn ObjectStore, path: &Path) -> Result<Option<Vec<u8>>, Halt> {
    let got = match store.get(path).await {
        Ok(got) => got,
        Err(error) => return absent(error).map(|()| None),
    };
    let bytes = got.meta.size;
    if bytes > MOST {
        return Err(ObjectFailure::TooLarge { bytes }.into());
    }
    Ok(Some(got.bytes().await?.to_vec()))
}

/// Whether an object isn't there, rather than its bucket.
fn absent(error: Error) -> Result<(), Halt> {
    let failure = ObjectFailure::of(&error);
    let is_absent = matches!(error, Error::NotFound { .. }) && !failure.is_about_the_bucket();
    if is_absent { Ok(()) } else { Err(failure.into()) }
}
