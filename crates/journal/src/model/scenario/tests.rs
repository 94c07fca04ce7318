//! Scenario files, good and bad.

// Feature: Scenarios extend others, and errors name file, line and what was expected.
// Page: guide/scenarios.md#one-that-builds-on-another

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::{Scenario, ScenarioError};
use crate::model::session::{Fields, LinkTarget};

const FILE: &str = "scenarios/frontier.scenario.ron";

/// The scenario of the first of some files.
fn of_files(files: &[(&str, &str)]) -> Result<Scenario, ScenarioError> {
    let texts: BTreeMap<&str, &str> = files.iter().copied().collect();
    Scenario::read(files[0].0, |file| {
        let text = texts.get(file).ok_or(io::ErrorKind::NotFound)?;
        Ok(text.as_bytes().to_vec())
    })
}

fn refused(text: &str) -> String {
    Scenario::of_text(FILE, text).unwrap_err().to_string()
}

#[test]
fn a_session_has_everything_of_its_scenario_file() {
    let text = r#"// A comment.
(
    version: 2,
    name: "Frontier",
    description: "A cold place.",
    picture: "pictures/frontier.png",
    difficulty: "hard",
    level: 3,
    expected: "1h 30min",
    fields: {"chapter": "The river", "dates": [1, 2.5], "place": {"x": 1}},
    settings: {"settlers": 6, "winter": true, "pace": 0.5},
    tags: ["co-op", " iron "],
    links: {"guide": "https://example.org"},
)"#;
    let scenario = Scenario::of_text(FILE, text).unwrap();
    assert_eq!((&*scenario.key, &*scenario.difficulty), ("frontier", "hard"));
    assert_eq!((scenario.version, scenario.level), (2, Some(3)));
    assert_eq!(scenario.picture.as_deref(), Some("scenarios/pictures/frontier.png"));
    let session = scenario.new_session().player("Ann");
    assert_eq!((&*session.name, &*session.description), ("Frontier", "A cold place."));
    assert_eq!((&*session.session_type, session.player.as_deref()), ("frontier", Some("Ann")));
    assert_eq!(session.expected, Some(Duration::from_secs(90 * 60)));
    assert_eq!(session.tags.iter().collect::<Vec<_>>(), ["co-op", "iron"]);
    let guide = LinkTarget::from("https://example.org");
    assert_eq!(session.links.of("guide").collect::<Vec<_>>(), [&guide]);
    let fields = &session.fields;
    assert_eq!(fields.get::<String>("chapter").as_deref(), Some("The river"));
    assert_eq!(fields.get::<Vec<f64>>("dates"), Some(vec![1.0, 2.5]));
    assert_eq!(fields.get::<BTreeMap<String, u8>>("place").unwrap()["x"], 1);
    assert_eq!(fields.get::<u32>("setting.settlers"), Some(6));
    assert_eq!(fields.get::<bool>("setting.winter"), Some(true));
    assert_eq!(fields.get::<f32>("setting.pace"), Some(0.5));
    assert_eq!(fields.get::<u32>(Scenario::VERSION), Some(2));
}

#[test]
fn a_file_overrides_those_that_it_extends_and_lists_are_joined() {
    let scenario = of_files(&[
        (
            "a/siege.scenario.ron",
            r#"(extends: "../base/frontier.ron", difficulty: "deadly", settings: {"settlers": 2},
                tags: ["siege"])"#,
        ),
        (
            "base/frontier.ron",
            r#"(extends: "/all.ron", version: 7, name: "Frontier", picture: "cold.png", tags: ["co-op"],
                settings: {"settlers": 6, "winter": true}, expected: "PT2H")"#,
        ),
        (
            "all.ron",
            r#"(name: "?", difficulty: "easy", level: 1, links: {"guide": "a page"},
                world: "start.world")"#,
        ),
    ]);
    let scenario = scenario.unwrap();
    assert_eq!((&*scenario.key, &*scenario.name), ("siege", "Frontier"));
    assert_eq!((&*scenario.difficulty, scenario.level), ("deadly", Some(1)));
    assert_eq!(scenario.version, 1, "a version is a file's own");
    assert_eq!(scenario.expected, Some(Duration::from_secs(2 * 60 * 60)));
    assert_eq!(scenario.settings.get::<u8>("settlers"), Some(2));
    assert_eq!(scenario.settings.get::<bool>("winter"), Some(true));
    assert_eq!(scenario.tags.iter().collect::<Vec<_>>(), ["co-op", "siege"]);
    assert_eq!(scenario.links.len(), 1);
    let paths = (scenario.picture.as_deref(), scenario.world.as_deref());
    assert_eq!(paths, (Some("base/cold.png"), Some("start.world")));
}

