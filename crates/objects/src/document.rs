//! The document of a share: what the session has, and an address for each entry. Nothing is decided by it.
//!
//! Its first line, the head, names the format, the session, the number of further lines, the end of the share, the seconds between
//! two renewals (0 once there will be none), and when this one was written, all by the owner's clock. A line of one word is the
//! name of a claim, which has no address. Addresses are alike but for their names and signatures, so a line that begins with `@`
//! has what stands before the name and between both, and each line of two words is a name and a signature.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Key, Listing};
use url::Url;

const FORMAT: &str = "bevy_session_share_1";
/// More bytes than the document of any session has.
pub(crate) const LARGEST: u64 = 4 << 20;
/// More bytes than the parts of an address have that are alike.
const LONGEST_PART: usize = 8 << 10;

/// The statements of a document about its share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Head {
    pub session: SessionId,
    /// The number of lines after the head.
    pub lines: usize,
    /// The end of the share, in seconds of Unix.
    pub until: u64,
    /// The time between two renewals; zero where there will be none.
    pub every: Duration,
    /// When it was written, in milliseconds of Unix: another number for each renewal.
    pub written: u64,
}

/// A document that was read.
pub(crate) struct Document {
    pub head: Head,
    pub listing: Listing,
    alike: Vec<(String, String)>,
    /// Which of those belong to an entry, and its signature.
    signatures: BTreeMap<Key, (usize, String)>,
}

/// Writes the lines after the head; `None` where an address isn't one of those that a document can have.
pub(crate) fn encode(claims: &[Key], entries: &[(Key, Url)]) -> Option<String> {
    let mut text = String::new();
    for claim in claims {
        // Writing into a `String` can't fail.
        let _ = writeln!(text, "{}", claim.name());
    }
    let mut alike = None;
    for (key, address) in entries {
        let name = key.name();
        let (before, rest) = address.as_str().rsplit_once(&*name)?;
        let (between, signature) = rest.rsplit_once('=')?;
        if before.len().max(between.len()) > LONGEST_PART {
            return None;
        }
        if alike != Some((before, between)) {
            let _ = writeln!(text, "@ {before} {between}");
            alike = Some((before, between));
        }
        let _ = writeln!(text, "{name} {signature}");
    }
    Some(text)
}

impl Head {
    /// Writes a document of these lines.
    pub fn with(mut self, lines: &str) -> String {
        self.lines = lines.lines().count();
        let Self { session, lines: count, until, every, written } = self;
        format!("{FORMAT} {session} {count} {until} {} {written}\n{lines}", every.as_secs())
    }

    /// Reads the first line of a document.
    pub fn of(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split(' ').collect();
        let [FORMAT, session, lines, until, every, written] = words[..] else { return None };
        Some(Self {
            session: session.parse().ok()?,
            lines: lines.parse().ok()?,
            until: until.parse().ok()?,
            every: Duration::from_secs(every.parse::<u32>().ok()?.into()),
            written: written.parse().ok()?,
        })
    }
}

impl Document {
    /// The address of an entry.
    pub fn address_of(&self, key: Key) -> Option<Url> {
        let (place, signature) = self.signatures.get(&key)?;
        let (before, between) = self.alike.get(*place)?;
        Url::parse(&format!("{before}{}{between}={signature}", key.name())).ok()
    }
}

/// Reads a document about a session; `None` for anything else, for a part of one, and for one with an address on another server
/// than its own.
pub(crate) fn decode(text: &str, session: SessionId, own: &Url) -> Option<Document> {
    let (first, rest) = text.split_once('\n')?;
    let head = Head::of(first).filter(|head| head.session == session)?;
    // The last line as well has an end.
    if rest.lines().count() != head.lines || !text.ends_with('\n') {
        return None;
    }
    let (listing, alike, signatures) = (Listing::default(), Vec::new(), BTreeMap::new());
    let mut document = Document { head, listing, alike, signatures };
    for line in rest.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["@", before, between] => {
                if !is_on(before, own) || before.len().max(between.len()) > LONGEST_PART {
                    return None;
                }
                document.alike.push((before.to_owned(), between.to_owned()));
            }
            [name] => document.listing.add(Key::of_name(session, name)?),
            [name, signature] => {
                let key = Key::of_name(session, name)?;
                let place = document.alike.len().checked_sub(1)?;
                document.listing.add(key);
                document.signatures.insert(key, (place, signature.to_owned()));
            }
            _ => return None,
        }
    }
    Some(document)
}

