//! One order of events on three devices, and what has to hold at each start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use bevy_session_journal::{
    CheckpointKind, CloudError, CloudFolder, CloudNews, Event, Journal, NewSession, RestoreFrom,
    SessionId,
};

use crate::device::{Device, Ends, FOLDER, Files};
use crate::lines::{Draws, Line, Lines};
use crate::steam::Steam;

/// How often something happened.
#[derive(Default, Debug)]
pub struct Counts {
    pub runs: usize,
    pub caught_up: usize,
    pub forks: usize,
    pub refused: usize,
    pub full: usize,
    pub old_builds: usize,
    pub came_back: usize,
}

impl Counts {
    pub fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.caught_up += other.caught_up;
        self.forks += other.forks;
        self.refused += other.refused;
        self.full += other.full;
        self.old_builds += other.old_builds;
        self.came_back += other.came_back;
    }

    /// Each has happened so often that a fault in it would be noticed.
    pub fn hold_for(&self, orders: u64) {
        let least = usize::try_from(orders / 20).unwrap();
        let all = [self.runs, self.caught_up, self.forks, self.refused, self.full, self.old_builds];
        assert!(all.iter().all(|count| *count > least), "{self:?}");
        assert!(self.came_back * 100 >= least, "{self:?}");
    }
}

pub struct Story {
    draws: Draws,
    devices: Vec<Device>,
    steam: Steam,
    /// The line that each file holds that was ever put into a folder.
    put: BTreeMap<Vec<u8>, (SessionId, Line)>,
    next_step: u32,
    told: Vec<String>,
    pub counts: Counts,
}

impl Story {
    pub fn play(seed: u64) -> Self {
        let mut draws = Draws(seed);
        let devices = (0..2 + draws.below(2)).map(|_| Device::new()).collect();
        let (steam, put, told) = (Steam::default(), BTreeMap::new(), Vec::new());
        let mut story =
            Self { draws, devices, steam, put, next_step: 1, told, counts: Counts::default() };
        for _ in 0..6 + story.draws.below(8) {
            story.step();
        }
        // Whatever came before, the next start of each finds everything.
        for device in 0..story.devices.len() {
            story.sync_before(device);
            story.run(device, true);
        }
        story
    }

    fn step(&mut self) {
        let device = self.draws.below(self.devices.len());
        match self.draws.below(12) {
            0..=5 => {
                self.sync_before(device);
                self.run(device, true);
                let done = self.steam.after_end(&mut self.devices[device]);
                self.tell(format!("then the cloud {done}"));
            }
            // Without a connection.
            6..=7 => self.run(device, true),
            8 => self.run(device, false),
            9 => self.spoil(device),
            10 => self.keep_both(device),
            _ => self.delete(device),
        }
    }

    fn tell(&mut self, what: String) {
        self.told.push(what);
    }

    fn sync_before(&mut self, device: usize) {
        let done = self.steam.before_start(&mut self.devices[device], &mut self.draws);
        self.tell(format!("the cloud {done} for {device}"));
    }

    /// One process: it starts, is held to what should be there, plays, and ends or dies.
    fn run(&mut self, device: usize, has_folder: bool) {
        self.counts.runs += 1;
        self.counts.old_builds += usize::from(!has_folder);
        let is_full = self.draws.one_in(8);
        let most = if is_full { 0 } else { 100 };
        let folder = has_folder.then(|| CloudFolder::new(FOLDER).most_files(most));
        let files = self.devices[device].files();
        let mut journal = self.devices[device].start(folder);
        let all = self.look(device, &mut journal);
        if has_folder {
            self.hold_folder(device, &files, &all, &journal.take_cloud_news());
        }
        // Sometimes the player looks at the menu alone.
        if !all.is_empty() && self.draws.one_in(6) {
            return;
        }
        let closed = self.play_on(device, &mut journal, all).filter(|_| has_folder);
        let news = if closed.is_some() { news_of_put(&mut journal) } else { Vec::new() };
        // The writer does what is left.
        drop(journal);
        self.note_put(device, &files, closed, is_full, &news);
    }

