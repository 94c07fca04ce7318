//! The calls of `cargo test` in scripts, and the tests that are built with a feature alone.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{files_below, text_of, within};
use crate::common::root;

/// What is run before a merge, and what needs a server and is run by hand.
const SCRIPTS: [&str; 3] = [".ci/run", "ci/objects.sh", "ci/fleet.sh"];
/// Files that begin a target, or a directory of modules.
const BEGINNINGS: [&str; 3] = ["lib", "main", "mod"];

/// A call of `cargo test`.
pub struct Step {
    packages: Vec<String>,
    features: BTreeSet<String>,
    /// `lib`, `doc` and names of integration tests; all if there are none.
    targets: Vec<String>,
    filters: Vec<String>,
}

/// A test, or a module with some, that isn't there without a feature.
#[derive(Debug)]
pub struct Gated {
    package: String,
    feature: String,
    /// `lib`, or the name of an integration test.
    target: String,
    pub path: String,
}

/// Every call in the scripts.
pub fn steps() -> Vec<Step> {
    let scripts = SCRIPTS.map(|script| text_of(script).replace("\\\n", " "));
    let lines = scripts.iter().flat_map(|script| script.lines());
    let calls = lines.filter(|line| !line.trim_start().starts_with('#'));
    calls.filter_map(|line| Some(Step::of(line.split_once("cargo test ")?.1))).collect()
}

/// Everything behind a feature that a package doesn't have by itself.
pub fn behind_features() -> Vec<Gated> {
    let crates = fs::read_dir(root().join("crates")).unwrap();
    let crates = crates.map(|entry| entry.unwrap().path());
    let packages: Vec<PathBuf> = crates.filter(|path| path.is_dir()).chain([root()]).collect();
    packages.iter().flat_map(|package| of_package(package)).collect()
}

impl Step {
    fn of(arguments: &str) -> Self {
        let (flags, filters) = arguments.split_once("-- ").unwrap_or((arguments, ""));
        let words: Vec<&str> = flags.split_whitespace().collect();
        let after = |flags: &[&str]| -> Vec<String> {
            let pairs = words.windows(2).filter(|pair| flags.contains(&pair[0]));
            pairs.map(|pair| pair[1].to_owned()).collect()
        };
        let mut targets = after(&["--test"]);
        for target in ["lib", "doc"] {
            if words.contains(&&*format!("--{target}")) {
                targets.push(target.to_owned());
            }
        }
        let features = after(&["--features"]);
        let features = features.iter().flat_map(|list| list.split(',')).map(str::to_owned);
        let filters = filters.split_whitespace().filter(|word| !word.starts_with('-'));
        Self {
            packages: after(&["--package", "-p"]),
            features: with_what_they_bring(features.collect()),
            targets,
            filters: filters.map(str::to_owned).collect(),
        }
    }

    pub fn runs(&self, gated: &Gated) -> bool {
        let is_target = self.targets.is_empty() || self.targets.contains(&gated.target);
        let is_chosen = self.filters.is_empty()
            || self.filters.iter().any(|filter| gated.path.contains(filter.as_str()));
        let is_built =
            self.packages.contains(&gated.package) && self.features.contains(&gated.feature);
        is_built && is_target && is_chosen
    }
}

/// Features, and those that they turn on in the game's own package and others.
fn with_what_they_bring(mut features: Vec<String>) -> BTreeSet<String> {
    let manifest = text_of("Cargo.toml");
    let mut all = BTreeSet::new();
    while let Some(feature) = features.pop() {
        let name = feature.rsplit('/').next().unwrap_or_default().to_owned();
        features.extend(brought_by(&manifest, &name).into_iter().filter(|it| !all.contains(it)));
        all.extend([name, feature]);
    }
    all
}

