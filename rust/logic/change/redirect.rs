// SPDX-License-Identifier: GPL-2.0-only

//! Redirects of directories with lower parts, and of files whose data are below: how these are found when
//! the name has changed.
//!
//! A file of the upper layer without data of its own has those of the lower file with its name, and a
//! directory shows what the lower directories with its name hold. Before the name changes, a redirect says
//! where they are:
//!
//! * by the old name, if the object stays in its directory;
//! * else by a path from the roots of the lower layers. It consists of the names that the object and
//!   its directories have there: their redirects say if they are others than here.
//!
//! The redirect is set before the name changes, so it must hold under both names: a crash between the
//! two steps shows the old one. Under it, each form leads where no redirect does. A redirect that is
//! there already holds as well, but a relative one only in the directory.
//!
//! This is the form, and the choice, of overlayfs (`ovl_set_redirect()`).

use super::super::{
    entry::LayerEntry,
    fallthru::Fallthrus,
    resolve::{resolve, Astray, Hint, Layers, Rules, MAX_PATH},
    value::{self, Redirect},
};

/// The longest path that is stored for a file, in bytes, as overlayfs has it (`redirect_max`): if it is
/// longer, the data are copied up.
pub const MAX_REDIRECT: usize = 256;

/// The longest one that is stored for a directory: the longest that can be followed. The file system may
/// have no room for it; then the caller must copy the tree (`EXDEV`).
pub const MAX_DIR_REDIRECT: usize = MAX_PATH;

/// What happens to the object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// It gets another name in the same directory.
    RenameWithin,
    /// It gets a name in another directory.
    RenameAway,
    /// It gets a further name, also in the same directory: the next change can take one away from there.
    Link,
}

/// A name on the way from the file to the root of the union.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ancestor<'a> {
    /// The name, one path component.
    pub name: &'a [u8],
    /// The redirect that the object of this name carries in the upper layer.
    pub redirect: Option<&'a [u8]>,
}

/// The way from the file to the root.
pub trait Upwards {
    /// Why it cannot be told.
    type Error;

    /// The file at first, then its directory, and so on; none when the root is reached.
    fn next(&mut self) -> Result<Option<Ancestor<'_>>, Self::Error>;
}

/// What is to be done before the name changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plan<'b> {
    /// Nothing: the redirect that the file carries will do.
    Keep,
    /// It gets this redirect.
    Set(&'b [u8]),
    /// No redirect will do: the data of a file are copied up, and a directory is not moved.
    None,
}

/// What a directory with lower parts, or a file without data of its own, needs before a change. The length of
/// `buffer` is that of the longest redirect.
///
/// `is_single`: whether the lower object has one name only, as every directory. Other names of a file, in
/// other directories, can be copied up to the same file.
///
/// # Errors
///
/// Those of `upwards`.
pub fn plan<'b, U: Upwards>(
    change: Change,
    is_single: bool,
    upwards: &mut U,
    buffer: &'b mut [u8],
) -> Result<Plan<'b>, U::Error> {
    let mut path = Path {
        start: buffer.len(),
        buffer,
        is_absolute: false,
    };
    let Some(file) = upwards.next()? else {
        return Ok(Plan::None);
    };
    match (file.place(), file.redirect) {
        (Some(Redirect::Absolute(_)), _) => return Ok(Plan::Keep),
        (Some(Redirect::Relative(name)), redirect)
            if is_single && change == Change::RenameWithin =>
        {
            return Ok(match redirect {
                Some(_) => Plan::Keep,
                None => path.prepend(name).map_or(Plan::None, |()| path.plan()),
            });
        }
        (place, _) if path.enter(place).is_none() => return Ok(Plan::None),
        _ => {}
    }
    while !path.is_absolute {
        let Some(ancestor) = upwards.next()? else {
            return Ok(path.plan());
        };
        if path.enter(ancestor.place()).is_none() {
            return Ok(Plan::None);
        }
    }
    Ok(path.plan())
}

/// Whether this redirect of a directory leads elsewhere under the other name. If the directory has lower parts, it gets
/// another one; if it has none, because the layers were changed, it must get none by the change either.
pub fn strays(redirect: &[u8], change: Change) -> bool {
    change != Change::RenameWithin && matches!(value::redirect(redirect), Ok(Redirect::Relative(_)))
}

impl<'a> Ancestor<'a> {
    /// Where its lower parts are, as seen from those of its directory. None if the redirect is
    /// corrupt, or the name is none.
    fn place(&self) -> Option<Redirect<'a>> {
        match (
            self.redirect,
            value::redirect(self.redirect.unwrap_or(self.name)),
        ) {
            (_, Err(_)) | (None, Ok(Redirect::Absolute(_))) => None,
            (_, Ok(place)) => Some(place),
        }
    }
}

