//! The files of a replica that are known to be the same in its mirror.

use std::collections::{BTreeMap, BTreeSet};

use super::place::History;
use super::source::ReplicaSource;
use crate::disk::Layout;
use crate::replica::comparison::{is_derived, of_both};
use crate::replica::pruning::{has_pruned, is_journal};
use crate::replica::{CompareError, Difference, Direct, FileName, FileState, Files, Log};

/// Bytes of the replica that one step reads, but for a single file.
const MOST_AT_ONCE: u64 = 8 << 20;

/// Files that were compared, each as it was in the replica and in the mirror.
///
/// What isn't known is read in the replica and compared with the hashes that the mirror's log has. So a file is read once, and
/// from then on only what comes behind it, until the replica is compacted; the mirror's are read for a file alone that the
/// replica has a shorter one of.
#[derive(Default, Debug)]
pub(super) struct Alike {
    files: BTreeMap<FileName, Compared>,
}

#[derive(Debug)]
struct Compared {
    here: FileState,
    there: FileState,
    difference: Difference,
}

/// The difference of each file.
pub(super) type Differences = BTreeMap<FileName, Difference>;

impl Alike {
    /// The difference of each file; `None` if there is more to be read than one step does. After that, and after a fault, what
    /// was found out is known.
    pub async fn difference(
        &mut self,
        (reach, log): (&Direct, &Log),
        here: &ReplicaSource,
        there: &Files,
    ) -> Result<Option<Differences>, CompareError> {
        let names = here.all().map(|(name, _)| name).chain(there.all().keys());
        let names: BTreeSet<&FileName> =
            names.filter(|it| Layout::place_of_unfinished(it.name()).is_none()).collect();
        self.files.retain(|name, _| names.contains(name));
        let (mut differences, mut read) = (Differences::new(), 0);
        for name in names {
            let difference = match (here.get(name), there.get(name)) {
                (None, _) => Difference::OnlyThere,
                (Some(_), None) => Difference::OnlyHere,
                (Some(file), Some(mirrored)) => match self.known(name, file, mirrored) {
                    Some(difference) => difference,
                    None if read >= MOST_AT_ONCE => return Ok(None),
                    None => {
                        read += file.bytes;
                        let both = of_both(reach, log, here, name, file.bytes, mirrored);
                        self.note(name, (file, mirrored), both.await?)
                    }
                },
            };
            differences.insert(name.clone(), difference);
        }
        Ok(Some(differences))
    }

    fn note(
        &mut self,
        name: &FileName,
        (here, there): (&FileState, &FileState),
        difference: Difference,
    ) -> Difference {
        let (here, there) = (here.clone(), there.clone());
        self.files.insert(name.clone(), Compared { here, there, difference });
        difference
    }

    fn known(&self, name: &FileName, here: &FileState, there: &FileState) -> Option<Difference> {
        let was = self.files.get(name).filter(|was| was.there == *there)?;
        if was.here == *here {
            return Some(was.difference);
        }
        let has_grown = matches!(was.difference, Difference::Same | Difference::Longer)
            && here.extents.starts_with(&was.here.extents)
            && here.bytes > was.here.bytes;
        has_grown.then_some(Difference::Longer)
    }

    /// The mirror has got the files of the replica.
    pub fn note_all(&mut self, here: &ReplicaSource, there: &Files) {
        self.files.clear();
        for (name, file) in here.all() {
            if let Some(mirrored) = there.get(name) {
                self.note(name, (file, mirrored), Difference::Same);
            }
        }
    }

    /// The mirror was compacted: its files are in other entries.
    pub fn note_compaction(&mut self, there: &Files) {
        self.files.retain(|name, was| {
            let copied = there.get(name).filter(|copied| copied.bytes == was.there.bytes);
            copied.map(|copied| was.there.clone_from(copied)).is_some()
        });
    }
}

/// Returns true if nothing that a mirror has gets lost by bringing it to the replica's state. What the replica lacks may have
/// been pruned there, unless it is known to have lost something.
pub(super) async fn is_contained(
    mirrored: (&Direct, &Log, &Files),
    here: &ReplicaSource,
    differences: &Differences,
    history: History,
) -> Result<bool, CompareError> {
    let prunes = history == History::Another;
    let may_go = |(name, difference): (&FileName, &Difference)| match difference {
        Difference::Same | Difference::Longer | Difference::OnlyHere => true,
        Difference::OnlyThere => is_derived(name) || prunes && is_segment(name),
        Difference::Shorter | Difference::Other => is_derived(name),
        Difference::Damaged => false,
    };
    if !differences.iter().all(may_go) {
        return Ok(false);
    }
    let lacks_none =
        |(name, it): (&FileName, &Difference)| *it != Difference::OnlyThere || !is_segment(name);
    Ok(differences.iter().all(lacks_none)
        || has_pruned(mirrored, here, differences, &BTreeSet::new()).await?)
}

/// Returns true for a journal of one run.
fn is_segment(name: &FileName) -> bool {
    is_journal(name) && !Layout::is_archive_name(name.name())
}

/// Makes files that are only ever appended to be replaced as well: what the replica has in their place is its owner's doing.
pub(super) fn replace_all(differences: &mut Differences) {
    for difference in differences.values_mut() {
        if matches!(difference, Difference::Shorter | Difference::Other) {
            *difference = Difference::OnlyHere;
        }
    }
}
