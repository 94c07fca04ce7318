//! The documents name only what exists, and their numbers and names are those of their sources.

mod engines;
mod features;
mod guide;
mod names;
mod numbers;
mod others;
mod pages;
mod steps;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use bevy_session::hints::Code;

use crate::common::root;

/// A file of the repository.
fn text_of(file: impl AsRef<Path>) -> String {
    let file = file.as_ref();
    fs::read_to_string(root().join(file))
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// All files below a directory whose names end so.
fn files_below(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path, extension));
        } else if path.extension().is_some_and(|it| it == extension) {
            files.push(path);
        }
    }
    files
}

/// Every page of the repository. What is built may lie in it, and what tools have put there.
fn pages() -> Vec<PathBuf> {
    let top = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    let of_page = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    let mut pages: Vec<PathBuf> = top.filter(of_page).collect();
    for directory in ["benches", "crates", "docs", "examples", "src"] {
        pages.extend(files_below(&root().join(directory), "md"));
    }
    assert!(pages.len() > 40, "{pages:#?}");
    pages
}

/// The texts between two marks, each on one line.
fn between<'a>(text: &'a str, open: &str, close: char) -> Vec<&'a str> {
    let parts = text.lines().flat_map(|line| line.split(open).skip(1));
    parts.filter_map(|part| part.split_once(close)).map(|(inside, _)| inside).collect()
}

/// The text between two others.
fn within<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, after) = text.split_once(from).unwrap_or_else(|| panic!("there is no {from:?}"));
    after.split_once(to).map_or(after, |(within, _)| within)
}

/// The names under which a page's headings can be linked to, as hosts of Markdown make them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| -> String {
        let letters = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = letters.chars().filter(|it| it.is_alphanumeric() || " -_".contains(*it));
        kept.map(|it| if it == ' ' { '-' } else { it }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn every_link_leads_to_a_file_and_its_heading() {
    let mut dead = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        // Nobody but rustdoc reads this one, and its links lead to items. READMEs are read on other pages too.
        let is_of_rustdoc = page == root().join("src/lib.md");
        for link in between(&text, "](", ')').into_iter().filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.parent().unwrap().join(file),
            };
            let is_item = is_of_rustdoc && file.contains("::");
            let is_there = target.exists() || is_item;
            let is_page = target.extension().is_some_and(|extension| extension == "md");
            let is_heading = anchor.is_empty()
                || !is_page
                || fs::read_to_string(&target)
                    .is_ok_and(|text| anchors(&text).contains(&anchor.to_owned()));
            if !is_there || !is_heading {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}

#[test]
fn every_code_names_a_section_that_exists() {
    let mut dead = Vec::new();
    for code in Code::ALL {
        let section = code.page();
        let (page, anchor) = section.split_once('#').expect("an anchor");
        if !anchors(&text_of(page)).contains(&anchor.to_owned()) {
            dead.push(section);
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}

#[test]
fn the_files_that_contributing_names_exist() {
    let text = text_of("CONTRIBUTING.md");
    let words: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    let is_file = |word: &&&str| word.contains('/') && word.ends_with(".rs");
    let files: Vec<&&str> = words.iter().filter(is_file).collect();
    assert!(files.len() > 15, "{files:?}");
    let missing: Vec<_> = files.iter().filter(|file| !root().join(file).exists()).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
