//! The sentences of the protocol that can be taken out.

/// A sentence of `docs/FORMAT.md`, *Replicas*, that the code keeps, so that a test can see what becomes of its absence.
///
/// Each place that keeps one asks [`Self::holds`], which is `true` outside of this crate's tests. Those that only tests
/// name are kept by the callers of the code, such as the simulator's hosts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Sentence {
    C1ClaimIsExclusive,
    C2ClaimIsIdempotent,
    C3HighestEpoch,
    C4SealsOlder,
    C5FindsSealsStanding,
    C6ReadsAfterSeals,
    C7AnyonesSealCounts,
    #[cfg(test)]
    C8EpochOnce,
    E1AcknowledgedInOrder,
    E2LostReplyOrLostRace,
    S1LowestEmptyPosition,
    S2VoidBehindSeal,
    S3ReleaseIsLast,
    L1RenewalsAreEntries,
    D1SealedBeforeDeletion,
    D2ReplacedBeforeDeclared,
    D3DeclaredBeforeDeleted,
    D4DeclarationsAreCumulative,
    D5DeclaredGoneIsNoGap,
    D6SealsStay,
    R1TombstoneBeforeDeletion,
    R2RemovedIsNotPlayed,
    R3LateOnesAreRemoved,
    #[cfg(test)]
    F1UnclaimedPlayIsCompared,
    #[cfg(test)]
    F2OldDiskIsCompared,
    B1GoingBackIsNoticed,
}

impl Sentence {
    /// Returns true if the code keeps this sentence.
    #[cfg(not(test))]
    #[inline]
    pub(super) const fn holds(self) -> bool {
        true
    }

    /// Returns true if the code keeps this sentence.
    #[cfg(test)]
    pub(super) fn holds(self) -> bool {
        left_out::get() != Some(self)
    }
}

/// The sentence that a test has taken out on this thread.
#[cfg(test)]
pub(super) mod left_out {
    use std::cell::Cell;

    use super::Sentence;

    thread_local! {
        static LEFT_OUT: Cell<Option<Sentence>> = const { Cell::new(None) };
    }

    pub(in crate::replica) fn get() -> Option<Sentence> {
        LEFT_OUT.get()
    }

    pub(in crate::replica) fn set(sentence: Option<Sentence>) {
        LEFT_OUT.set(sentence);
    }
}
