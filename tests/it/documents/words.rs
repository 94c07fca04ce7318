//! Doc comments say what a thing is.

use std::fs;

use super::{files_below, root};

/// Openings that say nothing of the thing: a reader has to guess the noun.
const REFUSED: [&str; 4] = ["That of", "Those of", "Whoever", "Whatever"];
/// Openings that a noun mostly does better than.
const RARE: [&str; 3] = ["What", "Whether", "How"];
/// The share of doc comments that may open with one of them, in percent.
const MOST_RARE: usize = 3;

/// The first lines of the doc comments of a source, each with its number.
fn openings(source: &str) -> Vec<(usize, &str)> {
    let mut openings = Vec::new();
    let mut was_comment = false;
    for (number, line) in source.lines().enumerate() {
        let line = line.trim_start();
        let text = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        if let Some(text) = text.filter(|_| !was_comment) {
            openings.push((number + 1, text.trim_start()));
        }
        was_comment = text.is_some();
    }
    openings
}

fn opens_with(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        let rest = text.strip_prefix(word);
        rest.is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_alphanumeric()))
    })
}

#[test]
fn doc_comments_open_with_what_a_thing_is() {
    let mut directories = vec![root().join("src"), root().join("examples"), root().join("benches")];
    let packages = fs::read_dir(root().join("crates")).expect("the packages");
    directories.extend(packages.map(|package| package.expect("a package").path()));
    let (mut refused, mut over) = (Vec::new(), Vec::new());
    for directory in directories {
        let (mut all, mut rare) = (0, 0);
        for path in files_below(&directory, "rs") {
            let source = fs::read_to_string(&path).expect("a source");
            for (line, text) in openings(&source) {
                all += 1;
                rare += usize::from(opens_with(text, &RARE));
                if opens_with(text, &REFUSED) {
                    refused.push(format!("{}:{line}: {text}", path.display()));
                }
            }
        }
        if rare * 100 > all * MOST_RARE {
            over.push(format!("{}: {rare} of {all}", directory.display()));
        }
    }
    assert!(refused.is_empty(), "say what it is: {refused:#?}");
    assert!(over.is_empty(), "more than {MOST_RARE} % open with {RARE:?}: {over:#?}");
}

#[test]
fn openings_of_doc_comments_are_found() {
    let source =
        "/// What it is.\n/// How it is.\nfn a() {}\n    //! Whoever asks.\n/// However.\n";
    let found = openings(source);
    assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 4]);
    assert!(opens_with(found[0].1, &RARE) && !opens_with("However.", &RARE));
    assert!(opens_with(found[1].1, &REFUSED));
}
