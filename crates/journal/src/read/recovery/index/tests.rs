//! The index gives the result that a look would give, or none.

mod counting;
mod crashes;
mod histories;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use self::counting::CountingDisk;
use crate::disk::{Disk, Layout, LocalStore, MemoryDisk, Operation};
use crate::format::sample::{SegmentBytes, at, commit, header, values};
use crate::format::{Record, TypeRows};
use crate::model::ids::{CheckpointId, SessionId};
use crate::model::session::{EndReason, Leaving, SessionStatus};
use crate::read::recovery::detect::detect;
use crate::read::recovery::{
    FoundSession, KnownTypes, Listed, Listing, ListingScope, SessionFinder, VersionFit,
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// A build that knows a version of the one type, or nothing of what it knows.
struct Build(Option<u64>);

impl KnownTypes for Build {
    fn fit(&self, _: &TypeRows<'_>) -> VersionFit {
        if self.0 == Some(1) { VersionFit::Migratable } else { VersionFit::Exact }
    }

    fn fingerprint(&self) -> Option<u64> {
        self.0
    }
}

const BUILD: Build = Build(Some(0));

fn id(number: u128) -> SessionId {
    SessionId::from(uuid::Uuid::from_u128((7 << 76) | (8 << 60) | number))
}

fn layout() -> Layout {
    Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() }
}

fn index_path() -> PathBuf {
    layout().catalog_index()
}

/// A run of a session, after the checkpoint of the one before it. One without an ending crashed.
fn put_run(disk: &MemoryDisk, session: SessionId, run: u64, name: &str, ending: Option<EndReason>) {
    put_file(disk, session, run, name, Some(ending));
}

fn put_crashed_run(disk: &MemoryDisk, session: SessionId, run: u64) {
    put_file(disk, session, run, "Crashed", None);
}

fn put_file(
    disk: &MemoryDisk,
    session: SessionId,
    run: u64,
    name: &str,
    ending: Option<Option<EndReason>>,
) {
    let mut header = header(run, 0);
    header.session = session;
    header.metadata.id = session;
    header.metadata.name = name.to_owned();
    header.ancestors = (1..run).rev().map(|before| at(before, before)).collect();
    let mut segment = SegmentBytes::new(&header);
    segment.group(vec![values("game::Health", &[(2, b"ten")])], &commit(run, None));
    if let Some(reason) = ending {
        let status = reason.map_or(SessionStatus::Closed, EndReason::status);
        let time = NOW + SignedDuration::from_secs(run as i64);
        let (leaving, play_time) = (Leaving::default(), Duration::from_secs(run));
        segment.record(&Record::End { status, reason, leaving, time, play_time });
    }
    disk.put(&layout().segment(&header), &segment.bytes);
}

/// A process that has just been started.
fn process(disk: Arc<dyn Disk>) -> SessionFinder {
    let local = Arc::new(LocalStore::new(disk, layout()));
    SessionFinder::new(local, Vec::new(), Duration::ZERO).of_version("1.0".to_owned())
}

/// A disk of this machine: on the first start of all, nothing is known to be of another one.
fn disk() -> MemoryDisk {
    let disk = MemoryDisk::default();
    drop(process(Arc::new(disk.clone())));
    disk
}

/// The game's catalog, as it follows the reports.
type Catalog = BTreeMap<SessionId, FoundSession>;

fn list(finder: &mut SessionFinder, types: &dyn KnownTypes, catalog: &mut Catalog) {
    let mut listing = Listing::begin(finder, types, ListingScope::All, NOW);
    for entry in listing.take_early() {
        catalog.insert(entry.session.id, FoundSession::settled(entry));
    }
    while listing.step(finder, types, NOW) {}
    let Listed { settled, found, gone, .. } = listing.end(finder);
    gone.iter().for_each(|session| drop(catalog.remove(session)));
    let settled = settled.into_iter().map(FoundSession::settled);
    catalog.extend(settled.chain(found).map(|found| (found.session, found)));
    finder.write_index(NOW);
}

