//! The disks that a power cut may leave.

use std::collections::HashSet;
use std::path::Path;

use super::replay::File;
use super::{Content, FileId, FileSystem, Image, Node, Place, Replay, Trace, What};
use crate::deep::Random;

/// In which way a crash state came about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Loss {
    /// All that wasn't durable is gone.
    Everything,
    /// Nothing is gone: only the process died.
    Nothing,
    /// Changes of directories are there up to some moment, and files up to some append.
    Ordered,
    /// Any of what was pending is there, in any order.
    Reordered,
    /// An append got there in part, and something else is behind it.
    Torn,
}

/// The number of crash states that are looked at for every step.
#[derive(Clone, Copy, Debug)]
pub struct CrashStates {
    /// Up to this many pending changes of directories, every subset is tried.
    pub exhaustive: usize,
    /// Up to this many pending appends of a file, every subset is tried.
    pub appends: usize,
    /// Subsets that are drawn beyond.
    pub drawn: usize,
    /// Places at which an append is torn; those at the edges of sectors and frames come on top.
    pub cuts: usize,
    /// Changes of directories that are worth trying one by one. The others come and go together,
    /// or by chance.
    pub matters: fn(&Path) -> bool,
}

/// Visits each different disk that is left if the process or the machine stops after a step from `from` on: with all that may
/// be lost, and with nothing. Each comes with the number of the step.
pub fn left_after_each_step(trace: &Trace, from: usize, mut visit: impl FnMut(usize, &Image)) {
    let mut seen = HashSet::new();
    for file_system in [FileSystem::Posix, FileSystem::Journaled] {
        let mut replay = Replay::new(trace, file_system);
        for step in from..=trace.steps.len() {
            replay.advance_to(step);
            for image in [replay.strict(), replay.kept()] {
                if seen.insert(image.digest()) {
                    visit(step, &image);
                }
            }
        }
    }
}

const SECTOR: usize = 512;

/// The filling of the place of bytes that are missing.
#[derive(Clone, Copy)]
enum Filling {
    Nothing,
    Zeros,
    Noise,
    OldData,
    /// Later bytes are there, and zeros where this should be.
    Hole,
}

impl CrashStates {
    /// The states in which a file system that keeps only what it promised may be found now.
    pub fn of_posix(
        &self,
        replay: &Replay<'_>,
        random: &mut Random,
        visit: &mut dyn FnMut(Loss, Image),
    ) {
        visit(Loss::Everything, replay.strict());
        visit(Loss::Nothing, replay.kept());
        for chosen in self.subsets(replay, random) {
            for content in [least, full, zeros] {
                let contents = |file: FileId| content(replay.file(file));
                visit(Loss::Reordered, replay.image(|place| chosen[place], contents));
            }
        }
        self.parts_of_files(replay, random, visit);
        if let Some(What::Append { file, .. }) = replay.last_step() {
            self.torn(replay, *file, random, visit);
        }
    }

    /// The states in which a file system with one journal may be found now.
    pub fn of_journaled(&self, replay: &Replay<'_>, visit: &mut dyn FnMut(Loss, Image)) {
        let pending_files: Vec<usize> = pending_files(replay).collect();
        for changes in 0..=replay.pending.len() {
            let happened = |place| place < changes;
            for content in [least, full] {
                visit(Loss::Ordered, replay.image(happened, |file| content(replay.file(file))));
            }
            for one in &pending_files {
                let only = |file: FileId| match file.0 == *one {
                    true => full(replay.file(file)),
                    false => least(replay.file(file)),
                };
                let all_but = |file: FileId| match file.0 == *one {
                    true => least(replay.file(file)),
                    false => full(replay.file(file)),
                };
                visit(Loss::Ordered, replay.image(happened, only));
                visit(Loss::Ordered, replay.image(happened, all_but));
            }
        }
    }

