//! The guide is short enough to be read.

use std::fs;

use super::{files_below, root};

const MOST_PAGES: usize = 45;
const MOST_WORDS: usize = 30_000;
const MOST_WORDS_OF_A_PAGE: usize = 900;

#[test]
fn the_guide_and_its_pages_stay_below_their_limits_of_words() {
    let pages: Vec<(String, usize)> = files_below(&root().join("docs/guide"), "md")
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a page");
            (path.display().to_string(), text.split_whitespace().count())
        })
        .collect();
    let long: Vec<_> = pages.iter().filter(|(_, words)| *words > MOST_WORDS_OF_A_PAGE).collect();
    assert!(long.is_empty(), "more than {MOST_WORDS_OF_A_PAGE} words: {long:?}");
    let words: usize = pages.iter().map(|(_, words)| words).sum();
    assert!(words <= MOST_WORDS, "{words} words, of at most {MOST_WORDS}");
    assert!(pages.len() <= MOST_PAGES, "{} pages, of at most {MOST_PAGES}", pages.len());
}
