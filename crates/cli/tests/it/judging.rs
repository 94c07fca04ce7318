//! Lost data is never called good: each kind of file emptied, cut and with a bit flipped, in the eyes of the game and
//! of the tool.

// Feature: `verify` finds each damaged byte, and judges as the game does.

use std::collections::{BTreeSet, HashSet};
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bevy_session_journal::internal::disk::process::{ProcessGuard, ProcessOptions};
use bevy_session_journal::internal::disk::{FinishedFile, RealDisk, StoredSession, slots_in};
use bevy_session_journal::internal::read::recovery::read_events;
use bevy_session_journal::{
    CheckpointId, Event, EventQuery, Journal, JournalOptions, NewSession, RestoreFrom, Run,
    SessionId, Verdict,
};

use jiff::Timestamp;
use tempfile::TempDir;

use crate::common::{AnyValue, Done, Game, copy, journals, run};
use crate::naming::make_newer;

type Codec = AnyValue<u64>;

/// Where sessions lie below what a game is given.
const SESSIONS: &str = "data/profiles/default/sessions";

/// A damaged file.
struct Damage {
    what: String,
    /// `None` if it is gone.
    bytes: Option<Vec<u8>>,
}

impl Damage {
    fn new(what: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { what: what.into(), bytes: Some(bytes) }
    }

    fn gone() -> Self {
        Self { what: "gone".to_owned(), bytes: None }
    }

    fn put(&self, path: &Path) -> std::io::Result<()> {
        match &self.bytes {
            Some(bytes) => fs::write(path, bytes),
            None => fs::remove_file(path),
        }
    }
}

/// The state of a session, as it is seen.
#[derive(Debug)]
struct Seen {
    restorable: HashSet<CheckpointId>,
    events: u64,
    attachments: usize,
    has_ended: bool,
    is_reported: bool,
    /// The game's verdict; `None` if it has nothing to say of the session.
    verdict: Option<Verdict>,
}

impl Seen {
    fn has_lost_something(&self, before: &Self) -> bool {
        !before.restorable.is_subset(&self.restorable)
            || self.events < before.events
            || self.attachments < before.attachments
            || self.has_ended != before.has_ended
    }
}

pub fn open(root: &Path) -> Result<Journal<Codec>, Box<dyn Error>> {
    Ok(JournalOptions::new(root).watch_panics(false).open(AnyValue(PhantomData))?)
}

pub fn save(run: &mut Run<'_, Codec>, values: std::ops::Range<u64>) -> Done {
    for value in values {
        let id = run.named_checkpoint(format!("number {value}"), |_| value)?;
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            match run.wait(deadline) {
                Some(Event::Saved(saved)) if saved.id == id => break,
                Some(_) => {}
                None => return Err("the checkpoint should be saved".into()),
            }
        }
    }
    Ok(())
}

/// A session whose first process died, and whose second one left it in good order, if it did.
fn play(root: &Path, closes: bool) -> Result<SessionId, Box<dyn Error>> {
    let mut journal = open(root)?;
    let mut run = journal.start(NewSession::named("Judged"));
    let session = run.session();
    save(&mut run, 0..3)?;
    drop(run);
    drop(journal);
    let mut journal = open(root)?;
    let (_, mut run) = journal.restore(session, RestoreFrom::Latest)?.go_on();
    save(&mut run, 3..5)?;
    match closes {
        true => drop(run.close(|_| 5)?),
        false => drop(run),
    }
    Ok(session)
}

/// Where the frames of a file begin, and where the last one ends.
fn frames_in(bytes: &[u8]) -> Result<Vec<usize>, Box<dyn Error>> {
    let number = |at: usize| -> Result<usize, Box<dyn Error>> {
        Ok(u32::from_le_bytes(bytes.get(at..at + 4).ok_or("four bytes")?.try_into()?) as usize)
    };
    let mut places = vec![24 + number(12)?];
    while let Some(last) = places.last().copied().filter(|last| *last < bytes.len()) {
        places.push(last + 48 + number(last + 24)?);
    }
    Ok(places)
}

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 0x10;
    }
    bytes
}