    /// Some of the states in which a disk that never synced anything may be found now.
    pub fn of_lying(
        &self,
        replay: &Replay<'_>,
        random: &mut Random,
        visit: &mut dyn FnMut(Loss, Image),
    ) {
        visit(Loss::Everything, replay.strict());
        for _ in 0..self.drawn {
            let chosen: Vec<bool> = replay.pending.iter().map(|_| random.below(4) > 0).collect();
            let contents: Vec<Content> = replay
                .files
                .iter()
                .map(|file| match random.below(5) {
                    0 => least(file),
                    1 => zeros(file),
                    2 => cut_at_random(file, random),
                    _ => full(file),
                })
                .collect();
            let image = replay.image(|place| chosen[place], |file| contents[file.0].clone());
            visit(Loss::Reordered, image);
        }
    }

    /// Many subsets of the pending changes.
    fn subsets(&self, replay: &Replay<'_>, random: &mut Random) -> Vec<Vec<bool>> {
        let matters: Vec<bool> =
            replay.pending.iter().map(|change| (self.matters)(change.path())).collect();
        let places: Vec<usize> = (0..matters.len()).filter(|place| matters[*place]).collect();
        let mut subsets = Vec::new();
        let mut add = |bits: u64, others: bool| {
            let mut chosen: Vec<bool> = matters.iter().map(|matters| !matters && others).collect();
            for (bit, place) in places.iter().enumerate() {
                chosen[*place] = bits >> bit & 1 == 1;
            }
            subsets.push(chosen);
        };
        let all = (1_u64 << places.len().min(63)) - 1;
        if places.len() <= self.exhaustive {
            (0..=all).for_each(|bits| add(bits, bits % 2 == 0));
        } else {
            let singles = (0..places.len()).flat_map(|bit| [1 << bit, all & !(1 << bit)]);
            [0, all].into_iter().chain(singles).for_each(|bits| add(bits, bits % 2 == 0));
            (0..self.drawn).for_each(|_| add(random.number() & all, random.below(2) == 0));
        }
        subsets
    }

    /// Many subsets of the pending appends of each file, the entries being there.
    fn parts_of_files(
        &self,
        replay: &Replay<'_>,
        random: &mut Random,
        visit: &mut dyn FnMut(Loss, Image),
    ) {
        let kept = replay.kept();
        for (path, file) in visible(replay, &kept) {
            let file = replay.file(file);
            for bits in self.subsets_of_appends(file, random) {
                let content = with_appends(file, |append| bits >> append & 1 == 1);
                let mut image = kept.clone();
                image.put(path.clone(), Node::File(content));
                visit(Loss::Reordered, image);
            }
        }
    }

    /// Subsets of a file's pending appends, as bits: some, and not all. Without what a new file begins with there is
    /// hardly anything to interpret the rest by, so of many appends that one is always there.
    fn subsets_of_appends(&self, file: &File, random: &mut Random) -> Vec<u64> {
        let appends = file.ends.len().min(63);
        let all = (1_u64 << appends) - 1;
        let begins_with = u64::from(file.synced == 0 && appends > self.exhaustive);
        let mut subsets: Vec<u64> = if appends <= self.appends {
            (1..all).collect()
        } else {
            let ends = begins_with | 1 << (appends - 1);
            let singles = (0..appends).flat_map(|bit| [1 << bit, all & !(1 << bit)]);
            let drawn = (0..self.drawn).map(|_| random.number() & all);
            singles.chain(drawn).map(|bits| bits | begins_with).chain([ends]).collect()
        };
        subsets.retain(|bits| bits & begins_with == begins_with && *bits != all);
        subsets
    }

