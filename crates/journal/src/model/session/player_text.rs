//! A player's id or name as text, wherever it stands: found and blanked in values, logs and names.

use unicode_normalization::UnicodeNormalization;

/// A player's id, as it may stand in what is kept.
///
/// It stands for itself where no letter or digit touches it: `Ann` isn't in `Annabel`, and is in `saved by Ann.`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlayerText {
    /// The text as it was given and in Unicode's composed and decomposed forms, none of them twice.
    forms: Vec<String>,
    /// Letters that take its place, as many bytes as the longest form has.
    instead: Vec<u8>,
}

impl PlayerText {
    /// Of a player; `None` of an empty text, which stands everywhere. `seed` decides which letters take its place.
    pub fn of(player: &str, seed: u64) -> Option<Self> {
        let composed: String = player.nfc().collect();
        let decomposed: String = player.nfd().collect();
        let mut forms = vec![player.to_owned(), composed, decomposed];
        forms.sort();
        forms.dedup();
        let longest = forms.iter().map(String::len).max().filter(|longest| *longest > 0)?;
        let letter = |place: usize| {
            let mixed = seed.wrapping_add(place as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            b'a' + u8::try_from((mixed >> 32) % 26).unwrap_or_default()
        };
        Some(Self { forms, instead: (0..longest).map(letter).collect() })
    }

    /// Whether a text is nothing but the player's.
    pub fn is(&self, text: &str) -> bool {
        self.forms.iter().any(|form| form == text)
    }

    /// Whether it stands anywhere in these bytes, of which it isn't known how they are made.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        self.forms.iter().any(|form| places(bytes, form.as_bytes()).next().is_some())
    }

    /// Puts other letters in its place in values that are MessagePack, and in bytes that are not; how often. No length
    /// changes, so whatever holds these bytes holds them as before.
    pub fn blank(&self, bytes: &mut [u8]) -> usize {
        let Some(texts) = texts_in(bytes) else { return self.blank_anywhere(bytes) };
        let mut blanked = 0;
        for (from, to) in texts {
            if let Some(text) = bytes.get_mut(from..to) {
                blanked += self.blank_anywhere(text);
            }
        }
        blanked
    }

    fn blank_anywhere(&self, bytes: &mut [u8]) -> usize {
        let mut blanked = 0;
        for form in &self.forms {
            let found: Vec<usize> = places(bytes, form.as_bytes()).collect();
            for from in found {
                let place = bytes.get_mut(from..from + form.len());
                let instead = self.instead.get(..form.len());
                if let (Some(place), Some(instead)) = (place, instead) {
                    place.copy_from_slice(instead);
                    blanked += 1;
                }
            }
        }
        blanked
    }
}

/// The places at which a word begins that no letter or digit touches.
fn places(bytes: &[u8], word: &[u8]) -> impl Iterator<Item = usize> {
    let is_there = move |from: &usize| {
        let is_word = bytes.get(*from..*from + word.len()) == Some(word);
        is_word
            && !ends_in_word(bytes.get(..*from))
            && !begins_with_word(bytes.get(from + word.len()..))
    };
    let first = word.first().copied();
    let last = bytes.len().checked_sub(word.len()).filter(|_| !word.is_empty());
    let all = last.map_or(0..0, |last| 0..last + 1);
    all.filter(move |from| bytes.get(*from).copied() == first).filter(is_there)
}

/// Whether bytes end with a letter or digit.
fn ends_in_word(bytes: Option<&[u8]>) -> bool {
    let bytes = bytes.unwrap_or_default();
    let tail = |length: usize| {
        let start = bytes.len().checked_sub(length)?;
        std::str::from_utf8(bytes.get(start..)?).ok()?.chars().next()
    };
    // The shortest that is text is the last letter.
    (1..=4).find_map(tail).is_some_and(char::is_alphanumeric)
}

/// Whether bytes begin with a letter or digit.
fn begins_with_word(bytes: Option<&[u8]>) -> bool {
    let bytes = bytes.unwrap_or_default();
    let head = |length: usize| std::str::from_utf8(bytes.get(..length)?).ok()?.chars().next();
    (1..=4).find_map(head).is_some_and(char::is_alphanumeric)
}

