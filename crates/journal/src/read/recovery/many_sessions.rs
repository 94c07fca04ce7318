//! Looks at more sessions than anybody has.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::detect::detect;
use super::{KnownTypes, SessionFinder, VersionFit};
use crate::disk::{Layout, LocalStore, RealDisk};
use crate::format::TypeRows;
use crate::format::sample::{SegmentBytes, commit, header, values};
use crate::model::clock;
use crate::model::ids::SessionId;

struct AnyType;

impl KnownTypes for AnyType {
    fn fit(&self, _: &TypeRows<'_>) -> VersionFit {
        VersionFit::Exact
    }
}

/// Puts one more session on the disk, with one checkpoint, as a crash leaves it.
fn put(layout: &Layout, number: u128) {
    let session = SessionId::from(uuid::Uuid::from_u128((7 << 76) | (8 << 60) | number));
    let mut header = header(1, 0);
    header.session = session;
    header.metadata.id = session;
    let mut segment = SegmentBytes::new(&header);
    let health = values("game::Health", &[(2, b"ten")]);
    segment.group(vec![health], &commit(1, None));
    let path = layout.segment(&header);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, segment.bytes).unwrap();
}

/// Returns the time that it takes to look at this number of sessions, and to look again.
fn looked(sessions: u128) -> (Duration, Duration) {
    let root = tempfile::tempdir().unwrap();
    let place = |name: &str| Path::new(root.path()).join(name);
    let layout =
        Layout { data: place("data"), state: place("state"), profile: "default".to_owned() };
    (0..sessions).for_each(|number| put(&layout, number));
    let local = Arc::new(LocalStore::new(Arc::new(RealDisk), layout));
    let mut finder = SessionFinder::new(local, Vec::new(), Duration::ZERO);
    let mut look = || {
        let begun = clock::instant();
        let found = detect(&mut finder, &AnyType, Timestamp::UNIX_EPOCH);
        assert_eq!(found.len() as u128, sessions);
        assert!(found.iter().all(|found| found.offers.len() == 1), "each is offered");
        begun.elapsed()
    };
    (look(), look())
}

#[test]
#[ignore = "writes 110,000 sessions"]
fn a_hundred_thousand_sessions_take_as_long_as_ten_times_ten_thousand() {
    let (few, few_again) = looked(10_000);
    let (many, many_again) = looked(100_000);
    let said = format!("10,000: {few:?}, {few_again:?}; 100,000: {many:?}, {many_again:?}");
    crate::deep::tell(&said);
    assert!(many < few * 20 && many_again < few_again * 20, "{said}");
}
