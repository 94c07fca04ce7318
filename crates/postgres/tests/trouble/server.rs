//! Servers, databases and sessions of SQL for tests.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Epoch, Key, Position, ReplicaStore};
use bevy_session_postgres::{PostgresCheckError, PostgresReplica};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

pub use crate::common::{said, url};

/// The password in all URLs here.
pub const PASSWORD: &str = "s3cret";

/// A URL's server for another role and database, with the password.
pub fn at(url: &str, role: &str, database: &str) -> String {
    let (_, host) = url.split_once('@').unwrap();
    let (host, _) = host.split_once('/').unwrap();
    format!("postgres://{role}:{PASSWORD}@{host}/{database}")
}

pub fn store(url: &str) -> PostgresReplica {
    PostgresReplica::new(url).unwrap()
}

pub fn entry(session: SessionId, position: u64) -> Key {
    Key::Entry { session, epoch: Epoch(1), position: Position(position) }
}

pub fn claim(session: SessionId) -> Key {
    Key::Claim { session, epoch: Epoch(1) }
}

/// The reason for which a server is refused, which a fault gives in the same words. No password is in either.
pub fn refused(url: &str) -> PostgresCheckError {
    let store = store(url);
    let error = store.check().unwrap_err();
    // Nobody has to ask for the check.
    let session = SessionId::random();
    let fault = (store.create(entry(session, 1), b"x").map(drop))
        .and_then(|()| store.create(entry(session, 1), b"y").map(drop))
        .and_then(|()| store.list(session).map(drop))
        .and_then(|()| store.delete(entry(session, 1)));
    let fault = fault.err().map(|fault| format!("{} {fault:?}", said(&fault)));
    let text = format!("{fault:?} {} {error:?} {store:?}", said(&error));
    let is_found_by_the_check_alone =
        matches!(error, PostgresCheckError::CreatesTwice | PostgresCheckError::Forgets);
    let words = error.to_string();
    assert!(is_found_by_the_check_alone || fault.is_some_and(|it| it.contains(&words)), "{text}");
    for secret in [PASSWORD, "wr0ng"] {
        assert!(!text.contains(secret), "{text}");
    }
    error
}

/// Waits for something that will be so, however busy the machine is.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(120), "it never came: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Runs `ci/postgres.sh`, and returns what it prints.
fn script(arguments: &[&str]) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../ci/postgres.sh");
    let output = Command::new(path).args(arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A server of a test's own, which ends with it.
pub struct Server {
    dir: TempDir,
    pub url: String,
}

impl Server {
    pub fn start(options: &[&str]) -> Self {
        let mut server = Self { dir: directory(), url: String::new() };
        server.start_again(options);
        server
    }

    /// A synchronous standby of another.
    pub fn standby_of(other: &Self) -> Self {
        let dir = directory();
        let url = script(&["standby", dir.path().to_str().unwrap(), other.path()]);
        Self { dir, url }
    }

    pub fn start_again(&mut self, options: &[&str]) {
        self.url = script(&[&["start", self.path()], options].concat());
    }

    pub fn stop(&self) {
        script(&["stop", self.path()]);
    }

    pub fn kill(&self) {
        script(&["kill", self.path()]);
    }

    pub fn promote(&self) {
        script(&["promote", self.path()]);
    }

    pub fn path(&self) -> &str {
        self.dir.path().to_str().unwrap()
    }

    /// Stops all of the server's processes where they are, until the guard is dropped.
    pub fn pause(&self) -> Paused {
        let asked = Sql::open(&self.url).ask("select pid::text from pg_stat_activity").unwrap();
        let told = std::fs::read_to_string(self.dir.path().join("data/postmaster.pid")).unwrap();
        // First, so that it starts no others.
        let processes = [vec![told.lines().next().unwrap().to_owned()], asked].concat();
        signal("-STOP", &processes);
        Paused(processes)
    }

    /// Everything that the server has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

pub struct Paused(Vec<String>);

impl Drop for Paused {
    fn drop(&mut self) {
        signal("-CONT", &self.0);
    }
}

fn signal(signal: &str, processes: &[String]) {
    // One that has ended meanwhile is no error.
    drop(Command::new("kill").arg(signal).args(processes).output().unwrap());
}

/// A new directory, which `ci/postgres.sh run` removes even if this process is killed.
fn directory() -> TempDir {
    let parent = env::var_os("BEVY_SESSION_POSTGRES_SERVERS").map(PathBuf::from);
    TempDir::new_in(parent.unwrap_or_else(env::temp_dir)).unwrap()
}

/// A session of SQL.
pub struct Sql {
    runtime: Runtime,
    client: Client,
}

impl Sql {
    pub fn open(url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
            drop(tokio::spawn(connection));
            client
        });
        Self { runtime, client }
    }

    /// The first column of what is answered, or the code of the error.
    pub fn ask(&self, sql: &str) -> Result<Vec<String>, String> {
        let answer = self.runtime.block_on(self.client.simple_query(sql));
        let answer = answer.map_err(|error| match error.code() {
            Some(code) => code.code().to_owned(),
            None => said(&error),
        })?;
        let rows = answer.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("null").to_owned()),
            _ => None,
        });
        Ok(rows.collect())
    }

    /// Does what has to succeed.
    #[track_caller]
    pub fn run(&self, sql: &str) {
        if let Err(error) = self.ask(sql) {
            panic!("{error}: {sql}");
        }
    }

    /// The one value of an answer.
    #[track_caller]
    pub fn value(&self, sql: &str) -> String {
        self.ask(sql).unwrap().pop().unwrap()
    }
}

/// A database of a test's own, on the server of `ci/postgres.sh run` or another.
pub struct Database {
    pub url: String,
    pub name: String,
    /// The administrator's session.
    pub sql: Sql,
}

impl Database {
    pub fn new() -> Self {
        Self::on(&url())
    }

    pub fn on(url: &str) -> Self {
        let name = format!("d{}", SessionId::random().uuid().simple());
        Sql::open(url).run(&format!("create database {name}"));
        let sql = Sql::open(&at(url, "postgres", &name));
        Self { url: url.to_owned(), name, sql }
    }

    /// The URL for a role.
    pub fn at(&self, role: &str) -> String {
        at(&self.url, role, &self.name)
    }

    /// The URL of the administrator.
    pub fn admin(&self) -> String {
        self.at("postgres")
    }

    /// A role of this database's own that may log in.
    pub fn role(&self, name: &str) -> String {
        let role = format!("{name}_{}", self.name);
        self.sql.run(&format!("create role {role} login password '{PASSWORD}'"));
        role
    }
}
