// SPDX-License-Identifier: GPL-2.0-only

//! Name resolution: which layers are asked for a name, and what the union shows then.
//!
//! [`resolve`] is one function over [`Layers`], the layers of a union as seen from one directory. It
//! asks from the topmost layer down, and no further than needed ([`Stack`]); it goes where redirects
//! lead ([`Course`]), and leaves out the layers that are known to have nothing ([`Hint`]).

mod course;
mod stack;

pub use course::{Ask, Component, Course, CourseError, Remaining, Way, MAX_PATH};
pub use stack::{Outcome, Stack, Step};

use super::{
    entry::LayerEntry,
    fallthru::Fallthrus,
    hash, value,
    view::{View, ViewEntry},
};
use core::ops::Deref;

/// The layers of a union, as seen from a directory, the parent, in which a name is looked up.
///
/// Lower layers have numbers, 0 for the topmost. The parent has a directory in some of them, which
/// have an index in the order of the layers.
pub trait Layers {
    /// Why a layer cannot be asked.
    type Error;
    /// An object or a whiteout in a layer.
    type Found;

    /// What the layer says of the name with it.
    fn entry(&self, found: &Self::Found) -> LayerEntry;

    /// The redirect that it carries.
    fn redirect<'f>(&self, found: &'f Self::Found) -> Option<&'f [u8]>;

    /// Asks the parent's directory in the upper layer, if it has one.
    fn ask_upper(&mut self) -> Result<Option<Self::Found>, Self::Error>;

    /// The layer of the parent's lower directory with this index.
    fn parent_layer(&self, index: usize) -> Option<u32>;

    /// The index of the parent's first lower directory in this layer or one beneath.
    fn parent_from(&self, layer: u32) -> usize;

    /// Asks the parent's lower directory with this index, for another name if one is given.
    fn ask_lower(
        &mut self,
        index: usize,
        name: Option<&[u8]>,
    ) -> Result<Option<Self::Found>, Self::Error>;

    /// The number of the lower layer after `layer` in which the root of the union has a part, or of
    /// `layer` itself.
    fn root_from(&self, layer: u32) -> Option<u32>;

    /// Asks a directory of a lower layer for a name of a path: `at`, or the root of the layer.
    fn ask_path(
        &mut self,
        layer: u32,
        at: Option<&Self::Found>,
        name: &[u8],
    ) -> Result<Option<Self::Found>, Self::Error>;

    /// Takes the object of the upper layer: it is what the union shows.
    fn take_upper(&mut self, found: Self::Found) -> Result<(), Self::Error>;

    /// Takes an object of a lower layer, the next one of those that make up what the union shows.
    fn take_lower(&mut self, layer: u32, found: Self::Found) -> Result<(), Self::Error>;

    /// Takes note that the data of the file are at a path in the data-only layers, which are not asked
    /// here. Returns whether there are such layers.
    fn data_at(&mut self, path: &[u8]) -> Result<bool, Self::Error>;

    /// Takes note that a hint was wrong: a lower layer was changed, which is not allowed.
    fn hint_was_wrong(&mut self);

    /// The error of an object whose lower parts cannot be found.
    fn astray(&self, why: Astray<'_>) -> Self::Error;
}

/// Why the lower parts of a directory, or the data of a file, cannot be found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Astray<'a> {
    /// A redirect to this name or path may not be followed.
    Forbidden(&'a [u8]),
    /// A redirect says nothing that could be followed.
    Corrupt,
    /// Data may not be looked for in the layers beneath.
    DataForbidden,
    /// No layer has the data.
    NoData,
    /// Redirects lead to a path of more than [`MAX_PATH`] bytes.
    TooLong,
    /// There is no memory.
    NoMemory,
}

impl From<CourseError> for Astray<'_> {
    fn from(refused: CourseError) -> Self {
        match refused {
            CourseError::TooLong => Astray::TooLong,
            CourseError::NoMemory => Astray::NoMemory,
        }
    }
}

/// What is done about redirects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Redirection {
    /// They are followed.
    Follow,
    /// They are ignored.
    Ignore,
    /// They are an error, if a layer beneath may have the name.
    Forbid,
}

/// Where the data of a file without data are looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DataFrom {
    /// In the layers beneath, then in the data-only layers if a path leads there.
    Beneath,
    /// In the data-only layers, for a file of a lower layer with such a path. Anything else is an
    /// error.
    DataOnly,
}

/// What is done about objects that refer to other ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// About redirects.
    pub redirection: Redirection,
    /// About files without data.
    pub data: DataFrom,
}

/// Where a name can be, as far as that is known before a layer is asked.
#[derive(Clone, Copy)]
pub enum Hint<S> {
    /// Anywhere.
    Unknown,
    /// Nowhere.
    Nowhere,
    /// In the upper layer, or nowhere.
    Upper,
    /// In the upper layer, or in those that this set has for the fallthru with this index.
    Lower(S, usize),
}

