//! A player is erased: nothing of theirs is left anywhere, and everything of others is as it was.

mod audit;
mod interrupted;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{Action, Game, Play};
use crate::disk::simulated_disk::{Fault, FaultKind, Image, SimulatedDisk};
use crate::disk::{ConsentFiles, Disk, ErasureFiles, Kept, Layout, LocalStore, read_all};
use crate::format::{CheckpointKind, FRAME_HEADER_BYTES, FrameHeader, FrameOpener, Segment};
use crate::model::clock::Moment;
use crate::model::ids::{SessionId, Ticket};
use crate::model::session::{
    Archived, ConsentAnswer, ErasureReceipt, PlayerConsent, Remaining, RequestError, SessionUpdate,
    ShelfMove, SlotError,
};
use crate::read::digest::DigestOrder;
use crate::write::{CleanupOutcome, News, Order, Upkeep};

/// Lets the writer work until it has nothing to do.
fn settle(game: &mut Game, now: &mut Moment) -> Vec<News> {
    let (mut news, mut idle) = (Vec::new(), 0);
    while idle < 3 {
        now.elapsed += Duration::from_millis(10);
        news.extend(game.turn(*now));
        idle = if game.is_idle() { idle + 1 } else { 0 };
    }
    news
}

fn order(play: &mut Play, order: Order<super::content::Bytes>) -> Vec<News> {
    let mut news = play.game.order(order, play.now);
    let mut now = play.now;
    news.extend(settle(&mut play.game, &mut now));
    play.now.elapsed = now.elapsed;
    news
}

fn answer(news: Vec<News>) -> Result<ErasureReceipt, RequestError> {
    let answers = news.into_iter().filter_map(|report| match report {
        News::PlayerErased { result, .. } => Some(result.map(|receipt| *receipt)),
        _ => None,
    });
    let mut answers: Vec<_> = answers.collect();
    assert_eq!(answers.len(), 1, "it is answered, once");
    answers.remove(0)
}

fn erase(play: &mut Play, player: &str) -> Result<ErasureReceipt, RequestError> {
    let (player, ticket) = (player.to_owned(), Ticket::new());
    let mut news = order(play, Order::ErasePlayer { player, ticket });
    // It may wait for another process.
    while !news.iter().any(|report| matches!(report, News::PlayerErased { .. })) {
        play.now.elapsed += Duration::from_millis(10);
        news.extend(play.game.turn(play.now));
    }
    answer(news)
}

fn clean(game: &mut Game, now: &mut Moment) -> CleanupOutcome {
    let (rules, ticket) = (Box::default(), Some(Ticket::new()));
    let mut news = game.order(Order::CleanUp { rules, ticket }, *now);
    news.extend(settle(game, now));
    let outcome = news.into_iter().find_map(|report| match report {
        News::CleanedUp { outcome, .. } => Some(*outcome),
        _ => None,
    });
    outcome.expect("it is answered")
}

fn name_player(play: &mut Play, session: SessionId, player: &str) {
    let update = Box::new(SessionUpdate::default().player(player));
    order(play, Order::Edit { session, update, ticket: Ticket::new() });
}

/// A session of a player, with a slot of its own and events, in the files of two runs.
fn session_of(play: &mut Play, player: &str) -> SessionId {
    use Action::{Attach, Auto, Close, Full, Kill, Manual, Overwrite, Recover, Settle, Start};
    let before = play.game.local.store.sessions().unwrap_or_default();
    play.perform(&[Start, Settle, Auto]);
    play.checkpoint_after_events(CheckpointKind::Manual, 3);
    play.perform(&[Full, Manual, Settle, Close, Settle]);
    let sessions = play.game.local.store.sessions().unwrap();
    let session = sessions.into_iter().find(|it| !before.contains(it)).unwrap();
    name_player(play, session, player);
    play.perform(&[Kill, Recover, Settle, Full, Overwrite, Attach, Settle, Auto, Close, Settle]);
    session
}

