//! Answers that are kept, merged, damaged and removed.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use crate::disk::sealed::seal;
use crate::disk::{MemoryDisk, Operation};
use crate::model::session::{ConsentAnswer, Purpose};

fn store(disk: &MemoryDisk) -> DirectoryStore {
    let layout =
        Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
    DirectoryStore::new(Arc::new(disk.clone()), layout)
}

fn answered(player: Option<&str>, purpose: Purpose, is_given: bool, second: i64) -> PlayerConsent {
    let at = Some(Timestamp::from_second(second).unwrap());
    let answer = ConsentAnswer { is_given, version: 3, at };
    let answers = [(purpose.name().to_owned(), answer)].into();
    PlayerConsent { player: player.map(str::to_owned), answers }
}

fn paths(disk: &MemoryDisk) -> Vec<PathBuf> {
    let is_consent = |path: &PathBuf| path.extension().is_some_and(|it| it == "consent");
    disk.paths().into_iter().filter(is_consent).collect()
}

#[test]
fn each_player_and_the_unnamed_one_has_a_consent_file() {
    let disk = MemoryDisk::default();
    let store = store(&disk);
    let files = ConsentFiles::of(&store);
    assert_eq!(files.read(), []);
    let names = [None, Some(""), Some("Ann"), Some("ann"), Some("../x")];
    for name in names {
        files.write(&answered(name, Purpose::Insights, true, 1)).unwrap();
    }
    assert_eq!(paths(&disk).len(), names.len());
    assert_eq!(files.read().len(), names.len());
    assert_eq!(files.of_player("Ann"), Some(answered(Some("Ann"), Purpose::Insights, true, 1)));
    assert_eq!(files.of_player("Ben"), None);
}

#[test]
fn the_newest_answer_among_copies_counts_for_each_purpose() {
    let disk = MemoryDisk::default();
    let store = store(&disk);
    let files = ConsentFiles::of(&store);
    files.write(&answered(Some("Ann"), Purpose::Replica, true, 5)).unwrap();
    let copy = |of: &str| {
        let stem = consent_stem(Some("Ann"));
        store.layout().consents().join(format!("{stem}{of}"))
    };
    for (name, other) in [
        (" (conflicted copy).consent", answered(Some("Ann"), Purpose::Replica, false, 4)),
        (" (conflicted copy 2).consent", answered(Some("Ann"), Purpose::Reports, false, 4)),
    ] {
        disk.put(&copy(name), &seal(KIND, &other).unwrap());
    }
    let read = files.of_player("Ann").unwrap();
    assert!(read.answers["replica"].is_given && !read.answers["reports"].is_given, "{read:?}");
    disk.put(
        &copy("-3.consent"),
        &seal(KIND, &answered(Some("Ann"), Purpose::Replica, false, 5)).unwrap(),
    );
    let read = files.of_player("Ann").unwrap();
    assert!(!read.answers["replica"].is_given, "in doubt it isn't given");
}

#[test]
fn torn_and_newer_consent_files_are_put_aside_by_a_new_answer() {
    let newer = SealKind { version: KIND.version + 1, ..KIND };
    let ann = answered(Some("Ann"), Purpose::Reports, true, 1);
    let whole = seal(KIND, &ann).unwrap();
    for bytes in [whole[..30].to_vec(), seal(newer, &ann).unwrap()] {
        let disk = MemoryDisk::default();
        let store = store(&disk);
        let files = ConsentFiles::of(&store);
        let path = store.layout().consent(Some("Ann"));
        disk.put(&path, &bytes);
        assert_eq!(files.of_player("Ann"), None);
        assert_eq!(disk.content(&path), Some(bytes.clone()), "reading changes nothing");
        files.write(&ann).unwrap();
        assert_eq!(files.of_player("Ann"), Some(ann.clone()));
        let other: Vec<_> = paths(&disk).into_iter().filter(|it| *it != path).collect();
        assert_eq!(other.len(), 1);
        assert_eq!(disk.content(&other[0]), Some(bytes), "it isn't lost");
        files.write(&ann).unwrap();
        assert_eq!(paths(&disk).len(), 2, "once is enough");
        let name = other[0].file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with(&consent_stem(Some("Ann"))), "{name}");
        assert!(files.has("Ann").unwrap() && !files.has("Ben").unwrap());
    }
}

