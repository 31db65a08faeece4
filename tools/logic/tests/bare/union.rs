// SPDX-License-Identifier: GPL-2.0-only

//! A union that copies files up without their data, step by step.

use crate::reader::{self, find};
use std::collections::BTreeMap;
use union_logic::change::redirect::{plan, Ancestor, Change, Plan, Upwards, MAX_REDIRECT};
use union_model::bare::{Data, Dir, File, Found, Layer, Node};
use union_model::Path;

/// A mistake that the file system could make.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mistake {
    /// No redirect is set.
    NoRedirect,
    /// It is set when the name has changed.
    RedirectTooLate,
    /// A name is taken for enough when the file leaves its directory.
    NameForMove,
    /// A link is made like a name in the same directory.
    NameForLink,
    /// The path is made of the names as they are in the union.
    NamesOfTheUnion,
    /// The redirect that the file carries is replaced by its present name.
    OwnRedirectForgotten,
    /// A moved directory shows what is below its new name.
    NotOpaque,
    /// A new directory in the place of a removed one shows what is below.
    NewDirNotOpaque,
}

impl Mistake {
    pub(crate) const ALL: [Mistake; 8] = [
        Mistake::NoRedirect,
        Mistake::RedirectTooLate,
        Mistake::NameForMove,
        Mistake::NameForLink,
        Mistake::NamesOfTheUnion,
        Mistake::OwnRedirectForgotten,
        Mistake::NotOpaque,
        Mistake::NewDirNotOpaque,
    ];
}

/// What a crash after a step leaves.
pub(crate) struct Step {
    pub(crate) what: &'static str,
    pub(crate) layers: Vec<Layer>,
    /// The call has happened.
    pub(crate) is_done: bool,
}

/// The layers, topmost first; the first is the upper one.
pub(crate) struct Union {
    pub(crate) layers: Vec<Layer>,
    pub(crate) steps: Vec<Step>,
    /// Files that are bare in the lower layers are copied up bare, not whole.
    pub(crate) bare_of_bare: bool,
    pub(crate) mistake: Option<Mistake>,
    /// How often a redirect was not set because it would have led elsewhere.
    pub(crate) refused: usize,
}

/// Whether a directory is moved with the parts that it has in lower layers, as overlayfs does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Movable {
    No,
    Alone,
    WithLowerParts,
}

impl Union {
    pub(crate) fn new(layers: Vec<Layer>, bare_of_bare: bool) -> Self {
        Union {
            layers,
            steps: Vec::new(),
            bare_of_bare,
            mistake: None,
            refused: 0,
        }
    }

    fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    fn step(&mut self, what: &'static str, is_done: bool) {
        self.steps.push(Step {
            what,
            layers: self.layers.clone(),
            is_done,
        });
    }

    fn upper(&self, path: &Path) -> Option<&Node> {
        self.layers[0]
            .root
            .get(path)
            .filter(|node| **node != Node::Whiteout)
    }

    fn put(&mut self, path: &Path, node: Option<Node>) -> Option<Node> {
        self.layers[0].root.put(path, node)
    }

    fn new_file(&mut self, file: File) -> Node {
        let files = &mut self.layers[0].files;
        files.push(file);
        Node::File(files.len() - 1)
    }

    /// The file of the upper layer at `path`.
    fn file(&mut self, path: &Path) -> Option<&mut File> {
        match self.layers[0].root.get(path) {
            Some(Node::File(file)) => {
                let file = *file;
                Some(&mut self.layers[0].files[file])
            }
            _ => None,
        }
    }

    /// Whether the lower layers show something at `path` if the upper layer has nothing there.
    fn covers(&self, path: &Path) -> bool {
        let (name, parents) = path.split_last().expect("not the root");
        let Found::Dir(parts) = find(&self.layers, parents) else {
            panic!("{parents:?} is no directory");
        };
        let mut lower = parts.iter().filter(|(layer, _)| *layer > 0);
        lower
            .find_map(|(_, dir)| dir.entries.get(name))
            .is_some_and(|node| *node != Node::Whiteout)
    }

    /// The value of data that can be read.
    fn data(&self, path: &Path) -> Option<u32> {
        match find(&self.layers, path) {
            Found::File {
                data: Data::In(layer, file),
                ..
            } => self.layers[layer].files[file].data,
            _ => None,
        }
    }

    fn copy_up_parents(&mut self, path: &Path) {
        for len in 1..path.len() {
            if self.upper(&path[..len]).is_none() {
                self.put(&path[..len], Some(Node::Dir(Dir::default())));
                self.step("copy a directory up", false);
            }
        }
    }

