// SPDX-License-Identifier: GPL-2.0-only

//! Open regular files.
//!
//! An open file starts on the object that holds the data at that moment. When any process copies
//! the data up later, the next access goes to the upper layer: a reader sees what others write.
//! Opening for writing copies nothing; the first changing call does.

use crate::{
    union::{
        change::{copy_up, settle},
        layers::union::Union,
        lookup::data,
        ops::ioctl,
        OwnInode, UnionFs, UnionInode,
    },
    vfs::{
        backing_file::{BackingFile, Hooks},
        cred::override_creds,
        dentry::Dentry,
        file::{self, flags, iocb, seek, FlOwner},
        file_ops::{RegFileOperations, Remap},
        inode_lock::SharedLock,
        once,
        open_file::{IovIter, Kiocb, OpenFile, Opening, UserFile, Vma},
        path::PathRef,
        splice::{Pipe, SPLICE_F_NONBLOCK},
        stack, task_work,
        types::Loff,
        user::UserArg,
        write::Changing,
    },
};
use kernel::{
    prelude::*,
    sync::{
        atomic::{Atomic, Relaxed},
        SetOnce,
    },
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
    map_error: Atomic<i32>,
}

type File = OpenFile<UnionFs, UnionFile>;

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

    fn new(first: BackingFile, first_is_upper: bool) -> Result<Pin<KBox<Self>>> {
        let file = Self {
            first,
            first_is_upper,
            upper: SetOnce::new(),
            map_error: Atomic::new(0),
        };
        Ok(KBox::pin(file, GFP_KERNEL_ACCOUNT)?)
    }

    /// The dentry in the upper layer of a file made by [`tmpfile`](Self::tmpfile).
    pub fn upper_dentry(&self) -> &Dentry {
        self.first.dentry()
    }
}

/// Opens an object of a layer for `file`, as the mounter.
fn open_real(
    union: &Union,
    file: &UserFile<UnionFs>,
    real: PathRef<'_>,
    open_flags: u32,
) -> Result<BackingFile> {
    union.with_creds(|| BackingFile::open(file, open_flags | REAL_FLAGS, real))
}

/// Whether the data were copied up after the file was opened, and the copy is not open yet.
fn is_unopened(file: &File) -> bool {
    let opened = file.data();
    !opened.first_is_upper
        && opened.upper.as_ref().is_none()
        && file.inode().data().data_upper().is_some()
}

/// The file that holds the data now. It may have to be opened, which asks security modules and
/// fanotify listeners: not to be called under a lock that they may need, especially mmap_lock.
fn real(file: &File) -> Result<&BackingFile> {
    if is_unopened(file) {
        in_upper(file)?;
    }
    opened(file)
}

