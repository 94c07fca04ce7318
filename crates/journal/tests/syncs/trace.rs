//! A trace by strace, and the files that are durable after each call.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The calls that matter.
pub const WATCHED: &str = "trace=openat,open,creat,write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,\
                           mkdir,mkdirat,unlink,unlinkat,rmdir";

/// The prefix of a child's line that names a report.
pub const REPORT: &str = "reported ";

/// A call that changed something, or made it durable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Call {
    Create(PathBuf),
    Write(PathBuf),
    /// Of a file or of a directory.
    Sync(PathBuf),
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    MakeDirectory(PathBuf),
    Remove(PathBuf),
    /// The child wrote that something was reported to it.
    Report(String),
}

/// The calls in a log. Those that failed did nothing.
pub fn calls(log: &str) -> Vec<Call> {
    whole_lines(log).iter().filter_map(|line| call(line)).collect()
}

/// The lines of a log, each call in one: where another thread came in between, strace prints two parts.
fn whole_lines(log: &str) -> Vec<String> {
    let mut unfinished: BTreeMap<&str, String> = BTreeMap::new();
    let mut lines = Vec::new();
    for line in log.lines() {
        let Some((process, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if let Some(begun) = rest.strip_suffix(" <unfinished ...>") {
            unfinished.insert(process, begun.to_owned());
        } else if let Some((_, end)) = rest.split_once(" resumed>") {
            lines.push(unfinished.remove(process).unwrap_or_default() + end);
        } else {
            lines.push(rest.to_owned());
        }
    }
    lines
}

fn call(line: &str) -> Option<Call> {
    let (name, arguments) = line.split_once('(')?;
    let (arguments, result) = arguments.rsplit_once(" = ")?;
    if result.trim_start().starts_with('-') {
        return None;
    }
    let mut quoted = arguments.split('"').skip(1).step_by(2);
    let mut path = || quoted.next().map(PathBuf::from);
    match name {
        "openat" | "open" | "creat" => {
            path().filter(|_| arguments.contains("O_CREAT")).map(Call::Create)
        }
        "write" | "pwrite64" | "writev" => match path()?.to_str()?.strip_prefix(REPORT) {
            Some(report) => Some(Call::Report(report.trim_end_matches("\\n").to_owned())),
            None => open_file(arguments).map(Call::Write),
        },
        "fsync" | "fdatasync" => open_file(arguments).map(Call::Sync),
        "rename" | "renameat" | "renameat2" => Some(Call::Rename { from: path()?, to: path()? }),
        "mkdir" | "mkdirat" => path().map(Call::MakeDirectory),
        "unlink" | "unlinkat" | "rmdir" => path().map(Call::Remove),
        _ => None,
    }
}

/// The file that stands beside the number of an open one, as in `3</home/ace/x>`.
fn open_file(arguments: &str) -> Option<PathBuf> {
    let (_, path) = arguments.split_once('<')?;
    path.split_once('>').map(|(path, _)| PathBuf::from(path))
}

/// The files and names that aren't durable yet.
#[derive(Default, Debug)]
pub struct Files {
    /// Files with bytes that weren't synced.
    unsynced_bytes: BTreeSet<PathBuf>,
    /// Names that were given since their directory was synced, and that directory.
    unsynced_names: BTreeMap<PathBuf, PathBuf>,
}

impl Files {
    /// Takes in a call.
    ///
    /// # Errors
    ///
    /// A file of the player's takes a place before it is durable, or a journal goes before the archive that
    /// holds what is kept of it is durable.
    pub fn follow(&mut self, call: &Call) -> Result<(), String> {
        match call {
            Call::Create(path) | Call::MakeDirectory(path) => self.name(path),
            Call::Write(path) => drop(self.unsynced_bytes.insert(path.clone())),
            Call::Sync(path) => {
                self.unsynced_bytes.remove(path);
                self.unsynced_names.retain(|_, directory| directory != path);
            }
            Call::Rename { from, to } => {
                let was_synced = !self.unsynced_bytes.remove(from);
                if !was_synced && is_promised(to) {
                    return Err(format!("{} takes its place before its sync", to.display()));
                }
                self.unsynced_names.remove(from);
                self.name(to);
            }
            Call::Remove(path) => {
                if has_extension(path, "journal") && self.waits_for_an_archive(path) {
                    return Err(format!("{} goes before its archive is durable", path.display()));
                }
                self.unsynced_bytes.remove(path);
                self.unsynced_names.remove(path);
            }
            Call::Report(_) => {}
        }
        Ok(())
    }

    /// Returns true if an archive beside this file has a name that may be lost.
    fn waits_for_an_archive(&self, path: &Path) -> bool {
        let unsynced = self.unsynced_names.keys();
        let mut beside = unsynced.filter(|name| name.parent() == path.parent());
        beside.any(|name| has_extension(name, "archive"))
    }

    fn name(&mut self, path: &Path) {
        let directory = path.parent().unwrap_or(path).to_owned();
        self.unsynced_names.insert(path.to_owned(), directory);
    }

    /// The paths below a directory that are promised to be durable, and aren't.
    pub fn unsynced(&self, root: &Path) -> Vec<&PathBuf> {
        let names = self.unsynced_names.keys();
        let all = self.unsynced_bytes.iter().chain(names);
        all.filter(|path| path.starts_with(root) && is_promised(path)).collect()
    }
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// Returns true if a file or directory is promised to be durable: all but the state of this machine, the card for
/// people and the manifest.
fn is_promised(path: &Path) -> bool {
    let name = path.to_string_lossy();
    let may_be_lost = ["/state", "session.ron", "session.manifest"];
    !may_be_lost.iter().any(|part| name.contains(part)) && !name.ends_with("strace.log")
}