#[test]
fn errors_in_a_scenario_name_the_line_and_what_was_expected() {
    for (text, line, words) in [
        ("(\n    name: \"A\",\n    title: \"B\",\n)", 3, "`title`"),
        ("(\n    name: \"A\",\n    title: \"B\",\n)", 3, "`description`"),
        ("(\n    name: \"A\",\n    level: \"hard\",\n)", 3, "integer"),
        ("(name: \"A\",\n expected: \"soon\")", 2, "such as \"45min\", found \"soon\""),
        ("(name: \"A\",\n expected: \"-5min\")", 2, "expected a length of time"),
        ("(name: \"A\",\n\n settings: {\"x\": Some", 3, ""),
        ("(\n name: \"A\"", 2, ""),
        ("(name: \"A\",\n tags: [1])", 2, "string"),
        ("", 1, ""),
    ] {
        let said = refused(text);
        assert!(said.starts_with(&format!("{FILE}:{line}:")), "{text}: {said}");
        assert!(said.contains(words), "{text}: {said}");
    }
}

#[test]
fn values_over_the_session_limits_are_refused_with_their_line() {
    let long = "x".repeat(5000);
    let names = (0..33).map(|number| format!("\"{number}\"")).collect::<Vec<_>>().join(", ");
    let links = (0..17).map(|number| format!("\"{number}\": \"\"")).collect::<Vec<_>>().join(",");
    for (text, words) in [
        (format!("(\nname: \"{long}\")"), "5000 bytes are over the limit of 4096".to_owned()),
        (format!("(name: \"A\",\ntags: [{names}])"), "33 tags are over the limit of 32".to_owned()),
        (format!("(name: \"A\",\ntags: [\"{long}\"])"), "over the limit of 64".to_owned()),
        (format!("(name: \"A\",\nlinks: {{{links}}})"), "17 links".to_owned()),
        (format!("(name: \"A\",\nfields: {{\"{long}\": 1}})"), "over the limit of 4096".to_owned()),
        (
            format!("(name: \"A\",\nsettings: {{\"a\": \"{}\"}})", "x".repeat(70_000)),
            "over the limit of 65536".to_owned(),
        ),
    ] {
        let said = refused(&text);
        let words = words.replace("bytes are", "bytes is");
        assert!(said.starts_with(&format!("{FILE}:2:")) && said.contains(&words), "{said}");
    }
}

#[test]
fn a_newer_format_is_reported_before_unknown_fields() {
    let said = refused("(\n  format: 2,\n  name: \"A\",\n  glow: Warm(1, [2]),\n)");
    assert_eq!(said, format!("{FILE}:2: its format is 2, and this release reads up to 1"));
    assert!(Scenario::of_text(FILE, "(format: 1, name: \"A\")").is_ok());
    assert!(refused("(format: -1, name: \"A\")").starts_with(&format!("{FILE}:1:")));
}

#[test]
fn files_that_extend_each_other_in_a_circle_are_refused() {
    let error = of_files(&[
        ("a/one.scenario.ron", "(extends: \"two.ron\")"),
        ("a/two.ron", "(\n  name: \"Two\",\n  // The culprit.\n  extends: \"../a/./three.ron\")"),
        ("a/three.ron", "(name: \"Three\",\n\n  extends: \"two.ron\",\n)"),
    ]);
    let error = error.unwrap_err();
    let ScenarioError::Cycle { chain, line: 3, .. } = &error else { panic!("{error}") };
    assert_eq!(chain, &["a/two.ron", "a/three.ron", "a/two.ron"]);
    let said = "a/three.ron:3: it extends itself: a/two.ron extends a/three.ron extends a/two.ron";
    assert_eq!(error.to_string(), said);
    let own = of_files(&[("own.scenario.ron", "(extends: \"own.scenario.ron\")")]).unwrap_err();
    assert!(matches!(own, ScenarioError::Cycle { line: 1, .. }), "{own}");
}

