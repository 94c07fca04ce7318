//! Archives in a place of their own.

// Feature: Archives may be on another drive; without it they are away, not lost.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;
use crate::disk::ArchivesDisk;
use crate::disk::simulated_disk::{Image, Node};

const PLACE: &str = "drive/archives";

fn boot(disk: &SimulatedDisk, now: Moment) -> Game {
    Game::boot_with_archives(disk, Path::new(PLACE), now.wall)
}

/// Looks at all sessions and cleans up by these rules until a move is over: Windows syncs no directories, so only the next
/// cleanup ends one there.
fn clean_on(game: &mut Game, rules: &CleanupRules, now: Moment) -> CleanupOutcome {
    let outcome = clean_once(game, rules, now);
    let is_over = outcome.count(CleanupChange::MovedOut) > 0 || !outcome.refused.is_empty();
    if cfg!(windows) && !is_over { clean_once(game, rules, now) } else { outcome }
}

/// Cleans up until all moves are over, of which some may have been over before on Windows.
fn end_moves(game: &mut Game, rules: &CleanupRules, now: Moment) {
    clean_once(game, rules, now);
    if cfg!(windows) {
        clean_once(game, rules, now);
    }
}

fn clean_once(game: &mut Game, rules: &CleanupRules, mut now: Moment) -> CleanupOutcome {
    game.order(Order::Detect { ticket: None }, now);
    settle(game, &mut now);
    let mut news = game.order(order(rules, true), now);
    news.extend(settle(game, &mut now));
    outcomes(news).remove(0)
}

/// A disk on which this many archived sessions were moved, with those sessions.
fn moved(count: usize) -> (SimulatedDisk, Vec<SessionId>, Moment) {
    let (mut play, sessions) = all_ended(count);
    play.kill();
    let done = clean_on(&mut boot(&play.disk, play.now), &archiving(), play.now);
    assert_eq!(done.count(CleanupChange::MovedOut), count, "{done:?}");
    (play.disk.clone(), sessions, play.now)
}

/// The journals of a session in an image: those in its own directory, and those at the place of archives.
fn journals(image: &Image, session: SessionId) -> [BTreeSet<PathBuf>; 2] {
    let name = session.to_string();
    let of_session = |path: &Path| path.components().any(|part| part.as_os_str() == &*name);
    let files = image.files().map(|(place, _)| place.path().to_path_buf());
    let journals =
        files.filter(|path| of_session(path) && path.extension().is_some_and(|it| it == "journal"));
    let (there, here) = journals.partition(|path| path.starts_with(PLACE));
    [here, there]
}

/// A disk on which the drive is there again, as it was. It hides what was written to its mount point meanwhile.
fn with_drive_of(disk: &SimulatedDisk, before: &Image) -> SimulatedDisk {
    let mut image = disk.image();
    image.take(Path::new("drive"));
    for (place, node) in before.nodes().filter(|(place, _)| place.path().starts_with("drive")) {
        image.put(place.clone(), node.clone());
    }
    SimulatedDisk::from_image(&image)
}

/// Copies what is below a directory, which exists in the other disk already, to another place.
fn copy_below(from: &SimulatedDisk, directory: &Path, to: &SimulatedDisk, place: &Path) {
    let image = from.image();
    for (node_place, node) in image.nodes() {
        let Ok(inside) = node_place.path().strip_prefix(directory) else { continue };
        let target = place.join(inside);
        match node {
            Node::File(_) => {
                let bytes = from.read(node_place.path(), 1 << 20).unwrap();
                to.replace(&target, &bytes).unwrap();
            }
            _ if inside.as_os_str().is_empty() => {}
            _ => to.create_dir(&target).unwrap(),
        }
    }
}

fn verify(game: &Game, session: SessionId) {
    let mut stored = game.local.store.open_session(session).unwrap();
    let [head] = stored.index().heads() else { panic!("{:?}", stored.index().heads()) };
    assert!(head.metadata.place.is_archived(), "{:?}", head.metadata.place);
    let head = head.id;
    assert_eq!(stored.newest_verified(head).unwrap().expect("it is restorable").checkpoint, head);
}

