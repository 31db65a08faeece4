// SPDX-License-Identifier: GPL-2.0-only

//! The work directory: `work` within what the option `workdir` names, as overlayfs has it.

use crate::{
    logic::{
        codec::{self, Attr, XattrSpace},
        mode::Kind,
        value,
    },
    union::{
        change::{guard, stage},
        layers::{layer::UpperLayer, upper_dentry::UpperDentry},
        mount::dirs::OptionDir,
        private_dir::{close, names},
    },
    vfs::{
        dentry::Dentry,
        errno::{EDQUOT, ENOTEMPTY, EOPNOTSUPP},
        fs_context::FsContext,
        mount::Mount,
        namei::{self, Creating, NewObject, Removing},
        printk::{pr_warn_ratelimited, Printable},
        task_work,
        types::{random_u64, Name},
        write::WriteAccess,
        xattr,
    },
};
use kernel::prelude::*;

/// Opens the work directory, makes it if necessary, and removes what a crash has left.
///
/// # Errors
///
/// `EINVAL` with a message if the file system cannot hold what an upper layer needs, or if the last
/// mount used something this one does not know.
pub fn open(
    fc: &FsContext,
    base: &OptionDir,
    mnt: &Mount,
    space: XattrSpace,
) -> Result<UpperDentry> {
    let write = WriteAccess::want(mnt)?;
    let name = Name::new(b"work")?;
    let workdir = {
        let creating = Creating::start(write.on(base.dentry())?, name)?;
        if creating.dentry().is_positive() {
            creating.keep()
        } else {
            creating
                .make(Kind::Directory.with(0), NewObject::Directory)
                .map_err(|e| base.refuse(fc, e, fmt!("cannot make a directory in it")))?
        }
    };
    if !workdir.inode().is_some_and(|inode| inode.is_dir()) {
        return Err(base.refuse(
            fc,
            ENOTDIR,
            fmt!("\"work\" in it is not a directory; remove it"),
        ));
    }
    if workdir.is_weird() {
        return Err(base.refuse(
            fc,
            EINVAL,
            fmt!("\"work\" in it is case-insensitive or an automount point; remove it"),
        ));
    }
    close(write.on(&workdir)?, 0)
        .map_err(|e| base.refuse(fc, e, fmt!("cannot set the mode of \"work\" in it to 000")))?;
    clean(fc, base, &write, &workdir, 0)?;

    // The one attribute an upper layer must be able to store. Set and removed here, because a mount
    // that cannot mark a directory opaque would show deleted files again.
    let opaque = codec::name(space, Attr::Opaque);
    if let Err(e) = xattr::set(write.on(&workdir)?, opaque, value::OPAQUE_YES, 0) {
        let errno = if e == EOPNOTSUPP { EINVAL } else { e };
        let otherwise = match space {
            XattrSpace::Trusted => ", or use the option userxattr",
            XattrSpace::User => "",
        };
        return Err(base.refuse(
            fc,
            errno,
            fmt!(
                "cannot store the attribute {} ({:?}); the file system of an upper layer must \
                  support it{}",
                Printable(opaque.to_bytes()),
                e,
                otherwise
            ),
        ));
    }
    xattr::remove(write.on(&workdir)?, opaque)?;
    Ok(UpperDentry::new(workdir))
}

/// The key of hashes of names ([`Union::hash_key`](crate::union::layers::union::Union::hash_key)): that which an earlier mount has left with the work
/// directory, or a new one.
///
/// # Errors
///
/// `ENOMEM`; `EIO` if the attribute cannot be read; `EROFS`. If a new one cannot be stored (the
/// file system may be full), positions in directories do not survive this mount.
pub fn hash_key(upper: &UpperLayer, space: XattrSpace) -> Result<u64> {
    let workdir = upper.mnt.at(&upper.workdir)?;
    let name = codec::name(space, Attr::UnionOrder);
    let mut stored = [0u8; 8];
    match xattr::get(workdir, name, &mut stored) {
        Ok(len) if len == stored.len() => return Ok(u64::from_le_bytes(stored)),
        // No stored key yet: one is made.
        Ok(_) => {}
        Err(e) if xattr::is_absent(e) || e == ERANGE => {}
        Err(e) => return Err(e),
    }
    let key = random_u64();
    let write = upper.want_write()?;
    if let Err(e) = xattr::set(write.workdir()?, name, &key.to_le_bytes(), 0) {
        pr_warn_ratelimited!("cannot store the order of directory entries: {:?}\n", e);
    }
    Ok(key)
}

