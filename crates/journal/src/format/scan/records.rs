//! The records of a segment that matter: of most sorts, the last one.

use std::collections::{BTreeMap, BTreeSet};

use crate::format::Record;
use crate::model::ids::{CheckpointId, RunId};
use crate::model::session::ProcessDeath;

/// The records of a segment, as far as they matter. A long session writes the same sorts of records over and over, and
/// of most sorts the last one counts.
#[derive(Default)]
pub struct Records {
    metadata: Option<(u64, Record)>,
    status: Option<(u64, Record)>,
    end: Option<(u64, Record)>,
    declined: BTreeSet<(RunId, u64)>,
    last_declined: Option<u64>,
    deaths: Vec<ProcessDeath>,
    forgotten: Option<u64>,
    fields: Option<(u64, Record)>,
    others: BTreeMap<u64, Record>,
}

impl Records {
    /// Notes the next record.
    pub fn note(&mut self, sequence: u64, record: Record) {
        match record {
            Record::Metadata(_) => self.metadata = Some((sequence, record)),
            Record::Status { .. } => follow(&mut self.status, sequence, record),
            Record::End { .. } => follow(&mut self.end, sequence, record),
            Record::Declined { heads, deaths } => {
                self.deaths.extend(deaths);
                self.declined.extend(heads.into_iter().map(|head| (head.run, head.counter)));
                self.last_declined = Some(sequence);
            }
            Record::Forgotten => {
                self.forgotten.get_or_insert(sequence);
            }
            Record::Fields(_) => self.fields = Some((sequence, record)),
            other => {
                self.others.insert(sequence, other);
            }
        }
    }

    /// The records with their sequence numbers, in the order in which the last of each sort was
    /// written.
    pub fn into_list(self) -> Vec<(u64, Record)> {
        let declined = self.declined.into_iter();
        let heads = declined.map(|(run, counter)| CheckpointId { run, counter }).collect();
        let declined = Record::Declined { heads, deaths: self.deaths };
        let declined = self.last_declined.map(|sequence| (sequence, declined));
        let forgotten = self.forgotten.map(|sequence| (sequence, Record::Forgotten));
        let single = [self.metadata, self.status, self.end, declined, forgotten, self.fields];
        let mut list: Vec<_> = single.into_iter().flatten().chain(self.others).collect();
        list.sort_by_key(|(sequence, _)| *sequence);
        list
    }
}

/// Puts a record in the place of the one before. Play time never gets less.
fn follow(place: &mut Option<(u64, Record)>, sequence: u64, mut record: Record) {
    let before = place.as_ref().and_then(|(_, before)| match before {
        Record::Status { play_time, .. } | Record::End { play_time, .. } => Some(*play_time),
        _ => None,
    });
    if let Record::Status { play_time, .. } | Record::End { play_time, .. } = &mut record {
        *play_time = (*play_time).max(before.unwrap_or_default());
    }
    *place = Some((sequence, record));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::format::sample::at;
    use crate::model::session::SessionStatus;

    fn status(status: SessionStatus, seconds: u64) -> Record {
        let (time, play_time) = (Timestamp::UNIX_EPOCH, Duration::from_secs(seconds));
        Record::Status { status, time, play_time }
    }

    #[test]
    fn the_last_of_repeated_records_is_kept() {
        let mut records = Records::default();
        for sequence in (0..1_000).step_by(5) {
            records.note(sequence, status(SessionStatus::Active, 1_000 - sequence));
            records.note(sequence + 1, Record::declined(vec![at(1, 4)]));
            records.note(sequence + 2, status(SessionStatus::Paused, 1));
            records.note(sequence + 3, Record::declined(vec![at(1, 4), at(2, 5)]));
            records.note(sequence + 4, Record::Forgotten);
        }
        let declined = Record::declined(vec![at(1, 4), at(2, 5)]);
        let expected =
            [(4, Record::Forgotten), (997, status(SessionStatus::Paused, 1_000)), (998, declined)];
        assert_eq!(records.into_list(), expected);
    }
}