/// A redirect in the making, from its end.
struct Path<'b> {
    buffer: &'b mut [u8],
    /// Where it begins.
    start: usize,
    /// Whether it begins with an absolute redirect, which is from the roots already.
    is_absolute: bool,
}

impl<'b> Path<'b> {
    /// Puts a component before it. None if there is none, or no room for it.
    fn enter(&mut self, place: Option<Redirect<'_>>) -> Option<()> {
        match place? {
            Redirect::Absolute(path) => {
                self.is_absolute = true;
                self.prepend(path)
            }
            Redirect::Relative(name) => {
                self.prepend(name)?;
                self.prepend(b"/")
            }
        }
    }

    fn prepend(&mut self, bytes: &[u8]) -> Option<()> {
        let start = self.start.checked_sub(bytes.len())?;
        self.buffer
            .get_mut(start..self.start)?
            .copy_from_slice(bytes);
        self.start = start;
        Some(())
    }

    fn plan(self) -> Plan<'b> {
        let buffer: &'b [u8] = self.buffer;
        buffer.get(self.start..).map_or(Plan::None, Plan::Set)
    }
}

/// Follows the redirect `to`, as if the file carried it: what the file would have for its lower parts is
/// [taken](Layers::take_lower). `layers` are those that its directory has. Returns whether there
/// are data.
///
/// A redirect is to be set only if these are the parts that the file has without it. They always are, but
/// for a lower layer that was changed, which is not allowed.
///
/// # Errors
///
/// Those of the layers. A redirect that leads nowhere is none.
pub fn follow<L: Layers>(layers: &mut L, rules: Rules, to: &[u8]) -> Result<bool, L::Error> {
    let hint = Hint::<&Fallthrus>::Unknown;
    match resolve(&mut Redirected { layers, to }, hint, rules) {
        Ok(_) => Ok(true),
        Err(None) => Ok(false),
        Err(Some(error)) => Err(error),
    }
}

/// Layers, the upper one of which has a file without data under the name, with a redirect.
struct Redirected<'l, L> {
    layers: &'l mut L,
    to: &'l [u8],
}

/// What is found in them.
enum Found<'l, F> {
    /// The file of the upper layer, with its redirect.
    Upper(&'l [u8]),
    /// An object of a lower layer.
    Lower(F),
}

impl<'l, L: Layers> Layers for Redirected<'l, L> {
    /// None: the redirect leads nowhere.
    type Error = Option<L::Error>;
    type Found = Found<'l, L::Found>;

    fn entry(&self, found: &Self::Found) -> LayerEntry {
        match found {
            Found::Upper(_) => LayerEntry::WithoutData,
            Found::Lower(found) => self.layers.entry(found),
        }
    }

    fn redirect<'f>(&self, found: &'f Self::Found) -> Option<&'f [u8]> {
        match found {
            Found::Upper(to) => Some(to),
            Found::Lower(found) => self.layers.redirect(found),
        }
    }

    fn ask_upper(&mut self) -> Result<Option<Self::Found>, Self::Error> {
        Ok(Some(Found::Upper(self.to)))
    }

    fn parent_layer(&self, index: usize) -> Option<u32> {
        self.layers.parent_layer(index)
    }

    fn parent_from(&self, layer: u32) -> usize {
        self.layers.parent_from(layer)
    }

    fn ask_lower(
        &mut self,
        index: usize,
        name: Option<&[u8]>,
    ) -> Result<Option<Self::Found>, Self::Error> {
        Ok(self.layers.ask_lower(index, name)?.map(Found::Lower))
    }

    fn root_from(&self, layer: u32) -> Option<u32> {
        self.layers.root_from(layer)
    }

    fn ask_path(
        &mut self,
        layer: u32,
        at: Option<&Self::Found>,
        name: &[u8],
    ) -> Result<Option<Self::Found>, Self::Error> {
        let at = match at {
            None | Some(Found::Upper(_)) => None,
            Some(Found::Lower(found)) => Some(found),
        };
        Ok(self.layers.ask_path(layer, at, name)?.map(Found::Lower))
    }

    fn take_upper(&mut self, _found: Self::Found) -> Result<(), Self::Error> {
        Ok(())
    }

    fn take_lower(&mut self, layer: u32, found: Self::Found) -> Result<(), Self::Error> {
        match found {
            Found::Upper(_) => Ok(()),
            Found::Lower(found) => Ok(self.layers.take_lower(layer, found)?),
        }
    }

    fn data_at(&mut self, path: &[u8]) -> Result<bool, Self::Error> {
        Ok(self.layers.data_at(path)?)
    }

    fn hint_was_wrong(&mut self) {}

    fn astray(&self, why: Astray<'_>) -> Self::Error {
        match why {
            Astray::NoMemory => Some(self.layers.astray(why)),
            _ => None,
        }
    }
}
