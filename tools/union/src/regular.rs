// SPDX-License-Identifier: GPL-2.0-only
//! Open regular files, and the union-specific ioctls on them.

use std::fs::File;
use std::io;

use rustix::fs::OFlags;
use union_logic::ioctl::{self, Place};

use crate::directory::call;
use crate::tree::reopen;

/// A regular file, open for reading.
pub struct Regular(File);

impl From<File> for Regular {
    fn from(file: File) -> Self {
        Self(file)
    }
}

/// Where the data of a file are.
pub struct Data {
    /// The place.
    pub place: Place,
    /// Bytes that are not copied.
    pub bytes: u64,
}

impl Regular {
    /// Asks where its data are.
    pub fn data(&self) -> io::Result<Data> {
        let mut reply = [0u64; ioctl::DATA_REPLY / 8];
        call(&self.0, ioctl::DATA, reply.as_mut_ptr().cast())?;
        let [number, bytes] = reply;
        let place = Place::with_number(number)
            .ok_or_else(|| io::Error::other(format!("the module replies with place {number}")))?;
        Ok(Data { place, bytes })
    }

    /// Its size, in bytes.
    pub fn size(&self) -> io::Result<u64> {
        self.0.metadata().map(|metadata| metadata.len())
    }

    /// Has its data copied to the upper layer. Returns how many bytes.
    pub fn settle(&self) -> io::Result<u64> {
        match settle(&self.0) {
            Err(error) if error.raw_os_error() == Some(libc::EPERM) => {
                // Without the capability it must be open for writing.
                match reopen(&self.0, OFlags::RDWR) {
                    Ok(file) => settle(&file),
                    Err(other) => Err(match other.raw_os_error() {
                        Some(libc::EACCES | libc::EPERM) => error,
                        _ => other,
                    }),
                }
            }
            result => result,
        }
    }
}

fn settle(file: &File) -> io::Result<u64> {
    let mut bytes = 0u64;
    call(file, ioctl::SETTLE, (&raw mut bytes).cast())?;
    Ok(bytes)
}