/// Gone, emptied, cut in half, and with a bit flipped in each part: of a small file, which is read whole.
fn damages_of_small(bytes: &[u8]) -> Vec<Damage> {
    let half = bytes.len() / 2;
    let flips = [3, 12, half, bytes.len().saturating_sub(1)];
    let flips = flips.map(|at| Damage::new(format!("bit at {at}"), flipped(bytes, at)));
    let others = [
        Damage::gone(),
        Damage::new("emptied", Vec::new()),
        Damage::new("cut in half", bytes[..half].to_vec()),
    ];
    others.into_iter().chain(flips).collect()
}

/// Emptied, cut in its header, between all frames and within each, and with a bit flipped in each part.
fn damages(bytes: &[u8]) -> Result<Vec<Damage>, Box<dyn Error>> {
    let mut found = vec![Damage::new("emptied", Vec::new())];
    let mut cut = |at: usize| found.push(Damage::new(format!("cut at {at}"), bytes[..at].to_vec()));
    let frames = frames_in(bytes)?;
    cut(30);
    for (begin, end) in frames.iter().zip(frames.iter().skip(1)) {
        cut(*begin);
        cut((begin + end) / 2);
    }
    let mut flip = |at: usize| found.push(Damage::new(format!("bit at {at}"), flipped(bytes, at)));
    flip(3);
    flip(30);
    for (begin, end) in frames.iter().zip(frames.iter().skip(1)) {
        flip(begin + 10);
        flip(end - 1);
    }
    Ok(found)
}

/// The checkpoints, events and attachments that can be had of a session, as a restore does it.
fn had(
    root: &Path,
    session: SessionId,
) -> Result<(HashSet<CheckpointId>, u64, usize), Box<dyn Error>> {
    let directory = root.join(SESSIONS).join(session.to_string());
    let mut stored = StoredSession::open(&RealDisk, directory, session)?;
    let ids: Vec<CheckpointId> = stored.index().commits().map(|(id, _)| id).collect();
    let mut restorable = HashSet::new();
    for id in ids {
        if stored.index().is_without_world(id) || stored.verified_plan(id)?.is_some() {
            restorable.insert(id);
        }
    }
    let query = EventQuery { limit: 10_000, ..EventQuery::of(session) };
    let events = read_events(&RealDisk, &stored, query)?.events.len() as u64;
    let attachments = stored.check_attachments(&RealDisk).into_iter();
    Ok((restorable, events, attachments.filter(|(_, read)| read.is_ok()).count()))
}

fn seen(root: &Path, session: SessionId) -> Result<Seen, Box<dyn Error>> {
    let (restorable, events, attachments) = had(root, session)?;
    let found = open(root)?.detect()?.into_iter().find(|found| found.session == session);
    let is_reported =
        found.as_ref().is_some_and(|it| it.corruption.is_some() || it.failure.is_some());
    let verdict = found.as_ref().map(|found| found.verdict);
    let entry = found.and_then(|found| found.entry);
    let has_ended = entry.is_some_and(|entry| !entry.has_crashed());
    Ok(Seen { restorable, events, attachments, has_ended, is_reported, verdict })
}

fn tool(words: &[&str], root: &Path) -> Result<i32, Box<dyn Error>> {
    let words = words.iter().map(|word| match *word {
        "DIR" => root.as_os_str().to_owned(),
        word => OsString::from(word),
    });
    Ok(run(words)?.code.ok_or("a code")?)
}

/// The files of a session whose frames somebody may need.
fn framed_files(directory: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    let is_framed = |path: &PathBuf| {
        let extension = path.extension().and_then(|it| it.to_str());
        matches!(extension, Some("journal" | "archive" | "events"))
    };
    paths.retain(is_framed);
    paths.sort();
    Ok(paths)
}

/// A copy of what there is of one session.
fn copy_of(root: &Path, session: SessionId) -> Result<TempDir, Box<dyn Error>> {
    let scratch = tempfile::tempdir()?;
    let directory = PathBuf::from(SESSIONS).join(session.to_string());
    for part in [directory.as_path(), Path::new("state")] {
        let place = scratch.path().join(part);
        fs::create_dir_all(&place)?;
        copy(&root.join(part), &place)?;
    }
    Ok(scratch)
}