fn remove(game: &mut Game, session: SessionId, mut now: Moment) -> Vec<News> {
    let mut news = game.order(Order::Forget { session, ticket: Ticket::new() }, now);
    news.extend(settle(game, &mut now));
    news
}

#[test]
fn archived_sessions_are_moved_and_found_there() {
    let (disk, sessions, now) = moved(2);
    for session in &sessions {
        let [here, there] = journals(&disk.image(), *session);
        assert_eq!((here.len(), there.len()), (0, 1), "{here:?} {there:?}");
        verify(&boot(&disk, now), *session);
    }
    let done = clean_on(&mut boot(&disk, now), &archiving(), now);
    assert_eq!(done.sessions, [], "there is nothing left to move");
}

#[test]
fn a_move_cut_off_by_a_power_cut_loses_nothing_and_is_finished() {
    let (mut play, sessions) = all_ended(2);
    play.kill();
    // The sessions are archived first, so that the cuts are those of the move.
    let mut game = Game::boot(&play.disk, play.now.wall);
    clean_on(&mut game, &archiving(), play.now);
    drop(game);
    let from = play.disk.position();
    let rules = CleanupRules::default();
    clean_on(&mut boot(&play.disk, play.now), &rules, play.now);
    let trace = play.disk.trace();
    let mut states = BTreeSet::new();
    left_after_each_step(&trace, from, |position, image| {
        let lens = sessions.iter().map(|it| journals(image, *it).map(|it| it.len()));
        states.insert(lens.collect::<Vec<_>>());
        let disk = SimulatedDisk::from_image(image);
        let mut game = boot(&disk, play.now);
        sessions.iter().for_each(|session| verify(&game, *session));
        end_moves(&mut game, &rules, play.now);
        for session in &sessions {
            verify(&game, *session);
            let lens = journals(&disk.image(), *session).map(|it| it.len());
            assert_eq!(lens, [0, 1], "after {position}");
        }
        // Nothing of a session that is removed stays in either place, whatever was left of the move.
        let disk = SimulatedDisk::from_image(image);
        remove(&mut boot(&disk, play.now), sessions[0], play.now);
        let gone = journals(&disk.image(), sessions[0]);
        assert_eq!(gone, [BTreeSet::new(), BTreeSet::new()], "after {position}");
        let (left, name) = (disk.image(), sessions[0].to_string());
        let mut left = left.nodes().map(|(place, _)| place.path().display().to_string());
        let of_session = left.find(|path| path.starts_with(PLACE) && path.contains(&name));
        assert_eq!(of_session, None, "after {position}");
    });
    assert!(
        states.contains(&vec![[1, 0], [1, 0]]) && states.contains(&vec![[0, 1], [0, 1]]),
        "{states:?}"
    );
    assert!(
        states.iter().flatten().any(|lens| *lens == [1, 1]),
        "both have it for a moment: {states:?}"
    );
}

#[test]
fn a_removal_that_is_cut_off_can_be_ended() {
    let (disk, sessions, now) = moved(1);
    let from = disk.position();
    remove(&mut boot(&disk, now), sessions[0], now);
    left_after_each_step(&disk.trace(), from, |position, image| {
        let disk = SimulatedDisk::from_image(image);
        let mut game = boot(&disk, now);
        clean_on(&mut game, &CleanupRules::default(), now);
        remove(&mut game, sessions[0], now);
        let gone = journals(&disk.image(), sessions[0]);
        assert_eq!(gone, [BTreeSet::new(), BTreeSet::new()], "after {position}");
    });
}

