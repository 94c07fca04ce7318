//! Any byte, any cut: files that were damaged, lost, copied and mixed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::crash_states::data_digest;
use super::debt::{Debt, Promise};
use super::opening::{Depth, Key, key, layout};
use super::properties::is_journal;
use super::{Action, Opened, Play, Random, Script, rounds, tell};
use crate::disk::simulated_disk::{Content, Image, Node, Place, SimulatedDisk};
use crate::disk::{DirectoryStore, StoredSession};
use crate::format::SegmentHeader;
use crate::model::ids::{CheckpointId, RunId, SessionId};

/// Fewer damaged disks than this mean that the test looks at less than it did.
const LEAST_DAMAGED: usize = 3_000;

/// A session with a merge, a recovery and a crash in it, on a disk that nothing has happened to.
pub(super) struct Specimen {
    play: Play,
    pub(super) image: Image,
    debt: Debt,
    pub(super) session: SessionId,
    groups: Vec<Group>,
    headers: Vec<(PathBuf, u64)>,
}

/// A group of the undamaged journal, and where it is.
struct Group {
    path: PathBuf,
    start: u64,
    end: u64,
    checkpoint: CheckpointId,
    base: Option<u64>,
}

impl Specimen {
    pub(super) fn new() -> Self {
        use Action::{Auto, Kill, Manual, Merge, Recover, Start, Turn};
        let actions =
            vec![Start, Auto, Auto, Merge, Auto, Manual, Kill, Recover, Auto, Manual, Turn];
        let mut play = Play::of(&Script { name: "specimen".to_owned(), seed: 11, actions });
        // The process that died last bears witness of what it saw acknowledged.
        play.pass(1);
        play.perform(&[Turn, Kill]);
        let image = play.disk.image();
        let mut debt = Debt::default();
        debt.advance_to(&play.history, usize::MAX);
        let opened = Opened::from_image(&image);
        let session = *opened.sessions.keys().next().expect("there should be a session");
        let stored = open(&image, session);
        let mut groups = Vec::new();
        let mut headers = Vec::new();
        for (segment, summary) in stored.segments().iter().zip(stored.index().segments()) {
            let path = segment.path().to_path_buf();
            // The frame before the first group: that of a later release.
            let unknown = summary.scan.carried.first().map(|frame| frame.offset);
            let first = summary.scan.groups.first().map(|group| group.start);
            headers.push((path.clone(), unknown.or(first).unwrap_or_default()));
            groups.extend(summary.scan.groups.iter().map(|group| Group {
                path: path.clone(),
                start: group.start,
                end: group.end,
                checkpoint: CheckpointId { run: summary.header.run, counter: group.commit.counter },
                base: group.commit.base,
            }));
        }
        let specimen = Self { play, image, debt, session, groups, headers };
        specimen.check("nothing", &specimen.image, |_| false);
        specimen
    }

    pub(super) fn journals(&self) -> Vec<(Place, Content)> {
        let files = self.image.files().filter(|(place, _)| is_journal(place.path()));
        files.map(|(place, content)| (place.clone(), content.clone())).collect()
    }

    /// The length of a file when the one after it was begun, if there is one.
    fn remembered_length(&self, path: &Path) -> Option<u64> {
        let stored = open(&self.image, self.session);
        let summaries = || stored.index().segments().iter();
        let position = stored.segments().iter().position(|segment| segment.path() == path)?;
        let own = &summaries().nth(position)?.header;
        let is_next =
            |next: &&Arc<SegmentHeader>| next.run == own.run && next.segment == own.segment + 1;
        let next = summaries().map(|summary| &summary.header).find(is_next)?;
        Some(next.predecessor?.length)
    }

    pub(super) fn with(&self, place: &Place, bytes: Vec<u8>) -> Image {
        let mut image = self.image.clone();
        image.put(place.clone(), Node::File(Content::from(bytes)));
        image
    }

    /// The checkpoints that can still be restored if `is_lost` says which groups can't be read. The
    /// simplest thing that could be right.
    fn intact(&self, is_lost: impl Fn(&Group) -> bool) -> BTreeSet<Key> {
        let mut intact = BTreeSet::new();
        loop {
            let before = intact.len();
            for group in self.groups.iter().filter(|group| !is_lost(group)) {
                let run = group.checkpoint.run.0;
                if group.base.is_none_or(|base| intact.contains(&(run, base))) {
                    intact.insert(key(group.checkpoint));
                }
            }
            if intact.len() == before {
                return intact;
            }
        }
    }

