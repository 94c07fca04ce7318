//! The main thread's end of the line to what reads a followed session.

use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread;
use std::time::Duration;

use bevy::platform::cell::SyncCell;
use bevy_session_journal::FailureCause;

use super::reader::{Applied, News, Reader, Stall};
use super::wanted::Interest;

/// The stack of the thread: a game's own `Deserialize` runs on it.
const STACK: usize = 64 << 20;

/// The main thread's end of the line. Nothing here waits.
pub(super) struct Reading {
    line: Line,
    /// A thread that reads ends soon after this is dropped.
    _interest: Interest,
}

enum Line {
    /// The main loop drives it, one look per frame.
    Driven { reader: SyncCell<Box<Reader>>, waits: bool },
    /// A thread reads.
    Thread { news: SyncCell<Receiver<News>>, applied: Sender<Applied> },
}

impl fmt::Debug for Reading {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reading").finish_non_exhaustive()
    }
}

impl Reading {
    pub fn driven(reader: Reader, interest: Interest) -> Self {
        let line = Line::Driven { reader: SyncCell::new(Box::new(reader)), waits: false };
        Self { line, _interest: interest }
    }

    /// One on a thread of its own, which rests for so long after a look that found nothing.
    pub fn on_thread(reader: Reader, interval: Duration, interest: Interest) -> io::Result<Self> {
        let (news, heard) = channel();
        let (applied, done) = channel();
        thread::Builder::new()
            .name("session follower".into())
            .stack_size(STACK)
            .spawn(move || read_on(reader, interval, &news, &done))?;
        let line = Line::Thread { news: SyncCell::new(heard), applied };
        Ok(Self { line, _interest: interest })
    }

    /// Takes the reports so far.
    pub fn news(&mut self) -> Vec<News> {
        let mut news = Vec::new();
        match &mut self.line {
            Line::Driven { waits: true, .. } => {}
            Line::Driven { reader, waits } => *waits = reader.get().look(&mut news),
            Line::Thread { news: heard, .. } => hear(heard.get(), &mut news),
        }
        news
    }

    /// A checkpoint is in the world, and the next one may come.
    pub fn applied(&mut self, done: Applied) {
        match &mut self.line {
            Line::Driven { reader, waits } => {
                reader.get().note(done);
                *waits = false;
            }
            // A thread that panicked reads nothing more.
            Line::Thread { applied, .. } => drop(applied.send(done)),
        }
    }
}

/// Takes what a thread has said so far, and notices that it has ended.
fn hear(heard: &Receiver<News>, news: &mut Vec<News>) {
    loop {
        match heard.try_recv() {
            Ok(said) => news.push(said),
            Err(TryRecvError::Empty) => return,
            Err(TryRecvError::Disconnected) => {
                // It says why, unless it has panicked.
                let error = FailureCause::new("the thread that reads the session has ended");
                news.push(News::Stalled(Stall { error, is_over: true }));
                return;
            }
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
        if reader.is_over() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_has_ended_without_a_word_is_noticed() {
        let (said, heard) = channel();
        let mut news = Vec::new();
        said.send(News::Status(None)).unwrap();
        hear(&heard, &mut news);
        assert!(matches!(news[..], [News::Status(None)]));
        drop(said);
        hear(&heard, &mut news);
        assert!(matches!(news[1..], [News::Stalled(Stall { is_over: true, .. })]));
    }
}
