//! Pseudonyms of players and sessions, for exports that others may see.
//!
//! A pseudonym is a keyed hash (BLAKE3) of a player's name or a session's id: the same in each export with the same key,
//! and without it nobody can compute it, or tell whose it is.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::str::FromStr;

use bevy_session_journal::internal::disk::{Disk, RealDisk};
use bevy_session_journal::{RunId, SessionId};
use blake3::{Hash, Hasher};
use uuid::Builder;

use crate::failure::Failure;
use crate::open_session::OpenSession;
use crate::rows::Content;
use crate::value::Value;

const KEY_BYTES: usize = 32;
/// A key in its file has twice as many digits, and perhaps the end of a line.
const MAX_FILE_BYTES: usize = 128;
/// Two of a million players have one pseudonym with a chance of one in 37 million.
const PSEUDONYM_DIGITS: usize = 16;
/// Numbers up to this one are no account's.
const COUNTS: u64 = 99_999;
/// Hexadecimal digits of a run's id.
const RUN_DIGITS: usize = 16;

/// The pseudonyms of an export.
pub struct Pseudonyms {
    key: [u8; KEY_BYTES],
    /// The players whose names are looked for.
    players: BTreeSet<String>,
    sessions: BTreeSet<SessionId>,
    runs: BTreeSet<u64>,
    /// Names of players and ids of sessions with their pseudonyms, the longest first: one may be the beginning of another.
    words: Vec<(String, String)>,
}

/// What is hashed, so that a player who is called like a session has another pseudonym.
#[derive(Clone, Copy)]
enum Domain {
    Player = 1,
    Session = 2,
    Run = 3,
}