/// The findings of a new process with the index that there is.
fn listed(disk: &MemoryDisk, types: &dyn KnownTypes) -> (Catalog, SessionFinder) {
    let mut finder = process(Arc::new(disk.clone()));
    let mut catalog = Catalog::new();
    list(&mut finder, types, &mut catalog);
    (catalog, finder)
}

/// The findings of a look at everything.
fn looked(disk: &MemoryDisk, fit_of: &dyn KnownTypes) -> Catalog {
    let found = detect(&mut process(Arc::new(disk.clone())), fit_of, NOW);
    found.into_iter().map(|found| (found.session, found)).collect()
}

/// Three sessions that were left, one that crashed, and the index of them.
fn four_sessions() -> MemoryDisk {
    let disk = disk();
    put_run(&disk, id(1), 1, "One", None);
    put_run(&disk, id(2), 1, "Two", Some(EndReason::Completed));
    put_run(&disk, id(3), 1, "Three", None);
    put_run(&disk, id(3), 2, "Three again", None);
    put_crashed_run(&disk, id(4), 1);
    let (catalog, finder) = listed(&disk, &BUILD);
    assert_eq!(catalog, looked(&disk, &BUILD));
    assert_eq!((finder.index_figures().rebuilds, finder.index_figures().hits), (1, 0));
    assert!(disk.content(&index_path()).is_some());
    disk
}

#[test]
fn with_an_index_a_new_process_reads_only_the_crashed_session() {
    let disk = four_sessions();
    let (catalog, finder) = listed(&disk, &BUILD);
    assert_eq!(catalog, looked(&disk, &BUILD));
    let figures = finder.index_figures();
    assert_eq!((figures.hits, figures.misses, figures.rebuilds), (3, 1, 0));
    assert_eq!(figures.age, Some(Duration::ZERO));
}

#[test]
fn a_damaged_index_is_ignored_and_rebuilt() {
    let disk = four_sessions();
    let whole = disk.content(&index_path()).unwrap();
    let wanted = looked(&disk, &BUILD);
    let check = |what: &str| {
        let (catalog, finder) = listed(&disk, &BUILD);
        assert_eq!(catalog, wanted, "{what}");
        assert_eq!(finder.index_figures().hits, 0, "{what}");
        assert_eq!(disk.content(&index_path()).as_ref(), Some(&whole), "it should be back: {what}");
    };
    for length in (0..whole.len()).step_by(7) {
        disk.put(&index_path(), &whole[..length]);
        check("cut");
    }
    for position in (0..whole.len()).step_by(5) {
        disk.corrupt(&index_path(), position, 1 << (position % 8));
        check("flipped");
    }
    disk.remove_all(&index_path());
    check("destroyed");
}

#[test]
fn an_index_of_another_build_or_machine_is_rebuilt() {
    let disk = four_sessions();
    let newer = Build(Some(1));
    let (catalog, finder) = listed(&disk, &newer);
    assert_eq!(catalog, looked(&disk, &newer), "each should be migratable");
    assert_eq!((finder.index_figures().hits, finder.index_figures().rebuilds), (0, 1));
    // Now it is that build's.
    let mut updated = process(Arc::new(disk.clone())).of_version("1.1".to_owned());
    list(&mut updated, &newer, &mut Catalog::new());
    assert_eq!((updated.index_figures().hits, updated.index_figures().rebuilds), (0, 1));
    // As if all of it had been copied to another machine.
    disk.remove_all(&layout().host_id());
    let (_, finder) = listed(&disk, &newer);
    assert_eq!((finder.index_figures().hits, finder.index_figures().rebuilds), (0, 1));
}

