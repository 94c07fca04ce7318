//! A replica as a place: what it has is fetched into memory, and read there as on a disk.

#![expect(clippy::disallowed_methods, reason = "it looks whether a directory is there")]

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bevy_session_journal::SessionId;
use bevy_session_journal::internal::disk::{Layout, MemoryDisk};
use bevy_session_journal::replica::{
    Direct, DirectoryReplica, FileName, Log, Receiver, ReplicaStore, SessionFiles, block_on, fetch,
};

use super::directory::ProfileDirectory;
use super::profile::Profile;
use crate::failure::Failure;

/// The words with which a replica begins.
const SCHEMES: [&str; 4] = ["dir:", "postgres://", "postgresql://", "s3://"];

/// A replica, as it was named: `dir:PATH`, `postgres://USER@HOST:PORT/DATABASE` or `s3://BUCKET/PREFIX`.
#[derive(Clone, PartialEq, Eq)]
pub struct Replica(String);

impl Replica {
    /// The replica that a word names, if it names one.
    pub fn of_word(word: &str) -> Option<Self> {
        SCHEMES.iter().any(|scheme| word.starts_with(scheme)).then(|| Self(word.to_owned()))
    }

    /// What it is kept in.
    pub fn store(&self) -> Result<Arc<dyn ReplicaStore>, Failure> {
        match self.0.strip_prefix("dir:") {
            Some(path) => directory(Path::new(path)),
            None if self.0.starts_with("s3:") => self.bucket(),
            None => self.database(),
        }
    }

    #[cfg(feature = "postgres")]
    fn database(&self) -> Result<Arc<dyn ReplicaStore>, Failure> {
        let store = bevy_session_postgres::PostgresReplica::new(&self.0);
        Ok(Arc::new(store.map_err(Failure::of_replica)?))
    }

    #[cfg(not(feature = "postgres"))]
    fn database(&self) -> Result<Arc<dyn ReplicaStore>, Failure> {
        Err(Failure::usage("this tool was built without its feature `postgres`"))
    }

    #[cfg(feature = "objects")]
    fn bucket(&self) -> Result<Arc<dyn ReplicaStore>, Failure> {
        let store = bevy_session_objects::ObjectReplica::s3(&self.0);
        Ok(Arc::new(store.map_err(Failure::of_replica)?))
    }

    #[cfg(not(feature = "objects"))]
    fn bucket(&self) -> Result<Arc<dyn ReplicaStore>, Failure> {
        Err(Failure::usage("this tool was built without its feature `objects`"))
    }

    /// What it has of the sessions whose ids begin so.
    pub fn profile(&self, id: &str) -> Result<Profile, Failure> {
        let store = self.store()?;
        let mut sessions = store.sessions().map_err(Failure::of_replica)?;
        sessions.retain(|session| session.to_string().starts_with(id));
        let (disk, layout) = (MemoryDisk::default(), layout());
        for session in sessions {
            let log = read_log(&store, session)?;
            let place = SessionFiles::of(&layout, session);
            let mut files = InMemory { disk: &disk, place: &place, file: None };
            block_on(fetch(&Direct(Arc::clone(&store)), &log, &mut files))
                .map_err(Failure::of_replica)?;
        }
        let directory = ProfileDirectory {
            profile: layout.profile.clone(),
            sessions: layout.sessions(),
            slots: layout.slots(),
            data: None,
            state: None,
            only: None,
        };
        Ok(Profile::of_directory(directory, Arc::new(disk))?)
    }
}

fn directory(path: &Path) -> Result<Arc<dyn ReplicaStore>, Failure> {
    if !path.is_dir() {
        let why = "it isn't a directory";
        return Err(Failure::UnknownDirectory { path: path.to_owned(), why });
    }
    let store = DirectoryReplica::open(path)
        .map_err(|source| Failure::Unwritten { path: path.to_owned(), source })?;
    Ok(Arc::new(store))
}

/// Reads the log of a session.
pub fn read_log(store: &Arc<dyn ReplicaStore>, session: SessionId) -> Result<Log, Failure> {
    let mut log = Log::new(session);
    block_on(log.refresh(&Direct(Arc::clone(store)))).map_err(Failure::of_replica)?;
    Ok(log)
}

impl fmt::Display for Replica {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else { return self.0.fmt(formatter) };
        if scheme == "s3" && !rest.contains('@') {
            return self.0.fmt(formatter);
        }
        // A password may be beside the user, and a database takes it as a parameter too.
        let (authority, behind) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (path, parameters) = behind.split_once('?').unwrap_or((behind, ""));
        match authority.rsplit_once('@') {
            // Who takes the password for a part of the address has written it so that nobody can tell.
            _ if path.contains('@') => write!(formatter, "{scheme}://…"),
            None if parameters.contains('@') => write!(formatter, "{scheme}://…"),
            None => write!(formatter, "{scheme}://{authority}{path}"),
            Some((user, host)) => {
                let user = user.split([':', '@']).next().unwrap_or_default();
                write!(formatter, "{scheme}://{user}@{host}{path}")
            }
        }
    }
}

impl fmt::Debug for Replica {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Replica({self})")
    }
}

fn layout() -> Layout {
    let (data, state) = (PathBuf::from("replica/data"), PathBuf::from("replica/state"));
    Layout { data, state, profile: "default".to_owned() }
}

struct InMemory<'a> {
    disk: &'a MemoryDisk,
    place: &'a SessionFiles,
    file: Option<(FileName, Vec<u8>)>,
}

impl Receiver for InMemory<'_> {
    fn begin(&mut self, name: &FileName) -> io::Result<()> {
        self.file = Some((name.clone(), Vec::new()));
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.iter_mut().for_each(|(_, file)| file.extend_from_slice(bytes));
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        if let Some((name, bytes)) = self.file.take() {
            self.disk.put(&self.place.path(&name), &bytes);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (word, shown) in [
            (
                "postgres://arena:s3cr@t@db.example.com/worlds",
                "postgres://arena@db.example.com/worlds",
            ),
            ("postgres://arena@db/worlds", "postgres://arena@db/worlds"),
            ("postgres://db/worlds", "postgres://db/worlds"),
            ("postgres://db/worlds?user=arena&password=s3cret", "postgres://db/worlds"),
            ("postgres://arena@db/worlds?password=s3cr@x", "postgres://arena@db/worlds"),
            ("postgres://db/worlds?password=s3cr@x", "postgres://…"),
            ("postgres://db/worlds?user=arena@db&password=s3cret", "postgres://…"),
            ("postgres://arena:s3cr/t@db/worlds", "postgres://…"),
            ("postgres://arena:a@s3cr/t@db/worlds", "postgres://…"),
            ("s3://worlds/eu?endpoint=http://e:1", "s3://worlds/eu?endpoint=http://e:1"),
            ("dir:/srv/a@b:c", "dir:/srv/a@b:c"),
        ] {
            let replica = Replica::of_word(word).unwrap();
            assert_eq!(replica.to_string(), shown);
            assert!(!format!("{replica:?}").contains("s3cr"));
        }
        assert_eq!(Replica::of_word("/srv/dir:x"), None);
    }
}
