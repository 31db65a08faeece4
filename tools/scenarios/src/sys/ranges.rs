// SPDX-License-Identifier: GPL-2.0-only
//! Record locks in full: with whence, and with conflicting locks.

use std::os::fd::RawFd;

use super::{Result, check};

/// struct flock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// F_RDLCK, F_WRLCK or F_UNLCK.
    pub kind: i32,
    /// SEEK_SET, SEEK_CUR or SEEK_END.
    pub whence: i32,
    /// First byte, counted from there.
    pub start: i64,
    /// Bytes; 0 for all there will ever be, less than 0 for those before.
    pub length: i64,
    /// Process that holds it, -1 for an open file.
    pub pid: i32,
}

impl Range {
    /// Bytes counted from the start of the file.
    pub fn new(kind: i32, start: i64, length: i64) -> Self {
        Self {
            kind,
            whence: libc::SEEK_SET,
            start,
            length,
            pid: 0,
        }
    }

    /// The same counted from elsewhere.
    pub fn from(self, whence: i32) -> Self {
        Self { whence, ..self }
    }
}

/// fcntl(2) with any of the commands for record locks; returns the resulting struct.
pub fn record_lock(fd: RawFd, command: i32, range: Range) -> Result<Range> {
    // SAFETY: all zero is a valid flock.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = range.kind as i16;
    lock.l_whence = range.whence as i16;
    lock.l_start = range.start;
    lock.l_len = range.length;
    call!(fcntl(fd, command, &raw mut lock))?;
    Ok(Range {
        kind: i32::from(lock.l_type),
        whence: i32::from(lock.l_whence),
        start: lock.l_start,
        length: lock.l_len,
        pid: lock.l_pid,
    })
}
