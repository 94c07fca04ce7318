//! `docs/FEATURES.md` is written from the tests: a comment above each says which feature it shows, and on which page of
//! `docs` that stands.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::{env, fs};

use super::{anchors, between, files_below, root, text_of};

// Feature: The guide says what is left of a removed file on SSDs, in snapshots and backups.
// Page: guide/cleanup.md#a-removed-file

const LIST: &str = "docs/FEATURES.md";
/// With the value `write`, the list is written.
const WRITE: &str = "BEVY_SESSION_FEATURES";
const COMMAND: &str = "cargo test -p bevy_session --test it -- documents::features";
/// Letters of a feature, so that it stays one line.
const MOST_LETTERS: usize = 110;

/// The beginnings of the two lines of a comment, after its slashes.
const FEATURE: &str = " Feature: ";
const PAGE: &str = " Page: ";

/// A feature that a test shows, or a file of tests.
struct Shown {
    what: String,
    page: Option<String>,
    test: String,
}

/// The pages and tests of one feature. Other than one page is a fault.
#[derive(Default)]
struct Feature {
    pages: BTreeSet<String>,
    tests: BTreeSet<String>,
}

type Features = BTreeMap<String, Feature>;

/// The rest of a comment that begins so.
fn comment<'a>(line: &'a str, begin: &str) -> Option<&'a str> {
    line.trim_start().trim_start_matches(['/', '#']).strip_prefix(begin)
}

/// The test that a comment is directly above.
fn test_below<'a>(lines: &[&'a str]) -> Option<&'a str> {
    let mut lines = lines.iter().map(|line| line.trim()).take_while(|line| !line.is_empty());
    lines.find(|line| *line == "#[test]")?;
    lines.find_map(|line| line.strip_prefix("fn ")?.split('(').next())
}

/// The features that the comments of a file name. A comment that isn't above a test is about the file.
fn shown_in(file: &str, source: &str) -> Vec<Shown> {
    let lines: Vec<&str> = source.lines().collect();
    let features = lines.iter().enumerate().filter_map(|(number, line)| {
        let what = comment(line, FEATURE)?.to_owned();
        let below = &lines[number + 1..];
        let page = below.first().and_then(|line| comment(line, PAGE)).map(str::to_owned);
        let test = match test_below(below) {
            Some(name) => format!("{file}::{name}"),
            None => file.to_owned(),
        };
        Some(Shown { what, page, test })
    });
    features.collect()
}

/// The features that all tests and scripts name.
fn shown() -> Vec<Shown> {
    let of = |extension| {
        let directories = ["benches", "ci", "crates", "src", "tests"].into_iter();
        directories.flat_map(move |directory| files_below(&root().join(directory), extension))
    };
    let files = of("rs").chain(of("sh"));
    let shown = files.flat_map(|path| {
        let file = path.strip_prefix(root()).expect("below the root");
        let names: Vec<_> = file.iter().map(|name| name.to_string_lossy()).collect();
        shown_in(&names.join("/"), &text_of(&path))
    });
    shown.collect()
}

fn features(shown: Vec<Shown>) -> Features {
    let mut features = Features::new();
    for Shown { what, page, test } in shown {
        let feature = features.entry(what).or_default();
        feature.pages.extend(page);
        feature.tests.insert(test);
    }
    features
}

/// The page in `docs`, and the anchor of a link.
fn split(link: &str) -> (&str, &str) {
    link.split_once('#').unwrap_or((link, ""))
}

/// The heading of a page that has this anchor, or the first.
fn heading(page: &str, anchor: &str) -> Option<String> {
    let text = fs::read_to_string(root().join("docs").join(page)).ok()?;
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let mut headings = headings.zip(anchors(&text));
    let (heading, _) =
        headings.find(|(_, of_heading)| anchor.is_empty() || of_heading == anchor)?;
    Some(heading.trim_start_matches('#').trim().to_owned())
}

/// The list: a table for each page.
fn list(features: &Features) -> String {
    let mut tables: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (what, feature) in features {
        let Some(link) = feature.pages.first() else { continue };
        let (page, anchor) = split(link);
        let label = heading(page, anchor).unwrap_or_default();
        let tests: Vec<String> = feature.tests.iter().map(|test| format!("`{test}`")).collect();
        let row = format!("| {what} | [{label}]({link}) | {} |\n", tests.join(", "));
        tables.entry(page).or_default().push(row);
    }
    let mut list = format!(
        "# Features\n\n\
         Each feature has its page, and tests that fail without it; a test without a function is a file of tests. A comment\n\
         above each test names its feature, and `{WRITE}=write {COMMAND}`\n\
         writes this list from them. [PROGRESS](PROGRESS.md#features-that-are-missing) has what is missing.\n"
    );
    for (page, rows) in tables {
        let title = heading(page, "").unwrap_or_default();
        list += &format!("\n## {title}\n\n| what | page | test |\n| --- | --- | --- |\n");
        list.extend(rows);
    }
    list
}

/// The file that a link in a page of this directory leads to, from the root of the repository.
fn target(directory: &Path, link: &str) -> PathBuf {
    let (file, _) = split(link);
    let mut path = directory.to_path_buf();
    for part in Path::new(file).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    path
}

/// The pages to which links lead from the README, other than by way of the list.
fn reached() -> BTreeSet<PathBuf> {
    let mut reached = BTreeSet::new();
    let mut open = vec![PathBuf::from("README.md")];
    while let Some(page) = open.pop() {
        let Ok(text) = fs::read_to_string(root().join(&page)) else { continue };
        if !reached.insert(page.clone()) || page == Path::new(LIST) {
            continue;
        }
        let directory = page.parent().expect("a page is in a directory");
        let linked = between(&text, "](", ')').into_iter().map(|link| target(directory, link));
        open.extend(linked.filter(|file| file.extension().is_some_and(|it| it == "md")));
    }
    reached
}