impl<S: Deref<Target = Fallthrus> + Clone> Hint<S> {
    /// What a directory's fallthru set tells, and its view if there is one.
    pub fn of(set: &S, view: Option<&View>, name: &[u8]) -> Self {
        let hash = hash::name(set.key(), name);
        let lower = set.find_hashed(hash, name);
        let Some(view) = view else {
            return lower.map_or(Hint::Upper, |index| Hint::Lower(set.clone(), index));
        };
        match (view.entry_hashed(hash, name), lower) {
            (Some(ViewEntry::Whiteout), _) | (None, None) => Hint::Nowhere,
            (Some(ViewEntry::Object { .. }), None) => Hint::Upper,
            (_, Some(index)) => Hint::Lower(set.clone(), index),
        }
    }
}

/// What the union shows under a name. What it is made of has been [taken](Layers::take_lower).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resolved {
    /// Nothing.
    Absent,
    /// An object, the lower parts of which have the name that was looked up.
    InPlace,
    /// A directory or a file that a redirect leads to another place.
    Redirected,
}

/// Resolves a name. The layers are those of the parent's stack: what an opaque parent hides is not
/// in that stack, and so needs no rule here.
///
/// # Errors
///
/// Those of the layers.
pub fn resolve<L: Layers>(
    layers: &mut L,
    hint: Hint<impl Deref<Target = Fallthrus>>,
    rules: Rules,
) -> Result<Resolved, L::Error> {
    if let Hint::Nowhere = hint {
        return Ok(Resolved::Absent);
    }
    let mut walk = Walk {
        layers,
        rules,
        stack: Stack::new(),
        more: true,
        course: Course::new(),
        next: 0,
    };
    walk.upper()?;
    walk.lowers(hint)?;
    Ok(match (walk.stack.outcome(), walk.course.ask()) {
        (Outcome::Absent(_), _) => Resolved::Absent,
        (Outcome::Leaf(_) | Outcome::Directory, Ask::Name) => Resolved::InPlace,
        (Outcome::Leaf(_) | Outcome::Directory, _) => Resolved::Redirected,
        (Outcome::NoData, Ask::Path) if walk.layers.data_at(walk.course.path())? => {
            Resolved::Redirected
        }
        (Outcome::NoData, _) => return Err(walk.layers.astray(Astray::NoData)),
    })
}

/// The layer that something was found in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    Upper,
    Lower,
}

struct Walk<'w, L> {
    layers: &'w mut L,
    rules: Rules,
    stack: Stack,
    /// Whether a layer beneath can change the answer.
    more: bool,
    course: Course,
    /// The lower layer to be asked next.
    next: u32,
}

