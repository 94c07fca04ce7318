//! Crashes without an answer: each leaves its session without an end, and the record of its process.

use std::path::PathBuf;
use std::time::Instant;

use super::*;
use crate::disk::RealDisk;
use crate::disk::process::{ProcessGuard, ProcessOptions, dead_processes};
use crate::model::ids::RunId;

/// A session that was played on this machine and has no end.
fn put_crash(disk: &MemoryDisk, local: &LocalStore, session: SessionId) {
    let mut header = header(1, 0);
    (header.session, header.metadata.id, header.host) = (session, session, local.host.id);
    let mut segment = SegmentBytes::new(&header);
    segment.group(vec![values("game::Health", &[(2, b"ten")])], &commit(1, None));
    disk.put(&layout().segment(&header), &segment.bytes);
}

/// Sessions of which each crashed in a process of its own. If their records are gone, nothing says how they ended.
fn crashes(count: u64, records: bool) -> MemoryDisk {
    let disk = disk();
    let local = LocalStore::new(Arc::new(disk.clone()), layout());
    for number in 0..count {
        put_crash(&disk, &local, id(number.into()));
        if records {
            let options = ProcessOptions { panics: false };
            let (process, _) = ProcessGuard::begin(&local, "1.0", options, NOW);
            process.hold(id(number.into()), RunId(1));
        }
    }
    disk.snapshot()
}

/// The operations that a start makes on the disk, those of them on records of processes, and its findings.
fn start(disk: &MemoryDisk) -> (usize, usize, Catalog) {
    let counting = CountingDisk::new(disk.snapshot());
    let local = Arc::new(LocalStore::new(Arc::new(counting.clone()), layout()));
    let dead = dead_processes(&local);
    let mut finder = SessionFinder::new(local, dead, Duration::ZERO).of_version("1.0".to_owned());
    let mut catalog = Catalog::new();
    list(&mut finder, &BUILD, &mut catalog);
    (counting.count(), counting.records(), catalog)
}

#[test]
fn the_cost_of_a_start_grows_linearly_with_crashes() {
    for has_records in [true, false] {
        let few = crashes(10, has_records);
        let many = crashes(80, has_records);
        let (few_operations, few_records, _) = start(&few);
        let (many_operations, many_records, catalog) = start(&many);
        assert_eq!(catalog.values().filter(|found| found.offers.len() == 1).count(), 80);
        assert!(
            many_operations <= 8 * few_operations,
            "{few_operations} operations for 10, {many_operations} for 80"
        );
        assert!(many_records <= 8 * few_records + 8, "{few_records} for 10, {many_records} for 80");
        assert!(many_records <= 4 * 80, "each record is read once: {many_records}");
    }
}

/// One of eleven sessions crashed, and its process left a record.
#[test]
fn crashes_add_at_most_a_sixth_to_the_disk_operations_of_a_start() {
    let with = |crashed: u64| {
        let disk = crashes(crashed, true);
        for number in crashed..110 {
            put_run(&disk, id(number.into()), 1, "Closed", None);
        }
        let (operations, _, catalog) = start(&disk);
        assert_eq!(catalog.len(), 110);
        operations
    };
    let (closed, crashed) = (with(0), with(10));
    assert!(crashed * 6 <= closed * 7, "{closed} operations, and {crashed} with ten crashes");
}

/// A process that plays when a listing begins, and is gone when its session is looked at.
#[test]
fn a_process_that_dies_during_a_listing_says_how_it_ended() {
    let disk = disk();
    let local = LocalStore::new(Arc::new(disk.clone()), layout());
    put_crash(&disk, &local, id(1));
    put_crash(&disk, &local, id(2));
    let options = ProcessOptions { panics: false };
    let (process, _) = ProcessGuard::begin(&local, "1.0", options, NOW);
    process.hold(id(1), RunId(1));

    let mut finder = process_on(&disk);
    let mut listing = Listing::begin(&mut finder, &BUILD, ListingScope::All, NOW);
    process.exit_seen();
    process.beat(&local, NOW);
    drop(process);
    while listing.step(&mut finder, &BUILD, NOW) {}
    let Listed { settled, found, .. } = listing.end(&mut finder);
    assert_eq!(settled.len(), 1, "an exit is no crash");
    assert_eq!(found.len(), 1, "of the other one nothing says that it was an exit");
}

fn process_on(disk: &MemoryDisk) -> SessionFinder {
    process(Arc::new(disk.clone()))
}

/// Sessions on a real disk, all closed or some crashed, each in a process of its own.
fn on_a_real_disk(closed: u64, crashed: u64) -> (tempfile::TempDir, Layout) {
    let directory = tempfile::tempdir().unwrap();
    let (data, state) = (directory.path().join("data"), directory.path().join("state"));
    let layout = Layout { data, state, profile: "default".to_owned() };
    std::fs::create_dir_all(&layout.state).unwrap();
    let local = LocalStore::new(Arc::new(RealDisk), layout.clone());
    for number in 0..closed + crashed {
        let bytes = |ending| {
            let disk = MemoryDisk::default();
            put_file(&disk, id(number.into()), 1, "Many", ending);
            let path = disk.paths().into_iter().find(|path| path.starts_with("data")).unwrap();
            (disk.read(&path, 1 << 20).unwrap(), path)
        };
        let is_crashed = number % (1 + closed / crashed.max(1)) == 0 && crashed > 0;
        let (bytes, path) = bytes((!is_crashed).then_some(None));
        let path: PathBuf = layout.data.join(path.strip_prefix("data").unwrap());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        if is_crashed {
            let options = ProcessOptions { panics: false };
            let (process, _) = ProcessGuard::begin(&local, "1.0", options, NOW);
            process.hold(id(number.into()), RunId(1));
        }
    }
    (directory, layout)
}

fn time_of_a_start(layout: &Layout) -> (Duration, usize) {
    let begun = Instant::now();
    let local = Arc::new(LocalStore::new(Arc::new(RealDisk), layout.clone()));
    let dead = dead_processes(&local);
    let mut finder = SessionFinder::new(local, dead, Duration::ZERO).of_version("1.0".to_owned());
    let mut catalog = Catalog::new();
    list(&mut finder, &BUILD, &mut catalog);
    (begun.elapsed(), catalog.len())
}

/// `cargo test --release -p bevy_session_journal --lib -- crashes::a_thousand --ignored --nocapture`
#[test]
#[ignore = "measures 11,000 sessions on a real disk"]
#[expect(clippy::print_stdout, reason = "the figure is what it is for")]
fn a_thousand_unanswered_crashes_are_listed_like_sessions_that_were_closed() {
    let (_closed, closed) = on_a_real_disk(11_000, 0);
    let (_crashed, crashed) = on_a_real_disk(10_000, 1_000);
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..5 {
        // One after the other, so that other work of the machine slows both.
        for (layout, times) in [&closed, &crashed].into_iter().zip(&mut times) {
            let _ = std::fs::remove_file(layout.catalog_index());
            let (time, sessions) = time_of_a_start(layout);
            assert_eq!(sessions, 11_000);
            times.push(time);
        }
    }
    let [closed, crashed] = times.map(|times| times.into_iter().min().unwrap_or_default());
    let ratio = crashed.as_secs_f64() / closed.as_secs_f64();
    println!("all closed {closed:?}, 1,000 of them crashed {crashed:?}: {ratio:.2} times as long");
    assert!(ratio <= 1.2, "with 1,000 crashes a start takes {ratio:.2} times as long");
}