/// Where the texts and byte strings in a sequence of MessagePack values are; `None` if this is none.
///
/// Arrays and maps are followed by what is in them, so all values stand one after the other.
fn texts_in(bytes: &[u8]) -> Option<Vec<(usize, usize)>> {
    let mut texts = Vec::new();
    let mut at = 0;
    let number = |at: usize, length: usize| -> Option<usize> {
        let bytes = bytes.get(at..at + length)?;
        Some(bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    };
    while let Some(marker) = bytes.get(at).copied() {
        at += 1;
        let (head, payload, is_text) = match marker {
            0x00..=0x9f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => (0, 0, false),
            0xa0..=0xbf => (0, usize::from(marker & 0x1f), true),
            0xc4 | 0xd9 => (1, number(at, 1)?, true),
            0xc5 | 0xda => (2, number(at, 2)?, true),
            0xc6 | 0xdb => (4, number(at, 4)?, true),
            // Of an extension its type stands before its bytes.
            0xc7 => (2, number(at, 1)?, true),
            0xc8 => (3, number(at, 2)?, true),
            0xc9 => (5, number(at, 4)?, true),
            0xcc | 0xd0 => (0, 1, false),
            0xcd | 0xd1 => (0, 2, false),
            0xca | 0xce | 0xd2 => (0, 4, false),
            0xcb | 0xcf | 0xd3 => (0, 8, false),
            0xd4..=0xd8 => (1, 1 << (marker - 0xd4), true),
            0xdc | 0xde => (2, 0, false),
            0xdd | 0xdf => (4, 0, false),
            0xc1 => return None,
        };
        let from = at + head;
        let to = from.checked_add(payload).filter(|to| *to <= bytes.len())?;
        if is_text {
            texts.push((from, to));
        }
        at = to;
    }
    Some(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ann() -> PlayerText {
        PlayerText::of("Ann", 7).unwrap()
    }

    #[test]
    fn a_name_stands_for_itself_where_no_letter_touches_it() {
        for text in ["Ann", "saved by Ann.", "Ann's", "«Ann»", "x Ann", "Ann\n", "é Ann é"] {
            assert!(ann().is_in(text.as_bytes()), "{text}");
        }
        for text in ["Annabel", "Joann", "JoAnn", "éAnn", "Annß", "Ann2", "ann", "An n", ""] {
            assert!(!ann().is_in(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn an_empty_name_is_none() {
        assert_eq!(PlayerText::of("", 1), None);
    }

    #[test]
    fn both_forms_of_a_letter_are_one_name() {
        let zoe = PlayerText::of("Zo\u{eb}", 7).unwrap();
        assert!(zoe.is_in("by Zoe\u{308}!".as_bytes()));
        assert!(zoe.is_in("by Zo\u{eb}!".as_bytes()));
        assert!(!zoe.is_in("by Zoe!".as_bytes()));
    }

    #[test]
    fn values_are_blanked_and_stay_the_values_that_they_were() {
        type Value = (String, u8, Vec<String>, f64);
        // The number after the name is the letter A in ASCII.
        let value: Value =
            ("Ann".to_owned(), 65, vec!["Annabel".to_owned(), "by Ann".to_owned()], 0.5);
        let mut bytes = rmp_serde::to_vec_named(&value).unwrap();
        assert_eq!(ann().blank(&mut bytes), 2);
        let (name, number, texts, fraction): Value = rmp_serde::from_slice(&bytes).unwrap();
        assert_eq!((number, fraction, &*texts[0]), (65, 0.5, "Annabel"));
        assert_eq!(texts[1], format!("by {name}"), "one player stays one");
        assert_ne!(name, "Ann");
        assert!(!ann().is_in(&bytes));
    }

    /// A text whose length is the number of the letter A stands right before the name of another column.
    #[test]
    fn the_length_of_a_text_is_no_letter_of_it() {
        let long = format!("Ann {}", "x".repeat(61));
        assert_eq!(long.len(), 65);
        let mut bytes = rmp_serde::to_vec_named(&long).unwrap();
        assert_eq!(ann().blank(&mut bytes), 1);
    }

    #[test]
    fn bytes_of_the_games_own_are_blanked_where_the_name_stands_alone() {
        let mut bytes = [&[0xc1, 0xff], &b"Ann"[..], &[0x00, 0xff]].concat();
        assert_eq!(ann().blank(&mut bytes), 1);
        assert!(!ann().is_in(&bytes));
    }
}
