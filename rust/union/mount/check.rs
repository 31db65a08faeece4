// SPDX-License-Identifier: GPL-2.0-only

//! Checks of the layers before they are mounted together.

use crate::{
    union::mount::dirs::{HolderOf, MountDirs, OptionDir, UpperDirs},
    vfs::{
        dentry::Dentry,
        errno::ELOOP,
        fs_context::FsContext,
        printk::Printable,
        super_block::{SbInfo, MAX_STACK_DEPTH},
    },
};
use kernel::{prelude::*, rbtree::RBTree, sync::aref::ARef};

/// Checks each directory by itself, and the two of the upper layer together.
pub fn each(fc: &FsContext, dirs: &MountDirs, hard_ro: bool) -> Result {
    for lower in dirs.readable() {
        lower.check(fc)?;
        if hard_ro {
            lower.check_hard_ro(fc)?;
        }
    }
    for dir in dirs.writable() {
        dir.check(fc)?;
        dir.check_writable(fc)?;
    }
    dirs.upper().map_or(Ok(()), |dirs| upper(fc, dirs))
}

/// The upper layer's two directories must lie side by side on one mount.
fn upper(fc: &FsContext, UpperDirs { upper, work }: UpperDirs<'_>) -> Result {
    if !upper.path.mnt().same(work.path.mnt()) {
        return Err(work.refuse(
            fc,
            EINVAL,
            fmt!(
                "not on the mount of upperdir; use a directory of the same file system, through \
                  the same mount"
            ),
        ));
    }
    if upper.dentry().is_subdir_of(work.dentry()) || work.dentry().is_subdir_of(upper.dentry()) {
        return Err(work.refuse(
            fc,
            EINVAL,
            fmt!("overlaps upperdir; use a directory beside it"),
        ));
    }
    Ok(())
}

/// No lower layer may lie within another layer, and the upper layer must not lie within a directory
/// that another union or overlayfs writes to. A lower layer may, as with overlayfs: committing the
/// layer of a running container needs it. It is reported, because changes made there may or may not
/// be seen. The upper layer may lie within a lower layer, as with a union over `/`; it cannot be
/// entered through the union ([`crate::union::layers::probe::probe`]).
pub fn overlap(fc: &FsContext, dirs: &MountDirs) -> Result {
    let roots = roots(fc, dirs)?;
    for dir in dirs.writable() {
        for at in Ancestors::of(dir) {
            let inode = at.inode().ok_or(ENOENT)?;
            // The claims of this very mount were checked when they were made.
            if inode.is_in_use() && !is_written(dirs, &at) {
                return Err(dir.in_use(fc, inode));
            }
        }
    }
    for dir in dirs.readable() {
        for at in Ancestors::of(dir) {
            let inode = at.inode().ok_or(ENOENT)?;
            if !at.same(dir.dentry()) && roots.get(&inode.token()).is_some() {
                return Err(dir.refuse(fc, ELOOP, fmt!("lies within another layer")));
            }
            if inode.is_in_use() && !is_written(dirs, &at) {
                fc.warn(fmt!(
                    "{} \"{}\": in use as the upper or work directory of {}; changes made there may \
                     or may not be visible here",
                    dir.option,
                    Printable(&dir.name),
                    HolderOf(inode.holder())
                ));
            }
        }
    }
    Ok(())
}

/// The roots of the layers, by inode: no two are the same.
fn roots(fc: &FsContext, dirs: &MountDirs) -> Result<RBTree<usize, ()>> {
    let mut roots = RBTree::new();
    for dir in dirs.all() {
        let token = dir.dentry().inode().ok_or(ENOENT)?.token();
        let other = roots.try_create_and_insert(token, (), GFP_KERNEL)?;
        if other.is_some() {
            return Err(dir.refuse(
                fc,
                ELOOP,
                fmt!("this directory is also given as another layer"),
            ));
        }
    }
    Ok(roots)
}

/// Whether it is one of the directories that this mount writes to.
fn is_written(dirs: &MountDirs, dentry: &Dentry) -> bool {
    let own = dirs.writable().filter_map(|dir| dir.dentry().inode());
    dentry
        .inode()
        .is_some_and(|inode| own.into_iter().any(|own| own.same(inode)))
}

/// A directory and those that it is in, up to the root of its file system.
struct Ancestors(Option<ARef<Dentry>>);

impl Ancestors {
    fn of(dir: &OptionDir) -> Self {
        Self(Some(dir.dentry().into()))
    }
}

impl Iterator for Ancestors {
    type Item = ARef<Dentry>;

    fn next(&mut self) -> Option<ARef<Dentry>> {
        let at = self.0.take()?;
        self.0 = Some(at.parent()).filter(|parent| !parent.same(&at));
        Some(at)
    }
}

/// The depth of the stack this mount makes.
pub fn depth(fc: &FsContext, dirs: &MountDirs) -> Result<i32> {
    let mut depth = 0;
    for dir in Iterator::chain(dirs.of_tree(), &dirs.data) {
        let below = SbInfo::of(dir.dentry()).stack_depth;
        if below >= MAX_STACK_DEPTH {
            return Err(dir.refuse(
                fc,
                EINVAL,
                fmt!(
                    "too many stacked file systems ({} are allowed)",
                    MAX_STACK_DEPTH
                ),
            ));
        }
        depth = depth.max(below.saturating_add(1));
    }
    Ok(depth)
}
