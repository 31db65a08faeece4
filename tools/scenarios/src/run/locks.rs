// SPDX-License-Identifier: GPL-2.0-only
//! Steps with locks and leases.

use super::*;

impl Run<'_> {
    /// flock(2).
    pub fn flock(&mut self, fd: Fd, operation: i32) -> bool {
        let result = sys::flock(fd.raw, operation);
        self.done(format_args!("flock({fd}, {operation})"), result)
    }

    /// A lock of this process (F_SETLK).
    pub fn posix_lock(&mut self, fd: Fd, kind: i32, start: i64, length: i64) -> bool {
        let result = sys::fcntl_lock(fd.raw, libc::F_SETLK, kind, start, length);
        let call = format!("setlk({fd}, {kind}, {start}, {length})");
        self.done(call, result.map(drop))
    }

    /// A lock of this open file (F_OFD_SETLK).
    pub fn ofd_lock(&mut self, fd: Fd, kind: i32, start: i64, length: i64) -> bool {
        let result = sys::fcntl_lock(fd.raw, libc::F_OFD_SETLK, kind, start, length);
        let call = format!("ofd_setlk({fd}, {kind}, {start}, {length})");
        self.done(call, result.map(drop))
    }

    /// A lock that conflicts with one of this process (F_GETLK).
    pub fn get_lock(&mut self, fd: Fd, kind: i32, start: i64, length: i64) {
        let result = sys::fcntl_lock(fd.raw, libc::F_GETLK, kind, start, length);
        self.call(
            format_args!("getlk({fd}, {kind}, {start}, {length})"),
            result,
        );
    }

    /// Sets a lease: F_RDLCK, F_WRLCK or F_UNLCK.
    pub fn set_lease(&mut self, fd: Fd, kind: i32) -> bool {
        // The signal when the lease is broken.
        process::block_signal(libc::SIGIO);
        let result = sys::fcntl(fd.raw, libc::F_SETLEASE, kind).map(drop);
        self.done(format_args!("setlease({fd}, {kind})"), result)
    }

    /// The lease that the file has.
    pub fn get_lease(&mut self, fd: Fd) {
        let result = sys::fcntl(fd.raw, libc::F_GETLEASE, 0);
        self.call(format_args!("getlease({fd})"), result);
    }
}
