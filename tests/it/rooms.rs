//! The walls of the house: which room may import which, as `rooms.txt` has it, and how much hangs together within a room.

mod graph;
mod inside;
mod package;
mod root_names;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::LazyLock;

use self::graph::{Edges, reached};
use self::package::{ModulePath, Package, Target};
use crate::common::root;

/// The packages, and where their sources are.
const PACKAGES: [(&str, &str); 7] = [
    ("bevy_session", "src"),
    ("bevy_session_journal", "crates/journal/src"),
    ("bevy_session_insights", "crates/insights/src"),
    ("bevy_session_ops", "crates/ops/src"),
    ("bevy_session_play", "crates/play/src"),
    ("bevy_session_ui", "crates/ui/src"),
    ("bevy_session_cli", "crates/cli/src"),
];

/// All packages, read once for all tests.
fn packages() -> &'static BTreeMap<&'static str, Package> {
    static READ: LazyLock<BTreeMap<&'static str, Package>> = LazyLock::new(|| {
        let read = |(name, sources)| (name, Package::read(&root().join(sources)));
        PACKAGES.into_iter().map(read).collect()
    });
    &READ
}

/// The journal's module for the other packages, which hands its rooms on under their names.
const INTERNAL: &str = "internal";

/// The lines of `rooms.txt`: what each room may know.
fn declared() -> Edges {
    let text = fs::read_to_string(root().join("tests/it/rooms/rooms.txt")).unwrap();
    let words =
        |text: &str| -> BTreeSet<String> { text.split_whitespace().map(str::to_owned).collect() };
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let lines = lines.filter_map(|line| line.split_once(':'));
    lines.map(|(room, may_know)| (room.to_owned(), words(may_know))).collect()
}

/// The room that something is in, by the first module below its package.
fn room_of(packages: &BTreeMap<&str, Package>, target: Target) -> Option<String> {
    let inside = match target {
        Target::Inside(inside) => inside,
        Target::Outside(written) => {
            let (package, inside) = written.split_first()?;
            let package = packages.get(package.as_str())?;
            let inside = inside.strip_prefix(&[INTERNAL.to_owned()]).unwrap_or(inside);
            match package.resolve(&ModulePath::new(), inside)? {
                Target::Inside(inside) => inside,
                Target::Outside(_) => return None,
            }
        }
    };
    inside.into_iter().next()
}

/// Which rooms of the journal and the plugin import which of them.
fn imported() -> Edges {
    let packages = packages();
    let mut edges = Edges::new();
    for package in [&packages["bevy_session"], &packages["bevy_session_journal"]] {
        for module in package.modules.keys().filter(|module| !module.is_empty()) {
            let room = &module[0];
            let named = package.named_by(module).into_iter();
            let rooms = named.filter_map(|target| room_of(packages, target));
            for other in rooms.filter(|other| other != room) {
                edges.entry(room.clone()).or_default().insert(other);
            }
        }
    }
    edges
}

#[test]
fn no_room_imports_more_than_its_row_allows() {
    let declared = declared();
    assert!(declared.len() > 15, "the lines can't be read: {declared:?}");
    let mut wrong = Vec::new();
    for (room, imports) in imported() {
        let Some(may_know) = declared.get(&room) else {
            wrong.push(format!("{room} has no line"));
            continue;
        };
        wrong.extend(imports.difference(may_know).map(|import| format!("{room} imports {import}")));
    }
    assert!(wrong.is_empty(), "not in tests/it/rooms/rooms.txt: {wrong:#?}");
}

#[test]
fn every_line_of_the_rooms_is_needed() {
    let declared = declared();
    let imported = imported();
    let nothing = BTreeSet::new();
    let mut needless = Vec::new();
    for (room, may_know) in &declared {
        let imports = imported.get(room).unwrap_or(&nothing);
        needless.extend(may_know.difference(imports).map(|name| format!("{room}: {name}")));
    }
    assert!(needless.is_empty(), "no room imports these any more: {needless:#?}");
}

#[test]
fn rooms_have_no_import_cycles() {
    let edges = imported();
    let in_circles: Vec<&String> =
        edges.keys().filter(|room| reached(&edges, room).contains(*room)).collect();
    assert!(in_circles.is_empty(), "{in_circles:?}");
}