#[test]
fn without_its_drive_a_session_is_unreachable_and_not_lost() {
    let (disk, sessions, now) = moved(2);
    let mut unmounted = disk.image();
    unmounted.take(Path::new("drive"));
    let away = SimulatedDisk::from_image(&unmounted);
    // An empty mount point, and another drive in the same place.
    away.create_dir(Path::new("drive")).unwrap();
    away.create_dir(Path::new(PLACE)).unwrap();
    let mut game = boot(&away, now);
    let retention = Retention::default().keep(LeftAs::Completed, Keep::newest_of(0));
    let rules = CleanupRules { retention: Some(retention), ..archiving() };
    let data = game.local.store.layout().data.clone();
    let of_player = |disk: &SimulatedDisk| disk.image().digest_of(|path| path.starts_with(&data));
    let before = of_player(&away);
    assert_ne!(before, 0, "there is something to lose");
    let done = clean_on(&mut game, &rules, now);
    assert_eq!((done.sessions, done.is_complete), (vec![], false));
    for session in &sessions {
        let error = game.local.store.open_session(*session).unwrap_err();
        assert!(crate::disk::with_sources(&error).contains("can't be reached"), "{error:?}");
        let refused = remove(&mut game, *session, now);
        assert!(!refused.iter().any(|news| matches!(news, News::Forgotten { result: Ok(()), .. })));
    }
    assert_eq!(of_player(&away), before);
    drop(game);
    let game = boot(&with_drive_of(&away, &disk.image()), now);
    sessions.iter().for_each(|session| verify(&game, *session));
}

/// A power cut may take a copy there, and nothing says so, until a later cleanup has found it.
#[test]
fn without_directory_syncs_the_next_cleanup_finishes_a_move() {
    let (mut play, sessions) = all_ended(1);
    play.kill();
    play.disk.refuse_directory_syncs();
    let lens = || journals(&play.disk.image(), sessions[0]).map(|it| it.len());
    let first = clean_once(&mut boot(&play.disk, play.now), &archiving(), play.now);
    assert_eq!(first.count(CleanupChange::MovedOut), 0, "{first:?}");
    assert_eq!(lens(), [1, 1]);
    let mut game = boot(&play.disk, play.now);
    let next = clean_once(&mut game, &archiving(), play.now);
    assert_eq!(next.count(CleanupChange::MovedOut), 1, "{next:?}");
    assert_eq!(lens(), [0, 1]);
    verify(&game, sessions[0]);
}

#[test]
fn a_disk_that_fails_at_any_step_of_a_move_leaves_sessions_as_they_were() {
    let (mut play, sessions) = all_ended(2);
    play.kill();
    clean_on(&mut Game::boot(&play.disk, play.now.wall), &archiving(), play.now);
    let archived = play.disk.image();
    let rules = CleanupRules::default();
    let mut refused = 0;
    for kind in [FaultKind::NoSpace, FaultKind::ReadOnly, FaultKind::InputOutput] {
        for step in 0.. {
            let disk = SimulatedDisk::from_image(&archived);
            let mut game = boot(&disk, play.now);
            let mut now = play.now;
            game.order(Order::Detect { ticket: None }, now);
            settle(&mut game, &mut now);
            let at = disk.operations().len() + step;
            disk.fail(Fault { at, kind, for_ever: true });
            let done = clean_on(&mut game, &rules, now);
            if done.count(CleanupChange::MovedOut) == 2 {
                break;
            }
            refused += done.refused.len();
            disk.heal();
            sessions.iter().for_each(|session| verify(&game, *session));
            drop(game);
            let disk = SimulatedDisk::from_image(&disk.image());
            let mut game = boot(&disk, play.now);
            end_moves(&mut game, &rules, play.now);
            for session in &sessions {
                verify(&game, *session);
                assert_eq!(
                    journals(&disk.image(), *session).map(|it| it.len()),
                    [0, 1],
                    "{kind:?} {step}"
                );
            }
        }
    }
    assert!(refused > 0);
}