impl Pseudonyms {
    /// Pseudonyms by the key in a file, which is drawn and written if there is none.
    pub fn with_key_in(path: &Path) -> Result<Self, Failure> {
        let key = match RealDisk.read(path, MAX_FILE_BYTES) {
            Ok(bytes) => key_of(&bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => Some(draw_key(path)?),
            Err(error) if error.kind() == ErrorKind::FileTooLarge => None,
            Err(source) => return Err(unusable(path, source.to_string())),
        };
        let key =
            key.ok_or_else(|| unusable(path, "a key has 64 hexadecimal digits".to_owned()))?;
        Ok(Self::of(key))
    }

    fn of(key: [u8; KEY_BYTES]) -> Self {
        let (players, sessions, runs, words) = Default::default();
        Self { key, players, sessions, runs, words }
    }

    /// Learns the id of a session, and its players, on all its lines and of before.
    pub fn learn(&mut self, session: &OpenSession) {
        let id = session.stored.id();
        if self.sessions.insert(id) {
            self.add_word(id.to_string(), self.session(id).to_string());
        }
        let index = session.stored.index();
        index.players().for_each(|player| self.learn_player(player));
        for segment in index.segments() {
            self.learn_run(segment.header.run);
        }
    }

    fn learn_player(&mut self, player: &str) {
        if !player.is_empty() && self.players.insert(player.to_owned()) {
            self.add_word(player.to_owned(), self.player(player));
        }
    }

    fn learn_run(&mut self, run: RunId) {
        if self.runs.insert(run.0) {
            self.add_word(run.to_string(), self.run(&run.to_string()));
        }
    }

    fn add_word(&mut self, word: String, pseudonym: String) {
        let place = self.words.partition_point(|(longer, _)| longer.len() >= word.len());
        self.words.insert(place, (word, pseudonym));
    }

    /// The content of a row or an event. What can't be looked into is left out, since it may name anybody.
    pub fn content(&self, content: Content) -> Content {
        match content {
            Content::Value(value) => Content::Value(self.value(value)),
            Content::Unknown(..) | Content::Personal => Content::Personal,
        }
    }

    fn value(&self, value: Value) -> Value {
        match value {
            Value::Text(text) => Value::Text(self.text(&text)),
            Value::Bytes(bytes) => self.bytes(bytes),
            Value::Unsigned(number) if self.is_named_by(number) => Value::Nothing,
            Value::List(items) => {
                Value::List(items.into_iter().map(|item| self.value(item)).collect())
            }
            Value::Map(entries) => {
                let entries = entries.into_iter();
                Value::Map(
                    entries.map(|(key, value)| (self.value(key), self.value(value))).collect(),
                )
            }
            other => other,
        }
    }

    /// Returns true if a number is a run's id, or the name of a player, as an account's may be. A short one is a count.
    fn is_named_by(&self, number: u64) -> bool {
        let is_account = || number > COUNTS && self.players.contains(&number.to_string());
        self.runs.contains(&number) || is_account()
    }

    /// Bytes, unless they are a session's id, or hold one or a player's name.
    fn bytes(&self, bytes: Vec<u8>) -> Value {
        let id_of = |session: &SessionId| session.uuid().into_bytes();
        if let Some(session) = self.sessions.iter().find(|it| id_of(it)[..] == bytes[..]) {
            return Value::Bytes(id_of(&self.session(*session)).to_vec());
        }
        let holds = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
        let is_named = self.words.iter().any(|(word, _)| holds(word.as_bytes()));
        match is_named || self.sessions.iter().any(|session| holds(&id_of(session))) {
            true => Value::Nothing,
            false => Value::Bytes(bytes),
        }
    }

    /// A text with pseudonyms in the place of players' names and of ids.
    pub fn text(&self, text: &str) -> String {
        if let Ok(session) = SessionId::from_str(text) {
            return self.session(session).to_string();
        }
        let (mut replaced, mut rest) = (String::with_capacity(text.len()), text);
        let mut before = None;
        while let Some(next) = rest.chars().next() {
            let found = self.words.iter().find(|(name, _)| begins_with_word(before, rest, name));
            let len = match (found, run_of_checkpoint(before, rest)) {
                (Some((name, pseudonym)), _) => {
                    replaced.push_str(pseudonym);
                    name.len()
                }
                (None, Some(run)) => {
                    replaced.push('@');
                    replaced.push_str(&self.run(run));
                    1 + run.len()
                }
                (None, None) => {
                    replaced.push(next);
                    next.len_utf8()
                }
            };
            let (done, left) = rest.split_at(len);
            (before, rest) = (done.chars().next_back(), left);
        }
        replaced
    }

    /// The pseudonym of a player.
    pub fn player(&self, name: &str) -> String {
        let digits = self.hash(Domain::Player, name.as_bytes()).to_hex();
        format!("player-{}", digits.get(..PSEUDONYM_DIGITS).unwrap_or_default())
    }

    /// The pseudonym of a session: a UUID of version 8, which is for hashes like this one.
    pub fn session(&self, session: SessionId) -> SessionId {
        let hash = self.hash(Domain::Session, session.uuid().as_bytes());
        let bytes = hash.as_bytes().first_chunk().copied().unwrap_or_default();
        Builder::from_custom_bytes(bytes).into_uuid().into()
    }

    /// The pseudonym of a run, which checkpoints have in their names.
    fn run(&self, digits: &str) -> String {
        let hash = self.hash(Domain::Run, digits.as_bytes()).to_hex();
        hash.get(..RUN_DIGITS).unwrap_or_default().to_owned()
    }

    fn hash(&self, domain: Domain, bytes: &[u8]) -> Hash {
        Hasher::new_keyed(&self.key).update(&[domain as u8]).update(bytes).finalize()
    }
}

/// The run's digits, where a text goes on with them after the number of a checkpoint, such as `12@00c0ffee00c0ffee`.
fn run_of_checkpoint(before: Option<char>, text: &str) -> Option<&str> {
    before.filter(char::is_ascii_digit)?;
    let digits = text.strip_prefix('@')?.get(..RUN_DIGITS)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(digits)
}

/// Returns true if a text begins with a name that is no part of a longer word. A script without blanks has no such words.
fn begins_with_word(before: Option<char>, text: &str, name: &str) -> bool {
    let Some(rest) = text.strip_prefix(name) else { return false };
    let is_one_word = |left: Option<char>, right: Option<char>| {
        let is_of_word = |it: Option<char>| it.is_some_and(|it| it.is_ascii_alphanumeric());
        is_of_word(left) && is_of_word(right)
    };
    !is_one_word(before, name.chars().next())
        && !is_one_word(name.chars().next_back(), rest.chars().next())
}

fn key_of(bytes: &[u8]) -> Option<[u8; KEY_BYTES]> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let hash = Hash::from_hex(text).ok()?;
    Some(*hash.as_bytes())
}

/// Draws a key and writes it into a new file, which belongs to its owner alone.
fn draw_key(path: &Path) -> Result<[u8; KEY_BYTES], Failure> {
    // Four ids with 74 random bits each.
    let mut hasher = Hasher::new();
    for _ in 0..4 {
        hasher.update(SessionId::random().uuid().as_bytes());
    }
    let key = hasher.finalize();
    let write = || -> io::Result<()> {
        let mut file = RealDisk.create_new(path)?;
        file.append(format!("{key}\n").as_bytes())?;
        file.sync()?;
        RealDisk.sync_dir(path.parent().unwrap_or(path)).or(Ok(()))
    };
    write().map_err(|source| unusable(path, source.to_string()))?;
    Ok(*key.as_bytes())
}