/// Marks the upper layer as not synced, as overlayfs does: it cannot be mounted again until the
/// mark is removed by hand.
pub fn mark_volatile(fc: &FsContext, base: &OptionDir, upper: &UpperLayer) -> Result {
    guard::make(&upper.want_write()?, b"volatile")
        .map(drop)
        .map_err(|e| base.refuse(fc, e, fmt!("cannot mark the upper layer as volatile")))
}

/// Makes the first whiteout, which shows that the file system can store whiteouts and leave them at
/// a rename.
///
/// A full file system can be mounted, for instance to free space through the union; then nothing is
/// tested, and whiteouts are made when they are needed.
pub fn probe_whiteout(fc: &FsContext, base: &OptionDir, upper: &UpperLayer) -> Result {
    let made = match stage::probe(&upper.want_write()?) {
        Err(e) if e == ENOSPC || e == EDQUOT => {
            pr_warn_ratelimited!(
                "the upper layer's file system is full: cannot make the first whiteout\n"
            );
            return Ok(());
        }
        made => made,
    };
    made.map_err(|e| {
        if e == EINVAL || e == EPERM || e == EOPNOTSUPP {
            base.refuse(
                fc,
                e,
                fmt!(
                    "the file system does not support whiteouts (character devices 0:0), or renames \
                     that leave one (RENAME_WHITEOUT)"
                ),
            )
        } else {
            base.refuse(
                fc,
                e,
                fmt!("cannot make the first whiteout in it ({:?})", e),
            )
        }
    })
}

/// Maximum depth of a tree left by a crash: a removed directory with its whiteouts.
const MAX_CLEAN_DEPTH: u32 = 2;

/// Removes what is in `dir` of the work directory.
fn clean(
    fc: &FsContext,
    base: &OptionDir,
    write: &WriteAccess<'_>,
    dir: &Dentry,
    level: u32,
) -> Result {
    let dir = write.on(dir)?;
    for name in &names(*dir)? {
        task_work::go_on()?;
        let child = namei::lookup_one_unlocked(*dir, Name::new(name)?)?;
        let Some(inode) = child.inode() else { continue };
        if level == 0 && name.as_slice() == guard::INCOMPAT && inode.is_dir() {
            let features = names(dir.at(&child)?)?;
            let mut unknown = features
                .iter()
                .filter(|name| name.as_slice() != guard::PARTIAL);
            if let Some(feature) = unknown.next() {
                return Err(base.refuse(
                    fc,
                    EINVAL,
                    fmt!(
                        "the last mount used the feature \"{}\", so the upper layer may be incomplete; \
                          check it and remove \"work/incompat/{}\"",
                        Printable(feature),
                        Printable(feature)
                    ),
                ));
            }
            if !features.is_empty() {
                continue;
            }
        }
        if inode.is_dir() {
            if level >= MAX_CLEAN_DEPTH {
                return Err(base.refuse(
                    fc,
                    ENOTEMPTY,
                    fmt!("\"work\" in it holds directories that no union left there; use an empty workdir"),
                ));
            }
            clean(fc, base, write, &child, level.saturating_add(1))?;
        }
        match Removing::start_dentry(dir, &child).and_then(|removing| removing.remove()) {
            Err(e) if e == ENOENT => {}
            other => other?,
        }
    }
    Ok(())
}