/// What a listing of the tool says of a session.
fn listed(root: &Path, session: SessionId) -> Result<Option<String>, Box<dyn Error>> {
    let place = root.display().to_string();
    let lines = run(["list", "--json", &place].map(OsString::from))?.objects()?;
    let id = session.to_string();
    let line = lines.iter().find(|line| line["id"] == *id);
    Ok(line.and_then(|line| line["condition"].as_str()).map(str::to_owned))
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good",
        Verdict::Damaged => "damaged",
        Verdict::Lost => "lost",
    }
}

/// All files of a session, each with what may happen to it.
fn mutations(directory: &Path) -> Result<Vec<(PathBuf, Damage)>, Box<dyn Error>> {
    let framed = framed_files(directory)?;
    let mut all = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let bytes = fs::read(&path)?;
        let damages = match framed.contains(&path) {
            true => damages(&bytes)?,
            false => damages_of_small(&bytes),
        };
        all.extend(damages.into_iter().map(|damage| (path.clone(), damage)));
    }
    Ok(all)
}

/// The file that holds the newest checkpoint of a session.
fn newest_file(directory: &Path, session: SessionId) -> Result<PathBuf, Box<dyn Error>> {
    let stored = StoredSession::open(&RealDisk, directory.to_path_buf(), session)?;
    let run = stored.index().heads().first().ok_or("a head")?.id.run;
    let (number, _) = stored
        .index()
        .segments()
        .iter()
        .enumerate()
        .filter(|(_, segment)| segment.header.run == run)
        .max_by_key(|(_, segment)| segment.header.segment)
        .ok_or("a segment")?;
    Ok(stored.path_of(number).ok_or("its path")?.to_path_buf())
}

/// The faults of what tool and game say after one mutation.
fn faults(
    (before, after): (&Seen, &Seen),
    (code, condition): (i32, Option<&str>),
    damage: &Damage,
) -> Vec<&'static str> {
    let is_gone = damage.bytes.is_none();
    let loses = after.has_lost_something(before) && !is_gone;
    let agrees = condition == after.verdict.map(word);
    let says_same = match after.verdict {
        Some(verdict) => after.is_reported == (verdict != Verdict::Good),
        None => !after.is_reported,
    };
    let is_right = match code {
        0 => !loses && after.verdict == Some(Verdict::Good),
        1 => loses || after.verdict != Some(Verdict::Good) || is_gone,
        _ => after.restorable.is_empty(),
    };
    let checks = [
        (agrees, "the tool lists something else than the game says"),
        (says_same, "the game's verdict isn't what it reports"),
        (is_right, "the tool verifies something else"),
    ];
    checks.into_iter().filter(|(holds, _)| !holds).map(|(_, fault)| fault).collect()
}

/// Damages each file of a session in all ways, and holds what the tool says against what the game says and has. How many
/// ways.
fn judge_all(root: &Path, session: SessionId) -> Result<usize, Box<dyn Error>> {
    let name = session.to_string();
    let directory = PathBuf::from(SESSIONS).join(&name);
    let verify = ["verify", "DIR", &*name, "--read-data"];
    let scratch = copy_of(root, session)?;
    assert_eq!(tool(&verify, scratch.path())?, 0, "{name} as it was left");
    let before = seen(scratch.path(), session)?;
    assert!(!before.is_reported && !before.restorable.is_empty(), "{before:?}");
    let (mut ways, mut bad) = (0, Vec::new());
    for (path, damage) in mutations(&root.join(&directory))? {
        let scratch = copy_of(root, session)?;
        damage.put(&scratch.path().join(&directory).join(path.file_name().ok_or("a name")?))?;
        let condition = listed(scratch.path(), session)?;
        let code = tool(&verify, scratch.path())?;
        let after = seen(scratch.path(), session)?;
        for fault in faults((&before, &after), (code, condition.as_deref()), &damage) {
            let (file, what) = (path.display(), &damage.what);
            bad.push(format!("{file} {what}: {fault}: {condition:?}, {code}, {after:?}"));
        }
        ways += 1;
    }
    assert!(bad.is_empty(), "{} of {ways}, of {before:?}:\n{}", bad.len(), bad.join("\n"));
    Ok(ways)
}