impl<L: Layers> Walk<'_, L> {
    fn upper(&mut self) -> Result<(), L::Error> {
        let Some(found) = self.layers.ask_upper()? else {
            return Ok(());
        };
        if self.is_taken(&found, Layer::Upper)? {
            self.layers.take_upper(found)?;
        }
        Ok(())
    }

    /// Asks the lower layers that may have the name, as far as needed.
    fn lowers(&mut self, hint: Hint<impl Deref<Target = Fallthrus>>) -> Result<(), L::Error> {
        // A hint is one for this name: a redirect leads to another one.
        let asked = match (self.course.ask(), hint) {
            (Ask::Name, Hint::Upper) => return Ok(()),
            (Ask::Name, Hint::Lower(set, index)) => match self.hinted(set.layers(index))? {
                Some(asked) => asked,
                None => return Ok(()),
            },
            _ => 0,
        };
        self.parent(asked)?;
        match self.course.ask() {
            Ask::Path => self.roots(),
            Ask::Name | Ask::Other(_) => Ok(()),
        }
    }

    /// Asks the layers that are known to have the name. Returns how many of the parent's lower
    /// directories are done with then; none if all are.
    fn hinted(&mut self, known: impl Iterator<Item = u32>) -> Result<Option<usize>, L::Error> {
        let mut asked = 0;
        for layer in known {
            if !self.more {
                return Ok(None);
            }
            let index = self.layers.parent_from(layer);
            if self.layers.parent_layer(index) != Some(layer) {
                continue;
            }
            let is_there = self.lower(index, layer)?;
            if !is_there && asked == 0 {
                // At least nothing is missed that is there.
                self.layers.hint_was_wrong();
                return Ok(Some(0));
            }
            asked = index.saturating_add(1);
            if self.course.ask() != Ask::Name {
                return Ok(Some(asked));
            }
        }
        Ok(match asked {
            0 => Some(0),
            // Of a file only the topmost layer is known, and its data are further down.
            _ if self.stack.wants_data() => Some(asked),
            _ => None,
        })
    }

    /// Asks the parent's lower directories but the first `asked`, as far as needed.
    fn parent(&mut self, asked: usize) -> Result<(), L::Error> {
        let mut index = asked;
        while let Some(layer) = self.layers.parent_layer(index) {
            if !self.more || self.course.ask() == Ask::Path {
                break;
            }
            self.lower(index, layer)?;
            index = index.saturating_add(1);
        }
        Ok(())
    }

    /// Asks one of them. Returns whether it has something.
    fn lower(&mut self, index: usize, layer: u32) -> Result<bool, L::Error> {
        let name = match self.course.ask() {
            Ask::Other(other) => Some(other),
            Ask::Name | Ask::Path => None,
        };
        let found = self.layers.ask_lower(index, name)?;
        let is_there = found.is_some();
        self.take_lower(layer, found)?;
        Ok(is_there)
    }

    /// Asks the layers not asked yet, along the path from their roots.
    fn roots(&mut self) -> Result<(), L::Error> {
        while let Some(layer) = self.layers.root_from(self.next) {
            if !self.more || self.course.has_ended() {
                break;
            }
            let found = self.follow(layer)?;
            self.take_lower(layer, found)?;
        }
        Ok(())
    }

    /// Walks one lower layer along the path, from its root.
    fn follow(&mut self, layer: u32) -> Result<Option<L::Found>, L::Error> {
        let mut at: Option<L::Found> = None;
        let mut left = self.course.enter();
        while let Some(component) = self.course.component(left) {
            let found = self.layers.ask_path(layer, at.as_ref(), component.name)?;
            if component.is_last {
                return Ok(found);
            }
            let (entry, redirect) = match &found {
                Some(found) => (self.layers.entry(found), self.layers.redirect(found)),
                None => (LayerEntry::Absent, None),
            };
            let redirect = match redirect {
                Some(to) => Some(self.decode(to)?),
                None => None,
            };
            match self.course.pass(&mut left, entry, redirect) {
                Ok(Way::Into) => at = found,
                Ok(Way::Out) => return Ok(None),
                Err(refused) => return Err(self.layers.astray(refused.into())),
            }
        }
        Ok(None)
    }

    fn take_lower(&mut self, layer: u32, found: Option<L::Found>) -> Result<(), L::Error> {
        self.next = layer.saturating_add(1);
        let Some(found) = found else {
            self.more = self.stack.feed(LayerEntry::Absent).more();
            return Ok(());
        };
        if self.is_taken(&found, Layer::Lower)? {
            self.layers.take_lower(layer, found)?;
        }
        Ok(())
    }

    /// Takes in what the next layer says. Returns whether its object is taken; the redirect it
    /// carries counts from here on.
    fn is_taken(&mut self, found: &L::Found, layer: Layer) -> Result<bool, L::Error> {
        let entry = self.layers.entry(found);
        let step = self.stack.feed(entry);
        self.more = step.more();
        if !step.taken() || !self.more {
            return Ok(step.taken());
        }
        let redirect = self.layers.redirect(found);
        match (entry, self.rules.data) {
            (LayerEntry::WithoutData, DataFrom::DataOnly) => {
                self.more = false;
                self.leave_layers(redirect.filter(|_| layer == Layer::Lower))?;
            }
            _ => redirect.map_or(Ok(()), |to| self.turn(to))?,
        }
        Ok(true)
    }

    /// Goes on in the data-only layers, without a look at those beneath.
    fn leave_layers(&mut self, redirect: Option<&[u8]>) -> Result<(), L::Error> {
        match redirect.map(|to| self.decode(to)).transpose()? {
            Some(to @ value::Redirect::Absolute(_)) => self.follow_redirect(to),
            Some(value::Redirect::Relative(_)) | None => {
                Err(self.layers.astray(Astray::DataForbidden))
            }
        }
    }

    fn turn(&mut self, to: &[u8]) -> Result<(), L::Error> {
        match self.rules.redirection {
            Redirection::Ignore => Ok(()),
            Redirection::Forbid => {
                let beneath = match self.decode(to)? {
                    // It leads out of the parent, which may have no lower directory at all.
                    value::Redirect::Absolute(_) => self.layers.root_from(self.next),
                    value::Redirect::Relative(_) => {
                        let index = self.layers.parent_from(self.next);
                        self.layers.parent_layer(index)
                    }
                };
                match beneath {
                    Some(_) => Err(self.layers.astray(Astray::Forbidden(to))),
                    None => Ok(()),
                }
            }
            Redirection::Follow => {
                let to = self.decode(to)?;
                self.follow_redirect(to)
            }
        }
    }

    fn follow_redirect(&mut self, to: value::Redirect<'_>) -> Result<(), L::Error> {
        self.course
            .turn(to)
            .map_err(|refused| self.layers.astray(refused.into()))
    }

    fn decode<'t>(&self, to: &'t [u8]) -> Result<value::Redirect<'t>, L::Error> {
        value::redirect(to).map_err(|_| self.layers.astray(Astray::Corrupt))
    }
}