    /// Visits the last append, torn in many places.
    fn torn(
        &self,
        replay: &Replay<'_>,
        file: FileId,
        random: &mut Random,
        visit: &mut dyn FnMut(Loss, Image),
    ) {
        let kept = replay.kept();
        let found = visible(replay, &kept).find(|(_, visible)| *visible == file);
        let Some((path, _)) = found.filter(|(path, _)| (self.matters)(path.path())) else { return };
        let old = old_data(replay, file);
        let pending = replay.file(file);
        for cut in self.places_to_cut(pending) {
            use Filling::{Hole, Noise, Nothing, OldData, Zeros};
            for filling in [Nothing, Zeros, Noise, OldData, Hole] {
                let content = torn_at(pending, cut, filling, &old, random);
                let mut image = kept.clone();
                image.put(path.clone(), Node::File(content));
                visit(Loss::Torn, image);
            }
        }
    }

    fn places_to_cut(&self, file: &File) -> Vec<usize> {
        let (from, to) = (file.synced, file.full.bytes().len());
        let pending = to - from;
        let step = pending.div_ceil(self.cuts.max(1)).max(1);
        let edges = (from..to).filter(|place| place % SECTOR == 0);
        let around = file.ends.iter().flat_map(|end| [end - 1, *end, end + 1]);
        let mut places: Vec<usize> = (from..to).step_by(step).chain(edges).chain(around).collect();
        places.retain(|place| (from..to).contains(place));
        places.sort_unstable();
        places.dedup();
        places
    }
}

fn least(file: &File) -> Content {
    file.least.clone()
}

fn full(file: &File) -> Content {
    file.full.clone()
}

/// The length got there, and the bytes didn't.
fn zeros(file: &File) -> Content {
    if !file.is_pending() {
        return file.full.clone();
    }
    let mut bytes = file.least.bytes().to_vec();
    bytes.resize(file.full.bytes().len(), 0);
    Content::from(bytes)
}

fn cut_at_random(file: &File, random: &mut Random) -> Content {
    let bytes = file.full.bytes();
    let cut = random.below(bytes.len() as u64 + 1) as usize;
    Content::from(bytes[..cut].to_vec())
}

fn with_appends(file: &File, is_there: impl Fn(usize) -> bool) -> Content {
    let full = file.full.bytes();
    let mut bytes = full[..file.synced].to_vec();
    let mut from = file.synced;
    for (append, end) in file.ends.iter().enumerate() {
        if is_there(append) {
            bytes.resize(from, 0);
            bytes.extend_from_slice(&full[from..*end]);
        }
        from = *end;
    }
    Content::from(bytes)
}

fn torn_at(file: &File, cut: usize, filling: Filling, old: &[u8], random: &mut Random) -> Content {
    let full = file.full.bytes();
    let mut bytes = full[..cut].to_vec();
    match filling {
        Filling::Nothing => {}
        Filling::Zeros => bytes.resize(full.len(), 0),
        Filling::Noise => bytes.extend((cut..full.len()).map(|_| random.number() as u8)),
        Filling::OldData => {
            let old = old.iter().copied().cycle().skip(cut).chain(std::iter::repeat(0));
            bytes.extend(old.take(full.len() - cut));
        }
        Filling::Hole => {
            bytes[file.synced..].fill(0);
            bytes.extend_from_slice(&full[cut..]);
        }
    }
    Content::from(bytes)
}

/// Bytes that another file left on the sectors: the largest that was written before.
fn old_data(replay: &Replay<'_>, file: FileId) -> Vec<u8> {
    let before = replay.files.iter().take(file.0).map(|file| file.full.bytes());
    before.max_by_key(|bytes| bytes.len()).map(|bytes| bytes.to_vec()).unwrap_or_default()
}

fn pending_files(replay: &Replay<'_>) -> impl Iterator<Item = usize> {
    (0..replay.files.len()).filter(|file| replay.files[*file].is_pending())
}

/// The files with something pending that have a name in `image`.
fn visible<'a>(
    replay: &'a Replay<'_>,
    image: &'a Image,
) -> impl Iterator<Item = (Place, FileId)> + 'a {
    let names = replay.names();
    names.filter(|(path, file)| image.holds(path.path()) && replay.file(*file).is_pending())
}