/// The players answer what is done with their data.
fn answer_of(play: &mut Play, players: &[&str]) {
    for player in players {
        let at = Some(play.now.wall);
        let answer = ConsentAnswer { is_given: true, version: 1, at };
        let answers = [("insights".to_owned(), answer)].into();
        let consent = Box::new(PlayerConsent { player: Some((*player).to_owned()), answers });
        let profile = play.game.local.store.layout().profile.clone();
        order(play, Order::KeepConsent { profile, consent });
    }
}

fn digest(play: &mut Play) {
    let name = "All events";
    let refresh = Order::Digest { order: DigestOrder::Refresh { name }, ticket: Ticket::new() };
    order(play, refresh);
}

/// A library of two players, of whom the name of one is the beginning of the other's, with others beside: in the trash and
/// the archive, with an index and digests.
struct Library {
    play: Play,
    of: BTreeMap<&'static str, Vec<SessionId>>,
}

const PLAYERS: [&str; 4] = ["Ann-Q", "Ann-Qabel", "level", "\u{30d7}\u{30ec}\u{30a4}"];

impl Library {
    fn new(seed: u64) -> Self {
        let mut play = Play::new(SimulatedDisk::default(), seed);
        let mut of: BTreeMap<&'static str, Vec<SessionId>> = BTreeMap::new();
        for _ in 0..2 {
            for player in PLAYERS {
                of.entry(player).or_default().push(session_of(&mut play, player));
            }
        }
        for (player, sessions) in &of {
            let archive = ShelfMove::Archive(Archived::WithWorld);
            for (session, how) in [(sessions[0], ShelfMove::Delete), (sessions[1], archive)] {
                let update = SessionUpdate::default().name("Marsh");
                let update = Box::new(update.field("of", &format!("it is {player}'s")).unwrap());
                order(&mut play, Order::Edit { session, update, ticket: Ticket::new() });
                order(&mut play, Order::Shelve { session, how, ticket: Ticket::new() });
            }
        }
        of.get_mut("Ann-Q").unwrap().push(session_of(&mut play, "Ann-Q"));
        play.kill();
        answer_of(&mut play, &PLAYERS);
        order(&mut play, Order::Detect { ticket: None });
        digest(&mut play);
        play.game.finish(play.now);
        play.kill();
        // The index of a game that knows its types, and what another program keeps.
        let layout = play.game.local.store.layout();
        for path in [layout.catalog_index(), layout.digests("Figures")] {
            play.disk.replace(&path, PLAYERS.concat().as_bytes()).unwrap();
        }
        Self { play, of }
    }

    /// The files of the other players: of sessions and of slots.
    fn others(&self, image: &Image, player: &str) -> BTreeMap<PathBuf, Arc<Vec<u8>>> {
        let ids = |sessions: &Vec<SessionId>| {
            sessions.iter().map(SessionId::to_string).collect::<Vec<_>>()
        };
        let own: Vec<String> = self.of.get(player).map(ids).unwrap_or_default();
        let is_own = |path: &Path, bytes: &Arc<Vec<u8>>| match path.to_str() {
            Some(_) if is_below(path, "slots") => slot_player(bytes).as_deref() == Some(player),
            Some(path) => own.iter().any(|id| path.contains(id)),
            None => false,
        };
        let files = image
            .files()
            .map(|(place, content)| (place.path().to_path_buf(), Arc::clone(content.bytes())));
        files.filter(|(path, bytes)| is_library(path) && !is_own(path, bytes)).collect()
    }
}

fn is_library(path: &Path) -> bool {
    is_below(path, "sessions") || is_below(path, "slots")
}

fn is_below(path: &Path, directory: &str) -> bool {
    path.parent().is_some_and(|parent| parent.iter().any(|part| part == directory))
}

fn segment(bytes: &[u8]) -> Option<Segment> {
    let disk = SimulatedDisk::default();
    let path = Path::new("/x");
    disk.create_dir(Path::new("/")).ok();
    disk.replace(path, bytes).ok()?;
    Segment::open(path, disk.open(path).ok()?).ok()
}

fn slot_player(bytes: &[u8]) -> Option<String> {
    segment(bytes)?.header().metadata.player.clone()
}

