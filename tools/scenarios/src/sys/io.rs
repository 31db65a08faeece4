// SPDX-License-Identifier: GPL-2.0-only
//! Data in all the ways there are: vectors, ranges, pipes, aligned buffers, and memory that is not there.

use std::ops::{Deref, DerefMut};
use std::os::fd::RawFd;

use super::{Result, check, page_size};
use crate::errno::Errno;

/// One element of the vector given to writev(2) and its like.
#[derive(Clone, Copy, Debug)]
pub enum Piece<'a> {
    /// These bytes.
    Data(&'a [u8]),
    /// So many bytes at an address where there is nothing.
    Nowhere(usize),
}

/// One element of the vector given to readv(2) and its like.
#[derive(Clone, Copy, Debug)]
pub enum Space {
    /// Room for so many bytes.
    Bytes(usize),
    /// So many bytes at an address where there is nothing.
    Nowhere(usize),
}

/// An address in the page that is never mapped.
fn nowhere(length: usize) -> libc::iovec {
    libc::iovec {
        iov_base: std::ptr::without_provenance_mut(16),
        iov_len: length,
    }
}

/// pwritev2(2); an offset of -1 is the position of the file.
pub fn pwritev2(fd: RawFd, pieces: &[Piece<'_>], offset: i64, flags: i32) -> Result<usize> {
    let vector: Vec<_> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Data(data) => libc::iovec {
                iov_base: data.as_ptr().cast_mut().cast(),
                iov_len: data.len(),
            },
            Piece::Nowhere(length) => nowhere(*length),
        })
        .collect();
    raw!(
        SYS_pwritev2,
        fd,
        vector.as_ptr(),
        vector.len(),
        offset,
        0usize,
        flags
    )
    .map(|count| count as usize)
}

/// preadv2(2): the bytes read, of all pieces together; an offset of -1 is the position of the file.
pub fn preadv2(fd: RawFd, spaces: &[Space], offset: i64, flags: i32) -> Result<Vec<u8>> {
    let mut buffers: Vec<_> = spaces
        .iter()
        .map(|space| match space {
            Space::Bytes(length) => vec![0u8; *length],
            Space::Nowhere(_) => Vec::new(),
        })
        .collect();
    let vector: Vec<_> = spaces
        .iter()
        .zip(&mut buffers)
        .map(|(space, buffer)| match space {
            Space::Bytes(length) => libc::iovec {
                iov_base: buffer.as_mut_ptr().cast(),
                iov_len: *length,
            },
            Space::Nowhere(length) => nowhere(*length),
        })
        .collect();
    let count = raw!(
        SYS_preadv2,
        fd,
        vector.as_ptr(),
        vector.len(),
        offset,
        0usize,
        flags
    )?;
    let mut data = buffers.concat();
    data.truncate(count as usize);
    Ok(data)
}

/// Memory whose last page is not accessible.
struct Edge {
    base: *mut u8,
    length: usize,
}

impl Edge {
    /// Room for at least `inside` bytes before the page that is not accessible.
    fn new(inside: usize) -> Result<Self> {
        let page = page_size();
        let length = inside.next_multiple_of(page) + page;
        // SAFETY: a new anonymous mapping at an address the kernel chooses overlaps nothing.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(Errno::last());
        }
        let edge = Self {
            base: base.cast(),
            length,
        };
        call!(mprotect(
            edge.base.add(length - page).cast(),
            page,
            libc::PROT_NONE
        ))?;
        Ok(edge)
    }

    /// The accessible bytes, `inside` of them, that end at the edge.
    fn bytes(&mut self, inside: usize) -> &mut [u8] {
        let start = self.length - page_size() - inside;
        // SAFETY: within the accessible part of the mapping, which is borrowed.
        unsafe { std::slice::from_raw_parts_mut(self.base.add(start), inside) }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours and nothing refers to it any more.
        unsafe { libc::munmap(self.base.cast(), self.length) };
    }
}

