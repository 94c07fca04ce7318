//! Whether a bucket does what the protocol builds on.

use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutResult};

use futures_util::TryStreamExt;

use crate::ObjectFailure;

/// Why a bucket can't be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// What is there is written over, though it was asked to be created.
    #[error("it ignores If-None-Match, by which one machine at a time owns a session")]
    IgnoresConditions,
    /// It keeps versions of what is written and deleted.
    #[error(
        "it keeps versions: there If-None-Match isn't honoured everywhere, and deleted objects stay and cost. \
         Use a bucket that never had versioning"
    )]
    KeepsVersions,
    /// It creates nothing under a condition.
    #[error("it refuses to create an object that isn't there")]
    RefusesConditions,
    /// The keys are wrong, or have expired.
    #[error("its keys are refused")]
    Keys(#[source] ObjectFailure),
    /// The keys don't give the right to one of list, create, read and delete.
    #[error("its keys don't give the right to {right} objects")]
    Denied {
        /// What they don't give the right to.
        right: &'static str,
        /// What the server said.
        source: ObjectFailure,
    },
    /// There is no bucket of that name.
    #[error("there is no such bucket")]
    NoBucket,
    /// What was created isn't listed, or isn't what was written.
    #[error("it doesn't have what it was given a moment ago")]
    Forgets,
    /// The server gave no answer. That says nothing about the bucket.
    #[error("its server gave no answer")]
    NoAnswer(#[source] ObjectFailure),
}

impl CheckError {
    /// Whether the bucket can't be used before somebody changes it, or its keys. Otherwise it may answer later.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        !matches!(self, Self::NoAnswer(_))
    }

    fn of(right: &'static str, failure: ObjectFailure) -> Self {
        let is_denied =
            matches!(&failure, ObjectFailure::Answer { code, .. } if code == "AccessDenied");
        match failure {
            failure if failure.is_about_the_bucket() => Self::NoBucket,
            source if is_denied => Self::Denied { right, source },
            failure if failure.is_about_keys() => Self::Keys(failure),
            failure => Self::NoAnswer(failure),
        }
    }
}

impl From<ObjectFailure> for CheckError {
    fn from(failure: ObjectFailure) -> Self {
        Self::of("use", failure)
    }
}

/// Creates an object in a folder of its own twice, looks whether it is listed and what is in it, and deletes it.
pub(crate) async fn check(
    store: &dyn ObjectStore,
    folder: &Path,
    name: &str,
) -> Result<(), CheckError> {
    let probe = &folder.clone().join(name);
    // First, since it writes nothing where the keys are wrong.
    list(store, folder, probe).await?;
    let first = create(store, probe, b"first").await?.ok_or(CheckError::RefusesConditions)?;
    let second = create(store, probe, b"second").await;
    let listed = list(store, folder, probe).await;
    let read = read(store, probe).await;
    let deleted = delete(store, probe).await;
    if first.version.is_some() {
        return Err(CheckError::KeepsVersions);
    }
    if second?.is_some() {
        return Err(CheckError::IgnoresConditions);
    }
    if !listed? || read?.as_deref() != Some(b"first") {
        return Err(CheckError::Forgets);
    }
    deleted
}

/// `None` if there is one already.
async fn create(
    store: &dyn ObjectStore,
    probe: &Path,
    bytes: &'static [u8],
) -> Result<Option<PutResult>, CheckError> {
    let options = PutOptions::from(PutMode::Create);
    match store.put_opts(probe, bytes.into(), options).await {
        Ok(put) => Ok(Some(put)),
        Err(Error::AlreadyExists { .. }) => Ok(None),
        Err(Error::NotImplemented { .. } | Error::NotSupported { .. }) => {
            Err(CheckError::RefusesConditions)
        }
        // S3's word for a header that a server doesn't know.
        Err(error) => match ObjectFailure::of(&error) {
            ObjectFailure::Answer { status: 501, .. } => Err(CheckError::RefusesConditions),
            failure => Err(CheckError::of("create", failure)),
        },
    }
}

async fn list(store: &dyn ObjectStore, folder: &Path, probe: &Path) -> Result<bool, CheckError> {
    let mut listed = store.list(Some(folder));
    loop {
        match listed.try_next().await {
            Ok(Some(object)) if object.location == *probe => return Ok(true),
            Ok(Some(_)) => {}
            Ok(None) => return Ok(false),
            Err(error) => return Err(CheckError::of("list", ObjectFailure::of(&error))),
        }
    }
}

async fn read(store: &dyn ObjectStore, probe: &Path) -> Result<Option<Vec<u8>>, CheckError> {
    let got = match store.get(probe).await {
        Ok(got) => got.bytes().await,
        Err(error) => Err(error),
    };
    match got {
        Ok(bytes) => Ok(Some(bytes.to_vec())),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(CheckError::of("read", ObjectFailure::of(&error))),
    }
}

async fn delete(store: &dyn ObjectStore, probe: &Path) -> Result<(), CheckError> {
    match store.delete(probe).await {
        Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(CheckError::of("delete", ObjectFailure::of(&error))),
    }
}