    /// Copies a leaf up, if it is not in the upper layer, without its data if possible. `attributes`:
    /// those that it gets with the same step.
    fn copy_up(&mut self, path: &Path, attributes: Option<u32>) {
        self.copy_up_parents(path);
        if self.upper(path).is_some() {
            return;
        }
        let node = match find(&self.layers, path) {
            Found::Special(_) => Node::Special,
            Found::File {
                at,
                data: Data::In(layer, file),
            } => {
                let lower = &self.layers[at.0].files[at.1];
                let is_bare = lower.data.is_some() || self.bare_of_bare;
                let copy = File {
                    attributes: attributes.unwrap_or(lower.attributes),
                    data: self.layers[layer].files[file].data.filter(|_| !is_bare),
                    redirect: None,
                };
                self.new_file(copy)
            }
            other => panic!("{path:?}: {other:?} cannot be copied up"),
        };
        self.put(path, Some(node));
        self.step("copy a leaf up", attributes.is_some());
    }

    fn copy_data(&mut self, path: &Path) {
        let data = self.data(path);
        self.file(path).expect("copied up").data = data;
        self.step("copy its data up", false);
    }

    /// Whether the lower file that the object of the upper layer stands for has one name.
    fn is_single(&self, path: &Path) -> bool {
        let (name, parents) = path.split_last().expect("not the root");
        let Found::Dir(parts) = find(&self.layers, parents) else {
            panic!("{parents:?} is no directory");
        };
        match reader::taken(&self.layers, &parts, name)[..] {
            [_, (layer, Node::File(file)), ..] => self.layers[layer].root.links(*file) == 1,
            _ => true,
        }
    }

    /// The names from `path` to the root, as the union knows them.
    fn upwards(&self, path: &Path) -> Vec<(String, Option<String>)> {
        let known = |len: usize| {
            let redirect = match self.upper(&path[..len]) {
                Some(Node::Dir(dir)) => dir.redirect.clone(),
                Some(Node::File(file)) => self.layers[0].files[*file].redirect.clone(),
                _ => None,
            };
            let is_forgotten = match len == path.len() {
                true => self.makes(Mistake::OwnRedirectForgotten),
                false => self.makes(Mistake::NamesOfTheUnion),
            };
            (path[len - 1].clone(), redirect.filter(|_| !is_forgotten))
        };
        (1..=path.len()).rev().map(known).collect()
    }

    /// Makes sure that the lower part of an object is found when its name has changed. Returns a
    /// redirect that is left to be set, which is a mistake.
    fn keep_lower(&mut self, path: &Path, change: Change) -> Option<String> {
        let is_bare = match self.upper(path) {
            Some(Node::File(file)) => self.layers[0].files[*file].data.is_none(),
            Some(Node::Dir(_)) => false,
            _ => return None,
        };
        let is_dir = matches!(self.upper(path), Some(Node::Dir(_)));
        if !is_bare && !is_dir || self.makes(Mistake::NoRedirect) {
            return None;
        }
        let (change, is_single) = match change {
            Change::RenameAway if self.makes(Mistake::NameForMove) => (Change::RenameWithin, true),
            Change::Link if self.makes(Mistake::NameForLink) => (Change::RenameWithin, true),
            change => (change, is_dir || self.is_single(path)),
        };
        let mut names = Names(self.upwards(path), 0);
        let mut buffer = [0; MAX_REDIRECT];
        let to = match plan(change, is_single, &mut names, &mut buffer) {
            Ok(Plan::Keep) => return None,
            Ok(Plan::None) => None,
            Ok(Plan::Set(to)) => Some(String::from_utf8(to.to_vec()).unwrap()),
            Err(never) => match never {},
        };
        match to {
            Some(to) if self.makes(Mistake::RedirectTooLate) => return Some(to),
            Some(to) if self.mistake.is_some() || self.leads_there(path, &to) => {
                self.set_redirect(path, to);
                self.step("set its redirect", false);
            }
            _ => {
                assert!(is_bare, "{path:?}: a directory without a redirect");
                self.refused += 1;
                self.copy_data(path);
            }
        }
        None
    }

    fn set_redirect(&mut self, path: &Path, to: String) {
        match self.file(path) {
            Some(file) => file.redirect = Some(to),
            None => self.layers[0].root.dir_mut(path).redirect = Some(to),
        }
    }

    /// Whether an object has the same lower parts with another redirect.
    fn leads_there(&self, path: &Path, to: &str) -> bool {
        let (name, parents) = path.split_last().expect("not the root");
        let Found::Dir(parts) = find(&self.layers, parents) else {
            panic!("{parents:?} is no directory");
        };
        let known = reader::taken(&self.layers, &parts, name);
        let there = match self.upper(path) {
            Some(Node::File(_)) => reader::follow(&self.layers, &parts, name, to),
            _ => {
                let mut other = self.layers[0].clone();
                other.root.dir_mut(path).redirect = Some(to.to_string());
                let layers = [&[other], &self.layers[1..]].concat();
                return lower_places(&find(&self.layers, path))
                    == lower_places(&find(&layers, path));
            }
        };
        there.is_some_and(|there| there[..] == known[1..])
    }

