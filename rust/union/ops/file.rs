// SPDX-License-Identifier: GPL-2.0-only

//! Open regular files.
//!
//! An open file starts on the object that holds the data at that moment. When any process copies
//! the data up later, the next access goes to the upper layer: a reader sees what others write.
//! Opening for writing copies nothing; the first changing call does. What is done with a file whose data
//! are in both is in [`ranges`](super::ranges).

use crate::{
    union::{
        change::{copy_up, data_up, on_upper, part, part_up, settle},
        layers::file_data::InUpper,
        lookup::data,
        ops::{
            ioctl, ranges,
            real_file::{
                in_upper, is_unopened, lock_for_write, open_real, opened, real, write_whole, File,
                UnionFile,
            },
        },
        OwnInode, UnionFs, UnionInode,
    },
    vfs::{
        backing_file::{BackingFile, Hooks},
        cred::override_creds,
        errno::EOPNOTSUPP,
        file::{self, flags, iocb, seek, FlOwner},
        file_ops::{RegFileOperations, Remap},
        open_file::{IovIter, Kiocb, Opening, Vma},
        splice::{Pipe, SPLICE_F_NONBLOCK},
        stack, task_work,
        types::Loff,
        user::UserArg,
    },
};
use kernel::{prelude::*, sync::atomic::Relaxed};

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
    // Of a partial file no mapping could show all data.
    let is_whole = node.data.in_upper() != InUpper::Some;
    let is_copied = is_whole && (!shared_writable || (node.data_upper().is_some() && is_stable()));
    // execve(2) maps within a call that cannot be restarted. The data cannot have changed since it
    // opened the file, because writing is denied meanwhile.
    let is_exec = file.flags() & flags::FOR_EXEC != 0;
    let is_open = !is_unopened(file) || is_exec;
    if is_copied && is_open {
        return Ok(());
    }
    if is_exec && !is_whole {
        // A listener for file contents lets others write to what is being executed.
        return Err(ETXTBSY);
    }
    let error = file.data().map_error.xchg(0, Relaxed);
    if error != 0 {
        return Err(Error::from_errno(error));
    }
    file.before_return(move |file| {
        let copied = match shared_writable {
            true => copy_up::up_with_data(file.dentry())
                .and_then(|()| UnionInode::fsync(file, 0, Loff::MAX, false)),
            false if is_whole => Ok(()),
            false => data_up::up(file.inode()).map(drop),
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
        if part::get(inode)?.is_some() && file.flags() & flags::FOR_EXEC != 0 {
            // execve(2) cannot wait for it when it maps the file.
            data_up::up(inode)?;
        }
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
        let to = match part::get(file.inode())? {
            Some(part) => ranges::seek(file, part, offset, whence)?,
            None => union.with_creds(|| real(file)?.llseek(offset, whence))?,
        };
        file.set_pos(to, file.inode().sb().maxbytes())
    }

    fn read_iter(mut iocb: Kiocb<'_, UnionFs, UnionFile>, iter: &IovIter) -> Result<isize> {
        let file = iocb.file();
        if iter.count() == 0 {
            return Ok(0);
        }
        if let Some(part) = part::get(file.inode())? {
            return ranges::read::<Self>(&mut iocb, iter, part);
        }
        let real = real(file)?;
        if iocb.flags() & iocb::IOCB_DIRECT as i32 != 0 && !real.can_odirect() {
            iocb.clear_direct();
        }
        let cred = &file.inode().sb().data().cred;
        Ok(real.read_iter::<_, _, Self>(&iocb, iter, cred))
    }

    fn write_iter(mut request: Kiocb<'_, UnionFs, UnionFile>, iter: &IovIter) -> Result<isize> {
        let file = request.file();
        if iter.count() == 0 {
            return Ok(0);
        }
        let inode = file.inode();
        if let Some(part) = part_up::for_write(file.dentry())? {
            return ranges::write::<Self>(&mut request, iter, part);
        }
        let real = upper(file)?;
        let _lock = lock_for_write(file, inode, || request.write_checks(iter))?;
        Ok(write_whole::<Self>(&request, iter, real))
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
        if let Some(part) = part::get(inode)? {
            return ranges::fsync(inode, part, real, datasync);
        }
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
        let is_partial = file.inode().data().data.in_upper() == InUpper::Some;
        if vma.is_shared_maywrite() || is_partial {
            ready_for_map(file, vma.is_shared_maywrite())?;
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
        let union = file.inode().sb().data();
        if part::get(file.inode())?.is_some() {
            return ranges::fadvise(file, offset, len, advice);
        }
        let real = real(file)?;
        union.with_creds(|| real.fadvise(offset, len, advice))
    }

    fn flush(file: &File, id: FlOwner) -> Result {
        // A layer's file that this one has not opened has nothing to flush.
        let data = file.data();
        let union = file.inode().sb().data();
        union.with_creds(|| data.newest().flush(id))
    }

    fn splice_read(
        file: &File,
        pos: &mut Loff,
        pipe: &Pipe,
        len: usize,
        flags: u32,
    ) -> Result<usize> {
        let cred = &file.inode().sb().data().cred;
        if let Some(part) = part::get(file.inode())? {
            return ranges::each_piece(file, part, *pos, len, |real, _, len| {
                match pipe.is_full() {
                    true => Ok(0),
                    false => real.splice_read::<_, _, Self>(file, pos, pipe, len, flags, cred),
                }
            });
        }
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
        let foreign = !core::ptr::eq(from.inode().sb(), to.inode().sb());
        let copy = |real_from: &BackingFile, at: Loff, len: usize| {
            if foreign {
                let union = from.inode().sb().data();
                union.with_creds(|| real_from.verify_read(at, len))?;
            }
            let to_at = pos_out.saturating_add(at.saturating_sub(pos_in));
            let lock = to.inode().lock();
            let copied = stripping(to, || {
                file::copy_file_range(real_from, at, real_to, to_at, len, flags)
            });
            drop(lock);
            match copied {
                // The kernel checks the source again with the credentials of the target's mounter,
                // who may lack access. The caller has access, so the data is read and written instead.
                Err(e) if foreign && e == EACCES => Err(EXDEV),
                copied => {
                    let copied = copied?;
                    sync_name(to, real_to, copied > 0)?;
                    Ok(copied)
                }
            }
        };
        // After the copy-up: both may be the same file.
        match part::get(from.inode())? {
            Some(part) => ranges::each_piece(from, part, pos_in, len, copy),
            None => copy(real(from)?, pos_in, len),
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
            up_to_share(from.inode())?;
            up_to_share(inode)?;
            let upper = |f: &File| f.inode().data().data_upper().is_some();
            if !upper(from) || !upper(to) {
                return Err(EPERM);
            }
        }
        let real_to = upper(to)?;
        // Blocks of two files cannot be shared at once.
        up_to_share(from.inode())?;
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

/// Brings the rest of a partial file, unless its file system cannot share blocks: programs offer that before each
/// copy, and read the file if the answer is no.
fn up_to_share(inode: &OwnInode) -> Result {
    let is_partial = inode.data().data.in_upper() == InUpper::Some;
    match inode.data().upper().and_then(|upper| upper.inode()) {
        Some(real) if is_partial && !real.has_shared_blocks() => Err(EOPNOTSUPP),
        _ => data_up::up_partial(inode),
    }
}

/// Changes the data of a file in the upper layer with its inode locked exclusively, as the mounter.
///
/// The file system decides whether a call that is refused or changes nothing strips set-id bits and
/// capabilities, so it acts with the mounter's rights, except the rights to keep them.
fn stripping<R>(file: &File, act: impl FnOnce() -> Result<R>) -> Result<R> {
    let union = file.inode().sb().data();
    let stripped = (file.path().idmap(), file.inode());
    let cred = union.cred_for_change(file.drops_set_id().then_some(stripped))?;
    let _lock = on_upper::lock(file.inode())?;
    let result = override_creds(&cred, |_| act());
    settle::refresh(file.inode());
    result
}
