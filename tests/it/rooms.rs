//! The walls of the house: which room may import which, as `docs/ARCHITECTURE.md` has it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::root;

/// Rooms that hold tests, and may know everything.
const TESTS: [&str; 3] = ["torture", "deep", "generated_worlds"];

type Edges = BTreeMap<String, BTreeSet<String>>;

/// The tables of rooms: what each may know.
fn declared() -> Edges {
    let text = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let (_, rooms) = text.split_once("## Rooms").unwrap();
    let (rooms, _) = rooms.split_once("\n## ").unwrap();
    let quoted = |cell: &str| -> BTreeSet<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let rows = rooms.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        (quoted(cells[1]).pop_first().unwrap(), quoted(cells[3]))
    })
    .collect()
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The code of a file without comments and without what only tests see.
fn product_code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut code = String::new();
    let mut only_in_tests = false;
    for line in text.lines().map(|line| line.split("//").next().unwrap_or_default()) {
        let begins = line.trim_start().starts_with("#[cfg(") && line.contains("test");
        only_in_tests |= begins;
        if !only_in_tests {
            code.push_str(line);
            code.push('\n');
        }
        // One item at most follows such an attribute outside of modules of tests: an import or a line.
        only_in_tests &= begins || !line.trim_end().ends_with([';', '}', ',']);
    }
    code
}

/// The names that follow `crate::`, with those of a group at its outermost level.
fn names_after_crate(code: &str) -> BTreeSet<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect()
    };
    let mut names = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        let Some(group) = after.strip_prefix('{') else {
            names.insert(name(after));
            continue;
        };
        let mut depth = 0;
        let mut begins = true;
        for (at, letter) in group.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                _ if begins && !letter.is_whitespace() => {
                    names.insert(name(&group[at..]));
                    begins = false;
                }
                _ => {}
            }
        }
    }
    names
}

/// Which room each name at the top of a package comes from.
fn rooms_of_exports(source: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(source.join("lib.rs")).unwrap();
    let (exports, _) = text.split_once("pub mod prelude").unwrap_or((&text, ""));
    let mut rooms = BTreeMap::new();
    for export in exports.split("pub use ").skip(1) {
        let (export, _) = export.split_once(';').unwrap();
        let (room, names) = export.split_once("::").unwrap();
        for name in names.split([',', '{', '}']).map(str::trim) {
            rooms.insert(name.to_owned(), room.to_owned());
        }
    }
    rooms
}

/// Which rooms of a package import which.
fn imported(source: &Path, declared: &Edges) -> Edges {
    let exports = rooms_of_exports(source);
    let mut edges = Edges::new();
    for path in rust_files(source) {
        let inside = path.strip_prefix(source).unwrap();
        let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
        let room = first.trim_end_matches(".rs");
        let is_test = path.ends_with("tests.rs")
            || path.ends_with("test_kit.rs")
            || inside.components().any(|part| part.as_os_str() == "tests");
        if room == "lib" || TESTS.contains(&room) || is_test {
            continue;
        }
        for name in names_after_crate(&product_code(&path)) {
            let of = exports.get(&name).unwrap_or(&name);
            if of != room && declared.contains_key(of) {
                edges.entry(room.to_owned()).or_default().insert(of.clone());
            }
        }
    }
    edges
}

fn all_imported(declared: &Edges) -> Edges {
    let mut edges = imported(&root().join("crates/journal/src"), declared);
    edges.append(&mut imported(&root().join("src"), declared));
    edges
}

#[test]
fn no_room_imports_what_its_row_does_not_have() {
    let declared = declared();
    assert!(declared.len() > 15, "the tables can't be read: {declared:?}");
    let mut wrong = Vec::new();
    for (room, imports) in all_imported(&declared) {
        let Some(may_know) = declared.get(&room) else {
            wrong.push(format!("{room} has no row"));
            continue;
        };
        wrong.extend(imports.difference(may_know).map(|import| format!("{room} imports {import}")));
    }
    assert!(wrong.is_empty(), "not in the tables of docs/ARCHITECTURE.md: {wrong:#?}");
}

#[test]
fn every_row_of_the_tables_is_needed() {
    let declared = declared();
    let imported = all_imported(&declared);
    let nothing = BTreeSet::new();
    let mut needless = Vec::new();
    for (room, may_know) in &declared {
        // What is said of a room may quote more than rooms.
        let rooms = may_know.iter().filter(|name| declared.contains_key(*name));
        let imports = imported.get(room).unwrap_or(&nothing);
        needless.extend(
            rooms.filter(|name| !imports.contains(*name)).map(|name| format!("{room}: {name}")),
        );
    }
    assert!(needless.is_empty(), "no room imports these any more: {needless:#?}");
}

/// Who can be reached from a room.
fn reached(edges: &Edges, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![from.to_owned()];
    while let Some(room) = waiting.pop() {
        for next in edges.get(&room).into_iter().flatten() {
            if reached.insert(next.clone()) {
                waiting.push(next.clone());
            }
        }
    }
    reached
}

#[test]
fn no_rooms_know_each_other_in_a_circle() {
    let edges = all_imported(&declared());
    let in_circles: Vec<&String> =
        edges.keys().filter(|room| reached(&edges, room).contains(*room)).collect();
    assert!(in_circles.is_empty(), "{in_circles:?}");
}
