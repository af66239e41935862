//! A disk that keeps what it promised, and of the rest what chance leaves.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fastrand::Rng;

use super::recorder::{Bytes, Did};

/// A file, folder or link on the disk.
#[derive(Clone, Debug)]
enum Node {
    File { seen: Bytes, promised: Bytes },
    Folder { seen: BTreeMap<String, usize>, promised: BTreeMap<String, usize>, pending: Vec<Pending> },
    Link(PathBuf),
}

/// A name that came or went since the folder was synced.
#[derive(Clone, Debug)]
struct Pending {
    /// Steps of one number happen together.
    at: usize,
    name: String,
    node: Option<usize>,
}

/// What of the names that were not promised is there after all.
#[derive(Clone, Copy, Debug)]
enum Names {
    /// Any of them.
    Any,
    /// Those up to this step, as in a journal.
    UpTo(usize),
}

/// The disk. Node 0 is the root.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    nodes: Vec<Node>,
    steps: usize,
}

impl Disk {
    /// The disk as it lies below a folder, all of it promised.
    pub(super) fn of(root: &Path) -> Self {
        let mut disk = Self { nodes: Vec::new(), steps: 0 };
        disk.take_in(root, &mut BTreeMap::new());
        disk
    }

    fn take_in(&mut self, place: &Path, known: &mut BTreeMap<u64, usize>) -> usize {
        use std::os::unix::fs::MetadataExt;
        let found = place.symlink_metadata().unwrap();
        if let Some(node) = known.get(&found.ino()) {
            return *node;
        }
        let node = self.nodes.len();
        known.insert(found.ino(), node);
        if found.is_symlink() {
            self.nodes.push(Node::Link(fs::read_link(place).unwrap()));
        } else if found.is_file() {
            let bytes: Bytes = fs::read(place).unwrap().into();
            self.nodes.push(Node::File { seen: bytes.clone(), promised: bytes });
        } else {
            self.nodes.push(empty_folder());
            let mut names = BTreeMap::new();
            for entry in fs::read_dir(place).unwrap() {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                names.insert(name, self.take_in(&entry.path(), known));
            }
            self.nodes[node] = Node::Folder { seen: names.clone(), promised: names, pending: Vec::new() };
        }
        node
    }

    fn node(&self, path: &Path) -> usize {
        path.iter().fold(0, |node, name| match &self.nodes[node] {
            Node::Folder { seen, .. } => seen[name.to_str().unwrap()],
            other => panic!("{} passes through {other:?}", path.display()),
        })
    }

    /// Gives a name in a folder to a node, or to nothing.
    fn name(&mut self, path: &Path, node: Option<usize>) {
        let (folder, at) = (self.node(path.parent().unwrap()), self.steps);
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Node::Folder { seen, pending, .. } = &mut self.nodes[folder] else {
            panic!("{}", path.display())
        };
        match node {
            Some(node) => drop(seen.insert(name.clone(), node)),
            None => drop(seen.remove(&name)),
        }
        pending.push(Pending { at, name, node });
    }

    fn add(&mut self, path: &Path, node: Node) {
        self.nodes.push(node);
        self.name(path, Some(self.nodes.len() - 1));
    }

    pub(super) fn apply(&mut self, did: &Did) {
        self.steps += 1;
        match did {
            Did::MakeDir(path) => self.add(path, empty_folder()),
            Did::MakeFile(path) => {
                let nothing: Bytes = Bytes::default();
                self.add(path, Node::File { seen: nothing.clone(), promised: nothing });
            }
            Did::MakeLink(path, target) => self.add(path, Node::Link(target.clone())),
            Did::Write(path, bytes) => {
                let node = self.node(path);
                if let Node::File { seen, .. } = &mut self.nodes[node] {
                    *seen = bytes.clone();
                }
            }
            Did::SyncFile(path) => {
                let node = self.node(path);
                if let Node::File { seen, promised } = &mut self.nodes[node] {
                    *promised = seen.clone();
                }
            }
            Did::SyncDir(path) => {
                let node = self.node(path);
                if let Node::Folder { seen, promised, pending } = &mut self.nodes[node] {
                    promised.clone_from(seen);
                    pending.clear();
                }
            }
            Did::Rename(from, to) => {
                let node = self.node(from);
                self.name(to, Some(node));
                self.name(from, None);
            }
            Did::Link(from, to) => {
                let node = self.node(from);
                self.name(to, Some(node));
            }
            Did::Acknowledge => {}
            Did::Remove(path) => {
                if self.has(path) {
                    self.name(path, None);
                }
            }
        }
    }

    fn has(&self, path: &Path) -> bool {
        let Node::Folder { seen, .. } = &self.nodes[self.node(path.parent().unwrap())] else { return false };
        seen.contains_key(path.file_name().unwrap().to_str().unwrap())
    }

    /// The disk after the power was lost.
    pub(super) fn lose_power(&self, rng: &mut Rng) -> Self {
        let names = if rng.bool() { Names::Any } else { Names::UpTo(rng.usize(0..=self.steps)) };
        let mut after = |node: &Node| match node {
            Node::File { seen, promised } => {
                let bytes =
                    if Arc::ptr_eq(seen, promised) { seen.clone() } else { torn(seen, promised, rng) };
                Node::File { seen: bytes.clone(), promised: bytes }
            }
            Node::Folder { promised, pending, .. } => {
                let mut left = promised.clone();
                for Pending { at, name, node } in pending {
                    let kept = match names {
                        Names::Any => rng.bool(),
                        Names::UpTo(last) => *at <= last,
                    };
                    match node {
                        _ if !kept => {}
                        Some(node) => drop(left.insert(name.clone(), *node)),
                        None => drop(left.remove(name)),
                    }
                }
                Node::Folder { seen: left.clone(), promised: left, pending: Vec::new() }
            }
            Node::Link(target) => Node::Link(target.clone()),
        };
        Self { nodes: self.nodes.iter().map(&mut after).collect(), steps: self.steps }
    }

    /// The bytes of a file, if there is one.
    pub(super) fn read(&self, path: &Path) -> Option<&Bytes> {
        let node = path.iter().try_fold(0, |node, name| match &self.nodes[node] {
            Node::Folder { seen, .. } => seen.get(name.to_str()?).copied(),
            _ => None,
        })?;
        match &self.nodes[node] {
            Node::File { seen, .. } => Some(seen),
            _ => None,
        }
    }

    /// Puts everything into a folder, for the real program to look at.
    pub(super) fn put_into(&self, place: &Path, node: usize) {
        match &self.nodes[node] {
            Node::File { seen, .. } => fs::write(place, seen).unwrap(),
            Node::Link(target) => std::os::unix::fs::symlink(target, place).unwrap(),
            Node::Folder { seen, .. } => {
                fs::create_dir_all(place).unwrap();
                seen.iter().for_each(|(name, node)| self.put_into(&place.join(name), *node));
            }
        }
    }
}

fn empty_folder() -> Node {
    Node::Folder { seen: BTreeMap::new(), promised: BTreeMap::new(), pending: Vec::new() }
}

/// What is left of bytes that were not promised.
fn torn(seen: &Bytes, promised: &Bytes, rng: &mut Rng) -> Bytes {
    let cut = rng.usize(0..=seen.len());
    match rng.u8(0..4) {
        0 => seen.clone(),
        1 => promised.clone(),
        2 => seen[..cut].into(),
        _ => seen[..cut].iter().copied().chain(std::iter::repeat_n(0, seen.len() - cut)).collect(),
    }
}
