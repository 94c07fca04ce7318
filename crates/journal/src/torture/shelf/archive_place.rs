//! Power cuts while a session goes to a place of archives, and comes back from it.

use std::path::Path;
use std::sync::Arc;

use super::crashes::after_power_cuts;
use super::{closed, digests, stored};
use crate::disk::{ArchiveDisk, Disk, LocalStore, WantedPlace};
use crate::model::session::{Archived, ShelfMove};
use crate::torture::opening::layout;
use crate::write::Upkeep;

/// The store of a process that archives to another directory.
fn with_place(disk: &Arc<dyn Disk>) -> LocalStore {
    let (directory, name) = ("large".into(), "Hop".to_owned());
    let wanted = WantedPlace { directory, name, apart_from: Vec::new() };
    let archives = ArchiveDisk::of_game(disk, &layout(), Some(wanted)).unwrap();
    let disk = Arc::clone(&archives) as Arc<dyn Disk>;
    LocalStore::new(disk, layout()).with_archives(Some(archives))
}

#[test]
fn a_power_cut_leaves_a_session_whole_in_the_data_or_in_the_place_of_archives() {
    let (mut play, session) = closed();
    play.disk.create_dir(Path::new("large")).unwrap();
    play.disk.sync_dir(Path::new("")).unwrap();
    let disk: Arc<dyn Disk> = Arc::new(play.disk.clone());
    let mut cuts = 0;
    for how in [ShelfMove::Archive(Archived::WithWorld), ShelfMove::Unarchive] {
        let from = play.disk.position();
        play.pass(5);
        let moved = Upkeep::of(with_place(&disk)).shelve(session, how, play.now.wall).unwrap();
        let reported = play.disk.position();
        after_power_cuts(&play, from, |position, local| {
            cuts += 1;
            let what = format!("{how:?}, after {position} of {reported} steps");
            let local = with_place(local.store.disk());
            let listed = local.store.sessions().unwrap();
            assert_eq!(listed.iter().filter(|it| **it == session).count(), 1, "{what}");
            let found = stored(&local.store, session);
            let [head] = found.index().heads() else { panic!("{what}: it should be one line") };
            let place = head.metadata.place;
            let is_moved = place == moved.to;
            assert!(is_moved || place == moved.from && position < reported, "{what}: {place:?}");
            assert!(position < reported || local.is_away(session) == moved.to.is_archived());
            let newest = digests(&local.store, session);
            assert!(newest.iter().all(Option::is_some), "{what}: {newest:?}");
        });
    }
    assert!(cuts > 60, "{cuts}");
}
