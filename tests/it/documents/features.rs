//! `docs/FEATURES.md` has each feature once, with a page and tests that are there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::{anchors, between, files_below, root, text_of};

const LIST: &str = "docs/FEATURES.md";
/// The heading above the table of features that are missing.
const MISSING: &str = "\n## Not there yet\n";
/// Letters of a feature, so that it stays one line.
const MOST_LETTERS: usize = 110;

/// The cells of each row of the tables in a text, without the tables' heads.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let lines = text.lines().filter(|line| line.starts_with('|'));
    let rows = lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect());
    rows.filter(|row: &Vec<&str>| row[0] != "what" && !row[0].starts_with("---")).collect()
}

/// The file that a link in a page of this directory leads to, from the root of the repository.
fn target(directory: &Path, link: &str) -> PathBuf {
    let file = link.split_once('#').map_or(link, |(file, _)| file);
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

fn fault_of_page(cell: &str, reached: &BTreeSet<PathBuf>) -> Option<String> {
    let [link] = between(cell, "](", ')')[..] else {
        return Some(format!("{cell:?} isn't a link"));
    };
    let page = target(Path::new("docs"), link);
    let Ok(text) = fs::read_to_string(root().join(&page)) else {
        return Some(format!("there is no page {link}"));
    };
    if !reached.contains(&page) {
        return Some(format!("no link leads from the README to {link}"));
    }
    let anchor = link.split_once('#').map(|(_, anchor)| anchor.to_owned());
    let has_heading = anchor.is_none_or(|anchor| anchors(&text).contains(&anchor));
    (!has_heading).then(|| format!("there is no heading {link}"))
}

/// Whether a source has a test of this name.
fn has_test(source: &str, name: &str) -> bool {
    let Some((before, _)) = source.split_once(&format!("fn {name}(")) else { return false };
    let above = before.trim_end().lines().rev().map(str::trim);
    above.take_while(|line| !line.is_empty()).any(|line| line == "#[test]")
}

/// A cell has a file, or `file::function`. Scripts are files without tests of their own.
fn fault_of_test(cell: &str) -> Option<String> {
    let named = cell.strip_prefix('`').and_then(|it| it.strip_suffix('`'));
    let Some(named) = named else { return Some(format!("{cell:?} isn't a test in backticks")) };
    let (file, function) = named.split_once("::").unwrap_or((named, ""));
    let Ok(source) = fs::read_to_string(root().join(file)) else {
        return Some(format!("there is no file {file}"));
    };
    let is_tested = match function {
        "" => file.ends_with(".sh") || source.contains("#[test]"),
        name => has_test(&source, name),
    };
    (!is_tested).then(|| format!("there is no test {named}"))
}

/// All that is wrong with a row of a feature that is there.
fn faults_of(row: &[&str], reached: &BTreeSet<PathBuf>) -> Vec<String> {
    let [what, page, tests] = row else { return vec![format!("{row:?} hasn't three cells")] };
    if row.contains(&"") {
        return vec![format!("{row:?} has an empty cell")];
    }
    let mut faults: Vec<String> = fault_of_page(page, reached).into_iter().collect();
    faults.extend(tests.split(", ").filter_map(fault_of_test));
    if what.to_lowercase().contains("partly") {
        faults.push(format!("{what:?} belongs to what is missing, with the reason"));
    }
    if what.chars().count() > MOST_LETTERS {
        faults.push(format!("{what:?} has more than {MOST_LETTERS} letters"));
    }
    faults
}

fn faults_of_missing(row: &[&str]) -> Option<String> {
    let is_whole = row.len() == 2 && !row.contains(&"");
    (!is_whole).then(|| format!("{row:?} isn't a feature with a reason"))
}

fn named_twice(rows: &[Vec<&str>]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let again =
        rows.iter().map(|row| row[0].to_lowercase()).filter(|what| !seen.insert(what.clone()));
    again.map(|what| format!("{what:?} is there twice")).collect()
}

/// Pages of the guide to which no row leads.
fn left_out(rows: &[Vec<&str>]) -> Vec<String> {
    let cells = rows.iter().filter_map(|row| row.get(1));
    let links = cells.flat_map(|cell| between(cell, "](", ')'));
    let named: BTreeSet<PathBuf> =
        links.map(|link| root().join(target(Path::new("docs"), link))).collect();
    let guide = files_below(&root().join("docs/guide"), "md").into_iter();
    guide
        .filter(|page| !named.contains(page))
        .map(|page| format!("no row leads to {}", page.display()))
        .collect()
}

#[test]
fn each_feature_has_a_page_and_tests() {
    let text = text_of(LIST);
    let (there, missing) = text.split_once(MISSING).expect("the table of what is missing");
    let (there, missing) = (rows(there), rows(missing));
    assert!(there.len() > 90 && !missing.is_empty(), "{} and {}", there.len(), missing.len());
    let reached = reached();
    let mut faults: Vec<String> = there.iter().flat_map(|row| faults_of(row, &reached)).collect();
    faults.extend(missing.iter().filter_map(|row| faults_of_missing(row)));
    faults.extend(left_out(&there));
    faults.extend(named_twice(&[there, missing].concat()));
    if !reached.contains(Path::new(LIST)) {
        faults.push(format!("no link leads from the README to {LIST}"));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn faulty_rows_of_the_feature_list_are_found() {
    let reached = reached();
    let faults = |row: &str| faults_of(&rows(row)[0], &reached);
    let page = "[slots](guide/slots.md#thumbnails-and-other-attachments)";
    let test =
        "`tests/it/documents/features.rs::faulty_rows_of_the_feature_list_are_found`, `ci/view.sh`";
    assert_eq!(faults(&format!("| Slots. | {page} | {test} |")), [""; 0]);
    for wrong in [
        format!("| Slots. | {page} |"),
        format!("| Slots. | {page} | |"),
        format!("| Slots. | slots | {test} |"),
        format!("| Slots. | [slots](guide/none.md) | {test} |"),
        format!("| Slots. | [slots](guide/slots.md#none) | {test} |"),
        format!("| Slots. | [slots](../tests/it/slots.rs) | {test} |"),
        format!("| Slots. | {page} | tests/it/slots.rs |"),
        format!("| Slots. | {page} | `tests/it/none.rs` |"),
        format!("| Slots. | {page} | `tests/it/main.rs` |"),
        format!("| Slots. | {page} | `tests/it/documents/features.rs::none` |"),
        format!("| Slots. | {page} | `tests/it/documents/features.rs::has_test` |"),
        format!("| Slots, partly. | {page} | {test} |"),
        format!("| {} | {page} | {test} |", "Slots. ".repeat(MOST_LETTERS)),
    ] {
        assert_eq!(faults(&wrong).len(), 1, "{wrong}: {:#?}", faults(&wrong));
    }
    assert_eq!(named_twice(&rows("| Slots | |\n| Rewinds | |\n| slots | |")).len(), 1);
    assert!(left_out(&rows(&format!("| Slots. | {page} | {test} |"))).len() > 30);
    assert!(faults_of_missing(&["Web", ""]).is_some() && faults_of_missing(&["Web"]).is_some());
}
