//! A machine's own disk, and the world that is played there.

use std::collections::BTreeMap;
use std::io;

use xxhash_rust::xxh3::xxh3_64;

use super::judge::{Judge, Link};
use crate::deep::Random;
use crate::replica::{Change, FileName, Mark, Receiver, Source};

/// Bytes of a record: a link, and how many there are up to it.
const RECORD: usize = 16;

/// The disk of a machine. It survives its processes, unless the machine forgets it.
#[derive(Clone, Default)]
pub struct Machine {
    files: BTreeMap<FileName, Vec<u8>>,
    /// The number of times that each name was given to another file.
    given: BTreeMap<FileName, u64>,
    /// The same at the moment of which it is read, if not of now.
    as_of: Option<BTreeMap<FileName, u64>>,
    pub mark: Option<Mark>,
    /// The world as it is.
    pub link: Link,
    /// Files that are being fetched.
    fetched: Vec<(FileName, Vec<u8>)>,
}

/// The changes of a machine's files, as one entry, and the world after it.
pub type Happened = (Vec<Change>, Vec<u8>, Link);

impl Machine {
    /// Plays on for a moment, in the file of this run. It is durable here when this returns.
    pub fn play(&mut self, run: u64, random: &mut Random, judge: &mut Judge) -> Happened {
        let link = judge.link(self.link, random.number());
        self.link = link;
        let mut happened = (Vec::new(), Vec::new(), link);
        let depth = judge.depth(link);
        let record: Vec<u8> = [link, depth].iter().flat_map(|it| it.to_le_bytes()).collect();
        let file = |name: String| FileName::in_session(&name).unwrap();
        let journal = file(format!("{run:016x}-{:06}.journal", depth / 16));
        if !self.files.contains_key(&journal) {
            self.create(&mut happened, &journal);
        }
        self.append(&mut happened, &journal, &record);
        if random.one_in(8) {
            // Replaced as a whole, as slots are.
            let slot = FileName::of_slot("boss.save").unwrap();
            let written = slot.with(&format!(".{:016x}.new", random.number()));
            self.create(&mut happened, &written);
            self.append(&mut happened, &written, &record);
            happened.0.push(Change::Place { from: written.clone(), to: slot.clone() });
            let content = self.files.remove(&written).unwrap();
            self.give(&slot, content);
        }
        if random.one_in(8) {
            // Only the newest record is needed.
            let old = self.files.keys().find(|name| !name.is_slot() && **name != journal).cloned();
            if let Some(name) = old {
                self.files.remove(&name);
                happened.0.push(Change::Remove { name });
            }
        }
        judge.note_world(link, sum(&self.files));
        happened
    }

    fn create(&mut self, happened: &mut Happened, name: &FileName) {
        happened.0.push(Change::Create { name: name.clone() });
        self.give(name, Vec::new());
    }

    fn give(&mut self, name: &FileName, content: Vec<u8>) {
        *self.given.entry(name.clone()).or_default() += 1;
        self.files.insert(name.clone(), content);
    }

    /// The disk as it is read by one who began to read when it was like `then`.
    pub fn as_of(&self, then: &Self) -> Self {
        Self { as_of: Some(then.given.clone()), ..self.clone() }
    }

    fn append(&mut self, happened: &mut Happened, name: &FileName, bytes: &[u8]) {
        let file = self.files.get_mut(name).unwrap();
        let (offset, len, hash) = (file.len() as u64, bytes.len() as u64, xxh3_64(bytes));
        happened.0.push(Change::Append { name: name.clone(), offset, len, hash });
        happened.1.extend_from_slice(bytes);
        file.extend_from_slice(bytes);
    }

    /// Takes what was fetched in the place of what was there.
    pub fn take_fetched(&mut self) {
        self.files = std::mem::take(&mut self.fetched).into_iter().collect();
        self.link = newest(self.files.values()).unwrap_or_default();
    }

    pub fn begin_fetching(&mut self) {
        self.fetched.clear();
    }

    /// The world that was fetched, if that is whole, and the sum of its files.
    pub fn fetched_world(&self) -> Option<(Link, u64)> {
        let link = newest(self.fetched.iter().map(|(_, content)| content))?;
        Some((link, sum(&self.fetched.iter().cloned().collect())))
    }

    /// The sum of its files.
    pub fn sum(&self) -> u64 {
        sum(&self.files)
    }
}

fn sum(files: &BTreeMap<FileName, Vec<u8>>) -> u64 {
    let sums = files.iter().flat_map(|(name, content)| {
        [xxh3_64(name.to_string().as_bytes()), xxh3_64(content)].map(u64::to_le_bytes)
    });
    xxh3_64(&sums.flatten().collect::<Vec<u8>>())
}

/// The newest world that files know of; `None` if one of them isn't whole.
fn newest<'a>(files: impl Iterator<Item = &'a Vec<u8>>) -> Option<Link> {
    let mut newest = (0, 0);
    for content in files {
        if content.len() % RECORD != 0 {
            return None;
        }
        for record in content.chunks(RECORD) {
            let number = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap());
            newest = newest.max((number(&record[8..]), number(&record[..8])));
        }
    }
    Some(newest.1)
}

impl Source for Machine {
    fn files(&self) -> io::Result<BTreeMap<FileName, u64>> {
        Ok(self.files.iter().map(|(name, content)| (name.clone(), content.len() as u64)).collect())
    }

    fn read(&self, name: &FileName, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        if self.as_of.as_ref().is_some_and(|then| then.get(name) != self.given.get(name)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let content = self.files.get(name).ok_or(io::ErrorKind::NotFound)?;
        let bytes = content.get(offset as usize..(offset + len) as usize);
        Ok(bytes.ok_or(io::ErrorKind::UnexpectedEof)?.to_vec())
    }
}

impl Receiver for Machine {
    fn begin(&mut self, name: &FileName) -> io::Result<()> {
        self.fetched.push((name.clone(), Vec::new()));
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (_, content) = self.fetched.last_mut().ok_or(io::ErrorKind::NotFound)?;
        content.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