/// What a feature of a manifest lists.
fn brought_by(manifest: &str, feature: &str) -> Vec<String> {
    let begin = format!("\n{feature} = [");
    if !manifest.contains(&begin) {
        return Vec::new();
    }
    let list = within(manifest, &begin, "]");
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn of_package(directory: &Path) -> Vec<Gated> {
    let manifest = text_of(directory.join("Cargo.toml"));
    let package = within(&manifest, "\nname = \"", "\"");
    let default = brought_by(&manifest, "default");
    let parts = ["src", "tests"].map(|part| directory.join(part));
    let parts = parts.iter().filter(|part| part.is_dir());
    let files: Vec<PathBuf> = parts.flat_map(|part| files_below(part, "rs")).collect();
    let gated = files.iter().flat_map(|file| of_file(directory, file));
    let gated = gated.filter(|gated| !default.contains(&gated.feature));
    gated.map(|gated| Gated { package: package.to_owned(), ..gated }).collect()
}

fn of_file(directory: &Path, file: &Path) -> Vec<Gated> {
    let text = fs::read_to_string(file).unwrap();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let (target, modules) = place_of(directory, file);
    let mut found = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let features = features_of(line);
        let item = if features.is_empty() { None } else { item_at(&lines, number) };
        let name = match item {
            Some(("mod", name)) if !has_tests(directory, file, name) => continue,
            Some((_, name)) => name,
            None => continue,
        };
        found.extend(features.into_iter().map(|feature| Gated {
            package: String::new(),
            feature: feature.to_owned(),
            target: target.clone(),
            path: format!("{modules}{name}::"),
        }));
    }
    found
}

/// The test or module that an attribute is of: its keyword and its name.
fn item_at<'a>(lines: &[&'a str], number: usize) -> Option<(&'a str, &'a str)> {
    let is_attribute = |line: &&&str| line.starts_with("#[") || line.starts_with("//");
    let above = lines[..number].iter().rev().take_while(is_attribute);
    let below = lines[number..].iter().take_while(is_attribute);
    let is_test = above.chain(below).any(|line| *line == "#[test]");
    let item = lines[number..].iter().find(|line| !is_attribute(line))?;
    let mut words = item.split_whitespace().skip_while(|word| word.starts_with("pub"));
    let (keyword, name) = (words.next()?, words.next()?);
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let name = name.split(|letter| !is_name(letter)).next()?;
    (keyword == "mod" || is_test).then_some((keyword, name))
}

/// The features without which what follows isn't there. `any` and `not` leave another way.
fn features_of(line: &str) -> Vec<&str> {
    let condition = line.strip_prefix("#[cfg(").unwrap_or_default();
    if ["any(", "not(", "doctest"].iter().any(|other| condition.contains(other)) {
        return Vec::new();
    }
    let features = condition.split("feature = \"").skip(1);
    features.filter_map(|feature| Some(feature.split_once('"')?.0)).collect()
}

/// The target that a file is of, and the modules in it down to the file.
fn place_of(directory: &Path, file: &Path) -> (String, String) {
    let below = file.strip_prefix(directory).unwrap().with_extension("");
    let mut names = below.iter().map(|name| name.to_string_lossy().into_owned());
    let target = match names.next().as_deref() {
        Some("tests") => names.next().unwrap_or_default(),
        _ => "lib".to_owned(),
    };
    let modules = names.filter(|name| !BEGINNINGS.contains(&name.as_str()));
    (target, modules.map(|module| format!("{module}::")).collect())
}

/// Returns true if there is a test in a module of a file, or in what lies below it.
fn has_tests(directory: &Path, file: &Path, module: &str) -> bool {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let around = file.parent().unwrap_or(directory);
    let is_beginning = BEGINNINGS.contains(&&*stem) || around == directory.join("tests");
    let inside = if is_beginning { around.to_path_buf() } else { file.with_extension("") };
    let below = inside.join(module);
    let mut files = vec![below.with_extension("rs")];
    if below.is_dir() {
        files.extend(files_below(&below, "rs"));
    }
    let is_within = fs::read_to_string(file).unwrap().contains(&format!("mod {module} {{"));
    files.extend(is_within.then(|| file.to_path_buf()));
    files.iter().any(|file| fs::read_to_string(file).is_ok_and(|text| text.contains("#[test]")))
}
