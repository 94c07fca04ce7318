//! Each page of the guide says first what a game gets, shows it on one screen, and ends with what can go wrong.

use super::{anchors, between, files_below, root, text_of, within};

const MOST_LINES: usize = 20;

/// Pages that begin with commands or settings rather than with code.
const OF_COMMANDS: &[&str] = &["buckets.md", "metrics.md", "platforms.md", "scenarios.md"];

/// Pages whose opening may differ, each with its reason.
const OTHERWISE: &[(&str, &str)] = &[
    ("cheat-sheet.md", "its code is one screen of calls, which is what the page is for"),
    ("glossary.md", "it begins with a drawing in text"),
];

/// A page of the guide: its file's name, and its text.
struct Page {
    name: String,
    text: String,
}

/// A block of code: what stands behind its fence, and its lines.
struct Block<'a> {
    language: &'a str,
    lines: usize,
}

impl Page {
    /// All that stands before the first heading below the title.
    fn opening(&self) -> &str {
        self.text.split("\n## ").next().unwrap_or_default()
    }

    fn first_paragraph(&self) -> &str {
        self.text.split("\n\n").nth(1).unwrap_or_default()
    }

    fn last_heading(&self) -> Option<&str> {
        self.text.lines().filter_map(|line| line.strip_prefix("## ")).next_back()
    }

    fn is_among(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_str())
    }
}

impl Block<'_> {
    fn is_compiled(&self) -> bool {
        let mut words = self.language.split(',');
        words.next() == Some("rust") && words.all(|word| word == "no_run")
    }

    /// Rust that no test compiles.
    fn is_ignored(&self) -> bool {
        self.language.starts_with("rust") && !self.is_compiled()
    }

    fn is_of_commands(&self) -> bool {
        ["console", "sh", "toml", "ron"].contains(&self.language)
    }
}

fn pages() -> Vec<Page> {
    let pages = files_below(&root().join("docs/guide"), "md").into_iter().map(|path| Page {
        name: path.file_name().expect("a page").to_string_lossy().into_owned(),
        text: text_of(path),
    });
    let pages: Vec<Page> = pages.collect();
    assert!(pages.len() > 40, "{} pages", pages.len());
    pages
}

/// The blocks of code in a text. Lines that rustdoc hides count, since the pages are read as Markdown.
fn blocks(text: &str) -> Vec<Block<'_>> {
    let fenced = text.split("\n```").skip(1).step_by(2);
    let blocks = fenced.filter_map(|fenced| {
        let (language, code) = fenced.split_once('\n')?;
        Some(Block { language, lines: code.lines().count() })
    });
    blocks.collect()
}

fn has_picture(text: &str) -> bool {
    text.contains("![")
}

/// What is wrong with how a page begins, if anything is.
fn fault_of_opening(page: &Page) -> Option<String> {
    let sentence = page.first_paragraph();
    let is_sentence = sentence.starts_with(|it: char| it.is_alphanumeric() || it == '`')
        && !sentence.starts_with("```")
        && sentence.ends_with(['.', ':']);
    if !is_sentence {
        return Some(format!("it begins with {sentence:?} and not with a sentence"));
    }
    if OTHERWISE.iter().any(|(name, _)| *name == page.name) {
        return None;
    }
    let blocks = blocks(page.opening());
    if let Some(long) = blocks.iter().find(|block| block.lines > MOST_LINES) {
        return Some(format!("a block of {} lines stands before the first heading", long.lines));
    }
    if blocks.iter().any(Block::is_ignored) {
        return Some("the Rust before its first heading isn't compiled".to_owned());
    }
    let shows_commands = page.is_among(OF_COMMANDS) && blocks.iter().any(Block::is_of_commands);
    let shows =
        blocks.iter().any(Block::is_compiled) || shows_commands || has_picture(page.opening());
    (!shows).then(|| "neither code nor a picture stands before its first heading".to_owned())
}

#[test]
fn each_page_begins_with_a_sentence_and_short_code_or_a_picture() {
    let faults: Vec<_> = pages()
        .iter()
        .filter_map(|page| Some(format!("{}: {}", page.name, fault_of_opening(page)?)))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn each_page_ends_with_what_can_go_wrong() {
    let pages = pages();
    let others = pages.iter().filter(|page| page.last_heading() != Some("What can go wrong"));
    let others: Vec<_> = others.map(|page| (&page.name, page.last_heading())).collect();
    assert!(others.is_empty(), "{others:#?}");
}

#[test]
fn each_page_of_what_players_get_has_a_picture() {
    let readme = text_of("README.md");
    let group = within(&readme, "**What players get**", "**");
    let linked = between(group, "](docs/guide/", ')');
    assert!(linked.len() > 10, "{linked:?}");
    let bare: Vec<_> = linked
        .into_iter()
        .filter(|page| !has_picture(&text_of(format!("docs/guide/{page}"))))
        .collect();
    assert!(bare.is_empty(), "{bare:#?}");
}

#[test]
fn a_page_with_a_long_or_ignored_opening_or_none_is_found() {
    let fault = |name: &str, opening: &str| {
        let text =
            format!("# Title\n\nA sentence.\n\n{opening}\n\n## Heading\n\n```rust\n1\n```\n");
        fault_of_opening(&Page { name: name.to_owned(), text })
    };
    let long = format!("```rust\n{}```", "let a = 1;\n".repeat(21));
    assert!(fault("slots.md", &long).is_some_and(|it| it.contains("21 lines")));
    assert!(fault("slots.md", "```rust,ignore\n1\n```").is_some());
    assert!(fault("slots.md", "Nothing to see.").is_some());
    assert!(fault("slots.md", "```toml\na = 1\n```").is_some());
    assert_eq!(fault("metrics.md", "```toml\na = 1\n```"), None);
    assert_eq!(fault("slots.md", "```rust,no_run\n1\n```"), None);
    assert_eq!(fault("slots.md", "![A picture](picture.png)"), None);
}

/// The pages that lines of the log name, with their anchors.
#[test]
fn the_log_names_pages_that_are_there() {
    let sources = ["src", "crates"].into_iter().flat_map(|it| files_below(&root().join(it), "rs"));
    let mut named = 0;
    for path in sources {
        let source = text_of(&path);
        let links = between(&source, "\"docs/", '"').into_iter();
        for link in links.filter(|link| link.contains(".md") && !link.contains('{')) {
            named += 1;
            let (page, anchor) = link.split_once('#').unwrap_or((link, ""));
            let text = text_of(format!("docs/{page}"));
            let is_there = anchor.is_empty() || anchors(&text).iter().any(|it| it == anchor);
            assert!(is_there, "{}: {link}", path.display());
        }
    }
    assert!(named > 10, "{named}");
}
