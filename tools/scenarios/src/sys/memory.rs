// SPDX-License-Identifier: GPL-2.0-only
//! Regions of memory that map files, with all calls on parts of them.

use std::os::fd::RawFd;

use super::{Result, check};
use crate::errno::Errno;

/// Bytes of a page of this machine: a power of two.
pub fn page_size() -> usize {
    // SAFETY: there are no pointers.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).expect("the size of a page")
}

/// A mapping that ends with its process, or explicitly. No object of this program lives in it. An access to an unmapped
/// part ends the process with a signal, as scenarios expect.
#[derive(Clone, Copy, Debug)]
pub struct Region {
    address: usize,
    length: usize,
}

impl Region {
    /// mmap(2) of `length` bytes at `offset`, at an address that the kernel chooses.
    pub fn new(fd: RawFd, offset: i64, length: usize, protection: i32, flags: i32) -> Result<Self> {
        Self::at(0, fd, offset, length, protection, flags)
    }

    /// mmap(2) at a suggested address, which MAP_FIXED makes mandatory.
    pub fn at(
        address: usize,
        fd: RawFd,
        offset: i64,
        length: usize,
        protection: i32,
        flags: i32,
    ) -> Result<Self> {
        // SAFETY: a fixed address is one that an earlier region had, so only memory of regions is replaced.
        let found = unsafe { libc::mmap(address as *mut _, length, protection, flags, fd, offset) };
        if found == libc::MAP_FAILED {
            return Err(Errno::last());
        }
        Ok(Self {
            address: found as usize,
            length,
        })
    }

    /// A region that could not be mapped: page 0, where mappings are forbidden.
    pub fn nowhere() -> Self {
        Self {
            address: 0,
            length: 0,
        }
    }

    /// Memory whose pages never come (userfaultfd(2)): who touches it waits until the process is killed. The call that
    /// does so must not lock anything that others need.
    pub fn never(length: usize) -> Result<Self> {
        /// `UFFDIO_API`, `UFFDIO_REGISTER`.
        const API: (libc::Ioctl, [u64; 3]) = (0xc018_aa3f_u32 as libc::Ioctl, [0xaa, 0, 0]);
        const REGISTER: libc::Ioctl = 0xc020_aa00_u32 as libc::Ioctl;
        /// `UFFDIO_REGISTER_MODE_MISSING`.
        const MISSING: u64 = 1;

        let both = libc::PROT_READ | libc::PROT_WRITE;
        let memory = Self::new(-1, 0, length, both, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS)?;
        let fd = raw!(SYS_userfaultfd, libc::O_CLOEXEC)? as RawFd;
        let (command, mut api) = API;
        call!(ioctl(fd, command, api.as_mut_ptr()))?;
        let mut range = [memory.address as u64, length as u64, MISSING, 0];
        call!(ioctl(fd, REGISTER, range.as_mut_ptr()))?;
        Ok(memory)
    }

    /// pwrite(2) of what it holds.
    pub fn write_to(self, fd: RawFd, at: i64) -> Result<i64> {
        call!(pwrite(fd, self.address as *const _, self.length, at))
    }

    /// pread(2) into it.
    pub fn read_from(self, fd: RawFd, at: i64) -> Result<i64> {
        call!(pread(fd, self.address as *mut _, self.length, at))
    }

    /// Where it begins.
    pub fn address(self) -> usize {
        self.address
    }

    /// Its length.
    pub fn length(self) -> usize {
        self.length
    }

    /// The part of it that begins at `at`.
    pub fn part(self, at: usize, length: usize) -> Self {
        Self {
            address: self.address + at,
            length,
        }
    }

    /// The byte at `at`.
    pub fn byte(self, at: usize) -> u8 {
        // SAFETY: see the type; volatile because others may write to the file.
        unsafe { ((self.address + at) as *const u8).read_volatile() }
    }

    /// `length` bytes at `at`, copied out.
    pub fn bytes(self, at: usize, length: usize) -> Vec<u8> {
        (at..at + length).map(|at| self.byte(at)).collect()
    }

    /// Stores `data` at `at`.
    pub fn store(self, at: usize, data: &[u8]) {
        for (index, byte) in data.iter().enumerate() {
            // SAFETY: see the type.
            unsafe { ((self.address + at + index) as *mut u8).write_volatile(*byte) };
        }
    }

    /// mprotect(2).
    pub fn protect(self, protection: i32) -> Result<()> {
        call!(mprotect(self.address as *mut _, self.length, protection)).map(drop)
    }