/// Returns true if a name is in some bytes, and not as the beginning of the longer name.
fn names(bytes: &[u8], name: &str) -> bool {
    let longer =
        PLAYERS.iter().filter_map(|other| other.strip_prefix(name)).find(|it| !it.is_empty());
    let places = bytes.windows(name.len()).enumerate().filter(|(_, it)| *it == name.as_bytes());
    places
        .map(|(at, _)| bytes.get(at + name.len()..).unwrap_or_default())
        .any(|rest| longer.is_none_or(|longer| !rest.starts_with(longer.as_bytes())))
}

/// Returns true if a name is anywhere in a file, also in frames that are compressed.
fn is_named_in(bytes: &[u8], name: &str) -> bool {
    if names(bytes, name) {
        return true;
    }
    let Some(nonce) = segment(bytes).map(|segment| segment.header().nonce) else { return false };
    let mut opener = FrameOpener::new(nonce);
    (0..bytes.len()).any(|at| {
        let frame = bytes.get(at..).unwrap_or_default();
        let Some(header) = FrameHeader::decode(frame, nonce) else { return false };
        let end = FRAME_HEADER_BYTES + header.stored_len as usize;
        let stored = frame.get(FRAME_HEADER_BYTES..end);
        let opened = stored.map(|stored| opener.open_slice(&header, stored));
        opened.is_some_and(|opened| opened.is_ok_and(|raw| names(&raw, name)))
    })
}

/// The files in which a name is found, of all that are on the disk.
fn files_that_name(image: &Image, name: &str) -> Vec<PathBuf> {
    let files = image.files().filter(|(_, content)| is_named_in(content.bytes(), name));
    files.map(|(place, _)| place.path().to_path_buf()).collect()
}

// Feature: `erase_player` removes a player from this machine's profile, with a receipt.
// Page: guide/players-data.md#removing-a-player
#[test]
fn an_erasure_removes_everything_of_the_player_and_nothing_of_others() {
    for player in PLAYERS {
        let mut library = Library::new(50);
        let before = library.play.disk.image();
        assert!(files_that_name(&before, player).len() > 8, "there is much to be erased");
        let others = library.others(&before, player);
        let receipt = erase(&mut library.play, player).unwrap();
        assert_eq!(receipt.sessions, library.of[player].len(), "{receipt:?}");
        assert!(receipt.is_complete() && receipt.slots >= 1, "{receipt:?}");
        assert!(receipt.remaining.contains(&Remaining::Elsewhere));
        let after = library.play.disk.image();
        assert_eq!(library.others(&after, player), others, "{player}: others are as they were");
        // Those that are made again while nothing is played aren't gone.
        let gone = before.files().filter(|(place, _)| after.file(place.path()).is_none());
        let gone: Vec<_> = gone.filter(|(place, _)| is_library(place.path())).collect();
        assert!(receipt.files >= gone.len() as u64, "{receipt:?}: {gone:?}");
        let bytes: usize = gone.iter().map(|(_, content)| content.bytes().len()).sum();
        assert!(receipt.bytes >= bytes as u64, "{receipt:?}: {bytes}");
        library.play.game.finish(library.play.now);
        let after = library.play.disk.image();
        assert_eq!(files_that_name(&after, player), Vec::<PathBuf>::new(), "{player}");
        let own = library.of[player].iter().map(SessionId::to_string).collect::<Vec<_>>();
        let is_of_own = |path: &Path| own.iter().any(|id| path.to_string_lossy().contains(id));
        let consents = ConsentFiles::of(&library.play.game.local.store).read();
        assert_eq!(consents.len(), PLAYERS.len() - 1, "those of the others are kept");
        let left = after.files().filter(|(place, _)| is_of_own(place.path()));
        assert_eq!(left.count(), 0, "neither a lock nor a trial is left");
        for (place, _) in after.files() {
            assert!(
                Kept::of(place.path()).is_some(),
                "{} is in the inventory",
                place.path().display()
            );
        }
        library.play.kill();
        assert_eq!(erase(&mut library.play, player), Err(RequestError::UnknownPlayer));
    }
}

