//! Both files of strings, held against what is built in.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;

const ENGLISH: &str = include_str!("../../../../../assets/strings/en.ron");
const GERMAN: &str = include_str!("../../../../../assets/strings/de.ron");

fn parsed(file: &str) -> SessionStrings {
    ron::from_str(file).expect("it should be RON of `SessionStrings`")
}

/// Every string by its name; what counts something has two.
fn by_name(strings: &SessionStrings) -> BTreeMap<String, String> {
    let Ok(Value::Object(fields)) = serde_json::to_value(strings) else { unreachable!() };
    let mut named = BTreeMap::new();
    for (name, value) in fields {
        match value {
            Value::Object(counted) => {
                for (form, text) in counted {
                    named.insert(format!("{name}.{form}"), text.as_str().unwrap().to_owned());
                }
            }
            text => drop(named.insert(name, text.as_str().unwrap().to_owned())),
        }
    }
    named
}

/// The names at the beginnings of a file's lines.
fn names_in(file: &str) -> BTreeSet<&str> {
    file.lines().filter_map(|line| Some(line.strip_prefix("    ")?.split_once(": ")?.0)).collect()
}

/// The parts of a text that are filled in.
fn parts(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0)).collect()
}

#[test]
fn the_built_in_english_equals_its_file() {
    assert_eq!(parsed(ENGLISH), SessionStrings::default());
}

#[test]
fn both_languages_name_every_string() {
    let all = by_name(&SessionStrings::default());
    let all: BTreeSet<&str> = all.keys().filter_map(|name| name.split('.').next()).collect();
    assert_eq!(names_in(ENGLISH), all);
    assert_eq!(names_in(GERMAN), all);
}

#[test]
fn a_translation_fills_in_the_same_parts() {
    let english = by_name(&SessionStrings::default());
    let german = by_name(&parsed(GERMAN));
    for (name, text) in &english {
        let (text, translated) = (parts(text), parts(&german[name]));
        // "A minute" needs no number.
        let is_singular =
            name.ends_with(".one") && text.union(&translated).all(|part| *part == "n");
        assert!(text == translated || is_singular, "{name}: {text:?} and {translated:?}");
    }
}

#[test]
fn the_english_texts_are_ascii() {
    for (name, text) in by_name(&SessionStrings::default()) {
        assert!(text.is_ascii(), "{name}");
    }
}

#[test]
fn a_file_may_name_only_a_few_strings() {
    let few = parsed("(recover: \"Go on\", minutes: (one: \"1 min\", other: \"{n} min\"))");
    assert_eq!((few.recover.as_str(), few.minutes.of(3).as_str()), ("Go on", "3 min"));
    assert_eq!(few.start_fresh, SessionStrings::default().start_fresh);
}