#[test]
fn consent_does_not_count_beside_an_unreadable_file() {
    let disk = MemoryDisk::default();
    let store = store(&disk);
    let files = ConsentFiles::of(&store);
    for name in ["Ann", "Ben"] {
        files.write(&answered(Some(name), Purpose::Insights, true, 1)).unwrap();
        files.write(&answered(Some(name), Purpose::Replica, false, 1)).unwrap();
    }
    let given = |files: &ConsentFiles<'_>| {
        let kept = files.read_for_use();
        assert!(kept.players.iter().all(|it| !it.answers["replica"].is_given), "a refusal counts");
        let given = kept.players.iter().filter(|it| it.answers.contains_key("insights"));
        let given: Vec<_> = given.filter_map(|it| it.player.clone()).collect();
        (given, kept.is_complete, kept.all_agree(Purpose::Insights, Some(3)))
    };
    assert_eq!(given(&files), (vec!["Ann".to_owned(), "Ben".to_owned()], true, true));
    let stem = consent_stem(Some("Ann"));
    let copy = store.layout().consents().join(format!("{stem} (conflicted copy).consent"));
    disk.put(&copy, b"of a newer version");
    assert_eq!(given(&files), (vec!["Ben".to_owned()], false, false));
    disk.remove(&copy).unwrap();
    // What was put aside is older than the answers in its place.
    disk.put(&store.layout().consent_aside(Some("Ann"), 7), b"of a newer version");
    assert!(given(&files).1);
    disk.put(&store.layout().consent(Some("Ann")), b"torn");
    assert_eq!(given(&files), (vec!["Ben".to_owned()], false, false));
    assert!(!ConsentFiles::read_of_all_profiles(&store).unwrap()[0].is_complete);
}

#[test]
fn a_player_is_removed_with_all_files_and_others_stay() {
    let disk = MemoryDisk::default();
    let store = store(&disk);
    let files = ConsentFiles::of(&store);
    disk.put(&store.layout().consent(Some("Ann")), b"torn");
    for name in ["Ann", "Ben"] {
        files.write(&answered(Some(name), Purpose::Insights, false, 1)).unwrap();
    }
    assert_eq!(paths(&disk).len(), 3);
    let now = Timestamp::UNIX_EPOCH;
    let erased = files.to_be_erased("Ann", now).unwrap().unwrap();
    assert!(erased.until > now, "the clock is behind");
    // A copy by hand.
    let copy = store.layout().consents().join("Copy of Ann's.consent");
    disk.put(&copy, &disk.content(&store.layout().consent(Some("Ann"))).unwrap());
    let removed = files.remove(&erased).unwrap();
    assert!(removed.files == 3 && removed.bytes > 4, "{removed:?}");
    assert_eq!(paths(&disk), [store.layout().consent(Some("Ben"))]);
    assert_eq!(files.remove(&erased).unwrap().files, 0);
}

#[test]
fn an_answer_given_after_the_erasure_is_kept() {
    let disk = MemoryDisk::default();
    let store = store(&disk);
    let files = ConsentFiles::of(&store);
    files.write(&answered(Some("Ann"), Purpose::Insights, true, 1)).unwrap();
    let erased = files.to_be_erased("Ann", Timestamp::UNIX_EPOCH).unwrap().unwrap();
    files.write(&answered(Some("Ann"), Purpose::Reports, false, 2)).unwrap();
    assert_eq!(files.remove(&erased).unwrap().files, 0);
    assert_eq!(files.of_player("Ann"), Some(answered(Some("Ann"), Purpose::Reports, false, 2)));
}

#[test]
fn new_answers_are_added_to_those_of_another_process() {
    let disk = MemoryDisk::default();
    let store = store(&disk);
    let files = ConsentFiles::of(&store);
    files.write(&answered(Some("Ann"), Purpose::Replica, false, 5)).unwrap();
    files.write(&answered(Some("Ann"), Purpose::Insights, true, 3)).unwrap();
    files.write(&answered(Some("Ann"), Purpose::Replica, true, 4)).unwrap();
    let kept = files.of_player("Ann").unwrap();
    assert!(!kept.answers["replica"].is_given && kept.answers["insights"].is_given, "{kept:?}");
}

#[test]
fn a_file_that_cannot_be_read_now_is_not_replaced() {
    let disk = MemoryDisk::default();
    let store = store(&disk);
    let files = ConsentFiles::of(&store);
    files.write(&answered(Some("Ann"), Purpose::Replica, false, 5)).unwrap();
    disk.fail_always(Operation::Read, io::ErrorKind::PermissionDenied);
    files.write(&answered(Some("Ann"), Purpose::Insights, true, 6)).unwrap_err();
    disk.heal();
    files.write(&answered(Some("Ann"), Purpose::Insights, true, 6)).unwrap();
    assert!(!files.of_player("Ann").unwrap().answers["replica"].is_given);
}

#[test]
fn a_file_without_a_valid_answer_is_put_aside_once() {
    let disk = MemoryDisk::default();
    let store = store(&disk);
    let files = ConsentFiles::of(&store);
    let path = store.layout().consent(Some("Ann"));
    disk.put(&path, &vec![0; MAX_BYTES + 1]);
    assert!(files.of_player("Ann").is_none() && files.has("Ann").unwrap());
    let ann = answered(Some("Ann"), Purpose::Reports, true, 1);
    files.write(&ann).unwrap();
    assert_eq!(files.of_player("Ann"), Some(ann.clone()));
    assert_eq!(paths(&disk).len(), 2);

    // A second player whose name has the same hash.
    disk.put(&path, &seal(KIND, &answered(Some("Ben"), Purpose::Reports, false, 1)).unwrap());
    assert_eq!(files.of_player("Ann"), None);
    files.write(&ann).unwrap();
    assert_eq!(files.of_player("Ann"), Some(ann));
    let bens = files.read().into_iter().find(|it| it.player.as_deref() == Some("Ben"));
    assert!(!bens.unwrap().answers["reports"].is_given);
}
