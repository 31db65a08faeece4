// SPDX-License-Identifier: GPL-2.0-only

//! The location of the lower parts of a directory, and of the data of a file, according to redirects.
//!
//! The lower parts of a directory are in the lower parts of its parent, under its name, until an
//! object that is taken carries a redirect. A relative one gives another name there. An absolute
//! one gives a path from the roots of all layers beneath. Each of these layers is walked along that
//! path from its root, and what is met on the way counts for the layers beneath it, as it would if
//! the directories of the path were looked up one after the other:
//!
//! * nothing: this layer has no part;
//! * a whiteout, or an object that is no directory: neither has any layer beneath;
//! * an opaque directory: this layer is walked to the end, but none beneath it;
//! * a directory with a redirect: the layers beneath are walked along another path. A relative
//!   redirect replaces the component; an absolute one replaces all up to it, and takes back that an
//!   opaque directory above it ended the walk.
//!
//! So a [`Course`] only ever goes down, layer by layer, and each layer costs no more steps than its
//! path has components: there are no loops, whatever the redirects say.

use super::super::alloc::{AllocError, Vec};
use super::super::entry::LayerEntry;
use super::super::value::Redirect;

/// The longest path, in bytes; what redirects put together beyond it is an error. It is the longest
/// that a program can say (`PATH_MAX`).
pub const MAX_PATH: usize = 4096;

/// Why a redirect cannot be followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CourseError {
    /// There is no memory.
    NoMemory,
    /// The path would be longer than [`MAX_PATH`].
    TooLong,
}

impl From<AllocError> for CourseError {
    fn from(_: AllocError) -> Self {
        CourseError::NoMemory
    }
}

/// Where the layers that are still to be asked are asked.
pub struct Course {
    route: Route,
    /// An opaque directory, or an object that is no directory, ends the walk: no layer beneath has
    /// a part.
    ended: bool,
}

enum Route {
    /// In the lower parts of the parent, under this name, or else the one that is looked up.
    Parent(Option<Vec<u8>>),
    /// At this path from the root of each layer; it begins with a slash.
    Roots(Vec<u8>),
}

/// Where one layer is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ask<'a> {
    /// In the parent's directory, under the name that is looked up.
    Name,
    /// There, under another name.
    Other(&'a [u8]),
    /// Along the path, from the layer's root.
    Path,
}

/// How far a layer has been walked along the path.
///
/// It counts from the end of the path, for a redirect replaces what lies before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Remaining(usize);

/// A component of the path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Component<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Whether it is the last one: the directory itself.
    pub is_last: bool,
}

/// How the walk through a layer goes on after a component on the way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// In this directory.
    Into,
    /// Not: the layer has no part.
    Out,
}

impl Course {
    /// The course of a name without redirects.
    pub const fn new() -> Self {
        Course {
            route: Route::Parent(None),
            ended: false,
        }
    }

    /// Where the next layer is asked.
    pub fn ask(&self) -> Ask<'_> {
        match &self.route {
            Route::Parent(None) => Ask::Name,
            Route::Parent(Some(name)) => Ask::Other(name),
            Route::Roots(_) => Ask::Path,
        }
    }

    /// Whether no further layer has a part, because of what stood in the way.
    pub const fn has_ended(&self) -> bool {
        self.ended
    }

    /// The path from the roots; none while the course follows the parent.
    pub fn path(&self) -> &[u8] {
        match &self.route {
            Route::Roots(path) => path,
            Route::Parent(_) => &[],
        }
    }

    /// Begins the walk through a layer, at its root.
    pub fn enter(&self) -> Remaining {
        Remaining(self.path().len().saturating_sub(1))
    }

    /// The path before the next component, and from there on.
    fn split(&self, left: Remaining) -> (&[u8], &[u8]) {
        let path = self.path();
        path.split_at_checked(path.len().saturating_sub(left.0))
            .unwrap_or((path, &[]))
    }

    /// The next component; none if the walk is over.
    pub fn component(&self, left: Remaining) -> Option<Component<'_>> {
        let (_, rest) = self.split(left);
        let mut parts = rest.splitn(2, |&b| b == b'/');
        let name = parts.next().filter(|name| !name.is_empty())?;
        Some(Component {
            name,
            is_last: parts.next().is_none(),
        })
    }

    /// Takes in what the layer holds at a component on the way, which is not the last one. A
    /// redirect counts for a directory that is not opaque.
    ///
    /// # Errors
    ///
    /// See [`CourseError`]; the course is of no use after it.
    pub fn pass(
        &mut self,
        left: &mut Remaining,
        entry: LayerEntry,
        redirect: Option<Redirect<'_>>,
    ) -> Result<Way, CourseError> {
        let at = *left;
        let component = self.component(at).map_or(0, |c| c.name.len());
        *left = Remaining(at.0.saturating_sub(component.saturating_add(1)));
        match entry {
            LayerEntry::Absent => return Ok(Way::Out),
            LayerEntry::Whiteout | LayerEntry::Leaf(_) | LayerEntry::WithoutData => {
                self.ended = true;
                return Ok(Way::Out);
            }
            LayerEntry::Directory { opaque: true } => self.ended = true,
            LayerEntry::Directory { opaque: false } => {
                if let Some(redirect) = redirect {
                    self.replace(at, redirect)?;
                }
            }
        }
        Ok(Way::Into)
    }

    /// Takes in the redirect of the directory itself, as a layer that was taken has it.
    ///
    /// # Errors
    ///
    /// See [`CourseError`]; the course is of no use after it.
    pub fn turn(&mut self, redirect: Redirect<'_>) -> Result<(), CourseError> {
        match (redirect, &mut self.route) {
            (Redirect::Relative(name), Route::Parent(other)) => {
                let mut copy = Vec::new();
                copy.extend_from_slice(name)?;
                *other = Some(copy);
                Ok(())
            }
            (Redirect::Relative(_), Route::Roots(path)) => {
                let last = path.iter().rposition(|&b| b == b'/').unwrap_or(0);
                let left = Remaining(path.len().saturating_sub(last.saturating_add(1)));
                self.replace(left, redirect)
            }
            (Redirect::Absolute(_), Route::Parent(_)) => {
                self.route = Route::Roots(Vec::new());
                self.replace(Remaining(0), redirect)
            }
            (Redirect::Absolute(_), Route::Roots(_)) => self.replace(Remaining(0), redirect),
        }
    }

    /// Replaces the component that `left` begins with by the redirect of the directory there; an
    /// absolute one replaces what comes before as well. What comes after it stays, and so does
    /// `left`, but for the length of the component.
    fn replace(&mut self, left: Remaining, redirect: Redirect<'_>) -> Result<(), CourseError> {
        let (before, rest) = self.split(left);
        let after = rest
            .iter()
            .position(|&b| b == b'/')
            .and_then(|at| rest.get(at..))
            .unwrap_or_default();
        let (before, to) = match redirect {
            Redirect::Relative(name) => (before, name),
            Redirect::Absolute(path) => (&[][..], path),
        };
        let mut path = Vec::new();
        for part in [before, to, after] {
            if path.len().saturating_add(part.len()) > MAX_PATH {
                return Err(CourseError::TooLong);
            }
            path.extend_from_slice(part)?;
        }
        self.route = Route::Roots(path);
        if let Redirect::Absolute(_) = redirect {
            self.ended = false;
        }
        Ok(())
    }
}

impl Default for Course {
    fn default() -> Self {
        Self::new()
    }
}