fn unusable(path: &Path, why: String) -> Failure {
    Failure::UnusableKey { path: path.to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pseudonyms(players: &[&str]) -> Pseudonyms {
        let mut pseudonyms = Pseudonyms::of([7; KEY_BYTES]);
        players.iter().for_each(|player| pseudonyms.learn_player(player));
        pseudonyms
    }

    #[test]
    fn a_pseudonym_key_is_drawn_once_and_a_malformed_file_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("hop.key");
        let first = Pseudonyms::with_key_in(&path).unwrap();
        let again = Pseudonyms::with_key_in(&path).unwrap();
        assert_eq!(first.player("Ann"), again.player("Ann"));
        let other = Pseudonyms::with_key_in(&root.path().join("other.key")).unwrap();
        assert_ne!(first.player("Ann"), other.player("Ann"));
        let long = "0".repeat(MAX_FILE_BYTES + 1);
        for text in ["", "7", "x".repeat(64).as_str(), &long] {
            RealDisk.replace(&path, text.as_bytes()).unwrap();
            assert!(matches!(Pseudonyms::with_key_in(&path), Err(Failure::UnusableKey { .. })));
        }
        assert!(Pseudonyms::with_key_in(&root.path().join("nowhere/hop.key")).is_err());
    }

    #[test]
    fn pseudonyms_of_players_and_sessions_are_stable() {
        let pseudonyms = pseudonyms(&["Ann"]);
        let ann = pseudonyms.player("Ann");
        assert!(ann.starts_with("player-") && ann.len() == 23, "{ann}");
        let session = SessionId::random();
        let named = pseudonyms.session(session);
        assert!(named != session && named == pseudonyms.session(session));
        assert_eq!(named.uuid().get_version_num(), 8);
        assert_eq!(pseudonyms.text(&session.to_string()), named.to_string());
    }

    #[test]
    fn names_are_replaced_as_whole_words_and_the_longest_first() {
        let pseudonyms = pseudonyms(&["Ann", "Ann-Q", "プレイ"]);
        let [ann, ann_q, other] = ["Ann", "Ann-Q", "プレイ"].map(|it| pseudonyms.player(it));
        for (text, expected) in [
            ("Ann", ann.clone()),
            ("Ann's farm, by Ann-Q", format!("{ann}'s farm, by {ann_q}")),
            ("Annabel and JoAnn", "Annabel and JoAnn".to_owned()),
            ("これはプレイです", format!("これは{other}です")),
            ("", String::new()),
        ] {
            assert_eq!(pseudonyms.text(text), expected);
        }
    }

    #[test]
    fn names_in_nested_values_are_replaced_and_undecodable_values_left_out() {
        let pseudonyms = pseudonyms(&["Ann", "7656119", "12"]);
        let text = |text: &str| Value::Text(text.to_owned());
        let value = Value::List(vec![
            Value::Map(vec![(text("Ann"), text("hi Ann"))]),
            Value::Bytes(b"xAnny".to_vec()),
            Value::Bytes(b"other".to_vec()),
            Value::Unsigned(7_656_119),
            Value::Unsigned(12),
        ]);
        let ann = pseudonyms.player("Ann");
        let expected = Value::List(vec![
            Value::Map(vec![(text(&ann), text(&format!("hi {ann}")))]),
            Value::Nothing,
            Value::Bytes(b"other".to_vec()),
            Value::Nothing,
            Value::Unsigned(12),
        ]);
        assert_eq!(pseudonyms.content(Content::Value(value)), Content::Value(expected));
        let unknown = Content::Unknown(b"Ann".to_vec(), "torn".to_owned());
        assert_eq!(pseudonyms.content(unknown), Content::Personal);
    }

    #[test]
    fn ids_in_names_get_pseudonyms_and_bytes_that_contain_one_are_left_out() {
        let mut pseudonyms = pseudonyms(&["Ann"]);
        let session = SessionId::random();
        pseudonyms.sessions.insert(session);
        pseudonyms.add_word(session.to_string(), pseudonyms.session(session).to_string());
        let run = pseudonyms.run("00c0ffee00c0ffee");
        assert_eq!(run.len(), RUN_DIGITS);
        for (text, expected) in [
            ("12@00c0ffee00c0ffee", format!("12@{run}")),
            ("from 3@00c0ffee00c0ffee to 4", format!("from 3@{run} to 4")),
            ("ann@00c0ffee00c0ffee, 3@short", "ann@00c0ffee00c0ffee, 3@short".to_owned()),
        ] {
            assert_eq!(pseudonyms.text(text), expected);
        }
        let id = session.uuid().into_bytes();
        let within = [&[0xc4, 16], &id[..]].concat();
        let spelled = format!("of {session}").into_bytes();
        for bytes in [within, spelled] {
            assert_eq!(pseudonyms.value(Value::Bytes(bytes)), Value::Nothing);
        }
        let named = pseudonyms.session(session).uuid().into_bytes().to_vec();
        assert_eq!(pseudonyms.value(Value::Bytes(id.to_vec())), Value::Bytes(named));
    }
}