#[test]
fn consent_of_a_player_without_sessions_is_erased_despite_a_refusal() {
    let mut library = small_library(67);
    answer_of(&mut library.play, &["Cleo"]);
    let path = library.play.game.local.store.layout().consent(Some("Cleo"));
    // As soon as the erasure can be noted, everything after that is refused.
    let removed = (0..800).any(|skip| {
        let at = library.play.disk.operations().len() + skip;
        library.play.disk.fail(Fault { at, kind: FaultKind::InputOutput, for_ever: true });
        let answered = erase(&mut library.play, "Cleo");
        library.play.disk.heal();
        match answered {
            Err(_) => false,
            Ok(receipt) => {
                let is_there = library.play.disk.open(&path).is_ok();
                assert!(is_there && !receipt.is_complete(), "{receipt:?}");
                true
            }
        }
    });
    assert!(removed, "it was begun once");
    let mut now = library.play.now;
    clean(&mut library.play.game, &mut now);
    library.play.game.finish(now);
    assert_eq!(files_that_name(&library.play.disk.image(), "Cleo"), Vec::<PathBuf>::new());
    library.play.kill();
    assert_eq!(erase(&mut library.play, "Cleo"), Err(RequestError::UnknownPlayer));
    assert_eq!(ConsentFiles::of(&library.play.game.local.store).read().len(), 2);
}

#[test]
fn a_continued_erasure_removes_torn_answers_and_keeps_later_ones() {
    let mut library = small_library(67);
    let store = library.play.game.local.store.clone();
    let torn = store.layout().consent_aside(Some("Ann-Q"), 7);
    library.play.disk.replace(&torn, b"torn").unwrap();
    let others = store.layout().consent_aside(Some("Ann-Qabel"), 7);
    library.play.disk.replace(&others, b"torn").unwrap();
    let played = library.of["Ann-Q"][0];
    let lock = store.lock_session(played).unwrap().expect("nobody plays it");
    let receipt = erase(&mut library.play, "Ann-Q").unwrap();
    assert!(receipt.remaining.contains(&Remaining::InUse { session: played }), "{receipt:?}");
    let files = ConsentFiles::of(&store);
    assert!(files.of_player("Ann-Q").is_some(), "while it is played, an answer counts");
    library.play.now.wall += jiff::SignedDuration::from_secs(5);
    answer_of(&mut library.play, &["Ann-Q"]);
    drop(lock);
    let mut now = library.play.now;
    clean(&mut library.play.game, &mut now);
    let image = library.play.disk.image();
    assert!(image.file(&torn).is_none() && image.file(&others).is_some());
    let later = files.of_player("Ann-Q").unwrap();
    assert!(later.answered_at() == Some(now.wall), "{later:?}");
    assert!(files.of_player("Ann-Qabel").is_some());
}

#[test]
fn digests_are_written_again_without_the_player() {
    let mut library = Library::new(66);
    digest(&mut library.play);
    erase(&mut library.play, "Ann-Q").unwrap();
    let now = library.play.now;
    library.play.game.finish(now);
    let store = &library.play.game.local.store;
    let digests = store.index().read_digests("All events").unwrap().expect("they are there");
    let kept: BTreeSet<SessionId> = digests.sessions.iter().map(|session| session.id).collect();
    let others = library.of.iter().filter(|(player, _)| **player != "Ann-Q");
    assert_eq!(kept, others.flat_map(|(_, sessions)| sessions.iter().copied()).collect());
}

#[test]
fn an_erasure_matches_whole_names_and_an_unknown_one_changes_nothing() {
    let mut library = Library::new(51);
    let before = library.play.disk.image();
    for player in
        ["", "A", "Ann-", "nn-Q", "ann-q", "Ann-Q ", "Ann-Qa", "lev", "it is level's", "Marsh"]
    {
        assert_eq!(erase(&mut library.play, player), Err(RequestError::UnknownPlayer), "{player}");
    }
    let after = library.play.disk.image();
    assert_eq!(after.digest_of(is_library), before.digest_of(is_library));
    assert!(
        !after.files().any(|(place, _)| place.path().extension().is_some_and(|it| it == "erasure"))
    );
}