    fn newest(&self, intact: &BTreeSet<Key>) -> Option<Key> {
        // Counters only grow along a line, and this session has one.
        intact.iter().copied().max_by_key(|(_, counter)| *counter)
    }

    /// Opens a damaged disk: no false state, the newest intact checkpoint is offered, and the loss is reported.
    fn check(&self, what: &str, image: &Image, is_lost: impl Fn(&Group) -> bool) -> Opened {
        let disk = SimulatedDisk::from_image(image);
        let opened = Opened::of(&disk, Depth::Newest);
        let before = data_digest(image);
        assert_eq!(data_digest(&disk.image()), before, "{what}: looking should change nothing");
        let truth = self.debt.check(&opened, Promise::NoFalseState);
        assert_eq!(truth, Ok(()), "{what}: a false state");
        let intact = self.intact(is_lost);
        let found = opened.sessions.get(&self.session).cloned().unwrap_or_default();
        let offered = found.offers.iter().map(|offer| key(offer.newest)).collect::<Vec<_>>();
        let newest = self.newest(&intact);
        assert_eq!(offered.first().copied(), newest, "{what}: the newest intact one is offered");
        for checkpoint in &intact {
            assert!(found.restores(*checkpoint), "{what}: {checkpoint:?} should be restored");
        }
        let all = self.newest(&self.intact(|_| false));
        let is_told = found.damage_is_told || found.failure.is_some();
        assert!(newest == all || is_told, "{what}: {all:?} is lost without a word");
        opened
    }

    /// The groups that a damaged range costs.
    fn hit(&self, path: &Path, from: u64, to: u64) -> impl Fn(&Group) -> bool {
        let header = self.headers.iter().find(|(header, _)| header == path);
        let in_header = header.is_some_and(|(_, end)| from < *end);
        let path = path.to_path_buf();
        move |group: &Group| {
            group.path == path && (in_header || (group.start < to && from < group.end))
        }
    }
}

fn open(image: &Image, session: SessionId) -> StoredSession {
    let disk = Arc::new(SimulatedDisk::from_image(image));
    DirectoryStore::new(disk, layout()).open_session(session).expect("it should be there")
}

#[test]
fn a_flipped_bit_costs_at_most_the_group_that_it_is_in() {
    let begun = Instant::now();
    let specimen = Specimen::new();
    let mut damaged = 0;
    for (place, content) in specimen.journals() {
        let is_deep = rounds().is_some();
        for offset in (0..content.bytes().len()).step_by(if is_deep { 1 } else { 2 }) {
            let bits = if is_deep { 0..8 } else { offset / 2 % 8..offset / 2 % 8 + 1 };
            for bit in bits {
                let mut bytes = content.bytes().to_vec();
                bytes[offset] ^= 1 << bit;
                let image = specimen.with(&place, bytes);
                let what = format!("bit {bit} of byte {offset} of {}", place.path().display());
                let hit = specimen.hit(place.path(), offset as u64, offset as u64 + 1);
                specimen.check(&what, &image, hit);
                damaged += 1;
            }
        }
    }
    tell(&format!("flipped bits: {damaged} in {:?}", begun.elapsed()));
    assert!(damaged >= LEAST_DAMAGED, "{damaged}");
}

#[test]
fn a_cut_costs_at_most_the_groups_that_were_cut() {
    let begun = Instant::now();
    let specimen = Specimen::new();
    let step = if rounds().is_some() { 1 } else { 3 };
    let mut damaged = 0;
    for (place, content) in specimen.journals() {
        let remembered = specimen.remembered_length(place.path());
        for length in (0..content.bytes().len()).step_by(step) {
            let image = specimen.with(&place, content.bytes()[..length].to_vec());
            let what = format!("{} cut to {length} bytes", place.path().display());
            let hit = specimen.hit(place.path(), length as u64, u64::MAX);
            let opened = specimen.check(&what, &image, hit);
            let found = &opened.sessions[&specimen.session];
            let is_remembered = remembered.is_some_and(|remembered| (length as u64) < remembered);
            assert!(!is_remembered || found.damage_is_told, "{what}: the file after it knows");
            damaged += 1;
        }
    }
    tell(&format!("cuts: {damaged} in {:?}", begun.elapsed()));
}

