// SPDX-License-Identifier: GPL-2.0-only

//! Reading the layers of a directory: the lower ones into a set of [`Fallthrus`], the upper layer one
//! into a [`View`].

use crate::{
    logic::{
        aufs,
        fallthru::Fallthrus,
        merge::{Merge, Seen},
        mode::Kind,
        options::Whiteouts,
        view::{View, ViewEntry},
    },
    union::{
        cache::cached::Trust,
        layers::{
            inum, node::Node, numbers::Numbers, private_xattrs, probe::LayerDir, union::Union,
        },
    },
    vfs::{
        dir_context::{read_all, Next},
        file::{flags, BackedFile},
        namei,
        path::PathRef,
        task_work,
        types::{Ino, Name},
    },
};
use kernel::prelude::*;

/// `DT_CHR`, which a whiteout looks like.
const DT_CHR: u8 = Kind::CharDevice.to_dt();
/// `DT_REG`.
const DT_REG: u8 = Kind::Regular.to_dt();
/// `DT_UNKNOWN`.
const DT_UNKNOWN: u8 = 0;

/// Reads and merges the lower layers of a directory, with the mounter's credentials.
///
/// # Errors
///
/// Those of the layers; `EINTR` by a fatal signal.
pub fn lowers(union: &Union, node: &Node) -> Result<(Fallthrus, Trust)> {
    let mut merge = Merge::with_key(union.hash_key);
    let mut trust = Trust::Full;
    for lower in node.lowers() {
        let layer = union.lower(lower.layer)?;
        let this = LayerScan {
            dir: LayerDir::lower(union, lower)?,
            numbers: layer.numbers,
            // Numbers below a redirect depend on the number of links.
            impure: layer.numbers.vary_within_dir() || !node.space().is_natural(),
            node,
            lower: Some(lower.layer),
        };
        this.merge(union, &mut merge, lower.layer, &mut trust)?;
    }
    Ok((merge.finish()?, trust))
}

/// Reads what the upper layer holds of a directory, with the mounter's credentials and the node's lock.
/// The directory of the union is locked, so that its names stay as they are. Copies may still take the
/// place of lower objects.
///
/// # Errors
///
/// Those of the upper layer; `EINTR` by a fatal signal.
pub fn upper(union: &Union, node: &Node, set: &Fallthrus) -> Result<(View, Trust)> {
    let Some(upper) = node.upper() else {
        return Ok((View::new(set), Trust::Full));
    };
    loop {
        let mut view = View::new(set);
        let mut trust = Trust::Full;
        let impurity = node.impurity.count();
        let this = LayerScan {
            dir: LayerDir {
                aufs: union.config.whiteouts == Whiteouts::Aufs,
                ..LayerDir::upper(union, upper)?
            },
            numbers: union.upper()?.numbers,
            impure: impurity != 0,
            node,
            lower: None,
        };
        let pure = this.view(union, &mut view, set, &mut trust)?;
        if impurity == 0 && node.impurity.may_be() {
            // A copy may have arrived meanwhile whose name was read as that of no copy. This
            // happens only once: only a listing makes the directory pure, and this is the one.
            continue;
        }
        if pure && trust == Trust::Full {
            node.impurity.found_pure(impurity);
        }
        return Ok((view, trust));
    }
}

/// Opens a directory of a layer.
pub fn open(path: PathRef<'_>) -> Result<BackedFile> {
    let mut dir = BackedFile::open(
        path,
        flags::O_RDONLY | flags::O_DIRECTORY | flags::O_LARGEFILE,
    )?;
    // The result is also cached for 64-bit callers.
    dir.use_long_positions();
    Ok(dir)
}

/// One layer of a directory.
#[derive(Clone, Copy)]
struct LayerScan<'a> {
    dir: LayerDir<'a>,
    /// The source of the inode numbers.
    numbers: Numbers,
    /// Entries may have another inode number than in the layer.
    impure: bool,
    /// The directory of the union.
    node: &'a Node,
    /// Which lower layer it is; `None`: the upper layer.
    lower: Option<u32>,
}

