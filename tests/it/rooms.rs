//! The walls of the house: which room may import which, as `docs/ARCHITECTURE.md` has it, and how much hangs together
//! within a room.

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
    assert!(declared.len() > 15, "the tables can't be read: {declared:?}");
    let mut wrong = Vec::new();
    for (room, imports) in imported() {
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
    let imported = imported();
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

#[test]
fn rooms_have_no_import_cycles() {
    let edges = imported();
    let in_circles: Vec<&String> =
        edges.keys().filter(|room| reached(&edges, room).contains(*room)).collect();
    assert!(in_circles.is_empty(), "{in_circles:?}");
}
