// SPDX-License-Identifier: GPL-2.0-only

//! The files in the layers that an open file of the union stands for.
//!
//! An open file starts on the object that holds the data at that moment. The file in the upper layer is
//! opened when it is first needed.

use crate::{
    union::{layers::union::Union, OwnInode, UnionFs},
    vfs::{
        backing_file::{BackingFile, Hooks},
        dentry::Dentry,
        file::{flags, iocb},
        inode_lock::SharedLock,
        once,
        open_file::{IovIter, Kiocb, OpenFile, UserFile},
        path::PathRef,
        write::Changing,
    },
};
use kernel::{
    prelude::*,
    sync::{atomic::Atomic, SetOnce},
};

/// The data of an open file.
pub struct UnionFile {
    /// The file opened first, in the upper layer or in a lower one. Immutable.
    first: BackingFile,
    /// Whether `first` is in the upper layer. Immutable.
    first_is_upper: bool,
    /// The file in the upper layer, if `first` is not.
    upper: SetOnce<BackingFile>,
    /// The errno of a copy-up that a mapping waited for, to be reported by the restarted call.
    pub map_error: Atomic<i32>,
}

/// An open regular file of the union.
pub type File = OpenFile<UnionFs, UnionFile>;

/// Flags of files in the layers: the caller's reads change no access time.
const REAL_FLAGS: u32 = flags::O_LARGEFILE | flags::O_NOATIME;

impl UnionFile {
    /// Makes a file without a name in `parent` of the upper layer, and opens it. With the creator's
    /// credentials in force.
    pub fn tmpfile(
        file: &UserFile<UnionFs>,
        parent: Changing<'_>,
        mode: u16,
    ) -> Result<Pin<KBox<Self>>> {
        let real = (file.flags() & !flags::OPEN_ONLY) | REAL_FLAGS;
        let first = BackingFile::tmpfile(file, real, parent, mode)?;
        Self::new(first, true)
    }

    /// Of the file that has the data when it is opened.
    pub fn new(first: BackingFile, first_is_upper: bool) -> Result<Pin<KBox<Self>>> {
        let file = Self {
            first,
            first_is_upper,
            upper: SetOnce::new(),
            map_error: Atomic::new(0),
        };
        Ok(KBox::pin(file, GFP_KERNEL_ACCOUNT)?)
    }

    /// The file of a layer that was opened last.
    pub fn newest(&self) -> &BackingFile {
        self.upper.as_ref().unwrap_or(&self.first)
    }

    /// The dentry in the upper layer of a file made by [`tmpfile`](Self::tmpfile).
    pub fn upper_dentry(&self) -> &Dentry {
        self.first.dentry()
    }
}

/// Opens an object of a layer for `file`, as the mounter.
pub fn open_real(
    union: &Union,
    file: &UserFile<UnionFs>,
    real: PathRef<'_>,
    open_flags: u32,
) -> Result<BackingFile> {
    union.with_creds(|| BackingFile::open(file, open_flags | REAL_FLAGS, real))
}

/// Whether the data were copied up after the file was opened, and the copy is not open yet.
pub fn is_unopened(file: &File) -> bool {
    let opened = file.data();
    !opened.first_is_upper
        && opened.upper.as_ref().is_none()
        && file.inode().data().data_upper().is_some()
}

/// The file that holds the data now. It may have to be opened, which asks security modules and
/// fanotify listeners: not to be called under a lock that they may need, especially mmap_lock.
pub fn real(file: &File) -> Result<&BackingFile> {
    if is_unopened(file) {
        in_upper(file)?;
    }
    opened(file)
}

/// The file in the upper layer, whether its data are there or not. It may have to be opened, as by
/// [`real`].
pub fn in_upper(file: &File) -> Result<&BackingFile> {
    let opened = file.data();
    if opened.first_is_upper {
        return Ok(&opened.first);
    }
    if opened.upper.as_ref().is_none() {
        let inode = file.inode();
        let union = inode.sb().data();
        let upper = inode.data().upper().ok_or(EIO)?;
        let open = open_real(union, file, union.upper_path(upper)?, file.flags())?;
        once::get_or_put(&opened.upper, open);
    }
    opened.upper.as_ref().ok_or(EIO)
}

/// The file in the lower layer that has data which are not in the upper one.
///
/// # Errors
///
/// `EIO` if the file was opened when there were none; with `hard_ro` if the layer is not as it was.
pub fn in_lower(file: &File) -> Result<&BackingFile> {
    let (inode, opened) = (file.inode(), file.data());
    if opened.first_is_upper {
        return Err(EIO);
    }
    // With `hard_ro` the layer is looked at.
    let lower = inode.data().data_lower().ok_or(EIO)?;
    lower.path(inode.sb().data())?;
    Ok(&opened.first)
}

/// The file that holds the data now, if it is open.
pub fn opened(file: &File) -> Result<&BackingFile> {
    let (inode, opened) = (file.inode(), file.data());
    let node = inode.data();
    let upper = opened.upper.as_ref();
    let (real, is_lower) = match upper.filter(|_| node.data_upper().is_some()) {
        Some(open) => (open, false),
        None if opened.first_is_upper => (&opened.first, false),
        None => (in_lower(file)?, true),
    };
    follow_flags(file, real, is_lower)?;
    Ok(real)
}

/// Lets a file of a layer take over what fcntl(2) has changed.
///
/// # Errors
///
/// `EINVAL` if it cannot do `O_DIRECT`; of a lower one that is ignored.
pub fn follow_flags(file: &File, real: &BackingFile, is_lower: bool) -> Result {
    // Access mode and creation flags stay, the other flags follow fcntl(2).
    let mut wanted = file.flags();
    if (wanted ^ real.flags()) & flags::CHANGEABLE != 0 {
        if is_lower && !real.can_odirect() {
            wanted &= !flags::O_DIRECT;
        }
        if (wanted ^ real.flags()) & flags::CHANGEABLE != 0 {
            real.change_flags(wanted)?;
        }
    }
    Ok(())
}

/// Writes to the file in the upper layer, which has all data that are near. The inode is locked for that.
pub fn write_whole<H: Hooks<UnionFs, UnionFile>>(
    request: &Kiocb<'_, UnionFs, UnionFile>,
    iter: &IovIter,
    real: &BackingFile,
) -> isize {
    let inode = request.file().inode();
    let (node, union) = (inode.data(), inode.sb().data());
    let mut flags = request.flags();
    if !union.should_sync() {
        flags &= !(iocb::SYNCS as i32);
    } else if (flags & iocb::IOCB_DSYNC as i32 != 0 || real.is_dsync()) && !node.is_name_stable() {
        flags |= iocb::SYNCS as i32;
    }
    let written = real.write_iter::<_, _, H>(request, iter, flags, &union.cred);
    if written > 0 && flags & iocb::IOCB_SYNC as i32 != 0 {
        node.set_name_stable();
    }
    written
}

/// Locks the inode for a change of the data, with set-id bits and capabilities stripped.
///
/// The lock is shared, so that writers do not exclude each other; the file system beneath does that
/// as necessary. While it is held, no bit that would need stripping can be set. `checks` run before
/// the stripping: a refused write strips nothing.
pub fn lock_for_write<'a>(
    file: &'a File,
    inode: &'a OwnInode,
    checks: impl FnOnce() -> Result,
) -> Result<SharedLock<'a>> {
    let shared = inode.lock_shared();
    if inode.is_nosec() {
        return Ok(shared);
    }
    drop(shared);
    let exclusive = inode.lock();
    checks()?;
    file.remove_privs()?;
    Ok(exclusive.downgrade())
}