/// An entry whose object must be looked up, once the directory is unlocked.
struct Unknown {
    name: KVec<u8>,
    ino: Ino,
    dt: u8,
}

/// The result of looking up an object.
struct Look {
    seen: Seen,
    /// Marked as a copy.
    marked: bool,
    ino: Ino,
    dt: u8,
}

impl LayerScan<'_> {
    /// Adds what a lower layer holds.
    fn merge(self, union: &Union, merge: &mut Merge, layer: u32, trust: &mut Trust) -> Result {
        let add = |merge: &mut Merge, name: &[u8], ino, dt, seen| {
            Ok(merge.add(layer, name, ino, dt, seen)?)
        };
        let mut hidden = KVVec::new();
        let unknown = self.read(union, |name, ino, dt| {
            if self.dir.aufs && aufs::is_reserved(name) {
                if let Some(name) = aufs::hidden_by(name) {
                    keep(&mut hidden, name, ino, dt)?;
                }
                return Ok(false);
            }
            if dt == DT_UNKNOWN || self.impure {
                return Ok(true);
            }
            let maybe = dt == DT_CHR || (dt == DT_REG && self.dir.xwhiteouts);
            let seen = if maybe {
                Seen::MaybeWhiteout
            } else {
                Seen::Name
            };
            add(merge, name, ino, dt, seen).map(|()| false)
        })?;
        for entry in &unknown {
            if let Some(look) = self.look(union, entry, trust)? {
                add(merge, &entry.name, look.ino, look.dt, look.seen)?;
            }
        }
        let mut from = 0;
        while let Some((index, name)) = merge.next_candidate(from) {
            task_work::go_on()?;
            let seen = survive(self.candidate(union, name), trust)?;
            merge.settle(index, seen.unwrap_or(Seen::Name));
            from = index.saturating_add(1);
        }
        // After all other entries of this layer: they hide none of these.
        for entry in &hidden {
            add(merge, &entry.name, 0, DT_UNKNOWN, Seen::Whiteout)?;
        }
        Ok(())
    }

    /// The kind of an entry that looks like a whiteout.
    fn candidate(self, union: &Union, name: &[u8]) -> Result<Seen> {
        let dir = self.dir;
        let name = Name::new(name)?;
        let dentry = namei::lookup_one_unlocked(dir.path, name)?;
        Ok(if dir.is_whiteout(union, &dentry, name)? {
            Seen::Whiteout
        } else if dentry.inode().is_some() {
            Seen::Name
        } else {
            Seen::Absent
        })
    }

    /// Adds an entry of the upper layer. Returns whether all entries have the inode numbers of the
    /// directory.
    fn view(
        self,
        union: &Union,
        view: &mut View,
        set: &Fallthrus,
        trust: &mut Trust,
    ) -> Result<bool> {
        let put =
            |view: &mut View, name: &[u8], entry| -> Result { Ok(view.put(set, name, entry)?) };
        let unknown = self.read(union, |name, ino, dt| {
            if self.dir.aufs && aufs::is_reserved(name) {
                // Made with other mount options or without the union: equivalent to a whiteout.
                return put(view, name, ViewEntry::Whiteout).map(|()| false);
            }
            if dt == DT_UNKNOWN || dt == DT_CHR || self.impure {
                return Ok(true);
            }
            let ino = union.shown(ino);
            put(view, name, ViewEntry::Object { ino, dt }).map(|()| false)
        })?;
        // Most whiteouts are links to one.
        let mut whiteout = None;
        let mut pure = true;
        for entry in &unknown {
            if entry.dt == DT_CHR && whiteout == Some(entry.ino) {
                put(view, &entry.name, ViewEntry::Whiteout)?;
                continue;
            }
            match self.look(union, entry, trust)? {
                None => {}
                Some(look) if look.seen == Seen::Whiteout => {
                    whiteout = Some(entry.ino);
                    put(view, &entry.name, ViewEntry::Whiteout)?;
                }
                Some(Look {
                    ino, dt, marked, ..
                }) => {
                    // A mark may result in another number in the next mount.
                    pure &= ino == entry.ino && !marked;
                    put(view, &entry.name, ViewEntry::Object { ino, dt })?;
                }
            }
        }
        Ok(pure)
    }

    /// Reads the directory. `each` gets names, inode numbers in the union and types, and selects
    /// the entries whose objects must be looked up; these are returned.
    fn read(
        self,
        union: &Union,
        mut each: impl FnMut(&[u8], Ino, u8) -> Result<bool>,
    ) -> Result<KVVec<Unknown>> {
        let dir = open(self.dir.path)?;
        let part = self.numbers.part(self.dir.path)?;
        let mut result = Ok(());
        let mut unknown = KVVec::new();
        read_all(&dir, |entry| {
            if matches!(entry.name, b"." | b"..") {
                return Next::More;
            }
            let ino = self.numbers.in_part(union.inums, part, entry.ino);
            result = each(entry.name, ino, entry.dt).and_then(|needs_look| match needs_look {
                true => keep(&mut unknown, entry.name, ino, entry.dt),
                false => Ok(()),
            });
            match result {
                Ok(()) => Next::More,
                Err(_) => Next::Stop,
            }
        })?;
        result?;
        Ok(unknown)
    }

    /// Looks up an object whose type or inode number the directory does not have. `None`: it has
    /// been removed since. If the lookup fails, the object is listed as in its layer.
    fn look(self, union: &Union, entry: &Unknown, trust: &mut Trust) -> Result<Option<Look>> {
        task_work::go_on()?;
        let found = survive(self.try_look(union, entry), trust)?;
        Ok(found.unwrap_or(Some(Look {
            seen: Seen::Name,
            marked: false,
            ino: entry.ino,
            dt: entry.dt,
        })))
    }

    fn try_look(self, union: &Union, entry: &Unknown) -> Result<Option<Look>> {
        let dir = self.dir;
        let name = Name::new(&entry.name)?;
        let dentry = namei::lookup_one_unlocked(dir.path, name)?;
        let Some(inode) = dentry.inode() else {
            return Ok(None);
        };
        let seen = if dir.is_whiteout(union, &dentry, name)? {
            Seen::Whiteout
        } else {
            Seen::Name
        };
        let mut marked = false;
        let ino = match (self.lower, seen) {
            (Some(layer), _) => inum::of_lower(union, self.node.space(), layer, &dentry)?,
            (None, Seen::Name) => {
                let path = dir.path.at(&dentry)?;
                let number = match private_xattrs::read(union, path, name)?.copied {
                    Some(mark) => {
                        marked = true;
                        inum::of_copy(union, self.node, name, &dentry, &mark, &[])?
                    }
                    None => None,
                };
                match number {
                    Some(number) => number,
                    None => union.shown(self.numbers.ino(union.inums, path)?),
                }
            }
            (None, _) => entry.ino,
        };
        let dt = Kind::from_mode(inode.mode()).map_or(DT_UNKNOWN, Kind::to_dt);
        Ok(Some(Look {
            seen,
            marked,
            ino,
            dt,
        }))
    }
}

/// An object that cannot be looked up (`None`) does not prevent the others from being listed.
fn survive<T>(look: Result<T>, trust: &mut Trust) -> Result<Option<T>> {
    match look {
        Ok(found) => Ok(Some(found)),
        Err(e) if e == ENOMEM => Err(e),
        Err(_) => {
            // Perhaps only the wait was interrupted.
            task_work::go_on()?;
            *trust = Trust::Doubtful;
            Ok(None)
        }
    }
}

fn keep(unknown: &mut KVVec<Unknown>, name: &[u8], ino: Ino, dt: u8) -> Result {
    let mut copy = KVec::with_capacity(name.len(), GFP_KERNEL_ACCOUNT)?;
    copy.extend_from_slice(name, GFP_KERNEL_ACCOUNT)?;
    let entry = Unknown {
        name: copy,
        ino,
        dt,
    };
    unknown.push(entry, GFP_KERNEL_ACCOUNT)?;
    Ok(())
}
