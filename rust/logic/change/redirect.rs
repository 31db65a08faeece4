// SPDX-License-Identifier: GPL-2.0-only

//! Redirects of files whose data are below: how they are found when the name has changed.
//!
//! A file of the upper layer without data of its own has those of the lower file with its name. Before
//! the name changes, a redirect says where that file is:
//!
//! * by the old name, if the file stays in its directory;
//! * else by a path from the roots of the lower layers. It consists of the names that the file and
//!   its directories have there: their redirects say if they are others than here.
//!
//! The redirect is set before the name changes, so it must hold under both names: a crash between the
//! two steps shows the old one. Under it, each form leads where no redirect does. A redirect that is
//! there already holds as well, but a relative one only in the directory.
//!
//! This is the form, and the choice, of overlayfs (`ovl_set_redirect()`).

use super::super::value::{self, Redirect};

/// The longest path that is stored, in bytes, as overlayfs has it (`redirect_max`).
pub const MAX_REDIRECT: usize = 256;

/// What happens to the file.
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
    /// Its data are copied up: no redirect says where they are.
    CopyData,
}

/// What a file without data of its own needs before a change.
///
/// `is_single`: whether the lower file has one name only. Other names of it, in other directories,
/// can be copied up to the same file.
///
/// # Errors
///
/// Those of `upwards`.
pub fn plan<'b, U: Upwards>(
    change: Change,
    is_single: bool,
    upwards: &mut U,
    buffer: &'b mut [u8; MAX_REDIRECT],
) -> Result<Plan<'b>, U::Error> {
    let mut path = Path {
        start: buffer.len(),
        buffer,
        is_absolute: false,
    };
    let Some(file) = upwards.next()? else {
        return Ok(Plan::CopyData);
    };
    match (file.place(), file.redirect) {
        (Some(Redirect::Absolute(_)), _) => return Ok(Plan::Keep),
        (Some(Redirect::Relative(name)), redirect)
            if is_single && change == Change::RenameWithin =>
        {
            return Ok(match redirect {
                Some(_) => Plan::Keep,
                None => path.prepend(name).map_or(Plan::CopyData, |()| path.plan()),
            });
        }
        (place, _) if path.enter(place).is_none() => return Ok(Plan::CopyData),
        _ => {}
    }
    while !path.is_absolute {
        let Some(ancestor) = upwards.next()? else {
            return Ok(path.plan());
        };
        if path.enter(ancestor.place()).is_none() {
            return Ok(Plan::CopyData);
        }
    }
    Ok(path.plan())
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
    buffer: &'b mut [u8; MAX_REDIRECT],
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
        buffer.get(self.start..).map_or(Plan::CopyData, Plan::Set)
    }
}
