// SPDX-License-Identifier: GPL-2.0-only

//! What overlayfs finds (`ovl_lookup_layers()`), with redirects followed and `metacopy=on`.
//!
//! It differs from the module where overlayfs is odd. Nothing that a file system of layers writes gets
//! there, and each case is counted: see [`Odd`].

use super::{Data, Dir, Found, Layer, Node};

/// In what the way of overlayfs to an answer was odd.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Odd {
    /// A bare file was found on a path through an opaque directory, and the layers beneath that were
    /// asked all the same.
    pub out_of_opaque: bool,
    /// A path leads to the data-only layers, and does not count: the last object that could have
    /// carried a redirect, the file or a directory of the path, carried none or a relative one; or no
    /// layer beneath the upper one has the file.
    pub path_forgotten: bool,
}

/// The search for a name.
struct Search<'a> {
    layers: &'a [Layer],
    /// The names to be asked for, from the root, or one from the parent.
    names: Vec<String>,
    from_root: bool,
    is_dir: bool,
    is_bare: bool,
    /// No further layer is asked.
    stop: bool,
    /// The last redirect that was read is absolute.
    absolute: bool,
    odd: Odd,
}

impl<'a> Search<'a> {
    /// Takes in the redirect of what was found under the name before the last `left` ones.
    fn turn(&mut self, redirect: Option<&String>, left: usize) {
        self.absolute = false;
        let Some(to) = redirect else {
            return;
        };
        let at = self.names.len() - left - 1;
        match to.strip_prefix('/') {
            Some(path) => {
                self.absolute = true;
                self.stop = false;
                self.from_root = true;
                let path = path.split('/').map(str::to_string);
                self.names.splice(..=at, path);
            }
            None => self.names[at] = to.clone(),
        }
    }

    /// Asks a directory for one of the names, with `left` behind it.
    fn ask(&mut self, layer: usize, dir: &'a Dir, left: usize) -> Option<&'a Node> {
        let is_last = left == 0;
        let node = dir.entries.get(&self.names[self.names.len() - left - 1])?;
        if *node == Node::Whiteout {
            self.stop = true;
            return None;
        }
        if is_last && self.is_bare && !matches!(node, Node::File(_)) {
            self.stop = true;
            return None;
        }
        match node {
            Node::Dir(dir) => {
                self.is_dir |= is_last;
                if dir.opaque {
                    self.stop = true;
                } else {
                    self.turn(dir.redirect.as_ref(), left);
                }
            }
            _ if self.is_dir || !is_last => {
                self.stop = true;
                return None;
            }
            Node::File(file) if self.layers[layer].files[*file].data.is_none() => {
                self.odd.out_of_opaque |= self.stop;
                self.is_bare = true;
                self.stop = false;
                self.turn(self.layers[layer].files[*file].redirect.as_ref(), left);
            }
            _ => {
                self.is_bare = false;
                self.stop = true;
            }
        }
        Some(node)
    }

    /// Asks a layer: in the parent, or along the path from its root.
    fn ask_layer(&mut self, layer: usize, dir: &'a Dir) -> Option<&'a Node> {
        let mut dir = dir;
        let mut left = self.names.len() - 1;
        loop {
            match self.ask(layer, dir, left) {
                Some(Node::Dir(inner)) if left > 0 => dir = inner,
                node => return node,
            }
            left -= 1;
        }
    }
}

/// Finds a name in a directory with these parts, in the layers of a union; the first is the upper one.
/// `data_only`: there are data-only layers.
pub fn look_up<'a>(
    layers: &'a [Layer],
    parent: &[(usize, &'a Dir)],
    name: &str,
    data_only: bool,
) -> (Found<'a>, Odd) {
    let mut search = Search {
        layers,
        names: vec![name.to_string()],
        from_root: false,
        is_dir: false,
        is_bare: false,
        stop: false,
        absolute: false,
        odd: Odd::default(),
    };
    let mut found = Vec::new();
    let mut next = 0;
    while next < layers.len() && !search.stop {
        let dir = match search.from_root {
            // Only what is found in a layer leads to the roots, so none of them is the upper one.
            true => Some(&layers[next].root),
            false => parent
                .iter()
                .find(|(layer, _)| *layer == next)
                .map(|it| it.1),
        };
        if let Some(node) = dir.and_then(|dir| search.ask_layer(next, dir)) {
            found.push((next, node));
        }
        next += 1;
    }
    let answer = match found.first() {
        None => Found::Nothing,
        Some((_, Node::Dir(_))) => Found::Dir(
            found
                .iter()
                .filter_map(|(layer, node)| match node {
                    Node::Dir(dir) => Some((*layer, dir)),
                    _ => None,
                })
                .collect(),
        ),
        Some(&(layer, Node::File(file))) => Found::File {
            at: (layer, *file),
            data: match found.last() {
                Some(&(layer, Node::File(file))) if !search.is_bare => Data::In(layer, *file),
                _ => search.data_only(data_only, &found),
            },
        },
        Some((layer, Node::Special | Node::Whiteout)) => Found::Special(*layer),
    };
    (answer, search.odd)
}

impl Search<'_> {
    /// Where data are that no layer has.
    fn data_only(&mut self, data_only: bool, found: &[(usize, &Node)]) -> Data {
        if !data_only || !self.from_root {
            return Data::Missing;
        }
        let has_lower = found.iter().any(|(layer, _)| *layer > 0);
        if self.absolute && has_lower {
            return Data::At(format!("/{}", self.names.join("/")));
        }
        self.odd.path_forgotten = true;
        Data::Missing
    }
}