/// Returns true if an address that begins like this is on the server of another, whatever comes after it.
fn is_on(before: &str, own: &Url) -> bool {
    before.ends_with('/') && Url::parse(before).is_ok_and(|url| url.origin() == own.origin())
}

#[cfg(test)]
mod tests {
    use bevy_session_journal::replica::{Epoch, Position};

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn signed(session: SessionId, position: u64, second: u64) -> (Key, Url) {
        let key = Key::Entry { session, epoch: Epoch(1), position: Position(position) };
        let name = key.name();
        let address = format!("https://a.example/x/{name}?date={second}&signature=f{position}");
        (key, url(&address))
    }

    /// A document, its session, and the entries in it.
    fn written() -> (String, SessionId, Vec<(Key, Url)>) {
        let session = SessionId::random();
        let claim = Key::Claim { session, epoch: Epoch(1) };
        let entries = vec![signed(session, 1, 7), signed(session, 2, 7), signed(session, 3, 8)];
        let lines = encode(&[claim], &entries).unwrap();
        let every = Duration::from_secs(30);
        let head = Head { session, lines: 0, until: 1_795_982_400, every, written: 7 };
        (head.with(&lines), session, entries)
    }

    #[test]
    fn a_share_document_is_read_for_its_own_server_and_session_only() {
        let (text, session, entries) = written();
        assert_eq!(text.matches('@').count(), 2, "{text}");
        let own = url("https://a.example/shares/y?signature=0");
        let read = decode(&text, session, &own).unwrap();
        for (key, address) in &entries {
            assert_eq!(read.address_of(*key).as_ref(), Some(address));
        }
        assert_eq!(read.listing.claims.len(), 1);
        assert_eq!(read.listing.entries[&Epoch(1)].len(), 3);
        assert_eq!((read.head.every, read.head.until), (Duration::from_secs(30), 1_795_982_400));

        assert!(decode(&text, SessionId::random(), &own).is_none());
        for other in ["http://a.example/", "https://b.example/", "https://a.example:444/"] {
            assert!(decode(&text, session, &url(other)).is_none(), "{other}");
        }
        for (part, other) in [
            ("_1", "_2"),
            (".entry", ".entries"),
            ("@ ", ""),
            (".claim", ".claim x y"),
            // A name would become a part of the server's.
            ("https://a.example/x/", "https://a.example"),
        ] {
            assert!(decode(&text.replacen(part, other, 1), session, &own).is_none(), "{part}");
        }
        for end in 0..text.len() {
            assert!(decode(&text[..end], session, &own).is_none(), "cut at {end}");
        }
    }

    #[test]
    fn an_address_that_no_document_can_have_is_refused_both_ways() {
        let (text, session, _) = written();
        let own = url("https://a.example/shares/y?signature=0");
        let (key, address) = signed(session, 1, 7);
        let long = "x".repeat(LONGEST_PART);
        let longer = url(&address.as_str().replace("date=", &format!("{long}=")));
        for other in [url("https://a.example/x?a=b"), url("https://a.example/x"), longer] {
            assert_eq!(encode(&[], &[(key, other.clone())]), None, "{other}");
        }
        for (part, other) in [("/x/", format!("/{long}/")), ("date=", format!("{long}="))] {
            assert!(decode(&text.replacen(part, &other, 1), session, &own).is_none(), "{part}");
        }
    }
}
