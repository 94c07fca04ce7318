//! Removes from a text everything that reveals who the player is.

// Feature: Reports mask paths, names and addresses, and leave private events out.
// Page: guide/reports.md#privacy

use std::env;

use directories::BaseDirs;

use super::addresses::without_addresses;
use crate::disk::process::Logged;
use crate::model::session::SessionContext;

/// The replacement of a home directory or a user's name.
const INSTEAD: &str = "~";
/// The parents of home directories, in small letters, and true if their names may have spaces.
const HOMES: [(&str, bool); 6] = [
    ("/home/", false),
    ("/users/", false),
    ("\\users\\", true),
    // As `Debug` writes them, and JSON that again.
    ("\\\\\\\\users\\\\\\\\", true),
    ("\\\\users\\\\", true),
    ("\\documents and settings\\", true),
];
/// Names that many users have, and that words of a backtrace are.
const NAMES_OF_NOBODY: [&str; 8] =
    ["admin", "administrator", "guest", "player", "root", "steam", "user", "users"];

/// The texts that reveal who the player is.
#[derive(Clone, Debug, Default)]
pub struct Personal {
    /// The home directory, as paths are written.
    home: Option<String>,
    /// The user's name.
    user: Option<String>,
}

impl Personal {
    /// Asks the operating system.
    pub fn of_this_machine() -> Self {
        let home = BaseDirs::new().map(|directories| directories.home_dir().to_path_buf());
        let names =
            ["USER", "LOGNAME", "USERNAME"].into_iter().filter_map(|name| env::var(name).ok());
        let last_of_home =
            home.as_ref().and_then(|home| Some(home.file_name()?.to_string_lossy().into_owned()));
        let user = names.chain(last_of_home).find(|name| !name.is_empty());
        Self::new(home.map(|home| home.to_string_lossy().into_owned()), user)
    }

    fn new(home: Option<String>, user: Option<String>) -> Self {
        let says_something = |name: &String| {
            name.chars().count() > 2 && !NAMES_OF_NOBODY.contains(&&*name.to_lowercase())
        };
        Self { home: home.filter(|home| home.len() > 1), user: user.filter(says_something) }
    }

    /// The text without anybody's home directories, without the user's name, and without e-mail and IP addresses.
    pub fn removed_from(&self, text: &str) -> String {
        let mut text = without_addresses(text);
        if let Some(home) = &self.home {
            for separator in ["\\\\\\\\", "\\\\", "\\", "/"] {
                text = without_word(&text, &home.replace('\\', separator));
            }
        }
        for (parent, may_have_spaces) in HOMES {
            text = without_homes(&text, parent, may_have_spaces);
        }
        match &self.user {
            Some(user) => without_word(&text, user),
            None => text,
        }
    }

    /// The same of the log.
    pub fn removed_from_log(&self, logged: &Logged) -> Logged {
        let Logged { recent, lines } = logged;
        Logged { recent: self.removed_from(recent), lines: self.removed_from(lines) }
    }

    /// The same of all texts in the context of a game and its machine.
    pub(super) fn removed_from_context(&self, context: &SessionContext) -> SessionContext {
        let removed = |text: &String| self.removed_from(text);
        SessionContext {
            game: removed(&context.game),
            game_version: removed(&context.game_version),
            build_id: removed(&context.build_id),
            bevy_version: removed(&context.bevy_version),
            os: removed(&context.os),
            cpu: removed(&context.cpu),
            graphics: removed(&context.graphics),
            memory_bytes: context.memory_bytes,
            locale: removed(&context.locale),
            mods: context.mods.iter().map(removed).collect(),
            all_mods_hash: context.all_mods_hash,
            network: context.network.clone().map(|mut network| {
                network.region = removed(&network.region);
                network
            }),
            settings_hash: context.settings_hash,
            arguments: context.arguments.iter().map(removed).collect(),
        }
    }
}

/// The text without a word or path, where it isn't part of a longer one. Capitals are as good as
/// small letters.
fn without_word(text: &str, word: &str) -> String {
    let (lower, word) = (text.to_ascii_lowercase(), word.to_ascii_lowercase());
    let is_part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(place) = lower.get(from..).and_then(|rest| rest.find(&word)) {
        let (start, end) = (from + place, from + place + word.len());
        let before = lower.get(..start).and_then(|before| before.chars().next_back());
        let after = lower.get(end..).and_then(|after| after.chars().next());
        // A text that begins with a separator is a path, and may stand behind anything.
        let begins_word = word.starts_with(['/', '\\']) || !before.is_some_and(is_part_of_word);
        kept.push_str(text.get(from..start).unwrap_or_default());
        let is_whole = begins_word && !after.is_some_and(is_part_of_word);
        kept.push_str(if is_whole { INSTEAD } else { text.get(start..end).unwrap_or_default() });
        from = end;
    }
    kept.push_str(text.get(from..).unwrap_or_default());
    kept
}

