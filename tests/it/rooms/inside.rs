//! Dependencies within a room or a package, compared with committed lists and numbers that may only shrink.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use super::graph::{Edges, loops};
use super::package::{Module, ModulePath, Package, Target};
use super::{PACKAGES, packages};
use crate::common::root;

/// Large rooms that have rooms of their own: the package, and the module within it.
const HOUSES: [(&str, &str); 10] = [
    ("bevy_session", "lifecycle"),
    ("bevy_session_journal", "model"),
    ("bevy_session_journal", "disk"),
    ("bevy_session_journal", "read"),
    ("bevy_session_journal", "write"),
    ("bevy_session_insights", ""),
    ("bevy_session_ops", ""),
    ("bevy_session_play", ""),
    ("bevy_session_ui", "surfaces"),
    ("bevy_session_cli", ""),
];

/// The edges between the rooms of the houses.
const EDGES: &str = "tests/it/rooms/edges.txt";

/// Loops with more files are printed, to be taken apart.
const LARGE: usize = 8;

/// The largest sizes in a package, which should be small. They are written down as they are today, so that none can
/// grow again.
struct Size {
    package: &'static str,
    /// Files that all import each other, by way of others of them.
    largest_loop: usize,
    /// Methods that stand beside a type, and not in a trait.
    most_methods: (&'static str, usize),
    /// Named fields of a struct.
    most_fields: (&'static str, usize),
    /// Public modules that the documentation leaves out.
    hidden_modules: usize,
}

const SIZES: [Size; 7] = [
    Size {
        package: "bevy_session",
        largest_loop: 8,
        most_methods: ("Replacement", 42),
        most_fields: ("RestoreReport", 18),
        hidden_modules: 0,
    },
    Size {
        package: "bevy_session_journal",
        largest_loop: 8,
        most_methods: ("RunJournal", 60),
        most_fields: ("Worker", 18),
        hidden_modules: 1,
    },
    Size {
        package: "bevy_session_ops",
        largest_loop: 7,
        most_methods: ("Alert", 24),
        most_fields: ("SessionFigures", 13),
        hidden_modules: 0,
    },
    Size {
        package: "bevy_session_insights",
        largest_loop: 6,
        most_methods: ("SessionInsights", 21),
        most_fields: ("SessionInsights", 17),
        hidden_modules: 0,
    },
    Size {
        package: "bevy_session_play",
        largest_loop: 6,
        most_methods: ("Objectives", 34),
        most_fields: ("ObjectiveRow", 10),
        hidden_modules: 0,
    },
    Size {
        package: "bevy_session_ui",
        largest_loop: 7,
        most_methods: ("Look", 34),
        most_fields: ("SessionMenu", 17),
        hidden_modules: 0,
    },
    Size {
        package: "bevy_session_cli",
        largest_loop: 5,
        most_methods: ("Profile", 20),
        most_fields: ("Filters", 16),
        hidden_modules: 0,
    },
];

/// Who imports whom of what a package has, by a name for each module.
fn imports<'a>(package: &'a Package, name_of: impl Fn(&'a ModulePath) -> Option<String>) -> Edges {
    let mut edges = Edges::new();
    for module in package.modules.keys() {
        let Some(name) = name_of(module) else { continue };
        let named = package.named_by(module).into_iter();
        let others = named.filter_map(|target| match target {
            Target::Inside(other) => name_of(package.modules.get_key_value(&other)?.0),
            Target::Outside(_) => None,
        });
        let others: BTreeSet<String> = others.filter(|other| *other != name).collect();
        edges.entry(name).or_default().extend(others);
    }
    edges
}

/// The edges between the rooms of a house.
fn between_rooms(package: &Package, house: &str) -> Edges {
    let above = usize::from(!house.is_empty());
    imports(package, |module| match module.first() {
        Some(first) if above == 0 || first == house => module.get(above).cloned(),
        _ => None,
    })
}

/// A line for each room: its house, its name, and whom it imports.
fn as_text(packages: &BTreeMap<&str, Package>) -> String {
    let mut text = String::new();
    for (package, house) in HOUSES {
        let place = [package, house].join("::");
        let place = place.trim_end_matches("::");
        for (room, others) in between_rooms(&packages[package], house) {
            let others: Vec<&str> = others.iter().map(String::as_str).collect();
            if !others.is_empty() {
                writeln!(text, "{place}::{room}: {}", others.join(" ")).unwrap();
            }
        }
    }
    text
}

fn read_edges(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter_map(|line| line.split_once(": "));
    let edges = lines.flat_map(|(room, others)| {
        others.split(' ').map(move |other| format!("{room} imports {other}"))
    });
    edges.collect()
}

#[test]
fn imports_between_inner_rooms_do_not_grow() {
    let today = as_text(packages());
    let written = fs::read_to_string(root().join(EDGES)).unwrap();
    let (now, before) = (read_edges(&today), read_edges(&written));
    let added: Vec<&String> = now.difference(&before).collect();
    assert!(added.is_empty(), "these rooms import more than {EDGES} has: {added:#?}\n{today}");
    let gone: Vec<&String> = before.difference(&now).collect();
    assert!(gone.is_empty(), "take out of {EDGES} what is gone: {gone:#?}\n{today}");
}

/// Which file of a package imports which. The root names everything, and is named for what it hands on.
fn between_files(package: &Package) -> Edges {
    let file =
        |module: &ModulePath| (!module.is_empty()).then(|| package.modules[module].file.clone());
    imports(package, file)
}

/// The largest of what modules count, and the name of what has it.
fn largest(counted: impl Iterator<Item = (String, usize)>) -> (String, usize) {
    counted.max_by_key(|(_, count)| *count).unwrap()
}

fn most_fields(package: &Package) -> (String, usize) {
    let all = package.modules.values().flat_map(|module| &module.fields);
    largest(all.map(|(name, count)| (name.clone(), *count)))
}

fn most_methods(package: &Package) -> (String, usize) {
    let mut methods: BTreeMap<(ModulePath, String), usize> = BTreeMap::new();
    for (module, Module { methods: of_types, .. }) in &package.modules {
        for (written, count) in of_types {
            let place = match package.resolve(module, written) {
                Some(Target::Inside(place)) => place,
                _ => module.clone(),
            };
            *methods.entry((place, written.last().unwrap().clone())).or_default() += count;
        }
    }
    largest(methods.into_iter().map(|((_, name), count)| (name, count)))
}

#[test]
#[expect(clippy::print_stdout, reason = "whoever takes a loop apart wants to see it")]
fn recorded_code_sizes_are_current_and_may_only_shrink() {
    let packages = packages();
    assert_eq!(SIZES.len(), PACKAGES.len());
    for size in SIZES {
        let package = &packages[size.package];
        let edges = between_files(package);
        let loops = loops(&edges);
        let largest_loop = loops.first().map_or(0, BTreeSet::len);
        println!("{}: the largest loop of imports has {largest_loop} files", size.package);
        for files in loops.iter().filter(|files| files.len() > LARGE) {
            println!("  {} files:", files.len());
            for file in files {
                println!("    {file}: {:?}", files.intersection(&edges[file]).collect::<Vec<_>>());
            }
        }
        let name = |(name, count): (&str, usize)| (name.to_owned(), count);
        let hidden = package.modules.values().filter(|module| module.is_hidden).count();
        let held = [
            ("largest_loop", (String::new(), largest_loop), (String::new(), size.largest_loop)),
            ("most_methods", most_methods(package), name(size.most_methods)),
            ("most_fields", most_fields(package), name(size.most_fields)),
            ("hidden_modules", (String::new(), hidden), (String::new(), size.hidden_modules)),
        ];
        for (what, today, written) in held {
            assert_eq!(
                today, written,
                "{what} of {}: what grew shall shrink, and what shrank is written down",
                size.package
            );
        }
    }
}