#[test]
fn no_loss_in_a_cleanly_closed_session_is_judged_good() -> Done {
    let root = tempfile::tempdir()?;
    let session = play(root.path(), true)?;
    let ways = judge_all(root.path(), session)?;
    assert!(ways >= 60, "{ways}");
    Ok(())
}

#[test]
fn a_session_whose_only_journal_is_gone_is_lost_to_the_game_as_well() -> Done {
    let root = tempfile::tempdir()?;
    let session = {
        let mut journal = open(root.path())?;
        let mut run = journal.start(NewSession::named("Judged"));
        let session = run.session();
        save(&mut run, 0..3)?;
        run.close(|_| 3)?;
        session
    };
    let directory = root.path().join(SESSIONS).join(session.to_string());
    for journal in journals(&directory)? {
        fs::remove_file(journal)?;
    }
    assert_eq!(listed(root.path(), session)?.as_deref(), Some("lost"));
    let after = seen(root.path(), session)?;
    assert_eq!(after.verdict, Some(Verdict::Lost), "{after:?}");
    assert!(after.is_reported, "{after:?}");
    Ok(())
}

/// As each process writes it down that is done with a file.
fn note_all(game: &Game, session: SessionId) -> Done {
    let directory = game.session(&session.to_string());
    let mut finished = Vec::new();
    for path in framed_files(&directory)? {
        let name = path.file_name().ok_or("a name")?.to_string_lossy().into_owned();
        finished.push(FinishedFile { name, bytes: None });
    }
    game.local().store.note_finished(session, None, finished);
    Ok(())
}

#[test]
fn no_loss_in_archives_or_archived_sessions_is_judged_good() -> Done {
    let game = Game::of_format("1.3")?;
    let sessions = game.run("list --json DIR")?.objects()?;
    let mut judged = 0;
    for session in sessions {
        let is_forked = session["id"].as_str().is_none();
        let id: SessionId = session["id"].as_str().ok_or("an id")?.parse()?;
        let directory = game.session(&id.to_string());
        let kinds: BTreeSet<OsString> = framed_files(&directory)?
            .iter()
            .filter_map(|path| path.extension().map(OsString::from))
            .collect();
        let is_archived = session["place"] == "archive";
        let is_wanted = kinds.contains(&OsString::from("archive")) || is_archived;
        if is_forked || !is_wanted || session["left"] != "cleanly" {
            continue;
        }
        note_all(&game, id)?;
        judge_all(&game.directory(), id)?;
        judged += 1;
    }
    assert!(judged >= 2, "{judged}");
    Ok(())
}

#[test]
fn a_file_of_a_newer_version_is_neither_good_nor_damaged() -> Done {
    let root = tempfile::tempdir()?;
    let session = play(root.path(), true)?;
    let directory = root.path().join(SESSIONS).join(session.to_string());
    let newest = newest_file(&directory, session)?;
    let all = journals(&directory)?;
    let older = all.iter().find(|path| **path != newest).ok_or("an older file")?;
    let found = |files: &[&PathBuf]| -> Result<_, Box<dyn Error>> {
        let scratch = copy_of(root.path(), session)?;
        for file in files {
            let name = file.file_name().ok_or("a name")?;
            make_newer(&scratch.path().join(SESSIONS).join(session.to_string()).join(name))?;
        }
        let condition = listed(scratch.path(), session)?;
        let found = open(scratch.path())?.detect()?.into_iter().find(|it| it.session == session);
        Ok((condition, found.ok_or("a session")?))
    };
    let (condition, some) = found(&[older])?;
    assert_eq!(condition.as_deref(), Some("damaged"));
    // The game may load it, and no player reads of damage.
    assert!(some.entry.is_some(), "{some:?}");
    assert_eq!((&some.corruption, some.failure.is_none()), (&None, true), "{some:?}");
    // That is said once.
    let (_, none) = found(&all.iter().collect::<Vec<_>>())?;
    assert_eq!(none.verdict, Verdict::Lost, "{none:?}");
    assert!(none.corruption.is_none() && none.failure.is_some(), "{none:?}");
    Ok(())
}

