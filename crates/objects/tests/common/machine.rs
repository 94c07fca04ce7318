//! A machine that plays a session, with its replica in a bucket.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bevy_session_journal::internal::disk::{AppendFile, Disk, Layout, LocalStore};
use bevy_session_journal::internal::format::TypeRows;
use bevy_session_journal::internal::model::clock::Moment;
use bevy_session_journal::internal::read::recovery::KnownTypes;
use bevy_session_journal::replica::{
    Direct, Keeper, KeeperOptions, Log, Pace, Recorders, RecordingDisk, ReplicaOrder,
    ReplicaReport, ReplicaStore, block_on,
};
use bevy_session_journal::{CheckpointId, MemoryDisk, RunId, SessionId, VersionFit};
use bevy_session_objects::ObjectReplica;

struct AnyType;

impl KnownTypes for AnyType {
    fn fit(&self, _: &TypeRows<'_>) -> VersionFit {
        VersionFit::Exact
    }
}

pub struct Machine {
    pub session: SessionId,
    /// Seconds since it was started.
    pub second: u64,
    /// The number of the newest checkpoint that was reported as replicated.
    pub replicated: u64,
    memory: MemoryDisk,
    run: RunId,
    keeper: Keeper,
    file: Box<dyn AppendFile>,
}

fn layout() -> Layout {
    let (data, state) = (PathBuf::from("data"), PathBuf::from("state"));
    Layout { data, state, profile: "default".to_owned() }
}

impl Machine {
    /// A machine that begins a session.
    pub fn new(store: ObjectReplica, pace: Pace) -> Self {
        let (session, memory) = (SessionId::random(), MemoryDisk::default());
        memory.put(&layout().session(session).join("1-000000.journal"), b"begun");
        memory.put(&layout().state.join("some"), b"");
        Self::of(store, pace, session, memory, "1-000001.journal")
    }

    /// The next process of the machine, in which the session goes on.
    pub fn restarted(self, store: ObjectReplica, pace: Pace) -> Self {
        let Self { session, memory, second, keeper, .. } = self;
        drop(keeper);
        Self { second, ..Self::of(store, pace, session, memory, "2-000000.journal") }
    }

    fn of(
        store: ObjectReplica,
        Pace { lease, interval }: Pace,
        session: SessionId,
        memory: MemoryDisk,
        file: &str,
    ) -> Self {
        let directory = layout().session(session);
        let recorders = Recorders::default();
        let disk = RecordingDisk::new(Arc::new(memory.clone()), recorders.clone());
        let local = Arc::new(LocalStore::new(Arc::new(memory.clone()), layout()));
        let options = KeeperOptions {
            store: Arc::new(store),
            machine: "here".to_owned(),
            lease,
            interval,
            may_lag: interval * 2,
            lock_patience: Duration::ZERO,
            erases: false,
        };
        let types = Arc::new(AnyType);
        let mut keeper = Keeper::new(options, local, recorders, types, "game".to_owned());
        keeper.execute(ReplicaOrder::Begin(session), moment(0));
        let file = disk.create_new(&directory.join(file)).unwrap();
        disk.sync_dir(&directory).unwrap();
        let (run, second, replicated) = (RunId::random(), 0, 0);
        Self { session, second, replicated, memory, run, keeper, file }
    }

    /// Plays for a second, at whose end a checkpoint is durable here. Returns what else is reported than claims and
    /// replicated checkpoints.
    pub fn play(&mut self) -> Vec<ReplicaReport> {
        self.second += 1;
        self.file.append(&[7; 1_024]).unwrap();
        self.file.sync().unwrap();
        let checkpoint = CheckpointId { run: self.run, counter: self.second };
        self.keeper.execute(ReplicaOrder::Saved(self.session, checkpoint), moment(self.second));
        self.turn()
    }

    /// Lets time go by in which nothing is played.
    pub fn wait(&mut self, seconds: u64) -> Vec<ReplicaReport> {
        self.second += seconds;
        self.turn()
    }

    fn turn(&mut self) -> Vec<ReplicaReport> {
        while self.keeper.turn(moment(self.second)).is_zero() {}
        let mut others = Vec::new();
        for report in self.keeper.reports() {
            match report {
                ReplicaReport::Replicated(_, checkpoint) => self.replicated = checkpoint.counter,
                ReplicaReport::Claimed(..) => {}
                other => others.push(other),
            }
        }
        others
    }

    /// Bytes of the session's files here.
    pub fn bytes_here(&self) -> u64 {
        let directory = layout().session(self.session);
        let paths = self.memory.paths().into_iter().filter(|path| path.starts_with(&directory));
        paths.map(|path| self.memory.content(&path).unwrap().len() as u64).sum()
    }

    /// Bytes of its files in a bucket.
    pub fn bytes_in(&self, store: ObjectReplica) -> u64 {
        let mut log = Log::new(self.session);
        let store: Arc<dyn ReplicaStore> = Arc::new(store);
        block_on(log.refresh(&Direct(store))).unwrap();
        log.replay().unwrap().bytes()
    }
}

fn moment(second: u64) -> Moment {
    Moment { elapsed: Duration::from_secs(second), wall: jiff::Timestamp::UNIX_EPOCH }
}
