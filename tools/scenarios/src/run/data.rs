// SPDX-License-Identifier: GPL-2.0-only
//! Steps that open files and move data.

use std::os::fd::RawFd;

use super::*;
use crate::walk::show;

/// Shows the bytes of a read.
struct Shown(String);

impl Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Run<'_> {
    /// open(2); a file made gets mode 0644.
    pub fn open(&mut self, path: &str, flags: i32) -> Fd {
        self.open_mode(path, flags, 0o644)
    }

    /// open(2) with a mode.
    pub fn open_mode(&mut self, path: &str, flags: i32, mode: u32) -> Fd {
        let call = format!("open({path:?}, {}, {mode:04o})", flags_word(flags));
        self.new_fd(call, sys::open(path, flags, mode))
    }

    /// close(2).
    pub fn close(&mut self, fd: Fd) {
        self.done(format_args!("close({fd})"), sys::close(fd.raw));
    }

    fn data(&mut self, call: String, result: sys::Result<Vec<u8>>) -> Vec<u8> {
        self.call(
            call,
            result
                .as_ref()
                .map(|data| Shown(show(data)))
                .map_err(|e| *e),
        );
        result.unwrap_or_default()
    }

    /// read(2).
    pub fn read(&mut self, fd: Fd, length: usize) -> Vec<u8> {
        let result = sys::read(fd.raw, length, None);
        self.data(format!("read({fd}, {length})"), result)
    }

    /// pread(2).
    pub fn pread(&mut self, fd: Fd, length: usize, offset: i64) -> Vec<u8> {
        let result = sys::read(fd.raw, length, Some(offset));
        self.data(format!("pread({fd}, {length}, {offset})"), result)
    }

    /// write(2).
    pub fn write(&mut self, fd: Fd, data: impl AsRef<[u8]>) {
        let data = data.as_ref();
        let result = sys::write(fd.raw, data, None);
        self.call(format_args!("write({fd}, {})", show(data)), result);
    }

    /// pwrite(2).
    pub fn pwrite(&mut self, fd: Fd, data: impl AsRef<[u8]>, offset: i64) {
        let data = data.as_ref();
        let result = sys::write(fd.raw, data, Some(offset));
        let call = format!("pwrite({fd}, {}, {offset})", show(data));
        self.call(call, result);
    }

    /// Opens, reads to the end, closes: one line.
    pub fn cat(&mut self, path: &str) -> Vec<u8> {
        let result = slurp(path);
        self.data(format!("cat({path:?})"), result)
    }

    /// Opens with `flags` (a new file gets mode 0644), writes, closes: one line.
    pub fn put(&mut self, path: &str, flags: i32, data: impl AsRef<[u8]>) -> bool {
        let data = data.as_ref();
        let call = format!("put({path:?}, {}, {})", flags_word(flags), show(data));
        let result = sys::open(path, flags, 0o644).and_then(|fd| {
            let result = sys::write(fd, data, None);
            sys::close(fd).and(result)
        });
        self.call(call, result).is_some()
    }

    /// lseek(2).
    pub fn lseek(&mut self, fd: Fd, offset: i64, whence: i32) -> Option<i64> {
        let word = match whence {
            SEEK_SET => "SEEK_SET",
            SEEK_CUR => "SEEK_CUR",
            SEEK_END => "SEEK_END",
            SEEK_DATA => "SEEK_DATA",
            SEEK_HOLE => "SEEK_HOLE",
            _ => "?",
        };
        let result = sys::lseek(fd.raw, offset, whence);
        self.call(format_args!("lseek({fd}, {offset}, {word})"), result)
    }

    /// truncate(2).
    pub fn truncate(&mut self, path: &str, size: i64) -> bool {
        let result = sys::truncate(path, size);
        self.done(format_args!("truncate({path:?}, {size})"), result)
    }

    /// ftruncate(2).
    pub fn ftruncate(&mut self, fd: Fd, size: i64) -> bool {
        let result = sys::ftruncate(fd.raw, size);
        self.done(format_args!("ftruncate({fd}, {size})"), result)
    }

    /// fallocate(2).
    pub fn fallocate(&mut self, fd: Fd, mode: i32, offset: i64, length: i64) -> bool {
        let result = sys::fallocate(fd.raw, mode, offset, length);
        let call = format!("fallocate({fd}, {mode:#x}, {offset}, {length})");
        self.done(call, result)
    }

    /// copy_file_range(2), or read and write if it returns EXDEV, for which every caller must be prepared.
    pub fn copy_file_range(&mut self, from: Fd, at: i64, to: Fd, to_at: i64, length: usize) {
        // A file system may share whole blocks first, and leave the rest for the next call.
        let mut copied = 0;
        let result = loop {
            let (at, to_at, rest) = (at + copied, to_at + copied, length - copied as usize);
            let result = match sys::copy_file_range(from.raw, at, to.raw, to_at, rest) {
                Err(Errno(libc::EXDEV)) => sys::read(from.raw, rest, Some(at))
                    .and_then(|data| sys::write(to.raw, &data, Some(to_at)))
                    .map(|count| count as i64),
                result => result,
            };
            match result {
                Ok(count) if count > 0 && count < rest as i64 => copied += count,
                Ok(count) => break Ok(copied + count),
                Err(_) if copied > 0 => break Ok(copied),
                Err(error) => break Err(error),
            }
        };
        let call = format!("copy_file_range({from}, {at}, {to}, {to_at}, {length})");
        self.call(call, result);
    }

    /// ioctl FICLONE.
    pub fn ficlone(&mut self, to: Fd, from: Fd) {
        let result = sys::ficlone(to.raw, from.raw);
        self.done(format_args!("FICLONE({to}, {from})"), result);
    }

    /// sendfile(2).
    pub fn sendfile(&mut self, to: Fd, from: Fd, length: usize) {
        let result = sys::sendfile(to.raw, from.raw, length);
        self.call(format_args!("sendfile({to}, {from}, {length})"), result);
    }

    /// splice(2) from a file through a pipe to another file.
    pub fn splice(&mut self, from: Fd, to: Fd, length: usize) {
        let (reader, writer): (RawFd, RawFd) = sys::pipe().expect("a pipe");
        let result = sys::splice(from.raw, writer, length);
        let moved = self.call(format_args!("splice({from}, pipe, {length})"), result);
        if let Some(moved) = moved.filter(|moved| *moved > 0) {
            let result = sys::splice(reader, to.raw, moved as usize);
            self.call(format_args!("splice(pipe, {to}, {moved})"), result);
        }
        let _ = sys::close(reader);
        let _ = sys::close(writer);
    }

    /// fsync(2).
    pub fn fsync(&mut self, fd: Fd) {
        self.done(format_args!("fsync({fd})"), sys::fsync(fd.raw));
    }

    /// fdatasync(2).
    pub fn fdatasync(&mut self, fd: Fd) {
        self.done(format_args!("fdatasync({fd})"), sys::fdatasync(fd.raw));
    }

    /// syncfs(2).
    pub fn syncfs(&mut self, fd: Fd) {
        self.done(format_args!("syncfs({fd})"), sys::syncfs(fd.raw));
    }

    /// posix_fadvise(2).
    pub fn fadvise(&mut self, fd: Fd, advice: i32) {
        let result = sys::fadvise(fd.raw, advice);
        self.done(format_args!("fadvise({fd}, {advice})"), result);
    }

    /// mmap(2) of the first `length` bytes.
    pub fn mmap(&mut self, fd: Fd, length: usize, protection: i32, flags: i32) -> Option<sys::Map> {
        let shared = if flags == MAP_SHARED {
            "MAP_SHARED"
        } else {
            "MAP_PRIVATE"
        };
        let writable = if protection & PROT_WRITE != 0 {
            "rw"
        } else {
            "r"
        };
        let call = format!("mmap({fd}, {length}, {writable}, {shared})");
        match sys::Map::new(fd.raw, length, protection, flags) {
            Ok(map) => {
                self.note(format_args!("{call} = ok"));
                Some(map)
            }
            Err(error) => {
                self.note(format_args!("{call} = {error}"));
                None
            }
        }
    }

    /// Records what a mapping shows.
    pub fn mapped(&mut self, what: &str, map: &Option<sys::Map>) {
        let bytes = map.as_ref().map(sys::Map::bytes).unwrap_or_default();
        self.note(format_args!("{what}: {}", show(&bytes)));
    }
}

/// The whole of a file, without record.
pub fn slurp(path: &str) -> sys::Result<Vec<u8>> {
    let fd = sys::open(path, libc::O_RDONLY, 0)?;
    let mut data = Vec::new();
    let result = loop {
        match sys::read(fd, 65536, None) {
            Ok(more) if more.is_empty() => break Ok(data),
            Ok(more) => data.extend(more),
            Err(error) => break Err(error),
        }
    };
    sys::close(fd).and(result)
}
