//! The check of a bucket: does it keep to what the protocol rests on?

use futures_util::TryStreamExt;
use futures_util::future::join_all;
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions};

use crate::failure::{ObjectFailure, is_absence};

/// Creations of one object at the same time.
const AT_ONCE: usize = 4;
const FIRST: &[u8] = b"first";
const SECOND: &[u8] = b"second";

/// The reason that a bucket can't be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// It writes over an object that should only be created, or lets several create it at the same time.
    #[error("it ignores If-None-Match, by which one machine at a time owns a session")]
    IgnoresConditions,
    /// It keeps versions of what is written and deleted.
    #[error(
        "it keeps versions: If-None-Match may not be honoured, and deleted objects stay and cost money. \
         Use a bucket without versioning"
    )]
    KeepsVersions,
    /// It creates no object again that was deleted, as Ceph's does in a bucket whose versioning is suspended.
    #[error(
        "it refuses to create an object again that was deleted. Use a bucket that never had versioning"
    )]
    RemembersDeleted,
    /// It creates nothing under a condition.
    #[error("it refuses to create an object that isn't there")]
    RefusesConditions,
    /// The keys are missing, wrong or expired.
    #[error("the server doesn't accept its keys")]
    Keys(#[source] ObjectFailure),
    /// The keys don't give the right to one of list, create, read and delete.
    #[error("its keys don't give the right to {right} objects")]
    Denied {
        /// The missing right.
        right: &'static str,
        /// The server's answer.
        source: ObjectFailure,
    },
    /// There is no bucket of that name.
    #[error("there is no such bucket")]
    NoBucket,
    /// It is in another region than the one that was named.
    #[error("it is in another region: name that as ?region=REGION, or in AWS_REGION")]
    Region(#[source] ObjectFailure),
    /// This machine's clock is too far from the server's.
    #[error("this machine's clock is wrong by minutes, so that the server refuses its requests")]
    Clock(#[source] ObjectFailure),
    /// An object that was created isn't listed, or has other bytes.
    #[error("an object that was just created isn't there, or differs")]
    Forgets,
    /// The server gave no answer. That says nothing about the bucket.
    #[error("its server gave no answer")]
    NoAnswer(#[source] ObjectFailure),
}

impl CheckError {
    /// Returns true if somebody has to change the bucket, its keys or a setting. Otherwise it may answer later.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        !matches!(self, Self::NoAnswer(_))
    }

    fn of(right: &'static str, failure: ObjectFailure) -> Self {
        let is_denied =
            matches!(&failure, ObjectFailure::Answer { code, .. } if code == "AccessDenied");
        match failure {
            failure if failure.is_about_the_bucket() => Self::NoBucket,
            failure if failure.is_about_the_region() => Self::Region(failure),
            failure if failure.is_about_the_clock() => Self::Clock(failure),
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

/// Checks the bucket with objects in a folder of its own, and deletes them. Nobody else may have the name.
pub(crate) async fn check(
    store: &dyn ObjectStore,
    folder: &Path,
    name: &str,
) -> Result<(), CheckError> {
    let (probe, raced) =
        (&folder.clone().join(name), &folder.clone().join(format!("{name}-raced")));
    // First, since it writes nothing where the keys are wrong.
    list(store, folder, probe).await?;
    let is_new = create(store, probe, FIRST).await?;
    let is_second_new = create(store, probe, SECOND).await;
    let winners = race(store, raced).await;
    let is_listed = list(store, folder, probe).await;
    let found = read(store, probe).await;
    let is_again_new = create_again(store, raced).await;
    let deleted = delete(store, raced).await.and(delete(store, probe).await);

    let found = found?;
    if found.as_ref().is_some_and(|found| found.keeps_versions) {
        return Err(CheckError::KeepsVersions);
    }
    if is_second_new? || winners? > 1 {
        return Err(CheckError::IgnoresConditions);
    }
    match found {
        // The client asks again after a status from 500 on, and then finds its own.
        Some(found) if found.bytes == FIRST && is_listed? => deleted?,
        None if !is_new => return Err(CheckError::RefusesConditions),
        _ => return Err(CheckError::Forgets),
    }
    if is_again_new? { Ok(()) } else { Err(CheckError::RemembersDeleted) }
}

/// Creates an object. Returns false if there is one already.
async fn create(
    store: &dyn ObjectStore,
    probe: &Path,
    bytes: &'static [u8],
) -> Result<bool, CheckError> {
    match store.put_opts(probe, bytes.into(), PutOptions::from(PutMode::Create)).await {
        Ok(_) => Ok(true),
        Err(Error::AlreadyExists { .. }) => Ok(false),
        Err(Error::NotImplemented { .. } | Error::NotSupported { .. }) => {
            Err(CheckError::RefusesConditions)
        }
        // S3's status for a header that a server doesn't know.
        Err(error) => match ObjectFailure::of(&error) {
            ObjectFailure::Answer { status: 501, .. } => Err(CheckError::RefusesConditions),
            failure => Err(CheckError::of("create", failure)),
        },
    }
}

/// Creates one object several times at once: a server may look first and write later. Returns the number of those that were
/// answered as the first.
async fn race(store: &dyn ObjectStore, probe: &Path) -> Result<usize, CheckError> {
    let all = join_all((0..AT_ONCE).map(|_| create(store, probe, FIRST))).await;
    let all: Vec<bool> = all.into_iter().collect::<Result<_, _>>()?;
    Ok(all.into_iter().filter(|is_new| *is_new).count())
}

/// Deletes an object, and creates it again. Returns false if it isn't there afterwards.
async fn create_again(store: &dyn ObjectStore, probe: &Path) -> Result<bool, CheckError> {
    delete(store, probe).await?;
    Ok(create(store, probe, FIRST).await? || read(store, probe).await?.is_some())
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

/// An object that was read.
struct Found {
    bytes: Vec<u8>,
    keeps_versions: bool,
}

async fn read(store: &dyn ObjectStore, probe: &Path) -> Result<Option<Found>, CheckError> {
    let found = async {
        let got = store.get(probe).await?;
        let keeps_versions = is_kept(&got.meta);
        Ok(Found { bytes: got.bytes().await?.to_vec(), keeps_versions })
    };
    match found.await {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_absence(&error) => Ok(None),
        Err(error) => Err(CheckError::of("read", ObjectFailure::of(&error))),
    }
}

async fn delete(store: &dyn ObjectStore, probe: &Path) -> Result<(), CheckError> {
    match store.delete(probe).await {
        Ok(()) => Ok(()),
        Err(error) if is_absence(&error) => Ok(()),
        Err(error) => Err(CheckError::of("delete", ObjectFailure::of(&error))),
    }
}

/// Returns true if the bucket keeps this version of an object. `null` is that of a bucket whose versioning is suspended,
/// which keeps none.
pub(crate) fn is_kept(object: &ObjectMeta) -> bool {
    object.version.as_ref().is_some_and(|version| version != "null")
}
