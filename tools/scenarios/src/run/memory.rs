// SPDX-License-Identifier: GPL-2.0-only
//! Steps with regions of memory that map files.

use super::*;
use crate::sys::Region;
use crate::walk::show;

pub use libc::{
    MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_LOCKED, MAP_POPULATE, MAP_SHARED_VALIDATE, MAP_SYNC,
    MREMAP_MAYMOVE, MS_ASYNC, MS_INVALIDATE, MS_SYNC, PROT_EXEC, PROT_NONE,
};

/// The usual protection of a mapping that is written.
pub const PROT_RW: i32 = PROT_READ | PROT_WRITE;

/// The longest page of a packaged kernel, so that any multiple of it is one of pages: layouts of scenarios are made on
/// a machine that does not know the size. See [`sys::page_size`].
pub const PAGE: usize = 16 << 10;

impl Run<'_> {
    /// mmap(2) of the first `length` bytes.
    pub fn map(&mut self, fd: Fd, length: usize, protection: i32, flags: i32) -> Region {
        self.map_at(fd, 0, length, protection, flags)
    }

    /// mmap(2) from `offset` on. A failed mapping is a region at 0, which cannot be used.
    pub fn map_at(
        &mut self,
        fd: Fd,
        offset: i64,
        length: usize,
        protection: i32,
        flags: i32,
    ) -> Region {
        let call = format!("mmap({fd}, {offset}, {length}, {protection}, {flags:#x})");
        let result = Region::new(fd.raw, offset, length, protection, flags);
        self.region(call, result)
    }

    /// mmap(2) with MAP_FIXED over `region`.
    pub fn map_over(
        &mut self,
        region: Region,
        fd: Fd,
        offset: i64,
        protection: i32,
        flags: i32,
    ) -> Region {
        let (address, length) = (region.address(), region.length());
        let call = format!("mmap({fd}, {offset}, {length}, {protection}, {flags:#x}|MAP_FIXED)");
        let flags = flags | MAP_FIXED;
        let result = Region::at(address, fd.raw, offset, length, protection, flags);
        self.region(call, result)
    }

    /// Records a call that makes a region.
    pub fn region(&mut self, call: impl Display, result: sys::Result<Region>) -> Region {
        self.done(call, result.map(drop));
        result.unwrap_or_else(|_| Region::nowhere())
    }

    /// Records `length` bytes of a region.
    pub fn look(&mut self, region: Region, at: usize, length: usize) {
        let data = show(&region.bytes(at, length));
        self.note(format_args!("look({at}, {length}) = {data}"));
    }

    /// Stores into a region.
    pub fn store(&mut self, region: Region, at: usize, data: &str) {
        self.note(format_args!("store({at}, {data:?})"));
        region.store(at, data.as_bytes());
    }

    /// Reads one byte in a child: records it, or the signal.
    pub fn peek(&mut self, region: Region, at: usize) {
        let end = process::child(|| {
            let byte = region.byte(at).escape_ascii().to_string();
            self.note(format_args!("peek({at}) = '{byte}'"));
        });
        self.note_end(format_args!("peek({at})"), end);
    }

    /// Stores one byte in a child: records that it succeeded, or the signal.
    pub fn poke(&mut self, region: Region, at: usize, byte: u8) {
        let end = process::child(|| {
            region.store(at, &[byte]);
            self.note(format_args!("poke({at}) = ok"));
        });
        self.note_end(format_args!("poke({at})"), end);
    }

    fn note_end(&mut self, call: impl Display, end: sys::Result<End>) {
        match end {
            Ok(End::Done) => {}
            Ok(End::Signal(signal)) => self.note(format_args!("{call} = signal {signal}")),
            other => self.note(format_args!("{call} = {other:?}")),
        }
    }

    /// pread(2) of whole pages for O_DIRECT.
    pub fn read_aligned(&mut self, fd: Fd, length: usize, offset: i64) {
        let result = sys::read_aligned(fd.raw, length, offset).map(|data| show(&data));
        self.call(
            format_args!("read_aligned({fd}, {length}, {offset})"),
            result,
        );
    }

    /// pwrite(2) of whole pages for O_DIRECT.
    pub fn write_aligned(&mut self, fd: Fd, data: &[u8], offset: i64) {
        let result = sys::write_aligned(fd.raw, data, offset);
        let call = format!("write_aligned({fd}, {}, {offset})", show(data));
        self.call(call, result);
    }
}