/// The drive, which was used before, goes away after this many turns of a cleanup, with or without what it was not made to
/// keep, and its mount point is an empty directory then.
#[test]
fn a_drive_that_disappears_during_a_move_loses_nothing() {
    let (mut play, sessions) = all_ended(2);
    play.kill();
    clean_on(&mut boot(&play.disk, play.now), &CleanupRules::default(), play.now);
    clean_on(&mut Game::boot(&play.disk, play.now.wall), &archiving(), play.now);
    let archived = play.disk.image();
    assert!(archived.holds(&Path::new(PLACE).join("bevy_session.archives")));
    for turns in 0.. {
        let disk = SimulatedDisk::from_image(&archived);
        let mut now = play.now;
        let mut game = boot(&disk, now);
        game.order(Order::Detect { ticket: None }, now);
        settle(&mut game, &mut now);
        game.order(order(&CleanupRules::default(), true), now);
        for _ in 0..turns {
            now.elapsed += Duration::from_millis(10);
            game.turn(now);
        }
        let was_done = game.is_idle();
        let mut left = Vec::new();
        left_after_each_step(&disk.trace(), disk.position(), |_, image| left.push(image.clone()));
        for (place, node) in
            disk.image().nodes().filter(|(place, _)| place.path().starts_with("drive"))
        {
            let is_file = matches!(node, Node::File(_));
            if is_file && place.path().starts_with(PLACE) {
                disk.remove(place.path()).unwrap();
            }
        }
        settle(&mut game, &mut now);
        drop(game);
        for drive in &left {
            let game = boot(&with_drive_of(&disk, drive), play.now);
            sessions.iter().for_each(|session| verify(&game, *session));
        }
        if was_done {
            break;
        }
    }
}

#[test]
fn an_unarchived_session_is_moved_back_from_the_drive() {
    let (disk, sessions, now) = moved(1);
    let mut game = boot(&disk, now);
    let mut later = now;
    let (session, how, ticket) = (sessions[0], ShelfMove::Unarchive, Ticket::new());
    game.order(Order::Shelve { session, how, ticket }, now);
    settle(&mut game, &mut later);
    assert!(place_of(&game, sessions[0]).is_open());
    let rules = CleanupRules::default();
    (0..2).for_each(|_| drop(clean_on(&mut game, &rules, later)));
    let [here, there] = journals(&disk.image(), sessions[0]);
    assert!(!here.is_empty() && there.is_empty(), "{here:?} {there:?}");
    drop(game);
    let mut image = disk.image();
    image.take(Path::new("drive"));
    let game = Game::boot(&SimulatedDisk::from_image(&image), now.wall);
    assert!(place_of(&game, sessions[0]).is_open(), "it needs the drive no more");
}

#[test]
fn a_drive_that_is_mounted_elsewhere_is_found_by_its_id() {
    let (disk, sessions, now) = moved(1);
    let mut image = disk.image();
    image.take(Path::new("drive"));
    let elsewhere = SimulatedDisk::from_image(&image);
    elsewhere.create_dir(Path::new("other")).unwrap();
    copy_below(&disk, Path::new("drive"), &elsewhere, Path::new("other"));
    let game = Game::boot_with_archives(&elsewhere, Path::new("other/archives"), now.wall);
    verify(&game, sessions[0]);
    let game = boot(&elsewhere, now);
    assert!(game.local.store.open_session(sessions[0]).is_err(), "nobody said where it is");
}

#[test]
fn a_copy_of_the_sessions_reads_archives_and_removes_none() {
    let (disk, sessions, now) = moved(1);
    let layout = boot(&disk, now).local.store.layout().clone();
    let copy = Path::new("copy").join(&layout.data);
    let above: Vec<&Path> = copy.ancestors().collect();
    above.into_iter().rev().for_each(|directory| drop(disk.create_dir(directory)));
    copy_below(&disk.clone(), &layout.data, &disk, &copy);
    let copied = Layout { data: copy, state: "copied-state".into(), ..layout };
    let shared: Arc<dyn Disk> = Arc::new(ArchivesDisk::new(Arc::new(disk.clone())));
    let mut copy = Game::boot_on(shared, copied, now.wall);
    verify(&copy, sessions[0]);
    let refused = remove(&mut copy, sessions[0], now);
    assert!(!refused.iter().any(|news| matches!(news, News::Forgotten { result: Ok(()), .. })));
    verify(&boot(&disk, now), sessions[0]);
}
