//! What is kept beside the tree for the release of Bevy before goes with the tree.

use std::collections::{BTreeMap, BTreeSet};

use super::{text_of, within};

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