    /// Whether and how a directory can be moved.
    pub(crate) fn movable(&self, path: &Path) -> Movable {
        let Found::Dir(parts) = find(&self.layers, path) else {
            return Movable::No;
        };
        match (&parts[..], self.upper(path)) {
            ([(0, dir)], _) if dir.opaque || dir.redirect.is_none() => Movable::Alone,
            // Its redirect leads nowhere, and could lead somewhere from another place.
            ([(0, _)], _) => Movable::No,
            ([(0, _), ..], _) | (_, None) => Movable::WithLowerParts,
            (_, Some(_)) => Movable::No,
        }
    }

    /// Prepares an object for its new name. Returns a redirect that is left to be set.
    fn prepare(&mut self, old: &Path, new: &Path) -> Option<String> {
        let change = match old[..old.len() - 1] == new[..new.len() - 1] {
            true => Change::RenameWithin,
            false => Change::RenameAway,
        };
        match self.movable(old) {
            Movable::No => {
                self.copy_up(old, None);
                self.keep_lower(old, change)
            }
            Movable::WithLowerParts => {
                self.copy_up_parents(&[old, &["".to_string()]].concat());
                self.keep_lower(old, change)
            }
            Movable::Alone => {
                if self.covers(new) && !self.makes(Mistake::NotOpaque) {
                    self.layers[0].root.dir_mut(old).opaque = true;
                    self.step("make it opaque", false);
                }
                None
            }
        }
    }

    pub(crate) fn rename(&mut self, old: &Path, new: &Path) {
        self.copy_up_parents(new);
        let late = self.prepare(old, new);
        let whiteout = self.covers(old).then_some(Node::Whiteout);
        let node = self.put(old, whiteout);
        self.put(new, node);
        self.step("rename", true);
        self.finish(new, late);
    }

    pub(crate) fn exchange(&mut self, one: &Path, other: &Path) {
        let late = (self.prepare(one, other), self.prepare(other, one));
        let node = self.put(one, None);
        let node = self.put(other, node);
        self.put(one, node);
        self.step("rename with RENAME_EXCHANGE", true);
        self.finish(other, late.0);
        self.finish(one, late.1);
    }

    pub(crate) fn link(&mut self, old: &Path, new: &Path) {
        self.copy_up(old, None);
        self.copy_up_parents(new);
        let late = self.keep_lower(old, Change::Link);
        let node = self.upper(old).cloned();
        self.put(new, node);
        self.step("link", true);
        self.finish(old, late);
    }

    fn finish(&mut self, path: &Path, late: Option<String>) {
        if let Some(to) = late {
            self.set_redirect(path, to);
            self.step("set its redirect", true);
        }
    }

    pub(crate) fn change(&mut self, path: &Path, attributes: u32) {
        self.copy_up(path, Some(attributes));
        self.file(path).expect("copied up").attributes = attributes;
        self.step("change", true);
    }

    pub(crate) fn write(&mut self, path: &Path, data: u32) {
        self.copy_up(path, None);
        self.copy_data(path);
        self.file(path).expect("copied up").data = Some(data);
        self.step("write", true);
    }

    pub(crate) fn create(&mut self, path: &Path, attributes: u32, data: u32) {
        self.copy_up_parents(path);
        let file = self.new_file(File {
            attributes,
            data: Some(data),
            redirect: None,
        });
        self.put(path, Some(file));
        self.step("create", true);
    }

    pub(crate) fn mkdir(&mut self, path: &Path) {
        self.copy_up_parents(path);
        let dir = Dir {
            opaque: self.covers(path) && !self.makes(Mistake::NewDirNotOpaque),
            redirect: None,
            entries: BTreeMap::new(),
        };
        self.put(path, Some(Node::Dir(dir)));
        self.step("mkdir", true);
    }

    pub(crate) fn unlink(&mut self, path: &Path) {
        self.copy_up_parents(path);
        let whiteout = self.covers(path).then_some(Node::Whiteout);
        self.put(path, whiteout);
        self.step("unlink", true);
    }

    /// Mounts the layers again, beneath an empty upper layer and perhaps another one.
    pub(crate) fn stack(&mut self, between: Option<&Layer>) {
        self.layers.splice(0..0, between.cloned());
        self.layers.insert(0, Layer::default());
        self.step("mount", true);
    }
}

/// The lower parts of a directory, by what they hold.
fn lower_places(found: &Found<'_>) -> Vec<(usize, Dir)> {
    match found {
        Found::Dir(parts) => {
            let lower = parts.iter().filter(|(layer, _)| *layer > 0);
            lower.map(|(layer, dir)| (*layer, (*dir).clone())).collect()
        }
        other => panic!("{other:?} is no directory"),
    }
}

/// Names from an object to the root, and how many have been told.
struct Names(Vec<(String, Option<String>)>, usize);

impl Upwards for Names {
    type Error = std::convert::Infallible;

    fn next(&mut self) -> Result<Option<Ancestor<'_>>, Self::Error> {
        let next = self.0.get(self.1);
        self.1 += 1;
        Ok(next.map(|(name, redirect)| Ancestor {
            name: name.as_bytes(),
            redirect: redirect.as_deref().map(str::as_bytes),
        }))
    }
}
