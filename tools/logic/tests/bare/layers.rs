// SPDX-License-Identifier: GPL-2.0-only

//! Random layers with bare files and redirects.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use union_model::bare::{Dir, File, Layer, Node};

/// So few names that the layers meet in most of them.
const NAMES: [&str; 3] = ["a", "b", "c"];
/// How deep the trees are.
const DEPTH: u32 = 3;
/// Files of a layer; some have several names, some none.
const FILES: usize = 5;

pub(crate) fn name() -> impl Strategy<Value = String> {
    prop::sample::select(&NAMES[..]).prop_map(str::to_string)
}

fn redirect() -> impl Strategy<Value = String> {
    prop_oneof![
        name(),
        vec(name(), 1..=3).prop_map(|path| format!("/{}", path.join("/"))),
    ]
}

/// A layer, in which objects carry redirects so often, and so many files are bare.
fn layer(redirects: f64, bare: f64) -> impl Strategy<Value = Layer> {
    let maybe = move |is_there: f64| prop::bool::weighted(is_there);
    let carried = move || {
        (maybe(redirects), redirect()).prop_map(|(is_there, to)| Some(to).filter(|_| is_there))
    };
    let leaf = prop_oneof![
        2 => Just(Node::Whiteout),
        1 => Just(Node::Special),
        12 => (0..FILES).prop_map(Node::File),
    ];
    let node = leaf.prop_recursive(DEPTH - 1, 24, 4, move |node| {
        let dir = (
            prop::bool::weighted(0.15),
            carried(),
            btree_map(name(), node.clone(), 1..=4),
        );
        let dir = dir.prop_map(|(opaque, redirect, entries)| {
            Node::Dir(Dir {
                opaque,
                redirect,
                entries,
            })
        });
        prop_oneof![1 => node, 2 => dir]
    });
    let file = (
        any::<u32>(),
        (maybe(1.0 - bare), any::<u32>())
            .prop_map(|(is_there, data)| Some(data).filter(|_| is_there)),
        carried(),
    );
    let file = file.prop_map(|(attributes, data, redirect)| File {
        attributes,
        data,
        redirect,
    });
    (btree_map(name(), node, 2..=4), vec(file, FILES)).prop_map(|(entries, files)| Layer {
        root: Dir {
            entries,
            ..Dir::default()
        },
        files,
    })
}

/// Layers as nothing has ever written them.
pub(crate) fn wild() -> impl Strategy<Value = Vec<Layer>> {
    vec(layer(0.3, 0.45), 3..=6)
}

/// Layers without bare files and redirects.
pub(crate) fn tame(layers: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<Layer>> {
    vec(layer(0.0, 0.0), layers)
}

/// Makes each name of a layer one of a file of its own.
pub(crate) fn separate_names(layer: &mut Layer) {
    fn separate(dir: &mut Dir, files: &mut Vec<File>) {
        for node in dir.entries.values_mut() {
            match node {
                Node::File(file) => {
                    files.push(files[*file].clone());
                    *file = files.len() - 1;
                }
                Node::Dir(dir) => separate(dir, files),
                Node::Whiteout | Node::Special => {}
            }
        }
    }
    separate(&mut layer.root, &mut layer.files);
}
