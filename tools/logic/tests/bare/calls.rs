// SPDX-License-Identifier: GPL-2.0-only

//! Calls on a union and on a plain file system, and whether both show the same.

use crate::layers;
use crate::reader;
use crate::union::{Movable, Step, Union};
use proptest::prelude::*;
use proptest::sample::Index;
use union_model::bare::plain::{self, Plain, Seen, Tree};
use union_model::bare::{self, overlay, Layer};
use union_model::Path;

/// A call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum What {
    Change,
    Write,
    Create,
    Mkdir,
    Unlink,
    Rename,
    Exchange,
    Link,
    Stack,
}

/// A call, and what it is made with: as far as it needs them, and the tree has them.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) what: What,
    object: Index,
    other: Index,
    dir: Index,
    name: String,
    value: u32,
    between: Option<Layer>,
}

pub(crate) fn call() -> impl Strategy<Value = Call> {
    let layer = layers::tame(1..=1).prop_map(|mut layers| layers.remove(0));
    let stack = prop::option::weighted(0.3, layer).prop_map(|between| (What::Stack, between));
    let what = prop_oneof![
        2 => Just(What::Change),
        1 => Just(What::Write),
        1 => Just(What::Create),
        2 => Just(What::Mkdir),
        2 => Just(What::Unlink),
        8 => Just(What::Rename),
        3 => Just(What::Exchange),
        3 => Just(What::Link),
    ];
    let what = prop_oneof![
        22 => what.prop_map(|what| (what, None)),
        1 => stack,
    ];
    let picked = (
        any::<Index>(),
        any::<Index>(),
        any::<Index>(),
        layers::name(),
    );
    (what, picked, any::<u32>()).prop_map(|((what, between), picked, value)| Call {
        what,
        object: picked.0,
        other: picked.1,
        dir: picked.2,
        name: picked.3,
        value,
        between,
    })
}

/// What the layers were like at the beginning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Made {
    /// By calls like these, on layers without bare files.
    ByCalls,
    /// At random.
    AtRandom,
}

/// Both, side by side.
pub(crate) struct Twins {
    pub(crate) union: Union,
    plain: Plain,
    made: Made,
}

impl Twins {
    pub(crate) fn new(union: Union, made: Made) -> Self {
        let plain = Plain::of(&reader::read(&union.layers));
        Twins { union, plain, made }
    }

    /// Makes a call, if it is one that succeeds. Returns what the layers were like after each step
    /// that show something else than they should.
    pub(crate) fn call(&mut self, call: &Call) -> Result<bool, String> {
        let old = self.plain.tree();
        self.union.steps.clear();
        if !self.make(call, &old) {
            return Ok(false);
        }
        let new = self.plain.tree();
        for step in &self.union.steps {
            let expected = match step.is_done {
                true => &new,
                false => &old,
            };
            self.check(step, expected)
                .map_err(|why| format!("{call:?}\nafter \"{}\": {why}", step.what))?;
        }
        Ok(true)
    }

    fn check(&self, step: &Step, expected: &Tree) -> Result<(), String> {
        let layers = &step.layers;
        let shown = reader::read(layers);
        if &shown != expected {
            return Err(format!("{shown:#?}\nand not {expected:#?}\nin {layers:#?}"));
        }
        // Layers that calls have made are in no way odd.
        let by_overlayfs = bare::read(layers, &|parts, name| {
            overlay::look_up(layers, parts, name, false).0
        });
        if self.made == Made::ByCalls && by_overlayfs != shown {
            return Err(format!("overlayfs shows {by_overlayfs:#?}\nin {layers:#?}"));
        }
        Ok(())
    }

    fn make(&mut self, call: &Call, tree: &Tree) -> bool {
        let Twins { union, plain, .. } = self;
        if call.what == What::Stack {
            if union.layers.len() > 7 {
                return false;
            }
            let mut tree = tree.clone();
            union.stack(call.between.as_ref());
            if let Some(layer) = &call.between {
                plain::lay_over(&mut tree, layer);
            }
            // Names of one file are copied up separately.
            *plain = Plain::of(&tree);
            return true;
        }
        let paths = plain::paths(tree);
        let pick = |index: &Index| (!paths.is_empty()).then(|| index.get(&paths).clone());
        let new = [call.dir.get(&plain::dirs(tree)), &[call.name.clone()][..]].concat();
        let is_free = plain::seen(tree, &new).is_none();
        let (value, attributes) = (call.value, call.value.rotate_left(8));
        match call.what {
            What::Create if is_free => {
                union.create(&new, attributes, value);
                plain.create(&new, attributes, value);
                return true;
            }
            What::Mkdir if is_free => {
                union.mkdir(&new);
                plain.mkdir(&new);
                return true;
            }
            _ => {}
        }
        let Some(old) = pick(&call.object) else {
            return false;
        };
        let kind = Kind::of(plain::seen(tree, &old));
        match call.what {
            What::Change if kind == Kind::File => {
                union.change(&old, attributes);
                plain.change(&old, attributes);
            }
            What::Write if kind == Kind::File => {
                union.write(&old, value);
                plain.write(&old, value);
            }
            What::Link if kind == Kind::File && is_free => {
                union.link(&old, &new);
                plain.link(&old, &new);
            }
            What::Unlink if kind != Kind::Dir => {
                union.unlink(&old);
                plain.unlink(&old);
            }
            What::Rename if self.can_move(&old) => {
                let target = Kind::of(plain::seen(tree, &new));
                let can_replace = match target {
                    Kind::Nothing => true,
                    Kind::Dir => false,
                    _ => kind != Kind::Dir,
                };
                if !can_replace || is_inside(&new, &old) || is_inside(&old, &new) {
                    return false;
                }
                self.union.rename(&old, &new);
                self.plain.rename(&old, &new);
            }
            What::Exchange => {
                let Some(other) = pick(&call.other) else {
                    return false;
                };
                let is_apart = !is_inside(&old, &other) && !is_inside(&other, &old);
                if !is_apart || !self.can_move(&old) || !self.can_move(&other) {
                    return false;
                }
                self.union.exchange(&old, &other);
                self.plain.exchange(&old, &other);
            }
            _ => return false,
        }
        true
    }

    fn can_move(&self, path: &Path) -> bool {
        match Kind::of(plain::seen(&self.plain.tree(), path)) {
            Kind::File | Kind::Special => true,
            Kind::Broken | Kind::Nothing => false,
            Kind::Dir => match self.union.movable(path) {
                Movable::No => false,
                Movable::Alone => true,
                Movable::WithLowerParts => self.made == Made::ByCalls,
            },
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Nothing,
    Special,
    File,
    /// A file whose data are nowhere.
    Broken,
    Dir,
}

impl Kind {
    fn of(seen: Option<&Seen>) -> Self {
        match seen {
            None => Kind::Nothing,
            Some(Seen::Special) => Kind::Special,
            Some(Seen::File { data: Some(_), .. }) => Kind::File,
            Some(Seen::File { data: None, .. }) => Kind::Broken,
            Some(Seen::Dir(_)) => Kind::Dir,
        }
    }
}

/// Whether `path` is `dir` or leads through it.
fn is_inside(path: &Path, dir: &Path) -> bool {
    path.starts_with(dir)
}