#[test]
fn each_cut_of_a_cleanly_closed_session_is_reported() {
    use Action::{Auto, Close, Kill, Manual, Merge, Recover, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 43);
    play.perform(&[Start, Settle, Auto, Manual, Settle, Kill, Recover, Settle, Merge, Auto]);
    play.perform(&[Manual, Settle, Close, Settle]);
    let image = play.disk.image();
    let whole = Opened::of(&SimulatedDisk::from_image(&image), Depth::Newest);
    assert!(whole.sessions.values().all(|found| !found.damage_is_told), "nothing is wrong");
    let newest = whole.sessions.values().next().and_then(|found| found.heads.first().copied());
    let newest = newest.and_then(|(_, intact)| intact).expect("it should be whole");
    let journals = image.files().filter(|(place, _)| is_journal(place.path()));
    for (place, content) in journals.filter(|(place, _)| of_run(place.path(), newest.run)) {
        for length in (0..content.bytes().len()).step_by(3) {
            let mut image = image.clone();
            let cut = Content::from(content.bytes()[..length].to_vec());
            image.put(place.clone(), Node::File(cut));
            let opened = Opened::of(&SimulatedDisk::from_image(&image), Depth::Newest);
            let found = opened.sessions.values().next().expect("the session should be there");
            let is_told = found.damage_is_told || found.failure.is_some();
            assert!(is_told, "{} cut to {length} bytes", place.path().display());
        }
    }
}

fn of_run(path: &Path, run: RunId) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().starts_with(&run.to_string())
}

#[test]
fn a_damaged_sector_costs_at_most_the_groups_in_it() {
    let specimen = Specimen::new();
    let mut random = Random::new(5);
    for (place, content) in specimen.journals() {
        let length = content.bytes().len();
        for from in (0..length).step_by(512) {
            let to = length.min(from + 512);
            for zeros in [true, false] {
                let mut bytes = content.bytes().to_vec();
                for byte in &mut bytes[from..to] {
                    *byte = if zeros { 0 } else { random.number() as u8 };
                }
                let what = format!("sector at {from} of {}", place.path().display());
                let hit = specimen.hit(place.path(), from as u64, to as u64);
                specimen.check(&what, &specimen.with(&place, bytes), hit);
            }
        }
    }
}

#[test]
fn junk_at_the_end_of_a_journal_costs_nothing() {
    let specimen = Specimen::new();
    let mut random = Random::new(6);
    let journals = specimen.journals();
    for (place, content) in &journals {
        for (_, other) in &journals {
            let noise: Vec<u8> = (0..700).map(|_| random.number() as u8).collect();
            for junk in [vec![0; 5000], noise, other.bytes().to_vec(), b"bvF\x1e".to_vec()] {
                let bytes = [&content.bytes()[..], &junk].concat();
                let what = format!("{} bytes behind {}", junk.len(), place.path().display());
                specimen.check(&what, &specimen.with(place, bytes), |_| false);
            }
        }
    }
}

#[test]
fn a_missing_or_empty_file_costs_only_its_content() {
    let specimen = Specimen::new();
    for (place, _) in specimen.journals() {
        let is_lost = |group: &Group| group.path == **place.path();
        let what = format!("{} emptied", place.path().display());
        specimen.check(&what, &specimen.with(&place, Vec::new()), is_lost);
        let mut image = specimen.image.clone();
        image.take(place.path());
        specimen.check(&format!("{} deleted", place.path().display()), &image, is_lost);
    }
}

#[test]
fn playing_on_after_damage_loses_nothing_more_and_keeps_the_damaged_file() {
    let specimen = Specimen::new();
    for (place, content) in specimen.journals() {
        for offset in (0..content.bytes().len()).step_by(97) {
            let mut bytes = content.bytes().to_vec();
            bytes[offset] ^= 0x10;
            let image = specimen.with(&place, bytes);
            let what = format!("byte {offset} of {}", place.path().display());
            let end = specimen.play.disk.position();
            let mut next = specimen.play.after_power_cut(SimulatedDisk::from_image(&image), end);
            let hit = specimen.hit(place.path(), offset as u64, offset as u64 + 1);
            let newest = specimen.newest(&specimen.intact(hit));
            // The new run has one generation of its own, and there is no room for anything else.
            next.perform(&[Action::Crowd, Action::Recover, Action::Settle]);
            let damage_is_seen = specimen.check(&what, &image, {
                specimen.hit(place.path(), offset as u64, offset as u64 + 1)
            });
            let after = next.disk.image();
            let opened = Opened::of(&SimulatedDisk::from_image(&after), Depth::Newest);
            let found = &opened.sessions[&specimen.session];
            let is_there = newest.is_none_or(|newest| found.restores(newest));
            assert!(is_there, "{what}: {newest:?} should be kept until there are two new ones");
            let told = damage_is_seen.sessions[&specimen.session].damage_is_told;
            assert!(!told || after.holds(place.path()), "{what}: the damaged file should stay");
        }
    }
}

