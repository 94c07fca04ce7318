//! What the documents name is there.

use std::path::{Path, PathBuf};
use std::{fs, iter};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let below = |directory: &str| {
        let entries = fs::read_dir(root().join(directory)).unwrap();
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
    };
    let is_page = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    let guide = below("docs/guide").chain(below("docs")).chain(below("."));
    guide.chain(iter::once(root().join("examples/README.md"))).filter(is_page).collect()
}

/// What stands between two marks, wherever they come on one line.
fn between<'a>(text: &'a str, open: &str, close: char) -> Vec<&'a str> {
    let parts = text.lines().flat_map(|line| line.split(open).skip(1));
    parts.filter_map(|part| part.split_once(close)).map(|(inside, _)| inside).collect()
}

#[test]
fn every_link_leads_to_a_file() {
    let mut dead = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in between(&text, "](", ')').into_iter().filter(|link| !link.contains("://")) {
            let file = link.split('#').next().unwrap_or_default();
            if !file.is_empty() && !page.parent().unwrap().join(file).exists() {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}

#[test]
fn contributing_names_files_that_are_there() {
    let text = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let words: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    let is_file = |word: &&&str| word.contains('/') && word.ends_with(".rs");
    let files: Vec<&&str> = words.iter().filter(is_file).collect();
    assert!(files.len() > 15, "{files:?}");
    let missing: Vec<_> = files.iter().filter(|file| !root().join(file).exists()).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