fn fault_of_page(link: &str, reached: &BTreeSet<PathBuf>) -> Option<String> {
    let (page, anchor) = split(link);
    if heading(page, anchor).is_none() {
        return Some(format!("there is no page or heading {link}"));
    }
    let is_reached = reached.contains(&target(Path::new("docs"), link));
    (!is_reached).then(|| format!("no link leads from the README to {link}"))
}

/// A file that a comment is about has tests, or is a script.
fn fault_of_test(test: &str) -> Option<String> {
    let is_file = !test.contains("::");
    let has_tests = !is_file || test.ends_with(".sh") || text_of(test).contains("#[test]");
    (!has_tests).then(|| format!("there are no tests in {test}"))
}

/// All that is wrong with a feature.
fn faults_of(what: &str, feature: &Feature, reached: &BTreeSet<PathBuf>) -> Vec<String> {
    let mut faults: Vec<String> =
        feature.pages.iter().filter_map(|link| fault_of_page(link, reached)).collect();
    faults.extend(feature.tests.iter().filter_map(|test| fault_of_test(test)));
    if feature.pages.len() != 1 {
        faults.push(format!("{what:?} has these pages: {:?}", feature.pages));
    }
    if what.to_lowercase().contains("partly") {
        faults.push(format!("{what:?} belongs to what is missing, with the reason"));
    }
    if what.chars().count() > MOST_LETTERS {
        faults.push(format!("{what:?} has more than {MOST_LETTERS} letters"));
    }
    faults
}

/// Pages of the guide that have no feature.
fn left_out(features: &Features) -> Vec<String> {
    let links = features.values().flat_map(|feature| &feature.pages);
    let named: BTreeSet<PathBuf> =
        links.map(|link| root().join(target(Path::new("docs"), link))).collect();
    let guide = files_below(&root().join("docs/guide"), "md").into_iter();
    guide
        .filter(|page| !named.contains(page))
        .map(|page| format!("no feature is on {}", page.display()))
        .collect()
}

#[test]
fn each_feature_has_a_page_and_tests() {
    let features = features(shown());
    assert!(features.len() > 200, "{}", features.len());
    let reached = reached();
    let mut faults: Vec<String> =
        features.iter().flat_map(|(what, feature)| faults_of(what, feature, &reached)).collect();
    faults.extend(left_out(&features));
    if !reached.contains(Path::new(LIST)) {
        faults.push(format!("no link leads from the README to {LIST}"));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_list_of_features_is_what_the_tests_name() {
    let list = list(&features(shown()));
    if env::var(WRITE).as_deref() == Ok("write") {
        fs::write(root().join(LIST), &list).expect("the list is written");
    }
    assert!(text_of(LIST) == list, "`{WRITE}=write {COMMAND}` writes {LIST} again");
}

#[test]
fn features_are_read_from_comments_above_tests() {
    let shown = |source: &str| {
        let shown = shown_in("tests/it/slots.rs", source).pop().expect("a feature");
        (shown.what, shown.page.unwrap_or_default(), shown.test)
    };
    let slots = |page: &str, test: &str| ("Slots.".to_owned(), page.to_owned(), test.to_owned());
    let of_file =
        "//! Slots.\n\n// Feature: Slots.\n// Page: guide/slots.md\n\n#[test]\nfn a() {}\n";
    assert_eq!(shown(of_file), slots("guide/slots.md", "tests/it/slots.rs"));
    let of_test = "    // Feature: Slots.\n    #[test]\n    #[ignore]\n    fn a() {}\n";
    assert_eq!(shown(of_test), slots("", "tests/it/slots.rs::a"));
    let of_script = "set -e\n# Feature: Slots.\n# Page: guide/slots.md\ncd a\n";
    assert_eq!(shown(of_script), slots("guide/slots.md", "tests/it/slots.rs"));
}

#[test]
fn faulty_features_are_found() {
    let reached = reached();
    let feature = |pages: &[&str], test: &str| Feature {
        pages: pages.iter().map(|page| (*page).to_owned()).collect(),
        tests: BTreeSet::from([test.to_owned()]),
    };
    let (page, test) = ("guide/slots.md#thumbnails-and-other-attachments", "tests/it/slots.rs");
    assert_eq!(faults_of("Slots.", &feature(&[page], test), &reached), [""; 0]);
    let long = "Slots. ".repeat(MOST_LETTERS);
    for (what, wrong) in [
        ("Slots.", feature(&[], test)),
        ("Slots.", feature(&[page, "guide/slots.md"], test)),
        ("Slots.", feature(&["guide/none.md"], test)),
        ("Slots.", feature(&["guide/slots.md#none"], test)),
        ("Slots.", feature(&["PROGRESS.md#none"], test)),
        ("Slots.", feature(&["../crates/ui/src/surfaces/font/README.md"], test)),
        ("Slots.", feature(&[page], "tests/it/main.rs")),
        ("Slots, partly.", feature(&[page], test)),
        (&*long, feature(&[page], test)),
    ] {
        let faults = faults_of(what, &wrong, &reached);
        assert_eq!(faults.len(), 1, "{what}: {:?}: {faults:#?}", wrong.pages);
    }
    assert!(left_out(&Features::new()).len() > 30);
}
