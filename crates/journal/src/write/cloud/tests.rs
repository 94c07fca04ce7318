//! Files of the folder that no device of the player has put there as they are.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::take_in;
use crate::disk::{Layout, LocalStore, MemoryDisk};
use crate::format::sample::{SegmentBytes, at, commit, header, session, values};
use crate::format::{Begun, Record, SegmentHeader, TypeRows};
use crate::model::session::{Leaving, SessionStatus};
use crate::read::recovery::{KnownTypes, VersionFit};
use crate::write::cloud_folder::CloudFolder;
use crate::write::cloud_news::{CloudError, CloudNews};

const FORGED: &str = "/cloud/default/forged.session";

struct Types(VersionFit);

impl KnownTypes for Types {
    fn fit(&self, _: &TypeRows<'_>) -> VersionFit {
        self.0
    }
}

fn layout() -> Layout {
    Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() }
}

/// A device with a session, whose run 1 went to checkpoint 3.
fn device() -> MemoryDisk {
    let disk = MemoryDisk::default();
    disk.put(&layout().segment(&header(1, 0)), &closed(&header(1, 0), 3));
    disk
}

/// A whole segment with one checkpoint.
fn closed(header: &SegmentHeader, counter: u64) -> Vec<u8> {
    let mut segment = SegmentBytes::new(header);
    segment.group(vec![values("game::Health", &[(2, b"ten")])], &commit(counter, None));
    segment.record(&Record::End {
        status: SessionStatus::Closed,
        reason: None,
        leaving: Leaving::default(),
        time: Timestamp::UNIX_EPOCH,
        play_time: Duration::from_secs(counter),
    });
    segment.bytes
}

/// The header of a copy that another device made of its own play, which went on from here.
fn copied(run: u64) -> SegmentHeader {
    let begun = Begun { copied: true, ..Begun::unplayed(None) };
    SegmentHeader { ancestors: vec![at(7, 4), at(1, 3)], begun: Some(begun), ..header(run, 0) }
}

fn start(disk: &MemoryDisk, fit: VersionFit) -> Vec<CloudNews> {
    let local = LocalStore::new(Arc::new(disk.clone()), layout());
    take_in(&local, "", &CloudFolder::new("/cloud"), &Types(fit))
}

/// The reason that the one file of the folder isn't taken; nothing else changes.
fn refused(disk: &MemoryDisk, fit: VersionFit) -> CloudError {
    let in_session = |disk: &MemoryDisk| -> Vec<(PathBuf, Option<Vec<u8>>)> {
        let paths = disk.paths().into_iter().filter(|path| path.starts_with("data"));
        paths.map(|path| (path.clone(), disk.content(&path))).collect()
    };
    let before = in_session(disk);
    let news = start(disk, fit);
    assert_eq!(in_session(disk), before);
    match &news[..] {
        [CloudNews::NotTaken { error, .. }] => error.clone(),
        other => panic!("it should be refused: {other:?}"),
    }
}

#[test]
fn a_session_played_on_another_device_is_taken_and_supersedes_the_local_line() {
    let disk = device();
    disk.put(FORGED.as_ref(), &closed(&copied(9), 5));
    let news = start(&disk, VersionFit::Exact);
    assert!(matches!(news[..], [CloudNews::Taken { session: taken }] if taken == session()));
    let store = LocalStore::new(Arc::new(disk.clone()), layout()).store;
    let stored = store.open_session(session()).unwrap();
    let heads: Vec<_> = stored.index().heads().iter().map(|head| head.id).collect();
    assert_eq!(heads, [at(9, 5)]);
    assert!(start(&disk, VersionFit::Exact).is_empty(), "it is known now");
}

#[test]
fn a_cloud_file_forging_a_local_run_is_refused() {
    let disk = device();
    disk.put(FORGED.as_ref(), &closed(&copied(1), 8));
    let error = refused(&disk, VersionFit::Exact);
    assert!(matches!(error, CloudError::NotOurs), "{error:?}");
}

#[test]
fn cloud_files_that_are_not_session_copies_are_refused() {
    let slot = crate::format::sample::slot(crate::model::ids::SlotId::random(), "Best");
    for header in [
        header(9, 0),
        SegmentHeader { begun: None, ..copied(9) },
        SegmentHeader { ancestors: Vec::new(), ..copied(9) },
        SegmentHeader { segment: 1, ..copied(9) },
        SegmentHeader { archive: true, ..copied(9) },
        SegmentHeader { slot: Some(slot), ..copied(9) },
    ] {
        let disk = device();
        disk.put(FORGED.as_ref(), &closed(&header, 5));
        let error = refused(&disk, VersionFit::Exact);
        assert!(matches!(error, CloudError::NotOurs), "{error:?} for {header:?}");
    }
}

#[test]
fn cloud_files_of_a_newer_build_wait_for_an_update() {
    let disk = device();
    disk.put(FORGED.as_ref(), &closed(&copied(9), 5));
    let error = refused(&disk, VersionFit::Newer);
    assert!(matches!(error, CloudError::NewerBuild), "{error:?}");
    assert!(matches!(start(&disk, VersionFit::Exact)[..], [CloudNews::Taken { .. }]));

    let disk = device();
    let newer = SegmentHeader { optional_features: 1 << 40, ..copied(9) };
    disk.put(FORGED.as_ref(), &closed(&newer, 5));
    let error = refused(&disk, VersionFit::Exact);
    assert!(matches!(error, CloudError::NewerBuild), "{error:?}");
}
