// SPDX-License-Identifier: GPL-2.0-only
//! Open directories, and the union-specific ioctls on them.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use union_logic::ioctl;

/// A directory of a union.
pub struct Directory(File);

impl From<File> for Directory {
    fn from(file: File) -> Self {
        Self(file)
    }
}

impl Directory {
    /// Opens it.
    pub fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_DIRECTORY | libc::O_CLOEXEC)
            .open(path)
            .with_context(|| path.display().to_string())?;
        Ok(Self(file))
    }

    /// Restores a deleted name.
    pub fn restore(&self, name: &[u8]) -> io::Result<()> {
        self.call_with_name(ioctl::RESTORE, name)
    }

    /// Takes the lower file of this name for the one that has the rest of the data.
    pub fn accept(&self, name: &[u8]) -> io::Result<()> {
        self.call_with_name(ioctl::ACCEPT, name)
    }

    fn call_with_name(&self, request: u32, name: &[u8]) -> io::Result<()> {
        let mut buffer = [0u8; ioctl::NAME];
        let Some(place) = buffer
            .get_mut(..name.len())
            .filter(|p| p.len() < ioctl::NAME)
        else {
            return Err(io::Error::from_raw_os_error(libc::ENAMETOOLONG));
        };
        place.copy_from_slice(name);
        call(&self.0, request, buffer.as_mut_ptr().cast())
    }

    /// Says that all files of the union are settled. Returns whether this is its root, where that is said.
    pub fn settled(&self) -> io::Result<bool> {
        match call(&self.0, ioctl::SETTLED, std::ptr::null_mut()) {
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(false),
            result => result.map(|()| true),
        }
    }

    /// The record of its fallthru set.
    pub fn fallthrus(&self) -> io::Result<Vec<u8>> {
        let mut record = vec![0u8; 4096];
        loop {
            let mut argument = [record.as_mut_ptr() as u64, record.len() as u64];
            let result = call(&self.0, ioctl::FALLTHRUS, argument.as_mut_ptr().cast());
            let size = usize::try_from(argument[1]).map_err(io::Error::other)?;
            match result {
                // It may grow between two calls, if a lower layer was changed.
                Err(error) if error.raw_os_error() == Some(libc::ERANGE) => record.resize(size, 0),
                Err(error) => return Err(error),
                Ok(()) => {
                    record.truncate(size);
                    return Ok(record);
                }
            }
        }
    }
}

/// One of the ioctls.
pub fn call(file: &File, request: u32, argument: *mut libc::c_void) -> io::Result<()> {
    // SAFETY: Each caller passes a valid argument that outlives the call.
    match unsafe { libc::ioctl(file.as_raw_fd(), request.into(), argument) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The message for a failed call on a directory.
pub fn explain<T>(result: io::Result<T>, path: &Path) -> Result<T> {
    let error = match result {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let path = path.display();
    match error.raw_os_error() {
        Some(libc::ENOTTY) => {
            bail!("{path}: not on a union, or on one of another version of the module")
        }
        Some(libc::EPERM) => {
            bail!("{path}: not permitted; needs CAP_SYS_ADMIN where the union was mounted")
        }
        _ => bail!("{path}: {error}"),
    }
}