#[test]
fn without_a_known_build_no_index_is_written() {
    let disk = four_sessions();
    disk.remove_all(&index_path());
    let (catalog, finder) = listed(&disk, &Build(None));
    assert_eq!(catalog, looked(&disk, &BUILD));
    assert_eq!(finder.index_figures(), super::IndexFigures::default());
    assert!(disk.content(&index_path()).is_none());
}

#[test]
fn an_index_that_cannot_be_written_changes_no_listing() {
    let disk = four_sessions();
    let wanted = looked(&disk, &BUILD);
    disk.remove_all(&index_path());
    disk.put(&index_path().join("somebody's"), b"file");
    for _ in 0..2 {
        assert_eq!(listed(&disk, &BUILD).0, wanted);
    }
    disk.remove_all(&index_path());
    disk.fail_always(Operation::Replace, std::io::ErrorKind::StorageFull);
    for _ in 0..2 {
        assert_eq!(listed(&disk, &BUILD).0, wanted);
    }
}

#[test]
fn a_failed_restore_is_listed_although_the_index_knows_the_session() {
    let disk = four_sessions();
    let finder = process(Arc::new(disk.clone()));
    let checkpoint: CheckpointId = at(1, 1);
    let trial = crate::disk::Trial {
        session: id(1),
        process: crate::disk::ProcessId(9),
        run: None,
        checkpoint,
        play_time: Duration::ZERO,
        oldest: Duration::ZERO,
        newest_counter: 1,
        tries: 3,
        steps_back: 0,
        own_deaths: 0,
        probation: Duration::from_secs(60),
        earlier: Vec::new(),
        set_aside: false,
    };
    finder.store().write_trial(&trial).unwrap();
    let (catalog, _) = listed(&disk, &BUILD);
    assert_eq!(catalog, looked(&disk, &BUILD));
    assert_eq!(catalog[&id(1)].ladder.deaths, 3, "it should be on the ladder");
    // And nothing of that is kept for the next.
    finder.store().remove_trial(id(1)).unwrap();
    assert_eq!(listed(&disk, &BUILD).0[&id(1)].ladder.deaths, 0);
}

#[test]
fn a_trusted_index_is_shown_at_once_and_differences_are_reported_later() {
    let disk = four_sessions();
    disk.remove_all(&layout().session(id(1)));
    put_run(&disk, id(2), 2, "Played since", None);
    let trusting = |trust| process(Arc::new(disk.clone())).trusting_index(trust);
    let mut finder = trusting(Duration::from_secs(60));
    let mut listing = Listing::begin(&mut finder, &BUILD, ListingScope::All, NOW);
    let mut early: Vec<String> =
        listing.take_early().into_iter().map(|entry| entry.session.name).collect();
    early.sort();
    assert_eq!(early, ["Three again", "Two"], "one that is gone isn't shown");
    while listing.step(&mut finder, &BUILD, NOW) {}
    let Listed { settled, found, gone, .. } = listing.end(&mut finder);
    assert_eq!(settled.len(), 1, "nothing is reported of one that is as it was");
    assert_eq!(settled[0].session.name, "Played since");
    assert_eq!((found.len(), gone.len()), (1, 0));
    // A clock that was set back trusts nothing.
    let before = NOW - SignedDuration::from_secs(1);
    let mut listing =
        Listing::begin(&mut trusting(Duration::MAX), &BUILD, ListingScope::All, before);
    assert!(listing.take_early().is_empty());
    let mut listing = Listing::begin(&mut trusting(Duration::ZERO), &BUILD, ListingScope::All, NOW);
    assert!(listing.take_early().is_empty(), "by default, nothing is shown that wasn't looked at");
}