/// One of each, so that every step can be tried.
fn small_library(seed: u64) -> Library {
    let mut play = Play::new(SimulatedDisk::default(), seed);
    let mut of = BTreeMap::new();
    for player in ["Ann-Q", "Ann-Qabel", "Ann-Q"] {
        let session = session_of(&mut play, player);
        of.entry(player).or_insert_with(Vec::new).push(session);
    }
    answer_of(&mut play, &["Ann-Q", "Ann-Qabel"]);
    order(&mut play, Order::Detect { ticket: None });
    play.game.finish(play.now);
    // All of it is durable.
    Library { play: play.on_device(3, &[]), of }
}

fn has_erasure(image: &Image) -> bool {
    let mut files = image.files();
    files.any(|(place, _)| place.path().extension().is_some_and(|it| it == "erasure"))
}

/// Puts files back that were there before.
fn bring_back(disk: &SimulatedDisk, image: &Image, is_meant: impl Fn(&Path) -> bool) {
    for (place, content) in image.files().filter(|(place, _)| is_meant(place.path())) {
        let mut above: Vec<&Path> = place.path().ancestors().skip(1).collect();
        above.reverse();
        above.into_iter().for_each(|directory| drop(disk.create_dir(directory)));
        disk.replace(place.path(), content.bytes()).unwrap();
    }
}

#[test]
fn a_played_session_is_erased_once_it_is_left() {
    for is_played_here in [true, false] {
        let mut library = small_library(58);
        let session = library.of["Ann-Q"][1];
        let mut lock = None;
        match is_played_here {
            true => library.play.perform(&[Action::Recover, Action::Settle]),
            false => lock = library.play.game.local.store.lock_session(session).unwrap(),
        }
        assert_eq!(library.play.played(), is_played_here.then_some(session));
        let receipt = erase(&mut library.play, "Ann-Q").unwrap();
        assert!(receipt.remaining.contains(&Remaining::InUse { session }), "{receipt:?}");
        assert_eq!((receipt.sessions, receipt.is_complete()), (1, false));
        let mut now = library.play.now;
        assert_eq!(clean(&mut library.play.game, &mut now).sessions, [], "it is played");
        drop(lock);
        if is_played_here {
            // What is saved of it meanwhile goes with it.
            use Action::{Auto, Close, SaveSlot, Settle};
            library.play.perform(&[Auto, SaveSlot, Settle, Auto, Settle, Close, Settle]);
        }
        let mut now = library.play.now;
        let done = clean(&mut library.play.game, &mut now);
        assert_eq!(done.sessions[0].session, session);
        library.play.game.finish(now);
        let after = library.play.disk.image();
        assert_eq!(files_that_name(&after, "Ann-Q"), Vec::<PathBuf>::new());
    }
}

#[test]
fn slots_that_another_process_works_on_are_waited_for() {
    let mut library = small_library(59);
    let lock = library.play.game.local.store.slots().lock().unwrap();
    let receipt = erase(&mut library.play, "Ann-Q");
    // While it waits, nothing else does anything: ten seconds pass by the clock of the test.
    let receipt = receipt.unwrap();
    let error = RequestError::from(SlotError::InUse);
    assert!(receipt.remaining.contains(&Remaining::SlotsRefused { error }), "{receipt:?}");
    assert_eq!((receipt.sessions, receipt.slots), (2, 0));
    drop(lock);
    let mut now = library.play.now;
    clean(&mut library.play.game, &mut now);
    library.play.game.finish(now);
    assert_eq!(files_that_name(&library.play.disk.image(), "Ann-Q"), Vec::<PathBuf>::new());
}

