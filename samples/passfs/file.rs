// SPDX-License-Identifier: GPL-2.0-only

//! Regular files: data are read and written by the real file.

use super::{
    inode::{real, real_inode, refresh, PassInode},
    OwnInode, PassFs,
};
use crate::vfs::{
    backing_file::{BackingFile, Hooks},
    cred::NewCred,
    file::{self, flags, FlOwner},
    file_ops::{RegFileOperations, Remap},
    fileattr::FiemapInfo,
    inode_ops::RegOperations,
    open_file::{IovIter, Kiocb, OpenFile, Opening, UserFile, Vma},
    splice::Pipe,
    types::Loff,
};
use kernel::{cred::Credential, prelude::*, sync::aref::ARef};

/// What an open file carries.
pub struct PassFile {
    real: BackingFile,
    /// Who opened it: reading and writing may happen later, and for somebody else.
    cred: ARef<Credential>,
}

/// An open regular file.
pub type File = OpenFile<PassFs, PassFile>;

impl PassFile {
    /// Wraps a real file that was just opened.
    pub fn new(real: BackingFile) -> Result<Pin<KBox<Self>>> {
        let cred = NewCred::prepare()?.finish();
        Ok(KBox::pin(Self { real, cred }, GFP_KERNEL)?)
    }
}

/// How to open the real file. Access times are ours to update, see [`Hooks::accessed`].
pub fn real_flags(file: &UserFile<PassFs>) -> u32 {
    (file.flags() & !flags::OPEN_ONLY) | flags::O_LARGEFILE | flags::O_NOATIME
}

/// The real file, with what fcntl(2) has changed meanwhile.
fn real_file(file: &File) -> Result<&BackingFile> {
    let real = &file.data().real;
    if (file.flags() ^ real.flags()) & flags::CHANGEABLE != 0 {
        real.change_flags(file.flags())?;
    }
    Ok(real)
}

/// Changes the data of a file: one at a time, and without the privileges that a change takes away.
fn change<R>(file: &File, act: impl FnOnce(&BackingFile) -> Result<R>) -> Result<R> {
    let real = real_file(file)?;
    let inode = file.inode();
    let _lock = inode.lock();
    file.remove_privs()?;
    let result = act(real);
    refresh(inode);
    result
}

impl Hooks<PassFs, PassFile> for PassInode {
    fn accessed(file: &File) {
        if file.flags() & flags::O_NOATIME == 0 {
            file.touch_atime();
        }
    }

    fn end_write(file: &File) {
        refresh(file.inode());
    }
}

impl RegOperations<PassFs> for PassInode {
    type File = Self;

    fn fiemap(inode: &OwnInode, info: &FiemapInfo, start: u64, len: u64) -> Result {
        info.ask(real_inode(inode)?, start, len)
    }
}

impl RegFileOperations<PassFs> for PassInode {
    type Data = PassFile;

    fn open(inode: &OwnInode, file: Opening<'_, PassFs>) -> Result<Pin<KBox<PassFile>>> {
        PassFile::new(BackingFile::open(&file, real_flags(&file), real(inode)?)?)
    }

    fn llseek(file: &File, offset: Loff, whence: i32) -> Result<Loff> {
        const SEEK_CUR: i32 = 1;
        if whence == SEEK_CUR {
            return file.generic_llseek(offset, whence);
        }
        let to = real_file(file)?.llseek(offset, whence)?;
        file.set_pos(to, Loff::MAX)
    }

    fn read_iter(iocb: Kiocb<'_, PassFs, PassFile>, iter: &IovIter) -> Result<isize> {
        let file = iocb.file();
        Ok(real_file(file)?.read_iter::<_, _, Self>(&iocb, iter, &file.data().cred))
    }

    fn write_iter(iocb: Kiocb<'_, PassFs, PassFile>, iter: &IovIter) -> Result<isize> {
        let file = iocb.file();
        let cred = &file.data().cred;
        change(file, |real| {
            Ok(real.write_iter::<_, _, Self>(&iocb, iter, iocb.flags(), cred))
        })
    }

    fn fsync(file: &File, start: Loff, end: Loff, datasync: bool) -> Result {
        real_file(file)?.fsync_range(start, end, datasync)
    }

    fn prepare_map(_file: &File, _over_shared_writable: bool) -> Result {
        Ok(())
    }

    fn mmap(file: &File, vma: &Vma) -> Result {
        real_file(file)?.mmap::<_, _, Self>(vma, &file.data().cred)
    }

    fn fallocate(file: &File, mode: i32, offset: Loff, len: Loff) -> Result {
        change(file, |real| real.fallocate(mode, offset, len))
    }

    fn fadvise(file: &File, offset: Loff, len: Loff, advice: i32) -> Result {
        real_file(file)?.fadvise(offset, len, advice)
    }

    fn flush(file: &File, id: FlOwner) -> Result {
        real_file(file)?.flush(id)
    }

    fn splice_read(
        file: &File,
        pos: &mut Loff,
        pipe: &Pipe,
        len: usize,
        flags: u32,
    ) -> Result<usize> {
        let cred = &file.data().cred;
        real_file(file)?.splice_read::<_, _, Self>(file, pos, pipe, len, flags, cred)
    }

    fn splice_write(
        pipe: &Pipe,
        file: &File,
        pos: &mut Loff,
        len: usize,
        flags: u32,
    ) -> Result<usize> {
        let cred = &file.data().cred;
        // As overlayfs, this waits for an empty pipe with the inode locked, so chmod(2) of the file
        // waits, too. The union's `splice_write()` waits before it locks.
        change(file, |real| {
            real.splice_write::<_, _, Self>(file, pos, pipe, len, flags, cred)
        })
    }

    fn copy_file_range(
        from: &File,
        pos_in: Loff,
        to: &File,
        pos_out: Loff,
        len: usize,
        flags: u32,
    ) -> Result<usize> {
        let from = real_file(from)?;
        change(to, |to| {
            file::copy_file_range(from, pos_in, to, pos_out, len, flags)
        })
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
        let from = real_file(from)?;
        match how {
            Remap::Clone => change(to, |to| {
                file::clone_file_range(from, pos_in, to, pos_out, len, flags)
            }),
            // Nothing changes: blocks are shared that are equal.
            Remap::Dedupe => {
                file::dedupe_file_range(from, pos_in, real_file(to)?, pos_out, len, flags)
            }
        }
    }
}