    /// All sessions, held to what was played here.
    fn look(&mut self, device: usize, journal: &mut Journal<Lines>) -> Vec<Ends> {
        let found = journal.detect().unwrap();
        let all: Vec<Ends> = found.iter().map(|found| Ends::of(journal, found)).collect();
        for (session, line) in &self.devices[device].played {
            let ends = all.iter().find(|ends| ends.session == *session);
            let is_kept = ends.is_some_and(|ends| ends.have(line));
            assert!(is_kept, "{line:?} of {session} is lost on {device}: {:#?}", self.told);
        }
        for ends in &all {
            self.hold(device, ends);
        }
        all
    }

    /// Lines that aren't each other's beginning are shown as a fork, and no others.
    fn hold(&mut self, device: usize, ends: &Ends) {
        let played = &self.devices[device].played;
        let is_known =
            |line: &Line| played.iter().any(|(of, it)| *of == ends.session && it.starts_with(line));
        let is_newer = ends.lines.iter().any(|(_, line)| !is_known(line));
        self.counts.caught_up += usize::from(!ends.is_fork_shown && is_newer);
        self.counts.forks += usize::from(ends.is_fork_shown);
        assert_eq!(ends.is_fork_shown, ends.lines.len() > 1);
        for (place, (_, one)) in ends.lines.iter().enumerate() {
            let others = ends.lines.iter().enumerate().filter(|(other, _)| *other != place);
            for (_, (_, other)) in others {
                assert!(!other.starts_with(one), "{one:?} is in {other:?}: {:#?}", self.told);
            }
        }
        let Some(deleted) = self.devices[device].deleted.get(&ends.session) else { return };
        let was_known = |line: &Line| deleted.iter().any(|known| known.starts_with(line));
        let is_back = ends.lines.iter().any(|(_, line)| !was_known(line));
        assert!(is_back, "{} is back though nobody played it: {:#?}", ends.session, self.told);
        self.counts.came_back += 1;
    }

    /// Everything in the folder that is whole is here by now, and all else was said.
    fn hold_folder(&mut self, device: usize, files: &Files, all: &[Ends], news: &[CloudNews]) {
        for (path, bytes) in files {
            let Some((session, line)) = self.put.get(bytes) else {
                let is_refused = |it: &CloudNews| matches!(it, CloudNews::NotTaken { path: of, error: CloudError::NotWhole } if of == path);
                assert!(news.iter().any(is_refused), "{} isn't refused: {news:?}", path.display());
                self.counts.refused += 1;
                continue;
            };
            let deleted = self.devices[device].deleted.get(session);
            let was_known =
                deleted.is_some_and(|deleted| deleted.iter().any(|known| known.starts_with(line)));
            let is_here = all.iter().any(|it| it.session == *session && it.have(line));
            assert!(is_here || was_known, "{line:?} isn't taken by {device}: {:#?}", self.told);
        }
        let of_folder: BTreeSet<SessionId> =
            files.values().filter_map(|bytes| Some(self.put.get(bytes)?.0)).collect();
        for ends in all.iter().filter(|ends| of_folder.contains(&ends.session)) {
            let is_it =
                |it: &CloudNews| matches!(it, CloudNews::Forked(it) if it.session == ends.session);
            assert_eq!(news.iter().any(is_it), ends.is_fork_shown, "{news:?}: {:#?}", self.told);
        }
    }

    /// The player goes on with one of the lines, or begins a session. Returns the line of a session that was closed.
    fn play_on(
        &mut self,
        device: usize,
        journal: &mut Journal<Lines>,
        all: Vec<Ends>,
    ) -> Option<(SessionId, Line)> {
        let chosen = all.into_iter().flat_map(|ends| {
            let of = ends.session;
            ends.lines.into_iter().map(move |(id, line)| (of, id, line))
        });
        let chosen: Vec<_> = chosen.collect();
        let (mut line, mut run) = if chosen.is_empty() || self.draws.one_in(10) {
            (Line::new(), journal.start(NewSession::named("Colony")))
        } else {
            let (session, id, line) = chosen[self.draws.below(chosen.len())].clone();
            let restored = journal.restore(session, RestoreFrom::Checkpoint(id)).unwrap();
            let (restored, run) = restored.go_on();
            assert_eq!(restored, line);
            (line, run)
        };
        let (session, mut saved) = (run.session(), None);
        for _ in 0..1 + self.draws.below(3) {
            line.push(self.next_step);
            self.next_step += 1;
            self.devices[device].clock.advance(Duration::from_secs(10));
            run.checkpoint(CheckpointKind::Auto, |_| line.clone());
            while let Some(event) = run.poll() {
                if matches!(event, Event::Saved(_)) {
                    saved = Some(line.clone());
                }
            }
        }
        let is_killed = self.draws.one_in(4);
        if is_killed {
            drop(run);
        } else {
            line.push(self.next_step);
            self.next_step += 1;
            run.close(|_| line.clone()).unwrap();
            saved = Some(line.clone());
        }
        let how = if is_killed { "is killed" } else { "ends" };
        self.tell(format!("{device} plays {session} to {saved:?} and {how}"));
        self.devices[device].played.extend(saved.map(|line| (session, line)));
        (!is_killed).then_some((session, line))
    }