#[test]
fn a_damaged_generation_does_not_count_as_one_of_the_two_kept() {
    use Action::{Crowd, Full, Settle, Start};
    let newest_journal = |play: &Play| {
        let image = play.disk.image();
        let journals = image.files().filter(|(place, _)| is_journal(place.path()));
        journals.map(|(place, _)| place.path().to_path_buf()).max().expect("there should be one")
    };
    let mut play = Play::new(SimulatedDisk::default(), 41);
    play.perform(&[Start, Settle, Full, Settle, Full, Settle]);
    let rotten = newest_journal(&play);
    let length = play.disk.image().file(&rotten).map_or(0, |content| content.bytes().len());
    // In the data, which no listing reads: behind the header and the frame's own.
    play.disk.corrupt(&rotten, length / 2 + 60);
    play.perform(&[Crowd, Full, Settle]);
    let mut image = play.disk.image();
    image.take(&newest_journal(&play));
    let opened = Opened::from_image(&image);
    let found = opened.sessions.values().next().expect("the session should be there");
    assert!(found.intact_heads().next().is_some(), "a second good generation should have stayed");
}

#[test]
fn swapped_and_conflicted_file_names_of_a_cloud_cost_nothing() {
    let specimen = Specimen::new();
    let journals = specimen.journals();
    for (place, content) in &journals {
        for (other, others) in &journals {
            let mut image = specimen.with(place, others.bytes().to_vec());
            image.put(other.clone(), Node::File(content.clone()));
            specimen.check("swapped names", &image, |_| false);
        }
        let name = place.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for copy in ["conflicted copy", "2", "Ärger's conflict"] {
            let copy = place.path().with_file_name(format!("{name} ({copy}).journal"));
            let copy = Place::from(&*copy);
            for bytes in [content.bytes().to_vec(), content.bytes()[..700].to_vec(), Vec::new()] {
                let mut image = specimen.image.clone();
                image.put(copy.clone(), Node::File(Content::from(bytes)));
                specimen.check("a conflicted copy", &image, |_| false);
            }
            // A copy makes good for what happens to the original.
            let mut image = specimen.with(place, content.bytes()[..800].to_vec());
            image.put(copy.clone(), Node::File(content.clone()));
            specimen.check("a copy of a file that was cut", &image, |_| false);
        }
    }
}

#[test]
fn both_heads_of_a_fork_are_offered() {
    use Action::{Auto, Kill, Merge, Recover, Start, Turn};
    let actions = vec![Start, Auto, Auto, Merge, Auto, Turn, Kill];
    let origin = Play::of(&Script { name: "origin".to_owned(), seed: 21, actions });
    let device = |number: usize| origin.on_device(number, &[Recover, Auto, Auto, Turn, Kill]);
    let (here, there) = (device(1), device(2));
    let mut mixed = here.disk.image();
    for (place, content) in there.disk.image().files() {
        if is_journal(place.path()) {
            mixed.put(place.clone(), Node::File(content.clone()));
        }
    }
    let mut debt = Debt::default();
    debt.advance_to(&here.history, usize::MAX);
    let mut other = Debt::default();
    other.advance_to(&there.history, usize::MAX);
    debt.learn(&other);
    let opened = Opened::from_image(&mixed);
    assert_eq!(debt.check(&opened, Promise::NoFalseState), Ok(()));
    let found = opened.sessions.values().next().expect("the session should be there");
    assert_eq!(found.offers.len(), 2, "{found:?}");
    assert!(found.offers.iter().all(|offer| offer.forked));
    let newest = |play: &Play| key(play.history.newest_acknowledged().expect("one was saved"));
    let offered: BTreeSet<Key> = found.offers.iter().map(|offer| key(offer.newest)).collect();
    assert_eq!(offered, BTreeSet::from([newest(&here), newest(&there)]));
}
