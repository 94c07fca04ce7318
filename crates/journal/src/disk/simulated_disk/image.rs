//! The content of a disk, as a value.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

/// The files and directories of a disk. Cheap to clone, and to compare by [`Image::digest`].
#[derive(Clone, Debug, Default)]
pub struct Image {
    nodes: BTreeMap<Place, Node>,
    digest: u64,
}

/// A path, and a number that stands for it in digests.
#[derive(Clone, Debug)]
pub struct Place {
    path: Arc<Path>,
    digest: u64,
}

impl Place {
    pub fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// Its part in the digest of an image. The card for people has none: no code reads it.
    fn digest_with(&self, node: &Node) -> u64 {
        let content = match node {
            Node::Directory => 1,
            Node::File(content) => content.digest | 2,
        };
        self.digest.wrapping_mul(content)
    }
}

impl From<&Path> for Place {
    fn from(path: &Path) -> Self {
        let is_card = path.to_string_lossy().contains("session.ron");
        let digest = if is_card { 0 } else { xxh3_64(path.as_os_str().as_encoded_bytes()) | 1 };
        Self { path: Arc::from(path), digest }
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for Place {}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        // Bytes are compared faster than paths are taken apart, and any order will do.
        let bytes: [&[u8]; 2] = [self.borrow(), other.borrow()];
        bytes[0].cmp(bytes[1])
    }
}

impl Borrow<[u8]> for Place {
    fn borrow(&self) -> &[u8] {
        self.path.as_os_str().as_encoded_bytes()
    }
}

/// The target of a path.
#[derive(Clone, Debug)]
pub enum Node {
    Directory,
    File(Content),
}

/// The bytes of a file.
#[derive(Clone, Debug)]
pub struct Content {
    bytes: Arc<Vec<u8>>,
    digest: u64,
}

impl Content {
    pub fn new(bytes: Arc<Vec<u8>>) -> Self {
        let digest = xxh3_64(&bytes);
        Self { bytes, digest }
    }

    pub fn bytes(&self) -> &Arc<Vec<u8>> {
        &self.bytes
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(Arc::new(bytes))
    }
}

impl Image {
    /// Everything, by path.
    pub fn nodes(&self) -> impl Iterator<Item = (&Place, &Node)> {
        self.nodes.iter()
    }

    /// The files, by path.
    pub fn files(&self) -> impl Iterator<Item = (&Place, &Content)> {
        self.nodes().filter_map(|(place, node)| match node {
            Node::Directory => None,
            Node::File(content) => Some((place, content)),
        })
    }

    /// The content of a file.
    pub fn file(&self, path: &Path) -> Option<&Content> {
        match self.nodes.get(path.as_os_str().as_encoded_bytes())? {
            Node::Directory => None,
            Node::File(content) => Some(content),
        }
    }

    /// Returns true if anything is at this path.
    pub fn holds(&self, path: &Path) -> bool {
        // On Windows the parts of a path may be separated in two ways.
        let is_at = |place: &Place| *place.path == *path;
        self.nodes.contains_key(path.as_os_str().as_encoded_bytes())
            || cfg!(windows) && self.nodes().any(|(place, _)| is_at(place))
    }

    /// A number that images have in common if they hold the same, however they came about.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The same of those files alone that `counts` names.
    pub fn digest_of(&self, counts: impl Fn(&Path) -> bool) -> u64 {
        let counted = self.nodes().filter(|(place, _)| counts(&place.path));
        counted.fold(0, |digest, (place, node)| digest.wrapping_add(place.digest_with(node)))
    }

    /// Puts something at a path, in place of anything that was there.
    pub fn put(&mut self, place: Place, node: Node) {
        self.digest = self.digest.wrapping_add(place.digest_with(&node));
        if let Some(old) = self.nodes.insert(place.clone(), node) {
            self.digest = self.digest.wrapping_sub(place.digest_with(&old));
        }
    }

    /// Takes a file or directory away, and everything below.
    pub fn take(&mut self, path: &Path) {
        let gone: Vec<Place> =
            self.nodes.keys().filter(|place| place.path.starts_with(path)).cloned().collect();
        for place in gone {
            if let Some(node) = self.nodes.remove(&place) {
                self.digest = self.digest.wrapping_sub(place.digest_with(&node));
            }
        }
    }

    /// Removes the nodes in directories that aren't there.
    pub fn take_orphans(&mut self) {
        loop {
            let is_there = |parent: &Path| {
                parent.as_os_str().is_empty()
                    || parent.parent().is_none()
                    || matches!(
                        self.nodes.get(parent.as_os_str().as_encoded_bytes()),
                        Some(Node::Directory)
                    )
            };
            let mut places = self.nodes.keys();
            let orphan = places.find(|place| !place.path.parent().is_none_or(is_there)).cloned();
            let Some(orphan) = orphan else { return };
            self.take(&orphan.path);
        }
    }
}

impl FromIterator<(PathBuf, Node)> for Image {
    fn from_iter<I: IntoIterator<Item = (PathBuf, Node)>>(nodes: I) -> Self {
        let mut image = Self::default();
        nodes.into_iter().for_each(|(path, node)| image.put(Place::from(&*path), node));
        image
    }
}
