//! What a backup has, and this machine hasn't.
//!
//! A backup gets what this machine has: the replica has decided that this is the session. A machine that took it over there
//! has all that was acknowledged, and so all that was sent to the backup, though some of it was pruned since. Where the
//! backup has a checkpoint that isn't known here, the replica has lost it, as after it was restored from an older state of
//! its own. Then the backup keeps its files beside this machine's, and its session has a fork.

use std::collections::BTreeSet;

use super::{Halt, Shipper};
use crate::replica::comparison::is_derived;
use crate::replica::survey::open_fetched;
use crate::replica::{
    Difference, FetchError, FileName, Files, Log, ReadError, block_on, difference,
};

impl Shipper {
    /// The files that stay in a backup as they are there.
    pub(super) fn kept_in_backup(
        &self,
        log: &Log,
        there: &Files,
    ) -> Result<BTreeSet<FileName>, Halt> {
        if self.knows_all_of(log)? {
            return Ok(BTreeSet::new());
        }
        let (here, _) = self.options.recorder.begin_comparison(self.options.local.store.disk());
        let differences = block_on(difference(&self.reach, log, &here, there))?;
        let is_theirs = |(name, difference): &(FileName, Difference)| {
            let has_more = matches!(
                difference,
                Difference::OnlyThere | Difference::Shorter | Difference::Other
            );
            has_more && !is_derived(name)
        };
        Ok(differences.into_iter().filter(is_theirs).map(|(name, _)| name).collect())
    }

    /// Returns true if each line of the backup ends with a checkpoint that is known here, even if it was pruned since.
    fn knows_all_of(&self, log: &Log) -> Result<bool, Halt> {
        let local = &self.options.local;
        let there = match open_fetched(&self.reach, log, local) {
            Ok(Some((_, there))) => there,
            Ok(None) => return Ok(true),
            Err(FetchError::Read(ReadError::Store(fault))) => return Err(fault.into()),
            // It can't be had from there, so it isn't known what it is.
            Err(_) => return Ok(false),
        };
        let Ok(here) = local.store.open_session(self.session()) else { return Ok(false) };
        let known = here.index().known();
        let mut heads = there.index().heads().iter();
        let is_known = heads
            .all(|head| known.get(&head.id.run).is_some_and(|newest| *newest >= head.id.counter));
        Ok(is_known && !there.index().problems().iter().any(|it| it.kind.is_of_unknown_content()))
    }
}