/// Returns true if the tool calls a slot good where it lists slots or shows a session, by its words or its exit code. Of
/// a slot whose header is lost nobody knows the session.
fn is_called_good(game: &Game, line: &str, file: &Path) -> Result<bool, Box<dyn Error>> {
    let ran = game.run(line)?;
    let objects = ran.objects()?;
    let mut slots = objects.iter().flat_map(|object| match object["slots"].as_array() {
        Some(slots) => &slots[..],
        None => std::slice::from_ref(object),
    });
    let slot = slots.find(|slot| slot["file"].as_str().map(Path::new) == Some(file));
    Ok(match slot {
        Some(slot) => slot["condition"] == "good" || ran.code == Some(0),
        None => line.starts_with("list"),
    })
}

#[test]
fn a_slot_that_cannot_be_loaded_is_not_good() -> Done {
    let game = Game::of_format("1.3")?;
    let slots = game.profile().join("slots");
    let first = slots_in(&RealDisk, &slots)?.into_iter().flatten().next().ok_or("a slot")?;
    let listings =
        ["list --slots --json DIR".to_owned(), format!("show --json DIR {}", first.header.session)];
    let loads = |directory: &Path| -> Result<usize, Box<dyn Error>> {
        let mut loaded = 0;
        for slot in slots_in(&RealDisk, directory)?.into_iter().flatten() {
            let mut stored = StoredSession::of_file(&RealDisk, &slot.path, slot.header.session);
            let checkpoint = slot.header.slot_checkpoint().ok_or("a checkpoint")?;
            loaded += usize::from(stored.verified_plan(checkpoint)?.is_some());
        }
        Ok(loaded)
    };
    let mut ways = 0;
    for entry in fs::read_dir(&slots)? {
        let path = entry?.path();
        let whole = fs::read(&path)?;
        for line in &listings {
            assert!(is_called_good(&game, line, &path)?, "{line} of {}", path.display());
        }
        for damage in damages(&whole)?.into_iter().filter(|damage| damage.bytes.is_some()) {
            let what = &damage.what;
            let sent = tempfile::tempdir()?;
            let file = sent.path().join("slots").join(path.file_name().ok_or("a name")?);
            fs::create_dir(sent.path().join("slots"))?;
            damage.put(&file)?;
            let is_lost = loads(&sent.path().join("slots"))? == 0;
            for line in [vec!["verify", "--read-data"], vec!["verify"]] {
                let of_file = line.iter().map(OsString::from).chain([file.clone().into()]);
                let code = run(of_file)?.code;
                let reads_data = line.len() == 2;
                let is_right = match code {
                    Some(0) => !is_lost,
                    _ => true,
                };
                assert!(is_right, "{} {what}: {code:?} with {line:?}", path.display());
                assert!(code != Some(2) || is_lost, "{} {what}: it loads", path.display());
                assert!(!reads_data || !is_lost || code == Some(2), "{}: {what}", path.display());
            }
            let code = tool(&["verify", "DIR", "--read-data"], sent.path())?;
            assert!(!is_lost || code != 0, "{} {what}: {code} of the directory", path.display());
            damage.put(&path)?;
            for line in listings.iter().filter(|_| is_lost) {
                assert!(!is_called_good(&game, line, &path)?, "{} {what}: {line}", path.display());
            }
            ways += 1;
        }
        fs::write(&path, &whole)?;
    }
    assert!(ways >= 28, "{ways}");
    Ok(())
}