/// The file in the upper layer, whether its data are there or not. It may have to be opened, as by
/// [`real`].
fn in_upper(file: &File) -> Result<&BackingFile> {
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

/// The file that holds the data now, if it is open.
fn opened(file: &File) -> Result<&BackingFile> {
    let (inode, opened) = (file.inode(), file.data());
    let node = inode.data();
    let (real, is_lower) = match opened
        .upper
        .as_ref()
        .filter(|_| node.data_upper().is_some())
    {
        Some(open) => (open, false),
        None => (&opened.first, !opened.first_is_upper),
    };
    if is_lower {
        // With `hard_ro` the layer is looked at.
        node.data_lower().ok_or(EIO)?.path(inode.sb().data())?;
    }
    // Access mode and creation flags stay; the other flags follow fcntl(2).
    let mut wanted = file.flags();
    if (wanted ^ real.flags()) & flags::CHANGEABLE != 0 {
        if is_lower && !real.can_odirect() {
            wanted &= !flags::O_DIRECT;
        }
        if (wanted ^ real.flags()) & flags::CHANGEABLE != 0 {
            real.change_flags(wanted)?;
        }
    }
    Ok(real)
}

/// The file in the upper layer; its data are copied up first if they are not there.
fn upper(file: &File) -> Result<&BackingFile> {
    copy_up::up_with_data(file.dentry())?;
    real(file)
}

/// Completes a synchronous change of the data that the file system of the upper layer has synced as
/// `O_DSYNC` demands it there: the name of a copy may not be stable yet.
fn sync_name(file: &File, real: &BackingFile, has_changed: bool) -> Result {
    let inode = file.inode();
    let is_needed = has_changed && real.is_dsync() && inode.sb().data().should_sync();
    if is_needed && !inode.data().is_name_stable() {
        UnionInode::fsync(file, 0, Loff::MAX, false)?;
    }
    Ok(())
}

/// Locks the inode for a change of the data, with set-id bits and capabilities stripped.
///
/// The lock is shared, so that writers do not exclude each other; the file system beneath does that
/// as necessary. While it is held, no bit that would need stripping can be set. `checks` run before
/// the stripping: a refused write strips nothing.
fn lock_for_write<'a>(
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

impl Hooks<UnionFs, UnionFile> for UnionInode {
    fn accessed(file: &File) {
        let inode = file.inode();
        if file.flags() & flags::O_NOATIME != 0 {
            return;
        }
        if let Some(real) = inode.data().upper().and_then(|d| d.inode()) {
            // relatime compares with the times of the last write.
            stack::refresh_times(inode, real);
            file.touch_atime();
        }
    }

    fn end_write(file: &File) {
        settle::refresh(file.inode());
    }
}

/// Ensures that the file to be mapped is open, and with `shared_writable` that it is in the upper
/// layer and stable there.
///
/// Copy-up waits for locks under which other tasks fault pages in, and opening waits for fanotify
/// listeners, which look at the opening process (`/proc/PID`): both are impossible with mmap_lock
/// held. The task therefore does it on its way out of the call, and restarts the call.
///
/// # Errors
///
/// `ERESTARTNOINTR`, which userspace never sees; those of the copy-up and of opening, in the
/// restarted call.
fn ready_for_map(file: &File, shared_writable: bool) -> Result {
    let inode = file.inode();
    let node = inode.data();
    // msync(2) bypasses the union and syncs only the data of the file in the upper layer.
    let is_stable = || node.is_name_stable() || !inode.sb().data().should_sync();
    let is_copied = !shared_writable || (node.data_upper().is_some() && is_stable());
    // execve(2) maps within a call that cannot be restarted. The data cannot have changed since it
    // opened the file, because writing is denied meanwhile.
    let is_open = !is_unopened(file) || file.flags() & flags::FOR_EXEC != 0;
    if is_copied && is_open {
        return Ok(());
    }
    let error = file.data().map_error.xchg(0, Relaxed);
    if error != 0 {
        return Err(Error::from_errno(error));
    }
    file.before_return(move |file| {
        let copied = match shared_writable {
            true => copy_up::up_with_data(file.dentry())
                .and_then(|()| UnionInode::fsync(file, 0, Loff::MAX, false)),
            false => Ok(()),
        };
        if let Err(e) = copied.and_then(|()| real(file).map(drop)) {
            file.data().map_error.store(e.to_errno(), Relaxed);
        }
    })?;
    Err(task_work::restart_syscall())
}

impl RegFileOperations<UnionFs> for UnionInode {
    type Data = UnionFile;

    fn open(inode: &OwnInode, mut file: Opening<'_, UnionFs>) -> Result<Pin<KBox<UnionFile>>> {
        let union = inode.sb().data();
        let node = inode.data();
        file.clear_flags(flags::OPEN_ONLY);
        match node.data_upper() {
            Some(upper) => {
                let real = open_real(union, &file, union.upper_path(upper)?, file.flags())?;
                UnionFile::new(real, true)
            }
            None => {
                if file.flags() & flags::O_ACCMODE != flags::O_RDONLY {
                    // The copy is made later; if it is impossible, the error is returned now.
                    if union.upper()?.mnt.is_readonly() {
                        return Err(EROFS);
                    }
                }
                let read_only = file.flags() & !(flags::O_ACCMODE | flags::O_APPEND);
                let lower = union.with_creds(|| data::locate(union, inode))?;
                let real = match open_real(union, &file, lower, read_only) {
                    // The file system of the upper layer may refuse it; until the copy-up the data
                    // comes through the page cache.
                    Err(e) if e == EINVAL && read_only & flags::O_DIRECT != 0 => {
                        open_real(union, &file, lower, read_only & !flags::O_DIRECT)?
                    }
                    real => real?,
                };
                UnionFile::new(real, false)
            }
        }
    }

    fn llseek(file: &File, offset: Loff, whence: i32) -> Result<Loff> {
        if whence != seek::SEEK_DATA as i32 && whence != seek::SEEK_HOLE as i32 {
            return file.generic_llseek(offset, whence);
        }
        let union = file.inode().sb().data();
        let to = union.with_creds(|| real(file)?.llseek(offset, whence))?;
        file.set_pos(to, file.inode().sb().maxbytes())
    }

    fn read_iter(mut iocb: Kiocb<'_, UnionFs, UnionFile>, iter: &IovIter) -> Result<isize> {
        let file = iocb.file();
        if iter.count() == 0 {
            return Ok(0);
        }
        let real = real(file)?;
        if iocb.flags() & iocb::IOCB_DIRECT as i32 != 0 && !real.can_odirect() {
            iocb.clear_direct();
        }
        let cred = &file.inode().sb().data().cred;
        Ok(real.read_iter::<_, _, Self>(&iocb, iter, cred))
    }

    fn write_iter(request: Kiocb<'_, UnionFs, UnionFile>, iter: &IovIter) -> Result<isize> {
        let file = request.file();
        if iter.count() == 0 {
            return Ok(0);
        }
        let inode = file.inode();
        let union = inode.sb().data();
        let real = upper(file)?;
        let mut flags = request.flags();
        if !union.should_sync() {
            flags &= !((iocb::IOCB_DSYNC | iocb::IOCB_SYNC) as i32);
        } else if (flags & iocb::IOCB_DSYNC as i32 != 0 || real.is_dsync())
            && !inode.data().is_name_stable()
        {
            flags |= (iocb::IOCB_DSYNC | iocb::IOCB_SYNC) as i32;
        }
        let _lock = lock_for_write(file, inode, || request.write_checks(iter))?;
        let written = real.write_iter::<_, _, Self>(&request, iter, flags, &union.cred);
        if written > 0 && flags & iocb::IOCB_SYNC as i32 != 0 {
            inode.data().set_name_stable();
        }
        Ok(written)
    }

    fn fsync(file: &File, start: Loff, end: Loff, datasync: bool) -> Result {
        let inode = file.inode();
        let union = inode.sb().data();
        // A lower file is stable. Of one in the upper layer there are attributes at least.
        if inode.data().upper().is_none() {
            return Ok(());
        }
        if !union.should_sync() {
            return union.upper()?.check_errors();
        }
        let real = in_upper(file)?;
        union.with_creds(|| {
            let node = inode.data();
            // Data that are copied up meanwhile are not synced by this.
            let has_data = node.data.are_in_upper();
            let full = !datasync || !node.is_name_stable();
            real.fsync_range(start, end, !full)?;
            if full && has_data {
                node.set_name_stable();
            }
            Ok(())
        })
    }

    fn prepare_map(file: &File, over_shared_writable: bool) -> Result {
        ready_for_map(file, over_shared_writable)
    }

    fn mmap(file: &File, vma: &Vma) -> Result {
        if vma.is_shared_maywrite() {
            ready_for_map(file, true)?;
        }
        // A concurrent copy-up counts as later than this call.
        opened(file)?.mmap::<_, _, Self>(vma, &file.inode().sb().data().cred)
    }

    fn fallocate(file: &File, mode: i32, offset: Loff, len: Loff) -> Result {
        let inode = file.inode();
        let real = upper(file)?;
        let _lock = inode.lock();
        stripping(file, || real.fallocate(mode, offset, len))
    }

    fn fadvise(file: &File, offset: Loff, len: Loff, advice: i32) -> Result {
        let real = real(file)?;
        let union = file.inode().sb().data();
        union.with_creds(|| real.fadvise(offset, len, advice))
    }

    fn flush(file: &File, id: FlOwner) -> Result {
        // A layer's file that this one has not opened has nothing to flush.
        let data = file.data();
        let union = file.inode().sb().data();
        union.with_creds(|| data.upper.as_ref().unwrap_or(&data.first).flush(id))
    }

    fn splice_read(
        file: &File,
        pos: &mut Loff,
        pipe: &Pipe,
        len: usize,
        flags: u32,
    ) -> Result<usize> {
        let cred = &file.inode().sb().data().cred;
        real(file)?.splice_read::<_, _, Self>(file, pos, pipe, len, flags, cred)
    }

    fn splice_write(
        pipe: &Pipe,
        file: &File,
        pos: &mut Loff,
        len: usize,
        flags: u32,
    ) -> Result<usize> {
        let inode = file.inode();
        let union = inode.sb().data();
        let (real, spliced) = loop {
            // A splice of nothing neither copies up nor strips.
            let Some(seen) = pipe.wait(flags)? else {
                return Ok(0);
            };
            if file.flags() & flags::O_APPEND != 0 {
                // Set by fcntl(2) meanwhile. splice(2) refuses such files.
                return Err(EINVAL);
            }
            let real = upper(file)?;
            let _lock = lock_for_write(file, inode, || file.check_write_limits(*pos, len))?;
            // Another reader may have emptied the pipe: nobody waits for it with the lock held.
            let at_once = flags | SPLICE_F_NONBLOCK;
            match real.splice_write::<_, _, Self>(file, pos, pipe, len, at_once, &union.cred) {
                // If the pipe is as it was, the file is what is not ready.
                Err(e) if e == EAGAIN && flags != at_once && pipe.has_moved(seen) => (),
                spliced => break (real, spliced?),
            }
        };
        // If this fails, what was spliced has left the pipe.
        sync_name(file, real, spliced > 0)?;
        Ok(spliced)
    }

    fn copy_file_range(
        from: &File,
        pos_in: Loff,
        to: &File,
        pos_out: Loff,
        len: usize,
        flags: u32,
    ) -> Result<usize> {
        let real_to = upper(to)?;
        // After the copy-up: both may be the same file.
        let real_from = real(from)?;
        let foreign = !core::ptr::eq(from.inode().sb(), to.inode().sb());
        if foreign {
            let union = from.inode().sb().data();
            union.with_creds(|| real_from.verify_read(pos_in, len))?;
        }
        let lock = to.inode().lock();
        let copied = stripping(to, || {
            file::copy_file_range(real_from, pos_in, real_to, pos_out, len, flags)
        });
        drop(lock);
        match copied {
            // The kernel checks the source again with the credentials of the target's mounter, who
            // may lack access. The caller has access, so the data is read and written instead.
            Err(e) if foreign && e == EACCES => Err(EXDEV),
            copied => {
                let copied = copied?;
                sync_name(to, real_to, copied > 0)?;
                Ok(copied)
            }
        }
    }

    fn remap_file_range(
        from: &File,
        pos_in: Loff,
        to: &File,
        pos_out: Loff,
        len: Loff,
        how: Remap,
        flags: u32,
    ) -> Result<Loff> {
        let inode = to.inode();
        if how == Remap::Dedupe {
            // Deduplication compares two files and changes neither, so neither is copied up.
            let upper = |f: &File| f.inode().data().data_upper().is_some();
            if !upper(from) || !upper(to) {
                return Err(EPERM);
            }
        }
        let real_to = upper(to)?;
        // After the copy-up: both may be the same file.
        let real_from = real(from)?;
        let lock = inode.lock();
        if stack::protection(inode).immutable {
            // The file system checks this flag on its own inode
            // (`generic_remap_file_range_prep()`).
            return Err(EPERM);
        }
        match how {
            Remap::Clone => {
                let cloned = stripping(to, || {
                    file::clone_file_range(real_from, pos_in, real_to, pos_out, len, flags)
                })?;
                drop(lock);
                sync_name(to, real_to, cloned > 0)?;
                Ok(cloned)
            }
            // The data does not change, so nothing is stripped.
            Remap::Dedupe => inode.sb().data().with_creds(|| {
                file::dedupe_file_range(real_from, pos_in, real_to, pos_out, len, flags)
            }),
        }
    }

    fn ioctl(file: &File, cmd: u32, arg: UserArg) -> Result {
        ioctl::ioctl_of_file(file, cmd, arg)
    }
}

/// Changes the data of a file in the upper layer with its inode locked exclusively, as the mounter.
///
/// The file system decides whether a call that is refused or changes nothing strips set-id bits and
/// capabilities, so it acts with the mounter's rights, except the rights to keep them.
fn stripping<R>(file: &File, act: impl FnOnce() -> Result<R>) -> Result<R> {
    let union = file.inode().sb().data();
    let cred = union.cred_for_change(file.drops_set_id())?;
    let result = override_creds(&cred, |_| act());
    settle::refresh(file.inode());
    result
}
