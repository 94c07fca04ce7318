//! Keeps the trials of restored sessions: what the crash-loop ladder goes by at the next start.

use std::sync::Arc;

use tracing::warn;

use crate::disk::process::ProcessGuard;
use crate::disk::{LocalStore, ProcessId, StoreError, Trial, with_sources};
use crate::model::ids::{RunId, SessionId};

/// Writes down which restores have not proven themselves yet.
///
/// Nothing here fails: what can't be written costs the next start the knowledge of a death.
pub(super) struct Trials {
    local: Arc<LocalStore>,
    process: ProcessGuard,
    /// Restores that were prepared and whose world isn't back yet, and what was written before.
    prepared: Vec<(Trial, Option<Trial>)>,
    /// One that was prepared while another session is played, which would have to die for it.
    after_leaving: Option<Trial>,
}

impl Trials {
    pub(super) fn new(local: Arc<LocalStore>, process: ProcessGuard) -> Self {
        Self { local, process, prepared: Vec::new(), after_leaving: None }
    }

    /// A restore is about to begin. Written before it, since it may be what the game dies of.
    pub(super) fn begin(&mut self, trial: Trial) {
        let trial = Trial { process: self.process.id(), ..trial };
        self.give_up(trial.session);
        let before = self.local.store.trial(trial.session).unwrap_or_else(|_| {
            // It stood for a death, and still does if this restore is given up.
            Some(Trial { process: ProcessId(0), tries: 1, ..trial.clone() })
        });
        log_failure(self.local.store.write_trial(&trial));
        self.prepared.push((trial, before));
    }

    /// A restore is to begin once the session is left that is played. Until then a death is none of its.
    pub(super) fn begin_after_leaving(&mut self, trial: Trial) {
        self.after_leaving = Some(trial);
    }

    /// The session that was played is left.
    pub(super) fn left(&mut self, session: SessionId) {
        self.end(session);
        if let Some(trial) = self.after_leaving.take() {
            self.begin(trial);
        }
    }

    /// The world is back, and this run plays it.
    pub(super) fn play(&mut self, session: SessionId, run: RunId) {
        if let Some((trial, _)) = self.take(session) {
            log_failure(self.local.store.write_trial(&Trial { run: Some(run), ..trial }));
        }
    }

    /// The restore was given up before it changed anything that it could die of.
    pub(super) fn give_up(&mut self, session: SessionId) {
        self.after_leaving.take_if(|trial| trial.session == session);
        match self.take(session) {
            Some((_, Some(before))) => log_failure(self.local.store.write_trial(&before)),
            Some((_, None)) => log_failure(self.local.store.remove_trial(session)),
            None => {}
        }
    }

    /// The process exits. Restores that it never made are no deaths.
    pub(super) fn give_up_all(&mut self) {
        self.after_leaving = None;
        while let Some(session) = self.prepared.first().map(|(trial, _)| trial.session) {
            self.give_up(session);
        }
    }

    /// The session was played for a while, left cleanly, declined or deleted.
    pub(super) fn end(&mut self, session: SessionId) {
        self.take(session);
        log_failure(self.local.store.remove_trial(session));
    }

    /// A new session is started instead of trying this one once more.
    pub(super) fn set_aside(&mut self, session: SessionId) {
        let store = &self.local.store;
        log_failure(store.trial(session).and_then(|trial| match trial {
            Some(trial) => store.write_trial(&Trial { set_aside: true, ..trial }),
            None => Ok(()),
        }));
    }

    fn take(&mut self, session: SessionId) -> Option<(Trial, Option<Trial>)> {
        let place = self.prepared.iter().position(|(trial, _)| trial.session == session)?;
        Some(self.prepared.swap_remove(place))
    }
}

fn log_failure(result: Result<(), StoreError>) {
    if let Err(error) = result {
        let error = with_sources(&error);
        warn!(%error, "the restore's trial can't be written or removed, so a crash loop may be misjudged");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::disk::process::ProcessOptions;
    use crate::disk::{Layout, MemoryDisk};
    use crate::model::ids::CheckpointId;

    fn trials() -> (Trials, Arc<LocalStore>) {
        let layout =
            Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
        let local = Arc::new(LocalStore::new(Arc::new(MemoryDisk::default()), layout));
        let options = ProcessOptions { panics: false };
        let (process, _) = ProcessGuard::begin(&local, "1.0", options, Timestamp::UNIX_EPOCH);
        (Trials::new(Arc::clone(&local), process), local)
    }

    fn trial(session: SessionId) -> Trial {
        Trial {
            session,
            process: ProcessId(0),
            run: None,
            checkpoint: CheckpointId { run: RunId(1), counter: 3 },
            play_time: Duration::from_secs(30),
            oldest: Duration::from_secs(30),
            newest_counter: 3,
            tries: 1,
            steps_back: 0,
            own_deaths: 0,
            probation: Duration::from_secs(60),
            earlier: Vec::new(),
            set_aside: false,
        }
    }

    #[test]
    fn a_trial_begins_only_when_the_played_session_is_left() {
        let (mut trials, local) = trials();
        let (played, wanted) = (SessionId::random(), SessionId::random());
        trials.begin_after_leaving(trial(wanted));
        assert_eq!(local.store.trial(wanted).unwrap(), None);
        trials.left(played);
        assert_eq!(local.store.trial(wanted).unwrap().map(|trial| trial.tries), Some(1));
    }

    #[test]
    fn a_trial_given_up_before_it_begins_is_not_counted() {
        let (mut trials, local) = trials();
        let (played, wanted) = (SessionId::random(), SessionId::random());
        trials.begin_after_leaving(trial(wanted));
        trials.give_up(wanted);
        trials.left(played);
        assert_eq!(local.store.trial(wanted).unwrap(), None);
        trials.begin_after_leaving(trial(wanted));
        trials.give_up_all();
        trials.left(played);
        assert_eq!(local.store.trial(wanted).unwrap(), None);
    }
}
