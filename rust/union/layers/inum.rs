// SPDX-License-Identifier: GPL-2.0-only

//! Inode numbers of objects of the layers; the rules are in [`logic::inum`](crate::logic::inum).

use crate::{
    logic::{
        hash,
        inum::{Beneath, Space},
        options::Uuid,
        value::{Handle, Mark, Origin},
    },
    union::layers::{lower::LowerPath, node::Node, union::Union},
    vfs::{
        dentry::Dentry,
        errno::ESTALE,
        inode::Inode,
        namei,
        path::PathRef,
        types::{Ino, Name},
    },
};
use kernel::prelude::*;

/// Identifies an inode of the upper layer among all present and past ones: a hash of its file
/// system, its number and its generation.
///
/// # Errors
///
/// As [`Numbers::ino`].
pub fn proof(union: &Union, path: PathRef<'_>) -> Result<u64> {
    let upper = union.upper()?;
    let inode = path.dentry().inode().ok_or(ESTALE)?;
    let facts = [
        upper.identity.unwrap_or(0),
        upper.numbers.part(path)?,
        inode.ino(),
        inode.generation().into(),
    ];
    Ok(facts.into_iter().fold(0, hash::combine))
}

/// The number of a lower object of a directory whose lower objects have numbers in `space`, before reservations.
///
/// # Errors
///
/// As [`Numbers::ino`].
pub fn of_lower(union: &Union, space: Space, layer: u32, dentry: &Dentry) -> Result<Ino> {
    let lower = union.lower(layer)?;
    let natural = lower.numbers.ino(union.inums, lower.mnt().at(dentry)?)?;
    let inode = dentry.inode().ok_or(ESTALE)?;
    Ok(space.number(natural, !is_single(inode)))
}

/// Whether an inode can have no other name.
pub fn is_single(inode: &Inode) -> bool {
    inode.is_dir() || inode.nlink() == 1
}

/// The number of the object `upper` of the upper layer at `name` in `dir` with this mark, if it is
/// that of a lower object ([`crate::logic::inum`]); `None`: it has its own. `beneath` is what is
/// known of the name in lower layers.
///
/// Layers are asked only if `beneath` does not decide, and only those on the file system that the
/// mark names. With the mounter's credentials, and nothing of the upper layer locked.
///
/// # Errors
///
/// `ENOMEM`, `EINTR`. An object that cannot be looked up proves nothing.
pub fn of_copy(
    union: &Union,
    dir: &Node,
    name: Name<'_>,
    upper: &Dentry,
    mark: &Mark,
    beneath: &[LowerPath],
) -> Result<Option<Ino>> {
    let reserved = &union.upper()?.reserved;
    let proof = || proof(union, union.upper_path(upper)?);
    if let Some(number) = reserved.of(proof)? {
        return Ok(Some(number));
    }
    let inode = upper.inode().ok_or(ESTALE)?;
    let mut number = None;
    if is_single(inode) {
        let place = CopyPlace {
            union,
            dir,
            name,
            inode,
            mark,
        };
        for lower in beneath {
            number =
                number.or(unless_transient(place.matches(lower.layer, &lower.dentry))?.flatten());
        }
        for lower in dir.lowers() {
            if number.is_some() {
                break;
            }
            number = unless_transient(place.look(lower))?.flatten();
        }
    }
    // Once more: link(2) does not lock the directory, and may just have reserved the number.
    reserved.or_shown(number, proof)
}

/// Keeps only transient errors.
fn unless_transient<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if [ENOMEM, EINTR, ERESTARTSYS].contains(&e) => Err(e),
        Err(_) => Ok(None),
    }
}

/// The place of an object of the upper layer that is marked as a copy.
struct CopyPlace<'a> {
    union: &'a Union,
    dir: &'a Node,
    name: Name<'a>,
    inode: &'a Inode,
    mark: &'a Mark,
}

impl CopyPlace<'_> {
    /// The number of the object at the name in a lower directory, if that is the one that was
    /// copied.
    fn look(&self, lower: &LowerPath) -> Result<Option<Ino>> {
        if let Some(origin) = &self.mark.origin {
            if origin.tag != self.tag(lower.layer)? {
                return Ok(None);
            }
        }
        let dentry = namei::lookup_one_unlocked(lower.path(self.union)?, self.name)?;
        self.matches(lower.layer, &dentry)
    }

    fn matches(&self, layer: u32, dentry: &Dentry) -> Result<Option<Ino>> {
        let Some(inode) = dentry.inode().filter(|_| !dentry.is_weird()) else {
            return Ok(None);
        };
        let number = of_lower(self.union, self.dir.space(), layer, dentry)?;
        let beneath = Beneath {
            tag: self.tag(layer)?,
            handle: handle(inode),
            number,
            same_type: inode.file_type() == self.inode.file_type(),
            single: is_single(inode),
        };
        Ok(beneath.is_origin_of(self.mark).then_some(number))
    }
}

impl CopyPlace<'_> {
    /// The identity of the file system of a layer; with `uuid=off`, the one that the mark names.
    fn tag(&self, layer: u32) -> Result<u32> {
        match (self.union.config.uuid, &self.mark.origin) {
            (Uuid::Off, Some(origin)) => Ok(origin.tag),
            _ => tag(self.union, layer),
        }
    }
}

/// The identity of the file system of a lower layer; 0 if it has none.
fn tag(union: &Union, layer: u32) -> Result<u32> {
    let identity = union.lower(layer)?.identity();
    Ok(identity.map_or(0, |identity| identity as u32))
}

/// The handle of an inode of a layer; none if its file system has no handles.
pub fn handle(inode: &Inode) -> Handle {
    let mut space = [0; 128];
    match inode.file_handle(&mut space) {
        Some((kind, id)) => Handle::new(kind, id),
        None => Handle::NONE,
    }
}

/// The origin mark for a copy of a lower object.
///
/// # Errors
///
/// `EIO` for a layer that must not be used.
pub fn origin(union: &Union, layer: u32, dentry: &Dentry) -> Result<Origin> {
    let inode = dentry.inode().ok_or(ESTALE)?;
    Ok(Origin {
        tag: tag(union, layer)?,
        object: handle(inode).digest(),
        parent: Handle::NONE,
    })
}
