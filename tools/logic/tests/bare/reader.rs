// SPDX-License-Identifier: GPL-2.0-only

//! The layers of the model, read by the module's own name resolution.

use union_logic::change::redirect;
use union_logic::entry::LayerEntry;
use union_logic::fallthru::Fallthrus;
use union_logic::merge::{Merge, Seen};
use union_logic::mode::Kind;
use union_logic::resolve::{self, Astray, DataFrom, Hint, Layers, Redirection, Resolved, Rules};
use union_model::bare::plain::Tree;
use union_model::bare::{self, Data, Dir, File, Found, Layer, Node};

/// The parts of a directory, by their layer; 0 is the upper one.
pub(crate) type Parts<'a> = [(usize, &'a Dir)];

/// What is done about redirects and bare files, if nothing is forbidden.
pub(crate) const RULES: Rules = Rules {
    redirection: Redirection::Follow,
    data: DataFrom::Beneath,
};

/// The layers, as seen from a directory, and what has been found.
pub(crate) struct View<'w, 'a> {
    layers: &'a [Layer],
    parent: &'w Parts<'a>,
    name: &'w str,
    /// There are data-only layers.
    data_only: bool,
    taken: Vec<(usize, &'a Node)>,
    path: Option<String>,
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("names of the test")
}

impl<'w, 'a> View<'w, 'a> {
    fn file(&self, (layer, node): (usize, &'a Node)) -> Option<&'a File> {
        match node {
            Node::File(file) => Some(&self.layers[layer].files[*file]),
            _ => None,
        }
    }

    /// The lower parts of the parent.
    fn lowers(&self) -> &'w Parts<'a> {
        let upper = self.parent.iter().take_while(|(layer, _)| *layer == 0);
        &self.parent[upper.count()..]
    }
}

impl<'a> Layers for View<'_, 'a> {
    type Error = String;
    type Found = (usize, &'a Node);

    fn entry(&self, found: &Self::Found) -> LayerEntry {
        match found.1 {
            Node::Whiteout => LayerEntry::Whiteout,
            Node::Special => LayerEntry::Leaf(Kind::Symlink),
            Node::Dir(dir) => LayerEntry::Directory { opaque: dir.opaque },
            Node::File(_) => match self.file(*found).and_then(|file| file.data) {
                Some(_) => LayerEntry::Leaf(Kind::Regular),
                None => LayerEntry::WithoutData,
            },
        }
    }

    fn redirect<'f>(&self, found: &'f Self::Found) -> Option<&'f [u8]> {
        match found.1 {
            Node::Dir(dir) => dir.redirect.as_deref(),
            _ => self.file(*found)?.redirect.as_deref(),
        }
        .map(str::as_bytes)
    }

    fn ask_upper(&mut self) -> Result<Option<Self::Found>, String> {
        let upper = self.parent.first().filter(|(layer, _)| *layer == 0);
        Ok(upper.and_then(|(layer, dir)| Some((*layer, dir.entries.get(self.name)?))))
    }

    fn parent_layer(&self, index: usize) -> Option<u32> {
        self.lowers().get(index).map(|(layer, _)| *layer as u32 - 1)
    }

    fn parent_from(&self, layer: u32) -> usize {
        self.lowers()
            .partition_point(|(of, _)| *of as u32 - 1 < layer)
    }

    fn ask_lower(
        &mut self,
        index: usize,
        name: Option<&[u8]>,
    ) -> Result<Option<Self::Found>, String> {
        let (layer, dir) = self.lowers()[index];
        let name = name.map_or(self.name, text);
        Ok(dir.entries.get(name).map(|node| (layer, node)))
    }

    fn root_from(&self, layer: u32) -> Option<u32> {
        ((layer as usize) < self.layers.len() - 1).then_some(layer)
    }

    fn ask_path(
        &mut self,
        layer: u32,
        at: Option<&Self::Found>,
        name: &[u8],
    ) -> Result<Option<Self::Found>, String> {
        let layer = layer as usize + 1;
        let dir = match at {
            None => &self.layers[layer].root,
            Some((of, Node::Dir(dir))) if *of == layer => dir,
            Some(other) => panic!("into {other:?}"),
        };
        Ok(dir.entries.get(text(name)).map(|node| (layer, node)))
    }

    fn take_upper(&mut self, found: Self::Found) -> Result<(), String> {
        assert!(self.taken.is_empty());
        self.taken.push(found);
        Ok(())
    }

    fn take_lower(&mut self, layer: u32, found: Self::Found) -> Result<(), String> {
        assert_eq!(found.0, layer as usize + 1);
        assert!(self.taken.last().is_none_or(|(above, _)| *above < found.0));
        self.taken.push(found);
        Ok(())
    }

    fn data_at(&mut self, path: &[u8]) -> Result<bool, String> {
        self.path = Some(text(path).to_string());
        Ok(self.data_only)
    }

    fn hint_was_wrong(&mut self) {
        panic!("there are no hints")
    }

