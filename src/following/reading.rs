//! The main thread's end of the line to what reads a followed session.

use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use bevy::platform::cell::SyncCell;

use super::reader::{Applied, News, Reader};

/// The stack of the thread: a game's own `Deserialize` runs on it.
const STACK: usize = 64 << 20;

/// The main thread's end of the line. Nothing here waits.
pub(super) enum Reading {
    /// The main loop drives it, one look per frame.
    Driven { reader: SyncCell<Box<Reader>>, waits: bool },
    /// A thread reads. It ends once this is dropped.
    Thread { news: SyncCell<Receiver<News>>, applied: Sender<Applied> },
}

impl fmt::Debug for Reading {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reading").finish_non_exhaustive()
    }
}

impl Reading {
    pub fn driven(reader: Reader) -> Self {
        Self::Driven { reader: SyncCell::new(Box::new(reader)), waits: false }
    }

    /// One on a thread of its own, which rests for so long after a look that found nothing.
    pub fn on_thread(reader: Reader, interval: Duration) -> io::Result<Self> {
        let (news, heard) = channel();
        let (applied, done) = channel();
        thread::Builder::new()
            .name("session follower".into())
            .stack_size(STACK)
            .spawn(move || read_on(reader, interval, &news, &done))?;
        Ok(Self::Thread { news: SyncCell::new(heard), applied })
    }

    /// Takes the reports so far.
    pub fn news(&mut self) -> Vec<News> {
        let mut news = Vec::new();
        match self {
            Self::Driven { waits: true, .. } => {}
            Self::Driven { reader, waits } => *waits = reader.get().look(&mut news),
            Self::Thread { news: heard, .. } => news.extend(heard.get().try_iter()),
        }
        news
    }

    /// A checkpoint is in the world, and the next one may come.
    pub fn applied(&mut self, done: Applied) {
        match self {
            Self::Driven { reader, waits } => {
                reader.get().note(done);
                *waits = false;
            }
            // A thread that panicked reads nothing more.
            Self::Thread { applied, .. } => drop(applied.send(done)),
        }
    }
}

fn read_on(
    mut reader: Reader,
    interval: Duration,
    news: &Sender<News>,
    applied: &Receiver<Applied>,
) {
    let mut found = Vec::new();
    loop {
        let has_come = reader.look(&mut found);
        if found.drain(..).any(|it| news.send(it).is_err()) {
            return;
        }
        let rest = if has_come { Duration::MAX } else { interval };
        match applied.recv_timeout(rest) {
            Ok(applied) => reader.note(applied),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
