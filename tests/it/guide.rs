//! The code of the guide that does something, played as it stands on its page: through crash, pause, game over, another
//! game, loading and kill.

// Feature: Each setting is on the settings page, and the guide's code does what it says.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::root;

mod attached;
mod backup;
mod beside_the_game;
mod chapters;
mod cheat_sheet;
mod coming_from;
mod development;
mod ends_and_lists;
mod finding;
mod forks;
mod getting_started;
#[cfg(feature = "scenarios")]
mod handles;
mod keeping;
mod menu;
mod operations;
mod own_saves;
mod players;
mod ported;
mod privacy;
mod recorded;
mod recorded_events;
mod recovery;
mod replicas;
mod rewinds;
mod scenario_files;
#[cfg(feature = "scenarios")]
mod scenarios;
#[cfg(feature = "scenes")]
mod scenes;
mod servers;
mod stage;
mod start;
mod states_and_gates;
mod testing_your_game;
mod times;
mod troubleshooting;
mod versions;
mod what_is_saved;

/// Samples to which a page links, since they are longer than a page.
const LINKED: &[&str] = &["bevy_save_after.rs", "serde_after.rs", "serde_before.rs"];

/// The code that no test plays: its page, words that only this code has, and why.
const NOT_PLAYED: &[(&str, &str, &str)] = &[
    ("buckets.md", "let store = ObjectReplica", "a bucket and its keys; `ci/objects.sh` runs one"),
    ("buckets.md", "let store = PostgresReplica", "a database; `ci/postgres.sh` runs one"),
    ("buckets.md", ".mirror(ObjectReplica", "a database and a bucket"),
    ("coming-from.md", "use bevy_save::prelude", "`bevy_save` has no release for this Bevy"),
    ("following.md", "fn invite(", "a database; `ci/postgres.sh` runs one"),
    ("following.md", "fn open(", "a database; `ci/postgres.sh` runs one"),
    (
        "log-files.md",
        "recent_log",
        "a window; `crates/ops/tests/it/recent_logs.rs` plays the layer",
    ),
    (
        "metrics.md",
        "PrometheusBuilder",
        "a port; `crates/ops/tests/it/metrics.rs` plays the figures",
    ),
    ("metrics.md", "SdkTracerProvider", "OpenTelemetry; `tests/it/logs.rs` reads the spans"),
];

/// A block of Rust code on a page.
struct Block {
    page: String,
    /// The words behind the language, such as `no_run`.
    attributes: String,
    code: String,
}

impl Block {
    /// Whether there is something to play, beside definitions of types.
    fn has_behaviour(&self) -> bool {
        ["fn ", "let ", "App::new()", "app."].iter().any(|it| self.code.contains(it))
    }

    /// Whether the documentation tests run it, and not only definitions in it.
    fn runs_by_itself(&self) -> bool {
        let is_run = self.attributes.is_empty();
        is_run
            && self.code.lines().any(|line| {
                ["let ", "App::new()", "fn main("].iter().any(|it| line.starts_with(it))
            })
    }

    fn is_played_by(&self, samples: &[(String, String)]) -> bool {
        samples.iter().any(|(_, sample)| self.code.contains(sample.trim()))
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn files_in(directory: &str, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(directory)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|it| it == extension)).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// The Rust code on a page, block by block.
fn blocks(page: &Path) -> Vec<Block> {
    let text = read(page);
    let blocks = text.split("```rust").skip(1).filter_map(|block| {
        let (attributes, code) = block.split("```").next()?.split_once('\n')?;
        Some(Block { page: name(page), attributes: attributes.to_owned(), code: code.to_owned() })
    });
    blocks.collect()
}

fn blocks_of_the_guide() -> Vec<Block> {
    files_in("docs/guide", "md").iter().flat_map(|page| blocks(page)).collect()
}

/// The names and texts of the samples that a test includes.
fn samples() -> Vec<(String, String)> {
    let tests = [
        "tests/it/guide",
        "crates/ui/tests/it/ui",
        "benches/report/tests",
        "benches/report/examples/import_moonshine",
    ]
    .iter()
    .flat_map(|it| files_in(it, "rs"));
    let sources: String = tests.map(|test| read(&test)).collect();
    let samples = files_in("tests/it/guide/samples", "rs").into_iter();
    let included = samples.filter(|path| sources.contains(&format!("samples/{}\")", name(path))));
    included.map(|path| (name(&path), read(&path))).collect()
}

#[test]
fn tested_samples_equal_the_code_of_their_pages() {
    let mut blocks = blocks_of_the_guide();
    for other in ["README.md", "docs/RECIPES.md"] {
        blocks.extend(self::blocks(&root().join(other)));
    }
    let samples = files_in("tests/it/guide/samples", "rs").into_iter();
    let mut samples = samples.filter(|path| !LINKED.contains(&&*name(path)));
    let differing = samples.find(|path| {
        let sample = read(path);
        !blocks.iter().any(|block| block.code.trim() == sample.trim())
    });
    assert_eq!(differing, None, "no page has this code");
}

#[test]
fn each_block_of_the_guide_that_does_something_is_played_or_says_why_not() {
    let samples = samples();
    let blocks = blocks_of_the_guide();
    let unplayed: Vec<_> = blocks
        .iter()
        .filter(|it| it.has_behaviour() && !it.runs_by_itself() && !it.is_played_by(&samples))
        .collect();
    for (page, words, why) in NOT_PLAYED {
        let of_this = unplayed.iter().filter(|it| it.page == *page && it.code.contains(words));
        assert_eq!(of_this.count(), 1, "{page}: {words}, {why}");
    }
    let is_listed = |block: &Block| {
        NOT_PLAYED.iter().any(|(page, words, _)| block.page == *page && block.code.contains(words))
    };
    let unlisted = unplayed.iter().filter(|it| !is_listed(it));
    let unlisted: Vec<_> = unlisted.map(|it| (&it.page, &it.code)).collect();
    assert!(unlisted.is_empty(), "{unlisted:#?}");
}
