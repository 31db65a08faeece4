// SPDX-License-Identifier: GPL-2.0-only

//! Checks of the layers before they are mounted together.

use crate::vfs::{
    dentry::Dentry, errno::ELOOP, fs_context::FsContext, inode::Inode, inode_lock::Holder,
    path::Path, printk::Printable, super_block::SbInfo,
};
use kernel::{
    fmt,
    prelude::*,
    rbtree::RBTree,
    sync::{aref::ARef, Arc},
};

/// A directory that was named in an option.
pub struct OptionDir {
    /// The option, for messages.
    pub option: &'static str,
    /// The path as it was given.
    pub name: KVec<u8>,
    /// The directory.
    pub path: Path,
}

impl OptionDir {
    /// The dentry.
    pub fn dentry(&self) -> &Dentry {
        self.path.dentry()
    }

    /// Says that this directory is wrong, and how.
    pub fn refuse(&self, fc: &FsContext, e: Error, why: fmt::Arguments<'_>) -> Error {
        fc.error(fmt!(
            "{} \"{}\": {}",
            self.option,
            Printable(&self.name),
            why
        ));
        e
    }

    /// Says that somebody else writes to the directory, or to one that it is in.
    pub fn in_use(&self, fc: &FsContext, inode: &Inode) -> Error {
        self.refuse(
            fc,
            EBUSY,
            fmt!(
                "in use as the upper or work directory of {}",
                HolderOf(inode.holder())
            ),
        )
    }

    /// What a lower layer must be with `hard_ro`.
    pub fn check_hard_ro(&self, fc: &FsContext) -> Result {
        if SbInfo::of(self.dentry()).rdonly {
            return Ok(());
        }
        Err(self.refuse(
            fc,
            EINVAL,
            fmt!(
                "its file system is writable, which hard_ro forbids; mount it read-only (a read-only \
                 bind mount is not enough)"
            ),
        ))
    }

    /// What any layer must be.
    pub fn check(&self, fc: &FsContext) -> Result {
        let inode = self.dentry().inode().ok_or(ENOENT)?;
        if !inode.is_dir() || !inode.can_lookup() {
            return Err(self.refuse(fc, ENOTDIR, fmt!("not a directory")));
        }
        if inode.is_casefolded() {
            return Err(self.refuse(
                fc,
                EINVAL,
                fmt!(
                    "a directory that ignores the case of letters cannot be a layer; use one without \
                      (chattr -F, while it is empty)"
                ),
            ));
        }
        if self.dentry().is_weird() {
            return Err(self.refuse(
                fc,
                EINVAL,
                fmt!(
                    "the file system is not supported as a layer (automount, or names that are \
                      not compared byte by byte)"
                ),
            ));
        }
        Ok(())
    }

    /// What the upper layer and the work directory must be besides.
    pub fn check_writable(&self, fc: &FsContext) -> Result {
        if self.path.mnt().is_readonly() {
            return Err(self.refuse(
                fc,
                EROFS,
                fmt!(
                    "the file system is read-only; mount it read-write, or leave upperdir and \
                      workdir out for a read-only union"
                ),
            ));
        }
        if self.dentry().wants_revalidate() {
            return Err(self.refuse(
                fc,
                EINVAL,
                fmt!(
                    "the file system is not supported as the upper layer: it may change by itself"
                ),
            ));
        }
        Ok(())
    }

    /// Whether two are the same directory.
    pub fn same(&self, other: &OptionDir) -> bool {
        match (self.dentry().inode(), other.dentry().inode()) {
            (Some(a), Some(b)) => a.same(b),
            _ => false,
        }
    }
}

/// In words, the mount that has claimed a directory.
///
/// Asked for before it is written: the kernel log writes with interrupts off, where nobody may wait for
/// a lock.
struct HolderOf(Option<Arc<Holder>>);

impl fmt::Display for HolderOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            // Its path is escaped already.
            Some(holder) => f.write_str(holder.name.to_str().unwrap_or_default()),
            None => f.write_str("an overlayfs"),
        }
    }
}

/// The upper layer's two directories must lie side by side on one mount.
pub fn upper(fc: &FsContext, upper: &OptionDir, work: &OptionDir) -> Result {
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

/// No lower layer may lie within another layer, and the upper layer not within what another union or
/// overlayfs writes to. A lower layer may, as with overlayfs: who commits the layer of a running
/// container looks at it so. It is said, for what is changed there is seen or not. That the upper layer
/// lies within a lower layer is allowed, as it is with a union over `/`; there it cannot be entered
/// through the union ([`crate::union::layers::probe::probe`]).
pub fn overlap(
    fc: &FsContext,
    upper: Option<&OptionDir>,
    work: Option<&OptionDir>,
    lowers: &[OptionDir],
) -> Result {
    // The roots of the layers, by inode.
    let mut roots = RBTree::<usize, ()>::new();
    for named in all(upper, work, lowers) {
        let token = named.dentry().inode().ok_or(ENOENT)?.token();
        if roots
            .try_create_and_insert(token, (), GFP_KERNEL)?
            .is_some()
        {
            return Err(named.refuse(
                fc,
                ELOOP,
                fmt!("the same directory is another layer as well"),
            ));
        }
    }
    let own = |dentry: &Dentry| {
        dentry.inode().is_some_and(|i| {
            [upper, work]
                .into_iter()
                .flatten()
                .any(|n| n.dentry().inode().is_some_and(|j| j.same(i)))
        })
    };
    let top = [upper, work].into_iter().flatten().map(|n| (n, false));
    for (named, is_lower) in Iterator::chain(top, lowers.iter().map(|n| (n, true))) {
        let mut at: ARef<Dentry> = named.dentry().into();
        loop {
            let inode = at.inode().ok_or(ENOENT)?;
            // The claims of this very mount were checked when they were made.
            if inode.is_in_use() && !own(&at) {
                if !is_lower {
                    return Err(named.in_use(fc, inode));
                }
                fc.warn(fmt!(
                    "{} \"{}\": in use as the upper or work directory of {}; changes made there may \
                     show, or not",
                    named.option,
                    Printable(&named.name),
                    HolderOf(inode.holder())
                ));
            }
            let parent = at.parent();
            if parent.same(&at) {
                break;
            }
            let inside = is_lower
                && parent
                    .inode()
                    .is_some_and(|i| roots.get(&i.token()).is_some());
            if inside {
                return Err(named.refuse(fc, ELOOP, fmt!("lies within another layer")));
            }
            at = parent;
        }
    }
    Ok(())
}

/// The depth of the stack this mount makes.
pub fn depth(fc: &FsContext, upper: Option<&OptionDir>, lowers: &[OptionDir]) -> Result<i32> {
    let mut depth = 0;
    for named in all(upper, None, lowers) {
        let below = SbInfo::of(named.dentry()).stack_depth;
        if below >= crate::vfs::super_block::MAX_STACK_DEPTH {
            return Err(named.refuse(
                fc,
                EINVAL,
                fmt!(
                    "too many stacked file systems ({} are allowed)",
                    crate::vfs::super_block::MAX_STACK_DEPTH
                ),
            ));
        }
        depth = depth.max(below.saturating_add(1));
    }
    Ok(depth)
}

/// All directories of a mount.
pub fn all<'a>(
    upper: Option<&'a OptionDir>,
    work: Option<&'a OptionDir>,
    lowers: &'a [OptionDir],
) -> impl Iterator<Item = &'a OptionDir> {
    // By its full name: `pin_init` has a `chain` as well.
    Iterator::chain([upper, work].into_iter().flatten(), lowers)
}
