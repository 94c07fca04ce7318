//! What isn't in the guide is short enough to be read, too.

use std::fs;
use std::path::Path;

use super::{pages, root};

const MOST_WORDS_OF_OTHERS: usize = 15_000;

/// The guide, which has limits of its own, the format, and lists that a command writes.
const SET_ASIDE: [&str; 6] = [
    "docs/guide",
    "docs/FORMAT.md",
    "docs/FEATURES.md",
    "docs/benchmarks.md",
    "docs/benchmarks",
    "benches/instructions.md",
];

fn is_set_aside(page: &Path) -> bool {
    SET_ASIDE.iter().any(|place| page.starts_with(root().join(place)))
}

#[test]
fn the_other_documents_stay_below_their_limit_of_words() {
    let pages = pages().into_iter().filter(|page| !is_set_aside(page));
    let mut pages: Vec<(usize, String)> = pages
        .map(|page| {
            let text = fs::read_to_string(&page).expect("a page");
            (text.split_whitespace().count(), page.display().to_string())
        })
        .collect();
    pages.sort_unstable();
    let words: usize = pages.iter().map(|(words, _)| words).sum();
    assert!(words <= MOST_WORDS_OF_OTHERS, "{words} of {MOST_WORDS_OF_OTHERS}: {pages:#?}");
}

#[test]
fn the_guide_the_format_and_written_lists_are_set_aside() {
    for place in SET_ASIDE {
        assert!(root().join(place).exists(), "{place}");
    }
    assert!(is_set_aside(&root().join("docs/guide/slots.md")));
    assert!(is_set_aside(&root().join("docs/benchmarks/plugin.md")));
    assert!(!is_set_aside(&root().join("docs/PROGRESS.md")));
}
