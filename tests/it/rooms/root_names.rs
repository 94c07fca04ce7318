//! The number of names that a game meets at the root of the plugin, and in its prelude.

use std::fs;

use syn::{Item, UseTree, Visibility};

use crate::common::root;

/// Names that people can still look through. What is rarer stands in a module of its topic.
const AT_THE_ROOT: usize = 90;
const IN_THE_PRELUDE: usize = 40;

/// The names that an import hands on.
fn names(tree: &UseTree) -> usize {
    match tree {
        UseTree::Path(path) => names(&path.tree),
        UseTree::Group(group) => group.items.iter().map(names).sum(),
        UseTree::Name(_) | UseTree::Rename(_) => 1,
        UseTree::Glob(_) => panic!("a glob at the root hides how many names there are"),
    }
}

fn public_names(items: &[Item]) -> usize {
    let of_item = |item: &Item| match item {
        Item::Use(item) if matches!(item.vis, Visibility::Public(_)) => names(&item.tree),
        Item::Mod(item) if matches!(item.vis, Visibility::Public(_)) => 1,
        _ => 0,
    };
    items.iter().map(of_item).sum()
}

#[test]
fn the_root_and_the_prelude_have_few_names() {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let file = syn::parse_file(&text).unwrap();
    let prelude = file.items.iter().find_map(|item| match item {
        Item::Mod(item) if item.ident == "prelude" => item.content.as_ref().map(|(_, items)| items),
        _ => None,
    });

    let (at_the_root, in_the_prelude) = (public_names(&file.items), public_names(prelude.unwrap()));

    assert!((1..=AT_THE_ROOT).contains(&at_the_root), "{at_the_root} names at the root");
    assert!((1..=IN_THE_PRELUDE).contains(&in_the_prelude), "{in_the_prelude} in the prelude");
}