/// pwrite(2) of `data` and `beyond` bytes more, which cannot be read.
pub fn write_over_edge(fd: RawFd, data: &[u8], beyond: usize, offset: i64) -> Result<usize> {
    let mut edge = Edge::new(data.len())?;
    let bytes = edge.bytes(data.len());
    bytes.copy_from_slice(data);
    call!(pwrite(
        fd,
        bytes.as_ptr().cast(),
        data.len() + beyond,
        offset
    ))
    .map(|count| count as usize)
}

/// pread(2) into room for `inside` bytes and `beyond` more, which cannot be written.
pub fn read_over_edge(fd: RawFd, inside: usize, beyond: usize, offset: i64) -> Result<Vec<u8>> {
    let mut edge = Edge::new(inside)?;
    let bytes = edge.bytes(inside);
    let count = call!(pread(
        fd,
        bytes.as_mut_ptr().cast(),
        inside + beyond,
        offset
    ))?;
    Ok(bytes[..count as usize].to_vec())
}

/// Memory whose first byte has an address that is a multiple of 4096, as O_DIRECT wants it, or `off` bytes behind one.
pub struct Aligned {
    store: Vec<u8>,
    start: usize,
    length: usize,
}

impl Aligned {
    /// Zeros.
    pub fn new(length: usize, off: usize) -> Self {
        let page = page_size();
        let store = vec![0; length + off + page];
        let start = store.as_ptr().align_offset(page) + off;
        Self {
            store,
            start,
            length,
        }
    }

    /// A byte over and over again.
    pub fn filled(length: usize, byte: u8) -> Self {
        let mut aligned = Self::new(length, 0);
        aligned.fill(byte);
        aligned
    }
}

impl Deref for Aligned {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.store[self.start..self.start + self.length]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.store[self.start..self.start + self.length]
    }
}

/// pread(2) into a buffer of the caller's.
pub fn pread_into(fd: RawFd, buffer: &mut [u8], offset: i64) -> Result<usize> {
    call!(pread(fd, buffer.as_mut_ptr().cast(), buffer.len(), offset)).map(|count| count as usize)
}

fn pointer(offset: &mut Option<i64>) -> *mut i64 {
    offset
        .as_mut()
        .map_or(std::ptr::null_mut(), std::ptr::from_mut)
}

/// copy_file_range(2); without an offset the position of the file counts.
pub fn copy_range(
    from: RawFd,
    mut at: Option<i64>,
    to: RawFd,
    mut to_at: Option<i64>,
    length: usize,
    flags: u32,
) -> Result<i64> {
    raw!(
        SYS_copy_file_range,
        from,
        pointer(&mut at),
        to,
        pointer(&mut to_at),
        length,
        flags
    )
}

/// sendfile(2) from an offset: how many bytes, and the offset afterwards.
pub fn sendfile_at(to: RawFd, from: RawFd, mut at: i64, length: usize) -> Result<(i64, i64)> {
    let count = call!(sendfile(to, from, &raw mut at, length))?;
    Ok((count, at))
}

/// splice(2) with offsets; `None` is the position of the file, or a pipe.
pub fn splice_at(
    from: RawFd,
    mut at: Option<i64>,
    to: RawFd,
    mut to_at: Option<i64>,
    length: usize,
    flags: u32,
) -> Result<i64> {
    call!(splice(
        from,
        pointer(&mut at),
        to,
        pointer(&mut to_at),
        length,
        flags
    ))
}

/// tee(2).
pub fn tee(from: RawFd, to: RawFd, length: usize) -> Result<i64> {
    call!(tee(from, to, length, 0))
}

/// vmsplice(2) of one piece of memory, which must not change while it is in the pipe.
pub fn vmsplice(pipe: RawFd, data: &'static [u8]) -> Result<i64> {
    let piece = libc::iovec {
        iov_base: data.as_ptr().cast_mut().cast(),
        iov_len: data.len(),
    };
    call!(vmsplice(pipe, &raw const piece, 1, 0))
}

/// socketpair(2) of UNIX stream sockets.
pub fn socketpair() -> Result<(RawFd, RawFd)> {
    let mut ends = [0; 2];
    call!(socketpair(
        libc::AF_UNIX,
        libc::SOCK_STREAM | libc::SOCK_CLOEXEC,
        0,
        ends.as_mut_ptr()
    ))?;
    Ok((ends[0], ends[1]))
}

