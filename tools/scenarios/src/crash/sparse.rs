// SPDX-License-Identifier: GPL-2.0-only
//! A sparse file in a union after a power cut.

use std::ops::Range;
use std::os::fd::RawFd;
use std::path::Path;

use super::judge::Sparse;
use crate::errno::Errno;
use crate::sys;

/// An open file.
pub struct Opened(RawFd);

impl Opened {
    /// Opens it for reading.
    pub fn new(path: &Path) -> Result<Self, String> {
        let opened = sys::open(path, libc::O_RDONLY, 0);
        opened
            .map(Self)
            .map_err(|error| format!("opening {}: {error}", path.display()))
    }
}

impl Sparse for Opened {
    fn length(&self) -> Result<usize, String> {
        Ok(sys::lseek(self.0, 0, libc::SEEK_END)? as usize)
    }

    fn data(&self) -> Result<Vec<Range<usize>>, String> {
        let mut all = Vec::new();
        let mut at = 0;
        loop {
            let start = match sys::lseek(self.0, at, libc::SEEK_DATA) {
                Err(Errno(libc::ENXIO)) => return Ok(all),
                start => start?,
            };
            at = sys::lseek(self.0, start, libc::SEEK_HOLE)?;
            all.push(start as usize..at as usize);
        }
    }

    fn read(&self, range: Range<usize>) -> Result<Vec<u8>, String> {
        let mut bytes = vec![0; range.len()];
        let mut done = 0;
        while done < bytes.len() {
            let at = (range.start + done) as i64;
            match sys::pread_into(self.0, &mut bytes[done..], at)? {
                0 => return Err(format!("the file ends at {at}")),
                count => done += count,
            }
        }
        Ok(bytes)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let _ = sys::close(self.0);
    }
}
