//! Requested checkpoints, until they are durable or lost.

use bevy_session_journal::{CheckpointError, CheckpointKind, Ticket};

/// A checkpoint that is wanted: its kind, its label, and its requester.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::lifecycle) struct WantedCheckpoint {
    pub kind: CheckpointKind,
    pub label: Option<String>,
    pub asker: Asker,
}

/// The requester of a checkpoint.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(in crate::lifecycle) enum Asker {
    #[default]
    Nobody,
    /// A request that is done once the checkpoint is durable.
    Request(Ticket),
    /// A request of which the checkpoint is the first step: something else answers it.
    StepOf(Ticket),
}

impl Asker {
    /// The ticket of the request.
    pub(in crate::lifecycle) fn ticket(self) -> Option<Ticket> {
        match self {
            Self::Nobody => None,
            Self::Request(ticket) | Self::StepOf(ticket) => Some(ticket),
        }
    }

    /// The ticket of the request that the checkpoint answers.
    pub(in crate::lifecycle) fn answered(self) -> Option<Ticket> {
        match self {
            Self::Request(ticket) => Some(ticket),
            Self::Nobody | Self::StepOf(_) => None,
        }
    }
}

impl WantedCheckpoint {
    /// A checkpoint that no request asks for.
    pub(in crate::lifecycle) fn unasked(kind: CheckpointKind, label: Option<String>) -> Self {
        Self { kind, label, asker: Asker::Nobody }
    }
}

/// Checkpoints that have a label or were requested, from their capture until they are durable or
/// lost.
///
/// If several fail, the writer reports only the newest. Which of the others are lost is known once
/// a newer one is durable, since they are written in order.
#[derive(Default)]
pub(in crate::lifecycle) struct AskedCheckpoints(Vec<AskedCheckpoint>);

struct AskedCheckpoint {
    counter: u64,
    label: Option<String>,
    asker: Asker,
    /// The reason why a newer one was given up, and maybe this one with it.
    in_doubt: Option<CheckpointError>,
}

impl AskedCheckpoints {
    /// A checkpoint was captured.
    pub(in crate::lifecycle) fn note_captured(&mut self, counter: u64, wanted: &WantedCheckpoint) {
        let WantedCheckpoint { label, asker, .. } = wanted.clone();
        if label.is_some() || asker != Asker::Nobody {
            self.0.push(AskedCheckpoint { counter, label, asker, in_doubt: None });
        }
    }

    /// The checkpoint is durable. Returns its requester.
    pub(in crate::lifecycle) fn durable(&mut self, counter: u64) -> Asker {
        self.take(counter).map(|asked| asked.asker).unwrap_or_default()
    }

    /// The checkpoint isn't durable, and if it is lost, older ones may be as well. Returns its
    /// label and its requester.
    pub(in crate::lifecycle) fn failed(
        &mut self,
        counter: u64,
        error: &CheckpointError,
        is_lost: bool,
    ) -> (Option<String>, Asker) {
        if !is_lost {
            let asked = self.0.iter().find(|asked| asked.counter == counter);
            return asked.map(|it| (it.label.clone(), it.asker)).unwrap_or_default();
        }
        for asked in self.0.iter_mut().filter(|asked| asked.counter < counter) {
            asked.in_doubt.get_or_insert_with(|| error.clone());
        }
        self.take(counter).map(|it| (it.label, it.asker)).unwrap_or_default()
    }

    /// The checkpoints before this one, oldest first, each with the reason why it may be lost.
    pub(in crate::lifecycle) fn before(&self, counter: u64) -> Vec<(u64, Option<CheckpointError>)> {
        let older = self.0.iter().filter(|asked| asked.counter < counter);
        older.map(|asked| (asked.counter, asked.in_doubt.clone())).collect()
    }

    fn take(&mut self, counter: u64) -> Option<AskedCheckpoint> {
        let place = self.0.iter().position(|asked| asked.counter == counter)?;
        Some(self.0.remove(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GONE: CheckpointError = CheckpointError::StoreVanished;

    fn asked(counters: impl IntoIterator<Item = u64>) -> AskedCheckpoints {
        let mut asked = AskedCheckpoints::default();
        for counter in counters {
            let label = Some(counter.to_string());
            asked.note_captured(
                counter,
                &WantedCheckpoint { asker: Asker::Request(Ticket::new()), ..unasked(label) },
            );
        }
        asked
    }

    fn unasked(label: Option<String>) -> WantedCheckpoint {
        WantedCheckpoint::unasked(CheckpointKind::Manual, label)
    }

    #[test]
    fn a_checkpoint_before_a_failed_one_can_still_become_durable() {
        let mut asked = asked([3, 5, 6]);
        assert_eq!(asked.failed(5, &GONE, true).0.as_deref(), Some("5"));
        assert_ne!(asked.durable(3), Asker::Nobody);
        assert_eq!(asked.before(u64::MAX), [(6, None)]);
    }

    #[test]
    fn checkpoints_older_than_a_durable_one_are_lost_for_the_known_reason() {
        let mut asked = asked([3, 4, 5]);
        assert_ne!(asked.failed(5, &GONE, true).1, Asker::Nobody);
        assert_eq!(asked.durable(9), Asker::Nobody);
        assert_eq!(asked.before(9), [(3, Some(GONE)), (4, Some(GONE))]);
    }

    #[test]
    fn a_checkpoint_that_is_retried_is_still_awaited() {
        let mut asked = asked([3]);
        let before = asked.failed(3, &GONE, false);
        assert_eq!(before.0.as_deref(), Some("3"));
        assert_eq!(asked.before(9), [(3, None)]);
        assert_eq!(asked.durable(3), before.1);
    }

    #[test]
    fn an_automatic_checkpoint_is_not_awaited() {
        let mut asked = AskedCheckpoints::default();
        asked.note_captured(1, &unasked(None));
        assert_eq!(asked.before(9), []);
    }
}