/// dup(2).
pub fn dup(fd: RawFd) -> Result<RawFd> {
    call!(dup(fd)).map(|fd| fd as RawFd)
}

/// ioctl FICLONERANGE; a length of 0 goes to the end of the file.
pub fn clone_range(from: RawFd, at: u64, length: u64, to: RawFd, to_at: u64) -> Result<()> {
    const FICLONERANGE: libc::c_ulong = 0x4020_940D;
    // struct file_clone_range: src_fd, src_offset, src_length, dest_offset.
    let range = [from as u64, at, length, to_at];
    call!(ioctl(to, FICLONERANGE, range.as_ptr())).map(drop)
}

/// ioctl FIDEDUPERANGE with one target: its status, or how many bytes are shared.
pub fn dedupe_range(
    from: RawFd,
    at: u64,
    length: u64,
    to: RawFd,
    to_at: u64,
) -> Result<Result<u64>> {
    const FIDEDUPERANGE: libc::c_ulong = 0xC018_9436;
    // struct file_dedupe_range: src_offset, src_length, dest_count and padding; then its one file_dedupe_range_info:
    // dest_fd, dest_offset, bytes_deduped, status and padding.
    let mut range = [at, length, 1, to as u64, to_at, 0, 0];
    call!(ioctl(from, FIDEDUPERANGE, range.as_mut_ptr()))?;
    match range[6] as i32 {
        // Not the same data.
        1 => Ok(Ok(0)),
        0 => Ok(Ok(range[5])),
        error => Ok(Err(Errno(-error))),
    }
}

/// Extents by ioctl FS_IOC_FIEMAP with data written out before: offset, length and flags of at most 16 of them.
pub fn fiemap(fd: RawFd, start: u64, length: u64, flags: u32) -> Result<Vec<(u64, u64, u32)>> {
    const FS_IOC_FIEMAP: libc::c_ulong = 0xC020_660B;
    const EXTENTS: usize = 16;
    // struct fiemap: start, length, flags and mapped, count and reserved; then extents of 7 words each: logical,
    // physical, length, two reserved, flags and the first of three more that are reserved.
    let mut map = [0u64; 4 + 7 * EXTENTS];
    map[0] = start;
    map[1] = length;
    map[2] = u64::from(flags);
    map[3] = EXTENTS as u64;
    call!(ioctl(fd, FS_IOC_FIEMAP, map.as_mut_ptr()))?;
    let found = (map[2] >> 32) as usize;
    let extents = map[4..].chunks(7).take(found);
    Ok(extents.map(|e| (e[0], e[2], e[5] as u32)).collect())
}

/// sync(2).
pub fn sync() {
    // SAFETY: no arguments.
    unsafe { libc::sync() };
}

/// Repeats a call until it no longer fails with `EBUSY`, for ten seconds at most.
pub fn until_idle<T>(mut call: impl FnMut() -> Result<T>) -> Result<T> {
    for _ in 0..500 {
        match call() {
            Err(Errno(libc::EBUSY)) => std::thread::sleep(std::time::Duration::from_millis(20)),
            done => return done,
        }
    }
    call()
}

/// sync_file_range(2); with 7 for `flags` it waits for everything.
pub fn sync_range(fd: RawFd, offset: i64, length: i64, flags: u32) -> Result<()> {
    call!(sync_file_range(fd, offset, length, flags)).map(drop)
}

/// posix_fadvise(2) of a range; glibc returns the error instead of setting it.
pub fn fadvise_range(fd: RawFd, offset: i64, length: i64, advice: i32) -> Result<()> {
    // SAFETY: no pointers.
    match unsafe { libc::posix_fadvise(fd, offset, length, advice) } {
        0 => Ok(()),
        error => Err(Errno(error)),
    }
}

/// setrlimit(2) of the size of files; the signal for going beyond it kills, as it does by default.
pub fn limit_file_size_deadly(bytes: u64) -> Result<()> {
    let limit = libc::rlimit {
        rlim_cur: bytes,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: the default action of a signal installs no handler.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_DFL) };
    call!(setrlimit(libc::RLIMIT_FSIZE, &raw const limit)).map(drop)
}
