// SPDX-License-Identifier: GPL-2.0-only

//! One name in one layer: the object and its private attributes.

use crate::{
    logic::{aufs, entry::LayerEntry, mode::Kind, options::Whiteouts},
    union::layers::{
        lower::LowerPath,
        private_xattrs::{self, PrivateXattrs},
        union::Union,
    },
    vfs::{
        dentry::Dentry,
        errno::{ELOOP, ENAMETOOLONG, EREMOTE},
        inode::Inode,
        namei,
        path::PathRef,
        types::Name,
    },
};
use kernel::{prelude::*, sync::aref::ARef};

/// An object of a layer with its private attributes.
pub struct Found {
    /// The object.
    pub dentry: ARef<Dentry>,
    /// The answer for [`crate::logic::resolve`].
    pub entry: LayerEntry,
    /// Its private attributes.
    pub xattrs: PrivateXattrs,
}

impl Found {
    fn whiteout(dentry: ARef<Dentry>) -> Self {
        Self {
            dentry,
            entry: LayerEntry::Whiteout,
            xattrs: PrivateXattrs::default(),
        }
    }
}

/// Which private attributes to ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ProbeDepth {
    /// All of them: for the upper layer, and lower layers with others beneath.
    All,
    /// Only whether a file has its data: beneath the bottom layer there is nothing that an
    /// attribute could hide or refer to, but a file without its data must not be shown as zeros.
    /// Not for a union with data-only layers.
    LastLayer,
}

/// A directory of a layer.
#[derive(Clone, Copy)]
pub struct LayerDir<'a> {
    /// The directory.
    pub path: PathRef<'a>,
    /// See [`PrivateXattrs::xwhiteouts`].
    pub xwhiteouts: bool,
    /// Names may be whiteouts ([`aufs`]).
    pub aufs: bool,
}

impl<'a> LayerDir<'a> {
    /// A directory of the upper layer.
    ///
    /// # Errors
    ///
    /// `EROFS` if there is none.
    pub fn upper(union: &'a Union, dentry: &'a Dentry) -> Result<Self> {
        Ok(Self {
            path: union.upper_path(dentry)?,
            xwhiteouts: false,
            aufs: false,
        })
    }

    /// A directory of a lower layer.
    ///
    /// # Errors
    ///
    /// See [`Union::lower`].
    pub fn lower(union: &'a Union, lower: &'a LowerPath) -> Result<Self> {
        Ok(Self {
            path: lower.path(union)?,
            xwhiteouts: lower.xwhiteouts,
            aufs: union.config.whiteouts == Whiteouts::Aufs,
        })
    }

    /// Whether names can be looked up in it.
    fn check(&self) -> Result {
        match self.path.dentry().inode() {
            // The mark was set directly in the layer.
            Some(inode) if inode.is_casefolded() => Err(EREMOTE),
            Some(inode) if inode.can_lookup() => Ok(()),
            // A corrupt image, or not a real file system.
            _ => Err(EIO),
        }
    }

    /// Looks a name up. `None`: it does not exist.
    fn lookup(&self, name: Name<'_>) -> Result<Option<ARef<Dentry>>> {
        match namei::lookup_one_unlocked(self.path, name) {
            // One layer may allow longer names than another.
            Err(e) if e == ENOENT || e == ENAMETOOLONG => Ok(None),
            // A negative dentry stays in the layer's cache: a create that follows finds it there.
            other => other.map(|dentry| Some(dentry).filter(|dentry| dentry.is_positive())),
        }
    }

    /// Whether an entry with the name of a whiteout hides `name` of the layers beneath.
    fn hides(&self, name: Name<'_>) -> Result<Option<ARef<Dentry>>> {
        if !self.aufs {
            return Ok(None);
        }
        match aufs::Whiteout::of(name.as_bytes()) {
            Some(whiteout) => self.lookup(Name::new(whiteout.name())?),
            None => Ok(None),
        }
    }

    /// Whether an entry with the name of an opaque mark hides all of the layers beneath.
    pub fn has_opaque_name(&self) -> Result<bool> {
        Ok(self.aufs && self.lookup(Name::new(aufs::OPAQUE)?)?.is_some())
    }

    /// Whether an object of this directory is a whiteout.
    pub fn is_whiteout(&self, union: &Union, dentry: &Dentry, name: Name<'_>) -> Result<bool> {
        let Some(inode) = dentry.inode() else {
            return Ok(false);
        };
        if self.xwhiteouts && inode.is_reg() && inode.size() == 0 {
            return Ok(private_xattrs::read(union, self.path.at(dentry)?, name)?.whiteout);
        }
        Ok(inode.is_whiteout())
    }
}

/// Looks `name` up in `dir` of a layer. `None`: the layer has nothing under that name.
///
/// # Errors
///
/// Those of the layer; `EIO` for a corrupt private attribute, with a line in the log; `EREMOTE` for
/// what cannot be a part of a union; `ELOOP` for the union's own upper layer or work directory.
pub fn probe(
    union: &Union,
    dir: LayerDir<'_>,
    name: Name<'_>,
    depth: ProbeDepth,
) -> Result<Option<Found>> {
    dir.check()?;
    if dir.aufs && aufs::is_reserved(name.as_bytes()) {
        return Ok(None);
    }
    let Some(dentry) = dir.lookup(name)? else {
        return Ok(match depth {
            ProbeDepth::All => dir.hides(name)?.map(Found::whiteout),
            // There is nothing to hide.
            ProbeDepth::LastLayer => None,
        });
    };
    let inode = check(union, &dentry)?;
    if inode.is_whiteout() {
        return Ok(Some(Found::whiteout(dentry)));
    }
    let kind = Kind::from_mode(inode.mode()).ok_or(EIO)?;
    let path = dir.path.at(&dentry)?;
    let (xattrs, is_bare) = match depth {
        ProbeDepth::LastLayer if !dir.xwhiteouts => (
            PrivateXattrs::default(),
            private_xattrs::is_metacopy(union, path, name)?,
        ),
        ProbeDepth::LastLayer | ProbeDepth::All => {
            let xattrs = private_xattrs::read(union, path, name)?;
            let is_bare = xattrs.metacopy.is_some();
            (xattrs, is_bare)
        }
    };
    if dir.xwhiteouts && xattrs.whiteout && inode.size() == 0 {
        return Ok(Some(Found::whiteout(dentry)));
    }
    let mut opaque = xattrs.opaque;
    if dir.aufs && kind.is_directory() && depth == ProbeDepth::All && !opaque {
        // It replaces a hidden object, or hides everything beneath itself.
        let inside = LayerDir { path, ..dir };
        opaque = dir.hides(name)?.is_some() || inside.has_opaque_name()?;
    }
    Ok(Some(Found {
        entry: match is_bare {
            true => LayerEntry::WithoutData,
            false => LayerEntry::of(kind, opaque),
        },
        dentry,
        xattrs,
    }))
}

/// Whether an object can be a part of a union.
fn check<'d>(union: &Union, dentry: &'d Dentry) -> Result<&'d Inode> {
    let inode = dentry.inode().ok_or(EIO)?;
    if dentry.is_weird() {
        return Err(EREMOTE);
    }
    match &union.upper {
        Some(upper) if upper.is_own(inode) => Err(ELOOP),
        _ => Ok(inode),
    }
}