    /// Notes what the file holds that was put into the folder; it is one, unless there is no room.
    fn note_put(
        &mut self,
        device: usize,
        before: &Files,
        closed: Option<(SessionId, Line)>,
        is_full: bool,
        news: &[CloudNews],
    ) {
        let after = self.devices[device].files();
        let new: Vec<_> = after.iter().filter(|(path, it)| before.get(*path) != Some(it)).collect();
        let Some((session, line)) = closed.filter(|_| !is_full) else {
            assert!(new.is_empty(), "{new:?} shouldn't be there: {:#?}", self.told);
            let is_said = |it: &CloudNews| {
                matches!(it, CloudNews::NotKept { error: CloudError::Full { .. }, .. })
            };
            self.counts.full += news.iter().filter(|it| is_said(it)).count();
            return;
        };
        let [(_, bytes)] = new[..] else { panic!("one file should be put: {news:?}") };
        let is_it =
            |it: &CloudNews| matches!(it, CloudNews::Kept { session: of, .. } if *of == session);
        assert!(news.iter().any(is_it), "{news:?}");
        self.put.insert(bytes.clone(), (session, line));
    }

    /// A file in the folder is cut off, called otherwise, there twice, or gone.
    fn spoil(&mut self, device: usize) {
        let (files, disk) = (self.devices[device].files(), &self.devices[device].disk);
        let paths: Vec<&PathBuf> = files.keys().collect();
        let Some(path) = paths.get(self.draws.below(paths.len().max(1))) else { return };
        let bytes = &files[*path];
        let other = path.with_file_name(format!("copy {}.session", self.draws.below(3)));
        let how = match self.draws.below(4) {
            0 => {
                disk.truncate(path, self.draws.below(bytes.len().max(1)));
                "cut off"
            }
            1 => {
                disk.put(&other, bytes);
                disk.remove_all(path);
                "renamed"
            }
            2 => {
                disk.put(&other, bytes);
                "there twice"
            }
            _ => {
                disk.remove_all(path);
                "gone"
            }
        };
        let told = format!("{} of {device} is {how}", path.display());
        self.tell(told);
    }

    /// Another cloud, which keeps the files of both sides.
    fn keep_both(&mut self, device: usize) {
        let here = self.devices[device].files();
        for (path, bytes) in &here {
            self.steam.files.entry(path.clone()).or_insert_with(|| bytes.clone());
        }
        for (path, bytes) in self.steam.files.iter().filter(|(path, _)| !here.contains_key(*path)) {
            self.devices[device].disk.put(path, bytes);
        }
        self.tell(format!("{device} and the cloud have each other's files"));
    }

    /// The player deletes a session.
    fn delete(&mut self, device: usize) {
        if !self.draws.one_in(3) {
            return;
        }
        let mut journal = self.devices[device].start(Some(CloudFolder::new(FOLDER)));
        let all = self.look(device, &mut journal);
        let Some(ends) = all.get(self.draws.below(all.len().max(1))) else { return };
        journal.forget(ends.session).unwrap();
        drop(journal);
        let lines = ends.lines.iter().map(|(_, line)| line.clone());
        let device_of = &mut self.devices[device];
        device_of.deleted.entry(ends.session).or_default().extend(lines);
        device_of.played.retain(|(session, _)| *session != ends.session);
        self.tell(format!("{device} deletes {}", ends.session));
    }
}

/// What is said of the file that is put into the folder, while the process goes on.
fn news_of_put(journal: &mut Journal<Lines>) -> Vec<CloudNews> {
    for _ in 0..100 {
        let news = journal.take_cloud_news();
        if !news.is_empty() {
            return news;
        }
    }
    panic!("nothing is said of the folder");
}