#[test]
fn a_session_of_empty_files_is_lost_and_a_torn_tail_after_a_crash_is_good() -> Done {
    for (format, closes) in [(Some("1.3"), true), (None, true), (None, false)] {
        let (game, session) = match format {
            Some(format) => {
                let game = Game::of_format(format)?;
                let of_today =
                    game.run("list --json DIR --limit 1 --in open --left cleanly")?.object()?;
                let session = of_today["id"].as_str().ok_or("an id")?.parse()?;
                (game, session)
            }
            None => {
                let game = Game { root: tempfile::tempdir()? };
                fs::create_dir(game.directory())?;
                let session = play(&game.directory(), closes)?;
                (game, session)
            }
        };
        if !closes {
            let files = framed_files(&game.session(&session.to_string()))?;
            let last = files.last().ok_or("a file")?;
            let whole = fs::read(last)?;
            fs::write(last, [&whole[..], b"bvF\x1e\x01"].concat())?;
            let ran = game.run(&format!("verify DIR {session} --read-data"))?;
            assert_eq!(ran.code, Some(0), "as a crash leaves it: {}", ran.text);
        }
        for path in framed_files(&game.session(&session.to_string()))? {
            fs::write(path, "")?;
        }
        for verb in ["verify", "list"] {
            let ran = game.run(&format!("{verb} --json DIR"))?;
            let objects = ran.objects()?;
            let id = session.to_string();
            let is_it = |it: &&serde_json::Value| it["session"] == *id || it["id"] == *id;
            let judged = objects.iter().find(is_it).ok_or("the session")?;
            assert_eq!(judged["condition"], "lost", "{format:?}, {closes}, {verb}");
            assert_ne!(ran.code, Some(0), "{verb}");
        }
        let said = game.run("doctor DIR")?.text;
        assert!(said.contains("BS0102"), "{format:?}, {closes}: {said}");
        // Of the data alone as well.
        fs::remove_dir_all(game.directory().join("state"))?;
        let ran = game.run(&format!("verify DIR {session}"))?;
        assert_eq!(ran.code, Some(2), "{format:?}, {closes}: {}", ran.text);
        let found = open(&game.directory())?.detect()?;
        let found = found.iter().find(|found| found.session == session).ok_or("the session")?;
        assert!(found.failure.is_some(), "the game says so as well: {found:?}");
    }
    Ok(())
}

#[test]
fn a_missing_checkpoint_that_a_dead_process_saved_is_reported() -> Done {
    let game = Game { root: tempfile::tempdir()? };
    fs::create_dir(game.directory())?;
    let session = play(&game.directory(), false)?;
    let directory = game.session(&session.to_string());
    let stored = StoredSession::open(&RealDisk, directory, session)?;
    let head = stored.index().heads().first().ok_or("a head")?.id;
    let mut segments = stored.segments().iter().zip(stored.index().segments());
    let newest = segments.rfind(|(_, summary)| summary.header.run == head.run);
    let path = newest.ok_or("a file")?.0.path().to_owned();
    // Its process wrote down what it saw, and died.
    let (local, now) = (game.local(), Timestamp::now());
    let (guard, _) = ProcessGuard::begin(&local, "1.0", ProcessOptions { panics: false }, now);
    guard.hold(session, head.run);
    guard.acknowledged(session, head, now);
    guard.beat(&local, now - Duration::from_secs(90));
    let verify = format!("verify DIR {session}");
    assert_eq!(game.run(&verify)?.code, Some(0));
    let whole = fs::read(&path)?;
    let frames = frames_in(&whole)?;
    let last_group = frames.len().checked_sub(3).and_then(|at| frames.get(at)).ok_or("a group")?;
    fs::write(&path, &whole[..*last_group])?;
    let ran = game.run(&verify)?;
    assert_eq!(ran.code, Some(1), "its record names the last one: {}", ran.text);
    // Without the record nobody knows, and the tool says that.
    fs::remove_dir_all(game.directory().join("state"))?;
    fs::remove_file(game.session(&session.to_string()).join("session.manifest"))?;
    for verb in ["verify", "doctor"] {
        let ran = game.run(&format!("{verb} DIR"))?;
        assert_eq!(ran.code, Some(0), "{}", ran.text);
        assert!(ran.text.contains("no state directory is beside"), "{verb}: {}", ran.text);
    }
    Ok(())
}
