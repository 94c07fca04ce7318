//! The document of a share: what the session has, and an address for each entry. Nothing is decided by it.
//!
//! Its first line names the format and the session. A line of one word is the name of a claim, which has no address. Addresses
//! are alike but for their names and signatures, so a line that begins with `@` has what stands before the name and between
//! both, and each line of two words is a name and a signature.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Key, Listing};
use url::Url;

const FORMAT: &str = "bevy_session_share_1";

/// A document that was read.
#[derive(Clone, Default)]
pub(crate) struct Document {
    pub listing: Listing,
    pub addresses: BTreeMap<Key, Url>,
}

/// Writes a document.
pub(crate) fn encode(session: SessionId, claims: &[Key], entries: &[(Key, Url)]) -> String {
    let mut text = format!("{FORMAT} {session}\n");
    for claim in claims {
        // Writing into a `String` can't fail.
        let _ = writeln!(text, "{}", claim.name());
    }
    let mut around = None;
    for (key, address) in entries {
        let name = key.name();
        let Some((before, rest)) = address.as_str().rsplit_once(&*name) else { continue };
        let Some((between, signature)) = rest.rsplit_once('=') else { continue };
        if around != Some((before, between)) {
            let _ = writeln!(text, "@ {before} {between}");
            around = Some((before, between));
        }
        let _ = writeln!(text, "{name} {signature}");
    }
    text
}

/// Reads a document about a session; `None` for anything else, and for one with an address on another server than its own.
pub(crate) fn decode(text: &str, session: SessionId, own: &Url) -> Option<Document> {
    let mut lines = text.lines();
    let (format, id) = lines.next()?.split_once(' ')?;
    if format != FORMAT || id.parse() != Ok(session) {
        return None;
    }
    let (mut document, mut around) = (Document::default(), None);
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["@", before, between] => around = Some((before, between)),
            [name] => document.listing.add(Key::of_name(session, name)?),
            [name, signature] => {
                let (key, (before, between)) = (Key::of_name(session, name)?, around?);
                let address = Url::parse(&format!("{before}{name}{between}={signature}")).ok()?;
                if address.origin() != own.origin() {
                    return None;
                }
                document.listing.add(key);
                document.addresses.insert(key, address);
            }
            _ => return None,
        }
    }
    Some(document)
}

#[cfg(test)]
mod tests {
    use bevy_session_journal::replica::{Epoch, Position};

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_share_document_is_read_for_its_own_server_and_session_only() {
        let session = SessionId::random();
        let claim = Key::Claim { session, epoch: Epoch(1) };
        let entry =
            |position| Key::Entry { session, epoch: Epoch(1), position: Position(position) };
        let signed = |position: u64, second: u64| {
            let name = entry(position).name();
            (
                entry(position),
                url(&format!("https://a.example/x/{name}?date={second}&signature=f{position}")),
            )
        };
        let entries = [signed(1, 7), signed(2, 7), signed(3, 8)];
        let text = encode(session, &[claim], &entries);
        assert_eq!(text.matches('@').count(), 2, "{text}");
        let own = url("https://a.example/shares/y?signature=0");
        let read = decode(&text, session, &own).unwrap();
        assert_eq!(read.addresses, BTreeMap::from(entries));
        assert_eq!(read.listing.claims.len(), 1);
        assert_eq!(read.listing.entries[&Epoch(1)].len(), 3);

        assert!(decode(&text, SessionId::random(), &own).is_none());
        for other in ["http://a.example/", "https://b.example/", "https://a.example:444/"] {
            assert!(decode(&text, session, &url(other)).is_none(), "{other}");
        }
        for (part, other) in
            [("_1", "_2"), (".entry", ".entries"), ("@ ", ""), (".claim", ".claim x y")]
        {
            assert!(decode(&text.replacen(part, other, 1), session, &own).is_none(), "{part}");
        }
        for end in 0..text.len() - 1 {
            // One that was cut in a signature names an address that opens nothing.
            drop(decode(&text[..end], session, &own));
        }
    }
}
