//! The variables `AWS_…`: each test runs once more in a process of its own, which has them.

mod common;

use std::env;
use std::process::Command;

use bevy_session_objects::{BucketError, CheckError, ObjectFailure, ObjectReplica};
use common::{Answer, FakeServer, SECRET};

const CHILD: &str = "BEVY_SESSION_OBJECTS_CHILD";
const SERVER: &str = "BEVY_SESSION_OBJECTS_SERVER";

/// Returns true in the process that has the variables. Otherwise begins that, and waits for it.
fn has_variables(test: &str, server: &FakeServer, variables: &[(&str, &str)]) -> bool {
    if env::var(CHILD).is_ok_and(|child| child == test) {
        return true;
    }
    let mut command = Command::new(env::current_exe().unwrap());
    for (name, _) in env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    command.args([test, "--exact"]).env(CHILD, test).env(SERVER, server.url());
    let done = command.envs(variables.iter().copied()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    false
}

/// The URL of a bucket on the server of the other process.
fn url() -> String {
    format!("s3://saves/arena?endpoint={}", env::var(SERVER).unwrap())
}

#[test]
fn a_check_without_keys_reports_that_there_are_none() {
    let metadata = FakeServer::start();
    metadata.answer_with(Answer::Everything(404, ""));
    let variables = [("AWS_METADATA_ENDPOINT", &*metadata.url())];
    if !has_variables("a_check_without_keys_reports_that_there_are_none", &metadata, &variables) {
        return;
    }
    let error = ObjectReplica::s3(&url()).unwrap().check().unwrap_err();
    assert_eq!(error, CheckError::Keys(ObjectFailure::NoKeys));
}

#[test]
fn half_a_pair_of_keys_is_refused() {
    let variables = [("AWS_SECRET_ACCESS_KEY", SECRET)];
    if has_variables("half_a_pair_of_keys_is_refused", &FakeServer::start(), &variables) {
        let error = ObjectReplica::s3(&url()).unwrap_err();
        assert!(matches!(error, BucketError::Settings), "{error}");
    }
}

#[test]
fn without_root_certificates_only_a_server_on_this_machine_is_used() {
    const NAME: &str = "without_root_certificates_only_a_server_on_this_machine_is_used";
    let empty = tempfile::NamedTempFile::new().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let variables = [
        ("SSL_CERT_FILE", empty.path().to_str().unwrap()),
        ("SSL_CERT_DIR", directory.path().to_str().unwrap()),
    ];
    if has_variables(NAME, &FakeServer::start(), &variables) {
        for encrypted in ["s3://saves/arena", "s3://saves/arena?endpoint=https://127.0.0.1:1"] {
            let error = ObjectReplica::s3(encrypted).unwrap_err();
            assert!(matches!(error, BucketError::NoRoots), "{error}");
        }
        ObjectReplica::s3(&url()).unwrap();
    }
}

#[test]
fn an_endpoint_in_plain_text_is_refused_from_the_environment_too() {
    const NAME: &str = "an_endpoint_in_plain_text_is_refused_from_the_environment_too";
    for name in ["AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"] {
        let variables = [(name, "http://192.0.2.1:7480")];
        if has_variables(NAME, &FakeServer::start(), &variables) {
            let error = ObjectReplica::s3("s3://saves/arena").unwrap_err();
            return assert!(matches!(error, BucketError::PlainText), "{error}");
        }
    }
}

#[test]
fn no_variable_weakens_or_redirects_what_the_url_says() {
    const NAME: &str = "no_variable_weakens_or_redirects_what_the_url_says";
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_ENDPOINT_URL_S3", "http://192.0.2.1:7480"),
        ("AWS_ENDPOINT", "http://192.0.2.1:7480"),
        ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true"),
        ("AWS_CONDITIONAL_PUT", "disabled"),
        ("AWS_UNSIGNED_PAYLOAD", "true"),
        // Nothing for this very machine leaves it.
        ("HTTP_PROXY", "http://192.0.2.1:7480"),
        ("http_proxy", "http://192.0.2.1:7480"),
        ("NO_PROXY", ""),
        ("no_proxy", ""),
    ];
    if has_variables(NAME, &FakeServer::start(), &variables) {
        ObjectReplica::s3(&url()).unwrap().check().unwrap();
    }
}
