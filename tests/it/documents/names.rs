//! Names in the documents are those of the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::steps::{Gated, behind_features, steps};
use super::{files_below, root, text_of, within};

/// The texts in `code` in a text.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The names that stand in front of a colon or an equals sign, a line each, this far from the margin.
fn fields(body: &str, margin: &str, mark: char) -> BTreeSet<String> {
    let names = body.lines().filter_map(|line| {
        let line = line.strip_prefix(margin)?.split(mark).next().filter(|_| line.contains(mark))?;
        let name = line.trim().trim_start_matches("pub ").trim();
        let is_name = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_';
        (!name.is_empty() && name.chars().all(is_name)).then(|| name.to_owned())
    });
    names.collect()
}

/// A table of what stands in maps in files: a type, its file and its fields.
#[test]
fn format_names_each_field_that_is_written() {
    let text = text_of("docs/FORMAT.md");
    let table = within(&text, "\n## Names in maps\n", "\n## ");
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| `")).collect();
    assert!(rows.len() >= 9, "the table can't be read: {table}");
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let (name, file) = (cells[1].trim_matches('`'), cells[2].trim_matches('`'));
        let source = text_of(format!("crates/journal/src/{file}"));
        let body = within(&source, &format!("struct {name} {{\n"), "\n}");
        assert_eq!(quoted(cells[3]), fields(body, "    ", ':'), "{name}");
    }
}

#[test]
fn lib_md_has_each_feature_that_a_game_may_choose() {
    let manifest = text_of("Cargo.toml");
    let features = fields(within(&manifest, "\n[features]\n", "\n["), "", '=');
    // These choose others, or are for the tests.
    let for_others = ["default", "game", "metrics", "replica", "scenes", "shuffled"];
    let chosen: BTreeSet<String> =
        features.into_iter().filter(|name| !for_others.contains(&name.as_str())).collect();
    let text = text_of("src/lib.md");
    let table = within(&text, "# Feature flags\n", "\n# ");
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let named: BTreeSet<String> = rows.map(|row| within(row, "`", "`").to_owned()).collect();
    assert_eq!(named, chosen);
}

#[test]
fn the_page_on_testing_has_each_hint() {
    let source = text_of("src/lifecycle/hints/hint.rs");
    let hints = within(&source, "pub enum SessionHint {\n", "\n}");
    let names = hints.lines().filter_map(|line| line.strip_prefix("    "));
    let is_name = |it: &str| it.starts_with(|it: char| it.is_ascii_uppercase());
    let names = names.filter(|it| is_name(it)).map(|it| it.trim_end_matches([',', ' ', '{']));
    let names: BTreeSet<String> = names.map(str::to_owned).collect();
    assert!(names.len() > 12, "{names:?}");
    let page = text_of("docs/guide/testing-your-game.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let named: BTreeSet<String> = rows.flat_map(quoted).collect();
    let missing: Vec<_> = names.difference(&named).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

// Feature: Each setting is on the settings page, and the guide's code does what it says.
// Page: guide/settings.md
#[test]
fn the_settings_page_has_each_setting() {
    let source = text_of("src/lifecycle/settings.rs");
    let of = |name: &str| {
        fields(within(&source, &format!("pub struct {name} {{\n"), "\n}"), "    ", ':')
    };
    let settings = ["SessionSettings", "StorageSettings", "Patience"].map(of).into_iter().flatten();
    let is_group = |name: &String| ["storage", "patience"].contains(&name.as_str());
    let settings: Vec<String> = settings.filter(|name| !is_group(name)).collect();
    assert!(settings.len() > 20, "{settings:?}");
    let page = text_of("docs/guide/settings.md");
    let named = quoted(within(&page, "| what | default | |", "\n\n"));
    let last_part = |path: &String| path.rsplit(['.', ':']).next().map(str::to_owned);
    let is_named = |name: &String| named.iter().any(|path| last_part(path).as_ref() == Some(name));
    let missing: Vec<&String> = settings.iter().filter(|name| !is_named(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Systems in an order that is drawn: its feature needs a Bevy of its own, and it runs all tests of the plugin by hand.
const BY_HAND: &str = "common::shuffled::";

/// Without a word of warning, a test behind a feature that nobody builds is never run.
#[test]
fn each_module_of_tests_behind_a_feature_is_run() {
    let (steps, gated) = (steps(), behind_features());
    assert!(gated.len() > 8, "{gated:#?}");
    let is_run = |gated: &&Gated| steps.iter().any(|step| step.runs(gated));
    let is_expected = |gated: &&Gated| gated.path != BY_HAND;
    let never: Vec<&Gated> =
        gated.iter().filter(|gated| !is_run(gated)).filter(is_expected).collect();
    assert!(never.is_empty(), "none of the scripts runs these: {never:#?}");
}

/// True if a source has a test with this name, or one that begins so, and lies where the modules before it say.
fn is_test(name: &str, sources: &[PathBuf]) -> bool {
    let Some((modules, test)) = name.rsplit_once("::") else { return false };
    let (modules, test) = (modules.replace("::", "/"), format!("#[test]\nfn {test}"));
    let mut files = sources.iter().filter(|file| file.with_extension("").ends_with(&modules));
    files.any(|file| fs::read_to_string(file).unwrap().contains(&test))
}

/// A name that no test has passes over none, and `cargo test` doesn't say so.
#[test]
fn names_skipped_under_wine_are_tests() {
    let script = text_of("ci/windows.sh");
    let table = within(&script, "<<'SKIPPED'", "\nSKIPPED\n");
    let rows = table.lines().skip(1).filter(|row| !row.starts_with('#'));
    let names: Vec<&str> = rows.filter_map(|row| row.split_whitespace().next()).collect();
    assert!(names.len() > 2, "the table can't be read: {table}");
    let parts = ["crates", "src", "tests"].map(|part| root().join(part));
    let sources: Vec<PathBuf> = parts.iter().flat_map(|part| files_below(part, "rs")).collect();
    let gone: Vec<&&str> = names.iter().filter(|name| !is_test(name, &sources)).collect();
    assert!(gone.is_empty(), "`ci/windows.sh` names tests that aren't there: {gone:#?}");
    // Its module was called so once.
    let former = "store::conformance::an_open_file_is_readable_after_it_is_replaced";
    assert!(!is_test(former, &sources));
}