/// The text without the directories in `parent`, and without the drive before it.
fn without_homes(text: &str, parent: &str, may_have_spaces: bool) -> String {
    let lower = text.to_ascii_lowercase();
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(place) = lower.get(from..).and_then(|rest| rest.find(parent)) {
        let (start, name_at) = (from + place, from + place + parent.len());
        let length = name_length(lower.get(name_at..).unwrap_or_default(), may_have_spaces);
        let before = text.get(from..start).unwrap_or_default();
        if length == 0 {
            kept.push_str(before);
            kept.push_str(text.get(start..name_at).unwrap_or_default());
            from = name_at;
            continue;
        }
        kept.push_str(without_drive(before));
        kept.push_str(INSTEAD);
        from = name_at + length;
    }
    kept.push_str(text.get(from..).unwrap_or_default());
    kept
}

/// Bytes of the name that a text begins with.
fn name_length(text: &str, may_have_spaces: bool) -> usize {
    let ends_name = |c: char| matches!(c, '/' | '\\' | '"' | '\'' | '`' | ':' | ';' | ',' | '\n');
    let end = text.find(ends_name).unwrap_or(text.len());
    let name = text.get(..end).unwrap_or_default();
    let goes_on = text.get(end..).is_some_and(|rest| rest.starts_with(['/', '\\']));
    // A space belongs to the name only if a path continues behind it.
    match name.find(char::is_whitespace) {
        Some(space) if !(may_have_spaces && goes_on) => space,
        _ => end,
    }
}

fn without_drive(text: &str) -> &str {
    let Some(rest) = text.strip_suffix(':') else { return text };
    match rest.chars().next_back() {
        Some(drive) if drive.is_ascii_alphabetic() => {
            rest.get(..rest.len() - 1).unwrap_or_default()
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::session::SessionNetwork;

    fn tim(home: &str) -> Personal {
        Personal::new(Some(home.to_owned()), Some("tim".to_owned()))
    }

    #[test]
    fn home_directories_of_any_user_are_masked() {
        let personal = tim("/home/tim");
        for (text, expected) in [
            ("can't open /home/tim/saves/1.ron", "can't open ~/saves/1.ron"),
            ("at /home/builder/game/src/main.rs:3:5", "at ~/game/src/main.rs:3:5"),
            ("\"/home/tim\"", "\"~\""),
            ("/home/timothy and /home/tim", "~ and ~"),
            ("/Users/Ann/x, /Users/Bob/y", "~/x, ~/y"),
            ("in /home/ nothing", "in /home/ nothing"),
            ("/home/ann: ann@example.com, 192.168.0.17", "~: <e-mail>, <address>"),
        ] {
            assert_eq!(personal.removed_from(text), expected, "{text}");
        }
    }

    #[test]
    fn windows_paths_lose_their_drive_and_names_with_spaces() {
        let personal = tim("C:\\Users\\Tim");
        for (text, expected) in [
            ("C:\\Users\\Tim\\AppData\\x", "~\\AppData\\x"),
            ("c:\\users\\Ann Smith\\x", "~\\x"),
            (r#""path":"\"C:\\\\Users\\\\Ann Smith\\\\x\"""#, r#""path":"\"~\\\\x\"""#),
            (r#""C:\\Users\\Ann Smith\\x""#, r#""~\\x""#),
            ("C:/Users/Ann/x", "~/x"),
            ("D:\\Users\\Ann is full", "~ is full"),
        ] {
            assert_eq!(personal.removed_from(text), expected, "{text}");
        }
    }

    #[test]
    fn the_users_name_is_masked_as_a_whole_word_only() {
        let personal = tim("/data/homes/tim");
        assert_eq!(personal.removed_from("Tim's save: no time, tim"), "~'s save: no time, ~");
        assert_eq!(personal.removed_from("/data/homes/tim/x"), "~/x");
        let root = Personal::new(Some("/root".to_owned()), Some("root".to_owned()));
        assert_eq!(root.removed_from("the root node of /root/x"), "the root node of ~/x");
    }

    #[test]
    fn paths_in_the_context_of_a_session_are_masked() {
        let context = SessionContext {
            game_version: "1.0".to_owned(),
            build_id: "/home/tim/build".to_owned(),
            arguments: vec!["--save-dir=/home/ann".to_owned()],
            mods: vec!["/home/bob/fish".to_owned()],
            network: Some(SessionNetwork::online("/home/bob")),
            ..SessionContext::default()
        };
        let scrubbed = tim("/home/tim").removed_from_context(&context);
        let expected = SessionContext {
            build_id: "~/build".to_owned(),
            arguments: vec!["--save-dir=~".to_owned()],
            mods: vec!["~/fish".to_owned()],
            network: Some(SessionNetwork::online("~")),
            ..context
        };
        assert_eq!(scrubbed, expected);
    }

    #[test]
    fn masking_handles_any_unicode_text() {
        let personal = tim("/home/tim");
        for text in ["", "é", "/home/é/İ", "\\users\\é", "/home/\u{1f980}\u{1f980} x", "timİtim"]
        {
            let scrubbed = personal.removed_from(text);
            assert!(!scrubbed.contains("/home/é"), "{scrubbed}");
        }
    }
}
