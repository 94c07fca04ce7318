//! The files of a replica that are known to be the same in its mirror.

use std::collections::{BTreeMap, BTreeSet};

use super::source::ReplicaSource;
use crate::disk::Layout;
use crate::replica::comparison::{is_derived, of_both};
use crate::replica::{CompareError, Difference, Direct, FileName, FileState, Files, Log};

/// Files that were the same on both sides, each as it was in the replica and in the mirror.
///
/// What isn't known is read in the replica and compared with the hashes that the mirror's log has. So a file is read once, and
/// from then on only what comes behind it, until the replica is compacted; the mirror's are read for a file alone that the
/// replica has a shorter one of.
#[derive(Default, Debug)]
pub(super) struct Alike {
    files: BTreeMap<FileName, (FileState, FileState)>,
}

/// The difference of each file.
pub(super) type Differences = BTreeMap<FileName, Difference>;

impl Alike {
    /// The difference of each file. After a fault, what was found out is known.
    pub async fn difference(
        &mut self,
        (reach, log): (&Direct, &Log),
        here: &ReplicaSource,
        there: &Files,
    ) -> Result<Differences, CompareError> {
        let names = here.all().map(|(name, _)| name).chain(there.all().keys());
        let names: BTreeSet<&FileName> =
            names.filter(|it| Layout::place_of_unfinished(it.name()).is_none()).collect();
        self.files.retain(|name, _| names.contains(name));
        let mut differences = Differences::new();
        for name in names {
            let difference = match (here.get(name), there.get(name)) {
                (None, _) => Difference::OnlyThere,
                (Some(_), None) => Difference::OnlyHere,
                (Some(file), Some(mirrored)) => match self.known(name, file, mirrored) {
                    Some(difference) => difference,
                    None => of_both(reach, log, here, name, file.bytes, mirrored).await?,
                },
            };
            if let (Difference::Same, Some(file), Some(mirrored)) =
                (difference, here.get(name), there.get(name))
            {
                self.files.insert(name.clone(), (file.clone(), mirrored.clone()));
            }
            differences.insert(name.clone(), difference);
        }
        Ok(differences)
    }

    fn known(&self, name: &FileName, here: &FileState, there: &FileState) -> Option<Difference> {
        let (was_here, was_there) = self.files.get(name)?;
        let goes_on = was_there == there && here.extents.starts_with(&was_here.extents);
        goes_on.then_some(match here.bytes == was_here.bytes {
            true => Difference::Same,
            false => Difference::Longer,
        })
    }

    /// The mirror has got the files of the replica.
    pub fn note_all(&mut self, here: &ReplicaSource, there: &Files) {
        let both = here.all().filter_map(|(name, file)| {
            Some((name.clone(), (file.clone(), there.get(name)?.clone())))
        });
        self.files = both.collect();
    }

    /// The mirror was compacted: its files are in other entries.
    pub fn note_compaction(&mut self, there: &Files) {
        self.files.retain(|name, (_, mirrored)| {
            let copied = there.get(name).filter(|copied| copied.bytes == mirrored.bytes);
            copied.map(|copied| mirrored.clone_from(copied)).is_some()
        });
    }
}

/// Returns true if nothing that a mirror has gets lost by bringing it to the replica's state, whatever its history.
pub(super) fn is_contained(differences: &Differences) -> bool {
    differences.iter().all(|(name, difference)| match difference {
        Difference::Same | Difference::Longer | Difference::OnlyHere => true,
        Difference::Shorter | Difference::Other | Difference::OnlyThere => is_derived(name),
        Difference::Damaged => false,
    })
}

/// Makes files that are only ever appended to be replaced as well: what the replica has in their place is its owner's doing.
pub(super) fn replace_all(differences: &mut Differences) {
    for difference in differences.values_mut() {
        if matches!(difference, Difference::Shorter | Difference::Other) {
            *difference = Difference::OnlyHere;
        }
    }
}