#[test]
fn a_chain_without_an_end_is_given_up() {
    let number = |file: &str| file.strip_suffix(".ron").unwrap().parse::<u32>().unwrap();
    let mut asked = 0;
    let error = Scenario::read("0.ron", |file| {
        asked += 1;
        Ok(format!("(name: \"A\", extends: \"{}.ron\")", number(file) + 1).into())
    });
    assert!(matches!(error, Err(ScenarioError::TooDeep { limit: 16, .. })), "{error:?}");
    assert_eq!(asked, 16);
}

#[test]
fn a_non_text_oversized_missing_or_nameless_file_is_refused() {
    let bytes = |bytes: &[u8]| {
        let read = Scenario::read(FILE, |_| Ok(bytes.to_vec()));
        read.unwrap_err()
    };
    let error = bytes(b"(name:\n \"\xff\xfe\")");
    assert!(matches!(error, ScenarioError::NotText { line: 2, .. }), "{error}");
    let error = bytes(&vec![b' '; (1 << 20) + 1]);
    assert!(matches!(error, ScenarioError::TooLarge { bytes: 1_048_577, .. }), "{error}");
    let error = of_files(&[(FILE, "(name: \"A\", extends: \"gone.ron\")")]).unwrap_err();
    let ScenarioError::Unreadable { file, .. } = &error else { panic!("{error}") };
    assert_eq!(file, "scenarios/gone.ron");
    let error = Scenario::of_text(FILE, "(description: \"Nameless.\")").unwrap_err();
    assert!(matches!(error, ScenarioError::NoName { .. }), "{error}");
    // A nesting that would overflow the stack of a parser without a limit.
    assert!(refused(&format!("(settings: {{\"a\": {}", "[".repeat(100_000))).contains(FILE));
}

#[test]
fn joined_files_over_the_session_limits_are_refused() {
    let tags = |from: u32, to: u32| {
        let tags: Vec<_> = (from..to).map(|number| format!("\"{number}\"")).collect();
        tags.join(", ")
    };
    let own = format!("(extends: \"base.ron\", tags: [{}])", tags(0, 20));
    let base = format!("(name: \"A\", tags: [{}])", tags(20, 40));
    let error = of_files(&[("own.ron", &own), ("base.ron", &base)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "own.ron: with what it extends, 40 tags are over the limit of 32"
    );
    let values = |prefix: &str| {
        let value = "x".repeat(60_000);
        let values: Vec<_> = (0..12).map(|n| format!("\"{prefix}{n}\": \"{value}\"")).collect();
        values.join(", ")
    };
    let own = format!("(extends: \"base.ron\", settings: {{{}}})", values("a"));
    let base = format!("(name: \"A\", fields: {{{}}})", values("b"));
    let error = of_files(&[("own.ron", &own), ("base.ron", &base)]).unwrap_err();
    assert!(matches!(error, ScenarioError::TooMuch { .. }), "{error}");
}

#[test]
fn mutated_scenario_files_are_read_or_refused() {
    let text = r#"(format: 1, name: "Frontier", level: 3, expected: "2h", settings: {"a": [1, (2)]},
        tags: ["x"], links: {"guide": "y"}, extends: "self.ron")"#;
    let mut random = crate::deep::Random::new(7);
    for _ in 0..5_000 {
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=random.below(3) {
            let place = random.below(bytes.len() as u64) as usize;
            match random.below(3) {
                0 => bytes[place] = random.below(256) as u8,
                1 => bytes.truncate(place.max(1)),
                _ => bytes.insert(place, b"(){}[]\",:\n"[random.below(10) as usize]),
            }
        }
        let read = Scenario::read(FILE, |file| {
            if file == FILE { Ok(bytes.clone()) } else { Ok(b"(name: \"Base\")".to_vec()) }
        });
        if let Ok(scenario) = read {
            assert!(scenario.new_session().fields != Fields::default());
        }
    }
}
