//! Texts as they are compared: without case, accents and other differences that players don't type.

use unicode_normalization::UnicodeNormalization;

/// A text without what distinguishes letters that count as the same in a search.
///
/// Compatible forms become one (wide letters, ligatures), accents and the points of Hebrew and Arabic go,
/// and so does case. Marks that make another letter, as the vowels of Indian scripts do, stay.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.chars().map(plain).collect();
    }
    let letters = text.nfkd().filter(|letter| !is_accent(*letter) && !is_invisible(*letter));
    let small = letters.flat_map(char::to_lowercase).nfkd().filter(|letter| !is_accent(*letter));
    let mut folded = String::with_capacity(text.len());
    small.for_each(|letter| push(&mut folded, letter));
    folded
}

/// A letter of ASCII. Control characters are space, so that none of them stands for something else here.
fn plain(letter: char) -> char {
    if letter.is_control() { ' ' } else { letter.to_ascii_lowercase() }
}

/// Letters that have no accent to lose, and that people write without one all the same.
fn push(folded: &mut String, letter: char) {
    match letter {
        'ß' => folded.push_str("ss"),
        'æ' => folded.push_str("ae"),
        'œ' => folded.push_str("oe"),
        'þ' => folded.push_str("th"),
        'ø' => folded.push('o'),
        'đ' | 'ð' => folded.push('d'),
        'ł' => folded.push('l'),
        'ħ' => folded.push('h'),
        'ı' => folded.push('i'),
        'ς' => folded.push('σ'),
        _ if letter.is_control() => folded.push(' '),
        _ => folded.push(letter),
    }
}

/// Returns true if a mark only says how a letter is spoken or stressed.
fn is_accent(letter: char) -> bool {
    matches!(letter,
        '\u{0300}'..='\u{036f}'
        | '\u{0483}'..='\u{0489}'
        | '\u{0591}'..='\u{05bd}' | '\u{05bf}' | '\u{05c1}' | '\u{05c2}' | '\u{05c4}' | '\u{05c5}' | '\u{05c7}'
        | '\u{0610}'..='\u{061a}' | '\u{064b}'..='\u{065f}' | '\u{0670}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}')
}

/// Returns true if a character takes no room and no part in a word.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{00ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_ligatures_are_folded() {
        for (one, other) in [
            ("Élan", "elan"),
            ("e\u{301}lan", "élan"),
            ("STRASSE", "straße"),
            ("Ørsted Łódź", "orsted lodz"),
            ("ΟΔΟΣ", "οδος"),
            ("Ёлка", "елка"),
            ("ＷＩＤＥ", "wide"),
            ("ﬁre", "fire"),
            ("İstanbul", "istanbul"),
            ("ISPARTA ı", "isparta i"),
            ("שָׁלוֹם", "שלום"),
            ("soft\u{ad}ly", "softly"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} and {other}");
        }
    }

    #[test]
    fn distinct_letters_are_not_folded_together() {
        for (one, other) in [("か", "が"), ("कि", "की"), ("鬼", "鬼火"), ("하", "한"), ("a", "b")]
        {
            assert_ne!(fold(one), fold(other));
        }
    }

    #[test]
    fn folding_is_idempotent() {
        for letter in ('\0'..='\u{2ffff}').chain('\u{e0000}'..='\u{e0fff}') {
            let once = fold(&letter.to_string());
            assert_eq!(fold(&once), once, "{letter:?}");
            assert!(!once.contains(char::is_control), "{letter:?}");
        }
    }

    #[test]
    fn combining_marks_are_folded_away() {
        assert_eq!(fold(&"\u{301}\u{323}".repeat(1 << 19)), "");
    }
}
