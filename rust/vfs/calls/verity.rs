// SPDX-License-Identifier: GPL-2.0-only

//! Digests of files that are protected by fs-verity.
//!
//! C: `include/linux/fsverity.h`, `fs/verity/measure.c`.

use crate::bindings;
use crate::vfs::{
    file::{flags, BackedFile},
    path::PathRef,
};
use kernel::prelude::*;

/// The longest digest, in bytes (`FS_VERITY_MAX_DIGEST_SIZE`).
pub const MAX_DIGEST: usize = 64;

/// The fs-verity digest of a regular file, with the number of its algorithm (`FS_VERITY_HASH_ALG_*`);
/// `None` if the file is not protected, or the kernel knows no fs-verity (`fsverity_get_digest()`).
///
/// The kernel checks everything that is read of such a file against this digest. A file system reads
/// it from the disk when the file is opened, so a file that nobody has opened yet is opened here, with
/// the credentials in force. Sleeps; no lock may be held that opening the file takes.
///
/// # Errors
///
/// Those of opening the file: `EACCES`, `EIO`, `ENOMEM`; of a digest that the disk holds no sound
/// record or signature of, `EBADMSG`, `EINVAL`, `EKEYREJECTED` and the like.
pub fn digest<'b>(
    path: PathRef<'_>,
    buf: &'b mut [u8; MAX_DIGEST],
) -> Result<Option<(u8, &'b [u8])>> {
    let inode = path.dentry().inode().ok_or(ENOENT)?;
    // SAFETY: The inode is alive, for its dentry is held.
    if unsafe { bindings::fsverity_is_unread(inode.as_ptr()) } {
        // What opening it has read stays with the inode.
        BackedFile::open(path, flags::O_RDONLY)?;
    }
    let mut algorithm = 0;
    // SAFETY: The inode is alive; the buffer is of the size that the function may fill.
    let len =
        unsafe { bindings::fsverity_get_digest(inode.as_ptr(), buf.as_mut_ptr(), &mut algorithm) };
    match usize::try_from(len) {
        Ok(0) => Ok(None),
        Ok(len) => Ok(Some((algorithm, buf.get(..len).ok_or(EIO)?))),
        Err(_) => Err(EIO),
    }
}