#[test]
fn a_refresh_reports_changed_sessions_only() {
    let disk = four_sessions();
    let (mut catalog, mut finder) = listed(&disk, &BUILD);
    let refresh = |finder: &mut SessionFinder, playing| {
        let scope = ListingScope::Changed { playing };
        let mut listing = Listing::begin(finder, &BUILD, scope, NOW);
        while listing.step(finder, &BUILD, NOW) {}
        listing.end(finder)
    };
    let Listed { settled, found, gone, .. } = refresh(&mut finder, None);
    assert_eq!((settled.len(), found.len(), gone.len()), (0, 0, 0), "also of what crashed");
    put_run(&disk, id(1), 2, "Renamed", None);
    put_run(&disk, id(5), 1, "New", None);
    put_run(&disk, id(3), 3, "Played here", None);
    disk.remove_all(&layout().session(id(2)));
    let Listed { settled, found, gone, .. } = refresh(&mut finder, Some(id(3)));
    let mut names: Vec<&str> = settled.iter().map(|entry| &*entry.session.name).collect();
    names.sort_unstable();
    assert_eq!((names, found.len(), gone), (vec!["New", "Renamed"], 0, vec![id(2)]));
    list(&mut finder, &BUILD, &mut catalog);
    assert_eq!(catalog[&id(3)].entry.as_ref().unwrap().session.name, "Played here");
}

#[test]
fn a_cancelled_listing_loses_nothing_for_the_next() {
    let disk = four_sessions();
    let mut finder = process(Arc::new(disk.clone()));
    for steps in 0..4 {
        let mut listing = Listing::begin(&mut finder, &BUILD, ListingScope::All, NOW);
        for _ in 0..steps {
            listing.step(&mut finder, &BUILD, NOW);
        }
        listing.give_up(&mut finder);
    }
    let mut catalog = Catalog::new();
    list(&mut finder, &BUILD, &mut catalog);
    assert_eq!(catalog, looked(&disk, &BUILD));
}

#[test]
fn the_index_saves_four_fifths_of_the_disk_operations() {
    let disk = disk();
    for number in 0..1_000 {
        // Half of them were continued once.
        (0..=number % 2).for_each(|run| put_run(&disk, id(number), run as u64 + 1, "Name", None));
    }
    let count = |types: &dyn KnownTypes| {
        let counting = CountingDisk::new(disk.clone());
        let mut finder = process(Arc::new(counting.clone()));
        let before = counting.count();
        list(&mut finder, types, &mut Catalog::new());
        counting.count() - before
    };
    let without = count(&Build(None));
    count(&BUILD);
    let with = count(&BUILD);
    crate::deep::tell(&format!("operations of 1,000 sessions: {without} without, {with} with"));
    assert!(with * 5 <= without, "{with} of {without}");
}

/// A cleanup judges by the finding of a session only if its files are still those that were found.
#[test]
fn a_known_entry_is_valid_until_the_files_of_its_session_change() {
    let disk = four_sessions();
    let (_, finder) = listed(&disk, &BUILD);
    let found = finder.known_entry(id(1)).expect("it was left in good order");
    assert_eq!(found.session.name, "One");
    assert_eq!(finder.known_entry(id(4)), None, "more than its files decides about a crash");
    // Another process continues it.
    put_run(&disk, id(1), 2, "One, continued", None);
    assert_eq!(finder.known_entry(id(1)), None);
    assert!(finder.known_entry(id(2)).is_some(), "the others are as they were");
}

/// An erasure removes the file, and what is written next has nothing of the session.
#[test]
fn a_session_that_was_erased_is_not_in_the_index_that_is_written_next() {
    let disk = disk();
    (1..=3).for_each(|number| put_run(&disk, id(number), 1, "Garden", None));
    let mut finder = process(Arc::new(disk.clone()));
    list(&mut finder, &BUILD, &mut Catalog::new());
    finder.write_index(NOW);
    disk.remove(&index_path()).unwrap();
    finder.forget_known(id(2));
    finder.write_index(NOW);
    let index = finder.store().index().read().unwrap().expect("it is written again");
    let indexed: Vec<SessionId> = index.sessions.iter().map(|session| session.id).collect();
    assert_eq!(indexed, [id(1), id(3)]);
}