    /// munmap(2).
    pub fn unmap(self) -> Result<()> {
        call!(munmap(self.address as *mut _, self.length)).map(drop)
    }

    /// msync(2).
    pub fn sync(self, flags: i32) -> Result<()> {
        call!(msync(self.address as *mut _, self.length, flags)).map(drop)
    }

    /// madvise(2).
    pub fn advise(self, advice: i32) -> Result<()> {
        call!(madvise(self.address as *mut _, self.length, advice)).map(drop)
    }

    /// mlock(2).
    pub fn lock(self) -> Result<()> {
        call!(mlock(self.address as *const _, self.length)).map(drop)
    }

    /// mincore(2): which pages are in memory.
    pub fn resident(self) -> Result<Vec<bool>> {
        let mut pages = vec![0u8; self.length.div_ceil(4096)];
        call!(mincore(
            self.address as *mut _,
            self.length,
            pages.as_mut_ptr()
        ))?;
        Ok(pages.iter().map(|page| page & 1 != 0).collect())
    }

    /// mremap(2); `old` is the length it has, or 0 for a second mapping of the same.
    pub fn remap(self, old: usize, length: usize, flags: i32) -> Result<Self> {
        // SAFETY: the kernel chooses a new place, or extends the region where nothing is.
        let found = unsafe { libc::mremap(self.address as *mut _, old, length, flags) };
        if found == libc::MAP_FAILED {
            return Err(Errno::last());
        }
        Ok(Self {
            address: found as usize,
            length,
        })
    }

    /// remap_file_pages(2): shows the file from `offset` on, a whole number of pages.
    pub fn remap_pages(self, offset: usize) -> Result<()> {
        raw!(
            SYS_remap_file_pages,
            self.address,
            self.length,
            0usize,
            offset / page_size(),
            0usize
        )
        .map(drop)
    }

    /// Waits until another process of the mapping calls [`Region::wake`], as long as the number at `at` is `value`;
    /// at most five seconds.
    pub fn wait(self, at: usize, value: u32) -> Result<()> {
        let limit = libc::timespec {
            tv_sec: 5,
            tv_nsec: 0,
        };
        raw!(
            SYS_futex,
            self.address + at,
            libc::FUTEX_WAIT,
            value,
            &raw const limit
        )
        .map(drop)
    }

    /// Wakes one process that waits for the number at `at`; returns how many were woken.
    pub fn wake(self, at: usize) -> Result<i64> {
        raw!(SYS_futex, self.address + at, libc::FUTEX_WAKE, 1)
    }
}

/// process_vm_readv(2).
pub fn process_read(pid: i32, address: usize, length: usize) -> Result<Vec<u8>> {
    let mut buffer = vec![0u8; length];
    let (own, other) = vectors(buffer.as_mut_ptr(), address, length);
    let count = call!(process_vm_readv(
        pid,
        &raw const own,
        1,
        &raw const other,
        1,
        0
    ))?;
    buffer.truncate(count as usize);
    Ok(buffer)
}

/// process_vm_writev(2).
pub fn process_write(pid: i32, address: usize, data: &[u8]) -> Result<i64> {
    let (own, other) = vectors(data.as_ptr().cast_mut(), address, data.len());
    call!(process_vm_writev(
        pid,
        &raw const own,
        1,
        &raw const other,
        1,
        0
    ))
}

fn vectors(own: *mut u8, other: usize, length: usize) -> (libc::iovec, libc::iovec) {
    let vector = |base: *mut u8| libc::iovec {
        iov_base: base.cast(),
        iov_len: length,
    };
    (vector(own), vector(other as *mut u8))
}

/// pread(2) into a buffer for O_DIRECT: whole pages, aligned to a page.
pub fn read_aligned(fd: RawFd, length: usize, offset: i64) -> Result<Vec<u8>> {
    let buffer = pages(length)?;
    let result = call!(pread(fd, buffer.address as *mut _, length, offset));
    let data = result.map(|count| buffer.bytes(0, count as usize));
    buffer.unmap()?;
    data
}

/// pwrite(2) out of such a buffer.
pub fn write_aligned(fd: RawFd, data: &[u8], offset: i64) -> Result<i64> {
    let buffer = pages(data.len())?;
    buffer.store(0, data);
    let result = call!(pwrite(fd, buffer.address as *const _, data.len(), offset));
    buffer.unmap()?;
    result
}

fn pages(length: usize) -> Result<Region> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    Region::new(-1, 0, length, libc::PROT_READ | libc::PROT_WRITE, flags)
}
