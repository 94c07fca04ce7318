//! What is kept beside the tree for the release of Bevy before goes with the tree, and code that depends on the release
//! stands in one place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{files_below, root, text_of, within};

/// The modules of the plugin and of the ready-made UI in which code depends on the release of Bevy.
const MODULES: [&str; 2] = ["src/engine", "crates/ui/src/engine"];

/// Lines of these modules, together.
const MOST_LINES: usize = 300;

/// The condition that the build script of the derived tree sets.
const CONDITION: &str = "bevy_0_19";

/// The project's own packages in a lock file, and the names of what each is built on.
fn own_packages(lock: &str) -> BTreeMap<String, BTreeSet<String>> {
    let packages = lock.split("[[package]]").skip(1).filter(|it| !it.contains("\nsource = "));
    let named = packages.map(|package| {
        let built_on = package.split_once("\ndependencies = [").map_or("", |(_, list)| list);
        let built_on = built_on.lines().filter_map(|line| line.strip_prefix(" \""));
        let names = built_on.map(|it| it.split([' ', '"']).next().unwrap_or(it).to_owned());
        (within(package, "name = \"", "\"").to_owned(), names.collect())
    });
    named.collect()
}

/// Otherwise the derived tree is built of versions that nobody chose, or not at all where cargo has no net.
#[test]
fn the_lock_file_for_the_release_before_has_what_each_package_is_built_on() {
    let own = own_packages(&text_of("Cargo.lock"));
    assert!(own.len() > 8 && own["bevy_session"].contains("bevy_internal"), "{own:?}");
    assert_eq!(
        own_packages(&text_of("ci/bevy-0.19/Cargo.lock")),
        own,
        "step 7 of docs/NEXT_BEVY.md says how it is written"
    );
}

/// Returns true if code of a source, or a part of it, is there for one release of Bevy alone.
fn depends_on_release(source: &str) -> bool {
    source.split("cfg").skip(1).any(|after| {
        let condition = after.lines().next().unwrap_or_default();
        condition.starts_with(['(', '_', '!']) && condition.contains(CONDITION)
    })
}

#[test]
fn only_the_engine_modules_depend_on_the_release() {
    let is_of_engine = |file: &Path| {
        MODULES.iter().any(|module| {
            file.starts_with(module) || file == Path::new(module).with_extension("rs")
        })
    };
    let (mut lines, mut elsewhere) = (0, Vec::new());
    for directory in ["src", "crates", "examples", "benches", "tests"] {
        for path in files_below(&root().join(directory), "rs") {
            let source = text_of(&path);
            let file = path.strip_prefix(root()).expect("below the root");
            if is_of_engine(file) {
                lines += source.lines().count();
            } else if depends_on_release(&source) {
                elsewhere.push(file.to_owned());
            }
        }
    }
    assert!(elsewhere.is_empty(), "move the difference to an engine module: {elsewhere:#?}");
    assert!((100..=MOST_LINES).contains(&lines), "the engine modules have {lines} lines");
}

#[test]
fn conditions_of_a_release_are_found() {
    for condition in [format!("#[cfg({CONDITION})]"), format!("if cfg!(not({CONDITION})) {{")] {
        assert!(depends_on_release(&format!("{condition}\nfn a() {{}}\n")), "{condition}");
    }
    assert!(depends_on_release(&format!("#[cfg_attr({CONDITION}, derive(Debug))]")));
    assert!(!depends_on_release(&format!("#[cfg(unix)]\nmod a; // see {CONDITION}\n")));
}
