//! Bringing a replica to what a machine has.
//!
//! The tail of a file that is longer here is appended. A file that is new, or another one, is written under a temporary
//! name that no reader looks at, and one entry gives all of these their places. Journals come after everything else,
//! since they name what is in other files, and so a reader never finds one without the ones that it continues. Files
//! that aren't here any more go last, with the manifest that says which files there are.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;

use xxhash_rust::xxh3::xxh3_64;

use super::{Change, Difference, FileName, Files, MAX_PAYLOAD, Source};
use crate::disk::Layout;

/// The entries that are still to be sent so that a replica has what this machine has. At most one is in memory.
#[derive(Debug, Default)]
pub struct CatchUp {
    steps: VecDeque<Step>,
}

#[derive(Debug)]
enum Step {
    Send(Piece),
    Change(Vec<Change>),
}

/// The turn of a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    First,
    Journals,
    Manifest,
}

impl Turn {
    pub fn of(name: &FileName) -> Self {
        match name.name() {
            name if Layout::is_manifest_name(name) => Self::Manifest,
            name if Layout::is_segment_name(name) => Self::Journals,
            _ => Self::First,
        }
    }
}

/// Bytes of a file that one entry has room for.
#[derive(Debug)]
struct Piece {
    from: FileName,
    to: FileName,
    is_first_of_new: bool,
    offset: u64,
    len: u64,
}

impl CatchUp {
    /// The steps to bring the replica up to date, from the differences of its files and their lengths here. `number_of` is a
    /// number for the temporary name of a file: a file that keeps its number is gone on with where an earlier attempt has
    /// sent a part of it.
    pub fn new(
        number_of: &dyn Fn(&FileName) -> u64,
        differences: &BTreeMap<FileName, Difference>,
        lengths: &BTreeMap<FileName, u64>,
        there: &Files,
    ) -> Self {
        let mut catch_up = Self::default();
        let (mut removed, mut in_use) = (Vec::new(), BTreeSet::new());
        for turn in [Turn::First, Turn::Journals, Turn::Manifest] {
            let mut placed = Vec::new();
            for (name, difference) in differences.iter().filter(|(name, _)| Turn::of(name) == turn)
            {
                let len = lengths.get(name).copied().unwrap_or(0);
                match difference {
                    Difference::Same | Difference::Damaged => {}
                    // The replica's part of it is good.
                    Difference::Other | Difference::Shorter if name.only_grows() => {}
                    Difference::Longer => {
                        let from = there.get(name).map_or(0, |file| file.bytes);
                        catch_up.add_pieces((name, name), false, from, len);
                    }
                    Difference::OnlyThere => removed.push(Change::Remove { name: name.clone() }),
                    Difference::OnlyHere | Difference::Other | Difference::Shorter => {
                        let staged = name.with(&format!(".{:016x}.new", number_of(name)));
                        let sent = there.get(&staged).map(|file| file.bytes);
                        let from = sent.unwrap_or(0);
                        catch_up.add_pieces((name, &staged), sent.is_none(), from, len);
                        placed.push(Change::Place { from: staged.clone(), to: name.clone() });
                        in_use.insert(staged);
                    }
                }
            }
            if turn == Turn::Manifest {
                placed.append(&mut removed);
            }
            catch_up.add_changes(placed);
        }
        let is_left_over = |name: &&FileName| Layout::place_of_unfinished(name.name()).is_some();
        let is_left_over = |name: &&FileName| is_left_over(name) && !in_use.contains(*name);
        let left_over = there.all().keys().filter(is_left_over);
        catch_up.add_changes(left_over.map(|name| Change::Remove { name: name.clone() }).collect());
        catch_up
    }

    fn add_changes(&mut self, changes: Vec<Change>) {
        if !changes.is_empty() {
            self.steps.push_back(Step::Change(changes));
        }
    }

    fn add_pieces(
        &mut self,
        (from, to): (&FileName, &FileName),
        is_new: bool,
        begin: u64,
        end: u64,
    ) {
        let mut offset = begin;
        loop {
            let len = end.saturating_sub(offset).min(MAX_PAYLOAD as u64);
            let is_first_of_new = is_new && offset == begin;
            if len == 0 && !is_first_of_new {
                break;
            }
            let (from, to) = (from.clone(), to.clone());
            self.steps.push_back(Step::Send(Piece { from, to, is_first_of_new, offset, len }));
            offset += len;
            if offset >= end {
                break;
            }
        }
    }

    /// Returns true if everything was handed out.
    pub fn is_done(&self) -> bool {
        self.steps.is_empty()
    }

    /// The next entry and its payload; `None` if there is nothing more to send.
    ///
    /// Fails where a file can't be read: one that was removed since makes both be compared once more. What comes before it is
    /// handed out first.
    pub fn next(&mut self, here: &impl Source) -> io::Result<Option<(Vec<Change>, Vec<u8>)>> {
        let (mut changes, mut payload) = (Vec::new(), Vec::new());
        while let Some(step) = self.steps.front_mut() {
            match step {
                Step::Change(placed) => changes.append(placed),
                Step::Send(piece) => {
                    if !payload.is_empty() && payload.len() as u64 + piece.len > MAX_PAYLOAD as u64
                    {
                        break;
                    }
                    let bytes = match here.read(&piece.from, piece.offset, piece.len) {
                        Err(_) if !changes.is_empty() => break,
                        read => read?,
                    };
                    let (name, offset, len) = (piece.to.clone(), piece.offset, piece.len);
                    if piece.is_first_of_new {
                        changes.push(Change::Create { name: name.clone() });
                    }
                    if len > 0 {
                        changes.push(Change::Append { name, offset, len, hash: xxh3_64(&bytes) });
                    }
                    payload.extend_from_slice(&bytes);
                }
            }
            self.steps.pop_front();
        }
        Ok((!changes.is_empty()).then_some((changes, payload)))
    }
}
