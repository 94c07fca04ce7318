//! The check of a bucket: each kind that can't be used is refused with its reason, and nothing else is.

mod common;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bevy_session_journal::replica::{Created, ReplicaStore};
use bevy_session_objects::object_store::memory::InMemory;
use bevy_session_objects::object_store::path::Path;
use bevy_session_objects::object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use bevy_session_objects::{CheckError, ObjectFailure, ObjectReplica};
use common::{Answer, FakeServer, SECRET, TOKEN, entry, over, said};
use futures_util::stream::BoxStream;

/// The reason for which a bucket is refused.
fn refused(answer: Answer) -> CheckError {
    let server = FakeServer::start();
    server.answer_with(answer);
    let store = over(&server);
    let error = store.check().unwrap_err();
    // Nobody has to ask for the check.
    let fault = store.create(entry(), b"x").unwrap_err();
    let text = format!("{} {fault:?} {error:?} {store:?}", said(&fault));
    assert!(text.contains(&error.to_string()) || !error.is_refusal(), "{text}");
    for secret in [SECRET, TOKEN, "AKIDEXAMPLE"] {
        assert!(!text.contains(secret), "{text}");
    }
    error
}

fn answer(status: u16, code: &str) -> ObjectFailure {
    ObjectFailure::Answer { status, code: code.to_owned() }
}

// Feature: A bucket is checked before it is used, and refused with the reason.
// Page: guide/buckets.md#the-check-of-a-bucket
#[test]
fn a_bucket_without_conditions_or_with_versions_is_refused() {
    assert_eq!(refused(Answer::IgnoringConditions), CheckError::IgnoresConditions);
    assert_eq!(refused(Answer::WithVersions), CheckError::KeepsVersions);
    assert_eq!(refused(Answer::WithDeletionMarks), CheckError::RemembersDeleted);
    for (status, code) in [(412, "PreconditionFailed"), (501, "NotImplemented")] {
        assert_eq!(refused(Answer::Creations(status, code)), CheckError::RefusesConditions);
    }
}

#[test]
fn a_bucket_that_looks_before_it_writes_is_refused() {
    let racy = Arc::new(LooksFirst(InMemory::new()));
    let store = ObjectReplica::new(racy, Path::from("arena"), "racy").unwrap();
    assert_eq!(store.check().unwrap_err(), CheckError::IgnoresConditions);
    assert!(store.create(entry(), b"x").is_err());
}

#[test]
fn a_missing_right_is_named() {
    for (denied, right) in [
        (Answer::Listings(403, "AccessDenied"), "list"),
        (Answer::Creations(403, "AccessDenied"), "create"),
        (Answer::Reads(403, "AccessDenied"), "read"),
        (Answer::Deletions(403, "AccessDenied"), "delete"),
    ] {
        let source = answer(403, "AccessDenied");
        assert_eq!(refused(denied), CheckError::Denied { right, source });
    }
}

// Feature: A bucket is checked before it is used, and refused with the reason.
#[test]
fn keys_the_clock_the_region_and_the_name_are_distinguished() {
    for code in ["SignatureDoesNotMatch", "InvalidAccessKeyId"] {
        assert_eq!(refused(Answer::Everything(403, code)), CheckError::Keys(answer(403, code)));
    }
    let code = "RequestTimeTooSkewed";
    assert_eq!(refused(Answer::Everything(403, code)), CheckError::Clock(answer(403, code)));
    for (status, code) in [(301, ""), (400, "AuthorizationHeaderMalformed")] {
        let error = refused(Answer::Everything(status, code));
        assert_eq!(error, CheckError::Region(answer(status, code)));
    }
    assert_eq!(refused(Answer::Everything(404, "NoSuchBucket")), CheckError::NoBucket);
}

#[test]
fn a_check_against_a_server_in_trouble_is_no_refusal() {
    let error = refused(Answer::Everything(503, "SlowDown"));
    assert_eq!(error, CheckError::NoAnswer(answer(503, "SlowDown")));
    assert!(!error.is_refusal());
    // Even for a listing: nothing can be said of it.
    let error = refused(Answer::Everything(412, "PreconditionFailed"));
    assert_eq!(error, CheckError::NoAnswer(answer(412, "PreconditionFailed")));
}

#[test]
fn a_check_passes_if_the_answer_to_a_creation_is_lost() {
    let server = FakeServer::start();
    let store = over(&server);
    // The client asks again, and its own object is in the way.
    server.answer_with(Answer::TimesAfterTheWrite(1, 500, "InternalError"));
    store.check().unwrap();
    assert_eq!(server.objects(), 0, "a check leaves nothing behind");
}

#[test]
fn a_server_that_stamps_objects_and_keeps_no_versions_passes() {
    let server = FakeServer::start();
    server.answer_with(Answer::Stamping);
    let (store, key) = (over(&server), entry());
    store.check().unwrap();
    assert_eq!(store.create(key, b"x").unwrap(), Created::New);
    let before = server.requests();
    assert_eq!(store.create(entry(), b"x").unwrap(), Created::New);
    assert_eq!(server.requests() - before, 1, "it is looked into once");
    assert_eq!(store.create(key, b"y").unwrap(), Created::Existed);
}

#[test]
fn a_check_works_within_another_runtime() {
    let server = FakeServer::start();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = over(&server);
        store.check().unwrap();
        assert_eq!(store.create(entry(), b"x").unwrap(), Created::New);
    });
}

/// Looks whether an object is there, and writes it then, as a server without conditions in one step does.
#[derive(Debug)]
struct LooksFirst(InMemory);

impl fmt::Display for LooksFirst {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LooksFirst")
    }
}

#[async_trait]
impl ObjectStore for LooksFirst {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        if self.0.head(location).await.is_ok() {
            return self.0.put_opts(location, payload, options).await;
        }
        // Others look meanwhile.
        tokio::task::yield_now().await;
        self.0.put_opts(location, payload, PutOptions { mode: PutMode::Overwrite, ..options }).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.0.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.0.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.0.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.copy_opts(from, to, options).await
    }
}