#[test]
fn an_erasure_names_and_keeps_forks_and_sessions_of_later_players() {
    use Action::{Auto, Close, Recover, Settle, Start};
    let mut origin = Play::new(SimulatedDisk::default(), 60);
    origin.perform(&[Start, Auto, Settle, Auto, Settle, Close, Settle]);
    let session = origin.sessions().next().unwrap();
    let mut elsewhere = origin.on_device(1, &[Recover, Auto, Settle, Close, Settle]);
    name_player(&mut elsewhere, session, "Ben");
    let mut here = origin.on_device(2, &[Recover, Auto, Auto, Settle, Close, Settle]);
    name_player(&mut here, session, "Ann-Q");
    let former = session_of(&mut here, "Ann-Q");
    name_player(&mut here, former, "Cleo");
    bring_back(&here.disk, &elsewhere.disk.image(), |path| {
        is_library(path) && path.extension().is_some_and(|it| it == "journal")
    });
    here.kill();
    let before = here.disk.image();
    assert_eq!(here.game.local.store.open_session(session).unwrap().index().heads().len(), 2);
    let receipt = erase(&mut here, "Ann-Q").unwrap();
    assert!(receipt.remaining.contains(&Remaining::Forked { session }), "{receipt:?}");
    assert!(receipt.remaining.contains(&Remaining::Former { session: former }), "{receipt:?}");
    assert_eq!(receipt.sessions, 0);
    let is_session = |path: &Path| is_below(path, "sessions");
    assert_eq!(here.disk.image().digest_of(is_session), before.digest_of(is_session));
}

#[test]
fn an_erasure_removes_the_process_records_of_its_sessions_only() {
    use Action::{Auto, Kill, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 61);
    session_of(&mut play, "Ann-Q");
    play.kill();
    play.perform(&[Start, Auto, Settle]);
    let other = play.played().unwrap();
    play.perform(&[Kill]);
    let before = play.game.local.store.sessions().unwrap();
    play.perform(&[Start, Auto, Settle]);
    let own = play.played().unwrap();
    play.perform(&[Kill]);
    assert!(!before.contains(&own));
    name_player(&mut play, own, "Ann-Q");
    play.kill();
    let state = play.game.local.store.layout().state.clone();
    let holds = |play: &Play, session: SessionId| {
        let records = read_all(&play.disk, &state).unwrap().into_iter();
        let runs = records.filter_map(|found| found.record.ok()).flat_map(|record| record.runs);
        runs.filter(|held| held.session == session).count()
    };
    assert!(holds(&play, own) > 0 && holds(&play, other) > 0);
    let receipt = erase(&mut play, "Ann-Q").unwrap();
    assert!(receipt.is_complete(), "{receipt:?}");
    assert_eq!(holds(&play, own), 0, "its record is gone");
    assert!(holds(&play, other) > 0, "the other's crash still waits for an answer");
}

#[test]
fn only_the_newest_erasures_are_kept() {
    let mut play = Play::new(SimulatedDisk::default(), 62);
    for number in 0..8 {
        let player = format!("Player-{number}");
        session_of(&mut play, &player);
        play.kill();
        erase(&mut play, &player).unwrap();
    }
    let erasures = ErasureFiles::of(&play.game.local.store).read().unwrap();
    assert_eq!(erasures.len(), 4, "the oldest are gone");
    assert!(erasures.iter().all(|erasure| erasure.is_done));
}

#[test]
fn an_erasure_by_the_tool_is_previewed_and_equals_that_of_the_game() {
    let library = small_library(63);
    let before = library.play.disk.image();
    let others = library.others(&before, "Ann-Q");
    let layout = library.play.game.local.store.layout().clone();
    let disk: Arc<dyn Disk> = Arc::new(library.play.disk.clone());
    let local = LocalStore::new(disk, Layout { ..layout });
    let mut tool = Upkeep::of(local);
    assert_eq!(tool.preview_erasure("Ann"), Err(RequestError::UnknownPlayer));
    let preview = tool.preview_erasure("Ann-Q").unwrap();
    let library_of = |image: &Image| image.digest_of(is_library);
    assert_eq!(library_of(&library.play.disk.image()), library_of(&before), "nothing changed");
    assert!(!has_erasure(&library.play.disk.image()));
    let receipt = tool.erase_player("Ann-Q").unwrap();
    assert_eq!((preview.sessions, preview.slots), (receipt.sessions, receipt.slots));
    assert!(preview.bytes > 0 && preview.bytes <= receipt.bytes);
    let after = library.play.disk.image();
    assert_eq!(files_that_name(&after, "Ann-Q"), Vec::<PathBuf>::new());
    assert_eq!(library.others(&after, "Ann-Q"), others);
}