    fn astray(&self, why: Astray<'_>) -> String {
        format!("{why:?}")
    }
}

impl<'w, 'a> View<'w, 'a> {
    fn new(layers: &'a [Layer], parent: &'w Parts<'a>, name: &'w str) -> Self {
        View {
            layers,
            parent,
            name,
            data_only: false,
            taken: Vec::new(),
            path: None,
        }
    }
}

/// What resolving a name came to.
pub(crate) struct Answer<'a> {
    pub(crate) resolved: Result<Resolved, String>,
    /// The objects that make up what is found.
    pub(crate) taken: Vec<(usize, &'a Node)>,
    /// The path of the data in the data-only layers.
    pub(crate) path: Option<String>,
}

/// Resolves a name by other rules.
pub(crate) fn resolve<'a>(
    layers: &'a [Layer],
    parent: &Parts<'a>,
    name: &str,
    data_only: bool,
    rules: Rules,
) -> Answer<'a> {
    let mut view = View::new(layers, parent, name);
    view.data_only = data_only;
    let resolved = resolve::resolve(&mut view, Hint::Unknown::<&Fallthrus>, rules);
    Answer {
        resolved,
        taken: view.taken,
        path: view.path,
    }
}

/// The objects that make up what is found under a name.
pub(crate) fn taken<'a>(
    layers: &'a [Layer],
    parent: &Parts<'a>,
    name: &str,
) -> Vec<(usize, &'a Node)> {
    resolve(layers, parent, name, false, RULES).taken
}

/// The lower objects that a bare file of the upper layer would be made up of with another redirect; none
/// if it would have no data.
pub(crate) fn follow<'a>(
    layers: &'a [Layer],
    parent: &Parts<'a>,
    name: &str,
    to: &str,
) -> Option<Vec<(usize, &'a Node)>> {
    let mut view = View::new(layers, parent, name);
    let has_data = redirect::follow(&mut view, RULES, to.as_bytes()).unwrap();
    has_data.then_some(view.taken)
}

/// What is known of the lower parts of a directory when they have been read.
fn names_below(parent: &Parts<'_>) -> Fallthrus {
    let mut merge = Merge::with_key(1);
    for (layer, dir) in parent.iter().filter(|(layer, _)| *layer > 0) {
        for (name, node) in &dir.entries {
            let (kind, seen) = match node {
                Node::Dir(_) => (Kind::Directory, Seen::Name),
                Node::File(_) => (Kind::Regular, Seen::Name),
                Node::Special => (Kind::Symlink, Seen::Name),
                Node::Whiteout => (Kind::CharDevice, Seen::Whiteout),
            };
            merge
                .add(*layer as u32 - 1, name.as_bytes(), 1, kind.to_dt(), seen)
                .unwrap();
        }
    }
    merge.finish().unwrap()
}

/// Looks a name up in a directory with these parts.
pub(crate) fn look_up<'a>(
    layers: &'a [Layer],
    parent: &Parts<'a>,
    name: &str,
    data_only: bool,
) -> Found<'a> {
    let unknown = Hint::Unknown::<&Fallthrus>;
    look_up_by(layers, parent, name, data_only, unknown)
}

/// The same when the lower parts have been read before.
pub(crate) fn look_up_again<'a>(
    layers: &'a [Layer],
    parent: &Parts<'a>,
    name: &str,
    data_only: bool,
) -> Found<'a> {
    let names = names_below(parent);
    let hint = match names.find(name.as_bytes()) {
        Some(index) => Hint::Lower(&names, index),
        None => Hint::Upper,
    };
    look_up_by(layers, parent, name, data_only, hint)
}

fn look_up_by<'a>(
    layers: &'a [Layer],
    parent: &Parts<'a>,
    name: &str,
    data_only: bool,
    hint: Hint<&Fallthrus>,
) -> Found<'a> {
    let mut view = View::new(layers, parent, name);
    view.data_only = data_only;
    let resolved = resolve::resolve(&mut view, hint, RULES);
    if let Err(error) = &resolved {
        assert_eq!(error, "NoData", "{name}");
    }
    let data = match (view.path.filter(|_| resolved.is_ok()), view.taken.last()) {
        (Some(path), _) => Data::At(path),
        (None, Some(&(layer, Node::File(file)))) if resolved.is_ok() => Data::In(layer, *file),
        _ => Data::Missing,
    };
    match (resolved, view.taken.first()) {
        (Ok(Resolved::Absent), None) => Found::Nothing,
        (Ok(_), Some((_, Node::Dir(_)))) => {
            let dirs = view.taken.iter().map(|(layer, node)| match node {
                Node::Dir(dir) => (*layer, dir),
                other => panic!("{other:?} among directories"),
            });
            Found::Dir(dirs.collect())
        }
        (Ok(_), Some((layer, Node::Special))) => Found::Special(*layer),
        (_, Some(&(layer, Node::File(file)))) => Found::File {
            at: (layer, *file),
            data,
        },
        (resolved, taken) => panic!("{name}: {resolved:?} of {taken:?}"),
    }
}

/// What the layers show.
pub(crate) fn read(layers: &[Layer]) -> Tree {
    bare::read(layers, &|parts: &Parts<'_>, name: &str| {
        look_up(layers, parts, name, false)
    })
}

/// What is at `path`.
pub(crate) fn find<'a>(layers: &'a [Layer], path: &[String]) -> Found<'a> {
    let root = layers.iter().map(|layer| &layer.root).enumerate().collect();
    path.iter()
        .fold(Found::Dir(root), |found, name| match found {
            Found::Dir(parts) => look_up(layers, &parts, name, false),
            other => panic!("{path:?}: {name} in {other:?}"),
        })
}
